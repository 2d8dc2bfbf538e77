"""How an order looks over the API: search and detail (sheet 4.4–4.7) and its price detail (4.8)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.tiktok.order_masks import INCOMPLETE, is_masked, masked
from sandbox.tiktok.order_model import Order, Package, Unit
from sandbox.tiktok.order_money import FEES, shares, wire

if TYPE_CHECKING:
    from sandbox.tiktok.world import Shop, TikTokWorld

# Moments on the wire, by their name in `Order.times`; a completed order has no time of its own there.
_TIMES = ("paid", "rts", "collection", "delivery", "cancel", "request_cancel")
# Fees that are written although they are nothing; the others are missing then.
_USUAL_FEES = frozenset({"small_order_fee", "retail_delivery_fee", "buyer_service_fee", "handling_fee"})
_LINE_FEES = ("small_order_fee", "retail_delivery_fee", "buyer_service_fee", "distance_shipping_fee", "distance_fee")


def order_view(world: "TikTokWorld", shop: "Shop", order: Order, version: str = "202309") -> dict[str, Any]:
    package = next(iter(order.packages.values()), None)
    hidden = is_masked(order, shop.region, shop.book.now(), masks_tiktok_shipping=world.masks_tiktok_shipping)
    view: dict[str, Any] = {
        "id": order.id,
        "status": order.status,
        "order_type": order.order_type,
        "create_time": order.create_time,
        "update_time": order.update_time,
        "user_id": order.user_id,
        "buyer_email": order.buyer_email,
        "buyer_message": order.buyer_message,
        "buyer_nickname": order.buyer_nickname,
        "fulfillment_type": order.fulfillment_type,
        "shipping_type": order.shipping_type,
        "delivery_type": order.delivery_type,
        "delivery_option_id": order.delivery_option_id,
        "delivery_option_name": order.delivery_option_name,
        "warehouse_id": order.warehouse_id,
        "is_on_hold_order": order.is_on_hold,
        "is_cod": order.is_cod,
        "is_sample_order": order.is_sample,
        "is_replacement_order": bool(order.replaces),
        "is_exchange_order": bool(order.exchanges),
        "is_buyer_request_cancel": shop.book.wants_cancel(order),
        "has_updated_recipient_address": order.address_updated,
        "payment_method_name": order.payment_method_name,
        "payment": _payment(order),
        "recipient_address": _recipient(order, hidden=hidden),
        "line_items": _lines(order),
        "packages": [{"id": package_id} for package_id in order.packages],
        "tracking_number": package.tracking_number if package else "",
        "shipping_provider": package.provider_name if package else "",
        "shipping_provider_id": package.provider_id if package else "",
        "need_upload_invoice": "NEED_INVOICE" if shop.region == "BR" else "NO_NEED",
        "seller_note": order.seller_note,
        "split_or_combine_tag": "SPLIT" if len(order.packages) > 1 else "",
        **{f"{name}_time": order.times[name] for name in _TIMES if name in order.times},
        **order.deadlines,
    }
    return view | _now_and_then(shop, order, version, hidden=hidden)


def _now_and_then(shop: "Shop", order: Order, version: str, *, hidden: bool) -> dict[str, Any]:
    """Fields that only some orders have."""
    some: dict[str, Any] = {}
    if order.status == "CANCELLED":
        some |= {"cancellation_initiator": order.cancellation_initiator, "cancel_reason": order.cancel_reason}
    if order.replaces:
        some["replaced_order_id"] = order.replaces
    if order.exchanges:
        some["exchange_source_order_id"] = order.exchanges
    if order.is_sample:
        some["is_refundable_sample"] = order.is_refundable_sample
    if order.release_date is not None:
        some["release_date"] = order.release_date
    if shop.region == "ID":
        some["commerce_platform"] = "TIKTOK_SHOP"
    if order.cpf:
        some["cpf"] = "***" if hidden else order.cpf
        some["cpf_name"] = "***" if hidden else order.cpf_name
        if version == "202507":
            some |= {
                "payment_card_type": "CREDIT",
                "payment_method_code": "03",
                "payment_auth_code": f"{int(order.id[-6:]):06d}",
                "channel_entity_national_registry_id": "00000000000191",
            }
    return some


def _payment(order: Order) -> dict[str, str]:
    amounts = {
        name: wire(amount)
        for name, amount in order.payment.items()
        if amount or name not in FEES or name in _USUAL_FEES
    }
    return {"currency": order.currency, **amounts}


def _recipient(order: Order, *, hidden: bool) -> dict[str, Any]:
    recipient = masked(order.recipient) if hidden else order.recipient
    if order.status in INCOMPLETE:
        return {key: value for key, value in recipient.items() if key != "district_info"}
    return recipient


def recipient_view(world: "TikTokWorld", shop: "Shop", order: Order) -> dict[str, Any]:
    """The address as the seller may see it now."""
    hidden = is_masked(order, shop.region, shop.book.now(), masks_tiktok_shipping=world.masks_tiktok_shipping)
    return _recipient(order, hidden=hidden)


def _decimals(order: Order) -> int:
    """As many as the order's own amounts have, in rupiah none."""
    exponents = [unit.original_price.as_tuple().exponent for unit in order.units]
    exponents += [amount.as_tuple().exponent for amount in order.payment.values()]
    return max(-exponent for exponent in exponents if isinstance(exponent, int))


def _lines(order: Order) -> list[dict[str, Any]]:
    weights = [unit.sale_price for unit in order.units]
    decimals = _decimals(order)
    fees = {name: shares(order.payment[name], weights, decimals) for name in _LINE_FEES if order.payment.get(name)}
    return [
        _line(order, unit) | {name: wire(parts[i]) for name, parts in fees.items()}
        for i, unit in enumerate(order.units)
    ]


def _line(order: Order, unit: Unit) -> dict[str, Any]:
    package = order.packages.get(unit.package_id, Package("", []))
    line: dict[str, Any] = {
        "id": unit.id,
        "product_id": unit.product_id,
        "product_name": unit.product_name,
        "sku_id": unit.sku_id,
        "sku_name": unit.sku_name,
        "sku_image": unit.sku_image,
        "seller_sku": unit.seller_sku,
        "sku_type": "PRE_ORDER" if order.order_type == "PRE_ORDER" else "NORMAL",
        "currency": order.currency,
        "original_price": wire(unit.original_price),
        "sale_price": wire(unit.sale_price),
        "seller_discount": wire(unit.seller_discount),
        "platform_discount": wire(unit.platform_discount),
        "display_status": unit.status,
        "package_id": package.id,
        "package_status": "CANCELLED" if unit.status == "CANCELLED" else package.status,
        "tracking_number": package.tracking_number,
        "shipping_provider_id": package.provider_id,
        "shipping_provider_name": package.provider_name,
        "is_gift": unit.is_gift,
        "is_dangerous_good": False,
        "needs_prescription": False,
        "item_tax": _taxes(unit),
    }
    if unit.is_gift:
        line["gift_retail_price"] = wire(unit.gift_retail_price)
    if unit.rts_time is not None:
        line["rts_time"] = unit.rts_time
    if unit.status == "CANCELLED":
        line |= {"cancel_user": unit.cancel_user, "cancel_reason": unit.cancel_reason}
    if unit.sub_items:
        line["sub_item_info"] = _sub_items(order, unit, line)
    elif unit.parts:
        line["combined_listing_skus"] = [
            {"sku_id": sku_id, "sku_count": pieces, "product_id": product_id, "seller_sku": seller_sku}
            for sku_id, pieces, product_id, seller_sku in unit.parts
        ]
    return line


def _sub_items(order: Order, unit: Unit, line: dict[str, Any]) -> list[dict[str, Any]]:
    """Pieces share the line's amounts evenly and everything else as it is."""
    even = [Decimal(1)] * len(unit.sub_items)
    names = ("original_price", "sale_price", "seller_discount", "platform_discount")
    amounts = {name: shares(getattr(unit, name), even, _decimals(order)) for name in names}
    shared = ("currency", "display_status", "package_id", "package_status", "tracking_number", "shipping_provider_id")
    return [
        {
            **piece,
            **{name: line[name] for name in (*shared, "shipping_provider_name", "is_dangerous_good")},
            **{name: wire(parts[i]) for name, parts in amounts.items()},
            "item_tax": [],
        }
        for i, piece in enumerate(unit.sub_items)
    ]


def _taxes(unit: Unit) -> list[dict[str, str]]:
    if not unit.tax_rate:
        return []
    return [{"tax_type": "SALES_TAX", "tax_amount": wire(unit.tax), "tax_rate": wire(unit.tax_rate)}]


def price_detail(order: Order) -> dict[str, Any]:
    """Net is what is left without the tax on top; prices that include VAT are their own net (sheet 4.8)."""
    paid, decimals = order.payment, _decimals(order)
    rows = [_goods(order.units)] + [_goods([unit]) for unit in order.units]
    weights = [unit.sale_price for unit in order.units]
    shipping = {
        "shipping_list_price": paid["original_shipping_fee"],
        "shipping_sale_price": paid["shipping_fee"],
        "shipping_fee_deduction_seller": paid["shipping_fee_seller_discount"],
        "shipping_fee_deduction_platform": paid["shipping_fee_platform_discount"],
        "shipping_fee_deduction_platform_voucher": Decimal(0),
    }
    fees = sum((paid[name] for name in FEES), Decimal(0))
    split = {name: [amount, *shares(amount, weights, decimals)] for name, amount in shipping.items()}
    shipping_tax = [paid["shipping_fee_tax"], *shares(paid["shipping_fee_tax"], weights, decimals)]
    further = [fees, *shares(fees, weights, decimals)]
    for i, row in enumerate(rows):
        row |= {name: parts[i] for name, parts in split.items()}
        row["tax_amount"] = row["subtotal_tax_amount"] + shipping_tax[i]
        row["total"] = row["subtotal"] + row["shipping_sale_price"] + row["tax_amount"] + further[i]
        row["payment"] = row["total"]
        row["net_price_amount"] = row["total"] - row["tax_amount"]
    whole, *lines = ({name: wire(amount) for name, amount in row.items()} for row in rows)
    return {
        "currency": order.currency,
        **whole,
        "line_items": [
            {"id": unit.id, "currency": order.currency, **line} for unit, line in zip(order.units, lines, strict=True)
        ],
    }


def _goods(units: Sequence[Unit]) -> dict[str, Decimal]:
    zero = Decimal(0)
    sale = sum((unit.sale_price for unit in units), zero)
    row = {
        "sku_list_price": sum((unit.original_price for unit in units), zero),
        "sku_sale_price": sale,
        "subtotal": sale,
        "subtotal_deduction_seller": sum((unit.seller_discount for unit in units), zero),
        "subtotal_deduction_platform": sum((unit.platform_discount for unit in units), zero),
        "subtotal_tax_amount": sum((unit.tax for unit in units), zero),
        "voucher_deduction_platform": zero,
        "voucher_deduction_seller": zero,
        "tax_rate": max(unit.tax_rate for unit in units),
    }
    if any(unit.is_gift for unit in units):
        row["sku_gift_original_price"] = sum((unit.gift_retail_price for unit in units), zero)
        row["sku_gift_net_price"] = zero
    return row
