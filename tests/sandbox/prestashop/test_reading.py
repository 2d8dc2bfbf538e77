"""The quirks of reading: JSON and XML shapes, versions, languages, headers, schemas (fact sheet 1.2 and 1.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from sandbox.prestashop.world import World
from tests.sandbox.prestashop.client import Api


@pytest.fixture(scope="module")
def api() -> Api:
    return Api(World.fixtures())


def test_a_single_object_in_json_drops_what_php_calls_empty(api: Api) -> None:
    single = api.json("products/6")["product"]
    listed = api.json("products/6", display="full")["products"][0]
    assert "quantity" not in single
    assert "on_sale" not in single
    assert single["weight"] == "0.300000"
    assert listed["quantity"] == "0"
    assert listed["on_sale"] == "0"
    assert listed["new"] is None


def test_1_7_8_drops_nothing_and_lists_its_resources_in_json() -> None:
    api = Api(World.fixtures(version="1.7.8"))
    assert api.json("products/6")["product"]["quantity"] == "0"
    assert "products" in api.json("")


@pytest.mark.parametrize("version", ["8.2", "9.0"])
def test_the_root_in_json_is_fatal(version: str) -> None:
    answer = Api(World.fixtures(version=version)).get("", output_format="JSON")  # type: ignore[arg-type]
    assert (answer.status_code, answer.content) == (500, b"")


def test_nothing_found(api: Api) -> None:
    nothing: dict[str, Any] = {"filter[reference]": "[nothing]"}
    assert api.json("products", **nothing) == []
    assert b"<products>\n</products>" in api.get("products", **nothing).content
    missing = api.get("products/99999")
    assert (missing.status_code, missing.content) == (404, b"")
    assert "content-type" not in missing.headers


def test_numbers_in_json_are_strings_before_9() -> None:
    eight = Api(World.fixtures()).json("products", display="full", limit=1)["products"][0]
    nine = Api(World.fixtures(version="9.0")).json("products", display="full", limit=1)["products"][0]
    assert (eight["id"], eight["id_default_combination"]) == (1, 1)
    assert (eight["minimal_quantity"], nine["minimal_quantity"]) == ("1", 1)
    assert (eight["active"], nine["active"]) == ("1", "1")
    assert (eight["associations"]["images"], nine["associations"]["images"]) == (
        [{"id": "1"}, {"id": "2"}],
        [{"id": 1}, {"id": 2}],
    )
    assert "meta_keywords" in eight
    assert "meta_keywords" not in nine


def test_fields_per_version() -> None:
    def fields(version: str, resource: str) -> set[str]:
        return set(Api(World.fixtures(version=version)).json(resource, display="full", limit=1)[resource][0])  # type: ignore[arg-type]

    assert {"quantity", "location"} <= fields("1.7.8", "combinations")
    assert not {"quantity", "location"} & fields("8.2", "combinations")
    assert "unit_price" not in fields("1.7.8", "products")
    assert "additional_description" not in fields("1.7.8", "categories")
    assert {"redirect_type", "id_type_redirected"} <= fields("9.0", "categories")
    assert "position" in fields("9.0", "product_feature_values")


def test_one_language_is_a_string_several_are_a_list() -> None:
    api = Api(World.fixtures("es"))
    assert api.json("products/6", display="[name]")["products"][0]["name"] == [
        {"id": "1", "value": "Mug The best is yet to come"},
        {"id": "2", "value": "Mug The best is yet to come"},
    ]
    assert api.json("products/6", display="[name]", language=1)["products"][0]["name"] == "Mug The best is yet to come"
    assert len(api.json("products/6", display="[name]", language="[1|2]")["products"][0]["name"]) == 2
    assert len(api.json("products/6", display="[name]", language="[1,5]")["products"][0]["name"]) == 2


def test_a_slim_display_keeps_the_recorded_order_and_the_asked_parts_of_lists(api: Api) -> None:
    row = api.json("products", display="[name,id,price,images[id],product_features[id_feature_value]]", limit=1)
    assert row == {
        "products": [
            {
                "id": 1,
                "price": "23.900000",
                "name": "Hummingbird printed t-shirt",
                "associations": {
                    "images": [{"id": "1"}, {"id": "2"}],
                    "product_features": [{"id_feature_value": "4"}, {"id_feature_value": "8"}],
                },
            }
        ]
    }


def test_a_slim_display_of_variants_loses_the_ids_of_their_lists(api: Api) -> None:
    asked = "[id,product_option_values[id],images[id]]"
    assert api.json("combinations/1", display=asked) == {"combinations": [{"id": 1}]}
    tree = etree.fromstring(api.get("combinations/1", display=asked).content)
    values = tree.findall(".//product_option_value")
    assert [node.get("{http://www.w3.org/1999/xlink}href").rpartition("/")[2] for node in values] == ["1", "8"]
    assert [node.find("id") for node in values] == [None, None]
    full = api.json("combinations/1", display="full")["combinations"][0]["associations"]
    assert full == {"product_option_values": [{"id": "1"}, {"id": "8"}], "images": [{"id": "2"}]}


def test_before_php_8_a_slim_display_of_variants_keeps_them() -> None:
    api = Api(World.fixtures(version="1.7.8"))
    row = api.json("combinations/1", display="[id,images[id]]")["combinations"][0]
    assert row["associations"] == {"images": [{"id": "2"}]}


def test_the_manufacturer_name_of_none_is_false() -> None:
    world = World.fixtures()
    world.set_fields("products", 6, {"id_manufacturer": 0})
    api = Api(world)
    assert api.json("products/6", display="[manufacturer_name]") == {"products": [{"manufacturer_name": False}]}
    assert b"<id_manufacturer><![CDATA[0]]></id_manufacturer>" in api.get("products/6").content


def test_json_is_ascii_with_escaped_slashes() -> None:
    world = World.fixtures()
    world.rename(6, "Café </b> 🎁")
    body = Api(world).get("products/6", output_format="JSON", display="[name]").text
    assert body == '{"products":[{"name":"Caf\\u00e9 <\\/b> \\ud83c\\udf81"}]}'


@pytest.mark.parametrize(
    ("headers", "query", "form"),
    [
        ({}, {}, "xml"),
        ({"Output-Format": "JSON"}, {}, "json"),
        ({"Io-Format": "JSON"}, {"output_format": "XML"}, "json"),
        ({"Io-Format": "XML"}, {"output_format": "JSON"}, "xml"),
        ({"Accept": "application/json"}, {}, "xml"),
        ({}, {"output_format": "json"}, "xml"),
        ({}, {"io_format": "JSON"}, "json"),
    ],
)
def test_how_a_format_is_chosen(api: Api, headers: dict[str, str], query: dict[str, str], form: str) -> None:
    assert form in api.get("products", headers, limit="1", **query).headers["content-type"]


def test_an_answer_known_by_its_sum_is_304_from_8_on() -> None:
    for version, status in (("8.2", 304), ("1.7.8", 200)):
        api = Api(World.fixtures(version=version))  # type: ignore[arg-type]
        first = api.get("products")
        again = api.get("products", {"Local-Content-Sha1": first.headers["content-sha1"]})
        assert again.status_code == status


def test_times_and_sums_are_in_the_headers(api: Api) -> None:
    headers = api.get("products").headers
    assert headers["psws-version"] == "8.2.1"
    assert headers["access-time"] == "1795450219"
    assert float(headers["execution-time"]) >= 0.011
    assert len(headers["content-sha1"]) == 40


def test_a_row_of_no_selected_shop_is_404_131(two_shops: Callable[[], World]) -> None:
    world = two_shops()
    world.tables["products"].rows[6]["_shops"] = (1,)
    api = Api(world)
    assert api.get("products/6").status_code == 200
    assert api.code(api.get("products/6", id_shop=2)) == (404, 131)
    assert 6 not in api.ids("products", id_shop=2)


def test_shared_stock_shows_the_rows_of_the_group(two_shops: Callable[[], World]) -> None:
    world = two_shops()
    world.tables["shop_groups"].update(1, {"share_stock": 1})
    world.tables["stock_availables"].update(6, {"id_shop": 0, "id_shop_group": 1})
    world.set_stock(6, 12)
    for shop in (1, 2):
        row = Api(world).json("stock_availables/6", display="[quantity,id_shop,id_shop_group]", id_shop=shop)
        assert row == {"stock_availables": [{"id_shop": "0", "id_shop_group": "1", "quantity": "12"}]}


def test_every_catalogue_resource_lists_shows_and_explains_itself(api: Api) -> None:
    for name, table in api.world.tables.items():
        listed = api.json(name, display="full")
        assert (len(listed[name]) if listed else 0) == len(table), name
        if len(table):
            tree = etree.fromstring(api.get(f"{name}/{table.ids[0]}").content)
            assert tree[0].tag == table.resource.node
        blank = etree.fromstring(api.get(name, schema="blank").content)
        synopsis = etree.fromstring(api.get(name, schema="synopsis").content)
        assert blank[0][0].tag == "id"
        required = {field.name for field in table.resource.fields if field.required}
        assert {node.tag for node in synopsis[0] if node.get("required") == "true"} == required
