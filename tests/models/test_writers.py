"""Writers on PostgreSQL: one at a time for a connection, all at once for different ones, and nobody is thrown out."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlmodel import select

from models.catalogue import ShopRecord
from models.connections import Watermark
from models.database import Database, connection_worked_on, upsert, working_on
from tasks.threads import BatchThreads
from tests.models.rows import NOW, store_connection

pytestmark = pytest.mark.slow


@pytest.fixture
def shared(postgres_template: str, empty_postgres: Callable[[str], str]) -> Iterator[Database]:
    """A migrated database on PostgreSQL."""
    opened = Database(empty_postgres(postgres_template))
    yield opened
    opened.dispose()


_WRITE_AND_WAIT = """
import sys
from models.connections import Watermark
from models.database import Database, working_on
database = Database(sys.argv[1])
with working_on(int(sys.argv[2])), database.write() as session:
    mark = session.get_one(Watermark, (int(sys.argv[2]), "count"))
    mark.value = "written"
    session.flush()
    print("written", flush=True)
    sys.stdin.readline()
database.dispose()
"""


def mark(database: Database, key: int, value: str = "0") -> None:
    with database.write() as session:
        session.add(Watermark(connection_id=key, name="count", value=value, updated_at=NOW))


def value(database: Database, key: int) -> str:
    with database.read() as session:
        return session.get_one(Watermark, (key, "count")).value


def test_processes_that_write_different_connections_do_not_wait_for_each_other(shared: Database) -> None:
    keys = [store_connection(shared, "one"), store_connection(shared, "two")]
    for key in keys:
        mark(shared, key)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITE_AND_WAIT, shared.url, str(key)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for key in keys
    ]
    for writer in writers:
        # Both are in the middle of their transactions; neither ends before it is told to.
        assert writer.stdout
        assert writer.stdout.readline() == "written\n"
    assert [value(shared, key) for key in keys] == ["0", "0"]
    for writer in writers:
        writer.communicate("\n")
    assert [writer.returncode for writer in writers] == [0, 0]
    assert [value(shared, key) for key in keys] == ["written", "written"]


_WRITE_THE_SAME = """
import random, sys
from models.catalogue import ShopRecord
from models.connections import Watermark
from models.database import Database, upsert
database = Database(sys.argv[1])
key, order = int(sys.argv[2]), random.Random(int(sys.argv[3]))
for turn in range(40):
    ids = list(range(20))
    order.shuffle(ids)
    rows = [{"connection_id": key, "resource": "t", "id": one, "data": {}, "hash": str(turn)} for one in ids]
    with database.write(key if turn % 10 else None) as session:
        upsert(session, ShopRecord, rows[:10])
        upsert(session, ShopRecord, rows[10:])
        mark = session.get_one(Watermark, (key, "count"))
        mark.value = str(int(mark.value) + 1)
database.dispose()
"""


def test_processes_that_write_the_same_rows_in_any_order_are_not_thrown_out(shared: Database) -> None:
    key = store_connection(shared)
    mark(shared, key)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITE_THE_SAME, shared.url, str(key), str(seed)], stderr=subprocess.PIPE, text=True
        )
        for seed in range(3)
    ]
    outcomes = [(writer.communicate()[1], writer.returncode) for writer in writers]
    assert [status for _, status in outcomes] == [0] * 3, outcomes
    assert value(shared, key) == "120"


def test_who_does_not_say_for_which_connection_keeps_out_everybody(shared: Database) -> None:
    keys = [store_connection(shared, "one"), store_connection(shared, "two")]
    order: list[str] = []

    def write(key: int) -> None:
        with shared.write(key) as session:
            session.add(Watermark(connection_id=key, name="later", value="", updated_at=NOW))
            order.append("one connection")

    threads = [threading.Thread(target=write, args=(key,)) for key in keys]
    with shared.write() as session:
        for thread in threads:
            thread.start()
        session.add(Watermark(connection_id=keys[0], name="first", value="", updated_at=NOW))
        session.flush()
        order.append("everything")
    for thread in threads:
        thread.join()
    assert order == ["everything", "one connection", "one connection"]


def test_threads_of_a_batch_write_for_the_connection_of_their_run() -> None:
    with working_on(7), BatchThreads(2) as pool:
        assert list(pool.map(lambda _: connection_worked_on(), range(3))) == [7, 7, 7]
        with working_on(8):
            assert pool.submit(connection_worked_on).result() == 8
    assert connection_worked_on() is None


def test_the_inner_connection_is_the_one_that_counts(database: Database) -> None:
    key = store_connection(database)
    with working_on(key), working_on(None), database.write() as session:
        upsert(session, ShopRecord, [{"connection_id": key, "resource": "taxes", "id": 1, "data": {}, "hash": ""}])
    with database.read() as session:
        assert len(session.exec(select(ShopRecord)).all()) == 1
