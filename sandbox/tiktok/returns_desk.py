"""Returns of one shop: what buyers ask for after shipping, what the seller and time make of it (sheet 4.12).

The status of the order stays as it is, and the platform's stock too: what comes back is the seller's to count.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.tiktok.aftersale_reasons import BUYER_RETURN, DAMAGED, REJECT_RETURN, reason_text
from sandbox.tiktok.errors import ApiError
from sandbox.tiktok.order_model import DAY, HOUR, Return

if TYPE_CHECKING:
    from sandbox.tiktok.world import Shop, TikTokWorld

PENDING = "RETURN_OR_REFUND_REQUEST_PENDING"
AWAITING_SHIP = "AWAITING_BUYER_SHIP"
SHIPPED = "BUYER_SHIPPED_ITEM"
AWAITING_RESPONSE = "AWAITING_BUYER_RESPONSE"
SUCCESS = "RETURN_OR_REFUND_REQUEST_SUCCESS"
COMPLETE = "RETURN_OR_REFUND_REQUEST_COMPLETE"
CANCEL = "RETURN_OR_REFUND_REQUEST_CANCEL"
REJECT = "REFUND_OR_RETURN_REQUEST_REJECT"
REPLACEMENT_PENDING = "REPLACEMENT_REQUEST_PENDING"
TYPES = ("REFUND", "RETURN_AND_REFUND", "REPLACEMENT")
# Statuses in which the seller's answer is awaited: names of the action. The second and third are made up (?).
ACTIONS = {
    PENDING: ("SELLER_RESPOND_RETURN",),
    SHIPPED: ("SELLER_RESPOND_RECEIVE_PACKAGE",),
    REPLACEMENT_PENDING: ("SELLER_RESPOND_REPLACEMENT",),
}
# (type, status, decision) → status it leads to. None in the place of the type is any type.
_ANSWERS: dict[tuple[str | None, str, str], str] = {
    ("REFUND", PENDING, "APPROVE_REFUND"): SUCCESS,
    ("REFUND", PENDING, "REJECT_REFUND"): REJECT,
    ("RETURN_AND_REFUND", PENDING, "APPROVE_RETURN"): AWAITING_SHIP,
    ("RETURN_AND_REFUND", PENDING, "REJECT_RETURN"): REJECT,
    ("RETURN_AND_REFUND", SHIPPED, "APPROVE_RECEIVED_PACKAGE"): SUCCESS,
    ("RETURN_AND_REFUND", SHIPPED, "REJECT_RECEIVED_PACKAGE"): "REJECT_RECEIVE_PACKAGE",
    ("REPLACEMENT", REPLACEMENT_PENDING, "APPROVE_REPLACEMENT"): "REPLACEMENT_REQUEST_COMPLETE",
    ("REPLACEMENT", REPLACEMENT_PENDING, "REJECT_REPLACEMENT"): "REPLACEMENT_REQUEST_REJECT",
    ("REPLACEMENT", REPLACEMENT_PENDING, "ISSUE_REPLACEMENT_REFUND"): "REPLACEMENT_REQUEST_REFUND_SUCCESS",
    (None, PENDING, "DIRECT_REFUND"): SUCCESS,
    (None, PENDING, "OFFER_PARTIAL_REFUND"): AWAITING_RESPONSE,
    ("RETURN_AND_REFUND", SHIPPED, "OFFER_PARTIAL_REFUND_AFTER_RECEIVING_PKG"): SUCCESS,
}
_RETURNABLE = {"REFUND": ("AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED")}
_DELIVERED = ("DELIVERED", "COMPLETED")


@dataclass(slots=True)
class ReturnsPace:
    """Seconds: for the seller's answer, the buyer's parcel, the seller's look at it, the buyer's answer, the refund."""

    answer: int = 2 * DAY
    ship: int = 5 * DAY
    inspect: int = 3 * DAY
    consider: int = DAY
    refund: int = 6 * HOUR


class ReturnsDesk:
    def __init__(self, world: "TikTokWorld", shop: "Shop") -> None:
        self._world, self._shop = world, shop
        self.pace = ReturnsPace()

    # By the buyer

    def buyer_returns(
        self,
        order_id: str,
        unit_ids: Collection[str] | None = None,
        type: str = "RETURN_AND_REFUND",
        reason: str = DAMAGED,
    ) -> Return:
        """ValueError for what has not arrived (a REFUND may be asked for from shipping on) or is being returned."""
        with self._world.lock:
            book = self._shop.book
            book.settle()
            order = book.orders[order_id]
            live = [unit for unit in order.units if unit.status != "CANCELLED"]
            units = [unit for unit in live if unit_ids is None or unit.id in unit_ids]
            taken = {
                key for row in map(book.returns.__getitem__, order.returns) if _is_open(row) for key in row.unit_ids
            }
            good = _RETURNABLE.get(type, _DELIVERED)
            if type not in TYPES or reason not in BUYER_RETURN:
                raise ValueError(f"no return of type {type} for the reason {reason}")
            if not units or any(unit.status not in good or unit.id in taken for unit in units):
                raise ValueError(f"order {order_id} is {order.status}: these units cannot be returned")
            now = book.now()
            row = Return(
                self._world.new_id("4035"),
                order_id,
                type,
                REPLACEMENT_PENDING if type == "REPLACEMENT" else PENDING,
                "BUYER",
                reason,
                reason_text(reason, self._shop.market.language),
                [unit.id for unit in units],
                sum((unit.sale_price + unit.tax for unit in units), Decimal(0)),
                now,
                now,
                line_ids=[self._world.new_id("4035") for _ in units],
                can_buyer_keep_item=type != "RETURN_AND_REFUND",
            )
            book.returns[row.id] = row
            order.returns.append(row.id)
            granted = {"REFUND": SUCCESS, "RETURN_AND_REFUND": AWAITING_SHIP}
            self._by(row, self.pace.answer, granted.get(type, "REPLACEMENT_REQUEST_COMPLETE"))
            book.touch(order)
            book.tell("return", order, row.id)
            return row

    def buyer_sends(self, return_id: str, tracking_number: str = "RT123456789") -> Return:
        """The parcel is on its way back: BUYER_SHIPPED_ITEM."""
        with self._world.lock:
            row = self._expect(return_id, AWAITING_SHIP)
            row.tracking_number = tracking_number
            self._move(row, SHIPPED)
            return row

    def buyer_withdraws(self, return_id: str) -> Return:
        with self._world.lock:
            row = self._expect(return_id, PENDING, AWAITING_SHIP, AWAITING_RESPONSE, REPLACEMENT_PENDING)
            self._move(row, "REPLACEMENT_REQUEST_CANCEL" if row.type == "REPLACEMENT" else CANCEL)
            return row

    def _expect(self, return_id: str, *statuses: str) -> Return:
        self._shop.book.settle()
        row = self._shop.book.returns[return_id]
        if row.status not in statuses:
            raise ValueError(f"return {return_id} is {row.status}")
        return row

    # By the seller

    def find(self, return_id: str) -> Return:
        row = self._shop.book.returns.get(return_id)
        if row is None:
            raise ApiError(25007006, "The request does not exist")
        return row

    def answer(
        self,
        row: Return,
        decision: str,
        key: str = "",
        *,
        reject_reason: str = "",
        keep_item: bool = False,
        partial: Decimal | None = None,
    ) -> None:
        """`key` makes a repeat of the same decision a success."""
        if key and row.answer_key == f"{decision} {key}":
            return
        status = _ANSWERS.get((row.type, row.status, decision)) or _ANSWERS.get((None, row.status, decision))
        if status is None:
            code = 25011011 if decision.startswith("REJECT") else 25011012
            raise ApiError(code, "The decision does not go with the state of the request")
        if decision.startswith("REJECT") and reject_reason not in REJECT_RETURN:
            raise ApiError(25001014, "The reason is unknown")
        if "PARTIAL" in decision:
            if partial is None or not 0 < partial < row.refund:
                raise ApiError(25001001, "The partial refund is not between nothing and the whole")
            row.partial_refund = partial
        if decision == "APPROVE_RETURN" and keep_item:
            status = SUCCESS
        if status == SUCCESS and row.status == PENDING:
            row.can_buyer_keep_item = True
        row.answer_key, row.reject_reason = f"{decision} {key}", reject_reason
        self._move(row, status)

    # By time

    def _move(self, row: Return, status: str) -> None:
        book = self._shop.book
        row.status, row.update_time, row.deadline = status, book.now(), None
        if status == AWAITING_SHIP:
            self._by(row, self.pace.ship, CANCEL)
        elif status == SHIPPED:
            self._by(row, self.pace.inspect, SUCCESS)
        elif status == AWAITING_RESPONSE:
            self._by(row, self.pace.consider, SUCCESS)
        elif status == SUCCESS:
            moment = book.now() + self.pace.refund
            book.at(moment, lambda: self._move(row, COMPLETE) if row.status == SUCCESS else None)
        order = book.orders[row.order_id]
        book.touch(order)
        book.tell("return", order, row.id)

    def _by(self, row: Return, seconds: int, status: str) -> None:
        """What becomes of the return when nobody does anything for so long."""
        before = row.status
        row.deadline = self._shop.book.now() + seconds
        self._shop.book.at(row.deadline, lambda: self._move(row, status) if row.status == before else None)


def _is_open(row: Return) -> bool:
    refused = (CANCEL, REJECT, "REJECT_RECEIVE_PACKAGE", "REPLACEMENT_REQUEST_REJECT", "REPLACEMENT_REQUEST_CANCEL")
    return row.status not in refused
