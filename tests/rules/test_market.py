"""What differs between markets (tiktok-shop-api.md 3.11, 3.12, 3.19, 7.1)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rules.market import EU, SOUTH_EAST_ASIA, UnknownRegion, market

REGIONS = ["US", "GB", *sorted(EU), "JP", "BR", "MX", *sorted(SOUTH_EAST_ASIA)]


def test_great_britain() -> None:
    gb = market("GB")
    assert (gb.country, gb.currency, gb.decimals, gb.language, gb.locale) == ("GB", "GBP", 2, "en", "en-GB")
    assert (gb.title_min, gb.title_max, gb.max_skus, gb.max_quantity) == (1, 255, 300, 99_999)
    assert (gb.price_min, gb.price_max) == (Decimal("0.01"), Decimal(5600))
    assert (gb.tax_included, gb.gpsr, gb.mark_shipped, gb.category_version) == (True, False, True, "v1")


def test_an_unknown_region_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownRegion, match=r"'UK'.*US, GB, IE"):
        market("UK")


def test_only_the_us_shows_prices_before_tax_and_weighs_in_pounds() -> None:
    assert [region for region in REGIONS if not market(region).tax_included] == ["US"]
    assert [region for region in REGIONS if "POUND" in market(region).weight_units] == ["US"]
    assert market("US").dimension_units == ("CENTIMETER", "INCH")


@pytest.mark.parametrize(("region", "low", "high"), [("BR", 1, 300), ("MX", 1, 300), ("TH", 25, 255), ("PL", 1, 255)])
def test_title_lengths(region: str, low: int, high: int) -> None:
    assert (market(region).title_min, market(region).title_max) == (low, high)


def test_currencies_without_decimals() -> None:
    assert [region for region in REGIONS if market(region).decimals == 0] == ["JP", "ID", "VN"]


def test_a_price_range_that_is_not_known_is_none() -> None:
    assert {region for region in REGIONS if market(region).price_max is None} == {"PL", "CZ", "HU"} | SOUTH_EAST_ASIA


def test_south_east_asia_has_the_deeper_category_tree_and_fewer_skus() -> None:
    assert {region for region in REGIONS if market(region).max_skus == 100} == SOUTH_EAST_ASIA
    assert {region for region in REGIONS if market(region).category_version == "v2"} == SOUTH_EAST_ASIA | {"US"}


def test_packages_are_shipped_where_orders_cannot_be_marked_as_shipped() -> None:
    assert {region for region in REGIONS if not market(region).mark_shipped} == SOUTH_EAST_ASIA | {"BR", "MX"}


def test_product_safety_rules_hold_in_the_eu() -> None:
    assert {region for region in REGIONS if market(region).gpsr} == EU


@pytest.mark.parametrize(
    ("region", "sku", "allowed"),
    [
        ("DE", "MUG-01", True),
        ("DE", "MUG-1", False),
        ("DE", "MUG.001", False),
        ("DE", "M" * 51, False),
        ("IE", "M1", True),
        ("GB", "M.1", True),
        ("GB", "M 1", False),
        ("GB", "", False),
    ],
)
def test_seller_skus(region: str, sku: str, allowed: bool) -> None:
    assert bool(market(region).seller_sku_pattern.fullmatch(sku)) is allowed
