"""The auditor of prices: a sample of our own against PrestaShop's answers (prestashop-webservice.md 3.3).

A shop that answers otherwise has price rules that the webservice does not show, a module's hook for example. Its own
answers are used from then on, as a new version of the connection's settings that says why: looking at it and setting
`products.price_source` back to "computed" is the merchant's decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import func
from sqlmodel import Session, col, select

from models.connections import settings_in_force, store_settings
from models.database import database
from models.listings import Change, ChangeKind, ChangeState, ListingSku
from rules.price import sale_price
from rules.price_audit import agrees, as_server_computes
from tasks.inputs import Inputs, read_inputs
from tasks.mirror import list_catalogue, mirror_combinations, mirror_products, settle_variants
from tasks.offers import asked_prices
from tasks.planning import load_subjects
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shop_tables import PRICE_TABLES, mirror_small_tables, mirror_specific_prices
from tasks.shops import Shops, open_shops, utc_now
from tasks.sweeps import due, timed_sweep

# Changed SKUs looked at in every run, and SKUs chosen by chance once an hour.
_CHANGED: Final = 20
_BY_CHANCE: Final = 20
_EVERY: Final = timedelta(hours=1)


@task(name="audit prices", cache_policy=NO_CACHE, **on_retryable)
def audit_prices(run: Run) -> BatchReport:
    """Compare a sample of prices with what PrestaShop answers; a lasting difference switches to its answers."""
    shops = open_shops(run.connection_id)
    report = BatchReport()
    if shops.settings.products.price_source == "shop":
        return report
    sample = _sample(run)
    if not sample:
        return report
    report.count("prices audited", len(sample))
    wrong = _differences(shops, sample)
    if wrong:
        # Something may have changed while we were looking: read the same products once more and compare again.
        _read_again(shops, sorted({id_product for id_product, _ in wrong}))
        wrong = _differences(shops, [key for key in sample if key in wrong])
    for (id_product, attribute), (ours, theirs) in sorted(wrong.items())[:5]:
        report.failed(
            Failure(
                object=f"product {id_product}" + (f" variant {attribute}" if attribute else ""),
                code="price_audit",
                cause=f"PrestaShop says {theirs} where its visible prices make {ours}.",
                fix="The shop has price rules that its webservice does not show, a module's for example. Its own "
                "answers are used from now on; look at it, then set products.price_source.",
            ),
            count="prices unlike PrestaShop's",
        )
    if wrong:
        with database().write() as session:
            _, document = settings_in_force(session, run.connection_id)
            document.products.price_source = "shop"
            store_settings(
                session,
                run.connection_id,
                document,
                note=f"price audit: {len(wrong)} of {len(sample)} prices are not what PrestaShop answers",
                now=utc_now(),
            )
    return report


def _sample(run: Run) -> list[tuple[int, int]]:
    """Linked variants: some whose price this run set and, once an hour, some chosen by chance."""
    now = utc_now()
    with database().read() as session:
        sample = _changed(session, run)
    if due(run.connection_id, "price audit", now):
        with timed_sweep(run.connection_id, "price audit", now, at_least=_EVERY), database().read() as session:
            linked = session.exec(
                select(ListingSku.id_product, ListingSku.id_product_attribute)
                .where(ListingSku.connection_id == run.connection_id, col(ListingSku.id_product).is_not(None))
                .order_by(func.random())
                .limit(_BY_CHANCE)
            ).all()
        sample += [(one or 0, attribute or 0) for one, attribute in linked]
    return sorted(set(sample))


def _changed(session: Session, run: Run) -> list[tuple[int, int]]:
    changes = session.exec(
        select(Change.after)
        .where(
            Change.plan_id == run.plan,
            Change.kind == ChangeKind.PRICE,
            Change.state == ChangeState.CONFIRMED,
        )
        .limit(_CHANGED)
    ).all()
    moved = [str(row["sku_id"]) for after in changes for row in after.get("skus", ()) if row["from"] != row["to"]]
    linked = session.exec(
        select(ListingSku.id_product, ListingSku.id_product_attribute).where(
            ListingSku.connection_id == run.connection_id, col(ListingSku.sku_id).in_(moved[:_CHANGED])
        )
    ).all()
    return [(one, attribute or 0) for one, attribute in linked if one is not None]


def _differences(shops: Shops, sample: Sequence[tuple[int, int]]) -> dict[tuple[int, int], tuple[str, str]]:
    """Ours and theirs, as text, where they differ."""
    inputs: Inputs = read_inputs(shops, utc_now())
    context = as_server_computes(inputs.price)
    with database().read() as session:
        subjects = load_subjects(session, shops.id, sorted({id_product for id_product, _ in sample}), "")
    theirs = asked_prices(shops, context, sample)
    wrong = {}
    for subject in subjects:
        for variant in subject.variants:
            key = (variant.id_product, variant.id_product_attribute)
            if key not in theirs or key not in sample:
                continue
            ours = sale_price(subject.product, variant, subject.specific_prices, context).value
            if not agrees(ours, theirs[key]):
                wrong[key] = (f"{ours:f}", f"{theirs[key]:f}")
    return wrong


def _read_again(shops: Shops, product_ids: Sequence[int]) -> None:
    ids = list_catalogue.fn(shops.id, product_ids)
    mirror_products.fn(shops.id, ids.products)
    mirror_combinations.fn(shops.id, ids.combinations)
    settle_variants.fn(shops.id, ids)
    mirror_specific_prices.fn(shops.id)
    mirror_small_tables.fn(shops.id, PRICE_TABLES)
