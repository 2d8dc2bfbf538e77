"""Engine, sessions and migrations.

SQLite runs in WAL mode with a 30 s busy timeout, and every writing transaction begins IMMEDIATE: a transaction that
reads first and writes later fails under WAL whatever the timeout (docs/decisions/0002-database.md).
"""

from __future__ import annotations

import fcntl
import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import orjson
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Engine, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, SQLModel

from config.errors import ForPeople
from config.settings import make_private, settings

MIGRATIONS = Path(__file__).parent / "migrations"


# On PostgreSQL too, one writer at a time for each connection: two that meet on the same rows in another order would
# wait for each other until one of them is thrown out. All rows belong to a connection, so writers of different
# connections never meet. Who does not say which one it writes for keeps out everybody. What is written is short.
_ONLY_WRITER = text("SELECT pg_advisory_xact_lock(7281946)")
_WRITER_OF_A_CONNECTION = text(
    "SELECT pg_advisory_xact_lock_shared(7281946), pg_advisory_xact_lock(7281946, :connection_id)"
)

# Asked within the transaction that writes: a right that ended with its connection is somebody else's by then.
_IS_HELD = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
    " AND pid = :pid AND classid = :high AND objid = :low"
)

_working_on: ContextVar[int | None] = ContextVar("_working_on", default=None)
_held: ContextVar[tuple[_Held, ...]] = ContextVar("_held", default=())

T = TypeVar("T")


class Busy(ForPeople):
    """Somebody else holds what was asked for exclusively."""


class RightLost(Exception):
    """What was held exclusively is so no more: the connection that held it was cut. Nothing more may be written."""


@dataclass(frozen=True, slots=True)
class _Held:
    """An advisory lock of PostgreSQL: the process that holds it for us, and its number."""

    name: str
    pid: int
    number: int


@contextmanager
def working_on(connection_id: int | None) -> Iterator[None]:
    """What is written in here belongs to that connection: on PostgreSQL, others are written at the same time.

    It holds for tasks of the flow too, and for threads of `tasks.threads`.
    """
    before = _working_on.set(connection_id)
    try:
        yield
    finally:
        _working_on.reset(before)


def connection_worked_on() -> int | None:
    """The innermost `working_on` that we are in."""
    return _working_on.get()


class Database:
    """Our tables: hands out short sessions for reading and for writing.

    Args:
        url: SQLAlchemy URL, SQLite or PostgreSQL.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        location = make_url(url)
        self.is_sqlite = location.get_backend_name() == "sqlite"
        if self.is_sqlite and location.database:
            make_private(Path(location.database).parent)
        self.engine = _engine(url, is_sqlite=self.is_sqlite)
        self._writer = self.engine.execution_options(writing=True)
        # SQLite lets one writer in at a time and makes the others poll; threads of one process queue up here instead.
        self._writing = threading.RLock() if self.is_sqlite else nullcontext()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking; what is changed in it is thrown away. Loaded rows stay usable afterwards."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self, connection_id: int | None = None) -> Iterator[Session]:
        """A session whose changes are committed together at the end, or not at all when an exception leaves it.

        Args:
            connection_id: what is written belongs to that connection; None for the one of `working_on`. Without
                either it may be rows of any connection, and all other writers wait.

        Raises:
            RightLost: within `exclusive`, which ended before the block did.
        """
        with self._writing, Session(self._writer, expire_on_commit=False) as session, session.begin():
            if not self.is_sqlite:
                self._wait_for_others(session, _working_on.get() if connection_id is None else connection_id)
                self._check_held(session)
            yield session

    @staticmethod
    def _wait_for_others(session: Session, connection_id: int | None) -> None:
        if connection_id is None:
            session.connection().execute(_ONLY_WRITER)
        else:
            session.connection().execute(_WRITER_OF_A_CONNECTION, {"connection_id": connection_id})

    @staticmethod
    def _check_held(session: Session) -> None:
        for held in _held.get():
            numbers = {"high": held.number >> 32 & 0xFFFFFFFF, "low": held.number & 0xFFFFFFFF}
            if not session.connection().execute(_IS_HELD, {"pid": held.pid, **numbers}).scalar():
                raise RightLost(f"The database connection that held {held.name!r} was cut. The next run goes on.")

    def upgrade(self) -> None:
        """Bring the tables to the newest form. Safe to call at every start and from several processes."""
        configuration = Config()
        configuration.set_main_option("script_location", str(MIGRATIONS))
        with self._writer.begin() as connection:
            if not self.is_sqlite:
                # One migration at a time; released with the transaction. The number is this project's own.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7341902)")
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, "head")

    @contextmanager
    def exclusive(self, name: str, *, patience: float = 600.0) -> Iterator[None]:
        """Hold the only right to `name` among all threads and processes; it ends with the process, however that dies.

        On SQLite a locked file beside the database, on PostgreSQL a session's advisory lock.

        Args:
            name: what is held, e.g. "tokens:3".
            patience: seconds to wait for another holder.

        Raises:
            Busy: another holder did not finish in time.
        """
        deadline = time.monotonic() + patience
        with self._file_lock(name, deadline) if self.is_sqlite else self._advisory_lock(name, deadline):
            yield

    @contextmanager
    def _file_lock(self, name: str, deadline: float) -> Iterator[None]:
        location = make_url(self.url).database
        if not location:
            raise ValueError("an in-memory database has no other process to be exclusive against")
        path = Path(f"{location}.{hashlib.blake2b(name.encode(), digest_size=8).hexdigest()}.lock")
        with path.open("w") as file:
            _wait_for(lambda: _try_flock(file.fileno()), name, deadline)
            # Closing the file gives the lock back; the file itself stays, removing it would race with a waiter.
            yield

    @contextmanager
    def _advisory_lock(self, name: str, deadline: float) -> Iterator[None]:
        number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            lock = text("SELECT pg_try_advisory_lock(:number)").bindparams(number=number)
            _wait_for(lambda: bool(connection.execute(lock).scalar()), name, deadline)
            pid = int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
            before = _held.set((*_held.get(), _Held(name, pid, number)))
            try:
                yield
            finally:
                _held.reset(before)
                # Where the connection was cut, the lock is gone with it.
                with suppress(DBAPIError):
                    connection.execute(text("SELECT pg_advisory_unlock(:number)").bindparams(number=number))

    def dispose(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a model, for statements without its objects."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


def upsert(
    session: Session,
    table: type[SQLModel],
    rows: Sequence[dict[str, Any]],
    *,
    only: Iterable[str] | None = None,
) -> None:
    """Insert rows, or overwrite those whose primary key exists: one statement, many parameters.

    Args:
        session: a writing session.
        table: the model; the conflict target is its primary key.
        rows: each with the same keys. Defaults of the model are not applied.
        only: the columns to overwrite on conflict; all given ones but the key when None.
    """
    if not rows:
        return
    target = table_of(table)
    keys = [column.name for column in target.primary_key]
    names = [name for name in (only if only is not None else rows[0]) if name not in keys]
    dialect = session.get_bind().dialect.name
    insert = sqlite.insert(target) if dialect == "sqlite" else postgresql.insert(target)
    if names:
        statement = insert.on_conflict_do_update(
            index_elements=keys, set_={name: insert.excluded[name] for name in names}
        )
    else:
        statement = insert.on_conflict_do_nothing(index_elements=keys)
    session.connection().execute(statement, list(rows))


def in_parts(items: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """The items some at a time: a statement takes only so many parameters."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _try_flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for(attempt: Callable[[], bool], name: str, deadline: float) -> None:
    while not attempt():
        if time.monotonic() >= deadline:
            raise Busy(f"Another run holds {name!r} and did not finish in time. Wait for it or stop it.")
        time.sleep(0.2)


@lru_cache(maxsize=8)
def _open(url: str) -> Database:
    return Database(url)


def database() -> Database:
    """The database of this process's settings."""
    return _open(settings().database)


def _to_json(value: Any) -> str:
    """Several times faster than the standard library; a mirror writes tens of thousands of documents."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def _use_wal(cursor: Any) -> None:
    """Of all statements the one that does not wait for others who write: who opens a new file at the same moment."""
    deadline = time.monotonic() + 30
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _engine(url: str, *, is_sqlite: bool) -> Engine:
    if not is_sqlite:
        return create_engine(
            url,
            pool_pre_ping=True,
            # A server that is gone is noticed within a minute, not when TCP gives up.
            connect_args={"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3},
            json_serializer=_to_json,
            json_deserializer=orjson.loads,
        )
    engine = create_engine(
        url,
        connect_args={"timeout": 30, "check_same_thread": False},
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # The driver must not begin transactions by itself: the "begin" hook below decides their kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        if not cursor.execute("PRAGMA page_count").fetchone()[0]:
            # Housekeeping can give back space then without rewriting the file. Asked of a file that holds something,
            # this is a write, and fails while somebody else writes.
            cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
        cursor.execute("PRAGMA busy_timeout=30000")
        _use_wal(cursor)
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: SqlConnection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
