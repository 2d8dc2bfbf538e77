"""Seller SKUs are never altered, only refused; doubtful GTINs are left out."""

from __future__ import annotations

import pytest

from models.settings import GtinSource, SkuSource
from rules.identifiers import gtin, repeated_skus, seller_sku, without_repeats
from rules.market import market
from tests.rules.listing_examples import NAMES, codes, product, simple, variant, variants

FR, GB, JP = market("FR"), market("GB"), market("JP")


@pytest.mark.parametrize(
    ("source", "expected"),
    [("reference", "MUG-325-1"), ("ean13", "3760000000017"), ("id", "PS-000042-1")],
)
def test_the_sku_is_the_field_the_merchant_chose(source: SkuSource, expected: str) -> None:
    assert seller_sku(product(), variants()[0], source, FR).value == expected


def test_a_simple_product_has_the_products_own_field() -> None:
    assert seller_sku(product(), simple(reference=""), "reference", FR).value == "MUG-325"
    assert seller_sku(product(), simple(), "id", FR).value == "PS-000042"


def test_a_combination_does_not_borrow_the_products_reference() -> None:
    decision = seller_sku(product(), variant(1, reference=" ", option_value_ids=[5]), "reference", FR, names=NAMES)
    assert decision.value is None
    assert decision.findings[0].text == "Combination 1 (Bleu) has no reference, which becomes the SKU."


@pytest.mark.parametrize("sku", ["MUG 325", "MUG", "MUG/325", "x" * 51, "GRÈS-325"])
def test_what_the_market_does_not_take_is_a_finding_and_stays_as_it_is(sku: str) -> None:
    decision = seller_sku(product(), variant(1, reference=sku), "reference", FR)
    assert decision.value == sku
    assert codes(decision.findings) == ["sku_invalid"]


def test_other_markets_take_any_sku_without_spaces_unless_the_category_requires_one() -> None:
    short = variant(1, reference="M/1")
    assert seller_sku(product(), short, "reference", GB).findings == ()
    assert codes(seller_sku(product(), short, "reference", GB, required_form=True).findings) == ["sku_invalid"]
    assert codes(seller_sku(product(), variant(1, reference="M 1"), "reference", GB).findings) == ["sku_invalid"]


def test_outer_spaces_are_no_part_of_a_sku() -> None:
    assert seller_sku(product(), variant(1, reference=" MUG-325 "), "reference", FR).value == "MUG-325"


def test_a_sku_used_twice_in_the_product_names_both_combinations() -> None:
    found = repeated_skus(product(), variants(), {1: "MUG", 2: "MUG"}, {}, "reference", NAMES)
    assert [f.text for f in found] == ["Combination 1 (Bleu) and combination 2 (Ocre) have the same SKU “MUG”."]


def test_a_sku_of_another_product_is_a_finding_but_not_the_products_own() -> None:
    skus = {1: "A-1", 2: "A-2"}
    found = repeated_skus(product(), variants(), skus, {"A-1": 42, "A-2": 43}, "reference", NAMES)
    assert codes(found) == ["sku_taken"]
    assert "product 43" in found[0].text


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("ean13", "3760000000017", ("EAN", "3760000000017")),
        ("ean13", "96385074", ("EAN", "96385074")),
        ("ean13", "10012345678902", ("GTIN", "10012345678902")),
        ("ean13", "012345678905", ("UPC", "012345678905")),
        ("upc", "012345678905", ("UPC", "012345678905")),
        ("isbn", "978-3-16-148410-0", ("ISBN", "9783161484100")),
        ("isbn", "316148410X", ("ISBN", "9783161484100")),
        ("mpn", "3760000000017", ("EAN", "3760000000017")),
    ],
)
def test_the_kind_of_an_identifier_follows_from_its_form(
    source: GtinSource, text: str, expected: tuple[str, str]
) -> None:
    identifier = gtin(product(), variant(1, **{source: text}), source, False, FR).value
    assert identifier
    assert (identifier.type, identifier.code) == expected


def test_a_japanese_code_is_a_jan_in_japan_only() -> None:
    japanese = variant(1, ean13="4901234567894")
    assert [getattr(gtin(product(), japanese, "ean13", False, m).value, "type", None) for m in (JP, FR)] == [
        "JAN",
        "EAN",
    ]


@pytest.mark.parametrize("text", ["3760000000018", "12345", "MPN-7", "0000000000000", "３７６０", "376000000001A"])
def test_a_wrong_code_is_left_out_with_the_reason(text: str) -> None:
    decision = gtin(product(), variant(1, ean13=text), "ean13", False, FR)
    assert decision.value is None
    assert codes(decision.reasons) == ["gtin_invalid"]
    assert decision.findings == ()


def test_a_book_number_that_is_none_is_left_out() -> None:
    assert gtin(product(), variant(1, isbn="3760000000017"), "isbn", False, FR).value is None


def test_an_exempt_shop_and_no_source_send_nothing() -> None:
    assert codes(gtin(product(), variants()[0], "ean13", True, FR).reasons) == ["gtin_not_sent"]
    assert codes(gtin(product(), variants()[0], "none", False, FR).reasons) == ["gtin_not_sent"]


def test_a_combination_does_not_borrow_the_products_ean() -> None:
    owner = product(ean13="3760000000017")
    assert gtin(owner, variant(1), "ean13", False, FR).value is None
    assert gtin(owner, simple(), "ean13", False, FR).value is not None


def test_a_gtin_repeated_over_combinations_is_sent_for_none_of_them() -> None:
    same = [variant(i, ean13=ean) for i, ean in ((1, "3760000000017"), (2, "3760000000017"), (3, "3760000000024"))]
    decision = without_repeats({v.id_product_attribute: gtin(product(), v, "ean13", False, FR).value for v in same})
    assert [decision.value[1], decision.value[2]] == [None, None]
    assert decision.value[3] is not None
    assert codes(decision.reasons) == ["gtin_repeated"]
