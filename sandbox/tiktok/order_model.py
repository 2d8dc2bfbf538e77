"""What an order, its units, its requests for cancellation and its returns are (sheet sections 4 and 5).

`Item`, `Buyer` and `Charges` are what an order is placed with, `Pace` is how long the platform, carriers and
deadlines take. Orders change through `OrderBook` only, which keeps units, packages, stock, times and indexes in step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

HOUR, DAY = 3600, 86400


@dataclass(frozen=True, slots=True)
class Item:
    """So many units of one SKU in a buyer's cart. A discount is one amount for every unit, or one for each."""

    sku_id: str
    quantity: int = 1
    # The SKU's price on sale when left out
    price: Decimal | None = None
    seller_discount: Decimal | Sequence[Decimal] = Decimal(0)
    platform_discount: Decimal | Sequence[Decimal] = Decimal(0)
    # Tax on top of the price, e.g. 0.0825; US only
    tax_rate: Decimal = Decimal(0)
    # A gift costs nothing; its price is shown as `gift_retail_price`.
    is_gift: bool = False
    # Parts of a bundle, (SKU id, pieces a unit): their stock moves instead of the bundle's own.
    parts: tuple[tuple[str, int], ...] = ()
    # Parts are shown as `combined_listing_skus`, or piece by piece as `sub_item_info`.
    as_sub_items: bool = False


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who orders. The e-mail is the relay's address (sheet 4.4)."""

    user_id: str
    email: str
    nickname: str = ""


@dataclass(frozen=True, slots=True)
class Charges:
    """What is paid besides the goods. `fees` by name of sheet 4.5: small_order_fee, handling_fee, …"""

    shipping: Decimal = Decimal(0)
    seller_discount: Decimal = Decimal(0)
    platform_discount: Decimal = Decimal(0)
    cofunded_discount: Decimal = Decimal(0)
    # Tax on the shipping fee, on top; US only
    tax: Decimal = Decimal(0)
    fees: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(slots=True)
class Pace:
    """Seconds that things take by themselves (sheet 4.3, 4.4); None means never."""

    # An unpaid order is cancelled.
    payment: int | None = HOUR
    # The remorse hour of ON_HOLD
    remorse: int = HOUR
    # From AWAITING_SHIPMENT to `rts_sla_time`, from there to `shipping_due_time`, the automatic cancellation
    ship_within: int = 2 * DAY
    grace: int = 3 * DAY
    # From shipping to the carrier's first scan, and to `collection_due_time`, the cancellation without a scan
    collect: int | None = 6 * HOUR
    collect_within: int = 5 * DAY
    transit: int | None = 2 * DAY
    # From DELIVERED to COMPLETED
    return_window: int | None = 15 * DAY
    # Until TikTok ships what it fulfils itself
    platform_ships: int | None = 6 * HOUR


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
    sku_image: str = ""
    is_gift: bool = False
    gift_retail_price: Decimal = Decimal(0)
    # Where its piece of stock is: NONE was never taken (fulfilled by TikTok), GONE left the house, BACK is on sale.
    stock: Literal["NONE", "COMMITTED", "GONE", "BACK"] = "NONE"
    # Parts of a bundle: (sku id, pieces a unit, product id, seller SKU)
    parts: tuple[tuple[str, int, str, str], ...] = ()
    # Its pieces as `sub_item_info` names them: id, sku_id, product_id, seller_sku, names
    sub_items: tuple[dict[str, str], ...] = ()
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
    # PICKUP or DROP_OFF and the carrier's slot (start, end): TikTok shipping only
    handover_method: str = ""
    pickup_slot: tuple[int, int] | None = None
    # Whether the carrier knows the number: otherwise it is never scanned (sheet 5.2, US)
    scannable: bool = True
    # What the carrier has told besides the ordinary way: (Unix seconds, action code), oldest first
    events: list[tuple[int, int]] = field(default_factory=list)


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
    # Deadlines by their name on the wire: rts_sla_time, tts_sla_time, shipping_due_time, …
    deadlines: dict[str, int] = field(default_factory=dict)
    # Whether time alone moves it on; a `StockOrder` stays as it is until someone ships or cancels it.
    timed: bool = True
    packages: dict[str, Package] = field(default_factory=dict)
    cancellation_initiator: str = ""
    cancel_reason: str = ""
    address_updated: bool = False
    # Whether it went or will go through ON_HOLD
    is_on_hold: bool = True
    is_refundable_sample: bool = False
    # Pre-orders: what they wait for
    release_date: int | None = None
    delivery_type: str = "HOME_DELIVERY"
    seller_note: str = ""
    # Brazil: the buyer's tax id and name
    cpf: str = ""
    cpf_name: str = ""
    # Ids of its cancellations and returns, oldest first
    cancellations: list[str] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)
    # External references (sheet 4.9): platform → {id, platform, line_items[]{id, origin_id}}
    external: dict[str, dict[str, Any]] = field(default_factory=dict)

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
    # Ids of the returned lines, one per unit
    line_ids: list[str] = field(default_factory=list)
    # When an unanswered request, an unsent or an unchecked parcel is decided without anyone.
    deadline: int | None = None
    answer_key: str = ""
    reject_reason: str = ""
    # What the seller offers instead of the whole refund
    partial_refund: Decimal | None = None
    can_buyer_keep_item: bool = False
    provider_id: str = ""
    provider_name: str = ""
