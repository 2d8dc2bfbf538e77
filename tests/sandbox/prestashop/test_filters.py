"""The filter grammar of fact sheet 1.4, as text and as rows: what is selected, ignored, refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.prestashop.filters import Condition, parse_value
from sandbox.prestashop.world import World
from tests.sandbox.prestashop.client import Api

GRAMMAR = [
    ("5", Condition("any", ("5",))),
    ("[5]", Condition("any", ("5",))),
    ("[1|5]", Condition("any", ("1", "5"))),
    ("[1,10]", Condition("between", ("1", "10"))),
    ("[10,9]", Condition("between", ("9", "10"))),
    ("[-5,3]", Condition("between", ("-5", "3"))),
    (
        "[2026-01-01 00:00:00,2026-02-01 00:00:00]",
        Condition("between", ("2026-01-01 00:00:00", "2026-02-01 00:00:00")),
    ),
    ("[a,b]", Condition("any", ("a,b",))),
    ("[Jo]%", Condition("like", ("Jo%",))),
    ("%[hn]", Condition("like", ("%hn",))),
    ("%[oh]%", Condition("like", ("%oh%",))),
    ("[a|b]%", Condition("like", ("a|b%",))),
    (">[10]", Condition("above", ("10",))),
    ("<[10]", Condition("below", ("10",))),
    ("![10]", Condition("none", ("10",))),
    ("![1|2]", Condition("none", ("1", "2"))),
    ("![]", Condition("none", ("",))),
    ("[]", Condition("any", ("",))),
    ("%foo%", Condition("any", ("%foo%",))),
    (">10", Condition("any", (">10",))),
    (">=[5]", Condition("everything")),
    ("x[b]y", Condition("everything")),
]


@pytest.fixture(scope="module")
def api() -> Api:
    return Api(World.fixtures())


@pytest.mark.parametrize(("text", "condition"), GRAMMAR)
def test_a_value_means(text: str, condition: Condition) -> None:
    assert parse_value(text) == condition


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("5", [5]),
        ("[3|1|99]", [1, 3]),
        ("[17,99]", [17, 18, 19]),
        ("[99,17]", [17, 18, 19]),
        (">[17]", [18, 19]),
        ("<[3]", [1, 2]),
        ("![1|2]", list(range(3, 20))),
        (">=[18]", list(range(1, 20))),
        ("[1.5]", []),
        ("[abc]", []),
    ],
)
def test_filtering_the_id(api: Api, value: str, ids: list[int]) -> None:
    assert api.ids("products", **{"filter[id]": value}) == ids


@pytest.mark.parametrize(
    ("field", "value", "ids"),
    [
        ("reference", "[DEMO_1]", [1]),
        ("reference", "[demo_1]%", [1, 6, 7, 8, 9, 10, 11, 12, 13, 18, 19]),
        ("reference", "%[_11]", [6]),
        ("reference", "%demo%", []),
        ("price", "[9,12]", [6, 7, 8, 12, 13, 14]),
        ("price", ">[29]", [2, 15]),
        ("is_virtual", "[1]", [12, 13, 14]),
        ("id_manufacturer", "![1]", [3, 4, 5, 16, 17, 18]),
        ("name", "[hummingbird cushion]", [11]),
        ("name", "%[sweater]", [2]),
        ("ean13", "![]", []),
    ],
)
def test_filtering_a_field(api: Api, field: str, value: str, ids: list[int]) -> None:
    assert api.ids("products", **{f"filter[{field}]": value}) == ids


def test_filters_are_anded_and_a_text_may_name_its_language(api: Api) -> None:
    assert api.ids("products", **{"filter[name][1]": "%[mug]%", "filter[id]": ">[7]"}) == [8, 15, 19]
    assert api.ids("products", **{"filter[name][2]": "%[mug]%"}) == []


def test_rows_of_some_products_come_from_the_index(api: Api) -> None:
    assert api.ids("stock_availables", **{"filter[id_product]": "[6|19]"}) == [6, 19]
    assert api.ids("stock_availables", **{"filter[id_product]": "[6|19]", "filter[quantity]": ">[300]"}) == []


def test_dates_need_date_1() -> None:
    api = Api(World.fixtures())
    since: dict[str, Any] = {"filter[date_upd]": ">[2020-01-01 00:00:00]"}
    assert len(api.ids("products", date=1, **since)) == 19
    assert api.ids("products", date=1, **{"filter[date_upd]": ">[2027-01-01 00:00:00]"}) == []
    assert api.code(api.get("products", **since)) == (500, 32)
    assert api.code(api.get("products", sort="[date_upd_ASC]")) == (400, 38)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"filter[refrence]": "[x]"}, 500, 32),
        ({"filter[quantity]": "[1]"}, 400, 34),
        ({"filter[id_default_image]": "[1]"}, 400, 34),
        ({"filter[reference]": ""}, 400, 33),
        ({"display": "[id,nme]"}, 400, 35),
        ({"display": "id,name"}, 400, 36),
        ({"sort": "[id]"}, 400, 37),
        ({"sort": "[nme_ASC]"}, 400, 38),
        ({"limit": "1,2,3"}, 400, 39),
        ({"language": "9"}, 400, 81),
        ({"schema": "full"}, 400, 28),
        ({"price[a b][use_tax]": "1"}, 400, 128),
    ],
)
def test_what_is_refused(api: Api, query: dict[str, Any], status: int, code: int) -> None:
    assert api.code(api.get("products", **query)) == (status, code)


def test_before_php_8_an_unknown_filter_is_400() -> None:
    api = Api(World.fixtures(version="1.7.8"))
    unknown: dict[str, Any] = {"filter[refrence]": "[x]"}
    assert api.code(api.get("products", **unknown)) == (400, 32)


def test_pages_by_key_and_by_offset(api: Api) -> None:
    seen: list[int] = []
    while page := api.ids("products", sort="[id_ASC]", limit=7, **{"filter[id]": f">[{seen[-1] if seen else 0}]"}):
        seen += page
    assert seen == list(range(1, 20))
    assert api.ids("products", sort="[id_DESC]", limit="5,5") == [14, 13, 12, 11, 10]
    assert api.ids("products", sort="[price_DESC,id_ASC]", limit=3) == [2, 15, 3]
    assert api.ids("products", sort="[name_ASC]", limit=2) == [13, 10]


def test_without_sort_a_rewritten_row_comes_first() -> None:
    world = World.fixtures()
    world.rename(19, "Rewritten")
    api = Api(world)
    assert api.ids("products", limit=1) == [19]
    assert api.ids("products", limit=1, sort="id_ASC") == [1]


def test_sorting_by_id_and_a_text_is_an_sql_error_that_looks_like_nothing_found(api: Api) -> None:
    assert api.json("products", sort="[name_ASC,id_ASC]") == []


@pytest.mark.parametrize(
    ("resource", "listed"),
    [("combinations", [10, 11, 12, 9]), ("combinations of many", list(range(1, 9)))],
)
def test_variants_of_a_product_are_not_in_order_of_id(api: Api, resource: str, listed: list[int]) -> None:
    product = 1 if "many" in resource else 2
    assert api.ids("combinations", **{"filter[id_product]": f"[{product}]"}) == listed


def test_a_second_shop_is_filtered_by_the_base_table_but_shown_by_its_own(two_shops: Callable[[], World]) -> None:
    world = two_shops()
    world.shop_values["products", 6, 2] = {"price": "99.000000", "active": 0}
    api = Api(world)
    rows = api.json(
        "products", display="[id,price,active]", id_shop=2, **{"filter[active]": "[1]", "filter[id]": "[6]"}
    )
    assert rows == {"products": [{"id": 6, "price": "99.000000", "active": "0"}]}
    assert api.ids("products", id_shop=2, sort="[price_DESC]", limit=1) == [6]
    assert api.ids("products", id_shop=1, sort="[price_DESC]", limit=1) == [2]
