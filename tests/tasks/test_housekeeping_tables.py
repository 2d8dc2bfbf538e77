"""What is too old goes, and what something still reads stays, on both kinds of database (K18)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from config.settings import settings
from models.database import Database
from models.listings import Change, ChangeKind, ChangeState, Plan
from models.orders import Order, OrderEvent
from tasks import housekeeping
from tasks.housekeeping import delete_rows, limits
from tests.models.rows import NOW, store_connection
from tests.order_rows import fill_orders

pytestmark = pytest.mark.slow

OLD = NOW - timedelta(days=181)
BEFORE = limits(NOW)


@pytest.fixture
def plan(database: Database) -> Callable[..., int]:
    """Stores a plan and answers its id."""
    connection_id = store_connection(database)

    def make(at: datetime = OLD, flow: str = "catalog_upload") -> int:
        with database.write() as session:
            row = Plan(connection_id=connection_id, flow=flow, created_at=at)
            session.add(row)
            session.flush()
            return row.key

    return make


def add_change(store: Database, plan: int, kind: str, state: str, at: datetime = OLD, **columns: Any) -> int:
    with store.write() as session:
        row = Change(
            connection_id=1,
            plan_id=plan,
            kind=ChangeKind(kind),
            state=ChangeState(state),
            created_at=at,
            finished_at=None if state in ("planned", "sent") else at,
            **{"object": f"{kind}:{state}:{at:%j}", **columns},
        )
        session.add(row)
        session.flush()
        return row.key


def ids(store: Database, table: Any) -> set[int]:
    with store.read() as session:
        return set(session.exec(select(table.id)).all())


def clean(*, dry_run: bool = False) -> dict[str, int]:
    counts: dict[str, int] = delete_rows.fn(BEFORE, dry_run=dry_run).counts
    return counts


def test_changes_that_are_over_go_when_they_are_old(database: Database, plan: Callable[..., int]) -> None:
    number = plan()
    old = {
        add_change(database, number, kind, state)
        for kind in ("edit", "price", "stock", "activate", "import", "state", "ship", "cancel", "answer")
        for state in ("confirmed", "superseded")
    }
    old.add(add_change(database, number, "create", "confirmed", attempts=1))
    kept = {
        add_change(database, number, "stock", "confirmed", NOW - timedelta(days=179)),
        *(add_change(database, number, "price", state) for state in ("planned", "parked")),
        add_change(database, number, "edit", "sent"),
    }
    assert clean(dry_run=True) == {"changes to be deleted": len(old)}
    assert ids(database, Change) == kept | old
    assert clean() == {"changes deleted": len(old)}
    assert ids(database, Change) == kept


def test_changes_that_are_read_later_stay(database: Database, plan: Callable[..., int]) -> None:
    number = plan()
    kept = {
        add_change(database, number, "delete", "confirmed"),
        add_change(database, number, "create", "superseded", attempts=1),
        add_change(database, number, "ship", "confirmed", object="order:1:1", after={"call": "correct"}),
    }
    gone = add_change(database, number, "ship", "confirmed", object="order:1:2", after={"call": "ship_package"})
    assert ids(database, Change) == kept | {gone}
    assert clean() == {"changes deleted": 1}
    assert ids(database, Change) == kept


def test_plans_without_changes_go_but_the_newest_of_each_flow(database: Database, plan: Callable[..., int]) -> None:
    empty, full = plan(), plan()
    add_change(database, full, "price", "parked")
    with_old = plan()
    add_change(database, with_old, "price", "confirmed")
    newest, other, fresh = plan(), plan(flow="status_sync"), plan(NOW, "order_import")
    assert clean(dry_run=True)["plans to be deleted"] == 1
    assert clean() == {"changes deleted": 1, "plans deleted": 2}
    assert ids(database, Plan) == {full, newest, other, fresh}
    assert empty not in ids(database, Plan)


def test_many_rows_go_in_small_transactions(
    database: Database, plan: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "ROWS", 3)
    for _ in range(11):
        plan()
    opened: list[int] = []
    write = Database.write

    def counted(store: Database) -> Any:
        opened.append(1)
        return write(store)

    monkeypatch.setattr(Database, "write", counted)
    assert clean() == {"plans deleted": 10}
    assert len(opened) == 4


def test_histories_of_finished_orders_go(database: Database) -> None:
    keys = fill_orders(database, store_connection(database))
    with database.write() as session:
        for event in session.exec(select(OrderEvent)):
            event.at = OLD
        session.add(OrderEvent(order_key=keys[5], at=NOW, text="Seen as COMPLETED"))
    assert clean() == {"order events deleted": 3}
    with database.read() as session:
        left = {event.order_key for event in session.exec(select(OrderEvent)).all()}
    # Completed, cancelled and left out; the first has news.
    assert left == set(keys.values()) - {keys[6], keys[8]}


def test_buyer_data_of_every_connection_are_erased(database: Database) -> None:
    first, second = store_connection(database), store_connection(database, "other")
    fill_orders(database, first)
    with database.write() as session:
        order = session.exec(select(Order).where(Order.order_id == "577000000000000001")).one()
        order.connection_id = second
    late = NOW + timedelta(days=400)
    assert housekeeping.erase_buyer_data.fn(late, dry_run=True).counts == {
        "orders whose buyer data are to be erased": 6
    }
    assert housekeeping.erase_buyer_data.fn(late, dry_run=False).counts == {"orders whose buyer data were erased": 6}
    assert housekeeping.erase_buyer_data.fn(late, dry_run=False).counts == {}


def test_the_size_is_told_by_table(database: Database) -> None:
    store_connection(database)
    size = housekeeping.database_size()
    assert size.size > 10_000
    assert size.rows["connection"] == 1
    assert {"change", "plan", "tiktok_order"} <= set(size.rows)


def test_the_size_of_prefects_own_database_is_told_where_it_is_ours(
    installation: Path, sqlite_database: Database
) -> None:
    assert housekeeping.database_size().prefect == 0
    (installation / "prefect").mkdir(parents=True)
    (installation / "prefect" / "prefect.db").write_bytes(bytes(5_000))
    (installation / "prefect" / "prefect.db-wal").write_bytes(bytes(700))
    assert housekeeping.database_size().prefect == 5_700


def test_space_is_given_back(sqlite_url: str, sqlite_database: Database) -> None:
    store_connection(sqlite_database)
    with sqlite_database.write() as session:
        for _ in range(3_000):
            session.add(Plan(connection_id=1, flow="catalog_upload", created_at=OLD, parameters={"text": "x" * 1_000}))
    before = housekeeping.database_size().size
    assert clean() == {"plans deleted": 2_999}
    counts = housekeeping.tidy.fn().counts
    assert counts["KB given back"] > 2_000
    assert housekeeping.database_size().size < before / 2
    assert housekeeping.tidy.fn().counts == {}


def test_days_come_from_the_settings_unless_they_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_KEEP_CHANGES_DAYS", "7")
    settings.cache_clear()
    found = limits(NOW, runs=3)
    assert found.changes == NOW - timedelta(days=7)
    assert found.runs == NOW - timedelta(days=3)
    assert found.webhooks == NOW - timedelta(days=14)
    with pytest.raises(ValueError, match="at least one day"):
        limits(NOW, plans=0)


def test_webhooks_are_forgotten_by_those_who_store_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[datetime] = []

    def forget_webhooks(before: datetime) -> int:
        asked.append(before)
        return 5

    monkeypatch.setattr(housekeeping, "forget_webhooks", forget_webhooks)
    assert housekeeping.delete_webhooks.fn(BEFORE).counts == {"webhooks deleted": 5}
    assert asked == [NOW - timedelta(days=14)]
