"""What differs between markets: currency, prices, titles, units, category versions (sheet 7.1, 3.11, 3.19)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

EU = frozenset({"IE", "ES", "DE", "FR", "IT", "PL", "NL", "BE", "CZ", "AT", "GR", "PT", "HU"})
# IE is in the EU rules for product safety, but its sellers may use short seller SKUs (sheet 3.12).
LONG_SELLER_SKU = EU - {"IE"}
SEA = frozenset({"ID", "MY", "PH", "SG", "TH", "VN"})
ZERO_DECIMALS = frozenset({"JPY", "VND", "IDR"})


@dataclass(frozen=True, slots=True)
class Market:
    """One country's rules. `category_versions` lists what create accepts; the first is the market's own."""

    region: str
    country: str
    locale: str
    currency: str
    price_min: Decimal
    price_max: Decimal
    dial_code: str
    title_min: int = 1
    title_max: int = 255
    sku_max: int = 300
    category_versions: tuple[str, ...] = ("v1",)
    weight_units: tuple[str, ...] = ("KILOGRAM",)
    dimension_units: tuple[str, ...] = ("CENTIMETER",)
    weight_max_kg: Decimal = Decimal(30)

    @property
    def language(self) -> str:
        return self.locale[:2]

    @property
    def is_eu(self) -> bool:
        return self.region in EU

    @property
    def decimals(self) -> int:
        return 0 if self.currency in ZERO_DECIMALS else 2


_METRIC_GRAMS = ("KILOGRAM", "GRAM")
_SEA: dict[str, Any] = {"title_min": 25, "sku_max": 100, "category_versions": ("v2",)}
# The sheet contradicts itself on the EU's category version (fact 1 of section 11): both are taken there.
_VARIANTS: dict[str, dict[str, Any]] = {
    "US": {
        "category_versions": ("v2",),
        "weight_units": ("POUND", "KILOGRAM"),
        "dimension_units": ("CENTIMETER", "INCH"),
        "weight_max_kg": Decimal("68.04"),
    },
    "JP": {"weight_units": _METRIC_GRAMS},
    "BR": {"weight_units": _METRIC_GRAMS, "title_max": 300},
    "MX": {"weight_units": _METRIC_GRAMS, "title_max": 300},
    **{region: {"category_versions": ("v1", "v2")} for region in EU},
    **dict.fromkeys(SEA, _SEA),
}
_ROWS = """
US en-US USD 0.01 7600 +1 United States
GB en-GB GBP 0.01 5600 +44 United Kingdom
IE en-IE EUR 0.01 6300 +353 Ireland
ES es-ES EUR 0.01 6300 +34 Spain
DE de-DE EUR 0.01 6300 +49 Germany
FR fr-FR EUR 0.01 6300 +33 France
IT it-IT EUR 0.01 6300 +39 Italy
NL nl-NL EUR 0.01 6300 +31 Netherlands
BE nl-BE EUR 0.01 6300 +32 Belgium
AT de-AT EUR 0.01 6300 +43 Austria
GR el-GR EUR 0.01 6300 +30 Greece
PT pt-PT EUR 0.01 6300 +351 Portugal
PL pl-PL PLN 0.05 27000 +48 Poland
CZ cs-CZ CZK 0.3 150000 +420 Czechia
HU hu-HU HUF 5 2400000 +36 Hungary
JP ja-JP JPY 1 500000 +81 Japan
BR pt-BR BRL 0.05 10000 +55 Brazil
MX es-MX MXN 0.1 50000 +52 Mexico
ID id-ID IDR 100 100000000 +62 Indonesia
MY ms-MY MYR 0.1 30000 +60 Malaysia
PH en-US PHP 1 400000 +63 Philippines
SG en-US SGD 0.01 9000 +65 Singapore
TH th-TH THB 1 250000 +66 Thailand
VN vi-VN VND 1000 180000000 +84 Vietnam
"""
LOCALES = frozenset(
    {"en-US", "en-GB", "en-IE", "de-DE", "es-ES", "es-MX", "fr-FR", "id-ID", "it-IT", "ja-JP", "ms-MY", "pt-BR"}
    | {"th-TH", "vi-VN", "zh-CN", "cs-CZ", "de-AT", "de-BE", "el-GR", "fr-BE", "hu-HU", "nl-BE", "nl-NL", "pl-PL"}
    | {"pt-PT"}
)


def _market(row: str) -> Market:
    region, locale, currency, low, high, dial_code, country = row.split(maxsplit=6)
    variant = _VARIANTS.get(region, {})
    return Market(region, country, locale, currency, Decimal(low), Decimal(high), dial_code, **variant)


MARKETS = {market.region: market for market in map(_market, _ROWS.strip().splitlines())}
