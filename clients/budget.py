"""The call budget both clients ask before every call (K10).

`SharedBudget` is the real one: an adaptive rate per shop and endpoint class in a small SQLite file, so that all threads
and processes of an installation spend from the same purse. docs/decisions/0003-call-budget.md says why it is built so.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Final, Protocol

from pyrate_limiter import GCRA, Rate


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

_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS budget (
        shop TEXT NOT NULL, class TEXT NOT NULL, rate REAL NOT NULL, tat INTEGER NOT NULL, held_until REAL NOT NULL,
        halved_at REAL NOT NULL, strikes INTEGER NOT NULL, window_at REAL NOT NULL, calls INTEGER NOT NULL,
        calls_before INTEGER NOT NULL, PRIMARY KEY (shop, class)
    ) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class _Row:
    """The shared state of one class. Times are Unix seconds, `tat` is the limiter's own state."""

    rate: float
    tat: int = 0
    held_until: float = 0.0
    halved_at: float = 0.0
    strikes: int = 0
    window_at: float = 0.0
    calls: int = 0
    calls_before: int = 0

    def plausible(self, now: float) -> _Row:
        """Without the times that only a clock which has been set back can have left."""
        return replace(
            self,
            held_until=self.held_until if self.held_until <= now + _LONGEST_HOLD else 0.0,
            halved_at=min(self.halved_at, now - _ONE_REFUSAL) if self.halved_at > now else self.halved_at,
        )

    def counted(self, now: float) -> _Row:
        """With the counting windows moved on to now."""
        age = now - self.window_at
        if 0 <= age < _WINDOW:
            return self
        before = self.calls if _WINDOW <= age < 2 * _WINDOW else 0
        return replace(self, window_at=now - age % _WINDOW, calls=0, calls_before=before)


_COLUMNS: Final = ", ".join(column.name for column in fields(_Row))
_LOAD: Final = f"SELECT {_COLUMNS} FROM budget WHERE shop = ? AND class = ?"  # noqa: S608 - own column names
_STORE: Final = (
    f"INSERT OR REPLACE INTO budget (shop, class, {_COLUMNS}) "  # noqa: S608 - own column names
    f"VALUES (?, ?{', ?' * len(fields(_Row))})"
)


class SharedBudget:
    """An adaptive call budget shared by all processes that name the same file and shop.

    The rate is halved when the shop refuses a call, at most once a second, and grows back by a fixed step for every
    second of use. A refusal also holds all calls of the class: for as long as the shop asks, else for one second that
    doubles while refusals go on. A waiting thread sleeps without holding anything.

    Args:
        path: the SQLite file; made if missing.
        shop: name of the purse, such as "tiktok:7495000000000000001".
        limits: per endpoint class.
        sleep, clock: for tests; the clock is Unix time, the one clock all processes share.
    """

    def __init__(
        self,
        path: Path,
        shop: str,
        limits: Mapping[str, Limits] = DEFAULT_LIMITS,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._shop = shop
        self._limits = limits
        self._sleep = sleep
        self._clock = clock
        self._successes: dict[str, int] = {}
        self._connect()

    def acquire(self, endpoint_class: str) -> None:
        """Block until a call of this class may be sent."""
        while wait := self._try(endpoint_class):
            self._sleep(wait)

    def succeeded(self, endpoint_class: str) -> None:
        """Count it; the next `acquire` of this process writes it down together with its own change."""
        with self._alone():
            self._successes[endpoint_class] = self._successes.get(endpoint_class, 0) + 1

    def throttled(self, endpoint_class: str, retry_after: float | None) -> None:
        """Halve the rate and hold all calls of the class, in all processes."""
        limits = self._limits[endpoint_class]
        with self._changing(endpoint_class) as change:
            row, now = change.row, change.now
            self._successes.pop(endpoint_class, None)
            hold = retry_after
            if now - row.halved_at >= _ONE_REFUSAL:
                if hold is None:
                    hold = min(_LONGEST_BACKOFF, 2.0**row.strikes)
                row = replace(
                    row, rate=max(limits.floor, row.rate / 2), halved_at=now, strikes=min(row.strikes + 1, 10)
                )
            held_until = max(row.held_until, now + min(hold or 0.0, _LONGEST_HOLD))
            # No credit is saved up during a hold: afterwards calls set off one by one.
            rate = _as_rate(row.rate)
            tat = int(held_until * 1_000_000) + (rate.burst - 1) * _emission(rate)
            change.row = replace(row, held_until=held_until, tat=max(row.tat, tat))

    def snapshot(self) -> dict[str, BudgetState]:
        """The state of every class, for display."""
        shown: dict[str, BudgetState] = {}
        for endpoint_class in self._limits:
            with self._alone():
                row, now = self._load(endpoint_class), self._clock()
            row = row.plausible(now).counted(now)
            share_before = 1 - (now - row.window_at) / _WINDOW
            shown[endpoint_class] = BudgetState(
                rate=round(row.rate, 3),
                used=round((row.calls + row.calls_before * share_before) / _WINDOW, 3),
                held_until=datetime.fromtimestamp(row.held_until, UTC) if row.held_until > now else None,
            )
        return shown

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _try(self, endpoint_class: str) -> float:
        """Take one call out of the budget; otherwise the seconds to wait before asking again."""
        limits = self._limits[endpoint_class]
        with self._changing(endpoint_class) as change:
            row, now = change.row, change.now
            if row.held_until > now:
                return row.held_until - now
            row = self._grown(row, limits, self._successes.pop(endpoint_class, 0), now)
            rate = _as_rate(row.rate)
            now_ms = int(now * 1000)
            # The limiter never owes more than one burst, unless the clock was set back.
            tat = min(row.tat, now_ms * 1000 + rate.burst * _emission(rate))
            state, decision = _GCRA.step([rate], (tat,), now_ms, 1)
            if not decision.allowed:
                change.row = replace(row, tat=tat)
                return max(decision.retry_after_ms or 0, 1) / 1000
            row = row.counted(now)
            change.row = replace(row, tat=int(state[0]), calls=row.calls + 1)
            return 0.0

    @staticmethod
    def _grown(row: _Row, limits: Limits, successes: int, now: float) -> _Row:
        if not successes or now - row.halved_at < _ONE_REFUSAL:
            return row
        rate = row.rate + successes * limits.ceiling * _GROWTH / row.rate
        return replace(row, rate=min(limits.ceiling, rate), strikes=0)

    def _connect(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._connection = sqlite3.connect(self._path, timeout=30.0, isolation_level=None, check_same_thread=False)
        # Not WAL: switching to it fails when several processes open a new file at the same moment.
        self._connection.execute("PRAGMA journal_mode = PERSIST")
        # Losing the last second of this state in a power cut costs nothing.
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(_TABLE)

    def _load(self, endpoint_class: str) -> _Row:
        found = self._connection.execute(_LOAD, (self._shop, endpoint_class)).fetchone()
        limits = self._limits[endpoint_class]
        if found is None:
            return _Row(rate=limits.start)
        row = _Row(*found)
        return replace(row, rate=min(max(row.rate, limits.floor), limits.ceiling))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread of this process is in here; the connection is this process's own."""
        if self._process != os.getpid():
            # A forked child must not use its parent's connection.
            self._connect()
        with self._lock:
            yield

    @contextmanager
    def _changing(self, endpoint_class: str) -> Iterator[_Change]:
        """Read, change and write one row while no other thread or process can."""
        with self._alone():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                before = self._load(endpoint_class)
                now = self._clock()
                change = _Change(before.plausible(now), now)
                yield change
                if change.row != before:
                    values = (getattr(change.row, column.name) for column in fields(_Row))
                    self._connection.execute(_STORE, (self._shop, endpoint_class, *values))
            finally:
                self._connection.execute("COMMIT")


@dataclass(slots=True)
class _Change:
    row: _Row
    now: float


_GCRA: Final = GCRA()


def _as_rate(per_second: float) -> Rate:
    """A fifth of a second's calls, and at least two, may make up for threads that wake late."""
    return Rate(1000, round(1_000_000 / per_second), burst=max(2, ceil(per_second / 5)))


def _emission(rate: Rate) -> int:
    """Microseconds between two calls, as the limiter counts them."""
    return ceil(rate.interval * 1000 / rate.limit)
