"""Page tokens: opaque, full of characters that must be percent-encoded, bound to the filters they came with."""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from sandbox.tiktok.errors import invalid_parameter

T = TypeVar("T")
# These bytes read "+/+/" in base64 and 19 bytes end in "==": every token needs percent-encoding (sheet 1.7).
_LEAD = b"\xfb\xff\xbf"
PAGE = {"page_size!": range(1, 101), "page_token": str}


def _digest(filters: Any) -> bytes:
    return hashlib.blake2b(json.dumps(filters, sort_keys=True).encode(), digest_size=8).digest()


def offset_of(token: str | None, filters: Any) -> int:
    """Where the page begins; 36009004 for a token that is not ours or belongs to other filters."""
    if not token:
        return 0
    try:
        raw = base64.b64decode(token, validate=True)
    except ValueError:
        raise invalid_parameter("page_token") from None
    if len(raw) != 19 or raw[:3] != _LEAD or raw[3:11] != _digest(filters):
        raise invalid_parameter("page_token")
    return int.from_bytes(raw[11:], "big")


def token_for(offset: int, filters: Any) -> str:
    return base64.b64encode(_LEAD + _digest(filters) + offset.to_bytes(8, "big")).decode()


def after(token: str | None, filters: Any) -> tuple[int, str] | None:
    """The (time, id) behind which the page begins; 36009004 as with `offset_of`."""
    if not token:
        return None
    try:
        raw = base64.b64decode(token, validate=True)
    except ValueError:
        raise invalid_parameter("page_token") from None
    if len(raw) != 28 or raw[:3] != _LEAD or raw[3:11] != _digest(filters):
        raise invalid_parameter("page_token")
    return int.from_bytes(raw[11:19], "big"), str(int.from_bytes(raw[19:], "big"))


def token_after(key: tuple[int, str], filters: Any) -> str:
    """28 bytes end in "==", too."""
    time, number = key
    return base64.b64encode(
        _LEAD + _digest(filters) + time.to_bytes(8, "big") + int(number).to_bytes(9, "big")
    ).decode()


def page(rows: Sequence[T], query: dict[str, Any], filters: Any) -> tuple[Sequence[T], str]:
    """One page of `rows` and the token of the next, empty at the end."""
    start = offset_of(query.get("page_token"), filters)
    end = start + int(query["page_size"])
    return rows[start:end], token_for(end, filters) if end < len(rows) else ""
