"""An independent client from PyPI drives the simulator over HTTP: neither side was written for the other."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from tiktok_shop_api import TikTokShop, TikTokShopAuth, TikTokShopError
from tiktok_shop_api.generated import models
from tiktok_shop_api.generated.types import File

from sandbox.server import Sandbox
from tests.sandbox.tiktok.seller_app import WAREHOUSE, picture


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
        shops = client.authorization.get_authorized_shops()
        assert shops is not None
        cipher = shops.to_dict()["data"]["shops"][0]["cipher"]
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


def test_partial_edit_replaces_only_what_is_sent(shop: TikTokShop) -> None:
    created = create(shop, "MUG-PART")
    product_id = created["product_id"]
    request = models.PartialEditProductRequest.from_dict({"title": "Only the title"})
    data(shop.products.partial_edit_product(product_id, body=request))
    product = data(shop.products.get_product(product_id))
    assert (product["title"], product["description"]) == ("Only the title", "<p>Émaillé à la main.</p>")
    assert [sku["id"] for sku in product["skus"]] == [sku["id"] for sku in created["skus"]]


def test_a_price_out_of_range_and_a_promotion_refuse_the_price(sandbox: Sandbox, shop: TikTokShop) -> None:
    created = create(shop, "MUG-LOCK")
    product_id, sku_id = created["product_id"], created["skus"][0]["id"]

    def refusal(amount: str, currency: str = "GBP") -> int:
        prices = {"skus": [{"id": sku_id, "price": {"amount": amount, "currency": currency}}]}
        with pytest.raises(TikTokShopError) as refused:
            shop.products.update_price(product_id, body=models.UpdatePriceRequest.from_dict(prices))
        return int(refused.value.code)

    assert [refusal("0.00"), refusal("5600.01"), refusal("19.90", "EUR")] == [12052073, 12052570, 12052084]
    sandbox.tiktok.shop.center.start_promotion(product_id)
    assert refusal("19.90") == 12052038


def test_inventory_search_keeps_committed_units_apart(sandbox: Sandbox, shop: TikTokShop) -> None:
    created = create(shop, "MUG-STOCK")
    product_id, sku_id = created["product_id"], created["skus"][0]["id"]
    sandbox.tiktok.order(product_id, sku_id, units=2)
    for request in (
        models.InventorySearchRequest(product_ids=[product_id]),
        models.InventorySearchRequest(sku_ids=[sku_id]),
    ):
        row = data(shop.products.inventory_search(body=request))["inventory"][0]
        assert row["product_id"] == product_id
        sku = row["skus"][0]
        assert (sku["total_available_quantity"], sku["total_committed_quantity"]) == (3, 2)
        assert sku["warehouse_inventory"][0]["warehouse_id"] == WAREHOUSE


def test_inventory_refused_per_sku_is_no_error_of_the_call(sandbox: Sandbox, shop: TikTokShop) -> None:
    created = create(shop, "MUG-FEW")
    product_id, sku_id = created["product_id"], created["skus"][0]["id"]

    def refused(quantity: int, warehouse: str = WAREHOUSE) -> list[tuple[int, list[int]]]:
        stock = {"skus": [{"id": sku_id, "inventory": [{"warehouse_id": warehouse, "quantity": quantity}]}]}
        answer = shop.products.update_inventory(product_id, body=models.UpdateInventoryRequest.from_dict(stock))
        return [
            (int(error["code"]), [int(extra["code"]) for extra in error["detail"]["extra_errors"]])
            for error in data(answer).get("errors", [])
        ]

    center = sandbox.tiktok.shop.center
    assert refused(100_000) == [(12052037, [12052055])]
    assert refused(1, "1") == [(12052037, [12052530])]
    center.start_campaign(sku_id, 4)
    assert refused(3) == [(12052393, [])]
    center.end_campaign(sku_id)
    center.share_stock(sku_id, on=True)
    assert refused(3) == [(12052921, [])]
    center.share_stock(sku_id, on=False)
    assert refused(3) == []


def test_recover_brings_a_product_back_deactivated(shop: TikTokShop) -> None:
    product_id = create(shop, "MUG-BACK")["product_id"]
    products, ids = shop.products, [product_id]
    data(products.delete_products(body=models.DeleteProductsRequest(product_ids=ids)))
    assert not data(products.recover_products(body=models.RecoverProductsRequest(product_ids=ids))).get("errors")
    assert data(products.get_product(product_id))["status"] == "SELLER_DEACTIVATED"
    errors = data(products.recover_products(body=models.RecoverProductsRequest(product_ids=ids)))["errors"]
    assert (int(errors[0]["code"]), errors[0]["detail"]["product_id"]) == (12052901, product_id)
    assert not data(products.activate_products(body=models.ActivateProductsRequest(product_ids=ids))).get("errors")
    assert data(products.get_product(product_id))["skus"][0]["status_info"]["status"] == "NORMAL"


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
