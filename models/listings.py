"""What TikTok Shop was last confirmed to show, what it should show, and the changes between the two."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, UniqueConstraint

from models.columns import Moment, choice, json_field, later, moment


class ListingStatus(StrEnum):
    """The merchant's words for where a product stands on TikTok Shop (G2)."""

    NOT_READY = "not_ready"
    NOT_UPLOADED = "not_uploaded"
    PROCESSING = "processing"
    LIVE = "live"
    INACTIVE = "inactive"
    REJECTED = "rejected"
    ERROR = "error"


class Assignment(SQLModel, table=True):
    """A product, the template it falls to, and what follows from that (F12, G13)."""

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    id_product: int = Field(primary_key=True)
    template_id: int | None = Field(default=None, index=True)
    # Hash of everything the decision was made from; unchanged inputs are not worked out again.
    inputs_hash: str = Field(default="", max_length=32)
    # Hash of the listing content that should be live (G12).
    content_hash: str = Field(default="", max_length=32)
    # [{"code", "text", "fix"}]: why it is not ready; empty when it is.
    findings: list[dict[str, str]] = json_field(list)
    reasons: list[dict[str, str]] = json_field(list)
    decided_at: datetime = moment(nullable=False)


class Listing(SQLModel, table=True):
    """A product on TikTok Shop, as last confirmed. `content` is what was confirmed to be accepted.

    Listings that the connector did not create are rows too (H1): `id_product` is None while they are not linked, or
    while their SKUs belong to several PrestaShop products.
    """

    __table_args__ = (
        UniqueConstraint("connection_id", "product_id"),
        UniqueConstraint("connection_id", "id_product"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE")
    # TikTok's id
    product_id: str = Field(max_length=40)
    # PrestaShop's id; None while not linked
    id_product: int | None = None
    title: str = ""
    # As TikTok spells them (3.17)
    status: str = Field(default="", max_length=30)
    audit_status: str = Field(default="", max_length=30)
    # [{"code", "text", "fix"}]
    status_reasons: list[dict[str, str]] = json_field(list)
    # Seller Center holds an edit that was not submitted.
    has_draft: bool = Field(default=False, sa_column_kwargs=later("false"))
    # [{"field", "ours", "shown"}]: what somebody changed on TikTok Shop since it was confirmed.
    hand_changes: list[dict[str, str]] = json_field(list, sa_column_kwargs=later("'[]'"))
    image_url: str = Field(default="", max_length=1000, sa_column_kwargs=later("''"))
    content_hash: str = Field(default="", max_length=32)
    content: dict[str, Any] = json_field(dict)
    confirmed_at: Moment = moment()
    status_at: Moment = moment()
    # The platform's own update time, Unix seconds.
    update_time: int = 0

    @property
    def key(self) -> int:
        """The id of a stored listing."""
        if self.id is None:
            raise ValueError("this listing was not stored yet")
        return self.id


class ListingSku(SQLModel, table=True):
    """A SKU on TikTok Shop, as last confirmed, and the PrestaShop variant it is linked to."""

    __tablename__ = "listing_sku"
    __table_args__ = (
        UniqueConstraint("connection_id", "sku_id"),
        UniqueConstraint("connection_id", "id_product", "id_product_attribute"),
        Index("ix_listing_sku_seller_sku", "connection_id", "seller_sku"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE")
    listing_id: int = Field(foreign_key="listing.id", ondelete="CASCADE", index=True)
    sku_id: str = Field(max_length=40)
    seller_sku: str = Field(default="", max_length=255)
    # GTIN, EAN, UPC or ISBN as TikTok Shop has it.
    barcode: str = Field(default="", max_length=64, sa_column_kwargs=later("''"))
    # The linked variant; both None while not linked.
    id_product: int | None = None
    id_product_attribute: int | None = None
    # What the link was made by: "" the connector's own creation, else "hand", "sku", "gtin" or "title" (H2, H3).
    linked_by: str = Field(default="", max_length=10, sa_column_kwargs=later("''"))
    price: Decimal | None = Field(default=None, max_digits=20, decimal_places=6)
    currency: str = Field(default="", max_length=3)
    # {warehouse id: quantity}
    quantities: dict[str, int] = json_field(dict)
    # The decided quantity that `quantities` was made from; they differ by units committed to open orders (3.20).
    offered: int | None = None
    confirmed_at: Moment = moment()
    # When the stock over there was last known to be `quantities`: by an answer or by reading it back (K4).
    stock_checked_at: Moment = moment()


class Touched(SQLModel, table=True):
    """A product whose price or quantity has to be worked out again, and since when: written in the transaction that
    changes what they are made from, removed in the one that plans. A run that dies in between loses nothing."""

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    id_product: int = Field(primary_key=True)
    why: str = Field(default="", max_length=40)
    since: datetime = moment(nullable=False)
    # When the first of what it was touched for was noticed; `since` moves with the last.
    noticed_at: Moment = moment()


class ChangeKind(StrEnum):
    """What a change does on the other side."""

    CREATE = "create"
    EDIT = "edit"
    PRICE = "price"
    STOCK = "stock"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    DELETE = "delete"
    RECOVER = "recover"
    IMPORT = "import"
    SHIP = "ship"
    CANCEL = "cancel"
    # A buyer's request for cancellation is approved or rejected.
    ANSWER = "answer"
    # A PrestaShop order gets another status.
    STATE = "state"


class ChangeState(StrEnum):
    """planned → sent → confirmed, or parked (needs a person) or superseded (a newer one took its place)."""

    PLANNED = "planned"
    SENT = "sent"
    CONFIRMED = "confirmed"
    PARKED = "parked"
    SUPERSEDED = "superseded"


class RunOutcome(StrEnum):
    """How a run ended. PARTLY: something of it was parked or failed; FAILED: it did not come to its end."""

    COMPLETED = "completed"
    PARTLY = "partly"
    FAILED = "failed"


class Plan(SQLModel, table=True):
    """A run on one connection, and the changes it worked out, to be applied at once or later (K1)."""

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE")
    flow: str = Field(max_length=40)
    parameters: dict[str, Any] = json_field(dict)
    dry_run: bool = False
    # What its run needed exclusively, and how that run ended; None while it is at work.
    turn: str = Field(default="", max_length=20, sa_column_kwargs=later("''"))
    outcome: RunOutcome | None = choice(RunOutcome, default=None)
    created_at: datetime = moment(nullable=False)
    ended_at: Moment = moment(index=True)

    @property
    def key(self) -> int:
        """The id of a stored plan."""
        if self.id is None:
            raise ValueError("this plan was not stored yet")
        return self.id


class Change(SQLModel, table=True):
    """One difference between what TikTok Shop shows and what it should show."""

    __table_args__ = (
        # Of one kind and object at most one change is open: a newer one supersedes it or waits for its outcome.
        Index(
            "one_open_change",
            "connection_id",
            "kind",
            "object",
            unique=True,
            sqlite_where=text("state IN ('planned', 'sent')"),
            postgresql_where=text("state IN ('planned', 'sent')"),
        ),
        Index("ix_change_state", "connection_id", "state", "kind"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE")
    plan_id: int = Field(foreign_key="plan.id", ondelete="CASCADE", index=True)
    kind: ChangeKind = choice(ChangeKind)
    # "product:42" (PrestaShop's id), "listing:7" (our row: prices and stock of all its SKUs), "order:…"
    object: str = Field(max_length=80)
    id_product: int | None = Field(default=None, index=True)
    before: dict[str, Any] = json_field(dict)
    after: dict[str, Any] = json_field(dict)
    # [{"code", "text"}]
    reasons: list[dict[str, str]] = json_field(list)
    state: ChangeState = choice(ChangeState, default=ChangeState.PLANNED)
    # Stays the same over every attempt of this change.
    idempotency_key: str = Field(default="", max_length=128)
    attempts: int = 0
    code: str = Field(default="", max_length=40)
    cause: str = ""
    fix: str = ""
    request_id: str = Field(default="", max_length=64)
    # When what a price or stock follows from was seen to have changed, which is before it was planned.
    noticed_at: Moment = moment()
    created_at: datetime = moment(nullable=False)
    sent_at: Moment = moment()
    # Not sent before: a lock, a review or a refusal that passes by itself is waited out.
    not_before: Moment = moment()
    finished_at: Moment = moment()

    @property
    def key(self) -> int:
        """The id of a stored change."""
        if self.id is None:
            raise ValueError("this change was not stored yet")
        return self.id
