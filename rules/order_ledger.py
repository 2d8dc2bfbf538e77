"""The money of an order, to the cent: what was asked, who gave which discount, what was paid (K6).

Sources: tiktok-shop-api.md 4.5 and 4.6, item 65 of section 8. The ledger holds everything the platform tells; what of
it the PrestaShop order shows is a choice of the settings (`book`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any, Final, Self

from models.settings import OrderSettings
from rules.decision import Finding, Reason
from rules.order_stage import unit_status
from rules.split import split
from rules.tiktok_order import CANCELLED, TikTokOrder

_ZERO: Final = Decimal(0)
_CHECK: Final = "Compare the order's payment in Seller Center; report it if it adds up there."


@dataclass(frozen=True, slots=True)
class UnitLedger:
    """One unit. `paid` = list - discounts - its share of discounts on the whole order; `tax` comes on top of it."""

    id: str
    list: Decimal
    seller_discount: Decimal
    platform_discount: Decimal
    order_discount: Decimal
    payment_discount: Decimal
    tax: Decimal
    cancelled: bool

    @property
    def paid(self) -> Decimal:
        """What the buyer paid for it, before tax that comes on top."""
        return self.list - self.seller_discount - self.platform_discount - self.order_discount - self.payment_discount


@dataclass(frozen=True, slots=True)
class Ledger:
    """One order: `paid` is what the buyer paid in all, and the sum of everything else."""

    currency: str
    units: tuple[UnitLedger, ...]
    shipping_list: Decimal
    shipping_seller_discount: Decimal
    shipping_platform_discount: Decimal
    shipping_cofunded_discount: Decimal
    shipping: Decimal
    shipping_tax: Decimal
    fees: Decimal
    paid: Decimal

    def as_record(self) -> dict[str, Any]:
        """As stored: decimals as text."""
        return {
            name: [{key: _stored(each) for key, each in unit.items()} for unit in value]
            if name == "units"
            else _stored(value)
            for name, value in asdict(self).items()
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """What `as_record` made."""
        amounts = {
            field.name: Decimal(record[field.name]) for field in fields(cls) if field.name not in ("currency", "units")
        }
        units = tuple(
            UnitLedger(**{name: _restored(name, value) for name, value in unit.items()}) for unit in record["units"]
        )
        return cls(currency=record["currency"], units=units, **amounts)


def ledger_of(order: TikTokOrder, decimals: int = 2) -> Ledger | Finding:
    """The ledger of an order, or why its figures cannot be right.

    A discount on the whole order, which no unit tells of, is shared out over the units by what they cost.
    """
    payment = order.payment
    paid = [unit.paid for unit in order.units]
    goods = sum(paid, _ZERO)
    sub_total = payment.sub_total if payment.sub_total or not payment.total_amount else goods
    on_order = goods - sub_total
    if on_order < 0:
        return Finding(
            "units_do_not_add_up",
            f"The units of the order cost {goods} together, but TikTok Shop tells a sub-total of {sub_total}.",
            _CHECK,
        )
    tax = payment.tax or payment.product_tax + payment.shipping_fee_tax
    whole = sub_total + payment.shipping_fee + tax + payment.fees
    at_payment = whole - payment.total_amount
    # Whether a discount at payment is in the total already is not written (4.5).
    if at_payment not in (_ZERO, payment.payment_platform_discount):
        return Finding(
            "total_does_not_add_up",
            f"Goods, shipping, tax and fees are {whole}, but TikTok Shop tells a total of {payment.total_amount}.",
            _CHECK,
        )
    if at_payment > sub_total:
        return Finding(
            "payment_discount_too_large",
            f"The discount at payment of {at_payment} is more than the goods cost.",
            _CHECK,
        )
    order_shares = split(on_order, paid, decimals) if order.units else []
    left = [one - share for one, share in zip(paid, order_shares, strict=True)]
    payment_shares = split(at_payment, left, decimals) if order.units else []
    unit_tax = sum((unit.tax for unit in order.units), _ZERO)
    goods_tax = tax - payment.shipping_fee_tax
    taxes = (
        [unit.tax for unit in order.units]
        if unit_tax == goods_tax or not order.units
        else split(max(goods_tax, _ZERO), left, decimals)
    )
    return Ledger(
        currency=payment.currency,
        units=tuple(
            UnitLedger(
                id=unit.id,
                list=unit.original,
                # Its discounts are what its price shows; the fields of either may be left out (4.6).
                seller_discount=unit.original - unit.paid - unit.platform_discount,
                platform_discount=unit.platform_discount,
                order_discount=order_share,
                payment_discount=payment_share,
                tax=of_unit,
                cancelled=unit_status(order, unit) == CANCELLED,
            )
            for unit, order_share, payment_share, of_unit in zip(
                order.units, order_shares, payment_shares, taxes, strict=True
            )
        ),
        shipping_list=payment.original_shipping_fee,
        shipping_seller_discount=payment.shipping_fee_seller_discount,
        shipping_platform_discount=payment.shipping_fee_platform_discount,
        shipping_cofunded_discount=payment.shipping_fee_cofunded_discount,
        shipping=payment.shipping_fee,
        shipping_tax=tax - sum(taxes, _ZERO),
        fees=payment.fees,
        paid=payment.total_amount,
    )


@dataclass(frozen=True, slots=True)
class Booking:
    """What the PrestaShop order has to show, tax included: by unit, for shipping and fees, and in all."""

    units: Mapping[str, Decimal]
    fee: Decimal
    total: Decimal
    reasons: tuple[Reason, ...]


def book(ledger: Ledger, settings: OrderSettings) -> Booking:
    """What is shown, by the settings `total`, `marketplace_tax` and `shipping`; cancelled units are left out."""
    restored, taxed = settings.total == "restored", settings.marketplace_tax == "include"
    units = {
        unit.id: unit.paid
        + (unit.platform_discount + unit.payment_discount if restored else _ZERO)
        + (unit.tax if taxed else _ZERO)
        for unit in ledger.units
        if not unit.cancelled
    }
    fee = ledger.shipping + ledger.fees
    if restored:
        fee += ledger.shipping_platform_discount
    if taxed:
        fee += ledger.shipping_tax
    reasons = [
        Reason("total_restored", "discounts that TikTok pays for are part of the total (K6)")
        if restored
        else Reason("total_paid", "the total is what the buyer paid (K6)")
    ]
    tax = sum((unit.tax for unit in ledger.units), ledger.shipping_tax)
    if tax:
        what = "in" if taxed else "left out of"
        reasons.append(Reason("marketplace_tax", f"tax of {tax}, which TikTok collects and pays, is {what} the total"))
    if fee and settings.shipping == "not_booked":
        reasons.append(Reason("shipping_not_booked", f"shipping and fees of {fee} are left out of the total"))
        fee = _ZERO
    return Booking(units, fee, sum(units.values(), _ZERO) + fee, tuple(reasons))


def _restored(name: str, value: Any) -> Any:
    return value if name in ("id", "cancelled") else Decimal(value)


def _stored(value: object) -> object:
    return f"{value:f}" if isinstance(value, Decimal) else value
