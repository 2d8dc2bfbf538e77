"""The judge of prices and stock: against the simulator's own `price[]`, and against figures worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from sandbox.listings import fill_shelf
from sandbox.oracle import Connection, Markup, differences, expected, expected_price, expected_quantity, named_by
from sandbox.prestashop.world import World
from sandbox.tiktok.world import TikTokWorld
from tests.sandbox.prestashop.client import Api

MARKETPLACE, VIP = 4, 5
MONTH = 30 * 86_400


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 8, 0, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Pair:
    """A generated PrestaShop whose products are all on the shelf of a TikTok Shop."""

    def __init__(self, region: str = "GB", currency: str = "GBP", products: int = 60, **more: Any) -> None:
        self.clock = Clock()
        self.shop = World.generate(products, 1, "8.2", region, base_url="http://shop.test", clock=self.clock)
        self.tiktok = TikTokWorld(region, 1, clock=self.clock)
        self.connection = Connection(region, currency, **{"group": MARKETPLACE, **more})
        self.listed = fill_shelf(self.shop, self.tiktok, self.connection)

    def found(self, **options: Any) -> list[tuple[str, str, str, str, str]]:
        rows = differences(self.shop, self.tiktok, self.connection, **options)
        return [(row.external_sku_id, row.field, row.shown, row.expected, row.lock) for row in rows]

    def plain(self) -> int:
        """A listed product without variants, special prices and oddities, in no pack, some of it in stock."""
        special = {row["id_product"] for row in self.shop.tables["specific_prices"].rows.values()}
        special |= {part for row in self.shop.tables["products"].rows.values() for part, _, _ in row.get("_bundle", ())}
        return next(
            row_id
            for row_id in (int(product.newest["external_product_id"].split(":")[1]) for product in self.listed)
            if row_id not in special
            and not self.shop.combination_ids(row_id)
            and self.shop.row("products", row_id)["product_type"] == "standard"
            and self.shop.row("stock_availables", self.shop.stock_row(row_id) or 0)["out_of_stock"] == 2
            and 5 < self.shop.row("stock_availables", self.shop.stock_row(row_id) or 0)["quantity"] < 1000
        )

    def sku(self, id_product: int) -> tuple[str, str]:
        """(TikTok product id, SKU id)."""
        product = next(row for row in self.listed if row.newest["external_product_id"] == f"ps-1:{id_product}")
        return product.id, product.newest["skus"][0]["id"]


@pytest.fixture
def pair() -> Pair:
    return Pair()


# Prices


@pytest.mark.parametrize(("region", "currency", "country"), [("GB", "GBP", 17), ("FR", "EUR", 8), ("US", "USD", 21)])
@pytest.mark.parametrize("days", [0, 8])
def test_prices_are_what_the_shop_answers(region: str, currency: str, country: int, days: int) -> None:
    pair = Pair(region, currency, products=120)
    shop = pair.shop
    shop.add_special(0, percent=3, start=pair.clock.now + timedelta(days=7))
    shop.set_price_factor(pair.plain(), "1.25")
    shop.advance(days * 86_400)
    id_currency = next(i for i, row in shop.tables["currencies"].rows.items() if row["iso_code"] == currency)
    query = {"use_tax": int(region != "US"), "country": country, "currency": id_currency, "group": MARKETPLACE}
    asked = {f"price[p][{name}]": value for name, value in {**query, "decimals": 2}.items()}
    rows = Api(shop).json("combinations", display="[id,id_product,p]", **asked)["combinations"]
    answered = {(int(row["id_product"]), int(row["id"])): Decimal(row["p"]) for row in rows}
    with_variants = {id_product for id_product, _ in answered}
    for row in Api(shop).json("products", display="[id,p]", **asked)["products"]:
        if row["id"] not in with_variants:
            answered[int(row["id"]), 0] = Decimal(row["p"])
    assert len(answered) > 150
    for variant, price in answered.items():
        assert expected_price(shop, pair.connection, variant) in (price, None)


def test_a_price_by_hand(pair: Pair) -> None:
    product = pair.plain()
    pair.shop.set_fields("products", product, {"price": "19.990000", "id_tax_rules_group": 1})
    # 19.99 × 0.853 × 1.2 = 20.461764
    assert expected_price(pair.shop, pair.connection, (product, 0)) == Decimal("20.46")
    pair.shop.set_group_reduction(MARKETPLACE, "7.5")
    # × 0.925 = 18.9271317
    assert expected_price(pair.shop, pair.connection, (product, 0)) == Decimal("18.93")
    pair.shop.add_special(product, percent=10, id_group=MARKETPLACE)
    # × 0.9 = 17.03441853
    assert expected_price(pair.shop, pair.connection, (product, 0)) == Decimal("17.03")


@pytest.mark.parametrize(
    ("kind", "amount", "price"),
    [
        ("none", "0", "20.46"),
        ("fixed_increase", "1.5", "21.96"),
        ("fixed_decrease", "20", "0.46"),
        ("fixed_decrease", "20.46", None),
        ("percent_increase", "10", "22.51"),
        ("percent_decrease", "10", "18.41"),
        ("multiply", "1.333", "27.27"),
        ("multiply", "300", None),
    ],
)
def test_markups(pair: Pair, kind: Any, amount: str, price: str | None) -> None:
    product = pair.plain()
    pair.shop.set_fields("products", product, {"price": "19.990000", "id_tax_rules_group": 1})
    markup = Markup(kind, Decimal(amount))
    found = expected_price(pair.shop, Connection("GB", "GBP", markup=markup), (product, 0))
    assert found == (None if price is None else Decimal(price))
    of_the_product = Connection("GB", "GBP", markup=Markup("multiply", Decimal(9)), markups={product: markup})
    assert expected_price(pair.shop, of_the_product, (product, 0)) == found


def test_yen_have_no_decimals() -> None:
    pair = Pair("JP", "JPY")
    price = expected_price(pair.shop, pair.connection, (pair.plain(), 0))
    assert price is not None
    net = Decimal(pair.shop.row("products", pair.plain())["price"]) * Decimal("163.25")
    assert price == net.quantize(Decimal(1), ROUND_HALF_UP)


def test_special_prices_begin_and_end_by_the_minute(pair: Pair) -> None:
    product, start = pair.plain(), pair.clock.now.replace(second=0) + timedelta(hours=1)
    pair.shop.add_special(product, percent=50, start=start + timedelta(seconds=30), end=start + timedelta(minutes=5))
    external = f"ps-1:{product}:0"

    def off(at: datetime) -> bool:
        return external in [row[0] for row in pair.found(at=at)]

    assert [off(start + timedelta(minutes=m, seconds=s)) for m, s in ((-1, 59), (0, 0), (5, 59), (6, 0))] == [
        False,
        True,
        True,
        False,
    ]


# Quantities


def test_thresholds_backorders_and_odd_numbers(pair: Pair) -> None:
    product, shop = pair.plain(), pair.shop
    variant = (product, 0)

    def quantity(stock: int, **more: Any) -> int:
        shop.set_stock(product, stock)
        return expected_quantity(shop, Connection("GB", "GBP", **more), variant)

    assert [quantity(stock) for stock in (-3, 0, 7, 250_000)] == [0, 0, 7, 99_999]
    assert [quantity(stock, threshold=5) for stock in (5, 6)] == [0, 6]
    assert quantity(3, backorder=10) == 3
    shop.set_out_of_stock(product, 1)
    assert [quantity(stock, threshold=5, backorder=10) for stock in (-3, 5, 6, 12)] == [10, 10, 10, 12]
    shop.set_out_of_stock(product, 2)
    shop.set_setting("PS_ORDER_OUT_OF_STOCK", "1")
    assert quantity(0, backorder=10) == 10
    shop.set_out_of_stock(product, 0)
    assert quantity(0, backorder=10) == 0
    shop.set_setting("PS_STOCK_MANAGEMENT", "0")
    assert quantity(0, backorder=10) == 10
    shop.vanish_stock_row(product)
    assert expected_quantity(shop, Connection("GB", "GBP"), variant) == 0


@pytest.mark.parametrize(
    ("kind", "setting", "quantity"), [(0, 1, 9), (1, 0, 4), (2, 0, 4), (3, 0, 9), (3, 1, 4), (3, 2, 4)]
)
def test_packs(pair: Pair, kind: int, setting: int, quantity: int) -> None:
    shop, pack = pair.shop, pair.plain()
    part = next(i for i in shop.tables["products"].ids if i != pack and not shop.combination_ids(i))
    variant = next(iter(shop.tables["combinations"].ids))
    owner = shop.row("combinations", variant)["id_product"]
    shop.set_stock(pack, 9)
    shop.set_stock(part, 13)
    shop.set_stock(owner, 100, variant)
    shop.set_setting("PS_PACK_STOCK_TYPE", str(setting))
    shop.set_pack(pack, [(part, 0, 3), (owner, variant, 1)], pack_stock_type=kind)
    assert expected_quantity(shop, pair.connection, (pack, 0)) == quantity
    shop.set_stock(pack, 2)
    assert expected_quantity(shop, pair.connection, (pack, 0)) == (4 if quantity == 4 and 1 in (kind, setting) else 2)


def test_what_is_not_sold_has_no_stock(pair: Pair) -> None:
    product = pair.plain()
    changes: tuple[tuple[str, Any], ...] = (
        ("active", 0),
        ("available_for_order", 0),
        ("show_price", 0),
        ("state", 0),
        ("customizable", 2),
    )
    for name, value in changes:
        before = pair.shop.row("products", product)[name]
        pair.shop.set_fields("products", product, {name: value})
        assert expected(pair.shop, pair.connection, (product, 0)).quantity == 0, name
        pair.shop.set_fields("products", product, {name: before})
    assert expected(pair.shop, pair.connection, (product, 0)).quantity > 0
    pair.shop.unlink_product(product)
    assert expected(pair.shop, pair.connection, (product, 0)).quantity == 0
    pair.shop.relink_product(product)
    pair.shop.recreate_product(product)
    assert expected(pair.shop, pair.connection, (product, 0)).quantity == 0
    variant = pair.shop.tables["combinations"].ids[0]
    owner = pair.shop.row("combinations", variant)["id_product"]
    pair.shop.recreate_combination(variant)
    assert expected(pair.shop, pair.connection, (owner, variant)).quantity == 0


# Comparing


def test_nothing_differs_after_an_upload_and_everything_changed_is_found(pair: Pair) -> None:
    assert pair.found() == []
    product = pair.plain()
    external, (product_id, sku_id) = f"ps-1:{product}:0", pair.sku(product)
    stock = expected_quantity(pair.shop, pair.connection, (product, 0))
    price = expected_price(pair.shop, pair.connection, (product, 0))
    assert price is not None
    pair.shop.set_stock(product, stock + 3)
    pair.tiktok.shop.center.set_price(sku_id, "1.00")
    assert pair.found() == [
        (external, "price", "1.00", f"{price}", ""),
        (external, "quantity", str(stock), str(stock + 3), ""),
    ]
    # Amounts are compared as numbers.
    pair.tiktok.shop.center.set_price(sku_id, f"{price}00")
    assert [row[1] for row in pair.found()] == ["quantity"]
    pair.shop.delete_product(product)
    assert pair.found() == [(external, "quantity", str(stock), "0", "")]
    pair.tiktok.shop.center.deactivate(product_id)
    assert pair.found() == []


def test_committed_units_are_taken_off_where_the_caller_says_so(pair: Pair) -> None:
    product = pair.plain()
    product_id, sku_id = pair.sku(product)
    pair.tiktok.order(product_id, sku_id, units=2)
    assert len(pair.found()) == 1
    assert pair.found(reserved=[sku_id]) == pair.found(reserved="all") == []
    # Once the shop knows the order too, they are not.
    stock = pair.shop.row("stock_availables", pair.shop.stock_row(product) or 0)["quantity"]
    pair.shop.set_stock(product, stock - 2)
    assert pair.found() == []


def test_locks_are_named(pair: Pair) -> None:
    product = pair.plain()
    product_id, sku_id = pair.sku(product)
    center = pair.tiktok.shop.center
    center.start_promotion(product_id)
    center.start_campaign(sku_id, 1)
    pair.shop.set_price(product, "50")
    pair.shop.set_stock(product, 0)
    assert [row[4] for row in pair.found()] == ["promotion", "campaign"]
    center.share_stock(sku_id, on=True)
    assert [row[4] for row in pair.found()] == ["promotion", "shared stock"]
    pair.tiktok.shop.shelf.products[product_id].status = "FREEZE"
    assert [row[4] for row in pair.found()] == ["frozen", "frozen"]


def test_skus_are_linked_by_their_external_id_or_by_hand(pair: Pair) -> None:
    assert named_by("ps-1:42:7") == (42, 7)
    assert [named_by(text) for text in ("", "MUG", "ps-2:42:7", "ps-1:42", "ps-1:42:x")] == [None] * 5
    product = pair.plain()
    _, sku_id = pair.sku(product)
    listed = next(row for row in pair.listed if sku_id in row.offers)
    listed.newest["skus"][0]["external_sku_id"] = ""
    pair.shop.set_stock(product, 1)
    assert pair.found() == []
    pair.connection = Connection("GB", "GBP", group=MARKETPLACE, links={sku_id: (product, 0)})
    assert [row[1] for row in pair.found()] == ["quantity"]
