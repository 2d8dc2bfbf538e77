"""A child process that `connector up` keeps alive: the door."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from config.settings import Settings

_START_SECONDS = 60.0
_END_SECONDS = 10.0
# A child that ends right after its start is started again ever more slowly.
_SLOWEST_SECONDS = 60.0


class ChildFailed(Exception):
    """A child process does not start. The text says why and where its log is."""


class Child:
    """A process of ours beside this one; ended with the block, started again when it ends by itself."""

    def __init__(
        self, name: str, command: Sequence[str], address: str, log: Path, announce: Callable[[str], None]
    ) -> None:
        self.name, self.address = name, address
        self._command, self._log, self._announce = list(command), log, announce
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = 1.0

    @classmethod
    def door(cls, process: Settings, announce: Callable[[str], None]) -> Self:
        """The HTTP door for redirects, webhooks, cron URLs, health and metrics."""
        host = "127.0.0.1" if process.door_host in ("0.0.0.0", "::") else process.door_host  # noqa: S104  # compared
        command = [sys.executable, "-m", "console", "door"]
        return cls("door", command, f"http://{host}:{process.door_port}", process.home / "door.log", announce)

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return self._process.pid if self._process is not None else None

    def __enter__(self) -> Self:
        """Start it, and wait until it answers.

        Raises:
            ChildFailed: it ended at once, or did not answer in time.
        """
        self._start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process is not None and self._process.poll() is not None:
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
        self._announce(f"The {self.name} ended with status {self._process.returncode} and is started again.")
        self._start()

    def _start(self) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter, fixed arguments
                self._command,
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                # Ctrl-C reaches the whole foreground group; this one is ended by its owner.
                start_new_session=True,
            )
        self._started = time.monotonic()

    def _answers(self) -> bool:
        try:
            httpx.get(f"{self.address}/health", timeout=5)
        except httpx.HTTPError:
            return False
        return True

    def _end(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _last_line(self) -> str:
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        return f"Last line of {self._log}: {lines[-1] if lines else '(empty)'}"
