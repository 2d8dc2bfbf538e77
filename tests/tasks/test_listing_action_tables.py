"""Choosing and planning listing actions on both kinds of database; sending is tested with the flow."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from models.database import Database
from models.listings import Assignment, Change, ChangeKind, ChangeState, Listing, ListingSku, Plan
from models.templates import CategoryTemplate
from rules.listing_actions import Action
from tasks.foreign_listings import _forget
from tasks.listing_actions import plan_actions, unresolved_actions, waiting_actions
from tasks.listing_choice import select_listings
from tasks.runs import Run
from tests.models.rows import NOW, store_connection

# TikTok id, product, status
ROWS = [("51", 1, "ACTIVATE"), ("52", 2, "SELLER_DEACTIVATED"), ("53", 3, "FREEZE"), ("54", None, "DELETED")]


@pytest.fixture
def run(database: Database) -> Run:
    """A run on a connection with four listings; the connector deleted the last, which was product 4's."""
    connection_id = store_connection(database)
    with database.write() as session:
        template = CategoryTemplate(connection_id=connection_id, name="Mugs")
        plan = Plan(connection_id=connection_id, flow="listing_actions", created_at=NOW)
        session.add_all([template, plan])
        session.flush()
        for number in (1, 4):
            session.add(
                Assignment(connection_id=connection_id, id_product=number, template_id=template.key, decided_at=NOW)
            )
        for product_id, id_product, status in ROWS:
            listing = Listing(connection_id=connection_id, product_id=product_id, id_product=id_product, status=status)
            session.add(listing)
            session.flush()
            session.add(
                ListingSku(
                    connection_id=connection_id,
                    listing_id=listing.key,
                    sku_id=f"{product_id}0",
                    id_product=id_product,
                    id_product_attribute=None if id_product is None else 0,
                )
            )
        session.add(
            Change(
                connection_id=connection_id,
                plan_id=plan.key,
                kind=ChangeKind.DELETE,
                object=f"listing:{listing.key}",
                id_product=4,
                state=ChangeState.CONFIRMED,
                created_at=NOW,
            )
        )
        return Run("listing_actions", "main", connection_id, plan.key, int(NOW.timestamp()))


def names(database: Database, keys: object) -> list[str]:
    with database.read() as session:
        return sorted(session.exec(select(Listing.product_id).where(col(Listing.id).in_(keys))))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "given", "chosen", "missing"),
    [
        ("delete", {}, ["51", "52", "53"], []),
        ("delete", {"template_id": 1}, ["51"], []),
        ("delete", {"product_ids": [2, 4]}, ["52"], ["not_listed"]),
        ("delete", {"listing_ids": ["54", "99"]}, ["54"], ["unknown_listing"]),
        ("recover", {}, ["54"], []),
        ("recover", {"template_id": 1}, ["54"], []),
        ("recover", {"product_ids": [4, 5]}, ["54"], ["not_deleted_here"]),
    ],
)
def test_what_is_chosen(
    database: Database, run: Run, action: Action, given: dict[str, list[int]], chosen: list[str], missing: list[str]
) -> None:
    selection = select_listings(run.connection_id, action, **given)  # type: ignore[arg-type]
    assert names(database, selection.keys) == chosen
    assert [one.code for one in selection.missing] == missing


def test_planning_twice_is_one_change_and_the_contrary_takes_its_place(database: Database, run: Run) -> None:
    keys = select_listings(run.connection_id, "deactivate").keys
    first = plan_actions(run, "deactivate", keys)
    assert len(first) == 1
    assert plan_actions(run, "deactivate", keys) == first == waiting_actions(run.connection_id, run.plan)
    deletions = plan_actions(run, "delete", keys)
    assert len(deletions) == 2
    assert waiting_actions(run.connection_id, run.plan) == deletions
    with database.write() as session:
        assert session.get_one(Change, first[0]).state == ChangeState.SUPERSEDED
        session.get_one(Change, deletions[0]).state = ChangeState.SENT
    assert unresolved_actions(run.connection_id) == deletions[:1]
    # What was sent is looked up, not planned a second time.
    assert sorted(plan_actions(run, "delete", keys)) == deletions


def test_listings_the_connector_deleted_are_not_forgotten(database: Database, run: Run) -> None:
    with database.write() as session:
        session.add(Listing(connection_id=run.connection_id, product_id="55", status="DELETED"))
    assert _forget(run.connection_id, ["54", "55"]) == 1
    assert names(database, select_listings(run.connection_id, "recover").keys) == ["54"]
