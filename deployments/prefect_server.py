"""`prefect server start` as one machine needs it: `python -m` this module. Three things are changed (decision 7).

**Garbage is collected in a thread of its own.** Prefect's server on SQLite keeps a thread for each connection. One that
waits for the write lock, up to a minute, holds its connection's mutex. When the collector, run by chance in the thread
of the event loop, then comes upon a forgotten cursor of that connection, it waits for that mutex, and with it the event
loop, and with that the transaction that has the write lock: everything stands still until the minute is over. With
fifty connections that was most of the time. A thread of its own may wait as long as it has to.

**Transactions take the write lock when they begin.** Prefect's begin by reading, and SQLite refuses their first write
at once when somebody else has written since: the answer is 503, and the client tries again after seconds. In line for
the lock they wait for milliseconds.

**Without a login it answers this machine's own names only.** A page of the web whose name is made to lead to this
machine is of one origin with the server, for the browser, and could start runs. What the server asks itself comes by no
socket and has another name: only what is served is wrapped.
"""

from __future__ import annotations

import gc
import os
import runpy
import sys
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from prefect.server.database.configurations import SQLITE_BEGIN_MODE, AioSqliteConfiguration
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.asyncio.session import AsyncSessionTransaction
from starlette.datastructures import URL
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from config.settings import is_loopback

_YOUNG_SECONDS = 0.5
# Of the young ones, until all are looked at.
_ROUNDS = 60


def _collect() -> None:
    while not gc.isenabled():
        for _ in range(_ROUNDS):
            time.sleep(_YOUNG_SECONDS)
            gc.collect(1)
        gc.collect()


@asynccontextmanager
async def _begin_writing(
    _: AioSqliteConfiguration, session: AsyncSession, with_for_update: bool = False
) -> AsyncGenerator[AsyncSessionTransaction, None]:
    """As `AioSqliteConfiguration.begin_transaction`, but always as for an update."""
    del with_for_update
    token = SQLITE_BEGIN_MODE.set("IMMEDIATE")
    try:
        async with session.begin() as transaction:
            yield transaction
    finally:
        SQLITE_BEGIN_MODE.reset(token)


class OwnNamesOnly:
    """Refuses requests to a host of another name than those of this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or refuse it."""
        if scope["type"] == "lifespan" or is_loopback(URL(scope=scope).hostname or ""):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            said = "Without a login this server answers its own machine only: set CONNECTOR_PREFECT_LOGIN.\n"
            await PlainTextResponse(said, 403)(scope, receive, send)


def _answer_own_names_only() -> None:
    serve = uvicorn.run

    def run(app: ASGIApp, **options: Any) -> None:
        serve(OwnNamesOnly(app), **options)

    uvicorn.run = run  # type: ignore[assignment]


def main() -> None:
    """Run the server with the arguments of this process."""
    if not os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        _answer_own_names_only()
    AioSqliteConfiguration.begin_transaction = _begin_writing  # type: ignore[assignment, method-assign]
    gc.disable()
    threading.Thread(target=_collect, name="garbage", daemon=True).start()
    sys.argv = ["prefect", "server", "start", *sys.argv[1:]]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
