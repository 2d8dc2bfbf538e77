"""What benchmarks of orders need: shops that sell already, buyers, and a look at where the time of an import goes."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlmodel import col, select

from benchmarks.shops import Shops, connect
from models.connections import settings_in_force, store_settings
from models.database import database
from models.listings import Listing, ListingSku
from models.orders import Order, OrderStage
from models.settings import ConnectionSettings
from tasks import shop_tables, taxonomy
from tasks.shops import utc_now

PREPARED = 3
"""The state that imported orders are given (C7): "processing in progress"."""

PLAIN: Mapping[str, float] = {
    "on_hold": 0.0,
    "unpaid": 0.0,
    "pre_order": 0.0,
    "fulfilled_by_tiktok": 0.0,
    "no_postal_code": 0.0,
    "returning": 0.0,
}
"""Orders that can be imported at once, each of a buyer of its own; names, streets and money are as odd as ever."""


def open_for_orders(shops: Shops, name: str = "sandbox") -> int:
    """Connect to shops that are served `listed`, link what they sell, and ask for a change of state; the connection."""
    connection_id = connect(shops, name)
    shop_tables.mirror_small_tables.fn(connection_id)
    taxonomy.refresh_logistics.fn(connection_id)
    link_shelf(shops, connection_id)
    with database().write() as session:
        _, document = settings_in_force(session, connection_id)
        orders = {**document.orders.model_dump(), "imported_state": PREPARED}
        changed = ConnectionSettings.model_validate({**document.model_dump(), "orders": orders})
        store_settings(session, connection_id, changed, note="benchmark", now=utc_now())
    return connection_id


def link_shelf(shops: Shops, connection_id: int) -> None:
    """Rows for everything on the TikTok Shop's shelf, linked by its external ids as after an upload."""
    answer = httpx.get(f"{shops.facts['tiktok_url']}/_sandbox/products", timeout=60).raise_for_status()
    products = answer.json()["products"]
    with database().write() as session:
        for product in products:
            _, _, id_product = product["external_product_id"].partition(":")
            listing = Listing(
                connection_id=connection_id,
                product_id=product["id"],
                id_product=int(id_product),
                status="ACTIVATE",
                audit_status="APPROVED",
            )
            session.add(listing)
            session.flush()
            session.add_all(
                ListingSku(
                    connection_id=connection_id,
                    listing_id=listing.key,
                    sku_id=sku["id"],
                    seller_sku=sku["seller_sku"],
                    id_product=int(id_product),
                    id_product_attribute=int(sku["external_sku_id"].rpartition(":")[2]),
                    offered=sum(sku["stock"].values()),
                )
                for sku in product["skus"]
            )


def place(shops: Shops, number: int, *, over: int, mix: Mapping[str, float] = PLAIN, seed: int | None = None) -> int:
    """Buyers order in the last `over` seconds; how many did. The seed begins another row of buyers."""
    body: dict[str, Any] = {"n": number, "over": over, "mix": dict(mix)}
    if seed is not None:
        body["seed"] = seed
    answer = httpx.post(f"{shops.facts['tiktok_url']}/_sandbox/random_orders", json=body, timeout=600)
    return len(answer.raise_for_status().json()["order_ids"])


def imported(connection_id: int) -> list[Order]:
    """Orders that are in PrestaShop, with everything done.

    Raises:
        RuntimeError: some order waits for a person, or was not finished.
    """
    with database().read() as session:
        orders = session.exec(select(Order).where(Order.connection_id == connection_id).order_by(col(Order.id))).all()
    left = Counter(
        order.parked_code or order.stage.value
        for order in orders
        if order.is_parked or order.stage is not OrderStage.IMPORTED
    )
    if left:
        raise RuntimeError(f"of {len(orders)} orders some were not imported: {dict(left)}")
    return list(orders)


@dataclass(slots=True)
class Waiting:
    """Time spent in requests, by method and resource; several threads' times add up."""

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    requests: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def watched(self, shops: Sequence[Shops]) -> Iterator[None]:
        """Watch every request to these shops that httpx sends in the meantime; Prefect's own are left out."""
        send = httpx.Client.send
        hosts = {one.facts["prestashop_url"]: "" for one in shops} | {
            one.facts["tiktok_url"]: "TikTok " for one in shops
        }

        def clocked(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
            host = f"{request.url.scheme}://{request.url.netloc.decode()}"
            if host not in hosts:
                return send(client, request, **options)
            began = time.perf_counter()
            try:
                answer = send(client, request, **options)
                answer.read()
                return answer
            finally:
                spent = time.perf_counter() - began
                parts = request.url.path.strip("/").split("/")
                resource = parts[1] if len(parts) > 1 else "root"
                name = f"{hosts[host]}{request.method} {resource if not hosts[host] else parts[0]}"
                with self._lock:
                    self.seconds[name] += spent
                    self.requests[name] += 1

        httpx.Client.send = clocked  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            httpx.Client.send = send  # type: ignore[method-assign]

    def table(self, orders: int) -> list[str]:
        """Lines for people: requests and milliseconds an order, the dearest first."""
        return [
            f"{name:24} {self.requests[name] / orders:6.2f} requests {1000 * seconds / orders:8.1f} ms an order"
            for name, seconds in sorted(self.seconds.items(), key=lambda one: -one[1])
        ]
