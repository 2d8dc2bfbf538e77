"""Cancellations and returns as TikTok Shop tells them (tiktok-shop-api.md 4.11 and 4.12)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.orders import AfterSaleKind
from rules.tiktok_after_sale import AfterSaleSeen

EXAMPLES = Path(__file__).parents[1] / "data" / "tiktok-shop-examples"
D = Decimal


def example(name: str, rows: str) -> dict[str, Any]:
    data = json.loads((EXAMPLES / f"{name}-search-response.json").read_text())["data"]
    row: dict[str, Any] = data[rows][0]
    return row


def test_a_cancellation() -> None:
    assert AfterSaleSeen.read_cancellation(example("cancellation", "cancellations")) == AfterSaleSeen(
        kind=AfterSaleKind.CANCELLATION,
        request_id="4035000000000000002",
        order_id="577000000000000001",
        type="BUYER_CANCEL",
        status="CANCELLATION_REQUEST_PENDING",
        role="BUYER",
        reason="Je n'en ai plus besoin",
        line_ids=("577000000000010002",),
        refund=D("21.40"),
        currency="EUR",
        answer_by=datetime.fromtimestamp(1790170800, UTC),
        created_at=datetime.fromtimestamp(1789998000, UTC),
        update_time=1789998000,
        replenish=True,
    )


def test_a_return() -> None:
    seen = AfterSaleSeen.read_return(example("returns", "return_orders"))
    assert (seen.kind, seen.request_id, seen.type) == (
        AfterSaleKind.RETURN,
        "4035000000000000100",
        "RETURN_AND_REFUND",
    )
    assert (seen.status, seen.reason) == ("RETURN_OR_REFUND_REQUEST_PENDING", "Article abîmé")
    assert (seen.line_ids, seen.refund, seen.replenish) == (("577000000000010001",), D("21.40"), False)
    assert seen.answer_by == datetime.fromtimestamp(1790772800, UTC)


def test_what_may_be_missing() -> None:
    seen = AfterSaleSeen.read_cancellation({"cancel_id": 5, "order_id": 7, "create_time": 100})
    assert (seen.request_id, seen.order_id, seen.line_ids) == ("5", "7", ())
    assert (seen.refund, seen.currency, seen.answer_by, seen.update_time) == (None, "", None, 100)
    assert (seen.type, seen.status, seen.role, seen.reason, seen.replenish) == ("", "", "", "", False)


@pytest.mark.parametrize("missing", ["cancel_id", "order_id"])
def test_without_an_id_it_is_none(missing: str) -> None:
    row = {"cancel_id": "5", "order_id": "7", missing: ""}
    with pytest.raises(ValueError, match=missing):
        AfterSaleSeen.read_cancellation(row)


def test_the_first_deadline_counts_and_the_reason_falls_back_to_its_name() -> None:
    actions = [{"action": "A", "deadline": 300}, {"action": "B"}, {"action": "C", "deadline": "200"}]
    seen = AfterSaleSeen.read_return(
        {"return_id": "1", "order_id": "2", "seller_next_action_response": actions, "return_reason": "damaged"}
    )
    assert seen.answer_by == datetime.fromtimestamp(200, UTC)
    assert seen.reason == "damaged"


@pytest.mark.parametrize("text", [None, "", "abc", "NaN", "-NaN", "sNaN", "Infinity", "1,50"])
def test_what_is_no_amount_is_not_told(text: str | None) -> None:
    row = {"cancel_id": "1", "order_id": "2", "refund_amount": {"refund_total": text, "currency": "EUR"}}
    assert AfterSaleSeen.read_cancellation(row).refund is None


@given(st.decimals(min_value=0, max_value=100_000, places=2), st.booleans())
def test_an_amount_is_read_to_the_cent(amount: Decimal, plain: bool) -> None:
    money = {"refund_total": f"{amount:f}" if plain else f"{amount.normalize():f}", "currency": "EUR"}
    seen = AfterSaleSeen.read_return({"return_id": "1", "order_id": "2", "refund_amount": money})
    assert seen.refund == amount
