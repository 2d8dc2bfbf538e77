"""The status machine of orders and its deadlines as data and pure functions (sheet 4.3, 4.4)."""

from collections.abc import Iterable

from sandbox.tiktok.order_model import DAY, Order, Pace, Unit

# In the order of time; PARTIALLY_SHIPPING is an order's only, never a unit's.
STATUSES = (
    "UNPAID",
    "ON_HOLD",
    "AWAITING_SHIPMENT",
    "PARTIALLY_SHIPPING",
    "AWAITING_COLLECTION",
    "IN_TRANSIT",
    "DELIVERED",
    "COMPLETED",
    "CANCELLED",
)
PACKAGE_STATUS = {
    "UNPAID": "TO_FULFILL",
    "ON_HOLD": "TO_FULFILL",
    "AWAITING_SHIPMENT": "TO_FULFILL",
    "PARTIALLY_SHIPPING": "PROCESSING",
    "AWAITING_COLLECTION": "PROCESSING",
    "IN_TRANSIT": "FULFILLING",
    "DELIVERED": "COMPLETED",
    "COMPLETED": "COMPLETED",
    "CANCELLED": "CANCELLED",
}
# Times that have come when an order reaches a status, also by skipping the ones before.
TIMES = {
    "AWAITING_COLLECTION": ("rts",),
    "IN_TRANSIT": ("rts", "collection"),
    "DELIVERED": ("rts", "collection", "delivery"),
    "COMPLETED": ("rts", "collection", "delivery", "completed"),
    "CANCELLED": ("cancel",),
}


def rank(status: str) -> int:
    return STATUSES.index(status)


def overall(units: Iterable[Unit]) -> str:
    """An order's status from its units': the least advanced one; cancelled units count only when all are."""
    ranks = {rank(unit.status) for unit in units} - {rank("CANCELLED")}
    if not ranks:
        return "CANCELLED"
    low, high = min(ranks), max(ranks)
    if low == rank("AWAITING_SHIPMENT") and high > low:
        return "PARTIALLY_SHIPPING"
    return STATUSES[low]


def hold_end(order: Order, pace: Pace, now: int) -> int:
    """Pre-orders wait for their release, all others for the remorse hour to pass."""
    return max(order.release_date or now + pace.remorse, now)


def deadlines(order: Order, status: str, pace: Pace, now: int) -> None:
    """Write the deadlines that begin to run when units reach `status`."""
    if status == "ON_HOLD":
        _shipping_deadlines(order, pace, hold_end(order, pace, now))
    elif status == "AWAITING_SHIPMENT":
        _shipping_deadlines(order, pace, now)
    elif status == "AWAITING_COLLECTION":
        order.deadlines["collection_due_time"] = now + pace.collect_within


def _shipping_deadlines(order: Order, pace: Pace, ready: int) -> None:
    ship_by = ready + pace.ship_within
    order.deadlines |= {
        "rts_sla_time": ship_by,
        "tts_sla_time": ship_by + DAY,
        "shipping_due_time": ship_by + pace.grace,
        "cancel_order_sla_time": ship_by + pace.grace,
        "delivery_sla_time": ship_by + pace.grace + 2 * DAY,
    }
