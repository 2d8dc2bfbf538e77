"""How a run ended is on record, and when TikTok Shop last answered it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from console.demo_shop import connect_sandbox
from models.connections import Connection
from models.database import Database
from models.listings import Plan, RunOutcome
from sandbox.server import Sandbox
from tasks import runs
from tasks.report import BatchReport, Failure
from tasks.shops import open_shops, utc_now
from tests.clients_of_a_test import closing_clients

PARKED = Failure(object="order 1", code="unknown_sku", cause="No product has this SKU.")


@pytest.fixture
def connection_id(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A connection to both simulated shops."""
    with Sandbox(products=1) as box, closing_clients(monkeypatch):
        yield connect_sandbox(box.settings(), box.auth_code())


def ends(database: Database) -> list[tuple[RunOutcome | None, bool]]:
    """The outcome of every run, and whether it has ended."""
    with database.read() as session:
        plans = session.exec(select(Plan).order_by(col(Plan.id))).all()
    return [(plan.outcome, plan.ended_at is not None) for plan in plans]


def last_call(database: Database, connection_id: int) -> datetime | None:
    """When TikTok Shop last answered the connection (A7)."""
    with database.read() as session:
        return session.get_one(Connection, connection_id).last_call_at


@pytest.mark.parametrize(
    ("failures", "outcome"), [([], RunOutcome.COMPLETED), ([PARKED], RunOutcome.PARTLY)], ids=["all", "not all"]
)
def test_a_run_that_comes_to_its_end(
    sqlite_database: Database, connection_id: int, failures: list[Failure], outcome: RunOutcome
) -> None:
    with runs.run_alone("order_import", "", {}, dry_run=False, turn="orders") as run:
        assert ends(sqlite_database) == [(None, False)]
        runs.publish(run, BatchReport(failures=failures), [], dry_run=False)
    assert ends(sqlite_database) == [(outcome, True)]


def test_a_run_that_fails(sqlite_database: Database, connection_id: int) -> None:
    def fail() -> None:
        with runs.run_alone("order_import", "", {}, dry_run=False, turn="orders") as run:
            runs.publish(run, BatchReport(), [], dry_run=False)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ends(sqlite_database) == [(RunOutcome.FAILED, True)]


def test_a_run_that_was_killed_has_failed_when_another_gets_its_turn(
    sqlite_database: Database, connection_id: int
) -> None:
    with sqlite_database.write() as session:
        session.add(Plan(connection_id=connection_id, flow="order_import", turn="orders", created_at=utc_now()))
    with runs.run_alone("price_stock_sync", "", {}, dry_run=False, turn="offers"):
        assert ends(sqlite_database) == [(None, False), (None, False)]
    with runs.run_alone("shipment_push", "", {}, dry_run=False, turn="orders"):
        assert ends(sqlite_database) == [(RunOutcome.FAILED, True), (None, False), (None, False)]


def test_the_last_call_is_that_of_the_last_run_that_got_an_answer(
    sqlite_database: Database, connection_id: int
) -> None:
    long_ago = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    with sqlite_database.write() as session:
        session.get_one(Connection, connection_id).last_call_at = long_ago
    shops = open_shops(connection_id)
    with runs.run_alone("status_sync", "", {}, dry_run=False, turn="statuses") as run:
        began = shops.tiktok.answered_at
        shops.tiktok.shops()
        assert last_call(sqlite_database, connection_id) == long_ago
        runs.publish(run, BatchReport(), [], dry_run=False)
    answered = last_call(sqlite_database, connection_id)
    assert answered is not None
    assert answered == shops.tiktok.answered_at != began
    assert answered - long_ago > timedelta(days=1)
    with runs.run_alone("order_watch", "", {}, dry_run=False, turn="order_watch") as run:
        runs.publish(run, BatchReport(), [], dry_run=False)
    assert last_call(sqlite_database, connection_id) == answered
