"""One exchange with the webservice: authentication, call budget, log line, and the answer or the right error.

No retries here: a `Retryable` error says that the same call may be repeated, `Uncertain` that it may not.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore

import httpx

from clients.budget import CallBudget
from clients.doubt import Doubt
from clients.errors import ShopError, Throttled
from clients.prestashop import errors
from clients.receiving import PAGE_BYTES, TooLarge, receive

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """A successful exchange.

    Attributes:
        seconds: what the shop says the call took, else how long we waited.
        skew: the shop's clock minus ours in seconds, None when it does not say.
        version: PrestaShop's version, "" when it does not say.
    """

    path: str
    content: bytes
    content_type: str
    seconds: float
    skew: float | None
    version: str


class Transport:
    """The exchanges of one shop; thread-safe. At most `in_flight` at a time."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        shop_id: int | None,
        budget: CallBudget,
        http: httpx.Client,
        timeout: float,
        in_flight: int,
        clock: Callable[[], datetime],
        doubt: Doubt | None = None,
    ) -> None:
        self.url = url
        self.version = ""
        self._auth = httpx.BasicAuth(key, "")
        self.shop_id = shop_id
        self._shop = {"id_shop": str(shop_id)} if shop_id else {}
        self._budget = budget
        self._http = http
        self._timeout = httpx.Timeout(timeout, connect=min(timeout, 10.0))
        self._slots = BoundedSemaphore(in_flight)
        self._clock = clock
        self._doubt = doubt

    def exchange(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        most: int = PAGE_BYTES,
    ) -> Answer:
        """Send one call and wait for its answer.

        Args:
            path: below `/api/`, such as "products/5"; "" for the list of resources.
            most: bytes that the answer may have.

        Raises:
            ShopError: the one of the error table that fits.
        """
        if self._doubt is not None:
            self._doubt.clear_up(f"{self.url}/api/")
        call_class = "read" if method in errors.READS else "write"
        self._budget.acquire(call_class)
        try:
            with self._slots:
                answer = self._send(method, path, {**self._shop, **(params or {})}, body, most)
        except Throttled as fault:
            self._budget.throttled(call_class, fault.retry_after)
            raise
        self._budget.succeeded(call_class)
        return answer

    def _send(self, method: str, path: str, params: Mapping[str, str], body: bytes | None, most: int) -> Answer:
        began, clock_before = time.monotonic(), self._clock()
        with _connection_errors(method, path, most):
            request = self._http.build_request(
                method,
                f"{self.url}/api/{path}",
                params=params,
                content=body,
                headers={"Content-Type": "text/xml; charset=UTF-8"} if body is not None else None,
                timeout=self._timeout,
            )
            reply = receive(self._http, request, most=most, auth=self._auth)
        seconds, headers, content = time.monotonic() - began, reply.headers, reply.content
        _log.debug("%s %s: %s, %.3f s, %s bytes", method, path or "/", reply.status, seconds, len(content))
        if not 200 <= reply.status < 300 or b'{"errors"' in content[:200] or b"<errors>" in content[:300]:
            raise errors.refusal(method, path, reply.status, headers, content)
        if _cut(headers, content):
            raise errors.truncated(method, path)
        version = headers.get("psws-version", "")
        if version not in {"", "0"}:
            self.version = version
        return Answer(
            path=path,
            content=content,
            content_type=headers.get("content-type", ""),
            seconds=_number(headers.get("execution-time")) or seconds,
            skew=_skew(headers.get("access-time"), clock_before, self._clock()),
            version=self.version,
        )


@contextmanager
def _connection_errors(method: str, path: str, most: int) -> Iterator[None]:
    """Errors of the connection, told apart by whether the request had left."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as fault:
        raise _unsent(method, path, fault) from None
    except httpx.TimeoutException:
        raise errors.unclear(method, path, "timeout", "no answer in time") from None
    except TooLarge:
        raise errors.too_large(method, path, most) from None
    except httpx.DecodingError:
        raise errors.truncated(method, path) from None
    except httpx.TransportError as fault:
        kind = "truncated" if "incomplete" in str(fault) or "peer closed" in str(fault) else "connection"
        raise errors.unclear(method, path, kind, type(fault).__name__) from None


def _unsent(method: str, path: str, fault: httpx.TransportError) -> ShopError:
    causes: list[BaseException] = [fault]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    bad_certificate = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes)
    code = "certificate" if bad_certificate else "unreachable"
    return errors.unsent(code, f"{method} {path}: {type(fault).__name__}, nothing was sent")


def _cut(headers: httpx.Headers, content: bytes) -> bool:
    """Fewer bytes than announced; a compressed body is checked while it is unpacked."""
    announced = headers.get("content-length", "")
    return announced.isdigit() and "content-encoding" not in headers and len(content) < int(announced)


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _skew(access_time: str | None, before: datetime, after: datetime) -> float | None:
    """The shop notes whole seconds when the call arrives: up to a second of difference means nothing."""
    if not access_time or not access_time.isdigit():
        return None
    theirs = datetime.fromtimestamp(int(access_time), UTC)
    if before - timedelta(seconds=1) <= theirs <= after:
        return 0.0
    return (theirs - before).total_seconds()
