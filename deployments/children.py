"""A child process that `connector up` keeps alive: the door."""

from __future__ import annotations

import errno
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from config.settings import Settings
from deployments.server import reachable, try_to_listen

_START_SECONDS = 60.0
_END_SECONDS = 10.0
# A child that ends right after its start is started again ever more slowly.
_SLOWEST_SECONDS = 60.0


class ChildFailed(Exception):
    """A child process does not start. The text says why and where its log is."""


class Child:
    """A process of ours beside this one; ended with the block, started again when it ends by itself.

    Its standard input ends with this process, however that ends: it is to end itself then. (A signal at the parent's
    death is tied to the thread that started the child, and here that may be one of many.)
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        host: str,
        port: int,
        log: Path,
        announce: Callable[[str], None],
    ) -> None:
        self.name, self.address = name, f"http://{reachable(host)}:{port}"
        self._host, self._port = host, port
        self._command, self._log, self._announce = list(command), log, announce
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = 1.0

    @classmethod
    def door(cls, process: Settings, announce: Callable[[str], None]) -> Self:
        """The HTTP door for redirects, webhooks, cron URLs, health and metrics."""
        command = [sys.executable, "-m", "console", "door", "--end-with-stdin"]
        return cls("door", command, process.door_host, process.door_port, process.home / "door.log", announce)

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return self._process.pid if self._process is not None else None

    def __enter__(self) -> Self:
        """Start it, and wait until it answers.

        Raises:
            ChildFailed: its port is in use, it ended at once, or did not answer in time.
        """
        self._check_free()
        process = self._start()
        deadline = time.monotonic() + _START_SECONDS
        # An answer is its own only while it lives.
        while not self._answers() or process.poll() is not None:
            if process.poll() is not None:
                self._end()
                raise ChildFailed(f"The {self.name} did not start. {self._last_line()}")
            if time.monotonic() > deadline:
                self._end()
                raise ChildFailed(f"The {self.name} did not answer within {_START_SECONDS:.0f} s. {self._last_line()}")
            time.sleep(0.2)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._end()

    def keep_alive(self) -> None:
        """Start it again if it ended; at once, or after a pause when it keeps ending."""
        if self._process is None or self._process.poll() is None:
            return
        lived = time.monotonic() - self._started
        if lived > _SLOWEST_SECONDS:
            self._pause = 1.0
        if lived < self._pause:
            return
        self._pause = min(self._pause * 2, _SLOWEST_SECONDS)
        self._announce(
            f"The {self.name} ended with status {self._process.returncode} and is started again. {self._last_line()}"
        )
        self._end()
        self._start()

    def _check_free(self) -> None:
        try:
            try_to_listen(self._host, self._port)
        except OSError as error:
            # Whatever else is wrong with the address, the child says it itself.
            if error.errno == errno.EADDRINUSE:
                raise ChildFailed(
                    f"Port {self._port} is in use, so the {self.name} cannot start. End what runs there, or choose "
                    f"another with CONNECTOR_{self.name.upper()}_PORT."
                ) from None

    def _start(self) -> subprocess.Popen[bytes]:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter, fixed arguments
                self._command,
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.PIPE,
                # Ctrl-C reaches the whole foreground group; this one is ended by its owner.
                start_new_session=True,
            )
        self._started = time.monotonic()
        return self._process

    def _answers(self) -> bool:
        try:
            httpx.get(f"{self.address}/health", timeout=5)
        except httpx.HTTPError:
            return False
        return True

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        # Its standard input, which would end it, is closed only after it had its time.
        with self._process as process:
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def _last_line(self) -> str:
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        return f"Last line of {self._log}: {lines[-1] if lines else '(empty)'}"
