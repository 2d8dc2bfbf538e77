"""What Prefect calls a process starter: the process of a run is a fork with the flows loaded (deployments.engine)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import anyio
from prefect.runner._process_manager import ProcessHandle

from deployments import engine

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext

    from prefect.client.schemas.objects import FlowRun
    from prefect.runner._control_channel import ControlChannel

# How often the end of a run is looked for: the fork server's processes are not children of this one.
LOOK_SECONDS: Final = 0.1


class ForkedRun:
    """Starts one run's process.

    Args:
        context: of the fork server.
        control: over which Prefect tells a run that it is to be cancelled.
        environment: variables of this run, added to those of the fork server.
    """

    def __init__(self, context: ForkServerContext, control: ControlChannel, environment: Mapping[str, str]) -> None:
        self._context, self._control, self._environment = context, control, environment

    async def start(self, flow_run: FlowRun, task_status: Any = anyio.TASK_STATUS_IGNORED) -> None:
        """Start the process, say so, and wait for its end."""
        port, token = self._control.register(flow_run.id)
        environment = {
            **self._environment,
            "PREFECT__FLOW_RUN_ID": str(flow_run.id),
            "PREFECT__CONTROL_PORT": str(port),
            "PREFECT__CONTROL_TOKEN": token,
            "PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS": "false",
        }
        try:
            process = await asyncio.to_thread(engine.start, self._context, flow_run.id, environment)
        except BaseException:
            self._control.unregister(flow_run.id)
            raise
        task_status.started(ProcessHandle(process))  # type: ignore[arg-type]  # as good as a SpawnProcess: pid, exitcode
        while process.exitcode is None:
            await asyncio.sleep(LOOK_SECONDS)
