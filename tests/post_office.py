"""A real SMTP server in the tests' own process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope

from benchmarks.installation import free_port
from config.settings import settings


@dataclass
class Postbox:
    """What the server has accepted, and how it answers."""

    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    rcpt_answer: str = ""
    data_answer: str = "250 OK"
    hang_up_at_quit: bool = False

    async def handle_RCPT(self, server: SMTP, _: Any, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if self.rcpt_answer:
            return self.rcpt_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.data_answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.envelopes.append(envelope)
        return self.data_answer

    async def handle_QUIT(self, server: SMTP, *_: Any) -> str:  # noqa: N802
        return "421 Gone already" if self.hang_up_at_quit else "221 Bye"


class Quiet(Controller):
    """A controller that does not ask for a certificate it could trust to see whether it runs itself."""

    def _trigger_server(self) -> None:
        with socket.create_connection((self.hostname, self.port), timeout=5):
            self._factory_invoked.wait(5)


@contextmanager
def post_office(postbox: Postbox, **options: Any) -> Iterator[int]:
    """The port of a server that runs meanwhile."""
    controller = Quiet(postbox, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def mail_through(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Make it the mail server of the process settings."""
    for name, value in {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "SECURITY": "none",
        "FROM": "connector@example.org",
        "TIMEOUT": "5",
    }.items():
        monkeypatch.setenv(f"CONNECTOR_SMTP_{name}", value)
    settings.cache_clear()
