"""Messages as TikTok Shop signs them, and a stand-in for what the door asks for runs."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from console.door.drain import Hands

with warnings.catch_warnings():
    # It would rather have another HTTP client than the one this project uses.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

__all__ = ["APP_KEY", "APP_SECRET", "NOW", "SHOP", "Prefect", "TestClient", "message", "signed"]

APP_KEY = "6ahmtest01"
APP_SECRET = "3f1c9a7e5b2d4860a1c3e5f708192a3b4c5d6e7f"
SHOP = "7495000000000000001"
NOW = datetime(2026, 9, 22, 9, 30, tzinfo=UTC)


class Prefect:
    """Stands in for what starts runs; refuses as long as it is told to."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, str, dict[str, Any], str]] = []
        self.ended: list[tuple[int, datetime]] = []
        self.expiries: list[tuple[int, datetime, datetime]] = []
        self.refusing: set[str] = set()
        # Flows whose last run has not ended.
        self.at_work: set[str] = set()
        self.now = NOW

    def start_run(self, flow: str, connection: str, parameters: Mapping[str, Any], *, deployment: str) -> str:
        if flow in self.refusing:
            raise ConnectionError(f"secret {APP_SECRET}")
        self.runs.append((flow, connection, dict(parameters), deployment))
        return f"run-{len(self.runs)}"

    @property
    def hands(self) -> Hands:
        return Hands(
            self.start_run,
            lambda flow, _connection: flow in self.at_work,
            lambda connection_id, at: self.ended.append((connection_id, at)),
            lambda connection_id, moment, at: self.expiries.append((connection_id, moment, at)),
            lambda: self.now,
        )


_numbers = itertools.count(1)


def message(
    kind: int, data: dict[str, Any], *, shop: str = SHOP, id: str | None = None, sent: float | None = None
) -> bytes:
    """The body of a message; a new one each time, unless it is given an id."""
    return json.dumps(
        {
            "type": kind,
            "tts_notification_id": f"n{next(_numbers)}" if id is None else id,
            "shop_id": shop,
            "timestamp": int(NOW.timestamp() if sent is None else sent),
            "data": data,
        }
    ).encode()


def signed(body: bytes, *, app_key: str = APP_KEY, secret: str = APP_SECRET) -> dict[str, str]:
    """Its headers."""
    return {"Authorization": hmac.new(secret.encode(), app_key.encode() + body, hashlib.sha256).hexdigest()}
