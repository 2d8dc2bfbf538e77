"""Sending planned creations and edits, each with its own outcome (design: apply, confirm).

What was recorded before a call is what a later run knows if this process dies in it: a change in state "sent" may or
may not have happened. It is looked up before anything is repeated, and repeated under the same idempotency key.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import col, select

from clients.errors import AuthorizationError, ConfigurationFault, Rejected, Retryable, ShopError, Uncertain
from clients.tiktok.results import ProductSaved
from models.database import database, in_parts
from models.listings import Assignment, Change, ChangeKind, ChangeState, Listing, ListingSku
from rules.content import ListingContent, content_hash, dropped_skus
from rules.decision import Finding
from rules.listing import create_body, edit_body
from rules.offers import warehouse_stock
from rules.price import Price
from rules.quantity import not_sellable
from rules.readback import is_under_review, shows
from tasks.change_record import Elsewhere, finish, mark_sent, note, note_findings, replan, unsend
from tasks.inputs import Inputs, inputs_of
from tasks.media import Uploaded, forget_uploads, upload_images
from tasks.offer_sending import read_inventory
from tasks.offers import shop_prices
from tasks.planning import Offer, Subject, decide, load_subjects, offer
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import Shops, open_shops, utc_now
from tasks.threads import BatchThreads
from tasks.touched import touch

_log = logging.getLogger(__name__)

# Products of one batch worked on at once; the call budget decides how fast they go.
THREADS: Final = 8
# Codes that say an uploaded picture is not known any more (fact 11.21): it is uploaded again, once.
_UNKNOWN_PICTURE: Final = {"12052722"}


class Outcome(StrEnum):
    """What became of a change in this run."""

    CONFIRMED = "confirmed"
    PARKED = "parked"
    SUPERSEDED = "superseded"
    NOT_READY = "not ready after all"
    # Still planned: the platform is reviewing the listing, or could not be reached.
    WAITING = "waiting"
    # Sent without a clear answer; the next run looks first.
    UNRESOLVED = "unresolved"


class _Parked(Exception):
    """This change needs a person."""

    def __init__(self, code: str, cause: str, fix: str) -> None:
        super().__init__(code)
        self.code, self.cause, self.fix = code, cause, fix


class _NotReady(Exception):
    """Looking closer (at its pictures, at the prices of this moment) the product cannot be listed after all."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(findings[0].code)
        self.findings = findings


class _Waiting(Exception):
    """Not now: the text says what is waited for."""


class _Outdated(Exception):
    """What was planned is no longer what should be shown."""


@dataclass(frozen=True, slots=True)
class _Work:
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
        return f"product {self.change.id_product}"


def changes_to_send(connection_id: int, plan: int | None, product_ids: Sequence[int] | None = None) -> list[int]:
    """Ids of the changes to send: first those whose outcome is unknown, then the planned ones.

    Args:
        connection_id: whose.
        plan: only planned ones of this plan; of all plans when None. Unresolved ones are always among them.
        product_ids: only those of these products.
    """
    with database().read() as session:
        changes = session.exec(
            select(Change.id, Change.state, Change.plan_id, Change.id_product).where(
                Change.connection_id == connection_id,
                col(Change.kind).in_([ChangeKind.CREATE, ChangeKind.EDIT]),
                col(Change.state).in_([ChangeState.PLANNED, ChangeState.SENT]),
            )
        ).all()
    wanted = None if product_ids is None else set(product_ids)
    chosen = sorted(
        (state != ChangeState.SENT, key)
        for key, state, of_plan, id_product in changes
        if key is not None
        and (state == ChangeState.SENT or plan is None or of_plan == plan)
        and (wanted is None or id_product in wanted)
    )
    return [key for _, key in chosen]


@task(name="create and edit listings", cache_policy=NO_CACHE, **on_retryable)
def send_batch(run: Run, change_ids: Sequence[int]) -> BatchReport:
    """Send a batch of changes, some at a time; one bad product never stops the others.

    Raises:
        AuthorizationError, ConfigurationFault: nothing of the batch can go on.
        Retryable: every change of the batch had to wait for a shop that cannot answer now.
    """
    shops = open_shops(run.connection_id)
    inputs = inputs_of(shops, run.plan, utc_now())
    works, report = _load(shops, inputs, change_ids, datetime.fromtimestamp(run.started, UTC))
    stop: list[ShopError] = []
    waiting: list[Retryable] = []

    def one(work: _Work) -> tuple[Outcome, Failure | None]:
        if stop:
            return Outcome.WAITING, None
        try:
            return _send(work)
        except (AuthorizationError, ConfigurationFault) as error:
            stop.append(error)
            return Outcome.WAITING, None
        except Retryable as error:
            waiting.append(error)
            return Outcome.WAITING, None
        except Exception:  # noqa: BLE001  # the boundary of one product
            # A fault of ours with one product must not stop the others; what was sent stays to be looked up.
            _log.exception("%s: unexpected failure", work.name)
            return _broken(work)

    with BatchThreads(THREADS, thread_name_prefix="upload") as pool:
        for outcome, failure in pool.map(one, works):
            report.count(outcome.value)
            if failure is not None:
                (report.not_ready if outcome is Outcome.NOT_READY else report.failures).append(failure)
    if stop:
        raise stop[0]
    if waiting and len(waiting) == len(works):
        raise waiting[0]
    report.failures += [Failure.of("TikTok Shop", error) for error in waiting[:1]]
    return report


def _load(shops: Shops, inputs: Inputs, change_ids: Sequence[int], began: datetime) -> tuple[list[_Work], BatchReport]:
    report = BatchReport()
    works: list[_Work] = []
    with database().read() as session:
        changes = session.exec(select(Change).where(col(Change.id).in_(change_ids))).all()
        ids = [change.id_product for change in changes if change.id_product is not None]
        subjects = {
            subject.product.id_product: subject
            for subject in load_subjects(session, shops.id, ids, shops.settings.products.image_type)
        }
        assignments = {
            row.id_product: row
            for row in session.exec(
                select(Assignment).where(Assignment.connection_id == shops.id, col(Assignment.id_product).in_(ids))
            )
        }
        listings = {
            row.id_product: row
            for row in session.exec(
                select(Listing).where(Listing.connection_id == shops.id, col(Listing.id_product).in_(ids))
            )
        }
        skus: dict[int, list[ListingSku]] = {}
        for sku in session.exec(
            select(ListingSku).where(
                ListingSku.connection_id == shops.id,
                col(ListingSku.listing_id).in_([listing.key for listing in listings.values()]),
            )
        ):
            skus.setdefault(sku.listing_id, []).append(sku)
    for change in sorted(changes, key=lambda one: change_ids.index(one.key)):
        subject = subjects.get(change.id_product or 0)
        assignment = assignments.get(change.id_product or 0)
        listing = listings.get(change.id_product)
        if change.state not in (ChangeState.PLANNED, ChangeState.SENT):
            continue
        if subject is None or assignment is None:
            # The product is gone in PrestaShop. What was never sent is dropped; what may have been sent stays open
            # for the run that deals with deletions.
            if change.state == ChangeState.PLANNED:
                finish(change, ChangeState.SUPERSEDED, code="product_gone", cause="The product is gone in PrestaShop.")
                report.count(Outcome.SUPERSEDED.value)
            else:
                report.count(Outcome.UNRESOLVED.value)
            continue
        works.append(
            _Work(
                shops=shops,
                inputs=inputs,
                change=change,
                subject=subject,
                listing=listing,
                skus=skus.get(listing.key, []) if listing else [],
                template_id=assignment.template_id,
                began=began,
            )
        )
    return works, report


def _send(work: _Work) -> tuple[Outcome, Failure | None]:
    change = work.change
    try:
        if change.state == ChangeState.PLANNED:
            _check_current(work)
        if change.kind is ChangeKind.CREATE:
            _create(work)
        else:
            _edit(work)
    except _Outdated:
        finish(change, ChangeState.SUPERSEDED)
        return Outcome.SUPERSEDED, None
    except Elsewhere:
        note(change, code="waiting", cause="Another change of this product is on its way.")
        return Outcome.WAITING, None
    except _Waiting as waiting:
        note(change, code="waiting", cause=str(waiting))
        return Outcome.WAITING, None
    except _NotReady as not_ready:
        first = not_ready.findings[0]
        finish(change, ChangeState.SUPERSEDED, code=first.code, cause=first.text, fix=first.fix)
        note_findings(change, not_ready.findings)
        return Outcome.NOT_READY, Failure(object=work.name, code=first.code, cause=first.text, fix=first.fix)
    except _Parked as parked:
        finish(change, ChangeState.PARKED, code=parked.code, cause=parked.cause, fix=parked.fix)
        return Outcome.PARKED, Failure(object=work.name, code=parked.code, cause=parked.cause, fix=parked.fix)
    except Rejected as error:
        finish(
            change,
            ChangeState.PARKED,
            code=error.code,
            cause=error.cause,
            fix=error.fix,
            request_id=error.request_id,
        )
        return Outcome.PARKED, Failure.of(work.name, error)
    except Uncertain as error:
        note(change, code=error.code, cause=error.cause, request_id=error.request_id)
        return Outcome.UNRESOLVED, None
    return Outcome.CONFIRMED, None


def _broken(work: _Work) -> tuple[Outcome, Failure]:
    failure = Failure(
        object=work.name,
        code="internal_error",
        cause="The connector failed on this product in a way it did not foresee.",
        fix="Look into the log of the run and report it; the other products went on.",
    )
    with database().read() as session:
        sent = session.get_one(Change, work.change.key).state == ChangeState.SENT
    if sent:
        note(work.change, code=failure.code, cause=failure.cause)
        return Outcome.UNRESOLVED, failure
    finish(work.change, ChangeState.PARKED, code=failure.code, cause=failure.cause, fix=failure.fix)
    return Outcome.PARKED, failure


def _check_current(work: _Work) -> None:
    """A stored plan is applied only as far as it still says what should be (K1)."""
    decision = decide(work.shops, work.inputs, work.subject, work.template_id, work.inputs.owners)
    if decision.content is None or content_hash(decision.content) != work.change.after["content_hash"]:
        raise _Outdated
    confirmed = work.listing.content_hash if work.listing else None
    if confirmed != work.change.before.get("content_hash"):
        raise _Outdated


def _prepare(work: _Work) -> tuple[ListingContent, Uploaded, Offer]:
    """Pictures uploaded, prices and quantities of this moment; the content without pictures that cannot be used."""
    content = ListingContent.model_validate(work.change.after["content"])
    uploaded = _upload(work, content)
    if uploaded.refused:
        subject = _without(work.subject, uploaded.refused)
        decision = decide(work.shops, work.inputs, subject, work.template_id, work.inputs.owners)
        if decision.content is None:
            raise _NotReady(decision.findings)
        content = decision.content
        uploaded = _upload(work, content)
        replan(work.change, content)
    variants = [(variant.id_product, variant.id_product_attribute) for variant in work.subject.variants]
    asked = shop_prices(work.shops, work.inputs.price, variants)
    priced = offer(work.shops, work.inputs, work.subject, work.template_id, work.inputs.price, asked)
    if priced.findings:
        raise _NotReady(priced.findings)
    return content, uploaded, priced


def _upload(work: _Work, content: ListingContent) -> Uploaded:
    swatches = {attribute.image_id for sku in content.skus for attribute in sku.sales_attributes if attribute.image_id}
    return upload_images(work.shops, work.subject.product.id_product, content.image_ids, sorted(swatches))


def _without(subject: Subject, refused: Mapping[int, str]) -> Subject:
    return replace(subject, refused_images={**subject.refused_images, **refused})


def _create(work: _Work) -> None:
    change = work.change
    tried = _tried_creations(change)
    if tried and _adopt(work, tried):
        return
    content, uploaded, priced = _prepare(work)
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
        raise _Outdated
    try:
        saved = _create_once(work, request.body, [*uploaded.main.values(), *uploaded.variant.values()])
    except Uncertain:
        # Look, and if there is nothing, repeat once: the platform makes no second product of the same key.
        if _adopt(work, [*tried, content]):
            return
        saved = work.shops.tiktok.create_product(request.body)
    sku_ids = _sku_ids(saved)
    shown = _set_to_zero(work, sku_ids, saved.product_id, request.set_to_zero, priced)
    _record(work, content, saved.product_id, sku_ids, shown)


def _lost_pictures(work: _Work, uris: Sequence[str]) -> _Waiting:
    forget_uploads(work.shops.id, uris)
    unsend(work.change)
    return _Waiting("TikTok Shop has lost the uploaded pictures; they are uploaded again by the next run")


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


def _create_once(work: _Work, body: dict[str, Any], uris: Sequence[str]) -> ProductSaved:
    try:
        return work.shops.tiktok.create_product(body)
    except Rejected as error:
        if error.code in _UNKNOWN_PICTURE:
            raise _lost_pictures(work, uris) from error
        raise
    except Retryable:
        # Nothing happened over there: the change is simply planned again.
        unsend(work.change)
        raise


def _set_to_zero(
    work: _Work, sku_ids: Mapping[int, str], product_id: str, attributes: Sequence[int], priced: Offer
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


def _sku_ids(saved: ProductSaved) -> dict[int, str]:
    """TikTok SKU ids by id_product_attribute, through the external id that was sent (never by position)."""
    return {_attribute(sku.external_sku_id): sku.id for sku in saved.skus if sku.external_sku_id}


def _attribute(external_sku_id: str) -> int:
    return int(external_sku_id.rsplit(":", 1)[1])


def _adopt(work: _Work, tried: Sequence[ListingContent]) -> bool:
    """Find out whether a creation without an answer happened after all; if so, record it as if answered (3.16).

    It is looked for by the SKUs of every content that was ever sent: they may have been renamed in PrestaShop since.
    """
    content = ListingContent.model_validate(work.change.after["content"])
    for product in _candidates(work, tried):
        if product.get("external_product_id") != content.external_product_id:
            continue
        sku_ids = {
            _attribute(str(sku["external_sku_id"])): str(sku["id"])
            for sku in product.get("skus") or ()
            if sku.get("external_sku_id")
        }
        accepted = next((one for one in reversed(tried) if shows(product, one)), content)
        priced = offer(work.shops, work.inputs, work.subject, work.template_id, work.inputs.price)
        # What it shows is what is known; where that is not what it should be, the price and stock sync sees to it.
        found = replace(priced, prices=_prices_of(product), quantities=_pieces_of(product))
        # Whether the step after the creation was done is not known either: stock is absolute, so it is done again.
        sold_out = [key for key in sku_ids if priced.quantities.get(key) == 0]
        shown = _set_to_zero(
            work,
            sku_ids,
            str(product["id"]),
            sold_out,
            replace(found, quantities={**found.quantities, **dict.fromkeys(sold_out, 0)}),
        )
        _record(work, accepted, str(product["id"]), sku_ids, shown)
        return True
    return False


def _prices_of(product: Mapping[str, Any]) -> dict[int, Price]:
    """Prices as read (3.15), by id_product_attribute."""
    return {
        _attribute(str(sku["external_sku_id"])): Price(
            Decimal(str(sku["price"]["sale_price"])), sku["price"]["currency"]
        )
        for sku in product.get("skus") or ()
        if sku.get("external_sku_id") and (sku.get("price") or {}).get("sale_price")
    }


def _pieces_of(product: Mapping[str, Any]) -> dict[int, int]:
    return {
        _attribute(str(sku["external_sku_id"])): sum(int(one["quantity"]) for one in sku.get("inventory") or ())
        for sku in product.get("skus") or ()
        if sku.get("external_sku_id")
    }


def _candidates(work: _Work, tried: Sequence[ListingContent]) -> Iterator[dict[str, Any]]:
    """Products over there that carry a SKU of what was sent; a search takes ten SKUs, and one is enough."""
    sellers = list(dict.fromkeys(one.skus[0].seller_sku for one in reversed(tried)))
    seen: set[str] = set()
    for part in in_parts(sellers, 10):
        for candidate in work.shops.tiktok.search_products({"seller_skus": list(part)}):
            product_id = str(candidate["id"])
            if candidate.get("status") != "DELETED" and product_id not in seen:
                seen.add(product_id)
                yield work.shops.tiktok.product(product_id)


def _edit(work: _Work) -> None:
    change, listing = work.change, work.listing
    if listing is None:
        raise _Outdated
    live = work.shops.tiktok.product(listing.product_id)
    if change.state == ChangeState.SENT:
        content = ListingContent.model_validate(change.after["content"])
        earlier = ListingContent.model_validate(listing.content) if listing.content else None
        for version in (*_under_review(work, listing.product_id), live):
            # Proof only where it tells the new content from the old: else the edit is simply sent again.
            if shows(version, content) and not (earlier and shows(version, earlier)):
                # What it was sent with is not known any more: the price and stock sync sees to both.
                priced = offer(work.shops, work.inputs, work.subject, work.template_id, work.inputs.price)
                unknown = replace(priced, prices=_prices_of(live), quantities={})
                _record(work, content, listing.product_id, _linked(work), unknown)
                return
    status = str(live.get("status", ""))
    if status in ("DELETED", "FREEZE"):
        raise _Parked(
            f"listing_{status.lower()}",
            f"TikTok Shop has this listing as {status}; it cannot be edited.",
            "Recover it, or appeal in Seller Center; then upload it again.",
        )
    if is_under_review(live):
        # Another edit would start the review anew and could keep the product in it for ever (K12).
        raise _Waiting("TikTok Shop is reviewing the listing; the edit waits for the outcome")
    content, uploaded, priced = _prepare(work)
    linked = _linked(work)
    # SKUs that are linked to nothing would be deleted by the edit as much as variants that are gone.
    dropped = [*dropped_skus(content, linked), *(sku.sku_id for sku in work.skus if sku.id_product is None)]
    if dropped and not work.shops.settings.products.consent_to_drop_variants:
        raise _Parked(
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
        raise _Outdated
    try:
        saved = work.shops.tiktok.edit_product(listing.product_id, body)
    except Rejected as error:
        if error.code in _UNKNOWN_PICTURE:
            raise _lost_pictures(work, [*uploaded.main.values(), *uploaded.variant.values()]) from error
        raise
    except Retryable:
        unsend(change)
        raise
    _record(work, content, listing.product_id, {**linked, **_sku_ids(saved)}, priced, stocks)


def _stocks(work: _Work, product_id: str, linked: Mapping[int, str], priced: Offer) -> dict[int, Mapping[str, int]]:
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


def _under_review(work: _Work, product_id: str) -> list[dict[str, Any]]:
    """The version in audit, if there is one (12052547 says that there is none)."""
    try:
        return [work.shops.tiktok.product(product_id, under_review=True)]
    except Rejected as error:
        if error.code != "12052547":
            raise
        return []


def _linked(work: _Work) -> dict[int, str]:
    return {sku.id_product_attribute: sku.sku_id for sku in work.skus if sku.id_product_attribute is not None}


def _record(
    work: _Work,
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
