"""authorization_watch: the TikTok Shop authorization is kept fresh and counted down (refresh → tell → table)."""

from __future__ import annotations

from prefect import flow

from flows.time_limits import FREQUENT
from tasks import authorization
from tasks.report import BatchReport, RunResult
from tasks.runs import ends_in_words, publish, publish_table, run_alone


@flow(
    name="authorization_watch",
    flow_run_name="authorization of {connection}",
    persist_result=False,
    timeout_seconds=FREQUENT,
)
@ends_in_words(RunResult)
def authorization_watch(connection: str = "", dry_run: bool = False) -> RunResult:
    """Refresh the access token ahead of time, and mail 30, 14, 7 and 1 days before the seller's consent ends.

    What ended or was withdrawn is mailed too, once; until somebody authorizes the shop again, nothing else runs on
    the connection.

    Args:
        connection: name of the connection; may be left out when there is only one.
        dry_run: show it without refreshing and without sending a mail.
    """
    with run_alone(
        "authorization_watch", connection, {}, dry_run=dry_run, turn="authorization", without_authorization=True
    ) as run:
        reports = [] if dry_run else [authorization.refresh_ahead(run.connection_id)]
        reports.append(authorization.tell_standing(run, dry_run=dry_run))
        report = BatchReport.total(reports)
        publish(run, report, [], dry_run=dry_run)
        publish_table(run, "authorization", authorization.standing_rows(run.connection_id), "Authorization")
        return RunResult.of(run.connection, run.plan, report)
