"""What the service costs with nothing to do: one connection at the default cadences, and how soon it begins."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.installation import running
from benchmarks.order_shops import open_for_orders
from benchmarks.results import Figure, held_against
from benchmarks.shops import say, serving
from models.database import database

PRODUCTS = 200
SETTLING_SECONDS = 60.0
WATCHED_SECONDS = 180.0
MOST_START = 45.0
MOST_CORES = 0.10
MOST_MB = 800.0


def run() -> Sequence[Figure]:
    """Start on a fresh database, wait for the first scheduled run, then watch some minutes."""
    with serving(products=PRODUCTS, seed=1, timing="measured", listed=True) as shops:
        database().upgrade()
        open_for_orders(shops)
        with running() as up:
            first = up.wait_for_first_run()
            say(f"first scheduled run completed after {first:.1f} s")
            time.sleep(SETTLING_SECONDS)
            used, since = up.processor_seconds(), datetime.now(UTC)
            time.sleep(WATCHED_SECONDS)
            until = datetime.now(UTC)
            cores = (up.processor_seconds() - used) / (until - since).total_seconds()
            memory, seen = up.memory_mb(), up.runs(since, until)
    for message in seen.failed[:5]:
        say(message)
    say(f"{dict(seen.states)}: {cores:.1%} of one core, {memory:.0f} MB")
    return [
        held_against("idle/failed", len(seen.failed), "runs", "none", 0, at_most=0.0),
        held_against("idle/first_run", first, "s", "limit from the command on", MOST_START, at_most=1.0),
        held_against("idle/processor", cores, "cores", "limit", MOST_CORES, at_most=1.0),
        held_against("idle/memory", memory, "MB", "limit", MOST_MB, at_most=1.0),
    ]
