"""Runs that the last end cut off get their state: nothing else would give it to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelled, Crashed

from deployments.registration import our_deployments
from deployments.schedules import TAG

_IN_FLIGHT = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
_PAGE = 200
# So late a run may start before it is asked whether a later one is due already.
_LATE = timedelta(seconds=30)


async def settle_runs(*, ours_alone: bool) -> int:
    """Settle what is left of a server's runs that nobody works on; answers how many.

    Runs in flight become Crashed and give back their slots; scheduled ones whose time passed meanwhile are cancelled,
    the next does their work. Those asked for by somebody stay: they still run.

    Args:
        ours_alone: whether nobody but us works with that server. On one that others use too, only runs of our
            deployments are looked at, and no `connector run` of somebody who is at work.
    """
    cut_off: State[None] = Crashed(message="connector up was stopped while this ran.")
    missed: State[None] = Cancelled(message="connector up was not running when this was due.")
    settled = 0
    async with get_client() as client:
        while runs := await client.read_flow_runs(flow_run_filter=_of(_IN_FLIGHT, ours_alone), limit=_PAGE):
            for run in runs:
                await client.set_flow_run_state(run.id, cut_off, force=True)
            settled += len(runs)
        ours = set() if ours_alone else {f"deployment:{one.id}" for one in await our_deployments(client)}
        looked_at = 0
        while limits := await client.read_global_concurrency_limits(limit=_PAGE, offset=looked_at):
            for limit in limits:
                if limit.active_slots and (ours_alone or limit.name in ours):
                    free = GlobalConcurrencyLimitUpdate(active_slots=0)
                    await client.update_global_concurrency_limit(limit.name, free)
            looked_at += len(limits)
        now = datetime.now(UTC)
        offset = 0
        while runs := await client.read_flow_runs(
            flow_run_filter=_of([StateType.SCHEDULED], ours_alone), limit=_PAGE, offset=offset
        ):
            due = [
                run for run in runs if run.auto_scheduled and run.expected_start_time and run.expected_start_time < now
            ]
            for run in due:
                await client.set_flow_run_state(run.id, missed, force=True)
            settled += len(due)
            # Those that were set are no longer among what is asked for.
            offset += len(runs) - len(due)
    return settled


async def cancel_overtaken() -> int:
    """Cancel scheduled runs that wait behind a later one of their deployment, which does the same work; how many.

    A machine that has fallen behind would otherwise work off a queue of runs that have nothing to do any more.
    """
    overtaken: State[None] = Cancelled(message="A later run of this deployment was due before this one could start.")
    waiting = _of([StateType.SCHEDULED], ours_alone=False)
    waiting.expected_start_time = FlowRunFilterExpectedStartTime(before_=datetime.now(UTC) - _LATE)
    cancelled = 0
    async with get_client() as client:
        # The newest first: what is beyond a page is met when these are gone.
        runs = await client.read_flow_runs(
            flow_run_filter=waiting, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=_PAGE
        )
        newest: set[UUID] = set()
        for run in runs:
            if not run.auto_scheduled or run.deployment_id is None:
                continue
            if run.deployment_id in newest:
                await client.set_flow_run_state(run.id, overtaken, force=True)
                cancelled += 1
            newest.add(run.deployment_id)
    return cancelled


def _of(types: list[StateType], ours_alone: bool) -> FlowRunFilter:
    """Runs in these states; of our deployments only, where the server is not ours alone."""
    return FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=types)),
        tags=None if ours_alone else FlowRunFilterTags(all_=[TAG]),
    )
