"""Engine, sessions and migrations.

SQLite runs in WAL mode with a 30 s busy timeout, and every writing transaction begins IMMEDIATE: a transaction that
reads first and writes later fails under WAL whatever the timeout (docs/decisions/0002-database.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, SQLModel

from config.settings import settings

MIGRATIONS = Path(__file__).parent / "migrations"


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
            Path(location.database).parent.mkdir(parents=True, exist_ok=True)
        self.engine = _engine(url, is_sqlite=self.is_sqlite)
        self._writer = self.engine.execution_options(writing=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking; what is changed in it is thrown away. Loaded rows stay usable afterwards."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are committed together at the end, or not at all when an exception leaves it."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

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

    def dispose(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


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
    target = cast(Table, table.__table__)  # type: ignore[attr-defined]  # SQLModel adds it at class creation
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


@lru_cache(maxsize=8)
def _open(url: str) -> Database:
    return Database(url)


def database() -> Database:
    """The database of this process's settings."""
    return _open(settings().database)


def _engine(url: str, *, is_sqlite: bool) -> Engine:
    if not is_sqlite:
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # The driver must not begin transactions by itself: the "begin" hook below decides their kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA busy_timeout=30000")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: SqlConnection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
