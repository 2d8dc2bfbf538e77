"""A shop that is down costs one run its patience; those after it ask once whether it is back."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlmodel import col, select

from clients import doubt
from clients.errors import Shop, Silent, TimedOut, Unavailable
from flows.doctor import doctor
from flows.order_import import order_import
from flows.price_stock_sync import price_stock_sync
from flows.status_sync import status_sync
from models.connections import Watermark
from models.database import database, working_on
from models.orders import Order, OrderStage
from sandbox.tiktok.order_entry import Entry
from sandbox.tiktok.order_model import Item
from tasks import mirror, order_reading, shops, silent_shops
from tests.flows.keeping_step import Listed

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def tried_again(no_waiting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first tasks of the flows are tried a second time, as all are in production, but at once."""
    for task in (mirror.list_catalogue, order_reading.read_orders):
        monkeypatch.setattr(task, "retries", 1)
        monkeypatch.setattr(task, "retry_delay_seconds", [0.0])
    monkeypatch.setattr(doubt, "sleep", lambda _: None)


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


def note(listed: Listed, shop: Shop) -> None:
    with working_on(listed.connection_id):
        silent_shops.note_silence(TimedOut("GET", shop=shop), None)
    assert silent() == [f"silent {shop}"]


def _forget_clients() -> None:
    """Every run is a process of its own."""
    shops._prestashop.cache_clear()
    shops._tiktok.cache_clear()


def order_stages() -> dict[str, OrderStage]:
    with database().read() as session:
        return {order.order_id: order.stage for order in session.exec(select(Order))}


@pytest.mark.parametrize("shop", ["prestashop", "tiktok"])
def test_the_next_runs_ask_whether_it_is_back(listed: Listed, requests: Counter[int], shop: str) -> None:
    address = {"prestashop": listed.sandbox.prestashop_url, "tiktok": listed.sandbox.tiktok_url}[shop]
    port = urlsplit(address).port or 0
    first: Any = {"prestashop": price_stock_sync, "tiktok": order_import}[shop]
    path = {"prestashop": "/api/*", "tiktok": "/order/*"}[shop]
    listed.faults(f"server_error=1@{path},server_error=1@/")
    with pytest.raises(Unavailable):
        first("sandbox")
    assert requests[port] >= 6 + 2, "patiently, and tried again as tasks are"
    assert silent() == [f"silent {shop}"]
    for _ in range(2):
        _forget_clients()
        requests.clear()
        with pytest.raises(Silent):
            first("sandbox")
        assert requests[port] == 2, "two knocks"
    assert doctor("sandbox").plan, "it is there to look what is wrong"
    if shop == "prestashop":
        assert status_sync("sandbox").ok, "asks TikTok Shop alone"
        on_sale = next(one for one in listed.skus() if any(one.quantities.values()))
        placed = listed.sandbox.tiktok.shop.book.place(Entry([Item(on_sale.sku_id, 1)], on_hold=False))
        with pytest.raises(Silent):
            order_import("sandbox")
        assert order_stages()[placed.id] is OrderStage.READY, "what was ordered meanwhile is known"
    listed.faults("")
    _forget_clients()
    assert first("sandbox").ok
    assert silent() == []


def test_one_that_does_not_answer_knocks_alone_is_tried_now_and_then(listed: Listed, requests: Counter[int]) -> None:
    note(listed, "tiktok")
    listed.faults("server_error=1@/")
    with pytest.raises(Silent):
        status_sync("sandbox")
    with database().write() as session:
        mark = session.get_one(Watermark, (listed.connection_id, "silent tiktok"))
        mark.updated_at -= timedelta(minutes=16)
        since = mark.value
    _forget_clients()
    assert status_sync("sandbox").ok
    note(listed, "tiktok")
    with database().read() as session:
        assert session.get_one(Watermark, (listed.connection_id, "silent tiktok")).value == since


def test_flows_that_find_it_back_at_the_same_time(listed: Listed) -> None:
    note(listed, "prestashop")
    address, since = f"{listed.sandbox.prestashop_url}/api/", listed.clock().isoformat()
    doubts = [silent_shops.doubt(listed.connection_id, "prestashop", since) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda one: one and one.clear_up(address), doubts))
    assert silent() == []


def test_a_refusal_is_an_answer(listed: Listed) -> None:
    note(listed, "tiktok")
    assert order_import("sandbox").ok
    assert silent() == []
