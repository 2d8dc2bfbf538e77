"""Runs that keep failing: read from Prefect, told to the merchant once a step (rules.run_failures)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId, FlowRunFilter, FlowRunFilterState
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.settings import get_current_settings
from sqlmodel import col, select

from clients.mail import MailFailed
from config.logging import redact
from models.connections import Connection
from models.database import database, upsert
from models.orders import Notice
from rules.run_failures import LOOKED_AT, EndedRun, FailureNotice
from tasks.mailing import contact, mail, mail_failure
from tasks.report import BatchReport
from tasks.shops import utc_now

_ENDED = ("COMPLETED", "FAILED", "CRASHED")
_MOST_LETTERS = 500


@dataclass(frozen=True, slots=True)
class Watched:
    """A connection ("" for the whole installation) and the newest runs for it that ended, newest first.

    `name` is what people read: the deployment's, with the connection where it serves several.
    """

    name: str
    connection: str
    runs: Sequence[EndedRun]


@task(name="read how the last runs ended", cache_policy=NO_CACHE)
def read_runs(deployment: str) -> list[Watched]:
    """How a deployment has fared, by connection; cancelled runs did nothing and say nothing.

    Raises:
        LookupError: there is no such deployment.
    """
    with get_client(sync_client=True) as client:
        try:
            found = client.read_deployment_by_name(deployment)
        except ObjectNotFound:
            raise LookupError(
                f"Prefect has no deployment {deployment!r}. `prefect deployment ls` names them."
            ) from None
        runs = client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[found.id])),
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState.model_validate({"type": {"any_": _ENDED}})),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=LOOKED_AT,
        )
    ended: dict[str, list[EndedRun]] = defaultdict(list)
    for run in runs:
        if run.state is None:
            continue
        # Runs on demand are for any connection: none is to hear of another's failures.
        ended[str(run.parameters.get("connection") or "")].append(
            EndedRun(
                str(run.id),
                run.state.type is not StateType.COMPLETED,
                run.state.timestamp,
                redact(run.state.message or "")[:_MOST_LETTERS],
            )
        )
    own = found.parameters.get("connection", "")
    return [
        Watched(deployment if connection == own else f"{deployment} for {connection}", connection, some)
        for connection, some in ended.items()
    ]


def ui_address() -> str:
    """Where people see runs."""
    known = get_current_settings()
    return (known.ui_url or known.api.url or "").rstrip("/").removesuffix("/api")


@task(name="tell about failing runs", cache_policy=NO_CACHE)
def tell_failures(connection: str, notice: FailureNotice) -> BatchReport:
    """Mail a notice to the contact of a connection, or of all of them ("")."""
    report = BatchReport()
    with database().read() as session:
        asked = select(Connection).where((col(Connection.name) == connection) | (connection == ""))
        told = set(session.exec(select(Notice.connection_id).where(Notice.key == notice.key)).all())
        reached: dict[str, list[int]] = defaultdict(list)
        for one in session.exec(asked):
            if one.key not in told:
                reached[contact(session, one)].append(one.key)
    if unreachable := reached.pop("", []):
        report.count("not told: no address", len(unreachable))
    for address, ids in reached.items():
        try:
            mail(address, *notice.letter)
        except MailFailed as fault:
            report.failed(mail_failure(fault), count="mails failed")
            continue
        _note(ids, notice.key)
        report.count("told")
    return report


def _note(connection_ids: Sequence[int], key: str) -> None:
    now = utc_now()
    with database().write() as session:
        upsert(session, Notice, [{"connection_id": one, "key": key, "told_at": now} for one in connection_ids])
