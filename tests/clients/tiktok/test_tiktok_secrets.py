"""No app secret, token, code or signature in a log line (at DEBUG, over a real port too), a repr or an exception."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from clients.errors import ShopError
from clients.tiktok.auth import App, Authorizer, MemoryTokenStore
from clients.tiktok.client import TikTokClient
from clients.tiktok.results import Shop
from tests.clients.tiktok.conftest import FakeShop

SECRET = "app-secret-FAKE-0001"
CIPHER = "GCP_TestAAAAcipher-_01"
CODE = "ROW_single-use-code"


def sent_secrets(shop: Any, read: Any, store: MemoryTokenStore) -> set[str]:
    """Everything that went over the wire and must not be seen elsewhere."""
    tokens = store.load()
    signatures = {read.query(request).get("sign", SECRET) for request in shop.requests}
    return {SECRET, CODE, CIPHER, tokens.access_token, tokens.refresh_token, *signatures}


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Every log line there is."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "clients"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def test_logs_of_calls_and_token_requests(
    client: TikTokClient, shop: Any, read: Any, store: Any, clock: Any, everything: pytest.LogCaptureFixture
) -> None:
    shop.answers("warehouses-response")
    client.warehouses()
    shop.answers("auth-token-get-response", "auth-token-refresh-response")
    with httpx.Client(transport=httpx.MockTransport(shop)) as http:
        authorizer = Authorizer(read.app, http=http, clock=clock)
        authorizer.exchange(CODE)
        authorizer.refresh(store.load())
    assert len(shop.requests) == 3
    # The lines are there, only without what is secret.
    assert "GET /logistics/202309/warehouses code=0 request_id=20260922101500ABCDEF01000000000013" in everything.text
    assert "https://auth.tiktok-shops.com/api/v2/token/get" in everything.text
    assert not [secret for secret in sent_secrets(shop, read, store) if secret in everything.text]
    assert "app_secret" not in everything.text


def test_the_queries_of_other_peoples_requests_stay_in_the_log(everything: pytest.LogCaptureFixture) -> None:
    with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200))) as http:
        http.get("https://shop.example/api/products?limit=5")
    assert "https://shop.example/api/products?limit=5" in everything.text


@pytest.fixture
def server() -> Iterator[str]:
    """A real port that answers every call with a dead authorization."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"code": 36004004, "message": "no", "request_id": "R"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_logs_and_errors_over_a_real_connection(
    server: str, read: Any, store: Any, clock: Any, everything: pytest.LogCaptureFixture
) -> None:
    with TikTokClient(read.app, store, clock=clock, shop_cipher=CIPHER, api_url=server, auth_url=server) as client:
        with pytest.raises(ShopError) as first:
            client.warehouses()
        clock.advance(days=8)
        with pytest.raises(ShopError) as second:
            client.warehouses()
    tokens = store.load()
    shown = everything.text + "".join(
        traceback.format_exception(first.value) + traceback.format_exception(second.value)
    )
    assert "httpcore" in shown
    secrets = (SECRET, CIPHER, tokens.access_token, tokens.refresh_token, "sign=")
    assert not [secret for secret in secrets if secret in shown]


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("https://x/?app_secret=app-secret-FAKE-0001"),
        httpx.ReadTimeout("app-secret-FAKE-0001"),
        httpx.ReadError("app-secret-FAKE-0001"),
        httpx.LocalProtocolError("Illegal header value b'app-secret-FAKE-0001'"),
        httpx.Response(500, content=b"app-secret-FAKE-0001"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_errors_of_every_kind(failure: Any, client: TikTokClient, shop: Any, read: Any, store: Any, clock: Any) -> None:
    shop.answers(failure)
    with httpx.Client(transport=httpx.MockTransport(shop)) as http:
        calls: list[Callable[[], Any]] = [
            client.warehouses,
            lambda: client.create_product({"title": "Mug"}),
            lambda: Authorizer(read.app, http=http, clock=clock).exchange(CODE),
        ]
        for call in calls:
            with pytest.raises(ShopError) as caught:
                call()
            error = caught.value
            shown = "".join(traceback.format_exception(error)) + repr(error) + error.cause + error.fix
            assert not [secret for secret in sent_secrets(shop, read, store) if secret in shown]


def test_what_the_platform_echoes_is_scrubbed(client: TikTokClient, shop: FakeShop, read: Any, store: Any) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        sign = read.query(request)["sign"]
        return shop.refuses(12059999, message=f"{SECRET} {request.headers['x-tts-access-token']} {sign} Mug")

    shop.answers(echo)
    with pytest.raises(ShopError) as caught:
        client.create_product({})
    assert caught.value.cause == "••• ••• ••• Mug"
    assert not [secret for secret in sent_secrets(shop, read, store) if secret in str(caught.value)]


def test_a_long_text_of_the_platform_is_shortened(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.refuses(12059999, message="x" * 10_000))
    with pytest.raises(ShopError) as caught:
        client.create_product({})
    assert len(caught.value.cause) == 300


def test_reprs(read: Any, store: Any) -> None:
    tokens = replace(store.load(), seller_name="Atelier Nord SARL")
    shown = repr([App("key", SECRET, "1"), tokens, store, Shop("1", "Nord", "FR", "LOCAL", CIPHER)])
    assert "key" in shown
    secrets = (SECRET, tokens.access_token, tokens.refresh_token, CIPHER, "Atelier")
    assert not [secret for secret in secrets if secret in shown]
