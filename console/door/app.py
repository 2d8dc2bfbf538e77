"""The door's pages and the process that serves them: what others call from outside.

Answers to machines are short texts, answers to people small pages. Work that takes longer than a moment is never done
here: a request leaves a row or asks Prefect for a run.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from clients.errors import ConfigurationFault, ShopError
from config.settings import Settings, is_loopback, settings
from console.door import pages
from console.door.drain import Drain, Hands
from console.door.guards import Attempts, Guard, Operators, Pace, client_address
from console.door.intake import Intake
from console.door.metrics import CONTENT_TYPE, exposition
from console.door.protocol import Impatient
from console.errors import Refused, describe
from tasks.consent import authorize_connection, connection_of_callback, connection_of_choice, offer_choice
from tasks.cron import JOBS, connection_of_key, cron_jobs, in_url, is_stopped
from tasks.metrics import figures, health

log = logging.getLogger(__name__)

# A job that is called more often than this gains nothing: runs of one job do not overlap.
CRON_SECONDS: Final = 10.0
# Wrong keys a minute, from one address and from all.
KEYS_OF_ONE: Final = 20
KEYS_OF_ALL: Final = 200
_PREFECT_SECONDS: Final = 3.0
_MOST_CONNECTIONS: Final = 1000


def check_exposure(process: Settings) -> None:
    """Refuse settings that would open the operators' pages to the world.

    Raises:
        Refused: the door would listen beyond this machine without a token.
    """
    if not is_loopback(process.door_host) and not process.door_token.get_secret_value():
        raise Refused(
            f"The door would listen on {process.door_host}, which others reach, without a token. Put a long random "
            "text into CONNECTOR_DOOR_TOKEN, or set CONNECTOR_DOOR_HOST=127.0.0.1."
        )


def door_app(process: Settings | None = None, hands: Hands | None = None) -> Starlette:
    """The application; while it is open, a thread turns messages into runs.

    Args:
        process: settings; those of this process when left out.
        hands: what starts runs and ends authorizations; Prefect and our tasks when left out.
    """
    given = process or settings()
    door = _Door(given, hands or Hands(_start_run, _is_at_work, _deauthorize, _note_expiry))

    @asynccontextmanager
    async def opened(_: Starlette) -> AsyncIterator[None]:
        await asyncio.to_thread(door.drain.__enter__)
        try:
            yield
        finally:
            await asyncio.to_thread(door.drain.__exit__)

    return Starlette(
        routes=[
            Route("/tiktok/callback", door.callback, methods=["GET"]),
            Route("/tiktok/shop", door.choose, methods=["POST"]),
            Route("/tiktok/webhooks", door.webhook, methods=["POST"]),
            Route("/cron/{connection}/{job}", door.cron, methods=["GET", "POST"]),
            Route("/cron", door.cron_list, methods=["GET"]),
            Route("/health", door.health, methods=["GET"]),
            Route("/metrics", door.metrics, methods=["GET"]),
        ],
        middleware=[Middleware(Guard)],
        lifespan=opened,
    )


def serve(host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        host, port: where to listen.
        announce: told the address once the port is ours.

    Raises:
        Refused: the port is taken, the address is not of this machine, or it is reached by others without a token.
    """
    process = settings().model_copy(update={"door_host": host, "door_port": port})
    check_exposure(process)
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise Refused(
            f"The door cannot listen on {host} port {port}: {error.strerror}. Choose another with CONNECTOR_DOOR_PORT."
        ) from None
    server = door_server(door_app(process))
    # Uvicorn raises the signal that ended it once more; by then everything is closed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with listening:
        announce(f"The door is open: http://{host}:{port}/")
        server.run(sockets=[listening])


def door_server(app: Starlette) -> uvicorn.Server:
    """What speaks HTTP for the application."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            # Our own handler redacts; request lines hold keys and codes, and are logged nowhere.
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            http=Impatient,
            ws="none",
            h11_max_incomplete_event_size=16 * 1024,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=10,
        )
    )


class _Door:
    """The pages; they share what has been counted and what is open."""

    def __init__(self, process: Settings, hands: Hands) -> None:
        self._process = process
        self._hands = hands
        self.drain = Drain(hands)
        self._intake = Intake(self.drain.wake, hands.clock)
        self._pace = Pace(CRON_SECONDS)
        self._attempts = Attempts(KEYS_OF_ONE, KEYS_OF_ALL, 60.0)
        token = process.door_token.get_secret_value()
        # A proxy in front makes strangers look like this machine.
        self._operators = Operators(token, exposed=bool(process.door_url) or not is_loopback(process.door_host))

    async def webhook(self, request: Request) -> Response:
        """A message of TikTok Shop."""
        status = await self._intake.take(await request.body(), request.headers.get("authorization", ""))
        return PlainTextResponse({200: "ok\n", 400: "This is no message.\n"}.get(status, "Wrong signature.\n"), status)

    async def callback(self, request: Request) -> Response:
        """The browser comes back from the consent page."""
        name = ""
        try:
            name, code = await asyncio.to_thread(connection_of_callback, dict(request.query_params))
            outcome = await asyncio.to_thread(authorize_connection, name, code)
        except ConfigurationFault as fault:
            if fault.code != "choose-shop":
                return _refused(fault)
            ticket, shops = await asyncio.to_thread(offer_choice, name)
            return pages.choice(name, ticket, shops)
        except ShopError as error:
            return _refused(error)
        return _authorized(name, outcome.shop_name, outcome.region)

    async def choose(self, request: Request) -> Response:
        """One of several shops was chosen."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode("ascii", "replace")).items()}
        name = await asyncio.to_thread(connection_of_choice, form.get("ticket", ""))
        if name is None:
            return pages.note(
                "This choice is no longer open",
                "It was made already, or waited too long. Open the consent link again.",
                status=400,
            )
        try:
            outcome = await asyncio.to_thread(authorize_connection, name, shop=form.get("shop") or "-")
        except ShopError as error:
            return _refused(error)
        return _authorized(name, outcome.shop_name, outcome.region)

    async def cron(self, request: Request) -> Response:
        """A scheduler elsewhere asks for a run."""
        written, job = request.path_params["connection"], request.path_params["job"]
        key = request.headers.get("x-cron-key") or request.query_params.get("key", "")
        address = client_address(request)
        if wait := self._attempts.wait(address, key):
            return PlainTextResponse("Too many wrong keys.\n", 429, {"Retry-After": str(int(wait) + 1)})
        name = await asyncio.to_thread(connection_of_key, written, key)
        if name is None:
            self._attempts.was_wrong(key)
            return PlainTextResponse("Wrong key.\n", 403)
        self._attempts.was_right(address, key)
        if job not in JOBS:
            return PlainTextResponse(f"There is no such job. There are: {', '.join(JOBS)}\n", 404)
        if await asyncio.to_thread(is_stopped, name, job):
            return PlainTextResponse(f"Stopped. To let it run again: connector connection start {name}\n", 409)
        if wait := self._pace.wait(name, job):
            return PlainTextResponse("Too soon.\n", 429, {"Retry-After": str(int(wait) + 1)})
        try:
            # The scheduled deployment, which carries the connection's name, runs one at a time.
            run = await asyncio.to_thread(self._hands.start_run, job, name, {}, deployment=in_url(name))
        except Exception as error:  # noqa: BLE001  # whatever it is, the caller is told to come again
            log.warning("%s of %s was not started: %s", job, name, type(error).__name__)
            self._pace.give_back(name, job)
            return PlainTextResponse("The run could not be started now.\n", 503, {"Retry-After": "60"})
        return PlainTextResponse(f"Started: {run}\n", 202)

    async def cron_list(self, request: Request) -> Response:
        """What may be called, for operators."""
        if refusal := self._operators.refusal(request):
            return refusal
        with_keys = self._operators.knows_token(request)
        base = public_url(self._process)
        rows = [
            (
                one.connection,
                one.job,
                f"{base}{one.path}?key={one.key if with_keys else '…'}",
                pages.interval(one.seconds),
            )
            for one in await asyncio.to_thread(cron_jobs)
        ]
        return pages.cron_table(rows, with_keys=with_keys)

    async def health(self, request: Request) -> Response:
        """Whether everything works that the connector needs of its own; what does not, for operators."""
        found, prefect = await asyncio.gather(asyncio.to_thread(health), _prefect_answers())
        last = found.last_run_at
        healthy = found.database and found.migrated and prefect is not False
        details = {
            "database": found.database,
            "migrated": found.migrated,
            "prefect": prefect,
            "seconds_since_last_run": _seconds_since(last, self._hands.clock()),
        }
        shown = details if self._operators.refusal(request) is None else {}
        return JSONResponse({"healthy": healthy, **shown}, 200 if healthy else 503)

    async def metrics(self, request: Request) -> Response:
        """Figures for Prometheus."""
        if refusal := self._operators.refusal(request):
            return refusal
        found = await asyncio.to_thread(figures, self._hands.clock())
        text = await asyncio.to_thread(exposition, found, dict(self._intake.counts))
        return Response(text, media_type=CONTENT_TYPE)


def public_url(process: Settings) -> str:
    """The door's address for links that others open, without a slash at the end."""
    return process.door_url.rstrip("/") or f"http://{process.door_host}:{process.door_port}"


def _seconds_since(moment: datetime | None, now: datetime) -> int | None:
    return None if moment is None else max(0, int((now - moment).total_seconds()))


def _authorized(name: str, shop: str, region: str) -> Response:
    return pages.note(
        "Authorized",
        f"Connection {name} now works with {shop} ({region}).",
        "You can close this window. A new connection runs by itself as soon as it is started.",
    )


def _refused(error: ShopError) -> Response:
    described = describe(error)
    return pages.note("Not authorized", described[0] if described else "", status=400)


async def _prefect_answers() -> bool | None:
    """Whether the Prefect server does; None when none is named."""
    api = os.environ.get("PREFECT_API_URL", "")
    if not api:
        return None
    user, _, password = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
    try:
        async with httpx.AsyncClient(timeout=_PREFECT_SECONDS, auth=(user, password) if user else None) as http:
            return (await http.get(f"{api.rstrip('/')}/health")).is_success
    except httpx.HTTPError:
        return False


def _start_run(flow: str, connection: str, parameters: Mapping[str, Any], *, deployment: str) -> str:
    """Ask the Prefect server at PREFECT_API_URL."""
    from deployments.starting import start_run

    return start_run(flow, connection, parameters, deployment=deployment)


def _is_at_work(flow: str, connection: str) -> bool:
    from deployments.starting import is_at_work

    return is_at_work(flow, connection)


def _deauthorize(connection_id: int, at: datetime) -> None:
    from tasks.authorization import deauthorize

    deauthorize(connection_id, at)


def _note_expiry(connection_id: int, moment: datetime, at: datetime) -> None:
    from tasks.authorization import note_expiry

    note_expiry(connection_id, moment, at)
