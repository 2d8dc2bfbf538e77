"""What a connection check finds out about a shop, and which rights of its key the connector needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from clients.prestashop.bodies import Unreadable, xml_root

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")

# Rights by what they are for; PATCH counts as granted by PUT where the safe way round by PUT exists.
NEEDED: Mapping[str, str] = {
    "products": "GET",
    "combinations": "GET",
    "stock_availables": "GET PATCH",
    "specific_prices": "GET POST",
    "product_options": "GET",
    "product_option_values": "GET",
    "product_features": "GET",
    "product_feature_values": "GET",
    "categories": "GET",
    "manufacturers": "GET",
    "suppliers": "GET",
    "images": "GET",
    "taxes": "GET",
    "tax_rules": "GET",
    "tax_rule_groups": "GET",
    "currencies": "GET",
    "languages": "GET",
    "countries": "GET",
    "states": "GET",
    "shops": "GET",
    "shop_urls": "GET",
    "groups": "GET",
    "carriers": "GET",
    "configurations": "GET",
    "customers": "GET POST",
    "addresses": "GET POST",
    "carts": "GET POST",
    "orders": "GET POST PATCH",
    "order_details": "GET",
    "order_states": "GET",
    "order_histories": "GET POST",
    "order_carriers": "GET PATCH",
    "order_payments": "GET PATCH",
    "messages": "GET POST",
}
# Objects a PUT would damage: nothing stands in for PATCH there.
_PATCH_ONLY = frozenset({"orders"})


@dataclass(frozen=True)
class ShopInfo:
    """One shop of the installation; domain is "" when its address could not be read."""

    id: int
    name: str
    active: bool
    domain: str = ""


@dataclass(frozen=True)
class ShopStatus:
    """What a check found.

    Attributes:
        version: PrestaShop's, such as "8.2.1".
        url: the shop's address as it is used; domain: as the shop itself has it, "" when not readable.
        timezone: name of the shop's zone, "" when not readable.
        rights: methods the key may use, by resource.
        patch: whether objects can be changed field by field (8.0 and later, and granted).
        missing: what the connector needs and the key may not: "POST orders".
        clock_skew: the shop's clock minus ours in seconds; None when the shop does not say.
        shops: of the installation; empty when not readable.
    """

    version: str
    name: str
    url: str
    domain: str
    timezone: str
    rights: Mapping[str, frozenset[str]]
    patch: bool
    missing: tuple[str, ...]
    clock_skew: float | None
    shops: tuple[ShopInfo, ...] = field(default=())


def has_patch(version: str) -> bool:
    """Whether this PrestaShop knows PATCH; unknown versions are given the benefit of the doubt."""
    major = version.split(".", 1)[0]
    return not major.isdigit() or int(major) >= 8


def api_root(body: bytes) -> tuple[str, dict[str, frozenset[str]]]:
    """Shop name and the key's rights by resource out of `GET /api/` (recording 001).

    Raises:
        Unreadable: this is not the list of resources.
    """
    root = xml_root(body)
    api = root.find("api")
    if api is None:
        raise Unreadable(page=True)
    return api.get("shopName", ""), {str(node.tag): _granted(node) for node in api}


def _granted(node: etree._Element) -> frozenset[str]:
    return frozenset(method for method in METHODS if node.get(method.lower()) == "true")


def missing_rights(rights: Mapping[str, frozenset[str]], version: str) -> tuple[str, ...]:
    """What is needed and not granted, as "METHOD resource"."""
    result = []
    for resource, methods in NEEDED.items():
        granted = rights.get(resource, frozenset())
        for method in methods.split():
            if method == "PATCH" and not has_patch(version):
                if resource in _PATCH_ONLY:
                    continue  # there the connector writes a message instead
                method = "PUT"
            stands_in = method == "PATCH" and resource not in _PATCH_ONLY and "PUT" in granted
            if method not in granted and not stands_in:
                result.append(f"{method} {resource}")
    return tuple(result)


def shop_infos(shops: list[dict[str, Any]], urls: list[dict[str, Any]]) -> tuple[ShopInfo, ...]:
    """The shops that are not deleted, with the domain of their main address."""
    domains = {row["id_shop"]: row["domain_ssl"] or row["domain"] for row in urls if row["main"]}
    return tuple(
        ShopInfo(row["id"], row["name"], row["active"], domains.get(row["id"], ""))
        for row in shops
        if not row["deleted"]
    )
