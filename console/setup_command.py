"""`connector setup`: from nothing to a running connection, a step at a time (A8).

On a terminal each step asks for what is missing and is checked with the shops before the next one begins. Elsewhere,
and with --status, the steps are listed with the command that does each of them without questions.
"""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.errors import Refused, Status
from console.output import AsJson, result, say

if TYPE_CHECKING:
    from rules.setup import Setup, StepState

_MARKS = {"done": "✓", "missing": "→", "blocked": "·"}
_FIRST_NAME = "shop"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(setup)


def setup(
    connection: Annotated[str, typer.Argument(help="Name of the connection, there already or to be made.")] = "",
    status: Annotated[bool, typer.Option("--status", help="Only say what is done and what is missing.")] = False,
    prestashop_key_env: Annotated[str, typer.Option(help="Environment variable that holds the webservice key.")] = "",
    app_secret_env: Annotated[str, typer.Option(help="Environment variable that holds the app secret.")] = "",
    tiktok_url: Annotated[str, typer.Option(help="Another server in place of TikTok Shop's API.")] = "",
    auth_url: Annotated[str, typer.Option(help="Another server in place of TikTok Shop's authorization.")] = "",
    as_json: AsJson = False,
) -> None:
    """Set a connection up, or go on where that was interrupted: PrestaShop, TikTok Shop, template, configuration.

    Ends with 0 when everything is done, with 1 when something is missing.
    """
    _open()
    name = connection or _only_connection()
    if status or as_json or not at_terminal():
        judged = look(name or _FIRST_NAME)
        _show(name or _FIRST_NAME, judged, as_json=as_json)
    else:
        from console.setup_steps import Given, Guide

        given = Given(prestashop_key_env, app_secret_env, tiktok_url, auth_url)
        try:
            name = name or typer.prompt("Name of the connection", default=_FIRST_NAME, err=True)
            judged = Guide(name, given).walk()
        except (typer.Abort, KeyboardInterrupt):
            command = shlex.join(["connector", "setup", *([name] if name else [])])
            say(f"\nStopped here. The same command goes on from this step: {command}")
            raise typer.Exit(Status.FAILED) from None
    if not judged.complete:
        raise typer.Exit(Status.FAILED)


def at_terminal() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty()


def _open() -> None:
    """The tables, and the environment of Prefect, which reads it when it is first imported."""
    from console.installation import open_installation
    from deployments.prefect_environment import enter_prefect_environment
    from deployments.server import running_api

    process = enter_prefect_environment(
        PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL="CRITICAL", PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="120"
    )
    open_installation()
    if "PREFECT_API_URL" not in os.environ and (api := running_api(process)) is not None:
        os.environ["PREFECT_API_URL"] = api


def _only_connection() -> str:
    """The name of the connection when there is one, "" when there is none.

    Raises:
        Refused: there are several.
    """
    from tasks.doctor import connection_ids

    names = list(connection_ids(""))
    if len(names) > 1:
        raise Refused(f"There are several connections, say which: connector setup NAME. There are: {', '.join(names)}")
    return names[0] if names else ""


def look(name: str) -> Setup:
    """The steps of a connection as they stand; both shops are asked."""
    from rules.setup import judge_setup
    from tasks.setup import setup_facts

    return judge_setup(setup_facts(name))


def _show(name: str, judged: Setup, *, as_json: bool) -> None:
    if as_json:
        result(_as_data(name, judged), as_json=True)
        return
    say(f"Set-up of {name}\n")
    for one in judged.steps:
        say_step(one)
    say("\nEverything is done. Next: connector up" if judged.complete else "\nGuided, step by step: connector setup")


def say_step(one: StepState) -> None:
    """One step; the one to take now with what it lacks and how that is done without questions."""
    say(f"  {_MARKS[one.state]} {one.step.words}: {one.state.value}")
    for lack in one.missing if one.state == "missing" else ():
        say(f"      {lack.what} {lack.fix}".rstrip())
        if lack.command:
            say(f"      $ {lack.command}")


def _as_data(name: str, judged: Setup) -> dict[str, Any]:
    following = judged.next
    return {
        "connection": name,
        "complete": judged.complete,
        "next": following.step.value if following else None,
        "steps": [
            {
                "step": one.step.value,
                "title": one.step.words,
                "state": one.state.value,
                "missing": [{"what": lack.what, "fix": lack.fix, "command": lack.command} for lack in one.missing],
            }
            for one in judged.steps
        ],
    }
