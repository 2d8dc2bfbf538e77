"""Specific prices of the generated shop: past, running and coming, by percent and amount, for everyone and for some."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from sandbox.prestashop.generator.settings import country_id
from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Row

_VIP, _GBP = 5, 2
_RUNNING_SHARE = 0.04


def add_promotions(shop: Shop, dice: Random) -> None:
    """One row of every kind on products of their own, then running sales on a few per cent of all."""
    now = shop.clock().astimezone(shop.timezone)

    def day(offset: int) -> str:
        return (now + timedelta(days=offset)).strftime("%Y-%m-%d 00:00:00")

    def percent(share: str, **more: Any) -> Row:
        return {"reduction": f"{float(share):.6f}", "reduction_type": "percentage", **more}

    def amount(value: str, tax: int = 1, **more: Any) -> Row:
        return {"reduction": f"{float(value):.6f}", "reduction_type": "amount", "reduction_tax": tax, **more}

    variant = next(iter(shop.tables["combinations"].rows.items()), None)
    france = country_id(shop, "FR")
    kinds: list[Row] = [
        percent("0.2"),
        percent("0.15", **{"from": day(-60), "to": day(-30)}),
        percent("0.25", **{"from": day(-3), "to": day(4)}),
        percent("0.3", **{"from": day(7), "to": day(14)}),
        amount("2.5"),
        amount("2", tax=0),
        percent("0.1", id_group=_VIP),
        amount("1.5", id_currency=_GBP),
        percent("0.12", id_country=france),
        percent("0.18", from_quantity=3),
        {"price": "4.990000", "reduction": "0.000000"},
        {"price": "19.900000", "id_currency": _GBP, "id_cart": 0},
        {"price": "3.330000", "id_cart": 501},
        {"price": "6.660000", "id_cart": 502, "id_customer": 7},
    ]
    table = shop.tables["specific_prices"]
    ids = shop.tables["products"].ids
    for position, kind in enumerate(kinds):
        table.insert({"id_product": ids[position * 3 % len(ids)], **kind})
    if variant is not None:
        table.insert({"id_product": variant[1]["id_product"], "id_product_attribute": variant[0], **percent("0.5")})
    table.insert({"id_product": ids[1 % len(ids)], "id_specific_price_rule": 1, **percent("0.05")})
    for row_id in ids[60:]:
        if dice.random() < _RUNNING_SHARE:
            table.insert(
                {"id_product": row_id, **percent(dice.choice(("0.1", "0.2", "0.3")), to=day(dice.randint(1, 30)))}
            )
