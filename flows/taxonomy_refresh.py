"""taxonomy_refresh: what TikTok Shop offers, read anew (F6, A4, E1)."""

from __future__ import annotations

from prefect import flow

from flows.time_limits import LONG
from tasks.report import BatchReport, RunResult
from tasks.runs import Progress, ends_in_words, publish, run_alone
from tasks.taxonomy import (
    check_prerequisites,
    note_refresh,
    refresh_brands,
    refresh_categories,
    refresh_category_details,
    refresh_logistics,
    template_categories,
)


@flow(name="taxonomy_refresh", flow_run_name="taxonomy of {connection}", persist_result=False, timeout_seconds=LONG)
@ends_in_words(RunResult)
def taxonomy_refresh(connection: str = "") -> RunResult:
    """Read categories, the rules and attributes of those in use, brands, warehouses and carriers.

    Args:
        connection: name of the connection; may be left out when there is only one.
    """
    with run_alone("taxonomy_refresh", connection, {}, dry_run=False, turn="taxonomy") as run:
        progress = Progress("Reading what TikTok Shop offers")
        reports = [refresh_categories(run.connection_id)]
        progress.reached(0.3)
        reports.append(
            refresh_category_details(run.connection_id, template_categories(run.connection_id, missing_only=False))
        )
        progress.reached(0.5)
        reports.append(refresh_brands(run.connection_id))
        progress.reached(0.7)
        reports.append(refresh_logistics(run.connection_id))
        reports.append(check_prerequisites(run.connection_id))
        report = BatchReport.total(reports)
        note_refresh(run.connection_id, report.counts)
        progress.reached(1.0)
        publish(run, report, [], dry_run=False)
        return RunResult.of(run.connection, run.plan, report)
