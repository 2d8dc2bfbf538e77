"""`connector new-key|rotate-key`: an installation gets another key, and the old one goes."""

from __future__ import annotations

from config.settings import settings
from tests.console.conftest import Cli


def test_an_installation_gets_another_key(connected: Cli) -> None:
    file = settings().key_file
    old, new = file.read_text().strip(), connected("new-key").stdout.strip()
    file.write_text(f"{new}\n")
    refused = connected("rotate-key")
    assert refused.status != 0
    assert "with any of the given keys" in refused.stderr
    file.write_text(f"{new}\n{old}\n")
    assert connected("rotate-key", "--json").data["connection"] >= 2
    assert "can go" in connected("rotate-key").stderr
    file.write_text(f"{new}\n")
    assert connected("connection", "check", "main").status == 0
