"""What happens after the sale: cancellations and returns are read, and PrestaShop follows them.

Everything read is a row at once. What follows from it in PrestaShop is a move to a status (`tasks.order_moves`), made
once because the order's status is read before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import Session, col, select

from models.connections import Watermark
from models.database import database, in_parts
from models.orders import AfterSale, AfterSaleKind, Order, OrderStage
from rules.cancellations import cancelled_states, concerns_more, effects_in_prestashop
from rules.decision import Decision, Finding
from rules.tiktok_after_sale import AfterSaleSeen
from rules.tiktok_order import CANCELLED
from tasks.order_moves import Move, Standing, StateBook, move_orders, read_standing, state_book
from tasks.order_reading import first_reading
from tasks.order_record import IN_PRESTASHOP, lines_of, load_orders, tell
from tasks.parked_changes import orders_named
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import Shops, open_shops, utc_now
from tasks.sweeps import set_watermark

_WATERMARKS: Final = {AfterSaleKind.CANCELLATION: "cancellations", AfterSaleKind.RETURN: "returns"}
_FIRST: Final = timedelta(days=14)
_ORDERS_A_SEARCH: Final = 50


# Reading


@task(name="read cancellations and returns", cache_policy=NO_CACHE, **on_retryable)
def read_after_sales(run: Run, order_ids: Sequence[str] | None = None) -> BatchReport:
    """Store what changed among cancellations and returns since the last reading, or all there is of these orders."""
    shops = open_shops(run.connection_id)
    report = BatchReport()
    tiktok = shops.tiktok
    for kind, pages, read in (
        (AfterSaleKind.CANCELLATION, tiktok.cancellation_pages, AfterSaleSeen.read_cancellation),
        (AfterSaleKind.RETURN, tiktok.return_pages, AfterSaleSeen.read_return),
    ):
        found: Iterable[Sequence[Mapping[str, Any]]]
        if order_ids is None:
            found = pages(update_time_ge=_beginning(shops, kind))
        else:
            found = (page for part in in_parts(order_ids, _ORDERS_A_SEARCH) for page in pages(order_ids=part))
        for page in found:
            _store(shops, report, kind, [*_readable(page, kind, read, report)], watermark=order_ids is None)
    return report


def _beginning(shops: Shops, kind: AfterSaleKind) -> int:
    """Where the search begins, in Unix seconds."""
    with database().read() as session:
        mark = session.get(Watermark, (shops.id, _WATERMARKS[kind]))
    if mark is None:
        return int((first_reading(shops.id) - _FIRST).timestamp())
    return int(mark.value) - 60 * shops.settings.orders.overlap_minutes


def _readable(
    page: Iterable[Mapping[str, Any]],
    kind: AfterSaleKind,
    read: Callable[[Mapping[str, Any]], AfterSaleSeen],
    report: BatchReport,
) -> Iterator[AfterSaleSeen]:
    for row in page:
        try:
            yield read(row)
        except ValueError as fault:
            report.failed(Failure(object=kind.value, code="unreadable", cause=str(fault)))


def _store(
    shops: Shops, report: BatchReport, kind: AfterSaleKind, seen: Sequence[AfterSaleSeen], *, watermark: bool
) -> None:
    """Store a page, and that it was read if it is one of all that changed."""
    if not seen:
        return
    with database().write() as session:
        report.count(f"{kind.value}s", _keep(session, shops.id, seen))
        newest = max(one.update_time for one in seen)
        mark = session.get(Watermark, (shops.id, _WATERMARKS[kind]))
        if watermark and (mark is None or int(mark.value) < newest):
            set_watermark(session, shops.id, _WATERMARKS[kind], str(newest))


def _keep(session: Session, connection_id: int, seen: Sequence[AfterSaleSeen]) -> int:
    """Bring rows up to date; answers how many were new or changed."""
    kind = seen[0].kind
    ids = [one.request_id for one in seen]
    known = {
        row.request_id: row
        for row in session.exec(
            select(AfterSale).where(
                AfterSale.connection_id == connection_id,
                AfterSale.kind == kind,
                col(AfterSale.request_id).in_(ids),
            )
        )
    }
    keys = dict(
        session.exec(
            select(Order.order_id, Order.id).where(
                Order.connection_id == connection_id, col(Order.order_id).in_([one.order_id for one in seen])
            )
        ).all()
    )
    changed = 0
    for one in sorted(seen, key=lambda each: each.update_time):
        row = known.get(one.request_id)
        if row is not None and (
            row.update_time > one.update_time
            or (row.update_time, row.status)
            == (
                one.update_time,
                one.status,
            )
        ):
            continue
        if row is None:
            row = known[one.request_id] = AfterSale(
                connection_id=connection_id,
                kind=kind,
                request_id=one.request_id,
                order_id=one.order_id,
                created_at=one.created_at,
            )
        elif concerns_more(row, one):
            row.applied_at = None
        row.type, row.status, row.role, row.reason = one.type, one.status, one.role, one.reason
        row.line_ids, row.refund, row.currency = list(one.line_ids), one.refund, one.currency
        row.answer_by, row.update_time, row.replenish = one.answer_by, one.update_time, one.replenish
        if row.parked_code:
            # What it waited for may be settled.
            unpark(row)
        session.add(row)
        key = keys.get(one.order_id)
        if key is not None:
            tell(
                session,
                key,
                f"{kind.value.capitalize()} by {one.role.lower() or 'TikTok Shop'}: {one.status}",
                utc_now(),
            )
        changed += 1
    return changed


def unpark(row: AfterSale) -> None:
    """It no longer waits for a person."""
    row.parked_code = row.parked_cause = row.parked_fix = ""
    row.parked_at = None


def park_request(row: AfterSale, code: str, cause: str, fix: str) -> Failure:
    """Leave a request to a person; since when stays, as long as it is for the same cause."""
    with database().write() as session:
        stored = session.get_one(AfterSale, row.key)
        if stored.parked_code != code:
            stored.parked_at = utc_now()
        stored.parked_code, stored.parked_cause, stored.parked_fix = code, cause, fix
    return Failure(object=f"{row.kind.value} of order {row.order_id}", code=code, cause=cause, fix=fix)


# What follows in PrestaShop


def unapplied(connection_id: int, order_keys: Collection[int] | None = None) -> list[int]:
    """Orders with a cancellation or return whose effect in PrestaShop is not settled, and cancelled ones without.

    Args:
        connection_id: whose.
        order_keys: of these orders alone; of all when left out.
    """
    with database().read() as session:
        told = session.exec(
            select(AfterSale.order_id, AfterSale.parked_code).where(
                AfterSale.connection_id == connection_id, col(AfterSale.applied_at).is_(None)
            )
        ).all()
        found = orders_named(session, connection_id, [order_id for order_id, _ in told])
        book = StateBook.read(session, connection_id)
        cancelled_as = cancelled_states(book.states, [book.cancelled_as])
        # What waits for a person is settled when that person cancelled or refunded the order.
        ended = {*cancelled_as, book.states.refunded} - {0}
        open_ones = {
            found[order_id].key
            for order_id, parked_code in told
            if order_id in found and (not parked_code or found[order_id].prestashop_state in ended)
        }
        cancelled = session.exec(
            select(Order.id).where(
                Order.connection_id == connection_id,
                Order.status == CANCELLED,
                Order.stage == OrderStage.IMPORTED,
                col(Order.prestashop_state).not_in(cancelled_as),
                Order.parked_code == "",
            )
        ).all()
    found_keys = open_ones.union(key for key in cancelled if key is not None)
    return sorted(found_keys if order_keys is None else found_keys.intersection(order_keys))


@task(name="apply cancellations and returns", cache_policy=NO_CACHE, **on_retryable)
def apply_after_sales(run: Run, keys: Sequence[int], *, dry_run: bool = False) -> BatchReport:
    """Cancel or refund in PrestaShop what was cancelled or refunded on TikTok Shop, once (I12)."""
    shops = open_shops(run.connection_id)
    report = BatchReport()
    book = state_book(shops.id)
    done = _follow(run, shops, book, keys, report, dry_run=dry_run)
    # PrestaShop's own state took the goods back; now the one that the merchant mapped (C12).
    if halfway := [move.order.key for move in done if book.is_halfway(move.state)]:
        # The second half of a planned move is not planned apart.
        _follow(replace(run, applies=False), shops, book, halfway, report, dry_run=dry_run)
    return report


def _follow(
    run: Run, shops: Shops, book: StateBook, keys: Sequence[int], report: BatchReport, *, dry_run: bool
) -> list[Move]:
    """Make the next move of each order; answers those that are made."""
    orders = load_orders(keys)
    standing = read_standing(shops, [order for order in orders if order.stage in IN_PRESTASHOP])
    units = lines_of([order.key for order in orders])
    with database().read() as session:
        requests: dict[str, list[AfterSale]] = {}
        for row in session.exec(
            select(AfterSale)
            .where(
                AfterSale.connection_id == shops.id,
                col(AfterSale.order_id).in_([order.order_id for order in orders]),
            )
            .order_by(col(AfterSale.update_time))
        ):
            requests.setdefault(row.order_id, []).append(row)
    wanted: list[Move] = []
    settled: dict[int, list[AfterSale]] = {}
    for order in orders:
        place = standing.get(order.id_order or 0)
        statuses = {line.line_id: line.status for line in units[order.key]}
        # Units that were cancelled before the order came into PrestaShop were left out of it.
        brought = {line.line_id for line in units[order.key] if line.id_product is not None}
        known = requests.get(order.order_id, [])
        mine = [request for request in known if request.applied_at is None]
        if not mine and order.status == CANCELLED and not any(_is_done(request, brought) for request in known):
            # Cancelled without a request that can be read, such as one that was never paid in time.
            mine = [_without_request(order)]
        for request in mine:
            if order.stage in IN_PRESTASHOP and order.stage is not OrderStage.IMPORTED:
                # It is being made: what became of it is known when that is done.
                continue
            effect = _effect(request, order, place, statuses, brought, book)
            if isinstance(effect, Finding):
                if request.id is not None:
                    report.failed(park_request(request, effect.code, effect.text, effect.fix))
                else:
                    report.failed(
                        Failure(object=f"order {order.order_id}", code=effect.code, cause=effect.text, fix=effect.fix)
                    )
            elif effect.value is None:
                if request.id is not None and request.status.endswith(("_COMPLETE", "_CANCEL", "_REJECT")):
                    _applied([request])
            elif all(move.order is not order for move in wanted):
                wanted.append(Move(order, effect.value, effect.reasons))
                settled.setdefault(order.key, []).append(request)
    done = move_orders(run, shops, wanted, report, dry_run=dry_run)
    for move in done:
        if not book.is_halfway(move.state):
            _applied([request for request in settled[move.order.key] if request.id is not None])
    return done


def _effect(
    request: AfterSale,
    order: Order,
    place: Standing | None,
    units: Mapping[str, str],
    brought: Collection[str],
    book: StateBook,
) -> Decision[int | None] | Finding:
    return effects_in_prestashop(
        request,
        order_status=order.status,
        units=units,
        imported=place is not None and not set(request.line_ids or units).isdisjoint(brought),
        current=place.current if place else 0,
        passed=place.passed if place else frozenset(),
        states=book.states,
        mapped=book.cancelled_as,
        replenish=request.replenish,
    )


def _is_done(request: AfterSale, brought: Collection[str]) -> bool:
    """Whether a cancellation of all that PrestaShop has was followed, or settled by a person."""
    is_granted = request.kind is AfterSaleKind.CANCELLATION and request.status.endswith(("_SUCCESS", "_COMPLETE"))
    is_whole = not request.line_ids or set(request.line_ids).issuperset(brought)
    return is_granted and is_whole and request.applied_at is not None


def _without_request(order: Order) -> AfterSale:
    return AfterSale(
        connection_id=order.connection_id,
        kind=AfterSaleKind.CANCELLATION,
        request_id="",
        order_id=order.order_id,
        status="CANCELLATION_REQUEST_COMPLETE",
        created_at=order.created_at,
        update_time=2**31 - 1,
    )


def _applied(requests: Sequence[AfterSale]) -> None:
    with database().write() as session:
        for request in requests:
            stored = session.get_one(AfterSale, request.key)
            stored.applied_at = utc_now()
            unpark(stored)
