"""What the shop does beyond storing a row: setters of computed fields, replaced associations, side effects.

Those of the catalogue; buyers, carts and orders have theirs in `order_rules`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.prestashop.computed import link_rewrite
from sandbox.prestashop.errors import WebserviceError
from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Row
from sandbox.prestashop.view import Echo

Items = list[dict[str, str]]


def _nothing_before(shop: Shop, row_id: int, stored: Row, echo: Echo, method: str) -> None:
    """Most resources just store."""


def _nothing_after(shop: Shop, row_id: int, stored: Row, method: str) -> None:
    """Most resources just store."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Hooks of one resource: before the row is stored, after it and its lists, and instead of a plain delete.

    `create` makes the object instead of storing the row that was sent (its last argument: another one is being made at
    the same moment), `mail` is what `sendemail=1` asks for. `setters_first`: fields with a setter act before the
    others are written, which then win.
    """

    before: Callable[[Shop, int, Row, Echo, str], None] = _nothing_before
    after: Callable[[Shop, int, Row, str], None] = _nothing_after
    delete: Callable[[Shop, int], None] | None = None
    create: Callable[[Shop, Row, Echo, bool], int] | None = None
    mail: Callable[[Shop, int], None] | None = None
    setters_first: bool = False


# --- products ------------------------------------------------------------------------------------------------------


def _fill_links(_shop: Shop, _row_id: int, stored: Row, echo: Echo, method: str) -> None:
    names = stored.get("name")
    links = stored.get("link_rewrite")
    if method != "POST" or names is None or (links and any(links.values())):
        return
    if any(names.values()):
        stored["link_rewrite"] = echo["link_rewrite"] = {
            language: link_rewrite(name) for language, name in names.items()
        }


def _after_product(shop: Shop, row_id: int, _stored: Row, method: str) -> None:
    if method == "POST":
        group = shop.share_stock_group(1)
        row = {"id_product": row_id, "quantity": 0}
        shop.tables["stock_availables"].insert(row | ({"id_shop": 0, "id_shop_group": group} if group else {}))


def _set_default_image(shop: Shop, row_id: int, text: str) -> None:
    """The cover goes first; sent empty, the product loses its cover: here, its first image."""
    images = shop.product_images(row_id)
    chosen = int(text) if text.strip().isdigit() else 0
    if chosen in images:
        shop.tables["products"].rows[row_id]["_images"] = (chosen, *(image for image in images if image != chosen))


def _set_default_combination(shop: Shop, row_id: int, text: str) -> None:
    chosen = int(text) if text.strip().isdigit() else 0
    table = shop.tables["combinations"]
    for combination in shop.combination_ids(row_id):
        table.update(combination, {"default_on": 1 if combination == chosen else None})
    shop.tables["products"].update(row_id, {"cache_default_attribute": chosen})


def _set_position(shop: Shop, row_id: int, text: str) -> None:
    row = shop.tables["products"].rows[row_id]
    members = shop.category_products.get(row.get("id_category_default", 0), {})
    if not text.strip().isdigit() or int(text) <= 0:
        raise WebserviceError(500, 134, "You cannot set 0 or a negative position, the minimum for a position is 1.")
    if int(text) > len(members):
        message = "You cannot set a position greater than the total number of products in the category, starting at 1."
        raise WebserviceError(500, 135, message)
    if row_id in members:
        members[row_id] = int(text)


def _set_type(shop: Shop, row_id: int, text: str) -> None:
    products = shop.tables["products"]
    products.update(row_id, {"is_virtual": int(text == "virtual")})
    if text != "pack":
        products.update(row_id, {"_bundle": (), "cache_is_pack": 0})


def whole(item: dict[str, str], *names: str) -> int:
    text = next((item[name] for name in names if item.get(name)), "0")
    return int(text) if text.lstrip("-").isdigit() else 0


def _replace_combinations(shop: Shop, row_id: int, items: Items) -> None:
    """Variants that are not listed are deleted."""
    kept = {whole(item, "id") for item in items}
    for combination in list(shop.combination_ids(row_id)):
        if combination not in kept:
            shop.delete_combination(combination)


def _replace_bundle(shop: Shop, row_id: int, items: Items) -> None:
    # On write the variant's key is `product_attribute_id`, not the one that is read.
    bundle = tuple(
        (whole(item, "id"), whole(item, "product_attribute_id"), whole(item, "quantity") or 1) for item in items
    )
    shop.tables["products"].update(row_id, {"_bundle": bundle, "cache_is_pack": int(bool(bundle))})


def _replace(name: str, *fields: str) -> Callable[[Shop, int, Items], None]:
    """A setter that stores the ids (or tuples of fields) of a product's list under a private name."""

    def setter(shop: Shop, row_id: int, items: Items) -> None:
        values = tuple(
            whole(item, fields[0]) if len(fields) == 1 else tuple(whole(item, field) for field in fields)
            for item in items
        )
        shop.tables["products"].update(row_id, {name: values})

    return setter


# --- combinations and stock ----------------------------------------------------------------------------------------


def _after_combination(shop: Shop, row_id: int, stored: Row, method: str) -> None:
    if method == "POST":
        group = shop.share_stock_group(1)
        row = {"id_product": stored["id_product"], "id_product_attribute": row_id, "quantity": 0}
        shop.tables["stock_availables"].insert(row | ({"id_shop": 0, "id_shop_group": group} if group else {}))


def _set_of_combination(name: str) -> Callable[[Shop, int, Items], None]:
    def setter(shop: Shop, row_id: int, items: Items) -> None:
        shop.tables["combinations"].update(row_id, {name: tuple(whole(item, "id") for item in items)})

    return setter


def _before_stock(shop: Shop, row_id: int, stored: Row, _echo: Echo, _method: str) -> None:
    table = shop.tables["stock_availables"]
    depends = stored.get("depends_on_stock", table.value(table.rows[row_id], "depends_on_stock"))
    if depends and shop.major < 9:
        raise WebserviceError(500, 133, "You cannot update the available stock when it depends on stock.")


def _after_stock(shop: Shop, row_id: int, _stored: Row, _method: str) -> None:
    if shop.tables["stock_availables"].rows[row_id].get("id_product_attribute", 0):
        shop.recompute_sum(row_id)


def _after_specific_price(shop: Shop, _row_id: int, _stored: Row, method: str) -> None:
    if method == "POST":
        shop.set_setting("PS_SPECIFIC_PRICE_FEATURE_ACTIVE", "1")


RULES: dict[str, Rules] = {
    "products": Rules(_fill_links, _after_product, lambda shop, row_id: shop.delete_product(row_id)),
    "combinations": Rules(after=_after_combination, delete=lambda shop, row_id: shop.delete_combination(row_id)),
    "stock_availables": Rules(_before_stock, _after_stock),
    "specific_prices": Rules(after=_after_specific_price),
}

SETTERS: dict[tuple[str, str], Callable[[Shop, int, str], None]] = {
    ("products", "id_default_image"): _set_default_image,
    ("products", "id_default_combination"): _set_default_combination,
    ("products", "position_in_category"): _set_position,
    ("products", "type"): _set_type,
}

ASSOCIATION_SETTERS: dict[tuple[str, str], Callable[[Shop, int, Items], None]] = {
    ("products", "categories"): lambda shop, row_id, items: shop.set_categories(
        row_id, [whole(item, "id") for item in items]
    ),
    ("products", "combinations"): _replace_combinations,
    ("products", "product_features"): _replace("_features", "id", "id_feature_value"),
    ("products", "tags"): _replace("_tags", "id"),
    ("products", "accessories"): _replace("_accessories", "id"),
    ("products", "product_bundle"): _replace_bundle,
    ("combinations", "product_option_values"): _set_of_combination("_values"),
    ("combinations", "images"): _set_of_combination("_images"),
}
