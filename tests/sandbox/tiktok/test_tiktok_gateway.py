"""The simulated gateway refuses what the real one would: path, app, time, signature, token, scope, cipher, in order."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.tiktok import signing
from tests.sandbox.tiktok.seller_app import SellerApp, example

SHOPS = "/authorization/202309/shops"
CATEGORIES = "/product/202309/categories"


@pytest.mark.parametrize("vector", example("signing-vectors")["vectors"], ids=lambda vector: vector["name"])
def test_signs_the_published_vectors(vector: dict[str, Any]) -> None:
    body = (vector["body"] or "").encode()
    pairs = list(vector["query"].items())

    text = signing.string_to_sign(vector["app_secret"], vector["path"], pairs, body)

    assert text.decode() == vector["string_to_sign"]
    assert signing.matches(vector["sign"], vector["app_secret"], vector["path"], pairs, body)


def test_a_plus_turned_into_a_space_no_longer_matches() -> None:
    vector = next(row for row in example("signing-vectors")["vectors"] if row["name"].startswith("V4"))
    pairs = [(key, value.replace("+", " ")) for key, value in vector["query"].items()]

    assert not signing.matches(vector["sign"], vector["app_secret"], vector["path"], pairs, vector["body"].encode())


def refused(app: SellerApp, *request: Any, **options: Any) -> tuple[int, int]:
    answer = app.send(*request, **options)
    envelope = answer.json()
    assert len(envelope["request_id"]) == 34
    assert envelope["data"] is None
    return answer.status_code, envelope["code"]


def test_accepts_a_good_call(app: SellerApp) -> None:
    envelope = app.ask("GET", SHOPS, cipher=False)

    assert (envelope["code"], envelope["message"]) == (0, "Success")
    assert envelope["data"]["shops"][0]["cipher"] == app.world.shop_cipher


@pytest.mark.parametrize("path", ["/product/202309/nothing", "/product/209901/categories", "/product/categories"])
def test_unknown_path_or_version(app: SellerApp, path: str) -> None:
    assert refused(app, "GET", path) == (404, 36009009)


def test_method_not_allowed(app: SellerApp) -> None:
    assert refused(app, "DELETE", SHOPS) == (405, 36009010)


@pytest.mark.parametrize("change", [{"app_key": "another"}, {"app_key": None}, {"timestamp": None}, {"sign": None}])
def test_missing_or_unknown_basics(app: SellerApp, change: dict[str, str | None]) -> None:
    assert refused(app, "GET", SHOPS, cipher=False, changes=change) == (400, 36009004)


@pytest.mark.parametrize(("seconds", "expected"), [(-301, 36009004), (-300, 0), (30, 0), (31, 36009004)])
def test_timestamp_window(app: SellerApp, seconds: int, expected: int) -> None:
    path, query = SHOPS, {"app_key": app.world.app_key, "timestamp": str(int(app.clock().timestamp()) + seconds)}
    query["sign"] = signing.sign(app.world.app_secret, path, list(query.items()), b"")

    answer = app.http.get(path, params=query, headers={"x-tts-access-token": app.token})

    assert answer.json()["code"] == expected


def test_wrong_signature(app: SellerApp) -> None:
    assert refused(app, "GET", SHOPS, cipher=False, changes={"sign": "0" * 64}) == (401, 106001)
    assert refused(app, "GET", CATEGORIES, changes={"keyword": "added after signing"}) == (401, 106001)


def test_the_signature_comes_before_the_token_and_the_token_before_the_cipher(app: SellerApp) -> None:
    app.token = "unknown"
    assert refused(app, "GET", CATEGORIES, cipher=False, changes={"sign": "0" * 64}) == (401, 106001)
    assert refused(app, "GET", CATEGORIES, cipher=False) == (401, 105001)


def test_expired_token(app: SellerApp) -> None:
    app.world.advance(7 * 86400)
    assert refused(app, "GET", SHOPS, cipher=False) == (401, 105002)


def test_missing_scope(app_in: Callable[..., SellerApp]) -> None:
    app = app_in("GB")
    app.world.tokens.scopes = ("seller.authorization.info",)
    app.token = app.exchange(app.world.auth_code()).json()["data"]["access_token"]

    assert app.ask("GET", SHOPS, cipher=False)["code"] == 0
    assert refused(app, "GET", CATEGORIES) == (401, 105005)


def test_cipher_required_forbidden_and_foreign(app: SellerApp) -> None:
    assert refused(app, "GET", CATEGORIES, cipher=False) == (400, 106013)
    assert refused(app, "GET", SHOPS, cipher=True) == (400, 36009004)
    assert refused(app, "POST", "/product/202309/brands", {"name": "New brand"}) == (400, 36009004)
    assert refused(app, "GET", CATEGORIES, cipher=app.world.shop_id) == (400, 36009004)
    assert (
        app.ask("POST", "/product/202407/sizecharts/search", {}, cipher=False, query=[("page_size", "5")])["code"] == 0
    )


def test_ip_allow_list(app: SellerApp) -> None:
    app.world.ip_allow_list = frozenset({"198.51.100.1"})
    assert refused(app, "GET", SHOPS, cipher=False) == (403, 36009033)
    app.world.ip_allow_list = frozenset({"192.0.2.10"})
    assert app.ask("GET", SHOPS, cipher=False)["code"] == 0


def test_rate_limit_per_endpoint_class(app: SellerApp) -> None:
    app.world.limits.quotas = {"read": 2}
    answers = [app.send("GET", SHOPS, cipher=False) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == 36009002
    assert "retry-after" not in answers[2].headers

    app.world.limits.retry_after = 3
    assert app.send("GET", SHOPS, cipher=False).headers["retry-after"] == "3"
    assert app.ask("POST", "/product/202309/brands", {"name": "New brand"}, cipher=False)["code"] == 0
    app.clock.pass_(seconds=1)
    assert app.ask("GET", SHOPS, cipher=False)["code"] == 0
    assert app.world.throttled == 2


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ({"page_size": 10}, []),
        ({}, []),
        ({}, [("page_size", "0")]),
        ({}, [("page_size", "101")]),
        ({}, [("page_size", "ten")]),
        ({"status": "live"}, [("page_size", "10")]),
        ({"update_time_ge": "1790000000"}, [("page_size", "10")]),
        ({"seller_skus": "MUG"}, [("page_size", "10")]),
        ({"unknown": 1}, [("page_size", "10")]),
        ({}, [("page_size", "10"), ("unknown", "1")]),
        ({}, [("page_size", "10"), ("page_token", "bm9uc2Vuc2U=")]),
    ],
)
def test_parameters_that_are_unknown_or_ill_typed(app: SellerApp, body: Any, query: list[tuple[str, str]]) -> None:
    assert refused(app, "POST", "/product/202502/products/search", body, query=query) == (400, 36009004)


def test_content_type_of_a_body(app: SellerApp) -> None:
    request = ("POST", "/product/202309/brands", {"name": "New brand"})
    assert refused(app, *request, cipher=False, headers={"content-type": "text/plain"}) == (415, 36009023)
    assert refused(app, "POST", "/product/202309/images/upload", {}, cipher=False) == (415, 36009023)


def test_empty_data_is_written_in_three_ways(app: SellerApp) -> None:
    product = app.live()
    price = {"skus": [{"id": product["skus"][0]["id"], "price": {"amount": "9.90", "currency": "GBP"}}]}
    path = f"/product/202309/products/{product['id']}/prices/update"

    assert app.ask("POST", path, price)["data"] == {}
    app.world.empty_data = "null"
    assert app.ask("POST", path, price)["data"] is None
    app.world.empty_data = "absent"
    assert "data" not in app.ask("POST", path, price)


def test_an_expired_token_can_be_drawn_as_a_fault(app: SellerApp) -> None:
    app.faults.set("token_expired=1x1@GET /authorization/*")
    assert refused(app, "GET", SHOPS, cipher=False) == (401, 105002)
    assert app.ask("GET", SHOPS, cipher=False)["code"] == 0
