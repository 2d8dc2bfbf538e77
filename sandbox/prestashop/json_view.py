"""Rows as the webservice's JSON: strings and numbers as versions 8 and 9 have them, `\\/` and `\\uXXXX`."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from sandbox.prestashop.fields import Association
from sandbox.prestashop.tables import Row
from sandbox.prestashop.view import Echo, View

JsonObject = dict[str, Any]
ShownList = tuple[Association, list[tuple[str, int]]]


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].encode("utf-16-be")
    units = (text[position : position + 2].hex() for position in range(0, len(text), 2))
    return "".join(f"\\u{unit}" for unit in units), error.end


codecs.register_error("sandbox.php_json", _escape)


def encode(value: Any) -> bytes:
    """JSON bytes as PHP's json_encode writes them."""
    body = orjson.dumps(value).replace(b"/", b"\\/")
    return body if body.isascii() else body.decode().encode("ascii", "sandbox.php_json")


def printer(view: View) -> Callable[[int], JsonObject]:
    """A function from row id to its JSON object, associations included."""
    shop, columns = view.shop, view.columns
    shows_id = view.display.shows("id")
    virtual = {alias: price for alias, price in view.virtual.items() if view.shows_virtual(alias)}
    lists = [(item, names) for item in view.associations if (names := _shown_fields(view, item))]
    plans = [(column.name, column.source, column.default, column.number, column.compute) for column in columns]

    def print_row(row_id: int) -> JsonObject:
        row = view.stored(row_id)
        out: JsonObject = {"id": row_id} if shows_id else {}
        for name, source, default, number, compute in plans:
            if source == "stored":
                value = row.get(name, default)
                if value is None:
                    # Only `new`, which no column stands behind, is a true null.
                    out[name] = None if name == "new" else ""
                elif number or type(value) is str:
                    out[name] = value
                else:
                    out[name] = str(value)
            elif source == "computed" and compute is not None:
                out[name] = compute(shop, row_id, row)
            else:
                out[name] = _texts(view, row_id, name)
        for alias, price in virtual.items():
            out[alias] = price(row_id)
        _add_associations(view, row_id, row, out, lists)
        return out

    return print_row


def echo(view: View, row_id: int, written: Echo) -> JsonObject:
    """The object as a write left it in PHP's memory."""
    out = printer(view)(row_id)
    for column in view.columns:
        if column.name not in written:
            continue
        value = written[column.name]
        if column.source == "text":
            out[column.name] = "" if value is None else _language_values(view, value)
        else:
            out[column.name] = value
    return out


def _texts(view: View, row_id: int, name: str) -> Any:
    return _language_values(view, view.texts(row_id, name))


def _language_values(view: View, texts: dict[int, str]) -> Any:
    if len(view.languages) == 1:
        return texts.get(view.languages[0], "")
    as_number = view.shop.major >= 9
    return [
        {"id": language if as_number else str(language), "value": texts.get(language, "")}
        for language in view.languages
    ]


def _add_associations(view: View, row_id: int, row: Row, out: JsonObject, lists: list[ShownList]) -> None:
    numbers = view.shop.major >= 9
    filled: JsonObject = {}
    for association, names in lists:
        # An empty list is not there at all.
        if members := view.members(row_id, row, association):
            filled[association.name] = [
                {name: member[position] if numbers else str(member[position]) for name, position in names}
                for member in members
            ]
    if filled:
        out["associations"] = filled


def _shown_fields(view: View, association: Association) -> list[tuple[str, int]]:
    """Names and places of the fields printed; none where core declares none (fact sheet 1.5, trap 5)."""
    asked = view.asked_fields(association)
    if asked is not None and not association.declared and view.shop.major >= 8:
        return []
    return [
        (field.name, position)
        for position, field in enumerate(association.fields)
        if asked is None or field.name in asked
    ]


def without_falsy(found: JsonObject) -> JsonObject:
    """What PHP's array_filter leaves of a single object in 8 and 9: no "", "0", 0, null, false, []."""
    return {name: value for name, value in found.items() if value not in ("", "0", 0, None, [])}


def rows(view: View, ids: Iterable[int]) -> bytes:
    """A listing."""
    name = view.resource.name
    if view.display.only_ids:
        listed: list[JsonObject] = [{"id": row_id} for row_id in ids]
    else:
        print_row = printer(view)
        listed = [print_row(row_id) for row_id in ids]
    return encode({name: listed} if listed else [])


def single(view: View, row_id: int, in_list: bool) -> bytes:
    """One object: `{"product": {…}}`, or the list form where `display` is in the query."""
    found = printer(view)(row_id)
    if in_list:
        return encode({view.resource.name: [found]})
    return encode({view.resource.node: without_falsy(found) if view.shop.major >= 8 else found})


def written(view: View, objects: list[tuple[int, Echo]], in_list: bool) -> bytes:
    """The answer to a write. Without `display` several objects overwrite each other: only the last is left."""
    found = [echo(view, row_id, values) for row_id, values in objects]
    if in_list:
        return encode({view.resource.name: found})
    last = found[-1] if found else {}
    return encode({view.resource.node: without_falsy(last) if view.shop.major >= 8 else last})


def errors(found: list[tuple[int, str]]) -> bytes:
    return encode({"errors": [{"code": code, "message": message} for code, message in found]})
