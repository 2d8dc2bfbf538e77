"""Who may ask what: keys, permissions, shops, the switch, the host; errors as recorded (001–008, 127–129)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.prestashop.shop import Account
from sandbox.prestashop.world import World
from tests.sandbox.prestashop.client import Api, client_of


def test_no_key_is_a_plain_401() -> None:
    answer = Api(World.fixtures(), auth=None).get("products")
    assert (answer.status_code, answer.text) == (401, "401 Unauthorized")
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert "psws-version" not in answer.headers


@pytest.mark.parametrize(("key", "code"), [("", 17), ("short", 18), ("A" * 32, 20), ("I" * 32, 20), ("N" * 32, 21)])
def test_keys_that_do_not_open(key: str, code: int) -> None:
    world = World.fixtures()
    world.accounts["I" * 32] = Account({"products": frozenset({"GET"})}, active=False)
    world.accounts["N" * 32] = Account({})
    answer = Api(world, auth=key).get("products")
    assert Api(world).code(answer) == (401, code)
    assert answer.headers["psws-version"] == "0"


def test_before_8_the_version_is_told_to_strangers_too() -> None:
    answer = Api(World.fixtures(version="1.7.8"), auth="A" * 32).get("products")
    assert answer.headers["psws-version"] == "1.7.8.11"


def test_the_key_may_come_in_the_query_but_basic_wins() -> None:
    world = World.fixtures()
    assert Api(world, auth=None).get("products", ws_key=world.key).status_code == 200
    assert Api(world, auth="A" * 32).get("products", ws_key=world.key).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "customers", (401, 26)),
        ("PUT", "stock_availables/1", (405, 25)),
        ("PATCH", "products/1", (405, 25)),
        ("POST", "stock_availables", (405, 101)),
        ("DELETE", "stock_availables/1", (405, 101)),
        ("GET", "prodcts", (400, 27)),
    ],
)
def test_what_the_read_only_key_is_told(method: str, path: str, expected: tuple[int, int]) -> None:
    world = World.fixtures()
    api = Api(world, auth=world.readonly_key)
    assert api.code(api.send(method, path, "")) == expected


def test_head_is_a_right_of_its_own() -> None:
    world = World.fixtures()
    assert client_of(world, auth=world.readonly_key).head("/api/products").status_code == 405
    answer = client_of(world).head("/api/products")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_key_made_before_8_has_no_patch() -> None:
    world = World.fixtures()
    world.accounts["O" * 32] = Account({"products": frozenset({"GET", "PUT", "POST", "DELETE", "HEAD"})})
    api = Api(world, auth="O" * 32)
    assert api.code(api.send("PATCH", "products/1", "")) == (405, 25)


def test_1_7_8_knows_no_patch() -> None:
    api = Api(World.fixtures(version="1.7.8"))
    assert api.code(api.send("PATCH", "products/1", "")) == (405, 23)


def test_a_key_of_another_shop_is_403(two_shops: Callable[[], World]) -> None:
    world = two_shops()
    world.accounts[world.readonly_key].shops = frozenset({2})
    api = Api(world, auth=world.readonly_key)
    assert api.code(api.get("products")) == (403, 132)
    assert api.get("products", id_shop=2).status_code == 200
    assert api.get("products", id_shop="all").status_code == 200
    assert api.code(api.get("products", id_shop=9)) == (404, 999)


def test_switched_off_is_503() -> None:
    world = World.fixtures()
    world.webservice_enabled = False
    api = Api(world)
    answer = api.get("products")
    assert api.code(answer) == (503, 22)
    assert answer.headers["psws-version"] == "0"


def test_another_host_is_sent_to_the_main_address() -> None:
    world = World.fixtures(base_url="https://shop.example/boutique")
    answer = client_of(world).get("/api/products?limit=1", headers={"Host": "www.shop.example"})
    assert answer.status_code == 302
    assert answer.headers["location"] == "https://shop.example/boutique/?url=products&limit=1"
    assert client_of(world).get("/api/products?limit=1").status_code == 200


def test_the_verb_can_be_overridden_but_a_get_has_no_body() -> None:
    world = World.fixtures()
    api = Api(world)
    assert api.send("POST", "products/19", "", ps_method="DELETE").status_code == 200
    assert 19 not in world.tables["products"]
    assert api.code(api.get("products", ps_method="POST")) == (500, 127)


def test_the_unrewritten_address_works_too() -> None:
    answer = client_of(World.fixtures()).get("/webservice/dispatcher.php?url=products/1&output_format=JSON")
    assert answer.json()["product"]["id"] == 1


def test_a_request_line_of_more_than_8190_bytes_is_414() -> None:
    client = client_of(World.fixtures())
    head = len("GET /api/products?x= HTTP/1.1")
    assert client.get("/api/products?x=" + "1" * (8190 - head)).status_code == 200
    assert client.get("/api/products?x=" + "1" * (8191 - head)).status_code == 414


def test_only_9_answers_options_without_a_key() -> None:
    assert client_of(World.fixtures(version="9.0"), auth=None).options("/api/products").status_code == 200
    assert client_of(World.fixtures(), auth=None).options("/api/products").status_code == 401
