"""Every call about orders, shipping, cancellations, returns and webhooks, for `test_tiktok_requests`."""

from __future__ import annotations

from clients.tiktok.results import Accepted, BatchAnswer, Cancelled, ItemError, Shipped
from tests.clients.tiktok.cases import Case, data_of
from tests.clients.tiktok.conftest import example

ORDER = "577000000000000001"
LINES = ["577000000000010001", "577000000000010002"]
PACKAGE = "1153000000000000001"
CARRIER = "7129720290000000001"
CANCEL = "4035000000000000002"
SHIPMENT = {"tracking_number": "6A12345678901", "shipping_provider_id": CARRIER}
CORRECTED = {"tracking_number": "6A99999999999", "shipping_provider_id": CARRIER}
OLDEST_FIRST = {"sort_field": "update_time", "sort_order": "ASC"}
REFERENCE = {
    "id": ORDER,
    "external_order": {"id": "PS-000123", "platform": "ERP_SYSTEM", "line_items": [{"id": "1", "origin_id": LINES[0]}]},
}

ORDER_CASES = {
    "order_pages": Case(
        lambda c: [o for p in c.order_pages(update_time_ge=1789990000, update_time_lt=1790000000) for o in p],
        "SEARCH_ORDERS", "POST", "/order/202309/orders/search", {"page_size": "100", **OLDEST_FIRST},
        {"update_time_ge": 1789990000, "update_time_lt": 1790000000}, "order-search-response", data_of("orders"),
    ),
    "order_pages of requests": Case(
        lambda c: list(
            c.order_pages(
                create_time_ge=0, create_time_lt=9, status="UNPAID", buyer_requests_cancel=False,
                sort_field="create_time", page_size=50,
            )
        ),
        "SEARCH_ORDERS", "POST", "/order/202309/orders/search",
        {"page_size": "50", "sort_field": "create_time", "sort_order": "ASC"},
        {"create_time_ge": 0, "create_time_lt": 9, "order_status": "UNPAID", "is_buyer_request_cancel": False},
        {"next_page_token": "", "total_count": 0}, lambda data: [[]],
    ),
    "order_pages of all": Case(
        lambda c: next(c.order_pages()),
        "SEARCH_ORDERS", "POST", "/order/202309/orders/search", {"page_size": "100", **OLDEST_FIRST}, {},
        "order-search-masked-response", data_of("orders"),
    ),
    "orders": Case(
        lambda c: c.orders([ORDER, "577000000000000002", ORDER]),
        "ORDERS", "GET", "/order/202507/orders", {"ids": f"{ORDER},577000000000000002"}, None,
        "order-detail-response", data_of("orders"),
    ),
    "price_detail": Case(
        lambda c: c.price_detail(ORDER),
        "PRICE_DETAIL", "GET", f"/order/202407/orders/{ORDER}/price_detail", {}, None, "order-price-detail-response",
        lambda data: data,
    ),
    "attach_external_orders": Case(
        lambda c: c.attach_external_orders([REFERENCE]),
        "ATTACH_EXTERNAL_ORDERS", "POST", "/order/202406/orders/external_orders", {}, {"orders": [REFERENCE]},
        {"errors": [{"code": "1", "message": "x", "detail": {"order_id": ORDER, "external_order": {"id": "PS-1"}}}]},
        lambda data: BatchAnswer((), (ItemError(ORDER, "1", "x"),), "REQ-0"),
    ),
    "external_orders": Case(
        lambda c: c.external_orders(ORDER, "ERP_SYSTEM"),
        "EXTERNAL_ORDERS", "GET", f"/order/202406/orders/{ORDER}/external_orders", {"platform": "ERP_SYSTEM"}, None,
        {"external_orders": [{"id": "PS-1"}]}, lambda data: data,
    ),
    "find_external_order": Case(
        lambda c: c.find_external_order("ERP_SYSTEM", "PS-1"),
        "FIND_EXTERNAL_ORDER", "POST", "/order/202406/orders/external_order_search",
        {"platform": "ERP_SYSTEM", "external_order_id": "PS-1"}, None, {"orders": [{"id": ORDER}]}, lambda data: data,
    ),
    "mark_shipped": Case(
        lambda c: c.mark_shipped(ORDER, "6A12345678901", CARRIER, LINES),
        "MARK_SHIPPED", "POST", f"/fulfillment/202309/orders/{ORDER}/packages", {},
        {"order_line_item_ids": LINES, **SHIPMENT}, "mark-shipped-response",
        lambda data: Shipped(PACKAGE, tuple(LINES), data["warning"]["message"], "20260922101500ABCDEF01000000000036"),
    ),
    "mark_shipped whole": Case(
        lambda c: c.mark_shipped(ORDER, "6A12345678901", CARRIER),
        "MARK_SHIPPED", "POST", f"/fulfillment/202309/orders/{ORDER}/packages", {}, SHIPMENT,
        {"package_id": int(PACKAGE)}, lambda data: Shipped(PACKAGE, request_id="REQ-0"),
    ),
    "ship_package": Case(
        lambda c: c.ship_package(PACKAGE, "6A12345678901", CARRIER),
        "SHIP_PACKAGE", "POST", f"/fulfillment/202309/packages/{PACKAGE}/ship", {}, {"self_shipment": SHIPMENT},
        "ship-package-response",
        lambda data: Shipped(PACKAGE, request_id="20260922101500ABCDEF01000000000034"),
    ),
    "ship_packages": Case(
        lambda c: c.ship_packages([{"id": f"115300000000000000{n}", "self_shipment": SHIPMENT} for n in (1, 2)]),
        "SHIP_PACKAGES", "POST", "/fulfillment/202309/packages/ship", {},
        {"packages": [{"id": f"115300000000000000{n}", "self_shipment": SHIPMENT} for n in (1, 2)]},
        "batch-ship-packages-response",
        lambda data: BatchAnswer(
            (PACKAGE,),
            (ItemError("1153000000000000002", "21011006", "This package was already shipped (invented wording)"),),
            "20260922101500ABCDEF01000000000035",
        ),
    ),
    "correct_tracking of an order": Case(
        lambda c: c.correct_tracking("6A99999999999", CARRIER, order_id=ORDER),
        "CORRECT_ORDER_TRACKING", "POST", f"/fulfillment/202309/orders/{ORDER}/shipping_info/update", {}, CORRECTED,
        {}, lambda data: Accepted("REQ-0"),
    ),
    "correct_tracking of a package": Case(
        lambda c: c.correct_tracking("6A99999999999", CARRIER, package_id=PACKAGE),
        "CORRECT_PACKAGE_TRACKING", "POST", f"/fulfillment/202309/packages/{PACKAGE}/shipping_info/update", {},
        CORRECTED, {"warning": {"message": "w"}}, lambda data: Accepted("REQ-0", "w"),
    ),
    "package": Case(
        lambda c: c.package(PACKAGE),
        "PACKAGE", "GET", f"/fulfillment/202309/packages/{PACKAGE}", {}, None, "package-detail-response",
        lambda data: data,
    ),
    "package_pages": Case(
        lambda c: [
            row
            for page in c.package_pages(status="TO_FULFILL", update_time_ge=1789990000, update_time_lt=1790000000)
            for row in page
        ],
        "SEARCH_PACKAGES", "POST", "/fulfillment/202309/packages/search", {"page_size": "50", **OLDEST_FIRST},
        {"package_status": "TO_FULFILL", "update_time_ge": 1789990000, "update_time_lt": 1790000000},
        "package-search-response", data_of("packages"),
    ),
    "order_tracking": Case(
        lambda c: c.order_tracking(ORDER),
        "ORDER_TRACKING", "GET", f"/fulfillment/202309/orders/{ORDER}/tracking", {}, None, "order-tracking-response",
        data_of("tracking"),
    ),
    "cancel_order": Case(
        lambda c: c.cancel_order(
            ORDER, "seller_cancel_reason_out_of_stock", skus=[("1729500000000000101", 1)]
        ),
        "CANCEL_ORDER", "POST", "/return_refund/202602/cancellations", {},
        {
            "order_id": ORDER, "cancel_reason": "seller_cancel_reason_out_of_stock",
            "skus": [{"sku_id": "1729500000000000101", "quantity": 1}],
        },
        "cancellation-create-response",
        lambda data: Cancelled(
            "4035000000000000001", "CANCELLATION_REQUEST_SUCCESS", "20260922101500ABCDEF01000000000041"
        ),
    ),
    "cancel_order by lines": Case(
        lambda c: c.cancel_order(ORDER, "seller_cancel_reason_out_of_stock", line_ids=LINES[1:]),
        "CANCEL_ORDER", "POST", "/return_refund/202602/cancellations", {},
        {
            "order_id": ORDER, "cancel_reason": "seller_cancel_reason_out_of_stock", "order_line_item_ids": LINES[1:],
        },
        {"cancel_id": "4"}, lambda data: Cancelled("4", "", "REQ-0"),
    ),
    "cancel_reasons": Case(
        lambda c: c.cancel_reasons(ORDER),
        "AFTERSALE_ELIGIBILITY", "GET", f"/return_refund/202602/orders/{ORDER}/aftersale_eligibility",
        {"initiate_aftersale_user": "SELLER", "request_types": "CANCEL"}, None, "aftersale-eligibility-response",
        lambda data: data["sku_eligibility"][0]["line_item_eligibility"][0]["available_reason_names"],
    ),
    "cancellation_pages": Case(
        lambda c: [
            row
            for page in c.cancellation_pages(
                types=["BUYER_CANCEL"], statuses=["CANCELLATION_REQUEST_PENDING"], update_time_ge=1789990000,
                update_time_lt=1790000000, locale="fr-FR",
            )
            for row in page
        ],
        "SEARCH_CANCELLATIONS", "POST", "/return_refund/202602/cancellations/search",
        {"page_size": "50", **OLDEST_FIRST},
        {
            "cancel_types": ["BUYER_CANCEL"], "cancel_status": ["CANCELLATION_REQUEST_PENDING"],
            "update_time_ge": 1789990000, "update_time_lt": 1790000000, "locale": "fr-FR",
        },
        "cancellation-search-response", data_of("cancellations"),
    ),
    "approve_cancellation": Case(
        lambda c: c.approve_cancellation(CANCEL, "answer-1"),
        "APPROVE_CANCELLATION", "POST", f"/return_refund/202309/cancellations/{CANCEL}/approve",
        {"idempotency_key": "answer-1"}, None, {}, lambda data: Accepted("REQ-0"),
    ),
    "reject_cancellation": Case(
        lambda c: c.reject_cancellation(
            CANCEL, "seller_reject_apply_product_has_been_packed", "answer-2", "Colis déjà remis"
        ),
        "REJECT_CANCELLATION", "POST", f"/return_refund/202309/cancellations/{CANCEL}/reject",
        {"idempotency_key": "answer-2"},
        {"reject_reason": "seller_reject_apply_product_has_been_packed", "comment": "Colis déjà remis"}, {},
        lambda data: Accepted("REQ-0"),
    ),
    "reject_reasons": Case(
        lambda c: c.reject_reasons(CANCEL, "fr-FR"),
        "REJECT_REASONS", "GET", "/return_refund/202309/reject_reasons",
        {"return_or_cancel_id": CANCEL, "locale": "fr-FR"}, None, "reject-reasons-response", data_of("reasons"),
    ),
    "return_pages": Case(
        lambda c: [row for page in c.return_pages(order_ids=[ORDER], return_ids=["1"]) for row in page],
        "SEARCH_RETURNS", "POST", "/return_refund/202602/returns/search", {"page_size": "50", **OLDEST_FIRST},
        {"order_ids": [ORDER], "return_ids": ["1"]}, "returns-search-response", data_of("return_orders"),
    ),
    "webhooks": Case(
        lambda c: c.webhooks(),
        "WEBHOOKS", "GET", "/event/202309/webhooks", {}, None, "webhooks-list-response", data_of("webhooks"),
    ),
    "subscribe": Case(
        lambda c: c.subscribe("ORDER_STATUS_CHANGE", "https://hooks.example.org/tiktok"),
        "SUBSCRIBE", "PUT", "/event/202309/webhooks", {}, example("webhook-update-request"), {},
        lambda data: Accepted("REQ-0"),
    ),
    "unsubscribe": Case(
        lambda c: c.unsubscribe("ORDER_STATUS_CHANGE"),
        "UNSUBSCRIBE", "DELETE", "/event/202309/webhooks", {}, example("webhook-delete-request"), {},
        lambda data: Accepted("REQ-0"),
    ),
}  # fmt: skip
