"""How cancellations and returns look over the API (sheet 4.11, 4.12)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sandbox.tiktok.aftersale_reasons import reason_text
from sandbox.tiktok.call import Call
from sandbox.tiktok.order_model import Cancellation, Order, Return, Unit
from sandbox.tiktok.order_money import wire


def cancellation_view(call: Call, cancellation: Cancellation) -> dict[str, Any]:
    order = call.shop.book.orders[cancellation.order_id]
    pending = cancellation.deadline is not None
    answer = [{"action": "SELLER_RESPOND_BUYER_CANCEL", "deadline": cancellation.deadline}] if pending else []
    total, goods, shipping, tax = call.shop.aftersales.refund(order, cancellation)
    return {
        "cancel_id": cancellation.id,
        "order_id": order.id,
        "cancel_type": cancellation.type,
        "cancel_status": cancellation.status,
        "role": cancellation.role,
        "cancel_reason": cancellation.reason,
        "cancel_reason_text": _text(cancellation.reason, cancellation.reason_text, call.language),
        "create_time": cancellation.create_time,
        "update_time": cancellation.update_time,
        "seller_next_action_response": answer,
        "refund_amount": _refund(order, total, goods, shipping, tax),
        "cancel_line_items": [
            {"cancel_line_item_id": line_id, **_line(order, order.unit(unit_id)), **_image(order.unit(unit_id))}
            for line_id, unit_id in cancellation.lines
        ],
        "should_replenish_stock": cancellation.replenish,
    }


def _text(name: str, fallback: str, language: str) -> str:
    """In the language asked for; reasons without a known text as they were written down."""
    text = reason_text(name, language)
    return fallback if text == name else text


def _refund(order: Order, total: Decimal, goods: Decimal, shipping: Decimal, tax: Decimal) -> dict[str, str]:
    return {
        "currency": order.currency,
        "refund_total": wire(total),
        "refund_subtotal": wire(goods),
        "refund_shipping_fee": wire(shipping),
        "refund_tax": wire(tax),
    }


def _line(order: Order, unit: Unit) -> dict[str, Any]:
    paid = "paid" in order.times
    goods, tax = (unit.sale_price, unit.tax) if paid else (Decimal(0), Decimal(0))
    return {
        "order_line_item_id": unit.id,
        "sku_id": unit.sku_id,
        "sku_name": unit.sku_name,
        "product_name": unit.product_name,
        "seller_sku": unit.seller_sku,
        "refund_amount": _refund(order, goods + tax, goods, Decimal(0), tax),
    }


def _image(unit: Unit) -> dict[str, Any]:
    return {"product_image": {"url": unit.sku_image, "width": 300, "height": 300}}


def return_view(call: Call, row: Return, actions: Sequence[str]) -> dict[str, Any]:
    """`actions` are what the seller may answer now; without any there is nothing to be done until a deadline."""
    order = call.shop.book.orders[row.order_id]
    units = [order.unit(key) for key in row.unit_ids]
    tax = sum((unit.tax for unit in units), Decimal(0))
    goods = row.refund - tax
    if row.partial_refund is not None and row.status != "AWAITING_BUYER_RESPONSE":
        goods, tax = row.partial_refund, Decimal(0)
    view: dict[str, Any] = {
        "return_id": row.id,
        "order_id": order.id,
        "return_type": row.type,
        "return_status": row.status,
        "arbitration_status": "",
        "role": row.role,
        "return_reason": row.reason,
        "return_reason_text": _text(row.reason, row.reason_text, call.language),
        # The example's word; the field's documentation says BUYER_ARRANGE instead (?).
        "shipment_type": "SELLER_SHIP",
        "handover_method": "",
        "return_tracking_number": row.tracking_number,
        "return_provider_id": row.provider_id,
        "return_provider_name": row.provider_name,
        "can_buyer_keep_item": row.can_buyer_keep_item,
        "is_quick_refund": False,
        "create_time": row.create_time,
        "update_time": row.update_time,
        "seller_next_action_response": [{"action": name, "deadline": row.deadline} for name in actions],
        "refund_amount": _refund(order, goods + tax, goods, Decimal(0), tax),
        "discount_amount": [],
        "shipping_fee_amount": [],
        "return_line_items": [
            {"return_line_item_id": line_id, **_line(order, unit)}
            for line_id, unit in zip(row.line_ids, units, strict=True)
        ],
    }
    if row.partial_refund is not None:
        view["partial_refund"] = {"currency": order.currency, "amount": wire(row.partial_refund)}
        view["seller_proposed_return_type"] = "PARTIAL_REFUND"
    return view
