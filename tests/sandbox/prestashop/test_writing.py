"""What writes do to the rows: PUT empties, PATCH keeps, lists are replaced, stock is summed (fact sheet 1.6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.prestashop.world import World
from tests.sandbox.prestashop.client import Api


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    return World.fixtures("es", clock=clock)


@pytest.fixture
def api(world: World) -> Api:
    return Api(world)


def test_put_empties_what_is_not_sent_and_leaves_lists_alone(api: Api, world: World) -> None:
    answer = api.send("PUT", "products/6", "<product><id>6</id><price>11</price></product>")
    assert answer.status_code == 200
    row = world.row("products", 6)
    assert (row["price"], row["reference"], row["active"], row["state"]) == ("11.000000", "", 0, 0)
    assert world.tables["products"].text(6, "name") == {1: "", 2: ""}
    assert row["_categories"] == (2, 6, 8)
    assert (row["condition"], row["visibility"]) == ("new", "both")


def test_patch_keeps_the_rest_and_moves_date_upd(api: Api, world: World, clock: Clock) -> None:
    clock.now += timedelta(hours=1)
    before = world.row("products", 6)
    assert api.send("PATCH", "products/6", "<product><id>6</id><price>12.5</price></product>").status_code == 200
    changed = {name for name, value in world.row("products", 6).items() if value != before[name]}
    assert changed == {"price", "date_upd"}
    assert world.row("products", 6)["date_upd"] == "2026-11-23 18:00:00"


def test_post_nulls_what_is_not_sent(api: Api, world: World) -> None:
    answer = api.send("POST", "products", "<p><price>5</price><name><language id='1'>New one</language></name></p>")
    assert answer.status_code == 201
    row = world.row("products", 20)
    assert (row["state"], row["active"], row["minimal_quantity"]) == (0, 0, 0)
    assert world.tables["products"].text(20, "name") == {1: "New one", 2: ""}
    assert world.tables["products"].text(20, "link_rewrite") == {1: "new-one", 2: ""}
    assert [stock["quantity"] for _, stock in world.stock_rows(20)] == [0]


@pytest.mark.parametrize(
    ("method", "xml", "expected"),
    [
        ("POST", "<product><name>x</name></product>", (400, 41)),
        ("POST", "<product><id>3</id><price>1</price></product>", (400, 91)),
        ("PUT", "<product><price>1</price></product>", (400, 90)),
        ("PUT", "<product><id>6</id></product>", (400, 41)),
        ("PATCH", "<product><id>6</id></product><product><id>6</id></product>", (400, 89)),
        ("PATCH", "<product><id>99</id></product>", (404, 92)),
        ("PATCH", "<product><id>6</id><quantity>5</quantity></product>", (400, 93)),
        ("PATCH", "<product><id>6</id><manufacturer_name>x</manufacturer_name></product>", (400, 93)),
        ("PATCH", "<product><id>6</id><price>-1</price></product>", (400, 85)),
        ("PATCH", "<product><id>6</id><reference>a=b</reference></product>", (400, 85)),
        ("PATCH", "<product><id>6</id><ean13>12345678901234</ean13></product>", (400, 85)),
        ("PATCH", "<product><id>6</id><name>a#b</name></product>", (400, 84)),
        ("PATCH", "<product><id>6</id><associations><colours/></associations></product>", (400, 86)),
        ("PATCH", "<product><id>6</id><position_in_category>0</position_in_category></product>", (500, 134)),
        ("PATCH", "<product><id>6</id><position_in_category>999</position_in_category></product>", (500, 135)),
        ("PATCH", "<product><id>6</id>", (500, 3)),
    ],
)
def test_refused_writes(api: Api, method: str, xml: str, expected: tuple[int, int]) -> None:
    assert api.code(api.send(method, "products", xml)) == expected


def test_9_takes_a_gtin_of_14_digits() -> None:
    api = Api(World.fixtures(version="9.0"))
    xml = "<product><id>6</id><ean13>12345678901234</ean13></product>"
    assert api.send("PATCH", "products/6", xml).status_code == 200


def test_json_bodies_are_not_taken(api: Api) -> None:
    answer = api.client.post("/api/products", content=b'{"product":{"price":1}}')
    assert answer.status_code == 500
    assert "<![CDATA[127]]>" in answer.text
    assert "Start tag expected" in answer.text


def test_the_id_of_the_body_decides(api: Api, world: World) -> None:
    api.send("PATCH", "products/6", "<product><id>7</id><price>1</price></product>")
    assert world.row("products", 7)["price"] == "1.000000"
    assert world.row("products", 6)["price"] == "11.900000"


def test_several_in_one_body_are_saved_until_one_fails(api: Api, world: World) -> None:
    prices = "".join(
        f"<product><id>{row_id}</id><price>{price}</price></product>" for row_id, price in ((6, 1), (7, -1), (8, 1))
    )
    assert api.code(api.send("PATCH", "products", prices)) == (400, 85)
    assert [world.row("products", row_id)["price"] for row_id in (6, 7, 8)] == ["1.000000", "11.900000", "11.900000"]


def test_several_answers_in_json_leave_only_the_last(api: Api) -> None:
    both = "".join(f"<product><id>{row_id}</id><price>1</price></product>" for row_id in (6, 7))
    plain = api.send("PATCH", "products", both, output_format="JSON").json()
    listed = api.send("PATCH", "products", both, output_format="JSON", display="full").json()
    assert plain["product"]["id"] == 7
    assert [row["id"] for row in listed["products"]] == [6, 7]


def test_languages_left_out_are_blanked_where_the_text_is_not_required(api: Api, world: World) -> None:
    one = '<{0}><id>{1}</id><name><language id="1">Only English</language></name></{0}>'
    assert api.send("PATCH", "products", one.format("product", 6)).status_code == 200
    assert world.tables["products"].text(6, "name") == {1: "Only English", 2: ""}
    assert api.send("PATCH", "categories", one.format("category", 3)).status_code == 200
    assert world.tables["categories"].text(3, "name") == {1: "Only English", 2: "Clothes"}
    api.send("PATCH", "products", "<product><id>6</id><name>Everywhere</name></product>")
    assert world.tables["products"].text(6, "name") == {1: "Everywhere", 2: "Everywhere"}


def test_a_sent_list_replaces_the_old_one(api: Api, world: World) -> None:
    lists = (
        "<categories><category><id>9</id></category></categories>"
        "<product_features><product_feature><id>2</id><id_feature_value>7</id_feature_value></product_feature>"
        "</product_features>"
        "<accessories><product><id>7</id></product></accessories>"
        "<product_bundle><product><id>8</id><product_attribute_id>0</product_attribute_id><quantity>2</quantity></product>"
        "</product_bundle>"
    )
    answer = api.send("PATCH", "products/6", f"<product><id>6</id><associations>{lists}</associations></product>")
    assert answer.status_code == 200
    row = api.json("products/6", display="full")["products"][0]
    assert row["type"] == "pack"
    assert row["associations"]["categories"] == [{"id": "9"}]
    assert row["associations"]["product_features"] == [{"id": "2", "id_feature_value": "7"}]
    assert row["associations"]["accessories"] == [{"id": "7"}]
    assert row["associations"]["product_bundle"] == [{"id": "8", "id_product_attribute": "0", "quantity": "2"}]
    assert 6 not in world.category_products[8]


def test_variants_missing_from_a_sent_list_are_deleted(api: Api, world: World) -> None:
    kept = "<combinations><combination><id>9</id></combination><combination><id>12</id></combination></combinations>"
    api.send("PATCH", "products/2", f"<product><id>2</id><associations>{kept}</associations></product>")
    assert world.combination_ids(2) == [9, 12]
    quantities = {row.get("id_product_attribute", 0): row["quantity"] for _, row in world.stock_rows(2)}
    assert quantities == {0: 600, 9: 300, 12: 300}


def test_cover_and_default_variant_have_setters(api: Api, world: World) -> None:
    fields = "<id_default_image>2</id_default_image><id_default_combination>3</id_default_combination>"
    api.send("PATCH", "products/1", f"<product><id>1</id>{fields}</product>")
    assert world.product_images(1) == (2, 1)
    assert world.default_combination(1) == 3


def test_changing_the_type_of_a_pack_empties_it(api: Api, world: World) -> None:
    api.send("PATCH", "products/15", "<product><id>15</id><type>simple</type></product>")
    assert world.tables["products"].rows[15]["_bundle"] == ()


def test_a_new_variant_gets_a_stock_row_and_leaves_the_products_date(api: Api, world: World, clock: Clock) -> None:
    clock.now += timedelta(hours=1)
    values = "<product_option_values><product_option_value><id>5</id></product_option_value></product_option_values>"
    xml = (
        "<combination><id_product>6</id_product><minimal_quantity>1</minimal_quantity><price>2</price>"
        f"<associations>{values}</associations></combination>"
    )
    assert api.send("POST", "combinations", xml).status_code == 201
    assert [row.get("id_product_attribute", 0) for _, row in world.stock_rows(6)] == [0, 40]
    assert world.tables["combinations"].rows[40]["_values"] == (5,)
    assert world.row("products", 6)["date_upd"] == "2026-11-23 17:00:00"


def test_stock_of_a_variant_is_summed_and_leaves_the_products_date(api: Api, world: World, clock: Clock) -> None:
    clock.now += timedelta(hours=1)
    xml = "<stock_available><id>21</id><quantity>9</quantity></stock_available>"
    assert api.send("PATCH", "stock_availables/21", xml).status_code == 200
    assert world.row("stock_availables", 1)["quantity"] == 7 * 300 + 9
    assert world.row("products", 1)["date_upd"] == "2026-11-23 17:00:00"


def test_a_stock_row_put_without_its_shop_is_lost(api: Api, world: World) -> None:
    xml = (
        "<stock_available><id>6</id><id_product>6</id_product><id_product_attribute>0</id_product_attribute>"
        "<quantity>7</quantity><depends_on_stock>0</depends_on_stock><out_of_stock>2</out_of_stock></stock_available>"
    )
    assert api.send("PUT", "stock_availables/6", xml).status_code == 200
    assert api.code(api.get("stock_availables/6")) == (404, 131)
    assert 6 not in api.ids("stock_availables")


def test_stock_that_depends_on_warehouses_is_refused_before_9() -> None:
    xml = "<stock_available><id>6</id><quantity>9</quantity></stock_available>"
    for version, status in (("8.2", 500), ("9.0", 200)):
        world = World.fixtures(version=version)  # type: ignore[arg-type]
        world.tables["stock_availables"].update(6, {"depends_on_stock": 1})
        assert Api(world).send("PATCH", "stock_availables/6", xml).status_code == status


def test_delete_takes_everything_of_a_product_along(api: Api, world: World) -> None:
    answer = api.client.delete("/api/products/1")
    assert (answer.status_code, answer.content) == (200, b"")
    assert world.combination_ids(1) == []
    assert list(world.stock_rows(1)) == []
    assert world.tables["specific_prices"].where("id_product", 1) == []
    assert 1 not in world.category_products[2]


def test_deleting_several_is_all_or_nothing(api: Api, world: World) -> None:
    assert api.code(api.client.delete("/api/products?id=[6,7,99]")) == (404, 87)
    assert {6, 7} <= set(world.tables["products"].ids)
    assert api.client.delete("/api/products?id=[6,7]").status_code == 200
    assert not {6, 7} & set(world.tables["products"].ids)


def test_a_specific_price_can_be_posted(api: Api, world: World) -> None:
    xml = (
        "<specific_price><id_shop>1</id_shop><id_cart>9</id_cart><id_product>6</id_product><id_currency>0</id_currency>"
        "<id_country>0</id_country><id_group>0</id_group><id_customer>0</id_customer><price>9.5</price>"
        "<from_quantity>1</from_quantity><reduction>0</reduction><reduction_tax>0</reduction_tax>"
        "<reduction_type>amount</reduction_type><from>0000-00-00 00:00:00</from><to>0000-00-00 00:00:00</to>"
        "</specific_price>"
    )
    assert api.send("POST", "specific_prices", xml).status_code == 201
    assert api.ids("specific_prices", **{"filter[id_cart]": "[9]"}) == [3]


def test_a_write_in_one_shop_is_the_base_value_and_that_shops_own(two_shops: Callable[[], World]) -> None:
    world = two_shops()
    api = Api(world)
    api.send("PATCH", "products/6", "<product><id>6</id><price>99</price></product>", id_shop=2)

    def price(shop: int) -> str:
        return str(api.json("products/6", display="[price]", id_shop=shop)["products"][0]["price"])

    assert (price(1), price(2)) == ("11.900000", "99.000000")
    assert api.ids("products", id_shop=1, **{"filter[price]": "[99]"}) == [6]
