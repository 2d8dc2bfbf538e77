"""Days of a merchant against the simulated shops, judged after every step: `make scenario SEED=7 DAYS=3`.

Both shops and the connector live on one clock that stands still until it is moved. After each step the flows of the
daily work run once, and every SKU on the TikTok simulator is compared with `sandbox.oracle`, which knows nothing of the
connector. A difference may stand only while a lock of the platform keeps it: until the lock ends and, because locks are
looked at again ever more seldom, two hours longer.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox import oracle
from sandbox.prestashop.world import World
from sandbox.scenario import Outcome, Scenario, Step
from sandbox.server import Sandbox
from sandbox.tiktok.world import TikTokWorld

# What a person would have to decide or the orders (a later job) would know:
#   stock that was lowered by hand is left alone, because orders lower it too;
#   shared stock is parked until somebody replays it.
LEFT_OUT = ("hand stock", "shared stock")
# Locks are looked at again after this at the latest (tasks.offer_sending).
LONGEST_WAIT = timedelta(hours=2)


class StandingClock:
    """A time that moves only when told to, begun at a whole minute."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(second=0, microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@dataclass
class Days:
    """The shops on their common clock, and what may still differ for a while."""

    sandbox: Sandbox
    clock: StandingClock
    connection: oracle.Connection
    tolerated: dict[tuple[str, str], datetime] = field(default_factory=dict)
    reserved: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    # What a step works on (sandbox.scenario.BothShops).
    prestashop: World = field(init=False)
    tiktok: TikTokWorld = field(init=False)

    def __post_init__(self) -> None:
        self.prestashop, self.tiktok = self.sandbox.prestashop, self.sandbox.tiktok

    def advance(self, seconds: float) -> datetime:
        return self.clock.advance(seconds)

    def play(self, scenario: Scenario, say: Any = print) -> int:
        """Every step and every moment a price changes by itself; the number of comparisons without a fault.

        Raises:
            AssertionError: a figure differs that should not.
        """
        moments: list[datetime] = []
        compared = 0
        for step in scenario:
            due = self.clock.now + timedelta(seconds=step.wait)
            for moment in sorted(one for one in moments if self.clock.now < one < due):
                # The first minute with the other price, in which no shop writes anything.
                self.clock.now = moment + timedelta(minutes=1)
                self._run_and_compare(f"{step}: a special price begins or ends")
                compared += 1
            moments = [one for one in moments if one >= due]
            outcome = self._apply(step, due)
            moments += outcome.moments
            say(f"{step}")
            for words in outcome.words:
                say(f"    {words}")
            self._run_and_compare(str(step))
            compared += 1
        return compared

    def _apply(self, step: Step, due: datetime) -> Outcome:
        rest = max(0, int((due - self.clock.now).total_seconds()))
        outcome = dataclasses.replace(step, wait=rest).apply(self)
        self.log += [f"{step}", *(f"    {words}" for words in outcome.words)]
        for lock in outcome.locks:
            until = lock.until + LONGEST_WAIT if lock.until else datetime.max.replace(tzinfo=UTC)
            self.tolerated[lock.external_sku_id, lock.field] = until
        self.reserved = outcome.reserved
        return outcome

    def _run_and_compare(self, when: str) -> None:
        from flows.price_stock_sync import price_stock_sync
        from flows.status_sync import status_sync

        status_sync("sandbox")
        done = price_stock_sync("sandbox", full=True)
        if any(failure.code == "price_audit" for failure in done.failures):
            # Of two special prices of one rank PrestaShop takes one by chance: the auditor has found another one taken
            # than ours and goes by PrestaShop's answers from the next run on.
            self.log.append("    the auditor switches to PrestaShop's own prices")
            price_stock_sync("sandbox", full=True)
        wrong = [
            one
            for one in oracle.differences(self.prestashop, self.tiktok, self.connection, reserved=self.reserved)
            if not one.lock
            and not _at_the_cap(one)
            and self.tolerated.get((one.external_sku_id, one.field), self.clock.now) <= self.clock.now
        ]
        if wrong:
            story = "\n".join(self.log[-40:])
            raise AssertionError(f"{when}:\n" + "\n".join(map(str, wrong[:10])) + f"\n\nWhat happened:\n{story}")
        self.clock.advance(60)


def _at_the_cap(one: oracle.Difference) -> bool:
    """More pieces than TikTok Shop takes: it counts down from its own cap, which nobody needs to correct."""
    return one.field == "quantity" and min(int(one.shown), int(one.expected)) > 99_900


@contextmanager
def days(home: Path, *, products: int, seed: int, region: str = "GB", currency: str = "GBP") -> Iterator[Days]:
    """A catalogue that was listed, on a clock of its own; the installation is in `home`."""
    from config.settings import settings
    from console.demo_shop import add_templates, connect_sandbox
    from flows.catalog_upload import catalog_upload
    from models import database as database_module
    from models.database import database
    from tasks.statuses import read_statuses
    from tests.clients_of_a_test import closing_clients

    clock = StandingClock()
    with (
        pytest.MonkeyPatch.context() as patch,
        Sandbox(products=products, seed=seed, region=region, audit_seconds=1.0, clock=clock) as sandbox,
    ):
        patch.setenv("CONNECTOR_HOME", str(home))
        for name in ("TIKTOK_READS", "TIKTOK_WRITES", "PRESTASHOP_CALLS"):
            patch.setenv(f"CONNECTOR_{name}_PER_SECOND", "1000")
        settings.cache_clear()
        database_module._open.cache_clear()
        for name, module in list(sys.modules.items()):
            if name.split(".")[0] in ("tasks", "flows") and hasattr(module, "utc_now"):
                patch.setattr(module, "utc_now", clock)
        with closing_clients(patch):
            database().upgrade()
            connection_id = connect_sandbox(sandbox.settings(), sandbox.auth_code())
            add_templates(connection_id, home / "documents")
            catalog_upload("sandbox")
            clock.advance(3600)
            read_statuses.fn(connection_id, 0)
            warehouse = sandbox.tiktok.shop.default_warehouse
            yield Days(sandbox, clock, oracle.Connection(region, currency, warehouse=warehouse))
            database().dispose()
        settings.cache_clear()
        database_module._open.cache_clear()


def main() -> int:
    """Play a scenario; 0 when every comparison held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--products", type=int, default=60)
    asked = parser.parse_args()
    os.environ |= {"PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    # Only now: Prefect reads the environment when it is first imported.
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    scenario = Scenario(asked.seed, asked.days, without=LEFT_OUT, sales_known=False)
    with (
        tempfile.TemporaryDirectory(prefix="connector-scenario-") as folder,
        prefect_test_harness(),
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
        days(Path(folder), products=asked.products, seed=asked.seed) as played,
    ):
        try:
            compared = played.play(scenario)
        except AssertionError as fault:
            print(f"Seed {asked.seed}: {fault}")
            return 1
    print(
        f"Seed {asked.seed}, {asked.days} days: {compared} comparisons of every SKU, no difference that may not stand."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
