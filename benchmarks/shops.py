"""What every benchmark needs: simulated shops in another process, and an installation connected to them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from rich.console import Console

from config.settings import settings
from console.demo_shop import add_templates, connect_sandbox
from flows.catalog_upload import BATCHES_IN_FLIGHT
from flows.taxonomy_refresh import taxonomy_refresh
from models.database import database
from sandbox.tiktok.app import ENDPOINTS
from tasks import mirror, shop_tables, stock
from tasks.report import BatchReport

T = TypeVar("T")
_console = Console(stderr=True, highlight=False)


def say(what: str) -> None:
    """A line of progress."""
    _console.print(f"  {what}")


@dataclass(frozen=True, slots=True)
class Shops:
    """Simulated shops that are running. `facts` is what a connection to them needs."""

    facts: Mapping[str, str]

    def prestashop_requests(self) -> dict[str, int]:
        """Requests the PrestaShop answered so far, by method and resource."""
        answer = httpx.get(f"{self.facts['prestashop_url']}/_sandbox/stats").raise_for_status()
        return dict(answer.json()["requests"])

    def tiktok_calls(self) -> dict[str, int]:
        """Calls the TikTok Shop took, by method and path."""
        answer = httpx.get(f"{self.facts['tiktok_url']}/_sandbox/stats").raise_for_status()
        return dict(answer.json()["calls"])

    def tiktok_writes(self) -> int:
        """Writing calls the TikTok Shop took so far; searches and checks are reads whatever their method."""
        calls = self.tiktok_calls()
        return sum(calls.get(f"{one.method} {one.path}", 0) for one in ENDPOINTS if one.kind == "write")


@contextmanager
def serving(**options: Any) -> Iterator[Shops]:
    """Start simulated shops with the options of `benchmarks.serve`; stop them at the end."""
    with serving_many(1, **options) as (shops,):
        yield shops


@contextmanager
def serving_many(pairs: int, **options: Any) -> Iterator[list[Shops]]:
    """Several pairs of simulated shops in one process."""
    say(f"starting the shops: {', '.join(f'{name} {value}' for name, value in options.items())}")
    command = [sys.executable, "-m", "benchmarks.serve", json.dumps({"pairs": pairs, **options})]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = [process.stdout.readline() if process.stdout else "" for _ in range(pairs)]
            if not all(lines):
                raise RuntimeError("the simulated shops did not start")
            yield [Shops(json.loads(line)) for line in lines]
        finally:
            process.terminate()


def connect(shops: Shops, name: str = "sandbox") -> int:
    """Connect this process's installation to the shops, and answer the connection's id."""
    database().upgrade()
    return connect_sandbox(shops.facts, shops.facts["auth_code"], name=name)


def make_ready(connection_id: int, name: str = "sandbox") -> None:
    """Taxonomy read and category templates made: from here on the connection can upload."""
    taxonomy_refresh(name)
    shop_tables.mirror_small_tables.fn(connection_id)
    add_templates(connection_id, settings().home / "documents")


def mirror_catalogue(connection_id: int) -> BatchReport:
    """The tasks of the mirror side by side as in flows.catalog_upload, as plain functions."""
    ids = mirror.list_catalogue.fn(connection_id)
    with ThreadPoolExecutor(BATCHES_IN_FLIGHT) as pool:
        first = [pool.submit(mirror.mirror_products.fn, connection_id, part) for part in mirror.parts_of(ids.products)]
        first += [
            pool.submit(mirror.mirror_combinations.fn, connection_id, part)
            for part in mirror.parts_of(ids.combinations)
        ]
        beside = [
            pool.submit(shop_tables.mirror_specific_prices.fn, connection_id),
            pool.submit(shop_tables.mirror_small_tables.fn, connection_id),
        ]
        reports = [future.result() for future in first]
        second = beside + [
            pool.submit(stock.mirror_stock.fn, connection_id, part) for part in mirror.parts_of(ids.stock_rows)
        ]
        second.append(pool.submit(mirror.mirror_suppliers_and_packs.fn, connection_id))
        second.append(pool.submit(mirror.settle_variants.fn, connection_id, ids))
        reports += [future.result() for future in second]
    return BatchReport.total(reports)


def timed(call: Callable[[], T]) -> tuple[float, T]:
    """Wall seconds of a call, and what it answered."""
    began = time.perf_counter()
    answer = call()
    return time.perf_counter() - began, answer
