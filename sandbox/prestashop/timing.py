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
# Seconds of a write: of its first object, of each more in the same body (11.3).
_WRITE: dict[tuple[str, str], tuple[float, float]] = {
    ("products", ""): (0.200, 0.200),
    ("customers", "POST"): (0.051, 0.051),
    ("addresses", "POST"): (0.002, 0.0005),
    ("carts", "POST"): (0.002, 0.0005),
    ("specific_prices", "POST"): (0.002, 0.0005),
    ("orders", "POST"): (0.133, 0.133),
    ("orders", "PATCH"): (0.003, 0.0015),
    ("order_histories", "POST"): (0.009, 0.009),
}
_OTHER_WRITE = (0.002, 0.002)
# Seconds per stock row of the shop that an order or a change of state goes through (`big` against `huge`, 11.3).
_STOCK_SCAN: dict[tuple[str, str], float] = {("orders", "POST"): 0.000004, ("order_histories", "POST"): 0.0000021}


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


def write_cost(resource: str, method: str, entities: int, stock_rows: int = 0) -> float:
    """Cost of a write of that many objects in a shop of that many stock rows."""
    kind = (resource, method)
    first, more = _WRITE.get(kind) or _WRITE.get((resource, "")) or _OTHER_WRITE
    scan = _STOCK_SCAN.get(kind, 0.0) * stock_rows
    return REQUEST + (first + scan) + max(entities - 1, 0) * (more + scan)
