"""The Prefect server as a child: clear errors before it is started, and found again by others."""

from __future__ import annotations

import gc
import json
import os
import runpy
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from prefect.server.database.configurations import AioSqliteConfiguration

from config.settings import read_settings
from deployments import prefect_server as server_process
from deployments.prefect_environment import enter_prefect_environment, prefect_environment
from deployments.server import ServerFailed, api_url, prefect_server, running_api
from deployments.up import up
from models.database import Busy, Database


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())


def test_a_port_in_use_is_said_with_what_to_do(installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("CONNECTOR_PREFECT_PORT", str(taken.getsockname()[1]))
        with pytest.raises(ServerFailed, match="CONNECTOR_PREFECT_PORT"), prefect_server(read_settings()):
            raise AssertionError("started")


def test_a_second_up_of_one_installation_is_refused(sqlite_database: Database) -> None:
    with sqlite_database.exclusive("up"), pytest.raises(Busy, match="already runs"):
        up(lambda _text: None)


def test_no_server_is_found_where_none_runs(installation: Path) -> None:
    assert running_api(read_settings()) is None
    installation.mkdir()
    note = installation / "prefect-server.json"
    note.write_text("{}")
    assert running_api(read_settings()) is None
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        note.write_text(json.dumps({"api": f"http://127.0.0.1:{closed.getsockname()[1]}/api"}))
        assert running_api(read_settings()) is None


def test_the_environment_keeps_prefect_to_this_installation(
    installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_PREFECT_PORT", "4321")
    variables = prefect_environment(read_settings())
    assert variables["PREFECT_SERVER_API_HOST"] == "127.0.0.1"
    assert "PREFECT_SERVER_API_AUTH_STRING" not in variables
    assert variables["PREFECT_HOME"] == str(installation / "prefect")
    assert variables["PREFECT_SERVER_API_PORT"] == "4321"
    assert variables["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert variables["PREFECT_SERVER_UI_V2_ENABLED"] == "false"


def test_children_that_start_elsewhere_work_on_the_same_installation(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CONNECTOR_HOME=here\nCONNECTOR_PREFECT_PORT=4322\nOTHER=1\n")
    del os.environ["CONNECTOR_HOME"]
    os.environ["PREFECT_RUNNER_POLL_FREQUENCY"] = "7"
    enter_prefect_environment()
    assert (tmp_path / "here").stat().st_mode & 0o077 == 0, "others cannot look into it"
    assert os.environ["CONNECTOR_HOME"] == str(tmp_path / "here")
    assert os.environ["CONNECTOR_PREFECT_PORT"] == "4322"
    assert os.environ["CONNECTOR_DATABASE_URL"] == f"sqlite:///{tmp_path / 'here' / 'connector.db'}"
    assert os.environ["PREFECT_RUNNER_POLL_FREQUENCY"] == "7", "what somebody set holds"
    assert "OTHER" not in os.environ


def test_a_login_and_an_address_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PREFECT_HOST", "0.0.0.0")
    monkeypatch.setenv("CONNECTOR_PREFECT_LOGIN", "admin:open sesame")
    variables = prefect_environment(read_settings())
    assert variables["PREFECT_SERVER_API_HOST"] == "0.0.0.0"
    assert variables["PREFECT_SERVER_API_AUTH_STRING"] == variables["PREFECT_API_AUTH_STRING"] == "admin:open sesame"
    assert variables["PREFECT_UI_API_URL"] == "/api"
    assert api_url(read_settings()) == "http://127.0.0.1:4200/api"


def test_an_address_that_is_not_of_this_machine_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PREFECT_HOST", "203.0.113.7")
    monkeypatch.setenv("CONNECTOR_PREFECT_LOGIN", "admin:open sesame")
    with pytest.raises(ServerFailed, match="CONNECTOR_PREFECT_HOST has to be"), prefect_server(read_settings()):
        raise AssertionError("started")


def test_the_server_process_collects_garbage_outside_of_its_event_loops_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    collected = threading.Event()
    monkeypatch.setattr(server_process, "_YOUNG_SECONDS", 0.001)
    # What it changes of Prefect is put back.
    monkeypatch.setattr(AioSqliteConfiguration, "begin_transaction", AioSqliteConfiguration.begin_transaction)
    monkeypatch.setattr(sys, "argv", ["deployments.prefect_server", "--port", "4200"])
    started: list[list[str]] = []

    def serve(module: str, **_: Any) -> None:
        assert not gc.isenabled(), "the thread of the event loop never collects"
        started.append([module, *sys.argv])
        cycle: dict[str, Any] = {}
        cycle["self"] = cycle
        cycle["end"] = type("Cursor", (), {"__del__": lambda _: collected.set()})()
        del cycle
        assert collected.wait(10)

    monkeypatch.setattr(runpy, "run_module", serve)
    try:
        server_process.main()
    finally:
        gc.enable()
    assert started == [["prefect", "prefect", "server", "start", "--port", "4200"]]
