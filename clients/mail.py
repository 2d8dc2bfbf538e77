"""Handing one mail to an SMTP server.

`deliver` returns when the server has accepted the mail, and raises `MailFailed` when it has not or when nobody knows:
a connection that breaks between the last byte and the server's answer may have delivered it. Whoever sends it again
then sends it twice at worst, never not at all.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses, make_msgid
from typing import Final, Literal

from config.logging import redact
from config.settings import Settings

Security = Literal["starttls", "tls", "none"]

# Plain letters on the wire: not every server takes eight bits.
_POLICY: Final = SMTP.clone(cte_type="7bit")
# A header line that is longer says nothing more.
_MAX_SUBJECT: Final = 200
_MAX_ANSWER: Final = 200
_OWN_MACHINE: Final = ("localhost", "127.0.0.1", "::1")


class MailFailed(Exception):
    """The server did not surely accept the mail. Never holds a password or an address.

    Args:
        code: "smtp_unreachable", "smtp_certificate", "smtp_login", "smtp_recipient", …
        cause: what happened, in the merchant's words.
        fix: what to do about it.
    """

    def __init__(self, code: str, cause: str, fix: str) -> None:
        super().__init__(cause)
        self.code = code
        self.cause = cause
        self.fix = fix


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails go, and as whom.

    Attributes:
        sender: "name <address>" or an address.
        timeout: seconds to wait for each answer.
    """

    host: str
    port: int = 587
    security: Security = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    timeout: float = 20.0

    @classmethod
    def configured(cls, process: Settings) -> MailServer | None:
        """The server of the process settings; None when there is none."""
        if not process.smtp_host:
            return None
        return cls(
            host=process.smtp_host,
            port=process.smtp_port,
            security=process.smtp_security,
            user=process.smtp_user,
            password=process.smtp_password.get_secret_value(),
            sender=process.smtp_from or process.smtp_user,
            timeout=process.smtp_timeout,
        )


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail: the same in plain text and in HTML."""

    to: str
    subject: str
    text: str
    html: str


def compose(letter: Letter, sender: str, at: datetime) -> EmailMessage:
    """The message with its headers; what would break out of a header is refused or made blanks.

    Raises:
        MailFailed: sender or recipient is no address.
    """
    message = EmailMessage(policy=_POLICY)
    own = _address(
        sender, "smtp_sender", "The sender of mails is no e-mail address.", "Set CONNECTOR_SMTP_FROM to one."
    )
    message["From"] = own
    message["To"] = _address(
        letter.to, "smtp_recipient", "The address to tell of failed orders is none.", "Correct orders.failure_email."
    )
    message["Subject"] = " ".join("".join(one if one.isprintable() else " " for one in letter.subject).split())[
        :_MAX_SUBJECT
    ]
    message["Date"] = format_datetime(at)
    # The sender's domain: the machine's own name is nobody's business.
    message["Message-ID"] = make_msgid(domain=own.domain)
    # RFC 3834: no holiday notes in return.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def deliver(server: MailServer, letter: Letter, at: datetime) -> str:
    """Hand a mail over; answers its Message-ID once the server has accepted it.

    Raises:
        MailFailed: it was refused, or its fate is not known.
    """
    message = compose(letter, server.sender, at)
    with _logged_in(server) as connection:
        connection.send_message(message)
    return str(message["Message-ID"])


def try_login(server: MailServer) -> None:
    """Connect and log in as for a mail, and send none.

    Raises:
        MailFailed: the server cannot be used.
    """
    _address(
        server.sender, "smtp_sender", "The sender of mails is no e-mail address.", "Set CONNECTOR_SMTP_FROM to one."
    )
    with _logged_in(server) as connection:
        connection.noop()


@contextmanager
def _logged_in(server: MailServer) -> Iterator[smtplib.SMTP]:
    """A connection that may send; what fails in the block is told as `MailFailed` too."""
    if server.user and server.security == "none" and server.host not in _OWN_MACHINE:
        raise MailFailed(
            "smtp_no_tls",
            "The password would go to the mail server unencrypted.",
            "Set CONNECTOR_SMTP_SECURITY to starttls or tls, or leave CONNECTOR_SMTP_USER empty.",
        )
    try:
        with _conversation(server) as connection:
            yield connection
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise _failed(server, error) from None


@contextmanager
def _conversation(server: MailServer) -> Iterator[smtplib.SMTP]:
    encrypted = ssl.create_default_context() if server.security != "none" else None
    connection: smtplib.SMTP
    if server.security == "tls":
        connection = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout, context=encrypted)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
    try:
        if server.security == "starttls":
            connection.starttls(context=encrypted)
        if server.user:
            connection.login(server.user, server.password)
        yield connection
        # Accepted: how the conversation ends changes nothing about that.
        with suppress(smtplib.SMTPException, OSError):
            connection.quit()
    finally:
        connection.close()


def _address(text: str, code: str, cause: str, fix: str) -> Address:
    found = getaddresses([text]) if text.isprintable() else []
    name, spec = found[0] if len(found) == 1 else ("", "")
    local, _, domain = spec.rpartition("@")
    try:
        if not local or not domain:
            raise ValueError
        return Address(display_name=name, username=local, domain=domain.encode("idna").decode("ascii"))
    except (ValueError, HeaderParseError, IndexError):
        raise MailFailed(code, cause, fix) from None


def _failed(server: MailServer, error: Exception) -> MailFailed:
    where = f"{server.host}:{server.port}"
    match error:
        case ssl.SSLError():
            return MailFailed(
                "smtp_certificate",
                f"No encrypted connection to the mail server {where}: {_answer(error.reason or str(error))}",
                "Check host, port and CONNECTOR_SMTP_SECURITY (starttls on 587, tls on 465) and the server's "
                "certificate; SSL_CERT_FILE names the authority of a private one.",
            )
        case smtplib.SMTPAuthenticationError():
            return MailFailed(
                "smtp_login",
                f"The mail server {where} refused the login ({error.smtp_code}).",
                "Check CONNECTOR_SMTP_USER and CONNECTOR_SMTP_PASSWORD.",
            )
        case smtplib.SMTPNotSupportedError():
            return MailFailed(
                "smtp_unsupported",
                f"The mail server {where} does not offer what is needed: {_answer(str(error))}",
                "Set CONNECTOR_SMTP_SECURITY to what the server offers; it may want a login only after encryption.",
            )
        case smtplib.SMTPRecipientsRefused():
            answer = next(iter(error.recipients.values()), (0, b""))
            return MailFailed(
                "smtp_recipient",
                f"The mail server {where} does not take mail for the address of orders.failure_email "
                f"({_coded(answer[0], answer[1])}).",
                "Check orders.failure_email, and whether the server relays mail for this sender.",
            )
        case smtplib.SMTPSenderRefused():
            return MailFailed(
                "smtp_sender",
                f"The mail server {where} refused the sender ({_coded(error.smtp_code, error.smtp_error)}).",
                "Set CONNECTOR_SMTP_FROM to an address this login may send from.",
            )
        case smtplib.SMTPResponseException():
            return MailFailed(
                "smtp_refused",
                f"The mail server {where} refused the mail ({_coded(error.smtp_code, error.smtp_error)}).",
                "It is tried again with the next run; if this stays, ask whoever runs the server.",
            )
        case UnicodeError():
            return MailFailed(
                "smtp_settings",
                "The mail server's name, user or password holds characters that cannot be sent.",
                "Check CONNECTOR_SMTP_HOST, CONNECTOR_SMTP_USER and CONNECTOR_SMTP_PASSWORD.",
            )
        case _:
            return MailFailed(
                "smtp_unreachable",
                f"The mail server {where} cannot be reached or broke off ({type(error).__name__}).",
                "Check CONNECTOR_SMTP_HOST and CONNECTOR_SMTP_PORT; it is tried again with the next run.",
            )


def _coded(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {_answer(text)}".strip()


def _answer(text: str) -> str:
    """What a server said, on one line and without addresses."""
    return redact(" ".join(text.split()))[:_MAX_ANSWER]
