"""The merchant's consent on TikTok Shop: link, code, tokens, and the one shop of the connection (A2, A3)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx
from pydantic import BaseModel
from sqlmodel import Session, col, select

from clients.errors import ConfigurationFault
from clients.tiktok.auth import AUTH_URL, App, Authorizer, MemoryTokenStore, callback_code, consent_url
from clients.tiktok.client import TikTokClient
from clients.tiktok.results import Shop
from config.secret_box import SecretBox
from config.settings import settings
from models.connections import AuthorizationState, Connection, Watermark, find_connection
from models.database import database
from tasks.authorization import resume
from tasks.shops import DatabaseTokenStore, utc_now

_STATE: Final = "consent state"
_CHOICE: Final = "shop choice"
# How long a consent link can be come back from, and a choice among shops be made.
LASTS: Final = timedelta(minutes=30)


class Authorized(BaseModel):
    """The outcome of a consent: the chosen shop among those it covers."""

    connection: str
    shop_id: str
    shop_name: str
    region: str
    covered: list[str]
    access_expires_at: datetime
    refresh_expires_at: datetime


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
    """The authorization code out of a redirect's query, whose state has to be that of the last link; it works once.

    Raises:
        ReauthorizationNeeded: declined, too late, or the state is not that of the link opened last.
    """
    with database().write() as session:
        connection = find_connection(session, name)
        kept = _take(session, _STATE, query.get("state", ""), of=connection.key)
    return callback_code(query, kept.value if kept else secrets.token_urlsafe(24))


def connection_of_callback(query: Mapping[str, str]) -> tuple[str, str]:
    """(connection, code) of a redirect that says by its state alone which connection it is for; it works once.

    Raises:
        ReauthorizationNeeded: declined, too late, or the state is of no link that waits to be come back from.
    """
    with database().write() as session:
        kept = _take(session, _STATE, query.get("state", ""))
        name = session.get_one(Connection, kept.connection_id).name if kept else ""
    return name, callback_code(query, kept.value if kept else secrets.token_urlsafe(24))


def offer_choice(name: str) -> tuple[str, list[tuple[str, str]]]:
    """A ticket to choose a shop with, and the shops (id, in words) that the stored authorization covers."""
    store = database()
    box = SecretBox.open(settings())
    with store.read() as session:
        connection = find_connection(session, name)
    with httpx.Client() as http:
        client = TikTokClient(
            _app(connection, secret=box.decrypt(connection.app_secret_secret)),
            DatabaseTokenStore(store, connection.key, box),
            clock=utc_now,
            api_url=connection.tiktok_api_url,
            auth_url=connection.tiktok_auth_url,
            http=http,
        )
        shops = of_region(connection, client.shops())
    ticket = secrets.token_urlsafe(24)
    with store.write(connection.key) as session:
        session.merge(Watermark(connection_id=connection.key, name=_CHOICE, value=ticket, updated_at=utc_now()))
    return ticket, [(shop.id, _label(shop)) for shop in shops]


def connection_of_choice(ticket: str) -> str | None:
    """The connection that a ticket was given out for; None when it is too old or was used. It works once."""
    with database().write() as session:
        kept = _take(session, _CHOICE, ticket)
        return session.get_one(Connection, kept.connection_id).name if kept else None


def _take(session: Session, what: str, value: str, *, of: int | None = None) -> Watermark | None:
    """What was kept under this value, which is used up by that; None when there is nothing, or it is too old."""
    query = select(Watermark).where(Watermark.name == what, col(Watermark.value) == value)
    if of is not None:
        query = query.where(Watermark.connection_id == of)
    kept = session.exec(query).first()
    if kept is None:
        return None
    session.delete(kept)
    return kept if utc_now() - kept.updated_at <= LASTS else None


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
    of_region(connection, covered)
    try:
        chosen = choose_shop(connection, covered, shop)
    except ConfigurationFault:
        # Another seller's tokens must not take the place of those that work.
        if code and not connection.shop_id:
            # A code works once: --shop can then choose without a new consent, and nothing runs before.
            with keeper.lock():
                keeper.save(tokens)
        raise
    # Together: whatever runs after a consent also verifies everything anew.
    with keeper.lock(), store.write(connection.key) as session:
        if code:
            keeper.put(session, tokens)
        _put_shop(session, connection.key, chosen)
        resume(session, connection.key)
    return Authorized(
        connection=connection.name,
        shop_id=chosen.id,
        shop_name=chosen.name,
        region=chosen.region,
        covered=[_label(one) for one in covered],
        access_expires_at=tokens.access_expires_at,
        refresh_expires_at=tokens.refresh_expires_at,
    )


def _app(connection: Connection, *, secret: str) -> App:
    return App(connection.app_key, secret, connection.service_id)


def of_region(connection: Connection, covered: Sequence[Shop]) -> list[Shop]:
    """The covered shops that this connection may belong to.

    Raises:
        ConfigurationFault: there is none (A2).
    """
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


def choose_shop(connection: Connection, covered: Sequence[Shop], wanted: str = "") -> Shop:
    """The one shop of the connection; `wanted` is an id, code or name.

    Raises:
        ConfigurationFault: none or several fit, or the connection already belongs to another.
    """
    shops = of_region(connection, covered)
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


def _put_shop(session: Session, connection_id: int, shop: Shop) -> None:
    connection = session.get_one(Connection, connection_id)
    connection.shop_id, connection.shop_name, connection.shop_cipher = shop.id, shop.name, shop.cipher
    connection.authorization = AuthorizationState.AUTHORIZED
    connection.last_call_at = utc_now()
    mark = session.get(Watermark, (connection_id, _STATE))
    if mark is not None:
        session.delete(mark)
