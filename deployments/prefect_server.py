"""`prefect server start` in a process whose garbage collector cannot stop its event loop: `python -m` this module.

Prefect's server on SQLite keeps a thread for each connection. One that waits for the write lock, up to a minute, holds
its connection's mutex. When the collector, run by chance in the thread of the event loop, then comes upon a forgotten
cursor of that connection, it waits for that mutex, and with it the event loop, and with that the transaction that has
the write lock: everything stands still until the minute is over. With fifty connections that was most of the time.

A thread of its own may wait as long as it has to: the event loop goes on meanwhile.
"""

from __future__ import annotations

import gc
import runpy
import sys
import threading
import time

_YOUNG_SECONDS = 0.5
# Of the young ones, until all are looked at.
_ROUNDS = 60


def _collect() -> None:
    while not gc.isenabled():
        for _ in range(_ROUNDS):
            time.sleep(_YOUNG_SECONDS)
            gc.collect(1)
        gc.collect()


def main() -> None:
    """Run the server with the arguments of this process."""
    gc.disable()
    threading.Thread(target=_collect, name="garbage", daemon=True).start()
    sys.argv = ["prefect", "server", "start", *sys.argv[1:]]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
