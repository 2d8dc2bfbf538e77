"""Splitting amounts by largest remainder (K6): nothing is lost, and nobody gets a unit more than is due."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.split import split

D = Decimal
DECIMALS = st.sampled_from([0, 2, 3])
# Prices as the shop has them, six decimals; some are 0.
WEIGHTS = st.lists(
    st.one_of(st.just(D(0)), st.integers(1, 10**10).map(lambda number: D(number).scaleb(-6))), min_size=1, max_size=200
)


def amounts(decimals: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, 2_000_000 * 10**decimals).map(lambda number: D(number).scaleb(-decimals))


@pytest.mark.parametrize(
    ("amount", "weights", "decimals", "parts"),
    [
        ("10.00", ["1", "1", "1"], 2, ["3.34", "3.33", "3.33"]),
        ("0.02", ["1", "1", "1"], 2, ["0.01", "0.01", "0"]),
        ("0.01", ["1", "2"], 2, ["0", "0.01"]),
        ("100", ["1", "2"], 0, ["33", "67"]),
        ("1.00", ["0", "0", "0"], 2, ["0.34", "0.33", "0.33"]),
        ("1.00", ["0", "1", "1", "1"], 2, ["0", "0.34", "0.33", "0.33"]),
        ("0", ["3", "4"], 2, ["0", "0"]),
        ("7.77", ["0.000001"], 2, ["7.77"]),
    ],
)
def test_parts(amount: str, weights: list[str], decimals: int, parts: list[str]) -> None:
    assert split(D(amount), [D(weight) for weight in weights], decimals) == [D(part) for part in parts]


@given(DECIMALS.flatmap(lambda decimals: st.tuples(amounts(decimals), WEIGHTS, st.just(decimals))))
def test_the_parts_add_up_and_each_is_within_a_unit_of_its_due(case: tuple[Decimal, list[Decimal], int]) -> None:
    amount, weights, decimals = case
    unit, total = D(1).scaleb(-decimals), sum(weights)
    parts = split(amount, weights, decimals)
    assert sum(parts) == amount
    assert all(part >= 0 and part == part.quantize(unit) for part in parts)
    if total:
        # Compared without dividing: part / amount is as weight / total, but for less than one unit.
        assert all(
            abs(part * total - amount * weight) < unit * total for part, weight in zip(parts, weights, strict=True)
        )
        assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


@given(DECIMALS.flatmap(lambda decimals: st.tuples(amounts(decimals), WEIGHTS, st.just(decimals))))
def test_who_weighs_more_gets_no_less_but_for_one_unit(case: tuple[Decimal, list[Decimal], int]) -> None:
    amount, weights, decimals = case
    rising = [part for _, part in sorted(zip(weights, split(amount, weights, decimals), strict=True))]
    assert all(b >= a - D(1).scaleb(-decimals) for a, b in pairwise(rising))
