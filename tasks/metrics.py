"""Figures about the running installation (K22): how far behind it is, what waits and why, what shops let it do.

Counted by indexes and over what is recent, so that asking every few seconds costs next to nothing at any size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from math import ceil
from typing import Final

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import select as select_columns
from sqlalchemy import text
from sqlmodel import Session, col, func, select

from clients.budget import BudgetState, CallBudget, SharedBudget
from config.settings import settings
from models.connections import Connection
from models.database import MIGRATIONS, Database, database
from models.listings import Change, ChangeKind, ChangeState, Plan, RunOutcome, Touched
from models.orders import UNFINISHED, AfterSale, Order, OrderStage
from models.webhooks import Webhook
from tasks.authorization import consent_end
from tasks.shops import call_budget

RECENT: Final = timedelta(hours=1)
"""What lags and outcomes are counted over."""
# An order that took longer than this to come over is one that waited for a person.
_ORDERED_WITHIN: Final = timedelta(days=7)
# Changes looked at for what became of them lately: the newest by number, whatever their age.
_NEWEST: Final = 20_000
_OPEN: Final = (ChangeState.PLANNED, ChangeState.SENT)


@dataclass(frozen=True, slots=True)
class Lag:
    """How long things took, in seconds; all 0 when there was none."""

    count: int
    p50: float
    p99: float
    longest: float


@dataclass(slots=True)
class Figures:
    """Of one connection.

    Attributes:
        authorized: TikTok Shop lets it in, and its shop is chosen.
        stopped: nothing runs by itself.
        authorization_days: until a person has to consent again; None when nobody did yet.
        orders: from placed on TikTok Shop to imported, of those imported within the last hour.
        waiting_order_seconds: since the oldest order that waits to be imported was placed, those that wait for a
            person aside.
        changes: from noticed to confirmed, of those confirmed within the last hour, by kind. What was not noticed
            before it was planned counts from then.
        runs: ended within the last hour, by (flow, outcome).
        touched: products whose price or stock still has to be worked out again.
        touched_seconds: how long the oldest of them has been waiting.
        backlog: open changes and, under "order", orders on their way into PrestaShop, by kind.
        parked: what waits for a person, by (kind, code of the cause).
        outcomes: changes that came to an end within the last hour, by (kind, state).
        webhooks: messages kept, by (type, "handled" or "waiting").
        budgets: by (shop, endpoint class).
    """

    connection: str
    authorized: bool
    stopped: bool
    authorization_days: float | None
    orders: Lag = field(default_factory=lambda: lag([]))
    waiting_order_seconds: float = 0.0
    changes: dict[str, Lag] = field(default_factory=dict)
    runs: dict[tuple[str, str], int] = field(default_factory=dict)
    touched: int = 0
    touched_seconds: float = 0.0
    backlog: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    parked: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    outcomes: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    webhooks: dict[tuple[int, str], int] = field(default_factory=lambda: defaultdict(int))
    budgets: dict[tuple[str, str], BudgetState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the tables can be worked with, and when the last run began; None when none is remembered."""

    database: bool
    migrated: bool
    last_run_at: datetime | None


def lag(seconds: Iterable[float]) -> Lag:
    """Median, 99th percentile and longest by nearest rank."""
    ordered = sorted(max(0.0, one) for one in seconds)
    if not ordered:
        return Lag(0, 0.0, 0.0, 0.0)
    return Lag(len(ordered), _rank(ordered, 0.5), _rank(ordered, 0.99), ordered[-1])


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def figures(now: datetime) -> list[Figures]:
    """The figures of every connection, by name."""
    with database().read() as session:
        connections = session.exec(select(Connection).order_by(col(Connection.name))).all()
        found = {connection.key: _of_connection(session, connection, now) for connection in connections}
        _count_orders(session, found, now)
        _count_changes(session, found, now)
        _count_touched(session, found, now)
        _count_runs(session, found, now)
        _count_webhooks(session, found)
    for connection in connections:
        found[connection.key].budgets = _budgets(connection)
    return list(found.values())


def health() -> Health:
    """Look at the database once."""
    store = database()
    try:
        with store.read() as session:
            version = session.connection().execute(text("SELECT version_num FROM alembic_version")).scalar()
            began = session.exec(select(Plan.created_at).order_by(col(Plan.id).desc()).limit(1)).first()
    except Exception:  # noqa: BLE001  # whatever it is, the answer is that the tables cannot be used
        return Health(_answers(store), migrated=False, last_run_at=None)
    return Health(database=True, migrated=version == newest_migration(), last_run_at=began)


@lru_cache(maxsize=1)
def newest_migration() -> str:
    """The number of the migration that this version of the connector needs."""
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(configuration).get_current_head() or ""


def _answers(store: Database) -> bool:
    try:
        with store.read() as session:
            session.connection().execute(text("SELECT 1"))
    except Exception:  # noqa: BLE001  # as above
        return False
    return True


def _of_connection(session: Session, connection: Connection, now: datetime) -> Figures:
    ends = consent_end(session, connection, now)
    return Figures(
        connection=connection.name,
        authorized=connection.is_authorized,
        stopped=connection.stopped_at is not None,
        authorization_days=None if ends is None else (ends - now) / timedelta(days=1),
    )


def _count_orders(session: Session, found: dict[int, Figures], now: datetime) -> None:
    took: dict[int, list[float]] = defaultdict(list)
    for key, placed, imported in session.exec(
        select(Order.connection_id, Order.created_at, Order.imported_at).where(
            col(Order.created_at) >= now - _ORDERED_WITHIN,
            col(Order.imported_at) >= now - RECENT,
            col(Order.connection_id).in_(found),
        )
    ):
        if imported is not None:
            took[key].append((imported - placed).total_seconds())
    for key, seconds in took.items():
        found[key].orders = lag(seconds)
    waiting = (*UNFINISHED, OrderStage.SEEN, OrderStage.ON_HOLD)
    stage: OrderStage
    for key, stage, code, count, oldest in session.connection().execute(
        select_columns(
            col(Order.connection_id),
            col(Order.stage),
            col(Order.parked_code),
            func.count(),
            func.min(col(Order.created_at)),
        )
        .where(col(Order.stage).in_(waiting), col(Order.connection_id).in_(found))
        .group_by(col(Order.connection_id), col(Order.stage), col(Order.parked_code))
    ):
        one = found[key]
        if code:
            one.parked["order", code] += count
        elif stage in UNFINISHED:
            one.backlog["order"] += count
            one.waiting_order_seconds = max(one.waiting_order_seconds, (now - oldest).total_seconds())
    for key, kind, code, count in session.exec(
        select(AfterSale.connection_id, AfterSale.kind, AfterSale.parked_code, func.count())
        .where(AfterSale.parked_code != "", col(AfterSale.connection_id).in_(found))
        .group_by(col(AfterSale.connection_id), col(AfterSale.kind), col(AfterSale.parked_code))
    ):
        found[key].parked[str(kind), code] += count


def _count_changes(session: Session, found: dict[int, Figures], now: datetime) -> None:
    key: int
    kind: ChangeKind
    state: ChangeState
    for key, kind, state, code, count in session.connection().execute(
        select_columns(col(Change.connection_id), col(Change.kind), col(Change.state), col(Change.code), func.count())
        .where(col(Change.connection_id).in_(found), col(Change.state).in_((*_OPEN, ChangeState.PARKED)))
        .group_by(col(Change.connection_id), col(Change.kind), col(Change.state), col(Change.code))
    ):
        if state is ChangeState.PARKED:
            found[key].parked[kind.value, code] += count
        else:
            found[key].backlog[kind.value] += count
    newest = session.exec(select(func.max(Change.id))).one() or 0
    took: dict[tuple[int, ChangeKind], list[float]] = defaultdict(list)
    for key, kind, state, noticed, ended in session.connection().execute(
        select_columns(
            col(Change.connection_id),
            col(Change.kind),
            col(Change.state),
            func.coalesce(col(Change.noticed_at), col(Change.created_at)),
            col(Change.finished_at),
        ).where(
            col(Change.id) > newest - _NEWEST,
            col(Change.finished_at) >= now - RECENT,
            col(Change.connection_id).in_(found),
        )
    ):
        found[key].outcomes[kind.value, state.value] += 1
        if state is ChangeState.CONFIRMED:
            took[key, kind].append((ended - noticed).total_seconds())
    for (key, kind), seconds in took.items():
        found[key].changes[kind.value] = lag(seconds)


def _count_touched(session: Session, found: dict[int, Figures], now: datetime) -> None:
    for key, count, noticed in session.exec(
        select(Touched.connection_id, func.count(), func.min(Touched.noticed_at))
        .where(col(Touched.connection_id).in_(found))
        .group_by(col(Touched.connection_id))
    ):
        found[key].touched = count
        if noticed is not None:
            found[key].touched_seconds = max(0.0, (now - noticed).total_seconds())


def _count_runs(session: Session, found: dict[int, Figures], now: datetime) -> None:
    outcome: RunOutcome
    for key, flow, outcome, count in session.connection().execute(
        select_columns(col(Plan.connection_id), col(Plan.flow), col(Plan.outcome), func.count())
        .where(col(Plan.ended_at) >= now - RECENT, col(Plan.outcome).is_not(None), col(Plan.connection_id).in_(found))
        .group_by(col(Plan.connection_id), col(Plan.flow), col(Plan.outcome))
    ):
        found[key].runs[flow, outcome.value] = count


def _count_webhooks(session: Session, found: dict[int, Figures]) -> None:
    handled = col(Webhook.handled_at).is_not(None)
    for key, kind, done, count in session.exec(
        select(Webhook.connection_id, Webhook.type, handled, func.count())
        .where(col(Webhook.connection_id).in_(found))
        .group_by(col(Webhook.connection_id), col(Webhook.type), handled)
    ):
        found[key].webhooks[kind, "handled" if done else "waiting"] += count


def _budgets(connection: Connection) -> dict[tuple[str, str], BudgetState]:
    shops = {"prestashop": f"prestashop:{connection.prestashop_url}", "tiktok": f"tiktok:{connection.key}"}
    states: dict[tuple[str, str], BudgetState] = {}
    for shop, purse in shops.items():
        budget = _budget(settings().database, purse)
        if isinstance(budget, SharedBudget):
            states.update({(shop, kind): state for kind, state in budget.snapshot().items()})
    return states


@lru_cache(maxsize=256)
def _budget(_database: str, purse: str) -> CallBudget:
    """Opened once for each shop, and anew for another installation."""
    return call_budget(settings(), purse)
