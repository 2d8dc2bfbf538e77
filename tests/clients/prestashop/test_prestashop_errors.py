"""Errors: each recorded refusal is the right class with its code; each broken answer is known for what it is."""

from __future__ import annotations

import ssl
from collections.abc import Callable
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
from clients.prestashop import PrestaShopClient
from clients.prestashop.errors import PHP_CODES, TABLE

HTML = b"<!DOCTYPE html><html><head><title>Busy</title></head><body>Try <b>later</b> [error]</body></html>"


def read(client: PrestaShopClient) -> object:
    """A read of a list."""
    return client.rows("products", display=["id"])


def write(client: PrestaShopClient) -> object:
    """A write without a right moment to repeat it."""
    return client.create("messages", {"message": "x"})


@pytest.mark.parametrize(
    ("number", "call", "kind", "code"),
    [
        ("003", read, AccessDenied, "20"),
        ("004", read, AccessDenied, "20"),
        ("005", read, AccessDenied, "http-401"),
        ("006", read, AccessDenied, "26"),
        ("007", write, AccessDenied, "25"),
        ("008", read, Rejected, "27"),
        ("014", read, Rejected, "32"),  # 500 with PHP warnings behind the error that matters
        ("017", read, Rejected, "32"),
        ("070", write, Rejected, "41"),
        ("071", write, Rejected, "127"),  # 500 with PHP warnings before the error that matters
        ("072", write, Rejected, "127"),
        ("076", write, Rejected, "93"),
        ("078", lambda client: client.delete("products", [99999]), Rejected, "87"),
        ("084", write, Rejected, "101"),
        ("127", read, ConfigurationFault, "22"),
        ("129", read, ConfigurationFault, "redirect"),
        ("002", read, Unavailable, "http-500"),
    ],
)
def test_recorded_refusals(
    client: PrestaShopClient, shop: Any, number: str, call: Callable[[Any], object], kind: type[ShopError], code: str
) -> None:
    shop.answers(number)
    with pytest.raises(ShopError) as caught:
        call(client)
    assert type(caught.value) is kind
    assert (caught.value.shop, caught.value.code) == ("prestashop", code)
    assert caught.value.cause
    assert caught.value.fix


def test_the_refused_field_is_named_and_nothing_else_of_the_text(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("070")
    with pytest.raises(Rejected, match=r"code 41 \(price\)$") as caught:
        write(client)
    assert caught.value.cause.endswith("(price)")
    text = "La propiedad Address-&gt;dni de Rita Roe está vacía"
    body = f"<errors><error><code>85</code><message>{text}</message></error></errors>"
    shop.answers(httpx.Response(400, content=body.encode()))
    with pytest.raises(Rejected) as refused:
        write(client)
    assert str(refused.value) == "POST messages: 400, code 85 (Address.dni)"
    assert "Rita" not in refused.value.cause


def test_every_code_of_the_webservice_has_a_row() -> None:
    known = {16, 17, 18, 20, 21, 22, 23, 25, 26, 27, 28, 41, 46, 84, 85, 86, 87, 88, 100, 101, 123, 124, 126, 127, 128}
    known |= {*range(29, 40), *range(47, 82), *range(89, 94), 131, 132, 133, 134, 135, 140, 141, 999}
    assert {str(code) for code in known} <= TABLE.keys()
    assert not PHP_CODES & TABLE.keys()
    for code, row in TABLE.items():
        assert row.cause.endswith("."), code
        assert row.fix.endswith("."), code


def test_php_warnings_alone_mean_nothing_was_answered(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(shop.refuses(500, 3, 15))
    with pytest.raises(Unavailable, match="PHP errors 3, 15"):
        read(client)
    # ... and a write may have been done all the same.
    shop.answers(shop.refuses(500, 3, 15))
    with pytest.raises(Uncertain):
        write(client)


@pytest.mark.parametrize(
    ("status", "codes", "kind"),
    [
        (400, (85,), Rejected),
        (500, (85,), Uncertain),  # the object was saved, its association was not
        (500, (88,), Uncertain),
        (500, (46,), Rejected),
        (500, (140,), Rejected),
        (403, (132,), AccessDenied),
        (404, (999,), ConfigurationFault),
        (400, (7001,), Rejected),  # a module's own code
        (500, (7001,), Uncertain),
    ],
)
def test_codes_of_writes(client: PrestaShopClient, shop: Any, status: int, codes: tuple[int], kind: type) -> None:
    shop.answers(shop.refuses(status, *codes))
    with pytest.raises(ShopError) as caught:
        write(client)
    assert type(caught.value) is kind
    assert len(shop.requests) == 1


@pytest.mark.parametrize(
    ("status", "reading", "writing"),
    [
        (403, ConfigurationFault, ConfigurationFault),
        (404, ConfigurationFault, ConfigurationFault),
        (405, ConfigurationFault, ConfigurationFault),
        (406, ConfigurationFault, ConfigurationFault),
        (408, TimedOut, Uncertain),
        (413, Rejected, Rejected),
        (414, Rejected, Rejected),
        (429, Throttled, Throttled),
        (500, Unavailable, Uncertain),
        (502, Unavailable, Uncertain),
        (503, Unavailable, Uncertain),
        (504, Unavailable, Uncertain),
    ],
)
def test_pages_of_something_in_front_of_the_shop(
    client: PrestaShopClient, shop: Any, status: int, reading: type, writing: type
) -> None:
    for call, kind in ((read, reading), (write, writing)):
        shop.answers(httpx.Response(status, content=HTML, headers={"Content-Type": "text/html"}))
        with pytest.raises(ShopError) as caught:
            call(client)
        assert type(caught.value) is kind
        assert caught.value.code in {f"http-{status}", "timeout"}


@pytest.mark.parametrize("text", [b"Cart cannot be loaded or an order has already been placed using this cart", b""])
def test_a_died_write_is_uncertain(client: PrestaShopClient, shop: Any, text: bytes) -> None:
    shop.answers(httpx.Response(500, content=text))
    with pytest.raises(Uncertain):
        client.create("orders", {"id_cart": 5})
    assert len(shop.requests) == 1


def test_a_web_page_instead_of_the_webservice_is_a_wrong_address(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(httpx.Response(200, content=HTML, headers={"Content-Type": "text/html"}))
    with pytest.raises(ConfigurationFault) as caught:
        read(client)
    assert caught.value.code == "not-a-webservice"


@pytest.mark.parametrize(
    ("location", "right"),
    [
        ("https://www.shop.example/api/products?limit=1", "https://www.shop.example"),
        ("https://shop.example/boutique/api/products", "https://shop.example/boutique"),
        ("http://127.0.0.1:8085/?url=products&limit=1", "http://127.0.0.1:8085"),
    ],
)
def test_a_redirect_is_not_followed_and_names_the_right_address(
    client: PrestaShopClient, shop: Any, location: str, right: str
) -> None:
    for call in (read, write):
        shop.requests.clear()
        shop.answers(httpx.Response(301, headers={"Location": location}))
        with pytest.raises(ConfigurationFault) as caught:
            call(client)
        assert caught.value.fix == f"Configure {right} as the shop's address."
        assert len(shop.requests) == 1


def test_throttling_waits_as_the_shop_says_and_tells_the_budget(
    make_client: Callable[..., PrestaShopClient], shop: Any
) -> None:
    class Budget:
        """Notes what it is told."""

        def __init__(self) -> None:
            self.told: list[object] = []

        def acquire(self, endpoint_class: str) -> None:
            self.told.append(("acquire", endpoint_class))

        def succeeded(self, endpoint_class: str) -> None:
            self.told.append(("succeeded", endpoint_class))

        def throttled(self, endpoint_class: str, retry_after: float | None) -> None:
            self.told.append(("throttled", endpoint_class, retry_after))

    budget = Budget()
    client = make_client(budget=budget)
    shop.answers(
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(503, headers={"Retry-After": "3"}),
        shop.lists("products", [{"id": 1}]),
    )
    assert client.ids("products") == [1]
    assert budget.told == [
        ("acquire", "read"),
        ("throttled", "read", 7.0),
        ("acquire", "read"),
        ("throttled", "read", 3.0),
        ("acquire", "read"),
        ("succeeded", "read"),
    ]
    shop.answers("081")
    client.update("stock_availables", 21, {"quantity": 9})
    assert budget.told[-2:] == [("acquire", "write"), ("succeeded", "write")]


@pytest.mark.parametrize(
    "broken",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
        httpx.WriteError("reset"),
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("refused"),
        httpx.Response(502),
        httpx.Response(200, content=b'{"products":[{"id":1},{"i', headers={"PSWS-Version": "8.2.1"}),
        httpx.Response(200, content=b'{"products":[{"id":1}]}', headers={"Content-Length": "999"}),
        httpx.Response(200, content=b"", headers={"PSWS-Version": "8.2.1"}),
    ],
    ids=lambda broken: type(broken).__name__,
)
def test_a_broken_read_is_repeated(client: PrestaShopClient, shop: Any, broken: Any) -> None:
    shop.answers(broken, broken, shop.lists("products", [{"id": 1}]))
    assert client.rows("products", display=["id"]) == [{"id": 1, "associations": {}}]
    assert len(shop.requests) == 3


@pytest.mark.parametrize(
    ("broken", "kind", "code"),
    [
        (httpx.ReadTimeout("slow"), TimedOut, "timeout"),
        (httpx.ReadError("reset"), Unavailable, "connection"),
        (httpx.ConnectError("refused"), Unavailable, "unreachable"),
        (httpx.Response(200, content=b'{"products":[{"id"'), Unavailable, "truncated"),
    ],
)
def test_a_read_that_stays_broken_ends(client: PrestaShopClient, shop: Any, broken: Any, kind: type, code: str) -> None:
    shop.answers(broken)
    with pytest.raises(kind) as caught:
        read(client)
    assert caught.value.code == code  # type: ignore[attr-defined]  # a ShopError
    assert len(shop.requests) == 7


def test_a_refusal_is_not_repeated(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("003")
    with pytest.raises(AccessDenied):
        read(client)
    assert len(shop.requests) == 1


@pytest.mark.parametrize(
    "broken",
    [
        httpx.ReadTimeout("slow"),
        httpx.WriteTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("Server disconnected without sending a response."),
        httpx.Response(201, content=b"<?xml version='1.0'?><prestashop><message><id>5</id>"),
        httpx.Response(201, content=b""),
        httpx.Response(201, content=b"<?xml version='1.0'?><prestashop/>"),
        httpx.Response(200, content=HTML),
    ],
    ids=lambda broken: type(broken).__name__,
)
def test_a_write_without_a_clear_answer_is_uncertain_and_sent_once(
    client: PrestaShopClient, shop: Any, broken: Any
) -> None:
    shop.answers(broken)
    with pytest.raises(Uncertain):
        write(client)
    assert len(shop.requests) == 1


@pytest.mark.parametrize("refused", [httpx.ConnectError("refused"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")])
def test_a_write_that_never_left_is_certain(client: PrestaShopClient, shop: Any, refused: Exception) -> None:
    shop.answers(refused)
    with pytest.raises(Unavailable) as caught:
        write(client)
    assert caught.value.code == "unreachable"
    assert len(shop.requests) == 1


def test_an_invalid_certificate_is_for_a_person(client: PrestaShopClient, shop: Any) -> None:
    fault = httpx.ConnectError("certificate verify failed")
    fault.__cause__ = ssl.SSLCertVerificationError("certificate verify failed")
    shop.answers(fault)
    with pytest.raises(ConfigurationFault) as caught:
        read(client)
    assert caught.value.code == "certificate"


@pytest.mark.parametrize(
    "junk",
    [
        b"\n<br />\n<b>Notice</b>:  Undefined index: x in <b>/var/www/html/modules/m.php</b> on line <b>7</b><br />\n",
        b"Array\n(\n    [0] => {x}\n    [1] => []\n)\n",
        b"\xef\xbb\xbf",
    ],
)
def test_what_php_printed_before_the_answer_is_skipped(client: PrestaShopClient, shop: Any, junk: bytes) -> None:
    shop.answers(shop.sends(junk + b'{"products":[{"id":7}]}', "application/javascript"))
    assert [row["id"] for row in client.rows("products", display=["id"])] == [7]
    answer = b"<?xml version='1.0' encoding='UTF-8'?><prestashop><message><id>5</id></message></prestashop>"
    shop.answers(shop.sends(junk + answer, "application/javascript"))
    assert client.create("messages", {"message": "x"})["id"] == 5


def test_an_error_with_status_200_is_an_error(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(shop.sends(b'{"errors":[{"code":35,"message":"x"}]}', "application/json"))
    with pytest.raises(Rejected) as caught:
        read(client)
    assert caught.value.code == "35"
