"""Which category template a product belongs to (F2, F3, F11, F12)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalogue import Product
from models.templates import CategoryTemplate
from rules.template_matching import assign_template, count_matching, matches

# Home (2) > Clothes (3) > Men (4) > Shirts (5); Home > Art (9)
ANCESTORS = {
    2: frozenset[int](),
    3: frozenset({2}),
    4: frozenset({2, 3}),
    5: frozenset({2, 3, 4}),
    9: frozenset({2}),
}


def product(**changes: Any) -> Product:
    defaults: dict[str, Any] = {
        "connection_id": 1,
        "id_product": 7,
        "id_manufacturer": 1,
        "id_supplier": 20,
        "supplier_ids": [20, 21],
        "id_category_default": 4,
        "category_ids": [4, 9],
    }
    return Product(**{**defaults, **changes})


def template(key: int | None = 1, **changes: Any) -> CategoryTemplate:
    return CategoryTemplate(**{"id": key, "connection_id": 1, "name": f"template {key}", **changes})


def test_a_template_without_filters_takes_everything() -> None:
    assert matches(product(), template(), ANCESTORS)


@pytest.mark.parametrize(
    ("filters", "taken"),
    [
        ({"manufacturer_ids": [1, 2]}, True),
        ({"manufacturer_ids": [2]}, False),
        ({"supplier_ids": [20]}, True),
        ({"supplier_ids": [21, 99]}, True),
        ({"supplier_ids": [99]}, False),
        ({"category_ids": [4]}, True),
        ({"category_ids": [9]}, True),
        ({"category_ids": [3]}, True),
        ({"category_ids": [2]}, True),
        ({"category_ids": [5]}, False),
        ({"manufacturer_ids": [1], "supplier_ids": [20], "category_ids": [3]}, True),
        ({"manufacturer_ids": [2], "supplier_ids": [20], "category_ids": [3]}, False),
        ({"manufacturer_ids": [1], "supplier_ids": [20], "category_ids": [5]}, False),
    ],
    ids=str,
)
def test_every_filter_that_lists_anything_has_to_take_the_product(filters: dict[str, Any], taken: bool) -> None:
    assert matches(product(), template(**filters), ANCESTORS) is taken


def test_the_default_supplier_and_category_count_without_being_listed() -> None:
    bare = product(supplier_ids=[], category_ids=[])
    assert matches(bare, template(supplier_ids=[20], category_ids=[3]), ANCESTORS)


def test_a_product_without_manufacturer_is_not_taken_by_a_manufacturer_filter() -> None:
    assert not matches(product(id_manufacturer=0), template(manufacturer_ids=[1]), ANCESTORS)


def test_a_category_that_is_not_known_has_nothing_above_it() -> None:
    assert matches(product(category_ids=[77]), template(category_ids=[77]), ANCESTORS)
    assert not matches(product(id_category_default=77, category_ids=[77]), template(category_ids=[2]), ANCESTORS)


def test_the_lowest_position_wins_then_the_lowest_id() -> None:
    templates = [
        template(3, position=2),
        template(2, position=1),
        template(1, position=1),
        template(4, is_default=True),
    ]
    assert assign_template(product(), templates, ANCESTORS).value == 1


def test_a_template_that_does_not_match_is_passed_over_whatever_its_position() -> None:
    templates = [template(1, position=0, manufacturer_ids=[2]), template(2, position=9)]
    decision = assign_template(product(), templates, ANCESTORS)
    assert decision.value == 2
    assert decision.reasons[0].text == "the filters of template “template 2” take it"


def test_the_default_template_takes_what_no_other_takes_whatever_its_filters_say() -> None:
    default = template(1, is_default=True, position=-1, manufacturer_ids=[2])
    assert assign_template(product(), [default, template(2)], ANCESTORS).value == 2
    decision = assign_template(product(), [default, template(2, manufacturer_ids=[2])], ANCESTORS)
    assert (decision.value, decision.reasons[0].code) == (1, "default_template")


def test_without_a_default_template_a_product_may_be_left_over() -> None:
    decision = assign_template(product(), [template(1, manufacturer_ids=[2])], ANCESTORS)
    assert (decision.value, decision.reasons[0].code) == (None, "no_template")


def test_matching_products_are_counted_before_the_template_is_stored() -> None:
    products = [product(), product(id_manufacturer=2), product(id_category_default=9, category_ids=[9])]
    assert count_matching(products, template(None, manufacturer_ids=[1], category_ids=[2]), ANCESTORS) == 2


categories = st.sampled_from([2, 3, 4, 5, 9])
ids = st.lists(categories, max_size=2)
templates_of_a_shop = st.lists(
    st.builds(
        template,
        st.integers(1, 50),
        position=st.integers(0, 2),
        manufacturer_ids=st.lists(st.integers(1, 2), max_size=1),
        supplier_ids=st.lists(st.integers(20, 22), max_size=1),
        category_ids=ids,
    ),
    max_size=6,
    unique_by=lambda row: row.id,
).map(lambda rows: [*rows, template(99, is_default=True)])
products_of_a_shop = st.builds(
    product,
    id_manufacturer=st.integers(0, 2),
    id_supplier=st.sampled_from([0, 20, 21]),
    supplier_ids=st.lists(st.integers(20, 22), max_size=2),
    id_category_default=categories,
    category_ids=ids,
)


@given(products_of_a_shop, templates_of_a_shop, st.data())
def test_with_a_default_template_every_product_has_one_in_any_order(
    subject: Product, templates: list[CategoryTemplate], data: st.DataObject
) -> None:
    assigned = assign_template(subject, templates, ANCESTORS).value
    assert assigned is not None
    shuffled = data.draw(st.permutations(templates))
    assert assign_template(subject, shuffled, ANCESTORS).value == assigned
    taking = sorted((t.position, t.key) for t in templates if not t.is_default and matches(subject, t, ANCESTORS))
    assert assigned == (taking[0][1] if taking else 99)


@given(products_of_a_shop, st.builds(template, category_ids=st.lists(categories, min_size=1, max_size=2)))
def test_a_filter_on_a_parent_takes_all_that_one_on_the_child_takes(subject: Product, narrow: CategoryTemplate) -> None:
    parents = [*narrow.category_ids, *(above for key in narrow.category_ids for above in ANCESTORS[key])]
    if matches(subject, narrow, ANCESTORS):
        assert matches(subject, template(category_ids=parents), ANCESTORS)
    assert matches(subject, template(category_ids=[2]), ANCESTORS)
