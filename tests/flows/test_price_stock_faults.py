"""price_stock_sync when things go wrong: afterwards every SKU shows what it should, and nothing is open."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from clients.errors import AuthorizationError, ConfigurationFault, Retryable, Unavailable
from clients.prestashop import PrestaShopClient
from models.catalogue import Product, SpecificPrice, Variant
from models.database import database
from models.listings import ChangeState, Touched
from models.settings import Markup, MarkupKind
from tasks import offers, sweeps
from tasks.inputs import NotSetUp
from tasks.runs import run_alone
from tasks.statuses import read_statuses
from tasks.touched import touch
from tests.flows.keeping_step import Listed, MovedClock, Sent, expect_in_step, total
from tests.stall import Stall

pytestmark = pytest.mark.slow


def stir(listed: Listed, seed: int, changes: int = 24) -> None:
    """What a busy shop does in an hour: sales, prices, promotions, products off and on, a variant gone."""
    shop, dice = listed.sandbox.prestashop, random.Random(seed)
    # Rows come in the order in which threads listed them.
    variants = sorted((sku.id_product or 0, sku.id_product_attribute or 0) for sku in listed.skus())
    variants = [(one, key) for one, key in variants if shop.stock_row(one, key) is not None]
    for _ in range(changes):
        product, combination = dice.choice(variants)
        what = dice.choice(["stock", "stock", "sold out", "price", "impact", "special", "active"])
        if what == "stock":
            shop.set_stock(product, dice.randrange(200), combination)
        elif what == "sold out":
            shop.set_stock(product, 0, combination)
        elif what == "price":
            shop.set_price(product, f"{dice.uniform(3, 90):.2f}")
        elif what == "impact" and combination:
            shop.set_impact(combination, f"{dice.uniform(0, 9):.2f}")
        elif what == "special":
            # Not on the hours to which tests move the clock: what a minute's end changes is nobody's fault.
            end = listed.clock() + timedelta(hours=dice.randrange(1, 9), minutes=30)
            shop.add_special(product, percent=dice.randrange(5, 40), end=end, from_quantity=1)
        elif what == "active":
            shop.set_active(product, dice.random() < 0.6)


def expect_catching_up(listed: Listed, **judge: Any) -> None:
    """Without faults, after some quiet runs, nothing is wrong and nothing is open."""
    listed.faults("")
    listed.until_quiet(retry_parked=True)
    expect_in_step(listed, **judge)
    assert not listed.changes(state=ChangeState.PLANNED)
    assert not listed.changes(state=ChangeState.PARKED)


PRICES, STOCKS = "POST /product/*/prices/update", "POST /product/*/inventory/update"
FAULTS = {
    "throttling storm": "throttle=0.3@/product/*",
    "item errors": f"item_errors=0.6@{STOCKS}",
    "half of the items": f"half_item_errors=0.6@{STOCKS}",
    "answers lost after the work": f"reset_after=0.9@{PRICES},reset_after=0.9@{STOCKS}",
    "connections cut before the work": f"reset_before=0.9@{PRICES},reset_before=0.9@{STOCKS}",
    "internal errors": f"server_error=0.9@{PRICES},server_error=0.9@{STOCKS}",
    "slow": "slow=0.3",
    "truncated": f"truncated=0.9@{PRICES},truncated=0.9@{STOCKS},truncated=0.2@/api/*",
    "php": "php_warning=0.2@/api/*,notice_before_body=0.2@/api/*,html_503=0.2@/api/*",
    "expired tokens": "token_expired=0.1@/product/*",
}


@pytest.mark.slow
@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
def test_faults_delay_but_lose_nothing(listed: Listed, faults: str) -> None:
    listed.sandbox.faults.slow_seconds = 0.05
    for seed in (1, 2):
        stir(listed, seed)
        listed.faults(faults)
        with suppress(Retryable, AuthorizationError):
            listed.sync(allow_deletions=True)
    expect_catching_up(listed)


# What is not known --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_answer_lost_after_the_work_is_sent_again(listed: Listed) -> None:
    product = listed.simple()
    listed.sandbox.prestashop.set_price(product, "27")
    listed.sandbox.prestashop.set_stock(product, 3)
    listed.faults(f"reset_after=1@{PRICES},reset_after=1@{STOCKS}")
    result = listed.sync()
    assert result.counts["unresolved"] == 2, "stock does not wait for the price"
    assert len(listed.changes(state=ChangeState.SENT)) == 2
    assert total(listed.offers(product)[0]) == 3
    listed.faults("")
    listed.sync(full=False)
    assert (sum(listed.sent.prices.values()), sum(listed.sent.stocks.values())) == (1, 0), "stock is looked up first"
    expect_in_step(listed)


@pytest.mark.slow
def test_what_was_sent_and_taken_back_is_not_forgotten_by_a_run_that_sends_nothing(listed: Listed) -> None:
    """Sent with the answer lost, changed back in PrestaShop, planned by a run that dies: the record alone would say
    that everything is as it should be."""
    shop, product = listed.sandbox.prestashop, listed.simple()
    old = shop.tables["products"].rows[product]["price"]
    shop.set_price(product, "27")
    listed.faults(f"reset_after=1@{PRICES}")
    listed.sync()
    listed.faults("")
    shop.set_price(product, old)
    listed.sync(dry_run=True)
    listed.sync(full=False)
    expect_in_step(listed)
    listed.sync(full=False)
    assert not listed.sent.prices


def test_what_is_touched_while_a_plan_is_made_is_looked_at_again(
    listed: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed.sync()
    expect_looked_at_again(listed, monkeypatch, listed.simple())


def expect_looked_at_again(listed: Listed, monkeypatch: pytest.MonkeyPatch, product: int) -> None:
    """Another flow's mirror writes a page it began to read before: its time is older than the plan's."""
    read, earlier = offers.load_offers, listed.clock() - timedelta(minutes=1)

    def meanwhile(*arguments: Any) -> Any:
        found = read(*arguments)
        with database().write() as session:
            session.get_one(Variant, (listed.connection_id, product, 0)).quantity = 4
            touch(session, listed.connection_id, [product], "stock moved", earlier)
        return found

    with (
        run_alone("price_stock_sync", "sandbox", {}, dry_run=False, turn="offers") as run,
        monkeypatch.context() as patch,
    ):
        patch.setattr(offers, "load_offers", meanwhile)
        offers.plan_offers.fn(run, [product])
    with database().read() as session:
        (again,) = session.exec(select(Touched)).all()
    assert (again.id_product, again.noticed_at) == (product, earlier)


def test_a_change_dates_from_when_the_first_of_it_was_noticed(listed: Listed) -> None:
    """K22: the time a product waited before it was planned is part of the lag."""
    listed.sync()
    product, noticed = listed.simple(), listed.clock()
    for minutes in (0, 20):
        listed.clock.advance(minutes=minutes)
        with database().write() as session:
            touch(session, listed.connection_id, [product], "product changed", noticed + timedelta(minutes=minutes))
    listed.sandbox.prestashop.set_price(product, "27")
    listed.sync(dry_run=True)
    listed.clock.advance(minutes=10)
    listed.sync()
    first, sent = listed.changes()[-2:]
    assert (first.state, first.noticed_at) == (ChangeState.SUPERSEDED, noticed)
    assert (sent.state, sent.noticed_at) == (ChangeState.CONFIRMED, noticed)
    with database().read() as session:
        assert not session.exec(select(Touched)).all()


# PrestaShop is not itself -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_shop_that_is_down_for_an_hour_is_caught_up_with(listed: Listed) -> None:
    stir(listed, 3)
    listed.sandbox.prestashop.down = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            listed.sync()
        listed.clock.advance(minutes=20)
    assert not listed.sent.prices
    assert not listed.sent.stocks
    listed.sandbox.prestashop.down = False
    expect_catching_up(listed)


@pytest.mark.slow
@pytest.mark.parametrize(
    "resource",
    [
        "products",
        "combinations",
        "stock_availables",
        "specific_prices",
        "tax_rules",
        "taxes",
        "tax_rule_groups",
        "groups",
        "currencies",
        "countries",
        "configurations",
        "shop_groups",
    ],
)
def test_a_list_that_comes_empty_changes_nothing(listed: Listed, resource: str) -> None:
    listed.sync()
    before = {sku.sku_id: (sku.price, sku.quantities) for sku in listed.skus()}
    listed.sandbox.prestashop.empty_lists = {resource}
    for parameters in ({"full": True}, {"full": False}):
        with suppress(ConfigurationFault, Unavailable):
            listed.sync(**parameters)
    assert {sku.sku_id: (sku.price, sku.quantities) for sku in listed.skus()} == before
    listed.sandbox.prestashop.empty_lists = set()
    stir(listed, 4)
    expect_catching_up(listed)


def test_the_last_special_price_may_really_be_gone(listed: Listed) -> None:
    shop = listed.sandbox.prestashop
    for row_id in list(shop.tables["specific_prices"].rows):
        shop.delete_special(row_id)
    assert listed.sync().ok
    with database().read() as session:
        assert session.exec(select(SpecificPrice)).first() is None
    expect_in_step(listed)


@pytest.mark.slow
def test_a_page_that_comes_empty_forgets_no_product(listed: Listed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ids are listed, the wide page of what was saved is not."""
    listed.sync()
    product = listed.simple()
    listed.sandbox.prestashop.set_price(product, "19")
    real = PrestaShopClient.pages
    monkeypatch.setattr(sweeps, "due", lambda *_: False)

    def pages(client: PrestaShopClient, resource: str, **arguments: Any) -> Any:
        return iter(()) if resource == "products" else real(client, resource, **arguments)

    monkeypatch.setattr(PrestaShopClient, "pages", pages)
    with pytest.raises(Unavailable):
        listed.sync(full=False)
    monkeypatch.setattr(PrestaShopClient, "pages", real)
    with database().read() as session:
        assert session.get(Product, (listed.connection_id, product)) is not None
    listed.sync(full=False)
    expect_in_step(listed)


@pytest.mark.slow
def test_a_vanished_stock_row_is_sold_out_and_no_other(listed: Listed) -> None:
    shop, product = listed.sandbox.prestashop, listed.with_variants()
    listed.sync()
    before = {key: total(offer) for key, offer in listed.offers(product).items()}
    gone = next(key for key, pieces in before.items() if pieces)
    shop.vanish_stock_row(product, gone)
    result = listed.sync()
    assert result.counts["variants without a stock row"] == 1
    assert {key: total(offer) for key, offer in listed.offers(product).items()} == {**before, gone: 0}
    assert sum(listed.sent.stocks.values()) == 1
    shop.restore_stock_row(product, 12, gone)
    listed.sync()
    expect_in_step(listed)


def test_impossible_quantities_become_possible_ones(listed: Listed) -> None:
    shop, (owed, huge) = listed.sandbox.prestashop, (listed.simple(0), listed.simple(1))
    shop.set_stock(owed, -3)
    shop.set_stock(huge, 2_000_000_000)
    assert listed.sync().ok
    assert (total(listed.offers(owed)[0]), total(listed.offers(huge)[0])) == (0, 99_999)
    expect_in_step(listed)


@pytest.mark.slow
@pytest.mark.parametrize("rate", ["0.000000", ""])
def test_a_currency_without_a_rate_stops_the_run_and_says_so(listed: Listed, rate: str) -> None:
    listed.sync()
    currencies = listed.sandbox.prestashop.tables["currencies"]
    pounds = next(row_id for row_id, row in currencies.rows.items() if row["iso_code"] == "GBP")
    currencies.update(pounds, {"conversion_rate": rate})
    listed.sandbox.prestashop.set_stock(listed.simple(), 1)
    with pytest.raises(NotSetUp, match="GBP has no exchange rate"):
        listed.sync()
    assert not listed.sent.prices
    assert not listed.sent.stocks
    currencies.update(pounds, {"conversion_rate": "0.850000"})
    listed.sync()
    expect_in_step(listed)


def test_a_tax_rule_without_a_country_taxes_nothing(listed: Listed) -> None:
    rules = listed.sandbox.prestashop.tables["tax_rules"]
    for row_id, row in list(rules.rows.items()):
        if row["id_tax_rules_group"] == 1:
            rules.update(row_id, {"id_country": 0})
    assert listed.sync().ok
    assert len(listed.sent.prices) > 5
    expect_in_step(listed)


# Killed, and two at once ---------------------------------------------------------------------------------------------


def start_sync() -> subprocess.Popen[bytes]:
    """`connector run price_stock_sync` as a process group of its own, with this installation's environment."""
    command = [str(Path(sys.executable).with_name("connector")), "run", "price_stock_sync", "--connection", "sandbox"]
    return subprocess.Popen(
        [*command, "full=true", "--json"],
        env={**os.environ, "PREFECT_LOGGING_LEVEL": "ERROR"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def calls(listed: Listed) -> int:
    return listed.calls("prices/update") + listed.calls("inventory/update")


@pytest.mark.slow
def test_killed_while_sending_and_run_again(listed: Listed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every killed run wants other prices than the one before, back and forth; the last word is PrestaShop's."""
    # Slow enough to be caught in the act.
    monkeypatch.setenv("CONNECTOR_TIKTOK_WRITES_PER_SECOND", "15")
    dice = random.Random(5)
    for number in range(4):
        markup = Markup(kind=MarkupKind.FIXED_INCREASE, amount=Decimal(1)) if number % 2 == 0 else Markup()
        listed.settings(markup=markup)
        stir(listed, number)
        before, enough = calls(listed), dice.randrange(1, 14)
        run = start_sync()
        deadline = time.monotonic() + 300
        while calls(listed) < before + enough and run.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert run.poll() is None, "the run ended before it could be killed"
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    expect_catching_up(listed)


@pytest.mark.slow
def test_two_runs_at_once_send_nothing_twice(listed: Listed) -> None:
    stocked, priced = listed.simple(0), listed.simple(1)
    listed.sandbox.prestashop.set_stock(stocked, 3)
    listed.sandbox.prestashop.set_price(priced, "12")
    runs = [start_sync(), start_sync()]
    assert [run.wait(240) for run in runs] == [0, 0]
    assert (listed.calls("prices/update"), listed.calls("inventory/update")) == (1, 1)
    expect_in_step(listed)


# The same on PostgreSQL ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("no_waiting")
def test_the_same_on_postgresql(
    open_stall: Callable[..., Stall], empty_postgres: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", empty_postgres(""))
    clock = MovedClock()
    clock.rule(monkeypatch)
    stall = open_stall(clock=clock)
    stall.upload()
    stall.finish_audits()
    read_statuses.fn(stall.connection_id, 0)
    listed = Listed(stall.sandbox, stall.connection_id, clock, Sent.watched(monkeypatch))
    listed.sync()
    assert not listed.sent.prices
    product = listed.simple()
    listed.sandbox.tiktok.shop.center.start_promotion(listed.product_id(product), seconds=3600)
    for seed, faults in ((1, f"reset_after=0.9@{PRICES},item_errors=0.5@{STOCKS}"), (2, "")):
        stir(listed, seed)
        listed.faults(faults)
        listed.sync(allow_deletions=True)
    expect_catching_up(listed)
    expect_looked_at_again(listed, monkeypatch, product)
