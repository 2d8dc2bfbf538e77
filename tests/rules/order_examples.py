"""Orders of TikTok Shop for the tests of rules about an order's life."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rules.decision import Decision, Finding
from rules.tiktok_order import AWAITING_SHIPMENT, TikTokOrder, Unit

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ORDER_ID = "577123456789012345"


def unit(number: int, **fields: Any) -> Unit:
    """A unit of a SKU of its own price 9.99, id "u1" and so on."""
    row = {"id": f"u{number}", "sku_id": "s1", "original_price": "9.99", "sale_price": "9.99"}
    return Unit.read({**row, **fields})


def order(units: int | Sequence[Unit] = 1, status: str = AWAITING_SHIPMENT, **fields: Any) -> TikTokOrder:
    """An order that the seller ships, placed an hour ago; `fields` are the platform's."""
    row = {
        "id": ORDER_ID,
        "status": status,
        "create_time": SECONDS - 3600,
        "fulfillment_type": "FULFILLMENT_BY_SELLER",
        "shipping_type": "SELLER",
        **fields,
    }
    given = tuple(unit(number) for number in range(1, units + 1)) if isinstance(units, int) else tuple(units)
    return replace(TikTokOrder.read(row), units=given)


def codes(decision: Decision[Any]) -> list[str]:
    """The codes of a decision's reasons."""
    return [reason.code for reason in decision.reasons]


def finding_codes(findings: Iterable[Finding]) -> list[str]:
    """The codes of findings."""
    return [finding.code for finding in findings]
