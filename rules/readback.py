"""What a product read back from TikTok Shop proves (K3; tiktok-shop-api.md 3.15, 3.17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.listings import ListingStatus
from rules.content import ListingContent
from rules.decision import Finding


def is_under_review(product: Mapping[str, Any]) -> bool:
    """An audit is running: another edit would start it anew."""
    audit = product.get("audit") or {}
    return audit.get("status") in ("AUDITING", "PRE_APPROVED") or product.get("status") == "PENDING"


def shows(product: Mapping[str, Any], content: ListingContent) -> bool:
    """Whether a product as read says what was sent, as far as the platform gives it back unchanged.

    Descriptions are rewritten and pictures re-compressed over there, so title, category, seller SKUs and their
    external ids, number of pictures and attribute ids are compared.
    """
    chains = product.get("category_chains") or []
    leaf = next((str(category["id"]) for category in chains if category.get("is_leaf")), "")
    skus = {(str(sku.get("seller_sku", "")), str(sku.get("external_sku_id", ""))) for sku in product.get("skus") or ()}
    return (
        product.get("title") == content.title
        and leaf == content.category_id
        and skus == {(sku.seller_sku, sku.external_sku_id) for sku in content.skus}
        and len(product.get("main_images") or ()) == len(content.image_ids)
        and {str(one.get("id")) for one in product.get("product_attributes") or ()}
        == {attribute.id for attribute in content.product_attributes}
    )


def listing_status(status: str, audit_status: str) -> ListingStatus:
    """The merchant's word for a platform status and the state of its audit (G2, section 3.17).

    A live listing whose edit was refused is still live: the refusal is in its reasons.
    """
    match status:
        case "ACTIVATE":
            return ListingStatus.LIVE
        case "PENDING" | "DRAFT" | "SCHEDULED" | "":
            return ListingStatus.REJECTED if audit_status == "FAILED" else ListingStatus.PROCESSING
        case "FAILED":
            return ListingStatus.REJECTED
        case "SELLER_DEACTIVATED" | "PLATFORM_DEACTIVATED":
            return ListingStatus.INACTIVE
        case "FREEZE":
            return ListingStatus.ERROR
        case "DELETED":
            return ListingStatus.NOT_UPLOADED
        case _:
            return ListingStatus.ERROR


def audit_findings(product: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Why the audit refused a product, in the platform's words, each with its suggestion as the fix."""
    findings = []
    for failed in product.get("audit_failed_reasons") or ():
        suggestions = "; ".join(str(text) for text in failed.get("suggestions") or ())
        place = f" ({failed['position']})" if failed.get("position") else ""
        for reason in failed.get("reasons") or ():
            findings.append(
                Finding(
                    "audit_failed",
                    f"{reason}{place}",
                    suggestions or "Change the product in PrestaShop and upload it again.",
                )
            )
    return tuple(findings)
