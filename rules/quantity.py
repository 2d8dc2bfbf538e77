"""How many pieces of a variant a listing offers (B2; prestashop-webservice.md 2.2 and 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.catalogue import Product, Variant
from models.settings import ProductSettings
from rules.decision import Decision, Reason
from rules.market import MAX_QUANTITY

# product.out_of_stock
_DENY, _ALLOW = 0, 1
# product.pack_stock_type and PS_PACK_STOCK_TYPE
_PACK_ONLY, _COMPONENTS_ONLY, _BOTH, _SHOP_DEFAULT = 0, 1, 2, 3
# Customisation the buyer has to fill in: TikTok Shop has no place for it.
_REQUIRED_CUSTOMISATION = 2


@dataclass(frozen=True, slots=True)
class StockPolicy:
    """The shop's PS_STOCK_MANAGEMENT, PS_ORDER_OUT_OF_STOCK and PS_PACK_STOCK_TYPE."""

    stock_management: bool = True
    order_out_of_stock: bool = False
    pack_stock_type: int = _PACK_ONLY


def not_sellable(product: Product) -> Reason | None:
    """Why PrestaShop itself would not sell the product, or None when it would."""
    if product.state != 1:
        return Reason("draft", "the product is an unfinished draft in PrestaShop")
    if not product.active:
        return Reason("inactive", "the product is switched off in PrestaShop")
    if not product.available_for_order:
        return Reason("not_for_order", "the product is not available for order in PrestaShop")
    if not product.show_price:
        return Reason("price_hidden", "the product's price is hidden in PrestaShop, so it cannot be ordered")
    if product.customizable == _REQUIRED_CUSTOMISATION:
        return Reason("customisation_required", "the product cannot be ordered without customisation")
    return None


def listing_quantity(
    product: Product,
    variant: Variant,
    *,
    settings: ProductSettings,
    policy: StockPolicy,
    components: Mapping[tuple[int, int], int],
) -> Decision[int]:
    """Pieces to offer, 0 to 99,999. `components`: stock by (id_product, id_product_attribute) of packs' contents."""
    refusal = not_sellable(product)
    if refusal is not None:
        return Decision(0, (refusal,))

    reasons: list[Reason] = []
    stock = _pack_stock(product, variant, policy, components, reasons)
    if stock < 0:
        reasons.append(Reason("negative_stock", f"stock {stock} counts as 0"))
    backorder = backorder_of(product, settings, policy)
    offered = pieces_to_offer(stock, threshold=settings.inventory_threshold, backorder=backorder)
    reasons += offered.reasons
    if variant.minimal_quantity > 1:
        text = f"PrestaShop sells at least {variant.minimal_quantity} at a time, TikTok Shop sells single pieces"
        reasons.append(Reason("minimal_quantity", text))
    return Decision(offered.value, tuple(reasons))


def stock_of(product: Product, variant: Variant, policy: StockPolicy, components: Mapping[tuple[int, int], int]) -> int:
    """The pieces in stock before any setting: the row's own number or, of a pack, what its type says."""
    return _pack_stock(product, variant, policy, components, [])


def backorder_of(product: Product, settings: ProductSettings, policy: StockPolicy) -> int:
    """Pieces offered of a product that PrestaShop sells without stock; 0 for others."""
    return settings.backorder_quantity if _sells_without_stock(product, policy) else 0


def pieces_to_offer(stock: int, *, threshold: int, backorder: int, reserved: int = 0) -> Decision[int]:
    """Pieces to offer of a stock, 0 to 99,999 (B2; section 3.20).

    Args:
        stock: pieces in PrestaShop; negative counts as none.
        threshold: at or below it: sold out.
        backorder: pieces offered at least, because PrestaShop sells the product without stock.
        reserved: pieces that are sold in orders PrestaShop does not know yet.
    """
    reasons = []
    quantity = max(stock, 0)
    if reserved > 0 and quantity:
        reasons.append(Reason("committed", f"{reserved} of {quantity} are sold in orders that PrestaShop has not yet"))
        quantity = max(quantity - reserved, 0)
    if 0 < quantity <= threshold:
        reasons.append(Reason("threshold", f"{quantity} is at or below the threshold of {threshold}: sold out"))
        quantity = 0
    if quantity < backorder:
        quantity = backorder
        reasons.append(Reason("backorder", f"PrestaShop sells it without stock: {quantity} offered"))
    if quantity > MAX_QUANTITY:
        reasons.append(Reason("quantity_cap", f"TikTok Shop takes no more than {MAX_QUANTITY}"))
        quantity = MAX_QUANTITY
    return Decision(quantity, tuple(reasons))


def _pack_stock(
    product: Product,
    variant: Variant,
    policy: StockPolicy,
    components: Mapping[tuple[int, int], int],
    reasons: list[Reason],
) -> int:
    """The stock before any setting: the row's own or, of a pack, what its type says."""
    own = variant.quantity
    kind = policy.pack_stock_type if product.pack_stock_type == _SHOP_DEFAULT else product.pack_stock_type
    if not product.bundle or kind not in (_COMPONENTS_ONLY, _BOTH):
        reasons.append(Reason("stock", f"stock {own}"))
        return own
    packs = [
        (components.get((id_product, id_product_attribute), 0) // max(count, 1), id_product)
        for id_product, id_product_attribute, count in product.bundle
    ]
    fewest, id_product = min(packs)
    reasons.append(Reason("pack_components", f"product {id_product} of the pack lasts for {fewest}"))
    if kind == _BOTH and own < fewest:
        reasons.append(Reason("stock", f"stock of the pack itself {own}"))
        return own
    return fewest


def _sells_without_stock(product: Product, policy: StockPolicy) -> bool:
    if not policy.stock_management or product.out_of_stock == _ALLOW:
        return True
    return product.out_of_stock != _DENY and policy.order_out_of_stock
