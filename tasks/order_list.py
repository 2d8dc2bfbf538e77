"""Orders of TikTok Shop and how far each has come in PrestaShop, a page at a time, and everything about one (I4, I5).

Everything is asked of our own tables. Nothing here is a buyer's; `tasks.order_record.buyer_of` is the only way to that.
This module does not need Prefect, so that lists answer at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, false, or_, text
from sqlmodel import Session, col, func, select

from models.catalogue import ShopRecord
from models.connections import Connection, settings_in_force
from models.database import database
from models.listings import Change, ChangeState
from models.orders import AfterSale, Order, OrderEvent, OrderLine, OrderStage
from rules.order_links import back_office_order, seller_center_order
from rules.order_statuses import COUNTED, ERROR_WORD, status_word
from rules.tiktok_order import STATUSES
from tasks.order_record import load_orders

WORDS: Final = (*dict.fromkeys(status_word(status) for status in STATUSES), ERROR_WORD)
"""The words that a list of orders can be asked for."""

# An order that will not go on by itself in any case does not count as an error.
_OVER: Final = (OrderStage.IGNORED, OrderStage.CANCELLED)
_MOST_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders: a text in any column of the list, a status word, a stage, only those that wait for a person.

    Orders that are left out (stage ignored) are there only when asked for by stage or by a text.
    """

    search: str = ""
    status: str = ""
    stage: OrderStage | None = None
    parked: bool = False


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order as a list shows it.

    Attributes:
        id: our number.
        id_order, reference: PrestaShop's; None and "" while it is not there.
        order_id: TikTok's.
        status: a word of `WORDS` (I4).
        state: name of the status in PrestaShop, "" while it is not there.
        why: why it waits for a person, "" when it does not.
    """

    id: int
    id_order: int | None
    order_id: str
    created: str
    status: str
    fulfilment: str
    state: str
    stage: str
    total: str
    reference: str
    why: str


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A page of orders, how many there are, and how many stand where among those of the filter but for its status."""

    rows: Sequence[OrderRow]
    total: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class OrderDetails:
    """Everything an order's own page shows, but for the buyer.

    Attributes:
        row: as in the list.
        lines: units that are alike together.
        ledger: figures by name, as text (K6); empty until the order was decided.
        payment: what was paid, what the PrestaShop order has to show and what it shows.
        error: cause, fix and request id of what keeps it, empty when nothing does (K7).
        reasons: how it was decided (K2).
        requests: cancellations and returns.
        parcels: carrier and tracking number, on either side.
        changes: what did not reach one of the shops.
        history: what happened, oldest first.
    """

    row: OrderRow
    lines: Sequence[Mapping[str, Any]]
    ledger: Mapping[str, str]
    payment: Mapping[str, str]
    error: Mapping[str, str]
    reasons: Sequence[str]
    requests: Sequence[Mapping[str, Any]]
    parcels: Sequence[Mapping[str, str]]
    changes: Sequence[Mapping[str, str]]
    history: Sequence[Mapping[str, str]]
    ship_by: str
    has_buyer: bool
    seller_center: str
    back_office: str
    prestashop: Mapping[str, int | None] = field(default_factory=dict)


class UnknownOrder(LookupError):
    """No order, or more than one, is called so."""


def order_page(connection_id: int, wanted: OrderFilter, *, page: int, page_size: int) -> OrderPage:
    """A page of orders, the newest first.

    Args:
        connection_id: whose.
        wanted: which orders.
        page: from 1.
        page_size: rows a page.
    """
    with database().read() as session:
        look = _Look(session, connection_id)
        conditions = look.conditions(wanted)
        counts = look.counts(conditions)
        if wanted.status:
            conditions = [*conditions, _has_word(wanted.status)]
        total = counts[wanted.status] if wanted.status else sum(counts.values())
        orders = session.exec(
            select(Order)
            .where(*conditions)
            .order_by(col(Order.created_at).desc(), col(Order.id).desc())
            .limit(page_size)
            .offset((page - 1) * page_size)
        ).all()
        return OrderPage([look.row(order) for order in orders], total, _shown(counts))


def order_counts(connection_id: int) -> dict[str, int]:
    """How many orders stand where (I4); those that are left out are not counted."""
    with database().read() as session:
        look = _Look(session, connection_id)
        return _shown(look.counts(look.conditions(OrderFilter())))


def find_orders(connection_id: int, names: Sequence[str]) -> list[Order]:
    """The orders that people mean by TikTok's id, PrestaShop's id or our number, in the given order, each once.

    Where PrestaShop's id of one order is our number of another, "ps:12" and "id:12" tell them apart.

    Raises:
        UnknownOrder: one is not known or may be either.
    """
    with database().read() as session:
        keys = [_find(session, connection_id, name.strip()) for name in names]
    by_key = {order.key: order for order in load_orders(keys)}
    return [by_key[key] for key in dict.fromkeys(keys)]


def order_details(connection_id: int, key: int) -> OrderDetails:
    """Everything about an order."""
    with database().read() as session:
        look = _Look(session, connection_id)
        order = session.get_one(Order, key)
        connection = session.get_one(Connection, connection_id)
        document = settings_in_force(session, connection_id)[1]
        units = session.exec(select(OrderLine).where(OrderLine.order_key == key).order_by(col(OrderLine.id))).all()
        events = session.exec(
            select(OrderEvent).where(OrderEvent.order_key == key).order_by(col(OrderEvent.at), col(OrderEvent.id))
        ).all()
        requests = session.exec(
            select(AfterSale)
            .where(AfterSale.connection_id == connection_id, AfterSale.order_id == order.order_id)
            .order_by(col(AfterSale.created_at))
        ).all()
        name = f"order:{order.order_id}"
        changes = session.exec(
            select(Change)
            .where(
                Change.connection_id == connection_id,
                or_(col(Change.object) == name, col(Change.object).startswith(f"{name}:")),
                Change.state == ChangeState.PARKED,
            )
            .order_by(col(Change.id))
        ).all()
        return OrderDetails(
            row=look.row(order),
            lines=_lines(units, order.currency),
            ledger=_ledger(order.ledger),
            payment=_payment(order),
            error={
                "code": order.parked_code,
                "cause": order.parked_cause,
                "fix": order.parked_fix,
                "request_id": order.parked_request_id,
                "since": _moment(order.parked_at),
            }
            if order.is_parked
            else {},
            reasons=[reason["text"] for reason in order.reasons],
            requests=[_request(one) for one in requests],
            parcels=[*look.parcels(order), *_shown_parcels(units)],
            changes=[
                {
                    "change": change.kind.value,
                    "cause": change.cause,
                    "fix": change.fix,
                    "request_id": change.request_id,
                    "at": _moment(change.finished_at or change.created_at),
                }
                for change in changes
            ],
            history=[{"at": _moment(event.at), "text": event.text} for event in events],
            ship_by=_moment(order.ship_by),
            has_buyer=bool(order.buyer_secret),
            seller_center=seller_center_order(connection.region, order.order_id),
            back_office=back_office_order(document.back_office_url, order.id_order) if order.id_order else "",
            prestashop={"customer": order.id_customer, "address": order.id_address, "cart": order.id_cart},
        )


def units_named(key: int, names: Sequence[str]) -> list[str]:
    """TikTok ids of an order's units, named by these or by their SKU.

    Raises:
        UnknownOrder: the order has no such unit.
    """
    with database().read() as session:
        lines = session.exec(select(OrderLine).where(OrderLine.order_key == key).order_by(col(OrderLine.id))).all()
    found: dict[str, None] = {}
    for name in names:
        mine = [line.line_id for line in lines if name in (line.line_id, line.seller_sku, line.sku_id)]
        if not mine:
            known = ", ".join(f"{line.line_id} ({line.seller_sku})" for line in lines)
            raise UnknownOrder(f"The order has no line {name!r}. It has: {known}")
        found |= dict.fromkeys(mine)
    return list(found)


class _Look:
    """One look at the orders of a connection; names of statuses and carriers are read once."""

    def __init__(self, session: Session, connection_id: int) -> None:
        self._session, self._id = session, connection_id
        self._carriers: dict[int, str] | None = None
        self._states = {
            row.id: _first_text(row.data.get("name"))
            for row in session.exec(
                select(ShopRecord).where(
                    ShopRecord.connection_id == connection_id, ShopRecord.resource == "order_states"
                )
            )
        }

    def conditions(self, wanted: OrderFilter) -> list[ColumnElement[bool]]:
        """Everything of a filter but its status."""
        found: list[ColumnElement[bool]] = [col(Order.connection_id) == self._id]
        searched = wanted.search.strip()
        if searched:
            found.append(self._fits(searched))
        if wanted.stage is not None:
            found.append(col(Order.stage) == wanted.stage)
        elif not searched:
            found.append(col(Order.stage) != OrderStage.IGNORED)
        if wanted.parked:
            found.append(_waits())
        return found

    def _fits(self, searched: str) -> ColumnElement[bool]:
        fits: list[ColumnElement[bool]] = [
            col(Order.order_id).icontains(searched, autoescape=True),
            col(Order.reference).icontains(searched, autoescape=True),
            col(Order.fulfillment_type).icontains(searched.replace(" ", "_"), autoescape=True),
            col(Order.prestashop_state).in_(self._states_called(searched)) & col(Order.id_order).is_not(None),
        ]
        if searched.isdecimal() and len(searched) < _MOST_DIGITS:
            fits += [col(Order.id_order) == int(searched), col(Order.id) == int(searched)]
        if (day := _day(searched)) is not None:
            fits.append(and_(col(Order.created_at) >= day, col(Order.created_at) < day + timedelta(days=1)))
        return or_(*fits)

    def _states_called(self, text: str) -> list[int]:
        return [state for state, name in self._states.items() if text.casefold() in name.casefold()]

    def counts(self, conditions: Sequence[ColumnElement[bool]]) -> Counter[str]:
        """How many orders there are of each word."""
        # By the label: PostgreSQL takes the same expression with parameters of its own for another one.
        query = (
            select(Order.status, _waits().label("waits"), func.count())
            .where(*conditions)
            .group_by(col(Order.status), text("waits"))
        )
        found: Counter[str] = Counter()
        for status, parked, number in self._session.exec(query):
            found[status_word(status, parked=bool(parked))] += number
        return found

    def row(self, order: Order) -> OrderRow:
        """As a list shows it."""
        waits = order.is_parked and order.stage not in _OVER
        left_out = order.reasons[-1]["text"] if order.stage is OrderStage.IGNORED and order.reasons else ""
        return OrderRow(
            id=order.key,
            id_order=order.id_order,
            order_id=order.order_id,
            created=_moment(order.created_at),
            status=status_word(order.status, parked=waits),
            fulfilment=order.fulfillment_type.removeprefix("FULFILLMENT_").replace("_", " ").lower(),
            state=self._state(order.prestashop_state) if order.id_order else "",
            stage=order.stage.value,
            total=_amount(order.total_paid, order.currency),
            reference=order.reference,
            why=order.parked_cause if waits else left_out,
        )

    def _state(self, state: int) -> str:
        return self._states.get(state) or (str(state) if state else "")

    def parcels(self, order: Order) -> list[dict[str, str]]:
        """What PrestaShop has."""
        if self._carriers is None:
            rows = self._session.exec(
                select(ShopRecord).where(ShopRecord.connection_id == self._id, ShopRecord.resource == "carriers")
            ).all()
            self._carriers = {
                int(row.data.get("id_reference") or row.id): str(row.data.get("name") or "") for row in rows
            }
        return [
            {
                "shop": "PrestaShop",
                "carrier": self._carriers.get(int(parcel["carrier"]), "") or f"carrier {parcel['carrier']}",
                "tracking": str(parcel["tracking"]),
            }
            for parcel in order.parcels
        ]


def _find(session: Session, connection_id: int, name: str) -> int:
    which, _, number = name.rpartition(":")
    if not number.isdecimal() or which not in ("", "ps", "id"):
        raise UnknownOrder(
            f"{name!r} is no order. Give TikTok's id, PrestaShop's id or our number, as in: connector orders list"
        )
    mine = col(Order.connection_id) == connection_id
    if not which:
        found = session.exec(select(Order.id).where(mine, Order.order_id == number)).first()
        if found is not None:
            return found
    short = len(number) < _MOST_DIGITS
    in_prestashop = session.exec(select(Order).where(mine, Order.id_order == int(number))).first() if short else None
    ours = session.exec(select(Order).where(mine, Order.id == int(number))).first() if short else None
    found_ones = {
        order.key: order
        for order, by in ((in_prestashop, "ps"), (ours, "id"))
        if order is not None and which in ("", by)
    }
    if len(found_ones) == 1:
        return next(iter(found_ones))
    if in_prestashop is not None and ours is not None:
        raise UnknownOrder(
            f"{name} is PrestaShop's id of order {in_prestashop.order_id} and our number of order {ours.order_id}. "
            f"Write ps:{number} or id:{number}, or TikTok's id."
        )
    raise UnknownOrder(
        f"No order {name} is known. Orders of TikTok Shop are known after: connector orders import, "
        "or by TikTok's id: connector orders fetch ID"
    )


def _waits() -> ColumnElement[bool]:
    return and_(col(Order.parked_code) != "", col(Order.stage).not_in(_OVER))


def _has_word(word: str) -> ColumnElement[bool]:
    if word == ERROR_WORD:
        return _waits()
    statuses = [status for status in STATUSES if status_word(status) == word]
    return and_(col(Order.status).in_(statuses), ~_waits()) if statuses else false()


def _shown(counts: Mapping[str, int]) -> dict[str, int]:
    """The words of I4 in any case, others where there are such orders."""
    known = [word for word in WORDS if word in COUNTED or counts.get(word)]
    others = sorted(word for word in counts if word not in WORDS)
    return {"all": sum(counts.values()), **{word: counts.get(word, 0) for word in (*known, *others)}}


def _lines(units: Sequence[OrderLine], currency: str) -> list[dict[str, Any]]:
    """Units of one SKU, price and status together."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for unit in units:
        key = (unit.sku_id, unit.seller_sku, unit.paid, unit.status, unit.id_product, unit.id_product_attribute)
        if key in found:
            found[key]["quantity"] += 1
            found[key]["units"].append(unit.line_id)
            continue
        attribute = f":{unit.id_product_attribute}" if unit.id_product_attribute else ""
        found[key] = {
            "title": unit.title,
            "variant": unit.variant,
            "sku": unit.seller_sku,
            "sku_id": unit.sku_id,
            "quantity": 1,
            "price": _amount(unit.paid, currency),
            "list_price": _amount(unit.original, currency),
            "product": f"{unit.id_product}{attribute}" if unit.id_product is not None else "",
            "status": unit.status,
            "units": [unit.line_id],
        }
    return list(found.values())


# Of a unit and of the order: what a ledger shows.
_OF_UNITS: Final = ("list", "seller_discount", "platform_discount", "order_discount", "payment_discount", "tax")
_OF_ORDER: Final = (
    "shipping_list",
    "shipping_seller_discount",
    "shipping_platform_discount",
    "shipping_cofunded_discount",
    "shipping",
    "shipping_tax",
    "fees",
    "paid",
)


def _ledger(record: Mapping[str, Any]) -> dict[str, str]:
    """The sums of a stored ledger by name; what is nothing is left out."""
    units = record.get("units")
    if not units:
        return {}
    sums = {name: sum((Decimal(unit.get(name) or 0) for unit in units), Decimal(0)) for name in _OF_UNITS}
    sums |= {name: Decimal(record.get(name) or 0) for name in _OF_ORDER}
    return {name: f"{amount:f}" for name, amount in sums.items() if amount or name in ("list", "paid")}


def _payment(order: Order) -> dict[str, str]:
    return {
        "paid": _amount(order.total_paid, order.currency),
        "expected": _amount(order.total_expected, order.currency),
        "prestashop": _amount(order.prestashop_total, order.currency),
    }


def _request(one: AfterSale) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "id": one.request_id,
        "by": one.role.lower(),
        "status": one.status,
        "reason": one.reason,
        "units": one.line_ids,
        "refund": _amount(one.refund, one.currency),
        "answer": one.answer,
        "answer_by": _moment(one.answer_by) if not one.answer else "",
        "settled": _moment(one.applied_at),
        "cause": one.parked_cause,
        "fix": one.parked_fix,
    }


def _shown_parcels(units: Sequence[OrderLine]) -> list[dict[str, str]]:
    """What TikTok Shop shows."""
    known = dict.fromkeys((unit.provider_name, unit.tracking_number) for unit in units if unit.tracking_number)
    return [{"shop": "TikTok Shop", "carrier": name, "tracking": number} for name, number in known]


def _first_text(value: Any) -> str:
    """A text of PrestaShop in the shop's first language."""
    return str(next(iter(value.values()), "")) if isinstance(value, Mapping) else str(value or "")


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        return None


def _amount(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else f"{amount:.2f} {currency}".rstrip()


def _moment(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment is not None else ""
