"""`connector parked …`: what waits for a person, what to do about it, and trying it again (K7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.errors import Refused, Status
from console.orders import OrderName, named_orders, open_connection
from console.output import AsJson, ConnectionName, result, say, table
from console.runs import run_flow, say_counts, say_failures

if TYPE_CHECKING:
    from models.orders import Order
    from tasks.parked import Parked, Rerun

app = typer.Typer(no_args_is_help=True, help="Parked: what waits for a person, why, and trying it again.")

CauseCode = Annotated[str, typer.Option("--cause", help="Only what waits for this cause, by its code.")]

_SHOWN = ("key", "what", "object", "id_order", "since", "code", "cause", "fix")


@app.command("list")
def list_parked(
    cause: CauseCode = "",
    each: Annotated[bool, typer.Option("--each", help="One line for each thing instead of for each cause.")] = False,
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """List what waits by its cause: how often, since when, and what to do; with --cause each thing of that cause."""
    _, found = open_connection(connection)
    from tasks.parked import by_cause, parked

    waiting = parked(found.key, code=cause)
    if each or cause:
        table([_row(one) for one in waiting], _SHOWN, as_json=as_json, empty="Nothing waits for a person.")
        return
    rows = [{**asdict(one), "newest": _moment(one.newest)} for one in by_cause(waiting)]
    table(
        rows,
        ["count", "what", "code", "newest", "cause", "fix"],
        as_json=as_json,
        empty="Nothing waits for a person.",
    )
    if rows and not as_json:
        say("See them: connector parked list --cause CODE. Try them again: connector parked replay --cause CODE")


@app.command()
def show(
    key: Annotated[str, typer.Argument(help="As listed: order:577…, cancellation:403, change:12; or an order's id.")],
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Show one thing that waits: what was not done, why, what to do, and the request id for the shop's support."""
    _, found = open_connection(connection)
    items = _named(found.key, [key])
    if as_json:
        result([_row(one) for one in items], as_json=True)
        return
    say("\n\n".join("\n".join(_lines(one)) for one in items))


def _lines(one: Parked) -> Iterator[str]:
    """One thing for people."""
    from rules.cancellations import BY_HAND

    yield f"{one.what.capitalize()}: {one.object}" + (f", PrestaShop order {one.id_order}" if one.id_order else "")
    yield f"Why: {one.cause} ({one.code})"
    yield f"What to do: {one.fix or 'nothing is known; look at both shops'}"
    if one.request_id:
        yield f"Request id for the shop's support: {one.request_id}"
    yield f"Waits since {_moment(one.since)}"
    yield f"Then: connector parked {'done' if one.code in BY_HAND else 'replay'} {one.key}"


@app.command()
def edit(
    order: OrderName,
    skus: Annotated[
        list[str] | None,
        typer.Option(
            "--sku",
            metavar="SKU=PRODUCT",
            help="A SKU or unit of the order is this PrestaShop product: MUG=42 or 42:7.",
        ),
    ] = None,
    address: Annotated[
        list[str] | None,
        typer.Option(
            "--address",
            metavar="FIELD=VALUE",
            help="A field of the PrestaShop address: firstname, lastname, company, address1, address2, postcode, city, "
            "phone, dni, state, country.",
        ),
    ] = None,
    carrier: Annotated[
        str,
        typer.Option(
            "--carrier", metavar="[CARRIER=]PROVIDER", help="The order's PrestaShop carrier is this shipping provider."
        ),
    ] = "",
    link: Annotated[
        bool, typer.Option("--link", help="With --sku: link the SKU for all later orders too (H2).")
    ] = False,
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Give an order what it lacks: a product for a SKU, a corrected address, a provider of its carrier; then replay."""
    store, found = open_connection(connection)
    (wanted,) = named_orders(found.key, [order])
    variants = [_variant(word) for word in skus or []]
    corrections = dict(_pair(word, "--address") for word in address or [])
    if not (variants or corrections or carrier):
        raise Refused("Say what to change: --sku, --address or --carrier. See --help.")
    if link and not variants:
        raise Refused("--link belongs to --sku.")
    done: dict[str, Any] = {"order_id": wanted.order_id}
    if corrections:
        _correct(wanted, corrections)
        done["address"] = sorted(corrections)
    if carrier:
        done["carrier"] = _map_carrier(store, found.key, wanted, carrier)
    if variants:
        done["skus"] = _give_variants(found.key, wanted, variants, link=link)
    from tasks.parked import waiting_of

    keys = [one.key for one in waiting_of(found.key, wanted.order_id)]
    again = f" Try it again with: connector parked replay {' '.join(keys)}" if keys else ""
    result({**done, "waiting": keys}, as_json=as_json, text=f"Stored.{again}")


@app.command()
def done(
    keys: Annotated[list[str], typer.Argument(metavar="KEY…", help="As listed, or ids of orders.")],
    by: Annotated[str, typer.Option("--by", envvar="USER", help="Who did it; your user name when left out.")] = "",
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Say that you did in PrestaShop what the connector cannot: parts cancelled or refunded, parcels called back."""
    _, found = open_connection(connection)
    from rules.cancellations import BY_HAND
    from tasks.order_requests import mark_done

    items = _named(found.key, keys)
    others = [one.key for one in items if one.code not in BY_HAND]
    mine = [one.key for one in items if one.code in BY_HAND]
    if not mine or set(others).intersection(keys):
        raise Refused(
            f"Not done by hand: {', '.join(others)}. Try it again: connector parked replay {' '.join(others)}"
        )
    mark_done(found.key, mine, by=by.strip() or "a person")
    result({"done": mine}, as_json=as_json, text=f"Noted as done: {', '.join(mine)}.")


@app.command()
def replay(
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY…", help="As listed, or ids of orders.", show_default=False),
    ] = None,
    cause: CauseCode = "",
    every: Annotated[bool, typer.Option("--all", help="Everything that waits.")] = False,
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Try again what waits, now: some of it, all of one cause, or everything."""
    if sum((bool(keys), bool(cause), every)) != 1:
        raise Refused("Name what to try again in one way: by keys, with --cause CODE or with --all.")
    _, found = open_connection(connection)
    from tasks.parked import parked, release

    items = _named(found.key, keys) if keys else parked(found.key, code=cause)
    if not items:
        result({"runs": [], "ok": True}, as_json=as_json, text="Nothing like that waits.")
        return
    _run(release(found.key, items), found.name, as_json=as_json)


def _named(connection_id: int, keys: Sequence[str]) -> list[Parked]:
    """Things by their keys; by any id of an order everything of it that waits."""
    from tasks.parked import CannotMend, parked_named, waiting_of

    found: list[Parked] = []
    for key in keys:
        if not (key.isdecimal() or key.startswith(("ps:", "id:"))):
            found += parked_named(connection_id, [key])
            continue
        (order,) = named_orders(connection_id, [key])
        waiting = waiting_of(connection_id, order.order_id)
        if not waiting:
            raise CannotMend(f"Nothing of order {order.order_id} waits. See: connector orders show {order.order_id}")
        found += waiting
    return list({one.key: one for one in found}.values())


def _run(reruns: Sequence[Rerun], connection: str, *, as_json: bool) -> None:
    """Run the flows one after the other; ends with 1 when something of any of them needs a person."""
    outcomes = []
    for rerun in reruns:
        outcome = run_flow(rerun.flow, {**rerun.parameters, "connection": connection})
        outcomes.append((rerun.flow, outcome))
        if not as_json:
            say(f"{rerun.flow}:")
            say_counts(outcome)
            say_failures(outcome)
    ok = all(outcome.ok for _, outcome in outcomes)
    runs = [{"flow": flow, **outcome.model_dump(mode="json"), "ok": outcome.ok} for flow, outcome in outcomes]
    ending = "All done." if ok else "Some of it still needs a person: connector parked list"
    result({"runs": runs, "ok": ok}, as_json=as_json, text=ending)
    if not ok:
        raise typer.Exit(Status.FAILED)


def _variant(word: str) -> tuple[str, tuple[int, int]]:
    sku, written = _pair(word, "--sku")
    ids = re.fullmatch(r"(\d{1,9})(?::(\d{1,9}))?", written)
    if ids is None:
        raise Refused(f"--sku {word!r}: give PrestaShop's ids as {sku}=42 or {sku}=42:7.")
    return sku, (int(ids[1]), int(ids[2] or 0))


def _pair(word: str, option: str) -> tuple[str, str]:
    """A name and a value, which stays the text it is: postcodes begin with 0."""
    # SKUs may hold "=", products and most addresses do not.
    name, equals, value = word.rpartition("=") if option == "--sku" else word.partition("=")
    if not equals or not name.strip():
        raise Refused(f"{option} is of the form NAME=VALUE.")
    return name.strip(), value.strip()


def _correct(order: Order, corrections: dict[str, str]) -> None:
    from tasks.parked import correct_address

    findings = correct_address(order, corrections)
    if findings:
        raise Refused("\n".join(f"{finding.text} {finding.fix}" for finding in findings))


def _give_variants(
    connection_id: int, order: Order, variants: Sequence[tuple[str, tuple[int, int]]], *, link: bool
) -> dict[str, str]:
    from tasks.parked import give_variant

    done: dict[str, str] = {}
    for sku, variant in variants:
        name = f"{variant[0]}:{variant[1]}" if variant[1] else str(variant[0])
        sku_id = give_variant(connection_id, order, sku, variant)
        done[sku] = name
        if link and sku_id:
            from tasks.linking import link as link_sku

            link_sku(connection_id, sku_id, *variant)
        elif sku_id:
            say(f"For this order only. For later ones too: connector links link {sku_id} {name}")
    return done


def _map_carrier(store: Any, connection_id: int, order: Order, written: str) -> dict[str, str]:
    """Map the carrier that is named, or else that of the order's parcels."""
    from console.order_names import carrier_named, provider_named
    from tasks.order_mappings import store_carrier

    name, _, provider = written.rpartition("=")
    carriers = {str(parcel["carrier"]) for parcel in order.parcels}
    if not name and len(carriers) != 1:
        raise Refused("Which carrier it is cannot be told from the order; write --carrier CARRIER=PROVIDER.")
    with store.read() as session:
        carrier = carrier_named(session, connection_id, name or carriers.pop())
        chosen = provider_named(session, connection_id, provider)
    store_carrier(connection_id, carrier.reference, chosen)
    return {"carrier": carrier.name, "provider": chosen.name}


def _row(one: Parked) -> dict[str, Any]:
    return {**asdict(one), "since": _moment(one.since)}


def _moment(moment: Any) -> str:
    from datetime import UTC

    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment is not None else ""
