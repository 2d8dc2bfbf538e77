"""The orders of one shop: the one truth that endpoints, Seller Center and tests work on (sheet 4.3).

Every public method holds the world's lock and first lets time do what is due, so tests may call it while the
simulator serves. `set_status` is where everything meets: it moves units, packages, stock, times and the index, and
puts on the agenda what time does next. Other modules (cancellations, webhooks) put their deadlines there with `at`
and hear of changes through `listeners`.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sandbox.tiktok import order_stock
from sandbox.tiktok.errors import ApiError
from sandbox.tiktok.order_agenda import Action, Agenda
from sandbox.tiktok.order_entry import BY_SELLER, Entry
from sandbox.tiktok.order_index import OrderIndex
from sandbox.tiktok.order_model import Cancellation, Order, Pace, Package, Return, Unit
from sandbox.tiktok.order_packages import make_up_tracking, regroup, take_out
from sandbox.tiktok.order_status import PACKAGE_STATUS, TIMES, deadlines, hold_end, overall, rank

if TYPE_CHECKING:
    from sandbox.tiktok.world import Shop, TikTokWorld

# (event, order, id): "status", "address", "package" (split), or "cancellation" and "return" with their id
Listener = Callable[[str, Order, str], None]
PENDING = "CANCELLATION_REQUEST_PENDING"
NO_LONGER_NEEDED = "ecom_order_to_ship_canceled_reason_no_longer_needed"


class OrderBook:
    def __init__(self, world: "TikTokWorld", shop: "Shop") -> None:
        self._world, self._shop = world, shop
        self.orders: dict[str, Order] = {}
        self.cancellations: dict[str, Cancellation] = {}
        self.returns: dict[str, Return] = {}
        self.packages: dict[str, Order] = {}  # package id → its order
        self.index = OrderIndex()
        self.pace = Pace()
        self.listeners: list[Listener] = []
        self._agenda = Agenda(world.timestamp)

    # Time

    def now(self) -> int:
        """Unix seconds: the world's, or the moment of the event that is being settled."""
        return self._agenda.now()

    def at(self, moment: int, action: Action) -> None:
        """Let `action` happen at that moment."""
        self._agenda.at(moment, action)

    def settle(self) -> None:
        """Let happen what time has brought, each at its own moment."""
        with self._world.lock:
            self._agenda.settle()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._world.lock:
            self._agenda.settle()
            yield

    # Looking things up

    def get(self, order_id: str) -> Order:
        """The order; 21008111 when it is none of this shop's."""
        order = self.orders.get(order_id)
        if order is None:
            raise ApiError(21008111, "The order does not belong to this seller")
        return order

    def wants_cancel(self, order: Order) -> bool:
        """Whether a buyer's request waits for the seller's answer."""
        return any(self.cancellations[key].status == PENDING for key in order.cancellations)

    # Placing

    def place(self, entry: Entry, *, at: int | None = None) -> Order:
        """A buyer orders. `at` dates the order back; what has become due since then happens at the next settling.

        ValueError when a SKU is not on sale or not in stock; nothing is taken then.
        """
        with self._turn():
            order = entry.order(self._world, self._shop, self.now() if at is None else at)
            if order.fulfillment_type == BY_SELLER:
                order_stock.commit(self._shop, order.units)
            self._agenda.on(order.create_time, lambda: self._open(order, entry))
            self.orders[order.id] = order
            order.update_time = order.create_time
            self.index.add(order)
            self.tell("status", order)
            return order

    def _open(self, order: Order, entry: Entry) -> None:
        if order.is_cod or (entry.paid and entry.pay_after is None):
            self._paid(order)
            return
        if entry.pay_after is not None:
            self.at(self.now() + entry.pay_after, lambda: self.pay(order) if order.status == "UNPAID" else None)
        elif order.timed and self.pace.payment is not None:
            moment = self.now() + self.pace.payment
            self.at(moment, lambda: self._overdue(order, ("UNPAID",), "The buyer did not pay in time"))

    # The way of an order

    def pay(self, order: Order) -> None:
        """UNPAID → ON_HOLD, or AWAITING_SHIPMENT where there is no hold."""
        with self._turn():
            _expect(order, "UNPAID")
            self._paid(order)

    def _paid(self, order: Order) -> None:
        if not order.is_cod:
            order.times["paid"] = self.now()
        self.set_status(order, "ON_HOLD" if order.is_on_hold else "AWAITING_SHIPMENT")

    def end_hold(self, order: Order) -> None:
        """ON_HOLD → AWAITING_SHIPMENT: the remorse hour is over, the address complete."""
        with self._turn():
            _expect(order, "ON_HOLD")
            self.set_status(order, "AWAITING_SHIPMENT")

    def ship(
        self,
        order: Order,
        unit_ids: Collection[str] | None = None,
        *,
        tracking_number: str = "",
        provider_id: str = "",
        provider_name: str = "",
    ) -> Package:
        """These units (all unshipped ones) leave in one package of their own: AWAITING_COLLECTION.

        The rules of who may ship what are the endpoints'; here units only have to be AWAITING_SHIPMENT. Without a
        tracking number one is made up.
        """
        with self._turn():
            waiting = [unit for unit in order.units if unit.status == "AWAITING_SHIPMENT"]
            chosen = [unit for unit in waiting if unit_ids is None or unit.id in unit_ids]
            if not chosen or (unit_ids is not None and len(chosen) != len(set(unit_ids))):
                raise ValueError(f"order {order.id} is {order.status}: there is nothing to ship")
            package = self.package(order, chosen)
            package.tracking_number, package.shipped_at = tracking_number, self.now()
            package.provider_id, package.provider_name = provider_id, provider_name
            if not tracking_number:
                make_up_tracking(order, package, self._shop.market)
            self.index.number(order, package.tracking_number)
            self.set_status(order, "AWAITING_COLLECTION", package.unit_ids)
            return package

    def package(self, order: Order, units: Sequence[Unit]) -> Package:
        """A package of exactly these units: the one they are in, or a new one they are moved to (sheet 5.6)."""
        with self._world.lock:
            before = set(order.packages)
            package = regroup(order, units, lambda: self._world.new_id("1153"), self.now())
            for gone in before - order.packages.keys():
                del self.packages[gone]
            self.packages[package.id] = order
            return package

    def collect(self, order: Order, package_id: str | None = None) -> None:
        """The carrier scans a package, or all that wait: IN_TRANSIT."""
        self._carry(order, package_id, "AWAITING_COLLECTION", "IN_TRANSIT")

    def deliver(self, order: Order, package_id: str | None = None) -> None:
        """IN_TRANSIT → DELIVERED"""
        self._carry(order, package_id, "IN_TRANSIT", "DELIVERED")

    def complete(self, order: Order, package_id: str | None = None) -> None:
        """DELIVERED → COMPLETED: the return window is over."""
        self._carry(order, package_id, "DELIVERED", "COMPLETED")

    def _carry(self, order: Order, package_id: str | None, before: str, status: str) -> None:
        with self._turn():
            units = [unit for unit in order.units if package_id in (None, unit.package_id)]
            ids = [unit.id for unit in units if unit.status == before]
            if not ids:
                raise ValueError(f"order {order.id} is {order.status}: nothing of it is {before}")
            self.set_status(order, status, ids)

    def advance(self, order: Order, status: str) -> None:
        """Walk an order all the way to `status`, as tests like it."""
        with self._turn():
            if status == "CANCELLED":
                self.cancel_by_system(order)
                return
            steps: dict[str, Callable[[Order], object]] = {
                "UNPAID": self.pay,
                "ON_HOLD": self.end_hold,
                "AWAITING_SHIPMENT": self.ship,
                "PARTIALLY_SHIPPING": self.ship,
                "AWAITING_COLLECTION": self.collect,
                "IN_TRANSIT": self.deliver,
                "DELIVERED": self.complete,
            }
            while rank(order.status) < rank(status):
                steps[order.status](order)
            if order.status != status:
                raise ValueError(f"order {order.id} is {order.status}: it cannot become {status}")

    # Cancelling

    def cancel_by_buyer(self, order: Order, reason: str = NO_LONGER_NEEDED) -> None:
        """At once and without anyone's leave: only before AWAITING_SHIPMENT. Later it is a request (sheet 4.11)."""
        with self._turn():
            _expect(order, "UNPAID", "ON_HOLD")
            self._cancel_all(order, "BUYER", reason, "No longer needed")

    def cancel_by_system(self, order: Order, text: str = "Cancelled by the platform") -> None:
        """Any order not yet delivered, also a late one whose package was lost."""
        with self._turn():
            if rank(order.status) >= rank("DELIVERED"):
                raise ValueError(f"order {order.id} is {order.status}")
            self._cancel_all(order, "SYSTEM", "system_cancel", text)

    def _cancel_all(self, order: Order, role: str, reason: str, text: str) -> None:
        ids = [unit.id for unit in order.units if unit.status != "CANCELLED"]
        kind = "BUYER_CANCEL" if role == "BUYER" else "CANCEL"
        self.add_cancellation(
            order, ids, type=kind, role=role, status="CANCELLATION_REQUEST_COMPLETE", reason=reason, reason_text=text
        )
        self.cancel_units(order, ids, role, text)

    def add_cancellation(
        self,
        order: Order,
        unit_ids: Sequence[str],
        *,
        type: str,
        role: str,
        status: str,
        reason: str,
        reason_text: str,
        deadline: int | None = None,
        replenish: bool | None = None,
    ) -> Cancellation:
        """Write down a cancellation or a request; units and stock stay as they are (see `cancel_units`).

        `replenish` is whether any unit is still in the house unless it is said.
        """
        with self._turn():
            now = self.now()
            if replenish is None:
                replenish = any(order.unit(key).stock == "COMMITTED" for key in unit_ids)
            lines = [(self._world.new_id("4035"), key) for key in unit_ids]
            cancellation = Cancellation(
                self._world.new_id("4035"), order.id, type, role, status, reason, reason_text, lines, now, now
            )
            cancellation.deadline, cancellation.replenish = deadline, replenish
            self.cancellations[cancellation.id] = cancellation
            order.cancellations.append(cancellation.id)
            if status == PENDING:
                order.times["request_cancel"] = now
            self.touch(order)
            self.tell("cancellation", order, cancellation.id)
            return cancellation

    def cancel_units(
        self, order: Order, unit_ids: Collection[str], role: str, reason_text: str, *, restock: bool = True
    ) -> None:
        """These units are cancelled; what has not left the house is on sale again, once, where `restock` says so."""
        with self._turn():
            units = [unit for unit in order.units if unit.id in unit_ids and unit.status != "CANCELLED"]
            for unit in units:
                unit.cancel_user, unit.cancel_reason = role, reason_text
            if not restock:
                order_stock.ship(self._shop, units)
            order.cancellation_initiator, order.cancel_reason = role, reason_text
            self.set_status(order, "CANCELLED", [unit.id for unit in units])

    # Changing

    def change_address(self, order: Order, recipient: dict[str, Any]) -> None:
        """The buyer corrects the address; before shipping only (sheet 8, item 62)."""
        with self._turn():
            _expect(order, "UNPAID", "ON_HOLD", "AWAITING_SHIPMENT")
            order.recipient, order.address_updated = recipient, True
            self.touch(order)
            self.tell("address", order)

    def touch(self, order: Order) -> None:
        """Move `update_time`: to now, and on by a second at least."""
        with self._world.lock:
            if order.id not in self.orders:  # still being placed
                return
            before = order.update_time
            order.update_time = max(self.now(), before + 1)
            self.index.updated(order, before)

    def set_status(self, order: Order, status: str, unit_ids: Collection[str] | None = None) -> None:
        """Units (all that are not cancelled) reach `status`; the order's own follows from its units.

        Moves packages, times and `update_time`, releases committed stock at shipping, and puts on the agenda what
        comes next. Which steps are allowed is for the caller to know.
        """
        with self._world.lock:
            units = [
                unit for unit in order.units if unit.status != "CANCELLED" and (unit_ids is None or unit.id in unit_ids)
            ]
            now, before = self.now(), order.status
            for unit in units:
                unit.status = status
            if status == "AWAITING_SHIPMENT" and not order.packages:
                self.package(order, units)
            if status == "CANCELLED":
                order_stock.give_back(self._shop, units)
                take_out(order, units)
            elif rank(status) >= rank("AWAITING_COLLECTION"):
                order_stock.ship(self._shop, units)
                for unit in units:
                    unit.rts_time = unit.rts_time or now
            for package in order.packages.values():
                inside = PACKAGE_STATUS[overall(unit for unit in order.units if unit.id in package.unit_ids)]
                if package.status != inside:
                    package.status, package.updated_at = inside, now
            order.status = overall(order.units)
            if order.status != before:
                for name in TIMES.get(order.status, ()):
                    order.times.setdefault(name, now)
            if status == "DELIVERED" and order.is_cod:
                order.times.setdefault("paid", now)
            deadlines(order, status, self.pace, now)
            if order.timed:
                self._plan(order, status, {unit.id for unit in units})
            self.touch(order)
            if order.status != before and order.id in self.orders:
                self.tell("status", order)

    def tell(self, event: str, order: Order, key: str = "") -> None:
        for listener in self.listeners:
            listener(event, order, key)

    # What time does next

    def _plan(self, order: Order, status: str, ids: set[str]) -> None:
        pace, now = self.pace, self.now()

        def later(seconds: int | None, before: str, after: str) -> None:
            if seconds is not None:
                self.at(now + seconds, lambda: self._move_on(order, ids, before, after))

        if status == "ON_HOLD":
            self.at(hold_end(order, pace, now), lambda: self._move_on(order, ids, "ON_HOLD", "AWAITING_SHIPMENT"))
        elif status == "AWAITING_SHIPMENT":
            if order.fulfillment_type != BY_SELLER:
                if pace.platform_ships is not None:
                    self.at(now + pace.platform_ships, lambda: self._platform_ships(order))
            else:
                text = "The order was not shipped in time"
                self.at(order.deadlines["shipping_due_time"], lambda: self._overdue(order, (status,), text))
        elif status == "AWAITING_COLLECTION":
            later(pace.collect, status, "IN_TRANSIT")
            text = "The carrier has not collected the package"
            self.at(order.deadlines["collection_due_time"], lambda: self._overdue(order, (status,), text))
        elif status == "IN_TRANSIT":
            later(pace.transit, status, "DELIVERED")
        elif status == "DELIVERED":
            later(pace.return_window, status, "COMPLETED")

    def _move_on(self, order: Order, ids: Collection[str], before: str, after: str) -> None:
        lost = {key for key, package in order.packages.items() if after == "IN_TRANSIT" and not package.scannable}
        moving = (unit for unit in order.units if unit.id in ids and unit.package_id not in lost)
        still = [unit.id for unit in moving if unit.status == before]
        if still:
            self.set_status(order, after, still)

    def _platform_ships(self, order: Order) -> None:
        if any(unit.status == "AWAITING_SHIPMENT" for unit in order.units):
            self.ship(order)

    def _overdue(self, order: Order, statuses: Collection[str], text: str) -> None:
        ids = [unit.id for unit in order.units if unit.status in statuses]
        if not ids:
            return
        self.add_cancellation(
            order,
            ids,
            type="CANCEL",
            role="SYSTEM",
            status="CANCELLATION_REQUEST_COMPLETE",
            reason="system_cancel",
            reason_text=text,
        )
        self.cancel_units(order, ids, "SYSTEM", text)


def _expect(order: Order, *statuses: str) -> None:
    if order.status not in statuses:
        raise ValueError(f"order {order.id} is {order.status}")
