"""What people do about orders, end to end: ship, cancel, answer, delete and fetch, mend and replay (I2, I7–I9, K7)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from clients.tiktok.client import TikTokClient
from flows.order_answer import order_answer
from flows.order_cancel import order_cancel
from flows.order_import import order_import
from flows.order_ship import order_ship
from models.database import database
from models.listings import ChangeKind, ChangeState, ListingSku
from models.orders import Order, OrderStage
from sandbox.tiktok import order_model
from tasks.order_list import find_orders
from tasks.order_privacy import delete_orders
from tasks.order_writing import OrderWriter
from tasks.parked import correct_address, give_variant, parked_named, release, waiting_of
from tests.flows.orders import APPROVE, CANCEL, REJECT, SHIP, Killed, Trade, codes

pytestmark = pytest.mark.slow

NO_DELIVERY = "seller_cancel_paid_reason_address_not_deliver_uk"
CANCELLED = 6


def in_prestashop(trade: Trade) -> int:
    """How many orders PrestaShop has."""
    return len(trade.sandbox.prestashop.tables["orders"].rows)


def outcomes(trade: Trade) -> list[ChangeState]:
    """Of cancellations on TikTok Shop."""
    return [change.state for change in trade.made(ChangeKind.CANCEL)]


def delete(trade: Trade, order: order_model.Order) -> None:
    assert delete_orders(trade.connection_id, [trade.row(order).key]) == 1


def test_a_parcel_that_a_person_names_is_told_once(trade: Trade) -> None:
    order = trade.order(1)
    first = order.units[0].id
    dry = order_ship(order.id, "EV111111111", "sandbox", line_ids=[first], dry_run=True)
    assert (dry.counts["planned"], trade.sent_to(*SHIP)) == (1, 0)
    result = order_ship(order.id, "EV111111111", "sandbox", trade.carrier_of(order), [first])
    assert (codes(result), result.counts["confirmed"], order.status) == ([], 1, "PARTIALLY_SHIPPING")
    rest = order_ship(order.id, "EV222222222", "sandbox")
    assert (codes(rest), sorted(trade.numbers(order))) == ([], ["EV111111111", "EV222222222"])


def test_a_person_cancels_on_both_sides(trade: Trade) -> None:
    order = trade.order(0)
    stock = trade.stock(order)
    dry = order_cancel([order.id], NO_DELIVERY, "sandbox", dry_run=True)
    assert (dry.counts["planned"], trade.sent_to(CANCEL)) == (1, 0)
    result = order_cancel([order.id], NO_DELIVERY, "sandbox")
    assert (codes(result), order.status, trade.state(order)) == ([], "CANCELLED", CANCELLED)
    assert trade.stock(order) == {one: pieces + 1 for one, pieces in stock.items()}
    trade.cancel()
    assert (trade.states(order).count(CANCELLED), trade.sent_to(CANCEL)) == (1, 1)


def test_a_reason_that_is_not_allowed_lists_those_that_are(trade: Trade) -> None:
    result = order_cancel([trade.order(0).id], "no_reason", "sandbox")
    assert codes(result) == ["cancel_reason_not_allowed"]
    assert NO_DELIVERY in result.failures[0].fix
    assert trade.order(0).status == "AWAITING_SHIPMENT"


def test_a_cancellation_without_an_answer_is_not_forgotten(trade: Trade) -> None:
    order = trade.order(0)
    trade.faults(f"reset_before=1@POST /return_refund/*{CANCEL}")
    assert order_cancel([order.id], NO_DELIVERY, "sandbox").counts["unresolved"] == 1
    trade.faults("")
    # It may show a little later; nobody looks for it for ever.
    assert codes(trade.cancel()) == []
    assert outcomes(trade) == [ChangeState.SENT]
    trade.clock.advance(hours=1)
    assert codes(trade.cancel()) == ["cancel_not_shown"]
    for _ in range(2):
        assert codes(trade.cancel()) == []
        assert outcomes(trade) == [ChangeState.PARKED]
        (waiting,) = waiting_of(trade.connection_id, order.id)
        assert f"connector orders cancel {order.id}" in waiting.fix
    assert (codes(order_cancel([order.id], NO_DELIVERY, "sandbox")), order.status) == ([], "CANCELLED")
    assert outcomes(trade) == [ChangeState.CONFIRMED]
    assert waiting_of(trade.connection_id, order.id) == []


def test_a_cancellation_that_shows_later_is_confirmed(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    order = trade.order(0)
    with monkeypatch.context() as patch:
        patch.setattr(TikTokClient, "cancel_order", lambda *_: None)
        assert order_cancel([order.id], NO_DELIVERY, "sandbox").counts["unresolved"] == 1
    trade.cancel()
    units = [unit.id for unit in order.units]
    trade.sandbox.tiktok.shop.aftersales.seller_cancels(order, units, NO_DELIVERY)
    trade.cancel()
    assert outcomes(trade) == [ChangeState.CONFIRMED]


@pytest.mark.parametrize(("answer", "path"), [("approve", APPROVE), ("reject", REJECT)])
def test_a_person_answers_a_buyer(trade: Trade, answer: Any, path: str) -> None:
    trade.order_settings(buyer_cancellations="ask")
    order = trade.order(0)
    request = trade.sandbox.tiktok.shop.aftersales.buyer_requests_cancellation(order.id)
    result = order_answer([order.id], answer, "sandbox")
    assert (codes(result), result.counts["confirmed"], trade.sent_to(path)) == ([], 1, 1)
    assert request.status.endswith("_CANCEL") == (path is REJECT)
    trade.cancel()
    assert (trade.state(order) == CANCELLED) == (path is APPROVE)
    again = order_answer([order.id], answer, "sandbox")
    assert (codes(again), trade.sent_to(path)) == (["nothing_to_answer"], 1)


def test_a_deleted_order_is_left_alone_until_it_is_fetched(trade: Trade) -> None:
    order = trade.order(0)
    id_order, before = trade.id_order(order), in_prestashop(trade)
    delete(trade, order)
    trade.track(order, "EV123456789")
    trade.set_state(order, 4)
    trade.push()
    order_import("sandbox")
    assert (trade.sent_to(*SHIP), trade.row(order).stage) == (0, OrderStage.IGNORED)
    assert codes(order_import("sandbox", order_ids=[order.id])) == []
    row = trade.row(order)
    assert (row.stage, row.id_order, in_prestashop(trade)) == (OrderStage.IMPORTED, id_order, before)
    trade.push()
    assert trade.numbers(order) == ["EV123456789"]


@pytest.mark.slow
@pytest.mark.parametrize("step", ["addresses", "carts", "prices", "orders"])
@pytest.mark.parametrize("after", [False, True])
def test_an_order_deleted_half_made_is_made_once_when_it_is_fetched(
    trade: Trade, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    order, before = trade.place(1), in_prestashop(trade)
    real = getattr(OrderWriter, step)

    def dying(writer: OrderWriter, works: Any) -> None:
        if after:
            real(writer, works)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(OrderWriter, step, dying)
        with pytest.raises(Killed):
            order_import("sandbox")
    delete(trade, order)
    order_import("sandbox")
    assert trade.row(order).stage is OrderStage.IGNORED
    assert codes(order_import("sandbox", order_ids=[order.id])) == []
    assert trade.row(order).stage is OrderStage.IMPORTED
    assert in_prestashop(trade) == before + 1


def test_an_unknown_sku_is_mended_and_tried_again(trade: Trade) -> None:
    order = trade.place(1)
    sku = order.units[0].sku_id
    with database().write() as session:
        link = session.exec(select(ListingSku).where(col(ListingSku.sku_id) == sku)).one()
        variant = (link.id_product or 0, link.id_product_attribute or 0)
        # Neither the link nor the SKU's own name leads anywhere.
        link.id_product = link.id_product_attribute = None
        session.add(link)
    for unit in order.units:
        unit.seller_sku = "NOWHERE"
    assert len(codes(order_import("sandbox"))) == 1
    (waiting,) = parked_named(trade.connection_id, [f"order:{order.id}"])
    give_variant(trade.connection_id, row_named(trade, order), "NOWHERE", variant)
    for rerun in release(trade.connection_id, [waiting]):
        assert (rerun.flow, dict(rerun.parameters)) == ("order_import", {"order_ids": [order.id]})
        assert codes(order_import("sandbox", **rerun.parameters)) == []
    assert trade.row(order).stage is OrderStage.IMPORTED
    table = trade.sandbox.prestashop.tables["order_details"]
    rows = [table.rows[row] for row in table.where("id_order", trade.id_order(order))]
    assert variant in {(row["product_id"], row["product_attribute_id"]) for row in rows}


def test_a_corrected_address_reaches_prestashop(trade: Trade) -> None:
    order = trade.order(0)
    assert correct_address(row_named(trade, order), {"city": "Bath", "postcode": "BA1 1AA"}) == ()
    order_import("sandbox")
    address = trade.sandbox.prestashop.row("addresses", trade.row(order).id_address or 0)
    assert (address["city"], address["postcode"]) == ("Bath", "BA1 1AA")
    assert not trade.row(order).address_changed


def row_named(trade: Trade, order: order_model.Order) -> Order:
    return find_orders(trade.connection_id, [order.id])[0]


def test_nothing_of_a_buyer_is_told(trade: Trade) -> None:
    order = trade.order(0)
    shipped = order_ship(order.id, "EV111111111", "sandbox")
    refused = order_cancel([order.id], NO_DELIVERY, "sandbox")
    trade.expect_no_buyer(shipped, refused, [change.model_dump() for change in trade.made(ChangeKind.SHIP)])
