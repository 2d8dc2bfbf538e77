"""The tests' own door to buyers and carriers after an order, for a process outside.

POST request_cancel {order_id, line_ids?, reason?} → the cancellation, withdraw_cancel {cancel_id}
POST return {order_id, line_ids?, type?, reason?} → the return, return_sent {return_id, tracking_number?},
     withdraw_return {return_id}
POST collect, deliver, complete {order_id, package_id?} → {status}
POST tracking_event {order_id, package_id?, code}: e.g. 40601 for a delivery that failed
GET  aftersales → {cancellations: [...], returns: [...]}
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sandbox.tiktok.order_control import plain
from sandbox.tiktok.order_model import Order, Package
from sandbox.tiktok.tracking_events import TEXTS

if TYPE_CHECKING:
    from sandbox.tiktok.world import Shop, TikTokWorld

Answer = Callable[[dict[str, Any]], Any]


def controls(world: "TikTokWorld") -> dict[str, Answer]:
    """What is posted, by the name of the control; orders of every shop of the seller."""

    def shop_with(kind: str, key: str) -> "Shop":
        for shop in world.shops:
            if key in getattr(shop.book, kind):
                return shop
        raise KeyError(key)

    def given(body: dict[str, Any], *names: str) -> dict[str, Any]:
        return {name: body[name] for name in names if body.get(name) is not None}

    def request_cancel(body: dict[str, Any]) -> Any:
        desk = shop_with("orders", body["order_id"]).aftersales
        asked = desk.buyer_requests_cancellation(body["order_id"], body.get("line_ids"), **given(body, "reason"))
        return plain(asdict(asked))

    def withdraw_cancel(body: dict[str, Any]) -> Any:
        desk = shop_with("cancellations", body["cancel_id"]).aftersales
        return plain(asdict(desk.buyer_withdraws(body["cancel_id"])))

    def give_back(body: dict[str, Any]) -> Any:
        desk = shop_with("orders", body["order_id"]).returns
        row = desk.buyer_returns(body["order_id"], body.get("line_ids"), **given(body, "type", "reason"))
        return plain(asdict(row))

    def return_sent(body: dict[str, Any]) -> Any:
        desk = shop_with("returns", body["return_id"]).returns
        return plain(asdict(desk.buyer_sends(body["return_id"], **given(body, "tracking_number"))))

    def withdraw_return(body: dict[str, Any]) -> Any:
        desk = shop_with("returns", body["return_id"]).returns
        return plain(asdict(desk.buyer_withdraws(body["return_id"])))

    def carried(step: str) -> Answer:
        def carry(body: dict[str, Any]) -> Any:
            book = shop_with("orders", body["order_id"]).book
            order = book.orders[body["order_id"]]
            getattr(book, step)(order, body.get("package_id"))
            return {"status": order.status}

        return carry

    def tracking_event(body: dict[str, Any]) -> Any:
        book = shop_with("orders", body["order_id"]).book
        order = book.orders[body["order_id"]]
        code = int(body["code"])
        if code not in TEXTS:
            raise ValueError(f"unknown action code {code}; known: {sorted(TEXTS)}")
        _package(order, body.get("package_id")).events.append((book.now(), code))
        return {}

    return {
        "request_cancel": request_cancel,
        "withdraw_cancel": withdraw_cancel,
        "return": give_back,
        "return_sent": return_sent,
        "withdraw_return": withdraw_return,
        "collect": carried("collect"),
        "deliver": carried("deliver"),
        "complete": carried("complete"),
        "tracking_event": tracking_event,
    }


def _package(order: Order, package_id: str | None) -> Package:
    if package_id:
        return order.packages[package_id]
    if not order.packages:
        raise ValueError(f"order {order.id} has no package")
    return next(iter(order.packages.values()))


def dump(world: "TikTokWorld") -> dict[str, Any]:
    """Every cancellation and return of every shop, oldest first."""
    return {
        name: [plain(asdict(row)) for shop in world.shops for row in getattr(shop.book, name).values()]
        for name in ("cancellations", "returns")
    }
