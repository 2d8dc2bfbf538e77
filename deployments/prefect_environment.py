"""The environment Prefect's processes run in. Prefect reads it when it is first imported, so it is set before that.

Why each value is as it is was measured; see docs/decisions.
"""

from __future__ import annotations

import os
from pathlib import Path

from dotenv import dotenv_values

from config.settings import Settings, is_loopback, make_private, settings
from deployments.server import api_url


def prefect_environment(process: Settings) -> dict[str, str]:
    """Variables for the Prefect server and everything that talks to it."""
    login = process.prefect_login.get_secret_value()
    return {
        "PREFECT_HOME": str(process.home / "prefect"),
        # --host and --port alone leave the UI calling port 4200 of this machine.
        "PREFECT_SERVER_API_HOST": process.prefect_host,
        "PREFECT_SERVER_API_PORT": str(process.prefect_port),
        # In the environment, not in an argument: process lists show arguments to everybody.
        **({"PREFECT_SERVER_API_AUTH_STRING": login, "PREFECT_API_AUTH_STRING": login} if login else {}),
        # A browser on another machine has to call the machine that the page came from.
        **({} if is_loopback(process.prefect_host) else {"PREFECT_UI_API_URL": "/api"}),
        # Any page of the web could otherwise have the operator's browser start runs here (the default lets all in).
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": ",".join(
            f"http://{host}:{process.prefect_port}" for host in ("127.0.0.1", "localhost", "[::1]")
        ),
        # The V2 pages call an analytics host even with analytics off; V1 makes no outside request.
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # The client's own telemetry, and the lines about it in front of a command's words.
        "DO_NOT_TRACK": "1",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
        # Recording in batches of one costs 22–28 ms of a core per task run.
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
        # Every state of every run and task run would be kept as an event too: much of what a run costs the server and
        # its database, for one page of the UI. Automations are fed all the same.
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
        # The runner asks for work every 10 s otherwise.
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        # Kept in memory (the default), the lease of a deployment's one slot is lost before the run's process comes to
        # run, and the run is cancelled for a limit that nobody holds.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        # Marks runs that begin late, one by one, in transactions that SQLite refuses while another one writes: with
        # fifty connections the server did little else, and so runs became later still. `/metrics` has the lags.
        "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
        # Artifacts and logs of runs that housekeeping deleted go too.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,orphans",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        # Each thread gets a heap of its own otherwise, and none is given back: 60 MB in a sweep of 100,000 SKUs.
        "MALLOC_ARENA_MAX": "2",
    }


def enter_prefect_environment(**more: str) -> Settings:
    """Set the variables that nobody set yet, and pin down our own for child processes that start elsewhere."""
    for name, value in dotenv_values(Path(".env")).items():
        if name.startswith("CONNECTOR_") and value is not None:
            os.environ.setdefault(name, value)
    process = settings()
    os.environ["CONNECTOR_HOME"] = str(process.home)
    if not process.database_url.startswith("postgresql"):
        os.environ["CONNECTOR_DATABASE_URL"] = process.database
    for name, value in {**prefect_environment(process), **more}.items():
        os.environ.setdefault(name, value)
    make_private(process.home)
    return process


def enter_serving_environment() -> Settings:
    """The same for `connector up` and what it starts: they talk to its own Prefect server, or to PREFECT_API_URL's.

    Before Prefect is first imported, or it starts a hidden server of its own beside ours.
    """
    return enter_prefect_environment(PREFECT_API_URL=api_url(settings()))
