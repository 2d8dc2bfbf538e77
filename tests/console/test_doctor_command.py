"""`connector doctor`: a list for people, JSON for machines, and an exit status for scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.database import Database, database
from rules.doctor import Area, Check
from sandbox.server import Sandbox
from tasks import doctor as looking
from tests.console.conftest import Cli


@pytest.fixture
def down(shops: Sandbox) -> Iterator[None]:
    """PrestaShop answers nothing."""
    shops.prestashop.down = True
    yield
    shops.prestashop.down = False


def test_without_a_connection_the_installation_is_looked_at(cli: Cli) -> None:
    ran = cli("doctor", "--json")
    assert ran.status == 0
    assert ran.data["connections"] == {}
    assert {row["check"] for row in ran.data["installation"]} == {
        "database",
        "secret key",
        "key file",
        "disk",
        "Prefect server",
        "mail",
        "connections",
    }


def test_what_is_wrong_is_told_by_area_with_its_fix(connected: Cli, shops: Sandbox) -> None:
    ran = connected("doctor")
    assert ran.status == 1
    assert ran.stdout == ""
    assert re.search(
        r"PrestaShop: orders\n(  .*\n|    → .*\n)*  ✗ fee product: .*SHIP-TIKTOK.*\n    → Make", ran.stderr
    )
    assert "  ✓ currency: GBP" in ran.stderr
    assert ran.stderr.count("Cannot be seen over the webservice") == 1
    assert re.search(r"\d+ passed, \d+ to look at, \d+ wrong\.\n$", ran.stderr)
    for secret in (shops.prestashop_key, shops.app_secret, shops.shop_cipher):
        assert secret not in ran.stderr


def test_json_counts_what_it_lists(connected: Cli) -> None:
    ran = connected("doctor", "--connection", "main", "--json")
    rows = [*ran.data["installation"], *ran.data["connections"]["main"]]
    assert set(rows[0]) == {"area", "check", "level", "found", "fix"}
    for level, number in ran.data["counts"].items():
        assert number == sum(row["level"] == level for row in rows)
    assert all(row["fix"] for row in rows if row["level"] != "pass")


def test_a_shop_that_is_not_reachable_ends_with_3(connected: Cli, down: None) -> None:
    ran = connected("doctor", "--json")
    assert ran.status == 3
    told = {row["check"]: row["level"] for row in ran.data["connections"]["main"]}
    assert told["webservice"] == "fail"
    # The other shop was looked at all the same.
    assert told["prerequisites"] == "pass"


def test_warnings_are_no_failure(connected: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    diagnosis = looking.Diagnosis([Check(Area.TIKTOK, "scopes").warn("not told", "nothing")])
    for name in ("examine_prestashop", "examine_tiktok"):
        monkeypatch.setattr(getattr(looking, name), "fn", lambda _: diagnosis)
    ran = connected("doctor")
    assert ran.status == 0
    assert "  ! scopes: not told\n    → nothing" in ran.stderr


def test_an_unknown_connection_is_wrong_use(connected: Cli) -> None:
    ran = connected("doctor", "--connection", "moon")
    assert ran.status == 2
    assert "main" in ran.stderr


def test_tables_are_looked_at_and_not_changed(connected: Cli, store: Database, installation: Path) -> None:
    with store.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")
    ran = connected("doctor", "--json")
    assert ran.status == 1
    assert [row["check"] for row in ran.data["installation"] if row["level"] == "fail"] == ["database"]
    with database().read() as session:
        assert session.connection().exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "0002"
