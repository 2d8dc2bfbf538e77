"""Which rows a listing holds: filters, shop scope, order and page, found by id and index where these can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.prestashop.fields import Resource
from sandbox.prestashop.filters import Condition, Filter, number, predicate
from sandbox.prestashop.query import SortKey
from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Table

_NUMERIC = ("int", "bool", "float")


@dataclass(frozen=True, slots=True)
class Scope:
    """The shop context of a request: the shop read, the shops selected (stock), the languages shown."""

    id_shop: int
    shops: frozenset[int]
    languages: tuple[int, ...]


def select(
    shop: Shop,
    resource: Resource,
    scope: Scope,
    filters: list[Filter],
    sort: list[SortKey],
    offset: int,
    count: int | None,
) -> list[int]:
    """Ids of the page. A sort on id together with a text is an SQL error in core, which answers an empty list."""
    if any(key.name == "id" for key in sort) and any(key.field and key.field.kind == "text" for key in sort):
        return []
    if resource.name in shop.empty_lists:
        return []
    table = shop.tables[resource.name]
    ids, used = _candidates(table, filters)
    for position, item in enumerate(filters):
        if position != used:
            ids = _matching(table, item, ids, scope)
    in_scope = visible_test(shop, resource, scope)
    if in_scope is not None:
        ids = [row_id for row_id in ids if in_scope(row_id)]
    ids = _sorted(shop, table, ids, sort, scope) if sort else table.unsorted(_scan_order(shop, table, ids, filters))
    return ids[offset:] if count is None else ids[offset : offset + count]


def visible_test(shop: Shop, resource: Resource, scope: Scope) -> Callable[[int], bool] | None:
    """Whether a row belongs to the shop(s) of the request; None when every row does."""
    table = shop.tables[resource.name]
    rows = table.rows
    if resource.name == "stock_availables":
        shops = scope.shops
        shared = {group for one in shops if (group := shop.share_stock_group(one))}
        if not shared:
            return lambda row_id: rows[row_id].get("id_shop", 1) in shops

        def stock_visible(row_id: int) -> bool:
            row = rows[row_id]
            id_shop = row.get("id_shop", 1)
            return id_shop in shops or (id_shop == 0 and row.get("id_shop_group", 0) in shared)

        return stock_visible
    if resource.name == "configurations":
        # Rows with values per language belong to translated_configurations.
        return lambda row_id: not rows[row_id].get("_translated")
    if resource.scoped_to_shop and (len(shop.tables["shops"]) > 1 or shop.unlinked):
        return lambda row_id: scope.id_shop in rows[row_id].get("_shops", (scope.id_shop,))
    return None


def _candidates(table: Table, filters: list[Filter]) -> tuple[list[int], int | None]:
    """The rows of the first filter that ids or an index can answer, and which filter that was."""
    for position, item in enumerate(filters):
        condition = item.condition
        if item.field is None:
            found = _by_id(table, condition)
            if found is not None:
                return found, position
    for position, item in enumerate(filters):
        if item.field is not None and item.condition.operator == "any" and table.is_indexed(item.field.name):
            name = item.field.name
            # Text indexes are exact while MySQL ignores case, so the filter is still applied to what they give.
            numeric = item.field.kind in _NUMERIC
            values = [int(number(value)) if numeric else value for value in item.condition.values]
            if numeric and any(number(value) != int(number(value)) for value in item.condition.values):
                continue
            ids = [row_id for value in dict.fromkeys(values) for row_id in table.where(name, value)]
            return sorted(ids), position
        if item.field is not None and item.field.name == "quantity" and table.is_indexed("quantity"):
            # Few different quantities: testing each once is quicker than testing every row.
            test = predicate(item.condition, numeric=True)
            if test is not None:
                wanted = [value for value in table.keys("quantity") if test(value)]
                return sorted(row_id for value in wanted for row_id in table.where("quantity", value)), position
    return table.ids, None


def _by_id(table: Table, condition: Condition) -> list[int] | None:
    numbers = [number(value) for value in condition.values]
    if condition.operator == "any":
        return sorted({int(value) for value in numbers if value in table.rows})
    if condition.operator == "between":
        return table.between(numbers[0], numbers[1])
    if condition.operator == "above":
        return table.between(int(numbers[0] // 1) + 1, float("inf"))
    if condition.operator == "below":
        return [row_id for row_id in table.between(0, numbers[0]) if row_id < numbers[0]]
    return None


def _matching(table: Table, item: Filter, ids: list[int], scope: Scope) -> list[int]:
    field = item.field
    if field is None:
        test = predicate(item.condition, numeric=True)
        return ids if test is None else [row_id for row_id in ids if test(row_id)]
    test = predicate(item.condition, numeric=field.kind in _NUMERIC)
    if test is None:
        return ids
    name = field.name
    if field.kind == "text":
        languages = scope.languages if item.language is None else (item.language,)
        return [row_id for row_id in ids if any(test(text) for text in _texts(table, row_id, name, languages))]
    # The base table is what SQL compares, also where a shop has its own value.
    rows, default = table.rows, table.defaults.get(name)
    return [row_id for row_id in ids if test(rows[row_id].get(name, default))]


def _scan_order(shop: Shop, table: Table, ids: list[int], filters: list[Filter]) -> list[int]:
    """The order MariaDB happens to read the rows in when none is asked: that of the index it goes through."""
    name, rows = table.resource.name, table.rows
    if name == "combinations" and any(item.field is not None and item.field.name == "id_product" for item in filters):
        return sorted(ids, key=lambda row_id: (rows[row_id]["id_product"], shop.listed_last(row_id)))
    by = {"categories": "level_depth", "order_states": "module_name"}.get(name)
    if by is None and any(item.field is not None and item.field.name in ("iso_code", "name") for item in filters):
        by = {"countries": "iso_code", "configurations": "name"}.get(name)
    return ids if by is None else sorted(ids, key=lambda row_id: table.value(rows[row_id], by))


def _texts(table: Table, row_id: int, name: str, languages: tuple[int, ...]) -> list[str]:
    texts = table.text(row_id, name) or {}
    return [texts.get(language, "") for language in languages]


def _sorted(shop: Shop, table: Table, ids: list[int], sort: list[SortKey], scope: Scope) -> list[int]:
    if len(sort) == 1 and sort[0].name == "id":
        # Candidates come in order of id already.
        return ids[::-1] if sort[0].descending else ids

    def key_of(key: SortKey) -> Callable[[int], Any]:
        field, name = key.field, key.name
        if field is None:
            return lambda row_id: row_id
        if field.kind == "text":
            language = scope.languages[0]
            return lambda row_id: str((table.text(row_id, name) or {}).get(language, "")).casefold()
        if field.kind in _NUMERIC:
            return lambda row_id: number(shop.value(table.resource.name, row_id, name, scope.id_shop) or 0)
        return lambda row_id: str(shop.value(table.resource.name, row_id, name, scope.id_shop) or "").casefold()

    for key in reversed(sort):
        ids = sorted(ids, key=key_of(key), reverse=key.descending)
    return ids
