"""A Prefect server and workers of one pool, each a process group with a home folder of its own: machines, in small."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from benchmarks.installation import free_port
from config.settings import settings
from deployments.prefect_environment import prefect_environment

LOGIN = "admin:open sesame"
ROOT = Path(__file__).parents[1]


class Machines:
    """The server, and what starts the others."""

    def __init__(self, folder: Path, prefect_database: str) -> None:
        self.folder, self.port = folder, free_port()
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.http = httpx.Client(base_url=f"{self.api}/", auth=httpx.BasicAuth(*LOGIN.split(":", 1)), timeout=30)
        self.server: subprocess.Popen[bytes] = self.start(
            "server",
            ("deployments.prefect_server", "--host", "127.0.0.1", "--port", str(self.port)),
            PREFECT_API_DATABASE_CONNECTION_URL=prefect_database,
            PREFECT_SERVER_API_AUTH_STRING=LOGIN,
        )

    def __enter__(self) -> Self:
        """Wait until the server answers."""
        self.wait_for(self.healthy)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Lose the server."""
        self.http.close()
        lose(self.server)

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
                # Who starts all this in the background of a shell has it ignored; a worker ends by it.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def healthy(self) -> bool:
        """Whether the server answers."""
        try:
            return self.http.get("health").is_success
        except httpx.TransportError:
            return False

    def wait_for(self, what: Callable[[], Any], seconds: float = 240) -> Any:
        """The first truth of `what`."""
        deadline = time.monotonic() + seconds
        while not (answer := what()):
            if time.monotonic() > deadline or self.server.poll() is not None:
                raise RuntimeError(self.logs())
            time.sleep(0.3)
        return answer

    def logs(self) -> str:
        """The ends of all logs."""
        return "\n".join(f"== {log.name}\n{log.read_text()[-3000:]}" for log in sorted(self.folder.glob("*.log")))

    def post(self, path: str, body: Any) -> Any:
        """Ask the server's API."""
        # A busy server on SQLite asks to be asked again; Prefect's own client does the same.
        answer = self.wait_for(lambda: (given := self.http.post(path, json=body)).status_code != 503 and given)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def run(self, deployment: str, connection: str) -> str:
        """Ask for a run on a connection; its id."""
        body = {"parameters": {"connection": connection}}
        return str(self.post(f"deployments/{deployment}/create_flow_run", body)["id"])


def lose(process: subprocess.Popen[bytes]) -> None:
    """Everything on a machine ends at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
