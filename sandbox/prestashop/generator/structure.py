"""What products of the generated shop refer to: categories, makers, suppliers, options, features, tags."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.prestashop.computed import link_rewrite
from sandbox.prestashop.generator.texts import of
from sandbox.prestashop.generator.vocabulary import (
    COLOURS,
    FAMILIES,
    FEATURES,
    MANUFACTURERS,
    OPTIONS,
    PARENTS,
    SUPPLIERS,
    Words,
    words,
)
from sandbox.prestashop.shop import Shop


@dataclass(slots=True)
class Structure:
    """Ids of what was made, by the words of the vocabulary."""

    leaves: dict[str, list[tuple[int, ...]]] = field(default_factory=dict)
    """Family → the category paths (from Home down) its products are put in."""
    option_values: dict[str, list[int]] = field(default_factory=dict)
    feature_values: dict[str, tuple[int, list[int]]] = field(default_factory=dict)
    colours: dict[int, str] = field(default_factory=dict)
    """Colour option value → hex."""
    tags: list[int] = field(default_factory=list)


def fill_structure(shop: Shop, isos: dict[int, str]) -> Structure:
    made = Structure()
    _categories(shop, isos, made)
    now = shop.now()
    for name in MANUFACTURERS:
        text = of(isos, words("|".join([f"<p>{name}</p>"] * 4)))
        shop.tables["manufacturers"].insert({"name": name, "description": text, "date_add": now, "date_upd": now})
    for name in SUPPLIERS:
        shop.tables["suppliers"].insert({"name": name, "date_add": now, "date_upd": now})
    for position, (key, (label, values)) in enumerate(OPTIONS.items()):
        colour = key == "Colour"
        group = shop.tables["product_options"].insert(
            {
                "name": of(isos, label),
                "public_name": of(isos, label),
                "is_color_group": int(colour),
                "group_type": "color" if colour else "select",
                "position": position,
            }
        )
        made.option_values[key] = []
        for index, value in enumerate(values):
            row = {"id_attribute_group": group, "position": index, "name": of(isos, value)}
            if colour:
                row["color"] = COLOURS[index][1]
            value_id = shop.tables["product_option_values"].insert(row)
            made.option_values[key].append(value_id)
            if colour:
                made.colours[value_id] = COLOURS[index][1]
    for position, (key, (label, values)) in enumerate(FEATURES.items()):
        feature = shop.tables["product_features"].insert({"name": of(isos, label), "position": position})
        ids = [
            shop.tables["product_feature_values"].insert(
                {"id_feature": feature, "value": of(isos, value), "position": index}
            )
            for index, value in enumerate(values)
        ]
        made.feature_values[key] = (feature, ids)
    for language in isos:
        for name in ("new", "gift", "summer", "bestseller"):
            made.tags.append(shop.tables["tags"].insert({"id_lang": language, "name": name}))
    return made


def _categories(shop: Shop, isos: dict[int, str], made: Structure) -> None:
    """Root, Home, four departments, and the leaves of the families: ids with gaps, as after years of tidying."""
    table = shop.tables["categories"]

    def add(row_id: int, parent: int, depth: int, name: Words) -> int:
        texts = of(isos, name)
        now = shop.now()
        position = len(table.where("id_parent", parent))
        table.insert(
            {
                "id_parent": parent,
                "level_depth": depth,
                "is_root_category": int(row_id == 2),
                "position": position,
                "name": texts,
                "link_rewrite": {language: link_rewrite(text) for language, text in texts.items()},
                "date_add": now,
                "date_upd": now,
            },
            row_id,
        )
        shop.category_products[row_id] = {}
        return row_id

    add(1, 0, 0, words("Root|Racine|Wurzel|Raíz"))
    add(2, 1, 1, words("Home|Accueil|Startseite|Inicio"))
    next_id = 10
    parents: dict[str, int] = {}
    for key, name in PARENTS.items():
        parents[key] = add(next_id, 2, 2, name)
        next_id += 1
    for family in FAMILIES:
        paths: list[tuple[int, ...]] = []
        for leaf in family.leaves:
            paths.append((2, parents[family.parent], add(next_id, parents[family.parent], 3, leaf)))
            next_id += 2
        made.leaves[family.key] = paths
