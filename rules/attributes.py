"""Product attributes of a category (F7; tiktok-shop-api.md 3.3): where a value comes from and what it becomes.

A text is looked up in the mapping's value dictionary, then among the platform's values by name, then sent as it is
where the platform takes free text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from models.catalogue import Product, Variant
from models.taxonomy import CategoryAttribute
from models.templates import AttributeGroup, AttributeMapping, AttributeSource, CategoryTemplate, ValueMapping
from rules.content import AttributeValue, ValueChoice
from rules.decision import Finding, Names, Reason
from rules.findings import Checked, finding
from rules.texts import cut_at_word, plain, text_in

VALUE_MAX = 2000
NUMERIC_FORMAT = "POSITIVE_INT_OR_DECIMAL"
PRODUCT_PROPERTY = "PRODUCT_PROPERTY"
# Product fields a mapping may name.
FIELDS = (
    "name", "description_short", "reference", "supplier_reference", "ean13", "upc", "isbn", "mpn", "condition",
    "manufacturer", "category", "weight", "width", "height", "depth",
)  # fmt: skip
# Those that a combination has of its own.
VARIANT_FIELDS = ("reference", "supplier_reference", "ean13", "upc", "isbn", "mpn")

ValueMappings = Mapping[int, Mapping[str, ValueMapping]]
"""Value dictionaries: {id of the attribute mapping: {PrestaShop text, case-folded: entry}}."""

# Digits, possibly in groups of three set apart by (narrow) spaces, and decimals after a point or a comma.
_NUMBER = re.compile(r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class Sources:
    """What the texts of attributes are read from."""

    product: Product
    variants: Sequence[Variant]
    names: Names
    language_id: str
    fallback_language_id: str


def source_texts(mapping: AttributeMapping, sources: Sources, variant: Variant | None = None) -> list[str]:
    """The PrestaShop texts that feed a mapping, of one variant where one is given; empty ones are left out."""
    names, product = sources.names, sources.product
    if mapping.source is AttributeSource.FIXED:
        texts = list(mapping.fixed_values)
    elif mapping.source is AttributeSource.FEATURE:
        feature = _named(mapping.source_key, names.features)
        texts = [names.feature_values.get(row[1], "") for row in product.features if row[0] == feature]
    elif mapping.source is AttributeSource.OPTION:
        group = _named(mapping.source_key, names.options)
        variants = [variant] if variant else sources.variants
        values = [names.option_values.get(i, (0, "")) for each in variants for i in each.option_value_ids]
        texts = [text for owner, text in values if owner == group]
    else:
        texts = [_field(mapping.source_key, sources, variant)]
    return list(dict.fromkeys(text for text in map(plain, texts) if text))


def _named(key: str, names: Mapping[int, str]) -> int | None:
    """The id of a feature or attribute group given by id or name."""
    key = key.strip()
    if key.isdigit() and int(key) in names:
        return int(key)
    return next((id_ for id_, name in names.items() if name.strip().casefold() == key.casefold()), None)


def _field(key: str, sources: Sources, variant: Variant | None) -> str:
    product = sources.product
    if key in ("name", "description_short"):
        return text_in(getattr(product, key), sources.language_id, sources.fallback_language_id)
    if key == "manufacturer":
        return sources.names.manufacturers.get(product.id_manufacturer, "")
    if key == "category":
        return sources.names.categories.get(product.id_category_default, "")
    if key in VARIANT_FIELDS and variant and (own := str(getattr(variant, key))):
        return own
    if key not in FIELDS:
        return ""
    value = getattr(product, key)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value > 0 else ""
    return str(value)


def number_in(text: str) -> str | None:
    """The one positive number of a text such as '325 ml' or '1 000,5 g', as TikTok writes it; None when unclear."""
    found = _NUMBER.findall(text)
    if len(found) != 1 or "-" + found[0] in text.replace("- ", "-"):
        return None
    number = Decimal(re.sub(r"\s", "", found[0]).replace(",", "."))
    return format(number.normalize(), "f") if number > 0 else None


def choice(
    text: str, attribute: CategoryAttribute, mapping: AttributeMapping | None, dictionary: Mapping[str, ValueMapping]
) -> ValueChoice | None:
    """What a PrestaShop text becomes for an attribute; None when the platform has no such value."""
    entry = dictionary.get(text.casefold())
    if entry and entry.value_id:
        return ValueChoice(id=entry.value_id)
    translated = plain(entry.value_name) if entry else ""
    text = translated or text
    folded = text.casefold()
    for value in attribute.values:
        fixed_id = mapping is not None and mapping.source is AttributeSource.FIXED and value["id"] == text
        if fixed_id or value["name"].strip().casefold() == folded:
            return ValueChoice(id=value["id"])
    if not attribute.is_customizable or (mapping and not mapping.free_text and not translated):
        return None
    if attribute.value_data_format == NUMERIC_FORMAT:
        number = number_in(text)
        return ValueChoice(name=number) if number else None
    return ValueChoice(name=cut_at_word(text, VALUE_MAX))


def product_attributes(
    sources: Sources,
    template: CategoryTemplate,
    mappings: Sequence[AttributeMapping],
    value_mappings: ValueMappings,
    attributes: Sequence[CategoryAttribute],
) -> Checked[tuple[AttributeValue, ...]]:
    """Every product attribute that has a value, in the category's order; required ones without are findings."""
    reasons: list[Reason] = []
    findings: list[Finding] = []
    wanted = sorted((a for a in attributes if a.type == PRODUCT_PROPERTY), key=lambda a: (a.position, a.id))
    mapped = {m.attribute_id: m for m in mappings if m.group is not AttributeGroup.VARIANT}
    chosen: dict[str, AttributeValue] = {}
    unresolved: dict[str, list[str]] = {}
    for attribute in wanted:
        mapping = mapped.get(attribute.id) or _by_name(attribute, sources.names, template)
        if mapping is None:
            continue
        texts = source_texts(mapping, sources)
        dictionary = value_mappings.get(mapping.id, {}) if mapping.id is not None else {}
        values, unknown = _choices(texts, attribute, mapping, dictionary)
        if unknown:
            unresolved[attribute.id] = unknown
        if len(values) > 1 and not attribute.is_multiple_selection:
            reasons.append(Reason("attribute_first_value", f"“{attribute.name}” takes one value: the first is sent"))
            values = values[:1]
        if values:
            chosen[attribute.id] = AttributeValue(id=attribute.id, values=tuple(values))
            if attribute.id not in mapped:
                reasons.append(
                    Reason("attribute_by_name", f"“{attribute.name}” is fed by the feature of the same name")
                )
    known = {attribute.id for attribute in attributes}
    unused = sorted(attribute_id for attribute_id in mapped if attribute_id not in known)
    reasons += [
        Reason("mapping_unused", f"the category has no attribute {key}: its mapping is unused") for key in unused
    ]
    for attribute in wanted:
        unknown = unresolved.get(attribute.id, [])
        if attribute.id in chosen or not _required(attribute, chosen):
            reasons += [
                Reason("attribute_value_skipped", f"“{text}” is no value of “{attribute.name}”: not sent")
                for text in unknown
            ]
        elif unknown:
            findings += [
                finding("attribute_value_not_mapped", value=text, attribute=attribute.name, template=template.name)
                for text in unknown
            ]
        else:
            source = _source_label(mapped.get(attribute.id))
            findings.append(
                finding("attribute_missing", attribute=attribute.name, template=template.name, source=source)
            )
    return Checked(tuple(chosen.values()), tuple(reasons), tuple(findings))


def _by_name(attribute: CategoryAttribute, names: Names, template: CategoryTemplate) -> AttributeMapping | None:
    """Without a mapping, a feature of the very same name feeds the attribute."""
    feature = _named(attribute.name, names.features) if not attribute.name.isdigit() else None
    if feature is None:
        return None
    return AttributeMapping(
        template_id=template.id or 0,
        group=AttributeGroup.PRODUCT,
        attribute_id=attribute.id,
        source=AttributeSource.FEATURE,
        source_key=str(feature),
    )


def _choices(
    texts: Sequence[str],
    attribute: CategoryAttribute,
    mapping: AttributeMapping,
    dictionary: Mapping[str, ValueMapping],
) -> tuple[list[ValueChoice], list[str]]:
    """Values of the texts, without repeats, and the texts that have none."""
    values: list[ValueChoice] = []
    unknown: list[str] = []
    for text in texts:
        whole = choice(text, attribute, mapping, dictionary)
        found = [whole] if whole else []
        if attribute.is_multiple_selection and attribute.values and (whole is None or whole.name):
            # "Cotton, Wool" in one feature value: taken apart when every part is a value of the platform.
            parts = [part.strip() for part in re.split(r"[,;/|]", text) if part.strip()]
            split = [choice(part, attribute, mapping, dictionary) for part in parts]
            listed = [value for value in split if value and value.id]
            if len(listed) == len(parts) > 1:
                found = listed
        values += found
        if not found:
            unknown.append(text)
    return list(dict.fromkeys(values)), unknown


def _required(attribute: CategoryAttribute, chosen: Mapping[str, AttributeValue]) -> bool:
    return attribute.is_required or condition_met(attribute.requirement_conditions, chosen)


def condition_met(conditions: Sequence[Mapping[str, str]], chosen: Mapping[str, AttributeValue]) -> bool:
    """Whether any requirement condition (VALUE_ID_MATCH) holds for the chosen values."""
    return any(
        condition.get("attribute_value_id") == value.id
        for condition in conditions
        if condition.get("attribute_id") in chosen
        for value in chosen[condition["attribute_id"]].values
    )


def _source_label(mapping: AttributeMapping | None) -> str:
    if mapping is None or mapping.source is AttributeSource.FIXED:
        return "a feature of the same name"
    kind = {
        AttributeSource.FIELD: "the field",
        AttributeSource.FEATURE: "the feature",
        AttributeSource.OPTION: "the attribute",
    }[mapping.source]
    return f"{kind} “{mapping.source_key}”"
