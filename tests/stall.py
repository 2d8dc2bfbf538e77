"""A small market stall: the sandbox, a connection to it, templates for its catalogue, Prefect's test harness."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.settings import settings
from console.demo_shop import add_templates, connect_sandbox
from flows.catalog_upload import catalog_upload
from models.database import database
from sandbox.faults import Faults
from sandbox.server import Sandbox
from sandbox.tiktok.shelf import Product
from tasks.report import RunResult
from tests.clients_of_a_test import closing_clients
from tests.shared_prefect import prefect_of_tests


@pytest.fixture(scope="session")
def prefect() -> Iterator[None]:
    """One Prefect server for all tests of this process."""
    with prefect_of_tests():
        yield


@dataclass
class Stall:
    """A connection ready to upload, and the world behind it."""

    sandbox: Sandbox
    connection_id: int

    def upload(self, **parameters: Any) -> RunResult:
        """Run the flow."""
        result: RunResult = catalog_upload("sandbox", **parameters)
        return result

    @property
    def shelf(self) -> dict[str, Product]:
        """What is on TikTok Shop, by product id."""
        self.sandbox.tiktok.shop.shelf.settle()
        return self.sandbox.tiktok.shop.shelf.products

    def on_tiktok(self) -> dict[str, Product]:
        """What is on TikTok Shop, by external product id; two of one would be a double listing."""
        found: dict[str, Product] = {}
        for product in self.shelf.values():
            external = str(product.newest["external_product_id"])
            assert external not in found, f"{external} is listed twice"
            found[external] = product
        return found

    def calls(self, path: str) -> int:
        """How many calls the TikTok simulator took of endpoints whose name holds `path`."""
        return sum(number for name, number in self.sandbox.tiktok.calls.items() if path in str(name))

    def faults(self, text: str) -> None:
        """Switch faults on, or off with an empty text."""
        self.sandbox.faults.set(Faults.parse(text, seed=7).rules if text else [])

    def finish_audits(self) -> None:
        """Let every running audit end."""
        self.sandbox.tiktok.advance(3600)


@pytest.fixture
def open_stall(prefect: None, installation: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stall]]:
    """Makes stalls; each ends with its test."""
    for name in ("TIKTOK_READS", "TIKTOK_WRITES", "PRESTASHOP_CALLS"):
        monkeypatch.setenv(f"CONNECTOR_{name}_PER_SECOND", "1000")
    settings.cache_clear()
    opened: list[Sandbox] = []

    def make(**arguments: Any) -> Stall:
        sandbox = Sandbox(**{"products": 24, "seed": 3, "audit_seconds": 600.0, **arguments})
        opened.append(sandbox.__enter__())
        database().upgrade()
        connection_id = connect_sandbox(sandbox.settings(), sandbox.auth_code())
        add_templates(connection_id, installation / "documents")
        return Stall(sandbox, connection_id)

    with closing_clients(monkeypatch):
        yield make
    for sandbox in opened:
        sandbox.__exit__(None, None, None)


@pytest.fixture
def stall(open_stall: Callable[..., Stall]) -> Stall:
    """A stall in Great Britain with 24 products."""
    return open_stall()
