"""Settings from the command line: shown, changed, compared, rolled back; every change is a version (K15)."""

from __future__ import annotations

import pytest

from tests.console.conftest import Cli


@pytest.fixture
def main(cli: Cli, add_words: list[str]) -> Cli:
    """The command line with one connection."""
    assert cli("connection", "add", "main", *add_words).status == 0
    return cli


def test_the_defaults_are_version_0(main: Cli) -> None:
    ran = main("settings", "show", "--json")
    assert ran.data["version"] == 0
    assert ran.data["settings"]["products"]["inventory_threshold"] == 0


def test_a_change_is_a_version_and_says_what_it_changed(main: Cli) -> None:
    ran = main("settings", "set", "products.inventory_threshold=3", "products.markup.kind=multiply",
               "products.markup.amount=1.2", "orders.shipped_states=[4, 5]", "--json")  # fmt: skip
    assert ran.status == 0
    assert ran.data["version"] == 1
    assert {row["setting"]: row["to"] for row in ran.data["changed"]} == {
        "products.inventory_threshold": 3,
        "products.markup.kind": "multiply",
        "products.markup.amount": "1.2",
        "orders.shipped_states": [4, 5],
    }
    assert main("settings", "show", "--json").data["settings"]["products"]["markup"]["amount"] == "1.2"


def test_setting_the_same_again_makes_no_version(main: Cli) -> None:
    main("settings", "set", "products.inventory_threshold=3")
    ran = main("settings", "set", "products.inventory_threshold=3", "--json")
    assert ran.data == {"version": 1, "changed": []}


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("products.inventory=3", "products.inventory: there is no such setting"),
        ("products.inventory_threshold=many", "products.inventory_threshold: Input should be a valid integer"),
        ("products.gtin_exempt=true", "gtin_exempt needs gtin_exemption_reason"),
        ("products", "is not of the form name=value"),
        ("=3", "is not of the form name=value"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(main: Cli, word: str, says: str) -> None:
    ran = main("settings", "set", word)
    assert ran.status == 2
    assert says in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert main("settings", "history", "--json").data == []


def test_history_diff_and_rollback(main: Cli) -> None:
    main("settings", "set", "products.inventory_threshold=3")
    main("settings", "set", "products.inventory_threshold=7")
    change = {"setting": "products.inventory_threshold", "from": 3, "to": 7}
    assert main("settings", "diff", "1", "--json").data == {"from": 1, "to": 2, "changed": [change]}
    assert main("settings", "diff", "2", "2").status == 0
    ran = main("settings", "rollback", "1", "--json")
    assert ran.data["version"] == 3
    history = main("settings", "history", "--json").data
    assert [(row["version"], row["in force"]) for row in history] == [(3, True), (2, False), (1, False)]
    assert history[0]["note"] == "rolled back to version 1"
    assert main("settings", "show", "--json").data["settings"]["products"]["inventory_threshold"] == 3
    assert main("settings", "rollback", "0").status == 0
    assert main("settings", "rollback", "99").status == 2


def test_which_connection_has_to_be_clear(main: Cli, add_words: list[str]) -> None:
    main("connection", "add", "second", *add_words)
    ran = main("settings", "show")
    assert ran.status == 2
    assert "--connection: main, second" in ran.stderr
    assert main("settings", "show", "--connection", "second").status == 0
