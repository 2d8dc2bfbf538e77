"""PrestaShop's webservice: one client for 1.7.8, 8 and 9."""

from clients.prestashop.client import PrestaShopClient
from clients.prestashop.filters import (
    Condition,
    Filters,
    any_of,
    between,
    contains,
    ends_with,
    equals,
    greater,
    less,
    none_of,
    not_equal,
    starts_with,
)
from clients.prestashop.records import Display, Record
from clients.prestashop.status import ShopInfo, ShopStatus

__all__ = [
    "Condition",
    "Display",
    "Filters",
    "PrestaShopClient",
    "Record",
    "ShopInfo",
    "ShopStatus",
    "any_of",
    "between",
    "contains",
    "ends_with",
    "equals",
    "greater",
    "less",
    "none_of",
    "not_equal",
    "starts_with",
]
