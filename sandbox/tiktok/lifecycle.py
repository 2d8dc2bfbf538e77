"""Activate, deactivate, delete and recover products: per-item errors under code 0 (sheet 3.18)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.tiktok.call import PRODUCT_WRITE, Call, Endpoint
from sandbox.tiktok.errors import ApiError, invalid_parameter, item_error
from sandbox.tiktok.shelf import RECOVERABLE, Product

MAX_IDS = 20
_NOT_NOW = ApiError(12052901, "The product status does not allow this action")


def _for_each(call: Call, change: Callable[[Product, datetime], None]) -> Any:
    ids = call.body["product_ids"]
    if not ids:
        raise invalid_parameter("product_ids")
    if len(ids) > MAX_IDS:
        raise ApiError(12019120, "More than 20 product ids")
    errors = []
    struck = call.struck_items(len(ids))
    for i, product_id in enumerate(ids):
        try:
            if i in struck:
                raise ApiError(12052881, "Internal fault, try again")
            product = call.shop.shelf.get(product_id)
            change(product, call.world.now())
            call.shop.shelf.touch(product)
            call.shop.shelf.tell_status(product)
        except ApiError as error:
            errors.append(item_error(error.code, error.message, product_id=product_id, extra_errors=[]))
    return {"errors": errors} if errors else {}


def _activate(product: Product, _: datetime) -> None:
    if product.status != "SELLER_DEACTIVATED" or product.live is None:
        raise _NOT_NOW
    product.status = "ACTIVATE"


def _deactivate(product: Product, _: datetime) -> None:
    if product.status != "ACTIVATE":
        raise _NOT_NOW
    product.status = "SELLER_DEACTIVATED"


def _delete(product: Product, now: datetime) -> None:
    if product.status in ("DELETED", "FREEZE"):
        raise _NOT_NOW
    product.status, product.deleted_at = "DELETED", now
    if product.audit == "AUDITING":
        product.audit = "NONE"


def _recover(product: Product, now: datetime) -> None:
    if product.deleted_at is None or now - product.deleted_at > RECOVERABLE:
        raise _NOT_NOW
    product.deleted_at = None
    if product.live is None:
        product.draft, product.review = product.newest, None
    product.status = "SELLER_DEACTIVATED" if product.live is not None else "DRAFT"


def activate(call: Call) -> Any:
    return _for_each(call, _activate)


def deactivate(call: Call) -> Any:
    return _for_each(call, _deactivate)


def delete(call: Call) -> Any:
    return _for_each(call, _delete)


def recover(call: Call) -> Any:
    return _for_each(call, _recover)


_IDS = {"product_ids!": [str]}
_WITH_PLATFORMS = {**_IDS, "listing_platforms": [str]}
ENDPOINTS = (
    Endpoint("POST", "/product/{version}/products/activate", activate, scope=PRODUCT_WRITE, body=_WITH_PLATFORMS),
    Endpoint("POST", "/product/{version}/products/deactivate", deactivate, scope=PRODUCT_WRITE, body=_WITH_PLATFORMS),
    Endpoint("DELETE", "/product/{version}/products", delete, scope="seller.product.delete", body=_IDS),
    Endpoint("POST", "/product/{version}/products/recover", recover, scope=PRODUCT_WRITE, body=_IDS),
)
