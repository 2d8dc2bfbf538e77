"""What hides the buyer from the seller, and how the hidden looks (sheet 4.7)."""

from typing import Any

from sandbox.tiktok.markets import SEA
from sandbox.tiktok.order_model import DAY, Order

# The remorse hour and before: the address is not complete, district_info is missing.
INCOMPLETE = frozenset({"UNPAID", "ON_HOLD"})
KEPT_AFTER_COMPLETION = 30 * DAY
_READABLE_LEVELS = ("L0", "L1", "L2")


def is_masked(order: Order, region: str, now: int, *, masks_tiktok_shipping: bool) -> bool:
    """Whether the seller may not see who gets it."""
    if order.status in INCOMPLETE or order.status == "CANCELLED":
        return True
    if order.shipping_type == "TIKTOK" and (region in SEA or masks_tiktok_shipping):
        return True
    completed = order.times.get("completed")
    return completed is not None and now >= completed + KEPT_AFTER_COMPLETION


def masked(recipient: dict[str, Any]) -> dict[str, Any]:
    """The recipient as captured from masked orders: upper districts readable, the rest starred."""
    districts = recipient["district_info"]
    shown = [row["address_name"] for row in districts if row["address_level"] in _READABLE_LEVELS]
    street = _mask_street(recipient["address_detail"])
    return {
        **recipient,
        "name": mask_name(recipient["name"]),
        "first_name": "",
        "last_name": "",
        "first_name_local_script": "",
        "last_name_local_script": "",
        "phone_number": mask_phone(recipient["phone_number"]),
        "postal_code": mask_postal_code(recipient["postal_code"]),
        "full_address": f"{', '.join(shown)},{street}",
        "address_detail": street,
        **{f"address_line{i}": _mask_street(recipient[f"address_line{i}"]) for i in range(1, 5)},
        "district_info": [
            row
            if row["address_level"] in _READABLE_LEVELS
            else {**row, "address_name": _mask_district(row["address_name"])}
            for row in districts
        ],
        "delivery_preferences": {"drop_off_location": ""},
    }


def mask_name(name: str) -> str:
    """`J*** E***e`: the last word keeps its end, too."""
    words = name.split()
    if not words:
        return ""
    return " ".join([*(f"{word[0]}***" for word in words[:-1]), f"{words[-1][0]}***{words[-1][-1]}"])


def mask_phone(phone: str) -> str:
    """`(+60)129*****78`"""
    code, bracket, number = phone.rpartition(")")
    if len(number) <= 5:
        return f"{code}{bracket}{'*' * len(number)}"
    return f"{code}{bracket}{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}"


def mask_postal_code(code: str) -> str:
    """`50***`"""
    return code[:2] + "*" * (len(code) - 2)


def _mask_street(text: str) -> str:
    """`JA**********`"""
    return text[:2].upper() + "*" * 10 if text else ""


def _mask_district(name: str) -> str:
    """`Se*******`"""
    return name[:2] + "*" * 7 if name else ""
