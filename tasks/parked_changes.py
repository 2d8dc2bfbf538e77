"""Changes that wait for a person, with the orders they belong to: what the parked box and the watch both begin from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import exists
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.database import in_parts
from models.listings import Change, ChangeKind, ChangeState
from models.orders import AfterSale, Order, OrderStage
from rules.tiktok_order import CANCELLED, COMPLETED, DELIVERED

OF_ORDERS: Final = (ChangeKind.SHIP, ChangeKind.CANCEL, ChangeKind.ANSWER, ChangeKind.STATE)
# An order that came so far no longer needs the change, whatever kept it from being made.
_OVER: Final[Mapping[ChangeKind, tuple[str, ...]]] = {
    ChangeKind.SHIP: (DELIVERED, COMPLETED, CANCELLED),
    ChangeKind.CANCEL: (COMPLETED, CANCELLED),
    ChangeKind.ANSWER: (COMPLETED, CANCELLED),
}


def parked_changes(session: Session, connection_id: int, kinds: Iterable[ChangeKind]) -> Sequence[Change]:
    """Those that no newer one of the same kind and object took the place of, the oldest first."""
    newer = aliased(Change)
    return session.exec(
        select(Change)
        .where(
            Change.connection_id == connection_id,
            Change.state == ChangeState.PARKED,
            col(Change.kind).in_(list(kinds)),
            ~exists().where(
                newer.connection_id == Change.connection_id,  # type: ignore[arg-type]
                newer.kind == Change.kind,  # type: ignore[arg-type]
                newer.object == Change.object,  # type: ignore[arg-type]
                newer.id > Change.id,  # type: ignore[operator, arg-type]
            ),
        )
        .order_by(col(Change.finished_at), col(Change.id))
    ).all()


def is_over(change: Change, order: Order | None) -> bool:
    """Whether its order no longer needs the change."""
    return order is not None and (order.status in _OVER.get(change.kind, ()) or order.stage is OrderStage.IGNORED)


def order_ids_of(session: Session, connection_id: int, changes: Iterable[Change]) -> dict[int, str]:
    """The TikTok order of each change of orders: "order:577…" names it, anything else a request of one."""
    found: dict[int, str] = {}
    requests: dict[int, str] = {}
    for change in changes:
        if change.kind in OF_ORDERS:
            kind, _, rest = change.object.partition(":")
            (found if kind == "order" else requests)[change.key] = rest.partition(":")[0]
    for part in in_parts(sorted(set(requests.values()))):
        known = dict(
            session.exec(
                select(AfterSale.request_id, AfterSale.order_id).where(
                    AfterSale.connection_id == connection_id, col(AfterSale.request_id).in_(part)
                )
            ).all()
        )
        found |= {key: known[request_id] for key, request_id in requests.items() if request_id in known}
    return found


def orders_named(session: Session, connection_id: int, order_ids: Iterable[str]) -> dict[str, Order]:
    """Orders by their TikTok ids."""
    return {
        order.order_id: order
        for part in in_parts(sorted(set(order_ids)))
        for order in session.exec(
            select(Order).where(Order.connection_id == connection_id, col(Order.order_id).in_(part))
        )
    }
