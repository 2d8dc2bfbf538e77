"""When runs that keep failing are told by mail: at the third failure in a row, then ever more seldom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from rules.letters import letter

FIRST: Final = 3
# As many runs as are looked at; a longer row of failures is told once a day.
LOOKED_AT: Final = 100
KEYS: Final = "runs:"


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that came to an end.

    Attributes:
        id: Prefect's.
        failed: it failed or crashed; a cancelled one is none of either.
        message: what its last state says.
    """

    id: str
    failed: bool
    at: datetime
    message: str = ""


@dataclass(frozen=True, slots=True)
class FailureNotice:
    """What to mail (subject, text, HTML), and the key it is told once by."""

    key: str
    letter: tuple[str, str, str]


def failures_in_a_row(runs: Sequence[EndedRun]) -> Sequence[EndedRun]:
    """Those that failed since the last that did not; newest first, as given."""
    return runs[: next((place for place, run in enumerate(runs) if not run.failed), len(runs))]


def step_of(failures: int) -> int:
    """The step that so many failures in a row have reached: 3, 6, 12, 24, …; 0 for fewer than three."""
    if failures < FIRST:
        return 0
    return FIRST << (failures // FIRST).bit_length() - 1


def failure_notice(deployment: str, runs: Sequence[EndedRun], address: str = "") -> FailureNotice | None:
    """What is due about the runs of a deployment, newest first; None while it is nothing.

    Args:
        deployment: full name, "order_import/main".
        runs: the newest `LOOKED_AT` that ended, without the cancelled ones.
        address: of the Prefect UI.
    """
    row = failures_in_a_row(runs)
    step = step_of(len(row))
    if not step:
        return None
    newest, oldest = row[0], row[-1]
    if len(row) < LOOKED_AT:
        times, key = f"{len(row)} times", f"{KEYS}{oldest.id}:{step}"
    else:
        times, key = f"{LOOKED_AT} times and more", f"{KEYS}{deployment[:120]}:{newest.at.astimezone(UTC):%Y-%m-%d}"
    subject = f"[TikTok Shop] {deployment} failed {times} in a row"
    since = f"{oldest.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" + (" or before" if len(row) == LOOKED_AT else "")
    told = (
        f"The runs of {deployment} have failed {times} in a row, since {since}. What they should have done is not "
        "done; the next run that succeeds catches up with all of it."
    )
    paragraphs = [
        told,
        f"The last one said: {newest.message or '(nothing)'}",
        f"What to do: connector doctor names what is broken and its fix. The run: {address}/runs/flow-run/{newest.id}",
    ]
    return FailureNotice(key, letter(subject, *paragraphs))
