"""What becomes of orders in PrestaShop: statuses and tracking numbers read back, stock of what was sold noticed.

Changed orders are found by `date_upd`; a tracking number entered alone does not move it (prestashop-webservice.md
5.3), so the carriers of orders that are still to be shipped are read each time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import Session, col, select

from clients.prestashop.filters import Filters, any_of, greater
from clients.prestashop.records import Record
from models.catalogue import ShopRecord
from models.connections import Watermark
from models.database import database, in_parts
from models.orders import Order, OrderStage
from rules.tiktok_order import AWAITING_COLLECTION, AWAITING_SHIPMENT, IN_TRANSIT, PARTIALLY_SHIPPING
from tasks.order_record import tell
from tasks.report import BatchReport
from tasks.retrying import on_retryable
from tasks.shops import open_shops, utc_now
from tasks.stock import read_stock_of
from tasks.sweeps import set_watermark_now

_CHANGED: Final = "prestashop_orders"
_OVERLAP: Final = timedelta(minutes=5)
_FIRST: Final = timedelta(days=1)
# Whose tracking number may still be entered or corrected (tiktok-shop-api.md 5.4).
_WATCHED: Final = (AWAITING_SHIPMENT, PARTIALLY_SHIPPING, AWAITING_COLLECTION, IN_TRANSIT)
_WATCHED_DAYS: Final = 30
_ORDERS_A_PAGE: Final = 100


@task(name="read changed PrestaShop orders", cache_policy=NO_CACHE, **on_retryable)
def read_changed_orders(connection_id: int) -> BatchReport:
    """Statuses of our orders, and what any order moved: its products' stock is read again (5.2, touched tier).

    Raises:
        AccessDenied: the webservice key has no right to orders.
    """
    shops = open_shops(connection_id)
    report = BatchReport()
    now = utc_now()
    with database().read() as session:
        mark = session.get(Watermark, (connection_id, _CHANGED))
    newest = datetime.fromisoformat(mark.value) if mark else now - _FIRST
    for page in shops.prestashop.pages(
        "orders", display="full", filters=Filters(date_upd=greater(newest - _OVERLAP)), size=_ORDERS_A_PAGE
    ):
        newest = max([newest, *(row["date_upd"] for row in page if row["date_upd"])])
        with database().write() as session:
            known = _ours(session, connection_id, [row["id"] for row in page])
            unseen = [
                row for row in page if row["id"] not in known or known[row["id"]].prestashop_at != row["date_upd"]
            ]
            for row in unseen:
                if row["id"] in known:
                    keep_state(session, known[row["id"]], row, now)
        products = {
            int(line["product_id"]) for row in unseen for line in row.get("associations", {}).get("order_rows", ())
        }
        report = BatchReport.total([report, read_stock_of(shops, products)])
        report.count("PrestaShop orders read", len(unseen))
    # Pages come by id: only after the last one is everything up to the newest change known. What changed while they
    # were read may be missing.
    set_watermark_now(connection_id, _CHANGED, min(newest, now).isoformat())
    return report


def keep_state(session: Session, order: Order, row: Record, now: datetime) -> None:
    """Store the status of an order as PrestaShop has it."""
    if order.prestashop_state != row["current_state"]:
        name = state_name(session, order.connection_id, row["current_state"])
        tell(session, order.key, f"PrestaShop status: {name}", now)
    order.prestashop_state = row["current_state"]
    order.prestashop_total = row["total_paid"]
    order.prestashop_at = row["date_upd"]
    order.reference = row["reference"]
    session.add(order)


@task(name="read tracking numbers", cache_policy=NO_CACHE, **on_retryable)
def read_parcels(connection_id: int, order_keys: Sequence[int] | None = None) -> BatchReport:
    """Carrier and tracking numbers of orders that are still to be shipped, or of the given ones (I10)."""
    shops = open_shops(connection_id)
    report = BatchReport()
    with database().read() as session:
        wanted = _watched(session, connection_id, order_keys)
        carriers = _carriers(session, connection_id)
    for part in in_parts(sorted(wanted), 400):
        rows: dict[int, list[Record]] = defaultdict(list)
        for row in shops.prestashop.rows(
            "order_carriers",
            display=("id", "id_order", "id_carrier", "tracking_number"),
            filters=Filters(id_order=any_of(part)),
        ):
            rows[row["id_order"]].append(row)
        with database().write() as session:
            for order in _ours(session, connection_id, list(part)).values():
                parcels = parcels_of(rows.get(order.id_order or 0, ()), {"carriers": carriers})
                if parcels != order.parcels:
                    if [one["tracking"] for one in parcels] != [one["tracking"] for one in order.parcels]:
                        tell(session, order.key, "Tracking number in PrestaShop", utc_now())
                        report.count("tracking numbers")
                    order.parcels = parcels
                    session.add(order)
    return report


def parcels_of(
    carriers: Iterable[Mapping[str, Any]], records: Mapping[str, Mapping[int, Mapping[str, Any]]]
) -> list[dict[str, Any]]:
    """The rows of order_carriers as they are stored: `carrier` is the id_reference, which edits do not change (2.8)."""
    known = records.get("carriers", {})
    return [
        {
            "id": row["id"],
            "carrier": int(known.get(row["id_carrier"], {}).get("id_reference") or row["id_carrier"]),
            "tracking": str(row.get("tracking_number") or "").strip(),
        }
        for row in sorted(carriers, key=lambda row: int(row["id"]))
    ]


def state_name(session: Session, connection_id: int, state: int) -> str:
    """What a PrestaShop status is called, in the shop's first language."""
    record = session.get(ShopRecord, (connection_id, "order_states", state))
    names = record.data.get("name") if record is not None else None
    if isinstance(names, Mapping) and names:
        return str(next(iter(names.values())))
    return str(names or state)


def _ours(session: Session, connection_id: int, ids: Sequence[int]) -> dict[int, Order]:
    return {
        order.id_order or 0: order
        for part in in_parts(ids)
        for order in session.exec(
            select(Order).where(Order.connection_id == connection_id, col(Order.id_order).in_(part))
        )
    }


def _watched(session: Session, connection_id: int, order_keys: Sequence[int] | None) -> list[int]:
    query = select(Order.id_order).where(Order.connection_id == connection_id, col(Order.id_order).is_not(None))
    if order_keys is None:
        query = query.where(
            Order.stage == OrderStage.IMPORTED,
            col(Order.status).in_(_WATCHED),
            Order.created_at >= utc_now() - timedelta(days=_WATCHED_DAYS),
        )
        return [one for one in session.exec(query) if one is not None]
    return [
        one
        for part in in_parts(order_keys)
        for one in session.exec(query.where(col(Order.id).in_(part)))
        if one is not None
    ]


def _carriers(session: Session, connection_id: int) -> dict[int, Mapping[str, Any]]:
    return {
        row.id: row.data
        for row in session.exec(
            select(ShopRecord).where(ShopRecord.connection_id == connection_id, ShopRecord.resource == "carriers")
        )
    }
