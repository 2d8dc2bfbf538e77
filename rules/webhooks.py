"""What a message of TikTok Shop is about, whether it is genuine, and what follows from it (J2; tiktok-shop-api.md 6).

Messages hold identifiers; what became of the objects is read by the flow that follows. So neither the order in which
they come nor how often matters.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import orjson

from rules.tiktok_order import AWAITING_SHIPMENT, ON_HOLD, UNPAID

_LONGEST_ID: Final = 40
# A package holds few orders; what lists more than this is no message of TikTok Shop's.
_MOST_OBJECTS: Final = 500

_ORDERS: Final = frozenset({1, 3, 4})
_AFTER_SALES: Final = frozenset({2, 11, 12})
_PRODUCTS: Final = frozenset({5, 15, 16, 18, 37})
_DEAUTHORIZED: Final = 6
_EXPIRES: Final = 7
# As messages spell it, and as orders do.
_CANCELLED: Final = frozenset({"CANCEL", "CANCELLED"})
# Until it can be shipped an order is imported, from then on its status is followed. "" is told of other things.
_TO_IMPORT: Final = frozenset({"", UNPAID, ON_HOLD, AWAITING_SHIPMENT})


class Step(StrEnum):
    """What can follow; the first four are names of flows."""

    ORDERS = "order_import"
    ORDER_STATUSES = "order_status_sync"
    CANCELLATIONS = "cancellation_sync"
    STATUSES = "status_sync"
    DEAUTHORIZE = "deauthorize"
    NOTE_EXPIRY = "note_expiry"


FLOWS: Final = frozenset({Step.ORDERS, Step.ORDER_STATUSES, Step.CANCELLATIONS, Step.STATUSES})


@dataclass(frozen=True, slots=True)
class Message:
    """A message as far as it matters.

    Attributes:
        type: TikTok's number of the kind (6.4).
        id: of the message; the same for every repeat.
        shop_id: whose.
        sent: Unix seconds; 0 when it does not say.
        objects: ids of the orders or products.
        status: of the order, or the end of the authorization in Unix seconds.
    """

    type: int
    id: str
    shop_id: str
    sent: int
    objects: tuple[str, ...]
    status: str


def signature(app_key: str, app_secret: str, body: bytes) -> str:
    """What the header `Authorization` of a genuine message holds (6.3)."""
    return hmac.new(app_secret.encode(), app_key.encode() + body, hashlib.sha256).hexdigest()


def is_genuine(header: str, app_key: str, app_secret: str, body: bytes) -> bool:
    """Whether the body was signed with this app's secret; takes equally long either way."""
    return hmac.compare_digest(header.strip().encode(), signature(app_key, app_secret, body).encode())


def read_message(body: bytes) -> Message:
    """The message in a body.

    Raises:
        ValueError: it is no JSON object with a type and a shop.
    """
    document = orjson.loads(body)
    if not isinstance(document, dict):
        raise ValueError("the body is no JSON object")
    kind, shop_id = document.get("type"), _id(document.get("shop_id"))
    if isinstance(kind, str) and kind.isdecimal() and len(kind) < _LONGEST_ID:
        kind = int(kind)
    # The number has to fit its column.
    if isinstance(kind, bool) or not isinstance(kind, int) or not 0 <= kind < 2**31 or not shop_id:
        raise ValueError("the body has no type or no shop_id")
    data = document.get("data")
    data = data if isinstance(data, dict) else {}
    sent = document.get("timestamp")
    return Message(
        type=kind,
        id=_id(document.get("tts_notification_id")) or f"hash:{hashlib.blake2b(body, digest_size=16).hexdigest()}",
        shop_id=shop_id,
        sent=sent if isinstance(sent, int) else 0,
        objects=_objects(kind, data),
        status=str(data.get("expiration_time" if kind == _EXPIRES else "order_status") or "")[:60],
    )


def steps(kind: int, objects: tuple[str, ...], status: str) -> tuple[Step, ...]:
    """What follows from a message; nothing for kinds that are unknown or of no interest here."""
    if kind in _ORDERS and objects:
        if status in _CANCELLED:
            return (Step.ORDERS, Step.CANCELLATIONS)
        return (Step.ORDERS,) if status in _TO_IMPORT else (Step.ORDER_STATUSES,)
    if kind in _AFTER_SALES:
        return (Step.CANCELLATIONS,)
    if kind in _PRODUCTS and objects:
        return (Step.STATUSES,)
    if kind == _DEAUTHORIZED:
        return (Step.DEAUTHORIZE,)
    if kind == _EXPIRES and expiry(status) is not None:
        return (Step.NOTE_EXPIRY,)
    return ()


def expiry(status: str) -> datetime | None:
    """The end of an authorization that a message of type 7 tells; None when it tells none."""
    return moment_of(status)


def moment_of(seconds: str | int) -> datetime | None:
    """A moment that a message gives in Unix seconds; None when it is none, as 0 is."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC) if int(seconds) else None
    except (ValueError, OverflowError, OSError):
        return None


def _objects(kind: int, data: Mapping[str, Any]) -> tuple[str, ...]:
    if kind in _PRODUCTS:
        found = [data.get("product_id")]
    else:
        found = [data.get("order_id")]
        packages = data.get("package_list")
        for package in packages if isinstance(packages, list) else []:
            orders = package.get("order_id_list") if isinstance(package, dict) else None
            found += orders if isinstance(orders, list) else []
    ids = dict.fromkeys(known for known in map(_id, found) if known)
    return tuple(ids)[:_MOST_OBJECTS]


def _id(value: Any) -> str:
    """An id as text; messages write them as texts or as numbers. "" when it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return ""
    known = str(value).strip()
    return known if len(known) <= _LONGEST_ID and known.isascii() and known.isprintable() else ""
