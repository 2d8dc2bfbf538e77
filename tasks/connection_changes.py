"""Changing what a person entered for a connection (A1, A2), starting and stopping it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlmodel import Session

from config.secret_box import SecretBox
from config.settings import settings
from models.connections import Connection, find_connection, settings_in_force
from models.database import database
from tasks.connections import ConnectionDetails, note_status, prestashop_status, save_connection
from tasks.shops import utc_now

_OF_PRESTASHOP = frozenset({"prestashop_url", "prestashop_key", "shop_id"})


def change_connection(name: str, **changes: Any) -> list[str]:
    """Change some of a connection's details, fields of `ConnectionDetails`; answers the names of what changed.

    Raises:
        ShopError: PrestaShop does not let us in with its new address or key; nothing is stored then.
        ConfigurationFault: the region of an authorized connection would change (A2).
        UnknownRegion: not a TikTok Shop market.
    """
    box = SecretBox.open(settings())
    with database().read() as session:
        details = replace(_details(session, find_connection(session, name), box), **changes)
    status = prestashop_status(details) if _OF_PRESTASHOP & changes.keys() else None
    with database().write() as session:
        connection, changed = save_connection(session, details, box)
        if status is not None:
            note_status(connection, status)
    return changed


def start_connection(name: str) -> Connection:
    """Let schedules, messages of TikTok Shop and cron URLs start runs from now on; sweeps catch up by themselves."""
    with database().write() as session:
        connection = find_connection(session, name)
        connection.stopped_at = None
    return connection


def stop_connection(name: str) -> Connection:
    """Nothing of it runs by itself any more; runs at work end as usual, and people may still start some."""
    with database().write() as session:
        connection = find_connection(session, name)
        connection.stopped_at = connection.stopped_at or utc_now()
    return connection


def _details(session: Session, connection: Connection, box: SecretBox) -> ConnectionDetails:
    """What was entered, as it is stored."""
    return ConnectionDetails(
        name=connection.name,
        region=connection.region,
        prestashop_url=connection.prestashop_url,
        prestashop_key=box.decrypt(connection.prestashop_key_secret),
        app_key=connection.app_key,
        app_secret=box.decrypt(connection.app_secret_secret),
        service_id=connection.service_id,
        shop_id=settings_in_force(session, connection.key)[1].products.shop_id,
        tiktok_api_url=connection.tiktok_api_url,
        tiktok_auth_url=connection.tiktok_auth_url,
        contact_email=connection.contact_email,
    )
