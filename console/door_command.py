"""`connector door`: the HTTP door for redirects, messages of TikTok Shop, cron URLs, health and metrics."""

from __future__ import annotations

import os
import sys
import threading
from typing import Annotated

import typer

from console.output import say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(door)


def door(
    host: Annotated[str, typer.Option(help="Address to listen on; CONNECTOR_DOOR_HOST when left out.")] = "",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; CONNECTOR_DOOR_PORT when left out.")
    ] = 0,
    end_with_stdin: Annotated[
        bool, typer.Option(help="End when standard input does: with the process that started this one.")
    ] = False,
) -> None:
    """Serve what others call from outside, until Ctrl-C or SIGTERM. `connector up` does this too."""
    if end_with_stdin:
        threading.Thread(target=_end_with_stdin, name="stdin", daemon=True).start()
    from deployments.prefect_environment import enter_serving_environment

    process = enter_serving_environment()
    from console.installation import open_installation

    open_installation()
    from console.door.app import serve

    serve(host or process.door_host, port or process.door_port, say)


def _end_with_stdin() -> None:
    """At once: who would start another door must not find this one on its port. Messages are stored before answers."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)
