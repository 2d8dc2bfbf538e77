"""Categories, attributes, rules, brands, media, warehouses and compliance data the simulated shop offers."""

from collections.abc import Callable

import pytest

from tests.sandbox.tiktok.seller_app import SellerApp, picture

CATEGORIES = "/product/202309/categories"


def ids(app: SellerApp, **query: str) -> set[str]:
    data = app.data("GET", CATEGORIES, query=list(query.items()))
    return {row["id"] for row in data["categories"]}


def test_v2_is_deeper_than_v1(app_in: Callable[..., SellerApp]) -> None:
    app = app_in("FR")
    v1, v2 = ids(app), ids(app, category_version="v2")

    assert {"853000", "853001", "853100", "853200", "853300", "853400", "853500"} <= v1 & v2
    assert "853012" in v1 - v2
    assert "853010" in v2 - v1


@pytest.mark.parametrize("region", ["US", "MY"])
def test_v1_is_refused_where_v2_is_mandatory(app_in: Callable[..., SellerApp], region: str) -> None:
    app = app_in(region)

    assert app.ask("GET", CATEGORIES)["code"] == 12052217
    assert app.ask("GET", f"{CATEGORIES}/853000/attributes")["code"] == 12052217
    assert "853010" in ids(app, category_version="v2")


@pytest.mark.parametrize(
    ("category", "version", "code"),
    [("851001", "v1", 12052024), ("1", "v1", 12052025), ("853010", "v1", 12052230), ("853012", "v2", 12052230)],
)
def test_rules_and_attributes_exist_for_leaves_of_the_version(
    app: SellerApp, category: str, version: str, code: int
) -> None:
    for what in ("rules", "attributes"):
        answer = app.ask("GET", f"{CATEGORIES}/{category}/{what}", query=[("category_version", version)])
        assert answer["code"] == code


def test_names_follow_the_market_and_the_locale(app_in: Callable[..., SellerApp]) -> None:
    app = app_in("DE")

    def name(**query: str) -> str:
        rows = app.data("GET", CATEGORIES, query=list(query.items()))["categories"]
        return str(next(row["local_name"] for row in rows if row["id"] == "853000"))

    assert name() == "Tassen und Becher"
    assert name(locale="fr-FR") == "Tasses et mugs"
    assert name(locale="pl-PL") == "Mugs & Cups"


def test_permissions_and_prohibited_categories(app: SellerApp) -> None:
    rows = app.data("GET", CATEGORIES, query=[("include_prohibited_categories", "true")])["categories"]
    statuses = {row["id"]: row["permission_statuses"] for row in rows}

    assert statuses["700645"] == ["INVITE_ONLY"]
    assert statuses["700646"] == ["NON_MAIN_CATEGORY"]
    assert statuses["700647"] == ["PROHIBITED"]
    assert "700647" not in ids(app)


def test_attributes_of_a_mug(app: SellerApp) -> None:
    rows = {row["id"]: row for row in app.data("GET", f"{CATEGORIES}/853000/attributes")["attributes"]}

    assert rows["100000"]["type"] == "SALES_PROPERTY"
    assert rows["100398"]["is_requried"] is True  # misspelt on the wire
    assert "is_required" not in rows["100398"]
    assert rows["100399"]["value_data_format"] == "POSITIVE_INT_OR_DECIMAL"
    assert rows["100702"]["requirement_conditions"] == [
        {"condition_type": "VALUE_ID_MATCH", "attribute_id": "100701", "attribute_value_id": "1000058"}
    ]


def test_rules_add_the_duties_of_the_eu(app_in: Callable[..., SellerApp]) -> None:
    def required(region: str) -> list[bool]:
        rules = app_in(region).data("GET", f"{CATEGORIES}/853000/rules")
        return [rules[key]["is_required"] for key in ("manufacturer", "responsible_person", "seller_sku")]

    assert required("GB") == [False, False, False]
    assert required("FR") == [True, True, True]
    assert required("IE") == [True, True, False]


def test_recommendation(app: SellerApp) -> None:
    def recommend(title: str) -> dict[str, object]:
        return app.ask("POST", f"{CATEGORIES}/recommend", {"product_title": title})

    assert recommend("Blue mug with a handle")["data"]["leaf_category_id"] == "853000"  # type: ignore[index]
    assert recommend("Qwertz")["code"] == 12019064


def test_brands_are_paged_with_tokens_that_need_encoding(app: SellerApp) -> None:
    path, names, token = "/product/202309/brands", [], ""
    for _ in range(10):
        query = [("page_size", "40"), *([("page_token", token)] if token else [])]
        data = app.data("GET", path, query=query)
        names += [brand["name"] for brand in data["brands"]]
        token = data["next_page_token"]
        if not token:
            break
        assert {"+", "/", "="} <= set(token)

    assert len(names) == len(set(names)) == data["total_count"] == 150


def test_a_page_token_is_bound_to_its_filters(app: SellerApp) -> None:
    path = "/product/202309/brands"
    token = app.data("GET", path, query=[("page_size", "10")])["next_page_token"]
    query = [("page_size", "10"), ("page_token", token)]

    assert app.ask("GET", path, query=query)["code"] == 0
    assert app.ask("GET", path, query=[*query, ("brand_name", "house")])["code"] == 36009004


def test_custom_brands(app: SellerApp) -> None:
    def make(name: str) -> dict[str, object]:
        return app.ask("POST", "/product/202309/brands", {"name": name}, cipher=False)

    first = make("Nordlicht")
    assert make("NORDLICHT")["data"] == first["data"]
    assert make("N")["code"] == 12019013
    assert [make(f"Custom {i}")["code"] for i in range(50)][-2:] == [0, 12052207]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP"])
def test_images_are_measured(app: SellerApp, form: str) -> None:
    data = app.upload(picture(640, 480, form))["data"]
    assert (data["width"], data["height"], data["use_case"]) == (640, 480, "MAIN_IMAGE")


def test_a_heic_image_is_measured_by_its_header(app: SellerApp) -> None:
    size = (800).to_bytes(4, "big") + (600).to_bytes(4, "big")
    content = b"\0\0\0\x18ftypheic\0\0\0\0" + b"\0\0\0\x14ispe\0\0\0\0" + size
    assert app.upload(content)["data"]["width"] == 800


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", 12038002),
        (b"\0" * (10 * 1024 * 1024 + 1), 12038004),
        (b"not an image", 12038005),
        (picture(200, 200, "GIF"), 12038005),
        (picture(400, 400)[:300], 12038005),
        (picture(99, 400), 12038014),
        (picture(400, 20_001), 12038014),
    ],
    ids=["empty", "too large", "text", "gif", "truncated", "narrow", "tall"],
)
def test_images_refused_at_upload(app: SellerApp, content: bytes, code: int) -> None:
    assert app.upload(content)["code"] == code


def test_unknown_use_case(app: SellerApp) -> None:
    assert app.upload(picture(), "COVER")["code"] == 36009004


def test_files(app: SellerApp) -> None:
    assert app.file()["data"]["format"] == "PDF"
    assert app.file(content=b"plain text")["code"] == 12038005
    assert app.file(name="notes.txt")["code"] == 12038005
    assert app.file(content=b"")["code"] == 12038002


def test_warehouses_delivery_options_and_carriers(app: SellerApp) -> None:
    warehouses = app.data("GET", "/logistics/202309/warehouses")["warehouses"]
    kinds = [(row["type"], row["effect_status"], row["is_default"]) for row in warehouses]
    assert ("SALES_WAREHOUSE", "ENABLED", True) in kinds
    assert ("SALES_WAREHOUSE", "RESTRICTED", False) in kinds
    assert ("RETURN_WAREHOUSE", "ENABLED", True) in kinds

    path = f"/logistics/202309/warehouses/{warehouses[0]['id']}/delivery_options"
    options = {row["type"]: row["id"] for row in app.data("GET", path)["delivery_options"]}

    def carriers(option: str) -> list[str]:
        found = app.data("GET", f"/logistics/202309/delivery_options/{options[option]}/shipping_providers")
        return [row["name"] for row in found["shipping_providers"]]

    assert "Royal Mail" in carriers("SEND_BY_SELLER")
    assert carriers("STANDARD") == []


@pytest.mark.parametrize("version", ["202309", "202312"])
def test_prerequisites(app: SellerApp, version: str) -> None:
    app.world.shop.failed_prerequisites.add("BANk_ACCOUNT")
    rows = app.data("GET", f"/product/{version}/prerequisites")["check_results"]
    assert [row["check_item"] for row in rows if row["is_failed"]] == ["BANk_ACCOUNT"]


def test_manufacturers_and_responsible_persons(app: SellerApp) -> None:
    phone = {"country_code": "+49", "local_number": "300000000"}
    manufacturer = {"name": "Werk Eins GmbH", "email": "a@werk.example", "phone_number": phone, "address": "Bremen"}
    person = {
        **manufacturer,
        "address": {"street_address_line1": "Weg 1", "postal_code": "28195", "country": "DE"},
    }
    for kind, body in (("manufacturer", manufacturer), ("responsible_person", person)):
        base = f"compliance/{kind}s"
        created = app.data("POST", f"/product/202409/{base}", body, cipher=False)[f"{kind}_id"]
        found = app.data(
            "POST", f"/product/202501/{base}/search", {"keyword": "werk"}, cipher=False, query=[("page_size", "10")]
        )
        assert [row["id"] for row in found[f"{kind}s"]] == [created]
        body.pop("email")
        assert app.ask("POST", f"/product/202409/{base}", body, cipher=False)["code"] == 36009004
