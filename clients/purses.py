"""Where the state of the call budget is kept: a file for the processes of one machine, PostgreSQL for many machines.

A purse changes one row at a time while no other thread, process or machine can, and says what time it is: every
spender of a purse goes by the same clock. docs/decisions/0003-call-budget.md says why it is built so.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import psycopg

from config.errors import ForPeople

T = TypeVar("T")


class PurseUnavailable(ForPeople):
    """The database that the call budget is kept in does not answer. The text says what to do."""


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """The shared state of one shop's endpoint class. Times are Unix seconds, `tat` is the limiter's own state."""

    rate: float
    tat: int = 0
    held_until: float = 0.0
    halved_at: float = 0.0
    strikes: int = 0
    window_at: float = 0.0
    calls: int = 0
    calls_before: int = 0


# From the stored row (None before the first call) and the purse's time to the row to store and an answer. It may be
# asked again when a connection is lost in between, so it changes nothing itself.
Step = Callable[[BudgetRow | None, float], tuple[BudgetRow | None, T]]


class Purse(Protocol):
    """Keeps one row for each shop and endpoint class."""

    def change(self, shop: str, endpoint_class: str, step: Step[T]) -> T:
        """Read, change and write one row while nobody else can; answers what `step` answers."""

    def read(self, shop: str, endpoint_class: str) -> tuple[BudgetRow | None, float]:
        """The stored row and the purse's time."""

    def close(self) -> None:
        """Give up the connection; the next use opens another."""


_COLUMNS: Final = tuple(column.name for column in fields(BudgetRow))
_NAMES: Final = ", ".join(_COLUMNS)

_FILE_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS budget (
        shop TEXT NOT NULL, class TEXT NOT NULL, rate REAL NOT NULL, tat INTEGER NOT NULL, held_until REAL NOT NULL,
        halved_at REAL NOT NULL, strikes INTEGER NOT NULL, window_at REAL NOT NULL, calls INTEGER NOT NULL,
        calls_before INTEGER NOT NULL, PRIMARY KEY (shop, class)
    ) WITHOUT ROWID
"""
_FILE_LOAD: Final = f"SELECT {_NAMES} FROM budget WHERE shop = ? AND class = ?"  # noqa: S608 - own column names
_FILE_STORE: Final = (
    f"INSERT OR REPLACE INTO budget (shop, class, {_NAMES}) "  # noqa: S608 - own column names
    f"VALUES (?, ?{', ?' * len(_COLUMNS)})"
)


class FilePurse:
    """A small SQLite file that all processes of one machine share.

    Args:
        path: the file; made if missing.
        clock: for tests; Unix time, the one clock all processes share.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._connect()

    def change(self, shop: str, endpoint_class: str, step: Step[T]) -> T:
        """Read, change and write one row while no other thread or process can."""
        with self._alone():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                before = self._load(shop, endpoint_class)
                after, answer = step(before, self._clock())
                if after is not None and after != before:
                    self._connection.execute(_FILE_STORE, (shop, endpoint_class, *astuple(after)))
            finally:
                self._connection.execute("COMMIT")
            return answer

    def read(self, shop: str, endpoint_class: str) -> tuple[BudgetRow | None, float]:
        """The stored row and the time."""
        with self._alone():
            return self._load(shop, endpoint_class), self._clock()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _connect(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._connection = sqlite3.connect(self._path, timeout=30.0, isolation_level=None, check_same_thread=False)
        # Not WAL: switching to it fails when several processes open a new file at the same moment.
        self._connection.execute("PRAGMA journal_mode = PERSIST")
        # Losing the last second of this state in a power cut costs nothing.
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(_FILE_TABLE)

    def _load(self, shop: str, endpoint_class: str) -> BudgetRow | None:
        found = self._connection.execute(_FILE_LOAD, (shop, endpoint_class)).fetchone()
        return None if found is None else BudgetRow(*found)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread of this process is in here; the connection is this process's own."""
        if self._process != os.getpid():
            # A forked child must not use its parent's connection.
            self._connect()
        with self._lock:
            yield


# Unlogged: what a crash of the database server loses is made up for within seconds. Half of each page is left free, so
# that a row that changes with every call stays on its page.
_TABLE: Final = """
    CREATE UNLOGGED TABLE IF NOT EXISTS call_budget (
        shop TEXT NOT NULL, class TEXT NOT NULL, rate DOUBLE PRECISION NOT NULL, tat BIGINT NOT NULL,
        held_until DOUBLE PRECISION NOT NULL, halved_at DOUBLE PRECISION NOT NULL, strikes INTEGER NOT NULL,
        window_at DOUBLE PRECISION NOT NULL, calls INTEGER NOT NULL, calls_before INTEGER NOT NULL,
        PRIMARY KEY (shop, class)
    ) WITH (fillfactor = 50)
"""
# Released with the transaction. The numbers are this project's own.
_TABLE_LOCK: Final = "SELECT pg_advisory_xact_lock(7281947)"
_ROW_LOCK: Final = "SELECT pg_advisory_xact_lock(7281948, hashtext(%s))"
_LOAD: Final = f"SELECT {_NAMES} FROM call_budget WHERE shop = %s AND class = %s"  # noqa: S608 - own column names
_STORE: Final = (
    f"INSERT INTO call_budget (shop, class, {_NAMES}) "  # noqa: S608 - own column names
    f"VALUES (%s, %s{', %s' * len(_COLUMNS)}) ON CONFLICT (shop, class) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)
)
_NOW: Final = "SELECT extract(epoch FROM clock_timestamp())::float8"
# A machine that disappears in the middle of a change keeps the others waiting for no longer than this.
_SESSION: Final = "SET idle_in_transaction_session_timeout = '10s'; SET statement_timeout = '30s'"

# Seconds between attempts to reach the database again: long enough for it to be restarted.
_PATIENCE: Final = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


class PostgresPurse:
    """A table in PostgreSQL that all machines share; it makes the table by itself.

    A change is two short round trips: lock and read, write and commit. One connection serves all threads of the
    process. A lost connection is opened again; whether the last change was stored is then not known, and made again:
    at worst one call is counted twice.

    Args:
        url: libpq's form, postgresql://user:password@host/database.
        clock: for tests; the server's own clock when None, because machines' clocks differ.
        sleep: for tests.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._connection: psycopg.Connection[Any] | None = None
        self._end: weakref.finalize[[psycopg.Connection[Any], int], PostgresPurse] | None = None
        # Connections of the process that this one was forked from: to be left alone, not closed.
        self._inherited: list[object] = []

    def change(self, shop: str, endpoint_class: str, step: Step[T]) -> T:
        """Read, change and write one row while no other thread, process or machine can.

        Raises:
            PurseUnavailable: the database did not answer for half a minute.
        """
        return self._persistently(lambda connection: self._change(connection, shop, endpoint_class, step))

    def read(self, shop: str, endpoint_class: str) -> tuple[BudgetRow | None, float]:
        """The stored row and the time.

        Raises:
            PurseUnavailable: the database did not answer for half a minute.
        """
        return self._persistently(lambda connection: self._load(connection, shop, endpoint_class))

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._disconnect()

    def _change(self, connection: psycopg.Connection[Any], shop: str, endpoint_class: str, step: Step[T]) -> T:
        before, now = self._load(connection, shop, endpoint_class, "BEGIN", _ROW_LOCK)
        try:
            after, answer = step(before, now)
            with connection.pipeline():
                if after is not None and after != before:
                    connection.execute(_STORE, (shop, endpoint_class, *astuple(after)))
                connection.execute("COMMIT")
        except BaseException:
            if not connection.closed:
                connection.close()
            raise
        return answer

    def _load(
        self, connection: psycopg.Connection[Any], shop: str, endpoint_class: str, *first: str
    ) -> tuple[BudgetRow | None, float]:
        with connection.pipeline():
            for statement in first:
                connection.execute(statement, (f"{shop} {endpoint_class}",) if "%s" in statement else None)
            row = connection.execute(_LOAD, (shop, endpoint_class))
            # A statement of its own: what is asked before a lock is granted can be answered before it, too.
            clock = connection.execute(_NOW)
        found = row.fetchone()
        now = float(clock.fetchone()[0]) if self._clock is None else self._clock()  # type: ignore[index]
        return None if found is None else BudgetRow(*found), now

    def _persistently(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        if self._process != os.getpid():
            self._forked()
        for pause in self._pauses():
            with self._lock:
                try:
                    return work(self._connected())
                except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.UndefinedTable):
                    self._disconnect()
            self._sleep(pause)
        # Without the database's own words: they can hold the address and the user's name.
        raise PurseUnavailable(
            "The database that the call budget is kept in does not answer. "
            "Check CONNECTOR_DATABASE_URL and that PostgreSQL is up; the next run goes on where this one stood."
        ) from None

    @staticmethod
    def _pauses() -> Iterable[float]:
        return (*_PATIENCE, 0.0)

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            connection = psycopg.connect(
                self._url, autocommit=True, connect_timeout=10, keepalives_idle=15, keepalives_interval=5
            )
            self._connection = connection
            self._end = weakref.finalize(self, _close_own, connection, self._process)
            connection.execute(_SESSION)
            with connection.transaction():
                connection.execute(_TABLE_LOCK)
                connection.execute(_TABLE)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._end is not None:
            self._end.detach()
        self._connection = self._end = None

    def _forked(self) -> None:
        """A forked child must neither use nor end its parent's connection."""
        self._inherited += [self._connection, self._end]
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._connection = self._end = None


def _close_own(connection: psycopg.Connection[Any], process: int) -> None:
    if process == os.getpid():
        connection.close()
