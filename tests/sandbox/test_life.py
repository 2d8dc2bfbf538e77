"""A world that goes on by itself: seeded, at its pace, never raising, stopped at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.life import Life
from sandbox.listings import fill_shelf
from sandbox.oracle import Connection
from sandbox.server import Sandbox
from sandbox.tiktok.order_generator import Mix, OrderGenerator

pytestmark = pytest.mark.slow

HOUR = 3600
PLAIN = Mix(on_hold=0, unpaid=0, pre_order=0, fulfilled_by_tiktok=0, cash_on_delivery=0)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Both shops with a listed catalogue."""
    with Sandbox(products=40, seed=5) as running:
        fill_shelf(running.prestashop, running.tiktok, Connection("GB", "GBP"))
        yield running


def import_orders(sandbox: Sandbox) -> list[int]:
    """What the connector does with the orders that wait: one of PrestaShop's each, with the note it leaves."""
    shop, made = sandbox.prestashop, []
    noted = {str(shop.order(key).get("note") or "") for key in shop.tables["orders"].ids}
    id_product = next(
        key for key in shop.tables["products"].ids if not shop.combination_ids(key) and shop.stock(key) > 20
    )
    for order in sandbox.tiktok.shop.book.orders.values():
        note = f"TikTok Shop order {order.id}"
        if order.status == "AWAITING_SHIPMENT" and note not in noted:
            made.append(shop.order_elsewhere(id_product))
            shop.tables["orders"].update(made[-1], {"note": note})
    return made


def picture(sandbox: Sandbox) -> list[Any]:
    """What is left of a life, without the moments."""
    shop, book = sandbox.prestashop, sandbox.tiktok.shop.book
    return [
        {key: shop.row("products", key)["price"] for key in shop.tables["products"].ids},
        {key: shop.row("stock_availables", key)["quantity"] for key in shop.tables["stock_availables"].ids},
        [(order.status, f"{order.payment['total_amount']}") for order in book.orders.values()],
    ]


def test_everything_happens_at_its_rate(sandbox: Sandbox) -> None:
    life = Life(sandbox, seed=3)
    for _ in range(6):
        life.live(HOUR)
        sandbox.advance(HOUR)
        import_orders(sandbox)
    life.live(HOUR)
    assert list(life.errors) == []
    assert 300 < life.happened["order"] < 550
    assert life.happened["stock"] > 400
    assert {
        "price", "special", "edit", "sale elsewhere", "buyer cancels", "buyer asks to cancel",
        "buyer corrects the address", "merchant cancels", "edit on TikTok Shop", "shipped",
    } <= life.happened.keys()  # fmt: skip


def test_the_same_seed_lives_the_same_life() -> None:
    lives = []
    for _ in range(2):
        with Sandbox(products=20, seed=5) as running:
            fill_shelf(running.prestashop, running.tiktok, Connection("GB", "GBP"))
            life = Life(running, seed=9)
            life.live(HOUR)
            lives.append((life.happened, picture(running)))
    assert lives[0] == lives[1]


def test_an_imported_order_is_shipped_with_a_number(sandbox: Sandbox) -> None:
    life = Life(sandbox, seed=2, orders_per_hour=0)
    shop, (made, *_) = sandbox.prestashop, import_one(sandbox)
    life.live(1)
    assert shop.parcels(made)[0]["tracking_number"] == ""
    life.live(1500)
    number = shop.parcels(made)[0]["tracking_number"]
    assert len(number) == 20
    assert number.isdigit()
    assert shop.order_states(made)[-1] == 4
    assert life.happened["shipped"] == 1


def import_one(sandbox: Sandbox) -> list[int]:
    OrderGenerator(sandbox.tiktok, 1, PLAIN).place_random(1)
    return import_orders(sandbox)


def test_orders_of_others_are_not_shipped(sandbox: Sandbox) -> None:
    life = Life(sandbox, seed=2, orders_per_hour=0)
    life.live(8 * HOUR)
    assert life.happened["sale elsewhere"] > 50
    assert life.happened["shipped"] == 0


def test_in_a_thread_it_lives_at_its_pace_until_the_end(sandbox: Sandbox) -> None:
    with Life(sandbox, pace=2000, seed=4) as life:
        while life.happened["order"] < 5:
            time.sleep(0.01)
        # The carrier is as quick, with nobody else looking.
        assert sandbox.tiktok.shop.book.pace.remorse == 1
        book = sandbox.tiktok.shop.book
        order = OrderGenerator(sandbox.tiktok, 1, PLAIN).place_random(1)[0]
        book.ship(order)
        sandbox.advance(60)
        while order.status not in ("DELIVERED", "COMPLETED"):
            time.sleep(0.01)
    assert not [thread for thread in threading.enumerate() if thread.name == "sandbox-life"]
    assert list(life.errors) == []
    lived = life.happened.copy()
    time.sleep(0.3)
    assert life.happened == lived


def test_what_goes_wrong_is_kept_and_life_goes_on(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life(sandbox, seed=3)

    def fail(*_: Any, **__: Any) -> None:
        raise KeyError("no such row")

    monkeypatch.setattr(sandbox.prestashop, "set_stock", fail)
    life.live(HOUR)
    assert life.failures == len(life.errors) > 0
    assert set(life.errors) == {"stock: KeyError: 'no such row'"}
    assert life.happened["order"] > 0


def test_at_pace_0_nothing_happens(sandbox: Sandbox) -> None:
    before = picture(sandbox)
    with Life(sandbox, pace=0):
        time.sleep(0.3)
    assert picture(sandbox) == before


def test_before_anything_is_listed_only_prestashop_lives() -> None:
    with Sandbox(products=10, seed=5) as running:
        life = Life(running, seed=3)
        life.live(HOUR)
    assert list(life.errors) == []
    assert "order" not in life.happened
    assert life.happened["stock"] > 0
