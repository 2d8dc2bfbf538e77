"""Reading what TikTok Shop offers: categories, attributes and rules, brands, warehouses, carriers (F6, A4, E1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import delete
from sqlmodel import Session, SQLModel, col, select

from clients.errors import Rejected, ShopError
from clients.tiktok.client import CategoryVersion
from models.connections import Connection
from models.database import database, upsert
from models.taxonomy import (
    Brand,
    Category,
    CategoryAttribute,
    DeliveryOption,
    ShippingProvider,
    TaxonomyRefresh,
    Warehouse,
)
from models.templates import CategoryTemplate
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.shops import Shops, open_shops, utc_now

# "This shop must use the other tree": which markets do is contradictory in the documentation (fact 11.1), so ask.
_OTHER_TREE = {"12052217", "12052230"}


@task(name="read the category tree", cache_policy=NO_CACHE, **on_retryable)
def refresh_categories(connection_id: int) -> BatchReport:
    """Replace the stored tree by the market's present one, keeping the details of categories that are still there."""
    shops = open_shops(connection_id)
    version, tree = _tree(shops)
    paths = _paths(tree)
    rows = [
        {
            "connection_id": connection_id,
            "id": category["id"],
            "parent_id": category.get("parent_id", "0"),
            "name": category.get("local_name", ""),
            "path": paths[category["id"]],
            "is_leaf": bool(category.get("is_leaf")),
            "permission_statuses": category.get("permission_statuses") or [],
            "rules": {},
        }
        for category in tree
    ]
    with database().write() as session:
        upsert(session, Category, rows, only=("parent_id", "name", "path", "is_leaf", "permission_statuses"))
        gone = _forget_others(session, Category, connection_id, {row["id"] for row in rows})
        session.get_one(Connection, connection_id).category_version = version
    report = BatchReport()
    report.count("categories", len(rows))
    report.count("categories gone", gone)
    return report


def _tree(shops: Shops) -> tuple[CategoryVersion, list[dict[str, Any]]]:
    preferred = _version(shops.connection.category_version)
    try:
        return preferred, shops.tiktok.categories(preferred, shops.market.locale)
    except Rejected as error:
        if error.code not in _OTHER_TREE:
            raise
        other: CategoryVersion = "v1" if preferred == "v2" else "v2"
        return other, shops.tiktok.categories(other, shops.market.locale)


def _version(stored: str) -> CategoryVersion:
    return "v2" if stored == "v2" else "v1"


def _paths(tree: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Names from the root, joined by ' > ', by category id."""
    by_id = {category["id"]: category for category in tree}
    paths: dict[str, str] = {}
    for category_id in by_id:
        names: list[str] = []
        at: str = category_id
        # A parent that is not in the answer, or a ring, ends the path instead of the run.
        while at in by_id and len(names) < 16:
            names.append(str(by_id[at].get("local_name", "")))
            at = str(by_id[at].get("parent_id", "0"))
        paths[category_id] = " > ".join(reversed(names))
    return paths


@task(name="read category details", cache_policy=NO_CACHE, **on_retryable)
def refresh_category_details(connection_id: int, category_ids: Sequence[str]) -> BatchReport:
    """Rules and attributes of the given categories (F7, F8, F9)."""
    shops = open_shops(connection_id)
    report = BatchReport()
    for category_id in category_ids:
        try:
            _read_details(shops, category_id)
        except Rejected as error:
            report.failed(Failure.of(f"category {category_id}", error))
        else:
            report.count("category details")
    return report


def _read_details(shops: Shops, category_id: str) -> None:
    version, locale = _version(shops.connection.category_version), shops.market.locale
    rules = shops.tiktok.category_rules(category_id, version, locale)
    attributes = shops.tiktok.category_attributes(category_id, version, locale)
    rows = [
        {
            "connection_id": shops.id,
            "category_id": category_id,
            "id": attribute["id"],
            "name": attribute.get("name", ""),
            "type": attribute.get("type", "PRODUCT_PROPERTY"),
            "is_required": bool(attribute.get("is_required")),
            "is_multiple_selection": bool(attribute.get("is_multiple_selection")),
            "is_customizable": bool(attribute.get("is_customizable")),
            "value_data_format": attribute.get("value_data_format") or "",
            "values": [{"id": value["id"], "name": value.get("name", "")} for value in attribute.get("values") or []],
            "requirement_conditions": attribute.get("requirement_conditions") or [],
            "position": position,
        }
        for position, attribute in enumerate(attributes)
    ]
    with database().write() as session:
        category = session.get(Category, (shops.id, category_id))
        if category is None:
            return
        category.rules = rules
        category.details_at = utc_now()
        session.connection().execute(
            delete(CategoryAttribute).where(
                col(CategoryAttribute.connection_id) == shops.id, col(CategoryAttribute.category_id) == category_id
            )
        )
        upsert(session, CategoryAttribute, rows)


def template_categories(connection_id: int, *, missing_only: bool) -> list[str]:
    """Categories that templates of the connection list into; only those whose details were never read if asked."""
    with database().read() as session:
        query = (
            select(Category.id)
            .join(
                CategoryTemplate,
                (col(CategoryTemplate.connection_id) == col(Category.connection_id))
                & (col(CategoryTemplate.category_id) == col(Category.id)),
            )
            .where(Category.connection_id == connection_id)
            .distinct()
        )
        if missing_only:
            query = query.where(col(Category.details_at).is_(None))
        return sorted(session.exec(query))


@task(name="read the brand list", cache_policy=NO_CACHE, **on_retryable)
def refresh_brands(connection_id: int) -> BatchReport:
    """The whole brand list, by pages."""
    shops = open_shops(connection_id)
    seen: set[str] = set()
    batch: list[dict[str, Any]] = []
    for brand in shops.tiktok.brands():
        seen.add(brand["id"])
        batch.append(
            {
                "connection_id": connection_id,
                "id": brand["id"],
                "name": brand.get("name", ""),
                "is_authorized": brand.get("authorized_status") == "AUTHORIZED",
                "is_t1": bool(brand.get("is_t1_brand")),
            }
        )
        if len(batch) >= 1000:
            _store(Brand, batch)
            batch = []
    _store(Brand, batch)
    with database().write() as session:
        gone = _forget_others(session, Brand, connection_id, seen)
    report = BatchReport()
    report.count("brands", len(seen))
    report.count("brands gone", gone)
    return report


def _store(table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    with database().write() as session:
        upsert(session, table, rows)


@task(name="read warehouses and carriers", cache_policy=NO_CACHE, **on_retryable)
def refresh_logistics(connection_id: int) -> BatchReport:
    """Warehouses, their delivery options, and the carriers of those the seller ships (A4, C11)."""
    shops = open_shops(connection_id)
    report = BatchReport()
    warehouses = [
        {
            "connection_id": connection_id,
            "id": warehouse["id"],
            "name": warehouse.get("name", ""),
            "type": warehouse.get("type", ""),
            "effect_status": warehouse.get("effect_status", ""),
            "is_default": bool(warehouse.get("is_default")),
        }
        for warehouse in shops.tiktok.warehouses()
    ]
    options: list[dict[str, Any]] = []
    providers: dict[tuple[str, str], dict[str, Any]] = {}
    for warehouse in warehouses:
        if warehouse["type"] != "SALES_WAREHOUSE":
            continue
        for option in shops.tiktok.delivery_options(warehouse["id"]):
            options.append(
                {
                    "connection_id": connection_id,
                    "warehouse_id": warehouse["id"],
                    "id": option["id"],
                    "name": option.get("name", ""),
                    "type": option.get("type", ""),
                }
            )
            try:
                carriers = shops.tiktok.shipping_providers(option["id"])
            except Rejected as error:
                # Options that TikTok ships have no list of carriers (3.8).
                report.count("delivery options without carriers")
                report.failures.extend(
                    []
                    if option.get("type") != "SEND_BY_SELLER"
                    else [Failure.of(f"delivery option {option['id']}", error)]
                )
                continue
            for carrier in carriers:
                providers[option["id"], carrier["id"]] = {
                    "connection_id": connection_id,
                    "delivery_option_id": option["id"],
                    "id": carrier["id"],
                    "name": carrier.get("name", ""),
                }
    with database().write() as session:
        for table in (Warehouse, DeliveryOption, ShippingProvider):
            session.connection().execute(delete(table).where(table.connection_id == connection_id))  # type: ignore[arg-type]
        upsert(session, Warehouse, warehouses)
        upsert(session, DeliveryOption, options)
        upsert(session, ShippingProvider, list(providers.values()))
    report.count("warehouses", len(warehouses))
    report.count("carriers", len(providers))
    return report


@task(name="check what the shop needs for listing", cache_policy=NO_CACHE, **on_retryable)
def check_prerequisites(connection_id: int) -> BatchReport:
    """What TikTok Shop still wants from the seller before it takes listings (3.9), as failures with a fix."""
    shops = open_shops(connection_id)
    report = BatchReport()
    try:
        checks = shops.tiktok.prerequisites()
    except ShopError as error:
        report.failed(Failure.of("prerequisites", error))
        return report
    for check in checks:
        if not check.get("is_failed"):
            report.count("prerequisites met")
            continue
        reasons = "; ".join(str(reason) for reason in check.get("fail_reasons") or []) or "no reason given"
        report.failed(
            Failure(
                object=str(check.get("check_item", "")),
                code="prerequisite",
                cause=f"TikTok Shop does not take listings yet: {reasons}",
                fix="Finish this step in Seller Center, then run taxonomy_refresh again.",
            )
        )
    return report


@task(name="note the refresh", cache_policy=NO_CACHE)
def note_refresh(connection_id: int, counts: Mapping[str, int]) -> None:
    """Remember when the taxonomy was read whole."""
    with database().write() as session:
        upsert(
            session,
            TaxonomyRefresh,
            [
                {
                    "connection_id": connection_id,
                    "finished_at": utc_now(),
                    "categories": counts.get("categories", 0),
                    "brands": counts.get("brands", 0),
                }
            ],
        )


def _forget_others(session: Session, table: type[Category | Brand], connection_id: int, present: set[str]) -> int:
    """Delete the rows of a connection that were not in the answer; never all of them."""
    if not present:
        return 0
    stored = set(session.exec(select(table.id).where(table.connection_id == connection_id)))
    gone = sorted(stored - present)
    for start in range(0, len(gone), 500):
        session.connection().execute(
            delete(table).where(col(table.connection_id) == connection_id, col(table.id).in_(gone[start : start + 500]))
        )
    return len(gone)
