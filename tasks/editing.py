"""Editing a listing that is live: what is under review or was changed over there meanwhile is seen first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clients.errors import Rejected, Retryable
from models.listings import ChangeState
from rules.content import ListingContent, dropped_skus
from rules.listing import edit_body
from rules.offers import warehouse_stock
from rules.quantity import not_sellable
from rules.readback import is_under_review, shows
from tasks.change_record import mark_sent, unsend
from tasks.offer_sending import read_inventory
from tasks.planning import Offer, offer
from tasks.upload_work import (
    UNKNOWN_PICTURE,
    Outdated,
    Parked,
    Waiting,
    Work,
    linked_skus,
    lost_pictures,
    new_sku_ids,
    prepare,
    prices_of,
    record,
)


def edit(work: Work) -> None:
    """Edit the listing, or find that an earlier attempt did, and record it.

    Raises:
        Outdated, NotReady, Waiting, Parked: it is not to be edited now.
        ShopError: what came of the call; after Uncertain nobody knows yet.
    """
    change, listing = work.change, work.listing
    if listing is None:
        raise Outdated
    live = work.shops.tiktok.product(listing.product_id)
    if change.state == ChangeState.SENT:
        content = ListingContent.model_validate(change.after["content"])
        earlier = ListingContent.model_validate(listing.content) if listing.content else None
        for version in (*_under_review(work, listing.product_id), live):
            # Proof only where it tells the new content from the old: else the edit is simply sent again.
            if shows(version, content) and not (earlier and shows(version, earlier)):
                # What it was sent with is not known any more: the price and stock sync sees to both.
                priced = offer(work.shops, work.inputs, work.subject, work.template_id, work.inputs.price)
                unknown = replace(priced, prices=prices_of(live), quantities={})
                record(work, content, listing.product_id, linked_skus(work), unknown)
                return
    status = str(live.get("status", ""))
    if status in ("DELETED", "FREEZE"):
        raise Parked(
            f"listing_{status.lower()}",
            f"TikTok Shop has this listing as {status}; it cannot be edited.",
            "Recover it, or appeal in Seller Center; then upload it again.",
        )
    if is_under_review(live):
        # Another edit would start the review anew and could keep the product in it for ever (K12).
        raise Waiting("TikTok Shop is reviewing the listing; the edit waits for the outcome")
    content, uploaded, priced = prepare(work)
    linked = linked_skus(work)
    # SKUs that are linked to nothing would be deleted by the edit as much as variants that are gone.
    dropped = [*dropped_skus(content, linked), *(sku.sku_id for sku in work.skus if sku.id_product is None)]
    if dropped and not work.shops.settings.products.consent_to_drop_variants:
        raise Parked(
            "variant_guard",
            f"The edit would delete {len(dropped)} variants that are live on TikTok Shop, with their reviews.",
            "Bring the combinations back in PrestaShop or link the variants again; or set "
            "products.consent_to_drop_variants and upload again.",
        )
    stocks = _stocks(work, listing.product_id, linked, priced)
    body = edit_body(
        content,
        images=uploaded.main,
        variant_images=uploaded.variant,
        prices=priced.prices,
        quantities=priced.quantities,
        warehouse_id=work.inputs.warehouse_id,
        sku_ids=linked,
        live=ListingContent.model_validate(listing.content) if listing.content else None,
        stocks=stocks,
    )
    if not mark_sent(change):
        raise Outdated
    try:
        saved = work.shops.tiktok.edit_product(listing.product_id, body)
    except Rejected as error:
        if error.code in UNKNOWN_PICTURE:
            raise lost_pictures(work, [*uploaded.main.values(), *uploaded.variant.values()]) from error
        raise
    except Retryable:
        unsend(change)
        raise
    record(work, content, listing.product_id, {**linked, **new_sku_ids(saved)}, priced, stocks)


def _stocks(work: Work, product_id: str, linked: Mapping[int, str], priced: Offer) -> dict[int, Mapping[str, int]]:
    """Stock by warehouse that an edit has to carry so as to change nothing but what the decided quantity changes."""
    inventory = read_inventory(work.shops, [product_id], before=work.began)
    return {
        key: warehouse_stock(
            priced.stocks[key],
            inventory[sku_id].available,
            inventory[sku_id].unknown,
            warehouse_id=work.inputs.warehouse_id,
            threshold=work.shops.settings.products.inventory_threshold,
            everywhere=not_sellable(work.subject.product) is not None,
            backorder=priced.backorder,
        ).value
        for key, sku_id in linked.items()
        if key in priced.quantities and sku_id in inventory
    }


def _under_review(work: Work, product_id: str) -> list[dict[str, Any]]:
    """The version in audit, if there is one (12052547 says that there is none)."""
    try:
        return [work.shops.tiktok.product(product_id, under_review=True)]
    except Rejected as error:
        if error.code != "12052547":
            raise
        return []
