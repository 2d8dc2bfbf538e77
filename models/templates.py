"""Category templates and mappings: how PrestaShop's words become TikTok Shop's (F1–F12, E1, C11, C12)."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, UniqueConstraint

from models.columns import Json, choice, json_field, later
from models.settings import Markup


class AttributeGroup(StrEnum):
    """The three groups of a template's attribute mapping (F7)."""

    PRODUCT = "product"
    VARIANT = "variant"
    RECOMMENDED = "recommended"


class AttributeSource(StrEnum):
    """What feeds a TikTok attribute (F7)."""

    FIELD = "field"
    FEATURE = "feature"
    OPTION = "option"
    FIXED = "fixed"


class CategoryTemplate(SQLModel, table=True):
    """One template: which products it takes, which category they get, and the fixed parts of their listings."""

    __tablename__ = "category_template"
    __table_args__ = (
        UniqueConstraint("connection_id", "name"),
        Index(
            "one_default_template",
            "connection_id",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE")
    name: str = Field(min_length=1, max_length=80)
    is_default: bool = False
    # Of several templates whose filters match, the one with the lowest position wins.
    position: int = 0
    # F2; an empty list does not restrict. PrestaShop ids.
    manufacturer_ids: list[int] = json_field(list)
    supplier_ids: list[int] = json_field(list)
    category_ids: list[int] = json_field(list)
    # F4; None: the connection's markup (B4)
    markup: dict[str, Any] | None = Field(default=None, sa_type=Json)
    # F5; "" while not chosen yet
    category_id: str = Field(default="", max_length=40)
    # F7: used where PrestaShop has 0. Kilograms and centimetres.
    package_weight: Decimal | None = Field(default=None, max_digits=20, decimal_places=6)
    package_length: Decimal | None = Field(default=None, max_digits=20, decimal_places=6)
    package_width: Decimal | None = Field(default=None, max_digits=20, decimal_places=6)
    package_height: Decimal | None = Field(default=None, max_digits=20, decimal_places=6)
    cod_allowed: bool = False
    # F8: {"file": path} before, {"uri": …} after upload, or {"template_id": …}
    size_chart: dict[str, str] = json_field(dict)
    # F9: [{"id": certification id, "file": path, "uri"/"file_id": after upload, "expires": "YYYY-MM-DD"}]
    certificates: list[dict[str, str]] = json_field(list)
    manufacturer_gpsr_ids: list[str] = json_field(list)
    responsible_person_ids: list[str] = json_field(list)
    # Counts edits; part of what decides whether a listing has to be worked out again.
    version: int = 1

    @property
    def key(self) -> int:
        """The id of a stored template."""
        if self.id is None:
            raise ValueError("this template was not stored yet")
        return self.id

    def price_markup(self) -> Markup | None:
        """The template's own markup, or None when the connection's applies."""
        return None if self.markup is None else Markup.model_validate(self.markup)


class AttributeMapping(SQLModel, table=True):
    """What feeds one TikTok attribute of a template.

    `source_key`: a product field name, or the name or id of a PrestaShop feature or attribute group.
    `fixed_values`: value ids or free texts, for source "fixed".
    """

    __tablename__ = "attribute_mapping"
    __table_args__ = (UniqueConstraint("template_id", "attribute_id"),)

    id: int | None = Field(default=None, primary_key=True)
    template_id: int = Field(foreign_key="category_template.id", ondelete="CASCADE")
    group: AttributeGroup = choice(AttributeGroup)
    attribute_id: str = Field(max_length=40)
    source: AttributeSource = choice(AttributeSource)
    source_key: str = Field(default="", max_length=255)
    fixed_values: list[str] = json_field(list)
    # Send the PrestaShop text as it is where no value matches and the platform takes free text.
    free_text: bool = True


class ValueMapping(SQLModel, table=True):
    """One entry of a value dictionary: PrestaShop text (any language, compared case-folded) → platform value."""

    __tablename__ = "value_mapping"
    __table_args__ = (UniqueConstraint("mapping_id", "source_value"),)

    id: int | None = Field(default=None, primary_key=True)
    mapping_id: int = Field(foreign_key="attribute_mapping.id", ondelete="CASCADE")
    source_value: str = Field(max_length=255)
    # Either the id of a value of the platform, or a free text.
    value_id: str = Field(default="", max_length=40)
    value_name: str = Field(default="", max_length=2000)


class BrandMapping(SQLModel, table=True):
    """PrestaShop manufacturer (a name, spelling variants each with a row of their own) → TikTok brand (E1)."""

    __tablename__ = "brand_mapping"
    __table_args__ = (UniqueConstraint("connection_id", "manufacturer"),)

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE")
    manufacturer: str = Field(max_length=255)
    # "" sends no brand for this manufacturer.
    brand_id: str = Field(default="", max_length=40)


class CarrierMapping(SQLModel, table=True):
    """PrestaShop carrier (its stable id_reference) → TikTok shipping provider (C11)."""

    __tablename__ = "carrier_mapping"
    __table_args__ = (UniqueConstraint("connection_id", "id_reference", "delivery_option_id"),)

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE")
    id_reference: int
    # "" applies to every delivery option.
    delivery_option_id: str = Field(default="", max_length=40)
    provider_id: str = Field(max_length=40)
    # Ids differ between delivery options; the name finds the provider in the others.
    provider_name: str = Field(default="", max_length=120, sa_column_kwargs=later("''"))


class StatusMapping(SQLModel, table=True):
    """TikTok order status ↔ PrestaShop order state, one row a direction (C12).

    To PrestaShop one state stands for a status; state 0: the status changes nothing. To TikTok Shop the states of
    CANCELLED cancel the order there, for `cancel_reason`.
    """

    __tablename__ = "status_mapping"
    __table_args__ = (UniqueConstraint("connection_id", "direction", "tiktok_status", "id_order_state"),)

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE")
    # "to_prestashop" or "to_tiktok"
    direction: str = Field(max_length=20)
    tiktok_status: str = Field(max_length=40)
    id_order_state: int
    cancel_reason: str = Field(default="", max_length=100, sa_column_kwargs=later("''"))
