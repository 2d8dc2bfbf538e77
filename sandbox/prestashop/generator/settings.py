"""What a fresh PrestaShop has before its first product: money, taxes, places, groups, carriers, states, settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.prestashop.generator.places import ITALIAN_PROVINCES, SPANISH_PROVINCES
from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Row

# id, iso, zone, calling code, states, dni, zip format, name in English; ids are those of PrestaShop's own data.
_COUNTRIES = """
1 DE 1 49 0 0 NNNNN Germany|2 AT 1 43 0 0 NNNN Austria|3 BE 1 32 0 0 NNNN Belgium|4 CA 2 1 1 0 LNL_NLN Canada
5 CN 3 86 0 0 NNNNNN China|6 ES 1 34 0 1 NNNNN Spain|7 FI 1 358 0 0 NNNNN Finland|8 FR 1 33 0 0 NNNNN France
9 GR 1 30 0 0 NNNNN Greece|10 IT 1 39 1 0 NNNNN Italy|11 JP 3 81 1 0 NNN-NNNN Japan|12 LU 1 352 0 0 NNNN Luxembourg
13 NL 1 31 0 0 NNNN_LL Netherlands|14 PL 1 48 0 0 NN-NNN Poland|15 PT 1 351 0 0 NNNN-NNN Portugal
16 CZ 1 420 0 0 NNN_NN Czechia|17 GB 7 44 0 0 - United_Kingdom|18 SE 1 46 0 0 NNN_NN Sweden
19 CH 7 41 0 0 NNNN Switzerland|20 DK 1 45 0 0 NNNN Denmark|21 US 2 1 1 0 NNNNN United_States|26 IE 1 353 0 0 - Ireland
"""
_ZONES = (
    "Europe",
    "North America",
    "Asia",
    "Africa",
    "Oceania",
    "South America",
    "Europe (non-EU)",
    "Central America/Antilla",
)
_US_STATES = [
    "AL",
    "AK",
    "AZ",
    "AR",
    "CA",
    "CO",
    "CT",
    "DE",
    "FL",
    "GA",
    "HI",
    "ID",
    "IL",
    "IN",
    "IA",
    "KS",
    "KY",
    "LA",
    "ME",
    "MD",
    "MA",
    "MI",
    "MN",
    "MS",
    "MO",
    "MT",
    "NE",
    "NV",
    "NH",
    "NJ",
    "NM",
    "NY",
    "NC",
    "ND",
    "OH",
    "OK",
    "OR",
    "PA",
    "RI",
    "SC",
    "SD",
    "TN",
    "TX",
    "UT",
    "VT",
    "VA",
    "WA",
    "WV",
    "WI",
    "WY",
    # Not states, but what PrestaShop brings along as such.
    "PR",
    "VI",
    "DC",
]
_EUROPE, _NORTH_AMERICA = 1, 2
_ARMY = ["AA", "AE", "AP"]

# Standard, reduced and zero rate of each country that has VAT.
VAT: dict[str, tuple[str, str, str]] = {
    "GB": ("20.000", "5.000", "0.000"),
    "FR": ("20.000", "5.500", "0.000"),
    "DE": ("19.000", "7.000", "0.000"),
    "ES": ("21.000", "10.000", "0.000"),
    "IT": ("22.000", "10.000", "0.000"),
    "IE": ("23.000", "13.500", "0.000"),
    "NL": ("21.000", "9.000", "0.000"),
    "PL": ("23.000", "8.000", "0.000"),
}
STANDARD, REDUCED, ZERO = 1, 2, 3

# unremovable delivery hidden send_email invoice logable shipped paid pdf_invoice, colour, template, name, module
_ORDER_STATES = """
1|1 0 0 1 0 0 0 0 0|#34209E|cheque|Awaiting check payment|ps_checkpayment
2|1 0 0 1 1 1 0 1 1|#3498D8|payment|Payment accepted|
3|1 1 0 1 1 1 0 1 0|#3498D8|preparation|Processing in progress|
4|1 1 0 1 1 1 1 1 0|#01B887|shipped|Shipped|
5|1 1 0 0 1 1 1 1 0|#01B887||Delivered|
6|1 0 0 1 0 0 0 0 0|#2C3E50|order_canceled|Canceled|
7|1 0 0 1 1 0 0 0 0|#01B887|refund|Refunded|
8|1 0 0 1 0 0 0 0 0|#E74C3C|payment_error|Payment error|
9|1 0 0 1 1 0 0 1 0|#3498D8|outofstock|On backorder (paid)|
10|1 0 0 1 0 0 0 0 0|#34209E|bankwire|Awaiting bank wire payment|ps_wirepayment
11|1 0 0 1 1 1 0 1 1|#3498D8|payment|Remote payment accepted|
12|1 0 0 1 0 0 0 0 0|#34209E|outofstock|On backorder (not paid)|
13|1 0 0 0 0 0 0 0 0|#34209E|cashondelivery|Awaiting Cash On Delivery validation|ps_cashondelivery
"""
# Beside the shop's own country.
_SOLD_TO = ("FR", "DE", "ES", "IT", "IE", "GB", "NL", "PL", "US")
_IMAGE_TYPES = """
cart_default 125 125|small_default 98 98|medium_default 452 452|home_default 250 250|large_default 800 800
category_default 141 180|stores_default 170 115
"""


@dataclass(frozen=True, slots=True)
class Currency:
    iso: str
    number: str
    name: str
    symbol: str
    rate: str
    precision: int = 2


CURRENCIES = (
    Currency("EUR", "978", "Euro", "€", "1.000000"),
    Currency("GBP", "826", "British Pound", "£", "0.853000"),
    Currency("USD", "840", "US Dollar", "$", "1.087500"),
    Currency("JPY", "392", "Japanese Yen", "¥", "163.250000", 0),
    Currency("PLN", "985", "Polish Zloty", "zł", "4.312000"),
)
_LANGUAGES = {
    "en": ("English (English)", "en-US", "en-us", "m/d/Y"),
    "fr": ("Français (French)", "fr-FR", "fr-fr", "d/m/Y"),
    "de": ("Deutsch (German)", "de-DE", "de-de", "d.m.Y"),
    "es": ("Español (Spanish)", "es-ES", "es-es", "d/m/Y"),
}


def same(shop: Shop, text: str) -> dict[int, str]:
    """One text for every language."""
    return dict.fromkeys(shop.languages(), text)


def fill_settings(
    shop: Shop, *, country: str, languages: tuple[str, ...], currencies: tuple[Currency, ...] = CURRENCIES
) -> None:
    """All tables of a fresh install, for a shop in that country."""
    tables, now = shop.tables, shop.now()
    for iso in languages:
        name, locale, code, lite = _LANGUAGES[iso]
        tables["languages"].insert(
            {
                "name": name,
                "iso_code": iso,
                "locale": locale,
                "language_code": code,
                "date_format_lite": lite,
                "date_format_full": f"{lite} H:i:s",
            }
        )
    for currency in currencies:
        tables["currencies"].insert(
            {
                "name": same(shop, currency.name),
                "symbol": same(shop, currency.symbol),
                "iso_code": currency.iso,
                "numeric_iso_code": currency.number,
                "precision": currency.precision,
                "conversion_rate": currency.rate,
            }
        )
    domain = shop.base_url.partition("://")[2].partition("/")[0]
    tables["shop_groups"].insert({"name": "Default"})
    tables["shops"].insert({"name": shop.name})
    tables["shop_urls"].insert({"domain": domain, "domain_ssl": domain})
    for zone in _ZONES:
        tables["zones"].insert({"name": zone})
    _fill_places(shop, country)
    _fill_taxes(shop)
    for name, reduction in (("Visitor", "0.00"), ("Guest", "0.00"), ("Customer", "0.00")):
        _group(shop, name, reduction, country)
    for name, width, height in (line.split() for line in _IMAGE_TYPES.replace("|", "\n").strip().splitlines()):
        kinds: Row = {
            kind: 1 for kind in ("products", "categories", "manufacturers", "suppliers") if "_default" in name
        }
        if name.startswith("stores"):
            kinds = {"stores": 1}
        elif name.startswith("category"):
            kinds = {"categories": 1}
        tables["image_types"].insert({"name": name, "width": int(width), "height": int(height), **kinds})
    _fill_order_states(shop)
    _fill_carriers(shop)
    for name, value in _settings(shop, country).items():
        tables["configurations"].insert({"name": name, "value": value, "date_add": now, "date_upd": now})


def add_marketplace_groups(shop: Shop, country: str) -> None:
    """Two groups a merchant made: one for the marketplace, one with a discount."""
    _group(shop, "Marketplace", "0.00", country)
    _group(shop, "VIP", "5.00", country)


def _group(shop: Shop, name: str, reduction: str, country: str) -> None:
    shop.tables["groups"].insert(
        {
            "reduction": reduction,
            "price_display_method": int(country == "US"),
            "name": same(shop, name),
            "date_add": shop.now(),
            "date_upd": shop.now(),
        }
    )


def country_id(shop: Shop, iso: str) -> int:
    return next(row_id for row_id, row in shop.tables["countries"].rows.items() if row["iso_code"] == iso)


def _fill_places(shop: Shop, home: str) -> None:
    for line in _COUNTRIES.strip().replace("|", "\n").splitlines():
        row_id, iso, zone, prefix, states, dni, zip_format, name = line.split()
        shop.tables["countries"].insert(
            {
                "id_zone": int(zone),
                "call_prefix": int(prefix),
                "iso_code": iso,
                "active": int(iso in (home, "FR")),
                "contains_states": int(states),
                "need_identification_number": int(dni),
                "need_zip_code": int(iso != "IE"),
                "zip_code_format": "" if zip_format == "-" else zip_format.replace("_", " "),
                "name": same(shop, name.replace("_", " ")),
            },
            int(row_id),
        )
    for code in (*_ARMY, *_US_STATES):
        shop.tables["states"].insert({"id_country": 21, "iso_code": code, "name": code})
    _add_provinces(shop, "IT", ITALIAN_PROVINCES)


def _add_provinces(shop: Shop, country: str, provinces: str) -> None:
    place = country_id(shop, country)
    for line in provinces.strip().replace("|", "\n").splitlines():
        code, _, name = line.partition(" ")
        row = {"id_country": place, "id_zone": _EUROPE, "iso_code": code, "name": name}
        shop.tables["states"].insert(row)


def _fill_taxes(shop: Shop) -> None:
    now = shop.now()
    for name in ("Standard rate", "Reduced rate", "Zero rate"):
        shop.tables["tax_rule_groups"].insert({"name": name, "date_add": now, "date_upd": now})
    for iso, rates in VAT.items():
        place = country_id(shop, iso)
        for group, rate in zip((STANDARD, REDUCED, ZERO), rates, strict=True):
            label = f"VAT {iso} {rate.rstrip('0').rstrip('.')}%"
            tax = shop.tables["taxes"].insert({"rate": rate, "name": same(shop, label)})
            shop.tables["tax_rules"].insert({"id_tax_rules_group": group, "id_country": place, "id_tax": tax})


def _fill_order_states(shop: Shop) -> None:
    names = ["unremovable", "delivery", "hidden", "send_email", "invoice", "logable", "shipped", "paid", "pdf_invoice"]
    for line in _ORDER_STATES.strip().splitlines():
        row_id, flags, colour, template, name, module = line.split("|")
        row: Row = dict(zip(names, map(int, flags.split()), strict=True))
        row |= {"color": colour, "module_name": module, "name": same(shop, name), "template": same(shop, template)}
        shop.tables["order_states"].insert(row, int(row_id))


def _fill_carriers(shop: Shop) -> None:
    carriers: tuple[tuple[str, str, Row], ...] = (
        ("Click and collect", "Pick up in-store", {"is_free": 1, "shipping_handling": 0, "_zones": (_EUROPE,)}),
        ("My carrier", "Delivery next day!", {"_zones": (_EUROPE, _NORTH_AMERICA)}),
        ("My cheap carrier", "Buy more to pay less!", {"active": 0, "shipping_method": 2}),
        ("My light carrier", "The lighter the cheaper!", {"active": 0, "shipping_method": 1}),
    )
    for position, (name, delay, more) in enumerate(carriers):
        shop.tables["carriers"].insert(
            {
                "id_reference": position + 1,
                "name": name,
                "position": position,
                "id_tax_rules_group": 1,
                "delay": same(shop, delay),
                **more,
            }
        )
    for carrier in (2, 3, 4):
        add_shipping_price(shop, carrier, "5.000000", (_EUROPE, _NORTH_AMERICA))


def add_shipping_price(
    shop: Shop, carrier: int, price: str, zones: Iterable[int], span: tuple[str, str] = ("0.000000", "10000.000000")
) -> None:
    """One range of weight and one of price (whichever the carrier goes by), the same price in all those zones."""
    row = {"id_carrier": carrier, "delimiter1": span[0], "delimiter2": span[1]}
    weight, money = (shop.tables[name].insert(dict(row)) for name in ("weight_ranges", "price_ranges"))
    for zone in zones:
        for ranges in ({"id_range_weight": weight}, {"id_range_price": money}):
            shop.tables["deliveries"].insert({"id_carrier": carrier, "id_zone": zone, "price": price, **ranges})


def add_marketplace_shipping(shop: Shop) -> None:
    """What a merchant adds who sells to more than one country: active countries, provinces, carriers.

    The last carrier is the free one for the marketplace's orders, offered everywhere and to every group (fact sheet
    4.4).
    """
    for country, row in shop.tables["countries"].rows.items():
        if row["iso_code"] in _SOLD_TO:
            shop.tables["countries"].update(country, {"active": 1})
    shop.tables["countries"].update(country_id(shop, "ES"), {"contains_states": 1})
    _add_provinces(shop, "ES", SPANISH_PROVINCES)
    zones = tuple(shop.tables["zones"].ids)
    groups = tuple(shop.tables["groups"].ids)
    by_weight: Row = {"shipping_method": 1, "url": "https://parcels.example/track/@"}
    carriers: tuple[tuple[str, str, Row], ...] = (
        ("Standard delivery", "3 to 5 days", by_weight),
        ("Express", "Next day", {"shipping_method": 2, "url": "https://express.example/@", "_groups": groups[2:]}),
        ("TikTok Shipping", "Marketplace orders", {"is_free": 1, "shipping_handling": 0}),
    )
    for name, delay, more in carriers:
        number = shop.tables["carriers"].next_id
        shop.tables["carriers"].insert(
            {
                "id_reference": number,
                "name": name,
                "position": number - 1,
                "id_tax_rules_group": STANDARD,
                "delay": same(shop, delay),
                "_zones": zones,
                "_groups": groups,
                **more,
            }
        )
        if name == "Standard delivery":
            for price, low, high in (("4.900000", "0.000000", "2.000000"), ("9.900000", "2.000000", "30.000000")):
                add_shipping_price(shop, number, price, zones, (low, high))
        elif name == "Express":
            add_shipping_price(shop, number, "14.500000", zones)


def _settings(shop: Shop, country: str) -> dict[str, str]:
    return {
        "PS_LANG_DEFAULT": "1",
        "PS_VERSION_DB": shop.full_version,
        "PS_CURRENCY_DEFAULT": "1",
        "PS_COUNTRY_DEFAULT": str(country_id(shop, country)),
        "PS_SHOP_DEFAULT": "1",
        "PS_SHOP_NAME": shop.name,
        "PS_TIMEZONE": shop.timezone.key,
        "PS_TAX": "1",
        "PS_TAX_ADDRESS_TYPE": "id_address_delivery",
        "PS_PRICE_ROUND_MODE": "2",
        "PS_ROUND_TYPE": "2",
        "PS_USE_ECOTAX": "0",
        "PS_ECOTAX_TAX_RULES_GROUP_ID": "0",
        "PS_SPECIFIC_PRICE_PRIORITIES": "id_group;id_currency;id_country;id_shop",
        "PS_SPECIFIC_PRICE_FEATURE_ACTIVE": "1",
        "PS_STOCK_MANAGEMENT": "1",
        "PS_ORDER_OUT_OF_STOCK": "0",
        "PS_PACK_STOCK_TYPE": "0",
        "PS_GUEST_CHECKOUT_ENABLED": "1",
        "PS_UNIDENTIFIED_GROUP": "1",
        "PS_GUEST_GROUP": "2",
        "PS_CUSTOMER_GROUP": "3",
        "PS_CARRIER_DEFAULT": "2",
        "PS_ROOT_CATEGORY": "1",
        "PS_HOME_CATEGORY": "2",
        "PS_SHIPPING_FREE_PRICE": "0",
        "PS_SHIPPING_FREE_WEIGHT": "0",
        "PS_SHIPPING_METHOD": "1",
        "PS_ENABLE_BACKORDER_STATUS": "0",
        "PS_ORDER_RECALCULATE_SHIPPING": "1",
        "PS_SHIPPING_HANDLING": "2.00",
        "PS_WEIGHT_UNIT": "kg",
        "PS_DIMENSION_UNIT": "cm",
        "PS_VOLUME_UNIT": "cl",
        "PS_LIMIT_UPLOAD_IMAGE_VALUE": "2",
        "PS_INVOICE": "1",
        "PS_OS_CHEQUE": "1",
        "PS_OS_PAYMENT": "2",
        "PS_OS_PREPARATION": "3",
        "PS_OS_SHIPPING": "4",
        "PS_OS_DELIVERED": "5",
        "PS_OS_CANCELED": "6",
        "PS_OS_REFUND": "7",
        "PS_OS_ERROR": "8",
        "PS_OS_OUTOFSTOCK_PAID": "9",
        "PS_OS_BANKWIRE": "10",
        "PS_OS_WS_PAYMENT": "11",
        "PS_OS_OUTOFSTOCK_UNPAID": "12",
        "PS_MULTISHOP_FEATURE_ACTIVE": "0",
        "PS_WEBSERVICE": "1",
    }
