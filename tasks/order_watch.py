"""What waits for a person, told once by one mail (C1), and orders close to their shipping deadline (K11).

A notice is stored when the mail server has accepted the mail, never before: a mail that failed is tried again by the
next run, and a process that dies between the two tells the same twice, never nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import delete
from sqlmodel import Session, col, select

from clients.mail import MailFailed
from config.logging import redact
from models.connections import Connection, settings_in_force
from models.database import database, in_parts, upsert
from models.listings import ChangeKind
from models.orders import UNFINISHED, AfterSale, AfterSaleKind, Notice, Order, OrderStage
from rules.deadlines import endangered, time_left
from rules.order_digest import Matter, digest
from rules.order_links import back_office_order, seller_center_order
from rules.tiktok_order import AWAITING_SHIPMENT, PARTIALLY_SHIPPING
from tasks.mailing import mail
from tasks.parked_changes import is_over, order_ids_of, orders_named, parked_changes
from tasks.report import BatchReport, Failure
from tasks.runs import Run
from tasks.shops import utc_now

_KINDS: Final[Mapping[ChangeKind, str]] = {
    ChangeKind.SHIP: "Shipment not told to TikTok Shop",
    ChangeKind.CANCEL: "Cancellation not made",
    ChangeKind.ANSWER: "Request not answered",
    ChangeKind.STATE: "Status not set in PrestaShop",
}
_REQUESTS: Final[Mapping[AfterSaleKind, str]] = {
    AfterSaleKind.CANCELLATION: "Cancellation request",
    AfterSaleKind.RETURN: "Return",
}
_ENDED: Final = (OrderStage.IGNORED, OrderStage.CANCELLED)
_OWN_KEYS: Final = ("order:", "request:", "change:", "deadline:")
_KEY: Final = 160


@task(name="find what waits for a person", cache_policy=NO_CACHE)
def find_matters(connection_id: int) -> list[Matter]:
    """Everything about orders that waits for a person, the most urgent first: deadlines, then the oldest."""
    now = utc_now()
    with database().read() as session:
        look = _Look(session, connection_id, now)
        return [*look.deadlines(), *look.orders(), *look.requests(), *look.changes()]


@task(name="tell what waits for a person", cache_policy=NO_CACHE)
def tell_matters(run: Run, matters: Sequence[Matter], *, dry_run: bool = False) -> BatchReport:
    """Mail what was not told yet, all in one, and forget what was settled. A mail that fails is a failure, no error."""
    report = BatchReport()
    report.count("waiting for a person", len(matters))
    report.count("near their deadline", sum(matter.key.startswith("deadline:") for matter in matters))
    told = _told(run.connection_id)
    new = [matter for matter in matters if matter.key not in told]
    if dry_run:
        report.count("to be told", len(new))
        return report
    report.count("settled", _forget_settled(run.connection_id, told, matters))
    if not new:
        return report
    with database().read() as session:
        address = settings_in_force(session, run.connection_id)[1].orders.failure_email
    if not address:
        report.count("not told: no address", len(new))
        return report
    try:
        _mail(run, address, new, len(matters) - len(new))
    except MailFailed as fault:
        report.failed(Failure(object="mail", code=fault.code, cause=fault.cause, fix=fault.fix), count="mails failed")
        return report
    _note(run.connection_id, new)
    report.count("told", len(new))
    return report


def deadline_rows(connection_id: int) -> list[dict[str, str | int | None]]:
    """Unshipped orders near their deadline as rows of a table, the most urgent first (K11)."""
    now = utc_now()
    with database().read() as session:
        orders = _Look(session, connection_id, now).endangered()
    return [
        {
            "order": order.order_id,
            "PrestaShop order": order.id_order,
            "status": order.status,
            "ship by": f"{order.ship_by.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
            "time left": time_left(order.ship_by, now),
        }
        for order in orders
        if order.ship_by is not None
    ]


def matter_rows(matters: Iterable[Matter]) -> list[dict[str, str | int | None]]:
    """What waits for a person as rows of a table."""
    return [
        {
            "what": matter.what,
            "order": matter.order_id,
            "PrestaShop order": matter.id_order,
            "when": matter.moment,
            "cause": matter.cause,
            "fix": matter.fix,
            "request id": matter.request_id,
        }
        for matter in matters
    ]


class _Look:
    """One look at everything that may wait, in one session."""

    def __init__(self, session: Session, connection_id: int, now: datetime) -> None:
        self._session, self._connection_id, self._now = session, connection_id, now
        self._region = session.get_one(Connection, connection_id).region
        self._settings = settings_in_force(session, connection_id)[1]

    def endangered(self) -> list[Order]:
        orders = self._session.exec(
            select(Order).where(
                Order.connection_id == self._connection_id,
                col(Order.status).in_((AWAITING_SHIPMENT, PARTIALLY_SHIPPING)),
                col(Order.stage).not_in(_ENDED),
                col(Order.ship_by).is_not(None),
            )
        ).all()
        return endangered(orders, self._now, self._settings.orders.ship_by_hours)

    def deadlines(self) -> list[Matter]:
        return [self._deadline(order, order.ship_by) for order in self.endangered() if order.ship_by is not None]

    def _deadline(self, order: Order, due: datetime) -> Matter:
        is_over = due < self._now
        code = "ship_by_missed" if is_over else "ship_by_near"
        moment = due.astimezone(UTC)
        return self._matter(
            f"deadline:{order.order_id}:{int(due.timestamp())}:{code}",
            "Shipping deadline missed" if is_over else "Shipping deadline",
            order.order_id,
            order,
            code=code,
            cause=f"It had to be shipped by {moment:%Y-%m-%d %H:%M} UTC, and TikTok Shop does not know it as shipped."
            if is_over
            else f"It has to be shipped by {moment:%Y-%m-%d %H:%M} UTC.",
            fix="Ship it and enter its tracking number in PrestaShop; TikTok Shop cancels orders that are not shipped.",
            moment=time_left(due, self._now),
        )

    def orders(self) -> list[Matter]:
        parked = self._session.exec(
            select(Order)
            .where(
                Order.connection_id == self._connection_id,
                Order.parked_code != "",
                col(Order.stage).not_in(_ENDED),
            )
            .order_by(col(Order.parked_at), col(Order.id))
        )
        return [
            self._matter(
                f"order:{order.order_id}:{order.parked_code}",
                "Order waits" if order.stage is OrderStage.IMPORTED else "Order not imported",
                order.order_id,
                order,
                code=order.parked_code,
                cause=order.parked_cause,
                fix=order.parked_fix,
                request_id=order.parked_request_id,
                moment=_since(order.parked_at),
            )
            for order in parked
        ]

    def requests(self) -> list[Matter]:
        parked = self._session.exec(
            select(AfterSale)
            .where(AfterSale.connection_id == self._connection_id, AfterSale.parked_code != "")
            .order_by(col(AfterSale.parked_at), col(AfterSale.id))
        ).all()
        orders = orders_named(self._session, self._connection_id, [one.order_id for one in parked])
        return [
            self._matter(
                f"request:{one.kind.value}:{one.request_id}:{one.parked_code}",
                _REQUESTS[one.kind],
                one.order_id,
                orders.get(one.order_id),
                code=one.parked_code,
                cause=one.parked_cause,
                fix=one.parked_fix,
                moment=time_left(one.answer_by, self._now)
                if one.answer_by is not None and not one.answer
                else _since(one.parked_at),
            )
            for one in parked
        ]

    def changes(self) -> list[Matter]:
        """Parked changes that no newer one of the same kind and object took the place of."""
        parked = parked_changes(self._session, self._connection_id, _KINDS)
        ids = order_ids_of(self._session, self._connection_id, parked)
        orders = orders_named(self._session, self._connection_id, list(ids.values()))
        found: list[Matter] = []
        for change in parked:
            order_id = ids.get(change.key, "")
            order = orders.get(order_id)
            if is_over(change, order):
                continue
            found.append(
                self._matter(
                    f"change:{change.kind.value}:{change.object}:{change.code}",
                    _KINDS[change.kind],
                    order_id,
                    order,
                    code=change.code,
                    cause=change.cause,
                    fix=change.fix,
                    request_id=change.request_id,
                    moment=_since(change.finished_at),
                )
            )
        return found

    def _matter(
        self,
        key: str,
        what: str,
        order_id: str,
        order: Order | None,
        *,
        code: str,
        cause: str,
        fix: str,
        request_id: str = "",
        moment: str = "",
    ) -> Matter:
        id_order = order.id_order if order is not None else None
        return Matter(
            key[:_KEY],
            what,
            order_id,
            id_order,
            code,
            # Causes hold no buyer data; a mail leaves the house, so it is made sure of.
            redact(cause),
            redact(fix),
            request_id=request_id,
            seller_center=seller_center_order(self._region, order_id) if order_id else "",
            back_office=back_office_order(self._settings.back_office_url, id_order) if id_order else "",
            moment=moment,
        )


def _since(moment: datetime | None) -> str:
    return f"since {moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment is not None else ""


def _told(connection_id: int) -> set[str]:
    with database().read() as session:
        keys = session.exec(select(Notice.key).where(Notice.connection_id == connection_id)).all()
    return {key for key in keys if key.startswith(_OWN_KEYS)}


def _forget_settled(connection_id: int, told: Iterable[str], matters: Iterable[Matter]) -> int:
    """Remove notices of what no longer waits; it is told again if it comes back.

    An order that is just being tried again is not settled: it would be told with every try that fails.
    """
    waiting = {matter.key for matter in matters}
    gone = [key for key in told if key not in waiting]
    ids = {key: key.split(":")[1] for key in gone if key.startswith("order:")}
    with database().write() as session:
        tried: set[str] = set()
        for part in in_parts(sorted(set(ids.values()))):
            tried.update(
                session.exec(
                    select(Order.order_id).where(
                        Order.connection_id == connection_id,
                        col(Order.order_id).in_(part),
                        col(Order.stage).in_(UNFINISHED),
                        Order.parked_code == "",
                    )
                )
            )
        settled = [key for key in gone if ids.get(key) not in tried]
        for keys in in_parts(settled):
            session.connection().execute(
                delete(Notice).where(col(Notice.connection_id) == connection_id, col(Notice.key).in_(keys))
            )
    return len(settled)


def _mail(run: Run, address: str, new: Sequence[Matter], waiting_before: int) -> None:
    """Hand over one mail about these.

    Raises:
        MailFailed: no server is set, or it did not surely accept the mail.
    """
    made = digest(run.connection, new, waiting_before)
    mail(address, made.subject, made.text, made.html)


def _note(connection_id: int, matters: Iterable[Matter]) -> None:
    now = utc_now()
    rows = [{"connection_id": connection_id, "key": key, "told_at": now} for key in {matter.key for matter in matters}]
    with database().write() as session:
        upsert(session, Notice, rows)
