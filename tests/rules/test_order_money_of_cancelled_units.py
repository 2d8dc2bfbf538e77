"""What `payment` says once a part of an order was cancelled: a unit that is gone is no discount on the others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from models.settings import OrderSettings
from rules.order_money import Ledger, booking, ledger_of
from rules.tiktok_order import TikTokOrder


def order(payment: dict[str, str]) -> TikTokOrder:
    """A unit of 10.00, and one of 20.00 that was cancelled."""

    def unit(number: int, price: str, status: str) -> dict[str, Any]:
        return {
            "id": str(number),
            "sku_id": f"sku-{number}",
            "original_price": price,
            "sale_price": price,
            "display_status": status,
        }

    return TikTokOrder.read(
        {
            "id": "577000000000000001",
            "status": "AWAITING_SHIPMENT",
            "create_time": 1_790_000_000,
            "line_items": [unit(1, "10.00", "AWAITING_SHIPMENT"), unit(2, "20.00", "CANCELLED")],
            "payment": {"currency": "GBP", **payment},
        }
    )


@pytest.mark.parametrize(
    "payment",
    [
        {"original_total_product_price": "30.00", "sub_total": "30.00", "total_amount": "30.00"},
        {"original_total_product_price": "10.00", "sub_total": "10.00", "total_amount": "10.00"},
        {"original_total_product_price": "30.00", "sub_total": "10.00", "total_amount": "10.00"},
    ],
)
def test_the_unit_that_is_left_keeps_its_price(payment: dict[str, str]) -> None:
    ledger = ledger_of(order(payment))
    assert isinstance(ledger, Ledger)
    booked = booking(ledger, OrderSettings())
    assert booked.units == {"1": Decimal("10.00")}
    assert booked.total == Decimal("10.00")
