"""Answers: success and failure are told by the envelope, lost answers by what the call may have done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from clients.errors import (
    AccessDenied,
    ConfigurationFault,
    Rejected,
    ShopError,
    Throttled,
    TimedOut,
    Unavailable,
    Uncertain,
)
from clients.tiktok.answers import normalise
from clients.tiktok.client import TikTokClient
from clients.tiktok.results import BatchAnswer


def read(client: TikTokClient) -> Any:
    return client.warehouses()


def create(client: TikTokClient) -> Any:
    return client.create_product({"title": "Mug"})


def stock(client: TikTokClient) -> Any:
    return client.update_inventory("1", [{"id": "2", "inventory": []}])


def image(client: TikTokClient) -> Any:
    return client.upload_image(b"x", "x.png")


@pytest.mark.parametrize("envelope", [{"data": None}, {"data": {}}, {}, {"data": []}])
def test_no_data_in_any_form_is_an_empty_answer(envelope: dict[str, Any], client: TikTokClient, shop: Any) -> None:
    shop.answers(httpx.Response(200, json={"code": 0, "message": "Success", "request_id": "R", **envelope}))
    assert client.warehouses() == []
    assert client.product("1") == {}
    assert list(client.search_products()) == []
    assert client.delete(["1"]) == BatchAnswer(("1",), (), "R")


def test_ids_are_text_whatever_the_wire_says() -> None:
    wire = {
        "id": 1729500000000000001,
        "product_ids": [1729500000000000001, "2"],
        "skus": [{"warehouse_id": 7400000000000000011, "quantity": 3}],
        "value_id": None,
        "valid": 5,
    }
    assert normalise(wire) == {
        "id": "1729500000000000001",
        "product_ids": ["1729500000000000001", "2"],
        "skus": [{"warehouse_id": "7400000000000000011", "quantity": 3}],
        "value_id": None,
        "valid": 5,
    }


def test_a_business_error_comes_with_http_200(client: TikTokClient, shop: Any) -> None:
    shop.answers("product-create-error-response")
    with pytest.raises(Rejected) as caught:
        create(client)
    error = caught.value
    assert (error.shop, error.code, error.request_id) == ("tiktok", "12052104", "20260922101500ABCDEF01000000000020")
    assert error.cause.startswith("A required attribute is missing. TikTok Shop says: A required product attribute")
    assert error.fix == "Fill in the attribute mapping of the category template."
    assert "POST /product/202309/products: code 12052104 (HTTP 200)" in str(error)


def test_success_is_told_by_code_not_by_status(client: TikTokClient, shop: Any) -> None:
    shop.answers(httpx.Response(500, json={"code": 0, "data": {"warehouses": [{"id": "1"}]}}))
    assert client.warehouses() == [{"id": "1"}]


def test_an_unknown_code_is_a_refusal_in_the_platforms_words(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.refuses(12059999, message="The moon is in the wrong house"))
    with pytest.raises(Rejected) as caught:
        create(client)
    assert (caught.value.code, caught.value.cause) == ("12059999", "The moon is in the wrong house")


def test_an_error_item_without_an_id_confirms_nothing(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.accepts({"errors": [{"code": "12052901", "message": "no"}]}))
    answer = client.activate(["1", "2"])
    assert answer.succeeded == ()
    assert [(error.object_id, error.entry.cause) for error in answer.errors] == [
        ("", "The status of the product does not allow this action.")
    ]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, Unavailable),
        (301, ConfigurationFault),
        (400, Rejected),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, ConfigurationFault),
        (408, TimedOut),
        (429, Throttled),
        (500, Unavailable),
        (503, Unavailable),
        (504, TimedOut),
    ],
)
@pytest.mark.parametrize("body", [b"<html>sorry</html>", b"", b'{"code": 0, "da', b"[]", b'{"code": "x"}', b"null"])
def test_a_body_that_is_no_envelope_is_told_by_status(
    status: int, kind: type[ShopError], body: bytes, client: TikTokClient, shop: Any
) -> None:
    shop.answers(httpx.Response(status, content=body))
    with pytest.raises(kind) as caught:
        read(client)
    assert type(caught.value) is kind
    assert caught.value.code == f"http-{status}"
    assert caught.value.cause
    assert caught.value.fix


UNCLEAR = {
    "timeout": httpx.ReadTimeout("t"),
    "reset": httpx.ReadError("r"),
    "closed": httpx.RemoteProtocolError("c"),
    "half sent": httpx.WriteError("w"),
    "500": httpx.Response(500, content=b"<html>"),
    "503": httpx.Response(503, content=b""),
    "truncated": httpx.Response(200, content=b'{"code": 0, "da'),
    "garbled": httpx.Response(200, content=b"x", headers={"content-encoding": "identity"}),
    "36009003": httpx.Response(500, json={"code": 36009003, "message": "m"}),
    "36009007": httpx.Response(504, json={"code": 36009007, "message": "m"}),
    "12052881": httpx.Response(200, json={"code": 12052881, "message": "m"}),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_a_write_without_a_clear_answer_is_uncertain_and_not_repeated(
    name: str, client: TikTokClient, shop: Any
) -> None:
    shop.answers(UNCLEAR[name])
    with pytest.raises(Uncertain) as caught:
        create(client)
    assert len(shop.requests) == 1
    assert "may or may not" in caught.value.cause


@pytest.mark.parametrize("name", UNCLEAR)
@pytest.mark.parametrize("call", [read, stock, image])
def test_what_does_no_harm_twice_is_repeated(
    name: str, call: Callable[[TikTokClient], Any], client: TikTokClient, shop: Any
) -> None:
    shop.answers(UNCLEAR[name], shop.accepts({"uri": "u"}))
    call(client)
    assert len(shop.requests) == 2


UNTOUCHED = {
    "throttled": httpx.Response(429, json={"code": 36009002, "message": "m"}),
    "throttled otherwise": httpx.Response(429, json={"code": 36009037, "message": "m"}),
    "merchant limit": httpx.Response(200, json={"code": 12052109, "message": "m"}),
    "throttled by a gateway": httpx.Response(429, content=b"<html>"),
    "no connection": httpx.ConnectError("c"),
    "no connection in time": httpx.ConnectTimeout("c"),
}


@pytest.mark.parametrize("name", UNTOUCHED)
def test_a_write_that_was_not_looked_at_is_repeated(name: str, client: TikTokClient, shop: Any) -> None:
    shop.answers(UNTOUCHED[name], "product-create-response")
    assert create(client).product_id == "1729500000000000001"
    assert len(shop.requests) == 2
    assert shop.requests[0].content == shop.requests[1].content


def test_repeating_has_an_end(client: TikTokClient, shop: Any) -> None:
    shop.answers(httpx.ReadTimeout("t"))
    with pytest.raises(TimedOut):
        read(client)
    assert len(shop.requests) == 6


def test_a_refusal_is_not_repeated(client: TikTokClient, shop: Any) -> None:
    shop.answers("product-create-error-response")
    with pytest.raises(Rejected):
        create(client)
    assert len(shop.requests) == 1


def test_accepted_without_an_id_is_uncertain(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.accepts({}))
    for call in (create, image, lambda c: c.create_brand("Nord")):
        with pytest.raises(Uncertain, match="accepted"):
            call(client)


@pytest.mark.parametrize("error", [httpx.UnsupportedProtocol("x"), httpx.LocalProtocolError("x")])
def test_what_cannot_be_sent_is_a_matter_of_settings(error: Exception, client: TikTokClient, shop: Any) -> None:
    shop.answers(error)
    with pytest.raises(ConfigurationFault):
        create(client)


@pytest.mark.parametrize(
    ("skew", "words"),
    [({"seconds": 90}, "is ahead by 90 seconds"), ({"seconds": -400}, "is behind by 400 seconds")],
)
def test_a_clock_that_is_off_is_named(
    skew: dict[str, float], words: str, client: TikTokClient, shop: Any, clock: Any
) -> None:
    server_time = clock() - timedelta(**skew)
    shop.answers(shop.refuses(36009004, 400, "Invalid parameter", date=format_datetime(server_time, usegmt=True)))
    with pytest.raises(ConfigurationFault) as caught:
        read(client)
    assert words in caught.value.cause
    assert "NTP" in caught.value.fix


def test_a_timestamp_fault_without_a_date_is_named_too(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.refuses(36009004, 400, "Invalid timestamp"))
    with pytest.raises(ConfigurationFault, match="36009004") as caught:
        read(client)
    assert "clock" in caught.value.cause


@pytest.mark.parametrize("seconds", [10, -200])
def test_a_clock_within_the_window_is_not_blamed(seconds: int, client: TikTokClient, shop: Any, clock: Any) -> None:
    server_time = clock() - timedelta(seconds=seconds)
    date = format_datetime(server_time, usegmt=True)
    shop.answers(shop.refuses(36009004, 400, "Invalid parameter: page_size", date=date))
    with pytest.raises(Rejected) as caught:
        read(client)
    assert "page_size" in caught.value.cause


def test_a_wrong_app_key_is_named(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.refuses(36009004, 400, "app_key is invalid"))
    with pytest.raises(AccessDenied, match="36009004") as caught:
        read(client)
    assert "app key" in caught.value.cause


class Purse:
    """A budget that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def acquire(self, endpoint_class: str) -> None:
        self.told.append(endpoint_class)

    def succeeded(self, endpoint_class: str) -> None:
        self.told.append(f"{endpoint_class} taken")

    def throttled(self, endpoint_class: str, retry_after: float | None) -> None:
        self.told.append((endpoint_class, retry_after))


def test_the_budget_hears_of_every_try(make_client: Callable[..., TikTokClient], shop: Any, clock: Any) -> None:
    purse = Purse()
    client = make_client(budget=purse)
    later = format_datetime(clock() + timedelta(seconds=30), usegmt=True)
    shop.answers(
        shop.refuses(36009002, 429, retry_after="2.5"),
        shop.refuses(36009002, 429, retry_after=later),
        shop.refuses(36009002, 429, retry_after="soon"),
        httpx.ReadTimeout("t"),
        "price-update-response",
        "warehouses-response",
    )
    client.update_prices("1", [{"id": "2"}])
    client.warehouses()
    assert purse.told == [
        *("write", ("write", 2.5)),
        *("write", ("write", 30.0)),
        *("write", ("write", None)),
        "write",
        *("write", "write taken"),
        *("read", "read taken"),
    ]


def test_a_refusal_uses_the_budget_like_any_call(make_client: Callable[..., TikTokClient], shop: Any) -> None:
    purse = Purse()
    shop.answers("product-create-error-response")
    with pytest.raises(Rejected):
        create(make_client(budget=purse))
    assert purse.told == ["write", "write taken"]


def test_retry_after_is_waited_for_without_a_budget(
    client: TikTokClient, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import stamina

    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    shop.answers(shop.refuses(36009002, 429, retry_after="7"), httpx.ReadTimeout("t"), "warehouses-response")
    with stamina.set_testing(False):
        client.warehouses()
    # Then the backoff of a second try: two seconds, and up to one of jitter.
    assert slept[0] == 7
    assert 1 <= slept[1] <= 4


def test_who_asks_for_a_day_is_not_waited_for(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.refuses(36009002, 429, retry_after="86400"))
    with pytest.raises(Throttled):
        client.warehouses()
    shop.answers(shop.refuses(36009002, 429, retry_after="inf"), "warehouses-response")
    client.warehouses()
