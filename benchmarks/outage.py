"""Fifty connections of which five lose their PrestaShop: do the runs of the others keep their intervals?"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.fleet import SHORTEST, watch
from benchmarks.results import Figure, held_against

DOWN = 5


def run() -> Sequence[Figure]:
    """As `fleet`, of the connections whose shops answer."""
    seen = watch(DOWN)
    not_run = seen.due - seen.runs.states["COMPLETED"]
    return [
        held_against("outage/failed", len(seen.runs.failed), "runs", "none", 0, at_most=0.0),
        held_against("outage/late_p99", seen.late, "s", "the shortest interval", SHORTEST),
        held_against("outage/not_run", not_run, "runs", "runs that were due", seen.due),
    ]
