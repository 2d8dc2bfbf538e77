"""Both simulated shops on real ports, in background threads: what tests, the demo and `connector sandbox` start."""

import signal
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from sandbox.faults import TRANSPORT, FaultMiddleware, Faults, Shop
from sandbox.tiktok.app import tiktok_app
from sandbox.tiktok.world import TikTokWorld

if TYPE_CHECKING:
    from sandbox.prestashop.shop import Version
    from sandbox.prestashop.timing import Timing
    from sandbox.prestashop.world import World

KEEP_ALIVE_SECONDS = 75
START_SECONDS = 30


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Sandbox:
    """A PrestaShop and a TikTok Shop; started on entry, stopped on exit. Ports 0 are chosen by the system."""

    def __init__(
        self,
        *,
        products: int = 200,
        seed: int = 1,
        prestashop_version: str = "8.2",
        region: str = "GB",
        timing: str = "none",
        faults: str = "",
        prestashop_port: int = 0,
        tiktok_port: int = 0,
        audit_seconds: float = 2.0,
        host: str = "127.0.0.1",
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._products, self._seed, self._version = products, seed, prestashop_version
        self._region, self._timing, self._host, self._clock = region, timing, host, clock
        self._ports = (prestashop_port, tiktok_port)
        self._servers: list[_Server] = []
        self.faults = Faults.parse(faults, seed)
        self.offset = timedelta()
        self.tiktok = TikTokWorld(region, seed, clock=clock, audit_seconds=audit_seconds)
        self.prestashop: World

    def __enter__(self) -> Self:
        # The catalogue of the shop names its own address, so the ports are bound before it is made.
        prestashop_socket, tiktok_socket = (_bind(self._host, port) for port in self._ports)
        self.prestashop_url, self.tiktok_url = (_url(bound) for bound in (prestashop_socket, tiktok_socket))
        self._start(self._prestashop_app(), "prestashop", prestashop_socket)
        self._start(tiktok_app(self.tiktok, faults=self.faults), "tiktok", tiktok_socket)
        self.tiktok.webhooks.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.tiktok.webhooks.close()
        for server in self._servers:
            server.end()
        while self._servers:
            self._servers.pop().join()

    @property
    def prestashop_key(self) -> str:
        return str(self.prestashop.key)

    @property
    def auth_url(self) -> str:
        """Base URL of the token host and of the consent page."""
        return self.tiktok_url

    @property
    def app_key(self) -> str:
        return self.tiktok.app_key

    @property
    def app_secret(self) -> str:
        return self.tiktok.app_secret

    @property
    def service_id(self) -> str:
        return self.tiktok.service_id

    @property
    def shop_cipher(self) -> str:
        return self.tiktok.shop_cipher

    def auth_code(self) -> str:
        return self.tiktok.auth_code()

    def now(self) -> datetime:
        """The time of both shops, moved by `advance`: the clock to give to whoever works with them."""
        return self._clock() + self.offset

    def advance(self, seconds: float) -> datetime:
        """Let time pass in both shops at once and answer the new time.

        Signatures are still checked against the real time. `tiktok.advance` and `prestashop.advance` move one shop
        alone, e.g. to let an audit end.
        """
        self.offset += timedelta(seconds=seconds)
        self.tiktok.advance(seconds)
        self.prestashop.advance(seconds)
        return self.now()

    def settings(self) -> dict[str, str]:
        """What a connection to this sandbox needs; it holds the secrets of the simulated shops."""
        return {
            "prestashop_url": self.prestashop_url,
            "prestashop_key": self.prestashop_key,
            "tiktok_url": self.tiktok_url,
            "auth_url": self.auth_url,
            "consent_url": f"{self.auth_url}/open/authorize?service_id={self.service_id}",
            "region": self._region,
            "app_key": self.app_key,
            "app_secret": self.app_secret,
            "service_id": self.service_id,
            "shop_cipher": self.shop_cipher,
        }

    def serve_forever(self) -> None:
        """Wait for SIGINT or SIGTERM, then return; to be called in the main thread of an entered sandbox."""
        ended = threading.Event()

        def end(_signal: int, _frame: FrameType | None) -> None:
            ended.set()

        before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            ended.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _prestashop_app(self) -> ASGIApp:
        from sandbox.prestashop.app import prestashop_app
        from sandbox.prestashop.world import World

        self.prestashop = World.generate(
            self._products,
            self._seed,
            cast("Version", self._version),
            self._region,
            base_url=self.prestashop_url,
            clock=self._clock,
        )
        return prestashop_app(self.prestashop, faults=self.faults, timing=cast("Timing", self._timing))

    def _start(self, app: ASGIApp, shop: Shop, bound: socket.socket) -> None:
        server = _Server(FaultMiddleware(app, self.faults, shop), bound, f"sandbox-{shop}")
        self._servers.append(server)
        server.start()


def _bind(host: str, port: int) -> socket.socket:
    # With the protocol named, asyncio switches Nagle's delay off; without it small answers take 40 ms.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    return bound


def _url(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://{host}:{port}"


class _CuttableProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # chosen by uvicorn at run time
    """Leaves the TCP transport in the ASGI state, so that faults can cut the connection."""

    app_state: dict[str, Any]

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}


class _Server:
    """One uvicorn in a thread of its own."""

    def __init__(self, app: ASGIApp, bound: socket.socket, name: str) -> None:
        config = uvicorn.Config(
            app,
            http=_CuttableProtocol,
            access_log=False,
            log_config=None,
            log_level="error",
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
            backlog=2048,
        )
        self._socket = bound
        self._started = threading.Event()
        self._uvicorn = _Uvicorn(config, self._started)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        self._uvicorn.run(sockets=[self._socket])

    def start(self) -> None:
        self._thread.start()
        if not self._started.wait(START_SECONDS):
            raise RuntimeError(f"{self._thread.name} did not start")

    def end(self) -> None:
        self._uvicorn.should_exit = True

    def join(self) -> None:
        self._thread.join()
        self._socket.close()


class _Uvicorn(uvicorn.Server):
    """A server that says when it listens and leaves the process's signals alone."""

    def __init__(self, config: uvicorn.Config, listening: threading.Event) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening.set()
