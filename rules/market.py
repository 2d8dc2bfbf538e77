"""What differs between TikTok Shop's markets (tiktok-shop-api.md 3.1, 3.11, 3.12, 3.19, 5.1 and 7.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

EU = frozenset(["IE", "ES", "DE", "FR", "IT", "PL", "NL", "BE", "CZ", "AT", "GR", "PT", "HU"])
SOUTH_EAST_ASIA = frozenset(["ID", "MY", "PH", "SG", "TH", "VN"])
# Section 3.12: the most units a SKU can offer.
MAX_QUANTITY = 99_999
# Section 3.12 leaves IE out of the countries with long seller SKUs.
_LONG_SELLER_SKU = EU - {"IE"}
_ZERO_DECIMALS = frozenset({"JPY", "VND", "IDR"})
# Section 3.19; the ranges of the other currencies are not known.
_PRICE_RANGES = {
    "GBP": (Decimal("0.01"), Decimal(5600)),
    "USD": (Decimal("0.01"), Decimal(7600)),
    "EUR": (Decimal("0.01"), Decimal(6300)),
    "MXN": (Decimal("0.1"), Decimal(50_000)),
    "BRL": (Decimal("0.05"), Decimal(10_000)),
    "JPY": (Decimal(1), Decimal(500_000)),
}
# region: (currency, locale). Where the platform has no locale of the country, the nearest it knows.
_REGIONS = {
    "US": ("USD", "en-US"),
    "GB": ("GBP", "en-GB"),
    "IE": ("EUR", "en-IE"),
    "ES": ("EUR", "es-ES"),
    "DE": ("EUR", "de-DE"),
    "FR": ("EUR", "fr-FR"),
    "IT": ("EUR", "it-IT"),
    "NL": ("EUR", "nl-NL"),
    "BE": ("EUR", "nl-BE"),
    "AT": ("EUR", "de-AT"),
    "GR": ("EUR", "el-GR"),
    "PT": ("EUR", "pt-PT"),
    "PL": ("PLN", "pl-PL"),
    "CZ": ("CZK", "cs-CZ"),
    "HU": ("HUF", "hu-HU"),
    "JP": ("JPY", "ja-JP"),
    "BR": ("BRL", "pt-BR"),
    "MX": ("MXN", "es-MX"),
    "ID": ("IDR", "id-ID"),
    "MY": ("MYR", "ms-MY"),
    "PH": ("PHP", "en-US"),
    "SG": ("SGD", "en-US"),
    "TH": ("THB", "th-TH"),
    "VN": ("VND", "vi-VN"),
}


class UnknownRegion(ValueError):
    """A region code that is not a TikTok Shop market."""

    def __init__(self, region: str) -> None:
        super().__init__(f"{region!r} is not a TikTok Shop market; known: {', '.join(_REGIONS)}")
        self.region = region


@dataclass(frozen=True, slots=True)
class Market:
    """One country's rules.

    `decimals` are those of prices; `price_min` and `price_max` are None where the platform's range is not known.
    `category_version` is the tree to ask for first: the platform may insist on the other one (fact 1 of section 11).
    `mark_shipped`: seller-shipped orders are marked as shipped; elsewhere their packages are shipped (section 5.1).
    """

    region: str
    currency: str
    decimals: int
    locale: str
    title_min: int
    title_max: int
    max_skus: int
    weight_units: tuple[str, ...]
    dimension_units: tuple[str, ...]
    category_version: str
    seller_sku_pattern: re.Pattern[str]
    seller_sku_rule: str
    price_min: Decimal | None
    price_max: Decimal | None
    tax_included: bool
    max_weight_kg: Decimal
    gpsr: bool
    mark_shipped: bool
    max_quantity: int = MAX_QUANTITY

    @property
    def country(self) -> str:
        """ISO code of the country whose tax applies."""
        return self.region

    @property
    def language(self) -> str:
        """ISO 639 code of the language listings are written in."""
        return self.locale[:2]


def market(region: str) -> Market:
    """The rules of a region such as "GB". Raises UnknownRegion, which lists the known ones."""
    try:
        return _MARKETS[region]
    except KeyError:
        raise UnknownRegion(region) from None


_ANY_SELLER_SKU = re.compile(r"\S{1,50}")
_PLAIN_SELLER_SKU = re.compile(r"[A-Za-z0-9_-]{6,50}")


def _build(region: str, currency: str, locale: str) -> Market:
    price_min, price_max = _PRICE_RANGES.get(currency, (None, None))
    marks_shipped = region in EU or region in {"US", "GB", "JP"}
    long_sku = region in _LONG_SELLER_SKU
    weight_units: tuple[str, ...] = ("KILOGRAM",)
    if region == "US":
        weight_units = ("POUND", "KILOGRAM")
    elif region in {"JP", "BR", "MX"}:
        weight_units = ("KILOGRAM", "GRAM")
    return Market(
        region=region,
        currency=currency,
        decimals=0 if currency in _ZERO_DECIMALS else 2,
        locale=locale,
        title_min=25 if region in SOUTH_EAST_ASIA else 1,
        title_max=300 if region in {"BR", "MX"} else 255,
        max_skus=100 if region in SOUTH_EAST_ASIA else 300,
        weight_units=weight_units,
        dimension_units=("CENTIMETER", "INCH") if region == "US" else ("CENTIMETER",),
        category_version="v2" if region == "US" or region in SOUTH_EAST_ASIA else "v1",
        seller_sku_pattern=_PLAIN_SELLER_SKU if long_sku else _ANY_SELLER_SKU,
        seller_sku_rule=(
            "6 to 50 letters A–Z, digits, hyphens or underscores" if long_sku else "1 to 50 characters without spaces"
        ),
        price_min=price_min,
        price_max=price_max,
        tax_included=region != "US",
        max_weight_kg=Decimal("68.04") if region == "US" else Decimal(30),
        gpsr=region in EU,
        mark_shipped=marks_shipped,
    )


_MARKETS = {region: _build(region, *facts) for region, facts in _REGIONS.items()}
