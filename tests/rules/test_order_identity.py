"""By what an order is known in PrestaShop: its reference (C6) and its note."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.market import market
from rules.order_identity import order_note, reference_for
from tests.rules.order_examples import ORDER_ID, codes, order, unit


@pytest.mark.parametrize(
    ("version", "reference"),
    [("9.0.3", ORDER_ID), ("10.1", ORDER_ID), ("8.2.1", None), ("1.7.8.11", None), ("", None), ("nightly", None)],
)
def test_the_id_is_the_reference_where_it_fits(version: str, reference: str | None) -> None:
    decision = reference_for(ORDER_ID, version, enabled=True)
    assert decision.value == reference
    assert codes(decision) == ["tiktok_reference" if reference else "reference_too_long"]


def test_a_short_id_fits_everywhere() -> None:
    assert reference_for("123456789", "8.2.1", enabled=True).value == "123456789"


def test_switched_off() -> None:
    assert codes(reference_for(ORDER_ID, "9.0.3", enabled=False)) == ["own_reference"]


@given(st.text("0123456789", max_size=300), st.sampled_from(["1.7.8", "8.1.0", "9.0.0"]))
def test_an_id_is_never_cut(order_id: str, version: str) -> None:
    assert reference_for(order_id, version, enabled=True).value in (order_id, None)


def lines(region: str = "GB", **fields: Any) -> list[str]:
    return order_note(order(**fields), market(region)).split("\n")


def test_the_note_of_an_ordinary_order() -> None:
    assert lines() == [f"TikTok Shop order {ORDER_ID} (GB)"]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"is_sample_order": True}, "Sample order"),
        ({"is_replacement_order": True, "replaced_order_id": "576"}, "Replacement of order 576"),
        ({"is_exchange_order": True}, "Exchange"),
        ({"fulfillment_type": "FULFILLMENT_BY_TIKTOK"}, "Fulfilled by TikTok: not to be shipped"),
        ({"is_cod": True}, "Cash on delivery, collected for TikTok Shop"),
        ({"units": [unit(1), unit(2, is_gift=True)]}, "Gifts among the units: 1"),
        ({"buyer_message": "Ring\ntwice <script>x</script> &lt;b&gt;"}, "Buyer: Ring twice x"),
    ],
)
def test_what_is_unusual_is_noted(fields: dict[str, Any], line: str) -> None:
    assert lines(**fields)[1:] == [line]


def test_an_empty_message_is_not_noted() -> None:
    assert len(lines(buyer_message=" <br> ")) == 1


def test_a_long_message_is_shortened() -> None:
    assert len(lines(buyer_message="word " * 1000)[1]) <= 1010


PAYMENT = {
    "currency": "GBP",
    "platform_discount": "1.5",
    "shipping_fee_platform_discount": "2",
    "shipping_fee_cofunded_discount": "0.5",
    "tax": "3.3",
}


def test_what_tiktok_funded() -> None:
    assert lines(payment=PAYMENT)[1:] == [
        "Funded by TikTok: 3.50 GBP (1.50 on the goods, 2.00 on shipping)",
        "Shipping discount funded together: 0.50 GBP",
    ]


def test_tax_is_noted_where_it_comes_on_top() -> None:
    assert lines("US", payment={"tax": "3.3", "currency": "USD"})[1:] == ["Tax that TikTok collects and pays: 3.30 USD"]
    assert lines("JP", payment={"platform_discount": "150", "currency": "JPY"})[1:] == [
        "Funded by TikTok: 150 JPY (150 on the goods)"
    ]


@given(st.text(max_size=200))
def test_a_note_never_carries_markup(message: str) -> None:
    note = order_note(order(buyer_message=message), market("GB"))
    assert len(note.split("\n")) <= 2
    assert "<script" not in note.lower()
