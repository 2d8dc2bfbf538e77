"""The mail about what waits for a person: everything is in it that is needed to act, and nothing can break it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.order_digest import Matter, digest
from rules.order_links import back_office_order, seller_center_order


def matter(number: int = 1, **changes: object) -> Matter:
    given: dict[str, object] = {
        "key": f"order:{number}:unknown_sku",
        "what": "Order not imported",
        "order_id": f"57700000000000{number:04}",
        "id_order": None,
        "code": "unknown_sku",
        "cause": "SKU MUG-1 is not known here.",
        "fix": "Link it.",
        "seller_center": f"https://seller-uk.tiktok.com/order/detail?order_no={number}&shop_region=GB",
    }
    return Matter(**given | changes)  # type: ignore[arg-type]


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_one_matter_says_what_why_what_to_do_and_where() -> None:
    link = back_office_order("https://shop.example/admin1/", 88)
    mail = digest("main", [matter(id_order=88, back_office=link, request_id="REQ1", moment="5 h left")], 0)
    assert mail.subject == "[TikTok Shop] main: 1 new matter waits for you"
    page = Page(mail.html)
    for part in ("Order not imported", "577000000000000001", "SKU MUG-1", "Link it.", "REQ1", "88", "5 h left"):
        assert part in mail.text
        assert part in page.words
    assert page.links == [matter().seller_center, "https://shop.example/admin1/index.php/sell/orders/88/view"]
    assert all(one in mail.text for one in page.links)


def test_without_the_address_of_the_back_office_the_way_there_is_told() -> None:
    mail = digest("main", [matter(id_order=88)], 0)
    assert "Back office: Orders > Orders, ID 88" in mail.text
    assert Page(mail.html).links == [matter().seller_center]


def test_five_hundred_failures_are_one_mail_with_fifty_listed_and_the_rest_counted() -> None:
    matters = [matter(number, code="unknown_sku" if number % 2 else "no_stock") for number in range(500)]
    mail = digest("main", matters, 3)
    assert mail.subject == "[TikTok Shop] main: 500 new matters wait for you"
    assert Page(mail.html).tags.count("tr") == 51
    assert mail.text.count("Why: ") == 50
    for text in (mail.text, Page(mail.html).words):
        assert "450 more are not listed here: no_stock (225), unknown_sku (225)." in text
        assert "3 other things of which you were told before still wait" in text


@given(st.text(), st.text(), st.text())
def test_nothing_in_a_cause_breaks_the_page_or_the_lines(cause: str, fix: str, connection: str) -> None:
    hostile = f"<script>alert(1)</script>\r\n\r\n--x {cause}"
    mail = digest(connection, [matter(cause=hostile, fix=fix)], 0)
    tags = Page(mail.html).tags
    assert set(tags) <= {"html", "head", "meta", "title", "body", "p", "table", "tr", "th", "td", "br", "a", "small"}
    assert re.search(r"^  Why: <script>.*--x", mail.text, re.MULTILINE)


@pytest.mark.parametrize(
    ("region", "address"),
    [
        ("GB", "https://seller-uk.tiktok.com/order/detail?order_no=577&shop_region=GB"),
        ("US", "https://seller-us.tiktok.com/order/detail?order_no=577&shop_region=US"),
        ("ES", "https://seller-es.tiktok.com/order/detail?order_no=577&shop_region=ES"),
        ("ID", "https://seller-id.tokopedia.com/order/detail?order_no=577&shop_region=ID"),
    ],
)
def test_every_market_has_its_own_seller_center(region: str, address: str) -> None:
    assert seller_center_order(region, "577") == address


def test_an_id_cannot_become_another_address() -> None:
    assert seller_center_order("GB", "1&x=/../y").endswith("order_no=1%26x%3D%2F..%2Fy&shop_region=GB")
