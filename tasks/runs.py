"""A run's frame: which connection, one run at a time, the stored plan, progress and the closing artifacts."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from inspect import signature
from typing import Any, Final, ParamSpec, TypeVar, cast, get_type_hints
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext, TaskRunContext
from prefect.futures import PrefectFuture, wait
from prefect.states import Cancelled, Failed
from sqlalchemy import update
from sqlmodel import Session, col, select

from clients.errors import ReauthorizationNeeded
from config.errors import ForPeople
from config.logging import redact, redact_every_record, write_exchanges
from config.settings import settings
from models.connections import Connection, find_connection, settings_in_force
from models.database import Busy, database, working_on
from models.listings import Change, ChangeState, Plan, RunOutcome
from rules.authorization import NOT_AUTHORIZED, Refusal, fix_of, not_authorized
from tasks.cron import UNSTOPPED
from tasks.report import BatchReport, Failure, RunResult
from tasks.run_names import outcome, run_name, shortened
from tasks.shops import tiktok_answered_at, utc_now

T = TypeVar("T")
P = ParamSpec("P")
Result = TypeVar("Result", bound=RunResult)

OUTCOMES: Final = "connector.outcomes"
"""The logger that is told what every run came to."""

_outcomes = logging.getLogger(OUTCOMES)
# Rows of a table artifact; more would only make the page slow. The database has them all.
_MOST_ROWS = 200
# Seconds that a run waits for its turn.
_PATIENCE: Final = 600.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a flow on one connection. `plan` is the id of its stored plan, `started` a Unix time.

    `applies`: the plan was stored by an earlier run, and nothing is sent that it does not hold.
    """

    flow: str
    connection: str
    connection_id: int
    plan: int
    started: int
    applies: bool = False


class Stopped(Exception):
    """Nothing of the connection runs by itself; this run was due all the same, or its deployment is not up to date."""


class NotAuthorized(Exception):
    """A run that cannot begin or go on until somebody authorizes the shop again.

    Attributes:
        connection: its name.
        failure: why, and what to do.
        plan: the run's plan, None when it did not begin.
    """

    def __init__(self, connection: str, failure: Failure, *, plan: int | None = None) -> None:
        super().__init__(f"connection {connection!r} is not authorized")
        self.connection = connection
        self.failure = failure
        self.plan = plan


def ends_in_words(result: type[Result]) -> Callable[[Callable[P, Result]], Callable[P, Result]]:
    """Let a flow that cannot go on end with words for people: in its name and state, not as a traceback.

    When its connection is not authorized it ends with a failure in its result (K9). A scheduled run that does not get
    its turn is cancelled. What else is said in words fails the run; who called the flow gets the error.

    Args:
        result: what the flow returns.
    """

    def wrap(body: Callable[P, Result]) -> Callable[P, Result]:
        @wraps(body)
        def ending(*arguments: P.args, **options: P.kwargs) -> Result:
            try:
                return body(*arguments, **options)
            except Busy as busy:
                if _is_scheduled():
                    return cast(Result, Cancelled(message=f"{busy} The next run does its work."))
                return cast(Result, _failed(busy, busy.told))
            except Stopped as stopped:
                return cast(Result, Cancelled(message=str(stopped)))
            except LookupError as unknown:
                # Nothing of the name or number that somebody gave; these two are defects of ours.
                if isinstance(unknown, (KeyError, IndexError)):
                    raise
                return cast(Result, _failed(unknown, str(unknown)))
            except ForPeople as error:
                return cast(Result, _failed(error, error.told))
            except NotAuthorized as refused:
                report = BatchReport()
                report.failed(refused.failure, count="not authorized")
                _name("not authorized", logging.WARNING)
                return result.of(refused.connection, refused.plan, report)

        # Prefect makes a form of these, and would look for the names of types in this module.
        ending.__signature__ = signature(body, eval_str=True)  # type: ignore[attr-defined]
        ending.__annotations__ = get_type_hints(body, include_extras=True)
        return ending

    return wrap


@contextmanager
def run_alone(
    flow: str,
    connection: str,
    parameters: Mapping[str, Any],
    *,
    dry_run: bool,
    turn: str,
    without_authorization: bool = False,
) -> Iterator[Run]:
    """Open a run, waiting for its turn: runs that write the same objects never overlap, in any process.

    Because the right to run ends with the process that held it, a change found in state "sent" by the next holder was
    surely left behind by a run that died.

    Args:
        flow: name of the flow.
        connection: name of the connection ("" when there is only one).
        parameters: stored with the plan.
        dry_run: stored with the plan.
        turn: what the run needs exclusively, e.g. "catalogue".
        without_authorization: the run asks nothing of TikTok Shop.

    Raises:
        Busy: others had the turn all the time.
        Stopped: a scheduled run of a connection that is stopped.
        NotAuthorized: the connection is not authorized for a shop, or TikTok Shop said so during the run.
    """
    redact_every_record()
    if (process := settings()).debug_exchanges:
        write_exchanges(process.home / "exchanges.log")
    with database().read() as session:
        found = find_connection(session, connection)
        patience = _patience(session, found.key, flow)
    with database().exclusive(f"{turn}:{found.key}", patience=patience), working_on(found.key):
        with database().write() as session:
            # Read again: that may have changed while this run waited for its turn.
            now = session.get_one(Connection, found.key)
            if now.stopped_at is not None and flow not in UNSTOPPED and _is_scheduled():
                raise Stopped(
                    f"Connection {found.name} is stopped: connector connection start {shlex.quote(found.name)}"
                )
            if not now.is_authorized and not without_authorization:
                why = not_authorized(found.name, now.authorization)
                raise NotAuthorized(found.name, _unauthorized(why))
            began = utc_now()
            _end_dead_runs(session, found.key, turn, began)
            plan = Plan(
                connection_id=found.key,
                flow=flow,
                parameters=dict(parameters),
                dry_run=dry_run,
                turn=turn,
                created_at=began,
            )
            session.add(plan)
            session.flush()
            run = Run(flow, found.name, found.key, plan.key, int(plan.created_at.timestamp()))
        try:
            yield run
        except ReauthorizationNeeded as error:
            _note_end(run, RunOutcome.FAILED)
            why = Refusal(NOT_AUTHORIZED, error.cause, fix_of(found.name))
            raise NotAuthorized(found.name, _unauthorized(why, error.request_id), plan=run.plan) from error
        except BaseException:
            _note_end(run, RunOutcome.FAILED)
            raise


def _patience(session: Session, connection_id: int, flow: str) -> float:
    """Seconds that a run waits for its turn: a scheduled one less, because the next does the same work.

    While it waits it takes a place that runs of other connections need.
    """
    if not _is_scheduled():
        return _PATIENCE
    seconds = float(getattr(settings_in_force(session, connection_id)[1].schedules, flow, 0))
    return min(_PATIENCE, seconds / 10) or _PATIENCE


def _is_scheduled() -> bool:
    context = FlowRunContext.get()
    return context is not None and context.flow_run is not None and bool(context.flow_run.auto_scheduled)


def _end_dead_runs(session: Session, connection_id: int, turn: str, now: datetime) -> None:
    """Who has the turn is the only one at work: what is found without an end was killed."""
    session.connection().execute(
        update(Plan)
        .where(col(Plan.connection_id) == connection_id, col(Plan.turn) == turn, col(Plan.ended_at).is_(None))
        .values(ended_at=now, outcome=RunOutcome.FAILED)
    )


def _note_end(run: Run, outcome: RunOutcome) -> None:
    """Note how a run ended (K22), and when TikTok Shop last answered it (A7)."""
    answered_at = tiktok_answered_at(run.connection_id)
    with database().write() as session:
        plan = session.get_one(Plan, run.plan)
        plan.outcome, plan.ended_at = outcome, utc_now()
        if answered_at is not None and answered_at >= plan.created_at:
            session.get_one(Connection, run.connection_id).last_call_at = answered_at


def _unauthorized(why: Refusal, request_id: str = "") -> Failure:
    return Failure(object="authorization", code=why.code, cause=why.cause, fix=why.fix, request_id=request_id)


def plan_connection(plan: int) -> str:
    """The name of the connection that a stored plan belongs to.

    Raises:
        LookupError: there is no such plan.
    """
    with database().read() as session:
        stored = session.get(Plan, plan)
        if stored is None:
            raise LookupError(f"There is no plan {plan}. Make one with: connector plan catalog_upload")
        return session.get_one(Connection, stored.connection_id).name


def plan_flow(plan: int) -> str:
    """The name of the flow that made a stored plan."""
    with database().read() as session:
        return session.get_one(Plan, plan).flow


# From here on, reading the whole catalogue by ranges is cheaper for the shop than asking for single products.
_MANY_PRODUCTS = 2_000


def planned_products(plan: int) -> list[int] | None:
    """The products of a plan's open changes, to be looked at again; None (all of them) when there are many.

    Those of changes without a known outcome are among them, of whichever plan: they are sent along.
    """
    with database().read() as session:
        connection_id = session.get_one(Plan, plan).connection_id
        ids = session.exec(
            select(Change.id_product)
            .where(
                Change.connection_id == connection_id,
                (col(Change.state) == ChangeState.SENT)
                | ((col(Change.plan_id) == plan) & (col(Change.state) == ChangeState.PLANNED)),
            )
            .distinct()
        ).all()
    return None if len(ids) > _MANY_PRODUCTS else sorted(one for one in ids if one is not None)


def batches(ids: Sequence[T], size: int) -> list[Sequence[T]]:
    """The ids (or groups of them) in batches of `size`, larger where needed for Prefect's 500 task runs a flow run."""
    size = max(size, -(-len(ids) // 200))
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def changes_table(run: Run, *, plan: int | None = None) -> list[dict[str, Any]]:
    """The changes of a plan as rows of a table artifact: what, where it stands, why."""
    with database().read() as session:
        changes = session.exec(
            select(Change).where(Change.plan_id == (plan or run.plan)).order_by(col(Change.id)).limit(_MOST_ROWS + 1)
        ).all()
    return [
        {
            "object": change.object,
            "change": change.kind.value,
            "state": change.state.value,
            "what": change_text(change),
            "reasons": "; ".join(reason["text"] for reason in change.reasons),
            "cause": change.cause,
            "fix": change.fix,
        }
        for change in changes
    ]


def change_text(change: Change) -> str:
    """What a change sets, for people: the title of a listing, or from and to of the SKUs that move."""
    if "content" in change.after:
        return str(change.after["content"].get("title", ""))
    if "total" in change.after:
        pieces = sum(row["quantity"] for row in change.after.get("rows", ()))
        return f"{pieces} pieces, total {change.after['total']} {change.after.get('currency', '')}".rstrip()
    moved = [row for row in change.after.get("skus", ()) if row["from"] != row["to"]]
    shown = [f"{row['from'] or 'unknown'} → {row['to']} {row.get('currency', '')}".rstrip() for row in moved[:3]]
    more = f" and {len(moved) - 3} more" if len(moved) > 3 else ""
    if shown:
        return "; ".join(shown) + more
    status = change.after.get("status")
    return f"{change.before.get('status', '')} → {status}" if status else ""


class Progress:
    """The progress artifact of a run; silent outside of Prefect."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._artifact: UUID | None = None
        if FlowRunContext.get() or TaskRunContext.get():
            created = create_progress_artifact(progress=0.0, description=what)
            self._artifact = created if isinstance(created, UUID) else None
        self._shown = 0.0

    def reached(self, share: float) -> None:
        """Show a share of 0 to 1; small steps are not worth a call."""
        percent = round(min(max(share, 0.0), 1.0) * 100, 1)
        if self._artifact is None or (percent < 100 and percent - self._shown < 2):
            return
        self._shown = percent
        update_progress_artifact(artifact_id=self._artifact, progress=percent, description=self._what)


def in_flight(
    submit: Callable[[Sequence[int]], PrefectFuture[BatchReport]],
    parts: Sequence[Sequence[int]],
    progress: Progress,
    *,
    at_once: int,
) -> list[BatchReport]:
    """Hand a task its batches, so many at a time; the reports of all.

    However it ends, it ends when they have ended: the run's turn must not while one of its batches is still sending.
    """
    futures: list[PrefectFuture[BatchReport]] = []
    try:
        for part in parts:
            futures.append(submit(part))
            running = [future for future in futures if not future.state.is_final()]
            if len(running) > at_once:
                wait(running[:1])
            progress.reached((len(futures) - len(running)) / len(parts))
    finally:
        wait(futures)
    return [future.result() for future in futures]


def publish(run: Run, report: BatchReport, changes: Sequence[Mapping[str, Any]], *, dry_run: bool) -> None:
    """The end of a run, on record and as artifacts: figures, what was planned and became of it, who is needed."""
    _note_end(run, RunOutcome.PARTLY if report.failures else RunOutcome.COMPLETED)
    context = FlowRunContext.get()
    if context is None:
        return
    name_by_outcome(report, dry_run=dry_run)
    create_markdown_artifact(
        key=_key(run, "summary"),
        markdown=summary(run, report, dry_run=dry_run),
        description=f"{run.flow} on {run.connection}",
    )
    publish_table(run, "changes", changes, f"Changes of plan {run.plan}")
    publish_table(run, "failures", [failure.model_dump() for failure in report.failures], "What needs a person")
    publish_table(
        run, "not-ready", [one.model_dump() for one in report.not_ready], "What keeps products from being listed"
    )


def name_by_outcome(report: BatchReport, *, dry_run: bool) -> None:
    """Write into the name of this run what it did; silent outside of Prefect."""
    _name(outcome(report, dry_run=dry_run))


def _name(outcome: str, level: int = logging.INFO) -> None:
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return
    name = f"{run_name(context.flow_run.name)}: {outcome}"
    _outcomes.log(level, "%s", name)
    with get_client(sync_client=True) as client:
        client.update_flow_run(context.flow_run.id, name=name)


def _failed(error: Exception, said: str) -> State[Any]:
    """The state of a run that ends with an error, which is raised where no run is."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise error
    said = redact(said)
    _name(shortened(said), logging.ERROR)
    return Failed(message=said, data=error)


def publish_table(run: Run, name: str, rows: Sequence[Mapping[str, Any]], description: str) -> None:
    """A table artifact of a run, if there is anything to show; silent outside of Prefect."""
    if rows and FlowRunContext.get():
        create_table_artifact(
            key=_key(run, name),
            table=[dict(row) for row in rows[:_MOST_ROWS]],
            description=description + _rest(len(rows)),
        )


def _key(run: Run, name: str) -> str:
    key = f"{run.flow}-{run.connection}".lower().replace("_", "-").replace(" ", "-")
    key = "".join(letter for letter in key if letter.isascii() and (letter.isalnum() or letter == "-")).strip("-")
    return f"{key}-{name}"


def _rest(rows: int) -> str:
    return f" (the first {_MOST_ROWS} of {rows})" if rows > _MOST_ROWS else ""


def summary(run: Run, report: BatchReport, *, dry_run: bool) -> str:
    """The figures as a small page."""
    lines = [
        f"# {run.flow} on {run.connection}",
        "",
        f"Plan {run.plan}" + (" (dry run: nothing was sent)" if dry_run else ""),
        "",
    ]
    lines += ["| what | how many |", "| --- | ---: |"]
    lines += [f"| {name} | {count} |" for name, count in report.counts.items()]
    for title, failures in (("Needs a person", report.failures), ("Not ready", report.not_ready)):
        if failures:
            lines += ["", f"## {title}", ""]
            lines += [f"- {cause}: {count}" for cause, count in _causes(failures)]
    return "\n".join(lines)


def _causes(failures: Sequence[Failure]) -> list[tuple[str, int]]:
    counted: dict[str, int] = {}
    for failure in failures:
        name = failure.code or failure.cause
        counted[name] = counted.get(name, 0) + 1
    return sorted(counted.items(), key=lambda item: -item[1])
