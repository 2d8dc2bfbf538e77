"""A worker of Prefect's whose runs are forked from a process with the flows loaded, as those of `connector up` are.

`prefect worker start` finds it by the type of the pool, through the entry point in pyproject.toml. A worker of
Prefect's own type process can serve the same deployments; each run then imports Prefect and the flows (decision 11).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Self

import anyio
from prefect.events import Event, Resource
from prefect.events.related import tags_as_related_resources
from prefect.flows import load_flow_from_flow_run
from prefect.runner._flow_run_executor import FlowRunExecutionResult, FlowRunExecutorContext
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from deployments import engine
from deployments.automations import HEARTBEAT
from deployments.forked_run import ForkedRun

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun


class ConnectorWorker(BaseWorker[BaseJobConfiguration, BaseVariables, BaseWorkerResult]):
    """Each run is a fork: as isolated as a process of its own, killed or crashed alone, for a quarter of the cost."""

    type = "connector"
    job_configuration = BaseJobConfiguration
    job_configuration_variables = BaseVariables
    _display_name = "Connector"
    _description = "Runs the flows of the PrestaShop and TikTok Shop connector on machines where it is installed."

    async def __aenter__(self) -> Self:
        """Start, with the fork server."""
        self._forks = engine.fork_server()
        # One for all runs: Prefect's own opens a client, a channel and a websocket for each.
        self._executors = FlowRunExecutorContext()
        await self._executors.__aenter__()
        try:
            await super().__aenter__()
        except BaseException as error:
            await self._executors.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(self, *raised: Any) -> None:
        """End when the runs have ended."""
        try:
            await super().__aexit__(*raised)
        finally:
            await self._executors.__aexit__(*raised)

    async def run(
        self, flow_run: FlowRun, configuration: BaseJobConfiguration, task_status: Any = None
    ) -> BaseWorkerResult:
        """Run it to its end; said to be started when its process is there."""
        environment = {
            name: value
            for name, value in configuration.env.items()
            if value is not None and os.environ.get(name) != value
        }
        executor = self._executors.create_executor(
            flow_run,
            ForkedRun(self._forks, self._executors.control_channel, environment),
            resolve_flow=load_flow_from_flow_run,
            propose_submitting=False,
        )
        ended: list[FlowRunExecutionResult | None] = []

        async def execute(*, task_status: Any) -> None:
            ended.append(await executor.submit(task_status=task_status))

        async with anyio.create_task_group() as group:
            handle = await group.start(execute)
            if task_status is not None:
                task_status.started(handle.pid)
        [execution] = ended
        if execution is None or execution.status_code is None:
            raise RuntimeError("The process of the run did not start.")
        return BaseWorkerResult(identifier=str(execution.handle.pid), status_code=execution.status_code)

    async def _propose_pending_state(self, flow_run: FlowRun) -> bool:
        """Take the run, and send its first heartbeat: its own comes seconds later, and behind its back.

        A machine that is lost until then would leave a run that no heartbeat is ever missed of.
        """
        taken = await super()._propose_pending_state(flow_run)
        if taken:
            await self._send_heartbeat(flow_run)
        return taken

    async def _send_heartbeat(self, flow_run: FlowRun) -> None:
        beat = Event(
            event=HEARTBEAT,
            resource=Resource({"prefect.resource.id": f"prefect.flow-run.{flow_run.id}"}),
            related=tags_as_related_resources(flow_run.tags),
        )
        try:
            await self.client.request("POST", "/events", json=[beat.model_dump(mode="json")])
        except Exception as error:  # noqa: BLE001  # whatever it is, it would end the worker; the run sends its own
            self.get_flow_run_logger(flow_run).warning("No first heartbeat (%s).", type(error).__name__)
