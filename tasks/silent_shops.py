"""Shops that do not answer at all: the next runs ask first whether they are back, before they wait for them patiently.

A run that meets one repeats its calls for minutes. Without this, all flows of a connection whose PrestaShop is down
would do so one after the other, in places that runs of other connections need.
"""

from __future__ import annotations

from datetime import datetime
from time import sleep
from typing import Final

import httpx
from sqlmodel import col, select

from clients.errors import Retryable, Shop, Throttled, Unavailable
from models.connections import Connection, Watermark
from models.database import connection_worked_on, database
from tasks.shops import utc_now

_SILENT: Final[dict[str, Shop]] = {"silent prestashop": "prestashop", "silent tiktok": "tiktok"}
"""Names of the marks, whose value is since when."""

# How long an answer to a knock is waited for, and how often is knocked.
_SECONDS: Final = 5.0
_KNOCKS: Final = 2


def note_silence(error: Retryable) -> None:
    """Note that a shop did not answer, though it was asked again and again, in what is being worked on."""
    connection_id = connection_worked_on()
    if connection_id is None or isinstance(error, Throttled):
        return
    now = utc_now()
    with database().write() as session:
        if session.get(Watermark, (connection_id, f"silent {error.shop}")) is None:
            session.add(
                Watermark(
                    connection_id=connection_id, name=f"silent {error.shop}", value=now.isoformat(), updated_at=now
                )
            )


def knock(connection_id: int) -> None:
    """Ask the shops that did not answer lately whether they are back; mostly there are none and nothing is asked.

    Raises:
        Unavailable: one is not.
    """
    with database().read() as session:
        marks = session.exec(
            select(Watermark).where(Watermark.connection_id == connection_id, col(Watermark.name).in_(_SILENT))
        ).all()
        connection = session.get_one(Connection, connection_id)
    addresses: dict[Shop, str] = {
        "prestashop": f"{connection.prestashop_url.rstrip('/')}/api/",
        "tiktok": connection.tiktok_api_url,
    }
    for mark in marks:
        shop = _SILENT[mark.name]
        if not _answers(addresses[shop]):
            raise _still_silent(shop, datetime.fromisoformat(mark.value))
        with database().write(connection_id) as session:
            session.delete(session.merge(mark))


def _answers(address: str) -> bool:
    """Whether anything but a fault of a server comes from there: a refusal, as for want of a key, is an answer."""
    for again in range(_KNOCKS):
        sleep(again)
        try:
            if httpx.get(address, timeout=_SECONDS).status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                return True
        except httpx.HTTPError:
            continue
    return False


def _still_silent(shop: Shop, since: datetime) -> Unavailable:
    called = {"prestashop": "PrestaShop", "tiktok": "TikTok Shop"}[shop]
    return Unavailable(
        f"{shop}: no answer since {since:%Y-%m-%d %H:%M} UTC",
        shop=shop,
        code="silent",
        cause=f"{called} has not answered since {since:%Y-%m-%d %H:%M} UTC.",
        fix="See whether its site opens. Runs go on as soon as it answers, and catch up.",
    )
