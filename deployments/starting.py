"""Asking Prefect for a run, from outside of Prefect: what the door does for webhooks and cron URLs (J2, D2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from deployments.schedules import ON_DEMAND


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
            run = client.create_flow_run_from_deployment(found.id, parameters=given)
    except (PrefectException, httpx.HTTPError, OSError) as error:
        raise NotStarted(f"Prefect did not start {flow}/{deployment}: {type(error).__name__}") from None
    return str(run.id)
