"""Which carriers can bring a cart and for how much (fact sheet 4.1, items 2 and 3; recordings 097, 114, 136)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal

from sandbox.prestashop.cart_totals import CartSums, delivery_addresses
from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Row

_BY_WEIGHT, _BY_PRICE = 1, 2
_BEST_PRICE, _BEST_GRADE = -1, -2


@dataclass(frozen=True, slots=True)
class Shipment:
    """A carrier (0: none) with its price and the rate of its tax as a fraction."""

    carrier: int
    excl: Decimal = Decimal(0)
    incl: Decimal = Decimal(0)
    tax_rate: Decimal = Decimal(0)


def choose(shop: Shop, sums: CartSums) -> Shipment:
    """The carrier of the cart's `delivery_option` when that is one of the options, else the shop's default or best.

    The cart's `id_carrier` does not matter (recording 114).
    """
    offered = options(shop, sums)
    if not offered:
        return Shipment(0)
    chosen = _chosen(shop, sums, offered)
    if chosen is None:
        default = int(shop.setting("PS_CARRIER_DEFAULT", "-1") or -1)
        by_price = sorted(offered.values(), key=lambda one: (one.incl, _position(shop, one.carrier)))
        if default == _BEST_GRADE:
            by_price.sort(key=lambda one: -shop.tables["carriers"].rows[one.carrier].get("grade", 0))
        chosen = offered.get(default, by_price[0])
    return chosen


def _position(shop: Shop, carrier: int) -> int:
    return int(shop.tables["carriers"].rows[carrier].get("position", 0))


def _chosen(shop: Shop, sums: CartSums, offered: dict[int, Shipment]) -> Shipment | None:
    """`{"<address>":"<carrier>,"}`: every pair must be an option, the trailing comma is part of it."""
    try:
        pairs = json.loads(sums.cart["delivery_option"] or "null")
    except ValueError:
        return None
    places = {str(one) for one in delivery_addresses(shop, sums.id_cart)}
    if not isinstance(pairs, dict) or pairs.keys() != places:
        return None
    wanted = str(pairs[str(sums.address)])
    number = wanted.removesuffix(",")
    if not wanted.endswith(",") or not number.isdigit():
        return None
    return offered.get(int(number))


def options(shop: Shop, sums: CartSums) -> dict[int, Shipment]:
    """Every carrier that can bring the whole cart, by id."""
    if all(line.virtual for line in sums.lines):
        return {}
    zone = delivery_zone(shop, sums.address)
    found = {}
    table = shop.tables["carriers"]
    for row_id in table.ids:
        carrier = shop.row("carriers", row_id)
        if _brings(shop, sums, row_id, carrier, zone):
            found[row_id] = _cost(shop, sums, row_id, carrier, zone)
    return found


def delivery_zone(shop: Shop, id_address: int) -> int:
    """The zone of the address: of its state first, else of its country."""
    address = shop.row("addresses", id_address)
    for resource, row_id in (("states", address["id_state"]), ("countries", address["id_country"])):
        table = shop.tables[resource]
        if row_id in table:
            return int(table.value(table.rows[row_id], "id_zone"))
    return 0


def _brings(shop: Shop, sums: CartSums, row_id: int, carrier: Row, zone: int) -> bool:
    if not carrier["active"] or carrier["deleted"] or zone not in carrier.get("_zones", ()):
        return False
    groups = carrier.get("_groups")
    if groups is not None and not set(groups) & set(_customer_groups(shop, sums)):
        return False
    if carrier["is_module"] and not carrier["need_range"]:
        return False
    if not carrier["is_free"] and _range_price(shop, sums, row_id, carrier, zone) is None:
        return False
    return _fits(shop, sums, carrier)


def _customer_groups(shop: Shop, sums: CartSums) -> tuple[int, ...]:
    customers = shop.tables["customers"]
    if sums.customer in customers:
        return tuple(customers.rows[sums.customer].get("_groups", ()))
    return (sums.group(),)


def _fits(shop: Shop, sums: CartSums, carrier: Row) -> bool:
    limit = Decimal(carrier["max_weight"])
    if limit and sums.weight() > limit:
        return False
    products = shop.tables["products"]
    for line in sums.lines:
        if line.product not in products:
            continue
        row = products.rows[line.product]
        restricted = row.get("_carriers", ())
        if restricted and carrier["id_reference"] not in restricted:
            return False
        for name in ("width", "height", "depth"):
            most = carrier[f"max_{name}"]
            if most and Decimal(products.value(row, name)) > most:
                return False
    return True


def _method(shop: Shop, carrier: Row) -> int:
    return carrier["shipping_method"] or int(shop.setting("PS_SHIPPING_METHOD", str(_BY_WEIGHT)))


def _range_price(shop: Shop, sums: CartSums, row_id: int, carrier: Row, zone: int) -> Decimal | None:
    """The price of the range the cart is in; beyond all ranges the dearest one, or none when out of range counts."""
    by_weight = _method(shop, carrier) == _BY_WEIGHT
    size = sums.weight() if by_weight else sums.products()[1]
    ranges = shop.tables["weight_ranges" if by_weight else "price_ranges"]
    name = "id_range_weight" if by_weight else "id_range_price"
    deliveries = shop.tables["deliveries"]
    rows = [deliveries.rows[one] for one in deliveries.where("id_carrier", row_id)]
    prices = [
        (ranges.rows[row[name]], Decimal(row["price"]))
        for row in rows
        if row.get("id_zone") == zone and row.get(name, 0) in ranges
    ]
    for one, price in prices:
        if Decimal(one["delimiter1"]) <= size < Decimal(one["delimiter2"]):
            return price
    if not prices or carrier["range_behavior"]:
        return None
    return max(prices, key=lambda pair: Decimal(pair[0]["delimiter2"]))[1]


def _cost(shop: Shop, sums: CartSums, row_id: int, carrier: Row, zone: int) -> Shipment:
    rate = sums.tax_rate(int(carrier.get("id_tax_rules_group", 0) or 0))
    free_from = Decimal(shop.setting("PS_SHIPPING_FREE_PRICE", "0") or 0) * sums.rate
    free_weight = Decimal(shop.setting("PS_SHIPPING_FREE_WEIGHT", "0") or 0)
    off = sum((one.incl for one in sums.discounts((Decimal(0), Decimal(0)))), Decimal(0))
    free = carrier["is_free"] or (free_from and sums.products()[1] - off >= free_from)
    if free or (free_weight and sums.weight() >= free_weight):
        return Shipment(row_id, tax_rate=rate)
    price = _range_price(shop, sums, row_id, carrier, zone) or Decimal(0)
    if carrier["shipping_handling"]:
        price += Decimal(shop.setting("PS_SHIPPING_HANDLING", "0") or 0)
    for line in sums.lines:
        if not line.virtual and line.product in shop.tables["products"]:
            price += Decimal(shop.value("products", line.product, "additional_shipping_cost")) * line.quantity
    price *= sums.rate
    return Shipment(row_id, sums.round(price), sums.round(price * (1 + rate)), rate)
