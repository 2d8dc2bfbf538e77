"""Writing the settings file of an installation: everything but its secrets, in the form that import reads."""

from __future__ import annotations

import re
from typing import Any

import yaml
from pydantic import BaseModel
from sqlmodel import Session, col, select

from console.settings_file import CarrierPart, ConnectionPart, PrestaShopPart, StatusPart, TemplatePart, TikTokPart
from console.shop_names import ShopNames
from console.template_records import as_part
from models.connections import Connection, settings_in_force
from models.templates import BrandMapping, CarrierMapping, CategoryTemplate, StatusMapping


def export_connection(session: Session, connection: Connection) -> ConnectionPart:
    """A connection as a file describes it; where the secrets are is named after the connection."""
    names = ShopNames(session, connection.key)
    _version, settings = settings_in_force(session, connection.key)
    prefix = re.sub(r"[^A-Z0-9]+", "_", connection.name.upper()).strip("_")
    prefix = f"C_{prefix}" if not prefix or prefix[0].isdigit() else prefix
    carriers = session.exec(
        select(CarrierMapping)
        .where(CarrierMapping.connection_id == connection.key)
        .order_by(col(CarrierMapping.id_reference), col(CarrierMapping.delivery_option_id))
    )
    statuses = session.exec(
        select(StatusMapping).where(StatusMapping.connection_id == connection.key).order_by(col(StatusMapping.id))
    )
    brands = session.exec(
        select(BrandMapping)
        .where(BrandMapping.connection_id == connection.key)
        .order_by(col(BrandMapping.manufacturer))
    )
    return ConnectionPart(
        name=connection.name,
        region=connection.region,
        contact_email=connection.contact_email,
        prestashop=PrestaShopPart(url=connection.prestashop_url, key_env=f"{prefix}_PRESTASHOP_KEY"),
        tiktok=TikTokPart(
            app_key=connection.app_key,
            app_secret_env=f"{prefix}_APP_SECRET",
            service_id=connection.service_id,
            api_url=connection.tiktok_api_url,
            auth_url=connection.tiktok_auth_url,
        ),
        settings=settings,
        templates=export_templates(session, connection.key, names),
        brands={row.manufacturer: names.brand_label(row.brand_id) for row in brands},
        carriers=[
            CarrierPart(
                carrier=row.id_reference,
                provider=row.provider_id,
                provider_name=row.provider_name,
                delivery_option=row.delivery_option_id,
            )
            for row in carriers
        ],
        statuses=[
            StatusPart.model_validate(
                {
                    "direction": row.direction,
                    "tiktok": row.tiktok_status,
                    "state": row.id_order_state,
                    "cancel_reason": row.cancel_reason,
                }
            )
            for row in statuses
        ],
    )


def export_templates(session: Session, connection_id: int, names: ShopNames) -> list[TemplatePart]:
    """The templates of a connection in their order of precedence."""
    templates = session.exec(
        select(CategoryTemplate)
        .where(CategoryTemplate.connection_id == connection_id)
        .order_by(col(CategoryTemplate.position), col(CategoryTemplate.id))
    ).all()
    return [as_part(session, template, names) for template in templates]


def as_yaml(data: Any) -> str:
    """Text of a file."""
    return yaml.safe_dump(as_data(data), sort_keys=False, allow_unicode=True, width=120)


def as_data(data: Any) -> Any:
    """Plain data of parts. Settings are written whole; of templates and connections only what is not the default."""
    if isinstance(data, ConnectionPart):
        whole = data.settings.model_dump(mode="json") if data.settings else None
        written = data.model_dump(mode="json", exclude_defaults=True)
        # The names of variables are written even where they are the default: they are what a person has to fill.
        written["prestashop"] = {
            **data.prestashop.model_dump(mode="json", exclude_defaults=True),
            "key_env": data.prestashop.key_env,
        }
        written["tiktok"] = {
            **data.tiktok.model_dump(mode="json", exclude_defaults=True),
            "app_secret_env": data.tiktok.app_secret_env,
        }
        return {**written, **({"settings": whole} if whole else {})}
    if isinstance(data, BaseModel):
        return data.model_dump(mode="json", exclude_defaults=True)
    if isinstance(data, dict):
        return {key: as_data(value) for key, value in data.items()}
    if isinstance(data, list):
        return [as_data(item) for item in data]
    return data
