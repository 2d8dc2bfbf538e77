"""Cancellations of one shop: who asks, who grants, what time decides (sheet 4.10, 4.11, 8 items 74 and 76).

Stock comes back with the units, in the moment they are cancelled and once each (`OrderBook.cancel_units`). A
cancellation is SUCCESS while the refund runs and COMPLETE when it is paid. Methods for tests hold the world's lock.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.tiktok.aftersale_reasons import (
    NO_LONGER_NEEDED,
    PARTIAL_MARKETS,
    check_seller_reason,
    is_out_of_stock,
    reason_text,
    reject_reasons,
)
from sandbox.tiktok.errors import ApiError
from sandbox.tiktok.markets import SEA
from sandbox.tiktok.order_model import DAY, HOUR, Cancellation, Order, Unit
from sandbox.tiktok.order_money import FEES

if TYPE_CHECKING:
    from sandbox.tiktok.world import Shop, TikTokWorld

PENDING = "CANCELLATION_REQUEST_PENDING"
SUCCESS = "CANCELLATION_REQUEST_SUCCESS"
CANCEL = "CANCELLATION_REQUEST_CANCEL"
COMPLETE = "CANCELLATION_REQUEST_COMPLETE"
OPEN = ("UNPAID", "ON_HOLD", "AWAITING_SHIPMENT")  # what a unit may be cancelled in


@dataclass(slots=True)
class AftersalesPace:
    """Seconds: until an unanswered request grants itself, until a refund is paid."""

    answer: int = 2 * DAY
    refund: int = 6 * HOUR


class AftersalesDesk:
    def __init__(self, world: "TikTokWorld", shop: "Shop") -> None:
        self._world, self._shop = world, shop
        # 24 hours in some markets, 48 in others; which is which is not known (?).
        self.pace = AftersalesPace(answer=DAY if shop.region in SEA else 2 * DAY)
        shop.book.listeners.append(self._heard)

    # Cancelling by the seller

    def seller_cancels(self, order: Order, unit_ids: Collection[str], reason: str) -> Cancellation:
        """The checks of sheet 4.10 in their order, then the units are cancelled at once."""
        book = self._shop.book
        if order.fulfillment_type != "FULFILLMENT_BY_SELLER":
            raise ApiError(25020005, "The seller may not cancel what the platform fulfils")
        if order.status in ("CANCELLED", "COMPLETED"):
            raise ApiError(25001051, "The order is finished or cancelled")
        if book.wants_cancel(order):
            raise ApiError(25001011, "A cancellation is already running")
        chosen = [unit for unit in order.units if unit.id in unit_ids]
        live = [unit for unit in order.units if unit.status != "CANCELLED"]
        if any(unit.status == "CANCELLED" for unit in chosen):
            raise ApiError(25005011, "An order line is cancelled already")
        if any(unit.status not in OPEN for unit in chosen):
            raise ApiError(25001045, "The order is shipped already")
        check_seller_reason(self._shop.region, order.status, reason)
        if len(chosen) < len(live) and (self._shop.region not in PARTIAL_MARKETS or not is_out_of_stock(reason)):
            raise ApiError(25005011, "The order can be cancelled as a whole only")
        return self._cancel(order, chosen, "SELLER", reason, restock=not is_out_of_stock(reason))

    def _cancel(self, order: Order, units: Sequence[Unit], role: str, reason: str, *, restock: bool) -> Cancellation:
        cancellation = self._shop.book.add_cancellation(
            order,
            [unit.id for unit in units],
            type="CANCEL" if role == "SELLER" else "BUYER_CANCEL",
            role=role,
            status=SUCCESS,
            reason=reason,
            reason_text=reason_text(reason, self._shop.market.language),
            replenish=restock and any(unit.stock == "COMMITTED" for unit in units),
        )
        self._take_out(order, cancellation, role, restock=restock)
        return cancellation

    # Asking by the buyer

    def buyer_requests_cancellation(
        self, order_id: str, unit_ids: Collection[str] | None = None, reason: str = NO_LONGER_NEEDED
    ) -> Cancellation:
        """Granted at once before AWAITING_SHIPMENT; from then on a request that the seller has to answer.

        ValueError for units that have left or are cancelled, and while another request waits.
        """
        with self._world.lock:
            book = self._shop.book
            book.settle()
            order = book.orders[order_id]
            live = [unit for unit in order.units if unit.status != "CANCELLED"]
            units = [unit for unit in live if unit_ids is None or unit.id in unit_ids]
            if not units or any(unit.status not in OPEN for unit in units) or book.wants_cancel(order):
                raise ValueError(f"order {order_id} is {order.status}: the buyer cannot ask to cancel it")
            if order.status in ("UNPAID", "ON_HOLD"):
                return self._cancel(order, units, "BUYER", reason, restock=True)
            deadline = book.now() + self.pace.answer
            cancellation = book.add_cancellation(
                order,
                [unit.id for unit in units],
                type="BUYER_CANCEL",
                role="BUYER",
                status=PENDING,
                reason=reason,
                reason_text=reason_text(reason, self._shop.market.language),
                deadline=deadline,
            )
            book.at(deadline, lambda: self._grant_itself(order, cancellation))
            return cancellation

    def buyer_withdraws(self, cancel_id: str) -> Cancellation:
        with self._world.lock:
            self._shop.book.settle()
            cancellation = self._shop.book.cancellations[cancel_id]
            if cancellation.status != PENDING:
                raise ValueError(f"cancellation {cancel_id} is {cancellation.status}")
            self._end(cancellation)
            return cancellation

    # Answering by the seller

    def find(self, cancel_id: str) -> Cancellation:
        cancellation = self._shop.book.cancellations.get(cancel_id)
        if cancellation is None:
            raise ApiError(25007006, "The request does not exist")
        return cancellation

    def approve(self, cancellation: Cancellation, key: str = "") -> None:
        """`key` makes a repeat of the same answer a success (idempotency_key)."""
        if key and cancellation.answer_key == f"approve {key}":
            return
        if cancellation.type == "BUYER_CANCEL" and cancellation.status in (SUCCESS, COMPLETE):
            raise ApiError(25020010, "The request is approved already")
        if cancellation.status != PENDING:
            raise ApiError(25011012, "The request cannot be approved in this state")
        cancellation.answer_key = f"approve {key}"
        self._grant(self._shop.book.orders[cancellation.order_id], cancellation)

    def reject(self, cancellation: Cancellation, reason: str, key: str = "") -> None:
        if key and cancellation.answer_key == f"reject {key}":
            return
        if cancellation.status != PENDING:
            raise ApiError(25011011, "The request cannot be rejected in this state")
        if reason not in reject_reasons(self._shop.region):
            raise ApiError(25001014, "The reason is unknown")
        cancellation.answer_key = f"reject {key}"
        self._end(cancellation, reason)

    def refuse_pending(self, order: Order) -> None:
        """Shipping in the US refuses what the buyer asked for (sheet 4.11)."""
        reason = next(iter(reject_reasons(self._shop.region)))
        for cancellation in self._pending(order):
            self._end(cancellation, reason)

    # What follows

    def _pending(self, order: Order) -> list[Cancellation]:
        rows = (self._shop.book.cancellations[key] for key in order.cancellations)
        return [row for row in rows if row.status == PENDING]

    def _heard(self, event: str, order: Order, _: str) -> None:
        """An order cancelled otherwise, or delivered in spite of all, leaves nothing to answer."""
        if event == "status" and order.status in ("CANCELLED", "DELIVERED"):
            for cancellation in self._pending(order):
                self._end(cancellation)

    def _grant_itself(self, order: Order, cancellation: Cancellation) -> None:
        """Also when the parcel has just left: the refund follows, the goods are gone (sheet 8, item 74)."""
        if cancellation.status == PENDING:
            self._grant(order, cancellation)

    def _grant(self, order: Order, cancellation: Cancellation) -> None:
        units = [order.unit(key) for _, key in cancellation.lines]
        cancellation.replenish = any(unit.stock == "COMMITTED" for unit in units)
        self._move(cancellation, SUCCESS)
        self._take_out(order, cancellation, "BUYER", restock=True)

    def _take_out(self, order: Order, cancellation: Cancellation, role: str, *, restock: bool) -> None:
        """The units leave their packages and are cancelled; their refund is paid a while later."""
        book = self._shop.book
        ids = {key for _, key in cancellation.lines}
        for package in list(order.packages.values()):
            out = [unit for unit in order.units if unit.package_id == package.id and unit.id in ids]
            if out and len(out) < len(package.unit_ids):
                book.package(order, out)
        book.cancel_units(order, ids, role, cancellation.reason_text, restock=restock)
        cancellation.deadline = None
        cancellation.refund_at = book.now() + self.pace.refund
        book.at(cancellation.refund_at, lambda: self._move(cancellation, COMPLETE))

    def _end(self, cancellation: Cancellation, reject_reason: str = "") -> None:
        cancellation.reject_reason, cancellation.deadline = reject_reason, None
        self._move(cancellation, CANCEL)

    def _move(self, cancellation: Cancellation, status: str) -> None:
        book = self._shop.book
        order = book.orders[cancellation.order_id]
        cancellation.status, cancellation.update_time = status, book.now()
        book.touch(order)
        book.tell("cancellation", order, cancellation.id)

    # Money

    def refund(self, order: Order, cancellation: Cancellation) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """(total, goods, shipping, tax) that the buyer gets back: nothing for what was never paid.

        Shipping and fees come back with the last of the goods.
        """
        zero = Decimal(0)
        if "paid" not in order.times:
            return zero, zero, zero, zero
        ids = {key for _, key in cancellation.lines}
        units = [unit for unit in order.units if unit.id in ids]
        goods, tax = sum((unit.sale_price for unit in units), zero), sum((unit.tax for unit in units), zero)
        kept = [unit for unit in order.units if unit.id not in ids and not self._cancelled_before(cancellation, unit)]
        if kept:
            return goods + tax, goods, zero, tax
        paid = order.payment
        shipping, tax = paid["shipping_fee"], tax + paid["shipping_fee_tax"]
        return goods + shipping + tax + sum((paid[name] for name in FEES), zero), goods, shipping, tax

    def _cancelled_before(self, cancellation: Cancellation, unit: Unit) -> bool:
        """Whether an earlier cancellation has already taken the unit."""
        order = self._shop.book.orders[cancellation.order_id]
        earlier = order.cancellations[: order.cancellations.index(cancellation.id)]
        rows = (self._shop.book.cancellations[key] for key in earlier)
        return any(row.status in (SUCCESS, COMPLETE) and unit.id in {key for _, key in row.lines} for row in rows)
