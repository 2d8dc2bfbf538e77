"""Why a SKU shows what it shows: template, content, price and quantity, rule by rule (K2)."""

from __future__ import annotations

import json
from datetime import datetime

from pydantic import BaseModel, Field
from sqlmodel import col, select

from models.catalogue import Variant
from models.connections import Watermark
from models.database import database
from models.listings import Assignment, Change, Listing, ListingSku
from rules.content import content_hash
from rules.readback import listing_status
from rules.template_matching import assign_template
from tasks.inputs import read_inputs
from tasks.offers import asked_prices
from tasks.planning import decide, load_subjects, offer
from tasks.shops import Shops, open_shops, utc_now


class UnknownSku(LookupError):
    """No product or variant is known by what was asked for."""


class Step(BaseModel):
    """One reason, as a rule gave it."""

    code: str
    text: str
    fix: str = ""


class SentChange(BaseModel):
    """One change of the product: what it sets, what became of it, and why if it did not arrive.

    `what` is this SKU's part of it ("20.75 → 19.96 GBP"), "" where a change is about the whole product. `not_before`:
    until then a lock is waited out.
    """

    kind: str
    state: str
    at: str
    what: str = ""
    cause: str = ""
    fix: str = ""
    not_before: str = ""


class Explanation(BaseModel):
    """Everything that decides about one variant, and what TikTok Shop was last confirmed to show."""

    sku: str
    id_product: int
    id_product_attribute: int
    status: str
    template: str
    title: str = ""
    category_id: str = ""
    content: list[Step] = Field(default_factory=list)
    not_ready: list[Step] = Field(default_factory=list)
    differs: bool = False
    price: str = ""
    price_steps: list[Step] = Field(default_factory=list)
    quantity: int = 0
    # When the next special price of any product begins or ends.
    next_boundary: str = ""
    # What TikTok Shop says about the listing, and what was changed there by hand.
    status_reasons: list[Step] = Field(default_factory=list)
    hand_changes: list[dict[str, str]] = Field(default_factory=list)
    confirmed_price: str = ""
    confirmed_quantities: dict[str, int] = Field(default_factory=dict)
    confirmed_at: str = ""
    stock_checked_at: str = ""
    changes: list[SentChange] = Field(default_factory=list)


def explain(connection_id: int, sku: str) -> Explanation:
    """Explain one variant.

    Args:
        connection_id: whose.
        sku: the seller SKU as it is on TikTok Shop, or PrestaShop's ids: "42" or "42:7".

    Raises:
        UnknownSku: nothing is known by that.
    """
    shops = open_shops(connection_id)
    inputs = read_inputs(shops, utc_now())
    id_product, attribute = _find(shops, sku)
    with database().read() as session:
        subject = load_subjects(session, connection_id, [id_product], shops.settings.products.image_type)[0]
        assignment = session.get(Assignment, (connection_id, id_product))
        listing = session.exec(
            select(Listing).where(Listing.connection_id == connection_id, Listing.id_product == id_product)
        ).first()
        shown = session.exec(
            select(ListingSku).where(
                ListingSku.connection_id == connection_id,
                ListingSku.id_product == id_product,
                ListingSku.id_product_attribute == attribute,
            )
        ).first()
        of_product = col(Change.id_product) == id_product
        if shown is not None:
            of_product = of_product | col(Change.object).in_([f"listing:{shown.listing_id}", f"sku:{shown.sku_id}"])
        changes = session.exec(
            select(Change)
            .where(Change.connection_id == connection_id, of_product)
            .order_by(col(Change.id).desc())
            .limit(8)
        ).all()
        mark = session.get(Watermark, (connection_id, "offers"))
    matched = assign_template(subject.product, inputs.templates, inputs.ancestors)
    decision = decide(shops, inputs, subject, matched.value, inputs.owners)
    asked = None
    if shops.settings.products.price_source == "shop":
        asked = asked_prices(shops, inputs.price, [(id_product, attribute)])
    offered = offer(shops, inputs, subject, matched.value, inputs.price, asked)
    template = inputs.template(matched.value)
    price = offered.prices.get(attribute)
    findings = [*decision.findings, *offered.findings]
    if listing is not None:
        status = listing_status(listing.status, listing.audit_status).value
    else:
        status = "not_ready" if findings or (assignment and assignment.findings) else "not_uploaded"
    content = decision.content
    return Explanation(
        sku=next((one.seller_sku for one in content.skus if one.id_product_attribute == attribute), sku)
        if content
        else sku,
        id_product=id_product,
        id_product_attribute=attribute,
        status=status,
        template=template.name if template else "",
        title=content.title if content else "",
        category_id=content.category_id if content else "",
        content=[Step(code=one.code, text=one.text) for one in (*matched.reasons, *decision.reasons)],
        not_ready=[Step(code=one.code, text=one.text, fix=one.fix) for one in findings],
        differs=bool(listing and content and listing.content_hash != content_hash(content)),
        price=f"{price.amount} {price.currency}" if price else "",
        price_steps=[Step(code=one.code, text=one.text) for one in offered.reasons.get(attribute, ())],
        quantity=offered.quantities.get(attribute, 0),
        next_boundary=str(json.loads(mark.value).get("next", "")) if mark else "",
        status_reasons=[
            Step(code=one["code"], text=one["text"], fix=one.get("fix", ""))
            for one in (listing.status_reasons if listing else ())
        ],
        hand_changes=listing.hand_changes if listing else [],
        confirmed_price=f"{shown.price:.{shops.market.decimals}f} {shown.currency}"
        if shown and shown.price is not None
        else "",
        confirmed_quantities=shown.quantities if shown else {},
        confirmed_at=shown.confirmed_at.isoformat(timespec="seconds") if shown and shown.confirmed_at else "",
        stock_checked_at=_time(shown.stock_checked_at) if shown else "",
        changes=[
            SentChange(
                kind=change.kind.value,
                state=change.state.value,
                at=_time(change.finished_at or change.sent_at or change.created_at),
                what=_what(change, shown.sku_id) if shown else "",
                cause=change.cause,
                fix=change.fix,
                not_before=_time(change.not_before),
            )
            for change in changes
        ],
    )


def _time(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def _what(change: Change, sku_id: str) -> str:
    row = next((row for row in change.after.get("skus", ()) if row["sku_id"] == sku_id), None)
    if row is None:
        return ""
    return f"{row['from'] or 'unknown'} → {row['to']} {row.get('currency', '')}".rstrip()


def _find(shops: Shops, sku: str) -> tuple[int, int]:
    """The variant meant: a listed SKU first, then the field that SKUs come from, then PrestaShop's ids."""
    source = shops.settings.products.sku_source
    with database().read() as session:
        listed = session.exec(
            select(ListingSku.id_product, ListingSku.id_product_attribute).where(
                ListingSku.connection_id == shops.id,
                ListingSku.seller_sku == sku,
                col(ListingSku.id_product).is_not(None),
            )
        ).first()
        if listed is not None and listed[0] is not None:
            return listed[0], listed[1] or 0
        variants = select(Variant.id_product, Variant.id_product_attribute).where(Variant.connection_id == shops.id)
        if source != "id":
            by_field = session.exec(
                variants.where(getattr(Variant, source) == sku).order_by(
                    col(Variant.id_product), col(Variant.id_product_attribute)
                )
            ).first()
            if by_field is not None:
                return by_field
        ids = sku.removeprefix("PS-").replace(":", "-").split("-")
        if all(part.isdigit() for part in ids) and len(ids) <= 2:
            query = variants.where(Variant.id_product == int(ids[0]))
            if len(ids) == 2:
                query = query.where(Variant.id_product_attribute == int(ids[1]))
            by_id = session.exec(query.order_by(col(Variant.id_product_attribute))).first()
            if by_id is not None:
                return by_id
    raise UnknownSku(
        f"No product is known by {sku!r}. Give its SKU on TikTok Shop, or PrestaShop's ids as 42 or 42:7; "
        "a new product is known after: connector run catalog_upload --dry-run"
    )
