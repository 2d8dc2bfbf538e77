"""Rows as the webservice's XML, in the layout of the recordings: tabs, CDATA, xlink:href, notFilterable."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox.prestashop.fields import Association, Field
from sandbox.prestashop.shop import VERBS, Shop
from sandbox.prestashop.tables import Row
from sandbox.prestashop.view import Echo, View

HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n<prestashop xmlns:xlink="http://www.w3.org/1999/xlink">\n'
FOOTER = "</prestashop>\n"
_EMPTY = "<![CDATA[]]>"


def document(inner: str) -> bytes:
    return f"{HEADER}{inner}{FOOTER}".encode()


def errors(found: list[tuple[int, str]]) -> bytes:
    nodes = "".join(
        f"<error>\n<code><![CDATA[{code}]]></code>\n<message><![CDATA[{message}]]></message>\n</error>\n"
        for code, message in found
    )
    return document(f"<errors>\n{nodes}</errors>\n")


def printer(view: View, written: Echo | None = None) -> Callable[[int], str]:
    """A function from row id to its node. `written`: what a write left in the object, shown instead."""
    node, shop = view.resource.node, view.shop
    shows_id = view.display.shows("id")
    virtual = {alias: price for alias, price in view.virtual.items() if view.shows_virtual(alias)}
    languages = {language: f' xlink:href="{view.api}/languages/{language}"' for language in view.languages}

    def print_row(row_id: int) -> str:
        row = view.stored(row_id)
        lines = [f"<{node}>"]
        if shows_id:
            lines.append(f"\t<id><![CDATA[{row_id}]]></id>")
        for column in view.columns:
            name = column.name
            from_write = written is not None and name in written
            if column.source == "text":
                texts = written[name] if written and from_write else view.texts(row_id, name)
                lines.append(f"\t<{name}>{_language_nodes(texts, languages)}</{name}>")
                continue
            if written is not None and from_write:
                value = written[name]
            elif column.compute is not None:
                value = column.compute(shop, row_id, row)
            else:
                value = row.get(name, column.default)
            text = "" if value is None or value is False else value
            lines.append(f"\t<{name}{_link(view, row_id, column.field, value)}><![CDATA[{text}]]></{name}>")
        for alias, price in virtual.items():
            lines.append(f"\t<{alias}><![CDATA[{price(row_id)}]]></{alias}>")
        if view.associations:
            lines.append("<associations>")
            for association in view.associations:
                lines.extend(_association(view, association, row_id, row))
            lines.append("</associations>")
        lines.append(f"</{node}>\n")
        return "\n".join(lines)

    return print_row


def _language_nodes(texts: dict[int, str] | None, languages: dict[int, str]) -> str:
    if texts is None:
        # A text that was not sent is no array in PHP: no link then.
        return "".join(f'<language id="{language}">{_EMPTY}</language>' for language in languages)
    return "".join(
        f'<language id="{language}"{href}><![CDATA[{texts.get(language, "")}]]></language>'
        for language, href in languages.items()
    )


def _link(view: View, row_id: int, field: Field, value: object) -> str:
    attributes = ""
    if field.link and (field.always_linked or value not in (None, "", 0, "0")):
        target = f"images/products/{row_id}/{value}" if field.link == "images" else f"{field.link}/{value}"
        attributes = f' xlink:href="{view.api}/{target}"'
    return attributes + (' notFilterable="true"' if field.computed else "")


def _association(view: View, association: Association, row_id: int, row: Row) -> list[str]:
    members = view.members(row_id, row, association)
    name = association.name
    head = f"<{name}{_kind(association)}"
    if not members:
        return [] if association.only_when_filled else [f"{head}/>"]
    asked = view.asked_fields(association)
    hidden = asked is not None and not association.declared and view.shop.major >= 8
    lines = [f"{head}>"]
    for member in members:
        target = "" if association.virtual else _target(view, association, row_id, row, member[0])
        lines.append(f"\t<{association.node}" + (f' xlink:href="{view.api}/{target}">' if target else ">"))
        for field, value in zip(association.fields, member, strict=True):
            if hidden or (asked is not None and field.name not in asked):
                continue
            linked = field.link and (value or association.virtual)
            href = f' xlink:href="{view.api}/{field.link}/{value}"' if linked else ""
            lines.append(f"\t<{field.name}{href}><![CDATA[{value}]]></{field.name}>")
        lines.append(f"\t</{association.node}>")
    lines.append(f"</{name}>")
    return lines


def _kind(association: Association) -> str:
    of = 'virtualEntity="true"' if association.virtual else f'api="{association.api}"'
    return f' nodeType="{association.node}" {of}'


def _target(view: View, association: Association, row_id: int, row: Row, member: int) -> str:
    if association.node == "image":
        product = row.get("id_product", row_id) if view.resource.name == "combinations" else row_id
        return f"images/products/{product}/{member}"
    return f"{association.api}/{member}"


def rows(view: View, ids: Iterable[int]) -> bytes:
    """A listing, wrapped in the plural node."""
    name, node = view.resource.name, view.resource.node
    if view.display.only_ids:
        link = f'" xlink:href="{view.api}/{name}/'
        body = "".join(f'<{node} id="{row_id}{link}{row_id}"/>\n' for row_id in ids)
    else:
        body = "".join(map(printer(view), ids))
    return document(f"<{name}>\n{body}</{name}>\n")


def single(view: View, row_id: int, in_list: bool) -> bytes:
    body = printer(view)(row_id)
    return document(f"<{view.resource.name}>\n{body}</{view.resource.name}>\n" if in_list else body)


def written(view: View, objects: list[tuple[int, Echo]], in_list: bool) -> bytes:
    """The answer to a write: the objects one after the other."""
    body = "".join(printer(view, values)(row_id) for row_id, values in objects)
    return document(f"<{view.resource.name}>\n{body}</{view.resource.name}>\n" if in_list else body)


def schema(view: View, synopsis: bool) -> bytes:
    """`schema=blank` (a form to fill) or `schema=synopsis` (what each field must be); recordings 051–053, 060–062."""
    lines = [f"<{view.resource.node}>"]
    if not synopsis:
        lines.append(f"\t<id>{_EMPTY}</id>")
    for field in view.resource.fields:
        if not synopsis and not field.writable:
            continue
        attributes = _synopsis(field) if synopsis else ""
        value = _schema_languages(view, synopsis) if field.kind == "text" else _EMPTY
        lines.append(f"\t<{field.name}{attributes}>{value}</{field.name}>")
    if view.resource.associations:
        lines.append("<associations>")
        for association in view.resource.associations:
            shape = _kind(association) if synopsis else ""
            lines += [f"<{association.name}{shape}>", f"\t<{association.node}>"]
            for item in association.fields:
                notes = ""
                if synopsis and item.link:
                    notes += f' xlink:href="{view.api}/{item.link}/"'
                if synopsis and item.required:
                    notes += ' required="true"'
                if synopsis and item.read_only:
                    notes += ' read_only="true" readOnly="true"'
                lines.append(f"\t<{item.name}{notes}>{_EMPTY}</{item.name}>")
            lines += [f"\t</{association.node}>", f"</{association.name}>"]
        lines.append("</associations>")
    lines.append(f"</{view.resource.node}>\n")
    return document("\n".join(lines))


def _synopsis(field: Field) -> str:
    notes = ""
    if field.required:
        notes += ' required="true"'
    if not field.writable and not field.computed:
        notes += ' read_only="true"'
    if field.size is not None:
        notes += f' maxSize="{field.size}"'
    if field.validator is not None:
        notes += f' format="{field.validator}"'
    if field.computed:
        notes += ' notFilterable="true"'
    if not field.writable:
        notes += ' read_only="true" readOnly="true"' if field.computed else ' readOnly="true"'
    elif field.noted_read_only:
        notes += ' readOnly="true"'
    return notes


def _schema_languages(view: View, synopsis: bool) -> str:
    return "".join(
        f'<language id="{language}" xlink:href="{view.api}/languages/{language}" format="isUnsignedId" >'
        f"{_EMPTY}</language>"
        if synopsis
        else f'<language id="{language}">{_EMPTY}</language>'
        for language in view.languages
    )


def root(
    shop: Shop, permissions: dict[str, frozenset[str]], names: dict[str, str], without_schema: frozenset[str]
) -> bytes:
    """`/api/`: the resources the key may use and how (recording 001)."""
    nodes = []
    order = ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD")
    verbs = [verb for verb in order if verb in VERBS and (verb != "PATCH" or shop.major >= 8)]
    for name, description in names.items():
        href = f"{shop.base_url}/api/{name}"
        rights = " ".join(f'{verb.lower()}="{str(verb in permissions[name]).lower()}"' for verb in verbs)
        schemas = "".join(
            f'<schema xlink:href="{href}?schema={kind}" type="{kind}"/>\n' for kind in ("blank", "synopsis")
        )
        nodes.append(
            f'<{name} xlink:href="{href}" {rights}>\n'
            f'<description xlink:href="{href}" {rights}>\n{description}</description>\n'
            f"{'' if name in without_schema else schemas}</{name}>\n"
        )
    return document(f'<api shopName="{shop.name}">\n{"".join(nodes)}</api>\n')
