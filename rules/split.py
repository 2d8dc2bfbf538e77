"""Splitting an amount so that the parts add up to it, by largest remainder."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal


def split(amount: Decimal, weights: Sequence[Decimal], decimals: int) -> list[Decimal]:
    """The amount in proportion to the weights, each part in whole units of its last decimal; their sum is the amount.

    Equal weights where all are 0. Of equal remainders the first gets the unit.

    Args:
        amount: not negative, with at most so many decimals.
        weights: not negative, at least one.
        decimals: of the currency.
    """
    total = sum(weights, Decimal(0))
    if total == 0:
        weights, total = [Decimal(1)] * len(weights), Decimal(len(weights))
    unit = Decimal(1).scaleb(-decimals)
    exact = [amount * weight / total for weight in weights]
    parts = [part.quantize(unit, ROUND_FLOOR) for part in exact]
    left = int((amount - sum(parts, Decimal(0))) / unit)
    # A part that has nothing to carry is the last to get a unit that rounding left over.
    order = sorted(range(len(parts)), key=lambda i: (weights[i] == 0, parts[i] - exact[i], i))
    for i in order[:left]:
        parts[i] += unit
    return parts
