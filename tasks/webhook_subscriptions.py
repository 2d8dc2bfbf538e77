"""Which events a shop tells to which address: listed, set, and taken back (J2; tiktok-shop-api.md section 6.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pydantic import BaseModel

from clients.errors import Rejected
from tasks.shops import open_shops

# The events something follows from. New products are left out: the connector makes them itself.
EVENT_TYPES: Final = (
    "ORDER_STATUS_CHANGE",
    "RECIPIENT_ADDRESS_UPDATE",
    "PACKAGE_UPDATE",
    "CANCELLATION_STATUS_CHANGE",
    "RETURN_STATUS_CHANGE",
    "PRODUCT_STATUS_CHANGE",
    "PRODUCT_AUDIT_STATUS_CHANGE",
    "PRODUCT_INFORMATION_CHANGE",
    "PRODUCT_CATEGORY_CHANGE",
    "SELLER_DEAUTHORIZATION",
    "UPCOMING_AUTHORIZATION_EXPIRATION",
)


class Subscription(BaseModel):
    """One event of the shop.

    Attributes:
        event_type: TikTok Shop's name of it.
        address: where it is told; "" for nowhere.
        used: the connector acts upon it.
        refusal: why it could not be changed as wished; "" when nothing was refused.
    """

    event_type: str
    address: str = ""
    used: bool = True
    refusal: str = ""


def list_subscriptions(connection_id: int) -> list[Subscription]:
    """The events the connector acts upon, told or not, and after them any others that the shop tells."""
    told = {
        str(row["event_type"]): str(row.get("address") or "") for row in open_shops(connection_id).tiktok.webhooks()
    }
    names = [*EVENT_TYPES, *sorted(told.keys() - set(EVENT_TYPES))]
    return [Subscription(event_type=name, address=told.get(name, ""), used=name in EVENT_TYPES) for name in names]


def subscribe_all(connection_id: int, address: str) -> list[Subscription]:
    """Have every event the connector acts upon told to the address; those told there already are left alone.

    An event that TikTok Shop refuses does not keep it from the others.
    """
    client = open_shops(connection_id).tiktok

    def change(one: Subscription) -> str:
        if one.address != address:
            client.subscribe(one.event_type, address)
        return address

    return [_changed(one, change) for one in list_subscriptions(connection_id) if one.used]


def unsubscribe_all(connection_id: int, address: str = "") -> list[Subscription]:
    """Take back every subscription, or only those to the address; answers what was told until now.

    What another program has subscribed under other events is left alone.
    """
    client = open_shops(connection_id).tiktok

    def change(one: Subscription) -> str:
        client.unsubscribe(one.event_type)
        return ""

    return [
        _changed(one, change)
        for one in list_subscriptions(connection_id)
        if one.used and one.address and address in ("", one.address)
    ]


def _changed(one: Subscription, change: Callable[[Subscription], str]) -> Subscription:
    try:
        return one.model_copy(update={"address": change(one)})
    except Rejected as error:
        return one.model_copy(update={"refusal": f"{error.cause} {error.fix}".strip()})
