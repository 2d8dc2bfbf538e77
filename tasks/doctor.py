"""Looking at an installation and at both shops of a connection (K19): facts by few requests, judged by rules.doctor.

Nothing is changed by looking. An error of one check is its finding and hides no other.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any, Final, TypeVar

import httpx
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.settings import PREFECT_API_URL
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, func, select

from clients.errors import Rejected, ShopError
from clients.mail import MailFailed, MailServer, try_login
from clients.prestashop.filters import Filters, equals
from clients.prestashop.status import NEEDED, ShopStatus
from clients.tiktok.client import CategoryVersion
from clients.tiktok.clock import clock_skew
from config.secret_box import SecretBox, SecretBoxError
from config.settings import Settings, settings
from models.connections import Connection, find_connection
from models.database import database
from models.orders import Order, OrderStage
from models.revision import newest_revision, stored_revision
from models.taxonomy import ShippingProvider
from models.templates import AttributeMapping, CarrierMapping, CategoryTemplate
from rules import doctor as rules
from rules import doctor_prestashop as prestashop_rules
from rules import doctor_tiktok as tiktok_rules
from rules.doctor import Area, Check, Finding, Level
from tasks import inputs
from tasks.authorization import standing_of
from tasks.mailing import contact
from tasks.report import BatchReport, Failure
from tasks.shops import Shops, open_shops, utc_now

T = TypeVar("T")
Table = list[dict[str, Any]]

_IN_FLIGHT: Final = 2
_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "currencies": ("id", "iso_code", "conversion_rate", "active", "deleted"),
    "languages": ("id", "iso_code", "locale", "active"),
    "countries": ("id", "iso_code", "id_zone", "active", "contains_states"),
    "states": ("id", "id_country", "active"),
    "zones": ("id", "active"),
    "taxes": ("id", "rate"),
    "tax_rules": ("id", "id_tax_rules_group", "id_country", "id_state", "id_tax"),
    "tax_rule_groups": ("id", "name", "active", "deleted"),
    "carriers": ("id", "id_reference", "name", "active", "deleted", "is_free", "is_module", "need_range"),
    "order_states": ("id", "deleted"),
    "shops": ("id", "id_shop_group", "active", "deleted"),
    "shop_groups": ("id", "share_stock"),
}  # fmt: skip
_SETTINGS: Final = (
    "PS_SHOP_ENABLE",
    "PS_TIMEZONE",
    "PS_CURRENCY_DEFAULT",
    "PS_TAX",
    "PS_ROUND_TYPE",
    "PS_PRICE_ROUND_MODE",
    "PS_STOCK_MANAGEMENT",
    "PS_CARRIER_DEFAULT",
    "PS_GUEST_CHECKOUT_ENABLED",
    "PS_OS_WS_PAYMENT",
    "PS_OS_ERROR",
    "PS_OS_CANCELED",
)
_STATES: Final = ("PS_OS_WS_PAYMENT", "PS_OS_ERROR", "PS_OS_CANCELED")
# Rules are read one category at a time; beyond this many the rest waits for taxonomy_refresh.
_MOST_CATEGORIES: Final = 100
_OTHER_TREE: Final = frozenset({"12052217", "12052230"})


class Diagnosis(list[Finding]):
    """Findings in the order they were made, and whether each shop let us in."""

    reachable: bool = True

    def attempt(self, area: Area, check: str, judge: Callable[[], Finding | Sequence[Finding]]) -> None:
        """Add what a check finds; an error of the shop is its finding."""
        try:
            found = judge()
        except _Unread as unread:
            self.append(rules.not_looked(area, check, str(unread)))
        except ShopError as error:
            self.append(rules.judge_answer(area, check, error.cause, error.fix))
        except SecretBoxError:
            self.append(rules.not_looked(area, check, "the secret key cannot be used."))
        else:
            self.extend([found] if isinstance(found, Finding) else found)


class _Unread(Exception):
    """A table that a check needs could not be read; the text says why."""


# The installation


@task(name="look at the installation", cache_policy=NO_CACHE)
def examine_installation() -> list[Finding]:
    """Database, secret key, disk, Prefect server, mail, stopped connections."""
    process, store = settings(), database()
    reached, revision, newest = True, "", newest_revision()
    addresses: dict[str, str] = {}
    secrets: list[str] = []
    stopped: list[str] = []
    try:
        with store.read() as session:
            revision = stored_revision(session)
            for connection in session.exec(select(Connection)).all() if revision == newest else []:
                secrets += [connection.prestashop_key_secret, connection.app_secret_secret]
                addresses[connection.name] = contact(session, connection)
                stopped += [connection.name] if connection.stopped_at else []
    except (SQLAlchemyError, OSError):
        reached = False
    return [
        rules.judge_database(
            reached=reached,
            revision=revision,
            newest=newest,
            kind="SQLite" if store.is_sqlite else "PostgreSQL",
        ),
        _secret_key(process, secrets),
        rules.judge_key_file(_key_file_mode(process), str(process.key_file)),
        rules.judge_disk(shutil.disk_usage(process.home if process.home.exists() else process.home.anchor).free),
        _prefect_server(),
        _mail(process, addresses),
        *([rules.judge_connections(stopped)] if reached and revision == newest else []),
    ]


def _key_file_mode(process: Settings) -> int | None:
    if process.secret_key.get_secret_value() or not process.key_file.exists():
        return None
    return stat.S_IMODE(process.key_file.stat().st_mode)


def _secret_key(process: Settings, secrets: Sequence[str]) -> Finding:
    mode = _key_file_mode(process)
    present = mode is not None or bool(process.secret_key.get_secret_value())
    if mode is not None and mode & 0o077:
        return rules.not_looked(Area.INSTALLATION, "secret key", "others can read the key file.")
    fault = ""
    if present:
        try:
            box = SecretBox.open(process)
            for secret in secrets:
                box.decrypt(secret)
        except SecretBoxError as error:
            fault = str(error)
    return rules.judge_secret_key(present=present, fault=fault, needed=bool(secrets))


def _prefect_server() -> Finding:
    url = os.environ.get("PREFECT_API_URL") or PREFECT_API_URL.value() or ""
    reached = False
    if url:
        try:
            # Whoever asks for a login is there.
            reached = httpx.get(f"{url.rstrip('/')}/health", timeout=10).status_code in (200, 401, 403)
        except (httpx.HTTPError, httpx.InvalidURL):
            reached = False
    return rules.judge_prefect(url=url, reached=reached)


def _mail(process: Settings, addresses: Mapping[str, str]) -> Finding:
    server = MailServer.configured(process)
    if server is not None:
        try:
            try_login(server)
        except MailFailed as error:
            return rules.judge_mail(addresses, configured=True, cause=error.cause, fix=error.fix)
    return rules.judge_mail(addresses, configured=server is not None)


# PrestaShop


@task(name="look at PrestaShop", cache_policy=NO_CACHE)
def examine_prestashop(connection_id: int) -> Diagnosis:
    """Address, key, version, clock; then money, places, taxes and what orders need."""
    found = Diagnosis()
    with database().read() as session:
        connection = session.get_one(Connection, connection_id)
    found.append(prestashop_rules.judge_address(connection.prestashop_url))
    try:
        shops = open_shops(connection_id)
        status = shops.prestashop.check()
    except SecretBoxError:
        found.append(rules.not_looked(Area.ACCESS, "webservice", "the secret key cannot be used."))
        return found
    except ShopError as error:
        found.reachable = False
        found.append(rules.judge_answer(Area.ACCESS, "webservice", error.cause, error.fix))
        return found
    found.append(Check(Area.ACCESS, "webservice").passed(f"answers as {status.name}"))
    found += [
        prestashop_rules.judge_domain(status.url, status.domain),
        prestashop_rules.judge_version(status.version, patch=status.patch),
        prestashop_rules.judge_rights(status.missing),
        prestashop_rules.judge_excess(status.rights, NEEDED),
        rules.judge_clock(Area.ACCESS, status.clock_skew, "the shop"),
    ]
    _Shop(shops, status, found).look()
    return found


class _Shop:
    """One PrestaShop that let us in: its small tables, read once, and what is judged from them."""

    def __init__(self, shops: Shops, status: ShopStatus, found: Diagnosis) -> None:
        self._shops, self._status, self._found = shops, status, found
        with ThreadPoolExecutor(_IN_FLIGHT) as pool:
            answers = pool.map(self._read, _TABLES)
            self._tables = dict(zip(_TABLES, answers, strict=True))
        self._values = self._guarded("configurations", lambda: shops.prestashop.settings(_SETTINGS))

    def look(self) -> None:
        """Everything there is to judge."""
        found, shops = self._found, self._shops
        market, chosen = shops.market, shops.settings
        orders = chosen.orders
        money, ordering = Area.CATALOGUE, Area.ORDERS
        found.attempt(
            Area.ACCESS, "maintenance", lambda: prestashop_rules.judge_shop_open(enabled=self._flag("PS_SHOP_ENABLE"))
        )
        found.attempt(
            Area.ACCESS,
            "time zone",
            # The client goes by the stored one.
            lambda: prestashop_rules.judge_time_zone(
                str(self._setting().get("PS_TIMEZONE") or ""),
                shops.connection.prestashop_timezone,
                shops.connection.name,
            ),
        )
        found.attempt(Area.ACCESS, "shop", self._shop)
        found.attempt(
            money,
            "currency",
            lambda: prestashop_rules.judge_currency(
                self._by_id("currencies"),
                chosen.products.currency or market.currency,
                self._number("PS_CURRENCY_DEFAULT"),
            ),
        )
        found.attempt(
            money,
            "language",
            lambda: prestashop_rules.judge_language(
                self._by_id("languages"),
                prestashop_rules.language_wanted(chosen.products, market),
                chosen=bool(chosen.products.language),
            ),
        )
        found.attempt(
            money,
            "country",
            lambda: prestashop_rules.judge_country(
                self._by_id("countries"), self._by_id("states"), self._optional("zones"), market.country
            ),
        )
        found.attempt(money, "tax rules", self._taxes)
        found.attempt(
            money,
            "rounding",
            lambda: prestashop_rules.judge_rounding(self._number("PS_ROUND_TYPE"), self._number("PS_PRICE_ROUND_MODE")),
        )
        found.attempt(
            money,
            "stock management",
            lambda: prestashop_rules.judge_stock_management(on=self._flag("PS_STOCK_MANAGEMENT")),
        )
        found.attempt(ordering, "carrier", self._carrier)
        found.attempt(ordering, "cart rules", self._cart_rules)
        found.attempt(
            ordering,
            "guest checkout",
            lambda: prestashop_rules.judge_guests(enabled=self._flag("PS_GUEST_CHECKOUT_ENABLED"), orders=orders),
        )
        found.attempt(
            ordering,
            "required fields",
            lambda: prestashop_rules.judge_required_fields(
                {name: shops.prestashop.required_fields(name) for name in ("addresses", "customers")}
            ),
        )
        found.attempt(ordering, "order statuses", self._states)
        found.attempt(ordering, "fee product", self._fee_product)
        found.attempt(
            ordering, "not visible", lambda: prestashop_rules.judge_unseen(orders, imported=_imported(self._shops.id))
        )

    def _shop(self) -> list[Finding]:
        shop_id = self._shops.settings.products.shop_id
        rows = self._optional("shops") or {}
        alive = {key: bool(row["active"]) for key, row in rows.items() if not row["deleted"]}
        group = rows[shop_id]["id_shop_group"] if shop_id in rows else 0
        siblings = [key for key in alive if key != shop_id and alive[key] and rows[key]["id_shop_group"] == group]
        groups = [row for key, row in (self._optional("shop_groups") or {}).items() if key == group]
        return prestashop_rules.judge_shop(shop_id, alive, groups, len(siblings))

    def _taxes(self) -> Finding:
        market, code = self._shops.market, self._shops.settings.products.tax_country or self._shops.market.country
        names = {key: str(row.get("name") or "") for key, row in self._by_id("tax_rule_groups").items()}
        records = {name: self._by_id(name) for name in ("taxes", "tax_rules", "tax_rule_groups")}
        return prestashop_rules.judge_taxes(
            inputs.taxes(records),
            names,
            self._country(code),
            code,
            tax_on=self._flag("PS_TAX"),
            included=market.tax_included,
        )

    def _carrier(self) -> Finding:
        carriers, orders = self._by_id("carriers"), self._shops.settings.orders
        zone = int(self._by_id("countries").get(self._country(self._shops.market.country), {}).get("id_zone") or 0)
        deliveries = None
        if not _has_free(carriers) or orders.carrier_reference:
            deliveries = self._guarded(
                "deliveries",
                lambda: self._shops.prestashop.rows("deliveries", display=("id", "id_carrier", "id_zone")),
            )
        known = deliveries if isinstance(deliveries, list) else None
        return prestashop_rules.judge_carrier(carriers, known, zone, self._number("PS_CARRIER_DEFAULT", 0), orders)

    def _cart_rules(self) -> Finding:
        found = self._guarded(
            "cart_rules",
            lambda: self._shops.prestashop.rows("cart_rules", filters=Filters(active=equals(1))),
        )
        if isinstance(found, ShopError | _Unread):
            raise found
        return prestashop_rules.judge_cart_rules(found, utc_now(), free_carrier=_has_free(self._by_id("carriers")))

    def _states(self) -> Finding:
        wanted = {name: self._number(name) for name in _STATES}
        if imported := self._shops.settings.orders.imported_state:
            wanted["orders.imported_state"] = imported
        return prestashop_rules.judge_states(self._by_id("order_states"), wanted)

    def _fee_product(self) -> Finding:
        orders, found = self._shops.settings.orders, []
        if orders.fee_product:
            found = self._shops.prestashop.rows(
                "products", display=("id", "reference"), filters=Filters(reference=equals(orders.fee_product))
            )
        return prestashop_rules.judge_fee_product(found, orders)

    def _country(self, code: str) -> int:
        return next((key for key, row in self._by_id("countries").items() if row["iso_code"] == code), 0)

    # Reading

    def _read(self, resource: str) -> Any:
        return self._guarded(resource, lambda: self._shops.prestashop.rows(resource, display=_TABLES[resource]))

    def _guarded(self, resource: str, read: Callable[[], T]) -> T | ShopError | _Unread:
        """What was read, or why it was not; without the right nothing is asked for."""
        if "GET" not in self._status.rights.get(resource, ()):
            return _Unread(f"the key may not read {resource} (tick GET).")
        try:
            return read()
        except ShopError as error:
            return error

    def _by_id(self, resource: str) -> dict[int, Mapping[str, Any]]:
        rows = self._tables[resource]
        if isinstance(rows, ShopError | _Unread):
            raise rows
        return {int(row["id"]): row for row in rows}

    def _optional(self, resource: str) -> dict[int, Mapping[str, Any]] | None:
        rows = self._tables[resource]
        return None if isinstance(rows, ShopError | _Unread) else {int(row["id"]): row for row in rows}

    def _setting(self) -> Mapping[str, Any]:
        if isinstance(self._values, ShopError | _Unread):
            raise self._values
        return self._values

    def _number(self, name: str, otherwise: int = 0) -> int:
        return inputs.number(self._setting(), name, otherwise)

    def _flag(self, name: str) -> bool:
        # A setting that the shop does not have is as it was installed: on, all of these.
        return inputs.flag(self._setting(), name, default=True)


def _has_free(carriers: Mapping[int, Mapping[str, Any]]) -> bool:
    return any(row.get("active") and row.get("is_free") and not row.get("deleted") for row in carriers.values())


def _imported(connection_id: int) -> bool:
    with database().read() as session:
        done = select(Order.id).where(Order.connection_id == connection_id, Order.stage == OrderStage.IMPORTED).limit(1)
        return session.exec(done).first() is not None


# TikTok Shop


@task(name="look at TikTok Shop", cache_policy=NO_CACHE)
def examine_tiktok(connection_id: int) -> Diagnosis:
    """Authorization, clock, scopes, what listing needs, warehouses; carriers and templates against them."""
    found = Diagnosis()
    with database().read() as session:
        connection = session.get_one(Connection, connection_id)
        stands = standing_of(session, connection)
    authorization = tiktok_rules.judge_authorization(stands.state, stands.until, utc_now(), connection.name)
    with httpx.Client() as http:
        clock = rules.judge_clock(Area.TIKTOK, clock_skew(connection.tiktok_api_url, http, utc_now), "TikTok Shop")
    found += [authorization, clock]
    if authorization.level is Level.FAIL:
        found.reachable = False
        found.append(rules.not_looked(Area.TIKTOK, "shop", "TikTok Shop is not authorized."))
        return found
    try:
        shops = open_shops(connection_id)
        covered = {shop.id for shop in shops.tiktok.shops()}
    except SecretBoxError:
        found.append(rules.not_looked(Area.TIKTOK, "shop", "the secret key cannot be used."))
        return found
    except ShopError as error:
        found.reachable = False
        found.append(rules.judge_answer(Area.TIKTOK, "shop", error.cause, error.fix))
        return found
    found.append(tiktok_rules.judge_covered(connection.shop_id, covered, connection.name))
    # A token that was refreshed on the way tells its scopes anew.
    with database().read() as session:
        granted = session.get_one(Connection, connection_id).granted_scopes
    found.append(tiktok_rules.judge_scopes(granted, connection.name))
    if connection.shop_id not in covered:
        return found
    found.attempt(Area.TIKTOK, "prerequisites", lambda: tiktok_rules.judge_prerequisites(shops.tiktok.prerequisites()))
    found.attempt(Area.TIKTOK, "warehouse", lambda: _warehouse_and_carriers(shops, found))
    found.attempt(Area.MAPPINGS, "templates", lambda: _templates(shops))
    return found


def _warehouse_and_carriers(shops: Shops, found: Diagnosis) -> Finding:
    warehouse, warehouse_id = tiktok_rules.judge_warehouse(shops.tiktok.warehouses(), shops.settings.sales_warehouse_id)
    if warehouse_id:
        found.attempt(Area.MAPPINGS, "carriers", lambda: _carriers(shops, warehouse_id))
    return warehouse


def _carriers(shops: Shops, warehouse_id: str) -> Finding:
    options = shops.tiktok.delivery_options(warehouse_id)
    providers = []
    for option in options:
        if option.get("type") != "SEND_BY_SELLER":
            continue
        providers += [
            ShippingProvider(
                connection_id=shops.id,
                delivery_option_id=str(option["id"]),
                id=str(one["id"]),
                name=str(one.get("name", "")),
            )
            for one in shops.tiktok.shipping_providers(str(option["id"]))
        ]
    try:
        rows = shops.prestashop.rows("carriers", display=_TABLES["carriers"])
    except ShopError:
        return rules.not_looked(Area.MAPPINGS, "carriers", "PrestaShop does not tell its carriers.")
    active = {
        int(row.get("id_reference") or row["id"]): str(row["name"])
        for row in rows
        if row.get("active") and not row.get("deleted")
    }
    with database().read() as session:
        mappings = session.exec(select(CarrierMapping).where(CarrierMapping.connection_id == shops.id)).all()
    return tiktok_rules.judge_carriers_mapped(active, options, providers, mappings)


def _templates(shops: Shops) -> list[Finding]:
    with database().read() as session:
        templates = session.exec(
            select(CategoryTemplate)
            .where(CategoryTemplate.connection_id == shops.id)
            .order_by(col(CategoryTemplate.position), col(CategoryTemplate.id))
        ).all()
        mapped: dict[int, set[str]] = {}
        for template_id, attribute_id in session.exec(
            select(AttributeMapping.template_id, AttributeMapping.attribute_id).where(
                col(AttributeMapping.template_id).in_([template.key for template in templates])
            )
        ):
            mapped.setdefault(template_id, set()).add(attribute_id)
    if not templates:
        return tiktok_rules.judge_templates([], {}, {}, {}, {})
    version, rows = _tree(shops)
    tree = {str(row["id"]): row for row in rows}
    used = sorted({one.category_id for one in templates if tree.get(one.category_id, {}).get("is_leaf")})
    locale = shops.market.locale
    asked: dict[str, Mapping[str, Any]] = {}
    attributes: dict[str, Sequence[Mapping[str, Any]]] = {}
    for category_id in used[:_MOST_CATEGORIES]:
        try:
            asked[category_id] = shops.tiktok.category_rules(category_id, version, locale)
            attributes[category_id] = shops.tiktok.category_attributes(category_id, version, locale)
        except Rejected:
            # Not open to this shop: the tree says so too.
            continue
    return tiktok_rules.judge_templates(templates, tree, asked, attributes, mapped)


def _tree(shops: Shops) -> tuple[CategoryVersion, list[dict[str, Any]]]:
    preferred: CategoryVersion = "v2" if shops.connection.category_version == "v2" else "v1"
    try:
        return preferred, shops.tiktok.categories(preferred, shops.market.locale)
    except Rejected as error:
        if error.code not in _OTHER_TREE:
            raise
        other: CategoryVersion = "v1" if preferred == "v2" else "v2"
        return other, shops.tiktok.categories(other, shops.market.locale)


# What commands and the flow show


def connection_ids(name: str) -> dict[str, int]:
    """The connections to look at: the named one, or all; none when there is none yet.

    Raises:
        UnknownConnection: there is none of that name.
    """
    with database().read() as session:
        if name:
            connection = find_connection(session, name)
            return {connection.name: connection.key}
        rows = session.exec(select(Connection).order_by(func.lower(Connection.name))).all()
    return {row.name: row.key for row in rows}


def finding_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as plain rows, in the order of their areas."""
    order = list(Area)
    return [
        {**asdict(one), "area": one.area.value, "level": one.level.value}
        for one in sorted(findings, key=lambda one: order.index(one.area))
    ]


def report_of(findings: Sequence[Finding]) -> BatchReport:
    """Counts by level; every fail is a failure of the run."""
    report = BatchReport()
    words = {Level.PASS: "passed", Level.WARN: "warnings", Level.FAIL: "failed"}
    for one in findings:
        if one.level is Level.FAIL:
            report.failed(
                Failure(object=f"{one.area.value}: {one.check}", code="doctor", cause=one.found, fix=one.fix),
                count=words[one.level],
            )
        else:
            report.count(words[one.level])
    return report
