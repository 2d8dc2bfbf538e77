"""order_status_sync end to end: how far orders are on TikTok Shop shows in PrestaShop, forwards and once."""

from __future__ import annotations

from typing import Any

import pytest

from clients.errors import Rejected
from clients.prestashop.client import PrestaShopClient
from models.listings import ChangeKind, ChangeState
from sandbox.tiktok.order_model import Order
from tasks import order_moves
from tests.flows.orders import IMPORTED, Killed, Trade, codes

# A fast one of all of them together is in test_orders_there_and_back.
pytestmark = pytest.mark.slow

CONFIRMED, PARKED, PLANNED, SENT, SUPERSEDED = (
    ChangeState.CONFIRMED,
    ChangeState.PARKED,
    ChangeState.PLANNED,
    ChangeState.SENT,
    ChangeState.SUPERSEDED,
)
PAID, PREPARATION, SHIPPED, DELIVERED, CANCELLED = 2, 3, 4, 5, 6


def outcomes(trade: Trade) -> list[ChangeState]:
    return [change.state for change in trade.made(ChangeKind.STATE)]


def on_its_way(trade: Trade, number: int) -> Order:
    """An order that the carrier has."""
    order = trade.order(number)
    trade.book.ship(order)
    trade.book.collect(order)
    return order


def writes(trade: Trade) -> dict[str, int]:
    """Requests that PrestaShop took, but for reading."""
    return {name: count for name, count in trade.sandbox.prestashop.stats.requests.items() if "GET" not in str(name)}


def expect_rest(trade: Trade) -> None:
    """Another run plans nothing and moves nothing."""
    moved = [trade.states(trade.order(number)) for number in range(3)]
    before, written = outcomes(trade), writes(trade)
    assert "planned" not in trade.follow().counts
    assert ([trade.states(trade.order(number)) for number in range(3)], outcomes(trade)) == (moved, before)
    assert writes(trade) == written
    assert not {PLANNED, SENT} & set(before)


def test_in_transit_and_delivered_reach_prestashop_without_a_mail(trade: Trade) -> None:
    shop = trade.sandbox.prestashop
    order, other = on_its_way(trade, 0), trade.order(1)
    mails = shop.mails(trade.id_order(order))
    result = trade.follow()
    assert (trade.state(order), codes(result), result.counts["confirmed"]) == (SHIPPED, [], 1)
    trade.book.deliver(order)
    trade.follow()
    trade.book.complete(order)
    trade.follow()
    assert trade.states(order) == [IMPORTED, SHIPPED, DELIVERED]
    assert trade.states(other) == [IMPORTED]
    assert shop.mails(trade.id_order(order)) == mails
    assert outcomes(trade) == [CONFIRMED, CONFIRMED]
    assert [text for text in trade.told(order) if text.startswith("PrestaShop status set")]
    expect_rest(trade)


def test_several_orders_share_a_request(trade: Trade) -> None:
    orders = [on_its_way(trade, number) for number in range(3)]
    before = sum(writes(trade).values())
    trade.follow()
    assert [trade.states(order) for order in orders] == [[IMPORTED, SHIPPED]] * 3
    assert sum(writes(trade).values()) == before + 1


def test_customers_are_mailed_when_that_is_set(trade: Trade) -> None:
    trade.order_settings(mail_customers=True)
    order = on_its_way(trade, 0)
    before = trade.sandbox.prestashop.mails(trade.id_order(order))
    trade.follow()
    assert len(trade.sandbox.prestashop.mails(trade.id_order(order))) == len(before) + 1
    expect_rest(trade)


def test_collection_changes_nothing(trade: Trade) -> None:
    order = trade.order(0)
    trade.book.ship(order)
    expect_rest(trade)
    assert trade.states(order) == [IMPORTED]


def test_switched_off_nothing_moves(trade: Trade) -> None:
    trade.order_settings(tiktok_status_to_prestashop=False)
    on_its_way(trade, 0)
    expect_rest(trade)


def test_a_status_that_is_mapped_to_nothing_changes_nothing(trade: Trade) -> None:
    trade.map_status("IN_TRANSIT", 0)
    order = on_its_way(trade, 0)
    expect_rest(trade)
    trade.book.deliver(order)
    trade.follow()
    assert trade.states(order) == [IMPORTED, DELIVERED]


def test_a_mapping_of_the_merchants_own(trade: Trade) -> None:
    trade.map_status("AWAITING_COLLECTION", PREPARATION)
    order = trade.order(0)
    trade.book.ship(order)
    trade.follow()
    assert trade.states(order) == [IMPORTED, PREPARATION]
    expect_rest(trade)


def test_nothing_goes_backwards(trade: Trade) -> None:
    order = on_its_way(trade, 0)
    trade.set_state(order, DELIVERED)
    expect_rest(trade)
    assert trade.states(order) == [IMPORTED, DELIVERED]


def test_an_order_that_a_person_moved_on_stays_there(trade: Trade) -> None:
    order = on_its_way(trade, 0)
    trade.follow()
    trade.set_state(order, PREPARATION)
    expect_rest(trade)
    assert trade.state(order) == PREPARATION
    trade.book.deliver(order)
    trade.follow()
    assert trade.state(order) == DELIVERED


def test_an_order_that_prestashop_cancelled_stays_cancelled(trade: Trade) -> None:
    order = on_its_way(trade, 0)
    trade.set_state(order, CANCELLED)
    expect_rest(trade)


def test_moved_by_a_person_between_the_look_and_the_call(trade: Trade) -> None:
    order = on_its_way(trade, 0)
    shop = trade.sandbox.prestashop
    trade.follow(dry_run=True)
    # Not by the clock: the date of the order's change is that of its last reading.
    shop.set_order_state(trade.id_order(order), SHIPPED)
    trade.follow()
    assert trade.states(order).count(SHIPPED) == 1
    expect_rest(trade)


def test_an_order_asked_for_goes_alone(trade: Trade) -> None:
    order, other = on_its_way(trade, 0), on_its_way(trade, 1)
    trade.follow(order_ids=[order.id])
    assert (trade.state(order), trade.state(other)) == (SHIPPED, IMPORTED)


def test_orders_that_prestashop_no_longer_has(trade: Trade) -> None:
    gone, order = on_its_way(trade, 0), on_its_way(trade, 1)
    trade.sandbox.prestashop.delete_order(trade.id_order(gone))
    assert codes(trade.follow()) == []
    assert trade.state(order) == SHIPPED


def test_killed_between_the_call_and_the_record(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    order = on_its_way(trade, 0)
    with monkeypatch.context() as patch:
        patch.setattr(order_moves, "_keep", Killed.raising)
        with pytest.raises(Killed):
            trade.follow()
    assert (outcomes(trade), trade.states(order)) == ([SENT], [IMPORTED, SHIPPED])
    trade.follow()
    assert (outcomes(trade), trade.states(order)) == ([CONFIRMED], [IMPORTED, SHIPPED])
    expect_rest(trade)


def test_killed_before_the_call(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    order = on_its_way(trade, 0)
    with monkeypatch.context() as patch:
        patch.setattr(PrestaShopClient, "create_many", Killed.raising)
        with pytest.raises(Killed):
            trade.follow()
    assert outcomes(trade) == [SENT]
    trade.follow()
    assert (outcomes(trade), trade.states(order)) == ([SUPERSEDED, CONFIRMED], [IMPORTED, SHIPPED])
    expect_rest(trade)


@pytest.mark.parametrize("mails", [False, True])
@pytest.mark.parametrize("fault", ["reset_after=1x1", "reset_after=1x3", "html_503=1x1", "truncated=1x2"])
def test_answers_that_are_lost(trade: Trade, fault: str, mails: bool) -> None:
    trade.order_settings(mail_customers=mails)
    orders = [on_its_way(trade, number) for number in range(3)]
    trade.faults(f"{fault}@POST /api/order_histories")
    trade.follow()
    trade.faults("")
    trade.follow()
    assert [trade.states(order) for order in orders] == [[IMPORTED, SHIPPED]] * 3
    assert set(outcomes(trade)) <= {CONFIRMED, SUPERSEDED}
    expect_rest(trade)


def test_a_state_that_is_gone_changes_nothing(trade: Trade) -> None:
    trade.map_status("IN_TRANSIT", 77)
    order = on_its_way(trade, 0)
    expect_rest(trade)
    assert trade.states(order) == [IMPORTED]


def test_one_refusal_does_not_hold_up_the_others_and_is_one_change(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [on_its_way(trade, number) for number in range(3)]
    refused = trade.id_order(orders[1])
    create, create_many = PrestaShopClient.create, PrestaShopClient.create_many
    refusal = Rejected("POST: refused", shop="prestashop", code="90", cause="No.", fix="None.", request_id="r1")

    def some(client: PrestaShopClient, resource: str, rows: list[dict[str, Any]]) -> Any:
        for number, row in enumerate(rows):
            if row["id_order"] == refused:
                create_many(client, resource, rows[:number])
                raise refusal
        return create_many(client, resource, rows)

    def one(client: PrestaShopClient, resource: str, row: dict[str, Any], **options: Any) -> Any:
        if row["id_order"] == refused:
            raise refusal
        return create(client, resource, row, **options)

    with monkeypatch.context() as patch:
        patch.setattr(PrestaShopClient, "create_many", some)
        patch.setattr(PrestaShopClient, "create", one)
        for _ in range(2):
            result = trade.follow()
            assert [(failure.code, failure.request_id) for failure in result.failures] == [("90", "r1")]
    assert [trade.states(order)[1:] for order in orders] == [[SHIPPED], [], [SHIPPED]]
    assert sorted(outcomes(trade)) == [CONFIRMED, CONFIRMED, PARKED]
    # By hand, so it need not be done any more.
    trade.set_state(orders[1], SHIPPED)
    trade.follow()
    assert sorted(outcomes(trade)) == [CONFIRMED, CONFIRMED, SUPERSEDED]
    expect_rest(trade)


def test_a_dry_run_stores_its_plan_and_moves_nothing(trade: Trade) -> None:
    order = on_its_way(trade, 0)
    for _ in range(2):
        assert trade.follow(dry_run=True).counts["planned"] == 1
    assert trade.states(order) == [IMPORTED]
    (change,) = trade.made(state=[PLANNED])
    assert (change.before["state"], change.after["state"]) == (IMPORTED, SHIPPED)
    trade.follow()
    assert trade.states(order) == [IMPORTED, SHIPPED]
    expect_rest(trade)


def test_no_buyer_in_results_logs_and_records(trade: Trade, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(3):
        on_its_way(trade, number)
    trade.expect_no_buyer(trade.follow(), caplog.text)
