"""Two machines: workers of one pool, what they share on PostgreSQL, and one machine lost in the middle of its work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from benchmarks.machines import ROOT, Machines, lose
from benchmarks.order_shops import imported, open_for_orders, place
from benchmarks.postgres import prefect_database
from benchmarks.shops import Shops, serving_many
from config.secret_box import new_key
from models.database import database
from models.orders import Order, OrderStage
from tasks.shops import open_shops
from tests.clients_of_a_test import closing_clients
from tests.conftest import _forget_settings

pytestmark = pytest.mark.slow

STORES = 4
ORDERS = 10


@pytest.fixture
def stores(
    empty_postgres: Callable[[str], str], postgres_template: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Shops]]:
    """Shops as slow as real ones, connected to an installation on PostgreSQL."""
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", empty_postgres(postgres_template))
    monkeypatch.setenv("CONNECTOR_SECRET_KEY", new_key())
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    _forget_settings()
    with (
        serving_many(STORES, products=30, seed=1, timing="measured", listed=True) as shops,
        closing_clients(monkeypatch),
    ):
        yield {f"store{number}": one for number, one in enumerate(shops)}


@pytest.fixture
def machines(stores: dict[str, Shops], tmp_path: Path) -> Iterator[Machines]:
    folder = tmp_path / "machines"
    folder.mkdir()
    with prefect_database(folder) as url, Machines(folder, url) as started:
        yield started


def imports() -> int:
    """Orders of all stores that are in PrestaShop, with everything done."""
    with database().read() as session:
        return list(session.exec(select(Order.stage))).count(OrderStage.IMPORTED)


def test_orders_are_neither_lost_nor_doubled_when_a_machine_is_lost(
    stores: dict[str, Shops], machines: Machines
) -> None:
    connections = {name: open_for_orders(shops, name) for name, shops in stores.items()}
    before = {name: len(open_shops(key).prestashop.ids("orders")) for name, key in connections.items()}
    placed = {name: place(shops, ORDERS, over=200, seed=1) for name, shops in stores.items()}
    deploy = machines.start("deploy", ("console", "deploy", "--pool", "machines"))
    assert deploy.wait(180) == 0, machines.logs()
    rows = machines.post("deployments/filter", {"deployments": {"name": {"any_": ["on demand"]}}})
    [deployment] = [row["id"] for row in rows if row["entrypoint"].endswith(".order_import")]
    # Only what this test asks for is to run.
    for row in machines.post("deployments/filter", {}):
        if row["name"] != "on demand":
            machines.post(f"deployments/{row['id']}/pause_deployment", {})
    worker = ("prefect", "worker", "start", "--pool", "machines", "--limit", "2")
    lost, kept = machines.start("one", worker), machines.start("two", worker)
    try:
        for name in connections:
            machines.run(deployment, name)
        machines.wait_for(lambda: imports() >= 3)
        lose(lost)
        for name in connections:
            machines.run(deployment, name)
        machines.wait_for(lambda: imports() == sum(placed.values()), seconds=400)
    finally:
        for process in (lost, kept):
            if process.poll() is None:
                lose(process)
    for name, key in connections.items():
        orders = imported(key)
        assert len(orders) == placed[name]
        assert len({order.id_order for order in orders}) == placed[name]
        assert len(open_shops(key).prestashop.ids("orders")) - before[name] == placed[name], "an order twice"
    assert "Traceback" not in (machines.folder / "two.log").read_text(), machines.logs()
