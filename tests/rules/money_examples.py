"""Money of TikTok orders that adds up, and a PrestaShop till that is not the rules' own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from rules.order_lines import Line, PricedRow, Rounding, Taxed, VariantKey
from rules.tiktok_order import AWAITING_SHIPMENT, CANCELLED, TikTokOrder
from tests.rules.order_examples import ORDER_ID, SECONDS

RATES = tuple(Decimal(percent) / 1000 for percent in (0, 50, 55, 60, 77, 100, 190, 200, 210, 240, 255, 270))
MODES = range(6)
TYPES = (1, 2, 3)
ROUNDINGS = st.builds(Rounding, st.sampled_from(TYPES), st.sampled_from(MODES), st.sampled_from([0, 2]))
FEE: VariantKey = (900, 0)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def tiktok_order(units: Iterable[dict[str, Any]], **payment: Any) -> TikTokOrder:
    """An order of these units ("list", "seller", "platform", … as short names), with the payment that follows.

    `payment` overrides or adds fields; a field of None is left out.
    """
    rows = []
    for number, unit in enumerate(units, start=1):
        listed, seller, platform = (Decimal(unit.get(name, 0)) for name in ("list", "seller", "platform"))
        rows.append(
            {
                "id": unit.get("id", f"u{number:03}"),
                "sku_id": unit.get("sku_id", f"s{number}"),
                "seller_sku": unit.get("seller_sku", f"SKU-{number}"),
                "original_price": str(listed),
                "seller_discount": str(seller),
                "platform_discount": str(platform),
                "sale_price": str(unit.get("sale", listed - seller - platform)),
                "display_status": unit.get("status", AWAITING_SHIPMENT),
                "item_tax": [{"tax_type": "SALES_TAX", "tax_amount": str(unit["tax"])}] if "tax" in unit else [],
                "is_gift": unit.get("is_gift", False),
            }
        )

    def total(name: str) -> Decimal:
        return sum((Decimal(row[name]) for row in rows), Decimal(0))

    told: dict[str, Any] = {
        "currency": "EUR",
        "original_total_product_price": total("original_price"),
        "seller_discount": total("seller_discount"),
        "platform_discount": total("platform_discount"),
        "sub_total": total("sale_price"),
        **payment,
    }
    if "total_amount" not in told:
        parts = ("sub_total", "shipping_fee", "tax", "small_order_fee")
        told["total_amount"] = sum((Decimal(told.get(name) or 0) for name in parts), Decimal(0))
    return TikTokOrder.read(
        {
            "id": ORDER_ID,
            "status": AWAITING_SHIPMENT,
            "create_time": SECONDS,
            "payment": {name: str(value) for name, value in told.items() if value is not None},
            "line_items": rows,
        }
    )


def cents(least: int = 0, most: int = 50_000, decimals: int = 2) -> st.SearchStrategy[Decimal]:
    """Amounts in whole units of the last decimal."""
    return st.integers(least, most).map(lambda number: Decimal(number).scaleb(-decimals))


@st.composite
def orders(draw: st.DrawFn, decimals: int = 2, most: int = 12) -> TikTokOrder:
    """Any order whose figures fit: discounts of both sides, on units, on the order and at payment, tax, gifts."""
    units = []
    for number in range(1, draw(st.integers(1, most)) + 1):
        listed = draw(cents(decimals=decimals))
        off = draw(st.integers(0, int(listed.scaleb(decimals))))
        seller = draw(st.integers(0, off))
        gift = draw(st.integers(0, 9)) == 0
        if gift:
            seller, off = int(listed.scaleb(decimals)), int(listed.scaleb(decimals))
        unit: dict[str, Any] = {
            "id": f"u{number:03}",
            "list": listed,
            "seller": Decimal(seller).scaleb(-decimals),
            "platform": Decimal(off - seller).scaleb(-decimals),
            "is_gift": gift,
            "status": draw(st.sampled_from([AWAITING_SHIPMENT, AWAITING_SHIPMENT, AWAITING_SHIPMENT, CANCELLED])),
        }
        if draw(st.booleans()):
            unit["tax"] = draw(cents(most=500, decimals=decimals))
        units.append(unit)
    if all(unit["status"] == CANCELLED for unit in units):
        units[0]["status"] = AWAITING_SHIPMENT
    goods = sum((unit["list"] - unit["seller"] - unit["platform"] for unit in units), Decimal(0))
    on_order = draw(st.integers(0, int(goods.scaleb(decimals))))
    by_platform = draw(st.integers(0, on_order))
    sub_total = goods - Decimal(on_order).scaleb(-decimals)
    shipping, small, shipping_tax = (draw(cents(most=2000, decimals=decimals)) for _ in range(3))
    tax = shipping_tax + sum((unit.get("tax", Decimal(0)) for unit in units), Decimal(0))
    at_payment = Decimal(draw(st.integers(0, int((sub_total + shipping + small).scaleb(decimals))))).scaleb(-decimals)
    off_shipping = draw(cents(most=500, decimals=decimals))
    platforms = sum((unit["platform"] for unit in units), Decimal(0))
    sellers = sum((unit["seller"] for unit in units), Decimal(0))
    return tiktok_order(
        units,
        currency="JPY" if decimals == 0 else "EUR",
        sub_total=sub_total,
        seller_discount=sellers + Decimal(on_order - by_platform).scaleb(-decimals),
        platform_discount=platforms + Decimal(by_platform).scaleb(-decimals),
        original_shipping_fee=shipping + off_shipping,
        shipping_fee_platform_discount=off_shipping,
        shipping_fee=shipping,
        small_order_fee=small,
        tax=tax,
        shipping_fee_tax=shipping_tax,
        payment_platform_discount=at_payment,
        total_amount=sub_total + shipping + small + tax - draw(st.sampled_from([Decimal(0), at_payment])),
    )


@st.composite
def carts(draw: st.DrawFn) -> tuple[list[Line], Decimal, tuple[VariantKey, Taxed], Rounding]:
    """Any cart, any rounding; a fee product of any rate."""
    rounding = draw(ROUNDINGS)
    lines = []
    for number in range(1, draw(st.integers(1, 10)) + 1):
        quantity = draw(st.one_of(st.just(1), st.integers(1, 200)))
        taxed = Taxed(draw(st.sampled_from(RATES)))
        if draw(st.integers(0, 4)) == 0:
            taxed = replace(taxed, ecotax=draw(cents(1, 500)), ecotax_rate=draw(st.sampled_from(RATES)))
        least = Decimal(0)
        if taxed.ecotax:
            # A whole unit a piece more than its ecotax.
            least = (taxed.gross_ecotax.quantize(rounding.unit) + 2 * rounding.unit) * quantity
        gross = draw(cents(0, 20_000, rounding.decimals)) * draw(st.sampled_from([1, quantity])) + least
        lines.append(Line((number, 0), quantity, gross.quantize(rounding.unit), taxed))
    fee = draw(st.one_of(st.just(Decimal(0)), cents(1, 2000, rounding.decimals)))
    return lines, fee, (FEE, Taxed(draw(st.sampled_from(RATES)))), rounding


def till(rows: Sequence[PricedRow], taxes: Sequence[Taxed], rounding: Rounding) -> Decimal:
    """PrestaShop's total with tax, in PHP's own binary numbers: what core makes of `specific_prices.price` (4.3).

    Cart rows come from `Product::priceCalculation` with 6 decimals, then CartRow's rounding by PS_ROUND_TYPE.
    """
    total = 0.0
    for row, taxed in zip(rows, taxes, strict=True):
        piece = float(row.price) * (1 + float(taxed.rate) * 100 / 100)
        piece += float(taxed.ecotax) * (1 + float(taxed.ecotax_rate))
        piece = ps_round(piece, 6, rounding.mode)
        if rounding.type == 1:
            total += ps_round(piece, rounding.decimals, rounding.mode) * row.quantity
        elif rounding.type == 2:
            total += ps_round(piece * row.quantity, rounding.decimals, rounding.mode)
        else:
            total += piece * row.quantity
    return Decimal(f"{ps_round(total, rounding.decimals, rounding.mode):.{rounding.decimals}f}")


def ps_round(value: float, decimals: int, mode: int) -> float:
    """`Tools::ps_round`: up and down leave what has that many decimals when printed with PHP's 14 digits."""
    scaled = Decimal(f"{value * 10**decimals:.14g}")
    whole = scaled // 1
    part = scaled - whole
    half = Decimal("0.5")
    up = {
        0: part > 0,
        1: False,
        2: part >= half,
        3: part > half,
        4: part > half or (part == half and whole % 2 == 1),
        5: part > half or (part == half and whole % 2 == 0),
    }[mode]
    rounded: float = float(whole + up) / 10**decimals
    return rounded


def line(product: int, gross: Decimal | str, quantity: int = 1, rate: str = "0.21", **taxed: Decimal) -> Line:
    """A row of product n without variants."""
    return Line((product, 0), quantity, Decimal(gross), Taxed(Decimal(rate), **taxed))
