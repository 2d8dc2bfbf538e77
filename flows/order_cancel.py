"""order_cancel: orders are cancelled on TikTok Shop for a reason that a person chose, then in PrestaShop (I8)."""

from __future__ import annotations

from prefect import flow

from flows.time_limits import FREQUENT
from tasks import after_sales, after_sales_sending, order_facts, order_reading
from tasks.report import BatchReport, RunResult
from tasks.runs import batches, changes_table, ends_without_authorization, publish, run_alone

ORDERS_A_BATCH = 50


@flow(
    name="order_cancel", flow_run_name="cancel orders of {connection}", persist_result=False, timeout_seconds=FREQUENT
)
@ends_without_authorization(RunResult)
def order_cancel(order_ids: list[str], reason: str, connection: str = "", dry_run: bool = False) -> RunResult:
    """Cancel orders on TikTok Shop, and those of them that PrestaShop has there too.

    Args:
        order_ids: TikTok order ids.
        reason: name of a reason that TikTok Shop allows for these orders now.
        connection: name of the connection; may be left out when there is only one.
        dry_run: stop after the plan.
    """
    parameters = {"order_ids": order_ids, "reason": reason}
    with run_alone("order_cancel", connection, parameters, dry_run=dry_run, turn="orders") as run:
        keys = order_reading.orders_of(run.connection_id, order_ids)
        reports = [order_facts.read_order_tables(run.connection_id)]
        for part in batches(keys, ORDERS_A_BATCH):
            reports.append(after_sales_sending.cancel_on_tiktok(run, part, reason=reason, dry_run=dry_run))
        cancelled = set(after_sales.unapplied(run.connection_id)).intersection(keys)
        for part in batches(sorted(cancelled), ORDERS_A_BATCH):
            reports.append(after_sales.apply_after_sales(run, part, dry_run=dry_run))
        report = BatchReport.total(reports)
        publish(run, report, changes_table(run), dry_run=dry_run)
        return RunResult.of(run.connection, run.plan, report)
