"""Automations of Prefect, from code: what has to happen when a worker's machine is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from prefect.automations import Automation
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import EventTrigger, Posture

from deployments.schedules import TAG
from rules.run_failures import FIRST

HEARTBEAT: Final = "prefect.flow-run.heartbeat"
HEARTBEAT_SECONDS: Final = 30
_SILENCE: Final = timedelta(seconds=3 * HEARTBEAT_SECONDS)
_SILENT: Final = "connector: a run without heartbeat crashed"
_FAILURES: Final = "connector: runs that keep failing are told"
_OURS: Final = {"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{TAG}"}
# Also daily runs come to three within this time.
_REMEMBERED: Final = timedelta(days=7)


def heartbeat_automation() -> Automation:
    """A deployment's run that sent heartbeats and sends none for 90 seconds, without having ended, becomes Crashed.

    Only then its slot is given back, and the next run goes on where it stood. Whatever else runs on this server is none
    of its business: Prefect's own frequency is one heartbeat in 180 seconds.
    """
    ends = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "TimedOut", "Cancelled", "Crashed")}
    return Automation(
        name=_SILENT,
        description="Ends runs whose worker died together with its machine.",
        trigger=EventTrigger(
            after={HEARTBEAT},
            expect={HEARTBEAT, *ends},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            match_related=_OURS,
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_SILENCE,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="No heartbeat: its worker is gone.")],
    )


def failure_automation(run_watch: UUID) -> Automation:
    """Three failures of a scheduled deployment, in a row or not, start run_watch, which looks and mails.

    A run a failure would double the load just when everything fails.

    Args:
        run_watch: id of that flow's deployment.
    """
    return Automation(
        name=_FAILURES,
        description="Mails about deployments whose runs keep failing.",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{state}" for state in ("Failed", "TimedOut", "Crashed")},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            match_related=_OURS,
            for_each={"related:deployment:prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=FIRST,
            within=_REMEMBERED,
        ),
        actions=[
            RunDeployment(
                source="selected",
                deployment_id=run_watch,
                parameters={
                    "deployment": {
                        "__prefect_kind": "jinja",
                        "template": "{{ flow.name }}/{{ deployment.name }}",
                    }
                },
            )
        ],
    )


async def ensure(automation: Automation) -> None:
    """Make it on the server, or bring the one of that name in step; one that was switched off by hand stays so.

    One that is in step is not written: Prefect would forget what it has counted and what it waits for, such as the
    heartbeats of a machine that was lost a minute ago.
    """
    try:
        there = await Automation.aread(name=automation.name)
    except ValueError:
        await automation.acreate()
        return
    automation.enabled = there.enabled
    if _said(there) != _said(automation):
        automation.id = there.id
        await automation.aupdate()


def _said(automation: Automation) -> dict[str, Any]:
    # Not as JSON, which has no sets: what a trigger expects comes in any order.
    return automation.model_dump(exclude={"id", "owner_resource"})
