"""Orders and their shipping (tiktok-shop-api.md sections 4.1 to 4.9 and 5). Times are Unix seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from clients.tiktok import endpoints
from clients.tiktok.answers import Json
from clients.tiktok.calls import Calls, created, given, rows_of
from clients.tiktok.results import Accepted, BatchAnswer, Shipped

SortField = Literal["create_time", "update_time"]

ORDERS_PER_CALL: Final = 50
PACKAGES_PER_BATCH: Final = 20  # the real number is not known (section 11 number 4)
PACKAGES_PER_PAGE: Final = 50
REFERENCES_PER_BATCH: Final = 100


class OrderCalls(Calls):
    """Orders, packages and tracking."""

    # Orders

    def order_pages(
        self,
        *,
        update_time_ge: int | None = None,
        update_time_lt: int | None = None,
        create_time_ge: int | None = None,
        create_time_lt: int | None = None,
        status: str | None = None,
        buyer_requests_cancel: bool | None = None,
        sort_field: SortField = "update_time",
        page_size: int = 100,
    ) -> Iterator[list[Json]]:
        """Whole orders, page by page, the oldest first (section 4.1). Times are half-open.

        Raises:
            Rejected: with the code `clients.tiktok.calls.STALE_PAGE` on a later page: begin the window again.
        """
        body = given(
            order_status=status,
            create_time_ge=create_time_ge,
            create_time_lt=create_time_lt,
            update_time_ge=update_time_ge,
            update_time_lt=update_time_lt,
            is_buyer_request_cancel=buyer_requests_cancel,
        )
        return self._windows(endpoints.SEARCH_ORDERS, "orders", page_size, sort_field=sort_field, body=body)

    def orders(self, ids: Iterable[str]) -> list[Json]:
        """These orders, 50 a call; ids the platform does not know are missing (section 4.2).

        Raises:
            Rejected: 21008111, one of them is another seller's.
        """
        wanted = list(dict.fromkeys(ids))
        return [
            order
            for start in range(0, len(wanted), ORDERS_PER_CALL)
            for order in rows_of(
                self._call(endpoints.ORDERS, query={"ids": wanted[start : start + ORDERS_PER_CALL]}), "orders"
            )
        ]

    def price_detail(self, order_id: str) -> Json:
        """Amounts of an order and, in `line_items`, of its lines, with tax rates (section 4.8)."""
        return self._call(endpoints.PRICE_DETAIL, ids={"order_id": order_id}).data

    def attach_external_orders(self, orders: Sequence[Json]) -> BatchAnswer:
        """Note up to 100 orders' ids in another system: `{id, external_order{id, platform, line_items[]}}` (4.9)."""
        return self._batch(endpoints.ATTACH_EXTERNAL_ORDERS, "orders", orders, REFERENCES_PER_BATCH)

    def external_orders(self, order_id: str, platform: str) -> Json:
        """What is noted for an order."""
        return self._call(endpoints.EXTERNAL_ORDERS, ids={"order_id": order_id}, query={"platform": platform}).data

    def find_external_order(self, platform: str, external_order_id: str) -> Json:
        """Which order another system's id was noted for."""
        query = {"platform": platform, "external_order_id": external_order_id}
        return self._call(endpoints.FIND_EXTERNAL_ORDER, query=query).data

    # Shipping

    def mark_shipped(
        self, order_id: str, tracking_number: str, provider_id: str, line_ids: Sequence[str] = ()
    ) -> Shipped:
        """Ship all lines that are not, or these, as one new package (section 5.2; US, UK, ES, IE, IT, DE, FR, JP).

        Raises:
            Rejected: among others 21008106, this market ships packages; 21011006, shipped already: read back.
            Uncertain: it may be shipped: read the order back before sending it again.
        """
        body = given(
            order_line_item_ids=list(line_ids), tracking_number=tracking_number, shipping_provider_id=provider_id
        )
        answer = self._call(endpoints.MARK_SHIPPED, ids={"order_id": order_id}, body=body)
        created(answer, "package_id")
        return Shipped.read(answer)

    def ship_package(self, package_id: str, tracking_number: str, provider_id: str) -> Shipped:
        """Ship a package with the seller's own carrier (section 5.3; all other markets).

        Raises:
            Rejected: among others 21011006, shipped already: read back.
            Uncertain: it may be shipped: read the package back before sending it again.
        """
        body = {"self_shipment": {"tracking_number": tracking_number, "shipping_provider_id": provider_id}}
        answer = self._call(endpoints.SHIP_PACKAGE, ids={"package_id": package_id}, body=body)
        return Shipped.read(answer, package_id)

    def ship_packages(self, packages: Sequence[Json]) -> BatchAnswer:
        """Ship up to 20 packages: `{id, self_shipment{tracking_number, shipping_provider_id}}`.

        Raises:
            Uncertain: some may be shipped.
        """
        return self._batch(endpoints.SHIP_PACKAGES, "packages", packages, PACKAGES_PER_BATCH)

    def correct_tracking(
        self, tracking_number: str, provider_id: str, *, order_id: str = "", package_id: str = ""
    ) -> Accepted:
        """Replace number and carrier of an order shipped in one package, or of one package (section 5.4).

        A lost answer is asked for again, which may then be refused because the change was made (21011050 to 21011052):
        read back before believing such a refusal.
        """
        if bool(order_id) == bool(package_id):
            raise ValueError("give either order_id or package_id")
        body = {"tracking_number": tracking_number, "shipping_provider_id": provider_id}
        if order_id:
            answer = self._call(endpoints.CORRECT_ORDER_TRACKING, ids={"order_id": order_id}, body=body)
        else:
            answer = self._call(endpoints.CORRECT_PACKAGE_TRACKING, ids={"package_id": package_id}, body=body)
        return Accepted.read(answer)

    def package(self, package_id: str) -> Json:
        """A package: `package_id`, `package_status`, … (section 5.5)."""
        return self._call(endpoints.PACKAGE, ids={"package_id": package_id}).data

    def package_pages(
        self,
        *,
        update_time_ge: int | None = None,
        update_time_lt: int | None = None,
        create_time_ge: int | None = None,
        create_time_lt: int | None = None,
        status: str | None = None,
        sort_field: SortField = "update_time",
        page_size: int = PACKAGES_PER_PAGE,
    ) -> Iterator[list[Json]]:
        """Packages, the oldest first: `id` and `status` here, unlike in `package` (section 5.5)."""
        body = given(
            package_status=status,
            create_time_ge=create_time_ge,
            create_time_lt=create_time_lt,
            update_time_ge=update_time_ge,
            update_time_lt=update_time_lt,
        )
        return self._windows(endpoints.SEARCH_PACKAGES, "packages", page_size, sort_field=sort_field, body=body)

    def order_tracking(self, order_id: str) -> list[Json]:
        """The carrier's events, newest first: description, update_time_millis, action_code (section 5.7)."""
        return rows_of(self._call(endpoints.ORDER_TRACKING, ids={"order_id": order_id}), "tracking")
