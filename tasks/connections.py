"""Setting up a connection: adding it, checking both sides, and the merchant's consent on TikTok Shop (A1–A3, A7).

Plain functions: these steps are taken by a person at a prompt or in the console, not by a run.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from pydantic import BaseModel, Field
from sqlmodel import Session, select

from clients.errors import ConfigurationFault, ShopError
from clients.prestashop import PrestaShopClient
from clients.prestashop.address import shop_url
from clients.prestashop.status import ShopStatus
from clients.tiktok.auth import AUTH_URL, App, Authorizer, MemoryTokenStore, Tokens, callback_code, consent_url
from clients.tiktok.client import TikTokClient
from clients.tiktok.results import Shop
from clients.tiktok.transport import API_URL
from config.secret_box import SecretBox
from config.settings import settings
from models.connections import (
    AuthorizationState,
    Connection,
    Watermark,
    find_connection,
    settings_in_force,
    store_settings,
)
from models.database import Database, database
from rules.market import market
from tasks.report import Failure
from tasks.shops import DatabaseTokenStore, open_shops, utc_now

_STATE = "consent state"
# TikTok Shop refuses requests 30 seconds ahead of its clock (tiktok-shop-api.md 1.6).
_TOLERATED_SKEW = 30.0
_EXPIRES_SOON = timedelta(days=30)


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


class SideState(BaseModel):
    """One side of a connection as a check found it: facts by name, and what is wrong with its fix."""

    reachable: bool = False
    facts: dict[str, str] = Field(default_factory=dict)
    problems: list[Failure] = Field(default_factory=list)


class ConnectionCheck(BaseModel):
    """Both sides of a connection."""

    connection: str
    prestashop: SideState
    tiktok: SideState

    @property
    def reachable(self) -> bool:
        """Both shops let us in."""
        return self.prestashop.reachable and self.tiktok.reachable

    @property
    def ok(self) -> bool:
        """Nothing is wrong on either side."""
        return self.reachable and not self.prestashop.problems and not self.tiktok.problems


class Authorized(BaseModel):
    """The outcome of a consent: the chosen shop among those it covers."""

    connection: str
    shop_id: str
    shop_name: str
    region: str
    covered: list[str]
    access_expires_at: datetime
    refresh_expires_at: datetime


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
            **dict(zip(secret, map(box.encrypt, secret.values()), strict=True)),
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


def check_connection(name: str) -> ConnectionCheck:
    """Ask both shops and say what is wrong with a fix; an error of one side does not hide the other."""
    with database().read() as session:
        connection = find_connection(session, name)
    return ConnectionCheck(
        connection=connection.name, prestashop=_check_prestashop(connection), tiktok=_check_tiktok(connection)
    )


def _check_prestashop(connection: Connection) -> SideState:
    side = SideState(facts={"address": connection.prestashop_url})
    try:
        shops = open_shops(connection.key)
        status = shops.prestashop.check()
    except ShopError as error:
        side.problems.append(Failure.of("PrestaShop", error))
        return side
    with database().write() as session:
        note_status(session.get_one(Connection, connection.key), status)
    side.reachable = True
    side.facts |= {
        "shop": status.name,
        "version": status.version or "not told",
        "domain": status.domain or "not readable",
        "time zone": status.timezone or "not readable",
        "changes single fields (PATCH)": "yes" if status.patch else "no",
        "clock": "not told" if status.clock_skew is None else f"{status.clock_skew:+.0f} s to ours",
    }
    if status.missing:
        side.problems.append(
            Failure(
                object="webservice key",
                code="missing-rights",
                cause=f"The key lacks rights: {', '.join(status.missing)}.",
                fix="In the PrestaShop back office under Advanced Parameters > Webservice, edit the key and tick them.",
            )
        )
    known = {shop.id for shop in status.shops}
    if known and shops.settings.products.shop_id not in known:
        side.problems.append(
            Failure(
                object="shop",
                code="unknown-shop",
                cause=f"There is no PrestaShop shop with id {shops.settings.products.shop_id}.",
                fix=f"Choose one of {sorted(known)}: connector settings set products.shop_id=…",
            )
        )
    if status.clock_skew is not None and abs(status.clock_skew) > _TOLERATED_SKEW:
        side.problems.append(
            Failure(
                object="clock",
                code="clock-skew",
                cause=f"The clocks of the shop and of this server differ by {abs(status.clock_skew):.0f} seconds.",
                fix="Synchronise both with a time server (NTP).",
            )
        )
    return side


def _check_tiktok(connection: Connection) -> SideState:
    side = SideState(facts=tiktok_facts(connection))
    try:
        shops = open_shops(connection.key)
        covered = shops.tiktok.shops()
        side.reachable = True
        with database().write() as session:
            session.get_one(Connection, connection.key).last_call_at = utc_now()
        if connection.shop_id not in {shop.id for shop in covered}:
            side.problems.append(
                Failure(
                    object="shop",
                    code="shop-not-covered",
                    cause="The authorization no longer covers the shop of this connection.",
                    fix=f"Authorize it again: connector connection authorize {connection.name}",
                )
            )
            return side
        for check in shops.tiktok.prerequisites():
            if check.get("is_failed"):
                reasons = "; ".join(str(reason) for reason in check.get("fail_reasons") or []) or "no reason given"
                side.problems.append(
                    Failure(
                        object=str(check.get("check_item", "")),
                        code="prerequisite",
                        cause=f"TikTok Shop does not take listings yet: {reasons}",
                        fix="Finish this step in Seller Center.",
                    )
                )
    except ShopError as error:
        side.problems.append(Failure.of("TikTok Shop", error))
    else:
        expires = connection.refresh_expires_at
        if expires is not None and expires - utc_now() < _EXPIRES_SOON:
            side.problems.append(
                Failure(
                    object="authorization",
                    code="expires-soon",
                    cause=f"The authorization runs out on {expires:%Y-%m-%d}.",
                    fix=f"Authorize the shop again before: connector connection authorize {connection.name}",
                )
            )
    return side


def tiktok_facts(connection: Connection) -> dict[str, str]:
    """What is stored about the TikTok side, without secrets (A7)."""
    return {
        "region": connection.region,
        "shop": connection.shop_name or "not chosen",
        "shop id": connection.shop_id or "not chosen",
        "seller": connection.seller_name or "unknown",
        "authorization": connection.authorization.value,
        "access token until": _when(connection.access_expires_at),
        "consent until": _when(connection.refresh_expires_at),
        "scopes": ", ".join(connection.granted_scopes) or "none told",
        "last successful call": _when(connection.last_call_at),
    }


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"


def begin_consent(name: str) -> tuple[str, str]:
    """The link that the merchant opens, and the state its redirect has to bring back."""
    state = secrets.token_urlsafe(24)
    with database().write() as session:
        connection = find_connection(session, name)
        session.merge(Watermark(connection_id=connection.key, name=_STATE, value=state, updated_at=utc_now()))
    page = None
    if connection.tiktok_auth_url != AUTH_URL:
        # Another server stands in for the authorization host; its consent page is there too.
        page = f"{connection.tiktok_auth_url}/open/authorize"
    return consent_url(_app(connection, secret=""), connection.region, state, consent_url=page), state


def code_of(name: str, answer: str) -> str:
    """The authorization code out of what the merchant pasted: the address after the redirect, or the code itself.

    Raises:
        ReauthorizationNeeded: declined, or the address does not belong to the link opened last.
    """
    if "://" not in answer:
        return answer.strip()
    query = {key: values[0] for key, values in parse_qs(urlsplit(answer.strip()).query).items()}
    return code_of_callback(name, query)


def code_of_callback(name: str, query: Mapping[str, str]) -> str:
    """The authorization code out of a redirect's query, after comparing its state with that of the last link."""
    with database().read() as session:
        connection = find_connection(session, name)
        kept = session.get(Watermark, (connection.key, _STATE))
    return callback_code(query, kept.value if kept else secrets.token_urlsafe(24))


def authorize_connection(name: str, code: str = "", *, shop: str = "") -> Authorized:
    """Exchange the code for tokens, choose the shop, and store both.

    Args:
        name: the connection.
        code: of the redirect; without one the stored tokens are used, to choose the shop only.
        shop: id, code or name of the shop, when the authorization covers several of the region.

    Raises:
        ConfigurationFault: no covered shop has the connection's region (A2), or several do and none was named, or the
            connection already belongs to another shop.
        ReauthorizationNeeded: the code is used up or too old.
    """
    store = database()
    box = SecretBox.open(settings())
    with store.read() as session:
        connection = find_connection(session, name)
    app = _app(connection, secret=box.decrypt(connection.app_secret_secret))
    keeper = DatabaseTokenStore(store, connection.key, box)
    with httpx.Client() as http:
        if code:
            authorizer = Authorizer(app, http=http, clock=utc_now, auth_url=connection.tiktok_auth_url)
            tokens = authorizer.exchange(code)
        else:
            tokens = keeper.load()
        client = TikTokClient(
            app,
            MemoryTokenStore(tokens) if code else keeper,
            clock=utc_now,
            api_url=connection.tiktok_api_url,
            auth_url=connection.tiktok_auth_url,
            http=http,
        )
        covered = client.shops()
    of_region = _of_region(connection, covered)
    if code:
        # Before a choice that may fail: a code works once, and --shop can then choose without a new consent.
        with keeper.lock():
            keeper.save(tokens)
    chosen = _choose(connection, of_region, shop)
    _store_shop(store, connection.key, chosen)
    return Authorized(
        connection=connection.name,
        shop_id=chosen.id,
        shop_name=chosen.name,
        region=chosen.region,
        covered=[_label(one) for one in covered],
        access_expires_at=tokens.access_expires_at,
        refresh_expires_at=tokens.refresh_expires_at,
    )


def store_authorization(name: str, tokens: Tokens, shop: Mapping[str, Any] | None = None) -> None:
    """Store tokens that were obtained elsewhere."""
    store = database()
    with store.read() as session:
        key = find_connection(session, name).key
    DatabaseTokenStore(store, key, SecretBox.open(settings())).save(tokens)
    if shop:
        _store_shop(store, key, Shop.read(dict(shop)))


def _app(connection: Connection, *, secret: str) -> App:
    return App(connection.app_key, secret, connection.service_id)


def _of_region(connection: Connection, covered: list[Shop]) -> list[Shop]:
    found = [shop for shop in covered if shop.region == connection.region]
    if found:
        return found
    there = ", ".join(_label(shop) for shop in covered) or "no shop at all"
    raise ConfigurationFault(
        "no authorized shop in the connection's region",
        shop="tiktok",
        code="wrong-region",
        cause=f"Connection {connection.name!r} is for {connection.region}, but the consent covers {there}.",
        fix=f"Give consent with the seller account of {connection.region}, or make another connection for that region.",
    )


def _choose(connection: Connection, shops: list[Shop], wanted: str) -> Shop:
    wanted = wanted or connection.shop_id
    chosen = [shop for shop in shops if not wanted or wanted in (shop.id, shop.code, shop.name)]
    if connection.shop_id and connection.shop_id not in {shop.id for shop in chosen}:
        raise ConfigurationFault(
            "another shop than the connection's",
            shop="tiktok",
            code="other-shop",
            cause=f"Connection {connection.name!r} belongs to shop {connection.shop_name!r}, which was not chosen.",
            fix="Give consent with that shop's account, or make another connection for the other shop.",
        )
    if len(chosen) == 1:
        return chosen[0]
    raise ConfigurationFault(
        "which shop is not clear",
        shop="tiktok",
        code="choose-shop",
        cause=f"The shop {wanted!r} is not covered." if wanted else "The consent covers several shops of this region.",
        fix=f"Choose with --shop one of: {', '.join(_label(shop) for shop in shops)}",
    )


def _label(shop: Shop) -> str:
    return f"{shop.name} ({shop.region}, id {shop.id})"


def _store_shop(store: Database, connection_id: int, shop: Shop) -> None:
    with store.write() as session:
        connection = session.get_one(Connection, connection_id)
        connection.shop_id, connection.shop_name, connection.shop_cipher = shop.id, shop.name, shop.cipher
        connection.authorization = AuthorizationState.AUTHORIZED
        connection.last_call_at = utc_now()
        mark = session.get(Watermark, (connection_id, _STATE))
        if mark is not None:
            session.delete(mark)
