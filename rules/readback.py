"""What a product read back from TikTok Shop proves (K3; tiktok-shop-api.md 3.15, 3.17)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from models.listings import ListingStatus
from rules.content import ListingContent
from rules.decision import Finding

Explain = Callable[[str], tuple[str, str] | None]
"""Cause and fix of an error code of the platform (K8); None for a code that the catalogue does not know."""

CHANGE_AND_UPLOAD: Final = "Change the product in PrestaShop and upload it again."
_CODE: Final = re.compile(r"\b(?:1201|1203|1205|4510)\d{4}\b")


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
        case "PENDING" | "SCHEDULED" | "":
            return ListingStatus.REJECTED if audit_status == "FAILED" else ListingStatus.PROCESSING
        case "FAILED":
            return ListingStatus.REJECTED
        case "SELLER_DEACTIVATED" | "PLATFORM_DEACTIVATED":
            return ListingStatus.INACTIVE
        case "FREEZE" | "DRAFT":
            # Nothing happens to a draft by itself: its reasons say why it was not submitted.
            return ListingStatus.ERROR
        case "DELETED":
            return ListingStatus.NOT_UPLOADED
        case _:
            return ListingStatus.ERROR


def unexplained(_code: str) -> None:
    """Knows no error code."""


def audit_findings(product: Mapping[str, Any], explain: Explain = unexplained) -> tuple[Finding, ...]:
    """Why the audit refused a product: the platform's words, each with its suggestion as the fix.

    Args:
        product: the answer to get product.
        explain: cause and fix of the error codes that the words may name.
    """
    findings = []
    for failed in product.get("audit_failed_reasons") or ():
        suggestions = "; ".join(str(text) for text in failed.get("suggestions") or () if text)
        place = f" ({failed['position']})" if failed.get("position") else ""
        for reason in failed.get("reasons") or ():
            code = _CODE.search(str(reason))
            known = explain(code.group()) if code else None
            findings.append(
                Finding(
                    "audit_failed",
                    f"{reason}{place}" if known is None else f"{reason}{place}: {known[0]}",
                    suggestions or (CHANGE_AND_UPLOAD if known is None else known[1]),
                )
            )
    return tuple(findings)
