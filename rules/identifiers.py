"""Seller SKU and GTIN of each variant (B10, B11, B13; tiktok-shop-api.md 3.12 and section 8, 47–48).

A SKU is never altered, as it links the two shops: what the market does not take is a finding. A GTIN is optional for
the platform but wrong ones are refused, so a doubtful one is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from stdnum import ean, isbn

from models.catalogue import Product, Variant
from models.settings import GtinSource, SkuSource
from rules.content import Identifier
from rules.decision import Finding, Names, Reason
from rules.findings import Checked, finding, variant_label
from rules.market import Market

# What the fields are called in PrestaShop's product form.
FIELD_LABELS: dict[str, str] = {
    "reference": "reference",
    "supplier_reference": "supplier reference",
    "ean13": "EAN-13",
    "upc": "UPC",
    "mpn": "MPN",
    "isbn": "ISBN",
    "id": "id",
}
# Where the category rules require a seller SKU, this is its form in every market (3.2).
_REQUIRED_SKU = re.compile(r"[A-Za-z0-9_-]{6,50}")
_REQUIRED_SKU_RULE = "6 to 50 letters without accents, digits, “-” and “_”"


def _field(product: Product, variant: Variant, source: str) -> str:
    """The variant's own field. A combination never borrows the product's: all of them would share it."""
    own = str(getattr(variant, source)).strip()
    if own or variant.id_product_attribute:
        return own
    return str(getattr(product, source)).strip()


def seller_sku(
    product: Product,
    variant: Variant,
    source: SkuSource,
    market: Market,
    *,
    names: Names | None = None,
    required_form: bool = False,
) -> Checked[str | None]:
    """The seller SKU; `required_form` when the category rules require one, which narrows its form."""
    label = variant_label(product, variant, names or Names())
    field = FIELD_LABELS[source]
    if source == "id":
        # Padded, as the EU markets ask for 6 characters.
        sku = f"PS-{product.id_product:06d}"
        sku += f"-{variant.id_product_attribute}" if variant.id_product_attribute else ""
        return Checked(sku, (Reason("sku_source", "the SKU is made of PrestaShop's ids"),))
    sku = _field(product, variant, source)
    reasons = (Reason("sku_source", f"the SKU is the {field}"),)
    if not sku:
        return Checked(None, reasons, (finding("sku_missing", variant=label, field=field),))
    rule = ""
    if not market.seller_sku_pattern.fullmatch(sku):
        rule = market.seller_sku_rule
    elif required_form and not _REQUIRED_SKU.fullmatch(sku):
        rule = _REQUIRED_SKU_RULE
    if rule:
        return Checked(sku, reasons, (finding("sku_invalid", sku=sku, variant=label, rule=rule, field=field),))
    return Checked(sku, reasons)


def repeated_skus(
    product: Product,
    variants: Sequence[Variant],
    skus: Mapping[int, str],
    taken: Mapping[str, int],
    source: SkuSource,
    names: Names,
) -> tuple[Finding, ...]:
    """SKUs used twice: in the product (`skus` by id_product_attribute) or by another (`taken`: SKU → id_product)."""
    findings = []
    first: dict[str, Variant] = {}
    field = FIELD_LABELS[source]
    for variant in variants:
        sku = skus.get(variant.id_product_attribute)
        if sku is None:
            continue
        label = variant_label(product, variant, names)
        if sku in first:
            other = variant_label(product, first[sku], names)
            findings.append(finding("sku_repeated", first=other, second=label, sku=sku, field=field))
            continue
        first[sku] = variant
        if taken.get(sku, product.id_product) != product.id_product:
            findings.append(finding("sku_taken", sku=sku, variant=label, other=taken[sku], field=field))
    return tuple(findings)


def gtin(
    product: Product, variant: Variant, source: GtinSource, exempt: bool, market: Market, *, names: Names | None = None
) -> Checked[Identifier | None]:
    """The identifier code of one variant: its kind by length, its check digit verified (12052591)."""
    if exempt or source == "none":
        why = "the shop is exempt from GTINs" if exempt else "no field is chosen for the GTIN"
        return Checked(None, (Reason("gtin_not_sent", why),))
    label, field = variant_label(product, variant, names or Names()), FIELD_LABELS[source]
    text = re.sub(r"[\s-]", "", _field(product, variant, source)).upper()
    if not text:
        return Checked(None, (Reason("gtin_missing", f"{label} has no {field}"),))
    identifier = _identifier(text, source, market)
    if identifier is None:
        return Checked(None, (Reason("gtin_invalid", f"the {field} “{text}” of {label} is not valid: not sent"),))
    return Checked(identifier, (Reason("gtin_source", f"{identifier.type} from the {field}"),))


def _identifier(text: str, source: str, market: Market) -> Identifier | None:
    if len(text) == 10 and isbn.is_valid(text):
        return Identifier(type="ISBN", code=str(isbn.to_isbn13(text)).replace("-", ""))
    # stdnum checks digits and check digit; a code of zeros only passes but identifies nothing.
    if not (text.isascii() and text.isdigit() and text.strip("0") and ean.is_valid(text)):
        return None
    kind: Literal["GTIN", "EAN", "UPC", "ISBN", "JAN"] = "EAN"
    if source == "isbn" and len(text) == 13:
        if not isbn.is_valid(text):
            return None
        kind = "ISBN"
    elif len(text) == 14:
        kind = "GTIN"
    elif len(text) == 12:
        kind = "UPC"
    elif market.region == "JP" and text[:2] in {"45", "49"}:
        kind = "JAN"
    return Identifier(type=kind, code=text)


def without_repeats(identifiers: Mapping[int, Identifier | None]) -> Checked[dict[int, Identifier | None]]:
    """Identifiers by variant, without those that several variants share (12052592).

    PrestaShop users often repeat the product's EAN on every combination; whose it really is cannot be told.
    """
    codes = [identifier.code for identifier in identifiers.values() if identifier]
    repeated = sorted({code for code in codes if codes.count(code) > 1})
    kept = {key: None if value and value.code in repeated else value for key, value in identifiers.items()}
    reasons = tuple(Reason("gtin_repeated", f"several variants have the GTIN {code}: not sent") for code in repeated)
    return Checked(kept, reasons)
