"""Why a listing is not on sale, or not as it was sent, in the platform's words and ours (G2, G13; section 3.17).

Sources: tiktok-shop-api.md 3.15 to 3.18. The platform's own words are kept; what they lack, a cause or a fix, is added
from the texts here and from the error catalogue, whose codes the platform's words may hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rules.decision import Finding
from rules.readback import CHANGE_AND_UPLOAD, Explain, audit_findings, unexplained

# What the platform says besides its audit (3.17): text and fix.
_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "PLATFORM_DEACTIVATED": (
        "TikTok Shop has taken this listing off sale.",
        "Edit it to fix what TikTok Shop names; the edit starts a new audit. It cannot be activated as it is.",
    ),
    "FREEZE": (
        "TikTok Shop has frozen this listing.",
        "Appeal in Seller Center; nothing about it can be changed until TikTok Shop releases it.",
    ),
    "DELETED": (
        "The listing was deleted on TikTok Shop.",
        "Recover it within 30 days (it comes back off sale), or leave it deleted.",
    ),
    "DRAFT": (
        "The listing is saved as a draft on TikTok Shop and was not submitted.",
        "Upload the product again; that submits it.",
    ),
}

_PRE_APPROVED: Final[Mapping[str, tuple[str, str]]] = {
    "KYC_PENDING": (
        "TikTok Shop has approved the listing and shows it once the seller's identity is verified.",
        "Finish the identity verification in Seller Center; the listing then goes live by itself.",
    ),
    "RESTRICTED_CATEGORY_PENDING": (
        "TikTok Shop has approved the listing, but its category needs a permission that the shop does not have yet.",
        "Apply for the category in Seller Center, or choose another category in the product's template.",
    ),
}

_NOT_SUBMITTED: Final[Mapping[str, tuple[str, str]]] = {
    "PAYMENT_ACCOUNT_NOT_LINKED": (
        "TikTok Shop did not take the listing for review: no payment account is linked to the shop.",
        "Link a bank account in Seller Center, then upload the product again.",
    ),
    "SHOP_INACTIVE": (
        "TikTok Shop did not take the listing for review: the shop is not active.",
        "Activate the shop in Seller Center, then upload the product again.",
    ),
    "W8_NOT_CONFIGURED": (
        "TikTok Shop did not take the listing for review: the shop's tax form W-8 is missing.",
        "Fill in the tax information in Seller Center, then upload the product again.",
    ),
}


def wants_reasons(status: str, audit_status: str) -> bool:
    """Whether only the details of a listing say why it stands as it does; a search shows no reasons (3.16)."""
    return (
        status in ("FAILED", "PLATFORM_DEACTIVATED", "FREEZE", "DRAFT")
        or audit_status in ("FAILED", "PRE_APPROVED")
        # In audit without an audit: it was not submitted.
        or (status, audit_status) == ("PENDING", "NONE")
    ) and status != "DELETED"


def status_findings(product: Mapping[str, Any], explain: Explain = unexplained) -> tuple[Finding, ...]:
    """Everything a merchant has to know about the status of a listing; nothing for one that is as it should be.

    Args:
        product: the answer to get product, or as much of it as there is.
        explain: cause and fix by error code.
    """
    status = str(product.get("status") or "")
    if status == "DELETED":
        return (_state(status),)
    audit = product.get("audit") or {}
    audit_status = str(audit.get("status") or "")
    return (
        *([_state(status)] if status in ("PLATFORM_DEACTIVATED", "FREEZE") else []),
        *_refusals(product, status, audit_status, explain),
        *(_pending(audit) if audit_status == "PRE_APPROVED" else []),
        *_not_submitted(audit, status),
    )


def _refusals(product: Mapping[str, Any], status: str, audit_status: str, explain: Explain) -> Iterator[Finding]:
    if status != "FAILED" and audit_status != "FAILED":
        # Policy reasons of a listing that was taken down stand in the same place.
        if status in ("PLATFORM_DEACTIVATED", "FREEZE"):
            yield from audit_findings(product, explain)
        return
    if status in ("ACTIVATE", "SELLER_DEACTIVATED", "PLATFORM_DEACTIVATED", "FREEZE"):
        stays = "stays on sale" if status == "ACTIVATE" else "is kept"
        yield Finding(
            "edit_refused",
            f"TikTok Shop refused the last edit; the version from before it {stays}.",
            "Change the product in PrestaShop as the reasons say; the next upload sends it again.",
        )
        yield from audit_findings(product, explain)
        return
    yield from audit_findings(product, explain) or (
        Finding(
            "audit_failed",
            "TikTok Shop refused the listing without saying why.",
            f"See Seller Center. {CHANGE_AND_UPLOAD}",
        ),
    )


def _pending(audit: Mapping[str, Any]) -> Iterator[Finding]:
    for reason in audit.get("pre_approved_reasons") or ("",):
        text, fix = _PRE_APPROVED.get(
            str(reason),
            (
                "TikTok Shop has approved the listing, but does not show it yet" + (f": {reason}." if reason else "."),
                "See what Seller Center asks for; the listing then goes live by itself.",
            ),
        )
        yield Finding(f"pre_approved_{reason}".lower().rstrip("_"), text, fix)


def _not_submitted(audit: Mapping[str, Any], status: str) -> Iterator[Finding]:
    reasons = audit.get("not_submitted_reasons") or ()
    for reason in reasons:
        text, fix = _NOT_SUBMITTED.get(
            str(reason),
            (
                f"TikTok Shop did not take the listing for review: {reason}.",
                "Settle it in Seller Center, then upload the product again.",
            ),
        )
        yield Finding(f"not_submitted_{reason}".lower(), text, fix)
    if status == "DRAFT" and not reasons:
        yield _state(status)


def _state(status: str) -> Finding:
    text, fix = _STATES[status]
    return Finding(f"listing_{status.lower()}", text, fix)
