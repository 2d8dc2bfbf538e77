"""Orders under every fault, with the process killed again and again: `make campaign SEED=7 ORDERS=500`.

Three markets live in one installation. Buyers order, change their minds, ask to cancel; the warehouse ships, an
employee cancels, other customers buy the same products. All the while processes run the order flows and are killed in
the middle of a request, and both shops answer with every fault of the sandbox. At the end the simulators' own books are
held against each other, without the connector's tables: each order that should exist exists once, to the cent; stock
moved once; each parcel is known with the right carrier and number; each cancellation is on both sides; nothing masked
is stored; and what waits for a person has a true cause.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from prefect.settings.context import get_current_settings
from sqlalchemy import update
from sqlmodel import select

from config.settings import settings
from console.demo_shop import add_templates, connect_sandbox
from flows.catalog_upload import catalog_upload
from models.connections import settings_in_force, store_settings
from models.database import database
from models.listings import Change
from models.orders import AfterSale, Order
from models.settings import ConnectionSettings
from models.templates import CarrierMapping
from sandbox.faults import KINDS, Faults
from sandbox.prestashop.tables import Row
from sandbox.server import Sandbox
from sandbox.tiktok import order_model
from sandbox.tiktok.logistics import carriers
from sandbox.tiktok.order_generator import OrderGenerator
from tasks.shops import utc_now
from tests.shared_prefect import prefect_of_tests

REGIONS = ("GB", "US", "ES")
# Everywhere but at the token host, where an answer that is lost ends the authorization for good (1.4).
EVERYWHERE = ("/api/[!v]*", "/order/*", "/fulfillment/*", "/return_refund/*", "/logistics/*")
# A platform that stops a cancellation for good parks it, which is right and would leave nothing to compare.
LEFT_OUT = ("risk_control",)
CANCELLED, ERROR = 6, 8
REASON = "seller_cancel_reason_out_of_stock"


@dataclass
class Market:
    """One connection with both its shops, and what was done in them."""

    region: str
    box: Sandbox
    connection_id: int
    buyers: OrderGenerator
    stock: dict[tuple[int, int], int]
    carriers: dict[int, str]
    placed: list[order_model.Order] = field(default_factory=list)
    # PrestaShop order → the tracking number the warehouse entered
    shipped: dict[int, str] = field(default_factory=dict)
    cancelled_by_employee: set[int] = field(default_factory=set)

    @property
    def shop(self) -> Any:
        return self.box.prestashop

    @property
    def seller(self) -> Any:
        return self.box.tiktok.shop

    def made(self) -> dict[str, list[Row]]:
        """PrestaShop's orders by the TikTok order their note names; those made wrong and cancelled are left out."""
        found: dict[str, list[Row]] = {}
        for id_order in list(self.shop.tables["orders"].ids):
            row = {**self.shop.order(id_order), "id": id_order}
            note = str(row.get("note") or "")
            if note.startswith("TikTok Shop order "):
                found.setdefault(note.split()[3], []).append(row)
        return found


class Campaign:
    """The days and nights of three markets."""

    def __init__(self, seed: int, orders: int, deaths: int, home: Path, say: Any = print) -> None:
        self.dice = random.Random(seed)
        self.seed, self.orders, self.deaths, self.home, self.say = seed, orders, deaths, home, say
        self.markets: list[Market] = []
        self.died = 0
        self.tracking = 0

    def open(self, stack: ExitStack) -> None:
        """Both shops of every market, connected and listed."""
        database().upgrade()
        for number, region in enumerate(REGIONS):
            box = stack.enter_context(Sandbox(products=30, seed=self.seed + number, region=region, audit_seconds=0.0))
            name = region.lower()
            connection_id = connect_sandbox(box.settings(), box.auth_code(), name=name)
            add_templates(connection_id, self.home / "documents" / name)
            box.prestashop.add_fee_product()
            self._agree(connection_id, box)
            catalog_upload(name)
            box.tiktok.advance(3600)
            box.tiktok.shop.shelf.settle()
            pace = box.tiktok.shop.book.pace
            pace.remorse, pace.collect, pace.transit, pace.platform_ships = 3, 4, 4, 3
            stock = {
                (row.get("id_product", 0), row.get("id_product_attribute", 0)): row.get("quantity", 0)
                for row in box.prestashop.tables["stock_availables"].rows.values()
            }
            buyers = OrderGenerator(box.tiktok, self.seed + number)
            names = {row["id_reference"]: row["name"] for row in _carriers(box)}
            self.markets.append(Market(region, box, connection_id, buyers, stock, names))

    def _agree(self, connection_id: int, box: Sandbox) -> None:
        """What the merchant decided: carriers, reasons, the status of imported orders."""
        providers = carriers(box.tiktok.shop.market)
        with database().write() as session:
            _, document = settings_in_force(session, connection_id)
            orders = {
                **document.orders.model_dump(),
                "cancel_reason": REASON,
                "imported_state": 3,
                "force_create": True,
            }
            changed = ConnectionSettings.model_validate({**document.model_dump(), "orders": orders})
            store_settings(session, connection_id, changed, note="campaign", now=utc_now())
            for number, row in enumerate(_carriers(box)):
                provider = providers[number % len(providers)]
                session.add(
                    CarrierMapping(
                        connection_id=connection_id,
                        id_reference=row["id_reference"],
                        provider_id=provider["id"],
                        provider_name=provider["name"],
                    )
                )

    # What happens

    def play(self) -> None:
        """Orders and deaths until there were enough of both, then quiet days until nothing moves."""
        self.faults(0.05)
        while self._placed < self.orders or self.died < self.deaths:
            if self._placed < self.orders:
                self.happenings()
            self.life(self.dice.choice((3, 8, 15, 30, 60, 120)), answered=self.dice.random() < 0.5)
            if self._placed >= self.orders and self.died >= self.deaths:
                break
        self.faults(0)
        self.say(f"seed {self.seed}: {self._placed} orders placed, {self.died} deaths; now quiet")
        for _ in range(12):
            self.warehouse(everything=True)
            for market in self.markets:
                market.seller.book.settle()
            # As if the time had come for what was put off.
            with database().write() as session:
                session.connection().execute(update(Order).values(not_before=None))
                session.connection().execute(update(Change).values(not_before=None))
            self.worker(0, answered=False, rounds=1)
            if self.is_quiet():
                break

    @property
    def _placed(self) -> int:
        return sum(len(market.placed) for market in self.markets)

    def faults(self, rate: float) -> None:
        rules = (
            []
            if not rate
            else Faults.parse(
                ",".join(
                    f"{kind}={rate + 0.05 * self.dice.random():.3f}@{path}"
                    for kind in KINDS
                    for path in EVERYWHERE
                    if kind not in LEFT_OUT
                ),
                seed=self.seed,
            ).rules
        )
        for market in self.markets:
            market.box.faults.slow_seconds = 0.02
            market.box.faults.set(rules)

    def happenings(self) -> None:
        """Some minutes in all markets: buyers, warehouse, employees, other customers."""
        for market in self.markets:
            number = min(self.dice.randint(2, 6), self.orders - self._placed)
            if number > 0:
                market.placed += market.buyers.place_random(number)
            self._buyers(market)
            self._others(market)
        self.warehouse()
        time.sleep(0.3)

    def _buyers(self, market: Market) -> None:
        book, desk = market.seller.book, market.seller.aftersales
        book.settle()
        for order in self.dice.sample(market.placed, min(len(market.placed), 3)):
            dice = self.dice.random()
            if order.status == "ON_HOLD" and dice < 0.2:
                book.cancel_by_buyer(order)
            elif (
                order.status == "AWAITING_SHIPMENT"
                and dice < 0.15
                and _by_seller(order)
                and not book.wants_cancel(order)
            ):
                desk.buyer_requests_cancellation(order.id)

    def _others(self, market: Market) -> None:
        keys = [key for key, quantity in market.stock.items() if quantity > 20]
        if keys and self.dice.random() < 0.5:
            market.shop.order_elsewhere(*self.dice.choice(keys), 1)

    def warehouse(self, *, everything: bool = False) -> None:
        """Parcels leave, and an employee cancels an order now and then."""
        for market in self.markets:
            for order_id, rows in market.made().items():
                order = market.seller.book.orders[order_id]
                for row in rows:
                    if row["id"] in market.shipped or row["current_state"] in (CANCELLED, ERROR):
                        continue
                    dice = self.dice.random()
                    if dice < 0.06 and not everything and row["id"] not in market.cancelled_by_employee:
                        market.shop.cancel_order(row["id"])
                        market.cancelled_by_employee.add(row["id"])
                    elif (dice < 0.4 or everything) and row["current_state"] == 3 and _by_seller(order):
                        self.tracking += 1
                        number = f"TRK{self.seed:04d}{self.tracking:06d}"
                        reference = self.dice.choice(list(market.carriers))
                        market.shop.add_tracking(row["id"], number, reference)
                        market.shipped[row["id"]] = number

    def life(self, requests: int, *, answered: bool) -> None:
        """One process, from its start to its death."""
        self.died += self.worker(requests, answered=answered, rounds=3)

    def worker(self, requests: int, *, answered: bool, rounds: int) -> bool:
        """Run the flows in a process of their own; whether it was killed."""
        api = str(get_current_settings().api.url)
        process = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.campaign_worker",
                str(requests),
                "answered" if answered else "unanswered",
                str(rounds),
            ],
            env={**os.environ, "PREFECT_API_URL": api, "PREFECT_LOGGING_LEVEL": "CRITICAL"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=600,
            check=False,
        )
        if process.returncode not in (0, -9):
            raise AssertionError(f"a process ended with {process.returncode}:\n{process.stderr[-4000:]}")
        return process.returncode == -9

    def is_quiet(self) -> bool:
        """Whether every order came to an end on both sides or waits for a person."""
        with database().read() as session:
            rows = {(row.connection_id, row.order_id): row for row in session.exec(select(Order))}
        for market in self.markets:
            made = market.made()
            for order in market.placed:
                row = rows.get((market.connection_id, order.id))
                unseen = row is None or (row.stage.value in ("seen", "on_hold", "ready") and not row.is_parked)
                if unseen and order.status in ("AWAITING_SHIPMENT", "ON_HOLD") and order.order_type != "PRE_ORDER":
                    return False
                for one in made.get(order.id, []):
                    if one["id"] in market.shipped and order.status == "AWAITING_SHIPMENT":
                        return False
        return True

    # What came of it

    def judge(self) -> Counter[str]:
        """Hold both books against each other.

        Raises:
            AssertionError: naming what is wrong.
        """
        figures: Counter[str] = Counter()
        faults: list[str] = []
        with database().read() as session:
            rows = {(row.connection_id, row.order_id): row for row in session.exec(select(Order))}
            asked = {row.order_id for row in session.exec(select(AfterSale)) if row.parked_code}
        for market in self.markets:
            faults += self._judge(market, rows, asked, figures)
        if faults:
            raise AssertionError(f"seed {self.seed}: {len(faults)} faults\n" + "\n".join(faults[:40]))
        return figures

    def _judge(
        self, market: Market, rows: dict[tuple[int, str], Order], asked: set[str], figures: Counter[str]
    ) -> Iterator[str]:
        made, name = market.made(), market.region
        if market.shop.parallel_orders:
            yield f"{name}: {market.shop.parallel_orders} orders were made side by side"
        for order in market.placed:
            where, row = f"{name} {order.id} {order.status}", rows.get((market.connection_id, order.id))
            mine = made.get(order.id, [])
            if row is None:
                yield f"{where}: was never seen"
                continue
            if len(mine) > 1:
                yield f"{where}: made {len(mine)} times"
                continue
            figures["orders"] += 1
            if row.is_parked:
                figures[f"parked {row.parked_code}"] += 1
                if not _true_cause(order, row.parked_code):
                    yield f"{where}: waits for {row.parked_code}: {row.parked_cause}"
                continue
            if _by_seller_and_due(order) and not mine:
                yield f"{where}: is missing in PrestaShop ({row.stage.value} {row.sending} {row.reasons})"
                continue
            if not mine:
                figures["not made"] += 1
                continue
            figures["made"] += 1
            yield from self._judge_made(market, order, mine[0], row, asked, where, figures)
        yield from _stock_faults(market)
        for resource in ("customers", "addresses"):
            for stored in market.shop.tables[resource].rows.values():
                if any(isinstance(value, str) and "*" in value for key, value in stored.items() if key != "passwd"):
                    yield f"{name}: something masked is stored among {resource}"

    def _judge_made(
        self,
        market: Market,
        order: order_model.Order,
        row: Row,
        ours: Order,
        asked: set[str],
        where: str,
        figures: Counter[str],
    ) -> Iterator[str]:
        total = market.shop.order_total(row["id"])
        if ours.total_expected != total or total != _expected(order, ours):
            yield f"{where}: total {total}, ours {ours.total_expected}, meant {_expected(order, ours)}"
        state = row["current_state"]
        if order.status == "CANCELLED" and state != CANCELLED and row["id"] not in market.shipped:
            yield f"{where}: cancelled on TikTok Shop, state {state} in PrestaShop"
        by_employee = row["id"] in market.cancelled_by_employee and row["id"] not in market.shipped
        if by_employee and order.status in ("AWAITING_SHIPMENT", "ON_HOLD"):
            yield f"{where}: cancelled in PrestaShop only"
        if state == CANCELLED:
            figures["cancelled"] += 1
        number = market.shipped.get(row["id"])
        if number is None or state == CANCELLED or order.status == "CANCELLED" or order.shipping_type != "SELLER":
            return
        if order.id in asked:
            figures["buyer asks"] += 1
            return
        shown = {package.tracking_number for package in order.packages.values() if package.status != "CANCELLED"} - {""}
        if shown != {number}:
            yield f"{where}: shipped as {number}, TikTok Shop shows {shown or 'nothing'}"
            return
        figures["shipped"] += 1
        parcel = market.shop.parcels(row["id"])[0]
        carrier = market.shop.row("carriers", parcel["id_carrier"])["id_reference"]
        with database().read() as session:
            mapped = session.exec(
                select(CarrierMapping).where(
                    CarrierMapping.connection_id == market.connection_id, CarrierMapping.id_reference == carrier
                )
            ).one()
        providers = {package.provider_id for package in order.packages.values() if package.tracking_number}
        if providers != {mapped.provider_id}:
            yield f"{where}: carrier {carrier} is {mapped.provider_name}, TikTok Shop has {providers}"


def _carriers(box: Sandbox) -> list[Row]:
    rows = [box.prestashop.row("carriers", key) for key in box.prestashop.tables["carriers"].ids]
    return [row for row in rows if row["active"] and not row["deleted"]]


def _by_seller(order: order_model.Order) -> bool:
    return order.fulfillment_type == "FULFILLMENT_BY_SELLER"


def _by_seller_and_due(order: order_model.Order) -> bool:
    """Whether PrestaShop has to have it: paid, the hold over, not given up before it could be made."""
    return _by_seller(order) and order.status in (
        "AWAITING_SHIPMENT",
        "PARTIALLY_SHIPPING",
        "AWAITING_COLLECTION",
        "IN_TRANSIT",
        "DELIVERED",
        "COMPLETED",
    )


def _expected(order: order_model.Order, ours: Order) -> Decimal:
    """What the buyer paid, without tax that comes on top: from the simulator's own figures."""
    paid = order.payment
    return Decimal(paid["total_amount"] - paid.get("tax", Decimal(0)))


def _true_cause(order: order_model.Order, code: str) -> bool:
    """Whether what an order waits for is so, as the simulator knows."""
    recipient = order.recipient
    match code:
        case "address_postcode_missing":
            return not recipient.get("postal_code")
        case "address_state_unknown":
            # PrestaShop brings no such state along.
            return any(level["address_name"] == "Guam" for level in recipient["district_info"])
        case "masked":
            return True
        case "address_city_missing" | "address_street_missing":
            return True
        case "buyer_asks_to_cancel":
            return True
    return False


def _stock_faults(market: Market) -> Iterator[str]:
    sold = market.shop.sold()
    # PrestaShop moves packs and their contents by rules of their own, and not at all when one is cancelled (section 9).
    packs = {key: row["_bundle"] for key, row in market.shop.tables["products"].rows.items() if row.get("_bundle")}
    apart = {*packs, *(part[0] for bundle in packs.values() for part in bundle)}
    for key, before in market.stock.items():
        if key[0] in apart:
            continue
        if key[1] == 0 and any(other[0] == key[0] and other[1] for other in market.stock):
            continue
        now = market.shop.stock(*key)
        if now != before - sold.get(key, 0):
            yield f"{market.region}: stock of {key} was {before}, {sold.get(key, 0)} were sold, {now} are left"


@contextmanager
def installation(home: Path) -> Iterator[None]:
    """An empty installation with call budgets that are no hindrance."""
    os.environ["CONNECTOR_HOME"] = str(home)
    for name in ("TIKTOK_READS", "TIKTOK_WRITES", "PRESTASHOP_CALLS"):
        os.environ[f"CONNECTOR_{name}_PER_SECOND"] = "1000"
    settings.cache_clear()
    # Clients that are killed break off their requests.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    with prefect_of_tests():
        yield


def run(seed: int, orders: int, deaths: int, home: Path, say: Any = print) -> Counter[str]:
    """One campaign in an installation that is ready; its figures."""
    with ExitStack() as stack:
        campaign = Campaign(seed, orders, deaths, home, say)
        campaign.open(stack)
        campaign.play()
        figures = campaign.judge()
        figures["deaths"] = campaign.died
        return figures


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--deaths", type=int, default=50)
    given = parser.parse_args(arguments)
    seed = given.seed or random.SystemRandom().randrange(1, 10_000)
    print(f"seed {seed}: replay with make campaign SEED={seed} ORDERS={given.orders} DEATHS={given.deaths}", flush=True)
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder) / "home"):
        figures = run(seed, given.orders, given.deaths, Path(folder))
    for name, number in sorted(figures.items()):
        print(f"{number:6d} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
