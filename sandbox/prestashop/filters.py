"""The webservice's filter grammar: what each written value really selects (fact sheet 1.4), silent no-ops included."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.prestashop.errors import WebserviceError, did_you_mean, php_warning
from sandbox.prestashop.fields import Field, Resource
from sandbox.prestashop.query import Query, filterable_names

Operator = Literal["any", "none", "between", "above", "below", "like", "everything"]
_NUMBER = re.compile(r"\s*[-+]?(\d+(\.\d*)?|\.\d+)")


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: "everything" is what an operator core does not know comes to."""

    operator: Operator
    values: tuple[str, ...] = ()


def parse_value(text: str) -> Condition:
    """What core makes of the text after `filter[field]=`."""
    found = re.match(r"^(.*)\[(.*)\](.*)$", text)
    if not found:
        return Condition("any", (text,))
    before, inner, after = found.groups()
    if before == "%" or after == "%":
        return Condition("like", (before + inner + after,))
    if before == "" and after == "":
        if inner.find("|") > 0:
            return Condition("any", tuple(inner.split("|")))
        span = re.fullmatch(r"([\d.:\-\s]+),([\d.:\-\s]+)", inner)
        if span:
            return Condition("between", tuple(sorted(span.groups(), key=_sort_key)))
        return Condition("any", (inner,))
    # What follows the brackets does not matter to these three.
    if before == ">":
        return Condition("above", (inner,))
    if before == "<":
        return Condition("below", (inner,))
    if before == "!":
        return Condition("none", tuple(inner.split("|")))
    return Condition("everything")


def _sort_key(text: str) -> tuple[int, float, str]:
    """PHP's sort(): numbers as numbers, other texts as texts."""
    return (0, float(text), "") if re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", text) else (1, 0.0, text)


def number(text: Any) -> float:
    """MySQL's reading of a text as a number: its leading number, else 0."""
    if isinstance(text, int):
        return text
    found = _NUMBER.match(str(text))
    return float(found[0]) if found else 0.0


def predicate(condition: Condition, numeric: bool) -> Callable[[Any], bool] | None:
    """A test of one stored value, None when everything passes. NULL never matches a condition."""
    operator = condition.operator
    if operator == "everything":
        return None
    if operator == "like":
        pattern = re.escape(condition.values[0]).replace("%", ".*").replace("_", ".")
        like = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        return lambda value: value is not None and like.fullmatch(str(value)) is not None
    read: Callable[[Any], Any] = number if numeric else lambda value: str(value).casefold()
    wanted = [read(value) for value in condition.values]
    if operator == "any":
        accepted = set(wanted)
        if numeric:
            return lambda value: value is not None and (value if type(value) is int else number(value)) in accepted
        return lambda value: value is not None and str(value).casefold() in accepted
    if operator == "none":
        rejected = set(wanted)
        return lambda value: value is not None and read(value) not in rejected
    if operator == "between":
        low, high = wanted
        return lambda value: value is not None and low <= read(value) <= high
    edge = wanted[0]
    if operator == "above":
        return lambda value: value is not None and read(value) > edge
    return lambda value: value is not None and read(value) < edge


@dataclass(frozen=True, slots=True)
class Filter:
    """One `filter[…]` of a request. `field` None is the id; `language` is set for `filter[name][2]=`."""

    field: Field | None
    condition: Condition
    language: int | None = None


def parse_filters(query: Query, resource: Resource, major: int) -> list[Filter]:
    """Every filter of a query; the errors are those of recordings 014 and 017."""
    given = query.get("filter")
    if not isinstance(given, dict):
        return []
    filters = []
    for name, value in given.items():
        field = resource.field(name)
        known = name == "id" or field is not None
        if not known or (name in ("date_add", "date_upd") and "date" not in query):
            raise _unknown_filter(name, resource, query, major)
        if field is not None and field.computed:
            message = f'The "{name}" field is dynamic. It is not possible to filter GET query with this field.'
            raise WebserviceError(400, 34, message)
        values = value.items() if isinstance(value, dict) else [(None, value)]
        for language, text in values:
            if text == "":
                raise WebserviceError(400, 33, f'The filter "{name}" is malformed.')
            of_language = int(language) if language is not None and language.isdigit() else None
            filters.append(Filter(field, parse_value(str(text)), of_language))
    return filters


def _unknown_filter(name: str, resource: Resource, query: Query, major: int) -> WebserviceError:
    message = did_you_mean("This filter does not exist", name, filterable_names(resource, query))
    if major < 8:
        return WebserviceError(400, 32, message)
    # PHP 8 stumbles over its own error path, and the last error decides the status: 500.
    first_line = 1333 if major == 8 else 1341
    warnings = [
        php_warning("Trying to access array offset on value of type bool", first_line + offset) for offset in range(4)
    ]
    return WebserviceError(500, 32, message, warnings)
