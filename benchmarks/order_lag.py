"""From the moment an order may be imported to its order in PrestaShop, by the schedule alone.

The flow runs once a minute of the shops' time, as the default schedule has it: between two runs the clocks of both
shops and of this process are moved on by what is left of the minute, so that half an hour passes in two minutes while
each run takes the time it really takes. Buyers order at random moments of every minute; some pay later, and some
ordered an hour ago and were on hold since then: their time begins when TikTok Shop lets the order go. The shop takes
the time measured on a real one.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
from sqlmodel import select

from benchmarks.order_shops import PLAIN, open_for_orders, place
from benchmarks.results import Figure, held_against
from benchmarks.shops import Shops, say, serving
from flows.order_import import order_import
from models.database import database
from models.orders import Order, OrderStage

PRODUCTS = 500
EVERY = 60.0
# Minutes in which buyers order and holds end, and how many of each; then those that pay within ten minutes are waited
# for.
MINUTES = 20
A_MINUTE = 8
ENDING_A_MINUTE = 3
PAYING = 12
HOLD = 3_600
MIX = {**PLAIN, "unpaid": 0.06, "returning": 0.25}
HELD = {**PLAIN, "on_hold": 1.0, "returning": 0.25}
MOST_SECONDS = 300.0


class Clock:
    """The real time, and what it was moved by."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset

    @contextmanager
    def ruling(self) -> Iterator[None]:
        """Be the clock of all tasks and flows."""
        before = {
            module: module.utc_now
            for name, module in list(sys.modules.items())
            if name.split(".")[0] in ("tasks", "flows") and hasattr(module, "utc_now")
        }
        for module in before:
            module.utc_now = self  # type: ignore[attr-defined]
        try:
            yield
        finally:
            for module, utc_now in before.items():
                module.utc_now = utc_now  # type: ignore[attr-defined]


def run() -> Sequence[Figure]:
    """Half an hour of the schedule."""
    clock = Clock()
    with serving(products=PRODUCTS, seed=1, timing="measured", listed=True) as shops:
        # Its clients go on signing by the real time, which is what signatures are checked against.
        connection_id = open_for_orders(shops)
        with clock.ruling():
            placed, longest = _pass_time(shops, clock)
    lags = _lags(connection_id, placed)
    p50, p99 = statistics.median(lags), statistics.quantiles(lags, n=100)[-1]
    say(f"{len(lags)} orders, runs of {longest:.1f} s at most: median {p50:.0f} s, p99 {p99:.0f} s, {lags[-1]:.0f} s")
    return [
        held_against("order_lag/median", p50, "s", "the schedule's interval", EVERY),
        held_against("order_lag/p99", p99, "s", "limit at p99", MOST_SECONDS, at_most=1.0),
    ]


def _pass_time(shops: Shops, clock: Clock) -> tuple[int, float]:
    """Let buyers order and the schedule run; how many did, and the seconds of the longest run."""
    span = int(MINUTES * EVERY)
    placed, longest = place(shops, ENDING_A_MINUTE * MINUTES, over=span, mix=HELD, seed=1), 0.0
    order_import("sandbox")
    _advance(shops, clock, HOLD - span)
    for turn in range(MINUTES + PAYING):
        if turn < MINUTES:
            placed += place(shops, A_MINUTE, over=int(EVERY), mix=MIX, seed=turn + 2)
        began = time.monotonic()
        order_import("sandbox")
        spent = time.monotonic() - began
        longest = max(longest, spent)
        _advance(shops, clock, EVERY - spent)
    return placed, longest


def _advance(shops: Shops, clock: Clock, seconds: float) -> None:
    span = max(0.0, seconds)
    for url in (shops.facts["tiktok_url"], shops.facts["prestashop_url"]):
        httpx.post(f"{url}/_sandbox/advance", json={"seconds": span}).raise_for_status()
    clock.offset += timedelta(seconds=span)


def _lags(connection_id: int, placed: int) -> list[float]:
    """Seconds of each order that was paid, the shortest first.

    The update time of an order that nobody touched since is the moment it was let go.
    """
    with database().read() as session:
        orders = session.exec(select(Order).where(Order.connection_id == connection_id)).all()
    left = Counter(order.parked_code or order.stage.value for order in orders if order.stage is not OrderStage.IMPORTED)
    # Some are never paid.
    if len(orders) != placed or left.keys() - {OrderStage.SEEN.value}:
        raise RuntimeError(f"of {placed} orders {len(orders)} were read, and not imported: {dict(left)}")
    lags = sorted(order.ordered_at.timestamp() - order.update_time for order in orders if order.ordered_at is not None)
    if lags[0] < -1:
        raise RuntimeError(f"an order was made {-lags[0]:.0f} s before TikTok Shop let it go")
    return lags
