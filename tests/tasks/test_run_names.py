"""The name of a run says what it did, so that the list of runs in the Prefect UI tells it alone."""

from __future__ import annotations

import pytest

from tasks.report import BatchReport, Failure
from tasks.runs import outcome_name, run_name

PARKED = Failure(object="order 1", code="unknown_sku", cause="No product has this SKU.")


@pytest.mark.parametrize(
    ("counts", "failures", "dry_run", "name"),
    [
        ({}, [], False, "orders of uk: nothing to do"),
        ({"read": 7}, [], False, "orders of uk: nothing to do"),
        ({"read": 7, "imported": 3}, [PARKED], False, "orders of uk: 3 imported, 1 need a person"),
        ({"confirmed": 12, "sent": 12}, [], False, "orders of uk: 12 sent, 12 confirmed"),
        ({"planned": 5}, [], True, "orders of uk: rehearsal, 5 planned"),
    ],
)
def test_what_a_run_did(counts: dict[str, int], failures: list[Failure], dry_run: bool, name: str) -> None:
    report = BatchReport(counts=counts, failures=failures)
    assert outcome_name("orders of uk", report, dry_run=dry_run) == name
    # A run that is tried again is not named twice over.
    assert run_name(name) == "orders of uk"
