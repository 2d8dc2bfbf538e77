"""Secrets reach a command through a named environment variable or a hidden prompt, never as an argument."""

from __future__ import annotations

import os

import typer

from console.errors import Refused


def secret(variable: str, prompt: str) -> str:
    """The value of the named environment variable; asked for without echo when no variable is named.

    Raises:
        Refused: the variable is not set or empty.
    """
    if not variable:
        return str(typer.prompt(prompt, hide_input=True, err=True))
    value = os.environ.get(variable, "").strip()
    if not value:
        raise Refused(f"The environment variable {variable} is not set. Put the {prompt} into it.")
    return value
