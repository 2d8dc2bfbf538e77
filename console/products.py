"""`connector products …`: the catalogue and where it stands on TikTok Shop (G1–G13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.errors import Refused
from console.output import AsJson, ConnectionName, result, say, table
from console.runs import run_flow, show_outcome
from console.templates import _named

if TYPE_CHECKING:
    from tasks.product_list import ProductDetails

app = typer.Typer(no_args_is_help=True, help="Products: the catalogue, and where it stands on TikTok Shop.")


class Standing(StrEnum):
    """Where a product stands (G2)."""

    NOT_READY = "not_ready"
    NOT_UPLOADED = "not_uploaded"
    PROCESSING = "processing"
    LIVE = "live"
    INACTIVE = "inactive"
    REJECTED = "rejected"
    ERROR = "error"


Ids = Annotated[list[int] | None, typer.Argument(help="PrestaShop's ids of products.", show_default=False)]
Template = Annotated[str, typer.Option("--template", "-t", help="Products of the category template of this name.")]
Listings = Annotated[
    list[str] | None, typer.Option("--listing", help="TikTok's id of a listing, once for each.", show_default=False)
]
Every = Annotated[bool, typer.Option("--all", help="All products.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Stop after the plan, send nothing.")]

_SHOWN = ("id", "reference", "title", "category", "template", "price", "quantity", "status", "differs", "image", "why")


def _open(connection: str) -> tuple[Any, Any]:
    from console.installation import open_installation
    from models.connections import find_connection

    store = open_installation()
    with store.read() as session:
        return store, find_connection(session, connection)


@app.command("list")
def list_products(
    connection: ConnectionName = "",
    search: Annotated[
        str, typer.Option("--search", "-s", help="Only those with this text in id, reference, title or category.")
    ] = "",
    template: Template = "",
    status: Annotated[Standing | None, typer.Option("--status", help="Only those that stand there.")] = None,
    page: Annotated[int, typer.Option("--page", min=1, help="Which page.")] = 1,
    page_size: Annotated[int, typer.Option("--page-size", min=1, max=500, help="Products a page.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List products with their status on TikTok Shop, and how many stand where."""
    store, found = _open(connection)
    from models.listings import ListingStatus
    from tasks.product_list import ProductFilter, product_page

    with store.read() as session:
        template_id = _named(session, found.key, template).key if template else None
    wanted = ProductFilter(search, template_id, ListingStatus(status.value) if status else None)
    shown = product_page(found.key, wanted, page=page, page_size=page_size)
    pages = max(-(-shown.total // page_size), 1)
    counts = {"all": sum(shown.counts.values()), **{word.value: number for word, number in shown.counts.items()}}
    rows = [asdict(row) for row in shown.rows]
    if as_json:
        data = {"products": rows, "total": shown.total, "page": page, "pages": pages, "counts": counts}
        result(data, as_json=True)
        return
    table(rows, _SHOWN, as_json=False, empty=_nothing(page, pages, counts["all"], search or template))
    say(", ".join(f"{number} {word.replace('_', ' ')}" for word, number in counts.items()))
    if pages > 1:
        say(f"Page {page} of {pages}" + (f"; the next with --page {page + 1}" if page < pages else "") + ".")


def _nothing(page: int, pages: int, everything: int, is_filtered: str) -> str:
    if page > pages:
        return f"There is no page {page}; the last is {pages}."
    if everything or is_filtered:
        return "No product is like that."
    return "No product is known yet. Read the catalogue with: connector run catalog_upload --dry-run"


@app.command()
def show(
    product: Annotated[int, typer.Argument(help="PrestaShop's id of a product.")],
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Show one product: its listing, what keeps it from being as it should, its last changes, where to edit it."""
    _, found = _open(connection)
    from tasks.product_list import product_details

    details = product_details(found.key, product)
    result(
        {**asdict(details.row), **{name: value for name, value in asdict(details).items() if name != "row"}},
        as_json=as_json,
        text="\n".join(_page(details)),
    )


def _page(details: ProductDetails) -> list[str]:
    """A product for people."""
    row = details.row
    differs = ", differs from what is live: upload it again" if row.differs else ""
    images = ", ".join(str(one) for one in details.image_ids) or "none"
    lines = [
        f"Product {row.id}: {row.title}" + (f" ({row.reference})" if row.reference else ""),
        f"Status: {row.status.replace('_', ' ')}{differs}",
        f"Listing on TikTok Shop: {row.listing or 'none'}",
        f"Category: {row.category or 'none'}; template: {row.template or 'none'}",
        f"Price {row.price or 'not confirmed yet'}, quantity {row.quantity}, images {images}",
        *(f"  ! {one['text']} {one.get('fix', '')}".rstrip() for one in (*details.findings, *details.status_reasons)),
        *(f"  ! changed on TikTok Shop: {one['field']} {one['ours']} → {one['shown']}" for one in details.hand_changes),
        *(
            f"  SKU {sku['sku'] or sku['sku_id']}: {sku['price'] or 'no price'}, {sku['quantity']} in stock"
            for sku in details.skus
        ),
    ]
    for one in details.changes:
        words = (f"Change {one['change']}:", one["state"], one["at"], one["cause"], one["fix"])
        lines.append(" ".join(word for word in words if word))
    return [*lines, f"In the shop: {details.shop_page}", f"In the back office: {details.back_office}"]


@app.command()
def upload(
    ids: Ids = None,
    template: Template = "",
    every: Every = False,
    connection: ConnectionName = "",
    dry_run: DryRun = False,
    retry_parked: Annotated[
        bool, typer.Option("--retry-parked", help="Send again what was refused, although it has not changed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List products on TikTok Shop, and edit those that differ from what is live."""
    given = _selection(ids, None, template, every=every)
    given.pop("all_listings", None)
    given |= {"dry_run": dry_run, "retry_parked": retry_parked}
    show_outcome("catalog_upload", run_flow("catalog_upload", _with(given, connection)), as_json=as_json)


@app.command()
def activate(
    ids: Ids = None,
    listings: Listings = None,
    template: Template = "",
    every: Every = False,
    connection: ConnectionName = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put listings back on sale that were taken off by the seller."""
    _act("activate", _selection(ids, listings, template, every=every), connection, dry_run=dry_run, as_json=as_json)


@app.command()
def deactivate(
    ids: Ids = None,
    listings: Listings = None,
    template: Template = "",
    every: Every = False,
    connection: ConnectionName = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take listings off sale; they can be activated again."""
    given = _selection(ids, listings, template, every=every)
    if not dry_run:
        _ask("Take {} off sale on TikTok Shop?", given, connection, yes=yes)
    _act("deactivate", given, connection, dry_run=dry_run, as_json=as_json)


@app.command()
def delete(
    ids: Ids = None,
    listings: Listings = None,
    template: Template = "",
    every: Every = False,
    connection: ConnectionName = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Delete listings; their products then count as not uploaded, and the next upload lists them anew."""
    given = _selection(ids, listings, template, every=every)
    if not dry_run:
        _ask("Delete {} on TikTok Shop?", given, connection, yes=yes)
    _act("delete", given, connection, dry_run=dry_run, as_json=as_json)


@app.command()
def recover(
    ids: Ids = None,
    listings: Listings = None,
    template: Template = "",
    every: Every = False,
    connection: ConnectionName = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring deleted listings back within 30 days; they come back off sale."""
    _act("recover", _selection(ids, listings, template, every=every), connection, dry_run=dry_run, as_json=as_json)


@app.command("sync-status")
def sync_status(
    ids: Ids = None, every: Every = False, connection: ConnectionName = "", as_json: AsJson = False
) -> None:
    """Read from TikTok Shop where listings stand, and why."""
    given = _selection(ids, None, "", every=every)
    if given.pop("all_listings", False):
        given["full"] = True
    show_outcome("status_sync", run_flow("status_sync", _with(given, connection)), as_json=as_json)


def _selection(
    ids: Sequence[int] | None, listings: Sequence[str] | None, template: str, *, every: bool
) -> dict[str, Any]:
    """The flow's parameter for what was named, one way only."""
    given: dict[str, Any] = {}
    if ids:
        given["product_ids"] = list(ids)
    if listings:
        given["listing_ids"] = list(listings)
    if template:
        given["template"] = template
    if every:
        given["all_listings"] = True
    if len(given) != 1:
        raise Refused(
            "Name the products in one way: by their ids, by another option for them, or with --all. See --help."
        )
    return given


def _with(given: dict[str, Any], connection: str) -> dict[str, Any]:
    return {**given, "connection": connection} if connection else given


def _act(action: str, given: dict[str, Any], connection: str, *, dry_run: bool, as_json: bool) -> None:
    parameters = _with({"action": action, **given, "dry_run": dry_run}, connection)
    outcome = run_flow("listing_actions", parameters)
    show_outcome("listing_actions", outcome, as_json=as_json)
    if dry_run and not as_json:
        say(f"Plan {outcome.plan}. Apply it as it stands with: connector apply {outcome.plan}")


def _ask(question: str, given: dict[str, Any], connection: str, *, yes: bool) -> None:
    """Ask before what buyers notice; a no ends the command."""
    if yes:
        return
    named = given.get("product_ids") or given.get("listing_ids")
    if named is not None:
        number = len(named)
    else:
        store, found = _open(connection)
        from tasks.product_list import listed_products

        with store.read() as session:
            template_id = _named(session, found.key, given["template"]).key if "template" in given else None
        number = listed_products(found.key, template_id)
    what = f"{number} products" if number != 1 else "1 product"
    typer.confirm(question.format(what), abort=True, err=True)
