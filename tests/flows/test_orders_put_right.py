"""Orders PrestaShop made a cent apart: it puts them among the payment errors, and they are given their status again."""

from __future__ import annotations

from typing import Any

import pytest

from clients.prestashop.client import PrestaShopClient
from flows.order_import import order_import
from models.orders import OrderStage
from sandbox.tiktok import order_model
from tasks.order_finishing import OrderFinisher
from tests.flows.orders import IMPORTED, Killed, Trade, codes

pytestmark = pytest.mark.slow

PREPARATION, CANCELLED, ERROR = 3, 6, 8


@pytest.fixture
def order(trade: Trade) -> order_model.Order:
    """Not imported yet; a cart rule of the shop takes a cent off it."""
    trade.sandbox.prestashop.add_cart_rule(reduction_amount="0.01", reduction_tax=True)
    return trade.place(1)


def run(trade: Trade) -> list[str]:
    """Import, later; the codes of what failed."""
    trade.clock.advance(hours=2)
    return codes(order_import("sandbox"))


def die_moving(monkeypatch: pytest.MonkeyPatch) -> None:
    """PrestaShop has the new status, and the process ends before anything of it is recorded."""
    create_many = PrestaShopClient.create_many

    def last(client: PrestaShopClient, resource: str, rows: list[dict[str, Any]]) -> Any:
        answer = create_many(client, resource, rows)
        if resource == "order_histories":
            raise Killed
        return answer

    monkeypatch.setattr(PrestaShopClient, "create_many", last)


def die_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new status is recorded, not yet what it was for."""
    for name in ("_right", "_undone"):
        monkeypatch.setattr(OrderFinisher, name, Killed.raising)


def expect_repaired(trade: Trade, order: order_model.Order) -> None:
    """PrestaShop has the order once, paid; it was never cancelled."""
    row = trade.row(order)
    assert row.stage is OrderStage.IMPORTED
    assert trade.states(order) == [ERROR, IMPORTED]
    assert row.id_order == trade.sandbox.prestashop.order_of_cart(row.id_cart or 0)


def test_a_cent_apart_is_put_right(trade: Trade, order: order_model.Order) -> None:
    assert run(trade) == []
    expect_repaired(trade, order)


@pytest.mark.parametrize("die", [die_moving, die_moved])
def test_killed_putting_it_right(
    trade: Trade, order: order_model.Order, monkeypatch: pytest.MonkeyPatch, die: Any
) -> None:
    with monkeypatch.context() as patch:
        die(patch)
        with pytest.raises(Killed):
            run(trade)
    assert run(trade) == []
    expect_repaired(trade, order)


def test_killed_putting_it_right_and_moved_on_by_somebody(
    trade: Trade, order: order_model.Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        die_moving(patch)
        with pytest.raises(Killed):
            run(trade)
    trade.set_state(order, PREPARATION)
    assert run(trade) == []
    assert trade.row(order).stage is OrderStage.IMPORTED
    assert trade.states(order) == [ERROR, IMPORTED, PREPARATION]


def test_what_somebody_takes_up_while_it_is_put_right_is_theirs(
    trade: Trade, order: order_model.Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = OrderFinisher._move

    def overtaken(finisher: OrderFinisher, works: Any, state: int) -> bool:
        moved = move(finisher, works, state)
        trade.set_state(order, PREPARATION)
        return moved

    with monkeypatch.context() as patch:
        patch.setattr(OrderFinisher, "_move", overtaken)
        assert run(trade) == []
    assert trade.row(order).stage is OrderStage.IMPORTED
    assert trade.states(order) == [ERROR, IMPORTED, PREPARATION]


@pytest.mark.parametrize("die", [die_moving, die_moved])
def test_killed_undoing_a_wrong_one(trade: Trade, monkeypatch: pytest.MonkeyPatch, die: Any) -> None:
    trade.sandbox.prestashop.add_cart_rule(reduction_percent="10")
    order = trade.place(1)
    stock = trade.stock(order)
    with monkeypatch.context() as patch:
        die(patch)
        with pytest.raises(Killed):
            run(trade)
    assert trade.states(order) == [ERROR, CANCELLED]
    assert run(trade) == ["total_differs"]
    assert trade.row(order).id_order is None
    assert trade.stock(order) == stock
