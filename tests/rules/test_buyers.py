"""Customers: names, e-mails, the technical customer, what a shop requires."""

from __future__ import annotations

from typing import Any

import pytest

from models.settings import OrderSettings
from rules.buyers import Customer, customer_fields, default_email, is_email, split_name
from rules.decision import Decision
from rules.tiktok_order import Recipient
from tests.rules.order_examples import ORDER_ID, codes, order
from tests.rules.people_examples import takes_customer_name

ALIAS = "v4bEXAMPLE@scs1.tiktok.com"


def decided(
    settings: OrderSettings | None = None, *, recipient: Recipient | None = None, **fields: Any
) -> Decision[Customer]:
    given = order(user_id="7494000000000000001", **fields)
    return customer_fields(given, settings or OrderSettings(), 2, recipient=recipient or Recipient(name="Sally Sample"))


def test_a_guest() -> None:
    decision = decided(buyer_email=ALIAS)
    assert decision.value.fields == {
        "firstname": "Sally",
        "lastname": "Sample",
        "id_default_group": 2,
        "active": True,
        "is_guest": True,
        "associations": {"groups": [{"id": 2}]},
    }
    assert decision.value.emails == (ALIAS, "7494000000000000001@tiktok.com")
    assert codes(decision) == ["guest_customer", "alias_email"]


@pytest.mark.parametrize(
    ("name", "first", "last", "expected"),
    [
        ("Sally Sample", "", "", ("Sally", "Sample")),
        ("Tex Ample Testerson", "", "", ("Tex Ample", "Testerson")),
        ("Sally Sample", "Sally", "Sample", ("Sally", "Sample")),
        ("Madonnaexample", "Madonnaexample", "", ("-", "Madonnaexample")),
        ("見本 花子", "", "", ("花子", "見本")),
        ("見本花子", "", "", ("-", "見本花子")),
        ("Ana 2", "", "", ("-", "Ana")),
        ("R2D2 Example 3rd", "R2D2", "Example 3rd", ("RD", "Example")),
        ("J.R. Sample", "", "", ("J. R.", "Sample")),
        ("Bud Placeholder Jr.", "Bud", "Placeholder Jr.", ("Bud", "Placeholder Jr.")),
        ("Sunny 🌻 Sample ✨", "", "", ("Sunny", "Sample")),
        ("Sample/Partner [Ann] Example & Sons", "", "", ("Sample-Partner Ann Example", "Sons")),
        ("Example@Home #1", "Example@Home", "#1", ("-", "Example Home")),
        ("J*** E***e", "", "", ("TikTok Shop", "buyer")),
        ("12345", "", "", ("TikTok Shop", "buyer")),
        ("", "", "", ("TikTok Shop", "buyer")),
        ("IJsbrand 't Proefje", "IJsbrand", "'t Proefje", ("IJsbrand", "'t Proefje")),
    ],
)
def test_names(name: str, first: str, last: str, expected: tuple[str, str]) -> None:
    fields = decided(recipient=Recipient(name=name, first_name=first, last_name=last)).value.fields
    got = (fields["firstname"], fields["lastname"])
    assert got == expected
    assert all(takes_customer_name(text) for text in got)


def test_a_masked_part_is_no_part() -> None:
    assert split_name(Recipient(name="Sally Sample", first_name="S***", last_name="S***")) == ("Sally", "Sample")


@pytest.mark.parametrize(
    "alias", ["", "v4b***@tiktok.com", "nobody", "a b@tiktok.com", "a@b", f"{'x' * 65}@tiktok.com"]
)
def test_without_a_usable_relay_address_the_setting_counts(alias: str) -> None:
    decision = decided(buyer_email=alias)
    assert decision.value.emails == ("7494000000000000001@tiktok.com",)
    assert codes(decision)[-1] == "alias_missing"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("buyerid@tiktok.com", "7494@tiktok.com"),
        ("orders+buyerid@example.com", "orders+7494@example.com"),
        ("orders@example.com", "orders@example.com"),
        ("", "7494@tiktok.com"),
        ("orders@shop", "7494@tiktok.com"),
    ],
)
def test_the_default_email(pattern: str, expected: str) -> None:
    settings = OrderSettings(email_source="default", default_email=pattern)
    assert default_email(order(user_id="7494"), settings) == expected
    assert decided(settings, buyer_email=ALIAS).value.emails == (expected.replace("7494", "7494000000000000001"),)


def test_a_buyer_without_an_id_has_the_orders() -> None:
    assert default_email(order(), OrderSettings()) == f"{ORDER_ID}@tiktok.com"


def test_the_technical_customer() -> None:
    settings = OrderSettings(customer="technical", technical_email="tiktok@shop.example")
    decision = decided(settings, buyer_email=ALIAS)
    assert decision.value.emails == ("tiktok@shop.example",)
    assert decision.value.fields["is_guest"] is False
    assert decision.value.fields["id_default_group"] == 3
    assert (decision.value.fields["firstname"], decision.value.fields["lastname"]) == ("TikTok", "Shop")


def test_required_fields_and_corrections() -> None:
    required = {"customers": frozenset({"company", "optin", "siret", "lastname"})}
    given = {"firstname": "Jane", "lastname": "O'Sample"}
    value = customer_fields(order(), OrderSettings(), 2, required=required, corrections=given).value
    assert (value.fields["firstname"], value.fields["lastname"]) == ("Jane", "O'Sample")
    assert (value.fields["company"], value.fields["optin"]) == ("-", False)
    assert len(value.fields["siret"]) == 14


def test_buyer_data_are_not_shown() -> None:
    assert "Sally" not in repr(decided(buyer_email=ALIAS))
    assert ALIAS not in repr(decided(buyer_email=ALIAS))


def test_emails() -> None:
    assert is_email("a.b+c@example.co.uk")
    assert not is_email("a..b@example.com")
    assert not is_email(".a@example.com")
    assert not is_email("ä@example.com")
