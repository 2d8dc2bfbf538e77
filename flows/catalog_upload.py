"""catalog_upload: PrestaShop's catalogue onto TikTok Shop (mirror → match → plan → media → create or edit → record)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import Task, flow
from prefect.futures import PrefectFuture, wait
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.utilities.annotations import quote

from flows.time_limits import UPLOAD
from tasks import mirror, shop_tables, stock
from tasks.media import upload_template_documents
from tasks.planning import plan_batch, products_to_decide, template_named
from tasks.report import BatchReport, RunResult
from tasks.runs import Progress, Run, batches, changes_table, ends_in_words, in_flight, publish, run_alone
from tasks.shops import batch_size
from tasks.statuses import awaiting_audit_since, read_statuses
from tasks.taxonomy import refresh_category_details, template_categories
from tasks.uploading import changes_to_send, send_batch

# Batches sent at the same time: while the last calls of one are waiting, the next keeps the call budget in use.
BATCHES_IN_FLIGHT = 3
# Parts of a catalogue (tasks.mirror.IDS_A_TASK ids each) that may be read at the same time within 400 MB.
_PARTS_SIDE_BY_SIDE = 4


@flow(
    name="catalog_upload",
    flow_run_name="catalogue of {connection}",
    persist_result=False,
    timeout_seconds=UPLOAD,
    task_runner=ThreadPoolTaskRunner(max_workers=BATCHES_IN_FLIGHT),  # type: ignore[arg-type]
)
@ends_in_words(RunResult)
def catalog_upload(
    connection: str = "",
    product_ids: list[int] | None = None,
    template: str | None = None,
    dry_run: bool = False,
    retry_parked: bool = False,
) -> RunResult:
    """List new products on TikTok Shop and edit those whose content changed; nothing is sent for the others.

    Args:
        connection: name of the connection; may be left out when there is only one.
        product_ids: PrestaShop ids of the products to look at; all when left out. Listings that were on TikTok Shop
            before the connector get PrestaShop's content only when their product is named here.
        template: only products of the category template of this name.
        dry_run: stop after the plan; it can be looked at, and applied later as it stands.
        retry_parked: send again what TikTok Shop refused before, although it has not changed in PrestaShop.
    """
    parameters = {"product_ids": product_ids, "template": template}
    with run_alone("catalog_upload", connection, parameters, dry_run=dry_run, turn="catalogue") as run:
        template_id = template_named(run.connection_id, template)
        report = mirror_catalogue(run, product_ids)
        report = BatchReport.total([report, _plan(run, product_ids, template_id, retry_parked=retry_parked)])
        if not dry_run:
            report = BatchReport.total([report, send_changes(run, product_ids)])
        publish(run, report, changes_table(run), dry_run=dry_run)
        return RunResult.of(run.connection, run.plan, report)


def mirror_catalogue(run: Run, product_ids: Sequence[int] | None) -> BatchReport:
    """What PrestaShop says now, of all products or of some."""
    progress = Progress("Reading the PrestaShop catalogue")
    ids = mirror.list_catalogue(run.connection_id, product_ids)
    # Ids are quoted, so that Prefect does not walk through them in search of futures.
    products, combinations, stock_rows = (
        [quote(part) for part in mirror.parts_of(all_ids)]
        for all_ids in (ids.products, ids.combinations, ids.stock_rows)
    )
    # Independent reads go side by side, the longest first, while their pages fit into memory together; the client has
    # two requests in flight at most in any case, for the shop's sake.
    together = len(products) + len(combinations) + len(stock_rows) <= _PARTS_SIDE_BY_SIDE
    started: list[PrefectFuture[BatchReport]] = []

    def start(task: Task[..., BatchReport], *arguments: Any) -> PrefectFuture[BatchReport]:
        future = task.submit(run.connection_id, *arguments)
        started.append(future)
        if not together:
            future.wait()
        return future

    def follow(futures: Sequence[PrefectFuture[BatchReport]], begin: float, end: float) -> list[BatchReport]:
        reports = []
        for number, future in enumerate(futures, 1):
            reports.append(future.result())
            progress.reached(begin + (end - begin) * number / len(futures))
        return reports

    try:
        first = [
            *(start(mirror.mirror_products, part) for part in products),
            *(start(mirror.mirror_combinations, part) for part in combinations),
        ]
        # Nothing of the second half needs these two, so it does not wait for them.
        beside = [start(shop_tables.mirror_specific_prices), start(shop_tables.mirror_small_tables)]
        reports = follow(first, 0.0, 0.6)
        # Stock may come before or after the variants are settled: a new variant takes over its product's quantity.
        second = [
            *beside,
            *(start(stock.mirror_stock, part) for part in stock_rows),
            start(mirror.mirror_suppliers_and_packs),
            start(mirror.settle_variants, quote(ids)),
        ]
        return BatchReport.total(reports + follow(second, 0.6, 1.0))
    finally:
        # The run's turn must not end while one of its tasks still works.
        wait(started)


def _plan(run: Run, product_ids: list[int] | None, template_id: int | None, *, retry_parked: bool) -> BatchReport:
    """Which products fall to which template, what they should show, and what that changes."""
    progress = Progress("Deciding what TikTok Shop should show")
    reports = [
        refresh_category_details(run.connection_id, template_categories(run.connection_id, missing_only=True)),
        upload_template_documents(run.connection_id),
    ]
    parts = batches(products_to_decide(run.connection_id, product_ids), batch_size(run.connection_id))
    for number, part in enumerate(parts, 1):
        reports.append(
            plan_batch(run, part, template_id, retry_parked=retry_parked, edit_linked=product_ids is not None)
        )
        progress.reached(number / len(parts))
    return BatchReport.total(reports)


def send_changes(run: Run, product_ids: Sequence[int] | None = None, *, plan: int | None = None) -> BatchReport:
    """Send what the plan says, several batches at a time, and read back where the listings stand."""
    progress = Progress("Sending to TikTok Shop")
    parts = batches(changes_to_send(run.connection_id, plan or run.plan, product_ids), batch_size(run.connection_id))
    reports = in_flight(lambda part: send_batch.submit(run, part), parts, progress, at_once=BATCHES_IN_FLIGHT)
    progress.reached(1.0)
    since = awaiting_audit_since(run.connection_id)
    if since is not None:
        reports.append(read_statuses(run.connection_id, since))
    return BatchReport.total(reports)
