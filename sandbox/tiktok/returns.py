"""Returns over the API: search, approve, reject (sheet 4.12)."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.tiktok.aftersale_views import return_view
from sandbox.tiktok.aftersales import DEFAULT_PAGE, KEY, NEWER, REJECTION, SCOPE
from sandbox.tiktok.call import Call, Endpoint
from sandbox.tiktok.errors import ApiError
from sandbox.tiktok.order_model import Return
from sandbox.tiktok.returns_desk import ACTIONS
from sandbox.tiktok.time_paging import TIMES, in_time, listed, paging_query, time_page


def search(call: Call) -> Any:
    book, body = call.shop.book, call.body
    ascending = call.query.get("sort_order", "ASC") == "ASC"
    field = call.query.get("sort_field", "create_time")
    wanted: dict[str, Callable[[Return], str]] = {
        "return_ids": lambda row: row.id,
        "order_ids": lambda row: row.order_id,
        "buyer_user_ids": lambda row: book.orders[row.order_id].user_id,
        "return_types": lambda row: row.type,
        "return_status": lambda row: row.status,
        # No return of the simulator is ever taken to the platform.
        "arbitration_status": lambda _: "",
        "seller_proposed_return_type": lambda row: "PARTIAL_REFUND" if row.partial_refund is not None else "",
    }
    found = [
        (row.update_time if field == "update_time" else row.create_time, row)
        for row in book.returns.values()
        if in_time(body, row.create_time, row.update_time)
        and all(value(row) in body[name] for name, value in wanted.items() if body.get(name))
    ]
    size = call.query.get("page_size", DEFAULT_PAGE)
    rows, total, token = time_page(found, call.query, body, size=size, ascending=ascending)
    views = [return_view(call, row, ACTIONS.get(row.status, ())) for row in rows]
    return {"total_count": total, "next_page_token": token, **listed(call, "return_orders", views)}


def approve(call: Call) -> Any:
    desk = call.shop.returns
    desk.answer(
        desk.find(call.path["return_id"]),
        call.body["decision"],
        call.query.get("idempotency_key", ""),
        keep_item=bool(call.body.get("buyer_keep_item")),
        partial=_partial(call, "partial_refund"),
    )
    return {}


def reject(call: Call) -> Any:
    desk = call.shop.returns
    desk.answer(
        desk.find(call.path["return_id"]),
        call.body["decision"],
        call.query.get("idempotency_key", ""),
        reject_reason=call.body["reject_reason"],
        partial=_partial(call, "partial_refund_amount"),
    )
    return {}


def _partial(call: Call, name: str) -> Decimal | None:
    offered = call.body.get(name)
    if offered is None:
        return None
    if offered["currency"] != call.shop.market.currency:
        raise ApiError(25001001, "The currency is not the order's")
    try:
        return Decimal(offered["amount"])
    except InvalidOperation:
        raise ApiError(25001001, "The amount is no number") from None


_MONEY = {"currency!": str, "amount!": str}
_APPROVALS = (
    "APPROVE_REFUND",
    "APPROVE_RETURN",
    "APPROVE_RECEIVED_PACKAGE",
    "APPROVE_REPLACEMENT",
    "ISSUE_REPLACEMENT_REFUND",
    "OFFER_PARTIAL_REFUND",
    "DIRECT_REFUND",
)
_REJECTIONS = (
    "REJECT_REFUND",
    "REJECT_RETURN",
    "REJECT_RECEIVED_PACKAGE",
    "REJECT_REPLACEMENT",
    "OFFER_PARTIAL_REFUND_AFTER_RECEIVING_PKG",
)
_PATH = "/return_refund/{version}/returns"

ENDPOINTS = (
    Endpoint(
        "POST",
        f"{_PATH}/search",
        search,
        NEWER,
        SCOPE,
        query=paging_query("ASC"),
        body={
            "return_ids": [str],
            "order_ids": [str],
            "buyer_user_ids": [str],
            "return_types": [("REFUND", "RETURN_AND_REFUND", "REPLACEMENT", "EXCHANGE")],
            "return_status": [str],
            "arbitration_status": [("IN_PROGRESS", "SUPPORT_BUYER", "SUPPORT_SELLER", "CLOSED")],
            "seller_proposed_return_type": [("PARTIAL_REFUND",)],
            "locale": str,
            **TIMES,
        },
    ),
    Endpoint(
        "POST",
        f"{_PATH}/{{return_id}}/approve",
        approve,
        scope=SCOPE,
        query=KEY,
        body={"decision!": _APPROVALS, "buyer_keep_item": bool, "partial_refund": _MONEY},
    ),
    Endpoint(
        "POST",
        f"{_PATH}/{{return_id}}/reject",
        reject,
        ("202309", "202606"),
        SCOPE,
        query=KEY,
        body={"decision!": _REJECTIONS, "partial_refund_amount": _MONEY, **REJECTION},
    ),
)
