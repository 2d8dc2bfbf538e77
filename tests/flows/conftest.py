"""A shop that was uploaded once: every test of prices and stock begins from a copy of it, with a clock it can move."""

from __future__ import annotations

import copy
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import stamina
from prefect import Task

from config.settings import settings
from console.demo_shop import add_templates, connect_sandbox
from flows.catalog_upload import catalog_upload
from flows.order_import import order_import
from models import database as database_module
from models.database import database
from sandbox.server import Sandbox
from tasks.statuses import read_statuses
from tests.clients_of_a_test import closing_clients
from tests.flows.keeping_step import Listed, MovedClock, Sent
from tests.flows.orders import Trade

PRODUCTS, SEED = 24, 3
LOCKS = (type(threading.Lock()), type(threading.RLock()))


def fast_installation(patch: pytest.MonkeyPatch, home: Path) -> None:
    """An installation in that folder whose call budget is no hindrance."""
    patch.setenv("CONNECTOR_HOME", str(home))
    for name in ("TIKTOK_READS", "TIKTOK_WRITES", "PRESTASHOP_CALLS"):
        patch.setenv(f"CONNECTOR_{name}_PER_SECOND", "1000")
    settings.cache_clear()
    database_module._open.cache_clear()


@dataclass
class Uploaded:
    """Both simulated shops and the installation as they were right after the upload."""

    sandbox: Sandbox
    clock: MovedClock
    home: Path
    connection_id: int
    state: dict[str, dict[str, Any]]

    @classmethod
    def shared(cls, sandbox: Sandbox, clock: MovedClock) -> dict[int, Any]:
        """What a copy of the shops' state goes on using: locks, the clock, the shops themselves, who delivers."""
        worlds = (sandbox.prestashop, sandbox.tiktok)
        locks = [one for world in worlds for one in vars(world).values() if isinstance(one, LOCKS)]
        return {
            id(one): one
            for one in (*worlds, *locks, sandbox.faults, sandbox.tiktok.faults, sandbox.tiktok.webhooks, clock)
        }

    @classmethod
    def snapshot(cls, sandbox: Sandbox, clock: MovedClock) -> dict[str, dict[str, Any]]:
        """A copy of both shops' state."""
        return {
            name: copy.deepcopy(vars(getattr(sandbox, name)), cls.shared(sandbox, clock))
            for name in ("prestashop", "tiktok")
        }

    def restore(self) -> None:
        """Put both shops back to where they were."""
        self.clock.reset()
        self.sandbox.faults.clear()
        for name, state in self.state.items():
            vars(getattr(self.sandbox, name)).update(
                copy.deepcopy(state, self.shared(self.sandbox, self.clock)),
            )


@pytest.fixture(scope="session")
def uploaded(prefect: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Uploaded]:
    """24 products in Great Britain, uploaded and live."""
    home, clock = tmp_path_factory.mktemp("uploaded") / "home", MovedClock()
    with (
        pytest.MonkeyPatch.context() as patch,
        Sandbox(products=PRODUCTS, seed=SEED, audit_seconds=600.0, clock=clock) as box,
    ):
        fast_installation(patch, home)
        with closing_clients(patch):
            database().upgrade()
            connection_id = connect_sandbox(box.settings(), box.auth_code())
            add_templates(connection_id, home / "documents")
            catalog_upload("sandbox")
            box.tiktok.advance(3600)
            read_statuses.fn(connection_id, 0)
            database().dispose()
        box.tiktok.calls.clear()
        settings.cache_clear()
        yield Uploaded(box, clock, home, connection_id, Uploaded.snapshot(box, clock))


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients try as often as in production without the waiting in between, tasks once: the next run is the retry."""
    stamina.set_testing(True, attempts=7, cap=True)
    for name, module in list(sys.modules.items()):
        if name.startswith("tasks."):
            for one in vars(module).values():
                if isinstance(one, Task):
                    monkeypatch.setattr(one, "retries", 0)
    yield
    stamina.set_testing(False)


@pytest.fixture
def listed(
    uploaded: Uploaded, installation: Path, monkeypatch: pytest.MonkeyPatch, no_waiting: None
) -> Iterator[Listed]:
    """That shop for one test, whatever the tests before did to it."""
    shutil.copytree(uploaded.home, installation)
    fast_installation(monkeypatch, installation)
    uploaded.restore()
    uploaded.clock.rule(monkeypatch)
    with closing_clients(monkeypatch):
        yield Listed(uploaded.sandbox, uploaded.connection_id, uploaded.clock, Sent.watched(monkeypatch))
    uploaded.sandbox.faults.clear()


@pytest.fixture(scope="session")
def ordered(uploaded: Uploaded, tmp_path_factory: pytest.TempPathFactory) -> tuple[Uploaded, list[str]]:
    """That shop when three orders were placed and imported, of one, two and three units; and their ids."""
    home = tmp_path_factory.mktemp("ordered") / "home"
    shutil.copytree(uploaded.home, home)
    uploaded.restore()
    with pytest.MonkeyPatch.context() as patch:
        fast_installation(patch, home)
        with closing_clients(patch):
            uploaded.sandbox.prestashop.add_fee_product()
            trade = Trade(uploaded.sandbox, uploaded.connection_id, uploaded.clock, Sent(), [])
            placed = [trade.place(*quantities).id for quantities in ((1,), (1, 1), (2, 1))]
            order_import("sandbox")
            database().dispose()
    settings.cache_clear()
    uploaded.sandbox.tiktok.calls.clear()
    state = Uploaded.snapshot(uploaded.sandbox, uploaded.clock)
    return replace(uploaded, home=home, state=state), placed


@pytest.fixture
def trade(
    ordered: tuple[Uploaded, list[str]], installation: Path, monkeypatch: pytest.MonkeyPatch, no_waiting: None
) -> Iterator[Trade]:
    """Those orders for one test; the carrier they were imported with is Evri."""
    shop, placed = ordered
    shutil.copytree(shop.home, installation)
    fast_installation(monkeypatch, installation)
    shop.restore()
    shop.clock.rule(monkeypatch)
    with closing_clients(monkeypatch):
        found = Trade(shop.sandbox, shop.connection_id, shop.clock, Sent(), placed)
        found.map_carrier(found.carrier_of(found.order(0)))
        yield found
    shop.sandbox.faults.clear()
