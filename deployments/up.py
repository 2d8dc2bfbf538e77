"""`connector up`: everything on one machine. Tables migrated, Prefect server, flows served on their schedules."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn

from config.settings import Settings
from deployments.prefect_environment import enter_prefect_environment
from deployments.server import api_url, crashed, prefect_server
from models.database import Busy, database

# Changes of connections and schedules take effect within this time, without a restart.
_LOOK_AGAIN_SECONDS = 5.0
_RUNS_AT_ONCE = 4


def up(announce: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM.

    Args:
        announce: told in words what is going on, at last the address of the UI.

    Raises:
        ServerFailed: the port is taken, or the Prefect server does not start or ended by itself.
        Busy: `connector up` already runs for this installation.
    """
    process = enter_prefect_environment()
    os.environ["PREFECT_API_URL"] = api_url(process.prefect_port)
    before = {number: signal.signal(number, _end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        store = database()
        store.upgrade()
        with _alone(), _without_leases(process), prefect_server(process) as server:
            announce("Prefect server is up.")
            asyncio.run(_serve(process, server, announce))
    except _Ended:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    announce("Stopped.")


@contextmanager
def _without_leases(process: Settings) -> Iterator[None]:
    """Before the server starts: nothing runs, so a slot still on lease would only keep the next runs out."""
    shutil.rmtree(process.home / "prefect" / "concurrency_leases", ignore_errors=True)
    yield


class _Ended(BaseException):
    """SIGINT or SIGTERM came."""


def _end(_number: int, _frame: Any) -> NoReturn:
    raise _Ended


@contextmanager
def _alone() -> Iterator[None]:
    with ExitStack() as held:
        try:
            held.enter_context(database().exclusive("up", patience=0))
        except Busy:
            raise Busy("connector up already runs for this installation. Stop it first.") from None
        yield


async def _serve(process: Settings, server: subprocess.Popen[bytes], announce: Callable[[str], None]) -> None:
    # Imported late: Prefect reads the environment when it is first imported.
    from prefect.runner import Runner

    stop = asyncio.Event()
    # Deployments are not paused at the end: the server ends too, and they would stay paused.
    runner = Runner(name="connector", pause_on_shutdown=False, limit=_RUNS_AT_ONCE)
    settled = await _settle_runs()
    if settled:
        announce(f"{settled} runs that were cut off the last time are settled.")
    work = asyncio.create_task(runner.start())
    while not runner.started and not work.done():
        await asyncio.sleep(0.05)
    for number in (signal.SIGINT, signal.SIGTERM):
        # After the start: the runner puts a handler of its own in place.
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    step = asyncio.create_task(_keep_in_step(runner, announce, api_url(process.prefect_port).removesuffix("/api")))
    ended = asyncio.create_task(stop.wait())
    try:
        while not (stop.is_set() or work.done() or step.done()) and server.poll() is None:
            await asyncio.wait({work, step, ended}, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
        if server.poll() is not None:
            raise crashed(process, server)
        for task in (work, step):
            if task.done():
                task.result()
    finally:
        step.cancel()
        ended.cancel()
        if runner.started and server.poll() is None:
            announce("Stopping: runs in flight are cancelled.")
            await runner.astop()
        work.cancel()
        await asyncio.gather(work, step, ended, return_exceptions=True)


async def _keep_in_step(runner: Any, announce: Callable[[str], None], address: str) -> None:
    """Serve what connections and their schedules ask for, now and whenever they change."""
    from deployments.schedules import Wanted, build, wanted_deployments

    served: dict[str, Wanted] = {}
    ready = False
    while True:
        wanted = {one.full_name: one for one in await asyncio.to_thread(wanted_deployments)}
        for name, one in wanted.items():
            if served.get(name) != one:
                await runner.aadd_deployment(build(one))
        if served.keys() - wanted.keys() or not ready:
            await _forget_others(set(wanted))
        served = wanted
        if not ready:
            ready = True
            announce(f"Ready: {len(served)} deployments. Prefect UI: {address}")
            if not any(one.connection for one in served.values()):
                announce("There is no connection yet. Make one with: connector connection add")
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _forget_others(wanted: set[str]) -> None:
    """Delete our deployments of connections that are gone."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags

    from deployments.schedules import TAG

    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    async with get_client() as client:
        flows = {flow.id: flow.name for flow in await client.read_flows()}
        for deployment in await client.read_deployments(deployment_filter=ours):
            if f"{flows.get(deployment.flow_id)}/{deployment.name}" not in wanted:
                await client.delete_deployment(deployment.id)


async def _settle_runs() -> int:
    """Give runs that the last end cut off their state: nothing else would. Answers how many.

    Runs in flight become Crashed and give back their slots; scheduled ones whose time passed meanwhile are cancelled,
    the next does their work.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
    from prefect.client.schemas.objects import State, StateType
    from prefect.states import Cancelled, Crashed

    in_flight = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    cut_off: State[None] = Crashed(message="connector up was stopped while this ran.")
    missed: State[None] = Cancelled(message="connector up was not running when this was due.")
    settled = 0

    def of(types: list[StateType]) -> FlowRunFilter:
        return FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=types)))

    async with get_client() as client:
        while runs := await client.read_flow_runs(flow_run_filter=of(in_flight), limit=200):
            for run in runs:
                await client.set_flow_run_state(run.id, cut_off, force=True)
                settled += 1
        now = datetime.now(UTC)
        for limit in await client.read_global_concurrency_limits(limit=200):
            if limit.active_slots:
                await client.update_global_concurrency_limit(limit.name, GlobalConcurrencyLimitUpdate(active_slots=0))
        for run in await client.read_flow_runs(flow_run_filter=of([StateType.SCHEDULED]), limit=200):
            if run.auto_scheduled and run.expected_start_time and run.expected_start_time < now:
                await client.set_flow_run_state(run.id, missed, force=True)
                settled += 1
    return settled
