"""Which action may be done to a listing in which status: every status with every action (3.17, 3.18)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rules.listing_actions import ACTIONS, RECOVERABLE, WANTED, Action, Verdict, decide_action, is_reached

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SEND, NOTHING, REFUSED = Verdict.SEND, Verdict.NOTHING, Verdict.REFUSED

# status → what activate, deactivate, delete and recover lead to
TABLE: dict[str, tuple[Verdict, Verdict, Verdict, Verdict]] = {
    "DRAFT": (REFUSED, NOTHING, SEND, NOTHING),
    "PENDING": (REFUSED, REFUSED, SEND, NOTHING),
    "FAILED": (REFUSED, NOTHING, SEND, NOTHING),
    "ACTIVATE": (NOTHING, SEND, SEND, NOTHING),
    "SELLER_DEACTIVATED": (SEND, NOTHING, SEND, NOTHING),
    "PLATFORM_DEACTIVATED": (REFUSED, NOTHING, SEND, NOTHING),
    "FREEZE": (REFUSED, REFUSED, REFUSED, REFUSED),
    "DELETED": (REFUSED, NOTHING, NOTHING, SEND),
    "SCHEDULED": (REFUSED, REFUSED, SEND, NOTHING),
    "UNKNOWN": (REFUSED, REFUSED, SEND, NOTHING),
    "": (REFUSED, REFUSED, SEND, NOTHING),
}
CASES = [(status, action, row[ACTIONS.index(action)]) for status, row in TABLE.items() for action in ACTIONS]


@pytest.mark.parametrize(("status", "action", "verdict"), CASES)
def test_every_action_on_every_status(status: str, action: Action, verdict: Verdict) -> None:
    decided = decide_action(action, status)
    assert decided.verdict is verdict
    assert decided.finding.code
    assert decided.finding.text.endswith(".")
    assert bool(decided.finding.fix) == (verdict is REFUSED)


@pytest.mark.parametrize(
    ("action", "status", "fix"),
    [
        ("activate", "PLATFORM_DEACTIVATED", "new review"),
        ("activate", "DELETED", "Recover it first"),
        ("activate", "PENDING", "by itself"),
        ("activate", "FAILED", "upload it again"),
        ("deactivate", "PENDING", "or delete it"),
        ("delete", "FREEZE", "Appeal in Seller Center"),
        ("activate", "SOMETHING_NEW", "status_sync"),
    ],
)
def test_a_refusal_says_what_to_do(action: Action, status: str, fix: str) -> None:
    assert fix in decide_action(action, status).finding.fix


@pytest.mark.parametrize(
    ("days", "verdict"), [(0, SEND), (RECOVERABLE.days, SEND), (RECOVERABLE.days + 1, REFUSED), (None, SEND)]
)
def test_what_was_deleted_long_ago_cannot_be_recovered(days: int | None, verdict: Verdict) -> None:
    deleted_at = None if days is None else NOW - timedelta(days=days)
    decided = decide_action("recover", "DELETED", deleted_at=deleted_at, now=NOW)
    assert decided.verdict is verdict
    assert ("Upload the product" in decided.finding.fix) == (verdict is REFUSED)


@pytest.mark.parametrize("action", ACTIONS)
def test_what_an_action_leads_to_shows_that_it_was_done(action: Action) -> None:
    assert is_reached(action, WANTED[action])
    assert decide_action(action, WANTED[action]).verdict is NOTHING


@pytest.mark.parametrize(
    ("action", "status", "reached"),
    [
        ("activate", "PENDING", True),
        ("activate", "SELLER_DEACTIVATED", False),
        ("deactivate", "PLATFORM_DEACTIVATED", True),
        ("deactivate", "ACTIVATE", False),
        ("deactivate", "DELETED", False),
        ("delete", "FREEZE", False),
        ("recover", "DRAFT", True),
        ("recover", "DELETED", False),
        ("recover", "", False),
    ],
)
def test_what_is_read_back_proves_or_does_not(action: Action, status: str, reached: bool) -> None:
    assert is_reached(action, status) is reached
