"""Cancellations by the seller and asked for by buyers (sheet 4.10, 4.11)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sandbox.tiktok.aftersale_reasons import NO_LONGER_NEEDED
from sandbox.tiktok.order_entry import BY_TIKTOK, Entry
from sandbox.tiktok.order_model import Charges, Item, Order
from tests.sandbox.tiktok.seller_app import SellerApp, example
from tests.sandbox.tiktok.test_tiktok_examples import assert_shape

PATH = "/return_refund/202602/cancellations"
OUT_OF_STOCK, WRONG_PRICE = "seller_cancel_reason_out_of_stock", "seller_cancel_reason_wrong_price"
PENDING, SUCCESS = "CANCELLATION_REQUEST_PENDING", "CANCELLATION_REQUEST_SUCCESS"
CANCEL, COMPLETE = "CANCELLATION_REQUEST_CANCEL", "CANCELLATION_REQUEST_COMPLETE"


class Canceller:
    def __init__(self, app: SellerApp) -> None:
        self.app, self.shop = app, app.world.shop
        self.desk, self.book = self.shop.aftersales, self.shop.book
        self.sku_id = str(app.live()["skus"][0]["id"])

    def order(self, status: str = "AWAITING_SHIPMENT", units: int = 1, **changes: Any) -> Order:
        changes = {"paid": status != "UNPAID", **changes}
        order = self.book.place(Entry([Item(self.sku_id, units)], **changes))
        if order.status != status:
            self.book.advance(order, status)
        return order

    def cancel(self, order: Order, reason: str = WRONG_PRICE, **body: Any) -> dict[str, Any]:
        return self.app.ask("POST", PATH, {"order_id": order.id, "cancel_reason": reason, **body})

    def answer(self, cancel_id: str, action: str, key: str = "k", **body: Any) -> int:
        path = f"/return_refund/202309/cancellations/{cancel_id}/{action}"
        return int(self.app.ask("POST", path, body, query=[("idempotency_key", key)])["code"])

    def search(self, body: dict[str, Any] | None = None, **query: str) -> dict[str, Any]:
        found: dict[str, Any] = self.app.data("POST", f"{PATH}/search", body or {}, query=list(query.items()))
        return found

    def row(self, cancel_id: str) -> dict[str, Any]:
        rows: list[dict[str, Any]] = self.search({"cancel_ids": [cancel_id]})["cancellations"]
        return rows[0]

    def reasons(self, order: Order, user: str = "SELLER", kind: str = "CANCEL") -> list[str]:
        path = f"/return_refund/202602/orders/{order.id}/aftersale_eligibility"
        query = [("initiate_aftersale_user", user), ("request_types", kind)]
        rows = self.app.data("GET", path, query=query)["sku_eligibility"][0]["line_item_eligibility"]
        return list(rows[0]["available_reason_names"])

    def stock(self) -> tuple[int, int]:
        """Available, committed."""
        offer = self.shop.shelf.products[self.shop.shelf.product_of_sku[self.sku_id]].offers[self.sku_id]
        return sum(offer.stock.values()), sum(offer.committed.values())


@pytest.fixture
def canceller_in(app_in: Callable[..., SellerApp]) -> Callable[[str], Canceller]:
    return lambda region: Canceller(app_in(region))


@pytest.fixture
def french(canceller_in: Callable[[str], Canceller]) -> Canceller:
    return canceller_in("FR")


@pytest.fixture
def british(canceller_in: Callable[[str], Canceller]) -> Canceller:
    return canceller_in("GB")


# By the seller


def test_a_cancelled_order_gives_its_stock_back_once_and_its_money_later(french: Canceller) -> None:
    before = french.stock()
    order = french.order(units=2, charges=Charges(Decimal("4.99")))
    answer = french.cancel(order)
    assert_shape("cancellation-create-response", answer)
    assert answer["data"]["cancel_status"] == SUCCESS
    assert (order.status, order.cancellation_initiator, french.stock()) == ("CANCELLED", "SELLER", before)
    assert french.cancel(order)["code"] == 25001051
    row = french.row(answer["data"]["cancel_id"])
    assert (row["cancel_type"], row["role"], row["should_replenish_stock"]) == ("CANCEL", "SELLER", True)
    assert row["refund_amount"]["refund_total"] == "54.79"
    assert row["refund_amount"]["refund_shipping_fee"] == "4.99"
    french.app.clock.pass_(days=1)
    later = french.row(row["cancel_id"])
    assert (later["cancel_status"], later["update_time"] > row["update_time"]) == (COMPLETE, True)
    assert french.stock() == before


def test_what_is_out_of_stock_does_not_go_on_sale_again(french: Canceller) -> None:
    available, committed = french.stock()
    row = french.row(french.cancel(french.order(), OUT_OF_STOCK)["data"]["cancel_id"])
    assert row["should_replenish_stock"] is False
    assert french.stock() == (available - 1, committed)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("UNPAID", 0),
        ("ON_HOLD", 0),
        ("AWAITING_SHIPMENT", 0),
        ("AWAITING_COLLECTION", 25001045),
        ("DELIVERED", 25001045),
        ("COMPLETED", 25001051),
        ("CANCELLED", 25001051),
    ],
)
def test_the_status_decides(french: Canceller, status: str, code: int) -> None:
    order = french.order(status)
    reason = "seller_cancel_unpaid_reason_wrong_price" if status == "UNPAID" else WRONG_PRICE
    offered = french.reasons(order)
    assert (reason in offered) is not code
    assert french.cancel(order, reason)["code"] == code


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("no_such_reason", 25001014),
        (NO_LONGER_NEEDED, 25001015),
        ("seller_cancel_reason_unable_to_ship", 25001020),
        ("seller_cancel_unpaid_reason_wrong_price", 25001021),
        (f"{WRONG_PRICE}_uk", 25001021),
    ],
)
def test_reasons_that_are_refused(french: Canceller, reason: str, code: int) -> None:
    order = french.order()
    assert french.cancel(order, reason)["code"] == code
    assert order.status == "AWAITING_SHIPMENT"


def test_reasons_differ_by_market(canceller_in: Callable[[str], Canceller]) -> None:
    buyer_asked, address = (
        "seller_cancel_paid_reason_buyer_requested_cancellation",
        "seller_cancel_paid_reason_address_not_deliver",
    )
    names = {region: canceller_in(region) for region in ("FR", "GB", "MX", "ID")}
    reasons = {region: shop.reasons(shop.order()) for region, shop in names.items()}
    assert reasons == {
        "FR": [OUT_OF_STOCK, WRONG_PRICE, address, buyer_asked],
        "GB": [f"{OUT_OF_STOCK}_uk", f"{WRONG_PRICE}_uk", f"{address}_uk"],
        "MX": [OUT_OF_STOCK, address, buyer_asked],
        "ID": [OUT_OF_STOCK, WRONG_PRICE, address],
    }
    british = names["GB"]
    assert british.cancel(british.order(), WRONG_PRICE)["code"] == 25001021
    assert british.cancel(british.order(), f"{WRONG_PRICE}_uk")["code"] == 0


def test_eligibility_looks_like_the_example(french: Canceller) -> None:
    order = french.order(units=2)
    path = f"/return_refund/202602/orders/{order.id}/aftersale_eligibility"
    query = [("initiate_aftersale_user", "SELLER"), ("request_types", "CANCEL"), ("request_types", "REFUND")]
    answer = french.app.ask("GET", path, query=query)
    assert_shape("aftersale-eligibility-response", answer)
    cancel, refund = answer["data"]["sku_eligibility"][0]["line_item_eligibility"]
    assert (cancel["eligible"], refund["eligible"], refund["ineligible_code"]) == (True, False, 25003001)
    assert french.reasons(order, "BUYER")[0] == NO_LONGER_NEEDED
    assert french.app.ask("GET", path, query=[("request_types", "WISH")])["code"] == 36009004


def test_single_lines_in_the_uk(british: Canceller) -> None:
    before = british.stock()
    order = british.order(units=3, charges=Charges(Decimal("2.99")))
    first, second, third = (unit.id for unit in order.units)
    package_id = order.units[0].package_id
    reason = f"{OUT_OF_STOCK}_uk"
    both = {"order_line_item_ids": [first], "order_line_list": [{"order_line_item_id": second}]}
    assert british.cancel(order, reason, **both)["code"] == 25001001
    assert british.cancel(order, reason, order_line_item_ids=["577"])["code"] == 25005010
    assert british.cancel(order, f"{WRONG_PRICE}_uk", order_line_item_ids=[first])["code"] == 25005011
    body = example("cancellation-create-request-202602-lines")
    body["order_line_list"][0]["order_line_item_id"] = first
    done = british.cancel(order, reason, order_line_list=body["order_line_list"])
    assert done["data"]["cancel_status"] == SUCCESS
    assert british.cancel(order, reason, order_line_item_ids=[first])["code"] == 25005011
    assert [unit.status for unit in order.units] == ["CANCELLED", "AWAITING_SHIPMENT", "AWAITING_SHIPMENT"]
    assert (order.status, order.unit(second).package_id) == ("AWAITING_SHIPMENT", package_id)
    assert order.packages[package_id].unit_ids == [second, third]
    row = british.row(done["data"]["cancel_id"])
    assert row["refund_amount"]["refund_shipping_fee"] == "0"
    assert [line["order_line_item_id"] for line in row["cancel_line_items"]] == [first]

    by_sku = british.cancel(order, reason, skus=[{"sku_id": british.sku_id, "quantity": 2}])
    assert order.status == "CANCELLED"
    row = british.row(by_sku["data"]["cancel_id"])
    assert {line["order_line_item_id"] for line in row["cancel_line_items"]} == {second, third}
    assert row["refund_amount"]["refund_shipping_fee"] == "2.99"
    assert british.stock() == (before[0] - 3, before[1])


def test_a_part_is_cancelled_in_the_us_and_the_uk_only(french: Canceller) -> None:
    order = french.order(units=2)
    body = {**example("cancellation-create-request"), "order_id": order.id}
    body["skus"] = [{"sku_id": french.sku_id, "quantity": 1}]
    for version in ("202309", "202602"):
        assert french.app.ask("POST", f"/return_refund/{version}/cancellations", body)["code"] == 25005011
    assert french.cancel(order, OUT_OF_STOCK, skus=[{"sku_id": french.sku_id, "quantity": 3}])["code"] == 25005011
    assert french.cancel(order, OUT_OF_STOCK, skus=[{"sku_id": "1729", "quantity": 1}])["code"] == 25005010
    assert french.cancel(order, OUT_OF_STOCK, skus=[{"sku_id": french.sku_id, "quantity": 2}])["code"] == 0
    newer = {"order_id": order.id, "cancel_reason": OUT_OF_STOCK, "order_line_list": []}
    assert french.app.ask("POST", "/return_refund/202309/cancellations", newer)["code"] == 36009004


def test_what_is_left_of_a_partly_shipped_order(canceller_in: Callable[[str], Canceller]) -> None:
    american = canceller_in("US")
    order = american.order(units=2)
    american.book.ship(order, [order.units[0].id])
    assert american.cancel(order, OUT_OF_STOCK)["code"] == 25001045
    assert american.cancel(order, OUT_OF_STOCK, order_line_item_ids=[order.units[1].id])["code"] == 0
    assert order.status == "AWAITING_COLLECTION"


def test_other_refusals(french: Canceller) -> None:
    assert french.cancel(french.order("ON_HOLD", fulfillment_type=BY_TIKTOK))["code"] == 25020005
    order = french.order()
    french.app.faults.set("lock_conflict=1x1, risk_control=1x1")
    assert [french.cancel(order)["code"] for _ in range(3)] == [25001028, 25001046, 0]
    asked = french.order()
    french.desk.buyer_requests_cancellation(asked.id)
    assert french.cancel(asked)["code"] == 25001011


# Asked for by the buyer


def test_before_it_can_be_shipped_the_buyer_just_cancels(french: Canceller) -> None:
    before = french.stock()
    order = french.order("ON_HOLD")
    done = french.desk.buyer_requests_cancellation(order.id)
    assert (done.status, order.status, order.cancellation_initiator) == (SUCCESS, "CANCELLED", "BUYER")
    assert french.stock() == before
    unpaid = french.desk.buyer_requests_cancellation(french.order("UNPAID").id)
    assert french.row(unpaid.id)["refund_amount"]["refund_total"] == "0"


def test_a_request_looks_like_the_example(french: Canceller) -> None:
    order = french.order(units=2)
    french.desk.buyer_requests_cancellation(order.id, [order.units[1].id])
    body = {**example("cancellation-search-request"), "update_time_lt": french.app.world.timestamp() + 1}
    answer = french.app.ask("POST", f"{PATH}/search", body)
    assert_shape("cancellation-search-response", answer)
    row = answer["data"]["cancellations"][0]
    assert row["cancel_reason_text"] == "Je n'en ai plus besoin"
    assert row["seller_next_action_response"][0]["deadline"] == row["create_time"] + 48 * 3600
    path, query = "/return_refund/202309/reject_reasons", [("return_or_cancel_id", row["cancel_id"])]
    assert_shape("reject-reasons-response", french.app.ask("GET", path, query=[*query, ("locale", "fr-FR")]))


def test_approving(french: Canceller) -> None:
    before = french.stock()
    order = french.order(units=2)
    asked = french.desk.buyer_requests_cancellation(order.id, [order.units[0].id])
    assert (asked.status, french.book.wants_cancel(order)) == (PENDING, True)
    assert french.stock() == (before[0] - 2, before[1] + 2)
    assert [french.answer(asked.id, "approve", key) for key in ("a", "a", "b")] == [0, 0, 25020010]
    assert french.answer(asked.id, "reject", reject_reason="any") == 25011011
    assert (asked.status, order.status) == (SUCCESS, "AWAITING_SHIPMENT")
    assert [unit.status for unit in order.units] == ["CANCELLED", "AWAITING_SHIPMENT"]
    french.app.clock.pass_(days=1)
    assert french.row(asked.id)["cancel_status"] == COMPLETE
    assert french.stock() == (before[0] - 1, before[1] + 1)


def test_rejecting(french: Canceller) -> None:
    order = french.order()
    asked = french.desk.buyer_requests_cancellation(order.id)
    body = example("cancellation-reject-request")
    assert french.answer(asked.id, "reject", "x", reject_reason="no_such_reason") == 25001014
    assert [french.answer(asked.id, "reject", key, **body) for key in ("a", "a", "b")] == [0, 0, 25011011]
    assert french.answer(asked.id, "approve") == 25011012
    assert (asked.status, order.status, french.book.wants_cancel(order)) == (CANCEL, "AWAITING_SHIPMENT", False)
    french.app.clock.pass_(hours=47)
    assert french.row(asked.id)["cancel_status"] == CANCEL
    assert french.answer("4035", "approve") == 25007006


def test_the_us_has_its_own_reason_to_reject(canceller_in: Callable[[str], Canceller]) -> None:
    american = canceller_in("US")
    asked = american.desk.buyer_requests_cancellation(american.order().id)
    assert american.answer(asked.id, "reject", reject_reason="seller_reject_apply_product_has_been_packed") == 25001014
    reason = "ecom_reverse_reject_cancel_reason_product_packed"
    assert american.answer(asked.id, "reject", reject_reason=reason) == 0


@pytest.mark.parametrize(("region", "hours"), [("FR", 48), ("MY", 24)])
def test_no_answer_grants(canceller_in: Callable[[str], Canceller], region: str, hours: int) -> None:
    shop = canceller_in(region)
    before = shop.stock()
    order = shop.order()
    asked = shop.desk.buyer_requests_cancellation(order.id)
    granted_at = shop.book.now() + hours * 3600
    shop.app.clock.pass_(hours=hours, seconds=-1)
    assert shop.row(asked.id)["cancel_status"] == PENDING
    # Long after, everything is dated as it happened.
    shop.app.clock.pass_(days=3)
    row = shop.row(asked.id)
    assert (row["cancel_status"], order.times["cancel"], order.cancellation_initiator) == (
        COMPLETE,
        granted_at,
        "BUYER",
    )
    assert row["update_time"] == granted_at + 6 * 3600
    assert shop.stock() == before


def test_no_answer_grants_also_what_has_just_left(french: Canceller) -> None:
    available, committed = french.stock()
    order = french.order()
    asked = french.desk.buyer_requests_cancellation(order.id)
    french.app.clock.pass_(hours=47)
    french.book.ship(order)
    french.app.clock.pass_(hours=2)
    row = french.row(asked.id)
    assert (row["cancel_status"], row["should_replenish_stock"], order.status) == (SUCCESS, False, "CANCELLED")
    assert french.stock() == (available - 1, committed)


def test_withdrawing_and_what_ends_a_request_otherwise(french: Canceller) -> None:
    order = french.order()
    asked = french.desk.buyer_requests_cancellation(order.id)
    with pytest.raises(ValueError, match="cannot ask"):
        french.desk.buyer_requests_cancellation(order.id)
    french.desk.buyer_withdraws(asked.id)
    assert (asked.status, order.status) == (CANCEL, "AWAITING_SHIPMENT")
    with pytest.raises(ValueError, match="CANCEL"):
        french.desk.buyer_withdraws(asked.id)
    again = french.desk.buyer_requests_cancellation(order.id)
    told: list[tuple[str, str]] = []
    french.book.listeners.append(lambda event, _, key: told.append((event, key)))
    french.book.cancel_by_system(order)
    assert told == [("cancellation", order.cancellations[-1]), ("cancellation", again.id), ("status", "")]
    assert (again.status, french.book.wants_cancel(order)) == (CANCEL, False)
    with pytest.raises(ValueError, match="cannot ask"):
        french.desk.buyer_requests_cancellation(order.id)


def test_searching_page_by_page(french: Canceller) -> None:
    asked = []
    for _ in range(12):
        asked.append(french.desk.buyer_requests_cancellation(french.order().id).id)
        french.app.clock.pass_(seconds=1)
    first = french.search()
    assert ([row["cancel_id"] for row in first["cancellations"]], first["total_count"]) == (asked[:10], 12)
    # A page goes on behind the last row, whatever changes meanwhile.
    french.desk.buyer_withdraws(asked[0])
    second = french.search(page_token=first["next_page_token"])
    assert ([row["cancel_id"] for row in second["cancellations"]], second["next_page_token"]) == (asked[10:], "")
    newest = french.search(sort_field="update_time", sort_order="DESC", page_size="1")["cancellations"]
    assert newest[0]["cancel_id"] == asked[0]
    assert french.search({"cancel_status": [CANCEL]})["total_count"] == 1
    assert french.search({"cancel_types": ["CANCEL"]})["cancellations"] == []
    refused = [
        french.app.ask("POST", f"{PATH}/search", {}, query=[("page_size", "51")]),
        french.app.ask("POST", f"{PATH}/search", {}, query=[("sort_order", "asc")]),
        french.app.ask("POST", f"{PATH}/search", {"page_size": 10}),
        french.app.ask("POST", f"{PATH}/search", {"locale": "fr"}, query=[("page_token", first["next_page_token"])]),
    ]
    assert [answer["code"] for answer in refused] == [36009004] * 4


def test_from_outside(french: Canceller) -> None:
    order = french.order(units=2)

    def post(name: str, **body: Any) -> Any:
        return french.app.http.post(f"/_sandbox/{name}", json=body).json()

    asked = post("request_cancel", order_id=order.id, line_ids=[order.units[0].id])
    assert asked["status"] == PENDING
    assert "error" in post("request_cancel", order_id=order.id)
    assert post("withdraw_cancel", cancel_id=asked["id"])["status"] == CANCEL
    assert french.app.http.get("/_sandbox/aftersales").json()["cancellations"][0]["id"] == asked["id"]
    french.book.ship(order)
    assert [post(step, order_id=order.id)["status"] for step in ("collect", "deliver")] == ["IN_TRANSIT", "DELIVERED"]
    assert "error" in post("tracking_event", order_id=order.id, code=1)
    assert post("tracking_event", order_id=order.id, code=40601) == {}
    back = post("return", order_id=order.id, type="REFUND")
    assert back["status"] == "RETURN_OR_REFUND_REQUEST_PENDING"
    assert post("withdraw_return", return_id=back["id"])["status"] == "RETURN_OR_REFUND_REQUEST_CANCEL"
