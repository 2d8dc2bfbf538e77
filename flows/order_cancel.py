"""order_cancel: orders are cancelled on TikTok Shop for a reason that a person chose, then in PrestaShop (I8)."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import flow

from flows.time_limits import FREQUENT
from models.listings import ChangeKind
from tasks import after_sales, after_sales_sending, order_changes, order_facts, order_reading
from tasks.report import BatchReport, RunResult
from tasks.runs import Run, batches, changes_table, ends_in_words, publish, run_alone

ORDERS_A_BATCH = 50


@flow(
    name="order_cancel", flow_run_name="cancel orders of {connection}", persist_result=False, timeout_seconds=FREQUENT
)
@ends_in_words(RunResult)
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
        report = BatchReport.total(
            [
                order_facts.read_order_tables(run.connection_id),
                *(
                    after_sales_sending.cancel_on_tiktok(run, part, reason=reason, dry_run=dry_run)
                    for part in batches(keys, ORDERS_A_BATCH)
                ),
                cancel_in_prestashop(run, keys, dry_run=dry_run),
            ]
        )
        publish(run, report, changes_table(run), dry_run=dry_run)
        return RunResult.of(run.connection, run.plan, report)


def cancel_in_prestashop(run: Run, keys: Sequence[int], *, dry_run: bool = False) -> BatchReport:
    """What TikTok Shop cancelled of these orders, PrestaShop cancels too."""
    cancelled = after_sales.unapplied(run.connection_id, keys)
    return BatchReport.total(
        [after_sales.apply_after_sales(run, part, dry_run=dry_run) for part in batches(cancelled, ORDERS_A_BATCH)]
    )


def apply_orders_to_cancel(run: Run, plan: int) -> BatchReport:
    """Cancel the orders of a stored plan that can still be cancelled for its reason, on both sides (K1)."""
    keys = order_changes.planned_orders(plan, ChangeKind.CANCEL)
    reason = order_changes.plan_parameters(plan)["reason"]
    reports = [order_facts.read_order_tables(run.connection_id)]
    for part in batches(keys, ORDERS_A_BATCH):
        reports.append(after_sales_sending.cancel_on_tiktok(order_changes.applying(run, plan), part, reason=reason))
    # That PrestaShop follows belongs to the plan, although it could not be planned before.
    reports.append(cancel_in_prestashop(run, keys))
    return BatchReport.total([*reports, order_changes.close_plan(plan)])
