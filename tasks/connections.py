"""Adding, changing and removing a connection (A1, A2, A5).

Plain functions: these steps are taken by a person at a prompt or in the console, not by a run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, select

from clients.errors import ConfigurationFault
from clients.prestashop import PrestaShopClient
from clients.prestashop.address import shop_url
from clients.prestashop.status import ShopStatus
from clients.tiktok.auth import AUTH_URL
from clients.tiktok.transport import API_URL
from config.secret_box import SecretBox
from config.settings import settings
from models.connections import Connection, find_connection, settings_in_force, store_settings
from models.database import database
from rules.market import market
from tasks.shops import utc_now


@dataclass(frozen=True, slots=True)
class ConnectionDetails:
    """What a person enters for one connection."""

    name: str
    region: str
    prestashop_url: str
    prestashop_key: str = field(repr=False)
    app_key: str
    app_secret: str = field(repr=False)
    service_id: str = ""
    shop_id: int = 1
    tiktok_api_url: str = API_URL
    tiktok_auth_url: str = AUTH_URL
    contact_email: str = ""


class DuplicateConnection(ValueError):
    """A connection of that name exists already."""


def add_connection(details: ConnectionDetails) -> ShopStatus:
    """Check that PrestaShop lets us in, then store the connection with its credentials encrypted.

    Raises:
        DuplicateConnection: the name is taken.
        UnknownRegion: not a TikTok Shop market.
        ShopError: PrestaShop is not reachable, is not there, or refuses the key; nothing is stored then.
    """
    market(details.region)
    with database().read() as session:
        if session.exec(select(Connection).where(Connection.name == details.name)).first():
            raise DuplicateConnection(
                f"There is a connection called {details.name!r} already. Choose another name, or remove it first with: "
                f"connector connection remove {details.name}"
            )
    status = prestashop_status(details)
    with database().write() as session:
        connection, _changed = save_connection(session, details, SecretBox.open(settings()))
        note_status(connection, status)
    return status


def prestashop_status(details: ConnectionDetails) -> ShopStatus:
    """What PrestaShop says to the entered address and key."""
    with PrestaShopClient(details.prestashop_url, details.prestashop_key, shop_id=details.shop_id) as client:
        return client.check()


def note_status(connection: Connection, status: ShopStatus) -> None:
    """Keep what later runs need from a check; the row belongs to a writing session."""
    connection.prestashop_version = status.version
    connection.prestashop_timezone = status.timezone
    connection.prestashop_checked_at = utc_now()


def save_connection(session: Session, details: ConnectionDetails, box: SecretBox) -> tuple[Connection, list[str]]:
    """Make the connection of that name, or change what differs; answers the row and the names of what changed.

    Raises:
        ConfigurationFault: the region of an authorized connection would change (A2).
    """
    market(details.region)
    connection = session.exec(select(Connection).where(Connection.name == details.name)).first()
    plain: dict[str, Any] = {
        "region": details.region,
        "prestashop_url": shop_url(details.prestashop_url),
        "tiktok_api_url": details.tiktok_api_url.rstrip("/"),
        "tiktok_auth_url": details.tiktok_auth_url.rstrip("/"),
        "app_key": details.app_key,
        "service_id": details.service_id,
        "contact_email": details.contact_email,
    }
    secret: dict[str, Any] = {"prestashop_key_secret": details.prestashop_key, "app_secret_secret": details.app_secret}
    if connection is None:
        connection = Connection(
            name=details.name,
            category_version=market(details.region).category_version,
            **plain,
            prestashop_key_secret=box.encrypt(details.prestashop_key),
            app_secret_secret=box.encrypt(details.app_secret),
            # Its owner wants to link and to look first, and says when it starts.
            stopped_at=utc_now(),
        )
        session.add(connection)
        session.flush()
        changed = ["connection"]
    else:
        if connection.shop_id and connection.region != details.region:
            raise ConfigurationFault(
                "the region of an authorized connection is fixed",
                shop="tiktok",
                code="region-fixed",
                cause=f"Connection {details.name!r} was authorized for {connection.region}; its region cannot become "
                f"{details.region}.",
                fix=f"Make another connection for {details.region}: connector connection add",
            )
        changed = [name for name, value in plain.items() if getattr(connection, name) != value]
        changed += [name for name, value in secret.items() if box.decrypt(getattr(connection, name)) != value]
        for name in changed:
            setattr(connection, name, plain[name] if name in plain else box.encrypt(secret[name]))
    _version, document = settings_in_force(session, connection.key)
    if document.products.shop_id != details.shop_id:
        document.products.shop_id = details.shop_id
        store_settings(session, connection.key, document, note="PrestaShop shop of the connection", now=utc_now())
        changed.append("shop_id")
    return connection, [name.removesuffix("_secret") for name in changed]


def remove_connection(name: str) -> None:
    """Forget a connection with everything that belongs to it; listings on TikTok Shop stay as they are."""
    with database().write() as session:
        session.delete(find_connection(session, name))
