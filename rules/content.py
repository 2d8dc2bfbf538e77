"""What a listing says: the part of a TikTok Shop product that is neither price nor stock.

It is compared with what was confirmed before, so that identical content is never sent again and an audit never
started for nothing (G12, K12; tiktok-shop-api.md section 8, 29). Pictures are PrestaShop ids here; they become
TikTok's uris only in the request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Literal

from pydantic import BaseModel, ConfigDict

from rules.decision import Reason


class Part(BaseModel):
    """Base of every part: immutable, and strict about names, as it is stored as JSON and read back."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ValueChoice(Part):
    """A value of the platform's list (`id`) or a text of our own (`name`); exactly one is set."""

    id: str = ""
    name: str = ""


class AttributeValue(Part):
    """A product attribute and its values."""

    id: str
    values: tuple[ValueChoice, ...]


class SalesAttribute(Part):
    """What makes a variant: an attribute of the category (`id`) or a name of our own, and one value likewise."""

    id: str = ""
    name: str = ""
    value_id: str = ""
    value_name: str = ""
    image_id: int | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What buyers see, without the picture; names compare case-insensitively."""
        return self.id, self.name.casefold(), self.value_id, self.value_name.casefold()


class Identifier(Part):
    """A GTIN-like code, with its check digit verified."""

    type: Literal["GTIN", "EAN", "UPC", "ISBN", "JAN"]
    code: str


class SkuContent(Part):
    """A variant. `external_sku_id` is how the answer to a create is mapped back (3.12)."""

    id_product_attribute: int
    seller_sku: str
    external_sku_id: str
    sales_attributes: tuple[SalesAttribute, ...] = ()
    identifier: Identifier | None = None


class PackageWeight(Part):
    """A decimal number as text, in `unit`."""

    value: str
    unit: str


class PackageDimensions(Part):
    """Whole positive numbers as text, in `unit`."""

    length: str
    width: str
    height: str
    unit: str


class CertificateFile(Part):
    """An uploaded document."""

    id: str
    name: str
    format: str = "PDF"


class Certification(Part):
    """A certificate the category asks for: uploaded documents or picture uris; `expires` is 'YYYY-MM-DD' or ''."""

    id: str
    files: tuple[CertificateFile, ...] = ()
    image_uris: tuple[str, ...] = ()
    expires: str = ""


class SizeChart(Part):
    """An uploaded picture or a template of the platform; exactly one is set."""

    uri: str = ""
    template_id: str = ""


class ListingContent(Part):
    """Everything a listing says, without price and stock."""

    title: str
    description: str
    category_id: str
    category_version: str
    brand_id: str = ""
    # Cover first, at most 9
    image_ids: tuple[int, ...]
    product_attributes: tuple[AttributeValue, ...] = ()
    skus: tuple[SkuContent, ...]
    package_weight: PackageWeight | None = None
    package_dimensions: PackageDimensions | None = None
    certifications: tuple[Certification, ...] = ()
    size_chart: SizeChart | None = None
    manufacturer_ids: tuple[str, ...] = ()
    responsible_person_ids: tuple[str, ...] = ()
    cod_allowed: bool = False
    external_product_id: str


def digest(value: object) -> str:
    """A short hash of JSON data that does not depend on the order of keys: 32 hex digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def content_hash(content: ListingContent) -> str:
    """The fingerprint that tells whether a listing differs from what is live."""
    return digest(content.model_dump(mode="json"))


def dropped_skus(content: ListingContent, live: Mapping[int, str]) -> list[str]:
    """Live SKUs that sending this content would delete (K13); `live` is id_product_attribute → TikTok SKU id."""
    kept = {sku.id_product_attribute for sku in content.skus}
    return [sku_id for id_product_attribute, sku_id in live.items() if id_product_attribute not in kept]


_LABELS = {
    "category_id": "category",
    "category_version": "category tree",
    "brand_id": "brand",
    "package_weight": "package weight",
    "package_dimensions": "package size",
    "certifications": "documents",
    "size_chart": "size chart",
    "manufacturer_ids": "EU manufacturer",
    "responsible_person_ids": "EU responsible person",
    "cod_allowed": "cash on delivery",
    "external_product_id": "cross-reference",
}


def describe_difference(before: ListingContent, after: ListingContent) -> tuple[Reason, ...]:
    """What an edit changes, in the merchant's words, one reason a field (K1)."""
    reasons = []
    if before.title != after.title:
        reasons.append(Reason("title_changed", f"title: “{before.title}” → “{after.title}”"))
    if before.description != after.description:
        sizes = f"{len(before.description)} → {len(after.description)} characters"
        reasons.append(Reason("description_changed", f"description: {sizes}"))
    if before.image_ids != after.image_ids:
        reasons.append(Reason("images_changed", f"images: {_moved(before.image_ids, after.image_ids)}"))
    for name, label in _LABELS.items():
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            reasons.append(Reason(f"{name}_changed", f"{label}: {_shown(old)} → {_shown(new)}"))
    reasons += _attribute_changes(before, after)
    return (*reasons, *_sku_changes(before, after))


def _moved(before: Sequence[object], after: Sequence[object]) -> str:
    added, removed = len(set(after) - set(before)), len(set(before) - set(after))
    parts = [f"{count} {word}" for count, word in ((added, "added"), (removed, "removed")) if count]
    return ", ".join(parts) or "new order"


def _shown(value: object) -> str:
    if isinstance(value, PackageWeight):
        return f"{value.value} {value.unit}"
    if isinstance(value, PackageDimensions):
        return f"{value.length} × {value.width} × {value.height} {value.unit}"
    if isinstance(value, SizeChart):
        return value.uri or value.template_id
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(_shown(item) for item in value) or "none"
    if isinstance(value, Certification):
        return " ".join((value.id, *(file.name for file in value.files), *value.image_uris, value.expires)).strip()
    return str(value or "none")


def _attribute_changes(before: ListingContent, after: ListingContent) -> list[Reason]:
    old = {attribute.id: attribute.values for attribute in before.product_attributes}
    new = {attribute.id: attribute.values for attribute in after.product_attributes}
    changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    if not changed and before.product_attributes != after.product_attributes:
        return [Reason("attributes_changed", "attributes: new order")]

    def words(values: tuple[ValueChoice, ...] | None) -> str:
        return ", ".join(value.name or value.id for value in values or ()) or "none"

    return [
        Reason("attribute_changed", f"attribute {key}: {words(old.get(key))} → {words(new.get(key))}")
        for key in changed
    ]


def _sku_changes(before: ListingContent, after: ListingContent) -> list[Reason]:
    old = {sku.id_product_attribute: sku for sku in before.skus}
    new = {sku.id_product_attribute: sku for sku in after.skus}
    reasons = [Reason("sku_added", f"variant {new[key].seller_sku}: added") for key in new if key not in old]
    reasons += [Reason("sku_removed", f"variant {old[key].seller_sku}: removed") for key in old if key not in new]
    for key in (key for key in new if key in old):
        was, now = old[key], new[key]
        if was.seller_sku != now.seller_sku:
            reasons.append(Reason("sku_renamed", f"variant {was.seller_sku}: SKU → {now.seller_sku}"))
        if was.identifier != now.identifier:
            codes = [sku.identifier.code if sku.identifier else "none" for sku in (was, now)]
            reasons.append(Reason("sku_identifier_changed", f"variant {now.seller_sku}: GTIN {' → '.join(codes)}"))
        if was.sales_attributes != now.sales_attributes:
            reasons.append(Reason("sku_attributes_changed", f"variant {now.seller_sku}: values or picture changed"))
        if was.external_sku_id != now.external_sku_id:
            reasons.append(Reason("sku_reference_changed", f"variant {now.seller_sku}: cross-reference changed"))
    if not reasons and before.skus != after.skus:
        reasons.append(Reason("skus_reordered", "variants: new order"))
    return reasons
