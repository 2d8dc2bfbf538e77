"""A shop that is down costs one run its patience; those after it ask once whether it is back."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlmodel import col, select

from clients.errors import Unavailable
from flows.doctor import doctor
from flows.order_import import order_import
from flows.price_stock_sync import price_stock_sync
from models.connections import Watermark
from models.database import database
from tasks import mirror, order_reading, silent_shops
from tests.flows.keeping_step import Listed

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def tried_again(no_waiting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first tasks of the flows are tried a second time, as all are in production, but at once."""
    for task in (mirror.list_catalogue, order_reading.read_orders):
        monkeypatch.setattr(task, "retries", 1)
        monkeypatch.setattr(task, "retry_delay_seconds", [0.0])
    monkeypatch.setattr(silent_shops, "sleep", lambda _: None)


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How many reached each port."""
    counted: Counter[int] = Counter()
    send = httpx.Client.send

    def counting(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        counted[request.url.port or 0] += 1
        return send(client, request, **options)

    monkeypatch.setattr(httpx.Client, "send", counting)
    return counted


def silent() -> list[str]:
    """The marks there are."""
    with database().read() as session:
        return list(session.exec(select(Watermark.name).where(col(Watermark.name).startswith("silent"))))


@pytest.mark.parametrize("shop", ["prestashop", "tiktok"])
def test_the_next_runs_ask_whether_it_is_back(listed: Listed, requests: Counter[int], shop: str) -> None:
    address = {"prestashop": listed.sandbox.prestashop_url, "tiktok": listed.sandbox.tiktok_url}[shop]
    port = urlsplit(address).port or 0
    first: Any = {"prestashop": price_stock_sync, "tiktok": order_import}[shop]
    path = {"prestashop": "/api/*", "tiktok": "/order/*"}[shop]
    listed.faults(f"server_error=1@{path},server_error=1@/")
    with pytest.raises(Unavailable) as raised:
        first("sandbox")
    assert raised.value.code != "silent"
    assert requests[port] >= 12, "patiently"
    assert silent() == [f"silent {shop}"]
    for flow in (price_stock_sync, order_import):
        requests.clear()
        with pytest.raises(Unavailable) as raised:
            flow("sandbox")
        assert raised.value.code == "silent"
        assert requests[port] == 2, "two knocks"
    assert doctor("sandbox").plan, "it is there to look what is wrong"
    listed.faults("")
    assert price_stock_sync("sandbox").ok
    assert silent() == []


def test_a_refusal_is_an_answer(listed: Listed) -> None:
    with database().write() as session:
        session.add(
            Watermark(
                connection_id=listed.connection_id,
                name="silent tiktok",
                value=listed.clock().isoformat(),
                updated_at=listed.clock(),
            )
        )
    assert order_import("sandbox").ok
    assert silent() == []
