"""The error table knows every code of sections 1.4, 2.2 and 3.22, written out here once more by hand."""

from __future__ import annotations

import pytest

from clients import errors as tree
from clients.tiktok.errors import ERRORS, explain

PLATFORM = {
    36004004, 36009001, 36009002, 36009003, 36009004, 36009007, 36009009, 36009010, 36009014, 36009021, 36009022,
    36009023, 36009033, 36009037, 36009043, 36009044, 98001004, 98001005, 98001006, 101000, 105001, 105002, 105005,
    106001, 106013, 11050001, 12001000, 12052881, 33001002, 12052109, 45101004, 10006402, 25001028, 25020008,
}  # fmt: skip

PRODUCT = {
    12019006, 12052013, 12052015, 12052340, 12052341, 12052342, 12052343, 12052344, 12052345, 12052346, 12052347,
    12052348, 12052349, 12052350, 12052351, 12052352, 12019011, 12019012, 12052116, 12052181, 12019013, 12052026,
    12052200, 12052201, 12052207, 12052208, 12019015, 12052050, 12019022, 12052115, 12052530, 12052531, 12052532,
    12052533, 12052534, 12052535, 12019024, 12052055, 12019027, 12019087, 12019120, 12019028, 12019045, 12052038,
    12019056, 12019057, 12019059, 12052054, 12019060, 12019061, 12052915, 12052916, 12019064, 12019108, 12019109,
    12019113, 12019116, 12038002, 12038004, 12038005, 12038014, 12038015, 12052028, 12052300, 12052301, 12052302,
    12052303, 12052304, 12052305, 12052306, 12052722, 12019150, 12052031, 12052032, 12052034, 12052048, 12052260,
    12052002, 12052003, 12052004, 12052005, 12052006, 12052012, 12052073, 12052570, 12052571, 12052023, 12052024,
    12052025, 12052230, 12052217, 12052220, 12052221, 12052222, 12052223, 12052224, 12052225, 12052226, 12052227,
    12052036, 12052037, 12052051, 12052261, 12052262, 12052263, 12052056, 12052235, 12052236, 12052237, 12052238,
    12052084, 12052093, 45101004, 12052094, 12052104, 12052182, 12052183, 12052240, 12052241, 12052242, 12052243,
    12052244, 12052245, 12052246, 12052247, 12052248, 12052249, 12052250, 12052251, 12052252, 12052253, 12052254,
    12052255, 12052256, 12052105, 12052385, 12052650, 12052651, 12052652, 12052653, 12052654, 12052655, 12052656,
    12052657, 12052658, 12052128, 12052670, 12052671, 12052672, 12052673, 12052151, 12052152, 12052153, 12052163,
    12052180, 12052282, 12052283, 12052284, 12052285, 12052286, 12052287, 12052288, 12052289, 12052290, 12052332,
    12052365, 12052366, 12052369, 12052996, 12052375, 12052383, 12052393, 12052402, 12052405, 12052420, 12052419,
    12052424, 12052488, 12052495, 12052496, 12052497, 12052498, 12052520, 12052521, 12052522, 12052523, 12052524,
    12052525, 12052526, 12052527, 12052528, 12052529, 12052547, 12052550, 12052553, 12052555, 12052557, 12052558,
    12052559, 12052560, 12052591, 12052592, 12052593, 12052594, 12052595, 12052596, 12052597, 12052598, 12052599,
    12052600, 12052603, 12052604, 12052700, 12052701, 12052901, 12052902, 12052910, 12052921, 12052931, 12052932,
    12052933, 12052934, 12052935, 12052990, 12052881, 12001000, 12052109,
}  # fmt: skip


@pytest.mark.parametrize("codes", [PLATFORM, PRODUCT], ids=["platform", "product"])
def test_every_code_has_cause_and_fix(codes: set[int]) -> None:
    assert {code for code in codes if str(code) not in ERRORS} == set()
    for code in codes:
        entry = explain(code)
        assert entry.code == str(code)
        assert entry.cause.endswith((".", ")."))
        assert entry.fix.endswith(".")


def test_the_table_has_no_codes_of_its_own_invention() -> None:
    assert set(ERRORS) == {str(code) for code in PLATFORM | PRODUCT}


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (tree.Throttled, {36009002, 36009037, 12052109}),
        (tree.TimedOut, {36009007}),
        (
            tree.Unavailable,
            {36009001, 36009003, 12001000, 12052881, 33001002, 10006402, 25001028, 25020008},
        ),
        (tree.TokenExpired, {105001, 105002}),
        (tree.ReauthorizationNeeded, {36004004}),
        (tree.AccessDenied, {105005, 106001, 36009033, 36009043, 36009044}),
        (
            tree.ConfigurationFault,
            {36009009, 36009010, 36009014, 98001004, 98001005, 98001006, 101000, 106013},
        ),
    ],
)
def test_only_these_codes_are_more_than_a_refusal(kind: type[tree.ShopError], codes: set[int]) -> None:
    assert {entry.code for entry in ERRORS.values() if entry.kind is kind} == {str(code) for code in codes}


def test_retrying_follows_from_the_class() -> None:
    for entry in ERRORS.values():
        assert (entry.retry in ("yes", "slowly")) == issubclass(entry.kind, tree.Retryable)
        assert (entry.retry == "after refresh") == (entry.kind is tree.TokenExpired)
    assert {code for code, entry in ERRORS.items() if entry.retry == "tomorrow"} == {"45101004", "12052093"}


@pytest.mark.parametrize(
    ("single", "neighbour"),
    [
        (12052346, 12052345),
        (12052533, 12052532),
        (12052535, 12052534),
        (12052222, 12052223),
        (12052525, 12052524),
        (12052528, 12052527),
        (12052591, 12052594),
        (12052592, 12052594),
        (12052593, 12052594),
    ],
)
def test_a_code_with_a_row_of_its_own_does_not_get_the_text_of_its_range(single: int, neighbour: int) -> None:
    assert explain(single).cause != explain(neighbour).cause


def test_an_unknown_code_keeps_the_platforms_text() -> None:
    entry = explain("99999999", "Something new")
    assert (entry.kind, entry.retry, entry.cause) == (tree.Rejected, "no", "Something new")
    assert "99999999" in explain(99999999).cause
