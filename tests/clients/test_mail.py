"""Mails against a real SMTP server in this process: what arrives, what is refused, and what nobody can slip in."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.installation import free_port
from clients.mail import Letter, MailFailed, MailServer, compose, deliver
from config.settings import read_settings
from tests.post_office import Postbox, post_office

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
LETTER = Letter("shop@example.org", "3 orders wait – für Sie", "Grüße ✓\n", "<p>Grüße ✓</p>")


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """The server's side of an encrypted connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate's authority is known on this machine."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


def server(port: int, **changes: Any) -> MailServer:
    given: dict[str, Any] = {"host": "localhost", "port": port, "security": "none", "timeout": 5.0}
    return MailServer(**given | {"sender": "Connector <connector@example.org>"} | changes)


def authenticator(*_: Any) -> AuthResult:
    login = _[-1]
    assert isinstance(login, LoginPassword)
    return AuthResult(success=(login.login, login.password) == (b"me", b"s3cret"), handled=False)


def failing(call: Callable[[], object]) -> MailFailed:
    with pytest.raises(MailFailed) as caught:
        call()
    assert caught.value.cause
    assert caught.value.fix
    assert "@" not in caught.value.cause + caught.value.fix
    return caught.value


def test_a_mail_arrives_in_both_forms_with_its_headers(postbox: Postbox) -> None:
    with post_office(postbox) as port:
        message_id = deliver(server(port), LETTER, NOW)
    (mail,) = postbox.mails
    assert (mail["From"], mail["To"]) == ("Connector <connector@example.org>", "shop@example.org")
    assert mail["Subject"] == LETTER.subject
    assert mail["Message-ID"] == message_id
    assert message_id.endswith("@example.org>")
    assert (mail["Auto-Submitted"], mail["Date"].datetime) == ("auto-generated", NOW)
    assert mail.get_content_type() == "multipart/alternative"
    parts = [(part.get_content_type(), part.get_content_charset()) for part in mail.iter_parts()]
    assert parts == [("text/plain", "utf-8"), ("text/html", "utf-8")]
    bodies = [part.get_content().replace("\r\n", "\n") for part in mail.iter_parts()]
    assert bodies == [LETTER.text, LETTER.html + "\n"]
    raw = postbox.envelopes[0].content
    assert isinstance(raw, bytes)
    raw.decode("ascii")  # nothing that a server of the old kind would spoil
    assert (postbox.envelopes[0].mail_from, postbox.envelopes[0].rcpt_tos) == (
        "connector@example.org",
        ["shop@example.org"],
    )


def test_starttls_and_login(postbox: Postbox, tls: ssl.SSLContext, trusted: None) -> None:
    with post_office(postbox, tls_context=tls, require_starttls=True, authenticator=authenticator) as port:
        deliver(server(port, security="starttls", user="me", password="s3cret"), LETTER, NOW)
        wrong = failing(lambda: deliver(server(port, security="starttls", user="me", password="hunter2"), LETTER, NOW))
    assert len(postbox.mails) == 1
    assert wrong.code == "smtp_login"
    assert "hunter2" not in repr(server(1, password="hunter2")) + wrong.cause


def test_tls_from_the_first_byte(postbox: Postbox, tls: ssl.SSLContext, trusted: None) -> None:
    with post_office(postbox, ssl_context=tls) as port:
        deliver(server(port, security="tls"), LETTER, NOW)
    assert len(postbox.mails) == 1


def test_a_certificate_nobody_vouches_for_is_refused(postbox: Postbox, tls: ssl.SSLContext) -> None:
    with post_office(postbox, tls_context=tls) as port:
        assert failing(lambda: deliver(server(port, security="starttls"), LETTER, NOW)).code == "smtp_certificate"
    assert not postbox.mails


def test_no_mail_goes_unencrypted_when_encryption_is_wanted(postbox: Postbox) -> None:
    with post_office(postbox) as port:
        assert failing(lambda: deliver(server(port, security="starttls"), LETTER, NOW)).code == "smtp_unsupported"
    assert not postbox.mails


def test_a_password_does_not_leave_the_machine_in_the_clear() -> None:
    naked = server(25, host="mail.example", user="me", password="s3cret")
    assert failing(lambda: deliver(naked, LETTER, NOW)).code == "smtp_no_tls"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"rcpt_answer": "550 5.1.1 shop@example.org is not known"}, "smtp_recipient"),
        ({"data_answer": "451 4.7.1 greylisted, shop@example.org"}, "smtp_refused"),
        ({"data_answer": "554 5.7.1 no"}, "smtp_refused"),
    ],
)
def test_refusals(postbox: Postbox, answers: dict[str, str], code: str) -> None:
    for name, value in answers.items():
        setattr(postbox, name, value)
    with post_office(postbox) as port:
        failed = failing(lambda: deliver(server(port), LETTER, NOW))
    assert failed.code == code
    assert "•••" in failed.cause or "554" in failed.cause


def test_a_server_that_is_down() -> None:
    assert failing(lambda: deliver(server(free_port()), LETTER, NOW)).code == "smtp_unreachable"


def test_an_accepted_mail_stays_accepted_however_the_conversation_ends(postbox: Postbox) -> None:
    postbox.hang_up_at_quit = True
    with post_office(postbox) as port:
        deliver(server(port), LETTER, NOW)
    assert len(postbox.mails) == 1


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "a@b.example\nX: y", "@", "a@", "@b"],
)
def test_what_is_no_address_goes_nowhere(address: str) -> None:
    assert failing(lambda: compose(Letter(address, "s", "t", "h"), "me@example.org", NOW)).code == "smtp_recipient"
    assert failing(lambda: compose(Letter("a@b.example", "s", "t", "h"), address, NOW)).code == "smtp_sender"


def test_a_domain_with_umlauts() -> None:
    message = compose(Letter("laden@müller.example", "s", "t", "h"), "me@example.org", NOW)
    assert message["To"] == "laden@xn--mller-kva.example"


@settings(max_examples=200, deadline=None)
@given(subject=st.text(max_size=400), text=st.text(max_size=200))
def test_nothing_breaks_out_of_a_header_or_a_body(subject: str, text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    subject = subject.encode("utf-8", "replace").decode()
    made = compose(
        Letter("shop@example.org", f"x\r\nBcc: evil@example.org\r\n\r\n{subject}", text, text), "a@b.example", NOW
    )
    read = message_from_bytes(bytes(made), policy=policy.default)
    assert sorted(read.keys()) == sorted(made.keys())
    assert "Bcc" not in read
    assert not any("\n" in str(value) for value in read.values())


def test_the_process_settings_name_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MailServer.configured(read_settings()) is None
    for name, value in {"HOST": "mail.example", "USER": "me@example.org", "PASSWORD": "s3cret"}.items():
        monkeypatch.setenv(f"CONNECTOR_SMTP_{name}", value)
    found = MailServer.configured(read_settings())
    assert found == MailServer("mail.example", 587, "starttls", "me@example.org", "s3cret", "me@example.org", 20.0)
    assert "s3cret" not in repr(found) + repr(read_settings())


def test_a_password_that_cannot_be_sent(postbox: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def login(*_: Any) -> None:
        "pässwort".encode("ascii")

    monkeypatch.setattr(smtplib.SMTP, "login", login)
    with post_office(postbox) as port:
        failed = failing(lambda: deliver(server(port, user="me", password="pässwort"), LETTER, NOW))
    assert failed.code == "smtp_settings"
