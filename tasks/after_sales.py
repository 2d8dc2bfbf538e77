"""What happens after the sale: cancellations and returns read, buyers answered, PrestaShop and TikTok Shop told.

Everything read is a row at once. What follows from it in PrestaShop is a move to a status (`tasks.order_moves`), made
once because the order's status is read before; what goes to TikTok Shop is a change, planned, sent and read back. What
a dead run left as sent is settled by the next one, from what the shops show.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import Session, col, select

from clients.errors import Rejected, Retryable, Uncertain
from models.connections import Watermark
from models.database import database, in_parts
from models.listings import Change, ChangeKind, ChangeState
from models.orders import AfterSale, AfterSaleKind, Order, OrderStage
from rules.cancellations import (
    PENDING,
    Answer,
    answer_request,
    cancel_reason,
    cancelled_states,
    effects_in_prestashop,
    reject_reason,
)
from rules.decision import Decision, Finding, Reason
from rules.tiktok_after_sale import AfterSaleSeen
from rules.tiktok_order import (
    AWAITING_COLLECTION,
    AWAITING_SHIPMENT,
    CANCELLED,
    IN_TRANSIT,
    ON_HOLD,
    PARTIALLY_SHIPPING,
    UNPAID,
)
from rules.tracking import shipment_trigger
from tasks.change_record import finish, mark_sent, note
from tasks.order_moves import Move, Standing, StateBook, move_orders, read_standing, state_book
from tasks.order_reading import first_reading, store_orders
from tasks.order_record import IN_PRESTASHOP, as_records, lines_of, load_orders, tell
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import Shops, open_shops, utc_now
from tasks.sweeps import set_watermark

_WATERMARKS: Final = {AfterSaleKind.CANCELLATION: "cancellations", AfterSaleKind.RETURN: "returns"}
_FIRST: Final = timedelta(days=14)
_CANCELLABLE: Final = (UNPAID, ON_HOLD, AWAITING_SHIPMENT, PARTIALLY_SHIPPING)
# Too late to cancel, and early enough that somebody has to know (4.10).
_ON_ITS_WAY: Final = (AWAITING_COLLECTION, IN_TRANSIT)
_DONE: Final = {Answer.APPROVE: "approved", Answer.REJECT: "rejected"}
# How a request ends (4.11), by the answer that ends it so.
_ENDED: Final = {Answer.APPROVE: ("_SUCCESS", "_COMPLETE"), Answer.REJECT: ("_CANCEL",)}
# A request that was answered already: what it is now is read with the next search (4.11).
_ANSWERED_BEFORE: Final = ("25020010", "25011011", "25011012", "25007006")
# A cancellation is running or the order is cancelled already: what it is now is read back.
_CANCELLED_BEFORE: Final = ("25001011", "25001051")


# Reading


@task(name="read cancellations and returns", cache_policy=NO_CACHE, **on_retryable)
def read_after_sales(run: Run) -> BatchReport:
    """Store what changed among cancellations and returns since the last reading."""
    shops = open_shops(run.connection_id)
    report = BatchReport()
    tiktok = shops.tiktok
    _read(shops, report, AfterSaleKind.CANCELLATION, tiktok.cancellation_pages, AfterSaleSeen.read_cancellation)
    _read(shops, report, AfterSaleKind.RETURN, tiktok.return_pages, AfterSaleSeen.read_return)
    return report


def _read(
    shops: Shops,
    report: BatchReport,
    kind: AfterSaleKind,
    pages: Callable[..., Any],
    read: Callable[[Mapping[str, Any]], AfterSaleSeen],
) -> None:
    with database().read() as session:
        mark = session.get(Watermark, (shops.id, _WATERMARKS[kind]))
    if mark is None:
        start = int((first_reading(shops.id) - _FIRST).timestamp())
    else:
        start = int(mark.value) - 60 * shops.settings.orders.overlap_minutes
    for page in pages(update_time_ge=start):
        seen = []
        for row in page:
            try:
                seen.append(read(row))
            except ValueError as fault:
                report.failed(Failure(object=kind.value, code="unreadable", cause=str(fault)))
        if not seen:
            continue
        with database().write() as session:
            report.count(f"{kind.value}s", _keep(session, shops.id, seen))
            newest = max(one.update_time for one in seen)
            mark = session.get(Watermark, (shops.id, _WATERMARKS[kind]))
            if mark is None or int(mark.value) < newest:
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
        row.type, row.status, row.role, row.reason = one.type, one.status, one.role, one.reason
        row.line_ids, row.refund, row.currency = list(one.line_ids), one.refund, one.currency
        row.answer_by, row.update_time, row.replenish = one.answer_by, one.update_time, one.replenish
        if row.parked_code:
            # What it waited for may be settled.
            _unpark(row)
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


def _unpark(row: AfterSale) -> None:
    row.parked_code = row.parked_cause = row.parked_fix = ""
    row.parked_at = None


def _park(row: AfterSale, code: str, cause: str, fix: str) -> Failure:
    with database().write() as session:
        stored = session.get_one(AfterSale, row.key)
        if stored.parked_code != code:
            stored.parked_at = utc_now()
        stored.parked_code, stored.parked_cause, stored.parked_fix = code, cause, fix
    return Failure(object=f"{row.kind.value} of order {row.order_id}", code=code, cause=cause, fix=fix)


# What earlier runs left open


@task(name="settle requests", cache_policy=NO_CACHE)
def settle_requests(connection_id: int) -> BatchReport:
    """Cancellations and answers that earlier runs left open, by what was just read: made, or no longer wanted (K3)."""
    report = BatchReport()
    with database().write() as session:
        book = StateBook.read(session, connection_id)
        for change in session.exec(
            select(Change).where(
                Change.connection_id == connection_id,
                col(Change.kind).in_((ChangeKind.CANCEL, ChangeKind.ANSWER)),
                col(Change.state).in_((ChangeState.PLANNED, ChangeState.SENT, ChangeState.PARKED)),
            )
        ).all():
            name = change.object.split(":")[1]
            is_made, is_wanted = (
                _cancelled(session, connection_id, name, cancelled_states(book.states, book.cancelling))
                if change.kind is ChangeKind.CANCEL
                else _answered(session, connection_id, name, change.after.get("answer", ""))
            )
            if is_made and change.state is ChangeState.SENT:
                change.state = ChangeState.CONFIRMED
                report.count("confirmed")
            elif is_made or not is_wanted:
                change.state = ChangeState.SUPERSEDED
            else:
                continue
            change.finished_at = utc_now()
    return report


def _cancelled(session: Session, connection_id: int, order_id: str, states: Collection[int]) -> tuple[bool, bool]:
    """Whether the order is cancelled on TikTok Shop, and whether PrestaShop wants it to be."""
    order = _orders(session, connection_id, [order_id]).get(order_id)
    return (order.status == CANCELLED, order.prestashop_state in states) if order is not None else (False, False)


def _answered(session: Session, connection_id: int, request_id: str, answer: str) -> tuple[bool, bool]:
    """Whether the request ended as it was answered, which is noted with it then, and whether it still waits."""
    request = session.exec(
        select(AfterSale).where(
            AfterSale.connection_id == connection_id,
            AfterSale.kind == AfterSaleKind.CANCELLATION,
            AfterSale.request_id == request_id,
        )
    ).first()
    if request is None:
        return False, False
    if request.status == PENDING and not request.answer:
        return False, True
    is_made = bool(answer) and request.status.endswith(_ENDED[Answer(answer)])
    if is_made and not request.answer:
        request.answer, request.answered_at = _DONE[Answer(answer)], utc_now()
    return is_made, False


# Answering buyers


def requests_to_answer(connection_id: int) -> list[int]:
    """Requests of buyers that wait for an answer, the most urgent first."""
    with database().read() as session:
        keys = session.exec(
            select(AfterSale.id)
            .where(
                AfterSale.connection_id == connection_id,
                AfterSale.kind == AfterSaleKind.CANCELLATION,
                AfterSale.status == PENDING,
                AfterSale.answer == "",
            )
            .order_by(col(AfterSale.answer_by), col(AfterSale.id))
        ).all()
    return [key for key in keys if key is not None]


@task(name="answer buyers", cache_policy=NO_CACHE, **on_retryable)
def answer_buyers(
    run: Run, keys: Sequence[int], *, dry_run: bool = False, decided: Answer | None = None
) -> BatchReport:
    """Approve or reject buyers' requests by rule (I12), or as a person decided."""
    shops = open_shops(run.connection_id)
    report = BatchReport()
    now = utc_now()
    with database().read() as session:
        requests = session.exec(select(AfterSale).where(col(AfterSale.id).in_(keys))).all()
        orders = _orders(session, shops.id, [one.order_id for one in requests])
    for request in requests:
        order = orders.get(request.order_id)
        if order is None:
            continue
        decision = (
            Decision(decided, (Reason("by_hand", "a person decided so"),))
            if decided is not None
            else answer_request(
                request,
                order,
                prestashop_shipped=_shipped(shops, order),
                mode=shops.settings.orders.buyer_cancellations,
                now=now,
            )
        )
        match decision.value:
            case Answer.WAIT:
                report.count("waiting")
            case Answer.ASK:
                report.failed(
                    _park(
                        request,
                        "buyer_asks_to_cancel",
                        f"The buyer asks to cancel order {order.order_id}: {decision.reasons[-1].text}.",
                        "Approve or reject it: connector orders answer " + order.order_id,
                    )
                )
            case answer:
                _answer(run, shops, request, order, answer, decision.reasons, report, dry_run=dry_run)
    return report


def _shipped(shops: Shops, order: Order) -> bool:
    return shipment_trigger(
        shops.settings.orders,
        state=order.prestashop_state,
        tracking=[str(parcel["tracking"]) for parcel in order.parcels],
    ).value


def _answer(
    run: Run,
    shops: Shops,
    request: AfterSale,
    order: Order,
    answer: Answer,
    reasons: Sequence[Reason],
    report: BatchReport,
    *,
    dry_run: bool,
) -> None:
    change = _open_change(
        run, shops.id, ChangeKind.ANSWER, f"cancellation:{request.request_id}", {"answer": answer.value}, reasons
    )
    report.count("planned")
    if dry_run or not mark_sent(change):
        return
    # The same over every attempt, so that an answer that was lost is not given twice.
    key = f"connector-{request.request_id}-{answer.value}"
    try:
        if answer is Answer.APPROVE:
            shops.tiktok.approve_cancellation(request.request_id, key)
        else:
            offered = [str(row.get("name")) for row in shops.tiktok.reject_reasons(request.request_id)]
            why = reject_reason(offered)
            if isinstance(why, Finding):
                finish(change, ChangeState.PARKED, code=why.code, cause=why.text, fix=why.fix)
                report.failed(_park(request, why.code, why.text, why.fix))
                return
            shops.tiktok.reject_cancellation(request.request_id, why.value, key)
    except Rejected as fault:
        if fault.code in _ANSWERED_BEFORE:
            finish(change, ChangeState.SUPERSEDED, code=fault.code, cause=fault.cause)
            report.count("superseded")
            return
        finish(
            change, ChangeState.PARKED, code=fault.code, cause=fault.cause, fix=fault.fix, request_id=fault.request_id
        )
        report.failed(_park(request, fault.code, fault.cause, fault.fix))
        return
    except (Uncertain, Retryable) as fault:
        note(change, code=fault.code, cause=fault.cause, request_id=fault.request_id)
        report.count("unresolved")
        return
    done = _DONE[answer]
    with database().write() as session:
        stored = session.get_one(AfterSale, request.key)
        stored.answer, stored.answered_at = done, utc_now()
        _unpark(stored)
        tell(session, order.key, f"The buyer's request was {done}", utc_now())
    finish(change, ChangeState.CONFIRMED)
    report.count("confirmed")


# What follows in PrestaShop


def unapplied(connection_id: int) -> list[int]:
    """Orders with a cancellation or return whose effect in PrestaShop is not settled, and cancelled ones without."""
    with database().read() as session:
        told = session.exec(
            select(AfterSale.order_id, AfterSale.parked_code).where(
                AfterSale.connection_id == connection_id, col(AfterSale.applied_at).is_(None)
            )
        ).all()
        found = _orders(session, connection_id, [order_id for order_id, _ in told])
        states = StateBook.read(session, connection_id).states
        # What waits for a person is settled when that person cancelled or refunded the order.
        ended = {states.cancelled, states.refunded} - {0}
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
                col(Order.prestashop_state).not_in(cancelled_states(states)),
                Order.parked_code == "",
            )
        ).all()
    return sorted(open_ones | {key for key in cancelled if key is not None})


@task(name="apply cancellations and returns", cache_policy=NO_CACHE, **on_retryable)
def apply_after_sales(run: Run, keys: Sequence[int], *, dry_run: bool = False) -> BatchReport:
    """Cancel or refund in PrestaShop what was cancelled or refunded on TikTok Shop, once (I12)."""
    shops = open_shops(run.connection_id)
    report = BatchReport()
    orders = load_orders(keys)
    book = state_book(shops.id)
    standing = read_standing(shops, [order for order in orders if order.stage in IN_PRESTASHOP])
    units = lines_of([order.key for order in orders])
    with database().read() as session:
        requests: dict[str, list[AfterSale]] = {}
        for row in session.exec(
            select(AfterSale)
            .where(
                AfterSale.connection_id == shops.id,
                col(AfterSale.order_id).in_([order.order_id for order in orders]),
                col(AfterSale.applied_at).is_(None),
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
        mine = requests.get(order.order_id, [])
        if not mine and order.status == CANCELLED:
            # Cancelled without a request that can be read, such as one that was never paid in time.
            mine = [_without_request(order)]
        for request in mine:
            if order.stage in IN_PRESTASHOP and order.stage is not OrderStage.IMPORTED:
                # It is being made: what became of it is known when that is done.
                continue
            effect = _effect(request, order, place, statuses, brought, book)
            if isinstance(effect, Finding):
                if request.id is not None:
                    report.failed(_park(request, effect.code, effect.text, effect.fix))
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
    for move in move_orders(run, shops, wanted, report, dry_run=dry_run):
        _applied([request for request in settled[move.order.key] if request.id is not None])
    return report


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
        replenish=request.replenish,
    )


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
            _unpark(stored)


# Cancelling on TikTok Shop


def cancelled_in_prestashop(connection_id: int) -> list[int]:
    """Imported orders that were cancelled in PrestaShop and are open or on their way on TikTok Shop (C5)."""
    shops = open_shops(connection_id)
    if not shops.settings.orders.cancel_on_tiktok:
        return []
    with database().read() as session:
        book = StateBook.read(session, connection_id)
        states = cancelled_states(book.states, book.cancelling)
        keys = session.exec(
            select(Order.id).where(
                Order.connection_id == connection_id,
                Order.stage == OrderStage.IMPORTED,
                col(Order.prestashop_state).in_(states),
                col(Order.status).in_((*_CANCELLABLE, *_ON_ITS_WAY)),
            )
        ).all()
    return [key for key in keys if key is not None]


@task(name="cancel on TikTok Shop", cache_policy=NO_CACHE, **on_retryable)
def cancel_on_tiktok(
    run: Run,
    keys: Sequence[int],
    *,
    reason: str = "",
    dry_run: bool = False,
    retry_parked: bool = False,
) -> BatchReport:
    """Cancel orders on TikTok Shop for a reason that is allowed now; read back what became of them (C5, I8).

    Args:
        run: the run.
        keys: orders.
        reason: the reason's name, as a person chose it; "" takes that of the PrestaShop state or of the settings.
        dry_run: stop after the plan.
        retry_parked: ask again for what was refused before.
    """
    shops = open_shops(run.connection_id)
    report = BatchReport()
    book = state_book(shops.id)
    sent: list[tuple[Order, Change]] = []
    for order in _read_again(shops, load_orders(keys)):
        if order.status not in (*_CANCELLABLE, *_ON_ITS_WAY):
            report.count("cancelled before" if order.status == CANCELLED else "not cancellable")
            continue
        name = f"order:{order.order_id}"
        own, default = reason or book.cancelling.get(order.prestashop_state, ""), shops.settings.orders.cancel_reason
        # What a refusal is of: the same is not asked for again.
        is_open = order.status in _CANCELLABLE
        asked = {"asked": own or default, "status": order.status if is_open else "shipped"}
        if not (retry_parked or reason) and _is_parked(shops.id, name, asked):
            report.count("parked before")
            continue
        available = shops.tiktok.cancel_reasons(order.order_id) if is_open else ()
        found = cancel_reason(own, default, available)
        if isinstance(found, Finding):
            change = _open_change(run, shops.id, ChangeKind.CANCEL, name, asked, ())
            finish(change, ChangeState.PARKED, code=found.code, cause=found.text, fix=found.fix)
            report.failed(Failure(object=f"order {order.order_id}", code=found.code, cause=found.text, fix=found.fix))
            continue
        change = _open_change(run, shops.id, ChangeKind.CANCEL, name, asked | {"reason": found.value}, found.reasons)
        report.count("planned")
        if not dry_run and mark_sent(change):
            sent.append((order, change))
            _cancel(shops, order, change, found.value, report)
    _confirm_cancelled(shops, sent, report)
    return report


def _cancel(shops: Shops, order: Order, change: Change, reason: str, report: BatchReport) -> None:
    try:
        shops.tiktok.cancel_order(order.order_id, reason)
    except Rejected as fault:
        if fault.code not in _CANCELLED_BEFORE:
            finish(
                change,
                ChangeState.PARKED,
                code=fault.code,
                cause=fault.cause,
                fix=fault.fix,
                request_id=fault.request_id,
            )
            change.state = ChangeState.PARKED
            report.failed(Failure.of(f"order {order.order_id}", fault))
    except (Uncertain, Retryable) as fault:
        note(change, code=fault.code, cause=fault.cause, request_id=fault.request_id)


def _confirm_cancelled(shops: Shops, sent: Sequence[tuple[Order, Change]], report: BatchReport) -> None:
    waiting = [(order, change) for order, change in sent if change.state is not ChangeState.PARKED]
    now = {order.order_id: order for order in _read_again(shops, [order for order, _ in waiting])}
    for order, change in waiting:
        if now.get(order.order_id) is not None and now[order.order_id].status == CANCELLED:
            finish(change, ChangeState.CONFIRMED)
            report.count("confirmed")
        else:
            report.count("unresolved")


def _read_again(shops: Shops, orders: Sequence[Order]) -> list[Order]:
    """The orders as TikTok Shop shows them now."""
    if not orders:
        return []
    for part in in_parts([order.order_id for order in orders], 50):
        store_orders(shops, shops.tiktok.orders(part), BatchReport(), began=first_reading(shops.id), again=True)
    return load_orders([order.key for order in orders])


def _is_parked(connection_id: int, name: str, asked: Mapping[str, str]) -> bool:
    """Whether the same was refused before."""
    with database().read() as session:
        parked = session.exec(
            select(Change).where(
                Change.connection_id == connection_id,
                Change.kind == ChangeKind.CANCEL,
                Change.object == name,
                Change.state == ChangeState.PARKED,
            )
        ).all()
    return any(asked.items() <= change.after.items() for change in parked)


def _open_change(
    run: Run, connection_id: int, kind: ChangeKind, name: str, after: Mapping[str, Any], reasons: Sequence[Reason]
) -> Change:
    """The open change of this kind and object, else the parked one, which is open again, else a new one."""
    with database().write() as session:
        change = session.exec(
            select(Change)
            .where(
                Change.connection_id == connection_id,
                Change.kind == kind,
                Change.object == name,
                col(Change.state).in_((ChangeState.PLANNED, ChangeState.SENT, ChangeState.PARKED)),
            )
            .order_by(col(Change.state) == ChangeState.PARKED)
        ).first() or Change(connection_id=connection_id, plan_id=run.plan, kind=kind, object=name, created_at=utc_now())
        change.plan_id, change.after, change.reasons = run.plan, dict(after), as_records(reasons)
        if change.state is ChangeState.PARKED:
            change.state = ChangeState.PLANNED
        session.add(change)
        session.flush()
        return change


def _orders(session: Session, connection_id: int, order_ids: Sequence[str]) -> dict[str, Order]:
    return {
        order.order_id: order
        for part in in_parts(sorted(set(order_ids)))
        for order in session.exec(
            select(Order).where(Order.connection_id == connection_id, col(Order.order_id).in_(part))
        )
    }
