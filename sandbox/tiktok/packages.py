"""Packages: looking at them, splitting orders, documents and what the carrier tells (sheet 5.5–5.8)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sandbox.tiktok.call import Call, Endpoint
from sandbox.tiktok.errors import ApiError, invalid_parameter
from sandbox.tiktok.fulfilment import package_of
from sandbox.tiktok.logistics import warehouse_address
from sandbox.tiktok.order_model import DAY, Order, Package, Unit
from sandbox.tiktok.order_views import recipient_view
from sandbox.tiktok.shipping_rules import SPLIT_BY_SKU, check_fulfiller
from sandbox.tiktok.time_paging import TIMES, in_time, listed, paging_query, time_page
from sandbox.tiktok.tracking_events import events_of

MAX_ORDERS = 50
_SUB_STATUS = {
    "TO_FULFILL": "STOCKING",
    "PROCESSING": "RTS",
    "FULFILLING": "TTS",
    "COMPLETED": "DELIVERED",
    "CANCELLED": "CANCELLED",
}
_LENGTHS = {"CENTIMETER": "CM", "INCH": "INCH"}
_ADDRESS = ("full_address", "phone_number", "name", "postal_code", "address_detail", "region_code")
_LINES = ("address_line1", "address_line2", "address_line3", "address_line4")
_DOCUMENTS = frozenset(
    {"SHIPPING_LABEL", "PACKING_SLIP", "SHIPPING_LABEL_AND_PACKING_SLIP", "SHIPPING_LABEL_PICTURE", "HAZMAT_LABEL"}
    | {"INVOICE_LABEL", "PICK_LIST"}
)
_SELLERS_DOCUMENTS = frozenset({"PACKING_SLIP", "PICK_LIST"})
DOCUMENT_LIFE = DAY


# Looking


def _units(order: Order, package: Package) -> list[Unit]:
    return [unit for unit in order.units if unit.id in package.unit_ids]


def _contents(order: Order, package: Package) -> list[dict[str, Any]]:
    skus: dict[str, dict[str, Any]] = {}
    for unit in _units(order, package):
        row = {"id": unit.sku_id, "name": unit.sku_name, "image_url": unit.sku_image, "quantity": 0}
        skus.setdefault(unit.sku_id, row)["quantity"] += 1
    return [{"id": order.id, "skus": list(skus.values())}]


def detail(call: Call) -> Any:
    order, package = package_of(call, call.path["package_id"])
    sub_status = _SUB_STATUS[package.status]
    if order.fulfillment_type != "FULFILLMENT_BY_SELLER" and package.status == "TO_FULFILL":
        sub_status = "HBW"
    view: dict[str, Any] = {
        "package_id": package.id,
        "package_status": package.status,
        "package_sub_status": sub_status,
        "split_and_combine_tag": "SPLIT" if package.split else "DEFAULT",
        "has_multi_skus": len({unit.sku_id for unit in _units(order, package)}) > 1,
        "note_tag": "BUYER_NOTED" if order.buyer_message else "BUYER_UNNOTED",
        "shipping_type": order.shipping_type,
        "delivery_option_id": order.delivery_option_id,
        "delivery_option_name": order.delivery_option_name,
        "shipping_provider_id": package.provider_id,
        "shipping_provider_name": package.provider_name,
        "tracking_number": package.tracking_number,
        "handover_method": package.handover_method,
        "create_time": package.created_at,
        "update_time": package.updated_at,
        "warehouse_id": order.warehouse_id,
        "order_line_item_ids": package.unit_ids,
        "orders": _contents(order, package),
        "recipient_address": _address(recipient_view(call.world, call.shop, order)),
        "sender_address": _sender(call),
        "weight": _weight(call, _units(order, package)),
        "dimension": _dimension(call, _units(order, package)),
    }
    if package.pickup_slot is not None:
        start, end = package.pickup_slot
        view["pickup_slot"] = {"start_time": start, "end_time": end}
    return view


def _address(given: dict[str, Any]) -> dict[str, Any]:
    return {key: given[key] for key in (*_ADDRESS, *_LINES) if key in _ADDRESS or key == _LINES[0] or given[key]}


def _sender(call: Call) -> dict[str, Any]:
    given = warehouse_address(call.shop.market)
    return {
        "full_address": given["full_address"],
        "phone_number": given["phone_number"],
        "name": given["contact_person"],
        "postal_code": given["postal_code"],
        "address_detail": given["address_line1"],
        "region_code": given["region_code"],
        "address_line1": given["address_line1"],
    }


def _parcels(call: Call, units: Iterable[Unit], field: str) -> list[dict[str, Any]]:
    """The weight or dimensions of each unit's product, as far as it has any."""
    products = call.shop.shelf.products
    found = (products[unit.product_id].content.get(field) for unit in units if unit.product_id in products)
    return [row for row in found if row]


def _weight(call: Call, units: Iterable[Unit]) -> dict[str, str]:
    """The sum of what the products weigh; units of weight are one product's like the other's."""
    rows = _parcels(call, units, "package_weight")
    total = sum((Decimal(row["value"]) for row in rows), Decimal(0))
    return {"value": f"{total:f}", "unit": rows[0]["unit"] if rows else call.shop.market.weight_units[0]}


def _dimension(call: Call, units: Iterable[Unit]) -> dict[str, str]:
    """A box as long and wide as the largest product and as high as all together."""
    rows = _parcels(call, units, "package_dimensions")
    if not rows:
        return {"length": "0", "width": "0", "height": "0", "unit": "CM"}
    length, width = (max(Decimal(row[side]) for row in rows) for side in ("length", "width"))
    height = sum((Decimal(row["height"]) for row in rows), Decimal(0))
    unit = _LENGTHS.get(rows[0]["unit"], "CM")
    return {"length": f"{length:f}", "width": f"{width:f}", "height": f"{height:f}", "unit": unit}


def search(call: Call) -> Any:
    """Rows say `id` and `status` where detail says `package_id` and `package_status`."""
    book, body = call.shop.book, call.body
    field = call.query.get("sort_field", "create_time")
    ascending = call.query.get("sort_order", "DESC") == "ASC"
    found = []
    for package_id, order in book.packages.items():
        package = order.packages[package_id]
        if body.get("package_status") not in (None, package.status):
            continue
        if in_time(body, package.created_at, package.updated_at):
            times = {
                "create_time": package.created_at,
                "update_time": package.updated_at,
                "order_pay_time": order.times.get("paid", order.create_time),
            }
            found.append((times[field], package))
    rows, total, token = time_page(found, call.query, body, size=call.query["page_size"], ascending=ascending)
    views = [_row(book.packages[package.id], package) for package in rows]
    return {"next_page_token": token, "total_count": total, **listed(call, "packages", views)}


def _row(order: Order, package: Package) -> dict[str, Any]:
    return {
        "id": package.id,
        "status": package.status,
        "create_time": package.created_at,
        "update_time": package.updated_at,
        "tracking_number": package.tracking_number,
        "shipping_provider_id": package.provider_id,
        "shipping_provider_name": package.provider_name,
        "order_line_item_ids": package.unit_ids,
        "orders": _contents(order, package),
    }


# Splitting


def split_attributes(call: Call) -> Any:
    ids = call.query["order_ids"]
    if not 0 < len(ids) <= MAX_ORDERS:
        raise invalid_parameter("order_ids")
    rows = []
    for order in map(call.shop.book.get, ids):
        reason = _no_split(call, order)
        row = {"order_id": order.id, "can_split": not reason, "reason": reason}
        rows.append({**row, "must_split": False, "must_split_reasons": []})
    return {"split_attributes": rows}


def _no_split(call: Call, order: Order) -> str:
    units = [unit for unit in order.units if unit.status != "CANCELLED"]
    if order.fulfillment_type != "FULFILLMENT_BY_SELLER":
        return "The order is fulfilled by the platform"
    if order.status != "AWAITING_SHIPMENT":
        return "The order is not waiting to be shipped"
    if len(units) < 2:
        return "The order has one unit only"
    if call.shop.region in SPLIT_BY_SKU and len({unit.sku_id for unit in units}) < 2:
        return "The order has one SKU only"
    return ""


def split(call: Call) -> Any:
    """Every line in exactly one group; where markets split by SKU, all units of one in the same. New packages only."""
    book = call.shop.book
    order = book.get(call.path["order_id"])
    check_fulfiller(order)
    if order.status in ("PARTIALLY_SHIPPING", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED"):
        raise ApiError(21011035, "The order is shipped already")
    if reason := _no_split(call, order):
        raise ApiError(21003002, reason)
    groups = {row["id"]: row["order_line_item_ids"] for row in call.body.get("splittable_groups") or []}
    for row in call.body.get("splittable_groups_v2") or []:
        groups[row["id"]] = [line["order_line_id"] for line in row["order_line_list"]]
    units = {unit.id: unit for unit in order.units if unit.status != "CANCELLED"}
    given = [key for keys in groups.values() for key in keys]
    if len(groups) < 2 or not all(groups.values()) or sorted(given) != sorted(units):
        raise ApiError(11006013, "Every order line has to be in exactly one of several groups")
    if call.shop.region in SPLIT_BY_SKU:
        group_of_sku = {(units[key].sku_id, group) for group, keys in groups.items() for key in keys}
        if len(group_of_sku) != len({sku_id for sku_id, _ in group_of_sku}):
            raise ApiError(11006014, "All units of a SKU have to be in the same group")
    for package_id in [key for key, package in order.packages.items() if package.status == "TO_FULFILL"]:
        del order.packages[package_id]
        del book.packages[package_id]
    rows = []
    for group, keys in groups.items():
        package = book.package(order, [units[key] for key in keys])
        rows.append({"splittable_group_id": group, "id": package.id})
    book.touch(order)
    book.tell("package", order)
    return {"packages": rows}


def combinable(call: Call) -> Any:
    """The simulator never offers to combine orders."""
    return {**listed(call, "combinable_packages", []), "next_page_token": "", "total_count": 0}


# Documents and tracking


def shipping_document(call: Call) -> Any:
    """Labels are TikTok's, from shipping to collection; a seller's own parcel has papers to lie inside only."""
    order, package = package_of(call, call.path["package_id"])
    check_fulfiller(order)
    kind = call.query["document_type"]
    if order.shipping_type != "TIKTOK" and kind not in _SELLERS_DOCUMENTS:
        raise ApiError(21008106, "Labels are made for packages that TikTok ships")
    if order.shipping_type == "TIKTOK" and package.status == "TO_FULFILL":
        raise ApiError(21042104, "Shipping is not arranged yet")
    if package.status in ("FULFILLING", "COMPLETED", "CANCELLED"):
        raise ApiError(21042102, "The package is collected: its documents are not printed any more")
    form = call.query.get("document_format", "PDF").lower()
    expires = call.world.timestamp() + DOCUMENT_LIFE
    name = f"{package.id}-{kind.lower()}-{call.query.get('document_size', 'A6').lower()}.{form}"
    return {
        "doc_url": f"https://oec-docs-sandbox.example-cdn.com/{name}?expires={expires}",
        "tracking_number": package.tracking_number,
    }


def order_tracking(call: Call) -> Any:
    """Newest first; times in milliseconds here and nowhere else."""
    order = call.shop.book.get(call.path["order_id"])
    events = [event for package in order.packages.values() for event in events_of(order, package, call.language)]
    events.sort(key=lambda event: event["update_time_millis"], reverse=True)
    return listed(call, "tracking", events)


def logistics_tracking(call: Call) -> Any:
    """By parcel, with the carrier's name."""
    order = call.shop.book.get(call.path["order_id"])
    rows = []
    for package in order.packages.values():
        if package.shipped_at is None:
            continue
        number = package.tracking_number
        tracks = [
            {**event, "tracking_no": number, "action_code_name": event["description"]}
            for event in reversed(events_of(order, package, call.language))
        ]
        rows.append({"newest_tracking_no": number, "carrier_name": package.provider_name, "track_list": tracks})
    return listed(call, "logistics_details", rows)


def validate_tracking(call: Call) -> Any:
    """Whether a number is one of TikTok's own carriers."""
    ids = call.shop.book.index.numbered(call.query["tracking_number"])
    orders = [call.shop.book.orders[key] for key in ids]
    by_tiktok = any(order.shipping_type == "TIKTOK" for order in orders)
    return {"is_tiktok_shipping": by_tiktok, "is_tiktok_collection": False}


_BASIC = "seller.fulfillment.basic"
_PATH = "/fulfillment/{version}/"
_PAGED = paging_query("DESC", range(1, 51), "order_pay_time")
_GROUPS = [{"id!": str, "order_line_item_ids!": [str]}]
_GROUPS_2 = [{"id!": str, "order_line_list!": [{"order_line_id!": str, "sub_item_id": str}]}]


def _read(path: str, handler: Any, query: dict[str, Any] | None = None, version: str = "202309") -> Endpoint:
    return Endpoint("GET", path, handler, (version,), _BASIC, query=query or {})


ENDPOINTS = (
    _read(f"{_PATH}orders/split_attributes", split_attributes, {"order_ids!": [str]}),
    Endpoint(
        "POST",
        f"{_PATH}orders/{{order_id}}/split",
        split,
        scope="seller.fulfillment.package.write",
        body={"splittable_groups": _GROUPS, "splittable_groups_v2": _GROUPS_2},
    ),
    _read(f"{_PATH}orders/{{order_id}}/tracking", order_tracking),
    _read("/logistics/{version}/orders/{order_id}/tracking", logistics_tracking, version="202604"),
    _read(f"{_PATH}tts_tracking_validation", validate_tracking, {"tracking_number!": str}, "202508"),
    _read(f"{_PATH}combinable_packages/search", combinable, {"page_size!": range(1, 51), "page_token": str}),
    Endpoint(
        "POST",
        f"{_PATH}packages/search",
        search,
        scope=_BASIC,
        query={("page_size!" if key == "page_size" else key): kind for key, kind in _PAGED.items()},
        body={"package_status": tuple(_SUB_STATUS), **TIMES},
    ),
    _read(f"{_PATH}packages/{{package_id}}", detail),
    _read(
        f"{_PATH}packages/{{package_id}}/shipping_documents",
        shipping_document,
        {
            "document_type!": _DOCUMENTS,
            "document_size": frozenset({"A6", "A5"}),
            "document_format": frozenset({"PDF", "ZPL"}),
            "shipping_period": str,
        },
    ),
)
