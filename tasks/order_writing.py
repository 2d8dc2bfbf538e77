"""Making orders in PrestaShop: customer, address, cart, prices, order, and reading back what came of it.

Several orders go through a step together: their addresses, carts and prices share a request each
(prestashop-webservice.md 11.3); the orders themselves are made one at a time. Before each request the rows say what is
on its way, after it what is there. A request without a clear answer, and one that a dead run had begun, is looked for
in PrestaShop before anything is made again.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Final

import orjson
from sqlalchemy import delete
from sqlmodel import col, select

from clients.errors import Rejected, Retryable, ShopError, Uncertain
from clients.prestashop.filters import Filters, any_of
from clients.prestashop.records import Record
from models.database import database, upsert
from models.orders import Buyer, Order, OrderStage
from tasks.order_facts import OrderFacts
from tasks.order_record import mark_sending, park, park_error, postpone, store
from tasks.order_work import CartRow, Work
from tasks.report import BatchReport
from tasks.shops import Shops, utc_now

# Tries of a write that the shop did not take at all; the call budget spaces them.
_TRIES: Final = 3
# A password nobody knows; guests have none.
_PASSWORD_BYTES: Final = 24

# An address that was changed since is another one.
_SAME_ADDRESS: Final = ("lastname", "address1", "city", "postcode")

Fields = Mapping[str, Any]
Found = Mapping[int, int]
"""Ids in PrestaShop by the order's key."""


class OrderWriter:
    """Takes the orders of a batch through the steps. An order that cannot go on is parked or postponed; the others do.

    Raises (all methods): `AuthorizationError`, `ConfigurationFault` and, when the shop takes nothing, `Retryable`.
    """

    def __init__(self, shops: Shops, facts: OrderFacts, report: BatchReport) -> None:
        self._shops, self._facts, self._report = shops, facts, report
        self._prestashop = shops.prestashop
        self._keys: dict[int, str] = {}

    def adopt(self, orders: Sequence[Order]) -> None:
        """Take up the orders that a dead run made and could not record any more."""
        doubtful = [order for order in orders if order.sending == "order" and order.id_order is None]
        made = self._orders_by_cart(order.id_cart or 0 for order in doubtful)
        found = [order for order in doubtful if order.id_cart in made]
        store(
            found,
            lambda order: {
                "id_order": made[order.id_cart or 0],
                "stage": OrderStage.ORDER,
                "ordered_at": utc_now(),
                "prestashop_state": self._facts.paid,
            },
            event="PrestaShop order found that an interrupted run made",
        )
        self._report.count("found", len(found))

    # Customers

    def customers(self, works: Sequence[Work]) -> None:
        """A guest for each buyer, or the one technical customer; known ones are used again."""
        wanting = [work for work in _at_work(works) if work.order.id_customer is None]
        self._customers_found(wanting, self._known_buyers(wanting))
        wanting = [work for work in wanting if work.order.id_customer is None]
        # The technical customer may have been made by hand, or by another installation.
        doubtful = [work for work in wanting if work.order.sending == "customer" or self._is_technical]
        if doubtful:
            self._customers_found(doubtful, self._look_for_customers(doubtful))
        for work in wanting:
            if work.order.id_customer is None:
                self._make_customer(work)

    @property
    def _is_technical(self) -> bool:
        return self._shops.settings.orders.customer == "technical"

    def _buyer(self, work: Work) -> str:
        return self._buyer_of(work.order)

    def _known_buyers(self, works: Sequence[Work]) -> dict[str, int]:
        with database().read() as session:
            return dict(
                session.exec(
                    select(Buyer.user_id, Buyer.id_customer).where(
                        Buyer.connection_id == self._shops.id,
                        col(Buyer.user_id).in_({self._buyer(work) for work in works}),
                    )
                ).all()
            )

    def _look_for_customers(self, works: Sequence[Work]) -> dict[str, int]:
        """Guests by their e-mail: the newest one that was not deleted."""
        emails = {email for work in works for email in work.prepared.emails}
        found: dict[str, int] = {}
        for row in self._prestashop.rows(
            "customers",
            display=("id", "email", "is_guest", "deleted"),
            filters=Filters(email=any_of(sorted(emails))),
        ):
            if not row["deleted"] and row["is_guest"] != self._is_technical:
                found[row["email"].casefold()] = row["id"]
        return {
            self._buyer(work): found[email.casefold()]
            for work in works
            for email in work.prepared.emails
            if email.casefold() in found
        }

    def _customers_found(self, works: Sequence[Work], buyers: Mapping[str, int]) -> None:
        found = [work for work in works if self._buyer(work) in buyers]
        self._keep_buyers({self._buyer(work): buyers[self._buyer(work)] for work in found})
        store(
            (work.order for work in found),
            lambda order: {"id_customer": buyers[self._buyer_of(order)], "stage": OrderStage.CUSTOMER},
        )

    def _buyer_of(self, order: Order) -> str:
        # An order without a buyer's id has a buyer of its own.
        return "" if self._is_technical else order.user_id or order.order_id

    def _keep_buyers(self, buyers: Mapping[str, int]) -> None:
        rows = [
            {"connection_id": self._shops.id, "user_id": user_id, "id_customer": id_customer}
            for user_id, id_customer in buyers.items()
        ]
        with database().write() as session:
            upsert(session, Buyer, rows)

    def _make_customer(self, work: Work) -> None:
        # Another order of this batch may be the same buyer's.
        known = self._known_buyers([work])
        if known:
            self._customers_found([work], known)
            return
        mark_sending([work.order], "customer")
        refusal: Rejected | None = None
        for email in work.prepared.emails:
            fields = {
                **work.prepared.customer,
                "email": email,
                # Never used: a guest cannot sign in.
                "passwd": secrets.token_urlsafe(_PASSWORD_BYTES),
            }
            try:
                made = self._once(partial(self._prestashop.create, "customers", fields))
            except Rejected as fault:
                refusal = fault
                continue
            except Uncertain:
                found = self._look_for_customers([work])
                if found:
                    self._customers_found([work], found)
                else:
                    self._later(work, "customer")
                return
            except Retryable:
                self._later(work, "customer")
                return
            if made.get("secure_key"):
                self._keys[made["id"]] = made["secure_key"]
            self._customers_found([work], {self._buyer(work): made["id"]})
            return
        if refusal is not None:
            self._refused(work, refusal)

    def _secure_keys(self, works: Sequence[Work]) -> None:
        """The secret of each customer that its carts must carry (4.1); read when needed, never stored."""
        wanted = {work.order.id_customer for work in works if work.order.id_customer not in self._keys}
        if wanted:
            for row in self._prestashop.rows(
                "customers",
                display=("id", "secure_key"),
                filters=Filters(id=any_of(sorted(one for one in wanted if one))),
            ):
                self._keys[row["id"]] = row["secure_key"]
        for work in works:
            if work.order.id_customer not in self._keys:
                self._out(
                    work,
                    "customer_gone",
                    "The buyer's customer in PrestaShop is gone.",
                    "Try it again: a new customer is made.",
                )
                self._forget_customer(work.order)

    def _forget_customer(self, order: Order) -> None:
        with database().write() as session:
            session.connection().execute(
                delete(Buyer).where(
                    col(Buyer.connection_id) == self._shops.id, col(Buyer.user_id) == self._buyer_of(order)
                )
            )
        store([order], lambda _: {"id_customer": None, "id_address": None, "stage": OrderStage.READY})

    # Addresses, carts, prices

    def addresses(self, works: Sequence[Work]) -> None:
        """One address for each order, found again by its alias."""

        def look(wanting: Sequence[Work]) -> dict[int, int]:
            by_alias = {work.alias: work for work in wanting}
            rows = self._prestashop.rows(
                "addresses",
                display=("id", "alias", "id_customer", "deleted", *_SAME_ADDRESS),
                filters=Filters(alias=any_of(sorted(by_alias))),
            )
            return {
                work.order.key: row["id"]
                for row in rows
                if (work := by_alias.get(row["alias"])) is not None
                and not row["deleted"]
                and row["id_customer"] == work.order.id_customer
                and all(row[name] == work.prepared.address.get(name, "") for name in _SAME_ADDRESS)
            }

        self._make(
            works,
            "addresses",
            "address",
            lambda work: work.order.id_address is None,
            lambda work: {**work.prepared.address, "id_customer": work.order.id_customer},
            look,
            lambda found: lambda order: {"id_address": found[order.key], "stage": OrderStage.ADDRESS},
        )

    def carts(self, works: Sequence[Work]) -> None:
        """One cart for each order; it decides carrier, currency and lines of the order (4.1)."""
        wanting = [work for work in _at_work(works) if work.order.id_cart is None]
        self._secure_keys(wanting)
        self._make(
            works,
            "carts",
            "cart",
            lambda work: work.order.id_cart is None,
            self._cart,
            self._look_for_carts,
            lambda found: lambda order: {"id_cart": found[order.key], "stage": OrderStage.CART},
        )

    def _cart(self, work: Work) -> Fields:
        address, carrier = work.order.id_address, self._facts.id_carrier
        return {
            "id_address_delivery": address,
            "id_address_invoice": address,
            "id_currency": self._facts.currency.id,
            "id_customer": work.order.id_customer,
            "id_lang": self._facts.id_lang,
            "id_shop": self._shops.settings.products.shop_id,
            "id_carrier": carrier,
            # The carrier id alone does not choose the carrier; the trailing comma belongs to it (2.11).
            "delivery_option": orjson.dumps({str(address): f"{carrier},"}).decode(),
            "secure_key": self._keys[work.order.id_customer or 0],
            "associations": {
                "cart_rows": [
                    {
                        "id_product": row.id_product,
                        "id_product_attribute": row.id_product_attribute,
                        "id_address_delivery": address,
                        "quantity": row.quantity,
                    }
                    for row in work.prepared.rows
                ]
            },
        }

    def _look_for_carts(self, works: Sequence[Work]) -> dict[int, int]:
        """Carts by address that hold exactly the order's rows and made no order yet."""
        by_address = {work.order.id_address or 0: work for work in works}
        rows = self._prestashop.rows(
            "carts", display="full", filters=Filters(id_address_delivery=any_of(sorted(by_address)))
        )
        found: dict[int, int] = {}
        for row in rows:
            work = by_address[row["id_address_delivery"]]
            held = {
                (one["id_product"], one["id_product_attribute"]): one["quantity"]
                for one in row.get("associations", {}).get("cart_rows", ())
            }
            if held == {one.variant: one.quantity for one in work.prepared.rows}:
                found[work.order.key] = row["id"]
        used = self._orders_by_cart(found.values())
        return {key: cart for key, cart in found.items() if cart not in used}

    def prices(self, works: Sequence[Work]) -> None:
        """The forced net price of each row, for its cart alone (4.2); PrestaShop removes them with the order."""
        wanting = [work for work in _at_work(works) if work.order.stage is OrderStage.CART]
        doubtful = [work for work in wanting if work.order.sending == "prices"]
        present = self._prices_of(doubtful) if doubtful else {}
        mark_sending((work.order for work in wanting if work.order.sending != "prices"), "prices")
        try:
            self._post_prices(wanting, present)
            failed: list[Work] = []
        except (Rejected, Uncertain):
            failed = wanting
        store(
            (work.order for work in wanting if work not in failed),
            lambda _: {"stage": OrderStage.PRICES},
        )
        for work in failed:
            self._prices_alone(work)

    def _prices_alone(self, work: Work) -> None:
        try:
            self._post_prices([work], self._prices_of([work]))
        except Rejected as fault:
            self._refused(work, fault)
        except (Uncertain, Retryable):
            self._later(work, "prices")
        else:
            store([work.order], lambda _: {"stage": OrderStage.PRICES})

    def _post_prices(self, works: Sequence[Work], present: Mapping[int, set[tuple[int, int]]]) -> None:
        bodies = [
            self._price(work, row)
            for work in works
            for row in work.prepared.rows
            if row.variant not in present.get(work.order.id_cart or 0, ())
        ]
        if bodies:
            self._once(partial(self._prestashop.create_many, "specific_prices", bodies))

    def _price(self, work: Work, row: CartRow) -> Fields:
        return {
            "id_shop_group": 0,
            "id_shop": self._shops.settings.products.shop_id,
            "id_cart": work.order.id_cart,
            "id_product": row.id_product,
            "id_product_attribute": row.id_product_attribute,
            "id_currency": self._facts.currency.id,
            "id_country": 0,
            "id_group": 0,
            "id_customer": work.order.id_customer,
            "id_specific_price_rule": 0,
            "price": row.price,
            "from_quantity": 1,
            "reduction": Decimal(0),
            "reduction_tax": False,
            "reduction_type": "amount",
            "from": None,
            "to": None,
        }

    def _prices_of(self, works: Sequence[Work]) -> dict[int, set[tuple[int, int]]]:
        """Forced prices that are there already, by cart."""
        found: dict[int, set[tuple[int, int]]] = defaultdict(set)
        for row in self._prestashop.rows(
            "specific_prices",
            display=("id", "id_cart", "id_product", "id_product_attribute"),
            filters=Filters(id_cart=any_of([work.order.id_cart or 0 for work in works])),
        ):
            found[row["id_cart"]].add((row["id_product"], row["id_product_attribute"]))
        return found

    # Orders

    def orders(self, works: Sequence[Work]) -> None:
        """The orders, one at a time in this shop: in parallel it loses stock and makes orders twice (11.3)."""
        wanting = [work for work in _at_work(works) if work.order.stage is OrderStage.PRICES]
        if not wanting:
            return
        with database().exclusive(f"orders of {self._shops.connection.prestashop_url}"):
            doubtful = [work.order.id_cart or 0 for work in wanting if work.order.sending == "order"]
            made = self._orders_by_cart(doubtful) if doubtful else {}
            for work in wanting:
                there = made.get(work.order.id_cart or 0)
                if there is None:
                    self._make_order(work)
                else:
                    self._order_is(work, there)

    def _make_order(self, work: Work) -> None:
        mark_sending([work.order], "order")
        total = work.prepared.expected
        fields = {
            "id_address_delivery": work.order.id_address,
            "id_address_invoice": work.order.id_address,
            "id_cart": work.order.id_cart,
            "id_currency": self._facts.currency.id,
            "id_lang": self._facts.id_lang,
            "id_customer": work.order.id_customer,
            "id_carrier": self._facts.id_carrier,
            "module": self._shops.settings.orders.payment_module,
            "payment": self._shops.settings.orders.payment_label,
            "total_paid": total,
            "total_paid_real": total,
            "total_products": total,
            "total_products_wt": total,
            "conversion_rate": self._facts.currency.rate,
        }
        try:
            made = self._once(partial(self._prestashop.create, "orders", fields))
        except Rejected as fault:
            self._refused(work, fault)
        except Uncertain as fault:
            there = self._orders_by_cart([work.order.id_cart or 0]).get(work.order.id_cart or 0)
            if there is not None:
                self._order_is(work, there)
            else:
                self._unmade(work, fault)
        except Retryable:
            self._later(work, "order")
        else:
            self._order_is(work, made["id"])

    def _unmade(self, work: Work, fault: Uncertain) -> None:
        """No clear answer and no order: PrestaShop may still be at it, so the next run looks again. What fails again
        and again has a cause."""
        if work.order.attempts < _TRIES:
            self._later(work, "order")
            return
        self._out(
            work,
            "order_not_made",
            f"PrestaShop does not make this order: {fault.cause}",
            f"Check in PrestaShop that the payment module {self._shops.settings.orders.payment_module!r} is installed "
            "and active (C3), and that the delivery country is active; the shop's error log says more.",
        )

    def _order_is(self, work: Work, id_order: int) -> None:
        store(
            [work.order],
            lambda _: {
                "id_order": id_order,
                "stage": OrderStage.ORDER,
                "ordered_at": utc_now(),
                "total_expected": work.prepared.expected,
                "prestashop_state": self._facts.paid,
            },
            event=f"PrestaShop order {id_order} made",
        )
        self._report.count("created")

    def _orders_by_cart(self, carts: Iterable[int]) -> dict[int, int]:
        wanted = sorted(set(carts))
        if not wanted:
            return {}
        rows = self._prestashop.rows("orders", display=("id", "id_cart"), filters=Filters(id_cart=any_of(wanted)))
        # Should a cart ever have made two, the first is the order; the audit tells of the other (K5).
        return {row["id_cart"]: row["id"] for row in sorted(rows, key=lambda row: -row["id"])}

    # What steps have in common

    def _make(
        self,
        works: Sequence[Work],
        resource: str,
        step: str,
        is_missing: Callable[[Work], bool],
        fields: Callable[[Work], Fields],
        look: Callable[[Sequence[Work]], Found],
        values: Callable[[Found], Callable[[Order], Mapping[str, Any]]],
    ) -> None:
        """Make one object for each order that lacks it: together in one request, alone where that fails."""

        def adopt(some: Sequence[Work], found: Found) -> None:
            store((work.order for work in some if work.order.key in found), values(found))

        def wanting() -> list[Work]:
            return [work for work in _at_work(works) if is_missing(work)]

        doubtful = [work for work in wanting() if work.order.sending == step]
        if doubtful:
            adopt(doubtful, look(doubtful))
        missing = wanting()
        if not missing:
            return
        mark_sending((work.order for work in missing), step)
        try:
            made = self._once(partial(self._prestashop.create_many, resource, [fields(work) for work in missing]))
        except (Rejected, Uncertain):
            # Some of them may be there; which one is at fault shows when each goes alone.
            adopt(missing, look(missing))
        else:
            ids = {work.order.key: int(row["id"]) for work, row in zip(missing, made, strict=True)}
            adopt(missing, ids)
        for work in wanting():
            try:
                record: Record = self._once(partial(self._prestashop.create, resource, fields(work)))
            except Rejected as fault:
                self._refused(work, fault)
            except Uncertain:
                adopt([work], look([work]))
                if is_missing(work):
                    self._later(work, step)
            except Retryable:
                self._later(work, step)
            else:
                adopt([work], {work.order.key: int(record["id"])})

    def _once(self, write: Callable[[], Any]) -> Any:
        """Send a write that the shop may not take at all a few times; the call budget spaces the tries."""
        for _ in range(_TRIES - 1):
            try:
                return write()
            except Retryable:
                continue
        return write()

    def _later(self, work: Work, step: str) -> None:
        postpone(work.order, step=step)
        work.out = True
        self._report.count("postponed")

    def _refused(self, work: Work, fault: ShopError) -> None:
        work.out = True
        self._report.failed(park_error(work.order, fault))

    def _out(self, work: Work, code: str, cause: str, fix: str) -> None:
        work.out = True
        self._report.failed(park(work.order, code, cause, fix))


def _at_work(works: Iterable[Work]) -> list[Work]:
    return [work for work in works if not work.out]
