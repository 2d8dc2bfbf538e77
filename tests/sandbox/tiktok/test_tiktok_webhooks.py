"""Webhooks of the simulator: subscriptions, what is told of each event, signature, retries, disorder (sheet 6)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.tiktok.order_generator import Mix, OrderGenerator
from sandbox.tiktok.order_model import Order
from sandbox.tiktok.webhooks import EVENTS, LADDER, signature
from tests.sandbox.tiktok.seller_app import SellerApp, example
from tests.sandbox.tiktok.test_tiktok_examples import assert_shape, shape_faults
from tests.sandbox.tiktok.test_tiktok_order_generator import fill
from tests.webhook_receiver import Receiver, receiving

PATH = "/event/202309/webhooks"
PLAIN = Mix(on_hold=1, unpaid=0, fulfilled_by_tiktok=0, tiktok_shipping=0, pre_order=0, cash_on_delivery=0)
EXAMPLES = {
    1: "webhook-01-order-status-change",
    3: "webhook-03-recipient-address-update",
    4: "webhook-04-package-update",
    5: "webhook-05-product-status-change",
    6: "webhook-06-seller-deauthorization",
    7: "webhook-07-upcoming-authorization-expiration",
    11: "webhook-11-cancellation-status-change",
    12: "webhook-12-return-status-change",
    15: "webhook-15-product-information-change",
    16: "webhook-16-product-creation",
    37: "webhook-37-product-audit-status-change",
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def listening(app: SellerApp, receiver: Receiver) -> SellerApp:
    """A shop with products that tells the receiver of everything."""
    fill(app.world, 8)
    for event in EVENTS:
        app.data("PUT", PATH, {"event_type": event, "address": receiver.address})
    return app


def order(app: SellerApp) -> Order:
    return OrderGenerator(app.world, 3, PLAIN).place_random(1)[0]


def deliver(app: SellerApp) -> int:
    return app.world.webhooks.deliver_due()


def matches_example(body: dict[str, Any]) -> bool:
    return shape_faults(example(EXAMPLES[body["type"]]), body) == []


# Subscriptions


def test_one_address_per_event_a_second_replaces_it(app: SellerApp) -> None:
    assert app.data("GET", PATH) == {"total_count": 0, "webhooks": []}
    app.data("PUT", PATH, example("webhook-update-request"))
    app.clock.pass_(seconds=60)
    app.data("PUT", PATH, {"event_type": "ORDER_STATUS_CHANGE", "address": "https://other.example.org/x"})
    app.data("PUT", PATH, {"event_type": "PACKAGE_UPDATE", "address": "https://other.example.org/x"})
    answer = app.ask("GET", PATH)
    assert_shape("webhooks-list-response", answer)
    first = answer["data"]["webhooks"][0]
    assert first["address"] == "https://other.example.org/x"
    assert first["update_time"] - first["create_time"] == 60
    app.data("DELETE", PATH, example("webhook-delete-request"))
    assert [row["event_type"] for row in app.data("GET", PATH)["webhooks"]] == ["PACKAGE_UPDATE"]


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.example.org/x",
        "https://hooks.example.org:8443/x",
        "https://192.0.2.1/x",
        "https://hooks/x",
        "https://hooks.example.org/" + "x" * 250,
        "https://user@hooks.example.org/x",
        "ftp://localhost/x",
        "https://hooks.example.org:port/x",
    ],
)
def test_addresses_the_platform_refuses(app: SellerApp, address: str) -> None:
    assert app.ask("PUT", PATH, {"event_type": "PACKAGE_UPDATE", "address": address})["code"] == 11050001
    assert app.data("GET", PATH)["webhooks"] == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080/x", "http://localhost:4201/x", "https://hooks.example.org"])
def test_addresses_it_takes(app: SellerApp, address: str) -> None:
    app.data("PUT", PATH, {"event_type": "PACKAGE_UPDATE", "address": address})


@pytest.mark.parametrize(
    ("method", "body", "code"),
    [
        ("PUT", {"event_type": "ORDER_STATUS_CHANGE"}, 36009004),
        ("PUT", None, 36009004),
        ("DELETE", None, 36009004),
        ("PUT", {"event_type": "ORDERS", "address": "https://hooks.example.org/x"}, 11050001),
        ("DELETE", {"event_type": "ORDERS"}, 11050001),
    ],
)
def test_what_is_missing_or_unknown_is_refused(app: SellerApp, method: str, body: Any, code: int) -> None:
    assert app.ask(method, PATH, body)["code"] == code


# What is told


@pytest.mark.parametrize("vector", example("webhook-signature-vectors")["vectors"])
def test_the_signature_is_that_of_the_vectors(vector: dict[str, str]) -> None:
    signed = signature(vector["app_key"], vector["app_secret"], vector["raw_body"].encode())
    assert signed == vector["authorization_header"]


def test_an_order_is_told_from_its_beginning_to_its_end(listening: SellerApp, receiver: Receiver) -> None:
    book, placed = listening.world.shop.book, order(listening)
    book.advance(placed, "AWAITING_SHIPMENT")
    book.change_address(placed, {**placed.recipient, "postal_code": "LS1 1AB"})
    book.advance(placed, "COMPLETED")
    deliver(listening)
    told = [row["order_status"] for row in receiver.of_type(1)]
    assert sorted(told) == sorted(
        ["ON_HOLD", "AWAITING_SHIPMENT", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED"]
    )
    assert [row["order_id"] for row in receiver.of_type(3)] == [placed.id]
    assert all(map(matches_example, receiver.bodies))
    world = listening.world
    for header, raw in receiver.came:
        assert hmac.new(world.app_secret.encode(), world.app_key.encode() + raw, hashlib.sha256).hexdigest() == header
    assert len({body["tts_notification_id"] for body in receiver.bodies}) == len(receiver.bodies)


def test_cancellations_and_returns_with_the_spelling_of_notifications(listening: SellerApp, receiver: Receiver) -> None:
    shop = listening.world.shop
    first, second, third = (order(listening) for _ in range(3))
    shop.book.cancel_by_buyer(first)
    shop.book.advance(second, "AWAITING_SHIPMENT")
    shop.aftersales.buyer_withdraws(shop.aftersales.buyer_requests_cancellation(second.id).id)
    shop.book.advance(third, "DELIVERED")
    shop.returns.buyer_returns(third.id)
    deliver(listening)
    assert {row["order_status"] for row in receiver.of_type(1) if row["order_id"] == first.id} == {"ON_HOLD", "CANCEL"}
    assert {row["cancel_status"] for row in receiver.of_type(11) if row["order_id"] == second.id} == {
        "CANCELLATION_REQUEST_PENDING",
        "CANCELLATION_REQUEST_CANCELLED",
    }
    assert [row["order_id"] for row in receiver.of_type(12)] == [third.id]
    assert all(map(matches_example, receiver.bodies))


def test_a_split_names_the_packages(listening: SellerApp, receiver: Receiver) -> None:
    book, placed = listening.world.shop.book, order(listening)
    book.advance(placed, "AWAITING_SHIPMENT")
    book.tell("package", placed)
    deliver(listening)
    (told,) = receiver.of_type(4)
    assert [row["package_id"] for row in told["package_list"]] == list(placed.packages)
    assert all(map(matches_example, receiver.bodies))


def test_audits_and_edits_of_products(listening: SellerApp, receiver: Receiver) -> None:
    good, bad = (listening.create(title=title)["product_id"] for title in ("Stoneware mug", "Miracle mug for tea"))
    listening.clock.pass_(seconds=5)
    deliver(listening)
    assert {(row["product_id"], row["status"]) for row in receiver.of_type(5)} == {
        (int(good), "PRODUCT_FIRST_PASS_REVIEW"),
        (int(bad), "PRODUCT_AUDIT_FAILURE"),
    }
    audits = [(row["product_id"], row["audit"]["status"]) for row in receiver.of_type(37)]
    assert sorted(audits) == sorted(
        [(int(good), "AUDITING"), (int(good), "APPROVED"), (int(bad), "AUDITING"), (int(bad), "FAILED")]
    )
    assert {row["product_id"] for row in receiver.of_type(16)} == {int(good), int(bad)}
    receiver.came.clear()
    listening.world.shop.center.retitle(good, "A mug by hand")
    listening.data("POST", f"/product/202309/products/{good}/partial_edit", {"title": "Stoneware mug"})
    listening.world.shop.center.deactivate(good)
    deliver(listening)
    assert {(row["product_id"], row["change_source"], *row["changed_fields"]) for row in receiver.of_type(15)} == {
        (good, "SELLER_CENTER", "title"),
        (good, "OPEN_API", "title"),
    }
    assert [row["status"] for row in receiver.of_type(5)] == ["PRODUCT_STATUS_CHANGED"]
    assert not [body for body in receiver.bodies if body["type"] != 15 and not matches_example(body)]


def test_the_seller_takes_the_authorization_back(listening: SellerApp, receiver: Receiver) -> None:
    assert listening.http.post("/_sandbox/deauthorize", json={}).status_code == 200
    deliver(listening)
    assert [body["type"] for body in receiver.bodies] == [6]
    assert all(map(matches_example, receiver.bodies))
    assert listening.ask("GET", PATH)["code"] == 105001


def test_the_end_of_an_authorization_is_told_once_a_day(listening: SellerApp, receiver: Receiver) -> None:
    world = listening.world
    deliver(listening)
    assert receiver.came == []
    world.advance(340 * 86_400)
    for _ in range(3):
        deliver(listening)
    assert len(receiver.of_type(7)) == 1
    world.advance(86_400)
    deliver(listening)
    assert len(receiver.of_type(7)) == 2
    assert all(map(matches_example, receiver.bodies))


def test_nothing_is_told_that_nobody_asked_for(app: SellerApp, receiver: Receiver) -> None:
    fill(app.world, 3)
    app.data("PUT", PATH, {"event_type": "RETURN_STATUS_CHANGE", "address": receiver.address})
    order(app)
    assert deliver(app) == 0


# Delivery


def test_a_failure_is_tried_again_along_the_ladder_by_the_sandboxs_clock(
    listening: SellerApp, receiver: Receiver
) -> None:
    receiver.status = 500
    order(listening)
    assert deliver(listening) == 1
    assert deliver(listening) == 0
    for pause in LADDER[:-1]:
        listening.world.advance(pause)
        assert deliver(listening) >= 1
    receiver.status = 200
    listening.world.advance(LADDER[-1])
    deliver(listening)
    (first,) = [row for row in listening.world.webhooks.look()["deliveries"] if len(row["tries"]) == 5]
    assert [one["outcome"] for one in first["tries"]] == ["500"] * 4 + ["200"]
    assert first["state"] == "DELIVERED"
    assert len({raw for _, raw in receiver.came if raw == first["body"].encode()}) == 1


def test_after_the_last_try_it_is_dropped(listening: SellerApp, receiver: Receiver) -> None:
    receiver.status = 302
    listening.world.webhooks.deauthorize()
    for pause in (0, *LADDER, 86_400):
        listening.world.advance(pause)
        deliver(listening)
    deliveries = listening.http.get("/_sandbox/webhooks").json()["deliveries"]
    assert [(row["state"], len(row["tries"])) for row in deliveries if row["body"].startswith('{"type":6')] == [
        ("DROPPED", 5)
    ]


def test_an_answer_that_comes_too_late_counts_as_none(listening: SellerApp, receiver: Receiver) -> None:
    listening.world.webhooks.timeout = 0.05
    receiver.hold.clear()
    listening.world.webhooks.deauthorize()
    deliver(listening)
    (row,) = listening.world.webhooks.look()["deliveries"]
    assert row["state"] == "WAITING"
    assert "Timeout" in row["tries"][0]["outcome"]


def test_nobody_listening_is_a_failed_try(app: SellerApp) -> None:
    with receiving() as gone:
        app.data("PUT", PATH, {"event_type": "SELLER_DEAUTHORIZATION", "address": gone.address})
    app.world.webhooks.deauthorize()
    deliver(app)
    assert app.world.webhooks.look()["deliveries"][0]["tries"][0]["outcome"] == "ConnectError"


def test_duplicates_share_their_id(listening: SellerApp, receiver: Receiver) -> None:
    listening.faults.set("webhook_duplicate=1@/webhooks")
    order(listening)
    deliver(listening)
    assert len(receiver.came) == 2
    assert len(set(receiver.came)) == 1


def test_a_notification_held_back_is_overtaken(listening: SellerApp, receiver: Receiver) -> None:
    listening.faults.set("webhook_late=1x1")
    book, placed = listening.world.shop.book, order(listening)
    book.end_hold(placed)
    deliver(listening)
    listening.world.advance(10)
    deliver(listening)
    assert [row["order_status"] for row in receiver.of_type(1)] == ["AWAITING_SHIPMENT", "ON_HOLD"]


def test_some_types_can_come_without_an_id(listening: SellerApp, receiver: Receiver) -> None:
    listening.world.webhooks.without_id = frozenset({1})
    order(listening)
    deliver(listening)
    assert "tts_notification_id" not in receiver.bodies[0]
