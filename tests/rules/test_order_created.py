"""Reading an order back: what PrestaShop made against what was meant (recordings 097, 101, 104, 136, 137)."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clients.prestashop.resources import RESOURCES, Kind
from rules.order_created import Difference, Expected, ExpectedRow, check_created
from rules.order_lines import Priced, Rounding, price_rows
from tests.rules.money_examples import line

RECORDED = Path(__file__).parents[1] / "data" / "prestashop-orders"
D = Decimal
READS: dict[Kind, Any] = {"int": lambda text: int(text or 0), "decimal": lambda text: D(text or 0)}


def read(row: dict[str, Any], kinds: Any) -> dict[str, Any]:
    """A recorded row as the client reads it."""
    return {name: READS.get(kinds.get(name), lambda value: value)(value) for name, value in row.items()}


def recorded(number: str) -> Any:
    (path,) = RECORDED.glob(f"{number}-*.http")
    return json.loads(path.read_text().rpartition("\n\n")[2])


@pytest.fixture
def order() -> dict[str, Any]:
    return read(recorded("097")["order"], RESOURCES["orders"].fields)


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    kinds = RESOURCES["orders"].associations["order_rows"].fields
    return [read(row, kinds) for row in recorded("097")["order"]["associations"]["order_rows"]]


CARRIERS = [{"id": 6, "id_order": 6, "id_carrier": 2}]
MEANT = Expected(
    total=D("74.43"),
    rows=(ExpectedRow((2, 9), 2, D("28.720000")), ExpectedRow((6, 0), 1, D("9.990000"))),
    id_customer=3,
    id_address=7,
    id_carrier=2,
    error_state=8,
)


def codes(found: list[Difference]) -> list[tuple[str, bool]]:
    assert all(difference.text and difference.fix for difference in found)
    return [(difference.code, difference.repairable) for difference in found]


def test_the_recorded_order_is_right(order: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    assert check_created(order, rows, CARRIERS, MEANT) == []


def test_its_details_are_right_too(order: dict[str, Any]) -> None:
    kinds = RESOURCES["order_details"].fields
    details = [read(row, kinds) for row in recorded("101")["order_details"]]
    assert check_created(order, details, CARRIERS, MEANT) == []


def test_the_order_in_spain_is_as_it_was_priced() -> None:
    order = read(recorded("136")["order"], RESOURCES["orders"].fields)
    details = [read(row, RESOURCES["order_details"].fields) for row in recorded("137")["order_details"]]
    priced = price_rows([line(6, "37.50", 3)], fee=D(0), fee_line=None, rounding=Rounding(2, 2, 2))
    assert isinstance(priced, Priced)
    expected = Expected(
        total=priced.total + order["total_shipping"],
        rows=tuple(ExpectedRow(row.variant, row.quantity, row.unit_incl) for row in priced.rows),
        id_customer=3,
        id_address=7,
        id_carrier=2,
        error_state=8,
    )
    assert check_created(order, details, [{"id_carrier": 2}], expected) == []


def test_an_order_with_another_total_is_parked(order: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    # 103, 104: 10.00 was sent, PrestaShop made 18.90 of it and put it among the payment errors.
    after = read(recorded("104")["orders"][0], RESOURCES["orders"].fields)
    wrong = {**order, **after, "total_paid_tax_incl": after["total_paid"]}
    meant = Expected(D("10.00"), MEANT.rows, 3, 7, 2, 8)
    assert codes(check_created(wrong, rows, CARRIERS, meant)) == [("total_differs", False), ("payment_error", False)]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        # Among the payment errors, and right or a cent apart: the status puts it right (4.5).
        ({"current_state": 8}, [("payment_error", True)]),
        (
            {"current_state": 8, "total_paid": D("74.44"), "total_paid_tax_incl": D("74.44")},
            [("total_differs", True), ("payment_error", True)],
        ),
        (
            {"current_state": 8, "total_paid": D("74.45"), "total_paid_tax_incl": D("74.45")},
            [("total_differs", False), ("payment_error", False)],
        ),
        ({"current_state": 8, "total_paid_tax_incl": D("90")}, [("total_differs", False), ("payment_error", False)]),
        # A status cannot put right what it did not make wrong.
        ({"total_paid": D("74.44")}, [("total_differs", False)]),
        ({"total_paid_tax_incl": D("60.00")}, [("total_differs", False)]),
        ({"id_customer": 4}, [("customer_differs", False)]),
        ({"id_address_delivery": 8}, [("address_differs", False)]),
        ({"id_carrier": 0}, [("carrier_differs", False)]),
    ],
)
def test_each_difference_has_its_code(
    order: dict[str, Any], rows: list[dict[str, Any]], changes: dict[str, Any], found: list[tuple[str, bool]]
) -> None:
    assert codes(check_created({**order, **changes}, rows, CARRIERS, MEANT)) == found


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"total_paid": D("74.44"), "total_paid_tax_incl": D("74.44")}, []),
        ({"total_paid": D("74.45")}, [("total_differs", False)]),
        # The status did not hold.
        (
            {"current_state": 8, "total_paid": D("74.44")},
            [("total_differs", True), ("payment_error", True)],
        ),
        ({"total_paid": D("74.44"), "id_customer": 4}, [("customer_differs", False)]),
    ],
)
def test_a_cent_is_right_in_an_order_that_was_repaired(
    order: dict[str, Any], rows: list[dict[str, Any]], changes: dict[str, Any], found: list[tuple[str, bool]]
) -> None:
    assert codes(check_created({**order, **changes}, rows, CARRIERS, replace(MEANT, is_repaired=True))) == found


@pytest.mark.parametrize("carriers", [[], [{"id_carrier": 1}], [{"id_carrier": 2}, {"id_carrier": 1}]])
def test_the_carrier_is_looked_at_on_both_sides(
    order: dict[str, Any], rows: list[dict[str, Any]], carriers: list[dict[str, Any]]
) -> None:
    # 114: without a carrier the order is made nevertheless, and has no row of order_carriers.
    assert codes(check_created(order, rows, carriers, MEANT)) == [("carrier_differs", False)]


@pytest.mark.parametrize(
    ("id_carrier", "carriers", "found"),
    [(0, [], []), (2, CARRIERS, ["carrier_differs"]), (0, CARRIERS, ["carrier_differs"])],
)
def test_an_order_of_virtual_products_has_no_carrier(
    order: dict[str, Any], rows: list[dict[str, Any]], id_carrier: int, carriers: list[Any], found: list[str]
) -> None:
    made = {**order, "id_carrier": id_carrier}
    assert [code for code, _ in codes(check_created(made, rows, carriers, replace(MEANT, id_carrier=0)))] == found


@pytest.mark.parametrize(
    ("number", "changes", "found"),
    [
        (0, {"product_quantity": 3}, ["lines_differ"]),
        (0, {"product_attribute_id": 10}, ["lines_differ", "lines_differ"]),
        (1, {"product_id": 7}, ["lines_differ", "lines_differ"]),
        (1, {"unit_price_tax_incl": D("8.991000")}, ["price_differs"]),
        (1, {"unit_price_tax_incl": D("9.990001")}, []),
    ],
)
def test_each_line_is_looked_at(
    order: dict[str, Any], rows: list[dict[str, Any]], number: int, changes: dict[str, Any], found: list[str]
) -> None:
    rows[number] = {**rows[number], **changes}
    assert [difference.code for difference in check_created(order, rows, CARRIERS, MEANT)] == found


def test_a_line_that_is_missing_or_that_nobody_ordered(order: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    assert [each.text for each in check_created(order, rows[:1], CARRIERS, MEANT)] == [
        "it has 0 of product 6 instead of 1"
    ]
    more = [*rows, {"product_id": 9, "product_attribute_id": 1, "product_quantity": 1, "unit_price_tax_incl": D(0)}]
    assert [each.text for each in check_created(order, more, CARRIERS, MEANT)] == [
        "it has 1 of product 9, variant 1 instead of 0"
    ]
    # Split over two rows of the same variant, it is still what was ordered.
    one = {**rows[0], "product_quantity": 1}
    assert check_created(order, [one, one, rows[1]], CARRIERS, MEANT) == []
