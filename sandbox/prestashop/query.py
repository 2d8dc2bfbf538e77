"""Reading a request's query as PHP does, and the list options in it: display, filter, sort, limit, language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from sandbox.prestashop.errors import WebserviceError, did_you_mean
from sandbox.prestashop.fields import Field, Resource

# A value is text or, for `name[key]=…`, a dict of such values.
Query = dict[str, Any]


def parse_query(text: str) -> Query:
    """`a[b][c]=1&d=2` → {"a": {"b": {"c": "1"}}, "d": "2"}; a later value of the same name wins, as in PHP."""
    query: Query = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        base, *keys = re.split(r"\[", name, maxsplit=1)
        if not keys:
            query[base] = value
            continue
        path = [base, *re.findall(r"([^\[\]]*)\]", keys[0])]
        target = query
        for key in path[:-1]:
            below = target.get(key)
            if not isinstance(below, dict):
                below = target[key] = {}
            target = below
        target[path[-1] or str(len(target))] = value
    return query


@dataclass(frozen=True, slots=True)
class Display:
    """What of each row is shown. `fields` None: all; `associations`: name → fields asked of it, None: all."""

    fields: frozenset[str] | None
    associations: dict[str, frozenset[str] | None] | None
    only_ids: bool = False

    def shows(self, name: str) -> bool:
        return self.fields is None or name in self.fields


FULL = Display(None, None)
ONLY_IDS = Display(frozenset({"id"}), {}, only_ids=True)


def parse_display(query: Query, resource: Resource, virtual: list[str]) -> Display:
    text = query.get("display")
    if text is None or text == "minimum":
        return ONLY_IDS
    if text == "full":
        return FULL
    found = re.fullmatch(r"\[(.*)\]", str(text), re.DOTALL)
    if not found:
        raise WebserviceError(
            400,
            36,
            "The 'display' syntax is wrong. You can set 'full' or '[field_1,field_2,field_3,...]'. "
            f"These are available: {_available(resource, virtual)}",
        )
    fields: set[str] = set()
    associations: dict[str, frozenset[str] | None] = {}
    for item in re.findall(r"([^,\[\]]+)(\[[^\]]*\])?", found[1]):
        name, asked = item[0].strip(), item[1]
        association = resource.association(name)
        if asked and association:
            associations[name] = frozenset(part.strip() for part in asked[1:-1].split(","))
        elif association and not resource.field(name):
            associations[name] = None
        elif name == "id" or name in virtual or resource.field(name):
            fields.add(name)
        else:
            message = f'Unable to display this field "{name}". However, these are available'
            raise WebserviceError(400, 35, did_you_mean(message, name, _names(resource, virtual)))
    return Display(frozenset(fields), associations)


def _names(resource: Resource, virtual: list[str]) -> list[str]:
    return [
        "id",
        *(field.name for field in resource.fields),
        *(association.name for association in resource.associations),
        *virtual,
    ]


def _available(resource: Resource, virtual: list[str]) -> str:
    return ", ".join(_names(resource, virtual))


@dataclass(frozen=True, slots=True)
class SortKey:
    name: str
    field: Field | None
    descending: bool


def parse_sort(query: Query, resource: Resource) -> list[SortKey]:
    """`[id_ASC,name_DESC]`; one field may come without brackets."""
    text = query.get("sort")
    if not text:
        return []
    keys = []
    for part in re.sub(r"^\[(.*)\]$", r"\1", str(text)).split(","):
        found = re.fullmatch(r"(.+)_(ASC|DESC)", part.strip(), re.IGNORECASE)
        if not found:
            raise WebserviceError(
                400,
                37,
                'The "sort" value has to be formed as this example: "field_ASC" or '
                '"[field_1_DESC,field_2_ASC,field_3_ASC,...]" '
                f'("{part}" was given)',
            )
        name = found[1]
        field = resource.field(name)
        sortable = name == "id" or (field and not field.computed and (field.kind != "date" or "date" in query))
        if not sortable:
            message = f'Unable to filter by this field "{name}". However, these are available'
            raise WebserviceError(400, 38, did_you_mean(message, name, filterable_names(resource, query)))
        keys.append(SortKey(name, field, found[2].upper() == "DESC"))
    return keys


def filterable_names(resource: Resource, query: Query) -> list[str]:
    """The names in the message about an unknown filter (recording 017): getters too, but no texts and no dates."""
    dates = "date" in query
    return ["id"] + [field.name for field in resource.fields if field.kind != "text" and (dates or not _is_date(field))]


def _is_date(field: Field) -> bool:
    return field.name in ("date_add", "date_upd")


def parse_limit(query: Query) -> tuple[int, int | None]:
    """(offset, count) of `limit=count` or `limit=offset,count`."""
    text = query.get("limit")
    if not text:
        return 0, None
    parts = str(text).split(",")
    if len(parts) > 2 or not all(part.strip().isdigit() for part in parts):
        raise WebserviceError(400, 39, 'The "limit" value has to be formed as this example: "5,25" or "10"')
    numbers = [int(part) for part in parts]
    return (0, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])


def parse_languages(query: Query, existing: list[int]) -> list[int]:
    """Languages of `language=1`, `[1|2]`, `[1,3]` that the shop has; all of them without the parameter."""
    text = query.get("language")
    if text is None:
        return existing
    found = re.fullmatch(r"\[(.*)\]", str(text))
    inner = found[1] if found else str(text)
    if "|" in inner:
        wanted = {int(part) for part in inner.split("|") if part.strip().isdigit()}
    elif re.fullmatch(r"\d+,\d+", inner):
        low, high = sorted(int(part) for part in inner.split(","))
        wanted = set(range(low, high + 1))
    else:
        wanted = {int(inner)} if inner.strip().isdigit() else set()
    languages = [language for language in existing if language in wanted]
    if not languages:
        raise WebserviceError(400, 81, "language is not available")
    return languages
