"""The merchant's side of a scenario: employees, warehouse and other customers, seen through the webservice."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from sandbox.faults import Faults
from sandbox.prestashop import timing
from sandbox.prestashop.world import World
from tests.sandbox.prestashop.client import client_of
from tests.sandbox.prestashop.order_maker import OrderMaker


@pytest.fixture
def shop() -> OrderMaker:
    return OrderMaker(World.fixtures())


def test_states_set_by_an_employee(shop: OrderMaker) -> None:
    order = shop.bought([(6, 0, 1)], "18.90")
    shop.world.set_order_state(order, 3)
    row = shop.json("order_histories", display="full", sort="[id_DESC]", limit="1")["order_histories"][0]
    assert (row["id_order_state"], row["id_employee"]) == ("3", "1")
    assert shop.world.mails(order)[-1] == "preparation"
    shop.world.cancel_order(order)
    assert (shop.world.stock(6), shop.world.order(order)["current_state"]) == (300, 6)
    with pytest.raises(KeyError):
        shop.world.set_order_state(order, 99)
    with pytest.raises(KeyError):
        shop.world.set_order_state(999, 3)


def test_an_employee_repairs_an_order_without_a_second_payment(shop: OrderMaker) -> None:
    order = shop.bought([(6, 0, 1)], "18.89")
    shop.world.set_order_state(order, 2)
    # The missing cent only: the payment before counts.
    assert [row["amount"] for row in shop.world.order_payments(order)] == ["18.890000", "0.010000"]


def test_tracking_and_a_second_parcel(shop: OrderMaker) -> None:
    order = shop.bought([(6, 0, 1)], "18.90")
    before = shop.world.order(order)["date_upd"]
    shop.world.advance(3600)
    first = shop.world.add_tracking(order, "1Z1", carrier_reference=1)
    second = shop.world.add_order_carrier(order, "1Z2")
    listed = shop.json("order_carriers", display="full", **{"filter[id_order]": f"[{order}]"})["order_carriers"]
    assert [(row["id"], row["tracking_number"], row["id_carrier"]) for row in listed] == [
        (first, "1Z1", "1"),
        (second, "1Z2", "2"),
    ]
    assert shop.world.order(order)["date_upd"] == before
    assert shop.world.mails(order)[-1] == "in_transit"
    virtual = shop.bought([(12, 0, 1)], "9.00")
    shop.world.add_tracking(virtual, "1Z3")
    assert shop.world.order(virtual)["shipping_number"] == "1Z3"


def test_an_order_in_the_front_shop(shop: OrderMaker) -> None:
    shop.world.advance(60)
    order = shop.world.order_elsewhere(1, 2, 3)
    stored = shop.world.order(order)
    assert (stored["current_state"], stored["payment"], stored["date_upd"]) == (2, "Bank transfer", shop.world.now())
    assert (shop.world.stock(1, 2), shop.world.order_total(order)) == (297, Decimal("64.36"))
    assert shop.world.sold({order: None}) == {(1, 2): 3}
    since = shop.ids("orders", date="1", **{"filter[date_upd]": f">[{shop.world.order(1)['date_upd']}]"})
    assert since == [order]


def test_an_edited_carrier_has_a_new_id(shop: OrderMaker) -> None:
    new = shop.world.edit_carrier(2, name="My carrier 2")
    listed = shop.json("carriers", display="[id,name]", **{"filter[id_reference]": "[2]", "filter[deleted]": "[0]"})
    assert listed == {"carriers": [{"id": new, "name": "My carrier 2"}]}
    assert (shop.world.carrier(2), shop.world.carrier_named("My carrier 2")) == (new, new)
    order = shop.world.order(shop.bought([(6, 0, 1)], "18.90", carrier=2))
    assert (order["id_carrier"], order["current_state"]) == (new, 11)
    deliveries = shop.json("deliveries", display="full", **{"filter[id_carrier]": f"[{new}]"})["deliveries"]
    assert {row["price"] for row in deliveries} == {"5.000000"}


@pytest.mark.parametrize(("region", "country"), [("US", "US"), ("GB", "GB"), ("ES", "ES"), ("DE", "DE")])
def test_generated_shops_are_ready_for_orders(region: str, country: str) -> None:
    clock = datetime.now(UTC)
    world = World.generate(30, 1, "8.2", region, base_url="http://127.0.0.1:8085", clock=lambda: clock)
    shop = OrderMaker(world)
    carrier = world.carrier_named("TikTok Shipping")
    product = next(
        row for row in world.tables["products"].ids if not world.tables["products"].rows[row].get("is_virtual")
    )
    variant = world.default_combination(product)
    had = world.stock(product, variant)
    for group in world.tables["groups"].ids:
        customer = shop.customer(id_default_group=group)
        cart = shop.cart(customer, shop.address(customer, dni="12345678Z"), [(product, variant, 1)], carrier=carrier)
        stored = world.order(shop.order(cart, "1"))
        assert (stored["id_carrier"], stored["total_shipping"]) == (carrier, "0.000000")
    assert world.stock(product, variant) == had
    states = {row["id_country"] for row in world.tables["states"].rows.values()}
    named = {world.tables["countries"].rows[row]["iso_code"] for row in states}
    assert {"US", "IT", "ES"} <= named
    active = {row["iso_code"] for row in world.tables["countries"].rows.values() if row["active"]}
    assert {country, "FR", "IT", "IE"} <= active


def test_work_that_is_done_though_the_answer_does_not_say_so() -> None:
    for rule, status in (("php_warning=1x1@POST /api/orders", 500), ("die_text=1x1@POST /api/orders", 500)):
        shop = OrderMaker(World.fixtures(), faults=Faults.parse(rule))
        customer = shop.customer()
        cart = shop.cart(customer, shop.address(customer), [(6, 0, 1)])
        answer = shop.post_order(cart, "18.90")
        assert answer.status_code == status
        assert (b"<code>" in answer.content) == rule.startswith("php")
        assert shop.world.order_of_cart(cart) is not None


def test_the_control_door_has_the_same_hands(shop: OrderMaker) -> None:
    order = shop.bought([(6, 0, 1)], "18.90")
    with client_of(shop.world, auth=None) as client:

        def control(name: str, /, **asked: object) -> dict[str, Any]:
            answer: httpx.Response = client.post(f"/_sandbox/{name}", json=asked)
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

        control("order_state", id=order, id_order_state=3)
        control("tracking", id=order, number="1Z1")
        control("parcel", id=order, number="1Z2")
        control("require_field", resource="addresses", field="phone")
        control("module", name="ps_checkpayment", active=False)
        control("cart_rule", reduction_percent="10")
        control("edit_carrier", id=2)
        control("mail_broken", on=True)
        fee = control("fee_product")["id"]
        elsewhere = control("order_elsewhere", id_product=7)["id"]
        control("cancel_order", id=order)
        control("delete_order", id=elsewhere)
        assert client.post("/_sandbox/order_state", json={"id": 999, "id_order_state": 3}).status_code == 400
        assert client.get("/_sandbox/stats").json()["parallel_orders"] == 0
    assert fee in shop.world.tables["products"]
    assert [row["tracking_number"] for row in shop.world.parcels(order)] == ["1Z1", "1Z2"]
    assert shop.world.order_states(order) == [11, 3, 6]


def test_measured_costs() -> None:
    """Fact sheet 11.3, ms: `big` has 11,058 stock rows, `huge` 117,558."""

    def ms(resource: str, method: str, entities: int = 1, stock: int = 11_058) -> float:
        return timing.write_cost(resource, method, entities, stock) * 1000 / entities

    assert ms("customers", "POST") == pytest.approx(62, abs=1)
    assert ms("addresses", "POST") == pytest.approx(13, abs=1)
    assert ms("carts", "POST", 20) == pytest.approx(1, abs=0.3)
    assert ms("specific_prices", "POST") == pytest.approx(13, abs=1)
    assert ms("orders", "POST") == pytest.approx(188, abs=5)
    assert ms("orders", "POST", stock=117_558) == pytest.approx(610, abs=40)
    assert ms("order_histories", "POST", 20) == pytest.approx(32, abs=2)
    assert ms("order_histories", "POST", 20, 117_558) == pytest.approx(257, abs=20)
    assert ms("orders", "PATCH") == pytest.approx(14, abs=1)
    assert ms("orders", "PATCH", 20) == pytest.approx(2, abs=0.3)


def test_a_hundred_carts_become_a_hundred_orders() -> None:
    shop = OrderMaker(World.fixtures())
    customer = shop.customer()
    place = shop.address(customer)
    carts = "".join(shop.cart_xml(customer, place, [(6, 0, 1)]) for _ in range(100))
    assert shop.send("POST", "carts", carts).status_code == 201
    made = shop.world.tables["carts"].ids[-100:]
    for cart in made:
        shop.order(cart, "18.90")
    assert shop.world.stock(6) == 200
