"""Units of TikTok Shop become rows of a PrestaShop cart, at net prices from which its total follows to the cent (K6).

Which variant a unit is: its link decides, then its seller SKU. The same variant twice in one cart is an error of the
shop (prestashop-webservice.md 2.11, recording 110), so units are merged into one row a variant.

Which price a row gets: a cart's special price is a net amount of six decimals. PrestaShop adds tax and ecotax, rounds a
piece to six decimals (3.2, step 8), rounds by its own type and adds up (4.3). The prices here are found by doing just
that and comparing. Cents that a row of several pieces cannot show go into the row for shipping and fees, of which there
is one piece (4.5, merging).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from enum import Enum
from typing import Final

from rules.decision import Finding, Reason
from rules.price import round_amount
from rules.split import split
from rules.tiktok_order import Unit

VariantKey = tuple[int, int]
"""(id_product, id_product_attribute)"""

# PS_ROUND_TYPE; 3 rounds the total alone.
BY_ITEM, BY_LINE, BY_TOTAL = 1, 2, 3
_ZERO: Final = Decimal(0)
_NET: Final = 6
_HALF_UP: Final = 2
_ULP: Final = Decimal(1).scaleb(-_NET)
# Neighbours of the exact net price that are tried; rounding up or down needs one on the right side.
_NEIGHBOURS: Final = (0, 1, -1, 2, -2, 3, -3)


@dataclass(frozen=True, slots=True)
class Row:
    """A variant, how many of it, and {unit id: its pieces of each unit}."""

    variant: VariantKey
    quantity: int
    units: Mapping[str, int]


def rows_of(
    units: Sequence[Unit],
    *,
    linked: Mapping[str, VariantKey],
    by_sku: Mapping[str, Sequence[VariantKey]],
) -> tuple[Row, ...] | Finding:
    """The rows of an order, in the order of its units, or the first unit that stands for nothing here.

    Args:
        units: those that were not cancelled.
        linked: variants by TikTok SKU id.
        by_sku: variants by seller SKU; several are ambiguous.
    """
    pieces: dict[VariantKey, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for unit in units:
        # A bundle is sold as its parts unless it is a product of its own here (item 66 of section 8).
        bundle = bool(unit.parts) and unit.sku_id not in linked
        wanted = unit.parts if bundle else ((unit.seller_sku, unit.sku_id, 1),)
        for seller_sku, sku_id, count in wanted:
            variant = _variant(seller_sku, sku_id, linked, by_sku)
            if isinstance(variant, Finding):
                return variant
            pieces[variant][unit.id] += count
    return tuple(Row(variant, sum(of.values()), dict(of)) for variant, of in pieces.items())


def _variant(
    seller_sku: str, sku_id: str, linked: Mapping[str, VariantKey], by_sku: Mapping[str, Sequence[VariantKey]]
) -> VariantKey | Finding:
    if sku_id in linked:
        return linked[sku_id]
    found = set(by_sku.get(seller_sku, ())) if seller_sku else set()
    if len(found) == 1:
        return found.pop()
    if found:
        return Finding(
            "sku_ambiguous",
            f"The SKU {seller_sku} was sold, and {len(found)} products of PrestaShop have it.",
            "Link the SKU on TikTok Shop to one of them, or say which it is for this order.",
        )
    return Finding(
        "sku_unknown",
        f"The SKU {seller_sku or sku_id} was sold, and no product of PrestaShop has it.",
        "Link the SKU on TikTok Shop to a product, or say which product it is for this order.",
    )


def row_amounts(
    rows: Sequence[Row], amounts: Mapping[str, Decimal], prices: Mapping[VariantKey, Decimal], decimals: int
) -> list[Decimal]:
    """What each row costs: the units' amounts, a bundle's split over its parts by their own prices.

    Args:
        rows: all of an order.
        amounts: by unit id; those of units in no row are not looked at.
        prices: by variant, as weights; where one of a bundle's is missing, its parts weigh by pieces alone.
        decimals: of the currency.
    """
    holding: dict[str, list[int]] = defaultdict(list)
    # By variant, so that of equal parts of a bundle always the same one gets the cent that is left.
    for number in sorted(range(len(rows)), key=lambda number: rows[number].variant):
        for unit_id in rows[number].units:
            holding[unit_id].append(number)
    totals = [_ZERO] * len(rows)
    for unit_id, numbers in holding.items():
        known = all(rows[number].variant in prices for number in numbers)
        weights = [
            rows[number].units[unit_id] * (prices[rows[number].variant] if known else Decimal(1)) for number in numbers
        ]
        for number, part in zip(numbers, split(amounts[unit_id], weights, decimals), strict=True):
            totals[number] += part
    return totals


@dataclass(frozen=True, slots=True)
class Rounding:
    """PS_ROUND_TYPE, PS_PRICE_ROUND_MODE and the currency's decimals."""

    type: int
    mode: int
    decimals: int

    def __call__(self, amount: Decimal) -> Decimal:
        return round_amount(amount, self.decimals, self.mode)

    @property
    def unit(self) -> Decimal:
        """The least amount of the currency."""
        return Decimal(1).scaleb(-self.decimals)

    def piece(self, amount: Decimal) -> Decimal:
        """A piece's price as the cart keeps it (3.2, step 8; 4.3)."""
        return round_amount(amount, _NET, self.mode)

    def row(self, piece: Decimal, quantity: int) -> Decimal:
        """What a row adds to the total (4.3)."""
        if self.type == BY_ITEM:
            return self(piece) * quantity
        return self(piece * quantity) if self.type == BY_LINE else piece * quantity


@dataclass(frozen=True, slots=True)
class Taxed:
    """Tax of a product at the delivery address, as fractions; `ecotax` is net, 0 where the shop does not use it."""

    rate: Decimal
    ecotax: Decimal = _ZERO
    ecotax_rate: Decimal = _ZERO

    @property
    def gross_ecotax(self) -> Decimal:
        """Ecotax with its tax; a forced price comes without it (4.2)."""
        return self.ecotax * (1 + self.ecotax_rate)

    def gross(self, net: Decimal, rounding: Rounding) -> Decimal:
        """A piece with tax (3.2, steps 4, 5 and 8)."""
        return rounding.piece(net * (1 + self.rate) + self.gross_ecotax)

    def net(self, net: Decimal, rounding: Rounding) -> Decimal:
        """A piece without tax: rounded on its own (4.3)."""
        return rounding.piece(net + self.ecotax)


@dataclass(frozen=True, slots=True)
class Line:
    """What a row of the cart has to come to, tax included."""

    variant: VariantKey
    quantity: int
    gross: Decimal
    taxed: Taxed


@dataclass(frozen=True, slots=True)
class PricedRow:
    """A row with its forced net price (`specific_prices.price`), and what PrestaShop makes of it."""

    variant: VariantKey
    quantity: int
    price: Decimal
    unit_incl: Decimal
    unit_excl: Decimal
    total_incl: Decimal
    total_excl: Decimal


@dataclass(frozen=True, slots=True)
class Priced:
    """The cart's rows, and the totals PrestaShop will arrive at; `fee_row` is None where none is needed."""

    goods: tuple[PricedRow, ...]
    fee_row: PricedRow | None
    total: Decimal
    total_excl: Decimal
    reasons: tuple[Reason, ...] = ()

    @property
    def needs_fee_row(self) -> bool:
        """Whether the fee product is in the cart."""
        return self.fee_row is not None

    @property
    def rows(self) -> tuple[PricedRow, ...]:
        """All rows of the cart, the fee product's last."""
        return self.goods if self.fee_row is None else (*self.goods, self.fee_row)


class _Lean(Enum):
    """On which side of what it has to come to a row may miss it: the total shows what is meant if the sum is close."""

    NEAREST, BELOW, ABOVE = range(3)


def price_rows(
    lines: Sequence[Line],
    *,
    fee: Decimal,
    fee_line: tuple[VariantKey, Taxed] | None,
    rounding: Rounding,
    group_reduction: Decimal = _ZERO,
) -> Priced | Finding:
    """Net prices of all rows; what cannot be reached is a finding, so the total is right or there is no order.

    Args:
        lines: the goods, each of whole units of the currency's last decimal, and of its own variant.
        fee: shipping and fees, tax included.
        fee_line: the fee product and its tax; None when there is none.
        rounding: the shop's.
        group_reduction: of the customer's default group, as a fraction; PrestaShop would take it off forced prices too.
    """
    if group_reduction:
        return Finding(
            "group_reduction",
            f"The customer group of the order gets {(group_reduction * 100).normalize():f} % off in PrestaShop.",
            "Choose a customer group without a reduction, or set that of the group to 0.",
        )
    variants = Counter([line.variant for line in lines] + ([fee_line[0]] if fee_line else []))
    if twice := [variant for variant, count in variants.items() if count > 1]:
        return Finding(
            "variant_twice",
            f"Product {twice[0][0]} would be in the cart twice: as goods and for shipping and fees.",
            "Take the fee product (orders.fee_product) off sale on TikTok Shop, or name another one.",
        )
    return _priced(lines, fee, fee_line, rounding)


def _priced(
    lines: Sequence[Line], fee: Decimal, fee_line: tuple[VariantKey, Taxed] | None, rounding: Rounding
) -> Priced | Finding:
    wanted = sum((line.gross for line in lines), fee)
    if not fee:
        for lean in _Lean:
            rows = _goods(lines, rounding, lean)
            if isinstance(rows, Finding):
                return rows
            priced = _priced_of(rows, None, rounding)
            if priced.total == wanted:
                return priced
    # Each row at most what it has to come to: what is left for the fee product is never negative.
    rows = _goods(lines, rounding, _Lean.BELOW)
    if isinstance(rows, Finding):
        return rows
    rest = wanted - sum((row.total_incl for row in rows), _ZERO)
    if fee_line is None:
        return (_moved(lines, rest, wanted, rounding) if not fee else None) or _no_fee_product(fee)
    fee_product, taxed = fee_line
    line = Line(fee_product, 1, rest, taxed)
    for net in _around(line, rest):
        priced = _priced_of(rows, _row(line, net, rounding), rounding)
        if priced.total == wanted:
            left = rounding(rest) - fee
            text = f"{left} that rows of several pieces cannot show are in the row for shipping and fees"
            return replace(priced, reasons=(Reason("remainder", text),)) if left > 0 else priced
    return _not_reachable(wanted)


def _moved(lines: Sequence[Line], rest: Decimal, wanted: Decimal, rounding: Rounding) -> Priced | None:
    """The remainder in a row of a single piece, the dearest, if there is one: the next best without a fee product."""
    single = [line for line in lines if line.quantity == 1 and line.gross]
    if not single:
        return None
    dearest = max(single, key=lambda line: (line.gross, line.variant))
    moved = [replace(line, gross=line.gross + rest) if line is dearest else line for line in lines]
    rows = _goods(moved, rounding, _Lean.BELOW)
    if isinstance(rows, Finding):
        return None
    priced = _priced_of(rows, None, rounding)
    text = f"{rest} that rows of several pieces cannot show are in the price of product {dearest.variant[0]}"
    return replace(priced, reasons=(Reason("remainder_moved", text),)) if priced.total == wanted else None


def _goods(lines: Sequence[Line], rounding: Rounding, lean: _Lean) -> list[PricedRow] | Finding:
    """Each row at a price of its own; where only the total is rounded, a row makes up for what those before missed."""
    rows: dict[VariantKey, PricedRow] = {}
    missed = _ZERO
    # The fewest pieces last: these come closest.
    for line in sorted(lines, key=lambda line: (-line.quantity, line.variant)):
        target = line.gross
        if rounding.type == BY_ITEM:
            target = (line.gross / line.quantity).quantize(rounding.unit, ROUND_FLOOR) * line.quantity
        elif rounding.type == BY_TOTAL and line.gross:
            target += missed
        row = _nearest(line, target, rounding, lean)
        if row is None:
            return _below_ecotax(line)
        rows[line.variant] = row
        missed += line.gross - row.total_incl
    return [rows[line.variant] for line in lines]


def _nearest(line: Line, target: Decimal, rounding: Rounding, lean: _Lean) -> PricedRow | None:
    """The row closest to the target; unless only the total is rounded, never above it."""
    rows = [_row(line, net, rounding) for net in _around(line, target)]
    if rounding.type != BY_TOTAL or lean is _Lean.BELOW:
        rows = [row for row in rows if row.total_incl <= target]
    elif lean is _Lean.ABOVE:
        rows = [row for row in rows if row.total_incl >= target] or rows
    return min(rows, key=lambda row: abs(row.total_incl - target), default=None)


def _around(line: Line, gross: Decimal) -> Iterator[Decimal]:
    """Net prices with which the row may come to that, the nearest first."""
    exact = (gross / line.quantity - line.taxed.gross_ecotax) / (1 + line.taxed.rate)
    nearest = max(round_amount(exact, _NET, _HALF_UP), _ZERO)
    for step in _NEIGHBOURS:
        if nearest + step * _ULP >= 0:
            yield nearest + step * _ULP


def _row(line: Line, net: Decimal, rounding: Rounding) -> PricedRow:
    incl, excl = line.taxed.gross(net, rounding), line.taxed.net(net, rounding)
    return PricedRow(
        line.variant,
        line.quantity,
        net,
        unit_incl=incl,
        unit_excl=excl,
        total_incl=rounding.row(incl, line.quantity),
        total_excl=rounding.row(excl, line.quantity),
    )


def _priced_of(goods: Sequence[PricedRow], fee_row: PricedRow | None, rounding: Rounding) -> Priced:
    """The totals of a cart of these rows, as PrestaShop works them out: with and without tax apart (4.3)."""
    rows = goods if fee_row is None else (*goods, fee_row)
    return Priced(
        tuple(goods),
        fee_row,
        total=rounding(sum((row.total_incl for row in rows), _ZERO)),
        total_excl=rounding(sum((row.total_excl for row in rows), _ZERO)),
    )


def _below_ecotax(line: Line) -> Finding:
    return Finding(
        "ecotax_above_price",
        f"Product {line.variant[0]} was sold for {line.gross / line.quantity:.2f}, less than its ecotax in PrestaShop.",
        "Take the ecotax off the product, or make this order by hand.",
    )


def _not_reachable(wanted: Decimal) -> Finding:
    return Finding(
        "total_not_reachable",
        f"With its rounding PrestaShop cannot make an order of {wanted}.",
        "Set PrestaShop's rounding type to “Round on each line” (Preferences > General).",
    )


def _no_fee_product(fee: Decimal) -> Finding:
    if fee:
        text = f"The buyer paid {fee} for shipping and fees, and PrestaShop has no product for it."
    else:
        text = "PrestaShop's rounding leaves a cent that needs a row of its own."
    return Finding(
        "fee_product_missing",
        text,
        "Make a hidden product with the reference that orders.fee_product names (SHIP-TIKTOK), with its tax; or leave "
        "shipping out with orders.shipping = not_booked.",
    )
