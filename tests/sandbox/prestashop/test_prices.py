"""`price[alias][…]`: the recorded figures to the cent, and the engine's rules (fact sheet 3.2)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from sandbox.prestashop.world import World
from tests.sandbox.prestashop.client import Api
from tests.sandbox.prestashop.recordings import recordings

RECORDED = recordings("8.2")


def product_price(world: World, product: int, **parameters: Any) -> Decimal:
    query = {f"price[p][{name}]": value for name, value in {"decimals": 6, **parameters}.items()}
    row = Api(world).json(f"products/{product}", display="[p]", **query)
    return Decimal(row["products"][0]["p"])


@pytest.fixture
def world() -> World:
    return World.fixtures("es")


def test_one_product_as_recorded() -> None:
    recorded = etree.fromstring(RECORDED[21].body)[0]
    answer = Api(World.fixtures()).client.get(RECORDED[21].target)
    found = etree.fromstring(answer.content)[0]
    for alias in ("pt", "pe", "full", "d6"):
        assert found.findtext(alias) == recorded.findtext(alias)


@pytest.mark.parametrize(("number", "shop"), [(22, "fresh"), (26, "fresh"), (133, "es")])
def test_lists_as_recorded(number: int, shop: str) -> None:
    found = Api(World.fixtures(shop)).client.get(RECORDED[number].target).json()  # type: ignore[arg-type]
    recorded = json.loads(RECORDED[number].body)
    if number == 22:
        # The demo shop's texts are its own.
        for row in (*recorded["products"], *found["products"]):
            row.pop("name")
    resource = next(iter(recorded))
    by_id = {row["id"]: row for row in found[resource]}
    assert by_id == {row["id"]: row for row in recorded[resource]}


def test_the_default_number_of_decimals_is_the_rounding_mode(world: World) -> None:
    world.set_price(6, "11.93456")
    api = Api(world)
    asked = {"display": "[p]", "price[p][use_tax]": 0}
    assert api.json("products/6", **asked)["products"][0]["p"] == "11.930000"
    world.set_setting("PS_PRICE_ROUND_MODE", "3")
    assert api.json("products/6", **asked)["products"][0]["p"] == "11.935000"


def test_an_amount_is_turned_into_the_asked_tax(world: World) -> None:
    world.add_specific_price(6, id_shop=0, reduction="1.210000", reduction_type="amount", reduction_tax=1)
    assert product_price(world, 6, use_tax=1) == Decimal("13.189000")
    assert product_price(world, 6, use_tax=0) == Decimal("10.900000")
    assert product_price(world, 6, use_tax=0, only_reduction=1) == Decimal("1.000000")
    assert product_price(world, 6, use_tax=0, use_reduction=0) == Decimal("11.900000")


def test_a_fixed_price_keeps_the_variants_impact_unless_it_is_the_variants_own(world: World) -> None:
    world.set_impact(20, "5")
    world.add_specific_price(5, id_shop=0, price="10.000000", reduction="0.000000")
    assert product_price(world, 5, use_tax=0, product_attribute=20) == 15
    world.add_specific_price(5, id_shop=0, id_product_attribute=20, price="12.000000", reduction="0.000000")
    assert product_price(world, 5, use_tax=0, product_attribute=20) == 12


def test_rows_that_do_not_fit_are_passed_over(world: World) -> None:
    common = {"id_shop": 0, "reduction": "0.500000", "reduction_type": "percentage"}
    for unfit in (
        {"id_cart": 4},
        {"id_customer": 4},
        {"id_group": 4},
        {"id_country": 21},
        {"id_currency": 2},
        {"from_quantity": 3},
        {"from": "2026-11-23 17:11:00"},
        {"to": "2026-11-23 17:09:59"},
    ):
        world.add_specific_price(7, **common, **unfit)
    assert product_price(world, 7, use_tax=0) == Decimal("11.9")
    assert product_price(world, 7, use_tax=0, group=4) == Decimal("5.95")
    assert product_price(world, 7, use_tax=0, quantity=3) == Decimal("5.95")


def test_the_group_weighs_more_than_the_country(world: World) -> None:
    world.add_specific_price(7, id_shop=0, id_country=6, reduction="0.100000", reduction_type="percentage")
    world.add_specific_price(7, id_shop=0, id_group=3, reduction="0.200000", reduction_type="percentage")
    assert product_price(world, 7, use_tax=0) == Decimal("9.52")


def test_a_groups_own_reduction_is_left_out(world: World) -> None:
    world.tables["groups"].update(3, {"reduction": "10.00"})
    assert product_price(world, 6, use_tax=0, group=3) == Decimal("11.9")


def test_currency_and_ecotax() -> None:
    world = World.fixtures("es")
    pounds = world.tables["currencies"].insert({"iso_code": "GBP", "conversion_rate": "0.500000"})
    world.set_fields("products", 6, {"ecotax": "1.000000"})
    assert product_price(world, 6, use_tax=0, currency=pounds) == Decimal("5.95")
    assert product_price(world, 6, use_tax=0, use_ecotax=1) == Decimal("12.9")
    world.add_specific_price(6, id_shop=0, id_currency=pounds, price="4.000000", reduction="0.000000")
    assert product_price(world, 6, use_tax=0, currency=pounds) == 4


def test_a_product_with_variants_but_no_default_one_costs_nothing(world: World) -> None:
    world.tables["combinations"].update(9, {"default_on": None})
    assert product_price(world, 2) == 0


@pytest.mark.parametrize(("behavior", "percent"), [(0, Decimal("5")), (1, Decimal("12")), (2, Decimal("12.35"))])
def test_taxes_of_a_state_and_its_country(world: World, behavior: int, percent: Decimal) -> None:
    tables = world.tables
    state = tables["taxes"].insert({"rate": "5.000"})
    country = tables["taxes"].insert({"rate": "7.000"})
    group = tables["tax_rule_groups"].insert({"name": "US"})
    rule = {"id_tax_rules_group": group, "id_country": 21}
    tables["tax_rules"].insert({**rule, "id_tax": country})
    tables["tax_rules"].insert({**rule, "id_tax": state, "id_state": 9, "behavior": behavior})
    world.set_fields("products", 6, {"id_tax_rules_group": group, "price": "100.000000"})
    assert product_price(world, 6, use_tax=1, country=21, state=9) == 100 + percent
    assert product_price(world, 6, use_tax=1, country=21, state=10) == 107
    assert product_price(world, 6, use_tax=1, country=8) == 100
