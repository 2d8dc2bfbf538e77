"""What the doctor makes of facts: properties that hold for all of them, and the edges between pass, warn and fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.settings import OrderSettings
from rules import doctor
from rules import doctor_prestashop as prestashop
from rules import doctor_tiktok as tiktok
from rules.doctor import Area, Level
from rules.tax import TaxRule, TaxTable

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
NEEDED = {"orders": "GET POST PATCH", "products": "GET", "messages": "GET POST"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
ORDER = list(Level)

flags = st.booleans()
rules_of_carts = st.fixed_dictionaries(
    {
        "id": st.integers(1, 99),
        "active": flags,
        "code": st.sampled_from(["", "", "TEN"]),
        "quantity": st.integers(0, 3),
        "id_customer": st.integers(0, 2),
        "reduction_percent": st.sampled_from([Decimal(0), Decimal(10)]),
        "free_shipping": flags,
        "product_restriction": flags,
        "date_from": st.sampled_from([None, NOW - timedelta(days=1), NOW + timedelta(days=1)]),
        "date_to": st.sampled_from([None, NOW - timedelta(hours=1), NOW + timedelta(days=1)]),
    }
)


def rule(**changes: Any) -> dict[str, Any]:
    return {"id": 1, "active": True, "code": "", "quantity": 5, "reduction_percent": Decimal(10), **changes}


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_the_larger_difference_of_clocks_is_never_the_milder_one(one: float, other: float) -> None:
    near, far = sorted((one, other), key=abs)
    levels = [ORDER.index(doctor.judge_clock(Area.TIKTOK, skew, "TikTok Shop").level) for skew in (near, far)]
    assert levels == sorted(levels)


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_less_room_is_never_better(one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert ORDER.index(doctor.judge_disk(less).level) >= ORDER.index(doctor.judge_disk(more).level)


@given(st.dictionaries(st.sampled_from([*NEEDED, "employees", "taxes"]), st.sets(st.sampled_from(METHODS))))
def test_only_writes_beyond_need_are_too_much(rights: dict[str, set[str]]) -> None:
    found = prestashop.judge_excess(rights, NEEDED)
    within = {name: methods & ({"GET", "HEAD"} | set(NEEDED.get(name, "").split())) for name, methods in rights.items()}
    assert prestashop.judge_excess(within, NEEDED).level is Level.PASS
    assert (found.level is Level.WARN) == any(
        methods - within[name] - ({"PUT"} if name == "orders" else set()) for name, methods in rights.items()
    )


@given(st.lists(rules_of_carts), flags)
def test_rules_with_a_code_or_out_of_time_never_change_totals(rules: list[dict[str, Any]], free: bool) -> None:
    for quiet in (
        {"code": "X"},
        {"active": False},
        {"quantity": 0},
        {"id_customer": 7},
        {"date_to": NOW - timedelta(1)},
    ):
        assert (
            prestashop.judge_cart_rules([{**one, **quiet} for one in rules], NOW, free_carrier=free).level is Level.PASS
        )
    found = prestashop.judge_cart_rules(rules, NOW, free_carrier=free)
    # One more rule never makes it better.
    for more in (rule(), rule(product_restriction=True)):
        worse = prestashop.judge_cart_rules([*rules, more], NOW, free_carrier=free)
        assert ORDER.index(worse.level) >= max(ORDER.index(found.level), 1)


def test_free_shipping_changes_nothing_where_the_carrier_is_free() -> None:
    gift = rule(reduction_percent=Decimal(0), free_shipping=True)
    assert prestashop.judge_cart_rules([gift], NOW, free_carrier=True).level is Level.PASS
    assert prestashop.judge_cart_rules([gift], NOW, free_carrier=False).level is Level.FAIL


@given(st.sets(st.sampled_from([*tiktok.SCOPES, *tiktok.UNCERTAIN_SCOPES])))
def test_scopes(granted: set[str]) -> None:
    found = tiktok.judge_scopes(granted, "uk")
    if not granted:
        assert found.level is Level.WARN
    elif set(tiktok.SCOPES) - granted:
        assert found.level is Level.FAIL
    else:
        assert (found.level is Level.PASS) == (set(tiktok.UNCERTAIN_SCOPES) <= granted)


@pytest.mark.parametrize(
    ("version", "patch", "level"),
    [
        ("1.7.8.11", False, Level.PASS),
        ("1.7.7.8", False, Level.FAIL),
        ("1.6.1.24", False, Level.FAIL),
        ("8.2.1", True, Level.PASS),
        ("8.2.1", False, Level.WARN),
        ("9.0.3", True, Level.PASS),
        ("10.0.0", True, Level.WARN),
        ("", True, Level.WARN),
    ],
)
def test_versions(version: str, patch: bool, level: Level) -> None:
    assert prestashop.judge_version(version, patch=patch).level is level


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("https://shop.example", Level.PASS),
        ("http://shop.example", Level.FAIL),
        ("http://127.0.0.1:8080/shop", Level.PASS),
    ],
)
def test_a_key_travels_encrypted(url: str, level: Level) -> None:
    assert prestashop.judge_address(url).level is level


def test_markets_without_tax_in_their_prices_need_no_tax_rules() -> None:
    empty = TaxTable({}, {}, frozenset({1}))
    judged = prestashop.judge_taxes(empty, {}, 21, "US", tax_on=False, included=False)
    assert judged.level is Level.PASS
    full = TaxTable({1: [TaxRule(17, 1)]}, {1: Decimal(20)}, frozenset({1}))
    assert prestashop.judge_taxes(full, {}, 17, "GB", tax_on=True, included=True).level is Level.PASS
    assert prestashop.judge_taxes(full, {}, 21, "GB", tax_on=True, included=True).level is Level.FAIL


def test_a_technical_customer_needs_no_guest_checkout() -> None:
    technical = OrderSettings(customer="technical", technical_email="orders@shop.example")
    assert prestashop.judge_guests(enabled=False, orders=technical).level is Level.PASS
    assert prestashop.judge_guests(enabled=False, orders=OrderSettings()).level is Level.FAIL


def test_a_fee_product_is_needed_where_shipping_is_booked() -> None:
    assert prestashop.judge_fee_product([], OrderSettings(shipping="product")).level is Level.FAIL
    assert prestashop.judge_fee_product([], OrderSettings(shipping="not_booked")).level is Level.WARN
    assert prestashop.judge_fee_product([], OrderSettings(shipping="not_booked", fee_product="")).level is Level.PASS


def test_a_warehouse_is_chosen_or_the_open_default_one() -> None:
    rows = [
        {"id": "1", "name": "A", "type": "SALES_WAREHOUSE", "effect_status": "ENABLED", "is_default": True},
        {"id": "2", "name": "B", "type": "SALES_WAREHOUSE", "effect_status": "ENABLED", "is_default": False},
        {"id": "3", "name": "C", "type": "RETURN_WAREHOUSE", "effect_status": "ENABLED", "is_default": True},
    ]
    judged = {chosen: tiktok.judge_warehouse(rows, chosen) for chosen in ("", "2", "3")}
    assert [(one[0].level, one[1]) for one in judged.values()] == [
        (Level.WARN, "1"),
        (Level.PASS, "2"),
        (Level.FAIL, ""),
    ]
    assert tiktok.judge_warehouse(rows[:1], "")[0].level is Level.PASS
