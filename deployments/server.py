"""The Prefect server as a child process, and finding the one that `connector up` runs."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from config.settings import Settings

_START_SECONDS = 120.0
_END_SECONDS = 10.0


class ServerFailed(Exception):
    """The Prefect server does not run. The text says why and where its log is."""


class ServerCrashed(ServerFailed):
    """It ran, and ended by itself."""


def api_url(process: Settings) -> str:
    """Where the API of the server that `connector up` starts is, for this machine."""
    return f"http://{reachable(process.prefect_host)}:{process.prefect_port}/api"


def reachable(host: str) -> str:
    """An address that leads to what listens on `host`."""
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  # compared
    return anywhere.get(host, f"[{host}]" if ":" in host else host)


def running_api(process: Settings) -> str | None:
    """The API of the server that `connector up` runs for this installation, None when it does not."""
    try:
        api = str(json.loads(_note(process).read_text())["api"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return api if is_healthy(api) else None


@contextmanager
def prefect_server(process: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A server on CONNECTOR_PREFECT_HOST and …_PORT for as long as the block lasts.

    Raises:
        ServerFailed: the port is in use, or the server ended or did not answer in time.
    """
    host, port, api = process.prefect_host, process.prefect_port, api_url(process)
    _end_orphan(process)
    _check_free(host, port)
    log = process.home / "prefect" / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        server = subprocess.Popen(  # noqa: S603  # our own interpreter, fixed arguments
            [sys.executable, "-m", "deployments.prefect_server", "--host", host, "--port", str(port)],
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            # Ctrl-C reaches the whole foreground group; the server has to outlive what still reports to it.
            start_new_session=True,
        )
    try:
        # In one piece: commands and the next start read it at any moment.
        written = _note(process).with_suffix(".new")
        written.write_text(json.dumps({"api": api, "server": server.pid, "owner": os.getpid()}))
        written.replace(_note(process))
        _wait(server, api, log)
        yield server
    finally:
        _note(process).unlink(missing_ok=True)
        _end(server)


def crashed(process: Settings, server: subprocess.Popen[bytes]) -> ServerCrashed:
    """The error of a server that ended by itself."""
    return ServerCrashed(
        f"The Prefect server ended with status {server.poll()}. {_tail(process.home / 'prefect' / 'server.log')}"
    )


def _note(process: Settings) -> Path:
    return process.home / "prefect-server.json"


def is_healthy(api: str) -> bool:
    """Whether a Prefect server answers there."""
    try:
        return httpx.get(f"{api}/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def try_to_listen(host: str, port: int) -> None:
    """Listen for a moment; raises OSError where a child could not either."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _check_free(host: str, port: int) -> None:
    try:
        try_to_listen(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ServerFailed(
                f"Port {port} is in use. End what runs there, or choose another with CONNECTOR_PREFECT_PORT."
            ) from None
        raise ServerFailed(
            f"The Prefect server cannot listen on {host}:{port} ({error.strerror}). CONNECTOR_PREFECT_HOST has to be "
            "an address of this machine, and ports below 1024 want more rights."
        ) from None


def _wait(server: subprocess.Popen[bytes], api: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not is_healthy(api):
        if server.poll() is not None:
            raise ServerFailed(f"The Prefect server did not start. {_tail(log)}")
        if time.monotonic() > deadline:
            raise ServerFailed(f"The Prefect server did not answer within {_START_SECONDS:.0f} s. {_tail(log)}")
        time.sleep(0.2)


def _tail(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()] if log.exists() else []
    return f"Last line of {log}: {lines[-1] if lines else '(empty)'}"


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is not None:
        return
    server.terminate()
    try:
        server.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _end_orphan(process: Settings) -> None:
    """End the server of a `connector up` that was killed; without its owner nothing serves it."""
    try:
        note = json.loads(_note(process).read_text())
        server, owner = int(note["server"]), int(note["owner"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    if _is_ours(owner, b"connector", b"console") or not _is_ours(server, b"prefect"):
        return
    with suppress(ProcessLookupError):
        os.kill(server, signal.SIGTERM)
    deadline = time.monotonic() + _END_SECONDS
    while _is_ours(server, b"prefect"):
        if time.monotonic() > deadline:
            # It keeps the port that the next one needs.
            with suppress(ProcessLookupError):
                os.kill(server, signal.SIGKILL)
        time.sleep(0.1)


def _is_ours(pid: int, *words: bytes) -> bool:
    """Whether that process still is what it was, by words of its command: ids are used again."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return any(word in command for word in words)
    except OSError:
        return False
