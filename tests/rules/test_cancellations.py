"""Cancellations and returns: reasons, answers, and what follows in PrestaShop (C5, I8, I12)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from models.orders import AfterSale, AfterSaleKind
from rules.cancellations import (
    Answer,
    answer_request,
    cancel_reason,
    cancelled_states,
    concerns_more,
    effects_in_prestashop,
    reject_reason,
)
from rules.decision import Decision, Finding
from rules.order_statuses import Rank, ShopStates
from tests.rules.order_examples import NOW, codes, order

STATES = ShopStates(
    {
        2: Rank.PAID,
        4: Rank.SHIPPED,
        5: Rank.DELIVERED,
        6: Rank.CANCELLED,
        7: Rank.REFUNDED,
        8: Rank.ERROR,
        20: Rank.CANCELLED,
    },
    6,
    7,
)
PAID_REASONS = ["seller_cancel_reason_out_of_stock", "seller_cancel_paid_reason_buyer_requested_cancellation"]
UK_REASONS = ["seller_cancel_reason_out_of_stock_uk", "seller_cancel_reason_wrong_price_uk"]
UNPAID_REASONS = ["seller_cancel_unpaid_reason_out_of_stock"]


def request(status: str = "CANCELLATION_REQUEST_PENDING", **fields: Any) -> AfterSale:
    defaults: dict[str, Any] = {"kind": AfterSaleKind.CANCELLATION, "request_id": "c1", "order_id": "577"}
    return AfterSale(connection_id=1, status=status, created_at=NOW, **{**defaults, **fields})


def outcome(answer: Decision[Any] | Finding) -> Any:
    return answer.code if isinstance(answer, Finding) else answer.value


def test_the_states_that_cancel() -> None:
    assert cancelled_states(STATES) == {6}
    assert cancelled_states(STATES, [20, 6]) == {6, 20}
    assert cancelled_states(ShopStates({})) == frozenset()


@pytest.mark.parametrize(
    ("state_reason", "default", "available", "expected"),
    [
        ("seller_cancel_reason_out_of_stock", "", PAID_REASONS, "seller_cancel_reason_out_of_stock"),
        ("", "seller_cancel_reason_out_of_stock", PAID_REASONS, "seller_cancel_reason_out_of_stock"),
        # What the state says goes before the setting.
        (PAID_REASONS[1], "seller_cancel_reason_out_of_stock", PAID_REASONS, PAID_REASONS[1]),
        # One reason under the names of other markets and statuses
        ("", "seller_cancel_reason_out_of_stock", UK_REASONS, "seller_cancel_reason_out_of_stock_uk"),
        ("", "seller_cancel_reason_out_of_stock_uk", PAID_REASONS, "seller_cancel_reason_out_of_stock"),
        ("", "seller_cancel_reason_out_of_stock", UNPAID_REASONS, "seller_cancel_unpaid_reason_out_of_stock"),
        ("", "", PAID_REASONS, "cancel_reason_missing"),
        ("", "seller_cancel_reason_wrong_price", PAID_REASONS, "cancel_reason_not_allowed"),
        ("", "seller_cancel_reason_out_of_stock", [], "cancel_not_possible"),
    ],
)
def test_the_reason_of_a_cancellation(state_reason: str, default: str, available: list[str], expected: str) -> None:
    assert outcome(cancel_reason(state_reason, default, available)) == expected


def test_who_is_asked_for_a_reason_is_told_the_allowed_ones() -> None:
    found = cancel_reason("", "", PAID_REASONS)
    assert isinstance(found, Finding)
    assert found.fix.endswith(f"Allowed now: {PAID_REASONS[0]}, {PAID_REASONS[1]}.")


def answer(
    mode: Any, *, shipped: bool = False, status: str = "AWAITING_SHIPMENT", hours: float | None = 24, **fields: Any
) -> Decision[Answer]:
    until: datetime | None = None if hours is None else NOW + timedelta(hours=hours)
    return answer_request(
        request(answer_by=until, **fields), order(status=status), prestashop_shipped=shipped, mode=mode, now=NOW
    )


@pytest.mark.parametrize(
    ("mode", "shipped", "status", "expected"),
    [
        ("approve_unshipped", False, "AWAITING_SHIPMENT", Answer.APPROVE),
        ("approve_unshipped", False, "ON_HOLD", Answer.APPROVE),
        ("approve_unshipped", True, "AWAITING_SHIPMENT", Answer.REJECT),
        ("approve_unshipped", False, "AWAITING_COLLECTION", Answer.REJECT),
        ("approve_unshipped", False, "PARTIALLY_SHIPPING", Answer.APPROVE),
        ("approve", True, "IN_TRANSIT", Answer.APPROVE),
        ("ask", False, "AWAITING_SHIPMENT", Answer.ASK),
        ("ask", True, "IN_TRANSIT", Answer.ASK),
        ("approve", False, "CANCELLED", Answer.WAIT),
    ],
)
def test_what_a_buyer_is_answered(mode: str, shipped: bool, status: str, expected: Answer) -> None:
    assert answer(mode, shipped=shipped, status=status).value is expected


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "CANCELLATION_REQUEST_SUCCESS"},
        {"status": "CANCELLATION_REQUEST_CANCEL"},
        {"answer": "approved"},
        {"kind": AfterSaleKind.RETURN},
    ],
)
def test_requests_that_want_no_answer(fields: dict[str, Any]) -> None:
    found = answer_request(request(**fields), order(), prestashop_shipped=False, mode="approve", now=NOW)
    assert found.value is Answer.WAIT


@pytest.mark.parametrize(
    ("hours", "expected", "soon"),
    [(None, Answer.ASK, False), (7, Answer.ASK, False), (6, Answer.ASK, True), (0, Answer.WAIT, False)],
)
def test_a_request_that_is_about_to_grant_itself(hours: float | None, expected: Answer, soon: bool) -> None:
    found = answer("ask", hours=hours)
    assert found.value is expected
    assert ("grants_itself_soon" in codes(found)) is soon


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        (
            ["seller_reject_apply_other", "seller_reject_apply_product_has_been_packed"],
            "seller_reject_apply_product_has_been_packed",
        ),
        (["ecom_reverse_reject_cancel_reason_product_packed"], "ecom_reverse_reject_cancel_reason_product_packed"),
        (["product_packed", "product_shipped"], "product_shipped"),
        (["unshippable", "other"], "reject_reason_missing"),
        ([], "reject_reason_missing"),
    ],
)
def test_the_reason_of_a_rejection(available: list[str], expected: str) -> None:
    assert outcome(reject_reason(available)) == expected


def effects(of: AfterSale, **facts: Any) -> Any:
    given: dict[str, Any] = {
        "order_status": "CANCELLED",
        "units": {"u1": "CANCELLED", "u2": "CANCELLED"},
        "imported": True,
        "current": 2,
        "passed": (2,),
        "states": STATES,
        "mapped": 6,
    }
    return outcome(effects_in_prestashop(of, **{**given, **facts}))


COMPLETE = "CANCELLATION_REQUEST_COMPLETE"
OPEN = {"order_status": "AWAITING_SHIPMENT", "units": {"u1": "AWAITING_SHIPMENT", "u2": "AWAITING_SHIPMENT"}}


@pytest.mark.parametrize(
    ("status", "facts", "expected"),
    [
        (COMPLETE, {}, 6),
        # Granted is not yet complete, but the order is cancelled, or its goods are to be put back.
        ("CANCELLATION_REQUEST_SUCCESS", {}, 6),
        ("CANCELLATION_REQUEST_SUCCESS", {**OPEN}, None),
        ("CANCELLATION_REQUEST_SUCCESS", {**OPEN, "replenish": True}, 6),
        ("CANCELLATION_REQUEST_PENDING", {**OPEN}, None),
        ("CANCELLATION_REQUEST_CANCEL", {**OPEN}, None),
        # Once
        (COMPLETE, {"current": 6, "passed": (2, 6)}, None),
        (COMPLETE, {"current": 2, "passed": (2, 6)}, None),
        (COMPLETE, {"current": 7}, None),
        (COMPLETE, {"imported": False}, None),
        (COMPLETE, {"current": 4}, "cancelled_after_shipping"),
        (COMPLETE, {"states": ShopStates({2: Rank.PAID}), "mapped": 0}, "state_missing"),
        # Mapped (C12): PrestaShop's own state first, as only that takes the goods back; once.
        (COMPLETE, {"mapped": 20}, 6),
        (COMPLETE, {"mapped": 20, "current": 6, "passed": (2, 6)}, 20),
        (COMPLETE, {"mapped": 20, "current": 20, "passed": (2, 6, 20)}, None),
        (COMPLETE, {"mapped": 20, "current": 6, "passed": (2, 6, 20)}, None),
        (COMPLETE, {"mapped": 20, "current": 2, "passed": (2, 6)}, None),
        (COMPLETE, {"mapped": 20, "states": ShopStates({2: Rank.PAID, 20: Rank.CANCELLED})}, 20),
        (COMPLETE, {"mapped": 0}, None),
        (COMPLETE, {"mapped": 99}, "state_gone"),
    ],
)
def test_a_cancelled_order(status: str, facts: dict[str, Any], expected: Any) -> None:
    assert effects(request(status), **facts) == expected


@pytest.mark.parametrize(
    ("line_ids", "refund", "more"),
    [(["u1"], "5", False), (["u1", "u2"], "5", True), (["u1"], "6", True), ([], "5", False)],
)
def test_what_is_new_about_a_request(line_ids: list[str], refund: str, more: bool) -> None:
    seen = SimpleNamespace(line_ids=line_ids, refund=Decimal(refund))
    assert concerns_more(request(line_ids=["u1"], refund=Decimal("5")), cast("Any", seen)) is more
    # The amount is told later than the cancellation.
    assert concerns_more(request(line_ids=["u1"]), cast("Any", seen)) is (len(line_ids) > 1)


@pytest.mark.parametrize(
    ("line_ids", "facts", "expected"),
    [
        (["u1"], {}, "partial_cancellation"),
        (["u1"], {"imported": False}, None),
        (["u1"], {"mapped": 20, "current": 6, "passed": (2, 6)}, None),
        (["u1", "u2"], {}, 6),
        # The rest was cancelled before.
        (["u1"], {"units": {"u1": "AWAITING_SHIPMENT", "u2": "CANCELLED"}}, 6),
    ],
)
def test_a_part_of_an_order(line_ids: list[str], facts: dict[str, Any], expected: Any) -> None:
    assert effects(request(COMPLETE, line_ids=line_ids), **{**OPEN, **facts}) == expected


DELIVERED = {"order_status": "DELIVERED", "units": {"u1": "DELIVERED", "u2": "DELIVERED"}, "current": 5}


@pytest.mark.parametrize(
    ("status", "type_", "line_ids", "facts", "expected"),
    [
        ("RETURN_OR_REFUND_REQUEST_COMPLETE", "RETURN_AND_REFUND", [], {}, 7),
        ("RETURN_OR_REFUND_REQUEST_COMPLETE", "REFUND", ["u1", "u2"], {}, 7),
        ("RETURN_OR_REFUND_REQUEST_COMPLETE", "REFUND", ["u1"], {}, "partial_refund"),
        (
            "RETURN_OR_REFUND_REQUEST_COMPLETE",
            "REFUND",
            ["u1"],
            {"units": {"u1": "DELIVERED", "u2": "CANCELLED"}},
            7,
        ),
        ("RETURN_OR_REFUND_REQUEST_PENDING", "REFUND", [], {}, None),
        ("RETURN_OR_REFUND_REQUEST_SUCCESS", "REFUND", [], {}, None),
        ("REPLACEMENT_REQUEST_COMPLETE", "REPLACEMENT", [], {}, None),
        ("RETURN_OR_REFUND_REQUEST_COMPLETE", "REFUND", [], {"current": 7}, None),
        ("RETURN_OR_REFUND_REQUEST_COMPLETE", "REFUND", [], {"passed": (2, 7)}, None),
        ("RETURN_OR_REFUND_REQUEST_COMPLETE", "REFUND", [], {"current": 6}, None),
        ("RETURN_OR_REFUND_REQUEST_COMPLETE", "REFUND", [], {"imported": False}, None),
    ],
)
def test_a_return(status: str, type_: str, line_ids: list[str], facts: dict[str, Any], expected: Any) -> None:
    of = request(status, kind=AfterSaleKind.RETURN, type=type_, line_ids=line_ids)
    assert effects(of, **{**DELIVERED, **facts}) == expected
