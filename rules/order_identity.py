"""By what an order of TikTok Shop is known in PrestaShop: its reference (C6) and its private note."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from rules.decision import Decision, Reason
from rules.market import Market
from rules.texts import cut_at_word, plain
from rules.tiktok_order import TikTokOrder

# prestashop-webservice.md 2.12: orders.reference before version 9 and from it on.
_SHORT: Final = 9
_LONG: Final = 255
_LONG_SINCE: Final = 9
# The platform's own limit is not known; a note is read at a glance.
_MESSAGE: Final = 1000


def reference_for(order_id: str, prestashop_version: str, *, enabled: bool) -> Decision[str | None]:
    """The reference of the PrestaShop order; None: PrestaShop makes one. An id is never cut.

    Args:
        order_id: TikTok's id.
        prestashop_version: such as "8.2.1"; one that cannot be read counts as an old one.
        enabled: `orders.use_tiktok_reference` of the settings.
    """
    if not enabled:
        return Decision(None, (Reason("own_reference", "PrestaShop makes the reference (C6)"),))
    major = prestashop_version.strip().partition(".")[0]
    room = _LONG if major.isdecimal() and int(major) >= _LONG_SINCE else _SHORT
    if not order_id or len(order_id) > room:
        text = (
            f"PrestaShop {prestashop_version or '(unknown)'} has room for {room} characters, the TikTok order id has "
            f"{len(order_id)}: PrestaShop makes the reference, the id stands in the note (C6)"
        )
        return Decision(None, (Reason("reference_too_long", text),))
    return Decision(order_id, (Reason("tiktok_reference", "the TikTok order id is the reference (C6)"),))


def order_note(order: TikTokOrder, market: Market) -> str:
    """The private note of the PrestaShop order, one line a fact, without markup.

    Args:
        order: as TikTok Shop tells it.
        market: of the connection.
    """
    return "\n".join(plain(line) for line in _note(order, market))


def _note(order: TikTokOrder, market: Market) -> Iterator[str]:
    yield f"TikTok Shop order {order.id} ({market.region})"
    for is_it, name in (
        (order.is_sample, "Sample order"),
        (order.is_replacement, "Replacement"),
        (order.is_exchange, "Exchange"),
        (order.is_cod, "Cash on delivery, collected for TikTok Shop"),
        (order.by_tiktok, "Fulfilled by TikTok: not to be shipped"),
    ):
        if is_it:
            of = f" of order {order.source_order_id}" if name[0] in "RE" and order.source_order_id else ""
            yield name + of
    gifts = sum(unit.is_gift for unit in order.units)
    if gifts:
        yield f"Gifts among the units: {gifts}"
    yield from _money(order, market)
    if plain(order.buyer_message):
        yield f"Buyer: {cut_at_word(plain(order.buyer_message), _MESSAGE)}"


def _money(order: TikTokOrder, market: Market) -> Iterator[str]:
    """What TikTok paid of the price, and what it collected on top: neither is in what the buyer paid the seller."""
    payment = order.payment
    currency = payment.currency or market.currency
    funded = (
        ("on the goods", payment.platform_discount),
        ("on shipping", payment.shipping_fee_platform_discount),
        ("at payment", payment.payment_platform_discount),
    )
    parts = [f"{_amount(amount, market)} {where}" for where, amount in funded if amount]
    if parts:
        total = sum((amount for _, amount in funded), Decimal(0))
        yield f"Funded by TikTok: {_amount(total, market)} {currency} ({', '.join(parts)})"
    if payment.shipping_fee_cofunded_discount:
        yield f"Shipping discount funded together: {_amount(payment.shipping_fee_cofunded_discount, market)} {currency}"
    if payment.tax and not market.tax_included:
        yield f"Tax that TikTok collects and pays: {_amount(payment.tax, market)} {currency}"


def _amount(amount: Decimal, market: Market) -> str:
    return f"{amount:.{market.decimals}f}"
