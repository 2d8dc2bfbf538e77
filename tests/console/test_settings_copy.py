"""Settings of one connection for another: what goes along, what stays behind and is said (K15)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import select

from models.catalogue import ShopRecord
from models.connections import Connection
from models.database import Database
from models.templates import BrandMapping, CarrierMapping, CategoryTemplate, StatusMapping
from tests.console.conftest import Cli
from tests.models.rows import store_connection

VALUES = (
    *("products.inventory_threshold=3", "products.shop_id=2", "products.customer_group=4", "products.language=en"),
    *("orders.payment_label=TTS", "orders.imported_state=9", "orders.shipped_trigger=order_state"),
    *("orders.shipped_states=[4]", "schedules.catalog_upload=1800", "retention_days=30", "sales_warehouse_id=7"),
)


@pytest.fixture
def two(cli: Cli, store: Database) -> Cli:
    """Two connections to two shops in one market; the first is set up."""
    first, second = store_connection(store, "uk"), store_connection(store, "uk2")
    with store.write() as session:
        session.get_one(Connection, second).prestashop_url = "https://second.example"
        for connection_id, number in ((first, 5), (second, 8)):
            session.add(
                ShopRecord(
                    connection_id=connection_id, resource="manufacturers", id=number, data={"name": "Studio Aurora"}
                )
            )
        session.add_all(
            [
                CategoryTemplate(connection_id=first, name="All", is_default=True, package_weight=Decimal(1)),
                CategoryTemplate(
                    connection_id=first, name="Aurora", manufacturer_ids=[5], manufacturer_gpsr_ids=["m1"]
                ),
                BrandMapping(connection_id=first, manufacturer="Studio Aurora"),
                CarrierMapping(connection_id=first, id_reference=3, provider_id="p1"),
                StatusMapping(
                    connection_id=first, direction="to_prestashop", tiktok_status="DELIVERED", id_order_state=5
                ),
            ]
        )
    assert cli("settings", "set", "-c", "uk", *VALUES).status == 0
    return cli


def settings_of(cli: Cli, name: str) -> dict[str, Any]:
    found: dict[str, Any] = cli("settings", "show", "-c", name, "--json").data["settings"]
    return found


def test_everything_goes_along_but_what_only_one_shop_knows(two: Cli, store: Database) -> None:
    ran = two("settings", "copy", "--from", "uk", "--to", "uk2", "--json")
    assert ran.status == 0, ran.stderr
    assert ran.data["left_out"] == [
        "products.customer_group",
        "products.shop_id",
        "orders.imported_state",
        "orders.shipped_trigger",
        "orders.shipped_states",
        "sales_warehouse_id",
        "template Aurora: gpsr",
        "mapping of carrier 3",
        "mapping of status DELIVERED (to_prestashop)",
    ]
    assert ran.data["changed"] == [
        "settings version 1",
        "template All made",
        "template Aurora made",
        "brand mapping Studio Aurora made",
    ]
    found = settings_of(two, "uk2")
    assert (found["products"]["inventory_threshold"], found["products"]["language"]) == (3, "en")
    assert (found["products"]["shop_id"], found["products"]["customer_group"]) == (1, 0)
    assert found["orders"]["payment_label"] == "TTS"
    assert found["schedules"]["catalog_upload"] == 1800
    assert (found["retention_days"], found["sales_warehouse_id"]) == (30, "")
    with store.read() as session:
        template = session.exec(
            select(CategoryTemplate).where(CategoryTemplate.connection_id == 2, CategoryTemplate.name == "Aurora")
        ).one()
        # The same name has another id there.
        assert (template.manufacturer_ids, template.manufacturer_gpsr_ids) == ([8], [])
    assert "copied from uk" in str(two("settings", "history", "-c", "uk2", "--json").data)


def test_twice_is_once_and_only_what_was_asked(two: Cli, store: Database) -> None:
    ran = two("settings", "copy", "--from", "uk", "--to", "uk2", "--only", "schedules, mappings", "--json")
    assert ran.data["changed"] == ["settings version 1", "brand mapping Studio Aurora made"]
    assert settings_of(two, "uk2")["products"]["inventory_threshold"] == 0
    with store.read() as session:
        assert not session.exec(select(CategoryTemplate).where(CategoryTemplate.connection_id == 2)).all()
    assert "nothing changed" in two("settings", "copy", "--from", "uk", "--to", "uk2", "--only", "schedules").stderr


def test_a_second_connection_to_the_same_shop_gets_its_ids_too(two: Cli, store: Database) -> None:
    with store.write() as session:
        second = session.get_one(Connection, 2)
        second.prestashop_url, second.region = "https://shop.example/", "DE"
    ran = two("settings", "copy", "--from", "uk", "--to", "uk2", "--only", "products,orders,mappings", "--json")
    assert ran.data["left_out"] == [
        "products.language",
        "products.shop_id",
        "sales_warehouse_id",
        "mapping of carrier 3",
    ]
    found = settings_of(two, "uk2")
    assert (found["products"]["customer_group"], found["orders"]["shipped_states"]) == (4, [4])
    with store.read() as session:
        assert session.exec(select(StatusMapping).where(StatusMapping.connection_id == 2)).one().id_order_state == 5


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--from", "uk", "--to", "uk"), "are the same"),
        (("--from", "uk", "--to", "us"), "There is no connection called 'us'"),
        (("--from", "uk", "--to", "uk2", "--only", "prices"), "There are: products, orders"),
    ],
)
def test_wrong_use_is_said(two: Cli, words: tuple[str, ...], why: str) -> None:
    ran = two("settings", "copy", *words)
    assert ran.status == 2
    assert why in ran.stderr


def test_a_name_that_the_other_shop_does_not_have_changes_nothing(two: Cli, store: Database) -> None:
    with store.write() as session:
        session.delete(session.get_one(ShopRecord, (2, "manufacturers", 8)))
        session.add(ShopRecord(connection_id=2, resource="manufacturers", id=9, data={"name": "Other"}))
    ran = two("settings", "copy", "--from", "uk", "--to", "uk2")
    assert ran.status == 2
    assert "Studio Aurora" in ran.stderr
    assert two("settings", "show", "-c", "uk2", "--json").data["version"] == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ({"settings": {"products": {"inventory_treshold": 3}}}, 'do you mean "inventory_threshold"?'),
        ({"settings": {"schedule": {}}}, 'do you mean "schedules"?'),
        ({"templates": [{"name": "A", "atributes": []}]}, 'do you mean "attributes"?'),
        ({"templates": [{"name": "A", "package": {"hight": 1}}]}, 'do you mean "height"?'),
        ({"xyz": 1}, "is not known here\n"),
    ],
)
def test_an_unknown_name_in_a_file_is_refused_with_the_nearest(
    cli: Cli, tmp_path: Path, text: dict[str, Any], says: str
) -> None:
    file = tmp_path / "shop.yaml"
    part = {"name": "main", "region": "GB", "prestashop": {"url": "https://x"}, "tiktok": {"app_key": "a"}, **text}
    file.write_text(yaml.safe_dump({"connections": [part]}))
    ran = cli("settings", "import", str(file))
    assert ran.status == 2
    assert says in ran.stderr


def test_an_unknown_setting_is_refused_with_the_nearest(two: Cli) -> None:
    ran = two("settings", "set", "-c", "uk", "orders.carrier_referenz=3")
    assert 'orders.carrier_referenz: there is no such setting; do you mean "carrier_reference"?' in ran.stderr
