"""The orders of some days on both sides: read, compared, and told (K5).

Days are the shop's own. TikTok Shop is searched by creation time up to a few minutes ago: what is younger has not been
read by anybody yet, and is no gap.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import Session, col, select

from clients.errors import Rejected
from clients.prestashop.filters import Filters, any_of, between, equals
from clients.prestashop.records import Record
from clients.tiktok.calls import STALE_PAGE
from config.logging import redact
from models.catalogue import ShopRecord
from models.database import database, in_parts
from models.orders import UNFINISHED, Order
from rules.order_audit import (
    TO_CATCH_UP,
    Audited,
    Day,
    InPrestaShop,
    Known,
    OnTikTok,
    States,
    Verdict,
    audit,
    days,
    named_in,
)
from rules.tiktok_order import TikTokOrder
from tasks import inputs
from tasks.order_moves import StateBook
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.shop_tables import SETTINGS_RESOURCE
from tasks.shops import Shops, open_shops, utc_now

# I1: an order is imported within five minutes of being placed.
_SETTLING: Final = timedelta(minutes=10)
# PrestaShop makes an order when it is paid and no longer on hold, which may be a day later.
_LATER: Final = timedelta(days=2)
_FIELDS: Final = ("id", "id_cart", "reference", "note", "payment", "current_state", "total_paid", "date_add")
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Window:
    """Whole days of the shop's own time: from `start` to before `end`."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    @property
    def days(self) -> list[date]:
        """The days, the last one perhaps not over."""
        first, last = (moment.astimezone(self.zone).date() for moment in (self.start, self.end - timedelta(seconds=1)))
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found: every order of the days, and those of other days with which something is wrong."""

    window: Window
    orders: Sequence[Audited]
    decimals: int
    currency: str

    @property
    def to_catch_up(self) -> list[str]:
        """TikTok ids of orders that reading and importing them again may settle."""
        return [one.order_id for one in self.orders if one.verdict in TO_CATCH_UP]

    def by_day(self) -> list[Day]:
        """The figures of each day."""
        return days(self.orders, self.window.zone, self.window.days)

    def day_rows(self) -> list[dict[str, str | int]]:
        """The figures as rows of a table."""
        return [day.as_record(self.decimals) for day in self.by_day()]

    def report(self, told: Iterable[Failure] = ()) -> BatchReport:
        """Counts, and what asks for somebody; but for what was `told` already."""
        report = BatchReport()
        before = {(failure.object, failure.code) for failure in told}
        for one in self.orders:
            if one.is_fine or (one.name, one.code) in before:
                report.count(_word(one.verdict))
            else:
                failure = Failure(object=one.name, code=one.code, cause=redact(one.cause), fix=one.fix)
                report.failed(failure, count=_word(one.verdict))
        return report


def audit_window(connection_id: int, number: int, first: date | None, last: date | None) -> Window:
    """The days to audit.

    Args:
        connection_id: whose; the days are its shop's own.
        number: how many days back from now, if `first` is not given.
        first, last: the first and the last day; `last` is today when left out.

    Raises:
        ValueError: the days are in the wrong order, fewer than one, or still to come.
    """
    zone = open_shops(connection_id).prestashop.zone()
    now = utc_now()
    today = now.astimezone(zone).date()
    if number < 1:
        raise ValueError("days must be 1 or more")
    begin, until = first or (last or today) - timedelta(days=number), last or today
    if begin > until:
        raise ValueError(f"the first day {begin} is after the last one {until}")
    if begin > today:
        raise ValueError(f"{begin} is still to come; in the shop it is {today} now")
    start = datetime.combine(begin, time(), zone)
    end = min(datetime.combine(until + timedelta(days=1), time(), zone), now - _SETTLING)
    # In UTC, so that differences are spans of time whatever the clocks of the shop do.
    utc = now.tzinfo
    return Window(start.astimezone(utc), max(start, end).astimezone(utc), zone)


@task(name="read a period's orders", cache_policy=NO_CACHE, **on_retryable)
def read_period(connection_id: int, window: Window) -> tuple[list[OnTikTok], BatchReport]:
    """The orders that were placed on TikTok Shop in these days, as it tells them now."""
    shops = open_shops(connection_id)
    report = BatchReport()
    found: dict[str, OnTikTok] = {}
    since, end = int(window.start.timestamp()), int(window.end.timestamp())
    while since < end:
        begun = since
        try:
            for page in shops.tiktok.order_pages(create_time_ge=since, create_time_lt=end, sort_field="create_time"):
                for order in _readable(page, report):
                    found[order.order_id] = order
                    since = max(since, int(order.created_at.timestamp()))
            break
        except Rejected as fault:
            # A page that is no longer there: go on from the newest order read. Without any the fault stays.
            if fault.code != STALE_PAGE or since == begun:
                raise
    return list(found.values()), report


def _readable(rows: Iterable[Mapping[str, Any]], report: BatchReport) -> list[OnTikTok]:
    orders: list[OnTikTok] = []
    for row in rows:
        try:
            order = TikTokOrder.read(row)
        except ValueError as fault:
            name = f"order {row.get('id') or 'without a number'}"
            report.failed(Failure(object=name, code="unreadable_order", cause=str(fault)), count="unreadable")
        else:
            orders.append(OnTikTok(order.id, order.create_time, order.status, order.payment.total_amount))
    return orders


@task(name="compare orders", cache_policy=NO_CACHE, **on_retryable)
def compare_orders(
    connection_id: int, window: Window, on_tiktok: Sequence[OnTikTok], caught_up: Collection[str] = ()
) -> Audit:
    """Hold the three sides against each other.

    Args:
        connection_id: whose.
        window: which days.
        on_tiktok: what `read_period` answered.
        caught_up: ids of orders that were caught up on since then: those that are well now are told apart.
    """
    shops = open_shops(connection_id)
    labelled = _labelled(shops, window)
    rows = _rows(shops.id, window, [order.order_id for order in on_tiktok], labelled.values())
    orders = {**labelled, **_named_by(shops, rows, labelled)}
    known = [_known(row) for row in rows]
    found = audit(
        on_tiktok,
        known,
        orders.values(),
        start=window.start,
        end=window.end,
        states=_states(connection_id),
        decimals=shops.market.decimals,
    )
    was_behind = set(caught_up)
    return Audit(
        window,
        [
            replace(one, verdict=Verdict.CAUGHT_UP) if one.is_fine and one.order_id in was_behind else one
            for one in found
            if not one.is_fine or window.start <= one.created_at < window.end
        ],
        shops.market.decimals,
        shops.market.currency,
    )


def importable(connection_id: int, order_ids: Sequence[str]) -> list[int]:
    """The rows of these orders that are on their way into PrestaShop and do not wait for a person."""
    now = utc_now()
    with database().read() as session:
        rows = [
            row
            for part in in_parts(order_ids)
            for row in session.exec(
                select(Order).where(
                    Order.connection_id == connection_id,
                    col(Order.order_id).in_(part),
                    col(Order.stage).in_(UNFINISHED),
                    Order.parked_code == "",
                    col(Order.not_before).is_(None) | (col(Order.not_before) <= now),
                )
            )
        ]
    return [row.key for row in sorted(rows, key=lambda row: (row.created_at, row.key))]


def _labelled(shops: Shops, window: Window) -> dict[int, InPrestaShop]:
    """PrestaShop's orders of these days that carry the payment label, by id."""
    label = shops.settings.orders.payment_label
    made = between(window.start, min(window.end + _LATER, utc_now()))
    try:
        filters = Filters(payment=equals(label), date_add=made)
    except ValueError:
        # A label the webservice would misread is compared here.
        filters = Filters(date_add=made)
    return {
        row["id"]: _in_prestashop(row)
        for page in shops.prestashop.pages("orders", display=_FIELDS, size=_PAGE, filters=filters)
        for row in page
        if row["payment"].casefold() == label.casefold()
    }


def _named_by(shops: Shops, rows: Sequence[Order], read: Mapping[int, InPrestaShop]) -> dict[int, InPrestaShop]:
    """The orders that rows name by id, and whatever their carts became: of one cart PrestaShop may make two."""
    missing = sorted({row.id_order for row in rows if row.id_order and row.id_order not in read})
    carts = sorted({row.id_cart for row in rows if row.id_cart})
    found: list[Record] = []
    if missing:
        found += shops.prestashop.rows("orders", display=_FIELDS, filters=Filters(id=any_of(missing)))
    if carts:
        found += shops.prestashop.rows("orders", display=_FIELDS, filters=Filters(id_cart=any_of(carts)))
    return {row["id"]: _in_prestashop(row) for row in found}


def _in_prestashop(row: Record) -> InPrestaShop:
    return InPrestaShop(
        id_order=row["id"],
        id_cart=row["id_cart"],
        created_at=row["date_add"] or datetime.fromtimestamp(0, utc_now().tzinfo),
        total=row["total_paid"],
        state=row["current_state"],
        order_id=named_in(row.get("note") or "", row["reference"]),
    )


def _rows(
    connection_id: int, window: Window, on_tiktok: Sequence[str], in_prestashop: Iterable[InPrestaShop]
) -> list[Order]:
    """The rows of these days, and those that anything else that was read belongs to."""
    orders = list(in_prestashop)
    found: dict[int, Order] = {}
    with database().read() as session:
        query = select(Order).where(Order.connection_id == connection_id)
        for row in session.exec(query.where(Order.created_at >= window.start, Order.created_at < window.end)):
            found[row.key] = row
        ids = {*on_tiktok, *(order.order_id for order in orders if order.order_id)}
        ids.difference_update(row.order_id for row in found.values())
        _add(session, found, query, Order.order_id, sorted(ids))
        _add(session, found, query, Order.id_order, sorted({order.id_order for order in orders}))
        _add(session, found, query, Order.id_cart, sorted({order.id_cart for order in orders if order.id_cart}))
    return list(found.values())


def _add(session: Session, found: dict[int, Order], query: Any, column: Any, values: Sequence[str | int]) -> None:
    for part in in_parts(values):
        for row in session.exec(query.where(col(column).in_(part))):
            found[row.key] = row


def _known(row: Order) -> Known:
    return Known(
        order_id=row.order_id,
        created_at=row.created_at,
        status=row.status,
        stage=row.stage,
        paid=row.total_paid,
        expected=row.total_expected,
        id_order=row.id_order,
        id_cart=row.id_cart,
        parked_code=row.parked_code,
        parked_cause=row.parked_cause,
        parked_fix=row.parked_fix,
    )


def _states(connection_id: int) -> States:
    with database().read() as session:
        record = session.get(ShopRecord, (connection_id, SETTINGS_RESOURCE, 0))
        mapped = StateBook.read(session, connection_id).cancelled_as
    settings: Mapping[str, Any] = record.data if record else {}
    cancelled, refunded = inputs.number(settings, "PS_OS_CANCELED", 6), inputs.number(settings, "PS_OS_REFUND", 7)
    return States(cancelled, frozenset({cancelled, refunded, mapped} - {0}))


def _word(verdict: Verdict) -> str:
    return verdict.value.replace("_", " ").replace("tiktok", "TikTok Shop").replace("prestashop", "PrestaShop")
