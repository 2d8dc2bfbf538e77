"""Creating a listing, once: a creation without an answer is looked for before anything is repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import select

from clients.errors import Rejected, Retryable, Uncertain
from clients.tiktok.results import ProductSaved
from models.database import database, in_parts
from models.listings import Change, ChangeKind
from rules.content import ListingContent
from rules.listing import create_body
from rules.readback import shows
from tasks.change_record import mark_sent, unsend
from tasks.planning import Offer, offer
from tasks.upload_work import (
    UNKNOWN_PICTURE,
    Outdated,
    Work,
    attribute_of,
    lost_pictures,
    new_sku_ids,
    prepare,
    prices_of,
    record,
)


def create(work: Work) -> None:
    """Create the listing, or find that an earlier attempt did, and record it.

    Raises:
        Outdated, NotReady, Waiting: it is not to be created now.
        ShopError: what came of the call; after Uncertain nobody knows yet.
    """
    change = work.change
    tried = _tried_creations(change)
    if tried and _adopt(work, tried):
        return
    content, uploaded, priced = prepare(work)
    request = create_body(
        content,
        images=uploaded.main,
        variant_images=uploaded.variant,
        prices=priced.prices,
        quantities=priced.quantities,
        warehouse_id=work.inputs.warehouse_id,
        idempotency_key=change.idempotency_key,
    )
    if not mark_sent(change):
        raise Outdated
    try:
        saved = _create_once(work, request.body, [*uploaded.main.values(), *uploaded.variant.values()])
    except Uncertain:
        # Look, and if there is nothing, repeat once: the platform makes no second product of the same key.
        if _adopt(work, [*tried, content]):
            return
        saved = work.shops.tiktok.create_product(request.body)
    sku_ids = new_sku_ids(saved)
    shown = _set_to_zero(work, sku_ids, saved.product_id, request.set_to_zero, priced)
    record(work, content, saved.product_id, sku_ids, shown)


def _tried_creations(change: Change) -> list[ListingContent]:
    """What creations of this product were ever sent, by this change or by ones that were parked since."""
    with database().read() as session:
        sent = session.exec(
            select(Change.after).where(
                Change.connection_id == change.connection_id,
                Change.object == change.object,
                Change.kind == ChangeKind.CREATE,
                Change.attempts > 0,
            )
        ).all()
    return [ListingContent.model_validate(after["content"]) for after in sent]


def _create_once(work: Work, body: dict[str, Any], uris: Sequence[str]) -> ProductSaved:
    try:
        return work.shops.tiktok.create_product(body)
    except Rejected as error:
        if error.code in UNKNOWN_PICTURE:
            raise lost_pictures(work, uris) from error
        raise
    except Retryable:
        # Nothing happened over there: the change is simply planned again.
        unsend(work.change)
        raise


def _set_to_zero(
    work: Work, sku_ids: Mapping[int, str], product_id: str, attributes: Sequence[int], priced: Offer
) -> Offer:
    """Variants without stock had to be created with 1 piece; the listing is in its first audit and cannot sell it.

    Answers the offer as it stands over there: a variant that could not be set to 0 still shows 1, which is a
    difference that the stock sync will see and remove.
    """
    if not attributes:
        return priced
    nothing = [{"warehouse_id": work.inputs.warehouse_id, "quantity": 0}]
    try:
        done = work.shops.tiktok.update_inventory(
            product_id, [{"id": sku_ids[attribute], "inventory": nothing} for attribute in attributes]
        ).succeeded
    except Rejected:
        done = ()
    refused = {attribute: 1 for attribute in attributes if sku_ids[attribute] not in done}
    return replace(priced, quantities={**priced.quantities, **refused})


def _adopt(work: Work, tried: Sequence[ListingContent]) -> bool:
    """Find out whether a creation without an answer happened after all; if so, record it as if answered (3.16).

    It is looked for by the SKUs of every content that was ever sent: they may have been renamed in PrestaShop since.
    """
    content = ListingContent.model_validate(work.change.after["content"])
    for product in _candidates(work, tried):
        if product.get("external_product_id") != content.external_product_id:
            continue
        sku_ids = {
            attribute_of(str(sku["external_sku_id"])): str(sku["id"])
            for sku in product.get("skus") or ()
            if sku.get("external_sku_id")
        }
        accepted = next((one for one in reversed(tried) if shows(product, one)), content)
        priced = offer(work.shops, work.inputs, work.subject, work.template_id, work.inputs.price)
        # What it shows is what is known; where that is not what it should be, the price and stock sync sees to it.
        found = replace(priced, prices=prices_of(product), quantities=_pieces_of(product))
        # Whether the step after the creation was done is not known either: stock is absolute, so it is done again.
        sold_out = [key for key in sku_ids if priced.quantities.get(key) == 0]
        shown = _set_to_zero(
            work,
            sku_ids,
            str(product["id"]),
            sold_out,
            replace(found, quantities={**found.quantities, **dict.fromkeys(sold_out, 0)}),
        )
        record(work, accepted, str(product["id"]), sku_ids, shown)
        return True
    return False


def _pieces_of(product: Mapping[str, Any]) -> dict[int, int]:
    return {
        attribute_of(str(sku["external_sku_id"])): sum(int(one["quantity"]) for one in sku.get("inventory") or ())
        for sku in product.get("skus") or ()
        if sku.get("external_sku_id")
    }


def _candidates(work: Work, tried: Sequence[ListingContent]) -> Iterator[dict[str, Any]]:
    """Products over there that carry a SKU of what was sent; a search takes ten SKUs, and one is enough."""
    sellers = list(dict.fromkeys(one.skus[0].seller_sku for one in reversed(tried)))
    seen: set[str] = set()
    for part in in_parts(sellers, 10):
        for candidate in work.shops.tiktok.search_products({"seller_skus": list(part)}):
            product_id = str(candidate["id"])
            if candidate.get("status") != "DELETED" and product_id not in seen:
                seen.add(product_id)
                yield work.shops.tiktok.product(product_id)
