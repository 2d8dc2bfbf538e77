"""What a merchant does in the back office, and which dates move by it (fact sheet 5.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox.prestashop.world import World
from tests.sandbox.prestashop.client import Api, client_of


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    """The Spanish demo shop: 19 products, VAT of 21 % in tax rules group 1 of Spain."""
    return World.fixtures("es", clock=clock)


def price(world: World, product: int, **parameters: Any) -> Decimal:
    query = {f"price[p][{name}]": value for name, value in {"decimals": 6, "use_tax": 1, **parameters}.items()}
    return Decimal(Api(world).json(f"products/{product}", display="[p]", **query)["products"][0]["p"])


def dates(world: World) -> dict[int, str]:
    return {row_id: world.row("products", row_id)["date_upd"] for row_id in world.tables["products"].ids}


# What leaves no trace, and what does

SILENT: dict[str, Callable[[World], object]] = {
    "special price": lambda world: world.add_special(6, percent=20),
    "special price edited": lambda world: world.edit_special(world.add_special(6, percent=20), percent=10),
    "special price deleted": lambda world: world.delete_special(world.add_special(6, percent=20)),
    "catalogue-wide price": lambda world: world.add_special(0, percent=5),
    "tax rate": lambda world: world.change_tax_rate(1, "22"),
    "tax rules group": lambda world: world.edit_tax_rules_group(1),
    "currency rate": lambda world: world.set_currency_rate(1, "1.1"),
    "group reduction": lambda world: world.set_group_reduction(3, 10),
    "impact": lambda world: world.set_impact(9, "2"),
    "stock": lambda world: world.set_stock(6, -4),
    "stock flag": lambda world: world.set_out_of_stock(6, 1),
    "stock row gone": lambda world: world.vanish_stock_row(6),
    "variant deleted": lambda world: world.delete_combination(10),
    "variant made again": lambda world: world.recreate_combination(10),
    "unlinked": lambda world: world.unlink_product(6),
    "price of a module": lambda world: world.set_price_factor(6, "2"),
}


def link_again(world: World) -> None:
    world.unlink_product(6)
    world.relink_product(6)


SAVING: dict[str, Callable[[World], object]] = {
    "pack": lambda world: world.set_pack(6, [(7, 0, 2)], pack_stock_type=1),
    "active": lambda world: world.set_active(6, active=False),
    "price": lambda world: world.set_price(6, "3"),
    "linked again": link_again,
}


@pytest.mark.parametrize("name", SILENT)
def test_changes_that_move_no_products_date(world: World, clock: Clock, name: str) -> None:
    before = dates(world)
    clock.now += timedelta(hours=1)
    SILENT[name](world)
    assert dates(world) == before


@pytest.mark.parametrize("name", SAVING)
def test_changes_that_save_the_product(world: World, clock: Clock, name: str) -> None:
    before = dates(world)
    clock.now += timedelta(hours=1)
    SAVING[name](world)
    assert dates(world) == {**before, 6: world.now()}


def test_a_category_put_into_another_order_saves_all_its_products(world: World, clock: Clock) -> None:
    before = dates(world)
    members = dict(world.category_products[4])
    clock.now += timedelta(hours=1)
    world.reorder_category(4)
    moved = {row_id for row_id, date in dates(world).items() if date != before[row_id]}
    assert moved == set(members)
    assert world.category_products[4] == {row_id: len(members) + 1 - place for row_id, place in members.items()}


def test_a_groups_reduction_moves_the_groups_date(world: World, clock: Clock) -> None:
    clock.now += timedelta(hours=1)
    world.set_group_reduction(3, "7.5")
    row = world.row("groups", 3)
    assert (row["reduction"], row["date_upd"]) == ("7.50", world.now())
    assert world.row("groups", 2)["date_upd"] != world.now()


# Special prices


def test_special_prices_begin_and_end_by_the_minute(world: World, clock: Clock) -> None:
    start = clock.now + timedelta(hours=1)
    world.add_special(7, percent=50, start=start, end=start + timedelta(hours=1))
    full = price(world, 7)
    seen = []
    for minutes in (59, 60, 120, 121):
        clock.now = start + timedelta(minutes=minutes - 60)
        seen.append(price(world, 7) / full)
    assert seen == [1, Decimal("0.5"), Decimal("0.5"), 1]
    world.advance(-121 * 60)
    assert price(world, 7) == full
    world.advance(60 * 60)
    assert price(world, 7) == full / 2


def test_special_prices_of_a_group_a_currency_a_country_and_the_catalogue(world: World) -> None:
    pounds = world.tables["currencies"].insert({"iso_code": "GBP", "conversion_rate": "0.500000"})
    before = price(world, 8)
    world.add_special(0, percent=10)
    world.add_special(8, percent=20, id_country=21)
    world.add_special(8, amount="1", id_currency=pounds)
    world.add_special(8, price="5", id_group=2)
    assert price(world, 8) == before * Decimal("0.9")
    assert price(world, 8, country=21, use_tax=0) == price(world, 8, use_tax=0, use_reduction=0) * Decimal("0.8")
    assert price(world, 8, currency=pounds) == before / 2 - 1
    assert price(world, 8, group=2, use_tax=0) == 5


def test_an_edit_in_place_keeps_the_id(world: World) -> None:
    world.set_setting("PS_SPECIFIC_PRICE_FEATURE_ACTIVE", "0")
    row_id = world.add_special(8, percent=20)
    assert world.setting("PS_SPECIFIC_PRICE_FEATURE_ACTIVE") == "1"
    before = Api(world).ids("specific_prices")
    full = price(world, 8, use_reduction=0)
    world.edit_special(row_id, percent=40)
    assert Api(world).ids("specific_prices") == before
    assert price(world, 8) == full * Decimal("0.6")
    world.delete_special(row_id)
    assert price(world, 8) == full


# Taxes, currencies


def test_a_new_rate_is_a_new_tax_under_the_old_rules(world: World) -> None:
    rules = Api(world).json("tax_rules", display="full")["tax_rules"]
    rule = next(row for row in rules if row["id_country"] == "6" and row["id_tax_rules_group"] == "1")
    without = price(world, 6, use_tax=0)
    new = world.change_tax_rate(int(rule["id_tax"]), "25")
    assert price(world, 6) == without * Decimal("1.25")
    after = Api(world).json("tax_rules", display="full")["tax_rules"]
    assert [row["id"] for row in after] == [row["id"] for row in rules]
    assert next(row for row in after if row["id"] == rule["id"])["id_tax"] == str(new)
    old = world.row("taxes", int(rule["id_tax"]))
    assert (old["deleted"], world.row("taxes", new)["rate"]) == (1, "25.000")


def test_a_saved_tax_rules_group_gets_a_new_id_and_renumbers_products(world: World, clock: Clock) -> None:
    api = Api(world)
    taxed = api.ids("products", **{"filter[id_tax_rules_group]": "[1]"})
    without = price(world, 6, use_tax=0)
    clock.now += timedelta(hours=1)
    new = world.edit_tax_rules_group(1, {6: world.add_tax("10")})
    assert api.ids("products", **{"filter[id_tax_rules_group]": "[1]"}) == []
    assert api.ids("products", **{"filter[id_tax_rules_group]": f"[{new}]"}) == taxed
    assert price(world, 6) == without * Decimal("1.1")
    groups = {row["id"]: row for row in api.json("tax_rule_groups", display="full")["tax_rule_groups"]}
    assert [groups[row_id]["deleted"] for row_id in (1, new)] == ["1", "0"]
    # The old group's rules stay, the new one's are copies with new ids.
    rules = {row_id: api.ids("tax_rules", **{"filter[id_tax_rules_group]": f"[{row_id}]"}) for row_id in (1, new)}
    assert len(rules[1]) == len(rules[new]) > 0
    assert max(rules[1]) < min(rules[new])


def test_a_second_shop_is_renumbered_too(two_shops: Callable[[], World]) -> None:
    world = two_shops()
    world.shop_values["products", 6, 2] = {"id_tax_rules_group": 1}
    new = world.edit_tax_rules_group(1)
    assert world.value("products", 6, "id_tax_rules_group", 2) == new


def test_ecotax_has_a_tax_of_its_own(world: World) -> None:
    world.set_fields("products", 6, {"ecotax": "1.000000"})
    before = price(world, 6, use_ecotax=0)
    assert price(world, 6, use_ecotax=1) == before + 1
    world.set_setting("PS_ECOTAX_TAX_RULES_GROUP_ID", "1")
    assert price(world, 6, use_ecotax=1) == before + Decimal("1.21")
    assert price(world, 6, use_ecotax=1, use_tax=0) == price(world, 6, use_ecotax=0, use_tax=0) + 1


@pytest.mark.parametrize(("amount", "rounded"), [("1.005", "1.01"), ("1.015", "1.01"), ("1.0151", "1.02")])
def test_half_to_odd(world: World, amount: str, rounded: str) -> None:
    world.set_setting("PS_PRICE_ROUND_MODE", "5")
    world.set_price(6, amount)
    assert price(world, 6, use_tax=0, decimals=2) == Decimal(rounded)


# Products, variants, stock


def test_a_product_made_again_is_the_same_with_new_ids(world: World) -> None:
    api = Api(world)
    before = api.json("products/1")["product"]

    def prices(product: int) -> list[Decimal]:
        # Without reductions: the special prices went with the old product.
        return [price(world, product, product_attribute=i, use_reduction=0) for i in world.combination_ids(product)]

    prices_before = prices(1)
    new = world.recreate_product(1)
    assert api.get("products/1").status_code == 404
    after = api.json(f"products/{new}")["product"]
    for name in ("name", "reference", "price", "id_tax_rules_group", "active"):
        assert after[name] == before[name]
    assert len(after["associations"]["combinations"]) == len(before["associations"]["combinations"])
    assert prices(new) == prices_before
    stock = dict(world.stock_rows(new))
    assert sum(row["quantity"] for row in stock.values() if row.get("id_product_attribute")) == 8 * 300
    assert not set(world.combination_ids(new)) & set(range(1, 9))


def test_a_variant_made_again_has_new_ids_and_the_old_stock(world: World) -> None:
    world.set_stock(1, 17, 2)
    world.add_special(1, percent=50, id_product_attribute=2)
    new = world.recreate_combination(2)
    row_id = world.stock_row(1, new)
    assert row_id is not None
    assert world.row("stock_availables", row_id)["quantity"] == 17
    assert 2 not in Api(world).ids("combinations")
    assert world.row("stock_availables", world.stock_row(1) or 0)["quantity"] == 7 * 300 + 17
    # Its special price went with it.
    assert not [row for row in world.tables["specific_prices"].rows.values() if row.get("id_product_attribute") == 2]


def test_an_unlinked_product_is_in_no_list_but_its_stock_is(world: World) -> None:
    api = Api(world)
    variants = world.combination_ids(1)
    world.unlink_product(1)
    assert 1 not in api.ids("products")
    assert not set(variants) & set(api.ids("combinations"))
    assert api.get("products/1").status_code == 404
    assert api.ids("stock_availables", **{"filter[id_product]": "[1]"})
    world.relink_product(1)
    assert 1 in api.ids("products")


def test_a_stock_row_goes_and_comes_with_a_new_id(world: World) -> None:
    old = world.stock_row(6)
    world.vanish_stock_row(6)
    assert Api(world).ids("stock_availables", **{"filter[id_product]": "[6]"}) == []
    with pytest.raises(KeyError):
        world.vanish_stock_row(6)
    assert world.restore_stock_row(6, 9) != old
    world.vanish_stock_row(1, 2)
    world.restore_stock_row(1, 5, 2)
    assert world.row("stock_availables", world.stock_row(1) or 0)["quantity"] == 7 * 300 + 5


def test_a_module_changes_what_price_answers(world: World) -> None:
    before = price(world, 6)
    row = world.row("products", 6)
    world.set_price_factor(6, "1.5")
    assert price(world, 6) == before * Decimal("1.5")
    world.price_hook = lambda id_product, _, amount: amount + 1 if id_product == 7 else amount
    assert (price(world, 6), world.row("products", 6)) == (before * Decimal("1.5"), row)
    world.set_price_factor(6, None)
    assert price(world, 6) == before
    old = World.fixtures("es", version="1.7.8")
    old.set_price_factor(6, "3")
    assert price(old, 6) == before


# Filters over numbers below zero and with decimals


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("[-3|250000]", {-3, 250000}),
        ("[-3]", {-3}),
        ("[-10,0]", {-3, 0}),
        ("[0,-10]", {-3, 0}),
        ("[-5,-1]", {-3}),
        (">[-4]", {-3, 0, 7, 250000}),
        ("<[0]", {-3}),
        ("[7.0|-3.0]", {7, -3}),
    ],
)
def test_quantities_below_zero_and_huge_ones(world: World, written: str, found: set[int]) -> None:
    quantities = dict(zip((6, 7, 8, 9), (-3, 250_000, 0, 7), strict=True))
    for product, quantity in quantities.items():
        world.set_stock(product, quantity)
    rows = Api(world).json("stock_availables", display="[quantity]", **{"filter[quantity]": written})
    seen = {int(row["quantity"]) for row in rows["stock_availables"]}
    assert seen & set(quantities.values()) == found


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("[-1.5|4.25]", {9, 10}),
        ("[-1.500000|0.25]", {9, 11}),
        ("[-2,0.3]", {9, 11}),
        ("[-2.75,-1]", {9, 12}),
        ("<[-1.5]", {12}),
        (">[0.3]", {10}),
    ],
)
def test_impacts_below_zero_and_with_decimals(world: World, written: str, found: set[int]) -> None:
    for variant, impact in zip((9, 10, 11, 12), ("-1.5", "4.25", "0.25", "-2.75"), strict=True):
        world.set_impact(variant, impact)
    listed = set(Api(world).ids("combinations", **{"filter[price]": written}))
    assert listed & {9, 10, 11, 12} == found


# Switches, control door


def test_a_shop_that_is_down_answers_html(world: World) -> None:
    world.down = True
    answer = Api(world).get("products", output_format="JSON")
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (503, "text/html")
    assert client_of(world).post("/_sandbox/down", json={"on": False}).json() == {"ok": True}
    assert Api(world).get("products").status_code == 200


def test_lists_can_come_empty_with_200(world: World) -> None:
    world.empty_lists = {"stock_availables"}
    api = Api(world)
    answer = api.get("stock_availables", output_format="JSON")
    assert (answer.status_code, answer.json()) == (200, [])
    assert api.ids("products")
    assert api.json("stock_availables/1")["stock_available"]["id"] == 1


def test_everything_is_at_the_control_door(world: World, clock: Clock) -> None:
    client = client_of(world)

    def post(name: str, /, **body: Any) -> int:
        answer = client.post(f"/_sandbox/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return int(answer.json().get("id", 0))

    before = price(world, 6)
    special = post("special", id_product=6, percent=50, start="2026-11-24T08:00:00+00:00", id_group=3)
    assert price(world, 6) == before / 2
    post("edit_special", id=special, percent=10, end="2026-11-24T09:00:00+00:00")
    assert price(world, 6) == before * Decimal("0.9")
    post("advance", seconds=3660)
    assert price(world, 6) == before
    post("delete_special", id=special)
    tax = post("tax", rate="10")
    group = post("tax_group", id=1, taxes={"6": tax})
    assert world.row("products", 6)["id_tax_rules_group"] == group
    assert post("tax_rate", id_tax=tax, rate=0) > tax
    assert price(world, 6) == price(world, 6, use_tax=0)
    post("currency_rate", id=1, rate="2")
    post("currency_rate", id=1, rate="1")
    post("group_reduction", id=3, percent=5)
    post("impact", id_combination=9, price="-2.5")
    post("out_of_stock", id_product=6, flag=1)
    post("vanish_stock", id_product=6)
    assert post("restore_stock", id_product=6, quantity=-2)
    post("pack", id_product=6, contents=[[7, 0, 2]], pack_stock_type=1)
    post("active", id=6, active=False)
    post("setting", name="PS_PACK_STOCK_TYPE", value=1)
    post("price_factor", id_product=6, factor="2")
    post("price_factor", id_product=6, factor=None)
    post("save", id=6)
    post("reorder_category", id=4)
    post("unlink_product", id=6)
    post("relink_product", id=6)
    post("delete_combination", id=post("recreate_combination", id=9))
    post("delete_product", id=post("recreate_product", id=8))
    post("empty_lists", resources=["products"])
    assert Api(world).ids("products") == []
    for name, body in (
        ("special", {"id_product": 6, "percent": 5, "start": "2026-11-24T08:00:00"}),
        ("special", {"id_product": 6, "percent": "much"}),
        ("empty_lists", {"resources": ["nothing"]}),
        ("stock", {"id_product": "x", "quantity": 1}),
    ):
        assert client.post(f"/_sandbox/{name}", json=body).status_code == 400
