"""What a person did by hand in PrestaShop is noted, and no longer waits (I12, K7)."""

from __future__ import annotations

import pytest
from sqlmodel import select

from models.database import Database
from models.orders import AfterSale, OrderEvent
from tests.console.conftest import Cli
from tests.order_rows import FIRST, fill_orders, fill_products, park_more


@pytest.fixture
def waiting(connected: Cli, store: Database) -> Cli:
    """A connection where, of one order, a partial cancellation waits, and a parcel."""
    fill_orders(store, 1)
    fill_products(store, 1)
    park_more(store, 1)
    with store.write() as session:
        session.exec(select(AfterSale)).one().parked_code = "partial_cancellation"
    return connected


@pytest.mark.parametrize("name", ["cancellation:403", FIRST])
def test_it_is_noted_with_who_says_so(waiting: Cli, store: Database, name: str) -> None:
    assert "Then: connector parked done cancellation:403" in waiting("parked", "show", name).stderr
    assert waiting("parked", "done", name, "--by", "Ann", "--json").data == {"done": ["cancellation:403"]}
    listed = [one["key"] for one in waiting("parked", "list", "--each", "--json").data]
    assert "cancellation:403" not in listed
    assert len(listed) == 10
    with store.read() as session:
        request = session.exec(select(AfterSale)).one()
        told = session.exec(select(OrderEvent.text)).all()
    assert request.applied_at is not None
    assert "Cancellation 403, partial cancellation: done in PrestaShop, says Ann" in told
    # Once.
    assert waiting("parked", "done", "cancellation:403").status == 2


def test_what_the_connector_does_itself_is_tried_again_instead(waiting: Cli) -> None:
    key = next(one["key"] for one in waiting("parked", "show", FIRST, "--json").data if one["key"].startswith("change"))
    ran = waiting("parked", "done", key)
    assert ran.status == 2
    assert f"connector parked replay {key}" in ran.stderr
