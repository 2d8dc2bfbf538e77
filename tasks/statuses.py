"""Where listings stand on TikTok Shop: status, audit, reasons, and what somebody changed there by hand (G2, G13).

A search shows status, title, prices and stock of a hundred listings a call; reasons take a call a listing and are read
only for those whose status changed for the worse. A page of a search is stored in one transaction, and only when
something of it differs from what is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import Session, col, func, select

from clients.errors import Rejected
from clients.tiktok.errors import ERRORS
from models.connections import Watermark
from models.database import database, in_parts, upsert
from models.listings import Assignment, Change, ChangeState, Listing, ListingSku, ListingStatus
from rules.hand_changes import HandChanges, content_as_shown, hand_changes
from rules.readback import listing_status
from rules.statuses import status_findings, wants_reasons
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Progress
from tasks.shops import Shops, open_shops, utc_now
from tasks.sweeps import set_watermark_now
from tasks.threads import BatchThreads
from tasks.touched import touch

Row = dict[str, Any]

# The newest update time that was seen, Unix seconds of the platform's clock.
_FOLLOWED: Final = "status_sync"
# When the last full sweep began, by our clock.
SWEPT: Final = "status_sweep"
# The platform's clock and ours need not agree to the second, and an update may show up late in a search.
_OVERLAP: Final = timedelta(minutes=5)
_A_DAY: Final = timedelta(hours=24)
_LISTINGS_A_BATCH: Final = 100
# So many listings may all be deleted at once.
_A_HANDFUL: Final = 5
# Details read at once; the call budget decides how fast they go.
THREADS: Final = 8
# What reading a single product answers when the shop does not have it (3.22).
_GONE: Final = {"12052031", "12052032", "12052034", "12052048", "12052260"}
# Rows kept for a table artifact; the database has them all.
_MOST_ROWS: Final = 201


@dataclass(slots=True)
class Statuses:
    """What a look at listings told: the figures, and the first of what was newly found changed by hand."""

    report: BatchReport = field(default_factory=BatchReport)
    by_hand: list[dict[str, str]] = field(default_factory=list)


@task(name="read listing statuses", cache_policy=NO_CACHE, **on_retryable)
def read_statuses(connection_id: int, since: int) -> BatchReport:
    """Statuses of the listings that TikTok Shop updated since a Unix time, a hundred a call."""
    statuses = Statuses()
    for _ in _stored_pages(open_shops(connection_id), {"update_time_ge": since}, statuses):
        pass
    return statuses.report


@task(name="follow listing statuses", cache_policy=NO_CACHE, **on_retryable)
def follow_statuses(connection_id: int) -> Statuses:
    """Statuses of the listings updated since the newest update that was seen, which moves with the last page."""
    statuses = Statuses()
    with database().read() as session:
        seen = _newest_seen(session, connection_id)
    filters = {"update_time_ge": seen - int(_OVERLAP.total_seconds())} if seen else {}
    for _ in _stored_pages(open_shops(connection_id), filters, statuses, follow=True):
        pass
    return statuses


@task(name="sweep listing statuses", cache_policy=NO_CACHE, **on_retryable)
def sweep_statuses(connection_id: int, *, even_if_all_are_gone: bool = False) -> Statuses:
    """Statuses of all listings; those of ours that the search does not show are looked up one by one.

    Args:
        connection_id: whose.
        even_if_all_are_gone: look them up although not one is shown, which otherwise is taken for the wrong shop.
    """
    began = utc_now()
    shops = open_shops(connection_id)
    statuses = Statuses()
    progress = Progress("Reading where every listing stands")
    with database().read() as session:
        lost = set(
            session.exec(
                select(Listing.product_id).where(Listing.connection_id == connection_id, Listing.status != "DELETED")
            )
        )
    known = max(len(lost), 1)
    for page in _stored_pages(shops, {}, statuses, follow=True):
        lost.difference_update(str(row["id"]) for row in page)
        progress.reached(1 - len(lost) / known)
    statuses.report.count("not shown by the search", len(lost))
    if len(lost) == known > _A_HANDFUL and not even_if_all_are_gone:
        statuses.report.failed(
            Failure(
                object="TikTok Shop",
                code="no_listing_shown",
                cause=f"TikTok Shop shows none of the {known} listings of this connection.",
                fix="Check that the connection is to the right shop. If they were all deleted, run status_sync with "
                "full=true.",
            ),
            count="sweeps not believed",
        )
        return statuses
    for part in in_parts(sorted(lost), _LISTINGS_A_BATCH):
        _look_up(shops, part, statuses)
    progress.reached(1.0)
    set_watermark_now(connection_id, SWEPT, began.isoformat())
    return statuses


@task(name="look up listings", cache_policy=NO_CACHE, **on_retryable)
def look_up_statuses(connection_id: int, product_ids: Sequence[int]) -> Statuses:
    """Statuses of the listings of some PrestaShop products, read one by one."""
    statuses = Statuses()
    listed: set[str] = set()
    unlisted = set(product_ids)
    with database().read() as session:
        for part in in_parts(sorted(unlisted)):
            linked = session.exec(
                select(Listing.product_id, ListingSku.id_product)
                .join(ListingSku, col(ListingSku.listing_id) == col(Listing.id))
                .where(Listing.connection_id == connection_id, col(ListingSku.id_product).in_(part))
            ).all()
            whole = session.exec(
                select(Listing.product_id, Listing.id_product).where(
                    Listing.connection_id == connection_id, col(Listing.id_product).in_(part)
                )
            ).all()
            for product_id, id_product in (*linked, *whole):
                listed.add(product_id)
                unlisted.discard(id_product or 0)
    statuses.report.count("not listed", len(unlisted))
    for some in in_parts(sorted(listed), _LISTINGS_A_BATCH):
        _look_up(open_shops(connection_id), some, statuses)
    return statuses


def sweep_is_due(connection_id: int, now: datetime) -> bool:
    """Whether the last full sweep began over a day ago, or never."""
    with database().read() as session:
        mark = session.get(Watermark, (connection_id, SWEPT))
    return mark is None or now - datetime.fromisoformat(mark.value) > _A_DAY


def _newest_seen(session: Session, connection_id: int) -> int:
    mark = session.get(Watermark, (connection_id, _FOLLOWED))
    return 0 if mark is None else int(mark.value)


def _stored_pages(shops: Shops, filters: Row, statuses: Statuses, *, follow: bool = False) -> Iterator[list[Row]]:
    """The pages of a search, each stored before it is handed on.

    Args:
        shops: where.
        filters: of the search.
        statuses: where figures go.
        follow: the search shows everything that was updated since the watermark, which moves with the last page: before
            that, an older update may still come.
    """
    newest = 0
    for asked_at, page, is_last in _pages(shops, filters):
        newest = max([newest, *(int(row.get("update_time") or 0) for row in page)])
        _store(shops, {str(row["id"]): row for row in page}, asked_at, statuses, newest=newest * (follow and is_last))
        yield page


def _pages(shops: Shops, filters: Row) -> Iterator[tuple[datetime, list[Row], bool]]:
    """Each page, when it was asked for, and whether it is the last: the next one is read ahead to know that."""
    pages = shops.tiktok.product_pages(filters)
    asked_at = utc_now()
    page = next(pages, None)
    while page is not None:
        then = utc_now()
        following = next(pages, None)
        yield asked_at, page, following is None
        asked_at, page = then, following


def _look_up(shops: Shops, product_ids: Sequence[str], statuses: Statuses) -> None:
    asked_at = utc_now()
    details = _details(shops, product_ids, statuses.report)
    _store(shops, details, asked_at, statuses, are_details=True)


def _details(shops: Shops, product_ids: Sequence[str], report: BatchReport) -> dict[str, Row]:
    """What TikTok Shop says about single listings, by id; one that is not there any more is told as deleted.

    Raises:
        Retryable, AuthorizationError: TikTok Shop cannot be asked now; the batch is read again later.
    """

    def one(product_id: str) -> Row | Failure:
        try:
            return shops.tiktok.product(product_id)
        except Rejected as error:
            if error.code in _GONE:
                return {"id": product_id, "status": "DELETED"}
            return Failure.of(f"listing {product_id}", error)

    if not product_ids:
        return {}
    details: dict[str, Row] = {}
    with BatchThreads(min(THREADS, len(product_ids)), thread_name_prefix="status") as pool:
        for product_id, answer in zip(product_ids, pool.map(one, product_ids), strict=True):
            if isinstance(answer, Failure):
                report.failed(answer, count="unreadable")
            else:
                details[product_id] = answer
    report.count("details read", len(details))
    return details


@dataclass(frozen=True, slots=True)
class _Known:
    """A listing as it is recorded."""

    listing: Listing
    skus: Sequence[ListingSku]
    # A change of its own may be on its way: what is shown may be of before or after it.
    is_busy: bool

    @property
    def name(self) -> str:
        product = self.listing.id_product
        return f"product {product}" if product is not None else f"listing {self.listing.product_id}"


def _known(session: Session, connection_id: int, product_ids: Sequence[str]) -> list[_Known]:
    """Those of the listings that we know."""
    listings = session.exec(
        select(Listing).where(Listing.connection_id == connection_id, col(Listing.product_id).in_(product_ids))
    ).all()
    skus: dict[int, list[ListingSku]] = defaultdict(list)
    for sku in session.exec(
        select(ListingSku)
        .where(col(ListingSku.listing_id).in_([one.key for one in listings]))
        .order_by(col(ListingSku.id))
    ):
        skus[sku.listing_id].append(sku)
    products = {
        one.key: {
            id_product
            for id_product in (one.id_product, *(sku.id_product for sku in skus[one.key]))
            if id_product is not None
        }
        for one in listings
    }
    busy_objects, busy_products = _under_way(session, connection_id, list(products), set().union(*products.values()))
    return [
        _Known(
            one,
            skus[one.key],
            f"listing:{one.key}" in busy_objects or not busy_products.isdisjoint(products[one.key]),
        )
        for one in listings
    ]


def _under_way(
    session: Session, connection_id: int, listings: Sequence[int], products: Iterable[int]
) -> tuple[set[str], set[int]]:
    """Objects and products of changes that are planned, or sent without an answer yet."""
    is_open = (
        Change.connection_id == connection_id,
        col(Change.state).in_([ChangeState.PLANNED, ChangeState.SENT]),
    )
    objects: set[str] = set()
    for names in in_parts([f"listing:{key}" for key in listings]):
        objects.update(session.exec(select(Change.object).where(*is_open, col(Change.object).in_(names))))
    busy: set[int] = set()
    for ids in in_parts(sorted(products)):
        query = select(Change.id_product).where(*is_open, col(Change.id_product).in_(ids))
        busy.update(one for one in session.exec(query) if one is not None)
    return objects, busy


@dataclass(frozen=True, slots=True)
class _Look:
    """What a listing was seen to be, beside the record of it."""

    known: _Known
    status: str
    audit_status: str
    has_draft: bool
    update_time: int
    reasons: list[dict[str, str]]
    by_hand: HandChanges | None
    wants_details: bool

    @property
    def stands_elsewhere(self) -> bool:
        """Status or audit are not what they were."""
        listing = self.known.listing
        return (listing.status, listing.audit_status) != (self.status, self.audit_status)

    @property
    def is_news(self) -> bool:
        """Whether there is something to store."""
        listing, by_hand = self.known.listing, self.by_hand
        return (
            self.stands_elsewhere
            or (listing.has_draft, listing.update_time) != (self.has_draft, self.update_time)
            or listing.status_reasons != self.reasons
            or (
                by_hand is not None
                and (
                    list(by_hand.entries) != listing.hand_changes
                    or by_hand.content_moved
                    or bool(by_hand.prices or by_hand.stocks)
                )
            )
        )


def _look(known: _Known, row: Row, asked_at: datetime, *, is_detail: bool) -> _Look | None:
    """What a row says about a listing; None when the record is newer than the row."""
    listing = known.listing
    update_time = int(row.get("update_time") or listing.update_time)
    if update_time < listing.update_time or (listing.confirmed_at is not None and listing.confirmed_at >= asked_at):
        return None
    if not listing.content_hash and not listing.content and any(sku.id_product is None for sku in known.skus):
        # Those who link see by it whether they have to read the listing again.
        update_time = listing.update_time
    status, audit_status = str(row.get("status") or ""), str((row.get("audit") or {}).get("status") or "")
    changed = (listing.status, listing.audit_status, listing.update_time) != (status, audit_status, update_time)
    # One that waits for its audit to begin has no reasons; the others have some as soon as they were read.
    unread = not listing.status_reasons and status != "PENDING"
    wants_details = wants_reasons(status, audit_status) and (changed or unread)
    if is_detail or not wants_reasons(status, audit_status):
        reasons = [finding.as_record() for finding in status_findings(row, _explain)]
    else:
        # What is said of another status is not said of this one.
        same = (listing.status, listing.audit_status) == (status, audit_status)
        reasons = listing.status_reasons if same else []
    by_hand = None if known.is_busy else hand_changes(listing, known.skus, row, asked_at, is_detail=is_detail)
    return _Look(
        known=known,
        status=status,
        audit_status=audit_status,
        has_draft=bool(row.get("has_draft")),
        update_time=update_time,
        reasons=reasons,
        by_hand=by_hand,
        wants_details=not is_detail and (wants_details or (by_hand is not None and bool(by_hand.missing))),
    )


def _explain(code: str) -> tuple[str, str] | None:
    entry = ERRORS.get(code)
    return None if entry is None else (entry.cause, entry.fix)


def _store(
    shops: Shops,
    rows: Mapping[str, Row],
    asked_at: datetime,
    statuses: Statuses,
    *,
    are_details: bool = False,
    newest: int = 0,
) -> None:
    """Keep what rows say about the listings that we know: the one way a status is stored.

    Args:
        shops: whose.
        rows: of a search, or details, by TikTok id.
        asked_at: when they were asked for, by our clock.
        statuses: where figures go.
        are_details: they are answers to get product.
        newest: the watermark from now on, committed with the rows; 0 leaves it.
    """
    with database().read() as session:
        looks = [
            look
            for known in _known(session, shops.id, list(rows))
            if (look := _look(known, rows[known.listing.product_id], asked_at, is_detail=are_details)) is not None
        ]
        moves = newest > _newest_seen(session, shops.id) if newest else False
    statuses.report.count("statuses read", len(looks))
    details = _details(shops, [look.known.listing.product_id for look in looks if look.wants_details], statuses.report)
    news = [look.known.listing.product_id for look in looks if look.is_news or look.wants_details]
    if not news and not moves:
        return
    now = utc_now()
    touched: set[int] = set()
    with database().write() as session:
        # Read again: somebody may have confirmed something meanwhile.
        for known in _known(session, shops.id, news):
            product_id = known.listing.product_id
            detail = details.get(product_id)
            look = _look(known, detail or rows[product_id], asked_at, is_detail=are_details or detail is not None)
            if look is not None and look.is_news:
                touched |= _keep(session, shops, look, now, statuses)
        session.flush()
        if touched:
            touch(session, shops.id, touched, "changed on TikTok Shop", now)
        if newest > _newest_seen(session, shops.id):
            mark = {"connection_id": shops.id, "name": _FOLLOWED, "value": str(newest), "updated_at": now}
            upsert(session, Watermark, [mark])


def _keep(session: Session, shops: Shops, look: _Look, now: datetime, statuses: Statuses) -> set[int]:
    """Store one look; answers the products whose price or stock has to be sent again."""
    listing, report = look.known.listing, statuses.report
    if look.stands_elsewhere:
        report.count(f"now {listing_status(look.status, look.audit_status).value.replace('_', ' ')}")
        report.not_ready += [
            Failure(object=look.known.name, code=one["code"], cause=one["text"], fix=one["fix"])
            for one in look.reasons[:1]
        ]
    listing.status, listing.audit_status = look.status, look.audit_status
    listing.has_draft, listing.update_time = look.has_draft, look.update_time
    listing.status_reasons = look.reasons
    listing.status_at = now
    session.add(listing)
    return set() if look.by_hand is None else _correct(session, shops, look.known, look.by_hand, statuses)


def _correct(session: Session, shops: Shops, known: _Known, by_hand: HandChanges, statuses: Statuses) -> set[int]:
    """Make the record what is shown, so that what should be shown differs from it and is sent again."""
    listing, report = known.listing, statuses.report
    listing.hand_changes = list(by_hand.entries)
    report.count("changed by hand", len(by_hand.found))
    for entry in by_hand.found:
        if len(statuses.by_hand) < _MOST_ROWS:
            statuses.by_hand.append({"object": known.name, "listing": listing.product_id, **entry})
    if by_hand.content_moved and listing.content:
        attributes = {sku.sku_id: sku.id_product_attribute for sku in known.skus}
        listing.content = content_as_shown(listing.content, by_hand, attributes)
        if shops.settings.products.sync_info:
            # The next upload finds that it differs, and edits it back.
            listing.content_hash = ""
    if by_hand.title is not None:
        listing.title = by_hand.title
    touched: set[int] = set()
    for sku in known.skus:
        sku.seller_sku = by_hand.seller_skus.get(sku.sku_id, sku.seller_sku)
        if sku.sku_id in by_hand.prices:
            sku.price, sku.currency = by_hand.prices[sku.sku_id]
        if sku.sku_id in by_hand.stocks:
            # Not known to be made from any decided quantity: so it is planned again.
            sku.quantities, sku.offered = dict(by_hand.stocks[sku.sku_id]), None
        if sku.id_product is not None and (sku.sku_id in by_hand.prices or sku.sku_id in by_hand.stocks):
            touched.add(sku.id_product)
        if sku.sku_id in by_hand.lost:
            session.delete(sku)
            report.failed(_deleted(known, sku, comes_back=bool(listing.content) and not listing.content_hash))
    return touched


def _deleted(known: _Known, sku: ListingSku, *, comes_back: bool) -> Failure:
    return Failure(
        object=known.name,
        code="variant_deleted",
        cause=f"The variant {sku.seller_sku or sku.sku_id} was deleted on TikTok Shop.",
        fix="The next upload lists it again. To leave it out, switch the combination off in PrestaShop."
        if comes_back
        else "Add the variant again in Seller Center and link it, or leave it out.",
    )


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
