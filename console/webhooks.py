"""`connector webhooks …`: which events TikTok Shop tells to which address (J2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from console.errors import Refused, Status
from console.output import AsJson, ConnectionName, say, table

if TYPE_CHECKING:
    from tasks.webhook_subscriptions import Subscription

app = typer.Typer(
    no_args_is_help=True, help="Webhooks: have TikTok Shop tell of orders and products as soon as something happens."
)


def _open(connection: str) -> int:
    from console.installation import open_installation
    from models.connections import find_connection

    with open_installation().read() as session:
        return find_connection(session, connection).key


@app.command("list")
def list_webhooks(connection: ConnectionName = "", as_json: AsJson = False) -> None:
    """List the events the connector acts upon, and where TikTok Shop tells each."""
    connection_id = _open(connection)
    from tasks.webhook_subscriptions import list_subscriptions

    _show(list_subscriptions(connection_id), as_json=as_json)


@app.command()
def subscribe(
    address: Annotated[
        str, typer.Argument(help="Where to tell it: https, a host name, no port; CONNECTOR_DOOR_URL's when left out.")
    ] = "",
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Have TikTok Shop tell every event the connector acts upon to an address; earlier addresses are replaced."""
    address = address or _address_of_the_door()
    if urlsplit(address).scheme not in ("https", "http") or not urlsplit(address).netloc:
        raise Refused(f"{address!r} is no address. Write it like https://shop.example.org/tiktok/webhooks")
    connection_id = _open(connection)
    from tasks.webhook_subscriptions import subscribe_all

    _end(subscribe_all(connection_id, address), as_json=as_json, done=lambda n: f"{n} events are told to {address}.")


def _address_of_the_door() -> str:
    from config.settings import settings

    url = settings().door_url
    if not url:
        raise Refused("Say where to tell it, or set CONNECTOR_DOOR_URL to the door's address as the internet sees it.")
    return f"{url.rstrip('/')}/tiktok/webhooks"


@app.command()
def unsubscribe(
    address: Annotated[str, typer.Option(help="Only what is told to this address.")] = "",
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Have TikTok Shop tell nothing any more; the connector then learns everything by its schedules."""
    connection_id = _open(connection)
    from tasks.webhook_subscriptions import unsubscribe_all

    done = unsubscribe_all(connection_id, address)
    _end(done, as_json=as_json, done=lambda n: f"{n} events are told no longer.")


def _end(rows: Sequence[Subscription], *, as_json: bool, done: Callable[[int], str]) -> None:
    refused = [row for row in rows if row.refusal]
    if as_json or refused:
        _show(rows, as_json=as_json)
    if not as_json:
        say(done(len(rows) - len(refused)))
    if refused:
        raise typer.Exit(Status.FAILED)


def _show(rows: Sequence[Subscription], *, as_json: bool) -> None:
    shown = [{**row.model_dump(), "address": row.address or ("" if as_json else "(not told)")} for row in rows]
    columns = ["event_type", "address", *(["refusal"] if any(row.refusal for row in rows) else [])]
    table(shown, columns, as_json=as_json)
