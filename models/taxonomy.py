"""What TikTok Shop offers a connection: categories, attributes, rules, brands, warehouses, carriers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from models.columns import Moment, json_field, moment


class Category(SQLModel, table=True):
    """A category of the market's tree (tiktok-shop-api.md 3.1). `path` is the names from the root, joined by ' > '."""

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    id: str = Field(primary_key=True, max_length=40)
    parent_id: str = Field(default="0", max_length=40)
    name: str
    path: str = ""
    is_leaf: bool = False
    permission_statuses: list[str] = json_field(list)
    # Set once the rules and attributes of this category were read.
    details_at: Moment = moment()
    # 3.2, as the platform sends them
    rules: dict[str, Any] = json_field(dict)


class CategoryAttribute(SQLModel, table=True):
    """An attribute of a category (3.3). `values` is [{"id", "name"}, …]."""

    __tablename__ = "category_attribute"

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    category_id: str = Field(primary_key=True, max_length=40)
    id: str = Field(primary_key=True, max_length=40)
    name: str
    # SALES_PROPERTY makes variants, PRODUCT_PROPERTY describes the whole product.
    type: str = Field(max_length=30)
    is_required: bool = False
    is_multiple_selection: bool = False
    is_customizable: bool = False
    value_data_format: str = ""
    values: list[dict[str, str]] = json_field(list)
    requirement_conditions: list[dict[str, str]] = json_field(list)
    position: int = 0


class Brand(SQLModel, table=True):
    """A brand of the platform's list (3.5)."""

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    id: str = Field(primary_key=True, max_length=40)
    name: str
    is_authorized: bool = False
    is_t1: bool = False


class Warehouse(SQLModel, table=True):
    """A warehouse of the TikTok shop (3.8); only sales warehouses may carry inventory."""

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    id: str = Field(primary_key=True, max_length=40)
    name: str = ""
    type: str = Field(default="", max_length=30)
    effect_status: str = Field(default="", max_length=30)
    is_default: bool = False


class DeliveryOption(SQLModel, table=True):
    """A delivery option of a warehouse (3.8)."""

    __tablename__ = "delivery_option"

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    warehouse_id: str = Field(primary_key=True, max_length=40)
    id: str = Field(primary_key=True, max_length=40)
    name: str = ""
    type: str = Field(default="", max_length=30)


class ShippingProvider(SQLModel, table=True):
    """A carrier that TikTok Shop accepts for a delivery option (3.8)."""

    __tablename__ = "shipping_provider"

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    delivery_option_id: str = Field(primary_key=True, max_length=40)
    id: str = Field(primary_key=True, max_length=40)
    name: str = ""


class TaxonomyRefresh(SQLModel, table=True):
    """When the taxonomy of a connection was last read whole."""

    __tablename__ = "taxonomy_refresh"

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    finished_at: datetime = moment(nullable=False)
    categories: int = 0
    brands: int = 0
