"""Which listings an action is about: those of products, of a template, single ones, or all (G6, G7, G10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from models.database import database, in_parts
from models.listings import Assignment, Change, ChangeKind, ChangeState, Listing, ListingSku
from rules.listing_actions import Action
from tasks.report import Failure


@dataclass(frozen=True, slots=True)
class Selection:
    """Which listings a run is about.

    Attributes:
        keys: ids of our rows.
        missing: what was asked for and is no listing, with the reason.
        named: a person named them one by one, so that each that is not possible is a failure of the run.
    """

    keys: Sequence[int]
    missing: Sequence[Failure] = ()
    named: bool = False


def select_listings(
    connection_id: int,
    action: Action,
    *,
    product_ids: Sequence[int] | None = None,
    listing_ids: Sequence[str] | None = None,
    template_id: int | None = None,
) -> Selection:
    """The listings meant; every linked one when nothing is given.

    Args:
        connection_id: whose.
        action: recovering looks at deleted listings, and of one product only at the one deleted last.
        product_ids: PrestaShop ids.
        listing_ids: TikTok ids.
        template_id: those of the products of a category template.
    """
    with database().read() as session:
        if listing_ids is not None:
            return _by_listing_ids(session, connection_id, listing_ids)
        if product_ids is not None:
            return _by_product_ids(session, connection_id, action, sorted(set(product_ids)))
        keys = set(_all_linked(session, connection_id, template_id))
        if action == "recover":
            keys &= set(
                session.exec(
                    select(Listing.id).where(Listing.connection_id == connection_id, Listing.status == "DELETED")
                )
            )
            deleted = _deleted_listings(session, connection_id)
            wanted = _products_of(session, connection_id, template_id)
            listed = _linked_products(session, connection_id)
            keys.update(
                key
                for id_product, key in deleted.items()
                if id_product not in listed and (wanted is None or id_product in wanted)
            )
        return Selection(sorted(keys))


def _by_listing_ids(session: Session, connection_id: int, listing_ids: Sequence[str]) -> Selection:
    known: dict[str, int] = {}
    for part in in_parts(sorted(set(listing_ids))):
        for listing in session.exec(
            select(Listing).where(Listing.connection_id == connection_id, col(Listing.product_id).in_(part))
        ):
            known[listing.product_id] = listing.key
    missing = [
        Failure(
            object=f"listing {listing_id}",
            code="unknown_listing",
            cause="No listing of this id is known.",
            fix="Look for listings on TikTok Shop with: connector links propose",
        )
        for listing_id in sorted(set(listing_ids) - set(known))
    ]
    return Selection(sorted(known.values()), missing, named=True)


def _by_product_ids(session: Session, connection_id: int, action: Action, ids: Sequence[int]) -> Selection:
    found: dict[int, int] = {}
    shared: dict[int, str] = {}
    for part in in_parts(ids):
        for listing in session.exec(
            select(Listing).where(Listing.connection_id == connection_id, col(Listing.id_product).in_(part))
        ):
            found[listing.id_product or 0] = listing.key
        for id_product, product_id in session.exec(
            select(ListingSku.id_product, Listing.product_id)
            .join(Listing, col(Listing.id) == ListingSku.listing_id)
            .where(ListingSku.connection_id == connection_id, col(ListingSku.id_product).in_(part))
        ):
            shared[id_product or 0] = product_id
    if action == "recover":
        deleted = _deleted_listings(session, connection_id, ids)
        found = {**{one: key for one, key in deleted.items() if one not in shared}, **found}
    missing = [_not_listed(one, shared.get(one), action) for one in ids if one not in found]
    return Selection(sorted(set(found.values())), missing, named=True)


def _not_listed(id_product: int, shared: str | None, action: Action) -> Failure:
    name = f"product {id_product}"
    if shared is not None:
        return Failure(
            object=name,
            code="shared_listing",
            cause=f"The listing {shared} on TikTok Shop shows this product together with others.",
            fix="Name the listing itself by its TikTok id; the action is then done to all of them.",
        )
    if action == "recover":
        return Failure(
            object=name,
            code="not_deleted_here",
            cause="No listing of this product is known to be deleted.",
            fix="Upload the product, or recover the listing in Seller Center.",
        )
    return Failure(
        object=name,
        code="not_listed",
        cause="The product is not on TikTok Shop.",
        fix=f"Upload it first: connector products upload {id_product}",
    )


def _products_of(session: Session, connection_id: int, template_id: int | None) -> set[int] | None:
    """The products of a template; None, which is all of them, without one."""
    if template_id is None:
        return None
    return set(
        session.exec(
            select(Assignment.id_product).where(
                Assignment.connection_id == connection_id, Assignment.template_id == template_id
            )
        )
    )


def _linked_products(session: Session, connection_id: int) -> set[int]:
    ids = session.exec(
        select(ListingSku.id_product)
        .where(ListingSku.connection_id == connection_id, col(ListingSku.id_product).is_not(None))
        .distinct()
    )
    return {one for one in ids if one is not None}


def _all_linked(session: Session, connection_id: int, template_id: int | None) -> Iterable[int]:
    """Listings that show products of PrestaShop; those of a template show that template's alone."""
    if template_id is not None:
        of_template = select(Assignment.id_product).where(
            Assignment.connection_id == connection_id, Assignment.template_id == template_id
        )
        query = select(Listing.id).where(
            Listing.connection_id == connection_id, col(Listing.id_product).in_(of_template)
        )
    else:
        linked = select(ListingSku.listing_id).where(
            ListingSku.connection_id == connection_id, col(ListingSku.id_product).is_not(None)
        )
        query = select(Listing.id).where(
            Listing.connection_id == connection_id,
            col(Listing.id_product).is_not(None) | col(Listing.id).in_(linked),
        )
    return [key for key in session.exec(query) if key is not None]


def _deleted_listings(session: Session, connection_id: int, ids: Sequence[int] | None = None) -> dict[int, int]:
    """Listings that the connector deleted and that still are deleted, by product; of several the one deleted last."""
    query = (
        select(Change.id_product, Change.object)
        .where(
            Change.connection_id == connection_id,
            Change.kind == ChangeKind.DELETE,
            Change.state == ChangeState.CONFIRMED,
            col(Change.id_product).is_not(None),
        )
        .order_by(col(Change.id))
    )
    if ids is not None:
        rows = [row for part in in_parts(ids) for row in session.exec(query.where(col(Change.id_product).in_(part)))]
    else:
        rows = list(session.exec(query))
    still = set(
        session.exec(
            select(Listing.id).where(
                Listing.connection_id == connection_id, Listing.status == "DELETED", col(Listing.id_product).is_(None)
            )
        )
    )
    return {id_product or 0: key for id_product, name in rows if (key := listing_key(name)) in still}


def listing_key(name: str) -> int:
    """The id of the row that the object of a change names, "listing:7"."""
    return int(name.removeprefix("listing:"))
