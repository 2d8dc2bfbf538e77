"""What happens besides the API: changes by hand, promotions and campaigns, orders and their committed units."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.tiktok.seller_center import SellerCenter
from tests.sandbox.tiktok.seller_app import WAREHOUSE, SellerApp

SECOND = "7400000000000000013"
RETURNS = "7400000000000000012"


@pytest.fixture
def product(app: SellerApp) -> dict[str, Any]:
    """A live product of a blue and a red mug."""
    values = enumerate(("Blue", "Red"), 1)
    return app.live(skus=[app.sku(i, sales_attributes=[{"id": "100000", "value_name": value}]) for i, value in values])


@pytest.fixture
def center(app: SellerApp) -> SellerCenter:
    return app.world.shop.center


def sku_of(product: dict[str, Any], position: int = 0) -> str:
    return str(product["skus"][position]["id"])


def price(app: SellerApp, product: dict[str, Any], amount: str) -> int:
    body = {"skus": [{"id": sku_of(product), "price": {"amount": amount, "currency": "GBP"}}]}
    return int(app.ask("POST", f"/product/202309/products/{product['id']}/prices/update", body)["code"])


def stock(app: SellerApp, product: dict[str, Any], *numbers: int) -> list[tuple[str, int]]:
    """Set the SKUs' stock; (SKU id, code) of those refused."""
    skus = [
        {"id": sku_of(product, i), "inventory": [{"warehouse_id": WAREHOUSE, "quantity": number}]}
        for i, number in enumerate(numbers)
    ]
    data = app.data("POST", f"/product/202309/products/{product['id']}/inventory/update", {"skus": skus})
    return [(error["detail"]["sku_id"], error["code"]) for error in data.get("errors", [])]


def inventory(app: SellerApp, sku_id: str) -> tuple[int, int]:
    """(available, committed) units."""
    found = app.data("POST", "/product/202309/inventory/search", {"sku_ids": [sku_id]})["inventory"][0]["skus"][0]
    return found["total_available_quantity"], found["total_committed_quantity"]


# Orders


def test_an_order_commits_units_until_they_are_shipped_or_come_back(app: SellerApp, product: dict[str, Any]) -> None:
    sku_id, world = sku_of(product), app.world
    first = world.order(product["id"], sku_id, WAREHOUSE, 3)
    second = world.order(product["id"], sku_id, units=2)
    assert inventory(app, sku_id) == (7, 5)
    assert app.get(product["id"])["skus"][0]["inventory"] == [{"warehouse_id": WAREHOUSE, "quantity": 7}]

    world.ship(first.id)
    assert inventory(app, sku_id) == (7, 2)
    world.cancel(second.id)
    assert inventory(app, sku_id) == (9, 0)
    with pytest.raises(ValueError, match="CANCELLED"):
        world.ship(second.id)


def test_stock_sent_leaves_committed_units_alone(app: SellerApp, product: dict[str, Any]) -> None:
    order = app.world.order(product["id"], sku_of(product), WAREHOUSE, 3)
    assert stock(app, product, 20) == []
    assert inventory(app, sku_of(product)) == (20, 3)
    app.world.cancel(order.id)
    assert inventory(app, sku_of(product)) == (23, 0)


def test_what_cannot_be_ordered(app: SellerApp, product: dict[str, Any], center: SellerCenter) -> None:
    def refused(sku_id: str, units: int = 1, product_id: str = product["id"]) -> bool:
        try:
            center.order(product_id, sku_id, units=units)
        except ValueError:
            return True
        return False

    other = app.live()
    assert refused(sku_of(product), units=13)
    assert refused(sku_of(product), units=0)
    assert refused(sku_of(product), product_id=other["id"])
    center.switch_sku(sku_of(product, 1), on=False)
    assert refused(sku_of(product, 1))
    center.deactivate(product["id"])
    assert refused(sku_of(product))
    with pytest.raises(ValueError, match="not on sale"):
        center.deactivate(product["id"])


def test_units_of_a_sku_that_is_gone_do_not_come_back(
    app: SellerApp, product: dict[str, Any], center: SellerCenter
) -> None:
    order = app.world.order(product["id"], sku_of(product), units=1)
    center.delete_sku(sku_of(product))
    assert app.world.cancel(order.id).state == "CANCELLED"


# Promotions and campaigns


def test_a_promotion_locks_prices_for_its_time(app: SellerApp, product: dict[str, Any], center: SellerCenter) -> None:
    center.start_promotion(product["id"], seconds=3600)
    assert price(app, product, "19.90") == 12052038
    center.start_promotion(product["id"], seconds=3600, code=12019045)
    assert price(app, product, "19.90") == 12019045
    assert stock(app, product, 5) == []
    app.clock.pass_(seconds=3599)
    assert price(app, product, "19.90") == 12019045
    app.clock.pass_(seconds=1)
    assert price(app, product, "19.90") == 0
    with pytest.raises(ValueError, match="refuses with"):
        center.start_promotion(product["id"], code=1)


def test_a_promotion_without_an_end_is_ended_by_hand(
    app: SellerApp, product: dict[str, Any], center: SellerCenter
) -> None:
    center.start_promotion(product["id"])
    app.clock.pass_(days=1)
    assert price(app, product, "19.90") == 12052038
    center.end_promotion(product["id"])
    assert price(app, product, "19.90") == 0


def test_a_campaign_keeps_its_units_of_one_sku(app: SellerApp, product: dict[str, Any], center: SellerCenter) -> None:
    blue, red = sku_of(product), sku_of(product, 1)
    center.start_campaign(blue, 5, seconds=60)
    center.start_campaign(red, 5)
    assert stock(app, product, 4, 5) == [(blue, 12052393)]
    app.clock.pass_(seconds=60)
    assert stock(app, product, 4, 4) == [(red, 12052393)]
    center.end_campaign(red)
    assert stock(app, product, 4, 4) == []
    with pytest.raises(ValueError, match="a campaign takes"):
        center.start_campaign(blue, 5)


def test_units_sold_are_no_longer_promised(app: SellerApp, product: dict[str, Any], center: SellerCenter) -> None:
    center.start_campaign(sku_of(product), 10)
    center.order(product["id"], sku_of(product), units=8)
    assert stock(app, product, 4) == []
    assert stock(app, product, 3) == [(sku_of(product), 12052393)]


# Changes by hand


def test_shared_stock_is_not_editable_over_the_api(
    app: SellerApp, product: dict[str, Any], center: SellerCenter
) -> None:
    center.share_stock(sku_of(product), on=True)
    assert stock(app, product, 5, 5) == [(sku_of(product), 12052921)]
    changed = app.body(skus=[{**app.sku(1), "id": sku_of(product)}])
    changed["skus"][0]["inventory"][0]["quantity"] = 1
    app.data("PUT", f"/product/202509/products/{product['id']}", changed)
    assert inventory(app, sku_of(product)) == (12, 0)
    center.share_stock(sku_of(product), on=False)
    assert stock(app, product, 5) == []


def test_changes_by_hand_show_at_once_and_move_the_date(
    app: SellerApp, product: dict[str, Any], center: SellerCenter
) -> None:
    blue, before = sku_of(product), product["update_time"]
    changes: tuple[Callable[[], object], ...] = (
        lambda: center.set_price(blue, "1.23"),
        lambda: center.set_stock(blue, 3),
        lambda: center.retitle(product["id"], "By hand"),
        lambda: center.switch_sku(blue, on=False, source="PLATFORM"),
        lambda: center.save_draft(product["id"], "Begun"),
    )
    for change in changes:
        app.clock.pass_(seconds=10)
        change()
        now = app.get(product["id"])
        assert now["update_time"] == before + 10
        before = now["update_time"]
    sku = now["skus"][0]
    assert (sku["price"]["sale_price"], sku["inventory"][0]["quantity"]) == ("1.23", 3)
    assert sku["status_info"] == {"status": "DEACTIVATED", "deactivation_source": "PLATFORM"}
    assert now["skus"][1]["status_info"] == {"status": "NORMAL"}
    assert (now["title"], now["has_draft"], now["status"]) == ("By hand", True, "ACTIVATE")
    with pytest.raises(ValueError, match="quantity must be"):
        center.set_stock(blue, -1)


def test_a_title_may_go_through_the_audit(app: SellerApp, product: dict[str, Any], center: SellerCenter) -> None:
    center.retitle(product["id"], "Miracle mug", audited=True)
    assert app.get(product["id"])["audit"]["status"] == "AUDITING"
    app.clock.pass_(seconds=5)
    now = app.get(product["id"])
    assert (now["title"], now["status"], now["audit"]["status"]) == (product["title"], "ACTIVATE", "FAILED")


def test_a_second_warehouse_must_be_named_from_then_on(
    app: SellerApp, product: dict[str, Any], center: SellerCenter
) -> None:
    center.add_warehouse(sku_of(product), SECOND, 4)
    assert inventory(app, sku_of(product)) == (16, 0)
    assert stock(app, product, 5, 5) == [(sku_of(product), 12019028)]
    with pytest.raises(ValueError, match="no sales warehouse"):
        center.add_warehouse(sku_of(product), RETURNS)


def test_a_sku_deleted_by_hand_is_gone(app: SellerApp, product: dict[str, Any], center: SellerCenter) -> None:
    center.delete_sku(sku_of(product))
    assert [sku["id"] for sku in app.get(product["id"])["skus"]] == [sku_of(product, 1)]
    assert app.search({"sku_ids": [sku_of(product)]})["products"] == []
    assert stock(app, product, 5) == [(sku_of(product), 12052036)]
    with pytest.raises(ValueError, match="last SKU"):
        center.delete_sku(sku_of(product, 1))


def test_every_second_item_can_be_refused(app: SellerApp) -> None:
    values = enumerate("abcd", 1)
    product = app.live(
        skus=[app.sku(i, sales_attributes=[{"id": "100000", "value_name": value}]) for i, value in values]
    )
    app.faults.set("half_item_errors=1x1")
    refused = stock(app, product, 1, 1, 1, 1)
    assert refused == [(sku_of(product, 0), 12052037), (sku_of(product, 2), 12052037)]
    assert [inventory(app, sku["id"])[0] for sku in product["skus"]] == [12, 1, 12, 1]


def test_everything_is_at_the_control_door(app: SellerApp, product: dict[str, Any]) -> None:
    blue, product_id = sku_of(product), product["id"]

    def post(name: str, **body: Any) -> Any:
        answer = app.http.post(f"/_sandbox/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert post("price", sku_id=blue, amount="3.50") == {}
    post("warehouse", sku_id=blue, warehouse_id=SECOND)
    post("stock", sku_id=blue, quantity=9)
    post("title", product_id=product_id, title="Door")
    post("draft", product_id=product_id, title="Begun")
    post("shared_stock", sku_id=blue, on=True)
    post("sku_status", sku_id=sku_of(product, 1), on=False)
    post("promotion", product_id=product_id, on=True, seconds=60)
    post("campaign", sku_id=blue, units=2)
    order = post("order", product_id=product_id, sku_id=blue, units=4)["order_id"]
    row = app.http.get("/_sandbox/products").json()["products"][0]
    assert (row["title"], row["in_promotion"], row["has_draft"]) == ("Door", True, True)
    assert {key: row["skus"][0][key] for key in ("price", "stock", "committed", "campaign_stock", "shared")} == {
        "price": "3.50",
        "stock": {WAREHOUSE: 5, SECOND: 0},
        "committed": {WAREHOUSE: 4},
        "campaign_stock": 2,
        "shared": True,
    }
    assert post("ship", order_id=order) == {"order_id": order, "state": "SHIPPED"}
    post("cancel", order_id=post("order", product_id=product_id, sku_id=blue)["order_id"])
    post("promotion", product_id=product_id, on=False)
    post("campaign", sku_id=blue, units=0)
    post("delete_sku", sku_id=sku_of(product, 1))
    post("deactivate", product_id=product_id)
    for wrong in ({"sku_id": "1", "amount": "1"}, {"sku_id": blue, "amount": "x"}, {}):
        assert app.http.post("/_sandbox/price", json=wrong).status_code == 400
    assert app.http.post("/_sandbox/title", json={"product_id": "1", "title": "x"}).status_code == 400
