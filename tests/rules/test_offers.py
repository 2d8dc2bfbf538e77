"""What of a listing's prices and stock has to be sent: only what differs, and then all SKUs the call covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.decision import Reason
from rules.offers import (
    OfferDifference,
    ShownSku,
    WantedSku,
    deletions_need_consent,
    gone,
    offer_difference,
    warehouse_stock,
)
from rules.price import Price

TOO_DEAR = Reason("above_market_maximum", "GB takes no price above 5600 GBP")


def shown(sku_id: str = "1", price: str | None = "24.90", offered: int | None = 5, **more: int) -> ShownSku:
    return ShownSku(sku_id, None if price is None else Decimal(price), "GBP", offered, **more)


def wanted(price: str | None = "24.90", quantity: int = 5, **more: object) -> WantedSku:
    return WantedSku(
        None if price is None else Price(Decimal(price), "GBP"),
        quantity,
        price_reasons=(Reason("sale_price", f"sale price {price}"),),
        quantity_reasons=(Reason("stock", f"stock {quantity}"),),
        **more,  # type: ignore[arg-type]  # the fields of WantedSku
    )


def difference(
    skus: list[tuple[ShownSku, WantedSku]], *, sync_price: bool = True, sync_stock: bool = True
) -> OfferDifference:
    return offer_difference(
        [sku for sku, _ in skus],
        {sku.sku_id: want for sku, want in skus},
        sync_price=sync_price,
        sync_stock=sync_stock,
    )


# Examples ----------------------------------------------------------------------------------------------------------


def test_what_is_shown_already_needs_no_call() -> None:
    assert difference([(shown(), wanted())]) == OfferDifference()


@pytest.mark.parametrize(("there", "here"), [("24.9", "24.90"), ("24.900000", "24.9"), ("1500", "1500.00")])
def test_the_same_price_written_otherwise_is_the_same(there: str, here: str) -> None:
    assert difference([(shown(price=there), wanted(here))]).price is None


def test_a_new_price_is_told_with_the_old_one_and_why() -> None:
    change = difference([(shown(price="24.900000"), wanted("19.95"))]).price
    assert change is not None
    assert [step.as_record() for step in change.steps] == [
        {"sku_id": "1", "from": "24.90", "to": "19.95", "currency": "GBP"}
    ]
    assert [reason.text for reason in change.reasons] == ["sale price 19.95"]


def test_all_skus_go_along_but_only_what_moves_is_reasoned_about() -> None:
    change = difference([(shown("1"), wanted(quantity=4)), (shown("2"), wanted())]).stock
    assert change is not None
    assert [(step.sku_id, step.after, step.moves) for step in change.steps] == [("1", "4", True), ("2", "5", False)]
    assert [reason.text for reason in change.reasons] == ["stock 4"]


@pytest.mark.parametrize("price", [None, "24.904"])
def test_an_unknown_price_and_one_that_only_looks_the_same_move(price: str | None) -> None:
    change = difference([(shown(price=price), wanted())]).price
    assert change is not None
    assert change.steps[0].moves
    assert change.reasons


def test_another_currency_moves_although_the_amount_is_the_same() -> None:
    change = difference([(replace(shown(), currency="EUR"), wanted())]).price
    assert change is not None
    assert change.steps[0].before == "24.90 EUR"


def test_stock_that_is_not_known_is_sent_whatever_it_should_be() -> None:
    change = difference([(shown(offered=None), wanted(quantity=0))]).stock
    assert change is not None
    assert (change.steps[0].before, change.steps[0].after) == ("", "0")


def test_a_price_that_cannot_be_shown_holds_up_no_other() -> None:
    found = difference([(shown("1"), wanted(None, refusal=TOO_DEAR)), (shown("2"), wanted("19.95"))])
    assert found.refused == {"1": TOO_DEAR}
    assert found.price is not None
    assert [step.sku_id for step in found.price.steps] == ["2"]


def test_what_is_gone_is_sold_out_and_keeps_its_price() -> None:
    found = difference([(shown(), gone("the product is gone"))])
    assert found.price is None
    assert not found.refused
    assert found.stock is not None
    assert found.stock.steps[0].as_record() == {"sku_id": "1", "from": "5", "to": "0", "everywhere": True}


def test_what_nobody_may_sell_is_sold_out_in_other_warehouses_too() -> None:
    """Ours is empty, another still has 9: that is no difference until the product may not be sold at all."""
    sku = shown(offered=0, everywhere=9)
    assert difference([(sku, wanted(quantity=0))]).stock is None
    change = difference([(sku, gone("the product is gone"))]).stock
    assert change is not None
    assert (change.steps[0].before, change.steps[0].after) == ("9", "0")
    assert difference([(shown(offered=0), gone("the product is gone"))]).stock is None


def test_skus_without_a_wish_are_left_alone() -> None:
    found = offer_difference([shown("1"), shown("2")], {"1": wanted("1.00", 1)}, sync_price=True, sync_stock=True)
    assert found.price is not None
    assert found.stock is not None
    assert {step.sku_id for step in (*found.price.steps, *found.stock.steps)} == {"1"}


# Properties --------------------------------------------------------------------------------------------------------

_amounts = st.decimals("0.01", "999.99", places=2)
_quantities = st.integers(0, 99_999)
_shown = st.builds(
    ShownSku,
    sku_id=st.just(""),
    price=st.none() | _amounts,
    currency=st.just("GBP"),
    offered=st.none() | _quantities,
)
_reasons = st.just((Reason("why", "because"),))
_wanted = st.builds(
    WantedSku,
    price=_amounts.map(lambda amount: Price(amount, "GBP")),
    quantity=_quantities,
    price_reasons=_reasons,
    quantity_reasons=_reasons,
) | st.builds(WantedSku, price=st.none(), quantity=_quantities, refusal=st.just(TOO_DEAR), quantity_reasons=_reasons)
_listings = st.lists(st.tuples(_shown, _wanted), max_size=8).map(
    lambda pairs: [(replace(sku, sku_id=str(number)), want) for number, (sku, want) in enumerate(pairs)]
)


@given(_listings)
def test_after_what_was_planned_nothing_differs(skus: list[tuple[ShownSku, WantedSku]]) -> None:
    found = difference(skus)
    prices = {step.sku_id: step.after for step in found.price.steps} if found.price else {}
    pieces = {step.sku_id: step.after for step in found.stock.steps} if found.stock else {}
    then = [
        (
            replace(
                sku,
                price=Decimal(prices[sku.sku_id]) if sku.sku_id in prices else sku.price,
                offered=int(pieces[sku.sku_id]) if sku.sku_id in pieces else sku.offered,
            ),
            want,
        )
        for sku, want in skus
    ]
    again = difference(then)
    assert (again.price, again.stock) == (None, None)
    assert again.refused == found.refused


@given(_listings)
def test_a_change_names_all_that_move_and_sends_the_others_along(skus: list[tuple[ShownSku, WantedSku]]) -> None:
    found = difference(skus)
    moved_prices = {sku.sku_id for sku, want in skus if want.price and sku.price != want.price.amount}
    assert bool(found.price) is bool(moved_prices)
    if found.price:
        assert [step.sku_id for step in found.price.steps] == [sku.sku_id for sku, want in skus if want.price]
        assert {step.sku_id for step in found.price.steps if step.moves} == moved_prices
        assert found.price.reasons
    moved_stock = {sku.sku_id for sku, want in skus if sku.offered != want.quantity}
    assert bool(found.stock) is bool(moved_stock)
    if found.stock:
        assert [(step.sku_id, int(step.after)) for step in found.stock.steps] == [
            (sku.sku_id, want.quantity) for sku, want in skus
        ]
        assert {step.sku_id for step in found.stock.steps if step.moves} == moved_stock
        assert found.stock.reasons


@given(_listings, st.booleans(), st.booleans())
def test_what_is_not_kept_in_step_is_never_planned(
    skus: list[tuple[ShownSku, WantedSku]], sync_price: bool, sync_stock: bool
) -> None:
    both, found = difference(skus), difference(skus, sync_price=sync_price, sync_stock=sync_stock)
    assert found.price == (both.price if sync_price else None)
    assert found.refused == (both.refused if sync_price else {})
    assert found.stock == (both.stock if sync_stock else None)


# The warehouses -----------------------------------------------------------------------------------------------------

_warehouses = st.dictionaries(st.sampled_from(["ours", "theirs", "third"]), st.integers(0, 99_999))


@given(
    st.integers(-1_000, 10**9),
    _warehouses,
    st.integers(-5, 10**6),
    st.integers(0, 50),
    st.booleans(),
    st.integers(0, 500),
)
def test_stock_is_possible_names_every_warehouse_and_leaves_out_what_is_sold(
    pieces: int, available: Mapping[str, int], committed: int, threshold: int, everywhere: bool, backorder: int
) -> None:
    stock = warehouse_stock(
        pieces,
        available,
        committed,
        warehouse_id="ours",
        threshold=threshold,
        everywhere=everywhere,
        backorder=backorder,
    ).value
    assert set(stock) == {"ours", *available}
    assert all(0 <= pieces <= 99_999 for pieces in stock.values())
    left = max(max(pieces, 0) - max(committed, 0), 0)
    possible = 0 if everywhere else min(max(left if left > threshold else 0, backorder), 99_999)
    assert stock["ours"] == possible
    assert {key: pieces for key, pieces in stock.items() if key != "ours"} == {
        key: 0 if everywhere else pieces for key, pieces in available.items() if key != "ours"
    }


@pytest.mark.parametrize(
    ("committed", "threshold", "backorder", "left"),
    [(0, 0, 0, 10), (3, 0, 0, 7), (3, 7, 0, 0), (3, 6, 0, 7), (12, 0, 0, 0), (3, 0, 10, 10), (3, 0, 5, 7)],
)
def test_units_of_open_orders_are_taken_out_of_the_stock_once(
    committed: int, threshold: int, backorder: int, left: int
) -> None:
    decided = warehouse_stock(
        10, {"ours": 10 - committed}, committed, warehouse_id="ours", threshold=threshold, backorder=backorder
    )
    assert decided.value == {"ours": left}
    assert bool(decided.reasons) is bool(committed)


def test_a_sku_that_no_warehouse_carries_yet_goes_to_ours() -> None:
    assert warehouse_stock(3, {}, 0, warehouse_id="ours").value == {"ours": 3}


# Deletions -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "listed", "asks"), [(5, 5, False), (6, 24, True), (6, 60, False), (7, 60, True), (0, 0, False)]
)
def test_many_deletions_at_once_need_consent(missing: int, listed: int, asks: bool) -> None:
    """More than a handful, and more than the share."""
    assert deletions_need_consent(missing, listed, share_percent=10) is asks


@given(st.integers(0, 10_000), st.integers(1, 100))
def test_the_more_are_gone_the_sooner_a_person_is_asked(listed: int, share: int) -> None:
    asked = [deletions_need_consent(missing, listed, share_percent=share) for missing in range(0, listed + 1, 7)]
    assert asked == sorted(asked)
    assert not any(deletions_need_consent(missing, listed, share_percent=100) for missing in (0, listed))
