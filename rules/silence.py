"""How long a shop that did not answer is doubted, and since when it is said to be silent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

# A shop may answer everything but a knock: now and then it is tried with patience.
DOUBTED: Final = timedelta(minutes=15)
ANOTHER_TIME: Final = timedelta(hours=1)


def is_doubted(noticed: datetime, now: datetime) -> bool:
    """Whether to knock first; `noticed`: when it last did not answer a run that asked patiently."""
    return now - noticed < DOUBTED


def silent_from(since: datetime, noticed: datetime, now: datetime) -> datetime:
    """Since when a shop is silent that did not answer now either: as known, unless that was another time."""
    return since if now - noticed < ANOTHER_TIME else now
