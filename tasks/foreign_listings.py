"""Listings on TikTok Shop that the connector did not create: what they say of themselves, kept as rows (H1).

A search shows ids, titles and SKUs of all listings, a hundred a call; pictures, barcodes and cross-references take a
call a listing, made only for those not known yet or changed since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import String, cast, delete
from sqlmodel import Session, col, select

from clients.errors import Rejected, Retryable
from clients.tiktok.client import TikTokClient
from models.database import database, in_parts
from models.listings import Change, ChangeKind, ChangeState, Listing, ListingSku
from rules.linking import VariantKey, created_for
from rules.readback import audit_findings
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.shops import Shops, open_shops, utc_now
from tasks.threads import BatchThreads

Row = dict[str, Any]

# Listings of one batch read at once; the call budget decides how fast they go.
THREADS: Final = 8
# A search ends at 10,000 hits with this code (3.16).
_TOO_MANY: Final = "12052180"
# Before TikTok Shop opened anywhere.
_FIRST_SECOND: Final = 1_577_836_800
_IMAGE_URL_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Facts:
    """What only the details of a listing say about a SKU, and no column keeps.

    Attributes:
        values: texts of its sales attributes.
        created_for: the variant that a cross-reference of ours names.
    """

    values: tuple[str, ...] = ()
    created_for: VariantKey | None = None


@dataclass(slots=True)
class Read:
    """What a batch of details told: figures, and facts by SKU id."""

    report: BatchReport = field(default_factory=BatchReport)
    facts: dict[str, Facts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """TikTok ids of the listings whose details have to be read, and the figures of the search."""

    to_read: tuple[str, ...]
    report: BatchReport


@task(name="find listings", cache_policy=NO_CACHE, **on_retryable)
def find_listings(connection_id: int) -> Found:
    """Search all listings but deleted ones; forget the unlinked ones that are gone."""
    shops = open_shops(connection_id)
    report = BatchReport()
    with database().read() as session:
        stored = {
            listing.product_id: listing
            for listing in session.exec(select(Listing).where(Listing.connection_id == connection_id))
        }
        skus: dict[int, set[tuple[str, str]]] = {}
        for listing_id, sku_id, seller_sku in session.exec(
            select(ListingSku.listing_id, ListingSku.sku_id, ListingSku.seller_sku).where(
                ListingSku.connection_id == connection_id
            )
        ):
            skus.setdefault(listing_id, set()).add((sku_id, seller_sku))
    seen: dict[str, bool] = {}
    for product in _every_listing(shops.tiktok):
        product_id = str(product["id"])
        if product.get("status") == "DELETED":
            continue
        listing = stored.get(product_id)
        seen[product_id] = listing is None or (
            not listing.content_hash and _moved(product, listing, skus.get(listing.key, set()))
        )
    report.count("listings", len(seen))
    report.count("listings gone", _forget(connection_id, [key for key in stored if key not in seen]))
    return Found(tuple(product_id for product_id, is_new in seen.items() if is_new), report)


def _every_listing(tiktok: TikTokClient) -> Iterator[Row]:
    """All listings, some of them twice; beyond 10,000 by spans of the time they were created in."""
    spans: list[Row] = [{}]
    while spans:
        span = spans.pop()
        try:
            yield from tiktok.search_products(span)
        except Rejected as error:
            begin = span.get("create_time_ge", _FIRST_SECOND)
            end = span.get("create_time_le", int((utc_now() + timedelta(days=1)).timestamp()))
            if error.code != _TOO_MANY or begin >= end:
                raise
            middle = (begin + end) // 2
            spans += [
                {"create_time_ge": begin, "create_time_le": middle},
                {"create_time_ge": middle + 1, "create_time_le": end},
            ]


def _moved(product: Row, listing: Listing, skus: set[tuple[str, str]]) -> bool:
    """Whether a listing is not what it was when it was read; who only reads statuses notes the update time too."""
    shown = {(str(sku["id"]), str(sku.get("seller_sku") or "")) for sku in product.get("skus") or ()}
    return (
        int(product.get("update_time") or 0) != listing.update_time
        or str(product.get("title") or "") != listing.title
        or shown != skus
    )


def _forget(connection_id: int, product_ids: Sequence[str]) -> int:
    """Rows of listings that are not there any more; linked ones and our own are for those who keep statuses."""
    gone = 0
    with database().write() as session:
        linked = select(ListingSku.listing_id).where(
            ListingSku.connection_id == connection_id, col(ListingSku.id_product).is_not(None)
        )
        # Those that the connector deleted itself can be recovered, and are linked again then.
        deleted_here = select(Change.object).where(
            Change.connection_id == connection_id,
            Change.kind == ChangeKind.DELETE,
            Change.state == ChangeState.CONFIRMED,
        )
        for part in in_parts(product_ids):
            of_these = (
                col(Listing.connection_id) == connection_id,
                col(Listing.product_id).in_(part),
                col(Listing.content_hash) == "",
                col(Listing.id_product).is_(None),
                col(Listing.id).not_in(linked),
                ("listing:" + cast(col(Listing.id), String)).not_in(deleted_here),
            )
            keys = session.exec(select(Listing.id).where(*of_these)).all()
            session.connection().execute(delete(Listing).where(col(Listing.id).in_(keys)))
            gone += len(keys)
    return gone


@task(name="read listings", cache_policy=NO_CACHE, **on_retryable)
def read_listings(connection_id: int, product_ids: Sequence[str], *, store: bool = True) -> Read:
    """Read the details of a batch, some at a time, and keep them; what cannot be read is reported and left out.

    Args:
        connection_id: whose.
        product_ids: TikTok ids.
        store: False only tells the facts that no column keeps.

    Raises:
        AuthorizationError, ConfigurationFault: nothing of the batch can go on.
        Retryable: no listing of the batch could be read now.
    """
    shops = open_shops(connection_id)
    read = Read()
    waiting: list[Retryable] = []

    def one(product_id: str) -> Row | Failure | None:
        try:
            return shops.tiktok.product(product_id)
        except Rejected as error:
            return Failure.of(f"listing {product_id}", error)
        except Retryable as error:
            waiting.append(error)
            return None

    with BatchThreads(THREADS, thread_name_prefix="listing") as pool:
        answers = list(pool.map(one, product_ids))
    if waiting and len(waiting) == len(product_ids):
        raise waiting[0]
    read.report.failures += [Failure.of("TikTok Shop", error) for error in waiting[:1]]
    read.report.count("unreadable", len(waiting))
    details: list[Row] = []
    for answer in answers:
        if isinstance(answer, Failure):
            read.report.failed(answer, count="unreadable")
        elif answer is not None:
            details.append(answer)
    for detail in details:
        read.facts.update(_facts(shops, detail))
    if store:
        with database().write() as session:
            for detail in details:
                read.report.count(_store(session, shops, detail, read.facts, utc_now()))
    return read


def _facts(shops: Shops, detail: Row) -> dict[str, Facts]:
    external = str(detail.get("external_product_id") or "")
    return {
        str(sku["id"]): Facts(
            values=tuple(
                text for one in sku.get("sales_attributes") or () if (text := str(one.get("value_name") or ""))
            ),
            created_for=created_for(external, str(sku.get("external_sku_id") or ""), shops.settings.products.shop_id),
        )
        for sku in detail.get("skus") or ()
    }


def _store(session: Session, shops: Shops, detail: Row, facts: Mapping[str, Facts], now: datetime) -> str:
    """Keep what a listing says; answers under which name that counts."""
    product_id = str(detail["id"])
    listing = session.exec(
        select(Listing).where(Listing.connection_id == shops.id, Listing.product_id == product_id)
    ).first()
    if listing is not None and listing.content_hash:
        return "own listings"
    skus = {str(sku["id"]): sku for sku in detail.get("skus") or ()}
    if listing is None and _being_created(session, shops.id, [facts[sku_id] for sku_id in skus]):
        # The upload looks up what became of it and makes the row itself.
        return "being created"
    listing = listing or Listing(connection_id=shops.id, product_id=product_id)
    listing.title = str(detail.get("title") or "")
    listing.status = str(detail.get("status") or "")
    listing.audit_status = str((detail.get("audit") or {}).get("status") or "")
    listing.status_reasons = [finding.as_record() for finding in audit_findings(detail)]
    listing.has_draft = bool(detail.get("has_draft"))
    listing.image_url = _image(detail)
    listing.confirmed_at = listing.status_at = now
    listing.update_time = int(detail.get("update_time") or 0)
    session.add(listing)
    session.flush()
    known = {row.sku_id: row for row in session.exec(select(ListingSku).where(ListingSku.listing_id == listing.key))}
    for sku_id, sku in skus.items():
        row = known.pop(sku_id, None) or ListingSku(connection_id=shops.id, listing_id=listing.key, sku_id=sku_id)
        row.seller_sku = str(sku.get("seller_sku") or "")
        row.barcode = str((sku.get("identifier_code") or {}).get("code") or "")
        if row.id_product is None:
            # Those of a linked SKU are what was last confirmed, and the price and stock sync's.
            price = sku.get("price") or {}
            row.price, row.currency = _amount(price.get("sale_price")), str(price.get("currency") or "")
            row.quantities = {
                str(one["warehouse_id"]): int(one.get("quantity") or 0) for one in sku.get("inventory") or ()
            }
            row.confirmed_at = row.stock_checked_at = now
            if facts[sku_id].created_for:
                # No column keeps the cross-reference: until the SKU is linked, its listing is read in every run.
                listing.update_time = 0
        session.add(row)
    for gone in known.values():
        session.delete(gone)
    return "listings read"


def _being_created(session: Session, connection_id: int, facts: Sequence[Facts]) -> bool:
    products = {one.created_for[0] for one in facts if one.created_for}
    return bool(
        products
        and session.exec(
            select(Change.id).where(
                Change.connection_id == connection_id,
                col(Change.id_product).in_(products),
                Change.kind == ChangeKind.CREATE,
                Change.state == ChangeState.SENT,
            )
        ).first()
    )


def _image(detail: Row) -> str:
    for image in detail.get("main_images") or ():
        for url in (*(image.get("thumb_urls") or ()), *(image.get("urls") or ())):
            return str(url) if len(str(url)) <= _IMAGE_URL_MAX else ""
    return ""


def _amount(text: Any) -> Decimal | None:
    try:
        return Decimal(str(text)) if text else None
    except InvalidOperation:
        # What is shown to people is left empty; a linked SKU's price is written anew anyway.
        return None
