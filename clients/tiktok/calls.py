"""What the client's areas share: lists to their end, the rows of an answer, the id of what was just made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from clients.errors import Rejected, Uncertain
from clients.tiktok.answers import Answer, Json
from clients.tiktok.endpoints import Endpoint
from clients.tiktok.paging import pages_of, rows_of_pages
from clients.tiktok.results import BatchAnswer
from clients.tiktok.transport import Transport, Upload

# The code of the error for a page token the platform no longer takes.
STALE_PAGE: Final = "page-token"


class Calls:
    """Base of the areas of the client."""

    _transport: Transport

    def _call(
        self,
        endpoint: Endpoint,
        *,
        ids: dict[str, str] | None = None,
        query: Mapping[str, object] | None = None,
        body: Json | None = None,
        upload: Upload | None = None,
    ) -> Answer:
        return self._transport.call(endpoint, ids=ids, query=query, body=body, upload=upload)

    def _pages(
        self,
        endpoint: Endpoint,
        rows: str,
        page_size: int,
        *,
        query: Mapping[str, object] | None = None,
        body: Json | None = None,
    ) -> Iterator[Json]:
        """Every row of a list."""
        return rows_of_pages(self._fetch(endpoint, page_size, query or {}, body), rows)

    def _windows(
        self,
        endpoint: Endpoint,
        rows: str,
        page_size: int,
        *,
        sort_field: str,
        body: Json,
    ) -> Iterator[list[Json]]:
        """The pages of a search, oldest first.

        A page token the platform no longer takes is `Rejected` with the code `STALE_PAGE`: the caller begins the
        window again, as every row of it may have come before.
        """
        read = self._fetch(endpoint, page_size, {"sort_field": sort_field, "sort_order": "ASC"}, body)

        def fetch(token: str) -> Answer:
            try:
                return read(token)
            except Rejected as error:
                if not token:
                    raise
                # The first page was accepted with the same filters, so it is the token that is refused.
                raise _stale(error) from None

        return pages_of(fetch, rows)

    def _fetch(
        self, endpoint: Endpoint, page_size: int, query: Mapping[str, object], body: Json | None
    ) -> Callable[[str], Answer]:
        # Paging parameters are query parameters even on POST; in the body they are refused (section 0.2).
        misplaced = {"page_size", "page_token"} & (body or {}).keys()
        if misplaced:
            raise ValueError(f"not a filter: {', '.join(sorted(misplaced))}")
        return lambda token: self._call(
            endpoint, query={"page_size": page_size, "page_token": token, **query}, body=body
        )

    def _batch(self, endpoint: Endpoint, name: str, rows: Sequence[Json], most: int) -> BatchAnswer:
        """One call about several objects with an `id` each, which go into the body under `name`."""
        if not 1 <= len(rows) <= most:
            raise ValueError(f"1 to {most} {name} at a time, not {len(rows)}")
        answer = self._call(endpoint, body={name: list(rows)})
        return BatchAnswer.read([str(row["id"]) for row in rows], answer)


def _stale(error: Rejected) -> Rejected:
    return Rejected(
        f"{error} (on a later page)",
        shop="tiktok",
        code=STALE_PAGE,
        request_id=error.request_id,
        cause="TikTok Shop no longer continues this list.",
        fix="Nothing to do: the connector reads the list again from its beginning.",
    )


def rows_of(answer: Answer, name: str) -> list[Json]:
    """The list `name` of an answer; missing, null and empty are alike."""
    return list(answer.data.get(name) or ())


def created(answer: Answer, name: str) -> str:
    """The id of what was just made; without one nobody knows whether it was."""
    value = answer.data.get(name)
    if not value:
        raise Uncertain(
            f"accepted, but the answer has no {name}",
            shop="tiktok",
            code="no-id",
            request_id=answer.request_id,
            cause="TikTok Shop accepted the change but did not say what it made.",
            fix="The connector looks in TikTok Shop before it tries again.",
        )
    return str(value)


def given(**fields: object) -> Json:
    """The fields that have a value: a body without nulls and empty lists."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [], ())}
