"""Who may ship what, and with which number (sheet 5.1, 5.2, 5.4, 5.9)."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sandbox.tiktok.errors import ApiError
from sandbox.tiktok.logistics import OPTIONS, carriers
from sandbox.tiktok.order_model import HOUR, Order, Unit

if TYPE_CHECKING:
    from sandbox.tiktok.world import Shop

# Markets whose sellers mark an order as shipped; elsewhere they ship the package that the order has.
MARK_SHIPPED = frozenset({"US", "GB", "ES", "IE", "IT", "DE", "FR", "JP"})
# Markets that split an order by SKU only, not by single units (field notes of the PyPI client).
SPLIT_BY_SKU = frozenset({"BR", "MX", "ID", "MY", "PH", "SG", "TH", "VN"})
CORRECTION_WINDOW = 72 * HOUR
# "One in some markets": which ones is not known (?).
ONE_CORRECTION = frozenset({"ID", "MY", "PH", "SG", "TH", "VN"})
MAX_CORRECTIONS = 3
# So many orders may leave under one number, all to the same person at the same address.
MAX_ORDERS_PER_NUMBER = 20

_NUMBER = re.compile(r"[A-Za-z0-9\-_./]{4,50}")
# What numbers of a carrier look like; carriers not named here take any. Wide on purpose: only plain mistakes fail.
_LOOKS = {
    "UPS": r"1Z[0-9A-Z]{16}",
    "USPS": r"\d{20,34}|[A-Z]{2}\d{9}US",
    "FedEx": r"\d{12}|\d{15}|\d{20,22}",
    "Royal Mail": r"[A-Z]{2}\d{9}[A-Z]{2}|[0-9A-Z]{10,21}",
    "La Poste - Colissimo": r"[0-9A-Z]{2}\d{9,13}[A-Z]{0,2}",
    "DHL Paket": r"[0-9A-Z]{10,39}",
}
# The sheet gives three codes for one meaning: which stands for whose cancellation is invented (?).
_CANCELLED = {"BUYER": 21011010, "SELLER": 21011013}
_SHIPPED = ("AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED")


def carrier_of(shop: "Shop", order: Order, provider_id: str) -> str:
    """The carrier's name; 21011022 when it is none of the order's delivery option."""
    option = next((row for row in OPTIONS if row.id == order.delivery_option_id), None)
    listed = carriers(shop.market) if option and option.type == "SEND_BY_SELLER" else []
    for row in listed:
        if row["id"] == provider_id:
            return row["name"]
    raise ApiError(21011022, "The shipping provider is not one of the order's delivery option")


def check_number(shop: "Shop", order: Order, carrier: str, number: str) -> str:
    """The warning that goes with the number, empty for a good one; 21011022 for one that is not taken.

    In the US a number of another carrier is taken with a warning, and no carrier will ever scan it (sheet 5.2).
    """
    if not _NUMBER.fullmatch(number):
        raise ApiError(21011022, "The tracking number is invalid")
    _check_shared_number(shop, order, number)
    if carrier not in _LOOKS or re.fullmatch(_LOOKS[carrier], number.upper()):
        return ""
    if shop.region != "US":
        raise ApiError(21011022, "The tracking number is not one of this shipping provider's")
    return f"The tracking number does not look like one of {carrier}"


def _check_shared_number(shop: "Shop", order: Order, number: str) -> None:
    others = shop.book.index.numbered(number) - {order.id}
    if len(others) >= MAX_ORDERS_PER_NUMBER:
        raise ApiError(21011022, "The tracking number is on too many orders")
    for other in map(shop.book.get, others):
        if any(other.recipient[key] != order.recipient[key] for key in ("name", "full_address")):
            raise ApiError(21011022, "The tracking number belongs to a parcel to someone else")


def check_fulfiller(order: Order) -> None:
    if order.fulfillment_type != "FULFILLMENT_BY_SELLER":
        raise ApiError(21008025, "The order is fulfilled by the platform")


def check_ready(order: Order, units: Sequence[Unit]) -> None:
    """The units can be shipped now; a buyer's request for cancellation is for the caller."""
    states = {unit.status for unit in units}
    if order.status == "CANCELLED" or "CANCELLED" in states or not units:
        initiator = next((unit.cancel_user for unit in units if unit.cancel_user), order.cancellation_initiator)
        raise ApiError(_CANCELLED.get(initiator, 21011015), "The order is cancelled or about to be")
    if states & {"UNPAID", "ON_HOLD"}:
        raise ApiError(21011044, "The order is on hold")
    if states & set(_SHIPPED):
        raise ApiError(21011006, "The package was already shipped")


def shippable(order: Order) -> list[Unit]:
    """Units that are left to ship; those of a whole that is not to be shipped, to name the reason."""
    left = [unit for unit in order.units if unit.status == "AWAITING_SHIPMENT"]
    return left or [unit for unit in order.units if unit.status != "CANCELLED"]
