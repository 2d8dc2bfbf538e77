"""Bodies of requests and answers: JSON and XML in, XML out (the webservice takes no JSON)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from lxml import etree

from clients.prestashop.dates import to_shop
from clients.prestashop.records import Record
from clients.prestashop.resources import Resource

# Where an answer may begin when PHP printed something before it.
_JSON_START = re.compile(rb'\{\s*"|\[\s*(?:\]|\{|")')
# What is read begins with the element itself: a document type stands before it, so none ever reaches the parser, and
# with it no entity.
_XML_START = re.compile(rb"<prestashop[\s>]")
_DOCUMENT_TYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)
# Notices have a bracket or two; an answer made of nothing else would keep us busy for hours.
_MOST_STARTS = 100
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_EMPTY_TIME = "0000-00-00 00:00:00"


class Unreadable(ValueError):
    """A body that is neither the JSON nor the XML it should be. `page` tells an HTML page from a cut answer."""

    def __init__(self, *, page: bool) -> None:
        super().__init__("a page" if page else "a cut body")
        self.page = page


def json_rows(body: bytes) -> list[Record]:
    """The objects of an answer: `{"products": [...]}`, `{"product": {...}}`, or `[]` when there are none.

    Raises:
        Unreadable: no JSON in it, or cut.
    """
    data = _json(body)
    if isinstance(data, dict):
        # The list stands under the plural of its node, whatever that is; an object alone under its singular.
        data = next(iter(data.values()), [])
        if isinstance(data, dict):
            data = [data]
    return data if isinstance(data, list) else []


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    # PHP notices before the answer; they may hold brackets of their own, so possible starts are tried in turn.
    for start in islice(_JSON_START.finditer(body), _MOST_STARTS):
        try:
            return orjson.loads(body[start.start() :])
        except orjson.JSONDecodeError:
            continue
    raise Unreadable(page=_JSON_START.search(body) is None and b"<" in body)


def xml_root(body: bytes) -> etree._Element:
    """The `<prestashop>` element, without what stands before it: the declaration, and what PHP printed.

    Raises:
        Unreadable: no such element, a document type before it, or cut.
    """
    start = _XML_START.search(body)
    if start is None or _DOCUMENT_TYPE.search(body, 0, start.start()):
        raise Unreadable(page=b"<" in body)
    try:
        return etree.fromstring(body[start.start() :], _parser())
    except etree.XMLSyntaxError:
        raise Unreadable(page=False) from None


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_blank_text=True
    )


def xml_rows(body: bytes) -> list[Record]:
    """The objects of an XML answer in the shape the JSON of a list has."""
    root = xml_root(body)
    return [_entity(node) for node in root if len(node)]


def _entity(node: etree._Element) -> Record:
    row: Record = {}
    for field in node:
        if field.tag == "associations":
            row["associations"] = {str(group.tag): [_values(item) for item in group] for group in field}
        elif len(field) and field[0].tag == "language":
            row[str(field.tag)] = [{"id": item.get("id"), "value": item.text or ""} for item in field]
        else:
            row[str(field.tag)] = field.text or ""
    return row


def _values(node: etree._Element) -> Record:
    return {str(field.tag): field.text or "" for field in node}


def write_xml(
    resource: Resource, objects: Iterable[tuple[int | None, Mapping[str, Any]]], zone: ZoneInfo | None
) -> bytes:
    """Objects as the webservice takes them, usually one.

    Args:
        objects: id and fields of each, the id of a new one None. Fields are values by name; {language id: text} for
            texts in languages, `{"associations": {name: [row, …]}}`.
        zone: needed when a time is among them.
    """
    root = etree.Element("prestashop")
    for id_, fields in objects:
        entity = etree.SubElement(root, resource.node)
        if id_ is not None:
            etree.SubElement(entity, "id").text = str(id_)
        fill(entity, resource, fields, zone)
    return serialised(root)


def serialised(root: etree._Element) -> bytes:
    """The document as bytes."""
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def fill(entity: etree._Element, resource: Resource, fields: Mapping[str, Any], zone: ZoneInfo | None) -> None:
    """Put the fields into the object's element, in place of what is there under their names."""
    for name, value in fields.items():
        for old in entity.findall(name):
            entity.remove(old)
        node = etree.SubElement(entity, name)
        if name == "associations":
            _fill_associations(node, resource, value, zone)
        elif isinstance(value, Mapping):
            for language, text in value.items():
                etree.SubElement(node, "language", id=str(language)).text = _plain(text, zone)
        elif value is None and resource.fields.get(name) == "time":
            node.text = _EMPTY_TIME
        else:
            node.text = _plain(value, zone)


def _fill_associations(
    node: etree._Element, resource: Resource, associations: Mapping[str, list[Record]], zone: ZoneInfo | None
) -> None:
    for name, rows in associations.items():
        group = etree.SubElement(node, name)
        association = resource.associations.get(name)
        for row in rows:
            item = etree.SubElement(group, association.node if association else name.removesuffix("s"))
            for field, value in row.items():
                etree.SubElement(item, field).text = _plain(value, zone)


def _plain(value: object, zone: ZoneInfo | None) -> str:
    """A value as text: yes/no as 1/0, decimals without exponent, times in the shop's zone."""
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case Decimal():
            return format(value, "f")
        case datetime():
            if zone is None:
                raise ValueError("a time cannot be written without the shop's time zone")
            return to_shop(value, zone)
        case date():
            return value.isoformat()
        case int() | str():
            return _NOT_XML.sub("", str(value))
    raise ValueError(f"{type(value).__name__} cannot be written to the shop")
