"""Which shipping provider a PrestaShop carrier is (C11)."""

from __future__ import annotations

import pytest

from models.taxonomy import ShippingProvider
from models.templates import CarrierMapping
from rules.decision import Decision, Finding
from rules.shipping_providers import provider_for, suggested
from tests.rules.order_examples import codes

NAMES = {"p1": "Royal Mail", "p2": "DPD UK", "p3": "Evri", "p4": "DHL eCommerce"}


def provider(key: str, name: str, option: str = "standard") -> ShippingProvider:
    return ShippingProvider(connection_id=1, delivery_option_id=option, id=key, name=name)


def mapping(provider_id: str, name: str = "", option: str = "", reference: int = 7) -> CarrierMapping:
    return CarrierMapping(
        connection_id=1,
        id_reference=reference,
        delivery_option_id=option,
        provider_id=provider_id,
        provider_name=name,
    )


OFFERED = [*(provider(key, name) for key, name in NAMES.items()), provider("x1", "Royal Mail", "express")]


def choose(*mappings: CarrierMapping, name: str = "DPD", option: str = "standard") -> tuple[str, list[str]]:
    """Id of the provider, or "" and the finding's code."""
    found = provider_for(7, mappings, OFFERED, carrier_name=name, delivery_option_id=option)
    if isinstance(found, Finding):
        return "", [found.code]
    return found.value.id, codes(found)


def test_a_mapping_finds_its_provider_by_id() -> None:
    assert choose(mapping("p2", "DPD UK")) == ("p2", ["carrier_mapped"])


@pytest.mark.parametrize("name", ["Royal Mail", "royal  mail"])
def test_a_mapping_finds_its_provider_by_name_in_other_delivery_options(name: str) -> None:
    assert choose(mapping("p1", name, "standard"), option="express") == ("x1", ["carrier_mapped", "provider_by_name"])


def test_the_mapping_of_this_delivery_option_comes_first() -> None:
    rows = [mapping("p1"), mapping("p2", option="standard"), mapping("p3", option="express")]
    assert choose(*rows)[0] == "p2"
    assert choose(rows[2], rows[0])[0] == "p1"
    # The next one where the first is not offered
    assert choose(mapping("gone", "Gone", "standard"), mapping("p1"))[0] == "p1"


def test_a_carrier_that_is_not_mapped_brings_suggestions() -> None:
    found = provider_for(
        7, [mapping("p1", reference=8)], OFFERED, carrier_name="DPD Next Day", delivery_option_id="standard"
    )
    assert isinstance(found, Finding)
    assert found.code == "carrier_not_mapped"
    assert "“DPD Next Day”" in found.text
    assert "The nearest by name: DPD UK," in found.fix


def test_a_provider_that_does_not_ship_this_option() -> None:
    assert choose(mapping("p3", "Evri"), option="express") == ("", ["provider_not_offered"])


def test_two_providers_of_one_name_are_no_match() -> None:
    twice = [provider("a", "Post"), provider("b", "POST")]
    found = provider_for(7, [mapping("c", "Post")], twice, carrier_name="Post", delivery_option_id="standard")
    assert isinstance(found, Finding)
    assert isinstance(
        provider_for(7, [mapping("b", "Post")], twice, carrier_name="Post", delivery_option_id="standard"), Decision
    )


def test_a_delivery_option_without_a_list() -> None:
    assert choose(mapping("p1"), option="other") == ("", ["no_providers"])


@pytest.mark.parametrize(
    ("carrier", "first"),
    [("Royal Mail Tracked 48", "Royal Mail"), ("DPD", "DPD UK"), ("dhl", "DHL eCommerce"), ("Évri", "Evri")],
)
def test_suggestions(carrier: str, first: str) -> None:
    assert suggested(carrier, OFFERED)[0].name == first
