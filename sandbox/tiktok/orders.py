"""Search orders, read them, their prices and their ids in other systems (sheet 4.1, 4.2, 4.8, 4.9)."""

from typing import Any

from sandbox.tiktok.call import Call, Endpoint
from sandbox.tiktok.errors import ApiError, invalid_parameter
from sandbox.tiktok.order_index import SortField
from sandbox.tiktok.order_model import Order
from sandbox.tiktok.order_status import STATUSES
from sandbox.tiktok.order_views import order_view, price_detail
from sandbox.tiktok.paging import PAGE, after, token_after

MAX_IDS, MAX_WAREHOUSES, MAX_REFERENCES = 50, 100, 100
PLATFORMS = (
    "SHOPIFY",
    "WOOCOMMERCE",
    "BIGCOMMERCE",
    "MAGENTO",
    "SALESFORCE_COMMERCE_CLOUD",
    "CHANNEL_ADVISOR",
    "AMAZON",
    "ORDER_MANAGEMENT_SYSTEM",
    "WAREHOUSE_MANAGEMENT_SYSTEM",
    "ERP_SYSTEM",
)


def search(call: Call) -> Any:
    """Full orders, page by page. A page goes on behind the last order of the one before, so new ones move nothing."""
    book, body = call.shop.book, call.body
    if len(body.get("warehouse_ids") or ()) > MAX_WAREHOUSES:
        raise invalid_parameter("warehouse_ids")
    for name in ("create_time", "update_time"):
        if body.get(f"{name}_ge", 0) > body.get(f"{name}_lt", body.get(f"{name}_ge", 0)):
            raise ApiError(10002014, f"{name}_ge is later than {name}_lt")
    field: SortField = "update_time" if call.query.get("sort_field") == "update_time" else "create_time"
    descending = call.query.get("sort_order", "DESC") == "DESC"
    keys = book.index.between(field, body.get(f"{field}_ge"), body.get(f"{field}_lt"))
    # Eventual consistency: what has just happened is not found yet.
    newest = call.world.timestamp() - call.world.search_lag if call.fault("stale_search") else None
    keys = [key for key in keys if _matches(call, book.orders[key[1]], newest)]
    if descending:
        keys.reverse()
    filters = [call.shop.id, field, descending, body]
    last = after(call.query.get("page_token"), filters)
    left = keys if last is None else [key for key in keys if (key < last if descending else key > last)]
    page = left[: call.query["page_size"]]
    orders = [order_view(call.world, call.shop, book.orders[order_id]) for _, order_id in page]
    token = token_after(page[-1], filters) if len(page) < len(left) else ""
    return {"next_page_token": token, "total_count": len(keys), **_orders(call, orders)}


def _orders(call: Call, orders: list[dict[str, Any]]) -> dict[str, Any]:
    """`orders` may be written as nothing, or not at all, when there are none."""
    if orders or call.world.empty_data == "object":
        return {"orders": orders}
    return {"orders": None} if call.world.empty_data == "null" else {}


def _matches(call: Call, order: Order, newest: int | None) -> bool:
    body = call.body
    wanted = {
        "order_status": order.status,
        "shipping_type": order.shipping_type,
        "buyer_user_id": order.user_id,
    }
    if any(name in body and body[name] != value for name, value in wanted.items()):
        return False
    if newest is not None and order.update_time > newest:
        return False
    if body.get("warehouse_ids") and order.warehouse_id not in body["warehouse_ids"]:
        return False
    if "is_buyer_request_cancel" in body:
        asked = call.shop.book.wants_cancel(order)
        if asked is not body["is_buyer_request_cancel"]:
            return False
    created, updated = order.create_time, order.update_time
    return bool(
        body.get("create_time_ge", created) <= created < body.get("create_time_lt", created + 1)
        and body.get("update_time_ge", updated) <= updated < body.get("update_time_lt", updated + 1)
    )


def detail(call: Call) -> Any:
    """Up to 50 orders by id, in that order; unknown ids are missing, another shop's refuse the call."""
    ids = list(dict.fromkeys(call.query["ids"]))
    if not 0 < len(ids) <= MAX_IDS:
        raise invalid_parameter("ids")
    for shop in call.world.shops:
        if shop is not call.shop and any(order_id in shop.book.orders for order_id in ids):
            raise ApiError(21008111, "An order does not belong to this seller")
    version = call.full_path.split("/")[2]
    known = (call.shop.book.orders[order_id] for order_id in ids if order_id in call.shop.book.orders)
    return _orders(call, [order_view(call.world, call.shop, order, version) for order in known])


def prices(call: Call) -> Any:
    return price_detail(call.shop.book.get(call.path["order_id"]))


def attach(call: Call) -> Any:
    """Ids of the seller's system, one a platform: a second one takes the place of the first."""
    rows = call.body["orders"]
    if not 0 < len(rows) <= MAX_REFERENCES:
        raise invalid_parameter("orders")
    struck = call.struck_items(len(rows))
    errors = []
    for i, row in enumerate(rows):
        try:
            if i in struck:
                raise ApiError(10006402, "Try again later")
            _attach(call, row["id"], row["external_order"])
        except ApiError as error:
            external = {name: row["external_order"][name] for name in ("id", "platform")}
            where = {"order_id": row["id"], "external_order": external}
            errors.append({"code": str(error.code), "message": error.message, "detail": where})
    return {"errors": errors}


def _attach(call: Call, order_id: str, external: dict[str, Any]) -> None:
    book = call.shop.book
    order = book.get(order_id)
    lines = external.get("line_items") or []
    if not {line["origin_id"] for line in lines} <= {unit.id for unit in order.units}:
        raise ApiError(10002015, "A line item is none of this order's")
    platform = external["platform"]
    if platform in order.external:
        book.index.forget(order, platform, order.external[platform]["id"])
    order.external[platform] = {"id": external["id"], "platform": platform, "line_items": lines}
    book.index.refer(order, platform, external["id"])


def references(call: Call) -> Any:
    order = call.shop.book.get(call.path["order_id"])
    found = order.external.get(call.query["platform"])
    return {"external_orders": [found] if found else []}


def search_references(call: Call) -> Any:
    book, platform = call.shop.book, call.query["platform"]
    ids = book.index.referred(platform, call.query["external_order_id"])
    rows = [{"id": order_id, "external_order": book.orders[order_id].external[platform]} for order_id in ids]
    return _orders(call, rows)


_INFO: dict[str, Any] = {"scope": "seller.order.info"}
_REFERENCES: dict[str, Any] = {"versions": ("202406",), **_INFO}
ENDPOINTS = (
    Endpoint(
        "POST",
        "/order/{version}/orders/search",
        search,
        query={**PAGE, "sort_field": ("create_time", "update_time"), "sort_order": ("DESC", "ASC")},
        body={
            "order_status": STATUSES,
            "create_time_ge": int,
            "create_time_lt": int,
            "update_time_ge": int,
            "update_time_lt": int,
            "shipping_type": ("TIKTOK", "SELLER", "TIKTOK_DIGITAL"),
            "buyer_user_id": str,
            "is_buyer_request_cancel": bool,
            "warehouse_ids": [str],
        },
        **_INFO,
    ),
    Endpoint(
        "GET",
        "/order/{version}/orders",
        detail,
        versions=("202309", "202507"),
        query={"ids!": [str]},
        **_INFO,
    ),
    Endpoint("GET", "/order/{version}/orders/{order_id}/price_detail", prices, versions=("202407",), **_INFO),
    Endpoint(
        "POST",
        "/order/{version}/orders/external_orders",
        attach,
        body={
            "orders!": [
                {
                    "id!": str,
                    "external_order!": {
                        "id!": str,
                        "platform!": PLATFORMS,
                        "line_items": [{"id!": str, "origin_id!": str}],
                    },
                }
            ]
        },
        **_REFERENCES,
    ),
    Endpoint(
        "POST",
        "/order/{version}/orders/external_order_search",
        search_references,
        query={"platform!": PLATFORMS, "external_order_id!": str},
        body={},
        **_REFERENCES,
    ),
    Endpoint(
        "GET",
        "/order/{version}/orders/{order_id}/external_orders",
        references,
        query={"platform!": PLATFORMS},
        **_REFERENCES,
    ),
)
