"""The tests' own door to orders, for a process outside: amounts are strings, the rest as `Entry` names it.

GET  orders → {orders: [...]}
POST place_order {items: [{sku_id, quantity?, price?, seller_discount? (one or a list), platform_discount?,
     tax_rate?, is_gift?, parts? [[sku_id, pieces]]}], charges? {shipping, …, fees}, buyer? {user_id, email, nickname},
     any other field of `Entry`} → the order
POST random_orders {n?, seed?, over?, mix?} → {order_ids}; the seed begins a new row of random orders
POST order_status {order_id, status, by?} → the order, walked to that status; CANCELLED by BUYER or SYSTEM
POST order_address {order_id, recipient} → the order with another address
"""

from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.tiktok.order_entry import Entry
from sandbox.tiktok.order_generator import Mix, OrderGenerator
from sandbox.tiktok.order_model import Buyer, Charges, Item, Order
from sandbox.tiktok.order_people import plain_recipient

if TYPE_CHECKING:
    from sandbox.tiktok.world import TikTokWorld

Answer = Callable[[dict[str, Any]], Any]


def row(order: Order) -> dict[str, Any]:
    """All there is of an order, in the clear."""
    return {key: plain(value) for key, value in asdict(order).items()}


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return f"{value:f}" if isinstance(value, Decimal) else value


def _money(value: Any) -> Any:
    return [Decimal(amount) for amount in value] if isinstance(value, list) else Decimal(value)


def entry_of(body: dict[str, Any]) -> Entry:
    try:
        items = [_item(item) for item in body["items"]]
        charges: dict[str, Any] = {
            name: {fee: Decimal(amount) for fee, amount in value.items()} if name == "fees" else Decimal(value)
            for name, value in body.get("charges", {}).items()
        }
        buyer = Buyer(**body["buyer"]) if body.get("buyer") else None
        return Entry(**{**body, "items": items, "charges": Charges(**charges), "buyer": buyer})
    except TypeError as error:
        raise ValueError(str(error)) from error


def _item(item: dict[str, Any]) -> Item:
    amounts = {
        name: _money(item[name])
        for name in ("price", "seller_discount", "platform_discount", "tax_rate")
        if item.get(name) is not None
    }
    parts = tuple((sku_id, pieces) for sku_id, pieces in item.get("parts", ()))
    return Item(**{**item, **amounts, "parts": parts})


def controls(world: "TikTokWorld") -> dict[str, Answer]:
    """What is posted, by the name of the control."""
    book = world.shop.book
    generators: dict[int, OrderGenerator] = {}

    def place_order(body: dict[str, Any]) -> Any:
        return row(book.place(entry_of(body)))

    def random_orders(body: dict[str, Any]) -> Any:
        if body.get("seed") is not None or not generators:
            generators[0] = OrderGenerator(world, int(body.get("seed") or 0))
        if body.get("mix"):
            try:
                generators[0].mix = Mix(**body["mix"])
            except TypeError as error:
                raise ValueError(str(error)) from error
        placed = generators[0].place_random(int(body.get("n", 1)), over=int(body.get("over", 0)))
        return {"order_ids": [order.id for order in placed]}

    def order_status(body: dict[str, Any]) -> Any:
        order = book.orders[body["order_id"]]
        if body.get("by") == "BUYER":
            book.cancel_by_buyer(order)
        else:
            book.advance(order, body["status"])
        return row(order)

    def order_address(body: dict[str, Any]) -> Any:
        order = book.orders[body["order_id"]]
        book.change_address(order, {**plain_recipient(world.shop.market), **order.recipient, **body["recipient"]})
        return row(order)

    return {
        "place_order": place_order,
        "random_orders": random_orders,
        "order_status": order_status,
        "order_address": order_address,
    }


def dump(world: "TikTokWorld") -> dict[str, Any]:
    """Every order of every shop, oldest first."""
    return {"orders": [row(order) for shop in world.shops for order in shop.book.orders.values()]}
