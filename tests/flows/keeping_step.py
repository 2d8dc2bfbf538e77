"""What tests of prices and stock have in common: a clock to move, the calls that were sent, and who judges the end."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import col, select

from clients.errors import ShopError
from clients.tiktok.client import TikTokClient
from flows.price_stock_sync import price_stock_sync
from models.connections import settings_in_force, store_settings
from models.database import database
from models.listings import Change, ChangeState, Listing, ListingSku
from models.settings import ConnectionSettings
from rules.offers import warehouse_stock
from sandbox import oracle
from sandbox.tiktok.shelf import Offer
from tasks.inputs import read_inputs
from tasks.offers import asked_prices, load_offers
from tasks.report import RunResult
from tasks.shops import open_shops
from tests.stall import Stall

GREAT_BRITAIN = oracle.Connection(market="GB", currency="GBP")


class MovedClock:
    """The real time, and what it was moved by."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def advance(self, **span: float) -> datetime:
        """Move on by a timedelta's arguments and answer the new time."""
        self.offset += timedelta(**span)
        return self()

    def reset(self) -> None:
        self.offset = timedelta()

    def rule(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be the clock of all tasks and flows; before the first client is made, which keeps the one it gets."""
        for name, module in list(sys.modules.items()):
            if name.split(".")[0] in ("tasks", "flows") and hasattr(module, "utc_now"):
                monkeypatch.setattr(module, "utc_now", self)


@dataclass
class Sent:
    """Calls that set prices and stock, by TikTok's product id; every attempt counts once."""

    prices: Counter[str] = field(default_factory=Counter)
    stocks: Counter[str] = field(default_factory=Counter)

    @classmethod
    def watched(cls, monkeypatch: pytest.MonkeyPatch) -> Sent:
        """A record of what clients send from now on in this process."""
        sent = cls()

        def watch(name: str, counted: Counter[str]) -> None:
            call: Callable[..., Any] = getattr(TikTokClient, name)

            def counting(client: TikTokClient, product_id: str, skus: Any) -> Any:
                counted[product_id] += 1
                return call(client, product_id, skus)

            monkeypatch.setattr(TikTokClient, name, counting)

        watch("update_prices", sent.prices)
        watch("update_inventory", sent.stocks)
        return sent

    def clear(self) -> None:
        self.prices.clear()
        self.stocks.clear()


@dataclass
class Listed(Stall):
    """A stall whose catalogue is listed, with the calls that keep it in step."""

    clock: MovedClock
    sent: Sent

    def sync(self, **parameters: Any) -> RunResult:
        """Run the flow; all sweeps are made, whatever the clock says, unless told otherwise."""
        self.sent.clear()
        result: RunResult = price_stock_sync("sandbox", **{"full": "product_ids" not in parameters, **parameters})
        return result

    def until_quiet(self, *, runs: int = 8, **parameters: Any) -> None:
        """Run until a run has nothing to send; what waits for a lock is waited out."""
        failed: ShopError | None = None
        for _ in range(runs):
            self.clock.advance(hours=3)
            try:
                self.sync(**parameters)
            except ShopError as error:
                failed = error
                continue
            if not self.sent.prices and not self.sent.stocks:
                return
        raise AssertionError(f"still sending after {runs} runs: {self.sent}") from failed

    def settings(self, **changes: Any) -> None:
        """A new version of the connection's product settings."""
        with database().write() as session:
            _, document = settings_in_force(session, self.connection_id)
            products = document.products.model_copy(update=changes)
            changed = ConnectionSettings.model_validate({**document.model_dump(), "products": products.model_dump()})
            store_settings(session, self.connection_id, changed, note="test", now=self.clock())

    def skus(self, **wanted: Any) -> list[ListingSku]:
        """Linked SKUs whose columns have these values."""
        with database().read() as session:
            query = select(ListingSku).where(col(ListingSku.id_product).is_not(None)).order_by(col(ListingSku.id))
            for name, value in wanted.items():
                query = query.where(getattr(ListingSku, name) == value)
            return list(session.exec(query))

    def product_id(self, id_product: int) -> str:
        """TikTok's id of a listed product."""
        with database().read() as session:
            return session.exec(select(Listing.product_id).where(Listing.id_product == id_product)).one()

    def offers(self, id_product: int) -> Mapping[int, Offer]:
        """What TikTok Shop shows of a product's SKUs, by combination."""
        shown = self.shelf[self.product_id(id_product)].offers
        return {sku.id_product_attribute or 0: shown[sku.sku_id] for sku in self.skus(id_product=id_product)}

    def simple(self, number: int = 0) -> int:
        """A listed product without combinations that has stock, no special price, and is no pack."""
        return [one for one, variants in self._stocked() if variants == {0}][number]

    def with_variants(self, number: int = 0) -> int:
        """The same with at least two combinations in stock."""
        return [one for one, variants in self._stocked() if len(variants) > 1][number]

    def _stocked(self) -> list[tuple[int, set[int]]]:
        shop = self.sandbox.prestashop
        special = {row["id_product"] for row in shop.tables["specific_prices"].rows.values()}
        found: dict[int, set[int]] = defaultdict(set)
        for sku in self.skus():
            id_product = sku.id_product or 0
            pack = shop.tables["products"].rows[id_product].get("_bundle")
            if id_product not in special and not pack and (sku.offered or 0) > 0:
                found[id_product].add(sku.id_product_attribute or 0)
        return sorted(found.items())

    def changes(self, **wanted: Any) -> list[Change]:
        """Stored changes of prices and stock whose columns have these values, oldest first."""
        with database().read() as session:
            query = select(Change).where(col(Change.kind).in_(["price", "stock"])).order_by(col(Change.id))
            for name, value in wanted.items():
                query = query.where(getattr(Change, name) == value)
            return list(session.exec(query))


def total(offer: Offer) -> int:
    """Pieces that buyers can order, in all warehouses."""
    return sum(offer.stock.values())


def expect_in_step(listed: Listed, judge: oracle.Connection | None = GREAT_BRITAIN) -> None:
    """Every linked SKU shows what rules say and, judged without them, what the shops say; no outcome is unknown.

    Args:
        listed: both shops.
        judge: what was agreed, in the sandbox's own words; None where the test changes what the sandbox cannot judge.
    """
    assert not listed.changes(state=ChangeState.SENT)
    shops = open_shops(listed.connection_id)
    inputs = read_inputs(shops, listed.clock())
    shelf = listed.shelf
    wrong: list[tuple[str, str, str, object]] = []
    with database().read() as session:
        linked = session.exec(
            select(ListingSku.id_product, ListingSku.id_product_attribute).where(
                col(ListingSku.id_product).is_not(None)
            )
        ).all()
        variants = [(id_product or 0, attribute or 0) for id_product, attribute in linked]
        asked = None
        if shops.settings.products.price_source == "shop":
            asked = asked_prices(shops, inputs.price, variants)
        for one in load_offers(session, shops, inputs, sorted({one for one, _ in variants}), asked):
            if one.listing.status in ("DELETED", "FREEZE"):
                continue
            for sku_id, want in one.wanted.items():
                offer = shelf[one.listing.product_id].offers[sku_id]
                if want.price is not None and (Decimal(offer.price), offer.currency) != (
                    want.price.amount,
                    want.price.currency,
                ):
                    wrong.append((sku_id, "price", offer.price, want.price.amount))
                stock = warehouse_stock(
                    want.stock,
                    offer.stock,
                    sum(offer.committed.values()),
                    warehouse_id=inputs.warehouse_id,
                    threshold=shops.settings.products.inventory_threshold,
                    everywhere=want.everywhere,
                    backorder=want.backorder,
                ).value
                # Orders since the last look leave less than that.
                if stock != offer.stock:
                    wrong.append((sku_id, "stock", str(offer.stock), stock))
    assert not wrong
    if judge is not None:
        differences = oracle.differences(listed.sandbox.prestashop, listed.sandbox.tiktok, judge, reserved="all")
        open_ones = [one for one in differences if not one.lock]
        assert not open_ones, open_ones
