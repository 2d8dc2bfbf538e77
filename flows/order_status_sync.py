"""order_status_sync: statuses of TikTok Shop reach the PrestaShop orders they are mapped to (I6, I11, C12)."""

from __future__ import annotations

from prefect import flow

from flows.time_limits import FREQUENT
from models.listings import ChangeKind
from tasks import order_changes, order_facts, order_moves, order_reading, order_states
from tasks.report import BatchReport, RunResult
from tasks.runs import Progress, Run, batches, changes_table, ends_in_words, publish, run_alone

ORDERS_A_BATCH = 100


@flow(
    name="order_status_sync",
    flow_run_name="order statuses of {connection}",
    persist_result=False,
    timeout_seconds=FREQUENT,
)
@ends_in_words(RunResult)
def order_status_sync(connection: str = "", order_ids: list[str] | None = None, dry_run: bool = False) -> RunResult:
    """Read the orders' statuses on both sides and move PrestaShop's forwards.

    Args:
        connection: name of the connection; may be left out when there is only one.
        order_ids: TikTok order ids to look at; all that changed when left out.
        dry_run: stop after the plan.
    """
    parameters = {"order_ids": order_ids}
    with run_alone("order_status_sync", connection, parameters, dry_run=dry_run, turn="orders") as run:
        reports = [
            order_facts.read_order_tables(run.connection_id),
            order_states.read_changed_orders(run.connection_id),
        ]
        if order_ids is None:
            reports.append(order_reading.read_orders(run))
            asked = None
        else:
            reports.append(order_reading.read_again(run, order_ids))
            asked = order_reading.orders_of(run.connection_id, order_ids)
        reports.append(order_moves.settle_moves(run.connection_id, order_ids))
        if order_moves.are_followed(run.connection_id):
            progress = Progress("Moving PrestaShop orders")
            parts = batches(order_moves.orders_behind(run.connection_id, asked), ORDERS_A_BATCH)
            for number, part in enumerate(parts, 1):
                reports.append(order_moves.follow_statuses(run, part, dry_run=dry_run))
                progress.reached(number / len(parts))
        report = BatchReport.total(reports)
        publish(run, report, changes_table(run), dry_run=dry_run)
        return RunResult.of(run.connection, run.plan, report)


def apply_statuses(run: Run, plan: int) -> BatchReport:
    """Move the PrestaShop orders of a stored plan that still have to go there (K1)."""
    keys = order_changes.planned_orders(plan, ChangeKind.STATE)
    reports = [
        order_facts.read_order_tables(run.connection_id),
        order_states.read_changed_orders(run.connection_id),
        order_reading.read_orders(run),
        order_moves.settle_moves(run.connection_id, applied=plan),
    ]
    for part in batches(order_moves.orders_behind(run.connection_id, keys), ORDERS_A_BATCH):
        reports.append(order_moves.follow_statuses(order_changes.applying(run, plan), part))
    return BatchReport.total([*reports, order_changes.close_plan(plan)])
