"""Fifty connections in one installation at the default cadences, run by `connector up`: do runs keep their intervals?

Both simulated shops of each answer from other processes of the same machine, which take their part of its cores.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime

from benchmarks.installation import running
from benchmarks.order_shops import open_for_orders
from benchmarks.results import Figure, held_against
from benchmarks.shops import Shops, say, serving_many
from models.database import database
from models.settings import ScheduleSettings

STORES = 50
SERVERS = 2
PRODUCTS = 30
SETTLING_SECONDS = 120.0
WATCHED_SECONDS = 300.0
CORES = 2.0


def run() -> Sequence[Figure]:
    """Connect all, start, and watch some minutes."""
    shortest = min(seconds for seconds in ScheduleSettings().model_dump().values() if seconds)
    with ExitStack() as opened:
        shops: list[Shops] = []
        for number in range(SERVERS):
            options = {"products": PRODUCTS, "seed": 1 + 1_000 * number, "timing": "measured", "listed": True}
            shops += opened.enter_context(serving_many(STORES // SERVERS, **options))
        database().upgrade()
        names = [f"store{number:02}" for number in range(STORES)]
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(open_for_orders, shops, names))
        up = opened.enter_context(running())
        first = up.wait_for_first_run(600)
        ready = up.wait_until_ready()
        say(f"{STORES} connections: first scheduled run completed after {first:.1f} s, all served after {ready:.0f} s")
        time.sleep(SETTLING_SECONDS)
        used, since = up.processor_seconds(), datetime.now(UTC)
        time.sleep(WATCHED_SECONDS)
        until = datetime.now(UTC)
        cores = (up.processor_seconds() - used) / (until - since).total_seconds()
        time.sleep(shortest)
        seen = up.runs(since, until)
        memory = up.memory_mb()
    for message in seen.failed[:5]:
        say(message)
    p50, p99 = statistics.median(seen.lateness), statistics.quantiles(seen.lateness, n=100)[-1]
    say(f"{dict(seen.states)} in {WATCHED_SECONDS:.0f} s; late {p50:.1f} s at p50, {p99:.1f} s at p99; {memory:.0f} MB")
    due = seen.states.total()
    return [
        held_against("fleet/failed", len(seen.failed), "runs", "none", 0, at_most=0.0),
        held_against("fleet/late_p99", p99, "s", "the shortest interval", shortest, at_most=1.0),
        held_against("fleet/not_run", due - seen.states["COMPLETED"], "runs", "runs that were due", due, at_most=0.02),
        held_against("fleet/processor", cores, "cores", "the machine", CORES, at_most=1.0),
        held_against("fleet/first_run", first, "s", "the shortest interval", shortest),
    ]
