"""What the simulated shop refuses in a product body, each with its code; listing_check says the same as create."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.tiktok.seller_app import WAREHOUSE, SellerApp

AppIn = Callable[..., SellerApp]


def test_a_good_body_is_taken_in_every_kind_of_market(app_in: AppIn) -> None:
    for region in ("GB", "FR", "US", "JP", "BR", "MY", "IE"):
        assert app_in(region).refusal() == 0


@pytest.mark.parametrize(
    ("title", "code"),
    [
        (None, 12052051),
        ("x", 0),
        ("ab" * 127 + "a", 0),
        ("ab" * 128, 12052051),
        ("Mug 🎁", 12052931),
        ("Mug &amp; saucer", 12052932),
        ("Mug & saucer", 0),
        ("<b>Mug</b>", 12052932),
        ("Mug\tblue", 12052933),
        ("—!—", 12052934),
        ("Mug !!!!!!!!!!", 12052935),
        ("Mug !!!!!!!!!", 0),
        ("陶器 mug", 12052365),
    ],
)
def test_titles(app: SellerApp, title: str | None, code: int) -> None:
    assert app.refusal(title=title) == code


def test_title_lengths_of_other_markets(app_in: AppIn) -> None:
    assert app_in("MY").refusal(title="A short mug") == 12052051
    assert app_in("BR").refusal(title="ab" * 150) == 0


@pytest.mark.parametrize(
    ("description", "code"),
    [
        (None, 12052015),
        ("  ", 12052015),
        ("<p>" + "a" * 9_993 + "</p>", 0),
        ("<p>" + "a" * 9_994 + "</p>", 12052013),
        ("<script>x</script>", 12052340),
        ('<p><a href="https://shop.example">more</a></p>', 12052236),
        ('<img src="https://shop.example/mug.png">', 12052235),
    ],
)
def test_descriptions(app: SellerApp, description: str | None, code: int) -> None:
    assert app.refusal(description=description) == code


def test_uploaded_images_may_be_shown_in_a_description(app: SellerApp) -> None:
    url = app.world.media_url(app.image(use_case="DESCRIPTION_IMAGE"))
    image = f'<img src="{url}" width="600" height="600">'
    assert app.refusal(description=image * 30) == 0
    assert app.refusal(description=image * 31) == 12052237


@pytest.mark.parametrize(
    ("region", "category", "version", "code"),
    [
        ("GB", None, "v1", 12052023),
        ("GB", "1", "v1", 12052025),
        ("GB", "851001", "v1", 12052024),
        ("GB", "853010", "v2", 12052230),
        ("GB", "853010", "v1", 12052230),
        ("GB", "853000", "v2", 12052230),
        ("US", "853000", "v1", 12052217),
        ("US", "853012", "v2", 12052230),
        ("FR", "853010", "v2", 0),
        ("GB", "700646", "v1", 12052221),
        ("GB", "700647", "v1", 12052223),
    ],
)
def test_categories(app_in: AppIn, region: str, category: str | None, version: str, code: int) -> None:
    assert app_in(region).refusal(category_id=category, category_version=version) == code


def test_brands(app: SellerApp) -> None:
    assert app.refusal(brand_id="1") == 12019013
    assert app.refusal(brand_id="7082427310000000906") == 12052200
    assert app.refusal(brand_id="") == 0
    warnings = app.create(brand_id="7082427310000000908")["warnings"]
    assert len(warnings) == 1
    assert "brand" in warnings[0]["message"]


def test_main_images(app: SellerApp) -> None:
    def refusal(*uris: str) -> int:
        return app.refusal(main_images=[{"uri": uri} for uri in uris])

    nine = [app.image() for _ in range(9)]
    assert refusal(*nine) == 0
    assert refusal(*nine, app.image()) == 12052300
    assert refusal() == 12052028
    assert refusal(nine[0], nine[0]) == 12052301
    assert refusal("tos/unknown") == 12052722
    assert refusal(app.image(299, 600)) == 12019116
    assert refusal(app.image(600, 4001)) == 12019116
    assert refusal(app.image(use_case="DESCRIPTION_IMAGE")) == 12038015


def skus(app: SellerApp, *changes: dict[str, Any]) -> list[dict[str, Any]]:
    return [app.sku(i, **change) for i, change in enumerate(changes, 1)]


def color(value: str, **more: Any) -> dict[str, Any]:
    return {"sales_attributes": [{"id": "100000", "value_name": value, **more}]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"seller_sku": "x" * 50}, 0),
        ({"seller_sku": "x" * 51}, 12052054),
        ({"seller_sku": "MUG 1"}, 12019059),
        ({"price": None}, 12052571),
        ({"price": {"amount": "24,90", "currency": "GBP"}}, 12052012),
        ({"price": {"amount": "24.901", "currency": "GBP"}}, 12052012),
        ({"price": {"amount": "0.00", "currency": "GBP"}}, 12052073),
        ({"price": {"amount": "5600.00", "currency": "GBP"}}, 0),
        ({"price": {"amount": "5600.01", "currency": "GBP"}}, 12052570),
        ({"price": {"amount": "24.90", "currency": "EUR"}}, 12052084),
        ({"inventory": []}, 12019022),
        ({"inventory": [{"warehouse_id": WAREHOUSE, "quantity": 0}]}, 12052055),
        ({"inventory": [{"warehouse_id": WAREHOUSE, "quantity": 99_999}]}, 0),
        ({"inventory": [{"warehouse_id": WAREHOUSE, "quantity": 100_000}]}, 12052055),
        ({"inventory": [{"warehouse_id": "1", "quantity": 1}]}, 12052530),
        ({"inventory": [{"warehouse_id": "7400000000000000012", "quantity": 1}]}, 12052531),
        ({"inventory": [{"warehouse_id": "7400000000000000013", "quantity": 1}]}, 12052532),
        ({"inventory": [{"warehouse_id": WAREHOUSE, "quantity": 1}] * 2}, 12052534),
        ({"external_sku_id": "x" * 1000}, 12052369),
        ({"identifier_code": {"type": "EAN", "code": "3760000000017"}}, 0),
        ({"identifier_code": {"type": "EAN", "code": "3760000000018"}}, 12052591),
        ({"identifier_code": {"type": "UPC", "code": "3760000000017"}}, 12052591),
        ({"identifier_code": {"type": "ISBN", "code": "043942089X"}}, 0),
        ({"identifier_code": {"type": "GTIN", "code": "03760000000017"}}, 0),
    ],
)
def test_one_sku(app: SellerApp, change: dict[str, Any], code: int) -> None:
    sku = {key: value for key, value in app.sku(**change).items() if value is not None}
    assert app.refusal(skus=[sku]) == code


@pytest.mark.parametrize(
    ("seller_sku", "code"), [("MUG-1", 12019059), ("MUG_001", 0), ("MUG.001", 12019059), (None, 12019059)]
)
def test_seller_skus_of_the_eu(app_in: AppIn, seller_sku: str | None, code: int) -> None:
    app = app_in("FR")
    sku = {key: value for key, value in app.sku(seller_sku=seller_sku).items() if value is not None}
    assert app.refusal(skus=[sku]) == code


def test_currencies_without_decimals(app_in: AppIn) -> None:
    app = app_in("JP")
    assert app.refusal(skus=[app.sku(price={"amount": "2490.00", "currency": "JPY"})]) == 12052012


@pytest.mark.parametrize(("region", "most", "code"), [("MY", 100, 12052050), ("US", 300, 12019015)])
def test_number_of_skus(app_in: AppIn, region: str, most: int, code: int) -> None:
    app = app_in(region)
    rows = skus(app, *(color(f"Shade {i}") for i in range(most + 1)))
    assert app.refusal(skus=rows[:most]) == 0
    assert app.refusal(skus=rows) == code
    assert app.refusal(skus=[]) == 12052902


def test_sales_attributes(app: SellerApp) -> None:
    def refusal(*changes: dict[str, Any]) -> int:
        return app.refusal(skus=skus(app, *changes))

    def named(*names: str) -> dict[str, Any]:
        return {"sales_attributes": [{"name": name, "value_name": "one"} for name in names]}

    assert refusal(color("Blue"), color("Ochre")) == 0
    assert refusal(color("Blue"), color("blue")) == 12052553
    assert refusal({}, {}) == 12052553
    assert refusal(color("Blue"), {}) == 12052550
    assert refusal(named("A", "B", "C", "D")) == 12052525
    assert refusal(named("A", "A")) == 12052555
    assert refusal(named("A" * 20)) == 0
    assert refusal(named("A" * 21)) == 12052559
    assert refusal(color("B" * 50)) == 0
    assert refusal(color("B" * 51)) == 12052560
    assert refusal({"sales_attributes": [{"id": "100000"}]}) == 12052557
    assert refusal({"sales_attributes": [{"id": "100000", "value_id": "1"}]}) == 12052558
    assert refusal({"sales_attributes": [{"id": "100398", "value_id": "1000401"}]}) == 12052558


def test_images_of_sales_attributes(app: SellerApp) -> None:
    image = {"sku_img": {"uri": app.image(use_case="ATTRIBUTE_IMAGE")}}
    size = {"id": "100007", "value_name": "M"}

    assert app.refusal(skus=skus(app, color("Blue", **image), color("Red", **image))) == 0
    assert app.refusal(skus=skus(app, color("Blue", **image), color("Red"))) == 12052529
    second = {"sales_attributes": [color("Blue")["sales_attributes"][0], {**size, **image}]}
    assert app.refusal(skus=skus(app, second)) == 12052528
    assert app.refusal(skus=skus(app, color("Blue", sku_img={"uri": "tos/unknown"}))) == 12052722


def test_a_listed_sales_attribute_takes_listed_values_only_unless_customizable(app: SellerApp) -> None:
    def refusal(value: str) -> int:
        width = {"sales_attributes": [{"id": "100090", "value_name": value}]}
        return app.refusal(category_id="853500", product_attributes=[], skus=skus(app, width))

    assert refusal("Wide") == 0
    assert refusal("Very wide") == 12052558


def test_identifier_codes_are_unique(app: SellerApp) -> None:
    code = {"identifier_code": {"type": "EAN", "code": "3760000000017"}}
    assert app.refusal(skus=skus(app, {**color("Blue"), **code}, {**color("Red"), **code})) == 12052592
    app.create(skus=skus(app, code))
    assert app.refusal(skus=skus(app, code)) == 0
    app.world.shop.unique_identifiers = True
    assert app.refusal(skus=skus(app, code)) == 12052592


@pytest.mark.parametrize(
    ("region", "weight", "size", "code"),
    [
        ("GB", None, "CENTIMETER", 12019011),
        ("GB", ("0", "KILOGRAM"), "CENTIMETER", 12052181),
        ("GB", ("0.6001", "KILOGRAM"), "CENTIMETER", 12019011),
        ("GB", ("600", "GRAM"), "CENTIMETER", 12019060),
        ("GB", ("30", "KILOGRAM"), "CENTIMETER", 0),
        ("GB", ("30.001", "KILOGRAM"), "CENTIMETER", 12052116),
        ("GB", ("1", "KILOGRAM"), "INCH", 12019060),
        ("US", ("1.5", "POUND"), "INCH", 0),
        ("US", ("1.5", "POUND"), "CENTIMETER", 12019061),
        ("JP", ("600", "GRAM"), "CENTIMETER", 0),
    ],
)
def test_package(app_in: AppIn, region: str, weight: tuple[str, str] | None, size: str, code: int) -> None:
    given = {"value": weight[0], "unit": weight[1]} if weight else None
    dimensions = {"length": "15", "width": "12", "height": "12", "unit": size}
    assert app_in(region).refusal(package_weight=given, package_dimensions=dimensions) == code


def test_package_dimensions(app: SellerApp) -> None:
    size = {"length": "15", "width": "12.5", "height": "12", "unit": "CENTIMETER"}
    assert app.refusal(package_dimensions=size) == 12019012
    assert app.refusal(package_dimensions={**size, "width": "0"}) == 12019012
    assert app.refusal(package_dimensions=None) == 12019012
    assert app.refusal(package_dimensions=None, category_id="853101", product_attributes=[]) == 0


def attributes(*rows: tuple[str, dict[str, str]]) -> list[dict[str, Any]]:
    return [{"id": attribute_id, "values": [value]} for attribute_id, value in rows]


MATERIAL = ("100398", {"id": "1000401"})
BATTERIES = ("100701", {"id": "1000058"})


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], 12052104),
        ([MATERIAL, BATTERIES], 12052182),
        ([MATERIAL, ("100701", {"id": "1000059"})], 0),
        ([MATERIAL, ("1", {"id": "1"})], 12052240),
        ([("100398", {"id": "1"})], 12052241),
        ([("100398", {"name": "Paper"})], 12052242),
        ([("100398", {"name": "stoneware"})], 0),
        ([MATERIAL, ("100399", {"name": "325"})], 0),
        ([MATERIAL, ("100399", {"name": "325 ml"})], 12052244),
        ([MATERIAL, ("100399", {"name": "0"})], 12052244),
        ([MATERIAL, MATERIAL], 12052246),
        ([MATERIAL, ("100000", {"id": "1000001"})], 12052247),
    ],
)
def test_product_attributes(app: SellerApp, rows: list[tuple[str, dict[str, str]]], code: int) -> None:
    assert app.refusal(product_attributes=attributes(*rows)) == code


def test_several_values_only_where_allowed(app: SellerApp) -> None:
    def values(attribute_id: str, *ids: str) -> dict[str, Any]:
        return {"id": attribute_id, "values": [{"id": value_id} for value_id in ids]}

    materials = values("100398", "1000401", "1000402")
    assert app.refusal(product_attributes=[materials]) == 0
    assert app.refusal(product_attributes=[materials, values("100701", "1000058", "1000059")]) == 12052243


def test_certifications(app: SellerApp) -> None:
    def refusal(*rows: dict[str, Any], **more: Any) -> int:
        changes = {"category_id": "853102", "product_attributes": [], "certifications": list(rows), **more}
        return app.refusal(**changes)

    sheet = {"id": "7182427070000000031"}
    file = {"id": app.file()["data"]["id"], "name": "certificate.pdf", "format": "PDF"}
    image = {"uri": app.image(use_case="CERTIFICATION_IMAGE")}
    assert refusal() == 12052105
    assert refusal(sheet) == 12052651
    assert refusal({**sheet, "files": [file]}) == 0
    assert refusal({**sheet, "images": [image]}) == 0
    assert refusal({**sheet, "files": [{**file, "id": "unknown"}]}) == 12052652
    assert refusal({**sheet, "files": [file]}, {"id": "1", "files": [file]}) == 12052650
    battery = {"id": "7182427070000000041", "files": [file]}
    lamp = {
        "category_id": "853200",
        "product_attributes": attributes(BATTERIES, ("100702", {"id": "1000060"})),
    }
    assert refusal(**lamp) == 12052105
    assert refusal(battery, **lamp) == 12052385
    assert refusal({**battery, "expiration_date": 1900000000}, **lamp) == 0


def test_size_charts(app: SellerApp) -> None:
    def refusal(chart: dict[str, Any] | None) -> int:
        cotton = attributes(("100397", {"id": "1000411"}))
        return app.refusal(category_id="853300", product_attributes=cotton, size_chart=chart)

    image = {"uri": app.image(1200, 1200, use_case="SIZE_CHART_IMAGE")}
    assert refusal(None) == 12052128
    assert refusal({"image": image}) == 0
    assert refusal({"image": {"uri": app.image(800, 1023, use_case="SIZE_CHART_IMAGE")}}) == 12052670
    assert refusal({"template": {"id": "7176000000000000001"}}) == 0
    assert refusal({"template": {"id": "1"}}) == 12052671
    assert refusal({"image": image, "template": {"id": "7176000000000000001"}}) == 12052672


def test_product_safety_of_the_eu(app_in: AppIn) -> None:
    app = app_in("DE")
    assert app.refusal(manufacturer_ids=None) == 12052282
    assert app.refusal(manufacturer_ids=["1"]) == 12052283
    assert app.refusal(responsible_person_ids=None) == 12052286
    assert app.refusal(responsible_person_ids=["1"]) == 12052287


def test_shop_set_up(app: SellerApp) -> None:
    shop = app.world.shop
    shop.failed_prerequisites = {"SHOP_TAX"}
    assert app.refusal() == 12052419
    shop.failed_prerequisites = {"RETURN_WAREHOUSE"}
    assert app.refusal() == 12052535
    shop.failed_prerequisites = set()
    shop.warehouses[WAREHOUSE].effect_status = "DISABLED"
    assert app.refusal() == 12052115


def test_list_prices_exist_in_the_us_only(app_in: AppIn) -> None:
    us, gb = app_in("US"), app_in("GB")

    def listed(app: SellerApp, amount: str) -> dict[str, Any]:
        return app.sku(list_price={"amount": amount, "currency": "USD"})

    assert us.refusal(skus=[listed(us, "24.89")]) == 12052383
    assert us.refusal(skus=[listed(us, "7600.01")]) == 12052375
    assert us.live(skus=[listed(us, "29.90")])["skus"][0]["list_price"]["amount"] == "29.90"
    assert len(gb.create(skus=[listed(gb, "29.90")])["warnings"]) == 1


def test_cash_on_delivery(app: SellerApp) -> None:
    assert app.refusal(is_cod_allowed=True) == 12052222
    assert len(app.create(is_cod_allowed=False)["warnings"]) == 1


def test_listing_check_reports_everything_at_once(app: SellerApp) -> None:
    body = app.body(title="", product_attributes=[], main_images=[])
    found = app.data("POST", "/product/202309/products/listing_check", body)
    assert [row["code"] for row in found["fail_reasons"]] == [12052051, 12052028, 12052104]
    assert app.search()["total_count"] == 0


def test_ill_typed_fields_stop_at_the_gateway(app: SellerApp) -> None:
    number = app.sku(price={"amount": 24.9, "currency": "GBP"})
    text = app.sku(inventory=[{"warehouse_id": WAREHOUSE, "quantity": "12"}])
    for sku in (number, text, app.sku(colour="blue")):
        assert app.ask("POST", "/product/202309/products", app.body(skus=[sku]))["code"] == 36009004
