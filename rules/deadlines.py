"""Until when an order has to be shipped, and which orders are close to it (K11; tiktok-shop-api.md 4.4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, TypeVar

from rules.tiktok_order import AWAITING_SHIPMENT, ON_HOLD, PARTIALLY_SHIPPING, TikTokOrder

# rts: latest shipping time; due: cancelled when nothing was shipped by then; cancel: the automatic cancellation.
_DEADLINES: Final = ("rts_sla_time", "shipping_due_time", "cancel_order_sla_time")
# Before it is paid `cancel_order_sla_time` is the time to pay, and after it was shipped none of them counts.
_WITH_DEADLINE: Final = (ON_HOLD, AWAITING_SHIPMENT, PARTIALLY_SHIPPING)
_TO_BE_SHIPPED: Final = (AWAITING_SHIPMENT, PARTIALLY_SHIPPING)


class Due(Protocol):
    """What an order has to say about its deadline, such as a stored one."""

    @property
    def order_id(self) -> str:
        """TikTok's id."""

    @property
    def status(self) -> str:
        """As TikTok Shop spells it."""

    @property
    def ship_by(self) -> datetime | None:
        """The moment, if there is one."""


AnyDue = TypeVar("AnyDue", bound=Due)


def ship_by(order: TikTokOrder) -> datetime | None:
    """The earliest deadline that applies; None when the seller has nothing to ship."""
    if order.status not in _WITH_DEADLINE or order.by_tiktok:
        return None
    return min((order.moments[name] for name in _DEADLINES if name in order.moments), default=None)


def endangered(orders: Iterable[AnyDue], now: datetime, hours: int) -> list[AnyDue]:
    """Orders that can be shipped and whose deadline is past or at most `hours` away, the most urgent first."""
    latest = now + timedelta(hours=hours)
    found = [
        (order.ship_by, order.order_id, order)
        for order in orders
        if order.status in _TO_BE_SHIPPED and order.ship_by is not None and order.ship_by <= latest
    ]
    return [order for _, _, order in sorted(found, key=lambda row: row[:2])]


def time_left(due: datetime, now: datetime) -> str:
    """In words, to the minute: "2 d 3 h left", "45 min left", "overdue for 1 h 10 min"."""
    minutes = int(abs(due - now).total_seconds()) // 60
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    if days:
        span = f"{days} d {hours} h" if hours else f"{days} d"
    elif hours:
        span = f"{hours} h {minutes} min" if minutes else f"{hours} h"
    else:
        span = f"{minutes} min"
    return f"{span} left" if due >= now else f"overdue for {span}"


def deadline_line(order: Due, now: datetime) -> str:
    """One line of a mail or table about an order with a deadline; "" for one without."""
    if order.ship_by is None:
        return ""
    moment = order.ship_by.astimezone(UTC)
    return f"{order.order_id}: ship by {moment:%Y-%m-%d %H:%M} UTC, {time_left(order.ship_by, now)}"
