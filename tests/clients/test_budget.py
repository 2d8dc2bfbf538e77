"""The call budget: one purse for all threads and processes, halved on refusal, grown back slowly, held when asked."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from clients.budget import CallBudget, Limits, SharedBudget, Unlimited
from clients.purses import BudgetRow, FilePurse, PostgresPurse, Purse, PurseUnavailable

pytestmark = pytest.mark.slow

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


@pytest.fixture(params=["file", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a purse is, once of each kind: the path of a file, or the URL of an empty database."""
    if request.param == "file":
        return str(tmp_path / "budget.db")
    make: Callable[[str], str] = request.getfixturevalue("empty_postgres")
    return libpq(make(""))


@pytest.fixture
def postgres_place(empty_postgres: Callable[[str], str]) -> str:
    return libpq(empty_postgres(""))


def libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def open_purse(place: str, clock: Callable[[], float] | None = None) -> Purse:
    if place.startswith("postgresql:"):
        return PostgresPurse(place, clock=clock)
    return FilePurse(Path(place), clock=clock or time.time)


@pytest.fixture
def budget(place: str, passing: Time) -> SharedBudget:
    return open_budget(place, passing)


def open_budget(place: str, passing: Time, shop: str = "tiktok:1", limits: Any = LIMITS) -> SharedBudget:
    return SharedBudget(open_purse(place, passing.clock), shop, limits, sleep=passing.sleep)


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


def test_classes_and_shops_have_purses_of_their_own(budget: SharedBudget, place: str, passing: Time) -> None:
    budget.throttled("read", 60)
    before = passing.now
    budget.acquire("write")
    open_budget(place, passing, shop="prestashop:1").acquire("read")
    assert passing.now == before


def test_processes_spend_from_one_purse(place: str, passing: Time) -> None:
    first, second = open_budget(place, passing), open_budget(place, passing)
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


def test_retry_after_holds_every_process(place: str, passing: Time) -> None:
    first, second = open_budget(place, passing), open_budget(place, passing)
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


def test_the_state_outlives_the_process(place: str, passing: Time) -> None:
    first = open_budget(place, passing)
    first.throttled("read", 1)
    first.close()
    assert open_budget(place, passing).snapshot()["read"].rate == 5.0


def test_new_limits_apply_to_what_is_stored(place: str, passing: Time) -> None:
    open_budget(place, passing).acquire("read")
    lower = open_budget(place, passing, limits={"read": Limits(start=2.0, ceiling=3.0)})
    assert lower.snapshot()["read"].rate == 3.0


def test_what_is_used_is_shown(budget: SharedBudget, passing: Time) -> None:
    assert budget.snapshot()["read"].used == 0.0
    calls_in(budget, passing, 25)
    assert budget.snapshot()["read"].used == pytest.approx(10, abs=0.5)
    passing.now += 60
    assert budget.snapshot()["read"].used == 0.0
    assert set(budget.snapshot()) == {"read", "write"}


def test_threads_that_wait_hold_nothing(place: str) -> None:
    waiting, release = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        waiting.set()
        release.wait(30)
        time.sleep(min(seconds, 0.01))

    budget = SharedBudget(open_purse(place), "tiktok:1", LIMITS, sleep=sleep)
    budget.throttled("read", 0.05)
    thread = threading.Thread(target=budget.acquire, args=("read",))
    thread.start()
    assert waiting.wait(30)
    # Neither the object nor the row is locked.
    budget.acquire("write")
    budget.succeeded("read")
    assert set(budget.snapshot()) == {"read", "write"}
    assert open_purse(place).change("tiktok:1", "read", lambda row, _: (row, "free")) == "free"
    release.set()
    thread.join()


def spend(place: str, seconds: float, start: Any, end: Any, results: Any) -> None:
    """Eight threads spend what they can until the end, which the first process sets for all."""
    budget = SharedBudget(open_purse(place), "tiktok:1", {"read": Limits(100.0, 100.0)})
    start.wait()
    with end.get_lock():
        end.value = until = end.value or time.time() + seconds
    calls: list[int] = []

    def work() -> None:
        while True:
            budget.acquire("read")
            if time.time() > until:
                return
            budget.succeeded("read")
            calls.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(len(calls))


def test_real_processes_never_exceed_the_rate_together(place: str) -> None:
    context = multiprocessing.get_context("spawn")
    start, end, results = context.Barrier(4), context.Value("d", 0.0), context.Queue()
    processes = [context.Process(target=spend, args=(place, 1.0, start, end, results)) for _ in range(4)]
    for process in processes:
        process.start()
    calls = sum(results.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    # A second and a burst at a hundred a second; the processes share them.
    assert 20 < calls <= 140


def test_a_forked_child_opens_the_purse_itself(budget: SharedBudget, place: str, passing: Time) -> None:
    budget.acquire("read")
    child = os.fork()
    if child == 0:
        try:
            budget.throttled("read", 1)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert budget.snapshot()["read"].rate == 5.0


def end_sessions(place: str) -> int:
    """What a restart of the database server does to the sessions of others."""
    with psycopg.connect(place) as other:
        ended = other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).fetchall()
    return len(ended)


def test_a_lost_connection_is_opened_again(postgres_place: str, passing: Time) -> None:
    budget = open_budget(postgres_place, passing)
    budget.throttled("read", 1)
    assert end_sessions(postgres_place) == 1
    budget.acquire("read")
    assert budget.snapshot()["read"].rate == 5.0
    budget.close()


def test_a_connection_lost_within_a_change_makes_the_change_again(postgres_place: str) -> None:
    purse, steps = PostgresPurse(postgres_place), []

    def step(row: BudgetRow | None, _now: float) -> tuple[BudgetRow, int]:
        steps.append(row)
        if len(steps) == 1:
            end_sessions(postgres_place)
        return BudgetRow(rate=3.0, calls=1), len(steps)

    assert purse.change("tiktok:1", "read", step) == 2
    assert steps == [None, None]
    assert purse.read("tiktok:1", "read")[0] == BudgetRow(rate=3.0, calls=1)
    purse.close()


def test_a_step_that_fails_leaves_the_purse_usable(place: str) -> None:
    purse = open_purse(place)

    def fail(_row: BudgetRow | None, _now: float) -> tuple[BudgetRow, None]:
        raise LookupError

    with pytest.raises(LookupError):
        purse.change("tiktok:1", "read", fail)
    purse.change("tiktok:1", "read", lambda _row, _now: (BudgetRow(rate=3.0), None))
    assert purse.read("tiktok:1", "read")[0] == BudgetRow(rate=3.0)
    purse.close()


def test_a_database_that_stays_away_is_named_without_its_password() -> None:
    pauses: list[float] = []
    purse = PostgresPurse("postgresql://me:hush@127.0.0.1:1/shop", sleep=pauses.append)
    with pytest.raises(PurseUnavailable, match="Check CONNECTOR_DATABASE_URL") as caught:
        purse.read("tiktok:1", "read")
    assert "hush" not in str(caught.value)
    assert 30 <= sum(pauses) <= 60


def test_the_clock_of_the_purse_is_that_of_the_server(postgres_place: str) -> None:
    purse = PostgresPurse(postgres_place)
    with psycopg.connect(postgres_place) as other:
        before = other.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    assert before is not None
    assert purse.read("tiktok:1", "read")[1] >= before[0]
    purse.close()
