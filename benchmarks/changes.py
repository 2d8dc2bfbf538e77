"""What changes in PrestaShop on its way to TikTok Shop: calls, throttling, budget, and the time until it is confirmed.

A catalogue is listed, then changed from outside, through the simulated shop's own door.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Sequence

import httpx
from sqlmodel import col, select

from benchmarks.budget import Spending
from benchmarks.results import Figure, held_against
from benchmarks.shops import Shops, connect, make_ready, say, serving
from clients.budget import CallBudget, SharedBudget
from config.settings import settings
from flows.catalog_upload import catalog_upload
from flows.price_stock_sync import price_stock_sync
from models.database import database
from models.listings import Change, ChangeKind, ChangeState, ListingSku
from tasks.shops import call_budget

PRODUCTS = 700
# Of the listed products, as many change as are one in a hundred SKUs of a catalogue of 10,000.
CHANGED = 100
EVERY = 60.0
MOST_SECONDS = 90.0
PRICE_CALL = "POST /product/{version}/products/{product_id}/prices/update"
STOCK_CALL = "POST /product/{version}/products/{product_id}/inventory/update"
SEARCH_CALL = "POST /product/{version}/inventory/search"


def run() -> Sequence[Figure]:
    """The figures, in the order they are measured."""
    with serving(products=PRODUCTS, seed=1, timing="measured") as shops:
        connection_id = connect(shops)
        make_ready(connection_id)
        say("listing the catalogue")
        catalog_upload("sandbox")
        price_stock_sync("sandbox", full=True)
        products = _listed(connection_id)
        if len(products) < 2 * CHANGED:
            raise RuntimeError(f"only {len(products)} products are listed")
        figures = _calls(shops, products[:CHANGED])
        figures += _budget(shops, connection_id, products)
        figures.append(_lag(shops, products[:CHANGED]))
    return figures


def _listed(connection_id: int) -> list[tuple[int, int]]:
    """One variant of every listed product."""
    with database().read() as session:
        linked = session.exec(
            select(ListingSku.id_product, ListingSku.id_product_attribute)
            .where(ListingSku.connection_id == connection_id, col(ListingSku.offered) > 0)
            .order_by(col(ListingSku.id_product), col(ListingSku.id_product_attribute))
        ).all()
    return sorted({one: attribute or 0 for one, attribute in reversed(linked) if one is not None}.items())


def _set_stock(shops: Shops, id_product: int, attribute: int, quantity: int) -> None:
    httpx.post(
        f"{shops.facts['prestashop_url']}/_sandbox/stock",
        json={"id_product": id_product, "id_product_attribute": attribute, "quantity": quantity},
    ).raise_for_status()


def _set_price(shops: Shops, id_product: int, price: float) -> None:
    httpx.post(
        f"{shops.facts['prestashop_url']}/_sandbox/product",
        json={"id": id_product, "fields": {"price": f"{price:.6f}"}},
    ).raise_for_status()


def _calls(shops: Shops, products: Sequence[tuple[int, int]]) -> list[Figure]:
    """Half of the products get another price, the other half another stock, some both."""
    both = len(products) // 10
    prices, stocks = products[: len(products) // 2 + both], products[len(products) // 2 :]
    for number, (id_product, _) in enumerate(prices):
        _set_price(shops, id_product, 11.0 + number / 7)
    for number, (id_product, attribute) in enumerate(stocks):
        _set_stock(shops, id_product, attribute, 200 + number)
    before = shops.tiktok_calls()
    result = price_stock_sync("sandbox", full=True)
    after = shops.tiktok_calls()
    made = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    say(f"{len(prices)} prices and {len(stocks)} stocks changed: {made}; {result.counts}")
    writes = made.get(PRICE_CALL, 0) + made.get(STOCK_CALL, 0)
    read_back = sum(made.values()) - writes
    changed = len(prices) + len(stocks)
    return [
        held_against("changes/writes", writes, "calls", "changed products × changed fields", changed, at_most=1.0),
        held_against("changes/reading", read_back, "calls", "one a hundred products, twice", 4, at_most=1.0),
    ]


def _budget(shops: Shops, connection_id: int, products: Sequence[tuple[int, int]]) -> list[Figure]:
    """Every product moves at once: the budget is the bottleneck then, and has to be used."""
    for number, (id_product, attribute) in enumerate(products):
        _set_stock(shops, id_product, attribute, 300 + number)
    budget: CallBudget = call_budget(settings(), f"tiktok:{connection_id}")
    assert isinstance(budget, SharedBudget)
    spending = Spending()
    before = _throttled(shops)
    with spending.watched(budget):
        price_stock_sync("sandbox", full=True)
    refused = _throttled(shops) - before
    spent = sorted(spending.calls)
    say(f"{len(spent)} writes in {spent[-1] - spent[0]:.1f} s")
    return [
        held_against(
            "changes/budget", len(spent) - 1, "writes", "what the budget allowed", spending.allowed(), at_least=0.9
        ),
        held_against("changes/throttled", refused, "answers", "one in a hundred calls", len(spent) / 100, at_most=1.0),
    ]


def _throttled(shops: Shops) -> int:
    return int(httpx.get(f"{shops.facts['tiktok_url']}/_sandbox/stats").raise_for_status().json()["throttled"])


def _lag(shops: Shops, products: Sequence[tuple[int, int]]) -> Figure:
    """Seconds from the write in PrestaShop to the confirmation, with the flow on its one-minute schedule."""
    written: dict[int, float] = {}
    ended = threading.Event()

    def write() -> None:
        for number, (id_product, attribute) in enumerate(products):
            _set_stock(shops, id_product, attribute, 1_000 + number)
            written[id_product] = time.time()
            if ended.wait(2 * EVERY / len(products)):
                return

    writer = threading.Thread(target=write)
    began = time.monotonic()
    writer.start()
    try:
        for turn in range(1, 5):
            time.sleep(max(0.0, began + turn * EVERY - time.monotonic()))
            price_stock_sync("sandbox")
    finally:
        ended.set()
        writer.join()
    with database().read() as session:
        changes = session.exec(
            select(Change).where(Change.kind == ChangeKind.STOCK, Change.state == ChangeState.CONFIRMED)
        ).all()
    confirmed = {
        change.id_product: change.finished_at.timestamp()
        for change in changes
        if change.finished_at is not None and any(int(row["to"]) >= 1_000 for row in change.after["skus"])
    }
    lags = sorted(confirmed[one] - at for one, at in written.items() if one in confirmed)
    if len(lags) < len(products):
        raise RuntimeError(f"{len(products) - len(lags)} of {len(products)} changes never arrived")
    p95 = statistics.quantiles(lags, n=20)[-1]
    say(f"lag: median {statistics.median(lags):.0f} s, p95 {p95:.0f} s, longest {lags[-1]:.0f} s")
    return held_against("changes/lag", p95, "s", "limit at p95", MOST_SECONDS, at_most=1.0)
