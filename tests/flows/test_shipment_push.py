"""shipment_push end to end: what leaves PrestaShop is told to TikTok Shop once, with the right carrier and number."""

from __future__ import annotations

from models.listings import ChangeState
from tests.flows.orders import SHIP, Trade, codes


def test_a_tracking_number_marks_the_order_as_shipped_once(trade: Trade) -> None:
    order = trade.order(0)
    trade.track(order, "EV 123 456 789")
    result = trade.push()
    assert (order.status, trade.numbers(order), trade.carrier_name(order)) == (
        "AWAITING_COLLECTION",
        ["EV123456789"],
        "Evri",
    )
    assert (result.counts["confirmed"], codes(result)) == (1, [])
    assert [change.state for change in trade.made()] == [ChangeState.CONFIRMED]
    calls = trade.calls(SHIP)
    again = trade.push()
    assert (trade.calls(SHIP), again.counts.get("planned")) == (calls, None)
    assert [change.state for change in trade.made()] == [ChangeState.CONFIRMED]
