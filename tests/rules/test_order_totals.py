"""Any order of TikTok Shop comes in PrestaShop to exactly what the ledger says (K6).

The rules' prices go into carts of the simulator, which works out rows and totals by code of its own and puts an order
whose total is not the one that was posted among the payment errors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final, Literal

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from models.settings import OrderSettings
from rules.decision import Finding, Reason
from rules.order_created import Expected, ExpectedRow, check_created
from rules.order_lines import Line, Priced, Rounding, Taxed, VariantKey, price_rows, row_amounts, rows_of
from rules.order_money import Booking, Ledger, booking, ledger_of
from rules.order_stage import live_units
from rules.tiktok_order import AWAITING_SHIPMENT, CANCELLED, FEES, TikTokOrder
from sandbox.prestashop.checkout import cart_total, place_order
from sandbox.prestashop.world import World
from tests.rules.money_examples import MODES, RATES, TYPES, cents, tiktok_order

D = Decimal
EXAMPLES = Path(__file__).parents[1] / "data" / "tiktok-shop-examples"
PRODUCTS: Final[tuple[VariantKey, ...]] = ((6, 0), (7, 0), (8, 0), (15, 0), (1, 1), (1, 2), (2, 9), (3, 13), (4, 16))
FEE: Final[VariantKey] = (19, 0)
SPAIN, PAID, ERROR = 6, 11, 8
LINKED: Final = {f"s{number}": variant for number, variant in enumerate(PRODUCTS)}
THOROUGH = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


class Till:
    """The simulator as a till: a buyer in Spain, a free carrier, taxes of every rate."""

    def __init__(self) -> None:
        self.world = world = World.fixtures("es")
        tables = world.tables
        self.groups: dict[Decimal, int] = {}
        for rate in RATES:
            group = tables["tax_rule_groups"].insert({"name": f"{rate}"})
            rule = {"id_tax_rules_group": group, "id_country": SPAIN, "id_tax": world.add_tax(rate * 100)}
            tables["tax_rules"].insert(rule)
            self.groups[rate] = group
        self.customer = tables["customers"].insert(
            {"id_default_group": 2, "_groups": (2,), "secure_key": "0123456789abcdef0123456789abcdef", "active": 1}
        )
        place = {"id_customer": self.customer, "id_country": SPAIN, "postcode": "28001"}
        self.address = tables["addresses"].insert(place)
        free = {"id_reference": 9, "name": "TikTok Shipping", "is_free": 1, "shipping_handling": 0, "_zones": (1,)}
        self.carrier = tables["carriers"].insert(free)

    def set_up(self, rounding: Rounding, taxes: Mapping[VariantKey, Taxed]) -> None:
        """The shop's rounding, and taxes and ecotaxes of its products and variants."""
        world = self.world
        world.set_setting("PS_ROUND_TYPE", str(rounding.type))
        world.set_setting("PS_PRICE_ROUND_MODE", str(rounding.mode))
        world.tables["currencies"].update(1, {"precision": rounding.decimals})
        world.set_setting("PS_USE_ECOTAX", str(int(any(taxed.ecotax for taxed in taxes.values()))))
        for (id_product, variant), taxed in taxes.items():
            world.tables["products"].update(id_product, {"id_tax_rules_group": self.groups[taxed.rate]})
            resource, row = ("combinations", variant) if variant else ("products", id_product)
            world.tables[resource].update(row, {"ecotax": f"{taxed.ecotax:.6f}"})
            if taxed.ecotax:
                world.set_setting("PS_ECOTAX_TAX_RULES_GROUP_ID", str(self.groups[taxed.ecotax_rate]))

    def cart(self, priced: Priced) -> int:
        """A cart of these rows with their forced prices, as the connector makes it."""
        tables = self.world.tables
        rows = tuple((*row.variant, self.address, 0, row.quantity) for row in priced.rows)
        id_cart = tables["carts"].insert(
            {
                "id_customer": self.customer,
                "id_address_delivery": self.address,
                "id_address_invoice": self.address,
                "id_currency": 1,
                "id_lang": 1,
                "id_shop": 1,
                "id_shop_group": 1,
                "id_carrier": self.carrier,
                "delivery_option": f'{{"{self.address}":"{self.carrier},"}}',
                "secure_key": self.world.row("customers", self.customer)["secure_key"],
                "_rows": rows,
            }
        )
        for row in priced.rows:
            self.world.add_specific_price(
                row.variant[0],
                id_product_attribute=row.variant[1],
                id_cart=id_cart,
                id_shop=1,
                id_currency=1,
                id_customer=self.customer,
                price=f"{row.price:f}",
                from_quantity=1,
                reduction="0.000000",
                reduction_type="amount",
            )
        return id_cart

    def order(self, priced: Priced) -> dict[str, Any]:
        """The order of such a cart, and nothing that `check_created` finds about it."""
        id_cart = self.cart(priced)
        assert cart_total(self.world, id_cart) == priced.total
        id_order = place_order(
            self.world,
            id_cart=id_cart,
            id_customer=self.customer,
            module="ps_wirepayment",
            payment="TikTok Shop",
            total_paid=priced.total,
        )
        tables = self.world.tables
        order = self.world.row("orders", id_order)
        order |= {name: D(order[name]) for name in ("total_paid", "total_paid_tax_incl", "total_paid_tax_excl")}
        details = [self.world.row("order_details", row) for row in tables["order_details"].where("id_order", id_order)]
        details = [row | {"unit_price_tax_incl": D(row["unit_price_tax_incl"])} for row in details]
        carriers = [
            self.world.row("order_carriers", row) for row in tables["order_carriers"].where("id_order", id_order)
        ]
        meant = Expected(
            total=priced.total,
            rows=tuple(ExpectedRow(row.variant, row.quantity, row.unit_incl) for row in priced.rows),
            id_customer=self.customer,
            id_address=self.address,
            id_carrier=self.carrier,
            error_state=ERROR,
        )
        assert check_created(order, details, carriers, meant) == []
        return order


@cache
def till() -> Till:
    return Till()


@dataclass(frozen=True)
class Case:
    """An order of TikTok Shop, and the shop it comes into."""

    order: TikTokOrder
    settings: OrderSettings
    rounding: Rounding
    taxes: Mapping[VariantKey, Taxed]
    has_fee_product: bool


@st.composite
def cases(draw: st.DrawFn, type_: int) -> Case:
    """Any order and any shop: prices to 10,000, up to 200 of a kind, every discount, tax, fee, setting and rounding."""
    decimals = draw(st.sampled_from([2, 2, 0]))
    amount = cents(most=1_000_000 if decimals else 10_000, decimals=decimals)

    def part_of(whole: Decimal) -> Decimal:
        return draw(st.one_of(st.just(D(0)), cents(0, int(whole.scaleb(decimals)), decimals)))

    units: list[dict[str, Any]] = []
    skus = draw(st.lists(st.sampled_from(sorted(LINKED)), min_size=1, max_size=7))
    bundles = {}
    for number, sku in enumerate(skus):
        listed = draw(amount)
        seller = part_of(listed)
        unit = {"list": listed, "seller": seller, "platform": part_of(listed - seller), "sku_id": sku}
        if draw(st.integers(0, 9)) == 0:
            unit |= {"seller": listed, "platform": 0, "is_gift": True}
        if draw(st.booleans()):
            unit["tax"] = draw(cents(most=900, decimals=decimals))
        if draw(st.integers(0, 4)) == 0:
            parts = draw(
                st.lists(st.tuples(st.sampled_from(sorted(LINKED)), st.integers(1, 3)), min_size=1, max_size=3)
            )
            unit["sku_id"] = f"bundle{number}"
            bundles[f"bundle{number}"] = tuple(("", part, count) for part, count in parts)
        count = draw(st.one_of(st.just(1), st.integers(1, 5), st.integers(1, 200)))
        gone = draw(st.sampled_from([0, 0, 0, 1]))
        units += [
            {**unit, "status": CANCELLED if each < gone and number else AWAITING_SHIPMENT} for each in range(count)
        ]

    def total(name: str) -> Decimal:
        return sum((D(unit.get(name, 0)) for unit in units), D(0))

    goods = total("list") - total("seller") - total("platform")
    on_order = part_of(goods)
    by_platform = part_of(on_order)
    off_shipping = [draw(st.one_of(st.just(D(0)), cents(most=500, decimals=decimals))) for _ in range(3)]
    shipping = draw(st.one_of(st.just(D(0)), cents(most=2000, decimals=decimals)))
    fees = draw(st.dictionaries(st.sampled_from(FEES), cents(most=900, decimals=decimals), max_size=3))
    shipping_tax = part_of(shipping)
    tax = total("tax") + shipping_tax
    paid = goods - on_order + shipping + sum(fees.values())
    at_payment = part_of(paid)
    order = tiktok_order(
        units,
        currency="EUR" if decimals else "JPY",
        sub_total=goods - on_order,
        seller_discount=total("seller") + on_order - by_platform,
        platform_discount=total("platform") + by_platform,
        original_shipping_fee=shipping + sum(off_shipping),
        shipping_fee_seller_discount=off_shipping[0],
        shipping_fee_platform_discount=off_shipping[1],
        shipping_fee_cofunded_discount=off_shipping[2],
        shipping_fee=shipping,
        tax=tax,
        product_tax=total("tax"),
        shipping_fee_tax=shipping_tax,
        payment_platform_discount=at_payment,
        total_amount=paid + tax - draw(st.sampled_from([D(0), at_payment])),
        **fees,
    )
    order = replace(order, units=tuple(replace(unit, parts=bundles.get(unit.sku_id, ())) for unit in order.units))
    eco = draw(st.sampled_from([False, False, False, True]))
    eco_rate = draw(st.sampled_from(RATES))
    by_product = {one: draw(st.sampled_from(RATES)) for one in sorted({variant[0] for variant in (*PRODUCTS, FEE)})}
    return Case(
        order,
        OrderSettings(
            total=draw(st.sampled_from(["paid", "restored"])),
            marketplace_tax=draw(st.sampled_from(["exclude", "include"])),
            shipping=draw(st.sampled_from(["product", "product", "not_booked"])),
        ),
        Rounding(type_, draw(st.sampled_from(MODES)), decimals),
        {
            variant: Taxed(
                by_product[variant[0]],
                draw(cents(1, 300)) if eco and variant != FEE else D(0),
                eco_rate if eco and variant != FEE else D(0),
            )
            for variant in (*PRODUCTS, FEE)
        },
        has_fee_product=draw(st.sampled_from([True, True, True, False])),
    )


def decided(case: Case) -> tuple[Ledger, Booking, list[Line], Priced | Finding]:
    """What the connector makes of an order."""
    ledger = ledger_of(case.order, case.rounding.decimals)
    assert isinstance(ledger, Ledger), ledger
    booked = booking(ledger, case.settings)
    rows = rows_of(live_units(case.order), linked=LINKED, by_sku={})
    assert not isinstance(rows, Finding)
    amounts = row_amounts(rows, booked.units, {(6, 0): D(9), (7, 0): D(3), (1, 1): D(2)}, case.rounding.decimals)
    lines = [
        Line(row.variant, row.quantity, amount, case.taxes[row.variant])
        for row, amount in zip(rows, amounts, strict=True)
    ]
    fee_line = (FEE, case.taxes[FEE]) if case.has_fee_product else None
    return ledger, booked, lines, price_rows(lines, fee=booked.fee, fee_line=fee_line, rounding=case.rounding)


def _is_true(found: Finding, case: Case, booked: Booking, lines: list[Line]) -> bool:
    """Whether the order cannot be made for the reason given."""
    if found.code == "ecotax_above_price":
        # By item a piece costs at most its share in whole units.
        least = case.rounding.unit if case.rounding.type == 1 else D("0.000002")
        return any(line.gross / line.quantity < line.taxed.gross_ecotax + least for line in lines)
    if found.code == "fee_product_missing":
        by_item = case.rounding.type == 1
        rests = any(line.gross % (line.quantity * case.rounding.unit) for line in lines)
        single = any(line.quantity == 1 and line.gross for line in lines)
        return not case.has_fee_product and (bool(booked.fee) or (by_item and rests and not single))
    return False


@pytest.mark.parametrize("type_", TYPES)
def test_prestashop_arrives_at_what_the_ledger_says(type_: int) -> None:
    @THOROUGH
    @given(cases(type_))
    def check(case: Case) -> None:
        ledger, booked, lines, found = decided(case)
        _adds_up(ledger, booked, case)
        assert sum((line.gross for line in lines), booked.fee) == booked.total
        if isinstance(found, Finding):
            event(found.code)
            assert _is_true(found, case, booked, lines), found
            return
        event("made")
        assert found.total == booked.total
        assert min(row.price for row in found.rows) >= 0
        till().set_up(case.rounding, case.taxes)
        order = till().order(found)
        assert (order["total_paid"], order["current_state"]) == (booked.total, PAID)
        assert order["total_paid_tax_excl"] == found.total_excl

    check()


def _adds_up(ledger: Ledger, booked: Booking, case: Case) -> None:
    """The parts of the ledger are what the buyer paid, none is negative, and it is stored as it is."""
    shipping = ledger.shipping + ledger.shipping_tax + ledger.fees - ledger.fee_payment_discount
    assert sum((unit.paid + unit.tax for unit in ledger.units if unit.counted), shipping) == ledger.paid
    for unit in ledger.units:
        parts = (unit.list, unit.seller_discount, unit.platform_discount, unit.order_discount, unit.payment_discount)
        assert min(*parts, unit.tax, unit.paid, unit.order_platform_discount) >= 0
    assert min(*booked.units.values(), booked.fee) >= 0
    assert Ledger.of_record(json.loads(json.dumps(ledger.as_record()))) == ledger
    whole = case.settings.total == "paid" and case.settings.shipping == "product"
    if whole and not any(unit.cancelled for unit in ledger.units):
        taxes = sum((unit.tax for unit in ledger.units), ledger.shipping_tax)
        included = taxes if case.settings.marketplace_tax == "include" else D(0)
        assert booked.total == ledger.paid - taxes + included


PEOPLE: Final = ("jeanne", "exemple", "fictive", "lyon", "69003", "612000000", "scs2.tiktok", "mug_lover", "cadeau")


@settings(THOROUGH, max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(
            ["sub_total", "total_amount", "tax", "shipping_fee", "shipping_fee_tax", "currency", *FEES[:2]]
        ),
        st.sampled_from(["", "0", "-1.00", "0.005", "10.00", "42.80", "500.00"]),
        min_size=1,
    ),
    st.sampled_from([{}, {"seller_sku": ""}, {"seller_sku": "TWICE"}, {"platform_discount": "30.00"}, {"id": "1"}]),
)
def test_nothing_that_is_said_of_money_tells_of_the_buyer(payment: dict[str, str], unit: dict[str, str]) -> None:
    row = json.loads((EXAMPLES / "order-search-response.json").read_text())["data"]["orders"][0]
    row["payment"] |= payment
    row["line_items"] = [item | unit for item in row["line_items"]]
    order = TikTokOrder.read(row)
    ledger = ledger_of(order)
    rows = rows_of(order.units, linked={}, by_sku={"TWICE": [(6, 0), (7, 0)]})
    said: list[Finding | Reason] = [found for found in (ledger, rows) if isinstance(found, Finding)]
    assert isinstance(rows, Finding)
    if isinstance(ledger, Ledger):
        for total in ("paid", "restored"):
            booked = booking(ledger, OrderSettings(total=total))
            said += [*ledger.notes, *booked.reasons]
            for fee_line in (None, (FEE, Taxed(D("0.2")))):
                lines = [Line((6, 0), 3, sum(booked.units.values(), D(0)), Taxed(D("0.2"), ecotax=D(5)))]
                priced = price_rows(lines, fee=booked.fee, fee_line=fee_line, rounding=Rounding(1, 2, 2))
                said += [priced] if isinstance(priced, Finding) else priced.reasons
    for each in said:
        event(each.code)
        text = json.dumps(each.as_record(), ensure_ascii=False).casefold()
        assert not [word for word in PEOPLE if word in text]


@settings(THOROUGH, max_examples=60)
@given(st.sampled_from(TYPES).flatmap(cases), st.randoms(use_true_random=False))
def test_the_order_of_the_units_plays_no_part(case: Case, random: Random) -> None:
    units = list(case.order.units)
    random.shuffle(units)
    _, booked, _, found = decided(case)
    _, again, _, other = decided(replace(case, order=replace(case.order, units=tuple(units))))
    assert (booked.units, booked.fee) == (again.units, again.fee)
    if isinstance(found, Finding) or isinstance(other, Finding):
        assert isinstance(found, Finding)
        assert isinstance(other, Finding)
        assert found.code == other.code
    else:
        assert {row.variant: row for row in found.rows} == {row.variant: row for row in other.rows}


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("total", ["paid", "restored"])
def test_the_example_of_tiktok(type_: int, mode: int, total: Literal["paid", "restored"]) -> None:
    row = json.loads((EXAMPLES / "order-search-response.json").read_text())["data"]["orders"][0]
    order = TikTokOrder.read(row)
    order = replace(order, units=tuple(replace(unit, sku_id="s0") for unit in order.units))
    taxes = dict.fromkeys((*PRODUCTS, FEE), Taxed(D("0.2")))
    case = Case(order, OrderSettings(total=total), Rounding(type_, mode, 2), taxes, has_fee_product=True)
    _, booked, _, found = decided(case)
    assert isinstance(found, Priced)
    till().set_up(case.rounding, taxes)
    assert till().order(found)["total_paid"] == booked.total == (D("46.79") if total == "paid" else D("49.79"))


def test_a_wrong_price_is_noticed_by_the_till() -> None:
    """The till is not a yes-man: a cent more lands among the payment errors."""
    taxes = dict.fromkeys((*PRODUCTS, FEE), Taxed(D("0.21")))
    found = price_rows([Line((6, 0), 3, D("37.50"), taxes[6, 0])], fee=D(0), fee_line=None, rounding=Rounding(2, 2, 2))
    assert isinstance(found, Priced)
    till().set_up(Rounding(2, 2, 2), taxes)
    dearer = replace(found, goods=(replace(found.goods[0], price=found.goods[0].price + D("0.003")),))
    assert cart_total(till().world, till().cart(dearer)) == D("37.51")
    assert cart_total(till().world, till().cart(found)) == D("37.50")
