"""Why a SKU is listed as it is, or why not: the rules asked again over the mirror, nothing is fetched (K2)."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, or_, select

from console.errors import Refused
from models.catalogue import Product, Variant
from models.connections import find_connection
from models.database import database
from models.listings import Change, Listing, ListingSku
from rules.decision import Reason
from rules.template_matching import assign_template
from tasks.inputs import read_inputs
from tasks.planning import decide, load_subjects, offer
from tasks.shops import open_shops, utc_now


def explain_sku(connection: str, sku: str) -> dict[str, Any]:
    """Every decision about one SKU with its reasons.

    Raises:
        Refused: no product has it.
        NotSetUp: the catalogue was not mirrored yet.
    """
    with database().read() as session:
        found = find_connection(session, connection)
        id_product, attribute = _find(session, found.key, sku)
    shops = open_shops(found.key)
    inputs = read_inputs(shops, utc_now())
    with database().read() as session:
        (subject,) = load_subjects(session, found.key, [id_product], shops.settings.products.image_type)
        listing = session.exec(
            select(Listing).where(Listing.connection_id == found.key, Listing.id_product == id_product)
        ).first()
        changes = session.exec(
            select(Change)
            .where(Change.connection_id == found.key, Change.id_product == id_product)
            .order_by(col(Change.id).desc())
            .limit(5)
        ).all()
    template = assign_template(subject.product, inputs.templates, inputs.ancestors)
    decision = decide(shops, inputs, subject, template.value, inputs.owners)
    priced = offer(shops, inputs, subject, template.value, inputs.price)
    chosen = inputs.template(template.value)
    wanted = [row for row in subject.variants if attribute is None or row.id_product_attribute == attribute]
    return {
        "sku": sku,
        "connection": found.name,
        "product": id_product,
        "title": decision.content.title if decision.content else "",
        "template": {"name": chosen.name if chosen else None, "why": _texts(template.reasons)},
        "listed": None
        if listing is None
        else {"product_id": listing.product_id, "status": listing.status, "why": listing.status_reasons},
        "not_ready": [one.as_record() for one in (*decision.findings, *priced.findings)],
        "content": _texts(decision.reasons),
        "variants": [
            {
                "variant": row.id_product_attribute,
                "reference": row.reference,
                "price": str(price.amount) if (price := priced.prices.get(row.id_product_attribute)) else None,
                "currency": price.currency if price else None,
                "quantity": priced.quantities.get(row.id_product_attribute),
                "why": _texts(priced.reasons.get(row.id_product_attribute, ())),
            }
            for row in wanted
        ],
        "changes": [
            {"kind": one.kind.value, "state": one.state.value, "cause": one.cause, "fix": one.fix} for one in changes
        ],
    }


def _find(session: Session, connection_id: int, sku: str) -> tuple[int, int | None]:
    """(id_product, id_product_attribute or None for all of them)."""
    listed = session.exec(
        select(ListingSku.id_product, ListingSku.id_product_attribute).where(
            ListingSku.connection_id == connection_id, ListingSku.seller_sku == sku
        )
    ).first()
    if listed is not None and listed[0] is not None:
        return listed[0], listed[1]
    names = ("reference", "supplier_reference", "ean13", "upc", "mpn", "isbn")
    variant = session.exec(
        select(Variant.id_product, Variant.id_product_attribute).where(
            Variant.connection_id == connection_id, or_(*(getattr(Variant, name) == sku for name in names))
        )
    ).first()
    if variant is not None:
        return variant[0], variant[1]
    id_product = session.exec(
        select(Product.id_product).where(
            Product.connection_id == connection_id, or_(*(getattr(Product, name) == sku for name in names))
        )
    ).first()
    if id_product is not None:
        return id_product, None
    number, colon, attribute = sku.partition(":")
    if number.isdigit() and (not colon or attribute.isdigit()):
        product = session.get(Product, (connection_id, int(number)))
        if product is not None:
            return product.id_product, int(attribute) if colon else None
    raise Refused(f"No mirrored product has the SKU {sku!r}. Mirror the catalogue with: connector plan catalog_upload")


def _texts(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.text for reason in reasons]


def lines(explained: dict[str, Any]) -> list[str]:
    """The explanation for people."""
    out = [f"{explained['sku']} is product {explained['product']} {explained['title']}".rstrip()]
    out.append(f"Template: {explained['template']['name'] or 'none'}")
    out += [f"  · {text}" for text in explained["template"]["why"]]
    if explained["listed"]:
        out.append(f"On TikTok Shop: {explained['listed']['product_id']}, {explained['listed']['status']}")
        out += [f"  ! {why['text']} {why.get('fix', '')}" for why in explained["listed"]["why"]]
    else:
        out.append("On TikTok Shop: not listed")
    out += [f"  ! {finding['text']} {finding['fix']}" for finding in explained["not_ready"]]
    out.append("Content:")
    out += [f"  · {text}" for text in explained["content"]]
    for variant in explained["variants"]:
        price = f"{variant['price']} {variant['currency']}" if variant["price"] else "no price"
        out.append(f"Variant {variant['variant']} {variant['reference']}: {price}, quantity {variant['quantity']}")
        out += [f"  · {text}" for text in variant["why"]]
    for change in explained["changes"]:
        out.append(f"Change: {change['kind']} {change['state']} {change['cause']} {change['fix']}".rstrip())
    return out
