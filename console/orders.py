"""`connector orders list|counts|show`: orders of TikTok Shop and where they stand on both sides (I4, I5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.errors import Refused
from console.output import AsJson, ConnectionName, result, say, table

if TYPE_CHECKING:
    from models.orders import Order
    from tasks.order_list import OrderDetails

app = typer.Typer(no_args_is_help=True, help="Orders of TikTok Shop, and where they stand on both sides.")


class Stage(StrEnum):
    """How far an order has come into PrestaShop."""

    SEEN = "seen"
    ON_HOLD = "on_hold"
    READY = "ready"
    CUSTOMER = "customer"
    ADDRESS = "address"
    CART = "cart"
    PRICES = "prices"
    ORDER = "order"
    VERIFIED = "verified"
    IMPORTED = "imported"
    IGNORED = "ignored"
    CANCELLED = "cancelled"


OrderName = Annotated[
    str,
    typer.Argument(
        metavar="ORDER", help="TikTok's id, PrestaShop's id or our number; ps:12 or id:12 where both exist."
    ),
]

_SHOWN = ("id", "id_order", "order_id", "created", "status", "fulfilment", "state", "total", "why")


def open_connection(connection: str) -> tuple[Any, Any]:
    """The database and the connection of that name."""
    from console.installation import open_installation
    from models.connections import find_connection

    store = open_installation()
    with store.read() as session:
        return store, find_connection(session, connection)


def named_orders(connection_id: int, names: Sequence[str]) -> list[Order]:
    """The orders people mean.

    Raises:
        UnknownOrder: one is not known, or may be either of two.
    """
    from tasks.order_list import find_orders

    return find_orders(connection_id, names)


@app.command("list")
def list_orders(
    connection: ConnectionName = "",
    search: Annotated[
        str,
        typer.Option(
            "--search", "-s", help="Only those with this in an id, reference, day (2026-11-20), fulfilment or status."
        ),
    ] = "",
    status: Annotated[
        str, typer.Option("--status", help='Only those that stand there: "awaiting shipment", "error", … as counted.')
    ] = "",
    stage: Annotated[Stage | None, typer.Option("--stage", help="Only those that have come so far.")] = None,
    parked: Annotated[bool, typer.Option("--parked", help="Only those that wait for a person.")] = False,
    page: Annotated[int, typer.Option("--page", min=1, help="Which page.")] = 1,
    page_size: Annotated[int, typer.Option("--page-size", min=1, max=500, help="Orders a page.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List orders, the newest first, and how many stand where; those left out only with --stage ignored or --search."""
    word = _word(status)
    _, found = open_connection(connection)
    from models.orders import OrderStage
    from tasks.order_list import OrderFilter, order_page

    wanted = OrderFilter(search, word, OrderStage(stage.value) if stage else None, parked)
    shown = order_page(found.key, wanted, page=page, page_size=page_size)
    pages = max(-(-shown.total // page_size), 1)
    rows = [asdict(row) for row in shown.rows]
    if as_json:
        data = {"orders": rows, "total": shown.total, "page": page, "pages": pages, "counts": shown.counts}
        result(data, as_json=True)
        return
    table(rows, _SHOWN, as_json=False, empty=_nothing(page, pages, is_filtered=wanted != OrderFilter()))
    say(", ".join(f"{number} {name}" for name, number in shown.counts.items()))
    if pages > 1:
        say(f"Page {page} of {pages}" + (f"; the next with --page {page + 1}" if page < pages else "") + ".")


def _word(written: str) -> str:
    """A status as lists call it, by that or as TikTok Shop spells it."""
    from rules.order_statuses import status_word
    from tasks.order_list import WORDS

    word = " ".join(written.replace("_", " ").replace("-", " ").split()).casefold()
    if word and word not in WORDS:
        word = status_word(word.upper().replace(" ", "_"))
    if word and word not in WORDS:
        raise Refused(f"There is no status {written!r}. There are: {', '.join(WORDS)}")
    return word


def _nothing(page: int, pages: int, *, is_filtered: bool) -> str:
    if page > pages:
        return f"There is no page {page}; the last is {pages}."
    if is_filtered:
        return "No order is like that."
    return "No order is known yet. Read them with: connector orders import"


@app.command()
def counts(connection: ConnectionName = "", as_json: AsJson = False) -> None:
    """Count the orders by where they stand; "error" are those that wait for a person."""
    _, found = open_connection(connection)
    from tasks.order_list import order_counts

    counted = order_counts(found.key)
    if as_json:
        result(counted, as_json=True)
        return
    table([{"status": name, "orders": number} for name, number in counted.items()], ["status", "orders"], as_json=False)


@app.command()
def show(
    order: OrderName,
    connection: ConnectionName = "",
    with_buyer: Annotated[
        bool, typer.Option("--with-buyer", help="With --json: name, address and e-mail of the buyer too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show one order: lines, money, buyer, parcels, what keeps it and what to do, cancellations, history."""
    _, connected = open_connection(connection)
    from tasks.order_list import order_details

    (found,) = named_orders(connected.key, [order])
    details = order_details(connected.key, found.key)
    if as_json:
        data = {**asdict(details.row), **{name: value for name, value in asdict(details).items() if name != "row"}}
        result(data | ({"buyer": _buyer(found)} if with_buyer else {}), as_json=True)
        return
    say("\n".join([*_page(details), *_buyer_lines(_buyer(found)), *_history(details)]))


def _page(details: OrderDetails) -> Iterator[str]:
    """An order for people, but for its buyer."""
    row = details.row
    yield f"Order {row.order_id}" + (f", PrestaShop order {row.id_order} ({row.reference})" if row.id_order else "")
    yield f"Status: {row.status}; in PrestaShop: {row.state or 'not there'}; stage: {row.stage.replace('_', ' ')}"
    yield f"Placed {row.created}; {row.fulfilment or 'fulfilment not known'}" + (
        f"; to be shipped by {details.ship_by}" if details.ship_by else ""
    )
    if details.error:
        request = details.error["request_id"]
        yield f"  ! {details.error['cause']}" + (f" (request {request})" if request else "")
        yield f"    What to do: {details.error['fix'] or 'see the history below'}"
        yield f"    Then: connector parked replay order:{row.order_id}"
    for change in details.changes:
        yield f"  ! {change['change']}: {change['cause']} {change['fix']}".rstrip()
    for line in details.lines:
        name = " ".join(word for word in (line["title"], f"({line['variant']})" if line["variant"] else "") if word)
        product = f", product {line['product']}" if line["product"] else ""
        yield f"  {line['quantity']} × {name}, SKU {line['sku'] or line['sku_id']}, {line['price']}{product}"
    payment = details.payment
    yield (
        f"Paid {payment['paid']}"
        + (f"; PrestaShop order to show {payment['expected']}" if payment["expected"] else "")
        + (f", shows {payment['prestashop']}" if payment["prestashop"] else "")
    )
    if details.ledger:
        yield "Ledger: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in details.ledger.items())
    yield from (f"  · {reason}" for reason in details.reasons)
    for parcel in details.parcels:
        yield f"Parcel on {parcel['shop']}: {parcel['carrier']} {parcel['tracking'] or '(no tracking number)'}"
    for one in details.requests:
        words = [f"{one['kind'].capitalize()} {one['id']} by {one['by'] or 'TikTok Shop'}:", one["status"]]
        words += [f"answered: {one['answer']}"] if one["answer"] else []
        words += [f"answer by {one['answer_by']}"] if one["answer_by"] and one["status"].endswith("PENDING") else []
        yield " ".join(words)
        if one["cause"]:
            yield f"  ! {one['cause']} {one['fix']}".rstrip()


def _history(details: OrderDetails) -> Iterator[str]:
    yield "History:"
    yield from (f"  {event['at']}  {event['text']}" for event in details.history)
    yield f"In Seller Center: {details.seller_center}"
    if details.back_office:
        yield f"In the back office: {details.back_office}"


def _buyer(order: Order) -> dict[str, Any]:
    """Who bought: decrypted to be shown, and for nothing else. Empty when it was erased."""
    from rules.recipients import street_lines
    from rules.tiktok_order import Recipient
    from tasks.order_record import buyer_of, secret_box, unseal

    box = secret_box()
    data = buyer_of(box, order)
    if not order.buyer_secret:
        return {}
    recipient = Recipient.read(data.recipient)
    districts = [name for _, _, name, _ in recipient.levels if name]
    return {
        "name": recipient.name or f"{recipient.first_name} {recipient.last_name}".strip(),
        "address": [
            *street_lines(recipient),
            " ".join(part for part in (recipient.postal_code, recipient.post_town) if part),
            ", ".join(reversed(districts)),
            recipient.country,
        ],
        "phone": recipient.phone,
        "email": data.email,
        "message": data.message,
        "corrections": unseal(box, order.corrections_secret),
    }


def _buyer_lines(buyer: dict[str, Any]) -> Iterator[str]:
    if not buyer:
        yield "Buyer: no data are kept"
        return
    parts = [buyer["name"], *buyer["address"], buyer["phone"], buyer["email"]]
    yield "Buyer: " + ", ".join(part for part in parts if part)
    if buyer["message"]:
        yield f"  wrote: {buyer['message']}"
    if buyer["corrections"]:
        yield "  corrected: " + ", ".join(
            f"{name} {value or '(empty)'}" for name, value in buyer["corrections"].items()
        )
