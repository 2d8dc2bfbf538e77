"""shipment_push: parcels that left with a carrier of PrestaShop are told to TikTok Shop (C8, C9, C11, I7, I10)."""

from __future__ import annotations

from prefect import flow

from flows.time_limits import FREQUENT
from models.listings import ChangeKind
from tasks import order_changes, order_facts, order_reading, order_states, shipments
from tasks.report import BatchReport, RunResult
from tasks.runs import Progress, Run, batches, changes_table, ends_in_words, publish, run_alone

# What one detail call reads (tiktok-shop-api.md 4.2).
ORDERS_A_BATCH = 50


@flow(name="shipment_push", flow_run_name="shipments of {connection}", persist_result=False, timeout_seconds=FREQUENT)
@ends_in_words(RunResult)
def shipment_push(
    connection: str = "",
    order_ids: list[str] | None = None,
    dry_run: bool = False,
    retry_parked: bool = False,
) -> RunResult:
    """Tell TikTok Shop of the orders that PrestaShop shows as shipped.

    Args:
        connection: name of the connection; may be left out when there is only one.
        order_ids: TikTok order ids to look at; all that are still to be shipped when left out.
        dry_run: stop after the plan.
        retry_parked: send again what TikTok Shop refused before, although nothing changed.
    """
    parameters = {"order_ids": order_ids}
    with run_alone("shipment_push", connection, parameters, dry_run=dry_run, turn="orders") as run:
        reports = [
            order_facts.read_order_tables(run.connection_id, anew=retry_parked),
            order_states.read_changed_orders(run.connection_id),
        ]
        asked = None if order_ids is None else order_reading.orders_of(run.connection_id, order_ids)
        reports.append(order_states.read_parcels(run.connection_id, asked))
        keys = shipments.orders_to_ship(run.connection_id, asked)
        progress = Progress("Telling TikTok Shop of parcels")
        parts = batches(keys, ORDERS_A_BATCH)
        for number, part in enumerate(parts, 1):
            reports.append(shipments.ship_batch(run, part, dry_run=dry_run, retry_parked=retry_parked))
            progress.reached(number / len(parts))
        report = BatchReport.total(reports)
        publish(run, report, changes_table(run), dry_run=dry_run)
        return RunResult.of(run.connection, run.plan, report)


def apply_shipments(run: Run, plan: int) -> BatchReport:
    """Tell TikTok Shop of the parcels of a stored plan that PrestaShop still shows so (K1)."""
    keys = order_changes.planned_orders(plan, ChangeKind.SHIP)
    reports = [
        order_facts.read_order_tables(run.connection_id),
        order_states.read_changed_orders(run.connection_id),
        order_states.read_parcels(run.connection_id, keys),
    ]
    due = shipments.orders_to_ship(run.connection_id, keys)
    for part in batches(due, ORDERS_A_BATCH):
        reports.append(shipments.ship_batch(order_changes.applying(run, plan), part))
    return BatchReport.total([*reports, order_changes.close_plan(plan)])
