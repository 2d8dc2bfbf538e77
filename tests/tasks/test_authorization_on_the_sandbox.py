"""An authorization on the simulated token host: refreshed ahead, refused, withdrawn, told about, taken up again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import stamina
from sqlmodel import select

import tasks.shops
from clients.errors import ConfigurationFault, ReauthorizationNeeded
from config.settings import settings
from console.demo_shop import connect_sandbox
from models.connections import AuthorizationState, Connection, Watermark, settings_in_force, store_settings
from models.database import Database
from models.listings import Plan, Touched
from models.orders import Notice
from sandbox.server import Sandbox
from tasks import authorization, consent
from tasks.consent import authorize_connection
from tasks.runs import NotAuthorized, Run, run_alone
from tasks.shops import open_shops
from tasks.statuses import sweep_is_due
from tasks.sweeps import due, set_watermark_now, timed_sweep
from tests.clients_of_a_test import closing_clients
from tests.conftest import Clock
from tests.post_office import Postbox

pytestmark = pytest.mark.slow

AUTHORIZED, EXPIRED, REVOKED = (
    AuthorizationState.AUTHORIZED,
    AuthorizationState.EXPIRED,
    AuthorizationState.REVOKED,
)


@pytest.fixture(scope="module")
def shops() -> Iterator[Sandbox]:
    """Both shops on a clock that the tests move."""
    with Sandbox(products=12, seed=3, clock=Clock()) as sandbox:
        yield sandbox


@pytest.fixture
def clock(shops: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """That clock, which rules the tasks too."""
    clock = shops.tiktok.clock
    assert isinstance(clock, Clock)
    clock.now = Clock().now
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in ("tasks", "console") and hasattr(module, "utc_now"):
            monkeypatch.setattr(module, "utc_now", clock)
    yield clock
    shops.faults.clear()


@pytest.fixture
def connection_id(
    shops: Sandbox, clock: Clock, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[int]:
    """A connection that was just authorized."""
    monkeypatch.setenv("CONNECTOR_TIKTOK_READS_PER_SECOND", "1000")
    monkeypatch.setenv("CONNECTOR_PRESTASHOP_CALLS_PER_SECOND", "1000")
    settings.cache_clear()
    stamina.set_testing(True, attempts=1)
    with closing_clients(monkeypatch):
        connection_id = connect_sandbox(shops.settings(), shops.auth_code(), name="main")
        authorize_connection("main", shops.auth_code())
        # Clients of this process know the first consent still.
        tasks.shops._tiktok.cache_clear()
        shops.tiktok.calls.clear()
        yield connection_id
    stamina.set_testing(False)


@pytest.fixture
def run(sqlite_database: Database, connection_id: int, clock: Clock) -> Run:
    with sqlite_database.write() as session:
        plan = Plan(connection_id=connection_id, flow="authorization_watch", created_at=clock())
        session.add(plan)
        session.flush()
        return Run("authorization_watch", "main", connection_id, plan.key, int(clock().timestamp()))


def stored(store: Database, connection_id: int) -> Connection:
    with store.read() as session:
        return session.get_one(Connection, connection_id)


def set_address(store: Database, connection_id: int, contact: str = "", failures: str = "") -> None:
    with store.write() as session:
        session.get_one(Connection, connection_id).contact_email = contact
        _, document = settings_in_force(session, connection_id)
        document.orders.failure_email = failures
        store_settings(session, connection_id, document, note="test", now=datetime.now().astimezone())


# Refreshing ahead ---------------------------------------------------------------------------------------------------


def test_a_token_is_refreshed_when_a_third_of_its_life_is_left_and_not_before(
    shops: Sandbox, clock: Clock, sqlite_database: Database, connection_id: int
) -> None:
    before = stored(sqlite_database, connection_id)
    assert before.access_expires_at is not None
    clock.now = before.access_expires_at - timedelta(days=7) / 3 - timedelta(minutes=1)
    assert authorization.refresh_ahead.fn(connection_id).counts == {}
    assert not shops.tiktok.calls
    clock.advance(minutes=2)
    assert authorization.refresh_ahead.fn(connection_id).counts == {"tokens refreshed": 1}
    after = stored(sqlite_database, connection_id)
    assert after.access_expires_at is not None
    assert after.access_expires_at > before.access_expires_at
    assert after.refresh_token_secret != before.refresh_token_secret
    # Once; and what others do with it works.
    assert authorization.refresh_ahead.fn(connection_id).counts == {}
    assert open_shops(connection_id).tiktok.shops()
    assert shops.tiktok.calls["GET /api/v2/token/refresh"] == 1


def test_a_refused_refresh_stops_the_connection(
    shops: Sandbox, clock: Clock, sqlite_database: Database, connection_id: int
) -> None:
    shops.tiktok.tokens.revoke_all()
    clock.advance(days=6)
    assert authorization.refresh_ahead.fn(connection_id).failures == []
    assert stored(sqlite_database, connection_id).authorization is EXPIRED
    shops.tiktok.calls.clear()
    assert authorization.refresh_ahead.fn(connection_id).counts == {}
    assert not shops.tiktok.calls


def test_a_token_host_that_is_not_there_is_a_failure_and_stops_nothing(
    clock: Clock, sqlite_database: Database, connection_id: int
) -> None:
    with sqlite_database.write() as session:
        session.get_one(Connection, connection_id).tiktok_auth_url = "http://127.0.0.1:1"
    clock.advance(days=6)
    report = authorization.refresh_ahead.fn(connection_id)
    assert report.counts == {"refreshes failed": 1}
    assert stored(sqlite_database, connection_id).authorization is AUTHORIZED


# Runs of a connection that is not authorized ------------------------------------------------------------------------


def test_a_call_that_is_refused_for_good_stops_the_connection_and_the_next_run_asks_nothing(
    shops: Sandbox, clock: Clock, sqlite_database: Database, connection_id: int
) -> None:
    shops.tiktok.tokens.revoke_all()
    with pytest.raises(NotAuthorized) as raised, run_alone("x", "main", {}, dry_run=False, turn="x"):
        open_shops(connection_id).tiktok.shops()
    assert (raised.value.failure.code, raised.value.plan) == ("not_authorized", 1)
    assert raised.value.failure.fix == "Run: connector connection authorize main"
    assert stored(sqlite_database, connection_id).authorization is EXPIRED
    shops.tiktok.calls.clear()
    with pytest.raises(NotAuthorized), run_alone("x", "main", {}, dry_run=False, turn="x"):
        raise AssertionError("it does not begin")
    assert not shops.tiktok.calls
    with run_alone("x", "main", {}, dry_run=False, turn="x", without_authorization=True) as begun:
        assert begun.connection_id == connection_id


def test_nothing_runs_before_a_shop_was_chosen(
    clock: Clock, sqlite_database: Database, connection_id: int, run: Run
) -> None:
    with sqlite_database.write() as session:
        session.get_one(Connection, connection_id).shop_id = ""
    with pytest.raises(NotAuthorized) as raised, run_alone("x", "main", {}, dry_run=False, turn="x"):
        raise AssertionError("it does not begin")
    assert raised.value.failure.fix.startswith("Run: connector connection authorize main --shop NAME")
    assert "not chosen" in authorization.tell_standing.fn(run).failures[0].cause
    authorize_connection("main")
    with run_alone("x", "main", {}, dry_run=False, turn="x") as begun:
        assert begun.connection_id == connection_id


def test_a_late_refusal_does_not_stop_a_connection_that_was_authorized_again(
    shops: Sandbox, clock: Clock, sqlite_database: Database, connection_id: int
) -> None:
    keeper = authorization._keeper(connection_id)
    old = keeper.load().access_token
    authorize_connection("main", shops.auth_code())
    keeper.lost(old)
    assert stored(sqlite_database, connection_id).authorization is AUTHORIZED
    keeper.lost(keeper.load().access_token)
    assert stored(sqlite_database, connection_id).authorization is EXPIRED


# Withdrawn ----------------------------------------------------------------------------------------------------------


def test_a_withdrawn_consent_forgets_the_tokens(
    shops: Sandbox, clock: Clock, sqlite_database: Database, connection_id: int
) -> None:
    assert authorization.deauthorize(connection_id, clock.advance(minutes=1))
    connection = stored(sqlite_database, connection_id)
    assert connection.authorization is REVOKED
    assert connection.access_token_secret == connection.refresh_token_secret == ""
    assert authorization.standing(connection_id).text == "revoked"
    shops.tiktok.calls.clear()
    with pytest.raises(ReauthorizationNeeded, match="no token") as raised:
        authorization._keeper(connection_id).load()
    assert "withdrew" in raised.value.cause
    assert authorization.refresh_ahead.fn(connection_id).counts == {}
    assert not shops.tiktok.calls


def test_a_message_from_before_the_consent_and_one_for_no_consent_are_of_no_account(
    clock: Clock, sqlite_database: Database, connection_id: int
) -> None:
    assert not authorization.deauthorize(connection_id, clock() - timedelta(minutes=1))
    assert stored(sqlite_database, connection_id).authorization is AUTHORIZED
    authorization.note_expiry(connection_id, clock() + timedelta(days=12), clock() - timedelta(minutes=1))
    assert authorization.standing(connection_id).days_left == 365
    with sqlite_database.write() as session:
        session.get_one(Connection, connection_id).authorization = AuthorizationState.NONE
    assert not authorization.deauthorize(connection_id)
    assert stored(sqlite_database, connection_id).authorization is AuthorizationState.NONE


# Told ---------------------------------------------------------------------------------------------------------------


def test_the_countdown_is_mailed_once_a_step_to_the_contact_address(
    shops: Sandbox, clock: Clock, sqlite_database: Database, connection_id: int, run: Run, postbox: Postbox
) -> None:
    set_address(sqlite_database, connection_id, contact="owner@example.org", failures="orders@example.org")
    until = stored(sqlite_database, connection_id).refresh_expires_at
    assert until is not None
    for left in (31, 30, 29, 14, 13, 6, 0.5, 0.1):
        clock.now = until - timedelta(days=left)
        told = authorization.tell_standing.fn(run)
        assert told.counts["days left"] == int(left)
        assert authorization.tell_standing.fn(run).counts == {"days left": int(left)}
    assert [mail["Subject"] for mail in postbox.mails] == [
        f"[TikTok Shop] main: the authorization ends in {span}"
        for span in ("30 days", "14 days", "6 days", "less than a day")
    ]
    assert {to for envelope in postbox.envelopes for to in envelope.rcpt_tos} == {"owner@example.org"}
    assert "connector connection authorize main" in postbox.mails[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_warning_of_tiktok_shop_starts_the_countdown_until_the_next_consent(
    shops: Sandbox, clock: Clock, connection_id: int, run: Run
) -> None:
    authorization.note_expiry(connection_id, clock() + timedelta(days=12, hours=1))
    assert authorization.standing(connection_id).text == "authorized, 12 days left"
    assert authorization.tell_standing.fn(run, dry_run=True).counts == {"days left": 12, "to be told": 1}
    authorize_connection("main", shops.auth_code())
    assert authorization.standing(connection_id).days_left == 365


def test_a_withdrawn_consent_is_a_failure_each_time_and_mailed_once_where_a_mail_gets_through(
    clock: Clock, sqlite_database: Database, connection_id: int, run: Run, postbox: Postbox
) -> None:
    authorization.deauthorize(connection_id)
    assert authorization.tell_standing.fn(run).counts == {"not authorized": 1, "not told: no address": 1}
    set_address(sqlite_database, connection_id, failures="orders@example.org")
    postbox.rcpt_answer = "550 no"
    refused = authorization.tell_standing.fn(run)
    assert [failure.code for failure in refused.failures] == ["not_authorized", "smtp_recipient"]
    postbox.rcpt_answer = ""
    assert authorization.tell_standing.fn(run).counts == {"not authorized": 1, "told": 1}
    clock.advance(days=3)
    assert authorization.tell_standing.fn(run).counts == {"not authorized": 1}
    assert [mail["Subject"] for mail in postbox.mails] == ["[TikTok Shop] main: the authorization was withdrawn"]


def test_without_a_mail_server_telling_is_a_failure(sqlite_database: Database, connection_id: int, run: Run) -> None:
    set_address(sqlite_database, connection_id, contact="owner@example.org")
    authorization.deauthorize(connection_id)
    assert authorization.tell_standing.fn(run).failures[-1].code == "smtp_not_set"


# Again --------------------------------------------------------------------------------------------------------------


def test_after_a_new_consent_everything_is_verified_anew_and_orders_are_searched_from_where_they_stood(
    shops: Sandbox, clock: Clock, sqlite_database: Database, connection_id: int, run: Run
) -> None:
    for sweep in ("prices", "stock", "price audit"):
        with timed_sweep(connection_id, sweep, clock(), at_least=timedelta(days=1)):
            pass
    set_watermark_now(connection_id, "status_sweep", clock().isoformat())
    set_watermark_now(connection_id, "orders", "1795000000")
    with sqlite_database.write() as session:
        for key in ("authorization:withdrawn:2026-11-20", "order:577:no_stock"):
            session.add(Notice(connection_id=connection_id, key=key, told_at=clock()))
    authorization.deauthorize(connection_id)
    assert not due(connection_id, "prices", clock())
    authorize_connection("main", shops.auth_code())
    assert stored(sqlite_database, connection_id).authorization is AUTHORIZED
    assert all(due(connection_id, sweep, clock()) for sweep in ("prices", "stock", "price audit"))
    assert sweep_is_due(connection_id, clock())
    with sqlite_database.read() as session:
        assert session.get_one(Watermark, (connection_id, "orders")).value == "1795000000"
        assert list(session.exec(select(Notice.key))) == ["order:577:no_stock"]
        assert session.exec(select(Touched)).all() == []  # nothing is listed here
    assert open_shops(connection_id).tiktok.shops()


def test_a_kill_amid_a_consent_leaves_nothing_that_runs_without_being_verified(
    shops: Sandbox, clock: Clock, sqlite_database: Database, connection_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorization.deauthorize(connection_id)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(consent, "resume", killed)
    with pytest.raises(KeyboardInterrupt):
        authorize_connection("main", shops.auth_code())
    left = stored(sqlite_database, connection_id)
    assert (left.authorization, left.access_token_secret) == (REVOKED, "")


def test_another_shops_consent_does_not_take_the_place_of_the_tokens_that_work(
    shops: Sandbox, clock: Clock, sqlite_database: Database, connection_id: int
) -> None:
    before = stored(sqlite_database, connection_id)
    for shop_id, region, code in (("other", "GB", "other-shop"), (before.shop_id, "DE", "wrong-region")):
        with sqlite_database.write() as session:
            connection = session.get_one(Connection, connection_id)
            connection.shop_id, connection.region = shop_id, region
        with pytest.raises(ConfigurationFault) as raised:
            authorize_connection("main", shops.auth_code())
        assert raised.value.code == code
        assert "another connection" in raised.value.fix
    assert stored(sqlite_database, connection_id).access_token_secret == before.access_token_secret


def test_no_secret_in_what_is_shown(sqlite_database: Database, connection_id: int, tmp_path: Path) -> None:
    tokens = authorization._keeper(connection_id).load()
    shown = repr(authorization.standing_rows(connection_id)) + repr(authorization.standing(connection_id))
    assert tokens.access_token not in shown
    assert tokens.refresh_token not in shown
