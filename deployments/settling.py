"""Runs that the last end cut off get their state: nothing else would give it to them."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import State, StateType
from prefect.states import Cancelled, Crashed

_IN_FLIGHT = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
_PAGE = 200


async def settle_runs() -> int:
    """Settle what is left of a server that nobody but us works for; answers how many runs.

    Runs in flight become Crashed and give back their slots; scheduled ones whose time passed meanwhile are cancelled,
    the next does their work. Those asked for by somebody stay: they still run.
    """
    cut_off: State[None] = Crashed(message="connector up was stopped while this ran.")
    missed: State[None] = Cancelled(message="connector up was not running when this was due.")
    settled = 0
    async with get_client() as client:
        while runs := await client.read_flow_runs(flow_run_filter=_of(_IN_FLIGHT), limit=_PAGE):
            for run in runs:
                await client.set_flow_run_state(run.id, cut_off, force=True)
            settled += len(runs)
        while limits := [
            limit for limit in await client.read_global_concurrency_limits(limit=_PAGE) if limit.active_slots
        ]:
            for limit in limits:
                await client.update_global_concurrency_limit(limit.name, GlobalConcurrencyLimitUpdate(active_slots=0))
        now = datetime.now(UTC)
        offset = 0
        while runs := await client.read_flow_runs(
            flow_run_filter=_of([StateType.SCHEDULED]), limit=_PAGE, offset=offset
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


def _of(types: list[StateType]) -> FlowRunFilter:
    return FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=types)))
