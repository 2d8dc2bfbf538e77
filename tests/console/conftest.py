"""A command line on an installation of the test's own, and a sandbox to connect it to."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import stamina
import typer.testing
from typer.testing import CliRunner

from console.cli import app
from models.database import Database, database
from sandbox.server import Sandbox
from tests.clients_of_a_test import closing_clients

_COMMAND = typer.main.get_command(app)

Cli = Callable[..., "Ran"]


@dataclass(frozen=True)
class Ran:
    """What one command did: exit status, stdout for machines, stderr for people."""

    status: int
    stdout: str
    stderr: str

    @property
    def data(self) -> Any:
        """The JSON on stdout."""
        return json.loads(self.stdout)


@pytest.fixture
def cli(installation: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """Runs a command in this process on a migrated SQLite installation."""
    installation.mkdir()
    shutil.copy(sqlite_template, installation / "connector.db")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    # Typer works out all commands anew for every call otherwise.
    monkeypatch.setattr(typer.testing, "_get_command", lambda _app: _COMMAND)
    # Commands that run flows add Prefect's variables.
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for shop in ("TIKTOK_READS", "TIKTOK_WRITES", "PRESTASHOP_CALLS"):
        monkeypatch.setenv(f"CONNECTOR_{shop}_PER_SECOND", "1000")
    stamina.set_testing(True, attempts=1)

    def run(*words: str, input: str | None = None) -> Ran:
        ran = CliRunner().invoke(app, list(words), input=input)
        if ran.exception is not None and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        return Ran(ran.exit_code, ran.stdout, ran.stderr)

    with closing_clients(monkeypatch):
        yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    stamina.set_testing(False)


@pytest.fixture
def store(cli: Cli) -> Database:
    """The tables the commands work on."""
    return database()


@pytest.fixture(scope="session")
def shops() -> Iterator[Sandbox]:
    """Both shops, small; tests of commands do not change them."""
    with Sandbox(products=12, seed=3) as sandbox:
        yield sandbox


@pytest.fixture
def secrets_in_environment(shops: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox's own secrets, in the variables that commands are told."""
    monkeypatch.setenv("SHOP_KEY", shops.prestashop_key)
    monkeypatch.setenv("APP_SECRET", shops.app_secret)


@pytest.fixture
def add_words(shops: Sandbox, secrets_in_environment: None) -> list[str]:
    """`connection add` without the name."""
    return [
        *("--region", "GB", "--prestashop-url", shops.prestashop_url, "--prestashop-key-env", "SHOP_KEY"),
        *("--tiktok-url", shops.tiktok_url, "--app-key", shops.app_key, "--app-secret-env", "APP_SECRET"),
        *("--service-id", shops.service_id),
    ]


@pytest.fixture(scope="session")
def _homes() -> dict[str, Path]:
    """Installations that were set up once, to copy."""
    return {}


@pytest.fixture
def connected(
    cli: Cli,
    installation: Path,
    shops: Sandbox,
    add_words: list[str],
    _homes: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Cli:
    """The command line with one connection, `main`, authorized."""

    def connect() -> None:
        assert cli("connection", "add", "main", *add_words).status == 0
        assert cli("connection", "authorize", "main", "--code", shops.auth_code()).status == 0

    set_up_once("connected", connect, installation, _homes, tmp_path_factory)
    return cli


def set_up_once(
    name: str, steps: Callable[[], None], installation: Path, homes: dict[str, Path], folders: pytest.TempPathFactory
) -> None:
    """Take the steps the first time a session asks for them; later the home folder they led to is copied."""
    if name not in homes:
        steps()
        database().dispose()
        homes[name] = folders.mktemp("home") / name
        shutil.copytree(installation, homes[name])
        return
    database().dispose()
    shutil.rmtree(installation)
    shutil.copytree(homes[name], installation)
