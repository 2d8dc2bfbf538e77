"""Where a person finds an order: in Seller Center and in PrestaShop's back office."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

# Each market has its own Seller Center, named after its country but for these two.
_HOSTS: Final = {"GB": "seller-uk.tiktok.com", "ID": "seller-id.tokopedia.com"}


def seller_center_order(region: str, order_id: str) -> str:
    """The order's page in the Seller Center of a market such as "GB"."""
    host = _HOSTS.get(region, f"seller-{region.lower()}.tiktok.com")
    return f"https://{host}/order/detail?order_no={quote(order_id, safe='')}&shop_region={quote(region, safe='')}"


def back_office_order(back_office_url: str, id_order: int) -> str:
    """The order's page in the back office, since 1.7.7; "" without the address of the back office.

    Args:
        back_office_url: with its folder, such as "https://shop.example/admin123". PrestaShop asks before it opens a
            link from outside.
        id_order: PrestaShop's id.
    """
    return f"{back_office_url.rstrip('/')}/index.php/sell/orders/{id_order}/view" if back_office_url else ""
