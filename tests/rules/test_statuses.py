"""Why a listing is not on sale: the platform's words, the catalogue's, and a fix for each."""

from __future__ import annotations

from typing import Any

import pytest

from models.listings import ListingStatus
from rules.readback import audit_findings, listing_status
from rules.statuses import status_findings, wants_reasons

REASONS = [{"position": "Title", "reasons": ["Misleading"], "suggestions": ["Be precise", "Be short"]}]


def product(status: str, audit: str = "APPROVED", **fields: Any) -> dict[str, Any]:
    pre, missing = fields.pop("pre", []), fields.pop("missing", [])
    return {
        "status": status,
        "audit": {"status": audit, "pre_approved_reasons": pre, "not_submitted_reasons": missing},
        **fields,
    }


def codes(shown: dict[str, Any]) -> list[str]:
    return [finding.code for finding in status_findings(shown)]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (product("ACTIVATE"), []),
        (product("PENDING", "AUDITING"), []),
        (product("SELLER_DEACTIVATED"), []),
        (product("FAILED", "FAILED", audit_failed_reasons=REASONS), ["audit_failed"]),
        (product("FAILED", "FAILED"), ["audit_failed"]),
        (product("ACTIVATE", "FAILED", audit_failed_reasons=REASONS), ["edit_refused", "audit_failed"]),
        (product("ACTIVATE", "FAILED"), ["edit_refused"]),
        (
            product("PLATFORM_DEACTIVATED", audit_failed_reasons=REASONS),
            ["listing_platform_deactivated", "audit_failed"],
        ),
        (
            product("PLATFORM_DEACTIVATED", "FAILED", audit_failed_reasons=REASONS),
            ["listing_platform_deactivated", "edit_refused", "audit_failed"],
        ),
        (product("FREEZE"), ["listing_freeze"]),
        ({"status": "DELETED"}, ["listing_deleted"]),
        (product("DELETED", "FAILED", audit_failed_reasons=REASONS), ["listing_deleted"]),
        (
            product("PENDING", "PRE_APPROVED", pre=["KYC_PENDING", "NEW"]),
            ["pre_approved_kyc_pending", "pre_approved_new"],
        ),
        (product("PENDING", "PRE_APPROVED"), ["pre_approved"]),
        (product("DRAFT", "NONE"), ["listing_draft"]),
        (
            product("DRAFT", "NONE", missing=["SHOP_INACTIVE", "NEW"]),
            ["not_submitted_shop_inactive", "not_submitted_new"],
        ),
    ],
)
def test_each_status_has_its_findings_each_with_a_fix(shown: dict[str, Any], expected: list[str]) -> None:
    assert codes(shown) == expected
    assert all(finding.text and finding.fix for finding in status_findings(shown))


def test_unknown_reasons_keep_the_platforms_word() -> None:
    assert "NEW_RULE" in status_findings(product("PENDING", "PRE_APPROVED", pre=["NEW_RULE"]))[0].text
    assert "NEW_RULE" in status_findings(product("DRAFT", "NONE", missing=["NEW_RULE"]))[0].text


def test_only_the_version_that_sells_stays_on_sale() -> None:
    texts = [status_findings(product(status, "FAILED"))[0].text for status in ("ACTIVATE", "SELLER_DEACTIVATED")]
    assert [("stays on sale" in text) for text in texts] == [True, False]


def test_audit_reasons_say_where_and_what_to_do() -> None:
    (finding,) = audit_findings(product("FAILED", "FAILED", audit_failed_reasons=REASONS))
    assert (finding.text, finding.fix) == ("Misleading (Title)", "Be precise; Be short")


def test_a_code_in_the_platforms_words_is_looked_up() -> None:
    catalogue = {"12052151": ("A word is restricted.", "Take the word out.")}
    reasons = [{"reasons": ["12052151: bad word", "12059999: other"], "suggestions": []}]
    known, unknown = audit_findings({"audit_failed_reasons": reasons}, catalogue.get)
    assert (known.text, known.fix) == ("12052151: bad word: A word is restricted.", "Take the word out.")
    assert (unknown.text, unknown.fix) == ("12059999: other", "Change the product in PrestaShop and upload it again.")


@pytest.mark.parametrize(
    ("status", "audit", "expected"),
    [
        ("ACTIVATE", "APPROVED", False),
        ("ACTIVATE", "FAILED", True),
        ("PENDING", "AUDITING", False),
        ("PENDING", "NONE", True),
        ("PENDING", "PRE_APPROVED", True),
        ("FAILED", "FAILED", True),
        ("PLATFORM_DEACTIVATED", "APPROVED", True),
        ("FREEZE", "", True),
        ("DRAFT", "NONE", True),
        ("DELETED", "FAILED", False),
    ],
)
def test_details_are_read_only_where_they_say_something(status: str, audit: str, expected: bool) -> None:
    assert wants_reasons(status, audit) is expected


@pytest.mark.parametrize(
    ("status", "audit", "expected"),
    [
        ("ACTIVATE", "FAILED", ListingStatus.LIVE),
        ("PENDING", "AUDITING", ListingStatus.PROCESSING),
        ("FAILED", "FAILED", ListingStatus.REJECTED),
        ("PLATFORM_DEACTIVATED", "APPROVED", ListingStatus.INACTIVE),
        ("DRAFT", "NONE", ListingStatus.ERROR),
        ("FREEZE", "APPROVED", ListingStatus.ERROR),
        ("DELETED", "NONE", ListingStatus.NOT_UPLOADED),
        ("SOMETHING_NEW", "", ListingStatus.ERROR),
    ],
)
def test_the_merchants_word(status: str, audit: str, expected: ListingStatus) -> None:
    assert listing_status(status, audit) is expected
