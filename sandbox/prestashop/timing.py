"""How long a real shop takes (fact sheet 11): a cost per request and row, paid in two PHP workers at most."""

from __future__ import annotations

import asyncio
import time
from typing import Literal

Timing = Literal["none", "measured"]
Form = Literal["ids", "slim", "full"]

REQUEST = 0.011
# Seconds per row, fitted to 11.1 and 11.2 and to the table of the recordings' README.
_PER_ROW: dict[tuple[str, Form], float] = {
    ("products", "slim"): 0.00021,
    ("products", "full"): 0.00170,
    ("combinations", "slim"): 0.00012,
    ("combinations", "full"): 0.00021,
    ("stock_availables", "slim"): 0.000055,
    ("stock_availables", "full"): 0.000055,
    ("categories", "full"): 0.00300,
}
_OTHER_ROW = 0.00010
_ID_ROW = 0.000002
# Seconds per row of the whole table that a listing costs however few rows it answers: with 117,558 stock rows a page
# of 1,000 costs 55 ms before its first row, with 11,058 rows 15 ms (11.2).
_SCANNED_ROW: dict[str, float] = {"stock_availables": 0.00000038}
_ASSOCIATION_ROW = 0.00010
_PRICE_ROW = 0.00100
_WRITE: dict[str, float] = {"products": 0.200}


class Workers:
    """The shop's PHP workers. `pay` makes a request last what it would have cost, less what it took here."""

    def __init__(self, timing: Timing, workers: int = 2) -> None:
        self.timing = timing
        self._free = asyncio.Semaphore(workers)

    async def pay(self, cost: float, started: float) -> None:
        if self.timing == "none":
            return
        async with self._free:
            await asyncio.sleep(max(0.0, cost - (time.perf_counter() - started)))


def read_cost(resource: str, form: Form, rows: int, associations: int, prices: int, table: int = 0) -> float:
    """Cost of a list of `rows` rows out of a `table` of that many."""
    scan = table * _SCANNED_ROW.get(resource, 0.0)
    if form == "ids":
        return REQUEST + scan + rows * _ID_ROW
    row = _PER_ROW.get((resource, form), _OTHER_ROW)
    extra = _PRICE_ROW * prices + (_ASSOCIATION_ROW * associations if form == "slim" else 0.0)
    return REQUEST + scan + rows * (row + extra)


def write_cost(resource: str, entities: int) -> float:
    return REQUEST + entities * _WRITE.get(resource, 0.002)
