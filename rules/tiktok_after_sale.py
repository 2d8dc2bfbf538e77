"""A cancellation or a return as TikTok Shop tells it, typed (tiktok-shop-api.md 4.11 and 4.12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from models.orders import AfterSaleKind

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AfterSaleSeen:
    """One row of a search. `answer_by`: until when the seller has to answer; None when nothing is asked of him."""

    kind: AfterSaleKind
    request_id: str
    order_id: str
    type: str
    status: str
    role: str
    reason: str
    line_ids: tuple[str, ...]
    refund: Decimal | None
    currency: str
    answer_by: datetime | None
    created_at: datetime
    update_time: int
    replenish: bool

    @classmethod
    def read_cancellation(cls, row: Json) -> Self:
        """From a row of `cancellations[]`.

        Raises:
            ValueError: no id or no order.
        """
        return cls._read(row, AfterSaleKind.CANCELLATION, "cancel", "cancel_line_items")

    @classmethod
    def read_return(cls, row: Json) -> Self:
        """From a row of `return_orders[]`.

        Raises:
            ValueError: no id or no order.
        """
        return cls._read(row, AfterSaleKind.RETURN, "return", "return_line_items")

    @classmethod
    def _read(cls, row: Json, kind: AfterSaleKind, word: str, lines: str) -> Self:
        for name in (f"{word}_id", "order_id"):
            if not row.get(name):
                raise ValueError(f"the {kind.value} has no {name}")
        money = row.get("refund_amount") or {}
        actions = row.get("seller_next_action_response") or ()
        deadlines = [int(action["deadline"]) for action in actions if action.get("deadline")]
        created = int(row.get("create_time") or 0)
        return cls(
            kind=kind,
            request_id=str(row[f"{word}_id"]),
            order_id=str(row["order_id"]),
            type=str(row.get(f"{word}_type") or ""),
            status=str(row.get(f"{word}_status") or ""),
            role=str(row.get("role") or ""),
            reason=str(row.get(f"{word}_reason_text") or row.get(f"{word}_reason") or ""),
            line_ids=tuple(
                str(line["order_line_item_id"]) for line in row.get(lines) or () if line.get("order_line_item_id")
            ),
            refund=_amount(money.get("refund_total")),
            currency=str(money.get("currency") or ""),
            answer_by=datetime.fromtimestamp(min(deadlines), UTC) if deadlines else None,
            created_at=datetime.fromtimestamp(created, UTC),
            update_time=int(row.get("update_time") or created),
            replenish=bool(row.get("should_replenish_stock")),
        )


def _amount(text: object) -> Decimal | None:
    try:
        amount = Decimal(str(text))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
