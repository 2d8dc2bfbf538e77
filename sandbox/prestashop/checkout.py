"""POST /orders: what core's validateOrder makes of a cart (fact sheet 4.1, recordings 096–114 and 135–137)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal

from sandbox.prestashop import order_stock
from sandbox.prestashop.cart_totals import CartSums, Line, delivery_addresses
from sandbox.prestashop.errors import FatalError
from sandbox.prestashop.order_lines import product_name, reference_of, supplier_reference
from sandbox.prestashop.order_states import (
    add_history,
    change_state,
    flag,
    mail_state,
    outcast_states,
    send_mail,
    state_setting,
)
from sandbox.prestashop.pricing import group_reduction, taxes_of
from sandbox.prestashop.shipping import Shipment, choose
from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Row

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SAME_MOMENT = 0.1
_PERCENT = "percentage"


def die(shop: Shop, text: str) -> FatalError:
    """PHP's end with a sentence before 9, with an exception (an empty page) in 9; 1.7.8 hides most sentences."""
    if shop.major >= 9:
        return FatalError()
    return FatalError(text if shop.major == 8 or text.startswith("Cart") else "Fatal error")


def place_order(
    shop: Shop,
    *,
    id_cart: int,
    id_customer: int,
    module: str,
    payment: str,
    total_paid: Decimal,
    parallel: bool = False,
    state: int | None = None,
) -> int:
    """The order of a cart (the last one of those it is split into, see `delivery_addresses`); answers its id.

    `total_paid` decides whether it lands in the wanted state (by default PS_OS_WS_PAYMENT) or in PS_OS_ERROR.
    `parallel`: another order is being made at the same moment; then this one's stock decrement is lost, and a cart
    that the other one has just ordered is ordered again.
    """
    installed = shop.modules.get(module)
    if installed is None:
        raise FatalError
    if not installed.active:
        raise die(shop, "Error processing order. Payment module is not active.")
    ordered_at = shop.carts_in_flight.get(id_cart)
    # A POST 100 ms after the first finds its order (README of the recordings of 9).
    twice = parallel and ordered_at is not None and time.monotonic() - ordered_at < _SAME_MOMENT
    if id_cart not in shop.tables["carts"] or (shop.tables["orders"].where("id_cart", id_cart) and not twice):
        raise die(shop, "Cart cannot be loaded or an order has already been placed using this cart")
    _check_key(shop, id_cart, id_customer)
    if shop.row("carts", id_cart)["id_currency"] not in shop.tables["currencies"]:
        raise FatalError
    places = delivery_addresses(shop, id_cart)
    if not places:
        raise FatalError
    for place in places:
        _check_address(shop, place)
    shop.carts_in_flight[id_cart] = time.monotonic()
    wanted = state_setting(shop, "PS_OS_WS_PAYMENT", 11) if state is None else state
    parts = [CartParts(shop, id_cart, place) for place in places]
    logable = flag(shop, wanted, "logable")
    paid = parts[0].sums.round(total_paid)
    if logable and paid != sum((part.total_incl for part in parts), Decimal(0)):
        wanted = state_setting(shop, "PS_OS_ERROR", 8)
    reference = "".join(shop.dice.choice(_LETTERS) for _ in range(9))
    id_order = 0
    for position, part in enumerate(parts, 1):
        # The payment is booked once, on the last order.
        amount = paid if logable and position == len(parts) else None
        id_order = part.place(_Terms(reference, module, payment, amount, wanted, parallel))
    specials = shop.tables["specific_prices"]
    for row_id in list(specials.where("id_cart", id_cart)):
        specials.delete(row_id)
    return id_order


def cart_total(shop: Shop, id_cart: int) -> Decimal:
    """What the cart would cost with tax and shipping if it were ordered now."""
    parts = [CartParts(shop, id_cart, place) for place in delivery_addresses(shop, id_cart)]
    return sum((part.total_incl for part in parts), Decimal(0))


def _check_key(shop: Shop, id_cart: int, id_customer: int) -> None:
    customers, carts = shop.tables["customers"], shop.tables["carts"]
    key = str(customers.rows[id_customer].get("secure_key", "")) if id_customer in customers else ""
    cart = carts.rows[id_cart]
    owner = cart.get("id_customer", 0)
    if not cart.get("secure_key") and owner in customers:
        # Loading a cart without a key gives it its customer's (README of the recordings of 9).
        carts.update(id_cart, {"secure_key": customers.rows[owner].get("secure_key", "")})
    if key != cart.get("secure_key", ""):
        raise die(shop, "Error processing order. Secure key does not match.")
    if not key:
        # An order needs the key it cannot have any more (#42206).
        raise FatalError


def _check_address(shop: Shop, address: int) -> None:
    if address not in shop.tables["addresses"]:
        raise FatalError
    country = shop.tables["addresses"].rows[address].get("id_country", 0)
    countries = shop.tables["countries"]
    if country not in countries or not countries.rows[country].get("active"):
        raise FatalError


@dataclass(frozen=True, slots=True)
class _Terms:
    """What an order is made with. `paid` None: no payment of its own; `lost`: its stock decrement is not made."""

    reference: str
    module: str
    payment: str
    paid: Decimal | None
    state: int
    lost: bool


class CartParts:
    """The rows of a cart for one address with carrier and totals, and the order they become."""

    def __init__(self, shop: Shop, id_cart: int, address: int) -> None:
        self.shop = shop
        self.sums = sums = CartSums(shop, id_cart, address)
        self.shipment: Shipment = choose(shop, sums)
        shipment = self.shipment
        self.products_excl, self.products_incl = sums.products()
        self.discounts = sums.discounts((shipment.excl, shipment.incl))
        self.off_excl = min(sum((one.excl for one in self.discounts), Decimal(0)), self.products_excl + shipment.excl)
        self.off_incl = min(sum((one.incl for one in self.discounts), Decimal(0)), self.products_incl + shipment.incl)
        self.total_excl = sums.round(self.products_excl + shipment.excl - self.off_excl)
        self.total_incl = sums.round(self.products_incl + shipment.incl - self.off_incl)

    def place(self, terms: _Terms) -> int:
        shop, state = self.shop, terms.state
        outcast = state in outcast_states(shop)
        id_order = shop.tables["orders"].insert(self._order(terms))
        short = [self._detail(id_order, line, take=not outcast, lost=terms.lost) for line in self.sums.lines]
        self._satellites(id_order, terms)
        change_state(shop, id_order, state, existing_payment=True)
        add_history(shop, id_order, state)
        mail_state(shop, id_order, state)
        if not outcast:
            send_mail(shop, id_order, "order_conf")
            if any(short):
                self._backorder(id_order)
        return id_order

    def _backorder(self, id_order: int) -> None:
        shop = self.shop
        if shop.setting("PS_ENABLE_BACKORDER_STATUS", "0") != "1" or shop.setting("PS_STOCK_MANAGEMENT", "1") == "0":
            return
        valid = shop.tables["orders"].rows[id_order].get("valid")
        name, default = ("PS_OS_OUTOFSTOCK_PAID", 9) if valid else ("PS_OS_OUTOFSTOCK_UNPAID", 12)
        state = state_setting(shop, name, default)
        change_state(shop, id_order, state, existing_payment=True)
        add_history(shop, id_order, state)
        mail_state(shop, id_order, state)

    def _order(self, terms: _Terms) -> Row:
        cart, now = self.sums.cart, self.shop.now()
        row: Row = {
            name: cart[name]
            for name in (
                "id_address_invoice",
                "id_currency",
                "id_lang",
                "id_customer",
                "id_shop",
                "id_shop_group",
                "secure_key",
            )
        }
        row |= {
            "id_cart": self.sums.id_cart,
            "id_carrier": self.shipment.carrier,
            "id_address_delivery": self.sums.address,
            "reference": terms.reference,
            "module": terms.module,
            "payment": terms.payment,
            "conversion_rate": f"{self.sums.rate:.6f}",
            "total_paid_real": f"{terms.paid or 0:.6f}",
            "carrier_tax_rate": f"{self.shipment.tax_rate * 100:.3f}",
            "round_mode": self.sums.mode,
            "round_type": self.sums.round_type,
            "date_add": now,
            "date_upd": now,
        }
        amounts = {
            "total_paid": self.total_incl,
            "total_paid_tax_incl": self.total_incl,
            "total_paid_tax_excl": self.total_excl,
            "total_products": self.products_excl,
            "total_products_wt": self.products_incl,
            "total_shipping": self.shipment.incl,
            "total_shipping_tax_incl": self.shipment.incl,
            "total_shipping_tax_excl": self.shipment.excl,
            "total_discounts": self.off_incl,
            "total_discounts_tax_incl": self.off_incl,
            "total_discounts_tax_excl": self.off_excl,
        }
        return row | {name: f"{amount:.6f}" for name, amount in amounts.items()}

    def _detail(self, id_order: int, line: Line, *, take: bool, lost: bool) -> bool:
        """The line and its stock; whether the stock did not last. `lost`: the decrement is not made."""
        shop, sums = self.shop, self.sums
        id_shop = sums.question.id_shop
        had = order_stock.in_stock(shop, line.product, line.variant, id_shop)
        if take and not lost:
            order_stock.take(shop, line.product, line.variant, line.quantity, id_shop)
        products, variants = shop.tables["products"], shop.tables["combinations"]
        row: Row = {
            "id_order": id_order,
            "product_id": line.product,
            "product_attribute_id": line.variant,
            "id_customization": line.customization,
            "product_quantity": line.quantity,
            "product_quantity_in_stock": max(had, 0) if had < line.quantity else line.quantity,
            "id_shop": id_shop,
            "product_weight": f"{line.weight:.6f}",
            "group_reduction": f"{group_reduction(shop, sums.question.group):.2f}",
            "product_name": product_name(shop, line.product, line.variant, sums.cart["id_lang"]),
            "product_price": f"{line.unit_excl:.6f}",
            "unit_price_tax_excl": f"{line.unit_excl:.6f}",
            "unit_price_tax_incl": f"{line.unit_incl:.6f}",
            "total_price_tax_excl": f"{line.total_excl:.6f}",
            "total_price_tax_incl": f"{line.total_incl:.6f}",
            "product_supplier_reference": supplier_reference(shop, line.product, line.variant),
            "product_reference": reference_of(shop, line.product, line.variant, "reference"),
        }
        for name in ("ean13", "isbn", "upc", "mpn"):
            row[f"product_{name}"] = reference_of(shop, line.product, line.variant, name)
        if line.product in products:
            base = Decimal(products.rows[line.product].get("price", 0))
            if line.variant in variants:
                base += Decimal(variants.value(variants.rows[line.variant], "price"))
            tax_group = products.value(products.rows[line.product], "id_tax_rules_group")
            wholesale = products.value(products.rows[line.product], "wholesale_price")
            row |= {
                "id_tax_rules_group": tax_group,
                "original_product_price": f"{base * sums.rate:.6f}",
                "original_wholesale_price": wholesale,
                "purchase_supplier_price": wholesale,
                "_taxes": taxes_of(shop, tax_group, sums.question),
            }
        if line.special is not None and Decimal(line.special["reduction"]):
            if line.special["reduction_type"] == _PERCENT:
                row["reduction_percent"] = f"{Decimal(line.special['reduction']) * 100:.2f}"
            else:
                row["reduction_amount"] = row["reduction_amount_tax_incl"] = line.special["reduction"]
        shop.tables["order_details"].insert(row)
        return had < line.quantity

    def _satellites(self, id_order: int, terms: _Terms) -> None:
        shop, order = self.shop, self.shop.row("orders", id_order)
        if self.shipment.carrier:
            shop.tables["order_carriers"].insert(
                {
                    "id_order": id_order,
                    "id_carrier": self.shipment.carrier,
                    "weight": f"{self.sums.weight():.6f}",
                    "shipping_cost_tax_excl": f"{self.shipment.excl:.6f}",
                    "shipping_cost_tax_incl": f"{self.shipment.incl:.6f}",
                    "date_add": shop.now(),
                }
            )
        if terms.paid is not None:
            shop.tables["order_payments"].insert(
                {
                    "order_reference": order["reference"],
                    "id_currency": order["id_currency"],
                    "amount": f"{terms.paid:.6f}",
                    "payment_method": terms.payment,
                    "conversion_rate": order["conversion_rate"],
                    "date_add": shop.now(),
                }
            )
        for one in self.discounts:
            shop.tables["order_cart_rules"].insert(
                {
                    "id_order": id_order,
                    "id_cart_rule": one.rule,
                    "name": one.name,
                    "value": f"{one.incl:.6f}",
                    "value_tax_excl": f"{one.excl:.6f}",
                    "free_shipping": int(one.free_shipping),
                }
            )
            rules = shop.tables["cart_rules"]
            rules.update(one.rule, {"quantity": rules.value(rules.rows[one.rule], "quantity") - 1})
