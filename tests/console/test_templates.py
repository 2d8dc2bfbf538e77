"""Category templates from the command line (F1–F3, F10, F11, F13)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from models.catalogue import Product
from models.connections import Connection
from models.database import Database
from models.listings import Assignment
from models.templates import CategoryTemplate
from tests.console.conftest import Cli

FILE = """\
templates:
  - name: Mugs
    position: 2
    category: Home Supplies > Kitchenware > Mugs & Cups
    manufacturers: [Studio Aurora]
  - name: Plates
    position: 1
    categories: [Home & Living]
  - name: Everything else
    position: 9
    default: true
"""


@pytest.fixture
def stocked(connected: Cli, tmp_path: Path, store: Database) -> Cli:
    """A connection with three templates, three mirrored products, two of them assigned."""
    path = tmp_path / "templates.yaml"
    path.write_text(FILE)
    ran = connected("templates", "import", str(path))
    assert ran.status == 0, ran.stderr
    with store.write() as session:
        key = session.exec(select(Connection)).one().key
        mugs = session.exec(select(CategoryTemplate).where(CategoryTemplate.name == "Mugs")).one()
        for number, manufacturer, category in ((1, 1, 2), (2, 1, 10), (3, 0, 2)):
            session.add(
                Product(
                    connection_id=key, id_product=number, id_manufacturer=manufacturer, id_category_default=category
                )
            )
        for number in (1, 2):
            session.add(
                Assignment(
                    connection_id=key,
                    id_product=number,
                    template_id=mugs.key,
                    inputs_hash="x",
                    decided_at=datetime(2026, 11, 20, tzinfo=UTC),
                )
            )
    return connected


def names(cli: Cli, *words: str) -> list[str]:
    return [row["name"] for row in cli("templates", "list", "--json", *words).data]


def test_the_list_has_category_and_items_and_can_be_sorted(stocked: Cli) -> None:
    rows = {row["name"]: row for row in stocked("templates", "list", "--json").data}
    assert rows["Mugs"]["category"] == "Home Supplies > Kitchenware > Mugs & Cups"
    assert (rows["Mugs"]["items"], rows["Plates"]["items"]) == (2, 0)
    assert names(stocked) == ["Plates", "Mugs", "Everything else"]
    assert names(stocked, "--sort", "name") == ["Everything else", "Mugs", "Plates"]
    assert names(stocked, "--sort", "items")[-1] == "Mugs"
    assert names(stocked, "--sort", "id") == ["Mugs", "Plates", "Everything else"]
    assert "Mugs & Cups" in stocked("templates", "list").stderr


def test_items_can_be_counted_before_a_template_is_stored(stocked: Cli, tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    path.write_text("templates: [{name: New, manufacturers: [Studio Aurora]}, {name: All}]\n")
    assert stocked("templates", "count", str(path), "--json").data == [
        {"name": "New", "items": 2},
        {"name": "All", "items": 3},
    ]
    assert stocked("templates", "count", "Mugs", "--json").data == [{"name": "Mugs", "items": 2}]
    assert "New" not in names(stocked)


def test_counting_without_a_mirror_says_what_to_run(connected: Cli, tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    path.write_text("templates: [{name: All}]\n")
    ran = connected("templates", "count", str(path))
    assert ran.status == 2
    assert "connector run catalog_upload --dry-run" in ran.stderr


def test_an_unknown_name_is_answered_with_those_there_are(stocked: Cli) -> None:
    ran = stocked("templates", "show", "Mug")
    assert ran.status == 2
    assert "There are: Everything else, Mugs, Plates" in ran.stderr


def test_show_prints_what_a_file_would_say(stocked: Cli) -> None:
    shown = stocked("templates", "show", "Mugs", "--json").data
    assert shown == {
        "name": "Mugs",
        "position": 2,
        "manufacturers": ["Studio Aurora"],
        "category": "Home Supplies > Kitchenware > Mugs & Cups",
    }


def test_export_and_import_are_each_others_inverse(stocked: Cli, tmp_path: Path) -> None:
    path = tmp_path / "out.yaml"
    assert stocked("templates", "export", str(path)).status == 0
    assert stocked("templates", "import", str(path), "--prune", "--json").data["changed"] == []


def test_products_of_a_deleted_template_go_to_the_default_one(stocked: Cli, store: Database) -> None:
    assert stocked("templates", "delete", "Mugs", "Plates", "--yes").status == 0
    assert names(stocked) == ["Everything else"]
    with store.read() as session:
        default = session.exec(select(CategoryTemplate)).one()
        rows = session.exec(select(Assignment)).all()
    assert {row.template_id for row in rows} == {default.key}
    assert {row.inputs_hash for row in rows} == {""}, "they are worked out again"


def test_the_default_template_cannot_be_deleted_and_then_none_is(stocked: Cli) -> None:
    ran = stocked("templates", "delete", "Mugs", "Everything else", "--yes")
    assert ran.status == 2
    assert "cannot be deleted" in ran.stderr
    assert "Mugs" in names(stocked)


def test_deleting_asks_first(stocked: Cli) -> None:
    assert stocked("templates", "delete", "Mugs", input="n\n").status == 1
    assert "Mugs" in names(stocked)
