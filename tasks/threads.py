"""Threads of one batch that know which connection they work on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from models.database import connection_worked_on, working_on

P = ParamSpec("P")
T = TypeVar("T")


class BatchThreads(ThreadPoolExecutor):
    """A thread pool whose work writes for the same connection as whoever hands it in.

    Nothing else of the context goes along: Prefect would take the calls of a thread for those of its task.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hand in one call; `map` comes through here too."""
        return super().submit(partial(_within, connection_worked_on(), partial(fn, *args, **kwargs)))


def _within(connection_id: int | None, work: Callable[[], T]) -> T:
    with working_on(connection_id):
        return work()
