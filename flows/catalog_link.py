"""catalog_link: listings that the connector did not create, linked to PrestaShop (find → read → match → store)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Literal, TypeVar, cast

from prefect import flow
from prefect.futures import wait
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.utilities.annotations import quote

from flows.time_limits import LONG
from rules.linking import METHODS, Proposal, Proposals
from tasks.foreign_listings import Facts, find_listings, read_listings
from tasks.linking import LinkResult, ProposedLink, ambiguous_failure, propose_links, store_links
from tasks.report import BatchReport
from tasks.runs import Progress, Run, batches, ends_in_words, publish, run_alone
from tasks.shops import batch_size

# While the last calls of one batch are waiting, the next keeps the call budget in use.
BATCHES_IN_FLIGHT = 2

Item = TypeVar("Item")


@flow(
    name="catalog_link",
    flow_run_name="links of {connection}",
    persist_result=False,
    timeout_seconds=LONG,
    task_runner=ThreadPoolTaskRunner(max_workers=BATCHES_IN_FLIGHT),  # type: ignore[arg-type]
)
@ends_in_words(LinkResult)
def catalog_link(
    connection: str = "",
    dry_run: bool = False,
    methods: list[Literal["sku", "gtin", "title"]] | None = None,
) -> LinkResult:
    """Link what is on TikTok Shop to PrestaShop's variants by SKU, GTIN and title; what is doubtful is left to people.

    Args:
        connection: name of the connection; may be left out when there is only one.
        dry_run: a rehearsal: say what would be linked, link nothing.
        methods: what to link by; all three when left out.
    """
    with run_alone("catalog_link", connection, {"methods": methods}, dry_run=dry_run, turn="links") as run:
        found = find_listings(run.connection_id)
        facts, report = _read(run, found.to_read, "Reading listings on TikTok Shop", store=True)
        report = BatchReport.total([found.report, report])
        proposals = propose_links(run, methods or METHODS, _whole(facts))
        if proposals.need_values:
            # Only a listing's details say which SKU is red: read again for the few whose title is all there is.
            known = {one.sku.product_id for one in proposals.ambiguous if one.sku.sku_id in facts}
            values, read = _read(run, sorted(proposals.need_values - known), "Reading values of variants", store=False)
            proposals = propose_links(run, methods or METHODS, _whole({**facts, **values}))
            report = BatchReport.total([report, read])
        report.count("proposed", len(proposals.links))
        report.count("ambiguous", len(proposals.ambiguous))
        report.not_ready += [ambiguous_failure(one) for one in proposals.ambiguous]
        if not dry_run:
            report = BatchReport.total([report, _store(run, proposals)])
        links = [ProposedLink.of(one) for one in proposals.links]
        publish(run, report, [one.as_row() for one in links], dry_run=dry_run)
        result = LinkResult.of(run.connection, run.plan, report)
        return result.model_copy(update={"proposals": links})


def _read(run: Run, product_ids: Sequence[str], what: str, *, store: bool) -> tuple[dict[str, Facts], BatchReport]:
    """Details of listings, some batches at a time."""
    progress = Progress(what)
    futures = [
        read_listings.submit(run.connection_id, part, store=store)
        for part in _parts(product_ids, batch_size(run.connection_id))
    ]
    facts: dict[str, Facts] = {}
    reports = []
    try:
        for number, future in enumerate(futures, 1):
            read = future.result()
            facts.update(read.facts)
            reports.append(read.report)
            progress.reached(number / len(futures))
    finally:
        # The run's turn must not end while one of its tasks still works.
        wait(futures)
    progress.reached(1.0)
    return facts, BatchReport.total(reports)


def _store(run: Run, proposals: Proposals) -> BatchReport:
    """The links of one listing stay in one batch: which product it shows follows from all of them."""
    progress = Progress("Linking")
    listings = [list(group) for _, group in groupby(proposals.links, key=lambda one: one.sku.product_id)]
    parts = _parts(listings, batch_size(run.connection_id))
    reports = []
    for number, part in enumerate(parts, 1):
        links: list[Proposal] = [one for listing in part for one in listing]
        reports.append(store_links(run, _whole(links)))
        progress.reached(number / len(parts))
    return BatchReport.total(reports)


def _parts(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [items[part[0] : part[-1] + 1] for part in batches(range(len(items)), size)]


def _whole(value: Item) -> Item:
    """Handed to a task as it is: Prefect otherwise walks through it in search of futures."""
    return cast(Item, quote(value))
