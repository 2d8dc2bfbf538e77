"""Addresses: hard cases by market, what does not fit, required fields, corrections, masked data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models.settings import OrderSettings
from rules.addresses import AddressFields, NoAddress, address_alias, check_corrections, nobody_ships
from rules.tiktok_order import Recipient
from tests.rules.order_examples import ORDER_ID, codes, order
from tests.rules.people_examples import decided, made, person, refused

FIRST_LINE = f"TikTok Shop order {ORDER_ID}"

MARKETS: list[tuple[str, Recipient, dict[str, Any]]] = [
    (
        "US with a second line and ZIP+4",
        person(
            "State=New York",
            "County=New York County",
            "City=New York",
            postal_code="10001-0001",
            address_line2="Apt 4B",
        ),
        {"address2": "Apt 4B, New York County", "city": "New York", "id_state": 5, "postcode": "10001-0001"},
    ),
    ("US capital", person("State=District of Columbia", "City=Washington"), {"id_state": 7, "city": "Washington"}),
    ("US territory", person("State=Puerto Rico", "City=San Juan", postal_code="00901"), {"id_state": 8}),
    (
        "US army post office",
        person("State=Armed Forces Europe", "City=APO", address_line1="PSC 1234 BOX 5678", postal_code="09001"),
        {"id_state": 2, "city": "APO", "address1": "PSC 1234 BOX 5678"},
    ),
    (
        "GB: the post town is the city",
        person(
            "state=Wales",
            "city=Gwynedd",
            region_code="GB",
            post_town="BANGOR",
            postal_code="LL57 1AA",
            address_line1="Tŷ Enghraifft",
            address_line2="Llanfair-yr-Enghraifft",
        ),
        {"city": "BANGOR", "other": f"{FIRST_LINE}\nDistricts: Wales, Gwynedd", "id_state": 0},
    ),
    (
        "IE without a postcode",
        person("county=Galway", "municipal district=Athenry-Oranmore", region_code="IE", postal_code=""),
        {"city": "Athenry-Oranmore", "postcode": ""},
    ),
    (
        "FR: floor, door code and district",
        person(
            *("region=Île-de-France", "department=Paris", "arrondissement=Paris", "commune=Paris 11e"),
            region_code="FR",
            postal_code="75011",
            address_line1="12 bis, rue de l'Exemple",
            address_line2="3e étage, dg. n°4567",
            phone_number="(+33)639900123",
        ),
        {
            "address1": "12 bis, rue de l'Exemple",
            "address2": "3e étage, dg. n°4567, Île-de-France, Paris 11e",
            "city": "Paris",
            "phone": "+33 639900123",
        },
    ),
    (
        "DE: a parcel locker",
        person(
            *("federal state=Nordrhein-Westfalen", "municipality=Köln", "urban district=Ehrenfeld"),
            region_code="DE",
            postal_code="50823",
            address_line1="Packstation 145",
            address_line2="Postnr. 12345678",
        ),
        {"address1": "Packstation 145", "address2": "Postnr. 12345678, Ehrenfeld", "city": "Köln"},
    ),
    (
        "ES: identity number and province",
        person(
            *("autonomous community=Comunitat Valenciana", "province=Alicante", "municipality=Elx"),
            region_code="ES",
            postal_code="03201",
        ),
        {"dni": ORDER_ID[-16:], "city": "Elx", "other": f"{FIRST_LINE}\nDistricts: Alicante"},
    ),
    (
        "IT: two languages",
        person(
            *("region=Trentino-Alto Adige", "province=Bolzano/Bozen", "municipality=Bolzano"),
            region_code="IT",
            postal_code="39100",
            address_line1="Beispielgasse/Via Esempio 5",
        ),
        {"id_state": 102, "city": "Bolzano", "address1": "Beispielgasse/Via Esempio 5"},
    ),
    (
        "JP: family name first, numbers in wide digits",
        person(
            *("state=東京都", "county=千代田区"),
            region_code="JP",
            name="見本 花子",
            postal_code="〒１００-０００１",
            address_line1="見本町１－２－３",
            phone_number="(+81)９０００００１２３",
        ),
        {
            "firstname": "花子",
            "lastname": "見本",
            "id_state": 200,
            "postcode": "100-0001",
            "address1": "見本町１－２－３",
            "phone": "+81 900000123",
        },
    ),
    (
        "ID: one name, small districts in the street",
        person(
            *("province=DKI Jakarta", "city=Jakarta Pusat", "Sub-district=Menteng", "Urban Community=Contohan"),
            region_code="ID",
            name="Contoh",
            postal_code="10310",
        ),
        {"firstname": "-", "lastname": "Contoh", "id_state": 300, "address2": "Menteng, Contohan"},
    ),
    (
        "MX: the city that was a federal district",
        person("state=Ciudad de México", "municipality=Cuauhtémoc", region_code="MX", postal_code="06000"),
        {"id_state": 400, "city": "Cuauhtémoc"},
    ),
    (
        "SG: one level is all",
        person("state=Singapore", region_code="SG", postal_code="018956", address_line1="#12-34 Example Tower"),
        {"city": "Singapore", "address1": "#12-34 Example Tower"},
    ),
]


@pytest.mark.parametrize(("recipient", "expected"), [row[1:] for row in MARKETS], ids=[row[0] for row in MARKETS])
def test_hard_case(recipient: Recipient, expected: dict[str, Any]) -> None:
    assert {**made(recipient), **expected} == made(recipient)


def test_an_ordinary_address() -> None:
    assert made(person()) == {
        "alias": f"TikTok {ORDER_ID}",
        "firstname": "Sally",
        "lastname": "Sample",
        "company": "",
        "address1": "100 Example Street",
        "address2": "Travis County",
        "postcode": "78701",
        "city": "Austin",
        "phone": "+1 2025550123",
        "dni": "",
        "id_country": 21,
        "id_state": 4,
        "other": FIRST_LINE,
    }


def test_the_alias_is_the_orders_own_and_fits() -> None:
    assert address_alias("577123456789012345") == "TikTok 577123456789012345"
    assert address_alias("9" * 40) == "TikTok " + "9" * 25


def test_a_name_keeps_its_numbers_in_other() -> None:
    fields = made(person(name="Ana 2"))
    assert (fields["firstname"], fields["lastname"]) == ("-", "Ana")
    assert "Name: Ana 2" in fields["other"]


def test_what_streets_refuse_is_written_otherwise() -> None:
    fields = made(person(address_line1="Lot 8 <C> {Fiction} = 9 @ Mill + Co_Op"))
    assert fields["address1"] == "Lot 8 (C) (Fiction) - 9 at Mill & Co-Op"


def test_numbers_in_circles_are_numbers() -> None:
    assert made(person(address_line1="Lane ⑫/⓫ 🏠"))["address1"] == "Lane 12/11"


def test_a_long_street_goes_on_in_the_second_line_and_in_other() -> None:
    words = " ".join(f"word{number}" for number in range(45))
    decision = decided(person(address_line1=words))
    assert isinstance(decision.value, AddressFields)
    fields = decision.value.fields
    assert fields["address1"].endswith("word18")
    assert fields["address2"].startswith("word19")
    assert "word44" in fields["other"]
    assert codes(decision) == ["street_long"]


def test_what_does_not_even_fit_into_other_is_told_without_its_text() -> None:
    decision = decided(person(drop_off="x", address_line1="secret " * 120))
    assert isinstance(decision.value, AddressFields)
    assert "other_full" in codes(decision)
    assert not any("secret" in reason.text for reason in decision.reasons)


def test_the_drop_off_hint_and_a_differing_street_are_kept() -> None:
    recipient = person(
        address_detail="100 Example Street, Mill Yard", delivery_preferences={"drop_off_location": "<porch>"}
    )
    assert made(recipient)["other"] == f"{FIRST_LINE}\nDrop-off: (porch)\nAddress: 100 Example Street, Mill Yard"


def test_a_phone_with_words_is_kept_in_other() -> None:
    fields = made(person(phone_number="(+1)202 555 0123 ext. 45"))
    assert fields["phone"] == "+1 202 555 0123 . 45"
    assert "Phone: (+1)202 555 0123 ext. 45" in fields["other"]


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        (person(region_code="CA"), [("address_country_inactive", "country")]),
        (person(region_code="AQ"), [("address_country_unknown", "country")]),
        (person(region_code=""), [("address_country_missing", "country")]),
        (person("State=Guam", "City=Hagåtña"), [("address_state_unknown", "state")]),
        (person("State=Oregon", "City=Salem"), [("address_state_inactive", "state")]),
        (person("City=Salem"), [("address_state_missing", "state")]),
        (person(postal_code=""), [("address_postcode_missing", "postcode")]),
        (person(address_line1="🌻"), [("address_street_missing", "address1")]),
        (person(name=""), [("address_name_missing", "lastname")]),
        (
            person("State=Texas", postal_code="", address_line1="", region_code="FR", district_info=[]),
            [
                ("address_postcode_missing", "postcode"),
                ("address_city_missing", "city"),
                ("address_street_missing", "address1"),
            ],
        ),
    ],
)
def test_what_a_person_has_to_mend(recipient: Recipient, expected: list[tuple[str, str]]) -> None:
    assert refused(recipient) == expected


def test_a_city_out_of_the_full_address_is_told() -> None:
    recipient = person(
        district_info=[],
        region_code="DE",
        full_address="Beispielweg 3, 28195, Bremen, Deutschland",
        address_line1="Beispielweg 3",
    )
    decision = decided(recipient)
    assert isinstance(decision.value, AddressFields)
    assert decision.value.fields["city"] == "Bremen"
    assert codes(decision) == ["city_guessed"]


def test_a_fixed_identity_number() -> None:
    spain = person("province=Madrid", "municipality=Madrid", region_code="ES", postal_code="28001")
    assert made(spain, settings=OrderSettings(dni="12345678 Z"))["dni"] == "12345678Z"


def test_required_fields_get_stand_ins() -> None:
    required = {"addresses": frozenset({"phone", "phone_mobile", "company", "vat_number", "address2", "dni", "city"})}
    fields = made(person("State=Texas", "City=Austin", phone_number=""), required=required)
    assert {name: fields[name] for name in sorted(required["addresses"])} == {
        "address2": "-",
        "city": "Austin",
        "company": "-",
        "dni": "0",
        "phone": "0000000000",
        "phone_mobile": "0000000000",
        "vat_number": "0",
    }


class TestMasked:
    """K18."""

    HIDDEN = person(
        "State=Selangor",
        "City=Shah Alam",
        "District=Se*******",
        name="J*** E***e",
        region_code="MY",
        phone_number="(+60)129*****78",
        postal_code="50***",
        address_line1="JA**********",
        address_detail="JA**********",
        full_address="Malaysia, Selangor, Shah Alam,JA**********",
    )

    def test_a_seller_waits_for_the_address(self) -> None:
        value = decided(self.HIDDEN).value
        assert isinstance(value, NoAddress)
        assert [finding.code for finding in value.findings] == ["masked"]
        assert value.correctable == ("firstname", "lastname", "address1", "postcode", "city")

    def test_no_address_at_all_is_waited_for(self) -> None:
        value = decided(Recipient()).value
        assert isinstance(value, NoAddress)
        assert [finding.code for finding in value.findings] == ["address_missing"]

    @pytest.mark.parametrize(
        "fields", [{"shipping_type": "TIKTOK"}, {"fulfillment_type": "FULFILLMENT_BY_TIKTOK"}, {"status": "DELIVERED"}]
    )
    def test_where_nobody_ships_stand_ins_will_do(self, fields: dict[str, Any]) -> None:
        given = order(**fields)
        assert nobody_ships(given)
        got = made(self.HIDDEN, given=given)
        assert (got["firstname"], got["lastname"]) == ("TikTok Shop", "buyer")
        assert got["address1"] == f"TikTok Shop order {ORDER_ID}"
        assert got["city"] == "Shah Alam"
        assert got["postcode"] == "50000"
        assert got["phone"] == ""

    def test_stand_ins_take_the_form_of_the_country(self) -> None:
        dutch = replace(self.HIDDEN, country="NL", postal_code="10** **")
        assert made(dutch, given=order(shipping_type="TIKTOK"))["postcode"] == "1000 AA"
        polish = replace(self.HIDDEN, country="PL", postal_code="")
        assert made(polish, given=order(shipping_type="TIKTOK"))["postcode"] == "00-000"

    def test_a_state_nobody_needs_is_left_out(self) -> None:
        hidden = replace(self.HIDDEN, country="US", levels=())
        assert made(hidden, given=order(shipping_type="TIKTOK"))["id_state"] == 0

    def test_a_masked_phone_alone_keeps_nothing_back(self) -> None:
        decision = decided(person(phone_number="(+1)202*****23"))
        assert isinstance(decision.value, AddressFields)
        assert decision.value.fields["phone"] == ""
        assert codes(decision) == ["phone_masked"]

    def test_a_person_may_enter_what_is_hidden(self) -> None:
        given = {
            "firstname": "Jane",
            "lastname": "Example",
            "address1": "1 Jalan Contoh",
            "city": "Shah Alam",
            "postcode": "50480",
        }
        fields = made(self.HIDDEN, corrections=given)
        assert {name: fields[name] for name in given} == given


class TestCorrections:
    """K7."""

    def test_they_take_the_place_of_what_was_read(self) -> None:
        fields = made(person(), corrections={"city": "Dallas", "state": "california", "phone": ""})
        assert (fields["city"], fields["id_state"], fields["phone"]) == ("Dallas", 6, "")
        assert made(person("State=Guam", "City=X"), corrections={"state": "NY"})["id_state"] == 5

    def test_a_corrected_street_is_all_of_the_street(self) -> None:
        fields = made(person(address_line2="Apt 4B"), corrections={"address1": "2 Other Street"})
        assert (fields["address1"], fields["address2"]) == ("2 Other Street", "")

    def test_another_country(self) -> None:
        fields = made(person(), corrections={"country": "fr", "postcode": "75011"})
        assert (fields["id_country"], fields["id_state"]) == (8, 0)

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({"firstname": "R2D2"}, "correction_invalid"),
            ({"city": " "}, "correction_empty"),
            ({"address1": "x" * 129}, "correction_invalid"),
            ({"address1": "JA*****"}, "correction_invalid"),
            ({"country": "France"}, "correction_invalid"),
            ({"postcode": "75.011"}, "correction_invalid"),
            ({"other": "x"}, "correction_unknown"),
        ],
    )
    def test_wrong_ones_say_what_is_allowed(self, given: dict[str, str], code: str) -> None:
        (finding,) = check_corrections(given)
        assert finding.code == code
        assert isinstance(decided(person(), corrections=given).value, NoAddress)
        assert not any(text and text in finding.text for text in given.values() if len(text) > 1)

    def test_an_unknown_state_is_found(self) -> None:
        assert refused(person(), corrections={"state": "Nowhere"}) == [("address_state_unknown", "state")]
