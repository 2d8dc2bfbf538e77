"""Two machines: workers of one pool, what they share on PostgreSQL, and one machine lost in the middle of its work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.engine import Engine, make_url
from sqlmodel import select

from benchmarks.order_shops import imported, open_for_orders, place
from benchmarks.shops import Shops, serving_many
from config.secret_box import new_key
from config.settings import settings
from deployments.prefect_environment import prefect_environment
from models.database import database
from models.orders import Order, OrderStage
from tasks.shops import open_shops
from tests.clients_of_a_test import closing_clients
from tests.conftest import _forget_settings
from tests.deployments.test_up import free_port

pytestmark = pytest.mark.slow

STORES = 4
ORDERS = 10
LOGIN = "admin:open sesame"
ROOT = Path(__file__).parents[2]


class Machines:
    """A Prefect server and workers, each with a home folder of its own."""

    def __init__(self, folder: Path, prefect_database: str) -> None:
        self.folder, self.port = folder, free_port()
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.http = httpx.Client(base_url=f"{self.api}/", auth=httpx.BasicAuth(*LOGIN.split(":", 1)), timeout=30)
        self.server: subprocess.Popen[bytes] = self.start(
            "server",
            ("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)),
            PREFECT_API_DATABASE_CONNECTION_URL=prefect_database,
            PREFECT_SERVER_API_AUTH_STRING=LOGIN,
        )
        self.wait_for(self.healthy)

    def start(self, name: str, module: tuple[str, ...], **more: str) -> subprocess.Popen[bytes]:
        """A process group of its own: a machine that can be lost as a whole."""
        home = self.folder / name
        home.mkdir()
        environment = {
            **os.environ,
            **prefect_environment(settings()),
            "PREFECT_HOME": str(home / "prefect"),
            "CONNECTOR_HOME": str(home),
            "PREFECT_API_URL": self.api,
            "PREFECT_API_AUTH_STRING": LOGIN,
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            **more,
        }
        if name == "server":
            environment.pop("PREFECT_API_URL")
        with (self.folder / f"{name}.log").open("wb") as out:
            return subprocess.Popen(
                [sys.executable, "-m", *module],
                env=environment,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def healthy(self) -> bool:
        try:
            return self.http.get("health").is_success
        except httpx.TransportError:
            return False

    def wait_for(self, what: Callable[[], Any], seconds: float = 240) -> Any:
        """The first truth of `what`."""
        deadline = time.monotonic() + seconds
        while not (answer := what()):
            assert time.monotonic() < deadline, self.logs()
            assert self.server.poll() is None, self.logs()
            time.sleep(0.3)
        return answer

    def logs(self) -> str:
        return "\n".join(f"== {log.name}\n{log.read_text()[-3000:]}" for log in sorted(self.folder.glob("*.log")))

    def post(self, path: str, body: Any) -> Any:
        # A busy server on SQLite asks to be asked again; Prefect's own client does the same.
        answer = self.wait_for(lambda: (given := self.http.post(path, json=body)).status_code != 503 and given)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def run(self, deployment: str, connection: str) -> str:
        body = {"parameters": {"connection": connection}}
        return str(self.post(f"deployments/{deployment}/create_flow_run", body)["id"])


def lose(process: subprocess.Popen[bytes]) -> None:
    """Everything on a machine ends at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


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
def prefect_database(postgres_server: Engine, empty_postgres: Callable[[str], str], tmp_path: Path) -> str:
    """On PostgreSQL too where it has what Prefect needs; the one that comes as a wheel does not."""
    with postgres_server.connect() as connection:
        query = "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'"
        if not connection.exec_driver_sql(query).scalar():
            return f"sqlite+aiosqlite:///{tmp_path / 'prefect.db'}"
    url = make_url(empty_postgres("")).set(drivername="postgresql+asyncpg")
    return url.render_as_string(hide_password=False)


@pytest.fixture
def machines(stores: dict[str, Shops], tmp_path: Path, prefect_database: str) -> Iterator[Machines]:
    folder = tmp_path / "machines"
    folder.mkdir()
    with ExitStack() as ended:
        started = Machines(folder, prefect_database)
        ended.callback(started.http.close)
        ended.callback(lose, started.server)
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
