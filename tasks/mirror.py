"""Mirroring the PrestaShop catalogue into our tables, by the plan of prestashop-webservice.md 11.1.

Id lists first (no object is built for them), then wide slim pages over ranges of those ids with two requests in
flight. Only rows whose content changed are written. Stock and the small tables have modules of their own.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import bindparam, delete, func, insert, literal, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from clients.errors import ConfigurationFault, Unavailable
from clients.prestashop.filters import Filters, any_of, equals
from clients.prestashop.records import Record
from models.catalogue import Product, Variant
from models.database import database, in_parts, table_of, upsert
from tasks.mirror_rows import (
    PRODUCT_ASSOCIATIONS,
    PRODUCT_FIELDS,
    Row,
    product_row,
    variant_row,
)
from tasks.report import BatchReport
from tasks.retrying import on_retryable
from tasks.shops import Shops, open_shops, utc_now
from tasks.touched import touch

PRODUCTS_A_PAGE: Final = 500
COMBINATIONS_A_PAGE: Final = 600
SUPPLIER_ROWS_A_PAGE: Final = 2_300
# Requests at a time; the client lets no more than this through either.
_IN_FLIGHT: Final = 2
# Objects that seem to be gone are looked for one by one, up to here.
_LOOK_FOR: Final = 20
_LOOK_FOR_EMPTY: Final = 3
# Ids one task run takes care of: long enough to keep Prefect's cost low, short enough to show progress.
IDS_A_TASK: Final = 12_000


@dataclass(frozen=True, slots=True)
class CatalogueIds:
    """What there is to mirror. Empty `products` with `partial` off means an empty shop."""

    products: list[int] = field(default_factory=list)
    combinations: list[int] = field(default_factory=list)
    stock_rows: list[int] = field(default_factory=list)
    partial: bool = False


@task(name="list catalogue ids", cache_policy=NO_CACHE, **on_retryable)
def list_catalogue(connection_id: int, product_ids: Sequence[int] | None = None) -> CatalogueIds:
    """Ids of products, combinations and stock rows; those of some products only when these are given.

    Raises:
        ConfigurationFault: the shop lists nothing at all where there was something before.
    """
    if product_ids is not None and not product_ids:
        return CatalogueIds(partial=True)
    _spare_the_collector()
    shops = open_shops(connection_id)
    of_these = of_stock = Filters()
    if product_ids is not None:
        of_these = Filters(id_product=any_of(product_ids))
        # What a pack can sell follows from the stock of its parts.
        of_stock = Filters(id_product=any_of(sorted({*product_ids, *_parts_of_packs(connection_id, product_ids)})))
    with ThreadPoolExecutor(_IN_FLIGHT) as pool:
        combinations = pool.submit(shops.prestashop.ids, "combinations", of_these)
        stock_rows = pool.submit(shops.prestashop.ids, "stock_availables", of_stock)
        ids = CatalogueIds(
            products=sorted(product_ids) if product_ids is not None else shops.prestashop.ids("products"),
            combinations=combinations.result(),
            stock_rows=stock_rows.result(),
            partial=product_ids is not None,
        )
    if not ids.partial and not (ids.products and ids.stock_rows) and _stored_products(connection_id):
        # Every product has a stock row of its own.
        what = "stock" if ids.products else "product"
        raise ConfigurationFault(
            f"the {what} list is empty",
            shop="prestashop",
            code="empty-catalogue",
            cause=f"PrestaShop lists no {what} at all, although there were some before.",
            fix="Check the shop (B9) that products are read from and the rights of the webservice key.",
        )
    if not ids.partial and not ids.combinations:
        believe_empty(shops, "combinations", _stored_combinations(connection_id))
    return ids


def believe_empty(
    shops: Shops, resource: str, known: Iterable[int], matches: Callable[[Record], bool] = lambda _: True
) -> None:
    """Make sure that an empty list of what was there before is no list that failed (section 1.4).

    Args:
        shops: whose.
        resource: what was listed.
        known: ids of what was there before.
        matches: whether an object would be on the list.

    Raises:
        ConfigurationFault: PrestaShop has one of them after all.
    """
    for record_id in sorted(known)[:_LOOK_FOR_EMPTY]:
        found = shops.prestashop.one(resource, record_id)
        if found is not None and matches(found):
            raise ConfigurationFault(
                f"the list of {resource} is empty, but {record_id} is there",
                shop="prestashop",
                code="empty-list",
                cause=f"PrestaShop lists no {resource.replace('_', ' ')} at all, although there are some.",
                fix="Look into PrestaShop's log for a failing SQL statement; nothing was changed meanwhile.",
            )


def confirm_gone(shops: Shops, resource: str, ids: Sequence[int]) -> None:
    """Look for the first few of those that a list leaves out.

    Raises:
        Unavailable: one of them is there.
    """
    for record_id in ids[:_LOOK_FOR]:
        if shops.prestashop.one(resource, record_id) is not None:
            raise Unavailable(
                f"{resource} {record_id} is missing in the list but exists",
                shop="prestashop",
                code="incomplete-list",
                cause=f"PrestaShop's list of {resource} is incomplete at the moment.",
                fix="Nothing to do: the next run looks again.",
            )


@cache
def _spare_the_collector() -> None:
    """What is loaded by now lives as long as the process: without it the many small collections that pages of rows
    bring about take a sixth less of a mirror's time (benchmark `mirror`)."""
    gc.freeze()


def _parts_of_packs(connection_id: int, product_ids: Sequence[int]) -> set[int]:
    with database().read() as session:
        bundles = [
            bundle
            for part in in_parts(product_ids)
            for bundle in session.exec(
                select(Product.bundle).where(
                    Product.connection_id == connection_id,
                    col(Product.id_product).in_(part),
                    Product.product_type == "pack",
                )
            )
        ]
    return {part[0] for bundle in bundles for part in bundle}


def _stored_products(connection_id: int) -> int:
    with database().read() as session:
        return session.exec(
            select(func.count()).select_from(Product).where(Product.connection_id == connection_id)
        ).one()


def _stored_combinations(connection_id: int) -> list[int]:
    with database().read() as session:
        return list(
            session.exec(
                select(Variant.id_product_attribute)
                .where(Variant.connection_id == connection_id, col(Variant.id_product_attribute) > 0)
                .limit(_LOOK_FOR_EMPTY)
            )
        )


@task(name="mirror products", cache_policy=NO_CACHE, **on_retryable)
def mirror_products(connection_id: int, ids: Sequence[int]) -> BatchReport:
    """Product rows of the given ids: written where new or changed, forgotten where PrestaShop has none any more."""
    shops = open_shops(connection_id)
    now = utc_now()
    report = BatchReport()
    found: set[int] = set()
    for page in shops.prestashop.pages(
        "products", display=(*PRODUCT_FIELDS, *PRODUCT_ASSOCIATIONS), ids=ids, size=PRODUCTS_A_PAGE
    ):
        rows = [product_row(connection_id, record, now) for record in page]
        found.update(row["id_product"] for row in rows)
        with database().write() as session:
            known = (
                dict(
                    session.exec(
                        select(Product.id_product, Product.hash).where(
                            Product.connection_id == connection_id,
                            col(Product.id_product).between(rows[0]["id_product"], rows[-1]["id_product"]),
                        )
                    ).all()
                )
                if rows
                else {}
            )
            changed = [row for row in rows if known.get(row["id_product"]) != row["hash"]]
            _write_products(session, changed)
            touch(session, connection_id, [row["id_product"] for row in changed], "product changed", now)
        report.count("products", len(rows))
        report.count("products changed", len(changed))
    gone = sorted(set(ids) - found)
    if gone:
        confirm_gone(shops, "products", gone)
        forget_products(connection_id, gone)
        report.count("products gone", len(gone))
    return report


def _write_products(session: Session, rows: Sequence[Row]) -> None:
    # A new product starts with what its own sweeps will fill; an old one keeps it.
    filled_elsewhere = {"quantity": 0, "out_of_stock": 2, "bundle": [], "supplier_ids": []}
    upsert(session, Product, [{**row, **filled_elsewhere} for row in rows], only=list(rows[0]) if rows else [])


@task(name="mirror combinations", cache_policy=NO_CACHE, **on_retryable)
def mirror_combinations(connection_id: int, ids: Sequence[int]) -> BatchReport:
    """Variant rows of the given combination ids. In full: slim JSON loses the ids of values and images (trap 5)."""
    shops = open_shops(connection_id)
    now = utc_now()
    report = BatchReport()
    for page in shops.prestashop.pages("combinations", display="full", ids=ids, size=COMBINATIONS_A_PAGE):
        rows = [variant_row(connection_id, record, now) for record in page]
        if not rows:
            continue
        with database().write() as session:
            known = dict(
                session.exec(
                    select(Variant.id_product_attribute, Variant.hash).where(
                        Variant.connection_id == connection_id,
                        col(Variant.id_product_attribute).between(
                            rows[0]["id_product_attribute"], rows[-1]["id_product_attribute"]
                        ),
                    )
                ).all()
            )
            changed = [row for row in rows if known.get(row["id_product_attribute"]) != row["hash"]]
            upsert(
                session, Variant, [{**row, "quantity": 0} for row in changed], only=list(changed[0]) if changed else []
            )
            touch(session, connection_id, [row["id_product"] for row in changed], "combination changed", now)
        report.count("combinations", len(rows))
        report.count("combinations changed", len(changed))
    return report


@task(name="settle variants", cache_policy=NO_CACHE)
def settle_variants(connection_id: int, ids: CatalogueIds) -> BatchReport:
    """Forget what is gone, and give every product without combinations the one variant that is itself."""
    report = BatchReport()
    with database().write() as session:
        of_connection = col(Variant.connection_id) == connection_id
        known_variants = select(Variant.id_product_attribute).where(
            of_connection, col(Variant.id_product_attribute) > 0
        )
        if ids.partial:
            stored = {
                attribute
                for part in in_parts(ids.products)
                for attribute in session.exec(known_variants.where(col(Variant.id_product).in_(part)))
            }
        else:
            stored = set(session.exec(known_variants))
        gone = sorted(stored - set(ids.combinations))
        for part in in_parts(gone):
            of_gone = session.exec(
                select(Variant.id_product).where(of_connection, col(Variant.id_product_attribute).in_(part)).distinct()
            ).all()
            touch(session, connection_id, of_gone, "combination gone", utc_now())
            session.connection().execute(
                delete(Variant).where(of_connection, col(Variant.id_product_attribute).in_(part))
            )
        report.count("combinations gone", len(gone))
        if not ids.partial:
            known = set(session.exec(select(Product.id_product).where(Product.connection_id == connection_id)).all())
            vanished = sorted(known - set(ids.products))
            _delete_products(session, connection_id, vanished)
            report.count("products gone", len(vanished))
        _settle_simple_products(session, connection_id)
    return report


def _settle_simple_products(session: Session, connection_id: int) -> None:
    """One statement each way: simple products get (or refresh) their variant 0, others lose it."""
    variants, products = table_of(Variant), table_of(Product)
    combination = variants.alias()
    has_combinations = (
        sql_select(literal(1))
        .where(
            combination.c.connection_id == connection_id,
            combination.c.id_product == products.c.id_product,
            combination.c.id_product_attribute > 0,
        )
        .exists()
    )
    itself = variants.alias()
    has_itself = (
        sql_select(literal(1))
        .where(
            itself.c.connection_id == connection_id,
            itself.c.id_product == products.c.id_product,
            itself.c.id_product_attribute == 0,
            itself.c.hash == products.c.hash,
        )
        .exists()
    )
    copied = (
        "reference",
        "supplier_reference",
        "ean13",
        "upc",
        "isbn",
        "mpn",
        "minimal_quantity",
        "hash",
        "mirrored_at",
    )
    fixed: dict[str, Any] = {
        "price": 0,
        "ecotax": 0,
        "weight": 0,
        "default_on": True,
        "option_value_ids": [],
        "image_ids": [],
    }
    stale = sql_select(products.c.id_product).where(products.c.connection_id == connection_id)
    session.connection().execute(
        delete(Variant).where(
            col(Variant.connection_id) == connection_id,
            col(Variant.id_product_attribute) == 0,
            col(Variant.id_product).in_(stale.where(has_combinations | ~has_itself)),
        )
    )
    session.connection().execute(
        insert(variants).from_select(
            ["connection_id", "id_product", "id_product_attribute", *copied, *fixed, "quantity"],
            sql_select(
                products.c.connection_id,
                products.c.id_product,
                literal(0),
                *(products.c[name] for name in copied),
                *(literal(value, variants.c[name].type) for name, value in fixed.items()),
                products.c.quantity,
            ).where(products.c.connection_id == connection_id, ~has_combinations, ~has_itself),
        )
    )


@task(name="mirror suppliers and packs", cache_policy=NO_CACHE, **on_retryable)
def mirror_suppliers_and_packs(connection_id: int) -> BatchReport:
    """Which suppliers a product has (F2), and what a pack consists of: in pages over the whole catalogue."""
    shops = open_shops(connection_id)
    with ThreadPoolExecutor(_IN_FLIGHT) as pool:
        bundles = pool.submit(_packs, shops)
        suppliers = _suppliers(shops)
        packs = bundles.result()
    report = BatchReport()
    with database().write() as session:
        changed: list[Row] = []
        for id_product, known_suppliers, known_bundle in session.exec(
            select(Product.id_product, Product.supplier_ids, Product.bundle)
            .where(Product.connection_id == connection_id)
            .execution_options(yield_per=PRODUCTS_A_PAGE)
        ):
            now_suppliers = sorted(suppliers.get(id_product, ()))
            now_bundle = packs.get(id_product, [])
            if (known_suppliers, known_bundle) != (now_suppliers, now_bundle):
                changed.append({"product": id_product, "supplied": now_suppliers, "parts": now_bundle})
        if changed:
            session.connection().execute(
                update(Product)
                .where(col(Product.connection_id) == connection_id, col(Product.id_product) == bindparam("product"))
                .values(supplier_ids=bindparam("supplied"), bundle=bindparam("parts")),
                changed,
            )
            touch(session, connection_id, [row["product"] for row in changed], "pack changed", utc_now())
    report.count("packs", len(packs))
    report.count("suppliers or packs changed", len(changed))
    return report


def _suppliers(shops: Shops) -> dict[int, set[int]]:
    suppliers: dict[int, set[int]] = {}
    fields = ("id", "id_product", "id_supplier")
    for page in shops.prestashop.pages("product_suppliers", display=fields, size=SUPPLIER_ROWS_A_PAGE):
        for record in page:
            suppliers.setdefault(record["id_product"], set()).add(record["id_supplier"])
    return suppliers


def _packs(shops: Shops) -> dict[int, list[list[int]]]:
    pages = shops.prestashop.pages(
        "products", display="full", filters=Filters(cache_is_pack=equals(1)), size=PRODUCTS_A_PAGE
    )
    return {
        record["id"]: sorted(
            [part["id"], part.get("id_product_attribute", 0), part.get("quantity", 1)]
            for part in record["associations"]["product_bundle"]
        )
        for page in pages
        for record in page
    }


def forget_products(connection_id: int, ids: Sequence[int]) -> None:
    with database().write() as session:
        _delete_products(session, connection_id, ids)


def _delete_products(session: Session, connection_id: int, ids: Sequence[int]) -> None:
    touch(session, connection_id, ids, "product gone", utc_now())
    for part in in_parts(ids):
        for table in (Variant, Product):
            session.connection().execute(
                delete(table).where(col(table.connection_id) == connection_id, col(table.id_product).in_(part))
            )


def parts_of(ids: Sequence[int]) -> list[Sequence[int]]:
    """The ids as one piece a task run."""
    return list(in_parts(ids, IDS_A_TASK))
