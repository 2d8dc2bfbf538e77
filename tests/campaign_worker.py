"""A process of the campaign: runs the order flows of every connection over and over, until it dies as it was told.

It kills itself at its n-th request to one of the shops, before the request leaves or when its answer has come, so that
deaths fall where they hurt and a seed repeats them.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import httpx
import stamina
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from sqlmodel import select

from clients.errors import ShopError
from flows import FLOWS
from models.connections import Connection
from models.database import database
from tasks.report import RunResult

DAILY_WORK = ("order_import", "shipment_push", "cancellation_sync", "order_status_sync")


def die_at(request: int, *, answered: bool) -> None:
    """End this process with SIGKILL at that request to a shop; 0 for never."""
    send = httpx.Client.send
    left = [request]

    def deadly(client: httpx.Client, sent: httpx.Request, **named: Any) -> httpx.Response:
        if not sent.url.path.startswith(("/api/v2/token", "/api/flow", "/api/task", "/api/artifact", "/api/log")):
            left[0] -= 1
        if left[0] == 0 and not answered:
            os.kill(os.getpid(), signal.SIGKILL)
        response = send(client, sent, **named)
        if left[0] == 0 and answered:
            os.kill(os.getpid(), signal.SIGKILL)
        return response

    httpx.Client.send = deadly  # type: ignore[assignment]


def work(names: list[str], rounds: int) -> int:
    """So many rounds of all flows on these connections; the number of runs that had something to say of a failure."""
    failed = 0
    for _ in range(rounds):
        for name in names:
            for flow in DAILY_WORK:
                try:
                    result: Any = FLOWS[flow](connection=name)
                except ShopError:
                    failed += 1
                else:
                    failed += isinstance(result, RunResult) and not result.ok
        print("round", flush=True)
    return failed


def main() -> None:
    request, answered, rounds = int(sys.argv[1]), sys.argv[2] == "answered", int(sys.argv[3])
    stamina.set_testing(True, attempts=7, cap=True)
    if request:
        die_at(request, answered=answered)
    with database().read() as session:
        names = sorted(session.exec(select(Connection.name)).all())
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        work(names, rounds)


if __name__ == "__main__":
    main()
