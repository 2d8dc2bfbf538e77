"""Asking Prefect for a run, from outside of Prefect: what the door does for webhooks and cron URLs (J2, D2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from deployments.schedules import ON_DEMAND

_OVERDUE = timedelta(minutes=10)
# What still runs after its time limit has lost its machine, and nobody told Prefect.
_LOST = timedelta(hours=6)
# Messages about a hundred listings come one after the other: so long they make one run together. Orders do not wait.
_APART = {"status_sync": timedelta(seconds=10)}


class NotStarted(Exception):
    """Prefect did not take the run. The text says why; it holds no parameters."""


def start_run(flow: str, connection: str, parameters: Mapping[str, Any], *, deployment: str = ON_DEMAND) -> str:
    """Ask for a run now; it starts within the runner's polling interval. Answers the flow run's id.

    Args:
        flow: name of the flow.
        connection: name of the connection, "" for a flow that takes none.
        parameters: of the run besides the connection.
        deployment: the one to run: "on demand" waits for its turn beside other runs, a scheduled one does not start
            while it is at work.

    Raises:
        NotStarted: Prefect is not reachable, has no such deployment, or refuses the parameters.
    """
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectException

    given = {"connection": connection, **parameters} if connection else dict(parameters)
    try:
        with get_client(sync_client=True) as client:
            found = client.read_deployment_by_name(f"{flow}/{deployment}")
            tags = [connection] if connection else None
            run = client.create_flow_run_from_deployment(found.id, parameters=given, tags=tags)
    except (PrefectException, httpx.HTTPError, OSError) as error:
        raise NotStarted(f"Prefect did not start {flow}/{deployment}: {type(error).__name__}") from None
    return str(run.id)


def is_at_work(flow: str, connection: str) -> bool:
    """Whether the last run that `start_run` asked for on demand has not ended yet, or is too short a time ago.

    Raises:
        NotStarted: Prefect is not reachable.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas import filters
    from prefect.client.schemas.sorting import FlowRunSort
    from prefect.exceptions import PrefectException

    try:
        with get_client(sync_client=True) as client:
            last = client.read_flow_runs(
                flow_filter=filters.FlowFilter(name=filters.FlowFilterName(any_=[flow])),
                deployment_filter=filters.DeploymentFilter(name=filters.DeploymentFilterName(any_=[ON_DEMAND])),
                flow_run_filter=filters.FlowRunFilter(tags=filters.FlowRunFilterTags(all_=[connection])),
                sort=FlowRunSort.EXPECTED_START_TIME_DESC,
                limit=1,
            )
    except (PrefectException, httpx.HTTPError, OSError) as error:
        raise NotStarted(f"Prefect does not say what is at work: {type(error).__name__}") from None
    for run in last:
        if run.state is not None and run.state.is_final():
            wait = _APART.get(flow, timedelta())
        elif run.state is not None and run.state.is_running():
            wait = _LOST
        else:
            # One that never began, because its worker is gone, is not waited for.
            wait = _OVERDUE
        return datetime.now(UTC) - (run.expected_start_time or datetime.now(UTC)) < wait
    return False
