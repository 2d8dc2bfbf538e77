"""Whether PrestaShop made an order as it was meant: the answer of its creation only echoes the request (4.1, 4.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from rules.order_rows import VariantKey

# A cent either way is put right by the status alone (4.5).
_CENT: Final = Decimal("0.01")
_RULES: Final = (
    "Look in PrestaShop for cart rules without a code, free-shipping limits or group discounts that meet the order; "
    "switch them off for its customer group, then try it again."
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the order has to be."""

    total: Decimal
    rows: Mapping[VariantKey, int]
    id_customer: int
    id_address: int
    id_carrier: int
    error_state: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as meant; `repairable`: by a change of status."""

    code: str
    text: str
    fix: str
    repairable: bool = False


def check_created(
    order: Mapping[str, Any], carriers: Sequence[Mapping[str, Any]], expected: Expected
) -> list[Difference]:
    """Compare a PrestaShop order as read (`display=full`) with what was meant.

    Args:
        order: the record of the order.
        carriers: its rows of order_carriers.
        expected: what was meant.
    """
    found: list[Difference] = []
    total = Decimal(order["total_paid"])
    apart = abs(total - expected.total)
    if apart > _CENT:
        found.append(Difference("total_differs", f"its total is {total} instead of {expected.total}", _RULES))
    elif order["current_state"] == expected.error_state or apart:
        text = f"its total is {total} instead of {expected.total}" if apart else "it is among the payment errors"
        found.append(
            Difference("payment_error", text, _RULES, repairable=order["current_state"] == expected.error_state)
        )
    rows: Counter[VariantKey] = Counter()
    for row in order.get("associations", {}).get("order_rows", ()):
        rows[row["product_id"], row["product_attribute_id"]] += row["product_quantity"]
    if dict(rows) != dict(expected.rows):
        found.append(
            Difference(
                "lines_differ",
                f"it has {sum(rows.values())} pieces in {len(rows)} lines instead of "
                f"{sum(expected.rows.values())} in {len(expected.rows)}",
                "Look at the order's lines in PrestaShop, then try it again.",
            )
        )
    if order["id_carrier"] != expected.id_carrier or not carriers:
        found.append(
            Difference(
                "carrier_differs",
                f"PrestaShop took the carrier {order['id_carrier'] or '(none)'} instead of {expected.id_carrier}",
                "Let the carrier deliver to the buyer's zone and to the customer group of guests, without limits of "
                "weight or price; or choose another one (C2).",
            )
        )
    for name, wanted, what in (
        ("id_address_delivery", expected.id_address, "address"),
        ("id_customer", expected.id_customer, "customer"),
    ):
        if order[name] != wanted:
            found.append(Difference(f"{what}_differs", f"it has another {what} than was sent", "Try it again."))
    return found
