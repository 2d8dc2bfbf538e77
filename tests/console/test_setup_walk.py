"""The guided set-up on the sandbox, from an empty home to a rehearsed upload, by answers at its prompts (A8)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import select

from console import setup_command, setup_steps
from models.connections import Connection, settings_in_force
from models.database import Database
from models.templates import CarrierMapping, CategoryTemplate
from sandbox.server import Sandbox
from sandbox.tiktok.world import Shop
from tasks.consent import authorize_connection, begin_consent
from tests.console.conftest import Cli, Ran

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("prefect")]

WRONG_KEY = "X" * 32


@pytest.fixture
def own() -> Iterator[Sandbox]:
    """Shops of the test's own."""
    with Sandbox(products=12, seed=3) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is there to answer."""
    monkeypatch.setattr(setup_command, "at_terminal", lambda: True)


def walk(cli: Cli, own: Sandbox, *answers: str) -> Ran:
    """Run the command with these answers; where they end, the person stops."""
    ran = cli("setup", "uk", "--tiktok-url", own.tiktok_url, input="".join(f"{answer}\n" for answer in answers))
    for secret in (own.prestashop_key, own.app_secret, WRONG_KEY):
        assert secret not in ran.stdout + ran.stderr
    return ran


def next_step(cli: Cli) -> str:
    """Where the set-up stands."""
    found = cli("setup", "uk", "--status", "--json").data
    return str(found["next"])


def prestashop(own: Sandbox, region: str = "GB") -> list[str]:
    return [region, own.prestashop_url, own.prestashop_key]


def app(own: Sandbox) -> list[str]:
    return [own.app_key, own.app_secret, own.service_id]


CATEGORY = ["mugs", "1", "Ceramic"]
# Five carriers, one of them mapped; an address, and the settings.
CONFIGURATION = ["Royal Mail", "", "", "", "", "me", "me@shop.example", "orders.shipping=not_booked", ""]


def test_from_nothing_to_ready_with_mistakes_and_interruptions(cli: Cli, own: Sandbox, store: Database) -> None:
    stopped = walk(cli, own, "XX", "DE", own.prestashop_url, WRONG_KEY, own.prestashop_url, own.prestashop_key)
    assert stopped.status == 1
    assert "'XX' is not a TikTok Shop market" in stopped.stderr
    assert "The webservice key is wrong" in stopped.stderr
    assert "PrestaShop 8.2.1" in stopped.stderr
    assert "goes on from this step" in stopped.stderr
    assert next_step(cli) == "app"

    stopped = walk(cli, own, *app(own), own.auth_code(), "GB", own.auth_code())
    assert "is for DE, but the consent covers Sandbox shop GB" in stopped.stderr
    assert "Authorized: Sandbox shop GB (GB)" in stopped.stderr
    assert "Step 1 of 8" not in stopped.stderr, "what is there is not asked for again"
    assert next_step(cli) == "template"

    stopped = walk(cli, own, "no such words", "mugs", "1", "Velvet")
    assert "No open category has these words" in stopped.stderr
    assert "'Velvet' is not one of its values" in stopped.stderr
    assert next_step(cli) == "template"

    stopped = walk(cli, own, "Ceramic")
    assert next_step(cli) == "configuration"
    assert "SHIP-TIKTOK" in stopped.stderr

    ready = walk(cli, own, *CONFIGURATION, "n")
    assert (ready.status, next_step(cli)) == (1, "start")
    assert "listed twice" in ready.stderr
    assert "products ready" in ready.stderr
    assert "not an e-mail address" in ready.stderr
    assert "CONNECTOR_SMTP_HOST" in ready.stderr
    assert cli("connection", "start", "uk").status == 0
    done = cli("setup", "--status")
    assert done.status == 0
    assert "connector up" in done.stderr
    with store.read() as session:
        connection = session.exec(select(Connection)).one()
        assert connection.is_running
        assert (connection.region, connection.shop_name) == ("GB", "Sandbox shop GB")
        assert connection.contact_email == "me@shop.example"
        template = session.exec(select(CategoryTemplate)).one()
        assert (template.is_default, template.category_id) == (True, "853000")
        assert session.exec(select(CarrierMapping)).one().provider_name == "Royal Mail"
        assert settings_in_force(session, connection.key)[1].orders.shipping == "not_booked"
    assert not own.tiktok.shop.shelf.products, "nothing was sent"


def test_in_one_go(cli: Cli, own: Sandbox) -> None:
    ran = walk(cli, own, *prestashop(own), *app(own), own.auth_code(), *CATEGORY, *CONFIGURATION, "y")
    assert ran.status == 0, ran.stderr
    assert "connector up" in ran.stderr
    again = walk(cli, own)
    assert again.status == 0
    assert "E-mail address" not in again.stderr
    assert "Everything is set up" in again.stderr


def test_secrets_come_from_named_variables_once(cli: Cli, own: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", WRONG_KEY)
    monkeypatch.setenv("APP_SECRET", own.app_secret)
    words = ["--prestashop-key-env", "SHOP_KEY", "--app-secret-env", "APP_SECRET", "--tiktok-url", own.tiktok_url]
    answers = ["GB", own.prestashop_url, "", own.prestashop_key, own.app_key, own.service_id]
    ran = cli("setup", "uk", *words, input="".join(f"{answer}\n" for answer in answers))
    assert "The webservice key is wrong" in ran.stderr
    assert next_step(cli) == "consent"


def test_a_wrong_app_secret_is_asked_for_again(cli: Cli, own: Sandbox) -> None:
    wrong = [own.app_key, "wrong", own.service_id]
    right = ["y", "", own.app_secret, ""]
    walk(cli, own, *prestashop(own), *wrong, own.auth_code(), *right, own.auth_code())
    assert next_step(cli) == "template"


def test_one_of_several_shops_is_chosen(cli: Cli, own: Sandbox, store: Database) -> None:
    own.tiktok.shops.append(Shop(own.tiktok, "GB", 2))
    walk(cli, own, *prestashop(own), *app(own), own.auth_code(), "", "2")
    with store.read() as session:
        assert session.exec(select(Connection)).one().shop_id == own.tiktok.shops[1].id


def test_the_door_took_the_redirect(cli: Cli, own: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_DOOR_URL", "https://door.example")

    def approved_in_the_browser(name: str) -> tuple[str, str]:
        link = begin_consent(name)
        authorize_connection(name, own.auth_code())
        return link

    monkeypatch.setattr(setup_steps, "begin_consent", approved_in_the_browser)
    ran = walk(cli, own, *prestashop(own), *app(own), "")
    assert "https://door.example/tiktok/callback" in ran.stderr
    assert "✓ TikTok Shop: consent and shop: done" in ran.stderr


def test_one_of_several_warehouses_is_chosen(cli: Cli, own: Sandbox, store: Database) -> None:
    for warehouse in own.tiktok.shop.warehouses.values():
        if warehouse.type == "SALES_WAREHOUSE":
            warehouse.effect_status = "ENABLED"
            warehouse.is_default = False
    ran = walk(cli, own, *prestashop(own), *app(own), own.auth_code(), "1")
    assert "✓ TikTok Shop: sales warehouse: done" in ran.stderr
    with store.read() as session:
        chosen = settings_in_force(session, session.exec(select(Connection)).one().key)[1].sales_warehouse_id
    assert own.tiktok.shop.warehouses[chosen].type == "SALES_WAREHOUSE"
