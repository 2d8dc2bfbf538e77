"""Which deployments there should be (D1): one per scheduled flow and connection, and one of every flow to run by hand.

A scheduled deployment runs one at a time: a run that falls due while another is at work is cancelled, not queued,
because the next one does the same work anyway. Runs by hand, by webhook or for single objects come from the flow's
deployment "on demand" and wait for their turn. Parameters never hold secrets: a run gets the name of its connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlmodel import col, select

from config.settings import settings
from flows import FLOWS
from models.connections import Connection, settings_in_force
from models.database import database
from models.settings import ScheduleSettings
from tasks.cron import UNSTOPPED, in_url

TAG: Final = "connector"
# The deployment of a flow that belongs to no connection in particular, and the one for runs by hand.
EVERYWHERE: Final = "installation"
ON_DEMAND: Final = "on demand"
# Changes of connections, schedules and authorizations take effect within this time, without a restart.
LOOK_AGAIN_SECONDS: Final = 5.0
# In the version of a deployment that was registered as paused.
PAUSED: Final = "paused-"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A deployment as it should be.

    Attributes:
        connection: name of its connection, "" for none in particular.
        seconds: between scheduled runs, 0 for none.
        paused: the connection is stopped or not authorized for a shop; nothing is due until it runs.
        alone: at most one run at a time, others that fall due meanwhile are cancelled.
    """

    flow: str
    name: str
    connection: str = ""
    seconds: int = 0
    paused: bool = False
    alone: bool = True

    @property
    def full_name(self) -> str:
        """As Prefect writes it."""
        return f"{self.flow}/{self.name}"


def registered_seconds(version: str | None) -> int | None:
    """The interval that a deployment was registered with; None when we did not register it."""
    seconds, _, digest = (version or "").partition("s-")
    return int(seconds) if digest and seconds.isdigit() else None


def interval_to_keep(registered: int | None, present: float | None, wanted: int) -> float | None:
    """Which interval of a deployment holds when its settings and the Prefect UI may both have been changed (D1).

    Args:
        registered: seconds it was registered with last; None when it never was.
        present: seconds it has now in Prefect, 0 for no schedule; None for one that is no plain interval.
        wanted: seconds of the settings.

    Returns:
        The seconds to set, None to leave the schedule as Prefect has it: a change made there stays until the settings
        change too.
    """
    if registered is None or wanted != registered:
        return wanted
    return wanted if present == registered else None


def paused_to_keep(version: str | None, present: bool, wanted: bool) -> bool:
    """Whether a deployment is to be paused: what was set by hand stays until the connection starts or stops."""
    registered = registered_seconds(version)
    was_paused = (version or "").partition("s-")[2].startswith(PAUSED)
    return wanted if registered is None or was_paused != wanted else present


def wanted_deployments() -> list[Wanted]:
    """Those that should be in force now."""
    scheduled = [flow for flow in FLOWS if flow in ScheduleSettings.model_fields]
    # The flow that works on the installation as a whole.
    wanted = [Wanted("housekeeping", EVERYWHERE, seconds=settings().housekeeping_seconds)]
    wanted += [Wanted(flow, ON_DEMAND, alone=False) for flow in FLOWS]
    with database().read() as session:
        connections = [
            (
                connection.name,
                connection.is_running,
                settings_in_force(session, connection.key)[1].schedules,
            )
            for connection in session.exec(select(Connection).order_by(col(Connection.name)))
        ]
    for name, running, schedules in connections:
        for flow in scheduled:
            paused = not running and flow not in UNSTOPPED
            wanted.append(Wanted(flow, in_url(name), name, int(getattr(schedules, flow)), paused))
    return wanted
