"""`connector backup|restore`: words, JSON, and asking first."""

from __future__ import annotations

from pathlib import Path

from models.database import Database
from tests.console.conftest import Cli
from tests.models.rows import store_connection


def test_a_copy_goes_and_comes_back(cli: Cli, store: Database, tmp_path: Path) -> None:
    file = tmp_path / "copy.db"
    store_connection(store, "before")
    ran = cli("backup", str(file))
    assert ran.status == 0
    assert "secret.key" in ran.stderr
    store_connection(store, "after")
    assert cli("restore", str(file), input="n\n").status == 1
    assert len(cli("connection", "list", "--json").data) == 2
    told = cli("restore", str(file), "--yes", "--json")
    assert told.status == 0
    assert Path(told.data["replaced"]).is_file()
    assert "does not open" in told.stderr
    assert [one["name"] for one in cli("connection", "list", "--json").data] == ["before"]


def test_what_cannot_be_is_said(cli: Cli, store: Database, tmp_path: Path) -> None:
    file = tmp_path / "copy.db"
    assert cli("backup", str(file), "--json").data["key"] is None
    again = cli("backup", str(file))
    assert again.status == 1
    assert "--overwrite" in again.stderr
    with store.exclusive("up"):
        busy = cli("restore", str(file), "--yes")
    assert busy.status == 1
    assert "Stop it" in busy.stderr
    assert cli("restore", str(tmp_path / "none"), "--yes").status == 1


def test_the_key_is_only_copied_when_asked(connected: Cli, tmp_path: Path) -> None:
    file = tmp_path / "copy.db"
    ran = connected("backup", str(file), "--with-key")
    assert "keep them apart" in ran.stderr
    assert (tmp_path / "copy.db.key").is_file()
    told = connected("restore", str(file), "--yes", "--with-key", "--json").data
    assert told["credentials_readable"] is True
    assert told["replaced_key"] is None
