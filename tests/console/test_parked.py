"""What waits for a person, from the command line: listed by cause, shown, mended, tried again (K7)."""

from __future__ import annotations

import pytest
from sqlmodel import select

from console import parked as commands
from models.database import Database
from models.listings import ListingSku
from models.orders import OrderLine
from models.templates import CarrierMapping
from tasks.order_list import find_orders
from tasks.order_record import secret_box, unseal
from tasks.report import Failure
from tests.console.conftest import Cli
from tests.console.flow_runs import FlowRuns
from tests.order_rows import FIRST, PERSONAL, fill_orders, fill_products, order_id, park_more

SECOND = order_id(2)


@pytest.fixture
def waiting(connected: Cli, store: Database) -> Cli:
    """A connection where two orders, a request and changes of most kinds wait."""
    fill_orders(store, 1)
    fill_products(store, 1)
    park_more(store, 1)
    return connected


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> FlowRuns:
    return FlowRuns.instead_of(monkeypatch, commands)


def test_what_waits_is_listed_by_cause(waiting: Cli) -> None:
    groups = waiting("parked", "list", "--json").data
    unknown = next(group for group in groups if group["code"] == "unknown_sku")
    assert (unknown["count"], unknown["what"], unknown["newest"]) == (1, "order not imported", "2026-11-20 07:30 UTC")
    assert unknown["keys"] == [f"order:{SECOND}"]
    ran = waiting("parked", "list")
    assert "connector parked replay --cause CODE" in ran.stderr
    assert not any(part in ran.stderr for part in PERSONAL)


def test_each_thing_is_listed(waiting: Cli) -> None:
    assert len(waiting("parked", "list", "--each", "--json").data) == 11
    (one,) = waiting("parked", "list", "--cause", "unknown_sku", "--json").data
    assert (one["key"], one["fix"], one["request_id"]) == (f"order:{SECOND}", "Fix unknown_sku.", "req-1")


def test_nothing_waits(connected: Cli) -> None:
    assert "Nothing waits" in connected("parked", "list").stderr
    assert connected("parked", "list", "--json").data == []


@pytest.mark.parametrize("name", [f"order:{SECOND}", SECOND])
def test_one_thing_is_shown_with_its_fix(waiting: Cli, name: str) -> None:
    said = waiting("parked", "show", name).stderr
    for text in (
        f"Order not imported: order {SECOND}",
        "Why: Cause unknown_sku. (unknown_sku)",
        "What to do: Fix unknown_sku.",
        "Request id for the shop's support: req-1",
        f"Then: connector parked replay order:{SECOND}",
    ):
        assert text in said


def test_an_order_shows_everything_of_it_that_waits(waiting: Cli) -> None:
    assert {one["what"] for one in waiting("parked", "show", "81", "--json").data} == {
        "cancellation waits",
        "shipment not told to TikTok Shop",
        "request not answered",
    }


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("show", "change:999"), "connector parked list"),
        (("show", "85"), "connector orders show"),
        (("replay",), "in one way"),
        (("replay", "--all", "--cause", "x"), "in one way"),
        (("edit", SECOND), "--sku, --address or --carrier"),
        (("edit", SECOND, "--sku", "MUG"), "NAME=VALUE"),
        (("edit", SECOND, "--sku", "MUG=forty-two"), "MUG=42:7"),
        (("edit", SECOND, "--sku", "PEN=43"), "It has: MUG"),
        (("edit", SECOND, "--sku", "MUG=44"), "No product 44"),
        (("edit", SECOND, "--address", "city"), "NAME=VALUE"),
        (("edit", SECOND, "--address", "town=Bath"), "can be corrected: firstname"),
        (("edit", SECOND, "--link", "--address", "city=Bath"), "belongs to --sku"),
        (("edit", SECOND, "--carrier", "Evri"), "CARRIER=PROVIDER"),
        (("edit", FIRST, "--carrier", "Evry"), "Do you mean 'Evri'"),
    ],
)
def test_wrong_use_says_what_to_do(waiting: Cli, runs: FlowRuns, words: tuple[str, ...], why: str) -> None:
    ran = waiting("parked", *words)
    assert ran.status == 2
    assert why in ran.stderr
    assert runs.asked == []


def test_a_product_is_given_for_a_sku(waiting: Cli, store: Database) -> None:
    ran = waiting("parked", "edit", SECOND, "--sku", "MUG=42:7")
    assert ran.status == 0
    assert "connector links link s1 42:7" in ran.stderr
    assert f"connector parked replay order:{SECOND}" in ran.stderr
    with store.read() as session:
        lines = session.exec(select(OrderLine).where(OrderLine.order_key == find_orders(1, [SECOND])[0].key)).all()
        linked = session.exec(select(ListingSku.id_product)).one()
    assert {(line.id_product, line.id_product_attribute) for line in lines} == {(42, 7)}
    assert linked is None


def test_the_listing_is_linked_too_when_asked(waiting: Cli, store: Database) -> None:
    ran = waiting("parked", "edit", SECOND, "--sku", "MUG=43", "--link", "--json")
    assert ran.data == {"order_id": SECOND, "skus": {"MUG": "43"}, "waiting": [f"order:{SECOND}"]}
    with store.read() as session:
        sku = session.exec(select(ListingSku)).one()
    assert (sku.id_product, sku.id_product_attribute, sku.linked_by) == (43, 0, "hand")


def test_an_address_is_corrected_and_not_repeated(waiting: Cli) -> None:
    ran = waiting("parked", "edit", SECOND, "--address", "postcode=01234", "--address", "address1=1 New = Street")
    assert ran.status == 2
    assert "New" not in ran.stderr
    ran = waiting("parked", "edit", SECOND, "--address", "postcode=01234", "--address", "address1=1 New Street")
    assert ran.status == 0
    assert "New Street" not in ran.stderr
    corrections = unseal(secret_box(), find_orders(1, [SECOND])[0].corrections_secret)
    assert corrections == {"postcode": "01234", "address1": "1 New Street"}
    assert "corrected: postcode 01234, address1 1 New Street" in waiting("orders", "show", SECOND).stderr


@pytest.mark.parametrize("written", ["evri", "7=Evri", "Evri Standard=301"])
def test_the_carrier_of_an_order_is_mapped(waiting: Cli, store: Database, written: str) -> None:
    assert waiting("parked", "edit", FIRST, "--carrier", written).status == 0
    with store.read() as session:
        row = session.exec(select(CarrierMapping)).one()
    assert (row.id_reference, row.provider_id, row.provider_name, row.delivery_option_id) == (7, "301", "Evri", "")


def test_an_order_is_tried_again(waiting: Cli, runs: FlowRuns) -> None:
    ran = waiting("parked", "replay", SECOND)
    assert ran.status == 0
    assert "All done." in ran.stderr
    assert runs.asked == [("order_import", {"order_ids": [SECOND], "connection": "main"})]
    assert not find_orders(1, [SECOND])[0].is_parked


def test_one_cause_is_tried_again(waiting: Cli, runs: FlowRuns) -> None:
    assert waiting("parked", "replay", "--cause", "address_incomplete").status == 0
    assert runs.asked == [("order_import", {"order_ids": [order_id(9)], "connection": "main"})]
    assert find_orders(1, [SECOND])[0].is_parked
    assert "Nothing like that waits." in waiting("parked", "replay", "--cause", "address_incomplete").stderr


def test_everything_is_tried_again(waiting: Cli, runs: FlowRuns) -> None:
    runs.failing = {"shipment_push": Failure(object="order 577", code="x", cause="It is so.", fix="Do that.")}
    ran = waiting("parked", "replay", "--all", "--json")
    assert ran.status == 1
    assert [run["flow"] for run in ran.data["runs"] if not run["ok"]] == ["shipment_push"]
    assert [flow for flow, _ in runs.asked] == [
        "order_import",
        "catalog_upload",
        "price_stock_sync",
        "listing_actions",
        "shipment_push",
        "cancellation_sync",
        "order_status_sync",
    ]
    assert "Do that." in waiting("parked", "replay", "81").stderr
