"""What becomes of an order: wait, import, leave out; and which units are reserved meanwhile (K17, K20)."""

from __future__ import annotations

from typing import Any

import pytest

from models.settings import OrderSettings
from rules.order_stage import Step, next_step
from tests.rules.order_examples import codes, order, unit

BY_TIKTOK = "FULFILLMENT_BY_TIKTOK"


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ("UNPAID", Step.WAIT),
        ("ON_HOLD", Step.WAIT),
        ("AWAITING_SHIPMENT", Step.IMPORT),
        ("PARTIALLY_SHIPPING", Step.IMPORT),
        ("AWAITING_COLLECTION", Step.LATE),
        ("IN_TRANSIT", Step.LATE),
        ("DELIVERED", Step.LATE),
        ("COMPLETED", Step.LATE),
        ("CANCELLED", Step.CANCELLED),
        ("SOMETHING_NEW", Step.WAIT),
    ],
)
def test_the_step_of_each_status(status: str, step: Step) -> None:
    decision = next_step(order(status=status), OrderSettings())
    assert decision.value is step
    assert decision.reasons


@pytest.mark.parametrize(
    ("status", "setting", "step"),
    [
        ("AWAITING_SHIPMENT", "ignore", Step.IGNORE),
        ("DELIVERED", "ignore", Step.IGNORE),
        ("AWAITING_SHIPMENT", "import", Step.IMPORT),
        ("DELIVERED", "import", Step.LATE),
        # Not ready and cancelled are the same whoever ships: an order that is left out could have been imported.
        ("ON_HOLD", "ignore", Step.WAIT),
        ("CANCELLED", "ignore", Step.CANCELLED),
    ],
)
def test_orders_that_tiktok_fulfils(status: str, setting: Any, step: Step) -> None:
    decision = next_step(order(status=status, fulfillment_type=BY_TIKTOK), OrderSettings(tiktok_fulfilled=setting))
    assert decision.value is step
    assert ("fulfilled_by_tiktok" in codes(decision)) is (step not in (Step.WAIT, Step.CANCELLED))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"is_sample_order": True}, "sample"),
        ({"is_replacement_order": True, "replaced_order_id": "576"}, "replacement"),
        ({"is_exchange_order": True, "exchange_source_order_id": "576"}, "exchange"),
        ({"order_type": "PRE_ORDER"}, "pre_order"),
        ({"is_cod": True}, "cash_on_delivery"),
    ],
)
def test_unusual_orders_are_imported_and_say_what_they_are(fields: dict[str, Any], code: str) -> None:
    decision = next_step(order(**fields), OrderSettings())
    assert decision.value is Step.IMPORT
    assert codes(decision) == [code, "ready"]


def test_a_replacement_names_the_order_it_replaces() -> None:
    decision = next_step(order(is_exchange_order=True, exchange_source_order_id="576"), OrderSettings())
    assert decision.reasons[0].text == "an exchange of order 576; its price, often 0, is taken as it is"


def test_a_gift_is_counted() -> None:
    decision = next_step(order([unit(1), unit(2, is_gift=True)]), OrderSettings())
    assert decision.reasons[0].text == "1 of its 2 units is a gift"


def test_a_pre_order_waits_while_it_is_on_hold() -> None:
    decision = next_step(order(status="ON_HOLD", order_type="PRE_ORDER"), OrderSettings())
    assert (decision.value, codes(decision)) == (Step.WAIT, ["pre_order", "on_hold"])


def test_an_order_without_units_waits() -> None:
    assert codes(next_step(order(0), OrderSettings())) == ["no_units"]


def test_an_order_of_cancelled_units_is_cancelled() -> None:
    units = [unit(1, display_status="CANCELLED"), unit(2, display_status="CANCELLED")]
    assert next_step(order(units), OrderSettings()).value is Step.CANCELLED


@pytest.mark.parametrize(
    ("answers", "status", "step"),
    [
        ("approve", "AWAITING_SHIPMENT", Step.WAIT),
        ("approve_unshipped", "AWAITING_SHIPMENT", Step.WAIT),
        ("ask", "AWAITING_SHIPMENT", Step.IMPORT),
        ("approve_unshipped", "PARTIALLY_SHIPPING", Step.IMPORT),
        ("approve_unshipped", "IN_TRANSIT", Step.LATE),
    ],
)
def test_nothing_is_made_while_a_cancellation_is_about_to_be_granted(answers: Any, status: str, step: Step) -> None:
    wanted = order(status=status, is_buyer_request_cancel=True)
    assert next_step(wanted, OrderSettings(buyer_cancellations=answers)).value is step
