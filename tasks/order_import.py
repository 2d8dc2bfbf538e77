"""Taking orders into PrestaShop: a batch of them through all steps, whatever each of them has reached before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import col, select

from models.database import database
from models.listings import Change, ChangeKind, ChangeState
from models.orders import UNFINISHED, Order, OrderStage
from rules.addresses import address_alias
from rules.order_identity import order_note, reference_for
from rules.order_stage import Step, next_step
from rules.tiktok_order import TikTokOrder
from tasks.order_facts import NotPrepared, OrderFacts, order_facts
from tasks.order_finishing import OrderFinisher
from tasks.order_preparing import Decided, Preparer, Refused
from tasks.order_reading import first_reading, store_orders
from tasks.order_record import (
    IN_PRESTASHOP,
    as_records,
    keep_variants,
    load_orders,
    park,
    park_finding,
    store,
)
from tasks.order_restock import put_back
from tasks.order_work import CartRow, Prepared, Work
from tasks.order_writing import OrderWriter
from tasks.report import BatchReport
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import Shops, open_shops, utc_now

# Differences that lie with the shop's set-up rather than with the order.
SYSTEMIC = ("total_differs", "carrier_differs")

_NO_LONGER_PARKED = {
    "parked_code": "",
    "parked_cause": "",
    "parked_fix": "",
    "parked_request_id": "",
    "parked_at": None,
}


@task(name="import orders", cache_policy=NO_CACHE, **on_retryable)
def import_batch(run: Run, keys: Sequence[int]) -> BatchReport:
    """Bring some orders into PrestaShop; one that cannot go on is parked or tried later, the others go on.

    Args:
        run: the run.
        keys: orders, oldest first.

    Raises:
        AuthorizationError, ConfigurationFault: nothing can go on.
        Retryable: one of the shops cannot be reached; what was reached is recorded.
    """
    shops = open_shops(run.connection_id)
    report = BatchReport()
    facts = _facts(shops, keys, report)
    if facts is None:
        return report
    writer, finisher = OrderWriter(shops, facts, report), OrderFinisher(shops, facts, report)
    # Before anything is decided: what a dead run made is there, and has taken its stock.
    writer.adopt(load_orders(keys))
    works = _decided(shops, facts, keys, report)
    writer.customers(works)
    writer.addresses(works)
    # From here on the rows of an order stay as they are, whatever becomes of the links.
    keep_variants({work.order.key: work.variants for work in works if not work.out})
    writer.carts(works)
    writer.prices(works)
    at_work = [work for work in works if not work.out]
    ahead = _go_ahead(at_work, writer, finisher, report)
    writer.orders(at_work)
    finisher.verify([work for work in at_work if work not in ahead])
    put_back(shops, works, report)
    finisher.finish(works)
    return report


def _go_ahead(works: Sequence[Work], writer: OrderWriter, finisher: OrderFinisher, report: BatchReport) -> list[Work]:
    """One goes ahead: what is wrong with the shop's set-up shows with it, and the others are not made in vain.

    An order that nobody ships (virtual products) says nothing about the carrier: the next one goes ahead too.
    """
    ahead = []
    for work in [work for work in works if work.order.stage is OrderStage.PRICES]:
        writer.orders([work])
        finisher.verify([work])
        ahead.append(work)
        if work.order.parked_code in SYSTEMIC:
            _hold_back([one for one in works if one.order.stage is OrderStage.PRICES], work.order, report)
        if work.out or work.order.parcels:
            break
    return ahead


def _hold_back(works: Sequence[Work], wrong: Order, report: BatchReport) -> None:
    cause = f"Order {wrong.order_id} came out wrong in PrestaShop, and this one would too. {wrong.parked_cause}"
    for work in works:
        work.out = True
        report.failed(park(work.order, wrong.parked_code, cause, wrong.parked_fix))


@task(name="plan orders", cache_policy=NO_CACHE, **on_retryable)
def plan_imports(run: Run, keys: Sequence[int]) -> BatchReport:
    """What `import_batch` would make of these orders, as changes of the run's plan; nothing is made."""
    shops = open_shops(run.connection_id)
    report = BatchReport()
    facts = _facts(shops, keys, report)
    if facts is None:
        return report
    orders = load_orders(keys)
    seen = _read(shops, orders)
    ready = [(order, seen[order.order_id]) for order in orders if order.order_id in seen]
    for key, outcome in Preparer(shops, facts).decide(ready).items():
        order = next(order for order, _ in ready if order.key == key)
        if isinstance(outcome, Refused):
            report.failed(park_finding(order, outcome.finding))
        else:
            _plan(run, order, outcome)
            report.count("planned")
    return report


def _plan(run: Run, order: Order, outcome: Decided) -> None:
    rows = [
        {"id_product": row.id_product, "id_product_attribute": row.id_product_attribute, "quantity": row.quantity}
        for row in outcome.prepared.rows
    ]
    with database().write() as session:
        for older in session.exec(
            select(Change).where(
                Change.connection_id == run.connection_id,
                Change.kind == ChangeKind.IMPORT,
                Change.object == f"order:{order.order_id}",
                Change.state == ChangeState.PLANNED,
            )
        ):
            older.state, older.finished_at = ChangeState.SUPERSEDED, utc_now()
        session.flush()
        session.add(
            Change(
                connection_id=run.connection_id,
                plan_id=run.plan,
                kind=ChangeKind.IMPORT,
                object=f"order:{order.order_id}",
                after={"rows": rows, "total": f"{outcome.prepared.expected:f}", "currency": order.currency},
                reasons=as_records(outcome.reasons),
                created_at=utc_now(),
            )
        )


def planned_orders(plan: int) -> list[int]:
    """The orders of a stored plan that are not imported yet."""
    with database().read() as session:
        changes = session.exec(
            select(Change).where(
                Change.plan_id == plan, Change.kind == ChangeKind.IMPORT, Change.state == ChangeState.PLANNED
            )
        ).all()
        ids = [change.object.partition(":")[2] for change in changes]
        connection_ids = {change.connection_id for change in changes}
        keys = session.exec(
            select(Order.id).where(
                col(Order.connection_id).in_(connection_ids),
                col(Order.order_id).in_(ids),
                col(Order.stage).in_(UNFINISHED),
            )
        ).all()
    return [key for key in keys if key is not None]


def orders_table(keys: Sequence[int]) -> list[dict[str, Any]]:
    """The orders of a run as rows of a table artifact; nothing in it is a buyer's."""
    return [
        {
            "order": order.order_id,
            "status": order.status,
            "stage": order.stage.value,
            "PrestaShop order": order.id_order or "",
            "total": f"{order.total_expected:f}" if order.total_expected is not None else "",
            "currency": order.currency,
            "cause": order.parked_cause,
            "fix": order.parked_fix,
        }
        for order in load_orders(keys)
    ]


def _facts(shops: Shops, keys: Sequence[int], report: BatchReport) -> OrderFacts | None:
    """The shop's facts; without them every order waits for the same thing."""
    try:
        return order_facts(shops)
    except NotPrepared as lacking:
        for order in load_orders(keys):
            report.failed(park_finding(order, lacking.finding))
        return None


def _read(shops: Shops, orders: Sequence[Order]) -> dict[str, TikTokOrder]:
    """The orders as TikTok Shop shows them now: they may have been cancelled since they were read."""
    rows = shops.tiktok.orders([order.order_id for order in orders])
    read = store_orders(shops, rows, BatchReport(), began=first_reading(shops.id), again=True)
    return {order.id: order for order in read}


def _decided(shops: Shops, facts: OrderFacts, keys: Sequence[int], report: BatchReport) -> list[Work]:
    before = load_orders(keys)
    seen = _read(shops, before)
    orders = load_orders([order.key for order in before])
    ready: list[tuple[Order, TikTokOrder]] = []
    for order in orders:
        if order.order_id not in seen:
            cause = "TikTok Shop does not show this order any more."
            report.failed(
                park(order, "order_unknown", cause, "Look for it in Seller Center; delete it here if it is gone.")
            )
        elif _goes_on(shops, order, seen[order.order_id], report):
            ready.append((order, seen[order.order_id]))
    works = []
    begun = {order.key: prepared for order, one in ready if (prepared := _begun(shops, order, one)) is not None}
    outcomes = Preparer(shops, facts).decide([(order, one) for order, one in ready if order.key not in begun])
    decided: dict[int, Decided] = {}
    for order, one in ready:
        if order.key in begun:
            works.append(Work(order, one, begun[order.key], {}))
            continue
        outcome = outcomes[order.key]
        if isinstance(outcome, Refused):
            report.failed(park_finding(order, outcome.finding))
        else:
            works.append(Work(order, one, outcome.prepared, outcome.variants))
            decided[order.key] = outcome
    _keep_decisions([work for work in works if work.order.key in decided], decided)
    store(
        (work.order for work in works if work.order.key in begun and work.order.is_parked),
        lambda order: {"sending": order.sending, "attempts": order.attempts, **_NO_LONGER_PARKED},
    )
    return works


def _begun(shops: Shops, order: Order, seen: TikTokOrder) -> Prepared | None:
    """What an order whose cart is made, or may be, was decided to be: it is brought to its end as it was begun,
    whatever became of it on TikTok Shop since. Customer and address are there already."""
    cart = order.ledger.get("cart")
    if not cart or (order.id_cart is None and order.sending != "cart"):
        return None
    rows = tuple(
        CartRow(id_product, attribute, quantity, Decimal(price), Decimal(unit_incl))
        for id_product, attribute, quantity, price, unit_incl in cart["rows"]
    )
    reference = reference_for(
        order.order_id, shops.prestashop.version, enabled=shops.settings.orders.use_tiktok_reference
    )
    return Prepared(
        customer={},
        emails=(),
        address={"alias": address_alias(order.order_id)},
        rows=rows,
        goods=rows[: cart["goods"]],
        expected=Decimal(cart["expected"]),
        reference=reference.value,
        note=order_note(seen, shops.market),
    )


def _cart_record(prepared: Prepared) -> dict[str, Any]:
    """The cart as it is kept with the order."""
    return {
        "rows": [
            [row.id_product, row.id_product_attribute, row.quantity, f"{row.price:f}", f"{row.unit_incl:f}"]
            for row in prepared.rows
        ],
        "goods": len(prepared.goods),
        "expected": f"{prepared.expected:f}",
    }


def _goes_on(shops: Shops, order: Order, seen: TikTokOrder, report: BatchReport) -> bool:
    """Whether an order is still to be made; what PrestaShop has already is brought to its end in any case."""
    if order.stage in IN_PRESTASHOP:
        return order.stage is not OrderStage.IMPORTED
    if order.stage not in UNFINISHED:
        return False
    step = next_step(seen, shops.settings.orders).value
    if step is Step.CANCELLED:
        store(
            [order],
            lambda _: {"stage": OrderStage.CANCELLED, **_NO_LONGER_PARKED},
            event="Cancelled before it was made",
        )
        report.count("cancelled")
        return False
    return step is not Step.WAIT


def _keep_decisions(works: Sequence[Work], decided: Mapping[int, Decided]) -> None:
    def values(order: Order) -> dict[str, Any]:
        outcome = decided[order.key]
        return {
            # What may be on its way stays so until it was looked for.
            "sending": order.sending,
            "attempts": order.attempts,
            # What was noted for putting stock back stays with it.
            "ledger": {**order.ledger, **outcome.ledger, "cart": _cart_record(outcome.prepared)},
            "total_expected": outcome.prepared.expected,
            "reasons": as_records(outcome.reasons),
            **_NO_LONGER_PARKED,
        }

    store((work.order for work in works), values)
