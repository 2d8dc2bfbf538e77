"""How far TikTok Shop's clock is from ours: it refuses requests that seem to come from the future (1.6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx


def clock_skew(api_url: str, http: httpx.Client, clock: Callable[[], datetime]) -> float | None:
    """TikTok Shop's clock minus ours in seconds, by the date of any answer; None when it cannot be told.

    Without a signature, so that it is told even when our clock is why signatures are refused. What cannot be reached
    is for the calls that follow to say.

    Args:
        clock: the time now, aware UTC.
    """
    before = clock()
    try:
        told = http.head(api_url, timeout=20, follow_redirects=False).headers.get("date", "")
        theirs = parsedate_to_datetime(told)
    except (httpx.HTTPError, ValueError, TypeError):
        return None
    if theirs.tzinfo is None:
        return None
    # Dates are whole seconds, servers renew them once a second, and an answer takes a while.
    if (before - theirs).total_seconds() <= 2 and theirs <= clock():
        return 0.0
    return (theirs - before).total_seconds()
