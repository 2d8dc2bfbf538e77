"""What is wrong with a connection's PrestaShop (K19): access, money and places, orders."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from models.settings import OrderSettings, ProductSettings
from rules import decision
from rules.doctor import Area, Check, Finding, listed
from rules.market import Market
from rules.order_carrier import choose_carrier
from rules.tax import TaxTable

Rows = Mapping[int, Mapping[str, Any]]

_OWN_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_OLDEST, _NEWEST = (1, 7, 8), 9

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


# Access


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
            f"The webservice key lacks: {listed(missing, 20)}.",
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


# Money and places


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


def language_wanted(products: ProductSettings, market: Market) -> str:
    """ISO code of the language listings are written in (B5)."""
    return products.language or market.language


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
    text = f"PrestaShop has no active language {wanted!r}; it has {listed(sorted(codes))}."
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
    names = listed(group_names.get(group) or str(group) for group in without)
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


# Orders


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
            f"Cart rules without a code change the total of every order: {listed(sure)}.",
            "Give them a code, or restrict them to customer groups without TikTok's buyers (Catalog > Discounts).",
        )
    if maybe:
        return check.warn(
            f"Cart rules without a code may change the totals of some orders: {listed(maybe)}.",
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
            f"PrestaShop requires what TikTok Shop does not tell: {listed(unknown)}.",
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
