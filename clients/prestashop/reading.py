"""Everything that is read from a shop: rows, pages, single objects, settings and computed prices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from threading import RLock
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import stamina

from clients.errors import ConfigurationFault, Rejected, ShopError, is_worth_repeating
from clients.prestashop import errors
from clients.prestashop.bodies import Unreadable, json_rows
from clients.prestashop.filters import MAX_VALUES, Filters, any_of, greater
from clients.prestashop.paging import PageSize, id_condition, in_order, scattered
from clients.prestashop.records import Display, Normaliser, Record, display_text
from clients.prestashop.resources import Resource
from clients.prestashop.resources import resource as resource_row
from clients.prestashop.transport import Answer, Transport

T = TypeVar("T")

NO_FILTERS = Filters()
BY_ID = ("id_ASC",)
_JSON = {"output_format": "JSON"}
_SORT = re.compile(r"(\w+)_(?:ASC|DESC)", re.ASCII)
_ALIAS = re.compile(r"[A-Za-z0-9_-]+")


class Reads:
    """The reading half of the client; thread-safe."""

    def __init__(self, transport: Transport, *, timezone: ZoneInfo | None, in_flight: int) -> None:
        self._transport = transport
        self._timezone = timezone
        self._in_flight = in_flight
        # A shop that hangs is not waited for seven times over.
        self._retry = stamina.RetryingCaller(attempts=7, timeout=120, wait_initial=0.5, wait_max=20, wait_jitter=1)
        self._facts = RLock()
        self._active_languages: list[int] = []
        self._normalisers: dict[tuple[str, str], Normaliser] = {}

    def ids(self, resource: str, filters: Filters = NO_FILTERS) -> list[int]:
        """The ids that match, ascending. The shop builds no object for this: by far its cheapest answer."""
        row = _known(resource, filters, BY_ID)
        found = [
            int(item["id"])
            for part in filters.split()
            for item in self._repeated(partial(self._listed, row, None, part, BY_ID, ""))[0]
        ]
        return sorted(set(found))

    def rows(
        self,
        resource: str,
        *,
        display: Display = "full",
        filters: Filters = NO_FILTERS,
        sort: Sequence[str] = BY_ID,
        limit: int | tuple[int, int] | None = None,
    ) -> list[Record]:
        """The matching objects as records, in one go; for long lists see `pages`.

        A list of values too long for a request line becomes several requests.

        Args:
            display: "full", or the wanted fields; associations as `images[id]`.
            sort: field names with `_ASC` or `_DESC`.
            limit: how many, or (offset, how many).

        Raises:
            ValueError: fields that cannot be filtered or sorted on, or a limit or other order on a split list.
            ShopError: what the shop answered.
        """
        row = _known(resource, filters, sort)
        parts = list(filters.split())
        if len(parts) > 1 and (limit is not None or tuple(sort) != BY_ID):
            raise ValueError("a list that is split over requests can neither be limited nor sorted otherwise")
        limited = "" if limit is None else str(limit) if isinstance(limit, int) else f"{limit[0]},{limit[1]}"
        found = [item for part in parts for item in self._part(row, display, part, sort, limited)]
        if len(parts) > 1 and found and "id" in found[0]:
            found = sorted({item["id"]: item for item in found}.values(), key=lambda item: item["id"])
        return found

    def pages(
        self,
        resource: str,
        *,
        display: Display,
        ids: Sequence[int] | None = None,
        size: int,
        filters: Filters = NO_FILTERS,
    ) -> Iterator[list[Record]]:
        """The objects in ascending order of id, page after page.

        With `ids` (from `ids()`, all or some) the pages are ranges of them, several requests in flight; objects that
        have gone meanwhile are missing, others are not added. Without, each page starts after the last id of the one
        before. Pages shrink when the shop takes too long for them or breaks off, and grow slowly when it is quick.

        Args:
            size: rows of the first pages; see fact sheet section 1.8 for what suits a resource.
        """
        row = _known(resource, filters, BY_ID)
        if "id" in filters:
            raise ValueError("pages choose the ids themselves: give the wanted ones as ids=")
        if not isinstance(display, str) and "id" not in display:
            display = ["id", *display]
        if ids is None:
            return self._after_each_other(row, display, PageSize(size), filters)
        return self._by_ids(row, display, PageSize(size), filters, sorted(set(ids)))

    def one(self, resource: str, id: int) -> Record | None:
        """The object with this id as the shop has it, None when it has none such (in this shop)."""
        row = resource_row(resource)
        # display=full gives the form of a list, which keeps empty and zero fields; the plain one drops them.
        ask = partial(self._transport.exchange, "GET", f"{row.name}/{int(id)}", {"display": "full", **_JSON})
        try:
            found = self._repeated(lambda: _parsed(ask()))
        except Rejected as fault:
            if fault.code in {"http-404", "131"}:
                return None
            raise
        return self._normaliser(row, "full")(found)[0] if found else None

    def settings(self, names: Sequence[str]) -> dict[str, str]:
        """Settings of the shop (`configurations`) by name; names the shop does not have are missing.

        A value of this shop wins over one of its group and that over the global one.
        """
        if not names:
            return {}
        rows = self.rows(
            "configurations",
            display=["id", "name", "value", "id_shop", "id_shop_group"],
            filters=Filters(name=any_of(names)),
        )
        shops = {row["id_shop"] for row in rows if row["id_shop"]}
        mine = self._transport.shop_id or (next(iter(shops)) if len(shops) == 1 else 0)
        # The least specific first, so that later ones replace them; a global row has neither shop nor group.
        rows = [row for row in rows if row["id_shop"] in {0, mine}]
        rows.sort(key=lambda row: (row["id_shop"] != 0, row["id_shop_group"] != 0))
        return {row["name"]: row["value"] for row in rows}

    def prices(
        self, resource: str, aliases: Mapping[str, Mapping[str, object]], ids: Sequence[int]
    ) -> dict[int, dict[str, Decimal]]:
        """Prices as PrestaShop computes them, by id and alias (fact sheet section 3.1; no group reductions).

        Args:
            resource: "products" or "combinations".
            aliases: parameters of each wanted price, such as {"gross": {"use_tax": 1, "country": 8}}.
                Six decimals unless said otherwise, because the shop's default is its rounding mode by accident.
        """
        if resource not in {"products", "combinations"}:
            raise ValueError("prices are computed for products and combinations only")
        row = resource_row(resource)
        params: dict[str, str] = {}
        for alias, wanted in aliases.items():
            if not _ALIAS.fullmatch(alias) or alias in row.fields:
                raise ValueError(f"not a name for a computed price: {alias!r}")
            for name, value in {"decimals": 6, **wanted}.items():
                params[f"price[{alias}][{name}]"] = str(int(value) if isinstance(value, bool) else value)
        if not ids or not aliases:
            return {}
        display = f"[id,{','.join(aliases)}]"
        result: dict[int, dict[str, Decimal]] = {}
        for part in Filters(id=any_of(ids)).split():
            query = {**part.params(None), **params, "display": display, "sort": "[id_ASC]", **_JSON}
            ask = partial(self._transport.exchange, "GET", resource, query)
            for item in self._repeated(lambda ask=ask: _parsed(ask())):  # type: ignore[misc]
                result[int(item["id"])] = {alias: Decimal(str(item[alias])) for alias in aliases}
        return result

    # What the shop is like, asked once and only when needed.

    def zone(self) -> ZoneInfo:
        """The shop's time zone: the one given to the client, else its setting `PS_TIMEZONE`."""
        if self._timezone is None:
            with self._facts:
                if self._timezone is None:
                    self._timezone = _zone(self.settings(["PS_TIMEZONE"]).get("PS_TIMEZONE", ""))
        return self._timezone

    def languages(self) -> list[int]:
        """The ids of the shop's active languages, ascending."""
        with self._facts:
            if not self._active_languages:
                rows = self.rows("languages", display=["id", "active"])
                self._active_languages = [row["id"] for row in rows if row["active"]]
        return self._active_languages

    def _only_language(self) -> int:
        # A text comes without its language where the shop has one only.
        languages = self.languages()
        if len(languages) == 1:
            return languages[0]
        return int(self.settings(["PS_LANG_DEFAULT"])["PS_LANG_DEFAULT"])

    # One list.

    def _repeated(self, call: Callable[[], T]) -> T:
        return self._retry(is_worth_repeating, call)

    def _part(self, row: Resource, display: Display, filters: Filters, sort: Sequence[str], limit: str) -> list[Record]:
        """One request, or two halves where the web server finds its line too long."""
        try:
            return self._repeated(partial(self._listed, row, display, filters, sort, limit))[0]
        except Rejected as fault:
            halves = filters.halves()
            if fault.code != "http-414" or limit or halves is None:
                raise
            return [item for half in halves for item in self._part(row, display, half, sort, limit)]

    def _listed(
        self,
        row: Resource,
        display: Display | None,
        filters: Filters,
        sort: Sequence[str],
        limit: str,
        expected: bool = False,
    ) -> tuple[list[Record], float]:
        """One list and how long it took; raw ids when `display` is None."""
        found = filters.params(self.zone() if filters.timed else None)
        query = {**found, "sort": f"[{','.join(sort)}]", **_JSON}
        if display is not None:
            query["display"] = display_text(row, display)
        if limit:
            query["limit"] = limit
        if any(name.startswith(("date_add_", "date_upd_")) for name in sort):
            query["date"] = "1"
        answer = self._transport.exchange("GET", row.name, query)
        rows = _parsed(answer)
        if not rows and (expected or _suspicious(row, filters, sort, limit)):
            self._surely_empty(row, found)
        if display is not None:
            rows = self._normaliser(row, display)(rows)
        return rows, answer.seconds

    def _surely_empty(self, row: Resource, found: Mapping[str, str]) -> None:
        """An SQL error inside the shop looks like an empty list (fact sheet section 1.4): ask again, plainly."""
        if _parsed(self._transport.exchange("GET", row.name, {**found, "limit": "1", **_JSON})):
            raise errors.unclear("GET", row.name, "empty-list", "an empty list where there are objects")

    def _normaliser(self, row: Resource, display: Display) -> Normaliser:
        key = (row.name, display_text(row, display))
        normaliser = self._normalisers.get(key)
        if normaliser is None:
            normaliser = self._normalisers[key] = Normaliser(row, display, self.zone, self._only_language)
        return normaliser

    # Pages.

    def _by_ids(
        self, row: Resource, display: Display, size: PageSize, filters: Filters, ids: list[int]
    ) -> Iterator[list[Record]]:
        start = 0

        def next_chunk() -> Sequence[int]:
            nonlocal start
            chunk = ids[start : start + size.rows]
            if chunk and scattered(chunk):
                chunk = chunk[:MAX_VALUES]
            start += len(chunk)
            return chunk

        return in_order(next_chunk, partial(self._chunk, row, display, size, filters), self._in_flight)

    def _chunk(
        self, row: Resource, display: Display, size: PageSize, filters: Filters, ids: Sequence[int]
    ) -> list[Record]:
        """The objects with these ids; asked for in halves when all at once are too many for the shop."""
        wanted = filters.also(id=id_condition(ids))
        ask = partial(self._listed, row, display, wanted, BY_ID, "", expected=not filters)
        try:
            rows, seconds = self._retry(_unless_splitting(len(ids)), ask)
        except ShopError as fault:
            if len(ids) == 1 or not errors.too_heavy(fault):
                raise
            size.broke(len(ids))
            middle = len(ids) // 2
            return [
                *self._chunk(row, display, size, filters, ids[:middle]),
                *self._chunk(row, display, size, filters, ids[middle:]),
            ]
        size.took(seconds, len(ids))
        asked = set(ids)
        return [item for item in rows if item["id"] in asked]

    def _after_each_other(
        self, row: Resource, display: Display, size: PageSize, filters: Filters
    ) -> Iterator[list[Record]]:
        last = 0
        while True:
            count = size.rows
            wanted = filters.also(id=greater(last)) if last else filters
            ask = partial(self._listed, row, display, wanted, BY_ID, str(count))
            try:
                rows, seconds = self._retry(_unless_splitting(count), ask)
            except ShopError as fault:
                if count == 1 or not errors.too_heavy(fault):
                    raise
                size.broke(count)
                continue
            size.took(seconds, count)
            if rows and rows[0]["id"] <= last:
                raise errors.error("repeating", f"GET {row.name}: the page after {last} starts at {rows[0]['id']}")
            if rows:
                yield rows
            if len(rows) < count:
                return
            last = rows[-1]["id"]


def _unless_splitting(rows: int) -> Callable[[Exception], bool]:
    """Repeat what may pass by itself; a page that broke off is asked for in smaller pieces instead."""
    return lambda fault: is_worth_repeating(fault) and not (rows > 1 and errors.too_heavy(fault))


def _parsed(answer: Answer) -> list[Record]:
    try:
        return json_rows(answer.content)
    except Unreadable as fault:
        raise unreadable("GET", answer.path, fault) from None


def unreadable(method: str, path: str, fault: Unreadable) -> ShopError:
    """The error for a body that is not what the webservice sends."""
    if fault.page and method in errors.READS:
        return errors.error("not-a-webservice", f"{method} {path}: a page instead of data")
    return errors.truncated(method, path)


def _known(resource: str, filters: Filters, sort: Sequence[str]) -> Resource:
    """The resource, if these fields can be filtered and sorted on."""
    row = resource_row(resource)
    sorted_by = [_SORT.fullmatch(name) for name in sort]
    if not sort or None in sorted_by:
        raise ValueError("sort by field names with _ASC or _DESC")
    for name in [*(field for field, _ in filters), *(match[1] for match in sorted_by if match)]:
        if name in row.dynamic:
            raise ValueError(f"{name} of {resource} is computed by the shop and can neither be filtered nor sorted on")
        if name in row.associations and name not in row.fields:
            raise ValueError(f"{name} of {resource} is an association and can neither be filtered nor sorted on")
    return row


def _suspicious(row: Resource, filters: Filters, sort: Sequence[str], limit: str) -> bool:
    """Whether an empty list may hide an SQL error: nothing was filtered, or translated texts or other orders joined."""
    if limit.partition(",")[2] and not limit.startswith("0,"):
        return False  # past the end
    joined = any(row.fields.get(field) == "languages" for field, _ in filters)
    return not filters or joined or tuple(sort) != BY_ID


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationFault(
            f"time zone of the shop: {name!r}",
            shop="prestashop",
            code="timezone",
            cause="The shop's time zone is unknown.",
            fix="Set the time zone in International > Localization of the back office.",
        ) from None
