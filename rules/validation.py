"""Whether a product can be listed at all, before its content is worked out (G13).

Price and quantity have findings of their own, which the caller adds. What the content itself lacks is found by the
rule that makes that part; `rules.findings.CATALOGUE` lists every code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.catalogue import Product, Variant
from models.taxonomy import Category
from models.templates import CategoryTemplate
from rules.decision import Finding
from rules.findings import finding
from rules.market import Market


def sellable(product: Product, variants: Sequence[Variant], market: Market) -> tuple[Finding, ...]:
    """What PrestaShop says against selling the product.

    `visibility` is not asked: "nowhere" is how merchants keep products for marketplaces out of their own shop.
    Packs may be listed; they are one article with a stock of their own.
    """
    findings = []
    if product.state == 0:
        findings.append(finding("product_draft"))
    if not product.active:
        findings.append(finding("product_inactive"))
    if not product.available_for_order:
        findings.append(finding("product_not_for_sale"))
    if product.is_virtual or product.product_type == "virtual":
        findings.append(finding("product_virtual"))
    if product.customizable == 2:
        findings.append(finding("product_customized"))
    if product.condition not in ("new", ""):
        findings.append(finding("product_not_new", condition=product.condition))
    if not variants:
        findings.append(finding("no_variants"))
    if len(variants) > market.max_skus:
        findings.append(finding("too_many_variants", count=len(variants), maximum=market.max_skus))
    return tuple(findings)


def category_findings(template: CategoryTemplate | None, category: Category | None) -> tuple[Finding, ...]:
    """What keeps the template's category from being used. Both None: no template takes the product (F12)."""
    if template is None:
        return (finding("no_template"),)
    name = template.name
    if not template.category_id:
        return (finding("template_without_category", template=name),)
    if category is None:
        return (finding("category_unknown", template=name, category=template.category_id),)
    path = category.path or category.name
    if not category.is_leaf:
        return (finding("category_not_leaf", template=name, category=path),)
    findings = []
    # INVITE_ONLY would be accepted in the US and then wait for ever (section 8, 26).
    statuses = category.permission_statuses
    if statuses and "AVAILABLE" not in statuses:
        status = ", ".join(statuses).lower().replace("_", " ")
        findings.append(finding("category_not_permitted", template=name, category=path, status=status))
    if category.details_at is None:
        findings.append(finding("category_details_missing", template=name, category=path))
    return tuple(findings)


def image_findings(image_ids: Sequence[int], usable: Mapping[int, bool] | None) -> tuple[Finding, ...]:
    """Whether a picture is left to show; `usable` None means that none was looked at yet."""
    if not image_ids:
        return (finding("no_image"),)
    if usable is not None and not any(usable.get(image, True) for image in image_ids):
        return (finding("no_usable_image"),)
    return ()
