"""Orders in PrestaShop: what recorded answers become, and which failures may have made something."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from lxml import etree

from clients.errors import Rejected, ShopError, Uncertain
from clients.prestashop import Filters, PrestaShopClient, any_of, between, equals
from clients.prestashop.resources import RESOURCES

ORDER = {"id_cart": 6, "id_customer": 3, "module": "ps_wirepayment", "total_paid": Decimal("74.43")}
ORDERED = datetime(2026, 11, 23, 16, 10, 22, tzinfo=UTC)
SCHEMAS = [
    (number, version)
    for version, numbers in {
        "8.2.1": ("063", "064", "065", "066", "067", "068"),
        "9.1.4": ("063", "064", "066", "068"),
    }.items()
    for number in numbers
]


@pytest.mark.parametrize(("number", "version"), SCHEMAS)
def test_the_fields_are_those_of_the_shops_schema(number: str, version: str, read: Any) -> None:
    target, answer = read.recording(number, version)
    row = RESOURCES[target.removeprefix("/api/").partition("?")[0]]
    (entity,) = etree.fromstring(answer.content)
    assert entity.tag == row.node
    fields = {node.tag for node in entity if node.tag != "associations"}
    # A version may lack what is left to some versions; nothing it has is unknown.
    assert fields <= row.fields.keys()
    assert row.fields.keys() - fields <= {"id"} | row.some_versions
    associations = {group.tag: group[0] for group in entity.iterfind("associations/*")}
    assert associations.keys() == row.associations.keys()
    for name, item in associations.items():
        assert (item.tag, [field.tag for field in item]) == (
            row.associations[name].node,
            list(row.associations[name].fields),
        )
    dynamic = {node.tag for node in entity if node.get("notFilterable") == "true"}
    assert dynamic == row.dynamic


@pytest.mark.parametrize("version", ["8.2.1", "9.1.4"])
def test_an_order_is_read_with_its_lines(client: PrestaShopClient, shop: Any, version: str) -> None:
    shop.answers(f"097 {version}")
    order = client.one("orders", 6)
    assert order is not None
    assert (order["id"], order["id_cart"], order["current_state"], order["valid"]) == (6, 6, 11, True)
    assert isinstance(order["total_paid"], Decimal)
    assert order["delivery_date"] is None
    assert order["date_upd"].tzinfo is UTC
    # The single form drops empty fields; they read as empty.
    assert (order["shipping_number"], order["delivery_number"]) == ("", 0)
    line = order["associations"]["order_rows"][0]
    assert (line["id"], line["product_id"], line["product_attribute_id"], line["product_quantity"]) == (8, 2, 9, 2)
    assert line["unit_price_tax_incl"] == Decimal("28.720000")


def test_the_answer_to_an_order_echoes_the_request(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("096")
    made = client.create("orders", ORDER)
    assert (made["id"], made["id_cart"], made["total_paid"]) == (6, 6, Decimal("74.43"))
    # ... and not what was stored: the order had no such number yet, the state stood at 11.
    assert made["invoice_number"] == 0


@pytest.mark.parametrize(
    ("number", "resource", "expected"),
    [
        ("098", "orders", {"id": 6, "id_cart": 6, "reference": "SVVDQQRGR", "total_paid": Decimal("74.430000")}),
        ("101", "order_details", {"id": 8, "id_order": 6, "product_quantity": 2, "ecotax": Decimal(0)}),
        ("102", "order_payments", {"id": 1, "amount": Decimal("74.43"), "transaction_id": "", "id_employee": 0}),
        ("118", "order_histories", {"id": 8, "id_order_state": 11, "date_add": ORDERED}),
        ("120", "order_carriers", {"id": 6, "id_order": 6, "tracking_number": "", "weight": Decimal("0.9")}),
        ("120 9.1.4", "order_carriers", {"id": 6, "id_order": 6, "tracking_number": ""}),
        ("088", "customers", {"id": 3, "email": "buyer1@example.com", "is_guest": False, "active": True}),
    ],
)  # fmt: skip
def test_rows_around_an_order(
    client: PrestaShopClient, shop: Any, number: str, resource: str, expected: dict[str, Any]
) -> None:
    shop.answers(number)
    row = client.rows(resource)[0]
    assert {name: row[name] for name in expected} == expected


def test_patches_of_tracking_and_note(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("122", "123")
    assert client.update("order_carriers", 6, {"tracking_number": "x"})["id_order"] == 6
    assert client.update("orders", 6, {"note": "TikTok Shop 577"})["id"] == 6


# Finding again what was made.


@pytest.mark.parametrize("resource", ["orders", "order_carriers", "order_histories", "order_details"])
def test_many_orders_by_their_carts_or_ids(client: PrestaShopClient, shop: Any, read: Any, resource: str) -> None:
    field = "id_cart" if resource == "orders" else "id_order"
    shop.answers(shop.lists(resource, [{"id": 1}]))
    client.rows(resource, filters=Filters(**{field: any_of([6, 8, 9])}))
    query = read.query(shop.requests[0])
    assert (query[f"filter[{field}]"], query["display"], query["sort"]) == ("[6|8|9]", "full", "[id_ASC]")


def test_texts_with_spaces_and_mail_addresses_arrive_as_they_are(
    client: PrestaShopClient, shop: Any, read: Any
) -> None:
    aliases = ["TikTok 577000000000000001", "TikTok & Co; 12, rue d'Été", "100% +1"]
    emails = ["buyer+1@example.com", "v4bABC.D-E_F@scs1.tiktok.com", "o'neil@example.com"]
    shop.answers(shop.lists("addresses", [{"id": 1}]))
    client.rows("addresses", filters=Filters(alias=any_of(aliases)))
    client.rows("customers", filters=Filters(email=any_of(emails)))
    client.rows("customers", filters=Filters(email=equals(emails[0])))
    sent = [read.query(request) for request in shop.requests]
    assert sent[0]["filter[alias]"] == f"[{'|'.join(aliases)}]"
    assert sent[1]["filter[email]"] == f"[{'|'.join(emails)}]"
    assert sent[2]["filter[email]"] == "[buyer+1@example.com]"
    # A plus sign that were sent as it is would arrive as a space.
    assert b"buyer%2B1%40example.com" in shop.requests[1].url.raw_path


@pytest.mark.parametrize("text", ["a|b", "a[b", "a]b", "a<b", "a>b", "a\nb", "a\u0000b", ""])
def test_what_the_grammar_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"shop|filter|empty"):
        any_of(["x", text])


@pytest.mark.parametrize("text", ["1,2", "2026-01-01,2026-02-01", "12:00, 13:00"])
def test_a_text_that_would_be_a_range_is_refused(text: str) -> None:
    conditions: list[Callable[[], object]] = [lambda: equals(text), lambda: any_of([text]), lambda: any_of(["x", text])]
    for condition in conditions:
        with pytest.raises(ValueError, match="range"):
            condition()


def test_orders_changed_in_a_span_of_time(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers("126")
    span = between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    rows = client.rows("orders", display=["id", "current_state", "date_upd"], filters=Filters(date_upd=span))
    assert rows[0]["date_upd"] == datetime(2026, 11, 23, 15, 44, 26, tzinfo=UTC)
    query = read.query(shop.requests[0])
    assert (query["filter[date_upd]"], query["date"]) == ("[2026-01-01 01:00:00,2026-12-01 01:00:00]", "1")


# Failures.


@pytest.mark.parametrize(
    ("number", "resource", "kind", "code"),
    [
        ("086", "customers", Rejected, "140"),
        ("091", "addresses", Rejected, "85"),
        ("099", "orders", Uncertain, "cart-used"),
        ("099 9.1.4", "orders", Uncertain, "http-500"),
        ("106", "orders", Uncertain, "http-500"),
        ("107", "orders", Rejected, "41"),
        ("108", "orders", Rejected, "secure-key"),
        ("108 9.1.4", "orders", Uncertain, "http-500"),
        ("109", "orders", Uncertain, "http-500"),
        ("110", "carts", Uncertain, "http-500"),
        ("117", "order_histories", Uncertain, "46"),
        ("119", "order_histories", Uncertain, "http-500"),
        ("154 9.1.4", "orders", Uncertain, "http-500"),
        ("156 9.1.4", "orders", Uncertain, "http-500"),
    ],
)
def test_recorded_refusals(
    client: PrestaShopClient, shop: Any, number: str, resource: str, kind: type[ShopError], code: str
) -> None:
    shop.answers(number)
    with pytest.raises(ShopError) as caught:
        client.create(resource, {"id_cart": 6})
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert caught.value.cause
    assert caught.value.fix
    assert len(shop.requests) == 1


def test_a_broken_off_order_says_what_to_look_for(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("106")
    with pytest.raises(Uncertain) as caught:
        client.create("orders", ORDER)
    assert "the cart's order" in caught.value.fix
    assert "payment module" in caught.value.fix
    # Of a change nobody would say so.
    with pytest.raises(Uncertain) as changed:
        client.update("orders", 6, {"note": "x"})
    assert "payment module" not in changed.value.fix
    with pytest.raises(ShopError) as reading:
        client.rows("orders", filters=Filters(id_cart=equals(6)))
    assert not isinstance(reading.value, Uncertain)


@pytest.mark.parametrize("codes", [(2,), (3, 15), (46,), (85,), (46, 8), (7001,)])
def test_an_order_may_be_made_whatever_a_500_says(client: PrestaShopClient, shop: Any, codes: tuple[int, ...]) -> None:
    shop.answers(shop.refuses(500, *codes))
    with pytest.raises(Uncertain):
        client.create("orders", ORDER)
    assert len(shop.requests) == 1


def test_elsewhere_a_refusal_to_save_is_one(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(shop.refuses(500, 46))
    with pytest.raises(Rejected):
        client.create("addresses", {})


def test_the_words_of_a_customer_are_no_proof(client: PrestaShopClient, shop: Any) -> None:
    # The same words in the answer to something else mean nothing.
    shop.answers(httpx.Response(500, content=b"Error processing order. Secure key does not match."))
    with pytest.raises(Uncertain):
        client.create("messages", {"message": "Secure key does not match."})
