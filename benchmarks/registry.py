"""The benchmarks there are. Each is a module of this package with a function `run`, started in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import cast

from benchmarks.results import Figure


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark.

    Attributes:
        name: what `make bench ONLY=` takes, and the module's name.
        question: what it answers, shown while it runs.
        environment: process settings it wants, besides a home folder of its own.
        by_default: it is among those that run when none is named.
    """

    name: str
    question: str
    environment: Mapping[str, str] = field(default_factory=dict)
    by_default: bool = True

    def load(self) -> Callable[[], Sequence[Figure]]:
        """The function to run. Importing it imports the project, which reads its settings from the environment."""
        return cast("Callable[[], Sequence[Figure]]", import_module(f"benchmarks.{self.name}").run)


def _tiktok(reads: int, writes: int) -> dict[str, str]:
    return {"CONNECTOR_TIKTOK_READS_PER_SECOND": str(reads), "CONNECTOR_TIKTOK_WRITES_PER_SECOND": str(writes)}


BENCHMARKS: tuple[Benchmark, ...] = (
    Benchmark("mirror", "Does mirroring 5,000 products cost little more than fetching their pages?"),
    Benchmark("idempotent", "Does a second upload with nothing changed send nothing?", _tiktok(1000, 1000)),
    Benchmark("memory", "Does mirroring 100,000 SKUs stay under 400 MB?"),
    Benchmark("budget", "Does an upload use the call budget while work remains?", _tiktok(200, 10)),
    Benchmark("unchanged", "What does a pass over 100,000 SKUs cost when nothing changed?", _tiktok(1000, 1000)),
    Benchmark("diff", "How long does it take to see which of 100,000 stock rows moved?"),
    Benchmark("changes", "What do changes cost, and how soon are they confirmed?", _tiktok(20, 10)),
    Benchmark("orders", "How many orders an hour does a backlog make, and at how many requests?"),
    Benchmark("backlog", "Does a backlog of 2,000 orders leave memory as it is?"),
    Benchmark("order_lag", "How soon is an order in PrestaShop by the schedule alone?"),
    Benchmark("webhook", "How soon is an order in PrestaShop that a webhook tells of, and is the door quick?"),
    Benchmark("stores", "Do 50 stores in one installation import their orders side by side?"),
    Benchmark("idle", "What does the service cost while there is nothing to do, and how soon does it begin?"),
    Benchmark("fleet", "Do 50 connections in one installation keep their intervals?"),
    Benchmark("outage", "Do five of 50 PrestaShops that are down hold up the others?"),
    Benchmark("workers", "What do 1, 2 and 4 machines of a work pool get done?"),
    Benchmark("soak", "Does the service stay as it is for half an hour of life and faults?", by_default=False),
    # The default budget: what a new installation has.
    Benchmark("prefect", "What does Prefect itself cost an upload?", _tiktok(10, 3)),
)
