"""Bringing Prefect's deployments in step with those there should be: what is in step already costs one read."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.utilities.callables import parameter_schema
from sqlalchemy.exc import DBAPIError

from deployments.automations import HEARTBEAT_SECONDS, ensure, failure_automation, heartbeat_automation
from deployments.ownership import claim
from deployments.registry import load_flow
from deployments.schedules import (
    LOOK_AGAIN_SECONDS,
    ON_DEMAND,
    PAUSED,
    TAG,
    Wanted,
    interval_to_keep,
    paused_to_keep,
    registered_seconds,
    wanted_deployments,
)

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

_PAGE = 200
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_AT_ONCE = 4
# Raised when what is registered changes its form in a way that the digest does not see.
_FORM = 2
ALONE = ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


@dataclass
class Registered:
    """The outcome: ids by full name, what was changed, and whose schedules were changed in Prefect by hand.

    Attributes:
        kept_by_hand: full names of deployments whose schedule stays as it was set there.
        replaced: of those whose setting was changed since, and holds now.
    """

    ids: dict[str, UUID] = field(default_factory=dict)
    written: int = 0
    deleted: int = 0
    kept_by_hand: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)


async def register(
    wanted: Sequence[Wanted], *, pool: str | None = None, ready: Callable[[str, UUID], None] = lambda *_: None
) -> Registered:
    """Make Prefect's deployments of this project the wanted ones, on a server that is claimed (deployments.ownership).

    Args:
        wanted: all that should exist; others with our tag are deleted.
        pool: a work pool whose workers run them; None for a runner of our own.
        ready: told of each by full name and id as soon as it is as it should be; many take minutes.
    """
    outcome = Registered()
    async with get_client() as client:
        flows = {flow: await client.create_flow_from_name(flow) for flow in sorted({one.flow for one in wanted})}
        names = {id: name for name, id in flows.items()}
        names_wanted = {want.full_name for want in wanted}
        present: dict[str, DeploymentResponse] = {}
        for one in await our_deployments(client):
            full_name = f"{names.get(one.flow_id, '')}/{one.name}"
            if full_name in names_wanted:
                present[full_name] = one
            else:
                await client.delete_deployment(one.id)
                outcome.deleted += 1
        slots = asyncio.Semaphore(_AT_ONCE)

        async def bring(want: Wanted) -> None:
            async with slots:
                there = present.get(want.full_name)
                if there is not None and there.version == version(want) and there.work_pool_name == pool:
                    outcome.ids[want.full_name] = there.id
                    ready(want.full_name, there.id)
                    return
                due = _schedules(want, there)
                if there is not None and due is None:
                    outcome.kept_by_hand.append(want.full_name)
                elif there is not None and _interval(there) != registered_seconds(there.version):
                    outcome.replaced.append(want.full_name)
                outcome.ids[want.full_name] = await _write(
                    client,
                    flows[want.flow],
                    want,
                    due if due is not None else _copied(there),
                    pool,
                    paused=paused_to_keep(there.version, there.paused, want.paused) if there else want.paused,
                )
                outcome.written += 1
                ready(want.full_name, outcome.ids[want.full_name])

        await asyncio.gather(*(bring(want) for want in wanted))
    if (run_watch := outcome.ids.get(f"run_watch/{ON_DEMAND}")) is not None:
        await ensure(failure_automation(run_watch))
    return outcome


async def register_in_pool(wanted: Sequence[Wanted], pool: str) -> Registered:
    """The same in a work pool, which is made if it is missing: one whose workers fork their runs (deployments.worker).

    One of Prefect's type process does as well.

    Runs there send heartbeats, and a run without one for 90 seconds becomes Crashed: nobody watches a worker's machine.
    """
    await claim(pool)
    # Imported late: only here, and it takes a while.
    from deployments.worker import ConnectorWorker

    async with get_client() as client:
        try:
            await client.read_work_pool(pool)
        except ObjectNotFound:
            form = ConnectorWorker.get_default_base_job_template()
            await client.create_work_pool(WorkPoolCreate(name=pool, type=ConnectorWorker.type, base_job_template=form))
    await ensure(heartbeat_automation())
    return await register(wanted, pool=pool)


async def keep_in_pool(pool: str, announce: Callable[[str], None]) -> NoReturn:
    """Register in a work pool what there should be, now and whenever that changes."""
    registered: set[Wanted] | None = None
    while True:
        try:
            wanted = await asyncio.to_thread(wanted_deployments)
            if set(wanted) != registered:
                outcome = await register_in_pool(wanted, pool)
                registered = set(wanted)
                announce(f"{len(outcome.ids)} deployments in work pool {pool}: {outcome.written} changed.")
        except (httpx.HTTPError, PrefectException, DBAPIError) as error:
            # What is registered stays; a server that is started again is back soon.
            announce(f"Not everything could be looked at ({type(error).__name__}); going on.")
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def our_deployments(client: PrefectClient) -> list[DeploymentResponse]:
    """Every deployment with our tag."""
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    found: list[DeploymentResponse] = []
    while page := await client.read_deployments(deployment_filter=ours, limit=_PAGE, offset=len(found)):
        found += page
        if len(page) < _PAGE:
            break
    return found


def _schedules(want: Wanted, there: DeploymentResponse | None) -> list[DeploymentScheduleCreate] | None:
    """The schedules to set; None to leave those that were set in Prefect by hand."""
    registered = registered_seconds(there.version) if there is not None else None
    seconds = interval_to_keep(registered, _interval(there), want.seconds)
    if seconds is None:
        return None
    return [DeploymentScheduleCreate(schedule=one) for one in schedules(want, seconds)]


def schedules(want: Wanted, seconds: float) -> list[IntervalSchedule]:
    """The schedule of a deployment that runs every so many seconds; none for 0."""
    if not seconds:
        return []
    # Spread over the interval: fifty connections made together would otherwise all be due in the same second.
    digest = hashlib.blake2b(want.full_name.encode(), digest_size=4).digest()
    anchor = _LONG_AGO + timedelta(seconds=int.from_bytes(digest) % int(seconds))
    return [IntervalSchedule(interval=timedelta(seconds=seconds), anchor_date=anchor)]


def entrypoint(flow: Flow[..., Any]) -> str:
    """Found by module, so that a run starts wherever its process stands."""
    return f"{flow.fn.__module__}.{flow.fn.__name__}"


def parameters(want: Wanted) -> dict[str, Any]:
    """Of every run of a deployment."""
    return {"connection": want.connection} if want.connection else {}


def tags(want: Wanted) -> list[str]:
    """By which ours are found, and those of one connection."""
    return [TAG, want.connection] if want.connection else [TAG]


@lru_cache(maxsize=1024)
def version(want: Wanted) -> str:
    """What is registered, in a form that tells whether it still is, and with which interval (`registered_seconds`)."""
    form = (_FORM, astuple(want), inspect.getdoc(load_flow(want.flow).fn), _schema(want.flow))
    digest = hashlib.blake2b(repr(form).encode(), digest_size=4).hexdigest()
    return f"{want.seconds}s-{PAUSED if want.paused else ''}{digest}"


def job_variables(pool: str | None) -> dict[str, Any]:
    """What a pool's workers give to a run's process: nobody watches their machine, so runs send heartbeats."""
    return {"env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}} if pool else {}


def _interval(there: DeploymentResponse | None) -> float | None:
    """The seconds of its only active interval, 0 without a schedule, None for anything else."""
    if there is None or not there.schedules:
        return 0
    if len(there.schedules) == 1 and there.schedules[0].active:
        schedule = there.schedules[0].schedule
        if isinstance(schedule, IntervalSchedule):
            return schedule.interval.total_seconds()
    return None


def _copied(there: DeploymentResponse | None) -> list[DeploymentScheduleCreate]:
    kept = there.schedules if there is not None else []
    return [DeploymentScheduleCreate(schedule=one.schedule, active=one.active) for one in kept]


async def _write(
    client: PrefectClient,
    flow_id: UUID,
    want: Wanted,
    due: list[DeploymentScheduleCreate],
    pool: str | None,
    *,
    paused: bool,
) -> UUID:
    flow = load_flow(want.flow)
    return await client.create_deployment(
        flow_id,
        want.name,
        version=version(want),
        schedules=due,
        concurrency_limit=1 if want.alone else None,
        concurrency_options=ALONE if want.alone else None,
        parameters=parameters(want),
        description=inspect.getdoc(flow.fn),
        work_pool_name=pool,
        job_variables=job_variables(pool),
        tags=tags(want),
        entrypoint=entrypoint(flow),
        parameter_openapi_schema=_schema(want.flow),
        enforce_parameter_schema=True,
        paused=paused,
    )


@lru_cache(maxsize=64)
def _schema(flow: str) -> dict[str, Any]:
    return parameter_schema(load_flow(flow)).model_dump()
