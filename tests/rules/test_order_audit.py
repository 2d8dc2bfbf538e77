"""What an audit says about an order: the worst that is wrong with it, once, whatever the three sides hold."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.orders import OrderStage
from rules.order_audit import (
    FINE,
    Audited,
    InPrestaShop,
    Known,
    OnTikTok,
    States,
    Verdict,
    audit,
    days,
    named_in,
)
from rules.tiktok_order import STATUSES

START = datetime(2026, 11, 19, tzinfo=UTC)
END = START + timedelta(days=2)
NOON = START + timedelta(hours=12)
PAID, CANCELLED, REFUNDED = 11, 6, 7
STATES = States(CANCELLED, frozenset({CANCELLED, REFUNDED}))
ID = "577000000000000001"


def on_tiktok(**changes: Any) -> OnTikTok:
    given: dict[str, Any] = {"order_id": ID, "created_at": NOON, "status": "AWAITING_SHIPMENT", "paid": Decimal("25")}
    return OnTikTok(**given | changes)


def known(**changes: Any) -> Known:
    given: dict[str, Any] = {
        "order_id": ID,
        "created_at": NOON,
        "status": "AWAITING_SHIPMENT",
        "stage": OrderStage.IMPORTED,
        "paid": Decimal("25"),
        "expected": Decimal("25"),
        "id_order": 88,
        "id_cart": 70,
    }
    return Known(**given | changes)


def in_prestashop(**changes: Any) -> InPrestaShop:
    given: dict[str, Any] = {
        "id_order": 88,
        "id_cart": 70,
        "created_at": NOON + timedelta(minutes=3),
        "total": Decimal("25.000000"),
        "state": PAID,
        "order_id": ID,
    }
    return InPrestaShop(**given | changes)


def compare(*sides: object) -> list[Audited]:
    return audit(
        [one for one in sides if isinstance(one, OnTikTok)],
        [one for one in sides if isinstance(one, Known)],
        [one for one in sides if isinstance(one, InPrestaShop)],
        start=START,
        end=END,
        states=STATES,
        decimals=2,
    )


def unfinished(stage: OrderStage = OrderStage.READY, **changes: Any) -> Known:
    return known(**{"stage": stage, "id_order": None, "id_cart": None, "expected": None} | changes)


CASES: list[tuple[str, Verdict, list[object]]] = [
    ("the same on all sides", Verdict.MATCHES, [on_tiktok(), known(), in_prestashop()]),
    ("never seen", Verdict.MISSING, [on_tiktok()]),
    ("never seen, cancelled meanwhile", Verdict.MISSING, [on_tiktok(status="CANCELLED")]),
    ("unpaid", Verdict.WAITING, [on_tiktok(status="UNPAID"), unfinished(OrderStage.SEEN, status="UNPAID")]),
    ("on hold", Verdict.WAITING, [on_tiktok(status="ON_HOLD"), unfinished(OrderStage.ON_HOLD, status="ON_HOLD")]),
    (
        "from unpaid to on hold, a moment ago",
        Verdict.WAITING,
        [on_tiktok(status="ON_HOLD"), unfinished(OrderStage.SEEN, status="UNPAID")],
    ),
    (
        "about to be cancelled by the buyer",
        Verdict.WAITING,
        [on_tiktok(), unfinished(OrderStage.SEEN)],
    ),
    ("paid meanwhile, not read", Verdict.BEHIND, [on_tiktok(), unfinished(OrderStage.SEEN, status="UNPAID")]),
    (
        "cancelled meanwhile, not read",
        Verdict.BEHIND,
        [on_tiktok(status="CANCELLED"), unfinished(OrderStage.ON_HOLD, status="ON_HOLD")],
    ),
    ("ready", Verdict.UNFINISHED, [on_tiktok(), unfinished()]),
    (
        "made by a run that died before it could note it",
        Verdict.UNFINISHED,
        [on_tiktok(), unfinished(OrderStage.PRICES, id_cart=70), in_prestashop(order_id="")],
    ),
    ("checked, not finished", Verdict.UNFINISHED, [on_tiktok(), known(stage=OrderStage.VERIFIED), in_prestashop()]),
    ("parked", Verdict.PARKED, [on_tiktok(), unfinished(parked_code="unknown_sku")]),
    ("deleted from the tool", Verdict.LEFT_OUT, [on_tiktok(), unfinished(OrderStage.IGNORED)]),
    (
        "cancelled before it was imported",
        Verdict.LEFT_OUT,
        [on_tiktok(status="CANCELLED"), unfinished(OrderStage.CANCELLED, status="CANCELLED")],
    ),
    (
        "all its units cancelled",
        Verdict.LEFT_OUT,
        [on_tiktok(), unfinished(OrderStage.CANCELLED)],
    ),
    ("two of one cart", Verdict.DOUBLE, [on_tiktok(), known(), in_prestashop(), in_prestashop(id_order=89)]),
    (
        "two of one note",
        Verdict.DOUBLE,
        [on_tiktok(), known(), in_prestashop(), in_prestashop(id_order=89, id_cart=71)],
    ),
    ("two, and neither is known", Verdict.DOUBLE, [on_tiktok(), in_prestashop(), in_prestashop(id_order=89)]),
    (
        "two of an order of another week",
        Verdict.DOUBLE,
        [known(created_at=START - timedelta(days=7)), in_prestashop(), in_prestashop(id_order=89)],
    ),
    (
        "one wrong try that was cancelled is not a double",
        Verdict.MATCHES,
        [on_tiktok(), known(), in_prestashop(), in_prestashop(id_order=87, id_cart=69, state=CANCELLED)],
    ),
    ("gone in PrestaShop", Verdict.DELETED, [on_tiktok(), known()]),
    ("imported as nothing", Verdict.DELETED, [on_tiktok(), known(id_order=None)]),
    ("in PrestaShop, forgotten here", Verdict.UNLINKED, [on_tiktok(), in_prestashop()]),
    ("in PrestaShop, not linked here", Verdict.UNLINKED, [on_tiktok(), unfinished(), in_prestashop()]),
    ("forgotten here and cancelled", Verdict.UNLINKED, [on_tiktok(), in_prestashop(state=CANCELLED)]),
    ("a note of long ago, cancelled", Verdict.SET_ASIDE, [in_prestashop(state=CANCELLED)]),
    (
        "cancelled on TikTok Shop only",
        Verdict.CANCELLED_ON_TIKTOK,
        [on_tiktok(status="CANCELLED"), known(), in_prestashop()],
    ),
    (
        "cancelled in PrestaShop only",
        Verdict.CANCELLED_IN_PRESTASHOP,
        [on_tiktok(), known(), in_prestashop(state=CANCELLED)],
    ),
    (
        "cancelled on both sides, whatever the total",
        Verdict.MATCHES,
        [on_tiktok(status="CANCELLED", paid=Decimal(0)), known(), in_prestashop(state=REFUNDED)],
    ),
    (
        "refunded after a return",
        Verdict.MATCHES,
        [on_tiktok(status="COMPLETED"), known(), in_prestashop(state=REFUNDED)],
    ),
    ("a cent apart", Verdict.TOTAL_DIFFERS, [on_tiktok(), known(), in_prestashop(total=Decimal("25.01"))]),
    ("less than a cent apart", Verdict.MATCHES, [on_tiktok(), known(), in_prestashop(total=Decimal("25.004"))]),
    (
        "more than paid, as it was decided",
        Verdict.MATCHES,
        [on_tiktok(), known(expected=Decimal(30)), in_prestashop(total=Decimal(30))],
    ),
    (
        "not what was decided",
        Verdict.TOTAL_DIFFERS,
        [on_tiktok(), known(expected=Decimal(30)), in_prestashop()],
    ),
    ("imported before ledgers", Verdict.MATCHES, [on_tiktok(), known(expected=None), in_prestashop()]),
    ("paid changed", Verdict.PAID_CHANGED, [on_tiktok(paid=Decimal(12)), known(), in_prestashop()]),
    ("gone on TikTok Shop", Verdict.NOT_ON_TIKTOK, [known(), in_prestashop()]),
    (
        "placed on another day",
        Verdict.MATCHES,
        [known(created_at=START - timedelta(days=1)), in_prestashop()],
    ),
    ("somebody else's", Verdict.STRANGER, [in_prestashop(order_id="")]),
    ("somebody else's, cancelled", Verdict.SET_ASIDE, [in_prestashop(order_id="", state=CANCELLED)]),
]


@pytest.mark.parametrize(("verdict", "sides"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_verdict(verdict: Verdict, sides: list[object]) -> None:
    (one,) = compare(*sides)
    assert one.verdict is verdict
    assert one.is_fine == (verdict in FINE)
    assert bool(one.cause) != one.is_fine
    assert verdict is Verdict.PARKED or bool(one.fix) != one.is_fine


def test_a_parked_order_keeps_its_own_cause() -> None:
    row = unfinished(parked_code="unknown_sku", parked_cause="SKU MUG-1 is unknown.", parked_fix="Link it.")
    (one,) = compare(on_tiktok(), row)
    assert (one.code, one.cause, one.fix) == ("unknown_sku", "SKU MUG-1 is unknown.", "Link it.")


def test_an_order_belongs_to_whom_its_row_names_not_to_whom_its_note_does() -> None:
    other = "577000000000000002"
    found = compare(
        on_tiktok(),
        on_tiktok(order_id=other),
        known(),
        known(order_id=other, id_order=89, id_cart=71),
        in_prestashop(order_id=other),
        in_prestashop(id_order=89, id_cart=71, order_id=ID),
    )
    assert [(one.order_id, one.id_orders, one.verdict) for one in found] == [
        (ID, (88,), Verdict.MATCHES),
        (other, (89,), Verdict.MATCHES),
    ]


@pytest.mark.parametrize(
    ("note", "reference", "order_id"),
    [
        (f"TikTok Shop order {ID} (GB)\nReplacement of order 577000000000000009", "KQZWXTRPA", ID),
        (f"hand-written\nTikTok Shop order {ID} (GB)", "", ID),
        ("", ID, ID),
        ("", "123456789", ""),
        ("Replacement of order 577000000000000009", "KQZWXTRPA", ""),
    ],
)
def test_the_id_a_prestashop_order_carries(note: str, reference: str, order_id: str) -> None:
    assert named_in(note, reference) == order_id


def test_days_are_the_shop_s_own_and_both_sides_stand_on_the_day_the_order_was_placed() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    late = datetime(2026, 11, 19, 16, tzinfo=UTC)
    found = compare(
        on_tiktok(created_at=late),
        known(created_at=late),
        in_prestashop(created_at=late + timedelta(days=1)),
        on_tiktok(order_id="2", status="UNPAID", paid=Decimal(9)),
        unfinished(OrderStage.SEEN, order_id="2", status="UNPAID"),
        on_tiktok(order_id="3", paid=Decimal(7)),
    )
    first, second, third = days(found, tokyo, [date(2026, 11, day) for day in (19, 20, 21)])
    assert (first.day, second.day, third.day) == tuple(date(2026, 11, day) for day in (19, 20, 21))
    assert (first.tiktok_orders, first.tiktok_unpaid, first.tiktok_paid) == (2, 1, Decimal(7))
    assert first.number(Verdict.MISSING) == 1
    assert first.prestashop_orders == 0
    assert (second.tiktok_paid, second.prestashop_total, second.expected) == (Decimal(25),) * 3
    assert third.as_record(2) | {"day": ""} == {**third.as_record(2), "day": ""}
    assert second.as_record(2)["total"] == "25.00"


IDS = st.sampled_from([f"57700000000000000{number}" for number in range(6)])
MOMENTS = st.integers(-48, 96).map(lambda hours: START + timedelta(hours=hours))
AMOUNTS = st.sampled_from([Decimal(0), Decimal(5), Decimal(25)])
SMALL = st.integers(1, 6)
EMPTY_OR_SMALL = st.none() | SMALL

TIKTOK_SIDE = st.lists(
    st.builds(
        OnTikTok,
        IDS,
        st.integers(0, 47).map(lambda hours: START + timedelta(hours=hours)),
        st.sampled_from(STATUSES),
        AMOUNTS,
    ),
    unique_by=lambda order: order.order_id,
)
ROWS = st.lists(
    st.builds(
        Known,
        IDS,
        MOMENTS,
        st.sampled_from(STATUSES),
        st.sampled_from(OrderStage),
        AMOUNTS,
        st.none() | AMOUNTS,
        EMPTY_OR_SMALL,
        EMPTY_OR_SMALL,
        st.sampled_from(["", "unknown_sku"]),
    ),
    unique_by=(lambda row: row.order_id, lambda row: row.id_order or object(), lambda row: row.id_cart or object()),
)
PRESTASHOP_SIDE = st.lists(
    st.builds(
        InPrestaShop,
        SMALL,
        SMALL,
        MOMENTS,
        AMOUNTS,
        st.sampled_from([PAID, CANCELLED, REFUNDED]),
        st.just("") | IDS,
    ),
    unique_by=lambda order: order.id_order,
)


@given(shown=TIKTOK_SIDE, rows=ROWS, orders=PRESTASHOP_SIDE)
def test_every_order_of_every_side_lands_in_exactly_one_place(
    shown: list[OnTikTok], rows: list[Known], orders: list[InPrestaShop]
) -> None:
    found = compare(*shown, *rows, *orders)
    ids = Counter(one.order_id for one in found if one.order_id)
    assert max(ids.values(), default=1) == 1
    assert {one.order_id for one in shown} | {row.order_id for row in rows} <= ids.keys()
    id_orders = Counter(id_order for one in found for id_order in one.id_orders)
    assert id_orders == Counter(order.id_order for order in orders)
    assert all(one.order_id or len(one.id_orders) == 1 for one in found)
    for one in found:
        assert one.is_fine or one.cause
        # What would be imported anew is never something PrestaShop has already.
        if one.verdict is Verdict.MISSING:
            assert not one.id_orders
    assert compare(*reversed(shown), *reversed(rows), *reversed(orders)) == found
    figures = days(found, UTC)
    assert sum(day.tiktok_orders for day in figures) == len(shown)
    assert sum(day.prestashop_orders for day in figures) == sum(order.state == PAID for order in orders)
    assert sum((day.prestashop_total for day in figures), Decimal(0)) == sum(
        (order.total for order in orders if order.state == PAID), Decimal(0)
    )
