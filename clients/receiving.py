"""Answers received whole, but never without end: whoever answers may be broken or mean it.

What counts is what comes out after unpacking. An answer packed twice is not unpacked at all: one layer makes a
thousandfold at most, and only of what was read at a time; two make a million.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import httpx

PAGE_BYTES: Final = 32_000_000
"""The most of an answer with data: a mirror's page has a few MB."""
IMAGE_BYTES: Final = 30_000_000
"""The most of a picture: originals of a camera have 10 to 20 MB."""
# The client's own time limits are for each piece; pieces may come forever.
_SECONDS: Final = 300.0
_PACKINGS: Final = "gzip, deflate"
_UNPACKED: Final = frozenset({"", "identity", "gzip", "deflate"})


class TooLarge(Exception):
    """The answer is larger than anything that was asked for; the rest of it was not read."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with its whole body, unpacked."""

    status: int
    headers: httpx.Headers
    content: bytes


def receive(http: httpx.Client, request: httpx.Request, *, most: int, auth: httpx.Auth | None = None) -> Reply:
    """Send a request once, to its own address and no other, and read the answer.

    Args:
        most: bytes of the body that are taken.

    Raises:
        TooLarge: there are more.
        httpx.HTTPError: what goes wrong on the way; redirects are answers like others.
    """
    request.headers["Accept-Encoding"] = _PACKINGS
    deadline = time.monotonic() + _SECONDS
    try:
        response = http.send(request, auth=auth, stream=True, follow_redirects=False)
    except httpx.InvalidURL:
        # Of a redirect that is not followed anyway; it is no httpx.HTTPError.
        raise httpx.RemoteProtocolError("a redirect to something that is no address", request=request) from None
    try:
        if response.headers.get("content-encoding", "").strip().lower() not in _UNPACKED:
            raise httpx.DecodingError("packed in a way that was not asked for", request=request)
        size, parts = 0, []
        for part in response.iter_bytes():
            size += len(part)
            if size > most:
                raise TooLarge
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout("the answer does not come to its end", request=request)
            parts.append(part)
    finally:
        response.close()
    return Reply(response.status_code, response.headers, b"".join(parts))
