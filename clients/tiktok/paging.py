"""Reading a list to its end: tokens until there is none, and never in a circle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from clients.errors import ShopError
from clients.tiktok.answers import Answer, Json

# Far above any real list at 100 rows a page; a list that reaches it is reported, its rows are not dropped silently.
PAGE_CAP: Final = 10_000


def rows_of_pages(fetch: Callable[[str], Answer], rows: str, *, cap: int = PAGE_CAP) -> Iterator[Json]:
    """Every row of a paged call, fetched as they are needed; see `pages_of`."""
    for page in pages_of(fetch, rows, cap=cap):
        yield from page


def pages_of(fetch: Callable[[str], Answer], rows: str, *, cap: int = PAGE_CAP) -> Iterator[list[Json]]:
    """The rows of a paged call page by page, the next fetched when it is asked for.

    Args:
        fetch: reads the page of a token ("" for the first).
        rows: the field of `data` that holds the rows.
        cap: the highest number of pages.

    Raises:
        ShopError: a page token came twice (code `paging-loop`), or the cap was reached (code `paging-cap`).
    """
    token = ""
    seen = {token}
    while True:
        answer = fetch(token)
        yield list(answer.data.get(rows) or ())
        token = answer.data.get("next_page_token") or ""
        if not token:
            return
        if token in seen:
            raise _broken("paging-loop", f"{rows}: page {len(seen)} repeats an earlier page token", answer)
        if len(seen) >= cap:
            raise _broken("paging-cap", f"{rows}: more than {cap} pages", answer)
        seen.add(token)


def _broken(code: str, message: str, answer: Answer) -> ShopError:
    return ShopError(
        message,
        shop="tiktok",
        code=code,
        request_id=answer.request_id,
        cause="TikTok Shop does not come to the end of the list.",
        fix="Narrow the search; if it happens again, quote the request id to the platform's support.",
    )
