"""`make soak MINUTES=30`: `connector up --sandbox` at accelerated life with faults, watched from outside.

It ends with 1 when a log has an error, a run failed or crashed, memory grew, a database was locked, or orders did not
come. What waits for a person is no error: that is what becomes of orders that cannot be made. Not among the benchmarks
that run by default, because it takes as long as it is asked to.
"""

from __future__ import annotations

import os
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import httpx
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.installation import FlowRuns, Installation, running
from benchmarks.results import Figure, held_against
from benchmarks.shops import say

MINUTES = 30.0
# The world lives five times as fast as a clock: five orders a minute, seven stock movements.
FAULTS = (
    "throttle=0.01,server_error=0.005,reset_before=0.005,reset_after=0.005,slow=0.01,truncated=0.003,item_errors=0.01,"
    "webhook_duplicate=0.05,webhook_late=0.05,lock_conflict=0.05,php_warning=0.003"
)
OPTIONS = ("--sandbox", "--products=200", "--pace=5", "--timing=measured", f"--faults={FAULTS}")
SETTLING_SECONDS = 120.0
EVERY_SECONDS = 15.0
# Between the first and the last third of the samples.
MOST_GROWTH = 1.10
_TROUBLE = re.compile(r"\b(ERROR|CRITICAL|Traceback|database is locked|Busy)\b")
_LAGS = ("connector_order_import_lag_seconds", "connector_change_lag_seconds")


def run() -> Sequence[Figure]:
    """Watch it for so many minutes."""
    minutes = float(os.environ.get("SOAK_MINUTES") or MINUTES)
    with running(*OPTIONS) as up:
        up.wait_for_first_run()
        time.sleep(SETTLING_SECONDS)
        since, used = datetime.now(UTC), up.processor_seconds()
        memory = list(_watched(up, 60 * minutes))
        until = datetime.now(UTC)
        cores = (up.processor_seconds() - used) / (until - since).total_seconds()
        metrics = httpx.get(f"{up.door}/metrics", timeout=30).raise_for_status().text
        runs, logs = up.runs(since, until), up.logs()
    third = len(memory) // 3
    first, last = statistics.median(memory[:third]), statistics.median(memory[-third:])
    troubles = [f"{name}: {line}" for name, lines in logs.items() for line in lines if _TROUBLE.search(line)]
    _tell(runs, metrics, troubles)
    imported = _value(metrics, "connector_order_import_count")
    say(f"{cores:.0%} of one core with both shops; memory {first:.0f} MB at first, {last:.0f} MB at last")
    return [
        held_against("soak/errors", len(troubles), "lines of the logs", "none", 0, at_most=0.0),
        held_against("soak/failed_runs", len(runs.failed), "runs", "none", 0, at_most=0.0),
        held_against("soak/memory", last, "MB", "the first third of the time", first, at_most=MOST_GROWTH),
        held_against("soak/imported", imported, "orders of the last hour", "one a minute", minutes, at_least=1.0),
    ]


def _watched(up: Installation, seconds: float) -> Iterator[float]:
    """Memory in MB, again and again."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(EVERY_SECONDS, left))
        if up.process.poll() is not None:
            raise RuntimeError("connector up ended by itself")
        yield up.memory_mb()


def _tell(runs: FlowRuns, metrics: str, troubles: Sequence[str]) -> None:
    say(f"scheduled runs: {dict(runs.states)}; late {statistics.median(runs.lateness):.1f} s at the median")
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name in (*_LAGS, "connector_parked", "connector_backlog"):
                labels = ", ".join(value for name, value in sample.labels.items() if name != "connection")
                say(f"{sample.name.removeprefix('connector_')} {labels}: {sample.value:g}")
    for text, times in Counter(_shape(one) for one in troubles).most_common(20):
        say(f"{times} × {text}")
    for text, times in Counter(_shape(one) for one in runs.failed).most_common(20):
        say(f"{times} × {text}")


def _shape(line: str) -> str:
    """A line without what differs from one time to the next."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d[\d:.]*", "…", line)[:300]


def _value(metrics: str, name: str) -> float:
    samples = [one for family in text_string_to_metric_families(metrics) for one in family.samples if one.name == name]
    return sum(one.value for one in samples)
