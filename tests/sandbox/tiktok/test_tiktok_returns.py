"""Returns and refunds after shipping (sheet 4.12)."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.tiktok.order_entry import Entry
from sandbox.tiktok.order_model import Item, Order, Return
from tests.sandbox.tiktok.seller_app import SellerApp
from tests.sandbox.tiktok.test_tiktok_examples import assert_shape

REASON = "seller_reject_apply_product_is_as_described"


class Returner:
    def __init__(self, app: SellerApp) -> None:
        self.app, self.shop, self.desk = app, app.world.shop, app.world.shop.returns
        self.sku_id = str(app.live()["skus"][0]["id"])

    def order(self, status: str = "DELIVERED") -> Order:
        order = self.shop.book.place(Entry([Item(self.sku_id, 2)]))
        self.shop.book.advance(order, status)
        return order

    def returned(self, type: str = "RETURN_AND_REFUND") -> Return:
        order = self.order()
        return self.desk.buyer_returns(order.id, [order.units[0].id], type)

    def approve(self, row: Return, decision: str, key: str = "k", **body: Any) -> int:
        return self._answer(f"/return_refund/202309/returns/{row.id}/approve", decision, key, body)

    def reject(self, row: Return, decision: str, reason: str = REASON, version: str = "202606") -> int:
        return self._answer(
            f"/return_refund/{version}/returns/{row.id}/reject", decision, "k", {"reject_reason": reason}
        )

    def _answer(self, path: str, decision: str, key: str, body: dict[str, Any]) -> int:
        answer = self.app.ask("POST", path, {"decision": decision, **body}, query=[("idempotency_key", key)])
        return int(answer["code"])

    def row(self, row: Return) -> dict[str, Any]:
        path = "/return_refund/202602/returns/search"
        rows: list[dict[str, Any]] = self.app.data("POST", path, {"return_ids": [row.id]})["return_orders"]
        return rows[0]


@pytest.fixture
def french(app_in: Callable[..., SellerApp]) -> Returner:
    return Returner(app_in("FR"))


def test_a_return_from_the_request_to_the_refund(french: Returner) -> None:
    row = french.returned()
    order = french.shop.book.orders[row.order_id]
    path = "/return_refund/202309/returns/search"
    answer = french.app.ask("POST", path, {"return_status": [row.status], "locale": "fr-FR"})
    assert_shape("returns-search-response", answer)
    assert answer["data"]["return_orders"][0]["return_reason_text"] == "Article abîmé"
    assert french.approve(row, "APPROVE_RECEIVED_PACKAGE") == 25011012
    assert [french.approve(row, "APPROVE_RETURN", key) for key in ("a", "a", "b")] == [0, 0, 25011012]
    assert french.row(row)["return_status"] == "AWAITING_BUYER_SHIP"
    french.desk.buyer_sends(row.id, "RT1")
    shown = french.row(row)
    assert (shown["return_status"], shown["return_tracking_number"]) == ("BUYER_SHIPPED_ITEM", "RT1")
    assert french.approve(row, "APPROVE_RECEIVED_PACKAGE") == 0
    assert french.row(row)["return_status"] == "RETURN_OR_REFUND_REQUEST_SUCCESS"
    french.app.clock.pass_(days=1)
    shown = french.row(row)
    assert (shown["return_status"], shown["refund_amount"]["refund_total"]) == (
        "RETURN_OR_REFUND_REQUEST_COMPLETE",
        "24.9",
    )
    assert order.status == "DELIVERED"
    with pytest.raises(ValueError, match="cannot be returned"):
        french.desk.buyer_returns(order.id)


@pytest.mark.parametrize(
    ("type", "decision", "status"),
    [
        ("REFUND", "APPROVE_REFUND", "RETURN_OR_REFUND_REQUEST_SUCCESS"),
        ("RETURN_AND_REFUND", "DIRECT_REFUND", "RETURN_OR_REFUND_REQUEST_SUCCESS"),
        ("REPLACEMENT", "APPROVE_REPLACEMENT", "REPLACEMENT_REQUEST_COMPLETE"),
        ("REPLACEMENT", "ISSUE_REPLACEMENT_REFUND", "REPLACEMENT_REQUEST_REFUND_SUCCESS"),
    ],
)
def test_approvals(french: Returner, type: str, decision: str, status: str) -> None:
    row = french.returned(type)
    assert french.approve(row, decision) == 0
    assert french.row(row)["return_status"] == status


@pytest.mark.parametrize(
    ("type", "decision", "status"),
    [
        ("REFUND", "REJECT_REFUND", "REFUND_OR_RETURN_REQUEST_REJECT"),
        ("RETURN_AND_REFUND", "REJECT_RETURN", "REFUND_OR_RETURN_REQUEST_REJECT"),
        ("REPLACEMENT", "REJECT_REPLACEMENT", "REPLACEMENT_REQUEST_REJECT"),
    ],
)
def test_rejections(french: Returner, type: str, decision: str, status: str) -> None:
    row = french.returned(type)
    assert french.reject(row, decision, "no_such_reason") == 25001014
    assert french.reject(row, "REJECT_RECEIVED_PACKAGE") == 25011011
    assert french.reject(row, decision, version="202309") == 0
    assert french.row(row)["return_status"] == status


def test_a_buyer_keeps_the_item(french: Returner) -> None:
    row = french.returned()
    assert french.approve(row, "APPROVE_RETURN", buyer_keep_item=True) == 0
    shown = french.row(row)
    assert (shown["return_status"], shown["can_buyer_keep_item"]) == ("RETURN_OR_REFUND_REQUEST_SUCCESS", True)


def test_a_part_is_offered(french: Returner) -> None:
    row = french.returned("REFUND")
    for wrong in ({"currency": "EUR", "amount": "24.90"}, {"currency": "USD", "amount": "5"}, None):
        assert french.approve(row, "OFFER_PARTIAL_REFUND", partial_refund=wrong) == 25001001
    assert french.approve(row, "OFFER_PARTIAL_REFUND", partial_refund={"currency": "EUR", "amount": "5.00"}) == 0
    assert french.row(row)["return_status"] == "AWAITING_BUYER_RESPONSE"
    french.app.clock.pass_(days=1)
    shown = french.row(row)
    assert (shown["return_status"], shown["refund_amount"]["refund_total"]) == ("RETURN_OR_REFUND_REQUEST_SUCCESS", "5")


def test_nobody_answers_and_nobody_sends(french: Returner) -> None:
    french.desk.pace.ship = 3 * 86400
    row = french.returned()
    french.app.clock.pass_(days=2)
    assert french.row(row)["return_status"] == "AWAITING_BUYER_SHIP"
    french.app.clock.pass_(days=3)
    assert french.row(row)["return_status"] == "RETURN_OR_REFUND_REQUEST_CANCEL"
    again = french.desk.buyer_returns(row.order_id)
    french.desk.buyer_withdraws(again.id)
    assert french.row(again)["return_status"] == "RETURN_OR_REFUND_REQUEST_CANCEL"


def test_what_cannot_be_returned(french: Returner) -> None:
    with pytest.raises(ValueError, match="cannot be returned"):
        french.desk.buyer_returns(french.order("IN_TRANSIT").id)
    assert french.desk.buyer_returns(french.order("IN_TRANSIT").id, type="REFUND").status.endswith("PENDING")
    assert french.desk.buyer_returns(french.order("COMPLETED").id).status.endswith("PENDING")
    with pytest.raises(ValueError, match="no return of type"):
        french.desk.buyer_returns(french.order().id, type="GIFT")
    path = "/return_refund/202309/returns/4035/approve"
    assert french.app.ask("POST", path, {"decision": "APPROVE_REFUND"})["code"] == 25007006
    assert french.app.ask("POST", path, {"decision": "PERHAPS"})["code"] == 36009004


def test_reasons_to_reject_a_return(french: Returner) -> None:
    query = [("return_or_cancel_id", french.returned().id)]
    reasons = french.app.data("GET", "/return_refund/202309/reject_reasons", query=query)["reasons"]
    assert REASON in {row["name"] for row in reasons}
