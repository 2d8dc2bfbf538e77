"""Which products have to be priced and counted again, kept in the database until that has been planned."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from models.database import upsert
from models.listings import Touched


def touch(session: Session, connection_id: int, ids: Iterable[int], why: str, now: datetime) -> None:
    """Note that prices or quantities of these products follow from something that changed.

    Call it in the transaction that stores the change: a run that dies then loses nothing.

    Args:
        session: a writing session.
        connection_id: whose products.
        ids: PrestaShop product ids, listed or not.
        why: what changed, in a word or two for people.
        now: the time; a reading that began before it does not count as newer.
    """
    rows = [
        {"connection_id": connection_id, "id_product": id_product, "why": why, "since": now}
        for id_product in sorted(set(ids))
    ]
    upsert(session, Touched, rows)
