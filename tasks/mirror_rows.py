"""PrestaShop records (normalised by the client) → rows of our tables, each with its content hash.

The hash covers what the row says about the product itself. Stock is left out: it moves often and alone, and must not
make a listing's content be worked out again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

Record = Mapping[str, Any]
Row = dict[str, Any]

# What a full mirror asks for. Slim fields cost the shop 2 SQL statements a row instead of 18 (section 11.1).
PRODUCT_FIELDS = (
    "id",
    "id_manufacturer",
    "id_supplier",
    "id_category_default",
    "id_tax_rules_group",
    "reference",
    "supplier_reference",
    "ean13",
    "upc",
    "isbn",
    "mpn",
    "active",
    "available_for_order",
    "show_price",
    "state",
    "visibility",
    "customizable",
    "product_type",
    "is_virtual",
    "cache_is_pack",
    "condition",
    "price",
    "ecotax",
    "weight",
    "width",
    "height",
    "depth",
    "minimal_quantity",
    "pack_stock_type",
    "cache_default_attribute",
    "id_default_image",
    "name",
    "description",
    "description_short",
    "date_upd",
)
PRODUCT_ASSOCIATIONS = ("categories[id]", "images[id]", "product_features[id,id_feature_value]")
STOCK_FIELDS = ("id", "id_product", "id_product_attribute", "id_shop", "id_shop_group", "quantity", "out_of_stock")

_IDENTIFIERS = ("reference", "supplier_reference", "ean13", "upc", "isbn", "mpn")
_PLAIN = (
    *_IDENTIFIERS,
    "active",
    "available_for_order",
    "show_price",
    "state",
    "visibility",
    "customizable",
    "product_type",
    "is_virtual",
    "condition",
    "id_manufacturer",
    "id_supplier",
    "id_category_default",
    "id_tax_rules_group",
    "price",
    "ecotax",
    "weight",
    "width",
    "height",
    "depth",
    "minimal_quantity",
    "pack_stock_type",
)


def content_hash(row: Mapping[str, Any]) -> str:
    """32 hex digits over the row's content, the same on every machine."""
    text = orjson.dumps(row, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=_as_text)
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _as_text(value: object) -> str:
    if isinstance(value, Decimal):
        # 12.5 and 12.500000 are the same price.
        return format(value.normalize(), "f")
    raise TypeError(f"a row cannot hold a {type(value).__name__}")


def product_row(connection_id: int, record: Record, now: datetime) -> Row:
    """A row of Product from a slim product record; suppliers and pack contents are added by their own sweeps."""
    cover = record["id_default_image"]
    images = [image["id"] for image in record["associations"]["images"]]
    if cover in images:
        images.remove(cover)
        images.insert(0, cover)
    row: Row = {name: record[name] for name in _PLAIN}
    row["is_virtual"] = record["is_virtual"] or record["product_type"] == "virtual"
    if record["cache_is_pack"]:
        row["product_type"] = "pack"
    row["category_ids"] = sorted(category["id"] for category in record["associations"]["categories"])
    row["image_ids"] = images
    row["features"] = sorted(
        [feature["id"], feature["id_feature_value"]] for feature in record["associations"]["product_features"]
    )
    for name in ("name", "description", "description_short"):
        row[name] = {str(language): text for language, text in record[name].items()}
    row["hash"] = content_hash(row)
    row["date_upd"] = record["date_upd"]
    return {"connection_id": connection_id, "id_product": record["id"], "mirrored_at": now, **row}


def variant_row(connection_id: int, record: Record, now: datetime) -> Row:
    """A row of Variant from a combination record."""
    row: Row = {name: record[name] for name in (*_IDENTIFIERS, "price", "ecotax", "weight", "minimal_quantity")}
    row["default_on"] = bool(record["default_on"])
    row["option_value_ids"] = [value["id"] for value in record["associations"]["product_option_values"]]
    row["image_ids"] = [image["id"] for image in record["associations"]["images"]]
    row["hash"] = content_hash(row)
    return {
        "connection_id": connection_id,
        "id_product": record["id_product"],
        "id_product_attribute": record["id"],
        "mirrored_at": now,
        **row,
    }


def specific_price_row(connection_id: int, record: Record) -> Row:
    """A row of SpecificPrice."""
    row: Row = {
        name: record[name]
        for name in (
            "id_product",
            "id_product_attribute",
            "id_shop",
            "id_shop_group",
            "id_currency",
            "id_country",
            "id_group",
            "id_customer",
            "id_specific_price_rule",
            "price",
            "from_quantity",
            "reduction",
            "reduction_tax",
            "reduction_type",
        )
    }
    row["starts_at"] = record["from"]
    row["ends_at"] = record["to"]
    row["hash"] = content_hash(row)
    return {"connection_id": connection_id, "id": record["id"], **row}


def shop_record_row(connection_id: int, resource: str, record: Record) -> Row:
    """A row of ShopRecord: the record as it is, JSON-safe."""
    data: Row = orjson.loads(orjson.dumps(record, option=orjson.OPT_NON_STR_KEYS, default=_as_text))
    return {
        "connection_id": connection_id,
        "resource": resource,
        "id": record["id"],
        "data": data,
        "hash": content_hash(data),
    }
