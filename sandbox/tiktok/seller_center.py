"""What happens to a shop besides the API: a seller's changes by hand, promotions and campaigns, buyers' orders.

Every method holds the world's lock, so tests may call it while the simulator serves. A change by hand moves
`update_time` as one over the API does; an order moves stock only, the product is not touched (sheet 3.20).
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from sandbox.tiktok.order_entry import Entry
from sandbox.tiktok.order_model import Item, Order
from sandbox.tiktok.shelf import Offer, Product
from sandbox.tiktok.sku_rules import MAX_QUANTITY

if TYPE_CHECKING:
    from sandbox.tiktok.world import Shop, TikTokWorld

PROMOTION_LOCKS = (12052038, 12019045)  # the sheet knows both codes for a price locked by a promotion


@dataclass(frozen=True, slots=True)
class StockOrder:
    """Units of one SKU a buyer took: reserved while OPEN, gone when SHIPPED, back on the shelf when CANCELLED.

    How an order of the book (`OrderBook`) of one SKU looks to who cares for stock alone.
    """

    id: str
    product_id: str
    sku_id: str
    warehouse_id: str
    units: int
    state: Literal["OPEN", "SHIPPED", "CANCELLED"] = "OPEN"


def _stock_order(order: Order) -> StockOrder:
    unit = order.units[0]
    state: Literal["OPEN", "SHIPPED", "CANCELLED"] = "OPEN"
    if order.status == "CANCELLED":
        state = "CANCELLED"
    elif order.status != "AWAITING_SHIPMENT":
        state = "SHIPPED"
    return StockOrder(order.id, unit.product_id, unit.sku_id, unit.warehouse_id, len(order.units), state)


class SellerCenter:
    """One shop's back office and its buyers. A SKU is named by its id alone: SKU ids are unique."""

    def __init__(self, world: "TikTokWorld", shop: "Shop") -> None:
        self._world, self._shop = world, shop
        self._placed: list[str] = []

    # Changes by hand

    def set_price(self, sku_id: str, amount: str) -> None:
        """As the seller types it; the API's ranges do not hold here, so that a wild price can be played."""
        with self._world.lock:
            product, offer = self._of(sku_id)
            offer.price = f"{Decimal(amount):f}"
            self._shop.shelf.touch(product)

    def set_stock(self, sku_id: str, quantity: int, warehouse_id: str | None = None) -> None:
        """Available units in one warehouse (the first that carries the SKU); others and committed units stay."""
        if not 0 <= quantity <= MAX_QUANTITY:
            raise ValueError(f"quantity must be between 0 and {MAX_QUANTITY}, not {quantity}")
        with self._world.lock:
            product, offer = self._of(sku_id)
            warehouse_id = warehouse_id or next(iter(offer.stock), "") or self._shop.default_warehouse
            offer.stock[self._known_warehouse(warehouse_id)] = quantity
            self._shop.shelf.touch(product)

    def add_warehouse(self, sku_id: str, warehouse_id: str, quantity: int = 0) -> None:
        """Let a second warehouse carry the SKU: from now on every update must name it (12019028)."""
        with self._world.lock:
            warehouse = self._shop.warehouses[self._known_warehouse(warehouse_id)]
            warehouse.effect_status = "ENABLED"
            self.set_stock(sku_id, quantity, warehouse_id)

    def retitle(self, product_id: str, title: str, *, audited: bool = False) -> None:
        """A new title, at once or after an audit as any other content."""
        with self._world.lock:
            product = self._shop.shelf.get(product_id)
            before = dict(product.newest)
            if audited:
                self._shop.shelf.submit(product, {**copy.deepcopy(product.newest), "title": title})
                self._shop.shelf.tell_edited(product, "SELLER_CENTER", before, product.newest)
                return
            for content in (product.live, product.review, product.draft):
                if content is not None:
                    content["title"] = title
            self._shop.shelf.touch(product)
            self._shop.shelf.tell_edited(product, "SELLER_CENTER", before, product.newest)

    def save_draft(self, product_id: str, title: str) -> None:
        """Begin an edit and leave it: what is on sale stays, `has_draft` is true until an edit is submitted."""
        with self._world.lock:
            product = self._shop.shelf.get(product_id)
            product.draft = {**copy.deepcopy(product.newest), "title": title}
            self._shop.shelf.touch(product)

    def delete_sku(self, sku_id: str) -> None:
        """Take one variant off the product, with its stock; the last one stays."""
        with self._world.lock:
            product, _ = self._of(sku_id)
            if len(product.content["skus"]) == 1:
                raise ValueError(f"{sku_id} is the last SKU of its product")
            for content in (product.live, product.review, product.draft):
                if content is not None:
                    content["skus"] = [sku for sku in content["skus"] if sku["id"] != sku_id]
            del product.offers[sku_id]
            self._shop.shelf.product_of_sku.pop(sku_id, None)
            self._shop.shelf.touch(product)

    def deactivate(self, product_id: str) -> None:
        with self._world.lock:
            product = self._shop.shelf.get(product_id)
            if product.status != "ACTIVATE":
                raise ValueError(f"{product_id} is not on sale")
            product.status = "SELLER_DEACTIVATED"
            self._shop.shelf.touch(product)
            self._shop.shelf.tell_status(product)

    def switch_sku(self, sku_id: str, *, on: bool, source: str = "SELLER") -> None:
        """One variant off sale or on again; `source` SELLER, PLATFORM or COMBO_RELATION (sheet 3.15)."""
        with self._world.lock:
            product, offer = self._of(sku_id)
            offer.deactivated_by = "" if on else source
            self._shop.shelf.touch(product)

    def share_stock(self, sku_id: str, *, on: bool) -> None:
        """Fulfilled by TikTok, or stock shared by several shops: not editable over the API (12052921)."""
        with self._world.lock:
            product, offer = self._of(sku_id)
            offer.shared = on
            self._shop.shelf.touch(product)

    # Promotions and campaigns

    def start_promotion(self, product_id: str, seconds: float | None = None, code: int = PROMOTION_LOCKS[0]) -> None:
        """Lock prices and the set of SKUs, for that long or until `end_promotion`; `code` refuses meanwhile."""
        if code not in PROMOTION_LOCKS:
            raise ValueError(f"a promotion refuses with one of {PROMOTION_LOCKS}, not {code}")
        with self._world.lock:
            product = self._shop.shelf.get(product_id)
            product.in_promotion, product.promotion_code = True, code
            product.promotion_until = self._until(seconds)
            if product.promotion_until is not None:
                self._shop.shelf.timed.add(product_id)

    def end_promotion(self, product_id: str) -> None:
        with self._world.lock:
            product = self._shop.shelf.get(product_id)
            product.in_promotion, product.promotion_until = False, None

    def start_campaign(self, sku_id: str, units: int, seconds: float | None = None) -> None:
        """Promise units of a SKU's stock to a campaign: stock below that is refused (12052393)."""
        with self._world.lock:
            product, offer = self._of(sku_id)
            if not 0 < units <= sum(offer.stock.values()):
                raise ValueError(f"a campaign takes 1 to {sum(offer.stock.values())} units, not {units}")
            offer.campaign_stock, offer.campaign_until = units, self._until(seconds)
            if offer.campaign_until is not None:
                self._shop.shelf.timed.add(product.id)

    def end_campaign(self, sku_id: str) -> None:
        with self._world.lock:
            _, offer = self._of(sku_id)
            offer.campaign_stock, offer.campaign_until = 0, None

    # Buyers

    def order(self, product_id: str, sku_id: str, warehouse_id: str | None = None, units: int = 1) -> StockOrder:
        """A buyer takes units: they leave the available stock and are committed until shipped or cancelled.

        The order waits for shipment at once and for ever: time alone does not move it.
        """
        with self._world.lock:
            self._shop.shelf.settle()
            product, _ = self._of(sku_id)
            if product.id != product_id:
                raise ValueError(f"{sku_id} is no SKU of {product_id}")
            entry = Entry([Item(sku_id, units)], warehouse_id=warehouse_id or "", on_hold=False, timed=False)
            order = self._shop.book.place(entry)
            self._placed.append(order.id)
            return _stock_order(order)

    def ship(self, order_id: str) -> StockOrder:
        """The units leave the house: neither committed nor available any more."""
        return self._close(order_id, self._shop.book.ship)

    def cancel(self, order_id: str) -> StockOrder:
        """The units are available again, also where an update has replaced the stock meanwhile."""
        return self._close(order_id, self._shop.book.cancel_by_system)

    @property
    def orders(self) -> dict[str, StockOrder]:
        """The orders placed with `order`; all others are in the shop's book alone."""
        book = self._shop.book
        return {order_id: _stock_order(book.orders[order_id]) for order_id in self._placed}

    def _close(self, order_id: str, close: Callable[[Order], object]) -> StockOrder:
        with self._world.lock:
            order = self._shop.book.orders[order_id]
            if (state := _stock_order(order).state) != "OPEN":
                raise ValueError(f"order {order_id} is {state}")
            close(order)
            return _stock_order(order)

    # Looking things up

    def _of(self, sku_id: str) -> tuple[Product, Offer]:
        product = self._shop.shelf.products[self._shop.shelf.product_of_sku[sku_id]]
        return product, product.offers[sku_id]

    def _known_warehouse(self, warehouse_id: str) -> str:
        warehouse = self._shop.warehouses[warehouse_id]
        if warehouse.type != "SALES_WAREHOUSE":
            raise ValueError(f"{warehouse_id} is no sales warehouse")
        return warehouse_id

    def _until(self, seconds: float | None) -> datetime | None:
        return None if seconds is None else self._world.now() + timedelta(seconds=seconds)
