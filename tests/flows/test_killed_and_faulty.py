"""The upload killed with SIGKILL in the middle, and under every fault of the sandbox at once: nothing twice or lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import stamina
from sqlmodel import col, select

from clients.errors import ShopError
from models.database import database
from models.listings import Assignment, Change, ChangeState, Listing
from sandbox.faults import KINDS
from tests.stall import Stall

pytestmark = pytest.mark.slow


def expect_complete(stall: Stall) -> None:
    """Every product that is ready is on TikTok Shop once, is recorded, and nothing is left open."""
    with database().read() as session:
        ready = set(session.exec(select(Assignment.id_product).where(Assignment.content_hash != "")))
        listed = set(session.exec(select(Listing.id_product)))
        left = session.exec(
            select(Change.id).where(col(Change.state).in_([ChangeState.PLANNED, ChangeState.SENT]))
        ).all()
        parked = session.exec(select(Change.code, Change.cause).where(Change.state == ChangeState.PARKED)).all()
    assert not parked
    assert not left
    assert listed == ready
    assert set(stall.on_tiktok()) == {f"ps-1:{id_product}" for id_product in ready}


def start_upload() -> subprocess.Popen[bytes]:
    """`connector run catalog_upload` as a process group of its own, with this installation's environment."""
    return subprocess.Popen(
        [
            str(Path(sys.executable).with_name("connector")),
            "run",
            "catalog_upload",
            "--connection",
            "sandbox",
            "--json",
        ],
        env={**os.environ, "PREFECT_LOGGING_LEVEL": "ERROR"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_killed_in_the_middle_and_run_again(open_stall: Callable[..., Stall], monkeypatch: pytest.MonkeyPatch) -> None:
    stall = open_stall(products=60)
    # Slow enough to be caught in the act.
    monkeypatch.setenv("CONNECTOR_TIKTOK_WRITES_PER_SECOND", "15")
    for enough in (4, 15, 28):
        run = start_upload()
        deadline = time.monotonic() + 300
        while len(stall.shelf) < enough and run.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert run.poll() is None, "the run ended before it could be killed"
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        assert len(stall.shelf) >= enough
    finished = start_upload()
    finished.wait(timeout=600)
    expect_complete(stall)


# Everywhere but at the token host: with rotating refresh tokens an answer lost there ends the authorization for good,
# on the real platform too (tiktok-shop-api.md 1.4).
EVERYWHERE = ("/api/[!v]*", "/product/*", "/logistics/*")


def test_every_fault_at_ten_percent(open_stall: Callable[..., Stall]) -> None:
    stall = open_stall(products=40)
    stall.sandbox.faults.slow_seconds = 0.05
    # As many attempts as in production, without the waiting between them.
    stamina.set_testing(True, attempts=7, cap=True)
    stall.faults(",".join(f"{kind}=0.1@{path}" for kind in KINDS for path in EVERYWHERE))
    for _ in range(12):
        try:
            result = stall.upload()
        except ShopError:
            continue
        if not result.counts.get("waiting") and not result.counts.get("unresolved"):
            break
    stamina.set_testing(False)
    stall.faults("")
    stall.upload()
    expect_complete(stall)
