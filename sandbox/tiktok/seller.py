"""Shops, permissions and listing prerequisites of the seller (sheet 1.5, 3.9)."""

from typing import Any

from sandbox.tiktok.call import Call, Cipher, Endpoint

PREREQUISITES = (
    "SHOP_STATUS",
    "SHOP_TAX",
    "PICKUP_WAREHOUSE",
    "RETURN_WAREHOUSE",
    "DELIVERY_OPTION",
    "SHIPPING_TEMPLATE",
    "PRODUCT_QUANTITY_LIMIT",
    "EXTENDED_PRODUCER_RESPONSIBILITY",
    "BANk_ACCOUNT",  # misspelt on the wire
    "CONTACT_INFO",
)


def authorized_shops(call: Call) -> Any:
    return {
        "shops": [
            {
                "id": shop.id,
                "name": shop.name,
                "region": shop.region,
                "seller_type": shop.seller_type,
                "cipher": shop.cipher,
                "code": shop.code,
            }
            for shop in call.world.shops
        ]
    }


def active_shops(call: Call) -> Any:
    return {"shops": [{"id": shop.id, "region": shop.region} for shop in call.world.shops]}


def permissions(_: Call) -> Any:
    return {"permissions": ["MANAGE_GLOBAL_PRODUCT"]}


def prerequisites(call: Call) -> Any:
    rows: list[dict[str, Any]] = []
    for item in PREREQUISITES:
        failed = item in call.shop.failed_prerequisites
        row: dict[str, Any] = {"check_item": item, "is_failed": failed}
        if failed:
            row["fail_reasons"] = [f"{item.replace('_', ' ').capitalize()} is not set up"]
        rows.append(row)
    return {"check_results": rows}


def _endpoint(path: str, handler: Any, scope: str) -> Endpoint:
    return Endpoint("GET", path, handler, scope=scope, cipher=Cipher.FORBIDDEN)


ENDPOINTS = (
    _endpoint("/authorization/{version}/shops", authorized_shops, "seller.authorization.info"),
    _endpoint("/seller/{version}/shops", active_shops, "seller.shop.info"),
    _endpoint("/seller/{version}/permissions", permissions, "seller.global_product.info"),
    Endpoint("GET", "/product/{version}/prerequisites", prerequisites, versions=("202309", "202312")),
)
