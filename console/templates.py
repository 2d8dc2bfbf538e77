"""`connector templates …`: category templates of a connection (F1–F13)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from console.errors import Refused
from console.output import AsJson, ConnectionName, result, say, table

app = typer.Typer(no_args_is_help=True, help="Category templates: which products go where on TikTok Shop.")

Names = Annotated[list[str], typer.Argument(help="Names of templates.")]


def _open(connection: str) -> tuple[Any, Any]:
    from console.installation import open_installation
    from models.connections import find_connection

    store = open_installation()
    with store.read() as session:
        return store, find_connection(session, connection)


def _named(session: Any, connection_id: int, name: str) -> Any:
    from sqlmodel import select

    from models.templates import CategoryTemplate

    templates = session.exec(select(CategoryTemplate).where(CategoryTemplate.connection_id == connection_id)).all()
    for template in templates:
        if template.name == name or str(template.id) == name:
            return template
    known = ", ".join(sorted(template.name for template in templates)) or "none yet"
    raise Refused(f"There is no category template called {name!r}. There are: {known}")


@app.command("list")
def list_templates(
    connection: ConnectionName = "",
    sort: Annotated[Literal["id", "name", "category", "items", "position"], typer.Option(help="Column.")] = "position",
    as_json: AsJson = False,
) -> None:
    """List templates: id, name, TikTok category, number of items."""
    store, found = _open(connection)
    from sqlmodel import col, func, select

    from console.shop_names import ShopNames
    from models.listings import Assignment
    from models.templates import CategoryTemplate

    with store.read() as session:
        items = dict(
            session.exec(
                select(Assignment.template_id, func.count())
                .where(Assignment.connection_id == found.key)
                .group_by(col(Assignment.template_id))
            ).all()
        )
        names = ShopNames(session, found.key)
        rows = [
            {
                "id": template.key,
                "name": template.name,
                "default": template.is_default,
                "position": template.position,
                "category": names.category_label(template.category_id),
                "items": items.get(template.key, 0),
            }
            for template in session.exec(select(CategoryTemplate).where(CategoryTemplate.connection_id == found.key))
        ]
    rows.sort(key=lambda row: (row[sort], row["id"]))
    table(
        rows,
        ["id", "name", "default", "position", "category", "items"],
        as_json=as_json,
        empty="There is no template yet. Make some with: connector templates import FILE.yaml",
    )


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name or id of a template.")],
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Show one template as a file would describe it."""
    store, found = _open(connection)
    from console.settings_export import as_data, as_yaml
    from console.shop_names import ShopNames
    from console.template_records import as_part

    with store.read() as session:
        part = as_part(session, _named(session, found.key, name), ShopNames(session, found.key))
    result(as_data(part), as_json=as_json, text=as_yaml(part))


@app.command("export")
def export(
    file: Annotated[Path | None, typer.Argument(help="File to write; stdout when left out.")] = None,
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Write the templates of a connection as a file."""
    store, found = _open(connection)
    from console.settings_commands import write_file
    from console.settings_export import as_data, as_yaml, export_templates
    from console.shop_names import ShopNames

    with store.read() as session:
        document = {"templates": export_templates(session, found.key, ShopNames(session, found.key))}
    if as_json:
        result(as_data(document), as_json=True)
    else:
        write_file(as_yaml(document), file)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="YAML file, see: connector templates export")],
    connection: ConnectionName = "",
    prune: Annotated[bool, typer.Option("--prune", help="Delete templates the file does not name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make and change templates as a file says, all of them or none; the others stay unless --prune is given."""
    from console.settings_file import read_templates_file

    parts = read_templates_file(file)
    store, found = _open(connection)
    from console.settings_import import read_what_is_named
    from console.shop_names import ShopNames
    from console.template_records import save_templates

    read_what_is_named(found.key, parts, brands=False)
    with store.write(found.key) as session:
        changed = save_templates(session, found.key, parts, ShopNames(session, found.key), prune=prune)
    result(
        {"connection": found.name, "changed": changed}, as_json=as_json, text="\n".join(changed or ["Nothing changed."])
    )


@app.command()
def count(
    what: Annotated[str, typer.Argument(help="A template's name, or a YAML file with templates not stored yet.")],
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Count the products whose manufacturer, supplier and category a template's filters take (F3)."""
    store, found = _open(connection)
    from sqlmodel import select

    from console.settings_file import read_templates_file
    from console.shop_names import ShopNames
    from console.template_records import filtering
    from models.catalogue import Product
    from rules.template_matching import count_matching

    path = Path(what)
    with store.read() as session:
        names = ShopNames(session, found.key)
        if path.suffix.lower() in (".yaml", ".yml"):
            templates = [filtering(part, names) for part in read_templates_file(path)]
        else:
            templates = [_named(session, found.key, what)]
        products = session.exec(select(Product).where(Product.connection_id == found.key)).all()
        if not products:
            raise Refused("No product is mirrored yet. Run first: connector run catalog_upload --dry-run")
        above = names.ancestors()
        rows = [{"name": one.name, "items": count_matching(products, one, above)} for one in templates]
    table(rows, ["name", "items"], as_json=as_json)


@app.command()
def delete(
    names: Names,
    connection: ConnectionName = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete templates; their products fall to the default template, which cannot be deleted itself."""
    store, found = _open(connection)
    from console.template_records import forget_template

    with store.read() as session:
        for name in names:
            _named(session, found.key, name)
    if not yes:
        typer.confirm(f"Delete {', '.join(names)}?", abort=True, err=True)
    with store.write(found.key) as session:
        for name in names:
            forget_template(session, _named(session, found.key, name))
    result({"deleted": names}, as_json=as_json)
    if not as_json:
        say(f"Deleted: {', '.join(names)}")
