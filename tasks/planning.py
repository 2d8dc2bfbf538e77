"""Deciding what TikTok Shop should show and planning the difference (design: decide, plan).

A product whose inputs did not change since it was last decided is not worked out again, and a product whose content
is what was last confirmed makes no change: cost follows changes, not the size of the catalogue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import Session, col, select

from clients.tiktok.errors import explain
from models.catalogue import Product, SpecificPrice, Variant
from models.database import database, upsert
from models.listings import Assignment, Change, ChangeKind, ChangeState, Listing, ListingSku
from rules.content import ListingContent, content_hash, describe_difference, digest
from rules.decision import Finding, Reason
from rules.listing import ListingDecision, ListingInputs, inputs_hash, listing_content
from rules.price import Price, PriceContext, listing_price
from rules.quantity import backorder_of, listing_quantity, stock_of
from rules.template_matching import assign_template
from tasks.inputs import Inputs, inputs_of
from tasks.media import known_refusals
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import Shops, open_shops, utc_now

# Quotas of listings and the like are over by then.
_A_DAY = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Subject:
    """One product with everything of its own that rules look at."""

    product: Product
    variants: Sequence[Variant]
    specific_prices: Sequence[SpecificPrice]
    components: Mapping[tuple[int, int], int]
    refused_images: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Offer:
    """Price and quantity of every variant, by id_product_attribute, with the findings that keep it from being sold.

    `stocks` and `backorder` are what the quantities were made from.
    """

    prices: Mapping[int, Price]
    quantities: Mapping[int, int]
    findings: tuple[Finding, ...]
    reasons: Mapping[int, tuple[Reason, ...]]
    price_reasons: Mapping[int, tuple[Reason, ...]]
    quantity_reasons: Mapping[int, tuple[Reason, ...]]
    stocks: Mapping[int, int]
    backorder: int


def load_subjects(session: Session, connection_id: int, ids: Sequence[int], image_type: str) -> list[Subject]:
    """The products of a batch that the mirror knows, in the order of their ids."""
    products = session.exec(
        select(Product)
        .where(Product.connection_id == connection_id, col(Product.id_product).in_(ids))
        .order_by(col(Product.id_product))
    ).all()
    variants: dict[int, list[Variant]] = defaultdict(list)
    for variant in session.exec(
        select(Variant)
        .where(Variant.connection_id == connection_id, col(Variant.id_product).in_(ids))
        .order_by(col(Variant.id_product), col(Variant.id_product_attribute))
    ):
        variants[variant.id_product].append(variant)
    prices: dict[int, list[SpecificPrice]] = defaultdict(list)
    for row in session.exec(
        select(SpecificPrice).where(
            SpecificPrice.connection_id == connection_id, col(SpecificPrice.id_product).in_([0, *ids])
        )
    ):
        prices[row.id_product].append(row)
    components = _components(session, connection_id, products)
    refused = known_refusals(connection_id, ids, image_type)
    return [
        Subject(
            product=product,
            variants=variants[product.id_product],
            # Rows of product 0 hold for the whole catalogue.
            specific_prices=[*prices[product.id_product], *prices[0]],
            components=components,
            refused_images={image: refused[image] for image in product.image_ids if image in refused},
        )
        for product in products
    ]


def _components(session: Session, connection_id: int, products: Sequence[Product]) -> dict[tuple[int, int], int]:
    """Quantities of what the packs among the products consist of."""
    parts = {part[0] for product in products for part in product.bundle}
    if not parts:
        return {}
    return {
        (id_product, attribute): quantity
        for id_product, attribute, quantity in session.exec(
            select(Variant.id_product, Variant.id_product_attribute, Variant.quantity).where(
                Variant.connection_id == connection_id, col(Variant.id_product).in_(sorted(parts))
            )
        )
    }


def listing_inputs(shops: Shops, inputs: Inputs, template_id: int | None, refused: Mapping[int, str]) -> ListingInputs:
    """What the content rule wants, for one template."""
    template = inputs.template(template_id)
    category_id = template.category_id if template else ""
    return ListingInputs(
        market=shops.market,
        settings=shops.settings.products,
        template=template,
        mappings=inputs.mappings.get(template.key, ()) if template else (),
        value_mappings=inputs.dictionaries,
        category=inputs.categories.get(category_id),
        attributes=inputs.attributes.get(category_id, ()),
        brands=inputs.brands,
        names=inputs.names,
        language_id=inputs.language_id,
        fallback_language_id=inputs.fallback_language_id,
        usable_images=dict.fromkeys(refused, False),
        weight_unit=inputs.weight_unit,
        dimension_unit=inputs.dimension_unit,
    )


def decide(
    shops: Shops, inputs: Inputs, subject: Subject, template_id: int | None, owners: Mapping[str, int]
) -> ListingDecision:
    """What the listing of one product should say."""
    return listing_content(
        subject.product,
        subject.variants,
        listing_inputs(shops, inputs, template_id, subject.refused_images),
        taken_skus=owners,
    )


def offer(
    shops: Shops,
    inputs: Inputs,
    subject: Subject,
    template_id: int | None,
    context: PriceContext,
    asked: Mapping[tuple[int, int], Decimal] | None = None,
) -> Offer:
    """Price and quantity of every variant of one product; `asked`: sale prices as PrestaShop itself answers them."""
    template = inputs.template(template_id)
    markup = (template.price_markup() if template else None) or shops.settings.products.markup
    prices: dict[int, Price] = {}
    quantities: dict[int, int] = {}
    stocks: dict[int, int] = {}
    backorder = backorder_of(subject.product, shops.settings.products, inputs.stock)
    findings: list[Finding] = []
    reasons: dict[int, tuple[Reason, ...]] = {}
    price_reasons: dict[int, tuple[Reason, ...]] = {}
    quantity_reasons: dict[int, tuple[Reason, ...]] = {}
    for variant in subject.variants:
        key = variant.id_product_attribute
        price = listing_price(
            subject.product,
            variant,
            subject.specific_prices,
            context,
            markup=markup,
            market=shops.market,
            asked=(asked or {}).get((variant.id_product, key)),
        )
        quantity = listing_quantity(
            subject.product,
            variant,
            settings=shops.settings.products,
            policy=inputs.stock,
            components=subject.components,
        )
        reasons[key] = (*price.reasons, *quantity.reasons)
        price_reasons[key], quantity_reasons[key] = price.reasons, quantity.reasons
        quantities[key] = quantity.value
        stocks[key] = stock_of(subject.product, variant, inputs.stock, subject.components)
        if price.value is None:
            why = price.reasons[-1] if price.reasons else Reason("price_unusable", "the price cannot be used")
            findings.append(
                Finding(
                    why.code, f"{_variant_name(variant)}: {why.text}", "Change the price in PrestaShop or the markup."
                )
            )
        else:
            prices[key] = price.value
    return Offer(prices, quantities, tuple(findings), reasons, price_reasons, quantity_reasons, stocks, backorder)


def _variant_name(variant: Variant) -> str:
    return f"variant {variant.id_product_attribute}" if variant.id_product_attribute else "the product"


def products_to_decide(connection_id: int, product_ids: Sequence[int] | None) -> list[int]:
    """Ids of the mirrored products a run looks at."""
    with database().read() as session:
        query = select(Product.id_product).where(Product.connection_id == connection_id)
        known = list(session.exec(query.order_by(col(Product.id_product))))
    return known if product_ids is None else sorted(set(product_ids).intersection(known))


def template_named(connection_id: int, name: str | None) -> int | None:
    """The id of a template given by name.

    Raises:
        LookupError: there is none of that name; the text lists those there are.
    """
    if name is None:
        return None
    from models.templates import CategoryTemplate

    with database().read() as session:
        templates = session.exec(select(CategoryTemplate).where(CategoryTemplate.connection_id == connection_id)).all()
    for template in templates:
        if template.name == name:
            return template.key
    known = ", ".join(sorted(template.name for template in templates)) or "none yet"
    raise LookupError(f"There is no category template called {name!r}. There are: {known}")


@task(name="decide and plan", cache_policy=NO_CACHE, **on_retryable)
def plan_batch(
    run: Run,
    ids: Sequence[int],
    template_id: int | None = None,
    *,
    retry_parked: bool = False,
    edit_linked: bool = False,
) -> BatchReport:
    """Match a batch to templates, decide its listings, and plan the difference to what was last confirmed.

    Args:
        run: the run the planned changes belong to.
        ids: PrestaShop product ids.
        template_id: plan only products of this template.
        retry_parked: plan again what TikTok Shop refused, although nothing about it has changed.
        edit_linked: replace the content of listings too that the connector did not create.
    """
    shops = open_shops(run.connection_id)
    now = utc_now()
    inputs = inputs_of(shops, run.plan, now)
    owners = inputs.owners
    report = BatchReport()
    with database().read() as session:
        subjects = load_subjects(session, run.connection_id, ids, shops.settings.products.image_type)
        before = {
            row.id_product: row
            for row in session.exec(
                select(Assignment).where(
                    Assignment.connection_id == run.connection_id, col(Assignment.id_product).in_(ids)
                )
            )
        }
        listings = {
            row.id_product: row
            for row in session.exec(
                select(Listing).where(Listing.connection_id == run.connection_id, col(Listing.id_product).in_(ids))
            )
        }
        open_changes = {
            row.id_product: row
            for row in session.exec(
                select(Change).where(
                    Change.connection_id == run.connection_id,
                    col(Change.id_product).in_(ids),
                    col(Change.kind).in_([ChangeKind.CREATE, ChangeKind.EDIT]),
                    col(Change.state).in_([ChangeState.PLANNED, ChangeState.SENT]),
                )
            )
        }
        refused = {} if retry_parked else _refused(session, run.connection_id, ids, now)
        elsewhere = _listed_elsewhere(session, shops, ids)
    assignments: list[dict[str, Any]] = []
    changes: list[Change] = []
    superseded: list[Change] = []
    taken_over: list[int] = []
    for subject in subjects:
        id_product = subject.product.id_product
        matched = assign_template(subject.product, inputs.templates, inputs.ancestors)
        if template_id is not None and matched.value != template_id:
            continue
        known = before.get(id_product)
        priced = offer(shops, inputs, subject, matched.value, inputs.price)
        fingerprint = _fingerprint(shops, inputs, subject, matched.value, priced)
        listing = listings.get(id_product)
        if known is None or known.inputs_hash != fingerprint:
            decision = decide(shops, inputs, subject, matched.value, owners)
            content = decision.content
            assignments.append(
                {
                    "connection_id": run.connection_id,
                    "id_product": id_product,
                    "template_id": matched.value,
                    "inputs_hash": fingerprint,
                    "content_hash": content_hash(content) if content else "",
                    "findings": [one.as_record() for one in (*decision.findings, *priced.findings)],
                    "reasons": [one.as_record() for one in (*matched.reasons, *decision.reasons)],
                    "decided_at": now,
                }
            )
            findings, wanted = assignments[-1]["findings"], assignments[-1]["content_hash"]
        else:
            content, findings, wanted = None, known.findings, known.content_hash
        if findings:
            report.count("not ready")
            report.not_ready.append(_not_ready(id_product, findings[0]))
            continue
        report.count("ready")
        standing = open_changes.get(id_product)
        if standing is not None and standing.state == ChangeState.SENT:
            # Its outcome is not known yet; the run looks that up before anything new is sent for this product.
            report.count("unresolved")
            continue
        if listing is not None and listing.content_hash == wanted:
            report.count("unchanged")
            if standing is not None:
                superseded.append(standing)
            continue
        if listing is not None and not shops.settings.products.sync_info:
            report.count("edits switched off")
            continue
        if listing is not None and not listing.content and not edit_linked:
            # It was on TikTok Shop before the connector: its texts and pictures are the merchant's until asked for.
            report.count("linked, content left alone")
            continue
        if listing is None and id_product in elsewhere and not (edit_linked and elsewhere[id_product] == "unlinked"):
            # It is on TikTok Shop in another way than as a listing of its own: creating it would list it twice.
            report.count(f"{elsewhere[id_product]} by a person")
            continue
        if wanted in refused.get(id_product, ()):
            # The same content would be refused again; it waits for a change, or for a person who asks for it.
            report.count("still parked")
            continue
        if content is None:
            content = decide(shops, inputs, subject, matched.value, owners).content
            if content is None:
                continue
        change = _change(run, id_product, listing, content, wanted, now)
        report.count(f"to {change.kind.value}")
        if standing is not None:
            if (standing.kind, standing.before, standing.after) == (change.kind, change.before, change.after):
                # Planned before and still right: it moves to this plan and keeps its idempotency key.
                taken_over.append(standing.key)
                continue
            superseded.append(standing)
        changes.append(change)
    _store(run, assignments, superseded, taken_over, changes, report)
    return report


def _refused(session: Session, connection_id: int, ids: Sequence[int], now: datetime) -> dict[int, set[str]]:
    """Content hashes that TikTok Shop refused, by product; refusals that pass by themselves count for a day.

    What our own guards parked is not among them: they look again in every run.
    """
    refused: dict[int, set[str]] = defaultdict(set)
    for change in session.exec(
        select(Change).where(
            Change.connection_id == connection_id,
            col(Change.id_product).in_(ids),
            col(Change.kind).in_([ChangeKind.CREATE, ChangeKind.EDIT]),
            Change.state == ChangeState.PARKED,
        )
    ):
        if not change.code.isdigit():
            continue
        passes = explain(change.code).retry != "no"
        if passes and change.finished_at is not None and now - change.finished_at > _A_DAY:
            continue
        refused[change.id_product or 0].add(str(change.after.get("content_hash", "")))
    return refused


def _listed_elsewhere(session: Session, shops: Shops, ids: Sequence[int]) -> dict[int, str]:
    """Products without a listing of their own that are there all the same: "linked" as SKUs of another listing, or
    "unlinked" from the one the connector made of them."""
    found = {
        id_product: "linked"
        for id_product in session.exec(
            select(ListingSku.id_product).where(
                ListingSku.connection_id == shops.id, col(ListingSku.id_product).in_(ids)
            )
        )
        if id_product is not None
    }
    references = {f"ps-{shops.settings.products.shop_id}:{id_product}": id_product for id_product in ids}
    for content in session.exec(
        select(Listing.content).where(
            Listing.connection_id == shops.id,
            col(Listing.id_product).is_(None),
            Listing.status != "DELETED",
            Listing.content_hash != "",
        )
    ):
        id_product = references.get(str(content.get("external_product_id")))
        if id_product is not None:
            found.setdefault(id_product, "unlinked")
    return found


def _not_ready(id_product: int, record: Mapping[str, str]) -> Failure:
    return Failure(object=f"product {id_product}", code=record["code"], cause=record["text"], fix=record["fix"])


def _fingerprint(shops: Shops, inputs: Inputs, subject: Subject, template_id: int | None, priced: Offer) -> str:
    """A hash over all that the decision of one product is made from.

    Of prices only whether they can be used: they change often, and a listing's content does not follow them.
    """
    return digest(
        [
            inputs_hash(
                subject.product,
                subject.variants,
                listing_inputs(shops, inputs, template_id, subject.refused_images),
                taken_skus=inputs.owners,
            ),
            inputs.mapping_hashes.get(template_id or 0),
            [one.as_record() for one in priced.findings],
        ]
    )


def _change(
    run: Run, id_product: int, listing: Listing | None, content: ListingContent, wanted: str, now: datetime
) -> Change:
    after = {"content_hash": wanted, "content": content.model_dump(mode="json")}
    if listing is None:
        kind, before = ChangeKind.CREATE, {}
        reasons: tuple[Reason, ...] = (Reason("not_uploaded", "the product is not on TikTok Shop yet"),)
    else:
        kind = ChangeKind.EDIT
        before = {"content_hash": listing.content_hash, "product_id": listing.product_id}
        reasons = (
            describe_difference(ListingContent.model_validate(listing.content), content)
            if listing.content
            else (Reason("first_upload", "what TikTok Shop shows was not sent by the connector"),)
        )
    return Change(
        connection_id=run.connection_id,
        plan_id=run.plan,
        kind=kind,
        object=f"product:{id_product}",
        id_product=id_product,
        before=before,
        after=after,
        reasons=[one.as_record() for one in reasons],
        # The same over every attempt, so that TikTok Shop never makes a second product of it.
        idempotency_key=f"{content.external_product_id}-plan-{run.plan}",
        created_at=now,
    )


def _store(
    run: Run,
    assignments: Sequence[dict[str, Any]],
    superseded: Sequence[Change],
    taken_over: Sequence[int],
    changes: Sequence[Change],
    report: BatchReport,
) -> None:
    with database().write() as session:
        upsert(session, Assignment, assignments)
        for old in superseded:
            stored = session.get_one(Change, old.key)
            if stored.state == ChangeState.PLANNED:
                stored.state = ChangeState.SUPERSEDED
                stored.finished_at = utc_now()
                report.count("superseded")
        for key in taken_over:
            session.get_one(Change, key).plan_id = run.plan
        session.flush()
        session.add_all(changes)
