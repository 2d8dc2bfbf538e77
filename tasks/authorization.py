"""The life of a TikTok Shop authorization: refreshed ahead, counted down, withdrawn, taken up again (A7, K9).

A connection runs while `Connection.authorization` is AUTHORIZED and its shop is chosen. It becomes EXPIRED when TikTok
Shop no longer gives tokens (`tasks.shops.DatabaseTokenStore.lost`), REVOKED when the seller withdraws the consent,
AUTHORIZED by a consent.
A call that is refused in spite of a fresh token ends its run and no more: that may be a fault of the platform.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import httpx
from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from clients.errors import ShopError
from clients.mail import MailFailed
from clients.tiktok.auth import App, Authorizer, Credentials
from config.secret_box import SecretBox
from config.settings import settings
from models.connections import AuthorizationState, Connection, Watermark
from models.database import database, upsert
from models.listings import ListingSku
from models.orders import Notice
from rules import authorization as rules
from tasks.mailing import contact, mail, mail_failure
from tasks.report import BatchReport, Failure
from tasks.runs import Run
from tasks.shops import TOKEN_ISSUED, DatabaseTokenStore, utc_now
from tasks.statuses import SWEPT
from tasks.sweeps import forget_sweeps, set_watermark
from tasks.touched import touch

_TOLD_UNTIL: Final = "authorization until"
_CONSENTED: Final = "authorized"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the authorization of a connection stands.

    Attributes:
        connection: its name.
        until: when the consent ends, None when that is not known.
        days_left: whole days until then; None when it is not authorized or the end is not known.
    """

    connection: str
    state: AuthorizationState
    until: datetime | None
    days_left: int | None

    @property
    def text(self) -> str:
        """For people: "authorized, 23 days left"."""
        if self.days_left is None:
            return self.state.value
        return f"{self.state.value}, {self.days_left} {'day' if self.days_left == 1 else 'days'} left"


def standing(connection_id: int) -> Standing:
    """Where the authorization of a connection stands now."""
    with database().read() as session:
        return standing_of(session, session.get_one(Connection, connection_id))


def standing_of(session: Session, connection: Connection) -> Standing:
    """Where the authorization of a connection stands now, read in a session that is open."""
    now = utc_now()
    until = consent_end(session, connection, now)
    return Standing(
        connection.name, connection.authorization, until, rules.days_left(connection.authorization, until, now)
    )


def consent_end(session: Session, connection: Connection, now: datetime) -> datetime | None:
    """When the consent ends, by its tokens or by a warning of TikTok Shop; None when that is not known."""
    return rules.consent_until(connection.refresh_expires_at, _moment(session, connection.key, _TOLD_UNTIL), now)


def deauthorize(connection_id: int, at: datetime | None = None) -> bool:
    """The seller withdrew the consent (webhook 6): nothing runs from now on, and the tokens are forgotten.

    Args:
        connection_id: whose.
        at: when TikTok Shop said so; a message from before the last consent is of no account.

    Returns:
        Whether the connection was stopped.
    """
    with database().write() as session:
        connection = session.get_one(Connection, connection_id)
        if _is_late(session, connection_id, at) or connection.authorization is AuthorizationState.NONE:
            return False
        # At once; a refresh under way may still store its tokens, so they are forgotten after it.
        connection.authorization = AuthorizationState.REVOKED
    with _keeper(connection_id).lock(), database().write() as session:
        connection = session.get_one(Connection, connection_id)
        connection.authorization = AuthorizationState.REVOKED
        connection.access_token_secret = connection.refresh_token_secret = ""
        connection.access_expires_at = connection.refresh_expires_at = None
    return True


def note_expiry(connection_id: int, moment: datetime, at: datetime | None = None) -> None:
    """TikTok Shop warns that the consent ends at that moment (webhook 7); the countdown goes by the earlier end.

    Args:
        connection_id: whose.
        moment: the end.
        at: when TikTok Shop said so; a message from before the last consent is of no account.
    """
    with database().write() as session:
        if not _is_late(session, connection_id, at):
            set_watermark(session, connection_id, _TOLD_UNTIL, moment.isoformat())


def _is_late(session: Session, connection_id: int, at: datetime | None) -> bool:
    """Whether something was said before the last consent: it is delivered again for hours."""
    consented = _moment(session, connection_id, _CONSENTED)
    return at is not None and consented is not None and at < consented


def resume(session: Session, connection_id: int) -> None:
    """Verify everything anew after a consent: nobody knows what happened meanwhile on either side (K9).

    Sweeps of prices, stock and statuses are due now, all offers are worked out and those sold out read back. Orders,
    requests and statuses are searched from where their watermarks stood, which reaches back to before the pause.
    """
    now = utc_now()
    forget_sweeps(session, connection_id)
    connection = session.connection()
    connection.execute(
        delete(Watermark).where(
            col(Watermark.connection_id) == connection_id, col(Watermark.name).in_((SWEPT, _TOLD_UNTIL))
        )
    )
    connection.execute(
        delete(Notice).where(
            col(Notice.connection_id) == connection_id, col(Notice.key).startswith(rules.KEYS, autoescape=True)
        )
    )
    connection.execute(
        update(ListingSku).where(col(ListingSku.connection_id) == connection_id).values(stock_checked_at=None)
    )
    touch(session, connection_id, [0], "authorized again", now)
    set_watermark(session, connection_id, _CONSENTED, now.isoformat())


@task(name="refresh the access token ahead", cache_policy=NO_CACHE)
def refresh_ahead(connection_id: int) -> BatchReport:
    """Replace the access token when less than a third of its life is left, under the lock of all refreshes.

    A refusal stops the connection (EXPIRED); an authorization host that cannot answer is a failure, no error.
    """
    report = BatchReport()
    with database().read() as session:
        connection = session.get_one(Connection, connection_id)
        issued = _moment(session, connection_id, TOKEN_ISSUED)
    if connection.authorization is not AuthorizationState.AUTHORIZED or connection.access_expires_at is None:
        return report
    left = rules.refresh_left(issued, connection.access_expires_at)
    box = SecretBox.open(settings())
    app = App(connection.app_key, box.decrypt(connection.app_secret_secret), connection.service_id)
    try:
        with httpx.Client() as http:
            authorizer = Authorizer(app, http=http, clock=utc_now, auth_url=connection.tiktok_auth_url)
            if Credentials(_keeper(connection_id), authorizer, utc_now).renew_ahead(left):
                report.count("tokens refreshed")
    except ShopError as error:
        # One that ends the authorization is reported with the connection's state.
        if standing(connection_id).state is AuthorizationState.AUTHORIZED:
            report.failed(Failure.of("access token", error), count="refreshes failed")
    return report


@task(name="tell about the authorization", cache_policy=NO_CACHE)
def tell_standing(run: Run, *, dry_run: bool = False) -> BatchReport:
    """Report a connection that does not run, and mail what is due about its authorization, each notice once.

    The mail goes to the contact address of the connection, else to that of orders.failure_email. As with all notices,
    it is stored as told when the mail server has accepted it.
    """
    report = BatchReport()
    now = utc_now()
    with database().read() as session:
        connection = session.get_one(Connection, run.connection_id)
        stands = standing_of(session, connection)
        address = contact(session, connection)
        told = session.exec(
            select(Notice.key).where(
                Notice.connection_id == run.connection_id, col(Notice.key).startswith(rules.KEYS, autoescape=True)
            )
        ).all()
    if not connection.is_authorized:
        why = rules.not_authorized(run.connection, stands.state)
        report.failed(
            Failure(object="authorization", code=why.code, cause=why.cause, fix=why.fix), count="not authorized"
        )
    elif stands.days_left is not None:
        # Said even when it is 0, which a count is not.
        report.counts["days left"] = stands.days_left
    notice = rules.notice_due(run.connection, stands.state, stands.until, now, told)
    if notice is None:
        return report
    if dry_run or not address:
        report.count("to be told" if dry_run else "not told: no address")
        return report
    try:
        mail(address, *rules.letter_of(run.connection, notice))
    except MailFailed as fault:
        report.failed(mail_failure(fault), count="mails failed")
        return report
    with database().write() as session:
        upsert(session, Notice, [{"connection_id": run.connection_id, "key": notice.key, "told_at": now}])
    report.count("told")
    return report


def standing_rows(connection_id: int) -> list[dict[str, str | int | None]]:
    """The authorization as a row of a table (A7)."""
    with database().read() as session:
        connection = session.get_one(Connection, connection_id)
        stands = standing_of(session, connection)
    return [
        {
            "connection": stands.connection,
            "state": stands.state.value,
            "days left": stands.days_left,
            "consent until": _text(stands.until),
            "access token until": _text(connection.access_expires_at),
        }
    ]


def _keeper(connection_id: int) -> DatabaseTokenStore:
    return DatabaseTokenStore(database(), connection_id, SecretBox.open(settings()))


def _moment(session: Session, connection_id: int, name: str) -> datetime | None:
    mark = session.get(Watermark, (connection_id, name))
    return datetime.fromisoformat(mark.value) if mark is not None else None


def _text(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""
