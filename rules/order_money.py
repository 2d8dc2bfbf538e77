"""The money of an order, to the cent: who gave which discount, what was paid, and what PrestaShop has to show (K6).

Sources: tiktok-shop-api.md 4.5 (`payment`), 4.6 (`line_items`), items 65 and 66 of section 8. The ledger holds all the
platform tells; which of it the PrestaShop order shows is a choice of the settings (`booking`). Figures that touch what
the buyer paid and do not add up are findings; those that do not touch it become reasons, so nothing is lost silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any, Final, Self

from models.settings import OrderSettings
from rules.decision import Finding, Reason
from rules.order_stage import unit_status
from rules.split import split
from rules.tiktok_order import CANCELLED, Payment, TikTokOrder, Unit

_ZERO: Final = Decimal(0)
_CHECK: Final = "Compare the order's payment in Seller Center; report it if it adds up there."


@dataclass(frozen=True, slots=True)
class UnitLedger:
    """One unit. `paid` = list - discounts - its shares of discounts on the whole order; `tax` comes on top of it.

    Attributes:
        order_discount: its share of a discount on the whole order, which no unit tells of.
        order_platform_discount: what TikTok pays of `order_discount`.
        payment_discount: its share of what TikTok pays for the payment method.
        counted: whether `payment` still holds it; of a unit cancelled before, the platform may have taken it out.
    """

    id: str
    list: Decimal
    seller_discount: Decimal
    platform_discount: Decimal
    order_discount: Decimal
    order_platform_discount: Decimal
    payment_discount: Decimal
    tax: Decimal
    cancelled: bool
    counted: bool = True

    @property
    def paid(self) -> Decimal:
        """What the buyer paid for it, before tax that comes on top."""
        return self.list - self.seller_discount - self.platform_discount - self.order_discount - self.payment_discount

    @property
    def funded(self) -> Decimal:
        """What TikTok pays of its discounts."""
        return self.platform_discount + self.order_platform_discount + self.payment_discount


@dataclass(frozen=True, slots=True)
class Ledger:
    """One order: `paid` is what the buyer paid in all.

    It is the sum of `paid` and `tax` of the counted units, `shipping`, `shipping_tax` and `fees`, less
    `fee_payment_discount`, the part of a discount at payment that is more than the goods cost. `notes` tell what does
    not add up without touching that.
    """

    currency: str
    units: tuple[UnitLedger, ...]
    shipping_list: Decimal
    shipping_seller_discount: Decimal
    shipping_platform_discount: Decimal
    shipping_cofunded_discount: Decimal
    shipping: Decimal
    shipping_tax: Decimal
    fees: Decimal
    fee_payment_discount: Decimal
    paid: Decimal
    notes: tuple[Reason, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """As stored: decimals as text."""
        record = {name: _stored(value) for name, value in asdict(self).items()}
        record["units"] = [{name: _stored(value) for name, value in asdict(unit).items()} for unit in self.units]
        record["notes"] = [note.as_record() for note in self.notes]
        return record

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """What `as_record` made."""
        plain = ("currency", "units", "notes")
        amounts = {field.name: Decimal(record[field.name]) for field in fields(cls) if field.name not in plain}
        units = tuple(
            UnitLedger(**{name: _restored(name, value) for name, value in unit.items()}) for unit in record["units"]
        )
        notes = tuple(Reason(**note) for note in record["notes"])
        return cls(currency=record["currency"], units=units, notes=notes, **amounts)


class _DoesNotAddUp(Exception):
    """Carries the finding out of the steps of `ledger_of`."""

    def __init__(self, code: str, text: str, fix: str = _CHECK) -> None:
        super().__init__(text)
        self.finding = Finding(code, text, fix)


def ledger_of(order: TikTokOrder, decimals: int = 2) -> Ledger | Finding:
    """The ledger of an order, or why its figures cannot be right.

    A discount on the whole order, which no unit tells of, is shared out over the units by what they cost, by largest
    remainder. The order in which the platform lists the units plays no part in the shares.
    """
    try:
        return _ledger(order, decimals)
    except _DoesNotAddUp as problem:
        return problem.finding


def _ledger(order: TikTokOrder, decimals: int) -> Ledger:
    payment = order.payment
    _plausible(order, decimals)
    cancelled = {unit.id for unit in order.units if unit_status(order, unit) == CANCELLED}
    units = sorted(order.units, key=lambda unit: unit.id)
    counted, told = _counted(units, cancelled, payment)
    paid = _unit_prices(counted, payment)
    goods = sum(paid, _ZERO)
    tax = payment.tax or payment.product_tax + payment.shipping_fee_tax
    besides = payment.shipping_fee + tax + payment.fees
    sub_total = _sub_total(payment, goods, besides)
    on_order = goods - sub_total
    if on_order < 0:
        text = f"The units cost {goods} together, but TikTok Shop tells a sub-total of {sub_total}."
        raise _DoesNotAddUp("units_do_not_add_up", text)
    if on_order and not told:
        text = f"The units cost {goods} together, the sub-total is {sub_total}, and some of them were cancelled."
        raise _DoesNotAddUp("cancelled_units_unclear", text)
    whole = sub_total + besides
    at_payment = whole - payment.total_amount
    # Whether a discount at payment is in the total already is not written (4.5).
    if at_payment not in (_ZERO, payment.payment_platform_discount):
        text = f"Goods, shipping, tax and fees are {whole}, but TikTok Shop tells a total of {payment.total_amount}."
        raise _DoesNotAddUp("total_does_not_add_up", text)
    if at_payment > whole - tax:
        text = f"The discount at payment of {at_payment} is more than goods, shipping and fees cost."
        raise _DoesNotAddUp("payment_discount_too_large", text)
    goods_tax = tax - payment.shipping_fee_tax
    if goods_tax < 0 or (goods_tax and not counted):
        text = f"The tax of {tax} does not go with the tax of {payment.shipping_fee_tax} on shipping."
        raise _DoesNotAddUp("tax_does_not_add_up", text)
    on_goods = min(at_payment, sub_total)
    order_shares = _shares(on_order, paid, decimals)
    left = [price - share for price, share in zip(paid, order_shares, strict=True)]
    payment_shares = _shares(on_goods, left, decimals)
    # Of the discount on the order TikTok pays what its own discount in `payment` holds beyond those of the units.
    of_units = sum((unit.platform_discount for unit in counted), _ZERO)
    by_platform = min(max(payment.platform_discount - of_units, _ZERO), on_order)
    platform_shares = _shares(by_platform, order_shares, decimals)
    unit_taxes = [unit.tax for unit in counted]
    usable = sum(unit_taxes, _ZERO) == goods_tax and all(_is_whole(each, decimals) for each in unit_taxes)
    taxes = unit_taxes if usable else _shares(goods_tax, left, decimals)
    ledgers = {
        unit.id: _unit_ledger(unit, price, (share, platform_share, payment_share), of_unit, unit.id in cancelled)
        for unit, price, share, platform_share, payment_share, of_unit in zip(
            counted, paid, order_shares, platform_shares, payment_shares, taxes, strict=True
        )
    }
    gone = {
        unit.id: _unit_ledger(unit, unit.paid, (_ZERO, _ZERO, _ZERO), unit.tax, cancelled=True, counted=False)
        for unit in units
        if unit.id not in ledgers
    }
    ledgers |= gone
    return Ledger(
        currency=payment.currency,
        units=tuple(ledgers[unit.id] for unit in order.units),
        shipping_list=payment.original_shipping_fee,
        shipping_seller_discount=payment.shipping_fee_seller_discount,
        shipping_platform_discount=payment.shipping_fee_platform_discount,
        shipping_cofunded_discount=payment.shipping_fee_cofunded_discount,
        shipping=payment.shipping_fee,
        shipping_tax=payment.shipping_fee_tax,
        fees=payment.fees,
        fee_payment_discount=at_payment - on_goods,
        paid=payment.total_amount,
        notes=tuple(_notes(payment, on_order, list(gone), not usable)),
    )


def _plausible(order: TikTokOrder, decimals: int) -> None:
    """Amounts there are, none below 0, all in whole units of the currency's last decimal."""
    payment = order.payment
    if not payment.currency and any(unit.paid for unit in order.units):
        raise _DoesNotAddUp("payment_missing", "TikTok Shop does not tell yet what was paid.", "Try it again later.")
    if len({unit.id for unit in order.units}) < len(order.units):
        raise _DoesNotAddUp("units_not_distinct", "Two units of the order have the same id.")
    amounts = [
        *(getattr(payment, field.name) for field in fields(payment) if field.name != "currency"),
        *(each for unit in order.units for each in _amounts_of(unit)),
    ]
    if min(amounts) < 0 or any(unit.tax < 0 for unit in order.units):
        raise _DoesNotAddUp("amount_negative", "One of the order's amounts is below 0.")
    for amount in amounts:
        if not _is_whole(amount, decimals):
            text = f"The amount {amount} has more decimals than {payment.currency} has."
            raise _DoesNotAddUp("amount_too_fine", text)


def _amounts_of(unit: Unit) -> tuple[Decimal, ...]:
    """Those that have to be right; its tax may be finer than the currency, the order's is what counts."""
    return unit.original, unit.seller_discount, unit.platform_discount, unit.paid


def _is_whole(amount: Decimal, decimals: int) -> bool:
    exponent = amount.normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -decimals


def _counted(units: Sequence[Unit], cancelled: set[str], payment: Payment) -> tuple[list[Unit], bool]:
    """The units `payment` is about, and whether its figures tell so.

    Whether it still holds the units that were cancelled is not written: a sub-total that needs no discount on the
    order to be theirs tells, else the list total.
    """
    live = [unit for unit in units if unit.id not in cancelled]
    if not live or len(live) == len(units):
        return list(units), True
    listed, sold = payment.original_total_product_price, payment.sub_total
    for some in (list(units), live):
        if sold == sum((unit.paid for unit in some), _ZERO):
            return some, True
    for some in (list(units), live):
        if listed and listed == sum(map(_list_price, some), _ZERO):
            return some, True
    return list(units), False


def _sub_total(payment: Payment, goods: Decimal, besides: Decimal) -> Decimal:
    """The sub-total; where it is 0 and the total needs the goods, it was left out."""
    if payment.sub_total or besides - payment.total_amount in (_ZERO, payment.payment_platform_discount):
        return payment.sub_total
    return goods


def _list_price(unit: Unit) -> Decimal:
    """Its price before discounts, also where that is left out."""
    if unit.original or unit.is_gift:
        return unit.original
    return unit.paid + unit.seller_discount + unit.platform_discount


def _unit_prices(units: Sequence[Unit], payment: Payment) -> list[Decimal]:
    """What each unit costs; gifts cost nothing.

    That `sale_price` is less TikTok's discount as well is likely, not certain (4.6): the sub-total tells.
    """
    told = [_ZERO if unit.is_gift else unit.paid for unit in units]
    less = [
        price - unit.platform_discount if price and price == _list_price(unit) - unit.seller_discount else price
        for unit, price in zip(units, told, strict=True)
    ]
    if sum(told, _ZERO) != payment.sub_total == sum(less, _ZERO) and min(less, default=_ZERO) >= 0:
        told = less
    for unit, price in zip(units, told, strict=True):
        off = _list_price(unit) - price
        if off < 0:
            raise _DoesNotAddUp("unit_does_not_add_up", f"A unit was sold for {price}, more than its list price.")
        if off < unit.platform_discount and not unit.is_gift:
            text = f"A unit was sold for {price}, {off} below its list price, and TikTok alone pays "
            raise _DoesNotAddUp("unit_does_not_add_up", f"{text}{unit.platform_discount} of it.")
    return told


def _unit_ledger(
    unit: Unit,
    paid: Decimal,
    shares: tuple[Decimal, Decimal, Decimal],
    tax: Decimal,
    cancelled: bool,
    counted: bool = True,
) -> UnitLedger:
    on_order, on_order_by_platform, at_payment = shares
    listed = max(_list_price(unit), paid)
    platform = min(unit.platform_discount, listed - paid)
    return UnitLedger(
        id=unit.id,
        list=listed,
        # The fields of discounts may be left out (4.6): what the price shows is the seller's unless TikTok says so.
        seller_discount=listed - paid - platform,
        platform_discount=platform,
        order_discount=on_order,
        order_platform_discount=on_order_by_platform,
        payment_discount=at_payment,
        tax=tax,
        cancelled=cancelled,
        counted=counted,
    )


def _shares(amount: Decimal, weights: Sequence[Decimal], decimals: int) -> list[Decimal]:
    return split(amount, weights, decimals) if weights else []


def _notes(payment: Payment, on_order: Decimal, gone: Sequence[str], tax_shared: bool) -> Iterator[Reason]:
    if on_order:
        yield Reason("order_discount", f"a discount of {on_order} on the whole order is shared out over its units")
    if gone:
        yield Reason("cancelled_not_counted", f"{len(gone)} cancelled units are not part of the payment any more")
    if tax_shared:
        yield Reason("tax_shared", "tax is shared out over the units by what they cost: their own does not add up")
    discounts = payment.shipping_fee_seller_discount + payment.shipping_fee_platform_discount
    explained = payment.original_shipping_fee - discounts
    if payment.shipping_fee not in (explained, explained - payment.shipping_fee_cofunded_discount):
        text = f"shipping of {payment.original_shipping_fee} less discounts is not the {payment.shipping_fee} paid"
        yield Reason("shipping_does_not_add_up", text)


@dataclass(frozen=True, slots=True)
class Booking:
    """What the PrestaShop order has to show, tax included: by unit, for shipping and fees, and in all."""

    units: Mapping[str, Decimal]
    fee: Decimal
    total: Decimal
    reasons: tuple[Reason, ...]


def booking(ledger: Ledger, settings: OrderSettings) -> Booking:
    """What is shown, by the settings `total`, `marketplace_tax` and `shipping`; cancelled units are left out.

    Where prices include VAT the platform tells no tax, and the amounts are gross already. Where tax comes on top (US),
    the amount that is to be shown, with or without that tax, is what PrestaShop's own total has to be.
    """
    restored, taxed = settings.total == "restored", settings.marketplace_tax == "include"
    live = [unit for unit in ledger.units if not unit.cancelled]
    units = {
        unit.id: unit.paid + (unit.funded if restored else _ZERO) + (unit.tax if taxed else _ZERO) for unit in live
    }
    fee = ledger.shipping + ledger.fees
    fee += ledger.shipping_platform_discount if restored else -ledger.fee_payment_discount
    if taxed:
        fee += ledger.shipping_tax
    reasons = [*ledger.notes]
    if restored:
        reasons.append(Reason("total_restored", "discounts that TikTok pays for are part of the total (K6)"))
        if ledger.shipping_cofunded_discount:
            text = f"a shipping discount of {ledger.shipping_cofunded_discount}, paid by both, is not added"
            reasons.append(Reason("cofunded_not_restored", text))
    else:
        reasons.append(Reason("total_paid", "the total is what the buyer paid (K6)"))
    tax = sum((unit.tax for unit in live), ledger.shipping_tax)
    if tax:
        what = "in" if taxed else "left out of"
        reasons.append(Reason("marketplace_tax", f"tax of {tax}, which TikTok collects and pays, is {what} the total"))
    if len(live) < len(ledger.units):
        count = len(ledger.units) - len(live)
        reasons.append(Reason("cancelled_units", f"{count} of {len(ledger.units)} units were cancelled and left out"))
    if fee and settings.shipping == "not_booked":
        reasons.append(Reason("shipping_not_booked", f"shipping and fees of {fee} are left out of the total"))
        fee = _ZERO
    return Booking(units, fee, sum(units.values(), _ZERO) + fee, tuple(reasons))


def _restored(name: str, value: Any) -> Any:
    return value if name in ("id", "cancelled", "counted") else Decimal(value)


def _stored(value: object) -> object:
    return f"{value:f}" if isinstance(value, Decimal) else value
