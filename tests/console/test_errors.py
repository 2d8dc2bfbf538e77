"""Expected errors: one message that says what to do, and the exit status of the kind; everything else is a bug."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clients.errors import AccessDenied, ConfigurationFault, Rejected, Throttled, Unavailable, Uncertain
from clients.purses import PurseUnavailable
from config.secret_box import SecretBoxError
from config.settings import SettingsError
from console.errors import Refused, Status, describe
from models.connections import UnknownConnection
from models.database import Busy
from tests.console.conftest import Cli


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("no"), Status.WRONG_USE),
        (SettingsError("no"), Status.WRONG_USE),
        (SecretBoxError("no"), Status.WRONG_USE),
        (UnknownConnection("no"), Status.WRONG_USE),
        (LookupError("no plan"), Status.WRONG_USE),
        (Busy("no"), Status.FAILED),
        (Rejected("no", shop="tiktok"), Status.FAILED),
        (Uncertain("no", shop="tiktok"), Status.FAILED),
        (AccessDenied("no", shop="prestashop"), Status.NO_ACCESS),
        (ConfigurationFault("no", shop="prestashop"), Status.NO_ACCESS),
        (Unavailable("no", shop="prestashop"), Status.NO_ACCESS),
        (Throttled("no", shop="tiktok"), Status.NO_ACCESS),
        (PurseUnavailable("no"), Status.NO_ACCESS),
    ],
)
def test_every_expected_error_has_its_exit_status(error: Exception, status: Status) -> None:
    described = describe(error)
    assert described is not None
    assert described[1] is status


@pytest.mark.parametrize("error", [KeyError("x"), IndexError("x"), TypeError("x"), ValueError("x"), AssertionError()])
def test_what_nobody_expected_keeps_its_traceback(error: Exception) -> None:
    assert describe(error) is None


def test_a_shop_error_says_cause_fix_and_request() -> None:
    error = Rejected("log", shop="tiktok", request_id="42", cause="The title is too long.", fix="Shorten it.")
    assert describe(error) == ("TikTok Shop: The title is too long. Shorten it. (request 42)", Status.FAILED)


def test_wrong_use_ends_with_2(cli: Cli) -> None:
    assert cli("connection", "add").status == 2
    assert cli("nonsense").status == 2
    assert cli("templates", "list", "--sort", "colour").status == 2


def test_an_unusable_variable_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from config.settings import settings

    settings.cache_clear()
    monkeypatch.setenv("CONNECTOR_PREFECT_PORT", "eighty")
    ran = cli("connection", "list")
    assert ran.status == 2
    assert ran.stderr.startswith("Error: CONNECTOR_PREFECT_PORT ")
    assert len(ran.stderr.splitlines()) == 1
    assert "eighty" not in ran.stderr


def test_a_database_that_does_not_answer_is_not_reachable(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from config.settings import settings

    settings.cache_clear()
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", "postgresql://me:hunter2@127.0.0.1:1/none")
    ran = cli("connection", "list")
    assert ran.status == 3
    assert ran.stderr.startswith("Error: The database cannot be used")
    assert "hunter2" not in ran.stderr


def test_a_home_folder_that_is_a_file_is_named(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from config.settings import settings

    settings.cache_clear()
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("CONNECTOR_HOME", str(tmp_path / "taken"))
    ran = cli("connection", "list")
    assert ran.status == 2
    assert "taken" in ran.stderr
    assert "CONNECTOR_HOME" in ran.stderr


def test_credentials_under_a_lost_key_say_so(connected: Cli, installation: Path) -> None:
    (installation / "secret.key").unlink()
    ran = connected("connection", "check", "main")
    assert ran.status == 2
    assert "CONNECTOR_SECRET_KEY" in ran.stderr


@pytest.mark.slow
def test_up_says_why_its_door_does_not_start(installation: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "CONNECTOR_DOOR_HOST": "0.0.0.0"}
    ran = subprocess.run(
        [sys.executable, "-m", "console", "up"], env=environment, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 1
    assert "Put a long random text into CONNECTOR_DOOR_TOKEN" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
