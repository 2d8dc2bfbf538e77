"""What open orders mean for the stock that is offered (K17; tiktok-shop-api.md 3.20, items 38 and 39 of section 8).

TikTok Shop keeps the units of orders that are to be shipped apart from what it offers ("committed"). PrestaShop takes a
unit out of its own stock when the order arrives there. A unit that did both must not be taken off a second time; one
that did only the first must be. Nothing is counted up and down here: both numbers follow from the orders themselves,
so a reservation begins with an order's first sighting, ends with its cancellation or its arrival in PrestaShop, and
cannot be lost or made twice by a run that dies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from models.connections import Connection
from models.database import in_parts
from models.listings import ListingSku
from models.orders import Order, OrderLine, OrderStage
from rules.order_stage import UNSHIPPED
from tasks.order_record import IN_PRESTASHOP

_NOT_YET = tuple(
    stage for stage in OrderStage if stage not in (*IN_PRESTASHOP, OrderStage.IGNORED, OrderStage.CANCELLED)
)
_BY_SELLER = "FULFILLMENT_BY_SELLER"


def known_to_prestashop(
    session: Session, connection_id: int, sku_ids: Iterable[str], *, before: datetime | None = None
) -> dict[str, int]:
    """Units by SKU id that TikTok Shop still keeps as committed and that have left PrestaShop's stock already.

    Args:
        session: for reading; read before the committed units are asked for, so that what moves in between is offered
            too few times rather than too many.
        connection_id: whose.
        sku_ids: TikTok SKU ids.
        before: leave out orders PrestaShop made later: the stock that was read does not show them yet.
    """
    query = (
        select(OrderLine.sku_id, func.count())
        .join(Order, col(Order.id) == OrderLine.order_key)
        .where(
            OrderLine.connection_id == connection_id,
            col(Order.stage).in_(IN_PRESTASHOP),
            Order.fulfillment_type == _BY_SELLER,
            col(OrderLine.status).in_(UNSHIPPED),
        )
        .group_by(OrderLine.sku_id)
    )
    if before is not None:
        query = query.where(col(Order.ordered_at) < before)
    return {
        sku_id: units
        for part in in_parts(sorted(set(sku_ids)))
        for sku_id, units in session.exec(query.where(col(OrderLine.sku_id).in_(part)))
    }


def sold_elsewhere(session: Session, connection_id: int, id_products: Sequence[int]) -> dict[tuple[int, int], int]:
    """Units by variant in orders that other connections to the same PrestaShop have seen and not brought there yet:
    they are sold, and neither PrestaShop nor this connection's TikTok Shop knows of it (K16)."""
    own = session.get_one(Connection, connection_id)
    others = session.exec(
        select(Connection.id).where(Connection.prestashop_url == own.prestashop_url, Connection.id != connection_id)
    ).all()
    if not others:
        return {}
    query = (
        select(ListingSku.id_product, ListingSku.id_product_attribute, func.count())
        .join(
            OrderLine,
            (col(OrderLine.connection_id) == ListingSku.connection_id) & (col(OrderLine.sku_id) == ListingSku.sku_id),
        )
        .join(Order, col(Order.id) == OrderLine.order_key)
        .where(
            col(ListingSku.connection_id).in_(others),
            col(Order.stage).in_(_NOT_YET),
            Order.fulfillment_type == _BY_SELLER,
            col(OrderLine.status).in_(UNSHIPPED),
        )
        .group_by(col(ListingSku.id_product), col(ListingSku.id_product_attribute))
    )
    return {
        (id_product, id_product_attribute or 0): units
        for part in in_parts(sorted(set(id_products)))
        for id_product, id_product_attribute, units in session.exec(query.where(col(ListingSku.id_product).in_(part)))
        if id_product is not None
    }
