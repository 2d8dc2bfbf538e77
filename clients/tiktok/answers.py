"""From an HTTP exchange to its data or the right error: the envelope (tiktok-shop-api.md section 2).

Everything is decided on the envelope's `code`; the HTTP status only counts when the body is not JSON. A call that may
have changed something and has no clear answer becomes `Uncertain`, unless repeating it does no harm.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx
import orjson

from clients.errors import (
    AccessDenied,
    ConfigurationFault,
    Rejected,
    Retryable,
    ShopError,
    Throttled,
    TimedOut,
    Unavailable,
    Uncertain,
)
from clients.receiving import PAGE_BYTES, Reply, TooLarge, receive
from clients.tiktok.errors import NOTHING_DONE, ErrorEntry, explain

Json = dict[str, Any]
Clock = Callable[[], datetime]

# The platform takes timestamps from 5 minutes old to 30 seconds ahead (section 1.6); Date has whole seconds.
_TOO_FAR_AHEAD: Final = timedelta(seconds=25)
_TOO_FAR_BEHIND: Final = timedelta(seconds=290)
_LONGEST_TEXT: Final = 300

_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_MALFORMED: Final = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)


@dataclass(frozen=True, slots=True)
class Call:
    """What an error has to say about the call it comes from.

    Attributes:
        label: method and path, without query.
        repeatable: a lost answer may be retried.
        secrets: values that must never appear in an error, whatever the platform echoes.
    """

    label: str
    repeatable: bool
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Call({self.label!r}, repeatable={self.repeatable})"

    def scrub(self, text: str) -> str:
        """The platform's text, shortened, without any of the secrets."""
        for secret in self.secrets:
            if secret:
                text = text.replace(secret, "•••")
        return text[:_LONGEST_TEXT]


@dataclass(frozen=True, slots=True)
class Answer:
    """The data of an accepted call and the id to quote to the platform's support."""

    data: Json
    request_id: str


class _DropQuery(logging.Filter):
    """Takes the query out of the URLs httpx logs: app secret, tokens, codes and signatures travel in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                arg.copy_with(query=None) if isinstance(arg, httpx.URL) and b"app_key=" in arg.query else arg
                for arg in record.args
            )
        return True


logging.getLogger("httpx").addFilter(_DropQuery())


def send(http: httpx.Client, request: httpx.Request, call: Call) -> Reply:
    """Send once and read the whole answer; what goes wrong on the way becomes an error of our tree.

    Raises:
        Unavailable: no connection, or it broke and the call may be repeated.
        TimedOut: no answer in time, and the call may be repeated.
        Uncertain: the request left and no answer came back.
        ConfigurationFault: the address cannot be called at all.
    """
    # `from None` throughout: httpx errors carry the request, and its URL carries secrets.
    try:
        return receive(http, request, most=PAGE_BYTES)
    except _NEVER_SENT as error:
        raise Unavailable(
            f"{call.label}: no connection ({type(error).__name__})",
            shop="tiktok",
            code="no-connection",
            cause="TikTok Shop cannot be reached.",
            fix="Check the network of this server and the API address in the settings.",
        ) from None
    except _MALFORMED as error:
        raise ConfigurationFault(
            f"{call.label}: cannot be sent ({type(error).__name__})",
            shop="tiktok",
            code="bad-address",
            cause="The API address or the stored token is malformed.",
            fix="Check the API address in the settings, then authorize the shop again.",
        ) from None
    except httpx.TimeoutException as error:
        raise _settle(
            TimedOut(
                f"{call.label}: no answer in time ({type(error).__name__})",
                shop="tiktok",
                code="timeout",
                cause="TikTok Shop did not answer in time.",
                fix="Nothing to do: the connector tries again by itself.",
            ),
            call,
        ) from None
    except TooLarge:
        raise _settle(
            Unavailable(
                f"{call.label}: the answer has more than {PAGE_BYTES} bytes",
                shop="tiktok",
                code="too-large",
                cause="The answer is far larger than TikTok Shop's are.",
                fix="Check the API address in the settings, and what stands between this server and TikTok Shop.",
            ),
            call,
        ) from None
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise _settle(
            Unavailable(
                f"{call.label}: the answer broke off ({type(error).__name__})",
                shop="tiktok",
                code="broken-connection",
                cause="The connection to TikTok Shop broke.",
                fix="Nothing to do: the connector tries again by itself.",
            ),
            call,
        ) from None


def open_answer(reply: Reply, call: Call, clock: Clock) -> Answer:
    """The data of an accepted call: `data` null, missing and `{}` alike.

    Raises:
        ShopError: the class that `clients.tiktok.errors` gives the code, or `Uncertain` in its place.
    """
    try:
        envelope = orjson.loads(reply.content)
        code = int(envelope["code"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise _settle(_from_status(reply, call, clock), call) from None
    request_id = str(envelope.get("request_id") or "")
    if code == 0:
        data = envelope.get("data")
        return Answer(normalise(data) if isinstance(data, dict) else {}, request_id)
    text = call.scrub(str(envelope.get("message") or ""))
    entry = _diagnose(explain(code, text), text, reply, clock)
    raise _settle(_from_entry(entry, text, request_id, reply, call, clock), call)


def normalise(data: Any) -> Any:
    """Ids as text whatever the wire says (64 bits), and `is_requried` under its real name (section 3.3)."""
    if isinstance(data, dict):
        return {
            "is_required" if key == "is_requried" else key: (
                _as_ids(value) if key == "id" or key.endswith(("_id", "_ids")) else normalise(value)
            )
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [normalise(item) for item in data]
    return data


def _as_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_ids(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return normalise(value)


def _settle(error: ShopError, call: Call) -> ShopError:
    """The error as it is, or `Uncertain` when the call may have been carried out all the same.

    A throttled call was refused before it was looked at, as was one that met a lock: these may always be repeated.
    """
    unseen = isinstance(error, Throttled) or error.code in NOTHING_DONE
    if call.repeatable or unseen or not isinstance(error, Retryable):
        return error
    return Uncertain(
        str(error),
        shop="tiktok",
        code=error.code,
        request_id=error.request_id,
        cause=f"{error.cause} The change may or may not have been made.",
        fix="The connector looks in TikTok Shop before it tries again.",
    )


def _from_entry(entry: ErrorEntry, text: str, request_id: str, reply: Reply, call: Call, clock: Clock) -> ShopError:
    message = f"{call.label}: code {entry.code} (HTTP {reply.status}): {text}"
    if entry.kind is Throttled:
        return Throttled(
            message,
            shop="tiktok",
            code=entry.code,
            request_id=request_id,
            cause=entry.cause,
            fix=entry.fix,
            retry_after=retry_after(reply, clock),
        )
    cause = entry.cause
    if entry.kind is Rejected and text and text != cause:
        # The platform's text often names the field or attribute.
        cause = f"{cause} TikTok Shop says: {text}"
    return entry.kind(message, shop="tiktok", code=entry.code, request_id=request_id, cause=cause, fix=entry.fix)


def _diagnose(entry: ErrorEntry, text: str, reply: Reply, clock: Clock) -> ErrorEntry:
    """36009004 stands for several faults; the clock and the app key can be told apart from the rest."""
    if entry.code != "36009004":
        return entry
    skew = _skew(reply, clock)
    if "timestamp" in text.lower() or (skew is not None and not -_TOO_FAR_BEHIND < skew < _TOO_FAR_AHEAD):
        drift = "" if skew is None else f" by {abs(round(skew.total_seconds()))} seconds"
        way = "is wrong" if skew is None else "is ahead" if skew > timedelta() else "is behind"
        return ErrorEntry(
            entry.code,
            ConfigurationFault,
            "no",
            f"The clock of this server {way}{drift}, so TikTok Shop refuses its calls.",
            "Synchronize the clock of the server (NTP), then try again.",
        )
    if "app_key" in text.lower() or "app key" in text.lower():
        return ErrorEntry(
            entry.code,
            AccessDenied,
            "no",
            "TikTok Shop does not accept the app key.",
            "Check app key and app secret against the app's page in the partner centre.",
        )
    return entry


def _skew(reply: Reply, clock: Clock) -> timedelta | None:
    """How far our clock is ahead of the server's."""
    try:
        return clock() - parsedate_to_datetime(reply.headers["date"])
    except (KeyError, TypeError, ValueError):
        return None


def retry_after(reply: Reply, clock: Clock) -> float | None:
    """Retry-After in seconds, whichever of its two forms was sent; None when there is none."""
    value = reply.headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        return max(0.0, seconds) if math.isfinite(seconds) else None
    try:
        return max(0.0, (parsedate_to_datetime(value) - clock()).total_seconds())
    except (TypeError, ValueError):
        return None


def _from_status(reply: Reply, call: Call, clock: Clock) -> ShopError:
    """A body that is not the platform's: something in front of it answered."""
    status = reply.status
    message = f"{call.label}: HTTP {status} without a usable body"
    code = f"http-{status}"
    if status == 429:
        return Throttled(
            message,
            shop="tiktok",
            code=code,
            cause="Too many calls at the moment.",
            fix="Nothing to do: the connector tries again by itself.",
            retry_after=retry_after(reply, clock),
        )
    kind, cause, fix = _status_meaning(status)
    return kind(message, shop="tiktok", code=code, cause=cause, fix=fix)


def _status_meaning(status: int) -> tuple[type[ShopError], str, str]:
    again = "Nothing to do: the connector tries again by itself."
    if status in (408, 504):
        return TimedOut, "TikTok Shop did not answer in time.", again
    if status >= 500 or status < 300:
        return Unavailable, "TikTok Shop is not available: its answer is not readable.", again
    if status in (401, 403, 407):
        return (
            AccessDenied,
            "Something in front of TikTok Shop denies access.",
            "Check proxy and firewall of this server.",
        )
    if status == 404 or status < 400:
        return (
            ConfigurationFault,
            "The API address is not TikTok Shop's: it does not know the call or sends us elsewhere.",
            "Correct the API address in the settings.",
        )
    return Rejected, f"TikTok Shop refused the request (HTTP {status}).", "Report it with the time of the call."
