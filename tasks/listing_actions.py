"""Planning to activate, deactivate, delete and recover listings (G6, G7, G10, K3), and which of these are still open.

What sends them is tasks.listing_action_sending.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import Session, col, select

from models.database import database, in_parts
from models.listings import Change, ChangeKind, ChangeState, Listing, ListingSku, Plan
from rules.decision import Finding, Reason
from rules.listing_actions import (
    ACTIONS,
    WANTED,
    Action,
    ActionDecision,
    Verdict,
    decide_action,
)
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import utc_now

LISTINGS_A_TASK: Final = 200
KINDS: Final[dict[Action, ChangeKind]] = {action: ChangeKind(action) for action in ACTIONS}
LIFECYCLE: Final = tuple(KINDS.values())
OPEN: Final = (ChangeState.PLANNED, ChangeState.SENT)


@dataclass(slots=True)
class Planned:
    """What a batch planned: ids of the changes to send, and the figures."""

    change_ids: list[int] = field(default_factory=list)
    report: BatchReport = field(default_factory=BatchReport)


@contextmanager
def actions_alone(connection_id: int) -> Iterator[None]:
    """Hold the only right to plan and send actions: what is found "sent" is then no other flow's, but a dead run's."""
    with database().exclusive(f"listing-actions:{connection_id}"):
        yield


def plan_actions(run: Run, action: Action, listing_keys: Sequence[int]) -> list[int]:
    """Plan an action for other flows; ids of the changes to send.

    What was refused is not planned again while the listing stands as it did.

    Args:
        run: the run that the changes belong to.
        action: what to do.
        listing_keys: ids of our rows.
    """
    ids: list[int] = []
    for part in in_parts(listing_keys, LISTINGS_A_TASK):
        ids += _plan(run, action, part, named=False, again=False).change_ids
    return ids


@task(name="plan listing actions", cache_policy=NO_CACHE, **on_retryable)
def plan_batch_of_actions(run: Run, action: Action, listing_keys: Sequence[int], *, named: bool) -> Planned:
    """Plan an action for a batch of listings, as far as their statuses allow it.

    Args:
        run: the run that the changes belong to.
        action: what to do.
        listing_keys: ids of our rows.
        named: a person named them; what is not possible is a failure then, and a mere note otherwise.
    """
    return _plan(run, action, listing_keys, named=named, again=True)


def _plan(run: Run, action: Action, keys: Sequence[int], *, named: bool, again: bool) -> Planned:
    planned, now, kind = Planned(), utc_now(), KINDS[action]
    report = planned.report
    changes: list[Change] = []
    with actions_alone(run.connection_id), database().write() as session:
        is_rehearsal = session.get_one(Plan, run.plan).dry_run
        objects = [f"listing:{key}" for key in keys]
        standing: dict[str, list[Change]] = defaultdict(list)
        parked: dict[str, Change] = {}
        for change in session.exec(
            select(Change)
            .where(
                Change.connection_id == run.connection_id,
                col(Change.object).in_(objects),
                col(Change.kind).in_(LIFECYCLE),
                col(Change.state).in_([*OPEN, ChangeState.PARKED]),
            )
            .order_by(col(Change.id))
        ):
            if change.state in OPEN:
                standing[change.object].append(change)
            elif change.kind == kind:
                parked[change.object] = change
        deletions = last_deletions(session, run.connection_id, objects)
        linked = _linked_of(session, keys)
        for listing in session.exec(select(Listing).where(col(Listing.id).in_(keys)).order_by(col(Listing.id))):
            name = f"listing:{listing.key}"
            open_changes = standing[name]
            unresolved = next((one for one in open_changes if one.state == ChangeState.SENT), None)
            if unresolved is not None:
                report.count("unresolved")
                if unresolved.kind == kind:
                    # Sending looks first what became of it.
                    planned.change_ids.append(unresolved.key)
                continue
            for other in open_changes:
                if other.kind != kind and not is_rehearsal:
                    # The merchant thought better of it.
                    _supersede(other, now, report)
            mine = next((one for one in open_changes if one.kind == kind), None)
            deletion = deletions.get(name)
            decided = _decide(action, listing, linked[listing.key], deletion, now)
            if decided.verdict is not Verdict.SEND:
                if mine is not None:
                    _supersede(mine, now, report)
                if decided.verdict is Verdict.NOTHING:
                    report.count("nothing to do")
                    continue
                failure = refusal(name_of(listing), decided.finding)
                report.count("not possible")
                (report.failures if named else report.not_ready).append(failure)
                continue
            before = {"status": listing.status, "product_id": listing.product_id}
            last = parked.get(name)
            if not again and last is not None and last.before == before:
                report.count("still parked")
                continue
            report.count(f"to {action}")
            if mine is not None and mine.before == before:
                # Planned before and still right: it moves to this plan.
                mine.plan_id = run.plan
                planned.change_ids.append(mine.key)
                continue
            if mine is not None:
                _supersede(mine, now, report)
            id_product = listing.id_product
            if id_product is None and action == "recover" and deletion is not None:
                id_product = deletion.id_product
            changes.append(
                Change(
                    connection_id=run.connection_id,
                    plan_id=run.plan,
                    kind=kind,
                    object=name,
                    id_product=id_product,
                    before=before,
                    after={"status": WANTED[action]},
                    reasons=[Reason(decided.finding.code, decided.finding.text).as_record()],
                    created_at=now,
                )
            )
        # Superseded ones are out of the way before new ones of the same kind and object come.
        session.flush()
        session.add_all(changes)
        session.flush()
        planned.change_ids += [change.key for change in changes]
    return planned


def _decide(
    action: Action, listing: Listing, is_linked: bool, deletion: Change | None, now: datetime
) -> ActionDecision:
    """The rule's decision; a listing that was deleted over there is still to be let go of."""
    if action == "delete" and listing.status == "DELETED" and (is_linked or listing.id_product is not None):
        text = "The listing was deleted on TikTok Shop; from now on its product counts as not uploaded."
        return ActionDecision(Verdict.SEND, Finding("deleted_there", text, ""))
    deleted_at = deletion.finished_at if deletion is not None else listing.status_at
    return decide_action(action, listing.status, deleted_at=deleted_at, now=now)


def _supersede(change: Change, now: datetime, report: BatchReport) -> None:
    change.state, change.finished_at = ChangeState.SUPERSEDED, now
    report.count("superseded")


def last_deletions(session: Session, connection_id: int, objects: Sequence[str]) -> dict[str, Change]:
    """The confirmed deletion of each listing, the last where there were several."""
    return {
        change.object: change
        for part in in_parts(objects)
        for change in session.exec(
            select(Change)
            .where(
                Change.connection_id == connection_id,
                col(Change.object).in_(part),
                Change.kind == ChangeKind.DELETE,
                Change.state == ChangeState.CONFIRMED,
            )
            .order_by(col(Change.id))
        )
    }


def _linked_of(session: Session, keys: Sequence[int]) -> dict[int, bool]:
    """Whether a SKU of a listing is linked, by listing."""
    linked = set(
        session.exec(
            select(ListingSku.listing_id).where(
                col(ListingSku.listing_id).in_(keys), col(ListingSku.id_product).is_not(None)
            )
        )
    )
    return {key: key in linked for key in keys}


def name_of(listing: Listing, id_product: int | None = None) -> str:
    product = listing.id_product if listing.id_product is not None else id_product
    return f"product {product}" if product is not None else f"listing {listing.product_id}"


def refusal(name: str, finding: Finding) -> Failure:
    return Failure(object=name, code=finding.code, cause=finding.text, fix=finding.fix)


def unresolved_actions(connection_id: int, among: Sequence[int] | None = None) -> list[int]:
    """Ids of changes that were sent and not answered; of all, or among some."""
    ids = _open_actions(connection_id, Change.state == ChangeState.SENT)
    return ids if among is None else sorted(set(ids).intersection(among))


def waiting_actions(connection_id: int, plan: int) -> list[int]:
    """Ids of the changes of a run's plan, and of those that earlier runs could not send yet; no dry run's."""
    meant = select(Plan.id).where(Plan.connection_id == connection_id, col(Plan.dry_run).is_(False))
    return _open_actions(
        connection_id,
        Change.state == ChangeState.PLANNED,
        (col(Change.plan_id) == plan) | col(Change.plan_id).in_(meant),
    )


def planned_actions(plan: int) -> list[int]:
    """Ids of the changes of a stored plan that are still planned."""
    with database().read() as session:
        connection_id = session.get_one(Plan, plan).connection_id
    return _open_actions(connection_id, Change.state == ChangeState.PLANNED, Change.plan_id == plan)


def _open_actions(connection_id: int, *conditions: Any) -> list[int]:
    with database().read() as session:
        ids = session.exec(
            select(Change.id)
            .where(Change.connection_id == connection_id, col(Change.kind).in_(LIFECYCLE), *conditions)
            .order_by(col(Change.id))
        ).all()
    return [key for key in ids if key is not None]
