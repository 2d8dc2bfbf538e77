"""Links from the command line: what is not linked, proposals, linking by rule and by hand, taking it back (H1–H4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import delete

from models.catalogue import Product, Variant
from models.database import Database
from models.database import database as stall_database
from models.listings import Change, Listing, ListingSku
from tests.console.conftest import Cli
from tests.stall import Stall

ROWS: list[tuple[str, str, str, str, str]] = [
    # sku id, title, seller SKU, barcode, status
    ("901", "Walnut tray", "TRAY-1", "", "ACTIVATE"),
    ("902", "apron", "apr-2", "4006381000147", "FAILED"),
    ("903", "Écharpe", "", "4006381000079", "ACTIVATE"),
]


@pytest.fixture
def listed(connected: Cli, store: Database) -> Cli:
    """A connection with three listings that are not linked, and two PrestaShop products."""
    with store.write() as session:
        for id_product, attribute in ((42, 7), (42, 8), (43, 0)):
            session.merge(Product(connection_id=1, id_product=id_product))
            session.add(Variant(connection_id=1, id_product=id_product, id_product_attribute=attribute))
        for sku_id, title, seller_sku, barcode, status in ROWS:
            listing = Listing(
                connection_id=1,
                product_id=f"5{sku_id}",
                title=title,
                status=status,
                image_url=f"https://images.example/{sku_id}.jpg",
            )
            session.add(listing)
            session.flush()
            session.add(
                ListingSku(
                    connection_id=1, listing_id=listing.key, sku_id=sku_id, seller_sku=seller_sku, barcode=barcode
                )
            )
    return connected


def shown(cli: Cli, *words: str) -> list[str]:
    return [row["sku_id"] for row in cli("links", *words, "--json").data]


def test_what_is_not_linked_is_listed_whole(listed: Cli) -> None:
    rows: list[dict[str, Any]] = listed("links", "unlinked", "--json").data
    assert rows[1] == {
        "id": "5902",
        "sku_id": "902",
        "image": "https://images.example/902.jpg",
        "name": "apron",
        "sku": "apr-2",
        "barcode": "4006381000147",
        "status": "FAILED",
        "variant": "",
        "linked_by": "",
    }
    assert "Walnut tray" in listed("links", "unlinked").stderr


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("id", ["901", "902", "903"]),
        ("name", ["902", "901", "903"]),
        ("sku", ["902", "901", "903"]),
        ("barcode", ["903", "902", "901"]),
        ("status", ["901", "903", "902"]),
    ],
)
def test_lists_are_sorted_by_what_is_asked_for(listed: Cli, by: str, order: list[str]) -> None:
    assert shown(listed, "unlinked", "--sort", by) == order


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5901", ["901"]),
        ("902", ["902"]),
        ("ÉCHARPE", ["903"]),
        ("tray-", ["901"]),
        ("4006381000", ["902", "903"]),
        ("activate", ["901", "903"]),
        ("nothing like it", []),
    ],
)
def test_lists_are_searched_in_every_column(listed: Cli, text: str, found: list[str]) -> None:
    assert shown(listed, "unlinked", "--search", text) == found


def test_linking_and_unlinking_by_hand(listed: Cli) -> None:
    ran = listed("links", "link", "901", "42:7", "--json")
    assert (ran.status, ran.data) == (0, {"sku_id": "901", "variant": "42:7"})
    assert listed("links", "link", "902", "43").status == 0
    rows = listed("links", "list", "--json").data
    assert [(row["sku_id"], row["variant"], row["linked_by"]) for row in rows] == [
        ("901", "42:7", "hand"),
        ("902", "43", "hand"),
    ]
    assert shown(listed, "list", "--search", "42:7") == ["901"]
    assert shown(listed, "unlinked") == ["903"]
    ran = listed("links", "unlink", "901")
    assert ran.status == 0
    assert "no longer linked to 42:7" in ran.stderr
    assert shown(listed, "unlinked") == ["901", "903"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("link", "901", "forty-two"), "as 42 or 42:7"),
        (("link", "999", "43"), "No SKU '999' is known"),
        (("link", "901", "44"), "No product 44 is known"),
        (("link", "901", "42"), "It has: 42:7, 42:8"),
        (("link", "901", "42:8"), "already linked to SKU 903"),
        (("link", "903", "43"), "already linked to 42:8"),
        (("unlink", "901"), "is not linked"),
    ],
)
def test_what_cannot_be_linked_says_why(listed: Cli, words: tuple[str, ...], why: str) -> None:
    assert listed("links", "link", "903", "42:8").status == 0
    ran = listed("links", *words)
    assert ran.status == 2
    assert why in ran.stderr


def test_an_empty_list_says_what_to_do(connected: Cli) -> None:
    assert "connector links propose" in connected("links", "unlinked").stderr
    assert connected("links", "list").status == 0


@pytest.mark.slow
def test_a_rehearsal_then_the_links(cli: Cli, open_stall: Callable[..., Stall]) -> None:
    stall = open_stall(products=8)
    stall.upload()
    stall.finish_audits()
    with stall_database().write() as session:
        for kind in (Listing, Change):
            session.exec(delete(kind))
    ran = cli("links", "propose")
    assert ran.status == 0, ran.stderr
    assert "connector links auto" in ran.stderr
    rehearsed = cli("links", "propose", "--by", "sku", "--json").data
    assert rehearsed["counts"]["proposed"] == len(rehearsed["proposals"]) > 0
    assert all(link["reasons"] and link["score"] for link in rehearsed["proposals"])
    assert cli("links", "list", "--json").data == []
    made = cli("links", "auto", "--connection", "sandbox", "--json")
    assert (made.status, made.data["counts"]["linked"]) == (0, len(rehearsed["proposals"]))
    assert len(cli("links", "list", "--json").data) == len(rehearsed["proposals"])
    assert "Nothing to link." in cli("links", "auto").stderr
