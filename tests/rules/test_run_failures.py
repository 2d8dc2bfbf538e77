"""Runs that keep failing are told at the third, sixth, twelfth failure in a row; longer rows once a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules.run_failures import FIRST, LOOKED_AT, EndedRun, failure_notice, failures_in_a_row, step_of

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def history(outcomes: str) -> list[EndedRun]:
    """Runs of one a minute as letters, the oldest first: x failed, o did not. Answered newest first."""
    runs = [
        EndedRun(f"run{number}", letter == "x", NOW + timedelta(minutes=number), "The shop is closed.")
        for number, letter in enumerate(outcomes)
    ]
    return runs[::-1][:LOOKED_AT]


def keys_told(outcomes: str) -> list[str]:
    """What is told when it is looked at after every run."""
    told: list[str] = []
    for end in range(1, len(outcomes) + 1):
        notice = failure_notice("order_import/main", history(outcomes[:end]))
        if notice is not None and notice.key not in told:
            told.append(notice.key)
    return told


def test_the_steps() -> None:
    assert [step_of(number) for number in (0, 2, 3, 5, 6, 11, 12, 23, 24, 50)] == [0, 0, 3, 3, 6, 6, 12, 12, 24, 48]


def test_one_success_between_begins_anew() -> None:
    assert keys_told("xxoxxoxx") == []
    assert keys_told("xxx" + "o" + "xxx") == ["runs:run0:3", "runs:run4:3"]


def test_a_row_without_end_is_told_once_a_day() -> None:
    told = keys_told("x" * (LOOKED_AT + 600))
    assert told == [f"runs:run0:{step}" for step in (3, 6, 12, 24, 48, 96)] + ["runs:order_import/main:2026-11-20"]


def test_the_mail_says_what_since_when_and_where() -> None:
    notice = failure_notice("order_import/main", history("oxxxx"), "http://prefect")
    assert notice is not None
    subject, text, html = notice.letter
    assert subject == "[TikTok Shop] order_import/main failed 4 times in a row"
    assert "since 2026-11-20 09:31 UTC." in text
    assert "The shop is closed." in text
    assert "http://prefect/runs/flow-run/run4" in text
    assert "order_import/main" in html


def test_names_do_not_break_out_of_the_mail() -> None:
    runs = [EndedRun("1", failed=True, at=NOW, message="<script>")] * FIRST
    notice = failure_notice("a/<b>", runs)
    assert notice is not None
    assert "<script>" not in notice.letter[2]
    assert "<b>" not in notice.letter[2]


@given(st.text("xo", max_size=40))
def test_nothing_is_told_of_fewer_than_three_in_a_row_and_everything_of_three(outcomes: str) -> None:
    runs = history(outcomes)
    row = len(outcomes) - len(outcomes.rstrip("x"))
    assert len(failures_in_a_row(runs)) == row
    assert (failure_notice("a/b", runs) is not None) == (row >= FIRST)


@given(st.integers(FIRST, 10_000))
def test_a_step_is_reached_and_the_next_is_not(failures: int) -> None:
    assert step_of(failures) <= failures < 2 * step_of(failures) + FIRST
