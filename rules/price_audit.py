"""Whether our price of a product is PrestaShop's: a comparison with its `price[]` answer.

Source: prestashop-webservice.md 3.1 and 3.3. A shop that answers otherwise has price rules that the webservice does not
show (a module's hook, per-product priorities), and its own answers have to be used.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from rules.price import PriceContext

TOLERANCE = Decimal("0.005")


def as_server_computes(context: PriceContext) -> PriceContext:
    """The context of the same question asked with `price[]` and decimals=6, which leaves out group and customer."""
    return replace(context, group_reduction=Decimal(0), id_customer=0, decimals=6)


def agrees(ours: Decimal, theirs: Decimal) -> bool:
    """Whether two prices differ by no more than a rounding."""
    return abs(ours - theirs) <= TOLERANCE
