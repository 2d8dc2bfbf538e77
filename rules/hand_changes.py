"""What somebody changed on TikTok Shop since it was last confirmed, told from what we and buyers change ourselves.

Sources: tiktok-shop-api.md 3.13 (versions), 3.16 (what a search shows), 3.20 (orders take stock by themselves).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from models.listings import Listing, ListingSku
from rules.readback import is_under_review

Entry = dict[str, str]
"""{"field", "ours", "shown"}, for people."""

# Update times are whole seconds, and two clocks are compared.
_GENEROUS: Final = timedelta(seconds=2)
_ON_THE_SHELF: Final = ("ACTIVATE", "SELLER_DEACTIVATED", "PLATFORM_DEACTIVATED")
_DELETED: Final = "deleted"


@dataclass(frozen=True, slots=True)
class ShownSku:
    """A SKU as a search or the details of its product show it; `price` None when it is not told."""

    sku_id: str
    seller_sku: str
    price: Decimal | None
    currency: str
    stock: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class HandChanges:
    """What differs, and what the record has to become: what TikTok Shop was last seen to show.

    Attributes:
        entries: every difference that stands, the ones known before included.
        found: those of them that are new.
        title, seller_skus, prices, stocks: shown values that take the place of recorded ones; by SKU id.
        missing: ids of SKUs that are not shown. Only the details of the product prove that they are gone,
        lost: and then they are here.
    """

    entries: tuple[Entry, ...] = ()
    found: tuple[Entry, ...] = ()
    title: str | None = None
    seller_skus: Mapping[str, str] = field(default_factory=dict)
    prices: Mapping[str, tuple[Decimal, str]] = field(default_factory=dict)
    stocks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def content_moved(self) -> bool:
        """Something that an edit would bring back."""
        return self.title is not None or bool(self.seller_skus) or bool(self.lost)


def shown_skus(product: Mapping[str, Any]) -> dict[str, ShownSku]:
    """The SKUs of a product as read, by id."""
    return {
        str(sku["id"]): ShownSku(
            sku_id=str(sku["id"]),
            seller_sku=str(sku.get("seller_sku") or ""),
            price=_amount((sku.get("price") or {}).get("sale_price")),
            currency=str((sku.get("price") or {}).get("currency") or ""),
            stock={str(one["warehouse_id"]): int(one.get("quantity") or 0) for one in sku.get("inventory") or ()},
        )
        for sku in product.get("skus") or ()
    }


def was_confirmed_before(confirmed_at: datetime | None, update_time: int, asked_at: datetime) -> bool:
    """Whether what was read can tell of a change made after what was confirmed.

    Args:
        confirmed_at: our clock; None when it is not known.
        update_time: the product's, Unix seconds of the platform's clock.
        asked_at: when the reading began, by our clock.
    """
    if confirmed_at is None or confirmed_at >= asked_at:
        return False
    return update_time >= int((confirmed_at - _GENEROUS).timestamp())


def hand_changes(
    listing: Listing, skus: Sequence[ListingSku], product: Mapping[str, Any], asked_at: datetime, *, is_detail: bool
) -> HandChanges:
    """Compare a product as read with the record of it, field by field.

    A difference that is known already stands until TikTok Shop shows something else: the record says then what is
    shown, and ours is what it was before. While a version is under review nothing is compared, for ours may be in it.

    Args:
        listing, skus: the record; no change of theirs may be on its way.
        product: a row of a search, or details.
        asked_at: when the reading began, by our clock.
        is_detail: it is the answer to get product.
    """
    known = {entry["field"]: entry for entry in listing.hand_changes}
    if is_under_review(product) or product.get("status") not in _ON_THE_SHELF:
        return HandChanges(entries=tuple(listing.hand_changes))
    comparison = _Comparison(known)
    shown = shown_skus(product)
    updated = int(product.get("update_time") or 0)
    # After a refused edit the record holds what was refused, and the shelf the version from before.
    versions_agree = (product.get("audit") or {}).get("status") != "FAILED" and was_confirmed_before(
        listing.confirmed_at, updated, asked_at
    )
    is_ours = bool(listing.content)
    compare_content = is_ours and versions_agree
    title = None
    if comparison.content_differs("title", listing.title, str(product.get("title") or ""), compare=compare_content):
        title = str(product.get("title") or "")
    missing: list[str] = []
    seller_skus: dict[str, str] = {}
    prices: dict[str, tuple[Decimal, str]] = {}
    stocks: dict[str, Mapping[str, int]] = {}
    names = _names(skus)
    for sku in skus:
        if sku.id_product is None:
            # What is not linked to a product is not ours; those who link keep it.
            continue
        name, found = names[sku.sku_id], shown.get(sku.sku_id)
        if found is None:
            if versions_agree:
                missing.append(sku.sku_id)
                if is_ours and is_detail:
                    comparison.differs(f"variant {name}", "listed", _DELETED)
            continue
        if was_confirmed_before(sku.confirmed_at, updated, asked_at):
            if _price_differs(comparison, name, sku, found) and found.price is not None:
                prices[sku.sku_id] = found.price, found.currency
            if _stock_differs(comparison, name, sku, found):
                stocks[sku.sku_id] = dict(found.stock)
        else:
            comparison.keep(f"price of {name}", f"stock of {name}")
        renamed = f"SKU of variant {sku.sku_id}"
        if comparison.content_differs(renamed, sku.seller_sku, found.seller_sku, compare=compare_content):
            seller_skus[sku.sku_id] = found.seller_sku
    if compare_content:
        _added(comparison, skus, shown)
    if not listing.content_hash:
        # A variant that was deleted is missed until an edit has put in order what is listed.
        comparison.keep(*(entry["field"] for entry in listing.hand_changes if entry["shown"] == _DELETED))
    return HandChanges(
        entries=tuple(comparison.entries.values()),
        found=tuple(comparison.found),
        title=title,
        seller_skus=seller_skus,
        prices=prices,
        stocks=stocks,
        missing=tuple(missing),
        lost=tuple(missing) if is_detail else (),
    )


def _names(skus: Sequence[ListingSku]) -> dict[str, str]:
    """What people know a SKU by, by id: the seller SKU, or the id where there is none or two have the same."""
    used = Counter(sku.seller_sku for sku in skus)
    return {sku.sku_id: sku.seller_sku if sku.seller_sku and used[sku.seller_sku] == 1 else sku.sku_id for sku in skus}


def content_as_shown(
    content: Mapping[str, Any], changes: HandChanges, attributes: Mapping[str, int | None]
) -> dict[str, Any]:
    """Recorded content (`rules.content.ListingContent` as JSON) with what was changed by hand in it.

    What an edit changes back is then told by the ordinary comparison of contents.

    Args:
        content: as recorded.
        changes: what differs.
        attributes: id_product_attribute by SKU id.
    """
    lost = {attributes.get(sku_id) for sku_id in changes.lost}
    renamed = {attributes.get(sku_id): seller_sku for sku_id, seller_sku in changes.seller_skus.items()}
    return {
        **content,
        **({} if changes.title is None else {"title": changes.title}),
        "skus": [
            {**sku, "seller_sku": renamed.get(sku["id_product_attribute"], sku["seller_sku"])}
            for sku in content.get("skus", ())
            if sku["id_product_attribute"] not in lost
        ],
    }


class _Comparison:
    """Differences by field, the known ones carried on where they still stand."""

    def __init__(self, known: Mapping[str, Entry]) -> None:
        self._known = known
        self.entries: dict[str, Entry] = {}
        self.found: list[Entry] = []

    def keep(self, *fields: str) -> None:
        """Nothing can be said about these now: what was known stands."""
        self.entries.update({name: self._known[name] for name in fields if name in self._known})

    def content_differs(self, name: str, recorded: str, shown: str, *, compare: bool) -> bool:
        """The same for what only an edit brings back, with an audit: that is done once.

        What is shown again after the edit was not typed by hand: the platform writes it so, and would for ever.
        """
        same_again = self._known.get(name) == {"field": name, "ours": recorded, "shown": shown}
        if not compare or same_again:
            self.keep(name)
            return False
        # Blanks are put in order over there.
        return self.differs(name, recorded, recorded if shown.split() == recorded.split() else shown)

    def differs(self, name: str, recorded: str, shown: str) -> bool:
        """Whether what is shown is not what is recorded; texts as they are told to people."""
        known = self._known.get(name)
        by_hand = known is not None and known["shown"] == recorded
        if shown == recorded:
            if by_hand:
                self.keep(name)
            return False
        ours = known["ours"] if known is not None and by_hand else recorded
        if shown != ours:
            entry = {"field": name, "ours": ours, "shown": shown}
            self.entries[name] = entry
            if entry != known:
                self.found.append(entry)
        return True


def _price_differs(comparison: _Comparison, name: str, sku: ListingSku, found: ShownSku) -> bool:
    if sku.price is None or found.price is None:
        return False
    recorded, shown = money_text(sku.price, sku.currency), money_text(found.price, found.currency)
    return comparison.differs(f"price of {name}", recorded, shown)


def _stock_differs(comparison: _Comparison, name: str, sku: ListingSku, found: ShownSku) -> bool:
    """More than was offered; less is what orders do, and what a cancelled order gives back was offered before."""
    if sku.offered is None:
        # Seen before and not sent again yet.
        comparison.keep(f"stock of {name}")
        return False
    allowed = {key: max(sku.quantities.get(key, 0), sku.offered) for key in found.stock}
    more = [key for key, pieces in found.stock.items() if pieces > allowed[key]]
    if not more:
        return False
    most = max(more, key=lambda key: found.stock[key])
    return comparison.differs(f"stock of {name}", str(allowed[most]), str(found.stock[most]))


def _added(comparison: _Comparison, skus: Sequence[ListingSku], shown: Mapping[str, ShownSku]) -> None:
    recorded = {sku.sku_id for sku in skus}
    for sku_id, found in shown.items():
        if sku_id not in recorded:
            comparison.differs(f"variant {found.seller_sku or sku_id}", "none", "added")


def money_text(amount: Decimal, currency: str) -> str:
    """An amount as people read it: '24.90 GBP', '2490 JPY'."""
    text = f"{amount.normalize():f}"
    whole, dot, decimals = text.partition(".")
    return f"{whole}{dot}{decimals.ljust(2, '0') if dot else ''} {currency}"


def _amount(text: Any) -> Decimal | None:
    try:
        return Decimal(str(text)) if text not in (None, "") else None
    except InvalidOperation:
        return None
