"""Which PrestaShop state a status of TikTok Shop leads to (C12, I11), and how statuses read to people (I4).

PrestaShop says of a state only what it does: `paid`, `delivery` (goods are being prepared), `shipped`. What its own
states mean is in its settings PS_OS_*; what the merchant's mean follows from these flags and from the mapping.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, Self

from rules.decision import Decision, Reason
from rules.tiktok_order import (
    AWAITING_COLLECTION,
    AWAITING_SHIPMENT,
    CANCELLED,
    COMPLETED,
    DELIVERED,
    IN_TRANSIT,
    ON_HOLD,
    PARTIALLY_SHIPPING,
    STATUSES,
    UNPAID,
)

_DEFAULTS: Final[Mapping[str, str]] = {
    IN_TRANSIT: "PS_OS_SHIPPING",
    DELIVERED: "PS_OS_DELIVERED",
    COMPLETED: "PS_OS_DELIVERED",
    CANCELLED: "PS_OS_CANCELED",
}


class Rank(IntEnum):
    """How far an order in a state has come. The last three are final: an order never leaves them by itself."""

    UNPAID = 0
    PAID = 1
    PREPARATION = 2
    SHIPPED = 3
    DELIVERED = 4
    CANCELLED = 5
    REFUNDED = 6
    ERROR = 7

    @property
    def is_final(self) -> bool:
        """Whether only a person takes an order out of such a state."""
        return self >= Rank.CANCELLED


_RANK_OF_STATUS: Final[Mapping[str, Rank]] = {
    UNPAID: Rank.UNPAID,
    ON_HOLD: Rank.PAID,
    AWAITING_SHIPMENT: Rank.PAID,
    PARTIALLY_SHIPPING: Rank.PREPARATION,
    AWAITING_COLLECTION: Rank.PREPARATION,
    IN_TRANSIT: Rank.SHIPPED,
    DELIVERED: Rank.DELIVERED,
    COMPLETED: Rank.DELIVERED,
    CANCELLED: Rank.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class ShopStates:
    """The order states of a shop.

    Attributes:
        ranks: of every state that can be used, by id.
        cancelled, refunded: ids of the states that orders are cancelled and refunded by; 0 where there is none.
    """

    ranks: Mapping[int, Rank]
    cancelled: int = 0
    refunded: int = 0
    _places: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        order_states: Mapping[int, Mapping[str, Any]],
        configurations: Mapping[str, Any],
        mapping: Mapping[str, int] | None = None,
    ) -> Self:
        """From PrestaShop's records of order_states by id, its settings, and {status of TikTok Shop: state id}."""
        own = {name: _number(configurations, name) for name in _OWN}
        mapping = mapping or {}
        places: dict[int, int] = {}
        for place, status in enumerate(STATUSES):
            if mapping.get(status):
                places[mapping[status]] = place
        ranks = {}
        for state_id, row in order_states.items():
            if _flag(row, "deleted"):
                continue
            named = [rank for name, rank in _OWN.items() if own[name] == state_id]
            mapped = [_RANK_OF_STATUS[status] for status in STATUSES if mapping.get(status) == state_id]
            ranks[state_id] = max([_rank_of_flags(row), *named, *mapped])
        return cls(ranks, own["PS_OS_CANCELED"], own["PS_OS_REFUND"], places)

    def rank(self, state_id: int) -> Rank:
        """How far a state stands for; UNPAID for one that is not known."""
        return self.ranks.get(state_id, Rank.UNPAID)

    def is_shipped(self, state_id: int) -> bool:
        """Whether an order in this state has left the house."""
        return self.rank(state_id) in (Rank.SHIPPED, Rank.DELIVERED)

    def goes_back(self, current: int, target: int) -> bool:
        """Whether a change of state would be a step back."""
        if self.rank(target) != self.rank(current):
            return self.rank(target) < self.rank(current)
        # Of two states that do the same, the one mapped to the later status is further on.
        return self._places.get(target, -1) < self._places.get(current, -1)


_OWN: Final[Mapping[str, Rank]] = {
    "PS_OS_PAYMENT": Rank.PAID,
    "PS_OS_WS_PAYMENT": Rank.PAID,
    "PS_OS_PREPARATION": Rank.PREPARATION,
    "PS_OS_SHIPPING": Rank.SHIPPED,
    "PS_OS_DELIVERED": Rank.DELIVERED,
    "PS_OS_CANCELED": Rank.CANCELLED,
    "PS_OS_REFUND": Rank.REFUNDED,
    "PS_OS_ERROR": Rank.ERROR,
}


def default_mapping(
    order_states: Mapping[int, Mapping[str, Any]], configurations: Mapping[str, Any]
) -> Mapping[str, int]:
    """{status of TikTok Shop: state id} for a shop that mapped nothing; 0: the status changes nothing.

    AWAITING_COLLECTION changes nothing: the parcel is still in the house, and "shipped" takes it out of the stock.
    """
    usable = {state_id for state_id, row in order_states.items() if not _flag(row, "deleted")}
    found = {status: _number(configurations, name) for status, name in _DEFAULTS.items()}
    return {status: found.get(status, 0) if found.get(status, 0) in usable else 0 for status in STATUSES}


def next_state(
    status: str, mapping: Mapping[str, int], *, current: int, passed: Collection[int], states: ShopStates
) -> Decision[int | None]:
    """The state that an imported order has to be moved to, or None.

    Orders only go forwards, never into a state they were in before (somebody took them out of it), and never out of a
    final state.

    Args:
        status: on TikTok Shop.
        mapping: {status: state id}, as `default_mapping` or the stored one.
        current: id of the state the order is in.
        passed: ids of the states it has been in.
        states: the shop's, made with the same mapping.
    """
    target = mapping.get(status, 0)
    if not target:
        return _stays("not_mapped", f"{status} changes nothing in PrestaShop (C12)")
    if target == current:
        return _stays("same_state", "PrestaShop has this state already")
    if target not in states.ranks:
        return _stays("state_gone", f"the state {target}, mapped to {status}, no longer exists in PrestaShop (C12)")
    now = states.rank(current)
    if now.is_final:
        return _stays("final_state", f"an order that is {now.name.lower()} in PrestaShop stays so")
    if target in passed:
        return _stays("state_passed", f"it was in the state {target} before and was taken out of it")
    if states.goes_back(current, target):
        return _stays("would_go_back", f"PrestaShop is further on than {status}")
    if states.rank(target).is_final and states.is_shipped(current):
        return _stays("left_the_house", f"{status} after it was shipped in PrestaShop: a person has to decide")
    return Decision(target, (Reason("state_mapped", f"{status} is the state {target} in PrestaShop (C12)"),))


_WORDS: Final[Mapping[str, str]] = {
    UNPAID: "unpaid",
    ON_HOLD: "on hold",
    AWAITING_SHIPMENT: "awaiting shipment",
    PARTIALLY_SHIPPING: "partially shipped",
    AWAITING_COLLECTION: "awaiting collection",
    IN_TRANSIT: "in transit",
    DELIVERED: "delivered",
    COMPLETED: "completed",
    CANCELLED: "cancelled",
}
ERROR_WORD: Final = "error"
COUNTED: Final = (
    *(_WORDS[status] for status in STATUSES if status not in (UNPAID, ON_HOLD, PARTIALLY_SHIPPING)),
    ERROR_WORD,
)
"""The words that the order list always counts (I4); others only where there are such orders."""


def status_word(status: str, *, parked: bool = False) -> str:
    """How the order list calls a status: "error" for an order that waits for a person."""
    return ERROR_WORD if parked else _WORDS.get(status, status.lower().replace("_", " "))


def _stays(code: str, text: str) -> Decision[int | None]:
    return Decision(None, (Reason(code, text),))


def _rank_of_flags(row: Mapping[str, Any]) -> Rank:
    if _flag(row, "shipped"):
        return Rank.SHIPPED
    if _flag(row, "delivery"):
        return Rank.PREPARATION
    return Rank.PAID if _flag(row, "paid") else Rank.UNPAID


def _flag(row: Mapping[str, Any], name: str) -> bool:
    return str(row.get(name) or "0").lower() not in ("0", "false")


def _number(values: Mapping[str, Any], name: str) -> int:
    text = str(values.get(name) or "")
    return int(text) if text.isdecimal() else 0
