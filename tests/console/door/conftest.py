"""A door on an installation of the test's own, with hands that only write down what they were asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from config.secret_box import SecretBox
from config.settings import settings
from console.door import app as door_module
from console.door.app import door_app
from console.door.guards import Attempts
from models.database import Database
from tests.door_messages import APP_KEY, APP_SECRET, SHOP, Prefect, TestClient
from tests.models.rows import make_connection


@pytest.fixture
def prefect() -> Prefect:
    return Prefect()


@pytest.fixture
def add_connection(sqlite_database: Database) -> Callable[..., int]:
    """Stores a connection and answers its id."""

    def add(name: str = "main", *, shop: str = SHOP, app_key: str = APP_KEY, secret: str = APP_SECRET) -> int:
        connection = make_connection(name)
        connection.shop_id, connection.app_key = shop, app_key
        connection.app_secret_secret = SecretBox.open(settings()).encrypt(secret)
        with sqlite_database.write() as session:
            session.add(connection)
            session.flush()
            return connection.key

    return add


@pytest.fixture
def main(add_connection: Callable[..., int]) -> int:
    """The one connection there is."""
    return add_connection()


@pytest.fixture
def door(main: int, prefect: Prefect) -> TestClient:
    """The pages, without the thread that drains: tests do that when they want it."""
    return TestClient(door_app(hands=prefect.hands), base_url="http://127.0.0.1:4280", follow_redirects=False)


@pytest.fixture
def timeless(main: int, prefect: Prefect, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A door for which no time passes between two keys that are tried."""
    monkeypatch.setattr(door_module, "Attempts", partial(Attempts, clock=lambda: 0.0))
    return TestClient(door_app(hands=prefect.hands), base_url="http://127.0.0.1:4280", follow_redirects=False)


@pytest.fixture
def protected(main: int, prefect: Prefect, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A door whose pages for operators have a token."""
    monkeypatch.setenv("CONNECTOR_DOOR_TOKEN", "let-me-in")
    monkeypatch.setenv("CONNECTOR_DOOR_URL", "https://connector.example/")
    settings.cache_clear()
    return TestClient(door_app(hands=prefect.hands), base_url="https://connector.example")
