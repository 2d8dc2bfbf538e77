"""How orders move stock (fact sheet section 9, after item 12): rows may go negative, no product's date moves."""

from __future__ import annotations

from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Row

_PACK_ONLY, _PRODUCTS_ONLY, _BOTH, _AS_THE_SHOP = 0, 1, 2, 3


def in_stock(shop: Shop, id_product: int, id_product_attribute: int, id_shop: int = 1) -> int:
    """The row's quantity; 0 without a row."""
    row_id = shop.stock_row(id_product, id_product_attribute, id_shop)
    return 0 if row_id is None else int(shop.tables["stock_availables"].rows[row_id].get("quantity", 0))


def move(shop: Shop, id_product: int, id_product_attribute: int, delta: int, id_shop: int = 1) -> None:
    """One row by that much; rows that depend on the physical stock stay."""
    row_id = shop.stock_row(id_product, id_product_attribute, id_shop)
    if row_id is None or not delta:
        return
    table = shop.tables["stock_availables"]
    row = table.rows[row_id]
    if row.get("depends_on_stock"):
        return
    table.update(row_id, {"quantity": row.get("quantity", 0) + delta})
    if id_product_attribute:
        shop.recompute_sum(row_id)


def take(shop: Shop, id_product: int, id_product_attribute: int, quantity: int, id_shop: int = 1) -> None:
    """What a new order takes: of a pack, itself or its contents as `pack_stock_type` says (fact sheet 2.4)."""
    contents = shop.tables["products"].rows.get(id_product, {}).get("_bundle", ())
    if not contents:
        move(shop, id_product, id_product_attribute, -quantity, id_shop)
        return
    kind = int(shop.value("products", id_product, "pack_stock_type", id_shop))
    if kind == _AS_THE_SHOP:
        kind = int(shop.setting("PS_PACK_STOCK_TYPE", "0"))
    if kind in (_PACK_ONLY, _BOTH):
        move(shop, id_product, id_product_attribute, -quantity, id_shop)
    if kind in (_PRODUCTS_ONLY, _BOTH):
        for part, part_variant, number in contents:
            move(shop, part, part_variant, -quantity * number, id_shop)


def change_of_state(shop: Shop, lines: list[Row], *, old: tuple[bool, bool], new: tuple[bool, bool]) -> None:
    """Stock of an order's lines when its state changes; states are (logable, canceled or in error). Packs stay."""
    (was_logable, was_out), (is_logable, is_out) = old, new
    sign = 0
    if is_logable and not was_logable:
        sign = -1 if was_out else 0
    elif was_logable and not is_logable:
        sign = 1 if is_out else 0
    elif not was_logable and not is_logable:
        if is_out and not was_out:
            sign = 1
        elif was_out and not is_out and shop.major >= 9:
            sign = -1
    if not sign:
        return
    for line in lines:
        product = line.get("product_id", 0)
        if shop.tables["products"].rows.get(product, {}).get("_bundle"):
            continue
        pieces = line.get("product_quantity", 0) - line.get("product_quantity_refunded", 0)
        pieces -= line.get("product_quantity_return", 0)
        move(shop, product, line.get("product_attribute_id", 0), sign * pieces, line.get("id_shop", 1))
