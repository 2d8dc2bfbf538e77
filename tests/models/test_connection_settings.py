"""The settings document of a connection: typed, refused with a reason when wrong, kept as versions (K15)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import col, select

from models.connections import SettingsVersion, UnknownConnection, find_connection, settings_in_force, store_settings
from models.database import Database
from models.settings import ConnectionSettings, Markup, MarkupKind
from tests.models.rows import NOW, store_connection


@pytest.mark.parametrize(
    ("document", "where", "says"),
    [
        ({"products": {"invntory_threshold": 3}}, "products.invntory_threshold", "not permitted"),
        ({"produkts": {}}, "produkts", "not permitted"),
        ({"products": {"chunk_size": 10}}, "products.chunk_size", "greater than or equal to 50"),
        ({"products": {"inventory_threshold": -1}}, "products.inventory_threshold", "greater than or equal to 0"),
        ({"products": {"currency": "pounds"}}, "products.currency", "pattern"),
        ({"products": {"language": "EN"}}, "products.language", "pattern"),
        ({"products": {"sku_source": "colour"}}, "products.sku_source", "'reference', 'supplier_reference'"),
        ({"products": {"gtin_exempt": True}}, "products", "gtin_exempt needs gtin_exemption_reason"),
        ({"products": {"markup": {"kind": "percent_decrease", "amount": 100}}}, "products.markup", "leaves no price"),
        ({"products": {"markup": {"kind": "multiply", "amount": 0}}}, "products.markup", "leaves no price"),
        ({"products": {"markup": {"amount": -1}}}, "products.markup.amount", "greater than or equal to 0"),
        ({"orders": {"failure_email": "nobody"}}, "orders.failure_email", "is not an e-mail address"),
        ({"orders": {"shipped_trigger": "order_state"}}, "orders", "needs shipped_states"),
        ({"schedules": {"catalog_upload": -1}}, "schedules.catalog_upload", "greater than or equal to 0"),
        ({"retention_days": 0}, "retention_days", "greater than or equal to 1"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place_and_reason(document: dict[str, Any], where: str, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ConnectionSettings.model_validate(document)
    (fault,) = caught.value.errors()
    assert ".".join(str(part) for part in fault["loc"]) == where
    assert says in fault["msg"]


def test_the_defaults_are_a_valid_document_that_survives_json() -> None:
    defaults = ConnectionSettings()
    assert ConnectionSettings.model_validate(defaults.model_dump(mode="json")) == defaults


def test_amounts_survive_json_to_the_digit() -> None:
    markup = Markup(kind=MarkupKind.MULTIPLY, amount=Decimal("1.1500"))
    assert Markup.model_validate(markup.model_dump(mode="json")).amount == Decimal("1.15")


def change_threshold(database: Database, key: int, threshold: int, note: str = "", days: int = 0) -> int:
    settings = ConnectionSettings()
    settings.products.inventory_threshold = threshold
    with database.write() as session:
        return store_settings(session, key, settings, note=note, now=NOW + timedelta(days=days))


def test_without_any_version_the_defaults_hold_as_version_0(database: Database) -> None:
    key = store_connection(database)
    with database.read() as session:
        assert settings_in_force(session, key) == (0, ConnectionSettings())


def test_every_change_is_a_new_version_and_the_newest_holds(database: Database) -> None:
    key, other = store_connection(database), store_connection(database, "other")
    assert change_threshold(database, key, 3, note="first") == 1
    assert change_threshold(database, key, 5, note="second", days=1) == 2
    with database.read() as session:
        version, settings = settings_in_force(session, key)
        assert (version, settings.products.inventory_threshold) == (2, 5)
        assert settings_in_force(session, other)[0] == 0
        history = session.exec(select(SettingsVersion).order_by(col(SettingsVersion.version))).all()
    assert [(row.version, row.note, row.created_at) for row in history] == [
        (1, "first", NOW),
        (2, "second", NOW + timedelta(days=1)),
    ]


def test_storing_the_same_document_again_makes_no_version(database: Database) -> None:
    key = store_connection(database)
    assert change_threshold(database, key, 3) == 1
    assert change_threshold(database, key, 3) == 1


def test_the_only_connection_needs_no_name(database: Database) -> None:
    key = store_connection(database)
    with database.read() as session:
        assert find_connection(session, "").key == key
        assert find_connection(session, "main").key == key


def test_an_unknown_connection_is_answered_with_those_there_are(database: Database) -> None:
    with database.read() as session, pytest.raises(UnknownConnection, match="connector connection add"):
        find_connection(session, "main")
    store_connection(database, "uk")
    store_connection(database, "us")
    with database.read() as session:
        with pytest.raises(UnknownConnection, match=r"'fr'.*There are: uk, us"):
            find_connection(session, "fr")
        with pytest.raises(UnknownConnection, match=r"--connection: uk, us"):
            find_connection(session, "")
