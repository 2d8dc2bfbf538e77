"""What a category asks for beside the product itself: documents, size chart, EU contacts, cash on delivery (3.2, 7.3).

All of it comes from the template, where the merchant uploads and chooses it once for many products (F7–F9).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.templates import CategoryTemplate
from rules.attributes import condition_met
from rules.content import AttributeValue, CertificateFile, Certification, SizeChart
from rules.decision import Finding, Reason
from rules.findings import Checked, finding

MAX_CERTIFICATES = 10


@dataclass(frozen=True, slots=True)
class Papers:
    """The parts of a listing that the template gives."""

    certifications: tuple[Certification, ...]
    size_chart: SizeChart | None
    manufacturer_ids: tuple[str, ...]
    responsible_person_ids: tuple[str, ...]
    cod_allowed: bool


def papers(
    template: CategoryTemplate, rules: Mapping[str, Any], chosen: Mapping[str, AttributeValue], category_name: str
) -> Checked[Papers]:
    """What the template gives for a category's rules; `chosen` are the product attributes, some require a document."""
    reasons: list[Reason] = []
    findings: list[Finding] = []
    name = template.name
    for key, ids, code in (
        ("manufacturer", template.manufacturer_gpsr_ids, "gpsr_manufacturer_missing"),
        ("responsible_person", template.responsible_person_ids, "gpsr_responsible_person_missing"),
    ):
        if not ids and _required(rules, key):
            findings.append(finding(code, template=name))
    cod_allowed = template.cod_allowed
    if cod_allowed and not rules.get("cod", {}).get("is_supported"):
        cod_allowed = False
        reasons.append(Reason("cod_not_supported", "the category does not take cash on delivery: not offered"))
    if any(fee.get("is_required") for fee in rules.get("fees", ())):
        findings.append(finding("deposit_required", category=category_name))
    return Checked(
        Papers(
            certifications=_certifications(template, rules, chosen, findings),
            size_chart=_size_chart(template, rules, reasons, findings),
            manufacturer_ids=tuple(template.manufacturer_gpsr_ids),
            responsible_person_ids=tuple(template.responsible_person_ids),
            cod_allowed=cod_allowed,
        ),
        tuple(reasons),
        tuple(findings),
    )


def _required(rules: Mapping[str, Any], key: str) -> bool:
    return bool(rules.get(key, {}).get("is_required"))


def _certifications(
    template: CategoryTemplate,
    rules: Mapping[str, Any],
    chosen: Mapping[str, AttributeValue],
    findings: list[Finding],
) -> tuple[Certification, ...]:
    asked = {row["id"]: row for row in rules.get("product_certifications", ())}
    given: dict[str, Certification] = {}
    for row in template.certificates:
        # A document the category does not know is refused by the platform: it belongs to an earlier category.
        if row["id"] not in asked:
            continue
        file_id, uri = row.get("file_id", ""), row.get("uri", "")
        if not file_id and not uri:
            file = f"The document “{asked[row['id']]['name']}”"
            findings.append(finding("file_not_uploaded", file=file, template=template.name))
            continue
        before = given.get(row["id"], Certification(id=row["id"]))
        file_name = row.get("file", "").replace("\\", "/").rsplit("/", 1)[-1] or "document.pdf"
        given[row["id"]] = Certification(
            id=row["id"],
            files=(*before.files, CertificateFile(id=file_id, name=file_name)) if file_id else before.files,
            image_uris=before.image_uris if file_id else (*before.image_uris, uri),
            expires=row.get("expires", "") or before.expires,
        )
    mentioned = {row["id"] for row in template.certificates}
    for id_, rule in asked.items():
        wanted = rule.get("is_required") or condition_met(rule.get("requirement_conditions", ()), chosen)
        if wanted and id_ not in mentioned:
            findings.append(finding("certificate_missing", certificate=rule["name"], template=template.name))
        dated = rule.get("expiration_date", {}).get("is_required")
        if dated and id_ in given and not given[id_].expires:
            findings.append(finding("certificate_expiry_missing", certificate=rule["name"], template=template.name))
    if len(given) > MAX_CERTIFICATES:
        findings.append(finding("too_many_certificates", template=template.name, count=len(given)))
    return tuple(given.values())


def _size_chart(
    template: CategoryTemplate, rules: Mapping[str, Any], reasons: list[Reason], findings: list[Finding]
) -> SizeChart | None:
    row = template.size_chart
    if row and not rules.get("size_chart", {}).get("is_supported") and not _required(rules, "size_chart"):
        reasons.append(Reason("size_chart_not_supported", "the category takes no size chart: not sent"))
        return None
    if row.get("template_id"):
        return SizeChart(template_id=row["template_id"])
    if row.get("uri"):
        return SizeChart(uri=row["uri"])
    if row.get("file"):
        findings.append(finding("file_not_uploaded", file="The size chart", template=template.name))
    elif _required(rules, "size_chart"):
        findings.append(finding("size_chart_missing", template=template.name))
    return None
