"""What a person can do about a cancellation: the reasons that are allowed, the requests that wait for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlmodel import col, select

from models.database import database, in_parts
from models.orders import AfterSale, AfterSaleKind
from rules.cancellations import PENDING
from tasks.order_record import tell
from tasks.parked_changes import orders_named
from tasks.report import BatchReport, Failure
from tasks.shops import open_shops, utc_now


@dataclass(frozen=True, slots=True)
class Asked:
    """The requests of some orders that wait for an answer, and a failure for each order that has none."""

    keys: list[int] = field(default_factory=list)
    report: BatchReport = field(default_factory=BatchReport)


def requests_of(connection_id: int, order_ids: Sequence[str]) -> Asked:
    """The buyers' requests of these orders, the most urgent first."""
    with database().read() as session:
        waiting = [
            one
            for part in in_parts(order_ids)
            for one in session.exec(
                select(AfterSale)
                .where(
                    AfterSale.connection_id == connection_id,
                    AfterSale.kind == AfterSaleKind.CANCELLATION,
                    col(AfterSale.order_id).in_(part),
                    AfterSale.status == PENDING,
                    AfterSale.answer == "",
                )
                .order_by(col(AfterSale.answer_by), col(AfterSale.id))
            )
        ]
    asked = Asked([one.key for one in waiting])
    for order_id in sorted(set(order_ids).difference(one.order_id for one in waiting)):
        asked.report.failed(
            Failure(
                object=f"order {order_id}",
                code="nothing_to_answer",
                cause="No request of its buyer waits for an answer.",
                fix=f"See what became of it: connector orders show {order_id}",
            ),
            count="not asked for",
        )
    return asked


def mark_done(connection_id: int, keys: Sequence[str], *, by: str) -> None:
    """Note that a person did in PrestaShop what only a person can; it waits again when more of the order is concerned.

    Args:
        connection_id: whose.
        keys: "cancellation:403", "return:9".
        by: who says so.
    """
    now = utc_now()
    with database().write() as session:
        for key in keys:
            kind, _, request_id = key.partition(":")
            request = session.exec(
                select(AfterSale).where(
                    AfterSale.connection_id == connection_id,
                    AfterSale.kind == AfterSaleKind(kind),
                    AfterSale.request_id == request_id,
                )
            ).one()
            what = request.parked_code.replace("_", " ")
            request.applied_at = now
            request.parked_code = request.parked_cause = request.parked_fix = ""
            request.parked_at = None
            for order in orders_named(session, connection_id, [request.order_id]).values():
                tell(
                    session, order.key, f"{kind.capitalize()} {request_id}, {what}: done in PrestaShop, says {by}", now
                )


def cancel_reasons(connection_id: int, order_ids: Sequence[str]) -> dict[str, list[str]]:
    """Names of the reasons that each order may be cancelled for now; none where it can no longer be cancelled.

    Raises:
        ShopError: TikTok Shop does not tell.
    """
    shops = open_shops(connection_id)
    return {order_id: shops.tiktok.cancel_reasons(order_id) for order_id in order_ids}
