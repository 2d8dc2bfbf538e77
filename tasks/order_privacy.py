"""Orders deleted from the connector, and buyer data erased: by a person, or when their time is over (I9, K18).

What PrestaShop and TikTok Shop have of an order stays as it is. Erased data are not stored again by the next reading of
the order (`tasks.order_reading`); whoever fetches the order by its number has them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, insert, update
from sqlmodel import Session, col, select

from models.connections import settings_in_force
from models.database import database, in_parts
from models.orders import Buyer, Order, OrderEvent, OrderLine, OrderStage
from rules.decision import Reason
from tasks.order_record import as_records, buyer_of, secret_box
from tasks.shops import utc_now
from tasks.touched import touch

FINISHED: Final = (OrderStage.IMPORTED, OrderStage.IGNORED, OrderStage.CANCELLED)
"""Stages of orders whose buyer data are needed for nothing more here."""

_NONE: Final[dict[str, Any]] = {
    "buyer_secret": "",
    "corrections_secret": "",
    "user_id": "",
    # The buyer's new address is erased with the old one.
    "address_changed": False,
}
_DELETED: Final = Reason("deleted", "It was deleted from the connector; fetch it by its number to have it again.")
# The right that runs over orders hold.
_TURN: Final = "orders:{}"


class NotFinished(LookupError):
    """Buyer data of an order that is still needed."""


def delete_orders(connection_id: int, keys: Sequence[int]) -> int:
    """Leave orders out from now on, their buyer data erased (I9); answers how many were there.

    They are neither imported nor kept in step any more. The ids of what they have in PrestaShop stay, so that an order
    fetched later goes on instead of being made again. No run over orders is under way meanwhile.

    Raises:
        Busy: a run did not end in time.
    """
    now = utc_now()
    store = database()
    with store.exclusive(_TURN.format(connection_id)), store.write() as session:
        found = _keys(session, connection_id, keys)
        for part in in_parts(found):
            session.connection().execute(
                update(Order)
                .where(col(Order.id).in_(part))
                .values(
                    stage=OrderStage.IGNORED,
                    reasons=as_records([_DELETED]),
                    parked_code="",
                    parked_cause="",
                    parked_fix="",
                    parked_request_id="",
                    parked_at=None,
                    not_before=None,
                    attempts=0,
                )
            )
            products = session.exec(select(OrderLine.id_product).where(col(OrderLine.order_key).in_(part))).all()
            # What is offered follows from the orders that are known.
            touch(session, connection_id, {one for one in products if one is not None}, "order deleted", now)
        _erase(session, connection_id, found, "Deleted from the connector; buyer data erased", now)
    return len(found)


def erase_orders(connection_id: int, keys: Sequence[int]) -> int:
    """Erase the buyer data of orders (K18); answers of how many there were any.

    Raises:
        NotFinished: one of them is still on its way; nothing is erased then.
    """
    with database().write() as session:
        for part in in_parts(keys):
            unfinished = session.exec(
                select(Order.order_id).where(
                    Order.connection_id == connection_id,
                    col(Order.id).in_(part),
                    col(Order.stage).not_in(FINISHED),
                )
            ).all()
            if unfinished:
                raise NotFinished(
                    f"Not imported yet, so buyer data are still needed: {', '.join(sorted(unfinished))}. "
                    "Delete such an order from the connector with: connector orders delete ID"
                )
        found = [
            key
            for part in in_parts(keys)
            for key in session.exec(select(Order.id).where(col(Order.id).in_(part), _has_data())).all()
            if key is not None
        ]
        _erase(session, connection_id, found, "Buyer data erased", utc_now())
    return len(found)


def erase_buyers(connection_id: int, before: datetime) -> int:
    """Erase the buyer data of finished orders that were placed before then (K18); answers of how many orders."""
    return erase_orders(connection_id, _placed_before(connection_id, before))


def expired_orders(connection_id: int, now: datetime) -> list[int]:
    """Finished orders with buyer data that the connection's `retention_days` are over for."""
    with database().read() as session:
        days = settings_in_force(session, connection_id)[1].retention_days
    return _placed_before(connection_id, now - timedelta(days=days))


def erase_expired(connection_id: int, now: datetime) -> int:
    """Erase the buyer data that the connection's `retention_days` are over for; answers of how many orders."""
    return erase_orders(connection_id, expired_orders(connection_id, now))


def orders_of_buyer(connection_id: int, buyer: str) -> list[int]:
    """Orders that hold data of one buyer, the oldest first; finished or not.

    Args:
        connection_id: whose.
        buyer: TikTok's id of the buyer, or an e-mail address in any spelling of capitals. Addresses are stored
            encrypted only, so every order that still has buyer data is opened.
    """
    with database().read() as session:
        rows = session.exec(
            select(Order).where(Order.connection_id == connection_id, _has_data()).order_by(col(Order.id))
        ).all()
    wanted = buyer.strip()
    if "@" not in wanted:
        return [order.key for order in rows if wanted and order.user_id == wanted]
    box = secret_box()
    # TikTok knows one buyer by several addresses, one an order; all orders of whoever has this one are meant.
    found = {order.key for order in rows if buyer_of(box, order).email.casefold() == wanted.casefold()}
    users = {order.user_id for order in rows if order.key in found} - {""}
    return [order.key for order in rows if order.key in found or order.user_id in users]


def _placed_before(connection_id: int, before: datetime) -> list[int]:
    with database().read() as session:
        keys = session.exec(
            select(Order.id).where(
                Order.connection_id == connection_id,
                Order.created_at < before,
                col(Order.stage).in_(FINISHED),
                _has_data(),
            )
        ).all()
    return [key for key in keys if key is not None]


def _has_data() -> Any:
    return (col(Order.buyer_secret) != "") | (col(Order.corrections_secret) != "") | (col(Order.user_id) != "")


def _keys(session: Session, connection_id: int, keys: Sequence[int]) -> list[int]:
    return [
        key
        for part in in_parts(keys)
        for key in session.exec(
            select(Order.id).where(Order.connection_id == connection_id, col(Order.id).in_(part))
        ).all()
        if key is not None
    ]


def _erase(session: Session, connection_id: int, keys: Sequence[int], event: str, now: datetime) -> None:
    for part in in_parts(keys):
        buyers = set(session.exec(select(Order.user_id).where(col(Order.id).in_(part), Order.user_id != "")).all())
        session.connection().execute(update(Order).where(col(Order.id).in_(part)).values(**_NONE))
        session.connection().execute(insert(OrderEvent), [{"order_key": key, "at": now, "text": event} for key in part])
        # Who the guest customers are is known only as long as an order of theirs is.
        known = set(
            session.exec(
                select(Order.user_id).where(Order.connection_id == connection_id, col(Order.user_id).in_(buyers))
            ).all()
        )
        session.connection().execute(
            delete(Buyer).where(
                col(Buyer.connection_id) == connection_id, col(Buyer.user_id).in_(sorted(buyers - known))
            )
        )
