"""Which carrier orders are made with (C2)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.decision import Decision, Finding
from rules.order_carrier import choose_carrier


def carrier(reference: int, name: str, **fields: Any) -> dict[str, Any]:
    return {"id_reference": reference, "name": name, "active": True, "deleted": False, "is_free": True, **fields}


PICK_UP = carrier(1, "Click and collect")
DEAR = carrier(2, "My carrier", is_free=False)
OURS = carrier(7, "TikTok Shipping")


@pytest.mark.parametrize(
    ("carriers", "default", "reference", "chosen"),
    [
        # One that was meant for it comes first, then the shop's default, then the first that is free.
        ({1: PICK_UP, 2: DEAR, 9: OURS}, 1, 0, 9),
        ({1: PICK_UP, 2: DEAR, 3: carrier(3, "Post")}, 3, 0, 3),
        ({1: PICK_UP, 2: DEAR}, 2, 0, 1),
        ({1: PICK_UP, 2: DEAR}, -1, 0, 1),
        ({2: DEAR, 5: carrier(5, "Post"), 4: carrier(4, "Post")}, -2, 0, 4),
        # An edited carrier has a new id and the same reference.
        ({2: {**DEAR, "deleted": True}, 8: DEAR, 9: OURS}, 9, 2, 8),
        # One that cannot be used is not looked at.
        ({9: {**OURS, "active": False}, 10: {**OURS, "deleted": True}, 11: PICK_UP}, 9, 0, 11),
        ({9: {**OURS, "is_free": False}, 11: PICK_UP}, 9, 0, 11),
    ],
)
def test_the_choice(carriers: dict[int, dict[str, Any]], default: int, reference: int, chosen: int) -> None:
    found = choose_carrier(carriers, default=default, reference=reference)
    assert isinstance(found, Decision)
    assert found.value == chosen
    assert carriers[chosen]["name"] in found.reasons[0].text


@pytest.mark.parametrize(
    ("carriers", "reference", "code"),
    [
        ({}, 0, "no_free_carrier"),
        ({2: DEAR}, 0, "no_free_carrier"),
        ({9: {**OURS, "active": False}}, 0, "no_free_carrier"),
        ({9: OURS}, 3, "carrier_gone"),
        ({9: {**OURS, "deleted": True}}, 7, "carrier_gone"),
        ({9: {**OURS, "active": False}}, 7, "carrier_gone"),
    ],
)
def test_no_choice(carriers: dict[int, dict[str, Any]], reference: int, code: str) -> None:
    found = choose_carrier(carriers, default=9, reference=reference)
    assert isinstance(found, Finding)
    assert found.code == code
    assert found.fix


def test_a_chosen_carrier_that_is_not_free_says_what_has_to_hold() -> None:
    found = choose_carrier({2: DEAR, 9: OURS}, default=9, reference=2)
    assert isinstance(found, Decision)
    assert (found.value, [reason.code for reason in found.reasons]) == (2, ["carrier", "carrier_not_free"])


CARRIERS = st.dictionaries(
    st.integers(1, 30),
    st.builds(
        carrier,
        st.integers(1, 9),
        st.sampled_from(["Post", "TikTok", "my tiktok shipping", "Click and collect"]),
        active=st.booleans(),
        deleted=st.booleans(),
        is_free=st.booleans(),
    ),
    max_size=8,
)


@given(CARRIERS, st.integers(-2, 30), st.integers(0, 9), st.randoms(use_true_random=False))
def test_what_is_chosen_can_be_used_whatever_the_order(
    carriers: dict[int, dict[str, Any]], default: int, reference: int, random: Any
) -> None:
    found = choose_carrier(carriers, default=default, reference=reference)
    turned = list(carriers.items())
    random.shuffle(turned)
    assert choose_carrier(dict(turned), default=default, reference=reference) == found
    if isinstance(found, Decision):
        row = carriers[found.value]
        assert row["active"]
        assert not row["deleted"]
        assert row["id_reference"] == reference if reference else row["is_free"]
    else:
        usable = [row for row in carriers.values() if row["active"] and not row["deleted"]]
        assert not any(row["id_reference"] == reference if reference else row["is_free"] for row in usable)
