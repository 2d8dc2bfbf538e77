"""Signatures: the published vectors, and whatever is sent verifies from the raw request alone."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.tiktok.auth import App, MemoryTokenStore, Tokens
from clients.tiktok.client import TikTokClient
from clients.tiktok.signing import encode_query, sign

VECTORS = json.loads(
    (Path(__file__).parents[2] / "data" / "tiktok-shop-examples" / "signing-vectors.json").read_text("utf-8")
)["vectors"]
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SECRET = "app-secret-FAKE-0001"
STORE = MemoryTokenStore(Tokens("TTP_ACCESS_1", NOW.replace(month=12), "TTP_REFRESH_1", NOW.replace(month=12)))


def server_side_sign(request: httpx.Request) -> str:
    """Section 1.7 written down a second time, over the bytes on the wire."""
    path, _, query = request.url.raw_path.partition(b"?")
    pairs = [tuple(unquote_to_bytes(part) for part in pair.split(b"=", 1)) for pair in query.split(b"&") if pair]
    text = path + b"".join(key + value for key, value in sorted(pairs) if key not in (b"sign", b"access_token"))
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        text += request.content
    secret = SECRET.encode()
    return hmac.new(secret, secret + text + secret, hashlib.sha256).hexdigest()


def sent_sign(request: httpx.Request) -> str:
    return httpx.QueryParams(request.url.query)["sign"]


def caught(requests: list[httpx.Request]) -> TikTokClient:
    """A client whose requests end up in the list; every call is accepted."""

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        requests.append(request)
        data = {"uri": "u", "id": "1", "product_id": "1"}
        return httpx.Response(200, json={"code": 0, "data": data})

    return TikTokClient(
        App("6ahmtest01", SECRET, "1"),
        STORE,
        clock=lambda: NOW,
        shop_cipher="GCP_Test+/=cipher",
        http=httpx.Client(transport=httpx.MockTransport(answer)),
    )


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_vectors(vector: dict[str, Any]) -> None:
    body = (vector["body"] or "").encode()
    multipart = vector["content_type"].startswith("multipart/")
    assert sign(vector["app_secret"], vector["path"], vector["query"], body, multipart=multipart) == vector["sign"]


def test_a_page_token_whose_plus_became_a_space_does_not_verify() -> None:
    vector = next(vector for vector in VECTORS if "page_token" in vector["query"])
    broken = {**vector["query"], "page_token": vector["query"]["page_token"].replace("+", " ")}
    assert broken != vector["query"]
    assert sign(vector["app_secret"], vector["path"], broken, vector["body"].encode()) != vector["sign"]


def test_sign_and_access_token_are_not_signed() -> None:
    bare = sign("secret", "/path", {"app_key": "a"}, b"")
    assert sign("secret", "/path", {"app_key": "a", "sign": "x", "access_token": "y"}, b"") == bare


def test_a_query_keeps_what_a_page_token_is_made_of() -> None:
    assert encode_query({"page_token": "HkE+ab/9w==", "ids": "1,2"}) == "page_token=HkE%2Bab%2F9w%3D%3D&ids=1%2C2"


@given(locale=st.text(min_size=1), keyword=st.text(min_size=1))
def test_every_query_verifies_on_the_other_side(locale: str, keyword: str) -> None:
    requests: list[httpx.Request] = []
    caught(requests).categories("v2", locale, keyword=keyword)
    assert sent_sign(requests[0]) == server_side_sign(requests[0])


@given(
    st.dictionaries(
        st.text(), st.text() | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.none() | st.lists(st.text())
    )
)
def test_every_body_verifies_on_the_other_side(body: dict[str, Any]) -> None:
    requests: list[httpx.Request] = []
    caught(requests).create_product(body)
    assert sent_sign(requests[0]) == server_side_sign(requests[0])
    assert json.loads(requests[0].content) == body


def test_a_body_travels_as_compact_utf_8() -> None:
    requests: list[httpx.Request] = []
    caught(requests).partial_edit("1729500000000000001", {"title": "Café mug – 325 ml", "x": [1, 2]})
    assert requests[0].content == '{"title":"Café mug – 325 ml","x":[1,2]}'.encode()


@given(st.binary(max_size=200))
def test_every_upload_verifies_without_its_body(data: bytes) -> None:
    requests: list[httpx.Request] = []
    caught(requests).upload_image(data, "a.jpg")
    assert sent_sign(requests[0]) == server_side_sign(requests[0])
