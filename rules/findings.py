"""The catalogue of everything that keeps a product from being listed (G13), and how rules report it.

One place for the merchant's words: what is wrong, naming the PrestaShop product or field, and what to do about it.
Codes are stable; the documentation lists this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from models.catalogue import Product, Variant
from rules.decision import Decision, Finding, Names, Value


class Wording(NamedTuple):
    """Texts of one code; both are str.format templates."""

    text: str
    fix: str


CATALOGUE: dict[str, Wording] = {
    # What PrestaShop says about the product itself
    "product_draft": Wording("The product is an unsaved draft in PrestaShop.", "Save the product in PrestaShop."),
    "product_inactive": Wording("The product is offline in PrestaShop.", "Switch the product on in PrestaShop."),
    "product_not_for_sale": Wording(
        "PrestaShop does not sell this product: “Available for order” is off.",
        "Tick “Available for order” in the product's options.",
    ),
    "product_virtual": Wording(
        "The product is virtual; TikTok Shop sells only goods that are shipped.",
        "Take the product out of the templates' filters.",
    ),
    "product_customized": Wording(
        "The buyer must fill in a customization field, which TikTok Shop cannot ask for.",
        "Make the customization fields optional in PrestaShop.",
    ),
    "product_not_new": Wording(
        "The product's condition is “{condition}”; listings are for new products.",
        "Set the condition to “New” in PrestaShop if that is what it is.",
    ),
    # Template and category
    "no_template": Wording(
        "No category template takes this product.",
        "Widen a template's filters, or choose a category in the default template.",
    ),
    "template_without_category": Wording(
        "The template “{template}” has no TikTok category yet.", "Choose a category in the template “{template}”."
    ),
    "category_unknown": Wording(
        "The TikTok category {category} of the template “{template}” is not in the market's list.",
        "Refresh the categories and choose another one in the template “{template}”.",
    ),
    "category_not_leaf": Wording(
        "The TikTok category “{category}” is only a group of categories.",
        "Choose one of the categories below it in the template “{template}”.",
    ),
    "category_not_permitted": Wording(
        "TikTok does not let this shop sell in “{category}” ({status}).",
        "Apply for the category in Seller Center, or choose another one in the template “{template}”.",
    ),
    "category_details_missing": Wording(
        "The rules and attributes of the TikTok category “{category}” were not read yet.",
        "Fetch the category in the template “{template}”.",
    ),
    "deposit_required": Wording(
        "The category “{category}” requires a deposit (Pfand) per variant, which PrestaShop does not know.",
        "List this product in Seller Center, or choose another category.",
    ),
    # Texts
    "title_missing": Wording(
        "The product has no usable name in the language that is sent.", "Fill in the product name in PrestaShop."
    ),
    "title_too_short": Wording(
        "The title “{title}” has {length} characters; this market asks for at least {minimum}.",
        "Write a longer product name in PrestaShop.",
    ),
    "description_missing": Wording(
        "The product has neither a description nor a summary in the language that is sent.",
        "Fill in the description in PrestaShop.",
    ),
    # Pictures
    "no_image": Wording("The product has no picture.", "Add a picture in PrestaShop."),
    "no_usable_image": Wording(
        "None of the product's pictures can be used on TikTok Shop.",
        "Add a picture of at least 300 × 300 pixels in PrestaShop.",
    ),
    "image_too_small": Wording(
        "The picture is {width} × {height} pixels; each side must have at least {minimum}.",
        "Replace it by a larger picture in PrestaShop.",
    ),
    "image_too_narrow": Wording(
        "The picture is {width} × {height} pixels: shrunk to {maximum}, its short side would fall below {minimum}.",
        "Replace it by a picture closer to a square.",
    ),
    "image_empty": Wording("The picture is empty.", "Upload the picture again in PrestaShop."),
    # Variants
    "no_variants": Wording(
        "PrestaShop gives no variant to sell for this product.", "Add a combination, or make it a standard product."
    ),
    "too_many_variants": Wording(
        "The product has {count} variants; this market takes at most {maximum}.", "Split the product in PrestaShop."
    ),
    "too_many_variant_attributes": Wording(
        "The combinations vary in {count} attributes ({names}); TikTok Shop takes at most 3.",
        "Split the product, or merge attributes in PrestaShop.",
    ),
    "variant_attributes_unequal": Wording(
        "{variant} has no value for “{name}”, which other combinations have.",
        "Give every combination a value of the same attributes.",
    ),
    "option_value_unknown": Wording(
        "{variant} uses attribute value {value}, whose name PrestaShop did not give.",
        "Check the attribute's name in the language that is sent, then read the catalogue again.",
    ),
    "variants_identical": Wording(
        "{first} and {second} look the same on TikTok Shop: {values}.",
        "Give them different attribute values, or map their values to different ones in the template.",
    ),
    "variant_name_collision": Wording(
        "Two attributes would both be called “{name}” on TikTok Shop, which takes 20 characters.",
        "Shorten one attribute's name, or map it to a TikTok attribute in the template “{template}”.",
    ),
    "variant_value_collision": Wording(
        "“{first}” and “{second}” of “{name}” are the same once cut to the 50 characters TikTok Shop takes.",
        "Shorten the attribute values in PrestaShop, or map them in the template “{template}”.",
    ),
    "variant_value_not_mapped": Wording(
        "“{value}” of “{name}” is not one of the values TikTok offers for “{attribute}”.",
        "Add “{value}” to the value dictionary of “{attribute}” in the template “{template}”.",
    ),
    "variant_mapping_invalid": Wording(
        "The template “{template}” maps “{name}” to a variant attribute that its category does not have.",
        "Map “{name}” again in the template “{template}”.",
    ),
    # SKU
    "sku_missing": Wording(
        "{variant} has no {field}, which becomes the SKU.",
        "Fill in the {field} in PrestaShop, or choose another source for the SKU in the settings.",
    ),
    "sku_invalid": Wording(
        "The SKU “{sku}” of {variant} is not allowed: {rule}.", "Change the {field} in PrestaShop, or the SKU source."
    ),
    "sku_repeated": Wording(
        "{first} and {second} have the same SKU “{sku}”.", "Give each combination its own {field} in PrestaShop."
    ),
    "sku_taken": Wording(
        "The SKU “{sku}” of {variant} is already used by product {other}.", "Give each product its own {field}."
    ),
    # Package
    "weight_missing": Wording(
        "The product's package weight is 0.",
        "Fill in the weight in PrestaShop, or a default in the template “{template}”.",
    ),
    "weight_too_high": Wording(
        "The package weighs {weight} kg; this market takes at most {maximum} kg.", "Check the weight in PrestaShop."
    ),
    "dimensions_missing": Wording(
        "The package has no {sides}, which the category asks for.",
        "Fill in the package size in PrestaShop, or defaults in the template “{template}”.",
    ),
    "unit_unknown": Wording(
        "PrestaShop's {kind} unit “{unit}” is not known.",
        "Set it to one of {known} under International › Localization.",
    ),
    # Attributes and brand
    "attribute_missing": Wording(
        "TikTok asks for “{attribute}” in this category and nothing gives it a value.",
        "Map “{attribute}” in the template “{template}”, or fill in {source} of the product.",
    ),
    "attribute_value_not_mapped": Wording(
        "“{value}” is not one of the values TikTok offers for “{attribute}”, which it asks for.",
        "Add “{value}” to the value dictionary of “{attribute}” in the template “{template}”.",
    ),
    "brand_unknown": Wording(
        "The TikTok brand mapped to “{manufacturer}” no longer exists.", "Map “{manufacturer}” again under Brands."
    ),
    "brand_not_authorized": Wording(
        "The brand “{brand}” may only be sold with TikTok's authorization.",
        "Ask for the authorization in Seller Center, or map “{manufacturer}” to no brand.",
    ),
    # Papers of the category
    "certificate_missing": Wording(
        "The category asks for the document “{certificate}”.", "Upload it in the template “{template}”."
    ),
    "certificate_expiry_missing": Wording(
        "The document “{certificate}” needs its expiry date.", "Enter the date in the template “{template}”."
    ),
    "too_many_certificates": Wording(
        "The template “{template}” has {count} documents; TikTok takes 10.", "Remove some of them."
    ),
    "size_chart_missing": Wording("The category asks for a size chart.", "Upload one in the template “{template}”."),
    "file_not_uploaded": Wording(
        "{file} of the template “{template}” did not reach TikTok Shop yet.",
        "It is sent with the next upload; if this stays, choose the file again in the template “{template}”.",
    ),
    "gpsr_manufacturer_missing": Wording(
        "EU product safety: the category asks for the manufacturer's contact.",
        "Choose the manufacturer in the template “{template}”.",
    ),
    "gpsr_responsible_person_missing": Wording(
        "EU product safety: the category asks for the responsible person's contact.",
        "Choose the responsible person in the template “{template}”.",
    ),
}


def finding(code: str, **names: object) -> Finding:
    """The finding of a code of CATALOGUE, with the product's own names put in."""
    wording = CATALOGUE[code]
    text = wording.text.format(**names)
    return Finding(code, text[:1].upper() + text[1:], wording.fix.format(**names))


@dataclass(frozen=True, slots=True)
class Checked(Decision[Value]):
    """A decision that can also fail: with findings the value is only the best that could be done."""

    findings: tuple[Finding, ...] = ()


def variant_label(product: Product, variant: Variant, names: Names) -> str:
    """How texts for the merchant name a variant: 'combination 7 (Red, M)', or the product itself."""
    if not variant.id_product_attribute:
        return f"product {product.id_product}"
    values = [names.option_values[i][1] for i in variant.option_value_ids if i in names.option_values]
    return f"combination {variant.id_product_attribute}" + (f" ({', '.join(values)})" if values else "")
