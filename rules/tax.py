"""Which tax rate PrestaShop applies to a product for an address (prestashop-webservice.md 2.7 and the end of 3.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rules.decision import Decision, Reason

# `behavior` of a rule: this tax only, added to the next rule's, or applied on top of the next rule's.
ALONE, COMBINED, ONE_AFTER_ANOTHER = 0, 1, 2


@dataclass(frozen=True, slots=True)
class TaxRule:
    """One row of tax_rules. `id_state` 0 is the whole country; `zipcode_from`/`_to` "0" or "" do not restrict."""

    id_country: int
    id_tax: int
    behavior: int = ALONE
    id_state: int = 0
    zipcode_from: str = "0"
    zipcode_to: str = "0"


@dataclass(frozen=True, slots=True)
class TaxTable:
    """The shop's taxes: rules by id_tax_rules_group, percent by id_tax, and the groups in use."""

    rules: Mapping[int, Sequence[TaxRule]]
    rates: Mapping[int, Decimal]
    active_groups: frozenset[int]


def tax_rate(
    table: TaxTable, id_tax_rules_group: int, id_country: int, id_state: int = 0, zipcode: str = ""
) -> Decision[Decimal]:
    """The rate as a fraction (0.21); 0 with the reason where nothing is taxed.

    The most specific rule (postcode, then state) decides how the rates of the matching rules are put together; the
    row of a tax that was deleted counts as 0 %. `taxes.active` plays no part, as in PrestaShop.
    """
    if id_tax_rules_group == 0:
        return Decision(Decimal(0), (Reason("no_tax", "no tax: the product has no tax rule group"),))
    if id_tax_rules_group not in table.active_groups:
        return Decision(
            Decimal(0), (Reason("no_tax", f"no tax: tax rule group {id_tax_rules_group} is switched off or gone"),)
        )
    rules = [
        rule
        for rule in table.rules.get(id_tax_rules_group, ())
        if rule.id_country == id_country and rule.id_state in (0, id_state) and _covers(rule, zipcode)
    ]
    if not rules:
        text = f"no tax: tax rule group {id_tax_rules_group} has no rule for country {id_country}"
        return Decision(Decimal(0), (Reason("no_tax_rule", text),))
    if len(rules) > 1:
        rules.sort(key=_specificity, reverse=True)
    percents = []
    for rule in rules:
        percents.append(table.rates.get(rule.id_tax, Decimal(0)))
        if rule.behavior == ALONE:
            break
    fraction = _compounded(percents) if rules[0].behavior == ONE_AFTER_ANOTHER else sum(percents, Decimal(0)) / 100
    names = " and ".join(f"{percent.normalize():f} %" for percent in percents)
    return Decision(fraction, (Reason("tax", f"tax {names} (tax rule group {id_tax_rules_group})"),))


def _covers(rule: TaxRule, zipcode: str) -> bool:
    low, high, wanted = rule.zipcode_from or "0", rule.zipcode_to or "0", zipcode or "0"
    if high == "0":
        # A single postcode is kept in zipcode_from.
        return low in ("0", wanted)
    # Postcodes are texts, compared as such.
    return low.casefold() <= wanted.casefold() <= high.casefold()


def _specificity(rule: TaxRule) -> tuple[str, str, int]:
    return rule.zipcode_from or "0", rule.zipcode_to or "0", rule.id_state


def _compounded(percents: Sequence[Decimal]) -> Decimal:
    factor = Decimal(1)
    for percent in percents:
        factor *= 1 + percent / 100
    return factor - 1
