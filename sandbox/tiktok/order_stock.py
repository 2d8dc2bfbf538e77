"""Stock that orders take, ship and give back, one unit at a time and each unit once (sheet 3.20)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sandbox.tiktok.order_model import Unit
from sandbox.tiktok.shelf import Offer, Product

if TYPE_CHECKING:
    from sandbox.tiktok.world import Shop


def on_sale(shop: "Shop", sku_id: str) -> tuple[Product, Offer]:
    """The SKU's product and offer; ValueError when buyers cannot order it."""
    product_id = shop.shelf.product_of_sku.get(sku_id)
    product = shop.shelf.products[product_id] if product_id else None
    offer = product.offers.get(sku_id) if product else None
    if not product or not offer or product.status != "ACTIVATE" or product.live is None or offer.deactivated_by:
        raise ValueError(f"{sku_id} is not on sale")
    return product, offer


def fullest_warehouse(offer: Offer) -> str:
    return max(offer.stock, key=lambda key: offer.stock[key], default="")


def commit(shop: "Shop", units: Sequence[Unit]) -> None:
    """Take the units off the available stock, all or none; ValueError when there are too few."""
    wanted = Counter(piece for unit in units for piece in _pieces(unit))
    for (sku_id, warehouse_id), number in wanted.items():
        _, offer = on_sale(shop, sku_id)
        if number > offer.stock.get(warehouse_id, 0):
            raise ValueError(f"{number} units of {sku_id} are not in stock in {warehouse_id}")
    for (sku_id, warehouse_id), number in wanted.items():
        _, offer = on_sale(shop, sku_id)
        offer.stock[warehouse_id] -= number
        offer.committed[warehouse_id] = offer.committed.get(warehouse_id, 0) + number
        # Units sold are no longer promised: the campaign never holds more than there is.
        offer.campaign_stock = min(offer.campaign_stock, sum(offer.stock.values()))
    for unit in units:
        unit.stock = "COMMITTED"


def ship(shop: "Shop", units: Iterable[Unit]) -> None:
    """The units leave the house: neither committed nor available any more."""
    for unit in units:
        if unit.stock == "COMMITTED":
            unit.stock = "GONE"
            _uncommit(shop, unit)


def give_back(shop: "Shop", units: Iterable[Unit]) -> None:
    """Units not yet shipped are available again, also where an update has replaced the stock meanwhile."""
    for unit in units:
        if unit.stock == "COMMITTED":
            unit.stock = "BACK"
            for offer, warehouse_id in _uncommit(shop, unit):
                offer.stock[warehouse_id] = offer.stock.get(warehouse_id, 0) + 1


def _pieces(unit: Unit) -> Iterator[tuple[str, str]]:
    """(SKU id, warehouse id) of every piece a unit is made of."""
    for sku_id, pieces, *_ in unit.parts or ((unit.sku_id, 1),):
        for _ in range(pieces):
            yield sku_id, unit.warehouse_id


def _uncommit(shop: "Shop", unit: Unit) -> list[tuple[Offer, str]]:
    moved = []
    for sku_id, warehouse_id in _pieces(unit):
        product_id = shop.shelf.product_of_sku.get(sku_id)
        offer = shop.shelf.products[product_id].offers.get(sku_id) if product_id else None
        if offer is None:  # the SKU went with its stock
            continue
        offer.committed[warehouse_id] -= 1
        if not offer.committed[warehouse_id]:
            del offer.committed[warehouse_id]
        moved.append((offer, warehouse_id))
    return moved
