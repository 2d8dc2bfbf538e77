"""What orders mean for the stock on offer: a unit is taken off once, whichever of the shops knows of it."""

from __future__ import annotations

import pytest

from flows.apply_plan import apply_plan
from flows.order_import import order_import
from models.connections import Connection
from models.database import database
from models.listings import ListingSku
from models.orders import Order, OrderLine, OrderStage
from sandbox.tiktok.order_entry import Entry
from sandbox.tiktok.order_model import Buyer, Item
from sandbox.tiktok.order_people import plain_recipient
from tasks.order_stock import sold_elsewhere
from tests.flows.keeping_step import Listed, expect_in_step, total
from tests.flows.test_order_import import shops

pytestmark = pytest.mark.slow

__all__ = ["shops"]


def buy(shops: Listed, product: int, units: int) -> str:
    """A buyer pays for some pieces, and the order is ready to be shipped."""
    (sku,) = shops.skus(id_product=product)
    book, market = shops.sandbox.tiktok.shop.book, shops.sandbox.tiktok.shop.market
    entry = Entry(
        [Item(sku.sku_id, units)],
        Buyer("7494000000000009999", "v4bnobody@scs1.tiktok.example"),
        plain_recipient(market),
        on_hold=False,
    )
    return book.place(entry).id


def test_a_unit_that_prestashop_has_taken_is_not_taken_again(shops: Listed) -> None:
    product = shops.simple()
    shops.sandbox.prestashop.set_stock(product, 30)
    shops.sync()
    buy(shops, product, 4)
    order_import("sandbox")
    assert shops.sandbox.prestashop.stock(product) == 26
    shops.sync()
    (offer,) = shops.offers(product).values()
    assert (total(offer), sum(offer.committed.values())) == (26, 4)
    shops.sandbox.prestashop.set_stock(product, 20)
    shops.sync()
    (offer,) = shops.offers(product).values()
    assert (total(offer), sum(offer.committed.values())) == (20, 4)


def test_an_order_in_the_shop_is_noticed_between_two_sweeps(shops: Listed) -> None:
    product = shops.simple()
    shops.sandbox.prestashop.set_stock(product, 30)
    shops.sync()
    # Now no sweep of stock is due; nothing but the order tells of what it moved.
    shops.sandbox.prestashop.order_elsewhere(product, 0, 2)
    shops.sync(full=False)
    (offer,) = shops.offers(product).values()
    assert total(offer) == 28
    expect_in_step(shops)


@pytest.mark.slow
def test_stock_planned_before_an_order_is_not_sent_after_it(shops: Listed) -> None:
    product = shops.simple()
    shops.sandbox.prestashop.set_stock(product, 30)
    shops.sync()
    shops.sandbox.prestashop.set_stock(product, 40)
    planned = shops.sync(dry_run=True)
    buy(shops, product, 4)
    order_import("sandbox")
    assert planned.plan is not None
    apply_plan(planned.plan)
    (offer,) = shops.offers(product).values()
    assert total(offer) == 26
    shops.sync()
    (offer,) = shops.offers(product).values()
    assert total(offer) == 36


@pytest.mark.slow
def test_what_another_connection_sold_is_not_offered(shops: Listed) -> None:
    product = shops.simple()
    (sku,) = shops.skus(id_product=product)
    shops.sandbox.prestashop.set_stock(product, 30)
    shops.sync()
    with database().write() as session:
        own = session.get_one(Connection, shops.connection_id)
        other = Connection(**{**own.model_dump(exclude={"id"}), "name": "other"})
        session.add(other)
        session.flush()
        listing = session.get_one(ListingSku, sku.id)
        session.add(
            ListingSku(
                connection_id=other.key,
                listing_id=listing.listing_id,
                sku_id="another",
                id_product=product,
                id_product_attribute=0,
            )
        )
        order = Order(
            connection_id=other.key,
            order_id="577000000000009999",
            status="ON_HOLD",
            stage=OrderStage.ON_HOLD,
            fulfillment_type="FULFILLMENT_BY_SELLER",
            created_at=shops.clock(),
            seen_at=shops.clock(),
        )
        session.add(order)
        session.flush()
        for number in range(3):
            session.add(
                OrderLine(
                    connection_id=other.key,
                    order_key=order.key,
                    line_id=str(number),
                    sku_id="another",
                    status="ON_HOLD",
                )
            )
    with database().read() as session:
        assert sold_elsewhere(session, shops.connection_id, [product]) == {(product, 0): 3}
    shops.sandbox.prestashop.set_stock(product, 20)
    shops.sync()
    assert total(shops.shelf[shops.product_id(product)].offers[sku.sku_id]) == 17
