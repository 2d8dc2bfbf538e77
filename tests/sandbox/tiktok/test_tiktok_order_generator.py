"""Random orders: their money adds up, every oddity comes, and the same seed tells the same story."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sandbox.tiktok.markets import MARKETS
from sandbox.tiktok.order_generator import Mix, OrderGenerator
from sandbox.tiktok.order_model import DAY, Order
from sandbox.tiktok.order_views import order_view, price_detail
from sandbox.tiktok.shelf import Offer, Product
from sandbox.tiktok.world import TikTokWorld
from tests.sandbox.tiktok.seller_app import SellerApp

FEES = (
    "small_order_fee",
    "retail_delivery_fee",
    "buyer_service_fee",
    "handling_fee",
    "shipping_insurance_fee",
    "item_insurance_fee",
    "item_insurance_tax",
    "distance_shipping_fee",
    "distance_fee",
)


def world_of(region: str, make: Callable[..., SellerApp], products: int = 12) -> TikTokWorld:
    world: TikTokWorld = make(region).world
    fill(world, products)
    return world


def fill(world: TikTokWorld, products: int) -> None:
    """Products of one SKU each with plenty in stock."""
    shop = world.shop
    for i in range(1, products + 1):
        product = Product(world.new_id("1729"), 0, 0, status="ACTIVATE", audit="APPROVED")
        sku_id = world.new_id("1730")
        product.live = {"title": f"Mug {i}", "skus": [{"id": sku_id, "seller_sku": f"M-{i}", "sales_attributes": []}]}
        price = f"{i * 1000}" if shop.market.decimals == 0 else f"{i}.97"
        product.offers[sku_id] = Offer(price, shop.market.currency, {shop.default_warehouse: 100_000})
        shop.shelf.add(product)
        shop.shelf.index(product, product.live)


def faults(view: dict[str, Any]) -> list[str]:
    """What does not add up in an order as the API shows it (sheet 4.5)."""
    paid = {key: Decimal(value) for key, value in view["payment"].items() if key != "currency"}
    lines = view["line_items"]

    def total(name: str) -> Decimal:
        return sum((Decimal(line[name]) for line in lines), Decimal(0))

    shipping = paid["original_shipping_fee"] - paid["shipping_fee_seller_discount"]
    shipping -= paid["shipping_fee_platform_discount"] + paid["shipping_fee_cofunded_discount"]
    taxes = sum((Decimal(row["tax_amount"]) for line in lines for row in line["item_tax"]), Decimal(0))
    fees = sum((paid.get(name, Decimal(0)) for name in FEES), Decimal(0))
    checks = {
        "original": paid["original_total_product_price"] == total("original_price"),
        "seller": paid["seller_discount"] == total("seller_discount"),
        "platform": paid["platform_discount"] == total("platform_discount"),
        "sub_total": paid["sub_total"] == total("sale_price") >= 0,
        "shipping": paid["shipping_fee"] == shipping >= 0,
        "product_tax": paid["product_tax"] == taxes,
        "tax": paid["tax"] == paid["product_tax"] + paid["shipping_fee_tax"],
        "total": paid["total_amount"] == paid["sub_total"] + paid["shipping_fee"] + paid["tax"] + fees,
        "lines": all(
            Decimal(line["sale_price"])
            == Decimal(line["original_price"]) - Decimal(line["seller_discount"]) - Decimal(line["platform_discount"])
            for line in lines
        ),
    }
    return [name for name, holds in checks.items() if not holds]


@pytest.mark.parametrize("region", MARKETS)
def test_money_adds_up_in_every_market(region: str, app_in: Callable[..., SellerApp]) -> None:
    world = world_of(region, app_in)
    orders = OrderGenerator(world, 11).place_random(200)
    assert len(orders) == 200
    decimals = world.shop.market.decimals
    for order in orders:
        view = order_view(world, world.shop, order)
        assert faults(view) == []
        amounts = [value for key, value in view["payment"].items() if key != "currency"]
        assert all(len(amount.partition(".")[2]) <= decimals for amount in amounts)
        assert not any(amount.startswith("-") for amount in amounts)
        prices = price_detail(order)
        for name in ("total", "shipping_sale_price", "tax_amount", "net_price_amount", "subtotal"):
            assert Decimal(prices[name]) == sum(Decimal(line[name]) for line in prices["line_items"]), name
        assert Decimal(prices["total"]) == order.payment["total_amount"]
    taxed = any(order.payment["tax"] for order in orders)
    assert taxed is (region == "US")


@pytest.mark.parametrize("region", ["GB", "MY", "US"])
def test_every_oddity_comes(region: str, app_in: Callable[..., SellerApp]) -> None:
    world = world_of(region, app_in)
    orders = OrderGenerator(world, 5).place_random(1500)
    kinds = {
        "unpaid": lambda order: order.status == "UNPAID",
        "on hold": lambda order: order.status == "ON_HOLD",
        "ready": lambda order: order.status == "AWAITING_SHIPMENT",
        "by tiktok": lambda order: order.shipping_type == "TIKTOK",
        "fulfilled by tiktok": lambda order: order.fulfillment_type == "FULFILLMENT_BY_TIKTOK",
        "sample": lambda order: order.is_sample and not order.payment["total_amount"],
        "replacement": lambda order: order.replaces,
        "exchange": lambda order: order.exchanges,
        "pre-order": lambda order: order.order_type == "PRE_ORDER" and order.release_date > order.create_time,
        "gift": lambda order: any(unit.is_gift for unit in order.units),
        "bundle": lambda order: any(unit.parts and not unit.sub_items for unit in order.units),
        "bundle in pieces": lambda order: any(unit.sub_items for unit in order.units),
        "many lines": lambda order: len({unit.sku_id for unit in order.units}) == 4,
        "many units": lambda order: len(order.units) > len({unit.sku_id for unit in order.units}),
        "uneven": _uneven,
        "both discounts": lambda order: order.payment["seller_discount"] and order.payment["platform_discount"],
        "free shipping": lambda order: (
            order.payment["shipping_fee_platform_discount"] and not order.payment["shipping_fee"]
        ),
        "address changed": lambda order: order.address_updated,
        "no phone": lambda order: not order.recipient["phone_number"],
        "no postal code": lambda order: not order.recipient["postal_code"],
        "long street": lambda order: len(order.recipient["address_line1"]) > 128,
        "one word": lambda order: len(order.recipient["name"].split()) == 1,
        "emoji": lambda order: "🌻" in order.recipient["name"],
        "other script": lambda order: "小明" in order.recipient["name"],
        "message": lambda order: order.buyer_message,
    }
    assert [name for name, fits in kinds.items() if not any(map(fits, orders))] == []
    buyers = Counter(order.user_id for order in orders)
    assert max(buyers.values()) > 1
    assert any(order.is_cod for order in orders) is (region == "MY")


def _uneven(order: Order) -> bool:
    prices = {(unit.sku_id, unit.sale_price) for unit in order.units if not unit.is_gift}
    return len(prices) > len({unit.sku_id for unit in order.units if not unit.is_gift})


def test_the_same_seed_places_the_same_orders(app_in: Callable[..., SellerApp]) -> None:
    def story(seed: int) -> list[Any]:
        orders = OrderGenerator(world_of("FR", app_in), seed).place_random(30)
        return [(order.id, order.payment, order.recipient, order.buyer_email) for order in orders]

    assert story(1) == story(1)
    assert story(1) != story(2)


def test_a_history_is_dated_back(app: SellerApp, app_in: Callable[..., SellerApp]) -> None:
    world = world_of("DE", app_in)
    orders = OrderGenerator(world, 3).place_random(300, over=40 * DAY)
    world.shop.book.settle()
    created = [order.create_time for order in orders]
    assert created == sorted(created)
    assert created[0] < world.timestamp() - 30 * DAY
    statuses = Counter(order.status for order in orders)
    # Nobody ships here: what the seller has to send is cancelled in time, TikTok's own goods arrive.
    assert statuses["CANCELLED"] > 200
    assert statuses["COMPLETED"] > 0
    assert all(order.update_time <= world.timestamp() + 1 for order in orders)


def test_a_mix_is_what_is_asked_for(app_in: Callable[..., SellerApp]) -> None:
    world = world_of("GB", app_in)
    orders = OrderGenerator(world, 1, Mix(sample=1, tiktok_shipping=1, on_hold=0)).place_random(20)
    assert all(order.is_sample and order.shipping_type == "TIKTOK" for order in orders)


def test_an_empty_shelf_ends_it(app_in: Callable[..., SellerApp]) -> None:
    world = world_of("GB", app_in, products=1)
    [product] = world.shop.shelf.products.values()
    [offer] = product.offers.values()
    offer.stock = dict.fromkeys(offer.stock, 5)
    mix = Mix(fulfilled_by_tiktok=0)
    orders = OrderGenerator(world, 1, mix).place_random(50)
    assert sum(len(order.units) for order in orders) == 5
    assert OrderGenerator(world, 1, mix).place_random(1) == []
