"""Prices and stock of SKUs, changed at once and without audit (sheet 3.19–3.21)."""

from typing import Any

from sandbox.tiktok.call import PRODUCT_WRITE, Call, Endpoint
from sandbox.tiktok.errors import ApiError, Problem, invalid_parameter, item_error
from sandbox.tiktok.shelf import Offer, Product
from sandbox.tiktok.sku_rules import MAX_QUANTITY, price_problems, warehouse_problem

MAX_PRODUCTS, MAX_SKUS = 100, 600


def _changeable(call: Call) -> Product:
    product = call.shop.shelf.get(call.path["product_id"])
    if product.status in ("DELETED", "FREEZE"):
        raise ApiError(12052901, "The product status does not allow this action")
    if not call.body["skus"]:
        raise ApiError(12052902, "The SKU list is empty")
    return product


def update_prices(call: Call) -> Any:
    """All or nothing: the first SKU refused refuses the call."""
    product = _changeable(call)
    if product.in_promotion:
        raise ApiError(product.promotion_code, "Prices are locked by a promotion")
    for sku in call.body["skus"]:
        if sku["id"] not in product.offers:
            raise ApiError(12052036, "The SKU is not one of this product's")
        for problem in price_problems(call.shop.market, sku["price"]):
            raise problem.error()
    for sku in call.body["skus"]:
        offer = product.offers[sku["id"]]
        offer.price, offer.currency = sku["price"]["amount"], sku["price"]["currency"]
        if call.shop.region == "US" and sku.get("list_price"):
            offer.list_price = sku["list_price"]
    call.shop.shelf.touch(product)
    return {}


def update_inventory(call: Call) -> Any:
    """Each SKU for itself; `quantity` is the new available stock, committed units stay apart."""
    product = _changeable(call)
    errors = []
    struck = call.struck_items(len(call.body["skus"]))
    for i, sku in enumerate(call.body["skus"]):
        problem, extra = _stock_problems(call, product, sku)
        if i in struck:
            problem, extra = Problem(12052037, "The inventory was not updated"), []
        if problem is not None:
            errors.append(item_error(problem.code, problem.message, sku_id=sku["id"], extra_errors=extra))
        else:
            offer = product.offers[sku["id"]]
            offer.stock = {_warehouse(call, row): row["quantity"] for row in sku["inventory"]}
    if len(errors) < len(call.body["skus"]):
        call.shop.shelf.touch(product)
    return {"errors": errors} if errors else {}


def _warehouse(call: Call, row: dict[str, Any]) -> str:
    """Without a warehouse id the shop's default sales warehouse is meant."""
    return str(row.get("warehouse_id") or call.shop.default_warehouse)


def _stock_problems(call: Call, product: Product, sku: dict[str, Any]) -> tuple[Problem | None, list[dict[str, Any]]]:
    """The SKU's problem, with one row per warehouse refused."""
    offer = product.offers.get(sku["id"])
    if offer is None:
        return Problem(12052036, "The SKU is not one of this product's"), []
    if offer.shared:
        return Problem(12052921, "The stock is shared and not editable here"), []
    extra: list[dict[str, Any]] = []
    for row in sku["inventory"]:
        warehouse_id = _warehouse(call, row)
        problem = warehouse_problem(call, warehouse_id)
        if problem and warehouse_id in offer.stock and problem.code == 12052532:
            problem = None  # stock already there may be changed although the warehouse takes no new SKUs
        if not 0 <= row["quantity"] <= MAX_QUANTITY:
            problem = Problem(12052055, "The quantity is out of range")
        if problem:
            extra.append({"warehouse_id": warehouse_id, "code": problem.code, "message": problem.message})
    if extra:
        return Problem(12052037, "The inventory was not updated"), extra
    return _together(call, offer, sku["inventory"]), []


def _together(call: Call, offer: Offer, rows: list[dict[str, Any]]) -> Problem | None:
    ids = [_warehouse(call, row) for row in rows]
    if len(ids) != len(set(ids)):
        return Problem(12052534, "A warehouse is named twice")
    if not set(offer.stock) <= set(ids):
        return Problem(12019028, "All warehouses of the SKU must be sent")
    if sum(row["quantity"] for row in rows) < offer.campaign_stock:
        return Problem(12052393, "The quantity is below the campaign's stock")
    return None


def search_inventory(call: Call) -> Any:
    shelf = call.shop.shelf
    product_ids: list[str] = call.body.get("product_ids") or []
    sku_ids: list[str] = call.body.get("sku_ids") or []
    if not product_ids and not sku_ids:
        raise invalid_parameter("product_ids")
    if len(product_ids) > MAX_PRODUCTS or len(sku_ids) > MAX_SKUS:
        raise invalid_parameter("product_ids" if product_ids else "sku_ids")
    wanted = None if product_ids else set(sku_ids)
    ids = product_ids or [shelf.product_of_sku[sku] for sku in sku_ids if sku in shelf.product_of_sku]
    found = (shelf.products[product_id] for product_id in dict.fromkeys(ids) if product_id in shelf.products)
    return {"inventory": [_inventory(product, wanted) for product in found]}


def _inventory(product: Product, wanted: set[str] | None) -> dict[str, Any]:
    rows = []
    for sku in product.content["skus"]:
        if wanted is not None and sku["id"] not in wanted:
            continue
        offer = product.offers[sku["id"]]
        rows.append(
            {
                "id": sku["id"],
                "seller_sku": sku.get("seller_sku", ""),
                "total_available_quantity": sum(offer.stock.values()),
                "total_committed_quantity": sum(offer.committed.values()),
                "warehouse_inventory": [
                    {
                        "warehouse_id": key,
                        "available_quantity": number,
                        "committed_quantity": offer.committed.get(key, 0),
                    }
                    for key, number in offer.stock.items()
                ],
            }
        )
    return {"product_id": product.id, "skus": rows}


_PRICE = {"amount!": str, "currency!": str, "sale_price": str}
ENDPOINTS = (
    Endpoint(
        "POST",
        "/product/{version}/products/{product_id}/prices/update",
        update_prices,
        scope=PRODUCT_WRITE,
        body={
            "skus!": [
                {
                    "id!": str,
                    "price!": _PRICE,
                    "list_price": {"amount!": str, "currency!": str},
                    "external_list_prices": [object],
                }
            ]
        },
    ),
    Endpoint(
        "POST",
        "/product/{version}/products/{product_id}/inventory/update",
        update_inventory,
        scope=PRODUCT_WRITE,
        body={
            "skus!": [
                {
                    "id!": str,
                    "inventory!": [
                        {
                            "warehouse_id": str,
                            "quantity!": int,
                            "backorder_quantity": int,
                            "handling_time": int,
                        }
                    ],
                }
            ]
        },
    ),
    Endpoint(
        "POST",
        "/product/{version}/inventory/search",
        search_inventory,
        body={"product_ids": [str], "sku_ids": [str]},
    ),
)
