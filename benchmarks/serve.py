"""Simulated shops in a process of their own, so that they share neither interpreter nor memory with what is measured.

`python -m benchmarks.serve '{"products": 5000}'` prints the access facts of a PrestaShop and a TikTok Shop as one line
of JSON. Besides the options of `sandbox.server.Sandbox` it takes `pairs`, that many pairs with a line each, and
`listed`: the TikTok Shops sell from the start what their PrestaShops have, and shipping has a product there.
"""

import json
import sys
from contextlib import ExitStack
from typing import Any

from sandbox.listings import fill_shelf
from sandbox.oracle import Connection
from sandbox.server import Sandbox


def main() -> None:
    """Serve until SIGTERM."""
    options: dict[str, Any] = json.loads(sys.argv[1])
    pairs, listed = int(options.pop("pairs", 1)), bool(options.pop("listed", False))
    seed = int(options.pop("seed", 1))
    with ExitStack() as opened:
        for number in range(pairs):
            shops = opened.enter_context(Sandbox(seed=seed + number, **options))
            if listed:
                _list_everything(shops)
            print(json.dumps({**shops.settings(), "auth_code": shops.auth_code()}), flush=True)
        shops.serve_forever()


def _list_everything(shops: Sandbox) -> None:
    products = shops.prestashop.tables["products"]
    for product in fill_shelf(shops.prestashop, shops.tiktok, Connection(market="GB", currency="GBP")):
        id_product = int(product.newest["external_product_id"].partition(":")[2])
        if products.rows[id_product].get("is_virtual") or products.rows[id_product].get("_bundle"):
            # The connector lists only goods that are shipped. What a pack takes out of its parts' stock would have to
            # be told to the TikTok Shop between two orders.
            shops.tiktok.shop.center.deactivate(product.id)
    shops.prestashop.add_fee_product()


if __name__ == "__main__":
    main()
