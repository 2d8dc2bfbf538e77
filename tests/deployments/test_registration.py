"""Deployments in Prefect follow those there should be; a schedule set in the UI stays until the settings change it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, GlobalConcurrencyLimitUpdate
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Running

from config.secret_box import new_key
from config.settings import settings
from deployments import settling, starting, up
from deployments.automations import ensure, heartbeat_automation
from deployments.ownership import MARK, OtherInstallation, ServedByWorkers, claim
from deployments.registration import Registered, register, register_in_pool
from deployments.schedules import ON_DEMAND, Wanted
from deployments.settling import cancel_overtaken, settle_runs
from deployments.starting import NotStarted, is_at_work, start_run
from tests.shared_prefect import give_back

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("prefect")]

UPLOAD = Wanted("catalog_upload", "uk", "uk", 900)
ORDERS = Wanted("order_import", "uk", "uk", 120)
BY_HAND = Wanted("order_import", ON_DEMAND, alone=False)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    give_back("machines")


def bring(*wanted: Wanted) -> Registered:
    return asyncio.run(register(wanted))


def deployment(one: Wanted) -> DeploymentResponse:
    with get_client(sync_client=True) as client:
        return client.read_deployment_by_name(one.full_name)


def set_in_the_ui(one: Wanted, schedule: Any) -> None:
    async def change() -> None:
        async with get_client() as client:
            there = await client.read_deployment_by_name(one.full_name)
            for old in there.schedules:
                await client.delete_deployment_schedule(there.id, old.id)
            await client.create_deployment_schedules(there.id, [DeploymentScheduleCreate(schedule=schedule)])

    asyncio.run(change())


def intervals(one: Wanted) -> list[Any]:
    return [getattr(row.schedule, "interval", row.schedule) for row in deployment(one).schedules]


def due(run: FlowRun) -> datetime:
    assert run.expected_start_time is not None
    return run.expected_start_time


def test_a_deployment_is_typed_scheduled_and_alone() -> None:
    bring(UPLOAD, BY_HAND)
    there = deployment(UPLOAD)
    assert there.entrypoint == "flows.catalog_upload.catalog_upload"
    assert there.parameters == {"connection": "uk"}
    assert there.enforce_parameter_schema
    assert there.tags == ["connector", "uk"]
    assert intervals(UPLOAD) == [timedelta(seconds=900)]
    assert there.concurrency_options is not None
    assert there.concurrency_options.collision_strategy is ConcurrencyLimitStrategy.CANCEL_NEW
    assert there.parameter_openapi_schema is not None
    properties = there.parameter_openapi_schema["properties"]
    assert {"connection", "product_ids", "template", "dry_run"} <= set(properties)
    assert properties["dry_run"]["type"] == "boolean"
    by_hand = deployment(BY_HAND)
    assert by_hand.concurrency_options is None
    assert not by_hand.schedules


def test_what_is_in_step_is_left_alone_and_what_is_not_wanted_goes() -> None:
    assert bring(UPLOAD, ORDERS).written == 2
    again = bring(UPLOAD, ORDERS)
    assert (again.written, again.deleted) == (0, 0)
    assert set(again.ids) == {UPLOAD.full_name, ORDERS.full_name}
    gone = bring(UPLOAD)
    assert (gone.written, gone.deleted) == (0, 1)
    assert set(gone.ids) == {UPLOAD.full_name}


@pytest.mark.parametrize("schedule", [IntervalSchedule(interval=timedelta(seconds=60)), CronSchedule(cron="0 4 * * *")])
def test_a_schedule_set_in_the_ui_stays_until_the_settings_change(schedule: Any) -> None:
    bring(UPLOAD)
    set_in_the_ui(UPLOAD, schedule)
    before = intervals(UPLOAD)
    assert bring(UPLOAD).written == 0
    # Something else about the deployment changes: the schedule stays all the same, and it is said.
    paused = Wanted("catalog_upload", "uk", "uk", 900, paused=True)
    assert bring(paused).kept_by_hand == [UPLOAD.full_name]
    assert intervals(UPLOAD) == before
    assert deployment(UPLOAD).paused
    changed = bring(Wanted("catalog_upload", "uk", "uk", 1200))
    assert (changed.kept_by_hand, changed.replaced) == ([], [UPLOAD.full_name])
    assert bring(Wanted("catalog_upload", "uk", "uk", 600)).replaced == []
    bring(Wanted("catalog_upload", "uk", "uk", 1200))
    assert intervals(UPLOAD) == [timedelta(seconds=1200)]
    assert not deployment(UPLOAD).paused


def test_what_was_paused_by_hand_stays_until_authorization_changes_it() -> None:
    bring(ORDERS)
    with get_client(sync_client=True) as client:
        client.pause_deployment(deployment(ORDERS).id)
    bring(Wanted("order_import", "uk", "uk", 60))
    assert deployment(ORDERS).paused
    bring(Wanted("order_import", "uk", "uk", 60, paused=True))
    assert deployment(ORDERS).paused
    bring(Wanted("order_import", "uk", "uk", 60))
    assert not deployment(ORDERS).paused


def test_in_a_work_pool_for_workers_on_other_machines() -> None:
    asyncio.run(register_in_pool([ORDERS], "machines"))
    assert asyncio.run(register_in_pool([ORDERS], "machines")).written == 0
    there = deployment(ORDERS)
    assert there.work_pool_name == "machines"
    assert there.job_variables == {"env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}}


def test_workers_and_a_runner_of_our_own_do_not_run_the_same() -> None:
    asyncio.run(register_in_pool([ORDERS], "machines"))
    for ours_alone in (True, False):
        with pytest.raises(ServedByWorkers, match="prefect work-pool delete machines"):
            asyncio.run(claim(None, ours_alone=ours_alone))
    assert deployment(ORDERS).work_pool_name == "machines"
    with get_client(sync_client=True) as client:
        client.delete_work_pool("machines")
    asyncio.run(claim(None))
    bring(ORDERS)
    assert deployment(ORDERS).work_pool_name is None


def use_keys(monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    monkeypatch.setenv("CONNECTOR_SECRET_KEY", ",".join(keys))
    settings.cache_clear()


def test_an_automation_in_step_is_not_written_and_one_switched_off_stays_off() -> None:
    """Prefect forgets what an automation waits for whenever it is written."""

    def automations() -> list[dict[str, Any]]:
        with get_client(sync_client=True) as client:
            found: list[dict[str, Any]] = client.request("POST", "/automations/filter", json={}).json()
        return [one for one in found if one["name"].startswith("connector: ")]

    watch = Wanted("run_watch", ON_DEMAND, alone=False)
    asyncio.run(register_in_pool([ORDERS, watch], "machines"))
    first = automations()
    assert len(first) == 2
    asyncio.run(register_in_pool([ORDERS, UPLOAD, watch], "machines"))
    assert automations() == first
    with get_client(sync_client=True) as client:
        switched = {"id": first[0]["id"]}
        client.request("PATCH", "/automations/{id}", path_params=switched, json={"enabled": False})
    asyncio.run(ensure(heartbeat_automation().model_copy(update={"description": "Another one."})))
    asyncio.run(register_in_pool([ORDERS, watch], "machines"))
    assert [one["enabled"] for one in automations()] == [False, True]
    assert "Another one." not in str(automations())


def test_another_installation_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    key, other, newer = new_key(), new_key(), new_key()
    use_keys(monkeypatch, key)
    asyncio.run(register_in_pool([ORDERS], "machines"))
    use_keys(monkeypatch, other)
    with pytest.raises(OtherInstallation, match=f"prefect variable unset {MARK}"):
        asyncio.run(register_in_pool([UPLOAD], "others"))
    with pytest.raises(OtherInstallation):
        asyncio.run(claim(None))
    with get_client(sync_client=True) as client:
        assert [one.name for one in client.read_deployments()] == [ORDERS.name]
        with pytest.raises(ObjectNotFound):
            client.read_work_pool("others")
    # The same installation with a new key, then without the old one.
    for keys in ([newer, key], [newer]):
        use_keys(monkeypatch, *keys)
        asyncio.run(register_in_pool([ORDERS, UPLOAD], "machines"))


def test_the_server_in_its_own_home_is_an_installations_whatever_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        use_keys(monkeypatch, new_key())
        asyncio.run(claim(None, ours_alone=True))


def test_a_server_that_others_look_after_is_left_before_anything_is_settled_there() -> None:
    asyncio.run(register_in_pool([ORDERS], "machines"))
    with get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(deployment(ORDERS).id)
        client.set_flow_run_state(run.id, Running(), force=True)
        door: Any = None
        with pytest.raises(ServedByWorkers):
            asyncio.run(up._serve(lambda _: None, "http://127.0.0.1/api", lambda: None, door, ours_alone=False))
        state = client.read_flow_run(run.id).state
        client.delete_flow_run(run.id)
    assert state is not None
    assert state.is_running()


def test_a_run_is_asked_for_by_name() -> None:
    bring(BY_HAND)
    run = start_run("order_import", "uk", {"order_ids": ["5760001"]})
    with get_client(sync_client=True) as client:
        made = client.read_flow_run(run)  # type: ignore[arg-type]
    assert made.parameters["connection"] == "uk"
    assert made.parameters["order_ids"] == ["5760001"]
    with pytest.raises(NotStarted, match="order_import/nowhere"):
        start_run("order_import", "uk", {}, deployment="nowhere")
    with pytest.raises(NotStarted):
        start_run("order_import", "uk", {"order_ids": 7})


def test_a_run_asked_for_is_at_work_until_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    bring(BY_HAND)
    assert not is_at_work("order_import", "uk")
    run = start_run("order_import", "uk", {})
    assert is_at_work("order_import", "uk")
    assert not is_at_work("order_import", "us")
    assert not is_at_work("status_sync", "uk")
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run, Running(), force=True)
        assert is_at_work("order_import", "uk")
        with monkeypatch.context() as patch:
            patch.setattr(starting, "_LOST", timedelta())
            assert not is_at_work("order_import", "uk"), "its machine is gone"
        client.set_flow_run_state(run, Completed(), force=True)
    assert not is_at_work("order_import", "uk")
    monkeypatch.setitem(starting._APART, "order_import", timedelta(minutes=1))
    assert is_at_work("order_import", "uk"), "so short a time after it, messages make one run together"
    monkeypatch.undo()
    start_run("order_import", "uk", {})
    monkeypatch.setattr(starting, "_OVERDUE", timedelta())
    assert not is_at_work("order_import", "uk"), "nobody takes it"


def test_of_runs_that_wait_only_the_newest_of_a_deployment_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    bring(ORDERS, UPLOAD, BY_HAND)
    now = datetime.now(UTC)
    # Others fall due while the test goes on.
    monkeypatch.setattr(settling, "datetime", SimpleNamespace(now=lambda _: now))
    with get_client(sync_client=True) as client:
        for one in (ORDERS, UPLOAD):
            # As the scheduler of the server makes them, from an hour ago on.
            span = {
                "start_time": (now - timedelta(hours=1)).isoformat(),
                "end_time": (now + timedelta(hours=1)).isoformat(),
            }
            client.request("POST", "/deployments/{id}/schedule", path_params={"id": deployment(one).id}, json=span)
        by_hand = client.create_flow_run_from_deployment(deployment(BY_HAND).id)
        before = client.read_flow_runs(limit=200)
        overdue = [run for run in before if run.auto_scheduled and due(run) < now - timedelta(minutes=1)]
        assert len(overdue) > 20
        assert asyncio.run(cancel_overtaken()) >= len(overdue) - 2
        left = [run for run in client.read_flow_runs(limit=200) if run.state and run.state.is_scheduled()]
        assert asyncio.run(cancel_overtaken()) == 0
    waiting = [str(run.deployment_id) for run in left if run.auto_scheduled and due(run) < now - timedelta(seconds=30)]
    assert sorted(waiting) == sorted([str(deployment(ORDERS).id), str(deployment(UPLOAD).id)])
    assert by_hand.id in {run.id for run in left}
    assert len(left) > len(waiting) + 1, "what is not due yet stays"


@pytest.mark.parametrize("ours_alone", [True, False])
def test_a_start_settles_runs_of_others_only_on_a_server_of_its_own(ours_alone: bool) -> None:
    @flow(name="of others")
    def work() -> None: ...

    bring(ORDERS)
    limit = f"deployment:{deployment(ORDERS).id}"
    with get_client(sync_client=True) as client:
        ours = client.create_flow_run_from_deployment(deployment(ORDERS).id)
        theirs = client.create_flow_run(work)
        for run in (ours, theirs):
            client.set_flow_run_state(run.id, Running(), force=True)

        async def take_a_slot() -> None:
            async with get_client() as server:
                await server.update_global_concurrency_limit(limit, GlobalConcurrencyLimitUpdate(active_slots=1))

        asyncio.run(take_a_slot())
        assert asyncio.run(settle_runs(ours_alone=ours_alone)) == (2 if ours_alone else 1)
        states = [client.read_flow_run(run.id).state for run in (ours, theirs)]
        slots = [one.active_slots for one in client.read_global_concurrency_limits() if one.name == limit]
        client.delete_flow_run(theirs.id)
    assert [state.name for state in states if state] == ["Crashed", "Crashed" if ours_alone else "Running"]
    assert slots == [0]


def test_each_deployment_is_told_of_as_soon_as_it_is_there() -> None:
    told: dict[str, object] = {}
    first = asyncio.run(register([ORDERS], ready=told.__setitem__))
    assert told == first.ids
    told.clear()
    again = asyncio.run(register([ORDERS, UPLOAD], ready=told.__setitem__))
    assert (again.written, told) == (1, again.ids)
