"""What tests of shipments, cancellations and statuses begin from: imported orders, and a look at both sides of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Self

from sqlmodel import col, select

from flows.cancellation_sync import cancellation_sync
from flows.order_import import order_import
from flows.order_status_sync import order_status_sync
from flows.shipment_push import shipment_push
from models.connections import settings_in_force, store_settings
from models.database import database
from models.listings import Change, ChangeKind, ChangeState
from models.orders import AfterSale, Order, OrderEvent, OrderStage
from models.settings import ConnectionSettings
from models.taxonomy import ShippingProvider
from models.templates import CarrierMapping, StatusMapping
from sandbox.tiktok import order_model
from sandbox.tiktok.order_book import OrderBook
from sandbox.tiktok.order_entry import Entry
from sandbox.tiktok.order_model import Item, Package
from tasks.report import RunResult
from tasks.statuses import read_statuses
from tests.flows.keeping_step import Listed, MovedClock, Sent
from tests.stall import Stall

OPEN = (ChangeState.PLANNED, ChangeState.SENT)
# How names of endpoints end
SHIP = ("/packages", "/ship", "/shipping_info/update")
CANCEL, APPROVE, REJECT = "/cancellations", "/approve", "/reject"
# The state of an order that came in by the webservice
IMPORTED = 11


class Killed(BaseException):
    """The process ends here, as far as the code that runs can tell."""

    @classmethod
    def raising(cls, *_: Any, **__: Any) -> NoReturn:
        raise cls


@dataclass
class Trade(Listed):
    """A shop that has sold something: `sold` are the ids of its orders, all of them imported."""

    sold: list[str]

    @classmethod
    def of(cls, stall: Stall) -> Self:
        """A stall of another market, its catalogue uploaded and live; nothing is sold yet."""
        stall.upload()
        stall.finish_audits()
        read_statuses.fn(stall.connection_id, 0)
        return cls(stall.sandbox, stall.connection_id, MovedClock(), Sent(), [])

    # TikTok Shop's side

    @property
    def book(self) -> OrderBook:
        return self.sandbox.tiktok.shop.book

    def order(self, number: int) -> order_model.Order:
        """One of the imported orders: the first has one unit, the second two, the third three."""
        return self.book.orders[self.sold[number]]

    def place(self, *quantities: int, **entry: Any) -> order_model.Order:
        """A buyer orders so many pieces of one product each; paid, past its hold, and moved by nobody but the test."""
        items = [Item(sku_id, pieces) for sku_id, pieces in zip(self._on_sale(), quantities or (1,), strict=False)]
        return self.book.place(Entry(items, **{"on_hold": False, "timed": False, **entry}))

    def _on_sale(self) -> list[str]:
        """One SKU a product, the fullest first."""
        best: dict[int, tuple[int, str]] = {}
        for sku in self.skus():
            there = (sku.offered or 0, sku.sku_id)
            best[sku.id_product or 0] = max(best.get(sku.id_product or 0, there), there)
        return [sku_id for _, sku_id in sorted(best.values(), reverse=True)]

    def parcels(self, order: order_model.Order) -> list[Package]:
        """Those that have left."""
        return [package for package in order.packages.values() if package.shipped_at is not None]

    def numbers(self, order: order_model.Order) -> list[str]:
        """Their tracking numbers."""
        return [package.tracking_number for package in self.parcels(order)]

    def carrier_name(self, order: order_model.Order) -> str:
        """What the order's carrier is called on TikTok Shop."""
        (package,) = self.parcels(order)
        return package.provider_name

    def sent_to(self, *paths: str) -> int:
        """How many calls of endpoints that end so reached TikTok Shop."""
        return sum(number for name, number in self.sandbox.tiktok.calls.items() if str(name).endswith(paths))

    # PrestaShop's side

    def id_order(self, order: order_model.Order) -> int:
        """PrestaShop's order."""
        found = self.row(order).id_order
        assert found is not None
        return found

    def state(self, order: order_model.Order) -> int:
        """The PrestaShop state that it is in."""
        return int(self.sandbox.prestashop.order(self.id_order(order))["current_state"])

    def states(self, order: order_model.Order) -> list[int]:
        """The PrestaShop states that it has been in."""
        return self.sandbox.prestashop.order_states(self.id_order(order))

    def set_state(self, order: order_model.Order, state: int) -> None:
        """By an employee, at a moment of its own."""
        self.clock.advance(seconds=2)
        self.sandbox.prestashop.set_order_state(self.id_order(order), state)

    def track(self, order: order_model.Order, number: str, carrier_reference: int | None = None) -> None:
        """The number of the first parcel, as it is typed into the order page."""
        self.sandbox.prestashop.add_tracking(self.id_order(order), number, carrier_reference)

    def carrier_of(self, order: order_model.Order) -> int:
        """The id_reference of the carrier it was imported with."""
        shop = self.sandbox.prestashop
        carrier = shop.parcels(self.id_order(order))[0]["id_carrier"]
        return int(shop.row("carriers", carrier)["id_reference"])

    def stock(self, order: order_model.Order) -> dict[tuple[int, int], int]:
        """PrestaShop's stock of what was ordered."""
        variants = {
            (sku.id_product or 0, sku.id_product_attribute or 0)
            for unit in order.units
            for sku in self.skus(sku_id=unit.sku_id)
        }
        return {one: self.sandbox.prestashop.stock(*one) for one in variants}

    # What is set

    def order_settings(self, **changes: Any) -> None:
        """A new version of the connection's order settings."""
        with database().write() as session:
            _, document = settings_in_force(session, self.connection_id)
            orders = {**document.orders.model_dump(), **changes}
            changed = ConnectionSettings.model_validate({**document.model_dump(), "orders": orders})
            store_settings(session, self.connection_id, changed, note="test", now=self.clock())

    def map_carrier(self, reference: int, provider: str = "Evri") -> None:
        """A PrestaShop carrier is a provider of TikTok Shop, for all delivery options."""
        with database().write() as session:
            found = session.exec(select(ShippingProvider).where(ShippingProvider.name == provider)).first()
            assert found is not None
            session.add(
                CarrierMapping(
                    connection_id=self.connection_id,
                    id_reference=reference,
                    provider_id=found.id,
                    provider_name=provider,
                )
            )

    def map_status(self, status: str, state: int, *, direction: str = "to_prestashop", cancel_reason: str = "") -> None:
        """A status of TikTok Shop is a state of PrestaShop."""
        with database().write() as session:
            session.add(
                StatusMapping(
                    connection_id=self.connection_id,
                    direction=direction,
                    tiktok_status=status,
                    id_order_state=state,
                    cancel_reason=cancel_reason,
                )
            )

    # The flows

    def bring(self, order: order_model.Order) -> order_model.Order:
        """Import it."""
        order_import("sandbox")
        assert self.row(order).stage is OrderStage.IMPORTED
        return order

    def push(self, **parameters: Any) -> RunResult:
        """Shipments, a moment later."""
        return self._later(shipment_push, **parameters)

    def cancel(self, **parameters: Any) -> RunResult:
        """Cancellations and returns, a moment later."""
        return self._later(cancellation_sync, **parameters)

    def follow(self, **parameters: Any) -> RunResult:
        """Statuses, a moment later."""
        return self._later(order_status_sync, **parameters)

    def _later(self, run: Any, **parameters: Any) -> RunResult:
        self.clock.advance(seconds=2)
        result: RunResult = run("sandbox", **parameters)
        return result

    # What the connector knows

    def row(self, order: order_model.Order) -> Order:
        """Our row of an order."""
        with database().read() as session:
            return session.exec(select(Order).where(Order.order_id == order.id)).one()

    def made(self, *kinds: ChangeKind, state: Sequence[ChangeState] = ()) -> list[Change]:
        """Stored changes of orders, oldest first."""
        wanted = kinds or (ChangeKind.SHIP, ChangeKind.CANCEL, ChangeKind.ANSWER, ChangeKind.STATE)
        query = select(Change).where(col(Change.kind).in_(wanted)).order_by(col(Change.id))
        if state:
            query = query.where(col(Change.state).in_(state))
        with database().read() as session:
            return list(session.exec(query))

    def requests(self, order: order_model.Order) -> list[AfterSale]:
        """What we know of its cancellations and returns, oldest first."""
        with database().read() as session:
            return list(
                session.exec(select(AfterSale).where(AfterSale.order_id == order.id).order_by(col(AfterSale.id)))
            )

    def expect_no_buyer(self, *said: Any) -> None:
        """Nothing of these, and nothing of what is stored in clear, names a buyer of the imported orders."""
        with database().read() as session:
            rows = [order.model_dump(exclude={"buyer_secret"}) for order in session.exec(select(Order))]
        text = f"{said} {rows} {[change.model_dump() for change in self.made()]}"
        for number in range(len(self.sold)):
            recipient = self.order(number).recipient
            for name in ("name", "address_line1", "phone_number", "full_address"):
                assert len(recipient[name]) > 4
                assert recipient[name] not in text

    def told(self, order: order_model.Order) -> list[str]:
        """What the order's history says."""
        with database().read() as session:
            return list(
                session.exec(
                    select(OrderEvent.text)
                    .where(OrderEvent.order_key == self.row(order).key)
                    .order_by(col(OrderEvent.id))
                )
            )


def codes(result: RunResult) -> list[str]:
    """Of its failures."""
    return [failure.code for failure in result.failures]
