"""A process keeps its clients to its end; a test has to give their connections back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest


@contextmanager
def closing_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close every client that is made meanwhile, and forget those that tasks keep for reuse."""
    opened: list[httpx.Client] = []
    make = httpx.Client.__init__

    def remember(client: httpx.Client, *arguments: Any, **options: Any) -> None:
        make(client, *arguments, **options)
        opened.append(client)

    monkeypatch.setattr(httpx.Client, "__init__", remember)
    yield
    shops = sys.modules.get("tasks.shops")
    if shops is not None:
        # Another test's connection 1 is another shop.
        shops._prestashop.cache_clear()
        shops._tiktok.cache_clear()
    for client in opened:
        client.close()
