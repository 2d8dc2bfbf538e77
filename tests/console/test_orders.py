"""Orders from the command line: lists, one order, and everything that can be done about them (I2, I4–I9, I12, K18)."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from console import order_actions
from models.database import Database
from models.orders import Order, OrderStage
from tasks import order_requests
from tasks.order_list import find_orders
from tasks.report import Failure
from tests.console.conftest import Cli
from tests.console.flow_runs import FlowRuns
from tests.order_rows import FIRST, PERSONAL, fill_orders, fill_products, order_id, park_more


@pytest.fixture
def sold(connected: Cli, store: Database) -> Cli:
    """A connection with nine orders."""
    fill_orders(store, 1)
    fill_products(store, 1)
    park_more(store, 1)
    return connected


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> FlowRuns:
    return FlowRuns.instead_of(monkeypatch, order_actions)


def row(name: str) -> Order:
    return find_orders(1, [name])[0]


# Lists


def test_the_list_has_every_column(sold: Cli) -> None:
    shown = sold("orders", "list", "--status", "awaiting-shipment", "--json").data
    assert (shown["total"], shown["page"], shown["pages"], shown["counts"]["error"]) == (1, 1, 1, 2)
    (only,) = shown["orders"]
    assert only == {
        "id": row(FIRST).key,
        "id_order": 81,
        "order_id": FIRST,
        "created": "2026-11-11 09:30 UTC",
        "status": "awaiting shipment",
        "fulfilment": "by seller",
        "state": "Remote payment accepted",
        "stage": "imported",
        "total": "22.50 GBP",
        "reference": "XKBKNABJK",
        "why": "",
    }
    ran = sold("orders", "list")
    assert ran.status == 0
    assert "8 all, 1 on hold, 1 awaiting shipment" in ran.stderr


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (("--search", "84"), [4]),
        (("--status", "IN_TRANSIT"), [3]),
        (("--status", "Error"), [9, 2]),
        (("--stage", "ignored"), [8]),
        (("--parked",), [9, 2]),
        (("--page", "2", "--page-size", "3"), [5, 4, 3]),
    ],
)
def test_lists_are_filtered_and_paged(sold: Cli, words: tuple[str, ...], numbers: list[int]) -> None:
    shown = sold("orders", "list", *words, "--json").data
    assert [int(one["order_id"][-1]) for one in shown["orders"]] == numbers


def test_a_list_says_where_it_goes_on(sold: Cli) -> None:
    assert "Page 1 of 3; the next with --page 2." in sold("orders", "list", "--page-size", "3").stderr
    assert "There is no page 9; the last is 1." in sold("orders", "list", "--page", "9").stderr
    assert "No order is like that." in sold("orders", "list", "--search", "nothing").stderr


def test_an_unknown_status_lists_those_there_are(sold: Cli) -> None:
    ran = sold("orders", "list", "--status", "lost")
    assert ran.status == 2
    assert "awaiting shipment, partially shipped" in ran.stderr


def test_without_orders_it_says_what_to_do(connected: Cli) -> None:
    assert "connector orders import" in connected("orders", "list").stderr
    assert connected("orders", "counts", "--json").data["all"] == 0


def test_orders_are_counted(sold: Cli) -> None:
    assert sold("orders", "counts", "--json").data["error"] == 2
    assert sold("orders", "counts").status == 0


# One order


def test_an_order_is_shown_with_its_buyer_to_people_alone(sold: Cli, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ran = sold("orders", "show", "81")
    assert ran.status == 0
    for text in ("2 × Mug (blue), SKU MUG, 9.99 GBP", "seller discount 4.02", "AA1", "Seen as", "Cancellation 403"):
        assert text in ran.stderr
    for text in ("Ada Lovelace", "12 St James's Square", "SW1Y 4JH London", "ada@relay.example", "Please ring twice"):
        assert text in ran.stderr
    assert ran.stdout == ""
    assert not any(part in caplog.text for part in PERSONAL)


def test_json_has_the_buyer_only_when_asked(sold: Cli) -> None:
    ran = sold("orders", "show", FIRST, "--json")
    assert not any(part in ran.stdout + ran.stderr for part in PERSONAL)
    assert (ran.data["order_id"], ran.data["lines"][0]["sku"]) == (FIRST, "MUG")
    assert sold("orders", "show", FIRST, "--json", "--with-buyer").data["buyer"]["name"] == "Ada Lovelace"


def test_an_order_that_waits_says_why_and_what_to_do(sold: Cli) -> None:
    said = sold("orders", "show", order_id(2)).stderr
    assert "! Cause unknown_sku. (request req-1)" in said
    assert "What to do: Fix unknown_sku." in said
    assert f"connector parked replay order:{order_id(2)}" in said


def test_what_was_erased_is_not_there(sold: Cli) -> None:
    assert sold("orders", "erase", FIRST, "--yes").status == 0
    assert "Buyer: no data are kept" in sold("orders", "show", FIRST).stderr
    assert sold("orders", "show", FIRST, "--json", "--with-buyer").data["buyer"] == {}


def test_an_unknown_order_is_refused(sold: Cli) -> None:
    ran = sold("orders", "show", "4711")
    assert ran.status == 2
    assert "connector orders fetch" in ran.stderr


# Flows


@pytest.mark.parametrize(
    ("words", "flow", "given"),
    [
        (("fetch", "577999", "578000"), "order_import", {"order_ids": ["577999", "578000"], "dry_run": False}),
        (("import",), "order_import", {"dry_run": False, "retry_parked": False}),
        (("import", "--dry-run", "--retry-parked"), "order_import", {"dry_run": True, "retry_parked": True}),
        (("sync",), "order_status_sync", {"dry_run": False}),
        (("sync", "81", "83"), "order_status_sync", {"order_ids": [FIRST, order_id(3)], "dry_run": False}),
        (
            ("ship", "81", "84"),
            "shipment_push",
            {"order_ids": [FIRST, order_id(4)], "retry_parked": True, "dry_run": False},
        ),
        (
            ("ship", "81", "--tracking", "BB2", "--carrier", "evri standard", "--line", "TRAY", "--line", "11"),
            "order_ship",
            {
                "order_id": FIRST,
                "tracking": "BB2",
                "carrier": 7,
                "line_ids": ["13", "11"],
                "despite_cancellation": False,
                "dry_run": False,
            },
        ),
        (
            ("ship", "81", "--tracking", "BB2", "--despite-cancellation", "--dry-run"),
            "order_ship",
            {"order_id": FIRST, "tracking": "BB2", "despite_cancellation": True, "dry_run": True},
        ),
        (
            ("cancel", "81", "83", "--reason", "no_stock", "--yes"),
            "order_cancel",
            {"order_ids": [FIRST, order_id(3)], "reason": "no_stock", "dry_run": False},
        ),
        (
            ("answer", "81", "approve", "--yes"),
            "order_answer",
            {"order_ids": [FIRST], "answer": "approve", "dry_run": False},
        ),
        (("answer", "81", "reject"), "order_answer", {"order_ids": [FIRST], "answer": "reject", "dry_run": False}),
    ],
)
def test_commands_run_the_matching_flow(
    sold: Cli, runs: FlowRuns, words: tuple[str, ...], flow: str, given: dict[str, Any]
) -> None:
    ran = sold("orders", *words)
    assert ran.status == 0, ran.stderr
    assert runs.asked == [(flow, given)]


def test_the_connection_is_handed_on(sold: Cli, runs: FlowRuns) -> None:
    sold("orders", "sync", "81", "--connection", "main")
    assert runs.last[1]["connection"] == "main"
    assert sold("orders", "sync", "81", "--connection", "mian").status == 2


def test_what_needs_a_person_ends_with_1(sold: Cli, runs: FlowRuns) -> None:
    runs.failing = {"order_import": Failure(object="order 577", code="x", cause="It is so.", fix="Do that.")}
    ran = sold("orders", "import")
    assert ran.status == 1
    assert "Do that." in ran.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("fetch", "abc"), "are numbers: abc"),
        (("ship", "81", "83", "--tracking", "A"), "name just that order"),
        (("ship", "81", "--carrier", "7"), "name it with --tracking"),
        (("ship", "81", "--tracking", "A", "--carrier", "evry standard"), "Do you mean 'Evri Standard'"),
        (("ship", "81", "--tracking", "A", "--line", "PEN"), "It has: 11 (MUG)"),
        (("erase",), "--older-than DAYS"),
        (("erase", "81", "--buyer", "u1"), "--buyer"),
        (("erase", "81", "--older-than", "3"), "--older-than DAYS"),
        (("erase", order_id(2), "--yes"), "Not imported yet"),
        (("answer", "81", "maybe"), "Invalid value"),
    ],
)
def test_wrong_use_says_what_to_do(sold: Cli, runs: FlowRuns, words: tuple[str, ...], why: str) -> None:
    ran = sold("orders", *words)
    assert ran.status == 2
    assert why in ran.stderr
    assert runs.asked == []


@pytest.mark.parametrize(
    "words", [("cancel", "81", "--reason", "no_stock"), ("answer", "81", "approve"), ("delete", "81"), ("erase", "81")]
)
def test_what_cannot_be_taken_back_asks_first(sold: Cli, runs: FlowRuns, words: tuple[str, ...]) -> None:
    ran = sold("orders", *words, input="n\n")
    assert ran.status == 1
    assert "[y/N]" in ran.stderr
    assert runs.asked == []
    assert row(FIRST).stage is OrderStage.IMPORTED
    assert row(FIRST).buyer_secret


def test_a_dry_run_is_not_asked_about(sold: Cli, runs: FlowRuns) -> None:
    assert sold("orders", "cancel", "81", "--reason", "no_stock", "--dry-run").status == 0
    assert runs.last[1]["dry_run"] is True


def test_without_a_reason_the_allowed_ones_are_listed(
    sold: Cli, runs: FlowRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = {FIRST: ["no_stock", "wrong_price"], order_id(3): []}
    monkeypatch.setattr(order_requests, "cancel_reasons", lambda connection_id, ids: {one: allowed[one] for one in ids})
    ran = sold("orders", "cancel", "81", "83")
    assert ran.status == 0
    for text in ("no_stock, wrong_price", "can no longer be cancelled", "Choose one with --reason NAME"):
        assert text in ran.stderr
    assert sold("orders", "cancel", "81", "83", "--json").data == [
        {"order": FIRST, "reasons": ["no_stock", "wrong_price"]},
        {"order": order_id(3), "reasons": []},
    ]
    assert runs.asked == []


# Deleting and erasing


def test_deleting_leaves_an_order_out(sold: Cli) -> None:
    ran = sold("orders", "delete", "81", order_id(2), input="y\n")
    assert ran.status == 0
    assert "In PrestaShop they stay" not in ran.stdout
    assert f"connector orders fetch {FIRST} {order_id(2)}" in ran.stderr
    shown = sold("orders", "list", "--json").data["orders"]
    assert FIRST not in {one["order_id"] for one in shown}
    left_out = sold("orders", "list", "--stage", "ignored", "--json").data["orders"]
    assert {one["order_id"] for one in left_out} == {FIRST, order_id(2), order_id(8)}
    assert "deleted from the connector" in left_out[-1]["why"]


def test_erasing_one_buyer(sold: Cli) -> None:
    ran = sold("orders", "erase", "--buyer", "nobody@relay.example", "--yes")
    assert ran.status == 2
    assert "nobody@" not in ran.stderr
    refused = sold("orders", "erase", "--buyer", "ADA@relay.example", "--yes")
    assert refused.status == 2
    assert "Not imported yet" in refused.stderr
    assert "[y/N]" in sold("orders", "erase", "--buyer", "u4", input="n\n").stderr
    assert sold("orders", "erase", "--buyer", "u4", "--yes", "--json").data == {"erased": 1}
    assert not row(order_id(4)).buyer_secret
    assert row(order_id(3)).buyer_secret


def test_erasing_buyer_data(sold: Cli) -> None:
    assert sold("orders", "erase", "81", "--yes", "--json").data == {"erased": 1}
    assert sold("orders", "erase", "--older-than", "0", "--yes", "--json").data["erased"] > 1
    assert not row("83").buyer_secret
    assert row(order_id(2)).buyer_secret
