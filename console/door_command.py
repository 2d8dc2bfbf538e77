"""`connector door`: the HTTP door for redirects, messages of TikTok Shop, cron URLs, health and metrics."""

from __future__ import annotations

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
) -> None:
    """Serve what others call from outside, until Ctrl-C or SIGTERM. `connector up` does this too."""
    from deployments.prefect_environment import enter_serving_environment

    process = enter_serving_environment()
    from console.installation import open_installation

    open_installation()
    from console.door.app import serve

    serve(host or process.door_host, port or process.door_port, say)
