"""Mirroring a catalogue of 5,000 products: requests, requests in flight, and time.

The shop takes the time measured on a real one (prestashop-webservice.md section 11). The peer that throws pages away
sends the very requests the mirror sent, in the same order, with two threads and a reused connection each, and does
nothing with what it gets. The peer that asks for one object at a time is timed on a sample and scaled up.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.results import Figure, held_against
from benchmarks.shops import Shops, connect, mirror_catalogue, say, serving, timed
from models.database import Database, database
from tasks.mirror import list_catalogue

PRODUCTS = 5_000
MOST_REQUESTS = 45
IN_FLIGHT = 2
ROUNDS = 3
SAMPLE = 300


@dataclass(slots=True)
class Traffic:
    """Requests seen on their way out of this process."""

    urls: list[str] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch every request sent by httpx in the meantime."""
        send = httpx.Client.send

        def counted(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
            with self._lock:
                self.urls.append(str(request.url))
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
            try:
                return send(client, request, **options)
            finally:
                with self._lock:
                    self.in_flight -= 1

        httpx.Client.send = counted  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            httpx.Client.send = send  # type: ignore[method-assign]


def run() -> Sequence[Figure]:
    """Three rounds of mirror into empty tables and of its peer in turn; medians are held against each other."""
    with serving(products=PRODUCTS, seed=1, timing="measured") as shops:
        connection_id = connect(shops)
        ids = list_catalogue.fn(connection_id)
        objects = len(ids.products) + len(ids.combinations)
        say(f"{len(ids.products)} products, {len(ids.combinations)} combinations, {len(ids.stock_rows)} stock rows")
        mirrored, thrown_away = [], []
        for number in range(ROUNDS):
            _forget_catalogue(database())
            traffic, before = Traffic(), sum(shops.prestashop_requests().values())
            with traffic.watched():
                seconds, report = timed(lambda: mirror_catalogue(connection_id))
            requests = sum(shops.prestashop_requests().values()) - before
            if report.counts["products changed"] != len(ids.products):
                raise RuntimeError("the mirror did not write every product")
            mirrored.append(seconds)
            thrown_away.append(fetch_all(shops, traffic.urls))
            say(f"round {number + 1}: mirror {mirrored[-1]:.2f} s, the same pages thrown away {thrown_away[-1]:.2f} s")
        single = one_by_one(shops, ids.products, ids.combinations)
        say(f"one GET per object: {single:.1f} s for all {objects}")
    mirror, pages = statistics.median(mirrored), statistics.median(thrown_away)
    return [
        held_against("mirror/requests", requests, "requests", "plan of section 11.1", MOST_REQUESTS, at_most=1.0),
        held_against(
            "mirror/in flight", traffic.most_in_flight, "requests at once", "the same plan", IN_FLIGHT, at_most=1.0
        ),
        held_against(
            "mirror/pages", mirror, "s", "the same requests with two threads, thrown away", pages, at_most=1.2
        ),
        held_against(
            "mirror/one by one",
            mirror,
            "s",
            f"one GET per product and combination, from a sample of {SAMPLE}",
            single,
            at_most=0.05,
        ),
    ]


def _forget_catalogue(store: Database) -> None:
    with store.write() as session:
        for table in ("variant", "product", "shop_record", "specific_price"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")


def fetch_all(shops: Shops, urls: Sequence[str]) -> float:
    """Seconds to get all the addresses, two at a time."""
    auth = httpx.BasicAuth(shops.facts["prestashop_key"], "")
    with httpx.Client(auth=auth, timeout=60) as http, ThreadPoolExecutor(IN_FLIGHT) as pool:
        began = time.perf_counter()
        for answer in pool.map(http.get, urls):
            answer.raise_for_status()
        return time.perf_counter() - began


def one_by_one(shops: Shops, products: Sequence[int], combinations: Sequence[int]) -> float:
    """Seconds that one GET per object would take, one after the other over one connection."""
    wanted = [f"products/{number}" for number in products] + [f"combinations/{number}" for number in combinations]
    sample = wanted[:: len(wanted) // SAMPLE]
    auth = httpx.BasicAuth(shops.facts["prestashop_key"], "")
    base = f"{shops.facts['prestashop_url']}/api"
    with httpx.Client(auth=auth, timeout=60) as http:
        began = time.perf_counter()
        for path in sample:
            http.get(f"{base}/{path}", params={"output_format": "JSON"}).raise_for_status()
        return (time.perf_counter() - began) * len(wanted) / len(sample)
