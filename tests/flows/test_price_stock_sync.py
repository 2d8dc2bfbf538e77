"""price_stock_sync end to end: what is sent, what is not, and what buyers see afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

from flows.apply_plan import apply_plan
from models.connections import settings_in_force
from models.database import database
from models.listings import Change, ChangeKind, ChangeState, Listing, ListingSku, Touched
from models.settings import ConnectionSettings, Markup, MarkupKind
from models.templates import CategoryTemplate
from sandbox import oracle
from tasks.change_record import Elsewhere, mark_sent
from tasks.offer_sending import offers_to_send
from tests.flows.keeping_step import GREAT_BRITAIN, Listed, expect_in_step, total

pytestmark = pytest.mark.slow

# One change, one call -----------------------------------------------------------------------------------------------


def test_what_was_just_uploaded_needs_nothing(listed: Listed) -> None:
    assert listed.sync().ok
    assert (listed.calls("prices/update"), listed.calls("inventory/update")) == (0, 0)
    expect_in_step(listed)


def test_each_changed_product_takes_one_call_and_the_others_none(listed: Listed) -> None:
    """Stock, price, a variant's impact, a special price, a deactivation: of five products, in one run."""
    shop = listed.sandbox.prestashop
    stocked, priced, reduced = (listed.simple(number) for number in range(3))
    varied, inactive = listed.with_variants(0), listed.with_variants(1)
    shop.set_stock(stocked, 7)
    shop.set_price(priced, "41.5")
    shop.add_special(reduced, percent=10)
    shop.set_active(inactive, False)
    shop.set_impact(shop.combination_ids(varied)[0], "3.25")
    result = listed.sync()
    assert result.ok
    assert listed.sent.prices == {listed.product_id(one): 1 for one in (priced, reduced, varied)}
    assert listed.sent.stocks == {listed.product_id(one): 1 for one in (stocked, inactive)}
    assert (listed.calls("prices/update"), listed.calls("inventory/update")) == (3, 2)
    assert total(listed.offers(stocked)[0]) == 7
    assert not any(total(offer) for offer in listed.offers(inactive).values())
    expect_in_step(listed)
    listed.sync()
    assert not listed.sent.prices
    assert not listed.sent.stocks


def test_a_call_covers_every_linked_sku_of_its_product(listed: Listed) -> None:
    shop, product = listed.sandbox.prestashop, listed.with_variants()
    shop.set_stock(product, 3, next(iter(listed.offers(product))))
    listed.sync()
    change = listed.changes()[-1]
    assert {row["sku_id"] for row in change.after["skus"]} == {sku.sku_id for sku in listed.skus(id_product=product)}
    assert sum(row["from"] != row["to"] for row in change.after["skus"]) == 1
    assert change.reasons
    assert change.before == {"product_id": listed.product_id(product)}


def test_low_stock_is_noticed_between_two_sweeps(listed: Listed) -> None:
    listed.sync()
    product, restocked = listed.simple(), listed.simple(1)
    listed.sandbox.prestashop.set_stock(product, 2)
    listed.sync(full=False)
    assert total(listed.offers(product)[0]) == 2
    listed.sandbox.prestashop.set_stock(product, 60)
    listed.sandbox.prestashop.set_price(restocked, "12.5")
    listed.sync(full=False)
    expect_in_step(listed)


def test_only_the_products_asked_for_are_looked_at(listed: Listed) -> None:
    listed.sync()
    one, other = listed.simple(0), listed.simple(1)
    listed.sandbox.prestashop.set_stock(one, 3)
    listed.sandbox.prestashop.set_stock(other, 4)
    listed.sync(product_ids=[one])
    assert listed.sent.stocks == {listed.product_id(one): 1}
    listed.sync()
    assert listed.sent.stocks == {listed.product_id(other): 1}


# Prices that move without any product being saved ------------------------------------------------------------------


def test_a_special_price_begins_and_ends_by_the_clock(listed: Listed) -> None:
    product, now = listed.simple(), listed.clock()
    listed.sandbox.prestashop.add_special(
        product, percent=20, start=now + timedelta(hours=1), end=now + timedelta(hours=5)
    )
    listed.sync()
    before = listed.offers(product)[0].price
    for hours in (2, 6):
        listed.clock.advance(hours=hours)
        listed.sync(full=False)
        assert listed.sent.prices == {listed.product_id(product): 1}
        expect_in_step(listed)
    assert listed.offers(product)[0].price == before


def test_a_special_price_of_the_whole_catalogue_ends_for_all(listed: Listed) -> None:
    now = listed.clock()
    listed.sandbox.prestashop.add_special(0, amount="1", end=now + timedelta(hours=1))
    listed.sync()
    expect_in_step(listed)
    listed.clock.advance(hours=2)
    listed.sync(full=False)
    assert len(listed.sent.prices) > 10
    expect_in_step(listed)


def _tax_group(listed: Listed) -> int:
    """A tax rules group saved anew with another rate in Great Britain: it gets a new id, the products follow."""
    shop = listed.sandbox.prestashop
    products, countries = shop.tables["products"], shop.tables["countries"]
    group = int(products.value(products.rows[listed.simple()], "id_tax_rules_group"))
    country = next(row_id for row_id, row in countries.rows.items() if row["iso_code"] == "GB")
    return shop.edit_tax_rules_group(group, {country: shop.add_tax("17.5")})


def _currency_rate(listed: Listed) -> None:
    currencies = listed.sandbox.prestashop.tables["currencies"].rows
    pounds = next(row_id for row_id, row in currencies.items() if row["iso_code"] == "GBP")
    listed.sandbox.prestashop.set_currency_rate(pounds, "0.9111")


@pytest.mark.parametrize(
    "change",
    [_tax_group, _currency_rate, lambda listed: listed.sandbox.prestashop.set_group_reduction(1, 5)],
    ids=["tax rules group renumbered", "currency rate", "group reduction"],
)
def test_what_all_prices_follow_from_moves_them_all_without_a_save(
    listed: Listed, change: Callable[[Listed], object]
) -> None:
    listed.settings(customer_group=1)
    listed.sync()
    change(listed)
    listed.sync()
    assert len(listed.sent.prices) > 5
    assert set(listed.sent.prices.values()) == {1}
    assert not listed.sent.stocks
    expect_in_step(listed, replace(GREAT_BRITAIN, group=1))


def test_a_new_threshold_and_markup_hold_from_the_next_run(listed: Listed) -> None:
    listed.sync()
    markup = Markup(kind=MarkupKind.PERCENT_INCREASE, amount=Decimal("7.5"))
    listed.settings(inventory_threshold=12, markup=markup)
    listed.sync(full=False)
    assert len(listed.sent.prices) > 10
    low = [sku for sku in listed.skus(offered=0) if sku.quantities and sku.confirmed_at is not None]
    assert low
    judge = replace(GREAT_BRITAIN, threshold=12, markup=oracle.Markup("percent_increase", Decimal("7.5")))
    expect_in_step(listed, judge)
    listed.sync(full=False)
    assert not listed.sent.prices
    assert not listed.sent.stocks


def test_the_markup_of_a_template_holds_for_its_products(listed: Listed) -> None:
    listed.sync()
    with database().write() as session:
        for template in session.exec(select(CategoryTemplate).where(CategoryTemplate.name == "Mugs")):
            template.markup = {"kind": "multiply", "amount": "2"}
    listed.sync(full=False)
    assert listed.sent.prices
    expect_in_step(listed, None)


# Switches and plans ------------------------------------------------------------------------------------------------


def test_what_is_not_kept_in_step_is_left_alone(listed: Listed) -> None:
    """B12: prices and stock are switched on and off each by itself; switched on again they catch up."""
    product = listed.simple()
    listed.settings(sync_price=False, sync_stock=False)
    listed.sandbox.prestashop.set_price(product, "77")
    listed.sandbox.prestashop.set_stock(product, 1)
    listed.sync()
    assert (sum(listed.sent.prices.values()), sum(listed.sent.stocks.values())) == (0, 0)
    listed.settings(sync_stock=True)
    listed.sync(full=False)
    assert (sum(listed.sent.prices.values()), sum(listed.sent.stocks.values())) == (0, 1)
    listed.settings(sync_price=True)
    listed.sync(full=False)
    assert (sum(listed.sent.prices.values()), sum(listed.sent.stocks.values())) == (1, 0)
    expect_in_step(listed)


def test_a_dry_run_sends_nothing_and_leaves_the_work_for_the_next_run(listed: Listed) -> None:
    product = listed.simple()
    listed.sandbox.prestashop.set_stock(product, 5)
    listed.sandbox.prestashop.set_price(product, "15")
    plan = listed.sync(dry_run=True)
    assert (plan.counts["prices to set"], plan.counts["stocks to set"]) == (1, 1)
    assert (listed.calls("prices/update"), listed.calls("inventory/update")) == (0, 0)
    assert {change.kind for change in listed.changes(state=ChangeState.PLANNED, plan_id=plan.plan)} == {
        ChangeKind.PRICE,
        ChangeKind.STOCK,
    }
    again = listed.sync(dry_run=True)
    assert (again.counts["prices to set"], again.counts["stocks to set"]) == (1, 1)
    listed.sync(full=False)
    assert (sum(listed.sent.prices.values()), sum(listed.sent.stocks.values())) == (1, 1)
    expect_in_step(listed)
    assert not listed.changes(state=ChangeState.PLANNED)


# What is gone ------------------------------------------------------------------------------------------------------


def test_a_deleted_combination_is_sold_out_and_its_sisters_are_not(listed: Listed) -> None:
    shop, product = listed.sandbox.prestashop, listed.with_variants()
    gone = shop.combination_ids(product)[0]
    before = {key: (offer.price, total(offer)) for key, offer in listed.offers(product).items()}
    shop.delete_combination(gone)
    listed.sync(full=False)
    after = {key: (offer.price, total(offer)) for key, offer in listed.offers(product).items()}
    assert after == {**before, gone: (before[gone][0], 0)}
    expect_in_step(listed)


def test_a_deleted_product_is_sold_out_where_listings_are_kept(listed: Listed) -> None:
    listed.settings(delete_item=False)
    product = listed.with_variants()
    listed.sandbox.prestashop.delete_product(product)
    result = listed.sync(full=False)
    assert result.counts["listed products gone"] == 1
    assert not any(total(offer) for offer in listed.offers(product).values())
    assert listed.shelf[listed.product_id(product)].status == "ACTIVATE"
    expect_in_step(listed)
    assert not listed.sync(full=False).counts.get("listed products gone")
    assert not listed.sent.stocks


def test_a_deleted_product_is_deleted_where_that_is_wanted(listed: Listed) -> None:
    product = listed.simple()
    product_id = listed.product_id(product)
    listed.sandbox.prestashop.delete_product(product)
    listed.sync(full=False)
    assert listed.shelf[product_id].status == "DELETED"
    listed.sync(full=False)
    assert not listed.sent.stocks
    expect_in_step(listed)


def test_too_many_deletions_at_once_wait_for_a_person(listed: Listed) -> None:
    listed.settings(delete_item=False)
    gone = sorted({sku.id_product or 0 for sku in listed.skus() if sku.offered})[:6]
    for product in gone:
        listed.sandbox.prestashop.delete_product(product)
    for full in (True, False):  # asked in every run until somebody answers
        result = listed.sync(full=full)
        assert [failure.code for failure in result.failures] == ["deletion_guard"]
        assert "allow_deletions" in result.failures[0].fix
        assert not listed.sent.stocks
    with database().read() as session:
        assert set(gone) <= set(session.exec(select(Touched.id_product)))
    assert listed.sync(full=False, allow_deletions=True).ok
    assert len(listed.sent.stocks) == 6
    expect_in_step(listed)


def test_sold_out_products_are_not_deleted_in_masses_without_consent_either(
    listed: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = sorted({sku.id_product or 0 for sku in listed.skus()})[:6]
    with database().write() as session:
        for sku in session.exec(select(ListingSku)):
            if sku.id_product in gone:
                sku.offered = 0
    for product in gone:
        listed.sandbox.prestashop.delete_product(product)
    result = listed.sync(full=False)
    assert [failure.code for failure in result.failures] == ["deletion_guard"]
    assert all(listed.shelf[listed.product_id(product)].status == "ACTIVATE" for product in gone)


# Stock over there ----------------------------------------------------------------------------------------------------


def another_warehouse(listed: Listed) -> str:
    """A sales warehouse that is not the connection's."""
    world = listed.sandbox.tiktok.shop
    sales = [row.id for row in world.warehouses.values() if row.type == "SALES_WAREHOUSE"]
    return next(one for one in sales if one != world.default_warehouse)


def test_units_of_open_orders_are_subtracted_once(listed: Listed) -> None:
    product = listed.simple()
    (sku,) = listed.skus(id_product=product)
    listed.sandbox.prestashop.set_stock(product, 30)
    listed.sync()
    listed.sandbox.tiktok.order(listed.product_id(product), sku.sku_id, units=4)
    listed.sync()
    assert not listed.sent.stocks  # the platform took them off by itself
    listed.sandbox.prestashop.set_stock(product, 20)
    listed.sync()
    (offer,) = listed.offers(product).values()
    assert (total(offer), sum(offer.committed.values())) == (16, 4)
    expect_in_step(listed)


def test_an_edit_leaves_open_orders_and_other_warehouses_alone(listed: Listed) -> None:
    shop, world, product = listed.sandbox.prestashop, listed.sandbox.tiktok.shop, listed.simple()
    (sku,) = listed.skus(id_product=product)
    other = another_warehouse(listed)
    world.center.add_warehouse(sku.sku_id, other, 9)
    shop.set_stock(product, 30)
    listed.sync()
    listed.sandbox.tiktok.order(listed.product_id(product), sku.sku_id, world.default_warehouse, units=4)
    shop.rename(product, "A name that makes an edit of its listing necessary")
    assert listed.upload(product_ids=[product]).counts["confirmed"] == 1
    assert listed.offers(product)[0].stock == {world.default_warehouse: 26, other: 9}
    listed.sync(full=False)
    assert not listed.sent.stocks
    expect_in_step(listed, None)


def test_every_warehouse_that_carries_a_sku_is_sent_along(listed: Listed) -> None:
    shop, world = listed.sandbox.prestashop, listed.sandbox.tiktok.shop
    kept, inactive = listed.simple(0), listed.simple(1)
    other = another_warehouse(listed)
    for product in (kept, inactive):
        (sku,) = listed.skus(id_product=product)
        world.center.add_warehouse(sku.sku_id, other, 9)
    shop.set_stock(kept, 3)
    shop.set_active(inactive, False)
    assert listed.sync().ok
    assert listed.offers(kept)[0].stock == {world.default_warehouse: 3, other: 9}
    # What nobody may sell is sold out everywhere, also where ours was empty before.
    assert listed.offers(inactive)[0].stock == {world.default_warehouse: 0, other: 0}
    shop.set_stock(kept, 0)
    listed.sync()
    assert listed.offers(kept)[0].stock == {world.default_warehouse: 0, other: 9}
    shop.set_active(kept, False)
    listed.sync(full=False)
    assert listed.offers(kept)[0].stock == {world.default_warehouse: 0, other: 0}


def test_stock_that_is_there_already_is_not_sent(listed: Listed) -> None:
    product = listed.simple()
    (sku,) = listed.skus(id_product=product)
    listed.sandbox.prestashop.set_stock(product, 23)
    listed.sandbox.tiktok.shop.center.set_stock(sku.sku_id, 23)
    result = listed.sync()
    assert result.counts["stocks confirmed"] == 1
    assert not listed.sent.stocks


def test_what_somebody_sells_by_hand_is_sold_out_again(listed: Listed) -> None:
    """K4: sold-out SKUs are read back after some hours, and set to 0 again."""
    product = listed.simple()
    (sku,) = listed.skus(id_product=product)
    listed.sandbox.prestashop.set_stock(product, 0)
    listed.sync()
    listed.sandbox.tiktok.shop.center.set_stock(sku.sku_id, 5)
    listed.clock.advance(hours=3)
    listed.sync(full=False)
    assert not listed.sent.stocks
    listed.clock.advance(hours=2)
    result = listed.sync(full=False)
    assert result.counts["stocks not as sent"] == 1
    assert listed.sent.stocks == {listed.product_id(product): 1}
    expect_in_step(listed)


def test_a_zero_that_did_not_stick_is_noticed_in_the_same_run(listed: Listed, monkeypatch: pytest.MonkeyPatch) -> None:
    product = listed.simple()
    (sku,) = listed.skus(id_product=product)
    listed.sandbox.prestashop.set_stock(product, 0)
    center = listed.sandbox.tiktok.shop.center
    from tasks import offer_sending

    read = offer_sending.read_back

    def meddled(*arguments: Any) -> Any:
        center.set_stock(sku.sku_id, 8)
        return read(*arguments)

    monkeypatch.setattr(offer_sending, "read_back", meddled)
    assert listed.sync().counts["stocks not as sent"] == 1
    monkeypatch.setattr(offer_sending, "read_back", read)
    listed.sync(full=False)
    expect_in_step(listed)


# Refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [12052038, 12019045])
def test_a_promotion_is_waited_out(listed: Listed, code: int) -> None:
    product = listed.simple()
    listed.sandbox.tiktok.shop.center.start_promotion(listed.product_id(product), seconds=3600, code=code)
    listed.sandbox.prestashop.set_price(product, "33.33")
    result = listed.sync()
    assert result.ok
    assert result.counts["waiting"] == 1
    (waiting,) = listed.changes(state=ChangeState.PLANNED)
    assert waiting.code == str(code)
    assert waiting.cause
    assert waiting.not_before is not None
    assert waiting.not_before > listed.clock()
    listed.sync(full=False)
    assert not listed.sent.prices, "not before the time"
    listed.clock.advance(hours=2, minutes=1)
    listed.sync(full=False)
    assert listed.sent.prices == {listed.product_id(product): 1}
    expect_in_step(listed)


def test_a_long_lock_is_asked_about_less_and_less_often(listed: Listed) -> None:
    product = listed.simple()
    listed.sandbox.tiktok.shop.center.start_promotion(listed.product_id(product))
    listed.sandbox.prestashop.set_price(product, "33.33")
    waits = []
    for _ in range(3):
        listed.sync(full=False)
        (waiting,) = listed.changes(state=ChangeState.PLANNED)
        assert waiting.not_before is not None
        waits.append(waiting.not_before - listed.clock())
        listed.clock.advance(seconds=waits[-1].total_seconds() + 1)
    assert waits == sorted(waits)
    assert waits[0] < timedelta(minutes=15) < waits[2]


def test_a_campaign_is_waited_out_and_holds_up_no_other_variant(listed: Listed) -> None:
    shop, product = listed.sandbox.prestashop, listed.with_variants()
    first, second = shop.combination_ids(product)[:2]
    for combination in (first, second):
        shop.set_stock(product, 20, combination)
    listed.sync()
    (locked,) = listed.skus(id_product=product, id_product_attribute=first)
    listed.sandbox.tiktok.shop.center.start_campaign(locked.sku_id, 10, seconds=3600)
    for combination in (first, second):
        shop.set_stock(product, 4, combination)
    result = listed.sync()
    assert result.ok
    assert result.counts["waiting"] == 1
    assert [total(listed.offers(product)[key]) for key in (first, second)] == [20, 4]
    listed.clock.advance(hours=2, minutes=1)
    listed.sync(full=False)
    expect_in_step(listed)


def test_a_price_out_of_range_is_parked_and_the_other_variants_are_priced(listed: Listed) -> None:
    shop, product = listed.sandbox.prestashop, listed.with_variants()
    dear = shop.combination_ids(product)[0]
    shop.set_price(product, "50")
    shop.set_impact(dear, "90000")
    result = listed.sync()
    assert [failure.code for failure in result.failures] == ["above_market_maximum"]
    assert result.failures[0].fix
    (parked,) = listed.changes(state=ChangeState.PARKED)
    (sku,) = listed.skus(id_product=product, id_product_attribute=dear)
    assert parked.object == f"sku:{sku.sku_id}"
    assert parked.fix
    assert listed.sent.prices == {listed.product_id(product): 1}
    expect_in_step(listed)
    assert listed.sync().ok, "said once"
    shop.set_impact(dear, "0")
    assert listed.sync().ok
    assert not listed.changes(state=ChangeState.PARKED)
    expect_in_step(listed)


def test_another_currency_than_the_markets_is_parked_with_its_fix(listed: Listed) -> None:
    product = listed.simple()
    listed.settings(currency="EUR")
    listed.sandbox.prestashop.set_stock(product, 3)
    result = listed.sync()
    assert {failure.code for failure in result.failures} == {"wrong_currency"}
    assert all(failure.fix for failure in result.failures)
    assert not listed.sent.prices
    assert listed.sent.stocks == {listed.product_id(product): 1}
    listed.settings(currency="GBP")
    assert listed.sync().ok
    assert not listed.changes(state=ChangeState.PARKED)
    expect_in_step(listed)


def test_half_of_the_skus_refused_leaves_the_other_half_set(listed: Listed) -> None:
    shop, product = listed.sandbox.prestashop, listed.with_variants()
    combinations = shop.combination_ids(product)
    for combination in combinations:
        shop.set_stock(product, 4, combination)
    listed.faults("half_item_errors=1x1@POST /product/*/inventory/update")
    result = listed.sync()
    assert [failure.code for failure in result.failures] == ["12052037"]
    assert f"of {len(listed.skus(id_product=product))} variants" in result.failures[0].cause
    right = [offer for offer in listed.offers(product).values() if total(offer) == 4]
    assert 0 < len(right) < len(combinations)
    listed.sync()
    assert not listed.sent.stocks, "the same would be refused again"
    listed.sync(full=False, retry_parked=True)
    assert listed.sent.stocks == {listed.product_id(product): 1}
    assert not listed.changes(state=ChangeState.PARKED)
    expect_in_step(listed)


def test_what_was_refused_is_sent_after_a_change(listed: Listed) -> None:
    product = listed.simple()
    listed.sandbox.prestashop.set_stock(product, 4)
    listed.faults("item_errors=1x1@POST /product/*/inventory/update")
    assert not listed.sync().ok
    listed.sandbox.prestashop.set_stock(product, 3)
    assert listed.sync().ok
    assert not listed.changes(state=ChangeState.PARKED)
    expect_in_step(listed)


def test_a_shared_stock_is_parked_and_the_locked_sister_still_waited_out(listed: Listed) -> None:
    shop, product, center = listed.sandbox.prestashop, listed.with_variants(), listed.sandbox.tiktok.shop.center
    shared, locked = shop.combination_ids(product)[:2]
    for combination in (shared, locked):
        shop.set_stock(product, 20, combination)
    listed.sync()
    ids = {sku.id_product_attribute: sku.sku_id for sku in listed.skus(id_product=product)}
    center.share_stock(ids[shared], on=True)
    center.start_campaign(ids[locked], 10, seconds=3600)
    for combination in (shared, locked):
        shop.set_stock(product, 4, combination)
    assert [failure.code for failure in listed.sync().failures] == ["12052921"]
    listed.clock.advance(hours=2, minutes=1)
    listed.sync(full=False)
    assert total(listed.offers(product)[locked]) == 4


def test_a_frozen_listing_is_left_alone_and_caught_up_with_when_it_thaws(listed: Listed) -> None:
    product = listed.simple()
    product_id = listed.product_id(product)

    def status(text: str) -> None:
        listed.shelf[product_id].status = text
        with database().write() as session:
            session.exec(select(Listing).where(Listing.product_id == product_id)).one().status = text

    status("FREEZE")
    listed.sandbox.prestashop.set_stock(product, 2)
    assert listed.sync().ok
    assert not listed.sent.stocks
    status("ACTIVATE")
    listed.sync(full=False)
    expect_in_step(listed)


# The auditor -------------------------------------------------------------------------------------------------------


def _in_force(listed: Listed) -> tuple[int, ConnectionSettings]:
    with database().read() as session:
        return settings_in_force(session, listed.connection_id)


def test_prices_that_the_webservice_hides_are_found_and_followed(listed: Listed) -> None:
    product = listed.simple()
    listed.sandbox.prestashop.price_hook = lambda _product, _variant, price: price + Decimal(2)
    listed.sandbox.prestashop.set_price(product, "20")
    before, _ = _in_force(listed)
    result = listed.sync()
    assert {failure.code for failure in result.failures} == {"price_audit"}
    version, document = _in_force(listed)
    assert (version, document.products.price_source) == (before + 1, "shop")
    listed.sync(full=False)
    assert len(listed.sent.prices) > 10
    expect_in_step(listed, None)
    listed.clock.advance(hours=2)
    # The hook has no trace anywhere: its answers are asked for again from time to time.
    listed.sandbox.prestashop.price_hook = lambda _product, _variant, price: price + Decimal(3)
    listed.sync(full=False)
    assert len(listed.sent.prices) > 10


def test_an_edit_carries_the_shops_own_prices(listed: Listed) -> None:
    shop, product = listed.sandbox.prestashop, listed.simple()
    shop.price_hook = lambda _product, _variant, price: price + Decimal(2)
    listed.settings(price_source="shop")
    listed.sync()
    shown = listed.offers(product)[0].price
    shop.rename(product, "A name that makes an edit of its listing necessary")
    assert listed.upload(product_ids=[product]).counts["confirmed"] == 1
    assert Decimal(listed.offers(product)[0].price) == Decimal(shown)


def test_honest_prices_pass_the_audit(listed: Listed) -> None:
    listed.sandbox.prestashop.set_price(listed.simple(), "20")
    result = listed.sync()
    assert result.counts["prices audited"] >= 20
    assert result.ok
    listed.clock.advance(minutes=30)
    assert "prices audited" not in listed.sync(full=False).counts


# One product at a time ---------------------------------------------------------------------------------------------


@contextmanager
def _under_way(listed: Listed, product: int) -> Iterator[Change]:
    """An edit of the product that was sent and has no answer yet."""
    with database().write() as session:
        plan = session.exec(select(Change.plan_id)).first()
        assert plan is not None
        edit = Change(
            connection_id=listed.connection_id,
            plan_id=plan,
            kind=ChangeKind.EDIT,
            object=f"product:{product}",
            id_product=product,
            state=ChangeState.SENT,
            created_at=listed.clock(),
            sent_at=listed.clock(),
        )
        session.add(edit)
        session.flush()
    yield edit
    with database().write() as session:
        session.get_one(Change, edit.key).state = ChangeState.CONFIRMED


def test_prices_wait_for_an_edit_that_is_under_way(listed: Listed) -> None:
    product, other = listed.simple(0), listed.simple(1)
    for one in (product, other):
        listed.sandbox.prestashop.set_price(one, "18")
    with _under_way(listed, product):
        assert listed.sync().counts["waiting"] == 1
        assert listed.sent.prices == {listed.product_id(other): 1}
    listed.clock.advance(minutes=2)
    listed.sync(full=False)
    assert listed.sent.prices == {listed.product_id(product): 1}
    expect_in_step(listed)


def test_what_is_sold_out_does_not_wait_for_an_edit_that_was_never_answered(listed: Listed) -> None:
    product = listed.simple()
    listed.sandbox.prestashop.set_stock(product, 0)
    listed.sandbox.prestashop.set_price(product, "18")
    with _under_way(listed, product):
        assert listed.sync().counts["waiting"] == 2
        listed.clock.advance(minutes=11)
        listed.sync(full=False)
        assert (listed.sent.prices, listed.sent.stocks) == ({listed.product_id(product): 1},) * 2
        assert total(listed.offers(product)[0]) == 0
    expect_in_step(listed)


def test_an_edit_waits_for_a_price_that_is_under_way(listed: Listed) -> None:
    product = listed.simple()
    listed.sandbox.prestashop.set_price(product, "18")
    listed.faults("reset_after=1@POST /product/*/prices/update")
    assert listed.sync().counts["unresolved"] == 1
    listed.faults("")
    with _under_way(listed, product) as edit:
        with database().write() as session:
            session.get_one(Change, edit.key).state = ChangeState.PLANNED
        with pytest.raises(Elsewhere):
            mark_sent(edit)
        listed.clock.advance(minutes=2)
        listed.sync(full=False)
        assert mark_sent(edit)


def test_prices_and_stock_of_a_listing_stay_in_one_batch(listed: Listed) -> None:
    """Two batches are sent side by side; of one listing they would stand in each other's way."""
    listed.settings(markup=Markup(kind=MarkupKind.FIXED_INCREASE, amount=Decimal(1)), inventory_threshold=3000)
    plan = listed.sync(dry_run=True).plan
    assert plan is not None
    together = offers_to_send(listed.connection_id, plan)
    with database().read() as session:
        objects = [{session.get_one(Change, key).object for key in keys} for keys in together]
    assert all(len(names) == 1 for names in objects)
    assert any(len(keys) == 2 for keys in together)
    assert len({name for names in objects for name in names}) == len(objects)


# Plans ---------------------------------------------------------------------------------------------------------------


def test_a_stored_plan_is_applied_as_far_as_it_still_holds(listed: Listed) -> None:
    kept, overtaken = listed.simple(0), listed.simple(1)
    listed.sandbox.prestashop.set_stock(kept, 41)
    listed.sandbox.prestashop.set_stock(overtaken, 42)
    plan = listed.sync(dry_run=True)
    assert (plan.counts["stocks to set"], sum(listed.sent.stocks.values())) == (2, 0)
    listed.sandbox.prestashop.set_stock(overtaken, 43)
    assert plan.plan is not None
    done = apply_plan(plan.plan)
    assert (done.counts["stocks confirmed"], done.counts["superseded"], done.ok) == (1, 1, True)
    assert total(listed.offers(kept)[0]) == 41
    assert total(listed.offers(overtaken)[0]) != 43, "the plan did not say so"
    assert "stocks confirmed" not in apply_plan(plan.plan).counts
    listed.sync(full=True)
    assert total(listed.offers(overtaken)[0]) == 43
