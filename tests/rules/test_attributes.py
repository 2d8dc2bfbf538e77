"""Product attributes: sources, value dictionaries, the platform's values, free text, and what a category requires."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from models.taxonomy import CategoryAttribute
from models.templates import AttributeGroup, AttributeMapping, AttributeSource
from rules.attributes import choice, number_in, product_attributes, source_texts
from rules.content import AttributeValue, ValueChoice
from rules.findings import Checked
from tests.rules.listing_examples import NAMES, attribute, attributes, codes, dictionary, mapping, sources, template

MATERIAL, VOLUME, BATTERIES, BATTERY_KIND = "100398", "100399", "100701", "100702"
FIELD, FEATURE, OPTION, FIXED = AttributeSource


def decided(
    *mappings: AttributeMapping, entries: Any = None, known: list[CategoryAttribute] | None = None, **changes: Any
) -> Checked[tuple[AttributeValue, ...]]:
    return product_attributes(
        sources(**changes), template(), mappings, entries or {}, attributes() if known is None else known
    )


def values(decision: Checked[tuple[AttributeValue, ...]]) -> dict[str, list[str]]:
    return {row.id: [value.id or value.name for value in row.values] for row in decision.value}


@pytest.mark.parametrize(
    ("source", "key", "expected"),
    [
        (FIELD, "name", ["Mug en grès artisanal"]),
        (FIELD, "manufacturer", ["Atelier Nord"]),
        (FIELD, "category", ["Vaisselle"]),
        (FIELD, "weight", ["0.45"]),
        (FIELD, "price", []),
        (FEATURE, "Contenance", ["325 ml"]),
        (FEATURE, "contenance", ["325 ml"]),
        (FEATURE, "2", ["325 ml"]),
        (FEATURE, "Poids", []),
        (OPTION, "Couleur", ["Bleu", "Ocre"]),
    ],
)
def test_where_the_text_of_an_attribute_comes_from(source: AttributeSource, key: str, expected: list[str]) -> None:
    assert source_texts(mapping(VOLUME, source, key), sources()) == expected


def test_a_variants_own_field_goes_before_the_products() -> None:
    read = sources(ean13="1")
    assert source_texts(mapping(VOLUME, FIELD, "ean13"), read, read.variants[0]) == ["3760000000017"]
    assert source_texts(mapping(VOLUME, FIELD, "ean13"), read) == ["1"]


def test_a_fixed_value_is_an_id_or_a_name_of_the_platform() -> None:
    for fixed in ("1000402", "porcelaine"):
        decision = decided(mapping(MATERIAL, FIXED, fixed_values=[fixed]))
        assert values(decision) == {MATERIAL: ["1000402"]}


def test_without_a_mapping_a_feature_of_the_same_name_feeds_the_attribute() -> None:
    decision = decided()
    assert values(decision) == {MATERIAL: ["1000401"]}
    assert codes(decision.reasons) == ["attribute_by_name"]


def test_the_value_dictionary_goes_before_the_platforms_names() -> None:
    entries = dictionary(MATERIAL, GRÈS="1000402")
    assert values(decided(mapping(MATERIAL, FEATURE, "Matière"), entries=entries)) == {MATERIAL: ["1000402"]}


def test_a_dictionary_text_that_names_a_platform_value_becomes_its_id() -> None:
    entries = dictionary(MATERIAL, Verre="porcelaine")
    decision = decided(mapping(MATERIAL, FEATURE, "Matière"), entries=entries, features=[[1, 13]])
    assert values(decision) == {MATERIAL: ["1000402"]}


def test_free_text_needs_the_platform_and_the_mapping_to_allow_it() -> None:
    material = attribute(MATERIAL)
    assert choice("Verre", material, None, {}) is None
    material.is_customizable = True
    assert choice("Verre", material, None, {}) == ValueChoice(name="Verre")
    assert choice("Verre", material, mapping(MATERIAL, FEATURE, free_text=False), {}) is None


def test_a_required_attribute_without_a_value_says_where_to_map_it() -> None:
    decision = decided(features=[])
    assert codes(decision.findings) == ["attribute_missing"]
    assert "“Matière”" in decision.findings[0].text
    assert "“Mugs”" in decision.findings[0].fix
    mapped = decided(mapping(MATERIAL, FEATURE, "Composition"), features=[])
    assert "the feature “Composition”" in mapped.findings[0].fix


def test_a_required_value_the_platform_does_not_know_is_a_finding_with_the_value() -> None:
    decision = decided(features=[[1, 13]])
    assert codes(decision.findings) == ["attribute_value_not_mapped"]
    assert "“Verre”" in decision.findings[0].text


def test_an_optional_value_the_platform_does_not_know_is_left_out_with_the_reason() -> None:
    decision = decided(mapping(BATTERIES, FIXED, fixed_values=["Peut-être"]))
    assert BATTERIES not in values(decision)
    assert "attribute_value_skipped" in codes(decision.reasons)
    assert decision.findings == ()


def test_a_condition_makes_an_attribute_required() -> None:
    with_batteries = mapping(BATTERIES, FIXED, fixed_values=["Oui"])
    without = mapping(BATTERIES, FIXED, fixed_values=["Non"])
    assert "“Type de pile”" in decided(with_batteries).findings[0].text
    assert decided(without).findings == ()
    complete = decided(with_batteries, mapping(BATTERY_KIND, FIXED, fixed_values=["Lithium"]))
    assert (complete.findings, values(complete)[BATTERY_KIND]) == ((), ["1000060"])


def test_several_values_go_where_several_are_taken() -> None:
    names = replace(NAMES, feature_values={**NAMES.feature_values, 14: "Porcelaine"})
    assert values(decided(features=[[1, 11], [1, 14]], names=names)) == {MATERIAL: ["1000401", "1000402"]}


def test_one_text_with_several_listed_values_is_taken_apart() -> None:
    decision = decided(mapping(MATERIAL, FIXED, fixed_values=["Grès, porcelaine"]))
    assert values(decision) == {MATERIAL: ["1000401", "1000402"]}
    assert codes(decided(mapping(MATERIAL, FIXED, fixed_values=["Grès, verre"])).findings) == [
        "attribute_value_not_mapped"
    ]


def test_only_the_first_value_goes_where_one_is_taken() -> None:
    decision = decided(mapping(BATTERIES, FIXED, fixed_values=["Non", "Oui"]))
    assert values(decision)[BATTERIES] == ["1000059"]
    assert "attribute_first_value" in codes(decision.reasons)


def test_a_mapping_of_another_category_is_told_and_unused() -> None:
    decision = decided(mapping("999", FIXED, fixed_values=["x"]))
    assert "mapping_unused" in codes(decision.reasons)


def test_mappings_of_variant_attributes_are_not_read_here() -> None:
    decision = decided(mapping(VOLUME, FEATURE, "Contenance", group=AttributeGroup.VARIANT))
    assert VOLUME not in values(decision)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("325 ml", "325"), ("0,75 L", "0.75"), ("1 000 g", "1000"), ("1\u202f000,50 g", "1000.5"), ("1.500", "1.5"),
        ("10 x 20 cm", None), ("0", None), ("-5 °C", None), ("- 5", None), ("grand", None), ("", None),
    ],
)  # fmt: skip
def test_the_number_of_a_text(text: str, expected: str | None) -> None:
    assert number_in(text) == expected


def test_a_numeric_attribute_gets_the_number() -> None:
    decision = decided(mapping(VOLUME, FEATURE, "Contenance"))
    assert values(decision)[VOLUME] == ["325"]
    assert VOLUME not in values(decided(mapping(VOLUME, FIXED, fixed_values=["grand"])))


def test_a_weight_of_zero_is_no_value() -> None:
    assert source_texts(mapping(VOLUME, FIELD, "weight"), sources(weight=Decimal(0))) == []


def test_a_category_without_attributes_asks_for_nothing() -> None:
    assert decided(known=[]) == Checked((), (), ())
