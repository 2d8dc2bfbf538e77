"""Which deployments there should be: one per flow and connection, on the connection's own schedule (D1).

A deployment runs one at a time: a run that falls due while another is at work is cancelled, not queued, because the
next one does the same work anyway. Parameters never hold secrets: a run gets the name of its connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.types.entrypoint import EntrypointType
from sqlmodel import col, select

from deployments.registry import load_flow, parameter_names
from flows import FLOWS
from models.connections import Connection, settings_in_force
from models.database import database

if TYPE_CHECKING:
    from prefect import Flow

TAG = "connector"
# The deployment of a flow that belongs to no connection in particular.
EVERYWHERE = "installation"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A deployment as it should be. `seconds` between scheduled runs, 0 for none."""

    flow: str
    name: str
    connection: str
    seconds: int

    @property
    def full_name(self) -> str:
        """As Prefect writes it."""
        return f"{self.flow}/{self.name}"


def wanted_deployments() -> list[Wanted]:
    """One per flow and connection, in force now; flows without a connection have one."""
    wanted = []
    with database().read() as session:
        connections = [
            (connection.name, settings_in_force(session, connection.key)[1].schedules)
            for connection in session.exec(select(Connection).order_by(col(Connection.name)))
        ]
    for flow in FLOWS:
        if "connection" not in parameter_names(load_flow(flow)):
            wanted.append(Wanted(flow, EVERYWHERE, "", 0))
            continue
        for name, schedules in connections:
            # Prefect keeps "/" and "%" for itself.
            safe = name.replace("/", "-").replace("%", "-")
            wanted.append(Wanted(flow, safe, name, int(getattr(schedules, flow, 0))))
    return wanted


def build(wanted: Wanted) -> RunnerDeployment:
    """The deployment with its typed parameters."""
    flow: Flow[..., object] = load_flow(wanted.flow)
    return RunnerDeployment.from_flow(
        flow,
        wanted.name,
        interval=timedelta(seconds=wanted.seconds) if wanted.seconds else None,
        parameters={"connection": wanted.connection} if wanted.connection else {},
        tags=[TAG, wanted.connection] if wanted.connection else [TAG],
        description=flow.description,
        enforce_parameter_schema=True,
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        # Found by module, so that a run starts wherever its process stands.
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
