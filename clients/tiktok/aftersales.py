"""Cancellations and returns (tiktok-shop-api.md sections 4.10 to 4.12). Times are Unix seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from clients.tiktok import endpoints
from clients.tiktok.answers import Json
from clients.tiktok.calls import Calls, created, given, rows_of
from clients.tiktok.orders import SortField
from clients.tiktok.results import Accepted, Cancelled

REQUESTS_PER_PAGE: Final = 50


class AftersaleCalls(Calls):
    """Cancellations by the seller, requests of buyers, and their returns."""

    def cancel_order(
        self,
        order_id: str,
        reason: str,
        *,
        line_ids: Sequence[str] = (),
        skus: Sequence[tuple[str, int]] = (),
    ) -> Cancelled:
        """Cancel an order, or some of it.

        Args:
            reason: one of the names `cancel_reasons` gives.
            line_ids: only these lines, or
            skus: only so many units of these SKUs.

        Raises:
            Uncertain: it may be cancelled: look before sending it again.
        """
        if line_ids and skus:
            raise ValueError("give either line_ids or skus")
        # The older of the two forms for lines, because both versions of the call take it.
        body = given(
            order_id=order_id,
            cancel_reason=reason,
            order_line_item_ids=list(line_ids),
            skus=[{"sku_id": sku_id, "quantity": quantity} for sku_id, quantity in skus],
        )
        answer = self._call(endpoints.CANCEL_ORDER, body=body)
        return Cancelled(
            created(answer, "cancel_id"), str(answer.data.get("cancel_status") or ""), request_id=answer.request_id
        )

    def cancel_eligibility(self, order_id: str) -> list[Json]:
        """By SKU, which lines the seller may cancel and why not: sku_id, line_item_eligibility[] (section 4.10)."""
        query = {"initiate_aftersale_user": "SELLER", "request_types": ["CANCEL"]}
        answer = self._call(endpoints.AFTERSALE_ELIGIBILITY, ids={"order_id": order_id}, query=query)
        return rows_of(answer, "sku_eligibility")

    def cancel_reasons(self, order_id: str) -> list[str]:
        """The reasons that hold for every line the seller may still cancel; none when there is no such line."""
        offered = [
            [str(name) for name in row.get("available_reason_names") or ()]
            for sku in self.cancel_eligibility(order_id)
            for row in sku.get("line_item_eligibility") or ()
            if row.get("eligible") and row.get("request_type") in (None, "CANCEL")
        ]
        if not offered:
            return []
        common = set(offered[0]).intersection(*offered[1:])
        return [name for name in dict.fromkeys(offered[0]) if name in common]

    def cancellation_pages(
        self,
        *,
        update_time_ge: int | None = None,
        update_time_lt: int | None = None,
        create_time_ge: int | None = None,
        create_time_lt: int | None = None,
        types: Sequence[str] = (),
        statuses: Sequence[str] = (),
        cancel_ids: Sequence[str] = (),
        order_ids: Sequence[str] = (),
        locale: str | None = None,
        sort_field: SortField = "update_time",
        page_size: int = REQUESTS_PER_PAGE,
    ) -> Iterator[list[Json]]:
        """Cancellations of both sides, the oldest first (section 4.11)."""
        body = given(
            cancel_ids=list(cancel_ids),
            order_ids=list(order_ids),
            cancel_types=list(types),
            cancel_status=list(statuses),
            create_time_ge=create_time_ge,
            create_time_lt=create_time_lt,
            update_time_ge=update_time_ge,
            update_time_lt=update_time_lt,
            locale=locale,
        )
        return self._windows(
            endpoints.SEARCH_CANCELLATIONS, "cancellations", page_size, sort_field=sort_field, body=body
        )

    def approve_cancellation(self, cancel_id: str, idempotency_key: str) -> Accepted:
        """Grant a buyer's request.

        Raises:
            Rejected: among others 25020010, granted already; 25011012, no longer to be granted: read back.
        """
        answer = self._call(endpoints.APPROVE_CANCELLATION, ids={"cancel_id": cancel_id}, query=_key(idempotency_key))
        return Accepted.read(answer)

    def reject_cancellation(
        self, cancel_id: str, reason: str, idempotency_key: str, comment: str | None = None
    ) -> Accepted:
        """Refuse a buyer's request, with one of the names `reject_reasons` gives.

        Raises:
            Rejected: among others 25011011, no longer to be refused: read back.
        """
        answer = self._call(
            endpoints.REJECT_CANCELLATION,
            ids={"cancel_id": cancel_id},
            query=_key(idempotency_key),
            body=given(reject_reason=reason, comment=comment),
        )
        return Accepted.read(answer)

    def reject_reasons(self, cancel_or_return_id: str, locale: str | None = None) -> list[Json]:
        """Why a buyer's request may be refused: name, and text in the language of `locale`."""
        query = {"return_or_cancel_id": cancel_or_return_id, "locale": locale}
        return rows_of(self._call(endpoints.REJECT_REASONS, query=query), "reasons")

    def return_pages(
        self,
        *,
        update_time_ge: int | None = None,
        update_time_lt: int | None = None,
        create_time_ge: int | None = None,
        create_time_lt: int | None = None,
        types: Sequence[str] = (),
        statuses: Sequence[str] = (),
        return_ids: Sequence[str] = (),
        order_ids: Sequence[str] = (),
        locale: str | None = None,
        sort_field: SortField = "update_time",
        page_size: int = REQUESTS_PER_PAGE,
    ) -> Iterator[list[Json]]:
        """Returns and refunds, the oldest first (section 4.12)."""
        body = given(
            return_ids=list(return_ids),
            order_ids=list(order_ids),
            return_types=list(types),
            return_status=list(statuses),
            create_time_ge=create_time_ge,
            create_time_lt=create_time_lt,
            update_time_ge=update_time_ge,
            update_time_lt=update_time_lt,
            locale=locale,
        )
        return self._windows(endpoints.SEARCH_RETURNS, "return_orders", page_size, sort_field=sort_field, body=body)


def _key(idempotency_key: str) -> dict[str, object]:
    # Without a key a repetition would be a second answer.
    if not idempotency_key:
        raise ValueError("an idempotency key is needed")
    return {"idempotency_key": idempotency_key}
