"""The example requests are accepted and the answers have the shape of the example responses."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.tiktok.seller_app import SellerApp, example

# What an answer may hold differently: example data of another kind than this shop has.
OPTIONAL = {"warnings", "fail_reasons", "errors"}


def shape_faults(wanted: Any, given: Any, path: str = "") -> list[str]:
    """Fields of the example that the answer lacks or that have another type."""
    if isinstance(wanted, dict):
        if not isinstance(given, dict):
            return [path]
        faults = []
        for key, value in wanted.items():
            if key not in given:
                faults += [f"{path}.{key}"] if key not in OPTIONAL else []
            else:
                faults += shape_faults(value, given[key], f"{path}.{key}")
        return faults
    if isinstance(wanted, list):
        if not isinstance(given, list) or (wanted and not given):
            return [path]
        # Lists mix kinds of rows: every row of the example has its like in the answer.
        rows = (min((shape_faults(row, other, f"{path}[]") for other in given), key=len) for row in wanted)
        return [fault for faults in rows for fault in faults]
    return [] if type(wanted) is type(given) else [path]


def assert_shape(name: str, envelope: dict[str, Any]) -> None:
    assert envelope["code"] == 0, envelope
    assert shape_faults(example(name), envelope) == []


@pytest.fixture
def french(app_in: Callable[..., SellerApp]) -> SellerApp:
    return app_in("FR")


def example_body(app: SellerApp) -> dict[str, Any]:
    """The example of create product with the ids of uploads made here."""
    body = example("product-create-request")
    for image in body["main_images"]:
        image["uri"] = app.image(1200, 1200)
    for sku in body["skus"]:
        sku["sales_attributes"][0]["sku_img"]["uri"] = app.image(use_case="ATTRIBUTE_IMAGE")
    body["certifications"][0]["files"][0]["id"] = app.file()["data"]["id"]
    return body


@pytest.mark.parametrize(
    ("name", "path", "cipher", "query"),
    [
        ("authorized-shops-response", "/authorization/202309/shops", False, {}),
        ("seller-shops-response", "/seller/202309/shops", False, {}),
        ("seller-permissions-response", "/seller/202309/permissions", False, {}),
        ("categories-response", "/product/202309/categories", True, {}),
        ("category-rules-response", "/product/202309/categories/853000/rules", True, {"category_version": "v2"}),
        ("attributes-response", "/product/202309/categories/853000/attributes", True, {"category_version": "v2"}),
        ("brands-response", "/product/202309/brands", True, {"page_size": "100", "category_id": "853000"}),
        ("warehouses-response", "/logistics/202309/warehouses", True, {}),
        (
            "delivery-options-response",
            "/logistics/202309/warehouses/7400000000000000011/delivery_options",
            True,
            {},
        ),
        (
            "shipping-providers-response",
            "/logistics/202309/delivery_options/7091146000000000001/shipping_providers",
            True,
            {},
        ),
    ],
)
def test_reading(french: SellerApp, name: str, path: str, cipher: bool, query: dict[str, str]) -> None:
    assert_shape(name, french.ask("GET", path, cipher=cipher, query=list(query.items())))


def test_prerequisites(french: SellerApp) -> None:
    french.world.shop.failed_prerequisites.add("RETURN_WAREHOUSE")
    assert_shape("listing-prerequisites-response", french.ask("GET", "/product/202312/prerequisites"))


def test_tokens(french: SellerApp) -> None:
    answer = french.exchange(french.world.auth_code()).json()
    assert_shape("auth-token-get-response", answer)
    assert_shape("auth-token-refresh-response", french.refresh(answer["data"]["refresh_token"]).json())
    refused = french.exchange("used").json()
    assert shape_faults(example("auth-token-error-response"), refused) == []
    assert refused["code"] == example("auth-token-error-response")["code"]


def test_uploads(french: SellerApp) -> None:
    content = french.image()
    assert content in french.world.pictures
    assert_shape("file-upload-response", french.file())


@pytest.mark.parametrize("kind", ["manufacturers", "responsible-persons"])
def test_compliance_search(french: SellerApp, kind: str) -> None:
    path = f"/product/202501/compliance/{kind.replace('-', '_')}/search"
    assert_shape(f"{kind}-search-response", french.ask("POST", path, {}, cipher=False, query=[("page_size", "10")]))


def test_requests_without_a_product(french: SellerApp) -> None:
    answer = french.ask("POST", "/product/202309/brands", example("brand-create-request"), cipher=False)
    assert_shape("brand-create-response", answer)
    answer = french.ask("POST", "/product/202309/categories/recommend", example("recommend-category-request"))
    assert_shape("recommend-category-response", answer)
    assert answer["data"]["leaf_category_id"] == "853000"


def test_the_life_of_the_example_product(french: SellerApp) -> None:
    created = french.ask("POST", "/product/202309/products", example_body(french))
    assert_shape("product-create-response", created)
    french.clock.pass_(seconds=5)
    product_id, skus = created["data"]["product_id"], created["data"]["skus"]
    path = f"/product/202309/products/{product_id}"

    shown = french.ask("GET", path)
    assert_shape("product-get-response", shown)
    assert shown["data"]["product_attributes"] == [
        {"id": "100398", "name": "Matière", "values": [{"id": "1000401", "name": "Grès"}]},
        {
            "id": "100399",
            "name": "Volume",
            "values": [{"id": shown["data"]["product_attributes"][1]["values"][0]["id"], "name": "325"}],
        },
    ]
    search = {**example("product-search-request"), "update_time_le": int(french.clock().timestamp())}
    found = french.ask("POST", "/product/202502/products/search", search, query=[("page_size", "20")])
    assert_shape("product-search-response", found)

    prices = example("price-update-request")
    prices["skus"][0]["id"] = skus[0]["id"]
    assert_shape("price-update-response", french.ask("POST", f"{path}/prices/update", prices))
    stock = example("inventory-update-request")
    for row, sku in zip(stock["skus"], skus, strict=True):
        row["id"] = sku["id"]
    assert french.ask("POST", f"{path}/inventory/update", stock)["data"] == {}
    stock["skus"][1]["inventory"][0]["quantity"] = -1
    assert_shape("inventory-update-response", french.ask("POST", f"{path}/inventory/update", stock))
    inventory = french.ask("POST", "/product/202309/inventory/search", {"product_ids": [product_id]})
    assert_shape("inventory-search-response", inventory)

    change = example("product-partial-edit-request")
    change["main_images"] = [{"uri": french.image()}]
    assert french.ask("POST", f"/product/202509/products/{product_id}/partial_edit", change)["code"] == 0
    ids = example("product-ids-request")
    assert_shape(
        "product-activate-partial-failure-response", french.ask("POST", "/product/202309/products/activate", ids)
    )


def test_an_error_of_create_looks_like_the_example(french: SellerApp) -> None:
    body = {**example_body(french), "product_attributes": []}
    answer = french.ask("POST", "/product/202309/products", body)
    wanted = example("product-create-error-response")
    assert (answer["code"], answer["data"]) == (wanted["code"], wanted["data"])
    assert shape_faults(wanted, answer) == []
