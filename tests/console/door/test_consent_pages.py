"""The redirect after consent: a state works once and for its connection; of several shops one is chosen."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from clients.errors import ReauthorizationNeeded
from clients.tiktok.results import Shop
from console.door.app import door_app
from models.connections import AuthorizationState, Connection, find_connection
from models.database import Database
from sandbox.server import Sandbox
from tasks import consent
from tasks.consent import begin_consent, code_of_callback
from tasks.shops import utc_now
from tests.console.conftest import Cli
from tests.door_messages import Prefect, TestClient

pytestmark = pytest.mark.usefixtures("asked")


@pytest.fixture
def asked(cli: Cli, add_words: list[str]) -> None:
    """A connection that waits for consent."""
    assert cli("connection", "add", "main", *add_words).status == 0


@pytest.fixture
def open_door(asked: None, prefect: Prefect) -> TestClient:
    return TestClient(door_app(hands=prefect.hands), base_url="http://127.0.0.1:4280")


def come_back(door: TestClient, **query: str) -> tuple[int, str]:
    answer = door.get("/tiktok/callback", params=query)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "http" not in answer.text.replace("http-equiv", "")
    return answer.status_code, answer.text


def connection_in(store: Database) -> Connection:
    with store.read() as session:
        return find_connection(session, "main")


def test_consent_authorizes_the_connection_of_its_state(open_door: TestClient, shops: Sandbox, store: Database) -> None:
    _, state = begin_consent("main")
    status, text = come_back(open_door, code=shops.auth_code(), state=state)
    assert (status, "Connection main now works with" in text) == (200, True)
    assert connection_in(store).authorization is AuthorizationState.AUTHORIZED
    # Once.
    status, text = come_back(open_door, code=shops.auth_code(), state=state)
    assert (status, "Open the consent link again" in text) == (400, True)


@pytest.mark.parametrize("state", ["", "foreign"])
def test_a_foreign_state_is_refused(open_door: TestClient, shops: Sandbox, store: Database, state: str) -> None:
    begin_consent("main")
    assert come_back(open_door, code=shops.auth_code(), state=state)[0] == 400
    assert connection_in(store).authorization is AuthorizationState.NONE


def test_a_state_ends_after_half_an_hour(
    open_door: TestClient, shops: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, state = begin_consent("main")
    now = utc_now()
    monkeypatch.setattr(consent, "utc_now", lambda: now + timedelta(minutes=31))
    assert come_back(open_door, code=shops.auth_code(), state=state)[0] == 400


def test_a_refusal_of_the_merchant(open_door: TestClient) -> None:
    _, state = begin_consent("main")
    status, text = come_back(open_door, code="null", error="auth_denied", state=state)
    assert (status, "declined" in text) == (400, True)


def test_a_used_code(open_door: TestClient, shops: Sandbox) -> None:
    code = shops.auth_code()
    assert come_back(open_door, code=code, state=begin_consent("main")[1])[0] == 200
    assert come_back(open_door, code=code, state=begin_consent("main")[1])[0] == 400


def test_what_is_shown_is_no_markup(open_door: TestClient) -> None:
    status, text = come_back(open_door, code="<script>", state="<script>alert(1)</script>")
    assert (status, "<script" in text) == (400, False)


@pytest.fixture
def two_shops(shops: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The consent covers a second shop of the region."""
    from clients.tiktok.client import TikTokClient

    covered = TikTokClient.shops

    def both(client: Any) -> list[Shop]:
        (first,) = covered(client)
        return [first, replace(first, id="2", name="Second & <Co>", cipher="c2", code="S2")]

    monkeypatch.setattr(TikTokClient, "shops", both)


@pytest.mark.usefixtures("two_shops")
def test_one_of_several_shops_is_chosen(open_door: TestClient, shops: Sandbox, store: Database) -> None:
    status, text = come_back(open_door, code=shops.auth_code(), state=begin_consent("main")[1])
    assert status == 200
    assert "Second &amp; &lt;Co&gt;" in text
    assert connection_in(store).shop_id == ""
    assert not connection_in(store).is_authorized, "who closes this page leaves nothing running"
    (ticket,) = re.findall(r'name="ticket" value="([^"]+)"', text)
    answer = open_door.post("/tiktok/shop", data={"ticket": ticket, "shop": "2"})
    assert (answer.status_code, "Second &amp; &lt;Co&gt; (GB)" in answer.text) == (200, True)
    assert connection_in(store).shop_id == "2"
    assert connection_in(store).is_authorized
    again = open_door.post("/tiktok/shop", data={"ticket": ticket, "shop": "2"})
    assert (again.status_code, "no longer open" in again.text) == (400, True)


@pytest.mark.usefixtures("two_shops")
@pytest.mark.parametrize("form", [{}, {"shop": ""}, {"shop": "3"}])
def test_a_shop_that_was_not_offered(
    open_door: TestClient, shops: Sandbox, store: Database, form: dict[str, str]
) -> None:
    _, text = come_back(open_door, code=shops.auth_code(), state=begin_consent("main")[1])
    (ticket,) = re.findall(r'name="ticket" value="([^"]+)"', text)
    assert open_door.post("/tiktok/shop", data={"ticket": ticket, **form}).status_code == 400
    assert connection_in(store).shop_id == ""


def test_a_pasted_state_works_once_too() -> None:
    _, state = begin_consent("main")
    assert code_of_callback("main", {"code": "abc", "state": state}) == "abc"
    with pytest.raises(ReauthorizationNeeded):
        code_of_callback("main", {"code": "abc", "state": state})
