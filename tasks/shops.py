"""The two shops of a connection, ready to be called: clients over stored credentials, settings in force.

Credentials are decrypted here and go nowhere else: tasks and flows pass connection ids, never clients or keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy.engine import make_url
from sqlmodel import Session

from clients.budget import CallBudget, Limits, SharedBudget
from clients.errors import ReauthorizationNeeded
from clients.prestashop import PrestaShopClient
from clients.purses import FilePurse, PostgresPurse, Purse
from clients.tiktok.auth import App, Tokens
from clients.tiktok.client import TikTokClient
from config.secret_box import SecretBox
from config.settings import Settings, make_private, settings
from models.connections import AuthorizationState, Connection, Watermark, settings_in_force
from models.database import Database, database
from models.settings import ConnectionSettings
from rules.authorization import not_authorized
from rules.market import Market, market
from tasks.silent_shops import doubt, silent_since

# When the stored access token was handed out: how long it lives is not told, only until when.
TOKEN_ISSUED: Final = "access token"  # noqa: S105  # the name of a watermark


def utc_now() -> datetime:
    """The clock that tasks hand to rules and clients."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Shops:
    """Both sides of one connection.

    Attributes:
        connection: the row as it was when the shops were opened.
        settings: the settings version in force.
        settings_version: its number.
        market: facts of the TikTok market.
    """

    connection: Connection
    settings: ConnectionSettings
    settings_version: int
    market: Market
    prestashop: PrestaShopClient
    tiktok: TikTokClient

    @property
    def id(self) -> int:
        """The connection's id."""
        return self.connection.key


def batch_size(connection_id: int) -> int:
    """Objects a task handles at once (B3)."""
    with database().read() as session:
        return settings_in_force(session, connection_id)[1].products.chunk_size


class DatabaseTokenStore:
    """The tokens of a connection in our database, encrypted; one refresh at a time across the installation."""

    def __init__(self, store: Database, connection_id: int, box: SecretBox) -> None:
        self._database = store
        self._connection_id = connection_id
        self._box = box

    def load(self) -> Tokens:
        """The stored pair.

        Raises:
            ReauthorizationNeeded: the connection was never authorized, or the seller withdrew the authorization.
        """
        with self._database.read() as session:
            connection = session.get_one(Connection, self._connection_id)
        if not connection.access_token_secret:
            told = not_authorized(connection.name, connection.authorization)
            raise ReauthorizationNeeded(
                "there is no token of the connection", shop="tiktok", code=told.code, cause=told.cause, fix=told.fix
            )
        return Tokens(
            access_token=self._box.decrypt(connection.access_token_secret),
            access_expires_at=connection.access_expires_at or datetime.fromtimestamp(0, UTC),
            refresh_token=self._box.decrypt(connection.refresh_token_secret),
            refresh_expires_at=connection.refresh_expires_at or datetime.fromtimestamp(0, UTC),
            open_id=connection.open_id,
            seller_name=connection.seller_name,
            granted_scopes=tuple(connection.granted_scopes),
        )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Held while a pair is refreshed; released by the end of the process if need be."""
        with self._database.exclusive(f"tokens:{self._connection_id}", patience=60):
            yield

    def save(self, tokens: Tokens) -> None:
        """Committed before it returns, so that a pair is never used that a crash could lose."""
        with self._database.write() as session:
            self.put(session, tokens)

    def put(self, session: Session, tokens: Tokens) -> None:
        """The same together with what else is written in that session."""
        connection = session.get_one(Connection, self._connection_id)
        connection.access_token_secret = self._box.encrypt(tokens.access_token)
        connection.access_expires_at = tokens.access_expires_at
        connection.refresh_token_secret = self._box.encrypt(tokens.refresh_token)
        connection.refresh_expires_at = tokens.refresh_expires_at
        connection.open_id = tokens.open_id
        connection.seller_name = tokens.seller_name
        connection.granted_scopes = list(tokens.granted_scopes)
        connection.authorization = AuthorizationState.AUTHORIZED
        session.add(connection)
        now = utc_now()
        session.merge(
            Watermark(connection_id=self._connection_id, name=TOKEN_ISSUED, value=now.isoformat(), updated_at=now)
        )

    def lost(self, access_token: str) -> None:
        """Note that a person has to consent again, unless somebody did so since that token was taken out."""
        with self._database.write() as session:
            connection = session.get_one(Connection, self._connection_id)
            stored = connection.access_token_secret
            if (
                connection.authorization is AuthorizationState.AUTHORIZED
                and stored
                and self._box.decrypt(stored) == access_token
            ):
                connection.authorization = AuthorizationState.EXPIRED


def open_shops(connection_id: int) -> Shops:
    """The shops of a connection with its newest settings; HTTP connections are reused within the process."""
    store = database()
    with store.read() as session:
        connection = session.get_one(Connection, connection_id)
        version, document = settings_in_force(session, connection_id)
        silent = silent_since(session, connection_id)
    box = SecretBox.open(settings())
    shops = Shops(
        connection=connection,
        settings=document,
        settings_version=version,
        # Which of its two category trees a market insists on is learned by asking (taxonomy_refresh).
        market=replace(market(connection.region), category_version=connection.category_version),
        prestashop=_prestashop(
            connection.prestashop_url,
            box.decrypt(connection.prestashop_key_secret),
            document.products.shop_id,
            connection.prestashop_timezone,
            # Connections to one shop share its client while there is no doubt about it.
            *((connection_id, silent["prestashop"]) if "prestashop" in silent else (0, "")),
        ),
        tiktok=_tiktok(
            connection_id,
            App(connection.app_key, box.decrypt(connection.app_secret_secret), connection.service_id),
            connection.shop_cipher,
            connection.tiktok_api_url,
            connection.tiktok_auth_url,
            silent.get("tiktok", ""),
        ),
    )
    _last_opened[connection_id] = shops.tiktok
    return shops


def tiktok_answered_at(connection_id: int) -> datetime | None:
    """When a call to TikTok Shop last succeeded in this process; None when none did for that connection."""
    client = _last_opened.get(connection_id)
    return None if client is None else client.answered_at


# The client of each connection: whoever asks when it was answered need not be able to open it.
_last_opened: Final[dict[int, TikTokClient]] = {}


@lru_cache(maxsize=64)
def _prestashop(url: str, key: str, shop_id: int, timezone: str, connection_id: int, silent: str) -> PrestaShopClient:
    return PrestaShopClient(
        url,
        key,
        shop_id=shop_id,
        budget=call_budget(settings(), f"prestashop:{url}"),
        timezone=ZoneInfo(timezone) if timezone else None,
        doubt=doubt(connection_id, "prestashop", silent),
    )


@lru_cache(maxsize=64)
def _tiktok(connection_id: int, app: App, shop_cipher: str, api_url: str, auth_url: str, silent: str) -> TikTokClient:
    return TikTokClient(
        app,
        DatabaseTokenStore(database(), connection_id, SecretBox.open(settings())),
        shop_cipher=shop_cipher or None,
        api_url=api_url,
        auth_url=auth_url,
        budget=call_budget(settings(), f"tiktok:{connection_id}"),
        http=httpx.Client(limits=httpx.Limits(max_connections=32, max_keepalive_connections=32)),
        clock=utc_now,
        doubt=doubt(connection_id, "tiktok", silent),
    )


def call_budget(process: Settings, shop: str) -> CallBudget:
    """The budget of one shop, shared by all processes of the installation, on all its machines (K10).

    It starts at the configured rate and may grow to twice that while the shop takes every call.
    """
    if shop.startswith("prestashop"):
        reads = writes = process.prestashop_calls_per_second
    else:
        reads, writes = process.tiktok_reads_per_second, process.tiktok_writes_per_second
    return SharedBudget(_purse(process), shop, {"read": Limits(reads, 2 * reads), "write": Limits(writes, 2 * writes)})


def _purse(process: Settings) -> Purse:
    """Where budgets are kept: with our tables when those are on PostgreSQL, which several machines share."""
    location = make_url(process.database)
    if location.get_backend_name() == "postgresql":
        return _postgres_purse(location.set(drivername="postgresql").render_as_string(hide_password=False))
    make_private(process.home)
    return FilePurse(process.budget_file)


@lru_cache(maxsize=8)
def _postgres_purse(url: str) -> PostgresPurse:
    """One connection for all shops of this process."""
    return PostgresPurse(url)
