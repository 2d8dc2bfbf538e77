"""Logging with redaction: whatever reaches a handler has lost its keys, tokens, signatures and buyer data."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config.errors import ForPeople

HIDDEN = "•••"
_FULL = 100 * 2**20

# One pattern a kind of secret. Names are matched in query strings, headers, JSON and reprs alike.
_NAMES = (
    "app_secret|access_token|refresh_token|auth_code|x-tts-access-token|sign|ws_key|secret_key|passwd|password|"
    "shop_cipher|authorization|proxy-authorization|webservice_key"
)
_PERSONAL = (
    "recipient_address|buyer_email|buyer_nickname|buyer_message|phone_number|phone|phone_mobile|full_address|"
    "address_detail|address_line[1-4]|address1|address2|first_name|last_name|firstname|lastname|email|postal_code|postcode"
)
_QUOTED = r"[bu]?(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
_NESTED = r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\[[^\[\]]*\]"
_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    # Basic and Bearer credentials, wherever they stand.
    (re.compile(r"(?i)\b(basic|bearer)\s+[A-Za-z0-9+/=_.\-]{8,}"), rf"\1 {HIDDEN}"),
    # user:password@host in URLs.
    (re.compile(r"(?i)\b([a-z][a-z0-9+.\-]*://)[^/\s:@]*:[^/\s@]*@"), rf"\1{HIDDEN}@"),
    # name=value, name: value, "name": "value", 'name': 'value', and whole objects: "recipient_address": {…}.
    (
        re.compile(
            rf"(?i)(?P<head>(?<![A-Za-z0-9_])(?:{_NAMES}|{_PERSONAL})[\"']?\s*[=:]\s*)"
            rf"(?P<value>{_QUOTED}|{_NESTED}|[^\s&,;\"'{{}})\]]+)"
        ),
        lambda match: f"{match['head']}{HIDDEN}",
    ),
    # What a person wrote runs over blanks: up to the next comma or the end of the line.
    (
        re.compile(rf"(?i)(?P<head>(?<![A-Za-z0-9_])(?:{_PERSONAL})\s*[=:]\s*{HIDDEN})(?: [^&,;\"'{{}})\]\n]+)"),
        lambda match: match["head"],
    ),
    # Access and refresh tokens as the platform shapes them (tiktok-shop-api.md 1.3).
    (re.compile(r"\b[A-Z]{3}_[A-Za-z0-9_\-]{16,}"), HIDDEN),
    # E-mail addresses.
    (re.compile(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+"), HIDDEN),
)


def redact(text: str) -> str:
    """The text without secrets and personal data."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


class RedactionFilter(logging.Filter):
    """Redacts the finished message, and the traceback if there is one, of every record.

    Errors for people say everything without one.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; always let it through."""
        record.msg = redact(record.getMessage())
        record.args = None
        if record.exc_info and isinstance(record.exc_info[1], ForPeople):
            if (said := redact(str(record.exc_info[1]))) not in record.msg:
                record.msg = f"{record.msg}: {said}"
            record.exc_info = record.exc_text = None
        elif record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        elif record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


def redact_every_record() -> None:
    """Redact records as they are made, whatever logger and handler they go to.

    For processes whose handlers are not ours: flows run under Prefect, which sends their logs to its server.
    """
    make = logging.getLogRecordFactory()
    if getattr(make, "redacts", False):
        return

    def redacted(*arguments: Any, **named: Any) -> logging.LogRecord:
        record = make(*arguments, **named)
        _redaction.filter(record)
        return record

    redacted.redacts = True  # type: ignore[attr-defined]  # a mark, so that it is done once
    logging.setLogRecordFactory(redacted)


_redaction = RedactionFilter()


def write_exchanges(file: Path) -> None:
    """Have the clients of this process write every exchange to a file, redacted (A6); what is there stays."""
    clients = logging.getLogger("clients")
    if any(isinstance(handler, logging.FileHandler) for handler in clients.handlers):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    # Many processes write to it: whoever comes to a full one begins anew, and only the one before is kept.
    if file.exists() and file.stat().st_size > _FULL:
        file.replace(file.with_suffix(".1.log"))
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.addFilter(_redaction)
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)-7s %(name)s  %(message)s"))
    clients.addHandler(handler)
    clients.setLevel(logging.DEBUG)


def set_up_logging(level: str, *, exchanges: bool = False) -> None:
    """Give the root logger one redacting handler; API exchanges are logged only when asked for (A6)."""
    handler = logging.StreamHandler()
    handler.addFilter(RedactionFilter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s  %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # httpx logs whole URLs, and the authorization host takes the app secret in the URL.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    # Every retry is a warning of its own; the outcome is what counts.
    logging.getLogger("stamina").setLevel(logging.INFO if exchanges else logging.ERROR)
    logging.getLogger("clients").setLevel(logging.DEBUG if exchanges else logging.INFO)
