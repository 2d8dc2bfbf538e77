"""The call budget: one purse for all threads and processes, halved on refusal, grown back slowly, held when asked."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import threading
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from clients.budget import CallBudget, Limits, SharedBudget, Unlimited

LIMITS = {"read": Limits(start=10.0, ceiling=20.0, floor=1.0), "write": Limits(start=4.0, ceiling=8.0, floor=0.5)}


class Time:
    """Unix time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0
        self.lock = threading.Lock()

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        with self.lock:
            self.now += seconds


@pytest.fixture
def passing() -> Time:
    return Time()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "budget.db"


@pytest.fixture
def budget(path: Path, passing: Time) -> SharedBudget:
    return open_budget(path, passing)


def open_budget(path: Path, passing: Time, shop: str = "tiktok:1", limits: Any = LIMITS) -> SharedBudget:
    return SharedBudget(path, shop, limits, sleep=passing.sleep, clock=passing.clock)


def calls_in(budget: SharedBudget, passing: Time, seconds: float, name: str = "read") -> int:
    """How many calls get through."""
    end, calls = passing.now + seconds, 0
    while True:
        budget.acquire(name)
        if passing.now > end:
            return calls
        calls += 1


def test_both_budgets_keep_the_protocol(budget: SharedBudget) -> None:
    kept: list[CallBudget] = [budget, Unlimited()]
    for each in kept:
        each.acquire("read")
        each.succeeded("read")
        each.throttled("read", None)


def test_calls_are_spread_at_the_rate(budget: SharedBudget, passing: Time) -> None:
    # Ten a second, and one more for the credit of a rested budget.
    assert calls_in(budget, passing, 10) in (100, 101, 102)


def test_a_rested_budget_does_not_burst(budget: SharedBudget, passing: Time) -> None:
    budget.acquire("read")
    passing.now += 3600
    before = passing.now
    budget.acquire("read")
    budget.acquire("read")
    assert passing.now == before
    budget.acquire("read")
    assert passing.now == pytest.approx(before + 0.1, abs=0.002)


def test_classes_and_shops_have_purses_of_their_own(budget: SharedBudget, path: Path, passing: Time) -> None:
    budget.throttled("read", 60)
    before = passing.now
    budget.acquire("write")
    open_budget(path, passing, shop="prestashop:1").acquire("read")
    assert passing.now == before


def test_processes_spend_from_one_purse(path: Path, passing: Time) -> None:
    first, second = open_budget(path, passing), open_budget(path, passing)
    start, calls = passing.now, 0
    while passing.now < start + 10:
        first.acquire("read")
        second.acquire("read")
        calls += 2
    assert calls == pytest.approx(100, abs=4)


def test_a_refusal_halves_the_rate(budget: SharedBudget) -> None:
    budget.throttled("read", 1)
    assert budget.snapshot()["read"].rate == 5.0


def test_refusals_of_calls_already_on_their_way_count_once(budget: SharedBudget, passing: Time) -> None:
    for _ in range(8):
        budget.throttled("read", 0)
        passing.now += 0.1
    assert budget.snapshot()["read"].rate == 5.0
    passing.now += 0.3
    budget.throttled("read", 0)
    assert budget.snapshot()["read"].rate == 2.5


def test_the_rate_never_falls_below_its_floor(budget: SharedBudget, passing: Time) -> None:
    for _ in range(10):
        budget.throttled("read", 0)
        passing.now += 2
    assert budget.snapshot()["read"].rate == 1.0


def test_the_rate_grows_back_by_a_fixed_step_a_second(budget: SharedBudget, passing: Time) -> None:
    budget.throttled("read", 0)
    passing.now += 1
    rates = []
    for _ in range(3):
        end = passing.now + 5
        while passing.now < end:
            budget.acquire("read")
            budget.succeeded("read")
        rates.append(budget.snapshot()["read"].rate)
    # Two hundredths of the ceiling a second: 0.4, so 2 in five seconds.
    assert rates == pytest.approx([7.0, 9.0, 11.0], abs=0.3)


def test_the_rate_never_grows_above_its_ceiling(budget: SharedBudget) -> None:
    for _ in range(1000):
        budget.acquire("read")
        budget.succeeded("read")
    assert budget.snapshot()["read"].rate == 20.0


def test_successes_of_calls_sent_before_the_refusal_do_not_count(budget: SharedBudget, passing: Time) -> None:
    for _ in range(50):
        budget.succeeded("read")
    budget.throttled("read", 1)
    budget.acquire("read")
    assert budget.snapshot()["read"].rate == 5.0


def test_retry_after_holds_every_process(path: Path, passing: Time) -> None:
    first, second = open_budget(path, passing), open_budget(path, passing)
    first.throttled("read", 7.5)
    before = passing.now
    assert second.snapshot()["read"].held_until == datetime.fromtimestamp(before + 7.5, UTC)
    second.acquire("read")
    assert passing.now == pytest.approx(before + 7.5, abs=0.002)
    assert second.snapshot()["read"].held_until is None


def test_a_shorter_hold_does_not_cut_a_longer_one(budget: SharedBudget, passing: Time) -> None:
    before = passing.now
    budget.throttled("read", 30)
    budget.throttled("read", 1)
    budget.acquire("read")
    assert passing.now == pytest.approx(before + 30, abs=0.002)


def test_without_retry_after_the_hold_doubles_while_refusals_go_on(budget: SharedBudget, passing: Time) -> None:
    holds = []
    for _ in range(8):
        before = passing.now
        budget.throttled("read", None)
        budget.acquire("read")
        holds.append(round(passing.now - before))
    assert holds == [1, 2, 4, 8, 16, 32, 60, 60]
    budget.succeeded("read")
    budget.acquire("read")
    before = passing.now
    passing.now += 1
    budget.throttled("read", None)
    budget.acquire("read")
    assert round(passing.now - before) == 2


def test_after_a_hold_calls_set_off_one_by_one(budget: SharedBudget, passing: Time) -> None:
    budget.throttled("read", 10)
    starts = []
    for _ in range(4):
        budget.acquire("read")
        starts.append(passing.now)
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert gaps == pytest.approx([0.2] * 3, abs=0.005)


def test_a_clock_that_is_set_back_does_no_harm(budget: SharedBudget, passing: Time) -> None:
    calls_in(budget, passing, 2)
    budget.throttled("write", 5)
    passing.now -= 1_000_000
    before = passing.now
    budget.acquire("read")
    assert passing.now - before < 1
    budget.acquire("write")
    assert passing.now - before < 1
    assert budget.snapshot()["write"].held_until is None
    budget.throttled("write", 0)
    assert budget.snapshot()["write"].rate == 1.0


def test_the_state_outlives_the_process(path: Path, passing: Time) -> None:
    first = open_budget(path, passing)
    first.throttled("read", 1)
    first.close()
    assert open_budget(path, passing).snapshot()["read"].rate == 5.0


def test_new_limits_apply_to_what_is_stored(path: Path, passing: Time) -> None:
    open_budget(path, passing).acquire("read")
    lower = open_budget(path, passing, limits={"read": Limits(start=2.0, ceiling=3.0)})
    assert lower.snapshot()["read"].rate == 3.0


def test_what_is_used_is_shown(budget: SharedBudget, passing: Time) -> None:
    assert budget.snapshot()["read"].used == 0.0
    calls_in(budget, passing, 25)
    assert budget.snapshot()["read"].used == pytest.approx(10, abs=0.5)
    passing.now += 60
    assert budget.snapshot()["read"].used == 0.0
    assert set(budget.snapshot()) == {"read", "write"}


def test_threads_that_wait_hold_nothing(path: Path) -> None:
    waiting, release = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        waiting.set()
        release.wait(30)
        time.sleep(min(seconds, 0.01))

    budget = SharedBudget(path, "tiktok:1", LIMITS, sleep=sleep)
    budget.throttled("read", 0.05)
    thread = threading.Thread(target=budget.acquire, args=("read",))
    thread.start()
    assert waiting.wait(30)
    # Neither the object nor the file is locked.
    budget.acquire("write")
    budget.succeeded("read")
    assert set(budget.snapshot()) == {"read", "write"}
    with sqlite3.connect(path, timeout=0) as other:
        other.execute("BEGIN IMMEDIATE")
    other.close()
    release.set()
    thread.join()


def spend(path: Path, seconds: float, start: Any, results: Any) -> None:
    """Eight threads spend what they can."""
    budget = SharedBudget(path, "tiktok:1", {"read": Limits(100.0, 100.0)})
    start.wait()
    end, calls = time.time() + seconds, []

    def work() -> None:
        while True:
            budget.acquire("read")
            if time.time() > end:
                return
            budget.succeeded("read")
            calls.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(len(calls))


def test_real_processes_never_exceed_the_rate_together(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(2), context.Queue()
    processes = [context.Process(target=spend, args=(path, 1.0, start, results)) for _ in range(2)]
    for process in processes:
        process.start()
    calls = sum(results.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    # A second and a burst at a hundred a second; both processes have their share of it.
    assert 20 < calls <= 140


def test_a_forked_child_opens_the_file_itself(budget: SharedBudget, path: Path, passing: Time) -> None:
    budget.acquire("read")
    child = os.fork()
    if child == 0:
        try:
            budget.throttled("read", 1)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert budget.snapshot()["read"].rate == 5.0
