"""An order's money: `payment` as it adds up, and shares of an amount by line (sheet 4.5)."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from sandbox.tiktok.order_model import Charges, Unit

Payment = dict[str, Decimal]
FEES = (
    "small_order_fee",
    "retail_delivery_fee",
    "buyer_service_fee",
    "handling_fee",
    "shipping_insurance_fee",
    "item_insurance_fee",
    "item_insurance_tax",
    "distance_shipping_fee",
    "distance_fee",
)


def rounded(amount: Decimal, decimals: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def wire(amount: Decimal) -> str:
    """As the platform writes amounts: no padding, no exponent."""
    return f"{amount.normalize():f}" if amount else "0"


def payment_of(units: Sequence[Unit], charges: Charges) -> Payment:
    """What the buyer pays; a payment method's promotion is never played."""
    if unknown := charges.fees.keys() - set(FEES):
        raise ValueError(f"no such fees: {', '.join(sorted(unknown))}")
    zero = Decimal(0)
    original = sum((unit.original_price for unit in units), zero)
    by_seller = sum((unit.seller_discount for unit in units), zero)
    by_platform = sum((unit.platform_discount for unit in units), zero)
    sub_total = original - by_seller - by_platform
    shipping = charges.shipping - charges.seller_discount - charges.platform_discount - charges.cofunded_discount
    product_tax = sum((unit.tax for unit in units), zero)
    fees = {name: charges.fees.get(name, zero) for name in FEES}
    tax = product_tax + charges.tax
    return {
        "original_total_product_price": original,
        "seller_discount": by_seller,
        "platform_discount": by_platform,
        "sub_total": sub_total,
        "original_shipping_fee": charges.shipping,
        "shipping_fee_seller_discount": charges.seller_discount,
        "shipping_fee_platform_discount": charges.platform_discount,
        "shipping_fee_cofunded_discount": charges.cofunded_discount,
        "shipping_fee": shipping,
        "tax": tax,
        "product_tax": product_tax,
        "shipping_fee_tax": charges.tax,
        **fees,
        "payment_platform_discount": zero,
        "total_amount": sub_total + shipping + tax + sum(fees.values(), zero),
    }


def shares(amount: Decimal, weights: Sequence[Decimal], decimals: int) -> list[Decimal]:
    """Split an amount by weight; the parts add up to it."""
    total = sum(weights, Decimal(0))
    even = not total
    parts, given, weighed = [], Decimal(0), Decimal(0)
    for weight in weights:
        weighed += Decimal(1) if even else weight
        upto = rounded(amount * weighed / (Decimal(len(weights)) if even else total), decimals)
        parts.append(upto - given)
        given = upto
    return parts
