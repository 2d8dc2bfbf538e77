"""shipment_push end to end: what leaves PrestaShop is told to TikTok Shop once, with the right carrier and number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import delete

from clients.tiktok.client import TikTokClient
from models.database import database
from models.listings import ChangeKind, ChangeState
from models.templates import CarrierMapping
from rules.decision import Decision
from rules.tracking import ShipCall
from sandbox.tiktok.order_model import Order
from tasks import shipments
from tasks.report import BatchReport
from tasks.runs import run_alone
from tasks.shipments import ByHand, ship_batch
from tests.flows.orders import SHIP, Killed, Trade, codes
from tests.stall import Stall

# A fast one of all of them together is in test_orders_there_and_back.
pytestmark = pytest.mark.slow

CONFIRMED, PARKED, SENT, SUPERSEDED = (
    ChangeState.CONFIRMED,
    ChangeState.PARKED,
    ChangeState.SENT,
    ChangeState.SUPERSEDED,
)


def by_hand(trade: Trade, order: Order, parcel: ByHand, **options: Any) -> BatchReport:
    """A person ships it from the tool (I7)."""
    key = trade.row(order).key
    with run_alone("shipment_push", "sandbox", {}, dry_run=False, turn="orders") as run:
        return ship_batch.fn(run, [key], by_hand={key: parcel}, **options)


def outcomes(trade: Trade) -> list[ChangeState]:
    return [change.state for change in trade.made(ChangeKind.SHIP)]


def expect_rest(trade: Trade) -> None:
    """Another run plans nothing and sends nothing."""
    before = trade.sent_to(*SHIP), outcomes(trade)
    result = trade.push()
    assert (trade.sent_to(*SHIP), outcomes(trade)) == before
    assert "planned" not in result.counts
    assert not set(before[1]) & {ChangeState.PLANNED, SENT}


# A parcel leaves


def test_a_tracking_number_marks_the_order_as_shipped_once(trade: Trade) -> None:
    order = trade.order(1)
    trade.track(order, "EV 123 456 789")
    result = trade.push()
    assert (order.status, trade.numbers(order)) == ("AWAITING_COLLECTION", ["EV123456789"])
    assert trade.carrier_name(order) == "Evri"
    assert (result.counts["confirmed"], codes(result)) == (1, [])
    assert "Shipped on TikTok Shop with the tracking number EV123456789" in trade.told(order)
    assert outcomes(trade) == [CONFIRMED]
    expect_rest(trade)


def test_nothing_is_asked_for_orders_without_a_number(trade: Trade) -> None:
    before = trade.calls("/order")
    assert "planned" not in trade.push().counts
    assert trade.calls("/order") == before


def test_an_order_asked_for_goes_alone(trade: Trade) -> None:
    for number in (0, 1):
        trade.track(trade.order(number), f"EV00000000{number}")
    trade.push(order_ids=[trade.sold[1]])
    assert [trade.order(number).status for number in (0, 1)] == ["AWAITING_SHIPMENT", "AWAITING_COLLECTION"]


def test_an_order_asked_for_that_has_not_left_is_no_failure(trade: Trade) -> None:
    result = trade.push(order_ids=trade.sold)
    assert (codes(result), trade.made()) == ([], [])


def test_a_carrier_without_a_provider_waits_until_it_is_mapped(trade: Trade) -> None:
    order = trade.order(0)
    with database().write() as session:
        session.execute(delete(CarrierMapping))
    trade.track(order, "EV123456789")
    for _ in range(2):
        result = trade.push()
        assert codes(result) == ["carrier_not_mapped"]
        assert "The nearest by name:" in result.failures[0].fix
    assert outcomes(trade) == [PARKED]
    assert trade.sent_to(*SHIP) == 0
    trade.map_carrier(trade.carrier_of(order), "DPD UK")
    assert codes(trade.push()) == []
    assert trade.carrier_name(order) == "DPD UK"
    assert outcomes(trade) == [SUPERSEDED, CONFIRMED]
    expect_rest(trade)


def test_a_delivery_option_that_is_gone_holds_up_no_other_order(trade: Trade) -> None:
    first, second = trade.order(0), trade.order(1)
    known = first.delivery_option_id
    first.delivery_option_id = "7999999999999999999"
    for number, order in enumerate((first, second)):
        trade.track(order, f"EV00000000{number}")
    for _ in range(2):
        assert len(codes(trade.push())) == 1
    assert (first.status, trade.numbers(second)) == ("AWAITING_SHIPMENT", ["EV000000001"])
    assert sorted(outcomes(trade)) == [CONFIRMED, PARKED]
    first.delivery_option_id = known
    assert codes(trade.push()) == []
    assert trade.numbers(first) == ["EV000000000"]
    expect_rest(trade)


def test_a_carrier_edited_in_the_back_office_is_the_same_carrier(trade: Trade) -> None:
    order, shop = trade.order(0), trade.sandbox.prestashop
    shop.edit_carrier(shop.carrier(trade.carrier_of(order)), name="Renamed")
    trade.track(order, "EV123456789")
    assert codes(trade.push()) == []
    assert trade.carrier_name(order) == "Evri"


@pytest.mark.parametrize("number", ["EV1", "EV12345678&", "Ä123456789", "EV" + "1" * 60])
def test_a_number_that_is_none_is_told_and_corrected_in_prestashop(trade: Trade, number: str) -> None:
    order = trade.order(0)
    trade.track(order, number)
    assert codes(trade.push()) == ["tracking_invalid"]
    assert (order.status, trade.sent_to(*SHIP)) == ("AWAITING_SHIPMENT", 0)
    trade.track(order, "EV123456789")
    assert codes(trade.push()) == []
    assert trade.numbers(order) == ["EV123456789"]
    expect_rest(trade)


def test_a_number_that_tiktok_shop_refuses_is_not_sent_again_until_it_changes(trade: Trade) -> None:
    order = trade.order(0)
    with database().write() as session:
        session.execute(delete(CarrierMapping))
    trade.map_carrier(trade.carrier_of(order), "Royal Mail")
    trade.track(order, "NOT-ROYAL")
    assert codes(trade.push()) == ["21011022"]
    calls = trade.sent_to(*SHIP)
    again = trade.push()
    assert (again.counts["parked before"], codes(again), trade.sent_to(*SHIP)) == (1, [], calls)
    assert codes(trade.push(retry_parked=True)) == ["21011022"]
    trade.track(order, "AB123456789GB")
    trade.push()
    assert (trade.numbers(order), outcomes(trade)[-1]) == (["AB123456789GB"], CONFIRMED)
    expect_rest(trade)


# By the order's state (C9)


def test_a_state_that_means_shipped_ships(trade: Trade) -> None:
    trade.order_settings(shipped_trigger="order_state", shipped_states=[4])
    order, other = trade.order(0), trade.order(1)
    for one in (order, other):
        trade.track(one, f"EV{one.id[-9:]}")
    assert "planned" not in trade.push().counts
    trade.set_state(order, 4)
    trade.push()
    assert [one.status for one in (order, other)] == ["AWAITING_COLLECTION", "AWAITING_SHIPMENT"]
    expect_rest(trade)


def test_a_state_that_came_and_went_between_two_runs_ships_too(trade: Trade) -> None:
    trade.order_settings(shipped_trigger="order_state", shipped_states=[4])
    order = trade.order(0)
    trade.track(order, "EV123456789")
    trade.set_state(order, 4)
    trade.set_state(order, 5)
    trade.push()
    assert order.status == "AWAITING_COLLECTION"
    expect_rest(trade)


def test_a_shipped_state_without_a_number_is_told(trade: Trade) -> None:
    trade.order_settings(shipped_trigger="order_state", shipped_states=[4])
    order = trade.order(0)
    trade.set_state(order, 4)
    assert codes(trade.push()) == ["tracking_missing"]
    trade.track(order, "EV123456789")
    assert codes(trade.push()) == []
    assert (trade.numbers(order), outcomes(trade)) == (["EV123456789"], [SUPERSEDED, CONFIRMED])


# Several parcels


def test_the_first_of_several_numbers_stands_for_the_one_package(trade: Trade) -> None:
    order = trade.order(2)
    trade.track(order, "EV111111111")
    trade.sandbox.prestashop.add_order_carrier(trade.id_order(order), "EV222222222")
    trade.push()
    assert trade.numbers(order) == ["EV111111111"]
    assert order.status == "AWAITING_COLLECTION"
    reasons = [one["code"] for change in trade.made(ChangeKind.SHIP) for one in change.reasons]
    assert "number_not_sent" in reasons
    before = trade.sent_to(*SHIP)
    trade.push()
    assert (trade.sent_to(*SHIP), outcomes(trade)) == (before, [CONFIRMED])


def test_units_that_a_person_names_leave_first_and_the_rest_with_the_number_of_prestashop(trade: Trade) -> None:
    order = trade.order(2)
    first = [unit.id for unit in order.units][:1]
    report = by_hand(trade, order, ByHand("EV111111111", trade.carrier_of(order), tuple(first)))
    assert (report.counts["confirmed"], report.failures) == (1, [])
    assert order.status == "PARTIALLY_SHIPPING"
    trade.track(order, "EV222222222")
    trade.push()
    assert sorted(trade.numbers(order)) == ["EV111111111", "EV222222222"]
    assert order.unit(first[0]).package_id != order.units[-1].package_id
    expect_rest(trade)


def test_a_person_names_units_that_are_none(trade: Trade) -> None:
    order = trade.order(0)
    report = by_hand(trade, order, ByHand("EV111111111", unit_ids=("1",)))
    assert [failure.code for failure in report.failures] == ["unit_unknown"]
    assert trade.sent_to(*SHIP) == 0


# Corrections


@pytest.fixture
def shipped(trade: Trade) -> Trade:
    """The second order has left."""
    trade.track(trade.order(1), "EV111111111")
    trade.push()
    return trade


def test_a_corrected_number_reaches_tiktok_shop_once(shipped: Trade) -> None:
    order = shipped.order(1)
    shipped.track(order, "EV222222222")
    assert shipped.push().counts["confirmed"] == 1
    assert (shipped.numbers(order), shipped.parcels(order)[0].changes) == (["EV222222222"], 1)
    expect_rest(shipped)


def test_a_second_correction_is_left_to_a_person(shipped: Trade) -> None:
    order = shipped.order(1)
    for number in ("EV222222222", "EV333333333"):
        shipped.track(order, number)
        result = shipped.push()
    assert codes(result) == ["correction_refused"]
    assert shipped.numbers(order) == ["EV222222222"]


def test_a_correction_after_three_days_is_left_to_a_person(shipped: Trade) -> None:
    order = shipped.order(1)
    shipped.clock.advance(hours=73)
    shipped.track(order, "EV222222222")
    for _ in range(2):
        result = shipped.push()
        assert codes(result) == ["correction_refused"]
    assert shipped.sent_to("/shipping_info/update") == 0
    assert outcomes(shipped) == [CONFIRMED, PARKED]


def test_a_correction_whose_answer_is_lost_is_read_back(shipped: Trade) -> None:
    order = shipped.order(1)
    shipped.track(order, "EV222222222")
    shipped.faults("reset_after=1x1@POST /fulfillment/*/shipping_info/update")
    for _ in range(2):
        shipped.push()
    assert shipped.numbers(order) == ["EV222222222"]
    assert outcomes(shipped) == [CONFIRMED, CONFIRMED]


# What keeps an order from being shipped


def test_a_buyer_who_asks_to_cancel_is_answered_first(trade: Trade) -> None:
    order = trade.order(0)
    desk = trade.sandbox.tiktok.shop.aftersales
    trade.track(order, "EV123456789")
    trade.push(dry_run=True)
    request = desk.buyer_requests_cancellation(order.id)
    for _ in range(2):
        result = trade.push()
        assert codes(result) == ["pending_cancellation"]
    assert (trade.sent_to(*SHIP), order.status) == (0, "AWAITING_SHIPMENT")
    desk.buyer_withdraws(request.id)
    trade.push()
    assert trade.numbers(order) == ["EV123456789"]
    expect_rest(trade)


def test_a_person_may_ship_in_spite_of_a_request(trade: Trade) -> None:
    order = trade.order(0)
    trade.sandbox.tiktok.shop.aftersales.buyer_requests_cancellation(order.id)
    report = by_hand(trade, order, ByHand("EV123456789", despite_cancellation=True))
    # In Great Britain TikTok Shop itself refuses that (21011007).
    assert [failure.code for failure in report.failures] == ["21011007"]
    assert outcomes(trade) == [PARKED]


def test_an_order_on_hold_waits(trade: Trade) -> None:
    order = trade.place(1, on_hold=True, timed=True)
    trade.push(order_ids=[order.id])
    assert trade.made() == []
    trade.clock.advance(hours=2)
    trade.bring(order)
    trade.track(order, "EV123456789")
    trade.push()
    assert trade.numbers(order) == ["EV123456789"]


def test_an_order_cancelled_on_tiktok_shop_is_told(trade: Trade) -> None:
    order = trade.order(0)
    trade.track(order, "EV123456789")
    trade.book.cancel_by_system(order)
    assert codes(trade.push()) == ["cancelled_on_tiktok"]
    assert codes(trade.push()) == []
    assert trade.sent_to(*SHIP) == 0


@pytest.mark.parametrize(
    "entry",
    [{"shipping_type": "TIKTOK"}, {"shipping_type": "TIKTOK", "fulfillment_type": "FULFILLMENT_BY_TIKTOK"}],
)
def test_what_tiktok_ships_itself_is_left_alone(trade: Trade, entry: dict[str, Any]) -> None:
    trade.order_settings(tiktok_fulfilled="import")
    order = trade.bring(trade.place(1, **entry))
    trade.track(order, "EV123456789")
    for _ in range(2):
        result = trade.push()
        assert (codes(result), result.counts.get("planned")) == ([], None)
    assert trade.sent_to(*SHIP) == 0


def test_shipped_in_seller_center_with_the_same_number_is_left_as_it_is(trade: Trade) -> None:
    order = trade.order(0)
    trade.book.ship(order, tracking_number="EV123456789")
    trade.track(order, "ev123456789")
    assert codes(trade.push()) == []
    assert (trade.sent_to(*SHIP), trade.numbers(order)) == (0, ["EV123456789"])
    expect_rest(trade)


def test_shipped_elsewhere_between_the_look_and_the_call(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    order = trade.order(0)
    trade.track(order, "EV123456789")
    mark_shipped = TikTokClient.mark_shipped

    def too_late(client: TikTokClient, *arguments: Any) -> Any:
        if order.status == "AWAITING_SHIPMENT":
            trade.book.ship(order, tracking_number="EV999999999")
        return mark_shipped(client, *arguments)

    monkeypatch.setattr(TikTokClient, "mark_shipped", too_late)
    result = trade.push()
    assert codes(result) == ["21011006"]
    assert outcomes(trade) == [PARKED]
    assert trade.numbers(order) == ["EV999999999"]


# Lost answers and dead runs


@pytest.mark.parametrize("lost", [1, 3, 9])
def test_lost_answers_do_not_ship_twice(trade: Trade, lost: int) -> None:
    order = trade.order(2)
    trade.track(order, "EV123456789")
    trade.faults(f"reset_after=1x{lost}@POST /fulfillment/*/packages")
    for _ in range(3):
        trade.push()
    assert [package.tracking_number for package in order.packages.values()] == ["EV123456789"]
    assert outcomes(trade) == [CONFIRMED]
    expect_rest(trade)


def test_calls_that_never_arrive_are_made_by_a_later_run(trade: Trade) -> None:
    order = trade.order(0)
    trade.track(order, "EV123456789")
    trade.faults("reset_before=1x7@POST /fulfillment/*/packages")
    result = trade.push()
    assert (result.counts["unresolved"], outcomes(trade)) == (1, [SENT])
    trade.faults("")
    trade.push()
    assert (trade.numbers(order), outcomes(trade)) == (["EV123456789"], [CONFIRMED])
    expect_rest(trade)


@pytest.mark.parametrize("number_stays", [True, False])
def test_killed_between_the_call_and_the_record(
    trade: Trade, monkeypatch: pytest.MonkeyPatch, number_stays: bool
) -> None:
    order = trade.order(0)
    trade.track(order, "EV123456789")
    with monkeypatch.context() as patch:
        patch.setattr(shipments, "finish", Killed.raising)
        with pytest.raises(Killed):
            trade.push()
    assert (trade.numbers(order), outcomes(trade)) == (["EV123456789"], [SENT])
    if not number_stays:
        # PrestaShop no longer asks for it; that it was sent is settled all the same.
        trade.track(order, "")
    calls = trade.sent_to(*SHIP)
    trade.push()
    assert (outcomes(trade), trade.sent_to(*SHIP)) == ([CONFIRMED], calls)
    expect_rest(trade)


def test_killed_before_the_call_and_the_number_corrected_since(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    order = trade.order(0)
    trade.track(order, "EV111111111")
    with monkeypatch.context() as patch:
        patch.setattr(TikTokClient, "mark_shipped", Killed.raising)
        with pytest.raises(Killed):
            trade.push()
    trade.track(order, "EV222222222")
    trade.push()
    assert trade.numbers(order) == ["EV222222222"]
    assert sorted(outcomes(trade)) == [CONFIRMED, SUPERSEDED]
    expect_rest(trade)


# Plans


def test_a_dry_run_stores_its_plan_and_sends_nothing(trade: Trade) -> None:
    order = trade.order(0)
    trade.track(order, "EV111111111")
    result = trade.push(dry_run=True)
    assert (result.counts["planned"], trade.sent_to(*SHIP), order.status) == (1, 0, "AWAITING_SHIPMENT")
    (change,) = trade.made()
    assert (change.state, change.after["tracking_number"]) == (ChangeState.PLANNED, "EV111111111")
    # The number is another by the time it is meant.
    trade.track(order, "EV222222222")
    trade.push()
    assert trade.numbers(order) == ["EV222222222"]
    assert outcomes(trade) == [SUPERSEDED, CONFIRMED]
    expect_rest(trade)


def test_a_plan_by_hand_that_was_dry_is_not_sent_later(trade: Trade) -> None:
    order = trade.order(1)
    key = trade.row(order).key
    with run_alone("shipment_push", "sandbox", {}, dry_run=True, turn="orders") as run:
        ship_batch.fn(run, [key], by_hand={key: ByHand("EV111111111")}, dry_run=True)
    trade.track(trade.order(0), "EV222222222")
    trade.push()
    assert (trade.numbers(order), trade.numbers(trade.order(0))) == ([], ["EV222222222"])


def test_no_buyer_in_results_logs_and_records(trade: Trade, caplog: pytest.LogCaptureFixture) -> None:
    with database().write() as session:
        session.execute(delete(CarrierMapping))
    for number in range(3):
        trade.track(trade.order(number), f"EV00000000{number}")
    result = trade.push()
    assert codes(result) == ["carrier_not_mapped"] * 3
    trade.expect_no_buyer(caplog.text, result)


# Markets that ship packages


@pytest.mark.slow
@pytest.mark.parametrize("is_known", [True, False])
def test_markets_that_ship_packages(
    open_stall: Callable[..., Stall], monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    if is_known:
        # The simulated PrestaShop has no country whose market is known to ship packages.
        monkeypatch.setattr(shipments, "ship_call", lambda *_: Decision(ShipCall.SHIP_PACKAGE))
    trade = Trade.of(open_stall(region="PL", products=8, audit_seconds=1.0))
    order, other = trade.place(1, 1), trade.place(2)
    trade.bring(order)
    trade.map_carrier(trade.carrier_of(order), "DHL")
    # Two packages, one number: the carrier takes both.
    trade.book.package(order, order.units[:1])
    trade.track(order, "DH123456789")
    if is_known:
        die_at_second(monkeypatch, trade)
    assert codes(trade.push()) == []
    assert (order.status, trade.numbers(order)) == ("AWAITING_COLLECTION", ["DH123456789"] * 2)
    assert outcomes(trade) == [CONFIRMED] * (2 if is_known else 1)
    expect_rest(trade)
    # A package is shipped whole or not at all.
    report = by_hand(trade, other, ByHand("DH987654321", unit_ids=(other.units[0].id,)))
    assert [failure.code for failure in report.failures] == ["split_first" if is_known else "21008106"]
    assert trade.numbers(other) == []


def die_at_second(monkeypatch: pytest.MonkeyPatch, trade: Trade) -> None:
    """The run is killed before it ships the second package: the next one finds the number known already."""
    ship_package, calls = TikTokClient.ship_package, [0]

    def dying(client: TikTokClient, *arguments: Any) -> Any:
        calls[0] += 1
        if calls[0] == 2:
            raise Killed
        return ship_package(client, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(TikTokClient, "ship_package", dying)
        with pytest.raises(Killed):
            trade.push()


@pytest.mark.slow
def test_the_same_on_postgresql(
    open_stall: Callable[..., Stall], empty_postgres: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", empty_postgres(""))
    trade = Trade.of(open_stall(products=8, audit_seconds=1.0))
    order, cancelled, asked = trade.place(1, 1), trade.place(1), trade.place(1)
    trade.sold += [one.id for one in (order, cancelled, asked)]
    trade.bring(order)
    trade.map_carrier(trade.carrier_of(order))
    by_hand(trade, order, ByHand("EV111111111", unit_ids=(order.units[0].id,)))
    trade.track(order, "EV222222222")
    trade.push()
    assert sorted(trade.numbers(order)) == ["EV111111111", "EV222222222"]
    trade.book.cancel_by_system(cancelled)
    trade.sandbox.tiktok.shop.aftersales.buyer_requests_cancellation(asked.id)
    trade.book.collect(order)
    for _ in range(2):
        trade.cancel()
        trade.follow()
    assert [trade.state(one) for one in (order, cancelled, asked)] == [4, 6, 6]
    assert {change.state for change in trade.made()} == {CONFIRMED}
    before = trade.sent_to(*SHIP), [trade.states(one) for one in (order, cancelled, asked)]
    for run in (trade.push, trade.cancel, trade.follow):
        assert "planned" not in run().counts
    assert (trade.sent_to(*SHIP), [trade.states(one) for one in (order, cancelled, asked)]) == before
