"""Webhook subscriptions from the command line: list, subscribe, unsubscribe (J2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.server import Sandbox
from tasks.webhook_subscriptions import EVENT_TYPES
from tests.console.conftest import Cli

ADDRESS = "https://shop.example.org/tiktok/webhooks"


@pytest.fixture(autouse=True)
def _nothing_is_told_afterwards(shops: Sandbox) -> Iterator[None]:
    yield
    shops.tiktok.webhooks.of(shops.tiktok.shop).clear()


def told(cli: Cli) -> dict[str, str]:
    return {row["event_type"]: row["address"] for row in cli("webhooks", "list", "--json").data}


def test_all_events_that_matter_are_told_to_one_address(connected: Cli) -> None:
    assert told(connected) == dict.fromkeys(EVENT_TYPES, "")
    ran = connected("webhooks", "subscribe", ADDRESS)
    assert ran.status == 0
    assert f"{len(EVENT_TYPES)} events are told to {ADDRESS}" in ran.stderr
    assert told(connected) == dict.fromkeys(EVENT_TYPES, ADDRESS)


def test_a_second_time_nothing_is_sent(connected: Cli, shops: Sandbox) -> None:
    connected("webhooks", "subscribe", ADDRESS)
    before = shops.tiktok.calls["PUT /event/{version}/webhooks"]
    assert connected("webhooks", "subscribe", ADDRESS, "--json").status == 0
    assert shops.tiktok.calls["PUT /event/{version}/webhooks"] == before


def test_what_others_subscribed_to_is_shown_and_kept(connected: Cli, shops: Sandbox) -> None:
    webhooks = shops.tiktok.webhooks
    webhooks.subscribe(shops.tiktok.shop, "NEW_MESSAGE", "https://chat.example.org/x")
    connected("webhooks", "subscribe", ADDRESS)
    webhooks.subscribe(shops.tiktok.shop, "PACKAGE_UPDATE", "https://parcels.example.org/x")
    assert connected("webhooks", "unsubscribe", "--address", ADDRESS).status == 0
    left = {name: address for name, address in told(connected).items() if address}
    assert left == {
        "NEW_MESSAGE": "https://chat.example.org/x",
        "PACKAGE_UPDATE": "https://parcels.example.org/x",
    }
    assert connected("webhooks", "unsubscribe").status == 0
    assert {name for name, address in told(connected).items() if address} == {"NEW_MESSAGE"}


def test_an_address_the_platform_refuses(connected: Cli) -> None:
    ran = connected("webhooks", "subscribe", "https://192.0.2.1:8443/x")
    assert ran.status == 1
    assert "https, a host name, no port" in ran.stderr
    assert set(told(connected).values()) == {""}


def test_what_is_no_address_is_not_sent(connected: Cli) -> None:
    ran = connected("webhooks", "subscribe", "shop.example.org")
    assert ran.status == 2
    assert "https://shop.example.org/tiktok/webhooks" in ran.stderr
