"""One order on its way into PrestaShop: its row, what TikTok Shop says of it now, and what was decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from models.orders import Order
from rules.tiktok_order import TikTokOrder


@dataclass(frozen=True, slots=True)
class CartRow:
    """One row of the cart: a variant, how many, its forced net price (6 decimals), and a piece's price with tax."""

    id_product: int
    id_product_attribute: int
    quantity: int
    price: Decimal
    unit_incl: Decimal

    @property
    def variant(self) -> tuple[int, int]:
        """(id_product, id_product_attribute)"""
        return self.id_product, self.id_product_attribute


@dataclass(frozen=True, slots=True)
class Prepared:
    """What PrestaShop is to get for an order; `customer` and `address` are buyer data and go nowhere else.

    Attributes:
        emails: the buyer's, and what to use when PrestaShop refuses that one.
        expected: the order's total, tax included.
        reference: None leaves PrestaShop's own (C6).
    """

    customer: Mapping[str, Any] = field(repr=False)
    emails: tuple[str, ...] = field(repr=False)
    address: Mapping[str, Any] = field(repr=False)
    rows: tuple[CartRow, ...]
    # The rows without that of the fee product.
    goods: tuple[CartRow, ...]
    expected: Decimal
    reference: str | None
    note: str = field(repr=False)


@dataclass(slots=True)
class Work:
    """An order a batch is at work on. `out`: nothing more is done with it in this run."""

    order: Order
    seen: TikTokOrder
    prepared: Prepared
    # The variant that each unit stands for, by unit id; bundles stand for several.
    variants: Mapping[str, tuple[int, int]]
    out: bool = False

    @property
    def alias(self) -> str:
        """The address's alias: unique for the order, so that the address is found again (2.10)."""
        return str(self.prepared.address["alias"])
