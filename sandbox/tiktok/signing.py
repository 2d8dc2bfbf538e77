"""The request signature, from sheet 1.7: written apart from the client's, so that the two check each other."""

import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import unquote_plus

UNSIGNED = ("sign", "access_token")


def query_pairs(raw_query: str) -> list[tuple[str, str]]:
    """Decoded parameters in the order sent, repeats and empty values kept."""
    pairs = (part.partition("=") for part in raw_query.split("&") if part)
    return [(unquote_plus(key), unquote_plus(value)) for key, _, value in pairs]


def string_to_sign(secret: str, path: str, pairs: Iterable[tuple[str, str]], body: bytes) -> bytes:
    # A stable sort by key alone: repeated keys keep the order in which they were sent.
    ordered = sorted((pair for pair in pairs if pair[0] not in UNSIGNED), key=lambda pair: pair[0].encode())
    joined = "".join(key + value for key, value in ordered)
    return (secret + path + joined).encode() + body + secret.encode()


def sign(secret: str, path: str, pairs: Iterable[tuple[str, str]], body: bytes) -> str:
    """Lower-case hex HMAC-SHA256; pass `b""` as body for multipart requests, whose body is not signed."""
    return hmac.new(secret.encode(), string_to_sign(secret, path, pairs, body), hashlib.sha256).hexdigest()


def matches(given: str, secret: str, path: str, pairs: Iterable[tuple[str, str]], body: bytes) -> bool:
    return hmac.compare_digest(given.encode(), sign(secret, path, pairs, body).encode())
