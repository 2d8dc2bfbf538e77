"""The shop's price engine: `price[alias][…]` (fact sheet 3.1 and 3.2), group reduction switched off as in core."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.prestashop.errors import WebserviceError
from sandbox.prestashop.query import Query
from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Row

_ROUNDING = {
    0: ROUND_CEILING,
    1: ROUND_FLOOR,
    2: ROUND_HALF_UP,
    3: ROUND_HALF_DOWN,
    4: ROUND_HALF_EVEN,
}
_HALF_ODD = 5
_OPEN = "0000-00-00 00:00:00"


@dataclass(frozen=True, slots=True)
class PriceQuestion:
    """For whom and how a price is asked: the parameters of one alias, defaults filled in."""

    country: int
    state: int
    postcode: str
    currency: int
    group: int
    quantity: int
    product_attribute: int
    use_tax: bool
    use_reduction: bool
    only_reduction: bool
    use_ecotax: bool
    decimals: int
    id_shop: int
    now: str = ""
    """The minute asked about as the shop writes it; empty: now."""
    customer: int = 0
    cart: int = 0
    group_reduction: bool = False
    """Whether the group's own discount comes on top: in carts, never in `price[]`."""


def parse_prices(query: Query, shop: Shop, resource: str, id_shop: int) -> dict[str, Callable[[int], str]]:
    """The virtual columns of a request: alias → price of a row, six decimals."""
    given = query.get("price")
    if not isinstance(given, dict) or resource not in ("products", "combinations"):
        return {}
    columns: dict[str, Callable[[int], str]] = {}
    for alias, parameters in given.items():
        if not re.fullmatch(r"[A-Za-z0-9_-]+", alias):
            message = "The price parameter name is not valid: only letters, digits, underscore and dash are allowed"
            raise WebserviceError(400, 128, message)
        question = _question(shop, parameters if isinstance(parameters, dict) else {}, id_shop)
        columns[alias] = _column(shop, resource, question)
    return columns


def _question(shop: Shop, given: dict[str, Any], id_shop: int) -> PriceQuestion:
    def whole(name: str, default: int | str) -> int:
        text = str(given.get(name, default)).strip()
        return int(text) if re.fullmatch(r"-?\d+", text) else 0

    return PriceQuestion(
        country=whole("country", shop.setting("PS_COUNTRY_DEFAULT", "0")),
        state=whole("state", 0),
        # What the documentation calls `postcode` is read from `county` in fact.
        postcode=str(given.get("county", "0")),
        currency=whole("currency", shop.setting("PS_CURRENCY_DEFAULT", "1")),
        group=whole("group", shop.setting("PS_CUSTOMER_GROUP", "3")),
        quantity=whole("quantity", 1),
        product_attribute=whole("product_attribute", 0),
        use_tax=bool(whole("use_tax", shop.setting("PS_TAX", "1"))),
        use_reduction=bool(whole("use_reduction", 1)),
        only_reduction=bool(whole("only_reduction", 0)),
        use_ecotax=bool(whole("use_ecotax", shop.setting("PS_USE_ECOTAX", "0"))),
        # Core takes the rounding *mode* for the number of decimals when none is given.
        decimals=whole("decimals", shop.setting("PS_PRICE_ROUND_MODE", "2")),
        id_shop=id_shop,
    )


def _column(shop: Shop, resource: str, question: PriceQuestion) -> Callable[[int], str]:
    taxes: dict[int, Decimal] = {}
    combinations = shop.tables["combinations"].rows

    def price_of(row_id: int) -> str:
        product, variant = row_id, question.product_attribute
        if resource == "combinations":
            product, variant = combinations[row_id]["id_product"], row_id
        price = unit_price(shop, product, variant, question, taxes)
        return f"{price:.6f}"

    return price_of


def unit_price(
    shop: Shop,
    id_product: int,
    id_product_attribute: int,
    question: PriceQuestion,
    taxes: dict[int, Decimal] | None = None,
) -> Decimal:
    """The price of one piece; 0 where core finds no such variant. `taxes` caches rates by tax rules group."""
    price = exact_price(shop, id_product, id_product_attribute, question, taxes)
    mode = int(shop.setting("PS_PRICE_ROUND_MODE", "2"))
    if question.only_reduction:
        return round_price(price, question.decimals, mode)
    return max(round_price(price, question.decimals, mode), Decimal(0))


def exact_price(
    shop: Shop,
    id_product: int,
    id_product_attribute: int,
    question: PriceQuestion,
    taxes: dict[int, Decimal] | None = None,
) -> Decimal:
    """The same before it is rounded."""
    if id_product not in shop.tables["products"]:
        return Decimal(0)
    variants = shop.combination_ids(id_product)
    variant = id_product_attribute
    if variants and not variant:
        variant = shop.default_combination(id_product)
        if not variant:
            return Decimal(0)
    if variant and variant not in variants:
        return Decimal(0)

    def product(name: str) -> Any:
        return shop.value("products", id_product, name, question.id_shop)

    def of_variant(name: str) -> Decimal:
        return Decimal(shop.value("combinations", variant, name, question.id_shop)) if variant else Decimal(0)

    rate = _currency_rate(shop, question.currency)
    tax = _tax_rate(shop, product("id_tax_rules_group"), question, {} if taxes is None else taxes)
    special = special_price(shop, id_product, id_product_attribute, question)
    fixed = Decimal(special["price"]) if special and Decimal(special["price"]) >= 0 else None

    base = Decimal(product("price")) if fixed is None else fixed
    if not (fixed is not None and special and special["id_currency"]):
        base *= rate
    if not (fixed is not None and special and special["id_product_attribute"]):
        base += of_variant("price") * rate
    with_tax = 1 + tax
    price = base * with_tax if question.use_tax else base
    if question.use_ecotax:
        ecotax = of_variant("ecotax") or Decimal(product("ecotax"))
        price += ecotax * rate * (1 + _ecotax_rate(shop, question) if question.use_tax else 1)
    reduction = Decimal(0)
    if special:
        if special["reduction_type"] == "percentage":
            reduction = price * Decimal(special["reduction"])
        else:
            reduction = Decimal(special["reduction"]) * (1 if special["id_currency"] else rate)
            if question.use_tax and not special["reduction_tax"]:
                reduction *= with_tax
            elif not question.use_tax and special["reduction_tax"]:
                reduction /= with_tax
    if question.only_reduction:
        return reduction
    if question.use_reduction:
        price -= reduction
    if question.group_reduction:
        price *= 1 - group_reduction(shop, question.group) / 100
    return _hooked(shop, id_product, variant, price)


def _hooked(shop: Shop, id_product: int, variant: int, price: Decimal) -> Decimal:
    """What modules on actionProductPriceCalculation (8.1 and later) make of it."""
    if shop.major < 8:
        return price
    if factor := shop.price_factors.get(id_product):
        price *= factor
    return price if shop.price_hook is None else shop.price_hook(id_product, variant, price)


def group_reduction(shop: Shop, group: int) -> Decimal:
    """The discount of a customer group in percent."""
    groups = shop.tables["groups"]
    return Decimal(groups.value(groups.rows[group], "reduction")) if group in groups.rows else Decimal(0)


def special_price(shop: Shop, id_product: int, id_product_attribute: int, question: PriceQuestion) -> Row | None:
    """The specific price row core picks, defaults filled in."""
    table = shop.tables["specific_prices"]
    ids = [*table.where("id_product", id_product), *table.where("id_product", 0)]
    if not ids or shop.setting("PS_SPECIFIC_PRICE_FEATURE_ACTIVE", "1") == "0":
        return None
    now = (question.now or shop.now())[:16]
    wanted = {
        "id_shop": question.id_shop,
        "id_currency": question.currency,
        "id_country": question.country,
        "id_group": question.group,
        "id_customer": question.customer,
        "id_cart": question.cart,
    }
    weights = {"id_customer": 32}
    for weight, name in zip((16, 8, 4, 2), _priorities(shop), strict=False):
        weights[name] = weight
    best: tuple[tuple[Any, ...], Row] | None = None
    for row_id in ids:
        row = shop.row("specific_prices", row_id)
        if row["id_product_attribute"] not in (0, id_product_attribute):
            continue
        if any(row[name] not in (0, value) for name, value in wanted.items()):
            continue
        if not _runs(row, now):
            continue
        if (row["from_quantity"] if row["from_quantity"] > 1 else 0) > question.quantity:
            continue
        score = sum(weight for name, weight in weights.items() if row[name] == wanted[name])
        rank = (
            row["id_product_attribute"],
            row["id_cart"],
            row["from_quantity"],
            -row["id_specific_price_rule"],
            score,
            row["to"],
            row["from"],
        )
        if best is None or rank > best[0]:
            best = (rank, row)
    return best[1] if best else None


def _priorities(shop: Shop) -> list[str]:
    return shop.setting("PS_SPECIFIC_PRICE_PRIORITIES", "id_group;id_currency;id_country;id_shop").split(";")


def _runs(row: Row, now: str) -> bool:
    """Whether the row's period holds this minute."""
    start, end = str(row["from"]), str(row["to"])
    return (start == _OPEN or start[:16] <= now) and (end == _OPEN or now <= end[:16])


def _currency_rate(shop: Shop, id_currency: int) -> Decimal:
    table = shop.tables["currencies"]
    return Decimal(table.value(table.rows[id_currency], "conversion_rate")) if id_currency in table else Decimal(1)


def _tax_rate(shop: Shop, group: int, question: PriceQuestion, known: dict[int, Decimal]) -> Decimal:
    """The rate of a tax rules group at the asked place, as a fraction."""
    if group not in known:
        known[group] = tax_rate(shop, group, question)
    return known[group]


def tax_rate(shop: Shop, group: int, question: PriceQuestion) -> Decimal:
    """The rate of a tax rules group at the asked place, as a fraction."""
    total = Decimal(0)
    rows = _tax_rules(shop, group, question)
    for row in rows:
        rate = Decimal(shop.row("taxes", row["id_tax"])["rate"]) / 100
        total = total + rate if rows[0]["behavior"] == 1 else (1 + total) * (1 + rate) - 1
        if row["behavior"] == 0:
            break
    return total


def taxes_of(shop: Shop, group: int, question: PriceQuestion) -> tuple[int, ...]:
    """The taxes that make up that rate."""
    found = []
    for row in _tax_rules(shop, group, question):
        found.append(int(row["id_tax"]))
        if row["behavior"] == 0:
            break
    return tuple(found)


def _tax_rules(shop: Shop, group: int, question: PriceQuestion) -> list[Row]:
    """The rules that hold at the asked place, the most special first."""
    groups = shop.tables["tax_rule_groups"]
    if not group or shop.setting("PS_TAX", "1") == "0" or group not in groups:
        return []
    if not groups.value(groups.rows[group], "active"):
        return []
    table = shop.tables["tax_rules"]
    rows = [shop.row("tax_rules", row_id) for row_id in table.where("id_tax_rules_group", group)]
    rows = [
        row
        for row in rows
        if row["id_country"] == question.country
        and row["id_state"] in (0, question.state)
        and _in_zip_range(row, question.postcode)
    ]
    rows.sort(key=lambda row: (row["zipcode_from"], row["zipcode_to"], row["id_state"]), reverse=True)
    return rows


def _ecotax_rate(shop: Shop, question: PriceQuestion) -> Decimal:
    return tax_rate(shop, int(shop.setting("PS_ECOTAX_TAX_RULES_GROUP_ID", "0") or 0), question)


def _in_zip_range(row: Row, postcode: str) -> bool:
    start, end = str(row["zipcode_from"]), str(row["zipcode_to"])
    if start in ("0", "") and end in ("0", ""):
        return True
    return bool(start <= postcode <= end if end not in ("0", "") else start == postcode)


def round_price(value: Decimal, decimals: int, mode: int) -> Decimal:
    """PS_PRICE_ROUND_MODE: 0 up, 1 down, 2 half up, 3 half down, 4 half even, 5 half odd."""
    unit = Decimal(1).scaleb(-decimals)
    if mode == _HALF_ODD:
        down = value.quantize(unit, rounding=ROUND_FLOOR)
        half_way = value - down == unit / 2
        if half_way:
            return down if int(down / unit) % 2 else down + unit
    return value.quantize(unit, rounding=_ROUNDING.get(mode, ROUND_HALF_UP))
