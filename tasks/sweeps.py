"""Noticing what changed in PrestaShop between two mirrors, at a cost that follows what changed.

Stock moves and special prices leave no trace in a product's `date_upd` (prestashop-webservice.md 5.1), so they are
swept: id lists and slim pages, compared with what is known. A sweep is due again when ten times its own duration has
passed, so that a large shop is not kept busy by us for more than a tenth of the time; in between the cheap tiers of
5.2 and 5.3 look where it matters.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import delete, func
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from clients.prestashop.filters import Filters, greater
from models.catalogue import Product, SpecificPrice, Variant
from models.connections import Watermark
from models.database import database, upsert
from rules.content import digest
from rules.price import next_price_boundary
from tasks.inputs import Inputs, inputs_of
from tasks.mirror import (
    CatalogueIds,
    confirm_gone,
    forget_products,
    mirror_combinations,
    mirror_products,
    settle_variants,
)
from tasks.report import BatchReport
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import Shops, open_shops, utc_now
from tasks.touched import touch

# A sweep may take this share of the shop's time.
_SHARE: Final = 10
# The clocks of shop and connector, and a save that takes a while.
_OVERLAP: Final = timedelta(minutes=5)
_PRODUCTS_A_PAGE: Final = 1_000
# Prices of a shop that computes them itself: asking for 50,000 keeps it busy for minutes (section 3.3).
_ASK_AGAIN: Final = timedelta(hours=1)
# What of a product and a combination prices and stock follow from; all else waits for the next mirror.
_PRODUCT_FIELDS: Final = (
    "price",
    "ecotax",
    "id_tax_rules_group",
    "active",
    "available_for_order",
    "show_price",
    "state",
    "customizable",
)
_COMBINATION_FIELDS: Final = ("price", "ecotax", "minimal_quantity")


def due(connection_id: int, sweep: str, now: datetime) -> bool:
    """Whether a sweep may be made again."""
    with database().read() as session:
        mark = session.get(Watermark, (connection_id, f"sweep:{sweep}"))
    if mark is None:
        return True
    last = json.loads(mark.value)
    return now >= datetime.fromisoformat(last["began"]) + timedelta(seconds=_SHARE * float(last["seconds"]))


@contextmanager
def timed_sweep(connection_id: int, sweep: str, now: datetime, *, at_least: timedelta = timedelta()) -> Iterator[None]:
    """Remember when a sweep that came to its end began, and how long it took.

    Args:
        connection_id: whose.
        sweep: its name.
        now: when it begins.
        at_least: it is not due again before.
    """
    began = time.monotonic()
    yield
    seconds = max(time.monotonic() - began, at_least.total_seconds() / _SHARE)
    set_watermark_now(connection_id, f"sweep:{sweep}", json.dumps({"began": now.isoformat(), "seconds": seconds}))


def forget_sweeps(session: Session, connection_id: int) -> None:
    """Make every sweep due now."""
    session.connection().execute(
        delete(Watermark).where(
            col(Watermark.connection_id) == connection_id, col(Watermark.name).startswith("sweep:", autoescape=True)
        )
    )


def set_watermark_now(connection_id: int, name: str, value: str) -> None:
    """Store a watermark in a transaction of its own."""
    with database().write() as session:
        set_watermark(session, connection_id, name, value)


def set_watermark(session: Session, connection_id: int, name: str, value: str) -> None:
    """Store a watermark together with the data it stands for."""
    row = {"connection_id": connection_id, "name": name, "value": value, "updated_at": utc_now()}
    upsert(session, Watermark, [row])


@task(name="forget what is gone", cache_policy=NO_CACHE, **on_retryable)
def forget_gone(connection_id: int, ids: CatalogueIds) -> BatchReport:
    """Products and combinations that PrestaShop no longer has in this shop: forgotten, and their listings touched.

    Raises:
        Unavailable: the id lists leave out what is there.
    """
    report = BatchReport()
    with database().read() as session:
        products = set(session.exec(select(Product.id_product).where(Product.connection_id == connection_id)))
        combinations = set(
            session.exec(
                select(Variant.id_product_attribute).where(
                    Variant.connection_id == connection_id, col(Variant.id_product_attribute) > 0
                )
            )
        )
    gone = sorted(products.difference(ids.products))
    shops = open_shops(connection_id)
    confirm_gone(shops, "products", gone)
    gone_combinations = sorted(combinations.difference(ids.combinations))
    confirm_gone(shops, "combinations", gone_combinations)
    if gone:
        forget_products(connection_id, gone)
        report.count("products gone", len(gone))
    if gone_combinations:
        report = BatchReport.total([report, settle_variants.fn(connection_id, ids)])
    return report


@task(name="sweep prices", cache_policy=NO_CACHE, **on_retryable)
def sweep_prices(connection_id: int) -> BatchReport:
    """What prices follow from, of every product and combination; those that differ are mirrored whole."""
    with timed_sweep(connection_id, "prices", utc_now()):
        shops = open_shops(connection_id)
        return BatchReport.total([_sweep_products(shops), _sweep_combinations(shops)])


def _sweep_products(shops: Shops) -> BatchReport:
    report = BatchReport()
    known = _known_products(shops.id)
    changed: list[int] = []
    for page in shops.prestashop.pages(
        "products", display=("id", *_PRODUCT_FIELDS), ids=sorted(known), size=_PRODUCTS_A_PAGE
    ):
        changed += [row["id"] for row in page if known.get(row["id"]) != _mark(row[name] for name in _PRODUCT_FIELDS)]
        report.count("products swept", len(page))
    return BatchReport.total([report, _mirror_again(shops.id, changed)])


def _sweep_combinations(shops: Shops) -> BatchReport:
    report = BatchReport()
    with database().read() as session:
        known = {
            attribute: _mark(values)
            for attribute, *values in session.connection().execute(
                sql_select(
                    col(Variant.id_product_attribute),
                    col(Variant.price),
                    col(Variant.ecotax),
                    col(Variant.minimal_quantity),
                ).where(col(Variant.connection_id) == shops.id, col(Variant.id_product_attribute) > 0)
            )
        }
    changed: list[int] = []
    for page in shops.prestashop.pages(
        "combinations", display=("id", "id_product", *_COMBINATION_FIELDS), ids=sorted(known), size=_PRODUCTS_A_PAGE
    ):
        changed += [
            row["id"] for row in page if known.get(row["id"]) != _mark(row[name] for name in _COMBINATION_FIELDS)
        ]
        report.count("combinations swept", len(page))
    if changed:
        report = BatchReport.total([report, mirror_combinations.fn(shops.id, changed)])
    return report


def _mark(values: Iterable[Any]) -> int:
    """What is remembered of a row while it is awaited: a number, because 100,000 rows of decimals take 60 MB.

    Decimals that are equal have one hash, whatever their zeros.
    """
    return hash(tuple(values))


def _known_products(connection_id: int) -> dict[int, int]:
    columns = [getattr(Product, name) for name in _PRODUCT_FIELDS]
    with database().read() as session:
        rows = session.connection().execute(
            sql_select(col(Product.id_product), *columns).where(col(Product.connection_id) == connection_id)
        )
        return {id_product: _mark(values) for id_product, *values in rows}


def _mirror_again(connection_id: int, products: Sequence[int]) -> BatchReport:
    """Mirror some products whole; the variant that is a simple product itself follows its product."""
    if not products:
        return BatchReport()
    reports = [mirror_products.fn(connection_id, sorted(products))]
    with database().read() as session:
        stored = session.exec(
            select(Variant.id_product_attribute).where(
                Variant.connection_id == connection_id, col(Variant.id_product_attribute) > 0
            )
        ).all()
    reports.append(
        settle_variants.fn(
            connection_id, CatalogueIds(products=list(products), combinations=list(stored), partial=True)
        )
    )
    return BatchReport.total(reports)


@task(name="read saved products", cache_policy=NO_CACHE, **on_retryable)
def read_saved_products(connection_id: int) -> BatchReport:
    """Products saved since the newest save that is known: one request without display, then only what is new."""
    shops = open_shops(connection_id)
    with database().read() as session:
        newest = session.exec(select(func.max(Product.date_upd)).where(Product.connection_id == connection_id)).one()
        if newest is None:
            return BatchReport()
        known = set(session.exec(select(Product.id_product).where(Product.connection_id == connection_id)))
    saved = shops.prestashop.ids("products", Filters(date_upd=greater(newest - _OVERLAP)))
    return _mirror_again(connection_id, [id_product for id_product in saved if id_product in known])


@task(name="see what became due", cache_policy=NO_CACHE)
def touch_what_became_due(run: Run) -> BatchReport:
    """Special prices that began or ended since the last run, and settings that all prices or quantities follow from.

    Prices that PrestaShop has to be asked for may move without any trace, so they are asked for again after a while.
    The watermark moves in the transaction that touches the products. It also says when the next special price begins
    or ends, for people.
    """
    shops = open_shops(run.connection_id)
    now = utc_now()
    inputs = inputs_of(shops, run.plan, now)
    fingerprint = offers_fingerprint(shops, inputs)
    report = BatchReport()
    with database().write() as session:
        mark = session.get(Watermark, (run.connection_id, "offers"))
        last = json.loads(mark.value) if mark is not None else {}
        boundaries = session.exec(
            select(SpecificPrice).where(
                SpecificPrice.connection_id == run.connection_id,
                col(SpecificPrice.starts_at).is_not(None) | col(SpecificPrice.ends_at).is_not(None),
            )
        ).all()
        asked = last.get("asked", "")
        if last.get("inputs") != fingerprint:
            touch(session, run.connection_id, [0], "settings changed", now)
            report.count("settings changed")
            asked = now.isoformat()
        elif shops.settings.products.price_source == "shop" and _long_ago(asked, now):
            touch(session, run.connection_id, [0], "prices asked again", now)
            asked = now.isoformat()
        elif "until" in last:
            since = datetime.fromisoformat(last["until"])
            passed = [
                row
                for row in boundaries
                if (boundary := next_price_boundary([row], since)) is not None and boundary <= now
            ]
            touch(session, run.connection_id, [row.id_product for row in passed], "special price due", now)
            report.count("special prices began or ended", len(passed))
        ahead = next_price_boundary(boundaries, now)
        value = {
            "inputs": fingerprint,
            "until": now.isoformat(),
            "next": ahead.isoformat() if ahead else "",
            "asked": asked,
        }
        set_watermark(session, run.connection_id, "offers", json.dumps(value))
    return report


def _long_ago(asked: str, now: datetime) -> bool:
    return not asked or now - datetime.fromisoformat(asked) >= _ASK_AGAIN


def offers_fingerprint(shops: Shops, inputs: Inputs) -> str:
    """A hash over what the prices and quantities of all products follow from, the time left out."""
    context = inputs.price
    taxes = context.taxes
    products = shops.settings.products
    return digest(
        [
            shops.market.region,
            products.model_dump(
                mode="json",
                include={
                    "inventory_threshold",
                    "markup",
                    "customer_group",
                    "currency",
                    "shop_id",
                    "sync_price",
                    "sync_stock",
                    "tax_country",
                    "backorder_quantity",
                    "price_source",
                },
            ),
            [context.id_country, context.id_group, str(context.group_reduction), context.priorities],
            [context.round_mode, context.specific_prices_active, context.tax_enabled, context.with_tax],
            [context.ecotax_active, str(context.ecotax_tax_rate)],
            [[one.id, one.iso_code, str(one.rate)] for one in (context.currency, context.default_currency)],
            sorted([group, [repr(rule) for rule in rules]] for group, rules in taxes.rules.items()),
            sorted([key, str(rate)] for key, rate in taxes.rates.items()),
            sorted(taxes.active_groups),
            repr(inputs.stock),
            inputs.warehouse_id,
            sorted([key, value] for key, value in inputs.mapping_hashes.items()),
            # A category that moved may take its products to another template, and so to another markup.
            sorted([key, sorted(line)] for key, line in inputs.ancestors.items()),
        ]
    )
