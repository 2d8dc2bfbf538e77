"""`connector links …`: which PrestaShop variant a SKU on TikTok Shop is (H1–H4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.errors import Refused, Status
from console.output import AsJson, ConnectionName, result, say, table
from console.runs import run_flow, say_counts, say_failures

if TYPE_CHECKING:
    from tasks.linking import SkuRow

app = typer.Typer(no_args_is_help=True, help="Links: which PrestaShop variant a SKU on TikTok Shop is.")


class Sort(StrEnum):
    """What lists can be sorted by; `id` is TikTok's id of the listing."""

    ID = "id"
    NAME = "name"
    SKU = "sku"
    BARCODE = "barcode"
    STATUS = "status"


class By(StrEnum):
    """What links can be made by."""

    SKU = "sku"
    GTIN = "gtin"
    TITLE = "title"


Search = Annotated[
    str, typer.Option("--search", "-s", help="Only those with this text in id, name, SKU, barcode, status or variant.")
]
SortBy = Annotated[Sort, typer.Option("--sort", help="What to sort by.")]
Methods = Annotated[list[By] | None, typer.Option("--by", help="What to link by, once for each; all when left out.")]
SkuId = Annotated[str, typer.Argument(help="TikTok's id of the SKU, as in: connector links unlinked.")]

_SHOWN = ("id", "sku_id", "name", "sku", "barcode", "status")


def _open(connection: str) -> int:
    from console.installation import open_installation
    from models.connections import find_connection

    with open_installation().read() as session:
        return find_connection(session, connection).key


@app.command()
def unlinked(
    connection: ConnectionName = "", search: Search = "", sort: SortBy = Sort.ID, as_json: AsJson = False
) -> None:
    """List the SKUs on TikTok Shop that are not linked, as of the last run of catalog_link."""
    table(
        _rows(_open(connection), search, sort, linked=False),
        _SHOWN,
        as_json=as_json,
        empty="No unlinked SKU is known. Look for listings on TikTok Shop with: connector links propose",
    )


@app.command("list")
def list_links(
    connection: ConnectionName = "", search: Search = "", sort: SortBy = Sort.ID, as_json: AsJson = False
) -> None:
    """List the SKUs on TikTok Shop that are linked, with their variant and what they were linked by."""
    table(
        _rows(_open(connection), search, sort, linked=True),
        (*_SHOWN, "variant", "linked_by"),
        as_json=as_json,
        empty="Nothing is linked yet.",
    )


def _rows(connection_id: int, search: str, sort: Sort, *, linked: bool) -> list[dict[str, Any]]:
    from tasks.linking import sku_rows

    rows = [row for row in sku_rows(connection_id, linked=linked) if _fits(row, search)]
    # Rows come by id; sorting keeps that order among equals.
    return [asdict(row) for row in (rows if sort is Sort.ID else sorted(rows, key=lambda row: _key(row, sort)))]


def _fits(row: SkuRow, search: str) -> bool:
    wanted = search.strip().casefold()
    texts = (row.id, row.sku_id, row.name, row.sku, row.barcode, row.status, row.variant)
    return any(wanted in text.casefold() for text in texts)


def _key(row: SkuRow, sort: Sort) -> tuple[bool, str]:
    """Upper case like lower case, empty ones last."""
    text = str(getattr(row, sort.value)).casefold()
    return not text, text


@app.command()
def propose(connection: ConnectionName = "", by: Methods = None, as_json: AsJson = False) -> None:
    """Look at what is on TikTok Shop and say what would be linked to what, and why; nothing is linked."""
    _link_all(connection, by, dry_run=True, as_json=as_json)


@app.command()
def auto(connection: ConnectionName = "", by: Methods = None, as_json: AsJson = False) -> None:
    """Link what matches in one way only, by SKU, then GTIN, then title; the rest is listed for linking by hand."""
    _link_all(connection, by, dry_run=False, as_json=as_json)


def _link_all(connection: str, by: Sequence[By] | None, *, dry_run: bool, as_json: bool) -> None:
    given: dict[str, Any] = {"dry_run": dry_run}
    if connection:
        given["connection"] = connection
    if by:
        given["methods"] = [method.value for method in by]
    outcome = run_flow("catalog_link", given)
    if as_json:
        result({**outcome.model_dump(mode="json"), "ok": outcome.ok}, as_json=True)
    else:
        rows = [link.as_row() for link in outcome.proposals]
        table(rows, ["SKU id", "title", "SKU", "variant", "method", "score"], as_json=False, empty="Nothing to link.")
        say_counts(outcome)
        say_failures(outcome)
        if dry_run and rows:
            say("Nothing was linked. Link them with: connector links auto")
    if not outcome.ok:
        raise typer.Exit(Status.FAILED)


@app.command()
def link(
    sku_id: SkuId,
    variant: Annotated[str, typer.Argument(help="PrestaShop's ids: 42, or 42:7 for combination 7 of product 42.")],
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Link a SKU on TikTok Shop to a PrestaShop product or combination by hand."""
    ids = re.fullmatch(r"(\d{1,10})(?::(\d{1,10}))?", variant)
    if ids is None:
        raise Refused(f"{variant!r} is no variant. Give PrestaShop's ids as 42 or 42:7.")
    connection_id = _open(connection)
    from tasks.linking import link as link_sku

    link_sku(connection_id, sku_id, int(ids[1]), int(ids[2] or 0))
    result({"sku_id": sku_id, "variant": variant}, as_json=as_json, text=f"SKU {sku_id} → {variant}")


@app.command()
def unlink(sku_id: SkuId, connection: ConnectionName = "", as_json: AsJson = False) -> None:
    """Take a link back; nothing changes on TikTok Shop, and `links auto` leaves the SKU alone from then on."""
    connection_id = _open(connection)
    from tasks.linking import unlink as unlink_sku
    from tasks.linking import variant_name

    was = variant_name(unlink_sku(connection_id, sku_id))
    result(
        {"sku_id": sku_id, "was": was},
        as_json=as_json,
        text=f"SKU {sku_id} is no longer linked to {was}; what it shows on TikTok Shop stays as it is.",
    )
