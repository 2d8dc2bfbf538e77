"""One mail about everything that waits for a person (C1, K11): in plain text and in HTML, without buyer data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

# A mail that lists more is not read to its end.
MOST_LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that waits for a person.

    Attributes:
        key: what it is and why, such as "order:577…:unknown_sku"; told once.
        what: in words: "Order not imported", "Shipping deadline", …
        order_id: TikTok's; "" when it belongs to no order.
        id_order: PrestaShop's, None while there is none.
        code: a stable name of the cause.
        seller_center, back_office: links, "" when there is none.
        moment: for people: since when it waits, or its deadline.
    """

    key: str
    what: str
    order_id: str
    id_order: int | None
    code: str
    cause: str
    fix: str
    request_id: str = ""
    seller_center: str = ""
    back_office: str = ""
    moment: str = ""

    @property
    def place(self) -> str:
        """Where it is in PrestaShop, for people."""
        return f"PrestaShop order {self.id_order}" if self.id_order else ""


@dataclass(frozen=True, slots=True)
class Digest:
    """A mail, ready to be sent."""

    subject: str
    text: str
    html: str


def digest(connection: str, new: Sequence[Matter], waiting_before: int) -> Digest:
    """A mail about what is new; what was told before is only counted.

    Args:
        connection: name of the connection.
        new: what to tell, the most urgent first; the first 50 are listed.
        waiting_before: how many other things were told before and still wait.
    """
    listed, rest = new[:MOST_LISTED], new[MOST_LISTED:]
    counted = f"{len(new)} new {_things(len(new))} for you"
    subject = f"[TikTok Shop] {connection}: {counted}"
    closing = list(_closing(rest, waiting_before))
    opening = f"{counted} in the connection “{connection}”."
    text = "\n".join([opening, "", *(line for matter in listed for line in _lines(matter)), *closing, ""])
    rows = "\n".join(_row(matter) for matter in listed)
    html = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>'
        f"{escape(subject)}</title></head>\n"
        '<body style="font-family:sans-serif;font-size:14px;color:#222">\n'
        f"<p>{escape(opening)}</p>\n"
        '<table cellpadding="6" style="border-collapse:collapse;text-align:left" border="1">\n'
        "<tr><th>Order</th><th>What</th><th>Why</th><th>What to do</th></tr>\n"
        f"{rows}\n</table>\n" + "".join(f"<p>{escape(line)}</p>\n" for line in closing) + "</body></html>\n"
    )
    return Digest(subject, text, html)


def _things(number: int) -> str:
    return "matter waits" if number == 1 else "matters wait"


def _lines(matter: Matter) -> Iterator[str]:
    title = f"{matter.what}: {matter.order_id}" if matter.order_id else matter.what
    yield " · ".join(part for part in (title, matter.place, matter.moment) if part)
    yield f"  Why: {_one_line(matter.cause)}"
    if matter.fix:
        yield f"  What to do: {_one_line(matter.fix)}"
    if matter.request_id:
        yield f"  Request id for the shop's support: {matter.request_id}"
    if matter.seller_center:
        yield f"  Seller Center: {matter.seller_center}"
    if matter.back_office:
        yield f"  Back office: {matter.back_office}"
    elif matter.id_order:
        yield f"  Back office: Orders > Orders, ID {matter.id_order}"
    yield ""


def _row(matter: Matter) -> str:
    order = _link(matter.seller_center, matter.order_id)
    if matter.id_order:
        order += "<br>" + _link(matter.back_office, matter.place)
    what = "<br>".join(escape(part) for part in (matter.what, matter.moment) if part)
    why = escape(_one_line(matter.cause))
    if matter.request_id:
        why += f"<br><small>Request id: {escape(matter.request_id)}</small>"
    cells = (order, what, why, escape(_one_line(matter.fix)))
    return "<tr>" + "".join(f'<td valign="top">{cell}</td>' for cell in cells) + "</tr>"


def _link(address: str, text: str) -> str:
    return f'<a href="{escape(address, quote=True)}">{escape(text)}</a>' if address else escape(text)


def _closing(rest: Sequence[Matter], waiting_before: int) -> Iterator[str]:
    if rest:
        causes = Counter(matter.code for matter in rest).most_common(8)
        names = ", ".join(f"{code} ({number})" for code, number in causes)
        yield f"{len(rest)} more are not listed here: {names}."
    if waiting_before:
        others = "one other thing" if waiting_before == 1 else f"{waiting_before} other things"
        yield f"Besides, {others} of which you were told before still wait."
    yield "Each is told once, and again when its cause changes or when it comes back after it was settled."


def _one_line(text: str) -> str:
    return " ".join(text.split())
