"""What a person corrected of an address (K7): PrestaShop's fields by name, checked and put over what was read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from rules.decision import Finding
from rules.shop_fields import CITY, COMPANY, DNI, NAME, PHONE, POSTCODE, STREET, FieldRule, tidy

_RULES: Final[Mapping[str, FieldRule]] = {
    "firstname": NAME,
    "lastname": NAME,
    "company": COMPANY,
    "address1": STREET,
    "address2": STREET,
    "postcode": POSTCODE,
    "city": CITY,
    "phone": PHONE,
    "dni": DNI,
    # The state's ISO code or name, the country's ISO code: looked up in the shop.
    "state": FieldRule(80, tells="the ISO code or the name of a state of the shop"),
    "country": FieldRule(2, form=re.compile("[A-Za-z]{2}"), tells="the two letters of the country's ISO code"),
}
CORRECTABLE: Final = tuple(_RULES)
_NEVER_EMPTY: Final = frozenset({"firstname", "lastname", "address1", "city", "country"})


def check_corrections(corrections: Mapping[str, str]) -> tuple[Finding, ...]:
    """What is wrong with corrections, one finding a field; the texts carry no value, they may be a buyer's."""
    return tuple(_faults(corrections))


def with_corrections(fields: Mapping[str, str], corrections: Mapping[str, str]) -> dict[str, str]:
    """Fields as read with the corrected ones in their place; an empty correction empties a field.

    A corrected first line of the street stands for all of the street: the second line is then the corrected one or
    empty.
    """
    given = {name: tidy(text) for name, text in corrections.items()}
    if "address1" in given:
        given.setdefault("address2", "")
    if "country" in given:
        given["country"] = given["country"].upper()
    return {**fields, **given}


def _faults(corrections: Mapping[str, str]) -> Iterator[Finding]:
    for name, text in corrections.items():
        rule = _RULES.get(name)
        if rule is None:
            fix = f"Fields that can be corrected: {', '.join(CORRECTABLE)}."
            yield Finding("correction_unknown", f"There is no address field {name}.", fix)
        elif not tidy(text):
            if name in _NEVER_EMPTY:
                yield Finding("correction_empty", f"The field {name} must not be empty.", f"Enter {rule.tells}.")
        elif not rule.takes(tidy(text)):
            fix = f"Enter {rule.tells}."
            yield Finding("correction_invalid", f"PrestaShop does not take this text as {name}.", fix)
