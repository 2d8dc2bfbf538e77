"""Doubt about a shop that did not answer lately: it is asked whether it is back before it is waited for patiently."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Lock
from time import monotonic, sleep
from typing import Final

import httpx

from clients.errors import NAMES, Shop, Silent

# How long an answer to a knock is waited for, and how often is knocked.
_SECONDS: Final = 5.0
_KNOCKS: Final = 2
# Seconds for which other threads take a silence as heard.
_BELIEVED: Final = 4.0


class Doubt:
    """Whether one shop answers at all; thread-safe, cleared up once.

    Args:
        shop: which.
        since: when it was found not to answer.
        back: called when it does again.
    """

    def __init__(self, shop: Shop, since: datetime, back: Callable[[], None]) -> None:
        self._shop: Shop = shop
        self._since, self._back = since, back
        self._asking = Lock()
        self._is_back = False
        self._silent_until = 0.0

    def clear_up(self, address: str) -> None:
        """Knock, unless it is known to be back.

        Args:
            address: something of it that answers quickly, be it with a refusal.

        Raises:
            Silent: it does not answer.
        """
        with self._asking:
            if self._is_back:
                return
            if monotonic() < self._silent_until:
                raise self._silent()
            if not _answers(address):
                self._silent_until = monotonic() + _BELIEVED
                raise self._silent()
            self._back()
            self._is_back = True

    def _silent(self) -> Silent:
        since = f"{self._since:%Y-%m-%d %H:%M} UTC"
        return Silent(
            f"{self._shop}: no answer since {since}",
            shop=self._shop,
            code="silent",
            cause=f"{NAMES[self._shop]} has not answered since {since}.",
            fix="See whether its site opens. Runs go on as soon as it answers, and catch up.",
        )


def _answers(address: str) -> bool:
    """Whether anything but a fault of a server comes from there: a refusal, as for want of a key, is an answer."""
    for again in range(_KNOCKS):
        sleep(again)
        try:
            # Whatever it says, and however much, is not read.
            with httpx.stream("GET", address, timeout=_SECONDS) as answer:
                if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    return True
        except httpx.HTTPError:
            continue
    return False
