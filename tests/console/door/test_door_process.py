"""`connector door` as a process on a port of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from benchmarks.installation import free_port
from models.database import Database
from models.webhooks import Webhook
from tasks.cron import cron_jobs
from tests.door_messages import APP_SECRET, message, signed

pytestmark = pytest.mark.slow


@contextmanager
def running(log: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = free_port()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "console", "door", "--port", str(port)],
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).parents[3]),
                "PREFECT_API_URL": "http://127.0.0.1:9/api",
                **environment,
            },
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        while process.poll() is None:
            try:
                httpx.get(f"{address}/health", timeout=20)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield process, address
    finally:
        process.kill()
        process.wait()


def test_over_a_real_port(main: int, sqlite_database: Database, tmp_path: Path) -> None:
    key = cron_jobs("main")[0].key
    log = tmp_path / "door.log"
    with running(log, CONNECTOR_LOG_LEVEL="DEBUG", CONNECTOR_DEBUG_EXCHANGES="true") as (process, address):
        healthy = httpx.get(f"{address}/health", timeout=60)
        # No Prefect server runs.
        assert (healthy.status_code, healthy.json()["database"], healthy.json()["prefect"]) == (503, True, False)
        body = message(1, {"order_id": "5"}, sent=time.time())
        answer = httpx.post(f"{address}/tiktok/webhooks", content=body, headers=signed(body), timeout=60)
        assert (answer.status_code, "server" in answer.headers) == (200, False)
        assert (
            httpx.post(
                f"{address}/tiktok/webhooks", content=body, headers={"Authorization": "0"}, timeout=60
            ).status_code
            == 401
        )
        large = (b"x" * 1000 for _ in range(100))
        with pytest.raises(httpx.HTTPError):
            httpx.post(f"{address}/tiktok/webhooks", content=large).raise_for_status()
        assert httpx.get(f"{address}/cron/main/order_import?key={key}", timeout=60).status_code == 503
        assert (
            httpx.get(f"{address}/tiktok/callback?code=secret-code&state=secret-state", timeout=60).status_code == 400
        )
        assert "connector_up 1.0" in httpx.get(f"{address}/metrics", timeout=60).text
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    with sqlite_database.read() as session:
        (row,) = session.exec(select(Webhook)).all()
    assert (row.objects, row.handled_at) == (["5"], None)
    said = log.read_text()
    assert "The door is open" in said
    for secret in (key, APP_SECRET, "secret-code", "secret-state", "Traceback"):
        assert secret not in said


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"CONNECTOR_DOOR_HOST": "0.0.0.0"}, "Put a long random text into CONNECTOR_DOOR_TOKEN"),
        ({"CONNECTOR_DOOR_HOST": "192.0.2.1", "CONNECTOR_DOOR_TOKEN": "x"}, "cannot listen on 192.0.2.1"),
    ],
)
def test_it_says_why_it_does_not_start(main: int, tmp_path: Path, environment: dict[str, str], told: str) -> None:
    with running(tmp_path / "door.log", **environment) as (process, _):
        assert process.wait() == 2
    said = " ".join((tmp_path / "door.log").read_text().split())
    assert told in said
    assert "Traceback" not in said
