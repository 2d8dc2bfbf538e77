"""Request signing and the query encoding that keeps a signature true (tiktok-shop-api.md sections 1.6 and 1.7)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

_UNSIGNED: Final = frozenset({"sign", "access_token"})


def sign(secret: str, path: str, params: Mapping[str, str], body: bytes, *, multipart: bool = False) -> str:
    """The `sign` parameter of a request: 64 lower-case hex digits.

    Args:
        secret: app secret.
        path: path only, leading slash, ids filled in, no host and no query.
        params: query parameters as decoded text; `sign` and `access_token` are left out by themselves.
        body: the exact bytes that will be sent, empty when there is no body.
        multipart: the body is multipart/form-data, which is not signed.
    """
    pairs = "".join(key + params[key] for key in sorted(params) if key not in _UNSIGNED)
    message = b"".join((secret.encode(), path.encode(), pairs.encode(), b"" if multipart else body, secret.encode()))
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def encode_query(params: Mapping[str, str]) -> str:
    """The query string in which every value arrives as it was signed: `+`, `/` and `=` are percent-encoded."""
    return "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in params.items())
