"""The tax rate of a product for an address (prestashop-webservice.md 3.2)."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.tax import ALONE, COMBINED, ONE_AFTER_ANOTHER, TaxRule, TaxTable, tax_rate

RECORDINGS = Path(__file__).parent.parent / "data" / "prestashop-recordings"
FRANCE, SPAIN, USA = 8, 6, 21
FULL, REDUCED, LOCAL = 1, 2, 3


def table(*rules: TaxRule, active: bool = True) -> TaxTable:
    """One tax rule group, number 1, with these rules."""
    rates = {FULL: Decimal(20), REDUCED: Decimal("5.5"), LOCAL: Decimal(10)}
    return TaxTable(rules={1: rules}, rates=rates, active_groups=frozenset({1} if active else ()))


def test_the_rule_of_the_country_gives_the_rate_as_a_fraction() -> None:
    decision = tax_rate(table(TaxRule(SPAIN, LOCAL), TaxRule(FRANCE, REDUCED)), 1, FRANCE)
    assert decision.value == Decimal("0.055")
    assert [reason.code for reason in decision.reasons] == ["tax"]
    assert "5.5 %" in decision.reasons[0].text


@pytest.mark.parametrize(
    ("group", "country", "active", "code"),
    [
        (0, FRANCE, True, "no_tax"),
        (1, SPAIN, True, "no_tax_rule"),
        (1, FRANCE, False, "no_tax"),
        (7, 8, True, "no_tax"),
    ],
)
def test_nothing_is_taxed_without_a_rule_and_the_reason_says_so(
    group: int, country: int, active: bool, code: str
) -> None:
    decision = tax_rate(table(TaxRule(FRANCE, FULL), active=active), group, country)
    assert decision.value == 0
    assert [reason.code for reason in decision.reasons] == [code]


def test_a_tax_that_is_gone_counts_as_zero() -> None:
    assert tax_rate(table(TaxRule(FRANCE, 99)), 1, FRANCE).value == 0


def test_a_rule_of_a_state_counts_in_that_state_only() -> None:
    taxes = table(TaxRule(USA, REDUCED, id_state=4))
    assert tax_rate(taxes, 1, USA, id_state=4).value == Decimal("0.055")
    assert tax_rate(taxes, 1, USA, id_state=5).value == 0
    assert tax_rate(taxes, 1, USA).value == 0


@pytest.mark.parametrize(
    ("behavior", "expected"), [(ALONE, "0.1"), (COMBINED, "0.3"), (ONE_AFTER_ANOTHER, "0.32")], ids=str
)
def test_the_most_specific_rule_says_how_rates_are_put_together(behavior: int, expected: str) -> None:
    taxes = table(TaxRule(USA, FULL), TaxRule(USA, LOCAL, behavior=behavior, id_state=4))
    assert tax_rate(taxes, 1, USA, id_state=4).value == Decimal(expected)


def test_rates_are_added_up_to_the_first_rule_that_stands_alone() -> None:
    taxes = table(
        TaxRule(USA, REDUCED),
        TaxRule(USA, FULL, id_state=4),
        TaxRule(USA, LOCAL, behavior=COMBINED, id_state=4, zipcode_from="30000", zipcode_to="39999"),
    )
    assert tax_rate(taxes, 1, USA, id_state=4, zipcode="35004").value == Decimal("0.3")


@pytest.mark.parametrize(
    ("low", "high", "zipcode", "covered"),
    [
        ("20000", "20999", "20167", True),
        ("20000", "20999", "20999", True),
        ("20000", "20999", "21000", False),
        ("20000", "20999", "", False),
        ("20167", "0", "20167", True),
        ("20167", "0", "20168", False),
        ("", "", "20167", True),
        ("bt1", "bt9", "BT3", True),
    ],
)
def test_postcodes(low: str, high: str, zipcode: str, covered: bool) -> None:
    taxes = table(TaxRule(FRANCE, FULL, zipcode_from=low, zipcode_to=high))
    assert (tax_rate(taxes, 1, FRANCE, zipcode=zipcode).value != 0) is covered


def test_recorded_rules_of_us_states() -> None:
    def rows(name: str, resource: str) -> list[dict[str, str]]:
        _, _, body = (RECORDINGS / name).read_text(encoding="utf-8").rpartition("\n\n")
        found: list[dict[str, str]] = json.loads(body)[resource]
        return found

    rules = {
        int(row["id_tax_rules_group"]): [
            TaxRule(
                id_country=int(row["id_country"]),
                id_tax=int(row["id_tax"]),
                behavior=int(row["behavior"]),
                id_state=int(row["id_state"]),
                zipcode_from=row["zipcode_from"],
                zipcode_to=row["zipcode_to"],
            )
        ]
        for row in rows("042-tax-rules-json.http", "tax_rules")
    }
    rates = {int(row["id"]): Decimal(row["rate"]) for row in rows("040-taxes-json.http", "taxes")}
    groups = rows("041-tax-rule-groups-json.http", "tax_rule_groups")
    taxes = TaxTable(rules, rates, frozenset(int(row["id"]) for row in groups if row["active"] == "1"))
    assert tax_rate(taxes, 3, USA, id_state=6).value == Decimal("0.066")
    assert tax_rate(taxes, 3, USA).value == 0


behaviors = st.sampled_from([ALONE, COMBINED, ONE_AFTER_ANOTHER])
some_rules = st.lists(
    st.builds(
        TaxRule,
        id_country=st.sampled_from([FRANCE, USA]),
        id_tax=st.sampled_from([FULL, REDUCED, LOCAL]),
        behavior=behaviors,
        id_state=st.integers(0, 3),
    ),
    max_size=5,
    unique_by=lambda rule: (rule.id_country, rule.id_state),
)


@given(some_rules, st.randoms())
def test_the_order_of_rules_does_not_matter(rules: list[TaxRule], random: Random) -> None:
    shuffled = list(rules)
    random.shuffle(shuffled)
    assert tax_rate(table(*rules), 1, USA, id_state=2) == tax_rate(table(*shuffled), 1, USA, id_state=2)
