"""Consent, tokens and their refresh (tiktok-shop-api.md sections 1.1 to 1.4)."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from urllib.parse import urlencode

import httpx
import stamina

from clients.errors import ConfigurationFault, ReauthorizationNeeded, Retryable
from clients.tiktok.answers import Call, Clock, Json, open_answer, send
from clients.tiktok.signing import encode_query

AUTH_URL: Final = "https://auth.tiktok-shops.com"
_CONSENT_PAGE: Final = "https://services.tiktokshop.com/open/authorize"
# US shops have their own partner centre and consent host; API and token hosts are shared (section 7.2).
_CONSENT_PAGES: Final[Mapping[str, str]] = {"US": "https://services.us.tiktokshop.com/open/authorize"}

_REFRESH_AHEAD: Final = timedelta(days=1)
_PAUSE_AFTER_FAILURE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class App:
    """The app registered in the partner centre; `service_id` is not the key (section 1.2)."""

    app_key: str
    app_secret: str = field(repr=False)
    service_id: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """One seller's authorization. Times are aware UTC."""

    access_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime
    open_id: str = ""
    seller_name: str = field(default="", repr=False)
    granted_scopes: tuple[str, ...] = ()


class TokenStore(Protocol):
    """Where one seller's tokens are kept; shared by all processes of the installation."""

    def load(self) -> Tokens:
        """The pair as it is stored now."""

    def lock(self) -> AbstractContextManager[None]:
        """Exclusive across threads and processes; held while a pair is being refreshed."""

    def save(self, tokens: Tokens) -> None:
        """Store the pair; durable before it returns. Called only with the lock held."""

    def lost(self, access_token: str) -> None:
        """The pair of that access token cannot be replaced any more, unless another one was stored meanwhile."""


class MemoryTokenStore:
    """Tokens of one process, for tests and one-off calls."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._lock = threading.Lock()

    def load(self) -> Tokens:
        """The pair as it is now."""
        return self._tokens

    def lock(self) -> AbstractContextManager[None]:
        """Exclusive between threads."""
        return _Held(self._lock)

    def save(self, tokens: Tokens) -> None:
        """Keep the pair."""
        self._tokens = tokens

    def lost(self, access_token: str) -> None:
        """Nobody else has to know."""


class _Held:
    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def consent_url(app: App, region: str, state: str, *, consent_url: str | None = None) -> str:
    """The address to send the merchant to. There is no redirect parameter: the partner centre has the redirect.

    Args:
        app: the app asking for consent.
        region: ISO code of the market (`GB`, `US`, …).
        state: opaque value to be compared with the callback's.
        consent_url: another consent page, when another server stands in.
    """
    base = consent_url or _CONSENT_PAGES.get(region.upper(), _CONSENT_PAGE)
    return f"{base}?{urlencode({'service_id': app.service_id, 'state': state})}"


def callback_code(query: Mapping[str, str], state: str) -> str:
    """The code of the redirect that follows consent.

    Raises:
        ReauthorizationNeeded: the merchant declined, or the redirect does not belong to our link.
    """
    if not hmac.compare_digest(query.get("state", "").encode(), state.encode()):
        raise ReauthorizationNeeded(
            "authorization callback with a foreign state",
            shop="tiktok",
            code="bad-state",
            cause="The answer does not belong to the consent link that was opened last.",
            fix="Open the consent link again, and finish in the same browser.",
        )
    code = query.get("code", "")
    # A refusal comes back as the literal text "null".
    if code in ("", "null"):
        raise ReauthorizationNeeded(
            "authorization callback without a code",
            shop="tiktok",
            code="auth-denied",
            cause="The authorization was declined.",
            fix="Open the consent link again and approve.",
        )
    return code


class Authorizer:
    """The authorization host: code → tokens, refresh token → tokens.

    The host takes the app secret in the query of a GET, unsigned; errors and logs here never hold a URL.
    """

    def __init__(
        self, app: App, *, http: httpx.Client, clock: Clock, auth_url: str = AUTH_URL, timeout: float = 30.0
    ) -> None:
        self._app = app
        self._http = http
        self._clock = clock
        self._base = auth_url.rstrip("/")
        self._timeout = timeout

    def exchange(self, code: str) -> Tokens:
        """The tokens for a fresh `code` (single use, about 30 minutes).

        Raises:
            ReauthorizationNeeded: the code is used up or too old.
        """
        return self._ask("/api/v2/token/get", {"auth_code": code, "grant_type": "authorized_code"}, "")

    def refresh(self, tokens: Tokens) -> Tokens:
        """The pair that replaces `tokens`; the old one has to be considered dead.

        Raises:
            ReauthorizationNeeded: the refresh token is no longer valid.
        """
        if tokens.refresh_expires_at <= self._clock():
            raise ReauthorizationNeeded(
                "the refresh token has expired",
                shop="tiktok",
                code="refresh-expired",
                cause="The authorization of the shop has run out.",
                fix="Authorize the shop again: open the consent link and approve.",
            )
        query = {"refresh_token": tokens.refresh_token, "grant_type": "refresh_token"}
        fresh = self._ask("/api/v2/token/refresh", query, tokens.refresh_token)
        return replace(
            fresh,
            open_id=fresh.open_id or tokens.open_id,
            seller_name=fresh.seller_name or tokens.seller_name,
            granted_scopes=fresh.granted_scopes or tokens.granted_scopes,
        )

    def _ask(self, path: str, query: dict[str, str], refresh_token: str) -> Tokens:
        params = {"app_key": self._app.app_key, "app_secret": self._app.app_secret, **query}
        # Repeatable: if the first try did go through, the second says so with 36004004.
        call = Call(f"GET {path}", repeatable=True, secrets=(self._app.app_secret, *query.values()))
        for attempt in stamina.retry_context(on=Retryable, attempts=3, timeout=None, wait_initial=0.5):
            with attempt:
                request = self._http.build_request(
                    "GET", f"{self._base}{path}?{encode_query(params)}", timeout=self._timeout
                )
                answer = open_answer(send(self._http, request, call), call, self._clock)
        return _tokens(answer.data, refresh_token, answer.request_id)


def _tokens(data: Json, refresh_token: str, request_id: str) -> Tokens:
    try:
        return Tokens(
            access_token=str(data["access_token"]),
            access_expires_at=_time(data["access_token_expire_in"]),
            refresh_token=str(data.get("refresh_token") or refresh_token),
            refresh_expires_at=_time(data["refresh_token_expire_in"]),
            open_id=str(data.get("open_id") or ""),
            seller_name=str(data.get("seller_name") or ""),
            granted_scopes=tuple(data.get("granted_scopes") or ()),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ConfigurationFault(
            "the authorization host accepted the call but sent no tokens",
            shop="tiktok",
            code="no-tokens",
            request_id=request_id,
            cause="The authorization service answered without tokens.",
            fix="Check the authorization address in the settings.",
        ) from None


def _time(seconds: object) -> datetime:
    # Absolute Unix time, in spite of its name (section 1.3).
    return datetime.fromtimestamp(int(str(seconds)), UTC)


class Credentials:
    """The access token to use now, refreshed exactly once for all threads and processes that share the store."""

    def __init__(self, store: TokenStore, authorizer: Authorizer, clock: Clock) -> None:
        self._store = store
        self._authorizer = authorizer
        self._clock = clock
        self._known: Tokens | None = None
        self._ahead = _REFRESH_AHEAD
        self._not_before: datetime | None = None

    def token(self) -> str:
        """An access token with time left; a pair that is about to expire is replaced first."""
        tokens = self._known or self._load()
        if not self._is_due(tokens):
            return tokens.access_token
        try:
            with self._store.lock():
                stored = self._load()
                return (self._renew(stored) if self._is_due(stored) else stored).access_token
        except Retryable:
            if tokens.access_expires_at <= self._clock():
                raise
            # Early by a day: the token still works, so a sick authorization host stops nobody yet.
            self._not_before = self._clock() + _PAUSE_AFTER_FAILURE
            return tokens.access_token

    def replace(self, refused: str) -> str:
        """The token to use after the platform refused `refused` as expired or unknown."""
        with self._store.lock():
            stored = self._load()
            return (self._renew(stored) if stored.access_token == refused else stored).access_token

    def renew_ahead(self, left: timedelta) -> bool:
        """Replace the pair if its access token lives for no longer than `left`; whether that was so.

        Raises:
            ReauthorizationNeeded: the refresh token is no longer valid.
            Retryable: the authorization host cannot answer now.
        """
        with self._store.lock():
            stored = self._load()
            if stored.access_expires_at - self._clock() > left:
                return False
            self._renew(stored)
            return True

    def _is_due(self, tokens: Tokens) -> bool:
        now = self._clock()
        if tokens.access_expires_at <= now:
            return True
        waiting = self._not_before is not None and now < self._not_before
        return tokens.access_expires_at - now <= self._ahead and not waiting

    def _load(self) -> Tokens:
        self._known = self._store.load()
        return self._known

    def _renew(self, stored: Tokens) -> Tokens:
        try:
            fresh = self._authorizer.refresh(stored)
        except ReauthorizationNeeded:
            self._store.lost(stored.access_token)
            raise
        self._store.save(fresh)
        # Tokens that live for less than a day would otherwise be due again at once.
        self._ahead = min(_REFRESH_AHEAD, (fresh.access_expires_at - self._clock()) / 7)
        self._known = fresh
        return fresh
