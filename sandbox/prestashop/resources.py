"""All resource names of a shop, and the definitions of those this sandbox keeps data for."""

from __future__ import annotations

from functools import cache

from sandbox.prestashop.buyer_resources import BUYERS
from sandbox.prestashop.catalogue_resources import CATALOGUE
from sandbox.prestashop.fields import Resource
from sandbox.prestashop.order_resources import ORDERING
from sandbox.prestashop.settings_resources import SETTINGS

DEFINITIONS: tuple[Resource, ...] = (*CATALOGUE, *SETTINGS, *BUYERS, *ORDERING)

_EVERY_NAME = [
    "addresses",
    "attachments",
    "carriers",
    "cart_rules",
    "carts",
    "categories",
    "combinations",
    "configurations",
    "contacts",
    "content_management_system",
    "countries",
    "currencies",
    "customer_messages",
    "customer_threads",
    "customers",
    "customizations",
    "deliveries",
    "employees",
    "groups",
    "guests",
    "image_types",
    "images",
    "languages",
    "manufacturers",
    "messages",
    "order_carriers",
    "order_cart_rules",
    "order_details",
    "order_histories",
    "order_invoices",
    "order_payments",
    "order_returns",
    "order_slip",
    "order_states",
    "orders",
    "price_ranges",
    "product_customization_fields",
    "product_feature_values",
    "product_features",
    "product_option_values",
    "product_options",
    "product_suppliers",
    "products",
    "search",
    "shop_groups",
    "shop_urls",
    "shops",
    "specific_price_rules",
    "specific_prices",
    "states",
    "stock_availables",
    "stock_movement_reasons",
    "stock_movements",
    "stocks",
    "stores",
    "suppliers",
    "supply_order_details",
    "supply_order_histories",
    "supply_order_receipt_histories",
    "supply_order_states",
    "supply_orders",
    "tags",
    "tax_rule_groups",
    "tax_rules",
    "taxes",
    "translated_configurations",
    "warehouse_product_locations",
    "warehouses",
    "weight_ranges",
    "zones",
]
_GONE_IN_9 = {name for name in _EVERY_NAME if name.startswith("supply_order")} | {"warehouse_product_locations"}

DESCRIPTIONS = {
    "addresses": "The Customer, Brand and Customer addresses",
    "attachments": "The product Attachments",
    "cart_rules": "Cart rules management",
    "carts": "Customer's carts",
    "contacts": "Shop contacts",
    "content_management_system": "Content management system",
    "images": "The images",
    "search": "Search",
} | {resource.name: resource.description for resource in DEFINITIONS}

# These have files or answers of their own instead of an object with a schema.
WITHOUT_SCHEMA = frozenset({"attachments", "images", "search"})


@cache
def resource_names(major: int) -> tuple[str, ...]:
    """The names a shop of that major version knows, in the order of its messages (recordings 008 of both versions)."""
    if major >= 9:
        return tuple(name for name in _EVERY_NAME if name not in _GONE_IN_9)
    return tuple(name for name in _EVERY_NAME if name != "order_returns")


@cache
def definitions(major: int) -> dict[str, Resource]:
    return {resource.name: resource.for_version(major) for resource in DEFINITIONS}
