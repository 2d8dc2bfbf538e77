"""run_watch: a deployment whose runs keep failing is told by mail (read → decide → tell)."""

from __future__ import annotations

from prefect import flow

from flows.time_limits import FREQUENT
from rules.run_failures import failure_notice, failures_in_a_row
from tasks import run_watch as steps
from tasks.report import BatchReport, RunResult
from tasks.runs import name_by_outcome


@flow(name="run_watch", flow_run_name="runs of {deployment}", persist_result=False, timeout_seconds=FREQUENT)
def run_watch(deployment: str, dry_run: bool = False) -> RunResult:
    """Look at how the last runs of a deployment ended, and mail when three or more failed in a row.

    An automation starts it after failures. It is told at the third, the sixth, the twelfth failure and so on, to the
    contact address of the runs' connection, or of all of them for the whole installation.

    Args:
        deployment: full name as Prefect writes it, e.g. "order_import/main".
        dry_run: send no mail.
    """
    reports = []
    for watched in steps.read_runs(deployment):
        report = BatchReport()
        report.count("failed in a row", len(failures_in_a_row(watched.runs)))
        notice = failure_notice(watched.name, watched.runs, steps.ui_address())
        if notice is not None and dry_run:
            report.count("to be told")
        elif notice is not None:
            reports.append(steps.tell_failures(watched.connection, notice))
        reports.append(report)
    report = BatchReport.total(reports)
    name_by_outcome(report, dry_run=dry_run)
    return RunResult.of("", None, report)
