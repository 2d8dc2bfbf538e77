"""Several objects in one request: in the order sent, and what a refusal of one says about the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from lxml import etree

from clients.errors import AccessDenied, PartlyStored, Rejected, ShopError, Unavailable, Uncertain
from clients.prestashop import PrestaShopClient


def objects(node: str, *ids: int) -> bytes:
    rows = "".join(f"<{node}><id><![CDATA[{id_}]]></id><alias>A{id_}</alias></{node}>" for id_ in ids)
    return f"<?xml version='1.0' encoding='UTF-8'?><prestashop>{rows}</prestashop>".encode()


def sent(request: httpx.Request) -> list[tuple[str, dict[str, str]]]:
    return [(node.tag, {field.tag: field.text or "" for field in node}) for node in etree.fromstring(request.content)]


def test_several_new_objects_in_one_body(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers(shop.sends(objects("address", 11, 12, 13)))
    made = client.create_many("addresses", [{"alias": "A"}, {"alias": "B", "deleted": False}, {"alias": "C"}])
    assert [row["id"] for row in made] == [11, 12, 13]
    assert made[0]["alias"] == "A11"
    (request,) = shop.requests
    assert (request.method, request.url.path, read.query(request)) == ("POST", "/api/addresses", {})
    assert sent(request) == [
        ("address", {"alias": "A"}),
        ("address", {"alias": "B", "deleted": "0"}),
        ("address", {"alias": "C"}),
    ]
    assert client.create_many("addresses", []) == []
    assert len(shop.requests) == 1


def test_times_of_any_of_them_are_the_shops(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(shop.sends(objects("specific_price", 1, 2)))
    client.create_many("specific_prices", [{"price": 1}, {"from": datetime(2026, 7, 1, 10, tzinfo=UTC)}])
    assert sent(shop.requests[0])[1][1] == {"from": "2026-07-01 12:00:00"}


def test_orders_are_made_one_by_one(client: PrestaShopClient, shop: Any) -> None:
    for rows in ([{"id_cart": 1}, {"id_cart": 2}], [{"id_cart": 1}], []):
        with pytest.raises(ValueError, match="several at a time"):
            client.create_many("orders", rows)
    assert shop.requests == []


def test_every_language_of_every_object(client: PrestaShopClient, shop: Any) -> None:
    shop.languages = [{"id": 1, "active": "1"}, {"id": 2, "active": "1"}]
    with pytest.raises(ValueError, match="would lose its text"):
        client.create_many("categories", [{"name": {1: "x", 2: "y"}}, {"name": {1: "x"}}])
    with pytest.raises(ValueError, match="would lose its text"):
        client.update_many("categories", {1: {"name": {1: "x", 2: "y"}}, 2: {"name": {1: "x"}}})
    assert shop.requests == []


def create(client: PrestaShopClient) -> object:
    return client.create_many("addresses", [{"alias": "A"}, {"alias": "B"}])


def change(client: PrestaShopClient) -> object:
    return client.update_many("order_carriers", {1: {"tracking_number": "A"}, 2: {"tracking_number": "B"}})


@pytest.mark.parametrize("call", [create, change])
@pytest.mark.parametrize(
    ("status", "code"), [(400, 41), (400, 84), (400, 85), (400, 86), (400, 93), (404, 92), (500, 46), (500, 140)]
)
def test_a_refused_one_leaves_those_before_it_stored(
    client: PrestaShopClient, shop: Any, call: Callable[[PrestaShopClient], object], status: int, code: int
) -> None:
    shop.answers(shop.refuses(status, code))
    with pytest.raises(PartlyStored) as caught:
        call(client)
    assert caught.value.code == str(code)
    assert "Others of the same request may be stored." in caught.value.cause
    assert "code" in str(caught.value)
    assert len(shop.requests) == 1


def test_the_refused_field_is_still_named(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("091")
    with pytest.raises(PartlyStored) as caught:
        create(client)
    assert (caught.value.code, "Address.dni" in caught.value.cause) == ("85", True)
    assert caught.value.fix == "Correct the field named above."


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 91, Rejected),
        (400, 89, Rejected),
        (500, 127, Rejected),
        (405, 101, Rejected),
        (401, 26, AccessDenied),
        (403, 132, AccessDenied),
    ],
)
def test_a_refused_request_stores_none(
    client: PrestaShopClient, shop: Any, status: int, code: int, kind: type[ShopError]
) -> None:
    shop.answers(shop.refuses(status, code))
    with pytest.raises(ShopError) as caught:
        create(client)
    assert type(caught.value) is kind


def test_one_object_refused_is_plainly_refused(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("091")
    with pytest.raises(Rejected):
        client.create_many("addresses", [{"alias": "A"}])


@pytest.mark.parametrize("call", [create, change])
@pytest.mark.parametrize(
    "broken",
    [
        httpx.ReadTimeout("x"),
        httpx.Response(500),
        httpx.Response(200, content=objects("address", 1)),
        httpx.Response(200, content=objects("address", 1, 2, 3)),
        httpx.Response(200, content=objects("address", 1, 2)[:-20]),
        httpx.Response(500, content=b"<errors><error><code>2</code></error></errors>"),
    ],
    ids=["timeout", "empty", "one of two", "three of two", "cut", "PHP warning"],
)
def test_no_clear_answer_says_nothing_of_any(
    client: PrestaShopClient, shop: Any, call: Callable[[PrestaShopClient], object], broken: Any
) -> None:
    shop.answers(broken)
    with pytest.raises(Uncertain) as caught:
        call(client)
    assert not isinstance(caught.value, PartlyStored)
    assert len(shop.requests) == 1


def test_what_never_left_stored_none(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(httpx.ConnectError("refused"))
    with pytest.raises(Unavailable):
        create(client)


def test_several_changes_in_one_patch(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(shop.sends(objects("order_carrier", 6, 4)))
    rows = client.update_many("order_carriers", {6: {"tracking_number": "A"}, 4: {"tracking_number": "B"}})
    assert [row["id"] for row in rows] == [6, 4]
    (request,) = shop.requests
    assert (request.method, request.url.path) == ("PATCH", "/api/order_carriers")
    assert sent(request) == [
        ("order_carrier", {"id": "6", "tracking_number": "A"}),
        ("order_carrier", {"id": "4", "tracking_number": "B"}),
    ]
    assert client.update_many("order_carriers", {}) == []
    assert len(shop.requests) == 1


def test_one_change_is_a_change_of_one(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("081")
    (row,) = client.update_many("stock_availables", {21: {"quantity": 9}})
    assert (row["quantity"], shop.requests[0].url.path) == (9, "/api/stock_availables/21")


def test_without_patch_one_by_one(client: PrestaShopClient, shop: Any, read: Any) -> None:
    refused = shop.refuses(405, 25)
    shop.answers(refused, refused, "033", "079", refused, "033", "079")
    rows = client.update_many("stock_availables", {20: {"quantity": 7}, 21: {"quantity": 8}})
    assert len(rows) == 2
    methods = [request.method for request in shop.requests]
    assert methods == ["PATCH", "PATCH", "GET", "PUT", "PATCH", "GET", "PUT"]


def test_prestashop_1_7_changes_one_by_one_or_not_at_all(client: PrestaShopClient, shop: Any) -> None:
    row = objects("stock_available", 20)
    shop.answers(shop.sends(row, PSWS_Version="1.7.8.11"))
    client.images(1)
    client.update_many("stock_availables", {20: {"quantity": 7}, 21: {"quantity": 8}})
    assert [request.method for request in shop.requests[1:]] == ["GET", "PUT", "GET", "PUT"]
    shop.requests.clear()
    with pytest.raises(AccessDenied) as caught:
        client.update_many("orders", {6: {"note": "A"}, 7: {"note": "B"}})
    assert caught.value.code == "put-not-safe"
    assert shop.requests == []
