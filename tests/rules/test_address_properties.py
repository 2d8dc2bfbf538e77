"""Whatever a buyer writes: PrestaShop takes what is made of it, no star is in it, no letter or digit is lost."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.settings import OrderSettings
from rules.addresses import AddressFields
from rules.buyers import customer_fields
from rules.corrections import check_corrections, with_corrections
from rules.shop_fields import fold
from rules.tiktok_order import Recipient
from tests.rules.order_examples import codes, order
from tests.rules.people_examples import assert_takes, decided, levels, takes_customer_name

_ALPHABET = st.one_of(
    st.characters(codec="utf-8"),
    st.sampled_from("abcXYZ0189 .,-'/@#&_<>{}[]()!?=+$%:;°¤|\"\\`^~。・ñçüßŁ見本花①🌻\u200d\u0301\n\t"),
)
ANYTHING = st.text(_ALPHABET, max_size=60)
MASKABLE = st.one_of(ANYTHING, ANYTHING.map(lambda text: f"{text[:2]}*****"))


def recipients(texts: st.SearchStrategy[str], countries: tuple[str, ...]) -> st.SearchStrategy[Recipient]:
    names = (
        *("name", "first_name", "last_name", "phone_number", "postal_code", "post_town", "address_detail"),
        *(f"address_line{line}" for line in range(1, 5)),
    )
    labels = st.sampled_from(["State", "Province", "City", "Municipality", "County", "Commune", "district"])
    rows: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(names, texts)
    rows["region_code"] = st.sampled_from(countries)
    rows["district_info"] = st.lists(
        st.tuples(labels, texts).map(lambda row: {**levels(f"{row[0]}=x")[0], "address_name": row[1]}), max_size=4
    )
    rows["delivery_preferences"] = st.fixed_dictionaries({"drop_off_location": texts})
    return st.fixed_dictionaries(rows).map(Recipient.read)


@given(recipients(MASKABLE, ("US", "GB", "ES", "NL", "IE", "PL", "MY")), st.sampled_from(["SELLER", "TIKTOK"]))
def test_prestashop_takes_what_is_made(recipient: Recipient, shipping: str) -> None:
    required = {"addresses": frozenset({"phone", "company", "vat_number", "address2", "postcode", "dni"})}
    decision = decided(recipient, given=order(shipping_type=shipping), required=required)
    if isinstance(decision.value, AddressFields):
        assert_takes(decision.value.fields)
        assert all(decision.value.fields[name] for name in required["addresses"])
    else:
        assert shipping == "SELLER"
        assert decision.value.findings


@given(recipients(ANYTHING.map(lambda text: text.replace("*", "")), ("GB", "FR", "MY", "SG")))
def test_no_letter_or_digit_is_lost(recipient: Recipient) -> None:
    decision = decided(recipient)
    if not isinstance(decision.value, AddressFields) or "other_full" in codes(decision):
        return
    fields = decision.value.fields
    order_of_fields = ("firstname", "lastname", "address1", "address2", "city", "postcode", "phone", "other")
    there = "".join(fold(" ".join(fields[name] for name in order_of_fields)).split())
    texts = (
        *(recipient.name, recipient.first_name, recipient.last_name, recipient.phone, recipient.postal_code),
        *(recipient.post_town, recipient.drop_off, recipient.address_detail, *recipient.lines),
        *(name for _, _, name, _ in recipient.levels),
    )
    for text in texts:
        for word in re.findall(r"[^\W_]+", text):
            # A word longer than half a line may stand in two of them.
            assert len(word) > 30 or _spelt(word) in there, (word, fields)


def _spelt(word: str) -> str:
    """A word as it is looked for; white numbers in black circles have no plain form in Unicode."""
    in_circles = {
        char: f"{unicodedata.numeric(char):.0f}"
        for char in word
        if re.match("[\u2460-\u2793]", char) and char.isnumeric()
    }
    return "".join(fold("".join(in_circles.get(char, char) for char in word)).split())


@given(recipients(MASKABLE, ("US",)), st.text(max_size=80))
def test_customers_are_always_taken(recipient: Recipient, email: str) -> None:
    decision = customer_fields(order(buyer_email=email), OrderSettings(), 2, recipient=recipient)
    fields = decision.value.fields
    assert takes_customer_name(fields["firstname"])
    assert takes_customer_name(fields["lastname"])
    for address in decision.value.emails:
        assert re.fullmatch(r"[!-)+-~]{1,64}@[A-Za-z0-9.-]{3,}", address)
    told = " ".join(reason.text for reason in decision.reasons)
    assert not any(len(word) > 4 and f" {word} " in told for word in recipient.lines)


@given(
    st.dictionaries(
        st.sampled_from(
            ["firstname", "lastname", "company", "address1", "address2", "postcode", "city", "phone", "dni"]
        ),
        MASKABLE,
    )
)
def test_corrections_that_pass_are_taken(corrections: dict[str, str]) -> None:
    if check_corrections(corrections):
        return
    fields = {"firstname": "a", "lastname": "b", "address1": "c", "city": "d"}
    assert_takes(with_corrections(fields, corrections))
