"""Which category template a product belongs to (F2, F3, F11, F12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from models.catalogue import Product
from models.templates import CategoryTemplate
from rules.decision import Decision, Reason

Ancestors = Mapping[int, frozenset[int]]
"""The categories above a category, by id."""


def matches(product: Product, template: CategoryTemplate, ancestors: Ancestors) -> bool:
    """Whether the template's filters take the product: every filter that lists anything has to.

    A category filter takes the category and everything below it.
    """
    if template.manufacturer_ids and product.id_manufacturer not in template.manufacturer_ids:
        return False
    if template.supplier_ids and not {product.id_supplier, *product.supplier_ids} & set(template.supplier_ids):
        return False
    if not template.category_ids:
        return True
    wanted = set(template.category_ids)
    return any(
        category in wanted or not wanted.isdisjoint(ancestors.get(category, ()))
        for category in (product.id_category_default, *product.category_ids)
    )


def assign_template(
    product: Product, templates: Iterable[CategoryTemplate], ancestors: Ancestors
) -> Decision[int | None]:
    """The id of the product's template: of those that match, the lowest position wins, then the lowest id.

    The default template takes what no other takes, whatever its own filters say. None: there is no default template.
    """
    default = None
    best = None
    for template in templates:
        if template.is_default:
            default = template
        elif (best is None or _order(template) < _order(best)) and matches(product, template, ancestors):
            best = template
    if best is not None:
        return Decision(best.key, (Reason("template_filters", f"the filters of template “{best.name}” take it"),))
    if default is not None:
        text = f"no other template takes it: default template “{default.name}”"
        return Decision(default.key, (Reason("default_template", text),))
    return Decision(None, (Reason("no_template", "no template takes it and there is no default template"),))


def count_matching(products: Iterable[Product], template: CategoryTemplate, ancestors: Ancestors) -> int:
    """How many of the products the template's filters take, for a template that need not be stored yet (F3)."""
    return sum(matches(product, template, ancestors) for product in products)


def _order(template: CategoryTemplate) -> tuple[int, int]:
    return template.position, template.key
