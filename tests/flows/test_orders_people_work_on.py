"""Orders whose import is held up after PrestaShop made them: what people do with them meanwhile stays as it is."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from clients.errors import AccessDenied, Rejected
from clients.prestashop.client import PrestaShopClient
from flows.order_import import order_import
from models.orders import OrderStage
from sandbox.tiktok import order_model
from tasks.order_finishing import OrderFinisher
from tests.flows.orders import Killed, Trade, codes

pytestmark = pytest.mark.slow

PREPARATION, SHIPPED, CANCELLED = 3, 4, 6
GONE = 77


def run(trade: Trade, **parameters: Any) -> list[str]:
    """Import, later; the codes of what failed."""
    trade.clock.advance(hours=2)
    return codes(order_import("sandbox", **parameters))


def fulfil(trade: Trade, order: order_model.Order, state: int = SHIPPED) -> None:
    """The merchant gives the parcel to another carrier and moves the order on."""
    shop = trade.sandbox.prestashop
    present = trade.carrier_of(order)
    others = {int(row["id_reference"]) for row in shop.tables["carriers"].rows.values()} - {present}
    trade.track(order, "AB123456789GB", min(others))
    trade.set_state(order, state)


def expect_left_alone(trade: Trade, order: order_model.Order, state: int) -> None:
    """PrestaShop has the order once, as the merchant left it."""
    row = trade.row(order)
    assert (row.id_order, trade.state(order)) == (trade.sandbox.prestashop.order_of_cart(row.id_cart or 0), state)
    assert CANCELLED not in trade.states(order)


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, fault: Exception) -> None:
    """PrestaShop refuses a kind of call until the test undoes it."""

    def refused(*_: Any, **__: Any) -> NoReturn:
        raise fault

    monkeypatch.setattr(PrestaShopClient, name, refused)


def die_before_reading_back(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is made, and the process ends before it can be looked at."""
    with monkeypatch.context() as patch:
        patch.setattr(OrderFinisher, "verify", Killed.raising)
        with pytest.raises(Killed):
            run(trade)


def test_a_status_that_is_gone_waits_for_a_person(trade: Trade) -> None:
    trade.order_settings(imported_state=GONE)
    order = trade.place(1)
    assert run(trade) == ["status_gone"]
    row = trade.row(order)
    assert row.stage is OrderStage.VERIFIED
    assert "orders.imported_state" in row.parked_fix
    fulfil(trade, order)
    trade.order_settings(imported_state=PREPARATION)
    assert run(trade, retry_parked=True) == []
    assert trade.row(order).stage is OrderStage.IMPORTED
    expect_left_alone(trade, order, SHIPPED)


def test_a_refused_status_waits_for_a_person_and_holds_up_no_other(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade.order_settings(imported_state=PREPARATION)
    orders = [trade.place(1) for _ in range(3)]
    create_many = PrestaShopClient.create_many
    refused: list[int] = []

    def some(client: PrestaShopClient, resource: str, rows: list[dict[str, Any]]) -> Any:
        if resource == "order_histories":
            refused[:] = refused or [rows[0]["id_order"]]
            if rows[0]["id_order"] in refused:
                raise Rejected("POST: refused", shop="prestashop", code="46", cause="No.", fix="None.")
        return create_many(client, resource, rows)

    with monkeypatch.context() as patch:
        patch.setattr(PrestaShopClient, "create_many", some)
        assert run(trade) == ["46"]
        stages = sorted(trade.row(order).stage for order in orders)
        assert stages == [OrderStage.IMPORTED, OrderStage.IMPORTED, OrderStage.VERIFIED]
    assert run(trade, retry_parked=True) == []
    assert {(trade.row(order).stage, trade.state(order)) for order in orders} == {(OrderStage.IMPORTED, PREPARATION)}


def test_a_key_without_a_right_holds_up_an_order_that_is_shipped_meanwhile(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade.order_settings(imported_state=PREPARATION)
    order = trade.place(1)
    with monkeypatch.context() as patch:
        refuse(patch, "update_many", AccessDenied("PATCH orders: 405", shop="prestashop", code="26"))
        for _ in range(2):
            with pytest.raises(AccessDenied):
                run(trade)
            if trade.state(order) != SHIPPED:
                fulfil(trade, order)
    assert trade.row(order).stage is OrderStage.VERIFIED
    assert run(trade) == []
    assert trade.row(order).stage is OrderStage.IMPORTED
    expect_left_alone(trade, order, SHIPPED)


def test_a_wrong_order_that_is_worked_on_is_not_cancelled(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    order = trade.place(1)
    die_before_reading_back(trade, monkeypatch)
    fulfil(trade, order, PREPARATION)
    for _ in range(2):
        assert run(trade, retry_parked=True) == ["order_worked_on"]
        assert "carrier" in trade.row(order).parked_cause
        expect_left_alone(trade, order, PREPARATION)


def test_a_right_order_that_is_worked_on_is_imported_as_it_stands(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade.order_settings(imported_state=PREPARATION)
    order = trade.place(1)
    die_before_reading_back(trade, monkeypatch)
    trade.set_state(order, SHIPPED)
    assert run(trade) == []
    assert trade.row(order).stage is OrderStage.IMPORTED
    expect_left_alone(trade, order, SHIPPED)
