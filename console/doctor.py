"""`connector doctor`: what is wrong with the installation and with both shops, each with its fix (K19)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from console.errors import Status
from console.output import AsJson, result, say

_MARKS = {"pass": "✓", "warn": "!", "fail": "✗"}
_INDENT = " " * 4


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    connection: Annotated[
        str, typer.Option("--connection", "-c", help="Name of the connection; all of them when left out.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Check the installation and both shops of each connection: what passes, what to look at, what is wrong.

    Ends with 1 when something is wrong, with 3 when a shop cannot be reached. Nothing is changed.
    """
    from config.settings import settings
    from console.installation import set_up_console
    from deployments.prefect_environment import enter_prefect_environment
    from deployments.server import running_api

    enter_prefect_environment()
    set_up_console()
    if "PREFECT_API_URL" not in os.environ and (api := running_api(settings())) is not None:
        os.environ["PREFECT_API_URL"] = api
    # Only now: Prefect reads the environment when it is first imported.
    from tasks.doctor import connection_ids, examine_installation, examine_prestashop, examine_tiktok, finding_rows

    installation = finding_rows(examine_installation.fn())
    database = next(row for row in installation if row["check"] == "database")
    found: dict[str, list[dict[str, Any]]] = {}
    reachable = True
    for name, connection_id in connection_ids(connection).items() if database["level"] != "fail" else ():
        prestashop, tiktok = examine_prestashop.fn(connection_id), examine_tiktok.fn(connection_id)
        reachable = reachable and prestashop.reachable and tiktok.reachable
        found[name] = finding_rows([*prestashop, *tiktok])
    _show(installation, found, as_json=as_json)
    if not reachable:
        raise typer.Exit(Status.NO_ACCESS)
    if any(row["level"] == "fail" for rows in (installation, *found.values()) for row in rows):
        raise typer.Exit(Status.FAILED)


def _show(
    installation: Sequence[Mapping[str, Any]], found: Mapping[str, Sequence[Mapping[str, Any]]], *, as_json: bool
) -> None:
    everything = [*installation, *(row for rows in found.values() for row in rows)]
    counts = {level: sum(row["level"] == level for row in everything) for level in _MARKS}
    if as_json:
        result({"installation": installation, "connections": found, "counts": counts}, as_json=True)
        return
    _say_list(installation)
    for name, rows in found.items():
        say(f"\nConnection {name}")
        _say_list(rows)
    if not found:
        say("\nNo connection was looked at. Make one with: connector connection add")
    say(f"\n{counts['pass']} passed, {counts['warn']} to look at, {counts['fail']} wrong.")


def _say_list(rows: Sequence[Mapping[str, Any]]) -> None:
    """Findings below the name of their area, what is not right with its fix."""
    area = ""
    for row in rows:
        if row["area"] != area:
            area = row["area"]
            say(f"\n{area}")
        say(f"  {_MARKS[row['level']]} {row['check']}: {row['found']}")
        if row["fix"]:
            say(f"{_INDENT}→ {row['fix']}")
