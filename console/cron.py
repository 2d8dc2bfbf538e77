"""`connector cron …`: URLs with which a scheduler elsewhere starts jobs (D2)."""

from __future__ import annotations

from typing import Annotated

import typer

from console.output import AsJson, ConnectionName, result, table

app = typer.Typer(no_args_is_help=True, help="Cron URLs: jobs started by a scheduler elsewhere.")


@app.command("list")
def list_urls(connection: ConnectionName = "", as_json: AsJson = False) -> None:
    """List the URL of every job with the recommended interval. Whoever has a URL can start the job.

    Logs on the way keep URLs. A scheduler that can send headers leaves "?key=…" away and sends the key as X-Cron-Key.
    """
    from console.installation import open_installation

    open_installation()
    from config.settings import settings
    from console.door.app import public_url
    from console.door.pages import interval
    from tasks.cron import cron_jobs

    base = public_url(settings())
    rows = [
        {
            "connection": job.connection,
            "job": job.job,
            "every": interval(job.seconds),
            "seconds": job.seconds,
            "url": f"{base}{job.path}?key={job.key}",
        }
        for job in cron_jobs(connection)
    ]
    table(
        rows,
        ["connection", "job", "every", "url"],
        as_json=as_json,
        empty="There is no connection yet. Make one with: connector setup",
    )


@app.command()
def rotate(
    connection: Annotated[str, typer.Argument(help="Name of the connection.")],
    as_json: AsJson = False,
) -> None:
    """Give a connection a new key: its present cron URLs are refused from now on."""
    from console.installation import open_installation

    open_installation()
    from tasks.cron import rotate_key

    rotate_key(connection)
    result(
        {"connection": connection, "rotated": True},
        as_json=as_json,
        text=f"Connection {connection} has a new key. See the URLs with: connector cron list --connection {connection}",
    )
