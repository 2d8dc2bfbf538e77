"""A worker of a pool forks its runs; they are cancelled, and die with it, as those of Prefect's own workers do."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.machines import ROOT, Machines, lose
from deployments import automations
from deployments.automations import heartbeat_automation
from deployments.schedules import TAG
from deployments.worker import ConnectorWorker

pytestmark = pytest.mark.slow

Begin = Callable[..., tuple[str, int, str]]


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    folder = tmp_path / "machines"
    folder.mkdir()
    with Machines(folder, f"sqlite+aiosqlite:///{folder / 'prefect.db'}") as started:
        yield started


@pytest.fixture
def worker(machines: Machines) -> Iterator[subprocess.Popen[bytes]]:
    form = ConnectorWorker.get_default_base_job_template()
    machines.post("work_pools/", {"name": "shops", "type": ConnectorWorker.type, "base_job_template": form})
    started = machines.start("worker", ("prefect", "worker", "start", "--pool", "shops", "--limit", "4"))
    yield started
    if started.poll() is None:
        lose(started)


@pytest.fixture
def begin(machines: Machines, worker: object, tmp_path: Path) -> Begin:
    """Starts a run that sleeps so many seconds; its id, its process, and how often it sends a heartbeat."""
    flow = machines.post("flows/", {"name": "sleeping"})

    def run(
        seconds: float,
        entrypoint: str = "tests.deployments.sleeping.sleeping",
        tags: Sequence[str] = (),
        heartbeat: int = 45,
    ) -> tuple[str, int, str]:
        told = tmp_path / f"told {time.monotonic_ns()}"
        made = {
            "name": told.name,
            "flow_id": flow["id"],
            "work_pool_name": "shops",
            "entrypoint": entrypoint,
            "tags": tags,
            "job_variables": {"env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(heartbeat), "TOLD": str(told)}},
        }
        deployment = machines.post("deployments/", made)["id"]
        asked = {"parameters": {"told": str(told), "seconds": seconds}}
        run = machines.post(f"deployments/{deployment}/create_flow_run", asked)
        machines.wait_for(lambda: told.exists() and told.read_text())
        pid, beats = told.read_text().split()
        return run["id"], int(pid), beats

    return run


def state(machines: Machines, run: str) -> str:
    return str(machines.http.get(f"flow_runs/{run}").json()["state"]["type"])


def is_alive(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_a_run_is_a_fork_with_the_settings_of_its_deployment(machines: Machines, begin: Begin) -> None:
    run, pid, heartbeat = begin(0)
    machines.wait_for(lambda: state(machines, run) == "COMPLETED")
    assert heartbeat == "45"
    again, another, _ = begin(0)
    machines.wait_for(lambda: state(machines, again) == "COMPLETED")
    assert another != pid


def test_a_run_is_cancelled_in_the_ui(machines: Machines, begin: Begin) -> None:
    run, pid, _ = begin(300)
    machines.post(f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    machines.wait_for(lambda: state(machines, run) == "CANCELLED")
    machines.wait_for(lambda: not is_alive(pid))


def test_a_run_that_is_killed_crashes_alone(machines: Machines, begin: Begin) -> None:
    run, pid, _ = begin(300)
    os.kill(pid, signal.SIGKILL)
    machines.wait_for(lambda: state(machines, run) == "CRASHED")
    after, _, _ = begin(0)
    machines.wait_for(lambda: state(machines, after) == "COMPLETED")


def test_runs_end_with_their_worker(machines: Machines, worker: subprocess.Popen[bytes], begin: Begin) -> None:
    _, pid, _ = begin(300)
    worker.kill()
    worker.wait()
    machines.wait_for(lambda: not is_alive(pid))


def test_a_worker_that_is_told_to_end_does(machines: Machines, worker: subprocess.Popen[bytes], begin: Begin) -> None:
    run, pid, _ = begin(3)
    worker.terminate()
    # Prefect gives runs half a minute to end when it is told to.
    machines.wait_for(lambda: worker.poll() is not None, seconds=150)
    assert worker.returncode in (0, -signal.SIGTERM), machines.logs()
    machines.wait_for(lambda: not is_alive(pid))
    assert state(machines, run) in ("COMPLETED", "CRASHED", "CANCELLED")


def test_runs_whose_machine_is_gone_crash(
    machines: Machines, worker: subprocess.Popen[bytes], begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is left to tell of their end, only heartbeats are missed; also of one that sent none of its own yet."""
    silence = timedelta(seconds=45)
    monkeypatch.setattr(automations, "_SILENCE", silence)
    machines.post("automations/", heartbeat_automation().model_dump(mode="json", exclude={"id"}))
    began = time.monotonic()
    alive, _, _ = begin(300, heartbeat=30, tags=[TAG])
    machines.wait_for(lambda: time.monotonic() > began + silence.total_seconds() + 15)
    assert state(machines, alive) == "RUNNING"
    foreign, _, _ = begin(300)
    new, _, _ = begin(300, entrypoint="tests.deployments.slow_to_load.never", tags=[TAG])
    assert state(machines, new) == "PENDING"
    lose(worker)
    machines.wait_for(lambda: {state(machines, run) for run in (alive, new)} == {"CRASHED"})
    assert state(machines, foreign) == "RUNNING"
