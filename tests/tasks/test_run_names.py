"""The name of a run says what it did, so that the list of runs in the Prefect UI tells it alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from models.listings import ListingStatus
from rules.listing_actions import ACTIONS
from rules.order_audit import Verdict
from tasks.report import BatchReport, Failure
from tasks.run_names import DONE, outcome, run_name, shortened

PARKED = Failure(object="order 1", code="unknown_sku", cause="No product has this SKU.")


@pytest.mark.parametrize(
    ("counts", "failures", "dry_run", "name"),
    [
        ({}, [], False, "nothing to do"),
        ({"read": 7}, [], False, "nothing to do"),
        ({"read": 7, "imported": 3}, [PARKED], False, "3 imported, 1 need a person"),
        (
            {"prices confirmed": 12, "prices to set": 12},
            [],
            False,
            "12 prices to set, 12 prices confirmed",
        ),
        ({"planned": 5}, [], True, "rehearsal, 5 planned"),
        ({"passed": 9, "warnings": 2}, [], False, "2 warnings, 9 passed"),
        ({"statuses read": 80, "changed by hand": 1}, [], False, "1 changed by hand"),
        ({"MB of database": 12, "runs deleted": 300}, [], False, "300 runs deleted, 12 MB of database"),
    ],
)
def test_what_a_run_did(counts: dict[str, int], failures: list[Failure], dry_run: bool, name: str) -> None:
    report = BatchReport(counts=counts, failures=failures)
    assert outcome(report, dry_run=dry_run) == name
    # A run that is tried again is not named twice over.
    assert run_name(f"orders of uk: {name}") == "orders of uk"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("PrestaShop does not answer. Look whether it runs.", "PrestaShop does not answer"),
        ("No.", "No"),
        ("x" * 150, f"{'x' * 100}…"),
    ],
)
def test_a_name_has_room_for_the_first_sentence(words: str, name: str) -> None:
    assert shortened(words) == name


ROOT: Final = Path(__file__).parents[2]

LOOKED_AT: Final = {
    # Orders and what PrestaShop says of them.
    "read",
    "changed",
    "PrestaShop orders read",
    "tracking numbers",
    # The mirror and the sweeps.
    "products",
    "products changed",
    "products gone",
    "products swept",
    "combinations",
    "combinations changed",
    "combinations gone",
    "combinations swept",
    "packs",
    "suppliers or packs changed",
    "special prices",
    "special prices changed",
    "special prices began or ended",
    "small rows",
    "small rows changed",
    "settings changed",
    "stock rows",
    "stock moved",
    "low stock rows",
    "variants without a stock row",
    # Listings that are as they should be or are left alone.
    "ready",
    "unchanged",
    "edits switched off",
    "linked, content left alone",
    "linked by a person",
    "unlinked by a person",
    "listings deleted",
    "listings freeze",
    "nothing to do",
    "statuses read",
    "details read",
    "not shown by the search",
    "prices audited",
    "stocks read back",
    "listings",
    "listings read",
    "own listings",
    "being created",
    # What the shop is set up with.
    "warehouses",
    "carriers",
    "prerequisites met",
    # Orders that the audit finds as they were meant to be.
    "left out",
    "set aside",
}
"""What a run only looked at: its summary tells it."""

FAILURES: Final = {"failed", "parked"} | {
    verdict.value.replace("_", " ")
    for verdict in Verdict
    if verdict not in (Verdict.MATCHES, Verdict.CAUGHT_UP, Verdict.WAITING, Verdict.LEFT_OUT, Verdict.SET_ASIDE)
}
"""What is counted with a failure: the name tells how many need a person."""

MADE: Final[dict[str, set[str]]] = {
    "outcome.value": {"confirmed", "parked", "superseded", "not ready after all", "waiting", "unresolved"},
    "Outcome.SUPERSEDED.value": {"superseded"},
    "Outcome.UNRESOLVED.value": {"unresolved"},
    "f'to {change.kind.value}'": {"to create", "to edit"},
    "f'to {action}'": {f"to {action}" for action in ACTIONS},
    "f'{what} confirmed'": {"prices confirmed", "stocks confirmed"},
    "f'listings {one.listing.status.lower()}'": {"listings deleted", "listings freeze"},
    "f'{elsewhere[id_product]} by a person'": {"linked by a person", "unlinked by a person"},
    "f'{kind.value}s'": {"cancellations", "returns"},
    "f\"now {listing_status(look.status, look.audit_status).value.replace('_', ' ')}\"": {
        f"now {status.value.replace('_', ' ')}" for status in ListingStatus if status is not ListingStatus.NOT_READY
    },
    "_store(session, shops, detail, read.facts, utc_now())": {"listings read", "own listings", "being created"},
    "_word(one.verdict)": {verdict.value.replace("_", " ") for verdict in Verdict},
    "words[one.level]": {"passed", "warnings", "failed"},
    "_name(what, dry_run=dry_run)": {
        f"{what} {done}" for what in ("changes", "order events", "plans") for done in ("deleted", "to be deleted")
    },
}
"""Counts whose name is made up, by how the code makes it."""


def counts_of(code: Path) -> Iterator[str]:
    """The names of everything that a file counts in a report."""
    for call in ast.walk(ast.parse(code.read_text())):
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="func"))):
                # SQL's own.
                continue
            case ast.Call(func=ast.Attribute(attr="count"), args=[ast.IfExp(body=one, orelse=other), *_]):
                yield from (*names_of(one), *names_of(other))
            case ast.Call(func=ast.Attribute(attr="count"), args=[name, *_]):
                yield from names_of(name)


def names_of(name: ast.expr) -> set[str]:
    """What a name in the code may be."""
    if isinstance(name, ast.Constant):
        return {str(name.value)}
    return MADE[ast.unparse(name)]


def all_counts() -> set[str]:
    """The names of everything that any flow counts."""
    files = [*(ROOT / "flows").glob("*.py"), *(ROOT / "tasks").glob("*.py")]
    return {name for file in files if file.name != "report.py" for name in counts_of(file)}


def test_every_count_is_told_by_the_name_or_was_only_looked_at() -> None:
    counted = all_counts()
    assert counted - set(DONE) - LOOKED_AT - FAILURES == set()
    assert set(DONE) - counted == set(), "nothing is named that is never counted"
    assert not LOOKED_AT.intersection(DONE)
    assert len(set(DONE)) == len(DONE)
