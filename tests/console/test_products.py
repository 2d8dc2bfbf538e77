"""Products from the command line: lists with search, filters, pages and counts; one product; actions (G1–G13)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from console.products import Standing
from models.catalogue import Product, ShopRecord, Variant
from models.database import Database
from models.listings import Assignment, Change, ChangeKind, ChangeState, Listing, ListingSku, ListingStatus, Plan
from models.templates import CategoryTemplate
from tasks.product_list import ProductFilter, product_page
from tests.console.conftest import Cli
from tests.models.rows import NOW, store_connection
from tests.stall import Stall

CONTENT = {"title": "as sent"}
FINDING = {"code": "no_image", "text": "There is no picture.", "fix": "Add one in PrestaShop."}
REFUSAL = {"code": "audit_failed", "text": "The title names a brand.", "fix": "Take it out."}

# id, reference, name, category, template, status, audit, content hash wanted, content hash confirmed
ROWS: list[tuple[int, str, str, int, str, str, str, str, str]] = [
    (1, "MUG-1", "Blue mug", 11, "Mugs", "ACTIVATE", "APPROVED", "a", "a"),
    (2, "MUG-2", "Red mug", 11, "Mugs", "ACTIVATE", "APPROVED", "b2", "b"),
    (3, "TRAY-3", "Walnut tray", 12, "Rest", "PENDING", "AUDITING", "c", "c"),
    (4, "TRAY_4", "Écharpe", 12, "Rest", "SELLER_DEACTIVATED", "APPROVED", "d", "d"),
    (5, "PEN-5", "Pen 100%", 12, "Rest", "FAILED", "FAILED", "e", "e"),
    (6, "PEN-6", "Pencil", 12, "Rest", "FREEZE", "APPROVED", "f", "f"),
    (7, "PEN-7", "Crayon", 12, "Rest", "", "", "g", ""),
    (8, "PEN-8", "Chalk", 12, "Rest", "", "", "", ""),
    (9, "PEN-9", "Ink", 12, "", "", "", "", ""),
]


def fill(store: Database, connection_id: int) -> None:
    """Nine products that stand everywhere a product can stand."""
    with store.write() as session:
        for number, parent, name in ((1, 0, "Root"), (2, 1, "Home"), (11, 2, "Cups"), (12, 2, "Other things")):
            session.add(
                ShopRecord(
                    connection_id=connection_id,
                    resource="categories",
                    id=number,
                    data={"id": number, "id_parent": parent, "name": {"1": name}},
                )
            )
        session.add(
            ShopRecord(
                connection_id=connection_id, resource="languages", id=1, data={"iso_code": "en", "locale": "en-GB"}
            )
        )
        templates = {}
        for name in ("Mugs", "Rest"):
            template = CategoryTemplate(connection_id=connection_id, name=name)
            session.add(template)
            session.flush()
            templates[name] = template.key
        plan = Plan(connection_id=connection_id, flow="catalog_upload", created_at=NOW)
        session.add(plan)
        session.flush()
        for number, reference, name, category, template_name, status, audit, wanted, confirmed in ROWS:
            session.add(
                Product(
                    connection_id=connection_id,
                    id_product=number,
                    reference=reference,
                    name={"1": name, "2": f"Traduction {number}"},
                    id_category_default=category,
                    quantity=number * 10,
                    image_ids=[number + 100, number + 200],
                )
            )
            session.add(
                Variant(
                    connection_id=connection_id,
                    id_product=number,
                    id_product_attribute=0,
                    reference=f"V-{reference}" if number == 3 else reference,
                )
            )
            if template_name:
                session.add(
                    Assignment(
                        connection_id=connection_id,
                        id_product=number,
                        template_id=templates[template_name],
                        content_hash=wanted,
                        findings=[] if wanted else [FINDING],
                        decided_at=NOW,
                    )
                )
            if not status:
                continue
            listing = Listing(
                connection_id=connection_id,
                product_id=f"17290000{number}",
                id_product=number,
                title=f"{name} on sale",
                status=status,
                audit_status=audit,
                status_reasons=[REFUSAL] if status == "FAILED" else [],
                content=CONTENT,
                content_hash=confirmed,
            )
            session.add(listing)
            session.flush()
            for attribute, price in ((0, "12.50"), *(((1, "15"),) if number == 2 else ())):
                session.add(
                    ListingSku(
                        connection_id=connection_id,
                        listing_id=listing.key,
                        sku_id=f"{number}{attribute}",
                        seller_sku=reference,
                        id_product=number,
                        id_product_attribute=attribute,
                        price=Decimal(price),
                        currency="GBP",
                        quantities={"w": 3},
                    )
                )
        session.add(
            Change(
                connection_id=connection_id,
                plan_id=plan.key,
                kind=ChangeKind.EDIT,
                object="product:2",
                id_product=2,
                state=ChangeState.PARKED,
                cause="Refused.",
                fix="Change it.",
                request_id="r1",
                created_at=NOW,
            )
        )


@pytest.fixture
def filled(connected: Cli, store: Database) -> Cli:
    """A connection with nine products."""
    fill(store, 1)
    return connected


def found(cli: Cli, *words: str) -> list[int]:
    return [row["id"] for row in cli("products", "list", *words, "--json").data["products"]]


def test_the_words_for_where_products_stand_are_the_models(connected: Cli) -> None:
    assert [one.value for one in Standing] == [one.value for one in ListingStatus]


def test_a_row_has_everything(filled: Cli) -> None:
    rows: list[dict[str, Any]] = filled("products", "list", "--json").data["products"]
    assert rows[1] == {
        "id": 2,
        "reference": "MUG-2",
        "title": "Red mug",
        "category": "Home > Cups",
        "template": "Mugs",
        "price": "12.50–15.00 GBP",
        "quantity": 20,
        "status": "live",
        "differs": True,
        "image": 102,
        "listing": "172900002",
        "why": "",
    }
    assert [row["status"] for row in rows] == [
        *("live", "live", "processing", "inactive", "rejected", "error", "not_uploaded", "not_ready", "not_ready")
    ]
    assert [row["differs"] for row in rows].count(True) == 1
    assert [row["why"] for row in rows if row["why"]] == [REFUSAL["text"], FINDING["text"]]
    assert rows[6]["price"] == ""


def test_how_many_stand_where(filled: Cli) -> None:
    counts = filled("products", "list", "--json").data["counts"]
    assert counts == {
        "all": 9,
        "not_ready": 2,
        "not_uploaded": 1,
        "processing": 1,
        "live": 2,
        "inactive": 1,
        "rejected": 1,
        "error": 1,
    }
    shown = filled("products", "list", "--template", "Mugs", "--page-size", "1")
    assert "2 all, 0 not ready, 0 not uploaded, 0 processing, 2 live" in shown.stderr
    assert "Page 1 of 2; the next with --page 2." in shown.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("4", [4]),
        ("172900003", [3]),
        ("mug-", [1, 2]),
        ("v-tray", [3]),
        ("RED", [2]),
        ("écharpe", [4]),
        ("ÉCHARPE", [4]),
        ("traduction 5", []),
        ("on sale", [1, 2, 3, 4, 5, 6]),
        ("cups", [1, 2]),
        ("100%", [5]),
        ("Y_4", [4]),
        ("nothing like it", []),
    ],
)
def test_search_looks_into_id_reference_title_and_category(filled: Cli, text: str, ids: list[int]) -> None:
    assert found(filled, "--search", text) == ids


@pytest.mark.parametrize(
    ("status", "ids"),
    [
        ("live", [1, 2]),
        ("processing", [3]),
        ("inactive", [4]),
        ("rejected", [5]),
        ("error", [6]),
        ("not_uploaded", [7]),
        ("not_ready", [8, 9]),
    ],
)
def test_filter_by_status(filled: Cli, status: str, ids: list[int]) -> None:
    assert found(filled, "--status", status) == ids


def test_filters_go_together_and_pages_cover_everything(filled: Cli) -> None:
    assert found(filled, "--template", "Mugs", "--search", "red", "--status", "live") == [2]
    assert found(filled, "--template", "Mugs", "--status", "rejected") == []
    pages = [found(filled, "--page-size", "4", "--page", str(page)) for page in (1, 2, 3, 4)]
    assert pages == [[1, 2, 3, 4], [5, 6, 7, 8], [9], []]
    data = filled("products", "list", "--page-size", "4", "--page", "2", "--json").data
    assert (data["total"], data["page"], data["pages"]) == (9, 2, 3)
    assert "the last is 3" in filled("products", "list", "--page-size", "4", "--page", "4").stderr
    assert "no category template called 'Hats'" in filled("products", "list", "--template", "Hats").stderr


@pytest.mark.slow
def test_lists_read_the_same_on_both_kinds_of_database(database: Database) -> None:
    connection_id = store_connection(database)
    fill(database, connection_id)
    page = product_page(connection_id, ProductFilter("mug", None, ListingStatus.LIVE), page=1, page_size=1)
    assert ([row.id for row in page.rows], page.total, page.counts[ListingStatus.LIVE]) == ([1], 2, 2)
    ready = product_page(connection_id, ProductFilter(status=ListingStatus.NOT_READY), page=1, page_size=9)
    assert [row.id for row in ready.rows] == [8, 9]
    assert [row.id for row in product_page(connection_id, ProductFilter("4"), page=1, page_size=9).rows] == [4]


def test_a_page_loads_no_more_than_itself(sqlite_database: Database) -> None:
    connection_id = store_connection(sqlite_database)
    fill(sqlite_database, connection_id)
    with sqlite_database.write() as session:
        for number in range(100, 600):
            session.add(Product(connection_id=connection_id, id_product=number, reference=f"R-{number}"))
    loaded: list[int] = []

    def count(target: Product, _: Any) -> None:
        loaded.append(target.id_product)

    event.listen(Product, "load", count)
    try:
        page = product_page(connection_id, ProductFilter(), page=3, page_size=20)
    finally:
        event.remove(Product, "load", count)
    assert (len(loaded), page.total) == (20, 509)


def test_one_product(filled: Cli) -> None:
    data = filled("products", "show", "2", "--json").data
    assert data["differs"] is True
    assert [sku["price"] for sku in data["skus"]] == ["12.50 GBP", "15.00 GBP"]
    assert data["changes"][0] == {
        "change": "edit",
        "state": "parked",
        "at": NOW.isoformat(timespec="seconds"),
        "cause": "Refused.",
        "fix": "Change it.",
        "request_id": "r1",
    }
    assert data["shop_page"].endswith("/index.php?controller=product&id_product=2")
    assert "sell/catalog/products/2" in data["back_office"]
    shown = filled("products", "show", "5").stderr
    assert "Status: rejected" in shown
    assert "The title names a brand. Take it out." in shown
    assert "There is no picture. Add one in PrestaShop." in filled("products", "show", "8").stderr
    assert "differs from what is live" in filled("products", "show", "2").stderr
    ran = filled("products", "show", "77")
    assert (ran.status, "No product 77 is known" in ran.stderr) == (2, True)


def test_without_products_the_list_says_what_to_do(connected: Cli) -> None:
    assert "connector run catalog_upload --dry-run" in connected("products", "list").stderr


@pytest.mark.parametrize("command", ["upload", "activate", "deactivate", "delete", "recover", "sync-status"])
def test_products_are_named_in_one_way(filled: Cli, command: str) -> None:
    for words in ((), ("1", "--all")):
        ran = filled("products", command, *words)
        assert (ran.status, "in one way" in ran.stderr) == (2, True)


@pytest.mark.parametrize("command", ["deactivate", "delete"])
@pytest.mark.parametrize(
    ("words", "what"),
    [(("1", "2"), "2 products"), (("--all",), "6 products"), (("--template", "Mugs"), "2 products")],
)
def test_destructive_actions_ask_first(filled: Cli, command: str, words: tuple[str, ...], what: str) -> None:
    ran = filled("products", command, *words, input="n\n")
    assert ran.status == 1
    assert f"{what} o" in ran.stderr


@pytest.mark.slow
def test_actions_end_to_end(cli: Cli, open_stall: Callable[..., Stall]) -> None:
    stall = open_stall(products=8)
    ran = cli("products", "upload", "--all", "--json")
    assert ran.status == 0, ran.stderr
    stall.finish_audits()
    assert cli("products", "sync-status", "--all", "--json").data["ok"]
    listed = [row["id"] for row in cli("products", "list", "--status", "live", "--json").data["products"]]
    first, second, *_ = listed
    ran = cli("products", "deactivate", str(first), "--dry-run")
    assert "connector apply" in ran.stderr
    assert cli("products", "list", "--status", "inactive", "--json").data["total"] == 0
    ran = cli("products", "deactivate", str(first), str(second), input="y\n")
    assert ran.status == 0, ran.stderr
    assert "2 confirmed" in ran.stderr
    assert cli("products", "list", "--status", "inactive", "--json").data["total"] == 2
    assert cli("products", "activate", str(first), "--json").data["counts"] == {"to activate": 1, "confirmed": 1}
    ran = cli("products", "delete", str(second), "--yes", "--json")
    assert (ran.status, ran.data["counts"]) == (0, {"to delete": 1, "confirmed": 1})
    row = next(row for row in cli("products", "list", "--json").data["products"] if row["id"] == second)
    assert (row["status"], row["listing"], row["price"]) == ("not_uploaded", "", "")
    assert cli("products", "recover", str(second), "--json").data["counts"] == {"to recover": 1, "confirmed": 1}
    assert cli("products", "activate", "--all", "--json").data["ok"]
    assert cli("products", "list", "--status", "live", "--json").data["total"] == len(listed)
    ran = cli("products", "activate", "987654", "--json")
    assert (ran.status, [one["code"] for one in ran.data["failures"]]) == (1, ["not_listed"])
