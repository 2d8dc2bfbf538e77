"""Weight and size of the parcel (3.11; section 8, 50): PrestaShop's numbers, the template's where PrestaShop has 0.

Rounded up, so that no parcel is announced smaller than it is. One package holds for the whole product, so the
heaviest variant counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from models.catalogue import Product, Variant
from models.templates import CategoryTemplate
from rules.content import PackageDimensions, PackageWeight
from rules.decision import Finding, Reason
from rules.findings import Checked, finding
from rules.market import Market

# PS_WEIGHT_UNIT and PS_DIMENSION_UNIT are free texts in PrestaShop.
KILOGRAMS: dict[str, Decimal] = {
    "kg": Decimal(1),
    "g": Decimal("0.001"),
    "gr": Decimal("0.001"),
    "lb": Decimal("0.45359237"),
    "lbs": Decimal("0.45359237"),
    "oz": Decimal("0.028349523125"),
}
CENTIMETRES: dict[str, Decimal] = {
    "cm": Decimal(1),
    "m": Decimal(100),
    "mm": Decimal("0.1"),
    "in": Decimal("2.54"),
    '"': Decimal("2.54"),
}
# TikTok's units: kilograms of one, and the smallest step it takes.
_WEIGHT_UNITS = {
    "KILOGRAM": (Decimal(1), Decimal("0.001")),
    "GRAM": (Decimal("0.001"), Decimal(1)),
    "POUND": (Decimal("0.45359237"), Decimal("0.01")),
}
_DIMENSION_UNITS = {"CENTIMETER": Decimal(1), "INCH": Decimal("2.54")}


@dataclass(frozen=True, slots=True)
class Package:
    """What the listing says about the parcel."""

    weight: PackageWeight | None
    dimensions: PackageDimensions | None


def package(
    product: Product,
    variants: Sequence[Variant],
    template: CategoryTemplate | None,
    market: Market,
    rules: Mapping[str, Any],
    weight_unit: str,
    dimension_unit: str,
) -> Checked[Package]:
    """Weight and size for a category's rules (3.2); the units are PrestaShop's settings, the template's kg and cm."""
    reasons: list[Reason] = []
    findings: list[Finding] = []
    weight = _weight(product, variants, template, market, weight_unit, reasons, findings)
    required = bool(rules.get("package_dimension", {}).get("is_required"))
    metric = weight is None or weight.unit != "POUND"
    dimensions = _dimensions(product, template, market, dimension_unit, required, metric, reasons, findings)
    return Checked(Package(weight, dimensions), tuple(reasons), tuple(findings))


def _up(number: Decimal, step: Decimal) -> Decimal:
    return (number / step).to_integral_value(ROUND_CEILING) * step


def _text(number: Decimal) -> str:
    return format(number.normalize(), "f")


def _weight(
    product: Product,
    variants: Sequence[Variant],
    template: CategoryTemplate | None,
    market: Market,
    ps_unit: str,
    reasons: list[Reason],
    findings: list[Finding],
) -> PackageWeight | None:
    heaviest = product.weight + max((variant.weight for variant in variants), default=Decimal(0))
    name = template.name if template else ""
    if heaviest > 0:
        factor = KILOGRAMS.get(ps_unit.strip().lower())
        if factor is None:
            findings.append(finding("unit_unknown", kind="weight", unit=ps_unit, known=", ".join(KILOGRAMS)))
            return None
        kilograms = heaviest * factor
        if any(variant.weight for variant in variants):
            reasons.append(Reason("weight_of_heaviest", "the package weight is that of the heaviest combination"))
    elif template and template.package_weight and template.package_weight > 0:
        kilograms = template.package_weight
        reasons.append(Reason("weight_from_template", f"the package weight is the default of the template “{name}”"))
    else:
        findings.append(finding("weight_missing", template=name))
        return None
    unit = next((unit for unit in ("KILOGRAM", *market.weight_units) if unit in market.weight_units), "KILOGRAM")
    per_unit, step = _WEIGHT_UNITS[unit]
    if kilograms > market.max_weight_kg:
        findings.append(
            finding("weight_too_high", weight=_text(_up(kilograms, Decimal("0.001"))), maximum=market.max_weight_kg)
        )
    return PackageWeight(value=_text(_up(kilograms / per_unit, step)), unit=unit)


def _dimensions(
    product: Product,
    template: CategoryTemplate | None,
    market: Market,
    ps_unit: str,
    required: bool,
    metric: bool,
    reasons: list[Reason],
    findings: list[Finding],
) -> PackageDimensions | None:
    factor = CENTIMETRES.get(ps_unit.strip().lower())
    if factor is None and (product.depth > 0 or product.width > 0 or product.height > 0):
        findings.append(finding("unit_unknown", kind="dimension", unit=ps_unit, known=", ".join(CENTIMETRES)))
        return None
    # What TikTok calls length is PrestaShop's depth.
    sides = {
        "length": (product.depth, template.package_length if template else None),
        "width": (product.width, template.package_width if template else None),
        "height": (product.height, template.package_height if template else None),
    }
    unit = "CENTIMETER" if metric and "CENTIMETER" in market.dimension_units else market.dimension_units[0]
    values: dict[str, str] = {}
    for side, (own, default) in sides.items():
        if own > 0:
            centimetres = own * (factor or 1)
        elif default and default > 0:
            centimetres = default
            reasons.append(Reason("size_from_template", f"the package {side} is the template's default"))
        else:
            continue
        values[side] = _text(_up(centimetres / _DIMENSION_UNITS[unit], Decimal(1)))
    missing = [side for side in sides if side not in values]
    if not missing:
        return PackageDimensions(**values, unit=unit)
    if required:
        findings.append(
            finding("dimensions_missing", sides=", ".join(missing), template=template.name if template else "")
        )
    elif values:
        reasons.append(Reason("size_incomplete", f"no package size is sent: {', '.join(missing)} missing"))
    return None
