"""What a product's listing should say: every content rule put together, with all findings at once (G13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from models.catalogue import Product, Variant
from models.settings import ProductSettings
from models.taxonomy import Category, CategoryAttribute
from models.templates import AttributeMapping, CategoryTemplate
from rules.attributes import Sources, ValueMappings, product_attributes
from rules.brands import BrandBook, brand_for
from rules.content import (
    Identifier,
    ListingContent,
    SkuContent,
    content_hash,
    describe_difference,
    digest,
    dropped_skus,
)
from rules.decision import Finding, Names, Reason
from rules.findings import Checked
from rules.identifiers import gtin, repeated_skus, seller_sku, without_repeats
from rules.images import MAX_IMAGES
from rules.market import Market
from rules.package import package
from rules.papers import papers
from rules.product_body import CreateRequest, create_body, edit_body
from rules.texts import safe_description, text_in, title
from rules.validation import category_findings, image_findings, sellable
from rules.variants import sales_attributes

__all__ = [
    "CreateRequest",
    "ListingContent",
    "ListingDecision",
    "ListingInputs",
    "content_hash",
    "create_body",
    "describe_difference",
    "dropped_skus",
    "edit_body",
    "inputs_hash",
    "listing_content",
]

# Part of every inputs hash: raised when these rules change, so that every product is decided again.
RULES_VERSION = 1

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class ListingInputs:
    """Everything beside the product that its content follows from.

    `template` and `category` are None while there is none. `value_mappings`: {mapping id: {PrestaShop text,
    case-folded: entry}}. Languages are PrestaShop's ids as text. `usable_images`: {image id: whether its pre-flight
    passed}, images not in it are taken as usable. Units are PS_WEIGHT_UNIT and PS_DIMENSION_UNIT.
    """

    market: Market
    settings: ProductSettings
    template: CategoryTemplate | None
    category: Category | None
    language_id: str
    fallback_language_id: str
    names: Names = field(default_factory=Names)
    mappings: Sequence[AttributeMapping] = ()
    value_mappings: ValueMappings = field(default_factory=dict)
    attributes: Sequence[CategoryAttribute] = ()
    brands: BrandBook = field(default_factory=BrandBook)
    usable_images: Mapping[int, bool] | None = None
    weight_unit: str = "kg"
    dimension_unit: str = "cm"


@dataclass(frozen=True, slots=True)
class ListingDecision:
    """The content, or None with the findings that keep the product from being listed, and how it came about."""

    content: ListingContent | None
    findings: tuple[Finding, ...]
    reasons: tuple[Reason, ...]


class _Notes:
    """Collects what the rules say while their values are put together."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.reasons: list[Reason] = []

    def take(self, checked: Checked[Part]) -> Part:
        self.findings += checked.findings
        self.reasons += checked.reasons
        return checked.value


def listing_content(
    product: Product, variants: Sequence[Variant], inputs: ListingInputs, *, taken_skus: Mapping[str, int] | None = None
) -> ListingDecision:
    """What the listing of a product should say; `taken_skus` is {seller SKU: id of the product that has it}."""
    notes = _Notes()
    market, settings, template, category = inputs.market, inputs.settings, inputs.template, inputs.category
    rules = category.rules if category else {}
    variants = sorted(variants, key=lambda variant: variant.id_product_attribute)
    sources = Sources(product, variants, inputs.names, inputs.language_id, inputs.fallback_language_id)
    notes.findings += sellable(product, variants, market)
    notes.findings += category_findings(template, category)
    notes.findings += image_findings(product.image_ids, inputs.usable_images)
    untranslated = not product.name.get(inputs.language_id, "").strip()
    if untranslated and inputs.language_id != inputs.fallback_language_id:
        notes.reasons.append(
            Reason("language_fallback", "not translated: the texts of the shop's own language are sent")
        )

    def text(texts: Mapping[str, str]) -> str:
        return text_in(dict(texts), inputs.language_id, inputs.fallback_language_id)

    heading = notes.take(title(text(product.name), market))
    description = notes.take(safe_description(text(product.description), text(product.description_short)))
    brand_id = notes.take(brand_for(inputs.names.manufacturers.get(product.id_manufacturer, ""), inputs.brands))
    parcel = notes.take(package(product, variants, template, market, rules, inputs.weight_unit, inputs.dimension_unit))
    required_form = bool(rules.get("seller_sku", {}).get("is_required"))
    skus = _seller_skus(product, variants, inputs, taken_skus or {}, required_form, notes)
    identifiers = _identifiers(product, variants, inputs, notes)
    # What follows is said of a category: without a usable one there is only its own finding to report.
    if template is None or category is None or category.details_at is None:
        return ListingDecision(None, tuple(notes.findings), tuple(notes.reasons))
    chosen = notes.take(
        product_attributes(sources, template, inputs.mappings, inputs.value_mappings, inputs.attributes)
    )
    combinations = notes.take(
        sales_attributes(
            sources, template.name, inputs.mappings, inputs.value_mappings, inputs.attributes, inputs.usable_images
        )
    )
    by_id = {attribute.id: attribute for attribute in chosen}
    documents = notes.take(papers(template, rules, by_id, category.path or category.name))
    images = _images(product, inputs.usable_images, notes)
    if notes.findings:
        return ListingDecision(None, tuple(notes.findings), tuple(notes.reasons))
    reference = f"ps-{settings.shop_id}:{product.id_product}"
    content = ListingContent(
        title=heading,
        description=description,
        category_id=category.id,
        category_version=market.category_version,
        brand_id=brand_id,
        image_ids=images,
        product_attributes=chosen,
        skus=tuple(
            SkuContent(
                id_product_attribute=key,
                seller_sku=skus[key],
                external_sku_id=f"{reference}:{key}",
                sales_attributes=combinations[key],
                identifier=identifiers[key],
            )
            for key in (variant.id_product_attribute for variant in variants)
        ),
        package_weight=parcel.weight,
        package_dimensions=parcel.dimensions,
        certifications=documents.certifications,
        size_chart=documents.size_chart,
        manufacturer_ids=documents.manufacturer_ids,
        responsible_person_ids=documents.responsible_person_ids,
        cod_allowed=documents.cod_allowed,
        external_product_id=reference,
    )
    return ListingDecision(content, (), tuple(notes.reasons))


def _seller_skus(
    product: Product,
    variants: Sequence[Variant],
    inputs: ListingInputs,
    taken: Mapping[str, int],
    required_form: bool,
    notes: _Notes,
) -> dict[int, str]:
    source = inputs.settings.sku_source
    skus = {}
    for variant in variants:
        decision = seller_sku(product, variant, source, inputs.market, names=inputs.names, required_form=required_form)
        notes.findings += decision.findings
        # Said once for the product, not once a variant.
        notes.reasons += [reason for reason in decision.reasons if reason not in notes.reasons]
        if decision.value is not None:
            skus[variant.id_product_attribute] = decision.value
    notes.findings += repeated_skus(product, variants, skus, taken, source, inputs.names)
    return skus


def _identifiers(
    product: Product, variants: Sequence[Variant], inputs: ListingInputs, notes: _Notes
) -> dict[int, Identifier | None]:
    settings = inputs.settings
    identifiers = {}
    for variant in variants:
        decision = gtin(product, variant, settings.gtin_source, settings.gtin_exempt, inputs.market, names=inputs.names)
        notes.reasons += [reason for reason in decision.reasons if reason not in notes.reasons]
        identifiers[variant.id_product_attribute] = decision.value
    return notes.take(without_repeats(identifiers))


def _images(product: Product, usable: Mapping[int, bool] | None, notes: _Notes) -> tuple[int, ...]:
    images = [image for image in dict.fromkeys(product.image_ids) if usable is None or usable.get(image, True)]
    refused = len(set(product.image_ids)) - len(images)
    if refused:
        notes.reasons.append(Reason("images_refused", f"{refused} pictures cannot be used on TikTok Shop"))
    if len(images) > MAX_IMAGES:
        notes.reasons.append(Reason("images_first_nine", f"the first {MAX_IMAGES} of {len(images)} pictures are sent"))
    return tuple(images[:MAX_IMAGES])


def inputs_hash(
    product: Product, variants: Sequence[Variant], inputs: ListingInputs, *, taken_skus: Mapping[str, int] | None = None
) -> str:
    """A cheap fingerprint of everything the decision reads: the same hash, the same decision.

    Mappings and value dictionaries count through the template's version, rules and attributes through the category's
    time of reading, PrestaShop's fields through the rows' own hashes.
    """
    names, usable = inputs.names, inputs.usable_images
    manufacturer = names.manufacturers.get(product.id_manufacturer, "")
    brand_id = inputs.brands.mappings.get(manufacturer.strip().casefold())
    brand = inputs.brands.brands.get(brand_id or "")
    options = sorted({i for variant in variants for i in variant.option_value_ids})
    images = sorted({*product.image_ids, *(i for variant in variants for i in variant.image_ids)})
    market = asdict(inputs.market)
    taken = taken_skus or {}
    source = inputs.settings.sku_source
    skus = [str(getattr(row, source)).strip() for row in (product, *variants)] if source != "id" else []
    return digest(
        [
            RULES_VERSION,
            product.hash,
            sorted([variant.id_product_attribute, variant.hash] for variant in variants),
            {key: getattr(value, "pattern", value) for key, value in market.items()},
            inputs.settings.model_dump(mode="json"),
            [inputs.template.id, inputs.template.version] if inputs.template else None,
            [inputs.category.id, inputs.category.permission_statuses, inputs.category.details_at]
            if inputs.category
            else None,
            [inputs.language_id, inputs.fallback_language_id, inputs.weight_unit, inputs.dimension_unit],
            [manufacturer, brand_id, [brand.name, brand.is_authorized, brand.is_t1] if brand else None],
            [(names.option_values.get(i), names.options.get(names.option_values.get(i, (0, ""))[0])) for i in options],
            [(names.features.get(row[0]), names.feature_values.get(row[1])) for row in product.features],
            names.categories.get(product.id_category_default),
            None if usable is None else [usable.get(image) for image in images],
            [taken[sku] for sku in skus if taken.get(sku, product.id_product) != product.id_product],
        ]
    )
