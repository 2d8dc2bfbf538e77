"""Requests per second per endpoint class: off unless a quota is set (sheet 2.3)."""

from datetime import datetime


class RateLimit:
    """A bucket per endpoint class that holds one second's quota and fills at that rate."""

    def __init__(self) -> None:
        self.quotas: dict[str, float] = {}  # "read" / "write" → requests per second
        self.retry_after: int | None = None  # seconds named in Retry-After, when the header is sent at all
        self._buckets: dict[str, tuple[float, datetime]] = {}

    def allows(self, kind: str, now: datetime) -> bool:
        quota = self.quotas.get(kind)
        if not quota:
            return True
        level, since = self._buckets.get(kind, (max(1.0, quota), now))
        level = min(max(1.0, quota), level + quota * (now - since).total_seconds())
        self._buckets[kind] = (level - 1 if level >= 1 else level, now)
        return level >= 1
