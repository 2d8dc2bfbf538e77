"""A backlog of orders imported into one shop: orders an hour, requests an order, and what is our own of the time.

The shop takes the time measured on a real one and has as many stock rows as that one had (prestashop-webservice.md
11.3, `big`): guests, one each, mails off, and a change of state after the import. The floor is the time of the order
POSTs and of the changes of state alone, taken from the very same run: PrestaShop makes orders one at a time, so nobody
can be faster.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from benchmarks.order_shops import Waiting, imported, open_for_orders, place
from benchmarks.results import Figure, held_against
from benchmarks.shops import say, serving, timed
from flows.order_import import order_import

PRODUCTS = 5_000
ORDERS = 300
FEWEST_AN_HOUR = 9_000
MOST_REQUESTS = 6
FLOOR = ("POST orders", "POST order_histories")


def run() -> Sequence[Figure]:
    """One run of the flow over all of them."""
    with serving(products=PRODUCTS, seed=1, timing="measured", listed=True) as shops:
        connection_id = open_for_orders(shops)
        say("warming up")
        place(shops, 1, over=60, seed=1)
        order_import("sandbox")
        # Not older than the search reaches back over the order before.
        placed = place(shops, ORDERS, over=200)
        before, waiting = shops.prestashop_requests(), Waiting()
        cpu = time.process_time()
        with waiting.watched([shops]):
            seconds, _ = timed(lambda: order_import("sandbox"))
        cpu = time.process_time() - cpu
        orders = len(imported(connection_id)) - 1
        if orders != placed:
            raise RuntimeError(f"{orders} of {placed} orders were imported")
        after = shops.prestashop_requests()
    requests = sum(after.values()) - sum(before.values())
    for line in waiting.table(orders):
        say(line)
    own = seconds - sum(waiting.seconds.values())
    say(f"{orders} orders in {seconds:.1f} s; our own {1000 * own / orders:.1f} ms, CPU {1000 * cpu / orders:.1f} ms")
    floor = sum(waiting.seconds[name] for name in FLOOR)
    an_hour = 3600 * orders / seconds
    return [
        held_against("orders/rate", an_hour, "orders/h", "limit", FEWEST_AN_HOUR, at_least=1.0),
        held_against("orders/requests", requests / orders, "requests/order", "limit", MOST_REQUESTS, at_most=1.0),
        held_against(
            "orders/floor", seconds / orders, "s/order", "order POST and change of state alone", floor / orders
        ),
        held_against("orders/own", own / orders, "s/order", "the whole import of an order", seconds / orders),
    ]
