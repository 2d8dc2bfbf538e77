"""The tests' own door, `/_sandbox/…`: what was asked, and changes a merchant would make. No part of PrestaShop.

GET  /_sandbox/stats                 {"requests": {"GET products": 3, …}}
POST /_sandbox/stock    {"id_product": 7, "id_product_attribute": 0, "quantity": 5}
POST /_sandbox/product  {"id": 7, "fields": {"price": "9.900000", "active": 0}}
POST /_sandbox/webservice  {"enabled": false}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from sandbox.prestashop.world import World


async def answer(world: World, request: Request, path: str) -> Response:
    name = path.removeprefix("/_sandbox/")
    if request.method == "GET" and name == "stats":
        return JSONResponse({"requests": world.stats.requests})
    if request.method != "POST":
        return JSONResponse({"error": "unknown control"}, 404)
    asked: dict[str, Any] = await request.json()
    try:
        if name == "stock":
            world.set_stock(int(asked["id_product"]), int(asked["quantity"]), int(asked.get("id_product_attribute", 0)))
        elif name == "product":
            world.set_fields("products", int(asked["id"]), dict(asked["fields"]))
        elif name == "webservice":
            world.webservice_enabled = bool(asked["enabled"])
        else:
            return JSONResponse({"error": "unknown control"}, 404)
    except KeyError as error:
        return JSONResponse({"error": f"unknown or missing: {error}"}, 400)
    return JSONResponse({"ok": True})
