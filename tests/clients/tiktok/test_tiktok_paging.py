"""Paging: to the end of the list, tokens unharmed, never in a circle, and no row dropped in silence."""

from __future__ import annotations

from itertools import count
from typing import Any

import httpx
import orjson
import pytest

from clients.errors import Rejected, ShopError
from clients.tiktok.answers import Answer
from clients.tiktok.client import TikTokClient
from clients.tiktok.paging import rows_of_pages


def test_pages_follow_their_tokens_to_the_empty_one(client: TikTokClient, shop: Any, read: Any) -> None:
    token = "6AsPQsUMvH2RkchNUPPh9OROHkE+ab/9w=="
    shop.answers(
        shop.accepts({"products": [{"id": "1"}, {"id": "2"}], "next_page_token": token, "total_count": 99}),
        shop.accepts({"products": None, "next_page_token": "second"}),
        shop.accepts({"products": [{"id": "3"}], "next_page_token": ""}),
    )
    assert [row["id"] for row in client.search_products({"status": "ALL"}, page_size=2)] == ["1", "2", "3"]
    queries = [read.query(request) for request in shop.requests]
    # An empty token on page one would be refused; on the others it arrives as it was given.
    assert [query.get("page_token") for query in queries] == [None, token, "second"]
    assert {query["page_size"] for query in queries} == {"2"}
    assert b"page_token=6AsPQsUMvH2RkchNUPPh9OROHkE%2Bab%2F9w%3D%3D" in shop.requests[1].url.raw_path
    assert len({request.content for request in shop.requests}) == 1


def test_pages_are_fetched_as_they_are_needed(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.accepts({"brands": [{"id": "1"}], "next_page_token": "more"}))
    assert next(client.brands())["id"] == "1"
    assert len(shop.requests) == 1


def test_a_repeated_token_is_an_error_after_its_rows(client: TikTokClient, shop: Any) -> None:
    tokens = iter(["a", "b", "a"])
    shop.answers(lambda request: shop.accepts({"products": [{"id": "1"}], "next_page_token": next(tokens)}))
    rows = client.search_products()
    assert [next(rows)["id"] for _ in range(3)] == ["1", "1", "1"]
    with pytest.raises(ShopError, match="repeats an earlier page token") as caught:
        next(rows)
    assert (caught.value.code, caught.value.request_id) == ("paging-loop", "REQ-0")


def test_the_cap_is_reported() -> None:
    numbers = count(1)
    rows = rows_of_pages(
        lambda token: Answer({"rows": [{"id": "x"}], "next_page_token": str(next(numbers))}, "R"), "rows", cap=3
    )
    assert [next(rows) for _ in range(3)] == [{"id": "x"}] * 3
    with pytest.raises(ShopError, match="more than 3 pages") as caught:
        next(rows)
    assert caught.value.code == "paging-cap"


def test_a_page_that_fails_once_is_read_again(client: TikTokClient, shop: Any) -> None:
    shop.answers(
        shop.accepts({"products": [{"id": "1"}], "next_page_token": "t"}),
        httpx.ReadError("reset"),
        shop.accepts({"products": [{"id": "2"}]}),
    )
    assert [row["id"] for row in client.search_products()] == ["1", "2"]


@pytest.mark.parametrize("refused", [False, True], ids=["told by the count", "refused at the end"])
def test_a_search_of_too_many_hits_is_made_by_spans_of_creation(client: TikTokClient, shop: Any, refused: bool) -> None:
    created = [1_600_000_000 + 3_000_000 * number for number in range(20)]

    def search(request: httpx.Request) -> httpx.Response:
        body = orjson.loads(request.content)
        assert body["update_time_ge"] == 5
        begin, end = body.get("create_time_ge", 0), body.get("create_time_le", 10**12)
        rows = [{"id": str(when)} for when in created if begin <= when <= end]
        if len(rows) > 3 and refused:
            answer: httpx.Response = shop.refuses(12052180)
            return answer
        total = 10_001 if len(rows) > 3 else len(rows)
        return shop.accepts({"products": rows, "total_count": total, "next_page_token": ""})  # type: ignore[no-any-return]

    shop.answers(search)
    pages = list(client.product_pages({"update_time_ge": 5}))
    assert [row["id"] for page in pages for row in page] == [str(when) for when in created]
    assert "create_time_ge" not in orjson.loads(shop.requests[0].content)


def test_too_many_products_of_one_second_are_reported(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.refuses(12052180))
    with pytest.raises(Rejected) as caught:
        list(client.product_pages())
    assert caught.value.code == "12052180"
    assert len(shop.requests) < 40


def test_another_refusal_of_a_search_narrows_nothing(client: TikTokClient, shop: Any) -> None:
    shop.answers(shop.refuses(12019113))
    with pytest.raises(Rejected):
        list(client.product_pages({"status": "NEW"}))
    assert len(shop.requests) == 1
