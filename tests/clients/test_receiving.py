"""Answers without end, packed bombs and redirects stop at the edge, whatever sends them."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import httpx
import pytest

from clients import receiving
from clients.receiving import TooLarge, receive

URL = "https://shop.example/api/"


def ask(answer: Callable[[httpx.Request], httpx.Response], most: int = 1_000_000) -> receiving.Reply:
    """One answer, by a client that would follow redirects if it were let."""
    with httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True) as http:
        return receive(http, http.build_request("GET", URL), most=most, auth=httpx.BasicAuth("KEY", ""))


def streamed(parts: Iterator[bytes], **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    """An answer that comes in parts."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(200, headers=named, content=parts)


def packed_zeros(megabytes: int) -> Iterator[bytes]:
    """That many megabytes, packed a thousandfold."""
    packer = zlib.compressobj(9, wbits=31)
    for _ in range(megabytes):
        yield packer.compress(bytes(1_000_000))
    yield packer.flush()


def test_an_answer_of_the_limit_is_taken_and_one_more_byte_is_not() -> None:
    assert ask(streamed(iter([b"x" * 60, b"y" * 40])), most=100).content == b"x" * 60 + b"y" * 40
    with pytest.raises(TooLarge):
        ask(streamed(iter([b"x" * 60, b"y" * 41])), most=100)


def test_an_answer_without_end_is_left_off_at_the_limit() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1000
            yield bytes(1000)

    with pytest.raises(TooLarge):
        ask(streamed(endless()), most=50_000)
    assert taken <= 52_000


def test_a_packed_bomb_is_counted_unpacked() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            ask(streamed(packed_zeros(200), content_encoding="gzip"), most=1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 80_000_000
    finally:
        tracemalloc.stop()


def test_what_is_packed_as_asked_is_unpacked() -> None:
    reply = ask(streamed(iter([gzip.compress(b"data")]), content_encoding="gzip"))
    assert reply.content == b"data"


@pytest.mark.parametrize("packing", ["gzip, gzip", "br", "zstd", "deflate, gzip", "unheard-of"])
def test_what_is_packed_otherwise_is_not_unpacked(packing: str) -> None:
    twice = gzip.compress(gzip.compress(b"data"))
    with pytest.raises(httpx.DecodingError):
        ask(streamed(iter([twice]), content_encoding=packing))


def test_only_the_packings_that_are_undone_are_asked_for() -> None:
    asked = []
    ask(lambda request: asked.append(request) or httpx.Response(200))  # type: ignore[func-returns-value]
    assert asked[0].headers["accept-encoding"] == "gzip, deflate"


def test_an_answer_that_drips_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(0, 100_000, 100))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(seconds)))

    def dripping() -> Iterator[bytes]:
        while True:
            yield b"x"

    with pytest.raises(httpx.ReadTimeout):
        ask(streamed(dripping()))


@pytest.mark.parametrize("location", ["https://evil.example/", "http://169.254.169.254/latest/", "/elsewhere"])
def test_a_redirect_is_an_answer_and_the_key_stays_here(location: str) -> None:
    asked = []

    def redirecting(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": location})

    assert ask(redirecting).status == 302
    assert asked == [URL]
