"""Carriers and statuses from the command line, and in the settings file (C11, C12, K15)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from models.database import Database
from tests.console.conftest import Cli
from tests.order_rows import fill_orders


@pytest.fixture
def known(connected: Cli, store: Database) -> Cli:
    """A connection whose carriers, statuses and shipping providers were read."""
    fill_orders(store, 1)
    return connected


def carriers(cli: Cli) -> dict[str, str]:
    return {
        row["carrier"] + (f" ({row['delivery_option']})" if row["delivery_option"] else ""): row["provider"]
        for row in cli("carriers", "list", "--json").data
    }


def test_a_carrier_is_mapped_by_name_or_reference(known: Cli) -> None:
    assert carriers(known) == {"Evri Standard": "not mapped", "Royal Mail 48": "not mapped"}
    ran = known("carriers", "map", "evri standard", "EVRI")
    assert (ran.status, ran.stderr) == (0, "Evri Standard → Evri\n")
    mapped = known("carriers", "map", "8", "Evri", "--delivery-option", "express", "--json")
    assert mapped.data == {"carrier": 8, "provider_id": "302", "provider": "Evri", "delivery_option": "o2"}
    assert carriers(known) == {"Evri Standard": "Evri", "Royal Mail 48 (Express)": "Evri"}
    assert known("carriers", "unmap", "Royal Mail 48", "--delivery-option", "o2").status == 0
    assert known("carriers", "unmap", "7").status == 0
    assert carriers(known) == {"Evri Standard": "not mapped", "Royal Mail 48": "not mapped"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("map", "Evry", "Evri"), "is not one of the PrestaShop carriers"),
        (("map", "Evri", "Evri"), "is not one of the PrestaShop carriers"),
        (("map", "7", "Ervi"), "Do you mean 'Evri'"),
        (("map", "7", "Royal Mail", "--delivery-option", "Express"), "of this delivery option"),
        (("map", "7", "Evri", "--delivery-option", "Slow"), "is not one of the delivery options"),
        (("unmap", "7"), "is not mapped"),
    ],
)
def test_what_cannot_be_mapped_says_why(known: Cli, words: tuple[str, ...], why: str) -> None:
    ran = known("carriers", *words)
    assert ran.status == 2
    assert why in ran.stderr


def test_suggestions_are_for_carriers_that_are_not_mapped(known: Cli) -> None:
    rows = known("carriers", "suggest", "--json").data
    assert [(row["carrier"], row["suggestions"][0]) for row in rows] == [
        ("Evri Standard", "Evri"),
        ("Royal Mail 48", "Royal Mail"),
    ]
    for row in rows:
        assert known("carriers", "map", row["carrier"], row["suggestions"][0]).status == 0
    assert "Every known active carrier is mapped." in known("carriers", "suggest").stderr


def test_before_anything_was_read_that_is_said(connected: Cli) -> None:
    assert "connector orders import --dry-run" in connected("carriers", "list").stderr
    ran = connected("carriers", "map", "Evri", "Evri")
    assert ran.status == 1
    assert "connector orders import --dry-run" in ran.stderr
    assert connected("statuses", "list").status == 0
    assert connected("statuses", "map", "to-prestashop", "DELIVERED", "Delivered").status == 1


def test_carriers_without_providers_say_what_to_read(known: Cli, store: Database) -> None:
    from sqlmodel import delete

    from models.taxonomy import ShippingProvider

    with store.write() as session:
        session.exec(delete(ShippingProvider))
    ran = known("carriers", "map", "7", "Evri")
    assert ran.status == 1
    assert "connector run taxonomy_refresh" in ran.stderr


def statuses(cli: Cli) -> dict[tuple[str, str], tuple[Any, ...]]:
    return {
        (row["direction"], row["tiktok"]): (row["prestashop"], row["cancel_reason"], row["by"])
        for row in cli("statuses", "list", "--json").data
    }


def test_statuses_are_mapped_both_ways(known: Cli) -> None:
    assert statuses(known)["to-prestashop", "DELIVERED"] == ("Delivered", "", "default")
    ran = known("statuses", "map", "to-prestashop", "in transit", "delivered fr")
    assert (ran.status, ran.stderr) == (0, "in transit → delivered fr\n")
    assert statuses(known)["to-prestashop", "IN_TRANSIT"] == ("Delivered", "", "you")
    assert known("statuses", "map", "to-prestashop", "IN_TRANSIT", "0").status == 0
    assert statuses(known)["to-prestashop", "IN_TRANSIT"] == ("(changes nothing)", "", "you")
    assert known("statuses", "unmap", "to-prestashop", "in-transit").status == 0
    assert statuses(known)["to-prestashop", "IN_TRANSIT"] == ("Shipped", "", "default")
    ran = known("statuses", "map", "to-tiktok", "cancelled", "Canceled", "--cancel-reason", "no_stock")
    assert (ran.status, ran.stderr) == (0, "Canceled → cancelled (no_stock)\n")
    assert statuses(known)["to-tiktok", "CANCELLED"] == ("Canceled", "no_stock", "you")
    assert known("statuses", "unmap", "to-tiktok", "CANCELLED", "6").status == 0
    assert statuses(known)["to-tiktok", "CANCELLED"] == ("Canceled", "", "default")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("map", "to-prestashop", "LOST", "Delivered"), "is not one of the order statuses"),
        (("map", "to-prestashop", "DELIVERED", "Old"), "is not one of the PrestaShop order statuses"),
        (("map", "to-prestashop", "DELIVERED", "5", "--cancel-reason", "x"), "is for to-tiktok"),
        (("map", "to-tiktok", "DELIVERED", "5"), "Only CANCELLED"),
        (("map", "to-tiktok", "CANCELLED", "0"), "statuses unmap"),
        (("unmap", "to-tiktok", "CANCELLED"), "is not mapped like that"),
    ],
)
def test_statuses_that_make_no_sense_are_refused(known: Cli, words: tuple[str, ...], why: str) -> None:
    ran = known("statuses", *words)
    assert ran.status == 2
    assert why in ran.stderr


# The settings file


@pytest.fixture
def exported(known: Cli, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A connection with mappings of each kind, as a file."""
    known("carriers", "map", "7", "Evri")
    known("carriers", "map", "7", "Evri", "--delivery-option", "Express")
    known("statuses", "map", "to-prestashop", "IN_TRANSIT", "0")
    known("statuses", "map", "to-prestashop", "DELIVERED", "4")
    known("statuses", "map", "to-tiktok", "CANCELLED", "6", "--cancel-reason", "no_stock")
    document: dict[str, Any] = known("settings", "export", "--json").data
    return document


def imported(cli: Cli, document: dict[str, Any], tmp_path: Path, *words: str) -> Any:
    path = tmp_path / "shop.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return cli("settings", "import", str(path), "--offline", "--json", *words)


def test_mappings_are_in_the_file_whole(exported: dict[str, Any]) -> None:
    (part,) = exported["connections"]
    assert part["carriers"] == [
        {"carrier": 7, "provider": "301", "provider_name": "Evri"},
        {"carrier": 7, "provider": "302", "provider_name": "Evri", "delivery_option": "o2"},
    ]
    assert part["statuses"] == [
        {"direction": "to_prestashop", "tiktok": "IN_TRANSIT", "state": 0},
        {"direction": "to_prestashop", "tiktok": "DELIVERED", "state": 4},
        {"direction": "to_tiktok", "tiktok": "CANCELLED", "state": 6, "cancel_reason": "no_stock"},
    ]


def test_importing_what_was_exported_changes_nothing(known: Cli, exported: dict[str, Any], tmp_path: Path) -> None:
    ran = imported(known, exported, tmp_path)
    assert ran.status == 0, ran.stderr
    assert ran.data == [{"connection": "main", "changed": [], "stopped": True}]


def test_a_file_changes_and_prunes_mappings(known: Cli, exported: dict[str, Any], tmp_path: Path) -> None:
    (part,) = exported["connections"]
    part["carriers"] = [{"carrier": 8, "provider": "royal mail"}]
    part["statuses"] = [
        {"direction": "to_prestashop", "tiktok": "delivered", "state": 11},
        {"direction": "to_tiktok", "tiktok": "CANCELLED", "state": 6, "cancel_reason": "wrong_price"},
    ]
    ran = imported(known, exported, tmp_path, "--prune")
    assert ran.status == 0, ran.stderr
    assert carriers(known) == {"Evri Standard": "not mapped", "Royal Mail 48": "Royal Mail"}
    assert statuses(known)["to-prestashop", "DELIVERED"] == ("Remote payment accepted", "", "you")
    assert statuses(known)["to-prestashop", "IN_TRANSIT"][2] == "default"
    assert statuses(known)["to-tiktok", "CANCELLED"] == ("Canceled", "wrong_price", "you")


@pytest.mark.parametrize(
    ("section", "rows", "why"),
    [
        ("carriers", [{"carrier": 7, "provider": "Ervi"}], "is none of the shipping providers"),
        ("statuses", [{"direction": "to_prestashop", "tiktok": "LOST", "state": 5}], "is no order status"),
        ("statuses", [{"direction": "to_tiktok", "tiktok": "CANCELLED", "state": 0}], "is needed"),
        ("statuses", [{"direction": "to_tiktok", "tiktok": "DELIVERED", "state": 5}], "only CANCELLED"),
        (
            "statuses",
            [{"direction": "to_prestashop", "tiktok": "DELIVERED", "state": 5, "cancel_reason": "x"}],
            "belongs to direction to_tiktok",
        ),
        (
            "statuses",
            [{"direction": "to_prestashop", "tiktok": "DELIVERED", "state": state} for state in (4, 5)],
            "come twice: DELIVERED",
        ),
    ],
)
def test_mappings_that_make_no_sense_are_refused(
    known: Cli, exported: dict[str, Any], tmp_path: Path, section: str, rows: list[dict[str, Any]], why: str
) -> None:
    exported["connections"][0][section] = rows
    ran = imported(known, exported, tmp_path)
    assert ran.status == 2
    assert why in " ".join(ran.stderr.split())
