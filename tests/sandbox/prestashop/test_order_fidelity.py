"""Customers, addresses, carts and orders answer as the recorded shops did: shapes, and values where JSON shows them."""

from __future__ import annotations

import httpx
import pytest

from tests.sandbox.prestashop.order_recordings import OrderReplay, order_recordings, value_differences
from tests.sandbox.prestashop.recordings import Recording, differences

# Values that differ because the demo shop here is not filled to the last setting; number → paths.
KNOWN_VALUES: dict[int, tuple[str, ...]] = {
    101: ("$.order_details[].product_supplier_reference",),  # the suppliers' numbers are made up
    112: ("$.product.redirect_type",),
    137: ("$.order_details[].associations.taxes[].id",),  # fewer countries, so other ids of taxes
}

CASES = [(version, recording) for version in ("8.2", "9.0") for recording in order_recordings(version).values()]


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[int, httpx.Response]]:
    return {version: OrderReplay(version).run() for version in ("8.2", "9.0")}


@pytest.mark.parametrize(("version", "recorded"), CASES, ids=[f"{version}-{case.name}" for version, case in CASES])
def test_answers_as_recorded(version: str, recorded: Recording, answers: dict[str, dict[int, httpx.Response]]) -> None:
    answer = answers[version][recorded.number]
    assert differences(recorded, answer) == []
    known = KNOWN_VALUES.get(recorded.number, ())
    assert [line for line in value_differences(recorded, answer) if not line.startswith(known)] == []


def test_the_recordings_are_all_there() -> None:
    numbers = {version: {case.number for one, case in CASES if one == version} for version in ("8.2", "9.0")}
    assert numbers["8.2"] == {*range(54, 60), *range(63, 69), *range(85, 127), *range(134, 138)}
    assert len(numbers["9.0"]) == 6 + 52
