"""cancellation_sync: cancellations and returns reach the other side; buyers' requests are answered (C5, I8, I12)."""

from __future__ import annotations

from prefect import flow

from flows.time_limits import FREQUENT
from tasks import after_sales, after_sales_sending, order_facts, order_moves, order_reading, order_states
from tasks.report import BatchReport, RunResult
from tasks.runs import batches, changes_table, ends_without_authorization, publish, run_alone

ORDERS_A_BATCH = 50


@flow(
    name="cancellation_sync",
    flow_run_name="cancellations of {connection}",
    persist_result=False,
    timeout_seconds=FREQUENT,
)
@ends_without_authorization(RunResult)
def cancellation_sync(connection: str = "", dry_run: bool = False, retry_parked: bool = False) -> RunResult:
    """Read both sides, answer buyers, cancel where the other side did, and set refunds in PrestaShop.

    Args:
        connection: name of the connection; may be left out when there is only one.
        dry_run: stop after the plan.
        retry_parked: ask TikTok Shop again for cancellations that it refused before.
    """
    with run_alone("cancellation_sync", connection, {}, dry_run=dry_run, turn="orders") as run:
        key = run.connection_id
        reports = [
            order_facts.read_order_tables(key, anew=retry_parked),
            order_reading.read_orders(run),
            after_sales.read_after_sales(run),
            order_states.read_changed_orders(key),
            order_moves.settle_moves(key),
            after_sales_sending.settle_requests(key),
        ]
        waiting = after_sales_sending.requests_to_answer(key)
        if waiting:
            # A parcel that has just left is no reason to grant a request.
            reports.append(order_states.read_parcels(key))
        for part in batches(waiting, ORDERS_A_BATCH):
            reports.append(after_sales_sending.answer_buyers(run, part, dry_run=dry_run))
        for part in batches(after_sales_sending.cancelled_in_prestashop(key), ORDERS_A_BATCH):
            reports.append(after_sales_sending.cancel_on_tiktok(run, part, dry_run=dry_run, retry_parked=retry_parked))
        for part in batches(after_sales.unapplied(key), ORDERS_A_BATCH):
            reports.append(after_sales.apply_after_sales(run, part, dry_run=dry_run))
        report = BatchReport.total(reports)
        publish(run, report, changes_table(run), dry_run=dry_run)
        return RunResult.of(run.connection, run.plan, report)
