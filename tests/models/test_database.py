"""Sessions, bulk writes and exclusive holds: what several processes may rely on."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from contextvars import Context
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from models.catalogue import ShopRecord
from models.connections import Connection, Watermark
from models.database import Busy, Database, RightLost, upsert
from tests.models.rows import NOW, make_connection, store_connection


def names(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.exec(select(Connection.name).order_by(Connection.name)))


def test_a_writing_session_commits_at_its_end(database: Database) -> None:
    store_connection(database)
    assert names(database) == ["main"]


def test_an_exception_takes_everything_back(database: Database) -> None:
    with database.write() as session:
        session.add(make_connection("kept"))
    with pytest.raises(IntegrityError), database.write() as session:
        session.add_all([make_connection(), make_connection("kept")])
    assert names(database) == ["kept"]


def test_what_a_reading_session_changes_is_thrown_away(database: Database) -> None:
    store_connection(database)
    with database.read() as session:
        connection = session.exec(select(Connection)).one()
        connection.name = "changed"
    assert connection.name == "changed", "a loaded row stays usable after its session"
    assert names(database) == ["main"]


def test_times_come_back_aware_and_in_utc(database: Database) -> None:
    key = store_connection(database)
    with database.write() as session:
        session.add(Watermark(connection_id=key, name="products", value="1", updated_at=NOW))
    with database.read() as session:
        assert session.exec(select(Watermark.updated_at)).one() == NOW


def test_the_rows_of_a_connection_go_with_it(database: Database) -> None:
    key = store_connection(database)
    with database.write() as session:
        session.add(ShopRecord(connection_id=key, resource="taxes", id=1))
    with database.write() as session:
        session.delete(session.get_one(Connection, key))
    with database.read() as session:
        assert session.exec(select(ShopRecord)).all() == []


def records(database: Database) -> dict[int, tuple[object, str]]:
    with database.read() as session:
        return {row.id: (row.data, row.hash) for row in session.exec(select(ShopRecord))}


def row(connection_id: int, number: int, data: object, digest: str) -> dict[str, object]:
    return {"connection_id": connection_id, "resource": "taxes", "id": number, "data": data, "hash": digest}


def test_upsert_inserts_what_is_new_and_overwrites_what_is_there(database: Database) -> None:
    key = store_connection(database)
    with database.write() as session:
        upsert(session, ShopRecord, [row(key, 1, {"rate": "20"}, "a"), row(key, 2, {"rate": "5"}, "b")])
    with database.write() as session:
        upsert(session, ShopRecord, [row(key, 2, {"rate": "6"}, "c"), row(key, 3, {"rate": "0"}, "d")])
    assert records(database) == {1: ({"rate": "20"}, "a"), 2: ({"rate": "6"}, "c"), 3: ({"rate": "0"}, "d")}


def test_upsert_can_leave_columns_alone(database: Database) -> None:
    key = store_connection(database)
    with database.write() as session:
        upsert(session, ShopRecord, [row(key, 1, {"rate": "20"}, "a")])
        upsert(session, ShopRecord, [row(key, 1, {"rate": "99"}, "b")], only=["hash"])
        upsert(session, ShopRecord, [row(key, 1, {"rate": "99"}, "c")], only=[])
    assert records(database) == {1: ({"rate": "20"}, "b")}


def test_upsert_of_nothing_does_nothing(database: Database) -> None:
    with database.write() as session:
        upsert(session, ShopRecord, [])
    assert records(database) == {}


_COUNT_UP = """
import sys
from models.connections import Watermark
from models.database import Database
database = Database(sys.argv[1])
for _ in range(200):
    with database.write() as session:
        mark = session.get_one(Watermark, (int(sys.argv[2]), "count"))
        mark.value = str(int(mark.value) + 1)
"""


def test_processes_that_read_and_then_write_lose_nothing_on_sqlite(sqlite_database: Database) -> None:
    key = store_connection(sqlite_database)
    with sqlite_database.write() as session:
        session.add(Watermark(connection_id=key, name="count", value="0", updated_at=NOW))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _COUNT_UP, sqlite_database.url, str(key)], stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    outcomes = [(process.communicate()[1], process.returncode) for process in processes]
    assert [status for _, status in outcomes] == [0] * 4, outcomes
    with sqlite_database.read() as session:
        assert session.get_one(Watermark, (key, "count")).value == "800"


def test_an_exclusive_hold_keeps_others_out_until_it_ends(database: Database) -> None:
    with (
        database.exclusive("tokens:1"),
        pytest.raises(Busy, match=r"'tokens:1'.*Wait for it or stop it"),
        database.exclusive("tokens:1", patience=0),
    ):
        raise AssertionError("two holders")
    with database.exclusive("tokens:1", patience=0):
        pass


def test_holds_of_different_names_do_not_meet(database: Database) -> None:
    with database.exclusive("tokens:1"), database.exclusive("tokens:2", patience=0):
        pass


def test_a_hold_ends_when_its_holder_fails(database: Database) -> None:
    with pytest.raises(LookupError), database.exclusive("tokens:1"):
        raise LookupError
    with database.exclusive("tokens:1", patience=0):
        pass


_HOLD = """
import sys
from models.database import Database
with Database(sys.argv[1]).exclusive("tokens:1"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_killed_process_gives_its_hold_back(database: Database) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, database.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Busy), database.exclusive("tokens:1", patience=0):
            raise AssertionError("two holders")
        holder.send_signal(signal.SIGKILL)
        with database.exclusive("tokens:1", patience=30):
            pass


def work_as_another(database: Database) -> None:
    with database.exclusive("orders:1", patience=5), database.write(1):
        pass


@pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
def test_who_lost_its_right_writes_nothing_more(empty_database_url: str) -> None:
    """The server was restarted, or the network cut: somebody else may be at work by now."""
    ours, others = Database(empty_database_url), Database(empty_database_url)
    ours.upgrade()
    with ours.exclusive("orders:1"), ours.exclusive("tokens:1"):
        with ours.write(1) as session:
            session.add(make_connection())
        with others.engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
        Context().run(work_as_another, others)
        with pytest.raises(RightLost, match="'orders:1' was cut"), ours.write(1):
            raise AssertionError("written without the right to")
        with ours.read() as session:
            assert session.exec(select(Connection)).one()
    with ours.write(1):
        pass
    ours.dispose()
    others.dispose()


def test_a_connection_opens_while_somebody_writes(sqlite_url: str) -> None:
    first, second = Database(sqlite_url), Database(sqlite_url)
    with first.write() as session:
        store = session.connection().exec_driver_sql("PRAGMA auto_vacuum").scalar()
        session.connection().exec_driver_sql("CREATE TABLE held (id INTEGER)")
        with second.read() as looking:
            assert looking.connection().exec_driver_sql("SELECT count(*) FROM connection").scalar() == 0
    # New files give back their space piece by piece.
    assert store == 2
    first.dispose()
    second.dispose()


def test_a_new_file_is_opened_while_somebody_else_makes_it(tmp_path: Path) -> None:
    """Changing a file to WAL is the one thing for which SQLite does not wait by itself."""
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE made (here INTEGER)")
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO made VALUES (1)")
        timer = threading.Timer(0.3, other.execute, ("COMMIT",))
        timer.start()
        opened = Database(f"sqlite:///{path}")
        with opened.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        opened.dispose()
        timer.join()
