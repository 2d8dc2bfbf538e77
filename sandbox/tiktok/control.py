"""The tests' own door under /_sandbox: look inside and steer, without signing."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.tiktok.world import Shop, TikTokWorld


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
            "skus": [
                {
                    "id": sku["id"],
                    "seller_sku": sku.get("seller_sku"),
                    "external_sku_id": sku.get("external_sku_id"),
                    "price": product.offers[sku["id"]].price,
                    "currency": product.offers[sku["id"]].currency,
                    "stock": product.offers[sku["id"]].stock,
                    "committed": product.offers[sku["id"]].committed,
                }
                for sku in product.content.get("skus", ())
            ],
        }
        for product in shop.shelf.products.values()
    ]


def routes(world: TikTokWorld) -> list[Route]:
    def locked(answer: Callable[[dict[str, Any]], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> JSONResponse:
            body = await request.json() if request.method == "POST" else {}
            with world.lock:
                for shop in world.shops:
                    shop.shelf.settle()
                try:
                    return JSONResponse(answer(body))
                except (KeyError, ValueError) as error:
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
        return {"status": product.status}

    def revoke(_: dict[str, Any]) -> Any:
        world.tokens.revoke_all()
        return {}

    return [
        Route("/_sandbox/products", locked(products), methods=["GET"]),
        Route("/_sandbox/stats", locked(stats), methods=["GET"]),
        Route("/_sandbox/faults", locked(faults), methods=["POST"]),
        Route("/_sandbox/advance", locked(advance), methods=["POST"]),
        Route("/_sandbox/redirect", locked(redirect), methods=["POST"]),
        Route("/_sandbox/status", locked(status), methods=["POST"]),
        Route("/_sandbox/revoke", locked(revoke), methods=["POST"]),
    ]
