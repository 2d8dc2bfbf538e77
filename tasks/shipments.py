"""Telling TikTok Shop of parcels: what left PrestaShop with which carrier and number (C8, C9, C11, I7, I10).

A parcel becomes a change of kind "ship": planned, marked as sent before its call, and confirmed only when TikTok Shop
shows its number on the units. An order with a change that a dead run left as sent is looked at again, from what TikTok
Shop shows now; what it knows already is not sent twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import Session, col, select

from clients.errors import AuthorizationError, ConfigurationFault, Rejected, Retryable, Uncertain
from models.catalogue import ShopRecord
from models.database import database, in_parts
from models.listings import Change, ChangeKind, ChangeState, Plan
from models.orders import Order, OrderStage
from models.taxonomy import ShippingProvider
from models.templates import CarrierMapping
from rules.decision import Decision, Finding
from rules.order_stage import live_units
from rules.shipping import Parcel, Shipment, plan_shipments
from rules.shipping_providers import provider_for
from rules.tiktok_order import AWAITING_COLLECTION, AWAITING_SHIPMENT, IN_TRANSIT, PARTIALLY_SHIPPING, TikTokOrder
from rules.tracking import ShipCall, ship_call, shipment_trigger, tracking_numbers
from tasks.change_record import finish, mark_sent, note
from tasks.order_changes import is_planned
from tasks.order_moves import read_standing
from tasks.order_reading import first_reading, store_orders
from tasks.order_record import as_records, lines_of, load_orders, tell
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import Shops, open_shops, utc_now

_OPEN: Final = (AWAITING_SHIPMENT, PARTIALLY_SHIPPING, AWAITING_COLLECTION, IN_TRANSIT)
# TikTok Shop says that it has a number for these units already: what it shows tells whether it is ours (5.9).
_SHIPPED_BEFORE: Final = "21011006"
# Corrected before, too often or too late: so answers a correction that was made, if its own answer was lost (5.4).
_CORRECTED_BEFORE: Final = ("21011050", "21011051", "21011052")
# This market ships packages instead of marking orders: of the newer ones nobody has written which (5.1).
_SHIPS_PACKAGES: Final = "21008106"


@dataclass(frozen=True, slots=True)
class ByHand:
    """A parcel that a person names (I7): its number, the carrier's id_reference and, if not all, its units."""

    tracking: str
    carrier_reference: int = 0
    unit_ids: tuple[str, ...] = ()
    despite_cancellation: bool = False


def orders_to_ship(connection_id: int, asked: Sequence[int] | None = None) -> list[int]:
    """Imported orders that count as shipped in PrestaShop and whose numbers TikTok Shop does not show.

    Those with a call whose outcome is not known are among them.

    Args:
        connection_id: whose.
        asked: orders to look at; all when left out.
    """
    shops = open_shops(connection_id)
    with database().read() as session:
        unclear = {
            change.object.split(":")[1]
            for change in session.exec(
                select(Change).where(
                    Change.connection_id == connection_id,
                    Change.kind == ChangeKind.SHIP,
                    Change.state == ChangeState.SENT,
                )
            )
        }
        orders = session.exec(
            select(Order)
            .where(
                Order.connection_id == connection_id,
                Order.stage == OrderStage.IMPORTED,
                col(Order.status).in_(_OPEN) | col(Order.order_id).in_(unclear),
            )
            .order_by(col(Order.created_at))
        ).all()
    if asked is not None:
        orders = [order for order in orders if order.key in set(asked)]
    due = _due(shops, orders)
    units = lines_of([order.key for order in due])
    shown = {order.key for order in due if _shown(order, [line.tracking_number for line in units[order.key]])}
    wanted = {order.key for order in due} - shown
    return [order.key for order in orders if order.key in wanted or order.order_id in unclear]


def _due(shops: Shops, orders: Sequence[Order]) -> list[Order]:
    """Those that count as shipped; a status that came and went between two looks counts too (C9)."""
    by_state = shops.settings.orders.shipped_trigger == "order_state"
    standing = read_standing(shops, orders) if by_state and orders else {}
    return [
        order
        for order in orders
        if shipment_trigger(
            shops.settings.orders,
            state=order.prestashop_state,
            tracking=[str(parcel["tracking"]) for parcel in order.parcels],
            passed=standing[order.id_order].passed if order.id_order in standing else (),
        ).value
    ]


def _shown(order: Order, shown: Sequence[str]) -> bool:
    """Whether TikTok Shop shows a number on every unit, and all numbers of the order."""
    known = {number.casefold() for number in shown}
    wanted = {number.casefold() for parcel in order.parcels for number in tracking_numbers(str(parcel["tracking"]))[0]}
    return bool(wanted) and "" not in known and wanted <= known


@task(name="ship orders", cache_policy=NO_CACHE, **on_retryable)
def ship_batch(
    run: Run,
    keys: Sequence[int],
    *,
    dry_run: bool = False,
    retry_parked: bool = False,
    by_hand: Mapping[int, ByHand] | None = None,
) -> BatchReport:
    """Plan and send the parcels of some orders, and read back what became of them.

    Args:
        run: the run.
        keys: orders.
        dry_run: stop after the plan.
        retry_parked: send again what TikTok Shop refused before, although nothing changed.
        by_hand: parcels named by a person, by the order's key.

    Raises:
        AuthorizationError, ConfigurationFault: nothing can go on.
        Retryable: TikTok Shop cannot be reached.
    """
    shops = open_shops(run.connection_id)
    report = BatchReport()
    shipping = _Shipping(run, shops, report, retry_parked=retry_parked)
    works = shipping.plan(load_orders(keys), by_hand or {})
    if dry_run:
        return report
    for work in works:
        shipping.send(work)
    shipping.read_back(works)
    return report


@dataclass(slots=True)
class _Work:
    order: Order
    seen: TikTokOrder
    changes: list[tuple[Change, Shipment]] = field(default_factory=list)
    # Refusals to be believed only if TikTok Shop does not show the number, by the change's key.
    refused: dict[int, Rejected] = field(default_factory=dict)


class _Shipping:
    def __init__(self, run: Run, shops: Shops, report: BatchReport, *, retry_parked: bool) -> None:
        self._run, self._shops, self._report, self._retry_parked = run, shops, report, retry_parked
        self._providers: dict[str, list[ShippingProvider]] = {}
        with database().read() as session:
            self._mappings = session.exec(select(CarrierMapping).where(CarrierMapping.connection_id == shops.id)).all()
            self._carriers = {
                int(row.data.get("id_reference") or row.id): str(row.data.get("name") or "")
                for row in session.exec(
                    select(ShopRecord).where(ShopRecord.connection_id == shops.id, ShopRecord.resource == "carriers")
                )
            }

    # Planning

    def plan(self, orders: Sequence[Order], by_hand: Mapping[int, ByHand]) -> list[_Work]:
        seen = self._read([order.order_id for order in orders])
        works = []
        shipped = [order.id for order in seen.values() if any(unit.tracking_number for unit in order.units)]
        with database().read() as session:
            corrected = self._corrected(session, shipped)
        for order in orders:
            if order.order_id not in seen:
                continue
            work = _Work(order, seen[order.order_id])
            self._plan_one(work, by_hand.get(order.key), corrected[order.order_id])
            works.append(work)
        return works

    def _read(self, order_ids: Sequence[str]) -> dict[str, TikTokOrder]:
        rows = self._shops.tiktok.orders(order_ids)
        read = store_orders(self._shops, rows, BatchReport(), began=first_reading(self._shops.id), again=True)
        return {order.id: order for order in read}

    def _plan_one(self, work: _Work, named: ByHand | None, corrected: set[str]) -> None:
        order = work.order
        if named is None:
            parcels = [Parcel(int(one["id"]), int(one["carrier"]), str(one["tracking"])) for one in order.parcels]
        else:
            carrier = named.carrier_reference or next((int(one["carrier"]) for one in order.parcels), 0)
            parcels = [Parcel(0, carrier, named.tracking, named.unit_ids)]
        call = ship_call(self._shops.market.region, work.seen.shipping_type, work.seen.fulfillment_type)
        planned = plan_shipments(
            work.seen,
            parcels,
            lambda parcel: self._provider(work.seen, parcel),
            call=call.value,
            now=utc_now(),
            corrected=corrected,
            despite_cancellation=bool(named and named.despite_cancellation),
        )
        with database().write() as session:
            for shipment in planned.value:
                change = self._change(session, work, shipment, as_records(planned.reasons))
                if change is not None:
                    work.changes.append((change, shipment))
            work.changes += self._left_over(session, work, parcels, may_send=not planned.findings)
            self._settle(session, work, planned.findings)
        for finding in planned.findings:
            self._report.failed(
                Failure(object=f"order {order.order_id}", code=finding.code, cause=finding.text, fix=finding.fix)
            )
        self._report.count("planned", len(work.changes))

    def _change(
        self, session: Session, work: _Work, shipment: Shipment, reasons: list[dict[str, str]]
    ) -> Change | None:
        """The open change of this parcel, else a new one; None when TikTok Shop refused the same before."""
        # One number may stand for several shipments, each with units of its own.
        name = f"order:{work.order.order_id}:{shipment.unit_ids[0]}:{shipment.tracking_number}"[:80]
        after = {
            "call": shipment.call.value,
            "tracking_number": shipment.tracking_number,
            "provider_id": shipment.provider_id,
            "units": list(shipment.unit_ids),
            "package_id": shipment.package_id,
            "parcel": shipment.parcel_id,
        }
        latest = session.exec(
            select(Change)
            .where(Change.connection_id == self._shops.id, Change.kind == ChangeKind.SHIP, Change.object == name)
            .order_by(col(Change.id).desc())
        ).first()
        if self._run.applies and (latest is None or not is_planned(self._run, latest, after)):
            return None
        if latest is not None:
            if latest.state in (ChangeState.PLANNED, ChangeState.SENT):
                latest.after, latest.reasons, latest.plan_id = after, reasons, self._run.plan
                return latest
            if latest.state is ChangeState.PARKED and latest.after == after and not self._retry_parked:
                self._report.count("parked before")
                return None
        change = Change(
            connection_id=self._shops.id,
            plan_id=self._run.plan,
            kind=ChangeKind.SHIP,
            object=name,
            before={"status": work.seen.status},
            after=after,
            reasons=reasons,
            created_at=utc_now(),
        )
        session.add(change)
        session.flush()
        return change

    def _left_over(
        self, session: Session, work: _Work, parcels: Sequence[Parcel], *, may_send: bool
    ) -> list[tuple[Change, Shipment]]:
        """Parcels that an earlier run was at and that are not planned again, as TikTok Shop may know the number from
        another package already: they are sent as they were if nothing speaks against it, and read back in any case.
        """
        planned = {change.key for change, _ in work.changes}
        taken = {unit_id for _, shipment in work.changes for unit_id in shipment.unit_ids}
        current = {number.casefold() for parcel in parcels for number in tracking_numbers(parcel.tracking)[0]}
        waiting = {unit.id for unit in live_units(work.seen) if not unit.tracking_number} - taken
        found = []
        for change, was_dry in session.exec(
            select(Change, Plan.dry_run)
            .join(Plan, col(Plan.id) == col(Change.plan_id))
            .where(
                Change.connection_id == self._shops.id,
                Change.kind == ChangeKind.SHIP,
                col(Change.object).startswith(f"order:{work.order.order_id}:"),
                col(Change.state).in_((ChangeState.PLANNED, ChangeState.SENT)),
                col(Change.id).not_in(planned),
            )
        ).all():
            shipment = _shipment(change)
            meant = not shipment.parcel_id or shipment.tracking_number.casefold() in current
            if self._is_shown(work.seen, shipment) or (
                may_send and meant and not was_dry and waiting.issuperset(shipment.unit_ids)
            ):
                found.append((change, shipment))
            else:
                change.state, change.finished_at = ChangeState.SUPERSEDED, utc_now()
        return found

    def _settle(self, session: Session, work: _Work, findings: Sequence[Finding]) -> None:
        """One parked change stands for what keeps an order's parcels from being planned; it goes when nothing does."""
        name = f"order:{work.order.order_id}"
        stored = session.exec(
            select(Change).where(
                Change.connection_id == self._shops.id,
                Change.kind == ChangeKind.SHIP,
                Change.object == name,
                Change.state == ChangeState.PARKED,
            )
        ).first()
        if not findings:
            if stored is not None:
                stored.state = ChangeState.SUPERSEDED
                stored.finished_at = utc_now()
            return
        if stored is None:
            stored = Change(
                connection_id=self._shops.id,
                plan_id=self._run.plan,
                kind=ChangeKind.SHIP,
                object=name,
                created_at=utc_now(),
            )
        first = findings[0]
        stored.state, stored.code = ChangeState.PARKED, first.code
        stored.cause, stored.fix = first.text, first.fix
        stored.finished_at = utc_now()
        session.add(stored)

    def _corrected(self, session: Session, order_ids: Sequence[str]) -> dict[str, set[str]]:
        """Packages and orders whose number was corrected before (5.4)."""
        found: dict[str, set[str]] = defaultdict(set)
        for order_id in order_ids:
            for change in session.exec(
                select(Change).where(
                    Change.connection_id == self._shops.id,
                    Change.kind == ChangeKind.SHIP,
                    col(Change.object).startswith(f"order:{order_id}:"),
                    Change.state == ChangeState.CONFIRMED,
                )
            ):
                if change.after.get("call") == ShipCall.CORRECT.value:
                    found[order_id].add(str(change.after.get("package_id") or order_id))
        return found

    def _provider(self, seen: TikTokOrder, parcel: Parcel) -> Decision[str] | Finding:
        option = seen.delivery_option_id
        if option not in self._providers:
            try:
                self._providers[option] = self._offered(option)
            except Rejected as fault:
                return Finding(fault.code, fault.cause, fault.fix)
        found = provider_for(
            parcel.carrier_reference,
            self._mappings,
            self._providers[option],
            carrier_name=self._carriers.get(parcel.carrier_reference, ""),
            delivery_option_id=option,
        )
        return found if isinstance(found, Finding) else Decision(found.value.id, found.reasons)

    def _offered(self, option: str) -> list[ShippingProvider]:
        """The providers of a delivery option as they were last refreshed, or asked for when there are none."""
        with database().read() as session:
            known = session.exec(
                select(ShippingProvider).where(
                    ShippingProvider.connection_id == self._shops.id, ShippingProvider.delivery_option_id == option
                )
            ).all()
        if known or not option:
            return list(known)
        return [
            ShippingProvider(
                connection_id=self._shops.id,
                delivery_option_id=option,
                id=str(row["id"]),
                name=str(row["name"]),
            )
            for row in self._shops.tiktok.shipping_providers(option)
        ]

    # Sending

    def send(self, work: _Work) -> None:
        for change, shipment in work.changes:
            if self._is_shown(work.seen, shipment):
                continue
            if not mark_sent(change):
                self._report.count("superseded")
                continue
            try:
                self._call(work, shipment)
            except Rejected as fault:
                if fault.code in (_SHIPPED_BEFORE, *_CORRECTED_BEFORE):
                    # Read back below: it is ours, or it is not.
                    work.refused[change.key] = fault
                else:
                    self._park(work, change, fault)
            except (AuthorizationError, ConfigurationFault):
                raise
            except (Uncertain, Retryable) as fault:
                # Read back below; what is not there is planned again by the next run.
                note(change, code=fault.code, cause=fault.cause, request_id=fault.request_id)

    def _call(self, work: _Work, shipment: Shipment) -> None:
        tiktok = self._shops.tiktok
        number, provider = shipment.tracking_number, shipment.provider_id
        match shipment.call:
            case ShipCall.MARK_SHIPPED:
                try:
                    answer = tiktok.mark_shipped(work.order.order_id, number, provider, shipment.unit_ids)
                except Rejected as fault:
                    packages = _whole_packages(work.seen, shipment)
                    if fault.code != _SHIPS_PACKAGES or not packages:
                        raise
                    for package_id in packages:
                        tiktok.ship_package(package_id, number, provider)
                    return
                if answer.warning:
                    with database().write() as session:
                        tell(session, work.order.key, f"TikTok Shop warns: {answer.warning}", utc_now())
                    self._report.count("warnings")
            case ShipCall.SHIP_PACKAGE:
                tiktok.ship_package(shipment.package_id, number, provider)
            case ShipCall.CORRECT if shipment.package_id:
                tiktok.correct_tracking(number, provider, package_id=shipment.package_id)
            case ShipCall.CORRECT:
                tiktok.correct_tracking(number, provider, order_id=work.order.order_id)
            case ShipCall.NOTHING:
                raise ValueError("nothing is no call")

    @staticmethod
    def _is_shown(order: TikTokOrder, shipment: Shipment) -> bool:
        numbers = {unit.tracking_number.casefold() for unit in order.units if unit.id in shipment.unit_ids}
        return numbers == {shipment.tracking_number.casefold()}

    def read_back(self, works: Sequence[_Work]) -> None:
        """Confirm what TikTok Shop shows now (K3)."""
        sent = [work for work in works if any(change.state is not ChangeState.PARKED for change, _ in work.changes)]
        if not sent:
            return
        seen = {
            key: order
            for part in in_parts([work.order.order_id for work in sent])
            for key, order in self._read(part).items()
        }
        for work in sent:
            shown = (
                {unit.id: unit.tracking_number.casefold() for unit in seen[work.order.order_id].units}
                if (work.order.order_id in seen)
                else {}
            )
            for change, shipment in work.changes:
                if change.state is ChangeState.PARKED:
                    continue
                numbers = {shown.get(unit, "") for unit in shipment.unit_ids}
                if numbers == {shipment.tracking_number.casefold()}:
                    finish(change, ChangeState.CONFIRMED)
                    with database().write() as session:
                        text = f"Shipped on TikTok Shop with the tracking number {shipment.tracking_number}"
                        tell(session, work.order.key, text, utc_now())
                    self._report.count("confirmed")
                elif "" not in numbers and shipment.call is not ShipCall.CORRECT:
                    self._park_other(work, change)
                elif shipment.call is ShipCall.CORRECT and change.key in work.refused:
                    self._park(work, change, work.refused[change.key])
                else:
                    self._report.count("unresolved")

    def _park(self, work: _Work, change: Change, fault: Rejected) -> None:
        finish(
            change, ChangeState.PARKED, code=fault.code, cause=fault.cause, fix=fault.fix, request_id=fault.request_id
        )
        change.state = ChangeState.PARKED
        self._report.failed(Failure.of(f"order {work.order.order_id}", fault))

    def _park_other(self, work: _Work, change: Change) -> None:
        cause = "TikTok Shop has another tracking number for these units."
        fix = "Compare the numbers in Seller Center and PrestaShop; correct the wrong one."
        finish(change, ChangeState.PARKED, code=_SHIPPED_BEFORE, cause=cause, fix=fix)
        self._report.failed(Failure(object=f"order {work.order.order_id}", code=_SHIPPED_BEFORE, cause=cause, fix=fix))


def _shipment(change: Change) -> Shipment:
    """The call that a stored change stands for."""
    after = change.after
    return Shipment(
        ShipCall(after["call"]),
        after["tracking_number"],
        after["provider_id"],
        tuple(after["units"]),
        after["package_id"],
        after["parcel"],
    )


def _whole_packages(order: TikTokOrder, shipment: Shipment) -> list[str]:
    """The packages of a shipment's units; none if that would ship others with them."""
    packages = {unit.package_id for unit in order.units if unit.id in shipment.unit_ids} - {""}
    inside = {unit.id for unit in live_units(order) if unit.package_id in packages}
    return sorted(packages) if inside == set(shipment.unit_ids) else []
