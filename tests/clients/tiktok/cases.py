"""The form of a test case of a call: the request it has to become and what it makes of the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from clients.tiktok.client import TikTokClient


class Case(NamedTuple):
    """A call, the request it has to become, the answer it gets, and what it makes of it."""

    call: Callable[[TikTokClient], Any]
    endpoint: str
    method: str
    path: str
    query: dict[str, str]
    body: Any
    answer: Any  # the name of an example file, or data
    result: Callable[[Any], Any]
    cipher: bool = True


def data_of(name: str) -> Callable[[Any], Any]:
    return lambda data: data[name]
