"""Orders there and back in one go: imported, one shipped, one cancelled on each side, one delivered. Details are slow
tests of their own.
"""

from __future__ import annotations

import pytest

from flows.cancellation_sync import cancellation_sync
from flows.order_import import order_import
from flows.order_status_sync import order_status_sync
from flows.shipment_push import shipment_push
from tests.flows.keeping_step import Listed
from tests.flows.test_order_import import PLAIN, made_for, order_settings, place, shops

pytestmark = pytest.mark.slow

__all__ = ["shops"]

REASON = "seller_cancel_reason_out_of_stock_uk"


def test_there_and_back(shops: Listed) -> None:
    order_settings(shops, cancel_reason=REASON)
    office, book = shops.sandbox.prestashop, shops.sandbox.tiktok.shop.book
    shipped, by_employee, by_buyer, delivered = place(shops, 4, mix=PLAIN)
    order_import("sandbox")
    made = {key: row["id"] for key, (row,) in made_for(shops).items()}
    book.ship(delivered, tracking_number="EV00000001", provider_id="1", provider_name="Post")
    book.collect(delivered)
    book.deliver(delivered)
    office.cancel_order(made[by_employee.id])
    shops.sandbox.tiktok.shop.aftersales.buyer_requests_cancellation(by_buyer.id)
    office.add_tracking(made[shipped.id], "JD014600001234567890")
    # No carrier is mapped: the parcel waits, and says for what.
    assert [failure.code for failure in shipment_push("sandbox").failures] == ["carrier_not_mapped"]
    for _ in range(2):
        cancellation_sync("sandbox")
        order_status_sync("sandbox")
    assert (by_employee.status, by_buyer.status) == ("CANCELLED", "CANCELLED")
    states = {key: office.order(id_order)["current_state"] for key, id_order in made.items()}
    assert states == {shipped.id: 11, by_employee.id: 6, by_buyer.id: 6, delivered.id: 5}
    again = [flow("sandbox") for flow in (order_import, cancellation_sync, order_status_sync)]
    assert not any(run.counts.get("planned") or run.counts.get("created") for run in again)
