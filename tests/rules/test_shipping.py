"""Which parcels TikTok Shop is told of, and which units are in them (I7, I10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.decision import Decision, Finding
from rules.findings import Checked
from rules.shipping import Parcel, Shipment, plan_shipments
from rules.tiktok_order import TikTokOrder
from rules.tracking import ShipCall
from tests.rules.order_examples import NOW, SECONDS, codes, finding_codes, order, unit

NOT_MAPPED = Finding("carrier_not_mapped", "not mapped", "map it")


def parcels(*fields: str) -> list[Parcel]:
    return [Parcel(id=number, carrier_reference=7, tracking=text) for number, text in enumerate(fields, start=1)]


def named(number: str, *unit_ids: str) -> Parcel:
    return Parcel(id=0, carrier_reference=7, tracking=number, unit_ids=unit_ids)


def provider(parcel: Parcel) -> Decision[str] | Finding:
    return Decision("dpd") if parcel.carrier_reference == 7 else NOT_MAPPED


def plan(
    of: TikTokOrder, of_parcels: Sequence[Parcel], call: ShipCall = ShipCall.MARK_SHIPPED, **more: Any
) -> Checked[tuple[Shipment, ...]]:
    return plan_shipments(of, of_parcels, provider, call=call, **{"now": NOW, **more})


def contents(planned: Checked[tuple[Shipment, ...]]) -> list[tuple[str, list[str]]]:
    return [(shipment.tracking_number, list(shipment.unit_ids)) for shipment in planned.value]


def apply(to: TikTokOrder, shipments: Sequence[Shipment]) -> TikTokOrder:
    """The order after the calls were answered."""
    units = list(to.units)
    for made, shipment in enumerate(shipments):
        for place, each in enumerate(units):
            if each.id in shipment.unit_ids:
                units[place] = replace(
                    each,
                    tracking_number=shipment.tracking_number,
                    status="AWAITING_COLLECTION",
                    package_id=f"new{made}" if shipment.call is ShipCall.MARK_SHIPPED else each.package_id,
                )
    live = [each for each in units if each.status != "CANCELLED"]
    status = "AWAITING_COLLECTION" if all(each.tracking_number for each in live) else "PARTIALLY_SHIPPING"
    return replace(to, units=tuple(units), status=status)


def shipped(number: int, tracking: str, package: str = "p1", status: str = "AWAITING_COLLECTION") -> Any:
    return unit(number, display_status=status, tracking_number=tracking, package_id=package)


def test_one_parcel_takes_all_units() -> None:
    planned = plan(order(3), parcels("AAAA 1"))
    assert planned.value == (Shipment(ShipCall.MARK_SHIPPED, "AAAA1", "dpd", ("u1", "u2", "u3"), parcel_id=1),)
    assert codes(planned) == ["ship"]


def test_cancelled_units_stay_behind() -> None:
    assert contents(plan(order([unit(1), unit(2, display_status="CANCELLED")]), parcels("AAAA1"))) == [
        ("AAAA1", ["u1"])
    ]


def test_as_many_parcels_as_packages_are_paired() -> None:
    split = order([unit(1, package_id="p1"), unit(2, package_id="p2"), unit(3, package_id="p1")])
    for call, packages in ((ShipCall.MARK_SHIPPED, ["", ""]), (ShipCall.SHIP_PACKAGE, ["p1", "p2"])):
        for fields in (("AAAA1", "BBBB2"), ("AAAA1, BBBB2",), ("", "AAAA1", "BBBB2")):
            planned = plan(split, parcels(*fields), call)
            assert contents(planned) == [("AAAA1", ["u1", "u3"]), ("BBBB2", ["u2"])]
            assert [shipment.package_id for shipment in planned.value] == packages


def test_more_parcels_than_packages() -> None:
    planned = plan(order(3), parcels("AAAA1", "BBBB2"))
    assert contents(planned) == [("AAAA1", ["u1", "u2", "u3"])]
    assert codes(planned) == ["ship", "number_not_sent"]
    assert "BBBB2" in planned.reasons[1].text


def test_more_packages_than_parcels() -> None:
    split = order([unit(number, package_id=f"p{number}") for number in (1, 2, 3)])
    planned = plan(split, parcels("AAAA1", "BBBB2"))
    assert contents(planned) == [("AAAA1", ["u1"]), ("BBBB2", ["u2"])]
    assert codes(planned) == ["ship", "ship", "rest_waits"]
    # One parcel with everything in it
    planned = plan(split, parcels("AAAA1"), ShipCall.SHIP_PACKAGE)
    assert [(each.tracking_number, each.package_id) for each in planned.value] == [
        ("AAAA1", "p1"),
        ("AAAA1", "p2"),
        ("AAAA1", "p3"),
    ]


def test_a_person_says_what_is_in_each_parcel() -> None:
    planned = plan(order(3), [named("AAAA1", "u3"), named("BBBB2", "u1", "u2")])
    assert contents(planned) == [("AAAA1", ["u3"]), ("BBBB2", ["u1", "u2"])]
    planned = plan(order(3), [named("AAAA1", "u3")])
    assert contents(planned) == [("AAAA1", ["u3"])]
    assert codes(planned) == ["ship", "rest_waits"]
    # The same number again, for what was left behind
    after = apply(order(3), planned.value)
    assert contents(plan(after, [named("AAAA1", "u1", "u2")])) == [("AAAA1", ["u1", "u2"])]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([named("AAAA1", "u9")], "unit_unknown"),
        ([named("AAAA1", "u1"), named("BBBB2", "u1", "u2")], "unit_twice"),
    ],
)
def test_units_that_cannot_be_named(given: list[Parcel], code: str) -> None:
    assert finding_codes(plan(order(2), given).findings) == [code]


def test_a_package_is_shipped_whole() -> None:
    two = order([unit(1, package_id="p1"), unit(2, package_id="p1")])
    planned = plan(two, [named("AAAA1", "u1")], ShipCall.SHIP_PACKAGE)
    assert (planned.value, finding_codes(planned.findings)) == ((), ["split_first"])
    assert plan(two, [named("AAAA1", "u2", "u1")], ShipCall.SHIP_PACKAGE).value[0].package_id == "p1"


def test_the_only_package_of_an_order() -> None:
    planned = plan(order(2, packages=[{"id": "p1"}]), parcels("AAAA1"), ShipCall.SHIP_PACKAGE)
    assert planned.value == (Shipment(ShipCall.SHIP_PACKAGE, "AAAA1", "dpd", ("u1", "u2"), "p1", 1),)
    planned = plan(order(2), parcels("AAAA1"), ShipCall.SHIP_PACKAGE)
    assert (planned.value, finding_codes(planned.findings)) == ((), ["package_missing"])


def test_a_carrier_that_is_not_mapped_stops_its_parcel_only() -> None:
    split = order([unit(1, package_id="p1"), unit(2, package_id="p2")])
    planned = plan(split, [Parcel(1, 8, "AAAA1"), Parcel(2, 7, "BBBB2")])
    assert contents(planned) == [("BBBB2", ["u2"])]
    assert planned.findings == (NOT_MAPPED,)


@pytest.mark.parametrize(
    ("status", "fields", "code"),
    [
        ("UNPAID", ["AAAA1"], "not_ready"),
        ("ON_HOLD", ["AAAA1"], "not_ready"),
        ("CANCELLED", ["AAAA1"], "cancelled_on_tiktok"),
        ("CANCELLED", [""], "cancelled_on_tiktok"),
        ("SOMETHING_NEW", ["AAAA1"], "unknown_status"),
        ("AWAITING_SHIPMENT", ["?", "AAAA1"], "tracking_invalid"),
        ("AWAITING_SHIPMENT", [""], "tracking_missing"),
        ("AWAITING_SHIPMENT", [], "tracking_missing"),
        ("AWAITING_COLLECTION", [], "already_shipped"),
    ],
)
def test_when_nothing_is_shipped(status: str, fields: list[str], code: str) -> None:
    planned = plan(order(2, status=status), parcels(*fields))
    assert planned.value == ()
    assert [*codes(planned), *finding_codes(planned.findings)] == [code]


def test_no_number_is_sent_where_the_seller_sends_none() -> None:
    assert codes(plan(order(), parcels("?"), ShipCall.NOTHING)) == ["nothing_to_send"]


def test_a_buyer_who_asks_to_cancel_stops_the_parcel() -> None:
    wanted = order(2, is_buyer_request_cancel=True)
    planned = plan(wanted, parcels("AAAA1"))
    assert (planned.value, finding_codes(planned.findings)) == ((), ["pending_cancellation"])
    assert contents(plan(wanted, parcels("AAAA1"), despite_cancellation=True)) == [("AAAA1", ["u1", "u2"])]
    # What is shipped already is no reason to stop.
    gone = order([shipped(1, "AAAA1")], status="AWAITING_COLLECTION", is_buyer_request_cancel=True)
    assert plan(gone, parcels("AAAA1")).findings == ()


def gone(*units: Any, status: str = "AWAITING_COLLECTION", hours: float = 1) -> TikTokOrder:
    return order(units or [shipped(1, "AAAA1"), shipped(2, "AAAA1")], status, rts_time=SECONDS - int(hours * 3600))


def test_the_same_number_again_is_nothing() -> None:
    planned = plan(gone(), parcels("aaaa1"))
    assert (planned.value, codes(planned), planned.findings) == ((), ["already_shipped"], ())


@pytest.mark.parametrize("call", [ShipCall.MARK_SHIPPED, ShipCall.SHIP_PACKAGE])
def test_another_number_corrects(call: ShipCall) -> None:
    planned = plan(gone(), parcels("BBBB2"), call)
    assert planned.value == (Shipment(ShipCall.CORRECT, "BBBB2", "dpd", ("u1", "u2"), "", 1),)
    assert planned.reasons[-1].text == "the tracking number AAAA1 becomes BBBB2"


def test_a_correction_of_one_package_of_several() -> None:
    two = gone(shipped(1, "AAAA1", "p1"), shipped(2, "BBBB2", "p2"))
    planned = plan(two, parcels("AAAA1", "CCCC3"))
    assert planned.value == (Shipment(ShipCall.CORRECT, "CCCC3", "dpd", ("u2",), "p2", 2),)
    planned = plan(two, [named("DDDD4", "u1")])
    assert planned.value == (Shipment(ShipCall.CORRECT, "DDDD4", "dpd", ("u1",), "p1", 0),)
    # Which of the two is wrong is not sure.
    assert codes(plan(two, parcels("CCCC3"))) == ["number_not_sent"]


def test_packages_that_left_with_one_number_are_corrected_together() -> None:
    two = gone(shipped(1, "AAAA1", "p1"), shipped(2, "AAAA1", "p2"))
    assert [(each.tracking_number, each.package_id) for each in plan(two, parcels("BBBB2")).value] == [
        ("BBBB2", "p1"),
        ("BBBB2", "p2"),
    ]


@pytest.mark.parametrize(
    ("of", "corrected", "cause"),
    [
        (gone(hours=72.1), (), "more than 72 hours"),
        (gone(), ("p1",), "corrected once"),
        (gone(), (order().id,), "corrected once"),
        (gone(shipped(1, "AAAA1", status="DELIVERED"), status="DELIVERED"), (), "it is DELIVERED"),
        (gone(shipped(1, "AAAA1", status="COMPLETED"), status="COMPLETED"), (), "it is COMPLETED"),
    ],
)
def test_corrections_that_come_too_late(of: TikTokOrder, corrected: tuple[str, ...], cause: str) -> None:
    planned = plan(of, parcels("BBBB2"), corrected=corrected)
    assert (planned.value, finding_codes(planned.findings)) == ((), ["correction_refused"])
    assert cause in planned.findings[0].text


def test_a_correction_in_transit_at_the_last_moment() -> None:
    of = gone(shipped(1, "AAAA1", status="IN_TRANSIT"), status="IN_TRANSIT", hours=72)
    assert len(plan(of, parcels("BBBB2")).value) == 1


@pytest.mark.parametrize(
    ("of", "given_parcels", "first"),
    [
        # A number that leaves with named units is no number for others, and the other one is that of the first unit.
        (
            order([shipped(1, "BBBB2", "p1"), unit(2)], "PARTIALLY_SHIPPING", rts_time=SECONDS),
            [Parcel(1, 7, "AAAA1, CCCC3"), named("AAAA1", "u2")],
            [("AAAA1", ("u2",)), ("CCCC3", ("u1",))],
        ),
        # A number that another takes the place of is free for the rest.
        (
            order([unit(1), unit(2), shipped(3, "BBBB2", "p1")], "PARTIALLY_SHIPPING", rts_time=SECONDS),
            [Parcel(1, 7, "BBBB2"), named("AAAA1", "u3")],
            [("AAAA1", ("u3",)), ("BBBB2", ("u1", "u2"))],
        ),
        # Of two packages that left with one number one is named.
        (
            gone(shipped(1, "CCCC3", "p1"), shipped(2, "CCCC3", "p2")),
            [named("AAAA1", "u1"), Parcel(1, 7, "BBBB2")],
            [("AAAA1", ("u1",)), ("BBBB2", ("u2",))],
        ),
    ],
)
def test_named_parcels_come_first(
    of: TikTokOrder, given_parcels: list[Parcel], first: list[tuple[str, tuple[str, ...]]]
) -> None:
    planned = plan(of, given_parcels)
    assert [(each.tracking_number, each.unit_ids) for each in planned.value] == first
    assert plan(apply(of, planned.value), given_parcels).value == ()


NUMBERS = st.sampled_from(["AAAA1", "BBBB2", "CCCC3", "aaaa1"])
UNIT_IDS = st.lists(st.sampled_from(["u1", "u2", "u3", "u4"]), max_size=3, unique=True).map(tuple)
PARCELS = st.lists(
    st.builds(
        Parcel,
        id=st.integers(1, 3),
        carrier_reference=st.sampled_from([7, 7, 7, 8]),
        tracking=st.lists(NUMBERS, max_size=3).map(", ".join),
        unit_ids=st.one_of(st.just(()), UNIT_IDS),
    ),
    max_size=4,
)


@st.composite
def orders(draw: st.DrawFn) -> TikTokOrder:
    def one(number: int) -> Any:
        package = draw(st.sampled_from(["", "p1", "p2"]))
        match draw(st.sampled_from(["open", "open", "open", "gone", "cancelled"])):
            case "gone":
                return shipped(number, draw(NUMBERS), package)
            case "cancelled":
                return unit(number, display_status="CANCELLED")
            case _:
                return unit(number, package_id=package)

    units = [one(number) for number in range(1, draw(st.integers(1, 4)) + 1)]
    status = draw(st.sampled_from(["AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"]))
    packages = [{"id": key} for key in draw(st.lists(st.sampled_from(["p1", "p2"]), unique=True))]
    return order(units, status, packages=packages, rts_time=SECONDS)


@given(orders(), PARCELS, st.sampled_from([ShipCall.MARK_SHIPPED, ShipCall.SHIP_PACKAGE]))
def test_each_unit_leaves_once_and_only_if_it_is_still_there(
    of: TikTokOrder, given_parcels: list[Parcel], call: ShipCall
) -> None:
    planned = plan(of, given_parcels, call)
    sent = [unit_id for each in planned.value if each.call is not ShipCall.CORRECT for unit_id in each.unit_ids]
    waiting = {each.id for each in of.units if not each.tracking_number and each.status != "CANCELLED"}
    assert len(sent) == len(set(sent))
    assert set(sent) <= waiting
    for shipment in planned.value:
        assert shipment.unit_ids
        assert (shipment.call is ShipCall.SHIP_PACKAGE) <= bool(shipment.package_id)


@given(orders(), PARCELS, st.sampled_from([ShipCall.MARK_SHIPPED, ShipCall.SHIP_PACKAGE]))
def test_a_plan_that_was_carried_out_is_not_made_again(
    of: TikTokOrder, given_parcels: list[Parcel], call: ShipCall
) -> None:
    planned = plan(of, given_parcels, call)
    if planned.findings or not planned.value:
        return
    again = plan(apply(of, planned.value), given_parcels, call)
    assert again.value == ()


def test_a_parcel_with_several_numbers_and_named_units_uses_the_first() -> None:
    several = named("AAAA1, BBBB2", "u2")
    planned = plan(order(2), [several])
    assert contents(planned) == [("AAAA1", ["u2"])]
    assert plan(apply(order(2), planned.value), [several]).value == ()


def test_units_named_for_two_parcels_do_not_change_their_number_to_and_fro() -> None:
    two = gone(shipped(1, "AAAA1", "p1"), shipped(2, "AAAA1", "p1"))
    planned = plan(two, [named("BBBB2", "u1"), named("CCCC3", "u2")])
    assert (planned.value, finding_codes(planned.findings)) == ((), ["package_shared", "package_shared"])
    # Named units are not corrected by a parcel that names none.
    planned = plan(gone(shipped(1, "CCCC3")), [*parcels("BBBB2"), named("AAAA1", "u1")])
    assert contents(planned) == [("AAAA1", ["u1"])]


def test_a_number_that_is_left_replaces_the_one_that_prestashop_no_longer_has() -> None:
    part = order([unit(1), shipped(2, "CCCC3")], "PARTIALLY_SHIPPING", rts_time=SECONDS)
    planned = plan(part, parcels("AAAA1", "BBBB2"))
    assert [(each.call, each.tracking_number, each.unit_ids) for each in planned.value] == [
        (ShipCall.MARK_SHIPPED, "AAAA1", ("u1",)),
        (ShipCall.CORRECT, "BBBB2", ("u2",)),
    ]
