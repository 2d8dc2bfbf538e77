"""What TikTok Shop is told after the sale: buyers are answered, and what PrestaShop cancelled is cancelled there.

Each is a change, planned, sent and read back. What a dead run left as sent is settled by the next one, from what the
shops show.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import Session, col, select

from clients.errors import Rejected, Retryable, Uncertain
from models.database import database, in_parts
from models.listings import Change, ChangeKind, ChangeState, Plan
from models.orders import AfterSale, AfterSaleKind, Order, OrderStage
from rules.cancellations import PENDING, Answer, answer_request, cancel_reason, cancelled_states, reject_reason
from rules.decision import Decision, Finding, Reason
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
from tasks.after_sales import park_request, unpark
from tasks.change_record import finish, mark_sent, note
from tasks.order_changes import open_change
from tasks.order_moves import StateBook, state_book
from tasks.order_reading import first_reading, store_orders
from tasks.order_record import load_orders, tell
from tasks.parked_changes import order_ids_of, orders_named
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import Shops, open_shops, utc_now

_CANCELLABLE: Final = (UNPAID, ON_HOLD, AWAITING_SHIPMENT, PARTIALLY_SHIPPING)
# Too late to cancel, and early enough that somebody has to know (4.10).
_ON_ITS_WAY: Final = (AWAITING_COLLECTION, IN_TRANSIT)
_DONE: Final = {Answer.APPROVE: "approved", Answer.REJECT: "rejected"}
# How a request ends (4.11), by the answer that ends it so.
_ENDED: Final = {Answer.APPROVE: ("_SUCCESS", "_COMPLETE"), Answer.REJECT: ("_CANCEL",)}
# A request that was answered already: what it is now is read with the next search (4.11).
_ANSWERED_BEFORE: Final = ("25020010", "25011011", "25011012", "25007006")
# How long a cancellation that a person asked for may take to show.
_PATIENCE: Final = timedelta(hours=1)
# A cancellation is running or the order is cancelled already: what it is now is read back.
_CANCELLED_BEFORE: Final = ("25001011", "25001051")


# What earlier runs left open


@task(name="settle requests", cache_policy=NO_CACHE)
def settle_requests(connection_id: int, order_ids: Collection[str] | None = None) -> BatchReport:
    """Cancellations and answers that earlier runs left open, by what was just read: made, or no longer wanted (K3).

    Args:
        connection_id: whose.
        order_ids: the orders that were read; all that changed when left out.
    """
    report = BatchReport()
    with database().write() as session:
        book = StateBook.read(session, connection_id)
        left = session.exec(
            select(Change).where(
                Change.connection_id == connection_id,
                col(Change.kind).in_((ChangeKind.CANCEL, ChangeKind.ANSWER)),
                col(Change.state).in_((ChangeState.PLANNED, ChangeState.SENT, ChangeState.PARKED)),
            )
        ).all()
        if order_ids is not None:
            about = order_ids_of(session, connection_id, left)
            left = [change for change in left if about.get(change.key) in order_ids]
        for change in left:
            name = change.object.split(":")[1]
            is_made, is_wanted = (
                _cancelled(session, connection_id, name, cancelled_states(book.states, book.cancelling))
                if change.kind is ChangeKind.CANCEL
                else _answered(session, connection_id, name, change.after.get("answer", ""))
            )
            # What a person cancels, PrestaShop need not want (I8).
            by_hand = session.get_one(Plan, change.plan_id).flow == "order_cancel"
            if is_made and change.state is ChangeState.SENT:
                change.state = ChangeState.CONFIRMED
                report.count("confirmed")
            elif is_made or not (is_wanted or by_hand):
                change.state = ChangeState.SUPERSEDED
            elif by_hand and not is_wanted and change.state is ChangeState.SENT and _is_overdue(change):
                # No flow asks for it again by itself.
                report.failed(_park_overdue(change, name))
            else:
                continue
            change.finished_at = utc_now()
    return report


def _is_overdue(change: Change) -> bool:
    return change.sent_at is not None and utc_now() - change.sent_at >= _PATIENCE


def _park_overdue(change: Change, order_id: str) -> Failure:
    change.state, change.code = ChangeState.PARKED, "cancel_not_shown"
    change.cause = "TikTok Shop was asked to cancel this order, and does not show it as cancelled."
    change.fix = f"See it in Seller Center; or cancel it again: connector orders cancel {order_id} --reason NAME"
    return Failure(object=f"order {order_id}", code=change.code, cause=change.cause, fix=change.fix)


def _cancelled(session: Session, connection_id: int, order_id: str, states: Collection[int]) -> tuple[bool, bool]:
    """Whether the order is cancelled on TikTok Shop, and whether PrestaShop wants it to be."""
    order = orders_named(session, connection_id, [order_id]).get(order_id)
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


def requests_to_answer(connection_id: int, order_ids: Collection[str] | None = None) -> list[int]:
    """Requests of buyers that wait for an answer, the most urgent first; of these orders, or of all."""
    with database().read() as session:
        found = session.exec(
            select(AfterSale.id, AfterSale.order_id)
            .where(
                AfterSale.connection_id == connection_id,
                AfterSale.kind == AfterSaleKind.CANCELLATION,
                AfterSale.status == PENDING,
                AfterSale.answer == "",
            )
            .order_by(col(AfterSale.answer_by), col(AfterSale.id))
        ).all()
    return [key for key, order_id in found if key is not None and (order_ids is None or order_id in order_ids)]


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
        orders = orders_named(session, shops.id, [one.order_id for one in requests])
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
                    park_request(
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
    change = open_change(
        run, ChangeKind.ANSWER, f"cancellation:{request.request_id}", {"answer": answer.value}, reasons
    )
    if change is None:
        return
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
                report.failed(park_request(request, why.code, why.text, why.fix))
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
        report.failed(park_request(request, fault.code, fault.cause, fault.fix))
        return
    except (Uncertain, Retryable) as fault:
        note(change, code=fault.code, cause=fault.cause, request_id=fault.request_id)
        report.count("unresolved")
        return
    done = _DONE[answer]
    with database().write() as session:
        stored = session.get_one(AfterSale, request.key)
        stored.answer, stored.answered_at = done, utc_now()
        unpark(stored)
        tell(session, order.key, f"The buyer's request was {done}", utc_now())
    finish(change, ChangeState.CONFIRMED)
    report.count("confirmed")


# Cancelling on TikTok Shop


def cancelled_in_prestashop(connection_id: int, order_keys: Collection[int] | None = None) -> list[int]:
    """Imported orders that were cancelled in PrestaShop and are open or on their way on TikTok Shop (C5).

    Args:
        connection_id: whose.
        order_keys: of these orders alone; of all when left out.
    """
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
    return [key for key in keys if key is not None and (order_keys is None or key in order_keys)]


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
        try:
            available = shops.tiktok.cancel_reasons(order.order_id) if is_open else ()
        except Rejected as fault:
            refused = open_change(run, ChangeKind.CANCEL, name, asked, ())
            if refused is not None:
                _park(order, refused, fault, report)
            continue
        found = cancel_reason(own, default, available)
        if isinstance(found, Finding):
            refused = open_change(run, ChangeKind.CANCEL, name, asked, ())
            if refused is not None:
                finish(refused, ChangeState.PARKED, code=found.code, cause=found.text, fix=found.fix)
            report.failed(Failure(object=f"order {order.order_id}", code=found.code, cause=found.text, fix=found.fix))
            continue
        change = open_change(run, ChangeKind.CANCEL, name, asked | {"reason": found.value}, found.reasons)
        if change is None:
            continue
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
            _park(order, change, fault, report)
    except (Uncertain, Retryable) as fault:
        note(change, code=fault.code, cause=fault.cause, request_id=fault.request_id)


def _park(order: Order, change: Change, fault: Rejected, report: BatchReport) -> None:
    finish(change, ChangeState.PARKED, code=fault.code, cause=fault.cause, fix=fault.fix, request_id=fault.request_id)
    change.state = ChangeState.PARKED
    report.failed(Failure.of(f"order {order.order_id}", fault))


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
