"""A sandbox that lives by itself, and the flows of a connection keeping both shops in step meanwhile."""

from __future__ import annotations

import pytest
from sqlmodel import select

from console.demo_orders import agree_on_orders
from flows.cancellation_sync import cancellation_sync
from flows.order_import import order_import
from flows.order_status_sync import order_status_sync
from flows.price_stock_sync import price_stock_sync
from flows.shipment_push import shipment_push
from flows.status_sync import status_sync
from models.database import database
from models.orders import Order, OrderStage
from sandbox.life import Life
from tests.flows.keeping_step import Listed

pytestmark = pytest.mark.slow

FLOWS = (order_import, shipment_push, cancellation_sync, order_status_sync, price_stock_sync, status_sync)
MINUTES = 10


def test_orders_come_in_and_leave_while_everything_moves(listed: Listed) -> None:
    agree_on_orders(listed.sandbox, listed.connection_id)
    book = listed.sandbox.tiktok.shop.book
    book.pace.remorse = 120
    life = Life(listed.sandbox, seed=6)
    for _ in range(5):
        life.live(MINUTES * 60)
        listed.sandbox.advance(MINUTES * 60)
        listed.clock.advance(minutes=MINUTES)
        for flow in FLOWS:
            flow("sandbox")
    assert list(life.errors) == []
    with database().read() as session:
        orders = session.exec(select(Order)).all()
    imported = [order for order in orders if order.stage is OrderStage.IMPORTED]
    assert len(imported) > life.happened["order"] / 2
    assert life.happened["shipped"] > 10
    # What the warehouse typed into PrestaShop is on TikTok Shop.
    numbers = {package.tracking_number for order in book.orders.values() for package in order.packages.values()}
    assert len([number for number in numbers if len(number) == 20 and number.startswith("7")]) > 5
