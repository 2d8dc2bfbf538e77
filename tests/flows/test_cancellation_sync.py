"""cancellation_sync end to end: what one side cancels the other cancels, once; buyers who ask are answered, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import select

from clients.errors import Rejected, Unavailable
from clients.prestashop.client import PrestaShopClient
from clients.tiktok.client import TikTokClient
from flows.order_cancel import order_cancel
from models.database import database
from models.listings import ChangeKind, ChangeState
from models.orders import AfterSale, OrderStage
from rules.cancellations import Answer
from sandbox.tiktok.aftersales_desk import AftersalesDesk
from sandbox.tiktok.order_model import Order
from sandbox.tiktok.returns_desk import ReturnsDesk
from tasks import after_sales_sending, order_moves
from tasks.order_requests import mark_done
from tasks.parked import waiting_of
from tasks.runs import run_alone
from tests.flows.orders import APPROVE, CANCEL, IMPORTED, REJECT, Killed, Trade, codes

# A fast one of all of them together is in test_orders_there_and_back.
pytestmark = pytest.mark.slow

CONFIRMED, PARKED, PLANNED, SENT, SUPERSEDED = (
    ChangeState.CONFIRMED,
    ChangeState.PARKED,
    ChangeState.PLANNED,
    ChangeState.SENT,
    ChangeState.SUPERSEDED,
)
OUT_OF_STOCK = "seller_cancel_reason_out_of_stock_uk"
NO_DELIVERY = "seller_cancel_paid_reason_address_not_deliver_uk"
CANCELLED, REFUNDED, PREPARATION, SHIPPED_STATE = 6, 7, 3, 4


def desk(trade: Trade) -> AftersalesDesk:
    return trade.sandbox.tiktok.shop.aftersales


def returns(trade: Trade) -> ReturnsDesk:
    return trade.sandbox.tiktok.shop.returns


def outcomes(trade: Trade, *kinds: ChangeKind) -> list[ChangeState]:
    return [change.state for change in trade.made(*kinds)]


def expect_rest(trade: Trade) -> None:
    """Another run plans nothing, sends nothing and moves nothing."""
    sent = [trade.sent_to(path) for path in (CANCEL, APPROVE, REJECT)]
    moved = [trade.states(trade.order(number)) for number in range(3)]
    before = outcomes(trade)
    assert "planned" not in trade.cancel().counts
    assert [trade.sent_to(path) for path in (CANCEL, APPROVE, REJECT)] == sent
    assert [trade.states(trade.order(number)) for number in range(3)] == moved
    assert outcomes(trade) == before
    assert not {PLANNED, SENT} & set(before)


# Cancelled in PrestaShop (C5)


@pytest.mark.parametrize("reason", [OUT_OF_STOCK, "seller_cancel_reason_out_of_stock"])
def test_cancelled_in_prestashop_cancels_on_tiktok_shop_once(trade: Trade, reason: str) -> None:
    trade.order_settings(cancel_reason=reason)
    order = trade.order(1)
    trade.set_state(order, CANCELLED)
    result = trade.cancel()
    assert (order.status, codes(result), result.counts["confirmed"]) == ("CANCELLED", [], 1)
    (cancellation,) = trade.book.cancellations.values()
    assert (cancellation.role, cancellation.reason) == ("SELLER", OUT_OF_STOCK)
    assert outcomes(trade) == [CONFIRMED]
    assert trade.states(order).count(CANCELLED) == 1
    expect_rest(trade)
    # Also when the refund is paid.
    trade.clock.advance(hours=8)
    expect_rest(trade)


def test_a_reading_of_prestashop_that_breaks_off_skips_no_order(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    trade.order_settings(cancel_reason=OUT_OF_STOCK)
    trade.cancel()
    trade.set_state(trade.order(2), CANCELLED)
    trade.clock.advance(minutes=10)
    trade.set_state(trade.order(0), PREPARATION)
    pages = PrestaShopClient.pages

    def first_page(*args: Any, **named: Any) -> Iterator[Any]:
        yield next(pages(*args, **{**named, "size": 1}))
        raise Unavailable("GET orders: 500", shop="prestashop")

    with monkeypatch.context() as patch:
        patch.setattr(PrestaShopClient, "pages", first_page)
        with pytest.raises(Unavailable):
            trade.cancel()
    assert trade.row(trade.order(0)).prestashop_state == PREPARATION
    trade.cancel()
    assert trade.order(2).status == "CANCELLED"


def test_the_reason_of_the_state_comes_first(trade: Trade) -> None:
    trade.order_settings(cancel_reason=OUT_OF_STOCK)
    trade.map_status("CANCELLED", PREPARATION, direction="to_tiktok", cancel_reason=NO_DELIVERY)
    trade.set_state(trade.order(0), PREPARATION)
    trade.cancel()
    assert [one.reason for one in trade.book.cancellations.values()] == [NO_DELIVERY]


def test_without_a_reason_it_waits_with_those_that_are_allowed(trade: Trade) -> None:
    order = trade.order(0)
    trade.set_state(order, CANCELLED)
    result = trade.cancel()
    assert codes(result) == ["cancel_reason_missing"]
    assert OUT_OF_STOCK in result.failures[0].fix
    assert NO_DELIVERY in result.failures[0].fix
    assert trade.cancel().counts["parked before"] == 1
    assert (trade.sent_to(CANCEL), outcomes(trade)) == (0, [PARKED])
    trade.order_settings(cancel_reason="no_such_reason")
    assert codes(trade.cancel()) == ["cancel_reason_not_allowed"]
    trade.order_settings(cancel_reason=OUT_OF_STOCK)
    assert codes(trade.cancel()) == []
    assert (order.status, outcomes(trade)) == ("CANCELLED", [CONFIRMED])
    expect_rest(trade)


def test_a_cancellation_that_is_taken_back_no_longer_waits(trade: Trade) -> None:
    order = trade.order(0)
    trade.set_state(order, CANCELLED)
    trade.cancel()
    trade.set_state(order, PREPARATION)
    trade.cancel()
    assert (order.status, outcomes(trade)) == ("AWAITING_SHIPMENT", [SUPERSEDED])


def test_switched_off_nothing_is_cancelled(trade: Trade) -> None:
    trade.order_settings(cancel_reason=OUT_OF_STOCK, cancel_on_tiktok=False)
    trade.set_state(trade.order(0), CANCELLED)
    trade.cancel()
    assert (trade.order(0).status, trade.made()) == ("AWAITING_SHIPMENT", [])


def test_after_shipping_a_person_is_told_once(trade: Trade) -> None:
    trade.order_settings(cancel_reason=OUT_OF_STOCK)
    order = trade.order(0)
    trade.book.ship(order)
    trade.set_state(order, CANCELLED)
    assert codes(trade.cancel()) == ["cancel_not_possible"]
    trade.book.collect(order)
    assert trade.cancel().counts["parked before"] == 1
    assert (order.status, trade.sent_to(CANCEL), outcomes(trade)) == ("IN_TRANSIT", 0, [PARKED])
    expect_rest(trade)


def test_a_refusal_is_not_asked_for_again(trade: Trade) -> None:
    trade.order_settings(cancel_reason=OUT_OF_STOCK)
    order = trade.order(0)
    trade.set_state(order, CANCELLED)
    trade.faults("risk_control=1@POST /return_refund/*")
    assert codes(trade.cancel()) == ["25001046"]
    calls = trade.sent_to(CANCEL)
    assert trade.cancel().counts["parked before"] == 1
    assert (trade.sent_to(CANCEL), outcomes(trade)) == (calls, [PARKED])
    trade.faults("")
    assert codes(trade.cancel(retry_parked=True)) == []
    assert (order.status, outcomes(trade)) == ("CANCELLED", [CONFIRMED])


def test_an_order_whose_reasons_are_refused_holds_up_no_other(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    trade.order_settings(cancel_reason=OUT_OF_STOCK)
    refused, other = trade.order(0), trade.order(1)
    for order in (refused, other):
        trade.set_state(order, CANCELLED)
    eligibility = TikTokClient.cancel_eligibility

    def refusing(client: TikTokClient, order_id: str) -> Any:
        if order_id == refused.id:
            raise Rejected("GET: refused", shop="tiktok", code="25002001", cause="No.", fix="None.", request_id="r1")
        return eligibility(client, order_id)

    with monkeypatch.context() as patch:
        patch.setattr(TikTokClient, "cancel_eligibility", refusing)
        result = trade.cancel()
        assert [(failure.code, failure.request_id) for failure in result.failures] == [("25002001", "r1")]
        assert trade.cancel().counts["parked before"] == 1
    assert (refused.status, other.status) == ("AWAITING_SHIPMENT", "CANCELLED")
    assert sorted(outcomes(trade)) == [CONFIRMED, PARKED]
    assert codes(trade.cancel(retry_parked=True)) == []
    assert refused.status == "CANCELLED"
    expect_rest(trade)


@pytest.mark.parametrize("lost", [1, 9])
def test_lost_answers_cancel_once(trade: Trade, lost: int) -> None:
    trade.order_settings(cancel_reason=OUT_OF_STOCK)
    order = trade.order(0)
    trade.set_state(order, CANCELLED)
    trade.faults(f"reset_after=1x{lost}@POST /return_refund/*/cancellations")
    for _ in range(3):
        trade.cancel()
    assert (order.status, len(trade.book.cancellations)) == ("CANCELLED", 1)
    assert outcomes(trade) == [CONFIRMED]
    expect_rest(trade)


def test_killed_after_the_cancellation(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    trade.order_settings(cancel_reason=OUT_OF_STOCK)
    order = trade.order(0)
    trade.set_state(order, CANCELLED)
    with monkeypatch.context() as patch:
        patch.setattr(after_sales_sending, "_confirm_cancelled", Killed.raising)
        with pytest.raises(Killed):
            trade.cancel()
    assert outcomes(trade) == [SENT]
    calls = trade.sent_to(CANCEL)
    trade.cancel()
    assert (outcomes(trade), trade.sent_to(CANCEL), len(trade.book.cancellations)) == ([CONFIRMED], calls, 1)


def test_a_person_cancels_with_a_reason(trade: Trade) -> None:
    order, key = trade.order(0), trade.row(trade.order(0)).key
    stock = trade.stock(order)
    with run_alone("cancellation_sync", "sandbox", {}, dry_run=False, turn="orders") as run:
        report = after_sales_sending.cancel_on_tiktok.fn(run, [key], reason=NO_DELIVERY)
    assert (report.counts["confirmed"], order.status) == (1, "CANCELLED")
    # PrestaShop follows, and what is cancelled there is not cancelled again here.
    trade.cancel()
    assert trade.state(order) == CANCELLED
    assert trade.stock(order) == {one: pieces + 1 for one, pieces in stock.items()}
    expect_rest(trade)


# Cancelled on TikTok Shop (I12)


def test_cancelled_on_hold_before_the_import_it_never_comes(trade: Trade) -> None:
    order = trade.place(1, on_hold=True)
    stock = trade.stock(order)
    trade.book.cancel_by_buyer(order)
    for _ in range(2):
        trade.cancel()
    assert trade.row(order).stage is OrderStage.CANCELLED
    assert (trade.stock(order), trade.made()) == (stock, [])
    assert all(request.applied_at for request in trade.requests(order))
    expect_rest(trade)


def test_a_system_cancellation_of_what_was_never_paid(trade: Trade) -> None:
    order = trade.place(1, paid=False, timed=True)
    trade.cancel()
    assert trade.row(order).stage is OrderStage.SEEN
    trade.clock.advance(hours=2)
    trade.cancel()
    assert (order.status, trade.row(order).stage) == ("CANCELLED", OrderStage.CANCELLED)
    assert trade.made() == []


@pytest.mark.parametrize("by", ["system", "buyer"])
def test_cancelled_after_the_import_prestashop_cancels_and_stocks_once(trade: Trade, by: str) -> None:
    order = trade.order(2)
    stock, mails = trade.stock(order), trade.sandbox.prestashop.mails(trade.id_order(order))
    if by == "system":
        trade.book.cancel_by_system(order)
    else:
        request = desk(trade).buyer_requests_cancellation(order.id)
        desk(trade).approve(request)
    result = trade.cancel()
    assert (trade.state(order), codes(result)) == (CANCELLED, [])
    ordered = Counter(unit.sku_id for unit in order.units)
    back = Counter(
        {
            (sku.id_product, sku.id_product_attribute or 0): pieces
            for sku_id, pieces in ordered.items()
            for sku in trade.skus(sku_id=sku_id)
        }
    )
    assert trade.stock(order) == {one: pieces + back[one] for one, pieces in stock.items()}
    assert trade.sandbox.prestashop.mails(trade.id_order(order)) == mails
    trade.clock.advance(hours=8)
    expect_rest(trade)
    assert trade.states(order).count(CANCELLED) == 1
    assert outcomes(trade) == [CONFIRMED]


def test_the_mapped_state_comes_after_the_goods_are_back(trade: Trade) -> None:
    """C12: PrestaShop takes goods back into its own state for cancelled orders only."""
    mapped = trade.sandbox.prestashop.tables["order_states"].insert({"color": "#ccc"})
    trade.map_status("CANCELLED", mapped)
    order, stock = trade.order(0), trade.stock(trade.order(0))
    trade.book.cancel_by_system(order)
    result = trade.cancel(retry_parked=True)
    assert codes(result) == []
    assert trade.states(order)[-2:] == [CANCELLED, mapped]
    assert trade.stock(order) == {one: pieces + 1 for one, pieces in stock.items()}
    assert outcomes(trade) == [CONFIRMED, CONFIRMED]
    expect_rest(trade)


def test_cancelled_mapped_to_nothing_changes_nothing(trade: Trade) -> None:
    trade.map_status("CANCELLED", 0)
    order = trade.order(0)
    trade.book.cancel_by_system(order)
    assert codes(trade.cancel()) == []
    assert trade.state(order) == IMPORTED
    expect_rest(trade)


def test_cancelled_on_both_sides_at_once(trade: Trade) -> None:
    trade.order_settings(cancel_reason=OUT_OF_STOCK)
    order = trade.order(0)
    trade.book.cancel_by_system(order)
    trade.set_state(order, CANCELLED)
    trade.cancel()
    assert trade.states(order).count(CANCELLED) == 1
    assert trade.sent_to(CANCEL) == 0
    expect_rest(trade)


def test_killed_between_the_call_and_the_record(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    order = trade.order(0)
    stock = trade.stock(order)
    trade.book.cancel_by_system(order)
    with monkeypatch.context() as patch:
        patch.setattr(order_moves, "_keep", Killed.raising)
        with pytest.raises(Killed):
            trade.cancel()
    assert outcomes(trade) == [SENT]
    trade.cancel()
    assert (trade.states(order).count(CANCELLED), outcomes(trade)) == (1, [CONFIRMED])
    assert trade.stock(order) == {one: pieces + 1 for one, pieces in stock.items()}
    expect_rest(trade)


@pytest.mark.parametrize("lost", [1, 3])
def test_lost_answers_of_prestashop_cancel_once(trade: Trade, lost: int) -> None:
    orders = [trade.order(number) for number in range(3)]
    for order in orders:
        trade.book.cancel_by_system(order)
    trade.faults(f"reset_after=1x{lost}@POST /api/order_histories")
    for _ in range(4):
        trade.cancel()
    assert [trade.states(order).count(CANCELLED) for order in orders] == [1, 1, 1]
    assert outcomes(trade) == [CONFIRMED] * 3
    expect_rest(trade)


def test_what_prestashop_shipped_is_left_to_a_person(trade: Trade) -> None:
    order = trade.order(0)
    trade.set_state(order, SHIPPED_STATE)
    trade.book.cancel_by_system(order)
    assert codes(trade.cancel()) == ["cancelled_after_shipping"]
    (request,) = trade.requests(order)
    parked_at = request.parked_at
    trade.cancel()
    (request,) = trade.requests(order)
    assert (request.parked_code, request.parked_at) == ("cancelled_after_shipping", parked_at)
    assert trade.state(order) == SHIPPED_STATE
    # The parcel is back.
    trade.set_state(order, CANCELLED)
    trade.cancel()
    (request,) = trade.requests(order)
    assert (request.parked_code, bool(request.applied_at)) == ("", True)
    expect_rest(trade)


def test_a_person_who_takes_it_out_of_cancelled_is_not_overruled(trade: Trade) -> None:
    order = trade.order(0)
    trade.book.cancel_by_system(order)
    trade.cancel()
    trade.set_state(order, PREPARATION)
    expect_rest(trade)
    assert trade.state(order) == PREPARATION


# A part of an order


def test_a_part_that_is_cancelled_after_the_import_waits_for_a_person(trade: Trade) -> None:
    order = trade.order(1)
    request = desk(trade).buyer_requests_cancellation(order.id, [order.units[0].id])
    desk(trade).approve(request)
    result = trade.cancel()
    assert codes(result) == ["partial_cancellation"]
    assert order.units[0].id in result.failures[0].cause
    assert order.status == "AWAITING_SHIPMENT"
    expect_rest(trade)
    assert CANCELLED not in trade.states(order)
    # The other part follows: now all of it is cancelled.
    trade.book.cancel_by_system(order)
    trade.cancel()
    assert trade.state(order) == CANCELLED
    expect_rest(trade)


def test_a_part_that_a_person_took_out_does_not_come_again(trade: Trade) -> None:
    order = trade.order(2)
    first, second, _ = order.units
    desk(trade).approve(desk(trade).buyer_requests_cancellation(order.id, [first.id]))
    assert codes(trade.cancel()) == ["partial_cancellation"]
    mark_done(trade.connection_id, [one.key for one in waiting_of(trade.connection_id, order.id)], by="Ann")
    # Also when the refund is paid.
    trade.clock.advance(hours=8)
    assert codes(trade.cancel()) == []
    assert waiting_of(trade.connection_id, order.id) == []
    assert any(text.endswith("partial cancellation: done in PrestaShop, says Ann") for text in trade.told(order))
    # Another part is something new.
    desk(trade).approve(desk(trade).buyer_requests_cancellation(order.id, [second.id]))
    assert codes(trade.cancel()) == ["partial_cancellation"]
    trade.book.cancel_by_system(order)
    trade.cancel()
    assert trade.state(order) == CANCELLED


def test_a_parcel_that_a_person_called_back_does_not_come_again(trade: Trade) -> None:
    order = trade.order(0)
    trade.set_state(order, SHIPPED_STATE)
    trade.book.cancel_by_system(order)
    assert codes(trade.cancel()) == ["cancelled_after_shipping"]
    mark_done(trade.connection_id, [one.key for one in waiting_of(trade.connection_id, order.id)], by="Ann")
    assert codes(trade.cancel()) == []
    assert trade.state(order) == SHIPPED_STATE
    expect_rest(trade)


def test_a_part_that_is_cancelled_before_the_import_is_left_out(trade: Trade) -> None:
    order = trade.place(1, 1)
    request = desk(trade).buyer_requests_cancellation(order.id, [order.units[0].id])
    desk(trade).approve(request)
    trade.bring(order)
    lines = trade.sandbox.prestashop.order_lines(trade.id_order(order))
    assert [line["product_reference"] for line in lines] == [order.units[1].seller_sku]
    for _ in range(2):
        assert codes(trade.cancel()) == []
        trade.clock.advance(hours=8)
    assert CANCELLED not in trade.states(order)
    assert trade.made() == []


# Buyers who ask


@pytest.mark.parametrize(
    ("mode", "is_shipped", "path", "lost"),
    [
        ("approve", True, APPROVE, 0),
        ("approve_unshipped", False, APPROVE, 9),
        ("approve_unshipped", True, REJECT, 2),
        ("approve_unshipped", True, REJECT, 9),
    ],
)
def test_a_request_is_answered_once(trade: Trade, mode: str, is_shipped: bool, path: str, lost: int) -> None:
    status = "CANCELLED" if path == APPROVE else "AWAITING_SHIPMENT"
    trade.order_settings(buyer_cancellations=mode)
    order = trade.order(0)
    if is_shipped:
        trade.track(order, "EV123456789")
    request = desk(trade).buyer_requests_cancellation(order.id)
    trade.faults(f"reset_after=1x{lost}@POST /return_refund/*{path}" if lost else "")
    for _ in range(2):
        trade.cancel()
    trade.faults("")
    trade.cancel()
    assert order.status == status
    assert (request.status.endswith("_CANCEL"), bool(request.reject_reason)) == (path is REJECT, path is REJECT)
    (known,) = trade.requests(order)
    assert known.answer == ("rejected" if path is REJECT else "approved")
    assert outcomes(trade, ChangeKind.ANSWER) == [CONFIRMED]
    assert trade.state(order) == (CANCELLED if status == "CANCELLED" else IMPORTED)
    expect_rest(trade)


def test_a_person_is_asked_and_answers(trade: Trade) -> None:
    trade.order_settings(buyer_cancellations="ask")
    order = trade.order(0)
    request = desk(trade).buyer_requests_cancellation(order.id)
    assert codes(trade.cancel()) == ["buyer_asks_to_cancel"]
    (waiting,) = trade.requests(order)
    trade.cancel()
    (still,) = trade.requests(order)
    assert (waiting.parked_at, trade.sent_to(APPROVE), trade.sent_to(REJECT)) == (still.parked_at, 0, 0)
    with run_alone("cancellation_sync", "sandbox", {}, dry_run=False, turn="orders") as run:
        report = after_sales_sending.answer_buyers.fn(run, [waiting.key], decided=Answer.REJECT)
    assert (report.counts["confirmed"], request.status) == (1, "CANCELLATION_REQUEST_CANCEL")
    trade.cancel()
    (ended,) = trade.requests(order)
    assert (ended.parked_code, ended.answer, bool(ended.applied_at)) == ("", "rejected", True)
    assert trade.state(order) == IMPORTED
    expect_rest(trade)


def test_a_request_that_is_withdrawn_is_over(trade: Trade) -> None:
    trade.order_settings(buyer_cancellations="ask")
    order = trade.order(0)
    request = desk(trade).buyer_requests_cancellation(order.id)
    trade.cancel()
    trade.clock.advance(seconds=5)
    desk(trade).buyer_withdraws(request.id)
    assert codes(trade.cancel()) == []
    (known,) = trade.requests(order)
    assert (known.status, known.parked_code, known.answer) == ("CANCELLATION_REQUEST_CANCEL", "", "")
    assert trade.state(order) == IMPORTED
    expect_rest(trade)


def test_a_request_that_grants_itself_cancels_in_prestashop(trade: Trade) -> None:
    trade.order_settings(buyer_cancellations="ask")
    order = trade.order(0)
    desk(trade).buyer_requests_cancellation(order.id)
    trade.cancel()
    trade.clock.advance(hours=49)
    trade.cancel()
    assert (order.status, trade.state(order)) == ("CANCELLED", CANCELLED)
    expect_rest(trade)


def test_withdrawn_between_the_look_and_the_answer(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    order = trade.order(0)
    request = desk(trade).buyer_requests_cancellation(order.id)
    approve = TikTokClient.approve_cancellation

    def too_late(client: TikTokClient, *arguments: Any) -> Any:
        if request.status.endswith("_PENDING"):
            trade.clock.advance(seconds=2)
            desk(trade).buyer_withdraws(request.id)
        return approve(client, *arguments)

    monkeypatch.setattr(TikTokClient, "approve_cancellation", too_late)
    assert codes(trade.cancel()) == []
    assert outcomes(trade) == [SUPERSEDED]
    trade.cancel()
    assert (order.status, trade.state(order)) == ("AWAITING_SHIPMENT", IMPORTED)
    expect_rest(trade)


# Returns


def delivered(trade: Trade, number: int) -> Order:
    """An order that arrived."""
    order = trade.order(number)
    trade.book.ship(order)
    trade.book.collect(order)
    trade.book.deliver(order)
    trade.set_state(order, SHIPPED_STATE)
    return order


def test_all_of_an_order_that_is_refunded_is_refunded_in_prestashop_once(trade: Trade) -> None:
    order = delivered(trade, 1)
    stock = trade.stock(order)
    row = returns(trade).buyer_returns(order.id)
    trade.cancel()
    trade.clock.advance(minutes=5)
    returns(trade).answer(row, "APPROVE_RETURN")
    trade.clock.advance(minutes=5)
    returns(trade).buyer_sends(row.id)
    trade.cancel()
    assert trade.state(order) == SHIPPED_STATE
    returns(trade).answer(row, "APPROVE_RECEIVED_PACKAGE")
    trade.clock.advance(hours=7)
    trade.cancel()
    assert (trade.state(order), trade.states(order).count(REFUNDED)) == (REFUNDED, 1)
    assert trade.stock(order) == stock
    expect_rest(trade)


def test_a_part_that_is_refunded_waits_for_a_person(trade: Trade) -> None:
    order = delivered(trade, 2)
    row = returns(trade).buyer_returns(order.id, [order.units[0].id], type="REFUND")
    returns(trade).answer(row, "APPROVE_REFUND")
    trade.clock.advance(hours=7)
    assert codes(trade.cancel()) == ["partial_refund"]
    assert REFUNDED not in trade.states(order)
    expect_rest(trade)


def test_a_return_that_is_withdrawn_changes_nothing(trade: Trade) -> None:
    order = delivered(trade, 0)
    row = returns(trade).buyer_returns(order.id)
    trade.cancel()
    trade.clock.advance(minutes=5)
    returns(trade).buyer_withdraws(row.id)
    trade.cancel()
    assert trade.state(order) == SHIPPED_STATE
    assert all(request.applied_at for request in trade.requests(order))
    expect_rest(trade)


# Some orders alone


def test_of_the_orders_that_messages_name_all_is_done_and_of_others_nothing(trade: Trade) -> None:
    trade.order_settings(cancel_reason=OUT_OF_STOCK, buyer_cancellations="approve")
    system, buyer, shop = (trade.order(number) for number in range(3))
    trade.book.cancel_by_system(system)
    desk(trade).buyer_requests_cancellation(buyer.id)
    trade.set_state(shop, CANCELLED)
    trade.cancel(order_ids=[buyer.id])
    assert [one.answer for one in trade.requests(buyer)] == ["approved"]
    assert (trade.requests(system), trade.state(system), shop.status) == ([], IMPORTED, "AWAITING_SHIPMENT")
    trade.cancel(order_ids=[system.id, buyer.id])
    assert [trade.state(order) for order in (system, buyer)] == [CANCELLED, CANCELLED]
    assert (shop.status, trade.sent_to(CANCEL)) == ("AWAITING_SHIPMENT", 0)
    # Nothing was passed over by that: the next run finds what changed since the last one that read everything.
    trade.cancel()
    assert (shop.status, trade.sent_to(CANCEL)) == ("CANCELLED", 1)
    expect_rest(trade)


def test_a_return_that_a_message_names_is_followed(trade: Trade) -> None:
    order = delivered(trade, 1)
    row = returns(trade).buyer_returns(order.id, type="REFUND")
    returns(trade).answer(row, "APPROVE_REFUND")
    trade.clock.advance(hours=7)
    trade.cancel(order_ids=[trade.order(0).id])
    assert trade.state(order) == SHIPPED_STATE
    trade.cancel(order_ids=[order.id])
    assert trade.state(order) == REFUNDED
    expect_rest(trade)


def test_what_became_of_orders_that_were_not_read_is_not_judged(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    order = trade.order(0)
    with monkeypatch.context() as patch:
        patch.setattr(after_sales_sending, "_confirm_cancelled", Killed.raising)
        with pytest.raises(Killed):
            order_cancel([order.id], NO_DELIVERY, "sandbox")
    trade.clock.advance(hours=2)
    assert codes(trade.cancel(order_ids=[trade.order(1).id])) == []
    assert outcomes(trade) == [SENT]
    trade.cancel()
    assert outcomes(trade, ChangeKind.CANCEL) == [CONFIRMED]


# Plans and privacy


def test_dry_runs_plan_and_send_nothing(trade: Trade) -> None:
    trade.order_settings(cancel_reason=OUT_OF_STOCK)
    trade.set_state(trade.order(0), CANCELLED)
    trade.book.cancel_by_system(trade.order(1))
    desk(trade).buyer_requests_cancellation(trade.order(2).id)
    for _ in range(2):
        result = trade.cancel(dry_run=True)
        assert result.counts["planned"] == 3
    assert [trade.sent_to(path) for path in (CANCEL, APPROVE, REJECT)] == [0, 0, 0]
    assert trade.state(trade.order(1)) == IMPORTED
    planned = {change.kind for change in trade.made(state=[PLANNED])}
    assert planned == {ChangeKind.CANCEL, ChangeKind.ANSWER, ChangeKind.STATE}
    trade.cancel()
    trade.cancel()
    assert [trade.order(number).status for number in range(3)] == ["CANCELLED"] * 3
    assert [trade.state(trade.order(number)) for number in range(3)] == [CANCELLED] * 3
    expect_rest(trade)


def test_no_buyer_in_results_logs_and_records(trade: Trade, caplog: pytest.LogCaptureFixture) -> None:
    trade.order_settings(buyer_cancellations="ask")
    trade.set_state(trade.order(0), CANCELLED)
    desk(trade).buyer_requests_cancellation(trade.order(1).id)
    trade.book.cancel_by_system(trade.order(2))
    result = trade.cancel()
    assert sorted(codes(result)) == ["buyer_asks_to_cancel", "cancel_reason_missing"]
    with database().read() as session:
        requests = [request.model_dump() for request in session.exec(select(AfterSale))]
    trade.expect_no_buyer(caplog.text, result, requests)
