"""What must never be there twice is refused by the database itself, on both kinds."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from models.database import Database
from models.listings import Change, ChangeKind, ChangeState, Listing, ListingSku, Plan
from models.templates import CategoryTemplate
from tests.models.rows import NOW, make_connection, store_connection


def add(database: Database, *rows: SQLModel) -> None:
    """Each row in a transaction of its own."""
    for row in rows:
        with database.write() as session:
            session.add(row)


def plan(database: Database, key: int) -> int:
    with database.write() as session:
        row = Plan(connection_id=key, flow="catalog_upload", created_at=NOW)
        session.add(row)
        session.flush()
        return row.key


def change(key: int, plan_id: int, state: ChangeState, kind: ChangeKind = ChangeKind.CREATE) -> Change:
    return Change(connection_id=key, plan_id=plan_id, kind=kind, object="product:42", state=state, created_at=NOW)


@pytest.mark.parametrize("first", [ChangeState.PLANNED, ChangeState.SENT])
@pytest.mark.parametrize("second", [ChangeState.PLANNED, ChangeState.SENT])
def test_an_object_has_one_open_change_of_a_kind(database: Database, first: ChangeState, second: ChangeState) -> None:
    key = store_connection(database)
    number = plan(database, key)
    add(database, change(key, number, first))
    with pytest.raises(IntegrityError):
        add(database, change(key, number, second))


def test_finished_changes_and_changes_of_other_kinds_may_pile_up(database: Database) -> None:
    key = store_connection(database)
    number = plan(database, key)
    add(
        database,
        change(key, number, ChangeState.PLANNED),
        change(key, number, ChangeState.PLANNED, ChangeKind.PRICE),
        change(key, number, ChangeState.CONFIRMED),
        change(key, number, ChangeState.CONFIRMED),
        change(key, number, ChangeState.PARKED),
        change(key, number, ChangeState.SUPERSEDED),
    )


def test_a_connection_has_one_default_template(database: Database) -> None:
    main, other = store_connection(database), store_connection(database, "other")
    add(
        database,
        CategoryTemplate(connection_id=main, name="A", is_default=True),
        CategoryTemplate(connection_id=main, name="B"),
        CategoryTemplate(connection_id=main, name="C"),
        CategoryTemplate(connection_id=other, name="A", is_default=True),
    )
    with pytest.raises(IntegrityError):
        add(database, CategoryTemplate(connection_id=main, name="D", is_default=True))


def test_template_names_are_unique_within_a_connection(database: Database) -> None:
    key = store_connection(database)
    add(database, CategoryTemplate(connection_id=key, name="A"))
    with pytest.raises(IntegrityError):
        add(database, CategoryTemplate(connection_id=key, name="A"))


def test_a_product_has_one_listing_and_a_listing_one_row(database: Database) -> None:
    key = store_connection(database)
    add(database, Listing(connection_id=key, product_id="17", id_product=42))
    with pytest.raises(IntegrityError):
        add(database, Listing(connection_id=key, product_id="18", id_product=42))
    with pytest.raises(IntegrityError):
        add(database, Listing(connection_id=key, product_id="17", id_product=43))


def test_any_number_of_listings_may_be_without_product(database: Database) -> None:
    key = store_connection(database)
    add(database, Listing(connection_id=key, product_id="17"), Listing(connection_id=key, product_id="18"))


def test_a_variant_is_linked_to_one_sku(database: Database) -> None:
    key = store_connection(database)
    with database.write() as session:
        listing = Listing(connection_id=key, product_id="17", id_product=42)
        session.add(listing)
        session.flush()
        number = listing.key

    def sku(sku_id: str) -> ListingSku:
        return ListingSku(connection_id=key, listing_id=number, sku_id=sku_id, id_product=42, id_product_attribute=7)

    add(database, sku("1"))
    with pytest.raises(IntegrityError):
        add(database, sku("2"))


def test_connection_names_are_unique(database: Database) -> None:
    store_connection(database)
    with pytest.raises(IntegrityError):
        add(database, make_connection())
