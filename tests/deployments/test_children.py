"""The child that `connector up` keeps alive: known from others on its port, started again, ended with its parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.installation import free_port
from deployments.children import Child, ChildFailed

# Answers every request, says one line when it is up, and ends with its standard input.
ANSWERING = """
import http.server, os, sys, threading
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.read(0, 1)
"""
# What is killed in the next test: a parent whose child was started by a thread that has ended since.
PARENT = """
import sys, threading, time
from pathlib import Path
from deployments.children import Child
child = Child("door", [sys.executable, "-m", "console", "door", "--end-with-stdin", "--port", sys.argv[1]],
              "127.0.0.1", int(sys.argv[1]), Path(sys.argv[2]), print)
starting = threading.Thread(target=child.__enter__)
starting.start()
starting.join()
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def child_of(port: int, tmp_path: Path, told: list[str]) -> Callable[..., Child]:
    def make(program: str = ANSWERING) -> Child:
        command = [sys.executable, "-c", program, str(port)]
        return Child("door", command, "127.0.0.1", port, tmp_path / "door.log", told.append)

    return make


@pytest.fixture
def stranger(port: int) -> Iterator[None]:
    """Something else that answers on the port."""
    process = subprocess.Popen([sys.executable, "-c", ANSWERING, str(port)], stdin=subprocess.PIPE)
    with process:
        wait_for(lambda: listens(port))
        yield


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_it_lives_as_long_as_the_block(port: int, child_of: Callable[..., Child]) -> None:
    with child_of() as child:
        assert listens(port)
        assert child.pid is not None
        assert is_alive(child.pid)
    assert not is_alive(child.pid)
    assert not listens(port)


@pytest.mark.usefixtures("stranger")
def test_it_is_not_started_beside_something_else(port: int, child_of: Callable[..., Child]) -> None:
    child = child_of()
    with pytest.raises(ChildFailed, match=rf"Port {port} is in use.*CONNECTOR_DOOR_PORT"), child:
        raise AssertionError
    assert child.pid is None


def test_what_others_answer_is_not_believed(
    port: int, child_of: Callable[..., Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    child = child_of("print('no such module')")

    def answered_by_another() -> bool:
        assert child._process is not None
        child._process.wait()
        return True

    monkeypatch.setattr(child, "_answers", answered_by_another)
    with pytest.raises(ChildFailed, match=r"did not start.*no such module"), child:
        raise AssertionError


def test_one_that_ended_is_started_again(port: int, child_of: Callable[..., Child], told: list[str]) -> None:
    with child_of() as child:
        first = child.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        while not told:
            child.keep_alive()
            time.sleep(0.05)
        assert child.pid != first
        assert told[0].startswith("The door ended with status -9 and is started again.")
        wait_for(lambda: listens(port))
    assert not listens(port)


@pytest.mark.slow
def test_the_door_ends_with_a_parent_that_is_killed(port: int, installation: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PREFECT_API_URL": "http://127.0.0.1:9"}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(port), str(tmp_path / "door.log")],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        door = int(parent.stdout.readline())
        assert is_alive(door)
        parent.kill()
    wait_for(lambda: not is_alive(door) and not listens(port))
