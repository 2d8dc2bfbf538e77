"""Cron URLs: which jobs a scheduler elsewhere may start, and the key that lets it (D2)."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from sqlmodel import Session, col, select

from config.secret_box import SecretBox
from config.settings import settings
from models.connections import Connection, find_connection, settings_in_force
from models.database import database
from models.settings import ScheduleSettings
from models.webhooks import CronKey
from tasks.shops import utc_now

JOBS: Final = tuple(ScheduleSettings.model_fields)
"""Names of the flows that have schedules, and so cron URLs."""

UNSTOPPED: Final = ("authorization_watch", "doctor")
"""Jobs that go on while a connection is stopped or not authorized: renewing the consent, telling what is wrong."""

# Compared with where there is no key, so that the answer takes as long.
_NOBODYS: Final = secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class CronJob:
    """A URL to be called regularly.

    Attributes:
        path: with the connection and the job, without the key.
        seconds: recommended between calls.
    """

    connection: str
    job: str
    path: str
    key: str
    seconds: int

    def __repr__(self) -> str:
        return f"CronJob({self.path})"


def in_url(connection: str) -> str:
    """A connection's name as URLs and deployments write it: without "/" and "%"."""
    return connection.replace("/", "-").replace("%", "-")


def cron_jobs(name: str = "") -> list[CronJob]:
    """All cron URLs, or those of one connection; keys are made where there are none yet.

    Raises:
        UnknownConnection: there is no connection of that name.
    """
    box = SecretBox.open(settings())
    jobs: list[CronJob] = []
    with database().write() as session:
        connections = [find_connection(session, name)] if name else _all(session)
        for connection in connections:
            kept = session.get(CronKey, connection.key) or _renew(session, connection, box)
            key = box.decrypt(kept.key_secret)
            schedules = settings_in_force(session, connection.key)[1].schedules
            jobs += [
                CronJob(
                    connection.name,
                    job,
                    f"/cron/{quote(in_url(connection.name), safe='')}/{job}",
                    key,
                    int(getattr(schedules, job)) or int(ScheduleSettings.model_fields[job].default) or 24 * 3600,
                )
                for job in JOBS
            ]
    return jobs


def rotate_key(name: str) -> None:
    """Give a connection a new key; URLs with the old one are refused from now on.

    Raises:
        UnknownConnection: there is no connection of that name.
    """
    with database().write() as session:
        _renew(session, find_connection(session, name), SecretBox.open(settings()))


def connection_of_key(written: str, key: str) -> str | None:
    """The name of the connection when the key is its own, else None. Takes equally long either way.

    Args:
        written: the connection's name, as in the URL.
        key: that came with the request.
    """
    with database().read() as session:
        rows = session.exec(
            select(Connection.name, CronKey.key_secret).join(CronKey, col(CronKey.connection_id) == col(Connection.id))
        ).all()
    found = next(((name, secret) for name, secret in rows if in_url(name) == written), None)
    expected = SecretBox.open(settings()).decrypt(found[1]) if found else _NOBODYS
    right = hmac.compare_digest(key.encode(), expected.encode())
    return found[0] if found and right else None


def is_stopped(name: str, job: str) -> bool:
    """Whether nobody but a person may start the job now."""
    with database().read() as session:
        return job not in UNSTOPPED and find_connection(session, name).stopped_at is not None


def _all(session: Session) -> list[Connection]:
    return list(session.exec(select(Connection).order_by(col(Connection.name))))


def _renew(session: Session, connection: Connection, box: SecretBox) -> CronKey:
    return session.merge(
        CronKey(connection_id=connection.key, key_secret=box.encrypt(secrets.token_urlsafe(32)), made_at=utc_now())
    )
