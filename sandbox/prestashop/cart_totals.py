"""What a cart costs: lines, automatic cart rules, totals, rounded as the shop is set (fact sheet 3.2, 4.1, 4.3)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.prestashop.pricing import PriceQuestion, exact_price, round_price, special_price, tax_rate
from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Row

_PER_ITEM, _PER_LINE = 1, 2
_UNIT_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a cart with its prices; `special` is the specific price that was used."""

    product: int
    variant: int
    customization: int
    quantity: int
    unit_excl: Decimal
    unit_incl: Decimal
    total_excl: Decimal
    total_incl: Decimal
    special: Row | None
    weight: Decimal
    virtual: bool


@dataclass(frozen=True, slots=True)
class Discount:
    """An automatic cart rule and what it takes off."""

    rule: int
    name: str
    excl: Decimal
    incl: Decimal
    free_shipping: bool


def delivery_addresses(shop: Shop, id_cart: int) -> list[int]:
    """Where the cart's rows go: before 9 a row with another address than the cart's is an order of its own (2.11)."""
    return list(dict.fromkeys(address for address, _ in _addressed_rows(shop, id_cart)))


def _addressed_rows(shop: Shop, id_cart: int) -> list[tuple[int, tuple[int, ...]]]:
    cart = shop.row("carts", id_cart)
    known = shop.tables["addresses"] if shop.major < 9 else ()
    return [(row[2] if row[2] in known else cart["id_address_delivery"], row) for row in cart.get("_rows", ())]


class CartSums:
    """A cart (its rows for one address) being added up: who asks, its lines, its sums and discounts."""

    def __init__(self, shop: Shop, id_cart: int, address: int) -> None:
        self.shop = shop
        self.id_cart = id_cart
        self.address = address
        self.cart = shop.row("carts", id_cart)
        self.mode = int(shop.setting("PS_PRICE_ROUND_MODE", "2"))
        self.round_type = int(shop.setting("PS_ROUND_TYPE", "2"))
        currencies = shop.tables["currencies"]
        self.currency = currencies.rows[self.cart["id_currency"]]
        self.precision = int(currencies.value(self.currency, "precision"))
        self.rate = Decimal(currencies.value(self.currency, "conversion_rate"))
        self.customer = self.cart["id_customer"]
        self.question = self._question()
        self._quantities: Counter[int] = Counter()
        for product, _, _, _, quantity in self.cart.get("_rows", ()):
            self._quantities[product] += quantity
        self.lines = [self._line(*row) for place, row in _addressed_rows(shop, id_cart) if place == address]

    # --- prices -----------------------------------------------------------------------------------------------------

    def tax_address(self) -> Row:
        kind = self.shop.setting("PS_TAX_ADDRESS_TYPE", "id_address_delivery")
        row_id = self.address if kind == "id_address_delivery" else self.cart["id_address_invoice"] or self.address
        return self.shop.row("addresses", row_id) if row_id in self.shop.tables["addresses"] else {}

    def group(self) -> int:
        """The customer's default group, whose discount and prices count."""
        customers = self.shop.tables["customers"]
        if self.customer in customers:
            return int(customers.rows[self.customer].get("id_default_group", 0))
        return int(self.shop.setting("PS_UNIDENTIFIED_GROUP", "1"))

    def _question(self) -> PriceQuestion:
        address, setting = self.tax_address(), self.shop.setting
        return PriceQuestion(
            country=int(address.get("id_country") or setting("PS_COUNTRY_DEFAULT", "0")),
            state=int(address.get("id_state") or 0),
            postcode=str(address.get("postcode") or "0"),
            currency=self.cart["id_currency"],
            group=self.group(),
            quantity=1,
            product_attribute=0,
            use_tax=True,
            use_reduction=True,
            only_reduction=False,
            use_ecotax=setting("PS_USE_ECOTAX", "0") == "1",
            decimals=_UNIT_DECIMALS,
            id_shop=self.cart["id_shop"] or 1,
            customer=self.customer,
            cart=self.id_cart,
            group_reduction=True,
        )

    def asked(self, **changes: Any) -> PriceQuestion:
        values = {name: getattr(self.question, name) for name in PriceQuestion.__slots__}
        return PriceQuestion(**{**values, **changes})

    def round(self, value: Decimal) -> Decimal:
        return round_price(value, self.precision, self.mode)

    def _line(self, product: int, variant: int, _address: int, customization: int, quantity: int) -> Line:
        shop, taxes = self.shop, dict[int, Decimal]()
        # Unless variants are counted apart, all pieces of the product count for its quantity discounts.
        apart = shop.setting("PS_QTY_DISCOUNT_ON_COMBINATION", "0") == "1"
        pieces = quantity if apart else self._quantities[product]
        with_tax = self.asked(quantity=pieces)
        without = self.asked(quantity=pieces, use_tax=False)
        incl, excl = (
            max(round_price(exact_price(shop, product, variant, one, taxes), _UNIT_DECIMALS, self.mode), Decimal(0))
            for one in (with_tax, without)
        )
        if self.round_type == _PER_ITEM:
            total_excl, total_incl = self.round(excl) * quantity, self.round(incl) * quantity
        elif self.round_type == _PER_LINE:
            total_excl, total_incl = self.round(excl * quantity), self.round(incl * quantity)
        else:
            total_excl, total_incl = excl * quantity, incl * quantity
        known = product in shop.tables["products"]
        weight = Decimal(shop.value("products", product, "weight")) if known else Decimal(0)
        if variant in shop.tables["combinations"]:
            weight += Decimal(shop.value("combinations", variant, "weight"))
        virtual = known and bool(shop.value("products", product, "is_virtual"))
        special = special_price(shop, product, variant, with_tax)
        money = (excl, incl, total_excl, total_incl)
        return Line(product, variant, customization, quantity, *money, special, weight, virtual)

    # --- sums -------------------------------------------------------------------------------------------------------

    def products(self) -> tuple[Decimal, Decimal]:
        """All lines, without and with tax, rounded."""
        excl = sum((line.total_excl for line in self.lines), Decimal(0))
        incl = sum((line.total_incl for line in self.lines), Decimal(0))
        return self.round(excl), self.round(incl)

    def weight(self) -> Decimal:
        return sum((line.weight * line.quantity for line in self.lines), Decimal(0))

    def tax_rate(self, group: int) -> Decimal:
        return tax_rate(self.shop, group, self.question)

    def discounts(self, shipping: tuple[Decimal, Decimal]) -> list[Discount]:
        """Cart rules that come by themselves: active, in date, without a code; those with a code cannot be put on."""
        found = []
        table = self.shop.tables["cart_rules"]
        for row_id in sorted(table.ids, key=lambda one: (table.value(table.rows[one], "priority"), one)):
            rule = self.shop.row("cart_rules", row_id)
            if self._applies(rule):
                found.append(self._discount(row_id, rule, shipping))
        return found

    def _applies(self, rule: Row) -> bool:
        now = self.shop.now()
        if not rule["active"] or rule["code"] or rule["quantity"] < 1:
            return False
        if not str(rule["date_from"]) <= now <= str(rule["date_to"]):
            return False
        if rule["id_customer"] not in (0, self.customer):
            return False
        if any(rule[f"{name}_restriction"] and not rule.get(f"_{name}") for name in ("country", "group", "product")):
            return False
        if rule["country_restriction"] and self.question.country not in rule["_country"]:
            return False
        if rule["group_restriction"] and self.question.group not in rule["_group"]:
            return False
        if rule["product_restriction"] and not any(line.product in rule["_product"] for line in self.lines):
            return False
        excl, incl = self.products()
        return (incl if rule["minimum_amount_tax"] else excl) >= Decimal(rule["minimum_amount"])

    def _discount(self, row_id: int, rule: Row, shipping: tuple[Decimal, Decimal]) -> Discount:
        excl, incl = self.products()
        if rule["reduction_exclude_special"]:
            kept = [line for line in self.lines if line.special is None]
            excl = sum((line.total_excl for line in kept), Decimal(0))
            incl = sum((line.total_incl for line in kept), Decimal(0))
        part = Decimal(rule["reduction_percent"]) / 100
        off_excl, off_incl = excl * part, incl * part
        if amount := Decimal(rule["reduction_amount"]) * self.rate:
            ratio = incl / excl if excl else Decimal(1)
            off_incl += min(amount if rule["reduction_tax"] else amount * ratio, incl)
            off_excl += min(amount / ratio if rule["reduction_tax"] else amount, excl)
        if rule["free_shipping"]:
            off_excl, off_incl = off_excl + shipping[0], off_incl + shipping[1]
        texts = self.shop.tables["cart_rules"].text(row_id, "name") or {}
        name = texts.get(self.cart["id_lang"]) or next(iter(texts.values()), "")
        return Discount(row_id, name, self.round(off_excl), self.round(off_incl), bool(rule["free_shipping"]))
