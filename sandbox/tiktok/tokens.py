"""Consent codes and token pairs of the token host (sheet 1.2–1.4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.tiktok.errors import ApiError

if TYPE_CHECKING:
    from sandbox.tiktok.world import TikTokWorld

CODE_LIFETIME = timedelta(minutes=30)
ACCESS_LIFETIME = timedelta(days=7)
AUTHORIZATION_LIFETIME = timedelta(days=365)

SCOPES = (
    "seller.authorization.info",
    "seller.shop.info",
    "seller.global_product.info",
    "seller.product.basic",
    "seller.product.write",
    "seller.product.delete",
    "seller.logistics.basic",
    "seller.order.info",
    "seller.fulfillment.basic",
    "seller.fulfillment.package.write",
    "seller.return_refund.basic",
)


@dataclass(frozen=True, slots=True)
class Grant:
    """One authorization by the seller; refreshing makes a new one that takes its place."""

    access_token: str
    access_expires: datetime
    refresh_token: str
    refresh_expires: datetime
    scopes: tuple[str, ...]


class TokenDesk:
    """Codes handed out at the consent page and the token pairs they were exchanged for."""

    def __init__(self, world: "TikTokWorld") -> None:
        self._world = world
        self._codes: dict[str, datetime] = {}
        self._by_access: dict[str, Grant] = {}
        self._by_refresh: dict[str, Grant] = {}
        self.scopes: tuple[str, ...] = SCOPES  # what the next consent grants

    def new_code(self) -> str:
        code = f"ROW_{self._world.new_token(40)}"
        self._codes[code] = self._world.now() + CODE_LIFETIME
        return code

    def exchange(self, code: str) -> Grant:
        expires = self._codes.pop(code, None)
        if expires is None or expires <= self._world.now():
            raise ApiError(36004004, "The authorization code is invalid or expired")
        return self._grant(self._world.now() + AUTHORIZATION_LIFETIME, self.scopes)

    def refresh(self, refresh_token: str) -> Grant:
        """A new pair; the old access and refresh tokens stop working at once."""
        old = self._by_refresh.get(refresh_token)
        if old is None or old.refresh_expires <= self._world.now():
            raise ApiError(36004004, "The refresh token is invalid or expired")
        self._drop(old)
        return self._grant(old.refresh_expires, old.scopes)

    def of_access_token(self, access_token: str) -> Grant:
        """The live grant of a token: 105001 unknown, 105002 expired."""
        grant = self._by_access.get(access_token)
        if grant is None:
            raise ApiError(105001, "The access token is invalid", 401)
        if grant.access_expires <= self._world.now():
            raise ApiError(105002, "Expired credentials", 401)
        return grant

    def endings(self) -> dict[str, datetime]:
        """When each live authorization ends, by its refresh token."""
        return {grant.refresh_token: grant.refresh_expires for grant in self._by_refresh.values()}

    def revoke_all(self) -> None:
        """The seller takes the authorization back."""
        self._by_access.clear()
        self._by_refresh.clear()

    def _grant(self, refresh_expires: datetime, scopes: tuple[str, ...]) -> Grant:
        world = self._world
        grant = Grant(
            f"ROW_{world.new_token(60)}",
            world.now() + ACCESS_LIFETIME,
            f"ROW_{world.new_token(60)}",
            refresh_expires,
            scopes,
        )
        self._by_access[grant.access_token] = grant
        self._by_refresh[grant.refresh_token] = grant
        return grant

    def _drop(self, grant: Grant) -> None:
        del self._by_access[grant.access_token]
        del self._by_refresh[grant.refresh_token]


def token_call(world: "TikTokWorld", action: str, query: dict[str, str]) -> dict[str, Any]:
    """GET /api/v2/token/{get|refresh}: `data` of the answer."""
    credential, grant_type = {
        "get": ("auth_code", "authorized_code"),
        "refresh": ("refresh_token", "refresh_token"),
    }[action]
    if not query.get(credential) or query.get("grant_type") != grant_type:
        raise ApiError(98001004, "Invalid parameter")
    if (query.get("app_key"), query.get("app_secret")) != (world.app_key, world.app_secret):
        raise ApiError(36009004, "Invalid app key or secret")
    desk = world.tokens
    grant = desk.exchange(query[credential]) if action == "get" else desk.refresh(query[credential])
    return {
        "access_token": grant.access_token,
        "access_token_expire_in": int(grant.access_expires.timestamp()),
        "refresh_token": grant.refresh_token,
        "refresh_token_expire_in": int(grant.refresh_expires.timestamp()),
        "open_id": world.open_id,
        "seller_name": world.seller_name,
        "seller_base_region": world.region,
        "user_type": 0,
        "granted_scopes": list(grant.scopes),
    }
