"""The life of a product in the simulated shop: create, audit, edit, search, price, stock, deactivate, delete."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.tiktok.seller_app import WAREHOUSE, SellerApp

AppIn = Callable[..., SellerApp]
SECOND = "7400000000000000013"


def put(app: SellerApp, product_id: str, body: dict[str, Any], version: str = "202509") -> dict[str, Any]:
    return app.ask("PUT", f"/product/{version}/products/{product_id}", body)


def partial(app: SellerApp, product_id: str, **changes: Any) -> dict[str, Any]:
    return app.ask("POST", f"/product/202509/products/{product_id}/partial_edit", changes)


def lifecycle(app: SellerApp, action: str, *ids: str) -> list[dict[str, Any]]:
    method, path = ("DELETE", "") if action == "delete" else ("POST", f"/{action}")
    data = app.data(method, f"/product/202309/products{path}", {"product_ids": list(ids)})
    errors: list[dict[str, Any]] = data.get("errors", [])
    return errors


def colors(app: SellerApp, *values: str) -> list[dict[str, Any]]:
    return [app.sku(i, sales_attributes=[{"id": "100000", "value_name": value}]) for i, value in enumerate(values, 1)]


# Create and audit


def test_a_new_product_is_audited_and_then_live(app: SellerApp) -> None:
    product_id = app.create()["product_id"]
    pending = app.get(product_id)
    assert (pending["status"], pending["product_status"], pending["audit"]["status"]) == (
        "PENDING",
        "INITIAL",
        "AUDITING",
    )

    app.clock.pass_(seconds=1.9)
    assert app.get(product_id)["status"] == "PENDING"
    app.clock.pass_(seconds=0.1)
    live = app.get(product_id)
    assert (live["status"], live["audit"]["status"]) == ("ACTIVATE", "APPROVED")
    assert live["skus"][0]["price"] == {"currency": "GBP", "sale_price": "24.90", "tax_exclusive_price": "24.90"}


def test_a_restricted_word_fails_the_audit_with_reasons(app: SellerApp) -> None:
    product_id = app.create(title="Miracle mug that never breaks")["product_id"]
    app.clock.pass_(seconds=5)
    product = app.get(product_id)
    assert (product["status"], product["audit"]["status"]) == ("FAILED", "FAILED")
    assert "miracle" in product["audit_failed_reasons"][0]["reasons"][0]

    assert put(app, product_id, app.body())["code"] == 0
    app.clock.pass_(seconds=5)
    assert (app.get(product_id)["status"], app.get(product_id)["audit_failed_reasons"]) == ("ACTIVATE", [])


def test_a_share_of_audits_can_fail_the_same_way_every_time(app_in: AppIn) -> None:
    def failed() -> list[str]:
        app = app_in("GB", audit_failure_share=0.3)
        for _ in range(20):
            app.create()
        app.clock.pass_(seconds=5)
        return [row["id"] for row in app.search({"status": "FAILED"})["products"]]

    first = failed()
    assert 0 < len(first) < 20
    assert failed() == first


def test_an_invite_only_category_stays_pre_approved(app: SellerApp) -> None:
    product_id = app.create(category_id="700645", product_attributes=[])["product_id"]
    app.clock.pass_(days=3)
    product = app.get(product_id)
    assert (product["status"], product["audit"]["status"]) == ("PENDING", "PRE_APPROVED")
    assert product["audit"]["pre_approved_reasons"] == ["RESTRICTED_CATEGORY_PENDING"]


def test_a_repeated_idempotency_key_never_makes_a_second_product(app: SellerApp) -> None:
    first = app.create(idempotency_key="ps-1-42")
    again = app.create(idempotency_key="ps-1-42", title="Another title")
    other = app.create(idempotency_key="ps-1-43")

    assert again["product_id"] == first["product_id"] != other["product_id"]
    assert [sku["id"] for sku in again["skus"]] == [sku["id"] for sku in first["skus"]]
    assert app.search()["total_count"] == 2
    assert app.ask("POST", "/product/202309/products", app.body(idempotency_key="k" * 129))["code"] == 36009004


def test_the_daily_quota_is_per_day(app: SellerApp) -> None:
    app.world.shop.daily_listing_quota = 1
    app.create()
    assert app.ask("POST", "/product/202309/products", app.body())["code"] == 45101004
    app.clock.pass_(days=1)
    app.create()


def test_a_draft_may_be_incomplete_and_is_submitted_by_an_edit(app: SellerApp) -> None:
    draft = {"title": "Mug", "category_id": "853000", "skus": [{"seller_sku": "MUG-1"}], "save_mode": "AS_DRAFT"}
    product_id = app.data("POST", "/product/202309/products", draft)["product_id"]
    app.clock.pass_(days=1)
    assert (app.get(product_id)["status"], app.get(product_id)["has_draft"]) == ("DRAFT", True)
    assert put(app, product_id, {**draft, "save_mode": "LISTING"})["code"] == 12052015

    assert put(app, product_id, app.body())["code"] == 0
    app.clock.pass_(seconds=5)
    assert (app.get(product_id)["status"], app.get(product_id)["has_draft"]) == ("ACTIVATE", False)


def test_tags_of_a_description_that_are_not_safe_are_dropped_with_a_warning(app: SellerApp) -> None:
    created = app.create(description="<h1>Mug</h1><p>A &amp; B<br/></p><table><tr><td>1</td></tr></table>")
    assert len(created["warnings"]) == 1
    assert app.get(created["product_id"])["description"] == "Mug<p>A &amp; B<br/></p>1"


def test_custom_values_get_lasting_ids(app: SellerApp) -> None:
    def value_ids() -> list[str]:
        created = app.create(skus=colors(app, "Blue", "Ochre"))
        return [sku["sales_attributes"][0]["value_id"] for sku in created["skus"]]

    blue, ochre = value_ids()
    assert blue == "1000001"
    assert value_ids() == [blue, ochre]
    rows = [app.sku(sales_attributes=[{"id": "100000", "value_id": ochre, "value_name": "Ochre"}])]
    assert app.refusal(skus=rows) == 0


# Edit


def test_an_edit_is_audited_while_the_old_version_stays_on_sale(app: SellerApp) -> None:
    product = app.live()
    assert put(app, product["id"], app.body(title="A better title"))["code"] == 0

    live = app.get(product["id"])
    assert (live["status"], live["audit"]["status"], live["title"]) == ("ACTIVATE", "AUDITING", product["title"])
    assert app.get(product["id"], return_under_review_version="true")["title"] == "A better title"

    app.clock.pass_(seconds=5)
    assert app.get(product["id"])["title"] == "A better title"
    path = f"/product/202309/products/{product['id']}"
    assert app.ask("GET", path, query=[("return_under_review_version", "true")])["code"] == 12052547
    assert app.ask("GET", path, query=[("return_draft_version", "true")])["code"] == 12052488


def test_a_refused_edit_leaves_the_old_version_live(app: SellerApp) -> None:
    product = app.live()
    put(app, product["id"], app.body(title="Replica mug"))
    app.clock.pass_(seconds=5)
    now = app.get(product["id"])
    assert (now["status"], now["audit"]["status"], now["title"]) == ("ACTIVATE", "FAILED", product["title"])


@pytest.mark.parametrize("version", ["202309", "202509"])
def test_put_blanks_what_is_left_out_and_deletes_skus_left_out(app: SellerApp, version: str) -> None:
    product = app.live(brand_id="7082427310000000905", external_product_id="ps-1:42", skus=colors(app, "Blue", "Red"))
    kept = {**colors(app, "Blue")[0], "id": product["skus"][0]["id"]}
    added = app.sku(3, sales_attributes=[{"id": "100000", "value_name": "Green"}])

    put(app, product["id"], app.body(skus=[kept, added]), version)
    app.clock.pass_(seconds=5)

    now = app.get(product["id"])
    assert "brand" not in now
    assert now["external_product_id"] == ""
    assert [sku["seller_sku"] for sku in now["skus"]] == ["MUG-0001", "MUG-0003"]
    assert now["skus"][0]["id"] == product["skus"][0]["id"]
    assert now["skus"][1]["id"] not in {sku["id"] for sku in product["skus"]}
    assert app.search({"sku_ids": [product["skus"][1]["id"]]})["total_count"] == 0


def test_put_with_a_sku_of_another_product(app: SellerApp) -> None:
    product, other = app.live(), app.live()
    body = app.body(skus=[app.sku(id=other["skus"][0]["id"])])
    assert put(app, product["id"], body)["code"] == 12052036


def test_an_identifier_cannot_be_changed_or_taken_away(app: SellerApp) -> None:
    code = {"type": "EAN", "code": "3760000000017"}
    product = app.live(skus=[app.sku(identifier_code=code)])
    sku = app.sku(id=product["skus"][0]["id"])

    changed = {**sku, "identifier_code": {"type": "EAN", "code": "3760000000024"}}
    assert put(app, product["id"], app.body(skus=[changed]))["code"] == 12052593
    assert put(app, product["id"], app.body(skus=[sku]))["code"] == 0
    app.clock.pass_(seconds=5)
    assert app.get(product["id"])["skus"][0]["identifier_code"] == code


def test_a_partial_edit_replaces_whole_properties_and_keeps_the_others(app: SellerApp) -> None:
    both = [{"id": "100398", "values": [{"id": "1000401"}]}, {"id": "100399", "values": [{"name": "325"}]}]
    product = app.live(product_attributes=both)

    answer = partial(app, product["id"], product_attributes=both[:1])
    assert answer["data"]["audit"]["status"] == "AUDITING"
    app.clock.pass_(seconds=5)

    now = app.get(product["id"])
    assert [row["id"] for row in now["product_attributes"]] == ["100398"]
    assert (now["title"], now["skus"]) == (product["title"], product["skus"])
    assert partial(app, product["id"], product_attributes=[])["code"] == 12052104
    assert partial(app, product["id"], page_size=1)["code"] == 36009004


def test_a_promotion_locks_prices_and_skus(app: SellerApp) -> None:
    product = app.live(skus=colors(app, "Blue", "Red"))
    app.world.shop.shelf.products[product["id"]].in_promotion = True
    rows = [{**row, "id": sku["id"]} for row, sku in zip(colors(app, "Blue", "Red"), product["skus"], strict=True)]
    cheaper = {**rows[0], "price": {"amount": "9.90", "currency": "GBP"}}
    green = app.sku(3, sales_attributes=[{"id": "100000", "value_name": "Green"}])

    assert put(app, product["id"], app.body(skus=[cheaper, rows[1]]))["code"] == 12052038
    assert put(app, product["id"], app.body(skus=[*rows, green]))["code"] == 12019056
    assert put(app, product["id"], app.body(skus=rows[:1]))["code"] == 12019057
    assert put(app, product["id"], app.body(skus=rows))["code"] == 0
    assert update_price(app, product, "9.90")["code"] == 12052038


# Price and stock


def update_price(app: SellerApp, product: dict[str, Any], amount: str, currency: str = "GBP") -> dict[str, Any]:
    body = {"skus": [{"id": product["skus"][0]["id"], "price": {"amount": amount, "currency": currency}}]}
    return app.ask("POST", f"/product/202309/products/{product['id']}/prices/update", body)


def update_stock(app: SellerApp, product: dict[str, Any], *rows: tuple[str, int], sku: int = 0) -> list[int]:
    inventory = [{"warehouse_id": warehouse, "quantity": quantity} for warehouse, quantity in rows]
    body = {"skus": [{"id": product["skus"][sku]["id"], "inventory": inventory}]}
    data = app.data("POST", f"/product/202309/products/{product['id']}/inventory/update", body)
    return [error["code"] for error in data.get("errors", [])]


def test_prices_change_at_once_without_audit(app: SellerApp) -> None:
    product = app.live(skus=colors(app, "Blue", "Red"))
    assert update_price(app, product, "22.50")["data"] == {}
    now = app.get(product["id"])
    assert [sku["price"]["sale_price"] for sku in now["skus"]] == ["22.50", "24.90"]
    assert now["audit"]["status"] == "APPROVED"


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [("9.999", "GBP", 12052012), ("0", "GBP", 12052073), ("5601", "GBP", 12052570), ("9.90", "EUR", 12052084)],
)
def test_prices_refused(app: SellerApp, amount: str, currency: str, code: int) -> None:
    product = app.live()
    assert update_price(app, product, amount, currency)["code"] == code
    assert app.get(product["id"])["skus"] == product["skus"]


def test_one_bad_sku_refuses_the_whole_price_update(app: SellerApp) -> None:
    product = app.live()
    good = {"id": product["skus"][0]["id"], "price": {"amount": "9.90", "currency": "GBP"}}
    body = {"skus": [good, {**good, "id": "1"}]}
    assert app.ask("POST", f"/product/202309/products/{product['id']}/prices/update", body)["code"] == 12052036
    assert app.get(product["id"])["skus"] == product["skus"]


def test_stock_is_absolute_and_may_be_zero(app: SellerApp) -> None:
    product = app.live()
    assert update_stock(app, product, (WAREHOUSE, 0)) == []
    now = app.get(product["id"])
    assert now["skus"][0]["inventory"] == [{"warehouse_id": WAREHOUSE, "quantity": 0}]
    assert now["status"] == "ACTIVATE"


def test_stock_without_a_warehouse_goes_to_the_default_one(app: SellerApp) -> None:
    product = app.live()
    body = {"skus": [{"id": product["skus"][0]["id"], "inventory": [{"quantity": 3}]}]}
    app.data("POST", f"/product/202309/products/{product['id']}/inventory/update", body)
    assert app.get(product["id"])["skus"][0]["inventory"] == [{"warehouse_id": WAREHOUSE, "quantity": 3}]


def test_stock_refused_per_sku(app: SellerApp) -> None:
    product = app.live()
    assert update_stock(app, product, (WAREHOUSE, -1)) == [12052037]
    assert update_stock(app, product, (WAREHOUSE, 100_000)) == [12052037]
    assert update_stock(app, product, ("7400000000000000012", 1)) == [12052037]
    assert update_stock(app, product, (WAREHOUSE, 1), (WAREHOUSE, 1)) == [12052534]
    app.world.shop.shelf.products[product["id"]].offers[product["skus"][0]["id"]].campaign_stock = 5
    assert update_stock(app, product, (WAREHOUSE, 4)) == [12052393]
    assert app.get(product["id"])["skus"] == product["skus"]


def test_a_bad_sku_does_not_hold_back_the_others(app: SellerApp) -> None:
    product = app.live(skus=colors(app, "Blue", "Red"))
    rows = [
        {"id": sku["id"], "inventory": [{"warehouse_id": WAREHOUSE, "quantity": number}]}
        for sku, number in zip(product["skus"], (-1, 5), strict=True)
    ]
    data = app.data("POST", f"/product/202309/products/{product['id']}/inventory/update", {"skus": rows})

    assert data["errors"][0]["detail"] == {
        "sku_id": product["skus"][0]["id"],
        "extra_errors": [{"warehouse_id": WAREHOUSE, "code": 12052055, "message": "The quantity is out of range"}],
    }
    assert [sku["inventory"][0]["quantity"] for sku in app.get(product["id"])["skus"]] == [12, 5]


def test_every_warehouse_that_carries_a_sku_must_be_named(app: SellerApp) -> None:
    app.world.shop.warehouses[SECOND].effect_status = "ENABLED"
    product = app.live()
    assert update_stock(app, product, (WAREHOUSE, 5), (SECOND, 2)) == []
    assert update_stock(app, product, (WAREHOUSE, 6)) == [12019028]
    assert update_stock(app, product, (WAREHOUSE, 6), (SECOND, 0)) == []


def test_inventory_search_shows_committed_units_apart(app: SellerApp) -> None:
    product = app.live(skus=colors(app, "Blue", "Red"))
    sku_id = product["skus"][1]["id"]
    app.world.shop.shelf.products[product["id"]].offers[sku_id].committed = {WAREHOUSE: 2}

    def inventory(**body: Any) -> Any:
        return app.data("POST", "/product/202309/inventory/search", body)["inventory"]

    assert len(inventory(product_ids=[product["id"]])[0]["skus"]) == 2
    row = inventory(sku_ids=[sku_id])[0]["skus"]
    assert [(sku["id"], sku["total_available_quantity"], sku["total_committed_quantity"]) for sku in row] == [
        (sku_id, 12, 2)
    ]
    for body in ({}, {"product_ids": ["1"] * 101}, {"sku_ids": ["1"] * 601}):
        assert app.ask("POST", "/product/202309/inventory/search", body)["code"] == 36009004


# Life cycle


def test_deactivate_activate_delete_recover(app: SellerApp) -> None:
    product_id = app.live()["id"]

    def status() -> str:
        return str(app.get(product_id)["status"])

    for action, expected in (
        ("deactivate", "SELLER_DEACTIVATED"),
        ("activate", "ACTIVATE"),
        ("delete", "DELETED"),
        ("recover", "SELLER_DEACTIVATED"),
    ):
        assert lifecycle(app, action, product_id) == []
        assert status() == expected
        assert [error["code"] for error in lifecycle(app, action, product_id)] == [12052901]


def test_a_deleted_product_can_be_recovered_for_thirty_days(app: SellerApp) -> None:
    product_id = app.live()["id"]
    lifecycle(app, "delete", product_id)
    app.world.advance(31 * 86400)
    app.token = app.exchange(app.world.auth_code()).json()["data"]["access_token"]
    assert [error["code"] for error in lifecycle(app, "recover", product_id)] == [12052901]


def test_each_id_has_its_own_outcome_under_code_0(app: SellerApp) -> None:
    product_id = app.live()["id"]
    errors = lifecycle(app, "deactivate", "123", product_id, "abc")
    assert [(error["code"], error["detail"]["product_id"]) for error in errors] == [
        (12052260, "123"),
        (12019150, "abc"),
    ]
    assert app.get(product_id)["status"] == "SELLER_DEACTIVATED"


def test_at_most_twenty_ids(app: SellerApp) -> None:
    def code(number: int) -> int:
        body = {"product_ids": [str(i) for i in range(number)]}
        return int(app.ask("POST", "/product/202309/products/activate", body)["code"])

    assert [code(number) for number in (0, 20, 21)] == [36009004, 0, 12019120]


def test_item_errors_can_be_drawn_as_a_fault(app: SellerApp) -> None:
    product = app.live()
    app.faults.set("item_errors=1x2")
    assert [error["code"] for error in lifecycle(app, "deactivate", product["id"])] == [12052881]
    assert update_stock(app, product, (WAREHOUSE, 1)) == [12052037]
    assert update_stock(app, product, (WAREHOUSE, 1)) == []


def test_what_the_platform_took_down_needs_an_edit(app: SellerApp) -> None:
    product_id = app.live()["id"]
    app.http.post("/_sandbox/status", json={"product_id": product_id, "status": "PLATFORM_DEACTIVATED"})
    assert [error["code"] for error in lifecycle(app, "activate", product_id)] == [12052901]
    assert app.get(product_id)["skus"][0]["status_info"]["deactivation_source"] == "PLATFORM"

    put(app, product_id, app.body())
    app.clock.pass_(seconds=5)
    assert app.get(product_id)["status"] == "ACTIVATE"


def test_a_frozen_product_takes_nothing(app: SellerApp) -> None:
    product = app.live()
    app.http.post("/_sandbox/status", json={"product_id": product["id"], "status": "FREEZE"})
    assert put(app, product["id"], app.body())["code"] == 12052901
    assert update_price(app, product, "9.90")["code"] == 12052901
    assert [error["code"] for error in lifecycle(app, "delete", product["id"])] == [12052901]


# Search


def test_search_pages_through_everything_once(app: SellerApp) -> None:
    created = [app.create()["product_id"] for _ in range(7)]
    found: list[str] = []
    token = ""
    for _ in range(4):
        page = app.search(None, page_size="2", **({"page_token": token} if token else {}))
        assert page["total_count"] == 7
        found += [row["id"] for row in page["products"]]
        token = page["next_page_token"]
    assert (found, token) == (created, "")


def test_search_filters(app: SellerApp) -> None:
    first = app.live(skus=[app.sku(1)])
    app.clock.pass_(hours=1)
    second = app.create(skus=[app.sku(2)], title="Replica mug")["product_id"]
    app.clock.pass_(seconds=5)
    now = int(app.clock().timestamp())

    def found(**body: Any) -> list[str]:
        return [row["id"] for row in app.search(body)["products"]]

    assert found() == [first["id"], second]
    assert found(status="ACTIVATE") == [first["id"]]
    assert found(audit_status=["FAILED"]) == [second]
    assert found(seller_skus=["MUG-0002", "NONE"]) == [second]
    assert found(sku_ids=[first["skus"][0]["id"]]) == [first["id"]]
    assert found(create_time_ge=now - 60) == [second]
    assert found(update_time_le=now - 60) == [first["id"]]
    assert found(category_version="v2") == []


def test_what_the_shop_lacks_leaves_new_listings_in_the_drafts(app: SellerApp) -> None:
    app.world.not_submitted_reasons = ("PAYMENT_ACCOUNT_NOT_LINKED",)
    product_id = app.create()["product_id"]
    path = f"/product/202309/products/{product_id}"
    detail = app.data("GET", path)
    assert (detail["status"], detail["has_draft"]) == ("DRAFT", True)
    assert detail["audit"]["not_submitted_reasons"] == ["PAYMENT_ACCOUNT_NOT_LINKED"]
    app.world.not_submitted_reasons = ()
    app.data("PUT", path, app.body(skus=[app.sku(id=detail["skus"][0]["id"])]))
    detail = app.data("GET", path)
    assert (detail["status"], detail["has_draft"], detail["audit"]["not_submitted_reasons"]) == ("PENDING", False, [])


def test_deleted_products_are_found_only_by_their_status(app: SellerApp) -> None:
    product_id = app.live()["id"]
    lifecycle(app, "delete", product_id)
    assert app.search()["products"] == []
    assert [row["id"] for row in app.search({"status": "DELETED"})["products"]] == [product_id]


def test_search_limits(app: SellerApp) -> None:
    def code(body: dict[str, Any]) -> int:
        query = [("page_size", "10")]
        return int(app.ask("POST", "/product/202309/products/search", body, query=query)["code"])

    assert [code({"seller_skus": ["x"] * number}) for number in (10, 11)] == [0, 12019027]
    assert [code({"sku_ids": ["1"] * number}) for number in (10, 11)] == [0, 12019087]


def test_a_world_may_end_a_search_earlier(app: SellerApp) -> None:
    ids = [app.live(skus=[app.sku(number)])["id"] for number in (1, 2)]
    query = [("page_size", "100")]
    app.world.search_depth = 1
    assert app.ask("POST", "/product/202502/products/search", {}, query=query)["code"] == 12052180
    app.world.search_depth = 2
    assert {row["id"] for row in app.search()["products"]} == set(ids)


def test_search_ends_at_ten_thousand_hits(app: SellerApp) -> None:
    product = app.live()
    shelf = app.world.shop.shelf
    original = shelf.products[product["id"]]
    shelf.products |= {f"x{i}": original for i in range(10_000)}
    pages, token = 0, ""
    while True:
        query = [("page_size", "100"), *([("page_token", token)] if token else [])]
        answer = app.ask("POST", "/product/202502/products/search", {}, query=query)
        if answer["code"]:
            break
        pages, token = pages + 1, answer["data"]["next_page_token"]
    assert (pages, answer["code"]) == (100, 12052180)


# Several shops, control surface


def test_shops_of_one_seller_keep_their_products_apart(app_in: AppIn) -> None:
    app = app_in("GB", further_regions=["DE"])
    product_id = app.live()["id"]
    german = app.world.shops[1].cipher
    path = f"/product/202309/products/{product_id}"

    shops = app.data("GET", "/authorization/202309/shops", cipher=False)["shops"]
    assert [shop["region"] for shop in shops] == ["GB", "DE"]
    assert app.ask("GET", path, cipher=german)["code"] == 12052260


def test_the_control_surface_shows_products_and_counts(app: SellerApp) -> None:
    product_id = app.create(external_product_id="ps-1:42")["product_id"]
    assert app.http.post("/_sandbox/advance", json={"seconds": 5}).status_code == 200

    rows = app.http.get("/_sandbox/products").json()["products"]
    assert [(row["id"], row["status"], row["external_product_id"]) for row in rows] == [
        (product_id, "ACTIVATE", "ps-1:42")
    ]
    assert rows[0]["skus"][0]["seller_sku"] == "MUG-0001"
    stats = app.http.get("/_sandbox/stats").json()
    assert (stats["creates"], stats["images"]) == (1, 1)
    assert stats["calls"]["POST /product/{version}/products"] == 1
    assert app.http.post("/_sandbox/faults", json={"rules": "nonsense=1"}).status_code == 400
    assert app.http.post("/_sandbox/faults", json={"rules": "slow=0.5"}).json() == {"rules": 1}
    assert app.faults.rules[0].kind == "slow"
