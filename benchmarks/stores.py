"""Fifty stores in one installation that import orders at the same time: errors, and time against one store alone.

As many processes as `connector up` lets runs be at work (`deployments.up`), each with a thread for every one of its
stores, so that all fifty are in flight at once over one database file: more at once than an installation ever has. The
shops take the time measured on a real one and answer from other processes. Flows run as plain functions: what a run of
Prefect adds is measured by `prefect`.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context

from benchmarks.order_shops import imported, open_for_orders, place
from benchmarks.results import Figure, held_against
from benchmarks.shops import Shops, say, serving_many, timed
from deployments.up import RUNS_AT_ONCE
from flows.order_import import ORDERS_A_BATCH
from models.database import database
from tasks import order_facts, order_reading
from tasks import order_import as importing
from tasks.report import BatchReport
from tasks.runs import batches, run_alone

STORES = 50
# The simulators' processes, with as many stores each.
SERVERS = 2
PRODUCTS = 60
ORDERS = 20

Ended = tuple[str, float, str]
"""A store's name, the seconds its run took, and what went wrong; "" when nothing did."""


def run() -> Sequence[Figure]:
    """One store alone first, then all of them."""
    with ExitStack() as opened:
        shops: list[Shops] = []
        for number in range(SERVERS):
            options = {"products": PRODUCTS, "seed": 1 + 1_000 * number, "timing": "measured", "listed": True}
            shops += opened.enter_context(serving_many(STORES // SERVERS, **options))
        stores = {f"store{number:02}": one for number, one in enumerate(shops)}
        database().upgrade()
        say("connecting")
        with ThreadPoolExecutor(4) as threads:
            connections = dict(zip(stores, threads.map(open_for_orders, stores.values(), stores), strict=True))
        pool = opened.enter_context(ProcessPoolExecutor(RUNS_AT_ONCE, mp_context=get_context("spawn")))
        idle, ended = timed(lambda: _import_all(pool, list(stores)))
        say(f"{STORES} first runs, without orders: {idle:.1f} s, with the start of the processes")
        first = next(iter(stores))
        placed = Counter({first: place(stores[first], ORDERS, over=200, seed=1)})
        alone, more = timed(lambda: _import_all(pool, [first]))
        ended += more
        for name, one in stores.items():
            placed[name] += place(one, ORDERS, over=200, seed=2)
        together, more = timed(lambda: _import_all(pool, list(stores)))
        ended += more
        missing = sum(placed[name] - len(imported(connection)) for name, connection in connections.items())
    took = sorted(seconds for _, seconds, _ in more)
    errors = [f"{name}: {error}" for name, _, error in ended if error]
    for error in errors[:5]:
        say(error)
    orders = placed.total() - ORDERS
    say(f"{orders} orders of {STORES} stores in {together:.1f} s, {orders / together:.1f} a second")
    half = statistics.median(took)
    say(f"one store alone: {alone:.1f} s; each of them {took[0]:.1f} s to {took[-1]:.1f} s, half in {half:.1f} s")
    return [
        held_against("stores/errors", len(errors) + missing, "errors and lost orders", "none", 0, at_most=0.0),
        held_against("stores/time", together, "s", f"{STORES} times one store alone", STORES * alone, at_most=0.25),
        held_against("stores/slowest", took[-1], "s", "one store alone", alone),
    ]


def _import_all(pool: ProcessPoolExecutor, stores: Sequence[str]) -> list[Ended]:
    parts = [stores[number::RUNS_AT_ONCE] for number in range(RUNS_AT_ONCE)]
    return [one for ended in pool.map(_import_some, [part for part in parts if part]) for one in ended]


def _import_some(stores: Sequence[str]) -> list[Ended]:
    with ThreadPoolExecutor(len(stores)) as threads:
        return list(threads.map(_import, stores))


def _import(store: str) -> Ended:
    began, error = time.perf_counter(), ""
    try:
        report = import_without_prefect(store)
        error = "; ".join(f"{failure.object} {failure.cause}" for failure in report.failures)
    except Exception as fault:  # noqa: BLE001  # whatever it is, it is counted and said
        error = f"{type(fault).__name__}: {fault}"
    return store, time.perf_counter() - began, error


def import_without_prefect(connection: str) -> BatchReport:
    """The steps of flows.order_import."""
    with run_alone("order_import", connection, {}, dry_run=False, turn="orders") as run:
        reports = [order_reading.read_orders.fn(run)]
        keys = order_reading.open_orders(run.connection_id)
        reports.append(order_facts.read_order_tables.fn(run.connection_id))
        reports += [importing.import_batch.fn(run, part) for part in batches(keys, ORDERS_A_BATCH)]
        return BatchReport.total(reports)
