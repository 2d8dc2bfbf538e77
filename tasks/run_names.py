"""What the name of a run says, so that the list of runs in the Prefect UI alone tells what each one did."""

from __future__ import annotations

from typing import Final

from tasks.report import BatchReport

DONE: Final = (
    # What a run did or, in a rehearsal, would do.
    "planned",
    "imported",
    "caught up",
    "created",
    "found",
    "repaired",
    "cancelled",
    "stock put back",
    "addresses changed",
    "to create",
    "to edit",
    "to activate",
    "to deactivate",
    "to delete",
    "to recover",
    "prices to set",
    "stocks to set",
    "confirmed",
    "prices confirmed",
    "stocks confirmed",
    "recovered without its link",
    "linked",
    "proposed",
    "documents uploaded",
    "tokens refreshed",
    "failed in a row",
    "told",
    "to be told",
    "settled",
    "orders whose buyer data were erased",
    "orders whose buyer data are to be erased",
    "runs deleted",
    "runs to be deleted",
    "changes deleted",
    "changes to be deleted",
    "webhooks deleted",
    "order events deleted",
    "order events to be deleted",
    "plans deleted",
    "plans to be deleted",
    # What it found out.
    "changed by hand",
    "now rejected",
    "now live",
    "now inactive",
    "now error",
    "now processing",
    "now not uploaded",
    "listed products gone",
    "listings gone",
    "stocks not as sent",
    "warnings",
    "new",
    "cancellations",
    "returns",
    # What is left for later or for somebody else.
    "near their deadline",
    "waiting for a person",
    "not told: no address",
    "postponed",
    "waiting",
    "not ready",
    "not ready after all",
    "unresolved",
    "ambiguous",
    "not linked",
    "no longer open",
    "not listed",
    "not possible",
    "not cancellable",
    "cancelled before",
    "parked before",
    "still parked",
    "unreadable",
    "connections put off",
    "superseded",
    "delivery options without carriers",
    # What looking was all about.
    "passed",
    "matches",
    "categories gone",
    "brands gone",
    "category details",
    "categories",
    "brands",
    "KB given back",
    "MB of database",
    "MB of Prefect's database",
)
"""Counts that a name tells, in the order people care. What a run only looked at is in its summary."""

_MOST_NAMED: Final = 4
_MOST_LETTERS: Final = 100


def run_name(name: str) -> str:
    """The name a run was started with: what it did is written behind a colon."""
    return name.split(": ", 1)[0]


def shortened(words: str) -> str:
    """The first sentence of why a run failed, as far as a name has room for it."""
    first = words.split(". ", 1)[0].rstrip(".")
    return first if len(first) <= _MOST_LETTERS else f"{first[:_MOST_LETTERS]}…"


def outcome(report: BatchReport, *, dry_run: bool) -> str:
    """What a run did, for its name."""
    done = [f"{report.counts[what]} {what}" for what in DONE if report.counts.get(what)][:_MOST_NAMED]
    if report.failures:
        done.append(f"{len(report.failures)} need a person")
    return f"{'rehearsal, ' if dry_run else ''}{', '.join(done) or 'nothing to do'}"
