"""What nobody needs any more goes: rows, runs of Prefect, buyer data; and the database is kept in shape (K18).

Rows go a thousand at a time, each thousand in a transaction of its own, so that nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.context import FlowRunContext
from prefect.settings import get_current_settings
from sqlalchemy import delete, exists, func, text
from sqlalchemy.engine import make_url
from sqlmodel import SQLModel, col, select

import models.tables  # noqa: F401  # makes every table known
from config.logging import redact_every_record
from config.settings import settings
from models.connections import Connection
from models.database import Database, database, working_on
from models.listings import Change, ChangeKind, ChangeState, Plan
from models.orders import Order, OrderEvent, OrderStage
from rules.tiktok_order import CANCELLED, COMPLETED
from rules.tracking import ShipCall
from tasks.order_privacy import NotFinished, erase_orders, expired_orders
from tasks.report import BatchReport
from tasks.retrying import on_retryable
from tasks.webhooks import forget_webhooks

ROWS: Final = 1_000
"""Rows a transaction deletes."""
# What one call to the Prefect server may delete.
_RUNS: Final = 50
# Pages that SQLite gives back in one transaction: 4 MB.
_PAGES: Final = 1_000
# Space within the file that is used again anyway: only more than this share of it is given back.
_SPARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """What is older goes."""

    runs: datetime
    changes: datetime
    webhooks: datetime
    plans: datetime


def limits(
    now: datetime,
    *,
    runs: int | None = None,
    changes: int | None = None,
    webhooks: int | None = None,
    plans: int | None = None,
) -> Limits:
    """The limits that follow from days to keep, and from the process settings where none are given.

    Raises:
        ValueError: fewer days than one.
    """
    kept = settings()

    def before(days: int | None, otherwise: int) -> datetime:
        days = otherwise if days is None else days
        if days < 1:
            raise ValueError("Everything is kept for at least one day: write 1 or more days.")
        return now - timedelta(days=days)

    return Limits(
        runs=before(runs, kept.keep_runs_days),
        changes=before(changes, kept.keep_changes_days),
        webhooks=before(webhooks, kept.keep_webhooks_days),
        plans=before(plans, kept.keep_plans_days),
    )


@contextmanager
def alone() -> Iterator[None]:
    """The only housekeeping of the installation, in any process.

    Raises:
        Busy: another one did not finish in time.
    """
    redact_every_record()
    with database().exclusive("housekeeping"):
        yield


@task(name="delete old rows", cache_policy=NO_CACHE, **on_retryable)
def delete_rows(before: Limits, *, dry_run: bool) -> BatchReport:
    """Delete finished changes, histories of finished orders, webhooks, and plans that have no changes (any more)."""
    report = BatchReport()
    # One connection after the other: on PostgreSQL, writers of the others do not wait for it.
    for connection_id in _connections():
        with working_on(connection_id):
            for what, table, old in (
                ("changes", Change, _old_changes(connection_id, before.changes)),
                ("order events", OrderEvent, _old_events(connection_id, before.changes)),
                ("plans", Plan, _empty_plans(connection_id, before.plans)),
            ):
                report.count(_name(what, dry_run=dry_run), _delete(table, *old, dry_run=dry_run))
    return report


def _connections() -> list[int]:
    with database().read() as session:
        return [key for key in session.exec(select(Connection.id).order_by(col(Connection.id))) if key is not None]


def _old_changes(connection_id: int, before: datetime) -> list[Any]:
    """What is over and read by nothing but lists of the last changes.

    Something else reads: deletions (their listings can be recovered), creations whose outcome was never clear (to find
    what they made), and corrections of tracking numbers (only so many are allowed). These stay.
    """
    return [
        col(Change.connection_id) == connection_id,
        func.coalesce(col(Change.finished_at), col(Change.created_at)) < before,
        col(Change.state).in_([ChangeState.CONFIRMED, ChangeState.SUPERSEDED]),
        ~((col(Change.kind) == ChangeKind.DELETE) & (col(Change.state) == ChangeState.CONFIRMED)),
        ~(
            (col(Change.kind) == ChangeKind.CREATE)
            & (col(Change.state) == ChangeState.SUPERSEDED)
            & (col(Change.attempts) > 0)
        ),
        ~(
            (col(Change.kind) == ChangeKind.SHIP)
            & (func.coalesce(col(Change.after)["call"].as_string(), "") == ShipCall.CORRECT.value)
        ),
    ]


def _old_events(connection_id: int, before: datetime) -> list[Any]:
    over = col(Order.stage).in_([OrderStage.IGNORED, OrderStage.CANCELLED]) | (
        (col(Order.stage) == OrderStage.IMPORTED) & col(Order.status).in_([COMPLETED, CANCELLED])
    )
    return [
        col(OrderEvent.at) < before,
        exists().where(col(Order.id) == col(OrderEvent.order_key), col(Order.connection_id) == connection_id, over),
    ]


def _empty_plans(connection_id: int, before: datetime) -> list[Any]:
    """The newest of each flow stays: its run may still be at work, and would be without its plan."""
    with database().read() as session:
        newest = session.exec(
            select(func.max(col(Plan.id))).where(Plan.connection_id == connection_id).group_by(col(Plan.flow))
        ).all()
    return [
        col(Plan.connection_id) == connection_id,
        col(Plan.created_at) < before,
        col(Plan.id).not_in(newest),
        ~exists().where(col(Change.plan_id) == col(Plan.id)),
    ]


def _delete(table: Any, *conditions: Any, dry_run: bool) -> int:
    """Delete the rows, or only count them; answers how many."""
    store, key = database(), col(table.id)
    if dry_run:
        with store.read() as session:
            return int(session.exec(select(func.count()).select_from(table).where(*conditions)).one())
    gone, done = 0, 0
    while True:
        with store.read() as session:
            ids = session.exec(select(key).where(key > done, *conditions).order_by(key).limit(ROWS)).all()
        if not ids:
            return gone
        with store.write() as session:
            # The conditions again: between looking and deleting, somebody may have needed a row.
            statement = delete(table).where(key > done, key <= ids[-1], *conditions)
            gone += session.connection().execute(statement).rowcount
        done = ids[-1]


@task(name="delete old webhooks", cache_policy=NO_CACHE, **on_retryable)
def delete_webhooks(before: Limits) -> BatchReport:
    """Forget messages of TikTok Shop that are not repeated any more."""
    report = BatchReport()
    report.count("webhooks deleted", forget_webhooks(before.webhooks))
    return report


@task(name="erase buyer data", cache_policy=NO_CACHE, **on_retryable)
def erase_buyer_data(now: datetime, *, dry_run: bool) -> BatchReport:
    """Erase buyer data whose time is over, of every connection by its own setting (K18)."""
    report = BatchReport()
    for connection_id in _connections():
        keys = expired_orders(connection_id, now)
        if dry_run:
            report.count("orders whose buyer data are to be erased", len(keys))
            continue
        try:
            with working_on(connection_id):
                report.count("orders whose buyer data were erased", erase_orders(connection_id, keys))
        except NotFinished:
            # Fetched again by a person this very moment: the next time.
            report.count("connections put off")
    return report


@task(name="delete old runs", cache_policy=NO_CACHE, **on_retryable)
def delete_runs(before: Limits, flows: Sequence[str], *, dry_run: bool) -> BatchReport:
    """Delete finished runs of these flows from the Prefect server, and their logs with them.

    Without a server of its own (PREFECT_API_URL) a run has one that ends with it: nothing is deleted then.
    """
    report = BatchReport()
    if not get_current_settings().api.url or not flows:
        return report
    ours = FlowFilter(name=FlowFilterName(any_=list(flows)))
    over = FlowRunFilter(
        state=FlowRunFilterState(
            type=FlowRunFilterStateType(
                any_=[StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED]
            )
        ),
        end_time=FlowRunFilterEndTime(before_=before.runs),
    )
    with get_client(sync_client=True) as client:
        if dry_run:
            counted = client.request(
                "POST",
                "/flow_runs/count",
                json={"flows": ours.model_dump(mode="json"), "flow_runs": over.model_dump(mode="json")},
            )
            report.count("runs to be deleted", int(counted.json()))
            return report
        while runs := client.read_flow_runs(flow_filter=ours, flow_run_filter=over, limit=_RUNS):
            # By their ids: the server's bulk deletion does not know of flows, and other flows' runs are not ours.
            chosen = {"flow_runs": {"id": {"any_": [str(run.id) for run in runs]}}, "limit": _RUNS}
            answer = client.request("POST", "/flow_runs/bulk_delete", json=chosen)  # type: ignore[arg-type]  # not listed
            deleted = len(answer.json()["deleted"])
            report.count("runs deleted", deleted)
            if not deleted:
                break
    return report


@task(name="tidy the database", cache_policy=NO_CACHE, **on_retryable)
def tidy() -> BatchReport:
    """SQLite: renew statistics, give deleted space back, shorten the write-ahead log. PostgreSQL does so by itself."""
    report, store = BatchReport(), database()
    if not store.is_sqlite:
        return report
    connection = store.engine.raw_connection()
    try:
        cursor = connection.cursor()

        def value(pragma: str) -> int:
            row = cursor.execute(f"PRAGMA {pragma}").fetchone()
            return int(row[0]) if row else 0

        cursor.execute("PRAGMA optimize")
        pages = 0
        if value("auto_vacuum") == 2:
            free = value("freelist_count")
            while free > value("page_count") * _SPARE:
                cursor.execute(f"PRAGMA incremental_vacuum({_PAGES})").fetchall()
                left = value("freelist_count")
                if left >= free:
                    break
                pages, free = pages + free - left, left
        # Who writes waits as long as this does: not for readers that take their time.
        cursor.execute("PRAGMA busy_timeout=1000")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            cursor.execute("PRAGMA busy_timeout=30000")
        report.count("KB given back", pages * value("page_size") // 1024)
    finally:
        connection.close()
    return report


@dataclass(frozen=True, slots=True)
class DatabaseSize:
    """How large our tables and Prefect's own database are, in bytes; and our rows, by table.

    Prefect's is 0 where it is elsewhere than in the home folder.
    """

    size: int
    prefect: int
    rows: Mapping[str, int]


def database_size() -> DatabaseSize:
    """The size of our database now."""
    store = database()
    rows = {}
    for table in sorted(SQLModel.metadata.tables.values(), key=lambda one: one.name):
        with store.read() as session:
            rows[table.name] = int(session.connection().execute(select(func.count()).select_from(table)).scalar_one())
    return DatabaseSize(_bytes(store), _file_bytes(settings().home / "prefect" / "prefect.db"), rows)


def _bytes(store: Database) -> int:
    if not store.is_sqlite:
        # Only ours: others may have tables in the same database, Prefect's server for one.
        size = text("SELECT sum(pg_total_relation_size(to_regclass(name))) FROM unnest(CAST(:names AS text[])) AS name")
        names = [f'"{name}"' for name in SQLModel.metadata.tables]
        with store.read() as session:
            return int(session.connection().execute(size.bindparams(names=names)).scalar() or 0)
    return _file_bytes(Path(make_url(store.url).database or ""))


def _file_bytes(path: Path) -> int:
    """Of a SQLite file and what was not moved into it yet."""
    return sum(one.stat().st_size for one in (path, Path(f"{path}-wal")) if one.is_file())


def publish_size(size: DatabaseSize, report: BatchReport) -> None:
    """The closing table of a run: what was done, and rows by table, the largest first; silent outside of Prefect."""
    if not FlowRunContext.get():
        return
    rows = sorted(size.rows.items(), key=lambda item: -item[1])
    create_table_artifact(
        key="housekeeping-database",
        table=[
            *({"what": name, "how many": count} for name, count in report.counts.items()),
            *({"what": f"rows of {name}", "how many": count} for name, count in rows),
        ],
        description=f"Database: {size.size / 1_000_000:.1f} MB, {sum(size.rows.values())} rows",
    )


def _name(what: str, *, dry_run: bool) -> str:
    return f"{what} to be deleted" if dry_run else f"{what} deleted"
