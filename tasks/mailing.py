"""Mails to the merchant: to whom, and what it means when one cannot be sent."""

from __future__ import annotations

from sqlmodel import Session

from clients.mail import Letter, MailFailed, MailServer, deliver
from config.logging import redact
from config.settings import settings
from models.connections import Connection, settings_in_force
from tasks.report import Failure
from tasks.shops import utc_now


def contact(session: Session, connection: Connection) -> str:
    """Whom to tell about a connection (A5): its contact address, else that of orders.failure_email; "" for nobody."""
    return connection.contact_email or settings_in_force(session, connection.key)[1].orders.failure_email


def mail(address: str, subject: str, text: str, html: str) -> None:
    """Hand one over.

    Raises:
        MailFailed: no server is set, or it did not surely accept the mail.
    """
    server = MailServer.configured(settings())
    if server is None:
        raise MailFailed(
            "smtp_not_set",
            "There is something to tell by mail, and no mail server to tell it by.",
            "Set CONNECTOR_SMTP_HOST and what belongs to it.",
        )
    deliver(server, Letter(address, subject, text, html), utc_now())


def mail_failure(fault: MailFailed) -> Failure:
    """A mail that was not sent, for the report of the run."""
    if fault.code == "smtp_recipient":
        cause = "The mail was refused for its address."
        fix = "Check the contact address of the connection; without one orders.failure_email is used."
        return Failure(object="mail", code=fault.code, cause=cause, fix=fix)
    return Failure(object="mail", code=fault.code, cause=redact(fault.cause), fix=fault.fix)
