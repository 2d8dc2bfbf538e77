"""Reasons of cancellations, returns and refusals by market and status (sheet 4.10–4.12).

Names marked (?) are made up after the pattern of the known ones: the sheet knows one example of their kind.
"""

from sandbox.tiktok.errors import ApiError
from sandbox.tiktok.tree import local

# Texts: English|French|German, as far as they are told apart.
_UNPAID = {
    "seller_cancel_unpaid_reason_out_of_stock": "Out of stock|Rupture de stock",
    "seller_cancel_unpaid_reason_wrong_price": "Pricing error|Erreur de prix",
    "seller_cancel_unpaid_reason_buyer_hasnt_paid_within_time_allowed": "Not paid in time|Non payé dans les délais",
    "seller_cancel_unpaid_reason_buyer_requested_cancellation": "The buyer asked for it|Demandé par l'acheteur",
}
_PAID = {
    "seller_cancel_reason_out_of_stock": "Out of stock|Rupture de stock",
    "seller_cancel_reason_wrong_price": "Pricing error|Erreur de prix",
    "seller_cancel_paid_reason_address_not_deliver": "Cannot deliver to the address|Adresse non desservie",
    "seller_cancel_paid_reason_buyer_requested_cancellation": "The buyer asked for it|Demandé par l'acheteur",
}
RETIRED = frozenset({"seller_cancel_reason_unable_to_ship"})  # (?)
NO_LONGER_NEEDED = "ecom_order_to_ship_canceled_reason_no_longer_needed"
BUYER_CANCEL = {
    NO_LONGER_NEEDED: "No longer needed|Je n'en ai plus besoin",
    "ecom_order_to_ship_canceled_reason_better_price": "Found a better price|Meilleur prix trouvé ailleurs",  # (?)
    "ecom_order_to_ship_canceled_reason_wrong_address": "Wrong address|Mauvaise adresse",  # (?)
}
DAMAGED = "ecom_order_delivered_refund_and_return_reason_damaged"
BUYER_RETURN = {
    DAMAGED: "Item damaged|Article abîmé",
    "ecom_order_delivered_refund_and_return_reason_wrong_item": "Wrong item|Mauvais article",  # (?)
    "ecom_order_delivered_refund_and_return_reason_not_received": "Not received|Non reçu",  # (?)
}
_REJECT_CANCEL_US = {"ecom_reverse_reject_cancel_reason_product_packed": "The product is already packed"}
_REJECT_CANCEL = {
    "seller_reject_apply_product_has_been_packed": "The product is already packed|Le produit est déjà emballé",
    "seller_reject_apply_product_has_been_shipped": "The product is already shipped|Le produit est déjà expédié",  # (?)
}
REJECT_RETURN = {  # (?)
    "seller_reject_apply_product_is_as_described": "The product is as described|Le produit est conforme",
    "seller_reject_apply_returned_product_is_used": "The returned product was used|Le produit rendu a servi",
}
PARTIAL_MARKETS = frozenset({"US", "GB"})
_UK = "_uk"


def seller_reasons(region: str, status: str) -> list[str]:
    """Names a seller may cancel with while the order has this status; none after shipping."""
    if status == "UNPAID":
        names = list(_UNPAID)
    elif status in ("ON_HOLD", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"):
        names = list(_PAID)
    else:
        return []
    if region in ("GB", "ID"):
        names = [name for name in names if not name.endswith("buyer_requested_cancellation")]
    if region == "MX":
        names = [name for name in names if not name.endswith("wrong_price")]
    return [name + _UK for name in names] if region == "GB" else names


def is_out_of_stock(reason: str) -> bool:
    return reason.removesuffix(_UK).endswith("out_of_stock")


def check_seller_reason(region: str, status: str, reason: str) -> None:
    if reason in seller_reasons(region, status):
        return
    if reason in BUYER_CANCEL:
        raise ApiError(25001015, "The reason is not one for sellers")
    if reason in RETIRED:
        raise ApiError(25001020, "The reason is not in use any more")
    if reason.removesuffix(_UK) in {**_UNPAID, **_PAID}:
        raise ApiError(25001021, "The reason does not go with the order's status")
    raise ApiError(25001014, "The reason is unknown")


def reject_reasons(region: str) -> dict[str, str]:
    """Why a seller may refuse a buyer's request for cancellation: texts by name."""
    return _REJECT_CANCEL_US if region == "US" else _REJECT_CANCEL


def reason_text(name: str, language: str) -> str:
    texts = {**_UNPAID, **_PAID, **BUYER_CANCEL, **BUYER_RETURN, **_REJECT_CANCEL_US, **_REJECT_CANCEL, **REJECT_RETURN}
    return local(texts.get(name.removesuffix(_UK), name), language)
