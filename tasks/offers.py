"""Planning prices and stock: what listings should show against what TikTok Shop was last confirmed to show.

Only touched products are looked at (`tasks.touched`), so that cost follows what changed. A plan is stored in the
transaction that takes its products off the list of touched ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import bindparam, delete, literal, update
from sqlmodel import Session, col, select

from models.columns import Moment
from models.database import database, in_parts
from models.listings import Change, ChangeKind, ChangeState, Listing, ListingSku, Touched
from rules.decision import Reason
from rules.offers import OfferChange, OfferDifference, ShownSku, WantedSku, gone, offer_difference
from rules.price import PriceContext
from rules.quantity import not_sellable
from rules.template_matching import assign_template
from tasks.inputs import Inputs, inputs_of
from tasks.planning import Offer, Subject, load_subjects, offer
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import Shops, open_shops, utc_now

OFFER_KINDS: Final = (ChangeKind.PRICE, ChangeKind.STOCK)
# Nothing about these can be changed by us.
_OUT_OF_REACH: Final = ("DELETED", "FREEZE")
# Why a SKU has no price to show, as the last reason of the price rule says it, and what to do.
_PRICE_FIX: Final = "Change the price in PrestaShop or the markup; the other variants are not held up by this one."


@dataclass(frozen=True, slots=True)
class ListingOffer:
    """A listing, its linked SKUs, and what each of them should show."""

    listing: Listing
    skus: Sequence[ListingSku]
    wanted: Mapping[str, WantedSku]


def touched_products(connection_id: int, product_ids: Sequence[int] | None, *, retry_parked: bool = False) -> list[int]:
    """Products to plan for: the touched ones, and those with a change that is still open and not to be waited for.

    An open change is planned anew, so that what is sent is what should be shown now. Given ids are looked at whether
    touched or not.

    Args:
        connection_id: whose.
        product_ids: only these.
        retry_parked: those with a refused change are among them, although nothing about them has changed.
    """
    if product_ids is not None:
        return sorted(set(product_ids))
    with database().read() as session:
        ids = set(session.exec(select(Touched.id_product).where(Touched.connection_id == connection_id)))
        still_open = session.exec(
            select(Change.object).where(
                Change.connection_id == connection_id,
                col(Change.kind).in_(OFFER_KINDS),
                (col(Change.state) == ChangeState.SENT)
                | ((col(Change.state) == ChangeState.PLANNED) & col(Change.not_before).is_(None))
                # Parked ones have a time to be tried again when some of their SKUs were only locked.
                | (
                    col(Change.state).in_([ChangeState.PLANNED, ChangeState.PARKED])
                    & (col(Change.not_before) <= utc_now())
                )
                | ((col(Change.state) == ChangeState.PARKED) & literal(retry_parked)),
            )
        ).all()
        keys = [int(name.removeprefix("listing:")) for name in still_open if name.startswith("listing:")]
        for part in in_parts(keys):
            ids.update(
                one
                for one in session.exec(select(ListingSku.id_product).where(col(ListingSku.listing_id).in_(part)))
                if one is not None
            )
    return sorted(ids)


def load_offers(
    session: Session,
    shops: Shops,
    inputs: Inputs,
    ids: Sequence[int],
    asked: Mapping[tuple[int, int], Decimal] | None = None,
    held: Sequence[int] = (),
) -> list[ListingOffer]:
    """Every listing that has a SKU linked to one of these products, with all its linked SKUs.

    Args:
        session: a reading session.
        shops, inputs: of the connection.
        ids: PrestaShop product ids.
        asked: prices as PrestaShop itself answers them; the price of a variant it left out stays as it is.
        held: products whose SKUs are to be left alone.
    """
    left_alone = frozenset(held)
    listing_ids = sorted(
        set(
            session.exec(
                select(ListingSku.listing_id).where(
                    ListingSku.connection_id == shops.id, col(ListingSku.id_product).in_(ids)
                )
            )
        )
    )
    listings = session.exec(select(Listing).where(col(Listing.id).in_(listing_ids))).all()
    skus: dict[int, list[ListingSku]] = defaultdict(list)
    for sku in session.exec(
        select(ListingSku)
        .where(col(ListingSku.listing_id).in_(listing_ids), col(ListingSku.id_product).is_not(None))
        .order_by(col(ListingSku.id))
    ):
        skus[sku.listing_id].append(sku)
    products = sorted({sku.id_product for group in skus.values() for sku in group if sku.id_product is not None})
    subjects = {
        subject.product.id_product: subject
        for subject in load_subjects(session, shops.id, products, shops.settings.products.image_type)
    }
    offers = {
        id_product: offer(shops, inputs, subject, _template_of(inputs, subject), inputs.price, asked)
        for id_product, subject in subjects.items()
    }
    return [
        ListingOffer(
            listing,
            skus[listing.key],
            {
                sku.sku_id: _wanted(sku, subjects, offers, asked)
                for sku in skus[listing.key]
                if sku.id_product not in left_alone
            },
        )
        for listing in listings
    ]


def _template_of(inputs: Inputs, subject: Subject) -> int | None:
    return assign_template(subject.product, inputs.templates, inputs.ancestors).value


def _wanted(
    sku: ListingSku,
    subjects: Mapping[int, Subject],
    offers: Mapping[int, Offer],
    asked: Mapping[tuple[int, int], Decimal] | None,
) -> WantedSku:
    subject, offered = subjects.get(sku.id_product or 0), offers.get(sku.id_product or 0)
    key = sku.id_product_attribute or 0
    if subject is None or offered is None:
        return gone("the product is gone in PrestaShop: sold out")
    if key not in offered.quantities:
        return gone("the combination is gone in PrestaShop: sold out")
    answered = asked is None or (subject.product.id_product, key) in asked
    price = offered.prices.get(key) if answered else None
    reasons = offered.price_reasons[key]
    return WantedSku(
        price=price,
        quantity=offered.quantities[key],
        refusal=reasons[-1] if answered and price is None and reasons else None,
        everywhere=not_sellable(subject.product) is not None,
        stock=offered.stocks[key],
        backorder=offered.backorder,
        price_reasons=reasons,
        quantity_reasons=offered.quantity_reasons[key],
    )


def shop_prices(
    shops: Shops, context: PriceContext, variants: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Decimal] | None:
    """PrestaShop's own prices of these variants when the connection goes by them, None when it goes by ours."""
    return asked_prices(shops, context, variants) if shops.settings.products.price_source == "shop" else None


def asked_prices(
    shops: Shops, context: PriceContext, variants: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Decimal]:
    """Sale prices as PrestaShop itself computes them (section 3.1), by (id_product, id_product_attribute)."""
    alias = "connector_price"
    parameters = {
        alias: {
            "use_tax": int(context.with_tax and context.tax_enabled),
            "country": context.id_country,
            "currency": context.currency.id,
            "group": context.id_group,
            "decimals": 6,
        }
    }
    wanted = set(variants)
    combinations = {attribute: key for key in wanted if (attribute := key[1])}
    answers = {
        combinations[attribute]: prices[alias]
        for attribute, prices in shops.prestashop.prices("combinations", parameters, sorted(combinations)).items()
    }
    simple = sorted(id_product for id_product, attribute in wanted if not attribute)
    for id_product, prices in shops.prestashop.prices("products", parameters, simple).items():
        answers[id_product, 0] = prices[alias]
    return answers


@task(name="plan prices and stock", cache_policy=NO_CACHE, **on_retryable)
def plan_offers(
    run: Run, ids: Sequence[int], *, held: Sequence[int] = (), dry_run: bool = False, retry_parked: bool = False
) -> BatchReport:
    """Plan the differences in price and stock of the listings of some products.

    Args:
        run: the run the planned changes belong to.
        ids: PrestaShop product ids.
        held: products whose SKUs are left alone, because a person is asked about them first.
        dry_run: the products stay touched, so that the next run looks at them all the same.
        retry_parked: plan again what TikTok Shop refused, although it has not changed.
    """
    shops = open_shops(run.connection_id)
    began = utc_now()
    inputs = inputs_of(shops, run.plan, began)
    report = BatchReport()
    with database().read() as session:
        # Before all else: what is touched after this was read later stays touched.
        seen = _seen(session, run.connection_id, ids)
        asked = _asked(session, shops, inputs, ids)
        offers = load_offers(session, shops, inputs, ids, asked, held)
        standing = _standing(session, run.connection_id, [one.listing.key for one in offers])
    changes: list[Change] = []
    superseded: list[int] = []
    unknown: list[ListingSku] = []
    for one in offers:
        mine = standing.get(f"listing:{one.listing.key}", [])
        if one.listing.status in _OUT_OF_REACH:
            report.count(f"listings {one.listing.status.lower()}")
            superseded += [change.key for change in mine]
            for sku in one.skus:
                # Looked at again when it thaws.
                seen.pop(sku.id_product or 0, None)
            continue
        noticed = [row.noticed_at for sku in one.skus if (row := seen.get(sku.id_product or 0)) is not None]
        unknown += _forget_unanswered(one, mine)
        difference = _difference(shops, one)
        for kind, change in ((ChangeKind.PRICE, difference.price), (ChangeKind.STOCK, difference.stock)):
            planned, outdated = _plan_one(run, one, kind, change, mine, noticed, began, retry_parked=retry_parked)
            superseded += outdated
            if planned is None:
                continue
            changes.append(planned)
            report.count("prices to set" if kind is ChangeKind.PRICE else "stocks to set")
        parked, outdated = _park_refused(run, one, difference, standing, began)
        superseded += outdated
        changes += parked
        for refused in parked:
            report.failed(Failure(object=_name(one), code=refused.code, cause=refused.cause, fix=refused.fix))
    _store(run, {} if dry_run else seen, began, changes, superseded, unknown, report)
    return report


def _seen(session: Session, connection_id: int, ids: Sequence[int]) -> dict[int, Touched]:
    """Since when the products of the batch are touched."""
    return {
        row.id_product: row
        for row in session.exec(
            select(Touched).where(Touched.connection_id == connection_id, col(Touched.id_product).in_(ids))
        )
    }


def _forget_unanswered(one: ListingOffer, standing: Sequence[Change]) -> list[ListingSku]:
    """Take out of the record what a call without an answer may have set; the SKUs concerned.

    Not known differs from whatever is wanted, for this plan and, if it comes to nothing, for those after it.
    """
    unknown = {kind: _unanswered(standing, kind) for kind in OFFER_KINDS}
    for sku in one.skus:
        if sku.sku_id in unknown[ChangeKind.PRICE]:
            sku.price = None
        if sku.sku_id in unknown[ChangeKind.STOCK]:
            sku.offered = None
    return [sku for sku in one.skus if any(sku.sku_id in ids for ids in unknown.values())]


def _unanswered(standing: Sequence[Change], kind: ChangeKind) -> set[str]:
    return {
        sku_id
        for change in standing
        if change.kind == kind and change.state == ChangeState.SENT
        for sku_id in _targets(change)
    }


def _asked(session: Session, shops: Shops, inputs: Inputs, ids: Sequence[int]) -> dict[tuple[int, int], Decimal] | None:
    """PrestaShop's own prices of the batch, when the connection goes by them."""
    linked = session.exec(
        select(ListingSku.id_product, ListingSku.id_product_attribute).where(
            ListingSku.connection_id == shops.id, col(ListingSku.id_product).in_(ids)
        )
    )
    return shop_prices(shops, inputs.price, ((one or 0, attribute or 0) for one, attribute in linked))


def _standing(session: Session, connection_id: int, listing_keys: Sequence[int]) -> dict[str, list[Change]]:
    """Changes of these listings that are open, or parked and not replaced since, by object, oldest first."""
    sku_ids = session.exec(select(ListingSku.sku_id).where(col(ListingSku.listing_id).in_(listing_keys))).all()
    objects = [*(f"listing:{key}" for key in listing_keys), *(f"sku:{sku_id}" for sku_id in sku_ids)]
    found: dict[str, list[Change]] = defaultdict(list)
    for change in session.exec(
        select(Change)
        .where(
            Change.connection_id == connection_id,
            col(Change.object).in_(objects),
            col(Change.kind).in_(OFFER_KINDS),
            col(Change.state).in_([ChangeState.PLANNED, ChangeState.SENT, ChangeState.PARKED]),
        )
        .order_by(col(Change.id))
    ):
        found[change.object].append(change)
    return found


def _difference(shops: Shops, one: ListingOffer) -> OfferDifference:
    products = shops.settings.products
    return offer_difference(
        [ShownSku(sku.sku_id, sku.price, sku.currency, sku.offered, sum(sku.quantities.values())) for sku in one.skus],
        one.wanted,
        sync_price=products.sync_price,
        sync_stock=products.sync_stock,
    )


def _plan_one(
    run: Run,
    one: ListingOffer,
    kind: ChangeKind,
    wanted: OfferChange | None,
    standing: Sequence[Change],
    noticed: Sequence[Moment],
    now: datetime,
    *,
    retry_parked: bool,
) -> tuple[Change | None, list[int]]:
    """The change to make of one kind, and those it takes the place of.

    It dates from what was noticed first: for `noticed`, or for an open change that it takes the place of.
    """
    mine = [change for change in standing if change.kind == kind]
    if wanted is None:
        return None, [change.key for change in mine]
    targets = {step.sku_id: step.after for step in wanted.steps}
    # One that is parked waited for a person, which is no lag of ours.
    still_due = [change.noticed_at for change in mine if change.state != ChangeState.PARKED]
    waiting_until, attempts = None, 0
    for change in mine:
        if _targets(change) != targets:
            continue
        due_again = change.not_before is not None and change.not_before <= now
        if change.state == ChangeState.PARKED and not retry_parked and not due_again:
            # It would be refused again: it waits for another price or stock, or for a person.
            return None, [other.key for other in mine if other is not change]
        attempts = change.attempts
        if change.state == ChangeState.PLANNED:
            waiting_until = change.not_before
    return Change(
        connection_id=run.connection_id,
        plan_id=run.plan,
        kind=kind,
        object=f"listing:{one.listing.key}",
        id_product=one.listing.id_product,
        before={"product_id": one.listing.product_id},
        after={"skus": [step.as_record() for step in wanted.steps]},
        reasons=[reason.as_record() for reason in wanted.reasons],
        created_at=now,
        noticed_at=min((moment for moment in (*noticed, *still_due) if moment is not None), default=None),
        # The more often a lock was met, the longer until it is looked at again.
        attempts=attempts,
        not_before=waiting_until,
    ), [change.key for change in mine]


def _targets(change: Change) -> dict[str, str]:
    return {str(row["sku_id"]): str(row["to"]) for row in change.after.get("skus", ())}


def _park_refused(
    run: Run, one: ListingOffer, difference: OfferDifference, standing: Mapping[str, list[Change]], now: datetime
) -> tuple[list[Change], list[int]]:
    """SKUs without a price to show, each parked with its fix; those that have one again are no longer parked."""
    parked: list[Change] = []
    outdated: list[int] = []
    for sku in one.skus:
        known = standing.get(f"sku:{sku.sku_id}", [])
        refusal: Reason | None = difference.refused.get(sku.sku_id)
        if refusal is not None and any((change.code, change.cause) == (refusal.code, refusal.text) for change in known):
            continue
        outdated += [change.key for change in known]
        if refusal is not None:
            parked.append(
                Change(
                    connection_id=run.connection_id,
                    plan_id=run.plan,
                    kind=ChangeKind.PRICE,
                    object=f"sku:{sku.sku_id}",
                    id_product=sku.id_product,
                    before={"product_id": one.listing.product_id},
                    after={},
                    reasons=[refusal.as_record()],
                    state=ChangeState.PARKED,
                    code=refusal.code,
                    cause=refusal.text,
                    fix=_PRICE_FIX,
                    created_at=now,
                    finished_at=now,
                )
            )
    return parked, outdated


def _name(one: ListingOffer) -> str:
    return f"product {one.listing.id_product}" if one.listing.id_product else f"listing {one.listing.product_id}"


def _store(
    run: Run,
    seen: Mapping[int, Touched],
    began: datetime,
    changes: Sequence[Change],
    superseded: Sequence[int],
    unknown: Sequence[ListingSku],
    report: BatchReport,
) -> None:
    with database().write() as session:
        _supersede(session, superseded, began, report)
        session.flush()
        session.add_all(changes)
        if unknown:
            session.connection().execute(
                update(ListingSku)
                .where(col(ListingSku.id) == bindparam("key"))
                .values(price=bindparam("shown"), offered=bindparam("pieces")),
                [{"key": sku.id, "shown": sku.price, "pieces": sku.offered} for sku in unknown],
            )
        if seen:
            # What was touched once more since it was read is looked at again, and dates from then.
            session.connection().execute(
                delete(Touched).where(
                    col(Touched.connection_id) == run.connection_id,
                    col(Touched.id_product) == bindparam("product"),
                    col(Touched.since) == bindparam("touched"),
                ),
                [{"product": row.id_product, "touched": row.since} for row in seen.values()],
            )
            session.connection().execute(
                update(Touched)
                .where(col(Touched.connection_id) == run.connection_id, col(Touched.id_product).in_(seen))
                .values(noticed_at=col(Touched.since))
            )


def touched_since(
    session: Session, connection_id: int, changes: Sequence[Change], skus: Mapping[int, Mapping[str, ListingSku]]
) -> set[int]:
    """Changes whose products were touched after they were planned: an order, a move, a link."""
    since = {
        row.id_product: row.since for row in session.exec(select(Touched).where(Touched.connection_id == connection_id))
    }
    return {
        change.key
        for change in changes
        for sku in skus.get(int(change.object.partition(":")[2]), {}).values()
        if sku.id_product in since and since[sku.id_product] > change.created_at
    }


@task(name="keep what is current of a plan", cache_policy=NO_CACHE, **on_retryable)
def keep_current(run: Run, plan: int) -> BatchReport:
    """Supersede the changes of a stored plan that are no longer what should be sent (K1)."""
    shops = open_shops(run.connection_id)
    now = utc_now()
    inputs = inputs_of(shops, run.plan, now)
    report = BatchReport()
    with database().read() as session:
        planned = session.exec(
            select(Change).where(
                Change.plan_id == plan, col(Change.kind).in_(OFFER_KINDS), Change.state == ChangeState.PLANNED
            )
        ).all()
    for part in in_parts(planned, 100):
        keys = [int(change.object.removeprefix("listing:")) for change in part]
        with database().read() as session:
            ids = session.exec(
                select(ListingSku.id_product)
                .where(col(ListingSku.listing_id).in_(keys), col(ListingSku.id_product).is_not(None))
                .distinct()
            ).all()
            products = [one for one in ids if one is not None]
            offers = load_offers(session, shops, inputs, products, _asked(session, shops, inputs, products))
        by_object = {f"listing:{one.listing.key}": one for one in offers}
        outdated = []
        for change in part:
            one = by_object.get(change.object)
            difference = _difference(shops, one) if one is not None else OfferDifference()
            wanted = difference.price if change.kind is ChangeKind.PRICE else difference.stock
            steps = [] if wanted is None else [step.as_record() for step in wanted.steps]
            if steps != change.after["skus"]:
                outdated.append(change.key)
        with database().write() as session:
            _supersede(session, outdated, now, report)
    return report


def _supersede(session: Session, keys: Sequence[int], now: datetime, report: BatchReport) -> None:
    for key in keys:
        stored = session.get_one(Change, key)
        if stored.state != ChangeState.CONFIRMED:
            stored.state, stored.finished_at = ChangeState.SUPERSEDED, now
            report.count("superseded")
