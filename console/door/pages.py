"""The few pages people see. Everything is in the page itself: no scripts, no outside requests."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from starlette.responses import HTMLResponse

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:3rem auto;padding:0 1rem;color:#222}"
    "h1{font-size:1.4rem}table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd}"
    "code{word-break:break-all}button{font:inherit;padding:.4rem 1rem}label{display:block;margin:.4rem 0}"
)


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """A page; `body` is HTML, `title` is text."""
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>",
        status,
    )


def note(title: str, *sentences: str, status: int = 200) -> HTMLResponse:
    """A page that only says something."""
    return page(title, "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences if sentence), status)


def choice(connection: str, ticket: str, shops: Sequence[tuple[str, str]]) -> HTMLResponse:
    """The form in which one of several shops (id, in words) is chosen."""
    options = "".join(
        f'<label><input type="radio" name="shop" value="{escape(shop)}" required> {escape(text)}</label>'
        for shop, text in shops
    )
    return page(
        f"Which shop is connection {connection} for?",
        '<form method="post" action="/tiktok/shop">'
        f'<input type="hidden" name="ticket" value="{escape(ticket)}">{options}'
        "<p><button>Choose</button></p></form>",
    )


def cron_table(rows: Sequence[tuple[str, str, str, str]], *, with_keys: bool) -> HTMLResponse:
    """The cron URLs: (connection, job, URL, recommended interval)."""
    hint = (
        ""
        if with_keys
        else "<p>Keys are not shown here. They are on this page for those who bring CONNECTOR_DOOR_TOKEN, "
        "and printed by <code>connector cron list</code>.</p>"
    )
    lines = "".join(
        f"<tr><td>{escape(connection)}</td><td>{escape(job)}</td><td><code>{escape(url)}</code></td>"
        f"<td>{escape(interval)}</td></tr>"
        for connection, job, url, interval in rows
    )
    return page(
        "Cron URLs",
        f"<p>Call these regularly where schedules of another service are wanted.</p>{hint}"
        "<table><tr><th>Connection</th><th>Job</th><th>URL</th><th>Every</th></tr>"
        f"{lines}</table>",
    )


def interval(seconds: int) -> str:
    """How often, in words."""
    for size, unit in ((24 * 3600, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return unit if count == 1 else f"{count} {unit}s"
    return f"{seconds} seconds"
