"""A world that goes on by itself: buyers order and change their minds, the merchant sells, prices, edits and ships.

Everything is counted in the world's own seconds, of which `pace` pass in a real one. At pace 1 it is a small busy
shop: an order a minute, held for two minutes, shipped some minutes after it came into PrestaShop, delivered after
a quarter of an hour. What happens when follows from the seed; what it happens to, also from what the connector has
listed and imported until then.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sandbox.prestashop.order_states import outcast_states, state_setting
from sandbox.tiktok.order_entry import BY_SELLER
from sandbox.tiktok.order_generator import Mix, OrderGenerator
from sandbox.tiktok.order_people import places
from sandbox.tiktok.shelf import Product

if TYPE_CHECKING:
    from sandbox.server import Sandbox
    from sandbox.tiktok.order_model import Order

# How often each thing happens, an hour of the world's.
_ORDERS = 60.0
_RATES = {
    "stock": 90.0,
    "price": 12.0,
    "special": 4.0,
    "edit": 6.0,
    "sale elsewhere": 20.0,
    "buyer cancels": 3.0,
    "buyer asks to cancel": 2.0,
    "buyer corrects the address": 2.0,
    "merchant cancels": 1.0,
    "return": 1.0,
    "edit on TikTok Shop": 1.0,
}
# How long things take, in the world's seconds; deadlines of the platform stay as they are.
_HOLD, _PAYMENT, _COLLECT, _TRANSIT, _RETURN_WINDOW = 120, 900, 300, 600, 3600
_TO_SHIP = 240.0  # mean, from the import of an order to its tracking number
# A row of PrestaShop without TikTok Shop's order in its note after this long came from elsewhere.
_NOTE_SECONDS = 3600.0
_STEP_SECONDS = 0.2  # real
_MOST_SPECIALS = 10
_KEPT_ERRORS = 200
_NOTE = "TikTok Shop order "
_NAME_ADDITIONS = ("", " – new", " – favourite", " – last pieces")
# Fewer oddities than the generator's own mix: most orders come through, some wait for a person.
_MIX = Mix(tiktok_shipping=0.05, fulfilled_by_tiktok=0.02, pre_order=0.01, no_postal_code=0.01)


class Life:
    """Lets a running sandbox live from entry to exit, in a thread of its own.

    Args:
        pace: the world's seconds in a real one; 0 for a world where nothing happens by itself.
        seed: the same seed, the same row of happenings.
        orders_per_hour: of the world's; mean.
        mix: what kinds of orders come.

    Attributes:
        happened: how often each thing happened; what found nothing to happen to is not counted.
        errors: the last of what went wrong, as text. Nothing is ever raised out of the thread.
        failures: how much went wrong in all.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        pace: float = 1.0,
        seed: int = 1,
        *,
        orders_per_hour: float = _ORDERS,
        mix: Mix | None = None,
    ) -> None:
        if pace < 0 or orders_per_hour < 0:
            raise ValueError("pace and orders_per_hour are 0 or more")
        self.happened: Counter[str] = Counter()
        self.errors: deque[str] = deque(maxlen=_KEPT_ERRORS)
        self.failures = 0
        self._shop, self._tiktok, self._pace = sandbox.prestashop, sandbox.tiktok, pace
        self._dice = Random(seed)
        self._buyers = OrderGenerator(sandbox.tiktok, seed, mix or _MIX)
        self._seconds = 0.0  # that the world has lived
        self._prices: dict[int, Decimal] = {}  # what a product cost when its price first moved
        self._names: dict[int, dict[int, str]] = {}
        self._specials: deque[int] = deque()
        self._seen_order = max(self._shop.tables["orders"].ids, default=0)
        self._unnamed: dict[int, float] = {}  # rows of PrestaShop's orders whose note is awaited, until when
        self._to_ship: list[tuple[float, int]] = []
        self._parcels = 0
        self._doings: dict[str, Callable[[], bool]] = {
            "order": self._order,
            "stock": self._stock,
            "price": self._price,
            "special": self._special,
            "edit": self._edit,
            "sale elsewhere": self._sale_elsewhere,
            "buyer cancels": self._buyer_cancels,
            "buyer asks to cancel": self._buyer_asks,
            "buyer corrects the address": self._address,
            "merchant cancels": self._merchant_cancels,
            "return": self._return,
            "edit on TikTok Shop": self._edit_there,
        }
        self._rates = {"order": orders_per_hour, **_RATES}
        self._next: list[tuple[float, str]] = []
        for name, rate in self._rates.items():
            if rate:
                heapq.heappush(self._next, (self._pause(rate), name))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-life", daemon=True)

    def __enter__(self) -> Self:
        if self._pace:
            self._hasten()
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def live(self, seconds: float) -> None:
        """Let so many of the world's seconds pass at once."""
        end = self._seconds + seconds
        while self._next and self._next[0][0] <= end and not self._stop.is_set():
            self._seconds, name = heapq.heappop(self._next)
            heapq.heappush(self._next, (self._seconds + self._pause(self._rates[name]), name))
            self._try(name, self._doings[name])
        self._seconds = end
        self._try("time", self._settle)
        self._try("warehouse", self._warehouse)

    def _run(self) -> None:
        before = time.monotonic()
        while not self._stop.wait(_STEP_SECONDS):
            now = time.monotonic()
            self.live((now - before) * self._pace)
            before = now

    def _hasten(self) -> None:
        """What takes a real platform hours takes minutes here."""

        def soon(seconds: int) -> int:
            return max(1, round(seconds / self._pace))

        for shop in self._tiktok.shops:
            shop.book.pace = replace(
                shop.book.pace,
                remorse=soon(_HOLD),
                payment=soon(_PAYMENT),
                collect=soon(_COLLECT),
                transit=soon(_TRANSIT),
                return_window=soon(_RETURN_WINDOW),
                platform_ships=soon(_COLLECT),
            )

    def _pause(self, rate: float) -> float:
        return self._dice.expovariate(rate / 3600)

    def _try(self, name: str, doing: Callable[[], bool]) -> None:
        try:
            # Both are held, in the order in which every scenario holds them, so that one thing happens at a time.
            with self._shop.lock, self._tiktok.lock:
                if doing():
                    self.happened[name] += 1
        except Exception as error:  # noqa: BLE001  # a living world goes on
            self.failures += 1
            self.errors.append(f"{name}: {type(error).__name__}: {error}")

    def _settle(self) -> bool:
        for shop in self._tiktok.shops:
            shop.shelf.settle()
            shop.book.settle()
        return False

    # Buyers on TikTok Shop

    def _order(self) -> bool:
        return bool(self._buyers.place_random(1))

    def _one_order(self, *statuses: str) -> Order | None:
        """Of the newest: those are what buyers think about, and an old world does not get slower."""
        book = self._tiktok.shop.book
        newest = [book.orders[key] for key in list(book.orders)[-200:]]
        good = [
            order
            for order in newest
            if order.status in statuses and order.fulfillment_type == BY_SELLER and not book.wants_cancel(order)
        ]
        return self._dice.choice(good) if good else None

    def _buyer_cancels(self) -> bool:
        order = self._one_order("ON_HOLD", "UNPAID")
        if order is not None:
            self._tiktok.shop.book.cancel_by_buyer(order)
        return order is not None

    def _buyer_asks(self) -> bool:
        order = self._one_order("AWAITING_SHIPMENT")
        if order is not None:
            self._tiktok.shop.aftersales.buyer_requests_cancellation(order.id)
        return order is not None

    def _address(self) -> bool:
        order = self._one_order("ON_HOLD")
        if order is not None:
            new, old = self._dice.choice(places(self._tiktok.shop.market)).street, order.recipient["address_line1"]
            parts = {"address_line1": new, "address_detail": new}
            whole = str(order.recipient["full_address"]).replace(old, new)
            self._tiktok.shop.book.change_address(order, {**order.recipient, **parts, "full_address": whole})
        return order is not None

    def _return(self) -> bool:
        order = self._one_order("DELIVERED")
        if order is None or order.returns:
            return False
        self._tiktok.shop.returns.buyer_returns(order.id)
        return True

    def _edit_there(self) -> bool:
        live: list[Product] = [one for one in self._tiktok.shop.shelf.products.values() if one.status == "ACTIVATE"]
        if not live:
            return False
        product = self._dice.choice(live)
        self._tiktok.shop.center.retitle(product.id, f"{product.content['title'][:200]} ★")
        return True

    # The merchant in PrestaShop

    def _product(self) -> int:
        """A product that is on sale and no pack; 0 when there is none."""
        table = self._shop.tables["products"]
        ids = list(table.ids)
        # Most are on sale: looking at a few is quicker than at all.
        for id_product in self._dice.sample(ids, min(20, len(ids))):
            row = table.rows[id_product]
            if table.value(row, "active") and not row.get("cache_is_pack") and Decimal(table.value(row, "price")):
                return id_product
        return 0

    def _variant(self) -> tuple[int, int, int] | None:
        """Product, combination and its stock, where there is a row of it."""
        id_product = self._product()
        combinations = list(self._shop.combination_ids(id_product)) if id_product else []
        combination = self._dice.choice(combinations) if combinations else 0
        row_id = self._shop.stock_row(id_product, combination) if id_product else None
        if row_id is None:
            return None
        return id_product, combination, int(self._shop.row("stock_availables", row_id)["quantity"])

    def _stock(self) -> bool:
        """Mostly goods that were counted anew, now and then a delivery; seldom the last piece is gone."""
        found = self._variant()
        if found is None:
            return False
        id_product, combination, there = found
        if there < 5 or self._dice.random() < 0.2:
            quantity = max(there, 0) + self._dice.randint(10, 120)
        else:
            quantity = self._dice.choice((there - 1, there - 2, there + 1, there + 3, 0 if there < 15 else there - 4))
        self._shop.set_stock(id_product, quantity, combination)
        return True

    def _price(self) -> bool:
        id_product = self._product()
        if not id_product:
            return False
        row = self._shop.row("products", id_product)
        first = self._prices.setdefault(id_product, Decimal(row["price"]))
        self._shop.set_price(id_product, f"{first * self._dice.randint(85, 115) / 100:.2f}")
        return True

    def _special(self) -> bool:
        """A promotion of some days; the oldest one is taken away when there are many."""
        id_product = self._product()
        if not id_product:
            return False
        if len(self._specials) >= _MOST_SPECIALS:
            self._shop.delete_special(self._specials.popleft())
        percent, now = self._dice.choice((10, 15, 20, 30)), self._shop.time()
        self._specials.append(self._shop.add_special(id_product, percent=percent, end=now + timedelta(days=3)))
        return True

    def _edit(self) -> bool:
        """A name with an addition, in every language; the first name stays the beginning of all later ones."""
        id_product = self._product()
        names = self._shop.tables["products"].text(id_product, "name") if id_product else None
        if not names:
            return False
        first = self._names.setdefault(id_product, dict(names))
        addition = self._dice.choice(_NAME_ADDITIONS)
        self._shop.tables["products"].update(
            id_product, {"name": {language: name + addition for language, name in first.items()}}
        )
        self._shop.touch(id_product)
        return True

    def _sale_elsewhere(self) -> bool:
        found = self._variant()
        if found is None or found[2] < 3:
            return False
        self._shop.order_elsewhere(found[0], found[1])
        return True

    # Orders that were imported

    def _warehouse(self) -> bool:
        """New orders are put in line, those whose turn has come leave."""
        orders = self._shop.tables["orders"]
        for key in range(self._seen_order + 1, orders.next_id):
            self._unnamed[key] = self._seconds + _NOTE_SECONDS
        self._seen_order = orders.next_id - 1
        for key, until in list(self._unnamed.items()):
            if key in orders and str(self._shop.row("orders", key).get("note") or "").startswith(_NOTE):
                del self._unnamed[key]
                heapq.heappush(self._to_ship, (self._seconds + self._dice.expovariate(1 / _TO_SHIP), key))
            elif key not in orders or until < self._seconds:
                del self._unnamed[key]
        while self._to_ship and self._to_ship[0][0] <= self._seconds:
            self._ship(heapq.heappop(self._to_ship)[1])
        return False

    def _ship(self, key: int) -> None:
        """The tracking number is typed in, then the order is set to shipped, as employees do."""
        shipped = state_setting(self._shop, "PS_OS_SHIPPING", 4)
        if not self._is_waiting(key) or self._shop.row("orders", key)["current_state"] == shipped:
            return
        self._parcels += 1
        # Thirteen and twenty digits are numbers of every market's first carrier.
        digits = 13 if self._tiktok.region == "FR" else 20
        self._shop.add_tracking(key, f"7{self._parcels:0{digits - 1}d}")
        self._shop.set_order_state(key, shipped)
        self.happened["shipped"] += 1

    def _is_waiting(self, key: int) -> bool:
        return key in self._shop.tables["orders"] and self._shop.row("orders", key)[
            "current_state"
        ] not in outcast_states(self._shop)

    def _merchant_cancels(self) -> bool:
        waiting = [key for _, key in self._to_ship if self._is_waiting(key)]
        if not waiting:
            return False
        self._shop.cancel_order(self._dice.choice(waiting))
        return True
