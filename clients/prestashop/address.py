"""The shop's address as a merchant types it, made into the base of every webservice URL."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from clients.errors import ConfigurationFault

_FIX = "Give the address of the shop's front page, such as https://shop.example or https://shop.example/boutique."


def _fault(why: str) -> ConfigurationFault:
    return ConfigurationFault(f"shop address: {why}", shop="prestashop", code="address", cause=why, fix=_FIX)


def shop_url(text: str) -> str:
    """`https://shop.example/sub` out of what was typed: with or without trailing slash, `/api` or `/api/`.

    Raises:
        ConfigurationFault: not an http(s) address, or one that carries a key, a query or a fragment.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise _fault("this is not a web address") from None
    if parts.scheme not in {"http", "https"}:
        raise _fault("the address has to begin with https:// (or http://)")
    if parts.username is not None or parts.password is not None:
        raise _fault("the key does not belong into the address")
    if parts.query or parts.fragment:
        raise _fault("the address ends before any ? or #")
    host = parts.hostname or ""
    if not re.fullmatch(r"[\w.:%-]+", host) or re.search(r"\s", parts.path):
        raise _fault("the address has no usable host name")
    path = re.sub(r"/+", "/", parts.path).rstrip("/").removesuffix("/api").rstrip("/")
    netloc = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{netloc}{f':{port}' if port else ''}{path}"
