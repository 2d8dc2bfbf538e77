"""Connections: one PrestaShop shop ↔ one TikTok Shop (K16), their credentials and their settings' versions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, Session, SQLModel, UniqueConstraint, col, select

from models.columns import Moment, choice, json_field, moment
from models.settings import ConnectionSettings


class AuthorizationState(StrEnum):
    """Where the TikTok Shop authorization of a connection stands.

    EXPIRED: its tokens cannot be refreshed; REVOKED: the seller withdrew the consent.
    """

    NONE = "none"
    AUTHORIZED = "authorized"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Connection(SQLModel, table=True):
    """One connection. Columns that end in `_secret` hold tokens of the secret box, never clear text."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=80, unique=True)
    contact_email: str = Field(default="", max_length=254)
    # PrestaShop (A1)
    prestashop_url: str = Field(max_length=500)
    prestashop_key_secret: str
    prestashop_version: str = Field(default="", max_length=20)
    prestashop_timezone: str = Field(default="", max_length=64)
    prestashop_checked_at: Moment = moment()
    # TikTok Shop (A2, A3)
    region: str = Field(max_length=2)
    tiktok_api_url: str = Field(max_length=500)
    tiktok_auth_url: str = Field(max_length=500)
    app_key: str = Field(max_length=64)
    app_secret_secret: str
    service_id: str = Field(default="", max_length=64)
    shop_id: str = Field(default="", max_length=64)
    shop_name: str = Field(default="", max_length=255)
    shop_cipher: str = Field(default="", max_length=255)
    category_version: str = Field(default="v1", max_length=2)
    access_token_secret: str = Field(default="")
    access_expires_at: Moment = moment()
    refresh_token_secret: str = Field(default="")
    refresh_expires_at: Moment = moment()
    open_id: str = Field(default="", max_length=128)
    seller_name: str = Field(default="", max_length=255)
    granted_scopes: list[str] = json_field(list)
    authorization: AuthorizationState = choice(AuthorizationState, default=AuthorizationState.NONE)
    last_call_at: Moment = moment()
    # Nothing runs by itself since then: until it is started the first time, and whenever it was stopped by hand.
    stopped_at: Moment = moment()

    @property
    def is_authorized(self) -> bool:
        """Whether runs can work on it: TikTok Shop lets it in, and one of the shops of the consent was chosen."""
        return self.authorization is AuthorizationState.AUTHORIZED and bool(self.shop_id)

    @property
    def is_running(self) -> bool:
        """Whether schedules, messages and cron URLs may start runs; people may while it is stopped, too."""
        return self.is_authorized and self.stopped_at is None

    @property
    def key(self) -> int:
        """The id of a stored connection."""
        if self.id is None:
            raise ValueError("this connection was not stored yet")
        return self.id


class SettingsVersion(SQLModel, table=True):
    """One version of a connection's settings document; the highest number is in force (K15)."""

    __tablename__ = "settings_version"
    __table_args__ = (UniqueConstraint("connection_id", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE")
    version: int
    document: dict[str, Any] = json_field(dict)
    note: str = Field(default="", max_length=200)
    created_at: datetime = moment(nullable=False)


class Watermark(SQLModel, table=True):
    """How far a sweep has come, in the data's own terms; committed with the data it stands for."""

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    name: str = Field(primary_key=True, max_length=60)
    value: str
    updated_at: datetime = moment(nullable=False)


class UnknownConnection(LookupError):
    """There is no connection of that name. The text lists those there are."""


def find_connection(session: Session, name: str) -> Connection:
    """The connection called `name`; the only one there is when `name` is empty.

    Raises:
        UnknownConnection: saying which names exist.
    """
    connections = session.exec(select(Connection).order_by(col(Connection.name))).all()
    if not name and len(connections) == 1:
        return connections[0]
    for connection in connections:
        if connection.name == name:
            return connection
    known = ", ".join(connection.name for connection in connections)
    if not connections:
        raise UnknownConnection("There is no connection yet. Make one with: connector connection add")
    if not name:
        raise UnknownConnection(f"There are several connections, say which with --connection: {known}")
    raise UnknownConnection(f"There is no connection called {name!r}. There are: {known}")


def settings_in_force(session: Session, connection_id: int) -> tuple[int, ConnectionSettings]:
    """The newest version of a connection's settings, and its number; version 0 is the defaults."""
    newest = session.exec(
        select(SettingsVersion)
        .where(SettingsVersion.connection_id == connection_id)
        .order_by(col(SettingsVersion.version).desc())
        .limit(1)
    ).first()
    if newest is None:
        return 0, ConnectionSettings()
    return newest.version, ConnectionSettings.model_validate(newest.document)


def store_settings(
    session: Session, connection_id: int, settings: ConnectionSettings, *, note: str, now: datetime
) -> int:
    """Store a new version unless the document is the one in force; answer the number of the version in force."""
    version, present = settings_in_force(session, connection_id)
    if version and present == settings:
        return version
    session.add(
        SettingsVersion(
            connection_id=connection_id,
            version=version + 1,
            document=settings.model_dump(mode="json"),
            note=note,
            created_at=now,
        )
    )
    return version + 1
