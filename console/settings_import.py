"""Applying a settings file: one transaction per connection, nothing half-applied, twice is once (K15)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from sqlmodel import Session, SQLModel, select

from clients.tiktok.auth import AUTH_URL
from clients.tiktok.transport import API_URL
from config.secret_box import SecretBox
from config.settings import settings as process_settings
from console.errors import Refused
from console.secrets_input import secret
from console.settings_file import (
    CarrierPart,
    ConnectionPart,
    SettingsFile,
    StatusPart,
    TemplatePart,
    read_settings_file,
)
from console.shop_names import ShopNames
from console.template_records import save_templates
from console.yaml_file import nearest, place
from models.catalogue import ShopRecord
from models.connections import AuthorizationState, Connection, settings_in_force, store_settings
from models.database import database
from models.settings import ConnectionSettings
from models.taxonomy import Category, TaxonomyRefresh
from models.templates import BrandMapping, CarrierMapping, StatusMapping
from tasks.connections import ConnectionDetails, note_status, prestashop_status, save_connection
from tasks.consent import authorize_connection, code_of
from tasks.order_mappings import providers
from tasks.shops import utc_now


class Applied(BaseModel):
    """What an import changed in one connection, nothing when it was so already; whether it is stopped now."""

    connection: str
    changed: list[str] = Field(default_factory=list)
    stopped: bool = False


def import_settings(path: Path, *, prune: bool = False, offline: bool = False) -> list[Applied]:
    """Bring the installation to what the file says.

    Args:
        path: the YAML file.
        prune: delete templates and mappings of its connections that a section of the file does not name.
        offline: do not ask PrestaShop whether new or changed credentials work.

    Raises:
        UnreadableFile, Refused, ShopError: the connection concerned stays as it was.
    """
    document: SettingsFile = read_settings_file(path)
    return [_import_connection(part, prune=prune, offline=offline) for part in document.connections]


def _import_connection(part: ConnectionPart, *, prune: bool, offline: bool) -> Applied:
    applied = Applied(connection=part.name)
    box = SecretBox.open(process_settings())
    with database().read() as session:
        known = session.exec(select(Connection).where(Connection.name == part.name)).first()
        shop_id = settings_in_force(session, known.key)[1].products.shop_id if known else 1
    details = _details(part, known, shop_id, box)
    status = None if offline or not _credentials_changed(details, known, box) else prestashop_status(details)
    if known is None:
        # A new connection has to be there before the shops can be asked what the rest of its part refers to.
        with database().write() as session:
            known, changed = save_connection(session, details, box)
            if status is not None:
                note_status(known, status)
        applied.changed += changed
    code = os.environ.get(part.tiktok.authorization_code_env, "") if part.tiktok.authorization_code_env else ""
    if code and known.authorization is AuthorizationState.NONE:
        authorize_connection(part.name, code_of(part.name, code))
        applied.changed.append("authorization")
    read_what_is_named(known.key, part.templates or [], brands=bool(part.brands))
    with database().write(known.key) as session:
        connection, changed = save_connection(session, details, box)
        if status is not None:
            note_status(connection, status)
        applied.changed += [name for name in changed if name not in applied.changed]
        applied.changed += _save_settings(session, connection.key, part)
        names = ShopNames(session, connection.key)
        if part.templates is not None:
            applied.changed += save_templates(session, connection.key, part.templates, names, prune=prune)
        applied.changed += save_mappings(session, connection.key, part, names, prune=prune)
        if part.start and connection.stopped_at is not None:
            connection.stopped_at = None
            applied.changed.append("started")
        applied.stopped = connection.stopped_at is not None
    return applied


def _details(part: ConnectionPart, known: Connection | None, shop_id: int, box: SecretBox) -> ConnectionDetails:
    def credential(variable: str, prompt: str, stored: str) -> str:
        if stored and not os.environ.get(variable, ""):
            return box.decrypt(stored)
        return secret(variable, prompt)

    return ConnectionDetails(
        name=part.name,
        region=part.region,
        contact_email=part.contact_email,
        prestashop_url=part.prestashop.url,
        prestashop_key=credential(
            part.prestashop.key_env, "PrestaShop webservice key", known.prestashop_key_secret if known else ""
        ),
        shop_id=part.prestashop.shop_id or shop_id,
        app_key=part.tiktok.app_key,
        app_secret=credential(
            part.tiktok.app_secret_env, "TikTok Shop app secret", known.app_secret_secret if known else ""
        ),
        service_id=part.tiktok.service_id,
        tiktok_api_url=part.tiktok.api_url or API_URL,
        tiktok_auth_url=part.tiktok.auth_url or part.tiktok.api_url or AUTH_URL,
    )


def _credentials_changed(details: ConnectionDetails, known: Connection | None, box: SecretBox) -> bool:
    return (
        known is None
        or known.prestashop_url.rstrip("/") != details.prestashop_url.rstrip("/")
        or box.decrypt(known.prestashop_key_secret) != details.prestashop_key
    )


def read_what_is_named(connection_id: int, templates: list[TemplatePart], *, brands: bool) -> None:
    """Ask the shops for what names refer to, where nobody has yet and the connection is authorized."""
    with database().read() as session:
        authorized = session.get_one(Connection, connection_id).is_authorized
        mirrored = session.exec(select(ShopRecord).where(ShopRecord.connection_id == connection_id).limit(1)).first()
        refreshed = (
            session.get(TaxonomyRefresh, connection_id)
            or session.exec(select(Category).where(Category.connection_id == connection_id).limit(1)).first()
        )
    from_shop = [one for one in templates if one.manufacturers or one.suppliers or one.categories or one.attributes]
    if from_shop and mirrored is None:
        from tasks.shop_tables import mirror_small_tables

        mirror_small_tables.fn(connection_id)
    if not authorized or not (brands or any(template.category for template in templates)):
        return
    # Imported late: tasks import Prefect, which takes seconds.
    from tasks.taxonomy import refresh_brands, refresh_categories, refresh_category_details

    if refreshed is None:
        refresh_categories.fn(connection_id)
        refresh_brands.fn(connection_id)
    with database().read() as session:
        names = ShopNames(session, connection_id)
        used = {names.category(one.category, f"template {one.name!r}, category") for one in templates if one.attributes}
        missing = [
            category
            for category in sorted(used - {""})
            if session.get_one(Category, (connection_id, category)).details_at is None
        ]
    if missing:
        refresh_category_details.fn(connection_id, missing)


def merged(present: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The document with what the change names; parts within parts are merged too."""
    result = dict(present)
    for name, value in change.items():
        both = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = merged(result[name], value) if both else value
    return result


def validated(document: dict[str, Any]) -> ConnectionSettings:
    """The document as settings.

    Raises:
        Refused: one line per fault.
    """
    try:
        return ConnectionSettings.model_validate(document)
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_input=False, include_url=False):
            text = fault["msg"].removeprefix("Value error, ")
            if fault["type"] == "extra_forbidden":
                text = f"there is no such setting{nearest(ConnectionSettings, fault['loc'])}"
            faults.append(f"{place(fault['loc'])}: {text}")
        raise Refused("\n".join(faults)) from None


def _save_settings(session: Session, connection_id: int, part: ConnectionPart) -> list[str]:
    if part.settings is None:
        return []
    version, present = settings_in_force(session, connection_id)
    change = part.settings.model_dump(mode="json", exclude_unset=True)
    wanted = validated(merged(present.model_dump(mode="json"), change))
    if part.prestashop.shop_id and wanted.products.shop_id != part.prestashop.shop_id:
        raise Refused(
            f"connection {part.name!r}: prestashop.shop_id and settings.products.shop_id differ; keep one of them."
        )
    if wanted == present:
        return []
    number = store_settings(session, connection_id, wanted, note="imported from a file", now=utc_now())
    return [f"settings version {number}"] if number != version else []


def save_mappings(
    session: Session, connection_id: int, part: ConnectionPart, names: ShopNames, *, prune: bool
) -> list[str]:
    """Bring the mappings to what the part says, sections that it leaves out aside; answers what changed."""
    changed: list[str] = []
    if part.brands is not None:
        brands = [
            BrandMapping(
                connection_id=connection_id, manufacturer=manufacturer, brand_id=_brand(brand, manufacturer, names)
            )
            for manufacturer, brand in part.brands.items()
        ]
        stored = session.exec(select(BrandMapping).where(BrandMapping.connection_id == connection_id)).all()
        changed += _merge(session, stored, brands, ("manufacturer",), "brand mapping", prune=prune)
    if part.carriers is not None:
        carriers = [_carrier(session, connection_id, one) for one in part.carriers]
        present = session.exec(select(CarrierMapping).where(CarrierMapping.connection_id == connection_id)).all()
        key: tuple[str, ...] = ("id_reference", "delivery_option_id")
        changed += _merge(session, present, carriers, key, "carrier mapping", prune=prune)
    if part.statuses is not None:
        changed += _save_statuses(session, connection_id, part.statuses, prune=prune)
    return changed


def _save_statuses(session: Session, connection_id: int, parts: Sequence[StatusPart], *, prune: bool) -> list[str]:
    """To PrestaShop one state stands for a status, to TikTok Shop each state may."""
    changed: list[str] = []
    for direction, key in (
        ("to_prestashop", ("direction", "tiktok_status")),
        ("to_tiktok", ("direction", "tiktok_status", "id_order_state")),
    ):
        stored = session.exec(
            select(StatusMapping).where(
                StatusMapping.connection_id == connection_id, StatusMapping.direction == direction
            )
        ).all()
        wanted = [
            StatusMapping(
                connection_id=connection_id,
                direction=one.direction,
                tiktok_status=one.tiktok,
                id_order_state=one.state,
                cancel_reason=one.cancel_reason,
            )
            for one in parts
            if one.direction == direction
        ]
        changed += _merge(session, stored, wanted, key, "status mapping", prune=prune)
    return changed


def _carrier(session: Session, connection_id: int, part: CarrierPart) -> CarrierMapping:
    """A carrier mapping; the provider may be written by id or name as far as the providers are known."""
    known = providers(session, connection_id, option=part.delivery_option)
    written = part.provider.strip().casefold()
    provider = next((one for one in known if written in (one.id, one.name.casefold())), None)
    if provider is None and not written.isdecimal():
        raise Refused(
            f"carrier {part.carrier}: {part.provider!r} is none of the shipping providers known here. Write its id, or "
            "read them first: connector run taxonomy_refresh"
        )
    return CarrierMapping(
        connection_id=connection_id,
        id_reference=part.carrier,
        delivery_option_id=part.delivery_option,
        provider_id=provider.id if provider else part.provider,
        provider_name=part.provider_name or (provider.name if provider else ""),
    )


def _brand(written: str, manufacturer: str, names: ShopNames) -> str:
    return names.brands().id_of(written, f"brand of {manufacturer!r}") if written else ""


def _merge(
    session: Session,
    stored: Sequence[SQLModel],
    wanted: Sequence[SQLModel],
    key: tuple[str, ...],
    kind: str,
    *,
    prune: bool,
) -> list[str]:
    """Rows of one mapping table brought to what is wanted; answers what changed."""

    def identity(row: SQLModel) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in key)

    def label(row: SQLModel) -> str:
        return f"{kind} {' '.join(str(part) for part in identity(row) if part != '')}"

    changed: list[str] = []
    present = {identity(row): row for row in stored}
    for row in wanted:
        known = present.pop(identity(row), None)
        if known is None:
            session.add(row)
            changed.append(f"{label(row)} made")
            continue
        values = row.model_dump(exclude={"id"})
        if known.model_dump(exclude={"id"}) != values:
            known.sqlmodel_update(values)
            session.add(known)
            changed.append(f"{label(row)} changed")
    for row in present.values() if prune else ():
        session.delete(row)
        changed.append(f"{label(row)} deleted")
    return changed
