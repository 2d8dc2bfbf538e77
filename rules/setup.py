"""Setting a connection up in order (A8): which steps are done, which one is next, and what each of them lacks.

The doctor's findings say what is wrong with both shops (rules.doctor); here each of them belongs to the step that puts
it right. Nothing about the progress is stored: it is judged from what is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from shlex import quote
from typing import Final

from models.connections import AuthorizationState
from models.taxonomy import Category
from rules.doctor import Area, Finding, Level


class Step(StrEnum):
    """The steps in their order: PrestaShop → TikTok Shop → default category template → default configuration."""

    PRESTASHOP = "prestashop"
    APP = "app"
    CONSENT = "consent"
    WAREHOUSE = "warehouse"
    TEMPLATE = "template"
    CONFIGURATION = "configuration"
    REHEARSAL = "rehearsal"
    START = "start"

    @property
    def words(self) -> str:
        """The step as people call it."""
        return _TITLES[self]


_TITLES: Final[Mapping[Step, str]] = {
    Step.PRESTASHOP: "PrestaShop: address and webservice key",
    Step.APP: "TikTok Shop: the app",
    Step.CONSENT: "TikTok Shop: consent and shop",
    Step.WAREHOUSE: "TikTok Shop: sales warehouse",
    Step.TEMPLATE: "Default category template",
    Step.CONFIGURATION: "Default configuration",
    Step.REHEARSAL: "Rehearsal of the upload",
    Step.START: "Start",
}


class State(StrEnum):
    """Where a step stands. BLOCKED: it is not done, and a step before it has to be done first."""

    DONE = "done"
    MISSING = "missing"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class SetupFacts:
    """What is there of a connection.

    Attributes:
        connection: its name, or the one it is going to have.
        stored: there is a connection of that name.
        has_app: app key and secret are stored.
        has_service_id: the service id too, without which there is no consent link.
        authorization: of TikTok Shop.
        shop: name of the chosen TikTok shop, "" while none is chosen.
        findings: what the doctor found on both sides; none while there is no connection.
        default_template: name of the default category template, "" while there is none.
        listing_templates: how many templates have a TikTok category.
        decided: products that were matched and checked by an upload or its rehearsal.
        ready: those of them that are or can be listed.
        stopped: nothing of it runs by itself.
    """

    connection: str
    stored: bool = False
    has_app: bool = False
    has_service_id: bool = False
    authorization: AuthorizationState = AuthorizationState.NONE
    shop: str = ""
    findings: tuple[Finding, ...] = ()
    default_template: str = ""
    listing_templates: int = 0
    decided: int = 0
    ready: int = 0
    stopped: bool = True


@dataclass(frozen=True, slots=True)
class Missing:
    """Something a step lacks.

    Attributes:
        what: the fact.
        fix: what to do about it, where more is to be said than the command.
        command: what does it without the wizard, words in capitals to be filled in; "" when it is done in a shop.
    """

    what: str
    fix: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class StepState:
    """One step as it stands; `missing` is empty exactly when it is done."""

    step: Step
    state: State
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Setup:
    """All steps in order."""

    steps: tuple[StepState, ...]

    @property
    def next(self) -> StepState | None:
        """The step to take now; None when everything is done."""
        return next((one for one in self.steps if one.state is State.MISSING), None)

    @property
    def complete(self) -> bool:
        """Nothing is missing."""
        return self.next is None


def judge_setup(facts: SetupFacts) -> Setup:
    """Every step with its state; the first that is not done is the next one, those after it that are not wait."""
    steps: list[StepState] = []
    open_before = False
    for step in Step:
        missing = tuple(_JUDGES[step](facts))
        state = State.DONE if not missing else State.BLOCKED if open_before else State.MISSING
        steps.append(StepState(step, state, missing))
        open_before = open_before or bool(missing)
    return Setup(tuple(steps))


# Findings of the doctor, by the step that puts them right

_OF_AREA: Final[Mapping[Area, Step]] = {
    Area.ACCESS: Step.PRESTASHOP,
    Area.CATALOGUE: Step.CONFIGURATION,
    Area.ORDERS: Step.CONFIGURATION,
    Area.TIKTOK: Step.CONSENT,
}
_OF_CHECK: Final[Mapping[str, Step]] = {
    "warehouse": Step.WAREHOUSE,
    "templates": Step.TEMPLATE,
    "carriers": Step.CONFIGURATION,
    # TikTok Shop may take days to check a seller; nothing but the first upload has to wait for that.
    "prerequisites": Step.REHEARSAL,
}
# What has to be looked at and right before a step is done; of other checks a warning is no hindrance.
_PROOF: Final[Mapping[Step, str]] = {
    Step.PRESTASHOP: "webservice",
    Step.CONSENT: "shop",
    Step.WAREHOUSE: "warehouse",
    Step.TEMPLATE: "templates",
    Step.CONFIGURATION: "country",
}
# The settings (or mapping) that answer a finding, where it is not put right in a shop.
_ANSWERS: Final[Mapping[str, str]] = {
    "webservice": "connection change {name} --prestashop-url URL --prestashop-key-env VARIABLE",
    "address": "connection change {name} --prestashop-url URL",
    "time zone": "connection check {name}",
    "shop": "settings set products.shop_id=ID --connection {name}",
    "warehouse": "settings set sales_warehouse_id=ID --connection {name}",
    "templates": "templates import FILE.yaml --connection {name}",
    "language": "settings set products.language=CODE --connection {name}",
    "carrier": "settings set orders.carrier_reference=ID --connection {name}",
    "guest checkout": "settings set orders.customer=technical orders.technical_email=ADDRESS --connection {name}",
    "fee product": "settings set orders.shipping=not_booked --connection {name}",
    "carriers": "carriers map CARRIER PROVIDER --connection {name}",
}


def step_of(finding: Finding) -> Step | None:
    """The step that puts a finding right; None for the installation's own."""
    if finding.area in (Area.TIKTOK, Area.MAPPINGS) and finding.check in _OF_CHECK:
        return _OF_CHECK[finding.check]
    return _OF_AREA.get(finding.area)


def _found(facts: SetupFacts, step: Step) -> Iterable[Missing]:
    proof = _PROOF.get(step, "")
    findings = [one for one in facts.findings if step_of(one) is step]
    # What could not be looked at because something else fails is not told beside that.
    wrong = [one for one in findings if one.level is Level.FAIL] or [
        one for one in findings if one.check == proof and one.level is not Level.PASS
    ]
    for one in wrong:
        command = _answer(facts, one)
        yield Missing(one.found, "" if one.fix == f"Run: {command}" else one.fix, command)
    if proof and not wrong and all(one.check != proof for one in findings):
        yield Missing("Not looked at yet.", command=_command(f"setup {_name(facts)} --status"))


def _answer(facts: SetupFacts, finding: Finding) -> str:
    if finding.area is Area.TIKTOK and finding.check in ("authorization", "shop", "scopes"):
        return _command(f"connection authorize {_name(facts)}")
    written = _ANSWERS.get(finding.check, "")
    return _command(written.format(name=_name(facts))) if written else ""


def _name(facts: SetupFacts) -> str:
    return quote(facts.connection) if facts.connection else "NAME"


def _command(words: str) -> str:
    return f"connector {words}"


# One step after the other


def _prestashop(facts: SetupFacts) -> Iterable[Missing]:
    if not facts.stored:
        yield Missing(
            f"There is no connection {facts.connection!r} yet." if facts.connection else "There is no connection yet.",
            "Make a webservice key in PrestaShop (Advanced Parameters > Webservice), put it and the app secret into "
            "environment variables, and name those.",
            _command(
                f"connection add {_name(facts)} --region REGION --prestashop-url URL --prestashop-key-env VARIABLE "
                "--app-key KEY --app-secret-env VARIABLE --service-id ID"
            ),
        )
        return
    yield from _found(facts, Step.PRESTASHOP)


def _app(facts: SetupFacts) -> Iterable[Missing]:
    change = f"connection change {_name(facts)}"
    where = "They stand with the app in the TikTok Shop Partner Center."
    if not facts.has_app:
        yield Missing(
            "App key and app secret are not known.",
            where,
            _command(f"{change} --app-key KEY --app-secret-env VARIABLE --service-id ID"),
        )
    elif not facts.has_service_id and facts.authorization is AuthorizationState.NONE:
        yield Missing(
            "The service id of the app is not known: there is no consent link without it.",
            where,
            _command(f"{change} --service-id ID"),
        )


def _consent(facts: SetupFacts) -> Iterable[Missing]:
    if facts.authorization is AuthorizationState.AUTHORIZED and not facts.shop:
        yield Missing(
            "No TikTok shop was chosen.",
            "The consent covers several shops; a name that is none of them lists them all.",
            _command(f"connection authorize {_name(facts)} --shop NAME"),
        )
        return
    yield from _found(facts, Step.CONSENT)


def _warehouse(facts: SetupFacts) -> Iterable[Missing]:
    yield from _found(facts, Step.WAREHOUSE)


def _template(facts: SetupFacts) -> Iterable[Missing]:
    command = _command(f"templates import FILE.yaml --connection {_name(facts)}")
    if not facts.default_template:
        yield Missing(
            "There is no default category template, which takes what no other template does.",
            "See: connector templates --help",
            command,
        )
        return
    if not facts.listing_templates:
        yield Missing("No template has a TikTok category: nothing would be listed.", command=command)
    yield from _found(facts, Step.TEMPLATE)


def _configuration(facts: SetupFacts) -> Iterable[Missing]:
    yield from _found(facts, Step.CONFIGURATION)


def _rehearsal(facts: SetupFacts) -> Iterable[Missing]:
    yield from _found(facts, Step.REHEARSAL)
    rehearse = _command(f"run catalog_upload --dry-run --connection {_name(facts)}")
    if not facts.decided:
        yield Missing("No product was looked at yet.", "A dry run sends nothing.", rehearse)
    elif not facts.ready:
        yield Missing(
            f"None of the {facts.decided} products is ready.",
            "Why, and what to do: connector products list --status not_ready",
            rehearse,
        )


def _start(facts: SetupFacts) -> Iterable[Missing]:
    if facts.stopped:
        yield Missing(
            "Nothing runs by itself yet.",
            "Link listings that are on TikTok Shop already before (connector links propose), or they are listed twice.",
            _command(f"connection start {_name(facts)}"),
        )


_JUDGES: Final[Mapping[Step, Callable[[SetupFacts], Iterable[Missing]]]] = {
    Step.PRESTASHOP: _prestashop,
    Step.APP: _app,
    Step.CONSENT: _consent,
    Step.WAREHOUSE: _warehouse,
    Step.TEMPLATE: _template,
    Step.CONFIGURATION: _configuration,
    Step.REHEARSAL: _rehearsal,
    Step.START: _start,
}


# What the steps choose from, and what the rehearsal says


def categories_named(words: str, categories: Iterable[Category]) -> list[Category]:
    """The categories open to this shop that products can be listed in and whose path has every word, by path."""
    wanted = words.casefold().split()
    found = [
        one
        for one in categories
        if one.is_leaf
        and "AVAILABLE" in (one.permission_statuses or ["AVAILABLE"])
        and all(word in one.path.casefold() for word in wanted)
    ]
    return sorted(found, key=lambda one: (one.path.casefold(), one.id)) if wanted else []


@dataclass(frozen=True, slots=True)
class Reason:
    """Why products are not ready: how many, an example's words, and what to do."""

    products: int
    example: str
    fix: str


def reasons(not_ready: Sequence[tuple[str, str, str]], most: int = 5) -> list[Reason]:
    """The most frequent reasons out of (code, cause, fix) of each finding."""
    counts = Counter(code for code, _, _ in not_ready)
    first = {code: (cause, fix) for code, cause, fix in reversed(not_ready)}
    return [Reason(number, *first[code]) for code, number in counts.most_common(most)]
