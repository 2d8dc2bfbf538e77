"""order_ship: a parcel that a person names is told to TikTok Shop, whatever PrestaShop knows of it (I7)."""

from __future__ import annotations

from prefect import flow

from flows.time_limits import FREQUENT
from models.listings import ChangeKind
from tasks import order_changes, order_facts, order_reading, shipments
from tasks.report import BatchReport, RunResult
from tasks.runs import Run, changes_table, ends_in_words, publish, run_alone


@flow(
    name="order_ship",
    flow_run_name="ship order {order_id} of {connection}",
    persist_result=False,
    timeout_seconds=FREQUENT,
)
@ends_in_words(RunResult)
def order_ship(
    order_id: str,
    tracking: str,
    connection: str = "",
    carrier: int = 0,
    line_ids: list[str] | None = None,
    despite_cancellation: bool = False,
    dry_run: bool = False,
) -> RunResult:
    """Tell TikTok Shop of one parcel.

    Args:
        order_id: TikTok order id.
        tracking: the parcel's tracking number.
        connection: name of the connection; may be left out when there is only one.
        carrier: id_reference of its carrier in PrestaShop; that of the order when left out.
        line_ids: TikTok ids of the units in it; all that are still to be shipped when left out.
        despite_cancellation: ship although the buyer asked to cancel, which refuses that request.
        dry_run: stop after the plan.
    """
    parameters = {
        "order_id": order_id,
        "tracking": tracking,
        "carrier": carrier,
        "line_ids": line_ids,
        "despite_cancellation": despite_cancellation,
    }
    with run_alone("order_ship", connection, parameters, dry_run=dry_run, turn="orders") as run:
        named = shipments.ByHand(tracking, carrier, tuple(line_ids or ()), despite_cancellation)
        report = ship_named(run, order_id, named, dry_run=dry_run)
        publish(run, report, changes_table(run), dry_run=dry_run)
        return RunResult.of(run.connection, run.plan, report)


def ship_named(run: Run, order_id: str, named: shipments.ByHand, *, dry_run: bool = False) -> BatchReport:
    """Tell TikTok Shop of a parcel, judged by what it shows of the order now."""
    reports = [
        order_facts.read_order_tables(run.connection_id),
        order_reading.read_again(run, [order_id]),
    ]
    keys = order_reading.orders_of(run.connection_id, [order_id])
    reports.append(
        shipments.ship_batch(run, keys, dry_run=dry_run, retry_parked=True, by_hand=dict.fromkeys(keys, named))
    )
    return BatchReport.total(reports)


def apply_parcel(run: Run, plan: int) -> BatchReport:
    """Tell TikTok Shop of the parcel of a stored plan, if that is still to be told (K1)."""
    if not order_changes.planned_orders(plan, ChangeKind.SHIP):
        return order_changes.close_plan(plan)
    asked = order_changes.plan_parameters(plan)
    named = shipments.ByHand(
        asked["tracking"],
        asked["carrier"],
        tuple(asked["line_ids"] or ()),
        asked.get("despite_cancellation", False),
    )
    report = ship_named(order_changes.applying(run, plan), asked["order_id"], named)
    return BatchReport.total([report, order_changes.close_plan(plan)])
