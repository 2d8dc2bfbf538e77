"""POST, PUT, PATCH and DELETE: what core does with the XML it is sent (fact sheet 1.6, recordings 069–126)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from lxml import etree

from sandbox.prestashop import write_rules
from sandbox.prestashop.errors import FatalError, WebserviceError, php_warning
from sandbox.prestashop.fields import Field, Resource
from sandbox.prestashop.order_resources import ORDERING
from sandbox.prestashop.order_rules import ORDER_LISTS, ORDER_RULES, ORDER_SETTERS, used_in_order
from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Row
from sandbox.prestashop.validators import check_field
from sandbox.prestashop.view import Echo

Method = Literal["POST", "PUT", "PATCH"]

RULES = write_rules.RULES | ORDER_RULES
SETTERS = write_rules.SETTERS | ORDER_SETTERS
ASSOCIATION_SETTERS = write_rules.ASSOCIATION_SETTERS | ORDER_LISTS

# Orders in one body: core makes two and dies (fact sheet 11.3).
_MOST_ORDERS = 2
# Rows that are read through an index, never out of place after a write.
_IN_PLACE = frozenset(resource.name for resource in ORDERING) | {"customers", "addresses", "carts", "messages"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a write depends on besides its body: the context shop, `sendemail=1`, another order being made."""

    id_shop: int = 1
    sendemail: bool = False
    parallel_order: bool = False


@dataclass(slots=True)
class Change:
    """One entity on its way in: what is stored, what the answer echoes, what is done afterwards."""

    row_id: int
    stored: Row = field(default_factory=dict)
    echo: Echo = field(default_factory=dict)
    after: list[Callable[[], None]] = field(default_factory=list)


def save(shop: Shop, resource: Resource, method: Method, body: bytes, asked: Asked) -> list[tuple[int, Echo]]:
    """Store every entity of the body, one after the other and without a transaction; ids and echoes in order."""
    root = parse(body)
    entities = [child for child in root if isinstance(child.tag, str)]
    ids = [
        int(text) for entity in entities if (text := (entity.findtext("id") or "").strip()).isdigit() and text != "0"
    ]
    if method == "POST":
        if ids:
            raise WebserviceError(400, 91, "id is forbidden when adding a new resource")
    elif len(set(ids)) != len(ids):
        raise WebserviceError(400, 89, "id is duplicate in request")
    elif len(ids) != len(entities):
        raise WebserviceError(400, 90, "id is required when modifying a resource")
    saved = []
    table = shop.tables[resource.name]
    for position, entity in enumerate(entities):
        if method != "POST" and ids[position] not in table:
            raise WebserviceError(404, 92, "Invalid ID")
        if resource.name == "orders" and method == "POST" and position == _MOST_ORDERS:
            break
        saved.append(_save_one(shop, resource, method, entity, 0 if method == "POST" else ids[position], asked))
    if resource.name == "orders" and method == "POST" and len(entities) > 1:
        raise FatalError
    return saved


def parse(body: bytes) -> etree._Element:
    """The root of the body; its name does not matter. A form-style `xml=` before it is dropped."""
    text = body.removeprefix(b"xml=")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        return etree.fromstring(text, parser)
    except etree.XMLSyntaxError:
        entries = [(entry.line, entry.column, entry.message) for entry in parser.error_log] if text else []
        raise _unreadable(text.decode(errors="replace"), entries) from None


def _unreadable(source: str, entries: list[tuple[int, int, str]]) -> WebserviceError:
    """Error 127 with libxml's complaints as PHP warnings before it (recordings 071 and 072)."""
    root = re.search(r"<(\w+)", source)
    if root and entries and "tag mismatch" in entries[-1][2]:
        # PHP's libxml goes on and finds the root unclosed.
        entries = [*entries, (entries[-1][0], entries[-1][1], f"Premature end of data in tag {root[1]} line 1")]
    lines = source.splitlines()
    message = f"XML error : String could not be parsed as XML\nXML length : {len(source)}\nOriginal XML : {source}"
    found = WebserviceError(500, 127, message)
    found.errors[:0] = [
        php_warning(f"SimpleXMLElement::__construct(): {part}", 1544)
        for line, column, text in entries
        for part in (
            f"Entity: line {line}: parser error : {text}",
            lines[line - 1] if line <= len(lines) else "",
            " " * max(column - 1, 0) + "^",
        )
    ]
    return found


def _save_one(
    shop: Shop, resource: Resource, method: Method, entity: etree._Element, row_id: int, asked: Asked
) -> tuple[int, Echo]:
    change = Change(row_id)
    # What a merchant marked as required is not asked of an address that an order uses (fact sheet 2.10).
    lenient = resource.name == "addresses" and row_id != 0 and used_in_order(shop, row_id)
    marked = frozenset() if lenient else shop.required_fields.get(resource.name, frozenset())
    for item in resource.fields:
        if item.kind == "text":
            _take_texts(shop, resource, method, entity, item, change)
        else:
            _take_value(shop, resource, method, entity, item, change, marked)
    _validate(shop, resource, change, marked)
    rules = RULES.get(resource.name)
    if rules and rules.create and method == "POST":
        return rules.create(shop, change.stored, change.echo, asked.parallel_order), change.echo
    if rules:
        rules.before(shop, change.row_id, change.stored, change.echo, method)
    now = shop.now()
    for name in ("date_upd", "date_add"):
        if resource.field(name) and (
            name == "date_upd" or method == "POST" or change.stored.get(name) == "0000-00-00 00:00:00"
        ):
            change.stored[name] = change.echo[name] = now
    if rules and rules.setters_first:
        _run(change)
    table = shop.tables[resource.name]
    if method == "POST":
        change.row_id = table.insert(change.stored)
    else:
        _update(shop, resource, change, asked.id_shop)
    if resource.name not in _IN_PLACE:
        table.move(change.row_id)
    _run(change)
    _set_associations(shop, resource, entity, change.row_id)
    if rules:
        rules.after(shop, change.row_id, change.stored, method)
        if rules.mail and asked.sendemail:
            rules.mail(shop, change.row_id)
    return change.row_id, change.echo


def _run(change: Change) -> None:
    while change.after:
        change.after.pop(0)()


def _update(shop: Shop, resource: Resource, change: Change, scope_shop: int) -> None:
    """The base table takes every value; in a multishop the context shop's own values too, other shops keep theirs."""
    table = shop.tables[resource.name]
    shops = shop.tables["shops"].ids
    per_shop = {item.name for item in resource.fields if item.per_shop}
    if len(shops) > 1 and per_shop:
        for other in shops:
            own = shop.shop_values.setdefault((resource.name, change.row_id, other), {})
            for name in per_shop & change.stored.keys():
                if other == scope_shop:
                    own[name] = change.stored[name]
                else:
                    own.setdefault(name, table.value(table.rows[change.row_id], name))
    table.update(change.row_id, change.stored)


def _take_value(
    shop: Shop,
    resource: Resource,
    method: Method,
    entity: etree._Element,
    item: Field,
    change: Change,
    marked: frozenset[str],
) -> None:
    node = entity.find(item.name)
    name = item.name
    setter = SETTERS.get((resource.name, name))
    if node is None:
        if method == "PATCH":
            return
        if item.required or name in marked:
            raise WebserviceError(400, 41, f'parameter "{name}" required')
        if item.computed or setter:
            if not item.writable:
                change.echo[name] = ""
            return
        kept = _definition_default(shop, resource, name, method)
        change.stored[name] = kept if kept is not None else _blank(item)
        change.echo[name] = kept
        return
    if not item.writable:
        raise WebserviceError(400, 93, f'parameter "{name}" not writable. Please remove this attribute of this XML')
    text = "".join(node.itertext())
    if setter:
        change.after.append(lambda: setter(shop, change.row_id, text))
        return
    change.echo[name] = text
    change.stored[name] = to_stored(item, text)


def _take_texts(
    shop: Shop, resource: Resource, method: Method, entity: etree._Element, item: Field, change: Change
) -> None:
    """A text that is sent and not required is emptied first: languages left out are stored empty."""
    if item.computed:
        return
    node = entity.find(item.name)
    languages = shop.languages()
    if node is None:
        if method == "PATCH":
            return
        if item.required:
            raise WebserviceError(400, 41, f'parameter "{item.name}" required')
        change.stored[item.name] = dict.fromkeys(languages, "")
        change.echo[item.name] = None
        return
    sent = node.findall("language")
    if sent:
        known = shop.tables[resource.name].text(change.row_id, item.name) if change.row_id and item.required else None
        texts = dict.fromkeys(languages, "") | dict(known or {})
        for language in sent:
            texts[int(language.get("id", "0"))] = "".join(language.itertext())
    else:
        texts = dict.fromkeys(languages, "".join(node.itertext()))
    change.stored[item.name] = texts
    change.echo[item.name] = texts


def to_stored(item: Field, text: str) -> Any:
    """What the database makes of the text of a field."""
    if item.kind in ("int", "bool"):
        found = re.match(r"\s*-?\d+", text)
        return int(found[0]) if found else 0
    if item.kind == "float":
        decimals = len(str(item.default).partition(".")[2]) or 6
        found = re.match(r"\s*-?\d*\.?\d+", text)
        return f"{float(found[0]) if found else 0:.{decimals}f}"
    return text


def _blank(item: Field) -> Any:
    """What is stored for a field that was not sent: nothing, as the column holds it."""
    if item.kind == "date":
        return item.default
    return to_stored(item, "") if item.name != "default_on" else None


def _definition_default(shop: Shop, resource: Resource, name: str, method: Method) -> Any:
    """The few fields whose class definition has a default fall back to it (recordings 069 and 073 of both versions)."""
    if resource.name != "products":
        return None
    defaults: dict[str, Any] = {"condition": "new", "visibility": "both", "id_shop_default": 1}
    if shop.major >= 9:
        defaults["product_type"] = "standard"
    if name == "unit_price_ratio" and method == "PUT":
        return "0"
    return defaults.get(name)


def _validate(shop: Shop, resource: Resource, change: Change, marked: frozenset[str]) -> None:
    arrow = "-&gt;" if shop.major < 9 else "->"
    for item in resource.fields:
        value = change.echo.get(item.name)
        if value is None:
            continue
        texts = list(value.values()) if isinstance(value, dict) else [str(value)]
        for text in texts:
            if text == "" and item.kind != "text" and (item.required or item.name in marked):
                problem = "is empty."
            elif not check_field(item, text):
                problem = "is not valid"
            else:
                continue
            code = 84 if item.kind == "text" else 85
            message = f'Validation error: "Property {resource.class_name}{arrow}{item.name} {problem}"'
            raise WebserviceError(400, code, message)


def _set_associations(shop: Shop, resource: Resource, entity: etree._Element, row_id: int) -> None:
    lists = entity.find("associations")
    if lists is None:
        return
    for node in lists:
        if not isinstance(node.tag, str):
            continue
        if resource.association(node.tag) is None:
            raise WebserviceError(400, 86, f'The association "{node.tag}" does not exists')
        setter = ASSOCIATION_SETTERS.get((resource.name, node.tag))
        if setter:
            items = [
                {child.tag: "".join(child.itertext()).strip() for child in item if isinstance(child.tag, str)}
                for item in node
                if isinstance(item.tag, str)
            ]
            setter(shop, row_id, items)


def delete(shop: Shop, resource: Resource, ids: list[int]) -> None:
    """Delete them all, or none when one is missing."""
    table = shop.tables[resource.name]
    missing = [row_id for row_id in ids if row_id not in table]
    if missing or not ids:
        listed = ", ".join(str(row_id) for row_id in missing)
        raise WebserviceError(404, 87, f"Id(s) not exists: {listed}")
    for row_id in ids:
        rules = RULES.get(resource.name)
        if rules and rules.delete:
            rules.delete(shop, row_id)
        else:
            table.delete(row_id)
