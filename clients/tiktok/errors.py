"""What the platform's error codes mean for the merchant and for the connector, as one table (K8).

Sources: tiktok-shop-api.md sections 1.4, 2.2, 3.22, 4 and 5.9. A row names its codes (single ones and `first-last`
ranges), the class of `clients.errors` a call fails with, whether trying again can help, and cause and fix in the
merchant's words. A code that is not in the table is `Rejected`, with the platform's own text as cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from clients.errors import (
    AccessDenied,
    ConfigurationFault,
    ReauthorizationNeeded,
    Rejected,
    ShopError,
    Throttled,
    TimedOut,
    TokenExpired,
    Unavailable,
)
from clients.tiktok.order_errors import ORDER_LOCKS, ORDER_REFUSALS
from clients.tiktok.product_errors import LOCKS, PRODUCT_REFUSALS

Retry = Literal["no", "yes", "slowly", "later", "tomorrow", "after refresh"]


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One code: the error class it becomes, whether repeating helps, cause and fix for the merchant."""

    code: str
    kind: type[ShopError]
    retry: Retry
    cause: str
    fix: str


# Faults the platform reports before it does anything: even a call that must not be made twice may be repeated.
NOTHING_DONE: Final = frozenset({"25001028"})

_NO_FIX: Final = "Nothing to do: the connector tries again by itself."

_Row = tuple[str, type[ShopError], Retry, str, str]

_PLATFORM: Final[tuple[_Row, ...]] = (
    # Sections 2.2 and, for the authorization host, 1.4
    (
        "36004004",
        ReauthorizationNeeded,
        "no",
        "The authorization code or the refresh token is no longer valid.",
        "Authorize the shop again: open the consent link and approve within 30 minutes.",
    ),
    ("36009001 36009003", Unavailable, "yes", "TikTok Shop has an internal fault.", _NO_FIX),
    ("36009002 36009037", Throttled, "slowly", "Too many calls for this shop at the moment.", _NO_FIX),
    (
        "36009004",
        Rejected,
        "no",
        "TikTok Shop found the request itself invalid.",
        "Check the region and the chosen shop of the connection; if they are right, report the request id.",
    ),
    ("36009007", TimedOut, "yes", "TikTok Shop did not answer in time.", _NO_FIX),
    (
        "36009009 36009010 36009014",
        ConfigurationFault,
        "no",
        "The address answers, but does not know this call or this version of it.",
        "Check the API address in the settings; if it is right, update the connector.",
    ),
    ("36009021", Rejected, "no", "The file is too large.", "Use a smaller file: images 10 MB, PDF 20 MB."),
    (
        "36009022 36009023",
        Rejected,
        "no",
        "TikTok Shop did not accept the kind of content sent.",
        "Report the request id: this is a fault of the connector.",
    ),
    (
        "36009033",
        AccessDenied,
        "no",
        "The address of this server is not on the allow-list of the app.",
        "Add the server's IP address to the app's allow-list in the partner centre.",
    ),
    (
        "36009043 36009044",
        AccessDenied,
        "no",
        "The shop or the seller is disabled.",
        "Check the state of the shop in Seller Center.",
    ),
    (
        "98001004 98001005 98001006",
        ConfigurationFault,
        "no",
        "The authorization service refused the parameters.",
        "Check app key and app secret, then open the consent link again.",
    ),
    (
        "101000",
        ConfigurationFault,
        "no",
        "The chosen shop does not belong to this authorization.",
        "Choose the shop again from the list of authorized shops.",
    ),
    ("105001", TokenExpired, "after refresh", "The access token is missing or malformed.", _NO_FIX),
    ("105002", TokenExpired, "after refresh", "The access token has expired.", _NO_FIX),
    (
        "105005",
        AccessDenied,
        "no",
        "The app was not granted the right for this call.",
        "Enable the scope in the partner centre, then authorize the shop again.",
    ),
    (
        "106001",
        AccessDenied,
        "no",
        "The signature of the request is wrong.",
        "Check the app secret: it was mistyped or has been reset in the partner centre.",
    ),
    (
        "106013",
        ConfigurationFault,
        "no",
        "No shop is chosen for this connection.",
        "Choose the shop from the list of authorized shops.",
    ),
    (
        "11050001",
        Rejected,
        "no",
        "TikTok Shop refused the notification settings.",
        "Check the public address of the connector: https, a host name, no port.",
    ),
    (
        "12001000 12052881 33001002 10006402 25020008",
        Unavailable,
        "yes",
        "TikTok Shop has an internal fault.",
        _NO_FIX,
    ),
    ("25001028", Unavailable, "yes", "Something else is changing this order at the same moment.", _NO_FIX),
    ("12052109", Throttled, "slowly", "The shop has reached its limit of product calls for now.", _NO_FIX),
    (
        "45101004 12052093",
        Rejected,
        "tomorrow",
        "The shop has reached the number of products it may list.",
        "Wait until tomorrow; new shops have a daily limit. Seller Center shows the present one.",
    ),
)


def _expand(spec: str) -> list[str]:
    codes: list[str] = []
    for part in spec.split():
        first, _, last = part.partition("-")
        codes.extend(str(code) for code in range(int(first), int(last or first) + 1))
    return codes


def _table() -> dict[str, ErrorEntry]:
    # Ranges first: a code with a row of its own keeps the more exact text.
    locks = LOCKS | ORDER_LOCKS
    refusals: list[_Row] = [
        (codes, Rejected, "later" if codes in locks else "no", cause, fix)
        for codes, cause, fix in (*PRODUCT_REFUSALS, *ORDER_REFUSALS)
    ]
    ranges_first = sorted([*_PLATFORM, *refusals], key=lambda row: "-" not in row[0])
    return {
        code: ErrorEntry(code, kind, retry, cause, fix)
        for spec, kind, retry, cause, fix in ranges_first
        for code in _expand(spec)
    }


ERRORS: Final[dict[str, ErrorEntry]] = _table()


def explain(code: int | str, text: str = "") -> ErrorEntry:
    """The entry of a code; for an unknown one `Rejected` with the platform's own `text` as cause."""
    known = ERRORS.get(str(code))
    if known is not None:
        return known
    return ErrorEntry(
        str(code),
        Rejected,
        "no",
        text or f"TikTok Shop refused with code {code}.",
        "Follow the text of TikTok Shop; if it does not help, quote the request id to its support.",
    )
