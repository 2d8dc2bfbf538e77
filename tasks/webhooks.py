"""Messages of TikTok Shop in our tables: stored before they are answered, handled later, forgotten in the end (J2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from config.secret_box import SecretBox
from config.settings import settings
from models.connections import Connection
from models.database import database, in_parts, table_of
from models.listings import Listing, ListingSku
from models.webhooks import Webhook
from rules.webhooks import Message, moment_of, steps

# What is handled in one go; the rest waits for the next.
_MOST: Final = 2_000
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 600.0


@dataclass(frozen=True, slots=True)
class Receiver:
    """A connection that messages may be for, and the app that signs them."""

    connection_id: int
    shop_id: str
    app_key: str
    app_secret: str

    def __repr__(self) -> str:
        return f"Receiver({self.connection_id})"


def receivers() -> list[Receiver]:
    """All connections with an app: while one is being set up it may have none, and anybody can sign with nothing."""
    box = SecretBox.open(settings())
    with database().read() as session:
        known = [
            Receiver(connection.key, connection.shop_id, connection.app_key, box.decrypt(connection.app_secret_secret))
            for connection in session.exec(select(Connection))
        ]
    return [one for one in known if one.app_key and one.app_secret]


def store_messages(received: Sequence[tuple[int, Message]], now: datetime) -> int:
    """Store messages, each for a connection, in one transaction; those that are known already are left out.

    Messages from which nothing follows count as handled. Answers how many were new.
    """
    # On PostgreSQL, only who writes for the same connection is waited for.
    about = {connection_id for connection_id, _ in received}
    with database().write(about.pop() if len(about) == 1 else None) as session:
        # A connection may have been removed since its messages came in.
        known = set(session.exec(select(Connection.id)))
        rows = [_row(connection_id, message, now) for connection_id, message in received if connection_id in known]
        return sum(_insert(session, part) for part in in_parts(rows))


def _row(connection_id: int, message: Message, now: datetime) -> dict[str, Any]:
    return {
        "connection_id": connection_id,
        "notification_id": message.id,
        "type": message.type,
        "objects": list(message.objects),
        "status": message.status,
        "sent_at": moment_of(message.sent),
        "received_at": now,
        "handled_at": None if steps(message.type, message.objects, message.status) else now,
        "flow_run_id": "",
        "attempts": 0,
    }


def _insert(session: Session, rows: Sequence[dict[str, Any]]) -> int:
    target = table_of(Webhook)
    insert = sqlite.insert(target) if session.get_bind().dialect.name == "sqlite" else postgresql.insert(target)
    new = insert.values(list(rows)).on_conflict_do_nothing().returning(target.c.id)
    return len(session.connection().execute(new).all())


def unhandled(now: datetime) -> list[Webhook]:
    """Messages that something has to follow from now, oldest first.

    Of each kind and connection the first ones: ten thousand about listings keep no order of anybody waiting.
    """
    place = func.row_number().over(
        partition_by=(col(Webhook.connection_id), col(Webhook.type)), order_by=col(Webhook.id)
    )
    waiting = (
        select(Webhook.id, place.label("place"))
        .where(
            col(Webhook.handled_at).is_(None),
            col(Webhook.not_before).is_(None) | (col(Webhook.not_before) <= now),
        )
        .subquery()
    )
    first = select(waiting.c.id).where(waiting.c.place <= _MOST)
    with database().read() as session:
        return list(session.exec(select(Webhook).where(col(Webhook.id).in_(first)).order_by(col(Webhook.id))))


def mark_handled(keys: Iterable[int], now: datetime, *, flow_run_id: str = "") -> None:
    """Nothing follows from them any more."""
    _change(keys, handled_at=now, flow_run_id=flow_run_id)


def put_off(messages: Iterable[Webhook], now: datetime) -> None:
    """Try them again, later each time: after 5 seconds, 10, 20, … at last every ten minutes."""
    by_attempts: dict[int, list[int]] = {}
    for message in messages:
        by_attempts.setdefault(message.attempts, []).append(message.key)
    for attempts, keys in by_attempts.items():
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempts, 10))
        _change(keys, attempts=attempts + 1, not_before=now + timedelta(seconds=pause))


def _change(keys: Iterable[int], **values: Any) -> None:
    with database().write() as session:
        for part in in_parts(sorted(keys)):
            session.connection().execute(update(Webhook).where(col(Webhook.id).in_(part)).values(**values))


def connection_name(connection_id: int) -> str:
    """The name that flows know the connection by."""
    with database().read() as session:
        return session.get_one(Connection, connection_id).name


def may_start_runs(connection_id: int) -> bool:
    """Whether runs may follow from messages: not while a connection is stopped. Its next sweeps see what they told."""
    with database().read() as session:
        return session.get_one(Connection, connection_id).stopped_at is None


def linked_products(connection_id: int, product_ids: Sequence[str]) -> list[int] | None:
    """PrestaShop ids of TikTok Shop's products; None when one of them is not linked to any."""
    found: set[int] = set()
    known: set[str] = set()
    with database().read() as session:
        for part in in_parts(product_ids):
            whole = select(Listing.product_id, Listing.id_product).where(
                Listing.connection_id == connection_id, col(Listing.product_id).in_(part)
            )
            by_sku = (
                select(Listing.product_id, ListingSku.id_product)
                .join(ListingSku, col(ListingSku.listing_id) == col(Listing.id))
                .where(Listing.connection_id == connection_id, col(Listing.product_id).in_(part))
            )
            for product_id, id_product in (*session.exec(whole), *session.exec(by_sku)):
                if id_product is not None:
                    known.add(product_id)
                    found.add(id_product)
    return sorted(found) if known.issuperset(product_ids) else None


def forget_webhooks(before: datetime) -> int:
    """Delete handled messages that were received earlier; answers how many."""
    old = delete(Webhook).where(col(Webhook.received_at) < before, col(Webhook.handled_at).is_not(None))
    with database().write() as session:
        return session.connection().execute(old).rowcount
