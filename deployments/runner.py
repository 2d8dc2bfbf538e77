"""Prefect's runner, serving deployments that are registered already and running them from the fork server.

It reaches into three private places of the pinned Prefect (decision 11): where a run's process is started, the list
of served deployments, and the polling that is stopped before runs in flight are given time to end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Self
from uuid import UUID

from prefect.runner import Runner

from deployments import engine
from deployments.forked_run import LOOK_SECONDS, ForkedRun

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun


class FlowRunner(Runner):
    """Runs what is due of the served deployments, each run in a process forked with the flows loaded."""

    def __init__(self, *, limit: int) -> None:
        # Deployments are not paused at the end: the server may end too, and they would stay paused.
        super().__init__(name="connector", pause_on_shutdown=False, limit=limit)
        self._context = engine.fork_server()

    async def __aenter__(self) -> Self:
        """Start, with our way of starting processes in place of Prefect's."""
        await super().__aenter__()
        self._scheduled_run_poller._resolve_starter = self._forked
        return self

    def _forked(self, flow_run: FlowRun) -> ForkedRun:
        name = self._deployment_registry.get_deployment_name(flow_run.deployment_id) if flow_run.deployment_id else None
        return ForkedRun(self._context, self._control_channel, {"PREFECT__DEPLOYMENT_NAME": name or ""})

    def serve(self, name: str, deployment: UUID) -> None:
        """Run what is due of a deployment, given by full name."""
        self._deployment_registry.register_deployment(deployment, name.split("/", 1)[1])

    def serve_only(self, deployments: Collection[UUID]) -> None:
        """Run nothing of other deployments any more."""
        for gone in self._deployment_registry.get_deployment_ids() - set(deployments):
            self._deployment_registry._deployment_ids.discard(gone)

    async def end(self, patience: float) -> int:
        """Take no new runs, give those in flight `patience` seconds, end the rest; answers how many were cut off."""
        if not self.started:
            return 0
        self._scheduled_run_poller.stopping = True
        deadline = time.monotonic() + patience
        while (left := len(self._process_manager.flow_run_ids())) and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
        await self.astop()
        return left
