"""Cancellations over the API: made by the seller, asked for by buyers (sheet 4.10, 4.11)."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from sandbox.tiktok.aftersale_reasons import (
    BUYER_CANCEL,
    BUYER_RETURN,
    REJECT_RETURN,
    reason_text,
    reject_reasons,
    seller_reasons,
)
from sandbox.tiktok.aftersale_views import cancellation_view
from sandbox.tiktok.aftersales_desk import OPEN, PENDING
from sandbox.tiktok.call import Call, Endpoint
from sandbox.tiktok.errors import ApiError, invalid_parameter
from sandbox.tiktok.order_model import Cancellation, Order, Unit
from sandbox.tiktok.time_paging import TIMES, in_time, listed, paging_query, time_page

DEFAULT_PAGE = 10
SCOPE = "seller.return_refund.basic"
NEWER = ("202309", "202602")
_KINDS = ["CANCEL", "REFUND", "RETURN_AND_REFUND"]
_RETURNABLE = {
    "REFUND": ("AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED"),
    "RETURN_AND_REFUND": ("DELIVERED", "COMPLETED"),
}


def cancel(call: Call) -> Any:
    """The whole order, whole or part of some SKUs, or single lines; the line forms not together."""
    order = call.shop.book.get(call.body["order_id"])
    if call.fault("lock_conflict"):
        raise ApiError(25001028, "The order is locked by another operation, try again")
    if call.fault("risk_control"):
        raise ApiError(25001046, "The cancellation was stopped by risk control")
    units = _chosen(order, call.body)
    done = call.shop.aftersales.seller_cancels(order, {unit.id for unit in units}, call.body["cancel_reason"])
    return {"cancel_id": done.id, "cancel_status": done.status}


def _chosen(order: Order, body: dict[str, Any]) -> list[Unit]:
    line_ids = body.get("order_line_item_ids") or []
    newer = [row["order_line_item_id"] for row in body.get("order_line_list") or []]
    skus = body.get("skus") or []
    if line_ids and newer:
        raise ApiError(25001001, "order_line_item_ids and order_line_list exclude each other")
    live = [unit for unit in order.units if unit.status != "CANCELLED"]
    if wanted := set(line_ids or newer):
        if not wanted <= {unit.id for unit in order.units}:
            raise ApiError(25005010, "An order line is not one of this order's")
        return [unit for unit in order.units if unit.id in wanted]
    if not skus:
        return live
    units = []
    for sku_id, quantity in _quantities(skus).items():
        of_sku = [unit for unit in live if unit.sku_id == sku_id]
        if not of_sku:
            raise ApiError(25005010, "A SKU is not one of this order's")
        if not 0 < quantity <= len(of_sku):
            raise ApiError(25005011, "The order does not have so many units of a SKU")
        # The newest lines first: which ones the platform takes is not known (?).
        units += of_sku[-quantity:]
    return units


def _quantities(skus: list[dict[str, Any]]) -> Counter[str]:
    wanted: Counter[str] = Counter()
    for row in skus:
        wanted[row["sku_id"]] += row["quantity"]
    return wanted


def eligibility(call: Call) -> Any:
    """What may be asked for, and with which reasons: by SKU, lines that agree together."""
    order = call.shop.book.get(call.path["order_id"])
    by_seller = call.query.get("initiate_aftersale_user", "SELLER") == "SELLER"
    kinds = call.query.get("request_types") or _KINDS
    if not set(kinds) <= set(_KINDS):
        raise invalid_parameter("request_types")
    rows = []
    for sku_id in dict.fromkeys(unit.sku_id for unit in order.units):
        units = [unit for unit in order.units if unit.sku_id == sku_id]
        entries = [entry for kind in kinds for entry in _entries(call, order, units, kind, by_seller=by_seller)]
        rows.append({"sku_id": sku_id, "line_item_eligibility": entries})
    return {"sku_eligibility": rows}


def _entries(call: Call, order: Order, units: list[Unit], kind: str, *, by_seller: bool) -> list[dict[str, Any]]:
    groups: dict[tuple[int, str], list[str]] = {}
    for unit in units:
        groups.setdefault(_refusal(call, order, unit, kind), []).append(unit.id)
    entries = []
    for (code, text), ids in groups.items():
        entry: dict[str, Any] = {
            "request_type": kind,
            "order_line_items_ids": ids,
            "order_line_list": [{"order_line_item_id": key} for key in ids],
            "eligible": not code,
            "available_reason_names": [] if code else _reasons(call, order, kind, by_seller=by_seller),
        }
        if code:
            entry |= {"ineligible_code": code, "ineligible_reason": text}
        entries.append(entry)
    return entries


def _reasons(call: Call, order: Order, kind: str, *, by_seller: bool) -> list[str]:
    if kind != "CANCEL":
        return list(BUYER_RETURN)
    return seller_reasons(call.shop.region, order.status) if by_seller else list(BUYER_CANCEL)


def _refusal(call: Call, order: Order, unit: Unit, kind: str) -> tuple[int, str]:
    """The code and text with which a request for the unit would be refused; 0 when it would not."""
    if unit.status == "CANCELLED":
        return 25001051, "The order is finished or cancelled"
    if kind == "CANCEL" and order.fulfillment_type != "FULFILLMENT_BY_SELLER":
        return 25020005, "The seller may not cancel what the platform fulfils"
    if kind != "CANCEL":
        if unit.status in _RETURNABLE[kind]:
            return 0, ""
        return 25003001, "The order is not shipped yet"
    if unit.status == "COMPLETED":
        return 25001051, "The order is finished or cancelled"
    if unit.status not in OPEN:
        return 25001045, "The order is shipped already"
    if call.shop.book.wants_cancel(order):
        return 25001011, "A cancellation is already running"
    return 0, ""


def search(call: Call) -> Any:
    book, body = call.shop.book, call.body
    ascending = call.query.get("sort_order", "ASC") == "ASC"
    field = call.query.get("sort_field", "create_time")
    wanted: dict[str, Callable[[Cancellation], str]] = {
        "cancel_ids": lambda row: row.id,
        "order_ids": lambda row: row.order_id,
        "buyer_user_ids": lambda row: book.orders[row.order_id].user_id,
        "cancel_types": lambda row: row.type,
        "cancel_status": lambda row: row.status,
    }
    found = [
        (row.update_time if field == "update_time" else row.create_time, row)
        for row in book.cancellations.values()
        if in_time(body, row.create_time, row.update_time)
        and all(value(row) in body[name] for name, value in wanted.items() if body.get(name))
    ]
    size = call.query.get("page_size", DEFAULT_PAGE)
    rows, total, token = time_page(found, call.query, body, size=size, ascending=ascending)
    return {
        "total_count": total,
        "next_page_token": token,
        **listed(call, "cancellations", [cancellation_view(call, row) for row in rows]),
    }


def approve(call: Call) -> Any:
    desk = call.shop.aftersales
    desk.approve(desk.find(call.path["cancel_id"]), call.query.get("idempotency_key", ""))
    return {}


def reject(call: Call) -> Any:
    desk = call.shop.aftersales
    found = desk.find(call.path["cancel_id"])
    desk.reject(found, call.body["reject_reason"], call.query.get("idempotency_key", ""))
    return {}


def list_reject_reasons(call: Call) -> Any:
    """Why a request may be refused now: nothing for one that is decided (?)."""
    key = call.query["return_or_cancel_id"]
    names: list[str] = []
    if key in call.shop.book.returns:
        names = list(REJECT_RETURN)
    elif call.shop.aftersales.find(key).status == PENDING:
        names = list(reject_reasons(call.shop.region))
    return {"reasons": [{"name": name, "text": reason_text(name, call.language)} for name in names]}


_SKUS = [{"sku_id!": str, "quantity!": int}]
_CANCEL = {"order_id!": str, "cancel_reason!": str, "skus": _SKUS, "order_line_item_ids": [str]}
_LINES = [{"order_line_item_id!": str, "sub_order_line_item_id": str}]
_STATUSES = (
    "CANCELLATION_REQUEST_PENDING",
    "CANCELLATION_REQUEST_SUCCESS",
    "CANCELLATION_REQUEST_CANCEL",
    "CANCELLATION_REQUEST_COMPLETE",
)
REJECTION = {
    "reject_reason!": str,
    "comment": str,
    "images": [{"image_id!": str, "mime_type": str, "height": int, "width": int}],
}
KEY = {"idempotency_key": str}
_PATH = "/return_refund/{version}/cancellations"

ENDPOINTS = (
    Endpoint("POST", _PATH, cancel, ("202309",), SCOPE, body=_CANCEL),
    Endpoint("POST", _PATH, cancel, ("202602",), SCOPE, body={**_CANCEL, "order_line_list": _LINES}),
    Endpoint(
        "POST",
        f"{_PATH}/search",
        search,
        NEWER,
        SCOPE,
        query=paging_query("ASC"),
        body={
            "cancel_ids": [str],
            "order_ids": [str],
            "buyer_user_ids": [str],
            "cancel_types": [("BUYER_CANCEL", "CANCEL")],
            "cancel_status": [_STATUSES],
            "locale": str,
            **TIMES,
        },
    ),
    Endpoint("POST", f"{_PATH}/{{cancel_id}}/approve", approve, scope=SCOPE, query=KEY, body={}),
    Endpoint("POST", f"{_PATH}/{{cancel_id}}/reject", reject, scope=SCOPE, query=KEY, body=REJECTION),
    Endpoint(
        "GET",
        "/return_refund/{version}/orders/{order_id}/aftersale_eligibility",
        eligibility,
        NEWER,
        SCOPE,
        query={"initiate_aftersale_user": frozenset({"SELLER", "BUYER"}), "request_types": [str], "locale": str},
    ),
    Endpoint(
        "GET",
        "/return_refund/{version}/reject_reasons",
        list_reject_reasons,
        scope=SCOPE,
        query={"return_or_cancel_id!": str, "locale": str},
    ),
)
