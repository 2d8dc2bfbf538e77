"""Every command and every option says what it is for, and --help does not wait for heavy libraries."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from console.cli import app

# Every command people can type; a new one is added here and to the README.
COMMANDS = {
    "apply",
    "backup",
    "brands list",
    "brands map",
    "brands suggest",
    "carriers list",
    "carriers map",
    "carriers suggest",
    "carriers unmap",
    "connection add",
    "connection authorize",
    "connection change",
    "connection check",
    "connection list",
    "connection remove",
    "connection show",
    "connection start",
    "connection stop",
    "cron list",
    "cron rotate",
    "db upgrade",
    "demo",
    "deploy",
    "doctor",
    "door",
    "explain",
    "links auto",
    "links link",
    "links list",
    "links propose",
    "links unlink",
    "links unlinked",
    "new-key",
    "orders answer",
    "orders cancel",
    "orders counts",
    "orders delete",
    "orders erase",
    "orders fetch",
    "orders import",
    "orders list",
    "orders ship",
    "orders show",
    "orders sync",
    "parked done",
    "parked edit",
    "parked list",
    "parked replay",
    "parked show",
    "plan",
    "products activate",
    "products deactivate",
    "products delete",
    "products list",
    "products recover",
    "products show",
    "products sync-status",
    "products upload",
    "restore",
    "rotate-key",
    "run",
    "sandbox",
    "settings copy",
    "settings diff",
    "settings export",
    "settings history",
    "settings import",
    "settings rollback",
    "settings set",
    "settings show",
    "setup",
    "statuses list",
    "statuses map",
    "statuses unmap",
    "templates count",
    "templates delete",
    "templates export",
    "templates import",
    "templates list",
    "templates show",
    "up",
    "webhooks list",
    "webhooks subscribe",
    "webhooks unsubscribe",
}
# They print words for people only, or something that is no result.
WITHOUT_JSON = {"demo", "door", "new-key", "up"}


def commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            assert command.help, f"{prefix}{name} has no help"
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


ALL = dict(commands(get_command(app)))


def test_these_are_all_the_commands() -> None:
    assert set(ALL) == COMMANDS


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_command_and_its_parameters_have_help(name: str) -> None:
    command = ALL[name]
    assert command.help
    assert command.help.strip().endswith((".", ".]"))
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name}: {parameter.name} has no help"


@pytest.mark.parametrize("name", sorted(set(ALL) - WITHOUT_JSON))
def test_a_command_that_prints_can_print_json(name: str) -> None:
    assert "--json" in {option for parameter in ALL[name].params for option in parameter.opts}


def test_no_secret_is_a_plain_argument() -> None:
    names = {option for command in ALL.values() for parameter in command.params for option in parameter.opts}
    assert {"--prestashop-key-env", "--app-secret-env"} <= names
    # An id, and a flag.
    allowed = {"--app-key", "--with-key"}
    assert not {name for name in names if name.endswith(("-key", "-secret", "-token", "-password"))} - allowed


def test_help_imports_neither_prefect_nor_the_tables_nor_http() -> None:
    code = (
        "import sys; import console.cli;"
        "print([name for name in ('prefect', 'sqlmodel', 'sqlalchemy', 'httpx', 'pydantic') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
