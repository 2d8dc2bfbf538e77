"""`connector up`: everything on one machine. Tables migrated, Prefect server, door, flows served on their schedules."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Any, NoReturn

import httpx
from sqlalchemy.exc import DBAPIError

from config.settings import Settings
from deployments.children import Child
from deployments.prefect_environment import enter_serving_environment
from deployments.server import ServerCrashed, api_url, crashed, is_healthy, prefect_server
from models.database import Busy, database

if TYPE_CHECKING:
    from deployments.runner import FlowRunner

# A Prefect server of others is asked so often whether it is there.
_ASK_AGAIN_SECONDS = 5.0
# Every so many looks, runs that a later one has overtaken are cancelled.
_OVERTAKEN_EVERY = 6
# Runs mostly wait for the shops; each is a fork that costs little memory of its own.
RUNS_AT_ONCE = 8
# Runs in flight get this long to end by themselves.
_PATIENCE_SECONDS = 20.0
# A Prefect server that ends by itself is started again, so many times within so many seconds.
_RESTARTS, _WITHIN_SECONDS = 5, 600.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def up(announce: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM; what ends by itself is started again.

    Args:
        announce: told in words what is going on, at last the address of the UI.

    Raises:
        ServerFailed: the port is taken, or the Prefect server does not start or does not stay.
        ChildFailed: the door does not start.
        Busy: `connector up` already runs for this installation.
    """
    process = enter_serving_environment()
    before = {number: signal.signal(number, _end) for number in _SIGNALS}
    try:
        database().upgrade()
        with _alone():
            _keep_serving(process, announce)
    except _Ended:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    announce("Stopped.")


def _keep_serving(process: Settings, announce: Callable[[str], None]) -> None:
    """Serve until told to end; a server that ends by itself is started again."""
    api = os.environ["PREFECT_API_URL"]
    ended: deque[float] = deque(maxlen=_RESTARTS)
    with Child.door(process, announce) as door:
        while True:
            try:
                if api != api_url(process):
                    _wait_for(api, announce)
                    announce(f"Using the Prefect server at {api}")
                    _run(_serve(announce, api, lambda: None, door, ours_alone=False))
                else:
                    _forget_leases(process)
                    with prefect_server(process) as server:
                        announce("Prefect server is up.")

                        def check(running: Any = server) -> None:
                            if running.poll() is not None:
                                raise crashed(process, running)

                        _run(_serve(announce, api, check, door, ours_alone=True))
                return
            except ServerCrashed as failure:
                now = time.monotonic()
                if len(ended) == _RESTARTS and now - ended[0] < _WITHIN_SECONDS:
                    raise
                ended.append(now)
                announce(f"{failure} Starting again.")


def _run(serving: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(serving)
    finally:
        # Its loop put handlers of its own in place and leaves none, so that a signal would end this process at once,
        # without those it has started.
        for number in _SIGNALS:
            signal.signal(number, _end)


def _wait_for(api: str, announce: Callable[[str], None]) -> None:
    """Until a server that is not ours answers."""
    for look in count():
        if is_healthy(api):
            return
        if not look:
            announce(f"The Prefect server at {api} does not answer; waiting for it.")
        time.sleep(_ASK_AGAIN_SECONDS)


def _forget_leases(process: Settings) -> None:
    """Before the server starts: nothing runs, so a slot still on lease would only keep the next runs out."""
    shutil.rmtree(process.home / "prefect" / "concurrency_leases", ignore_errors=True)


class _Ended(KeyboardInterrupt):
    """SIGINT or SIGTERM came. Of this kind, because asyncio leaves any other with the task that it happened to stop."""


def _end(_number: int, _frame: Any) -> NoReturn:
    raise _Ended


@contextmanager
def _alone() -> Iterator[None]:
    with ExitStack() as held:
        try:
            held.enter_context(database().exclusive("up", patience=0))
        except Busy:
            raise Busy("connector up already runs for this installation. Stop it first.") from None
        yield


async def _serve(
    announce: Callable[[str], None], api: str, check: Callable[[], None], door: Child, *, ours_alone: bool
) -> None:
    # Imported late: Prefect reads the environment when it is first imported.
    from prefect.exceptions import PrefectException

    from deployments.ownership import claim
    from deployments.runner import FlowRunner
    from deployments.settling import settle_runs

    stop = asyncio.Event()
    try:
        # First: what others have in flight there is not cut off.
        await claim(None, ours_alone=ours_alone)
        settled = await settle_runs(ours_alone=ours_alone)
    except (httpx.HTTPError, PrefectException) as error:
        raise ServerCrashed(f"The Prefect server at {api} went away ({type(error).__name__}).") from error
    if settled:
        announce(f"{settled} runs that were cut off the last time are settled.")
    runner = FlowRunner(limit=RUNS_AT_ONCE)
    work = asyncio.create_task(runner.start())
    while not runner.started and not work.done():
        await asyncio.sleep(0.05)
    for number in _SIGNALS:
        # After the start: the runner puts a handler of its own in place.
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    step = asyncio.create_task(_keep_in_step(runner, announce, api.removesuffix("/api"), door))
    ended = asyncio.create_task(stop.wait())
    patience = 0.0
    try:
        while not (stop.is_set() or work.done() or step.done()):
            await asyncio.wait({work, step, ended}, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
            check()
            await asyncio.to_thread(door.keep_alive)
        if step.done():
            step.result()
        if work.done() and not stop.is_set():
            # It gives up when the server has not answered for some minutes.
            gone = work.exception()
            why = type(gone).__name__ if gone else "without an error"
            raise ServerCrashed(f"The runner ended ({why}); the Prefect server at {api} may be away.") from gone
        patience = _PATIENCE_SECONDS
    finally:
        step.cancel()
        ended.cancel()
        if patience:
            announce(f"Stopping: runs in flight get {patience:.0f} seconds.")
        await _end_runner(runner, patience, announce)
        work.cancel()
        await asyncio.wait({work}, timeout=_PATIENCE_SECONDS)


async def _end_runner(runner: FlowRunner, patience: float, announce: Callable[[str], None]) -> None:
    """End the runner; should it not come to an end, the end of this process ends its runs."""
    try:
        cut_off = await asyncio.wait_for(runner.end(patience), patience + _PATIENCE_SECONDS)
    except TimeoutError:
        return
    if cut_off and patience:
        announce(f"{cut_off} runs were cut off; the next start goes on where they stood.")


async def _keep_in_step(runner: FlowRunner, announce: Callable[[str], None], address: str, door: Child) -> None:
    """Serve what connections, their schedules and authorizations ask for, now and whenever they change."""
    from prefect.exceptions import PrefectException

    from deployments.registration import register
    from deployments.schedules import LOOK_AGAIN_SECONDS, Wanted, wanted_deployments
    from deployments.settling import cancel_overtaken

    served: set[Wanted] | None = None
    for look in count():
        try:
            wanted = await asyncio.to_thread(wanted_deployments)
        except DBAPIError as error:
            # What is served stays; a database that is started again is back soon.
            announce(f"The database does not answer ({type(error).__name__}); going on.")
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            continue
        if served is None or set(wanted) != served:
            try:
                outcome = await register(wanted, ready=runner.serve)
            except (httpx.HTTPError, PrefectException) as error:
                # What was registered before stays; a busy server gets the rest next time.
                announce(f"Not all deployments are registered yet ({type(error).__name__}); going on.")
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
                continue
            runner.serve_only(outcome.ids.values())
            for name in outcome.kept_by_hand:
                announce(f"{name}: the schedule set in the Prefect UI stays until the settings change it.")
            for name in outcome.replaced:
                announce(f"{name}: the schedule set in the Prefect UI was replaced by the changed setting.")
            if served is None:
                announce(f"Ready: {len(outcome.ids)} deployments. Prefect UI: {address}")
                announce(f"Door: {door.address}")
                if not any(one.connection for one in wanted):
                    announce("There is no connection yet. Make one with: connector setup")
                for name in sorted({one.connection for one in wanted if one.paused}):
                    announce(f"{name} does not run by itself; why: connector setup {shlex.quote(name)} --status")
            served = set(wanted)
        elif look % _OVERTAKEN_EVERY == 0:
            with suppress(httpx.HTTPError, PrefectException):
                await cancel_overtaken()
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
