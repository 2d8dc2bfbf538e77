"""What `connector setup` says without asking: every step with its state, and the command that does it (A8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.connections import AuthorizationState, Connection
from models.database import Database
from sandbox.server import Sandbox
from tests.console.conftest import Cli

pytestmark = pytest.mark.slow

TEMPLATE = "templates: [{name: Default, default: true, category: Home Supplies > Kitchenware > Mugs & Cups%s}]\n"


def states(data: dict[str, Any]) -> dict[str, str]:
    return {one["step"]: one["state"] for one in data["steps"]}


def missing(data: dict[str, Any]) -> list[dict[str, str]]:
    """What the next step lacks."""
    found: list[dict[str, str]] = next(one["missing"] for one in data["steps"] if one["step"] == data["next"])
    return found


def test_nothing_is_there_yet(cli: Cli) -> None:
    ran = cli("setup", "--json")
    assert ran.status == 1
    assert (ran.data["complete"], ran.data["next"]) == (False, "prestashop")
    assert set(states(ran.data).values()) == {"missing", "blocked"}
    assert missing(ran.data)[0]["command"].startswith("connector connection add shop --region")


def test_without_a_terminal_nobody_is_asked(cli: Cli) -> None:
    ran = cli("setup", input="uk\n")
    assert ran.status == 1
    assert "→ PrestaShop: address and webservice key: missing" in ran.stderr
    assert "$ connector connection add" in ran.stderr


def test_before_the_consent(cli: Cli, add_words: list[str], shops: Sandbox) -> None:
    assert cli("connection", "add", "main", *add_words).status == 0
    ran = cli("setup", "--status", "--json")
    assert ran.status == 1
    assert (states(ran.data)["app"], ran.data["next"]) == ("done", "consent")
    assert missing(ran.data)[0]["command"] == "connector connection authorize main"
    assert shops.prestashop_key not in ran.stdout + ran.stderr
    assert shops.app_secret not in ran.stdout + ran.stderr


def test_the_app_is_missing(cli: Cli, add_words: list[str]) -> None:
    assert cli("connection", "add", "main", *add_words, "--app-key", "").status == 0
    ran = cli("setup", "main", "--json")
    assert ran.data["next"] == "app"
    assert "connection change main --app-key" in missing(ran.data)[0]["command"]


def test_prestashop_no_longer_answers(connected: Cli, store: Database) -> None:
    with store.write() as session:
        session.get_one(Connection, 1).prestashop_url = "http://127.0.0.1:1"
    ran = connected("setup", "--json")
    assert (ran.status, ran.data["next"]) == (1, "prestashop")
    assert states(ran.data)["consent"] == "done", "what is right on the other side stays so"
    assert missing(ran.data)[0]["command"].startswith("connector connection change main --prestashop-url")


def test_no_shop_was_chosen(connected: Cli, store: Database) -> None:
    with store.write() as session:
        connection = session.get_one(Connection, 1)
        connection.shop_id = connection.shop_name = connection.shop_cipher = ""
        assert connection.authorization is AuthorizationState.AUTHORIZED
    ran = connected("setup", "--json")
    assert ran.data["next"] == "consent"
    assert missing(ran.data)[0]["command"] == "connector connection authorize main --shop NAME"


def test_template_then_configuration_then_rehearsal(connected: Cli, tmp_path: Path) -> None:
    assert connected("setup", "--json").data["next"] == "template"
    file = tmp_path / "templates.yaml"
    file.write_text(TEMPLATE % "")
    assert connected("templates", "import", str(file)).status == 0
    unmapped = connected("setup", "--json").data
    assert unmapped["next"] == "template"
    assert "required attribute Material is not mapped" in missing(unmapped)[0]["what"]
    file.write_text(TEMPLATE % ", attributes: [{attribute: Material, source: fixed, values: [Ceramic]}]")
    assert connected("templates", "import", str(file)).status == 0
    data = connected("setup", "--json").data
    assert data["next"] == "configuration"
    assert {lack["command"].split(" --connection")[0] for lack in missing(data)} == {
        "connector settings set orders.shipping=not_booked",
        "connector carriers map CARRIER PROVIDER",
    }


def test_several_connections_have_to_be_named(connected: Cli, add_words: list[str]) -> None:
    assert connected("connection", "add", "second", *add_words).status == 0
    ran = connected("setup", "--status")
    assert ran.status == 2
    assert "main, second" in ran.stderr
    assert connected("setup", "second", "--json").data["connection"] == "second"


def test_what_was_entered_can_be_changed(
    cli: Cli, add_words: list[str], store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("connection", "add", "main", *add_words).status == 0
    monkeypatch.setenv("OTHER", "X" * 32)
    ran = cli("connection", "change", "main", "--app-key", "other", "--region", "de", "--json")
    assert ran.data == {"connection": "main", "changed": ["region", "app_key"]}
    refused = cli("connection", "change", "main", "--prestashop-key-env", "OTHER")
    assert (refused.status, "key is wrong" in refused.stderr) == (3, True)
    assert cli("connection", "check").stderr.startswith("PrestaShop: reachable"), "the key that works stays"


def test_the_region_of_an_authorized_connection_stays(connected: Cli) -> None:
    ran = connected("connection", "change", "main", "--region", "DE")
    assert ran.status == 3
    assert "was authorized for GB" in ran.stderr
