"""`connector backup|restore`: a copy of the database while everything runs, and putting one back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.errors import Refused, Status
from console.output import AsJson, result, say


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[Path, typer.Argument(help="File to write; only you can read it.")],
    with_key: Annotated[
        bool, typer.Option("--with-key", help="Copy the key file too, to FILE.key: keep it in another place than FILE.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Copy the database into a file, also while everything runs; PostgreSQL needs pg_dump for it."""
    from tasks.backup import BackupFailed, back_up

    try:
        made = back_up(file, with_key=with_key, overwrite=overwrite)
    except BackupFailed as failed:
        raise Refused(str(failed), Status.FAILED) from None
    result(
        {"file": str(made.file), "bytes": made.size, "key": str(made.key) if made.key else None},
        as_json=as_json,
        text=f"Written: {made.file} ({made.size / 1_000_000:.1f} MB)",
    )
    if made.key:
        say(f"Written: {made.key}. Whoever has both can read the credentials: keep them apart.")
    else:
        say(
            "The key is not in it. Credentials and buyer data in the copy open only with CONNECTOR_SECRET_KEY, or "
            "secret.key in CONNECTOR_HOME: keep that too, in another place."
        )


def restore(
    file: Annotated[Path, typer.Argument(help="File written by: connector backup")],
    with_key: Annotated[bool, typer.Option("--with-key", help="Put FILE.key in the place of the key file.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a copy in the place of the database; what it replaces is kept. Nothing of the connector may run meanwhile."""
    if not yes:
        typer.confirm(
            f"Replace the database with {file}? What happened since it was made is done again or asked for again by "
            "the next runs.",
            abort=True,
            err=True,
        )
    from tasks.backup import BackupFailed
    from tasks.backup import restore as put_back
    from tasks.shops import utc_now

    try:
        done = put_back(file, utc_now(), with_key=with_key)
    except BackupFailed as failed:
        raise Refused(str(failed), Status.FAILED) from None
    result(
        {
            "file": str(file),
            "replaced": done.replaced,
            "replaced_key": str(done.replaced_key) if done.replaced_key else None,
            "credentials_readable": done.readable,
        },
        as_json=as_json,
        text=f"Restored: {file}",
    )
    if done.replaced:
        say(f"What was there before is kept: {done.replaced}. Delete it when you no longer need it.")
    if done.replaced_key:
        say(f"The key file before is kept: {done.replaced_key}")
    if done.readable is False:
        say(
            "The present key does not open the credentials in it. Put the key they were made with into "
            "CONNECTOR_SECRET_KEY, or restore it with --with-key."
        )
