"""Shipping over the API: mark as shipped, ship packages, pickup slots, corrections of the number (sheet 5.1–5.4)."""

from collections.abc import Sequence
from typing import Any

from sandbox.tiktok.call import Call, Endpoint
from sandbox.tiktok.errors import ApiError, item_error
from sandbox.tiktok.order_model import DAY, HOUR, Order, Package, Unit
from sandbox.tiktok.shipping_rules import (
    CORRECTION_WINDOW,
    MARK_SHIPPED,
    MAX_CORRECTIONS,
    ONE_CORRECTION,
    carrier_of,
    check_fulfiller,
    check_number,
    check_ready,
    shippable,
)

MAX_BATCH = 50
PLATFORM_CARRIER = ("7129720000000000099", "TikTok Shipping")
_NOT_HERE = ApiError(21008106, "The call is not available for this region or business type")


def package_of(call: Call, package_id: str) -> tuple[Order, Package]:
    """A package of the shop with its order; 21011001 when there is none."""
    order = call.shop.book.packages.get(package_id)
    if order is None:
        raise ApiError(21011001, "The package does not exist")
    return order, order.packages[package_id]


# Mark as shipped


def mark_shipped(call: Call) -> Any:
    """202309: one number for some lines or for all that are left."""
    body = call.body
    return _mark(call, body.get("order_line_item_ids") or [], body["tracking_number"], body["shipping_provider_id"])


def mark_shipped_202610(call: Call) -> Any:
    """Several numbers at once are for sellers on an allow-list, which this one is not."""
    lines = [row["order_line_id"] for row in call.body.get("order_line_list") or []]
    number, provider_id = _only_shipping_info(call.body)
    return _mark(call, lines, number, provider_id)


def _only_shipping_info(body: dict[str, Any]) -> tuple[str, str]:
    rows = body.get("shipping_info_list") or []
    if len(rows) != 1 or not rows[0].get("tracking_number") or not rows[0].get("shipping_provider_id"):
        raise ApiError(21001001, "Exactly one tracking number with its shipping provider is needed")
    return rows[0]["tracking_number"], rows[0]["shipping_provider_id"]


def _mark(call: Call, line_ids: Sequence[str], number: str, provider_id: str) -> Any:
    book = call.shop.book
    order = book.get(call.path["order_id"])
    check_fulfiller(order)
    if call.shop.region not in MARK_SHIPPED:
        raise _NOT_HERE
    if order.shipping_type != "SELLER":
        raise ApiError(21011004, "The package is not shipped by the seller")
    known = {unit.id: unit for unit in order.units}
    if not set(line_ids) <= known.keys():
        raise ApiError(21001001, "An order line is not one of this order's")
    units = [known[key] for key in dict.fromkeys(line_ids)] or shippable(order)
    check_ready(order, units)
    _check_request(call, order)
    carrier = carrier_of(call.shop, order, provider_id)
    warning = check_number(call.shop, order, carrier, number)
    package = book.package(order, units)
    _send(call, order, package, units, number, (provider_id, carrier), scannable=not warning)
    answer: dict[str, Any] = {
        "order_id": order.id,
        "order_line_item_ids": [unit.id for unit in units],
        "package_id": package.id,
    }
    if warning:
        answer["warning"] = {"message": warning}
    return answer


def _check_request(call: Call, order: Order) -> None:
    """Shipping under a buyer's request for cancellation is refused, but in the US the request is (sheet 4.11)."""
    if call.shop.region != "US" and call.shop.book.wants_cancel(order):
        raise ApiError(21011007, "The buyer has asked to cancel the order")


def _send(
    call: Call,
    order: Order,
    package: Package,
    units: Sequence[Unit],
    number: str,
    provider: tuple[str, str],
    *,
    scannable: bool = True,
) -> None:
    book = call.shop.book
    call.shop.aftersales.refuse_pending(order)
    package.tracking_number, package.shipped_at = number, book.now()
    package.provider_id, package.provider_name = provider
    package.scannable, package.updated_at = scannable, book.now()
    book.index.number(order, number)
    book.set_status(order, "AWAITING_COLLECTION", [unit.id for unit in units])


# Ship package


def ship_package(call: Call) -> Any:
    _ship(call, call.path["package_id"], call.body)
    return {}


def ship_packages(call: Call) -> Any:
    """Each package for itself: refusals are under an overall success."""
    rows = call.body["packages"]
    if not 0 < len(rows) <= MAX_BATCH:
        raise ApiError(21001001, f"1 to {MAX_BATCH} packages can be shipped at once")
    errors = []
    struck = call.struck_items(len(rows))
    for i, row in enumerate(rows):
        try:
            if i in struck:
                raise ApiError(21011029, "The shipping provider is not available")
            _ship(call, row["id"], row)
        except ApiError as error:
            errors.append(item_error(error.code, error.message, package_id=row["id"]))
    return {"errors": errors} if errors else {}


def _ship(call: Call, package_id: str, wish: dict[str, Any]) -> None:
    order, package = package_of(call, package_id)
    check_fulfiller(order)
    own = wish.get("self_shipment")
    if order.shipping_type == "TIKTOK":
        if own:
            raise ApiError(21011004, "The package is not shipped by the seller")
    elif call.shop.region in MARK_SHIPPED:
        raise _NOT_HERE
    inside = [unit for unit in order.units if unit.id in package.unit_ids]
    units = [unit for unit in inside if unit.status != "CANCELLED"] or inside
    check_ready(order, units)
    _check_request(call, order)
    if order.shipping_type == "TIKTOK":
        package.pickup_slot = _slot(call, wish)
        package.handover_method = wish.get("handover_method") or "DROP_OFF"
        _send(call, order, package, units, call.world.new_id("TTS", 16), PLATFORM_CARRIER)
        return
    if not own or not own.get("tracking_number") or not own.get("shipping_provider_id"):
        raise ApiError(21001001, "self_shipment needs a tracking number and a shipping provider")
    carrier = carrier_of(call.shop, order, own["shipping_provider_id"])
    warning = check_number(call.shop, order, carrier, own["tracking_number"])
    provider = (own["shipping_provider_id"], carrier)
    _send(call, order, package, units, own["tracking_number"], provider, scannable=not warning)


def _slots(call: Call) -> list[dict[str, Any]]:
    """Two slots a day for three days from tomorrow; the first of each day is taken."""
    tomorrow = call.world.timestamp() // DAY * DAY + DAY
    slots = []
    for day in range(3):
        for hour in (8, 14):
            start = tomorrow + day * DAY + hour * HOUR
            # The name is misspelt on the wire.
            slots.append({"start_time": start, "end_time": start + 4 * HOUR, "avaliable": hour != 8 or day > 0})
    return slots


def _slot(call: Call, wish: dict[str, Any]) -> tuple[int, int] | None:
    """The slot asked for, the next one where none is; 21011053 for one that is not offered."""
    asked = wish.get("pickup_slot")
    if wish.get("handover_method") != "PICKUP":
        if asked:
            raise ApiError(21011053, "A pickup slot goes with PICKUP only")
        return None
    free = [(row["start_time"], row["end_time"]) for row in _slots(call) if row["avaliable"]]
    if not asked:
        return free[0]
    slot = (asked.get("start_time"), asked.get("end_time"))
    if slot not in free:
        raise ApiError(21011053, "The pickup slot is not available")
    return slot


def handover_time_slots(call: Call) -> Any:
    order, package = package_of(call, call.path["package_id"])
    check_fulfiller(order)
    if order.shipping_type != "TIKTOK":
        raise _NOT_HERE
    check_ready(order, [unit for unit in order.units if unit.id in package.unit_ids])
    return {
        "can_pickup": True,
        "can_drop_off": True,
        "can_van_collection": call.shop.region == "GB",
        "drop_off_point_url": f"https://drop-off.example-cdn.com/{call.shop.region.lower()}",
        "pickup_slots": _slots(call),
    }


# Corrections


def correct_order(call: Call) -> Any:
    order = call.shop.book.get(call.path["order_id"])
    check_fulfiller(order)
    shipped = [package for package in order.packages.values() if package.shipped_at is not None]
    if len(order.packages) > 1:
        raise ApiError(21011048, "The order has several packages: correct them one by one")
    if not shipped:
        raise ApiError(21011043, "The order is not shipped yet")
    return _correct(call, order, shipped[0], call.body["tracking_number"], call.body["shipping_provider_id"])


def correct_package(call: Call) -> Any:
    order, package = package_of(call, call.path["package_id"])
    return _correct(call, order, package, call.body["tracking_number"], call.body["shipping_provider_id"])


def correct_package_202610(call: Call) -> Any:
    order, package = package_of(call, call.path["package_id"])
    return _correct(call, order, package, *_only_shipping_info(call.body))


def _correct(call: Call, order: Order, package: Package, number: str, provider_id: str) -> Any:
    book = call.shop.book
    check_fulfiller(order)
    if order.shipping_type != "SELLER":
        raise ApiError(21011004, "The package is not shipped by the seller")
    if package.shipped_at is None:
        raise ApiError(21011043, "The package is not shipped yet")
    if package.status == "COMPLETED":
        raise ApiError(21011030, "The package is delivered already")
    if package.status == "CANCELLED":
        raise ApiError(21011010, "The package is cancelled")
    if book.now() - package.shipped_at > CORRECTION_WINDOW:
        raise ApiError(21011051, "The tracking number can be corrected within 72 hours only")
    if call.shop.region in ONE_CORRECTION and package.changes:
        raise ApiError(21011052, "The tracking number can be corrected once only")
    if package.changes >= MAX_CORRECTIONS:
        raise ApiError(21011050, "The tracking number was corrected too often")
    carrier = carrier_of(call.shop, order, provider_id)
    warning = check_number(call.shop, order, carrier, number)
    was_lost = not package.scannable
    book.index.number(order, number)
    package.tracking_number, package.provider_id, package.provider_name = number, provider_id, carrier
    package.changes, package.updated_at, package.scannable = package.changes + 1, book.now(), not warning
    if was_lost and package.scannable:
        _expect_scan(call, order, package)
    book.touch(order)
    return {}


def _expect_scan(call: Call, order: Order, package: Package) -> None:
    """The carrier knows the parcel after all."""
    book = call.shop.book

    def scan() -> None:
        if package.scannable and package.status == "PROCESSING":
            book.collect(order, package.id)

    if order.timed and book.pace.collect is not None:
        book.at(book.now() + book.pace.collect, scan)


_INFO = {"tracking_number": str, "shipping_provider_id": str, "note": str}
_HANDOVER = {
    "handover_method": ("PICKUP", "DROP_OFF"),
    "pickup_slot": {"start_time": int, "end_time": int},
    "self_shipment": {"tracking_number": str, "shipping_provider_id": str},
}


def _write(path: str, handler: Any, body: Any, version: str = "202309") -> Endpoint:
    scope = "seller.fulfillment.package.write"
    return Endpoint("POST", f"/fulfillment/{{version}}/{path}", handler, (version,), scope, body=body)


ENDPOINTS = (
    _write(
        "orders/{order_id}/packages",
        mark_shipped,
        {"order_line_item_ids": [str], "tracking_number!": str, "shipping_provider_id!": str},
    ),
    _write(
        "orders/{order_id}/packages",
        mark_shipped_202610,
        {"order_line_list": [{"order_line_id!": str, "sub_item_id": str}], "shipping_info_list": [_INFO]},
        "202610",
    ),
    _write("packages/ship", ship_packages, {"packages!": [{"id!": str, **_HANDOVER}]}),
    _write("packages/{package_id}/ship", ship_package, _HANDOVER),
    _write(
        "orders/{order_id}/shipping_info/update",
        correct_order,
        {"tracking_number!": str, "shipping_provider_id!": str},
    ),
    _write(
        "packages/{package_id}/shipping_info/update",
        correct_package,
        {"tracking_number!": str, "shipping_provider_id!": str},
    ),
    _write(
        "packages/{package_id}/shipping_info/update", correct_package_202610, {"shipping_info_list!": [_INFO]}, "202610"
    ),
    Endpoint(
        "GET",
        "/fulfillment/{version}/packages/{package_id}/handover_time_slots",
        handover_time_slots,
        scope="seller.fulfillment.basic",
    ),
)
