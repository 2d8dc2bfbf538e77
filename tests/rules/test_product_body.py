"""The bodies of create and edit: the documented shape, within every limit, and no stock that is not there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.templates import AttributeSource
from rules.content import Identifier, ListingContent
from rules.listing import CreateRequest, create_body, edit_body, listing_content
from rules.market import market
from tests.rules.listing_examples import NAMES, example, inputs, mapping, product, template, variant, variants


@dataclass(frozen=True)
class Price:
    amount: Decimal
    currency: str


def mug(**changes: Any) -> ListingContent:
    """The mug of the recorded request: three pictures, two colours, a document."""
    certificate = {"id": "7182427070000000022", "file": "contact-alimentaire.pdf", "file_id": "v09"}
    decision = listing_content(
        product(),
        variants(),
        inputs(
            template=template(certificates=[certificate], **changes),
            mappings=[mapping("100399", AttributeSource.FEATURE, "Contenance")],
        ),
    )
    assert decision.content, decision.findings
    return decision.content


def arguments(content: ListingContent, quantity: int = 5) -> dict[str, Any]:
    keys = [sku.id_product_attribute for sku in content.skus]
    pictures = {*content.image_ids, *(v.image_id for sku in content.skus for v in sku.sales_attributes if v.image_id)}
    return {
        "images": {image: f"main-{image}" for image in pictures},
        "variant_images": {image: f"variant-{image}" for image in pictures},
        "prices": dict.fromkeys(keys, Price(Decimal("24.90"), "EUR")),
        "quantities": dict.fromkeys(keys, quantity),
        "warehouse_id": "7400000000000000011",
    }


def created(content: ListingContent, **changes: Any) -> CreateRequest:
    return create_body(content, **{**arguments(content), "idempotency_key": "k", **changes})


def shape(document: Any) -> Any:
    """Names and types of a document: of a list the shape of its first element."""
    if isinstance(document, dict):
        return {name: shape(value) for name, value in document.items()}
    if isinstance(document, list):
        return [shape(document[0])] if document else []
    return type(document).__name__


def test_a_create_has_the_shape_of_the_recorded_request() -> None:
    expected = shape(example("product-create-request.json"))
    # The recorded one repeats the name of an attribute that it gives by id.
    del expected["skus"][0]["sales_attributes"][0]["name"]
    body = created(mug()).body
    # Its first value is a free text, as our second is.
    body["skus"].reverse()
    assert shape(body) == expected


def test_a_create_says_what_the_content_says() -> None:
    body = created(mug()).body
    assert body["save_mode"] == "LISTING"
    assert body["main_images"] == [{"uri": "main-101"}, {"uri": "main-102"}, {"uri": "main-103"}]
    assert body["external_product_id"] == "ps-1:42"
    assert body["skus"][0] == {
        "seller_sku": "MUG-325-1",
        "external_sku_id": "ps-1:42:1",
        "price": {"amount": "24.90", "currency": "EUR"},
        "inventory": [{"warehouse_id": "7400000000000000011", "quantity": 5}],
        "sales_attributes": [{"id": "100000", "value_id": "1000001", "sku_img": {"uri": "variant-101"}}],
        "identifier_code": {"type": "EAN", "code": "3760000000017"},
    }


def test_without_pictures_of_their_own_use_variants_take_the_main_ones() -> None:
    body = created(mug(), variant_images=None).body
    assert body["skus"][0]["sales_attributes"][0]["sku_img"] == {"uri": "main-101"}


def test_amounts_are_plain_decimal_texts() -> None:
    prices = {1: Price(Decimal("1E+3"), "JPY"), 2: Price(Decimal("0.10"), "EUR")}
    amounts = [sku["price"]["amount"] for sku in created(mug(), prices=prices).body["skus"]]
    assert amounts == ["1000", "0.10"]


def test_a_variant_without_stock_is_created_with_one_and_named_to_be_set_to_zero() -> None:
    request = created(mug(), quantities={1: 0, 2: 7})
    assert [sku["inventory"][0]["quantity"] for sku in request.body["skus"]] == [1, 7]
    assert request.set_to_zero == (1,)


def test_where_the_platform_takes_zero_nothing_has_to_be_set_afterwards() -> None:
    request = created(mug(), quantities={1: 0, 2: -3}, zero_quantity=0)
    assert [sku["inventory"][0]["quantity"] for sku in request.body["skus"]] == [0, 0]
    assert request.set_to_zero == ()


def test_an_edit_keeps_the_ids_of_live_variants_and_adds_the_others() -> None:
    body = edit_body(mug(), **arguments(mug()), sku_ids={2: "1729"})
    assert [sku.get("id") for sku in body["skus"]] == [None, "1729"]
    assert "idempotency_key" not in body
    assert "save_mode" not in body


def test_an_edit_never_makes_up_stock() -> None:
    body = edit_body(mug(), **arguments(mug(), quantity=0), sku_ids={1: "1728", 2: "1729"})
    assert [sku["inventory"][0]["quantity"] for sku in body["skus"]] == [0, 0]


def test_an_edit_does_not_change_an_identifier_that_is_set() -> None:
    before = mug()
    changed = before.skus[0].model_copy(update={"identifier": Identifier(type="EAN", code="96385074")})
    after = before.model_copy(update={"skus": (changed, before.skus[1])})
    live = edit_body(after, **arguments(after), sku_ids={1: "1728", 2: "1729"}, live=before)
    assert live["skus"][0]["identifier_code"]["code"] == "3760000000017"
    new = edit_body(after, **arguments(after), sku_ids={2: "1729"}, live=before)
    assert new["skus"][0]["identifier_code"]["code"] == "96385074"


def test_a_size_chart_is_a_picture_or_a_template() -> None:
    content = mug()
    for chart, expected in (
        ({"uri": "u", "template_id": ""}, {"image": {"uri": "u"}}),
        ({"uri": "", "template_id": "t"}, {"template": {"id": "t"}}),
    ):
        again = ListingContent.model_validate({**content.model_dump(), "size_chart": chart})
        assert created(again).body["size_chart"] == expected


@pytest.mark.parametrize("name", ["images", "prices", "quantities"])
def test_nothing_is_made_up_for_what_is_missing(name: str) -> None:
    with pytest.raises(KeyError):
        created(mug(), **{name: {}})


WORDS = st.from_regex(r"[a-z0-9é][a-z0-9é ]{0,68}[a-z0-9é]", fullmatch=True)
SKUS = st.from_regex(r"[A-Za-z0-9_-]{6,50}", fullmatch=True)


@given(
    st.sampled_from(["FR", "US", "JP", "SG"]),
    st.lists(WORDS, min_size=26, max_size=40).map(" ".join),
    st.text(max_size=300),
    st.lists(
        st.tuples(SKUS, WORDS, st.integers(-5, 200_000)),
        min_size=1,
        max_size=4,
        unique_by=(lambda row: row[0], lambda row: " ".join(row[1].split())[:50].strip()),
    ),
    st.lists(st.integers(1, 40), min_size=1, max_size=20),
    st.decimals("0.000001", 30, places=6),
)
def test_whatever_the_product_its_create_is_within_the_limits(
    region: str,
    name: str,
    description: str,
    skus: list[tuple[str, str, int]],
    images: list[int],
    weight: Decimal,
) -> None:
    rows = [variant(i, reference=sku, option_value_ids=[i]) for i, (sku, _, _) in enumerate(skus, 1)]
    names = replace(NAMES, options={1: name}, option_values={i: (1, text) for i, (_, text, _) in enumerate(skus, 1)})
    place = market(region)
    item = product(name={"1": name}, description={"1": "texte " + description}, image_ids=images, weight=weight)
    decision = listing_content(item, rows, inputs(market=place, names=names))
    assert decision.content, decision.findings
    quantities = {i: quantity for i, (_, _, quantity) in enumerate(skus, 1)}
    body = created(decision.content, quantities=quantities).body
    assert place.title_min <= len(body["title"]) <= place.title_max
    assert 0 < len(body["description"]) <= 10_000
    assert 1 <= len(body["main_images"]) <= 9
    assert 0 < Decimal(body["package_weight"]["value"]) <= place.max_weight_kg
    assert body["package_weight"]["unit"] in place.weight_units
    assert len(body["skus"]) == len(skus)
    assert [sku["seller_sku"] for sku in body["skus"]] == [sku for sku, _, _ in skus]
    for sku in body["skus"]:
        assert 1 <= sku["inventory"][0]["quantity"] <= 99_999
        for value in sku["sales_attributes"]:
            assert 1 <= len(value["name"]) <= 20
            assert 1 <= len(value["value_name"]) <= 50
