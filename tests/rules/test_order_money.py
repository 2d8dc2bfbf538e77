"""The ledger of an order, and what of it PrestaShop shows: to the cent, or a finding (K6)."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.settings import OrderSettings
from rules.decision import Finding
from rules.order_money import Booking, Ledger, booking, ledger_of
from rules.tiktok_order import CANCELLED, TikTokOrder
from tests.rules.money_examples import cents, orders, tiktok_order, unhurried

EXAMPLES = Path(__file__).parents[1] / "data" / "tiktok-shop-examples"
SETTINGS = st.builds(
    OrderSettings,
    total=st.sampled_from(["paid", "restored"]),
    marketplace_tax=st.sampled_from(["exclude", "include"]),
    shipping=st.sampled_from(["product", "not_booked"]),
)
D = Decimal


def ledger(order: TikTokOrder, decimals: int = 2) -> Ledger:
    found = ledger_of(order, decimals)
    assert isinstance(found, Ledger), found
    return found


def refused(order: TikTokOrder, decimals: int = 2) -> str:
    found = ledger_of(order, decimals)
    assert isinstance(found, Finding)
    assert found.text
    assert found.fix
    return found.code


def codes(given: Booking | Ledger) -> list[str]:
    return [reason.code for reason in (given.reasons if isinstance(given, Booking) else given.notes)]


@pytest.fixture
def example() -> TikTokOrder:
    rows = json.loads((EXAMPLES / "order-search-response.json").read_text())["data"]["orders"]
    return TikTokOrder.read(rows[0])


# The example of the fact sheet


def test_the_example_adds_up(example: TikTokOrder) -> None:
    found = ledger(example)
    assert [(u.list, u.seller_discount, u.platform_discount, u.paid) for u in found.units] == [
        (D("24.90"), D("2.50"), D("1.00"), D("21.40"))
    ] * 2
    assert (found.shipping_list, found.shipping_platform_discount, found.shipping) == (D("4.99"), D("1.00"), D("3.99"))
    assert (found.paid, found.notes) == (D("46.79"), ())


@pytest.mark.parametrize(
    ("settings", "units", "fee", "total"),
    [
        ({}, "21.40", "3.99", "46.79"),
        ({"total": "restored"}, "22.40", "4.99", "49.79"),
        ({"shipping": "not_booked"}, "21.40", "0", "42.80"),
        ({"total": "restored", "shipping": "not_booked"}, "22.40", "0", "44.80"),
    ],
)
def test_what_the_example_shows(example: TikTokOrder, settings: Any, units: str, fee: str, total: str) -> None:
    shown = booking(ledger(example), OrderSettings(**settings))
    assert set(shown.units.values()) == {D(units)}
    assert (shown.fee, shown.total) == (D(fee), D(total))
    assert codes(shown)[0] == ("total_restored" if "total" in settings else "total_paid")
    assert ("shipping_not_booked" in codes(shown)) == ("shipping" in settings)


def test_the_price_detail_of_the_example_says_the_same(example: TikTokOrder) -> None:
    detail = json.loads((EXAMPLES / "order-price-detail-response.json").read_text())["data"]
    found = ledger(example)
    assert D(detail["payment"]) == found.paid
    assert D(detail["subtotal"]) == sum(unit.paid for unit in found.units)
    assert D(detail["shipping_sale_price"]) == found.shipping


# What comes on top, and what is taken off


def test_tax_on_top_is_left_out_unless_asked_for() -> None:
    order = tiktok_order(
        [{"list": "20.00", "tax": "1.65"}, {"list": "5.00", "tax": "0.41"}],
        currency="USD",
        shipping_fee="4.00",
        tax="2.39",
        product_tax="2.06",
        shipping_fee_tax="0.33",
    )
    found = ledger(order)
    assert found.paid == D("31.39")
    without, with_tax = booking(found, OrderSettings()), booking(found, OrderSettings(marketplace_tax="include"))
    assert (without.units, without.fee, without.total) == ({"u001": D("20.00"), "u002": D("5.00")}, D(4), D(29))
    assert with_tax.units == {"u001": D("21.65"), "u002": D("5.41")}
    assert (with_tax.fee, with_tax.total) == (D("4.33"), D("31.39"))
    assert "marketplace_tax" in codes(without)
    assert "left out of" in next(reason.text for reason in without.reasons if reason.code == "marketplace_tax")


def test_tax_that_only_the_order_tells_is_shared_out() -> None:
    found = ledger(tiktok_order([{"list": "20.00"}, {"list": "10.00"}], tax="1.00"))
    assert [unit.tax for unit in found.units] == [D("0.67"), D("0.33")]
    assert codes(found) == ["tax_shared"]


def test_tax_finer_than_the_currency_is_shared_out() -> None:
    found = ledger(tiktok_order([{"list": "5.00", "tax": "0.4125"}, {"list": "5.00", "tax": "0.4175"}], tax="0.83"))
    assert [unit.tax for unit in found.units] == [D("0.42"), D("0.41")]
    assert codes(found) == ["tax_shared"]


def test_a_discount_on_the_order_is_shared_out_by_largest_remainder() -> None:
    order = tiktok_order([{"list": "10.00"}, {"list": "10.00"}, {"list": "10.00"}], sub_total="20.00")
    found = ledger(order)
    assert [unit.paid for unit in found.units] == [D("6.66"), D("6.67"), D("6.67")]
    assert codes(found) == ["order_discount"]
    assert "order_discount" in codes(booking(found, OrderSettings()))


def test_what_tiktok_pays_of_a_discount_on_the_order_is_restored() -> None:
    order = tiktok_order(
        [{"list": "10.00", "platform": "1.00"}, {"list": "10.00"}], sub_total="13.00", platform_discount="5.00"
    )
    found = ledger(order)
    assert sum(unit.order_discount for unit in found.units) == D("6.00")
    assert sum(unit.order_platform_discount for unit in found.units) == D("4.00")
    assert booking(found, OrderSettings(total="restored")).total == D("18.00")


@pytest.mark.parametrize("in_total", [True, False])
def test_a_discount_at_payment_may_be_in_the_total_or_not(in_total: bool) -> None:
    order = tiktok_order(
        [{"list": "10.00"}],
        shipping_fee="3.00",
        payment_platform_discount="2.00",
        total_amount="11.00" if in_total else "13.00",
    )
    found = ledger(order)
    assert found.units[0].payment_discount == (2 if in_total else 0)
    assert booking(found, OrderSettings()).total == found.paid
    assert booking(found, OrderSettings(total="restored")).total == 13


def test_a_discount_at_payment_beyond_the_goods_comes_off_shipping() -> None:
    order = tiktok_order([{"list": "2.00"}], shipping_fee="4.00", payment_platform_discount="5.00", total_amount="1.00")
    shown = booking(ledger(order), OrderSettings())
    assert (shown.units["u001"], shown.fee, shown.total) == (D(0), D(1), D(1))
    assert booking(ledger(order), OrderSettings(total="restored")).total == 6


def test_sale_prices_may_be_before_tiktoks_own_discount() -> None:
    # Whether sale_price is less the platform's discount is not certain (4.6): the sub-total tells.
    order = tiktok_order(
        [{"list": "20.00", "seller": "2.00", "platform": "3.00", "sale": "18.00"}, {"list": "5.00"}], sub_total="20.00"
    )
    found = ledger(order)
    assert [unit.paid for unit in found.units] == [15, 5]
    assert [unit.platform_discount for unit in found.units] == [3, 0]
    assert [unit.order_discount for unit in found.units] == [0, 0]


def test_a_discount_without_its_field_is_the_sellers() -> None:
    found = ledger(tiktok_order([{"list": "20.00", "sale": "18.00"}]))
    assert (found.units[0].seller_discount, found.units[0].platform_discount) == (D(2), D(0))


def test_a_list_price_left_out_is_what_its_parts_make() -> None:
    order = tiktok_order([{"seller": "2.00", "sale": "18.00"}], original_total_product_price=None)
    assert ledger(order).units[0].list == 20


# Free of charge


@pytest.mark.parametrize("unit", [{"list": "20.00", "seller": "20.00"}, {}, {"list": "20.00", "is_gift": True}])
def test_an_order_free_of_charge_is_0(unit: dict[str, Any]) -> None:
    order = tiktok_order([{**unit, "sale": "0"}])
    shown = booking(ledger(order), OrderSettings())
    assert (shown.units, shown.fee, shown.total) == ({"u001": D(0)}, D(0), D(0))


def test_a_sample_whose_shipping_is_paid() -> None:
    order = tiktok_order([{"list": "20.00"}], sub_total="0", shipping_fee="4.00", total_amount="4.00")
    shown = booking(ledger(order), OrderSettings())
    assert (shown.units["u001"], shown.fee) == (D(0), D(4))


def test_a_sub_total_left_out_is_what_the_units_cost() -> None:
    order = tiktok_order([{"list": "20.00"}], sub_total=None, shipping_fee="4.00", total_amount="24.00")
    assert booking(ledger(order), OrderSettings()).total == 24


def test_gifts_cost_nothing_whatever_their_price() -> None:
    order = tiktok_order([{"list": "20.00"}, {"list": "5.00", "is_gift": True, "sale": "5.00"}], sub_total="20.00")
    assert [unit.paid for unit in ledger(order).units] == [20, 0]


# Cancelled units


def test_cancelled_units_are_left_out() -> None:
    order = tiktok_order([{"list": "20.00"}, {"list": "5.00", "status": CANCELLED}], shipping_fee="4.00")
    shown = booking(ledger(order), OrderSettings())
    assert (shown.units, shown.total) == ({"u001": D(20)}, D(24))
    assert "cancelled_units" in codes(shown)


@pytest.mark.parametrize("listed", ["20.00", None])
def test_a_payment_may_have_lost_its_cancelled_units(listed: str | None) -> None:
    order = tiktok_order(
        [{"list": "20.00"}, {"list": "5.00", "status": CANCELLED}],
        original_total_product_price=listed,
        sub_total="20.00",
    )
    found = ledger(order)
    # 5.00 is no discount on the order.
    assert [(unit.paid, unit.counted) for unit in found.units] == [(D(20), True), (D(5), False)]
    assert "cancelled_not_counted" in codes(found)
    assert booking(found, OrderSettings()).total == 20


def test_a_discount_among_cancelled_units_is_not_guessed_at() -> None:
    order = tiktok_order(
        [{"list": "20.00"}, {"list": "5.00", "status": CANCELLED}], original_total_product_price=None, sub_total="18.00"
    )
    assert refused(order) == "cancelled_units_unclear"
    told = tiktok_order([{"list": "20.00"}, {"list": "5.00", "status": CANCELLED}], sub_total="22.50")
    assert [unit.paid for unit in ledger(told).units] == [18, D("4.50")]


# What is not silent


@pytest.mark.parametrize(
    ("code", "unit", "payment"),
    [
        ("units_do_not_add_up", {}, {"sub_total": "10.01"}),
        ("total_does_not_add_up", {}, {"total_amount": "9.99"}),
        ("total_does_not_add_up", {}, {"total_amount": "10.01", "payment_platform_discount": "0.02"}),
        ("payment_missing", {}, {"currency": None}),
        ("amount_negative", {}, {"shipping_fee": "-1"}),
        ("amount_too_fine", {}, {"shipping_fee": "1.005"}),
        ("unit_does_not_add_up", {"sale": "9.00", "platform": "2.00"}, {"sub_total": "9.00"}),
        ("unit_does_not_add_up", {"sale": "11.00"}, {}),
        ("tax_does_not_add_up", {}, {"tax": "1.00", "shipping_fee_tax": "2.00"}),
    ],
)
def test_what_does_not_add_up_is_a_finding(code: str, unit: dict[str, Any], payment: dict[str, Any]) -> None:
    assert refused(tiktok_order([{"list": "10.00", **unit}], **payment)) == code


def test_a_unit_told_twice_is_a_finding() -> None:
    assert refused(tiktok_order([{"list": "1.00", "id": "u1"}, {"list": "1.00", "id": "u1"}])) == "units_not_distinct"


def test_a_yen_has_no_decimals() -> None:
    assert refused(tiktok_order([{"list": "10.50"}], currency="JPY"), 0) == "amount_too_fine"


def test_shipping_that_does_not_add_up_is_told_but_stops_nothing() -> None:
    order = tiktok_order([{"list": "10.00"}], original_shipping_fee="5.00", shipping_fee="4.00")
    assert codes(booking(ledger(order), OrderSettings())) == ["shipping_does_not_add_up", "total_paid"]
    for cofunded in ("0", "1.00"):  # whether it is in the fee's discounts is not written (4.5)
        fine = tiktok_order(
            [{"list": "10.00"}],
            original_shipping_fee="5.00",
            shipping_fee_seller_discount="1.00" if cofunded == "0" else "0",
            shipping_fee_cofunded_discount=cofunded,
            shipping_fee="4.00",
        )
        assert codes(ledger(fine)) == []


@unhurried
@given(orders(), cents(least=1), st.booleans())
def test_no_total_that_is_off_is_believed(order: TikTokOrder, off: Decimal, more: bool) -> None:
    found = ledger(order)
    told = found.paid + off if more else found.paid - off
    wrong = replace(order, payment=replace(order.payment, total_amount=told))
    again = ledger_of(wrong)
    if isinstance(again, Ledger):  # the one uncertainty that is allowed: the discount at payment (4.5)
        assert off == order.payment.payment_platform_discount
    else:
        assert again.code in ("total_does_not_add_up", "amount_negative")


# Any order


@unhurried
@given(st.data(), st.sampled_from([0, 2]))
def test_every_cent_is_somewhere(data: st.DataObject, decimals: int) -> None:
    order = data.draw(orders(decimals))
    found = ledger(order, decimals)
    parts = sum((unit.paid + unit.tax for unit in found.units if unit.counted), D(0))
    assert parts + found.shipping + found.shipping_tax + found.fees - found.fee_payment_discount == found.paid
    for unit in found.units:
        amounts = (unit.list, unit.seller_discount, unit.platform_discount, unit.order_discount, unit.tax, unit.paid)
        assert min(*amounts, unit.payment_discount, unit.order_platform_discount) >= 0
        assert unit.order_platform_discount <= unit.order_discount
        assert unit.paid == unit.paid.quantize(D(1).scaleb(-decimals))
    by_seller = sum((u.seller_discount + u.order_discount - u.order_platform_discount for u in found.units), D(0))
    assert by_seller == order.payment.seller_discount


@unhurried
@given(st.data(), st.sampled_from([0, 2]), SETTINGS)
def test_what_is_shown_is_a_part_of_what_was_paid_and_restored(
    data: st.DataObject, decimals: int, settings: OrderSettings
) -> None:
    order = data.draw(orders(decimals))
    found = ledger(order, decimals)
    shown = booking(found, settings)
    assert shown.total == sum(shown.units.values(), shown.fee)
    assert min([*shown.units.values(), shown.fee]) >= 0
    assert set(shown.units) == {unit.id for unit in order.units if unit.status != CANCELLED}
    everything = OrderSettings(total="paid", marketplace_tax="include", shipping="product")
    cancelled = sum((unit.paid + unit.tax for unit in found.units if unit.cancelled), D(0))
    assert booking(found, everything).total == found.paid - cancelled
    restored = booking(found, OrderSettings(total="restored", shipping="not_booked"))
    by_seller = [u.seller_discount + u.order_discount - u.order_platform_discount for u in found.units]
    assert restored.total == sum(
        (u.list - off for u, off in zip(found.units, by_seller, strict=True) if not u.cancelled), D(0)
    )


@unhurried
@given(orders(), st.randoms(use_true_random=False))
def test_the_order_of_the_units_plays_no_part(order: TikTokOrder, random: Any) -> None:
    units = list(order.units)
    random.shuffle(units)
    shuffled = ledger(replace(order, units=tuple(units)))
    found = ledger(order)
    assert {unit.id: unit for unit in shuffled.units} == {unit.id: unit for unit in found.units}
    assert [unit.id for unit in shuffled.units] == [unit.id for unit in units]


@unhurried
@given(orders())
def test_a_ledger_survives_its_record(order: TikTokOrder) -> None:
    found = ledger(order)
    record = json.loads(json.dumps(found.as_record()))
    again = Ledger.of_record(record)
    assert again == found
    assert again.as_record() == record
    assert all(isinstance(value, str) for name, value in record.items() if name not in ("units", "notes"))
