"""order_audit as a flow: what is missing is caught up on by the import's own means, and told; the shops are books."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from flows.order_audit import order_audit
from models.connections import AuthorizationState, Connection
from models.database import Database
from models.listings import Plan
from models.orders import Order, OrderStage
from tasks import order_audit as audits
from tasks import order_export, order_facts, order_reading
from tasks import runs as frame
from tasks.report import BatchReport, Failure
from tasks.runs import Run
from tests.models.rows import store_connection
from tests.two_order_books import Books

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=3)


@dataclass
class Importing:
    """The import's two steps: orders become rows, rows become PrestaShop orders, but for the refused ones."""

    books: Books
    refused: set[str] = field(default_factory=set)
    read: list[Sequence[str]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)

    def read_again(self, run: Run, order_ids: Sequence[str]) -> BatchReport:
        self.read.append(list(order_ids))
        for order_id in order_ids:
            self.books.know(int(order_id[-4:]), EARLIER, stage=OrderStage.READY, id_order=None, id_cart=None)
        return BatchReport(counts={"new": len(order_ids)})

    def import_orders(self, run: Run, keys: Sequence[int], *, dry_run: bool, anew: bool) -> BatchReport:
        assert not dry_run
        report = BatchReport()
        for key in keys:
            with self.books.database.write() as session:
                order = session.get_one(Order, key)
                number = int(order.order_id[-4:])
                if order.order_id in self.refused:
                    order.parked_code, order.parked_cause = "no_stock", "No stock."
                    report.failed(Failure(object=f"order {order.order_id}", code="no_stock", cause="No stock."))
                    continue
                order.stage, order.id_order, order.id_cart = OrderStage.IMPORTED, 1000 + number, 2000 + number
            self.books.make(number, NOW)
            report.count("imported")
        return report

    def table(self, **given: Any) -> None:
        self.tables.append(given)

    def shown(self, key: str) -> Any:
        return next(one["table"] for one in self.tables if one["key"] == key)


@pytest.fixture
def importing(prefect: None, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> Importing:
    for module in (audits, frame):
        monkeypatch.setattr(module, "utc_now", lambda: NOW)
    connection_id = store_connection(sqlite_database)
    with sqlite_database.write() as session:
        connection = session.get_one(Connection, connection_id)
        connection.authorization, connection.shop_id = AuthorizationState.AUTHORIZED, "7495000000000000001"
    books = Books(sqlite_database, connection_id)
    books.rule(monkeypatch, audits, order_export)
    steps = Importing(books)
    monkeypatch.setattr(order_facts, "read_order_tables", lambda _: BatchReport())
    monkeypatch.setattr(order_reading, "read_again", steps.read_again)
    # The package's name for it is the flow itself.
    monkeypatch.setattr(sys.modules["flows.order_audit"], "import_orders", steps.import_orders)
    monkeypatch.setattr(frame, "create_table_artifact", steps.table)
    return steps


def test_what_is_missing_is_imported_and_the_day_says_so(importing: Importing) -> None:
    importing.books.all_three(1, EARLIER)
    importing.books.place(2, EARLIER)
    result = order_audit("main")
    assert importing.read == [["577000000000000002"]]
    assert result.ok
    assert result.counts == {"new": 1, "imported": 1, "matches": 1, "caught up": 1}
    day = importing.shown("order-audit-main-days")[-1]
    assert (day["day"], day["on TikTok Shop"], day["in PrestaShop"]) == ("2026-11-20", 2, 2)
    assert (day["missing"], day["caught up"], day["paid"], day["total"]) == (0, 1, "50.00", "50.00")
    assert order_audit("main").counts == {"matches": 2}
    assert len(importing.read) == 1


def test_what_cannot_be_imported_is_told_once(importing: Importing) -> None:
    importing.books.place(2, EARLIER)
    importing.refused.add("577000000000000002")
    result = order_audit("main")
    assert [(one.object, one.code) for one in result.failures] == [("order 577000000000000002", "no_stock")]
    assert not result.ok


def test_without_catching_up_nothing_is_written(importing: Importing) -> None:
    importing.books.place(2, EARLIER)
    result = order_audit("main", catch_up=False)
    assert importing.read == []
    assert [one.code for one in result.failures] == ["missing"]
    assert importing.shown("order-audit-main-failures")[0]["object"] == "order 577000000000000002"
    with importing.books.database.read() as session:
        assert session.exec(select(Order)).all() == []
        assert session.exec(select(Plan.dry_run)).one()


def test_what_prestashop_has_already_is_never_imported_again(importing: Importing) -> None:
    importing.books.place(2, EARLIER)
    importing.books.make(2, EARLIER)
    assert [one.code for one in order_audit("main").failures] == ["unlinked"]
    assert importing.read == []


def test_many_are_read_in_batches(importing: Importing) -> None:
    for number in range(250):
        importing.books.place(number, EARLIER)
    assert order_audit("main").counts["caught up"] == 250
    assert [len(part) for part in importing.read] == [100, 100, 50]


def test_days_by_date_and_an_export(importing: Importing, tmp_path: Path) -> None:
    importing.books.all_three(1, datetime(2026, 11, 2, 12, tzinfo=UTC))
    importing.books.all_three(2, datetime(2026, 11, 4, 12, tzinfo=UTC))
    path = tmp_path / "audit.csv"
    result = order_audit("main", first=date(2026, 11, 1), last=date(2026, 11, 3), export=str(path))
    assert result.counts == {"matches": 1}
    assert [row["day"][-1] for row in importing.shown("order-audit-main-days")] == ["1", "2", "3"]
    assert "577000000000000001" in path.read_text()


def test_an_ending_that_cannot_be_written_is_said_before_anything_is_done(importing: Importing) -> None:
    importing.books.place(2, EARLIER)
    with pytest.raises(ValueError, match="must end in"):
        order_audit("main", export="audit.pdf")
    assert importing.read == []
