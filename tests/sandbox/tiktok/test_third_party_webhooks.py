"""An independent client from PyPI subscribes, and reads and verifies what the running simulator sends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from tiktok_shop_api import TikTokShop, TikTokShopAuth, TikTokShopError, Webhooks
from tiktok_shop_api.generated import models

from sandbox.server import Sandbox
from sandbox.tiktok.order_generator import Mix, OrderGenerator
from tests.sandbox.tiktok.test_tiktok_order_generator import fill
from tests.webhook_receiver import Receiver, receiving

HELD = Mix(on_hold=1, unpaid=0, fulfilled_by_tiktok=0, tiktok_shipping=0, pre_order=0, cash_on_delivery=0)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(products=1, audit_seconds=0) as running:
        fill(running.tiktok, 5)
        yield running


@pytest.fixture(scope="module")
def shop(sandbox: Sandbox) -> Iterator[TikTokShop]:
    auth = TikTokShopAuth(sandbox.app_key, sandbox.app_secret, service_id=sandbox.service_id, base_url=sandbox.auth_url)
    token = auth.exchange_code(sandbox.auth_code()).access_token
    with (
        TikTokShop(sandbox.app_key, sandbox.app_secret, access_token=token, base_url=sandbox.tiktok_url) as client,
        client.with_shop(access_token=token, shop_cipher=sandbox.shop_cipher) as seller,
    ):
        yield seller


@pytest.fixture
def receiver(shop: TikTokShop) -> Iterator[Receiver]:
    with receiving() as running:
        yield running
        for event in models.UpdateShopWebhookRequestEventType:
            shop.event.delete_webhook_for_an_event(body=request(models.DeleteWebhookForAnEventRequest, event))


def request(kind: Any, event: Any, **fields: str) -> Any:
    return kind.from_dict({"event_type": str(event), **fields})


def subscribe(shop: TikTokShop, event: Any, address: str) -> None:
    shop.event.update_shop_webhook(body=request(models.UpdateShopWebhookRequest, event, address=address))


def wait_for(receiver: Receiver, number: int) -> None:
    while len(receiver.came) < number:
        time.sleep(0.01)


def test_every_event_the_client_knows_can_be_subscribed_to(shop: TikTokShop, receiver: Receiver) -> None:
    for event in models.UpdateShopWebhookRequestEventType:
        subscribe(shop, event, receiver.address)
    webhooks = shop.event.get_shop_webhooks()
    assert webhooks is not None
    data = webhooks.to_dict()["data"]
    assert data["total_count"] == len(models.UpdateShopWebhookRequestEventType)
    assert {row["event_type"] for row in data["webhooks"]} == set(map(str, models.UpdateShopWebhookRequestEventType))


def test_an_address_that_is_refused(shop: TikTokShop) -> None:
    with pytest.raises(TikTokShopError) as refused:
        subscribe(shop, "ORDER_STATUS_CHANGE", "http://hooks.example.org/x")
    assert refused.value.code == 11050001


def test_what_comes_is_verified_and_read(sandbox: Sandbox, shop: TikTokShop, receiver: Receiver) -> None:
    for event in models.UpdateShopWebhookRequestEventType:
        subscribe(shop, event, receiver.address)
    tiktok = sandbox.tiktok.shop
    (order,) = OrderGenerator(sandbox.tiktok, 3, HELD).place_random(1)
    # Time alone moves the order on: nobody calls the shop meanwhile.
    sandbox.advance(3700)
    wait_for(receiver, 2)
    tiktok.aftersales.buyer_requests_cancellation(order.id)
    tiktok.book.tell("package", order)
    tiktok.center.retitle(next(iter(tiktok.shelf.products)), "Another mug")
    tiktok.center.deactivate(next(iter(tiktok.shelf.products)))
    wait_for(receiver, 6)
    read: list[Any] = [
        Webhooks.verify_and_parse(
            app_key=sandbox.app_key, app_secret=sandbox.app_secret, raw_body=raw, signature=header
        )
        for header, raw in receiver.came
    ]
    assert sorted(one.type_ for one in read) == [1, 1, 4, 5, 11, 15]
    assert not [key for one in read for part in (one, one.data) for key in part.additional_properties]


def test_time_makes_a_retry_due(sandbox: Sandbox, shop: TikTokShop, receiver: Receiver) -> None:
    subscribe(shop, "ORDER_STATUS_CHANGE", receiver.address)
    receiver.status = 503
    OrderGenerator(sandbox.tiktok, 4, HELD).place_random(1)
    wait_for(receiver, 1)
    receiver.status = 200
    while not any(row["tries"] and row["state"] == "WAITING" for row in sandbox.tiktok.webhooks.look()["deliveries"]):
        time.sleep(0.01)
    sandbox.advance(121)
    wait_for(receiver, 2)
    assert len(set(receiver.came)) == 1
