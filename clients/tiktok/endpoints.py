"""The Open API calls the connector makes, as one table (tiktok-shop-api.md section 0.1).

What differs between calls is data here: path and versions, whether `shop_cipher` must or must not be sent, the scope
the app needs, which call budget pays, and whether a call without a clear answer may simply be sent again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Method = Literal["GET", "POST", "PUT", "DELETE"]
EndpointClass = Literal["read", "write"]

_PATH_ID: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call.

    Attributes:
        method: HTTP method.
        template: path with `{version}` and ids in braces.
        versions: the version to use, then the older ones that may still stand in for it.
        cipher: True when `shop_cipher` is required, False when sending it is an error.
        scope: what the seller has to grant (names partly unconfirmed, section 11 number 10); "" for nothing named.
        kind: the budget that pays for the call; searches and checks are reads whatever their method.
        repeatable: sending it twice does no harm, so a lost answer is retried instead of being `Uncertain`.
    """

    method: Method
    template: str
    versions: tuple[str, ...]
    cipher: bool
    scope: str
    kind: EndpointClass
    repeatable: bool

    def path(self, version: str, ids: dict[str, str]) -> str:
        """The path with version and ids filled in.

        Raises:
            ValueError: an id that could change the path.
        """
        for name, value in ids.items():
            if not _PATH_ID.fullmatch(value):
                raise ValueError(f"{name} is not an id: {value!r}")
        return self.template.format(version=version, **ids)


def _read(
    method: Method, template: str, *versions: str, scope: str = "seller.product.basic", cipher: bool = True
) -> Endpoint:
    return Endpoint(method, template, versions or ("202309",), cipher, scope, "read", repeatable=True)


def _write(
    method: Method,
    template: str,
    *versions: str,
    scope: str = "seller.product.write",
    cipher: bool = True,
    repeatable: bool = False,
) -> Endpoint:
    return Endpoint(method, template, versions or ("202309",), cipher, scope, "write", repeatable)


# Authorization and seller
AUTHORIZED_SHOPS = _read("GET", "/authorization/{version}/shops", scope="seller.authorization.info", cipher=False)
ACTIVE_SHOPS = _read("GET", "/seller/{version}/shops", scope="seller.shop.info", cipher=False)
PERMISSIONS = _read("GET", "/seller/{version}/permissions", scope="seller.global_product.info", cipher=False)

# Categories and brands
CATEGORIES = _read("GET", "/product/{version}/categories")
CATEGORY_RULES = _read("GET", "/product/{version}/categories/{category_id}/rules")
CATEGORY_ATTRIBUTES = _read("GET", "/product/{version}/categories/{category_id}/attributes")
RECOMMEND_CATEGORY = _read("POST", "/product/{version}/categories/recommend")
BRANDS = _read("GET", "/product/{version}/brands")
CREATE_BRAND = _write("POST", "/product/{version}/brands", cipher=False)

# Media: a second upload only makes a second, unreferenced file
UPLOAD_IMAGE = _write("POST", "/product/{version}/images/upload", cipher=False, repeatable=True)
UPLOAD_FILE = _write("POST", "/product/{version}/files/upload", cipher=False, repeatable=True)

# Products
PREREQUISITES = _read("GET", "/product/{version}/prerequisites", "202312", "202309")
LISTING_CHECK = _read("POST", "/product/{version}/products/listing_check", scope="seller.product.write")
CREATE_PRODUCT = _write("POST", "/product/{version}/products")
EDIT_PRODUCT = _write("PUT", "/product/{version}/products/{product_id}", "202509", "202309")
PARTIAL_EDIT = _write("POST", "/product/{version}/products/{product_id}/partial_edit", "202509", "202309")
PRODUCT = _read("GET", "/product/{version}/products/{product_id}")
SEARCH_PRODUCTS = _read("POST", "/product/{version}/products/search", "202502", "202309")
ACTIVATE = _write("POST", "/product/{version}/products/activate")
DEACTIVATE = _write("POST", "/product/{version}/products/deactivate")
DELETE = _write("DELETE", "/product/{version}/products", scope="seller.product.delete")
RECOVER = _write("POST", "/product/{version}/products/recover")

# Prices and stock are absolute values: writing them again writes the same
UPDATE_PRICES = _write("POST", "/product/{version}/products/{product_id}/prices/update", repeatable=True)
UPDATE_INVENTORY = _write("POST", "/product/{version}/products/{product_id}/inventory/update", repeatable=True)
SEARCH_INVENTORY = _read("POST", "/product/{version}/inventory/search")

# Product safety (GPSR) and size charts
_GPSR = "seller.product.write"
MANUFACTURERS = _read(
    "POST", "/product/{version}/compliance/manufacturers/search", "202501", "202409", scope=_GPSR, cipher=False
)
CREATE_MANUFACTURER = _write("POST", "/product/{version}/compliance/manufacturers", "202409", cipher=False)
RESPONSIBLE_PERSONS = _read(
    "POST",
    "/product/{version}/compliance/responsible_persons/search",
    "202501",
    "202409",
    scope=_GPSR,
    cipher=False,
)
CREATE_RESPONSIBLE_PERSON = _write("POST", "/product/{version}/compliance/responsible_persons", "202409", cipher=False)
SIZE_CHARTS = _read("POST", "/product/{version}/sizecharts/search", "202407", cipher=False)

# Logistics
WAREHOUSES = _read("GET", "/logistics/{version}/warehouses", scope="seller.logistics.basic")
DELIVERY_OPTIONS = _read(
    "GET", "/logistics/{version}/warehouses/{warehouse_id}/delivery_options", scope="seller.logistics.basic"
)
SHIPPING_PROVIDERS = _read(
    "GET",
    "/logistics/{version}/delivery_options/{delivery_option_id}/shipping_providers",
    scope="seller.logistics.basic",
)

# Orders. The references to orders of another system are absolute: attaching them again changes nothing
_ORDERS = "seller.order.info"
SEARCH_ORDERS = _read("POST", "/order/{version}/orders/search", scope=_ORDERS)
ORDERS = _read("GET", "/order/{version}/orders", "202507", "202309", scope=_ORDERS)
PRICE_DETAIL = _read("GET", "/order/{version}/orders/{order_id}/price_detail", "202407", scope=_ORDERS)
ATTACH_EXTERNAL_ORDERS = _write(
    "POST", "/order/{version}/orders/external_orders", "202406", scope=_ORDERS, repeatable=True
)
EXTERNAL_ORDERS = _read("GET", "/order/{version}/orders/{order_id}/external_orders", "202406", scope=_ORDERS)
FIND_EXTERNAL_ORDER = _read("POST", "/order/{version}/orders/external_order_search", "202406", scope=_ORDERS)

# Fulfilment. Shipping twice would make a second package; a tracking number is an absolute value.
# F1 and F7 have a version 202610 with another body: not a stand-in, so it is not listed.
_FULFILMENT = "seller.fulfillment.basic"
_SHIPPING = "seller.fulfillment.package.write"
MARK_SHIPPED = _write("POST", "/fulfillment/{version}/orders/{order_id}/packages", scope=_SHIPPING)
SHIP_PACKAGE = _write("POST", "/fulfillment/{version}/packages/{package_id}/ship", scope=_SHIPPING)
SHIP_PACKAGES = _write("POST", "/fulfillment/{version}/packages/ship", scope=_SHIPPING)
CORRECT_ORDER_TRACKING = _write(
    "POST", "/fulfillment/{version}/orders/{order_id}/shipping_info/update", scope=_SHIPPING, repeatable=True
)
CORRECT_PACKAGE_TRACKING = _write(
    "POST", "/fulfillment/{version}/packages/{package_id}/shipping_info/update", scope=_SHIPPING, repeatable=True
)
PACKAGE = _read("GET", "/fulfillment/{version}/packages/{package_id}", scope=_FULFILMENT)
SEARCH_PACKAGES = _read("POST", "/fulfillment/{version}/packages/search", scope=_FULFILMENT)
ORDER_TRACKING = _read("GET", "/fulfillment/{version}/orders/{order_id}/tracking", scope=_FULFILMENT)

# Cancellations and returns. Answers to a buyer carry an idempotency key, so they may be repeated.
_AFTERSALES = "seller.return_refund.basic"
CANCEL_ORDER = _write("POST", "/return_refund/{version}/cancellations", "202602", "202309", scope=_AFTERSALES)
SEARCH_CANCELLATIONS = _read(
    "POST", "/return_refund/{version}/cancellations/search", "202602", "202309", scope=_AFTERSALES
)
APPROVE_CANCELLATION = _write(
    "POST", "/return_refund/{version}/cancellations/{cancel_id}/approve", scope=_AFTERSALES, repeatable=True
)
REJECT_CANCELLATION = _write(
    "POST", "/return_refund/{version}/cancellations/{cancel_id}/reject", scope=_AFTERSALES, repeatable=True
)
AFTERSALE_ELIGIBILITY = _read(
    "GET",
    "/return_refund/{version}/orders/{order_id}/aftersale_eligibility",
    "202602",
    "202309",
    scope=_AFTERSALES,
)
REJECT_REASONS = _read("GET", "/return_refund/{version}/reject_reasons", scope=_AFTERSALES)
SEARCH_RETURNS = _read("POST", "/return_refund/{version}/returns/search", "202602", "202309", scope=_AFTERSALES)

# Webhooks. No scope is named for them; one address per event, so that writing it again writes the same
WEBHOOKS = _read("GET", "/event/{version}/webhooks", scope="")
SUBSCRIBE = _write("PUT", "/event/{version}/webhooks", scope="", repeatable=True)
UNSUBSCRIBE = _write("DELETE", "/event/{version}/webhooks", scope="", repeatable=True)

ENDPOINTS: Final[dict[str, Endpoint]] = {
    name: value for name, value in list(globals().items()) if isinstance(value, Endpoint)
}

REQUIRED_SCOPES: Final = frozenset(
    # Held loosely: the names of other scopes are not confirmed, and a seller who grants these can run the connector.
    {
        "seller.authorization.info",
        "seller.product.basic",
        "seller.product.write",
        "seller.logistics.basic",
        "seller.order.info",
        "seller.fulfillment.basic",
    }
)
