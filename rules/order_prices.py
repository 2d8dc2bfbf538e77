"""Forced net prices from which PrestaShop arrives at exactly the wanted total (prestashop-webservice.md 4.2 to 4.5).

A cart's special price is a net amount of six decimals. PrestaShop adds tax, rounds by its own type and mode, and sums
up; the prices here are found by doing just that and comparing. Cents that a row of several pieces cannot show go into
the line for shipping and fees, of which there is one piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from rules.decision import Finding, Reason
from rules.order_rows import VariantKey
from rules.price import round_amount

# PS_ROUND_TYPE
BY_ITEM, BY_LINE = 1, 2
_NET: Final = 6
_HALF_UP: Final = 2
_ULP: Final = Decimal(1).scaleb(-_NET)
# Neighbours of the exact net price that are tried; rounding up or down needs one on the right side.
_NEIGHBOURS: Final = (0, 1, -1, 2, -2, 3, -3)


@dataclass(frozen=True, slots=True)
class Taxed:
    """Tax of a product at the delivery address, as fractions; `ecotax` is net, 0 where the shop does not use it."""

    rate: Decimal
    ecotax: Decimal = Decimal(0)
    ecotax_rate: Decimal = Decimal(0)

    def gross(self, net: Decimal) -> Decimal:
        """A piece with tax, as PrestaShop keeps it: six decimals."""
        return round_amount(net * (1 + self.rate) + self.ecotax * (1 + self.ecotax_rate), _NET, _HALF_UP)


@dataclass(frozen=True, slots=True)
class Line:
    """What a row of the cart has to come to, tax included."""

    variant: VariantKey
    quantity: int
    gross: Decimal
    taxed: Taxed


@dataclass(frozen=True, slots=True)
class PricedRow:
    """A row with its forced net price."""

    variant: VariantKey
    quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Priced:
    """All rows of the cart, the fee product's last, and the total PrestaShop will arrive at."""

    rows: tuple[PricedRow, ...]
    total: Decimal
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Rounding:
    """PS_ROUND_TYPE, PS_PRICE_ROUND_MODE and the currency's decimals."""

    type: int
    mode: int
    decimals: int

    def __call__(self, amount: Decimal) -> Decimal:
        return round_amount(amount, self.decimals, self.mode)

    def row(self, piece: Decimal, quantity: int) -> Decimal:
        """What a row adds to the total (4.3)."""
        if self.type == BY_ITEM:
            return self(piece) * quantity
        return self(piece * quantity) if self.type == BY_LINE else piece * quantity


def price_rows(
    lines: Sequence[Line], *, fee: Decimal, fee_line: tuple[VariantKey, Taxed] | None, rounding: Rounding
) -> Priced | Finding:
    """Net prices of all rows; what cannot be reached is a finding, so the total is right or there is no order.

    Args:
        lines: the goods.
        fee: shipping and fees, tax included.
        fee_line: the fee product and its tax; None when there is none.
        rounding: the shop's.
    """
    rows: list[PricedRow] = []
    reasons: list[Reason] = []
    wanted = sum((line.gross for line in lines), Decimal(0)) + fee
    rest = fee
    for line in lines:
        reachable = _reachable(line, rounding)
        rest += line.gross - reachable
        price = _price(line.taxed, reachable, line.quantity, rounding)
        if isinstance(price, Finding):
            return price
        rows.append(PricedRow(line.variant, line.quantity, price))
    if rest != fee:
        text = f"{rest - fee} that rows of several pieces cannot show are in the line for shipping and fees"
        reasons.append(Reason("remainder", text))
    if rest:
        if fee_line is None:
            return _no_fee_product(fee)
        variant, taxed = fee_line
        price = _price(taxed, rest, 1, rounding)
        if isinstance(price, Finding):
            return price
        rows.append(PricedRow(variant, 1, price))
    taxes = [line.taxed for line in lines] + ([fee_line[1]] if rest and fee_line else [])
    total = predicted(rows, taxes, rounding)
    if total != wanted:
        return Finding(
            "total_not_reachable",
            f"With its rounding PrestaShop would make {total} of an order of {wanted}.",
            "Set PrestaShop's rounding type to “Round on each line” (Preferences > General).",
        )
    return Priced(tuple(rows), total, tuple(reasons))


def predicted(rows: Sequence[PricedRow], taxes: Sequence[Taxed], rounding: Rounding) -> Decimal:
    """The total with tax of a cart of these rows, as PrestaShop works it out (4.3)."""
    total = sum(
        (rounding.row(taxed.gross(row.price), row.quantity) for row, taxed in zip(rows, taxes, strict=True)),
        Decimal(0),
    )
    return rounding(total)


def _reachable(line: Line, rounding: Rounding) -> Decimal:
    """What the row can come to: all of it, or, rounded by piece, the most that whole cents for each piece make."""
    if rounding.type != BY_ITEM:
        return line.gross
    unit = Decimal(1).scaleb(-rounding.decimals)
    return (line.gross / line.quantity).quantize(unit, ROUND_FLOOR) * line.quantity


def _price(taxed: Taxed, gross: Decimal, quantity: int, rounding: Rounding) -> Decimal | Finding:
    ecotax = taxed.ecotax * (1 + taxed.ecotax_rate)
    exact = (gross / quantity - ecotax) / (1 + taxed.rate)
    if exact < 0:
        return Finding(
            "ecotax_above_price",
            f"A product was sold for {gross / quantity:.2f}, less than its ecotax in PrestaShop.",
            "Take the ecotax off the product, or make this order by hand.",
        )
    for net in _around(exact):
        if rounding(rounding.row(taxed.gross(net), quantity)) == gross:
            return net
    return Finding(
        "price_not_reachable",
        f"No price of PrestaShop makes {quantity} pieces cost {gross}.",
        "Make this order by hand, or set PrestaShop's rounding to half up, on each line.",
    )


def _around(exact: Decimal) -> Iterator[Decimal]:
    nearest = round_amount(exact, _NET, _HALF_UP)
    for step in _NEIGHBOURS:
        if nearest + step * _ULP >= 0:
            yield nearest + step * _ULP


def _no_fee_product(fee: Decimal) -> Finding:
    if fee:
        text = f"The buyer paid {fee} for shipping and fees, and PrestaShop has no product for it."
    else:
        text = "PrestaShop's rounding by piece leaves a cent that needs a line of its own."
    return Finding(
        "fee_product_missing",
        text,
        "Make a hidden product with the reference that orders.fee_product names (SHIP-TIKTOK), with its tax; or leave "
        "shipping out with orders.shipping = not_booked.",
    )
