"""A TikTok Shop that answers from the example files, and a client that talks to it without a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import stamina

from clients.tiktok.auth import App, MemoryTokenStore, Tokens
from clients.tiktok.client import TikTokClient

EXAMPLES = Path(__file__).parents[2] / "data" / "tiktok-shop-examples"
APP = App(app_key="6ahmtest01", app_secret="app-secret-FAKE-0001", service_id="7000000000000000001")
CIPHER = "GCP_TestAAAAcipher-_01"

Answering = Callable[[httpx.Request], httpx.Response]


def example(name: str) -> Any:
    """The content of an example file."""
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def query_of(request: httpx.Request) -> dict[str, str]:
    """The query as a server reads it from the raw URL."""
    return dict(parse_qsl(request.url.raw_path.partition(b"?")[2].decode("ascii"), keep_blank_values=True))


class FakeShop:
    """Answers calls in the order told, the last answer again and again, and remembers every request."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._answers: list[httpx.Response | Exception | Answering] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def answers(self, *answers: httpx.Response | Exception | Answering | str) -> None:
        """Set the answers to come; a text names an example file."""
        self._answers = [
            httpx.Response(200, json=example(answer)) if isinstance(answer, str) else answer for answer in answers
        ]

    def refuses(self, code: int, status: int = 200, message: str = "refused", **headers: str) -> httpx.Response:
        """An answer with an error code."""
        envelope = {"code": code, "message": message, "request_id": "REQ-1", "data": None}
        return httpx.Response(status, json=envelope, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def accepts(self, data: Any) -> httpx.Response:
        """An answer with data."""
        return httpx.Response(200, json={"code": 0, "message": "Success", "request_id": "REQ-0", "data": data})


def tokens_at(now: datetime, number: int = 1, days: float = 7) -> Tokens:
    """A fresh pair."""
    return Tokens(
        access_token=f"TTP_ACCESS_{number:030}",
        access_expires_at=now + timedelta(days=days),
        refresh_token=f"TTP_REFRESH_{number:030}",
        refresh_expires_at=now + timedelta(days=365),
    )


@pytest.fixture
def shop() -> FakeShop:
    """The shop's side."""
    return FakeShop()


@pytest.fixture
def store(clock: Callable[[], datetime]) -> MemoryTokenStore:
    """A week's worth of authorization."""
    return MemoryTokenStore(tokens_at(clock()))


@pytest.fixture
def make_client(
    shop: FakeShop, store: MemoryTokenStore, clock: Callable[[], datetime]
) -> Iterator[Callable[..., TikTokClient]]:
    """Builds clients that talk to the fake shop."""
    with httpx.Client(transport=httpx.MockTransport(shop)) as http:
        yield lambda **options: TikTokClient(
            APP, store, **{"clock": clock, "shop_cipher": CIPHER, "http": http, **options}
        )


@pytest.fixture
def client(make_client: Callable[..., TikTokClient]) -> TikTokClient:
    """A client of the fake shop."""
    return make_client()


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


class Reading:
    """What tests read besides: the example files, and a query as a server sees it."""

    example = staticmethod(example)
    query = staticmethod(query_of)
    tokens = staticmethod(tokens_at)
    app = APP


@pytest.fixture
def read() -> Reading:
    """Examples, queries and tokens."""
    return Reading()
