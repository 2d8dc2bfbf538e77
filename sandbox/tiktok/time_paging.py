"""Searches of packages, cancellations and returns: filtered by their times, page by page (sheet 4.11, 4.12, 5.5)."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from sandbox.tiktok.call import Call
from sandbox.tiktok.paging import after, token_after


class Timed(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Timed)
TIMES = {"create_time_ge": int, "create_time_lt": int, "update_time_ge": int, "update_time_lt": int}


def paging_query(default_order: str, sizes: range = range(1, 51), *fields: str) -> dict[str, Any]:
    """The query's shape; `default_order` is only written down here to be seen beside it."""
    return {
        "page_size": sizes,
        "page_token": str,
        "sort_field": frozenset({"create_time", "update_time", *fields}),
        "sort_order": frozenset({"ASC", "DESC", default_order}),
    }


def in_time(body: dict[str, Any], create_time: int, update_time: int) -> bool:
    """Half-open windows."""
    return bool(
        body.get("create_time_ge", 0) <= create_time
        and create_time < body.get("create_time_lt", create_time + 1)
        and body.get("update_time_ge", 0) <= update_time
        and update_time < body.get("update_time_lt", update_time + 1)
    )


def time_page(
    rows: Iterable[tuple[int, T]], query: dict[str, Any], body: dict[str, Any], *, size: int, ascending: bool
) -> tuple[Sequence[T], int, str]:
    """One page of (time, row), the number of all rows and the token of the next page, which goes on behind it."""
    filters = [body, query.get("sort_field"), ascending]
    ordered = sorted(((time, row.id, row) for time, row in rows), key=lambda key: key[:2], reverse=not ascending)
    behind = after(query.get("page_token"), filters)
    rest = ordered
    if behind is not None:
        rest = [key for key in ordered if (key[:2] > behind if ascending else key[:2] < behind)]
    shown = rest[:size]
    token = token_after((shown[-1][0], shown[-1][1]), filters) if len(rest) > size else ""
    return [row for _, _, row in shown], len(ordered), token


def listed(call: Call, name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """An empty list may be written as nothing, or not at all (sheet 2.1)."""
    if rows or call.world.empty_data == "object":
        return {name: rows}
    return {name: None} if call.world.empty_data == "null" else {}
