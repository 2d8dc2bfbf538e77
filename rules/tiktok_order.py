"""An order as TikTok Shop tells it, typed (tiktok-shop-api.md 4.3–4.7): what every rule about orders starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Self

Json = Mapping[str, Any]

UNPAID: Final = "UNPAID"
ON_HOLD: Final = "ON_HOLD"
AWAITING_SHIPMENT: Final = "AWAITING_SHIPMENT"
PARTIALLY_SHIPPING: Final = "PARTIALLY_SHIPPING"
AWAITING_COLLECTION: Final = "AWAITING_COLLECTION"
IN_TRANSIT: Final = "IN_TRANSIT"
DELIVERED: Final = "DELIVERED"
COMPLETED: Final = "COMPLETED"
CANCELLED: Final = "CANCELLED"

STATUSES: Final = (
    UNPAID,
    ON_HOLD,
    AWAITING_SHIPMENT,
    PARTIALLY_SHIPPING,
    AWAITING_COLLECTION,
    IN_TRANSIT,
    DELIVERED,
    COMPLETED,
    CANCELLED,
)
"""In the order an order passes through them; polls may skip some (4.3)."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One ordered unit: there is no quantity (4.6). Amounts in the order's currency.

    Attributes:
        paid: `sale_price`: what the buyer pays for it, before tax that comes on top.
        tax: sum of `item_tax`, on top of `paid` (US).
        parts: of a bundle: (seller SKU, sku id, pieces a unit).
    """

    id: str
    sku_id: str
    product_id: str
    seller_sku: str
    title: str
    variant: str
    status: str
    original: Decimal
    seller_discount: Decimal
    platform_discount: Decimal
    paid: Decimal
    tax: Decimal
    is_gift: bool = False
    package_id: str = ""
    tracking_number: str = ""
    provider_id: str = ""
    provider_name: str = ""
    cancel_reason: str = ""
    parts: tuple[tuple[str, str, int], ...] = ()

    @classmethod
    def read(cls, row: Json) -> Self:
        """From a row of `line_items[]`."""
        original, seller, platform = (
            _amount(row, name) for name in ("original_price", "seller_discount", "platform_discount")
        )
        return cls(
            id=_text(row, "id"),
            sku_id=_text(row, "sku_id"),
            product_id=_text(row, "product_id"),
            seller_sku=_text(row, "seller_sku"),
            title=_text(row, "product_name"),
            variant=_text(row, "sku_name"),
            status=_text(row, "display_status"),
            original=original,
            seller_discount=seller,
            platform_discount=platform,
            paid=_amount(row, "sale_price") if row.get("sale_price") else original - seller - platform,
            tax=sum((_amount(tax, "tax_amount") for tax in row.get("item_tax") or ()), Decimal(0)),
            is_gift=bool(row.get("is_gift")),
            package_id=_text(row, "package_id"),
            tracking_number=_text(row, "tracking_number"),
            provider_id=_text(row, "shipping_provider_id"),
            provider_name=_text(row, "shipping_provider_name"),
            cancel_reason=_text(row, "cancel_reason"),
            parts=tuple(
                (_text(part, "seller_sku"), _text(part, "sku_id"), int(part.get("sku_count") or 1))
                for part in row.get("combined_listing_skus") or ()
            ),
        )


@dataclass(frozen=True, slots=True)
class Payment:
    """`payment` of an order (4.5); a missing amount is 0. `fees` is the sum of all extra buyer fees."""

    currency: str
    original_total_product_price: Decimal
    seller_discount: Decimal
    platform_discount: Decimal
    sub_total: Decimal
    original_shipping_fee: Decimal
    shipping_fee_seller_discount: Decimal
    shipping_fee_platform_discount: Decimal
    shipping_fee_cofunded_discount: Decimal
    shipping_fee: Decimal
    tax: Decimal
    product_tax: Decimal
    shipping_fee_tax: Decimal
    payment_platform_discount: Decimal
    total_amount: Decimal
    fees: Decimal = Decimal(0)

    @classmethod
    def read(cls, row: Json) -> Self:
        """From the object `payment`."""
        amounts = {
            field.name: _amount(row, field.name) for field in fields(cls) if field.name not in ("currency", "fees")
        }
        fees = sum((_amount(row, name) for name in FEES), Decimal(0))
        return cls(currency=_text(row, "currency"), fees=fees, **amounts)


FEES: Final = (
    "small_order_fee",
    "retail_delivery_fee",
    "buyer_service_fee",
    "handling_fee",
    "shipping_insurance_fee",
    "item_insurance_fee",
    "item_insurance_tax",
    "distance_shipping_fee",
    "distance_fee",
    "payment_discount_service_fee",
)
"""Extra buyer fees by market (4.5)."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """`recipient_address` (4.7). Any of it may be masked with `*`, or missing before the order is ready.

    `levels`: (level "L0"–"L4", its name such as "province", the place's name, ISO code or "").
    """

    name: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    country: str = ""
    postal_code: str = ""
    post_town: str = ""
    full_address: str = ""
    address_detail: str = ""
    lines: tuple[str, str, str, str] = ("", "", "", "")
    levels: tuple[tuple[str, str, str, str], ...] = ()
    drop_off: str = ""

    @classmethod
    def read(cls, row: Json) -> Self:
        """From the object `recipient_address`, or from what `as_record` made."""
        return cls(
            name=_text(row, "name"),
            first_name=_text(row, "first_name") or _text(row, "first_name_local_script"),
            last_name=_text(row, "last_name") or _text(row, "last_name_local_script"),
            phone=_text(row, "phone_number"),
            country=_text(row, "region_code").upper(),
            postal_code=_text(row, "postal_code"),
            post_town=_text(row, "post_town"),
            full_address=_text(row, "full_address"),
            address_detail=_text(row, "address_detail"),
            lines=(
                _text(row, "address_line1"),
                _text(row, "address_line2"),
                _text(row, "address_line3"),
                _text(row, "address_line4"),
            ),
            levels=tuple(
                (
                    _text(level, "address_level"),
                    _text(level, "address_level_name"),
                    _text(level, "address_name"),
                    _text(level, "iso_code"),
                )
                for level in row.get("district_info") or ()
            ),
            drop_off=_text(row.get("delivery_preferences") or {}, "drop_off_location"),
        )

    @property
    def is_masked(self) -> bool:
        """Whether name, phone or street hide behind stars."""
        return any("*" in text for text in (self.name, self.first_name, self.last_name, *self.lines, self.postal_code))


@dataclass(frozen=True, slots=True)
class TikTokOrder:
    """One order. `moments`: the times that have come or are due, by the platform's names (`paid_time`, …)."""

    id: str
    status: str
    order_type: str
    create_time: datetime
    update_time: int
    user_id: str
    buyer_email: str
    buyer_message: str
    fulfillment_type: str
    shipping_type: str
    delivery_option_id: str
    delivery_option_name: str
    warehouse_id: str
    payment_method: str
    is_cod: bool
    is_sample: bool
    is_replacement: bool
    is_exchange: bool
    source_order_id: str
    buyer_wants_cancel: bool
    address_updated: bool
    cancel_reason: str
    cancelled_by: str
    units: tuple[Unit, ...]
    payment: Payment
    recipient: Recipient
    package_ids: tuple[str, ...]
    moments: Mapping[str, datetime]

    @property
    def by_tiktok(self) -> bool:
        """Fulfilled from TikTok's own warehouses (FBT, K20)."""
        return self.fulfillment_type not in ("", "FULFILLMENT_BY_SELLER")

    @classmethod
    def read(cls, row: Json) -> Self:
        """From a row of `orders[]` of a search or detail answer.

        Raises:
            ValueError: no id, status or creation time: this is no order.
        """
        for name in ("id", "status", "create_time"):
            if not row.get(name):
                raise ValueError(f"the order has no {name}")
        return cls(
            id=_text(row, "id"),
            status=_text(row, "status"),
            order_type=_text(row, "order_type"),
            create_time=_moment(row["create_time"]),
            update_time=int(row.get("update_time") or row["create_time"]),
            user_id=_text(row, "user_id"),
            buyer_email=_text(row, "buyer_email"),
            buyer_message=_text(row, "buyer_message"),
            fulfillment_type=_text(row, "fulfillment_type"),
            shipping_type=_text(row, "shipping_type"),
            delivery_option_id=_text(row, "delivery_option_id"),
            delivery_option_name=_text(row, "delivery_option_name"),
            warehouse_id=_text(row, "warehouse_id"),
            payment_method=_text(row, "payment_method_name"),
            is_cod=bool(row.get("is_cod")),
            is_sample=bool(row.get("is_sample_order")),
            is_replacement=bool(row.get("is_replacement_order")),
            is_exchange=bool(row.get("is_exchange_order")),
            source_order_id=_text(row, "replaced_order_id") or _text(row, "exchange_source_order_id"),
            buyer_wants_cancel=bool(row.get("is_buyer_request_cancel")),
            address_updated=bool(row.get("has_updated_recipient_address")),
            cancel_reason=_text(row, "cancel_reason"),
            cancelled_by=_text(row, "cancellation_initiator"),
            units=tuple(Unit.read(unit) for unit in row.get("line_items") or ()),
            payment=Payment.read(row.get("payment") or {}),
            recipient=Recipient.read(row.get("recipient_address") or {}),
            package_ids=tuple(_text(package, "id") for package in row.get("packages") or ()),
            moments={name: _moment(value) for name, value in row.items() if _is_moment(name, value)},
        )


def read_orders(rows: Sequence[Json]) -> list[TikTokOrder]:
    """All orders of an answer."""
    return [TikTokOrder.read(row) for row in rows]


def _is_moment(name: str, value: object) -> bool:
    return name.endswith("_time") and isinstance(value, int) and value > 0


def _moment(seconds: int | str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _text(row: Json, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _amount(row: Json, name: str) -> Decimal:
    text = _text(row, name)
    try:
        amount = Decimal(text or 0)
    except InvalidOperation:
        raise ValueError(f"{name} is not an amount") from None
    if not amount.is_finite():
        raise ValueError(f"{name} is not an amount")
    return amount
