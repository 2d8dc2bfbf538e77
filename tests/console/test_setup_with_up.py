"""The guided set-up as a merchant meets it: a terminal, a browser whose consent ends at the door, real processes."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks.installation import free_port
from sandbox.server import Sandbox

pytestmark = pytest.mark.slow

# With a terminal of its own, as a shell starts a command.
AT_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from console.cli import main; main()"
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A person at a terminal: reads what a command says and answers when it has asked."""

    def __init__(self, environment: dict[str, str], *words: str) -> None:
        self.screen, inside = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", AT_TERMINAL, *words],
            env=environment,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        self.shown = ""
        self._read = 0

    def until(self, pattern: str, seconds: float = 300) -> re.Match[str]:
        """The next place where it says that."""
        deadline = time.monotonic() + seconds
        while not (found := re.compile(pattern).search(self.shown, self._read)):
            assert time.monotonic() < deadline, f"never said {pattern!r}:\n{self.shown}"
            assert self._look(), f"ended without {pattern!r}:\n{self.shown}"
        self._read = found.end()
        return found

    def answer(self, prompt: str, text: str) -> None:
        """Wait for that question, then type."""
        self.until(prompt + r"[^\n]*: \Z")
        os.write(self.screen, f"{text}\n".encode())

    def end(self) -> int:
        """Read to the end; the exit status."""
        while self._look():
            pass
        os.close(self.screen)
        return self.process.wait(60)

    def _look(self) -> bool:
        """Take in what is there; whether there may be more."""
        if not select.select([self.screen], [], [], 1)[0]:
            return True
        try:
            more = os.read(self.screen, 65536)
        except OSError:
            # What Linux answers when the other side has closed.
            return False
        self.shown += COLOURS.sub("", more.decode(errors="replace")).replace("\r\n", "\n")
        return bool(more)


@pytest.fixture
def own() -> Iterator[Sandbox]:
    """Shops of the test's own."""
    with Sandbox(products=12, seed=3) as sandbox:
        yield sandbox


@pytest.fixture
def environment(installation: Path) -> dict[str, str]:
    """That of every command of one installation."""
    door = free_port()
    given = {
        **os.environ,
        "CONNECTOR_HOME": str(installation),
        "CONNECTOR_PREFECT_PORT": str(free_port()),
        "CONNECTOR_DOOR_PORT": str(door),
        "CONNECTOR_DOOR_URL": f"http://127.0.0.1:{door}",
        "CONNECTOR_TIKTOK_READS_PER_SECOND": "500",
        "CONNECTOR_PRESTASHOP_CALLS_PER_SECOND": "500",
    }
    return {name: value for name, value in given.items() if not name.startswith("PREFECT_")}


@contextmanager
def running(environment: dict[str, str], log: Path, command: str) -> Iterator[None]:
    """`connector up` or `connector door`, ready."""
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, "-m", "console", command], env=environment, stdout=out, stderr=out)
    try:
        wait_for(lambda: {"up": "Ready: ", "door": "The door is open"}[command] in log.read_text(), log)
        yield
    finally:
        process.terminate()
        assert process.wait(180) == 0, log.read_text()


def wait_for(what: Callable[[], bool], log: Path, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


def approve(link: str) -> str:
    """What the browser shows after the seller has opened the link and approved."""
    with httpx.Client(follow_redirects=True, timeout=60) as browser:
        page = browser.get(link)
        approval = re.search(r'id="approve" href="([^"]+)"', page.text)
        assert approval, page.text
        return browser.get(page.url.join(approval[1].replace("&amp;", "&"))).text


def served(environment: dict[str, str], connection: str) -> bool:
    """Whether schedules work on the connection."""
    api = f"http://127.0.0.1:{environment['CONNECTOR_PREFECT_PORT']}/api"
    asked = {"deployments": {"name": {"any_": [connection]}}}
    answer = httpx.post(f"{api}/deployments/filter", json=asked, timeout=60)
    # A busy server on SQLite says 503 now and then.
    return answer.is_success and bool(rows := answer.json()) and not any(row["paused"] for row in rows)


@pytest.mark.parametrize("service", ["up", "door"])
def test_from_nothing_to_ready_with_the_consent_ending_at_the_door(
    own: Sandbox, environment: dict[str, str], tmp_path: Path, service: str
) -> None:
    door = environment["CONNECTOR_DOOR_URL"]
    own.tiktok.redirect_url = f"{door}/tiktok/callback"
    log = tmp_path / "service.log"
    with running(environment, log, service):
        person = Terminal(environment, "setup", "--tiktok-url", own.tiktok_url)
        person.answer("Name of the connection", "uk")
        person.answer("TikTok Shop market", "GB")
        person.answer("front page", own.prestashop_url)
        person.answer("webservice key", own.prestashop_key)
        person.answer("App key", own.app_key)
        person.answer("app secret", own.app_secret)
        person.answer("Service id", own.service_id)
        link = person.until(r"approve:\s+(http\S+)")[1]
        assert person.until(r"redirect (\S+)")[1] == f"{door}/tiktok/callback"
        assert "Connection uk now works with" in approve(link)
        person.answer("Address after the redirect", "")
        person.answer("Category: words", "mugs")
        person.answer("Category \\(", "1")
        person.answer("Material", "Ceramic")
        for provider in ("Royal Mail", "", "", "", ""):
            person.answer("Provider of TikTok Shop", provider)
        person.answer("E-mail address", "me@shop.example")
        person.answer("Change one", "orders.shipping=not_booked")
        person.answer("Change one", "")
        person.until("products ready")
        person.until("run by itself now")
        assert service == "door" or not served(environment, "uk")
        os.write(person.screen, b"y\n")
        person.until("Everything is set up")
        assert person.end() == 0
        if service == "up":
            wait_for(lambda: served(environment, "uk"), log)
        else:
            assert not own.tiktok.shop.shelf.products, "nothing is sent before somebody asks for it"
    for secret in (own.prestashop_key, own.app_secret):
        assert secret not in person.shown + log.read_text()
