"""Orders over the API: search, detail, prices, external ids, and what is hidden of a buyer."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sandbox.tiktok.order_book import PENDING
from sandbox.tiktok.order_entry import BY_TIKTOK, Entry
from sandbox.tiktok.order_model import Charges, Item, Order
from tests.sandbox.tiktok.seller_app import SellerApp, example
from tests.sandbox.tiktok.test_tiktok_examples import assert_shape, shape_faults

SEARCH = "/order/202309/orders/search"
REFERENCES = "/order/202406/orders/external_orders"


def sku_of(app: SellerApp) -> str:
    return str(app.live()["skus"][0]["id"])


def place(app: SellerApp, sku_id: str, units: int = 1, **changes: Any) -> Order:
    return app.world.shop.book.place(Entry([Item(sku_id, units)], **changes))


def search(app: SellerApp, body: dict[str, Any] | None = None, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = app.data("POST", SEARCH, body or {}, query=[*({"page_size": "100"} | query).items()])
    return found


def detail(app: SellerApp, *ids: str, version: str = "202507") -> list[dict[str, Any]]:
    query = [("ids", ",".join(ids))]
    orders: list[dict[str, Any]] = app.data("GET", f"/order/{version}/orders", query=query)["orders"]
    return orders


@pytest.fixture
def french(app_in: Callable[..., SellerApp]) -> SellerApp:
    return app_in("FR")


# Shapes


def example_order(app: SellerApp) -> Order:
    """The order of the examples: two mugs with discounts of both sides."""
    item = Item(sku_of(app), 2, Decimal("24.90"), Decimal("2.50"), Decimal("1.00"))
    charges = Charges(Decimal("4.99"), platform_discount=Decimal("1.00"))
    return app.world.shop.book.place(Entry([item], charges=charges, message="Merci d'emballer en cadeau"))


def test_the_examples_are_answered(french: SellerApp) -> None:
    order = example_order(french)
    french.clock.pass_(hours=2)
    query = [("page_size", "50"), ("sort_field", "update_time"), ("sort_order", "ASC")]
    # The example order was written by hand: its rows are those of this one.
    found = french.ask("POST", SEARCH, {"update_time_ge": 1789990000}, query=query)
    assert_shape("order-search-response", found)
    assert french.data("POST", SEARCH, example("order-search-request"), query=query)["total_count"] == 0
    asked = french.ask("GET", "/order/202507/orders", query=[("ids", order.id)])
    assert_shape("order-detail-response", asked)
    assert asked["data"]["orders"] == found["data"]["orders"]
    payment = asked["data"]["orders"][0]["payment"]
    wanted = example("order-detail-response")["data"]["orders"][0]["payment"]
    assert {key: payment[key] if key == "currency" else Decimal(payment[key]) for key in wanted} == {
        key: value if key == "currency" else Decimal(value) for key, value in wanted.items()
    }

    priced = french.ask("GET", f"/order/202407/orders/{order.id}/price_detail")
    assert_shape("order-price-detail-response", priced)
    wanted = {
        key: value for key, value in example("order-price-detail-response")["data"].items() if key != "line_items"
    }
    for key, value in wanted.items():
        assert key == "currency" or Decimal(priced["data"][key]) == Decimal(value), key
    lines = [Decimal(line["total"]) for line in priced["data"]["line_items"]]
    assert (sum(lines), lines[0]) == (Decimal("46.79"), Decimal("23.40"))

    french.world.shop.book.ship(order, tracking_number="6A12345678901")
    french.clock.pass_(hours=7)
    shipped = french.ask("GET", "/order/202309/orders", query=[("ids", order.id)])
    assert_shape("order-detail-shipped-response", shipped)
    assert shipped["data"]["orders"][0]["status"] == "IN_TRANSIT"


def test_a_masked_example_is_answered(app_in: Callable[..., SellerApp]) -> None:
    app = app_in("MY")
    sku_id = sku_of(app)
    for _ in range(2):
        order = place(app, sku_id, shipping_type="TIKTOK")
        app.world.shop.book.advance(order, "AWAITING_COLLECTION")
    found = app.ask("POST", SEARCH, {}, query=[("page_size", "1")])
    assert_shape("order-search-masked-response", found)
    recipient = found["data"]["orders"][0]["recipient_address"]
    wanted = example("order-search-masked-response")["data"]["orders"][0]["recipient_address"]
    assert {key: recipient[key] for key in ("name", "postal_code", "first_name", "last_name")} == {
        key: wanted[key] for key in ("name", "postal_code", "first_name", "last_name")
    }
    assert re.fullmatch(r"\(\+60\)\d{3}\*+\d\d", recipient["phone_number"])
    assert recipient["full_address"] == "Malaysia, Selangor, Shah Alam,JA**********"
    assert [row["address_name"] for row in recipient["district_info"]] == [
        "Malaysia",
        "Selangor",
        "Shah Alam",
        "Se*******",
    ]


def test_fields_that_only_some_orders_have(app: SellerApp) -> None:
    sku_id = sku_of(app)
    plain = detail(app, place(app, sku_id).id)[0]
    assert not {"cancel_time", "rts_time", "delivery_time", "cancel_reason", "replaced_order_id", "cpf"} & plain.keys()
    unpaid = detail(app, place(app, sku_id, paid=False).id)[0]
    assert unpaid["status"] == "UNPAID"
    assert not {"paid_time", "rts_sla_time", "shipping_due_time"} & unpaid.keys()
    assert (unpaid["packages"], unpaid["line_items"][0]["package_id"]) == ([], "")
    cash = detail(app, place(app, sku_id, is_cod=True, on_hold=False).id)[0]
    assert (cash["status"], cash["is_cod"], "paid_time" in cash) == ("AWAITING_SHIPMENT", True, False)
    again = detail(app, place(app, sku_id, replaces=plain["id"], exchanges=cash["id"]).id)[0]
    assert (again["replaced_order_id"], again["exchange_source_order_id"]) == (plain["id"], cash["id"])
    assert again["is_replacement_order"] is again["is_exchange_order"] is True
    fulfilled = detail(app, place(app, sku_id, fulfillment_type=BY_TIKTOK).id)[0]
    assert fulfilled["fulfillment_type"] == "FULFILLMENT_BY_TIKTOK"
    gift = Entry([Item(sku_id), Item(sku_id, is_gift=True)])
    line = detail(app, app.world.shop.book.place(gift).id)[0]["line_items"][1]
    assert (line["is_gift"], line["original_price"], line["gift_retail_price"]) == (True, "0", "24.9")


def test_a_line_names_variant_picture_and_parts(app: SellerApp) -> None:
    values = enumerate(("Blue", "Red"), 1)
    product = app.live(
        skus=[app.sku(i, sales_attributes=[{"id": "100000", "value_name": value}]) for i, value in values]
    )
    blue, red = (sku["id"] for sku in product["skus"])
    order = app.world.shop.book.place(Entry([Item(blue, parts=((red, 2),))]))
    line = detail(app, order.id)[0]["line_items"][0]
    assert (line["sku_name"], line["seller_sku"]) == ("Blue", "MUG-0001")
    assert line["sku_image"].startswith("https://")
    assert line["combined_listing_skus"] == [
        {"sku_id": red, "sku_count": 2, "product_id": product["id"], "seller_sku": "MUG-0002"}
    ]
    pieces = app.world.shop.book.place(Entry([Item(blue, parts=((red, 2),), as_sub_items=True)]))
    line = detail(app, pieces.id)[0]["line_items"][0]
    assert "combined_listing_skus" not in line
    assert [(row["seller_sku"], row["sku_name"], row["sale_price"]) for row in line["sub_item_info"]] == [
        ("MUG-0002", "Red", "12.45")
    ] * 2
    assert len({line["id"], *(row["id"] for row in line["sub_item_info"])}) == 3
    offers = app.world.shop.shelf.products[product["id"]].offers
    assert [sum(offers[key].committed.values()) for key in (blue, red)] == [0, 4]
    assert detail(app, place(app, sku_of(app)).id)[0]["line_items"][0]["sku_name"] == "Default"


def test_american_taxes_come_on_top(app_in: Callable[..., SellerApp]) -> None:
    app = app_in("US")
    item = Item(sku_of(app), 2, Decimal("10.00"), Decimal("1.00"), Decimal("0.50"), tax_rate=Decimal("0.0825"))
    order = app.world.shop.book.place(Entry([item], charges=Charges(Decimal("5.00"), tax=Decimal("0.41"))))
    shown = detail(app, order.id)[0]
    payment = {key: value for key, value in shown["payment"].items() if "tax" in key or key == "total_amount"}
    assert payment == {"tax": "1.81", "product_tax": "1.4", "shipping_fee_tax": "0.41", "total_amount": "23.81"}
    line = shown["line_items"][0]
    assert line["item_tax"] == [{"tax_type": "SALES_TAX", "tax_amount": "0.7", "tax_rate": "0.0825"}]
    assert line["sale_price"] == "8.5"
    prices = app.data("GET", f"/order/202407/orders/{order.id}/price_detail")
    assert (prices["tax_amount"], prices["tax_rate"], prices["net_price_amount"]) == ("1.81", "0.0825", "22")


def test_yen_have_no_decimals(app_in: Callable[..., SellerApp]) -> None:
    app = app_in("JP")
    order = app.world.shop.book.place(Entry([Item(sku_of(app), 3)], charges=Charges(Decimal("500"))))
    prices = app.data("GET", f"/order/202407/orders/{order.id}/price_detail")
    amounts = [prices["total"], *(line["shipping_sale_price"] for line in prices["line_items"])]
    assert amounts == ["7970", "167", "166", "167"]


def test_brazilian_payment_fields_are_in_the_newer_version_only(app_in: Callable[..., SellerApp]) -> None:
    app = app_in("BR")
    order = place(app, sku_of(app), on_hold=False)
    old, new = detail(app, order.id, version="202309")[0], detail(app, order.id)[0]
    assert new.keys() - old.keys() == {
        "payment_card_type",
        "payment_method_code",
        "payment_auth_code",
        "channel_entity_national_registry_id",
    }
    assert (old["cpf"], old["need_upload_invoice"]) == ("12345678909", "NEED_INVOICE")


# Masks


def test_a_buyer_is_hidden_until_the_order_is_to_be_shipped_and_long_after(app: SellerApp) -> None:
    book = app.world.shop.book
    order = place(app, sku_of(app), paid=False)

    def hidden() -> tuple[bool, bool]:
        recipient = detail(app, order.id)[0]["recipient_address"]
        return "*" in recipient["name"], "district_info" not in recipient

    assert hidden() == (True, True)
    book.pay(order)
    assert hidden() == (True, True)
    book.end_hold(order)
    assert hidden() == (False, False)
    book.advance(order, "COMPLETED")
    for days, expected in ((29, False), (1, True)):
        app.clock.pass_(days=days)
        app.token = app.exchange(app.world.auth_code()).json()["data"]["access_token"]
        assert hidden() == (expected, False)


@pytest.mark.parametrize(("region", "always"), [("GB", False), ("PH", True)])
def test_whether_tiktok_shipping_hides_the_buyer(app_in: Callable[..., SellerApp], region: str, always: bool) -> None:
    app = app_in(region)
    order = place(app, sku_of(app), shipping_type="TIKTOK", on_hold=False)
    assert "*" in detail(app, order.id)[0]["recipient_address"]["address_line1"]
    app.world.masks_tiktok_shipping = False
    assert ("*" in detail(app, order.id)[0]["recipient_address"]["address_line1"]) is always


# Search


def test_search_wants_its_page_size_and_capitals(app: SellerApp) -> None:
    def code(*query: tuple[str, str], body: Any = None) -> int:
        return int(app.ask("POST", SEARCH, body if body is not None else {}, query=list(query))["code"])

    size = ("page_size", "10")
    assert code() == 36009004
    assert code(size) == 0
    assert code(("page_size", "101")) == 36009004
    assert code(size, ("sort_order", "asc")) == 36009004
    assert code(size, ("sort_field", "paid_time")) == 36009004
    assert code(size, body={"page_size": 10}) == 36009004
    assert code(size, body={"order_status": "PAID"}) == 36009004
    assert code(size, body={"warehouse_ids": ["1"] * 101}) == 36009004
    assert code(size, body={"update_time_ge": 2, "update_time_lt": 1}) == 10002014


def test_what_search_filters(app: SellerApp) -> None:
    sku_id = sku_of(app)
    first = place(app, sku_id)
    app.clock.pass_(seconds=10)
    second = place(app, sku_id, shipping_type="TIKTOK", on_hold=False)
    start = first.create_time

    def ids(**body: Any) -> list[str]:
        return [row["id"] for row in search(app, body)["orders"]]

    assert ids() == [second.id, first.id]
    assert ids(order_status="ON_HOLD") == [first.id]
    assert ids(shipping_type="TIKTOK") == [second.id]
    assert ids(buyer_user_id=first.user_id) == [first.id]
    assert ids(warehouse_ids=["7400000000000000013"]) == []
    assert ids(warehouse_ids=[first.warehouse_id]) == [second.id, first.id]
    # Half-open
    assert ids(create_time_ge=start, create_time_lt=start + 10) == [first.id]
    assert ids(update_time_ge=start + 10) == [second.id]
    assert ids(update_time_lt=start) == []
    assert ids(is_buyer_request_cancel=True) == []
    book = app.world.shop.book
    unit_ids = [unit.id for unit in second.units]
    book.add_cancellation(
        second, unit_ids, type="BUYER_CANCEL", role="BUYER", status=PENDING, reason="x", reason_text="y"
    )
    assert ids(is_buyer_request_cancel=True) == [second.id]
    assert detail(app, second.id)[0]["request_cancel_time"] == start + 10


@pytest.mark.parametrize("written", ["object", "null", "absent"])
def test_how_no_orders_are_written(app: SellerApp, written: Any) -> None:
    app.world.empty_data = written
    found = search(app)
    assert found["total_count"] == 0
    assert ("orders" in found, found.get("orders")) == {
        "object": (True, []),
        "null": (True, None),
        "absent": (False, None),
    }[written]


def test_a_thousand_orders_page_by_page_while_new_ones_come(app: SellerApp) -> None:
    sku_id = sku_of(app)
    app.world.shop.center.set_stock(sku_id, 5000)
    placed = []
    for _ in range(1000):
        placed.append(place(app, sku_id).id)
        app.clock.pass_(seconds=1)
    pages, token, late = [], "", set()
    while True:
        page = search(app, {}, sort_field="update_time", sort_order="ASC", page_token=token)
        pages.append([row["id"] for row in page["orders"]])
        token = page["next_page_token"]
        if not token:
            break
        assert {"+", "/", "="} <= set(token)
        app.clock.pass_(seconds=1)
        late.add(place(app, sku_id).id)
    seen = [order_id for page in pages for order_id in page]
    assert seen[:1000] == placed
    assert len(seen) == len(set(seen))
    assert set(seen[1000:]) == late
    # Whatever changes while pages are read comes again at the end and is never missed.
    first = search(app, {}, sort_field="update_time", sort_order="ASC", page_size="10")
    app.world.shop.book.end_hold(app.world.shop.book.orders[placed[0]])
    second = search(
        app, {}, sort_field="update_time", sort_order="ASC", page_size="10", page_token=first["next_page_token"]
    )
    assert [row["id"] for row in second["orders"]] == placed[10:20]


def test_a_page_token_belongs_to_its_filters(app: SellerApp) -> None:
    sku_id = sku_of(app)
    for _ in range(3):
        place(app, sku_id)
    token = search(app, page_size="1")["next_page_token"]

    def code(body: dict[str, Any], **query: str) -> int:
        return int(app.ask("POST", SEARCH, body, query=[("page_size", "1"), *query.items()])["code"])

    assert code({}, page_token=token) == 0
    assert code({"order_status": "ON_HOLD"}, page_token=token) == 36009004
    assert code({}, page_token=token, sort_order="ASC") == 36009004
    assert code({}, page_token="nonsense") == 36009004
    assert code({}, page_token=token[:-4]) == 36009004


# Detail and external ids


def test_detail_takes_fifty_ids_and_knows_whose_they_are(app_in: Callable[..., SellerApp]) -> None:
    app = app_in("GB", further_regions=["FR"])
    order = place(app, sku_of(app))
    repeated = app.data("GET", "/order/202309/orders", query=[("ids", order.id), ("ids", "577999999999999999")])
    assert [row["id"] for row in repeated["orders"]] == [order.id]
    path = "/order/202507/orders"
    for ids in ("", ",".join(str(i) for i in range(51))):
        assert app.ask("GET", path, query=[("ids", ids)])["code"] == 36009004
    assert app.ask("GET", path)["code"] == 36009004
    foreign = app.ask("GET", path, query=[("ids", order.id)], cipher=app.world.shops[1].cipher)
    assert foreign["code"] == 21008111
    assert app.ask("GET", "/order/202407/orders/577999999999999999/price_detail")["code"] == 21008111


def test_external_ids_find_their_order(app: SellerApp) -> None:
    order = place(app, sku_of(app), 2)
    body = example("external-orders-request")
    body["orders"][0]["id"] = order.id
    for line, unit in zip(body["orders"][0]["external_order"]["line_items"], order.units, strict=True):
        line["origin_id"] = unit.id
    assert shape_faults(example("external-orders-response"), app.ask("POST", REFERENCES, body)) == []

    def found(external_id: str) -> list[str]:
        query = [("platform", "ERP_SYSTEM"), ("external_order_id", external_id)]
        data = app.data("POST", "/order/202406/orders/external_order_search", {}, query=query)
        return [row["id"] for row in data["orders"]]

    assert found("PS-000123") == [order.id]
    path = f"/order/202406/orders/{order.id}/external_orders"
    [row] = app.data("GET", path, query=[("platform", "ERP_SYSTEM")])["external_orders"]
    assert row == body["orders"][0]["external_order"]
    body["orders"][0]["external_order"]["id"] = "PS-000124"
    assert app.data("POST", REFERENCES, body) == {"errors": []}
    assert (found("PS-000123"), found("PS-000124")) == ([], [order.id])

    body["orders"].append({"id": "577999999999999999", "external_order": {"id": "9", "platform": "ERP_SYSTEM"}})
    body["orders"][0]["external_order"]["line_items"][0]["origin_id"] = "1"
    errors = app.data("POST", REFERENCES, body)["errors"]
    assert [(row["code"], row["detail"]["order_id"]) for row in errors] == [
        ("10002015", order.id),
        ("21008111", "577999999999999999"),
    ]
    body["orders"][0]["external_order"]["platform"] = "PRESTASHOP"
    assert app.ask("POST", REFERENCES, body)["code"] == 36009004


# Refusals and faults


def test_orders_have_a_scope_of_their_own(app: SellerApp) -> None:
    app.world.tokens.scopes = ("seller.product.basic",)
    app.token = app.exchange(app.world.auth_code()).json()["data"]["access_token"]
    assert app.ask("POST", SEARCH, {}, query=[("page_size", "1")])["code"] == 105005


def test_a_search_may_be_behind(app: SellerApp) -> None:
    sku_id = sku_of(app)
    old = place(app, sku_id)
    app.clock.pass_(seconds=60)
    new = place(app, sku_id)
    app.faults.set("stale_search=1x1")
    assert [row["id"] for row in search(app)["orders"]] == [old.id]
    assert [row["id"] for row in search(app)["orders"]] == [new.id, old.id]
