"""Category templates between file and tables: resolved, compared, stored, and written back (F1–F11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from console.errors import Refused
from console.settings_file import AttributePart, CertificatePart, GpsrPart, PackagePart, TemplatePart
from console.shop_names import ShopNames
from models.listings import Assignment
from models.taxonomy import CategoryAttribute
from models.templates import AttributeMapping, AttributeSource, CategoryTemplate, ValueMapping
from rules.attributes import FIELDS

_PICTURES = (".jpg", ".jpeg", ".png")
_FILTERS = (
    ("manufacturers", "manufacturer_ids", "PrestaShop manufacturers"),
    ("suppliers", "supplier_ids", "PrestaShop suppliers"),
    ("categories", "category_ids", "PrestaShop categories"),
)
# source_key, free_text, values, {source value: (value id, value name)} of one attribute
Mapping_ = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TemplateRecord:
    """A template as its tables hold it, without ids of rows: what two states are compared by."""

    columns: dict[str, Any]
    mappings: list[Mapping_]


def resolve(part: TemplatePart, names: ShopNames) -> TemplateRecord:
    """The record a file's template stands for.

    Raises:
        Refused: a name in it is not known, a category is not a leaf, a document is not there or of the wrong kind.
    """
    where = f"template {part.name!r}"
    columns: dict[str, Any] = {
        "name": part.name,
        "is_default": part.default,
        "position": part.position,
        "markup": part.markup.model_dump(mode="json") if part.markup else None,
        "category_id": names.category(part.category, f"{where}, category"),
        "package_weight": part.package.weight,
        "package_length": part.package.length,
        "package_width": part.package.width,
        "package_height": part.package.height,
        "cod_allowed": part.cod,
        "size_chart": {"file": document(part.size_chart, _PICTURES, f"{where}, size chart")} if part.size_chart else {},
        "certificates": [_certificate(one, where) for one in part.certificates],
        "manufacturer_gpsr_ids": part.gpsr.manufacturers,
        "responsible_person_ids": part.gpsr.responsible_persons,
    }
    for field, column, kind in _FILTERS:
        columns[column] = filter_ids(names, field, kind, getattr(part, field), where)
    return TemplateRecord(columns, _mappings(part, columns["category_id"], names, where))


def filter_ids(names: ShopNames, resource: str, kind: str, written: list[str], where: str) -> list[int]:
    """PrestaShop ids of a filter (F2)."""
    if not written:
        return []
    book = names.shop_categories() if resource == "categories" else names.shop(resource, kind)
    return sorted({int(book.id_of(one, f"{where}, {resource}")) for one in written})


def document(written: str, kinds: tuple[str, ...], where: str) -> str:
    """The path of a file that is there and of an allowed kind (F8, F9)."""
    path = Path(written)
    if path.suffix.lower() not in kinds:
        allowed = ", ".join(kind.lstrip(".").upper() for kind in kinds)
        raise Refused(f"{where}: {path.name} is not one of {allowed}.")
    if not path.is_file():
        raise Refused(f"{where}: there is no file {path}.")
    return str(path)


def _certificate(part: CertificatePart, where: str) -> dict[str, str]:
    found = {"id": part.id, "file": document(part.file, (*_PICTURES, ".pdf"), f"{where}, certificate {part.id}")}
    if part.expires:
        try:
            date.fromisoformat(part.expires)
        except ValueError:
            raise Refused(f"{where}, certificate {part.id}: {part.expires} is not a date.") from None
        found["expires"] = part.expires
    return found


def _mappings(part: TemplatePart, category_id: str, names: ShopNames, where: str) -> list[Mapping_]:
    if part.attributes and not category_id:
        raise Refused(f"{where}: attributes belong to a TikTok category, and it has none.")
    found: dict[str, Mapping_] = {}
    for one in part.attributes:
        attribute = names.attribute(category_id, one.attribute, f"{where}, attributes")
        place = f"{where}, attribute {attribute.name!r}"
        if attribute.id in found:
            raise Refused(f"{place}: is mapped twice.")
        _check_source(one, names, place)
        found[attribute.id] = {
            "attribute_id": attribute.id,
            "group": one.group,
            "source": one.source,
            "source_key": one.key,
            "fixed_values": [_fixed(value, attribute, place) for value in one.values],
            "free_text": one.free_text,
            "dictionary": {text: _value(value, attribute, place) for text, value in sorted(one.dictionary.items())},
        }
    return list(found.values())


def _check_source(part: AttributePart, names: ShopNames, place: str) -> None:
    if part.source is AttributeSource.FIELD and part.key not in FIELDS:
        raise Refused(f"{place}: {part.key!r} is not a product field. There are: {', '.join(FIELDS)}.")
    resource = {
        AttributeSource.FEATURE: ("product_features", "PrestaShop features"),
        AttributeSource.OPTION: ("product_options", "PrestaShop attribute groups"),
    }.get(part.source)
    if resource is not None:
        names.shop(*resource).id_of(part.key, place)


def _value(written: str, attribute: CategoryAttribute, place: str) -> tuple[str, str]:
    """(id of the platform's value, "") or ("", free text)."""
    for value in attribute.values:
        if written.casefold() == value["name"].casefold() or written == value["id"]:
            return value["id"], ""
    if attribute.is_customizable or not attribute.values:
        return "", written
    some = ", ".join(value["name"] for value in attribute.values[:10])
    raise Refused(f"{place}: {written!r} is not one of its values ({some}…), and free text is not taken.")


def _fixed(written: str, attribute: CategoryAttribute, place: str) -> str:
    value_id, text = _value(written, attribute, place)
    return value_id or text


def stored(session: Session, template: CategoryTemplate) -> TemplateRecord:
    """The record of a stored template; what an upload added to its documents is left out."""
    columns = {
        name: getattr(template, name)
        for name in (
            "name", "is_default", "position", "markup", "category_id", "package_weight", "package_length",
            "package_width", "package_height", "cod_allowed", "manufacturer_ids", "supplier_ids", "category_ids",
            "manufacturer_gpsr_ids", "responsible_person_ids",
        )
    }  # fmt: skip
    columns["size_chart"] = {key: value for key, value in template.size_chart.items() if key in ("file", "template_id")}
    columns["certificates"] = [
        {key: value for key, value in one.items() if key in ("id", "file", "expires")} for one in template.certificates
    ]
    mappings = []
    for row in session.exec(
        select(AttributeMapping).where(AttributeMapping.template_id == template.key).order_by(col(AttributeMapping.id))
    ):
        values = session.exec(
            select(ValueMapping).where(ValueMapping.mapping_id == row.id).order_by(col(ValueMapping.source_value))
        )
        mappings.append(
            {
                "attribute_id": row.attribute_id,
                "group": row.group,
                "source": row.source,
                "source_key": row.source_key,
                "fixed_values": list(row.fixed_values),
                "free_text": row.free_text,
                "dictionary": {value.source_value: (value.value_id, value.value_name) for value in values},
            }
        )
    return TemplateRecord(columns, mappings)


def save_templates(
    session: Session, connection_id: int, parts: list[TemplatePart], names: ShopNames, *, prune: bool
) -> list[str]:
    """Make, change and (with `prune`) delete templates so that they are as in the file; answers what changed.

    Raises:
        Refused: something in the file cannot be, see `resolve`; or no template would be the default (F11).
    """
    records = [resolve(part, names) for part in parts]
    present = {
        template.name: template
        for template in session.exec(select(CategoryTemplate).where(CategoryTemplate.connection_id == connection_id))
    }
    wanted = {record.columns["name"] for record in records}
    gone = [template for name, template in present.items() if name not in wanted] if prune else []
    _one_default(
        records, [template for template in present.values() if template not in gone and template.name not in wanted]
    )
    if any(record.columns["is_default"] for record in records):
        # First the flag is taken away everywhere: there is never more than one (a constraint of the table).
        for template in present.values():
            if template.is_default and not _is_default_of(records, template.name):
                template.is_default = False
                session.flush()
    changed = []
    for record in records:
        known = present.get(record.columns["name"])
        if known is not None and _same(stored(session, known), record):
            continue
        template = known or CategoryTemplate(connection_id=connection_id, **record.columns)
        if known is None:
            session.add(template)
        else:
            _change(template, record)
        changed.append(f"template {template.name} {'made' if known is None else 'changed'}")
        session.flush()
        _replace_mappings(session, template.key, record.mappings)
    for template in gone:
        forget_template(session, template)
        changed.append(f"template {template.name} deleted")
    return changed


def _is_default_of(records: list[TemplateRecord], name: str) -> bool:
    return any(record.columns["name"] == name and record.columns["is_default"] for record in records)


def _one_default(records: list[TemplateRecord], others: list[CategoryTemplate]) -> None:
    here = any(record.columns["is_default"] for record in records)
    if records and not here and not any(template.is_default for template in others):
        raise Refused("One template has to be the default, it takes what no other does: write default: true (F11).")


def _same(one: TemplateRecord, other: TemplateRecord) -> bool:
    return one.mappings == other.mappings and all(
        _plain(one.columns[name]) == _plain(value) for name, value in other.columns.items()
    )


def _plain(value: Any) -> Any:
    return value.normalize() if isinstance(value, Decimal) else value


def _change(template: CategoryTemplate, record: TemplateRecord) -> None:
    columns = dict(record.columns)
    # What was uploaded already belongs to the file it was made from.
    if template.size_chart.get("file") == columns["size_chart"].get("file"):
        columns["size_chart"] = dict(template.size_chart)
    uploaded = {one.get("file"): one for one in template.certificates}
    columns["certificates"] = [
        {**{k: v for k, v in uploaded.get(one["file"], {}).items() if k != "expires"}, **one}
        for one in columns["certificates"]
    ]
    for name, value in columns.items():
        setattr(template, name, value)
    template.version += 1


def _replace_mappings(session: Session, template_id: int, mappings: list[Mapping_]) -> None:
    session.connection().execute(delete(AttributeMapping).where(col(AttributeMapping.template_id) == template_id))
    for mapping in mappings:
        columns = {name: value for name, value in mapping.items() if name != "dictionary"}
        row = AttributeMapping(template_id=template_id, **columns)
        session.add(row)
        session.flush()
        for text, (value_id, value_name) in mapping["dictionary"].items():
            session.add(
                ValueMapping(mapping_id=row.id or 0, source_value=text, value_id=value_id, value_name=value_name)
            )


def forget_template(session: Session, template: CategoryTemplate) -> None:
    """Delete a template; its products fall to the default one (F10).

    Raises:
        Refused: it is the default one (F11).
    """
    if template.is_default:
        raise Refused(f"Template {template.name!r} is the default one and cannot be deleted; make another the default.")
    default = session.exec(
        select(CategoryTemplate).where(
            CategoryTemplate.connection_id == template.connection_id, col(CategoryTemplate.is_default)
        )
    ).first()
    for assignment in session.exec(
        select(Assignment).where(
            Assignment.connection_id == template.connection_id, Assignment.template_id == template.key
        )
    ):
        assignment.template_id = default.key if default else None
        # Worked out again by the next run.
        assignment.inputs_hash = ""
    session.delete(template)


def as_part(session: Session, template: CategoryTemplate, names: ShopNames) -> TemplatePart:
    """A stored template as a file writes it."""
    record = stored(session, template)
    columns = record.columns
    attributes = {row.id: row for row in names.attributes(template.category_id)}
    unique = [row.name.casefold() for row in attributes.values()]

    def attribute_label(identifier: str) -> str:
        row = attributes.get(identifier)
        return row.name if row and unique.count(row.name.casefold()) == 1 and not row.name.isdigit() else identifier

    def value_label(identifier: str, value: str) -> str:
        found = attributes[identifier].values if identifier in attributes else []
        return next((one["name"] for one in found if one["id"] == value), value)

    filters = {
        field: [names.shop_label(field, kind, number) for number in columns[column]] for field, column, kind in _FILTERS
    }
    return TemplatePart(
        name=template.name,
        default=template.is_default,
        position=template.position,
        **filters,
        markup=template.price_markup(),
        category=names.category_label(template.category_id),
        package=PackagePart(
            weight=_short(template.package_weight),
            length=_short(template.package_length),
            width=_short(template.package_width),
            height=_short(template.package_height),
        ),
        cod=template.cod_allowed,
        size_chart=columns["size_chart"].get("file", ""),
        certificates=[CertificatePart(**one) for one in columns["certificates"] if one.get("file")],
        gpsr=GpsrPart(
            manufacturers=columns["manufacturer_gpsr_ids"], responsible_persons=columns["responsible_person_ids"]
        ),
        attributes=[
            AttributePart(
                attribute=attribute_label(mapping["attribute_id"]),
                group=mapping["group"],
                source=mapping["source"],
                key=mapping["source_key"],
                values=[value_label(mapping["attribute_id"], value) for value in mapping["fixed_values"]],
                free_text=mapping["free_text"],
                dictionary={
                    text: value_label(mapping["attribute_id"], value_id) if value_id else name
                    for text, (value_id, name) in mapping["dictionary"].items()
                },
            )
            for mapping in record.mappings
        ],
    )


def _short(number: Decimal | None) -> Decimal | None:
    return None if number is None else Decimal(format(number.normalize(), "f"))


def filtering(part: TemplatePart, names: ShopNames) -> CategoryTemplate:
    """A template that is not stored, with its filters only: to count what it would take (F3)."""
    template = CategoryTemplate(connection_id=0, name=part.name)
    for field, column, kind in _FILTERS:
        setattr(template, column, filter_ids(names, field, kind, getattr(part, field), f"template {part.name!r}"))
    return template
