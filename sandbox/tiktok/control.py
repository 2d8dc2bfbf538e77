"""The tests' own door under /_sandbox: look inside and steer, without signing.

GET  products, stats, webhooks → {subscriptions, deliveries}
POST faults {rules}, advance {seconds}, redirect {url}, revoke {}, deauthorize {}, status {product_id, status}
POST by hand: price {sku_id, amount}, stock {sku_id, quantity, warehouse_id?}, warehouse {sku_id, warehouse_id,
     quantity?}, title {product_id, title, audited?}, draft {product_id, title}, delete_sku {sku_id},
     deactivate {product_id}, sku_status {sku_id, on, source?}, shared_stock {sku_id, on}
POST promotion {product_id, on, seconds?, code?}, campaign {sku_id, units (0 ends it), seconds?}
GET  orders, POST place_order, random_orders, order_status, order_address: see `order_control`
GET  aftersales, POST request_cancel, return, collect, …: see `aftersale_control`
POST order {product_id, sku_id, units?, warehouse_id?} → {order_id}, ship {order_id}, cancel {order_id}
"""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.tiktok import aftersale_control, order_control
from sandbox.tiktok.errors import ApiError
from sandbox.tiktok.seller_center import PROMOTION_LOCKS, SellerCenter, StockOrder
from sandbox.tiktok.world import Shop, TikTokWorld

Answer = Callable[[dict[str, Any]], Any]


def dump(shop: Shop) -> list[dict[str, Any]]:
    """Every product of the shop with what buyers would see and what is pending."""
    return [
        {
            "id": product.id,
            "status": product.status,
            "audit": product.audit,
            "title": product.content.get("title"),
            "category_id": product.content.get("category_id"),
            "external_product_id": product.content.get("external_product_id"),
            "has_review": product.review is not None,
            "submissions": product.submissions,
            "has_draft": product.draft is not None,
            "in_promotion": product.in_promotion,
            "update_time": product.update_time,
            "skus": [
                {
                    "id": sku["id"],
                    "seller_sku": sku.get("seller_sku"),
                    "external_sku_id": sku.get("external_sku_id"),
                    "price": product.offers[sku["id"]].price,
                    "currency": product.offers[sku["id"]].currency,
                    "stock": product.offers[sku["id"]].stock,
                    "committed": product.offers[sku["id"]].committed,
                    "campaign_stock": product.offers[sku["id"]].campaign_stock,
                    "shared": product.offers[sku["id"]].shared,
                }
                for sku in product.content.get("skus", ())
            ],
        }
        for product in shop.shelf.products.values()
    ]


def _by_hand(center: SellerCenter) -> dict[str, Answer]:
    """What the seller does in Seller Center and buyers do, by the name of the control."""

    def promotion(body: dict[str, Any]) -> None:
        if body["on"]:
            code = int(body.get("code", PROMOTION_LOCKS[0]))
            center.start_promotion(body["product_id"], body.get("seconds"), code)
        else:
            center.end_promotion(body["product_id"])

    def campaign(body: dict[str, Any]) -> None:
        if body["units"]:
            center.start_campaign(body["sku_id"], body["units"], body.get("seconds"))
        else:
            center.end_campaign(body["sku_id"])

    def row(order: StockOrder) -> dict[str, Any]:
        return {"order_id": order.id, "state": order.state}

    return {
        "price": lambda body: center.set_price(body["sku_id"], str(body["amount"])),
        "stock": lambda body: center.set_stock(body["sku_id"], body["quantity"], body.get("warehouse_id")),
        "warehouse": lambda body: center.add_warehouse(body["sku_id"], body["warehouse_id"], body.get("quantity", 0)),
        "title": lambda body: center.retitle(body["product_id"], body["title"], audited=bool(body.get("audited"))),
        "draft": lambda body: center.save_draft(body["product_id"], body["title"]),
        "delete_sku": lambda body: center.delete_sku(body["sku_id"]),
        "deactivate": lambda body: center.deactivate(body["product_id"]),
        "sku_status": lambda body: center.switch_sku(
            body["sku_id"], on=bool(body["on"]), source=body.get("source", "SELLER")
        ),
        "shared_stock": lambda body: center.share_stock(body["sku_id"], on=bool(body["on"])),
        "promotion": promotion,
        "campaign": campaign,
        "order": lambda body: row(
            center.order(body["product_id"], body["sku_id"], body.get("warehouse_id"), body.get("units", 1))
        ),
        "ship": lambda body: row(center.ship(body["order_id"])),
        "cancel": lambda body: row(center.cancel(body["order_id"])),
    }


def routes(world: TikTokWorld) -> list[Route]:
    def locked(answer: Answer) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> JSONResponse:
            body = await request.json() if request.method == "POST" else {}
            with world.lock:
                for shop in world.shops:
                    shop.shelf.settle()
                    shop.book.settle()
                try:
                    return JSONResponse(answer(body) or {})
                except (KeyError, ValueError, ArithmeticError, ApiError) as error:
                    return JSONResponse({"error": str(error)}, 400)

        return endpoint

    def products(_: dict[str, Any]) -> Any:
        return {"products": [row for shop in world.shops for row in dump(shop)]}

    def stats(_: dict[str, Any]) -> Any:
        drawn = world.faults.drawn
        return {
            "calls": dict(world.calls),
            "throttled": world.throttled + drawn["throttle"] + drawn["throttle_retry_after"],
            "creates": sum(shop.shelf.listed_on.total() for shop in world.shops),
            "images": len(world.pictures),
            "faults": dict(drawn),
        }

    def faults(body: dict[str, Any]) -> Any:
        world.faults.set(body["rules"])
        return {"rules": len(world.faults.rules)}

    def advance(body: dict[str, Any]) -> Any:
        world.advance(float(body["seconds"]))
        return {"now": world.now().isoformat()}

    def redirect(body: dict[str, Any]) -> Any:
        world.redirect_url = body["url"]
        return {"url": world.redirect_url}

    def status(body: dict[str, Any]) -> Any:
        """Play the platform: e.g. PLATFORM_DEACTIVATED or FREEZE."""
        product = world.shop.shelf.get(body["product_id"])
        product.status = body["status"]
        world.shop.shelf.touch(product)
        world.shop.shelf.tell_status(product)
        return {"status": product.status}

    def revoke(_: dict[str, Any]) -> Any:
        world.tokens.revoke_all()
        return {}

    def deauthorize(_: dict[str, Any]) -> Any:
        """As `revoke`, and the platform tells it."""
        world.webhooks.deauthorize()
        return {}

    return [
        Route("/_sandbox/products", locked(products), methods=["GET"]),
        Route("/_sandbox/orders", locked(lambda _: order_control.dump(world)), methods=["GET"]),
        Route("/_sandbox/aftersales", locked(lambda _: aftersale_control.dump(world)), methods=["GET"]),
        Route("/_sandbox/webhooks", locked(lambda _: world.webhooks.look()), methods=["GET"]),
        Route("/_sandbox/stats", locked(stats), methods=["GET"]),
        Route("/_sandbox/faults", locked(faults), methods=["POST"]),
        Route("/_sandbox/advance", locked(advance), methods=["POST"]),
        Route("/_sandbox/redirect", locked(redirect), methods=["POST"]),
        Route("/_sandbox/status", locked(status), methods=["POST"]),
        Route("/_sandbox/revoke", locked(revoke), methods=["POST"]),
        Route("/_sandbox/deauthorize", locked(deauthorize), methods=["POST"]),
        *(
            Route(f"/_sandbox/{name}", locked(answer), methods=["POST"])
            for name, answer in (
                _by_hand(world.shop.center) | order_control.controls(world) | aftersale_control.controls(world)
            ).items()
        ),
    ]
