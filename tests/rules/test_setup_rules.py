"""The guided order of set-up: what is done, what is next, what is missing (A8)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.connections import AuthorizationState
from models.taxonomy import Category
from rules.doctor import Area, Finding, Level
from rules.setup import SetupFacts, State, Step, categories_named, judge_setup, reasons, step_of

CHECKS = [
    (Area.ACCESS, "webservice"), (Area.ACCESS, "rights of the key"), (Area.ACCESS, "shop"),
    (Area.CATALOGUE, "country"), (Area.CATALOGUE, "language"), (Area.ORDERS, "fee product"),
    (Area.TIKTOK, "authorization"), (Area.TIKTOK, "shop"), (Area.TIKTOK, "warehouse"), (Area.TIKTOK, "prerequisites"),
    (Area.MAPPINGS, "templates"), (Area.MAPPINGS, "carriers"),
]  # fmt: skip


def passing() -> tuple[Finding, ...]:
    return tuple(Finding(area, check, Level.PASS, "fine") for area, check in CHECKS)


READY = SetupFacts(
    connection="uk",
    stored=True,
    has_app=True,
    has_service_id=True,
    authorization=AuthorizationState.AUTHORIZED,
    shop="Shop",
    findings=passing(),
    default_template="Default",
    listing_templates=1,
    decided=10,
    ready=4,
    stopped=False,
)


def but(area: Area, check: str, level: Level = Level.FAIL, fix: str = "Do it.") -> SetupFacts:
    """Everything is right but one check."""
    return replace(
        READY,
        findings=tuple(
            Finding(area, check, level, "It is wrong.", fix) if (one.area, one.check) == (area, check) else one
            for one in READY.findings
        ),
    )


findings = st.lists(
    st.builds(
        lambda place, level: Finding(place[0], place[1], level, "found", "fix"),
        st.sampled_from(CHECKS),
        st.sampled_from(Level),
    ),
    max_size=14,
).map(tuple)
facts = st.builds(
    SetupFacts,
    connection=st.sampled_from(["", "uk", "my shop"]),
    stored=st.booleans(),
    has_app=st.booleans(),
    has_service_id=st.booleans(),
    authorization=st.sampled_from(AuthorizationState),
    shop=st.sampled_from(["", "Shop"]),
    findings=findings | st.just(passing()),
    default_template=st.sampled_from(["", "Default"]),
    listing_templates=st.integers(0, 2),
    decided=st.integers(0, 2),
    ready=st.integers(0, 2),
)


@given(facts)
def test_the_order_holds(given_facts: SetupFacts) -> None:
    """The next step is the first that is not done; those after it are done or blocked, never next."""
    judged = judge_setup(given_facts)
    assert [one.step for one in judged.steps] == list(Step)
    undone = [one for one in judged.steps if one.state is not State.DONE]
    assert judged.next == (undone[0] if undone else None)
    assert all(one.state is State.BLOCKED for one in undone[1:])


@given(facts)
def test_complete_is_when_nothing_is_missing(given_facts: SetupFacts) -> None:
    judged = judge_setup(given_facts)
    assert judged.complete is not any(one.missing for one in judged.steps)
    assert all((one.state is State.DONE) is (not one.missing) for one in judged.steps)
    assert all(lack.what for one in judged.steps for lack in one.missing)


def test_everything_right_is_complete() -> None:
    assert judge_setup(READY).complete


@pytest.mark.parametrize(("area", "check"), CHECKS)
def test_what_fails_is_missing_in_its_own_step(area: Area, check: str) -> None:
    given_facts = but(area, check)
    judged = judge_setup(given_facts)
    assert judged.next is not None
    assert judged.next.step is step_of(Finding(area, check, Level.FAIL, ""))
    assert [lack.what for lack in judged.next.missing] == ["It is wrong."]
    assert [one.step for one in judged.steps if one.state is State.DONE] == [
        step for step in Step if step is not judged.next.step
    ]


@pytest.mark.parametrize(
    ("given_facts", "step", "command"),
    [
        (SetupFacts("uk"), Step.PRESTASHOP, "connector connection add uk --region"),
        (SetupFacts("my shop"), Step.PRESTASHOP, "connector connection add 'my shop' --region"),
        (but(Area.ACCESS, "webservice"), Step.PRESTASHOP, "connector connection change uk --prestashop-url"),
        (but(Area.ACCESS, "rights of the key"), Step.PRESTASHOP, ""),
        (replace(READY, has_app=False), Step.APP, "connector connection change uk --app-key"),
        (
            replace(READY, has_service_id=False, authorization=AuthorizationState.NONE),
            Step.APP,
            "connector connection change uk --service-id",
        ),
        (but(Area.TIKTOK, "authorization"), Step.CONSENT, "connector connection authorize uk"),
        (replace(READY, shop=""), Step.CONSENT, "connector connection authorize uk --shop"),
        (but(Area.TIKTOK, "warehouse", Level.WARN), Step.WAREHOUSE, "connector settings set sales_warehouse_id="),
        (replace(READY, default_template=""), Step.TEMPLATE, "connector templates import"),
        (replace(READY, listing_templates=0), Step.TEMPLATE, "connector templates import"),
        (but(Area.ORDERS, "fee product"), Step.CONFIGURATION, "connector settings set orders.shipping=not_booked"),
        (but(Area.MAPPINGS, "carriers"), Step.CONFIGURATION, "connector carriers map"),
        (replace(READY, decided=0, ready=0), Step.REHEARSAL, "connector run catalog_upload --dry-run"),
        (replace(READY, ready=0), Step.REHEARSAL, "connector run catalog_upload --dry-run"),
        (but(Area.TIKTOK, "prerequisites"), Step.REHEARSAL, ""),
        (replace(READY, stopped=True), Step.START, "connector connection start"),
    ],
)
def test_each_lack_has_the_command_that_ends_it(given_facts: SetupFacts, step: Step, command: str) -> None:
    following = judge_setup(given_facts).next
    assert following is not None
    assert following.step is step
    assert following.missing[0].command.startswith(command)
    assert bool(following.missing[0].command) is bool(command)


def test_a_service_id_is_not_needed_after_the_consent() -> None:
    assert judge_setup(replace(READY, has_service_id=False)).complete


@pytest.mark.parametrize(("area", "check"), [(Area.CATALOGUE, "language"), (Area.MAPPINGS, "carriers")])
def test_a_warning_is_no_hindrance(area: Area, check: str) -> None:
    assert judge_setup(but(area, check, Level.WARN)).complete


@pytest.mark.parametrize(
    ("check", "step"),
    [
        ("webservice", Step.PRESTASHOP),
        ("warehouse", Step.WAREHOUSE),
        ("templates", Step.TEMPLATE),
        ("country", Step.CONFIGURATION),
    ],
)
def test_what_was_not_looked_at_is_not_done(check: str, step: Step) -> None:
    unseen = replace(READY, findings=tuple(one for one in READY.findings if one.check != check))
    following = judge_setup(unseen).next
    assert following is not None
    assert (following.step, following.missing[0].what) == (step, "Not looked at yet.")


def test_a_fix_that_is_the_command_is_said_once() -> None:
    judged = judge_setup(but(Area.TIKTOK, "authorization", fix="Run: connector connection authorize uk"))
    assert judged.next is not None
    assert judged.next.missing[0].fix == ""


def category(number: str, path: str, *, is_leaf: bool = True, status: str = "AVAILABLE") -> Category:
    statuses = [status] if status else []
    return Category(connection_id=1, id=number, name=path, path=path, is_leaf=is_leaf, permission_statuses=statuses)


def test_categories_are_found_by_every_word_where_products_can_be_listed() -> None:
    tree = [
        category("1", "Home", is_leaf=False),
        category("2", "Home > Mugs & Cups"),
        category("3", "Garden > Mugs"),
        category("4", "Home > Mugs > Locked", status="INVITE_ONLY"),
        category("5", "Home > Mugs > Untold", status=""),
    ]
    assert [one.id for one in categories_named("MUGS home", tree)] == ["2", "5"]
    assert categories_named(" ", tree) == []


def test_the_most_frequent_reasons_come_first_with_their_first_example() -> None:
    found = reasons([("a", "A1", "fix a"), ("b", "B1", "fix b"), ("b", "B2", "other")], most=1)
    assert [(one.products, one.example, one.fix) for one in found] == [(2, "B1", "fix b")]
