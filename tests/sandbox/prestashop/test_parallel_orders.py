"""Order POSTs that overlap: decrements are lost, a cart can be ordered twice (READMEs of both sets of recordings)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest

from sandbox.prestashop import checkout
from sandbox.prestashop.world import World
from sandbox.server import Sandbox
from tests.sandbox.prestashop.order_maker import OrderMaker


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(products=20) as running:
        yield running


class Crossing:
    """Orders of one product, posted at the same moment."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.world: World = sandbox.prestashop
        self.maker = OrderMaker(self.world)
        self.product = next(row for row in self.world.tables["products"].ids if not self.world.combination_ids(row))
        self.world.set_pack(self.product, [])
        self.world.set_stock(self.product, 100)
        customer = self.maker.customer()
        place = self.maker.address(customer)
        self.carts = [self.maker.cart(customer, place, [(self.product, 0, 1)], carrier=7) for _ in range(3)]
        total = self.world.order(self.post(self.carts[2], "1"))["total_paid"]
        self.world.set_stock(self.product, 100)
        self.total = str(total)

    def post(self, cart: int, total: str) -> int:
        answer = self.send(cart, total)
        assert answer.status_code == 201, answer.text
        found = self.world.order_of_cart(cart)
        assert found is not None
        return found

    def send(self, cart: int, total: str, when: Callable[[], object] = lambda: None) -> httpx.Response:
        body = f"<prestashop>{self.maker.order_xml(cart, total)}</prestashop>"
        with httpx.Client(trust_env=False, auth=(self.world.key, "")) as client:
            when()
            return client.post(f"{self.world.base_url}/api/orders", content=body.encode())

    def at_once(self, *carts: int) -> list[int]:
        # Long enough for the second to arrive in, however busy the machine.
        self.world.order_seconds = 0.5
        both = Barrier(len(carts))
        with ThreadPoolExecutor(len(carts)) as threads:
            answers = list(threads.map(lambda cart: self.send(cart, self.total, both.wait), carts))
        return [answer.status_code for answer in answers]


def test_one_after_the_other_nothing_is_lost(sandbox: Sandbox) -> None:
    crossing = Crossing(sandbox)
    for cart in crossing.carts[:2]:
        crossing.post(cart, crossing.total)
    assert crossing.send(crossing.carts[0], crossing.total).status_code == 500
    assert (crossing.world.stock(crossing.product), crossing.world.parallel_orders) == (98, 0)
    assert crossing.world.orders_in_flight == 0


def test_two_at_once_lose_a_decrement(sandbox: Sandbox) -> None:
    crossing = Crossing(sandbox)
    assert crossing.at_once(*crossing.carts[:2]) == [201, 201]
    assert (crossing.world.stock(crossing.product), crossing.world.parallel_orders) == (99, 1)


def test_one_cart_twice_at_once_makes_two_orders(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "_SAME_MOMENT", 0.5)
    crossing = Crossing(sandbox)
    cart = crossing.carts[0]
    assert crossing.at_once(cart, cart) == [201, 201]
    assert len(crossing.world.orders_of_cart(cart)) == 2
    assert crossing.world.parallel_orders == 1
    assert crossing.send(cart, crossing.total).status_code == 500


def test_an_answer_lost_after_the_order_was_made(sandbox: Sandbox) -> None:
    crossing = Crossing(sandbox)
    for kind in ("reset_after", "truncated"):
        sandbox.faults.set(f"{kind}=1x1@POST /api/orders")
        cart = crossing.carts.pop(0)
        with pytest.raises(httpx.TransportError):
            crossing.send(cart, crossing.total)
        assert crossing.world.order_of_cart(cart) is not None
    assert crossing.world.parallel_orders == 0
