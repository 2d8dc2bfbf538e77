"""What stands before every page: sizes, times, headers, errors without their inside, and who may look."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
import time
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.settings import LOOPBACK

log = logging.getLogger(__name__)

MOST_BYTES: Final = 64 * 1024
BODY_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 60.0

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    # The address of the consent's redirect holds the code.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class TooLarge(Exception):
    """The body is larger than anything the door has use for."""


class TooSlow(Exception):
    """The body does not come to its end."""


class Guard:
    """The outermost layer. Nothing of an error but its kind is logged, and nothing of it goes out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        refusal: Response
        try:
            if int(Headers(scope=scope).get("content-length") or 0) > MOST_BYTES:
                raise TooLarge
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._app(scope, _measured(receive), sending)
            return
        except TooLarge:
            refusal = PlainTextResponse("Too large.\n", 413)
        except (TooSlow, TimeoutError):
            refusal = PlainTextResponse("Too slow.\n", 408)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  # whatever it is, its text may hold what is nobody's business
            log.error("%s while answering %s: %s", type(error).__name__, scope["method"], _where(error))
            refusal = PlainTextResponse("Something went wrong here; the log says what.\n", 500)
        if not begun:
            refusal.headers["Connection"] = "close"
            await refusal(scope, receive, sending)


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_qualname} line {trace.tb_lineno}" if trace is not None else ""


def _measured(receive: Receive) -> Receive:
    """The body counted as it comes, whether or not it said how long it is, within its time."""
    size = 0
    deadline = time.monotonic() + BODY_SECONDS
    ended = False

    async def receiving() -> Message:
        nonlocal size, ended
        if ended:
            return await receive()
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                message = await receive()
        except TimeoutError:
            raise TooSlow from None
        if message["type"] == "http.request":
            size += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            if size > MOST_BYTES:
                raise TooLarge
        return message

    return receiving


class Operators:
    """Who may see the pages for operators: whoever has the token; without a token, this machine alone.

    Args:
        token: "" when there is none.
        exposed: others reach the door too, directly or through a proxy.
    """

    def __init__(self, token: str, *, exposed: bool) -> None:
        self._token = token
        self._exposed = exposed

    def knows_token(self, request: Request) -> bool:
        """Whether the request brings the token, as Bearer or as the password of Basic."""
        given = _credentials(request.headers.get("authorization", ""))
        return hmac.compare_digest(given.encode(), self._token.encode()) and bool(self._token)

    def refusal(self, request: Request) -> Response | None:
        """The answer to a request that may not see the page, None to one that may."""
        if self.knows_token(request) or (not self._token and self._is_local(request)):
            return None
        if not self._token:
            return PlainTextResponse("Set CONNECTOR_DOOR_TOKEN to open this page to others than this machine.\n", 403)
        return PlainTextResponse("The token is needed.\n", 401, {"WWW-Authenticate": 'Basic realm="connector"'})

    def _is_local(self, request: Request) -> bool:
        """Of this machine: not handed on by a proxy, and not a page of somebody else's whose name leads here."""
        forwarded = any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip"))
        return not self._exposed and not forwarded and request.url.hostname in (*LOOPBACK, "[::1]")


def _credentials(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    return ""


def client_address(request: Request) -> str:
    """Who asks: the one whom a proxy on this machine names last, else who connected. Others may name anybody."""
    connected = request.client.host if request.client else ""
    named = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    return named if named and connected in LOOPBACK else connected


class Attempts:
    """Keys that may be tried: few from one address, not many from all together; counted before any is looked up.

    What was used up comes back with time, and a key that was right once is taken whatever others try: so nobody can
    keep its owner out.
    """

    def __init__(self, each: int, together: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._costs = {False: seconds / together, True: seconds / each}
        self._seconds = seconds
        self._clock = clock
        # Until when what was tried counts, by address; "" for all together.
        self._until: dict[str, float] = {}
        self._right: set[bytes] = set()

    def wait(self, address: str, key: str) -> float:
        """0 when the key may be tried now, which counts as wrong until it was right; else the seconds until it may."""
        if _digest(key) in self._right:
            return 0.0
        now = self._clock()
        self._until = {name: until for name, until in self._until.items() if until > now}
        after = {name: self._until.get(name, now) + self._costs[bool(name)] for name in ("", address)}
        left = max(after.values()) - now - self._seconds
        if left > 0:
            return left
        self._until.update(after)
        return 0.0

    def was_right(self, address: str, key: str) -> None:
        """It does not count, and is taken from now on."""
        if _digest(key) in self._right:
            return
        self._right.add(_digest(key))
        for name in ("", address):
            if name in self._until:
                self._until[name] -= self._costs[bool(name)]

    def was_wrong(self, key: str) -> None:
        """Should it have been right once, it counts like any other from now on."""
        self._right.discard(_digest(key))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


class Pace:
    """At most one start of each kind within some seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._last: dict[tuple[str, str], float] = {}

    def wait(self, connection: str, job: str) -> float:
        """0 when it may start now, which counts as a start; else the seconds until it may."""
        now = self._clock()
        left = self._last.get((connection, job), float("-inf")) + self._seconds - now
        if left > 0:
            return left
        self._last[connection, job] = now
        return 0.0

    def give_back(self, connection: str, job: str) -> None:
        """The start came to nothing and may be tried again at once."""
        self._last.pop((connection, job), None)
