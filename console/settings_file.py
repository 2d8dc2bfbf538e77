"""The settings file: a whole installation in one YAML document, without its secrets (K15).

Secrets are named, never written: `key_env` and `app_secret_env` are names of environment variables. What refers to one
of the shops (a category, a manufacturer, an attribute, a brand) is written by name, path ("Home > Kitchen") or id.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from console.yaml_file import read_yaml
from models.settings import ConnectionSettings, Markup
from models.templates import AttributeGroup, AttributeSource
from rules.market import market
from rules.tiktok_order import CANCELLED, STATUSES


def _as_text(value: Any) -> Any:
    # YAML reads 42 as a number and Yes as a truth value; ids and names are texts here.
    if isinstance(value, bool):
        raise ValueError('is a truth value to YAML; put it into quotes ("Yes", "No")')
    return str(value) if isinstance(value, (int, float)) else value


Ref = Annotated[str, BeforeValidator(_as_text)]
"""A name, a path or an id."""
Variable = Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")]
"""The name of an environment variable."""


class Part(BaseModel):
    """Unknown names are errors: a typing mistake must not be silently ignored."""

    model_config = ConfigDict(extra="forbid")


class PrestaShopPart(Part):
    """The PrestaShop side; the key is in the environment variable `key_env`."""

    url: str = Field(min_length=1)
    key_env: Variable = "PRESTASHOP_KEY"
    shop_id: int | None = Field(default=None, ge=1)


class TikTokPart(Part):
    """The TikTok Shop side; secret and (for a first authorization without a browser) code are in the environment."""

    app_key: Ref
    app_secret_env: Variable = "TIKTOK_APP_SECRET"  # noqa: S105  # the name of a variable, no secret
    service_id: Ref = ""
    api_url: str = ""
    auth_url: str = ""
    authorization_code_env: Variable = ""


class PackagePart(Part):
    """Kilograms and centimetres, used where PrestaShop has none (F7)."""

    weight: Decimal | None = Field(default=None, gt=0)
    length: Decimal | None = Field(default=None, gt=0)
    width: Decimal | None = Field(default=None, gt=0)
    height: Decimal | None = Field(default=None, gt=0)


class CertificatePart(Part):
    """One document that a category asks for (F9)."""

    id: Ref
    file: str
    expires: Annotated[str, BeforeValidator(str), Field(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""


class GpsrPart(Part):
    """Ids of who answers for product safety in the EU."""

    manufacturers: list[Ref] = Field(default_factory=list)
    responsible_persons: list[Ref] = Field(default_factory=list)


class AttributePart(Part):
    """What feeds one TikTok attribute (F7): name or id, source, and PrestaShop text → TikTok value."""

    attribute: Ref
    group: AttributeGroup = AttributeGroup.PRODUCT
    source: AttributeSource
    key: Ref = ""
    values: list[Ref] = Field(default_factory=list)
    free_text: bool = True
    dictionary: dict[Ref, Ref] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_fed(self) -> AttributePart:
        if self.source is AttributeSource.FIXED and not self.values:
            raise ValueError("source fixed needs values")
        if self.source is not AttributeSource.FIXED and not self.key:
            raise ValueError(f"source {self.source.value} needs a key: the name of the {self.source.value}")
        return self


def _template_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise ValueError("a template needs a name")
    if len(name) >= 80:
        raise ValueError(f"a template name is shorter than 80 characters, this one has {len(name)} (F1)")
    return name


class TemplatePart(Part):
    """A category template (F1–F9); empty filters take everything."""

    name: Annotated[Ref, AfterValidator(_template_name)]
    default: bool = False
    position: int = 0
    manufacturers: list[Ref] = Field(default_factory=list)
    suppliers: list[Ref] = Field(default_factory=list)
    categories: list[Ref] = Field(default_factory=list)
    markup: Markup | None = None
    category: Ref = ""
    package: PackagePart = Field(default_factory=PackagePart)
    cod: bool = False
    size_chart: str = ""
    certificates: list[CertificatePart] = Field(default_factory=list)
    gpsr: GpsrPart = Field(default_factory=GpsrPart)
    attributes: list[AttributePart] = Field(default_factory=list)


class CarrierPart(Part):
    """PrestaShop carrier (id_reference) → TikTok shipping provider, by id or name (C11).

    `provider_name` finds the provider in delivery options that know it by another id.
    """

    carrier: int = Field(ge=1)
    provider: Ref
    provider_name: Annotated[Ref, Field(max_length=120)] = ""
    delivery_option: Ref = ""


def _status(text: str) -> str:
    if text.upper() not in STATUSES:
        raise ValueError(f"is no order status of TikTok Shop; there are {', '.join(STATUSES)}")
    return text.upper()


class StatusPart(Part):
    """One direction of the order status mapping (C12); to PrestaShop, state 0 changes nothing."""

    direction: Literal["to_prestashop", "to_tiktok"]
    tiktok: Annotated[str, AfterValidator(_status)]
    state: int = Field(ge=0)
    cancel_reason: Annotated[Ref, Field(max_length=100)] = ""

    @model_validator(mode="after")
    def _makes_sense(self) -> StatusPart:
        if self.direction == "to_prestashop" and self.cancel_reason:
            raise ValueError("cancel_reason belongs to direction to_tiktok")
        if self.direction == "to_tiktok" and self.state == 0:
            raise ValueError("to TikTok Shop a state of PrestaShop is needed")
        if self.direction == "to_tiktok" and self.tiktok != CANCELLED:
            raise ValueError(f"to TikTok Shop only {CANCELLED} can be mapped")
        return self


class TemplatesFile(Part):
    """`connector templates import|export`: the templates of one connection."""

    templates: list[TemplatePart]

    @field_validator("templates")
    @classmethod
    def _names_once(cls, templates: list[TemplatePart]) -> list[TemplatePart]:
        return distinct_templates(templates)


def distinct_templates(templates: list[TemplatePart]) -> list[TemplatePart]:
    """The templates, refused when a name comes twice or more than one is the default."""
    names = [template.name for template in templates]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"template names are unique, these come twice: {', '.join(twice)} (F1)")
    if sum(template.default for template in templates) > 1:
        raise ValueError("only one template can be the default (F11)")
    return templates


class ConnectionPart(Part):
    """One connection. A section that is left out stays as it is.

    `start` lets it run by itself, as `connector connection start` does; without it a new one waits for that.
    """

    name: str = Field(min_length=1, max_length=80)
    region: str
    contact_email: str = ""
    start: bool = False
    prestashop: PrestaShopPart
    tiktok: TikTokPart
    settings: ConnectionSettings | None = None
    templates: list[TemplatePart] | None = None
    brands: dict[Ref, Ref] | None = None
    carriers: list[CarrierPart] | None = None
    statuses: list[StatusPart] | None = None

    @field_validator("statuses")
    @classmethod
    def _one_state_each(cls, statuses: list[StatusPart] | None) -> list[StatusPart] | None:
        named = [one.tiktok for one in statuses or [] if one.direction == "to_prestashop"]
        twice = sorted({status for status in named if named.count(status) > 1})
        if twice:
            raise ValueError(f"to PrestaShop one state stands for a status, these come twice: {', '.join(twice)}")
        return statuses

    @field_validator("region")
    @classmethod
    def _known_market(cls, region: str) -> str:
        return market(region.upper()).region

    @field_validator("templates")
    @classmethod
    def _names_once(cls, templates: list[TemplatePart] | None) -> list[TemplatePart] | None:
        return templates if templates is None else distinct_templates(templates)


class SettingsFile(Part):
    """The whole document."""

    connections: list[ConnectionPart] = Field(min_length=1)

    @field_validator("connections")
    @classmethod
    def _names_once(cls, connections: list[ConnectionPart]) -> list[ConnectionPart]:
        names = [connection.name for connection in connections]
        if len(set(names)) < len(names):
            raise ValueError("connection names are unique")
        return connections


def read_settings_file(path: Path) -> SettingsFile:
    """The file, checked; paths of documents in it made absolute.

    Raises:
        UnreadableFile: with the line of every fault.
    """
    document = read_yaml(path, SettingsFile)
    for connection in document.connections:
        locate_documents(connection.templates or [], path.resolve().parent)
    return document


def read_templates_file(path: Path) -> list[TemplatePart]:
    """The templates of a file of their own."""
    templates = read_yaml(path, TemplatesFile).templates
    locate_documents(templates, path.resolve().parent)
    return templates


def locate_documents(templates: list[TemplatePart], folder: Path) -> None:
    """Paths in a file are relative to it."""
    for template in templates:
        if template.size_chart:
            template.size_chart = str(folder / template.size_chart)
        for certificate in template.certificates:
            certificate.file = str(folder / certificate.file)
