"""An independent client from PyPI drives the simulator over HTTP: neither side was written for the other."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from seller_app import WAREHOUSE, picture
from tiktok_shop_api import TikTokShop, TikTokShopAuth, TikTokShopError
from tiktok_shop_api.generated import models
from tiktok_shop_api.generated.types import File

from sandbox.server import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(products=1, audit_seconds=0) as running:
        yield running


@pytest.fixture(scope="module")
def shop(sandbox: Sandbox) -> Iterator[TikTokShop]:
    auth = TikTokShopAuth(sandbox.app_key, sandbox.app_secret, service_id=sandbox.service_id, base_url=sandbox.auth_url)
    tokens = auth.exchange_code(sandbox.auth_code())
    tokens = auth.refresh(tokens.refresh_token)
    with TikTokShop(
        sandbox.app_key, sandbox.app_secret, access_token=tokens.access_token, base_url=sandbox.tiktok_url
    ) as client:
        cipher = client.authorization.get_authorized_shops().to_dict()["data"]["shops"][0]["cipher"]
        with client.with_shop(access_token=tokens.access_token, shop_cipher=cipher) as seller:
            yield seller


def data(answer: Any) -> dict[str, Any]:
    content = answer.to_dict()
    assert content["code"] == 0
    read: dict[str, Any] = content.get("data") or {}
    return read


def body(shop: TikTokShop, seller_sku: str) -> dict[str, Any]:
    file = File(payload=io.BytesIO(picture()), file_name="mug.png", mime_type="image/png")
    image = data(shop.products.upload_product_image(body=models.UploadProductImageRequest(data=file)))
    return {
        "title": "Handmade stoneware mug – 325 ml",
        "description": "<p>Émaillé à la main.</p>",
        "category_id": "853000",
        "main_images": [{"uri": image["uri"]}],
        "skus": [
            {
                "seller_sku": seller_sku,
                "price": {"amount": "24.90", "currency": "GBP"},
                "inventory": [{"warehouse_id": WAREHOUSE, "quantity": 5}],
            }
        ],
        "product_attributes": [{"id": "100398", "values": [{"id": "1000401"}]}],
        "package_weight": {"value": "0.6", "unit": "KILOGRAM"},
        "package_dimensions": {"length": "15", "width": "12", "height": "12", "unit": "CENTIMETER"},
    }


def create(shop: TikTokShop, seller_sku: str) -> dict[str, Any]:
    request = models.CreateProductRequest.from_dict(body(shop, seller_sku))
    return data(shop.products.create_product(body=request))


def test_taxonomy_and_logistics(shop: TikTokShop) -> None:
    categories = data(shop.products.get_categories())["categories"]
    assert "853000" in {row["id"] for row in categories}
    assert data(shop.products.get_category_attributes("853000"))["attributes"]
    assert data(shop.products.get_category_rules("853000"))["package_dimension"]["is_required"]
    assert data(shop.logistics.get_warehouse_list())["warehouses"][0]["id"] == WAREHOUSE


def test_brands_page_by_page(shop: TikTokShop) -> None:
    first = data(shop.products.get_brands(page_size=100))
    second = data(shop.products.get_brands(page_size=100, page_token=first["next_page_token"]))
    assert len(first["brands"]) + len(second["brands"]) == first["total_count"]


def test_create_get_and_search(shop: TikTokShop) -> None:
    created = create(shop, "MUG-GET")
    product = data(shop.products.get_product(created["product_id"]))
    assert (product["title"], product["status"]) == ("Handmade stoneware mug – 325 ml", "ACTIVATE")

    request = models.SearchProductsRequest(seller_skus=["MUG-GET"])
    found = data(shop.products.search_products(page_size=10, body=request))
    assert [row["id"] for row in found["products"]] == [created["product_id"]]


def test_edit(shop: TikTokShop) -> None:
    created = create(shop, "MUG-EDIT")
    changed = body(shop, "MUG-EDIT") | {"title": "Another title"}
    changed["skus"][0]["id"] = created["skus"][0]["id"]
    request = models.EditProductRequest.from_dict(changed)
    data(shop.products.edit_product(created["product_id"], body=request))
    assert data(shop.products.get_product(created["product_id"]))["title"] == "Another title"


def test_price_and_stock(shop: TikTokShop) -> None:
    created = create(shop, "MUG-PRICE")
    product_id, sku_id = created["product_id"], created["skus"][0]["id"]
    prices = {"skus": [{"id": sku_id, "price": {"amount": "19.90", "currency": "GBP"}}]}
    data(shop.products.update_price(product_id, body=models.UpdatePriceRequest.from_dict(prices)))
    stock = {"skus": [{"id": sku_id, "inventory": [{"warehouse_id": WAREHOUSE, "quantity": 0}]}]}
    data(shop.products.update_inventory(product_id, body=models.UpdateInventoryRequest.from_dict(stock)))

    sku = data(shop.products.get_product(product_id))["skus"][0]
    assert (sku["price"]["sale_price"], sku["inventory"][0]["quantity"]) == ("19.90", 0)


def test_deactivate_activate_and_delete(shop: TikTokShop) -> None:
    product_id = create(shop, "MUG-LIFE")["product_id"]
    products, ids = shop.products, [product_id]
    data(products.deactivate_products(body=models.DeactivateProductsRequest(product_ids=ids)))
    assert data(products.get_product(product_id))["status"] == "SELLER_DEACTIVATED"
    data(products.activate_products(body=models.ActivateProductsRequest(product_ids=ids)))
    assert data(products.get_product(product_id))["status"] == "ACTIVATE"
    data(products.delete_products(body=models.DeleteProductsRequest(product_ids=ids)))
    assert data(products.get_product(product_id))["status"] == "DELETED"


def test_refusals_carry_the_code(shop: TikTokShop) -> None:
    wrong = body(shop, "MUG-BAD") | {"product_attributes": []}
    with pytest.raises(TikTokShopError) as refused:
        shop.products.create_product(body=models.CreateProductRequest.from_dict(wrong))
    assert refused.value.code == 12052104


def test_a_wrong_secret_is_a_wrong_signature(sandbox: Sandbox) -> None:
    client = TikTokShop(sandbox.app_key, "wrong", access_token="x", base_url=sandbox.tiktok_url)
    with client, pytest.raises(TikTokShopError) as refused:
        client.authorization.get_authorized_shops()
    assert refused.value.code == 106001
