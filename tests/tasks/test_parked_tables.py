"""What waits for a person: found, grouped, mended, and handed to the flow that tries it again (K7)."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from sqlmodel import select

from models.database import Database
from models.listings import Change
from models.orders import AfterSale, Order, OrderEvent, OrderLine, OrderStage
from tasks.order_list import find_orders
from tasks.order_record import secret_box, unseal
from tasks.parked import (
    CannotMend,
    Rerun,
    by_cause,
    correct_address,
    give_variant,
    parked,
    parked_named,
    release,
    waiting_of,
)
from tests.models.rows import store_connection
from tests.order_rows import FIRST, PERSONAL, fill_orders, fill_products, order_id, park_more

SECOND = order_id(2)


@pytest.fixture
def changes(database: Database) -> dict[str, int]:
    """Nine orders, two of which wait; a request and changes that wait: their keys by kind."""
    store_connection(database)
    fill_orders(database, 1)
    fill_products(database, 1)
    return park_more(database, 1)


def order(name: str = SECOND) -> Order:
    return find_orders(1, [name])[0]


def test_everything_that_waits_is_found_once(changes: dict[str, int]) -> None:
    found = {one.key: (one.what, one.object) for one in parked(1)}
    assert found == {
        f"order:{SECOND}": ("order not imported", f"order {SECOND}"),
        f"order:{order_id(9)}": ("order not imported", f"order {order_id(9)}"),
        "cancellation:403": ("cancellation waits", f"order {FIRST}"),
        f"change:{changes['ship']}": ("shipment not told to TikTok Shop", f"order {FIRST}"),
        f"change:{changes['state']}": ("status not set in PrestaShop", f"order {order_id(3)}"),
        f"change:{changes['answer']}": ("request not answered", f"order {FIRST}"),
        f"change:{changes['edit']}": ("listing not edited", "product 42"),
        f"change:{changes['create']}": ("listing not made", "product 43"),
        f"change:{changes['stock']}": ("stock not set", "listing 1729000000000000001"),
        f"change:{changes['price']}": ("prices not set", "listing 1729000000000000001"),
        f"change:{changes['deactivate']}": ("listing not deactivated", "listing 1729000000000000001"),
    }
    assert not any(part in json.dumps([asdict(one) for one in parked(1)], default=str) for part in PERSONAL)
    assert parked(store_connection_named_other()) == []


def store_connection_named_other() -> int:
    from models.database import database

    return store_connection(database(), "other")


def test_what_waits_is_grouped_by_its_cause(changes: dict[str, int]) -> None:
    groups = by_cause(parked(1))
    assert {(group.what, group.code): group.count for group in groups}[("order not imported", "unknown_sku")] == 1
    assert sum(group.count for group in groups) == 11
    assert [one.key for one in parked(1, code="unknown_sku")] == [f"order:{SECOND}"]
    assert all(group.cause and group.fix and group.newest for group in groups)


def test_the_newest_speaks_for_its_group(database: Database, changes: dict[str, int]) -> None:
    with database.write() as session:
        ninth = session.get_one(Order, order(order_id(9)).key)
        ninth.parked_code, ninth.parked_cause = "unknown_sku", "An older one."
    group = next(group for group in by_cause(parked(1)) if group.code == "unknown_sku")
    assert (group.count, group.cause) == (2, "Cause unknown_sku.")
    assert group.keys == (f"order:{SECOND}", f"order:{order_id(9)}")


def test_things_are_named_by_key_or_order(changes: dict[str, int]) -> None:
    assert [one.code for one in parked_named(1, [f"order:{SECOND}"])] == ["unknown_sku"]
    # The order itself does not wait; its parcel and its buyer's request do.
    whole = {one.key for one in parked_named(1, [f"order:{FIRST}"])}
    assert whole == {"cancellation:403", f"change:{changes['ship']}", f"change:{changes['answer']}"}
    assert {one.key for one in waiting_of(1, FIRST)} == whole
    with pytest.raises(CannotMend, match="change:999"):
        parked_named(1, [f"order:{SECOND}", "change:999"])


def test_everything_is_tried_again_by_its_flow(database: Database, changes: dict[str, int]) -> None:
    runs = release(1, parked(1))
    assert runs == [
        Rerun("order_import", {"order_ids": [SECOND, order_id(9)]}),
        Rerun("catalog_upload", {"product_ids": [42, 43], "retry_parked": True}),
        # One of the listings names no product: all are looked at.
        Rerun("price_stock_sync", {"retry_parked": True}),
        Rerun("listing_actions", {"action": "deactivate", "listing_ids": ["1729000000000000001"]}),
        Rerun("shipment_push", {"order_ids": [FIRST], "retry_parked": True}),
        Rerun("cancellation_sync", {"retry_parked": False}),
        Rerun("order_status_sync", {"order_ids": [order_id(3)]}),
    ]
    assert not order().is_parked
    assert not order(order_id(9)).is_parked
    with database.read() as session:
        assert session.exec(select(AfterSale.parked_code)).one() == ""
        assert session.get_one(Change, changes["ship"]).code == "12052"


def test_only_what_is_named_is_tried_again(changes: dict[str, int]) -> None:
    assert release(1, parked_named(1, [f"change:{changes['stock']}"])) == [
        Rerun("price_stock_sync", {"product_ids": [42], "retry_parked": True})
    ]
    assert release(1, parked_named(1, ["cancellation:403"])) == [Rerun("cancellation_sync", {"retry_parked": False})]
    assert order().is_parked


def test_a_person_says_what_a_sku_is(database: Database, changes: dict[str, int]) -> None:
    # Named by one unit: units of one SKU are one variant.
    assert give_variant(1, order(), "21", (42, 7)) == "s1"
    with database.read() as session:
        lines = session.exec(select(OrderLine).where(OrderLine.order_key == order().key)).all()
        told = session.exec(select(OrderEvent.text).where(OrderEvent.order_key == order().key)).all()
    assert {(line.id_product, line.id_product_attribute) for line in lines} == {(42, 7)}
    assert "21 is 42:7, a person says" in told


@pytest.mark.parametrize(
    ("sku", "variant", "why"),
    [
        ("PEN", (42, 7), "It has: MUG"),
        ("MUG", (42, 0), "It has: 42:7, 42:8"),
        ("MUG", (44, 0), "No product 44"),
    ],
)
def test_what_a_sku_cannot_be_is_refused(changes: dict[str, int], sku: str, variant: tuple[int, int], why: str) -> None:
    with pytest.raises(CannotMend, match=why):
        give_variant(1, order(), sku, variant)


def test_an_order_with_a_cart_keeps_its_products(database: Database, changes: dict[str, int]) -> None:
    with database.write() as session:
        session.get_one(Order, order().key).id_cart = 5
    with pytest.raises(CannotMend, match="has a cart"):
        give_variant(1, order(), "MUG", (42, 7))


def test_corrections_of_an_address_are_kept_encrypted(database: Database, changes: dict[str, int]) -> None:
    assert correct_address(order(), {"city": "Bath", "postcode": "BA1 1AA"}) == ()
    assert correct_address(order(), {"city": "Wells", "phone": ""}) == ()
    stored = order()
    assert unseal(secret_box(), stored.corrections_secret) == {"city": "Wells", "postcode": "BA1 1AA", "phone": ""}
    assert "Bath" not in stored.corrections_secret
    assert not stored.address_changed
    with database.read() as session:
        told = session.exec(select(OrderEvent.text).where(OrderEvent.order_key == stored.key)).all()
    assert "Address corrected by a person: city, postcode" in told


def test_an_address_that_prestashop_has_is_written_again(changes: dict[str, int]) -> None:
    assert correct_address(order(order_id(9)), {"city": "Bath"}) == ()
    assert order(order_id(9)).address_changed
    assert order(order_id(9)).stage is OrderStage.ADDRESS


def test_a_correction_that_prestashop_would_not_take_is_told_without_its_value(changes: dict[str, int]) -> None:
    findings = correct_address(order(), {"town": "Bath", "city": "", "firstname": "Ada 2"})
    assert [finding.code for finding in findings] == ["correction_unknown", "correction_empty", "correction_invalid"]
    assert "Ada" not in str(findings)
    assert order().corrections_secret == ""
