"""Links by hand on both kinds of database: what is stored together, and which listing shows a product."""

from __future__ import annotations

import pytest
from sqlmodel import select

from models.catalogue import Product, Variant
from models.database import Database
from models.listings import Change, ChangeKind, ChangeState, Listing, ListingSku, Plan, Touched
from tasks.linking import CannotLink, link, sku_rows, unlink
from tests.models.rows import NOW, store_connection


@pytest.fixture
def connection_id(database: Database) -> int:
    """A connection with product 42 of two combinations, product 43, and two listings of two SKUs each."""
    connection_id = store_connection(database)
    with database.write() as session:
        for id_product, attributes in ((42, (7, 8)), (43, (0,))):
            session.add(Product(connection_id=connection_id, id_product=id_product))
            for attribute in attributes:
                session.add(Variant(connection_id=connection_id, id_product=id_product, id_product_attribute=attribute))
        for product_id in ("A", "B"):
            listing = Listing(connection_id=connection_id, product_id=product_id)
            session.add(listing)
            session.flush()
            for number in (1, 2):
                session.add(
                    ListingSku(connection_id=connection_id, listing_id=listing.key, sku_id=f"{product_id}{number}")
                )
    return connection_id


def shown(database: Database) -> dict[str, int | None]:
    with database.read() as session:
        return dict(session.exec(select(Listing.product_id, Listing.id_product)).all())


def store_change(database: Database, connection_id: int, object_: str, kind: ChangeKind, state: ChangeState) -> int:
    with database.write() as session:
        plan = Plan(connection_id=connection_id, flow="catalog_upload", created_at=NOW)
        session.add(plan)
        session.flush()
        change = Change(
            connection_id=connection_id, plan_id=plan.key, kind=kind, object=object_, state=state, created_at=NOW
        )
        session.add(change)
        session.flush()
        return change.key


def test_a_listing_shows_the_product_of_all_its_links(database: Database, connection_id: int) -> None:
    link(connection_id, "A1", 42, 7)
    assert shown(database) == {"A": 42, "B": None}
    link(connection_id, "A2", 43)
    assert shown(database) == {"A": None, "B": None}
    unlink(connection_id, "A1")
    assert shown(database) == {"A": 43, "B": None}
    with database.read() as session:
        assert {row.id_product: row.why for row in session.exec(select(Touched))} == {42: "unlinked", 43: "linked"}


def test_one_product_is_shown_by_one_listing_and_the_next_takes_over(database: Database, connection_id: int) -> None:
    link(connection_id, "A1", 42, 7)
    link(connection_id, "B1", 42, 8)
    assert shown(database) == {"A": 42, "B": None}
    unlink(connection_id, "A1")
    assert shown(database) == {"A": None, "B": 42}


def test_a_variant_is_linked_once(database: Database, connection_id: int) -> None:
    link(connection_id, "A1", 42, 7)
    with pytest.raises(CannotLink, match="already linked to SKU A1"):
        link(connection_id, "B1", 42, 7)
    assert [row.sku_id for row in sku_rows(connection_id, linked=True)] == ["A1"]


def test_a_planned_creation_makes_way_for_a_link(database: Database, connection_id: int) -> None:
    planned = store_change(database, connection_id, "product:42", ChangeKind.CREATE, ChangeState.PLANNED)
    link(connection_id, "A1", 42, 7)
    with database.read() as session:
        assert session.get_one(Change, planned).state == ChangeState.SUPERSEDED


def test_what_is_on_its_way_is_waited_for(database: Database, connection_id: int) -> None:
    link(connection_id, "A1", 42, 7)
    with database.read() as session:
        listing = session.exec(select(Listing).where(Listing.product_id == "A")).one()
    store_change(database, connection_id, f"listing:{listing.key}", ChangeKind.STOCK, ChangeState.SENT)
    with pytest.raises(CannotLink, match=r"\(stock\) is on its way"):
        unlink(connection_id, "A1")
    assert shown(database) == {"A": 42, "B": None}
