"""Orders, shipping and cancellations beyond single requests: pages, batches, lost answers, what codes mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from clients.errors import Rejected, Unavailable, Uncertain
from clients.tiktok.calls import STALE_PAGE
from clients.tiktok.client import TikTokClient

Call = Callable[[TikTokClient], Any]


def mark_shipped(client: TikTokClient) -> Any:
    return client.mark_shipped("1", "6A12345678901", "7")


def ship_package(client: TikTokClient) -> Any:
    return client.ship_package("1", "6A12345678901", "7")


def ship_packages(client: TikTokClient) -> Any:
    return client.ship_packages([{"id": "1"}])


def cancel(client: TikTokClient) -> Any:
    return client.cancel_order("1", "seller_cancel_reason_out_of_stock")


def correct(client: TikTokClient) -> Any:
    return client.correct_tracking("6A12345678901", "7", order_id="1")


def approve(client: TikTokClient) -> Any:
    return client.approve_cancellation("1", "key")


def reject(client: TikTokClient) -> Any:
    return client.reject_cancellation("1", "packed", "key")


ONCE = [mark_shipped, ship_package, ship_packages, cancel]
REPEATABLE = [correct, approve, reject]


def test_orders_come_page_by_page(client: TikTokClient, shop: Any, read: Any) -> None:
    shop.answers(
        shop.accepts({"orders": [{"id": 1}, {"id": 2}], "next_page_token": "a+/="}),
        shop.accepts({"orders": [{"id": 3}], "next_page_token": ""}),
    )
    pages = client.order_pages(update_time_ge=5, page_size=2)
    assert next(pages) == [{"id": "1"}, {"id": "2"}]
    assert len(shop.requests) == 1
    assert list(pages) == [[{"id": "3"}]]
    assert [read.query(request).get("page_token") for request in shop.requests] == [None, "a+/="]
    assert {request.content for request in shop.requests} == {b'{"update_time_ge":5}'}


@pytest.mark.parametrize(
    "pages",
    [
        lambda client: client.order_pages(),
        lambda client: client.package_pages(),
        lambda client: client.cancellation_pages(),
        lambda client: client.return_pages(),
    ],
)
def test_a_refused_page_token_is_told_from_a_refused_search(
    client: TikTokClient, shop: Any, pages: Callable[[TikTokClient], Any]
) -> None:
    shop.answers(shop.refuses(10002014))
    with pytest.raises(Rejected) as search:
        list(pages(client))
    assert search.value.code == "10002014"
    shop.answers(shop.accepts({"next_page_token": "old"}), shop.refuses(36009004, 400))
    with pytest.raises(Rejected, match="36009004") as page:
        list(pages(client))
    assert page.value.code == STALE_PAGE
    assert "from its beginning" in page.value.fix


def test_an_internal_fault_of_the_search_passes(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.refuses(10006402), shop.accepts({"orders": [{"id": 1}]}))
    assert list(client.order_pages()) == [[{"id": "1"}]]


def test_any_number_of_orders_fifty_a_call(client: TikTokClient, shop: Any, read: Any) -> None:
    def found(request: httpx.Request) -> httpx.Response:
        ids = read.query(request)["ids"].split(",")
        return shop.accepts({"orders": [{"id": id_} for id_ in ids if id_ != "7"]})  # type: ignore[no-any-return]

    shop.answers(found)
    ids = [str(number) for number in range(120)]
    assert [order["id"] for order in client.orders(iter([*ids, "3"]))] == [id_ for id_ in ids if id_ != "7"]
    assert [len(read.query(request)["ids"].split(",")) for request in shop.requests] == [50, 50, 20]
    assert client.orders([]) == []


def test_details_fall_back_to_the_older_version(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.refuses(36009009, 404), shop.accepts({"orders": [{"id": 1}]}))
    client.orders(["1"])
    client.orders(["2"])
    assert [request.url.path.split("/")[2] for request in shop.requests] == ["202507", "202309", "202309"]


def test_a_whole_order_keeps_its_ids_as_text(client: TikTokClient, shop: Any) -> None:
    shop.answers("order-detail-shipped-response")
    (order,) = client.orders(["577000000000000001"])
    assert isinstance(order["id"], str)
    assert all(isinstance(line[name], str) for line in order["line_items"] for name in ("id", "sku_id", "package_id"))
    assert isinstance(order["update_time"], int)


@pytest.mark.parametrize("call", ONCE)
@pytest.mark.parametrize("lost", [httpx.ReadTimeout("x"), httpx.ReadError("x"), httpx.Response(502, content=b"")])
def test_what_must_not_happen_twice_is_sent_once(call: Call, lost: Any, client: TikTokClient, shop: Any) -> None:
    shop.answers(lost)
    with pytest.raises(Uncertain):
        call(client)
    assert len(shop.requests) == 1


@pytest.mark.parametrize("call", REPEATABLE)
def test_what_may_happen_twice_is_sent_again(call: Call, client: TikTokClient, shop: Any) -> None:
    shop.answers(httpx.ReadTimeout("x"), shop.refuses(25020008), shop.accepts({}))
    call(client)
    assert len(shop.requests) == 3
    assert len({request.content for request in shop.requests}) == 1


@pytest.mark.parametrize("call", [mark_shipped, cancel])
def test_an_accepted_write_without_its_id_is_uncertain(call: Call, client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.accepts({}))
    with pytest.raises(Uncertain) as caught:
        call(client)
    assert caught.value.code == "no-id"


def test_a_lock_is_tried_again_whatever_the_call(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.refuses(25001028), shop.refuses(25001028), shop.accepts({"cancel_id": "4"}))
    assert client.cancel_order("1", "x").cancel_id == "4"
    assert len(shop.requests) == 3
    shop.answers(shop.refuses(25001028))
    with pytest.raises(Unavailable):
        client.cancel_order("1", "x")
    # ... unlike an internal fault, behind which the order may be cancelled.
    shop.answers(shop.refuses(25020008))
    with pytest.raises(Uncertain):
        client.cancel_order("1", "x")


def test_a_refusal_says_what_to_do(client: TikTokClient, shop: Any) -> None:
    shop.answers("error-order-not-shippable-200")
    with pytest.raises(Rejected) as hold:
        mark_shipped(client)
    assert hold.value.code == "21011044"
    assert "on hold" in hold.value.cause
    shop.answers(shop.refuses(21011006))
    with pytest.raises(Rejected) as shipped:
        ship_package(client)
    assert (shipped.value.code, "reads the order back" in shipped.value.fix) == ("21011006", True)


def test_only_reasons_that_fit_every_open_line_are_offered(client: TikTokClient, shop: Any) -> None:
    def line(eligible: bool, *names: str, kind: str = "CANCEL") -> dict[str, Any]:
        return {"request_type": kind, "eligible": eligible, "available_reason_names": list(names)}

    rows = [
        {"sku_id": "1", "line_item_eligibility": [line(True, "a", "b", "c"), line(False)]},
        {"sku_id": "2", "line_item_eligibility": [line(True, "c", "b"), line(True, "z", kind="REFUND")]},
        {"sku_id": "3"},
    ]
    shop.answers(shop.accepts({"sku_eligibility": rows}))
    assert client.cancel_reasons("1") == ["b", "c"]
    shop.answers(shop.accepts({"sku_eligibility": [{"line_item_eligibility": [line(False)]}]}))
    assert client.cancel_reasons("1") == []


def test_what_can_only_be_a_mistake_is_not_sent(client: TikTokClient, shop: Any) -> None:
    for mistake in (
        lambda: client.cancel_order("1", "x", line_ids=["1"], skus=[("2", 1)]),
        lambda: client.correct_tracking("6A12345678901", "7"),
        lambda: client.correct_tracking("6A12345678901", "7", order_id="1", package_id="2"),
        lambda: client.approve_cancellation("1", ""),
        lambda: client.reject_cancellation("1", "x", ""),
        lambda: client.ship_packages([]),
        lambda: client.ship_packages([{"id": "1"}] * 21),
        lambda: client.attach_external_orders([{"id": "1"}] * 101),
    ):
        with pytest.raises(ValueError, match=r"give either|idempotency key|at a time"):
            mistake()
    assert shop.requests == []


def test_a_batch_that_names_no_package_confirms_none(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.accepts({"errors": [{"code": 21011022, "message": "no", "detail": {}}]}))
    answer = client.ship_packages([{"id": "1"}, {"id": "2"}])
    assert answer.succeeded == ()
    assert answer.errors[0].entry.cause == "Tracking number or carrier is not valid."


def test_rejections_leave_out_what_is_not_said(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.accepts({}))
    reject(client)
    assert orjson.loads(shop.requests[0].content) == {"reject_reason": "packed"}
