"""The parcel: PrestaShop's units, the template's defaults, whole centimetres and grams."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalogue import Product
from rules.content import PackageDimensions, PackageWeight
from rules.findings import Checked
from rules.market import market
from rules.package import CENTIMETRES, KILOGRAMS, Package, package
from tests.rules.listing_examples import codes, product, simple, template, variants

REQUIRED = {"package_dimension": {"is_required": True}}
NO_SIZE = {"width": Decimal(0), "height": Decimal(0), "depth": Decimal(0)}


def packed(item: Product | None = None, region: str = "FR", rules: Any = None, **changes: Any) -> Checked[Package]:
    arguments = {"variants": [simple()], "template": template(), "weight_unit": "kg", "dimension_unit": "cm", **changes}
    return package(item or product(), market=market(region), rules=rules or {}, **arguments)


def test_weight_and_size_are_rounded_up_with_depth_as_length() -> None:
    parcel = packed(product(weight=Decimal("0.4501"))).value
    assert parcel.weight == PackageWeight(value="0.451", unit="KILOGRAM")
    assert parcel.dimensions == PackageDimensions(length="15", width="12", height="12", unit="CENTIMETER")


@pytest.mark.parametrize(
    ("unit", "weight", "expected"),
    [("g", "450", "0.45"), ("lb", "1", "0.454"), ("oz", "16", "0.454"), ("KG ", "2", "2"), ("kg", "30", "30")],
)
def test_prestashops_weight_unit_is_converted(unit: str, weight: str, expected: str) -> None:
    decision = packed(product(weight=Decimal(weight)), weight_unit=unit)
    assert decision.value.weight == PackageWeight(value=expected, unit="KILOGRAM")


@pytest.mark.parametrize(("unit", "side", "expected"), [("m", "0.1", "10"), ("mm", "101", "11"), ("in", "4", "11")])
def test_prestashops_dimension_unit_is_converted(unit: str, side: str, expected: str) -> None:
    item = product(width=Decimal(side), height=Decimal(side), depth=Decimal(side))
    dimensions = packed(item, dimension_unit=unit).value.dimensions
    assert dimensions == PackageDimensions(length=expected, width=expected, height=expected, unit="CENTIMETER")


def test_an_unknown_unit_is_a_finding() -> None:
    decision = packed(weight_unit="stone", dimension_unit="ell")
    assert [f.text for f in decision.findings] == [
        "PrestaShop's weight unit “stone” is not known.",
        "PrestaShop's dimension unit “ell” is not known.",
    ]


def test_the_heaviest_combination_counts() -> None:
    decision = packed(variants=variants())
    assert decision.value.weight == PackageWeight(value="0.6", unit="KILOGRAM")
    assert codes(decision.reasons) == ["weight_of_heaviest"]


def test_the_template_fills_in_what_prestashop_has_not() -> None:
    decision = packed(
        product(weight=Decimal(0), height=Decimal(0)),
        template=template(package_weight=Decimal("0.5"), package_height=Decimal("9.5")),
        weight_unit="lb",
    )
    assert decision.value.weight == PackageWeight(value="0.5", unit="KILOGRAM")
    assert decision.value.dimensions == PackageDimensions(length="15", width="12", height="10", unit="CENTIMETER")
    assert codes(decision.reasons) == ["weight_from_template", "size_from_template"]


def test_no_weight_at_all_is_a_finding_naming_the_template() -> None:
    decision = packed(product(weight=Decimal(0)))
    assert codes(decision.findings) == ["weight_missing"]
    assert "“Mugs”" in decision.findings[0].fix


def test_a_size_is_a_finding_only_where_the_category_asks_for_it() -> None:
    assert packed(product(**NO_SIZE)).findings == ()
    decision = packed(product(width=Decimal(0), height=Decimal(0)), rules=REQUIRED)
    assert decision.findings[0].text == "The package has no width, height, which the category asks for."


def test_half_a_size_is_not_sent() -> None:
    decision = packed(product(width=Decimal(0)))
    assert decision.value.dimensions is None
    assert codes(decision.reasons) == ["size_incomplete"]


def test_a_parcel_heavier_than_the_market_takes_is_a_finding() -> None:
    assert codes(packed(product(weight=Decimal("30.0001"))).findings) == ["weight_too_high"]
    assert packed(product(weight=Decimal("30.0001")), region="US").findings == ()


@given(
    st.decimals("0.000001", 20, places=6),
    st.sampled_from(sorted(KILOGRAMS)),
    st.decimals("0.000001", 50, places=6),
    st.sampled_from(sorted(CENTIMETRES)),
    st.sampled_from(["FR", "US", "JP", "SG"]),
)
def test_a_parcel_is_never_announced_smaller_than_it_is(
    weight: Decimal, weight_unit: str, side: Decimal, dimension_unit: str, region: str
) -> None:
    item = product(weight=weight, width=side, height=side, depth=side)
    parcel = packed(item, region, weight_unit=weight_unit, dimension_unit=dimension_unit).value
    assert parcel.weight
    assert parcel.dimensions
    assert parcel.weight.unit == "KILOGRAM"
    assert 0 <= Decimal(parcel.weight.value) - weight * KILOGRAMS[weight_unit] < Decimal("0.001")
    assert parcel.dimensions.width.isdigit()
    assert 0 <= int(parcel.dimensions.width) - side * CENTIMETRES[dimension_unit] < 1
