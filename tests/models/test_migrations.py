"""Migrations lead to exactly the tables of the models, on both databases, however often and from wherever they run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel, select

from models import tables
from models.connections import Connection
from models.database import Database
from tests.models.rows import store_connection

pytestmark = pytest.mark.slow

assert tables.__all__, "imported for its tables"


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    """A database without tables."""
    database = Database(empty_database_url)
    yield database
    database.dispose()


def differences(database: Database) -> list[object]:
    """What a new migration would still have to do."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, SQLModel.metadata))


def test_migrations_make_the_tables_of_the_models(empty: Database) -> None:
    assert differences(empty), "an empty database differs"
    empty.upgrade()
    assert differences(empty) == []


def test_upgrading_again_changes_nothing(empty: Database) -> None:
    empty.upgrade()
    store_connection(empty)
    empty.upgrade()
    assert differences(empty) == []
    with empty.read() as session:
        assert session.exec(select(Connection.name)).all() == ["main"]


def test_processes_that_upgrade_at_once_do_not_disturb_each_other(empty_database_url: str) -> None:
    code = "import sys; from models.database import Database; Database(sys.argv[1]).upgrade()"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, empty_database_url], stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outcomes = [(process.communicate()[1], process.returncode) for process in processes]
    assert [status for _, status in outcomes] == [0, 0], outcomes
    database = Database(empty_database_url)
    assert differences(database) == []
    database.dispose()
