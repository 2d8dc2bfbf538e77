"""The small tables around catalogue and orders: names, taxes, currencies, carriers, settings, and special prices."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import delete
from sqlmodel import col, select

from clients.errors import ConfigurationFault
from clients.prestashop.filters import Filters, equals
from models.catalogue import ShopRecord, SpecificPrice
from models.database import database, in_parts, upsert
from tasks.mirror import believe_empty
from tasks.mirror_rows import Row, shop_record_row, specific_price_row
from tasks.report import BatchReport
from tasks.retrying import on_retryable
from tasks.shops import open_shops, utc_now
from tasks.touched import touch

_IN_FLIGHT: Final = 2

# Small tables kept whole, and the fields asked for. Slim, because categories in full list all their products.
_SMALL_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "categories": ("id", "id_parent", "name"),
    "manufacturers": ("id", "name"),
    "suppliers": ("id", "name"),
    "product_options": ("id", "name", "public_name", "position"),
    "product_option_values": ("id", "id_attribute_group", "name", "position"),
    "product_features": ("id", "name"),
    "product_feature_values": ("id", "id_feature", "value"),
    "languages": ("id", "iso_code", "locale", "active"),
    "currencies": ("id", "iso_code", "conversion_rate", "precision", "active", "deleted"),
    "countries": (
        "id",
        "iso_code",
        "active",
        "contains_states",
        "need_zip_code",
        "need_identification_number",
        "zip_code_format",
        "call_prefix",
    ),
    "groups": ("id", "reduction"),
    "taxes": ("id", "rate"),
    "tax_rules": (
        "id",
        "id_tax_rules_group",
        "id_country",
        "id_state",
        "zipcode_from",
        "zipcode_to",
        "id_tax",
        "behavior",
    ),
    "tax_rule_groups": ("id", "active", "deleted"),
    "states": ("id", "id_country", "iso_code", "name", "active"),
    "carriers": ("id", "id_reference", "name", "active", "deleted", "is_free", "is_module"),
    "order_states": ("id", "name", "deleted", "logable", "shipped", "delivery", "paid", "invoice", "send_email"),
}
_ORDERS_ONLY: Final = ("states", "carriers", "order_states")
_CATALOGUE_TABLES: Final = tuple(name for name in _SMALL_TABLES if name not in _ORDERS_ONLY)
# Those that orders are made with.
ORDER_TABLES: Final = (
    *_ORDERS_ONLY,
    "languages",
    "currencies",
    "countries",
    "groups",
    "taxes",
    "tax_rules",
    "tax_rule_groups",
)
# Those that prices follow from.
PRICE_TABLES: Final = ("currencies", "countries", "groups", "taxes", "tax_rules", "tax_rule_groups")
_SETTINGS: Final = (
    "PS_CURRENCY_DEFAULT",
    "PS_LANG_DEFAULT",
    "PS_COUNTRY_DEFAULT",
    "PS_TAX",
    "PS_PRICE_ROUND_MODE",
    "PS_USE_ECOTAX",
    "PS_ECOTAX_TAX_RULES_GROUP_ID",
    "PS_SPECIFIC_PRICE_PRIORITIES",
    "PS_SPECIFIC_PRICE_FEATURE_ACTIVE",
    "PS_STOCK_MANAGEMENT",
    "PS_ORDER_OUT_OF_STOCK",
    "PS_PACK_STOCK_TYPE",
    "PS_CUSTOMER_GROUP",
    "PS_WEIGHT_UNIT",
    "PS_DIMENSION_UNIT",
    "PS_ROOT_CATEGORY",
    "PS_HOME_CATEGORY",
    "PS_ROUND_TYPE",
    "PS_GUEST_GROUP",
    "PS_GUEST_CHECKOUT_ENABLED",
    "PS_CARRIER_DEFAULT",
    "PS_TAX_ADDRESS_TYPE",
    "PS_OS_WS_PAYMENT",
    "PS_OS_PAYMENT",
    "PS_OS_PREPARATION",
    "PS_OS_SHIPPING",
    "PS_OS_DELIVERED",
    "PS_OS_CANCELED",
    "PS_OS_REFUND",
    "PS_OS_ERROR",
    "PS_OS_OUTOFSTOCK_PAID",
)
# The row of ShopRecord that holds the shop's settings by name.
SETTINGS_RESOURCE: Final = "configurations"


@task(name="mirror small tables", cache_policy=NO_CACHE, **on_retryable)
def mirror_small_tables(connection_id: int, tables: Collection[str] = _CATALOGUE_TABLES) -> BatchReport:
    """Names, taxes, currencies, groups and settings: one request each, kept whole.

    Args:
        connection_id: whose.
        tables: which of them; the settings are always read.
    """
    shops = open_shops(connection_id)
    report = BatchReport()
    wanted = {name: _SMALL_TABLES[name] for name in tables}
    rows: list[Row] = []
    with ThreadPoolExecutor(_IN_FLIGHT) as pool:
        answers = pool.map(lambda table: shops.prestashop.rows(table[0], display=table[1]), wanted.items())
        values = shops.prestashop.settings(_SETTINGS)
        for resource, records in zip(wanted, answers, strict=True):
            rows += [shop_record_row(connection_id, resource, record) for record in records]
    if not values:
        raise ConfigurationFault(
            "the list of settings is empty",
            shop="prestashop",
            code="empty-list",
            cause="PrestaShop shows none of its settings.",
            fix="Give the webservice key the right to configurations, or look into PrestaShop's log.",
        )
    for resource in set(wanted).difference(row["resource"] for row in rows):
        with database().read() as session:
            before = session.exec(
                select(ShopRecord.id)
                .where(ShopRecord.connection_id == connection_id, ShopRecord.resource == resource)
                .limit(3)
            ).all()
        believe_empty(shops, resource, before)
    rows.append(shop_record_row(connection_id, SETTINGS_RESOURCE, {"id": 0, **values}))
    with database().write() as session:
        known = {
            (resource, record_id): stored
            for resource, record_id, stored in session.exec(
                select(ShopRecord.resource, ShopRecord.id, ShopRecord.hash).where(
                    ShopRecord.connection_id == connection_id,
                    col(ShopRecord.resource).in_([*wanted, SETTINGS_RESOURCE]),
                )
            )
        }
        changed = [row for row in rows if known.get((row["resource"], row["id"])) != row["hash"]]
        upsert(session, ShopRecord, changed)
        gone = known.keys() - {(row["resource"], row["id"]) for row in rows}
        for resource, record_id in gone:
            session.connection().execute(
                delete(ShopRecord).where(
                    col(ShopRecord.connection_id) == connection_id,
                    col(ShopRecord.resource) == resource,
                    col(ShopRecord.id) == record_id,
                )
            )
    report.count("small rows", len(rows))
    report.count("small rows changed", len(changed) + len(gone))
    return report


@task(name="mirror special prices", cache_policy=NO_CACHE, **on_retryable)
def mirror_specific_prices(connection_id: int) -> BatchReport:
    """Catalogue special prices: rows of single carts and single customers are of no use on a marketplace."""
    shops = open_shops(connection_id)
    report = BatchReport()
    records = shops.prestashop.rows(
        "specific_prices",
        display="full",
        filters=Filters(id_cart=equals(0), id_customer=equals(0)),
    )
    rows = [specific_price_row(connection_id, record) for record in records]
    if not rows:
        with database().read() as session:
            before = session.exec(
                select(SpecificPrice.id).where(SpecificPrice.connection_id == connection_id).limit(3)
            ).all()
        believe_empty(
            shops, "specific_prices", before, lambda record: not record["id_cart"] and not record["id_customer"]
        )
    with database().write() as session:
        known = dict(
            session.exec(
                select(SpecificPrice.id, SpecificPrice.hash).where(SpecificPrice.connection_id == connection_id)
            ).all()
        )
        changed = [row for row in rows if known.get(row["id"]) != row["hash"]]
        gone = sorted(known.keys() - {row["id"] for row in rows})
        # Before they are overwritten: a special price that moved to another product concerns both.
        concerned = [
            id_product
            for part in in_parts([*gone, *(row["id"] for row in changed)])
            for id_product in session.exec(
                select(SpecificPrice.id_product).where(
                    SpecificPrice.connection_id == connection_id, col(SpecificPrice.id).in_(part)
                )
            )
        ]
        touch(session, connection_id, [*concerned, *(row["id_product"] for row in changed)], "special price", utc_now())
        upsert(session, SpecificPrice, changed)
        for part in in_parts(gone):
            session.connection().execute(
                delete(SpecificPrice).where(
                    col(SpecificPrice.connection_id) == connection_id, col(SpecificPrice.id).in_(part)
                )
            )
    report.count("special prices", len(rows))
    report.count("special prices changed", len(changed) + len(gone))
    return report
