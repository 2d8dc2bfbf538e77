"""A backlog of 2,000 orders in one run: does memory grow with the orders, and how fast is the import by itself?

The shop answers at once, so what is measured is our own work and the simulator's. Resident memory is noted after every
batch of orders, Prefect's own included; the growth counts from the 200th order, when everything is loaded and warm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from resource import getpagesize
from typing import Any

from benchmarks.order_shops import imported, open_for_orders, place
from benchmarks.results import Figure, held_against
from benchmarks.shops import say, serving, timed
from flows.order_import import ORDERS_A_BATCH, order_import
from tasks import order_import as importing

PRODUCTS = 2_000
ORDERS = 2_000
WARM = 200
MOST_GROWTH = 1.1
MOST_MEMORY = 400.0


def run() -> Sequence[Figure]:
    """One run of the flow over all of them."""
    with serving(products=PRODUCTS, seed=1, listed=True) as shops:
        connection_id = open_for_orders(shops)
        placed = place(shops, ORDERS, over=3_600, seed=1)
        samples: list[float] = []
        with _noted(samples):
            seconds, _ = timed(lambda: order_import("sandbox"))
        orders = len(imported(connection_id))
        if orders != placed or orders < 0.95 * ORDERS:
            raise RuntimeError(f"{orders} of {placed} orders were imported")
    warm, last, peak = samples[WARM // ORDERS_A_BATCH - 1], max(samples[-5:]), max(samples)
    for number in range(WARM // ORDERS_A_BATCH - 1, len(samples), WARM // ORDERS_A_BATCH):
        say(f"after {(number + 1) * ORDERS_A_BATCH:5} orders {samples[number]:.0f} MB")
    say(f"{orders} orders in {seconds:.1f} s, {orders / seconds:.1f} a second")
    return [
        held_against("backlog/growth", last, "MB", f"after {WARM} orders", warm, at_most=MOST_GROWTH),
        held_against("backlog/peak", peak, "MB", "limit", MOST_MEMORY, at_most=1.0),
        held_against("backlog/rate", orders / seconds, "orders/s", "limit of 9,000 an hour", 2.5, at_least=1.0),
    ]


@contextmanager
def _noted(samples: list[float]) -> Iterator[None]:
    """Note the memory of this process after every batch."""
    task = importing.import_batch

    def noting(*arguments: Any) -> Any:
        try:
            return task(*arguments)
        finally:
            samples.append(_resident())

    importing.import_batch = noting  # type: ignore[assignment]
    try:
        yield
    finally:
        importing.import_batch = task


def _resident() -> float:
    """Megabytes this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize() / 1_000_000
