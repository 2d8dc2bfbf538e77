"""Listing content: its fingerprint, its stored form, and the words for what changed between two."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.content import (
    AttributeValue,
    Certification,
    Identifier,
    ListingContent,
    PackageDimensions,
    PackageWeight,
    SalesAttribute,
    SizeChart,
    SkuContent,
    ValueChoice,
    content_hash,
    describe_difference,
    digest,
    dropped_skus,
)
from rules.listing import listing_content
from tests.rules.listing_examples import codes, inputs, product, variants


def mug() -> ListingContent:
    decision = listing_content(product(), variants(), inputs())
    assert decision.content
    return decision.content


CHANGES: dict[str, Any] = {
    "title": "Autre titre",
    "description": "<p>Autre</p>",
    "category_id": "853001",
    "category_version": "v2",
    "brand_id": "",
    "image_ids": (102, 101, 103),
    "product_attributes": (AttributeValue(id="100398", values=(ValueChoice(id="1000402"),)),),
    "skus": mug().skus[:1],
    "package_weight": PackageWeight(value="1", unit="KILOGRAM"),
    "package_dimensions": None,
    "certifications": (Certification(id="1"),),
    "size_chart": SizeChart(uri="u"),
    "manufacturer_ids": (),
    "responsible_person_ids": ("9",),
    "cod_allowed": True,
    "external_product_id": "ps-2:42",
}
SKU_CHANGES: dict[str, Any] = {
    "seller_sku": "NOUVEAU",
    "external_sku_id": "ps-2:42:1",
    "sales_attributes": (SalesAttribute(name="Anse", value_name="Ronde"),),
    "identifier": None,
}

CONTENTS = st.builds(
    ListingContent,
    product_attributes=st.lists(
        st.builds(AttributeValue, values=st.lists(st.builds(ValueChoice), max_size=2).map(tuple)), max_size=2
    ).map(tuple),
    image_ids=st.lists(st.integers(1, 99), max_size=3).map(tuple),
    skus=st.lists(
        st.builds(
            SkuContent,
            id_product_attribute=st.integers(0, 5),
            sales_attributes=st.lists(st.builds(SalesAttribute), max_size=2).map(tuple),
            identifier=st.none() | st.builds(Identifier, type=st.just("EAN")),
        ),
        max_size=3,
        unique_by=lambda sku: sku.id_product_attribute,
    ).map(tuple),
    package_dimensions=st.none() | st.builds(PackageDimensions),
    certifications=st.just(()),
)


def test_the_changes_cover_every_field() -> None:
    assert set(CHANGES) == set(ListingContent.model_fields)
    assert {*SKU_CHANGES, "id_product_attribute"} == set(SkuContent.model_fields)


@pytest.mark.parametrize("name", CHANGES)
def test_every_field_counts_in_the_fingerprint_and_is_told_when_it_changes(name: str) -> None:
    before, after = mug(), mug().model_copy(update={name: CHANGES[name]})
    assert content_hash(before) != content_hash(after)
    assert describe_difference(before, after)


@pytest.mark.parametrize("name", SKU_CHANGES)
def test_every_field_of_a_variant_counts_too(name: str) -> None:
    before = mug()
    changed = before.skus[0].model_copy(update={name: SKU_CHANGES[name]})
    after = before.model_copy(update={"skus": (changed, before.skus[1])})
    assert content_hash(before) != content_hash(after)
    assert len(describe_difference(before, after)) == 1


def test_the_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    content = mug().model_dump(mode="json")
    assert digest(content) == digest(dict(reversed(content.items()))) == content_hash(mug())
    assert len(content_hash(mug())) == 32


@given(CONTENTS)
def test_content_survives_being_stored_as_json(content: ListingContent) -> None:
    stored = json.loads(json.dumps(content.model_dump(mode="json")))
    again = ListingContent.model_validate(stored)
    assert again == content
    assert content_hash(again) == content_hash(content)


@given(CONTENTS, CONTENTS)
def test_a_difference_is_told_exactly_when_there_is_one(before: ListingContent, after: ListingContent) -> None:
    assert bool(describe_difference(before, after)) == (before != after)
    assert describe_difference(before, before) == ()


def test_differences_are_in_the_merchants_words() -> None:
    before = mug()
    after = before.model_copy(
        update={
            "title": "Mug",
            "image_ids": (101, 104, 105),
            "skus": before.skus[1:],
            "package_weight": PackageWeight(value="1", unit="KILOGRAM"),
            "brand_id": "",
        }
    )
    reasons = describe_difference(before, after)
    assert [reason.text for reason in reasons] == [
        "title: “Mug en grès artisanal” → “Mug”",
        "images: 2 added, 2 removed",
        "brand: 7082427310000000905 → none",
        "package weight: 0.6 KILOGRAM → 1 KILOGRAM",
        "variant MUG-325-1: removed",
    ]
    assert codes(reasons)[0] == "title_changed"


def test_live_variants_that_an_edit_would_delete_are_named() -> None:
    assert dropped_skus(mug(), {1: "s1", 2: "s2", 3: "s3"}) == ["s3"]
    assert dropped_skus(mug(), {1: "s1"}) == []
