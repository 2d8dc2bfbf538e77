"""Stored plans of orders are applied: what still holds is sent once, what no longer does is told and not sent (K1)."""

from __future__ import annotations

import pytest

from flows.apply_plan import apply_plan
from flows.order_answer import order_answer
from flows.order_cancel import order_cancel
from flows.order_ship import order_ship
from models.listings import Change, ChangeKind, ChangeState
from tasks.report import RunResult
from tests.flows.orders import APPROVE, CANCEL, IMPORTED, REJECT, SHIP, Trade, codes

pytestmark = pytest.mark.slow

OUT_OF_STOCK = "seller_cancel_reason_out_of_stock_uk"
NO_DELIVERY = "seller_cancel_paid_reason_address_not_deliver_uk"
PREPARATION, SHIPPED, CANCELLED = 3, 4, 6
CONFIRMED, PLANNED, SUPERSEDED = ChangeState.CONFIRMED, ChangeState.PLANNED, ChangeState.SUPERSEDED


def states(trade: Trade, *kinds: ChangeKind) -> list[ChangeState]:
    return [change.state for change in trade.made(*kinds)]


def apply(trade: Trade, plan: RunResult) -> RunResult:
    """A plan that sent nothing, applied a moment later."""
    assert plan.plan is not None
    assert not any(trade.sent_to(path) for path in (*SHIP, CANCEL, APPROVE, REJECT))
    trade.clock.advance(seconds=2)
    return apply_plan(plan.plan)


def outdated(trade: Trade) -> list[Change]:
    """Changes that were not sent, each with its cause."""
    found = trade.made(state=[SUPERSEDED])
    assert all(change.cause for change in found)
    return found


def test_parcels(trade: Trade) -> None:
    same, other = trade.order(0), trade.order(1)
    trade.track(same, "EV111111111")
    trade.track(other, "EV222222222")
    plan = trade.push(dry_run=True)
    # One number was corrected since, and a parcel nobody planned has left.
    trade.track(other, "EV333333333")
    trade.track(trade.order(2), "EV444444444")
    result = apply(trade, plan)
    assert (result.counts["confirmed"], result.counts["superseded"]) == (1, 1)
    assert [trade.numbers(trade.order(number)) for number in range(3)] == [["EV111111111"], [], []]
    assert len(outdated(trade)) == 1
    calls = trade.sent_to(*SHIP)
    assert "confirmed" not in apply_plan(plan.plan or 0).counts
    assert trade.sent_to(*SHIP) == calls
    # What was not planned is for the next run.
    trade.push()
    assert [trade.numbers(trade.order(number)) for number in (1, 2)] == [["EV333333333"], ["EV444444444"]]


def test_a_parcel_that_a_person_named(trade: Trade) -> None:
    order = trade.order(1)
    plan = order_ship(order.id, "EV111111111", "sandbox", line_ids=[order.units[0].id], dry_run=True)
    result = apply(trade, plan)
    assert (codes(result), result.counts["confirmed"], order.status) == ([], 1, "PARTIALLY_SHIPPING")


def test_a_named_parcel_of_an_order_that_is_cancelled_since(trade: Trade) -> None:
    order = trade.order(0)
    plan = order_ship(order.id, "EV111111111", "sandbox", dry_run=True)
    trade.book.cancel_by_system(order)
    result = apply(trade, plan)
    assert (codes(result), result.counts["superseded"]) == (["cancelled_on_tiktok"], 1)
    assert trade.sent_to(*SHIP) == 0


def test_cancellations_answers_and_refunds(trade: Trade) -> None:
    trade.order_settings(cancel_reason=OUT_OF_STOCK, buyer_cancellations="approve")
    desk = trade.sandbox.tiktok.shop.aftersales
    by_employee, by_buyer, by_system = (trade.order(number) for number in range(3))
    trade.set_state(by_employee, CANCELLED)
    desk.buyer_requests_cancellation(by_buyer.id)
    trade.book.cancel_by_system(by_system)
    plan = trade.cancel(dry_run=True)
    assert sorted(states(trade)) == [PLANNED] * 3
    result = apply(trade, plan)
    assert (codes(result), result.counts["confirmed"]) == ([], 3)
    assert (by_employee.status, by_buyer.status, trade.state(by_system)) == ("CANCELLED", "CANCELLED", CANCELLED)
    # That PrestaShop follows the buyer was not planned: the next run does it.
    assert trade.state(by_buyer) == IMPORTED
    trade.cancel()
    assert trade.state(by_buyer) == CANCELLED


def test_cancellations_that_are_taken_back(trade: Trade) -> None:
    trade.order_settings(cancel_reason=OUT_OF_STOCK)
    taken_back, other_reason = trade.order(0), trade.order(1)
    trade.set_state(taken_back, CANCELLED)
    trade.set_state(other_reason, CANCELLED)
    plan = trade.cancel(dry_run=True)
    trade.set_state(taken_back, PREPARATION)
    trade.order_settings(cancel_reason=NO_DELIVERY)
    result = apply(trade, plan)
    assert (result.counts["superseded"], trade.sent_to(CANCEL)) == (2, 0)
    assert len(outdated(trade)) == 2


def test_what_a_person_planned_to_cancel_is_cancelled_on_both_sides(trade: Trade) -> None:
    order = trade.order(0)
    plan = order_cancel([order.id], NO_DELIVERY, "sandbox", dry_run=True)
    # A run in between, to which PrestaShop does not want that, leaves the plan as it is.
    trade.cancel()
    result = apply(trade, plan)
    assert (codes(result), order.status, trade.state(order)) == ([], "CANCELLED", CANCELLED)
    assert states(trade, ChangeKind.CANCEL) == [CONFIRMED]


@pytest.mark.parametrize("withdrawn", [False, True])
def test_answers(trade: Trade, withdrawn: bool) -> None:
    trade.order_settings(buyer_cancellations="ask")
    desk = trade.sandbox.tiktok.shop.aftersales
    order = trade.order(0)
    request = desk.buyer_requests_cancellation(order.id)
    trade.cancel()
    plan = order_answer([order.id], "reject", "sandbox", dry_run=True)
    if withdrawn:
        trade.clock.advance(seconds=2)
        desk.buyer_withdraws(request.id)
    result = apply(trade, plan)
    assert result.counts.get("confirmed", 0) == (not withdrawn)
    assert trade.sent_to(REJECT) == (not withdrawn)
    assert states(trade, ChangeKind.ANSWER) == [SUPERSEDED if withdrawn else CONFIRMED]


def test_statuses(trade: Trade) -> None:
    moved, by_hand = trade.order(0), trade.order(1)
    for order in (moved, by_hand):
        trade.book.ship(order)
        trade.book.collect(order)
    plan = trade.follow(dry_run=True)
    # Somebody is further on.
    trade.set_state(by_hand, 5)
    result = apply_plan(plan.plan or 0)
    assert (result.counts["confirmed"], result.counts["superseded"]) == (1, 1)
    assert (trade.state(moved), trade.state(by_hand)) == (SHIPPED, 5)
    assert len(outdated(trade)) == 1
