"""Reading both sides for an audit, and the tables made from it; the verdicts themselves are tested with the rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas
import pytest

from clients.errors import Rejected
from models.connections import settings_in_force, store_settings
from models.database import Database
from models.orders import Order, OrderStage
from rules.order_audit import Verdict
from tasks import order_audit, order_export
from tasks.order_audit import Audit, audit_window, compare_orders, importable, read_period
from tasks.order_export import export_audit, export_ledger
from tasks.report import Failure
from tests.models.rows import store_connection
from tests.two_order_books import CANCELLED, Books

# Half past nine in Paris is half past eight in UTC.
NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


@pytest.fixture
def books(database: Database, monkeypatch: pytest.MonkeyPatch) -> Books:
    monkeypatch.setattr(order_audit, "utc_now", lambda: NOW)
    found = Books(database, store_connection(database))
    found.rule(monkeypatch, order_audit, order_export)
    return found


def look(books: Books, days: int = 2, first: date | None = None, last: date | None = None) -> Audit:
    window = audit_window(books.connection_id, days, first, last)
    shown, _ = read_period.fn(books.connection_id, window)
    return compare_orders.fn(books.connection_id, window, shown)


def verdicts(audit: Audit) -> dict[str, Verdict]:
    return {one.order_id[-2:] or f"ps{one.id_orders[0]}": one.verdict for one in audit.orders}


def test_days_are_whole_days_of_the_shop_and_end_a_few_minutes_ago(books: Books) -> None:
    window = audit_window(books.connection_id, 2, None, None)
    assert window.start == datetime(2026, 11, 17, 23, tzinfo=UTC)
    assert window.end == NOW - timedelta(minutes=10)
    assert window.days == [date(2026, 11, day) for day in (18, 19, 20)]
    past = audit_window(books.connection_id, 2, date(2026, 10, 25), date(2026, 10, 25))
    # The clocks went back that day.
    assert past.end - past.start == timedelta(hours=25)
    assert past.days == [date(2026, 10, 25)]


def test_just_after_midnight_today_is_empty_not_wrong(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    midnight = datetime(2026, 11, 19, 23, 5, tzinfo=UTC)
    monkeypatch.setattr(order_audit, "utc_now", lambda: midnight)
    audit = look(books, first=date(2026, 11, 20))
    assert audit.orders == []
    assert not books.tiktok.asked


@pytest.mark.parametrize(
    ("days", "first", "last", "says"),
    [
        (0, None, None, "1 or more"),
        (2, date(2026, 11, 3), date(2026, 11, 2), "after the last"),
        (2, date(2026, 11, 21), date(2026, 11, 22), "still to come"),
    ],
)
def test_days_that_are_none(books: Books, days: int, first: date | None, last: date | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        audit_window(books.connection_id, days, first, last)


def test_everything_in_step(books: Books) -> None:
    for number in range(5):
        books.all_three(number, NOW - timedelta(hours=5 * number + 1))
    audit = look(books)
    assert set(verdicts(audit).values()) == {Verdict.MATCHES}
    assert len(audit.orders) == 5
    assert audit.report().counts == {"matches": 5}
    assert [(row["on TikTok Shop"], row["in PrestaShop"], row["paid"], row["total"]) for row in audit.day_rows()] == [
        (0, 0, "0.00", "0.00"),
        (3, 3, "75.00", "75.00"),
        (2, 2, "50.00", "50.00"),
    ]


def test_what_is_a_few_minutes_old_is_no_gap(books: Books) -> None:
    books.place(1, NOW - timedelta(minutes=9))
    assert look(books).orders == []


def test_one_of_everything(books: Books) -> None:
    at = NOW - timedelta(hours=3)
    books.all_three(1, at)
    books.place(2, at)
    books.place(3, at)
    books.know(
        3, at, stage=OrderStage.READY, id_order=None, id_cart=None, parked_code="no_stock", parked_cause="No stock."
    )
    books.all_three(4, at)
    books.make(4, at, id=1990)
    books.place(5, at)
    books.know(5, at)
    books.place(6, at, status="CANCELLED")
    books.know(6, at)
    books.make(6, at)
    books.place(7, at)
    books.know(7, at)
    books.make(7, at, total_paid=Decimal("24.99"))
    books.make(8, at, note="", id=1991, id_cart=5)
    books.place(9, at, status="UNPAID")
    books.know(9, at, status="UNPAID", stage=OrderStage.SEEN, id_order=None, id_cart=None)
    books.place(10, at)
    books.make(10, at)
    audit = look(books)
    assert verdicts(audit) == {
        "01": Verdict.MATCHES,
        "02": Verdict.MISSING,
        "03": Verdict.PARKED,
        "04": Verdict.DOUBLE,
        "05": Verdict.DELETED,
        "06": Verdict.CANCELLED_ON_TIKTOK,
        "07": Verdict.TOTAL_DIFFERS,
        "09": Verdict.WAITING,
        "10": Verdict.UNLINKED,
        "ps1991": Verdict.STRANGER,
    }
    assert audit.to_catch_up == ["577000000000000002"]
    report = audit.report([Failure(object="order 577000000000000003", code="no_stock", cause="No stock.")])
    assert report.counts["parked"] == 1
    assert [failure.code for failure in report.failures] == [
        "missing",
        "double",
        "deleted",
        "cancelled_on_tiktok",
        "total_differs",
        "unlinked",
        "stranger",
    ]


def test_an_order_that_was_imported_days_later_is_found_by_its_id_and_a_double_by_its_cart(books: Books) -> None:
    at = datetime(2026, 11, 2, 12, tzinfo=UTC)
    books.place(1, at)
    books.know(1, at)
    books.make(1, at + timedelta(days=9))
    # Made by hand from the same cart, with another label.
    books.make(1, at + timedelta(days=10), id=1999, payment="Cash", note="")
    audit = look(books, first=date(2026, 11, 2), last=date(2026, 11, 2))
    assert [(one.verdict, one.id_orders) for one in audit.orders] == [(Verdict.DOUBLE, (1001, 1999))]


def test_prestashop_orders_of_these_days_whose_tiktok_order_is_older_are_no_strangers(books: Books) -> None:
    before = NOW - timedelta(days=9)
    books.know(1, before)
    books.make(1, NOW - timedelta(hours=4))
    assert look(books).orders == []
    # One made twice is told whenever it was placed.
    books.make(1, NOW - timedelta(hours=3), id=1999, id_cart=3)
    assert [one.verdict for one in look(books).orders] == [Verdict.DOUBLE]


def test_a_label_the_webservice_would_misread_is_compared_here(books: Books) -> None:
    with books.database.write() as session:
        _, document = settings_in_force(session, books.connection_id)
        document.orders.payment_label = "TikTok | Shop"
        store_settings(session, books.connection_id, document, note="test", now=NOW)
    at = NOW - timedelta(hours=3)
    books.make(1, at, payment="tiktok | shop", note="")
    books.make(2, at, payment="Card", note="")
    assert verdicts(look(books)) == {"ps1001": Verdict.STRANGER}


def test_another_connection_s_orders_stay_out(books: Books) -> None:
    at = NOW - timedelta(hours=3)
    books.all_three(1, at)
    other = Books(books.database, store_connection(books.database, "other"))
    other.know(2, at)
    assert verdicts(look(books)) == {"01": Verdict.MATCHES}


def test_a_page_that_is_lost_is_gone_on_from(books: Books) -> None:
    for number in range(7):
        books.all_three(number, NOW - timedelta(hours=8 - number))
    books.tiktok.loses_page_after = 2
    assert len(look(books).orders) == 7
    assert len(books.tiktok.asked) == 2
    books.tiktok.loses_page_after = 0
    with pytest.raises(Rejected):
        look(books)


def test_what_cannot_be_read_is_told_and_stops_nothing(books: Books) -> None:
    books.all_three(1, NOW - timedelta(hours=3))
    books.tiktok.orders.append({"id": "5", "create_time": int((NOW - timedelta(hours=1)).timestamp())})
    window = audit_window(books.connection_id, 2, None, None)
    shown, report = read_period.fn(books.connection_id, window)
    assert [one.order_id[-1] for one in shown] == ["1"]
    assert [(failure.object, failure.code) for failure in report.failures] == [("order 5", "unreadable_order")]


def test_what_was_caught_up_on_is_told_apart(books: Books) -> None:
    at = NOW - timedelta(hours=3)
    books.place(1, at)
    books.place(2, at)
    window = audit_window(books.connection_id, 2, None, None)
    shown, _ = read_period.fn(books.connection_id, window)
    behind = compare_orders.fn(books.connection_id, window, shown).to_catch_up
    books.know(1, at)
    books.make(1, at)
    books.know(2, at, stage=OrderStage.READY, id_order=None, id_cart=None)
    assert len(importable(books.connection_id, behind)) == 1
    audit = compare_orders.fn(books.connection_id, window, shown, behind)
    assert verdicts(audit) == {"01": Verdict.CAUGHT_UP, "02": Verdict.UNFINISHED}
    (day,) = (row for row in audit.day_rows() if row["on TikTok Shop"])
    assert (day["missing"], day["caught up"], day["not imported"]) == (0, 1, 1)


def test_only_orders_that_may_go_on_now_are_importable(books: Books) -> None:
    at = NOW - timedelta(hours=3)
    ready = books.know(1, at, stage=OrderStage.CART)
    books.know(2, at)
    books.know(3, at, stage=OrderStage.READY, parked_code="no_stock")
    books.know(4, at, stage=OrderStage.READY, not_before=NOW + timedelta(minutes=1))
    books.know(5, at, stage=OrderStage.IGNORED)
    assert importable(books.connection_id, [f"57700000000000{number:04}" for number in range(1, 6)]) == [ready]


# Exports


@pytest.fixture
def two_days(books: Books) -> Books:
    """An order that is in step, one that differs by 16 cents, one that is missing, and one of the day after."""
    ledger: dict[str, Any] = {
        "list": "30.00",
        "seller_discount": "5.00",
        "funded": {"product": "2.50", "name": "Ada Lovelace"},
        "currency": "EUR",
        "note": "NaN",
    }
    first, second = datetime(2026, 11, 18, 10, tzinfo=UTC), datetime(2026, 11, 19, 22, 30, tzinfo=UTC)
    books.place(1, first)
    books.know(1, first, ledger=ledger, reference="KQZWXTRPA")
    books.make(1, first)
    books.place(2, second)
    books.know(2, second, ledger={"list": "25.16"}, prestashop_total=Decimal("25.16"))
    books.make(2, second, total_paid=Decimal("25.16"))
    books.place(3, second)
    books.all_three(4, datetime(2026, 11, 19, 23, tzinfo=UTC))
    return books


def test_the_ledger_as_csv(two_days: Books, tmp_path: Path) -> None:
    path = tmp_path / "books" / "ledger.csv"
    written = export_ledger(two_days.connection_id, path, date(2026, 11, 18), date(2026, 11, 19))
    assert written == [path, path.with_name("ledger-units.csv")]
    assert sorted(path.parent.iterdir()) == sorted(written)
    orders = pandas.read_csv(path, dtype=str, keep_default_na=False)
    # 22:30 in UTC is still the 19th in Paris, 23:00 is not.
    assert list(orders["day"]) == ["2026-11-18", "2026-11-19"]
    assert list(orders["tiktok_order"]) == ["577000000000000001", "577000000000000002"]
    assert list(orders["difference"]) == ["0.00", "0.16"]
    assert list(orders["ledger_list"]) == ["30.00", "25.16"]
    assert list(orders["ledger_funded_product"]) == ["2.50", ""]
    assert {"ledger_currency", "ledger_note", "ledger_funded_name"}.isdisjoint(orders.columns)
    units = pandas.read_csv(written[1], dtype=str, keep_default_na=False)
    assert list(units["paid"]) == ["25.00", "25.00"]
    # No spreadsheet takes a title for a formula.
    assert units["title"][0] == "'=HYPERLINK(1) mug"
    assert units["seller_sku"][0] == "'-MUG"
    assert not any("Ada" in one.read_text() for one in written)


def test_the_ledger_as_a_workbook(two_days: Books, tmp_path: Path) -> None:
    path = tmp_path / "ledger.xlsx"
    path.write_text("an older one")
    assert export_ledger(two_days.connection_id, path, date(2026, 11, 18), date(2026, 11, 20)) == [path]
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["orders", "units"]
    rows = list(book["orders"].iter_rows())
    names = [cell.value for cell in rows[0]]
    cells = dict(zip(names, rows[2], strict=True))
    assert len(rows) == 4
    assert (cells["prestashop_total"].value, cells["prestashop_total"].number_format) == (25.16, "0.00")
    assert cells["tiktok_order"].value == "577000000000000002"
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def test_the_audit_as_a_workbook_and_as_csv(two_days: Books, tmp_path: Path) -> None:
    audit = look(two_days)
    export_audit(audit, tmp_path / "audit.xlsx")
    book = openpyxl.load_workbook(tmp_path / "audit.xlsx")
    orders = pandas.read_excel(tmp_path / "audit.xlsx", sheet_name="orders", dtype=str)
    assert list(orders["verdict"]) == ["matches", "total_differs", "missing", "matches"]
    assert [row[0].value for row in book["days"].iter_rows(min_row=2)] == ["2026-11-18", "2026-11-19", "2026-11-20"]
    assert (book["days"]["E3"].value, book["days"]["E3"].number_format) == (50, "0.00")
    first, second = export_audit(audit, tmp_path / "audit.csv")
    assert second.name == "audit-days.csv"
    assert "25.16" in first.read_text()
    assert "25.16" in second.read_text()


def test_nothing_to_export_is_an_empty_table(books: Books, tmp_path: Path) -> None:
    for name in ("a.csv", "a.xlsx"):
        export_ledger(books.connection_id, tmp_path / name, date(2026, 11, 18), date(2026, 11, 18))
        export_audit(look(books), tmp_path / f"b{name}")
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames == ["orders", "units"]


def test_another_ending_is_refused_before_anything_is_written(books: Books, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in \.csv or \.xlsx"):
        export_audit(look(books), tmp_path / "audit.pdf")
    assert not list(tmp_path.glob("audit*"))


def test_a_cancelled_try_beside_the_right_order(books: Books) -> None:
    at = NOW - timedelta(hours=3)
    books.all_three(1, at)
    books.make(1, at, id=999, id_cart=998, note="", current_state=CANCELLED)
    audit = look(books)
    assert verdicts(audit) == {"01": Verdict.MATCHES, "ps999": Verdict.SET_ASIDE}
    assert audit.report().failures == []


def test_rows_are_not_touched(books: Books) -> None:
    books.all_three(1, NOW - timedelta(hours=3))

    def rows() -> list[dict[str, Any]]:
        from sqlmodel import select

        with books.database.read() as session:
            return [row.model_dump() for row in session.exec(select(Order))]

    before = rows()
    look(books)
    assert rows() == before
