"""Peak memory of the process that mirrors 100,000 SKUs, Prefect's own included; the shops are another process."""

from __future__ import annotations

import resource
from collections.abc import Sequence

from prefect import flow
from sqlmodel import func, select

from benchmarks.results import Figure, held_against
from benchmarks.shops import connect, say, serving, timed
from flows.catalog_upload import mirror_catalogue
from models.catalogue import Variant
from models.database import database
from tasks.report import BatchReport
from tasks.runs import run_alone

PRODUCTS = 62_000
SKUS = 100_000
MOST = 400.0


@flow(name="mirror")
def mirror_only(connection: str) -> BatchReport:
    """The mirroring steps of catalog_upload, run by Prefect as there."""
    with run_alone("mirror", connection, {}, dry_run=True, turn="catalogue") as run:
        return mirror_catalogue(run, None)


def run() -> Sequence[Figure]:
    """A mirror into empty tables, and one that finds everything known, which compares instead of writing."""
    with serving(products=PRODUCTS, seed=1) as shops:
        connect(shops)
        say(f"before: {_peak():.0f} MB")
        for turn in ("first", "second"):
            seconds, _ = timed(lambda: mirror_only("sandbox"))
            say(f"{turn} mirror: {seconds:.0f} s, peak {_peak():.0f} MB")
    with database().read() as session:
        skus = session.exec(select(func.count()).select_from(Variant)).one()
    if skus < SKUS:
        raise RuntimeError(f"only {skus} SKUs were mirrored")
    return [held_against("memory/mirror", _peak(), "MB", f"limit for {skus:,} SKUs", MOST, at_most=1.0)]


def _peak() -> float:
    """The most memory this process ever held, in megabytes. Linux counts it in kibibytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1_000_000
