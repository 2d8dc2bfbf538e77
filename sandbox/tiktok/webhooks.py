"""Webhooks: who is subscribed, what is told, and its delivery with retries (sheet 6).

What happens to orders and products is heard through the listeners of book and shelf and put into the outbox at once,
signed as it will be sent. A thread of the running sandbox sends it; a world without one sends with `deliver_due`.
Retries are due by the world's clock, so `advance` makes them due. Without a subscription nothing is told, and time
is not moved on by itself either.
"""

import asyncio
import hashlib
import hmac
import ipaddress
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import SplitResult, urlsplit

import httpx
import orjson

from sandbox.tiktok.call import Call, Endpoint
from sandbox.tiktok.errors import ApiError
from sandbox.tiktok.order_model import Order
from sandbox.tiktok.shelf import Product, ShelfEvent

if TYPE_CHECKING:
    from sandbox.tiktok.world import Shop, TikTokWorld

# Names that can be subscribed to, with the numbers their notifications carry; some never come here.
EVENTS = {
    "ORDER_STATUS_CHANGE": 1,
    "REVERSE_STATUS_UPDATE": 2,
    "RECIPIENT_ADDRESS_UPDATE": 3,
    "PACKAGE_UPDATE": 4,
    "PRODUCT_STATUS_CHANGE": 5,
    "SELLER_DEAUTHORIZATION": 6,
    "UPCOMING_AUTHORIZATION_EXPIRATION": 7,
    "CANCELLATION_STATUS_CHANGE": 11,
    "RETURN_STATUS_CHANGE": 12,
    "NEW_CONVERSATION": 13,
    "NEW_MESSAGE": 14,
    "PRODUCT_INFORMATION_CHANGE": 15,
    "PRODUCT_CREATION": 16,
    "PRODUCT_CATEGORY_CHANGE": 18,
    "NEW_MESSAGE_LISTENER": 33,
    "INVOICE_STATUS_CHANGE": 36,
    "PRODUCT_AUDIT_STATUS_CHANGE": 37,
}
# Seconds from each failed try to the next; after the last one the notification is dropped.
LADDER = (120, 1800, 3 * 3600, 12 * 3600)
MAX_ADDRESS = 255
_DAY = 86_400
_WARNED_DAYS = 30  # before the end of an authorization, once a day
_KEPT = 10_000  # deliveries that can be looked at afterwards
_LOOK_SECONDS = 0.1
_AT_ONCE = 16  # notifications being sent
_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", re.IGNORECASE)
# Not in the list of statuses that are told (sheet 6.4); the others as the API spells them, but for this one.
_UNTOLD = "PARTIALLY_SHIPPING"
_ORDER_SPELLING = {"CANCELLED": "CANCEL"}
_CANCELLATION_SPELLING = {"CANCELLATION_REQUEST_CANCEL": "CANCELLATION_REQUEST_CANCELLED"}


def signature(app_key: str, app_secret: str, raw: bytes) -> str:
    """What the `Authorization` header holds, without a scheme word (sheet 6.3)."""
    return hmac.new(app_secret.encode(), app_key.encode() + raw, hashlib.sha256).hexdigest()


@dataclass(slots=True)
class Subscription:
    """One address per event type and shop."""

    event_type: str
    address: str
    create_time: int
    update_time: int


@dataclass(slots=True)
class Delivery:
    """One notification on its way: the bytes that are sent, and the tries so far as (Unix seconds, outcome, took).

    An outcome is the HTTP status, or the name of what went wrong; `took` the real seconds until it was known.
    """

    event_type: str
    address: str
    raw: bytes
    due: float
    state: Literal["WAITING", "SENDING", "DELIVERED", "DROPPED"] = "WAITING"
    tries: list[tuple[int, str, float]] = field(default_factory=list)


class Webhooks:
    """All shops' subscriptions and the outbox. Everything but the sending itself holds the world's lock."""

    def __init__(self, world: "TikTokWorld") -> None:
        self._world = world
        self._subscriptions: dict[str, dict[str, Subscription]] = {shop.id: {} for shop in world.shops}
        self._outbox: list[Delivery] = []
        self._ended: deque[Delivery] = deque(maxlen=_KEPT)
        self._told = 0
        self._warned: dict[str, int] = {}  # refresh token → days left at the last warning
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._serves = False
        self.timeout = 3.0  # real seconds for an answer
        self.late_seconds = 5.0  # how long the fault `webhook_late` holds a notification back
        # Types that come without `tts_notification_id`, as in some samples of 3 and 7
        self.without_id: frozenset[int] = frozenset()
        for position, shop in enumerate(world.shops):
            shop.book.listeners.append(self._on_order(position))
            shop.shelf.listeners.append(self._on_product(position))

    # Subscribing

    def of(self, shop: "Shop") -> dict[str, Subscription]:
        return self._subscriptions[shop.id]

    def subscribe(self, shop: "Shop", event_type: str, address: str) -> None:
        """One address per event type: a second call takes the first one's place. 11050001 when it is not taken."""
        if event_type not in EVENTS or not _is_good_address(address):
            raise ApiError(11050001, "The event type or the address is not valid")
        now, before = self._world.timestamp(), self.of(shop).get(event_type)
        self.of(shop)[event_type] = Subscription(event_type, address, before.create_time if before else now, now)
        if self._serves and self._thread is None:
            self._thread = threading.Thread(
                target=lambda: asyncio.run(self._run()), name="sandbox-webhooks", daemon=True
            )
            self._thread.start()

    def unsubscribe(self, shop: "Shop", event_type: str) -> None:
        if event_type not in EVENTS:
            raise ApiError(11050001, "The event type is not valid")
        self.of(shop).pop(event_type, None)

    # Telling

    def tell(self, shop: "Shop", event_type: str, data: dict[str, Any], moment: int | None = None) -> None:
        """Put a notification into the outbox if the shop is subscribed; `moment` is when it happened."""
        subscription = self.of(shop).get(event_type)
        if subscription is None:
            return
        self._told += 1
        number = EVENTS[event_type]
        body: dict[str, Any] = {
            "type": number,
            "tts_notification_id": f"7500{self._told:015d}",
            "shop_id": shop.id,
            "timestamp": self._world.timestamp() if moment is None else moment,
            "data": data,
        }
        if number in self.without_id:
            del body["tts_notification_id"]
        raw, address, due = orjson.dumps(body), subscription.address, self._world.now().timestamp()
        path = urlsplit(address).path or "/"
        if self._world.faults.draw("webhook_late", "POST", path):
            due += self.late_seconds
        self._outbox.append(Delivery(event_type, address, raw, due))
        if self._world.faults.draw("webhook_duplicate", "POST", path):
            self._outbox.append(Delivery(event_type, address, raw, due))

    # Shops are looked up anew each time: tests put a shop back to an earlier state.

    def _on_order(self, position: int) -> Callable[[str, Order, str], None]:
        def heard(event: str, order: Order, key: str) -> None:
            shop = self._world.shops[position]
            if self.of(shop):
                self._tell_order(shop, event, order, key)

        return heard

    def _tell_order(self, shop: "Shop", event: str, order: Order, key: str) -> None:
        book, dated = shop.book, {"order_id": order.id, "update_time": order.update_time}
        if event == "status" and order.status != _UNTOLD:
            status = _ORDER_SPELLING.get(order.status, order.status)
            data = {"is_on_hold_order": order.is_on_hold, "order_status": status, **dated}
            self.tell(shop, "ORDER_STATUS_CHANGE", data, book.now())
        elif event == "address":
            self.tell(shop, "RECIPIENT_ADDRESS_UPDATE", dated, book.now())
        elif event == "package":
            packages = [{"package_id": one, "order_id_list": [order.id]} for one in order.packages]
            data = {"sc_type": "SPLIT", "role_type": "ROLE_SELLER", "package_list": packages}
            self.tell(shop, "PACKAGE_UPDATE", data | {"update_time": order.update_time}, book.now())
        elif event == "cancellation":
            asked = book.cancellations[key]
            data = {
                "order_id": order.id,
                "cancellations_role": asked.role,
                "cancel_status": _CANCELLATION_SPELLING.get(asked.status, asked.status),
                "cancel_id": asked.id,
                "create_time": asked.create_time,
            }
            self.tell(shop, "CANCELLATION_STATUS_CHANGE", data, book.now())
        elif event == "return":
            row = book.returns[key]
            data = {
                "order_id": order.id,
                "return_role": row.role,
                "return_type": row.type,
                "return_status": row.status,
                "return_id": row.id,
                "create_time": row.create_time,
                "update_time": row.update_time,
            }
            self.tell(shop, "RETURN_STATUS_CHANGE", data, book.now())

    def _on_product(self, position: int) -> Callable[[ShelfEvent, Product, dict[str, Any]], None]:
        names = {
            "created": "PRODUCT_CREATION",
            "status": "PRODUCT_STATUS_CHANGE",
            "audit": "PRODUCT_AUDIT_STATUS_CHANGE",
            "edited": "PRODUCT_INFORMATION_CHANGE",
        }

        def heard(event: ShelfEvent, product: Product, detail: dict[str, Any]) -> None:
            # Where the samples print the id as a number, it is one; as text only where a product was edited.
            product_id = product.id if event == "edited" else int(product.id)
            data = {"product_id": product_id, **detail, "update_time": product.update_time}
            self.tell(self._world.shops[position], names[event], data)

        return heard

    def deauthorize(self) -> None:
        """The seller takes the authorization back: tokens end at once, every shop is told."""
        self._world.tokens.revoke_all()
        for shop in self._world.shops:
            self.tell(shop, "SELLER_DEAUTHORIZATION", {"message": "The seller removed the authorization"})

    def _warn(self) -> None:
        """Once a day from 30 days before an authorization ends."""
        now = self._world.timestamp()
        for token, expires in self._world.tokens.endings().items():
            end = int(expires.timestamp())
            left = (end - now) // _DAY
            if not 0 <= left < _WARNED_DAYS or self._warned.get(token) == left:
                continue
            self._warned[token] = left
            for shop in self._world.shops:
                data = {"message": "The authorization expires soon", "expiration_time": str(end)}
                self.tell(shop, "UPCOMING_AUTHORIZATION_EXPIRATION", data)

    # Sending

    def start(self) -> None:
        """From the first subscription on, send in a thread of its own until `close`."""
        self._stop.clear()
        self._serves = True

    def close(self) -> None:
        """End the thread; what is being sent is cut off."""
        self._serves = False
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def deliver_due(self) -> int:
        """Let time pass, send what is due, wait for the answers; how many were sent."""
        due = self._take()

        async def send() -> None:
            gate = asyncio.Semaphore(_AT_ONCE)
            async with self._client() as client:
                await asyncio.gather(*(self._send(client, gate, one) for one in due))

        asyncio.run(send())
        return len(due)

    def look(self) -> dict[str, Any]:
        """Subscriptions and deliveries, the oldest first; bodies as the text that is sent."""
        with self._world.lock:
            rows = [*self._ended, *self._outbox]
            return {
                "subscriptions": [
                    {"shop_id": shop.id, "event_type": one.event_type, "address": one.address}
                    for shop in self._world.shops
                    for one in self.of(shop).values()
                ],
                "deliveries": [
                    {
                        "event_type": one.event_type,
                        "address": one.address,
                        "body": one.raw.decode(),
                        "state": one.state,
                        "due": one.due,
                        "tries": [{"at": at, "outcome": outcome, "took": took} for at, outcome, took in one.tries],
                    }
                    for one in rows
                ],
            }

    async def _run(self) -> None:
        sending: set[asyncio.Task[None]] = set()
        gate = asyncio.Semaphore(_AT_ONCE)
        async with self._client() as client:
            while not self._stop.is_set():
                for one in self._take():
                    task = asyncio.create_task(self._send(client, gate, one))
                    sending.add(task)
                    task.add_done_callback(sending.discard)
                await asyncio.sleep(_LOOK_SECONDS)
            for task in tuple(sending):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def _client(self) -> httpx.AsyncClient:
        # A proxy of the environment would not reach the machine's own ports.
        return httpx.AsyncClient(timeout=self.timeout, trust_env=False)

    def _take(self) -> list[Delivery]:
        with self._world.lock:
            if any(self._subscriptions.values()):
                for shop in self._world.shops:
                    shop.shelf.settle()
                    shop.book.settle()
                self._warn()
            now = self._world.now().timestamp()
            due = [one for one in self._outbox if one.state == "WAITING" and one.due <= now]
            for one in due:
                one.state = "SENDING"
            return due

    async def _send(self, client: httpx.AsyncClient, gate: asyncio.Semaphore, one: Delivery) -> None:
        headers = {
            "content-type": "application/json",
            "authorization": signature(self._world.app_key, self._world.app_secret, one.raw),
        }
        began = time.perf_counter()
        try:
            # The timeout of httpx holds for each read; the platform's for the whole answer.
            async with gate, asyncio.timeout(self.timeout):
                began = time.perf_counter()
                answer = await client.post(one.address, content=one.raw, headers=headers)
            outcome = str(answer.status_code)
        except (httpx.HTTPError, TimeoutError) as error:
            outcome = type(error).__name__
        took = time.perf_counter() - began
        with self._world.lock:
            self._note(one, outcome, took)

    def _note(self, one: Delivery, outcome: str, took: float) -> None:
        now = self._world.now().timestamp()
        one.tries.append((int(now), outcome, took))
        if outcome == "200" or len(one.tries) > len(LADDER):
            one.state = "DELIVERED" if outcome == "200" else "DROPPED"
            self._outbox.remove(one)
            self._ended.append(one)
        else:
            one.state, one.due = "WAITING", now + LADDER[len(one.tries) - 1]


def _is_good_address(address: str) -> bool:
    """https, a host name, no port, at most 255 characters; and this machine's own doors."""
    if len(address) > MAX_ADDRESS or re.search(r"\s", address):
        return False
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.fragment:
        return False
    # The real platform takes neither http nor ports; a simulator has to reach connectors that run beside it.
    return _is_loopback(parts) or (
        parts.scheme == "https" and port is None and _HOST.fullmatch(parts.hostname or "") is not None
    )


def _is_loopback(parts: SplitResult) -> bool:
    if parts.scheme not in ("http", "https"):
        return False
    with suppress(ValueError):
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    return parts.hostname == "localhost"


def read(call: Call) -> Any:
    rows = call.world.webhooks.of(call.shop).values()
    return {
        "total_count": len(rows),
        "webhooks": [
            {
                "event_type": row.event_type,
                "address": row.address,
                "create_time": row.create_time,
                "update_time": row.update_time,
            }
            for row in rows
        ],
    }


def _given(call: Call, name: str) -> str:
    if not call.body.get(name):
        raise ApiError(36009004, f"body.{name} is missing", 400)
    return str(call.body[name])


def update(call: Call) -> Any:
    address, event_type = _given(call, "address"), _given(call, "event_type")
    call.world.webhooks.subscribe(call.shop, event_type, address)
    return {}


def delete(call: Call) -> Any:
    call.world.webhooks.unsubscribe(call.shop, _given(call, "event_type"))
    return {}


_PATH = "/event/{version}/webhooks"
# No scope is named for these calls (sheet 0.1).
ENDPOINTS = (
    Endpoint("GET", _PATH, read, scope=""),
    Endpoint("PUT", _PATH, update, scope="", body={"event_type": str, "address": str}),
    Endpoint("DELETE", _PATH, delete, scope="", body={"event_type": str}),
)
