"""The call budget both clients ask before every call (K10).

`SharedBudget` is the real one: an adaptive rate per shop and endpoint class, so that all threads, processes and
machines of an installation spend from the same purse (clients/purses.py). docs/decisions/0003-call-budget.md says why
it is built so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil
from typing import Final, Protocol

from pyrate_limiter import GCRA, Rate

from clients.purses import BudgetRow, Purse


class CallBudget(Protocol):
    """Decides when the next call of an endpoint class may be sent.

    One object serves all threads of a process; implementations share their state between processes.
    Nothing else in the code sleeps or counts calls.
    """

    def acquire(self, endpoint_class: str) -> None:
        """Block until a call of this class may be sent."""

    def succeeded(self, endpoint_class: str) -> None:
        """The shop took the call: the rate may grow back slowly."""

    def throttled(self, endpoint_class: str, retry_after: float | None) -> None:
        """The shop refused for too many calls: halve the rate and hold for `retry_after` seconds."""


class Unlimited:
    """No budget at all: for tests and one-off calls."""

    def acquire(self, endpoint_class: str) -> None:
        """Return at once."""

    def succeeded(self, endpoint_class: str) -> None:
        """Nothing to learn."""

    def throttled(self, endpoint_class: str, retry_after: float | None) -> None:
        """Nothing to learn."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls per second of one endpoint class: where to start, and between what the rate may move."""

    start: float
    ceiling: float
    floor: float = 0.2


@dataclass(frozen=True, slots=True)
class BudgetState:
    """What is shown of one endpoint class.

    Attributes:
        rate: calls per second allowed now.
        used: calls per second really made, over the last ten seconds.
        held_until: when calls may go on after a refusal, None when they may.
    """

    rate: float
    used: float
    held_until: datetime | None


# Starting points that every shop seen so far takes (tiktok-shop-api.md section 2.3).
DEFAULT_LIMITS: Final[Mapping[str, Limits]] = {"read": Limits(10.0, 20.0), "write": Limits(3.0, 10.0)}

_GROWTH: Final = 0.02  # of the ceiling, gained in each second of full use
_ONE_REFUSAL: Final = 1.0  # seconds: calls already on their way when the rate was halved say nothing new
_LONGEST_HOLD: Final = 3600.0
_LONGEST_BACKOFF: Final = 60.0
_WINDOW: Final = 10.0


class SharedBudget:
    """An adaptive call budget shared by all processes that spend from the same purse in the name of the same shop.

    The rate is halved when the shop refuses a call, at most once a second, and grows back by a fixed step for every
    second of use. A refusal also holds all calls of the class: for as long as the shop asks, else for one second that
    doubles while refusals go on. A waiting thread sleeps without holding anything.

    Args:
        purse: where the state is kept.
        shop: whose calls they are, such as "tiktok:7495000000000000001".
        limits: per endpoint class.
        sleep: for tests.
    """

    def __init__(
        self,
        purse: Purse,
        shop: str,
        limits: Mapping[str, Limits] = DEFAULT_LIMITS,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._purse = purse
        self._shop = shop
        self._limits = limits
        self._sleep = sleep
        self._lock = threading.Lock()
        self._successes: dict[str, int] = {}

    def acquire(self, endpoint_class: str) -> None:
        """Block until a call of this class may be sent."""
        while wait := self._try(endpoint_class):
            self._sleep(wait)

    def succeeded(self, endpoint_class: str) -> None:
        """Count it; the next `acquire` of this process writes it down together with its own change."""
        self._learn(endpoint_class, 1)

    def throttled(self, endpoint_class: str, retry_after: float | None) -> None:
        """Halve the rate and hold all calls of the class, in all processes."""
        limits = self._limits[endpoint_class]
        self._forget(endpoint_class)
        self._purse.change(
            self._shop,
            endpoint_class,
            lambda row, now: (_refused(_usable(row, limits, now), limits, retry_after, now), None),
        )

    def snapshot(self) -> dict[str, BudgetState]:
        """The state of every class, for display."""
        shown: dict[str, BudgetState] = {}
        for endpoint_class, limits in self._limits.items():
            stored, now = self._purse.read(self._shop, endpoint_class)
            row = _counted(_usable(stored, limits, now), now)
            share_before = 1 - (now - row.window_at) / _WINDOW
            shown[endpoint_class] = BudgetState(
                rate=round(row.rate, 3),
                used=round((row.calls + row.calls_before * share_before) / _WINDOW, 3),
                held_until=datetime.fromtimestamp(row.held_until, UTC) if row.held_until > now else None,
            )
        return shown

    def close(self) -> None:
        """Close the purse."""
        self._purse.close()

    def _try(self, endpoint_class: str) -> float:
        """Take one call out of the budget; otherwise the seconds to wait before asking again."""
        limits = self._limits[endpoint_class]
        successes = self._forget(endpoint_class)

        def step(stored: BudgetRow | None, now: float) -> tuple[BudgetRow, tuple[float, bool]]:
            row = _usable(stored, limits, now)
            if row.held_until > now:
                return row, (row.held_until - now, False)
            row, wait = _taken(_grown(row, limits, successes, now), now)
            return row, (wait, True)

        wait, learned = self._purse.change(self._shop, endpoint_class, step)
        if not learned:
            self._learn(endpoint_class, successes)
        return wait

    def _learn(self, endpoint_class: str, successes: int) -> None:
        with self._lock:
            self._successes[endpoint_class] = self._successes.get(endpoint_class, 0) + successes

    def _forget(self, endpoint_class: str) -> int:
        with self._lock:
            return self._successes.pop(endpoint_class, 0)


_GCRA: Final = GCRA()


def _as_rate(per_second: float) -> Rate:
    """A fifth of a second's calls, and at least two, may make up for threads that wake late."""
    return Rate(1000, round(1_000_000 / per_second), burst=max(2, ceil(per_second / 5)))


def _emission(rate: Rate) -> int:
    """Microseconds between two calls, as the limiter counts them."""
    return ceil(rate.interval * 1000 / rate.limit)


def _usable(stored: BudgetRow | None, limits: Limits, now: float) -> BudgetRow:
    """Within today's limits, and without the times that only a clock which has been set back can have left."""
    if stored is None:
        return BudgetRow(rate=limits.start)
    return replace(
        stored,
        rate=min(max(stored.rate, limits.floor), limits.ceiling),
        held_until=stored.held_until if stored.held_until <= now + _LONGEST_HOLD else 0.0,
        halved_at=min(stored.halved_at, now - _ONE_REFUSAL) if stored.halved_at > now else stored.halved_at,
    )


def _counted(row: BudgetRow, now: float) -> BudgetRow:
    """With the counting windows moved on to now."""
    age = now - row.window_at
    if 0 <= age < _WINDOW:
        return row
    before = row.calls if _WINDOW <= age < 2 * _WINDOW else 0
    return replace(row, window_at=now - age % _WINDOW, calls=0, calls_before=before)


def _grown(row: BudgetRow, limits: Limits, successes: int, now: float) -> BudgetRow:
    """What calls that the shop took do to the rate."""
    if not successes or now - row.halved_at < _ONE_REFUSAL:
        return row
    rate = row.rate + successes * limits.ceiling * _GROWTH / row.rate
    return replace(row, rate=min(limits.ceiling, rate), strikes=0)


def _taken(row: BudgetRow, now: float) -> tuple[BudgetRow, float]:
    """One call less, or the seconds to wait for it."""
    rate = _as_rate(row.rate)
    now_ms = int(now * 1000)
    # The limiter never owes more than one burst, unless the clock was set back.
    tat = min(row.tat, now_ms * 1000 + rate.burst * _emission(rate))
    state, decision = _GCRA.step([rate], (tat,), now_ms, 1)
    if not decision.allowed:
        return replace(row, tat=tat), max(decision.retry_after_ms or 0, 1) / 1000
    row = _counted(row, now)
    return replace(row, tat=int(state[0]), calls=row.calls + 1), 0.0


def _refused(row: BudgetRow, limits: Limits, retry_after: float | None, now: float) -> BudgetRow:
    """What a refusal does: half the rate, and a hold."""
    hold = retry_after
    if now - row.halved_at >= _ONE_REFUSAL:
        if hold is None:
            hold = min(_LONGEST_BACKOFF, 2.0**row.strikes)
        row = replace(row, rate=max(limits.floor, row.rate / 2), halved_at=now, strikes=min(row.strikes + 1, 10))
    held_until = max(row.held_until, now + min(hold or 0.0, _LONGEST_HOLD))
    # No credit is saved up during a hold: afterwards calls set off one by one.
    rate = _as_rate(row.rate)
    tat = int(held_until * 1_000_000) + (rate.burst - 1) * _emission(rate)
    return replace(row, held_until=held_until, tat=max(row.tat, tat))
