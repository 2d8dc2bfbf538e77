"""The doctor over both simulated shops: what a healthy set-up shows, and how each of many faults is told (K19)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina
from sqlmodel import select

from benchmarks.installation import free_port
from clients.prestashop.status import NEEDED
from clients.tiktok.clock import clock_skew
from config.settings import settings
from console.demo_shop import add_templates, connect_sandbox
from flows.doctor import doctor
from models import database as database_module
from models.connections import AuthorizationState, Connection, settings_in_force, store_settings
from models.database import database
from models.settings import ConnectionSettings
from models.taxonomy import Category, ShippingProvider
from models.templates import AttributeMapping, CarrierMapping, CategoryTemplate
from rules.doctor import Finding, Level, judge_prefect
from sandbox.prestashop.shop import Account
from sandbox.server import Sandbox
from tasks import doctor as looking
from tasks import runs as frame
from tasks.authorization import deauthorize, note_expiry
from tasks.connection_changes import change_connection
from tests.clients_of_a_test import closing_clients
from tests.flows.conftest import Uploaded, fast_installation
from tests.flows.keeping_step import MovedClock
from tests.post_office import Postbox

READ_BY_THE_DOCTOR = ("cart_rules", "shop_groups", "zones", "deliveries")
pytestmark = pytest.mark.slow

GREAT_BRITAIN, BUYER = 17, "buyer@example.org"


class Treated(Uploaded):
    """The shops before a test; what delivers webhooks goes on as it is."""

    @classmethod
    def shared(cls, sandbox: Sandbox, clock: MovedClock) -> dict[int, Any]:
        webhooks = sandbox.tiktok.webhooks
        return {**super().shared(sandbox, clock), id(webhooks): webhooks}


@dataclass
class Patient:
    """Both shops and the installation that knows them, for one test."""

    sandbox: Sandbox
    connection_id: int
    patch: pytest.MonkeyPatch

    @property
    def prestashop(self) -> Any:
        return self.sandbox.prestashop

    @property
    def shop(self) -> Any:
        """TikTok Shop's."""
        return self.sandbox.tiktok.shop

    @property
    def account(self) -> Account:
        """The webservice key's rights."""
        account: Account = self.prestashop.accounts[self.prestashop.key]
        return account

    def grant(self, **changes: str) -> None:
        """Other rights for some resources."""
        self.account.permissions |= {name: frozenset(methods.split()) for name, methods in changes.items()}

    def edit(self, resource: str, row_id: int, **changes: Any) -> None:
        self.prestashop.tables[resource].update(row_id, changes)

    def carriers(self, **changes: Any) -> None:
        for row_id in self.prestashop.tables["carriers"].ids:
            self.edit("carriers", row_id, **changes)

    def setting(self, path: str, value: object) -> None:
        """A new version of the connection's settings; the path is written with dots."""
        with database().write() as session:
            _, document = settings_in_force(session, self.connection_id)
            changed = document.model_dump()
            *parts, last = path.split(".")
            at = changed
            for part in parts:
                at = at[part]
            at[last] = value
            after = ConnectionSettings.model_validate(changed)
            store_settings(session, self.connection_id, after, note="test", now=datetime.now(UTC))

    def connection(self, **changes: Any) -> None:
        with database().write() as session:
            row = session.get_one(Connection, self.connection_id)
            for name, value in changes.items():
                setattr(row, name, value)

    def template(self, name: str = "Mugs", **changes: Any) -> int:
        with database().write() as session:
            row = session.exec(select(CategoryTemplate).where(CategoryTemplate.name == name)).one()
            for field, value in changes.items():
                setattr(row, field, value)
            return row.key

    def unmap(self, attribute_id: str, template: str = "Mugs") -> None:
        key = self.template(template)
        with database().write() as session:
            for row in session.exec(
                select(AttributeMapping).where(
                    AttributeMapping.template_id == key, AttributeMapping.attribute_id == attribute_id
                )
            ):
                session.delete(row)

    def environment(self, **values: object) -> None:
        """Process settings, read anew."""
        for name, value in values.items():
            self.patch.setenv(f"CONNECTOR_{name}", str(value))
        settings.cache_clear()

    def examine(self) -> list[Finding]:
        """Everything that is looked at."""
        return [
            *looking.examine_installation.fn(),
            *looking.examine_prestashop.fn(self.connection_id),
            *looking.examine_tiktok.fn(self.connection_id),
        ]


@pytest.fixture(scope="session")
def treated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Treated]:
    """Shops that a careful merchant set up: carriers mapped, a fee product, a key that may do only what is needed."""
    home, clock = tmp_path_factory.mktemp("treated") / "home", MovedClock()
    with pytest.MonkeyPatch.context() as patch, Sandbox(products=12, seed=3, clock=clock) as box:
        fast_installation(patch, home)
        with closing_clients(patch):
            database().upgrade()
            connection_id = connect_sandbox(box.settings(), box.auth_code())
            change_connection("sandbox", contact_email="me@shop.example")
            add_templates(connection_id, home / "documents")
            shop = box.prestashop
            rights = {name: frozenset(methods.split()) for name, methods in NEEDED.items()}
            shop.accounts[shop.key].permissions = rights | dict.fromkeys(READ_BY_THE_DOCTOR, frozenset({"GET"}))
            shop.add_fee_product()
            with database().write() as session:
                provider = session.exec(select(ShippingProvider).where(ShippingProvider.name == "Evri")).first()
                assert provider is not None
                for row_id, row in shop.tables["carriers"].rows.items():
                    session.add(
                        CarrierMapping(
                            connection_id=connection_id,
                            id_reference=int(row.get("id_reference", row_id)),
                            provider_id=provider.id,
                            provider_name=provider.name,
                        )
                    )
            database().dispose()
        settings.cache_clear()
        database_module._open.cache_clear()
        yield Treated(box, clock, home, connection_id, Treated.snapshot(box, clock))


@pytest.fixture
def patient(
    treated: Treated, installation: Path, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Patient]:
    """Those shops for one test, whatever the tests before did to them."""
    shutil.copytree(treated.home, installation)
    fast_installation(monkeypatch, installation)
    treated.restore()
    monkeypatch.setattr(looking, "_prefect_server", lambda: judge_prefect(url="http://x", reached=True))
    stamina.set_testing(True, attempts=1)
    with closing_clients(monkeypatch):
        yield Patient(treated.sandbox, treated.connection_id, monkeypatch)
    stamina.set_testing(False)


def test_a_healthy_set_up_passes(patient: Patient) -> None:
    found = patient.examine()
    told = {one.check: one for one in found if one.level is not Level.PASS}
    assert {name: one.level for name, one in told.items()} == {"not visible": Level.WARN}
    assert told["not visible"].found.startswith("Cannot be seen over the webservice")


# What is broken, the check that has to tell it, and words of what it says.
Broken = tuple[str, Callable[[Patient], object], str, Level, str]


def late(patient: Patient) -> datetime:
    return patient.sandbox.now() + timedelta(days=400)


def no_single_fields(patient: Patient) -> None:
    for name, methods in NEEDED.items():
        if "PATCH" in methods and name != "orders":
            patient.grant(**{name: methods.replace("PATCH", "PUT")})


BROKEN: list[Broken] = [
    # PrestaShop: access
    (
        "a right is missing",
        lambda p: p.grant(orders="GET PATCH"),
        "rights of the key",
        Level.FAIL,
        "POST orders",
    ),
    (
        "a key that may delete",
        lambda p: p.grant(orders="GET POST PATCH DELETE", customers="GET POST DELETE"),
        "rights beyond need",
        Level.WARN,
        "DELETE",
    ),
    (
        "no single fields",
        no_single_fields,
        "",
        Level.PASS,
        "",
    ),
    (
        "the webservice is off",
        lambda p: setattr(p.prestashop, "webservice_enabled", False),
        "webservice",
        Level.FAIL,
        "switched off",
    ),
    ("a switched-off key", lambda p: setattr(p.account, "active", False), "webservice", Level.FAIL, "switched off"),
    ("a key of another shop", lambda p: setattr(p.account, "shops", frozenset({7})), "webservice", Level.FAIL, "shop"),
    ("the shop is down", lambda p: setattr(p.prestashop, "down", True), "webservice", Level.FAIL, "cannot answer"),
    (
        "a server that drops the key",
        lambda p: setattr(p.prestashop, "drops_authorization", True),
        "webservice",
        Level.FAIL,
        "CGI",
    ),
    ("a firewall", lambda p: setattr(p.prestashop, "firewalled", True), "webservice", Level.FAIL, "firewall"),
    (
        "another host",
        lambda p: p.connection(prestashop_url=p.sandbox.prestashop_url.replace("127.0.0.1", "localhost")),
        "webservice",
        Level.FAIL,
        "another address",
    ),
    (
        "maintenance",
        lambda p: p.prestashop.set_setting("PS_SHOP_ENABLE", "0"),
        "maintenance",
        Level.WARN,
        "maintenance",
    ),
    ("the shop's clock", lambda p: p.prestashop.advance(-600), "clock", Level.FAIL, "clocks of the shop"),
    (
        "another time zone",
        lambda p: p.connection(prestashop_timezone="America/New_York"),
        "time zone",
        Level.FAIL,
        "New_York",
    ),
    ("shared stock", lambda p: share_stock(p), "stock sharing", Level.WARN, "1 other"),
    # PrestaShop: money and places
    ("no currency", lambda p: edit_where(p, "currencies", "GBP", active=0), "currency", Level.FAIL, "GBP"),
    ("a rate never set", lambda p: never_set_rate(p), "currency", Level.WARN, "rate 1"),
    ("no language", lambda p: edit_where(p, "languages", "en", active=0), "language", Level.WARN, "'en'"),
    ("a language that was chosen", lambda p: p.setting("products.language", "pl"), "language", Level.FAIL, "'pl'"),
    ("no country", lambda p: p.edit("countries", GREAT_BRITAIN, active=0), "country", Level.FAIL, "GB"),
    ("no zone", lambda p: p.edit("zones", 7, active=0), "country", Level.FAIL, "zone"),
    (
        "a country without states",
        lambda p: p.edit("countries", GREAT_BRITAIN, contains_states=1),
        "country",
        Level.FAIL,
        "state",
    ),
    ("taxes are off", lambda p: p.prestashop.set_setting("PS_TAX", "0"), "tax rules", Level.FAIL, "switched off"),
    ("no rate at all", lambda p: forget_rates(p), "tax rules", Level.FAIL, "GB"),
    ("one group without a rate", lambda p: forget_rates(p, group=2), "tax rules", Level.WARN, "Reduced rate"),
    (
        "each piece is rounded",
        lambda p: p.prestashop.set_setting("PS_ROUND_TYPE", "1"),
        "rounding",
        Level.WARN,
        "piece",
    ),
    ("rounded down", lambda p: p.prestashop.set_setting("PS_PRICE_ROUND_MODE", "1"), "rounding", Level.WARN, "half up"),
    (
        "stock is not counted",
        lambda p: p.prestashop.set_setting("PS_STOCK_MANAGEMENT", "0"),
        "stock management",
        Level.FAIL,
        "stock",
    ),
    # PrestaShop: orders
    ("no free carrier", lambda p: p.carriers(is_free=0), "carrier", Level.FAIL, "free"),
    ("a carrier that is gone", lambda p: p.setting("orders.carrier_reference", 99), "carrier", Level.FAIL, "99"),
    (
        "a carrier without a price",
        lambda p: p.setting("orders.carrier_reference", 2),
        "carrier",
        Level.FAIL,
        "no shipping price",
    ),
    ("a carrier that costs", lambda p: p.setting("orders.carrier_reference", 5), "carrier", Level.WARN, "not free"),
    (
        "a discount for everybody",
        lambda p: p.prestashop.add_cart_rule(reduction_percent="10"),
        "cart rules",
        Level.FAIL,
        "every order",
    ),
    (
        "a discount for some",
        lambda p: p.prestashop.add_cart_rule(reduction_percent="10", countries=[8]),
        "cart rules",
        Level.WARN,
        "some orders",
    ),
    (
        "a discount with a code",
        lambda p: p.prestashop.add_cart_rule(reduction_percent="10", code="TEN"),
        "",
        Level.PASS,
        "",
    ),
    (
        "no guests",
        lambda p: p.prestashop.set_setting("PS_GUEST_CHECKOUT_ENABLED", "0"),
        "guest checkout",
        Level.FAIL,
        "Guest",
    ),
    (
        "a field nobody can fill",
        lambda p: p.prestashop.require_field("addresses", "other"),
        "required fields",
        Level.FAIL,
        "other of addresses",
    ),
    ("a field that is filled", lambda p: p.prestashop.require_field("addresses", "phone"), "", Level.PASS, ""),
    (
        "a status is gone",
        lambda p: p.edit("order_states", 11, deleted=1),
        "order statuses",
        Level.FAIL,
        "PS_OS_WS_PAYMENT",
    ),
    ("another fee product", lambda p: p.setting("orders.fee_product", "FEE"), "fee product", Level.FAIL, "FEE"),
    # TikTok Shop
    (
        "never authorized",
        lambda p: p.connection(
            authorization=AuthorizationState.NONE, access_token_secret="", refresh_token_secret="", shop_id=""
        ),
        "authorization",
        Level.FAIL,
        "no TikTok Shop authorization yet",
    ),
    (
        "the seller withdrew the consent",
        lambda p: deauthorize(p.connection_id),
        "authorization",
        Level.FAIL,
        "The seller withdrew",
    ),
    (
        "tokens are no longer taken",
        lambda p: p.connection(authorization=AuthorizationState.EXPIRED),
        "authorization",
        Level.FAIL,
        "no longer takes",
    ),
    ("no shop was chosen", lambda p: p.connection(shop_id=""), "shop", Level.FAIL, "--shop NAME"),
    (
        "consent ran out",
        lambda p: p.connection(refresh_expires_at=datetime(2026, 1, 2, tzinfo=UTC)),
        "authorization",
        Level.FAIL,
        "2026-01-02",
    ),
    (
        "consent runs out soon",
        lambda p: p.connection(refresh_expires_at=datetime.now(UTC) + timedelta(days=9)),
        "authorization",
        Level.WARN,
        "runs out",
    ),
    (
        "TikTok Shop warns of an earlier end",
        lambda p: note_expiry(p.connection_id, datetime.now(UTC) + timedelta(days=9)),
        "authorization",
        Level.WARN,
        "runs out",
    ),
    ("consent was taken back", lambda p: p.sandbox.tiktok.tokens.revoke_all(), "shop", Level.FAIL, ""),
    ("another shop", lambda p: p.connection(shop_id="1"), "shop", Level.FAIL, "does not cover"),
    (
        "a scope is missing",
        lambda p: p.connection(
            granted_scopes=[one for one in p.sandbox.tiktok.tokens.scopes if one != "seller.order.info"]
        ),
        "scopes",
        Level.FAIL,
        "seller.order.info",
    ),
    (
        "our clock",
        lambda p: p.patch.setattr(looking, "clock_skew", lambda *_: -90.0),
        "clock",
        Level.FAIL,
        "90 seconds",
    ),
    (
        "a prerequisite",
        lambda p: p.shop.failed_prerequisites.add("RETURN_WAREHOUSE"),
        "prerequisites",
        Level.FAIL,
        "RETURN_WAREHOUSE",
    ),
    (
        "a closed warehouse",
        lambda p: setattr(warehouse(p), "effect_status", "HOLIDAY_MODE"),
        "warehouse",
        Level.FAIL,
        "no open",
    ),
    ("a warehouse that is gone", lambda p: p.setting("sales_warehouse_id", "1"), "warehouse", Level.FAIL, "1"),
    # Mappings and templates
    ("no carrier is mapped", lambda p: forget_mappings(p), "carriers", Level.FAIL, "Standard shipping"),
    ("one carrier is not mapped", lambda p: forget_mappings(p, 2), "carriers", Level.WARN, "My carrier"),
    (
        "a category is gone",
        lambda p: p.template(category_id="1"),
        "templates",
        Level.FAIL,
        "Mugs: The category 1 is gone",
    ),
    (
        "a category with children",
        lambda p: p.template(category_id=parent_category()),
        "templates",
        Level.FAIL,
        "sub-categories",
    ),
    ("a required attribute", lambda p: p.unmap("100398"), "templates", Level.FAIL, "is not mapped"),
    ("a certificate is missing", lambda p: p.template("Candles", certificates=[]), "templates", Level.FAIL, "Candles"),
    # The installation
    ("rights of the key file", lambda p: settings().key_file.chmod(0o644), "key file", Level.FAIL, "0644"),
    (
        "another key",
        lambda p: p.environment(SECRET_KEY="A" * 43 + "="),
        "secret key",
        Level.FAIL,
        "cannot be decrypted",
    ),
    ("the key is gone", lambda p: settings().key_file.unlink(), "secret key", Level.FAIL, "gone"),
    ("an old database", lambda p: older_tables(), "database", Level.FAIL, "connector db upgrade"),
    (
        "no room",
        lambda p: p.patch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 2**20)),
        "disk",
        Level.FAIL,
        "1 MB",
    ),
    ("no mail server", lambda p: p.environment(SMTP_HOST=""), "mail", Level.FAIL, "no mail server"),
    (
        "nobody to mail to",
        lambda p: p.connection(contact_email=""),
        "mail",
        Level.WARN,
        "consent of sandbox",
    ),
    (
        "a mail server that is away",
        lambda p: p.environment(SMTP_HOST="127.0.0.1", SMTP_PORT=free_port(), SMTP_SECURITY="none", SMTP_FROM=BUYER),
        "mail",
        Level.FAIL,
        "cannot be reached",
    ),
]


def edit_where(patient: Patient, resource: str, iso_code: str, **changes: Any) -> None:
    for row_id, row in patient.prestashop.tables[resource].rows.items():
        if row["iso_code"] == iso_code:
            patient.edit(resource, row_id, **changes)


def never_set_rate(patient: Patient) -> None:
    """The market's currency is not the shop's own, and its rate is as it was added."""
    edit_where(patient, "currencies", "GBP", conversion_rate="1.000000")
    other = next(key for key, row in patient.prestashop.tables["currencies"].rows.items() if row["iso_code"] != "GBP")
    patient.prestashop.set_setting("PS_CURRENCY_DEFAULT", str(other))


def share_stock(patient: Patient) -> None:
    patient.prestashop.tables["shops"].insert({"name": "Second"})
    patient.edit("shop_groups", 1, share_stock=1)


def forget_rates(patient: Patient, group: int = 0) -> None:
    table = patient.prestashop.tables["tax_rules"]
    for row_id, row in list(table.rows.items()):
        if row["id_country"] == GREAT_BRITAIN and group in (0, row["id_tax_rules_group"]):
            table.delete(row_id)


def warehouse(patient: Patient) -> Any:
    return patient.shop.warehouses[patient.shop.default_warehouse]


def forget_mappings(patient: Patient, reference: int = 0) -> None:
    with database().write() as session:
        for row in session.exec(select(CarrierMapping)):
            if reference in (0, row.id_reference):
                session.delete(row)


def parent_category() -> str:
    with database().read() as session:
        leaf = session.exec(select(Category).where(Category.is_leaf)).first()
    assert leaf is not None
    return leaf.parent_id


def older_tables() -> None:
    with database().write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")


@pytest.mark.parametrize(("broken", "check", "level", "says"), [pytest.param(*one[1:], id=one[0]) for one in BROKEN])
def test_a_fault_is_told_with_its_fix_and_nothing_else(
    patient: Patient, broken: Callable[[Patient], object], check: str, level: Level, says: str
) -> None:
    broken(patient)
    found = patient.examine()
    # What cannot be looked at because of it says so.
    told = [one for one in found if one.level is not Level.PASS and not one.found.startswith("Not looked at")]
    told = [one for one in told if one.check != "not visible"]
    assert [(one.check, one.level) for one in told] == ([(check, level)] if check else []), told
    for one in told:
        assert says in f"{one.found} {one.fix}"
        assert one.fix
    secrets = (patient.sandbox.prestashop_key, patient.sandbox.app_secret, patient.sandbox.shop_cipher, BUYER)
    assert not [secret for secret in secrets if secret in str(found)]


def test_the_flow_shows_a_table_and_fails_for_what_is_wrong(
    prefect: None, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables: dict[str, Any] = {}
    monkeypatch.setattr(frame, "create_table_artifact", lambda **given: tables.update({given["key"]: given["table"]}))
    well = doctor("sandbox")
    assert well.ok
    assert set(well.counts) == {"passed", "warnings"}
    patient.prestashop.set_setting("PS_TAX", "0")
    ill = doctor()
    assert [(one.object, one.code) for one in ill.failures] == [("PrestaShop: money and places: tax rules", "doctor")]
    assert ill.counts["failed"] == 1
    (row,) = [row for row in tables["doctor-sandbox-findings"] if row["level"] == "fail"]
    assert (row["check"], row["area"]) == ("tax rules", "PrestaShop: money and places")


def test_a_connection_that_is_not_authorized_is_looked_at(prefect: None, patient: Patient) -> None:
    patient.connection(authorization=AuthorizationState.NONE, access_token_secret="")
    assert [one.object for one in doctor("sandbox").failures] == ["TikTok Shop: authorization"]


def test_the_date_of_any_answer_tells_the_clock(patient: Patient) -> None:
    def slow() -> datetime:
        return datetime.now(UTC) - timedelta(minutes=5)

    with httpx.Client() as http:
        skew = clock_skew(patient.sandbox.tiktok_url, http, slow)
        assert skew is not None
        assert skew > 60
        assert clock_skew("http://127.0.0.1:1", http, slow) is None


def test_few_requests(patient: Patient) -> None:
    patient.sandbox.tiktok.calls.clear()
    patient.prestashop.stats.requests.clear()
    patient.examine()
    asked = patient.prestashop.stats.requests
    assert sum(asked.values()) < 30
    assert {name.split()[0] for name in asked} == {"GET"}
    categories = len({one.category_id for one in templates()})
    assert sum(patient.sandbox.tiktok.calls.values()) < 12 + 2 * categories


def templates() -> list[CategoryTemplate]:
    with database().read() as session:
        return list(session.exec(select(CategoryTemplate)))
