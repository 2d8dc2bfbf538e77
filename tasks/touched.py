"""Which products have to be priced and counted again, kept in the database until that has been planned."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from models.catalogue import Product
from models.database import in_parts, upsert
from models.listings import ListingSku, Touched


def touch(session: Session, connection_id: int, ids: Iterable[int], why: str, now: datetime) -> None:
    """Note that prices or quantities of these products follow from something that changed.

    Call it in the transaction that stores the change: a run that dies then loses nothing. Products without a linked
    SKU are left out; their first listing touches them.

    Args:
        session: a writing session.
        connection_id: whose products.
        ids: PrestaShop product ids, listed or not; 0 stands for all of them.
        why: what changed, in a word or two for people.
        now: the time; a reading that began before it does not count as newer.
    """
    wanted = sorted(set(ids))
    linked = (
        select(ListingSku.id_product)
        .where(ListingSku.connection_id == connection_id, col(ListingSku.id_product).is_not(None))
        .distinct()
    )
    if 0 in wanted:
        listed = set(session.exec(linked))
    else:
        listed = {
            id_product
            for part in in_parts(wanted)
            for id_product in session.exec(linked.where(col(ListingSku.id_product).in_(part)))
        }
    rows = [
        {"connection_id": connection_id, "id_product": id_product, "why": why, "since": now, "noticed_at": now}
        for id_product in sorted(one for one in listed if one is not None)
    ]
    # What was noticed first and still waits is what its lag is counted from.
    upsert(session, Touched, rows, only=("why", "since"))


def with_packs(session: Session, connection_id: int, ids: Iterable[int]) -> set[int]:
    """The products and the packs that have one of them inside: what a pack can sell follows from its parts."""
    moved = set(ids)
    packs = session.exec(
        select(Product.id_product, Product.bundle).where(
            Product.connection_id == connection_id, Product.product_type == "pack"
        )
    )
    return moved | {id_product for id_product, bundle in packs if any(part[0] in moved for part in bundle)}
