"""What PrestaShop says now: products, variants and the small tables around them, each row with a content hash.

Ids are PrestaShop's. A simple product has one variant with id_product_attribute 0; of a product with combinations
only the combinations are variants, and row 0 of its stock (the sum) stays on the product.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Field, SQLModel

from models.columns import Moment, Texts, json_field, moment, money


class Product(SQLModel, table=True):
    """A PrestaShop product. Field names are the webservice's (prestashop-webservice.md 2.2); price is net."""

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    id_product: int = Field(primary_key=True)
    reference: str = ""
    supplier_reference: str = ""
    ean13: str = ""
    upc: str = ""
    isbn: str = ""
    mpn: str = ""
    active: bool = False
    available_for_order: bool = False
    show_price: bool = True
    state: int = 1
    visibility: str = "both"
    customizable: int = 0
    product_type: str = ""
    is_virtual: bool = False
    condition: str = "new"
    id_manufacturer: int = 0
    id_supplier: int = 0
    supplier_ids: list[int] = json_field(list)
    id_category_default: int = 0
    category_ids: list[int] = json_field(list)
    id_tax_rules_group: int = 0
    price: Decimal = money(default=Decimal(0))
    ecotax: Decimal = money(default=Decimal(0))
    weight: Decimal = money(default=Decimal(0))
    width: Decimal = money(default=Decimal(0))
    height: Decimal = money(default=Decimal(0))
    depth: Decimal = money(default=Decimal(0))
    minimal_quantity: int = 1
    pack_stock_type: int = 3
    # Components of a pack: [[id_product, id_product_attribute, quantity], …]
    bundle: list[list[int]] = json_field(list)
    name: Texts = json_field(dict)
    description: Texts = json_field(dict)
    description_short: Texts = json_field(dict)
    # Cover first, then in PrestaShop's order.
    image_ids: list[int] = json_field(list)
    # [[id_feature, id_feature_value], …]
    features: list[list[int]] = json_field(list)
    # Row 0 of the stock: the product itself, or the sum of its combinations.
    quantity: int = 0
    out_of_stock: int = 2
    date_upd: Moment = moment()
    hash: str = Field(default="", max_length=32)
    mirrored_at: Moment = moment()


class Variant(SQLModel, table=True):
    """What is sold: a combination, or the simple product itself. `price` is the net impact, `weight` too."""

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    id_product: int = Field(primary_key=True)
    id_product_attribute: int = Field(primary_key=True)
    reference: str = ""
    supplier_reference: str = ""
    ean13: str = ""
    upc: str = ""
    isbn: str = ""
    mpn: str = ""
    price: Decimal = money(default=Decimal(0))
    ecotax: Decimal = money(default=Decimal(0))
    weight: Decimal = money(default=Decimal(0))
    minimal_quantity: int = 1
    default_on: bool = False
    option_value_ids: list[int] = json_field(list)
    image_ids: list[int] = json_field(list)
    quantity: int = 0
    hash: str = Field(default="", max_length=32)
    mirrored_at: Moment = moment()


class SpecificPrice(SQLModel, table=True):
    """A specific price (section 2.5): `price` -1 keeps the product's price; `reduction` is money or a fraction."""

    __tablename__ = "specific_price"

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    id: int = Field(primary_key=True)
    id_product: int = Field(index=True)
    id_product_attribute: int = 0
    id_shop: int = 0
    id_shop_group: int = 0
    id_currency: int = 0
    id_country: int = 0
    id_group: int = 0
    id_customer: int = 0
    id_specific_price_rule: int = 0
    price: Decimal = money(default=Decimal(-1))
    from_quantity: int = 1
    reduction: Decimal = money(default=Decimal(0))
    reduction_tax: bool = True
    reduction_type: str = "amount"
    starts_at: Moment = moment()
    ends_at: Moment = moment()
    hash: str = Field(default="", max_length=32)


class ShopRecord(SQLModel, table=True):
    """A row of one of PrestaShop's small tables, normalised by the client and kept whole.

    Resources: categories, manufacturers, suppliers, product_options, product_option_values, product_features,
    product_feature_values, tax_rules, taxes, tax_rule_groups, currencies, languages, countries, groups, configurations.
    """

    __tablename__ = "shop_record"

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    resource: str = Field(primary_key=True, max_length=40)
    id: int = Field(primary_key=True)
    data: dict[str, Any] = json_field(dict)
    hash: str = Field(default="", max_length=32)


class Media(SQLModel, table=True):
    """A file that TikTok Shop already has, found again by content (K14)."""

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    content_hash: str = Field(primary_key=True, max_length=64)
    use_case: str = Field(primary_key=True, max_length=30)
    uri: str = Field(max_length=500)
    url: str = Field(default="", max_length=1000)
    width: int = 0
    height: int = 0
    uploaded_at: datetime = moment(nullable=False)


class ProductImage(SQLModel, table=True):
    """Pre-flight of one PrestaShop image: the content that would be sent, or why it cannot be (K14).

    PrestaShop gives a replaced picture a new id, so an image id is looked at once.
    """

    __tablename__ = "product_image"

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    id_image: int = Field(primary_key=True)
    id_product: int = Field(index=True)
    # B6 the size that was fetched; another one is another picture.
    image_type: str = Field(default="", max_length=64)
    content_hash: str = Field(default="", max_length=64)
    width: int = 0
    height: int = 0
    # Code of the finding when the image cannot be used, "" otherwise.
    refused: str = Field(default="", max_length=60)
    checked_at: datetime = moment(nullable=False)
