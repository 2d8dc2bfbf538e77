"""`prefect server start` as SQLite needs it: `python -m` this module. Two things are changed (decision 7).

**Garbage is collected in a thread of its own.** Prefect's server on SQLite keeps a thread for each connection. One that
waits for the write lock, up to a minute, holds its connection's mutex. When the collector, run by chance in the thread
of the event loop, then comes upon a forgotten cursor of that connection, it waits for that mutex, and with it the event
loop, and with that the transaction that has the write lock: everything stands still until the minute is over. With
fifty connections that was most of the time. A thread of its own may wait as long as it has to.

**Transactions take the write lock when they begin.** Prefect's begin by reading, and SQLite refuses their first write
at once when somebody else has written since: the answer is 503, and the client tries again after seconds. In line for
the lock they wait for milliseconds.
"""

from __future__ import annotations

import gc
import runpy
import sys
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from prefect.server.database.configurations import SQLITE_BEGIN_MODE, AioSqliteConfiguration
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.asyncio.session import AsyncSessionTransaction

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


def main() -> None:
    """Run the server with the arguments of this process."""
    AioSqliteConfiguration.begin_transaction = _begin_writing  # type: ignore[assignment, method-assign]
    gc.disable()
    threading.Thread(target=_collect, name="garbage", daemon=True).start()
    sys.argv = ["prefect", "server", "start", *sys.argv[1:]]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
