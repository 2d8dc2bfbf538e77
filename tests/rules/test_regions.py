"""States by ISO code and by all their names; which district is which."""

from __future__ import annotations

import pytest

from rules.decision import Finding
from rules.region_names import REGION_NAMES
from rules.regions import Place, find_country, find_state, place_of
from rules.shop_fields import fold
from tests.rules.people_examples import COUNTRIES, STATES, person


def found(iso: str, name: str, code: str = "") -> int | str:
    country = find_country(COUNTRIES, iso)
    assert not isinstance(country, Finding)
    state = find_state(country, STATES, code, name)
    return state.code if isinstance(state, Finding) else int(state["id"])


@pytest.mark.parametrize(
    ("iso", "name", "expected"),
    [
        ("US", "Texas", 4),
        ("US", "TX", 4),
        ("US", "US-TX", 4),
        ("US", "TEXAS", 4),
        ("US", "Washington", 10),
        ("US", "Washington, D.C.", 7),
        ("US", "D.C.", 7),
        ("US", "U.S. Virgin Islands", 9),
        ("US", "Armed Forces Americas", 1),
        ("US", "Armed Forces Pacific", 3),
        ("US", "AE", 2),
        ("US", "Atlantis", "address_state_unknown"),
        ("US", "Oregon", "address_state_inactive"),
        ("IT", "Turin", 100),
        ("IT", "Provincia di Torino", 100),
        ("IT", "Valle d’Aosta", 101),
        ("IT", "Bolzano/Bozen", 102),
        ("IT", "Forli Cesena", 103),
        ("IT", "Reggio nell'Emilia", 104),
        ("IT", "Monza e della Brianza", 106),
        ("JP", "東京都", 200),
        ("JP", "Tokyo-to", 200),
        ("JP", "JP-27", 201),
        ("JP", "北海道", 202),
        ("ID", "Jakarta", 300),
        ("ID", "Jawa Barat", 301),
        ("MX", "CDMX", 400),
        ("MX", "México", 401),
        ("MX", "Nuevo Leon", 402),
    ],
)
def test_states(iso: str, name: str, expected: int | str) -> None:
    assert found(iso, name) == expected


def test_a_code_counts_before_a_name() -> None:
    assert found("US", "Washington", "DC") == 7
    assert found("US", "California", "ZZ") == 6


@pytest.mark.parametrize(
    ("asked", "shop"),
    [
        ("A Coruña", "La Coruña"),
        ("Bizkaia", "Vizcaya"),
        ("València", "Valencia"),
        ("Alicante/Alacant", "Alicante"),
        ("Gipuzkoa", "Guipúzcoa"),
        ("Illes Balears", "Baleares"),
        ("Girona", "Gerona"),
        ("Araba/Álava", "Álava"),
        ("Ourense", "Orense"),
        ("Castelló", "Castellón"),
    ],
)
def test_spanish_provinces_in_both_languages(asked: str, shop: str) -> None:
    country = {"id": 6, "iso_code": "ES"}
    for one, other in ((asked, shop), (shop, asked)):
        rows = [{"id": 1, "id_country": 6, "iso_code": "ES-XX", "name": other, "active": "1"}]
        assert find_state(country, rows, "", one) == rows[0]


def test_states_of_another_country_do_not_count() -> None:
    assert found("IT", "Texas") == "address_state_unknown"


def test_countries_by_other_codes() -> None:
    country = find_country(COUNTRIES, "uk")
    assert not isinstance(country, Finding)
    assert country["id"] == 17


@pytest.mark.parametrize("iso", sorted(REGION_NAMES))
def test_each_region_is_told_apart(iso: str) -> None:
    groups = [[fold(one) for one in group.split("|")] for group in REGION_NAMES[iso].split(";")]
    codes = [group[0] for group in groups]
    assert len(set(codes)) == len(codes)
    assert all(len(group) > 1 and all(group) for group in groups)


def test_places() -> None:
    assert place_of(person("State=Texas=US-TX", "County=Travis County", "City=Austin")) == Place(
        "Texas", "US-TX", "Austin", ("Travis County",)
    )
    assert place_of(person("State=A", "City=B", "District=C", region_code="MY")) == Place("A", "", "B", ("C",))
    # Names of levels nobody knows: the deepest is the city.
    assert place_of(person("voivodeship=A", "gmina=B", region_code="PL")) == Place("", "", "B", (), ("A",))
    assert place_of(person("State=Texas", "City=Au****")).city == "Texas"
    assert place_of(person("PROVINCE=A", "Municipality= B ", region_code="ES")) == Place("A", "", "B")
