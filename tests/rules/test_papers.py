"""Documents, size chart, EU contacts and cash on delivery, as the category's rules ask for them."""

from __future__ import annotations

from typing import Any

import pytest

from rules.content import AttributeValue, CertificateFile, Certification, SizeChart, ValueChoice
from rules.findings import Checked
from rules.papers import Papers, papers
from tests.rules.listing_examples import codes, example, template

CERTIFICATE = "7182427070000000022"
UPLOADED = {"id": CERTIFICATE, "file": "papers/contact-alimentaire.pdf", "file_id": "v09"}


def decided(rules: dict[str, Any] | None = None, chosen: Any = None, **changes: Any) -> Checked[Papers]:
    rules = {**example("category-rules-response.json"), **(rules or {})}
    return papers(template(**changes), rules, chosen or {}, "Mugs")


def certificate_rule(**changes: Any) -> dict[str, Any]:
    rule = example("category-rules-response.json")["product_certifications"][0]
    return {"product_certifications": [{**rule, **changes}]}


def test_what_is_not_asked_for_is_not_missed() -> None:
    assert decided().findings == ()


def test_eu_contacts_are_findings_where_the_category_asks_for_them() -> None:
    missing = decided(manufacturer_gpsr_ids=[], responsible_person_ids=[])
    assert codes(missing.findings) == ["gpsr_manufacturer_missing", "gpsr_responsible_person_missing"]
    not_asked = {"manufacturer": {"is_required": False}, "responsible_person": {"is_required": False}}
    assert decided(not_asked, manufacturer_gpsr_ids=[], responsible_person_ids=[]).findings == ()


def test_an_uploaded_document_is_sent_by_its_file() -> None:
    assert decided(certificates=[UPLOADED]).value.certifications == (
        Certification(id=CERTIFICATE, files=(CertificateFile(id="v09", name="contact-alimentaire.pdf"),)),
    )


def test_pages_of_one_document_go_together() -> None:
    pages = [{"id": CERTIFICATE, "file": "a.jpg", "uri": "u1"}, {"id": CERTIFICATE, "file": "b.jpg", "uri": "u2"}]
    assert decided(certificates=pages).value.certifications[0].image_uris == ("u1", "u2")


def test_a_required_document_without_one_is_a_finding_naming_it() -> None:
    decision = decided(certificate_rule(is_required=True))
    assert codes(decision.findings) == ["certificate_missing"]
    assert "Certificat de contact alimentaire" in decision.findings[0].text


def test_an_attribute_value_can_require_a_document() -> None:
    chosen = {"100701": AttributeValue(id="100701", values=(ValueChoice(id="1000058"),))}
    assert codes(decided(chosen=chosen).findings) == ["certificate_missing"]
    assert decided(chosen=chosen, certificates=[UPLOADED]).findings == ()


def test_a_document_that_did_not_reach_tiktok_is_a_finding() -> None:
    waiting = {"id": CERTIFICATE, "file": "a.pdf"}
    assert codes(decided(certificate_rule(is_required=True), certificates=[waiting]).findings) == ["file_not_uploaded"]


def test_a_document_of_another_category_is_not_sent() -> None:
    assert decided(certificates=[{**UPLOADED, "id": "1"}]).value.certifications == ()


def test_an_expiry_date_is_sent_and_missed_where_required() -> None:
    dated = certificate_rule(expiration_date={"is_required": True})
    assert codes(decided(dated, certificates=[UPLOADED]).findings) == ["certificate_expiry_missing"]
    complete = decided(dated, certificates=[{**UPLOADED, "expires": "2027-01-31"}])
    assert (complete.findings, complete.value.certifications[0].expires) == ((), "2027-01-31")


def test_more_than_ten_documents_are_a_finding() -> None:
    rules = [{"id": str(i), "name": f"Document {i}"} for i in range(11)]
    rows = [{"id": str(i), "file": "a.pdf", "file_id": f"f{i}"} for i in range(11)]
    decision = decided({"product_certifications": rules}, certificates=rows)
    assert codes(decision.findings) == ["too_many_certificates"]


@pytest.mark.parametrize(
    ("chart", "expected"),
    [({"uri": "u", "file": "c.png"}, SizeChart(uri="u")), ({"template_id": "t"}, SizeChart(template_id="t"))],
)
def test_a_size_chart_is_a_picture_or_a_template(chart: dict[str, str], expected: SizeChart) -> None:
    rules = {"size_chart": {"is_supported": True, "is_required": True}}
    assert decided(rules, size_chart=chart).value.size_chart == expected


def test_a_size_chart_goes_only_where_the_category_takes_one() -> None:
    decision = decided(size_chart={"uri": "u"})
    assert decision.value.size_chart is None
    assert codes(decision.reasons) == ["size_chart_not_supported"]


@pytest.mark.parametrize(("chart", "code"), [({}, "size_chart_missing"), ({"file": "c.png"}, "file_not_uploaded")])
def test_a_required_size_chart_that_is_not_there_is_a_finding(chart: dict[str, str], code: str) -> None:
    rules = {"size_chart": {"is_supported": True, "is_required": True}}
    assert codes(decided(rules, size_chart=chart).findings) == [code]


def test_cash_on_delivery_is_offered_only_where_the_category_takes_it() -> None:
    assert decided(cod_allowed=True).value.cod_allowed is False
    assert decided({"cod": {"is_supported": True}}, cod_allowed=True).value.cod_allowed is True


def test_a_required_deposit_is_a_finding() -> None:
    assert codes(decided({"fees": [{"type": "PFAND", "is_required": True}]}).findings) == ["deposit_required"]
