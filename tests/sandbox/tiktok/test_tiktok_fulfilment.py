"""Shipping, packages, documents and tracking (sheet section 5)."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.tiktok.logistics import carriers
from sandbox.tiktok.markets import MARKETS
from sandbox.tiktok.order_entry import BY_TIKTOK, Entry
from sandbox.tiktok.order_model import DAY, HOUR, Item, Order
from sandbox.tiktok.order_people import plain_recipient
from tests.sandbox.tiktok.seller_app import SellerApp, example
from tests.sandbox.tiktok.test_tiktok_examples import assert_shape, shape_faults

NUMBER = "6A12345678901"
MARKING = ["US", "GB", "ES", "IE", "IT", "DE", "FR", "JP"]
PACKAGE_SHIPPING = ["ID", "MY", "PH", "SG", "TH", "VN", "MX", "BR"]


class Shipper:
    """A shop with orders that wait to be shipped."""

    def __init__(self, app: SellerApp) -> None:
        self.app, self.shop = app, app.world.shop
        self.sku_id = str(app.live()["skus"][0]["id"])

    def order(self, units: int = 1, *, ready: bool = True, **changes: Any) -> Order:
        order = self.shop.book.place(Entry([Item(self.sku_id, units)], **changes))
        if ready:
            self.shop.book.advance(order, "AWAITING_SHIPMENT")
        return order

    def carrier(self, name: str = "") -> str:
        rows = carriers(self.shop.market)
        return next(row["id"] for row in rows if name in ("", row["name"]))

    def info(self, number: str = NUMBER, name: str = "") -> dict[str, Any]:
        return {"tracking_number": number, "shipping_provider_id": self.carrier(name)}

    def mark(self, order: Order, *lines: str, **changes: Any) -> dict[str, Any]:
        body = {**self.info(), **({"order_line_item_ids": list(lines)} if lines else {}), **changes}
        return self.app.ask("POST", f"/fulfillment/202309/orders/{order.id}/packages", body)

    def ship(self, order: Order, **body: Any) -> dict[str, Any]:
        package_id = next(iter(order.packages), "0")
        return self.app.ask("POST", f"/fulfillment/202309/packages/{package_id}/ship", body)

    def correct(self, order: Order, number: str = "6A99999999999", **changes: Any) -> int:
        path = f"/fulfillment/202309/orders/{order.id}/shipping_info/update"
        return int(self.app.ask("POST", path, {**self.info(number), **changes})["code"])

    def stock(self) -> tuple[int, int]:
        """Available, committed."""
        product = self.shop.shelf.products[self.shop.shelf.product_of_sku[self.sku_id]]
        offer = product.offers[self.sku_id]
        return sum(offer.stock.values()), sum(offer.committed.values())


@pytest.fixture
def shipper_in(app_in: Callable[..., SellerApp]) -> Callable[[str], Shipper]:
    return lambda region: Shipper(app_in(region))


@pytest.fixture
def french(shipper_in: Callable[[str], Shipper]) -> Shipper:
    return shipper_in("FR")


# Mark as shipped


def test_marking_ships_the_whole_order(french: Shipper) -> None:
    order = french.order(2)
    before = french.stock()
    answer = french.mark(order)
    wanted = example("mark-shipped-response")
    del wanted["data"]["warning"]
    assert shape_faults(wanted, answer) == []
    assert answer["data"]["order_line_item_ids"] == [unit.id for unit in order.units]
    assert order.status == "AWAITING_COLLECTION"
    assert order.times["rts"] == french.app.world.timestamp()
    package = order.packages[answer["data"]["package_id"]]
    assert (package.status, package.tracking_number) == ("PROCESSING", NUMBER)
    assert french.stock() == (before[0], before[1] - 2)
    assert french.mark(order)["code"] == 21011006


def test_marking_some_lines_ships_partially(french: Shipper) -> None:
    order = french.order(3)
    first, second, third = (unit.id for unit in order.units)
    package_id = french.mark(order, first)["data"]["package_id"]
    assert order.status == "PARTIALLY_SHIPPING"
    assert french.mark(order, first, second)["code"] == 21011006
    body = {
        "order_line_list": [{"order_line_id": second}, {"order_line_id": third}],
        "shipping_info_list": [french.info("6A12345678902")],
    }
    answer = french.app.data("POST", f"/fulfillment/202610/orders/{order.id}/packages", body)
    assert answer["order_line_item_ids"] == [second, third]
    assert answer["package_id"] != package_id
    assert order.status == "AWAITING_COLLECTION"
    assert order.unit(first).package_id == package_id
    assert french.correct(order) == 21011048


def test_the_rest_is_what_is_left_without_lines(french: Shipper) -> None:
    order = french.order(2)
    french.mark(order, order.units[0].id)
    assert french.mark(order)["data"]["order_line_item_ids"] == [order.units[1].id]


@pytest.mark.parametrize("region", [*MARKING, *PACKAGE_SHIPPING])
def test_the_market_decides_which_call_ships(shipper_in: Callable[[str], Shipper], region: str) -> None:
    shipper = shipper_in(region)
    order = shipper.order()
    number = "1Z12345E0205271688"
    own = {"self_shipment": shipper.info(number, carriers(MARKETS[region])[1]["name"])}
    if region in MARKING:
        assert shipper.ship(order, **own)["code"] == 21008106
        assert shipper.mark(order, **own["self_shipment"])["code"] == 0
    else:
        assert shipper.mark(order)["code"] == 21008106
        assert_shape("ship-package-response", shipper.ship(order, **own))
    assert order.status == "AWAITING_COLLECTION"


@pytest.mark.parametrize("number", ["123", "6A 12345678901", "6A12345678901#", "9" * 51, "é" * 10])
def test_numbers_that_are_none(french: Shipper, number: str) -> None:
    assert french.mark(french.order(), tracking_number=number)["code"] == 21011022


def test_carriers_of_another_market_are_refused(french: Shipper) -> None:
    order = french.order()
    assert french.mark(order, shipping_provider_id=carriers(MARKETS["DE"])[0]["id"])["code"] == 21011022
    assert french.mark(order, tracking_number="1Z12345E0205271688XX-_./")["code"] == 21011022
    assert order.status == "AWAITING_SHIPMENT"


def test_the_us_only_warns_and_the_parcel_is_never_scanned(shipper_in: Callable[[str], Shipper]) -> None:
    shipper = shipper_in("US")
    order, corrected = shipper.order(), shipper.order()
    for each in (order, corrected):
        answer = shipper.mark(each, **shipper.info("NOT-A-UPS-ONE", "UPS"))
        assert_shape("mark-shipped-response", answer)
    assert shipper.correct(corrected, **shipper.info("1Z12345E0205271688", "UPS")) == 0
    shipper.app.clock.pass_(hours=20)
    shipper.shop.book.settle()
    assert (order.status, corrected.status) == ("AWAITING_COLLECTION", "IN_TRANSIT")
    shipper.app.clock.pass_(days=5)
    shipper.shop.book.settle()
    assert (order.status, order.cancellation_initiator) == ("CANCELLED", "SYSTEM")


def test_a_number_is_shared_by_parcels_to_one_person_only(french: Shipper) -> None:
    other = {**plain_recipient(french.shop.market), "name": "Another Example"}
    first, again, elsewhere = french.order(), french.order(), french.order(recipient=other)
    assert [french.mark(order)["code"] for order in (first, again, elsewhere)] == [0, 0, 21011022]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"paid": False}, "UNPAID", 21011044),
        ({}, "ON_HOLD", 21011044),
        ({"shipping_type": "TIKTOK"}, "AWAITING_SHIPMENT", 21011004),
        ({"fulfillment_type": BY_TIKTOK}, "AWAITING_SHIPMENT", 21008025),
        ({}, "AWAITING_COLLECTION", 21011006),
        ({}, "DELIVERED", 21011006),
        ({}, "CANCELLED", 21011015),
    ],
)
def test_states_that_refuse(french: Shipper, changes: dict[str, Any], status: str, code: int) -> None:
    order = french.order(ready=False, **changes)
    if status != order.status:
        french.shop.book.advance(order, status)
    answer = french.mark(order)
    assert answer["code"] == code
    if code == 21011044:
        assert shape_faults(example("error-order-not-shippable-200"), answer) == []


def test_parameters_of_marking(french: Shipper) -> None:
    order = french.order()
    path = f"/fulfillment/202610/orders/{order.id}/packages"
    assert french.app.ask("POST", path, {})["code"] == 21001001
    two = {"shipping_info_list": [french.info(), french.info("6A00000000002")]}
    assert french.app.ask("POST", path, two)["code"] == 21001001
    assert french.mark(order, "577000000000000000")["code"] == 21001001
    assert french.app.ask("POST", "/fulfillment/202309/orders/577/packages", french.info())["code"] == 21008111
    assert french.app.ask("POST", f"/fulfillment/202309/orders/{order.id}/packages", {})["code"] == 36009004


@pytest.mark.parametrize("version", ["202309", "202610"])
def test_the_example_requests_of_marking(french: Shipper, version: str) -> None:
    order = french.order(2)
    body = example(f"mark-shipped-request-{version}")
    info = body if version == "202309" else body["shipping_info_list"][0]
    info["shipping_provider_id"] = french.carrier()
    ids = [unit.id for unit in order.units]
    if version == "202309":
        body["order_line_item_ids"] = ids
    else:
        body["order_line_list"] = [{"order_line_id": key} for key in ids]
    answer = french.app.data("POST", f"/fulfillment/{version}/orders/{order.id}/packages", body)
    assert answer["order_line_item_ids"] == ids


def test_shipping_under_a_request_for_cancellation(shipper_in: Callable[[str], Shipper]) -> None:
    for region, code, status in (("FR", 21011007, "PENDING"), ("US", 0, "CANCEL")):
        shipper = shipper_in(region)
        order = shipper.order()
        asked = shipper.shop.aftersales.buyer_requests_cancellation(order.id)
        info = shipper.info("1Z12345E0205271688", "UPS") if region == "US" else shipper.info()
        answer = shipper.mark(order, **info)
        assert answer["code"] == code, answer
        assert asked.status == f"CANCELLATION_REQUEST_{status}"


# Ship package


def test_packages_that_tiktok_ships(french: Shipper) -> None:
    order = french.order(shipping_type="TIKTOK")
    package = next(iter(order.packages.values()))
    path = f"/fulfillment/202309/packages/{package.id}"
    slots = french.app.data("GET", f"{path}/handover_time_slots")["pickup_slots"]
    assert [slot["avaliable"] for slot in slots[:2]] == [False, True]
    taken, free = ({key: slot[key] for key in ("start_time", "end_time")} for slot in slots[:2])
    label = {"document_type": "SHIPPING_LABEL"}

    def document(**query: str) -> dict[str, Any]:
        return french.app.ask("GET", f"{path}/shipping_documents", query=list(query.items()))

    assert document(**label)["code"] == 21042104
    assert french.ship(order, self_shipment=french.info())["code"] == 21011004
    assert french.ship(order, handover_method="PICKUP", pickup_slot=taken)["code"] == 21011053
    assert french.ship(order, handover_method="PICKUP", pickup_slot=free)["code"] == 0
    assert order.status == "AWAITING_COLLECTION"
    shown = french.app.data("GET", path)
    assert (shown["handover_method"], shown["pickup_slot"]) == ("PICKUP", free)
    answer = document(**label, document_size="A5", document_format="ZPL")
    assert_shape("shipping-document-response", answer)
    assert answer["data"]["tracking_number"] == package.tracking_number
    checked = french.app.data(
        "GET",
        "/fulfillment/202508/tts_tracking_validation",
        query=[("tracking_number", package.tracking_number)],
    )
    assert checked["is_tiktok_shipping"] is True
    assert french.correct(order) == 21011004
    french.shop.book.collect(order)
    assert document(**label)["code"] == 21042102


def test_a_batch_ships_each_package_for_itself(shipper_in: Callable[[str], Shipper]) -> None:
    shipper = shipper_in("MX")
    first, second = shipper.order(), shipper.order()
    ids = [next(iter(order.packages)) for order in (first, second)]
    shipper.ship(second, self_shipment=shipper.info())
    body = {"packages": [{"id": key, "self_shipment": shipper.info()} for key in [*ids, "115300"]]}
    answer = shipper.app.ask("POST", "/fulfillment/202309/packages/ship", body)
    assert_shape("batch-ship-packages-response", answer)
    assert [(row["code"], row["detail"]["package_id"]) for row in answer["data"]["errors"]] == [
        (21011006, ids[1]),
        (21011001, "115300"),
    ]
    assert first.status == "AWAITING_COLLECTION"
    third = shipper.order()
    shipper.app.faults.set("item_errors=1x1@POST /fulfillment/*")
    body = {"packages": [{"id": next(iter(third.packages)), "self_shipment": shipper.info()}]}
    assert len(shipper.app.data("POST", "/fulfillment/202309/packages/ship", body)["errors"]) == 1
    assert shipper.app.data("POST", "/fulfillment/202309/packages/ship", body) == {}


def test_shipping_a_package_needs_a_number(shipper_in: Callable[[str], Shipper]) -> None:
    shipper = shipper_in("BR")
    order = shipper.order()
    assert shipper.ship(order)["code"] == 21001001
    assert shipper.ship(order, self_shipment={"tracking_number": NUMBER})["code"] == 21001001


# Corrections


def test_corrections_within_72_hours(french: Shipper) -> None:
    order = french.order()
    assert french.correct(order) == 21011043
    french.mark(order)
    package = next(iter(order.packages.values()))
    assert french.correct(order, shipping_provider_id="0") == 21011022
    assert french.correct(order, **(example("update-shipping-info-request-202309") | french.info("6A99999999999"))) == 0
    assert package.tracking_number == "6A99999999999"
    path = f"/fulfillment/{{}}/packages/{package.id}/shipping_info/update"
    assert french.app.ask("POST", path.format("202309"), french.info("6A99999999998"))["code"] == 0
    newer = {"shipping_info_list": [french.info("6A99999999997")]}
    assert french.app.ask("POST", path.format("202610"), newer)["code"] == 0
    assert french.correct(order) == 21011050
    late = french.order()
    french.shop.book.pace.collect = french.shop.book.pace.transit = None
    french.mark(late)
    french.app.clock.pass_(hours=73)
    assert french.correct(late) == 21011051


def test_corrections_end_with_delivery_and_are_one_in_some_markets(shipper_in: Callable[[str], Shipper]) -> None:
    shipper = shipper_in("MY")
    order = shipper.order()
    shipper.ship(order, self_shipment=shipper.info())
    assert [shipper.correct(order), shipper.correct(order, "6A99999999990")] == [0, 21011052]
    shipper.shop.book.advance(order, "DELIVERED")
    assert shipper.correct(order) == 21011030


# Packages


def test_package_detail_and_search(french: Shipper) -> None:
    order = french.order(2, message="Merci")
    french.app.clock.pass_(seconds=10)
    package_id = next(iter(order.packages))
    shown = french.app.ask("GET", f"/fulfillment/202309/packages/{package_id}")
    assert_shape("package-detail-response", shown)
    assert shown["data"]["weight"] == {"value": "1.2", "unit": "KILOGRAM"}
    assert shown["data"]["recipient_address"]["name"] == order.recipient["name"]
    assert shown["data"]["sender_address"]["region_code"] == "FR"
    path, query = "/fulfillment/202309/packages/search", [("page_size", "50")]
    assert_shape("package-search-response", french.app.ask("POST", path, {"package_status": "TO_FULFILL"}, query=query))
    now = french.app.world.timestamp()
    windows = {(0, now): 1, (now, now + 1): 0}
    for (start, end), number in windows.items():
        body = {"update_time_ge": start, "update_time_lt": end}
        assert french.app.data("POST", path, body, query=query)["total_count"] == number
    assert french.app.ask("GET", "/fulfillment/202309/packages/1153")["code"] == 21011001
    assert french.app.ask("POST", path, {}, query=[("page_size", "51")])["code"] == 36009004


def test_packages_page_by_page(french: Shipper) -> None:
    ids = {next(iter(french.order().packages)) for _ in range(5)}
    seen: list[str] = []
    token = ""
    while True:
        query = [("page_size", "2"), ("page_token", token), ("sort_field", "order_pay_time"), ("sort_order", "ASC")]
        page = french.app.data("POST", "/fulfillment/202309/packages/search", {}, query=query)
        seen += [row["id"] for row in page["packages"]]
        token = page["next_page_token"]
        if not token:
            break
    assert len(seen) == 5
    assert set(seen) == ids


def test_splitting_by_units(french: Shipper) -> None:
    order = french.order(2)
    query = [("order_ids", order.id)]
    assert_shape(
        "split-attributes-response", french.app.ask("GET", "/fulfillment/202309/orders/split_attributes", query=query)
    )
    body = example("split-order-request")
    path = f"/fulfillment/202309/orders/{order.id}/split"
    assert french.app.ask("POST", path, body)["code"] == 11006013
    for group, unit in zip(body["splittable_groups"], order.units, strict=True):
        group["order_line_item_ids"] = [unit.id]
    answer = french.app.ask("POST", path, body)
    assert_shape("split-order-response", answer)
    assert [row["id"] for row in answer["data"]["packages"]] == list(order.packages)
    assert french.mark(order, order.units[0].id)["data"]["package_id"] == answer["data"]["packages"][0]["id"]
    assert french.app.ask("POST", path, body)["code"] == 21011035
    assert (
        french.app.data("GET", "/fulfillment/202309/combinable_packages/search", query=[("page_size", "10")])[
            "combinable_packages"
        ]
        == []
    )


def test_splitting_by_sku_only(shipper_in: Callable[[str], Shipper]) -> None:
    shipper = shipper_in("TH")
    order = shipper.order(2)
    row = shipper.app.data("GET", "/fulfillment/202309/orders/split_attributes", query=[("order_ids", order.id)])
    assert row["split_attributes"][0]["can_split"] is False
    body = {"splittable_groups": [{"id": "1", "order_line_item_ids": [unit.id for unit in order.units]}]}
    assert shipper.app.ask("POST", f"/fulfillment/202309/orders/{order.id}/split", body)["code"] == 21003002


def test_papers_of_packages_the_seller_ships(french: Shipper) -> None:
    path = f"/fulfillment/202309/packages/{next(iter(french.order().packages))}/shipping_documents"
    assert_shape("shipping-document-response", french.app.ask("GET", path, query=[("document_type", "PACKING_SLIP")]))
    assert french.app.ask("GET", path, query=[("document_type", "SHIPPING_LABEL")])["code"] == 21008106
    assert french.app.ask("GET", path, query=[("document_type", "POSTER")])["code"] == 36009004
    assert french.app.ask("GET", path)["code"] == 36009004


def test_tracking_is_newest_first_in_milliseconds(french: Shipper) -> None:
    order = french.order()
    path = f"/fulfillment/202309/orders/{order.id}/tracking"
    assert french.app.data("GET", path)["tracking"] == []
    french.mark(order)
    shipped = french.app.world.timestamp()
    french.app.clock.pass_(seconds=7 * HOUR)
    answer = french.app.ask("GET", path)
    assert_shape("order-tracking-response", answer)
    assert [row["action_code"] for row in answer["data"]["tracking"]] == [31301, 10101]
    assert answer["data"]["tracking"][1]["update_time_millis"] == shipped * 1000
    assert answer["data"]["tracking"][0].keys() == {"description", "update_time_millis", "action_code"}
    french.app.clock.pass_(seconds=3 * DAY)
    codes = [row["action_code"] for row in french.app.data("GET", path)["tracking"]]
    assert codes == [50101, 41001, 31301, 10101]
    rows = french.app.data("GET", f"/logistics/202604/orders/{order.id}/tracking")["logistics_details"]
    assert (rows[0]["newest_tracking_no"], rows[0]["track_list"][0]["action_code"]) == (NUMBER, 50101)
