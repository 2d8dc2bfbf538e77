"""What every test shares: an isolated environment, a clock that stands still, and migrated databases of both kinds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine, make_url

from benchmarks.postgres import postgres_of_wheel
from config.settings import settings
from models import database as database_module
from models.database import Database
from tests.post_office import Postbox, mail_through, post_office

pytest_plugins = ["tests.stall"]

# How long an example takes is no matter of tests; on a busy machine it takes any time.
_UNHURRIED = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
# The same examples every time, so that a test fails for what was changed; `make properties` looks for others.
hypothesis.settings.register_profile("same", _UNHURRIED, derandomize=True)
hypothesis.settings.register_profile("search", _UNHURRIED, max_examples=2_000)
hypothesis.settings.load_profile(os.environ.get("PROPERTIES", "same"))


class Clock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> datetime:
        """Move on by a timedelta's arguments and answer the new time."""
        self.now += timedelta(**span)
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time of the test."""
    return Clock()


def _forget_settings() -> None:
    settings.cache_clear()
    database_module._open.cache_clear()


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The home folder of an installation of the test's own: nothing of the machine's environment reaches it."""
    for name in [name for name in os.environ if name.upper().startswith("CONNECTOR_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("CONNECTOR_HOME", str(home))
    # A .env file of the working copy is not this installation's.
    monkeypatch.chdir(tmp_path)
    _forget_settings()
    yield home
    if database_module._open.cache_info().currsize:
        database_module.database().dispose()
    _forget_settings()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: migrations run once a session."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrated = Database(f"sqlite:///{path}")
    migrated.upgrade()
    with migrated.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    migrated.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Engine]:
    """A real PostgreSQL from a wheel, one a worker process; its engine creates and drops databases."""
    with postgres_of_wheel() as given:
        url = make_url(given).set(drivername="postgresql+psycopg")
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            # Nothing here has to outlive a power cut; stopping would write hundreds of databases to the disk.
            for name in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.exec_driver_sql(f"ALTER SYSTEM SET {name} = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        yield engine
        engine.dispose()


_numbers = count(1)


@pytest.fixture(scope="session")
def empty_postgres(postgres_server: Engine) -> Callable[[str], str]:
    """Makes a database (a copy of the named one, unless that is empty) and answers its URL."""

    def make(template: str = "") -> str:
        name = f"test_{next(_numbers)}"
        with postgres_server.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return postgres_server.url.set(database=name).render_as_string(hide_password=False)

    return make


@pytest.fixture(scope="session")
def postgres_template(empty_postgres: Callable[[str], str]) -> str:
    """The name of a migrated PostgreSQL database to copy."""
    url = empty_postgres("")
    migrated = Database(url)
    migrated.upgrade()
    migrated.dispose()
    name = make_url(url).database
    assert name is not None
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    make: Callable[[str], str] = request.getfixturevalue("empty_postgres")
    return make("")


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """The URL of a migrated SQLite file of the test's own."""
    path = tmp_path / "connector.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database of the test's own, once of each kind."""
    if request.param == "sqlite":
        url: str = request.getfixturevalue("sqlite_url")
        return url
    template: str = request.getfixturevalue("postgres_template")
    make: Callable[[str], str] = request.getfixturevalue("empty_postgres")
    return make(template)


@pytest.fixture
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A migrated database of the test's own, once of each kind; `models.database.database()` opens it too."""
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", database_url)
    _forget_settings()
    opened = database_module.database()
    yield opened
    opened.dispose()


@pytest.fixture
def sqlite_database(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The same on SQLite alone, for tests of rooms that do not care about the kind of database."""
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", sqlite_url)
    _forget_settings()
    opened = database_module.database()
    yield opened
    opened.dispose()


@pytest.fixture
def postbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Postbox]:
    """What the mail server of the process settings takes."""
    box = Postbox()
    with post_office(box) as port:
        mail_through(monkeypatch, port)
        yield box
