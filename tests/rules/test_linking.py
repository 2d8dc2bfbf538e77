"""Linking: what is proposed, what is left to people, and that nothing is ever linked twice (H3)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.linking import (
    METHODS,
    ListedSku,
    Method,
    Proposals,
    ShopVariant,
    created_for,
    gtin14,
    propose,
    title_words,
)

EAN, OTHER_EAN = "4006381000147", "4006381000215"


def made(proposals: Proposals) -> dict[str, tuple[tuple[int, int], Method]]:
    return {link.sku.sku_id: (link.variant, link.method) for link in proposals.links}


def doubts(proposals: Proposals) -> dict[str, str]:
    return {one.sku.sku_id: one.reason.code for one in proposals.ambiguous}


# SKUs


def test_an_equal_sku_links() -> None:
    proposals = propose([ListedSku("L1", "1", seller_sku="A-1")], [ShopVariant(42, 7, sku="A-1")])
    (link,) = proposals.links
    assert (link.variant, link.method, link.score) == ((42, 7), "sku", 100.0)
    assert link.reasons[0].text == "the SKU “A-1” is the same in PrestaShop"


def test_the_exact_spelling_goes_before_the_folded_one() -> None:
    proposals = propose(
        [ListedSku("L1", "1", seller_sku="a-1")], [ShopVariant(1, 0, sku="A-1"), ShopVariant(2, 0, sku="a-1")]
    )
    assert made(proposals) == {"1": ((2, 0), "sku")}


@pytest.mark.parametrize("spelling", ["a-1", " A-1 ", "A-1\t"])
def test_case_and_spaces_around_do_not_matter_where_nothing_is_equal(spelling: str) -> None:
    proposals = propose([ListedSku("L1", "1", seller_sku=spelling)], [ShopVariant(1, 0, sku="A-1")])
    assert made(proposals) == {"1": ((1, 0), "sku")}
    assert proposals.links[0].score < 100


def test_the_reference_links_where_the_sku_is_made_of_something_else() -> None:
    proposals = propose(
        [ListedSku("L1", "1", seller_sku="REF-9")], [ShopVariant(1, 0, sku="PS-000001", reference="REF-9")]
    )
    assert made(proposals) == {"1": ((1, 0), "sku")}


def test_variants_that_share_a_sku_are_left_to_people() -> None:
    proposals = propose(
        [ListedSku("L1", "1", seller_sku="A")], [ShopVariant(1, 0, sku="A"), ShopVariant(2, 0, sku="A")]
    )
    assert proposals.links == ()
    assert proposals.ambiguous[0].candidates == ((1, 0), (2, 0))
    assert doubts(proposals) == {"1": "several_variants"}


def test_listings_that_share_a_sku_are_left_to_people() -> None:
    proposals = propose(
        [ListedSku("L1", "1", seller_sku="A"), ListedSku("L2", "2", seller_sku="A")], [ShopVariant(1, 0, sku="A")]
    )
    assert proposals.links == ()
    assert doubts(proposals) == {"1": "several_skus", "2": "several_skus"}


def test_a_linked_variant_is_not_linked_again() -> None:
    proposals = propose([ListedSku("L1", "1", seller_sku="A")], [ShopVariant(1, 0, sku="A", linked=True)])
    assert doubts(proposals) == {"1": "already_linked"}


def test_what_is_doubtful_by_sku_is_not_guessed_by_title() -> None:
    proposals = propose(
        [ListedSku("L1", "1", title="Walnut tray", seller_sku="A")],
        [ShopVariant(1, 0, sku="A", title="Walnut tray"), ShopVariant(2, 0, sku="A", title="Oak tray")],
    )
    assert proposals.links == ()


def test_other_gtins_under_one_sku_are_said() -> None:
    proposals = propose(
        [ListedSku("L1", "1", seller_sku="A", barcode=EAN)], [ShopVariant(1, 0, sku="A", gtins=(OTHER_EAN,))]
    )
    assert [reason.code for reason in proposals.links[0].reasons] == ["same_sku", "gtin_differs"]
    assert proposals.links[0].score < 100


# Cross-references


@pytest.mark.parametrize(
    ("product", "sku", "variant"),
    [
        ("ps-1:42", "ps-1:42:7", (42, 7)),
        ("ps-1:42", "ps-1:42:0", (42, 0)),
        ("ps-1:42", "", (42, 0)),
        ("ps-2:42", "ps-2:42:7", None),
        ("ps-1:42", "erp-7", None),
        ("", "", None),
    ],
)
def test_only_our_own_cross_references_name_a_variant(product: str, sku: str, variant: tuple[int, int] | None) -> None:
    assert created_for(product, sku, 1) == variant


def test_a_cross_reference_goes_before_a_sku_that_says_nothing() -> None:
    sku = ListedSku("L1", "1", seller_sku="OLD", created_for=(42, 7))
    proposals = propose([sku], [ShopVariant(42, 7, sku="NEW")])
    assert made(proposals) == {"1": ((42, 7), "sku")}
    assert "cross-reference" in proposals.links[0].reasons[0].text


def test_a_cross_reference_that_the_sku_contradicts_is_left_to_people() -> None:
    sku = ListedSku("L1", "1", seller_sku="A", created_for=(42, 0))
    proposals = propose([sku], [ShopVariant(42, 0, sku="B"), ShopVariant(5, 0, sku="A")])
    assert proposals.links == ()
    assert proposals.ambiguous[0].candidates == ((5, 0), (42, 0))


# GTINs


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("012345678905", "0012345678905"),  # a UPC and its EAN
        ("012345678905", "12345678905"),  # a spreadsheet took the zero
        ("4006381000147", "04006381000147"),  # GTIN-14
        ("4006381000147", " 400-6381 000147"),
        ("0306406152", "9780306406157"),  # ISBN-10 and ISBN-13
        ("0-306-40615-2", "9780306406157"),
    ],
)
def test_spellings_of_one_gtin_are_the_same(one: str, other: str) -> None:
    assert gtin14(one) == gtin14(other) != ""


@pytest.mark.parametrize("code", ["", "0", "0000000000000", "4006381000148", "123", "ABCDEFGH", "٤٠٠٦٣٨١٠٠٠١٤٧"])
def test_what_is_no_gtin_matches_nothing(code: str) -> None:
    assert gtin14(code) == ""


def test_a_gtin_links_where_the_sku_does_not() -> None:
    proposals = propose(
        [ListedSku("L1", "1", seller_sku="X", barcode=EAN)], [ShopVariant(1, 2, sku="A", gtins=("", f"0{EAN}"))]
    )
    assert made(proposals) == {"1": ((1, 2), "gtin")}
    assert [reason.code for reason in proposals.links[0].reasons] == ["same_gtin", "sku_differs"]


def test_a_gtin_repeated_on_every_combination_is_left_to_people() -> None:
    proposals = propose(
        [ListedSku("L1", "1", barcode=EAN)], [ShopVariant(1, 1, gtins=(EAN,)), ShopVariant(1, 2, gtins=(EAN,))]
    )
    assert doubts(proposals) == {"1": "several_variants"}


# Titles


def by_title(listing: str, *products: str) -> Proposals:
    return propose(
        [ListedSku("L1", "1", title=listing)],
        [ShopVariant(number, 0, title=title) for number, title in enumerate(products, 1)],
    )


@pytest.mark.parametrize(
    ("listing", "product"),
    [
        ("Walnut tray", "Walnut tray"),
        ("WALNUT  TRAY!", "walnut tray"),
        ("Tray, walnut", "Walnut tray"),
        ("Écharpe d’été", "Echarpe d'ete"),
        ("T-shirt 250ml", "Tshirt 250 ml"),
        ("Handgemachte Keramikschale mit Untersetzer", "Handgemachte Keramikschalen mit Untersetzer"),
        ("Organic cotton cushion colour", "Organic cotton cushion color"),
        ("手作り陶器ボウル 赤", "手作り陶器ボウル 赤"),
    ],
)
def test_the_same_title_in_other_spellings_links(listing: str, product: str) -> None:
    assert made(by_title(listing, product, "Something else entirely")) == {"1": ((1, 0), "title")}


@pytest.mark.parametrize(
    ("listing", "product"),
    [
        ("Organic cotton shirt, round neck, long sleeves, red", "Organic cotton shirt, round neck, long sleeves, blue"),
        ("Hand thrown stoneware mug 250 ml", "Hand thrown stoneware mug 350 ml"),
        ("Olive oil 2.5 l", "Olive oil 25 l"),
        ("Phone case for the model twelve pro max", "Phone case for the model twelve pro"),
        ("Training jacket for running and hiking men", "Training jacket for running and hiking women"),
        ("Sports shirt breathable XL", "Sports shirt breathable XXL"),
        ("手作り陶器ボウル大きいサイズ日本製 赤", "手作り陶器ボウル大きいサイズ日本製 青"),
        ("", ""),
        ("100", "100"),
        ("!!!", "???"),
    ],
)  # fmt: skip
def test_titles_that_are_only_alike_do_not_link(listing: str, product: str) -> None:
    proposals = by_title(listing, product)
    assert (proposals.links, proposals.ambiguous) == ((), ())


def test_a_title_that_two_products_are_close_to_is_left_to_people() -> None:
    proposals = by_title(
        "Handmade ceramic bowl with saucer", "Handmade ceramics bowl with saucer", "Handmade ceramic bowls with saucer"
    )
    assert doubts(proposals) == {"1": "several_products"}
    assert proposals.ambiguous[0].candidates == ((1, 0), (2, 0))


def test_two_products_of_one_title_are_left_to_people() -> None:
    assert doubts(by_title("Walnut tray", "Walnut tray", "Tray walnut")) == {"1": "several_products"}


def test_two_listings_of_one_title_are_left_to_people() -> None:
    skus = [ListedSku("L1", "1", title="Walnut tray"), ListedSku("L2", "2", title="walnut tray")]
    assert doubts(propose(skus, [ShopVariant(1, 0, title="Walnut tray")])) == {
        "1": "several_listings",
        "2": "several_listings",
    }


def test_a_product_that_is_linked_already_is_not_named_by_a_title() -> None:
    variants = [ShopVariant(1, 0, title="Walnut tray", linked=True), ShopVariant(2, 0, title="Walnut try")]
    proposals = propose([ListedSku("L1", "1", title="Walnut tray")], variants)
    assert doubts(proposals) == {"1": "already_linked"}


def test_a_partly_linked_listing_is_not_linked_by_title() -> None:
    sku = ListedSku("L1", "1", title="Walnut tray", rest_is_open=False)
    assert propose([sku], [ShopVariant(1, 0, title="Walnut tray")]).links == ()


def shirts(*values: tuple[str, ...]) -> list[ListedSku]:
    return [ListedSku("L1", str(number), title="Linen shirt", values=one) for number, one in enumerate(values, 1)]


SHIRTS = [
    ShopVariant(5, 1, title="Linen shirt", values=("Red", "M")),
    ShopVariant(5, 2, title="Linen shirt", values=("Red", "L")),
    ShopVariant(5, 3, title="Linen shirt", values=("Blue", "M")),
]


def test_variants_are_told_apart_by_their_values() -> None:
    proposals = propose(shirts(("M", "red"), ("m", "Blue")), SHIRTS)
    assert made(proposals) == {"1": ((5, 1), "title"), "2": ((5, 3), "title")}
    assert proposals.links[0].reasons[1].text == "so are the values M, red"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([("Red", "M"), ("Green", "M")], "values_differ"),
        ([("Red", "M"), ("red", "m")], "values_differ"),
        ([("Red",), ("Blue",)], "values_differ"),
        ([(), ()], "values_unknown"),
        ([()], "values_unknown"),
    ],
)
def test_variants_that_values_do_not_tell_apart_are_left_to_people(values: list[tuple[str, ...]], code: str) -> None:
    proposals = propose(shirts(*values), SHIRTS)
    assert proposals.links == ()
    assert set(doubts(proposals).values()) == {code}
    assert proposals.need_values == ({"L1"} if code == "values_unknown" else set())


def test_only_the_methods_asked_for_are_used() -> None:
    sku = ListedSku("L1", "1", title="Walnut tray", seller_sku="A", barcode=EAN)
    variants = [
        ShopVariant(1, 0, sku="A"),
        ShopVariant(2, 0, gtins=(EAN,)),
        ShopVariant(3, 0, title="Walnut tray"),
    ]
    for method, id_product in (("sku", 1), ("gtin", 2), ("title", 3)):
        assert made(propose([sku], variants, [method])) == {"1": ((id_product, 0), method)}  # type: ignore[list-item]


def test_a_title_has_the_same_words_in_any_order() -> None:
    assert title_words("Mug — 2,5 l (red)") == title_words("red 2.5l MUG") == ("2", "5", "l", "mug", "point", "red")


# Whatever is on either side

few = st.sampled_from(["", "A", "a", " A", "B", "C-1", "c-1"])
codes = st.sampled_from(["", EAN, f"0{EAN}", OTHER_EAN, "123"])
titles = st.sampled_from(
    ["", "Walnut tray", "walnut tray!", "Walnut trays", "Oak tray 25", "Oak tray 35", "Linen shirt"]
)
values = st.sampled_from([(), ("Red",), ("red",), ("Blue",), ("Red", "M")])
keys = st.tuples(st.integers(1, 4), st.integers(0, 3))


@st.composite
def sides(draw: st.DrawFn) -> tuple[list[ListedSku], list[ShopVariant]]:
    listings = draw(st.dictionaries(st.sampled_from("KLMN"), titles, min_size=1))
    skus = [
        ListedSku(
            product_id=product_id,
            sku_id=f"{product_id}{number}",
            title=title,
            seller_sku=draw(few),
            barcode=draw(codes),
            values=draw(values),
            created_for=draw(st.none() | keys),
            rest_is_open=True,
        )
        for product_id, title in listings.items()
        for number in range(draw(st.integers(1, 3)))
    ]
    names: dict[int, str] = {}
    variants = [
        ShopVariant(
            *key,
            sku=draw(few),
            reference=draw(few),
            gtins=(draw(codes), draw(codes)),
            title=names.setdefault(key[0], draw(titles)),
            values=draw(values),
            linked=draw(st.booleans()),
        )
        for key in draw(st.sets(keys))
    ]
    return skus, variants


@given(sides(), st.lists(st.sampled_from(METHODS), unique=True))
def test_nothing_is_linked_twice_and_nothing_linked_is_taken(
    both: tuple[list[ListedSku], list[ShopVariant]], methods: list[Method]
) -> None:
    skus, variants = both
    proposals = propose(skus, variants, methods)
    linked = [link.sku.sku_id for link in proposals.links]
    taken = [link.variant for link in proposals.links]
    assert len(set(linked)) == len(linked)
    assert len(set(taken)) == len(taken)
    assert set(taken) <= {variant.key for variant in variants if not variant.linked}
    assert not set(linked) & set(doubts(proposals))
    assert all(one.candidates and one.reason.text for one in proposals.ambiguous)
    assert all(link.reasons and 0 < link.score <= 100 and link.method in methods for link in proposals.links)


@given(sides(), st.randoms(use_true_random=False))
def test_the_order_of_neither_side_matters(
    both: tuple[list[ListedSku], list[ShopVariant]], shuffled: random.Random
) -> None:
    skus, variants = both
    before = propose(skus, variants)
    shuffled.shuffle(skus)
    shuffled.shuffle(variants)
    assert propose(skus, variants) == before


@given(sides())
def test_once_linked_a_second_run_proposes_nothing_for_what_was_linked(
    both: tuple[list[ListedSku], list[ShopVariant]],
) -> None:
    skus, variants = both
    first = propose(skus, variants)
    taken = {link.variant for link in first.links}
    again = propose(
        [sku for sku in skus if sku.sku_id not in made(first)],
        [
            ShopVariant(
                *one.key, one.sku, one.reference, one.gtins, one.title, one.values, one.linked or one.key in taken
            )
            for one in variants
        ],
    )
    assert not taken & {link.variant for link in again.links}


@given(st.text(max_size=60))
def test_any_text_has_words_and_a_gtin_or_none(text: str) -> None:
    assert title_words(text) == title_words(" ".join(title_words(text)))
    assert len(gtin14(text)) in (0, 14)
