"""A second upload of an unchanged catalogue: the calls that change anything on TikTok Shop, and its time."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.results import Figure, held_against
from benchmarks.shops import connect, make_ready, say, serving, timed
from flows.catalog_upload import catalog_upload

PRODUCTS = 200


def run() -> Sequence[Figure]:
    """The flow twice; the writes of the second run are counted by the simulated TikTok Shop."""
    with serving(products=PRODUCTS, seed=1) as shops:
        make_ready(connect(shops))
        before = shops.tiktok_writes()
        first, report = timed(lambda: catalog_upload("sandbox"))
        sent = shops.tiktok_writes() - before
        say(f"first run: {sent} writes in {first:.1f} s; {report.counts.get('confirmed', 0)} listings made")
        if not report.counts.get("confirmed"):
            raise RuntimeError("the first run listed nothing")
        second, _ = timed(lambda: catalog_upload("sandbox"))
        again = shops.tiktok_writes() - before - sent
        say(f"second run: {again} writes in {second:.1f} s")
    return [
        held_against("idempotent/writes", again, "writes", "the first run", sent, at_most=0.0),
        held_against("idempotent/time", second, "s", "the first run, whose calls were not throttled", first),
    ]
