"""Shop-local wall times and UTC instants.

PrestaShop writes and compares dates in the shop's own time zone (`PS_TIMEZONE`), to the second and without an offset.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

# Longer than any shift of a clock, shorter than the time between two.
_AROUND_A_SHIFT = timedelta(hours=3)


def to_utc(text: str | None, zone: ZoneInfo) -> datetime | None:
    """The instant of a shop time, None for `0000-00-00 00:00:00`, empty or impossible dates.

    An hour that happens twice is read as its first pass, so that a poll starting there misses nothing.
    """
    if not text or text.startswith("0000"):
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except ValueError:  # MySQL keeps dates such as 2026-00-00
        return None


def to_day(text: str | None) -> date | None:
    """A calendar day, None for `0000-00-00` and impossible dates."""
    if not text or text.startswith("0000"):
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def to_shop(moment: datetime, zone: ZoneInfo) -> str:
    """The shop's wall time of an instant."""
    return _aware(moment).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def lower_bound(moment: datetime, zone: ZoneInfo) -> str:
    """A wall time that nothing from `moment` on lies before.

    Clocks that go back make later instants carry earlier wall times, so the bound goes back with them: around the
    shift a filter finds some rows too many rather than one too few.
    """
    return to_shop(moment - _set_back(moment, moment + _AROUND_A_SHIFT, zone), zone)


def upper_bound(moment: datetime, zone: ZoneInfo) -> str:
    """A wall time that nothing up to `moment` lies after; the counterpart of `lower_bound`."""
    if moment.microsecond:  # dates of the shop end at the second
        moment += timedelta(seconds=1)
    wall = _aware(moment).astimezone(zone).replace(tzinfo=None)
    return (wall + _set_back(moment - _AROUND_A_SHIFT, moment, zone)).strftime("%Y-%m-%d %H:%M:%S")


def _set_back(before: datetime, after: datetime, zone: ZoneInfo) -> timedelta:
    first, second = _aware(before).astimezone(zone).utcoffset(), _aware(after).astimezone(zone).utcoffset()
    return max((first or timedelta()) - (second or timedelta()), timedelta())


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be sent to the shop: make it UTC first")
    return moment
