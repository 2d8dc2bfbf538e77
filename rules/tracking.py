"""When an order counts as shipped in PrestaShop, with which numbers, and which call tells TikTok Shop (C8, C9; 5.1)."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum
from typing import Final

from models.settings import OrderSettings
from rules.decision import Decision, Finding, Reason
from rules.market import market

# 5.2: what TikTok Shop takes.
_NUMBER = re.compile(r"[A-Za-z0-9_./-]{4,50}")
_BETWEEN = re.compile(r"[,;\r\n]+")


def shipment_trigger(
    settings: OrderSettings, *, state: int, tracking: Collection[str], passed: Collection[int] = ()
) -> Decision[bool]:
    """Whether the order counts as shipped (C8, C9).

    Args:
        settings: the connection's.
        state: id of the PrestaShop state it is in.
        tracking: what stands in the tracking fields of its parcels.
        passed: ids of the states it has been in: polls may miss one.
    """
    if settings.shipped_trigger == "tracking_number":
        if any(text.strip() for text in tracking):
            return Decision(True, (Reason("has_tracking", "it has a tracking number in PrestaShop (C8)"),))
        return Decision(False, (Reason("no_tracking", "it has no tracking number in PrestaShop yet (C8)"),))
    found = sorted({state, *passed}.intersection(settings.shipped_states))
    if found:
        return Decision(True, (Reason("shipped_state", f"it reached the state {found[0]}, which means shipped (C9)"),))
    return Decision(False, (Reason("no_shipped_state", "it reached none of the states that mean shipped (C9)"),))


def clean_number(text: str) -> str | Finding:
    """One tracking number as TikTok Shop takes it: without spaces, 4 to 50 letters, digits and `- _ . /`."""
    number = re.sub(r"\s+", "", text)
    if _NUMBER.fullmatch(number):
        return number
    return Finding(
        "tracking_invalid",
        f"“{text.strip()}” is no tracking number that TikTok Shop takes.",
        "Correct it in PrestaShop: 4 to 50 letters A–Z, digits, hyphens, underscores, points and slashes.",
    )


def tracking_numbers(text: str) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """The numbers in one tracking field, separated by comma, semicolon or new line; and what is wrong with others."""
    cleaned = [clean_number(part) for part in _BETWEEN.split(text) if part.strip()]
    numbers: dict[str, str] = {}
    for each in cleaned:
        if isinstance(each, str):
            numbers.setdefault(each.casefold(), each)
    return tuple(numbers.values()), tuple(each for each in cleaned if isinstance(each, Finding))


class ShipCall(StrEnum):
    """The call that tells TikTok Shop of a parcel (5.1, 5.4)."""

    # POST orders/{id}/packages, with the units; makes the package.
    MARK_SHIPPED = "mark_shipped"
    # POST packages/{id}/ship, with `self_shipment`.
    SHIP_PACKAGE = "ship_package"
    # POST …/shipping_info/update, of the order or of one of its packages.
    CORRECT = "correct"
    NOTHING = "nothing"


_BY_SELLER: Final = ("", "FULFILLMENT_BY_SELLER")


def ship_call(region: str, shipping_type: str, fulfillment_type: str) -> Decision[ShipCall]:
    """Which call ships an order; NOTHING where the seller does not send a number.

    Args:
        region: of the market, such as "GB".
        shipping_type: the order's: SELLER, TIKTOK, …
        fulfillment_type: the order's.

    Raises:
        UnknownRegion: no market of TikTok Shop.
    """
    if fulfillment_type not in _BY_SELLER:
        text = "TikTok ships it from its own warehouse (K20)"
        return Decision(ShipCall.NOTHING, (Reason("fulfilled_by_tiktok", text),))
    if shipping_type == "TIKTOK":
        text = "TikTok's own shipping: the label is bought in Seller Center and brings its tracking number along"
        return Decision(ShipCall.NOTHING, (Reason("shipped_by_tiktok", text),))
    if shipping_type != "SELLER":
        text = f"the shipping type “{shipping_type}” is not shipped by the seller"
        return Decision(ShipCall.NOTHING, (Reason("not_shipped_by_seller", text),))
    if market(region).mark_shipped:
        return Decision(ShipCall.MARK_SHIPPED, (Reason("mark_shipped", f"{region}: its units are marked as shipped"),))
    return Decision(ShipCall.SHIP_PACKAGE, (Reason("ship_package", f"{region}: its packages are shipped one by one"),))
