"""Which parcels TikTok Shop has to be told of, and which units are in them (I7, I10; tiktok-shop-api.md 5.1 to 5.4).

What TikTok Shop knows already is left as it is: planning again after a plan was carried out plans nothing. A number
is never sent to a place that is not sure: what is left over is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Final

from rules.decision import Decision, Finding, Reason
from rules.findings import Checked
from rules.order_stage import SHIPPED, live_units, unit_status
from rules.tiktok_order import (
    AWAITING_COLLECTION,
    AWAITING_SHIPMENT,
    CANCELLED,
    IN_TRANSIT,
    ON_HOLD,
    PARTIALLY_SHIPPING,
    UNPAID,
    TikTokOrder,
    Unit,
)
from rules.tracking import ShipCall, tracking_numbers

CORRECTION_HOURS: Final = 72
"""How long after shipping TikTok Shop takes another tracking number (5.4)."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A row of order_carriers, or a parcel that a person names.

    Attributes:
        id: of the row in order_carriers.
        carrier_reference: id_reference of its carrier.
        tracking: the field as it stands; it may hold several numbers.
        unit_ids: what is in it, where a person says so; empty: follows from the order.
    """

    id: int
    carrier_reference: int
    tracking: str
    unit_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shipment:
    """One call to make.

    Attributes:
        unit_ids: the units that it ships, or whose number it corrects.
        package_id: TikTok's package: the one to ship or to correct. "" for MARK_SHIPPED, which makes the package, and
            for CORRECT of an order shipped in one package, which has a call of its own (5.4).
        parcel_id: the row of order_carriers it comes from.
    """

    call: ShipCall
    tracking_number: str
    provider_id: str
    unit_ids: tuple[str, ...]
    package_id: str = ""
    parcel_id: int = 0


ProviderOf = Callable[[Parcel], Decision[str] | Finding]
"""The id of the shipping provider of a parcel, as `provider_for` finds it."""


def plan_shipments(
    order: TikTokOrder,
    parcels: Sequence[Parcel],
    provider_of: ProviderOf,
    *,
    call: ShipCall,
    now: datetime,
    corrected: Collection[str] = (),
    despite_cancellation: bool = False,
) -> Checked[tuple[Shipment, ...]]:
    """What TikTok Shop has to be told of the parcels of an order that counts as shipped in PrestaShop.

    Parcels that name their units get these. Of the others one gets all units that are not shipped; several are paired
    with as many packages of TikTok Shop, in order; where there is only one package, the first gets all and the other
    numbers are reported. A number that TikTok Shop does not know, of an order that is shipped, corrects the number
    that PrestaShop no longer has.

    Args:
        order: as TikTok Shop tells it now.
        parcels: in the order of PrestaShop; those without a number count for nothing.
        provider_of: provider of a parcel.
        call: as `ship_call` says.
        now: the time, for corrections.
        corrected: ids of packages, or of the order, whose number was corrected before.
        despite_cancellation: a person decided to ship although the buyer asks to cancel.

    Returns:
        The calls in the order they have to be made. With findings the value is what can be done all the same.
    """
    if call is ShipCall.NOTHING:
        return Checked((), (Reason("nothing_to_send", "the seller sends no tracking number for this order"),))
    if order.status in (UNPAID, ON_HOLD):
        return Checked((), (Reason("not_ready", f"it cannot be shipped while it is {order.status}"),))
    wrong = _wrong_state(order)
    if wrong is not None:
        return Checked((), (), (wrong,))
    numbered, findings = _numbered(parcels)
    if findings:
        # Which number is which follows from all of them.
        return Checked((), (), findings)
    plan = _Plan(order, call, now, corrected, provider_of)
    if not numbered:
        if plan.left:
            return Checked((), (), (_TRACKING_MISSING,))
        return Checked((), (Reason("already_shipped", "all of it is shipped on TikTok Shop already"),))
    plan.work_out(numbered)
    new = any(shipment.call is not ShipCall.CORRECT for shipment in plan.shipments)
    if new and order.buyer_wants_cancel and not despite_cancellation:
        return Checked((), tuple(plan.reasons), (_PENDING_CANCELLATION,))
    return Checked(tuple(plan.shipments), tuple(plan.reasons), tuple(plan.findings))


_TRACKING_MISSING: Final = Finding(
    "tracking_missing",
    "The order counts as shipped in PrestaShop, but has no tracking number, which TikTok Shop asks for.",
    "Enter the tracking number in the PrestaShop order; it is sent with the next run.",
)
_PENDING_CANCELLATION: Final = Finding(
    "pending_cancellation",
    "The buyer asks to cancel this order; shipping it now would answer the request or be refused.",
    "Answer the request first: reject it if the parcel has left, else keep the parcel.",
)


def _wrong_state(order: TikTokOrder) -> Finding | None:
    if order.status == CANCELLED or not live_units(order):
        return Finding(
            "cancelled_on_tiktok",
            "PrestaShop shows this order as shipped, but it was cancelled on TikTok Shop.",
            "Hold the parcel back or call it back, and cancel the order in PrestaShop.",
        )
    if order.status not in (AWAITING_SHIPMENT, PARTIALLY_SHIPPING, *SHIPPED):
        return Finding(
            "unknown_status",
            f"The order's status {order.status} on TikTok Shop is not known.",
            "Look at the order in Seller Center and ship it there if that is due.",
        )
    return None


@dataclass(frozen=True, slots=True)
class _Numbered:
    """One tracking number and the parcel it is of."""

    parcel: Parcel
    number: str

    @property
    def key(self) -> str:
        return self.number.casefold()


def _numbered(parcels: Sequence[Parcel]) -> tuple[list[_Numbered], tuple[Finding, ...]]:
    found: dict[tuple[str, tuple[str, ...]], _Numbered] = {}
    findings: list[Finding] = []
    for parcel in parcels:
        numbers, wrong = tracking_numbers(parcel.tracking)
        findings += wrong
        for number in numbers:
            # The same number twice is one parcel, unless each names units of its own.
            found.setdefault((number.casefold(), parcel.unit_ids), _Numbered(parcel, number))
    return list(found.values()), tuple(findings)


def _is_shipped(order: TikTokOrder, unit: Unit) -> bool:
    return bool(unit.tracking_number) or unit_status(order, unit) in SHIPPED


def _package(unit: Unit) -> tuple[str, str]:
    """What units of one shipment have in common; packages are unknown at times."""
    return unit.package_id, unit.tracking_number.casefold()


@dataclass(slots=True)
class _Plan:
    order: TikTokOrder
    call: ShipCall
    now: datetime
    corrected: Collection[str]
    provider_of: ProviderOf
    shipments: list[Shipment] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    # Units that no parcel has yet, in the order's order.
    left: list[Unit] = field(init=False)

    def __post_init__(self) -> None:
        self.left = [unit for unit in live_units(self.order) if not _is_shipped(self.order, unit)]

    def work_out(self, numbered: Sequence[_Numbered]) -> None:
        all_shipped = not self.left
        claimed: dict[str, Parcel] = {}
        for one in numbered:
            if one.parcel.unit_ids:
                self._named(one, claimed)
        known, open_ones = self._known(), []
        for one in numbered:
            if one.parcel.unit_ids:
                continue
            if one.key in known:
                self._say("already_shipped", f"TikTok Shop knows the tracking number {one.number}")
            else:
                open_ones.append(one)
        if not all_shipped:
            open_ones = self._share(open_ones)
        self._correct(open_ones, {one.key for one in numbered}, claimed)

    def _known(self) -> set[str]:
        """The numbers TikTok Shop knows once what is planned until now is done."""
        numbers = {unit.id: unit.tracking_number for unit in live_units(self.order)}
        for shipment in self.shipments:
            numbers |= dict.fromkeys(shipment.unit_ids, shipment.tracking_number)
        return {number.casefold() for number in numbers.values()} - {""}

    def _named(self, one: _Numbered, claimed: dict[str, Parcel]) -> None:
        """A parcel whose units a person named. `claimed`: the units that were named before, with their parcels."""
        owners = {id(claimed[key]) for key in one.parcel.unit_ids if key in claimed}
        if owners == {id(one.parcel)}:
            # Its units go with the first of its numbers.
            self._spare(one)
            return
        mine = [unit for unit in live_units(self.order) if unit.id in one.parcel.unit_ids]
        unknown = sorted(set(one.parcel.unit_ids) - {unit.id for unit in mine})
        taken = sorted(claimed.keys() & set(one.parcel.unit_ids))
        claimed |= dict.fromkeys(one.parcel.unit_ids, one.parcel)
        if unknown:
            self._find(
                "unit_unknown",
                f"The order has no units {', '.join(unknown)}, or they were cancelled.",
                "Name units of this order; its details list them.",
            )
        elif taken:
            self._find(
                "unit_twice",
                f"The units {', '.join(taken)} are in two parcels.",
                "Name each unit for one parcel only.",
            )
        else:
            if units := [unit for unit in mine if unit in self.left]:
                self._ship(one, units)
            self._rename(one, [unit for unit in mine if _is_shipped(self.order, unit)])

    def _rename(self, one: _Numbered, units: Sequence[Unit]) -> None:
        """Units of a named parcel that left already: with its number, or with one that has to be corrected."""
        for part in _grouped(units):
            package = [unit for unit in live_units(self.order) if _package(unit) == _package(part[0])]
            if part[0].tracking_number.casefold() == one.key:
                self._say("already_shipped", f"TikTok Shop knows the tracking number {one.number}")
            elif len(package) > len(part):
                self._find(
                    "package_shared",
                    f"The number {one.number} is for a part of a package that left as {part[0].tracking_number}.",
                    "Name all units of the package: they have one tracking number.",
                )
            else:
                self._change(one, package)

    def _share(self, numbered: Sequence[_Numbered]) -> list[_Numbered]:
        """The units that are left go to parcels that do not say what is in them; the answer is what gets none."""
        packages = _grouped(self.left)
        # One parcel holds everything, and so does the first where there is nothing to pair the others with.
        groups = packages if len(numbered) > 1 else [list(self.left)] if self.left else []
        for one, units in zip_longest(numbered, groups):
            if one is None:
                self._say("rest_waits", f"{len(units)} units are in none of the parcels yet")
            elif units is not None:
                self._ship(one, units)
        return list(numbered[len(groups) :])

    def _spare(self, one: _Numbered) -> None:
        text = (
            f"the tracking number {one.number} was not sent: TikTok Shop has no package left for it; "
            "say which units are in each parcel to ship them apart"
        )
        self._say("number_not_sent", text)

    def _ship(self, one: _Numbered, units: list[Unit]) -> None:
        provider = self.provider_of(one.parcel)
        if isinstance(provider, Finding):
            self._add(provider)
        else:
            self._send(one, units, provider)
        # Without a provider they are nobody else's either.
        self.left = [unit for unit in self.left if unit not in units]

    def _send(self, one: _Numbered, units: list[Unit], provider: Decision[str]) -> None:
        for shipment in self._calls(one, units, provider.value):
            self.shipments.append(shipment)
            self.reasons += provider.reasons
            self._say("ship", f"{len(shipment.unit_ids)} units leave with the tracking number {one.number}")

    def _calls(self, one: _Numbered, units: list[Unit], provider_id: str) -> Iterator[Shipment]:
        if self.call is ShipCall.MARK_SHIPPED:
            ids = tuple(unit.id for unit in units)
            yield Shipment(self.call, one.number, provider_id, ids, parcel_id=one.parcel.id)
            return
        for package_id, package in self._packages(units):
            ids = tuple(unit.id for unit in package)
            yield Shipment(self.call, one.number, provider_id, ids, package_id, one.parcel.id)

    def _packages(self, units: list[Unit]) -> Iterator[tuple[str, list[Unit]]]:
        """The packages that units stand in; a package is shipped whole or not at all."""
        everything = _grouped(self.left)
        only = self.order.package_ids[0] if len(self.order.package_ids) == 1 else ""
        for package in _grouped(units):
            package_id = package[0].package_id or only
            whole = next(each for each in everything if package[0] in each)
            if not package_id:
                self._find(
                    "package_missing",
                    "TikTok Shop has not made a package for these units yet.",
                    "It is tried again with the next run; if this stays, ship the order in Seller Center.",
                )
            elif len(package) < len(whole):
                self._find(
                    "split_first",
                    f"The package {package_id} holds more units than were named, and is shipped whole.",
                    "Split the order in Seller Center first, or name all units of the package.",
                )
            else:
                yield package_id, package

    def _correct(self, numbered: Sequence[_Numbered], current: Collection[str], claimed: Collection[str]) -> None:
        """Numbers that TikTok Shop does not know, of units that are shipped: they replace those that are gone."""
        units = live_units(self.order)
        named = {_package(unit) for unit in units if unit.id in claimed}
        stale: dict[str, list[Unit]] = {}
        for unit in units:
            if (number := unit.tracking_number.casefold()) not in {"", *current} and _package(unit) not in named:
                stale.setdefault(number, []).append(unit)
        # Several parcels in one package: the first stands for it, as when it was shipped.
        is_one = len({unit.tracking_number.casefold() for unit in units}) == 1
        pairs = len(stale) if len(stale) == len(numbered) or (len(stale) == 1 and is_one) else 0
        for one, old in zip(numbered[:pairs], stale.values(), strict=False):
            for package in _grouped(old):
                self._change(one, package)
        for one in numbered[pairs:]:
            self._spare(one)

    def _change(self, one: _Numbered, package: list[Unit]) -> None:
        status, was = unit_status(self.order, package[0]), package[0].tracking_number
        several = len(_grouped(live_units(self.order))) > 1
        package_id = package[0].package_id if several else ""
        shipped_at = self.order.moments.get("rts_time")
        refusal = ""
        if status not in (AWAITING_COLLECTION, IN_TRANSIT):
            refusal = f"it is {status}"
        elif any(each in self.corrected for each in (package[0].package_id, "" if several else self.order.id) if each):
            refusal = "it was corrected once already"
        elif shipped_at is not None and self.now - shipped_at > timedelta(hours=CORRECTION_HOURS):
            refusal = f"it was shipped more than {CORRECTION_HOURS} hours ago"
        elif several and not package_id:
            refusal = "its package is not known"
        if refusal:
            self._find(
                "correction_refused",
                f"TikTok Shop has the tracking number {was or '(none)'} where PrestaShop has {one.number}, "
                f"and takes no other: {refusal}.",
                "Tell the buyer, or ask TikTok Shop's support to change it; nothing more is sent.",
            )
            return
        provider = self.provider_of(one.parcel)
        if isinstance(provider, Finding):
            self._add(provider)
            return
        ids = tuple(unit.id for unit in package)
        self.shipments.append(
            Shipment(ShipCall.CORRECT, one.number, provider.value, ids, package_id, one.parcel.id),
        )
        self.reasons += provider.reasons
        self._say("correct", f"the tracking number {was or '(none)'} becomes {one.number}")

    def _whole(self, part: Sequence[Unit]) -> list[Unit]:
        return [unit for unit in live_units(self.order) if _package(unit) == _package(part[0])]

    def _say(self, code: str, text: str) -> None:
        self.reasons.append(Reason(code, text))

    def _find(self, code: str, text: str, fix: str) -> None:
        self._add(Finding(code, text, fix))

    def _add(self, finding: Finding) -> None:
        if finding not in self.findings:
            self.findings.append(finding)


def _grouped(units: Sequence[Unit]) -> list[list[Unit]]:
    """Units by package and number, in the order's order; those that are not shipped have no number."""
    groups: dict[tuple[str, str], list[Unit]] = {}
    for unit in units:
        groups.setdefault(_package(unit), []).append(unit)
    return list(groups.values())
