"""The generated shop: the same for the same seed, every family and oddity at 200 products, sound at any size."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from sandbox.prestashop.generator.vocabulary import FAMILIES
from sandbox.prestashop.tables import Row
from sandbox.prestashop.world import World
from tests.sandbox.prestashop.client import Api

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def generate(products: int, seed: int = 7, region: str = "FR") -> World:
    return World.generate(products, seed, "8.2", region, base_url="http://shop.test", clock=lambda: NOW)


@cache
def small() -> World:
    return generate(200)


def products(world: World) -> list[Row]:
    return [world.row("products", row_id) for row_id in world.tables["products"].ids]


def dump(world: World) -> str:
    rows = {name: table.rows for name, table in world.tables.items()}
    names = {row_id: world.tables["products"].text(row_id, "name") for row_id in world.tables["products"].ids}
    return json.dumps([rows, names, {key: repr(image) for key, image in world.images.items()}], sort_keys=True)


def test_the_seed_decides() -> None:
    assert dump(generate(150)) == dump(generate(150))
    assert dump(generate(150)) != dump(generate(150, seed=8))


def test_a_bigger_shop_begins_with_the_smaller_one() -> None:
    assert products(generate(60))[:40] == products(generate(100))[:40]


@pytest.mark.parametrize("products_asked", [40, 200, 1000])
def test_every_family_is_there(products_asked: int) -> None:
    world = generate(products_asked)
    assert len(world.tables["products"]) == products_asked
    assert {row["_family"] for row in products(world)} == set(range(len(FAMILIES)))


def test_the_mix_of_simple_products_and_variants() -> None:
    world = generate(2000)
    with_variants = [row_id for row_id in world.tables["products"].ids if world.combination_ids(row_id)]
    assert 0.40 < 1 - len(with_variants) / 2000 < 0.50
    assert 1.1 < len(world.tables["combinations"]) / 2000 < 1.35
    groups = Counter(
        len(world.tables["combinations"].rows[world.combination_ids(row_id)[0]]["_values"]) for row_id in with_variants
    )
    assert set(groups) == {1, 2, 3}
    assert world.tables["products"].ids[-1] > 2000


ODDITIES: dict[str, Callable[[Row], Any]] = {
    "draft": lambda row: row["state"] == 0,
    "inactive": lambda row: row["active"] == 0 and row["state"] == 1,
    "not for order": lambda row: row["available_for_order"] == 0,
    "price hidden": lambda row: row["show_price"] == 0,
    "must be customized": lambda row: row["customizable"] == 2,
    "virtual": lambda row: row["is_virtual"] == 1,
    "pack": lambda row: row["product_type"] == "pack" and row["_bundle"],
    "minimum of two": lambda row: row["minimal_quantity"] == 2,
    "used or refurbished": lambda row: row["condition"] != "new",
    "hidden": lambda row: row["visibility"] != "both",
    "no reference": lambda row: row["reference"] == "",
    "reference with spaces": lambda row: row["reference"].startswith(" "),
    "short reference": lambda row: len(row["reference"]) == 2,
    "no barcode": lambda row: row["ean13"] == "",
    "bad barcode": lambda row: row["ean13"] and not valid_ean(row["ean13"]),
    "no weight": lambda row: row["weight"] == "0.000000" and not row["is_virtual"],
    "no size": lambda row: row["width"] == "0.000000" and not row["is_virtual"],
    "size with decimals": lambda row: row["width"].endswith(".500000"),
    "no picture": lambda row: not row.get("_images"),
    "no maker": lambda row: row["id_manufacturer"] == 0,
    "reduced rate": lambda row: row["id_tax_rules_group"] == 2,
    "zero rate": lambda row: row["id_tax_rules_group"] == 3,
    "ecotax": lambda row: row["ecotax"] != "0.000000",
}


def valid_ean(code: str) -> bool:
    digits = [int(digit) for digit in code]
    return len(digits) == 13 and sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


@pytest.mark.parametrize("name", ODDITIES)
def test_200_products_hold(name: str) -> None:
    found = [row for row in products(small()) if ODDITIES[name](row)]
    assert 1 <= len(found) <= 40


def test_all_kinds_of_packs() -> None:
    found = {row["pack_stock_type"] for row in products(generate(200)) if row["product_type"] == "pack"}
    assert found == {0, 1, 2, 3}


def test_doubles_of_references_and_barcodes() -> None:
    rows = products(small())
    for field in ("reference", "ean13"):
        counts = Counter(row[field] for row in rows if row[field])
        assert max(counts.values()) == 2
    assert sum(valid_ean(row["ean13"]) for row in rows if row["ean13"]) > 150


def test_stock_of_all_sorts_and_sums_that_hold() -> None:
    world = small()
    rows = [world.row("stock_availables", row_id) for row_id in world.tables["stock_availables"].ids]
    quantities = [row["quantity"] for row in rows]
    assert min(quantities) < 0
    assert 0 in quantities
    assert max(quantities) >= 250_000
    assert {row["out_of_stock"] for row in rows} == {0, 1, 2}
    for product in world.tables["products"].ids:
        by_variant = {row.get("id_product_attribute", 0): row["quantity"] for _, row in world.stock_rows(product)}
        assert set(by_variant) == {0, *world.combination_ids(product)}
        if len(by_variant) > 1:
            assert by_variant[0] == sum(by_variant.values()) - by_variant[0]


def test_promotions_of_all_sorts() -> None:
    world = small()
    rows = [world.row("specific_prices", row_id) for row_id in world.tables["specific_prices"].ids]
    now = world.now()
    open_end = "0000-00-00 00:00:00"
    assert any(row["to"] not in (open_end,) and row["to"] < now for row in rows)
    assert any(row["from"] > now for row in rows)
    assert any(row["from"] != open_end and row["from"] < now < row["to"] for row in rows)
    for name in ("id_group", "id_currency", "id_country", "id_cart", "id_customer", "id_product_attribute"):
        assert any(row[name] for row in rows), name
    assert any(row["from_quantity"] > 1 for row in rows)
    assert {(row["reduction_type"], row["reduction_tax"]) for row in rows} >= {
        ("amount", 0),
        ("amount", 1),
        ("percentage", 1),
    }
    assert any(row["price"] != "-1.000000" for row in rows)


def test_texts_are_varied_and_in_two_languages() -> None:
    world = small()
    table = world.tables["products"]
    texts = [table.text(row_id, "description")[1] for row_id in table.ids]  # type: ignore[index]
    for part in ("<table", "style=", "<script", "https://cdn.example", "🎁", "&nbsp;"):
        assert any(part in text for text in texts), part
    assert max(map(len, texts)) > 10_000
    assert "" in texts
    names = [table.text(row_id, "name") for row_id in table.ids]
    assert all(name and len(name[1]) <= 128 and not re.search(r"[<>;=#{}]", name[1] + name[2]) for name in names)
    assert max(len(name[1]) for name in names if name) > 100
    assert sum(name[1] != name[2] for name in names if name) > 150


@pytest.mark.parametrize(("region", "second"), [("FR", "fr"), ("GB", "fr"), ("DE", "de"), ("ES", "es")])
def test_the_region_sets_country_and_second_language(region: str, second: str) -> None:
    world = generate(20, region=region)
    assert [row["iso_code"] for row in world.tables["languages"].rows.values()] == ["en", second]
    home = int(world.setting("PS_COUNTRY_DEFAULT"))
    assert world.tables["countries"].rows[home]["iso_code"] == region


@pytest.mark.parametrize(("region", "rate"), [("GB", 20), ("FR", 20), ("DE", 19), ("ES", 21), ("US", 0)])
def test_the_standard_rate_of_the_region(region: str, rate: int) -> None:
    world = generate(20, region=region)
    product = next(row_id for row_id, row in world.tables["products"].rows.items() if row["id_tax_rules_group"] == 1)
    world.tables["products"].update(product, {"price": "100.000000"})
    for row_id in list(world.tables["specific_prices"].ids):
        world.tables["specific_prices"].delete(row_id)
    query = {"display": "[id,p]", "price[p][use_tax]": 1, "filter[id]": f"[{product}]"}
    variant = world.default_combination(product)
    if variant:
        world.set_impact(variant, "0")
    assert Api(world).json("products", **query)["products"][0]["p"] == f"{100 + rate:.6f}"


def test_money_and_groups() -> None:
    tables = small().tables
    currencies = {row["iso_code"]: row for row in tables["currencies"].rows.values()}
    assert list(currencies) == ["EUR", "GBP", "USD", "JPY", "PLN"]
    assert currencies["JPY"]["precision"] == 0
    groups = {row["name"][1]: row["reduction"] for row in tables["groups"].rows.values()}
    assert (groups["Marketplace"], groups["VIP"]) == ("0.00", "5.00")


def test_colours_of_variants_have_pictures_of_their_own() -> None:
    world = small()
    coloured = [row for row in world.tables["combinations"].rows.values() if row.get("_images")]
    assert coloured
    for row in coloured:
        image = world.images[row["_images"][0]]
        assert image.product == row["id_product"]
        assert image.colour in {
            world.tables["product_option_values"].rows[value].get("color") for value in row["_values"]
        }
    assert {"small", "huge", "cmyk", "transparent", "webp", "png"} <= {image.oddity for image in world.images.values()}


def test_every_reference_between_rows_leads_somewhere() -> None:
    world = small()
    for name, table in world.tables.items():
        for field in table.resource.fields:
            target = world.tables.get(field.link or "")
            if target is None or field.computed or name == "specific_prices":
                continue
            for row in table.rows.values():
                value = table.value(row, field.name)
                assert value in (None, 0) or value in target, (name, field.name, value)


def test_a_hundred_thousand_articles_stay_small() -> None:
    world = generate(20_000)
    table = world.tables["products"]
    stored = sum(len(row) for row in table.rows.values()) / len(table)
    assert stored < 30
    assert not any("description" in row for row in table.rows.values())
