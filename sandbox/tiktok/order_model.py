"""What an order, its units, its requests for cancellation and its returns are (sheet sections 4 and 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(slots=True)
class Unit:
    """One ordered unit: `line_items[]` has no quantity (sheet 4.6). Amounts in the order's currency."""

    id: str
    product_id: str
    sku_id: str
    product_name: str
    sku_name: str
    seller_sku: str
    warehouse_id: str
    original_price: Decimal
    seller_discount: Decimal = Decimal(0)
    platform_discount: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    tax_rate: Decimal = Decimal(0)
    status: str = "UNPAID"
    package_id: str = ""
    is_gift: bool = False
    # Parts of a bundle: (sku id, pieces a unit, product id, seller SKU)
    parts: tuple[tuple[str, int, str, str], ...] = ()
    cancel_user: str = ""
    cancel_reason: str = ""
    rts_time: int | None = None

    @property
    def sale_price(self) -> Decimal:
        return self.original_price - self.seller_discount - self.platform_discount


@dataclass(slots=True)
class Package:
    """A parcel; `status` TO_FULFILL PROCESSING FULFILLING COMPLETED CANCELLED (sheet 5.5)."""

    id: str
    unit_ids: list[str]
    status: str = "TO_FULFILL"
    tracking_number: str = ""
    provider_id: str = ""
    provider_name: str = ""
    shipped_at: int | None = None
    # Corrections made to the tracking number (sheet 5.4).
    changes: int = 0
    created_at: int = 0
    updated_at: int = 0
    split: bool = False


@dataclass(slots=True)
class Order:
    """One order as the platform keeps it. `payment` and `recipient` hold the clear truth; views mask."""

    id: str
    user_id: str
    currency: str
    units: list[Unit]
    payment: dict[str, Decimal]
    recipient: dict[str, Any]
    status: str = "UNPAID"
    order_type: str = "NORMAL"
    shipping_type: str = "SELLER"
    fulfillment_type: str = "FULFILLMENT_BY_SELLER"
    delivery_option_id: str = ""
    delivery_option_name: str = ""
    warehouse_id: str = ""
    buyer_email: str = ""
    buyer_nickname: str = ""
    buyer_message: str = ""
    payment_method_name: str = "Credit/debit card"
    is_cod: bool = False
    is_sample: bool = False
    # Id of the order that this one replaces, or exchanges goods of.
    replaces: str = ""
    exchanges: str = ""
    create_time: int = 0
    update_time: int = 0
    # Moments that have come: paid, rts, collection, delivery, completed, cancel, request_cancel, …
    times: dict[str, int] = field(default_factory=dict)
    # What time alone will do next: (Unix seconds, status).
    due: list[tuple[int, str]] = field(default_factory=list)
    packages: dict[str, Package] = field(default_factory=dict)
    cancellation_initiator: str = ""
    cancel_reason: str = ""
    address_updated: bool = False
    # External references (sheet 4.9): platform → id
    external: dict[str, str] = field(default_factory=dict)

    def unit(self, unit_id: str) -> Unit:
        return next(unit for unit in self.units if unit.id == unit_id)


@dataclass(slots=True)
class Cancellation:
    """A cancellation, asked for by the buyer or made by the seller (sheet 4.10, 4.11)."""

    id: str
    order_id: str
    type: str
    role: str
    status: str
    reason: str
    reason_text: str
    # (id of the cancelled line, unit id)
    lines: list[tuple[str, str]]
    create_time: int
    update_time: int
    # When an unanswered request grants itself.
    deadline: int | None = None
    refund_at: int | None = None
    reject_reason: str = ""
    answer_key: str = ""
    replenish: bool = True


@dataclass(slots=True)
class Return:
    """A return or refund after shipping (sheet 4.12)."""

    id: str
    order_id: str
    type: str
    status: str
    role: str
    reason: str
    reason_text: str
    unit_ids: list[str]
    refund: Decimal
    create_time: int
    update_time: int
    tracking_number: str = ""
