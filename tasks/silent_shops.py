"""Shops that do not answer at all, on record: later runs doubt them (clients.doubt) instead of waiting for minutes.

Without this, all flows of a connection whose PrestaShop is down would repeat their calls one after the other, in places
that runs of other connections need.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from clients.doubt import Doubt
from clients.errors import Retryable, Shop, Silent, Throttled
from models.connections import Watermark
from models.database import connection_worked_on, database, upsert

_MARKS: Final[dict[Shop, str]] = {"prestashop": "silent prestashop", "tiktok": "silent tiktok"}
"""Names of the marks, whose value is since when."""

# A shop may answer everything but a knock: now and then it is tried with patience.
_DOUBTED: Final = timedelta(minutes=15)
_ANOTHER_TIME: Final = timedelta(hours=1)
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
        # The first one says since when.
        since = mark.value if mark is not None and now - mark.updated_at < _ANOTHER_TIME else now.isoformat()
        row = {"connection_id": connection_id, "name": name, "value": since, "updated_at": now}
        upsert(session, Watermark, [row])
    if since == now.isoformat():
        _noticed_by[connection_id, error.shop] = flow_run


def noticed(error: Silent, flow_run: UUID | None) -> bool:
    """Whether that run was the first to notice it: its tasks are tried again, for a shop that is gone for moments."""
    connection_id = connection_worked_on()
    return connection_id is not None and _noticed_by.get((connection_id, error.shop), _NOBODY) == flow_run


def silent_since(session: Session, connection_id: int) -> dict[Shop, str]:
    """The shops of a connection that did not answer lately, and since when."""
    lately = datetime.now(UTC) - _DOUBTED
    marks = dict(
        session.exec(
            select(Watermark.name, Watermark.value).where(
                Watermark.connection_id == connection_id,
                col(Watermark.name).in_(_MARKS.values()),
                col(Watermark.updated_at) > lately,
            )
        ).all()
    )
    return {shop: marks[name] for shop, name in _MARKS.items() if name in marks}


def doubt(connection_id: int, shop: Shop, address: str, since: str) -> Doubt | None:
    """What to open a client with: None about a shop that answers, whose `since` is ""."""

    def back() -> None:
        mark = delete(Watermark).where(
            col(Watermark.connection_id) == connection_id, col(Watermark.name) == _MARKS[shop]
        )
        with database().write(connection_id) as session:
            session.connection().execute(mark)

    return Doubt(shop, address, datetime.fromisoformat(since), back) if since else None
