"""A merchant's day with orders, typed: every command group against both simulated shops."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.console.conftest import Cli
from tests.flows.orders import Trade
from tests.stall import Stall

pytestmark = pytest.mark.slow


def test_a_day_with_orders(cli: Cli, open_stall: Callable[..., Stall]) -> None:
    trade = Trade.of(open_stall(products=8))
    trade.sandbox.prestashop.add_fee_product()
    first, second, third = (trade.place(quantity).id for quantity in (1, 2, 1))

    def did(*words: str, status: int = 0) -> str:
        ran = cli(*words)
        assert ran.status == status, ran.stderr
        return ran.stderr

    assert "3 planned" in did("orders", "import", "--dry-run")
    assert "3 imported" in did("orders", "import")
    counts = cli("orders", "counts", "--json").data
    assert (counts["all"], counts["awaiting shipment"], counts["error"]) == (3, 3, 0)
    details = cli("orders", "show", first, "--json").data
    assert (details["state"], details["payment"]["expected"]) != ("", "")
    assert trade.book.orders[first].recipient["name"] in did("orders", "show", str(details["id_order"]))

    # The carrier they were imported with is a provider's.
    carrier = next(row for row in cli("carriers", "suggest", "--json").data if "TikTok" in row["carrier"])
    did("carriers", "map", carrier["carrier"], "Evri")
    shown = cli("orders", "ship", first, "--tracking", "EV111111111", "--json").data
    assert (shown["counts"]["confirmed"], trade.numbers(trade.book.orders[first])) == (1, ["EV111111111"])
    trade.track(trade.book.orders[second], "EV222222222")
    did("orders", "ship", second)
    assert trade.numbers(trade.book.orders[second]) == ["EV222222222"]
    assert "Shipped on TikTok Shop with the tracking number EV222222222" in did("orders", "show", second)

    did("statuses", "map", "to-prestashop", "awaiting collection", "Shipped")
    did("orders", "sync", first)
    assert trade.state(trade.book.orders[first]) == 4

    (allowed,) = cli("orders", "cancel", third, "--json").data
    assert allowed["reasons"]
    did("orders", "cancel", third, "--reason", "nothing_of_the_kind", "--yes", status=1)
    did("orders", "cancel", third, "--reason", allowed["reasons"][0], "--yes")
    assert trade.book.orders[third].status == "CANCELLED"
    assert cli("orders", "counts", "--json").data["cancelled"] == 1

    did("orders", "erase", third, "--yes")
    assert "no data are kept" in did("orders", "show", third)
    did("orders", "delete", second, "--yes")
    did("orders", "fetch", second)
    again = cli("orders", "show", second, "--json").data
    assert (again["stage"], again["id_order"]) == ("imported", trade.id_order(trade.book.orders[second]))
    assert cli("orders", "list", "--json").data["total"] == 3


def test_a_day_with_trouble(cli: Cli, open_stall: Callable[..., Stall]) -> None:
    trade = Trade.of(open_stall(products=8))
    trade.sandbox.prestashop.add_fee_product()
    trade.order_settings(buyer_cancellations="ask")
    cli("orders", "import")
    order = trade.place(1)
    sku = order.units[0].sku_id
    variant = next(row for row in cli("links", "list", "--json").data if row["sku_id"] == sku)["variant"]
    assert cli("links", "unlink", sku).status == 0
    # Only the SKU's own name leads to a product now; it is nobody's.
    order.units[0].seller_sku = "NOBODYS"
    ran = cli("orders", "import")
    assert ran.status == 1
    groups = cli("parked", "list", "--json").data
    assert [group["count"] for group in groups] == [1]
    assert "Why:" in cli("parked", "show", order.id).stderr
    assert cli("parked", "edit", order.id, "--sku", f"NOBODYS={variant}", "--link").status == 0
    assert cli("parked", "edit", order.id, "--address", "company=Mug Lovers").status == 0
    replayed = cli("parked", "replay", order.id)
    assert replayed.status == 0, replayed.stderr
    address = trade.sandbox.prestashop.row("addresses", trade.row(order).id_address or 0)
    assert address["company"] == "Mug Lovers"
    assert cli("parked", "list", "--json").data == []

    trade.sandbox.tiktok.shop.aftersales.buyer_requests_cancellation(order.id)
    assert cli("run", "cancellation_sync").status == 1
    assert [group["code"] for group in cli("parked", "list", "--json").data] == ["buyer_asks_to_cancel"]
    answered = cli("orders", "answer", order.id, "approve", "--yes")
    assert answered.status == 0, answered.stderr
    assert cli("parked", "replay", "--all").status == 0
    assert cli("run", "cancellation_sync").status == 0
    assert (order.status, trade.state(order)) == ("CANCELLED", 6)
