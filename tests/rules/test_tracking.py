"""When an order counts as shipped, with which numbers, by which call (C8, C9)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.settings import OrderSettings
from rules.market import UnknownRegion
from rules.tracking import ShipCall, clean_number, ship_call, shipment_trigger, tracking_numbers
from tests.rules.order_examples import codes, finding_codes


@pytest.mark.parametrize(
    ("tracking", "triggered"), [([], False), (["", "  "], False), (["1Z999"], True), (["", "1Z999"], True)]
)
def test_a_tracking_number_triggers(tracking: list[str], triggered: bool) -> None:
    # The state has no say in it.
    decision = shipment_trigger(OrderSettings(shipped_states=[4]), state=4, tracking=tracking)
    assert decision.value is triggered
    assert codes(decision) == ["has_tracking" if triggered else "no_tracking"]


@pytest.mark.parametrize(
    ("state", "passed", "triggered"), [(3, [2, 3], False), (4, [], True), (5, [3, 4], True), (20, [], True)]
)
def test_a_state_triggers(state: int, passed: list[int], triggered: bool) -> None:
    settings = OrderSettings(shipped_states=[4, 20], shipped_trigger="order_state")
    assert shipment_trigger(settings, state=state, tracking=["1Z999"], passed=passed).value is triggered


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1Z 999 AA1", "1Z999AA1"),
        (" AB-12_3./x ", "AB-12_3./x"),
        ("1234", "1234"),
        ("1" * 50, "1" * 50),
        ("RR\u00a0123", "RR123"),
    ],
)
def test_numbers_that_tiktok_takes(text: str, number: str) -> None:
    assert clean_number(text) == number


@pytest.mark.parametrize("text", ["123", "1" * 51, "AB#123", "ÄB123", "number: 123", "１２３４"])
def test_numbers_that_it_does_not_take(text: str) -> None:
    numbers, findings = tracking_numbers(text)
    assert numbers == ()
    assert finding_codes(findings) == ["tracking_invalid"]
    assert f"“{text}”" in findings[0].text


@pytest.mark.parametrize(
    ("field", "numbers"),
    [
        ("", ()),
        (" , ;\n", ()),
        ("AAAA1,BBBB2", ("AAAA1", "BBBB2")),
        ("AAAA1; BBBB2\r\nCCCC3", ("AAAA1", "BBBB2", "CCCC3")),
        ("AAAA1, aaaa1", ("AAAA1",)),
    ],
)
def test_several_numbers_in_one_field(field: str, numbers: tuple[str, ...]) -> None:
    assert tracking_numbers(field) == (numbers, ())


def test_a_wrong_number_does_not_hide_the_others() -> None:
    numbers, findings = tracking_numbers("AAAA1, ?, BBBB2")
    assert numbers == ("AAAA1", "BBBB2")
    assert finding_codes(findings) == ["tracking_invalid"]


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    numbers, _ = tracking_numbers(text)
    assert tracking_numbers(",".join(numbers)) == (numbers, ())


@pytest.mark.parametrize(
    ("region", "call"),
    [
        ("US", ShipCall.MARK_SHIPPED),
        ("GB", ShipCall.MARK_SHIPPED),
        ("DE", ShipCall.MARK_SHIPPED),
        ("JP", ShipCall.MARK_SHIPPED),
        # Newer markets, taken to follow the EU's rules
        ("PL", ShipCall.MARK_SHIPPED),
        ("HU", ShipCall.MARK_SHIPPED),
        ("BR", ShipCall.SHIP_PACKAGE),
        ("MX", ShipCall.SHIP_PACKAGE),
        ("TH", ShipCall.SHIP_PACKAGE),
        ("SG", ShipCall.SHIP_PACKAGE),
    ],
)
def test_the_call_of_each_market(region: str, call: ShipCall) -> None:
    assert ship_call(region, "SELLER", "FULFILLMENT_BY_SELLER").value is call


@pytest.mark.parametrize(
    ("shipping", "fulfillment", "code"),
    [
        ("TIKTOK", "FULFILLMENT_BY_SELLER", "shipped_by_tiktok"),
        ("SELLER", "FULFILLMENT_BY_TIKTOK", "fulfilled_by_tiktok"),
        ("TIKTOK_DIGITAL", "", "not_shipped_by_seller"),
        ("", "", "not_shipped_by_seller"),
    ],
)
def test_orders_that_the_seller_sends_no_number_for(shipping: str, fulfillment: str, code: str) -> None:
    decision = ship_call("GB", shipping, fulfillment)
    assert (decision.value, codes(decision)) == (ShipCall.NOTHING, [code])


def test_an_unknown_market() -> None:
    with pytest.raises(UnknownRegion):
        ship_call("ZZ", "SELLER", "FULFILLMENT_BY_SELLER")
