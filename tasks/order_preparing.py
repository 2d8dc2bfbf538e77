"""Deciding an order before anything of it is made: who, where, which variants, at which prices, and the total.

Everything that can be found wrong is found here, while nothing is in PrestaShop yet.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlmodel import col, select

from clients.prestashop.filters import Filters, any_of
from models.catalogue import Variant
from models.database import database, in_parts
from models.listings import ListingSku
from models.orders import Order, OrderLine
from rules.addresses import NoAddress, address_fields
from rules.buyers import customer_fields
from rules.decision import Finding, Reason
from rules.order_identity import order_note, reference_for
from rules.order_lines import Line, Rounding, Row, Taxed, VariantKey, price_rows, row_amounts, rows_of
from rules.order_money import booking, ledger_of
from rules.order_stage import live_units
from rules.tax import tax_rate
from rules.tiktok_order import Recipient, TikTokOrder
from tasks.order_facts import OrderFacts
from tasks.order_record import buyer_of, lines_of, secret_box, unseal
from tasks.order_work import CartRow, Prepared
from tasks.shops import Shops

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an order cannot be made."""

    finding: Finding
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """An order that can be made, its ledger for the record, and the steps that led there."""

    prepared: Prepared
    ledger: Mapping[str, Any]
    reasons: tuple[Reason, ...]
    variants: Mapping[str, VariantKey]


class Preparer:
    """Decides the orders of a batch; what they need of PrestaShop is read once for all of them."""

    def __init__(self, shops: Shops, facts: OrderFacts) -> None:
        self._shops, self._facts, self._box = shops, facts, secret_box()
        self._products: dict[int, Mapping[str, Any]] = {}
        self._stock: dict[VariantKey, int] = {}
        # out_of_stock of the product: 0 deny, 1 allow, 2 as the shop's default.
        self._backorders: dict[int, int] = {}
        # Ecotax of combinations, where the shop uses it.
        self._ecotaxes: dict[VariantKey, Decimal] = {}
        # What a variant costs, to split a bundle's price by.
        self._prices: dict[VariantKey, Decimal] = {}

    def decide(self, orders: Sequence[tuple[Order, TikTokOrder]]) -> dict[int, Decided | Refused]:
        """By the order's key."""
        units = lines_of([order.key for order, _ in orders])
        linked = self._linked([seen for _, seen in orders])
        by_sku = self._by_sku([seen for _, seen in orders])
        rows: dict[int, tuple[Row, ...] | Finding] = {}
        for order, seen in orders:
            given = _known_before(units[order.key])
            rows[order.key] = rows_of(live_units(seen), linked={**linked, **given}, by_sku=by_sku)
        self._read_products([row for found in rows.values() if not isinstance(found, Finding) for row in found])
        return {order.key: self._guarded(order, seen, rows[order.key]) for order, seen in orders}

    def _guarded(self, order: Order, seen: TikTokOrder, rows: tuple[Row, ...] | Finding) -> Decided | Refused:
        """The boundary of one order: a fault of ours with it must not stop the others."""
        try:
            return self._one(order, seen, rows)
        except Exception:  # noqa: BLE001
            # The trace goes without values, which may be a buyer's.
            _log.error(
                "order %s: unexpected failure\n%s", order.order_id, "".join(traceback.format_tb(sys.exc_info()[2]))
            )
            return Refused(
                Finding(
                    "internal_error",
                    "The connector failed on this order in a way it did not foresee.",
                    "Look into the log of the run and report it; the other orders went on.",
                )
            )

    def _one(self, order: Order, seen: TikTokOrder, rows: tuple[Row, ...] | Finding) -> Decided | Refused:
        settings = self._shops.settings.orders
        if isinstance(rows, Finding):
            return Refused(rows)
        if seen.payment.currency and seen.payment.currency != self._facts.currency.iso_code:
            return Refused(
                Finding(
                    "currency_other",
                    f"The order is in {seen.payment.currency}, but this connection sells in "
                    f"{self._facts.currency.iso_code}.",
                    "Check the region of the connection.",
                )
            )
        # From its cart on it is being made, and its own pieces may be gone from the stock already.
        lacking = self._lacking(rows) if order.id_cart is None else None
        if lacking is not None:
            return Refused(lacking)
        corrections = unseal(self._box, order.corrections_secret)
        recipient = Recipient.read(buyer_of(self._box, order).recipient)
        customer = customer_fields(
            seen,
            settings,
            self._facts.guest_group,
            customer_group=self._facts.customer_group,
            recipient=recipient,
            required=self._facts.required,
            corrections=corrections,
        )
        address = address_fields(
            seen,
            settings,
            countries=self._facts.rows("countries"),
            states=self._facts.rows("states"),
            recipient=recipient,
            required=self._facts.required,
            corrections=corrections,
        )
        if isinstance(address.value, NoAddress):
            return Refused(address.value.findings[0], address.reasons)
        fields = address.value.fields
        rounding = Rounding(self._facts.round_type, self._facts.round_mode, self._facts.currency.precision)
        ledger = ledger_of(seen, rounding.decimals)
        if isinstance(ledger, Finding):
            return Refused(ledger)
        booked = booking(ledger, settings)
        amounts = row_amounts(rows, booked.units, self._prices, rounding.decimals)
        priced = price_rows(
            [
                Line(row.variant, row.quantity, amount, self._taxed(row.variant, fields))
                for row, amount in zip(rows, amounts, strict=True)
            ],
            fee=booked.fee,
            fee_line=self._fee_line(fields),
            rounding=rounding,
            group_reduction=self._group_reduction(),
        )
        if isinstance(priced, Finding):
            return Refused(priced)
        reference = reference_for(seen.id, self._shops.prestashop.version, enabled=settings.use_tiktok_reference)
        cart = tuple(CartRow(*row.variant, row.quantity, row.price, row.unit_incl) for row in priced.rows)
        prepared = Prepared(
            customer={**customer.value.fields, "id_lang": self._facts.id_lang},
            emails=customer.value.emails,
            address=fields,
            rows=cart,
            goods=cart[: len(priced.goods)],
            expected=priced.total,
            reference=reference.value,
            note=order_note(seen, self._shops.market),
        )
        reasons = (
            *customer.reasons,
            *address.reasons,
            *self._facts.carrier,
            *booked.reasons,
            *priced.reasons,
            *reference.reasons,
        )
        bundles = {unit.id for unit in seen.units if unit.parts}
        variants = {unit_id: row.variant for row in rows for unit_id in row.units if unit_id not in bundles}
        return Decided(prepared, ledger.as_record(), reasons, variants)

    def _group_reduction(self) -> Decimal:
        """Of the customer's default group: PrestaShop would take it off forced prices too (4.2)."""
        guest = self._shops.settings.orders.customer == "guest"
        group = self._facts.guest_group if guest else self._facts.customer_group
        return Decimal(str(self._facts.records.get("groups", {}).get(group, {}).get("reduction") or 0)) / 100

    # What PrestaShop has

    def _read_products(self, rows: Sequence[Row]) -> None:
        """Products and stock as they are now: tax groups, whether they are sold, how many there are."""
        wanted = sorted({row.variant[0] for row in rows} - self._products.keys())
        if not wanted:
            return
        found = self._shops.prestashop.rows(
            "products",
            display=("id", "active", "available_for_order", "id_tax_rules_group", "ecotax", "price"),
            filters=Filters(id=any_of(wanted)),
        )
        self._products |= {row["id"]: row for row in found}
        self._prices |= {
            row.variant: self._products[row.variant[0]]["price"] for row in rows if row.variant[0] in self._products
        }
        if self._facts.flag("PS_USE_ECOTAX"):
            self._read_ecotaxes([row.variant[1] for row in rows if row.variant[1]])
        if self._shops.settings.orders.force_create:
            return
        for row in self._shops.prestashop.rows(
            "stock_availables",
            display=("id", "id_product", "id_product_attribute", "quantity", "out_of_stock"),
            filters=Filters(id_product=any_of(wanted)),
        ):
            key = (row["id_product"], row["id_product_attribute"])
            self._stock[key] = max(self._stock.get(key, row["quantity"]), row["quantity"])
            if not row["id_product_attribute"]:
                self._backorders[row["id_product"]] = row["out_of_stock"]

    def _read_ecotaxes(self, combinations: Sequence[int]) -> None:
        if combinations:
            for row in self._shops.prestashop.rows(
                "combinations",
                display=("id", "id_product", "ecotax"),
                filters=Filters(id=any_of(sorted(set(combinations)))),
            ):
                self._ecotaxes[row["id_product"], row["id"]] = row["ecotax"]

    def _lacking(self, rows: Sequence[Row]) -> Finding | None:
        """What PrestaShop itself would take without a word: gone, inactive, out of stock (C4; recordings 111, 113)."""
        for row in rows:
            product = self._products.get(row.variant[0])
            if product is None:
                return Finding(
                    "product_gone",
                    f"Product {row.variant[0]}, which was sold, no longer exists in PrestaShop.",
                    "Link the SKU to another product, or give the order's line another product.",
                )
            if self._shops.settings.orders.force_create:
                continue
            if not product["active"] or not product["available_for_order"]:
                return Finding(
                    "product_inactive",
                    f"Product {row.variant[0]} is switched off or not for sale in PrestaShop.",
                    "Switch it on and try again, or allow such orders with orders.force_create (C4).",
                )
            stock = self._stock.get(row.variant, 0)
            if stock < row.quantity and not self._sells_without_stock(row):
                return Finding(
                    "out_of_stock",
                    f"PrestaShop has {max(stock, 0)} of product {row.variant[0]}, and {row.quantity} were sold.",
                    "Restock it and try again, or allow such orders with orders.force_create (C4).",
                )
        return None

    def _sells_without_stock(self, row: Row) -> bool:
        """Whether PrestaShop itself would sell it: stock management off, or backorders allowed (2.4)."""
        if not self._facts.flag("PS_STOCK_MANAGEMENT", default=True):
            return True
        allowed = self._backorders.get(row.variant[0], 2)
        return allowed == 1 or (allowed == 2 and self._facts.flag("PS_ORDER_OUT_OF_STOCK"))

    def _fee_line(self, address: Mapping[str, Any]) -> tuple[VariantKey, Taxed] | None:
        fee = self._facts.fee_product
        if fee is None:
            return None
        return (fee.id_product, 0), Taxed(self._rate(fee.id_tax_rules_group, address))

    def _taxed(self, variant: VariantKey, address: Mapping[str, Any]) -> Taxed:
        product = self._products.get(variant[0], {})
        group = int(product.get("id_tax_rules_group") or 0)
        ecotax = Decimal(0)
        if self._facts.flag("PS_USE_ECOTAX"):
            # A combination's own, if it has one (3.2, step 5); in the shop's currency, the cart has another at times.
            own = Decimal(str(self._ecotaxes.get(variant) or 0)) or Decimal(str(product.get("ecotax") or 0))
            ecotax = own * self._facts.currency.rate
        return Taxed(
            rate=self._rate(group, address),
            ecotax=ecotax,
            ecotax_rate=self._rate(self._facts.setting("PS_ECOTAX_TAX_RULES_GROUP_ID"), address),
        )

    def _rate(self, group: int, address: Mapping[str, Any]) -> Decimal:
        if not self._facts.flag("PS_TAX", default=True):
            return Decimal(0)
        return tax_rate(
            self._facts.taxes,
            group,
            int(address["id_country"]),
            int(address.get("id_state") or 0),
            str(address.get("postcode") or ""),
        ).value

    # Which variants

    def _linked(self, orders: Sequence[TikTokOrder]) -> dict[str, VariantKey]:
        """Variants by TikTok SKU id."""
        wanted = sorted({sku for order in orders for unit in order.units for sku in _skus(unit)} - {""})
        with database().read() as session:
            return {
                sku_id: (id_product, id_product_attribute or 0)
                for part in in_parts(wanted)
                for sku_id, id_product, id_product_attribute in session.exec(
                    select(ListingSku.sku_id, ListingSku.id_product, ListingSku.id_product_attribute).where(
                        ListingSku.connection_id == self._shops.id,
                        col(ListingSku.sku_id).in_(part),
                        col(ListingSku.id_product).is_not(None),
                    )
                )
                if id_product is not None
            }

    def _by_sku(self, orders: Sequence[TikTokOrder]) -> dict[str, list[VariantKey]]:
        """Variants by seller SKU, as B10 makes it."""
        names = {unit.seller_sku for order in orders for unit in order.units}
        names |= {part[0] for order in orders for unit in order.units for part in unit.parts}
        source = self._shops.settings.products.sku_source
        found: dict[str, list[VariantKey]] = defaultdict(list)
        field = getattr(Variant, "reference" if source == "id" else source)
        with database().read() as session:
            for part in in_parts(sorted(names - {""})):
                for sku, id_product, id_product_attribute in session.exec(
                    select(field, Variant.id_product, Variant.id_product_attribute).where(
                        Variant.connection_id == self._shops.id, col(field).in_(part)
                    )
                ):
                    found[sku].append((id_product, id_product_attribute))
        return found


def _skus(unit: Any) -> list[str]:
    return [unit.sku_id, *(part[1] for part in unit.parts)]


def _known_before(lines: Sequence[OrderLine]) -> dict[str, VariantKey]:
    """What a person said about SKUs of this order (K7), or what its cart was made of."""
    return {
        line.sku_id: (line.id_product, line.id_product_attribute or 0) for line in lines if line.id_product is not None
    }
