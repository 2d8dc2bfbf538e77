"""How many pieces a listing offers: threshold (B2), packs, backorders, and what PrestaShop would not sell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalogue import Product, Variant
from models.settings import ProductSettings
from rules.decision import Decision
from rules.quantity import StockPolicy, listing_quantity, not_sellable

PACK = [[11, 0, 2], [12, 5, 1]]


def product(**changes: Any) -> Product:
    defaults: dict[str, Any] = {"connection_id": 1, "id_product": 7, "active": True, "available_for_order": True}
    return Product(**{**defaults, **changes})


def decide(
    stock: int,
    of: Product | None = None,
    *,
    policy: StockPolicy | None = None,
    components: Mapping[tuple[int, int], int] | None = None,
    minimal_quantity: int = 1,
    **settings: Any,
) -> Decision[int]:
    return listing_quantity(
        of or product(),
        Variant(
            connection_id=1, id_product=7, id_product_attribute=0, quantity=stock, minimal_quantity=minimal_quantity
        ),
        settings=ProductSettings(**settings),
        policy=policy or StockPolicy(),
        components=components or {},
    )


def codes(decision: Decision[int]) -> list[str]:
    return [reason.code for reason in decision.reasons]


def test_the_stock_of_the_variant() -> None:
    decision = decide(12)
    assert decision.value == 12
    assert [reason.text for reason in decision.reasons] == ["stock 12"]


@pytest.mark.parametrize(("stock", "offered"), [(6, 6), (5, 0), (4, 0), (0, 0)])
def test_at_or_below_the_threshold_it_is_sold_out(stock: int, offered: int) -> None:
    decision = decide(stock, inventory_threshold=5)
    assert decision.value == offered
    assert ("threshold" in codes(decision)) is (0 < stock <= 5)


def test_negative_stock_is_none() -> None:
    decision = decide(-3)
    assert (decision.value, codes(decision)) == (0, ["stock", "negative_stock"])


def test_no_more_than_the_platform_takes() -> None:
    decision = decide(250_000)
    assert (decision.value, codes(decision)) == (99_999, ["stock", "quantity_cap"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"active": False}, "inactive"),
        ({"available_for_order": False}, "not_for_order"),
        ({"show_price": False}, "price_hidden"),
        ({"state": 0}, "draft"),
        ({"customizable": 2}, "customisation_required"),
    ],
)
def test_what_prestashop_would_not_sell_is_sold_out(changes: dict[str, Any], code: str) -> None:
    decision = decide(12, product(**changes, out_of_stock=1), backorder_quantity=50)
    assert (decision.value, codes(decision)) == (0, [code])


def test_optional_customisation_and_any_visibility_are_sellable() -> None:
    assert not_sellable(product(customizable=1, visibility="none")) is None


@pytest.mark.parametrize(
    ("out_of_stock", "shop_allows", "sold_without_stock"),
    [(0, False, False), (0, True, False), (1, False, True), (1, True, True), (2, False, False), (2, True, True)],
)
def test_backorders_follow_the_products_flag_then_the_shops(
    out_of_stock: int, shop_allows: bool, sold_without_stock: bool
) -> None:
    policy = StockPolicy(order_out_of_stock=shop_allows)
    decision = decide(0, product(out_of_stock=out_of_stock), policy=policy, backorder_quantity=50)
    assert decision.value == (50 if sold_without_stock else 0)
    assert ("backorder" in codes(decision)) is sold_without_stock


def test_a_shop_without_stock_management_sells_everything_without_stock() -> None:
    policy = StockPolicy(stock_management=False)
    assert decide(0, product(out_of_stock=0), policy=policy, backorder_quantity=50).value == 50
    assert decide(0, product(out_of_stock=0), policy=policy).value == 0


def test_backorders_never_lower_the_real_stock() -> None:
    allowed = product(out_of_stock=1)
    assert decide(80, allowed, backorder_quantity=50).value == 80
    assert decide(20, allowed, backorder_quantity=50).value == 50
    assert decide(20, allowed).value == 20
    assert decide(-20, allowed).value == 0


def test_backorders_are_offered_below_the_threshold_too() -> None:
    decision = decide(3, product(out_of_stock=1), inventory_threshold=5, backorder_quantity=50)
    assert (decision.value, codes(decision)) == (50, ["stock", "threshold", "backorder"])


def test_a_minimal_quantity_is_pointed_out() -> None:
    decision = decide(12, minimal_quantity=4)
    assert (decision.value, codes(decision)) == (12, ["stock", "minimal_quantity"])


# The pack itself: 6. Its components last for 9 // 2 = 4 and for 5.
@pytest.mark.parametrize(
    ("own", "kind", "shop_kind", "offered"),
    [
        (6, 0, 1, 6),
        (6, 1, 0, 4),
        (6, 2, 0, 4),
        (3, 2, 0, 3),
        (6, 3, 0, 6),
        (6, 3, 1, 4),
        (3, 3, 2, 3),
        (3, 3, 3, 3),
    ],
)
def test_packs(own: int, kind: int, shop_kind: int, offered: int) -> None:
    decision = decide(
        own,
        product(bundle=PACK, pack_stock_type=kind),
        policy=StockPolicy(pack_stock_type=shop_kind),
        components={(11, 0): 9, (12, 5): 5},
    )
    assert decision.value == offered


def test_a_pack_names_the_component_that_runs_out_first() -> None:
    decision = decide(6, product(bundle=PACK, pack_stock_type=1), components={(11, 0): 9, (12, 5): 5})
    assert [reason.text for reason in decision.reasons] == ["product 11 of the pack lasts for 4"]


@pytest.mark.parametrize("components", [{(11, 0): 9}, {(11, 0): 9, (12, 5): -1}], ids=["unknown", "negative"])
def test_a_pack_with_a_component_that_is_not_there_is_sold_out(components: dict[tuple[int, int], int]) -> None:
    assert decide(6, product(bundle=PACK, pack_stock_type=1), components=components).value == 0


def test_only_a_pack_looks_at_components() -> None:
    assert decide(6, product(pack_stock_type=1), policy=StockPolicy(pack_stock_type=1)).value == 6


stocks = st.integers(-1_000, 300_000)
levels = st.integers(0, 99_999)
kinds = st.integers(0, 3)


@given(stocks, levels, levels, st.integers(0, 2), st.booleans(), st.booleans(), kinds, kinds, stocks, stocks)
def test_always_between_none_and_the_platforms_most(
    stock: int,
    threshold: int,
    backorder: int,
    out_of_stock: int,
    allows: bool,
    managed: bool,
    kind: int,
    shop_kind: int,
    first: int,
    second: int,
) -> None:
    decision = decide(
        stock,
        product(bundle=PACK, pack_stock_type=kind, out_of_stock=out_of_stock),
        policy=StockPolicy(stock_management=managed, order_out_of_stock=allows, pack_stock_type=shop_kind),
        components={(11, 0): first, (12, 5): second},
        inventory_threshold=threshold,
        backorder_quantity=backorder,
    )
    assert 0 <= decision.value <= 99_999
    assert decision.reasons


@given(stocks, levels)
def test_with_real_stock_only_the_offer_is_the_stock_or_nothing(stock: int, threshold: int) -> None:
    offered = decide(stock, inventory_threshold=threshold).value
    assert offered == (0 if stock <= threshold else min(stock, 99_999))


@given(stocks, stocks, levels, levels, st.integers(0, 2))
def test_more_stock_never_offers_less(one: int, other: int, threshold: int, backorder: int, flag: int) -> None:
    low, high = (
        decide(stock, product(out_of_stock=flag), inventory_threshold=threshold, backorder_quantity=backorder).value
        for stock in sorted([one, other])
    )
    assert low <= high
