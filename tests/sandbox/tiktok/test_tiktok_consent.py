"""Consent page and token host: codes are used once, refresh tokens rotate, expiries are absolute."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.sandbox.tiktok.seller_app import SellerApp


def decide(app: SellerApp, decision: str) -> httpx.Response:
    """Open the consent page and follow the seller's choice."""
    page = app.http.get("/open/authorize", params={"service_id": app.world.service_id, "state": "s&<1>"})
    link = re.search(rf'id="{decision}" href="([^"]+)"', page.text)
    assert link is not None
    return app.http.get(unescape(link[1]))


def test_approval_returns_to_the_redirect_url_with_a_code(app: SellerApp) -> None:
    app.world.redirect_url = "http://connector.test/callback"

    answer = decide(app, "approve")

    target = urlsplit(answer.headers["location"])
    query = {key: values[0] for key, values in parse_qs(target.query).items()}
    assert (answer.status_code, target.netloc, target.path) == (302, "connector.test", "/callback")
    assert (query["state"], query["app_key"]) == ("s&<1>", app.world.app_key)
    assert (query["locale"], query["shop_region"]) == ("en-GB", "GB")
    assert app.exchange(query["code"]).json()["code"] == 0


def test_denial_returns_the_word_null(app: SellerApp) -> None:
    app.world.redirect_url = "http://connector.test/callback?from=tiktok"

    query = parse_qs(urlsplit(decide(app, "deny").headers["location"]).query)

    assert (query["code"], query["error"], query["from"]) == (["null"], ["auth_denied"], ["tiktok"])


def test_a_page_for_an_unknown_app_is_an_error(app: SellerApp) -> None:
    assert app.http.get("/open/authorize", params={"service_id": "1", "state": "x"}).status_code == 400


def test_a_code_works_once(app: SellerApp) -> None:
    code = app.world.auth_code()
    assert app.exchange(code).json()["code"] == 0
    again = app.exchange(code)
    assert (again.status_code, again.json()["code"], again.json()["data"]) == (200, 36004004, None)


def test_a_code_lives_half_an_hour(app: SellerApp) -> None:
    code = app.world.auth_code()
    app.clock.pass_(minutes=30)
    assert app.exchange(code).json()["code"] == 36004004


def test_expiries_are_points_in_time(app: SellerApp) -> None:
    data = app.exchange(app.world.auth_code()).json()["data"]
    now = int(app.clock().timestamp())
    assert data["access_token_expire_in"] == now + 7 * 86400
    assert data["refresh_token_expire_in"] == now + 365 * 86400
    assert "seller.product.write" in data["granted_scopes"]


def test_refreshing_replaces_both_tokens(app: SellerApp) -> None:
    old = app.exchange(app.world.auth_code()).json()["data"]
    new = app.refresh(old["refresh_token"]).json()["data"]

    app.token = old["access_token"]
    assert app.ask("GET", "/authorization/202309/shops", cipher=False)["code"] == 105001
    app.token = new["access_token"]
    assert app.ask("GET", "/authorization/202309/shops", cipher=False)["code"] == 0
    assert app.refresh(old["refresh_token"]).json()["code"] == 36004004


def test_the_authorization_ends_after_a_year_however_often_it_is_refreshed(app: SellerApp) -> None:
    data = app.exchange(app.world.auth_code()).json()["data"]
    app.clock.pass_(days=200)
    data = app.refresh(data["refresh_token"]).json()["data"]
    app.clock.pass_(days=165)
    assert app.refresh(data["refresh_token"]).json()["code"] == 36004004


def test_wrong_grant_type_or_secret(app: SellerApp) -> None:
    code = app.world.auth_code()
    assert app.exchange(code, grant_type="authorization_code").json()["code"] == 98001004
    query = {"app_key": app.world.app_key, "app_secret": "no", "auth_code": code, "grant_type": "authorized_code"}
    assert app.http.get("/api/v2/token/get", params=query).json()["code"] == 36009004


def test_a_revoked_authorization(app: SellerApp) -> None:
    app.http.post("/_sandbox/revoke", json={})
    assert app.ask("GET", "/authorization/202309/shops", cipher=False)["code"] == 105001
