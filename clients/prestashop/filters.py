"""Filters that mean what they say.

The webservice drops a filter it cannot parse without a word and answers with every row, and it has no way to escape
its own punctuation (fact sheet section 1.4). So a filter that would be dropped or misread cannot be built here: it
raises `ValueError` with the reason. One condition a field; all of them are ANDed.

    Filters(id_product=any_of([1, 2]), date_upd=greater(yesterday), active=equals(True))
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from clients.prestashop.dates import lower_bound, to_shop, upper_bound

Value = int | str | Decimal | datetime | date
Kind = Literal["equals", "any_of", "none_of", "between", "greater", "less", "starts_with", "ends_with", "contains"]

MAX_VALUES = 400
# Apache takes request lines of 8 kB; this leaves room for the path, the display list and the other parameters.
MAX_BYTES = 5000

_RANGE = re.compile(r"[\d.:\-\s]+")
_MISREAD = {
    "|": "the shop reads | as 'or' and knows no escape for it",
    "[": "the shop reads brackets as its own punctuation",
    "]": "the shop reads brackets as its own punctuation",
    "<": "the shop strips what looks like a tag",
    ">": "the shop strips what looks like a tag",
}


@dataclass(frozen=True)
class Condition:
    """What one field has to fulfil. Made by the functions below only, which check it."""

    kind: Kind
    values: tuple[Value, ...]

    def text(self, zone: ZoneInfo | None) -> str:
        """The condition in the webservice's grammar; `zone` is needed when it holds a time."""
        inner = "|".join(_text(value, zone) for value in self.values)
        match self.kind:
            case "equals" | "any_of":
                return f"[{inner}]"
            case "none_of":
                return f"![{inner}]"
            case "between":
                low, high = self.values
                return f"[{_bound(low, zone, low=True)},{_bound(high, zone, low=False)}]"
            case "greater":
                return f">[{_bound(self.values[0], zone, low=True)}]"
            case "less":
                return f"<[{_bound(self.values[0], zone, low=False)}]"
            case "starts_with":
                return f"[{inner}]%"
            case "ends_with":
                return f"%[{inner}]"
            case "contains":
                return f"%[{inner}]%"

    @property
    def timed(self) -> bool:
        """Whether it holds a time and so needs the shop's zone."""
        return any(isinstance(value, datetime) for value in self.values)


def equals(value: Value) -> Condition:
    """The field is this value; text compares case-insensitively."""
    _check(value)
    _check_range_like(value)
    return Condition("equals", (value,))


def any_of(values: Iterable[Value]) -> Condition:
    """The field is one of these values. Long lists are split over several requests by the client."""
    return _listed("any_of", values)


def none_of(values: Iterable[Value]) -> Condition:
    """The field is none of these values; at most 400 of them, as "none" cannot be split over requests."""
    condition = _listed("none_of", values)
    if len(condition.values) > MAX_VALUES or _size(condition) > MAX_BYTES:
        raise ValueError(f"not more than {MAX_VALUES} values can be excluded in one request")
    return condition


def not_equal(value: Value) -> Condition:
    """The field is not this value; not_equal("") asks for fields that are not empty."""
    _check(value)
    return Condition("none_of", (value,))


def between(low: Value, high: Value) -> Condition:
    """From `low` to `high`, both included. Numbers and times only: other text would be read as one value.

    Around a change of the clock, time bounds take in some rows too many, never too few.
    """
    for value in (low, high):
        _check(value)
        if isinstance(value, bool) or (isinstance(value, str) and not _RANGE.fullmatch(value)):
            raise ValueError("a range needs numbers or times on both sides: anything else is read as one text")
    if type(low) is type(high) and low > high:  # type: ignore[operator]  # same type, so they compare
        raise ValueError("the lower bound is above the upper one, which the shop would silently swap")
    return Condition("between", (low, high))


def greater(value: Value) -> Condition:
    """Strictly above. There is no "or equal" in the webservice: `>=` would be dropped without a word."""
    return _compared("greater", value)


def less(value: Value) -> Condition:
    """Strictly below."""
    return _compared("less", value)


def starts_with(text: str) -> Condition:
    """Text that begins so."""
    return _like("starts_with", text)


def ends_with(text: str) -> Condition:
    """Text that ends so."""
    return _like("ends_with", text)


def contains(text: str) -> Condition:
    """Text that holds this somewhere."""
    return _like("contains", text)


class Filters:
    """Conditions by field name, for names that are Python keywords: `Filters(**{"from": less(now)})`."""

    __slots__ = ("_conditions",)

    def __init__(self, /, **conditions: Condition) -> None:
        for field in conditions:
            if not re.fullmatch(r"\w+", field, re.ASCII):
                raise ValueError(f"not a field name: {field!r}")
        self._conditions = conditions

    def __iter__(self) -> Iterator[tuple[str, Condition]]:
        return iter(self._conditions.items())

    def __len__(self) -> int:
        return len(self._conditions)

    def __contains__(self, field: str) -> bool:
        return field in self._conditions

    def __repr__(self) -> str:
        # Values may be personal (an e-mail address): only what is compared is shown.
        return f"Filters({', '.join(f'{field}={condition.kind}' for field, condition in self)})"

    def also(self, **conditions: Condition) -> Filters:
        """These filters and more; a field cannot be given twice, the shop would take the last one only."""
        twice = self._conditions.keys() & conditions.keys()
        if twice:
            raise ValueError(f"a second condition on {', '.join(sorted(twice))}: the shop would forget the first")
        return Filters(**self._conditions, **conditions)

    def params(self, zone: ZoneInfo | None) -> dict[str, str]:
        """Query parameters, `date=1` included where the shop wants it."""
        params = {f"filter[{field}]": condition.text(zone) for field, condition in self}
        if any(field in {"date_add", "date_upd"} for field in self._conditions):
            params["date"] = "1"
        return params

    @property
    def timed(self) -> bool:
        """Whether any condition needs the shop's time zone."""
        return any(condition.timed for condition in self._conditions.values())

    def split(self) -> Iterator[Filters]:
        """The same question as several ones short enough for a request line each, in order."""
        lists = [field for field, condition in self if condition.kind == "any_of"]
        size = sum(len(field) + 12 + _size(condition) for field, condition in self)
        if size <= MAX_BYTES and all(len(self._conditions[field].values) <= MAX_VALUES for field in lists):
            yield self
            return
        halves = self.halves()
        if not halves:
            raise ValueError("the filters do not fit into one request")
        for half in halves:
            yield from half.split()

    def halves(self) -> tuple[Filters, Filters] | None:
        """The longest list cut in two; None when there is nothing to cut."""
        lists = [(len(c.values), field) for field, c in self if c.kind == "any_of" and len(c.values) > 1]
        if not lists:
            return None
        count, field = max(lists)
        values = self._conditions[field].values
        # Whole hundreds where possible keep the pieces the same from one sweep to the next.
        cut = MAX_VALUES if count > 2 * MAX_VALUES and _size(any_of(values[:MAX_VALUES])) <= MAX_BYTES else count // 2
        first, second = any_of(values[:cut]), any_of(values[cut:])
        return Filters(**{**self._conditions, field: first}), Filters(**{**self._conditions, field: second})


def _listed(kind: Kind, values: Iterable[Value]) -> Condition:
    kept = tuple(dict.fromkeys(values))
    if not kept:
        raise ValueError("an empty list matches nothing: do not ask at all")
    for value in kept:
        _check(value)
        if value == "":
            raise ValueError("an empty text cannot be one of several values: the shop reads the list as one text")
    if len(kept) == 1:
        _check_range_like(kept[0])
    elif kind == "any_of":
        # Any of them may end up alone when the list is split over requests.
        for value in kept:
            _check_range_like(value)
    return Condition(kind, kept)


def _compared(kind: Kind, value: Value) -> Condition:
    _check(value)
    if value == "" or isinstance(value, bool):
        raise ValueError("nothing is greater or less than this")
    return Condition(kind, (value,))


def _like(kind: Kind, text: str) -> Condition:
    _check(text)
    if not text:
        raise ValueError("every text matches an empty one")
    for sign in "%_\\":
        if sign in text:
            raise ValueError(f"the shop would take {sign} for a wildcard and find other rows too")
    return Condition(kind, (text,))


def _check(value: Value) -> None:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be compared with the shop's: make it UTC first")
        return
    if isinstance(value, float):
        raise ValueError("a binary float has no exact text: give a Decimal")
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError("not a number the shop could compare")
    if isinstance(value, str):
        for sign, why in _MISREAD.items():
            if sign in value:
                raise ValueError(f"{sign} in a filter value: {why}")
        if not value.isprintable():
            raise ValueError("line breaks and control characters make the shop drop the whole filter")


def _check_range_like(value: Value) -> None:
    if isinstance(value, str) and re.fullmatch(r"[\d.:\-\s]+,[\d.:\-\s]+", value):
        raise ValueError("the shop would read this text as a range, because it is two numbers with a comma")


def _text(value: Value, zone: ZoneInfo | None) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return to_shop(value, _needed(zone))
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _bound(value: Value, zone: ZoneInfo | None, *, low: bool) -> str:
    if isinstance(value, datetime):
        return (lower_bound if low else upper_bound)(value, _needed(zone))
    return _text(value, zone)


def _needed(zone: ZoneInfo | None) -> ZoneInfo:
    if zone is None:
        raise ValueError("a time in a filter needs the shop's time zone")
    return zone


def _size(condition: Condition) -> int:
    # Times are as long in any zone; the separators are percent-encoded too.
    return sum(3 + len(quote(_text(value, ZoneInfo("UTC")))) for value in condition.values)
