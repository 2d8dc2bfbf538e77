"""What a broken or evil shop may answer: entities, bodies without end, redirects, amounts without measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.errors import ConfigurationFault, Rejected, ShopError, Uncertain
from clients.prestashop import PrestaShopClient
from clients.prestashop.bodies import Unreadable, json_rows, xml_root
from clients.receiving import IMAGE_BYTES, PAGE_BYTES

LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (level, (b"&l%d;" % (level - 1)) * 10 if level else b"lol") for level in range(10)
)


def endless(content_type: str = "image/jpeg") -> Callable[[httpx.Request], httpx.Response]:
    """An answer that goes on for as long as somebody reads."""

    def parts() -> Iterator[bytes]:
        while True:
            yield bytes(1_000_000)

    return lambda _: httpx.Response(200, headers={"Content-Type": content_type}, content=parts())


@pytest.mark.parametrize(
    "document",
    [
        b"<!DOCTYPE a [%s]><prestashop><a>&l9;</a></prestashop>" % LAUGHS,
        b'<!DOCTYPE a [%s]><prestashop a="&l9;"/>' % LAUGHS,
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///FILE">]><prestashop><a>&x;</a></prestashop>',
        b'<!DOCTYPE a SYSTEM "file:///FILE"><prestashop><a/></prestashop>',
        b'<!-- <prestashop > --><!DOCTYPE a [<!ENTITY x "y">]><prestashop><a>&x;</a></prestashop>',
        b'<!DOCTYPE a [<!ENTITY x "<prestashop >">]><prestashop><a>&x;</a></prestashop>',
    ],
    ids=["laughs", "laughs in an attribute", "a file", "an outside type", "behind a comment", "element in an entity"],
)
def test_an_answer_with_a_document_type_is_refused(
    client: PrestaShopClient, shop: Any, document: bytes, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("THE-SECRET")
    document = b'<?xml version="1.0" encoding="UTF-8"?>\n' + document.replace(b"/FILE", bytes(tmp_path / "secret"))
    shop.answers(shop.sends(document))
    with pytest.raises(ShopError) as caught:
        client.check()
    assert "THE-SECRET" not in f"{caught.value} {caught.value.cause} {caught.value.fix}"


def test_the_refusal_says_that_this_is_no_webservice(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(shop.sends(b'<!DOCTYPE a [<!ENTITY x "y">]><prestashop><api>&x;</api></prestashop>'))
    with pytest.raises(ConfigurationFault) as caught:
        client.check()
    assert caught.value.code == "not-a-webservice"
    assert len(shop.requests) == 1, "it is not asked for again"


def test_a_document_type_inside_a_text_is_a_text() -> None:
    root = xml_root(b"<prestashop><a><![CDATA[<!DOCTYPE html><p>&nbsp;]]></a></prestashop>")
    assert root.findtext("a") == "<!DOCTYPE html><p>&nbsp;"


def test_entities_that_nothing_declares_are_unreadable() -> None:
    with pytest.raises(Unreadable):
        xml_root(b"<prestashop><a>&nowhere;</a></prestashop>")


def test_what_stands_before_the_element_does_not_matter() -> None:
    notice = b"<br />\n<b>Notice</b>: something\n"
    assert xml_root(notice + b'<?xml version="1.0"?>\n<prestashop><a>1</a></prestashop>').findtext("a") == "1"


def test_elements_in_elements_without_end_are_unreadable() -> None:
    with pytest.raises(Unreadable):
        xml_root(b"<prestashop>" + b"<a>" * 100_000)


def test_brackets_without_end_are_unreadable() -> None:
    with pytest.raises(Unreadable):
        json_rows(b'{"' * 2_000_000)


def test_json_in_json_without_end_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        json_rows(b"[" * 1_000_000)


def test_an_image_without_end_is_refused_once(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(endless())
    with pytest.raises(Rejected) as caught:
        client.image(1, 2)
    assert caught.value.code == "too-large"
    assert str(IMAGE_BYTES) in str(caught.value)
    assert len(shop.requests) == 1, "it is not asked for again"


def test_a_write_whose_answer_has_no_end_may_have_happened(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(endless("text/xml"))
    with pytest.raises(Uncertain):
        client.create("carts", {"id_currency": 1})
    assert len(shop.requests) == 1


def test_a_page_that_is_too_large_is_read_in_parts(client: PrestaShopClient, shop: Any, read: Any) -> None:
    table = read.table(shop, "products", list(range(1, 9)))

    def answer(request: httpx.Request) -> httpx.Response:
        return endless()(request) if len(table.wanted(read.query(request))) > 2 else table(request)

    shop.answers(answer)
    pages = client.pages("products", display=["id"], ids=range(1, 9), size=8)
    assert [row["id"] for page in pages for row in page] == list(range(1, 9))


def test_a_single_object_that_is_too_large_says_so(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(endless("application/json"))
    with pytest.raises(Rejected) as caught:
        client.one("products", 7)
    assert (caught.value.code, str(PAGE_BYTES) in str(caught.value)) == ("too-large", True)
    assert caught.value.fix


@pytest.mark.parametrize(
    "location",
    [
        "https://KEY@evil.example/api/products",
        "https://evil.example\x1b[2J/api/",
        "//evil.example/api/",
        "javascript:alert(1)",
        "https://",
        "https://evil.example:port/api",
    ],
)
def test_an_address_that_cannot_be_one_is_not_repeated(client: PrestaShopClient, shop: Any, location: str) -> None:
    shop.answers(httpx.Response(302, headers={"Location": location}))
    with pytest.raises(ShopError) as caught:
        client.ids("products")
    assert "evil" not in f"{caught.value} {caught.value.cause} {caught.value.fix}"
    assert {request.url.host for request in shop.requests} == {"shop.example"}


@pytest.mark.parametrize("price", ["1e999999999", "Infinity", "NaN", "-1e-999999999"])
def test_an_amount_without_measure_is_none(client: PrestaShopClient, shop: Any, price: str) -> None:
    shop.answers(shop.lists("products", [{"id": 1, "price": price}]))
    with pytest.raises(ValueError, match=r"amount|decimal"):
        client.rows("products", display=["id", "price"])
