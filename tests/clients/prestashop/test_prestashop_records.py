"""Records: whatever PrestaShop 1.7.8, 8 and 9 send for an object, the same typed values come out."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clients.prestashop import PrestaShopClient
from clients.prestashop.bodies import json_rows, xml_rows
from clients.prestashop.records import Normaliser, display_text
from clients.prestashop.resources import RESOURCES, resource

TYPES: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "flag": bool,
    "decimal": Decimal,
    "text": str,
    "time": (datetime, type(None)),
    "day": (date, type(None)),
    "languages": dict,
}
LISTS = [
    ("011", "products"),
    ("023", "combinations"),
    ("025", "combinations"),
    ("027", "product_options"),
    ("028", "product_option_values"),
    ("029", "product_features"),
    ("030", "product_feature_values"),
    ("031", "stock_availables"),
    ("034", "manufacturers"),
    ("035", "suppliers"),
    ("036", "categories"),
    ("037", "specific_prices"),
    ("042", "tax_rules"),
    ("044", "carriers"),
    ("045", "currencies"),
    ("046", "languages"),
    ("047", "shops"),
    ("048", "groups"),
]
ONLY_8 = [
    ("040", "taxes"),
    ("041", "tax_rule_groups"),
    ("043", "order_states"),
]
# Of fixtures made at another time, or what a version does not have.
DIFFERING = {"date_add", "date_upd", "meta_keywords", "position", "redirect_type", "id_type_redirected"}


def read_one(raw: dict[str, Any], name: str = "products", display: Any = "full", language: int = 1) -> dict[str, Any]:
    """One raw row through the normaliser of a shop in Paris."""
    zone = ZoneInfo("Europe/Paris")
    return Normaliser(resource(name), display, lambda: zone, lambda: language)([raw])[0]


@pytest.mark.parametrize(
    ("number", "name", "version"),
    [(number, name, "8.2.1") for number, name in [*LISTS, *ONLY_8]]
    + [(number, name, "9.1.4") for number, name in LISTS],
)
def test_every_recorded_field_has_its_type(read: Any, number: str, name: str, version: str) -> None:
    raw = json_rows(read.recording(number, version)[1].content)
    sent = [dict(row) for row in raw]
    zone = ZoneInfo("Europe/Paris")
    rows = Normaliser(RESOURCES[name], "full", lambda: zone, lambda: 1)(raw)
    assert rows
    for row, before in zip(rows, sent, strict=True):
        for field, value in row.items():
            if field in {"associations", "new"}:  # `new` is a leftover nobody uses
                continue
            assert field in RESOURCES[name].fields, f"{field} has no type"
            assert isinstance(value, TYPES[RESOURCES[name].fields[field]])
            # The value is the one that was sent, whatever its type was there.
            if isinstance(value, bool):
                assert value == (str(before.get(field)) == "1")
            elif isinstance(value, int | Decimal | str):
                assert str(value) == str(before.get(field)) or (not value and before.get(field) in {None, "", 0})
        for group in row.get("associations", {}).values():
            assert all(isinstance(value, int) for item in group for value in item.values())


@pytest.mark.parametrize(("number", "name"), LISTS)
def test_both_versions_give_the_same_record(read: Any, number: str, name: str) -> None:
    found = []
    for version in ("8.2.1", "9.1.4"):
        rows = json_rows(read.recording(number, version)[1].content)
        converted = [read_one(row, name) for row in rows]
        found.append([{field: value for field, value in row.items() if field not in DIFFERING} for row in converted])
    if name in {"manufacturers"}:  # the id of the address is another in the fixtures of 9
        for rows in found:
            for row in rows:
                del row["associations"]
    assert found[0] == found[1]


@pytest.mark.parametrize("version", ["8.2.1", "9.1.4"])
@pytest.mark.parametrize(("xml", "json"), [("018", "019"), ("130", "131")])
def test_xml_and_json_of_one_object_give_the_same_record(read: Any, version: str, xml: str, json: str) -> None:
    (from_xml,) = xml_rows(read.recording(xml, version)[1].content)
    (from_json,) = json_rows(read.recording(json, version)[1].content)
    # A single object in JSON has lost every empty and zero field; filled again it equals the XML.
    assert "quantity" not in from_json
    one, other = read_one(from_xml), read_one(from_json)
    one.pop("new")
    for record in (one, other):
        for field, kind in RESOURCES["products"].fields.items():
            if kind == "languages" and field in record:
                # XML knows one kind of line end only.
                texts = {language: text.replace("\r\n", "\n") for language, text in record[field].items()}
                record[field] = {language: text for language, text in texts.items() if text}
    one.pop("meta_keywords", None)
    other.pop("meta_keywords", None)
    assert one == other


def test_texts_in_one_language_come_without_its_id(client: PrestaShopClient, shop: Any) -> None:
    shop.languages = [{"id": "3", "active": "1"}, {"id": "4", "active": "0"}]
    shop.answers("011")
    products = client.rows("products")
    assert products[0]["name"] == {3: "Hummingbird printed t-shirt"}
    assert products[0]["available_now"] == {3: ""}
    # One question about the languages serves them all.
    assert len(shop.facts) == 1


@pytest.mark.parametrize("ids", [("1", "2"), (1, 2)])
def test_texts_in_several_languages_have_ids_as_text_or_number(ids: tuple[Any, Any]) -> None:
    name = [{"id": ids[0], "value": "Mug"}, {"id": ids[1], "value": "Taza"}]
    assert read_one({"id": 6, "name": name})["name"] == {1: "Mug", 2: "Taza"}


def test_times_are_the_shops_own_and_become_utc(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("013")
    rows = client.rows("products", display=["id", "date_upd"])
    # 16:44 in Paris in winter
    assert rows[0] == {"id": 1, "date_upd": datetime(2026, 11, 23, 15, 44, 26, tzinfo=UTC), "associations": {}}


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-07-01 12:00:00", datetime(2026, 7, 1, 10, 0, tzinfo=UTC)),
        ("2026-12-01 12:00:00", datetime(2026, 12, 1, 11, 0, tzinfo=UTC)),
        # Twice that night: the first pass, so that a poll starting there misses nothing.
        ("2026-10-25 02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        # Never that night: it was written by something without the clock's change.
        ("2026-03-29 02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("0000-00-00 00:00:00", None),
        ("2026-00-00 00:00:00", None),
        ("", None),
        (None, None),
    ],
)
def test_times_around_the_change_of_the_clock(local: str | None, utc: datetime | None) -> None:
    assert read_one({"id": 1, "date_upd": local})["date_upd"] == utc


@pytest.mark.parametrize(
    ("text", "day"), [("2026-12-24", date(2026, 12, 24)), ("0000-00-00", None), ("", None), (None, None), ("x", None)]
)
def test_days_stay_days(text: str | None, day: date | None) -> None:
    assert read_one({"id": 1, "available_date": text})["available_date"] == day


def test_fields_that_were_asked_for_and_dropped_are_empty() -> None:
    asked = ["id", "active", "quantity", "price", "reference", "name", "available_date", "date_upd", "images[id]"]
    assert read_one({"id": 7}, display=asked) == {
        "id": 7,
        "active": False,
        "quantity": 0,
        "price": Decimal(0),
        "reference": "",
        "name": {},
        "available_date": None,
        "date_upd": None,
        "associations": {"images": []},
    }


def test_fields_that_were_not_asked_for_are_not_invented() -> None:
    assert read_one({"id": 7, "quantity": "3"}, "stock_availables", ["id", "quantity"]) == {"id": 7, "quantity": 3}


def test_a_field_another_version_has_is_not_invented() -> None:
    record = read_one({"id": 1}, "combinations")
    assert "location" not in record
    assert "available_now" not in record
    assert record["reference"] == ""


def test_null_and_empty_flags_are_false() -> None:
    for value in (None, "", "0", 0):
        assert read_one({"id": 1, "default_on": value}, "combinations")["default_on"] is False
    for value in ("1", 1):
        assert read_one({"id": 1, "default_on": value}, "combinations")["default_on"] is True


@pytest.mark.parametrize(
    "sent",
    [
        {"images": [{"id": "5"}, {"id": 6}]},
        {"images": {"image": [{"id": 5}, {"id": "6"}]}},
    ],
)
def test_associations_are_lists_of_rows_whatever_their_shape(sent: Any) -> None:
    found = read_one({"id": 1, "associations": sent}, display=["id", "images[id]"])
    assert found["associations"] == {"images": [{"id": 5}, {"id": 6}]}


@pytest.mark.parametrize("sent", [{"images": {"id": "5"}}, {"images": {"image": {"id": "5"}}}])
def test_a_single_row_is_a_list_of_one(sent: Any) -> None:
    found = read_one({"id": 1, "associations": sent}, display=["id", "images[id]"])
    assert found["associations"] == {"images": [{"id": 5}]}


@pytest.mark.parametrize("sent", [{}, [], None, {"images": []}, {"images": ""}])
def test_empty_associations_are_absent_or_of_another_shape(sent: Any) -> None:
    found = read_one({"id": 1, "associations": sent}, display=["id", "images[id]"])
    assert found["associations"] == {"images": []}


def test_rows_of_an_order_keep_money_and_texts() -> None:
    sent = {"id": "8", "product_id": 2, "product_name": "1", "product_price": "28.720000", "product_ean13": ""}
    order = read_one({"id": 6, "total_paid": "74.430000", "associations": {"order_rows": [sent]}}, "orders")
    assert order["total_paid"] == Decimal("74.43")
    assert order["associations"]["order_rows"] == [
        {"id": 8, "product_id": 2, "product_name": "1", "product_price": Decimal("28.72"), "product_ean13": ""}
    ]


def test_fields_of_modules_come_as_they_are() -> None:
    record = read_one({"id": 1, "module_field": "07", "associations": {"module_rows": [{"id": "1"}]}})
    assert record["module_field"] == "07"
    assert record["associations"]["module_rows"] == [{"id": "1"}]
    assert read_one({"id": "9", "anything": "1"}, "resource_of_a_module") == {"id": 9, "anything": "1"}


def test_display_lists_are_checked() -> None:
    products = resource("products")
    assert display_text(products, "full") == "full"
    assert display_text(products, ["id", "product_features[id,id_feature_value]"]) == (
        "[id,product_features[id,id_feature_value]]"
    )
    for wrong in ([], ["id,name"], ["id]"], ["images[]"], "minimum"):
        with pytest.raises(ValueError, match=r"."):
            display_text(products, wrong)


def test_associations_that_lose_their_ids_in_a_display_list_are_refused() -> None:
    with pytest.raises(ValueError, match="come without ids"):
        display_text(resource("combinations"), ["id", "product_option_values[id]"])
