"""The orders of two shops in memory, behind the calls that an audit makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clients.errors import Rejected
from clients.prestashop.filters import Condition, Filters
from clients.prestashop.reading import _known
from clients.prestashop.records import display_text
from clients.prestashop.resources import resource
from models.connections import Connection, settings_in_force
from models.database import Database
from models.orders import Order, OrderLine, OrderStage
from rules.market import market
from tasks.shops import Shops

PARIS = ZoneInfo("Europe/Paris")
PAID, CANCELLED = 11, 6


@dataclass
class TikTokBook:
    """Searches by creation time as the client does; `loses_page_after` breaks the first search off."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    page_size: int = 2
    loses_page_after: int | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def order_pages(self, **window: Any) -> Iterator[list[dict[str, Any]]]:
        self.asked.append(window)
        assert window.pop("sort_field") == "create_time"
        rows = sorted(
            (row for row in self.orders if window["create_time_ge"] <= row["create_time"] < window["create_time_lt"]),
            key=lambda row: row["create_time"],
        )
        for number, begin in enumerate(range(0, len(rows), self.page_size)):
            if number == self.loses_page_after:
                self.loses_page_after = None
                raise Rejected("stale", shop="tiktok", code="page-token")
            yield rows[begin : begin + self.page_size]


@dataclass
class PrestaShopBook:
    """Orders, filtered as the webservice does."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    asked: list[Filters] = field(default_factory=list)

    def zone(self) -> ZoneInfo:
        return PARIS

    def rows(self, name: str, *, display: Sequence[str], filters: Filters) -> list[dict[str, Any]]:
        known = _known(name, filters, ("id_ASC",))
        display_text(known, display)
        filters.params(PARIS)
        self.asked.append(filters)
        assert resource("orders").name == name
        return [
            {field: row[field] for field in display}
            for row in self.orders
            if all(_fits(row[field], condition) for field, condition in filters)
        ]

    def pages(self, name: str, *, display: Sequence[str], size: int, filters: Filters) -> Iterator[Any]:
        rows = self.rows(name, display=display, filters=filters)
        yield from (rows[begin : begin + 3] for begin in range(0, len(rows), 3))


def _fits(value: Any, condition: Condition) -> bool:
    match condition.kind:
        case "equals":
            return bool(str(value).casefold() == str(condition.values[0]).casefold())
        case "any_of":
            return value in condition.values
        case "between":
            low, high = condition.values
            return bool(low <= value <= high)
    raise AssertionError(condition.kind)


@dataclass
class Books:
    """Both shops and the connector's own tables."""

    database: Database
    connection_id: int
    tiktok: TikTokBook = field(default_factory=TikTokBook)
    prestashop: PrestaShopBook = field(default_factory=PrestaShopBook)

    def open_shops(self, connection_id: int) -> Shops:
        assert connection_id == self.connection_id
        with self.database.read() as session:
            version, document = settings_in_force(session, connection_id)
            connection = session.get_one(Connection, connection_id)
        return Shops(connection, document, version, market("ES"), self.prestashop, self.tiktok)  # type: ignore[arg-type]

    def rule(self, monkeypatch: pytest.MonkeyPatch, *modules: Any) -> None:
        """Be the shops of these modules."""
        for module in modules:
            monkeypatch.setattr(module, "open_shops", self.open_shops)

    def place(self, number: int, at: datetime, *, status: str = "AWAITING_SHIPMENT", paid: str = "25.00") -> str:
        """An order on TikTok Shop; its id."""
        order_id = f"57700000000000{number:04}"
        self.tiktok.orders.append(
            {
                "id": order_id,
                "status": status,
                "create_time": int(at.timestamp()),
                "payment": {"currency": "EUR", "total_amount": paid},
                "recipient_address": {"name": "Ada Lovelace"},
            }
        )
        return order_id

    def know(self, number: int, at: datetime, **changes: Any) -> int:
        """A row of an order that was imported as PrestaShop order 1000 + number; its key."""
        given: dict[str, Any] = {
            "connection_id": self.connection_id,
            "order_id": f"57700000000000{number:04}",
            "status": "AWAITING_SHIPMENT",
            "stage": OrderStage.IMPORTED,
            "created_at": at,
            "seen_at": at,
            "currency": "EUR",
            "total_paid": Decimal("25.00"),
            "total_expected": Decimal("25.00"),
            "prestashop_total": Decimal("25.00"),
            "id_order": 1000 + number,
            "id_cart": 2000 + number,
            "buyer_secret": "Ada Lovelace",
        }
        with self.database.write() as session:
            order = Order(**given | changes)
            session.add(order)
            session.flush()
            session.add(
                OrderLine(
                    connection_id=self.connection_id,
                    order_key=order.key,
                    line_id=f"{number}1",
                    seller_sku="-MUG",
                    title="=HYPERLINK(1) mug",
                    paid=Decimal("25.00"),
                    original=Decimal("30.00"),
                    seller_discount=Decimal("5.00"),
                )
            )
            return order.key

    def make(self, number: int, at: datetime, **changes: Any) -> None:
        """Its order in PrestaShop."""
        given: dict[str, Any] = {
            "id": 1000 + number,
            "id_cart": 2000 + number,
            "reference": "KQZWXTRPA",
            "note": f"TikTok Shop order 57700000000000{number:04} (ES)",
            "payment": "TikTok Shop",
            "current_state": PAID,
            "total_paid": Decimal("25.000000"),
            "date_add": at.astimezone(UTC) + timedelta(minutes=3),
        }
        self.prestashop.orders.append(given | changes)

    def all_three(self, number: int, at: datetime, **changes: Mapping[str, Any]) -> None:
        """The same order on every side."""
        self.place(number, at)
        self.know(number, at)
        self.make(number, at)
