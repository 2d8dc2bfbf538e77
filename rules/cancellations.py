"""Cancellations and returns: for which reason, what a buyer is answered, what follows in PrestaShop (C5, I8, I12).

Sources: tiktok-shop-api.md 4.10 to 4.12, section 8 items 73 to 77. A reason is never made up: seller cancellations
count against the shop, so what is not clear asks a person.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, Protocol

from models.orders import AfterSale, AfterSaleKind
from rules.deadlines import time_left
from rules.decision import Decision, Finding, Reason
from rules.order_stage import SHIPPED
from rules.order_statuses import ShopStates
from rules.tiktok_after_sale import AfterSaleSeen
from rules.tiktok_order import CANCELLED

PENDING: Final = "CANCELLATION_REQUEST_PENDING"
BY_HAND: Final = ("partial_cancellation", "partial_refund", "cancelled_after_shipping")
"""What only a person does in PrestaShop, and then says so; nothing there shows it."""
_GRANTED: Final = "CANCELLATION_REQUEST_SUCCESS"
_COMPLETE: Final = "CANCELLATION_REQUEST_COMPLETE"
# An unanswered request this close to granting itself is pressed on the merchant.
_SOON: Final = timedelta(hours=6)
# 4.10: names differ by what was paid and by market, and mean the same.
_SAME_REASON = re.compile(r"^seller_cancel_(?:unpaid_|paid_)?reason_|_uk$")


def cancelled_states(states: ShopStates, mapped: Iterable[int] = ()) -> frozenset[int]:
    """Ids of the PrestaShop states that cancel an order on TikTok Shop: PS_OS_CANCELED and those mapped so (C12)."""
    return frozenset({states.cancelled, *mapped} - {0})


def cancel_reason(state_reason: str, default: str, available: Sequence[str]) -> Decision[str] | Finding:
    """The name of the reason that a seller's cancellation gives (C5, I8).

    Args:
        state_reason: of the mapped state, or what a person chose; "" for none.
        default: `orders.cancel_reason` of the settings; "" for none.
        available: the names allowed for this order now, as the platform tells.
    """
    if not available:
        return Finding(
            "cancel_not_possible",
            "TikTok Shop lets the seller cancel this order no longer, or not yet.",
            "After shipping only a return gives the money back; see the order in Seller Center.",
        )
    allowed = f"Allowed now: {', '.join(available)}."
    wanted = state_reason or default
    if not wanted:
        return Finding(
            "cancel_reason_missing",
            "The order was cancelled in PrestaShop, and no reason for TikTok Shop is set.",
            f"Cancel it with a reason, or set orders.cancel_reason. {allowed}",
        )
    source = "given for this cancellation" if state_reason else "set in orders.cancel_reason (C5)"
    if wanted in available:
        return Decision(wanted, (Reason("cancel_reason", f"the reason {wanted} is {source}"),))
    same = [name for name in available if _SAME_REASON.sub("", name) == _SAME_REASON.sub("", wanted)]
    if len(same) == 1:
        text = f"the reason {wanted} is {source}; for this order its name is {same[0]}"
        return Decision(same[0], (Reason("cancel_reason", text),))
    return Finding(
        "cancel_reason_not_allowed",
        f"TikTok Shop does not take the reason {wanted} for this order now.",
        f"Cancel it with another reason. {allowed}",
    )


class Answer(StrEnum):
    """What to do about a buyer's request."""

    APPROVE = "approve"
    REJECT = "reject"
    # A person has to answer.
    ASK = "ask"
    # There is nothing to answer.
    WAIT = "wait"


class HasStatus(Protocol):
    """An order, as read or as stored."""

    @property
    def status(self) -> str:
        """On TikTok Shop."""


def answer_request(
    request: AfterSale,
    order: HasStatus,
    *,
    prestashop_shipped: bool,
    mode: Literal["ask", "approve", "approve_unshipped"],
    now: datetime,
) -> Decision[Answer]:
    """What a buyer who asks to cancel is answered (I12). Unanswered, a request grants itself (4.11).

    Args:
        request: the buyer's.
        order: the order it is about.
        prestashop_shipped: the order counts as shipped in PrestaShop (C8).
        mode: `orders.buyer_cancellations` of the settings.
        now: the time.
    """
    if request.kind is not AfterSaleKind.CANCELLATION or request.status != PENDING or request.answer:
        return Decision(Answer.WAIT, (Reason("nothing_to_answer", "this request does not wait for an answer"),))
    if order.status == CANCELLED:
        return Decision(Answer.WAIT, (Reason("cancelled", "the order is cancelled already"),))
    if request.answer_by is not None and request.answer_by <= now:
        return Decision(Answer.WAIT, (Reason("grants_itself", "its time is over: TikTok Shop grants it by itself"),))
    shipped = prestashop_shipped or order.status in SHIPPED
    left = Reason("shipped", "the parcel has left") if shipped else Reason("not_shipped", "nothing was shipped yet")
    if mode == "approve":
        return Decision(Answer.APPROVE, (left, Reason("approve_all", "all requests are approved (I12)")))
    if mode == "approve_unshipped":
        if shipped:
            text = "requests after shipping are rejected (I12); else this one would grant itself"
            return Decision(Answer.REJECT, (left, Reason("reject_shipped", text)))
        return Decision(Answer.APPROVE, (left, Reason("approve_unshipped", "requests before shipping are approved")))
    reasons = (left, Reason("ask", "a person answers buyers' requests (I12)"))
    if request.answer_by is not None and request.answer_by - now <= _SOON:
        text = f"unanswered, TikTok Shop grants it: {time_left(request.answer_by, now)}"
        return Decision(Answer.ASK, (*reasons, Reason("grants_itself_soon", text)))
    return Decision(Answer.ASK, reasons)


# What rejects a request for a parcel that left, the best first.
_REJECT_WORDS: Final = ("shipped", "dispatched", "packed")


def reject_reason(available: Sequence[str]) -> Decision[str] | Finding:
    """The name of the reason to reject a request with because the parcel has left.

    Args:
        available: the names TikTok Shop offers for this request.
    """
    for word in _REJECT_WORDS:
        for name in available:
            if word in name.casefold().split("_"):
                return Decision(name, (Reason("reject_reason", f"rejected for {name}"),))
    return Finding(
        "reject_reason_missing",
        "TikTok Shop offers no reason that says the parcel has left.",
        f"Answer the request yourself. Offered: {', '.join(available) or 'nothing'}.",
    )


def concerns_more(known: AfterSale, seen: AfterSaleSeen) -> bool:
    """Whether a request is about more units or other money than before: what was done about it is not all then."""
    more_units = not set(known.line_ids).issuperset(seen.line_ids)
    return more_units or (known.refund is not None and known.refund != seen.refund)


def effects_in_prestashop(
    request: AfterSale,
    *,
    order_status: str,
    units: Mapping[str, str],
    imported: bool,
    current: int,
    passed: Collection[int],
    states: ShopStates,
    mapped: int,
    replenish: bool = False,
) -> Decision[int | None] | Finding:
    """The state that a PrestaShop order has to be moved to for a cancellation or a return; None: nothing follows.

    Args:
        request: as TikTok Shop tells it now.
        order_status: of the order on TikTok Shop.
        units: {unit id: its status} of the whole order.
        imported: PrestaShop has the order, with these units in it: what was cancelled before was left out of it.
        current, passed: ids of the state it is in, and of those it has been in.
        states: the shop's.
        mapped: the state that CANCELLED is mapped to (C12); 0 for none.
        replenish: TikTok Shop says that the goods go back into the stock (`should_replenish_stock`).
    """
    if request.kind is AfterSaleKind.RETURN:
        return _return(request, units, imported, current, passed, states)
    granted = request.status == _COMPLETE or (request.status == _GRANTED and (replenish or order_status == CANCELLED))
    if not granted:
        return _nothing("not_granted", f"{request.status} changes nothing in PrestaShop")
    if not imported:
        return _nothing("left_out", "PrestaShop does not have the order: what was cancelled is left out of it")
    own = states.cancelled if states.cancelled in states.ranks else 0
    if not mapped:
        return (
            _nothing("not_mapped", f"{CANCELLED} changes nothing in PrestaShop (C12)")
            if own
            else _no_state("cancelled")
        )
    if mapped not in states.ranks:
        return Finding(
            "state_gone",
            f"The state {mapped}, mapped to {CANCELLED}, no longer exists in PrestaShop (C12).",
            "Map another one: connector statuses map to-prestashop cancelled STATE",
        )
    gone = {unit_id for unit_id, status in units.items() if status == CANCELLED} | set(request.line_ids)
    is_whole = order_status == CANCELLED or not request.line_ids or gone.issuperset(units)
    if is_whole and current == own and mapped not in {current, *passed}:
        return Decision(mapped, (Reason("state_mapped", f"{CANCELLED} is the state {mapped} in PrestaShop (C12)"),))
    if not {current, *passed}.isdisjoint({own, mapped, states.refunded} - {0}):
        return _nothing("cancelled_already", "it was cancelled or refunded in PrestaShop already")
    if not is_whole:
        return Finding(
            "partial_cancellation",
            f"{len(gone)} of the order's {len(units)} units were cancelled on TikTok Shop: "
            f"{', '.join(sorted(gone))}. PrestaShop's webservice cannot take units out of an order.",
            "Take them out of the order in PrestaShop's back office, which puts them back into the stock.",
        )
    if states.is_shipped(current):
        return Finding(
            "cancelled_after_shipping",
            "The order was cancelled on TikTok Shop after it had been shipped in PrestaShop.",
            "Call the parcel back, and set the order to cancelled in PrestaShop once the goods are there again.",
        )
    if not own:
        text = "all of it was cancelled on TikTok Shop; goods that PrestaShop keeps as sold are booked in by hand"
        return Decision(mapped, (Reason("cancel", text),))
    # Also where another state is mapped: only into its own one PrestaShop takes the goods back (section 8, item 6).
    text = "all of it was cancelled on TikTok Shop: PrestaShop cancels it and takes the goods back into the stock"
    then = () if mapped == own else (Reason("state_mapped", f"then it gets the state {mapped} (C12)"),)
    return Decision(own, (Reason("cancel", text), *then))


def _return(
    request: AfterSale,
    units: Mapping[str, str],
    imported: bool,
    current: int,
    passed: Collection[int],
    states: ShopStates,
) -> Decision[int | None] | Finding:
    if not request.status.endswith("_COMPLETE"):
        return _nothing("return_open", f"{request.status}: nothing follows before the money is back")
    if request.type not in ("REFUND", "RETURN_AND_REFUND"):
        return _nothing("no_refund", f"a {request.type.lower() or 'return'} gives no money back")
    if not imported:
        return _nothing("left_out", "PrestaShop does not have the order")
    if not states.refunded:
        return _no_state("refunded")
    if states.refunded in {current, *passed}:
        return _nothing("refunded_already", "it was refunded in PrestaShop already")
    if states.rank(current).is_final:
        return _nothing("final_state", f"an order that is {states.rank(current).name.lower()} in PrestaShop stays so")
    live = {unit_id for unit_id, status in units.items() if status != CANCELLED}
    if request.line_ids and not live.issubset(request.line_ids):
        amount = f" ({request.refund} {request.currency})" if request.refund is not None else ""
        return Finding(
            "partial_refund",
            f"{len(request.line_ids)} of the order's {len(units)} units were refunded on TikTok Shop{amount}: "
            f"{', '.join(sorted(request.line_ids))}.",
            "Make a partial refund in PrestaShop's back office, and take the goods back into the stock if they came.",
        )
    text = "all of it was refunded on TikTok Shop; goods that came back are booked in by hand"
    return Decision(states.refunded, (Reason("refund", text),))


def _no_state(which: str) -> Finding:
    return Finding(
        "state_missing",
        f"PrestaShop names no state for orders that are {which}.",
        "Set one in PrestaShop's order settings (PS_OS_CANCELED, PS_OS_REFUND).",
    )


def _nothing(code: str, text: str) -> Decision[int | None]:
    return Decision(None, (Reason(code, text),))
