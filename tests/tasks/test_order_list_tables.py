"""Orders from the tables: filters, counts, one order's page, and which order a name means (I4, I5)."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from models.database import Database
from models.orders import OrderStage
from tasks.order_list import (
    OrderFilter,
    UnknownOrder,
    find_orders,
    order_counts,
    order_details,
    order_page,
    units_named,
)
from tests.models.rows import store_connection
from tests.order_rows import FIRST, PERSONAL, fill_orders, fill_products, order_id, park_more


@pytest.fixture
def keys(database: Database) -> dict[int, int]:
    """Nine orders by number, and one of another connection."""
    found = fill_orders(database, store_connection(database))
    fill_orders_elsewhere(database)
    return found


def fill_orders_elsewhere(database: Database) -> None:
    fill_orders(database, store_connection(database, "other"))


def found(**wanted: object) -> list[int]:
    page = order_page(1, OrderFilter(**wanted), page=1, page_size=50)  # type: ignore[arg-type]
    assert page.total == len(page.rows)
    return [int(row.order_id[-1]) for row in page.rows]


def test_orders_are_listed_newest_first_and_without_those_left_out(keys: dict[int, int]) -> None:
    assert found() == [9, 7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (FIRST, [1]),
        ("577", [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("84", [4]),
        ("xkbk", [1]),
        ("2026-11-13", [3]),
        ("by tiktok", [8]),
        ("delivered", [5, 4]),
        ("Shipped fr", []),
        ("%", []),
    ],
)
def test_a_text_is_looked_for_in_every_column(keys: dict[int, int], text: str, numbers: list[int]) -> None:
    assert found(search=text) == numbers


def test_our_own_number_is_found(keys: dict[int, int]) -> None:
    assert 6 in found(search=str(keys[6]))


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"status": "awaiting shipment"}, [1]),
        ({"status": "error"}, [9, 2]),
        ({"status": "on hold"}, [7]),
        ({"status": "cancelled"}, [6]),
        ({"stage": OrderStage.IGNORED}, [8]),
        ({"stage": OrderStage.IMPORTED, "status": "delivered"}, [4]),
        ({"parked": True}, [9, 2]),
        ({"parked": True, "search": order_id(9)}, [9]),
        ({"status": "unpaid"}, []),
    ],
)
def test_orders_are_filtered(keys: dict[int, int], wanted: dict[str, object], numbers: list[int]) -> None:
    assert found(**wanted) == numbers


def test_counts_are_of_every_status_of_the_filter(keys: dict[int, int]) -> None:
    assert order_counts(1) == {
        "all": 8,
        "on hold": 1,
        "awaiting shipment": 1,
        "awaiting collection": 0,
        "in transit": 1,
        "delivered": 1,
        "completed": 1,
        "cancelled": 1,
        "error": 2,
    }
    page = order_page(1, OrderFilter(status="error", search="MUG"), page=1, page_size=50)
    assert (page.total, page.counts["all"]) == (0, 0)
    page = order_page(1, OrderFilter(status="error"), page=1, page_size=50)
    assert (page.total, page.counts["all"]) == (2, 8)


def test_pages(keys: dict[int, int]) -> None:
    pages = [order_page(1, OrderFilter(), page=number, page_size=3) for number in (1, 2, 3, 4)]
    assert [len(page.rows) for page in pages] == [3, 3, 2, 0]
    assert {page.total for page in pages} == {8}


def test_an_order_tells_everything_but_its_buyer(database: Database, keys: dict[int, int]) -> None:
    fill_products(database, 1)
    park_more(database, 1)
    details = order_details(1, keys[1])
    assert (details.row.state, details.row.fulfilment) == ("Remote payment accepted", "by seller")
    assert [(line["sku"], line["quantity"], line["price"]) for line in details.lines] == [
        ("MUG", 2, "9.99 GBP"),
        ("TRAY", 1, "2.52 GBP"),
    ]
    assert details.ledger == {"list": "24", "seller_discount": "4.02", "shipping": "3.99", "paid": "22.50"}
    assert details.payment == {"paid": "22.50 GBP", "expected": "22.50 GBP", "prestashop": "22.50 GBP"}
    assert details.parcels == [{"shop": "PrestaShop", "carrier": "Evri Standard", "tracking": "AA1"}]
    assert [one["id"] for one in details.requests] == ["403"]
    assert [one["change"] for one in details.changes] == ["ship"]
    assert details.history[0]["text"] == "Seen as AWAITING_SHIPMENT"
    assert details.has_buyer
    assert "seller-uk" in details.seller_center
    assert not any(part in json.dumps(asdict(details)) for part in PERSONAL)


def test_what_keeps_an_order_is_told_with_its_fix(keys: dict[int, int]) -> None:
    error = order_details(1, keys[2]).error
    assert (error["code"], error["cause"], error["fix"], error["request_id"]) == (
        "unknown_sku",
        "Cause unknown_sku.",
        "Fix unknown_sku.",
        "req-1",
    )
    assert order_details(1, keys[1]).error == {}


def test_an_order_is_named_by_either_shop_or_our_number(keys: dict[int, int]) -> None:
    orders = find_orders(1, [FIRST, "83", f"id:{keys[2]}", "ps:81"])
    assert [order.order_id[-1] for order in orders] == ["1", "3", "2"]


@pytest.mark.parametrize("name", ["12345", "577999999999999999", "mug", "xx:81", "ps:", "ps:82"])
def test_an_unknown_name_says_what_to_do(keys: dict[int, int], name: str) -> None:
    with pytest.raises(UnknownOrder, match="connector orders"):
        find_orders(1, [name])


def test_a_number_of_two_orders_is_refused(database: Database, keys: dict[int, int]) -> None:
    with database.write() as session:
        order = find_orders(1, ["81"])[0]
        order.id_order = keys[2]
        session.merge(order)
    with pytest.raises(UnknownOrder, match="Write ps:"):
        find_orders(1, [str(keys[2])])
    assert find_orders(1, [f"ps:{keys[2]}"])[0].order_id == FIRST
    assert find_orders(1, [f"id:{keys[2]}"])[0].order_id == order_id(2)


def test_units_are_named_by_id_or_sku(keys: dict[int, int]) -> None:
    assert units_named(keys[1], ["MUG", "13", "11"]) == ["11", "12", "13"]
    with pytest.raises(UnknownOrder, match="TRAY"):
        units_named(keys[1], ["PEN"])
