"""Units become rows, and rows get net prices from which PrestaShop's own rounding makes the wanted total (K6)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.settings import OrderSettings
from rules.decision import Finding
from rules.order_lines import Line, Priced, Rounding, Row, Taxed, VariantKey, price_rows, row_amounts, rows_of
from rules.order_money import Ledger, booking, ledger_of
from rules.order_stage import live_units
from rules.tiktok_order import TikTokOrder, Unit
from tests.rules.money_examples import FEE, MODES, RATES, ROUNDINGS, TYPES, carts, cents, line, orders, till, unhurried

EXAMPLES = Path(__file__).parents[1] / "data" / "tiktok-shop-examples"
RECORDED = Path(__file__).parents[1] / "data" / "prestashop-orders"
D = Decimal


def unit(number: int = 1, sku_id: str = "s1", seller_sku: str = "MUG", **fields: Any) -> Unit:
    row = {"id": f"u{number}", "sku_id": sku_id, "seller_sku": seller_sku, "sale_price": "1", "original_price": "1"}
    return Unit.read({**row, **fields})


def bundle(number: int, *parts: tuple[str, int]) -> Unit:
    rows = [{"seller_sku": sku, "sku_id": f"part-{sku}", "sku_count": count} for sku, count in parts]
    return unit(number, "set", "SET", combined_listing_skus=rows)


def made(found: tuple[Row, ...] | Finding) -> tuple[Row, ...]:
    assert not isinstance(found, Finding), found
    return found


def priced(found: Priced | Finding) -> Priced:
    assert isinstance(found, Priced), found
    return found


# Which variants


def test_a_link_comes_before_a_sku() -> None:
    rows = made(rows_of([unit()], linked={"s1": (1, 2)}, by_sku={"MUG": [(3, 0), (4, 0)]}))
    assert rows == (Row((1, 2), 1, {"u1": 1}),)


def test_a_sku_stands_for_its_only_variant() -> None:
    assert made(rows_of([unit()], linked={}, by_sku={"MUG": [(3, 0), (3, 0)]}))[0].variant == (3, 0)


@pytest.mark.parametrize(
    ("code", "by_sku", "seller_sku"),
    [
        ("sku_unknown", {}, "MUG"),
        ("sku_unknown", {"": [(1, 0)]}, ""),
        ("sku_unknown", {"MUG": []}, "MUG"),
        ("sku_ambiguous", {"MUG": [(1, 0), (2, 0)]}, "MUG"),
    ],
)
def test_what_is_unknown_or_ambiguous_is_a_finding(
    code: str, by_sku: dict[str, list[VariantKey]], seller_sku: str
) -> None:
    found = rows_of([unit(seller_sku=seller_sku)], linked={}, by_sku=by_sku)
    assert isinstance(found, Finding)
    assert found.code == code
    assert seller_sku in found.text
    assert found.fix


def test_a_variant_has_one_row_whatever_its_units_cost_or_are_called() -> None:
    units = [unit(1), unit(2, "s2", "CUP"), unit(3, "s3", "OTHER"), unit(4)]
    rows = made(rows_of(units, linked={"s3": (1, 2)}, by_sku={"MUG": [(1, 2)], "CUP": [(5, 0)]}))
    assert rows == (Row((1, 2), 3, {"u1": 1, "u3": 1, "u4": 1}), Row((5, 0), 1, {"u2": 1}))


def test_a_bundle_becomes_its_parts_and_joins_what_is_sold_singly() -> None:
    by_sku: dict[str, list[VariantKey]] = {"MUG": [(1, 0)], "TEA": [(2, 0)]}
    units = [bundle(1, ("MUG", 2), ("TEA", 3)), unit(2), bundle(3, ("MUG", 2), ("TEA", 3))]
    rows = made(rows_of(units, linked={}, by_sku=by_sku))
    assert rows == (Row((1, 0), 5, {"u1": 2, "u2": 1, "u3": 2}), Row((2, 0), 6, {"u1": 3, "u3": 3}))
    # 10.00 at 2 × 4.00 and 3 × 1.00: 7.27 and 2.73.
    amounts = {"u1": D("10.00"), "u2": D("4.00"), "u3": D("10.00")}
    prices = {(1, 0): D("4.00"), (2, 0): D("1.00")}
    assert row_amounts(rows, amounts, prices, 2) == [D("18.54"), D("5.46")]
    # Without the price of a part its parts weigh by pieces.
    assert row_amounts(rows, amounts, {(1, 0): D("4.00")}, 2) == [D("12.00"), D("12.00")]


def test_a_bundle_that_is_a_product_here_stays_one() -> None:
    assert made(rows_of([bundle(1, ("MUG", 2))], linked={"set": (7, 0)}, by_sku={}))[0] == Row((7, 0), 1, {"u1": 1})


def test_a_part_that_is_unknown_is_a_finding() -> None:
    found = rows_of([bundle(1, ("MUG", 2), ("TEA", 1))], linked={}, by_sku={"MUG": [(1, 0)]})
    assert isinstance(found, Finding)
    assert "TEA" in found.text


@unhurried
@given(st.lists(st.tuples(st.sampled_from("abcde"), cents(), st.integers(1, 3)), min_size=1, max_size=30), st.data())
def test_rows_hold_all_units_and_all_money(sold: list[tuple[str, Decimal, int]], data: st.DataObject) -> None:
    by_sku: dict[str, list[VariantKey]] = {sku: [(number, 0)] for number, sku in enumerate("abcde", start=1)}
    units = [
        bundle(number, (sku, count), ("e", 1)) if count > 1 else unit(number, sku, sku)
        for number, (sku, _, count) in enumerate(sold)
    ]
    amounts = {f"u{number}": amount for number, (_, amount, _) in enumerate(sold)}
    prices = data.draw(st.dictionaries(st.sampled_from([(n, 0) for n in range(1, 6)]), cents()))
    rows = made(rows_of(units, linked={}, by_sku=by_sku))
    totals = row_amounts(rows, amounts, prices, 2)
    assert sum(totals) == sum(amounts.values())
    assert min(totals) >= 0
    assert {unit_id for row in rows for unit_id in row.units} == set(amounts)
    assert sum(row.quantity for row in rows) == sum(count + 1 if count > 1 else 1 for _, _, count in sold)
    turned = made(rows_of(units[::-1], linked={}, by_sku=by_sku))
    assert {row.variant: row for row in turned} == {row.variant: row for row in rows}
    backwards = dict(zip((row.variant for row in turned), row_amounts(turned, amounts, prices, 2), strict=True))
    assert backwards == dict(zip((row.variant for row in rows), totals, strict=True))


# Recordings


def recorded(number: str) -> Any:
    (path,) = RECORDED.glob(f"{number}-*.http")
    return json.loads(path.read_text().rpartition("\n\n")[2])


def test_the_recorded_order_in_spain() -> None:
    # 134-137: 3 pieces at a forced 10.330579 and 21 %.
    order, (detail,) = recorded("136")["order"], recorded("137")["order_details"]
    rounding = Rounding(int(order["round_type"]), int(order["round_mode"]), 2)
    found = priced(price_rows([line(6, "37.50", 3)], fee=D(0), fee_line=None, rounding=rounding))
    (row,) = found.rows
    assert row.price == D(detail["product_price"])
    assert row.unit_incl == D(detail["unit_price_tax_incl"])
    assert row.unit_excl == D(detail["unit_price_tax_excl"])
    assert (row.total_incl, row.total_excl) == (D(detail["total_price_tax_incl"]), D(detail["total_price_tax_excl"]))
    assert (found.total, found.total_excl) == (D(order["total_products_wt"]), D(order["total_products"]))
    # Shipping was not free there: a fee row of the same tax comes to the same totals.
    fee = D(order["total_shipping_tax_incl"])
    with_fee = priced(price_rows([line(6, "37.50", 3)], fee=fee, fee_line=(FEE, Taxed(D("0.21"))), rounding=rounding))
    assert (with_fee.total, with_fee.total_excl) == (D(order["total_paid_tax_incl"]), D(order["total_paid_tax_excl"]))
    assert with_fee.fee_row is not None
    assert with_fee.fee_row.total_excl == D(order["total_shipping_tax_excl"])


def test_the_recorded_order_without_tax() -> None:
    # 096, 097, 101.
    order, details = recorded("097")["order"], recorded("101")["order_details"]
    lines = [
        Line(
            (int(row["product_id"]), int(row["product_attribute_id"])),
            int(row["product_quantity"]),
            D(row["total_price_tax_incl"]),
            Taxed(D(0)),
        )
        for row in details
    ]
    found = priced(
        price_rows(lines, fee=D(order["total_shipping"]), fee_line=(FEE, Taxed(D(0))), rounding=Rounding(2, 2, 2))
    )
    assert [row.unit_incl for row in found.goods] == [D(row["unit_price_tax_incl"]) for row in details]
    assert [row.total_excl for row in found.goods] == [D(row["total_price_tax_excl"]) for row in details]
    assert found.total == D(order["total_paid"])


# Prices


def test_the_price_of_the_fact_sheet() -> None:
    (row,) = priced(price_rows([line(7, "39.98", 2)], fee=D(0), fee_line=None, rounding=Rounding(2, 2, 2))).rows
    assert (row.price, row.total_excl) == (D("16.520661"), D("33.04"))


def test_a_cent_that_pieces_cannot_show_goes_into_the_fee_row() -> None:
    rounding = Rounding(1, 2, 2)
    found = priced(price_rows([line(1, "10.00", 3)], fee=D("2.00"), fee_line=(FEE, Taxed(D(0))), rounding=rounding))
    assert found.goods[0].total_incl == D("9.99")
    assert found.fee_row is not None
    assert found.fee_row.total_incl == D("2.01")
    assert [reason.code for reason in found.reasons] == ["remainder"]
    alone = priced(price_rows([line(1, "10.00", 3)], fee=D(0), fee_line=(FEE, Taxed(D("0.2"))), rounding=rounding))
    assert alone.needs_fee_row
    assert (alone.total, alone.rows[-1].total_incl) == (D("10.00"), D("0.01"))


def test_without_a_fee_product_it_goes_into_a_single_piece_or_nowhere() -> None:
    rounding = Rounding(1, 2, 2)
    lines = [line(1, "10.00", 3), line(2, "5.00"), line(3, "7.00")]
    found = priced(price_rows(lines, fee=D(0), fee_line=None, rounding=rounding))
    assert [row.total_incl for row in found.rows] == [D("9.99"), D("5.00"), D("7.01")]
    assert [reason.code for reason in found.reasons] == ["remainder_moved"]
    refused = price_rows(lines[:1], fee=D(0), fee_line=None, rounding=rounding)
    assert isinstance(refused, Finding)
    assert refused.code == "fee_product_missing"


def test_no_fee_row_unless_it_carries_something() -> None:
    found = priced(price_rows([line(1, "9.99")], fee=D(0), fee_line=(FEE, Taxed(D("0.2"))), rounding=Rounding(1, 2, 2)))
    assert not found.needs_fee_row
    assert (found.fee_row, len(found.rows), found.reasons) == (None, 1, ())


@pytest.mark.parametrize(
    ("code", "lines", "changes"),
    [
        ("fee_product_missing", [line(1, "9.99")], {"fee": D(1), "fee_line": None}),
        ("group_reduction", [line(1, "9.99")], {"group_reduction": D("0.1")}),
        ("variant_twice", [line(1, "9.99"), line(1, "9.99")], {}),
        ("variant_twice", [line(900, "9.99")], {}),
        ("ecotax_above_price", [line(1, "0.50", ecotax=D("0.5"), ecotax_rate=D("0.2"))], {}),
        ("ecotax_above_price", [line(1, "0.00", ecotax=D("0.5"))], {}),
    ],
)
def test_what_cannot_be_is_a_finding(code: str, lines: Sequence[Line], changes: dict[str, Any]) -> None:
    given = {"fee": D(0), "fee_line": (FEE, Taxed(D("0.21"))), "rounding": Rounding(2, 2, 2), **changes}
    found = price_rows(lines, **given)
    assert isinstance(found, Finding)
    assert found.code == code
    assert found.text
    assert found.fix


def test_ecotax_comes_on_top_of_the_forced_price() -> None:
    # 24.20 = (19.40 + ecotax 0.50) × 1.21 + …: both with 21 %.
    eco = line(1, "24.20", ecotax=D("0.5"), ecotax_rate=D("0.21"))
    (row,) = priced(price_rows([eco], fee=D(0), fee_line=None, rounding=Rounding(2, 2, 2))).rows
    assert (row.price, row.unit_excl, row.unit_incl) == (D("19.500000"), D("20.000000"), D("24.200000"))


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("mode", MODES)
def test_nothing_costs_nothing(type_: int, mode: int) -> None:
    lines = [line(1, "0", 3), line(2, "0", 1, "0")]
    found = priced(price_rows(lines, fee=D(0), fee_line=None, rounding=Rounding(type_, mode, 2)))
    assert [row.price for row in found.rows] == [0, 0]
    assert (found.total, found.total_excl, found.needs_fee_row) == (D(0), D(0), False)


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("mode", MODES)
def test_a_gift_stays_free_of_charge_whatever_others_missed(type_: int, mode: int) -> None:
    for gross in range(50_000, 50_020):
        lines = [line(1, D(gross) / 100, 199), line(2, "0", 3), line(3, "5.01")]
        found = price_rows(lines, fee=D(1), fee_line=(FEE, Taxed(D("0.21"))), rounding=Rounding(type_, mode, 2))
        assert priced(found).goods[1].price == 0


def test_rounded_by_total_a_row_makes_up_for_what_others_missed() -> None:
    # Each row of 199 is 0.0001 off at the nearest price of six decimals; eighty of them are a cent.
    gross = max((D(number) / 100 for number in range(50_000, 50_200)), key=lambda each: _missed(each, 199))
    lines = [line(number, gross, 199) for number in range(1, 81)]
    assert _missed(gross, 199) * 80 > D("0.005")
    found = priced(price_rows(lines, fee=D(0), fee_line=None, rounding=Rounding(3, 2, 2)))
    assert found.total == gross * 80


def _missed(gross: Decimal, quantity: int) -> Decimal:
    """How much the nearest net price of six decimals is below the row, at 21 %."""
    net = (gross / quantity / D("1.21")).quantize(D("0.000001"))
    return gross - (net * D("1.21")).quantize(D("0.000001")) * quantity


@unhurried
@given(carts())
def test_any_cart_comes_to_its_total(cart: tuple[list[Line], Decimal, tuple[VariantKey, Taxed], Rounding]) -> None:
    lines, fee, fee_line, rounding = cart
    found = priced(price_rows(lines, fee=fee, fee_line=fee_line, rounding=rounding))
    wanted = sum((one.gross for one in lines), fee)
    assert found.total == wanted
    taxes = [one.taxed for one in lines] + [fee_line[1]] * found.needs_fee_row
    assert till(found.rows, taxes, rounding) == wanted
    assert min(row.price for row in found.rows) >= 0
    assert all(row.price == row.price.quantize(D("0.000001")) for row in found.rows)
    assert [(row.variant, row.quantity) for row in found.goods] == [(one.variant, one.quantity) for one in lines]
    for row, one in zip(found.goods, lines, strict=True):
        # Never more than a unit a piece is taken out of a row.
        assert abs(row.total_incl - one.gross) <= rounding.unit * row.quantity
        if rounding.type == 2:
            assert row.total_incl == one.gross
    if fee:
        assert found.needs_fee_row
    elif rounding.type == 2:
        assert not found.needs_fee_row


@unhurried
@given(carts())
def test_any_cart_without_a_fee_product(
    cart: tuple[list[Line], Decimal, tuple[VariantKey, Taxed], Rounding],
) -> None:
    lines, _, _, rounding = cart
    found = price_rows(lines, fee=D(0), fee_line=None, rounding=rounding)
    if isinstance(found, Finding):
        assert found.code == "fee_product_missing"
        assert rounding.type == 1
        assert not any(one.quantity == 1 and one.gross for one in lines)
        return
    assert found.total == sum(one.gross for one in lines)
    assert till(found.rows, [one.taxed for one in lines], rounding) == found.total


@unhurried
@given(carts(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_plays_no_part(
    cart: tuple[list[Line], Decimal, tuple[VariantKey, Taxed], Rounding], random: Any
) -> None:
    lines, fee, fee_line, rounding = cart
    found = priced(price_rows(lines, fee=fee, fee_line=fee_line, rounding=rounding))
    turned = list(lines)
    random.shuffle(turned)
    again = priced(price_rows(turned, fee=fee, fee_line=fee_line, rounding=rounding))
    assert {row.variant: row for row in again.rows} == {row.variant: row for row in found.rows}


@unhurried
@given(cents(1, 1_000_000), st.sampled_from(RATES), st.sampled_from(TYPES), st.sampled_from(MODES))
@example(D("0.01"), D("0.27"), 1, 0)
@example(D("0.01"), D("0.27"), 3, 1)
def test_one_piece_reaches_every_cent(gross: Decimal, rate: Decimal, type_: int, mode: int) -> None:
    rounding = Rounding(type_, mode, 2)
    found = priced(price_rows([], fee=gross, fee_line=(FEE, Taxed(rate)), rounding=rounding))
    assert (found.total, len(found.rows)) == (gross, 1)


# From TikTok's order to PrestaShop's total


@unhurried
@given(st.data(), ROUNDINGS, st.sampled_from(["paid", "restored"]), st.sampled_from(["exclude", "include"]))
def test_any_order_comes_to_what_the_ledger_says(
    data: st.DataObject, rounding: Rounding, total: Any, marketplace_tax: Any
) -> None:
    order: TikTokOrder = data.draw(orders(rounding.decimals, most=20))
    skus = data.draw(st.lists(st.sampled_from("abc"), min_size=len(order.units), max_size=len(order.units)))
    units = tuple(replace(one, sku_id=sku) for one, sku in zip(order.units, skus, strict=True))
    order = replace(order, units=units)
    ledger = ledger_of(order, rounding.decimals)
    assert isinstance(ledger, Ledger)
    shown = booking(ledger, OrderSettings(total=total, marketplace_tax=marketplace_tax))
    linked = {sku: (number, 0) for number, sku in enumerate("abc", start=1)}
    rows = made(rows_of(live_units(order), linked=linked, by_sku={}))
    rates = [Taxed(data.draw(st.sampled_from(RATES))) for _ in rows]
    lines = [
        Line(row.variant, row.quantity, amount, taxed)
        for row, amount, taxed in zip(rows, row_amounts(rows, shown.units, {}, rounding.decimals), rates, strict=True)
    ]
    fee_line = (FEE, Taxed(data.draw(st.sampled_from(RATES))))
    found = priced(price_rows(lines, fee=shown.fee, fee_line=fee_line, rounding=rounding))
    assert found.total == shown.total
    assert till(found.rows, [*rates, fee_line[1]][: len(found.rows)], rounding) == shown.total


def test_the_example_of_tiktok_comes_to_46_79() -> None:
    row = json.loads((EXAMPLES / "order-search-response.json").read_text())["data"]["orders"][0]
    order = TikTokOrder.read(row)
    ledger = ledger_of(order)
    assert isinstance(ledger, Ledger)
    shown = booking(ledger, OrderSettings())
    (mugs,) = rows = made(rows_of(order.units, linked={}, by_sku={"MUG-325-BLEU": [(19, 25)]}))
    (amount,) = row_amounts(rows, shown.units, {}, 2)
    taxed = Taxed(D("0.2"))
    lines = [Line(mugs.variant, mugs.quantity, amount, taxed)]
    found = priced(price_rows(lines, fee=shown.fee, fee_line=(FEE, taxed), rounding=Rounding(2, 2, 2)))
    assert [(r.quantity, r.price, r.total_incl) for r in found.rows] == [
        (2, D("17.833333"), D("42.80")),
        (1, D("3.325000"), D("3.99")),
    ]
    assert found.total == D("46.79")
