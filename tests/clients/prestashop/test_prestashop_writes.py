"""Writes: XML as the webservice takes it, PATCH where it exists, the whole object put back safely where it does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from lxml import etree

from clients.errors import AccessDenied, Rejected, Uncertain
from clients.prestashop import PrestaShopClient

CART = {
    "id_currency": 1,
    "id_lang": 1,
    "secure_key": "896a496903428c9402250ad9bba00042",
    "delivery_option": '{"7":"2,"}',
    "gift": False,
    "associations": {
        "cart_rows": [
            {"id_product": 2, "id_product_attribute": 9, "id_address_delivery": 7, "quantity": 2},
            {"id_product": 6, "id_product_attribute": 0, "id_address_delivery": 7, "quantity": 1},
        ]
    },
}


def body_of(request: httpx.Request) -> Any:
    """The object in a request's XML."""
    root = etree.fromstring(request.content)
    assert root.tag == "prestashop"
    (entity,) = root
    return entity


def values_of(entity: Any) -> dict[str, str]:
    """Its plain fields."""
    return {node.tag: node.text or "" for node in entity if not len(node)}


def test_create_sends_one_object_and_reads_the_answer(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers("069")
    product = client.create("products", {"price": Decimal("10.5"), "name": {1: "Test product"}})
    (request,) = shop.requests
    assert (request.method, request.url.path) == ("POST", "/api/products")
    assert request.headers["content-type"].startswith("text/xml")
    assert read.query(request) == {}
    entity = body_of(request)
    assert entity.tag == "product"
    assert entity.findtext("price") == "10.5"
    assert [(node.get("id"), node.text) for node in entity.find("name")] == [("1", "Test product")]
    assert (product["id"], product["price"], product["active"]) == (20, Decimal("10.5"), False)
    assert product["name"] == {1: "Test product"}
    assert product["date_add"] == datetime(2026, 11, 23, 16, 10, 19, tzinfo=UTC)
    assert product["associations"]["stock_availables"] == [{"id": 59, "id_product_attribute": 0}]
    assert product["associations"]["categories"] == []


def test_rows_of_an_association_are_written_under_their_element(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(shop.sends(b"<?xml version='1.0'?><prestashop><cart><id>6</id></cart></prestashop>"))
    assert client.create("carts", CART)["id"] == 6
    entity = body_of(shop.requests[0])
    rows = entity.findall("associations/cart_rows/cart_row")
    assert [values_of(row) for row in rows] == [
        {"id_product": "2", "id_product_attribute": "9", "id_address_delivery": "7", "quantity": "2"},
        {"id_product": "6", "id_product_attribute": "0", "id_address_delivery": "7", "quantity": "1"},
    ]
    assert values_of(entity)["delivery_option"] == '{"7":"2,"}'
    assert values_of(entity)["gift"] == "0"


def test_values_are_written_as_the_shop_reads_them(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(
        shop.sends(b"<?xml version='1.0'?><prestashop><specific_price><id>3</id></specific_price></prestashop>")
    )
    client.create(
        "specific_prices",
        {
            "price": Decimal("1.6520661E+1"),
            "from": datetime(2026, 7, 1, 10, tzinfo=UTC),
            "to": None,
            "reduction_tax": True,
            "reduction_type": "amo\x00unt & <more>",
            "id_cart": None,
        },
    )
    assert values_of(body_of(shop.requests[0])) == {
        "price": "16.520661",
        "from": "2026-07-01 12:00:00",
        "to": "0000-00-00 00:00:00",
        "reduction_tax": "1",
        "reduction_type": "amount & <more>",
        "id_cart": "",
    }
    with pytest.raises(ValueError, match="float cannot be written"):
        client.create("specific_prices", {"price": 1.5})


def test_mail_to_the_customer_only_when_asked_for(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers(shop.sends(b"<?xml version='1.0'?><prestashop><order_history><id>8</id></order_history></prestashop>"))
    client.create("order_histories", {"id_order": 6, "id_order_state": 4})
    client.create("order_histories", {"id_order": 6, "id_order_state": 4}, send_email=True)
    assert [read.query(request) for request in shop.requests] == [{}, {"sendemail": "1"}]


def test_update_patches_the_given_fields(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("081")
    row = client.update("stock_availables", 21, {"quantity": 9})
    (request,) = shop.requests
    assert (request.method, request.url.path) == ("PATCH", "/api/stock_availables/21")
    assert values_of(body_of(request)) == {"id": "21", "quantity": "9"}
    assert (row["id"], row["quantity"], row["id_shop"], row["depends_on_stock"]) == (21, 9, 1, False)


@pytest.mark.parametrize(
    "refused",
    [
        lambda shop: shop.refuses(405, 25),  # PATCH not granted to the key
        lambda shop: shop.refuses(405, 23),  # 1.7.8 before its version is known
        lambda shop: httpx.Response(405, content=b"<html>Method Not Allowed</html>"),  # the web server
    ],
)
def test_update_without_patch_puts_the_whole_row_back(
    client: PrestaShopClient, shop: Any, read: Any, refused: Callable[[Any], httpx.Response]
) -> None:
    shop.answers(refused(shop), "033", "079")
    row = client.update("stock_availables", 20, {"quantity": 7})
    assert [request.method for request in shop.requests] == ["PATCH", "GET", "PUT"]
    assert row["quantity"] == 7
    put = values_of(body_of(shop.requests[2]))
    # Field by field what the recorded PUT of a whole row sent: id_shop is there, so the row is not orphaned.
    before = values_of(etree.fromstring(read.recording("033")[1].content)[0])
    assert put == {**before, "quantity": "7"}
    assert put["id_shop"] == "1"


def test_prestashop_1_7_is_not_asked_for_patch(client: PrestaShopClient, shop: Any) -> None:
    row = b"<?xml version='1.0'?><prestashop><stock_available><id>20</id></stock_available></prestashop>"
    shop.answers(shop.sends(row, PSWS_Version="1.7.8.11"))
    assert client.images(1) == []
    client.update("stock_availables", 20, {"quantity": 7})
    assert [request.method for request in shop.requests[1:]] == ["GET", "PUT"]


def test_a_product_is_put_back_without_what_would_be_refused_or_damaged(
    client: PrestaShopClient, shop: Any, read: Any
) -> None:
    shop.answers(shop.refuses(405, 25), "018", "075")
    client.update("products", 1, {"price": Decimal("12.9")})
    put = body_of(shop.requests[2])
    sent = {node.tag for node in put}
    before = {node.tag for node in etree.fromstring(read.recording("018")[1].content)[0]}
    assert before - sent == {"manufacturer_name", "quantity", "position_in_category", "associations"}
    assert sent <= before
    assert put.findtext("price") == "12.9"
    assert put.findtext("id_default_image") == "1"


def test_an_empty_cover_is_not_put_back(client: PrestaShopClient, shop: Any) -> None:
    product = b"<product><id>1</id><id_default_image/><price>1</price></product>"
    shop.answers(shop.refuses(405, 25), shop.sends(b"<?xml version='1.0'?><prestashop>%b</prestashop>" % product))
    client.update("products", 1, {"price": Decimal(2)})
    assert {node.tag for node in body_of(shop.requests[2])} == {"id", "price"}


@pytest.mark.parametrize("resource", ["orders", "customers", "order_details"])
def test_what_a_put_would_damage_is_not_put(client: PrestaShopClient, shop: Any, resource: str) -> None:
    shop.answers(shop.refuses(405, 25))
    with pytest.raises(AccessDenied) as caught:
        client.update(resource, 6, {"note": "x"})
    assert caught.value.code == "put-not-safe"
    assert [request.method for request in shop.requests] == ["PATCH"]


def test_other_refusals_of_a_patch_are_final(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(shop.refuses(400, 85))
    with pytest.raises(Rejected):
        client.update("order_carriers", 9, {"tracking_number": "!"})
    shop.answers(httpx.ReadTimeout("slow"))
    with pytest.raises(Uncertain):
        client.update("order_carriers", 9, {"tracking_number": "1Z"})
    assert [request.method for request in shop.requests] == ["PATCH", "PATCH"]


def test_a_text_without_all_languages_is_not_written(client: PrestaShopClient, shop: Any) -> None:
    shop.languages = [{"id": 1, "active": "1"}, {"id": 2, "active": "1"}]
    with pytest.raises(ValueError, match=r"name of products would lose its text in languages \[2\]"):
        client.update("products", 18, {"name": {1: "Mug"}})
    assert shop.requests == []
    shop.answers("075")
    client.update("products", 18, {"name": {1: "Mug", 2: "Taza"}})
    assert len(shop.requests) == 1


def test_delete_of_one_and_of_several(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers("077")
    client.delete("products", [20])
    client.delete("specific_prices", [1, 2, 3])
    client.delete("specific_prices", [])
    assert [(request.method, request.url.path) for request in shop.requests] == [
        ("DELETE", "/api/products/20"),
        ("DELETE", "/api/specific_prices"),
    ]
    assert read.query(shop.requests[1]) == {"id": "[1,2,3]"}


def test_resources_of_modules_can_be_written(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(shop.sends(b"<?xml version='1.0'?><prestashop><thing><id>8</id><x>1</x></thing></prestashop>"))
    assert client.create("things", {"x": 1}) == {"id": 8, "x": "1"}
    assert body_of(shop.requests[0]).tag == "thing"
