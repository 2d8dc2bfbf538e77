"""An independent client from PyPI reads the simulator's orders over HTTP, also while the line is bad."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tiktok_shop_api import TikTokShop, TikTokShopAuth, TikTokShopError
from tiktok_shop_api.generated import models

from sandbox.server import Sandbox
from sandbox.tiktok.order_generator import OrderGenerator
from tests.sandbox.tiktok.test_tiktok_order_generator import fill


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(products=1, region="US") as running:
        fill(running.tiktok, 12)
        OrderGenerator(running.tiktok, 21).place_random(130)
        yield running


@pytest.fixture(scope="module")
def shop(sandbox: Sandbox) -> Iterator[TikTokShop]:
    auth = TikTokShopAuth(sandbox.app_key, sandbox.app_secret, service_id=sandbox.service_id, base_url=sandbox.auth_url)
    token = auth.exchange_code(sandbox.auth_code()).access_token
    with (
        TikTokShop(sandbox.app_key, sandbox.app_secret, access_token=token, base_url=sandbox.tiktok_url) as client,
        client.with_shop(access_token=token, shop_cipher=sandbox.shop_cipher) as seller,
    ):
        yield seller


def data(answer: Any) -> dict[str, Any]:
    content = answer.to_dict()
    assert content["code"] == 0
    read: dict[str, Any] = content["data"]
    return read


def pages(shop: TikTokShop, page_size: int = 50) -> Iterator[dict[str, Any]]:
    query: dict[str, Any] = {
        "sort_field": models.GetOrderListSortField.UPDATE_TIME,
        "sort_order": models.GetOrderListSortOrder.ASC,
    }
    while True:
        page = data(shop.orders.get_order_list(page_size=page_size, body=models.GetOrderListRequest(), **query))
        yield page
        if not page["next_page_token"]:
            return
        query["page_token"] = page["next_page_token"]


def test_search_goes_on_with_a_token_full_of_signs_to_escape(sandbox: Sandbox, shop: TikTokShop) -> None:
    found = list(pages(shop))
    assert [len(page["orders"]) for page in found] == [50, 50, 30]
    assert all({"+", "/", "="} <= set(page["next_page_token"]) for page in found[:-1])
    assert {row["id"] for page in found for row in page["orders"]} == sandbox.tiktok.shop.book.orders.keys()


def test_detail_takes_repeated_ids(sandbox: Sandbox, shop: TikTokShop) -> None:
    ids = list(sandbox.tiktok.shop.book.orders)[:50]
    orders = data(shop.orders.get_order_detail(ids=ids))["orders"]
    assert [row["id"] for row in orders] == ids


def test_every_field_is_one_the_client_knows(shop: TikTokShop) -> None:
    unknown: set[str] = set()
    for page in pages(shop):
        answer: Any = models.GetOrderListResponse.from_dict({"data": page})
        for row in answer.data.orders:
            parts = [row, row.payment, row.recipient_address, *row.line_items, *row.packages]
            parts += [piece for line in row.line_items for piece in line.sub_item_info or []]
            unknown |= {key for part in parts for key in part.additional_properties}
    assert unknown == set()


def test_prices_add_up_for_the_client(shop: TikTokShop) -> None:
    for row in next(pages(shop))["orders"][:10]:
        prices = data(shop.orders.get_order_price_details(row["id"]))
        assert Decimal(prices["total"]) == Decimal(row["payment"]["total_amount"])
        assert sum(Decimal(line["total"]) for line in prices["line_items"]) == Decimal(prices["total"])


def test_external_ids_come_back(sandbox: Sandbox, shop: TikTokShop) -> None:
    order = next(iter(sandbox.tiktok.shop.book.orders.values()))
    lines = [{"id": f"PS-1-{i}", "origin_id": unit.id} for i, unit in enumerate(order.units)]
    external = {"id": "PS-1", "platform": "ERP_SYSTEM", "line_items": lines}
    request = models.AddExternalOrderReferencesRequest.from_dict(
        {"orders": [{"id": order.id, "external_order": external}]}
    )
    assert data(shop.orders.add_external_order_references(body=request)) == {"errors": []}
    found = shop.orders.search_orders_by_external_order_reference(
        platform=models.SearchOrdersByExternalOrderReferencePlatform.ERP_SYSTEM,
        external_order_id="PS-1",
        body=models.SearchOrdersByExternalOrderReferenceRequest(),
    )
    assert data(found)["orders"] == [{"id": order.id, "external_order": external}]
    kept = shop.orders.get_external_order_references(
        order.id, platform=models.GetExternalOrderReferencesPlatform.ERP_SYSTEM
    )
    assert data(kept)["external_orders"] == [external]


@pytest.mark.parametrize("kind", ["throttle", "server_error", "html_503", "token_expired", "truncated", "reset_after"])
def test_faults_strike_order_calls_too(sandbox: Sandbox, shop: TikTokShop, kind: str) -> None:
    sandbox.faults.set(f"{kind}=1x1@POST /order/*")
    try:
        with pytest.raises((TikTokShopError, httpx.HTTPError, ValueError)):
            shop.orders.get_order_list(page_size=1, body=models.GetOrderListRequest())
        assert sandbox.faults.drawn[kind] == 1
        assert data(shop.orders.get_order_list(page_size=1, body=models.GetOrderListRequest()))["orders"]
    finally:
        sandbox.faults.clear()
