"""What create and edit require of `skus[]` (sheet 3.12)."""

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sandbox.tiktok import identifiers
from sandbox.tiktok.call import Call
from sandbox.tiktok.errors import Problem
from sandbox.tiktok.markets import Market
from sandbox.tiktok.shelf import Product
from sandbox.tiktok.tree import Attribute, Category, attribute_of

Sku = dict[str, Any]
MAX_SALES_ATTRIBUTES = 3
MAX_QUANTITY = 99_999


def problems(call: Call, body: dict[str, Any], category: Category | None, product: Product | None) -> Iterator[Problem]:
    skus: list[Sku] = body.get("skus") or []
    if not skus:
        yield Problem(12052902, "The SKU list is empty")
        return
    market = call.shop.market
    if len(skus) > market.sku_max:
        code = 12052050 if market.sku_max == 100 else 12019015
        yield Problem(code, f"More than {market.sku_max} SKUs")
    seen_ids = Counter(sku["id"] for sku in skus if sku.get("id"))
    known = {sku["id"] for sku in product.newest.get("skus", ())} if product else set()
    if not set(seen_ids) <= known or any(count > 1 for count in seen_ids.values()):
        yield Problem(12052036, "A SKU id is not one of this product's")
    for sku in skus:
        yield from _seller_sku(call, sku)
        if len(sku.get("external_sku_id", "")) > 999:
            yield Problem(12052369, "The external SKU id is too long")
        yield from price_problems(market, sku.get("price"))
        yield from _list_price(market, sku)
        yield from _inventory(call, sku)
    yield from _identifiers(call, skus, product)
    yield from _sales_attributes(skus, category)


def _seller_sku(call: Call, sku: Sku) -> Iterator[Problem]:
    seller_sku = sku.get("seller_sku") or ""
    if not seller_sku:
        if call.shop.long_seller_sku:
            yield Problem(12019059, "seller_sku is required", missing=True)
    elif len(seller_sku) > 50:
        yield Problem(12052054, "seller_sku is longer than 50 characters")
    elif re.search(r"\s", seller_sku) or (
        call.shop.long_seller_sku and not re.fullmatch(r"[A-Za-z0-9_-]{6,50}", seller_sku)
    ):
        yield Problem(12019059, "seller_sku is invalid")


def price_problems(market: Market, price: dict[str, Any] | None) -> Iterator[Problem]:
    if not price or "amount" not in price:
        yield Problem(12052571, "The price is missing", missing=True)
        return
    if price.get("currency") != market.currency:
        yield Problem(12052084, f"The currency must be {market.currency}")
        return
    decimals = rf"(\.\d{{1,{market.decimals}}})?" if market.decimals else ""
    if not re.fullmatch(rf"\d{{1,12}}{decimals}", price["amount"]):
        yield Problem(12052012, "The price format is invalid")
    elif Decimal(price["amount"]) < market.price_min:
        yield Problem(12052073, "The price is too low")
    elif Decimal(price["amount"]) > market.price_max:
        yield Problem(12052570, "The price is above the limit")


def _list_price(market: Market, sku: Sku) -> Iterator[Problem]:
    list_price, price = sku.get("list_price"), sku.get("price")
    if not list_price or market.region != "US":
        return  # dropped with a warning elsewhere
    if not re.fullmatch(r"\d{1,12}(\.\d{1,2})?", list_price["amount"]) or not (
        Decimal("0.01") <= Decimal(list_price["amount"]) <= 7600
    ):
        yield Problem(12052375, "The list price is invalid")
    elif not any(price_problems(market, price)) and Decimal(list_price["amount"]) < Decimal((price or {})["amount"]):
        yield Problem(12052383, "The list price is below the price")


def _inventory(call: Call, sku: Sku) -> Iterator[Problem]:
    rows = sku.get("inventory") or []
    if not rows:
        yield Problem(12019022, "The SKU has no warehouse", missing=True)
    ids = [row.get("warehouse_id", "") for row in rows]
    if len(ids) != len(set(ids)):
        yield Problem(12052534, "A warehouse is named twice")
    for row in rows:
        # 0 is taken only for a SKU that exists: the documentation wants 1 to 99 999 on create (sheet 3.12).
        least = 0 if sku.get("id") else 1
        if row["quantity"] < least or row["quantity"] > MAX_QUANTITY:
            yield Problem(12052055, "The quantity is out of range", missing=row["quantity"] == 0)
        if problem := warehouse_problem(call, row.get("warehouse_id", "")):
            yield problem


def warehouse_problem(call: Call, warehouse_id: str) -> Problem | None:
    warehouse = call.shop.warehouses.get(warehouse_id)
    if warehouse is None:
        return Problem(12052530, "The warehouse is unknown")
    if warehouse.type != "SALES_WAREHOUSE":
        return Problem(12052531, "The warehouse is not a sales warehouse")
    if warehouse.effect_status != "ENABLED":
        return Problem(12052532, "The warehouse is not enabled")
    return None


def _identifiers(call: Call, skus: list[Sku], product: Product | None) -> Iterator[Problem]:
    codes = Counter(sku["identifier_code"]["code"] for sku in skus if sku.get("identifier_code"))
    if any(count > 1 for count in codes.values()):
        yield Problem(12052592, "An identifier code is used twice")
    if call.shop.unique_identifiers and codes.keys() & set(_codes_of_others(call, product)):
        yield Problem(12052592, "An identifier code is used by another product of the shop")
    before = {sku["id"]: sku.get("identifier_code") for sku in product.newest.get("skus", ())} if product else {}
    for sku in skus:
        identifier = sku.get("identifier_code")
        if not identifier:
            continue
        if not identifiers.is_valid(identifier["type"], identifier["code"]):
            yield Problem(12052591, "The identifier code is invalid")
        set_before = before.get(sku.get("id", ""))
        if set_before and set_before["code"] != identifier["code"]:
            yield Problem(12052593, "An identifier code cannot be changed")


def _codes_of_others(call: Call, product: Product | None) -> Iterator[str]:
    for other in call.shop.shelf.products.values():
        if other is not product and other.status != "DELETED":
            for sku in other.newest.get("skus", ()):
                if identifier := sku.get("identifier_code"):
                    yield identifier["code"]


def _sales_attributes(skus: list[Sku], category: Category | None) -> Iterator[Problem]:
    rows = [sku.get("sales_attributes") or [] for sku in skus]
    if any(len(row) > MAX_SALES_ATTRIBUTES for row in rows):
        yield Problem(12052525, "More than three sales attributes")
    every = [attribute for row in rows for attribute in row]
    for attribute in every:
        yield from _sales_attribute(attribute, category)
    keys = [[_key(attribute, "id", "name") for attribute in row] for row in rows]
    if any(set(names) != set(keys[0]) for names in keys):
        yield Problem(12052550, "The SKUs do not have the same sales attributes")
    if any(len(names) != len(set(names)) for names in keys):
        yield Problem(12052555, "A SKU names a sales attribute twice")
    combinations = Counter(
        frozenset((_key(a, "id", "name"), _key(a, "value_id", "value_name")) for a in row) for row in rows
    )
    if any(count > 1 for count in combinations.values()):
        yield Problem(12052553, "Two SKUs have the same sales attribute values")
    yield from _sku_images(rows)


def _key(attribute: dict[str, Any], *names: str) -> str:
    return next((str(attribute[name]).strip().lower() for name in names if attribute.get(name)), "")


def _sales_attribute(given: dict[str, Any], category: Category | None) -> Iterator[Problem]:
    if not given.get("id") and not given.get("name"):
        yield Problem(12052557, "A sales attribute has neither id nor name")
    if not given.get("value_id") and not given.get("value_name"):
        yield Problem(12052557, "A sales attribute has neither value id nor value name")
    if not given.get("id") and len(given.get("name") or "") > 20:
        yield Problem(12052559, "The name of a sales attribute is longer than 20 characters")
    if not given.get("value_id") and len(given.get("value_name") or "") > 50:
        yield Problem(12052560, "The value of a sales attribute is longer than 50 characters")
    if given.get("id") and category is not None:
        known = attribute_of(category.id, given["id"])
        if known is None or not known.sales:
            # Attributes a merchant made up before come back with the id they were given.
            if not given["id"].startswith("7082428"):
                yield Problem(12052558, "The sales attribute is not one of the category's")
        else:
            yield from _value(known, given)


def _value(known: Attribute, given: dict[str, Any]) -> Iterator[Problem]:
    value_id = given.get("value_id")
    if value_id:
        if value_id not in known.values and not value_id.startswith("7082428"):
            yield Problem(12052558, "The value id is not one of the sales attribute's")
    elif not known.customizable and not names_a_value(known, given.get("value_name") or ""):
        yield Problem(12052558, "The sales attribute takes listed values only")


def names_a_value(known: Attribute, name: str) -> bool:
    return any(name.lower() in names.lower().split("|") for names in known.values.values())


def _sku_images(rows: list[list[dict[str, Any]]]) -> Iterator[Problem]:
    def has_image(attribute: dict[str, Any]) -> bool:
        return bool(attribute.get("sku_img"))

    if any(has_image(attribute) for row in rows for attribute in row[1:]):
        yield Problem(12052528, "Only the first sales attribute may have images")
    first = [has_image(row[0]) for row in rows if row]
    if any(first) and not all(first):
        yield Problem(12052529, "Either all values of the first sales attribute have an image or none")
