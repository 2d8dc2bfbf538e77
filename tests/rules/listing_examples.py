"""A French mug in two colours and everything its listing follows from, to be changed by each test."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from models.catalogue import Product, Variant
from models.settings import ProductSettings
from models.taxonomy import Brand, Category, CategoryAttribute
from models.templates import AttributeGroup, AttributeMapping, AttributeSource, CategoryTemplate, ValueMapping
from rules.attributes import Sources
from rules.brands import BrandBook
from rules.decision import Names
from rules.listing import ListingInputs
from rules.market import market

EXAMPLES = Path(__file__).parent.parent / "data" / "tiktok-shop-examples"
FRENCH, ENGLISH = "1", "2"
COLOUR, SIZE = 2, 1

Made = TypeVar("Made")

NAMES = Names(
    categories={4: "Vaisselle"},
    manufacturers={7: "Atelier Nord"},
    options={SIZE: "Taille", COLOUR: "Couleur", 3: "Anse"},
    option_values={1: (SIZE, "S"), 2: (SIZE, "M"), 5: (COLOUR, "Bleu"), 6: (COLOUR, "Ocre"), 9: (3, "Droite")},
    features={1: "Matière", 2: "Contenance"},
    feature_values={11: "Grès", 12: "325 ml", 13: "Verre"},
)


def example(name: str) -> Any:
    """The data of a recorded TikTok Shop answer, or a request body."""
    document = json.loads((EXAMPLES / name).read_text(encoding="utf-8"))
    return document.get("data", document)


def make(function: Callable[..., Made], defaults: dict[str, Any], changes: dict[str, Any]) -> Made:
    """An object from defaults with some of them changed."""
    return function(**{**defaults, **changes})


def product(**changes: Any) -> Product:
    defaults: dict[str, Any] = {
        "connection_id": 1,
        "id_product": 42,
        "reference": "MUG-325",
        "active": True,
        "available_for_order": True,
        "id_manufacturer": 7,
        "id_category_default": 4,
        "weight": Decimal("0.45"),
        "width": Decimal("11.2"),
        "height": Decimal("12"),
        "depth": Decimal("14.01"),
        "name": {FRENCH: "Mug en grès artisanal", ENGLISH: "Stoneware mug"},
        "description": {FRENCH: "<p>Mug en grès, tourné à la main.</p>"},
        "image_ids": [101, 102, 103],
        "features": [[1, 11], [2, 12]],
        "hash": "p",
    }
    return make(Product, defaults, changes)


def variant(id_product_attribute: int = 1, **changes: Any) -> Variant:
    defaults: dict[str, Any] = {
        "connection_id": 1,
        "id_product": 42,
        "id_product_attribute": id_product_attribute,
        "reference": f"MUG-325-{id_product_attribute}",
        "hash": f"v{id_product_attribute}",
    }
    return make(Variant, defaults, changes)


def variants() -> list[Variant]:
    return [
        variant(1, option_value_ids=[5], ean13="3760000000017", image_ids=[101]),
        variant(2, option_value_ids=[6], ean13="3760000000024", image_ids=[102], weight=Decimal("0.15")),
    ]


def simple(**changes: Any) -> Variant:
    return variant(0, **changes)


def attributes() -> list[CategoryAttribute]:
    """Those of the recorded category: Couleur and Taille make variants, Matière is required."""
    return [
        CategoryAttribute(
            connection_id=1,
            category_id="853000",
            id=row["id"],
            name=row["name"],
            type=row["type"],
            is_required=row.get("is_requried", False),
            is_multiple_selection=row.get("is_multiple_selection", False),
            is_customizable=row.get("is_customizable", False),
            value_data_format=row.get("value_data_format", ""),
            values=row.get("values", []),
            requirement_conditions=row.get("requirement_conditions", []),
            position=position,
        )
        for position, row in enumerate(example("attributes-response.json")["attributes"])
    ]


def attribute(id_: str) -> CategoryAttribute:
    return next(row for row in attributes() if row.id == id_)


def category(**changes: Any) -> Category:
    defaults: dict[str, Any] = {
        "connection_id": 1,
        "id": "853000",
        "name": "Tasses et mugs",
        "path": "Maison > Vaisselle > Tasses et mugs",
        "is_leaf": True,
        "permission_statuses": ["AVAILABLE"],
        "details_at": datetime(2026, 9, 22, tzinfo=UTC),
        "rules": example("category-rules-response.json"),
    }
    return make(Category, defaults, changes)


def template(**changes: Any) -> CategoryTemplate:
    defaults: dict[str, Any] = {
        "id": 3,
        "connection_id": 1,
        "name": "Mugs",
        "category_id": "853000",
        "manufacturer_gpsr_ids": ["7173000000000000001"],
        "responsible_person_ids": ["7174000000000000001"],
    }
    return make(CategoryTemplate, defaults, changes)


def mapping(attribute_id: str, source: AttributeSource, source_key: str = "", **changes: Any) -> AttributeMapping:
    defaults: dict[str, Any] = {
        "id": int(attribute_id),
        "template_id": 3,
        "group": AttributeGroup.PRODUCT,
        "attribute_id": attribute_id,
        "source": source,
        "source_key": source_key,
    }
    return make(AttributeMapping, defaults, changes)


def dictionary(attribute_id: str, **entries: str) -> dict[int, dict[str, ValueMapping]]:
    """A value dictionary of `mapping(attribute_id, …)`: a platform id where the value is digits, else a text."""
    return {
        int(attribute_id): {
            text.casefold(): ValueMapping(
                mapping_id=int(attribute_id),
                source_value=text,
                value_id=value if value.isdigit() else "",
                value_name="" if value.isdigit() else value,
            )
            for text, value in entries.items()
        }
    }


def sources(rows: list[Variant] | None = None, names: Names = NAMES, **changes: Any) -> Sources:
    return Sources(product(**changes), variants() if rows is None else rows, names, FRENCH, ENGLISH)


def inputs(**changes: Any) -> ListingInputs:
    brand = Brand(connection_id=1, id="7082427310000000905", name="Atelier Nord", is_authorized=True)
    defaults = ListingInputs(
        market=market("FR"),
        settings=ProductSettings(),
        template=template(),
        category=category(),
        language_id=FRENCH,
        fallback_language_id=ENGLISH,
        names=NAMES,
        mappings=[mapping("100399", AttributeSource.FEATURE, "Contenance")],
        attributes=attributes(),
        brands=BrandBook({"atelier nord": brand.id}, {brand.id: brand}),
    )
    return replace(defaults, **changes)


def codes(findings: Any) -> list[str]:
    """The codes of findings or reasons."""
    return [each.code for each in findings]
