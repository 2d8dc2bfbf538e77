"""Reading back the orders PrestaShop made, putting right what may be put right, and what is done with a right one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import update
from sqlmodel import col

from clients.errors import PartlyStored, Rejected, Retryable, Uncertain
from clients.prestashop.filters import Filters, any_of
from clients.prestashop.records import Record
from models.database import database, in_parts
from models.listings import Change, ChangeKind, ChangeState
from models.orders import OrderStage
from rules.order_created import Difference, Expected, ExpectedRow, check_created
from tasks.order_facts import OrderFacts
from tasks.order_record import mark_sending, park, postpone, store
from tasks.order_states import parcels_of
from tasks.order_work import Work
from tasks.report import BatchReport
from tasks.shops import Shops, utc_now
from tasks.touched import touch

_UNDO: Final = "undo"
_REPAIR: Final = "repair"


class OrderFinisher:
    """Verifies the orders of a batch and finishes the right ones."""

    def __init__(self, shops: Shops, facts: OrderFacts, report: BatchReport) -> None:
        self._shops, self._facts, self._report = shops, facts, report
        self._prestashop = shops.prestashop
        self._states: dict[int, int] = {}

    def verify(self, works: Sequence[Work]) -> None:
        """Read what was made: the answer of the creation only echoes what was asked for (4.1).

        An order is found right once: what people change of it while its import is held up is theirs.
        """
        wanting = [
            work for work in works if not work.out and work.order.stage in (OrderStage.ORDER, OrderStage.VERIFIED)
        ]
        if not wanting:
            return
        orders, carriers = self._read(wanting)
        unshipped = self._unshipped(wanting, orders)
        for work in wanting:
            order = orders.get(work.order.id_order or 0)
            if order is None:
                self._gone(work)
                continue
            self._states[order["id"]] = order["current_state"]
            if work.order.stage is OrderStage.VERIFIED:
                continue
            made = order.get("associations", {}).get("order_rows", ())
            expected = self._expected(work, is_shipped=order["id"] not in unshipped)
            differences = check_created(order, made, carriers.get(order["id"], []), expected)
            if work.order.sending == _UNDO and order["current_state"] == self._facts.cancelled:
                self._undone(work, differences)
            elif not differences:
                self._right(work, order, carriers.get(order["id"], []))
            elif order["current_state"] not in self._facts.made_in:
                self._worked_on(work, differences)
            elif all(difference.repairable for difference in differences):
                self._repair(work, expected, differences)
            else:
                self._undo(work, differences)

    def _unshipped(self, works: Sequence[Work], orders: Mapping[int, Record]) -> set[int]:
        """Ids of orders without a carrier that need none: all that was sold is virtual. Mostly nothing is asked."""
        without = {
            work.order.id_order or 0: {row.id_product for row in work.prepared.rows}
            for work in works
            if orders.get(work.order.id_order or 0, {}).get("id_carrier") == 0
        }
        sold = sorted(set().union(*without.values()))
        virtual = {
            row["id"]
            for part in in_parts(sold)
            for row in self._prestashop.rows("products", display=("id", "is_virtual"), filters=Filters(id=any_of(part)))
            if row["is_virtual"]
        }
        return {id_order for id_order, products in without.items() if products <= virtual}

    def _expected(self, work: Work, *, is_shipped: bool) -> Expected:
        return Expected(
            total=work.prepared.expected,
            rows=tuple(ExpectedRow(row.variant, row.quantity, row.unit_incl) for row in work.prepared.rows),
            id_customer=work.order.id_customer or 0,
            id_address=work.order.id_address or 0,
            id_carrier=self._facts.id_carrier if is_shipped else 0,
            error_state=self._facts.error,
            # Whatever state it is in now: people may have moved it on since.
            is_repaired=work.order.sending == _REPAIR,
        )

    def _read(self, works: Sequence[Work]) -> tuple[dict[int, Record], dict[int, list[Record]]]:
        ids = sorted(work.order.id_order or 0 for work in works)
        orders = self._prestashop.rows("orders", display="full", filters=Filters(id=any_of(ids)))
        carriers: dict[int, list[Record]] = defaultdict(list)
        for row in self._prestashop.rows("order_carriers", display="full", filters=Filters(id_order=any_of(ids))):
            carriers[row["id_order"]].append(row)
        return {row["id"]: row for row in orders}, carriers

    def _right(self, work: Work, order: Record, carriers: Sequence[Record]) -> None:
        # Read once more where it was repaired.
        self._states[order["id"]] = order["current_state"]
        store(
            [work.order],
            lambda _: {
                "stage": OrderStage.VERIFIED,
                "prestashop_state": order["current_state"],
                "prestashop_total": order["total_paid"],
                "reference": order["reference"],
                "parcels": parcels_of(carriers, self._facts.records),
            },
        )

    def _repair(self, work: Work, expected: Expected, differences: Sequence[Difference]) -> None:
        """A cent apart: PrestaShop put it among the payment errors; paid is what it is (4.5)."""
        mark_sending([work.order], _REPAIR)
        if not self._move([work], self._facts.paid):
            return
        orders, carriers = self._read([work])
        order = orders.get(work.order.id_order or 0)
        if order is None:
            self._gone(work)
            return
        made = order.get("associations", {}).get("order_rows", ())
        expected = replace(expected, is_repaired=True)
        if not check_created(order, made, carriers.get(order["id"], []), expected):
            self._right(work, order, carriers.get(order["id"], []))
            self._report.count("repaired")
        elif order["current_state"] in self._facts.made_in:
            self._undo(work, differences)
        else:
            self._worked_on(work, differences)

    def _undo(self, work: Work, differences: Sequence[Difference]) -> None:
        """A wrong order is cancelled in PrestaShop, which gives back its stock, and left to a person with its cause."""
        mark_sending([work.order], _UNDO)
        if self._move([work], self._facts.cancelled):
            self._undone(work, differences)

    def _undone(self, work: Work, differences: Sequence[Difference]) -> None:
        id_order = work.order.id_order
        store(
            [work.order],
            lambda _: {"id_order": None, "id_cart": None, "stage": OrderStage.ADDRESS, "prestashop_state": 0},
            event=f"PrestaShop order {id_order} was wrong and was cancelled",
        )
        first = differences[0] if differences else None
        self._park(
            work,
            first.code if first else "order_wrong",
            f"PrestaShop made order {id_order} differently from what was paid, so it was cancelled there: "
            + "; ".join(difference.text for difference in differences),
            first.fix if first else "Try it again.",
        )

    def _worked_on(self, work: Work, differences: Sequence[Difference]) -> None:
        """Somebody has moved it on: it is neither cancelled nor made anew behind their back."""
        self._park(
            work,
            "order_worked_on",
            f"PrestaShop order {work.order.id_order} is not what was paid, and somebody works on it already, so it was "
            "left as it is: " + "; ".join(difference.text for difference in differences),
            "Put it right in PrestaShop and try it again; or bring it to its end there and delete the order here.",
        )

    def _gone(self, work: Work) -> None:
        id_order = work.order.id_order
        store(
            [work.order],
            lambda _: {"id_order": None, "id_cart": None, "stage": OrderStage.ADDRESS, "prestashop_state": 0},
            event=f"PrestaShop order {id_order} is gone",
        )
        self._park(
            work,
            "order_deleted",
            f"Somebody deleted order {id_order} in PrestaShop before it was checked.",
            "Try it again to make it anew, or delete the order here.",
        )

    def finish(self, works: Sequence[Work]) -> None:
        """Note, reference (C6), status (C7); then the order is imported."""
        wanting = [work for work in works if not work.out and work.order.stage is OrderStage.VERIFIED]
        if not wanting:
            return
        self._describe(wanting)
        self._give_status([work for work in wanting if not work.out])
        self._imported([work for work in wanting if not work.out])

    def _give_status(self, works: Sequence[Work]) -> None:
        """The status of imported orders (C7); one that somebody has moved on keeps what it has."""
        state = self._shops.settings.orders.imported_state
        if not state:
            return
        moving = [work for work in works if self._states.get(work.order.id_order or 0) in self._facts.made_in - {state}]
        known = self._facts.records.get("order_states", {}).get(state)
        if known is not None and not known.get("deleted"):
            self._move(moving, state)
            return
        for work in moving:
            self._park(
                work,
                "status_gone",
                f"The status {state} that imported orders get was deleted in PrestaShop.",
                "Choose another one: connector settings set orders.imported_state=…; then try it again.",
            )

    def _describe(self, works: Sequence[Work]) -> None:
        """Note and reference. PrestaShop 1.7 cannot change single fields of an order: a private message says it."""
        if self._prestashop.version.startswith("1."):
            self._leave_messages(works)
            return
        bodies: dict[int, Mapping[str, Any]] = {}
        for work in works:
            reference = work.prepared.reference
            bodies[work.order.id_order or 0] = {"note": work.prepared.note} | (
                {"reference": reference} if reference and reference != work.order.reference else {}
            )
        try:
            self._prestashop.update_many("orders", bodies)
        except (Rejected, Uncertain, Retryable):
            # Writing them again writes the same.
            for work in works:
                try:
                    self._prestashop.update("orders", work.order.id_order or 0, bodies[work.order.id_order or 0])
                except Rejected as fault:
                    self._park(work, fault.code or "refused", fault.cause, fault.fix)
                except (Uncertain, Retryable):
                    self._later(work)

    def _leave_messages(self, works: Sequence[Work]) -> None:
        ids = [work.order.id_order or 0 for work in works]
        there = {
            row["id_order"]
            for row in self._prestashop.rows(
                "messages", display=("id", "id_order"), filters=Filters(id_order=any_of(ids))
            )
        }
        for work in works:
            if work.order.id_order in there:
                continue
            message = {"id_order": work.order.id_order, "message": work.prepared.note, "private": True}
            try:
                self._prestashop.create("messages", message)
            except Rejected as fault:
                self._park(work, fault.code or "refused", fault.cause, fault.fix)
            except (Uncertain, Retryable):
                self._later(work)

    def _imported(self, works: Sequence[Work]) -> None:
        now = utc_now()
        store(
            (work.order for work in works),
            lambda order: {
                "stage": OrderStage.IMPORTED,
                "imported_at": now,
                "reference": next(
                    (work.prepared.reference for work in works if work.order is order and work.prepared.reference),
                    order.reference,
                ),
            },
            event="Imported",
        )
        with database().write() as session:
            touch(
                session,
                self._shops.id,
                {row.id_product for work in works for row in work.prepared.rows},
                "order imported",
                now,
            )
            session.connection().execute(
                update(Change)
                .where(
                    col(Change.connection_id) == self._shops.id,
                    col(Change.kind) == ChangeKind.IMPORT,
                    col(Change.state) == ChangeState.PLANNED,
                    col(Change.object).in_([f"order:{work.order.order_id}" for work in works]),
                )
                .values(state=ChangeState.CONFIRMED, finished_at=now)
            )
        self._report.count("imported", len(works))

    def _move(self, works: Sequence[Work], state: int) -> bool:
        """Give orders a status by their history, which mails nobody (2.13); the present one was read a moment ago."""
        if not works:
            return True
        moved = works
        try:
            self._prestashop.create_many(
                "order_histories", [{"id_order": work.order.id_order, "id_order_state": state} for work in works]
            )
        except (Rejected, Uncertain, Retryable) as fault:
            orders, _ = self._read(works)
            moved = [work for work in works if orders.get(work.order.id_order or 0, {}).get("current_state") == state]
            for work in [work for work in works if work not in moved]:
                if len(works) > 1 and isinstance(fault, Rejected | PartlyStored):
                    # Which of them is refused shows when each goes alone.
                    self._move([work], state)
                elif isinstance(fault, Rejected):
                    self._park(work, fault.code or "refused", fault.cause, fault.fix)
                else:
                    self._later(work)
        # What the move was for is done only when it is recorded.
        store((work.order for work in moved), lambda order: {"prestashop_state": state, "sending": order.sending})
        return all(not work.out for work in works)

    def _later(self, work: Work) -> None:
        postpone(work.order)
        work.out = True
        self._report.count("postponed")

    def _park(self, work: Work, code: str, cause: str, fix: str) -> None:
        work.out = True
        self._report.failed(park(work.order, code, cause, fix))
