"""What follows from stored messages: one run for what came together, again until it worked."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from console.door.app import door_app
from console.door.drain import drain_once
from models.connections import AuthorizationState, Connection
from models.database import Database, connection_worked_on
from models.listings import Listing
from models.webhooks import Webhook
from rules.webhooks import read_message
from tasks.authorization import deauthorize, resume
from tasks.connection_changes import start_connection, stop_connection
from tasks.shops import utc_now
from tasks.webhooks import forget_webhooks, store_messages
from tests.door_messages import APP_SECRET, NOW, Prefect, TestClient, message, signed


def receive(connection_id: int, *messages: tuple[int, dict[str, Any]]) -> None:
    store_messages([(connection_id, read_message(message(kind, data))) for kind, data in messages], NOW)


def rows(database: Database) -> list[Webhook]:
    with database.read() as session:
        return list(session.exec(select(Webhook).order_by(col(Webhook.id))))


def order(number: int, status: str = "AWAITING_SHIPMENT") -> tuple[int, dict[str, Any]]:
    return 1, {"order_id": str(number), "order_status": status}


def test_what_came_together_makes_one_run_a_flow(main: int, prefect: Prefect, sqlite_database: Database) -> None:
    receive(main, order(1), order(2, "CANCEL"), order(1), (11, {"order_id": "1"}), (3, {"order_id": 4}))
    assert drain_once(prefect.hands) == 5
    assert sorted(prefect.runs) == [
        ("cancellation_sync", "main", {"order_ids": ["2", "1"]}, "on demand"),
        ("order_import", "main", {"order_ids": ["1", "2", "4"], "only_due": True}, "on demand"),
    ]
    assert all(row.handled_at == NOW and row.flow_run_id.startswith("run-") for row in rows(sqlite_database))
    assert drain_once(prefect.hands) == 0


def test_a_request_that_names_no_order_has_all_that_changed_looked_at(main: int, prefect: Prefect) -> None:
    receive(main, (11, {"order_id": "1"}), (12, {"return_id": "2"}))
    assert drain_once(prefect.hands) == 2
    assert prefect.runs == [("cancellation_sync", "main", {}, "on demand")]


def test_the_status_of_a_shipped_order_is_followed_at_once(main: int, prefect: Prefect) -> None:
    receive(main, order(1, "IN_TRANSIT"), order(2, "DELIVERED"), order(3))
    drain_once(prefect.hands)
    assert sorted(prefect.runs) == [
        ("order_import", "main", {"order_ids": ["3"], "only_due": True}, "on demand"),
        ("order_status_sync", "main", {"order_ids": ["1", "2"]}, "on demand"),
    ]


def test_products_are_asked_for_by_their_prestashop_ids(main: int, prefect: Prefect, sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        session.add(Listing(connection_id=main, product_id="1729500000000000001", id_product=42))
    receive(main, (5, {"product_id": 1729500000000000001}))
    drain_once(prefect.hands)
    # One that is not linked: whatever changed lately.
    receive(main, (15, {"product_id": "1729500000000000001"}), (16, {"product_id": 99}))
    drain_once(prefect.hands)
    assert [run[:3] for run in prefect.runs] == [
        ("status_sync", "main", {"product_ids": [42]}),
        ("status_sync", "main", {}),
    ]


def test_authorizations_end_and_their_ends_are_noted(main: int, prefect: Prefect, sqlite_database: Database) -> None:
    receive(main, (7, {"expiration_time": "1792592000"}), (6, {"message": "removed"}))
    assert drain_once(prefect.hands) == 2
    assert prefect.ended == [(main, NOW)]
    assert prefect.expiries == [(main, datetime.fromtimestamp(1792592000, UTC), NOW)]
    assert [row.flow_run_id for row in rows(sqlite_database)] == ["", ""]


def test_from_messages_no_run_follows_while_the_connection_is_stopped(
    main: int, prefect: Prefect, sqlite_database: Database
) -> None:
    receive(main, order(1), (11, {"order_id": "1"}))
    stop_connection("main")
    receive(main, order(3), (6, {"message": "removed"}))
    assert drain_once(prefect.hands) == 4
    assert (prefect.runs, prefect.ended) == ([], [(main, NOW)])
    start_connection("main")
    assert drain_once(prefect.hands) == 0, "the next sweeps see all that changed"
    receive(main, order(2))
    drain_once(prefect.hands)
    assert [run[0] for run in prefect.runs] == ["order_import"]
    assert all(row.handled_at == NOW for row in rows(sqlite_database))


def test_what_comes_late_counts_from_when_it_was_said(main: int, prefect: Prefect) -> None:
    said = NOW - timedelta(hours=3)
    late = [message(6, {"message": "removed"}, sent=said.timestamp()), message(7, {"expiration_time": "1"}, sent=0)]
    store_messages([(main, read_message(body)) for body in late], NOW)
    drain_once(prefect.hands)
    assert prefect.ended == [(main, said)]
    # That one does not say when.
    assert prefect.expiries == [(main, datetime.fromtimestamp(1, UTC), NOW)]


def test_a_withdrawal_that_is_delivered_after_a_new_consent_does_not_end_it(
    main: int, prefect: Prefect, sqlite_database: Database
) -> None:
    with sqlite_database.write() as session:
        resume(session, main)
        session.get_one(Connection, main).authorization = AuthorizationState.AUTHORIZED
    hands = replace(prefect.hands, deauthorize=deauthorize)
    for sent, state in (
        (NOW - timedelta(hours=3), AuthorizationState.AUTHORIZED),
        (utc_now() + timedelta(hours=1), AuthorizationState.REVOKED),
    ):
        body = message(6, {"message": "removed"}, sent=sent.timestamp())
        store_messages([(main, read_message(body))], NOW)
        drain_once(hands)
        with sqlite_database.read() as session:
            assert session.get_one(Connection, main).authorization is state


def test_many_orders_are_handed_out_one_run_after_the_other(main: int, prefect: Prefect) -> None:
    receive(main, *(order(number) for number in range(450)))
    assert [drain_once(prefect.hands) for _ in range(4)] == [200, 200, 50, 0]
    assert [len(run[2]["order_ids"]) for run in prefect.runs] == [200, 200, 50]


def test_what_comes_while_a_run_is_at_work_makes_one_together(main: int, prefect: Prefect) -> None:
    receive(main, order(1))
    assert drain_once(prefect.hands) == 1
    prefect.at_work = {"order_import"}
    receive(main, order(2), order(3, "CANCEL"), (12, {"order_id": "4"}))
    # The cancelled order waits with both of its runs: neither is started twice.
    assert drain_once(prefect.hands) == 1
    assert [run[0] for run in prefect.runs] == ["order_import", "cancellation_sync"]
    prefect.at_work.clear()
    assert drain_once(prefect.hands) == 2
    assert [run[:3] for run in prefect.runs[2:]] == [
        ("order_import", "main", {"order_ids": ["2", "3"], "only_due": True}),
        ("cancellation_sync", "main", {"order_ids": ["3"]}),
    ]


def test_many_messages_about_listings_keep_no_order_waiting(
    main: int, prefect: Prefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.webhooks._MOST", 20)
    receive(main, *((16, {"product_id": number}) for number in range(30)), order(1))
    drain_once(prefect.hands)
    assert [run[0] for run in prefect.runs] == ["status_sync", "order_import"]


def test_what_fails_waits_longer_each_time_and_holds_nothing_else_up(
    main: int, prefect: Prefect, sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    receive(main, order(1), (12, {"order_id": "1"}))
    prefect.refusing = {"order_import"}
    assert drain_once(prefect.hands) == 1
    first, other = rows(sqlite_database)
    assert (first.attempts, first.not_before, first.handled_at) == (1, NOW + timedelta(seconds=5), None)
    assert other.handled_at == NOW
    assert drain_once(prefect.hands) == 0

    prefect.now += timedelta(seconds=5)
    drain_once(prefect.hands)
    assert rows(sqlite_database)[0].not_before == prefect.now + timedelta(seconds=10)

    prefect.refusing.clear()
    prefect.now += timedelta(seconds=10)
    assert drain_once(prefect.hands) == 1
    assert [run[0] for run in prefect.runs] == ["cancellation_sync", "order_import"]
    assert "ConnectionError" in caplog.text
    assert APP_SECRET not in caplog.text


def test_what_follows_is_written_for_its_connection(main: int, prefect: Prefect) -> None:
    receive(main, order(1))
    plain, seen = prefect.start_run, []
    prefect.start_run = lambda *a, **k: (seen.append(connection_worked_on()), plain(*a, **k))[1]  # type: ignore[func-returns-value,method-assign]
    drain_once(prefect.hands)
    assert seen == [main]
    assert connection_worked_on() is None


def test_what_an_earlier_process_left_is_gone_on_with(main: int, prefect: Prefect) -> None:
    receive(main, order(1))
    started = threading.Event()
    plain = prefect.start_run

    def start_run(*arguments: Any, **named: Any) -> str:
        run = plain(*arguments, **named)
        started.set()
        return run

    prefect.start_run = start_run  # type: ignore[method-assign]
    with TestClient(door_app(hands=prefect.hands)) as door:
        assert started.wait(20)
        started.clear()
        body = message(1, {"order_id": "2"})
        assert door.post("/tiktok/webhooks", content=body, headers=signed(body)).status_code == 200
        assert started.wait(20)
    assert [run[2]["order_ids"] for run in prefect.runs] == [["1"], ["2"]]


def test_a_moment_without_a_database_does_not_end_the_thread(
    main: int, prefect: Prefect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    told = threading.Event()

    def fail(_: object) -> int:
        told.set()
        raise RuntimeError(APP_SECRET)

    monkeypatch.setattr("console.door.drain.drain_once", fail)
    with TestClient(door_app(hands=prefect.hands)):
        assert told.wait(20)
    assert "have to wait: RuntimeError" in caplog.text
    assert APP_SECRET not in caplog.text


def test_old_messages_are_forgotten_once_they_are_handled(
    database: Database, monkeypatch: pytest.MonkeyPatch, prefect: Prefect
) -> None:
    from tests.models.rows import store_connection

    key = store_connection(database)
    receive(key, order(1), order(2))
    drain_once(prefect.hands)
    receive(key, order(3))
    assert forget_webhooks(NOW) == 0
    assert forget_webhooks(NOW + timedelta(seconds=1)) == 2
    assert [row.objects for row in rows(database)] == [["3"]]
    # Repeats of one that is known, on both databases.
    again = [(key, read_message(message(1, {"order_id": "9"}, id="same")))] * 2
    assert (store_messages(again, NOW), store_messages(again, NOW)) == (1, 0)
