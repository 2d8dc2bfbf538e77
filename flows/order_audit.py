"""order_audit: are the orders of both sides the same, at the same totals (read → compare → catch up → tell)?"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from prefect import flow
from prefect.utilities.annotations import quote

from flows.order_import import import_orders
from flows.time_limits import LONG
from tasks import order_audit as audits
from tasks import order_export, order_facts, order_reading
from tasks.report import BatchReport, RunResult
from tasks.runs import Run, batches, ends_in_words, publish, publish_table, run_alone

# Two detail calls of TikTok Shop.
ORDERS_A_BATCH = 100


@flow(name="order_audit", flow_run_name="order audit of {connection}", persist_result=False, timeout_seconds=LONG)
@ends_in_words(RunResult)
def order_audit(
    connection: str = "",
    days: int = 2,
    first: date | None = None,
    last: date | None = None,
    catch_up: bool = True,
    export: str = "",
) -> RunResult:
    """Hold the orders of TikTok Shop and of PrestaShop against each other, day by day, and import what is missing.

    Orders do not move meanwhile: the other order flows wait for their turn.

    Args:
        connection: name of the connection; may be left out when there is only one.
        days: how many days back from now; whole days of the shop's own time, today included.
        first: the first day, instead of `days`.
        last: the last day; today when left out.
        catch_up: read and import what is missing here or was not finished, as order_import would have done.
        export: a .csv or .xlsx file to write every order and the figures of each day to.

    Raises:
        ValueError: days that are none, or a file of another kind.
    """
    if export:
        order_export.check_path(Path(export))
    parameters = {
        "days": days,
        "first": first and first.isoformat(),
        "last": last and last.isoformat(),
        "catch_up": catch_up,
    }
    with run_alone("order_audit", connection, parameters, dry_run=not catch_up, turn="orders") as run:
        reports = [order_facts.read_order_tables(run.connection_id)]
        window = audits.audit_window(run.connection_id, days, first, last)
        on_tiktok, read = audits.read_period(run.connection_id, window)
        reports.append(read)
        audit = audits.compare_orders(run.connection_id, window, quote(on_tiktok))
        behind = audit.to_catch_up
        if catch_up and behind:
            reports.append(catch_up_orders(run, behind))
            audit = audits.compare_orders(run.connection_id, window, quote(on_tiktok), quote(behind))
        if export:
            order_export.export_audit(audit, Path(export).expanduser())
        told = BatchReport.total(reports)
        report = BatchReport.total([told, audit.report(told.failures)])
        publish(run, report, [], dry_run=not catch_up)
        publish_table(run, "days", audit.day_rows(), "Orders of both sides by the day they were placed")
        return RunResult.of(run.connection, run.plan, report)


def catch_up_orders(run: Run, order_ids: list[str]) -> BatchReport:
    """Store these orders as they are now and import those that are ready; what is left out otherwise stays left out."""
    reports = [order_reading.read_again(run, part) for part in batches(order_ids, ORDERS_A_BATCH)]
    keys = audits.importable(run.connection_id, order_ids)
    return BatchReport.total([*reports, import_orders(run, keys, dry_run=False, anew=False)])
