"""Fifty connections in one installation at the default cadences, run by `connector up`: do runs keep their intervals?

Both simulated shops of each answer from other processes of the same machine, which take their part of its cores.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import col, select

from benchmarks.installation import FlowRuns, running
from benchmarks.order_shops import open_for_orders
from benchmarks.results import Figure, held_against
from benchmarks.shops import Shops, say, serving_many
from models.connections import Connection
from models.database import database
from models.settings import ScheduleSettings

STORES = 50
SERVERS = 2
PRODUCTS = 30
SETTLING_SECONDS = 120.0
WATCHED_SECONDS = 300.0
CORES = 2.0
SHORTEST = min(seconds for seconds in ScheduleSettings().model_dump().values() if seconds)
# An address where nothing listens.
NOBODY = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Watched:
    """What became of the scheduled runs that were due in some minutes; `first` in seconds from the command."""

    runs: FlowRuns
    cores: float
    first: float

    @property
    def late(self) -> float:
        """Seconds at p99."""
        return statistics.quantiles(self.runs.lateness, n=100)[-1]

    @property
    def due(self) -> int:
        """How many there were."""
        return self.runs.states.total()


def watch(down: int = 0) -> Watched:
    """Connect all, start, take so many PrestaShops `down`, and watch for some minutes the runs of the others."""
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
        lost = names[:down]
        with database().write() as session:
            for connection in session.exec(select(Connection).where(col(Connection.name).in_(lost))):
                connection.prestashop_url = NOBODY
        used, since = up.processor_seconds(), datetime.now(UTC)
        time.sleep(WATCHED_SECONDS)
        until = datetime.now(UTC)
        cores = (up.processor_seconds() - used) / (until - since).total_seconds()
        time.sleep(SHORTEST)
        watched = Watched(up.runs(since, until, besides=lost), cores, first)
        memory = up.memory_mb()
    for message in watched.runs.failed[:5]:
        say(message)
    p50 = statistics.median(watched.runs.lateness)
    states = dict(watched.runs.states)
    say(f"{states} in {WATCHED_SECONDS:.0f} s; late {p50:.1f} s at p50, {watched.late:.1f} s at p99; {memory:.0f} MB")
    return watched


def run() -> Sequence[Figure]:
    """All shops answer."""
    seen = watch()
    not_run = seen.due - seen.runs.states["COMPLETED"]
    return [
        held_against("fleet/failed", len(seen.runs.failed), "runs", "none", 0, at_most=0.0),
        held_against("fleet/late_p99", seen.late, "s", "the shortest interval", SHORTEST, at_most=1.0),
        held_against("fleet/not_run", not_run, "runs", "runs that were due", seen.due, at_most=0.02),
        held_against("fleet/processor", seen.cores, "cores", "the machine", CORES, at_most=1.0),
        held_against("fleet/first_run", seen.first, "s", "the shortest interval", SHORTEST),
    ]
