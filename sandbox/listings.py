"""A shelf filled at once with a whole PrestaShop, as an upload of everything would leave it."""

from __future__ import annotations

from typing import Any

from sandbox.oracle import Connection, exists, expected, sold
from sandbox.prestashop.shop import Shop
from sandbox.tiktok.shelf import Content, Offer, Product
from sandbox.tiktok.world import TikTokWorld

_CATEGORY = "853000"
_LONGEST_TITLE = 255
_MOST_SKUS = 100  # of the markets that take the fewest


def fill_shelf(prestashop: Shop, tiktok: TikTokWorld, connection: Connection) -> list[Product]:
    """List every product that is sold and has a price in the market, live and with the figures it should show."""
    made = []
    for id_product in list(prestashop.tables["products"].ids):
        if not sold(prestashop, connection, id_product):
            continue
        variants = [(id_product, key) for key in prestashop.combination_ids(id_product) or [0]][:_MOST_SKUS]
        rows = [
            (variant, expected(prestashop, connection, variant))
            for variant in variants
            if exists(prestashop, connection, variant)
        ]
        if rows and all(row.price is not None for _, row in rows):
            made.append(_list(prestashop, tiktok, connection, id_product, rows))
    return made


def _list(prestashop: Shop, tiktok: TikTokWorld, connection: Connection, id_product: int, rows: Any) -> Product:
    with tiktok.lock:
        now = tiktok.timestamp()
        shelf = tiktok.shop.shelf
        product = Product(tiktok.new_id("1729"), now, now, status="ACTIVATE", audit="APPROVED")
        reference = f"ps-{connection.id_shop}:{id_product}"
        names = prestashop.tables["products"].text(id_product, "name") or {}
        content: Content = {
            "title": next(iter(names.values()), reference)[:_LONGEST_TITLE],
            "description": "<p>Listed by the sandbox.</p>",
            "category_id": _CATEGORY,
            "category_version": tiktok.shop.category_versions[0],
            "main_images": [],
            "product_attributes": [],
            "external_product_id": reference,
            "skus": [],
        }
        warehouse = connection.warehouse or tiktok.shop.default_warehouse
        for position, ((_, key), figures) in enumerate(rows, 1):
            sku_id = tiktok.new_id("1730")
            attribute = {"id": "100000", "value_id": shelf.custom_id("100000", f"Variant {key}")}
            content["skus"].append(
                {
                    "id": sku_id,
                    "seller_sku": f"PS{id_product:06d}-{position}",
                    "external_sku_id": f"{reference}:{key}",
                    "sales_attributes": [{**attribute, "value_name": f"Variant {key}"}] if key else [],
                }
            )
            offer = Offer(f"{figures.price:f}", connection.currency, {warehouse: figures.quantity})
            product.offers[sku_id] = offer
        product.live = content
        shelf.add(product)
        shelf.index(product, content)
        return product
