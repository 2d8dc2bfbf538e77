"""The steps of `connector setup` as a conversation (A8): each asks for what is missing and tries it at once.

What a step does is done by the same functions as by the command that does it without questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import typer

from clients.errors import ConfigurationFault, ReauthorizationNeeded, ShopError
from clients.tiktok.auth import AUTH_URL
from clients.tiktok.transport import API_URL
from config.settings import settings
from console import carriers, settings_commands
from console.errors import Refused, describe
from console.output import say
from console.runs import run_flow, say_failures
from console.secrets_input import secret
from console.setup_command import say_step
from console.setup_template import Templates
from models.connections import AuthorizationState, Connection, find_connection, settings_in_force
from models.database import database
from models.settings import Markup, MarkupKind
from rules.market import UnknownRegion, market
from rules.setup import Setup, SetupFacts, Step, StepState, judge_setup, reasons
from tasks.connection_changes import change_connection, start_connection
from tasks.connections import ConnectionDetails, add_connection
from tasks.consent import authorize_connection, begin_consent, code_of, offer_choice
from tasks.mailing import contact
from tasks.order_mappings import carrier_suggestions
from tasks.setup import sales_warehouses, setup_facts
from tasks.shop_tables import ORDER_TABLES, mirror_small_tables
from tasks.taxonomy import refresh_logistics

# What a merchant looks at before the first upload, and what an empty value means there; `connector settings show` has
# everything.
_SHOWN: Final[Mapping[str, str]] = {
    "products.markup": "",
    "products.currency": "the market's",
    "products.language": "the market's",
    "products.inventory_threshold": "",
    "products.sku_source": "",
    "products.gtin_source": "",
    "products.delete_item": "",
    "orders.carrier_reference": "PrestaShop's default carrier if it is free, else the first free one",
    "orders.imported_state": "as PrestaShop makes it",
    "orders.shipping": "",
    "orders.customer": "",
    "orders.cancel_reason": "a person is asked",
    "orders.failure_email": "nobody is mailed about orders",
}


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line said already: names of environment variables, addresses of other servers."""

    prestashop_key_env: str = ""
    app_secret_env: str = ""
    tiktok_url: str = ""
    auth_url: str = ""


class Guide:
    """Walks a person through the steps of one connection."""

    def __init__(self, name: str, given: Given) -> None:
        self._name = name
        self._given = given
        self._steps: dict[Step, Callable[[StepState], None]] = {
            Step.PRESTASHOP: self._prestashop,
            Step.APP: self._app,
            Step.CONSENT: self._consent,
            Step.WAREHOUSE: self._warehouse,
            Step.TEMPLATE: self._template,
            Step.CONFIGURATION: self._configuration,
            Step.REHEARSAL: self._rehearsal,
            Step.START: self._start,
        }
        self._settings_shown = False
        self._url = ""
        self._region = ""

    def walk(self) -> Setup:
        """Take step after step until nothing is missing.

        It ends before that when the rehearsal says what only a shop can put right, or nobody wants to start yet.
        """
        say(f"Setting up {self._name}. Ctrl-C stops; the same command goes on later.")
        told: set[Step] = set()
        while True:
            judged = judge_setup(self._facts())
            for one in judged.steps:
                if one.state == "done" and one.step not in told:
                    told.add(one.step)
                    say_step(one)
            step = judged.next
            if step is None:
                say("\nEverything is set up. From now on by schedule, where it does not run yet: connector up")
                return judged
            if step.step in (Step.REHEARSAL, Step.START):
                if step.step in told:
                    say_step(step)
                    return judged
                told.add(step.step)
            number = list(Step).index(step.step) + 1
            say(f"\nStep {number} of {len(Step)}. {step.step.words}")
            try:
                self._steps[step.step](step)
            except (ShopError, Refused, UnknownRegion, ValueError, LookupError) as error:
                _tell(error)

    def _facts(self) -> SetupFacts:
        return setup_facts(self._name)

    def _connection(self) -> Connection:
        with database().read() as session:
            return find_connection(session, self._name)

    # PrestaShop

    def _prestashop(self, step: StepState) -> None:
        if not self._facts().stored:
            self._add()
            return
        _say_missing(step)
        if any("prestashop-url" in lack.command for lack in step.missing):
            change_connection(self._name, prestashop_url=self._ask_url(), prestashop_key=self._ask_key())
        else:
            _again()

    def _add(self) -> None:
        say(f"  There is no connection {self._name!r} yet; it is made now.")
        say(
            "  In PrestaShop: Advanced Parameters > Webservice, switch it on and make a key. "
            "The README lists the rights it needs; what is missing is told."
        )
        self._region = self._ask_region()
        while True:
            self._url = self._ask_url()
            details = ConnectionDetails(
                name=self._name,
                region=self._region,
                prestashop_url=self._url,
                prestashop_key=self._ask_key(),
                app_key="",
                app_secret="",
                tiktok_api_url=self._given.tiktok_url or API_URL,
                tiktok_auth_url=self._given.auth_url or self._given.tiktok_url or AUTH_URL,
            )
            try:
                status = add_connection(details)
            except ShopError as error:
                _tell(error)
                continue
            say(f"  PrestaShop {status.version} {status.name!r} answers.")
            return

    def _ask_region(self) -> str:
        while True:
            region = _ask("TikTok Shop market, such as GB, DE or US", self._region).upper()
            try:
                return market(region).region
            except UnknownRegion as error:
                _tell(error)

    def _ask_url(self) -> str:
        known = self._url
        if not known and self._facts().stored:
            known = self._connection().prestashop_url
        return _ask("Address of the shop's front page", known)

    def _ask_key(self) -> str:
        return self._secret("prestashop_key_env", "PrestaShop webservice key")

    def _secret(self, given: str, prompt: str) -> str:
        """From the named environment variable the first time, asked for without echo when that did not do."""
        variable = getattr(self._given, given)
        self._given = Given(**{**_fields(self._given), given: ""})
        return secret(variable, f"  {prompt}" if not variable else prompt).strip()

    # TikTok Shop

    def _app(self, step: StepState) -> None:
        _say_missing(step)
        connection = self._connection()
        change_connection(
            self._name,
            app_key=_ask("App key", connection.app_key),
            app_secret=self._secret("app_secret_env", "TikTok Shop app secret"),
            service_id=_ask("Service id", connection.service_id),
        )

    def _consent(self, step: StepState) -> None:
        connection = self._connection()
        if connection.authorization is AuthorizationState.AUTHORIZED and not connection.shop_id:
            self._choose_shop()
            return
        _say_missing(step)
        link, _ = begin_consent(self._name)
        say(f"\n  Open this link with the seller's account and approve:\n\n    {link}\n")
        if door := settings().door_url:
            say(
                f"  With the redirect {door.rstrip('/')}/tiktok/callback and `connector up` running, "
                "nothing has to be copied: press Enter when the browser says Authorized."
            )
        answer = _ask("Address after the redirect, or the code", "", optional=True)
        if not answer:
            return
        try:
            outcome = authorize_connection(self._name, code_of(self._name, answer))
        except ConfigurationFault as fault:
            if fault.code == "choose-shop":
                self._choose_shop()
                return
            _tell(fault)
            if fault.code == "wrong-region":
                self._region = connection.region
                change_connection(self._name, region=self._ask_region())
        except ReauthorizationNeeded as error:
            _tell(error)
        except ShopError as error:
            _tell(error)
            if typer.confirm("  Enter app key and secret again?", default=True, err=True):
                self._app(StepState(Step.APP, step.state))
        else:
            say(f"  Authorized: {outcome.shop_name} ({outcome.region}).")

    def _choose_shop(self) -> None:
        _, shops = offer_choice(self._name)
        chosen = _choose("Shop", [label for _, label in shops])
        if chosen is not None:
            authorize_connection(self._name, shop=shops[chosen][0])

    def _warehouse(self, step: StepState) -> None:
        _say_missing(step)
        found = sales_warehouses(self._connection().key)
        chosen = _choose("Warehouse", [str(one.get("name") or one["id"]) for one in found]) if found else None
        if chosen is None:
            _again()
        else:
            self._set(f'sales_warehouse_id="{found[chosen]["id"]}"')

    # Template and configuration

    def _template(self, step: StepState) -> None:
        Templates(self._name, self._connection().key).settle(step, choose=_choose, ask=_ask, again=_again)

    def _configuration(self, step: StepState) -> None:
        _say_missing(step)
        if any("carriers map" in lack.command for lack in step.missing):
            self._map_carriers()
        self._agree()

    def _map_carriers(self) -> None:
        """The carriers of parcels, each with the providers whose names are nearest (C11)."""
        connection_id = self._connection().key
        refresh_logistics.fn(connection_id)
        mirror_small_tables.fn(connection_id, ORDER_TABLES)
        for carrier, names in carrier_suggestions(connection_id).items():
            hint = f" ({', '.join(names)})" if names else ""
            prompt = f"Provider of TikTok Shop that {carrier.name} is{hint}; Enter: none"
            while answer := _ask(prompt, "", optional=True):
                try:
                    carriers.map_carrier(str(carrier.reference), answer, connection=self._name)
                except Refused as error:
                    _tell(error)
                else:
                    break

    def _agree(self) -> None:
        """The settings as they are, shown once, and changes to them until there are none."""
        if not self._settings_shown:
            self._settings_shown = True
            self._ask_contact()
            self._show_settings()
        while change := _ask("Change one (name=value), or Enter to go on", "", optional=True):
            try:
                self._set(change)
            except Refused as error:
                _tell(error)

    def _ask_contact(self) -> None:
        """Whom to tell before the consent ends and when runs keep failing (A5), unless that is known."""
        with database().read() as session:
            if contact(session, self._connection()):
                return
        prompt = "E-mail address to warn you at, before the consent ends or when runs keep failing; Enter: none"
        while address := _ask(prompt, "", optional=True):
            if "@" in address and " " not in address:
                change_connection(self._name, contact_email=address)
                if not settings().smtp_host:
                    say("  Mails need a mail server: set CONNECTOR_SMTP_HOST and what belongs to it (README).")
                return
            say("  ! That is not an e-mail address.")

    def _show_settings(self) -> None:
        with database().read() as session:
            _, document = settings_in_force(session, self._connection().key)
        say("\n  Settings (all: connector settings show; as a file: connector settings export, then import)")
        for name, empty in _SHOWN.items():
            part, field = name.split(".")
            say(f"    {name:32}{_value(getattr(getattr(document, part), field), empty)}")

    def _set(self, change: str) -> None:
        settings_commands.set_values([change], connection=self._name)

    def _rehearsal(self, step: StepState) -> None:
        _say_missing(step)
        if not self._settings_shown:
            self._agree()
        say("\n  Working out what an upload would send; nothing is sent …")
        outcome = run_flow("catalog_upload", {"connection": self._name, "dry_run": True})
        ready, not_ready = outcome.counts.get("ready", 0), outcome.not_ready
        say(f"\n  {ready} products ready, {len(not_ready)} not ready.")
        for reason in reasons([(one.code, one.cause, one.fix) for one in not_ready]):
            say(f"    {reason.products} × {reason.example} {reason.fix}")
        if outcome.failures:
            say_failures(outcome.model_copy(update={"not_ready": []}))
        if outcome.plan:
            say(f"  Plan {outcome.plan}. To send it now: connector apply {outcome.plan}")

    def _start(self, step: StepState) -> None:
        _say_missing(step)
        if typer.confirm("  Let it run by itself now?", default=False, err=True):
            start_connection(self._name)


# Asking


def _ask(prompt: str, known: str, *, optional: bool = False) -> str:
    """An answer; Enter takes what is known, or nothing when that may be."""
    if known or optional:
        return str(typer.prompt(f"  {prompt}", default=known, show_default=bool(known), err=True)).strip()
    return str(typer.prompt(f"  {prompt}", err=True)).strip()


def _choose(prompt: str, options: Sequence[str]) -> int | None:
    """The position of the chosen one; None for none of them."""
    for number, option in enumerate(options, 1):
        say(f"    {number:2} {option}")
    numbers = "1" if len(options) == 1 else f"1–{len(options)}"
    answer = _ask(f"{prompt} ({numbers}; Enter: none of them)", "", optional=True)
    return int(answer) - 1 if answer.isdecimal() and 1 <= int(answer) <= len(options) else None


def _again() -> None:
    _ask("Put that right, then press Enter to look again", "", optional=True)


def _tell(error: Exception) -> None:
    described = describe(error)
    if described is None:
        raise error
    say(f"  ! {described[0]}")


def _say_missing(step: StepState) -> None:
    for lack in step.missing:
        say(f"  ! {lack.what} {lack.fix}".rstrip())


def _value(value: object, empty: str) -> str:
    """A setting in words; `empty` is what no value, or 0, stands for."""
    if isinstance(value, Markup):
        return value.kind.value if value.kind is MarkupKind.NONE else f"{value.kind.value} {value.amount}"
    return empty if empty and not value else str(value)


def _fields(given: Given) -> dict[str, str]:
    return {name: getattr(given, name) for name in Given.__slots__}
