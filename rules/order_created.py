"""Whether PrestaShop made an order as it was meant: the answer of its creation only echoes the request.

Sources: prestashop-webservice.md 4.1 (points 2 and 5), 4.5; recordings 097, 104, 114. An order whose total differs from
what was posted is made nevertheless, among the payment errors, without a word in the answer (103, 104).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from rules.order_lines import VariantKey

# A cent either way is put right by the status alone (4.5).
_CENT: Final = Decimal("0.01")
_RULES: Final = (
    "Look in PrestaShop for cart rules without a code, free-shipping limits or group discounts that meet the order; "
    "switch them off for its customer group, then try it again."
)
_LINES: Final = "Look at the order's lines in PrestaShop, then try it again."


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """One row; `unit_incl`: a piece with tax, as predicted (`PricedRow.unit_incl`), None: not looked at."""

    variant: VariantKey
    quantity: int
    unit_incl: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What the order has to be.

    `id_carrier` is 0 for goods that are not shipped, `error_state` is PS_OS_ERROR. `is_repaired`: it was among the
    payment errors and has been given, or was about to be given, the status that puts a cent right.
    """

    total: Decimal
    rows: tuple[ExpectedRow, ...]
    id_customer: int
    id_address: int
    id_carrier: int
    error_state: int
    is_repaired: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as meant; `repairable`: by a change of status, else the order is parked."""

    code: str
    text: str
    fix: str
    repairable: bool = False


def check_created(
    order_row: Mapping[str, Any],
    order_rows: Sequence[Mapping[str, Any]],
    order_carriers: Sequence[Mapping[str, Any]],
    expected: Expected,
) -> list[Difference]:
    """Compare an order as read from PrestaShop with what was meant; nothing if it is right.

    Args:
        order_row: the record of `orders` (`display=full`).
        order_rows: its rows: `associations.order_rows` of it, or its records of `order_details`.
        order_carriers: its records of `order_carriers`.
        expected: what was meant.
    """
    return [
        *_total(order_row, expected),
        *_lines(order_rows, expected),
        *_carrier(order_row, order_carriers, expected),
        *_people(order_row, expected),
    ]


def _total(order: Mapping[str, Any], expected: Expected) -> Iterator[Difference]:
    in_error = order["current_state"] == expected.error_state
    totals = [order["total_paid"], order["total_paid_tax_incl"]]
    apart = [total for total in totals if total != expected.total]
    is_close = all(abs(total - expected.total) <= _CENT for total in apart)
    if is_close and expected.is_repaired and not in_error:
        return
    repairable = is_close and in_error
    if apart:
        text = f"its total is {apart[0]:f} instead of {expected.total:f}"
        yield Difference("total_differs", text, _RULES, repairable)
    if in_error:
        text = "PrestaShop put it among the payment errors: its total is not what was sent"
        yield Difference("payment_error", text, _RULES, repairable)


def _lines(rows: Sequence[Mapping[str, Any]], expected: Expected) -> Iterator[Difference]:
    wanted = {row.variant: row for row in expected.rows}
    found: dict[VariantKey, int] = {}
    for row in rows:
        variant = (row["product_id"], row["product_attribute_id"])
        found[variant] = found.get(variant, 0) + row["product_quantity"]
        meant = wanted.get(variant)
        if meant is None or meant.unit_incl is None:
            continue
        price = row["unit_price_tax_incl"]
        # Less than half a cent apart is how a shop keeps it; the total is compared to the cent anyway.
        if abs(price - meant.unit_incl) * 2 >= _CENT:
            text = f"a piece of {_named(variant)} costs {price:f} instead of {meant.unit_incl:f}"
            yield Difference("price_differs", text, _RULES)
    for variant in sorted(found.keys() | wanted.keys()):
        quantity = wanted[variant].quantity if variant in wanted else 0
        if found.get(variant, 0) != quantity:
            text = f"it has {found.get(variant, 0)} of {_named(variant)} instead of {quantity}"
            yield Difference("lines_differ", text, _LINES)


def _carrier(
    order: Mapping[str, Any], carriers: Sequence[Mapping[str, Any]], expected: Expected
) -> Iterator[Difference]:
    taken = {order["id_carrier"], *(row["id_carrier"] for row in carriers)}
    # An order of virtual products alone has neither a carrier nor a parcel (4.1, point 2).
    if taken == {expected.id_carrier} and bool(carriers) == bool(expected.id_carrier):
        return
    others = sorted(taken - {expected.id_carrier, 0})
    text = f"PrestaShop took the carrier {others[0] if others else '(none)'} instead of {expected.id_carrier}"
    yield Difference(
        "carrier_differs",
        text,
        "Let the carrier deliver to the buyer's zone and to the customer group of guests, without limits of weight or "
        "price; or choose another one (C2).",
    )


def _people(order: Mapping[str, Any], expected: Expected) -> Iterator[Difference]:
    for name, wanted, what in (
        ("id_address_delivery", expected.id_address, "address"),
        ("id_customer", expected.id_customer, "customer"),
    ):
        if order[name] != wanted:
            text = f"it has the {what} {order[name]} instead of {wanted}"
            yield Difference(f"{what}_differs", text, "Try it again.")


def _named(variant: VariantKey) -> str:
    id_product, id_product_attribute = variant
    return f"product {id_product}" + (f", variant {id_product_attribute}" if id_product_attribute else "")
