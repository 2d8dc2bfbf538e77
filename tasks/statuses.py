"""Where listings stand on TikTok Shop: status, audit and, where one was refused, why (G2, G13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import col, func, select

from clients.errors import Rejected
from models.database import database
from models.listings import Assignment, Listing, ListingStatus
from rules.readback import audit_findings, listing_status
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.shops import open_shops, utc_now


@task(name="read listing statuses", cache_policy=NO_CACHE, **on_retryable)
def read_statuses(connection_id: int, since: int) -> BatchReport:
    """Statuses of the listings that TikTok Shop updated since a Unix time, a hundred a call."""
    shops = open_shops(connection_id)
    report = BatchReport()
    with database().read() as session:
        known = set(session.exec(select(Listing.product_id).where(Listing.connection_id == connection_id)))
    seen: list[dict[str, Any]] = [
        product
        for product in shops.tiktok.search_products({"update_time_ge": since})
        if str(product.get("id")) in known
    ]
    for start in range(0, len(seen), 100):
        _store(connection_id, shops.tiktok.product, seen[start : start + 100], report)
    return report


def _store(connection_id: int, read: Any, products: Sequence[dict[str, Any]], report: BatchReport) -> None:
    reasons: dict[str, list[dict[str, str]]] = {}
    for product in products:
        if product.get("status") == "FAILED" or (product.get("audit") or {}).get("status") == "FAILED":
            product_id = str(product["id"])
            try:
                detail = read(product_id)
            except Rejected as error:
                report.failed(Failure.of(f"listing {product_id}", error), count="unreadable")
                continue
            reasons[product_id] = [finding.as_record() for finding in audit_findings(detail)]
    now = utc_now()
    with database().write() as session:
        for product in products:
            listing = session.exec(
                select(Listing).where(Listing.connection_id == connection_id, Listing.product_id == str(product["id"]))
            ).one()
            listing.status = str(product.get("status") or "")
            listing.audit_status = str((product.get("audit") or {}).get("status") or "")
            listing.status_reasons = reasons.get(listing.product_id, [])
            listing.update_time = int(product.get("update_time") or 0)
            listing.status_at = now
            report.count("statuses read")


# The platform's clock and ours need not agree to the second.
_OVERLAP = timedelta(minutes=5)


def awaiting_audit_since(connection_id: int) -> int | None:
    """Since when (Unix seconds, with some overlap) the oldest listing in audit has been there; None when none is."""
    with database().read() as session:
        oldest = session.exec(
            select(func.min(Listing.confirmed_at)).where(
                Listing.connection_id == connection_id, Listing.audit_status == "AUDITING"
            )
        ).one()
    return None if oldest is None else int((oldest - _OVERLAP).timestamp())


def status_counts(connection_id: int) -> dict[ListingStatus, int]:
    """How many products stand where (G2); every mirrored product is counted once."""
    counts = dict.fromkeys(ListingStatus, 0)
    with database().read() as session:
        for status, audit, number in session.exec(
            select(Listing.status, Listing.audit_status, func.count())
            .where(Listing.connection_id == connection_id, col(Listing.id_product).is_not(None))
            .group_by(col(Listing.status), col(Listing.audit_status))
        ):
            counts[listing_status(status, audit)] += number
        listed = select(Listing.id_product).where(
            Listing.connection_id == connection_id, col(Listing.id_product).is_not(None)
        )
        is_ready = col(Assignment.content_hash) != ""
        for ready, number in session.exec(
            select(is_ready, func.count())
            .where(Assignment.connection_id == connection_id, col(Assignment.id_product).not_in(listed))
            .group_by(is_ready)
        ):
            counts[ListingStatus.NOT_UPLOADED if ready else ListingStatus.NOT_READY] += number
    return counts
