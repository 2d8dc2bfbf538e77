"""The way of an order through its statuses, what time does to it, and its stock that moves once."""

from decimal import Decimal

import pytest

from sandbox.tiktok.order_book import OrderBook
from sandbox.tiktok.order_entry import BY_TIKTOK, Entry
from sandbox.tiktok.order_model import DAY, HOUR, Item, Order
from sandbox.tiktok.order_people import plain_recipient
from sandbox.tiktok.shelf import Offer
from tests.sandbox.tiktok.seller_app import WAREHOUSE, SellerApp

WAY = (
    "UNPAID",
    "ON_HOLD",
    "AWAITING_SHIPMENT",
    "AWAITING_COLLECTION",
    "IN_TRANSIT",
    "DELIVERED",
    "COMPLETED",
)


@pytest.fixture
def book(app: SellerApp) -> OrderBook:
    return app.world.shop.book


@pytest.fixture
def sku_id(app: SellerApp) -> str:
    """A SKU with twelve pieces in stock."""
    return str(app.live()["skus"][0]["id"])


@pytest.fixture
def offer(app: SellerApp, sku_id: str) -> Offer:
    shelf = app.world.shop.shelf
    return shelf.products[shelf.product_of_sku[sku_id]].offers[sku_id]


def pieces(offer: Offer) -> tuple[int, int]:
    """(available, committed)"""
    return sum(offer.stock.values()), sum(offer.committed.values())


def statuses(order: Order) -> list[str]:
    return [unit.status for unit in order.units]


# The way of an order


def test_an_order_goes_its_way_and_every_step_is_dated(
    app: SellerApp, book: OrderBook, sku_id: str, offer: Offer
) -> None:
    order = book.place(Entry([Item(sku_id, 2)], paid=False))
    seen = [order.status]
    updates = [order.update_time]
    for step in (book.pay, book.end_hold, book.ship, book.collect, book.deliver, book.complete):
        app.clock.pass_(seconds=1)
        step(order)
        seen.append(order.status)
        updates.append(order.update_time)
        assert set(statuses(order)) == {order.status}
    assert tuple(seen) == WAY
    assert updates == list(range(order.create_time, order.create_time + 7))
    start = order.create_time
    assert order.times == {
        "paid": start + 1,
        "rts": start + 3,
        "collection": start + 4,
        "delivery": start + 5,
        "completed": start + 6,
    }
    assert {unit.rts_time for unit in order.units} == {start + 3}
    [package] = order.packages.values()
    assert (package.status, bool(package.tracking_number)) == ("COMPLETED", True)
    assert pieces(offer) == (10, 0)


def test_changes_within_a_second_still_move_the_update_time(book: OrderBook, sku_id: str) -> None:
    order = book.place(Entry([Item(sku_id)]))
    before = order.update_time
    assert before == order.create_time
    book.advance(order, "COMPLETED")
    assert order.update_time == before + 5
    [(moment, order_id)] = book.index.between("update_time", None, None)
    assert (moment, order_id) == (order.update_time, order.id)


def test_time_alone_brings_an_order_home(app: SellerApp, book: OrderBook, sku_id: str) -> None:
    order = book.place(Entry([Item(sku_id)], pay_after=60))
    start = order.create_time
    app.clock.pass_(minutes=1)
    book.settle()
    assert (order.status, order.times["paid"]) == ("ON_HOLD", start + 60)
    app.clock.pass_(hours=1)
    book.settle()
    assert order.status == "AWAITING_SHIPMENT"
    book.ship(order)
    shipped = order.times["rts"]
    # Everything that time brings happens at its own moment, however late somebody looks.
    app.clock.pass_(days=60)
    book.settle()
    assert (order.status, order.times["collection"], order.times["delivery"]) == (
        "COMPLETED",
        shipped + 6 * HOUR,
        shipped + 6 * HOUR + 2 * DAY,
    )
    assert order.update_time == order.times["completed"] == shipped + 6 * HOUR + 17 * DAY


def test_the_deadlines(app: SellerApp, book: OrderBook, sku_id: str) -> None:
    order = book.place(Entry([Item(sku_id)]))
    ready = order.create_time + HOUR
    expected = {
        "rts_sla_time": ready + 2 * DAY,
        "tts_sla_time": ready + 3 * DAY,
        "shipping_due_time": ready + 5 * DAY,
        "cancel_order_sla_time": ready + 5 * DAY,
        "delivery_sla_time": ready + 7 * DAY,
    }
    assert order.deadlines == expected
    app.clock.pass_(hours=1)
    book.settle()
    assert (order.status, order.deadlines) == ("AWAITING_SHIPMENT", expected)


def test_an_order_not_shipped_in_time_is_cancelled_and_back_on_the_shelf(
    app: SellerApp, book: OrderBook, sku_id: str, offer: Offer
) -> None:
    order = book.place(Entry([Item(sku_id, 3)], on_hold=False))
    due = order.deadlines["shipping_due_time"]
    assert pieces(offer) == (9, 3)
    app.clock.pass_(seconds=due - order.create_time - 1)
    book.settle()
    assert order.status == "AWAITING_SHIPMENT"
    app.clock.pass_(seconds=1)
    book.settle()
    assert (order.status, order.cancellation_initiator, order.times["cancel"]) == ("CANCELLED", "SYSTEM", due)
    assert pieces(offer) == (12, 0)
    [cancellation] = (book.cancellations[key] for key in order.cancellations)
    assert (cancellation.role, cancellation.status, cancellation.replenish, len(cancellation.lines)) == (
        "SYSTEM",
        "CANCELLATION_REQUEST_COMPLETE",
        True,
        3,
    )


def test_a_package_never_scanned_is_cancelled_and_gone(
    app: SellerApp, book: OrderBook, sku_id: str, offer: Offer
) -> None:
    book.pace.collect = None
    order = book.place(Entry([Item(sku_id)], on_hold=False))
    book.ship(order)
    app.clock.pass_(days=5)
    book.settle()
    assert (order.status, order.cancel_reason) == ("CANCELLED", "The carrier has not collected the package")
    assert pieces(offer) == (11, 0)
    assert not book.cancellations[order.cancellations[0]].replenish


def test_an_unpaid_order_does_not_wait_for_ever(app: SellerApp, book: OrderBook, sku_id: str, offer: Offer) -> None:
    order = book.place(Entry([Item(sku_id)], paid=False))
    assert pieces(offer) == (11, 1)
    app.clock.pass_(hours=1)
    book.settle()
    assert (order.status, order.packages, pieces(offer)) == ("CANCELLED", {}, (12, 0))


def test_a_pre_order_is_on_hold_until_its_release(app: SellerApp, book: OrderBook, sku_id: str) -> None:
    release = app.world.timestamp() + 10 * DAY
    order = book.place(Entry([Item(sku_id)], order_type="PRE_ORDER", release_date=release))
    assert order.deadlines["rts_sla_time"] == release + 2 * DAY
    app.clock.pass_(days=9)
    book.settle()
    assert order.status == "ON_HOLD"
    app.clock.pass_(days=1)
    book.settle()
    assert order.status == "AWAITING_SHIPMENT"


def test_cash_on_delivery_is_paid_at_the_door(book: OrderBook, sku_id: str) -> None:
    order = book.place(Entry([Item(sku_id)], is_cod=True))
    assert (order.status, "paid" in order.times) == ("ON_HOLD", False)
    book.advance(order, "DELIVERED")
    assert order.times["paid"] == order.times["delivery"]


def test_tiktok_ships_what_it_fulfils_and_the_sellers_stock_stays(
    app: SellerApp, book: OrderBook, sku_id: str, offer: Offer
) -> None:
    order = book.place(Entry([Item(sku_id, 4)], fulfillment_type=BY_TIKTOK, on_hold=False))
    assert order.warehouse_id not in app.world.shop.warehouses
    app.clock.pass_(hours=6)
    book.settle()
    assert order.status == "AWAITING_COLLECTION"
    app.clock.pass_(days=30)
    book.settle()
    assert (order.status, pieces(offer)) == ("COMPLETED", (12, 0))
    with pytest.raises(ValueError, match="COMPLETED"):
        book.cancel_by_system(order)


# Several packages


def test_a_split_order_is_as_far_as_its_slowest_unit(book: OrderBook, sku_id: str, offer: Offer) -> None:
    order = book.place(Entry([Item(sku_id, 3)], on_hold=False))
    first, second, third = (unit.id for unit in order.units)
    one = book.ship(order, [first], tracking_number="ONE1")
    assert (order.status, statuses(order)[1:], "rts" in order.times) == (
        "PARTIALLY_SHIPPING",
        ["AWAITING_SHIPMENT"] * 2,
        False,
    )
    assert pieces(offer) == (9, 2)
    book.collect(order, one.id)
    assert order.status == "PARTIALLY_SHIPPING"
    two = book.ship(order, [second, third], tracking_number="TWO2")
    assert (order.status, len(order.packages), two.split) == ("AWAITING_COLLECTION", 2, True)
    assert book.packages == {one.id: order, two.id: order}
    book.collect(order)
    book.deliver(order, two.id)
    assert order.status == "IN_TRANSIT"
    assert [package.status for package in (one, two)] == ["FULFILLING", "COMPLETED"]
    book.deliver(order)
    assert order.status == "DELIVERED"
    assert pieces(offer) == (9, 0)
    with pytest.raises(ValueError, match="nothing to ship"):
        book.ship(order)


def test_what_is_left_of_a_split_order_is_cancelled_alone(
    app: SellerApp, book: OrderBook, sku_id: str, offer: Offer
) -> None:
    order = book.place(Entry([Item(sku_id, 2)], on_hold=False))
    book.ship(order, [order.units[0].id])
    app.clock.pass_(days=5)
    book.settle()
    assert statuses(order) == ["DELIVERED", "CANCELLED"]
    assert (order.status, pieces(offer)) == ("DELIVERED", (11, 0))


# Cancelling


def test_stock_moves_once_whoever_cancels_how_often(book: OrderBook, sku_id: str, offer: Offer) -> None:
    order = book.place(Entry([Item(sku_id, 3)], on_hold=False))
    first = order.units[0].id
    for _ in range(2):
        book.cancel_units(order, [first], "SELLER", "Out of stock")
        assert (order.status, pieces(offer)) == ("AWAITING_SHIPMENT", (10, 2))
    book.ship(order)
    assert pieces(offer) == (10, 0)
    [package] = order.packages.values()
    assert package.unit_ids == [unit.id for unit in order.units[1:]]
    book.cancel_by_system(order)
    book.cancel_units(order, [unit.id for unit in order.units], "SELLER", "Again")
    assert (order.status, package.status, pieces(offer)) == ("CANCELLED", "CANCELLED", (10, 0))
    assert [unit.stock for unit in order.units] == ["BACK", "GONE", "GONE"]


def test_a_cancellation_without_restocking_leaves_nothing_committed(book: OrderBook, sku_id: str, offer: Offer) -> None:
    order = book.place(Entry([Item(sku_id, 3)]))
    book.cancel_units(order, [unit.id for unit in order.units], "SELLER", "Broken", restock=False)
    assert (order.status, pieces(offer)) == ("CANCELLED", (9, 0))


def test_a_buyer_may_leave_freely_before_the_order_is_to_be_shipped(
    app: SellerApp, book: OrderBook, sku_id: str, offer: Offer
) -> None:
    for entry in (Entry([Item(sku_id)], paid=False), Entry([Item(sku_id)])):
        order = book.place(entry)
        book.cancel_by_buyer(order)
        assert (order.status, order.cancellation_initiator) == ("CANCELLED", "BUYER")
        assert (order.units[0].cancel_user, order.units[0].rts_time, "rts" in order.times) == ("BUYER", None, False)
    assert pieces(offer) == (12, 0)
    ready = book.place(Entry([Item(sku_id)], on_hold=False))
    with pytest.raises(ValueError, match="AWAITING_SHIPMENT"):
        book.cancel_by_buyer(ready)
    # A cancelled order stays so, whatever was to come.
    app.clock.pass_(days=1)
    book.settle()
    assert order.status == "CANCELLED"


# Placing


def test_an_order_is_taken_whole_or_not_at_all(app: SellerApp, book: OrderBook, sku_id: str, offer: Offer) -> None:
    other = str(app.live(skus=[app.sku(2)])["skus"][0]["id"])
    for entry in (
        Entry([Item(other), Item(sku_id, 13)]),
        Entry([Item(sku_id, 7), Item(sku_id, 6)]),
        Entry([Item(sku_id), Item("1")]),
        Entry([Item(sku_id, 0)]),
        Entry([]),
        Entry([Item(sku_id)], warehouse_id="7400000000000000013"),
        Entry([Item(sku_id, seller_discount=Decimal(99))]),
        Entry([Item(sku_id, 2, seller_discount=[Decimal(1)])]),
    ):
        with pytest.raises(ValueError, match=r"."):
            book.place(entry)
    assert (book.orders, pieces(offer)) == ({}, (12, 0))


def test_orders_tell_of_themselves(book: OrderBook, sku_id: str) -> None:
    told: list[tuple[str, str]] = []
    book.listeners.append(lambda event, order, _: told.append((event, order.status)))
    order = book.place(Entry([Item(sku_id)]))
    book.end_hold(order)
    book.change_address(order, plain_recipient(book._shop.market))
    book.cancel_by_system(order)
    assert told == [
        ("status", "ON_HOLD"),
        ("status", "AWAITING_SHIPMENT"),
        ("address", "AWAITING_SHIPMENT"),
        ("cancellation", "AWAITING_SHIPMENT"),
        ("status", "CANCELLED"),
    ]
    assert order.address_updated
    with pytest.raises(ValueError, match="CANCELLED"):
        book.change_address(order, order.recipient)


def test_a_stock_order_is_an_order_like_others_but_time_leaves_it_alone(
    app: SellerApp, book: OrderBook, sku_id: str
) -> None:
    product_id = app.world.shop.shelf.product_of_sku[sku_id]
    placed = app.world.order(product_id, sku_id, units=2)
    order = book.orders[placed.id]
    assert (order.status, len(order.units), order.warehouse_id) == ("AWAITING_SHIPMENT", 2, WAREHOUSE)
    app.clock.pass_(days=100)
    book.settle()
    assert app.world.shop.center.orders[placed.id].state == "OPEN"
    book.ship(order)
    assert app.world.shop.center.orders[placed.id].state == "SHIPPED"
    book.place(Entry([Item(sku_id)]))
    assert list(app.world.shop.center.orders) == [placed.id]


@pytest.mark.slow
def test_ten_thousand_orders_are_searched(app: SellerApp, book: OrderBook, sku_id: str) -> None:
    app.world.shop.center.set_stock(sku_id, 20_000)
    for i in range(10_000):
        book.place(Entry([Item(sku_id)], timed=False), at=app.world.timestamp() - 20_000 + i)
    app.clock.pass_(seconds=1)
    order = next(iter(book.orders.values()))
    book.end_hold(order)
    body = {"update_time_ge": app.world.timestamp() - 60}
    found = app.data("POST", "/order/202309/orders/search", body, query=[("page_size", "100")])
    assert [row["id"] for row in found["orders"]] == [order.id]
    every = app.data("POST", "/order/202309/orders/search", {}, query=[("page_size", "100")])
    assert every["total_count"] == 10_000
