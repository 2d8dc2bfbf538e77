"""`connector up`: what is asked of the sandbox is checked before anything starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.settings import settings
from tests.console.conftest import Cli


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--faults", "throttle=0.1"), "Add --sandbox"),
        (("--timing", "measured"), "Add --sandbox"),
        (("--sandbox", "--timing", "slow"), "none or measured"),
        (("--sandbox", "--faults", "nonsense=0.5"), "unknown fault"),
    ],
)
def test_a_wrong_choice_is_said(cli: Cli, words: tuple[str, ...], says: str) -> None:
    ran = cli("up", *words)
    assert ran.status == 2
    assert says in ran.stderr


@pytest.mark.parametrize("given", ["", "sandbox"])
def test_the_sandbox_has_a_home_of_its_own(
    cli: Cli, installation: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("CONNECTOR_HOME", str(installation / given))
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", "postgresql://real")
    monkeypatch.setenv("PREFECT_API_URL", "http://real/api")
    settings.cache_clear()
    cli("up", "--sandbox", "--faults", "nonsense=0.5")
    home = installation / "sandbox"
    assert os.environ["CONNECTOR_HOME"] == str(home)
    assert settings().database == f"sqlite:///{home / 'connector.db'}"
    assert os.environ["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
