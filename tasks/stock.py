"""Stock of products and variants: read in pages of ids, compared with what is known, written where it moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import bindparam, update
from sqlmodel import col, select

from clients.errors import ConfigurationFault
from clients.prestashop.filters import Filters, any_of, less
from models.catalogue import Product, Variant
from models.database import database, in_parts
from models.listings import ListingSku
from tasks.mirror_rows import STOCK_FIELDS, Row
from tasks.report import BatchReport
from tasks.retrying import on_retryable
from tasks.shops import Shops, open_shops, utc_now
from tasks.sweeps import timed_sweep
from tasks.touched import touch, with_packs

STOCK_ROWS_A_PAGE: Final = 2_300


@task(name="mirror stock", cache_policy=NO_CACHE, **on_retryable)
def mirror_stock(connection_id: int, ids: Sequence[int]) -> BatchReport:
    """Quantities of products and variants; only those that moved are written."""
    shops = open_shops(connection_id)
    shared = _groups_that_share_stock(shops)
    report = BatchReport()
    for page in shops.prestashop.pages("stock_availables", display=STOCK_FIELDS, ids=ids, size=STOCK_ROWS_A_PAGE):
        rows = [row for row in page if _in_scope(row, shared)]
        report.count("stock rows", len(rows))
        report.count("stock moved", _store_stock(connection_id, rows))
    return report


def _groups_that_share_stock(shops: Shops) -> frozenset[int]:
    return frozenset(
        group["id"]
        for group in shops.prestashop.rows("shop_groups", display=("id", "share_stock"))
        if group["share_stock"]
    )


def _in_scope(row: Mapping[str, Any], shared: frozenset[int]) -> bool:
    """A shop's own row, or the row of a group that shares its stock; leftovers of another mode count for nothing."""
    if row["id_shop"]:
        return not shared
    return row["id_shop_group"] in shared


def _store_stock(connection_id: int, rows: Sequence[Mapping[str, Any]]) -> int:
    if not rows:
        return 0
    products = [row["id_product"] for row in rows]
    lowest, highest = min(products), max(products)
    with database().write() as session:
        before_products = {
            id_product: (quantity, flag)
            for id_product, quantity, flag in session.exec(
                select(Product.id_product, Product.quantity, Product.out_of_stock).where(
                    col(Product.connection_id) == connection_id, col(Product.id_product).between(lowest, highest)
                )
            )
        }
        before_variants = {
            (id_product, attribute): quantity
            for id_product, attribute, quantity in session.exec(
                select(Variant.id_product, Variant.id_product_attribute, Variant.quantity).where(
                    col(Variant.connection_id) == connection_id, col(Variant.id_product).between(lowest, highest)
                )
            )
        }
        moved_products: list[Row] = []
        moved_variants: list[Row] = []
        for row in rows:
            id_product, attribute, quantity = row["id_product"], row["id_product_attribute"], row["quantity"]
            if attribute == 0:
                now = (quantity, row["out_of_stock"])
                if before_products.get(id_product, now) != now:
                    moved_products.append({"product": id_product, "quantity": quantity, "flag": row["out_of_stock"]})
            if before_variants.get((id_product, attribute), quantity) != quantity:
                moved_variants.append({"product": id_product, "attribute": attribute, "quantity": quantity})
        moved = {row["product"] for row in (*moved_products, *moved_variants)}
        if moved:
            touch(session, connection_id, with_packs(session, connection_id, moved), "stock moved", utc_now())
        if moved_products:
            session.connection().execute(
                update(Product)
                .where(col(Product.connection_id) == connection_id, col(Product.id_product) == bindparam("product"))
                .values(quantity=bindparam("quantity"), out_of_stock=bindparam("flag")),
                moved_products,
            )
        if moved_variants:
            session.connection().execute(
                update(Variant)
                .where(
                    col(Variant.connection_id) == connection_id,
                    col(Variant.id_product) == bindparam("product"),
                    col(Variant.id_product_attribute) == bindparam("attribute"),
                )
                .values(quantity=bindparam("quantity")),
                moved_variants,
            )
    return len(moved_products) + len(moved_variants)


def read_stock_of(shops: Shops, products: Iterable[int]) -> BatchReport:
    """Stock rows of the listed among these products: an order moved them (5.2, touched tier)."""
    with database().read() as session:
        listed = {
            id_product
            for part in in_parts(sorted(set(products)))
            for id_product in session.exec(
                select(ListingSku.id_product)
                .where(ListingSku.connection_id == shops.id, col(ListingSku.id_product).in_(part))
                .distinct()
            )
            if id_product is not None
        }
    report = BatchReport()
    if not listed:
        return report
    shared = _groups_that_share_stock(shops)
    found = shops.prestashop.rows(
        "stock_availables", display=STOCK_FIELDS, filters=Filters(id_product=any_of(sorted(listed)))
    )
    rows = [row for row in found if _in_scope(row, shared)]
    for part in in_parts(rows):
        report.count("stock moved", _store_stock(shops.id, part))
    return report


# Larger than a mirror's: a sweep writes next to nothing, and a request costs the shop 10 ms whatever it asks for.
SWEEP_ROWS_A_PAGE: Final = 5_000
# Rows with this or less are where overselling happens; asking for them alone is nearly free (section 5.2).
LOW_STOCK: Final = 5
# So many rows cannot have vanished since the last look: the shop's answer is incomplete.
_MOST_VANISHED: Final = 0.2


@task(name="sweep stock", cache_policy=NO_CACHE, **on_retryable)
def sweep_stock(connection_id: int, ids: Sequence[int]) -> BatchReport:
    """Every stock row of the shop against what is known; only what moved is written.

    Args:
        connection_id: whose.
        ids: of all stock rows there are.

    Raises:
        ConfigurationFault: a fifth of the known variants, or all of a few, have no stock row any more.
    """
    with timed_sweep(connection_id, "stock", utc_now()):
        return _swept(open_shops(connection_id), ids)


def _swept(shops: Shops, ids: Sequence[int]) -> BatchReport:
    connection_id = shops.id
    shared = _groups_that_share_stock(shops)
    known = KnownStock(connection_id)
    report = BatchReport()
    for page in shops.prestashop.pages("stock_availables", display=STOCK_FIELDS, ids=ids, size=SWEEP_ROWS_A_PAGE):
        moved = [row for row in page if _in_scope(row, shared) and known.differs(row)]
        report.count("stock rows", len(page))
        report.count("stock moved", _store_stock(connection_id, moved))
    vanished = known.without_a_row()
    few = len(vanished) <= max(50, _MOST_VANISHED * known.variants) and len(vanished) < known.variants
    if vanished and not few:
        raise ConfigurationFault(
            f"{len(vanished)} of {known.variants} stock rows are missing",
            shop="prestashop",
            code="stock-incomplete",
            cause=f"PrestaShop lists no stock for {len(vanished)} of {known.variants} known variants.",
            fix="Check the shop (B9) and the stock sharing of its group; nothing was changed on TikTok Shop.",
        )
    return BatchReport.total([report, _without_rows(shops, vanished, shared)])


class KnownStock:
    """Quantities as they were last read, by variant and by product, taken out as their rows come by.

    A variant is one number, id_product and id_product_attribute side by side: as pairs they take twice the memory.
    """

    def __init__(self, connection_id: int) -> None:
        with database().read() as session:
            connection = session.connection()
            products = connection.execute(
                select(Product.id_product, Product.quantity, Product.out_of_stock).where(
                    Product.connection_id == connection_id
                )
            )
            self._products = {id_product: quantity * _FLAGS + flag for id_product, quantity, flag in products}
            variants = connection.execute(
                select(Variant.id_product, Variant.id_product_attribute, Variant.quantity).where(
                    Variant.connection_id == connection_id
                )
            )
            self._variants = {
                (id_product << _SHIFT) + attribute: quantity for id_product, attribute, quantity in variants
            }
        self.variants = len(self._variants)

    def differs(self, row: Mapping[str, Any]) -> bool:
        """Whether a row says something new about a known product or variant."""
        id_product, attribute, quantity = row["id_product"], row["id_product_attribute"], row["quantity"]
        moved: bool = self._variants.pop((id_product << _SHIFT) + attribute, quantity) != quantity
        if attribute == 0:
            now = quantity * _FLAGS + row["out_of_stock"]
            return self._products.pop(id_product, now) != now or moved
        return moved

    def without_a_row(self) -> list[tuple[int, int]]:
        """Variants whose row did not come by."""
        return [(key >> _SHIFT, key & ((1 << _SHIFT) - 1)) for key in sorted(self._variants)]


_SHIFT = 32
# out_of_stock is 0, 1 or 2.
_FLAGS = 4


def _without_rows(shops: Shops, vanished: Sequence[tuple[int, int]], shared: frozenset[int]) -> BatchReport:
    """Look once more for rows that did not come by; without one PrestaShop itself counts a variant as sold out."""
    report = BatchReport()
    if not vanished:
        return report
    found = [
        row
        for row in shops.prestashop.rows(
            "stock_availables",
            display=STOCK_FIELDS,
            filters=Filters(id_product=any_of(sorted({id_product for id_product, _ in vanished}))),
        )
        if _in_scope(row, shared)
    ]
    report.count("stock moved", _store_stock(shops.id, found))
    there = {(row["id_product"], row["id_product_attribute"]) for row in found}
    nothing = [
        {"id_product": id_product, "id_product_attribute": attribute, "quantity": 0, "out_of_stock": 2}
        for id_product, attribute in vanished
        if (id_product, attribute) not in there
    ]
    report.count("variants without a stock row", len(nothing))
    report.count("stock moved", _store_stock(shops.id, nothing))
    return report


@task(name="read low stock", cache_policy=NO_CACHE, **on_retryable)
def read_low_stock(connection_id: int) -> BatchReport:
    """The rows where overselling happens, between two sweeps: what is low now, and what was low before."""
    shops = open_shops(connection_id)
    shared = _groups_that_share_stock(shops)
    report = BatchReport()
    seen: set[int] = set()
    for page in shops.prestashop.pages(
        "stock_availables",
        display=STOCK_FIELDS,
        size=SWEEP_ROWS_A_PAGE,
        filters=Filters(quantity=less(LOW_STOCK + 1)),
    ):
        rows = [row for row in page if _in_scope(row, shared)]
        seen.update(row["id_product"] for row in rows)
        report.count("low stock rows", len(rows))
        report.count("stock moved", _store_stock(connection_id, rows))
    with database().read() as session:
        low_before = set(
            session.exec(
                select(Variant.id_product).where(
                    Variant.connection_id == connection_id, col(Variant.quantity) <= LOW_STOCK
                )
            )
        )
    restocked = sorted(low_before - seen)
    if restocked:
        rows = shops.prestashop.rows(
            "stock_availables", display=STOCK_FIELDS, filters=Filters(id_product=any_of(restocked))
        )
        report.count("stock moved", _store_stock(connection_id, [row for row in rows if _in_scope(row, shared)]))
    return report
