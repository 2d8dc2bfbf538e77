"""What something in TikTok Shop's place may answer: bodies without end, redirects, JSON that is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from clients.errors import ConfigurationFault, ShopError, Unavailable, Uncertain
from clients.tiktok.client import TikTokClient


def endless(_: httpx.Request) -> httpx.Response:
    """An answer that goes on for as long as somebody reads."""

    def parts() -> Iterator[bytes]:
        while True:
            yield b"[" * 1_000_000

    return httpx.Response(200, content=parts())


def test_an_answer_without_end_is_left_off(client: TikTokClient, shop: Any) -> None:
    shop.answers(endless)
    with pytest.raises(Unavailable) as caught:
        client.shops()
    assert caught.value.code == "too-large"


def test_a_write_whose_answer_has_no_end_may_have_happened(client: TikTokClient, shop: Any) -> None:
    shop.answers(endless)
    with pytest.raises(Uncertain):
        client.create_brand("Acme")
    assert len(shop.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_takes_neither_token_nor_signature_with_it(
    make_client: Any, shop: Any, store: Any, status: int
) -> None:
    shop.answers(httpx.Response(status, headers={"Location": "https://evil.example/"}))
    http = httpx.Client(transport=httpx.MockTransport(shop), follow_redirects=True)
    with http, pytest.raises(ConfigurationFault):
        make_client(http=http).shops()
    assert [request.url.host for request in shop.requests] == ["open-api.tiktokglobalshop.com"]


@pytest.mark.parametrize("body", [b"[" * 1_000_000, b'{"a":' * 1_000_000, b"\xff\xfe", b"null", b'{"code": 1e400}'])
def test_what_is_no_envelope_is_one_of_our_errors(client: TikTokClient, shop: Any, body: bytes) -> None:
    shop.answers(httpx.Response(200, content=body))
    with pytest.raises(ShopError):
        client.shops()
