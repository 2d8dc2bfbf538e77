"""Tokens: consent, exchange, and one refresh for everybody, stored before it is used."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.errors import (
    AccessDenied,
    ConfigurationFault,
    ReauthorizationNeeded,
    Unavailable,
)
from clients.tiktok.auth import App, Authorizer, MemoryTokenStore, Tokens, callback_code, consent_url
from clients.tiktok.client import TikTokClient
from tests.clients.tiktok.conftest import FakeShop

APP = App(app_key="6ahmtest01", app_secret="app-secret-FAKE-0001", service_id="7000000000000000001")


@pytest.fixture
def authorizer(shop: Any, clock: Any) -> Iterator[Authorizer]:
    with httpx.Client(transport=httpx.MockTransport(shop)) as http:
        yield Authorizer(APP, http=http, clock=clock)


def grant(number: int, expires: datetime) -> dict[str, Any]:
    """The data of a token answer."""
    return {
        "access_token": f"TTP_ACCESS_{number:030}",
        "access_token_expire_in": int(expires.timestamp()),
        "refresh_token": f"TTP_REFRESH_{number:030}",
        "refresh_token_expire_in": int((expires + timedelta(days=300)).timestamp()),
    }


# Consent


@pytest.mark.parametrize(
    ("region", "host"),
    [("US", "services.us.tiktokshop.com"), ("us", "services.us.tiktokshop.com"), ("GB", "services.tiktokshop.com")],
)
def test_the_consent_page_depends_on_the_region(region: str, host: str) -> None:
    url = consent_url(APP, region, "a b&c")
    assert url == f"https://{host}/open/authorize?service_id=7000000000000000001&state=a+b%26c"


def test_another_server_may_stand_in_for_the_consent_page() -> None:
    url = consent_url(APP, "FR", "s", consent_url="http://127.0.0.1:8001/open/authorize")
    assert url.startswith("http://127.0.0.1:8001/open/authorize?service_id=")


def test_the_callback_yields_its_code() -> None:
    assert callback_code({"code": "ROW_abc", "state": "s"}, "s") == "ROW_abc"


@pytest.mark.parametrize(
    "query",
    [{"code": "null", "error": "auth_denied", "state": "s"}, {"state": "s"}, {"code": "ROW_abc", "state": "é"}, {}],
)
def test_a_declined_or_foreign_callback_asks_for_consent_again(query: dict[str, str]) -> None:
    with pytest.raises(ReauthorizationNeeded) as caught:
        callback_code(query, "s")
    assert "consent link" in caught.value.fix


# Exchange and refresh


def test_a_code_is_exchanged_for_tokens(authorizer: Authorizer, shop: Any, read: Any) -> None:
    shop.answers("auth-token-get-response")
    tokens = authorizer.exchange("ROW_code+/=")
    (request,) = shop.requests
    assert (request.method, request.url.host, request.url.path) == ("GET", "auth.tiktok-shops.com", "/api/v2/token/get")
    assert read.query(request) == {
        "app_key": "6ahmtest01",
        "app_secret": "app-secret-FAKE-0001",
        "auth_code": "ROW_code+/=",
        "grant_type": "authorized_code",
    }
    assert "x-tts-access-token" not in request.headers
    assert tokens.access_token == "TTP_ACCESS_AAAAAA0000000000000000000000000001"
    # Absolute time in spite of its name.
    assert tokens.access_expires_at == datetime.fromtimestamp(1790604800, UTC)
    assert tokens.refresh_expires_at == datetime.fromtimestamp(1821536000, UTC)
    assert tokens.open_id == "EXAMPLEOPENID00000001"
    assert "seller.product.write" in tokens.granted_scopes


def test_a_refresh_replaces_both_tokens(authorizer: Authorizer, shop: Any, read: Any, clock: Any) -> None:
    shop.answers("auth-token-refresh-response")
    old = read.tokens(clock())
    fresh = authorizer.refresh(old)
    (request,) = shop.requests
    assert request.url.path == "/api/v2/token/refresh"
    assert read.query(request)["refresh_token"] == old.refresh_token
    assert read.query(request)["grant_type"] == "refresh_token"
    assert fresh.refresh_token == "TTP_REFRESH_BBBB0000000000000000000000000002"


def test_what_a_refresh_leaves_out_is_kept(authorizer: Authorizer, shop: Any, read: Any, clock: Any) -> None:
    old = replace(read.tokens(clock()), open_id="OPEN", seller_name="Nord", granted_scopes=("a",))
    data = grant(2, clock() + timedelta(days=7))
    del data["refresh_token"]
    shop.answers(shop.accepts(data))
    fresh = authorizer.refresh(old)
    assert fresh.access_token != old.access_token
    assert (fresh.refresh_token, fresh.open_id, fresh.seller_name, fresh.granted_scopes) == (
        old.refresh_token,
        "OPEN",
        "Nord",
        ("a",),
    )


def test_a_used_code_asks_for_consent_again(authorizer: Authorizer, shop: Any) -> None:
    shop.answers("auth-token-error-response")
    with pytest.raises(ReauthorizationNeeded) as caught:
        authorizer.exchange("ROW_used")
    assert (caught.value.code, len(shop.requests)) == ("36004004", 1)
    assert "consent link" in caught.value.fix


def test_an_expired_authorization_is_not_even_tried(authorizer: Authorizer, shop: Any, read: Any, clock: Any) -> None:
    with pytest.raises(ReauthorizationNeeded):
        authorizer.refresh(replace(read.tokens(clock()), refresh_expires_at=clock()))
    assert shop.requests == []


def test_the_authorization_host_is_asked_three_times(authorizer: Authorizer, shop: Any) -> None:
    shop.answers(httpx.ReadTimeout("t"), httpx.Response(503), "auth-token-get-response")
    assert authorizer.exchange("ROW_code").access_token
    shop.answers(httpx.Response(503))
    with pytest.raises(Unavailable):
        authorizer.exchange("ROW_code")
    assert len(shop.requests) == 6


@pytest.mark.parametrize("data", [None, {"access_token": "x"}, {"access_token": "x", "access_token_expire_in": "?"}])
def test_an_answer_without_tokens_is_a_wrong_address(data: Any, authorizer: Authorizer, shop: Any) -> None:
    shop.answers(shop.accepts(data))
    with pytest.raises(ConfigurationFault):
        authorizer.exchange("ROW_code")


# In use


class Platform:
    """Takes one access token at a time and hands out the next for the right refresh token."""

    def __init__(self, shop: FakeShop, clock: Any) -> None:
        self.shop, self.clock, self.valid, self.refreshes, self.lifetime = shop, clock, 1, 0, timedelta(days=7)
        self._lock = threading.Lock()
        shop.answers(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v2/token/refresh":
            with self._lock:
                if f"refresh_token=TTP_REFRESH_{self.valid:030}" not in str(request.url):
                    return self.shop.refuses(36004004)
                self.refreshes += 1
                self.valid += 1
                return self.shop.accepts(grant(self.valid, self.clock() + self.lifetime))
        if request.headers["x-tts-access-token"] != f"TTP_ACCESS_{self.valid:030}":
            return self.shop.refuses(105002, 401)
        return self.shop.accepts({"warehouses": [{"id": "1"}]})


@pytest.fixture
def platform(shop: FakeShop, clock: Any) -> Platform:
    return Platform(shop, clock)


def test_a_token_with_days_left_is_used(client: TikTokClient, platform: Platform) -> None:
    client.warehouses()
    assert platform.refreshes == 0


def test_a_token_is_refreshed_a_day_ahead(client: TikTokClient, platform: Platform, clock: Any, store: Any) -> None:
    clock.advance(days=6, hours=1)
    client.warehouses()
    client.warehouses()
    assert platform.refreshes == 1
    assert store.load().access_token == f"TTP_ACCESS_{2:030}"
    assert [r.url.path.rsplit("/", 1)[1] for r in platform.shop.requests] == ["refresh", "warehouses", "warehouses"]


@pytest.mark.parametrize("code", [105001, 105002])
def test_a_refused_token_is_replaced_and_the_call_replayed(
    code: int, client: TikTokClient, platform: Platform, shop: Any
) -> None:
    platform.valid = 1
    shop.answers(shop.refuses(code, 401), platform.answer)
    assert client.warehouses() == [{"id": "1"}]
    assert platform.refreshes == 1


def test_a_write_is_replayed_too(client: TikTokClient, shop: Any, clock: Any) -> None:
    fresh = shop.accepts(grant(2, clock() + timedelta(days=7)))
    shop.answers(shop.refuses(105002, 401), fresh, "product-create-response")
    client.create_product({"title": "Mug"})
    first, _, second = shop.requests
    assert first.content == second.content
    assert second.headers["x-tts-access-token"] == f"TTP_ACCESS_{2:030}"


def test_a_fresh_token_that_is_refused_ends_it(client: TikTokClient, shop: Any, clock: Any) -> None:
    fresh = shop.accepts(grant(2, clock() + timedelta(days=7)))
    shop.answers(shop.refuses(105002, 401), fresh, shop.refuses(105002, 401))
    with pytest.raises(ReauthorizationNeeded, match="fresh token"):
        client.warehouses()
    assert len(shop.requests) == 3


def test_a_dead_refresh_token_asks_for_consent(client: TikTokClient, shop: Any, store: Any) -> None:
    before = store.load()
    shop.answers(shop.refuses(105002, 401), "auth-token-error-response")
    with pytest.raises(ReauthorizationNeeded) as caught:
        client.warehouses()
    assert caught.value.code == "36004004"
    assert store.load() == before


def test_a_missing_scope_is_not_a_matter_of_refreshing(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.refuses(105005, 401))
    with pytest.raises(AccessDenied) as caught:
        client.warehouses()
    assert "authorize the shop again" in caught.value.fix
    assert len(shop.requests) == 1


def test_a_pair_somebody_else_refreshed_is_taken_over(
    client: TikTokClient, platform: Platform, store: Any, read: Any, clock: Any
) -> None:
    client.warehouses()
    platform.valid = 2
    store.save(read.tokens(clock(), number=2))
    client.warehouses()
    assert platform.refreshes == 0


def test_the_new_pair_is_stored_before_it_is_used(
    make_client: Callable[..., TikTokClient], platform: Platform, clock: Any, store: Any
) -> None:
    class FullDisk(MemoryTokenStore):
        def save(self, tokens: Tokens) -> None:
            raise OSError("no space left")

    clock.advance(days=6, hours=1)
    with httpx.Client(transport=httpx.MockTransport(platform.shop)) as http:
        client = TikTokClient(APP, FullDisk(store.load()), clock=clock, shop_cipher="GCP_x", http=http)
        with pytest.raises(OSError, match="no space"):
            client.warehouses()
    assert [request.url.path for request in platform.shop.requests] == ["/api/v2/token/refresh"]


def test_a_sick_authorization_host_stops_nobody_before_the_token_expires(
    client: TikTokClient, platform: Platform, shop: Any, clock: Any
) -> None:
    def sick(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503) if "/token/" in request.url.path else platform.answer(request)

    shop.answers(sick)
    clock.advance(days=6, hours=1)
    client.warehouses()
    client.warehouses()
    asked = [request.url.path for request in shop.requests].count("/api/v2/token/refresh")
    assert asked == 3
    # It is asked again after a pause; once the token has expired there is no way round.
    clock.advance(minutes=6)
    client.warehouses()
    assert [request.url.path for request in shop.requests].count("/api/v2/token/refresh") == 6
    clock.advance(days=1)
    with pytest.raises(Unavailable):
        client.warehouses()


def test_short_lived_tokens_are_not_refreshed_for_every_call(
    client: TikTokClient, platform: Platform, clock: Any
) -> None:
    platform.lifetime = timedelta(hours=7)
    clock.advance(days=6, hours=1)
    for _ in range(5):
        client.warehouses()
    assert platform.refreshes == 1
    clock.advance(hours=6, minutes=5)
    client.warehouses()
    assert platform.refreshes == 2


def test_threads_share_one_refresh(client: TikTokClient, platform: Platform, clock: Any) -> None:
    clock.advance(days=8)
    barrier = threading.Barrier(8)
    results: list[Any] = []

    def work() -> None:
        barrier.wait()
        results.append(client.warehouses())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[{"id": "1"}]] * 8
    assert platform.refreshes == 1


# Several processes: a store in a file, a platform on a port


class FileTokenStore:
    """Tokens in a file, the lock on a second one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Tokens:
        data = json.loads(self.path.read_text())
        return Tokens(
            access_token=data["access_token"],
            access_expires_at=datetime.fromisoformat(data["access_expires_at"]),
            refresh_token=data["refresh_token"],
            refresh_expires_at=datetime.fromisoformat(data["refresh_expires_at"]),
        )

    @contextmanager
    def lock(self) -> Iterator[None]:
        with self.path.with_suffix(".lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def lost(self, access_token: str) -> None:
        raise AssertionError("no pair is lost here")

    def save(self, tokens: Tokens) -> None:
        data = {
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "access_expires_at": tokens.access_expires_at.isoformat(),
            "refresh_expires_at": tokens.refresh_expires_at.isoformat(),
        }
        temporary = self.path.with_suffix(".new")
        temporary.write_text(json.dumps(data))
        temporary.replace(self.path)


def call_from_a_process(path: Path, url: str, now: datetime, start: Any, results: Any) -> None:
    """Four calls by each of two threads."""
    with TikTokClient(
        APP, FileTokenStore(path), clock=lambda: now, shop_cipher="GCP_x", api_url=url, auth_url=url
    ) as client:
        start.wait()
        rows: list[Any] = []
        threads = [
            threading.Thread(target=lambda: rows.extend(client.warehouses() for _ in range(4))) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        results.put(len(rows))


def test_processes_share_one_refresh(tmp_path: Path, shop: Any, clock: Any, read: Any) -> None:
    platform = Platform(shop, clock)
    platform.valid = 2  # the stored access token is already dead, its refresh token is not
    expired = replace(read.tokens(clock(), number=2), access_token="TTP_ACCESS_dead")
    store = FileTokenStore(tmp_path / "tokens.json")
    store.save(expired)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = f"http://platform{self.path}"
            answer = platform.answer(httpx.Request("GET", url, headers=dict(self.headers.items())))
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        context = multiprocessing.get_context("spawn")
        start, results = context.Barrier(3), context.Queue()
        url = f"http://127.0.0.1:{server.server_port}"
        processes = [
            context.Process(target=call_from_a_process, args=(store.path, url, clock(), start, results))
            for _ in range(3)
        ]
        for process in processes:
            process.start()
        counts = [results.get(timeout=60) for _ in processes]
        for process in processes:
            process.join()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert counts == [8, 8, 8]
    assert platform.refreshes == 1
    assert store.load().access_token == f"TTP_ACCESS_{3:030}"
