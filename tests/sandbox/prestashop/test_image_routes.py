"""Pictures: lists, originals, sizes and the public addresses (fact sheet 1.7, recordings 038 and 039)."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from lxml import etree
from PIL import Image as Pillow

from sandbox.prestashop.shop import Image
from sandbox.prestashop.world import World
from tests.sandbox.prestashop.client import Api, client_of


@pytest.fixture(scope="module")
def api() -> Api:
    return Api(World.fixtures())


def opened(body: bytes) -> Pillow.Image:
    return Pillow.open(io.BytesIO(body))


def test_an_original_is_always_the_same_picture(api: Api) -> None:
    answer = api.get("images/products/1/1")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content == api.get("images/products/1/1").content == api.get("images/products/1/bin").content
    assert opened(answer.content).size == (900, 900)
    assert answer.content != api.get("images/products/1/2").content


def test_a_named_size(api: Api) -> None:
    answer = api.get("images/products/1/1/large_default")
    assert opened(answer.content).size == (800, 800)
    assert api.code(api.get("images/products/1/1/gigantic_default")) == (400, 58)


def test_what_is_not_there(api: Api) -> None:
    world = World.fixtures()
    world.tables["products"].update(6, {"_images": ()})
    assert Api(world).get("images/products/6").status_code == 404
    assert Api(world).get("images/products/6").content == b""
    assert api.code(api.get("images/products/1/999")) == (400, 57)
    assert api.code(api.get("images/cars")) == (400, 48)


def test_the_list_names_every_product_with_a_picture(api: Api) -> None:
    tree = etree.fromstring(api.get("images/products").content)
    assert [node.get("id") for node in tree.find("images")] == [str(number) for number in range(1, 20)]
    assert [node.tag for node in etree.fromstring(api.get("images").content)[0]][:3] == [
        "general",
        "products",
        "categories",
    ]


@pytest.mark.parametrize(
    ("oddity", "kind", "mode", "size"),
    [
        ("", "JPEG", "RGB", (1000, 1000)),
        ("small", "JPEG", "RGB", (150, 150)),
        ("huge", "JPEG", "RGB", (5000, 5000)),
        ("cmyk", "JPEG", "CMYK", (1000, 1000)),
        ("transparent", "PNG", "RGBA", (1000, 1000)),
        ("png", "PNG", "RGB", (1000, 1000)),
        ("webp", "WEBP", "RGB", (1000, 1000)),
        ("wide", "JPEG", "RGB", (1000, 333)),
    ],
)
def test_odd_pictures(oddity: str, kind: str, mode: str, size: tuple[int, int]) -> None:
    world = World.fixtures()
    world.images[2] = Image(1, "#2E6F9E", oddity)
    answer = Api(world).get("images/products/1/2")
    picture = opened(answer.content)
    assert (picture.format, picture.mode, picture.size) == (kind, mode, size)
    assert answer.headers["content-type"] == f"image/{kind.lower()}"
    assert opened(Api(world).get("images/products/1/2/small_default").content).size == (98, 98)


def test_public_addresses_need_no_key() -> None:
    world = World.generate(
        120, 3, "8.2", "FR", base_url="http://shop.test", clock=lambda: datetime(2026, 11, 24, tzinfo=UTC)
    )
    image = next(number for number in world.images if number > 100)
    client = client_of(world, auth=None)
    folders = "/".join(str(image))
    assert client.get(f"/img/p/{folders}/{image}.jpg").status_code == 200
    assert opened(client.get(f"/img/p/{folders}/{image}-home_default.jpg").content).size == (250, 250)
    assert opened(client.get(f"/{image}-home_default/any-name.jpg").content).size == (250, 250)
    assert client.get("/img/p/9/9/9/9/99999.jpg").status_code == 404
