"""An independent client from PyPI ships, cancels and takes back over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from tiktok_shop_api import TikTokShop, TikTokShopAuth, TikTokShopError
from tiktok_shop_api.generated import models

from sandbox.server import Sandbox
from sandbox.tiktok.logistics import carriers
from sandbox.tiktok.order_entry import Entry
from sandbox.tiktok.order_model import Item, Order
from tests.sandbox.tiktok.test_tiktok_order_generator import fill

UPS = "1Z12345E0205271688"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(products=1, region="US") as running:
        fill(running.tiktok, 3)
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
    read: dict[str, Any] = content.get("data") or {}
    return read


def unknown_fields(value: Any, path: str = "") -> set[str]:
    """Fields that the client's models do not know, by their path."""
    if isinstance(value, list):
        return {field for row in value for field in unknown_fields(row, path)}
    if not hasattr(value, "additional_properties"):
        return set()
    found = {f"{path}.{name}" for name in value.additional_properties}
    for field in value.__attrs_attrs__:
        if field.name != "additional_properties":
            found |= unknown_fields(getattr(value, field.name), f"{path}.{field.name}")
    return found


def order_in(sandbox: Sandbox, status: str = "AWAITING_SHIPMENT", units: int = 1) -> Order:
    book, shelf = sandbox.tiktok.shop.book, sandbox.tiktok.shop.shelf
    sku_id = next(key for product in shelf.products.values() if product.status == "ACTIVATE" for key in product.offers)
    order = book.place(Entry([Item(sku_id, units)]))
    book.advance(order, status)
    return order


def ups(sandbox: Sandbox) -> str:
    return next(row["id"] for row in carriers(sandbox.tiktok.shop.market) if row["name"] == "UPS")


def test_mark_shipped_and_package_detail(sandbox: Sandbox, shop: TikTokShop) -> None:
    order = order_in(sandbox, units=2)
    request = models.MarkPackageAsShippedRequest.from_dict(
        {
            "order_line_list": [{"order_line_id": order.units[0].id}],
            "shipping_info_list": [{"tracking_number": UPS, "shipping_provider_id": ups(sandbox)}],
        }
    )
    marked = data(shop.fulfillment.mark_package_as_shipped(order.id, body=request))
    assert order.status == "PARTIALLY_SHIPPING"
    answer = shop.fulfillment.get_package_detail(marked["package_id"])
    assert unknown_fields(answer) == set()
    assert data(answer)["tracking_number"] == UPS
    with pytest.raises(TikTokShopError, match="already shipped"):
        shop.fulfillment.mark_package_as_shipped(order.id, body=request)
    found = shop.fulfillment.search_package(page_size=50, body=models.SearchPackageRequest())
    assert unknown_fields(found) == set()
    assert {marked["package_id"], order.units[1].package_id} <= {row["id"] for row in data(found)["packages"]}
    tracked = shop.fulfillment.get_order_tracking(order.id)
    assert unknown_fields(tracked) == set()
    assert data(tracked)["tracking"][0]["action_code"] == 10101
    change = {"shipping_info_list": [{"tracking_number": UPS[:-1] + "9", "shipping_provider_id": ups(sandbox)}]}
    body = models.UpdatePackageShippingInfoRequest.from_dict(change)
    data(shop.fulfillment.update_package_shipping_info(marked["package_id"], body=body))
    assert order.packages[marked["package_id"]].tracking_number.endswith("9")


def test_split(sandbox: Sandbox, shop: TikTokShop) -> None:
    order = order_in(sandbox, units=2)
    rows = data(shop.fulfillment.get_order_split_attributes(order_ids=[order.id]))["split_attributes"]
    assert rows[0]["can_split"] is True
    groups = [{"id": str(i), "order_line_item_ids": [unit.id]} for i, unit in enumerate(order.units, 1)]
    body = models.ConfirmOrderSplitRequest.from_dict({"splittable_groups": groups})
    assert len(data(shop.fulfillment.confirm_order_split(order.id, body=body))["packages"]) == 2


def test_cancel_and_search(sandbox: Sandbox, shop: TikTokShop) -> None:
    order = order_in(sandbox)
    eligible = shop.return_and_refund.get_aftersale_eligibility(
        order.id,
        initiate_aftersale_user=models.GetAftersaleEligibilityInitiateAftersaleUser.SELLER,
        request_types=[models.GetAftersaleEligibilityRequestTypesItem.CANCEL],
    )
    assert unknown_fields(eligible) == set()
    entry = data(eligible)["sku_eligibility"][0]["line_item_eligibility"][0]
    request = {"order_id": order.id, "cancel_reason": entry["available_reason_names"][1]}
    done = data(shop.return_and_refund.cancel_order(body=models.CancelOrderRequest.from_dict(request)))
    found = shop.return_and_refund.search_cancellations(
        body=models.SearchCancellationsRequest(order_ids=[order.id]), page_size="50"
    )
    assert unknown_fields(found) == set()
    assert [row["cancel_id"] for row in data(found)["cancellations"]] == [done["cancel_id"]]
    assert order.status == "CANCELLED"


def test_answers_to_buyers(sandbox: Sandbox, shop: TikTokShop) -> None:
    desk, refunds = sandbox.tiktok.shop.aftersales, shop.return_and_refund
    granted, refused = (desk.buyer_requests_cancellation(order_in(sandbox).id) for _ in range(2))
    data(refunds.approve_cancellation(granted.id, idempotency_key="one"))
    reasons = data(refunds.get_reject_reasons(return_or_cancel_id=refused.id))["reasons"]
    body = models.RejectCancellationRequest.from_dict({"reject_reason": reasons[0]["name"]})
    data(refunds.reject_cancellation(refused.id, body=body, idempotency_key="two"))
    assert (granted.status, refused.status) == ("CANCELLATION_REQUEST_SUCCESS", "CANCELLATION_REQUEST_CANCEL")


def test_returns(sandbox: Sandbox, shop: TikTokShop) -> None:
    row = sandbox.tiktok.shop.returns.buyer_returns(order_in(sandbox, "DELIVERED").id)
    found = shop.return_and_refund.search_returns(body=models.SearchReturnsRequest(), page_size="10")
    assert unknown_fields(found) == set()
    body = models.ApproveReturnRequest.from_dict({"decision": "APPROVE_RETURN"})
    data(shop.return_and_refund.approve_return(row.id, body=body))
    assert row.status == "AWAITING_BUYER_SHIP"
