"""`connector settings …`: looking at and changing a connection's settings, files, versions (B, C, D, K15)."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from console.errors import Refused
from console.output import AsJson, ConnectionName, result, say, table

app = typer.Typer(no_args_is_help=True, help="Settings of a connection: values, versions, files.")

Version = Annotated[int, typer.Argument(help="Number of a version, see: connector settings history")]


def _in_force(connection: str) -> tuple[Any, int, Any]:
    from console.installation import open_installation
    from models.connections import find_connection, settings_in_force

    with open_installation().read() as session:
        found = find_connection(session, connection)
        version, document = settings_in_force(session, found.key)
    return found, version, document


def _flat(document: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


@app.command()
def show(connection: ConnectionName = "", as_json: AsJson = False) -> None:
    """Show the settings in force."""
    _found, version, document = _in_force(connection)
    data = document.model_dump(mode="json")
    result({"version": version, "settings": data}, as_json=as_json)
    if not as_json:
        say(f"Version {version}" + (" (the defaults)" if not version else ""))
        for name, value in _flat(data).items():
            say(f"  {name:40}{value}")


@app.command("set")
def set_values(
    values: Annotated[list[str], typer.Argument(help="name=value, e.g. products.inventory_threshold=3")],
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Change settings; the change is a new version and holds from the next run on."""
    from console.arguments import assignments

    found, _version, document = _in_force(connection)
    from console.settings_import import merged, validated

    change: dict[str, Any] = {}
    for name, value in assignments(values).items():
        part = change
        *above, last = name.split(".")
        for step in above:
            part = part.setdefault(step, {})
            if not isinstance(part, dict):
                raise Refused(f"{name}: cannot be set together with a part of itself.")
        part[last] = value
    wanted = validated(merged(document.model_dump(mode="json"), change))
    _store(found, wanted, "set on the command line", as_json=as_json)


def _store(found: Any, wanted: Any, note: str, *, as_json: bool) -> None:
    from models.connections import settings_in_force, store_settings
    from models.database import database
    from tasks.shops import utc_now

    with database().write(found.key) as session:
        before, present = settings_in_force(session, found.key)
        number = before if wanted == present else store_settings(session, found.key, wanted, note=note, now=utc_now())
    changes = _differences(present.model_dump(mode="json"), wanted.model_dump(mode="json"))
    text = "\n".join([f"Version {number}" if changes else "Nothing changed.", *map(_difference_line, changes)])
    result({"version": number, "changed": changes}, as_json=as_json, text=text)


def _differences(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    old, new = _flat(before), _flat(after)
    return [
        {"setting": name, "from": old.get(name), "to": new.get(name)}
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]


def _difference_line(row: dict[str, Any]) -> str:
    return f"  {row['setting']}: {row['from']!r} → {row['to']!r}"


@app.command()
def history(connection: ConnectionName = "", as_json: AsJson = False) -> None:
    """List the versions, the newest first."""
    found, version, _document = _in_force(connection)
    from sqlmodel import col, select

    from models.connections import SettingsVersion
    from models.database import database

    with database().read() as session:
        rows = [
            {"version": row.version, "at": f"{row.created_at:%Y-%m-%d %H:%M} UTC", "note": row.note,
             "in force": row.version == version}
            for row in session.exec(
                select(SettingsVersion)
                .where(SettingsVersion.connection_id == found.key)
                .order_by(col(SettingsVersion.version).desc())
            )
        ]  # fmt: skip
    table(rows, ["version", "at", "note", "in force"], as_json=as_json, empty="Only the defaults so far (version 0).")


def _version(found: Any, number: int) -> Any:
    from sqlmodel import select

    from models.connections import SettingsVersion
    from models.database import database
    from models.settings import ConnectionSettings

    if number == 0:
        return ConnectionSettings()
    with database().read() as session:
        row = session.exec(
            select(SettingsVersion).where(SettingsVersion.connection_id == found.key, SettingsVersion.version == number)
        ).first()
    if row is None:
        raise Refused(f"There is no version {number}. See: connector settings history")
    return ConnectionSettings.model_validate(row.document)


@app.command()
def diff(
    older: Version,
    newer: Annotated[int, typer.Argument(help="Another version; the one in force when left out.")] = -1,
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Show what differs between two versions."""
    found, version, document = _in_force(connection)
    newer = version if newer < 0 else newer
    after = document if newer == version else _version(found, newer)
    changes = _differences(_version(found, older).model_dump(mode="json"), after.model_dump(mode="json"))
    text = "\n".join([f"Version {older} → {newer}", *map(_difference_line, changes)] if changes else ["No difference."])
    result({"from": older, "to": newer, "changed": changes}, as_json=as_json, text=text)


@app.command()
def rollback(version: Version, connection: ConnectionName = "", as_json: AsJson = False) -> None:
    """Make an older version hold again, as a new version."""
    found, _present, _document = _in_force(connection)
    _store(found, _version(found, version), f"rolled back to version {version}", as_json=as_json)


@app.command("export")
def export(
    file: Annotated[Path | None, typer.Argument(help="File to write; stdout when left out.")] = None,
    connection: Annotated[str, typer.Option("--connection", "-c", help="Only this connection.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write connections with settings, templates and mappings as a file; secrets are left out."""
    from console.installation import open_installation

    store = open_installation()
    from sqlmodel import col, select

    from console.settings_export import as_data, as_yaml, export_connection
    from models.connections import Connection, find_connection

    with store.read() as session:
        chosen = (
            [find_connection(session, connection)]
            if connection
            else list(session.exec(select(Connection).order_by(col(Connection.name))))
        )
        if not chosen:
            find_connection(session, "")
        document = {"connections": [export_connection(session, one) for one in chosen]}
    if as_json:
        result(as_data(document), as_json=True)
    else:
        write_file(as_yaml(document), file)


def write_file(text: str, file: Path | None) -> None:
    """Text into a file, or onto stdout."""
    if file is None:
        sys.stdout.write(text)
        return
    file.write_text(text, encoding="utf-8")
    say(f"Written: {file}")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="YAML file, see: connector settings export")],
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete templates and mappings the file does not name.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask PrestaShop whether credentials work.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the installation to what a file says: connections, settings, templates, mappings. Twice is once.

    Secrets come from the environment variables the file names; sections it leaves out stay as they are.
    """
    from console.yaml_file import UnreadableFile

    if not file.exists():
        raise UnreadableFile(f"{file}: there is no such file.")
    from console.installation import open_installation

    open_installation()
    from console.settings_import import import_settings

    applied = import_settings(file, prune=prune, offline=offline)
    result([one.model_dump() for one in applied], as_json=as_json)
    if not as_json:
        for one in applied:
            say(
                f"{one.connection}: {len(one.changed)} changes" if one.changed else f"{one.connection}: nothing changed"
            )
            for change in one.changed:
                say(f"  {change}")
            if one.stopped:
                say(f"  It does not run by itself: connector connection start {shlex.quote(one.connection)}")


@app.command("copy")
def copy(
    source: Annotated[str, typer.Option("--from", help="Name of the connection to copy from.")],
    target: Annotated[str, typer.Option("--to", help="Name of the connection to copy to.")],
    only: Annotated[
        str, typer.Option("--only", help="Of products, orders, schedules, templates, mappings: these, with commas.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Bring settings, templates and mappings of a connection to those of another; nothing is deleted there.

    Credentials stay as they are. Ids that only one shop knows (warehouses, carriers, statuses) are left out and named.
    """
    from console.installation import open_installation

    open_installation()
    from console.settings_copy import SECTIONS, copy_settings

    sections = [one.strip() for one in only.split(",") if one.strip()]
    copied = copy_settings(source, target, sections or SECTIONS)
    result({"changed": copied.changed, "left_out": copied.left_out}, as_json=as_json)
    if not as_json:
        say(f"{target}: {len(copied.changed)} changes" if copied.changed else f"{target}: nothing changed")
        for change in copied.changed:
            say(f"  {change}")
        if copied.left_out:
            say(f"Left out, because {target} has other ids; set them there: {', '.join(copied.left_out)}")
