"""Every call: method, path, query, body, cipher or none, and what is made of the example answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from clients.errors import ConfigurationFault
from clients.tiktok import endpoints
from clients.tiktok.client import TikTokClient
from clients.tiktok.results import (
    BatchAnswer,
    ItemError,
    ListingCheck,
    ProductSaved,
    SavedSku,
    UploadedFile,
    UploadedImage,
)
from tests.clients.tiktok.cases import Case, data_of
from tests.clients.tiktok.order_cases import ORDER_CASES

PRODUCT = "1729500000000000001"
IDS = [PRODUCT, "1729500000000000009"]
CHECK = {
    "check_result": "FAILED",
    "fail_reasons": [{"code": 12052104, "message": "Material"}],
    "warnings": {"message": "w"},
}


CASES = ORDER_CASES | {
    "shops": Case(
        lambda c: [(s.id, s.cipher, s.region) for s in c.shops()],
        "AUTHORIZED_SHOPS", "GET", "/authorization/202309/shops", {}, None, "authorized-shops-response",
        lambda data: [(s["id"], s["cipher"], s["region"]) for s in data["shops"]], cipher=False,
    ),
    "active_shops": Case(
        lambda c: c.active_shops(),
        "ACTIVE_SHOPS", "GET", "/seller/202309/shops", {}, None, "seller-shops-response", data_of("shops"),
        cipher=False,
    ),
    "permissions": Case(
        lambda c: c.permissions(),
        "PERMISSIONS", "GET", "/seller/202309/permissions", {}, None, "seller-permissions-response",
        data_of("permissions"), cipher=False,
    ),
    "categories": Case(
        lambda c: c.categories("v2", "fr-FR"),
        "CATEGORIES", "GET", "/product/202309/categories", {"category_version": "v2", "locale": "fr-FR"}, None,
        "categories-response", data_of("categories"),
    ),
    "category_rules": Case(
        lambda c: c.category_rules("853000", "v2"),
        "CATEGORY_RULES", "GET", "/product/202309/categories/853000/rules", {"category_version": "v2"}, None,
        "category-rules-response", lambda data: data,
    ),
    "category_attributes": Case(
        lambda c: [(a["id"], a.get("is_required")) for a in c.category_attributes("853000", "v2", "fr-FR")],
        "CATEGORY_ATTRIBUTES", "GET", "/product/202309/categories/853000/attributes",
        {"category_version": "v2", "locale": "fr-FR"}, None, "attributes-response",
        lambda data: [(a["id"], a.get("is_requried")) for a in data["attributes"]],
    ),
    "recommend_category": Case(
        lambda c: c.recommend_category(
            "Mug", description="<p>Tourné</p>", image_uris=["uri-1"], version="v2", locale="fr-FR"
        ),
        "RECOMMEND_CATEGORY", "POST", "/product/202309/categories/recommend", {},
        {
            "product_title": "Mug", "description": "<p>Tourné</p>", "images": [{"uri": "uri-1"}],
            "category_version": "v2", "locale": "fr-FR",
        },
        "recommend-category-response", lambda data: data,
    ),
    "brands": Case(
        lambda c: list(c.brands(category_id="853000", version="v2", authorized=True, name="Nord", page_size=50)),
        "BRANDS", "GET", "/product/202309/brands",
        {
            "page_size": "50", "category_id": "853000", "category_version": "v2", "is_authorized": "true",
            "brand_name": "Nord",
        },
        None, "brands-response", data_of("brands"),
    ),
    "create_brand": Case(
        lambda c: c.create_brand("Atelier Nord"),
        "CREATE_BRAND", "POST", "/product/202309/brands", {}, {"name": "Atelier Nord"}, "brand-create-response",
        data_of("id"), cipher=False,
    ),
    "upload_image": Case(
        lambda c: c.upload_image(b"\x89PNG", "mug.png", "MAIN_IMAGE"),
        "UPLOAD_IMAGE", "POST", "/product/202309/images/upload", {},
        [
            b'name="use_case"\r\n\r\nMAIN_IMAGE',
            b'name="data"; filename="mug.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG',
        ],
        "image-upload-response", lambda data: UploadedImage(**data), cipher=False,
    ),
    "upload_file": Case(
        lambda c: c.upload_file(b"%PDF-", "contact.pdf"),
        "UPLOAD_FILE", "POST", "/product/202309/files/upload", {},
        [
            b'name="name"\r\n\r\ncontact.pdf',
            b'name="data"; filename="contact.pdf"\r\nContent-Type: application/pdf\r\n\r\n%PDF-',
        ],
        "file-upload-response", lambda data: UploadedFile(**data), cipher=False,
    ),
    "prerequisites": Case(
        lambda c: c.prerequisites(),
        "PREREQUISITES", "GET", "/product/202312/prerequisites", {}, None, "listing-prerequisites-response",
        data_of("check_results"),
    ),
    "listing_check": Case(
        lambda c: c.listing_check({"save_mode": "LISTING", "title": "Mug"}),
        "LISTING_CHECK", "POST", "/product/202309/products/listing_check", {}, {"title": "Mug"}, CHECK,
        lambda data: ListingCheck(False, (ItemError("", "12052104", "Material"),), ("w",), "REQ-0"),
    ),
    "create_product": Case(
        lambda c: c.create_product({"title": "Mug"}),
        "CREATE_PRODUCT", "POST", "/product/202309/products", {}, {"title": "Mug"}, "product-create-response",
        lambda data: ProductSaved(
            PRODUCT,
            (
                SavedSku("1729500000000000101", "MUG-325-BLEU", "MUG-325-BLEU"),
                SavedSku("1729500000000000102", "MUG-325-SABLE", "MUG-325-SABLE"),
            ),
            ("The is_cod_allowed value was ignored (invented wording)",), "", "20260922101500ABCDEF01000000000019",
        ),
    ),
    "edit_product": Case(
        lambda c: c.edit_product(PRODUCT, {"title": "Mug"}),
        "EDIT_PRODUCT", "PUT", f"/product/202509/products/{PRODUCT}", {}, {"title": "Mug"},
        {"audit": {"status": "AUDITING"}}, lambda data: ProductSaved(PRODUCT, (), (), "AUDITING", "REQ-0"),
    ),
    "partial_edit": Case(
        lambda c: c.partial_edit(PRODUCT, {"title": "Mug"}),
        "PARTIAL_EDIT", "POST", f"/product/202509/products/{PRODUCT}/partial_edit", {}, {"title": "Mug"},
        {"product_id": PRODUCT}, lambda data: ProductSaved(PRODUCT, (), (), "", "REQ-0"),
    ),
    "product": Case(
        lambda c: c.product(PRODUCT),
        "PRODUCT", "GET", f"/product/202309/products/{PRODUCT}", {}, None, "product-get-response", lambda data: data,
    ),
    "product under review": Case(
        lambda c: c.product(PRODUCT, under_review=True, locale="fr-FR"),
        "PRODUCT", "GET", f"/product/202309/products/{PRODUCT}",
        {"return_under_review_version": "true", "locale": "fr-FR"}, None, "product-get-response", lambda data: data,
    ),
    "product draft": Case(
        lambda c: c.product(PRODUCT, draft=True),
        "PRODUCT", "GET", f"/product/202309/products/{PRODUCT}", {"return_draft_version": "true"}, None,
        "product-get-response", lambda data: data,
    ),
    "search_products": Case(
        lambda c: list(c.search_products({"status": "ALL", "category_version": "v2"})),
        "SEARCH_PRODUCTS", "POST", "/product/202502/products/search", {"page_size": "100"},
        {"status": "ALL", "category_version": "v2"}, "product-search-response", data_of("products"),
    ),
    "activate": Case(
        lambda c: c.activate(IDS),
        "ACTIVATE", "POST", "/product/202309/products/activate", {}, {"product_ids": IDS},
        "product-activate-partial-failure-response",
        lambda data: BatchAnswer(
            (PRODUCT,),
            (ItemError(IDS[1], "12052901", "The product status does not allow this action (invented wording)"),),
            "20260922101500ABCDEF01000000000023",
        ),
    ),
    "deactivate": Case(
        lambda c: c.deactivate(IDS),
        "DEACTIVATE", "POST", "/product/202309/products/deactivate", {}, {"product_ids": IDS}, {},
        lambda data: BatchAnswer(tuple(IDS), (), "REQ-0"),
    ),
    "delete": Case(
        lambda c: c.delete(IDS),
        "DELETE", "DELETE", "/product/202309/products", {}, {"product_ids": IDS}, None,
        lambda data: BatchAnswer(tuple(IDS), (), "REQ-0"),
    ),
    "recover": Case(
        lambda c: c.recover(IDS),
        "RECOVER", "POST", "/product/202309/products/recover", {}, {"product_ids": IDS}, {"errors": []},
        lambda data: BatchAnswer(tuple(IDS), (), "REQ-0"),
    ),
    "update_prices": Case(
        lambda c: c.update_prices(PRODUCT, [{"id": "101", "price": {"amount": "22.50", "currency": "EUR"}}]),
        "UPDATE_PRICES", "POST", f"/product/202309/products/{PRODUCT}/prices/update", {},
        {"skus": [{"id": "101", "price": {"amount": "22.50", "currency": "EUR"}}]}, "price-update-response",
        lambda data: BatchAnswer(("101",), (), "20260922101500ABCDEF01000000000024"),
    ),
    "update_inventory": Case(
        lambda c: c.update_inventory(PRODUCT, [{"id": f"172950000000000010{n}", "inventory": []} for n in (1, 2)]),
        "UPDATE_INVENTORY", "POST", f"/product/202309/products/{PRODUCT}/inventory/update", {},
        {"skus": [{"id": f"172950000000000010{n}", "inventory": []} for n in (1, 2)]}, "inventory-update-response",
        lambda data: BatchAnswer(
            ("1729500000000000101",),
            (
                ItemError(
                    "1729500000000000102", "12052037", "Inventory of this SKU was not updated (invented wording)",
                    (ItemError("7400000000000000011", "12052037", "Warehouse entry rejected (invented wording)"),),
                ),
            ),
            "20260922101500ABCDEF01000000000025",
        ),
    ),
    "search_inventory": Case(
        lambda c: c.search_inventory(product_ids=[PRODUCT]),
        "SEARCH_INVENTORY", "POST", "/product/202309/inventory/search", {}, {"product_ids": [PRODUCT]},
        "inventory-search-response", data_of("inventory"),
    ),
    "search_inventory by SKU": Case(
        lambda c: c.search_inventory(sku_ids=["101"]),
        "SEARCH_INVENTORY", "POST", "/product/202309/inventory/search", {}, {"sku_ids": ["101"]},
        "inventory-search-response", data_of("inventory"),
    ),
    "manufacturers": Case(
        lambda c: list(c.manufacturers({"keyword": "Nord"})),
        "MANUFACTURERS", "POST", "/product/202501/compliance/manufacturers/search", {"page_size": "100"},
        {"keyword": "Nord"}, "manufacturers-search-response", data_of("manufacturers"), cipher=False,
    ),
    "create_manufacturer": Case(
        lambda c: c.create_manufacturer({"name": "Atelier Nord"}),
        "CREATE_MANUFACTURER", "POST", "/product/202409/compliance/manufacturers", {}, {"name": "Atelier Nord"},
        {"manufacturer_id": 7173000000000000001}, lambda data: "7173000000000000001", cipher=False,
    ),
    "responsible_persons": Case(
        lambda c: list(c.responsible_persons()),
        "RESPONSIBLE_PERSONS", "POST", "/product/202501/compliance/responsible_persons/search", {"page_size": "100"},
        {}, "responsible-persons-search-response", data_of("responsible_persons"), cipher=False,
    ),
    "create_responsible_person": Case(
        lambda c: c.create_responsible_person({"name": "Atelier Nord"}),
        "CREATE_RESPONSIBLE_PERSON", "POST", "/product/202409/compliance/responsible_persons", {},
        {"name": "Atelier Nord"}, {"responsible_person_id": "7174"}, lambda data: "7174", cipher=False,
    ),
    "size_charts": Case(
        lambda c: list(c.size_charts(keyword="shirt", locales=["fr-FR", "de-DE"])),
        "SIZE_CHARTS", "POST", "/product/202407/sizecharts/search", {"page_size": "100", "locales": "fr-FR,de-DE"},
        {"keyword": "shirt"}, {"size_chart": [{"template_id": 7}]}, lambda data: [{"template_id": "7"}], cipher=False,
    ),
    "warehouses": Case(
        lambda c: c.warehouses(),
        "WAREHOUSES", "GET", "/logistics/202309/warehouses", {}, None, "warehouses-response", data_of("warehouses"),
    ),
    "delivery_options": Case(
        lambda c: c.delivery_options("7400000000000000011"),
        "DELIVERY_OPTIONS", "GET", "/logistics/202309/warehouses/7400000000000000011/delivery_options", {}, None,
        "delivery-options-response", data_of("delivery_options"),
    ),
    "shipping_providers": Case(
        lambda c: c.shipping_providers("7091146000000000001"),
        "SHIPPING_PROVIDERS", "GET", "/logistics/202309/delivery_options/7091146000000000001/shipping_providers", {},
        None, "shipping-providers-response", data_of("shipping_providers"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_request_and_answer(name: str, client: TikTokClient, shop: Any, read: Any) -> None:
    case = CASES[name]
    shop.answers(case.answer if isinstance(case.answer, str) else shop.accepts(case.answer))
    result = case.call(client)

    (request,) = shop.requests
    query = read.query(request)
    assert (request.method, request.url.path) == (case.method, case.path)
    assert request.url.host == "open-api.tiktokglobalshop.com"
    assert request.headers["x-tts-access-token"].startswith("TTP_ACCESS_")
    cipher = {"shop_cipher": "GCP_TestAAAAcipher-_01"} if case.cipher else {}
    assert len(query.pop("sign")) == 64
    assert query == {"app_key": "6ahmtest01", "timestamp": "1795167000", **cipher, **case.query}
    if case.body is None:
        assert request.content == b""
    elif isinstance(case.body, list):
        assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
        assert all(part in request.content for part in case.body)
    else:
        assert request.headers["content-type"] == "application/json"
        assert json.loads(request.content) == case.body
    data = read.example(case.answer)["data"] if isinstance(case.answer, str) else case.answer
    assert result == case.result(data)


def test_every_endpoint_of_the_table_is_called_above() -> None:
    assert {case.endpoint for case in CASES.values()} == set(endpoints.ENDPOINTS)


def test_the_table_says_which_calls_may_be_repeated() -> None:
    writes = {name for name, endpoint in endpoints.ENDPOINTS.items() if endpoint.kind == "write"}
    repeatable = {name for name in writes if endpoints.ENDPOINTS[name].repeatable}
    assert repeatable == {
        "UPLOAD_IMAGE", "UPLOAD_FILE", "UPDATE_PRICES", "UPDATE_INVENTORY", "ATTACH_EXTERNAL_ORDERS",
        "CORRECT_ORDER_TRACKING", "CORRECT_PACKAGE_TRACKING", "APPROVE_CANCELLATION", "REJECT_CANCELLATION",
        "SUBSCRIBE", "UNSUBSCRIBE",
    }  # fmt: skip
    assert all(endpoint.repeatable for endpoint in endpoints.ENDPOINTS.values() if endpoint.kind == "read")
    assert all(endpoint.kind == "read" for endpoint in endpoints.ENDPOINTS.values() if endpoint.method == "GET")


def test_the_oldest_versions_can_be_asked_for(make_client: Callable[..., TikTokClient], shop: Any) -> None:
    shop.answers(shop.accepts({"product_id": PRODUCT}))
    old = make_client(oldest_versions=True)
    old.edit_product(PRODUCT, {})
    old.partial_edit(PRODUCT, {})
    list(old.search_products())
    old.prerequisites()
    assert all(request.url.path.startswith("/product/202309/") for request in shop.requests)


def test_an_unknown_version_is_replaced_by_the_older_one_for_good(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.refuses(36009009, 404), shop.accepts({"product_id": PRODUCT}))
    client.edit_product(PRODUCT, {})
    client.edit_product(PRODUCT, {})
    versions = [request.url.path.split("/")[2] for request in shop.requests]
    assert versions == ["202509", "202309", "202309"]


def test_a_path_no_version_of_which_is_known_is_a_wrong_address(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.refuses(36009009, 404))
    with pytest.raises(ConfigurationFault, match="36009009"):
        client.edit_product(PRODUCT, {})
    assert len(shop.requests) == 2


def test_without_a_chosen_shop_only_calls_without_one_work(make_client: Callable[..., TikTokClient], shop: Any) -> None:
    shop.answers("authorized-shops-response")
    client = make_client(shop_cipher=None)
    assert client.shops()
    with pytest.raises(ConfigurationFault, match="shop_cipher") as caught:
        client.warehouses()
    assert "Choose the shop" in caught.value.fix
    assert len(shop.requests) == 1


@pytest.mark.parametrize("strange", ["../../seller/202309/shops", "1?x=1", "", "1 2"])
def test_an_id_cannot_lead_to_another_path(strange: str, client: TikTokClient, shop: Any) -> None:
    with pytest.raises(ValueError, match="not an id"):
        client.product(strange)
    assert shop.requests == []


@pytest.mark.parametrize("count", [0, 21])
def test_batches_are_of_one_to_twenty(count: int, client: TikTokClient) -> None:
    with pytest.raises(ValueError, match="1 to 20 products"):
        client.delete(["1"] * count)


def test_inventory_is_asked_for_by_products_or_by_skus(client: TikTokClient) -> None:
    with pytest.raises(ValueError, match="either"):
        client.search_inventory()
    with pytest.raises(ValueError, match="either"):
        client.search_inventory(product_ids=["1"], sku_ids=["2"])
    with pytest.raises(ValueError, match="at most"):
        client.search_inventory(sku_ids=["1"] * 601)


def test_paging_parameters_never_go_into_the_body(client: TikTokClient) -> None:
    with pytest.raises(ValueError, match="page_size"):
        list(client.search_products({"page_size": 10}))


def test_other_servers_may_stand_in(make_client: Callable[..., TikTokClient], shop: Any) -> None:
    shop.answers("warehouses-response")
    make_client(api_url="http://127.0.0.1:8001/").warehouses()
    assert str(shop.requests[0].url).startswith("http://127.0.0.1:8001/logistics/")


def test_only_an_own_connection_is_closed(make_client: Callable[..., TikTokClient], shop: Any) -> None:
    shop.answers("warehouses-response")
    with make_client() as first:
        first.warehouses()
    with make_client() as second:
        assert second.warehouses()
    with make_client(http=None) as own:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        own.warehouses()


def test_the_misspelt_brand_status_is_read(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.accepts({"brands": [{"id": 1, "authorized_status": "UNAUTHORIEZD"}]}))
    assert list(client.brands()) == [{"id": "1", "authorized_status": "UNAUTHORIZED"}]


def test_a_given_http_client_may_be_shared(shop: Any, make_client: Callable[..., TikTokClient]) -> None:
    shop.answers(shop.accepts(None))
    with httpx.Client(transport=httpx.MockTransport(shop)) as http:
        assert make_client(http=http).warehouses() == []
        assert make_client(http=http).active_shops() == []
