"""Silent shops: doubted for a while, and silent since the first time of this time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules.silence import ANOTHER_TIME, DOUBTED, is_doubted, silent_from

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
spans = st.timedeltas(timedelta(0), timedelta(days=3))


@given(spans)
def test_doubt_ends_by_itself(ago: timedelta) -> None:
    assert is_doubted(NOW - ago, NOW) is (ago < DOUBTED)


@given(spans, spans)
def test_what_goes_on_began_once(ago: timedelta, before: timedelta) -> None:
    noticed = NOW - ago
    since = noticed - before
    assert silent_from(since, noticed, NOW) == (since if ago < ANOTHER_TIME else NOW)
