"""How many rows to ask for at once, and the pages of a long list in order with a few requests in flight.

Source: fact sheet sections 1.8 and 11.1.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from clients.prestashop.filters import Condition, any_of, between
from clients.prestashop.records import Record

# A page that takes this long keeps PHP's limits (30 s, memory) far away and the overhead of a request small.
TOO_LONG = 5.0
TOO_SHORT = 2.0
GROWTH = 1.25


class PageSize:
    """Rows a page, tuned by what the shop says a page took; thread-safe.

    Halved by a page that took too long or broke off, grown slowly by quick full ones, up to four times the first size.
    """

    def __init__(self, first: int) -> None:
        if first < 1:
            raise ValueError("a page has at least one row")
        self.rows = first
        self._most = 4 * first
        self._lock = Lock()

    def took(self, seconds: float, rows: int) -> None:
        """A page of `rows` took `seconds`."""
        with self._lock:
            if seconds > TOO_LONG:
                self.rows = max(1, min(self.rows, rows // 2))
            elif seconds < TOO_SHORT and rows >= self.rows:
                self.rows = min(self._most, int(self.rows * GROWTH) + 1)

    def broke(self, rows: int) -> None:
        """A page of `rows` ended in a timeout, a server error or a cut body."""
        with self._lock:
            self.rows = max(1, min(self.rows, rows // 2))


def id_condition(ids: Sequence[int]) -> Condition:
    """The shortest condition that finds these ascending ids without loading many others.

    A range where they lie close together, so that the URL stays short; a list where they are scattered.
    """
    return any_of(ids) if scattered(ids) else between(ids[0], ids[-1])


def scattered(ids: Sequence[int]) -> bool:
    """Whether a range over these ascending ids might hold more other ids than these."""
    return ids[-1] - ids[0] >= 2 * len(ids)


def in_order(
    next_chunk: Callable[[], Sequence[int]], fetch: Callable[[Sequence[int]], list[Record]], in_flight: int
) -> Iterator[list[Record]]:
    """`fetch` of each chunk, in the order of the chunks, `in_flight` at a time.

    No more than `in_flight` pages are held or on their way besides the one handed out. `next_chunk` is asked as late
    as possible, so that it can follow the page size; an empty chunk is the end.
    """
    waiting: deque[Future[list[Record]]] = deque()
    with ThreadPoolExecutor(in_flight, thread_name_prefix="prestashop-pages") as pool:

        def fill() -> None:
            while len(waiting) < in_flight and (chunk := next_chunk()):
                waiting.append(pool.submit(fetch, chunk))

        try:
            fill()
            while waiting:
                page = waiting.popleft().result()
                fill()
                yield page
        finally:
            for future in waiting:
                future.cancel()
