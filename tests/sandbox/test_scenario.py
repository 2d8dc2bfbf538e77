"""Merchant days: the same again from the seed, every kind of thing happens, and locks last as long as they say."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime

import httpx
import pytest

from sandbox.listings import fill_shelf
from sandbox.oracle import Connection, Difference, differences
from sandbox.prestashop.world import World
from sandbox.scenario import ACTIONS, Lock, Outcome, Scenario
from sandbox.server import Sandbox
from sandbox.tiktok.world import TikTokWorld

pytestmark = pytest.mark.slow

CONNECTION = Connection("GB", "GBP", group=4, threshold=1, backorder=5)


def clock() -> datetime:
    return datetime(2026, 11, 24, 8, 0, 30, tzinfo=UTC)


class Shops:
    """Both worlds with everything listed, and a connector that is never wrong: it does what the oracle says."""

    def __init__(self) -> None:
        self.prestashop = World.generate(80, 1, "8.2", "GB", base_url="http://shop.test", clock=clock)
        self.tiktok = TikTokWorld("GB", 1, clock=clock)
        fill_shelf(self.prestashop, self.tiktok, CONNECTION)

    def advance(self, seconds: float) -> None:
        self.prestashop.advance(seconds)
        self.tiktok.advance(seconds)

    def differences(self, outcome: Outcome) -> list[Difference]:
        return differences(self.prestashop, self.tiktok, CONNECTION, reserved=outcome.reserved)

    def sync(self, outcome: Outcome) -> None:
        for row in self.differences(outcome):
            offer = next(
                p.offers[row.sku_id] for p in self.tiktok.shop.shelf.products.values() if row.sku_id in p.offers
            )
            if row.lock:
                continue
            if row.field == "price":
                offer.price = row.expected
            else:
                offer.stock = dict.fromkeys(offer.stock, 0) | {next(iter(offer.stock)): int(row.expected)}


def play(scenario: Scenario) -> tuple[list[str], list[Difference], list[Lock]]:
    shops, words, left, locks = Shops(), [], [], []
    for step in scenario:
        outcome = step.apply(shops)
        words += [str(step), *outcome.words]
        locks += outcome.locks
        shops.sync(outcome)
        left = shops.differences(outcome)
        # What cannot be put right is covered by a lock that still runs.
        now = shops.tiktok.now()
        for row in left:
            assert any(
                (lock.external_sku_id, lock.field, lock.why) == (row.external_sku_id, row.field, row.lock)
                and (lock.until is None or lock.until > now)
                for lock in locks
            ), (step, row)
    return words, left, locks


def test_a_seed_tells_the_same_story_again() -> None:
    first = play(Scenario(7, 2, connection=CONNECTION))
    assert play(Scenario(7, 2, connection=CONNECTION)) == first
    assert play(Scenario(8, 2, connection=CONNECTION))[0] != first[0]
    assert [str(step) for step in Scenario(7, 2)] == [words for words in first[0] if words.startswith("day")]


@pytest.mark.parametrize("seed", range(3))
def test_only_locks_keep_differences_alive(seed: int) -> None:
    words, _, locks = play(Scenario(seed, 6, connection=CONNECTION))
    assert len(words) > 6 * 8 * 2
    assert {lock.why for lock in locks} >= {"promotion", "campaign"}


def test_sales_prestashop_does_not_know_of_are_named() -> None:
    shops = Shops()
    for step in Scenario(3, 1, connection=CONNECTION, only=["sale"], sales_known=False):
        outcome = step.apply(shops)
        assert outcome.words
        assert outcome.reserved
        # Off the shop's stock, the units ordered are no difference, except where the threshold or backorders count.
        assert len(shops.differences(outcome)) < len(shops.differences(Outcome()))


def test_what_is_shipped_prestashop_knows_of() -> None:
    shops = Shops()
    for step in Scenario(3, 4, connection=CONNECTION, only=["sale", "ship", "cancel"], sales_known=False):
        outcome = step.apply(shops)
        shops.sync(outcome)
        assert shops.differences(outcome) == []
    states = {order.state for order in shops.tiktok.shop.center.orders.values()}
    assert states == {"OPEN", "SHIPPED", "CANCELLED"}


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_finds_something_to_do(name: str) -> None:
    shops = Shops()
    product = next(iter(shops.tiktok.shop.shelf.products.values()))
    shops.tiktok.shop.center.start_promotion(product.id)
    shops.tiktok.order(product.id, next(iter(product.offers)))
    steps = Scenario(5, 2, connection=CONNECTION, only=[name])
    assert any(step.apply(shops).words for step in steps)


def test_moments_at_which_prices_change_by_themselves_are_named() -> None:
    shops = Shops()
    for step in Scenario(5, 1, connection=CONNECTION, only=["special"]):
        for moment in step.apply(shops).moments:
            assert moment > shops.prestashop.time()


def test_unknown_actions_are_refused() -> None:
    with pytest.raises(ValueError, match="no such actions: earthquake"):
        Scenario(1, 1, without=["earthquake"])


def test_a_running_sandbox_is_a_stage() -> None:
    with Sandbox(products=20) as sandbox:
        fill_shelf(sandbox.prestashop, sandbox.tiktok, Connection("GB", "GBP"))
        before = sandbox.now()
        for step in Scenario(1, 1):
            assert step.apply(sandbox).words is not None
        assert 0 < (sandbox.now() - before).total_seconds() <= 86_460


def test_a_step_may_come_while_the_shop_is_asked() -> None:
    with Sandbox(products=200) as sandbox, httpx.Client(trust_env=False, auth=(sandbox.prestashop_key, "")) as client:
        fill_shelf(sandbox.prestashop, sandbox.tiktok, Connection("GB", "GBP"))
        ended = threading.Event()
        statuses: Counter[int] = Counter()

        def ask() -> None:
            while not ended.is_set():
                for resource in ("products", "combinations", "stock_availables", "specific_prices"):
                    query = {"display": "full", "output_format": "JSON", "filter[id]": ">[0]"}
                    statuses[client.get(f"{sandbox.prestashop_url}/api/{resource}", params=query).status_code] += 1

        asking = threading.Thread(target=ask)
        asking.start()
        for step in Scenario(2, 4):
            step.apply(sandbox)
        ended.set()
        asking.join()
    assert statuses.keys() == {200}
