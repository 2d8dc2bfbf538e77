"""Which PrestaShop state a status leads to: forwards only, never twice, never out of an end (C12, I11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.decision import Decision
from rules.order_statuses import COUNTED, Rank, ShopStates, default_mapping, next_state, status_word
from rules.tiktok_order import STATUSES
from tests.rules.order_examples import codes

# (paid, delivery, shipped) of a fresh shop's states
FRESH = {
    1: (0, 0, 0),
    2: (1, 0, 0),
    3: (1, 1, 0),
    4: (1, 1, 1),
    5: (1, 1, 1),
    6: (0, 0, 0),
    7: (0, 0, 0),
    8: (0, 0, 0),
    9: (1, 0, 0),
    11: (1, 0, 0),
    # The merchant's own
    20: (1, 1, 1),
    21: (1, 1, 1),
    22: (0, 0, 0),
}
OWN = {
    "PS_OS_PAYMENT": "2",
    "PS_OS_PREPARATION": "3",
    "PS_OS_SHIPPING": "4",
    "PS_OS_DELIVERED": "5",
    "PS_OS_CANCELED": "6",
    "PS_OS_REFUND": "7",
    "PS_OS_ERROR": "8",
    "PS_OS_WS_PAYMENT": "11",
}
RECORDS: Mapping[int, Mapping[str, Any]] = {
    key: {"id": key, "deleted": "0", "paid": bool(paid), "delivery": str(delivery), "shipped": shipped}
    for key, (paid, delivery, shipped) in FRESH.items()
}
MAPPING = default_mapping(RECORDS, OWN)


def move(
    status: str, current: int, passed: tuple[int, ...] = (), mapping: Mapping[str, int] = MAPPING
) -> Decision[int | None]:
    states = ShopStates.of(RECORDS, OWN, mapping)
    return next_state(status, mapping, current=current, passed=passed, states=states)


def test_the_mapping_of_a_shop_that_mapped_nothing() -> None:
    assert {status: state for status, state in MAPPING.items() if state} == {
        "IN_TRANSIT": 4,
        "DELIVERED": 5,
        "COMPLETED": 5,
        "CANCELLED": 6,
    }
    assert set(MAPPING) == set(STATUSES)


def test_states_that_do_not_exist_are_not_mapped_to() -> None:
    records = {**RECORDS, 5: {**RECORDS[5], "deleted": "1"}}
    assert default_mapping(records, {**OWN, "PS_OS_SHIPPING": "99", "PS_OS_CANCELED": ""}) == dict.fromkeys(STATUSES, 0)


@pytest.mark.parametrize(
    ("state", "rank"),
    [
        (1, Rank.UNPAID),
        (2, Rank.PAID),
        (9, Rank.PAID),
        (11, Rank.PAID),
        (3, Rank.PREPARATION),
        (4, Rank.SHIPPED),
        (20, Rank.SHIPPED),
        (5, Rank.DELIVERED),
        (6, Rank.CANCELLED),
        (7, Rank.REFUNDED),
        (8, Rank.ERROR),
        (22, Rank.UNPAID),
        (99, Rank.UNPAID),
    ],
)
def test_how_far_states_stand_for(state: int, rank: Rank) -> None:
    assert ShopStates.of(RECORDS, OWN).rank(state) is rank


def test_a_mapped_state_stands_for_its_status_whatever_its_flags() -> None:
    states = ShopStates.of(RECORDS, OWN, {"DELIVERED": 22, "CANCELLED": 21})
    assert (states.rank(22), states.rank(21)) == (Rank.DELIVERED, Rank.CANCELLED)


@pytest.mark.parametrize(
    ("status", "current", "target"),
    [
        ("IN_TRANSIT", 2, 4),
        ("IN_TRANSIT", 3, 4),
        ("DELIVERED", 3, 5),
        ("DELIVERED", 4, 5),
        ("DELIVERED", 20, 5),
        ("CANCELLED", 11, 6),
        ("CANCELLED", 3, 6),
    ],
)
def test_orders_go_forwards(status: str, current: int, target: int) -> None:
    decision = move(status, current)
    assert (decision.value, codes(decision)) == (target, ["state_mapped"])


@pytest.mark.parametrize(
    ("status", "current", "passed", "code"),
    [
        ("AWAITING_SHIPMENT", 2, (), "not_mapped"),
        ("AWAITING_COLLECTION", 2, (), "not_mapped"),
        ("SOMETHING_NEW", 2, (), "not_mapped"),
        ("IN_TRANSIT", 4, (), "same_state"),
        ("COMPLETED", 5, (4, 5), "same_state"),
        ("IN_TRANSIT", 5, (), "would_go_back"),
        ("IN_TRANSIT", 20, (2, 4), "state_passed"),
        ("DELIVERED", 3, (2, 5), "state_passed"),
        ("DELIVERED", 6, (), "final_state"),
        ("IN_TRANSIT", 7, (), "final_state"),
        ("CANCELLED", 7, (), "final_state"),
        ("CANCELLED", 8, (), "final_state"),
        ("CANCELLED", 4, (), "left_the_house"),
        ("CANCELLED", 5, (), "left_the_house"),
    ],
)
def test_when_nothing_is_moved(status: str, current: int, passed: tuple[int, ...], code: str) -> None:
    decision = move(status, current, passed)
    assert (decision.value, codes(decision)) == (None, [code])


def test_a_mapping_to_a_deleted_state_says_so() -> None:
    assert codes(move("IN_TRANSIT", 2, mapping={"IN_TRANSIT": 99})) == ["state_gone"]


def test_of_states_that_do_the_same_the_later_status_is_further_on() -> None:
    mapping = {"IN_TRANSIT": 4, "DELIVERED": 20, "COMPLETED": 21}
    # It was completed between two polls, then an older answer arrives.
    assert move("COMPLETED", 4, mapping=mapping).value == 21
    assert codes(move("DELIVERED", 21, (4, 21), mapping)) == ["would_go_back"]


def test_a_state_of_its_own_for_paid_orders() -> None:
    assert move("AWAITING_SHIPMENT", 11, mapping={"AWAITING_SHIPMENT": 2}).value == 2
    assert codes(move("AWAITING_SHIPMENT", 3, mapping={"AWAITING_SHIPMENT": 2})) == ["would_go_back"]


STATES = st.sampled_from(sorted(FRESH))


@given(
    st.lists(st.sampled_from([*STATUSES, "SOMETHING_NEW"]), max_size=20),
    STATES,
    st.one_of(st.just(MAPPING), st.dictionaries(st.sampled_from(STATUSES), st.sampled_from([0, *FRESH]))),
)
def test_whatever_arrives_an_order_never_goes_back(statuses: list[str], start: int, mapping: dict[str, int]) -> None:
    states = ShopStates.of(RECORDS, OWN, mapping)
    history = [start]
    for status in statuses:
        target = next_state(status, mapping, current=history[-1], passed=history, states=states).value
        if target is not None:
            assert not states.rank(history[-1]).is_final
            assert states.rank(target) >= states.rank(history[-1])
            assert target not in history
            history.append(target)


@given(st.lists(st.sampled_from(STATUSES), max_size=10), STATES, st.sampled_from(STATUSES))
def test_a_status_that_comes_twice_moves_once(before: list[str], start: int, status: str) -> None:
    history = [start]
    for each in (*before, status):
        target = move(each, history[-1], tuple(history)).value
        history += [] if target is None else [target]
    assert move(status, history[-1], tuple(history)).value is None


def test_the_words_of_the_order_list() -> None:
    assert COUNTED == (
        "awaiting shipment",
        "awaiting collection",
        "in transit",
        "delivered",
        "completed",
        "cancelled",
        "error",
    )
    assert status_word("IN_TRANSIT") == "in transit"
    assert status_word("IN_TRANSIT", parked=True) == "error"
    assert status_word("SOMETHING_NEW") == "something new"
    assert {status_word(status) for status in STATUSES} > set(COUNTED) - {"error"}
