"""Trying the login of a mail server: nothing is sent, and what is wrong is told as for a mail."""

from __future__ import annotations

from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from benchmarks.installation import free_port
from clients.mail import MailFailed, MailServer, try_login
from tests.post_office import Postbox, post_office

SENDER = "connector@example.org"


def authenticator(*arguments: Any) -> AuthResult:
    given: LoginPassword = arguments[-1]
    # Not handled: the server itself tells of a refusal.
    return AuthResult(success=given.password == b"right", handled=False)


def test_a_login_sends_nothing() -> None:
    postbox = Postbox()
    with post_office(postbox, authenticator=authenticator, auth_require_tls=False) as port:
        try_login(MailServer("127.0.0.1", port, "none", user="me", password="right", sender=SENDER))
    assert postbox.mails == []


def test_a_wrong_password_is_told_and_not_shown() -> None:
    with (
        post_office(Postbox(), authenticator=authenticator, auth_require_tls=False) as port,
        pytest.raises(MailFailed) as caught,
    ):
        try_login(MailServer("127.0.0.1", port, "none", user="me", password="wrong-one", sender=SENDER))
    assert caught.value.code == "smtp_login"
    assert "wrong-one" not in f"{caught.value}{caught.value.fix}"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sender": "nobody"}, "smtp_sender"),
        ({"host": "mail.example.org", "user": "me"}, "smtp_no_tls"),
        ({}, "smtp_unreachable"),
    ],
)
def test_what_cannot_work_is_told(changes: dict[str, Any], code: str) -> None:
    server = {"host": "127.0.0.1", "port": free_port(), "security": "none", "sender": SENDER, **changes}
    with pytest.raises(MailFailed) as caught:
        try_login(MailServer(**server))
    assert caught.value.code == code
    assert caught.value.fix
