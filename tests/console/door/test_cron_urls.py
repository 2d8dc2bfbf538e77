"""Cron URLs: the right key or 403, not too often, and the key in no log."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from starlette.requests import Request

from console.door.app import KEYS_OF_ONE
from console.door.guards import Attempts, Pace, client_address
from console.door.pages import interval
from models.connections import UnknownConnection
from models.database import Database
from models.settings import ScheduleSettings
from models.webhooks import CronKey
from tasks.connection_changes import start_connection, stop_connection
from tasks.cron import cron_jobs, in_url, rotate_key
from tests.console.conftest import Cli
from tests.door_messages import Prefect, TestClient


def key_of(name: str) -> str:
    return cron_jobs(name)[0].key


def test_the_right_key_starts_the_scheduled_deployment(door: TestClient, prefect: Prefect) -> None:
    key = key_of("main")
    answer = door.get(f"/cron/main/order_import?key={key}")
    assert (answer.status_code, answer.text) == (202, "Started: run-1\n")
    assert door.post("/cron/main/status_sync", headers={"X-Cron-Key": key}).status_code == 202
    assert prefect.runs == [("order_import", "main", {}, "main"), ("status_sync", "main", {}, "main")]


@pytest.mark.parametrize(
    "path", ["/cron/main/order_import?key=wrong", "/cron/main/order_import", "/cron/nobody/order_import?key=x"]
)
def test_a_wrong_key_starts_nothing_and_tells_nothing(door: TestClient, prefect: Prefect, path: str) -> None:
    key_of("main")
    answer = door.get(path)
    assert (answer.status_code, answer.text) == (403, "Wrong key.\n")
    assert door.get(f"{path}é").status_code == 403
    assert prefect.runs == []


def test_a_stopped_connection_is_only_watched(door: TestClient, prefect: Prefect) -> None:
    key = key_of("main")
    stop_connection("main")
    answer = door.get(f"/cron/main/order_import?key={key}")
    assert answer.status_code == 409
    assert "connector connection start main" in answer.text
    assert door.get(f"/cron/main/authorization_watch?key={key}").status_code == 202
    start_connection("main")
    assert door.get(f"/cron/main/order_import?key={key}").status_code == 202
    assert [run[0] for run in prefect.runs] == ["authorization_watch", "order_import"]


def test_a_connection_without_a_key_takes_none(door: TestClient) -> None:
    assert door.get("/cron/main/order_import?key=").status_code == 403


def test_keys_are_of_one_connection(door: TestClient, add_connection: Callable[..., int]) -> None:
    add_connection("other")
    assert door.get(f"/cron/main/order_import?key={key_of('other')}").status_code == 403


def test_too_soon_is_told_with_when_to_come_again(door: TestClient, prefect: Prefect) -> None:
    url = f"/cron/main/order_import?key={key_of('main')}"
    assert door.get(url).status_code == 202
    again = door.get(url)
    assert again.status_code == 429
    assert 1 <= int(again.headers["retry-after"]) <= 10
    # Wrong keys neither use the pace up nor learn of it.
    assert door.get("/cron/main/order_import?key=x").status_code == 403
    assert door.get(url.replace("order_import", "status_sync")).status_code == 202
    assert len(prefect.runs) == 2


def test_pace_by_connection_and_job() -> None:
    now = [0.0]
    pace = Pace(10, lambda: now[0])
    assert (pace.wait("a", "x"), pace.wait("a", "x"), pace.wait("a", "y"), pace.wait("b", "x")) == (0, 10, 0, 0)
    now[0] = 10.0
    assert pace.wait("a", "x") == 0
    pace.give_back("a", "x")
    assert pace.wait("a", "x") == 0


def test_few_keys_are_tried_for_one_address_and_not_many_for_all() -> None:
    now = [0.0]
    attempts = Attempts(2, 4, 60, lambda: now[0])
    assert [attempts.wait("a", str(number)) for number in range(3)] == [0, 0, 30]
    # What was refused does not count.
    assert [attempts.wait("b", str(number)) for number in range(3)] == [0, 0, 30]
    assert attempts.wait("c", "x") == 15
    now[0] = 15.0
    assert (attempts.wait("a", "x"), attempts.wait("c", "x"), attempts.wait("d", "x")) == (15, 0, 15)
    now[0] = 1000.0
    assert [attempts.wait("a", str(number)) for number in range(3)] == [0, 0, 30]


def test_nobody_can_keep_out_a_key_that_was_right() -> None:
    attempts = Attempts(2, 2, 60, lambda: 0.0)
    for _ in range(5):
        assert attempts.wait("a", "right") == 0
        attempts.was_right("a", "right")
    assert [attempts.wait("a", str(number)) for number in range(3)] == [0, 0, 30]
    assert attempts.wait("a", "right") == 0
    # It has been replaced.
    attempts.was_wrong("right")
    assert attempts.wait("a", "right") == 30


def test_after_many_wrong_keys_none_is_looked_up(timeless: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    key = key_of("main")
    assert timeless.get(f"/cron/main/order_import?key={key}").status_code == 202
    for number in range(KEYS_OF_ONE):
        assert timeless.get(f"/cron/main/order_import?key={number}").status_code == 403
    assert timeless.get(f"/cron/main/status_sync?key={key}").status_code == 202
    monkeypatch.setattr("console.door.app.connection_of_key", None)
    refused = timeless.get("/cron/main/order_import?key=x")
    assert (refused.status_code, refused.text) == (429, "Too many wrong keys.\n")
    assert 1 <= int(refused.headers["retry-after"]) <= 60


@pytest.mark.parametrize(
    ("connected", "named", "asking"),
    [
        ("127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        # What the proxy itself adds comes last.
        ("127.0.0.1", ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("198.51.100.7", ["203.0.113.9"], "198.51.100.7"),
    ],
)
def test_who_asks(connected: str, named: list[str], asking: str) -> None:
    headers = [(b"x-forwarded-for", one.encode()) for one in named]
    assert client_address(Request({"type": "http", "client": (connected, 4711), "headers": headers})) == asking


def test_a_job_that_there_is_not(door: TestClient) -> None:
    answer = door.get(f"/cron/main/format_disk?key={key_of('main')}")
    assert answer.status_code == 404
    assert "order_import" in answer.text


def test_what_cannot_be_started_is_tried_again(door: TestClient, prefect: Prefect) -> None:
    url = f"/cron/main/order_import?key={key_of('main')}"
    prefect.refusing = {"order_import"}
    assert [door.get(url).status_code for _ in range(2)] == [503, 503]
    prefect.refusing.clear()
    assert door.get(url).status_code == 202


def test_a_new_key_takes_the_place_of_the_old(door: TestClient, sqlite_database: Database, main: int) -> None:
    old = key_of("main")
    assert key_of("main") == old
    with sqlite_database.read() as session:
        kept = session.get_one(CronKey, main)
    assert old not in kept.key_secret
    rotate_key("main")
    assert key_of("main") != old
    assert door.get(f"/cron/main/order_import?key={old}").status_code == 403
    with pytest.raises(UnknownConnection):
        rotate_key("nobody")


def test_names_with_slashes(door: TestClient, add_connection: Callable[..., int], prefect: Prefect) -> None:
    add_connection("uk / 100% wool")
    job = cron_jobs("uk / 100% wool")[0]
    assert door.get(f"{job.path}?key={job.key}").status_code == 202
    assert prefect.runs[0][1::2] == ("uk / 100% wool", in_url("uk / 100% wool"))
    assert in_url("uk / 100% wool") == "uk - 100- wool"


def test_keys_are_in_no_log(door: TestClient, prefect: Prefect, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the test's own browser
    key = key_of("main")
    prefect.refusing = {"status_sync"}
    for job in ("order_import", "order_import", "status_sync", "nothing"):
        door.get(f"/cron/main/{job}?key={key}")
    assert key not in caplog.text
    assert key not in repr(cron_jobs("main"))


def test_the_page_shows_keys_to_who_has_the_token(door: TestClient, protected: TestClient) -> None:
    shown = door.get("/cron")
    assert shown.status_code == 200
    assert "http://127.0.0.1:4280/cron/main/order_import?key=…" in shown.text
    assert key_of("main") not in shown.text

    assert protected.get("/cron").status_code == 401
    shown = protected.get("/cron", auth=("me", "let-me-in"))
    assert f"https://connector.example/cron/main/order_import?key={key_of('main')}" in shown.text
    assert "<td>minute</td>" in shown.text


def test_commands(cli: Cli, main: int) -> None:
    assert "X-Cron-Key" in cli("cron", "list", "--help").stdout
    assert "order_import" in cli("cron", "list").stderr
    listed = cli("cron", "list", "--json").data
    order_import = next(row for row in listed if row["job"] == "order_import")
    seconds = ScheduleSettings().order_import
    assert (order_import["connection"], order_import["seconds"]) == ("main", seconds)
    assert order_import["every"] == interval(seconds)
    assert order_import["url"] == f"http://127.0.0.1:4280/cron/main/order_import?key={key_of('main')}"
    before = key_of("main")
    assert cli("cron", "rotate", "main").status == 0
    assert key_of("main") != before
    assert cli("cron", "rotate", "nobody").status == 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(60, "minute"), (120, "2 minutes"), (3600, "hour"), (86400, "day"), (90, "90 seconds"), (5400, "90 minutes")],
)
def test_intervals_in_words(seconds: int, words: str) -> None:
    assert interval(seconds) == words
