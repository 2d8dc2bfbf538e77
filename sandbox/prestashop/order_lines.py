"""The texts and codes an order keeps of what was bought, and the lines of an order as it lists them."""

from __future__ import annotations

from typing import Any

from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Row


def product_name(shop: Shop, id_product: int, id_product_attribute: int, language: int) -> str:
    """`Name (Group: value - Group: value)` in the cart's language; in 1.7.8 `Name - Group : value- Group : value`."""

    def text(resource: str, row_id: int, name: str) -> str:
        table = shop.tables[resource]
        texts = (table.text(row_id, name) if row_id in table else None) or {}
        return texts.get(language) or next(iter(texts.values()), "")

    name = text("products", id_product, "name")
    variants, values = shop.tables["combinations"], shop.tables["product_option_values"]
    if id_product_attribute not in variants:
        return name
    pairs = []
    for value in variants.rows[id_product_attribute].get("_values", ()):
        if value in values:
            group = text("product_options", values.rows[value]["id_attribute_group"], "public_name")
            pairs.append((group, text("product_option_values", value, "name")))
    if not pairs:
        return name
    if shop.major < 8:
        return f"{name} - " + "- ".join(f"{group} : {value}" for group, value in pairs)
    return f"{name} (" + " - ".join(f"{group}: {value}" for group, value in pairs) + ")"


def reference_of(shop: Shop, id_product: int, id_product_attribute: int, field: str) -> str:
    """A code of the variant, else of the product."""
    for resource, row_id in (("combinations", id_product_attribute), ("products", id_product)):
        rows = shop.tables[resource].rows
        if row_id in rows and rows[row_id].get(field):
            return str(rows[row_id][field])
    return ""


def supplier_reference(shop: Shop, id_product: int, id_product_attribute: int) -> str:
    table = shop.tables["product_suppliers"]
    for row_id in table.where("id_product", id_product):
        row = table.rows[row_id]
        if row.get("id_product_attribute", 0) in (0, id_product_attribute):
            return str(row.get("product_supplier_reference", ""))
    return reference_of(shop, id_product, id_product_attribute, "supplier_reference")


_ROW_FIELDS = (
    "product_id",
    "product_attribute_id",
    "product_quantity",
    "product_name",
    "product_reference",
    "product_ean13",
    "product_isbn",
    "product_upc",
    "product_price",
    "id_customization",
    "unit_price_tax_incl",
    "unit_price_tax_excl",
)


def order_rows(shop: Shop, row_id: int, _row: Row) -> list[tuple[Any, ...]]:
    """The association `order_rows` (recording 097)."""
    table = shop.tables["order_details"]
    return [
        (detail, *(table.value(table.rows[detail], name) for name in _ROW_FIELDS))
        for detail in table.where("id_order", row_id)
    ]


def shipping_number(shop: Shop, row_id: int, _row: Row) -> str:
    """The tracking number of the order's first parcel."""
    table = shop.tables["order_carriers"]
    parcels = table.where("id_order", row_id)
    return str(table.value(table.rows[parcels[0]], "tracking_number")) if parcels else ""


def set_shipping_number(shop: Shop, row_id: int, text: str) -> None:
    table = shop.tables["order_carriers"]
    parcels = table.where("id_order", row_id)
    if parcels:
        table.update(parcels[0], {"tracking_number": text})
