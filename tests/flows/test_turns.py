"""Runs that wait for their turn: a scheduled one gives up its place soon, one that a person asked for does not."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from prefect.client.schemas.objects import State

from flows.authorization_watch import authorization_watch
from flows.order_import import order_import
from models.database import Busy, Database
from tasks import runs
from tasks.connection_changes import stop_connection
from tests.models.rows import store_connection

pytestmark = pytest.mark.slow


@pytest.fixture
def held(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another run has the turn for as long as the test lasts."""
    connection_id = store_connection(sqlite_database)
    monkeypatch.setattr(runs, "_PATIENCE", 0.3)
    begun, end = threading.Event(), threading.Event()

    def hold() -> None:
        with sqlite_database.exclusive(f"orders:{connection_id}"):
            begun.set()
            end.wait(60)

    other = threading.Thread(target=hold)
    other.start()
    begun.wait(10)
    yield
    end.set()
    other.join()


def test_a_scheduled_run_is_cancelled(prefect: None, held: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_is_scheduled", lambda: True)
    state = order_import("main", return_state=True)
    assert isinstance(state, State)
    assert state.is_cancelled()
    assert "Another run holds" in (state.message or "")


def test_a_scheduled_run_of_a_stopped_connection_is_cancelled(
    prefect: None, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_connection(sqlite_database)
    stop_connection("main")
    monkeypatch.setattr(runs, "_is_scheduled", lambda: True)
    state = order_import("main", return_state=True)
    assert isinstance(state, State)
    assert state.is_cancelled()
    assert "connector connection start main" in (state.message or "")
    watched = authorization_watch("main", return_state=True)
    assert isinstance(watched, State)
    assert watched.is_completed(), "its authorization is looked after all the same"


def test_a_run_by_hand_says_what_is_in_its_way(prefect: None, held: None) -> None:
    with pytest.raises(Busy, match="Wait for it or stop it"):
        order_import("main")


@pytest.mark.parametrize(("scheduled", "seconds"), [(True, 12.0), (False, 600.0)])
def test_a_scheduled_run_waits_for_a_tenth_of_its_interval(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, *, scheduled: bool, seconds: float
) -> None:
    connection_id = store_connection(sqlite_database)
    monkeypatch.setattr(runs, "_is_scheduled", lambda: scheduled)
    with sqlite_database.read() as session:
        assert runs._patience(session, connection_id, "order_import") == seconds
        assert runs._patience(session, connection_id, "catalog_link") == 600.0
