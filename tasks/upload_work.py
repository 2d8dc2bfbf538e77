"""One listing to create or edit: what sending it needs, what may come of it, and the record of what was accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlmodel import select

from clients.tiktok.results import ProductSaved
from models.database import database
from models.listings import Change, ChangeState, Listing, ListingSku
from rules.content import ListingContent, content_hash
from rules.decision import Finding
from rules.price import Price
from tasks.change_record import replan, unsend
from tasks.inputs import Inputs
from tasks.media import Uploaded, forget_uploads, upload_images
from tasks.offers import shop_prices
from tasks.planning import Offer, Subject, decide, offer
from tasks.shops import Shops, utc_now
from tasks.touched import touch

# Codes that say an uploaded picture is not known any more (fact 11.21): it is uploaded again, once.
UNKNOWN_PICTURE: Final = {"12052722"}


class Parked(Exception):
    """This change needs a person."""

    def __init__(self, code: str, cause: str, fix: str) -> None:
        super().__init__(code)
        self.code, self.cause, self.fix = code, cause, fix


class NotReady(Exception):
    """Looking closer (at its pictures, at the prices of this moment) the product cannot be listed after all."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(findings[0].code)
        self.findings = findings


class Waiting(Exception):
    """Not now: the text says what is waited for."""


class Outdated(Exception):
    """What was planned is no longer what should be shown."""


@dataclass(frozen=True, slots=True)
class Work:
    """One change and all that sending it needs."""

    shops: Shops
    inputs: Inputs
    change: Change
    subject: Subject
    listing: Listing | None
    skus: Sequence[ListingSku]
    template_id: int | None
    # Not later than PrestaShop's stock was read.
    began: datetime

    @property
    def name(self) -> str:
        """As failures call it."""
        return f"product {self.change.id_product}"


def prepare(work: Work) -> tuple[ListingContent, Uploaded, Offer]:
    """Pictures uploaded, prices and quantities of this moment; the content without pictures that cannot be used."""
    content = ListingContent.model_validate(work.change.after["content"])
    uploaded = _upload(work, content)
    if uploaded.refused:
        subject = _without(work.subject, uploaded.refused)
        decision = decide(work.shops, work.inputs, subject, work.template_id, work.inputs.owners)
        if decision.content is None:
            raise NotReady(decision.findings)
        content = decision.content
        uploaded = _upload(work, content)
        replan(work.change, content)
    variants = [(variant.id_product, variant.id_product_attribute) for variant in work.subject.variants]
    asked = shop_prices(work.shops, work.inputs.price, variants)
    priced = offer(work.shops, work.inputs, work.subject, work.template_id, work.inputs.price, asked)
    if priced.findings:
        raise NotReady(priced.findings)
    return content, uploaded, priced


def _upload(work: Work, content: ListingContent) -> Uploaded:
    swatches = {attribute.image_id for sku in content.skus for attribute in sku.sales_attributes if attribute.image_id}
    return upload_images(work.shops, work.subject.product.id_product, content.image_ids, sorted(swatches))


def _without(subject: Subject, refused: Mapping[int, str]) -> Subject:
    return replace(subject, refused_images={**subject.refused_images, **refused})


def lost_pictures(work: Work, uris: Sequence[str]) -> Waiting:
    """Forget uploaded pictures that TikTok Shop does not know any more; answers what to raise."""
    forget_uploads(work.shops.id, uris)
    unsend(work.change)
    return Waiting("TikTok Shop has lost the uploaded pictures; they are uploaded again by the next run")


def new_sku_ids(saved: ProductSaved) -> dict[int, str]:
    """TikTok SKU ids by id_product_attribute, through the external id that was sent (never by position)."""
    return {attribute_of(sku.external_sku_id): sku.id for sku in saved.skus if sku.external_sku_id}


def attribute_of(external_sku_id: str) -> int:
    """The id_product_attribute in an external SKU id, which is PRODUCT:ATTRIBUTE."""
    return int(external_sku_id.rsplit(":", 1)[1])


def prices_of(product: Mapping[str, Any]) -> dict[int, Price]:
    """Prices as read (3.15), by id_product_attribute."""
    return {
        attribute_of(str(sku["external_sku_id"])): Price(
            Decimal(str(sku["price"]["sale_price"])), sku["price"]["currency"]
        )
        for sku in product.get("skus") or ()
        if sku.get("external_sku_id") and (sku.get("price") or {}).get("sale_price")
    }


def linked_skus(work: Work) -> dict[int, str]:
    """TikTok SKU ids by id_product_attribute, as they are linked now."""
    return {sku.id_product_attribute: sku.sku_id for sku in work.skus if sku.id_product_attribute is not None}


def record(
    work: Work,
    content: ListingContent,
    product_id: str,
    sku_ids: Mapping[int, str],
    priced: Offer,
    stocks: Mapping[int, Mapping[str, int]] | None = None,
) -> None:
    """The platform accepted it: listing, SKUs, change and assignment move together or not at all."""
    now = utc_now()
    with database().write() as session:
        # By TikTok's id: a listing that was unlinked, or found there before this run knew of it, is a row already.
        listing = session.exec(
            select(Listing).where(Listing.connection_id == work.shops.id, Listing.product_id == product_id)
        ).first() or Listing(
            connection_id=work.shops.id,
            product_id=product_id,
            id_product=work.subject.product.id_product,
            # A new listing is audited before anything else happens to it.
            status="PENDING",
        )
        listing.id_product = work.subject.product.id_product
        listing.title = content.title
        listing.content = content.model_dump(mode="json")
        listing.content_hash = content_hash(content)
        listing.audit_status = "AUDITING"
        listing.status_reasons = []
        listing.confirmed_at = listing.status_at = now
        session.add(listing)
        session.flush()
        stored = session.exec(select(ListingSku).where(ListingSku.listing_id == listing.key))
        known = {sku.sku_id: sku for sku in stored}
        for sku in content.skus:
            key = sku.id_product_attribute
            if key not in sku_ids:
                continue
            row = known.pop(sku_ids[key], None) or ListingSku(
                connection_id=work.shops.id, listing_id=listing.key, sku_id=sku_ids[key]
            )
            row.id_product, row.id_product_attribute, row.linked_by = work.subject.product.id_product, key, ""
            row.seller_sku = sku.seller_sku
            # A variant may be gone in PrestaShop by now: what it shows is not known then, and the next plan says so.
            price = priced.prices.get(key)
            row.price, row.currency = (price.amount, price.currency) if price else (None, "")
            row.offered = priced.quantities.get(key)
            row.quantities = {work.inputs.warehouse_id: row.offered} if row.offered is not None else {}
            if stocks and key in stocks:
                row.quantities = dict(stocks[key])
            row.confirmed_at = row.stock_checked_at = now
            session.add(row)
        for gone in known.values():
            session.delete(gone)
        session.flush()
        # Prices and stock may have moved since they were worked out; from now on the price and stock sync knows of it.
        touch(session, work.shops.id, [work.subject.product.id_product], "listed", now)
        change = session.get_one(Change, work.change.key)
        change.state = ChangeState.CONFIRMED
        change.code = change.cause = change.fix = ""
        change.finished_at = now
