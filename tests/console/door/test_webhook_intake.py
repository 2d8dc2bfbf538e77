"""Messages of TikTok Shop: the right signature or nothing, stored before the answer, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from sqlmodel import func, select

from console.door.app import door_app
from models.database import Database
from models.webhooks import Webhook
from tests.door_messages import APP_SECRET, NOW, Prefect, TestClient, message, signed

ORDER = {"order_id": "577000000000000001", "order_status": "AWAITING_SHIPMENT"}


def stored(database: Database) -> list[Webhook]:
    with database.read() as session:
        return list(session.exec(select(Webhook)))


def send(door: TestClient, body: bytes, headers: dict[str, str] | None = None) -> int:
    sent = signed(body) if headers is None else headers
    answer: httpx.Response = door.post("/tiktok/webhooks", content=body, headers=sent)
    return answer.status_code


def test_a_genuine_message_is_stored_with_what_it_is_about(
    door: TestClient, main: int, sqlite_database: Database
) -> None:
    assert send(door, message(1, ORDER)) == 200
    (row,) = stored(sqlite_database)
    assert (row.connection_id, row.type, row.objects, row.status) == (main, 1, [ORDER["order_id"]], "AWAITING_SHIPMENT")
    assert (row.received_at, row.handled_at) == (NOW, None)


@pytest.mark.parametrize("header", ["", "0" * 64, "Bearer x", "é"])
def test_a_forged_message_is_refused(
    door: TestClient, sqlite_database: Database, caplog: pytest.LogCaptureFixture, header: str
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = door.post("/tiktok/webhooks", content=message(6, {}), headers={b"Authorization": header.encode()})
    assert (answer.status_code, answer.text) == (401, "Wrong signature.\n")
    assert stored(sqlite_database) == []
    assert APP_SECRET not in caplog.text


def test_the_signature_is_over_the_bytes_as_they_came(door: TestClient) -> None:
    body = message(1, ORDER)
    assert send(door, body.replace(b", ", b","), signed(body)) == 401


def test_a_repeat_is_stored_once(door: TestClient, sqlite_database: Database) -> None:
    body = message(1, ORDER, id="7500000000000000001")
    assert [send(door, body) for _ in range(3)] == [200, 200, 200]
    assert len(stored(sqlite_database)) == 1
    assert 'outcome="repeated"} 2.0' in door.get("/metrics").text


def test_unknown_kinds_and_shops_are_accepted_and_ignored(door: TestClient, sqlite_database: Database) -> None:
    assert send(door, message(9999, {"order_id": "1"})) == 200
    (row,) = stored(sqlite_database)
    assert row.handled_at == NOW
    assert send(door, message(1, ORDER, shop="1")) == 200
    assert len(stored(sqlite_database)) == 1


def test_a_shop_that_was_connected_a_moment_ago_is_known(
    door: TestClient, sqlite_database: Database, add_connection: Callable[..., int]
) -> None:
    assert send(door, message(1, ORDER)) == 200
    add_connection("second", shop="22")
    assert send(door, message(1, ORDER, shop="22")) == 200
    assert len(stored(sqlite_database)) == 2


def test_each_app_signs_for_its_own_connections(
    door: TestClient, sqlite_database: Database, add_connection: Callable[..., int], main: int
) -> None:
    other = add_connection("other", app_key="other", secret="other secret")
    body = message(1, ORDER)
    assert send(door, body) == 200
    assert send(door, body, signed(body, app_key="other", secret="other secret")) == 200
    assert {row.connection_id for row in stored(sqlite_database)} == {main, other}
    # A secret of another app is no good for a shop that has its own.
    add_connection("third", shop="33", app_key="third", secret="third secret")
    assert send(door, message(1, ORDER, shop="33")) in (200, 401)
    assert len(stored(sqlite_database)) == 2


def test_what_is_older_than_what_is_remembered_is_ignored(
    door: TestClient, sqlite_database: Database, prefect: Prefect
) -> None:
    body = message(6, {})
    prefect.now = NOW + timedelta(days=15)
    assert send(door, body) == 200
    assert stored(sqlite_database) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff"])
def test_what_is_no_message_is_refused(door: TestClient, body: bytes) -> None:
    assert send(door, body) == 400


def test_too_large_a_body_is_refused(door: TestClient, sqlite_database: Database) -> None:
    large = message(1, {"order_id": "5", "more": "x" * 70_000})
    assert send(door, large) == 413
    chunks = door.post(
        "/tiktok/webhooks", content=(large[i : i + 1000] for i in range(0, len(large), 1000)), headers=signed(large)
    )
    assert (chunks.status_code, chunks.text) == (413, "Too large.\n")
    assert stored(sqlite_database) == []


def test_two_hundred_at_once(main: int, prefect: Prefect, sqlite_database: Database) -> None:
    bodies = [message(1, {"order_id": str(number // 2)}, id=str(number // 2)) for number in range(200)]

    async def flood() -> list[int]:
        transport = httpx.ASGITransport(door_app(hands=prefect.hands))
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:
            answers = await asyncio.gather(
                *(http.post("/tiktok/webhooks", content=body, headers=signed(body)) for body in bodies)
            )
            return [answer.status_code for answer in answers]

    assert asyncio.run(flood()) == [200] * 200
    with sqlite_database.read() as session:
        assert session.exec(select(func.count()).select_from(Webhook)).one() == 100


def test_when_it_cannot_be_stored_it_is_asked_for_again(
    door: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> int:
        raise RuntimeError(APP_SECRET)

    monkeypatch.setattr("console.door.intake.store_messages", fail)
    body = message(1, ORDER)
    answer = door.post("/tiktok/webhooks", content=body, headers=signed(body))
    assert (answer.status_code, answer.text) == (500, "Something went wrong here; the log says what.\n")
    assert "RuntimeError while answering POST" in caplog.text
    assert APP_SECRET not in caplog.text
