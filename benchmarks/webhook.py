"""From a buyer's click to the order in PrestaShop by webhook alone, and how long the door takes to answer.

`connector up` runs as it would, but for the schedule of the import, which is off: what is imported was told. Buyers
come at random moments, and once many at a time. The PrestaShop takes the time measured on a real one; both shops share
the machine with the service.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from typing import Any

import httpx
from sqlmodel import select

from benchmarks.installation import running
from benchmarks.order_shops import PLAIN, imported, open_for_orders, place
from benchmarks.results import Figure, held_against
from benchmarks.shops import Shops, say, serving
from models.connections import settings_in_force, store_settings
from models.database import database
from models.orders import Order, OrderStage
from tasks.shops import utc_now
from tasks.webhook_subscriptions import subscribe_all

PRODUCTS = 200
SETTLING_SECONDS = 20.0
# One buyer at a time, this many seconds apart on average; then a swarm.
BUYERS, APART = 60, 4.0
SWARM = 20
PATIENCE_SECONDS = 180.0
MOST_SECONDS = 15.0
MOST_ANSWER_MS = 100.0


def run() -> Sequence[Figure]:
    """Subscribe, let buyers order, and look when their orders were made."""
    with serving(products=PRODUCTS, seed=1, timing="measured", listed=True) as shops:
        database().upgrade()
        connection_id = open_for_orders(shops)
        _without_schedule(connection_id)
        with running() as up:
            up.wait_for_first_run()
            subscribe_all(connection_id, f"{up.door}/tiktok/webhooks")
            time.sleep(SETTLING_SECONDS)
            chance = random.Random(1)
            began = time.time()
            for number in range(BUYERS):
                place(shops, 1, over=1, mix=PLAIN, seed=number + 1)
                time.sleep(chance.expovariate(1 / APART))
            _wait(connection_id, BUYERS)
            alone = _lags(connection_id)
            place(shops, SWARM, over=1, mix=PLAIN, seed=BUYERS + 1)
            _wait(connection_id, BUYERS + SWARM)
            swarm = sorted(_lags(connection_id))[-SWARM:]
            answers = _answers(shops, began)
    lag, answer = statistics.quantiles(alone, n=20)[-1], statistics.quantiles(answers, n=20)[-1]
    say(
        f"{BUYERS} orders one by one: p50 {statistics.median(alone):.1f} s, p95 {lag:.1f} s, "
        f"at most {max(alone):.1f} s; the last of {SWARM} at once {swarm[-1]:.1f} s"
    )
    say(
        f"{len(answers)} answers of the door: p50 {statistics.median(answers):.0f} ms, p95 {answer:.0f} ms, "
        f"at most {max(answers):.0f} ms"
    )
    return [
        held_against("webhook/order_p95", lag, "s", "limit at p95", MOST_SECONDS, at_most=1.0),
        held_against("webhook/swarm", swarm[-1], "s", "limit at p95", MOST_SECONDS),
        held_against("webhook/answer_p95", answer, "ms", "limit", MOST_ANSWER_MS, at_most=1.0),
    ]


def _without_schedule(connection_id: int) -> None:
    with database().write() as session:
        _, document = settings_in_force(session, connection_id)
        document.schedules.order_import = 0
        store_settings(session, connection_id, document, note="benchmark", now=utc_now())


def _wait(connection_id: int, number: int) -> None:
    """Until so many orders are in PrestaShop."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with database().read() as session:
            orders = session.exec(select(Order).where(Order.connection_id == connection_id)).all()
        if sum(order.stage is OrderStage.IMPORTED for order in orders) == number:
            return
        time.sleep(1)
    found = len(imported(connection_id))
    raise RuntimeError(f"{found} of {number} orders were told and imported within {PATIENCE_SECONDS:.0f} s")


def _lags(connection_id: int) -> list[float]:
    """Seconds from each buyer's click to the order in PrestaShop; a click is known to the second before it."""
    return [
        order.ordered_at.timestamp() - order.created_at.timestamp()
        for order in imported(connection_id)
        if order.ordered_at is not None
    ]


def _answers(shops: Shops, since: float) -> list[float]:
    """Milliseconds the door took for each message."""
    answer = httpx.get(f"{shops.facts['tiktok_url']}/_sandbox/webhooks", timeout=60).raise_for_status()
    deliveries: list[dict[str, Any]] = answer.json()["deliveries"]
    refused = [one for row in deliveries for one in row["tries"] if one["outcome"] != "200"]
    if refused:
        raise RuntimeError(f"the door did not take {len(refused)} messages, the first: {refused[0]['outcome']}")
    return [1_000 * one["took"] for row in deliveries for one in row["tries"] if one["at"] >= since - 1]
