"""Automations of Prefect, from code: what has to happen when a worker's machine is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from prefect.automations import Automation
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture

HEARTBEAT_SECONDS: Final = 30
_SILENCE: Final = timedelta(seconds=3 * HEARTBEAT_SECONDS)
_NAME: Final = "connector: a run without heartbeat crashed"
_BEAT: Final = "prefect.flow-run.heartbeat"


def heartbeat_automation() -> Automation:
    """A run that sent heartbeats and sends none for 90 seconds, without having ended, becomes Crashed.

    Only then its slot is given back, and the next run goes on where it stood.
    """
    ends = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}
    return Automation(
        name=_NAME,
        description="Ends runs whose worker died together with its machine.",
        trigger=EventTrigger(
            after={_BEAT},
            expect={_BEAT, *ends},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_SILENCE,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="No heartbeat: its worker is gone.")],
    )


async def ensure_heartbeat_automation() -> None:
    """Make it on the server, unless it is there already."""
    try:
        await Automation.aread(name=_NAME)
    except ValueError:
        await heartbeat_automation().acreate()
