"""Values the shop computes instead of storing, and the lists under <associations>."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from sandbox.prestashop.order_lines import order_rows, shipping_number
from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Row

Computed = Callable[[Shop, int, Row], Any]


def link_rewrite(name: str) -> str:
    """The friendly URL core makes of a name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9]+", "-", plain.lower())).strip("-")


def as_database(shop: Shop, value: int) -> int | str:
    """A whole number as the database hands it to PHP: a string before 9."""
    return value if shop.major >= 9 else str(value)


def _default_image(shop: Shop, row_id: int, _row: Row) -> Any:
    images = shop.product_images(row_id)
    return as_database(shop, images[0]) if images else None


def _position(shop: Shop, row_id: int, row: Row) -> Any:
    members = shop.category_products.get(row.get("id_category_default", 0))
    if members is None or row_id not in members:
        return ""
    return as_database(shop, members[row_id])


def _manufacturer_name(shop: Shop, _row_id: int, row: Row) -> Any:
    # Core answers PHP's false for "none"; JSON shows it as such.
    manufacturers = shop.tables["manufacturers"].rows
    manufacturer = row.get("id_manufacturer", 0)
    return manufacturers[manufacturer]["name"] if manufacturer in manufacturers else False


def _type(_shop: Shop, _row_id: int, row: Row) -> str:
    if row.get("_bundle"):
        return "pack"
    return "virtual" if row.get("is_virtual") else "simple"


def _products_below(shop: Shop, row_id: int, _row: Row) -> Any:
    found: set[int] = set()
    pending = [row_id]
    while pending:
        category = pending.pop()
        found.update(shop.category_products.get(category, ()))
        pending.extend(shop.tables["categories"].where("id_parent", category))
    return as_database(shop, len(found))


def _carrier_method(shop: Shop, _row_id: int, row: Row) -> Any:
    # 0 means "as the shop is set", which core's getter answers as the number 1 (recording 044).
    return as_database(shop, row["shipping_method"]) if row.get("shipping_method") else 1


def _show_prices(shop: Shop, row_id: int, row: Row) -> Any:
    # The visitors' group is in memory already when 9 lists the groups, the others are read (recording 048).
    shown = row.get("show_prices", 1)
    return shown if shop.major >= 9 and str(row_id) == shop.setting("PS_UNIDENTIFIED_GROUP", "1") else str(shown)


COMPUTED: dict[tuple[str, str], Computed] = {
    ("products", "id_default_image"): _default_image,
    ("products", "id_default_combination"): lambda shop, row_id, _row: shop.default_combination(row_id),
    ("products", "position_in_category"): _position,
    ("products", "manufacturer_name"): _manufacturer_name,
    # A product's own quantity is dead: always 0, the stock rows hold it.
    ("products", "quantity"): lambda shop, _row_id, _row: as_database(shop, 0),
    ("products", "type"): _type,
    ("categories", "nb_products_recursive"): _products_below,
    ("manufacturers", "link_rewrite"): lambda _shop, _row_id, row: link_rewrite(row["name"]),
    ("suppliers", "link_rewrite"): lambda _shop, _row_id, row: link_rewrite(row["name"]),
    ("groups", "show_prices"): _show_prices,
    ("carriers", "id_tax_rules_group"): lambda _shop, _row_id, row: row.get("id_tax_rules_group", 0),
    ("carriers", "shipping_method"): _carrier_method,
    ("orders", "shipping_number"): shipping_number,
}


def _ids(values: Any) -> list[tuple[int, ...]]:
    return [(value,) for value in values]


def _option_values_of_product(shop: Shop, row_id: int, _row: Row) -> list[tuple[int, ...]]:
    seen: dict[int, None] = {}
    rows = shop.tables["combinations"].rows
    for combination in sorted(shop.combination_ids(row_id), key=shop.listed_last):
        seen.update(dict.fromkeys(rows[combination].get("_values", ())))
    return _ids(seen)


def _stock_of_product(shop: Shop, row_id: int, _row: Row) -> list[tuple[int, ...]]:
    return [(stock_id, stock.get("id_product_attribute", 0)) for stock_id, stock in shop.stock_rows(row_id)]


def _values_of_option(shop: Shop, row_id: int, _row: Row) -> list[tuple[int, ...]]:
    return _ids(shop.tables["product_option_values"].where("id_attribute_group", row_id))


def _active_children(shop: Shop, row_id: int, _row: Row) -> list[tuple[int, ...]]:
    table = shop.tables["categories"]
    return _ids(child for child in table.where("id_parent", row_id) if table.value(table.rows[child], "active"))


def _category_products(shop: Shop, row_id: int, _row: Row) -> list[tuple[int, ...]]:
    return _ids(shop.category_products.get(row_id, ()))


ASSOCIATIONS: dict[tuple[str, str], Callable[[Shop, int, Row], list[tuple[Any, ...]]]] = {
    ("products", "categories"): lambda _shop, _row_id, row: _ids(row.get("_categories", ())),
    ("products", "images"): lambda _shop, _row_id, row: _ids(row.get("_images", ())),
    ("products", "combinations"): lambda shop, row_id, _row: _ids(
        sorted(shop.combination_ids(row_id), key=shop.listed_last)
    ),
    ("products", "product_option_values"): _option_values_of_product,
    ("products", "product_features"): lambda _shop, _row_id, row: list(row.get("_features", ())),
    ("products", "tags"): lambda _shop, _row_id, row: _ids(row.get("_tags", ())),
    ("products", "stock_availables"): _stock_of_product,
    ("products", "attachments"): lambda _shop, _row_id, _row: [],
    ("products", "accessories"): lambda _shop, _row_id, row: _ids(row.get("_accessories", ())),
    ("products", "product_bundle"): lambda _shop, _row_id, row: list(row.get("_bundle", ())),
    ("combinations", "product_option_values"): lambda _shop, _row_id, row: _ids(row.get("_values", ())),
    ("combinations", "images"): lambda _shop, _row_id, row: _ids(row.get("_images", ())),
    ("product_options", "product_option_values"): _values_of_option,
    ("categories", "categories"): _active_children,
    ("categories", "products"): _category_products,
    ("customers", "groups"): lambda _shop, _row_id, row: _ids(row.get("_groups", ())),
    ("carts", "cart_rows"): lambda _shop, _row_id, row: list(row.get("_rows", ())),
    ("orders", "order_rows"): order_rows,
    ("order_slip", "order_slip_details"): lambda _shop, _row_id, row: list(row.get("_details", ())),
    ("order_details", "taxes"): lambda _shop, _row_id, row: _ids(row.get("_taxes", ())),
    ("manufacturers", "addresses"): lambda _shop, _row_id, row: _ids(row.get("_addresses", ())),
}
