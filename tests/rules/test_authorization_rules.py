"""Which notice about an authorization is due, and until when a consent lasts (K9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.connections import AuthorizationState
from rules.authorization import (
    COUNTDOWN,
    KEYS,
    Notice,
    consent_until,
    days_left,
    letter_of,
    not_authorized,
    notice_due,
    refresh_left,
)

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
AUTHORIZED, EXPIRED, REVOKED, NONE = (
    AuthorizationState.AUTHORIZED,
    AuthorizationState.EXPIRED,
    AuthorizationState.REVOKED,
    AuthorizationState.NONE,
)


def due(left: timedelta | None, told: list[str] | None = None, state: AuthorizationState = AUTHORIZED) -> Notice | None:
    return notice_due("main", state, None if left is None else NOW + left, NOW, told or [])


@pytest.mark.parametrize(
    ("left", "key"),
    [
        (timedelta(days=30, seconds=1), None),
        (timedelta(days=30), "authorization:30:2026-12-20"),
        (timedelta(days=14, hours=1), "authorization:30:2026-12-04"),
        (timedelta(days=14), "authorization:14:2026-12-04"),
        (timedelta(days=6), "authorization:7:2026-11-26"),
        (timedelta(hours=3), "authorization:1:2026-11-20"),
        (timedelta(0), "authorization:expired:2026-11-20"),
        (None, None),
    ],
)
def test_each_step_has_its_days(left: timedelta | None, key: str | None) -> None:
    notice = due(left)
    assert (notice and notice.key) == key


def test_the_ends_are_told_apart() -> None:
    ran_out = due(-timedelta(days=1), state=EXPIRED)
    refused = due(timedelta(days=200), state=EXPIRED)
    withdrawn = due(None, state=REVOKED)
    assert ran_out
    assert refused
    assert withdrawn
    assert [one.key for one in (ran_out, refused, withdrawn)] == [
        "authorization:expired:2026-11-19",
        "authorization:refused:2026-11-20",
        "authorization:withdrawn:2026-11-20",
    ]
    assert len({one.cause for one in (ran_out, refused, withdrawn)}) == 3
    assert all("connector connection authorize main" in one.fix for one in (ran_out, refused, withdrawn))


def test_nothing_is_told_of_a_connection_that_never_was_authorized() -> None:
    assert due(None, state=NONE) is None
    assert due(-timedelta(days=1), state=NONE) is None


def test_an_end_told_an_hour_differently_is_the_same_consent_and_next_years_is_not() -> None:
    assert due(timedelta(days=14), ["authorization:14:2026-12-05"]) is None
    assert due(timedelta(days=14), ["authorization:14:2025-12-05"]) is not None


@given(
    consent=st.timedeltas(timedelta(0), timedelta(days=400)),
    pauses=st.lists(st.timedeltas(timedelta(minutes=1), timedelta(days=40)), max_size=60),
)
def test_over_a_whole_consent_each_step_is_told_at_most_once_and_in_order(
    consent: timedelta, pauses: list[timedelta]
) -> None:
    now, until, told = NOW, NOW + consent, list[str]()
    for pause in pauses:
        state = AUTHORIZED if now < until else EXPIRED
        notice = notice_due("main", state, until, now, told)
        if notice is not None:
            assert notice.key.startswith(KEYS)
            assert len(notice.key) <= 160
            told.append(notice.key)
            # Told, nothing more is due at that moment.
            assert notice_due("main", state, until, now, told) is None
        now += pause
    steps = [key.split(":")[1] for key in told]
    order = [str(days) for days in COUNTDOWN] + ["expired"]
    assert steps == sorted(set(steps), key=order.index)


@given(left=st.timedeltas(timedelta(seconds=1), timedelta(days=30)))
def test_within_the_last_month_something_is_due_and_names_the_days(left: timedelta) -> None:
    notice = due(left)
    assert notice is not None
    step = int(notice.key.split(":")[1])
    assert left <= timedelta(days=step)
    assert all(left > timedelta(days=days) for days in COUNTDOWN if days < step)


@given(
    stored=st.none() | st.timedeltas(timedelta(days=-9), timedelta(days=400)),
    told=st.none() | st.timedeltas(timedelta(days=-9), timedelta(days=400)),
)
def test_the_earlier_end_counts_unless_it_was_only_told_and_passed(
    stored: timedelta | None, told: timedelta | None
) -> None:
    ends = [None if one is None else NOW + one for one in (stored, told)]
    until = consent_until(ends[0], ends[1], NOW)
    if told is None or told <= timedelta(0):
        assert until == (None if stored is None else NOW + stored)
    else:
        assert until == NOW + (told if stored is None else min(stored, told))


def test_days_left_are_whole_ones_of_connections_that_run() -> None:
    assert days_left(AUTHORIZED, NOW + timedelta(days=3, hours=23), NOW) == 3
    assert days_left(AUTHORIZED, NOW - timedelta(days=3), NOW) == 0
    assert days_left(AUTHORIZED, None, NOW) is None
    assert days_left(REVOKED, NOW + timedelta(days=3), NOW) is None


def test_a_token_is_replaced_with_a_third_of_its_life_left() -> None:
    assert refresh_left(NOW, NOW + timedelta(days=3)) == timedelta(days=1)
    assert refresh_left(None, NOW) == refresh_left(NOW, NOW) == timedelta(days=7) / 3


def test_why_a_connection_does_not_run_has_a_command_to_fix_it() -> None:
    for state in (NONE, EXPIRED, REVOKED):
        refusal = not_authorized("my shop", state)
        assert refusal.code == "not_authorized"
        assert "my shop" in refusal.cause
        assert refusal.fix == 'Run: connector connection authorize "my shop"'


def test_a_letter_is_safe_html() -> None:
    subject, text, html = letter_of("<b>", Notice("authorization:7:2026-11-26", "ends", "Why <i>", "Run: it"))
    assert subject == "[TikTok Shop] <b>: ends"
    assert "Why <i>" in text
    assert "<i>" not in html
    assert "<b>" not in html
