"""How much of the TikTok Shop call budget an upload uses from its first write to its last.

The budget adapts: it starts at a rate and grows to twice that while the shop takes every call. So what it allowed is
the rate it showed, added up over time. Every write asks the budget first; the times of these permissions are the calls.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from benchmarks.results import Figure, held_against
from benchmarks.shops import connect, make_ready, say, serving
from clients.budget import CallBudget, SharedBudget
from config.settings import settings
from flows.catalog_upload import catalog_upload
from tasks.shops import call_budget

PRODUCTS = 200
SAMPLED_EVERY = 0.25


@dataclass(slots=True)
class Spending:
    """Times of the write calls, and the rate that was allowed when."""

    calls: list[float] = field(default_factory=list)
    rates: list[tuple[float, float]] = field(default_factory=list)

    @contextmanager
    def watched(self, budget: SharedBudget) -> Iterator[None]:
        """Note what is taken out of any budget of this process, and the rate of this one."""
        acquire, ended = SharedBudget.acquire, threading.Event()

        def noted(spent: SharedBudget, endpoint_class: str) -> None:
            acquire(spent, endpoint_class)
            if endpoint_class == "write":
                self.calls.append(time.monotonic())

        def sample() -> None:
            while not ended.wait(SAMPLED_EVERY):
                self.rates.append((time.monotonic(), budget.snapshot()["write"].rate))

        SharedBudget.acquire = noted  # type: ignore[method-assign, assignment]
        sampler = threading.Thread(target=sample, daemon=True)
        sampler.start()
        try:
            yield
        finally:
            SharedBudget.acquire = acquire  # type: ignore[method-assign]
            ended.set()
            sampler.join()

    def allowed(self) -> float:
        """Calls the budget would have let through between the first write and the last."""
        first, last = self.calls[0], self.calls[-1]
        steps = [(first, self.rates[0][1]), *(one for one in self.rates if first < one[0] < last), (last, 0.0)]
        return sum(rate * (until - since) for (since, rate), (until, _) in pairwise(steps))


def run() -> Sequence[Figure]:
    """One upload of a new catalogue, with the write budget the bottleneck."""
    with serving(products=PRODUCTS, seed=1) as shops:
        connection_id = connect(shops)
        make_ready(connection_id)
        budget: CallBudget = call_budget(settings(), f"tiktok:{connection_id}")
        assert isinstance(budget, SharedBudget)
        spending, before = Spending(), shops.tiktok_writes()
        with spending.watched(budget):
            catalog_upload("sandbox")
        sent = shops.tiktok_writes() - before
    spent = sorted(spending.calls)
    if sent != len(spent):
        raise RuntimeError(f"the shop took {sent} writes, the budget let {len(spent)} through")
    say(f"{sent} writes in {spent[-1] - spent[0]:.1f} s, up to {max(rate for _, rate in spending.rates):.1f} a second")
    return [
        held_against(
            "budget/upload", sent - 1, "writes", "what the adaptive budget allowed", spending.allowed(), at_least=0.9
        )
    ]
