"""The simulator as one ASGI app: API, token host, consent page and the tests' control surface."""

from starlette.applications import Starlette
from starlette.routing import Route

from sandbox.faults import Faults
from sandbox.tiktok import (
    aftersales,
    brands,
    categories,
    compliance,
    consent,
    control,
    fulfilment,
    lifecycle,
    logistics,
    media,
    orders,
    packages,
    product_views,
    products,
    returns,
    seller,
    stock,
    webhooks,
)
from sandbox.tiktok.gateway import Gateway
from sandbox.tiktok.world import TikTokWorld

# Fixed paths come before those with ids in the same place: the first that fits answers.
ENDPOINTS = (
    *seller.ENDPOINTS,
    *categories.ENDPOINTS,
    *brands.ENDPOINTS,
    *media.ENDPOINTS,
    *compliance.ENDPOINTS,
    *logistics.ENDPOINTS,
    *lifecycle.ENDPOINTS,
    *products.ENDPOINTS,
    *product_views.ENDPOINTS,
    *stock.ENDPOINTS,
    *orders.ENDPOINTS,
    *fulfilment.ENDPOINTS,
    *packages.ENDPOINTS,
    *aftersales.ENDPOINTS,
    *returns.ENDPOINTS,
    *webhooks.ENDPOINTS,
)
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]


def tiktok_app(world: TikTokWorld, *, faults: Faults | None = None) -> Starlette:
    """Serve `world`. The faults drawn inside are played here; those of the transport by `FaultMiddleware` around."""
    if faults is not None:
        world.faults = faults
    gateway = Gateway(world, ENDPOINTS)
    every_other_path = Route("/{path:path}", gateway.__call__, methods=METHODS)
    return Starlette(routes=[*consent.routes(world, gateway), *control.routes(world), every_other_path])
