"""What prices and stock of a listing have to change: ours against what TikTok Shop was last confirmed to show.

Sources: tiktok-shop-api.md 3.19 to 3.21; features K1, K3, K4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from rules.decision import Decision, Reason
from rules.price import Price
from rules.quantity import pieces_to_offer


@dataclass(frozen=True, slots=True)
class ShownSku:
    """A SKU as TikTok Shop was last confirmed to show it; what is not known, because a call had no answer, is None.

    `offered` is the decided quantity that its stock was made from, `everywhere` the pieces in all warehouses together.
    """

    sku_id: str
    price: Decimal | None
    currency: str
    offered: int | None
    everywhere: int = 0


@dataclass(frozen=True, slots=True)
class WantedSku:
    """A SKU as it should be. `price` None: there is none to show, `refusal` says why.

    `everywhere`: nobody may sell it at all, so that its stock in warehouses that are not ours becomes 0 too.
    `stock` and `backorder` are what `quantity` was made from: open orders are taken out of the stock, not of it.
    """

    price: Price | None
    quantity: int
    refusal: Reason | None = None
    everywhere: bool = False
    stock: int = 0
    backorder: int = 0
    price_reasons: tuple[Reason, ...] = ()
    quantity_reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class SkuStep:
    """One SKU of a planned change: from, to, and why. Amounts and pieces as text, as they are stored and shown."""

    sku_id: str
    before: str
    after: str
    currency: str = ""
    everywhere: bool = False
    stock: int = 0
    backorder: int = 0

    @property
    def moves(self) -> bool:
        """Whether it differs at all; the others are sent along, because a call covers all SKUs of a listing."""
        return self.before != self.after

    def as_record(self) -> dict[str, object]:
        """As stored in a change."""
        return {
            "sku_id": self.sku_id,
            "from": self.before,
            "to": self.after,
            **({"currency": self.currency} if self.currency else {}),
            **({"everywhere": True} if self.everywhere else {}),
            **({"stock": self.stock} if self.stock else {}),
            **({"backorder": self.backorder} if self.backorder else {}),
        }


@dataclass(frozen=True, slots=True)
class OfferChange:
    """All SKUs of a listing that one call sets, and why those that move do."""

    steps: tuple[SkuStep, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class OfferDifference:
    """What of a listing's prices and stock differs, and the SKUs that have no price to show."""

    price: OfferChange | None = None
    stock: OfferChange | None = None
    refused: Mapping[str, Reason] = field(default_factory=dict)


def gone(why: str) -> WantedSku:
    """What a SKU whose variant is gone in PrestaShop should be: sold out, at the price it has."""
    return WantedSku(price=None, quantity=0, everywhere=True, quantity_reasons=(Reason("gone", why),))


def offer_difference(
    shown: Sequence[ShownSku],
    wanted: Mapping[str, WantedSku],
    *,
    sync_price: bool,
    sync_stock: bool,
) -> OfferDifference:
    """The difference for one listing, by SKU id (B12, K1).

    Args:
        shown: every linked SKU of the listing.
        wanted: by SKU id; SKUs not in it are left alone.
        sync_price, sync_stock: whether prices and stock are kept in step at all.
    """
    skus = [(sku, wanted[sku.sku_id]) for sku in shown if sku.sku_id in wanted]
    price = stock = None
    if sync_price:
        prices = [
            (
                SkuStep(sku.sku_id, _amount(sku, want.price), f"{want.price.amount:f}", want.price.currency),
                want.price_reasons,
            )
            for sku, want in skus
            if want.price is not None
        ]
        price = _change(
            [step for step, _ in prices],
            _why([(step, reasons) for step, reasons in prices if step.moves]),
            moved=any(_price_moves(sku, want) for sku, want in skus),
        )
    if sync_stock:
        pieces = [
            (
                SkuStep(
                    sku.sku_id,
                    _pieces(sku, want),
                    str(want.quantity),
                    everywhere=want.everywhere,
                    stock=want.stock,
                    backorder=want.backorder,
                ),
                want.quantity_reasons,
            )
            for sku, want in skus
        ]
        stock = _change(
            [step for step, _ in pieces],
            _why([(step, reasons) for step, reasons in pieces if step.moves]),
            moved=any(_stock_moves(sku, want) for sku, want in skus),
        )
    refused = {sku.sku_id: want.refusal for sku, want in skus if want.refusal is not None} if sync_price else {}
    return OfferDifference(price, stock, refused)


def _price_moves(sku: ShownSku, want: WantedSku) -> bool:
    # Compared as numbers: 24.9 and 24.90 are one price (3.15).
    return want.price is not None and (sku.price, sku.currency) != (want.price.amount, want.price.currency)


def _stock_moves(sku: ShownSku, want: WantedSku) -> bool:
    # What nobody may sell is not sold from other warehouses either, although ours is empty already.
    return sku.offered != want.quantity or (want.everywhere and sku.everywhere > 0)


def _amount(sku: ShownSku, wanted: Price) -> str:
    """At least as many decimals as the price beside it has, so that the same price reads the same and no other."""
    if sku.price is None:
        return ""
    decimals = max(_decimals(wanted.amount), _decimals(sku.price.normalize()))
    return f"{sku.price:.{decimals}f}" + (f" {sku.currency}" if sku.currency != wanted.currency else "")


def _decimals(amount: Decimal) -> int:
    return max(0, -int(amount.as_tuple().exponent))


def _pieces(sku: ShownSku, want: WantedSku) -> str:
    if sku.offered is None:
        return ""
    return str(sku.everywhere if sku.offered == want.quantity and _stock_moves(sku, want) else sku.offered)


def _change(steps: Sequence[SkuStep], reasons: tuple[Reason, ...], *, moved: bool) -> OfferChange | None:
    return OfferChange(tuple(steps), reasons) if steps and moved else None


def _why(steps: Sequence[tuple[SkuStep, tuple[Reason, ...]]]) -> tuple[Reason, ...]:
    """The last steps of the first few SKUs' reasonings: what made the number. `explain` has them all."""
    reasons: dict[Reason, None] = {}
    for _, of_sku in steps:
        for reason in of_sku[-2:]:
            reasons.setdefault(reason)
        if len(reasons) >= 4:
            break
    return tuple(reasons)


def warehouse_stock(
    stock: int,
    available: Mapping[str, int],
    committed: int,
    *,
    warehouse_id: str,
    threshold: int = 0,
    backorder: int = 0,
    everywhere: bool = False,
) -> Decision[dict[str, int]]:
    """The stock to set in every warehouse that carries a SKU (3.20).

    The platform's quantity is what buyers can still order: units committed to open orders are kept apart. PrestaShop
    takes a unit out of its own stock when the order arrives there, so units of orders that have not arrived are taken
    out here, or they would be sold twice.

    Args:
        stock: pieces in PrestaShop, before any setting.
        available: present stock by warehouse id, of all that carry the SKU.
        committed: units of orders that PrestaShop does not know yet.
        warehouse_id: the connection's sales warehouse (A4).
        threshold, backorder: as in `rules.quantity.pieces_to_offer`.
        everywhere: nobody may sell it: all warehouses become 0. Otherwise what others have is the merchant's own and
            sent back as it is, because a call has to name them all.
    """
    offered = (
        Decision(0)
        if everywhere
        else pieces_to_offer(stock, threshold=threshold, backorder=backorder, reserved=committed)
    )
    reasons = list(offered.reasons)
    stocks = {key: 0 if everywhere else pieces for key, pieces in available.items()}
    stocks[warehouse_id] = offered.value
    others = len(stocks) - 1
    if others:
        what = "set to 0" if everywhere else "left as they are"
        reasons.append(Reason("other_warehouses", f"{others} other warehouses are {what}"))
    return Decision(stocks, tuple(reasons))


def deletions_need_consent(gone_listings: int, listings: int, *, share_percent: int) -> bool:
    """Whether so many listings would go at once that a person should be asked first.

    A handful is always allowed: in a small shop a tenth of the catalogue is one product.
    """
    return gone_listings > _ALWAYS_ALLOWED and gone_listings * 100 > listings * share_percent


_ALWAYS_ALLOWED = 5
