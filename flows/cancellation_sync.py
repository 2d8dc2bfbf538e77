"""cancellation_sync: cancellations and returns reach the other side; buyers' requests are answered (C5, I8, I12)."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import flow

from flows.time_limits import FREQUENT
from models.listings import ChangeKind
from tasks import after_sales, after_sales_sending, order_changes, order_facts, order_moves, order_reading, order_states
from tasks.report import BatchReport, RunResult
from tasks.runs import Run, batches, changes_table, ends_in_words, publish, run_alone

ORDERS_A_BATCH = 50


@flow(
    name="cancellation_sync",
    flow_run_name="cancellations of {connection}",
    persist_result=False,
    timeout_seconds=FREQUENT,
)
@ends_in_words(RunResult)
def cancellation_sync(
    connection: str = "", order_ids: list[str] | None = None, dry_run: bool = False, retry_parked: bool = False
) -> RunResult:
    """Read both sides, answer buyers, cancel where the other side did, and set refunds in PrestaShop.

    Args:
        connection: name of the connection; may be left out when there is only one.
        order_ids: TikTok order ids to look at; all that changed when left out.
        dry_run: stop after the plan.
        retry_parked: ask TikTok Shop again for cancellations that it refused before.
    """
    parameters = {"order_ids": order_ids}
    with run_alone("cancellation_sync", connection, parameters, dry_run=dry_run, turn="orders") as run:
        key = run.connection_id
        reports = [read_both_sides(run, order_ids, anew=retry_parked)]
        asked = None if order_ids is None else order_reading.orders_of(key, order_ids)
        waiting = after_sales_sending.requests_to_answer(key, order_ids)
        if waiting:
            # A parcel that has just left is no reason to grant a request.
            reports.append(order_states.read_parcels(key, asked))
        for part in batches(waiting, ORDERS_A_BATCH):
            reports.append(after_sales_sending.answer_buyers(run, part, dry_run=dry_run))
        for part in batches(after_sales_sending.cancelled_in_prestashop(key, asked), ORDERS_A_BATCH):
            reports.append(after_sales_sending.cancel_on_tiktok(run, part, dry_run=dry_run, retry_parked=retry_parked))
        for part in batches(after_sales.unapplied(key, asked), ORDERS_A_BATCH):
            reports.append(after_sales.apply_after_sales(run, part, dry_run=dry_run))
        report = BatchReport.total(reports)
        publish(run, report, changes_table(run), dry_run=dry_run)
        return RunResult.of(run.connection, run.plan, report)


def read_both_sides(
    run: Run, order_ids: Sequence[str] | None = None, *, anew: bool = False, applied: int = 0
) -> BatchReport:
    """What is cancelled, asked for and returned on either side, and what earlier runs left open."""
    key = run.connection_id
    return BatchReport.total(
        [
            order_facts.read_order_tables(key, anew=anew),
            order_reading.read_orders(run) if order_ids is None else order_reading.read_again(run, order_ids),
            after_sales.read_after_sales(run, order_ids),
            order_states.read_changed_orders(key),
            order_moves.settle_moves(key, order_ids, applied=applied),
            after_sales_sending.settle_requests(key, order_ids),
        ]
    )


def apply_cancellations(run: Run, plan: int) -> BatchReport:
    """Send the answers, cancellations and refunds of a stored plan that still hold (K1)."""
    key, applying = run.connection_id, order_changes.applying(run, plan)
    reports = [read_both_sides(run, applied=plan), order_states.read_parcels(key)]
    waiting = set(order_changes.planned_requests(plan))
    for part in batches([one for one in after_sales_sending.requests_to_answer(key) if one in waiting], ORDERS_A_BATCH):
        reports.append(after_sales_sending.answer_buyers(applying, part))
    cancelling = order_changes.planned_orders(plan, ChangeKind.CANCEL)
    for part in batches(after_sales_sending.cancelled_in_prestashop(key, cancelling), ORDERS_A_BATCH):
        reports.append(after_sales_sending.cancel_on_tiktok(applying, part))
    moving = order_changes.planned_orders(plan, ChangeKind.STATE)
    for part in batches(after_sales.unapplied(key, moving), ORDERS_A_BATCH):
        reports.append(after_sales.apply_after_sales(applying, part))
    return BatchReport.total([*reports, order_changes.close_plan(plan)])
