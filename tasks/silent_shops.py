"""Shops that do not answer at all, on record: later runs doubt them (clients.doubt) instead of waiting for minutes.

Without this, all flows of a connection whose PrestaShop is down would repeat their calls one after the other, in places
that runs of other connections need.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from clients.doubt import Doubt
from clients.errors import Retryable, Shop, Silent, Throttled
from models.connections import Watermark
from models.database import connection_worked_on, database, upsert
from rules.silence import is_doubted, silent_from

_MARKS: Final[dict[Shop, str]] = {"prestashop": "silent prestashop", "tiktok": "silent tiktok"}
"""Names of the marks, whose value is since when."""

_NOBODY: Final = UUID(int=0)
_noticed_by: Final[dict[tuple[int, Shop], UUID | None]] = {}
"""The run of this process that was the first to notice it."""


def note_silence(error: Retryable, flow_run: UUID | None) -> None:
    """Note that a shop did not answer, though a run asked it again and again, in what is being worked on."""
    connection_id = connection_worked_on()
    if connection_id is None or isinstance(error, Throttled | Silent):
        return
    now, name = datetime.now(UTC), _MARKS[error.shop]
    with database().write() as session:
        mark = session.get(Watermark, (connection_id, name))
        since = silent_from(datetime.fromisoformat(mark.value), mark.updated_at, now) if mark is not None else now
        row = {"connection_id": connection_id, "name": name, "value": since.isoformat(), "updated_at": now}
        upsert(session, Watermark, [row])
    if since == now:
        _noticed_by[connection_id, error.shop] = flow_run


def noticed(error: Silent, flow_run: UUID | None) -> bool:
    """Whether that run was the first to notice it: its tasks are tried again, for a shop that is gone for moments."""
    connection_id = connection_worked_on()
    return connection_id is not None and _noticed_by.get((connection_id, error.shop), _NOBODY) == flow_run


def silent_since(session: Session, connection_id: int) -> dict[Shop, str]:
    """The shops of a connection that did not answer lately, and since when."""
    now = datetime.now(UTC)
    marks = session.exec(
        select(Watermark).where(Watermark.connection_id == connection_id, col(Watermark.name).in_(_MARKS.values()))
    )
    known = {mark.name: mark.value for mark in marks if is_doubted(mark.updated_at, now)}
    return {shop: known[name] for shop, name in _MARKS.items() if name in known}


def doubt(connection_id: int, shop: Shop, since: str) -> Doubt | None:
    """What to open a client with: None about a shop that answers, whose `since` is ""."""

    def back() -> None:
        mark = delete(Watermark).where(
            col(Watermark.connection_id) == connection_id, col(Watermark.name) == _MARKS[shop]
        )
        with database().write(connection_id) as session:
            session.connection().execute(mark)

    return Doubt(shop, datetime.fromisoformat(since), back) if since else None
