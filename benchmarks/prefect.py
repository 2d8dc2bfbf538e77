"""What Prefect adds to an upload: the flow against its own tasks as plain functions, in the same order.

Each of the two has shops and a connection of its own, both with the default call budget. Prefect's server runs before
the clock starts, as it does in an installation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.results import Figure, held_against
from benchmarks.shops import connect, make_ready, mirror_catalogue, say, serving, timed
from flows.catalog_upload import BATCHES_IN_FLIGHT, catalog_upload
from tasks.media import upload_template_documents
from tasks.planning import plan_batch, products_to_decide
from tasks.report import BatchReport
from tasks.runs import batches, run_alone
from tasks.shops import batch_size
from tasks.statuses import read_statuses
from tasks.taxonomy import refresh_category_details, template_categories
from tasks.uploading import changes_to_send, send_batch

PRODUCTS = 60


# How far audits have come, and whether stock came before its variants or after, is a matter of moments.
_MOMENTARY = frozenset({"stock moved", "now live", "statuses read"})


def _work(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if name not in _MOMENTARY}


def run() -> Sequence[Figure]:
    """The plain functions first, then the flow."""
    plain, plain_counts = _upload("plain", upload_without_prefect)
    flow, flow_counts = _upload("flow", lambda name: catalog_upload(name).counts)
    if _work(plain_counts) != _work(flow_counts):
        raise RuntimeError(f"not the same work: {plain_counts} and {flow_counts}")
    return [held_against("prefect/overhead", flow, "s", "the same tasks as plain functions", plain, at_most=1.1)]


def _upload(name: str, upload: Callable[[str], dict[str, int]]) -> tuple[float, dict[str, int]]:
    with serving(products=PRODUCTS, seed=1) as shops:
        make_ready(connect(shops, name), name)
        before = shops.tiktok_writes()
        seconds, counts = timed(lambda: upload(name))
        say(f"{name}: {seconds:.2f} s, {shops.tiktok_writes() - before} writes")
    return seconds, counts


def upload_without_prefect(connection: str) -> dict[str, int]:
    """The steps of flows.catalog_upload; answer the counts of its report."""
    with run_alone("catalog_upload", connection, {}, dry_run=False, turn="catalogue") as run:
        this = run.connection_id
        reports = [
            mirror_catalogue(this),
            refresh_category_details.fn(this, template_categories(this, missing_only=True)),
            upload_template_documents.fn(this),
        ]
        size = batch_size(this)
        reports += [plan_batch.fn(run, part, None) for part in batches(products_to_decide(this, None), size)]
        parts = batches(changes_to_send(this, run.plan), size)
        with ThreadPoolExecutor(BATCHES_IN_FLIGHT) as pool:
            reports += pool.map(lambda part: send_batch.fn(run, part), parts)
        reports.append(read_statuses.fn(this, run.started))
        return BatchReport.total(reports).counts
