"""The PrestaShop of the sandbox as an ASGI application: addresses, hosts, public pictures, control door."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.prestashop import control, image_routes
from sandbox.prestashop.timing import Timing, Workers
from sandbox.prestashop.webservice import Answer, Call, Webservice

if TYPE_CHECKING:
    from sandbox.prestashop.world import World

_LONGEST_REQUEST_LINE = 8190
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_PAGE = (
    '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>{0}</title>\n</head>'
    "<body>\n<h1>{1}</h1>\n</body></html>\n"
)


class Faults(Protocol):
    """What this app asks of `sandbox.faults.Faults`: whether a fault strikes this request."""

    def draw(self, kind: str, method: str, path: str) -> bool: ...


def prestashop_app(world: World, *, faults: Faults | None = None, timing: Timing = "none") -> Starlette:
    """The shop under `world.base_url`: `/api/…`, `/webservice/dispatcher.php?url=…`, `/img/p/…` and `/_sandbox/…`."""
    webservice = Webservice(world)
    workers = Workers(timing)

    async def answer_all(request: Request) -> Response:
        """Order POSTs are counted from their first byte to their answer, the time they would have taken included."""
        if not _is_order(request.method, _webservice_segments(request, _path_in_shop(world, request.url.path))):
            return await answer_one(request)
        parallel = world.orders_in_flight > 0
        world.orders_in_flight += 1
        try:
            if world.order_seconds:
                await asyncio.sleep(world.order_seconds)
            return await answer_one(request, parallel)
        finally:
            world.orders_in_flight -= 1
            if not world.orders_in_flight:
                world.carts_in_flight.clear()

    async def answer_one(request: Request, parallel: bool = False) -> Response:
        started = time.perf_counter()
        if _request_line_length(request) > _LONGEST_REQUEST_LINE:
            return Response(
                _PAGE.format("414 Request-URI Too Long", "Request-URI Too Long"), 414, media_type="text/html"
            )
        path = _path_in_shop(world, request.url.path)
        if path is not None and path.startswith("/_sandbox/"):
            return await control.answer(world, request, path)
        if world.down:
            return Response(_PAGE.format("503 Service Unavailable", "Service Unavailable"), 503, media_type="text/html")
        segments = _webservice_segments(request, path)
        if segments is None:
            picture = image_routes.public(world, path or "")
            if picture is not None:
                return Response(picture.body, media_type=picture.content_type)
            return Response(_PAGE.format("404 Not Found", "Not Found"), 404, media_type="text/html")
        if world.firewalled:
            return Response(_PAGE.format("403 Forbidden", "Forbidden"), 403, media_type="text/html")
        if request.headers.get("host", "") != urlsplit(world.base_url).netloc:
            return _to_main_host(world, request, "/".join(segments))
        call = Call(
            method=request.method,
            segments=segments,
            query_text=request.url.query,
            headers=_reaching_php(world, request),
            body=await request.body(),
            parallel_order=parallel,
        )
        with world.lock:
            world.parallel_orders += call.parallel_order
            answer = webservice.answer(call)
        world.stats.count(call.method, segments[0] or "root")
        if answer.changed and faults is not None and faults.draw("php_warning", call.method, request.url.path):
            answer = webservice.php_warning(call)
        if answer.changed and faults is not None and faults.draw("die_text", call.method, request.url.path):
            answer = webservice.died(answer)
        if faults is not None and answer.body and faults.draw("notice_before_body", call.method, request.url.path):
            answer = webservice.with_notice(answer)
        await workers.pay(answer.cost, started)
        return _response(world, request, answer)

    return Starlette(routes=[Route("/{path:path}", answer_all, methods=_METHODS)])


def _request_line_length(request: Request) -> int:
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope.get("query_string", b"")
    return len(request.method) + len(raw) + len(query) + bool(query) + len("  HTTP/1.1")


def _path_in_shop(world: World, path: str) -> str | None:
    """The path below the shop's physical URI; None outside of it."""
    prefix = urlsplit(world.base_url).path
    if path.startswith("/_sandbox/"):
        return path
    return path[len(prefix) :] if path.startswith(f"{prefix}/") else None


def _webservice_segments(request: Request, path: str | None) -> list[str] | None:
    """The parts after `/api/`, also in the unrewritten form; None when it is no webservice address."""
    if path is None:
        return None
    if path == "/webservice/dispatcher.php":
        rest = request.query_params.get("url", "")
    elif path == "/api" or path.startswith("/api/"):
        rest = path[5:]
    else:
        return None
    return rest.rstrip("/").split("/")


def _reaching_php(world: World, request: Request) -> dict[str, str]:
    """The headers, without the key where the web server drops it."""
    return {
        name: value
        for name, value in request.headers.items()
        if name != "authorization" or not world.drops_authorization
    }


def _is_order(method: str, segments: list[str] | None) -> bool:
    return method == "POST" and segments is not None and segments[0] == "orders"


def _to_main_host(world: World, request: Request, url: str) -> Response:
    """A host that is not the shop's is sent to its main address (recording 129)."""
    query = f"&{request.url.query}" if request.url.query else ""
    headers = {
        "X-Powered-By": "PHP/8.2.36",
        "Location": f"{world.base_url}/?url={url}{query}",
        "Content-Type": "text/html; charset=utf-8",
    }
    return Response(b"", 302, headers)


def _response(world: World, request: Request, answer: Answer) -> Response:
    headers = dict(answer.headers)
    if world.major >= 9 and "authorization" in request.headers:
        headers["Vary"] = "Authorization"
    return Response(b"" if request.method == "HEAD" else answer.body, answer.status, headers)
