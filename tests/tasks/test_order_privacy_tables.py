"""Orders deleted here, buyer data erased, and neither comes back by itself (I9, K18)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from models.connections import settings_in_force, store_settings
from models.database import Database
from models.orders import Buyer, Order, OrderEvent, OrderStage
from models.settings import ConnectionSettings
from tasks.order_privacy import (
    NotFinished,
    delete_orders,
    erase_buyers,
    erase_expired,
    erase_orders,
    orders_of_buyer,
)
from tasks.order_reading import store_orders
from tasks.order_record import BuyerData, buyer_of, seal_buyer, secret_box
from tasks.report import BatchReport
from tests.models.rows import store_connection
from tests.order_rows import BUYER, NOW, fill_orders, order_id


@dataclass
class OneShop:
    """As much of the shops as storing orders needs."""

    id: int
    settings: ConnectionSettings


@pytest.fixture
def keys(database: Database) -> dict[int, int]:
    return fill_orders(database, store_connection(database))


def row_of(database: Database, key: int) -> Order:
    with database.read() as session:
        return session.get_one(Order, key)


def has_data(order: Order) -> bool:
    return bool(order.buyer_secret or order.corrections_secret or order.user_id)


def read(number: int, *, asked: bool = False, **changes: Any) -> None:
    """TikTok Shop tells of an order again."""
    row = {
        "id": order_id(number),
        "status": "AWAITING_SHIPMENT",
        "create_time": int(NOW.timestamp()) - 3600,
        "update_time": int(NOW.timestamp()) + 60,
        "fulfillment_type": "FULFILLMENT_BY_SELLER",
        "shipping_type": "SELLER",
        "user_id": f"u{number}",
        "buyer_email": BUYER.email,
        "recipient_address": BUYER.recipient,
        "line_items": [{"id": f"{number}1", "sku_id": "s1", "original_price": "12", "sale_price": "9.99"}],
        **changes,
    }
    shops: Any = OneShop(1, ConnectionSettings())
    store_orders(shops, [row], BatchReport(), began=NOW, asked=asked)


def test_a_deleted_order_is_left_out_without_its_buyer(database: Database, keys: dict[int, int]) -> None:
    assert delete_orders(1, [keys[1], keys[2]]) == 2
    for number in (1, 2):
        order = row_of(database, keys[number])
        assert order.stage is OrderStage.IGNORED
        assert not has_data(order)
        assert not order.is_parked
        assert [reason["code"] for reason in order.reasons] == ["deleted"]
    assert row_of(database, keys[1]).id_order == 81
    with database.read() as session:
        texts = session.exec(select(OrderEvent.text).where(OrderEvent.order_key == keys[1])).all()
    assert "Deleted from the connector; buyer data erased" in texts


def test_orders_of_another_connection_are_not_deleted(database: Database, keys: dict[int, int]) -> None:
    assert delete_orders(store_connection(database, "other"), [keys[1]]) == 0
    assert row_of(database, keys[1]).stage is OrderStage.IMPORTED


def test_a_deleted_order_stays_so_when_it_is_read_again(database: Database, keys: dict[int, int]) -> None:
    delete_orders(1, [keys[2]])
    read(2)
    order = row_of(database, keys[2])
    assert order.stage is OrderStage.IGNORED
    assert not has_data(order)
    assert order.update_time


@pytest.mark.parametrize(
    ("number", "changes", "stage", "sending"),
    [
        (1, {}, OrderStage.IMPORTED, ""),
        (2, {}, OrderStage.READY, ""),
        (9, {}, OrderStage.ADDRESS, ""),
        (9, {"id_cart": 5}, OrderStage.CART, "prices"),
        (9, {"id_cart": 5, "sending": "order"}, OrderStage.PRICES, "order"),
        (9, {"id_cart": 5, "id_order": 95}, OrderStage.ORDER, ""),
        (2, {"id_customer": 3}, OrderStage.CUSTOMER, ""),
    ],
)
def test_a_deleted_order_that_is_fetched_goes_on_where_it_stood(
    database: Database, keys: dict[int, int], number: int, changes: dict[str, Any], stage: OrderStage, sending: str
) -> None:
    with database.write() as session:
        session.get_one(Order, keys[number]).sqlmodel_update(changes)
    delete_orders(1, [keys[number]])
    read(number, asked=True)
    order = row_of(database, keys[number])
    assert (order.stage, order.sending) == (stage, sending)
    assert buyer_of(secret_box(), order).email == BUYER.email
    assert order.user_id == f"u{number}"


def test_an_imported_order_that_was_cancelled_meanwhile_is_imported_still(
    database: Database, keys: dict[int, int]
) -> None:
    delete_orders(1, [keys[1]])
    read(1, asked=True, status="CANCELLED")
    order = row_of(database, keys[1])
    assert (order.stage, order.status) == (OrderStage.IMPORTED, "CANCELLED")


def test_erased_data_are_not_stored_again(database: Database, keys: dict[int, int]) -> None:
    assert erase_orders(1, [keys[1], keys[4]]) == 2
    assert erase_orders(1, [keys[1]]) == 0
    read(1, status="IN_TRANSIT")
    order = row_of(database, keys[1])
    assert (order.status, order.stage) == ("IN_TRANSIT", OrderStage.IMPORTED)
    assert not has_data(order)
    assert not order.address_changed
    assert has_data(row_of(database, keys[3]))


def test_data_of_orders_on_their_way_are_kept(database: Database, keys: dict[int, int]) -> None:
    with pytest.raises(NotFinished, match="connector orders delete"):
        erase_orders(1, [keys[1], keys[2]])
    assert has_data(row_of(database, keys[1]))


def test_old_data_are_erased_and_the_rest_kept(database: Database, keys: dict[int, int]) -> None:
    # Orders 1 to 9 are 9 to 1 days old; 2 is not finished.
    assert erase_buyers(1, NOW - timedelta(days=6, hours=12)) == 2
    assert [number for number, key in keys.items() if not has_data(row_of(database, key))] == [1, 3]


def test_data_go_when_their_time_is_over(database: Database, keys: dict[int, int]) -> None:
    assert erase_expired(1, NOW + timedelta(days=100)) == 0
    with database.write() as session:
        _, document = settings_in_force(session, 1)
        document.retention_days = 5
        store_settings(session, 1, document, note="test", now=NOW)
    assert erase_expired(1, NOW) == 3
    assert [number for number, key in keys.items() if not has_data(row_of(database, key))] == [1, 3, 4]


def test_who_a_guest_is_is_known_as_long_as_an_order_is(database: Database, keys: dict[int, int]) -> None:
    with database.write() as session:
        session.get_one(Order, keys[4]).user_id = "u1"
        session.add_all(
            Buyer(connection_id=1, user_id=user, id_customer=number) for number, user in enumerate(("", "u1", "u3"), 1)
        )
    erase_orders(1, [keys[1], keys[3]])
    with database.read() as session:
        assert set(session.exec(select(Buyer.user_id))) == {"", "u1"}
    erase_orders(1, [keys[4]])
    with database.read() as session:
        assert set(session.exec(select(Buyer.user_id))) == {""}


def test_orders_of_a_buyer_are_found_by_address_and_by_id(database: Database, keys: dict[int, int]) -> None:
    box = secret_box()
    with database.write() as session:
        for number, email, user in ((3, "eve@relay.example", "u7"), (4, "second@relay.example", "u7"), (5, "", "u8")):
            order = session.get_one(Order, keys[number])
            order.buyer_secret, order.user_id = seal_buyer(box, BuyerData({}, email, "")), user
        session.get_one(Order, keys[7]).user_id = "u9"
    assert orders_of_buyer(1, " Eve@Relay.example ") == [keys[3], keys[4]]
    assert orders_of_buyer(1, "u7") == [keys[3], keys[4]]
    assert orders_of_buyer(1, "ve@relay.example") == []
    assert orders_of_buyer(1, "") == []
    assert orders_of_buyer(store_connection(database, "other"), "u7") == []
    assert erase_orders(1, [keys[3], keys[4]]) == 2
    assert orders_of_buyer(1, "u7") == []
