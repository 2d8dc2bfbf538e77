"""What the carrier tells about a parcel: three fields an event, no status (sheet 5.7, 8 items 79 and 80).

Codes 31301, 41001, 40601 and 41801 were seen live, 10101 is the example's, the one of delivery is made up (?).
"""

from typing import Any

from sandbox.tiktok.order_model import HOUR, Order, Package
from sandbox.tiktok.tree import local

SHIPPED, SORTING, OUT_FOR_DELIVERY, FAILED, RETURNED, DELIVERED = 10101, 31301, 41001, 40601, 41801, 50101
TEXTS = {
    SHIPPED: "Your package was shipped by the seller|Commande expédiée par le vendeur",
    SORTING: "Your package is at a sorting centre|Colis remis au transporteur",
    OUT_FOR_DELIVERY: "Your package is out for delivery and will be delivered today|Colis en cours de livraison",
    FAILED: "Your package could not be delivered|Le colis n'a pas pu être livré",
    RETURNED: "Your package can no longer be delivered|Le colis ne peut plus être livré",
    DELIVERED: "Your package has been delivered|Colis livré",
}


def events_of(order: Order, package: Package, language: str) -> list[dict[str, Any]]:
    """A parcel's events, newest last; nothing before it is shipped."""
    if package.shipped_at is None:
        return []
    events = [(package.shipped_at, SHIPPED), *package.events]
    collected, delivered = order.times.get("collection"), order.times.get("delivery")
    if collected is not None and package.status in ("FULFILLING", "COMPLETED"):
        events.append((max(collected, package.shipped_at), SORTING))
    if delivered is not None and package.status == "COMPLETED":
        events += [(max(delivered - 4 * HOUR, package.shipped_at), OUT_FOR_DELIVERY), (delivered, DELIVERED)]
    return [
        {"description": local(TEXTS[code], language), "update_time_millis": moment * 1000, "action_code": code}
        for moment, code in sorted(events)
    ]
