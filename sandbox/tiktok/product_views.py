"""Get and search products (sheet 3.15, 3.16)."""

from typing import Any

from sandbox.tiktok.call import Call, Endpoint
from sandbox.tiktok.categories import chain_rows
from sandbox.tiktok.errors import ApiError
from sandbox.tiktok.media import image_row
from sandbox.tiktok.paging import PAGE, offset_of, token_for
from sandbox.tiktok.shelf import STATUSES, Content, Offer, Product
from sandbox.tiktok.tree import ATTRIBUTES, local, rules_of


def get(call: Call) -> Any:
    product = call.shop.shelf.get(call.path["product_id"])
    content = product.content
    if call.query.get("return_under_review_version"):
        if product.review is None:
            raise ApiError(12052547, "The product has no version under review")
        content = product.review
    elif call.query.get("return_draft_version"):
        if product.draft is None:
            raise ApiError(12052488, "The product has no draft")
        content = product.draft
    return _detail(call, product, content)


def _detail(call: Call, product: Product, content: Content) -> dict[str, Any]:
    world = call.world
    detail: dict[str, Any] = {
        "id": product.id,
        "status": product.status,
        "product_status": product.product_status,
        "audit": _audit(product),
        "audit_failed_reasons": [
            {
                "position": "Product name",
                "reasons": list(product.failed_reasons),
                "suggestions": ["Change the content and submit it again"],
                "listing_platform": "TIKTOK_SHOP",
            }
        ]
        if product.failed_reasons
        else [],
        "title": content.get("title", ""),
        "description": content.get("description", ""),
        "category_chains": chain_rows(content["category_id"], call.language),
        "main_images": [image_row(call, image["uri"]) for image in content.get("main_images", ())],
        "skus": [_sku(call, product, sku) for sku in content["skus"]],
        "product_attributes": [_attribute(call, row) for row in content["product_attributes"]],
        "certifications": [_certification(call, content, row) for row in content.get("certifications", ())],
        "manufacturer_ids": content.get("manufacturer_ids", []),
        "responsible_person_ids": content.get("responsible_person_ids", []),
        "delivery_options": [],
        "is_cod_allowed": content.get("is_cod_allowed", False),
        "is_not_for_sale": content.get("is_not_for_sale", False),
        "has_draft": product.draft is not None,
        "external_product_id": content.get("external_product_id", ""),
        "product_types": [],
        "recommended_categories": [],
        "create_time": product.create_time,
        "update_time": product.update_time,
    }
    if brand := world.brands.get(content.get("brand_id", "")):
        detail["brand"] = {"id": brand.id, "name": brand.name}
    for key in ("package_weight", "package_dimensions", "size_chart", "video"):
        if key in content:
            detail[key] = content[key]
    if chart_image := content.get("size_chart", {}).get("image"):
        detail["size_chart"] = {"image": image_row(call, chart_image["uri"])}
    return detail


def _audit(product: Product) -> dict[str, Any]:
    return {
        "status": product.audit,
        "pre_approved_reasons": list(product.pre_approved_reasons),
        "not_submitted_reasons": list(product.not_submitted_reasons),
    }


def _prices(product: Product, sku_id: str) -> dict[str, Any]:
    """Price, stock and state of a SKU as both get and search show them."""
    offer = product.offers[sku_id]
    row: dict[str, Any] = {
        "price": {"currency": offer.currency, "sale_price": offer.price, "tax_exclusive_price": offer.price},
        "inventory": [{"warehouse_id": key, "quantity": number} for key, number in offer.stock.items()],
        "status_info": _sku_status(product, offer),
    }
    if offer.list_price:
        row["list_price"] = offer.list_price
    return row


def _sku_status(product: Product, offer: Offer) -> dict[str, str]:
    """The product's state counts before the SKU's own."""
    source = {"SELLER_DEACTIVATED": "SELLER", "PLATFORM_DEACTIVATED": "PLATFORM"}.get(product.status)
    source = source or offer.deactivated_by
    return {"status": "DEACTIVATED", "deactivation_source": source} if source else {"status": "NORMAL"}


def _sku(call: Call, product: Product, sku: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": sku["id"],
        "seller_sku": sku.get("seller_sku", ""),
        "external_sku_id": sku.get("external_sku_id", ""),
        **_prices(product, sku["id"]),
        "sales_attributes": [_sales_attribute(call, given) for given in sku["sales_attributes"]],
    }
    if "identifier_code" in sku:
        row["identifier_code"] = sku["identifier_code"]
    return row


def _sales_attribute(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    known = ATTRIBUTES.get(given["id"])
    names = known.values.get(given["value_id"], "") if known else ""
    row: dict[str, Any] = {
        "id": given["id"],
        "name": local(known.names, call.language) if known else given.get("name", ""),
        "value_id": given["value_id"],
        "value_name": local(names, call.language) if names else given.get("value_name", ""),
    }
    if image := given.get("sku_img"):
        row["sku_img"] = image_row(call, image["uri"])
    return row


def _attribute(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    known = ATTRIBUTES[given["id"]]
    values = [
        {
            "id": value["id"],
            "name": local(known.values[value["id"]], call.language) if value["id"] in known.values else value["name"],
        }
        for value in given["values"]
    ]
    return {"id": known.id, "name": local(known.names, call.language), "values": values}


def _certification(call: Call, content: Content, given: dict[str, Any]) -> dict[str, Any]:
    known = next(row for row in rules_of(content["category_id"]).certifications if row.id == given["id"])
    documents = [call.world.documents[file["id"]] for file in given.get("files") or ()]
    row: dict[str, Any] = {
        "id": known.id,
        "title": local(known.names, call.language),
        "files": [
            {"id": row.id, "name": row.name, "format": row.format, "urls": [call.world.document_url(row)]}
            for row in documents
        ],
        "images": [image_row(call, image["uri"]) for image in given.get("images") or ()],
    }
    if "expiration_date" in given:
        row["expiration_date"] = given["expiration_date"]
    return row


def search(call: Call) -> Any:
    body, shelf = call.body, call.shop.shelf
    if len(body.get("seller_skus") or ()) > 10:
        raise ApiError(12019027, "More than ten seller_skus")
    if len(body.get("sku_ids") or ()) > 10:
        raise ApiError(12019087, "More than ten sku_ids")
    start = offset_of(call.query.get("page_token"), body)
    end = start + call.query["page_size"]
    ids = _candidates(call)
    found = [product for product in map(shelf.products.__getitem__, ids) if _matches(call, product)]
    if min(end, len(found)) > call.world.search_depth:
        raise ApiError(12052180, "The search is too deep; narrow it")
    return {
        "total_count": len(found),
        "next_page_token": token_for(end, body) if end < len(found) else "",
        "products": [_summary(call, product) for product in found[start:end]],
    }


def _candidates(call: Call) -> list[str]:
    """Product ids in the order of their creation, narrowed by the SKU filters through the indexes."""
    shelf, body = call.shop.shelf, call.body
    ids: set[str] | None = None
    if seller_skus := body.get("seller_skus"):
        named = set().union(*(shelf.products_of_seller_sku.get(sku, ()) for sku in seller_skus))
        wanted = set(seller_skus)
        ids = {
            product_id
            for product_id in named
            if any(sku.get("seller_sku") in wanted for sku in shelf.products[product_id].content["skus"])
        }
    if sku_ids := body.get("sku_ids"):
        owners = {shelf.product_of_sku[sku] for sku in sku_ids if sku in shelf.product_of_sku}
        ids = owners if ids is None else ids & owners
    return list(shelf.products) if ids is None else sorted(ids)


def _matches(call: Call, product: Product) -> bool:
    body = call.body
    status = body.get("status", "ALL")
    if product.status != status if status != "ALL" else product.status == "DELETED":
        return False
    if (audits := body.get("audit_status")) and product.audit not in audits:
        return False
    if (version := body.get("category_version")) and product.content.get("category_version", "v1") != version:
        return False
    created, updated = product.create_time, product.update_time
    return bool(
        body.get("create_time_ge", created) <= created <= body.get("create_time_le", created)
        and body.get("update_time_ge", updated) <= updated <= body.get("update_time_le", updated)
    )


def _summary(call: Call, product: Product) -> dict[str, Any]:
    content = product.content
    return {
        "id": product.id,
        "title": content.get("title", ""),
        "status": product.status,
        "audit": {"status": product.audit, "pre_approved_reasons": list(product.pre_approved_reasons)},
        "has_draft": product.draft is not None,
        "is_not_for_sale": content.get("is_not_for_sale", False),
        "sales_regions": [call.shop.region],
        "create_time": product.create_time,
        "update_time": product.update_time,
        "product_sync_fail_reasons": [],
        "skus": [
            {"id": sku["id"], "seller_sku": sku.get("seller_sku", ""), **_prices(product, sku["id"])}
            for sku in content["skus"]
        ],
    }


ENDPOINTS = (
    Endpoint(
        "GET",
        "/product/{version}/products/{product_id}",
        get,
        query={"return_under_review_version": bool, "return_draft_version": bool, "locale": str},
    ),
    Endpoint(
        "POST",
        "/product/{version}/products/search",
        search,
        versions=("202309", "202312", "202502"),
        query=PAGE,
        body={
            "status": ("ALL", *STATUSES),
            "seller_skus": [str],
            "sku_ids": [str],
            "create_time_ge": int,
            "create_time_le": int,
            "update_time_ge": int,
            "update_time_le": int,
            "category_version": ("v1", "v2"),
            "listing_quality_tiers": [str],
            "audit_status": [("AUDITING", "FAILED", "APPROVED")],
            "listing_platforms": [str],
            "return_draft_version": bool,
            "locale": str,
        },
    ),
)
