"""What 1, 2 and 4 machines of a work pool get done: fifty connections' imports, over PostgreSQL and one Prefect server.

Every "machine" is a worker process with a home folder of its own; all of them, the databases, the Prefect server and
the simulated shops share this machine's cores, so that what is measured is how much a run costs, and whether machines
stand in each other's way, not how far more hardware would carry.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from benchmarks.machines import ROOT, Machines, lose
from benchmarks.order_shops import imported, open_for_orders, place
from benchmarks.postgres import postgres_of_wheel, prefect_database
from benchmarks.results import Figure, held_against
from benchmarks.shops import Shops, say, serving_many
from config.secret_box import new_key
from config.settings import settings
from models.database import database

STORES = 50
SERVERS = 2
PRODUCTS = 30
ORDERS = 2
MACHINES = (1, 2, 4)
RUNS_AT_ONCE = 2
POOL = "machines"
SECONDS = 900.0


def run() -> Sequence[Figure]:
    """The same work for each number of machines, one after the other."""
    rates: dict[int, float] = {}
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        _use(opened.enter_context(postgres_of_wheel()))
        shops: list[Shops] = []
        for number in range(SERVERS):
            options = {"products": PRODUCTS, "seed": 1 + 1_000 * number, "timing": "measured", "listed": True}
            shops += opened.enter_context(serving_many(STORES // SERVERS, **options))
        database().upgrade()
        stores = {f"store{number:02}": one for number, one in enumerate(shops)}
        say("connecting")
        with ThreadPoolExecutor(4) as threads:
            connections = dict(zip(stores, threads.map(open_for_orders, stores.values(), stores), strict=True))
        machines = opened.enter_context(Machines(folder, opened.enter_context(prefect_database(folder))))
        deployment = _deploy(machines)
        placed = 0
        for number in MACHINES:
            for store in stores.values():
                placed += place(store, ORDERS, over=60, seed=number)
            seconds = _work(machines, deployment, list(stores), number)
            rates[number] = STORES / seconds
            say(f"{number} machines: {STORES} runs in {seconds:.0f} s, {60 * rates[number]:.0f} a minute")
        missing = placed - sum(len(imported(connection)) for connection in connections.values())
    return [
        held_against("workers/lost", missing, "orders", "none", 0, at_most=0.0),
        *(
            held_against(f"workers/{number}", 60 * rates[number], "runs a minute", "one machine", 60 * rates[1])
            for number in MACHINES
        ),
    ]


def _deploy(machines: Machines) -> str:
    """Register everything, with nothing due by itself; the id of the import's deployment for runs by hand."""
    deploy = machines.start("deploy", ("console", "deploy", "--pool", POOL))
    if deploy.wait(600):
        raise RuntimeError(machines.logs())
    deployment = ""
    found = 0
    while rows := machines.post("deployments/filter", {"limit": 200, "offset": found}):
        found += len(rows)
        for row in rows:
            if row["name"] != "on demand":
                machines.post(f"deployments/{row['id']}/pause_deployment", {})
            elif row["entrypoint"].endswith(".order_import"):
                deployment = row["id"]
    return deployment


def _work(machines: Machines, deployment: str, stores: Sequence[str], number: int) -> float:
    """Seconds from asking for a run of every store to the end of the last."""
    command = ("prefect", "worker", "start", "--pool", POOL, "--limit", str(RUNS_AT_ONCE))
    workers = [machines.start(f"worker{number}-{one}", command) for one in range(number)]
    try:
        for one in range(number):
            log = machines.folder / f"worker{number}-{one}.log"
            machines.wait_for(lambda log=log: "started!" in log.read_text())  # type: ignore[misc]
        began = time.perf_counter()
        runs = [machines.run(deployment, store) for store in stores]
        ended = {"flow_runs": {"id": {"any_": runs}, "state": {"type": {"any_": ["COMPLETED"]}}}}
        machines.wait_for(lambda: machines.post("flow_runs/count", ended) == len(runs), SECONDS)
        return time.perf_counter() - began
    finally:
        for worker in workers:
            lose(worker)


def _use(url: str) -> None:
    """Have this process and all it starts work on that database."""
    os.environ |= {"CONNECTOR_DATABASE_URL": url, "CONNECTOR_SECRET_KEY": new_key(), "PYTHONPATH": str(ROOT)}
    settings.cache_clear()
