"""What create and edit require of a product body, SKUs apart (sheet 3.11)."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sandbox.tiktok import descriptions, sku_rules
from sandbox.tiktok.call import Call
from sandbox.tiktok.errors import Problem
from sandbox.tiktok.shelf import Product
from sandbox.tiktok.tree import CATEGORIES, Attribute, Category, attribute_of, attributes_of, rules_of
from sandbox.tiktok.world import MEDIA_HOST

Body = dict[str, Any]
MAX_IMAGES = 9


def problems(call: Call, body: Body, product: Product | None = None) -> list[Problem]:
    """Everything wrong with the body, in the order in which create would find it."""
    category = CATEGORIES.get(body.get("category_id", ""))
    found = [
        *_shop(call),
        *_title(call, body),
        *_description(body),
        *_category(call, body),
        *_brand(call, body),
        *_main_images(call, body),
        *sku_rules.problems(call, body, category, product),
        *_sku_image_uris(call, body),
        *_package(call, body, category),
        *_external_id(body),
    ]
    if category is not None:
        found += [*_attributes(body, category), *_certifications(call, body, category)]
        found += [*_size_chart(call, body, category), *_cod(call, body)]
    found += _product_safety(call, body)
    if body.get("save_mode") == "AS_DRAFT":
        return [problem for problem in found if not problem.missing]
    return found


def _shop(call: Call) -> Iterator[Problem]:
    failed = call.shop.failed_prerequisites
    warehouses = call.shop.warehouses.values()
    if not any(row.type == "SALES_WAREHOUSE" and row.effect_status == "ENABLED" for row in warehouses):
        yield Problem(12052115, "The shop has no sales warehouse")
    if "RETURN_WAREHOUSE" in failed or not any(row.type == "RETURN_WAREHOUSE" for row in warehouses):
        yield Problem(12052535, "The shop has no return warehouse")
    elif failed:
        yield Problem(12052419, "The set-up of the shop is not finished")


_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f]")


def _title(call: Call, body: Body) -> Iterator[Problem]:
    title, market = body.get("title") or "", call.shop.market
    if not title:
        yield Problem(12052051, "The title is missing")
        return
    if not market.title_min <= len(title) <= market.title_max:
        yield Problem(12052051, f"The title must have {market.title_min} to {market.title_max} characters")
    if _EMOJI.search(title):
        yield Problem(12052931, "The title must not contain emoji")
    if re.search(r"&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z]\w*);|<[a-zA-Z/][^>]*>", title):
        yield Problem(12052932, "The title must not contain HTML")
    if re.search(r"[\x00-\x1f\x7f]", title):
        yield Problem(12052933, "The title must not contain control characters")
    if not re.search(r"\w", title):
        yield Problem(12052934, "The title must not consist of symbols only")
    if re.search(r"(.)\1{9}", title):
        yield Problem(12052935, "A character is repeated too often in the title")
    if market.language != "ja" and re.search("[\u4e00-\u9fff]", title):
        yield Problem(12052365, "The title is not in the market's language")


def _description(body: Body) -> Iterator[Problem]:
    if not (body.get("description") or "").strip():
        yield Problem(12052015, "The description is missing", missing=True)
    else:
        yield from descriptions.problems(body["description"], MEDIA_HOST)


def _category(call: Call, body: Body) -> Iterator[Problem]:
    category_id, version = body.get("category_id"), body.get("category_version", "v1")
    if not category_id:
        yield Problem(12052023, "The category is missing")
        return
    accepted = call.shop.category_versions
    category = CATEGORIES.get(category_id)
    if version == "v1" and "v1" not in accepted:
        yield Problem(12052217, "This shop must use category version v2")
    elif category is None:
        yield Problem(12052025, "The category is invalid")
    elif version not in accepted or version not in category.versions:
        yield Problem(12052230, "The category does not belong to this category version")
    elif not category.is_leaf:
        yield Problem(12052024, "The category is not a leaf category")
    elif category.permission == "NON_MAIN_CATEGORY":
        yield Problem(12052221, "The category is outside the shop's business scope")
    elif category.permission == "PROHIBITED":
        yield Problem(12052223, "The category is prohibited")


def _brand(call: Call, body: Body) -> Iterator[Problem]:
    if not body.get("brand_id"):
        return
    brand = call.world.brands.get(body["brand_id"])
    if brand is None:
        yield Problem(12019013, "The brand is invalid")
    elif brand.t1 and not brand.authorized:
        yield Problem(12052200, "The brand is not authorised")


def _picture(call: Call, uri: str, use_cases: tuple[str, ...]) -> Iterator[Problem]:
    picture = call.world.pictures.get(uri)
    if picture is None:
        yield Problem(12052722, "The image uri is unknown")
    elif picture.use_case not in use_cases:
        yield Problem(12038015, "The image was uploaded for another use")


def _main_images(call: Call, body: Body) -> Iterator[Problem]:
    uris = [image["uri"] for image in body.get("main_images") or []]
    if not uris:
        yield Problem(12052028, "A main image is missing", missing=True)
    if len(uris) > MAX_IMAGES:
        yield Problem(12052300, "More than nine main images")
    if len(uris) != len(set(uris)):
        yield Problem(12052301, "A main image is named twice")
    for uri in uris:
        yield from _picture(call, uri, ("MAIN_IMAGE",))
        picture = call.world.pictures.get(uri)
        if picture and not (300 <= picture.width <= 4000 and 300 <= picture.height <= 4000):
            yield Problem(12019116, "Main images must have 300 to 4000 pixels per side")


def _sku_image_uris(call: Call, body: Body) -> Iterator[Problem]:
    for sku in body.get("skus") or []:
        for attribute in sku.get("sales_attributes") or []:
            images = [attribute.get("sku_img"), *(attribute.get("supplementary_sku_images") or [])]
            for image in filter(None, images):
                yield from _picture(call, image["uri"], ("ATTRIBUTE_IMAGE", "MAIN_IMAGE"))


_DECIMALS = {"KILOGRAM": r"\d{1,6}(\.\d{1,3})?", "POUND": r"\d{1,6}(\.\d{1,2})?", "GRAM": r"\d{1,9}"}
_KILOGRAMS = {"KILOGRAM": Decimal(1), "POUND": Decimal("0.45359237"), "GRAM": Decimal("0.001")}


def _package(call: Call, body: Body, category: Category | None) -> Iterator[Problem]:
    market, weight, size = call.shop.market, body.get("package_weight"), body.get("package_dimensions")
    if not weight:
        yield Problem(12019011, "The package weight is missing", missing=True)
    elif weight["unit"] not in market.weight_units:
        yield Problem(12019060, "The weight unit is not the market's")
    elif not re.fullmatch(_DECIMALS[weight["unit"]], weight["value"]):
        yield Problem(12019011, "The package weight is invalid")
    elif Decimal(weight["value"]) <= 0:
        yield Problem(12052181, "The package weight is zero")
    elif Decimal(weight["value"]) * _KILOGRAMS[weight["unit"]] > market.weight_max_kg:
        yield Problem(12052116, "The package is too heavy")
    if not size:
        if category is not None and rules_of(category.id).package_dimension_required:
            yield Problem(12019012, "The package dimensions are missing", missing=True)
        return
    if size["unit"] not in market.dimension_units:
        yield Problem(12019060, "The dimension unit is not the market's")
    elif weight and (size["unit"] == "INCH") != (weight["unit"] == "POUND"):
        yield Problem(12019061, "Weight and dimensions are in different unit systems")
    for side in ("length", "width", "height"):
        if not re.fullmatch(r"\d{1,6}", size.get(side) or "") or int(size[side]) == 0:
            yield Problem(12019012, f"The package {side} is not a whole positive number")


def _external_id(body: Body) -> Iterator[Problem]:
    if len(body.get("external_product_id") or "") > 999:
        yield Problem(12052369, "The external product id is too long")


def _attributes(body: Body, category: Category) -> Iterator[Problem]:
    given = {row["id"]: row.get("values") or [] for row in body.get("product_attributes") or []}
    if len(given) != len(body.get("product_attributes") or []):
        yield Problem(12052246, "A product attribute is named twice")
    for attribute_id, values in given.items():
        known = attribute_of(category.id, attribute_id)
        if known is None:
            yield Problem(12052240, f"Attribute {attribute_id} is not one of the category's")
        elif known.sales:
            yield Problem(12052247, f"Attribute {attribute_id} is a sales attribute")
        else:
            yield from _attribute_values(known, values)
    chosen = {(key, value.get("id")) for key, values in given.items() for value in values}
    for attribute in attributes_of(category.id):
        if attribute.sales or given.get(attribute.id):
            continue
        if attribute.required:
            yield Problem(12052104, f"The required attribute {attribute.id} is missing", missing=True)
        elif attribute.condition in chosen:
            yield Problem(12052182, f"Attribute {attribute.id} is required here", missing=True)


def _attribute_values(known: Attribute, values: list[dict[str, Any]]) -> Iterator[Problem]:
    if len(values) > 1 and not known.multiple:
        yield Problem(12052243, f"Attribute {known.id} takes one value")
    for value in values:
        name = value.get("name") or ""
        if value.get("id"):  # the id wins over the name
            if value["id"] not in known.values and not value["id"].startswith("7082428"):
                yield Problem(12052241, f"Value {value['id']} is not one of attribute {known.id}'s")
        elif not name:
            yield Problem(12052241, f"A value of attribute {known.id} is empty")
        elif not known.customizable and not sku_rules.names_a_value(known, name):
            yield Problem(12052242, f"Attribute {known.id} takes listed values only")
        elif known.numeric and not (re.fullmatch(r"\d+(\.\d+)?", name) and Decimal(name) > 0):
            yield Problem(12052244, f"Attribute {known.id} takes positive numbers")
        elif len(name) > 2000:
            yield Problem(12052245, f"A value of attribute {known.id} is too long")


def _certifications(call: Call, body: Body, category: Category) -> Iterator[Problem]:
    known = {row.id: row for row in rules_of(category.id).certifications}
    given = {row["id"]: row for row in body.get("certifications") or []}
    if len(given) > 10:
        yield Problem(12052654, "More than ten certifications")
    chosen = {
        (row["id"], value.get("id"))
        for row in body.get("product_attributes") or []
        for value in row.get("values") or []
    }
    for certification in known.values():
        if (certification.required or certification.condition in chosen) and certification.id not in given:
            yield Problem(12052105, f"Certification {certification.id} is missing", missing=True)
    for row_id, row in given.items():
        if row_id not in known:
            yield Problem(12052650, f"Certification {row_id} is not one of the category's")
            continue
        images, files = row.get("images") or [], row.get("files") or []
        if not images and not files:
            yield Problem(12052651, "A certification has neither images nor files")
        for image in images:
            yield from _picture(call, image["uri"], ("CERTIFICATION_IMAGE", "MAIN_IMAGE"))
        for file in files:
            document = call.world.documents.get(file["id"])
            if document is None:
                yield Problem(12052652, "A certification file is unknown")
            elif document.format != "PDF":
                yield Problem(12052653, "A certification file must be a PDF")
        if known[row_id].expires and not row.get("expiration_date"):
            yield Problem(12052385, "The expiration date of a certification is missing", missing=True)


def _size_chart(call: Call, body: Body, category: Category) -> Iterator[Problem]:
    rules, chart = rules_of(category.id), body.get("size_chart") or {}
    image, template = chart.get("image"), chart.get("template")
    if not rules.size_chart_supported:
        return  # dropped with a warning
    if not image and not template:
        if rules.size_chart_required:
            yield Problem(12052128, "The size chart is missing", missing=True)
    elif image and template:
        yield Problem(12052672, "A size chart is an image or a template, not both")
    elif image:
        yield from _picture(call, image["uri"], ("SIZE_CHART_IMAGE",))
        picture = call.world.pictures.get(image["uri"])
        if picture and min(picture.width, picture.height) < 1024:
            yield Problem(12052670, "The short side of a size chart must have 1024 pixels")
    elif template and template["id"] not in call.world.size_charts:
        yield Problem(12052671, "The size chart template is unknown")


def _cod(call: Call, body: Body) -> Iterator[Problem]:
    if body.get("is_cod_allowed") and not call.shop.cod_supported:
        yield Problem(12052222, "Cash on delivery is not supported")


def _product_safety(call: Call, body: Body) -> Iterator[Problem]:
    required = call.shop.market.is_eu
    for key, rows, code in (
        ("manufacturer_ids", call.world.manufacturers, 12052282),
        ("responsible_person_ids", call.world.persons, 12052286),
    ):
        ids = body.get(key) or []
        if required and not ids:
            yield Problem(code, f"{key} is required", missing=True)
        if not set(ids) <= set(rows):
            yield Problem(code + 1, f"{key} contains an unknown id")
