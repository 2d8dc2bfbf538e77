"""Lists: always sorted, in pages that follow the shop's speed, a few requests in flight, in order and bounded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from clients.errors import ConfigurationFault, TimedOut, Unavailable
from clients.prestashop import Filters, PrestaShopClient, any_of, equals, greater, less
from clients.prestashop.paging import PageSize, id_condition

STOCK = ["id", "quantity"]


def ids_of(pages: Any) -> list[list[int]]:
    """The ids of each page."""
    return [[row["id"] for row in page] for page in pages]


def test_ids_alone_ask_for_no_object(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers(shop.lists("products", [{"id": "9"}, {"id": 3}]))
    assert client.ids("products") == [3, 9]
    (request,) = shop.requests
    assert read.query(request) == {"output_format": "JSON", "sort": "[id_ASC]"}


@pytest.mark.parametrize("version", ["8.2.1", "9.1.4"])
def test_recorded_rows_of_one_product(client: PrestaShopClient, shop: Any, read: Any, version: str) -> None:
    shop.answers(f"032 {version}")
    shown = ["id", "id_product", "id_product_attribute", "quantity", "out_of_stock", "depends_on_stock"]
    rows = client.rows("stock_availables", display=shown, filters=Filters(id_product=equals(1)))
    assert rows[1] == {
        "id": 20,
        "id_product": 1,
        "id_product_attribute": 1,
        "quantity": 300,
        "depends_on_stock": False,
        "out_of_stock": 2,
    }
    query = read.query(shop.requests[0])
    assert query["display"] == f"[{','.join(shown)}]"
    assert query["filter[id_product]"] == "[1]"
    assert query["sort"] == "[id_ASC]"


def test_sorting_and_limiting(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers("012")
    rows = client.rows("products", display=["id", "reference"], sort=["id_DESC"], limit=(5, 5))
    assert [row["id"] for row in rows] == [14, 13, 12, 11, 10]
    assert read.query(shop.requests[0])["limit"] == "5,5"
    client.rows("products", sort=["date_upd_ASC"], limit=1)
    query = read.query(shop.requests[-1])
    assert (query["sort"], query["limit"], query["date"]) == ("[date_upd_ASC]", "1", "1")
    with pytest.raises(ValueError, match="_ASC or _DESC"):
        client.rows("products", sort=["id"])


def test_filters_on_dates_are_in_the_shops_time(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers("013")
    client.rows("products", filters=Filters(date_upd=greater(datetime(2026, 11, 23, 15, tzinfo=UTC))))
    query = read.query(shop.requests[0])
    assert (query["filter[date_upd]"], query["date"]) == (">[2026-11-23 16:00:00]", "1")


def test_a_filter_that_matches_nothing_is_an_empty_list(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("016")
    assert client.rows("products", filters=Filters(reference=equals("nothing"))) == []
    assert client.ids("products", Filters(reference=equals("nothing"))) == []


def test_an_empty_list_of_everything_is_asked_again_plainly(client: PrestaShopClient, shop: Any, read: Any) -> None:
    # The shop is empty ...
    shop.answers("016")
    assert client.rows("zones") == []
    assert [read.query(request).get("limit") for request in shop.requests] == [None, "1"]
    assert "sort" not in read.query(shop.requests[1])
    # ... or has swallowed an SQL error, which may pass ...
    shop.answers("016", shop.lists("zones", [{"id": 1}]), shop.lists("zones", [{"id": 1, "name": "Europe"}]))
    assert [row["name"] for row in client.rows("zones")] == ["Europe"]
    # ... or not.
    shop.answers(lambda request: shop.lists("zones", [] if "sort" in read.query(request) else [{"id": 1}]))
    with pytest.raises(Unavailable) as caught:
        client.rows("zones")
    assert caught.value.code == "empty-list"


def test_a_list_too_long_for_a_request_line_becomes_several(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers(read.table(shop, "stock_availables", list(range(1, 2001))))
    wanted = list(range(1000, 0, -1))
    rows = client.rows("stock_availables", display=STOCK, filters=Filters(id=any_of(wanted)))
    assert [row["id"] for row in rows] == sorted(wanted)
    assert len(shop.requests) == 3
    assert all(len(request.url.raw_path) < 8000 for request in shop.requests)
    assert client.ids("stock_availables", Filters(id=any_of(wanted))) == sorted(wanted)
    with pytest.raises(ValueError, match="split over requests"):
        client.rows("stock_availables", filters=Filters(id=any_of(wanted)), limit=5)


def test_a_request_line_the_server_finds_too_long_is_halved(client: PrestaShopClient, shop: Any, read: Any) -> None:
    table = read.table(shop, "stock_availables", list(range(1, 401)))

    def strict(request: httpx.Request) -> httpx.Response:
        return httpx.Response(414) if len(request.url.raw_path) > 1000 else table(request)

    shop.answers(strict)
    rows = client.rows("stock_availables", display=STOCK, filters=Filters(id=any_of(range(1, 401))))
    assert [row["id"] for row in rows] == list(range(1, 401))


def test_pages_are_ranges_over_the_ids(client: PrestaShopClient, shop: Any, read: Any) -> None:
    existing = [*range(1, 6), *range(7, 12)]
    shop.answers(read.table(shop, "stock_availables", existing))
    pages = ids_of(client.pages("stock_availables", display=STOCK, ids=existing, size=4))
    assert pages == [[1, 2, 3, 4], [5, 7, 8, 9], [10, 11]]
    assert sorted(read.query(request)["filter[id]"] for request in shop.requests) == ["[1,4]", "[10,11]", "[5,9]"]


def test_pages_hold_no_other_ids_than_those_asked_for(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers(read.table(shop, "stock_availables", list(range(1, 100))))
    assert ids_of(client.pages("stock_availables", display=["quantity"], ids=[3, 4, 6], size=10)) == [[3, 4, 6]]
    assert read.query(shop.requests[0])["display"] == "[id,quantity]"


def test_scattered_ids_are_listed_instead_of_loading_what_lies_between(
    client: PrestaShopClient, shop: Any, read: Any
) -> None:
    shop.answers(read.table(shop, "stock_availables", list(range(1, 10_001))))
    ids = list(range(1, 10_001, 10))
    pages = ids_of(client.pages("stock_availables", display=STOCK, ids=ids, size=500))
    assert [id_ for page in pages for id_ in page] == ids
    assert all("|" in read.query(request)["filter[id]"] for request in shop.requests)
    assert max(map(len, pages)) == 400


def test_objects_that_have_gone_are_missing(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers(read.table(shop, "stock_availables", [1, 2, 9]))
    assert ids_of(client.pages("stock_availables", display=STOCK, ids=range(1, 10), size=3)) == [[1, 2], [], [9]]


def test_no_ids_are_no_pages(client: PrestaShopClient, shop: Any) -> None:
    assert list(client.pages("stock_availables", display=STOCK, ids=[], size=3)) == []
    assert shop.requests == []


def test_pages_without_ids_start_after_the_last_one(client: PrestaShopClient, shop: Any, read: Any) -> None:
    table = read.table(shop, "orders", [3, 4, 8, 9, 12])
    shop.answers(table)
    filters = Filters(module=equals("tiktok"))
    assert ids_of(client.pages("orders", display=["id"], size=2, filters=filters)) == [[3, 4], [8, 9], [12]]
    queries = [read.query(request) for request in shop.requests]
    assert [query.get("filter[id]") for query in queries] == [None, ">[4]", ">[9]"]
    assert {(query["filter[module]"], query["sort"], query["limit"]) for query in queries} == {
        ("[tiktok]", "[id_ASC]", "2")
    }
    with pytest.raises(ValueError, match="ids="):
        client.pages("orders", display=["id"], size=2, filters=Filters(id=less(5)))


def test_a_page_that_comes_again_and_again_ends_the_list(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(shop.lists("orders", [{"id": 1}, {"id": 2}]))
    pages = client.pages("orders", display=["id"], size=2)
    assert [row["id"] for row in next(pages)] == [1, 2]
    with pytest.raises(ConfigurationFault) as caught:
        next(pages)
    assert caught.value.code == "repeating"


def test_pages_come_in_order_whatever_order_the_shop_answers_in(
    make_client: Callable[..., PrestaShopClient], shop: Any, read: Any
) -> None:
    table = read.table(shop, "stock_availables", list(range(1, 9)))
    second_answered = threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if read.query(request)["filter[id]"] == "[1,2]":
            # Two requests are on their way at once, or this would never end.
            assert second_answered.wait(10)
        response = table(request)
        second_answered.set() if read.query(request)["filter[id]"] == "[3,4]" else None
        return response  # type: ignore[no-any-return]

    shop.answers(answer)
    pages = make_client(in_flight=2).pages("stock_availables", display=STOCK, ids=range(1, 9), size=2)
    assert ids_of(pages) == [[1, 2], [3, 4], [5, 6], [7, 8]]


@pytest.mark.parametrize("in_flight", [1, 2, 4])
def test_never_more_requests_at_a_time_than_allowed(
    make_client: Callable[..., PrestaShopClient], shop: Any, read: Any, in_flight: int
) -> None:
    table = read.table(shop, "stock_availables", list(range(1, 41)))
    lock, now, most = threading.Lock(), 0, 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        response = table(request)
        with lock:
            now -= 1
        return response  # type: ignore[no-any-return]

    shop.answers(answer)
    client = make_client(in_flight=in_flight)
    # Two lists at once share the limit.
    found: list[list[int]] = []

    def sweep() -> None:
        pages = ids_of(client.pages("stock_availables", display=STOCK, ids=range(1, 41), size=2))
        found.append([id_ for page in pages for id_ in page])

    threads = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [list(range(1, 41))] * 2
    assert most <= in_flight


def test_pages_are_not_fetched_further_ahead_than_in_flight(
    make_client: Callable[..., PrestaShopClient], shop: Any, read: Any
) -> None:
    shop.answers(read.table(shop, "stock_availables", list(range(1, 101))))
    pages = make_client(in_flight=2).pages("stock_availables", display=STOCK, ids=range(1, 101), size=2)
    assert shop.requests == []
    for taken in range(1, 4):
        next(pages)
        assert len(shop.requests) <= taken + 2
    pages.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(shop.requests) <= 5


def test_a_page_the_shop_breaks_off_is_asked_for_in_halves(client: PrestaShopClient, shop: Any, read: Any) -> None:
    table = read.table(shop, "products", list(range(1, 17)))

    def weak(request: httpx.Request) -> httpx.Response:
        if len(table.wanted(read.query(request))) > 3:
            raise httpx.ReadTimeout("slow")
        return table(request)  # type: ignore[no-any-return]

    shop.answers(weak)
    pages = ids_of(client.pages("products", display=["id"], ids=range(1, 17), size=8))
    assert [id_ for page in pages for id_ in page] == list(range(1, 17))
    # What was learnt on the way keeps: the last pages are small from the start.
    assert len(pages[-1]) <= 3


@pytest.mark.parametrize("status", [500, 502, 504])
def test_pages_without_ids_shrink_too(client: PrestaShopClient, shop: Any, read: Any, status: int) -> None:
    table = read.table(shop, "products", list(range(1, 17)))
    shop.answers(lambda request: table(request) if int(read.query(request)["limit"]) <= 3 else httpx.Response(status))
    pages = ids_of(client.pages("products", display=["id"], size=8))
    assert [id_ for page in pages for id_ in page] == list(range(1, 17))


def test_a_single_object_the_shop_cannot_give_ends_the_pages(client: PrestaShopClient, shop: Any, read: Any) -> None:
    table = read.table(shop, "products", [1, 2, 3, 4])

    def poisoned(request: httpx.Request) -> httpx.Response:
        if 3 in table.wanted(read.query(request)):
            raise httpx.ReadTimeout("slow")
        return table(request)  # type: ignore[no-any-return]

    shop.answers(poisoned)
    with pytest.raises(TimedOut):
        ids_of(client.pages("products", display=["id"], ids=range(1, 5), size=4))


def test_an_unreachable_shop_is_not_asked_for_smaller_pages(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers(httpx.ConnectError("refused"))
    with pytest.raises(Unavailable):
        list(client.pages("products", display=["id"], ids=range(1, 5), size=4))
    assert {read.query(request)["filter[id]"] for request in shop.requests} == {"[1,4]"}
    assert len(shop.requests) == 7


def test_an_empty_page_where_there_must_be_objects_is_asked_again(
    client: PrestaShopClient, shop: Any, read: Any
) -> None:
    table = read.table(shop, "products", [1, 2])
    shop.answers("016", table, table)
    assert ids_of(client.pages("products", display=["id"], ids=[1, 2], size=5)) == [[1, 2]]


def test_the_page_size_follows_the_shops_speed() -> None:
    size = PageSize(100)
    size.took(3.0, 100)
    assert size.rows == 100
    size.took(0.5, 100)
    assert size.rows == 126
    size.took(0.5, 50)  # a page that was not full says nothing
    assert size.rows == 126
    size.took(6.0, 126)
    assert size.rows == 63
    size.broke(63)
    assert size.rows == 31
    for _ in range(30):
        size.took(0.1, size.rows)
    assert size.rows == 400
    for _ in range(30):
        size.broke(size.rows)
    assert size.rows == 1
    with pytest.raises(ValueError, match="at least one"):
        PageSize(0)


def test_quick_pages_grow_and_slow_ones_shrink(client: PrestaShopClient, shop: Any, read: Any) -> None:
    table = read.table(shop, "products", list(range(1, 200)))
    shop.answers(table)
    table.seconds = 0.01
    quick = ids_of(client.pages("products", display=["id"], size=10))
    assert len(quick[0]) == 10
    assert max(map(len, quick)) == 40
    table.seconds = 9.0
    slow = ids_of(client.pages("products", display=["id"], size=10))
    assert [len(page) for page in slow[:5]] == [10, 5, 2, 1, 1]


@pytest.mark.parametrize(
    ("ids", "text"), [([5], "[5,5]"), ([1, 2, 3], "[1,3]"), ([1, 6], "[1|6]"), ([10, 12, 15], "[10,15]")]
)
def test_close_ids_are_a_range(ids: list[int], text: str) -> None:
    assert id_condition(ids).text(None) == text
