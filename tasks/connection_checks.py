"""Asking both shops of a connection how they are: version, rights, clock, authorization, what is missing (A1, A7)."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from clients.errors import ShopError
from models.connections import Connection, find_connection
from models.database import database
from tasks.authorization import standing
from tasks.connections import note_status
from tasks.report import Failure
from tasks.shops import open_shops, utc_now

# TikTok Shop refuses requests 30 seconds ahead of its clock (tiktok-shop-api.md 1.6).
_TOLERATED_SKEW = 30.0
_EXPIRES_SOON = timedelta(days=30)


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
        expires = standing(connection.key).until
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
