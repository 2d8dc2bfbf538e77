"""`connector sandbox` prints everything that a connection to it needs, ready to paste."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from config.settings import settings
from sandbox.server import Sandbox
from tests.console.conftest import Cli


def test_the_printed_lines_make_a_working_connection(
    cli: Cli, installation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    printed: list[str] = []

    def serve(_sandbox: Sandbox) -> None:
        """Instead of waiting for Ctrl-C: type what was printed."""
        lines = printed_lines()
        for line in lines:
            words = shlex.split(line)
            if words[0] == "export":
                for word in words[1:]:
                    monkeypatch.setenv(*word.split("=", 1))
                settings.cache_clear()
            elif words[:2] == ["connector", "connection"]:
                printed.append(line)
                assert cli(*words[1:]).status == 0

    shown: list[str] = []

    def printed_lines() -> list[str]:
        text = "\n".join(shown).replace("\\\n", " ")
        return [line.strip() for line in text.splitlines() if line.strip().startswith(("export ", "connector "))]

    import console.sandbox_command

    def result(_data: object, *, as_json: bool, text: str = "") -> None:
        shown.append(text)

    monkeypatch.setattr(console.sandbox_command, "result", result)
    monkeypatch.setattr(Sandbox, "serve_forever", serve)
    assert cli("sandbox", "--products", "5").status == 0
    assert len(printed) == 3
    (made,) = cli("connection", "list", "--json").data
    assert (made["authorization"], made["runs"]) == ("authorized", "yes")
    monkeypatch.setenv("CONNECTOR_HOME", str(installation))
    settings.cache_clear()
    assert cli("connection", "list", "--json").data == [], "the home of real shops is left alone"


def test_as_json_it_is_what_programs_need(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sandbox, "serve_forever", lambda _sandbox: None)
    access = cli("sandbox", "--products", "5", "--region", "de", "--prestashop-version", "1.7.8", "--json").data
    assert access["region"] == "DE"
    assert {"prestashop_url", "prestashop_key", "tiktok_url", "app_key", "app_secret", "service_id"} <= set(access)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--prestashop-version", "1.6"), "1.7.8, 8.2 and 9.0"),
        (("--timing", "slow"), "none or measured"),
        (("--region", "XX"), "is not a TikTok Shop market"),
        (("--faults", "nonsense=0.5"), "cannot be made like that"),
    ],
)
def test_a_wrong_choice_is_said(cli: Cli, words: tuple[str, ...], says: str) -> None:
    ran = cli("sandbox", *words)
    assert ran.status == 2
    assert says in ran.stderr


def test_a_port_in_use_is_said(cli: Cli, shops: Sandbox) -> None:
    port = shops.prestashop_url.rsplit(":", 1)[1]
    ran = cli("sandbox", "--prestashop-port", port)
    assert ran.status == 2
    assert "--prestashop-port" in ran.stderr
