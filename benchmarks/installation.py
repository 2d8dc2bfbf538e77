"""`connector up` in a process of its own, watched from outside: processor time, memory, how late its runs are."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from random import SystemRandom
from typing import Any

import httpx

from config.settings import make_private, settings

_PAGE = 200
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 8
_ports = count(15_000 + 2_000 * _WORKER + SystemRandom().randrange(1_000))
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class FlowRuns:
    """Scheduled runs of a span of time.

    Attributes:
        states: how many ended or stand in which state.
        lateness: seconds from when each was due to its start, the shortest first.
        failed: messages of those that failed or crashed.
    """

    states: Counter[str]
    lateness: list[float]
    failed: list[str]


class Installation:
    """A running `connector up` with a home folder of this benchmark's."""

    def __init__(self, process: subprocess.Popen[bytes], home: Path, port: int, door: int, started: float) -> None:
        self.process, self._home, self.started = process, home, started
        self.door = f"http://127.0.0.1:{door}"
        self._api = f"http://127.0.0.1:{port}/api"

    def processor_seconds(self) -> float:
        """What all of its processes have used so far, ended ones included."""
        return sum(_used(pid) for pid in _tree(self.process.pid))

    def memory_mb(self) -> float:
        """Of all its processes; a page that several share counts once."""
        total = 0
        for pid in _tree(self.process.pid):
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        return total / 1024

    def logs(self) -> dict[str, list[str]]:
        """The lines of every log of it, by name."""
        home = self._home
        logs = {"up": home / "up.log", "door": home / "door.log", "prefect": home / "prefect" / "server.log"}
        return {name: log.read_text(errors="replace").splitlines() for name, log in logs.items() if log.exists()}

    def runs(self, since: datetime, until: datetime, besides: Collection[str] = ()) -> FlowRuns:
        """The scheduled runs that were due in that span, without those for the connections named in `besides`."""
        rows: list[dict[str, Any]] = []
        due = {"after_": since.isoformat(), "before_": until.isoformat()}
        while True:
            body = {"flow_runs": {"expected_start_time": due}, "limit": _PAGE, "offset": len(rows)}
            page = httpx.post(f"{self._api}/flow_runs/filter", json=body, timeout=60).raise_for_status().json()
            rows += page
            if len(page) < _PAGE:
                break
        rows = [row for row in rows if row["auto_scheduled"] and row["parameters"].get("connection") not in besides]
        lateness = sorted(
            (_moment(row["start_time"]) - _moment(row["expected_start_time"])).total_seconds()
            for row in rows
            if row["start_time"]
        )
        failed = [
            f"{row['name']}: {row['state']['message']}" for row in rows if row["state"]["type"] in ("FAILED", "CRASHED")
        ]
        return FlowRuns(Counter(row["state"]["type"] for row in rows), lateness, failed)

    def wait_until_ready(self, seconds: float = 600.0) -> float:
        """Seconds from the command until everything is registered and served."""
        deadline = time.monotonic() + seconds
        while not any(line.startswith("Ready: ") for line in self.logs()["up"]):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError("connector up did not become ready")
            time.sleep(1)
        return time.monotonic() - self.started

    def wait_for_first_run(self, seconds: float = 180.0) -> float:
        """Seconds from the command to the first scheduled run that completed."""
        deadline = time.monotonic() + seconds
        body = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}, "limit": 1}
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError("connector up ended by itself")
            try:
                if httpx.post(f"{self._api}/flow_runs/filter", json=body, timeout=10).json():
                    return time.monotonic() - self.started
            except (httpx.HTTPError, ValueError):
                pass
            time.sleep(0.25)
        raise RuntimeError(f"no scheduled run completed within {seconds:.0f} s")


@contextmanager
def running(*options: str) -> Iterator[Installation]:
    """Start `connector up` with these options, and end it."""
    # The sandbox would make itself a home of that name below any other.
    home = settings().home / "sandbox" if "--sandbox" in options else settings().home
    make_private(home)
    port, door = free_port(), free_port()
    environment = {
        **os.environ,
        "CONNECTOR_HOME": str(home),
        "CONNECTOR_PREFECT_PORT": str(port),
        "CONNECTOR_DOOR_PORT": str(door),
    }
    # What this process set for itself is not the service's.
    for name in [name for name in environment if name.startswith("PREFECT_")]:
        del environment[name]
    started = time.monotonic()
    with (home / "up.log").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "console", "up", *options], env=environment, stdout=out, stderr=out
        )
    try:
        yield Installation(process, home, port, door, started)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(90)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """One that nobody listens on: below 32768, where the system gives none out, and in no other test worker's range."""
    for port in _ports:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("counting never ends")


def _tree(root: int) -> list[int]:
    """A process and everything below it."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(stat.parent.name))
    found = [root]
    for pid in found:
        found += parents.get(pid, [])
    return found


def _used(pid: int) -> float:
    """Its own processor time and that of its children that ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / _TICKS


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
