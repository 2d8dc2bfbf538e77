"""Until when an order has to be shipped, and who is told (K11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from rules.deadlines import deadline_line, endangered, ship_by, time_left
from tests.rules.order_examples import NOW, SECONDS, order

DEADLINES: dict[str, Any] = {
    "rts_sla_time": SECONDS + 7200,
    "shipping_due_time": SECONDS + 9000,
    "cancel_order_sla_time": SECONDS + 3600,
    # Not about shipping
    "collection_due_time": SECONDS + 60,
}


@dataclass(frozen=True)
class Row:
    order_id: str
    ship_by: datetime | None
    status: str = "AWAITING_SHIPMENT"


def test_the_earliest_deadline_counts() -> None:
    assert ship_by(order(**DEADLINES)) == NOW + timedelta(hours=1)
    assert ship_by(order(rts_sla_time=DEADLINES["rts_sla_time"])) == NOW + timedelta(hours=2)
    assert ship_by(order()) is None


@pytest.mark.parametrize(
    ("status", "has_one"),
    [
        ("UNPAID", False),
        ("ON_HOLD", True),
        ("AWAITING_SHIPMENT", True),
        ("PARTIALLY_SHIPPING", True),
        ("AWAITING_COLLECTION", False),
        ("IN_TRANSIT", False),
        ("CANCELLED", False),
    ],
)
def test_only_what_is_still_to_be_shipped_has_a_deadline(status: str, has_one: bool) -> None:
    assert (ship_by(order(status=status, **DEADLINES)) is not None) is has_one


def test_what_tiktok_ships_has_no_deadline_of_ours() -> None:
    assert ship_by(order(fulfillment_type="FULFILLMENT_BY_TIKTOK", **DEADLINES)) is None


def test_endangered_orders_the_most_urgent_first() -> None:
    rows = [
        Row("far", NOW + timedelta(hours=12, seconds=1)),
        Row("near", NOW + timedelta(hours=12)),
        Row("none", None),
        Row("overdue", NOW - timedelta(hours=1)),
        Row("held", NOW, "ON_HOLD"),
        Row("also near", NOW + timedelta(hours=12)),
        Row("shipped", NOW, "AWAITING_COLLECTION"),
    ]
    assert [row.order_id for row in endangered(rows, NOW, 12)] == ["overdue", "also near", "near"]


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=2, hours=3, minutes=5), "2 d 3 h left"),
        (timedelta(days=1), "1 d left"),
        (timedelta(hours=5, minutes=20), "5 h 20 min left"),
        (timedelta(hours=5), "5 h left"),
        (timedelta(seconds=59), "0 min left"),
        (timedelta(0), "0 min left"),
        (timedelta(hours=-1, minutes=-10), "overdue for 1 h 10 min"),
    ],
)
def test_the_time_left_in_words(span: timedelta, words: str) -> None:
    assert time_left(NOW + span, NOW) == words


def test_a_line_about_an_order() -> None:
    line = deadline_line(Row("577", NOW + timedelta(hours=5)), NOW)
    assert line == "577: ship by 2026-11-20 14:30 UTC, 5 h left"
    assert deadline_line(Row("577", None), NOW) == ""
