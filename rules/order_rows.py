"""Units of TikTok Shop become rows of a PrestaShop cart: one row a variant (tiktok-shop-api.md 4.6).

The link of the SKU decides, then its seller SKU. The same variant twice in one cart is an error of the shop
(prestashop-webservice.md 2.11), so units are merged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rules.decision import Finding
from rules.split import split
from rules.tiktok_order import Unit

VariantKey = tuple[int, int]
"""(id_product, id_product_attribute)"""


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


def row_amounts(
    rows: Sequence[Row], amounts: Mapping[str, Decimal], prices: Mapping[VariantKey, Decimal], decimals: int
) -> list[Decimal]:
    """What each row costs: the units' amounts, a bundle's split over its parts by their own prices.

    Args:
        rows: all of an order.
        amounts: by unit id.
        prices: by variant, as weights; those that are missing weigh by pieces alone.
        decimals: of the currency.
    """
    totals = [Decimal(0)] * len(rows)
    for unit_id, amount in amounts.items():
        holding = [(number, row) for number, row in enumerate(rows) if unit_id in row.units]
        known = all(row.variant in prices for _, row in holding)
        weights = [row.units[unit_id] * (prices[row.variant] if known else Decimal(1)) for _, row in holding]
        for (number, _), part in zip(holding, split(amount, weights, decimals), strict=True):
            totals[number] += part
    return totals


def _variant(
    seller_sku: str, sku_id: str, linked: Mapping[str, VariantKey], by_sku: Mapping[str, Sequence[VariantKey]]
) -> VariantKey | Finding:
    if sku_id in linked:
        return linked[sku_id]
    found = by_sku.get(seller_sku, ()) if seller_sku else ()
    if len(found) == 1:
        return found[0]
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
