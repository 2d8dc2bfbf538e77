"""In-memory tables of the sandbox shop: sparse dict rows by id, sorted ids, indexes on the few fields asked often.

A row leaves out fields that have their definition's default, and texts that the shop's text source tells from the id,
so that 100,000 SKUs fit in a few hundred megabytes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.prestashop.fields import Resource

Row = dict[str, Any]
Texts = dict[int, str]
TextSource = Callable[[int, Row, str], Texts | None]

# How many recently written rows are remembered as "moved": MariaDB lists those out of place when no sort is asked.
_MOVED_ROWS = 32


class Table:
    """Rows of one resource. Values: int, str (decimals as MySQL prints them), None; texts as {language id: text}."""

    __slots__ = ("_indexes", "_moved", "defaults", "ids", "next_id", "resource", "rows", "text_source")

    def __init__(self, resource: Resource, indexed: Iterable[str] = ()) -> None:
        self.resource = resource
        self.rows: dict[int, Row] = {}
        self.ids: list[int] = []
        self.next_id = 1
        self.defaults: Row = {field.name: field.default for field in resource.fields if field.kind != "text"}
        self.text_source: TextSource | None = None
        self._indexes: dict[str, dict[Any, list[int]]] = {name: {} for name in indexed}
        self._moved: dict[int, None] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, row_id: int) -> bool:
        return row_id in self.rows

    def insert(self, row: Row, row_id: int | None = None) -> int:
        row_id = self.next_id if row_id is None else row_id
        self.next_id = max(self.next_id, row_id + 1)
        self.rows[row_id] = row
        if not self.ids or row_id > self.ids[-1]:
            self.ids.append(row_id)
        else:
            insort(self.ids, row_id)
        for name, index in self._indexes.items():
            index.setdefault(self.value(row, name), []).append(row_id)
        return row_id

    def update(self, row_id: int, changes: Row) -> None:
        row = self.rows[row_id]
        for name, index in self._indexes.items():
            if name in changes and changes[name] != self.value(row, name):
                index[self.value(row, name)].remove(row_id)
                insort(index.setdefault(changes[name], []), row_id)
        row.update(changes)

    def delete(self, row_id: int) -> None:
        row = self.rows.pop(row_id)
        self._moved.pop(row_id, None)
        del self.ids[bisect_left(self.ids, row_id)]
        for name, index in self._indexes.items():
            index[self.value(row, name)].remove(row_id)

    def value(self, row: Row, name: str) -> Any:
        return row[name] if name in row else self.defaults.get(name)

    def text(self, row_id: int, name: str) -> Texts | None:
        """The texts of a row, by language; None when there is none."""
        row = self.rows[row_id]
        if name in row:
            stored: Texts | None = row[name]
            return stored
        return self.text_source(row_id, row, name) if self.text_source else None

    def where(self, name: str, value: Any) -> list[int]:
        """Ids of the rows with that value, from an index."""
        return self._indexes[name].get(value, [])

    def keys(self, name: str) -> Iterable[Any]:
        """The values an index knows, those of rows that are gone included."""
        return self._indexes[name].keys()

    def is_indexed(self, name: str) -> bool:
        return name in self._indexes

    def between(self, low: float, high: float) -> list[int]:
        """Ids from low to high, both included."""
        return self.ids[bisect_left(self.ids, low) : bisect_right(self.ids, high)]

    def move(self, row_id: int) -> None:
        """Note that a row was rewritten: without a sort it is now listed before the others (as in recording 128)."""
        self._moved.pop(row_id, None)
        self._moved[row_id] = None
        if len(self._moved) > _MOVED_ROWS:
            del self._moved[next(iter(self._moved))]

    def unsorted(self, ids: list[int]) -> list[int]:
        """Those ids in the order a listing without sort gives them."""
        if not self._moved:
            return ids
        moved = self._moved
        wanted = set(ids) if len(ids) < len(self.ids) else self.rows
        first = [row_id for row_id in reversed(moved) if row_id in wanted]
        return first + [row_id for row_id in ids if row_id not in moved] if first else ids
