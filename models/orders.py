"""Orders of TikTok Shop: how far each has come into PrestaShop, what it consists of, and what became of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel, UniqueConstraint

from models.columns import Moment, choice, json_field, moment, money


class OrderStage(StrEnum):
    """How far an order has come. From READY on a stage names the last thing that is surely in PrestaShop."""

    # Read, and nothing to be done yet: unpaid.
    SEEN = "seen"
    # Paid, the buyer may still cancel freely: its pieces are reserved (K17).
    ON_HOLD = "on_hold"
    READY = "ready"
    CUSTOMER = "customer"
    ADDRESS = "address"
    CART = "cart"
    PRICES = "prices"
    ORDER = "order"
    VERIFIED = "verified"
    IMPORTED = "imported"
    # Left out with a reason: fulfilled by TikTok (K20), deleted from the tool (I9).
    IGNORED = "ignored"
    # Cancelled before it was imported.
    CANCELLED = "cancelled"


UNFINISHED = (
    OrderStage.READY,
    OrderStage.CUSTOMER,
    OrderStage.ADDRESS,
    OrderStage.CART,
    OrderStage.PRICES,
    OrderStage.ORDER,
    OrderStage.VERIFIED,
)
"""Stages of orders that are on their way into PrestaShop."""


class Order(SQLModel, table=True):
    """One order of TikTok Shop. Buyer data stand encrypted in `buyer_secret` only, until retention ends (K18)."""

    __tablename__ = "tiktok_order"
    __table_args__ = (
        UniqueConstraint("connection_id", "order_id"),
        # Whatever happens, one cart makes one order and one order of TikTok Shop is one of PrestaShop.
        UniqueConstraint("connection_id", "id_cart"),
        UniqueConstraint("connection_id", "id_order"),
        Index("ix_order_stage", "connection_id", "stage"),
        Index("ix_order_created", "connection_id", "created_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE")
    # TikTok's id
    order_id: str = Field(max_length=40)
    # As TikTok spells it (4.3)
    status: str = Field(max_length=30)
    stage: OrderStage = choice(OrderStage, default=OrderStage.SEEN)
    # [{"code", "text"}]: why it stands where it does, and how its money and lines were decided (K2).
    reasons: list[dict[str, str]] = json_field(list)
    order_type: str = Field(default="", max_length=30)
    fulfillment_type: str = Field(default="", max_length=60)
    shipping_type: str = Field(default="", max_length=20)
    delivery_option_id: str = Field(default="", max_length=40)
    warehouse_id: str = Field(default="", max_length=40)
    user_id: str = Field(default="", max_length=40)
    buyer_wants_cancel: bool = False
    created_at: datetime = moment(nullable=False)
    # The platform's own update time, Unix seconds.
    update_time: int = 0
    # Latest moment it has to be shipped (K11).
    ship_by: Moment = moment()
    currency: str = Field(default="", max_length=3)
    # What the buyer paid, and what the PrestaShop order has to show (K6).
    total_paid: Decimal = money(default=Decimal(0))
    total_expected: Decimal | None = money(default=None)
    ledger: dict[str, Any] = json_field(dict)
    # {"recipient", "email", "message"} and {address field: value} given by a person, as tokens of the secret box.
    buyer_secret: str = ""
    corrections_secret: str = ""

    # The buyer's address was changed after PrestaShop got it.
    address_changed: bool = False

    # PrestaShop's side: each id is stored before the next thing is made.
    id_customer: int | None = None
    id_address: int | None = None
    id_cart: int | None = None
    id_order: int | None = None
    reference: str = Field(default="", max_length=255)
    # The step whose write may be on its way: found by a later run, PrestaShop is looked at before it is made again.
    sending: str = Field(default="", max_length=20)
    # When PrestaShop made the order and took its pieces out of its stock.
    ordered_at: Moment = moment()
    prestashop_state: int = 0
    prestashop_total: Decimal | None = money(default=None)
    prestashop_at: Moment = moment()
    # [{"id", "carrier", "tracking"}]: rows of order_carriers; `carrier` is the id_reference (C11, I10).
    parcels: list[dict[str, Any]] = json_field(list)

    # Why it waits for a person; "" while it does not (K7).
    parked_code: str = Field(default="", max_length=40)
    parked_cause: str = ""
    parked_fix: str = ""
    parked_request_id: str = Field(default="", max_length=64)
    parked_at: Moment = moment()
    # Tries of the present step without a clear outcome, and when to try it again.
    attempts: int = 0
    not_before: Moment = moment()
    seen_at: datetime = moment(nullable=False)
    imported_at: Moment = moment()

    @property
    def key(self) -> int:
        """The id of a stored order."""
        if self.id is None:
            raise ValueError("this order was not stored yet")
        return self.id

    @property
    def is_parked(self) -> bool:
        """Whether it waits for a person."""
        return bool(self.parked_code)


class OrderLine(SQLModel, table=True):
    """One ordered unit (4.6), and the PrestaShop row it became part of."""

    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("connection_id", "line_id"),
        Index("ix_order_line_sku", "connection_id", "sku_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE")
    order_key: int = Field(foreign_key="tiktok_order.id", ondelete="CASCADE", index=True)
    line_id: str = Field(max_length=40)
    sku_id: str = Field(default="", max_length=40)
    product_id: str = Field(default="", max_length=40)
    seller_sku: str = Field(default="", max_length=255)
    title: str = ""
    variant: str = ""
    status: str = Field(default="", max_length=30)
    original: Decimal = money(default=Decimal(0))
    seller_discount: Decimal = money(default=Decimal(0))
    platform_discount: Decimal = money(default=Decimal(0))
    paid: Decimal = money(default=Decimal(0))
    tax: Decimal = money(default=Decimal(0))
    package_id: str = Field(default="", max_length=40)
    tracking_number: str = Field(default="", max_length=64)
    provider_id: str = Field(default="", max_length=40)
    provider_name: str = Field(default="", max_length=120)
    # Given by a person where the SKU is unknown here (K7), else what the order was imported with.
    id_product: int | None = None
    id_product_attribute: int | None = None


class OrderEvent(SQLModel, table=True):
    """Something that happened to an order, for people (I5)."""

    __tablename__ = "order_event"

    id: int | None = Field(default=None, primary_key=True)
    order_key: int = Field(foreign_key="tiktok_order.id", ondelete="CASCADE", index=True)
    at: datetime = moment(nullable=False)
    text: str


class Buyer(SQLModel, table=True):
    """The guest customer that stands for a buyer in PrestaShop."""

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    # TikTok's id of the buyer; "" is the technical customer of all orders.
    user_id: str = Field(primary_key=True, max_length=40)
    id_customer: int


class AfterSaleKind(StrEnum):
    """What was asked for after the sale (4.11, 4.12)."""

    CANCELLATION = "cancellation"
    RETURN = "return"


class AfterSale(SQLModel, table=True):
    """A cancellation or a return, as TikTok Shop tells it, and what was done about it (I12)."""

    __tablename__ = "after_sale"
    __table_args__ = (UniqueConstraint("connection_id", "kind", "request_id"),)

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE")
    kind: AfterSaleKind = choice(AfterSaleKind)
    # TikTok's cancel_id or return_id
    request_id: str = Field(max_length=40)
    # TikTok's order id
    order_id: str = Field(max_length=40, index=True)
    type: str = Field(default="", max_length=30)
    status: str = Field(default="", max_length=60)
    role: str = Field(default="", max_length=20)
    reason: str = Field(default="", max_length=200)
    # Ids of the order's units; empty: all of them.
    line_ids: list[str] = json_field(list)
    refund: Decimal | None = money(default=None)
    currency: str = Field(default="", max_length=3)
    # When an unanswered request grants itself.
    answer_by: Moment = moment()
    created_at: datetime = moment(nullable=False)
    update_time: int = 0
    # TikTok Shop says that the goods go back into the stock.
    replenish: bool = False
    # "approved" or "rejected", by rule or by a person; "" while open.
    answer: str = Field(default="", max_length=20)
    answered_at: Moment = moment()
    # When what follows from it was done in PrestaShop.
    applied_at: Moment = moment()
    parked_code: str = Field(default="", max_length=40)
    parked_cause: str = ""
    parked_fix: str = ""
    parked_at: Moment = moment()

    @property
    def key(self) -> int:
        """The id of a stored request."""
        if self.id is None:
            raise ValueError("this request was not stored yet")
        return self.id


class Notice(SQLModel, table=True):
    """Something that was told by mail and is not told again (C1, K11)."""

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    # e.g. "order:577…:unknown_sku"
    key: str = Field(primary_key=True, max_length=160)
    told_at: datetime = moment(nullable=False)
