"""The demo shop behind the recordings: PrestaShop's own fixtures as far as the recorded answers show them.

`fresh`: country US, English, USD, no tax on the default country. `es`: country ES, English and Spanish, EUR, 21 % VAT.
"""

from __future__ import annotations

from typing import Literal

from sandbox.prestashop.generator.demo_orders import fill_demo_orders
from sandbox.prestashop.generator.settings import CURRENCIES, country_id, fill_settings, same
from sandbox.prestashop.shop import Image, Shop
from sandbox.prestashop.tables import Row

DemoShop = Literal["fresh", "es"]

_HUMMINGBIRD = (
    "<p>Symbol of lightness and delicacy, the hummingbird evokes curiosity and joy. The printing process "
    "provides an exceptional color rendering and a color, guaranteed overtime.</p>"
)
# id|reference|name|price|weight|manufacturer|supplier|category|feature:value…|images|first combination-count
_PRODUCTS = """
1|demo_1|Hummingbird printed t-shirt|23.9|0.3|1|1|4|1:4 2:8|1 2|1-8
2|demo_3|Hummingbird printed sweater|35.9|0.3|1|1|5|1:4 2:9|21|9-4
3|demo_6|The best is yet to come' Framed poster|29|0.3|2|2|9|1:6|3|13-3
4|demo_5|The adventure begins Framed poster|29|0.3|2|2|9|1:6|4|16-3
5|demo_7|Today is a good day Framed poster|29|0.3|2|2|9|1:6|5|19-3
6|demo_11|Mug The best is yet to come|11.9|0.3|1|2|8|1:3|6|
7|demo_12|Mug The adventure begins|11.9|0.3|1|2|8|1:3|7|
8|demo_13|Mug Today is a good day|11.9|0.3|1|2|8|1:3|8|
9|demo_15|Mountain fox cushion|18.9|0.3|1|2|8|1:1 2:10|9|22-2
10|demo_16|Brown bear cushion|18.9|0.3|1|2|8|1:1 2:10|11|24-2
11|demo_17|Hummingbird cushion|18.9|0.3|1|2|8|1:1 2:10|13|26-2
12|demo_18|Mountain fox - Vector graphics|9|0|1|2|9||15|
13|demo_19|Brown bear - Vector graphics|9|0|1|2|9||16|
14|demo_20|Hummingbird - Vector graphics|9|0|1|2|9||17|
15|demo_21|Pack Mug + Framed poster|35|0|1|2|8||23|
16|demo_8|Mountain fox notebook|12.9|0.3|2|2|7|1:5 2:10|18|28-4
17|demo_9|Brown bear notebook|12.9|0.3|2|2|7|1:5 2:10|19|32-4
18|demo_10|Hummingbird notebook|12.9|0.3|2|2|7|1:5 2:10|20|36-4
19|demo_14|Customizable mug|13.9|0.3|1|2|8|1:3|22|
"""
_CATEGORIES = (
    (1, 0, "Root"),
    (2, 1, "Home"),
    (3, 2, "Clothes"),
    (4, 3, "Men"),
    (5, 3, "Women"),
    (6, 2, "Accessories"),
    (7, 6, "Stationery"),
    (8, 6, "Home Accessories"),
    (9, 2, "Art"),
)
_SIZES, _COLOURS = (
    ("S", "M", "L", "XL"),
    (
        [
            "Grey",
            "Taupe",
            "Beige",
            "White",
            "Off_White",
            "Red",
            "Black",
            "Camel",
            "Orange",
            "Blue",
            "Green",
            "Yellow",
            "Brown",
            "Pink",
        ]
    ),
)
_HEX = [
    "#AAB2BD",
    "#CFC4A6",
    "#f5f5dc",
    "#ffffff",
    "#faebd7",
    "#E84C3D",
    "#434A54",
    "#C19A6B",
    "#F39C11",
    "#5D9CEC",
    "#A0D468",
    "#F1C40F",
    "#964B00",
    "#FCCACD",
]
_FEATURE_VALUES = (
    (1, "Polyester", "Wool", "Ceramic", "Cotton", "Recycled cardboard", "Matt paper"),
    (2, "Long sleeves", "Short sleeves", "Removable cover", "120 pages"),
)


def fill_demo(shop: Shop, kind: DemoShop) -> None:
    fresh = kind == "fresh"
    euro, _, dollar, *_ = CURRENCIES
    fill_settings(
        shop,
        country="US" if fresh else "ES",
        languages=("en",) if fresh else ("en", "es"),
        currencies=(type(dollar)(dollar.iso, dollar.number, dollar.name, dollar.symbol, "1.000000"),)
        if fresh
        else (euro,),
    )
    if fresh:
        # A shop installed in the US has a group per state; nothing is taxed without a state.
        shop.tables["tax_rule_groups"].insert(
            {"name": "US-FL Rate (6%)", "date_add": shop.now(), "date_upd": shop.now()}, 9
        )
    else:
        _tax_everywhere_as_in_spain(shop)
    _fill_vocabulary(shop)
    for line in _PRODUCTS.strip().splitlines():
        _add_product(shop, line.split("|"), tax_group=9 if fresh else 1)
    shop.tables["products"].rows[15]["_bundle"] = ((6, 0, 5), (5, 19, 5))
    shop.tables["products"].rows[19]["customizable"] = 2
    for product in (1, 2):
        shop.tables["specific_prices"].insert(
            {"id_product": product, "id_shop": 0, "reduction": "0.200000", "reduction_type": "percentage"}
        )
    fill_demo_orders(shop)


def _tax_everywhere_as_in_spain(shop: Shop) -> None:
    # The installer of an EU shop taxes the whole union at the home rate (recording 133: France at 21 %).
    rules = shop.tables["tax_rules"]
    spain = next(row for row in rules.rows.values() if row["id_country"] == country_id(shop, "ES"))
    for row in rules.rows.values():
        if row["id_tax_rules_group"] == 1:
            row["id_tax"] = spain["id_tax"]


def _fill_vocabulary(shop: Shop) -> None:
    tables, now = shop.tables, shop.now()
    for row_id, parent, name in _CATEGORIES:
        position = sum(row.get("id_parent") == parent for row in tables["categories"].rows.values())
        tables["categories"].insert(
            {
                "id_parent": parent,
                "level_depth": 0 if not parent else tables["categories"].rows[parent]["level_depth"] + 1,
                "is_root_category": int(row_id == 2),
                "position": position,
                "name": same(shop, name),
                "link_rewrite": same(shop, name.lower().replace(" ", "-")),
                "description": same(shop, f"<p>{name}.</p>" if row_id in (3, 6) else ""),
                "date_add": now,
                "date_upd": now,
            },
            row_id,
        )
        shop.category_products[row_id] = {}
    for position, (maker, text, addresses) in enumerate(
        (
            ("Studio Design", "<p>A range of items from ready-to-wear collections to contemporary objects.</p>", (4,)),
            (
                "Graphic Corner",
                "<p>A large choice of quality posters, available on paper and many other formats. </p>",
                (),
            ),
        )
    ):
        row: Row = {
            "name": maker,
            "description": same(shop, text),
            "date_add": now,
            "date_upd": now,
            "_addresses": addresses,
        }
        tables["manufacturers"].insert(row, position + 1)
    for name in ("Fashion supplier", "Accessories supplier"):
        tables["suppliers"].insert({"name": name, "date_add": now, "date_upd": now})
    groups: tuple[tuple[str, int, str, tuple[str, ...]], ...] = (
        ("Size", 0, "select", _SIZES),
        ("Color", 1, "color", tuple(_COLOURS)),
        ("Dimension", 0, "select", ("40x60cm", "60x90cm", "80x120cm")),
        ("Paper Type", 0, "select", ("Ruled", "Plain", "Squarred", "Doted")),
    )
    for position, (name, is_colour, kind, values) in enumerate(groups):
        group = tables["product_options"].insert(
            {
                "name": same(shop, name),
                "public_name": same(shop, name),
                "is_color_group": is_colour,
                "group_type": kind,
                "position": position,
            }
        )
        for index, value in enumerate(values):
            tables["product_option_values"].insert(
                {
                    "id_attribute_group": group,
                    "position": index,
                    "name": same(shop, value.replace("_", " ")),
                    "color": _HEX[index] if is_colour else "",
                }
            )
    for position, name in enumerate(("Composition", "Property")):
        tables["product_features"].insert({"name": same(shop, name), "position": position})
    for feature, *listed in _FEATURE_VALUES:
        for position, text in enumerate(listed):
            row = {"id_feature": feature, "value": same(shop, str(text)), "position": position}
            tables["product_feature_values"].insert(row)


def _variant_values(product: int) -> list[tuple[int, ...]]:
    if product == 1:
        return [(size, colour) for size in (1, 2, 3, 4) for colour in (8, 11)]
    if product == 2:
        return [(size,) for size in (1, 2, 3, 4)]
    if product in (3, 4, 5):
        return [(value,) for value in (19, 20, 21)]
    return [(8,), (11,)] if product in (9, 10, 11) else [(value,) for value in (22, 23, 24, 25)]


def _add_product(shop: Shop, parts: list[str], tax_group: int) -> None:
    number, reference, name, price, weight, maker, supplier, category, features, images, variants = parts
    product, now = int(number), shop.now()
    own_images = tuple(int(image) for image in images.split())
    for image in own_images:
        shop.images[image] = Image(product)
    first = int(variants.partition("-")[0] or 0)
    shop.tables["products"].insert(
        {
            "id_manufacturer": int(maker),
            "id_supplier": int(supplier),
            "id_category_default": int(category),
            "cache_default_attribute": first,
            "id_tax_rules_group": tax_group,
            "reference": reference,
            "weight": f"{float(weight):.6f}",
            "price": f"{float(price):.6f}",
            "wholesale_price": "5.490000",
            "product_type": "combinations" if variants else "pack" if product == 15 else "standard",
            "cache_is_pack": int(product == 15),
            "is_virtual": int(product in (12, 13, 14)),
            "redirect_type": "301-category",
            "date_add": now,
            "date_upd": now,
            "name": same(shop, name),
            "link_rewrite": same(shop, "-".join(name.lower().replace("'", "").split())),
            "description": same(shop, _HUMMINGBIRD),
            "description_short": same(shop, f"<p>{name}.</p>\r\n<p></p>"),
            "_images": own_images,
            "_features": tuple((int(pair.partition(":")[0]), int(pair.partition(":")[2])) for pair in features.split()),
        },
        product,
    )
    parents = [int(category)]
    while (parent := shop.tables["categories"].rows[parents[0]]["id_parent"]) > 1:
        parents.insert(0, parent)
    shop.set_categories(product, parents)
    stock = shop.tables["stock_availables"]
    shop.tables["product_suppliers"].insert(
        {"id_product": product, "id_supplier": int(supplier), "product_supplier_reference": reference}
    )
    if not variants:
        stock.insert({"id_product": product, "quantity": 300}, product)
        return
    stock.insert({"id_product": product, "quantity": 0}, product)
    for position, values in enumerate(_variant_values(product)):
        combination = first + position
        shop.tables["combinations"].insert(
            {
                "id_product": product,
                "reference": reference,
                "default_on": 1 if position == 0 else None,
                "_values": values,
                "_images": (own_images[-1 if position % 2 == 0 else 0],),
            },
            combination,
        )
        # The installer made the rows of products 1–19 first, then those of their variants.
        row_id = 19 + combination
        stock.insert({"id_product": product, "id_product_attribute": combination, "quantity": 300}, row_id)
        shop.recompute_sum(row_id)
