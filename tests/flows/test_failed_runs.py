"""Runs that cannot go on: what a shop did not do stands in their name and state, in words for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State

from clients.errors import AccessDenied
from clients.prestashop.client import PrestaShopClient
from flows.apply_plan import apply_plan
from flows.order_import import order_import
from flows.price_stock_sync import price_stock_sync
from models.connections import UnknownConnection, settings_in_force, store_settings
from models.database import Database, database
from tests.flows.keeping_step import Listed
from tests.models.rows import store_connection

pytestmark = pytest.mark.slow


def name_of(state: State[Any]) -> str:
    """What the run is called now."""
    assert state.state_details.flow_run_id
    with get_client(sync_client=True) as client:
        return str(client.read_flow_run(state.state_details.flow_run_id).name)


def test_a_shop_that_lets_nobody_in(
    listed: Listed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fault = AccessDenied(
        "GET: 401", shop="prestashop", code="25", cause="The key is off. Since today.", fix="Switch it on."
    )

    def refused(*_: Any, **__: Any) -> Any:
        raise fault

    monkeypatch.setattr(PrestaShopClient, "ids", refused)
    state: Any = price_stock_sync("sandbox", return_state=True)
    assert state.is_failed()
    assert state.message == "PrestaShop: The key is off. Since today. Switch it on."
    assert name_of(state) == "prices and stock of sandbox: PrestaShop: The key is off"
    assert "GET: 401" in caplog.text
    assert "Traceback" not in caplog.text
    with pytest.raises(AccessDenied) as raised:
        price_stock_sync("sandbox")
    assert raised.value is fault


def test_a_setting_that_no_shop_has(listed: Listed, caplog: pytest.LogCaptureFixture) -> None:
    with database().write() as session:
        _, document = settings_in_force(session, listed.connection_id)
        document.products.language = "xx"
        store_settings(session, listed.connection_id, document, note="", now=listed.clock())
    state: Any = price_stock_sync("sandbox", return_state=True)
    assert state.is_failed()
    assert name_of(state).startswith("prices and stock of sandbox: ")
    assert "xx" in state.message
    assert "Traceback" not in caplog.text


def test_credentials_under_a_lost_key(listed: Listed, installation: Path, caplog: pytest.LogCaptureFixture) -> None:
    (installation / "secret.key").unlink()
    state: Any = order_import("sandbox", return_state=True)
    assert state.is_failed()
    assert "CONNECTOR_SECRET_KEY" in state.message
    assert "Traceback" not in caplog.text


def test_a_plan_that_there_is_not(prefect: None, sqlite_database: Database) -> None:
    state: Any = apply_plan(99, return_state=True)
    assert state.is_failed()
    assert name_of(state) == f"plan 99: {state.message.split('. ')[0].rstrip('.')}"
    with pytest.raises(LookupError, match="99"):
        apply_plan(99)


def test_a_connection_that_there_is_not(prefect: None, sqlite_database: Database) -> None:
    store_connection(sqlite_database, "uk")
    state: Any = order_import("gb", return_state=True)
    assert state.is_failed()
    assert state.message == "There is no connection called 'gb'. There are: uk"
    assert name_of(state) == "orders of gb: There is no connection called 'gb'"
    with pytest.raises(UnknownConnection):
        order_import("gb")
