"""`connector statuses …`: order statuses of PrestaShop ↔ TikTok Shop, each direction by itself (C12)."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import typer

from console.errors import Refused
from console.output import AsJson, ConnectionName, result, table

app = typer.Typer(no_args_is_help=True, help="Statuses: what an order's status on one side means on the other.")


class Towards(StrEnum):
    """Which way a status goes."""

    PRESTASHOP = "to-prestashop"
    TIKTOK = "to-tiktok"


Way = Annotated[Towards, typer.Argument(help="to-prestashop: TikTok Shop's status sets PrestaShop's; to-tiktok: back.")]
TikTokStatus = Annotated[str, typer.Argument(help='Status of TikTok Shop: DELIVERED, "in transit", …')]


def _open(connection: str) -> tuple[Any, int]:
    from console.installation import open_installation
    from models.connections import find_connection

    store = open_installation()
    with store.read() as session:
        return store, find_connection(session, connection).key


@app.command("list")
def list_statuses(connection: ConnectionName = "", as_json: AsJson = False) -> None:
    """List both directions: what is mapped, and what holds by default where nothing is."""
    _, connection_id = _open(connection)
    from tasks.order_mappings import status_rows

    table(
        [{**asdict(row), "direction": row.direction.replace("_", "-")} for row in status_rows(connection_id)],
        ["direction", "status", "prestashop", "state", "cancel_reason", "by"],
        as_json=as_json,
    )


@app.command("map")
def map_status(
    way: Way,
    tiktok: TikTokStatus,
    state: Annotated[str, typer.Argument(help="Name or id of a PrestaShop order status; 0 changes nothing.")],
    cancel_reason: Annotated[
        str, typer.Option("--cancel-reason", help="To TikTok Shop: the reason's name, as in orders.cancel_reason.")
    ] = "",
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Say which PrestaShop status a status of TikTok Shop sets, or which one cancels the order on TikTok Shop."""
    store, connection_id = _open(connection)
    from console.order_names import state_named, status_named
    from rules.order_statuses import status_word
    from tasks.order_mappings import store_status

    status = status_named(tiktok)
    _check(way, status, state, cancel_reason)
    with store.read() as session:
        number = 0 if state == "0" else state_named(session, connection_id, state)
    direction = way.value.replace("-", "_")
    store_status(connection_id, direction, status, number, cancel_reason=cancel_reason)
    told = {"direction": direction, "tiktok": status, "state": number, "cancel_reason": cancel_reason}
    named = state if number else "nothing"
    arrow = (
        f"{status_word(status)} → {named}"
        if way is Towards.PRESTASHOP
        else f"{named} → {status_word(status)}" + (f" ({cancel_reason})" if cancel_reason else "")
    )
    result(told, as_json=as_json, text=arrow)


def _check(way: Towards, status: str, state: str, cancel_reason: str) -> None:
    from rules.tiktok_order import CANCELLED

    if way is Towards.PRESTASHOP and cancel_reason:
        raise Refused("--cancel-reason is for to-tiktok: it is told to TikTok Shop.")
    if way is Towards.TIKTOK and status != CANCELLED:
        raise Refused(
            "Only CANCELLED can be set on TikTok Shop by a status. Shipments are told by tracking number or by "
            "orders.shipped_states (C8, C9); all else TikTok Shop and its carriers decide."
        )
    if way is Towards.TIKTOK and state == "0":
        raise Refused(
            "To TikTok Shop a status of PrestaShop is needed; take a mapping back with: connector statuses unmap"
        )


@app.command()
def unmap(
    way: Way,
    tiktok: TikTokStatus,
    state: Annotated[
        str, typer.Argument(help="Name or id of the PrestaShop status; every one of it when left out.")
    ] = "",
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Take a mapping back, so that the default holds again."""
    store, connection_id = _open(connection)
    from console.order_names import state_named, status_named
    from rules.order_statuses import status_word
    from tasks.order_mappings import forget_status

    status = status_named(tiktok)
    with store.read() as session:
        number = None
        if state:
            # A status that is gone from PrestaShop is named by its number.
            number = int(state) if state.isdecimal() else state_named(session, connection_id, state)
    removed = forget_status(connection_id, way.value.replace("-", "_"), status, number)
    result(
        {"tiktok": status, "removed": removed},
        as_json=as_json,
        text=f"{status_word(status)} is no longer mapped; the default holds.",
    )
