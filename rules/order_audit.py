"""Whether the orders of both sides are the same ones, at the same totals and in the same state (K5).

Three sides are compared: what TikTok Shop has, what the connector knows, what PrestaShop has. Every TikTok order id and
every PrestaShop order lands in exactly one `Audited`, which says one thing: the worst that is wrong with it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Final

from models.orders import OrderStage
from rules.tiktok_order import CANCELLED, ON_HOLD, UNPAID

# As `rules.order_identity` begins the note of an order.
_NOTE: Final = re.compile(r"TikTok Shop order (\d+)")
# Shorter references are PrestaShop's own.
_TIKTOK_ID: Final = re.compile(r"\d{15,}")


class Verdict(StrEnum):
    """What an audit says about one order."""

    # All is well, or as it was meant to be.
    MATCHES = "matches"
    CAUGHT_UP = "caught_up"
    # Unpaid or on hold: nothing to be done yet.
    WAITING = "waiting"
    # Left out on purpose, or cancelled before it was imported.
    LEFT_OUT = "left_out"
    # A cancelled PrestaShop order that stands for nothing any more.
    SET_ASIDE = "set_aside"

    # On TikTok Shop, and not even a row here.
    MISSING = "missing"
    # TikTok Shop tells something newer about it than was read.
    BEHIND = "behind"
    UNFINISHED = "unfinished"
    PARKED = "parked"
    # PrestaShop has an order for it that the connector does not know as such.
    UNLINKED = "unlinked"
    DOUBLE = "double"
    DELETED = "deleted"
    CANCELLED_ON_TIKTOK = "cancelled_on_tiktok"
    CANCELLED_IN_PRESTASHOP = "cancelled_in_prestashop"
    TOTAL_DIFFERS = "total_differs"
    PAID_CHANGED = "paid_changed"
    # Known here, and TikTok Shop no longer finds it.
    NOT_ON_TIKTOK = "not_on_tiktok"
    # A PrestaShop order with the connector's payment label that no order of TikTok Shop belongs to.
    STRANGER = "stranger"


FINE: Final = frozenset({Verdict.MATCHES, Verdict.CAUGHT_UP, Verdict.WAITING, Verdict.LEFT_OUT, Verdict.SET_ASIDE})
"""Verdicts that ask nothing of anybody."""
TO_CATCH_UP: Final = frozenset({Verdict.MISSING, Verdict.BEHIND, Verdict.UNFINISHED})
"""Verdicts that reading the order again and importing it may settle."""

_NOT_IMPORTED: Final = frozenset({Verdict.BEHIND, Verdict.UNFINISHED, Verdict.PARKED})

DAY_AMOUNTS: Final = frozenset({"paid", "total", "expected total"})
"""Which figures of a day's record are amounts of money."""

_WHAT_TO_DO: Final[Mapping[Verdict, str]] = {
    Verdict.MISSING: "Run order_audit with catch_up, or fetch the order by its number.",
    Verdict.BEHIND: "Run order_import; if this stays, fetch the order by its number.",
    Verdict.UNFINISHED: "Run order_import; if it stays unfinished, its history says what it was at.",
    Verdict.UNLINKED: "Compare both orders. It is not imported again by the audit, because that would make a second "
    "PrestaShop order; cancel the one in PrestaShop before fetching it by its number.",
    Verdict.DOUBLE: "Keep the one that is shipped and cancel the other in PrestaShop, which puts its goods back.",
    Verdict.DELETED: "Delete the order in the connector too, or fetch it by its number to make it anew.",
    Verdict.CANCELLED_ON_TIKTOK: "Do not ship it. Cancel it in PrestaShop, or run cancellation_sync.",
    Verdict.CANCELLED_IN_PRESTASHOP: "Cancel it in Seller Center with a reason, or take the cancellation back; with "
    "orders.cancel_on_tiktok and orders.cancel_reason the connector does so by itself.",
    Verdict.TOTAL_DIFFERS: "Compare the lines of both orders; what was changed in PrestaShop by hand shows in its "
    "history.",
    Verdict.PAID_CHANGED: "A part of it may have been cancelled or refunded; see the order in Seller Center and make "
    "the same correction in PrestaShop.",
    Verdict.NOT_ON_TIKTOK: "See whether Seller Center has it; another shop may have been authorized meanwhile.",
    Verdict.STRANGER: "See where it comes from: an order made by hand or by another module needs another payment "
    "label than orders.payment_label.",
}


@dataclass(frozen=True, slots=True)
class OnTikTok:
    """One order as TikTok Shop tells it now; `paid` is what the buyer pays in all."""

    order_id: str
    created_at: datetime
    status: str
    paid: Decimal


@dataclass(frozen=True, slots=True)
class Known:
    """One order as the connector knows it; `expected` is what the PrestaShop order has to show."""

    order_id: str
    created_at: datetime
    status: str
    stage: OrderStage
    paid: Decimal
    expected: Decimal | None = None
    id_order: int | None = None
    id_cart: int | None = None
    parked_code: str = ""
    parked_cause: str = ""
    parked_fix: str = ""


@dataclass(frozen=True, slots=True)
class InPrestaShop:
    """One order as PrestaShop has it. `order_id` is the TikTok id in its note or reference, "" when there is none."""

    id_order: int
    id_cart: int
    created_at: datetime
    total: Decimal
    state: int
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class States:
    """PrestaShop's statuses that end an order: `cancelled`, and all in which nothing is sold any more (`gone`)."""

    cancelled: int
    gone: frozenset[int]


@dataclass(frozen=True, slots=True)
class Audited:
    """One order of either side and what is wrong with it.

    Attributes:
        order_id: TikTok's id; "" for a PrestaShop order that belongs to none.
        created_at: when it was placed on TikTok Shop; of a stranger when PrestaShop made it.
        id_orders: the PrestaShop orders that belong to it, ascending.
        code: the verdict, or why it is parked.
        cause, fix: for the merchant; "" when all is well.
        status: TikTok's, the newest that is known.
        stage: how far the connector is with it; "" for an unknown one.
        paid, expected, total: what the buyer pays, what PrestaShop has to show, what it shows.
        is_on_tiktok: the search found it.
    """

    verdict: Verdict
    order_id: str
    created_at: datetime
    id_orders: tuple[int, ...] = ()
    code: str = ""
    cause: str = ""
    fix: str = ""
    status: str = ""
    stage: str = ""
    paid: Decimal | None = None
    expected: Decimal | None = None
    total: Decimal | None = None
    is_on_tiktok: bool = False
    # PrestaShop orders that are not cancelled, and the sum of their totals.
    alive: int = 0
    alive_total: Decimal = Decimal(0)

    @property
    def name(self) -> str:
        """What people call it."""
        return f"order {self.order_id}" if self.order_id else f"PrestaShop order {self.id_orders[0]}"

    @property
    def is_fine(self) -> bool:
        """Whether it asks nothing of anybody."""
        return self.verdict in FINE


def named_in(note: str, reference: str) -> str:
    """The TikTok order id that a PrestaShop order carries in its note or as its reference; "" without one."""
    found = _NOTE.search(note)
    if found:
        return found[1]
    return reference if _TIKTOK_ID.fullmatch(reference) else ""


def audit(
    on_tiktok: Iterable[OnTikTok],
    known: Iterable[Known],
    in_prestashop: Iterable[InPrestaShop],
    *,
    start: datetime,
    end: datetime,
    states: States,
    decimals: int,
) -> list[Audited]:
    """Compare the three sides, by TikTok's creation time.

    Args:
        on_tiktok: all orders created from `start` to before `end`.
        known: all rows of these days, and those that any of `in_prestashop` belongs to.
        in_prestashop: the orders that rows name, and those of these days with the payment label.
        start, end: which days TikTok Shop was asked for: a row of these that it did not answer is gone there.
        states: of PrestaShop.
        decimals: of the market's currency; smaller differences are none.
    """
    shown = {order.order_id: order for order in on_tiktok}
    rows = {row.order_id: row for row in known}
    belonging, strangers = _assigned(rows, in_prestashop)
    look = _Look(states, decimals, start, end)
    found = [
        look.at(order_id, shown.get(order_id), rows.get(order_id), belonging.get(order_id, ()))
        for order_id in shown.keys() | rows.keys() | belonging.keys()
    ]
    found += [look.at_stranger(order) for order in strangers]
    return sorted(found, key=lambda one: (one.created_at, one.order_id, one.id_orders))


def _assigned(
    rows: Mapping[str, Known], orders: Iterable[InPrestaShop]
) -> tuple[dict[str, list[InPrestaShop]], list[InPrestaShop]]:
    """PrestaShop orders by the TikTok order each belongs to: what a row says first, then its cart, then its note."""
    by_id = {row.id_order: row.order_id for row in rows.values() if row.id_order}
    by_cart = {row.id_cart: row.order_id for row in rows.values() if row.id_cart}
    belonging: dict[str, list[InPrestaShop]] = defaultdict(list)
    strangers: list[InPrestaShop] = []
    for order in sorted({order.id_order: order for order in orders}.values(), key=lambda order: order.id_order):
        owner = by_id.get(order.id_order) or by_cart.get(order.id_cart) or order.order_id
        if owner:
            belonging[owner].append(order)
        else:
            strangers.append(order)
    return belonging, strangers


@dataclass(frozen=True, slots=True)
class _Look:
    states: States
    decimals: int
    start: datetime
    end: datetime

    def at(self, order_id: str, shown: OnTikTok | None, row: Known | None, orders: Sequence[InPrestaShop]) -> Audited:
        verdict, cause = self._verdict(shown, row, orders)
        own = _own(row, orders)
        alive = self._alive(orders)
        is_parked = verdict is Verdict.PARKED and row is not None
        newest = shown or row
        return Audited(
            verdict,
            order_id,
            newest.created_at if newest else min(order.created_at for order in orders),
            id_orders=tuple(order.id_order for order in orders),
            code=row.parked_code if is_parked and row else verdict.value,
            cause=cause,
            fix=row.parked_fix if is_parked and row else _WHAT_TO_DO.get(verdict, ""),
            status=newest.status if newest else "",
            stage=row.stage.value if row else "",
            paid=newest.paid if newest else None,
            expected=row.expected if row else None,
            total=own.total if own else None,
            is_on_tiktok=shown is not None,
            alive=len(alive),
            alive_total=sum((order.total for order in alive), Decimal(0)),
        )

    def at_stranger(self, order: InPrestaShop) -> Audited:
        alive = self._alive([order])
        verdict = Verdict.STRANGER if alive else Verdict.SET_ASIDE
        return Audited(
            verdict,
            "",
            order.created_at,
            id_orders=(order.id_order,),
            code=verdict.value,
            cause=f"PrestaShop order {order.id_order} carries the payment label of TikTok Shop, and no order there "
            "belongs to it."
            if alive
            else "",
            fix=_WHAT_TO_DO.get(verdict, ""),
            total=order.total,
            alive=len(alive),
            alive_total=order.total if alive else Decimal(0),
        )

    def _alive(self, orders: Iterable[InPrestaShop]) -> list[InPrestaShop]:
        return [order for order in orders if order.state not in self.states.gone]

    def _verdict(
        self, shown: OnTikTok | None, row: Known | None, orders: Sequence[InPrestaShop]
    ) -> tuple[Verdict, str]:
        if row is not None and row.stage is OrderStage.IGNORED:
            return Verdict.LEFT_OUT, ""
        alive = self._alive(orders)
        if len(alive) > 1:
            return Verdict.DOUBLE, f"PrestaShop has {len(alive)} orders for it: {_listed(alive)}."
        if row is None:
            return self._unknown(shown, orders, alive)
        if row.id_order is None and alive and (alive[0].id_cart != row.id_cart or not row.id_cart):
            text = f"PrestaShop order {alive[0].id_order} carries its number, and the connector did not make it."
            return Verdict.UNLINKED, text
        if row.id_order is not None and _own(row, orders) is None:
            return Verdict.DELETED, f"PrestaShop order {row.id_order} is gone: somebody deleted it."
        if shown is None and self.start <= row.created_at < self.end:
            return Verdict.NOT_ON_TIKTOK, "TikTok Shop does not find it any more among the orders of its day."
        if row.parked_code:
            return Verdict.PARKED, row.parked_cause or "It waits for a person."
        if row.stage is not OrderStage.IMPORTED:
            return self._not_imported(shown.status if shown else row.status, row)
        return self._imported(shown, row, _own(row, orders))

    @staticmethod
    def _unknown(
        shown: OnTikTok | None, orders: Sequence[InPrestaShop], alive: Sequence[InPrestaShop]
    ) -> tuple[Verdict, str]:
        if not orders:
            return Verdict.MISSING, "TikTok Shop has it, and the connector never saw it."
        if shown is None and not alive:
            return Verdict.SET_ASIDE, ""
        text = f"PrestaShop has an order that carries its number ({_listed(orders)}), and the connector never saw it."
        return Verdict.UNLINKED, text

    @staticmethod
    def _not_imported(status: str, row: Known) -> tuple[Verdict, str]:
        is_news = status != row.status
        text = f"It is {status} on TikTok Shop, and {row.status} was the last that was read."
        if row.stage is OrderStage.CANCELLED:
            return (Verdict.LEFT_OUT, "") if status == CANCELLED or not is_news else (Verdict.BEHIND, text)
        if row.stage in (OrderStage.SEEN, OrderStage.ON_HOLD):
            is_early = status in (UNPAID, ON_HOLD)
            return (Verdict.WAITING, "") if is_early or not is_news else (Verdict.BEHIND, text)
        return Verdict.UNFINISHED, f"It was seen and not imported; it stands at “{row.stage.value}”."

    def _imported(self, shown: OnTikTok | None, row: Known, own: InPrestaShop | None) -> tuple[Verdict, str]:
        if own is None:
            return Verdict.DELETED, "It counts as imported, and no order of PrestaShop belongs to it."
        status = shown.status if shown else row.status
        if status == CANCELLED:
            if own.state in self.states.gone:
                return Verdict.MATCHES, ""
            return (
                Verdict.CANCELLED_ON_TIKTOK,
                f"It is cancelled on TikTok Shop; PrestaShop order {own.id_order} is not.",
            )
        if own.state == self.states.cancelled:
            text = f"PrestaShop order {own.id_order} is cancelled; on TikTok Shop it is {status}."
            return Verdict.CANCELLED_IN_PRESTASHOP, text
        expected = row.paid if row.expected is None else row.expected
        if self._differ(own.total, expected):
            text = (
                f"PrestaShop order {own.id_order} shows {self._amount(own.total)}, {self._amount(expected)} is right; "
                f"the buyer paid {self._amount(row.paid)}."
            )
            return Verdict.TOTAL_DIFFERS, text
        if shown is not None and self._differ(shown.paid, row.paid):
            text = f"The buyer pays {self._amount(shown.paid)} now; it was imported with {self._amount(row.paid)}."
            return Verdict.PAID_CHANGED, text
        return Verdict.MATCHES, ""

    def _differ(self, one: Decimal, other: Decimal) -> bool:
        return round(one, self.decimals) != round(other, self.decimals)

    def _amount(self, amount: Decimal) -> str:
        return f"{amount:.{self.decimals}f}"


def _own(row: Known | None, orders: Sequence[InPrestaShop]) -> InPrestaShop | None:
    """The PrestaShop order that a row names; else the only one there is."""
    if row is None or row.id_order is None:
        return orders[0] if len(orders) == 1 else None
    return next((order for order in orders if order.id_order == row.id_order), None)


def _listed(orders: Sequence[InPrestaShop]) -> str:
    return ", ".join(str(order.id_order) for order in orders)


@dataclass(slots=True)
class Day:
    """One day's figures: both sides by the day the order was placed on TikTok Shop.

    Attributes:
        tiktok_orders, tiktok_paid: orders there, and what their buyers pay; unpaid and cancelled ones apart.
        expected: what PrestaShop has to show for the imported ones.
        prestashop_orders, prestashop_total: orders here that are not cancelled.
    """

    day: date
    tiktok_orders: int = 0
    tiktok_unpaid: int = 0
    tiktok_cancelled: int = 0
    tiktok_paid: Decimal = Decimal(0)
    expected: Decimal = Decimal(0)
    prestashop_orders: int = 0
    prestashop_total: Decimal = Decimal(0)
    verdicts: Counter[Verdict] = field(default_factory=Counter)

    def number(self, *verdicts: Verdict) -> int:
        """How many orders of these verdicts."""
        return sum(self.verdicts[one] for one in verdicts)

    def as_record(self, decimals: int) -> dict[str, str | int]:
        """A row of a table: what, how many, how much."""
        return {
            "day": self.day.isoformat(),
            "on TikTok Shop": self.tiktok_orders,
            "unpaid": self.tiktok_unpaid,
            "cancelled": self.tiktok_cancelled,
            "paid": f"{self.tiktok_paid:.{decimals}f}",
            "in PrestaShop": self.prestashop_orders,
            "total": f"{self.prestashop_total:.{decimals}f}",
            "expected total": f"{self.expected:.{decimals}f}",
            "match": self.number(Verdict.MATCHES),
            "missing": self.number(Verdict.MISSING),
            "caught up": self.number(Verdict.CAUGHT_UP),
            "not imported": self.number(*_NOT_IMPORTED),
            "double": self.number(Verdict.DOUBLE, Verdict.UNLINKED, Verdict.STRANGER),
            "totals differ": self.number(Verdict.TOTAL_DIFFERS, Verdict.PAID_CHANGED),
            "states differ": self.number(Verdict.CANCELLED_ON_TIKTOK, Verdict.CANCELLED_IN_PRESTASHOP),
            "gone": self.number(Verdict.DELETED, Verdict.NOT_ON_TIKTOK),
        }


def days(audited: Iterable[Audited], zone: tzinfo, always: Collection[date] = ()) -> list[Day]:
    """The figures of each day in the shop's own time.

    Args:
        audited: all orders.
        zone: the shop's.
        always: days that are there even without any order.
    """
    found = {day: Day(day) for day in always}
    for one in audited:
        name = one.created_at.astimezone(zone).date()
        day = found.setdefault(name, Day(name))
        day.verdicts[one.verdict] += 1
        if one.is_on_tiktok:
            day.tiktok_orders += 1
            day.tiktok_unpaid += one.status == UNPAID
            day.tiktok_cancelled += one.status == CANCELLED
            if one.status not in (UNPAID, CANCELLED):
                day.tiktok_paid += one.paid or Decimal(0)
        day.prestashop_orders += one.alive
        day.prestashop_total += one.alive_total
        if one.alive:
            day.expected += one.expected or Decimal(0)
    return [found[name] for name in sorted(found)]
