"""The client against the simulated TikTok Shop, over real HTTP: consent to search, and through faults."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from clients.budget import Limits, SharedBudget
from clients.errors import AccessDenied, ConfigurationFault, ReauthorizationNeeded, Rejected, Uncertain
from clients.purses import FilePurse
from clients.tiktok.auth import App, Authorizer, MemoryTokenStore
from clients.tiktok.client import TikTokClient
from sandbox.server import Sandbox


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(products=1, audit_seconds=0) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: Sandbox) -> App:
    return App(sandbox.app_key, sandbox.app_secret, sandbox.service_id)


@pytest.fixture(scope="module")
def granted(sandbox: Sandbox, app: App) -> MemoryTokenStore:
    with httpx.Client() as http:
        authorizer = Authorizer(app, http=http, clock=now, auth_url=sandbox.auth_url)
        return MemoryTokenStore(authorizer.exchange(sandbox.auth_code()))


def connect(sandbox: Sandbox, app: App, store: MemoryTokenStore, **options: Any) -> TikTokClient:
    options = {"shop_cipher": sandbox.shop_cipher, **options}
    return TikTokClient(app, store, clock=now, api_url=sandbox.tiktok_url, auth_url=sandbox.auth_url, **options)


@pytest.fixture(scope="module")
def seller(sandbox: Sandbox, app: App, granted: MemoryTokenStore) -> Iterator[TikTokClient]:
    with connect(sandbox, app, granted) as client:
        yield client


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (600, 600), "teal").save(content, "PNG")
    return content.getvalue()


def mug(seller: TikTokClient, sku: str) -> dict[str, Any]:
    """The body of a product that can be listed."""
    warehouse = next(row["id"] for row in seller.warehouses() if row["type"] == "SALES_WAREHOUSE")
    return {
        "title": "Handmade stoneware mug – 325 ml",
        "description": "<p>Émaillé à la main.</p>",
        "category_id": "853000",
        "main_images": [{"uri": seller.upload_image(picture(), "mug.png").uri}],
        "external_product_id": f"ps-1:{sku}",
        "skus": [
            {
                "seller_sku": sku,
                "external_sku_id": f"{sku}-0",
                "price": {"amount": "24.90", "currency": "GBP"},
                "inventory": [{"warehouse_id": warehouse, "quantity": 5}],
            }
        ],
        "product_attributes": [{"id": "100398", "values": [{"id": "1000401"}]}],
        "package_weight": {"value": "0.6", "unit": "KILOGRAM"},
        "package_dimensions": {"length": "15", "width": "12", "height": "12", "unit": "CENTIMETER"},
    }


def test_shops_taxonomy_and_logistics(seller: TikTokClient, sandbox: Sandbox) -> None:
    assert sandbox.shop_cipher in {shop.cipher for shop in seller.shops()}
    assert seller.active_shops()
    leaf = next(row for row in seller.categories("v1", "en-GB") if row["id"] == "853000")
    assert leaf["is_leaf"]
    assert seller.category_rules("853000", "v1")["package_dimension"]["is_required"]
    required = {row["id"] for row in seller.category_attributes("853000", "v1") if row.get("is_required")}
    assert "100398" in required
    assert seller.recommend_category("Stoneware mug")["leaf_category_id"]
    warehouse = next(row["id"] for row in seller.warehouses() if row["type"] == "SALES_WAREHOUSE")
    assert seller.delivery_options(warehouse)
    assert not [row for row in seller.prerequisites() if row.get("is_failed")]


def test_brands_to_the_last_page(seller: TikTokClient) -> None:
    brands = [row["id"] for row in seller.brands(page_size=7)]
    assert len(brands) == len(set(brands)) > 7
    assert seller.create_brand("Atelier Nord Test")


def test_a_product_from_check_to_deletion(seller: TikTokClient) -> None:
    body = mug(seller, "MUG-LIFE")
    assert seller.listing_check(body).passed
    saved = seller.create_product(body)
    assert [sku.external_sku_id for sku in saved.skus] == ["MUG-LIFE-0"]

    product = seller.product(saved.product_id)
    assert (product["status"], product["external_product_id"]) == ("ACTIVATE", "ps-1:MUG-LIFE")
    found = list(seller.search_products({"seller_skus": ["MUG-LIFE"]}))
    assert [row["id"] for row in found] == [saved.product_id]

    body["skus"][0]["id"] = saved.skus[0].id
    seller.edit_product(saved.product_id, body | {"title": "Handmade mug of stoneware"})
    seller.partial_edit(saved.product_id, {"description": "<p>Glazed by hand.</p>"})
    product = seller.product(saved.product_id)
    assert (product["title"], product["description"]) == ("Handmade mug of stoneware", "<p>Glazed by hand.</p>")

    sku, warehouse = saved.skus[0].id, body["skus"][0]["inventory"][0]["warehouse_id"]
    price = {"amount": "19.90", "currency": "GBP"}
    stock = [{"warehouse_id": warehouse, "quantity": 0}]
    assert seller.update_prices(saved.product_id, [{"id": sku, "price": price}]).succeeded == (sku,)
    assert seller.update_inventory(saved.product_id, [{"id": sku, "inventory": stock}]).succeeded == (sku,)
    (inventory,) = seller.search_inventory(product_ids=[saved.product_id])
    assert inventory["skus"][0]["total_available_quantity"] == 0

    assert seller.deactivate([saved.product_id]).succeeded == (saved.product_id,)
    answer = seller.activate([saved.product_id, "1729999999999999999"])
    assert answer.succeeded == (saved.product_id,)
    assert [error.object_id for error in answer.errors] == ["1729999999999999999"]
    assert seller.delete([saved.product_id]).succeeded == (saved.product_id,)
    assert seller.recover([saved.product_id]).succeeded == (saved.product_id,)


def test_a_refusal_says_what_to_do(seller: TikTokClient) -> None:
    with pytest.raises(Rejected) as caught:
        seller.create_product(mug(seller, "MUG-BAD") | {"product_attributes": []})
    assert (caught.value.code, caught.value.fix) == (
        "12052104",
        "Fill in the attribute mapping of the category template.",
    )
    assert len(caught.value.request_id) == 34


def test_files_and_product_safety(seller: TikTokClient) -> None:
    assert seller.upload_file(b"%PDF-1.7 test", "certificate.pdf").format == "PDF"
    phone = {"country_code": "+33", "local_number": "612345678"}
    manufacturer = seller.create_manufacturer(
        {"name": "Atelier Nord", "email": "gpsr@atelier-nord.example", "phone_number": phone, "address": "Lille"}
    )
    assert manufacturer in {row["id"] for row in seller.manufacturers()}


def test_wrong_secret_wrong_shop_and_wrong_clock(sandbox: Sandbox, app: App, granted: MemoryTokenStore) -> None:
    with (
        connect(sandbox, App(app.app_key, "wrong", app.service_id), granted) as wrong_secret,
        pytest.raises(AccessDenied, match="106001"),
    ):
        wrong_secret.warehouses()
    with TikTokClient(
        app,
        granted,
        clock=lambda: now() - timedelta(hours=1),
        shop_cipher=sandbox.shop_cipher,
        api_url=sandbox.tiktok_url,
    ) as late:
        with pytest.raises(ConfigurationFault, match="36009004") as caught:
            late.warehouses()
        assert "clock" in caught.value.cause


def test_a_code_works_once(sandbox: Sandbox, app: App) -> None:
    code = sandbox.auth_code()
    with httpx.Client() as http:
        authorizer = Authorizer(app, http=http, clock=now, auth_url=sandbox.auth_url)
        first = authorizer.exchange(code)
        with pytest.raises(ReauthorizationNeeded):
            authorizer.exchange(code)
        assert authorizer.refresh(first).access_token != first.access_token


@pytest.fixture
def faults(sandbox: Sandbox) -> Iterator[Any]:
    """The faults of the simulator; none is left behind."""
    yield sandbox.faults
    sandbox.faults.clear()


@pytest.mark.parametrize(
    "kind", ["throttle", "server_error", "html_503", "reset_before", "reset_after", "truncated", "token_expired"]
)
def test_a_read_gets_through_every_fault(kind: str, seller: TikTokClient, faults: Any) -> None:
    faults.set(f"{kind}=1x1@GET /logistics/*")
    assert seller.warehouses()
    assert faults.drawn[kind] == 1


@pytest.mark.parametrize("kind", ["server_error", "html_503", "reset_before", "reset_after", "truncated"])
def test_a_create_without_a_clear_answer_is_sent_once(kind: str, seller: TikTokClient, faults: Any) -> None:
    sku = f"MUG-{kind}"
    body = mug(seller, sku)
    faults.set(f"{kind}=1@POST /product/202309/products")
    with pytest.raises(Uncertain):
        seller.create_product(body)
    assert faults.drawn[kind] == 1
    faults.clear()
    # Looking first tells what happened; only these two did the work.
    found = list(seller.search_products({"seller_skus": [sku]}))
    assert len(found) == (1 if kind in ("reset_after", "truncated") else 0)


@pytest.mark.parametrize("kind", ["throttle", "throttle_retry_after", "token_expired"])
def test_a_create_that_was_not_looked_at_is_sent_again(kind: str, seller: TikTokClient, faults: Any) -> None:
    sku = f"MUG-{kind}"
    body = mug(seller, sku)
    faults.set(f"{kind}=1x1@POST /product/202309/products")
    assert seller.create_product(body).product_id
    assert len(list(seller.search_products({"seller_skus": [sku]}))) == 1


def test_throttling_reaches_the_shared_budget(
    sandbox: Sandbox, app: App, granted: MemoryTokenStore, faults: Any, tmp_path: Path
) -> None:
    slept: list[float] = []
    began = time.time()
    budget = SharedBudget(
        FilePurse(tmp_path / "budget.db", clock=lambda: began + sum(slept)),
        "tiktok:1",
        {"read": Limits(100, 100)},
        sleep=slept.append,
    )
    faults.set("throttle_retry_after=1x1@GET /logistics/*")
    with connect(sandbox, app, granted, budget=budget) as client:
        assert client.warehouses()
    assert budget.snapshot()["read"].rate == pytest.approx(50, abs=3)
    assert 0.5 < sum(slept) < 2
