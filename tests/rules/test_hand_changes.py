"""What was changed by hand, told from what we and buyers change ourselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from models.listings import Listing, ListingSku
from rules.hand_changes import (
    HandChanges,
    content_as_shown,
    hand_changes,
    money_text,
    was_confirmed_before,
)

CONFIRMED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ASKED = CONFIRMED + timedelta(minutes=10)
UPDATED = int((CONFIRMED + timedelta(minutes=5)).timestamp())
CONTENT = {"title": "Mug", "skus": [{"id_product_attribute": key, "seller_sku": f"MUG-{key}"} for key in (1, 2)]}


def record(**fields: Any) -> Listing:
    values = {"title": "Mug", "content": CONTENT, "content_hash": "x", "confirmed_at": CONFIRMED, **fields}
    return Listing(id=1, connection_id=1, product_id="1729", id_product=42, **values)


def sku(number: int = 1, **fields: Any) -> ListingSku:
    values: dict[str, Any] = {
        "price": Decimal("24.900000"),
        "currency": "GBP",
        "quantities": {"w": 9},
        "offered": 10,
        "confirmed_at": CONFIRMED,
        "id_product": 42,
        "id_product_attribute": number,
        **fields,
    }
    return ListingSku(connection_id=1, listing_id=1, sku_id=str(number), seller_sku=f"MUG-{number}", **values)


def shown_sku(number: int = 1, price: str = "24.9", stock: int = 9, **fields: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "seller_sku": f"MUG-{number}",
        "price": {"sale_price": price, "currency": "GBP"},
        "inventory": [{"warehouse_id": "w", "quantity": stock}],
        **fields,
    }


def shown(*skus: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "title": "Mug",
        "status": "ACTIVATE",
        "audit": {"status": "APPROVED"},
        "update_time": UPDATED,
        "skus": list(skus) or [shown_sku()],
        **fields,
    }


def look(product: dict[str, Any], listing: Listing | None = None, *skus: ListingSku, **options: Any) -> HandChanges:
    options = {"is_detail": False, **options}
    return hand_changes(listing or record(), list(skus) or [sku()], product, ASKED, **options)


def entry(field: str, ours: str, shown: str) -> dict[str, str]:
    return {"field": field, "ours": ours, "shown": shown}


def test_the_same_numbers_written_otherwise_are_no_change() -> None:
    assert look(shown()) == HandChanges()


def test_a_price_by_hand() -> None:
    found = look(shown(shown_sku(price="20")))
    assert found.entries == found.found == (entry("price of MUG-1", "24.90 GBP", "20 GBP"),)
    assert found.prices == {"1": (Decimal(20), "GBP")}
    assert not found.content_moved


def test_a_known_difference_stands_while_the_record_is_what_is_shown() -> None:
    known = entry("price of MUG-1", "24.90 GBP", "20 GBP")
    found = look(shown(shown_sku(price="20.00")), record(hand_changes=[known]), sku(price=Decimal(20)))
    assert (found.entries, found.found, found.prices) == ((known,), (), {})


def test_a_known_difference_is_over_when_ours_is_confirmed_and_shown_again() -> None:
    known = entry("price of MUG-1", "24.90 GBP", "20 GBP")
    assert look(shown(), record(hand_changes=[known])).entries == ()


def test_a_second_change_by_hand_is_still_told_against_ours() -> None:
    known = entry("price of MUG-1", "24.90 GBP", "20 GBP")
    found = look(shown(shown_sku(price="21")), record(hand_changes=[known]), sku(price=Decimal(20)))
    assert found.entries == found.found == (entry("price of MUG-1", "24.90 GBP", "21 GBP"),)


def test_changed_back_by_hand_corrects_the_record_and_says_nothing() -> None:
    known = entry("price of MUG-1", "24.90 GBP", "20 GBP")
    found = look(shown(), record(hand_changes=[known]), sku(price=Decimal(20)))
    assert (found.entries, found.found) == ((), ())
    assert found.prices == {"1": (Decimal("24.9"), "GBP")}


@pytest.mark.parametrize(
    ("stock", "expected"),
    [(0, {}), (9, {}), (10, {}), (11, {"1": {"w": 11}})],
    ids=["sold out by orders", "as sent", "an order was cancelled", "more"],
)
def test_stock(stock: int, expected: dict[str, Any]) -> None:
    assert look(shown(shown_sku(stock=stock))).stocks == expected


def test_stock_that_was_seen_is_not_seen_again_before_it_was_sent() -> None:
    known = entry("stock of MUG-1", "10", "40")
    found = look(shown(shown_sku(stock=39)), record(hand_changes=[known]), sku(offered=None, quantities={"w": 40}))
    assert (found.entries, found.found, found.stocks) == ((known,), (), {})


def test_other_warehouses_are_the_merchants_own() -> None:
    inventory = [{"warehouse_id": "w", "quantity": 9}, {"warehouse_id": "other", "quantity": 8}]
    assert look(shown(shown_sku(inventory=inventory))).stocks == {}
    assert look(shown(shown_sku(inventory=inventory)), None, sku(offered=0, quantities={"w": 0})).stocks


def test_a_title_and_a_seller_sku_by_hand_are_content() -> None:
    found = look(shown(shown_sku(seller_sku="CUP-1"), title="Cup"))
    assert (found.title, found.seller_skus, found.content_moved) == ("Cup", {"1": "CUP-1"}, True)
    assert {one["field"] for one in found.entries} == {"title", "SKU of variant 1"}
    assert content_as_shown(CONTENT, found, {"1": 1, "2": 2}) == {
        "title": "Cup",
        "skus": [
            {"id_product_attribute": 1, "seller_sku": "CUP-1"},
            {"id_product_attribute": 2, "seller_sku": "MUG-2"},
        ],
    }


def test_blanks_are_no_change() -> None:
    assert look(shown(title="Big  mug "), record(title="Big mug")) == HandChanges()


def test_what_the_platform_writes_otherwise_every_time_is_edited_back_once() -> None:
    known = entry("title", "Mug", "MUG!")
    found = look(shown(title="MUG!"), record(hand_changes=[known]))
    assert (found.entries, found.found, found.content_moved) == ((known,), (), False)


@pytest.mark.parametrize(
    "fields",
    [
        {"audit": {"status": "AUDITING"}},
        {"audit": {"status": "PRE_APPROVED"}},
        {"status": "PENDING"},
        {"status": "FAILED", "audit": {"status": "FAILED"}},
        {"status": "DRAFT", "audit": {"status": "NONE"}},
        {"status": "DELETED"},
    ],
)
def test_a_version_that_is_not_on_the_shelf_is_not_compared(fields: dict[str, Any]) -> None:
    known = entry("title", "Mug", "Cup")
    found = look(shown(shown_sku(price="1"), title="Cup", **fields), record(hand_changes=[known]), sku(), sku(2))
    assert found == HandChanges(entries=(known,))


def test_after_a_refused_edit_only_prices_and_stock_are_compared() -> None:
    found = look(shown(shown_sku(price="1"), title="Before", audit={"status": "FAILED"}), None, sku(), sku(2))
    assert (list(found.prices), found.title, found.missing) == (["1"], None, ())


def test_a_missing_variant_is_lost_only_when_the_details_say_so() -> None:
    found = look(shown(), None, sku(), sku(2))
    assert (found.missing, found.lost, found.entries) == (("2",), (), ())
    found = look(shown(), None, sku(), sku(2), is_detail=True)
    assert (found.lost, found.entries) == (("2",), (entry("variant MUG-2", "listed", "deleted"),))
    assert [one["seller_sku"] for one in content_as_shown(CONTENT, found, {"1": 1, "2": 2})["skus"]] == ["MUG-1"]


@pytest.mark.parametrize(("content_hash", "stands"), [("", True), ("edited since", False)])
def test_a_deleted_variant_is_missed_until_an_edit(content_hash: str, stands: bool) -> None:
    known = entry("variant MUG-2", "listed", "deleted")
    found = look(shown(), record(hand_changes=[known], content_hash=content_hash))
    assert found.entries == ((known,) if stands else ())


def test_a_variant_added_by_hand_is_told_and_left_alone() -> None:
    found = look(shown(shown_sku(), shown_sku(2)))
    assert found.entries == (entry("variant MUG-2", "none", "added"),)
    assert not found.content_moved


def test_a_listing_of_somebody_elses_making_has_only_prices_and_stock_of_ours() -> None:
    foreign = record(content={}, content_hash="")
    found = look(shown(shown_sku(price="1"), shown_sku(3), title="Cup"), foreign, sku(), sku(2, id_product=None))
    assert found.entries == (entry("price of MUG-1", "24.90 GBP", "1 GBP"),)
    assert (found.title, found.missing) == (None, ())


def test_two_variants_of_one_seller_sku_are_told_by_their_ids() -> None:
    twins = [sku(1), sku(2)]
    twins[1].seller_sku = "MUG-1"
    found = look(shown(shown_sku(price="1"), shown_sku(2, price="2", seller_sku="MUG-1")), None, *twins)
    assert [one["field"] for one in found.entries] == ["price of 1", "price of 2"]


@pytest.mark.parametrize(
    ("confirmed", "updated", "expected"),
    [
        (CONFIRMED, UPDATED, True),
        (CONFIRMED, int(CONFIRMED.timestamp()) - 2, True),
        (CONFIRMED, int(CONFIRMED.timestamp()) - 3, False),
        (ASKED, UPDATED + 3600, False),
        (None, UPDATED, False),
    ],
    ids=["later", "the same moment", "earlier", "confirmed while it was read", "never confirmed"],
)
def test_what_was_read_before_it_was_confirmed_tells_nothing(
    confirmed: datetime | None, updated: int, expected: bool
) -> None:
    assert was_confirmed_before(confirmed, updated, ASKED) is expected
    assert bool(look(shown(shown_sku(price="1"), update_time=updated), None, sku(confirmed_at=confirmed)).prices) is (
        expected
    )


@pytest.mark.parametrize(
    ("amount", "text"), [("24.900000", "24.90 X"), ("100", "100 X"), ("0.125", "0.125 X"), ("2490.000000", "2490 X")]
)
def test_money_reads_well(amount: str, text: str) -> None:
    assert money_text(Decimal(amount), "X") == text


def test_a_price_that_is_not_told_is_not_compared() -> None:
    for price in ("", "n/a"):
        assert look(shown(shown_sku(price=price))) == HandChanges()
