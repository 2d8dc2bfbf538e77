"""From what the webservice sends to typed records, the same for every version.

The converters of a resource are compiled once per display and applied to each row in place: 10,000 full product rows
take a few tenths of a second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from clients.prestashop.dates import to_day, to_utc
from clients.prestashop.resources import Association, Kind, Resource

Record = dict[str, Any]
Display = Literal["full"] | Sequence[str]
Convert = Callable[[Any], Any]

_DISPLAYED = re.compile(r"(\w+)(\[\w+(?:,\w+)*\])?", re.ASCII)
_MISSING = object()


def display_text(resource: Resource, display: Display) -> str:
    """The value of the `display` parameter.

    Raises:
        ValueError: not field names, none at all, or an association that loses its ids in a display list.
    """
    if isinstance(display, str):
        if display != "full":
            raise ValueError("display is 'full' or a list of field names")
        return display
    for name in display:
        match = _DISPLAYED.fullmatch(name)
        if match is None:
            raise ValueError(f"not a field name: {name!r}")
        if match[1] in resource.bare:
            raise ValueError(f"{match[1]} of {resource.name} come without ids in a display list: use display='full'")
    if not display:
        raise ValueError("nothing asked for; ids() lists ids alone")
    return f"[{','.join(display)}]"


class Normaliser:
    """Makes the raw rows of one resource and display into records.

    Args:
        zone: gives the shop's time zone; asked only when a time is among the fields.
        only_language: gives the id of the shop's one language; asked only when a text comes without its language.
    """

    def __init__(
        self, resource: Resource, display: Display, zone: Callable[[], ZoneInfo], only_language: Callable[[], int]
    ) -> None:
        converters: dict[str, Convert] = {}
        self._associations = resource.associations
        asked: set[str] | None = None
        if not isinstance(display, str):
            asked = {name.split("[", 1)[0] for name in display}
        for name, kind in resource.fields.items():
            if asked is None or name in asked:
                converters[name] = _converter(kind, zone, only_language)
        # What an answer may leave out and still mean "empty": not what a version does not know at all.
        fill = {name for name in converters if asked is not None or name not in resource.some_versions}
        self._plan = [(name, convert, name in fill) for name, convert in converters.items()]
        self._lists = {
            name: _row_converter(association)
            for name, association in resource.associations.items()
            if asked is None or name in asked
        }

    def __call__(self, rows: list[Record]) -> list[Record]:
        """The same rows, converted in place."""
        plan = self._plan
        for row in rows:
            for name, convert, fill in plan:
                value = row.get(name, _MISSING)
                if value is not _MISSING:
                    row[name] = convert(value)
                elif fill:
                    row[name] = convert(None)
            if self._associations or "associations" in row:
                row["associations"] = self._listed(row.get("associations"))
        return rows

    def _listed(self, raw: Any) -> dict[str, list[Record]]:
        result: dict[str, list[Record]] = {} if not raw or isinstance(raw, list) else raw
        for name, convert in self._lists.items():
            value = result.get(name)
            result[name] = [convert(row) for row in _as_list(value)] if value else []
        return result


def _as_list(value: Any) -> list[Record]:
    """Rows in a list, a single row, or rows under the name of their element."""
    if isinstance(value, dict):
        inner = next(iter(value.values())) if len(value) == 1 else None
        if isinstance(inner, list):
            return inner
        return [inner if isinstance(inner, dict) else value]
    return value if isinstance(value, list) else []


def _row_converter(association: Association) -> Callable[[Record], Record]:
    kinds: Mapping[str, Kind] = association.fields
    if all(kind == "int" for kind in kinds.values()):
        return lambda row: {name: _integer(value) if name in kinds else value for name, value in row.items()}
    converters = {name: _SIMPLE[kind] for name, kind in kinds.items()}
    return lambda row: {name: converters[name](value) if name in converters else value for name, value in row.items()}


def _converter(kind: Kind, zone: Callable[[], ZoneInfo], only_language: Callable[[], int]) -> Convert:
    if kind == "time":
        return lambda text: to_utc(text, zone()) if text else None
    if kind == "languages":
        return lambda value: _languages(value, only_language)
    return _SIMPLE[kind]


def _languages(value: Any, only_language: Callable[[], int]) -> dict[int, str]:
    """{language id: text} out of [{"id": "1", "value": "…"}], or of a bare text where the shop has one language."""
    if isinstance(value, list):
        return {int(item["id"]): item.get("value") or "" for item in value}
    if value is None:
        return {}
    return {only_language(): str(value)}


_MOST_DIGITS = 60


@lru_cache(maxsize=65_536)
def _integer(value: Any) -> int:
    if not value:
        return 0
    try:
        return int(value)
    except ValueError:
        return int(_decimal(value))


@lru_cache(maxsize=65_536)
def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(str(value or 0))
    except InvalidOperation:
        raise ValueError("a decimal field holds something else") from None
    # Written out, 1e999999999 is a gigabyte.
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        raise ValueError("a decimal field holds no amount")
    return number


def _text(value: Any) -> str:
    return "" if value is None else str(value)


_SIMPLE: dict[Kind, Convert] = {
    "int": _integer,
    "decimal": _decimal,
    "flag": frozenset({1, "1", "true"}).__contains__,
    "text": _text,
    "day": to_day,
}
