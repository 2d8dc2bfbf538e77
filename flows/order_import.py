"""order_import: orders of TikTok Shop become orders of PrestaShop (read → decide → make → read back)."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import flow

from flows.time_limits import LONG
from tasks import order_addresses, order_facts, order_reading
from tasks import order_import as importing
from tasks.report import BatchReport, RunResult
from tasks.runs import Progress, Run, batches, changes_table, ends_in_words, publish, run_alone

# Orders that share requests for their addresses, carts and prices (section 11.3).
ORDERS_A_BATCH = 20


@flow(name="order_import", flow_run_name="orders of {connection}", persist_result=False, timeout_seconds=LONG)
@ends_in_words(RunResult)
def order_import(
    connection: str = "",
    order_ids: list[str] | None = None,
    dry_run: bool = False,
    retry_parked: bool = False,
    only_due: bool = False,
) -> RunResult:
    """Read what changed among the orders, and make those that are ready in PrestaShop.

    Args:
        connection: name of the connection; may be left out when there is only one.
        order_ids: TikTok order ids to import now, also those that would be left out; what changed when left out.
        dry_run: stop after reading and the plan: which orders would be made, with which lines and totals.
        retry_parked: try orders again that wait for a person.
        only_due: of the given orders those alone that would be imported anyway; what messages of TikTok Shop ask for.
    """
    parameters = {"order_ids": order_ids}
    with run_alone("order_import", connection, parameters, dry_run=dry_run, turn="orders") as run:
        if order_ids is None:
            reports = [order_reading.read_orders(run)]
            keys = order_reading.open_orders(run.connection_id, retry_parked=retry_parked)
        elif only_due:
            reports = [order_reading.read_again(run, order_ids)]
            due = set(order_reading.open_orders(run.connection_id, retry_parked=retry_parked))
            keys = [key for key in order_reading.orders_of(run.connection_id, order_ids) if key in due]
        else:
            reports = [order_reading.fetch_orders(run, order_ids)]
            keys = order_reading.orders_of(run.connection_id, order_ids)
        if not dry_run:
            reports.append(correct_addresses(run))
        reports.append(
            import_orders(run, keys, dry_run=dry_run, anew=retry_parked or (order_ids is not None and not only_due))
        )
        report = BatchReport.total(reports)
        publish(run, report, changes_table(run) if dry_run else importing.orders_table(keys), dry_run=dry_run)
        return RunResult.of(run.connection, run.plan, report)


def correct_addresses(run: Run) -> BatchReport:
    """Addresses that buyers changed after PrestaShop got them."""
    keys = order_addresses.changed_addresses(run.connection_id)
    if not keys:
        return BatchReport()
    reports = [order_facts.read_order_tables(run.connection_id)]
    reports += [order_addresses.correct_addresses(run, part) for part in batches(keys, ORDERS_A_BATCH)]
    return BatchReport.total(reports)


def import_orders(run: Run, keys: Sequence[int], *, dry_run: bool, anew: bool) -> BatchReport:
    """Take orders into PrestaShop, some at a time; nothing is asked of PrestaShop when there are none."""
    if not keys:
        return BatchReport()
    progress = Progress("Making orders in PrestaShop")
    reports = [order_facts.read_order_tables(run.connection_id, anew=anew)]
    parts = batches(keys, ORDERS_A_BATCH)
    for number, part in enumerate(parts, 1):
        if dry_run:
            reports.append(importing.plan_imports(run, part))
        else:
            reports.append(importing.import_batch(run, part))
        progress.reached(number / len(parts))
    return BatchReport.total(reports)


def apply_imports(run: Run, plan: int) -> BatchReport:
    """Import the orders of a stored plan, as far as they are not imported yet."""
    return import_orders(run, importing.planned_orders(plan), dry_run=False, anew=True)
