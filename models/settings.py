"""What a merchant decides for one connection: a typed document, stored as versions (K15).

Every change is a new version; flows read the newest at their start, so a change takes effect on the next run.
Numbers in brackets are those of the feature list.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Document(BaseModel):
    """Base of every part: unknown names are errors, so that a typing mistake in a file is not silently ignored."""

    # Ids are texts, and both YAML and the command line take a text of digits for a number.
    model_config = ConfigDict(extra="forbid", validate_assignment=True, coerce_numbers_to_str=True)


class MarkupKind(StrEnum):
    """How a markup changes a price (B4)."""

    NONE = "none"
    FIXED_INCREASE = "fixed_increase"
    FIXED_DECREASE = "fixed_decrease"
    PERCENT_INCREASE = "percent_increase"
    PERCENT_DECREASE = "percent_decrease"
    MULTIPLY = "multiply"


class Markup(Document):
    """A markup; `amount` is money in the market's currency, percent, or a factor, by kind."""

    kind: MarkupKind = MarkupKind.NONE
    amount: Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=4)] = Decimal(0)

    @model_validator(mode="after")
    def _keeps_a_price(self) -> Markup:
        if self.kind is MarkupKind.PERCENT_DECREASE and self.amount >= 100:
            raise ValueError("a decrease of 100 % or more leaves no price")
        if self.kind is MarkupKind.MULTIPLY and self.amount == 0:
            raise ValueError("multiplying by 0 leaves no price")
        return self


SkuSource = Literal["reference", "supplier_reference", "ean13", "upc", "mpn", "isbn", "id"]
GtinSource = Literal["ean13", "upc", "isbn", "mpn", "none"]


class ProductSettings(Document):
    """Part B: what is listed and how."""

    delete_item: bool = Field(default=True, description="B1 A product deleted in PrestaShop is deleted on TikTok Shop.")
    inventory_threshold: int = Field(default=0, ge=0, le=99_999, description="B2 At or below it: sold out.")
    chunk_size: int = Field(default=100, ge=50, le=200, description="B3 Objects a scheduled task handles at once.")
    markup: Markup = Field(default_factory=Markup, description="B4 Price markup.")
    language: str = Field(
        default="",
        pattern="^([a-z]{2})?$",
        description="B5 ISO code of the texts sent; empty: the market's language.",
    )
    image_type: str = Field(default="", max_length=64, description="B6 PrestaShop image size; empty: the original.")
    customer_group: int = Field(
        default=0,
        ge=0,
        description="B7 Customer group whose price is used; 0: PrestaShop's own default group.",
    )
    currency: str = Field(
        default="",
        pattern="^([A-Z]{3})?$",
        description="B8 ISO code; must be the market's currency; empty: the market's currency.",
    )
    shop_id: int = Field(default=1, ge=1, description="B9 PrestaShop shop that products are read from.")
    sku_source: SkuSource = Field(default="reference", description="B10 Field that becomes the seller SKU.")
    gtin_source: GtinSource = Field(default="ean13", description="B11 Field that becomes the GTIN.")
    sync_info: bool = Field(default=True, description="B12 Keep product information in step.")
    sync_price: bool = Field(default=True, description="B12 Keep prices in step.")
    sync_stock: bool = Field(default=True, description="B12 Keep stock in step.")
    gtin_exempt: bool = Field(default=False, description="B13 The shop is exempt from GTINs.")
    gtin_exemption_reason: str = Field(default="", max_length=200, description="B13 Why.")
    tax_country: str = Field(
        default="",
        pattern="^([A-Z]{2})?$",
        description="Country whose VAT is in the price; empty: the market.",
    )
    backorder_quantity: int = Field(
        default=0,
        ge=0,
        le=99_999,
        description="Quantity offered for a product that PrestaShop sells without stock; 0: only real stock.",
    )
    price_source: Literal["computed", "shop"] = Field(
        default="computed",
        description="Prices by our own engine, or by asking PrestaShop for each; the auditor switches to shop when "
        "the two disagree.",
    )
    deletion_guard_percent: int = Field(
        default=10,
        ge=1,
        le=100,
        description="A run that would delete or sell out more than this share of the listings asks first.",
    )
    zero_check_hours: int = Field(
        default=4, ge=1, le=168, description="K4 How often sold-out SKUs are read back and set to 0 again."
    )
    consent_to_drop_variants: bool = Field(
        default=False, description="K13 An edit may remove a live SKU that is gone in PrestaShop."
    )

    @model_validator(mode="after")
    def _exemption_has_a_reason(self) -> ProductSettings:
        if self.gtin_exempt and not self.gtin_exemption_reason.strip():
            raise ValueError("gtin_exempt needs gtin_exemption_reason (B13)")
        return self


class OrderSettings(Document):
    """Part C: how orders are created."""

    failure_email: str = Field(default="", max_length=254, description="C1 Told about failed orders.")
    carrier_reference: int = Field(
        default=0,
        ge=0,
        description="C2 id_reference of the carrier; 0: the shop's default if it is free, else its first free one.",
    )
    payment_module: str = Field(default="ps_wirepayment", max_length=64, description="C3 Payment module.")
    payment_label: str = Field(default="TikTok Shop", min_length=1, max_length=255, description="C3 Payment label.")
    force_create: bool = Field(default=False, description="C4 Create without stock or with inactive products.")
    cancel_on_tiktok: bool = Field(default=True, description="C5 A cancellation in PrestaShop cancels on TikTok Shop.")
    cancel_reason: str = Field(
        default="",
        max_length=100,
        description="C5 Reason name sent for a cancellation in PrestaShop; empty: such a cancellation asks a person.",
    )
    use_tiktok_reference: bool = Field(default=False, description="C6 TikTok order id as PrestaShop reference.")
    imported_state: int = Field(default=0, ge=0, description="C7 Status of an imported order; 0: as created.")
    shipped_trigger: Literal["tracking_number", "order_state"] = Field(
        default="tracking_number", description="C8 What tells that an order was shipped."
    )
    shipped_states: list[int] = Field(default_factory=list, description="C9 Statuses that mean shipped.")
    dni: str = Field(default="", max_length=16, description="C10 DNI used where one is required; empty: the order id.")
    customer: Literal["guest", "technical"] = Field(
        default="guest", description="A guest customer for each buyer, or one technical customer for all orders."
    )
    technical_email: str = Field(default="", max_length=254, description="E-mail of the technical customer.")
    email_source: Literal["default", "alias"] = Field(default="alias", description="I3 Buyer's e-mail.")
    default_email: str = Field(
        default="buyerid@tiktok.com",
        max_length=254,
        description="I3 Default e-mail; `buyerid` stands for the buyer's id on TikTok Shop.",
    )
    total: Literal["paid", "restored"] = Field(
        default="paid",
        description="K6 Total of the PrestaShop order: what the buyer paid, or that plus the discounts TikTok funds.",
    )
    marketplace_tax: Literal["exclude", "include"] = Field(
        default="exclude",
        description="K6 Tax that TikTok collects on top and pays itself (US): left out of the PrestaShop order, or in.",
    )
    shipping: Literal["product", "not_booked"] = Field(
        default="product",
        description="K6 What the buyer paid for shipping and fees: a line of the fee product, or left out.",
    )
    fee_product: str = Field(
        default="SHIP-TIKTOK",
        max_length=64,
        description="K6 Reference of the hidden product that stands for shipping and fees.",
    )
    tiktok_fulfilled: Literal["ignore", "import"] = Field(
        default="ignore",
        description="K20 Orders fulfilled by TikTok: left out, or imported with their stock put back.",
    )
    tiktok_status_to_prestashop: bool = Field(
        default=True, description="I11 Statuses of TikTok Shop reach PrestaShop by the mapping C12."
    )
    mail_customers: bool = Field(default=False, description="I11 PrestaShop mails buyers at status changes.")
    buyer_cancellations: Literal["ask", "approve", "approve_unshipped"] = Field(
        default="approve_unshipped",
        description="I12 Buyers' cancellation requests: ask a person, approve all, or approve those not yet shipped.",
    )
    ship_by_hours: int = Field(
        default=12, ge=1, le=168, description="K11 Hours before its shipping deadline an unshipped order is reported."
    )
    overlap_minutes: int = Field(
        default=5, ge=1, le=120, description="How far each search for orders reaches back over the one before."
    )

    @model_validator(mode="after")
    def _trigger_has_states(self) -> OrderSettings:
        if self.shipped_trigger == "order_state" and not self.shipped_states:
            raise ValueError("shipped_trigger order_state needs shipped_states (C9)")
        if self.customer == "technical" and not self.technical_email:
            raise ValueError("customer technical needs technical_email")
        return self

    @field_validator("failure_email", "default_email", "technical_email")
    @classmethod
    def _looks_like_an_address(cls, value: str) -> str:
        if value and ("@" not in value or " " in value):
            raise ValueError("is not an e-mail address")
        return value


class ScheduleSettings(Document):
    """Part D: seconds between scheduled runs; 0 switches a schedule off."""

    taxonomy_refresh: int = Field(default=24 * 3600, ge=0)
    catalog_upload: int = Field(default=3600, ge=0)
    price_stock_sync: int = Field(default=60, ge=0)
    status_sync: int = Field(default=600, ge=0)
    catalog_link: int = Field(default=0, ge=0)
    order_import: int = Field(default=120, ge=0)
    shipment_push: int = Field(default=300, ge=0)
    cancellation_sync: int = Field(default=300, ge=0)
    order_status_sync: int = Field(default=600, ge=0)
    order_audit: int = Field(default=24 * 3600, ge=0)
    order_watch: int = Field(default=900, ge=0)
    doctor: int = Field(default=24 * 3600, ge=0)
    authorization_watch: int = Field(default=3600, ge=0)


class ConnectionSettings(Document):
    """The whole document of one connection."""

    products: ProductSettings = Field(default_factory=ProductSettings)
    orders: OrderSettings = Field(default_factory=OrderSettings)
    schedules: ScheduleSettings = Field(default_factory=ScheduleSettings)
    sales_warehouse_id: str = Field(default="", description="A4 TikTok warehouse to sync with; empty: the default one.")
    retention_days: int = Field(default=180, ge=1, le=3650, description="K18 How long buyer data is kept.")
    back_office_url: str = Field(
        default="",
        max_length=500,
        pattern=r"^(https?://\S+)?$",
        description="Address of PrestaShop's back office, its folder included; makes links to orders in mails.",
    )
