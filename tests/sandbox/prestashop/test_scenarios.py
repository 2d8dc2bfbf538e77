"""What scenarios do to a shop: the mutators, the control door, faults of PHP, and the cost model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.prestashop import timing
from sandbox.prestashop.world import World
from tests.sandbox.prestashop.client import Api, client_of


class Clock:
    now = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Strikes:
    """Faults that always strike."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds

    def draw(self, kind: str, method: str, path: str) -> bool:
        return kind in self.kinds


def test_only_saves_of_the_product_move_its_date() -> None:
    clock = Clock()
    world = World.fixtures(clock=clock)
    first = world.now()
    clock.now += timedelta(hours=1)
    world.set_stock(6, 4)
    world.set_stock(1, 4, id_product_attribute=2)
    world.set_impact(9, "2")
    world.add_specific_price(6, reduction="0.100000", reduction_type="percentage")
    assert [world.row("products", row_id)["date_upd"] for row_id in (1, 2, 6)] == [first] * 3
    world.set_price(6, "12")
    world.rename(7, "Renamed")
    world.set_active(8, active=False)
    assert [world.row("products", row_id)["date_upd"] for row_id in (6, 7, 8)] == [world.now()] * 3
    assert world.row("stock_availables", 1)["quantity"] == 7 * 300 + 4


def test_a_deleted_product_is_gone() -> None:
    world = World.fixtures()
    world.delete_product(6)
    assert Api(world).get("products/6").status_code == 404
    assert 6 not in Api(world).ids("stock_availables")


def test_a_stock_row_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        World.fixtures().set_stock(6, 1, id_product_attribute=99)


def test_the_control_door() -> None:
    world = World.fixtures()
    client = client_of(world)
    client.get("/api/products")
    client.get("/api/products/1")
    assert client.post("/_sandbox/stock", json={"id_product": 6, "quantity": 5}).json() == {"ok": True}
    assert client.post("/_sandbox/product", json={"id": 6, "fields": {"name": "Door"}}).status_code == 200
    assert client.post("/_sandbox/webservice", json={"enabled": False}).status_code == 200
    assert client.get("/_sandbox/stats").json() == {"requests": {"GET products": 2}, "parallel_orders": 0}
    assert client.post("/_sandbox/stock", json={"id_product": 999, "quantity": 5}).status_code == 400
    assert client.post("/_sandbox/stock", json={}).status_code == 400
    assert client.post("/_sandbox/unknown", json={}).status_code == 404
    assert client.get("/_sandbox/stock").status_code == 404
    assert (world.row("stock_availables", 6)["quantity"], world.webservice_enabled) == (5, False)
    assert world.tables["products"].text(6, "name") == {1: "Door"}


def test_a_php_warning_after_a_save_is_500_though_it_was_done() -> None:
    world = World.fixtures()
    api = Api(world, faults=Strikes("php_warning"))
    answer = api.send("PATCH", "products/6", "<product><id>6</id><price>1</price></product>")
    assert api.code(answer) == (500, 3)
    assert world.row("products", 6)["price"] == "1.000000"
    assert api.get("products/6").status_code == 200


def test_a_notice_before_the_body() -> None:
    answer = Api(World.fixtures(), faults=Strikes("notice_before_body")).get("products/6", output_format="JSON")
    assert answer.headers["content-type"] == "application/javascript"
    assert answer.text.startswith("<br />")
    assert '{"product":' in answer.text


def test_what_a_catalogue_of_5000_products_costs() -> None:
    """The sums come out near the measured ones: 18 s of work in full (11.1 row 3), 4.2 s slim, 0.5 s of stock."""

    def pages(resource: str, form: timing.Form, rows: int, size: int, lists: int = 0) -> float:
        return sum(
            timing.read_cost(resource, form, min(size, rows - start), lists, 0) for start in range(0, rows, size)
        )

    full = pages("products", "full", 5019, 100) + pages("combinations", "full", 6039, 100)
    assert 9 < full + pages("stock_availables", "full", 11058, 100) < 18
    slim = pages("products", "slim", 5019, 500, 2) + pages("combinations", "full", 6039, 500)
    assert 3.5 < slim + pages("stock_availables", "slim", 11058, 2000) < 5
    assert 0.4 < pages("stock_availables", "slim", 11058, 1000) < 1.1
    assert pages("products", "ids", 5019, 5019) < 0.03


@pytest.mark.parametrize(
    ("form", "requests", "rows", "flights", "seconds"),
    [("slim", 118, 117_558, 1, 13), ("slim", 59, 117_558, 2, 4.6), ("slim", 6, 117_558, 2, 3.2)],
)
def test_what_sweeping_117558_stock_rows_costs(
    form: timing.Form, requests: int, rows: int, flights: int, seconds: float
) -> None:
    """As 11.2 measured: pages of 1,000, 2,000 and 20,000."""
    each = timing.read_cost("stock_availables", form, rows // requests, 0, 0, 117_558)
    assert each * requests / flights == pytest.approx(seconds, rel=0.15)


def test_what_the_ids_only_sweep_costs() -> None:
    """The list of all ids and four digits of base 7, two in flight: 1.5 s measured, part of it the client's."""
    rows = 117_558
    digits = 28 * timing.read_cost("stock_availables", "ids", rows // 7, 0, 0, rows)
    total = digits + timing.read_cost("stock_availables", "ids", rows, 0, 0, rows)
    assert total / 2 == pytest.approx(1.4, rel=0.15)
