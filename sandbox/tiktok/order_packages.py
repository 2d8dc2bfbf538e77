"""The packages of an order: which units are in which (sheet 5.5)."""

from collections.abc import Callable, Sequence

from sandbox.tiktok.logistics import TIKTOK_CARRIER, carriers
from sandbox.tiktok.markets import Market
from sandbox.tiktok.order_model import Order, Package, Unit


def regroup(order: Order, units: Sequence[Unit], new_id: Callable[[], str], now: int) -> Package:
    """A package of exactly these units: the one they are in, or a new one they are moved to; empty ones are gone."""
    ids = [unit.id for unit in units]
    for package in order.packages.values():
        if set(package.unit_ids) == set(ids):
            return package
    for package in list(order.packages.values()):
        package.unit_ids = [key for key in package.unit_ids if key not in ids]
        if not package.unit_ids:
            del order.packages[package.id]
    package = Package(new_id(), ids, created_at=now, updated_at=now)
    order.packages[package.id] = package
    for unit in units:
        unit.package_id = package.id
    for sibling in order.packages.values():
        sibling.split = len(order.packages) > 1
    return package


def take_out(order: Order, units: Sequence[Unit]) -> None:
    """Cancelled units leave a package that others are still in; a package of theirs alone is cancelled with them."""
    gone = {unit.id for unit in units}
    for package in order.packages.values():
        left = [key for key in package.unit_ids if key not in gone]
        if any(order.unit(key).status != "CANCELLED" for key in left):
            package.unit_ids = left


def make_up_tracking(order: Order, package: Package, market: Market) -> None:
    """A number and a carrier where nobody gave one."""
    by_seller = order.shipping_type == "SELLER" and order.fulfillment_type == "FULFILLMENT_BY_SELLER"
    carrier = carriers(market)[0] if by_seller else TIKTOK_CARRIER
    package.tracking_number = f"TRACK{package.id[-12:]}"
    package.provider_id, package.provider_name = carrier["id"], carrier["name"]
