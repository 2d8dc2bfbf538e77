"""The record of an order on its way: written before and after everything that is sent to PrestaShop.

These rows are what a later run knows if this process dies in between: `sending` names the step whose write may be on
its way, the ids name what is surely there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, insert, update
from sqlmodel import Session, col, select

from clients.errors import ShopError
from config.secret_box import SecretBox
from config.settings import settings
from models.database import database
from models.orders import Order, OrderEvent, OrderLine, OrderStage
from rules.decision import Finding, Reason
from tasks.report import Failure
from tasks.shops import utc_now

# Minutes until a step without a clear outcome is tried again, by the number of tries.
_PATIENCE: Final = (1, 5, 15, 60)


@dataclass(frozen=True, slots=True)
class BuyerData:
    """What of a buyer is kept, encrypted: the address as TikTok Shop gives it, the e-mail and the message."""

    recipient: Mapping[str, Any] = field(default_factory=dict)
    email: str = ""
    message: str = ""

    def __repr__(self) -> str:
        return "BuyerData(•••)"


def seal(box: SecretBox, data: Mapping[str, Any]) -> str:
    """A document as a token of the secret box; "" for an empty one."""
    return box.encrypt(orjson.dumps(data).decode()) if data else ""


def unseal(box: SecretBox, token: str) -> dict[str, Any]:
    """The document of a token; empty for ""."""
    return dict(orjson.loads(box.decrypt(token))) if token else {}


def seal_buyer(box: SecretBox, data: BuyerData) -> str:
    """Buyer data as they are stored."""
    return seal(box, {"recipient": data.recipient, "email": data.email, "message": data.message})


def buyer_of(box: SecretBox, order: Order) -> BuyerData:
    """The buyer data of an order; empty ones after retention ended."""
    return BuyerData(**unseal(box, order.buyer_secret))


def secret_box() -> SecretBox:
    """The box of this installation."""
    return SecretBox.open(settings())


def load_orders(keys: Sequence[int]) -> list[Order]:
    """These orders, oldest first."""
    with database().read() as session:
        return list(
            session.exec(
                select(Order).where(col(Order.id).in_(keys)).order_by(col(Order.created_at), col(Order.id))
            ).all()
        )


def lines_of(keys: Sequence[int]) -> dict[int, list[OrderLine]]:
    """The units of orders, by the order's key."""
    found: dict[int, list[OrderLine]] = {key: [] for key in keys}
    with database().read() as session:
        for line in session.exec(
            select(OrderLine).where(col(OrderLine.order_key).in_(keys)).order_by(col(OrderLine.id))
        ):
            found[line.order_key].append(line)
    return found


def tell(session: Session, key: int, text: str, at: datetime) -> None:
    """Note something that happened to an order, for people (I5); nothing personal goes in."""
    session.connection().execute(insert(OrderEvent), [{"order_key": key, "at": at, "text": text}])


def keep_variants(variants: Mapping[int, Mapping[str, tuple[int, int]]]) -> None:
    """Note which variant each unit of an order stands for: {order's key: {unit id: variant}}."""
    rows = [
        {"order": key, "line": line_id, "product": variant[0], "attribute": variant[1]}
        for key, units in variants.items()
        for line_id, variant in units.items()
    ]
    if not rows:
        return
    with database().write() as session:
        session.connection().execute(
            update(OrderLine)
            .where(col(OrderLine.order_key) == bindparam("order"), col(OrderLine.line_id) == bindparam("line"))
            .values(id_product=bindparam("product"), id_product_attribute=bindparam("attribute")),
            rows,
        )


def mark_sending(orders: Iterable[Order], step: str) -> None:
    """Before something is sent for these orders: a run that dies in it leaves a trace."""
    _write(orders, lambda _: {"sending": step})


def store(orders: Iterable[Order], values: Callable[[Order], Mapping[str, Any]], *, event: str = "") -> None:
    """What is now surely so of each order; nothing is on its way any more.

    Args:
        orders: rows, which are brought up to date too.
        values: columns by name.
        event: what happened, if people want to know.
    """
    _write(orders, lambda order: {"sending": "", "attempts": 0, "not_before": None, **values(order)}, event=event)


def park(order: Order, code: str, cause: str, fix: str, *, request_id: str = "") -> Failure:
    """Leave an order to a person (K7): why, and what to do. What it has reached stays."""
    now = utc_now()
    _write(
        [order],
        lambda _: {
            "parked_code": code,
            "parked_cause": cause,
            "parked_fix": fix,
            "parked_request_id": request_id,
            "parked_at": now,
            "not_before": None,
        },
        event=f"Waits for a person: {cause}" if order.parked_code != code else "",
    )
    return Failure(object=f"order {order.order_id}", code=code, cause=cause, fix=fix, request_id=request_id)


def park_finding(order: Order, finding: Finding) -> Failure:
    """Leave an order to a person for what a rule found."""
    return park(order, finding.code, finding.text, finding.fix)


def park_error(order: Order, error: ShopError) -> Failure:
    """Leave an order to a person for what a shop answered."""
    return park(order, error.code or "refused", error.cause, error.fix, request_id=error.request_id)


def postpone(order: Order, *, step: str = "") -> None:
    """Try the order's step again later: it had no clear outcome. `step`: what may be on its way."""
    wait = _PATIENCE[min(order.attempts, len(_PATIENCE) - 1)]
    not_before = utc_now() + timedelta(minutes=wait)
    values: dict[str, Any] = {"attempts": order.attempts + 1, "not_before": not_before}
    _write([order], lambda _: values | ({"sending": step} if step else {}))


def replay(keys: Sequence[int], now: datetime) -> None:
    """Let parked orders go on from where they stand (K7)."""
    with database().write() as session:
        session.connection().execute(
            update(Order)
            .where(col(Order.id).in_(keys))
            .values(parked_code="", parked_cause="", parked_fix="", parked_at=None, not_before=None, attempts=0)
        )
        for key in keys:
            tell(session, key, "Tried again", now)


def as_records(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    """Reasons as they are stored."""
    return [reason.as_record() for reason in reasons]


def _write(orders: Iterable[Order], values: Callable[[Order], Mapping[str, Any]], *, event: str = "") -> None:
    rows = [(order, dict(values(order))) for order in orders]
    if not rows:
        return
    now = utc_now()
    with database().write() as session:
        for order, columns in rows:
            session.connection().execute(update(Order).where(col(Order.id) == order.key).values(**columns))
        if event:
            session.connection().execute(
                insert(OrderEvent), [{"order_key": order.key, "at": now, "text": event} for order, _ in rows]
            )
    for order, columns in rows:
        for name, value in columns.items():
            setattr(order, name, value)


IN_PRESTASHOP: Final = (OrderStage.ORDER, OrderStage.VERIFIED, OrderStage.IMPORTED)
"""Stages of orders that PrestaShop has: their pieces are gone from its stock."""
