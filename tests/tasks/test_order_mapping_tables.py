"""Carriers and statuses as they are mapped, by whom, and what holds where nothing is (C11, C12)."""

from __future__ import annotations

import pytest
from sqlmodel import select

from models.catalogue import ShopRecord
from models.database import Database
from models.templates import CarrierMapping, StatusMapping
from tasks.order_mappings import (
    TO_PRESTASHOP,
    TO_TIKTOK,
    CannotMap,
    Provider,
    carrier_rows,
    carrier_suggestions,
    forget_carrier,
    forget_status,
    status_rows,
    store_carrier,
    store_status,
)
from tests.models.rows import store_connection
from tests.order_rows import fill_orders

EVRI = Provider("301", "Evri", ("o1",))


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    """Two carriers, three providers, four statuses."""
    store_connection(database)
    fill_orders(database, 1)


def shown() -> list[tuple[str, int, str, str]]:
    return [(row.carrier, row.reference, row.provider, row.delivery_option) for row in carrier_rows(1)]


def test_carriers_are_listed_mapped_or_not(database: Database) -> None:
    assert shown() == [("Evri Standard", 7, "", ""), ("Royal Mail 48", 8, "", "")]
    store_carrier(1, 7, EVRI)
    store_carrier(1, 7, Provider("401", "Royal Mail", ("o1",)), option="o2")
    assert shown() == [
        ("Evri Standard", 7, "Evri", ""),
        ("Evri Standard", 7, "Royal Mail", "Express"),
        ("Royal Mail 48", 8, "", ""),
    ]


def test_mapping_again_changes_the_mapping(database: Database) -> None:
    store_carrier(1, 7, EVRI)
    store_carrier(1, 7, Provider("401", "Royal Mail", ("o1",)))
    with database.read() as session:
        (row,) = session.exec(select(CarrierMapping)).all()
    assert (row.provider_id, row.provider_name) == ("401", "Royal Mail")


def test_mappings_of_a_carrier_that_is_gone_are_shown(database: Database) -> None:
    store_carrier(1, 7, EVRI)
    with database.write() as session:
        session.delete(session.get_one(ShopRecord, (1, "carriers", 12)))
    assert ("(gone)", 7, "Evri", "") in shown()


def test_a_provider_without_a_stored_name_is_named(database: Database) -> None:
    store_carrier(1, 7, Provider("302", "", ()))
    assert shown()[0] == ("Evri Standard", 7, "Evri", "")


def test_carriers_are_unmapped_wholly_or_for_one_option() -> None:
    store_carrier(1, 7, EVRI)
    store_carrier(1, 7, EVRI, option="o2")
    assert forget_carrier(1, 7, option="o2") == 1
    assert shown()[0] == ("Evri Standard", 7, "Evri", "")
    store_carrier(1, 7, EVRI, option="o2")
    assert forget_carrier(1, 7) == 2
    with pytest.raises(CannotMap, match="connector carriers list"):
        forget_carrier(1, 7)


def test_suggestions_are_for_active_carriers_that_are_not_mapped() -> None:
    suggestions = {carrier.name: names for carrier, names in carrier_suggestions(1).items()}
    assert suggestions["Evri Standard"][0] == "Evri"
    assert suggestions["Royal Mail 48"] == ["Royal Mail", "Evri"]
    store_carrier(1, 7, EVRI)
    assert [carrier.name for carrier in carrier_suggestions(1)] == ["Royal Mail 48"]


def statuses(direction: str = TO_PRESTASHOP) -> dict[str, tuple[int, str, str]]:
    return {row.tiktok: (row.state, row.prestashop, row.by) for row in status_rows(1) if row.direction == direction}


def test_what_holds_by_default_is_shown() -> None:
    assert statuses()["IN_TRANSIT"] == (4, "Shipped", "default")
    assert statuses()["AWAITING_SHIPMENT"] == (0, "(changes nothing)", "default")
    assert statuses(TO_TIKTOK) == {"CANCELLED": (6, "Canceled", "default")}


def test_one_state_stands_for_a_status(database: Database) -> None:
    store_status(1, TO_PRESTASHOP, "DELIVERED", 4)
    store_status(1, TO_PRESTASHOP, "DELIVERED", 11)
    assert statuses()["DELIVERED"] == (11, "Remote payment accepted", "you")
    store_status(1, TO_PRESTASHOP, "DELIVERED", 0)
    assert statuses()["DELIVERED"] == (0, "(changes nothing)", "you")
    with database.read() as session:
        assert len(session.exec(select(StatusMapping)).all()) == 1
    assert forget_status(1, TO_PRESTASHOP, "DELIVERED") == 1
    assert statuses()["DELIVERED"] == (5, "Delivered", "default")
    with pytest.raises(CannotMap, match="connector statuses list"):
        forget_status(1, TO_PRESTASHOP, "DELIVERED")


def test_several_states_may_cancel_each_for_a_reason_of_its_own() -> None:
    store_status(1, TO_TIKTOK, "CANCELLED", 11, cancel_reason="no_stock")
    store_status(1, TO_TIKTOK, "CANCELLED", 6, cancel_reason="wrong_price")
    store_status(1, TO_TIKTOK, "CANCELLED", 6, cancel_reason="no_stock")
    rows = [row for row in status_rows(1) if row.direction == TO_TIKTOK]
    assert [(row.state, row.cancel_reason, row.by) for row in rows] == [(6, "no_stock", "you"), (11, "no_stock", "you")]
    assert forget_status(1, TO_TIKTOK, "CANCELLED", 6) == 1
    assert statuses(TO_TIKTOK)["CANCELLED"] == (6, "Canceled", "default")
