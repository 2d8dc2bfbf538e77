"""Orders at the tests' own door, for a process outside."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.tiktok.order_entry import Entry
from sandbox.tiktok.order_model import Item
from tests.sandbox.tiktok.seller_app import SellerApp


@pytest.fixture
def sku_id(app: SellerApp) -> str:
    """A SKU with twelve pieces in stock."""
    return str(app.live()["skus"][0]["id"])


def test_orders_can_be_steered_from_outside(app: SellerApp, sku_id: str) -> None:
    def post(name: str, code: int = 200, **body: Any) -> Any:
        answer = app.http.post(f"/_sandbox/{name}", json=body)
        assert answer.status_code == code, answer.text
        return answer.json()

    item = {"sku_id": sku_id, "quantity": 2, "price": "10.00", "seller_discount": ["1.00", "2.50"]}
    placed = post(
        "place_order", items=[item], charges={"shipping": "3.00", "fees": {"handling_fee": "0.50"}}, on_hold=False
    )
    assert (placed["status"], placed["payment"]["total_amount"]) == ("AWAITING_SHIPMENT", "20.00")
    moved = post("order_status", order_id=placed["id"], status="IN_TRANSIT")
    assert [unit["status"] for unit in moved["units"]] == ["IN_TRANSIT"] * 2
    late = post("place_order", items=[{"sku_id": sku_id}], buyer={"user_id": "7", "email": "a@b.example"})
    assert post("order_address", order_id=late["id"], recipient={"name": "Other"})["recipient"]["name"] == "Other"
    gone = post("order_status", order_id=late["id"], status="CANCELLED", by="BUYER")
    assert (gone["status"], gone["cancellation_initiator"]) == ("CANCELLED", "BUYER")
    ids = post("random_orders", n=3, seed=4, mix={"sample": 1, "fulfilled_by_tiktok": 0})["order_ids"]
    assert len(ids + post("random_orders")["order_ids"]) == 4
    rows = app.http.get("/_sandbox/orders").json()["orders"]
    assert [row["id"] for row in rows][:5] == [placed["id"], late["id"], *ids]
    assert post("stock", sku_id=sku_id, quantity=1) == {}
    for wrong in (
        {},
        {"items": [{"sku_id": "1"}]},
        {"items": [{"sku_id": sku_id, "quantity": 50}]},
        {"items": [{"sku_id": sku_id, "colour": "red"}]},
        {"items": [{"sku_id": sku_id, "price": "cheap"}]},
        {"items": [{"sku_id": sku_id}], "charges": {"fees": {"no_such_fee": "1"}}},
    ):
        assert "error" in post("place_order", 400, **wrong)
    assert "error" in post("order_status", 400, order_id="1", status="DELIVERED")
    assert "error" in post("order_status", 400, order_id=placed["id"], status="ON_HOLD")
    assert "error" in post("random_orders", 400, mix={"luck": 1})


def test_a_replay_in_every_market_ends_alike(app_in: Callable[..., SellerApp]) -> None:
    for region in ("JP", "BR", "ID", "IE"):
        app = app_in(region)
        sku = str(app.live()["skus"][0]["id"])
        order = app.world.shop.book.place(Entry([Item(sku)]))
        app.world.shop.book.advance(order, "COMPLETED")
        assert order.recipient["region_code"] == region
