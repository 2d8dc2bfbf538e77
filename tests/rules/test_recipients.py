"""Recipients over time: masked never over clear, an address is never mixed out of two, exact round trips."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from rules.addresses import merge_recipient, recipient_record, usable
from rules.tiktok_order import Recipient
from tests.rules.people_examples import levels, person

CLEAR = person(address_line2="Apt 4B", delivery_preferences={"drop_off_location": "porch"})
MASKED = person(
    "State=Texas",
    "County=Travis County",
    "City=Austin",
    name="S*** S***e",
    phone_number="(+1)202*****23",
    postal_code="78***",
    address_line1="10**********",
    address_line2="AP**********",
)

_TEXT = st.one_of(st.just(""), st.sampled_from(["J*** E***e", "50***", "Ann Sample", "Mitte"]), st.text(max_size=8))
_NAMES = (
    *("name", "first_name", "last_name", "phone_number", "region_code", "postal_code", "post_town"),
    *("full_address", "address_detail", "address_line1", "address_line2", "address_line3", "address_line4"),
)
RECIPIENTS = st.fixed_dictionaries(
    {
        **dict.fromkeys(_NAMES, _TEXT),
        "district_info": st.lists(
            st.tuples(st.sampled_from(["State", "City", "x"]), _TEXT).map(lambda row: levels(f"{row[0]}={row[1]}")[0]),
            max_size=3,
        ),
        "delivery_preferences": st.fixed_dictionaries({"drop_off_location": _TEXT}),
    }
).map(Recipient.read)


@given(RECIPIENTS)
def test_a_record_reads_back_exactly(recipient: Recipient) -> None:
    assert Recipient.read(orjson.loads(orjson.dumps(recipient_record(recipient)))) == recipient


def test_masked_never_overwrites_clear() -> None:
    assert merge_recipient(CLEAR, MASKED) == (CLEAR, False)
    assert merge_recipient(CLEAR, Recipient()) == (CLEAR, False)


def test_clear_takes_the_place_of_masked() -> None:
    assert merge_recipient(MASKED, CLEAR) == (CLEAR, True)
    assert merge_recipient(None, MASKED) == (MASKED, True)
    assert merge_recipient(None, Recipient()) == (Recipient(), False)


def test_an_updated_address_is_taken_whole() -> None:
    moved = person("State=California", "City=Los Angeles", address_line1="2 Other Street", postal_code="90001")
    merged, changed = merge_recipient(CLEAR, moved)
    assert changed
    assert merged.lines == ("2 Other Street", "", "", "")
    assert merged == moved


def test_a_masked_address_elsewhere_is_not_mixed_in() -> None:
    elsewhere = person("State=California", "City=Los Angeles", address_line1="2 **********", postal_code="90***")
    assert merge_recipient(CLEAR, elsewhere)[0].levels == CLEAR.levels


def test_a_name_may_come_clear_while_the_street_is_masked() -> None:
    seen = person(name="Ann Sample", address_line1="10**********")
    merged, changed = merge_recipient(CLEAR, seen)
    assert changed
    assert (merged.name, merged.lines) == ("Ann Sample", CLEAR.lines)


def test_districts_missing_from_the_same_address_stay() -> None:
    seen = Recipient.read({**recipient_record(CLEAR), "district_info": []})
    assert merge_recipient(CLEAR, seen) == (CLEAR, False)


def test_usable() -> None:
    assert usable(CLEAR)
    assert usable(person(phone_number="(+1)202*****23"))
    assert not usable(MASKED)
    assert not usable(Recipient())
    assert not usable(person(address_line1=""))


@given(RECIPIENTS, RECIPIENTS)
def test_merging(stored: Recipient, seen: Recipient) -> None:
    merged, changed = merge_recipient(stored, seen)
    assert changed == (merged != stored)
    assert merge_recipient(merged, seen) == (merged, False)
    if usable(stored) or usable(seen):
        assert usable(merged)
    for name in ("phone", "postal_code") if not usable(seen) else ("phone",):
        old, new = getattr(stored, name), getattr(merged, name)
        assert "*" not in new or "*" in old or not old.strip()
