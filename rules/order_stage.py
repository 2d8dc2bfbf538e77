"""What becomes of an order of TikTok Shop: wait, import, leave out (K17, K20; tiktok-shop-api.md 4.3 and 4.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from models.settings import OrderSettings
from rules.decision import Decision, Reason
from rules.tiktok_order import (
    AWAITING_COLLECTION,
    AWAITING_SHIPMENT,
    CANCELLED,
    COMPLETED,
    DELIVERED,
    IN_TRANSIT,
    ON_HOLD,
    PARTIALLY_SHIPPING,
    STATUSES,
    UNPAID,
    TikTokOrder,
    Unit,
)

UNSHIPPED: Final = (UNPAID, ON_HOLD, AWAITING_SHIPMENT, PARTIALLY_SHIPPING)
"""Statuses in which TikTok Shop keeps an order's units as committed (3.20)."""
SHIPPED: Final = (AWAITING_COLLECTION, IN_TRANSIT, DELIVERED, COMPLETED)
"""Statuses in which the seller has nothing left to ship."""

_ORDER_TYPES: Final[Mapping[str, str]] = {
    "PRE_ORDER": "a pre-order",
    "MADE_TO_ORDER": "made to order",
    "BACK_ORDER": "a backorder",
    "ZERO_LOTTERY": "from a lottery",
    "AUCTION": "from an auction",
}


class Step(StrEnum):
    """What to do with an order that is not in PrestaShop yet."""

    # Unpaid, on hold or about to be cancelled: its units are reserved, nothing is made (K17).
    WAIT = "wait"
    IMPORT = "import"
    # Left out by a setting (K20).
    IGNORE = "ignore"
    # Cancelled before it was imported: nothing to make.
    CANCELLED = "cancelled"
    # First seen when it was shipped already: imported so that the books are right; nothing is left to ship.
    LATE = "late"


def next_step(order: TikTokOrder, settings: OrderSettings) -> Decision[Step]:
    """What to do with an order that PrestaShop does not have.

    Cancelled and unready orders are told apart first, so that IGNORE always means: it could be imported.
    """
    kind = tuple(_kind(order))
    if order.status == CANCELLED or (order.units and not live_units(order)):
        return Decision(Step.CANCELLED, (Reason("cancelled", "it was cancelled before it came into PrestaShop"),))
    waiting = _waits(order, settings)
    if waiting is not None:
        return Decision(Step.WAIT, (*kind, waiting))
    if order.by_tiktok:
        if settings.tiktok_fulfilled == "ignore":
            text = "TikTok fulfils it from its own warehouse, and such orders are left out (K20)"
            return Decision(Step.IGNORE, (*kind, Reason("fulfilled_by_tiktok", text)))
        text = "TikTok fulfils it from its own warehouse: imported, and the stock is put back (K20)"
        kind = (*kind, Reason("fulfilled_by_tiktok", text))
    if order.status in SHIPPED:
        text = f"first imported as {order.status}: it was shipped already, so only the books follow"
        return Decision(Step.LATE, (*kind, Reason("late", text)))
    if order.status == PARTIALLY_SHIPPING:
        return Decision(Step.IMPORT, (*kind, Reason("partly_shipped", "a part of it was shipped already")))
    return Decision(Step.IMPORT, (*kind, Reason("ready", "it is paid and ready to be shipped")))


def live_units(order: TikTokOrder) -> tuple[Unit, ...]:
    """The units that were not cancelled."""
    return tuple(unit for unit in order.units if unit_status(order, unit) != CANCELLED)


def unit_status(order: TikTokOrder, unit: Unit) -> str:
    """A unit's own status; the order's where the unit has none or another word (`TO_FULFILL`, 4.3)."""
    if order.status == CANCELLED or unit.status not in STATUSES:
        return order.status
    return unit.status


def _waits(order: TikTokOrder, settings: OrderSettings) -> Reason | None:
    if order.status == UNPAID:
        return Reason("unpaid", "the buyer has not paid yet; its units are reserved")
    if order.status == ON_HOLD:
        return Reason("on_hold", "the buyer may still cancel freely; its units are reserved")
    if order.status not in STATUSES:
        return Reason("unknown_status", f"its status {order.status} is not known")
    if not order.units:
        return Reason("no_units", "TikTok Shop tells nothing about what was ordered yet")
    if (
        order.buyer_wants_cancel
        and order.status == AWAITING_SHIPMENT
        and not order.by_tiktok
        and settings.buyer_cancellations != "ask"
    ):
        text = "the buyer asks to cancel, which is going to be granted; its units stay reserved until then"
        return Reason("pending_cancellation", text)
    return None


def _kind(order: TikTokOrder) -> Iterator[Reason]:
    """What is unusual about an order; all of these are imported, at the prices TikTok Shop gives."""
    if order.is_sample:
        yield Reason("sample", "a sample order; what it costs, often 0, is taken as it is")
    for is_it, code in ((order.is_replacement, "replacement"), (order.is_exchange, "exchange")):
        if is_it:
            of = f" of order {order.source_order_id}" if order.source_order_id else ""
            yield Reason(code, f"{'an' if code[0] == 'e' else 'a'} {code}{of}; its price, often 0, is taken as it is")
    gifts = sum(unit.is_gift for unit in order.units)
    if gifts:
        yield Reason("gift", f"{gifts} of its {len(order.units)} units {'is a gift' if gifts == 1 else 'are gifts'}")
    if order.order_type in _ORDER_TYPES:
        yield Reason(order.order_type.lower(), f"it is {_ORDER_TYPES[order.order_type]}")
    if order.is_cod:
        yield Reason("cash_on_delivery", "the carrier collects the money for TikTok Shop: imported as paid")
