"""Whatever reaches a log has lost its keys, tokens, signatures and buyer data, and keeps what helps understanding."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from clients.errors import AccessDenied
from config.logging import HIDDEN, redact, redact_every_record, set_up_logging


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Basic QUJDREVGR0hJSktMTU5PUA==", "QUJDREVG"),
        ("GET https://QWERTYKEY12345:@shop.example/api/products", "QWERTYKEY12345"),
        ("GET https://user:hunter2@shop.example/api/products", "hunter2"),
        ("/api/products?ws_key=QWERTYKEY12345&display=full", "QWERTYKEY12345"),
        ("/api/v2/token/get?app_key=1&app_secret=hunter2&auth_code=ROW_x", "hunter2"),
        ("headers={'x-tts-access-token': 'TTP_pwSm2AAAAABmmtFz1xlyKMnwg74T2GJ5s0uQbS8jPjb'}", "TTP_pwSm2"),
        ("token ROW_Fyh5xgAAAABAZWDyzE3xtDGfAs5qGgmZ refused", "ROW_Fyh5"),
        ('{"access_token": "hunter2 with blanks", "open_id": "x"}', "hunter2"),
        ('{"refresh_token":"hun\\"ter2"}', "ter2"),
        ("sign=d0a2a5ef0c7a1d1f&timestamp=1", "d0a2a5ef"),
        ("shop_cipher=ROW_abc", "ROW_abc"),
        ("postgresql+psycopg://connector:hunter2@host/db", "hunter2"),
        ("buyer jane.doe+shop@mail.example.co.uk wrote", "jane.doe"),
        ('"phone_number": "(+44)7700900123"', "7700900123"),
        ("Recipient(first_name='Jane', last_name='Doe')", "Jane"),
        ("Recipient(first_name='Jane', last_name='Doe')", "Doe"),
        ('"full_address": "1 High Street, Anytown"', "High Street"),
        ("address1: 1 High Street, sent", "Street"),
        ('"recipient_address": {"name": "Jane", "district": [{"level": "Anytown"}]}', "Jane"),
        ('"recipient_address": {"name": "Jane", "where": {"town": "Anytown"}, "door": "7b"}, "id": 1', "7b"),
        ("body=b'x' postcode=b'SW1A 1AA'", "SW1A"),
    ],
)
def test_secrets_and_personal_data_are_hidden(text: str, secret: str) -> None:
    redacted = redact(text)
    assert secret not in redacted
    assert HIDDEN in redacted


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/products?display=full&limit=100 200 12 ms",
        "POST /product/202309/products code=12052104 request_id=202411200930010102",
        "product 42: price 19.90 GBP, quantity 7",
        "design: nothing hidden, signed off",
        "app_key=6abc",
        "3 of 10 categories > Home Supplies > Mugs & Cups",
    ],
)
def test_what_is_neither_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_what_surrounds_a_secret_stays() -> None:
    assert redact("a=1&sign=abc&b=2") == f"a=1&sign={HIDDEN}&b=2"
    assert redact("address1: 1 High Street, code=5") == f"address1: {HIDDEN}, code=5"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the root logger's handler writes, with logging set up as in production."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "stamina", "clients")}
    set_up_logging("INFO")
    stream = io.StringIO()
    monkeypatch.setattr(root.handlers[0], "stream", stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    for name, value in levels.items():
        logging.getLogger(name).setLevel(value)


def test_arguments_of_a_message_are_redacted(written: io.StringIO) -> None:
    logging.getLogger("tasks").warning("calling %s with %s", "/x", {"app_secret": "hunter2"})
    assert "hunter2" not in written.getvalue()
    assert "calling /x with" in written.getvalue()


def test_tracebacks_are_redacted(written: io.StringIO) -> None:
    try:
        raise ValueError("refused: access_token=hunter2")
    except ValueError:
        logging.getLogger("tasks").exception("failed")
    assert "hunter2" not in written.getvalue()
    assert "Traceback" in written.getvalue()
    assert "ValueError: refused" in written.getvalue()


def test_what_a_shop_did_needs_no_traceback(written: io.StringIO) -> None:
    try:
        raise AccessDenied("GET products: 401", shop="prestashop")
    except AccessDenied:
        logging.getLogger("tasks").exception("failed")
    assert "failed: GET products: 401" in written.getvalue()
    assert "Traceback" not in written.getvalue()


def test_stacks_are_redacted(written: io.StringIO) -> None:
    record = logging.LogRecord("tasks", logging.WARNING, __file__, 1, "look", None, None, None, "f(password='hunter2')")
    logging.getLogger("tasks").handle(record)
    assert "hunter2" not in written.getvalue()


def test_exchanges_are_logged_only_when_asked_for(written: io.StringIO) -> None:
    assert not logging.getLogger("clients.prestashop").isEnabledFor(logging.DEBUG)
    set_up_logging("INFO", exchanges=True)
    assert logging.getLogger("clients.prestashop").isEnabledFor(logging.DEBUG)


def test_http_libraries_do_not_log_addresses(written: io.StringIO) -> None:
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)


def test_records_are_redacted_wherever_they_go(caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogRecordFactory()
    try:
        redact_every_record()
        redact_every_record()
        logging.getLogger("prefect.somewhere").warning("refused: access_token=%s", "TTP_abcdefghijklmnopqrstuvwxyz")
    finally:
        logging.setLogRecordFactory(before)
    assert "TTP_" not in caplog.text
    assert "refused: access_token=•••" in caplog.text
