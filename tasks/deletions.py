"""Products that are gone in PrestaShop: their listings are sold out at once, and deleted where that is wanted (B1).

Selling nothing comes first, because a deletion can be refused; it is an ordinary stock change of `tasks.offers`.
"""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import func
from sqlmodel import Session, col, select

from models.catalogue import Product
from models.database import database
from models.listings import Change, ChangeKind, ChangeState, Listing, ListingSku
from rules.offers import deletions_need_consent
from tasks.listing_action_sending import send_actions
from tasks.listing_actions import plan_actions
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import open_shops


def _gone(session: Session, connection_id: int, *, still_sold: bool) -> list[int]:
    mirrored = select(Product.id_product).where(Product.connection_id == connection_id)
    query = (
        select(ListingSku.id_product)
        .join(Listing, col(Listing.id) == ListingSku.listing_id)
        .where(
            ListingSku.connection_id == connection_id,
            col(ListingSku.id_product).is_not(None),
            col(ListingSku.id_product).not_in(mirrored),
            col(Listing.status).not_in(["DELETED", "FREEZE"]),
        )
        .distinct()
    )
    if still_sold:
        query = query.where(col(ListingSku.offered).is_(None) | (col(ListingSku.offered) != 0))
    return sorted(one for one in session.exec(query) if one is not None)


def _decided(session: Session, connection_id: int) -> set[int]:
    """Products whose listing's deletion was planned before and has not come to its end."""
    ids = session.exec(
        select(Change.id_product).where(
            Change.connection_id == connection_id,
            Change.kind == ChangeKind.DELETE,
            col(Change.state).in_([ChangeState.PLANNED, ChangeState.SENT, ChangeState.PARKED]),
        )
    )
    return {one for one in ids if one is not None}


@task(name="look for deletions", cache_policy=NO_CACHE, **on_retryable)
def held_back(run: Run, *, allow_deletions: bool) -> tuple[list[int], BatchReport]:
    """The gone products that wait for a person, because there are too many of them to be true.

    Nothing of them is sold out or deleted until a run is allowed to, or PrestaShop shows them again.
    """
    report = BatchReport()
    products = open_shops(run.connection_id).settings.products
    share = products.deletion_guard_percent
    with database().read() as session:
        gone = _gone(session, run.connection_id, still_sold=True)
        if products.delete_item:
            # Those sold out before would be deleted all the same, unless that was decided in an earlier run.
            decided = _decided(session, run.connection_id)
            left = set(_gone(session, run.connection_id, still_sold=False)) - decided
            gone = sorted(left.union(gone))
        listed = session.exec(
            select(func.count(func.distinct(ListingSku.id_product))).where(
                ListingSku.connection_id == run.connection_id, col(ListingSku.id_product).is_not(None)
            )
        ).one()
    report.count("listed products gone", len(gone))
    if allow_deletions or not deletions_need_consent(len(gone), listed, share_percent=share):
        return [], report
    report.failed(
        Failure(
            object="catalogue",
            code="deletion_guard",
            cause=f"{len(gone)} of {listed} listed products are gone in PrestaShop, more than {share} % at once.",
            fix="Look whether PrestaShop and its webservice key still show the catalogue (B9). If they are meant to "
            "go, run price_stock_sync with allow_deletions=true.",
        )
    )
    return gone, report


@task(name="delete listings of gone products", cache_policy=NO_CACHE, **on_retryable)
def delete_gone(run: Run, held: Sequence[int]) -> BatchReport:
    """Delete the listings of gone products that are sold out by now, if the merchant wants that (B1)."""
    shops = open_shops(run.connection_id)
    if not shops.settings.products.delete_item:
        return BatchReport()
    with database().read() as session:
        gone = set(_gone(session, run.connection_id, still_sold=False)).difference(held)
        if not gone:
            return BatchReport()
        listings = [
            listing.key
            for listing in session.exec(
                select(Listing).where(Listing.connection_id == run.connection_id, col(Listing.id_product).is_not(None))
            )
            if listing.id_product in gone
        ]
    return send_actions.fn(run, plan_actions(run, "delete", listings))
