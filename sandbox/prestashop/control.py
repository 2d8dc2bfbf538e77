"""The tests' own door, `/_sandbox/…`: what was asked, and changes a merchant would make. No part of PrestaShop.

GET  stats                 {"requests": {"GET products": 3, …}, "parallel_orders": 0}
POST stock {id_product, quantity, id_product_attribute?}, out_of_stock {id_product, flag},
     vanish_stock {id_product, id_product_attribute?},
     restore_stock {id_product, quantity, id_product_attribute?} → {id}
POST product {id, fields}, active {id, active}, impact {id_combination, price}, setting {name, value},
     pack {id_product, contents: [[id_product, id_product_attribute, number], …], pack_stock_type?}
POST special {id_product, percent | amount | price, start?, end?, …fields} → {id}, edit_special {id, …},
     delete_special {id}; times in ISO 8601 with a zone
POST tax {rate} → {id}, tax_rate {id_tax, rate} → {id}, tax_group {id, taxes: {id_country: id_tax}?} → {id},
     currency_rate {id, rate}, group_reduction {id, percent}, price_factor {id_product, factor or null}
POST save {id} (without a change), reorder_category {id}
POST order_state {id, id_order_state}, cancel_order {id}, delete_order {id},
     tracking {id, number, carrier_reference?} → {id}, parcel {id, number?, carrier_reference?} → {id},
     order_elsewhere {id_product, id_product_attribute?, quantity?} → {id}
POST require_field {resource, field, required?}, module {name, active or null}, edit_carrier {id} → {id},
     cart_rule {name?, …fields} → {id}, fee_product {} → {id}, mail_broken {on}
POST delete_product {id}, recreate_product {id} → {id}, unlink_product {id}, relink_product {id},
     delete_combination {id}, recreate_combination {id} → {id}
POST webservice {enabled}, down {on}, drop_authorization {on}, firewall {on}, rights {resource, methods},
     empty_lists {resources}, advance {seconds}
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from sandbox.prestashop.world import World

Asked = dict[str, Any]
Control = Callable[["World", Asked], object]


def _switches(world: World, asked: Asked) -> None:
    world.webservice_enabled = bool(asked["enabled"])


def _down(world: World, asked: Asked) -> None:
    world.down = bool(asked["on"])


def _drop_authorization(world: World, asked: Asked) -> None:
    world.drops_authorization = bool(asked["on"])


def _firewall(world: World, asked: Asked) -> None:
    world.firewalled = bool(asked["on"])


def _rights(world: World, asked: Asked) -> None:
    """What the key may do with one resource; nothing takes the resource off its list."""
    permissions, name = world.accounts[world.key].permissions, str(asked["resource"])
    permissions[name] = frozenset(str(method) for method in asked["methods"])
    if not permissions[name]:
        del permissions[name]


def _mail_broken(world: World, asked: Asked) -> None:
    world.mail_broken = bool(asked["on"])


def _empty_lists(world: World, asked: Asked) -> None:
    world.empty_lists = {world.tables[name].resource.name for name in asked["resources"]}


def _special(asked: Asked) -> Asked:
    """The arguments of a specific price, its times read."""
    given = {name: value for name, value in asked.items() if name not in ("id", "id_product")}
    for name in ("percent", "amount", "price"):
        if name in given:
            given[name] = str(given[name])
    for name in ("start", "end"):
        if given.get(name) is not None:
            given[name] = datetime.fromisoformat(given[name])
            if given[name].tzinfo is None:
                raise ValueError(f"{name} has no zone")
    return given


def _attribute(asked: Asked) -> int:
    return int(asked.get("id_product_attribute", 0))


# Those that answer a number made a row: it is the answer's `id`.
CONTROLS: dict[str, Control] = {
    "stock": lambda world, a: world.set_stock(int(a["id_product"]), int(a["quantity"]), _attribute(a)),
    "out_of_stock": lambda world, a: world.set_out_of_stock(int(a["id_product"]), int(a["flag"])),
    "vanish_stock": lambda world, a: world.vanish_stock_row(int(a["id_product"]), _attribute(a)),
    "restore_stock": lambda world, a: world.restore_stock_row(int(a["id_product"]), int(a["quantity"]), _attribute(a)),
    "product": lambda world, a: world.set_fields("products", int(a["id"]), dict(a["fields"])),
    "active": lambda world, a: world.set_active(int(a["id"]), bool(a["active"])),
    "impact": lambda world, a: world.set_impact(int(a["id_combination"]), str(a["price"])),
    "setting": lambda world, a: world.set_setting(str(a["name"]), str(a["value"])),
    "pack": lambda world, a: world.set_pack(
        int(a["id_product"]), [(int(p), int(v), int(n)) for p, v, n in a["contents"]], a.get("pack_stock_type")
    ),
    "special": lambda world, a: world.add_special(int(a["id_product"]), **_special(a)),
    "edit_special": lambda world, a: world.edit_special(int(a["id"]), **_special(a)),
    "delete_special": lambda world, a: world.delete_special(int(a["id"])),
    "tax": lambda world, a: world.add_tax(str(a["rate"])),
    "tax_rate": lambda world, a: world.change_tax_rate(int(a["id_tax"]), str(a["rate"])),
    "tax_group": lambda world, a: world.edit_tax_rules_group(
        int(a["id"]), {int(country): int(tax) for country, tax in (a.get("taxes") or {}).items()}
    ),
    "currency_rate": lambda world, a: world.set_currency_rate(int(a["id"]), str(a["rate"])),
    "group_reduction": lambda world, a: world.set_group_reduction(int(a["id"]), str(a["percent"])),
    "price_factor": lambda world, a: world.set_price_factor(
        int(a["id_product"]), None if a["factor"] is None else str(a["factor"])
    ),
    "save": lambda world, a: world.touch(int(a["id"])),
    "reorder_category": lambda world, a: world.reorder_category(int(a["id"])),
    "delete_product": lambda world, a: world.delete_product(int(a["id"])),
    "recreate_product": lambda world, a: world.recreate_product(int(a["id"])),
    "unlink_product": lambda world, a: world.unlink_product(int(a["id"])),
    "relink_product": lambda world, a: world.relink_product(int(a["id"])),
    "delete_combination": lambda world, a: world.delete_combination(int(a["id"])),
    "recreate_combination": lambda world, a: world.recreate_combination(int(a["id"])),
    "order_state": lambda world, a: world.set_order_state(int(a["id"]), int(a["id_order_state"])),
    "cancel_order": lambda world, a: world.cancel_order(int(a["id"])),
    "delete_order": lambda world, a: world.delete_order(int(a["id"])),
    "tracking": lambda world, a: world.add_tracking(int(a["id"]), str(a["number"]), a.get("carrier_reference")),
    "parcel": lambda world, a: world.add_order_carrier(
        int(a["id"]), str(a.get("number", "")), a.get("carrier_reference")
    ),
    "order_elsewhere": lambda world, a: world.order_elsewhere(
        int(a["id_product"]), _attribute(a), int(a.get("quantity", 1))
    ),
    "require_field": lambda world, a: world.require_field(
        str(a["resource"]), str(a["field"]), bool(a.get("required", True))
    ),
    "module": lambda world, a: world.set_module(str(a["name"]), a["active"]),
    "edit_carrier": lambda world, a: world.edit_carrier(int(a["id"])),
    "cart_rule": lambda world, a: world.add_cart_rule(**a),
    "fee_product": lambda world, _: world.add_fee_product(),
    "mail_broken": _mail_broken,
    "webservice": _switches,
    "down": _down,
    "drop_authorization": _drop_authorization,
    "firewall": _firewall,
    "rights": _rights,
    "empty_lists": _empty_lists,
    "advance": lambda world, a: world.advance(float(a["seconds"])),
}


async def answer(world: World, request: Request, path: str) -> Response:
    name = path.removeprefix("/_sandbox/")
    if request.method == "GET" and name == "stats":
        return JSONResponse({"requests": world.stats.requests, "parallel_orders": world.parallel_orders})
    control = CONTROLS.get(name)
    if request.method != "POST" or control is None:
        return JSONResponse({"error": "unknown control"}, 404)
    asked: Asked = await request.json()
    try:
        with world.lock:
            made = control(world, asked)
    except KeyError as error:
        return JSONResponse({"error": f"unknown or missing: {error}"}, 400)
    except (ValueError, TypeError, ArithmeticError) as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse({"ok": True} if made is None else {"ok": True, "id": made})
