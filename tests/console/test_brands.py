"""Brands from the command line: list, map, suggest (E1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.conftest import Cli


@pytest.fixture
def known(connected: Cli, tmp_path: Path) -> Cli:
    """A connection whose manufacturers and brands are known: reading a template's names fetches both."""
    path = tmp_path / "templates.yaml"
    path.write_text(
        "templates: [{name: A, default: true, manufacturers: [1], category: Home Supplies > Home Decor > Candles}]\n"
    )
    assert connected("templates", "import", str(path)).status == 0
    return connected


def mapped(cli: Cli) -> dict[str, str]:
    return {row["manufacturer"]: row["brand"] for row in cli("brands", "list", "--json").data}


def test_every_manufacturer_is_listed_mapped_or_not(known: Cli) -> None:
    assert mapped(known)["Studio Aurora"] == "not mapped"
    assert known("brands", "map", "Studio Aurora", "atelier nord").status == 0
    assert mapped(known)["Studio Aurora"] == "Atelier Nord"
    assert known("brands", "map", "Studio Aurora", "").status == 0
    assert mapped(known)["Studio Aurora"] == "(none is sent)"


def test_an_unknown_brand_is_refused(known: Cli) -> None:
    ran = known("brands", "map", "Studio Aurora", "Atelier Sud")
    assert ran.status == 2
    assert "Do you mean 'Atelier Nord'" in ran.stderr
    assert mapped(known)["Studio Aurora"] == "not mapped"


def test_suggestions_are_for_those_not_mapped_and_change_nothing(known: Cli) -> None:
    known("brands", "map", "Studio Aurora", "Atelier Nord")
    suggested = {row["manufacturer"]: row["suggestions"] for row in known("brands", "suggest", "--json").data}
    assert "Studio Aurora" not in suggested
    assert suggested
    assert mapped(known)[next(iter(suggested))] == "not mapped"


def test_before_the_brands_were_read_that_is_said(connected: Cli) -> None:
    ran = connected("brands", "map", "Studio Aurora", "Atelier Nord")
    assert ran.status == 1
    assert "connector run taxonomy_refresh" in ran.stderr
