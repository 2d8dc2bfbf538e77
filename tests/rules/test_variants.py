"""What tells variants apart: groups become sales attributes, every variant has the same set, none the same values."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalogue import Variant
from models.templates import AttributeGroup, AttributeMapping, AttributeSource
from rules.content import SalesAttribute
from rules.decision import Names
from rules.findings import Checked
from rules.variants import NAME_MAX, VALUE_MAX, sales_attributes
from tests.rules.listing_examples import (
    NAMES,
    attributes,
    codes,
    dictionary,
    mapping,
    simple,
    sources,
    variant,
    variants,
)

COLOUR, SIZE = "100000", "100007"


def decided(
    rows: list[Variant],
    names: Names = NAMES,
    mappings: list[AttributeMapping] | None = None,
    entries: Any = None,
    known: Any = None,
    usable: Any = None,
) -> Checked[dict[int, tuple[SalesAttribute, ...]]]:
    known = attributes() if known is None else known
    return sales_attributes(sources(rows, names), "Mugs", mappings or [], entries or {}, known, usable)


def named(options: dict[int, str], values: dict[int, tuple[int, str]]) -> Names:
    return replace(NAMES, options=options, option_values=values)


def mapped(attribute_id: str, key: str, source: AttributeSource = AttributeSource.OPTION, **changes: Any) -> Any:
    return mapping(attribute_id, source, key, group=AttributeGroup.VARIANT, **changes)


def test_a_simple_product_has_no_sales_attributes() -> None:
    assert decided([simple()]) == Checked({0: ()}, (), ())


def test_a_group_becomes_the_attribute_of_its_name_and_a_value_the_platforms_own() -> None:
    decision = decided([variant(1, option_value_ids=[5]), variant(2, option_value_ids=[6])])
    assert decision.value == {
        1: (SalesAttribute(id=COLOUR, value_id="1000001"),),
        2: (SalesAttribute(id=COLOUR, value_name="Ocre"),),
    }
    assert decision.findings == ()


@pytest.mark.parametrize("word", ["Color", "Farbe", "COULEUR", "Couleur (principale)", "Colour:"])
def test_usual_names_of_the_same_thing_match(word: str) -> None:
    names = named({2: word}, {5: (2, "Bleu")})
    assert decided([variant(1, option_value_ids=[5])], names).value[1][0].id == COLOUR


def test_a_group_the_category_does_not_know_keeps_its_own_name() -> None:
    assert decided([variant(1, option_value_ids=[9])]).value[1] == (SalesAttribute(name="Anse", value_name="Droite"),)


def test_a_mapping_goes_before_the_usual_name() -> None:
    rows = [variant(1, option_value_ids=[5]), variant(2, option_value_ids=[6])]
    for key in ("Couleur", "2"):
        decision = decided(rows, mappings=[mapped(SIZE, key)])
        assert [value[0].id for value in decision.value.values()] == [SIZE, SIZE]


def test_a_mapping_to_an_attribute_the_category_does_not_have_is_a_finding() -> None:
    assert codes(decided(variants(), mappings=[mapped("42", "Couleur")]).findings) == ["variant_mapping_invalid"]


def test_the_value_dictionary_translates_values() -> None:
    entries = dictionary(COLOUR, Ocre="1000002")
    decision = decided(variants(), mappings=[mapped(COLOUR, "Couleur")], entries=entries)
    assert decision.value[2][0].value_id == "1000002"


def test_a_value_the_platform_does_not_take_is_a_finding_that_says_where_to_map_it() -> None:
    known = attributes()
    known[0].is_customizable = False
    decision = decided(variants(), known=known)
    assert codes(decision.findings) == ["variant_value_not_mapped"]
    assert decision.findings[0].fix == "Add “Ocre” to the value dictionary of “Couleur” in the template “Mugs”."


def test_a_fixed_variant_attribute_is_the_same_for_all() -> None:
    fixed = mapped(SIZE, "", AttributeSource.FIXED, fixed_values=["325 ml"])
    decision = decided(variants(), mappings=[fixed])
    assert [value[-1] for value in decision.value.values()] == [SalesAttribute(id=SIZE, value_name="325 ml")] * 2


def test_a_combination_with_fewer_attributes_is_named() -> None:
    decision = decided([variant(1, option_value_ids=[1, 5]), variant(2, option_value_ids=[6])])
    assert [f.text for f in decision.findings] == [
        "Combination 2 (Ocre) has no value for “Taille”, which other combinations have."
    ]


def test_more_than_three_attributes_are_a_finding() -> None:
    names = named({i: f"Axe {i}" for i in range(1, 5)}, {i: (i, "a") for i in range(1, 5)})
    decision = decided([variant(1, option_value_ids=[1, 2, 3, 4])], names)
    assert decision.findings[0].text.startswith("The combinations vary in 4 attributes (Axe 1, Axe 2, Axe 3, Axe 4)")


def test_a_value_without_a_name_is_a_finding() -> None:
    assert codes(decided([variant(1, option_value_ids=[77])]).findings) == ["option_value_unknown"]


def test_two_combinations_that_look_the_same_are_both_named() -> None:
    entries = dictionary(COLOUR, Ocre="1000001")
    decision = decided(variants(), mappings=[mapped(COLOUR, "Couleur")], entries=entries)
    assert codes(decision.findings) == ["variants_identical"]
    assert decision.findings[0].text.startswith("Combination 1 (Bleu) and combination 2 (Ocre) look the same")


def test_combinations_without_attributes_look_the_same() -> None:
    assert codes(decided([variant(1), variant(2)]).findings) == ["variants_identical"]


def test_values_that_collide_once_cut_are_a_finding() -> None:
    long = "x" * VALUE_MAX
    names = named({3: "Anse", 1: "Taille"}, {8: (3, long + "a"), 9: (3, long + "b"), 1: (1, "S"), 2: (1, "M")})
    rows = [variant(1, option_value_ids=[8, 1]), variant(2, option_value_ids=[9, 2])]
    assert codes(decided(rows, names).findings) == ["variant_value_collision"]


def test_names_that_collide_once_cut_are_a_finding() -> None:
    long = "Longueur de la chaîne"
    names = named({3: long + " A", 4: long + " B"}, {8: (3, "1"), 9: (4, "2")})
    assert codes(decided([variant(1, option_value_ids=[8, 9])], names).findings) == ["variant_name_collision"]


def test_a_second_group_of_the_same_kind_keeps_its_own_name() -> None:
    names = named({2: "Couleur", 3: "Farbe"}, {5: (2, "Bleu"), 6: (3, "Rot")})
    decision = decided([variant(1, option_value_ids=[5, 6])], names)
    assert [(value.id, value.name) for value in decision.value[1]] == [(COLOUR, ""), ("", "Farbe")]
    assert decision.findings == ()


def test_spellings_that_differ_in_case_are_one_value() -> None:
    names = named({3: "Anse", 1: "Taille"}, {8: (3, "Ronde"), 9: (3, "RONDE"), 1: (1, "S"), 2: (1, "M")})
    decision = decided([variant(1, option_value_ids=[8, 1]), variant(2, option_value_ids=[9, 2])], names)
    assert {value.value_name for row in decision.value.values() for value in row if value.name == "Anse"} == {"Ronde"}


def pictured(*images: list[int]) -> list[Variant]:
    """Bleu S, Bleu M, Ocre S, Ocre M with these pictures."""
    options = [[5, 1], [5, 2], [6, 1], [6, 2]]
    return [
        variant(i, option_value_ids=values, image_ids=own)
        for i, (values, own) in enumerate(zip(options, images, strict=True), 1)
    ]


def test_pictures_go_on_the_colour_which_then_comes_first() -> None:
    decision = decided(pictured([101], [101], [102], [102]))
    assert [(value[0].id, value[0].image_id) for value in decision.value.values()] == [
        (COLOUR, 101), (COLOUR, 101), (COLOUR, 102), (COLOUR, 102),
    ]  # fmt: skip
    assert all(value[1].image_id is None for value in decision.value.values())


def test_pictures_go_on_another_attribute_when_they_follow_that() -> None:
    decision = decided(pictured([101], [102], [101], [102]))
    assert [(value[0].id, value[0].image_id) for value in decision.value.values()] == [
        (SIZE, 101), (SIZE, 102), (SIZE, 101), (SIZE, 102),
    ]  # fmt: skip


@pytest.mark.parametrize("images", [([101], [101], [], []), ([101], [102], [103], [104]), ([101], [101], [101], [101])])
def test_pictures_that_follow_no_attribute_are_not_sent(images: tuple[list[int], ...]) -> None:
    decision = decided(pictured(*images))
    assert {value.image_id for row in decision.value.values() for value in row} == {None}
    assert "variant_images_skipped" in codes(decision.reasons)


def test_a_picture_that_cannot_be_used_is_passed_over() -> None:
    decision = decided(pictured([101, 103], [101, 103], [102], [102]), usable={101: False})
    assert decision.value[1][0].image_id == 103


def assert_well_formed(rows: list[Variant], combinations: list[tuple[SalesAttribute, ...]]) -> None:
    """What the platform asks of a product's variants (3.12)."""
    assert len({tuple(v.key for v in row) for row in combinations}) == len(rows)
    assert len({tuple((v.id, v.name.casefold()) for v in row) for row in combinations}) == 1
    for row in combinations:
        assert len({(v.id, v.name) for v in row}) == len(row) <= 3
        assert all(len(v.name) <= NAME_MAX and len(v.value_name) <= VALUE_MAX for v in row)
        assert all(bool(v.id) != bool(v.name) and bool(v.value_id) != bool(v.value_name) for v in row)
        assert all(v.image_id is None for v in row[1:])
    assert len({row[0].image_id is None for row in combinations if row}) <= 1


WORDS = st.from_regex(r"[A-Za-z0-9é][A-Za-z0-9é ]{0,68}[A-Za-z0-9é]", fullmatch=True).map(lambda t: " ".join(t.split()))


@st.composite
def grids(draw: st.DrawFn) -> tuple[Names, list[Variant]]:
    """Up to 3 groups of up to 3 values, every combination of them a variant, with some pictures."""
    groups = draw(st.lists(WORDS, min_size=1, max_size=3, unique_by=lambda t: t[:NAME_MAX].strip().casefold()))
    values: dict[int, tuple[int, str]] = {}
    axes = []
    for group, _ in enumerate(groups, 1):
        texts = draw(st.lists(WORDS, min_size=1, max_size=3, unique_by=lambda t: t[:VALUE_MAX].strip().casefold()))
        ids = range(group * 10, group * 10 + len(texts))
        values.update({i: (group, text) for i, text in zip(ids, texts, strict=True)})
        axes.append(ids)
    by_value = draw(st.dictionaries(st.sampled_from(sorted(values)), st.integers(101, 104)))
    rows = [
        variant(i, option_value_ids=list(ids), image_ids=[by_value[v] for v in ids if v in by_value])
        for i, ids in enumerate(product(*axes), 1)
    ]
    return named(dict(enumerate(groups, 1)), values), rows


@given(grids())
def test_every_combination_of_distinct_values_is_accepted_and_well_formed(grid: tuple[Names, list[Variant]]) -> None:
    names, rows = grid
    decision = decided(rows, names)
    assert decision.findings == ()
    assert_well_formed(rows, list(decision.value.values()))


@given(
    st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=3),
    st.lists(st.text(min_size=1, max_size=70), min_size=2, max_size=8),
    st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=4, unique=True), min_size=1, max_size=6),
)
def test_whatever_the_combinations_are_it_is_a_finding_or_well_formed(
    groups: list[str], texts: list[str], picks: list[list[int]]
) -> None:
    values = {i + 1: (i % len(groups) + 1, text) for i, text in enumerate(texts)}
    rows = [variant(i, option_value_ids=[j % len(texts) + 1 for j in pick]) for i, pick in enumerate(picks, 1)]
    decision = decided(rows, named(dict(enumerate(groups, 1)), values))
    if not decision.findings:
        assert_well_formed(rows, list(decision.value.values()))
