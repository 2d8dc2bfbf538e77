"""price_stock_sync: what changed in PrestaShop reaches TikTok Shop (notice → decide → plan → send → read back)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import flow
from prefect.futures import PrefectFuture, wait
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.utilities.annotations import quote

from flows.catalog_upload import mirror_catalogue
from flows.time_limits import LONG
from tasks import (
    deletions,
    mirror,
    offer_sending,
    offers,
    order_reading,
    order_states,
    price_audit,
    shop_tables,
    stock,
    sweeps,
)
from tasks.report import BatchReport, RunResult
from tasks.runs import (
    Progress,
    Run,
    batches,
    changes_table,
    ends_in_words,
    in_flight,
    planned_products,
    publish,
    run_alone,
)
from tasks.shops import batch_size, utc_now

# Batches sent at the same time: while the last calls of one are waiting, the next keeps the call budget in use.
BATCHES_IN_FLIGHT = 3


@flow(
    name="price_stock_sync",
    flow_run_name="prices and stock of {connection}",
    persist_result=False,
    timeout_seconds=LONG,
    task_runner=ThreadPoolTaskRunner(max_workers=BATCHES_IN_FLIGHT),  # type: ignore[arg-type]
)
@ends_in_words(RunResult)
def price_stock_sync(
    connection: str = "",
    product_ids: list[int] | None = None,
    dry_run: bool = False,
    full: bool = False,
    retry_parked: bool = False,
    allow_deletions: bool = False,
) -> RunResult:
    """Keep prices and stock of linked listings in step; only what differs from what was confirmed is sent.

    Args:
        connection: name of the connection; may be left out when there is only one.
        product_ids: PrestaShop ids of the products to look at; what changed since the last run when left out.
        dry_run: stop after a full sweep and the plan; it can be looked at, and applied later as it stands.
        full: sweep everything now, however long the last sweep took the shop.
        retry_parked: send again what TikTok Shop refused before, although it has not changed.
        allow_deletions: go on although an unusual share of the listed products is gone in PrestaShop.
    """
    parameters = {"product_ids": product_ids, "full": full}
    with run_alone("price_stock_sync", connection, parameters, dry_run=dry_run, turn="offers") as run:
        reports = [
            notice_changes(run, full=full or dry_run) if product_ids is None else mirror_catalogue(run, product_ids)
        ]
        reports.append(sweeps.touch_what_became_due(run))
        if not dry_run:
            reports.append(offer_sending.check_zeros(run))
        held, guard = deletions.held_back(run, allow_deletions=allow_deletions)
        reports.append(guard)
        if not dry_run and offers.touched_products(run.connection_id, product_ids, retry_parked=retry_parked):
            # Stock is never sent without knowing what was sold (tiktok-shop-api.md section 8, item 39).
            reports.append(order_reading.read_orders(run))
        reports.append(plan_offers(run, product_ids, held, dry_run=dry_run, retry_parked=retry_parked))
        if not dry_run:
            reports.append(send_offers(run, run.plan))
            reports.append(deletions.delete_gone(run, held))
            reports.append(price_audit.audit_prices(run))
        report = BatchReport.total(reports)
        publish(run, report, changes_table(run), dry_run=dry_run)
        return RunResult.of(run.connection, run.plan, report)


def apply_offers(run: Run, plan: int) -> BatchReport:
    """Send what a stored plan of this flow still holds: targets and what they start from are the same as then (K1)."""
    # Whether a change is still current is judged by what PrestaShop says now, not by what it said at planning.
    # What was sold since makes a change of stock outdated.
    reports = [mirror_catalogue(run, planned_products(plan)), order_reading.read_orders(run)]
    reports.append(offers.keep_current(run, plan))
    return BatchReport.total([*reports, send_offers(run, plan)])


def notice_changes(run: Run, *, full: bool) -> BatchReport:
    """Read what may have changed in PrestaShop: sweeps where they are due, the cheap tiers in between."""
    progress = Progress("Looking for changes in PrestaShop")
    connection_id, now = run.connection_id, utc_now()
    ids = mirror.list_catalogue(connection_id)
    # Quoted, so that Prefect does not walk through 100,000 ids in search of futures.
    quoted: Any = quote(ids)
    report = sweeps.forget_gone.submit(connection_id, quoted).result()
    progress.reached(0.1)
    futures: list[PrefectFuture[BatchReport]] = []
    try:
        stock_due = full or sweeps.due(connection_id, "stock", now)
        prices_due = full or sweeps.due(connection_id, "prices", now)
        futures = [
            stock.sweep_stock.submit(connection_id, quote(ids.stock_rows))
            if stock_due
            else stock.read_low_stock.submit(connection_id),
            sweeps.sweep_prices.submit(connection_id)
            if prices_due
            else sweeps.read_saved_products.submit(connection_id),
            shop_tables.mirror_specific_prices.submit(connection_id),
            shop_tables.mirror_small_tables.submit(connection_id, shop_tables.PRICE_TABLES),
            order_states.read_changed_orders.submit(connection_id),
        ]
        reports = [report]
        for number, future in enumerate(futures, 1):
            reports.append(future.result())
            progress.reached(0.1 + 0.9 * number / len(futures))
    finally:
        # The run's turn must not end while one of its tasks still works.
        wait(futures)
    return BatchReport.total(reports)


def plan_offers(
    run: Run, product_ids: Sequence[int] | None, held: Sequence[int], *, dry_run: bool, retry_parked: bool
) -> BatchReport:
    """What should be shown of every touched product but the ones held back, and what that changes."""
    touched = offers.touched_products(run.connection_id, product_ids, retry_parked=retry_parked)
    parts = batches(sorted(set(touched).difference(held)), batch_size(run.connection_id))
    return BatchReport.total(
        offers.plan_offers(run, part, held=held, dry_run=dry_run, retry_parked=retry_parked) for part in parts
    )


def send_offers(run: Run, plan: int) -> BatchReport:
    """Send the prices and stocks of a plan, several batches at a time, and read the risky ones back."""
    progress = Progress("Sending prices and stock to TikTok Shop")
    listings = batches(offer_sending.offers_to_send(run.connection_id, plan), batch_size(run.connection_id))
    parts = [[key for keys in part for key in keys] for part in listings]
    reports = in_flight(
        lambda part: offer_sending.send_offers.submit(run, quote(part)), parts, progress, at_once=BATCHES_IN_FLIGHT
    )
    reports += [offer_sending.read_back(run, quote(part)) for part in parts]
    progress.reached(1.0)
    return BatchReport.total(reports)
