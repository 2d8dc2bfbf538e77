"""What a product's listing should say: all parts together, all findings at once, and when to decide again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from models.settings import ProductSettings
from models.taxonomy import Brand
from rules.brands import BrandBook
from rules.content import AttributeValue, Identifier, SalesAttribute, ValueChoice
from rules.listing import inputs_hash, listing_content
from rules.market import market
from tests.rules.listing_examples import NAMES, category, codes, inputs, product, simple, template, variant, variants


def test_the_mug_is_listed_with_everything_prestashop_says_about_it() -> None:
    decision = listing_content(product(), variants(), inputs())
    assert decision.findings == ()
    content = decision.content
    assert content
    assert (content.title, content.description) == (
        "Mug en grès artisanal",
        "<p>Mug en grès, tourné à la main.</p>",
    )
    assert (content.category_id, content.brand_id) == ("853000", "7082427310000000905")
    assert content.image_ids == (101, 102, 103)
    assert content.product_attributes == (
        AttributeValue(id="100398", values=(ValueChoice(id="1000401"),)),
        AttributeValue(id="100399", values=(ValueChoice(name="325"),)),
    )
    assert [sku.seller_sku for sku in content.skus] == ["MUG-325-1", "MUG-325-2"]
    assert [sku.external_sku_id for sku in content.skus] == ["ps-1:42:1", "ps-1:42:2"]
    assert content.skus[0].identifier == Identifier(type="EAN", code="3760000000017")
    assert content.skus[1].sales_attributes == (SalesAttribute(id="100000", value_name="Ocre", image_id=102),)
    assert content.external_product_id == "ps-1:42"


def test_a_simple_product_is_one_variant_without_attributes() -> None:
    decision = listing_content(product(), [simple(reference="MUG-325")], inputs())
    assert decision.content
    assert [(sku.id_product_attribute, sku.sales_attributes) for sku in decision.content.skus] == [(0, ())]


def test_all_findings_come_at_once() -> None:
    broken = product(active=False, name={}, description={}, image_ids=[], weight=Decimal(0), features=[])
    rows = [variant(1, reference="A B", option_value_ids=[5]), variant(2, reference="", option_value_ids=[5])]
    decision = listing_content(broken, rows, inputs(template=template(manufacturer_gpsr_ids=[])))
    assert decision.content is None
    assert codes(decision.findings) == [
        "product_inactive",
        "no_image",
        "title_missing",
        "description_missing",
        "weight_missing",
        "sku_invalid",
        "sku_missing",
        "attribute_missing",
        "variants_identical",
        "gpsr_manufacturer_missing",
    ]


def test_without_a_template_the_products_own_findings_are_still_told() -> None:
    decision = listing_content(product(name={}), variants(), inputs(template=None, category=None))
    assert codes(decision.findings) == ["no_template", "title_missing"]
    assert decision.content is None


def test_the_shops_own_language_stands_in_for_a_missing_translation() -> None:
    decision = listing_content(product(name={"2": "Stoneware mug"}), variants(), inputs())
    assert decision.content
    assert decision.content.title == "Stoneware mug"
    assert "language_fallback" in codes(decision.reasons)


def test_nine_usable_pictures_are_sent_cover_first() -> None:
    item = product(image_ids=list(range(101, 113)))
    decision = listing_content(item, variants(), inputs(usable_images={101: False}))
    assert decision.content
    assert decision.content.image_ids == tuple(range(102, 111))
    assert {"images_refused", "images_first_nine"} <= set(codes(decision.reasons))


def test_a_sku_of_another_product_is_a_finding() -> None:
    decision = listing_content(product(), variants(), inputs(), taken_skus={"MUG-325-1": 7, "MUG-325-2": 42})
    assert codes(decision.findings) == ["sku_taken"]


def test_the_order_in_which_variants_are_read_does_not_matter() -> None:
    rows = variants()
    assert listing_content(product(), rows, inputs()) == listing_content(product(), rows[::-1], inputs())
    assert inputs_hash(product(), rows, inputs()) == inputs_hash(product(), rows[::-1], inputs())


AUTHORIZED = Brand(connection_id=1, id="7082427310000000905", name="Atelier Nord", is_authorized=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": ProductSettings(gtin_source="none")},
        {"template": template(version=2)},
        {"template": None},
        {"category": category(details_at=datetime(2026, 9, 23, tzinfo=UTC))},
        {"category": category(permission_statuses=["INVITE_ONLY"])},
        {"market": market("ES")},
        {"names": replace(NAMES, option_values={**NAMES.option_values, 5: (2, "Bleu nuit")})},
        {"names": replace(NAMES, options={**NAMES.options, 2: "Coloris"})},
        {"names": replace(NAMES, feature_values={**NAMES.feature_values, 12: "330 ml"})},
        {"names": replace(NAMES, manufacturers={7: "Atelier Sud"})},
        {"brands": BrandBook({"atelier nord": ""}, {AUTHORIZED.id: AUTHORIZED})},
        {"brands": BrandBook({"atelier nord": AUTHORIZED.id}, {})},
        {"usable_images": {101: False}},
        {"language_id": "2"},
        {"weight_unit": "g"},
    ],
)
def test_a_change_of_what_is_read_changes_the_inputs_hash(changes: dict[str, Any]) -> None:
    before = inputs_hash(product(), variants(), inputs())
    assert inputs_hash(product(), variants(), inputs(**changes)) != before


def test_a_change_of_the_rows_changes_the_inputs_hash() -> None:
    before = inputs_hash(product(), variants(), inputs())
    assert inputs_hash(product(hash="p2"), variants(), inputs()) != before
    assert inputs_hash(product(), variants()[:1], inputs()) != before
    assert inputs_hash(product(), variants(), inputs(), taken_skus={"MUG-325-1": 7}) != before


def test_what_is_not_read_leaves_the_inputs_hash_alone() -> None:
    before = inputs_hash(product(), variants(), inputs())
    others = replace(NAMES, manufacturers={**NAMES.manufacturers, 8: "Autre"}, features={**NAMES.features, 9: "Autre"})
    assert inputs_hash(product(), variants(), inputs(names=others)) == before
    assert inputs_hash(product(), variants(), inputs(), taken_skus={"MUG-325-1": 42, "AUTRE": 9}) == before
