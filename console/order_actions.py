"""`connector orders fetch|import|sync|ship|cancel|answer|delete|erase`: what is done about orders (I2, I6–I9, K18)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from console.errors import Refused
from console.orders import OrderName, named_orders, open_connection
from console.output import AsJson, ConnectionName, result, say, table
from console.runs import run_flow, show_outcome

Names = Annotated[list[str], typer.Argument(metavar="ORDER…", help="TikTok's ids, PrestaShop's ids or our numbers.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Stop after the plan, send nothing.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(fetch)
    app.command("import")(import_now)
    for command in (sync, ship, cancel, answer, delete, erase):
        app.command()(command)


class Verdict(StrEnum):
    """What a buyer is answered."""

    APPROVE = "approve"
    REJECT = "reject"


def fetch(
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="TikTok order ids, also ones not seen yet.")],
    connection: ConnectionName = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Import orders by TikTok's ids, also those that were left out, deleted, or placed before the connector."""
    if wrong := [name for name in ids if not name.isdecimal()]:
        raise Refused(f"TikTok order ids are numbers: {', '.join(wrong)}")
    _run("order_import", {"order_ids": list(dict.fromkeys(ids)), "dry_run": dry_run}, connection, as_json=as_json)


def import_now(
    connection: ConnectionName = "",
    dry_run: DryRun = False,
    retry_parked: Annotated[
        bool, typer.Option("--retry-parked", help="Try orders again too that wait for a person.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read what changed among the orders, and make those that are ready in PrestaShop, now."""
    _run("order_import", {"dry_run": dry_run, "retry_parked": retry_parked}, connection, as_json=as_json)


def sync(
    orders: Annotated[
        list[str] | None,
        typer.Argument(metavar="ORDER…", help="Orders to look at; all that changed when left out.", show_default=False),
    ] = None,
    connection: ConnectionName = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read where orders stand on both sides, and move the PrestaShop orders to what they are mapped to."""
    given: dict[str, Any] = {"dry_run": dry_run}
    if orders:
        given["order_ids"] = _ids(connection, orders)
    _run("order_status_sync", given, connection, as_json=as_json)


def ship(
    orders: Names,
    tracking: Annotated[
        str, typer.Option("--tracking", help="Tracking number; those in PrestaShop when left out.")
    ] = "",
    carrier: Annotated[
        str, typer.Option("--carrier", help="With --tracking: name or id_reference; the order's when left out.")
    ] = "",
    lines: Annotated[
        list[str] | None,
        typer.Option("--line", help="With --tracking: unit or SKU in the parcel, once for each; all when left out."),
    ] = None,
    despite_cancellation: Annotated[
        bool, typer.Option("--despite-cancellation", help="Ship although the buyer asks to cancel; refuses that.")
    ] = False,
    connection: ConnectionName = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Tell TikTok Shop that orders were shipped: by what PrestaShop shows, or by a number that you give for one."""
    store, found = open_connection(connection)
    wanted = named_orders(found.key, orders)
    if not tracking:
        if carrier or lines or despite_cancellation:
            raise Refused("--carrier, --line and --despite-cancellation belong to a parcel: name it with --tracking.")
        given: dict[str, Any] = {"order_ids": [one.order_id for one in wanted], "retry_parked": True}
        _run("shipment_push", {**given, "dry_run": dry_run}, connection, as_json=as_json)
        return
    if len(wanted) != 1:
        raise Refused("A tracking number is one order's; name just that order.")
    given = {"order_id": wanted[0].order_id, "tracking": tracking.strip()}
    if carrier:
        from console.order_names import carrier_named

        with store.read() as session:
            given["carrier"] = carrier_named(session, found.key, carrier).reference
    if lines:
        from tasks.order_list import units_named

        given["line_ids"] = units_named(wanted[0].key, lines)
    given |= {"despite_cancellation": despite_cancellation, "dry_run": dry_run}
    _run("order_ship", given, connection, as_json=as_json)


def cancel(
    orders: Names,
    reason: Annotated[
        str, typer.Option("--reason", help="Name of an allowed reason; those are listed when left out.")
    ] = "",
    connection: ConnectionName = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Cancel orders on TikTok Shop and in PrestaShop, or list the reasons allowed; cancellations count against you."""
    _, found = open_connection(connection)
    ids = [one.order_id for one in named_orders(found.key, orders)]
    if not reason:
        from tasks.order_requests import cancel_reasons

        rows = [{"order": order_id, "reasons": names} for order_id, names in cancel_reasons(found.key, ids).items()]
        told = [{**row, "reasons": row["reasons"] or "it can no longer be cancelled, or not yet"} for row in rows]
        table(rows if as_json else told, ["order", "reasons"], as_json=as_json)
        if not as_json:
            say("Nothing was cancelled. Choose one with --reason NAME.")
        return
    if not (yes or dry_run):
        _ask(f"Cancel {_count(ids)} on TikTok Shop and in PrestaShop?")
    _run("order_cancel", {"order_ids": ids, "reason": reason, "dry_run": dry_run}, connection, as_json=as_json)


def answer(
    order: OrderName,
    verdict: Annotated[Verdict, typer.Argument(help="approve cancels the order; reject: its parcel has left.")],
    connection: ConnectionName = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Answer a buyer who asks to cancel an order."""
    ids = _ids(connection, [order])
    if verdict is Verdict.APPROVE and not (yes or dry_run):
        _ask(f"Let the buyer cancel order {ids[0]}?")
    given = {"order_ids": ids, "answer": verdict.value, "dry_run": dry_run}
    _run("order_answer", given, connection, as_json=as_json)


def delete(orders: Names, connection: ConnectionName = "", yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete orders from the connector, buyer data too: it leaves them alone on both sides until you fetch them."""
    _, found = open_connection(connection)
    wanted = named_orders(found.key, orders)
    ids = [one.order_id for one in wanted]
    if not yes:
        _ask(
            f"Delete {_count(ids)} here? On TikTok Shop and in PrestaShop they stay, and the connector no longer "
            "imports them, ships them or keeps them in step."
        )
    from tasks.order_privacy import delete_orders

    number = delete_orders(found.key, [one.key for one in wanted])
    back = f"connector orders fetch {' '.join(ids)}"
    result(
        {"deleted": number, "order_ids": ids},
        as_json=as_json,
        text=f"{_count(ids)} deleted here. To have them again: {back}",
    )


def erase(
    orders: Annotated[
        list[str] | None,
        typer.Argument(metavar="ORDER…", help="Orders whose buyer data are erased.", show_default=False),
    ] = None,
    older_than: Annotated[
        int | None, typer.Option("--older-than", min=0, metavar="DAYS", help="Of all finished orders placed earlier.")
    ] = None,
    buyer: Annotated[
        str, typer.Option("--buyer", help="Of all orders of one buyer: e-mail address, or TikTok's id of the buyer.")
    ] = "",
    connection: ConnectionName = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Erase name, address, e-mail and message of buyers here for good; what PrestaShop has of them stays there."""
    if [bool(orders), older_than is not None, bool(buyer.strip())].count(True) != 1:
        raise Refused("Name orders, or give --older-than DAYS, or --buyer.")
    _, found = open_connection(connection)
    wanted = [one.key for one in named_orders(found.key, orders or [])]
    what = _count(wanted) if orders else f"all finished orders older than {older_than} days"
    if buyer.strip():
        from tasks.order_privacy import orders_of_buyer

        wanted = orders_of_buyer(found.key, buyer)
        what = f"{_count(wanted)} of this buyer"
        if not wanted:
            raise Refused("No order here has data of this buyer. Addresses are compared whole; try TikTok's id too.")
    if not yes:
        _ask(f"Erase the buyer data of {what}?")
    from datetime import timedelta

    from tasks.order_privacy import erase_buyers, erase_orders
    from tasks.shops import utc_now

    if older_than is None:
        number = erase_orders(found.key, wanted)
    else:
        number = erase_buyers(found.key, utc_now() - timedelta(days=older_than))
    result({"erased": number}, as_json=as_json, text=f"Buyer data of {number} orders erased.")


def _ids(connection: str, names: Sequence[str]) -> list[str]:
    """TikTok ids of orders."""
    _, found = open_connection(connection)
    return [one.order_id for one in named_orders(found.key, names)]


def _run(flow: str, given: dict[str, Any], connection: str, *, as_json: bool) -> None:
    outcome = run_flow(flow, {**given, "connection": connection} if connection else given)
    show_outcome(flow, outcome, as_json=as_json)


def _ask(question: str) -> None:
    """Ask before what cannot be taken back; a no ends the command."""
    typer.confirm(question, abort=True, err=True)


def _count(some: Sequence[Any]) -> str:
    return f"{len(some)} orders" if len(some) != 1 else "1 order"
