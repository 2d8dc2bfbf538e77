"""Reading orders from TikTok Shop: a row for each, whatever its state, before anything else is decided (I1, I2).

The watermark is the newest `update_time` among the orders of a page and is committed with their rows, so a run that
dies reads again what it had not stored, and nothing is skipped. Each reading reaches back by an overlap: what was
stored already and did not change costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import Session, col, select

from clients.errors import Rejected
from models.connections import Watermark
from models.database import database, in_parts
from models.listings import ListingSku
from models.orders import UNFINISHED, Order, OrderLine, OrderStage
from rules.addresses import merge_recipient, recipient_record
from rules.deadlines import ship_by
from rules.decision import Reason
from rules.order_stage import Step, next_step
from rules.tiktok_order import ON_HOLD, Recipient, TikTokOrder
from tasks.order_record import BuyerData, as_records, buyer_of, seal_buyer, secret_box, tell
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import Shops, open_shops, utc_now
from tasks.sweeps import set_watermark, set_watermark_now
from tasks.touched import touch

WATERMARK: Final = "orders"
# When orders were read for the first time: what was shipped before is not the connector's.
BEGAN: Final = "orders_began"
# How far the first reading goes back; an order that is still to be shipped is never older (4.4 shipping_due_time).
_FIRST_DAYS: Final = 14

# An order of these stages has nothing in PrestaShop yet, and what is read decides how it goes on.
_OPEN: Final = (OrderStage.SEEN, OrderStage.ON_HOLD, OrderStage.READY)


@task(name="read orders", cache_policy=NO_CACHE, **on_retryable)
def read_orders(run: Run) -> BatchReport:
    """Store what changed among the orders of TikTok Shop since the last reading, oldest change first."""
    shops = open_shops(run.connection_id)
    report = BatchReport()
    while True:
        start, began = _beginning(shops)
        try:
            for page in shops.tiktok.order_pages(update_time_ge=start):
                store_orders(shops, page, report, began=began, watermark=True)
            return report
        except Rejected:
            # A page token that is no longer taken: go on from the watermark, unless that is where this began.
            if _beginning(shops)[0] <= start:
                raise


@task(name="fetch orders", cache_policy=NO_CACHE, **on_retryable)
def fetch_orders(run: Run, order_ids: Sequence[str]) -> BatchReport:
    """Store these orders as they are now, also those that would be left out (I2)."""
    shops = open_shops(run.connection_id)
    report = BatchReport()
    _, began = _beginning(shops)
    rows = shops.tiktok.orders(order_ids)
    store_orders(shops, rows, report, began=began, asked=True)
    for order_id in sorted(set(order_ids).difference(str(row.get("id")) for row in rows)):
        report.failed(
            Failure(
                object=f"order {order_id}",
                code="order_unknown",
                cause="TikTok Shop has no order of this number in this shop.",
                fix="Check the number in Seller Center; it has 18 digits.",
            ),
            count="not found",
        )
    return report


@task(name="read orders again", cache_policy=NO_CACHE, **on_retryable)
def read_again(run: Run, order_ids: Sequence[str]) -> BatchReport:
    """Store these orders as they are now; those that are left out stay so."""
    shops = open_shops(run.connection_id)
    report = BatchReport()
    store_orders(shops, shops.tiktok.orders(order_ids), report, began=first_reading(shops.id), again=True)
    return report


def store_orders(
    shops: Shops,
    rows: Iterable[Mapping[str, Any]],
    report: BatchReport,
    *,
    began: datetime,
    asked: bool = False,
    again: bool = False,
    watermark: bool = False,
) -> list[TikTokOrder]:
    """Store orders as TikTok Shop tells them, in one transaction; answers those that could be read.

    Args:
        shops: the connection's.
        rows: of a search or detail answer.
        report: gets counts, and a failure for each row that is no order.
        began: orders shipped by then are left out.
        asked: somebody asked for these orders: none is left out.
        again: something was done to them just now: store what is told although their update time is the same second's.
        watermark: move the watermark to the newest of them.
    """
    orders: list[TikTokOrder] = []
    for row in rows:
        try:
            orders.append(TikTokOrder.read(row))
        except ValueError as fault:
            name = str(row.get("id") or "without a number")
            report.failed(Failure(object=f"order {name}", code="unreadable_order", cause=str(fault)))
    if not orders:
        return orders
    with database().write() as session:
        keeper = _Keeper(session, shops, began, asked=asked, again=again or asked)
        keeper.keep(orders)
        if watermark:
            _move_watermark(session, shops.id, max(order.update_time for order in orders))
    report.count("read", len(orders))
    report.count("new", keeper.new)
    report.count("changed", keeper.changed)
    return orders


def first_reading(connection_id: int) -> datetime:
    """When orders of the connection were first read; now, if they never were."""
    with database().read() as session:
        first = session.get(Watermark, (connection_id, BEGAN))
    if first is not None:
        return datetime.fromisoformat(first.value)
    began = utc_now()
    set_watermark_now(connection_id, BEGAN, began.isoformat())
    return began


def _beginning(shops: Shops) -> tuple[int, datetime]:
    """Where the search begins (Unix seconds), and when orders were first read."""
    began = first_reading(shops.id)
    with database().read() as session:
        mark = session.get(Watermark, (shops.id, WATERMARK))
    if mark is None:
        return int((began - timedelta(days=_FIRST_DAYS)).timestamp()), began
    return int(mark.value) - 60 * shops.settings.orders.overlap_minutes, began


def _move_watermark(session: Session, connection_id: int, update_time: int) -> None:
    mark = session.get(Watermark, (connection_id, WATERMARK))
    if mark is None or int(mark.value) < update_time:
        set_watermark(session, connection_id, WATERMARK, str(update_time))


class _Keeper:
    """Brings rows up to date with what was read, in one transaction."""

    def __init__(self, session: Session, shops: Shops, began: datetime, *, asked: bool, again: bool) -> None:
        self._session, self._shops, self._began, self._asked, self._again = session, shops, began, asked, again
        self._box, self._now = secret_box(), utc_now()
        self.new = self.changed = 0

    def keep(self, orders: Sequence[TikTokOrder]) -> None:
        newest = {order.id: order for order in sorted(orders, key=lambda order: order.update_time)}
        rows = self._rows(list(newest))
        moved: list[TikTokOrder] = []
        for seen in newest.values():
            row = rows.get(seen.id)
            if row is None:
                self._add(seen)
                moved.append(seen)
            elif self._is_news(row, seen):
                self._renew(row, seen)
                moved.append(seen)
        self._touch(moved)

    def _is_news(self, row: Order, seen: TikTokOrder) -> bool:
        """Answers may come late: what was known later is not overwritten."""
        if row.update_time > seen.update_time:
            return False
        return self._again or (row.update_time, row.status) != (seen.update_time, seen.status)

    def _rows(self, ids: Sequence[str]) -> dict[str, Order]:
        return {
            row.order_id: row
            for part in in_parts(ids)
            for row in self._session.exec(
                select(Order).where(Order.connection_id == self._shops.id, col(Order.order_id).in_(part))
            )
        }

    def _add(self, seen: TikTokOrder) -> None:
        row = Order(
            connection_id=self._shops.id,
            order_id=seen.id,
            status=seen.status,
            created_at=seen.create_time,
            seen_at=self._now,
        )
        self._session.add(row)
        self._describe(row, seen, {})
        self._session.flush()
        self._lines(row, seen, {})
        tell(self._session, row.key, "Placed on TikTok Shop", seen.create_time)
        tell(self._session, row.key, f"Seen as {seen.status}", self._now)
        self.new += 1

    def _renew(self, row: Order, seen: TikTokOrder) -> None:
        if row.status != seen.status:
            tell(self._session, row.key, f"{row.status} → {seen.status} on TikTok Shop", self._now)
            self.changed += 1
        self._describe(row, seen, buyer_of(self._box, row).recipient)
        known = {
            line.line_id: line for line in self._session.exec(select(OrderLine).where(OrderLine.order_key == row.key))
        }
        self._lines(row, seen, known)

    def _describe(self, row: Order, seen: TikTokOrder, stored: Mapping[str, Any]) -> None:
        row.status, row.update_time = seen.status, seen.update_time
        row.order_type, row.fulfillment_type = seen.order_type, seen.fulfillment_type
        row.shipping_type, row.delivery_option_id = seen.shipping_type, seen.delivery_option_id
        row.warehouse_id = seen.warehouse_id
        row.buyer_wants_cancel = seen.buyer_wants_cancel
        row.ship_by = ship_by(seen)
        row.currency, row.total_paid = seen.payment.currency, seen.payment.total_amount
        if row.buyer_secret or row.id is None or self._asked:
            self._keep_buyer(row, seen, stored)
        if row.is_parked and row.stage in UNFINISHED:
            # What it waited for may have come, such as an address that can be read.
            self._unpark(row)
        if self._may_be_decided(row):
            self._decide(row, seen)

    def _keep_buyer(self, row: Order, seen: TikTokOrder, stored: Mapping[str, Any]) -> None:
        """Buyer data that were erased (K18) stay so until somebody asks for the order; a new row has none yet."""
        row.user_id = seen.user_id
        recipient, moved = merge_recipient(Recipient.read(stored) if stored else None, seen.recipient)
        if moved and row.id_address is not None and not seen.recipient.is_masked:
            row.address_changed = True
        buyer = BuyerData(recipient_record(recipient), seen.buyer_email, seen.buyer_message)
        row.buyer_secret = seal_buyer(self._box, buyer)

    def _may_be_decided(self, row: Order) -> bool:
        if self._asked and row.stage in (OrderStage.IGNORED, OrderStage.CANCELLED):
            return True
        return row.stage in _OPEN and not row.sending

    def _decide(self, row: Order, seen: TikTokOrder) -> None:
        step = next_step(seen, self._shops.settings.orders)
        reasons = list(step.reasons)
        match step.value:
            case Step.WAIT:
                row.stage = OrderStage.ON_HOLD if seen.status == ON_HOLD else OrderStage.SEEN
            case Step.IMPORT:
                row.stage = OrderStage.READY
            case Step.LATE if seen.create_time < self._began and not self._asked:
                row.stage = OrderStage.IGNORED
                text = (
                    "It was on its way before the connector read its first orders; fetch it by its number to import it."
                )
                reasons.append(Reason("before_the_connector", text))
            case Step.LATE:
                row.stage = OrderStage.READY
            case Step.IGNORE:
                row.stage = OrderStage.READY if self._asked else OrderStage.IGNORED
            case Step.CANCELLED:
                row.stage = OrderStage.CANCELLED
        if self._asked:
            self._take_up(row)
        row.reasons = as_records(reasons)

    @staticmethod
    def _take_up(row: Order) -> None:
        """An order that was deleted here goes on from what PrestaShop has of it."""
        if row.id_order is not None:
            row.stage = OrderStage.IMPORTED if row.imported_at is not None else OrderStage.ORDER
        elif row.stage is not OrderStage.READY:
            return
        elif row.sending == "order":
            row.stage = OrderStage.PRICES
        elif row.id_cart is not None:
            # Which of its prices are there is looked up when they may be on their way.
            row.stage, row.sending = OrderStage.CART, "prices"
        elif row.id_address is not None:
            row.stage = OrderStage.ADDRESS
        elif row.id_customer is not None:
            row.stage = OrderStage.CUSTOMER

    @staticmethod
    def _unpark(row: Order) -> None:
        row.parked_code = row.parked_cause = row.parked_fix = row.parked_request_id = ""
        row.parked_at = None

    def _lines(self, row: Order, seen: TikTokOrder, known: Mapping[str, OrderLine]) -> None:
        for unit in seen.units:
            line = known.get(unit.id) or OrderLine(connection_id=self._shops.id, order_key=row.key, line_id=unit.id)
            line.sku_id, line.product_id, line.seller_sku = unit.sku_id, unit.product_id, unit.seller_sku
            line.title, line.variant, line.status = unit.title, unit.variant, unit.status or seen.status
            line.original, line.paid, line.tax = unit.original, unit.paid, unit.tax
            line.seller_discount, line.platform_discount = unit.seller_discount, unit.platform_discount
            line.package_id, line.tracking_number = unit.package_id, unit.tracking_number
            line.provider_id, line.provider_name = unit.provider_id, unit.provider_name
            self._session.add(line)

    def _touch(self, orders: Sequence[TikTokOrder]) -> None:
        """The SKUs of an order that is new or changed are counted again at once (K4): what is offered of them has to
        follow from what is sold."""
        skus = sorted({unit.sku_id for order in orders for unit in order.units})
        ids = {
            id_product
            for part in in_parts(skus)
            for id_product in self._session.exec(
                select(ListingSku.id_product).where(
                    ListingSku.connection_id == self._shops.id, col(ListingSku.sku_id).in_(part)
                )
            )
            if id_product is not None
        }
        touch(self._session, self._shops.id, ids, "order", self._now)


def open_orders(connection_id: int, *, retry_parked: bool = False, now: datetime | None = None) -> list[int]:
    """Orders that are on their way into PrestaShop and may be gone on with now, oldest first.

    Args:
        connection_id: whose.
        retry_parked: those that wait for a person too.
        now: the time.
    """
    moment = now or utc_now()
    query = select(Order.id).where(
        Order.connection_id == connection_id,
        col(Order.stage).in_(UNFINISHED),
        col(Order.not_before).is_(None) | (col(Order.not_before) <= moment),
    )
    if not retry_parked:
        query = query.where(Order.parked_code == "")
    with database().read() as session:
        keys = session.exec(query.order_by(col(Order.created_at), col(Order.id))).all()
    return [key for key in keys if key is not None]


def orders_of(connection_id: int, order_ids: Sequence[str]) -> list[int]:
    """The rows of these orders."""
    with database().read() as session:
        keys = [
            key
            for part in in_parts(order_ids)
            for key in session.exec(
                select(Order.id).where(Order.connection_id == connection_id, col(Order.order_id).in_(part))
            )
        ]
    return [key for key in keys if key is not None]
