"""`connector up` as people start it: server, deployments, a run by the API with its artifacts, and a clean end."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import sync_playwright

from benchmarks.installation import free_port
from flows import FLOWS
from models.settings import ScheduleSettings
from tests.post_office import Postbox

pytestmark = pytest.mark.slow


class Up:
    """A running `connector up --sandbox`; `real` is the home folder in which real shops would be."""

    def __init__(self, real: Path, port: int) -> None:
        self.home, self.port, self.door_port = real / "sandbox", port, free_port()
        self.log = real.parent / "up.log"
        self.environment = environment = {
            **os.environ,
            "CONNECTOR_HOME": str(real),
            "CONNECTOR_PREFECT_PORT": str(port),
        }
        environment["CONNECTOR_DOOR_PORT"] = str(self.door_port)
        environment.pop("PREFECT_API_URL", None)
        for shop in ("TIKTOK_READS", "TIKTOK_WRITES", "PRESTASHOP_CALLS"):
            environment[f"CONNECTOR_{shop}_PER_SECOND"] = "500"
        command = [sys.executable, "-c", "from console.cli import main; main()", "up", "--sandbox", "--products", "12"]
        with self.log.open("w") as out:
            self.process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)

    def wait_for(self, what: Callable[[], Any], seconds: float = 300) -> Any:
        """The first truth of `what`."""
        deadline = time.monotonic() + seconds
        while not (answer := what()):
            assert time.monotonic() < deadline, self.log.read_text()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.2)
        return answer

    def ready(self) -> None:
        self.wait_for(lambda: "Ready: " in self.log.read_text())

    def post(self, path: str, body: Any) -> Any:
        answer = httpx.post(f"http://127.0.0.1:{self.port}/api/{path}", json=body, timeout=60)
        while answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            # What a Prefect server on SQLite says while it is busy; clients ask again.
            time.sleep(1)
            answer = httpx.post(f"http://127.0.0.1:{self.port}/api/{path}", json=body, timeout=60)
        assert answer.is_success, answer.text
        return answer.json()

    def deployments(self) -> dict[str, Any]:
        """Those of the sandbox's connection, by flow."""
        rows = self.post("deployments/filter", {})
        return {row["entrypoint"].rsplit(".", 1)[1]: row for row in rows if row["name"] == "sandbox"}

    def create_run(self, deployment: str) -> str:
        """Ask for a rehearsal by the API, as the UI's form does; the run's id."""
        run = self.post(f"deployments/{deployment}/create_flow_run", {"parameters": {"dry_run": True}})
        return str(run["id"])

    def create_run_at_work(self, deployment: str) -> str:
        """One that is given the deployment's slot: a scheduled run may have it just then."""

        def taken() -> str | None:
            run = self.create_run(deployment)
            self.wait_for(lambda: self.state(run) != "SCHEDULED")
            return None if self.state(run) == "CANCELLED" else run

        return str(self.wait_for(taken))

    def connector(self, *words: str) -> None:
        """A command that somebody types meanwhile."""
        command = [sys.executable, "-m", "console", *words]
        environment = {**self.environment, "CONNECTOR_HOME": str(self.home)}
        subprocess.run(command, env=environment, capture_output=True, check=True)

    def state(self, run: str) -> str:
        url, busy = f"http://127.0.0.1:{self.port}/api/flow_runs/{run}", httpx.codes.SERVICE_UNAVAILABLE
        answer = self.wait_for(lambda: (got := httpx.get(url, timeout=60)).status_code != busy and got)
        return str(answer.json()["state"]["type"])

    def outcome(self, run: str) -> str:
        """The state in which a run ended."""
        ended = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        return str(self.wait_for(lambda: (state := self.state(run)) in ended and state))

    def run_to_its_end(self, deployment: str) -> str:
        """How a run ends that is not cancelled because a scheduled one is at work in the same moment."""

        def ended() -> str | None:
            outcome = self.outcome(self.create_run(deployment))
            return None if outcome == "CANCELLED" else outcome

        # Less than the life of a lease: a slot that a dead run keeps would show.
        return str(self.wait_for(ended, seconds=60))

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(180)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Up]]:
    started: list[Up] = []
    port = free_port()

    def begin() -> Up:
        started.append(Up(tmp_path / "home", port))
        return started[-1]

    yield begin
    for up in started:
        if up.process.poll() is None:
            up.end()


def server_of(home: Path) -> int:
    return int(json.loads((home / "prefect-server.json").read_text())["server"])


def alive(pid: int) -> bool:
    try:
        return "prefect" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def test_up_serves_typed_flows_runs_them_and_ends_cleanly(start: Callable[[], Up]) -> None:
    up = start()
    up.ready()
    assert httpx.get(f"http://127.0.0.1:{up.port}/api/health", timeout=60).json() is True
    deployments = up.deployments()
    assert set(deployments) == set(ScheduleSettings.model_fields) & set(FLOWS)
    upload = deployments["catalog_upload"]
    assert upload["parameter_openapi_schema"]["properties"]["dry_run"]["type"] == "boolean"
    assert upload["enforce_parameter_schema"]
    assert [row["schedule"]["interval"] for row in upload["schedules"]] == [120.0]
    refused = httpx.post(
        f"http://127.0.0.1:{up.port}/api/deployments/{upload['id']}/create_flow_run",
        json={"parameters": {"dry_run": "perhaps"}},
        timeout=60,
    )
    assert refused.status_code == 409
    _refuses_pages_of_the_web(up, upload["id"])
    run = up.create_run_at_work(upload["id"])
    assert up.outcome(run) == "COMPLETED", up.log.read_text()
    artifacts = up.post("artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})
    assert {"table", "progress"} <= {artifact["type"] for artifact in artifacts}
    server = server_of(up.home)
    assert up.end() == 0
    assert not alive(server)
    assert not (up.home / "prefect-server.json").exists()
    assert f"CONNECTOR_HOME={up.home} connector" in up.log.read_text()
    assert [one.name for one in up.home.parent.iterdir()] == ["sandbox"], "no real shop hears of it"
    assert "Traceback" not in up.log.read_text()


def _refuses_pages_of_the_web(up: Up, deployment: str) -> None:
    """A browser asks before it sends JSON across origins, and sends plain text without asking."""
    path = f"http://127.0.0.1:{up.port}/api/deployments/{deployment}/create_flow_run"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    for origin, allowed in (("https://evil.example", False), (f"http://localhost:{up.port}", True)):
        answer = httpx.options(path, headers={**asked, "Origin": origin}, timeout=60)
        assert ("access-control-allow-origin" in answer.headers) is allowed
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        plain = httpx.post(path, content=b'{"parameters": {}}', headers={"Content-Type": kind}, timeout=60)
        assert plain.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    # A name of the web that is made to lead here is of one origin with it.
    api = f"http://127.0.0.1:{up.port}/api/health"
    for host, status in (("evil.example", 403), (f"evil.example:{up.port}", 403), (f"localhost:{up.port}", 200)):
        assert httpx.get(api, headers={"Host": host}, timeout=60).status_code == status


def test_ctrl_c_while_starting_leaves_nothing_behind(start: Callable[[], Up]) -> None:
    up = start()
    up.wait_for(lambda: (up.home / "prefect-server.json").exists())
    server = server_of(up.home)
    assert up.end(signal.SIGINT) == 0
    assert not alive(server)


def test_after_a_kill_the_next_start_settles_what_was_left(start: Callable[[], Up]) -> None:
    up = start()
    up.ready()
    upload = up.deployments()["catalog_upload"]
    cut_off = up.create_run_at_work(upload["id"])
    server = server_of(up.home)
    up.process.kill()
    up.process.wait()
    assert alive(server), "the server outlives its owner"
    again = start()
    again.ready()
    assert not alive(server), "and is replaced"
    # Its process may have come to its end alone, or a scheduled run may have had the slot.
    assert again.state(cut_off) in ("CRASHED", "COMPLETED", "CANCELLED")
    upload = again.deployments()["catalog_upload"]
    assert not upload["paused"]
    assert again.run_to_its_end(upload["id"]) == "COMPLETED", again.log.read_text()
    assert again.end() == 0


def children_of(pid: int) -> dict[str, int]:
    """Processes below `connector up`, by what they are."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            command = (stat.parent / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if parent == pid:
            for kind in ("prefect_server", "forkserver", "console door"):
                if kind in command:
                    found[kind] = int(stat.parent.name)
    return found


@pytest.mark.parametrize("victim", ["prefect_server", "forkserver", "console door"])
def test_what_is_killed_is_started_again_and_work_goes_on(start: Callable[[], Up], victim: str) -> None:
    up = start()
    up.ready()
    assert up.run_to_its_end(up.deployments()["catalog_upload"]["id"]) == "COMPLETED", up.log.read_text()
    killed = up.wait_for(lambda: children_of(up.process.pid).get(victim))
    os.kill(killed, signal.SIGKILL)
    if victim != "forkserver":
        # A fork server is started again by the next run.
        up.wait_for(lambda: children_of(up.process.pid).get(victim, killed) != killed)
    if victim == "prefect_server":
        up.wait_for(lambda: up.log.read_text().count("Ready: ") == 2)
    if victim == "console door":
        up.wait_for(lambda: answers(f"http://127.0.0.1:{up.door_port}/health"))
    assert up.run_to_its_end(up.deployments()["catalog_upload"]["id"]) == "COMPLETED", up.log.read_text()
    states = {row["state"]["type"] for row in up.post("flow_runs/filter", {"flow_runs": {}}) if row["state"]}
    assert up.end() == 0
    said = up.log.read_text()
    # Prefect's own clients complain of a server that went away, and its runner of a run that was just being forked.
    assert victim == "prefect_server" or said.count("Traceback") == said.count("could not start"), said
    assert "COMPLETED" in states


def answers(address: str) -> bool:
    try:
        httpx.get(address, timeout=2)
    except httpx.HTTPError:
        return False
    return True


def test_a_run_that_is_killed_crashes_alone_and_the_next_goes_on(start: Callable[[], Up]) -> None:
    up = start()
    up.ready()
    upload = up.deployments()["catalog_upload"]["id"]
    assert up.run_to_its_end(upload) == "COMPLETED"
    server = children_of(up.process.pid)["forkserver"]

    def crashed() -> bool:
        """Kill the youngest child of the fork server: the run's, unless that has ended or another began just now."""
        run = up.create_run_at_work(upload)
        up.wait_for(lambda: up.state(run) != "PENDING")
        for pid in Path(f"/proc/{server}/task/{server}/children").read_text().split()[-1:]:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        return bool(up.outcome(run) == "CRASHED")

    up.wait_for(crashed)
    assert up.run_to_its_end(upload) == "COMPLETED", up.log.read_text()
    assert up.end() == 0


def test_runs_that_keep_failing_are_mailed(postbox: Postbox, start: Callable[[], Up]) -> None:
    up = start()
    up.ready()
    up.connector("connection", "change", "sandbox", "--contact-email", "shop@example.org")
    cancellations = up.deployments()["cancellation_sync"]["id"]
    with closing(sqlite3.connect(up.home / "connector.db", timeout=60)) as tables, tables:
        tables.execute("UPDATE connection SET app_key = 'withdrawn'")
    for _ in range(3):
        assert up.run_to_its_end(cancellations) == "FAILED"
    # Scheduled runs fail too, of this deployment and of others.
    told = re.compile(r"\[TikTok Shop\] cancellation_sync/sandbox failed [3-6] times in a row")
    mail = up.wait_for(lambda: next((one for one in postbox.mails if told.fullmatch(str(one["Subject"]))), None))
    assert "TikTok Shop does not accept the app key" in mail.as_string()
    said = up.log.read_text()
    assert re.search(r"ERROR +\| cancellations of sandbox: TikTok Shop does not accept the app key", said), said
    assert "Traceback" not in said, "a line says it"
    assert up.end() == 0


def test_a_server_of_others_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With PREFECT_API_URL: not up yet, then there; and ending leaves it alone."""
    port, home = free_port(), tmp_path / "home"
    prefect = ("deployments.prefect_server", "--host", "127.0.0.1", "--port", str(port))
    ours = {
        **os.environ,
        "CONNECTOR_HOME": str(home),
        "CONNECTOR_DOOR_PORT": str(free_port()),
        "PREFECT_HOME": str(tmp_path / "prefect"),
    }
    log = (tmp_path / "up.log").open("w+")

    def start(*module: str, **more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", *module]
        return subprocess.Popen(command, env={**ours, **more}, stdout=log, stderr=log, start_new_session=True)

    def says(words: str) -> None:
        deadline = time.monotonic() + 120
        while words not in (tmp_path / "up.log").read_text():
            assert time.monotonic() < deadline, (tmp_path / "up.log").read_text()
            time.sleep(0.2)

    up = start("console", "up", PREFECT_API_URL=f"http://127.0.0.1:{port}/api")
    others = None
    try:
        says("does not answer; waiting for it")
        others = start(*prefect)
        says("Ready: ")
        up.send_signal(signal.SIGTERM)
        assert up.wait(180) == 0
        assert others.poll() is None
        assert "Traceback" not in (tmp_path / "up.log").read_text()
    finally:
        for process in (up, others):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        log.close()


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium, as .ci/run does")
def test_what_operators_see_in_a_browser(start: Callable[[], Up]) -> None:
    """The run list tells what runs did, and no page asks anything of another machine."""
    up = start()
    up.ready()
    up.run_to_its_end(up.deployments()["catalog_upload"]["id"])
    said = up.log.read_text()
    assert "| INFO    | catalogue of sandbox: " in said
    assert "Task run" not in said, "a line a run is enough for a journal"
    ui, door = f"http://127.0.0.1:{up.port}", f"http://127.0.0.1:{up.door_port}"
    asked: list[str] = []
    broken: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=120_000)
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(f"{ui}/runs")
        page.get_by_text("catalogue of sandbox: ").first.wait_for(timeout=120_000)
        page.goto(f"{ui}/deployments")
        # Ten deployments a page, and of those of equal name any ten: operators search, too.
        page.get_by_placeholder("Search deployments").fill("price_stock_sync")
        page.get_by_text("2 Deployments").wait_for(timeout=120_000)
        page.get_by_text("Every minute").wait_for(timeout=120_000)
        page.goto(f"{door}/cron")
        page.get_by_text("/cron/sandbox/order_import").wait_for(timeout=120_000)
        browser.close()
    assert not broken
    outside = [url for url in asked if not url.startswith((ui, door, "data:", "blob:", f"ws://127.0.0.1:{up.port}"))]
    assert not outside
    assert up.end() == 0
