"""What keeps a product from being listed at all, and the catalogue of findings in the merchant's words."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

import rules
from rules.findings import CATALOGUE, finding
from rules.market import market
from rules.validation import category_findings, image_findings, sellable
from tests.rules.listing_examples import category, codes, product, simple, template, variant, variants

FR, SG = market("FR"), market("SG")
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in Path(rules.__path__[0]).glob("*.py"))


def test_a_sellable_product_has_no_findings() -> None:
    assert sellable(product(), variants(), FR) == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": 0}, "product_draft"),
        ({"active": False}, "product_inactive"),
        ({"available_for_order": False}, "product_not_for_sale"),
        ({"is_virtual": True}, "product_virtual"),
        ({"product_type": "virtual"}, "product_virtual"),
        ({"customizable": 2}, "product_customized"),
        ({"condition": "used"}, "product_not_new"),
    ],
)
def test_what_prestashop_says_against_selling(changes: dict[str, Any], code: str) -> None:
    assert codes(sellable(product(**changes), variants(), FR)) == [code]


@pytest.mark.parametrize(
    "changes", [{"visibility": "none"}, {"customizable": 1}, {"product_type": "pack", "bundle": [[1, 0, 2]]}]
)
def test_what_does_not_speak_against_selling(changes: dict[str, Any]) -> None:
    assert sellable(product(**changes), [simple()], FR) == ()


def test_all_findings_are_told_at_once() -> None:
    assert codes(sellable(product(active=False, state=0), [], FR)) == [
        "product_draft",
        "product_inactive",
        "no_variants",
    ]


def test_the_market_limits_the_variants() -> None:
    many = [variant(i) for i in range(1, 102)]
    assert codes(sellable(product(), many, SG)) == ["too_many_variants"]
    assert sellable(product(), many, FR) == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"is_leaf": False}, "category_not_leaf"),
        ({"permission_statuses": ["INVITE_ONLY"]}, "category_not_permitted"),
        ({"permission_statuses": ["PROHIBITED", "NON_MAIN_CATEGORY"]}, "category_not_permitted"),
        ({"details_at": None}, "category_details_missing"),
    ],
)
def test_a_category_that_cannot_be_used(changes: dict[str, Any], code: str) -> None:
    assert codes(category_findings(template(), category(**changes))) == [code]


def test_a_category_that_can_be_used() -> None:
    assert category_findings(template(), category()) == ()
    assert category_findings(template(), category(permission_statuses=[])) == ()


def test_no_template_no_category_and_an_unknown_one() -> None:
    assert codes(category_findings(None, None)) == ["no_template"]
    assert codes(category_findings(template(category_id=""), None)) == ["template_without_category"]
    assert codes(category_findings(template(), None)) == ["category_unknown"]


def test_a_picture_has_to_be_left() -> None:
    assert codes(image_findings([], None)) == ["no_image"]
    assert codes(image_findings([1, 2], {1: False, 2: False})) == ["no_usable_image"]
    assert image_findings([1, 2], {1: False}) == ()
    assert image_findings([1], None) == ()


def used_codes() -> set[str]:
    """Every code that a rule reports, with the few that are chosen from a table next to the call."""
    direct = set(re.findall(r"\b(?:finding|_refused)\(\s*\"(\w+)\"", SOURCE))
    return direct | {code for code in CATALOGUE if SOURCE.count(f'"{code}"') > 1}


def test_every_code_used_is_in_the_catalogue_and_every_code_there_is_used() -> None:
    assert used_codes() == set(CATALOGUE)


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_a_finding_says_what_is_wrong_and_what_to_do(code: str) -> None:
    wording = CATALOGUE[code]
    names = {name for text in wording for _, name, _, _ in Formatter().parse(text) if name}
    found = finding(code, **{name: f"<{name}>" for name in names})
    assert found.code == code
    assert re.fullmatch(r"[a-z_]+", code)
    for text in (found.text, found.fix):
        assert text[0].isupper() or text.startswith(("<", "“"))
        assert text.endswith(".")
    assert all(f"<{name}>" in found.text + found.fix for name in names)
