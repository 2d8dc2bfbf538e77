"""The record of a change while it is sent: written before and after each call, each in a transaction of its own.

These rows are what a later run knows if this process dies in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, select

from models.database import database
from models.listings import Assignment, Change, ChangeKind, ChangeState
from rules.content import ListingContent, content_hash
from rules.decision import Finding
from tasks.shops import utc_now

_APART: Final = (ChangeKind.PRICE, ChangeKind.STOCK)
# A call that began longer ago is over, with all its tries, whatever became of it.
_LONGEST_CALL: Final = timedelta(minutes=10)


class Elsewhere(Exception):
    """Another change of the same product is on its way; two at a time could overtake each other."""


def mark_sent(change: Change) -> bool:
    """Before the call, so that a run that dies in it leaves a trace; False when the change is no longer open.

    Of one product at most one change is under way at a time, in whichever flow: an edit carries prices and stock too,
    and the record would not be what is shown if they overtook each other. Prices and stock do not touch each other:
    what is sold out is not kept on sale by a price without an answer, nor by an edit whose outcome stays unknown long
    after its call.

    Raises:
        Elsewhere: another change of the product was sent and its outcome is not known yet.
    """
    with database().write() as session:
        stored = session.get_one(Change, change.key)
        if stored.state not in (ChangeState.PLANNED, ChangeState.SENT):
            return False
        now = utc_now()
        others = select(Change.id).where(
            Change.connection_id == stored.connection_id,
            Change.id_product == stored.id_product,
            Change.state == ChangeState.SENT,
            Change.id != stored.id,
        )
        if stored.kind in _APART:
            others = others.where(col(Change.kind).not_in(_APART), col(Change.sent_at) > now - _LONGEST_CALL)
        if stored.id_product is not None and session.exec(others).first():
            raise Elsewhere
        stored.state = ChangeState.SENT
        stored.attempts += 1
        stored.sent_at = now
    return True


def unsend(change: Change) -> None:
    with database().write() as session:
        session.get_one(Change, change.key).state = ChangeState.PLANNED


def replan(change: Change, content: ListingContent) -> None:
    """What is sent is what the record says: content whose pictures had to be left out replaces the planned one."""
    new_hash = content_hash(content)
    after = {"content_hash": new_hash, "content": content.model_dump(mode="json")}
    with database().write() as session:
        session.get_one(Change, change.key).after = after
        assignment = session.get_one(Assignment, (change.connection_id, change.id_product))
        assignment.content_hash = new_hash
    change.after = after


def note_findings(change: Change, findings: Sequence[Finding]) -> None:
    """What keeps the product from being listed stands with the product; the next plan leaves it out."""
    with database().write() as session:
        assignment = session.get_one(Assignment, (change.connection_id, change.id_product))
        assignment.findings = [one.as_record() for one in findings]
        assignment.content_hash = ""
        # What was found may pass: the next plan decides anew instead of trusting this.
        assignment.inputs_hash = ""


def note(
    change: Change, *, code: str, cause: str, fix: str = "", request_id: str = "", not_before: datetime | None = None
) -> None:
    """Say of a change that stays open why it is not done yet, and when to try it again."""
    with database().write() as session:
        stored = session.get_one(Change, change.key)
        stored.code, stored.cause, stored.fix, stored.request_id = code, cause, fix, request_id
        stored.not_before = not_before


def finish(
    change: Change,
    state: ChangeState,
    *,
    code: str = "",
    cause: str = "",
    fix: str = "",
    request_id: str = "",
    not_before: datetime | None = None,
) -> None:
    """The outcome of a change; `not_before`: when to look again at what was parked, because part of it may pass."""
    with database().write() as session:
        stored = session.get_one(Change, change.key)
        stored.state = state
        stored.code, stored.cause, stored.fix, stored.request_id = code, cause, fix, request_id
        stored.not_before = not_before
        stored.finished_at = utc_now()
