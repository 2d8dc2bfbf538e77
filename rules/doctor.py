"""What is wrong with an installation and with both shops of a connection (K19): facts → findings with their fix.

What fails keeps the connector from its work, what warns does not or not always. Facts are those of both shops' APIs as
the clients normalise them, and of this machine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from models.settings import OrderSettings, ProductSettings
from models.taxonomy import ShippingProvider
from models.templates import CarrierMapping, CategoryTemplate
from rules import decision
from rules.market import Market
from rules.order_carrier import choose_carrier
from rules.papers import papers
from rules.shipping_providers import provider_for
from rules.tax import TaxTable

Rows = Mapping[int, Mapping[str, Any]]


class Level(StrEnum):
    """How bad a finding is, the worst last."""

    PASS = "pass"  # noqa: S105  # no password
    WARN = "warn"
    FAIL = "fail"


class Area(StrEnum):
    """Where a check looks, in the order of the list."""

    INSTALLATION = "Installation"
    ACCESS = "PrestaShop: access"
    CATALOGUE = "PrestaShop: money and places"
    ORDERS = "PrestaShop: orders"
    TIKTOK = "TikTok Shop"
    MAPPINGS = "Mappings and templates"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: its stable name, the same whatever it finds.
        fix: what to do about it; "" when it passes.
    """

    area: Area
    check: str
    level: Level
    found: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """Makes the findings of one check."""

    area: Area
    check: str

    def passed(self, found: str) -> Finding:
        """Nothing is wrong."""
        return Finding(self.area, self.check, Level.PASS, found)

    def warn(self, found: str, fix: str) -> Finding:
        """Something may go wrong."""
        return Finding(self.area, self.check, Level.WARN, found, fix)

    def fail(self, found: str, fix: str) -> Finding:
        """The connector cannot do its work."""
        return Finding(self.area, self.check, Level.FAIL, found, fix)


# TikTok Shop refuses requests 30 seconds ahead of its clock and 300 behind it (tiktok-shop-api.md 1.6).
_TOLERATED_SKEW: Final = 30.0
_EXPIRES_SOON: Final = timedelta(days=30)
_DISK_FAIL, _DISK_WARN = 200 * 2**20, 2 * 2**30
_OWN_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_OLDEST, _NEWEST = (1, 7, 8), 9

# Scopes that samples of granted_scopes confirm; the names of others are not certain (tiktok-shop-api.md 0.1, 11.10).
SCOPES: Final = (
    "seller.authorization.info",
    "seller.product.basic",
    "seller.product.write",
    "seller.logistics.basic",
    "seller.order.info",
    "seller.fulfillment.basic",
)
UNCERTAIN_SCOPES: Final = ("seller.product.delete", "seller.fulfillment.package.write", "seller.return_refund.basic")

# What the connector fills in of itself, with a stand-in where a buyer gave nothing (rules.addresses, rules.buyers).
FILLED: Final[Mapping[str, frozenset[str]]] = {
    "addresses": frozenset(
        {
            "id_customer", "id_country", "id_state", "alias", "lastname", "firstname", "address1", "city", "address2",
            "company", "dni", "phone", "phone_mobile", "postcode", "vat_number",
        }
    ),
    "customers": frozenset(
        {
            "id_default_group", "id_lang", "lastname", "firstname", "email", "passwd", "active", "is_guest",
            "newsletter", "optin", "company", "website", "siret", "ape", "birthday", "note",
        }
    ),
}  # fmt: skip


def _listed(names: Iterable[str], most: int = 8) -> str:
    """Some names, and how many more there are."""
    all_names = list(names)
    more = f" and {len(all_names) - most} more" if len(all_names) > most else ""
    return ", ".join(all_names[:most]) + more


# The installation


def judge_database(*, reached: bool, revision: str, newest: str, kind: str) -> Finding:
    """Whether our tables are there and in the newest form; `kind` is "SQLite" or "PostgreSQL"."""
    check = Check(Area.INSTALLATION, "database")
    if not reached:
        return check.fail(
            f"The {kind} database cannot be reached.",
            "Check CONNECTOR_DATABASE_URL (or CONNECTOR_HOME), and that the server runs and the file may be written.",
        )
    if revision != newest:
        return check.fail(
            f"The tables are in form {revision or 'none'}, this version needs {newest}.", "Run: connector db upgrade"
        )
    return check.passed(f"{kind}, tables in form {revision}")


def judge_secret_key(*, present: bool, fault: str, needed: bool) -> Finding:
    """Whether stored credentials can be decrypted; `fault` is the secret box's own sentence, "" for none."""
    check = Check(Area.INSTALLATION, "secret key")
    if fault:
        return check.fail(fault, "Restore the key that the credentials were encrypted with (CONNECTOR_SECRET_KEY).")
    if not present and needed:
        return check.fail(
            "The key that the stored credentials were encrypted with is gone.",
            "Restore secret.key in the home folder, or set CONNECTOR_SECRET_KEY.",
        )
    return check.passed("decrypts the stored credentials" if needed else "nothing is encrypted yet")


def judge_key_file(mode: int | None, path: str) -> Finding:
    """The rights of the key file; None when the key comes from the environment or there is none."""
    check = Check(Area.INSTALLATION, "key file")
    if mode is None:
        return check.passed("not used")
    if mode & 0o077:
        return check.fail(f"The key file can be read by others (rights {mode:04o}).", f"Run: chmod 600 {path}")
    return check.passed(f"rights {mode:04o}")


def judge_disk(free: int) -> Finding:
    """Free bytes where the database and Prefect's files are."""
    check, text = Check(Area.INSTALLATION, "disk"), f"{free / 2**30:.1f} GB free in the home folder"
    if free < _DISK_FAIL:
        return check.fail(f"Only {free // 2**20} MB are free in the home folder.", "Make room on this disk now.")
    if free < _DISK_WARN:
        return check.warn(f"{text}.", "Make room on this disk, or shorten how long history is kept.")
    return check.passed(text)


def judge_prefect(*, url: str, reached: bool) -> Finding:
    """The Prefect server; `url` is "" when none is set and none was started here."""
    check = Check(Area.INSTALLATION, "Prefect server")
    if not url:
        return check.warn("No Prefect server runs: nothing happens on schedule.", "Start it with: connector up")
    if not reached:
        return check.fail(
            "The Prefect server does not answer.", "Start it, or correct PREFECT_API_URL (it ends with /api)."
        )
    return check.passed("answers")


def judge_mail(*, configured: bool, wanted: bool, cause: str = "", fix: str = "") -> Finding:
    """The mail server; `cause` is why the login failed, `wanted` whether any connection wants mails."""
    check = Check(Area.INSTALLATION, "mail")
    if cause:
        return check.fail(cause, fix)
    if configured:
        return check.passed("the mail server takes our login (no mail was sent)")
    if wanted:
        return check.fail(
            "orders.failure_email is set, but there is no mail server.",
            "Set CONNECTOR_SMTP_HOST and the other CONNECTOR_SMTP_ variables.",
        )
    return check.passed("no mail server is set, and nobody wants mails")


def judge_answer(area: Area, check: str, cause: str, fix: str) -> Finding:
    """A check that ended with an error of its shop is a finding of its own."""
    return Check(area, check).fail(cause, fix)


def not_looked(area: Area, check: str, because: str) -> Finding:
    """What could not be looked at for a reason that another finding tells."""
    return Check(area, check).warn(f"Not looked at: {because}", "Put that right, then run the doctor again.")


# PrestaShop: access


def judge_address(url: str) -> Finding:
    """Whether the key travels encrypted."""
    check, parts = Check(Area.ACCESS, "address"), urlsplit(url)
    if parts.scheme == "https":
        return check.passed(f"{url}, encrypted; its certificate is checked with every request")
    if parts.hostname in _OWN_MACHINE:
        return check.passed(f"{url}, not encrypted but on this machine")
    return check.fail(
        f"{url} is not encrypted: the webservice key can be read on its way.",
        "Switch on SSL in the shop, then change the connection's address to https://.",
    )


def judge_domain(url: str, domain: str) -> Finding:
    """Whether the address is the shop's main one; others are redirected and lose the key (sheet 1.1)."""
    check, host = Check(Area.ACCESS, "main address"), urlsplit(url).netloc
    if not domain:
        return check.warn("The shop's own address is not readable.", "Tick GET for shops and shop_urls of the key.")
    if domain.casefold() != host.casefold():
        return check.warn(f"The shop calls itself {domain}, the connection uses {host}.", f"Use {domain} instead.")
    return check.passed(domain)


def judge_version(version: str, *, patch: bool) -> Finding:
    """Whether this PrestaShop is one the connector was made for."""
    check = Check(Area.ACCESS, "version")
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    if not numbers:
        return check.warn("PrestaShop does not tell its version.", "Let the header PSWS-Version through to us.")
    if numbers < _OLDEST:
        return check.fail(f"PrestaShop {version} is too old.", "Update PrestaShop to 1.7.8 or later.")
    if numbers[0] > _NEWEST:
        return check.warn(f"PrestaShop {version} is newer than this connector knows.", "Look for a newer connector.")
    if numbers[0] >= 8 and not patch:
        return check.warn(
            f"PrestaShop {version}, but the key may not change single fields.",
            "Tick PATCH for stock_availables, orders, order_carriers and order_payments of the key.",
        )
    return check.passed(f"PrestaShop {version}")


def judge_rights(missing: Collection[str]) -> Finding:
    """What the key lacks, as "METHOD resource"."""
    check = Check(Area.ACCESS, "rights of the key")
    if missing:
        return check.fail(
            f"The webservice key lacks: {_listed(missing, 20)}.",
            "Tick them for the key in Advanced Parameters > Webservice of the back office.",
        )
    return check.passed("all that are needed")


def judge_excess(rights: Mapping[str, Collection[str]], needed: Mapping[str, str]) -> Finding:
    """Rights to change what the connector never changes: a key that is lost should open little."""
    check, excess = Check(Area.ACCESS, "rights beyond need"), []
    for resource, methods in sorted(rights.items()):
        wanted = set(needed.get(resource, "").split())
        # Of these two one stands in for the other.
        wanted |= {"PUT", "PATCH"} if wanted & {"PUT", "PATCH"} else set()
        excess += [f"{method} {resource}" for method in sorted(_WRITES & set(methods) - wanted)]
    deletes = [one for one in excess if one.startswith("DELETE")]
    if excess:
        worst = ", ".join(sorted(deletes, key=lambda one: one.split()[1] not in needed)[:6] or excess[:6])
        return check.warn(
            f"The key may do {len(excess)} things the connector never does, among them {worst}.",
            "Untick them for the key, DELETE everywhere first: a lost key then does less harm.",
        )
    return check.passed("none")


def judge_clock(area: Area, skew: float | None, whose: str) -> Finding:
    """A shop's clock minus ours in seconds; None when it does not say."""
    check = Check(area, "clock")
    if skew is None:
        return check.warn(f"{whose} does not tell its time.", "Compare the clocks by hand; use NTP on this machine.")
    if abs(skew) > _TOLERATED_SKEW:
        return check.fail(
            f"The clocks of {whose} and of this machine differ by {abs(skew):.0f} seconds.",
            "Synchronise this machine (and your shop's server) with a time server (NTP).",
        )
    return check.passed(f"{skew:+.0f} s to ours")


def judge_time_zone(present: str, stored: str, connection: str) -> Finding:
    """The shop's time zone, and the one its times are read in."""
    check = Check(Area.ACCESS, "time zone")
    if not present:
        return check.warn("The shop's time zone is not readable.", "Tick GET for configurations of the key.")
    if stored and stored != present:
        return check.fail(
            f"The shop's time zone is {present} now; its times are read as {stored}.",
            f"Run: connector connection check {connection}",
        )
    return check.passed(present)


def judge_shop(
    shop_id: int, active: Mapping[int, bool], groups: Sequence[Mapping[str, Any]], siblings: int
) -> list[Finding]:
    """The shop of a multistore, and whether it shares its stock.

    Args:
        active: whether each shop of the installation is active; empty when not readable.
        groups: the shop's group, if it is readable.
        siblings: other active shops of that group.
    """
    chosen = Check(Area.ACCESS, "shop")
    stock = Check(Area.ACCESS, "stock sharing")
    found = []
    if active and not active.get(shop_id, False):
        found.append(chosen.fail(f"Shop {shop_id} is switched off or gone.", "Choose another: products.shop_id (B9)."))
    else:
        found.append(chosen.passed(f"shop {shop_id}"))
    if not groups:
        found.append(
            stock.warn("Whether stock is shared is not readable.", "Tick GET for shops and shop_groups of the key.")
        )
    elif groups[0].get("share_stock") and siblings:
        found.append(
            stock.warn(
                f"The shop shares its stock with {siblings} other shops.",
                "Nothing, if that is meant: what they sell lowers what is offered on TikTok Shop.",
            )
        )
    else:
        found.append(stock.passed("stock of its own"))
    return found


# PrestaShop: money and places


def judge_currency(currencies: Rows, code: str, default: int) -> Finding:
    """The market's currency has to be active: prices and orders are in it."""
    check = Check(Area.CATALOGUE, "currency")
    for key, row in currencies.items():
        if row["iso_code"] != code or not row.get("active") or row.get("deleted"):
            continue
        rate = Decimal(str(row.get("conversion_rate") or 0))
        if rate <= 0:
            return check.fail(f"{code} has no exchange rate.", "Set it in International > Localization > Currencies.")
        if key != default and rate == 1:
            return check.warn(
                f"{code} has the exchange rate 1, as before it was ever set.",
                "Update exchange rates in International > Localization > Currencies.",
            )
        return check.passed(f"{code}, rate {rate.normalize():f}")
    return check.fail(
        f"PrestaShop has no active currency {code}, which this market sells in.",
        "Add it in International > Localization > Currencies.",
    )


def judge_language(languages: Rows, wanted: str, *, chosen: bool) -> Finding:
    """The language listings are written in; `chosen`: by setting B5, not by the market."""
    check = Check(Area.CATALOGUE, "language")
    codes = {
        code.lower()
        for row in languages.values()
        if row.get("active")
        for code in (str(row["iso_code"]), str(row.get("locale") or "")[:2])
    }
    if wanted in codes:
        return check.passed(wanted)
    text = f"PrestaShop has no active language {wanted!r}; it has {_listed(sorted(codes))}."
    if chosen:
        return check.fail(text, "Correct products.language (B5), or add the language in PrestaShop.")
    return check.warn(
        text, "Texts go out in the shop's own language. Add the market's, or choose one in products.language (B5)."
    )


def judge_country(countries: Rows, states: Rows, zones: Rows | None, code: str) -> Finding:
    """PrestaShop makes no order for a country that is switched off (4.1)."""
    check = Check(Area.CATALOGUE, "country")
    for key, row in countries.items():
        if row["iso_code"] != code:
            continue
        if not row.get("active"):
            return check.fail(
                f"The country {code} is switched off: its orders cannot be made.",
                "Switch it on in International > Locations > Countries.",
            )
        zone = (zones or {}).get(int(row.get("id_zone") or 0))
        if zone is not None and not zone.get("active"):
            return check.fail(
                f"The zone of the country {code} is switched off: no carrier delivers there.",
                "Switch it on in International > Locations > Zones.",
            )
        if row.get("contains_states") and not any(
            state.get("active") and int(state["id_country"]) == key for state in states.values()
        ):
            return check.fail(
                f"The country {code} asks for a state and has none.",
                "Import its localization pack, or untick “Contains states” of the country.",
            )
        return check.passed(code)
    return check.fail(f"PrestaShop does not know the country {code}.", "Import its localization pack.")


def judge_taxes(
    table: TaxTable, group_names: Mapping[int, str], id_country: int, code: str, *, tax_on: bool, included: bool
) -> Finding:
    """Whether the active tax rule groups have a rate for the country; `included`: the market's prices hold the tax."""
    check = Check(Area.CATALOGUE, "tax rules")
    if not included:
        return check.passed(f"prices for {code} are without tax")
    if not tax_on:
        return check.fail(
            "PrestaShop's taxes are switched off: prices would go out without VAT.",
            "Switch them on in International > Taxes.",
        )
    covered = {
        group for group in table.active_groups if any(r.id_country == id_country for r in table.rules.get(group, ()))
    }
    without = sorted(table.active_groups - covered)
    names = _listed(group_names.get(group) or str(group) for group in without)
    if not covered:
        return check.fail(
            f"No tax rule has a rate for {code}: prices would go out without VAT.",
            "Add the country's rates in International > Taxes > Tax Rules.",
        )
    if without:
        return check.warn(
            f"Without a rate for {code}: {names}. Products with them are sold without VAT.",
            "Add the country to them in International > Taxes > Tax Rules, if products for this market use them.",
        )
    return check.passed(f"{len(covered)} groups have a rate for {code}")


def judge_rounding(round_type: int, round_mode: int) -> Finding:
    """Totals are exact where lines are rounded half up; elsewhere a cent may be left over (4.3)."""
    check = Check(Area.CATALOGUE, "rounding")
    kinds = {1: "each piece", 2: "each line", 3: "the total"}
    if round_type not in kinds:
        return check.warn("PrestaShop's way of rounding is not readable.", "Tick GET for configurations of the key.")
    if round_type == 1:
        return check.warn(
            "PrestaShop rounds each piece: totals of several pieces may be a cent off.",
            "Set Shop Parameters > General > Round type to “Round on each line”, or keep the fee product, which takes "
            "the cent.",
        )
    if round_mode != 2:
        return check.warn(
            "PrestaShop does not round half up: totals may be a cent off.",
            "Set Shop Parameters > General > Round mode to “Round up away from zero, when it is half way there”.",
        )
    return check.passed(f"{kinds[round_type]}, half up")


def judge_stock_management(*, on: bool) -> Finding:
    """Without it PrestaShop's quantities mean nothing."""
    check = Check(Area.CATALOGUE, "stock management")
    if on:
        return check.passed("on")
    return check.fail(
        "PrestaShop does not count stock: what is offered on TikTok Shop would not follow from it.",
        "Switch on stock management in Shop Parameters > Product Settings.",
    )


# PrestaShop: orders


def judge_carrier(
    carriers: Rows, deliveries: Sequence[Mapping[str, Any]] | None, id_zone: int, default: int, orders: OrderSettings
) -> Finding:
    """The carrier that orders are made with; `deliveries` are shipping prices, None when not readable."""
    check = Check(Area.ORDERS, "carrier")
    chosen = choose_carrier(carriers, default=default, reference=orders.carrier_reference)
    if isinstance(chosen, decision.Finding):
        return check.fail(chosen.text, chosen.fix)
    row = carriers[chosen.value]
    name = row["name"]
    if row.get("is_module") and not row.get("need_range"):
        return check.fail(
            f"The carrier {name} belongs to a module and never applies to orders of the webservice.",
            "Choose another one in orders.carrier_reference (C2).",
        )
    if row.get("is_free"):
        return check.passed(f"{name}, free")
    if deliveries is not None and not any(
        int(one["id_carrier"]) == chosen.value and int(one["id_zone"]) == id_zone for one in deliveries
    ):
        return check.fail(
            f"The carrier {name} has no shipping price for the market's zone.",
            "Give it a range for that zone in Shipping > Carriers, or choose a free carrier (C2).",
        )
    return check.warn(
        f"The carrier {name} is not free: its price comes on top of the order's total.",
        "Choose a carrier that is free, in orders.carrier_reference (C2).",
    )


def judge_cart_rules(rules: Sequence[Mapping[str, Any]], now: datetime, *, free_carrier: bool) -> Finding:
    """Rules that come by themselves change the totals of orders: the webservice cannot keep them away (2.11)."""
    check = Check(Area.ORDERS, "cart rules")
    sure: list[str] = []
    maybe: list[str] = []
    for rule in rules:
        if not _comes_by_itself(rule, now, free_carrier=free_carrier):
            continue
        restricted = Decimal(str(rule.get("minimum_amount") or 0)) > 0 or any(
            rule.get(f"{name}_restriction") for name in ("country", "carrier", "group", "product", "shop")
        )
        (maybe if restricted else sure).append(str(rule["id"]))
    if sure:
        return check.fail(
            f"Cart rules without a code change the total of every order: {_listed(sure)}.",
            "Give them a code, or restrict them to customer groups without TikTok's buyers (Catalog > Discounts).",
        )
    if maybe:
        return check.warn(
            f"Cart rules without a code may change the totals of some orders: {_listed(maybe)}.",
            "Look at their conditions (Catalog > Discounts); orders they change are parked.",
        )
    return check.passed("none that comes by itself")


def _comes_by_itself(rule: Mapping[str, Any], now: datetime, *, free_carrier: bool) -> bool:
    if not rule.get("active") or rule.get("code") or rule.get("id_customer") or int(rule.get("quantity") or 0) < 1:
        return False
    begins, ends = rule.get("date_from"), rule.get("date_to")
    if (isinstance(begins, datetime) and begins > now) or (isinstance(ends, datetime) and ends < now):
        return False
    money = any(Decimal(str(rule.get(name) or 0)) > 0 for name in ("reduction_percent", "reduction_amount"))
    return money or bool(rule.get("gift_product")) or (bool(rule.get("free_shipping")) and not free_carrier)


def judge_guests(*, enabled: bool, orders: OrderSettings) -> Finding:
    """Without guest checkout PrestaShop refuses guest customers (2.9)."""
    check = Check(Area.ORDERS, "guest checkout")
    if orders.customer == "technical":
        return check.passed("not needed: one technical customer for all orders")
    if enabled:
        return check.passed("on")
    return check.fail(
        "Guest checkout is switched off: PrestaShop refuses the buyers of TikTok Shop as customers.",
        "Switch it on in Shop Parameters > Order Settings, or set orders.customer to technical.",
    )


def judge_required_fields(required: Mapping[str, Collection[str]]) -> Finding:
    """Fields the merchant made obligatory that the connector has nothing for, by resource."""
    check = Check(Area.ORDERS, "required fields")
    unknown = [
        f"{name} of {resource}"
        for resource, names in sorted(required.items())
        for name in sorted(set(names) - FILLED.get(resource, frozenset()))
    ]
    if unknown:
        return check.fail(
            f"PrestaShop requires what TikTok Shop does not tell: {_listed(unknown)}.",
            "Untick them under Set required fields (Customers > Customers and > Addresses).",
        )
    return check.passed("all can be filled")


def judge_states(states: Rows, wanted: Mapping[str, int]) -> Finding:
    """The statuses that orders are made in, by the name of their setting."""
    check = Check(Area.ORDERS, "order statuses")
    gone = [f"{name} ({key})" for name, key in wanted.items() if key not in states or states[key].get("deleted")]
    if gone:
        return check.fail(
            f"Order statuses that PrestaShop needs are gone: {', '.join(gone)}.",
            "Choose existing ones in Shop Parameters > Order Settings > Statuses, and in orders.imported_state (C7).",
        )
    return check.passed("all there")


def judge_fee_product(found: Sequence[Mapping[str, Any]], orders: OrderSettings) -> Finding:
    """The hidden product that stands for shipping and fees (K6)."""
    check = Check(Area.ORDERS, "fee product")
    if not orders.fee_product:
        return check.passed("not used")
    if any(row.get("reference") == orders.fee_product for row in found):
        return check.passed(orders.fee_product)
    text = f"There is no product with the reference {orders.fee_product} for what buyers pay for shipping."
    fix = "Make a hidden virtual product with this reference, or set orders.shipping to not_booked."
    return check.fail(text, fix) if orders.shipping == "product" else check.warn(text, fix)


def judge_unseen(orders: OrderSettings, *, imported: bool) -> Finding:
    """What the webservice does not tell; `imported`: orders were made already, which proves most of it."""
    check = Check(Area.ORDERS, "not visible")
    if imported:
        return check.passed("orders were made already: payment module and carrier work")
    return check.warn(
        f"Cannot be seen over the webservice: whether the payment module {orders.payment_module} is installed and "
        "active, and which zones and customer groups the carrier serves.",
        "Look at Modules > Module Manager, and at Shipping > Carriers: the carrier serves the market's zone and the "
        "group of guests.",
    )


def judge_shop_open(*, enabled: bool) -> Finding:
    """Maintenance mode: the webservice goes on, pictures and pages for visitors do not."""
    check = Check(Area.ACCESS, "maintenance")
    if enabled:
        return check.passed("off")
    return check.warn(
        "The shop is in maintenance mode.", "Switch it off in Shop Parameters > General > Maintenance when it is over."
    )


# TikTok Shop


def judge_authorization(expires: datetime | None, now: datetime, connection: str) -> Finding:
    """How long the merchant's consent still lasts."""
    check, fix = Check(Area.TIKTOK, "authorization"), f"Run: connector connection authorize {connection}"
    if expires is None:
        return check.fail("TikTok Shop was never authorized.", fix)
    if expires <= now:
        return check.fail(f"The authorization ran out on {expires:%Y-%m-%d}.", fix)
    if expires - now < _EXPIRES_SOON:
        return check.warn(f"The authorization runs out on {expires:%Y-%m-%d}.", fix)
    return check.passed(f"until {expires:%Y-%m-%d}")


def judge_covered(shop_id: str, covered: Collection[str], connection: str) -> Finding:
    """Whether the consent still covers the chosen shop."""
    check = Check(Area.TIKTOK, "shop")
    if shop_id and shop_id in covered:
        return check.passed("covered by the authorization")
    return check.fail(
        "The authorization does not cover the shop of this connection." if shop_id else "No shop was chosen.",
        f"Authorize it again: connector connection authorize {connection}",
    )


def judge_scopes(granted: Collection[str], connection: str) -> Finding:
    """What the merchant allowed the app to do."""
    check = Check(Area.TIKTOK, "scopes")
    fix = f"Add them to the app in Partner Center, then: connector connection authorize {connection}"
    if not granted:
        return check.warn("TikTok Shop did not tell which scopes were granted.", "Nothing; errors would tell.")
    missing = [scope for scope in SCOPES if scope not in granted]
    if missing:
        return check.fail(f"Scopes are missing: {', '.join(missing)}.", fix)
    doubtful = [scope for scope in UNCERTAIN_SCOPES if scope not in granted]
    if doubtful:
        return check.warn(f"Scopes that are probably needed are missing: {', '.join(doubtful)}.", fix)
    return check.passed(f"all {len(SCOPES) + len(UNCERTAIN_SCOPES)} that are needed")


def judge_prerequisites(checks: Sequence[Mapping[str, Any]]) -> Finding:
    """What TikTok Shop still wants from the seller before it takes listings (P9)."""
    check = Check(Area.TIKTOK, "prerequisites")
    failed = [
        f"{one.get('check_item', '')}: {'; '.join(map(str, one.get('fail_reasons') or ['no reason given']))}"
        for one in checks
        if one.get("is_failed")
    ]
    if failed:
        return check.fail(
            f"TikTok Shop does not take listings yet. {_listed(failed)}.", "Finish these steps in Seller Center."
        )
    return check.passed(f"{len(checks)} of {len(checks)} met")


def judge_warehouse(warehouses: Sequence[Mapping[str, Any]], chosen: str) -> tuple[Finding, str]:
    """The sales warehouse that stock goes to (A4), and its id ("" when there is none)."""
    check = Check(Area.TIKTOK, "warehouse")
    sales = [one for one in warehouses if one.get("type") == "SALES_WAREHOUSE"]
    usable = [one for one in sales if one.get("effect_status") == "ENABLED"]
    if chosen:
        known = {str(one["id"]): one for one in sales}
        if chosen not in known:
            fix = f"Choose one of {_listed(str(one['id']) for one in usable)} in sales_warehouse_id (A4)."
            return check.fail(f"TikTok Shop has no sales warehouse {chosen}.", fix), ""
        if known[chosen] not in usable:
            state = known[chosen].get("effect_status", "")
            return check.fail(f"The chosen warehouse is {state}.", "Open it in Seller Center, or choose another."), ""
        return check.passed(f"{known[chosen].get('name', '')}, chosen"), chosen
    if not usable:
        return check.fail("TikTok Shop has no open sales warehouse.", "Set one up in Seller Center."), ""
    best = min(usable, key=lambda one: not one.get("is_default"))
    if not best.get("is_default") or len(usable) > 1:
        text = f"Stock goes to {best.get('name', '')}, one of {len(usable)} warehouses, because none was chosen."
        return check.warn(text, "Choose one in sales_warehouse_id (A4)."), str(best["id"])
    return check.passed(f"{best.get('name', '')}, the default one"), str(best["id"])


# Mappings and templates


def judge_carriers_mapped(
    carriers: Mapping[int, str],
    options: Sequence[Mapping[str, Any]],
    providers: Sequence[ShippingProvider],
    mappings: Sequence[CarrierMapping],
) -> Finding:
    """Whether parcels can be reported: each option that the seller ships needs a mapped carrier (C11).

    Args:
        carriers: names of PrestaShop's active carriers by id_reference.
        options: delivery options of the warehouse.
        providers: of all of them.
    """
    check = Check(Area.MAPPINGS, "carriers")
    fix = "Map them: connector carriers list"
    shipped = [one for one in options if one.get("type") == "SEND_BY_SELLER"]
    unmapped: set[str] = set()
    for option in shipped:
        decisions = {
            name: provider_for(key, mappings, providers, carrier_name=name, delivery_option_id=str(option["id"]))
            for key, name in carriers.items()
        }
        open_ones = {name for name, found in decisions.items() if isinstance(found, decision.Finding)}
        if len(open_ones) == len(carriers):
            return check.fail(
                f"No carrier of PrestaShop is mapped to a provider of the delivery option {option.get('name', '')}: "
                "its parcels cannot be reported.",
                fix,
            )
        unmapped |= open_ones
    if unmapped:
        return check.warn(f"Not mapped, their parcels would be parked: {_listed(sorted(unmapped))}.", fix)
    return check.passed("all are mapped" if shipped else "not needed: TikTok ships everything")


def judge_templates(
    templates: Sequence[CategoryTemplate],
    tree: Mapping[str, Mapping[str, Any]],
    rules: Mapping[str, Mapping[str, Any]],
    attributes: Mapping[str, Sequence[Mapping[str, Any]]],
    mapped: Mapping[int, Collection[str]],
) -> list[Finding]:
    """Each template against the category's rules of today (F5–F9).

    Args:
        tree: the market's categories by id.
        rules, attributes: of the templates' categories, by category id.
        mapped: ids of the attributes that each template feeds, by its id.
    """
    check = Check(Area.MAPPINGS, "templates")
    findings = []
    for template in templates:
        faults = _template_faults(template, tree, rules, attributes, mapped.get(template.id or 0, ()))
        if faults:
            findings.append(
                check.fail(
                    f"Template {template.name}: {' '.join(faults)}",
                    f"Correct it: connector templates show {template.name!r}; then connector run taxonomy_refresh",
                )
            )
    if findings:
        return findings
    if not templates:
        return [check.warn("There is no category template: nothing is listed.", "Make one: connector templates")]
    return [check.passed(f"{len(templates)} fit today's category rules")]


def _template_faults(
    template: CategoryTemplate,
    tree: Mapping[str, Mapping[str, Any]],
    rules: Mapping[str, Mapping[str, Any]],
    attributes: Mapping[str, Sequence[Mapping[str, Any]]],
    mapped: Collection[str],
) -> list[str]:
    if not template.category_id:
        return [] if template.is_default else ["No category is chosen."]
    category = tree.get(template.category_id)
    if category is None:
        return [f"The category {template.category_id} is gone."]
    if not category.get("is_leaf"):
        return [f"The category {template.category_id} has sub-categories now and takes no products."]
    statuses = category.get("permission_statuses") or ["AVAILABLE"]
    if "AVAILABLE" not in statuses:
        return [f"The category {template.category_id} is not open to this shop ({', '.join(statuses)})."]
    known = attributes.get(template.category_id, ())
    faults = [
        f"The required attribute {one.get('name', '')} is not mapped."
        for one in known
        if one.get("is_required") and one.get("type") != "SALES_PROPERTY" and one["id"] not in mapped
    ]
    asked = papers(template, rules.get(template.category_id, {}), {}, template.category_id)
    # Files are uploaded with the next run.
    return faults + [one.text for one in asked.findings if one.code != "file_not_uploaded"]


def language_wanted(products: ProductSettings, market: Market) -> str:
    """ISO code of the language listings are written in (B5)."""
    return products.language or market.language
