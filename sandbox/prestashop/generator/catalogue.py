"""The generated catalogue: deterministic by seed, with everything odd that real catalogues hold.

Which product is odd in which way follows from its ordinal, so that already 200 products show every family and every
oddity; everything else is drawn from the seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice, product
from random import Random

from sandbox.prestashop.generator.promotions import add_promotions
from sandbox.prestashop.generator.settings import add_marketplace_groups, add_marketplace_shipping, fill_settings
from sandbox.prestashop.generator.structure import Structure, fill_structure
from sandbox.prestashop.generator.texts import STYLES, of, product_texts
from sandbox.prestashop.generator.vocabulary import FAMILIES, SHARES, Family, words
from sandbox.prestashop.shop import Image, Shop
from sandbox.prestashop.tables import Row

_NEUTRAL = ("#8FA3AD", "#B08968", "#A3B18A", "#C9ADA7", "#6D6875")
_IMAGE_ODDITIES = {11: "small", 17: "cmyk", 23: "transparent", 29: "webp", 31: "png", 37: "wide", 41: "huge"}


def second_language(region: str) -> str:
    return {"DE": "de", "ES": "es"}.get(region, "fr")


def fill_catalogue(shop: Shop, products: int, seed: int, region: str) -> None:
    """A whole shop of that many products."""
    languages = ("en", second_language(region))
    fill_settings(shop, country=region, languages=languages)
    add_marketplace_groups(shop, region)
    add_marketplace_shipping(shop)
    isos = dict(enumerate(languages, 1))
    structure = fill_structure(shop, isos)
    shop.tables["products"].text_source = product_texts(seed, isos)
    Catalogue(shop, structure, isos, Random(seed)).fill(products)
    add_promotions(shop, Random(seed + 1))


def family_order(dice: Random) -> Iterator[int]:
    """Indexes of families without end: the first eleven are all different, every hundred holds them as in SHARES."""
    whole = [index for index, family in enumerate(FAMILIES) for _ in range(SHARES[family.key])]
    first = list(range(len(FAMILIES)))
    rest = list(whole)
    for index in first:
        rest.remove(index)
    dice.shuffle(rest)
    yield from first
    yield from rest
    while True:
        dice.shuffle(whole)
        yield from whole


class Catalogue:
    """Fills products, variants, stock, images and supplier lines one product after the other."""

    def __init__(self, shop: Shop, structure: Structure, isos: dict[int, str], dice: Random) -> None:
        self.shop = shop
        self.structure = structure
        self.isos = isos
        self.dice = dice
        self.next_image = 1
        self.next_ean = 4_006_381_000_00
        self.last_ean = ""
        self.last_reference = ""
        self.packable: list[int] = []
        start = shop.clock().astimezone(shop.timezone).replace(microsecond=0)
        # Days of the past two years as text: products were added and changed on them.
        self.days = [(start - timedelta(days=day)).strftime("%Y-%m-%d") for day in range(730)]

    def fill(self, products: int) -> None:
        next_id = 1
        for ordinal, index in enumerate(islice(family_order(self.dice), products)):
            self._add(next_id, ordinal, index)
            next_id += 1 if self.dice.random() > 0.03 else self.dice.randint(2, 6)

    def _add(self, row_id: int, ordinal: int, index: int) -> None:
        family, dice, shop = FAMILIES[index], self.dice, self.shop
        path = dice.choice(self.structure.leaves[family.key])
        added = self.days[dice.randrange(365, 730)]
        row: Row = {
            "_family": index,
            "_categories": path,
            "id_manufacturer": 0 if ordinal % 19 == 4 else dice.randint(1, 12),
            "id_supplier": ordinal % 4 + 1 if ordinal % 3 == 0 else 0,
            "id_category_default": path[-1],
            "id_tax_rules_group": family.tax_group,
            "price": f"{dice.uniform(*family.price):.2f}0000",
            "date_add": f"{added} 09:{dice.randrange(60):02d}:00",
            "date_upd": f"{self.days[dice.randrange(1, 365)]} {dice.randrange(24):02d}:{dice.randrange(60):02d}:30",
        }
        row["wholesale_price"] = f"{float(row['price']) * 0.45:.6f}"
        if reference := self._reference(family, ordinal, row_id):
            row["reference"] = reference
        if ean := self._ean(ordinal):
            row["ean13"] = ean
        if (style := self._style(ordinal)) != 0:
            row["_style"] = style
        row |= self._measures(family, ordinal)
        row |= _oddities(ordinal, family.kind)
        row["_features"] = self._features(family, ordinal)
        if ordinal % 8 == 0:
            row["_tags"] = (self.structure.tags[ordinal // 8 % len(self.structure.tags)],)
        if ordinal % 15 == 3 and self.packable:
            row["_accessories"] = (self.packable[-1],)
        shop.tables["products"].insert(row, row_id)
        for category in path:
            members = shop.category_products[category]
            members[row_id] = len(members) + 1
        combinations = self._variants(row_id, row, family, ordinal)
        if family.kind == "virtual":
            row |= {"product_type": "virtual", "is_virtual": 1}
        elif family.kind == "pack":
            self._pack(row, ordinal)
        elif not combinations:
            self.packable.append(row_id)
        self._images(row_id, row, ordinal, combinations)
        self._stock(row_id, ordinal, combinations)
        if row["id_supplier"]:
            shop.tables["product_suppliers"].insert(
                {
                    "id_product": row_id,
                    "id_supplier": row["id_supplier"],
                    "product_supplier_reference": f"S{row['id_supplier']}-{row_id}",
                    "product_supplier_price_te": row["wholesale_price"],
                }
            )

    # --- one side of a product each ------------------------------------------------------------------------------

    def _reference(self, family: Family, ordinal: int, row_id: int) -> str:
        """Mostly FAM-00012; some missing, doubled, with spaces, or very short."""
        oddity = ordinal % 40
        if oddity == 6:
            return ""
        if oddity == 13 and self.last_reference:
            return self.last_reference
        if oddity == 21:
            return f" {family.prefix} {row_id} "
        if oddity == 33:
            return f"{chr(65 + ordinal % 26)}{ordinal % 10}"
        self.last_reference = f"{family.prefix}-{row_id:05d}"
        return self.last_reference

    def _ean(self, ordinal: int) -> str:
        """Mostly valid and new; some missing, doubled, or with a wrong check digit."""
        oddity = ordinal % 50
        if oddity in (8, 9, 24, 40):
            return ""
        if oddity == 30 and self.last_ean:
            return self.last_ean
        self.next_ean += 7
        code = str(self.next_ean)
        check = (10 - sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(code)) % 10) % 10
        if oddity == 44:
            return code + str((check + 1) % 10)
        self.last_ean = code + str(check)
        return self.last_ean

    def _style(self, ordinal: int) -> int:
        special = {12: "long"}.get(ordinal % 150)
        special = special or {
            3: "line",
            9: "table",
            14: "styled",
            19: "script",
            24: "images",
            29: "emoji",
            34: "entities",
        }.get(ordinal % 37)
        special = special or ("empty" if ordinal % 55 == 50 else None)
        return STYLES.index(special) if special else 0

    def _measures(self, family: Family, ordinal: int) -> Row:
        """Weight in kg and size in cm; some never measured, some with decimals."""
        if family.kind == "virtual":
            return {}
        row: Row = {}
        if ordinal % 35 != 16:
            row["weight"] = f"{self.dice.uniform(*family.weight):.3f}000"
        if ordinal % 28 != 5:
            decimals = ".5" if ordinal % 11 == 2 else ".0"
            for name, centimetres in zip(("depth", "width", "height"), family.size_cm, strict=True):
                row[name] = f"{centimetres + ordinal % 3}{decimals}00000"
        return row

    def _features(self, family: Family, ordinal: int) -> tuple[tuple[int, int], ...]:
        """Predefined values mostly; now and then a value of the product's own."""
        pairs = []
        for key in family.features:
            feature, values = self.structure.feature_values[key]
            if key == family.features[0] and ordinal % 25 == 10:
                text = words(
                    f"Own blend {ordinal}|Mélange maison {ordinal}|Eigene Mischung {ordinal}|Mezcla propia {ordinal}"
                )
                custom = {"id_feature": feature, "custom": 1, "value": of(self.isos, text)}
                pairs.append((feature, self.shop.tables["product_feature_values"].insert(custom)))
            elif self.dice.random() < 0.9:
                pairs.append((feature, self.dice.choice(values)))
        return tuple(pairs)

    def _variants(self, row_id: int, row: Row, family: Family, ordinal: int) -> list[int]:
        options = family.options
        # Two in a row of the same family alternate between plain and in colours.
        if family.colour_share and row_id % 100 < family.colour_share:
            options = (("Colour", 2, 2),)
        if not options or family.kind != "standard":
            return []
        dice, table = self.dice, self.shop.tables["combinations"]
        choices = []
        for key, low, high in options:
            values = self.structure.option_values[key]
            count = dice.randint(low, high)
            start = dice.randrange(len(values) - count + 1)
            choices.append(values[start : start + count])
        made = []
        for position, values_of_one in enumerate(product(*choices)):
            variant: Row = {"id_product": row_id, "_values": values_of_one}
            if reference := row.get("reference"):
                variant["reference"] = reference if ordinal % 45 == 7 else f"{reference}-{position + 1}"
            if ean := self._ean(ordinal + position + 1):
                variant["ean13"] = ean
            if position == 0:
                variant["default_on"] = 1
            elif impact := _impact(options[0][0], position, ordinal):
                variant["price"] = impact
            if options[0][0] == "Dimension" and position:
                variant["weight"] = f"{0.15 * position:.6f}"
            made.append(table.insert(variant))
        row |= {"product_type": "combinations", "cache_default_attribute": made[0]}
        return made

    def _pack(self, row: Row, ordinal: int) -> None:
        contents = (
            tuple((self.dice.choice(self.packable), 0, self.dice.randint(1, 3)) for _ in range(2))
            if self.packable
            else ()
        )
        row |= {"product_type": "pack", "cache_is_pack": 1, "pack_stock_type": ordinal % 4, "_bundle": contents}

    def _images(self, row_id: int, row: Row, ordinal: int, combinations: list[int]) -> None:
        """None for a few; else one to four, and one for each colour of the variants."""
        if ordinal % 27 == 20:
            return
        table = self.shop.tables["combinations"]
        own: list[int] = []
        by_colour: dict[str, int] = {}
        for combination in combinations:
            variant = table.rows[combination]
            colour = next(
                (self.structure.colours[value] for value in variant["_values"] if value in self.structure.colours), ""
            )
            if not colour:
                continue
            if colour not in by_colour:
                by_colour[colour] = self._image(row_id, colour, ordinal + len(own))
                own.append(by_colour[colour])
            variant["_images"] = (by_colour[colour],)
        for extra in range(1 if own else self.dice.choice((1, 1, 2, 2, 3, 4))):
            own.append(self._image(row_id, _NEUTRAL[(row_id + extra) % len(_NEUTRAL)], ordinal + extra))
        row["_images"] = tuple(own)

    def _image(self, row_id: int, colour: str, ordinal: int) -> int:
        image = self.next_image
        self.next_image += 1 if image % 40 else 3
        # The one picture of 5000 px is a lone one in a hundred and sixty.
        oddity = _IMAGE_ODDITIES.get(ordinal % 80, "")
        self.shop.images[image] = Image(row_id, colour, "" if oddity == "huge" and ordinal % 160 != 41 else oddity)
        return image

    def _stock(self, row_id: int, ordinal: int, combinations: list[int]) -> None:
        table = self.shop.tables["stock_availables"]
        backorders = {2: {}, 1: {"out_of_stock": 1}, 0: {"out_of_stock": 0}}[
            1 if ordinal % 20 == 7 else 0 if ordinal % 20 == 14 else 2
        ]
        quantities = [self._quantity(ordinal + position) for position in range(len(combinations))]
        total = sum(quantities) if combinations else self._quantity(ordinal)
        table.insert({"id_product": row_id, "quantity": total, **backorders})
        for combination, quantity in zip(combinations, quantities, strict=True):
            table.insert(
                {"id_product": row_id, "id_product_attribute": combination, "quantity": quantity, **backorders}
            )

    def _quantity(self, ordinal: int) -> int:
        oddity = ordinal % 60
        if oddity in (4, 18, 33, 47):
            return 0
        if oddity == 26:
            return -3
        if oddity == 52:
            return 250_000
        return self.dice.randint(1, 5) if oddity % 6 == 0 else self.dice.randint(6, 300)


def _impact(option: str, position: int, ordinal: int) -> str:
    """Bigger posters and shoes cost more; some variants cost less than the default one."""
    if option in ("Dimension", "Shoe size"):
        return f"{4.5 * position:.6f}"
    return "-1.500000" if ordinal % 6 == 1 else ""


def _oddities(ordinal: int, kind: str) -> Row:
    """What a few products differ in beyond their family."""
    row: Row = {}
    if ordinal % 70 == 22:
        row["state"] = 0
        row["active"] = 0
    if ordinal % 24 == 15:
        row["active"] = 0
    if ordinal % 90 == 35:
        row["available_for_order"] = 0
    if ordinal % 110 == 45 and kind == "standard":
        row |= {"customizable": 2, "text_fields": 1}
    if ordinal % 65 == 31:
        row["minimal_quantity"] = 2
    if ordinal % 48 == 27:
        row["condition"] = "refurbished" if ordinal % 96 == 27 else "used"
    if ordinal % 75 == 39:
        row["visibility"] = "none" if ordinal % 150 == 39 else "search"
    if ordinal % 33 == 18:
        row["on_sale"] = 1
    if ordinal % 52 == 28:
        row["ecotax"] = "0.250000"
    if ordinal % 85 == 60:
        row["additional_shipping_cost"] = "12.500000"
    if ordinal % 95 == 70:
        row["show_price"] = 0
    return row
