"""housekeeping: what nobody needs any more goes, for the whole installation (rows → runs → buyer data → size)."""

from __future__ import annotations

from prefect import flow

from flows.time_limits import LONG
from tasks import housekeeping as steps
from tasks.report import BatchReport, RunResult
from tasks.runs import Progress, name_by_outcome
from tasks.shops import utc_now


@flow(name="housekeeping", flow_run_name="housekeeping", persist_result=False, timeout_seconds=LONG)
def housekeeping(
    dry_run: bool = False,
    keep_runs_days: int | None = None,
    keep_changes_days: int | None = None,
    keep_webhooks_days: int | None = None,
    keep_plans_days: int | None = None,
) -> RunResult:
    """Delete what is too old to be needed, erase expired buyer data, and say how large the databases are.

    Days that are left out are those of the process settings (CONNECTOR_KEEP_…_DAYS).

    Args:
        dry_run: only count what would go.
        keep_runs_days: finished runs and their logs in Prefect.
        keep_changes_days: changes that are over, and what happened to finished orders.
        keep_webhooks_days: messages of TikTok Shop.
        keep_plans_days: records of runs that had nothing to change.

    Raises:
        ValueError: fewer days than one.
    """
    now = utc_now()
    before = steps.limits(
        now, runs=keep_runs_days, changes=keep_changes_days, webhooks=keep_webhooks_days, plans=keep_plans_days
    )
    with steps.alone():
        progress = Progress("Deleting what is too old")
        reports = [steps.delete_rows(before, dry_run=dry_run)]
        progress.reached(0.4)
        if not dry_run:
            reports.append(steps.delete_webhooks(before))
        reports.append(steps.erase_buyer_data(now, dry_run=dry_run))
        progress.reached(0.6)
        reports.append(steps.delete_runs(before, flow_names(), dry_run=dry_run))
        progress.reached(0.9)
        if not dry_run:
            reports.append(steps.tidy())
        report = BatchReport.total(reports)
        size = steps.database_size()
        report.count("MB of database", round(size.size / 1_000_000))
        report.count("MB of Prefect's database", round(size.prefect / 1_000_000))
        steps.publish_size(size, report)
        name_by_outcome(report, dry_run=dry_run)
        progress.reached(1.0)
        return RunResult.of("", None, report)


def flow_names() -> list[str]:
    """Names of all our flows: a Prefect server may have others too."""
    from flows import FLOWS

    return list(FLOWS)
