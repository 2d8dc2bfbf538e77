"""Which of activate, deactivate, delete and recover may be done to a listing (G6, G7, G10).

Sources: tiktok-shop-api.md 3.17 (statuses) and 3.18 (lifecycle calls).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, get_args

from rules.decision import Finding

Action = Literal["activate", "deactivate", "delete", "recover"]
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

WANTED: Final[dict[Action, str]] = {
    "activate": "ACTIVATE",
    "deactivate": "SELLER_DEACTIVATED",
    "delete": "DELETED",
    "recover": "SELLER_DEACTIVATED",
}
"""The platform status that an action leads to."""

# "Recoverable for a limited time": the sheet is not sure of the days.
RECOVERABLE: Final = timedelta(days=30)

_APPEAL: Final = "Appeal in Seller Center; nothing about the listing can be changed until TikTok Shop releases it."
_LOOK: Final = "Run status_sync and look into Seller Center."
_UPLOAD_ANEW: Final = "Upload the product; it is then listed anew."


class Verdict(StrEnum):
    """What to do about an action that is asked for."""

    SEND = "send"
    # It stands as wanted, or the action has no meaning for it.
    NOTHING = "nothing"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ActionDecision:
    """The verdict and why; the fix is empty where there is nothing to fix."""

    verdict: Verdict
    finding: Finding


def decide_action(
    action: Action, status: str, *, deleted_at: datetime | None = None, now: datetime | None = None
) -> ActionDecision:
    """Whether an action may be done to a listing in this status.

    Args:
        action: what is asked for.
        status: the platform's status (3.17).
        deleted_at: when the listing was deleted, where that is known; only recovering asks.
        now: the time now; needed with `deleted_at`.
    """
    if status == "FREEZE":
        return _not_possible("listing_freeze", "TikTok Shop has frozen this listing.", _APPEAL)
    match action:
        case "activate":
            return _activate(status)
        case "deactivate":
            return _deactivate(status)
        case "delete":
            return _delete(status)
        case "recover":
            return _recover(status, deleted_at, now)


def is_reached(action: Action, status: str) -> bool:
    """Whether a listing that is read back in this status shows that the action was done.

    An activation may start another review, and a listing that was never live comes back from deletion as a draft.
    """
    match action:
        case "activate":
            return status in ("ACTIVATE", "PENDING")
        case "deactivate":
            return status in ("SELLER_DEACTIVATED", "PLATFORM_DEACTIVATED")
        case "delete":
            return status == "DELETED"
        case "recover":
            return status not in ("DELETED", "")


def _activate(status: str) -> ActionDecision:
    match status:
        case "SELLER_DEACTIVATED":
            return _send("off_sale", "The listing was taken off sale by the seller.")
        case "ACTIVATE":
            return _nothing("already_live", "The listing is on sale.")
        case "PLATFORM_DEACTIVATED":
            return _not_possible(
                "listing_platform_deactivated",
                "TikTok Shop has taken this listing off sale and refuses to activate it.",
                "Change the product in PrestaShop to fix what TikTok Shop names, and upload it; the edit starts a new "
                "review.",
            )
        case "DELETED":
            return _not_possible(
                "listing_deleted",
                "The listing is deleted.",
                "Recover it first; it comes back off sale and can be activated then.",
            )
        case "PENDING" | "SCHEDULED":
            return _not_possible(
                f"listing_{status.lower()}",
                "The listing is not on sale yet."
                if status == "SCHEDULED"
                else "TikTok Shop is still reviewing the listing.",
                "Nothing to do: it goes live by itself.",
            )
        case "FAILED":
            return _not_possible(
                "listing_failed",
                "TikTok Shop refused the listing in its review.",
                "Change the product in PrestaShop as the reasons say, and upload it again.",
            )
        case "DRAFT":
            return _not_possible(
                "listing_draft",
                "The listing is a draft that was not submitted.",
                "Upload the product again; that submits it.",
            )
        case _:
            return _unknown(status)


def _deactivate(status: str) -> ActionDecision:
    match status:
        case "ACTIVATE":
            return _send("on_sale", "The listing is on sale.")
        case "SELLER_DEACTIVATED":
            return _nothing("already_off_sale", "The listing is off sale.")
        case "PLATFORM_DEACTIVATED":
            return _nothing("already_off_sale", "TikTok Shop has taken the listing off sale by itself.")
        case "DELETED" | "FAILED" | "DRAFT":
            return _nothing("not_on_sale", "The listing is not on sale.")
        case "PENDING" | "SCHEDULED":
            return _not_possible(
                f"listing_{status.lower()}",
                "The listing is not on sale yet; only a listing on sale can be taken off.",
                "Wait until it is live, or delete it.",
            )
        case _:
            return _unknown(status)


def _delete(status: str) -> ActionDecision:
    if status == "DELETED":
        return _nothing("already_deleted", "The listing is deleted.")
    return _send("listed", "The listing is on TikTok Shop.")


def _recover(status: str, deleted_at: datetime | None, now: datetime | None) -> ActionDecision:
    if status != "DELETED":
        return _nothing("not_deleted", "The listing is not deleted.")
    if deleted_at is not None and now is not None and now - deleted_at > RECOVERABLE:
        return _not_possible(
            "deleted_too_long",
            f"The listing was deleted more than {RECOVERABLE.days} days ago; TikTok Shop keeps it no longer.",
            _UPLOAD_ANEW,
        )
    return _send("deleted", "The listing is deleted and can be brought back.")


def _unknown(status: str) -> ActionDecision:
    text = f"The connector does not know the status {status}." if status else "The listing's status is not known yet."
    return _not_possible("status_unknown", text, _LOOK)


def _send(code: str, text: str) -> ActionDecision:
    return ActionDecision(Verdict.SEND, Finding(code, text, ""))


def _nothing(code: str, text: str) -> ActionDecision:
    return ActionDecision(Verdict.NOTHING, Finding(code, text, ""))


def _not_possible(code: str, text: str, fix: str) -> ActionDecision:
    return ActionDecision(Verdict.REFUSED, Finding(code, text, fix))
