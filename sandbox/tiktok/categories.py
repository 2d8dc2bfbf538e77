"""Category tree, rules, attributes and recommendation (sheet 3.1–3.4)."""

import re
from typing import Any

from sandbox.tiktok.call import Call, Endpoint
from sandbox.tiktok.errors import ApiError, Problem
from sandbox.tiktok.markets import LOCALES
from sandbox.tiktok.tree import CATEGORIES, Category, attributes_of, chain, condition_rows, local, rules_of

VERSIONS = ("v1", "v2")


def version_problem(call: Call, version: str) -> Problem | None:
    """v1 is refused where v2 is the only tree (US, SEA). The other way round only writing is refused."""
    if version == "v1" and "v1" not in call.shop.category_versions:
        return Problem(12052217, "This shop must use category version v2")
    return None


def require_leaf(call: Call, category_id: str, version: str) -> Category:
    """The leaf as the given tree knows it, or the refusal that fits."""
    if problem := version_problem(call, version):
        raise problem.error()
    category = CATEGORIES.get(category_id)
    if category is None:
        raise ApiError(12052025, "The category is invalid")
    if version not in category.versions:
        raise ApiError(12052230, "The category does not belong to this category version")
    if not category.is_leaf:
        raise ApiError(12052024, "The category is not a leaf category")
    return category


def _row(category: Category, language: str) -> dict[str, Any]:
    return {
        "id": category.id,
        "parent_id": category.parent_id,
        "local_name": local(category.names, language),
        "is_leaf": category.is_leaf,
        "permission_statuses": [category.permission],
    }


def chain_rows(category_id: str, language: str) -> list[dict[str, Any]]:
    """`category_chains` of a product: root to leaf."""
    rows = (_row(category, language) for category in chain(category_id))
    return [{key: row[key] for key in ("id", "parent_id", "local_name", "is_leaf")} for row in rows]


def get_categories(call: Call) -> Any:
    version = call.query.get("category_version", "v1")
    if problem := version_problem(call, version):
        raise problem.error()
    prohibited = call.query.get("include_prohibited_categories", False)
    rows = [
        _row(category, call.language)
        for category in CATEGORIES.values()
        if version in category.versions and (prohibited or category.permission != "PROHIBITED")
    ]
    if keyword := call.query.get("keyword", "").lower():
        rows = [row for row in rows if keyword in row["local_name"].lower()]
    return {"categories": rows}


def get_attributes(call: Call) -> Any:
    category_id = call.path["category_id"]
    require_leaf(call, category_id, call.query.get("category_version", "v1"))
    rows = []
    for attribute in attributes_of(category_id):
        row: dict[str, Any] = {
            "id": attribute.id,
            "name": local(attribute.names, call.language),
            "type": "SALES_PROPERTY" if attribute.sales else "PRODUCT_PROPERTY",
            "is_customizable": attribute.customizable,
            "values": [
                {"id": value_id, "name": local(names, call.language)} for value_id, names in attribute.values.items()
            ],
        }
        if not attribute.sales:
            row["is_requried"] = attribute.required  # misspelt on the wire (sheet 3.3)
            row["is_multiple_selection"] = attribute.multiple
        if attribute.numeric:
            row["value_data_format"] = "POSITIVE_INT_OR_DECIMAL"
        if attribute.condition:
            row["requirement_conditions"] = condition_rows(attribute.condition)
        rows.append(row)
    return {"attributes": rows}


def get_rules(call: Call) -> Any:
    category_id = call.path["category_id"]
    require_leaf(call, category_id, call.query.get("category_version", "v1"))
    rules, market = rules_of(category_id), call.shop.market
    certifications = [
        {
            "id": certification.id,
            "name": local(certification.names, call.language),
            "is_required": certification.required,
            "document_details": "PDF or image, up to 5 pages",
            "sample_image_url": call.world.media_url(f"sample-{certification.id}"),
            "requirement_conditions": condition_rows(certification.condition),
            "expiration_date": {"is_required": certification.expires},
        }
        for certification in rules.certifications
    ]
    return {
        "product_certifications": certifications,
        "size_chart": {"is_supported": rules.size_chart_supported, "is_required": rules.size_chart_required},
        "cod": {"is_supported": call.shop.cod_supported},
        "package_dimension": {"is_required": rules.package_dimension_required},
        "epr": {"is_required": market.region in ("FR", "DE")},
        "responsible_person": {"is_required": market.is_eu},
        "manufacturer": {"is_required": market.is_eu},
        "allowed_special_product_types": [],
        "fees": [],
        "seller_sku": {"is_required": call.shop.long_seller_sku},
    }


def recommend(call: Call) -> Any:
    """The leaf sharing most words with the title; 12019064 when none does."""
    version = call.body.get("category_version", "v1")
    if problem := version_problem(call, version):
        raise problem.error()
    words = set(re.findall(r"\w{3,}", call.body["product_title"].lower()))
    best, best_score = None, 0
    for category in CATEGORIES.values():
        if category.is_leaf and version in category.versions and category.permission != "PROHIBITED":
            known = set(re.findall(r"\w{3,}", f"{category.names} {category.keywords}".lower()))
            score = len(words & known)
            if score > best_score:
                best, best_score = category, score
    if best is None:
        raise ApiError(12019064, "No category could be recommended")
    rows = [
        {
            "id": category.id,
            "name": local(category.names, call.language),
            "level": level,
            "is_leaf": category.is_leaf,
            "permission_statuses": [category.permission],
        }
        for level, category in enumerate(chain(best.id), 1)
    ]
    return {"leaf_category_id": best.id, "categories": rows}


_COMMON = {"category_version": VERSIONS, "locale": LOCALES, "listing_platform": ("TIKTOK_SHOP", "TOKOPEDIA")}
ENDPOINTS = (
    Endpoint(
        "GET",
        "/product/{version}/categories",
        get_categories,
        query={**_COMMON, "keyword": str, "include_prohibited_categories": bool},
    ),
    Endpoint("GET", "/product/{version}/categories/{category_id}/rules", get_rules, query=_COMMON),
    Endpoint("GET", "/product/{version}/categories/{category_id}/attributes", get_attributes, query=_COMMON),
    Endpoint(
        "POST",
        "/product/{version}/categories/recommend",
        recommend,
        body={
            "product_title!": str,
            "description": str,
            "images": [{"uri": str}],
            "category_version": VERSIONS,
            "locale": tuple(sorted(LOCALES)),
            "listing_platform": ("TIKTOK_SHOP", "TOKOPEDIA"),
            "include_prohibited_categories": bool,
        },
    ),
)
