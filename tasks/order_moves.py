"""Giving PrestaShop orders a status: forwards only, once, by their history, which mails nobody unless asked to.

Before each batch the present statuses and the ones already passed are read, so a move that a dead run made, or that
somebody made by hand, is not made again. What such a run left open is settled first, from what PrestaShop shows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import Session, col, select

from clients.errors import Rejected, Retryable, Uncertain
from clients.prestashop.filters import Filters, any_of
from models.catalogue import ShopRecord
from models.connections import settings_in_force
from models.database import database, in_parts
from models.listings import Change, ChangeKind, ChangeState
from models.orders import Order, OrderLine, OrderStage
from models.templates import StatusMapping
from rules.decision import Decision
from rules.order_statuses import ShopStates, default_mapping, next_state
from rules.tiktok_order import CANCELLED
from tasks.change_record import finish, mark_sent
from tasks.order_changes import open_change
from tasks.order_reading import orders_of
from tasks.order_record import load_orders, tell
from tasks.order_states import state_name
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shop_tables import SETTINGS_RESOURCE
from tasks.shops import Shops, open_shops, utc_now
from tasks.touched import touch

TO_PRESTASHOP: Final = "to_prestashop"
TO_TIKTOK: Final = "to_tiktok"


@dataclass(frozen=True, slots=True)
class StateBook:
    """The shop's states and the mapping in force (C12)."""

    states: ShopStates
    mapping: Mapping[str, int]
    # Reason for cancelling on TikTok Shop by the state that means it.
    cancelling: Mapping[int, str]

    @classmethod
    def read(cls, session: Session, connection_id: int) -> StateBook:
        """From our tables; a status that is not mapped goes by the shop's own states."""
        rows: dict[str, dict[int, Mapping[str, Any]]] = defaultdict(dict)
        for row in session.exec(
            select(ShopRecord).where(
                ShopRecord.connection_id == connection_id,
                col(ShopRecord.resource).in_(("order_states", SETTINGS_RESOURCE)),
            )
        ):
            rows[row.resource][row.id] = row.data
        settings = rows[SETTINGS_RESOURCE].get(0, {})
        stored = session.exec(select(StatusMapping).where(StatusMapping.connection_id == connection_id)).all()
        mapping = {
            **default_mapping(rows["order_states"], settings),
            **{row.tiktok_status: row.id_order_state for row in stored if row.direction == TO_PRESTASHOP},
        }
        return cls(
            states=ShopStates.of(rows["order_states"], settings, mapping),
            mapping=mapping,
            cancelling={
                row.id_order_state: row.cancel_reason
                for row in stored
                if row.direction == TO_TIKTOK and row.tiktok_status == CANCELLED
            },
        )

    @property
    def cancelled_as(self) -> int:
        """The state of orders that were cancelled on TikTok Shop; 0: that changes nothing in PrestaShop."""
        return self.mapping.get(CANCELLED, 0)

    def is_halfway(self, state: int) -> bool:
        """Whether an order that was cancelled on TikTok Shop goes on from this state to the mapped one."""
        return state == self.states.cancelled != self.cancelled_as


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an order stands in PrestaShop now, and the states it has been in."""

    current: int
    passed: frozenset[int]


@dataclass(frozen=True, slots=True)
class Move:
    """One order and the state it is to have."""

    order: Order
    state: int
    reasons: tuple[Any, ...] = ()


def state_book(connection_id: int) -> StateBook:
    """The book of a connection."""
    with database().read() as session:
        return StateBook.read(session, connection_id)


@task(name="settle moves", cache_policy=NO_CACHE, **on_retryable)
def settle_moves(connection_id: int, order_ids: Collection[str] | None = None, *, applied: int = 0) -> BatchReport:
    """Moves that earlier runs left open: made, or to be planned anew (K3). What was refused and is so now is over.

    Args:
        connection_id: whose.
        order_ids: the orders that were read; all that changed when left out.
        applied: the stored plan that is about to be applied; its moves are open by right.
    """
    report = BatchReport()
    with database().read() as session:
        left = session.exec(
            select(Change).where(
                Change.connection_id == connection_id,
                Change.kind == ChangeKind.STATE,
                col(Change.state).in_((ChangeState.PLANNED, ChangeState.SENT, ChangeState.PARKED)),
            )
        ).all()
    left = [
        change
        for change in left
        if (change.plan_id != applied or change.state is not ChangeState.PLANNED)
        and (order_ids is None or change.object.split(":")[1] in order_ids)
    ]
    if not left:
        return report
    keys = orders_of(connection_id, [change.object.split(":")[1] for change in left])
    orders = {f"order:{order.order_id}": order for order in load_orders(keys)}
    standing = read_standing(open_shops(connection_id), list(orders.values()))
    for change in left:
        order = orders.get(change.object)
        place = standing.get(order.id_order or 0) if order is not None else None
        is_so = place is not None and change.after["state"] in {place.current, *place.passed}
        if change.state is ChangeState.SENT and is_so:
            finish(change, ChangeState.CONFIRMED)
            report.count("confirmed")
        elif is_so or change.state is not ChangeState.PARKED:
            finish(change, ChangeState.SUPERSEDED)
    return report


def orders_behind(connection_id: int, order_keys: Sequence[int] | None = None) -> list[int]:
    """Imported orders whose status on TikTok Shop is mapped to another state than the one they have."""
    book = state_book(connection_id)
    query = select(Order).where(Order.connection_id == connection_id, Order.stage == OrderStage.IMPORTED)
    with database().read() as session:
        orders = session.exec(query.where(Order.status != CANCELLED).order_by(col(Order.id))).all()
    wanted = None if order_keys is None else set(order_keys)
    return [
        order.key
        for order in orders
        if (wanted is None or order.key in wanted)
        and next_state(order.status, book.mapping, current=order.prestashop_state, passed=(), states=book.states).value
    ]


def are_followed(connection_id: int) -> bool:
    """Whether statuses of TikTok Shop reach PrestaShop (I11)."""
    with database().read() as session:
        return settings_in_force(session, connection_id)[1].orders.tiktok_status_to_prestashop


@task(name="move orders to their status", cache_policy=NO_CACHE, **on_retryable)
def follow_statuses(run: Run, keys: Sequence[int], *, dry_run: bool = False) -> BatchReport:
    """Give orders the state that their status on TikTok Shop is mapped to (I11, C12)."""
    shops = open_shops(run.connection_id)
    book = state_book(run.connection_id)
    report = BatchReport()
    orders = load_orders(keys)
    standing = read_standing(shops, orders)

    def decided(order: Order) -> Decision[int | None]:
        place = standing[order.id_order or 0]
        return next_state(order.status, book.mapping, current=place.current, passed=place.passed, states=book.states)

    move_orders(run, shops, moves(orders, standing, decided), report, dry_run=dry_run)
    return report


def moves(
    orders: Iterable[Order], standing: Mapping[int, Standing], decided: Callable[[Order], Decision[int | None]]
) -> list[Move]:
    """What a rule decides about the orders that PrestaShop still has."""
    found = []
    for order in orders:
        if order.id_order in standing:
            decision = decided(order)
            if decision.value:
                found.append(Move(order, decision.value, decision.reasons))
    return found


def read_standing(shops: Shops, orders: Sequence[Order]) -> dict[int, Standing]:
    """Present and passed states by PrestaShop id; orders that are gone there are missing."""
    ids = sorted(order.id_order for order in orders if order.id_order is not None)
    current: dict[int, int] = {}
    passed: dict[int, set[int]] = defaultdict(set)
    for part in in_parts(ids, 400):
        for row in shops.prestashop.rows("orders", display=("id", "current_state"), filters=Filters(id=any_of(part))):
            current[row["id"]] = row["current_state"]
        for row in shops.prestashop.rows(
            "order_histories", display=("id", "id_order", "id_order_state"), filters=Filters(id_order=any_of(part))
        ):
            passed[row["id_order"]].add(row["id_order_state"])
    known = {order.id_order: order for order in orders}
    changed = [
        order
        for id_order, order in known.items()
        if id_order in current and order.prestashop_state != current[id_order]
    ]
    if changed:
        with database().write() as session:
            for order in changed:
                order.prestashop_state = current[order.id_order or 0]
                session.merge(order)
    return {id_order: Standing(state, frozenset(passed[id_order])) for id_order, state in current.items()}


def move_orders(
    run: Run, shops: Shops, wanted: Sequence[Move], report: BatchReport, *, dry_run: bool = False
) -> list[Move]:
    """Plan and make moves; answers those that are surely made.

    A move whose outcome is not clear stays as sent; the next run reads where the order stands.
    """
    changes = _planned(run, shops, wanted)
    wanted = [move for move in wanted if move.order.key in changes]
    report.count("planned", len(changes))
    if dry_run or not wanted:
        return []
    sent = [move for move in wanted if mark_sent(changes[move.order.key])]
    mailing = shops.settings.orders.mail_customers
    bodies = [{"id_order": move.order.id_order, "id_order_state": move.state} for move in sent]
    done: list[Move] = []
    if not mailing:
        try:
            if bodies:
                shops.prestashop.create_many("order_histories", bodies)
            done = sent
        except Rejected:
            # Some may be made: the others go one by one, so that the one at fault shows.
            done = _made(shops, sent)
        except (Uncertain, Retryable):
            # PrestaShop may be at it still.
            done = _made(shops, sent)
            report.count("unresolved", len(sent) - len(done))
            sent = done
    rest = [move for move in sent if move not in done]
    for move in rest:
        try:
            shops.prestashop.create(
                "order_histories",
                {"id_order": move.order.id_order, "id_order_state": move.state},
                send_email=mailing,
            )
        except Rejected as fault:
            finish(
                changes[move.order.key],
                ChangeState.PARKED,
                code=fault.code,
                cause=fault.cause,
                fix=fault.fix,
                request_id=fault.request_id,
            )
            report.failed(Failure.of(f"order {move.order.order_id}", fault))
        except (Uncertain, Retryable):
            report.count("unresolved")
        else:
            done.append(move)
    _keep(shops, done, changes, report)
    return done


def _made(shops: Shops, sent: Sequence[Move]) -> list[Move]:
    standing = read_standing(shops, [move.order for move in sent])
    return [
        move
        for move in sent
        if (place := standing.get(move.order.id_order or 0)) is not None and place.current == move.state
    ]


def _planned(run: Run, shops: Shops, wanted: Sequence[Move]) -> dict[int, Change]:
    """One open change an order, by the order's key; a refused one is tried again."""
    changes: dict[int, Change] = {}
    with database().read() as session:
        names = {
            state: state_name(session, shops.id, state)
            for move in wanted
            for state in (move.state, move.order.prestashop_state)
        }
    for move in wanted:
        before = move.order.prestashop_state
        change = open_change(
            run,
            ChangeKind.STATE,
            f"order:{move.order.order_id}",
            {"state": move.state, "status": names[move.state]},
            move.reasons,
            before={"state": before, "status": names[before]},
        )
        if change is not None:
            changes[move.order.key] = change
    return changes


def _keep(shops: Shops, done: Sequence[Move], changes: Mapping[int, Change], report: BatchReport) -> None:
    now = utc_now()
    with database().write() as session:
        for move in done:
            stored = session.get_one(Order, move.order.key)
            stored.prestashop_state = move.order.prestashop_state = move.state
            tell(session, stored.key, f"PrestaShop status set: {state_name(session, shops.id, move.state)}", now)
            # A cancellation puts the goods back into the stock.
            ids = session.exec(select(OrderLine.id_product).where(OrderLine.order_key == stored.key)).all()
            touch(session, shops.id, {one for one in ids if one is not None}, "order status", now)
    for move in done:
        finish(changes[move.order.key], ChangeState.CONFIRMED)
    report.count("confirmed", len(done))
