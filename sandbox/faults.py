"""Fault injection for both shops of the sandbox.

A rule says which fault happens, how often, to which requests and how many times at most. Faults of the transport
(throttling, server errors, cut connections, slow and truncated answers) are played by `FaultMiddleware`; faults
that need to know the shop's own answer (item errors, expired tokens, PHP noise) are drawn inside the two apps.
Every rule has its own random stream, so a run repeats exactly with the same seed and order of requests.
"""

import asyncio
import fnmatch
import json
import random
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Self, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Shop = Literal["prestashop", "tiktok"]

KINDS = (
    "throttle",  # 429 without Retry-After
    "throttle_retry_after",  # 429 with Retry-After: 1
    "server_error",  # 500
    "html_503",  # 503 with an HTML page, as a balancer answers
    "reset_before",  # connection reset, nothing was done
    "reset_after",  # the work is done, the answer is lost
    "slow",  # the answer comes late
    "truncated",  # the answer ends in the middle of its body
    "token_expired",  # TikTok Shop: 105002 although the token is still good
    "item_errors",  # batch calls: the first item fails under an overall success
    "half_item_errors",  # batch calls: every second item fails, beginning with the first
    "stale_search",  # TikTok Shop: an order search misses what changed in the last seconds
    "lock_conflict",  # TikTok Shop: a cancellation meets another operation on the order (25001028)
    "risk_control",  # TikTok Shop: a cancellation is stopped by the platform (25001046)
    "webhook_duplicate",  # TikTok Shop: a notification comes twice; the path is that of the address
    "webhook_late",  # TikTok Shop: a notification is held back, so that later ones overtake it
    "php_warning",  # PrestaShop: 500 with a PHP fault in the error list
    "die_text",  # PrestaShop: 500 with a bare sentence of a module, after the work was done
    "notice_before_body",  # PrestaShop: a PHP notice printed before the body
)
CONTROL_PREFIX = "/_sandbox"  # the tests' own door: never faulty
TRANSPORT = "sandbox.transport"  # key in the ASGI state under which the server leaves the TCP transport

_RULE = re.compile(
    r"^(?P<kind>\w+?)(?:=(?P<rate>\d*\.?\d+))?(?:x(?P<limit>\d+))?"
    r"(?:@(?:(?P<methods>[A-Z]+(?:\|[A-Z]+)*)\s+)?(?P<path>/\S*|\*))?$"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One fault: `rate` is a probability 0..1, `path` a glob over the URL path, `limit` the most times it strikes."""

    kind: str
    rate: float = 1.0
    path: str = "*"
    methods: frozenset[str] = frozenset()
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known: {', '.join(KINDS)}")
        if not 0 <= self.rate <= 1:
            raise ValueError(f"fault rate must be between 0 and 1, not {self.rate}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `kind=rate`, optionally followed by `xLIMIT` and `@METHOD|METHOD /path/glob`."""
        match = _RULE.match(text.strip())
        if match is None:
            raise ValueError(f"cannot read fault rule {text!r}; expected e.g. 'reset_after=0.1x3@POST /product/*'")
        return cls(
            kind=match["kind"],
            rate=float(match["rate"] or 1),
            path=match["path"] or "*",
            methods=frozenset((match["methods"] or "").split("|")) - {""},
            limit=int(match["limit"]) if match["limit"] else None,
        )

    def covers(self, method: str, path: str) -> bool:
        return (not self.methods or method in self.methods) and fnmatch.fnmatchcase(path, self.path)


class Faults:
    """The rules in force. Safe to change and to draw from in several threads."""

    def __init__(self, rules: Iterable[Rule] = (), seed: int = 0, *, slow_seconds: float = 2.0) -> None:
        self.slow_seconds = slow_seconds
        self._lock = threading.Lock()
        self._seed = seed
        self.set(rules)

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> Self:
        """Rules separated by commas, e.g. `throttle=0.1,reset_after=0.1@POST /product/*`; empty text is no fault."""
        return cls(parse_rules(text), seed)

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self._rules

    def set(self, rules: Iterable[Rule] | str) -> None:
        """Replace all rules; counts and random streams start again."""
        new = tuple(parse_rules(rules) if isinstance(rules, str) else rules)
        with self._lock:
            self._rules = new
            self._streams = [random.Random(f"{self._seed}:{i}:{rule.kind}") for i, rule in enumerate(new)]
            self._struck = [0] * len(new)
            self.drawn: Counter[str] = Counter()

    def clear(self) -> None:
        self.set(())

    def draw(self, kind: str, method: str, path: str) -> bool:
        """Whether this request suffers `kind` now. Each call is one throw of the dice."""
        with self._lock:
            for i, rule in enumerate(self._rules):
                if rule.kind != kind or not rule.covers(method, path):
                    continue
                if rule.limit is not None and self._struck[i] >= rule.limit:
                    continue
                if self._streams[i].random() < rule.rate:
                    self._struck[i] += 1
                    self.drawn[kind] += 1
                    return True
        return False


def parse_rules(text: str) -> list[Rule]:
    return [Rule.parse(part) for part in text.split(",") if part.strip()]


class FaultMiddleware:
    """ASGI middleware that plays the transport's faults, with the answers the given shop would give."""

    def __init__(self, app: ASGIApp, faults: Faults, shop: Shop) -> None:
        self._app, self._faults, self._shop = app, faults, shop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await self._app(scope, receive, send)
            return

        def struck(kind: str) -> bool:
            return self._faults.draw(kind, scope["method"], scope["path"])

        if struck("reset_before"):
            await _reset(scope, receive)
        elif struck("throttle_retry_after"):
            await _answer(receive, send, *_throttled(self._shop, retry_after=1))
        elif struck("throttle"):
            await _answer(receive, send, *_throttled(self._shop, retry_after=None))
        elif struck("server_error"):
            await _answer(receive, send, *_server_error(self._shop))
        elif struck("html_503"):
            await _answer(receive, send, 503, _HTML, _page("503 Service Unavailable"))
        else:
            if struck("slow"):
                await asyncio.sleep(self._faults.slow_seconds)
            if struck("reset_after"):
                await self._app(scope, receive, _discard)
                await _reset(scope, receive)
            elif struck("truncated"):
                await _truncate(self._app, scope, receive, send)
            else:
                await self._app(scope, receive, send)


_Headers = Sequence[tuple[bytes, bytes]]
_HTML: _Headers = ((b"content-type", b"text/html"),)
_JSON: _Headers = ((b"content-type", b"application/json"),)
_XML: _Headers = ((b"content-type", b"text/xml;charset=utf-8"),)


def _throttled(shop: Shop, retry_after: int | None) -> tuple[int, _Headers, bytes]:
    extra: _Headers = ((b"retry-after", str(retry_after).encode()),) if retry_after is not None else ()
    if shop == "tiktok":
        return 429, [*_JSON, *extra], _envelope(36009002, "Too many requests")
    # PrestaShop itself never throttles: what throttles is the web application firewall before it.
    return 429, [*_HTML, *extra], _page("429 Too Many Requests")


def _server_error(shop: Shop) -> tuple[int, _Headers, bytes]:
    if shop == "tiktok":
        return 500, _JSON, _envelope(36009003, "Internal error")
    return 500, _HTML, b""  # a PHP fatal error with display_errors off: an empty page


def _envelope(code: int, message: str) -> bytes:
    request_id = f"{datetime.now(UTC):%Y%m%d%H%M%S}{random.getrandbits(80):020X}"
    return json.dumps({"code": code, "message": message, "request_id": request_id, "data": None}).encode()


def _page(title: str) -> bytes:
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    ).encode()


async def _answer(receive: Receive, send: Send, status: int, headers: _Headers, body: bytes) -> None:
    await _drain(receive)  # so that the connection can be kept for the next request
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def _drain(receive: Receive) -> None:
    while (await receive()).get("more_body", False):
        pass


async def _discard(_: Message) -> None:
    pass


def _transport(scope: Scope) -> asyncio.Transport | None:
    return cast("asyncio.Transport | None", scope.get("state", {}).get(TRANSPORT))


async def _reset(scope: Scope, receive: Receive) -> None:
    """Cut the TCP connection with a reset; without a socket (in-process tests) raise what a client would see."""
    transport = _transport(scope)
    if transport is None:
        raise ConnectionResetError("the sandbox cut the connection")
    raw = transport.get_extra_info("socket")
    # Linger zero makes the close a reset (RST) instead of an orderly end (FIN).
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _truncate(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Promise the whole body, send half of it and close."""
    start: Message = {}
    chunks: list[bytes] = []

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            chunks.append(message.get("body", b""))

    await app(scope, receive, keep)
    body = b"".join(chunks)
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    # A body of nothing has no half: promise one byte and never send it.
    promised = (b"content-length", str(max(1, len(body))).encode())
    await send({**start, "headers": [*headers, promised]})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    transport = _transport(scope)
    if transport is None:
        raise ConnectionResetError("the sandbox ended the answer early")
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
