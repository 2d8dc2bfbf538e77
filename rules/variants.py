"""Sales attributes: what tells a product's variants apart (3.12; section 8, 43–46).

A PrestaShop attribute group becomes a sales attribute of the category, by mapping or by its usual names, or else a
name of our own. Every variant carries the same set, no two the same values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.catalogue import Variant
from models.taxonomy import CategoryAttribute
from models.templates import AttributeGroup, AttributeMapping, AttributeSource
from rules.attributes import Sources, ValueMappings, choice, source_texts
from rules.content import SalesAttribute
from rules.decision import Finding, Reason
from rules.findings import Checked, finding, variant_label
from rules.texts import plain

SALES_PROPERTY = "SALES_PROPERTY"
MAX_KINDS = 3
NAME_MAX = 20
VALUE_MAX = 50

# Words that mean the same kind of attribute in the languages of the markets.
_SYNONYMS = (
    frozenset(
        {
            "colour", "color", "colours", "colors", "couleur", "couleurs", "coloris", "farbe", "colore", "cor", "kleur",
            "kolor", "barva", "χρώμα", "szín", "カラー", "色", "warna", "สี", "màu", "màu sắc",
        }
    ),
    frozenset(
        {
            "size", "sizes", "taille", "tailles", "pointure", "größe", "grösse", "groesse", "talla", "tallas",
            "tamaño", "taglia", "misura", "tamanho", "maat", "rozmiar", "velikost", "μέγεθος", "méret", "サイズ",
            "ukuran", "saiz", "ขนาด", "kích thước", "kích cỡ",
        }
    ),
    frozenset(
        {
            "material", "matière", "matières", "materiale", "materiaal", "materiał", "materiál", "υλικό", "anyag",
            "素材", "bahan", "วัสดุ", "chất liệu",
        }
    ),
)  # fmt: skip
_COLOUR = _SYNONYMS[0]


@dataclass(slots=True)
class _Kind:
    """One thing that varies: its PrestaShop name, the TikTok attribute if any, and each variant's text."""

    label: str
    attribute: CategoryAttribute | None
    mapping: AttributeMapping | None
    texts: dict[int, str]
    name: str = ""
    values: dict[str, SalesAttribute] = field(default_factory=dict)


def sales_attributes(
    sources: Sources,
    template_name: str,
    mappings: Sequence[AttributeMapping],
    value_mappings: ValueMappings,
    attributes: Sequence[CategoryAttribute],
    usable_images: Mapping[int, bool] | None = None,
) -> Checked[dict[int, tuple[SalesAttribute, ...]]]:
    """Each variant's sales attributes by id_product_attribute; `usable_images` None means none was looked at yet."""
    reasons: list[Reason] = []
    findings: list[Finding] = []
    properties = {a.id: a for a in attributes if a.type == SALES_PROPERTY}
    mapped = [m for m in mappings if m.group is AttributeGroup.VARIANT]
    kinds = _groups(sources, template_name, mapped, properties, findings)
    kinds += _constants(sources, template_name, mapped, properties, findings)
    if len(kinds) > MAX_KINDS:
        names = ", ".join(kind.label for kind in kinds)
        findings.append(finding("too_many_variant_attributes", count=len(kinds), names=names))
    _name(kinds, template_name, reasons, findings)
    for kind in kinds:
        _fill(kind, template_name, value_mappings, reasons, findings)
    kinds = _with_images(kinds, sources.variants, usable_images, reasons)
    combinations = {
        variant.id_product_attribute: tuple(
            kind.values[text]
            for kind in kinds
            if (text := kind.texts.get(variant.id_product_attribute)) and text in kind.values
        )
        for variant in sources.variants
    }
    if not findings:
        findings += _identical(sources, combinations)
    return Checked(combinations, tuple(reasons), tuple(findings))


def _groups(
    sources: Sources,
    template_name: str,
    mapped: Sequence[AttributeMapping],
    properties: Mapping[str, CategoryAttribute],
    findings: list[Finding],
) -> list[_Kind]:
    """One kind for each attribute group the combinations use, in order of group id."""
    texts: dict[int, dict[int, str]] = {}
    for variant in sources.variants:
        for value_id in variant.option_value_ids:
            group, text = sources.names.option_values.get(value_id, (0, ""))
            text = plain(text)
            if not group or not text:
                label = variant_label(sources.product, variant, sources.names)
                findings.append(finding("option_value_unknown", variant=label, value=value_id))
                continue
            texts.setdefault(group, {}).setdefault(variant.id_product_attribute, text)
    kinds = []
    used: set[str] = set()
    for group in sorted(texts, key=lambda group: (_mapping_of(group, sources, mapped) is None, group)):
        label = plain(sources.names.options.get(group, "")) or f"attribute {group}"
        mapping = _mapping_of(group, sources, mapped)
        if mapping:
            attribute = properties.get(mapping.attribute_id)
            if attribute is None:
                findings.append(finding("variant_mapping_invalid", template=template_name, name=label))
        else:
            attribute = _usual(label, [a for a in properties.values() if a.id not in used])
        used.update({attribute.id} if attribute else ())
        kinds.append((group, _Kind(label, attribute, mapping, texts[group])))
        for variant in sources.variants:
            if variant.id_product_attribute not in texts[group]:
                which = variant_label(sources.product, variant, sources.names)
                findings.append(finding("variant_attributes_unequal", variant=which, name=label))
    return [kind for _, kind in sorted(kinds, key=lambda pair: pair[0])]


def _mapping_of(group: int, sources: Sources, mapped: Sequence[AttributeMapping]) -> AttributeMapping | None:
    name = sources.names.options.get(group, "").strip().casefold()
    return next(
        (
            mapping
            for mapping in mapped
            if mapping.source is AttributeSource.OPTION
            and (key := mapping.source_key.strip().casefold())
            and key in (str(group), name)
        ),
        None,
    )


def _usual(label: str, properties: Sequence[CategoryAttribute]) -> CategoryAttribute | None:
    """The sales attribute of the same name, or of another usual name for the same thing."""
    word = _word(label)
    names = [word] if not (same := [words for words in _SYNONYMS if word in words]) else [word, *sorted(same[0])]
    return next((attribute for name in names for attribute in properties if _word(attribute.name) == name), None)


def _word(label: str) -> str:
    """'Size (EU):' → 'size'."""
    return re.sub(r"\(.*?\)|[:*]", "", label).strip().casefold()


def _constants(
    sources: Sources,
    template_name: str,
    mapped: Sequence[AttributeMapping],
    properties: Mapping[str, CategoryAttribute],
    findings: list[Finding],
) -> list[_Kind]:
    """Sales attributes that the template feeds from something else than an attribute group."""
    kinds = []
    for mapping in mapped:
        if mapping.source is AttributeSource.OPTION:
            continue
        attribute = properties.get(mapping.attribute_id)
        label = mapping.source_key or (attribute.name if attribute else mapping.attribute_id)
        if attribute is None:
            findings.append(finding("variant_mapping_invalid", template=template_name, name=label))
            continue
        texts = {v.id_product_attribute: t[0] for v in sources.variants if (t := source_texts(mapping, sources, v))}
        if not texts:
            continue
        kinds.append(_Kind(label, attribute, mapping, texts))
        for variant in sources.variants:
            if variant.id_product_attribute not in texts:
                which = variant_label(sources.product, variant, sources.names)
                findings.append(finding("variant_attributes_unequal", variant=which, name=label))
    return kinds


def _name(kinds: Sequence[_Kind], template_name: str, reasons: list[Reason], findings: list[Finding]) -> None:
    """Names of our own where the category has no such attribute; two must not become the same."""
    taken = {kind.attribute.name.casefold() for kind in kinds if kind.attribute}
    ids = [kind.attribute.id for kind in kinds if kind.attribute]
    for kind in kinds:
        if kind.attribute:
            if ids.count(kind.attribute.id) > 1:
                findings.append(finding("variant_name_collision", name=kind.attribute.name, template=template_name))
            continue
        kind.name = kind.label[:NAME_MAX].strip()
        if kind.name.casefold() in taken:
            findings.append(finding("variant_name_collision", name=kind.name, template=template_name))
        taken.add(kind.name.casefold())
        if kind.name != kind.label:
            reasons.append(Reason("variant_name_cut", f"the attribute “{kind.label}” is called “{kind.name}”"))


def _fill(
    kind: _Kind, template_name: str, value_mappings: ValueMappings, reasons: list[Reason], findings: list[Finding]
) -> None:
    """The platform's value of every text of a kind."""
    mapping_id = kind.mapping.id if kind.mapping else None
    dictionary = value_mappings.get(mapping_id, {}) if mapping_id is not None else {}
    # A value as buyers see it, case-folded → the first PrestaShop text that became it.
    seen: dict[str, str] = {}
    for text in dict.fromkeys(kind.texts.values()):
        if kind.attribute:
            found = choice(text, kind.attribute, kind.mapping, dictionary)
            if found is None:
                names = {"name": kind.label, "attribute": kind.attribute.name, "template": template_name}
                findings.append(finding("variant_value_not_mapped", value=text, **names))
                continue
            value_id, value_name = found.id, found.name
        else:
            value_id, value_name = "", text
        if value_id:
            kind.values[text] = SalesAttribute(id=kind.attribute.id if kind.attribute else "", value_id=value_id)
            continue
        cut = value_name[:VALUE_MAX].strip()
        if cut != value_name:
            reasons.append(Reason("variant_value_cut", f"the value “{value_name}” was cut to “{cut}”"))
        first = seen.setdefault(cut.casefold(), text)
        if first != text and first.casefold() != text.casefold() and cut != value_name:
            names = {"name": kind.label, "template": template_name}
            findings.append(finding("variant_value_collision", first=first, second=text, **names))
            continue
        # Spellings that differ in case only are one value: the first is sent for all.
        kind.values[text] = kind.values.get(first) or SalesAttribute(
            id=kind.attribute.id if kind.attribute else "", name=kind.name, value_name=cut
        )


def _with_images(
    kinds: list[_Kind], variants: Sequence[Variant], usable: Mapping[int, bool] | None, reasons: list[Reason]
) -> list[_Kind]:
    """The kinds with pictures on the first of them, where one kind's every value has a picture of its own (12052528).

    Colour is tried first, then the others in order.
    """
    if not any(variant.image_ids for variant in variants):
        return kinds
    for kind in sorted(kinds, key=lambda kind: _word(kind.label) not in _COLOUR):
        images = _images_by_value(kind, variants, usable)
        if len(images) == len(set(kind.values.values())) > 1 and len(set(images.values())) > 1:
            kind.values = {
                text: value.model_copy(update={"image_id": images[value.key]}) for text, value in kind.values.items()
            }
            return [kind, *(other for other in kinds if other is not kind)]
    why = "no attribute has a picture of its own for every value: variants are sent without pictures"
    reasons.append(Reason("variant_images_skipped", why))
    return kinds


def _images_by_value(
    kind: _Kind, variants: Sequence[Variant], usable: Mapping[int, bool] | None
) -> dict[tuple[str, str, str, str], int]:
    """For each value the first picture that all its variants share."""
    shared: dict[tuple[str, str, str, str], list[int]] = {}
    for variant in variants:
        value = kind.values.get(kind.texts.get(variant.id_product_attribute, ""))
        if value is None:
            return {}
        own = [image for image in variant.image_ids if usable is None or usable.get(image, True)]
        before = shared.get(value.key)
        shared[value.key] = own if before is None else [image for image in before if image in own]
    return {key: images[0] for key, images in shared.items() if images}


def _identical(sources: Sources, combinations: Mapping[int, tuple[SalesAttribute, ...]]) -> list[Finding]:
    findings = []
    first: dict[tuple[tuple[str, str, str, str], ...], Variant] = {}
    for variant in sources.variants:
        combination = combinations[variant.id_product_attribute]
        key = tuple(value.key for value in combination)
        if key not in first:
            first[key] = variant
            continue
        names = [variant_label(sources.product, each, sources.names) for each in (first[key], variant)]
        values = ", ".join(value.value_name or value.value_id for value in combination) or "no attribute values"
        findings.append(finding("variants_identical", first=names[0], second=names[1], values=values))
    return findings
