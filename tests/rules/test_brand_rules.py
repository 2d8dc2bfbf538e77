"""A brand is sent only where the merchant mapped the manufacturer; suggestions help to map the rest."""

from __future__ import annotations

import pytest

from models.taxonomy import Brand
from rules.brands import BrandBook, brand_for, suggestions
from tests.rules.listing_examples import codes


def brand(id_: str, name: str, *, authorized: bool = False, t1: bool = False) -> Brand:
    return Brand(connection_id=1, id=id_, name=name, is_authorized=authorized, is_t1=t1)


BRANDS = [
    brand("1", "Atelier Nord", authorized=True),
    brand("2", "Grande Marque", t1=True),
    brand("3", "Petite Marque"),
    brand("4", "Ateliers du Nord"),
]
BOOK = BrandBook(
    {"atelier nord": "1", "grande marque": "2", "petite marque": "3", "sans marque": "", "disparue": "9"},
    {each.id: each for each in BRANDS},
)


@pytest.mark.parametrize(
    ("manufacturer", "expected", "reasons"),
    [
        ("Atelier Nord", "1", ["brand_mapped"]),
        (" ATELIER NORD ", "1", ["brand_mapped"]),
        ("Petite Marque", "3", ["brand_mapped", "brand_not_shown"]),
        ("Sans marque", "", ["brand_none"]),
        ("", "", ["brand_none"]),
        ("Inconnue", "", ["brand_not_mapped"]),
    ],
)
def test_the_brand_of_a_manufacturer(manufacturer: str, expected: str, reasons: list[str]) -> None:
    decision = brand_for(manufacturer, BOOK)
    assert (decision.value, codes(decision.reasons), decision.findings) == (expected, reasons, ())


@pytest.mark.parametrize(
    ("manufacturer", "code"), [("Grande Marque", "brand_not_authorized"), ("Disparue", "brand_unknown")]
)
def test_a_brand_that_cannot_be_used_is_a_finding(manufacturer: str, code: str) -> None:
    assert codes(brand_for(manufacturer, BOOK).findings) == [code]


@pytest.mark.parametrize("name", ["ATELIER NORD S.A.", "Àtelier-Nord", "Atelier Nord GmbH", "Ateler Nord"])
def test_spelling_variants_suggest_the_brand(name: str) -> None:
    assert suggestions(name, BRANDS)[0].id == "1"


def test_of_brands_with_one_name_the_authorized_is_suggested_first() -> None:
    assert [b.id for b in suggestions("nord", [brand("5", "Nord"), brand("6", "NORD", authorized=True)])] == ["6", "5"]


def test_nothing_alike_suggests_nothing() -> None:
    assert suggestions("Vélo & Cie", BRANDS) == []
