"""A pass of price_stock_sync over 100,000 SKUs with nothing changed: time, calls and memory.

The shop takes the time measured on a real one (prestashop-webservice.md section 11). The peer that throws pages away
sends the very requests the pass sent, two at a time over reused connections, and does nothing with what it gets. The
peer that common scripts are, one GET and one unconditional push a product, is timed on a sample and scaled up.
"""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import httpx
from sqlmodel import func, select

from benchmarks.mirror import Traffic, fetch_all
from benchmarks.results import Figure, held_against
from benchmarks.shops import Shops, connect, make_ready, mirror_catalogue, say, serving, timed
from flows.price_stock_sync import price_stock_sync
from models.catalogue import Product, Variant
from models.database import database, table_of
from models.listings import Listing, ListingSku
from tasks.inputs import read_inputs
from tasks.offers import load_offers
from tasks.shops import open_shops, utc_now
from tasks.sweeps import offers_fingerprint, set_watermark_now

PRODUCTS = 62_000
SKUS = 100_000
ROUNDS = 3
SAMPLE = 200
MEMORY = 400.0


def run() -> Sequence[Figure]:
    """Every SKU is listed and shows what it should; the pass has to find that out."""
    with serving(products=PRODUCTS, seed=1, timing="measured") as shops:
        # In a process of its own, so that the peak of this one's memory is that of the passes.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            connection_id, skus = pool.submit(set_up, shops).result()
        say(f"{skus:,} SKUs are listed")
        before = sum(shops.tiktok_calls().values())
        passes, thrown_away = [], []
        for number in range(ROUNDS):
            traffic = Traffic()
            with traffic.watched():
                seconds, result = timed(lambda: price_stock_sync("sandbox", full=True))
            if not result.ok or any(name in result.counts for name in ("prices to set", "stocks to set")):
                raise RuntimeError(f"something was to be sent: {result.counts} {result.failures[:3]}")
            passes.append(seconds)
            pages = [url for url in traffic.urls if url.startswith(shops.facts["prestashop_url"])]
            thrown_away.append(fetch_all(shops, pages))
            say(f"round {number + 1}: pass {passes[-1]:.1f} s, the same {len(pages)} pages {thrown_away[-1]:.1f} s")
        calls = sum(shops.tiktok_calls().values()) - before
        script = one_by_one(shops, connection_id)
        say(f"one GET and one push a product: {script:.0f} s for all")
    took, pages_alone = statistics.median(passes), statistics.median(thrown_away)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1_000_000
    return [
        held_against("unchanged/pages", took, "s", "the same requests, thrown away", pages_alone, at_most=1.3),
        held_against("unchanged/calls", calls, "TikTok calls", "none is scheduled", 1, at_most=0.0),
        held_against("unchanged/script", took, "s", f"GET and push each, from {SAMPLE}", script, at_most=0.05),
        held_against("unchanged/memory", peak, "MB", f"limit for {skus:,} SKUs", MEMORY, at_most=1.0),
    ]


def set_up(shops: Shops) -> tuple[int, int]:
    """The whole catalogue mirrored and listed, everything confirmed; the connection and the number of SKUs."""
    connection_id = connect(shops)
    make_ready(connection_id)
    say("mirroring")
    mirror_catalogue(connection_id)
    skus = list_everything(connection_id)
    settle(connection_id)
    return connection_id, skus


def list_everything(connection_id: int) -> int:
    """Rows that say that every variant is listed and shows an unknown price and stock."""
    with database().write() as session:
        connection = session.connection()
        products = connection.execute(select(Product.id_product).where(Product.connection_id == connection_id))
        connection.execute(
            table_of(Listing).insert(),
            [
                {
                    "id": id_product,
                    "connection_id": connection_id,
                    "product_id": f"17{id_product:017d}",
                    "id_product": id_product,
                    "title": "",
                    "status": "ACTIVATE",
                    "audit_status": "APPROVED",
                    "status_reasons": [],
                    "has_draft": False,
                    "hand_changes": [],
                    "image_url": "",
                    "content_hash": "",
                    "content": {},
                    "update_time": 0,
                }
                for (id_product,) in products
            ],
        )
        variants = connection.execute(
            select(Variant.id_product, Variant.id_product_attribute).where(Variant.connection_id == connection_id)
        )
        connection.execute(
            table_of(ListingSku).insert(),
            [
                {
                    "connection_id": connection_id,
                    "listing_id": id_product,
                    "sku_id": f"18{id_product:08d}{attribute:09d}",
                    "seller_sku": "",
                    "barcode": "",
                    "id_product": id_product,
                    "id_product_attribute": attribute,
                    "linked_by": "",
                    "currency": "",
                    "quantities": {},
                    "stock_checked_at": utc_now(),
                }
                for id_product, attribute in variants
            ],
        )
        return session.exec(select(func.count()).select_from(ListingSku)).one()


def settle(connection_id: int) -> None:
    """Pretend that everything was sent and confirmed: the record says what the rules say."""

    shops = open_shops(connection_id)
    inputs = read_inputs(shops, utc_now())
    with database().read() as session:
        ids = session.exec(select(Product.id_product).where(Product.connection_id == connection_id)).all()
    for start in range(0, len(ids), 1_000):
        with database().write() as session:
            for one in load_offers(session, shops, inputs, ids[start : start + 1_000]):
                for sku in one.skus:
                    wanted = one.wanted[sku.sku_id]
                    if wanted.price is not None:
                        sku.price, sku.currency = wanted.price.amount, wanted.price.currency
                    sku.offered = wanted.quantity
                    session.add(sku)

    value = {"inputs": offers_fingerprint(shops, inputs), "until": utc_now().isoformat(), "next": ""}
    set_watermark_now(connection_id, "offers", json.dumps(value))


def one_by_one(shops: Shops, connection_id: int) -> float:
    """Seconds for one GET and one push a product, one after the other, as common scripts do."""
    with database().read() as session:
        ids = session.exec(select(Product.id_product).where(Product.connection_id == connection_id)).all()
    sample = ids[:: max(1, len(ids) // SAMPLE)]
    auth = httpx.BasicAuth(shops.facts["prestashop_key"], "")
    base, tiktok = f"{shops.facts['prestashop_url']}/api", shops.facts["tiktok_url"]
    with httpx.Client(auth=auth, timeout=60) as http, httpx.Client(timeout=60) as push:
        began = time.perf_counter()
        for id_product in sample:
            http.get(f"{base}/products/{id_product}", params={"output_format": "JSON"}).raise_for_status()
            # Refused for its missing signature: the least that a push costs.
            push.post(f"{tiktok}/product/202309/products/17{id_product:017d}/inventory/update", json={"skus": []})
        return (time.perf_counter() - began) * len(ids) / len(sample)
