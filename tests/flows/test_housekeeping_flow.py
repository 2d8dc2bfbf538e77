"""housekeeping as a flow: old runs go from the Prefect server, those of other flows stay."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.settings import get_current_settings

from config.settings import settings
from flows.housekeeping import housekeeping
from flows.status_sync import status_sync
from models.connections import UnknownConnection
from models.database import Database
from tasks import housekeeping as steps

pytestmark = pytest.mark.slow


@flow(name="somebody else's")
def other() -> None:
    """Not ours."""


def names_of_runs() -> list[str]:
    """Of all runs on the server, those of tests before among them."""
    names: list[str] = []
    with get_client(sync_client=True) as client:
        flows = {flow.id: flow.name for flow in client.read_flows()}
        while page := client.read_flow_runs(limit=200, offset=len(names)):
            names += [flows[run.flow_id] for run in page]
    return sorted(names)


def test_runs_of_our_flows_go_and_what_is_left_is_told(
    prefect: None, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: dict[str, Any] = {}
    monkeypatch.setattr(steps, "create_table_artifact", lambda **given: shown.update(given))
    other()
    for _ in range(2):
        with pytest.raises(UnknownConnection):
            status_sync("nowhere")
    assert housekeeping(dry_run=True).counts.get("runs to be deleted") is None
    before = names_of_runs()
    assert before.count("status_sync") >= 2

    # As if a month had passed.
    monkeypatch.setattr(sys.modules["flows.housekeeping"], "utc_now", lambda: steps_now() + timedelta(days=31))
    counted = housekeeping(dry_run=True).counts["runs to be deleted"]
    assert "status_sync" in names_of_runs()
    folder = settings().home / "prefect"
    folder.mkdir(parents=True)
    (folder / "prefect.db").write_bytes(bytes(3_000_000))
    result = housekeeping()
    assert result.ok
    # The run that counted is over by then.
    assert result.counts["runs deleted"] == counted + 1
    after = names_of_runs()
    assert "status_sync" not in after
    assert after.count("somebody else's") == before.count("somebody else's")
    assert after.count("housekeeping") == 1
    assert shown["key"] == "housekeeping-database"
    assert {"what": "MB of Prefect's database", "how many": 3} in shown["table"]
    with get_client(sync_client=True) as client:
        names = [run.name for run in client.read_flow_runs() if run.name.startswith("housekeeping")]
    assert names == [f"housekeeping: {counted + 1} runs deleted, 3 MB of Prefect's database"]
    assert {"what": "rows of plan", "how many": 0} in shown["table"]


def test_without_a_server_of_its_own_nothing_is_deleted(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_current_settings().api, "url", None, raising=False)
    before = steps.limits(steps_now())
    assert steps.delete_runs.fn(before, ["status_sync"], dry_run=False).counts == {}


def steps_now() -> Any:
    """The time."""
    from tasks.shops import utc_now

    return utc_now()
