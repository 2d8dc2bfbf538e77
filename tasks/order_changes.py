"""Changes of orders: the open one of each kind and object, and the stored plan that one has to agree with (K1).

A stored plan is applied by deciding anew: a change is sent if it is planned there and comes out the same now. What does
not is superseded and told, so nothing is sent that no longer holds, and nothing that nobody has seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlmodel import col, func, select

from models.database import database
from models.listings import Change, ChangeKind, ChangeState, Plan
from models.orders import AfterSale, AfterSaleKind
from rules.decision import Reason
from tasks.order_reading import orders_of
from tasks.order_record import as_records
from tasks.report import BatchReport
from tasks.runs import Run
from tasks.shops import utc_now

_OUTDATED: Final = "plan_outdated"


def applying(run: Run, plan: int) -> Run:
    """The run as one that applies a stored plan."""
    return replace(run, plan=plan, applies=True)


def open_change(
    run: Run,
    kind: ChangeKind,
    name: str,
    after: Mapping[str, Any],
    reasons: Sequence[Reason],
    before: Mapping[str, Any] | None = None,
) -> Change | None:
    """The open change of this kind and object, else the parked one, which is open again, else a new one.

    None when a stored plan is applied that does not hold this change.
    """
    with database().write() as session:
        change = session.exec(
            select(Change)
            .where(
                Change.connection_id == run.connection_id,
                Change.kind == kind,
                Change.object == name,
                col(Change.state).in_((ChangeState.PLANNED, ChangeState.SENT, ChangeState.PARKED)),
            )
            .order_by(col(Change.state) == ChangeState.PARKED)
        ).first()
        if run.applies and (change is None or not is_planned(run, change, after)):
            return None
        if change is None:
            change = Change(
                connection_id=run.connection_id, plan_id=run.plan, kind=kind, object=name, created_at=utc_now()
            )
        change.plan_id, change.after, change.reasons = run.plan, dict(after), as_records(reasons)
        if before is not None:
            change.before = dict(before)
        if change.state is ChangeState.PARKED:
            change.state = ChangeState.PLANNED
        session.add(change)
        session.flush()
        return change


def is_planned(run: Run, change: Change, after: Mapping[str, Any]) -> bool:
    """Whether the plan that is applied holds just this."""
    return change.plan_id == run.plan and change.state is ChangeState.PLANNED and change.after == after


def planned_orders(plan: int, kind: ChangeKind) -> list[int]:
    """The orders that a stored plan still changes in this way."""
    with database().read() as session:
        connection_id = session.get_one(Plan, plan).connection_id
    return orders_of(connection_id, _planned(plan, kind))


def planned_requests(plan: int) -> list[int]:
    """The buyers' requests that a stored plan still answers."""
    with database().read() as session:
        keys = session.exec(
            select(AfterSale.id).where(
                AfterSale.connection_id == session.get_one(Plan, plan).connection_id,
                AfterSale.kind == AfterSaleKind.CANCELLATION,
                col(AfterSale.request_id).in_(_planned(plan, ChangeKind.ANSWER)),
            )
        ).all()
    return [key for key in keys if key is not None]


def plan_parameters(plan: int) -> dict[str, Any]:
    """What the flow that made a stored plan was asked for."""
    with database().read() as session:
        return session.get_one(Plan, plan).parameters


def _planned(plan: int, kind: ChangeKind) -> list[str]:
    with database().read() as session:
        changes = session.exec(
            select(Change.object).where(
                Change.plan_id == plan, Change.kind == kind, Change.state == ChangeState.PLANNED
            )
        ).all()
    return sorted({name.split(":")[1] for name in changes})


def close_plan(plan: int) -> BatchReport:
    """Supersede what an applied plan still holds as planned, and tell how much of it no longer held."""
    report = BatchReport()
    with database().write() as session:
        for change in session.exec(
            select(Change).where(
                Change.plan_id == plan,
                col(Change.state).in_((ChangeState.PLANNED, ChangeState.SUPERSEDED)),
                Change.cause == "",
            )
        ):
            change.state, change.finished_at = ChangeState.SUPERSEDED, utc_now()
            change.code, change.cause = _OUTDATED, "It no longer holds: something happened since it was planned."
        session.flush()
        outdated = session.exec(
            select(func.count()).where(Change.plan_id == plan, Change.state == ChangeState.SUPERSEDED)
        ).one()
    report.count("superseded", outdated)
    return report
