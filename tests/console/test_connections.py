"""Connections from the command line: added when they work, checked, authorized for one shop (A1–A3, A7)."""

from __future__ import annotations

import pytest
from sqlmodel import select

from clients.errors import ConfigurationFault
from clients.tiktok.client import TikTokClient
from clients.tiktok.results import Shop
from models.connections import AuthorizationState, Connection
from models.database import Database
from sandbox.server import Sandbox
from tasks.consent import choose_shop
from tests.console.conftest import Cli
from tests.models.rows import make_connection


def stored(store: Database) -> Connection:
    with store.read() as session:
        return session.exec(select(Connection)).one()


def test_adding_asks_prestashop_and_stores_no_clear_secret(
    cli: Cli, shops: Sandbox, add_words: list[str], store: Database
) -> None:
    ran = cli("connection", "add", "main", *add_words, "--json")
    assert ran.status == 0
    assert ran.data == {"connection": "main", "prestashop_version": "8.2.1", "missing_rights": []}
    connection = stored(store)
    assert connection.prestashop_timezone == "Europe/Paris"
    assert shops.prestashop_key not in connection.prestashop_key_secret
    assert shops.app_secret not in connection.app_secret_secret
    assert shops.prestashop_key not in ran.stdout + ran.stderr


def test_secrets_are_asked_for_when_no_variable_is_named(
    cli: Cli, shops: Sandbox, add_words: list[str], store: Database
) -> None:
    words = [word for word in add_words if word not in ("--prestashop-key-env", "SHOP_KEY")]
    ran = cli("connection", "add", "main", *words, input=f"{shops.prestashop_key}\n")
    assert ran.status == 0
    assert shops.prestashop_key not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        (("--prestashop-key-env", "NOT_SET"), 2, "NOT_SET is not set"),
        (("--prestashop-key-env", "WRONG_KEY"), 3, "key"),
        (("--prestashop-url", "http://127.0.0.1:1"), 3, "PrestaShop"),
        (("--prestashop-url", "shop.example"), 3, "begin with https://"),
        (("--region", "XX"), 2, "is not a TikTok Shop market"),
    ],
)
def test_a_connection_that_cannot_work_is_not_stored(
    cli: Cli,
    add_words: list[str],
    store: Database,
    monkeypatch: pytest.MonkeyPatch,
    change: tuple[str, str],
    status: int,
    says: str,
) -> None:
    monkeypatch.setenv("WRONG_KEY", "X" * 32)
    add_words[add_words.index(change[0]) + 1] = change[1]
    ran = cli("connection", "add", "main", *add_words)
    assert ran.status == status
    assert says in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert cli("connection", "list", "--json").data == []


def test_a_name_is_used_once(connected: Cli, add_words: list[str]) -> None:
    ran = connected("connection", "add", "main", *add_words)
    assert ran.status == 2
    assert "already" in ran.stderr


def test_check_before_the_consent_ends_with_3_and_says_what_to_do(cli: Cli, add_words: list[str]) -> None:
    cli("connection", "add", "main", *add_words)
    ran = cli("connection", "check")
    assert ran.status == 3
    assert "connector connection authorize main" in ran.stderr
    assert "PrestaShop: reachable" in ran.stderr


def test_check_tells_both_sides(connected: Cli) -> None:
    ran = connected("connection", "check", "--json")
    assert ran.status == 0
    assert ran.data["ok"] is True
    assert ran.data["prestashop"]["facts"]["version"] == "8.2.1"
    assert ran.data["prestashop"]["facts"]["changes single fields (PATCH)"] == "yes"
    assert ran.data["tiktok"]["facts"]["region"] == "GB"
    assert "seller.product.write" in ran.data["tiktok"]["facts"]["scopes"]


def test_a_problem_of_one_side_does_not_hide_the_other(connected: Cli) -> None:
    assert connected("settings", "set", "products.shop_id=9").status == 0
    ran = connected("connection", "check", "--json")
    assert ran.status == 3
    assert (ran.data["prestashop"]["reachable"], ran.data["tiktok"]["reachable"]) == (False, True)
    (problem,) = ran.data["prestashop"]["problems"]
    assert "shop" in problem["cause"]
    assert problem["fix"]


def test_authorizing_stores_the_shop_and_no_clear_token(connected: Cli, store: Database, shops: Sandbox) -> None:
    connection = stored(store)
    assert (connection.shop_name, connection.shop_cipher) == ("Sandbox shop GB", shops.shop_cipher)
    assert connection.access_expires_at is not None
    for token in (connection.access_token_secret, connection.refresh_token_secret):
        assert token
        assert not token.startswith(("TTP_", "ROW_", "GCP_"))


def test_the_link_carries_a_state_that_the_answer_has_to_bring_back(
    cli: Cli, shops: Sandbox, add_words: list[str]
) -> None:
    cli("connection", "add", "main", *add_words)
    ran = cli("connection", "authorize", input=f"https://redirect.example/?code={shops.auth_code()}&state=foreign\n")
    assert f"{shops.auth_url}/open/authorize?service_id={shops.service_id}&state=" in ran.stderr
    assert ran.status == 3
    assert "does not belong to the consent link" in ran.stderr


def test_a_pasted_address_with_the_right_state_works(cli: Cli, shops: Sandbox, add_words: list[str]) -> None:
    cli("connection", "add", "main", *add_words)
    link = cli("connection", "authorize", input="\n").stderr
    state = link.split("state=")[1].split()[0]
    answer = f"https://redirect.example/?app_key=x&code={shops.auth_code()}&state={state}"
    assert cli("connection", "authorize", "--code", answer).status == 0
    assert cli("connection", "authorize", "--code", answer).status == 3, "a link is good for one answer"


def test_a_declined_consent_says_so(cli: Cli, add_words: list[str]) -> None:
    cli("connection", "add", "main", *add_words)
    state = cli("connection", "authorize", input="\n").stderr.split("state=")[1].split()[0]
    ran = cli(
        "connection", "authorize", "--code", f"https://redirect.example/?code=null&error=auth_denied&state={state}"
    )
    assert ran.status == 3
    assert "declined" in ran.stderr


def test_a_used_code_asks_for_a_new_consent(connected: Cli, shops: Sandbox) -> None:
    code = shops.auth_code()
    assert connected("connection", "authorize", "--code", code).status == 0
    ran = connected("connection", "authorize", "--code", code)
    assert ran.status == 3
    assert "Authorize the shop again" in ran.stderr
    assert code not in ran.stderr


def test_consent_of_another_region_is_refused_and_nothing_stored(
    cli: Cli, shops: Sandbox, add_words: list[str], store: Database
) -> None:
    add_words[add_words.index("GB")] = "DE"
    cli("connection", "add", "main", *add_words)
    ran = cli("connection", "authorize", "--code", shops.auth_code())
    assert ran.status == 3
    assert "is for DE, but the consent covers Sandbox shop GB (GB" in ran.stderr
    assert stored(store).access_token_secret == ""


def shop(number: str, region: str = "GB") -> Shop:
    return Shop(id=number, name=f"Shop {number}", region=region, seller_type="LOCAL", cipher=f"c{number}")


def test_of_several_shops_one_is_named() -> None:
    covered = [shop("1"), shop("2"), shop("3", "US")]
    assert choose_shop(make_connection(), covered, "2").id == "2"
    assert choose_shop(make_connection(), covered, "Shop 1").id == "1"
    with pytest.raises(ConfigurationFault) as caught:
        choose_shop(make_connection(), covered)
    assert "--shop" in caught.value.fix
    assert "Shop 3" not in caught.value.fix
    with pytest.raises(ConfigurationFault):
        choose_shop(make_connection(), covered, "3")


def test_a_connection_stays_with_its_shop() -> None:
    connection = make_connection()
    connection.shop_id = "1"
    assert choose_shop(connection, [shop("1"), shop("2")]).id == "1"
    with pytest.raises(ConfigurationFault) as caught:
        choose_shop(connection, [shop("1"), shop("2")], "2")
    assert caught.value.code == "other-shop"


def test_show_hides_the_secrets(connected: Cli, shops: Sandbox) -> None:
    ran = connected("connection", "show", "--json")
    assert ran.data["webservice key"] == ran.data["app secret"] == "•••"
    for secret in (shops.prestashop_key, shops.app_secret, shops.shop_cipher):
        assert secret not in ran.stdout


def test_list_and_show_say_where_the_authorization_stands(connected: Cli, store: Database) -> None:
    (row,) = connected("connection", "list", "--json").data
    assert row["authorization"] == "authorized"
    assert row["days left"] in (364, 365)
    assert (
        connected("connection", "show", "--json").data["authorization"] == f"authorized, {row['days left']} days left"
    )
    with store.write() as session:
        session.exec(select(Connection)).one().authorization = AuthorizationState.REVOKED
    assert connected("connection", "list", "--json").data[0]["days left"] is None
    assert connected("connection", "show", "--json").data["authorization"] == "revoked"


def test_the_region_stays_when_another_regions_seller_consents(
    connected: Cli, shops: Sandbox, store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(store)
    monkeypatch.setattr(TikTokClient, "shops", lambda _: [shop("9", "DE")])
    ran = connected("connection", "authorize", "--code", shops.auth_code())
    assert ran.status == 3
    assert "is for GB, but the consent covers Shop 9 (DE, id 9)" in ran.stderr
    assert "another connection for that region" in ran.stderr
    assert stored(store) == before


def test_another_shop_of_the_region_is_refused_and_the_tokens_that_work_are_kept(
    connected: Cli, shops: Sandbox, store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(store)
    monkeypatch.setattr(TikTokClient, "shops", lambda _: [shop("9")])
    ran = connected("connection", "authorize", "--code", shops.auth_code())
    assert ran.status == 3
    assert "belongs to shop 'Sandbox shop GB'" in ran.stderr
    assert stored(store) == before


def test_remove_asks_first(connected: Cli) -> None:
    assert connected("connection", "remove", "main", input="n\n").status == 1
    assert len(connected("connection", "list", "--json").data) == 1
    assert connected("connection", "remove", "main", "--yes").status == 0
    assert connected("connection", "list", "--json").data == []
    assert connected("connection", "remove", "main", "--yes").status == 2


def test_a_new_connection_runs_by_itself_when_it_is_started(connected: Cli, store: Database) -> None:
    assert [row["runs"] for row in connected("connection", "list", "--json").data] == ["stopped"]
    assert "stopped since" in connected("connection", "show").stderr
    started = connected("connection", "start")
    assert (started.status, stored(store).is_running) == (0, True)
    assert [row["runs"] for row in connected("connection", "list", "--json").data] == ["yes"]
    stopped = connected("connection", "stop", "main", "--json")
    since = stored(store).stopped_at
    assert (stopped.data, since is not None) == ({"connection": "main", "running": False}, True)
    connected("connection", "stop", "main")
    assert stored(store).stopped_at == since
    assert connected("connection", "start", "nobody").status == 2


def test_one_without_consent_is_started_for_later(cli: Cli, add_words: list[str], store: Database) -> None:
    cli("connection", "add", "main", *add_words)
    started = cli("connection", "start", "main")
    assert "connector connection authorize main" in started.stdout + started.stderr
    assert not stored(store).is_running
    assert [row["runs"] for row in cli("connection", "list", "--json").data] == ["no"]
