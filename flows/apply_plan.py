"""apply_plan: send a stored plan exactly as it stands, as far as it is still current (K1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows.cancellation_sync import apply_cancellations
from flows.catalog_upload import BATCHES_IN_FLIGHT, mirror_catalogue, send_changes
from flows.listing_actions import apply_actions
from flows.order_answer import apply_answers
from flows.order_cancel import apply_orders_to_cancel
from flows.order_import import apply_imports
from flows.order_ship import apply_parcel
from flows.order_status_sync import apply_statuses
from flows.price_stock_sync import apply_offers
from flows.shipment_push import apply_shipments
from flows.time_limits import UPLOAD
from tasks.report import BatchReport, RunResult
from tasks.runs import (
    Run,
    changes_table,
    ends_in_words,
    plan_connection,
    plan_flow,
    planned_products,
    publish,
    run_alone,
)


@dataclass(frozen=True, slots=True)
class Applying:
    """How plans of one flow are applied: what the run needs exclusively, as the flow itself does, and what it does."""

    turn: str
    send: Callable[[Run, int], BatchReport]


def apply_upload(run: Run, plan: int) -> BatchReport:
    """Creations and edits."""
    # Whether a change is still current is judged by what PrestaShop says now, not by what it said at planning.
    return BatchReport.total([mirror_catalogue(run, planned_products(plan)), send_changes(run, plan=plan)])


APPLYING: Final[dict[str, Applying]] = {
    "catalog_upload": Applying("catalogue", apply_upload),
    "price_stock_sync": Applying("offers", apply_offers),
    "listing_actions": Applying("actions", apply_actions),
    "order_import": Applying("orders", apply_imports),
    "shipment_push": Applying("orders", apply_shipments),
    "cancellation_sync": Applying("orders", apply_cancellations),
    "order_status_sync": Applying("orders", apply_statuses),
    "order_ship": Applying("orders", apply_parcel),
    "order_cancel": Applying("orders", apply_orders_to_cancel),
    "order_answer": Applying("orders", apply_answers),
}
"""By the name of the flow that made the plan."""


@flow(
    name="apply_plan",
    flow_run_name="plan {plan}",
    persist_result=False,
    timeout_seconds=UPLOAD,
    task_runner=ThreadPoolTaskRunner(max_workers=BATCHES_IN_FLIGHT),  # type: ignore[arg-type]
)
@ends_in_words(RunResult)
def apply_plan(plan: int) -> RunResult:
    """Send the changes of a plan that are still planned; those no longer current are superseded, not sent.

    Args:
        plan: number of the plan, as printed by `connector plan`.

    Raises:
        LookupError: there is no such plan, or plans of its flow cannot be applied.
    """
    connection, made_by = plan_connection(plan), plan_flow(plan)
    applying = APPLYING.get(made_by)
    if applying is None:
        raise LookupError(f"Plan {plan} is of {made_by}; only plans of {', '.join(sorted(APPLYING))} can be applied.")
    with run_alone("apply_plan", connection, {"plan": plan}, dry_run=False, turn=applying.turn) as run:
        report = applying.send(run, plan)
        publish(run, report, changes_table(run, plan=plan), dry_run=False)
        return RunResult.of(run.connection, plan, report)
