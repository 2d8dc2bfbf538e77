"""Random orders as a market's buyers place them, with everything that has broken an importer before.

The same seed over the same shelf places the same orders. How often each oddity comes is `Mix`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.tiktok import order_people
from sandbox.tiktok.markets import SEA
from sandbox.tiktok.order_entry import BY_SELLER, BY_TIKTOK, Entry
from sandbox.tiktok.order_model import DAY, Buyer, Charges, Item, Order
from sandbox.tiktok.order_money import rounded
from sandbox.tiktok.order_people import Person, Place
from sandbox.tiktok.shelf import Offer, Product

if TYPE_CHECKING:
    from sandbox.tiktok.world import TikTokWorld

ZERO = Decimal(0)
# What sending a parcel about costs
_SHIPPING = {
    "USD": "4.99",
    "GBP": "2.99",
    "EUR": "3.99",
    "PLN": "11.99",
    "CZK": "89",
    "HUF": "1490",
    "JPY": "500",
    "BRL": "14.90",
    "MXN": "59",
    "IDR": "15000",
    "VND": "20000",
    "MYR": "4.90",
    "PHP": "45",
    "THB": "38",
    "SGD": "1.99",
}
_TAX_RATES = tuple(map(Decimal, ("0", "0.0625", "0.08875", "0.1025", "0.0725")))
_MESSAGES = (
    "Merci d'emballer en cadeau",
    "Please leave it with the neighbour 🙏",
    "2nd floor; ring twice & wait\nThank you!",
    "<b>URGENT</b> {=} #1 @door",
    "請小心包裝",
    "Long wish: " + "please wrap every piece in paper of its own, " * 20,
)
_METHODS = ("Credit/debit card", "PayPal", "Klarna", "Apple Pay", "TikTok Balance", "")


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of all orders, 0 to 1; None goes by the market."""

    on_hold: float = 0.5
    # Of those not cash on delivery: to be paid within ten minutes, or never
    unpaid: float = 0.06
    tiktok_shipping: float | None = None
    fulfilled_by_tiktok: float = 0.04
    cash_on_delivery: float | None = None
    sample: float = 0.03
    replacement: float = 0.02
    exchange: float = 0.01
    pre_order: float = 0.03
    gift: float = 0.05
    bundle: float = 0.04
    seller_discount: float = 0.4
    platform_discount: float = 0.3
    # Of discounts: not the same on every unit of a SKU
    uneven: float = 0.3
    shipping_discount: float = 0.4
    fee: float = 0.12
    message: float = 0.15
    address_changed: float = 0.05
    returning: float = 0.25
    hard_name: float = 0.15
    hard_street: float = 0.12
    no_phone: float = 0.05
    no_postal_code: float = 0.04


class OrderGenerator:
    """Buyers of the seller's first shop, or of the one given by its position."""

    def __init__(self, world: "TikTokWorld", seed: int, mix: Mix | None = None, *, shop: int = 0) -> None:
        self._world, self._shop = world, world.shops[shop]
        self._market = self._shop.market
        self._dice = Random(seed)
        self.mix = mix or Mix()
        self._buyers: list[tuple[Buyer, dict[str, Any]]] = []
        self._placed: list[str] = []

    def place_random(self, n: int = 1, *, over: int = 0) -> list[Order]:
        """Place up to `n` orders, fewer when the shelf runs empty; spread over the last `over` seconds."""
        with self._world.lock:
            self._shop.shelf.settle()
            book, placed = self._shop.book, []
            offers = self._offers()
            moments = sorted(self._dice.randint(0, over) for _ in range(n))
            for moment in moments:
                entry = self._entry(offers)
                if entry is None:
                    break
                placed.append(book.place(entry, at=book.now() - over + moment if over else None))
                self._placed.append(placed[-1].id)
            return placed

    def _happens(self, share: float) -> bool:
        return self._dice.random() < share

    def _amount(self, amount: Decimal) -> Decimal:
        return rounded(amount, self._market.decimals)

    # What is bought

    def _offers(self) -> dict[str, Offer]:
        """SKUs on sale, in an order that does not follow from which was listed first: the same seed buys the same."""

        def external_id(product: Product) -> str:
            return str(product.content.get("external_product_id"))

        return {
            sku_id: offer
            for product in sorted(self._shop.shelf.products.values(), key=external_id)
            if product.status == "ACTIVATE" and product.live is not None
            for sku_id, offer in product.offers.items()
            if not offer.deactivated_by
        }

    def _some(self, offers: dict[str, Offer], least: int = 1) -> list[str]:
        """A few SKUs with that much in one warehouse, in the order of chance."""

        def there(keys: Iterable[str]) -> list[str]:
            return [key for key in keys if max(offers[key].stock.values(), default=0) >= least]

        few = self._dice.sample(list(offers), min(8, len(offers)))
        return there(few) or there(offers)

    def _entry(self, offers: dict[str, Offer]) -> Entry | None:
        dice, mix = self._dice, self.mix
        chosen = self._some(offers)[: dice.choices((1, 2, 3, 4), (65, 20, 10, 5))[0]]
        if not chosen:
            return None
        free = self._free()
        warehouse_id = max(offers[chosen[0]].stock, key=lambda key: offers[chosen[0]].stock[key])
        rate = dice.choice(_TAX_RATES) if self._market.region == "US" else ZERO
        items = [
            self._item(sku_id, offers[sku_id].stock[warehouse_id], rate, free=bool(free))
            for sku_id in chosen
            if offers[sku_id].stock.get(warehouse_id, 0) > 0
        ]
        if not free and len(items) > 1 and self._happens(mix.gift * 2):
            items[-1] = Item(items[-1].sku_id, is_gift=True)
        if not free:
            self._bundle(items, offers, warehouse_id)
        buyer, recipient = self._who()
        cash = 0.15 if self._market.region in SEA else 0.0
        is_cod = not free and self._happens(cash if mix.cash_on_delivery is None else mix.cash_on_delivery)
        entry = Entry(
            items,
            buyer,
            recipient,
            self._charges(rate, free=bool(free), is_cod=is_cod),
            warehouse_id,
            is_cod=is_cod,
            message=dice.choice(_MESSAGES) if self._happens(mix.message) else "",
            payment_method_name="" if is_cod else dice.choice(_METHODS),
            on_hold=self._happens(mix.on_hold),
            address_updated=self._happens(mix.address_changed),
            **self._shipping(),
            **free,
        )
        if not is_cod and not free and self._happens(mix.unpaid):
            entry = replace(entry, paid=False, pay_after=dice.choice((60, 300, 600, None)))
        if not free and self._happens(mix.pre_order):
            release = self._shop.book.now() + dice.randint(3, 30) * DAY
            entry = replace(entry, order_type="PRE_ORDER", release_date=release, on_hold=True)
        return entry

    def _free(self) -> dict[str, Any]:
        """Orders nobody pays for."""
        if self._happens(self.mix.sample):
            return {"is_sample": True, "is_refundable_sample": self._happens(0.3)}
        for name, share in (("replaces", self.mix.replacement), ("exchanges", self.mix.exchange)):
            if self._placed and self._happens(share):
                return {name: self._dice.choice(self._placed)}
        return {}

    def _shipping(self) -> dict[str, Any]:
        share = self.mix.tiktok_shipping
        if share is None:
            share = 0.9 if self._market.region in SEA else 0.2
        by_tiktok = self._happens(self.mix.fulfilled_by_tiktok)
        return {
            "shipping_type": "TIKTOK" if by_tiktok or self._happens(share) else "SELLER",
            "fulfillment_type": BY_TIKTOK if by_tiktok else BY_SELLER,
        }

    def _item(self, sku_id: str, stock: int, tax_rate: Decimal, *, free: bool) -> Item:
        dice, mix = self._dice, self.mix
        quantity = min(stock, dice.choices((1, 2, 3, 5), (70, 18, 8, 4))[0])
        product = self._shop.shelf.products[self._shop.shelf.product_of_sku[sku_id]]
        price = Decimal(product.offers[sku_id].price)
        if free:
            # Both were seen: no price at all, and a price taken off again.
            price = dice.choice((ZERO, price))
            return Item(sku_id, quantity, price, seller_discount=price)
        by_seller = self._discounts(price, quantity, mix.seller_discount, 40)
        by_platform = self._discounts(price, quantity, mix.platform_discount, 25)
        return Item(sku_id, quantity, price, by_seller, by_platform, tax_rate)

    def _discounts(self, price: Decimal, quantity: int, share: float, most: int) -> list[Decimal]:
        """One a unit; a coupon over the whole cart leaves odd cents on single units."""
        if not self._happens(share):
            return [ZERO] * quantity
        percent = self._dice.randint(1, most)
        even = self._amount(price * percent / 100)
        if not self._happens(self.mix.uneven):
            return [even] * quantity
        return [self._amount(price * self._dice.randint(0, most) / 100) for _ in range(quantity)]

    def _bundle(self, items: list[Item], offers: dict[str, Offer], warehouse_id: str) -> None:
        """Let the last item be a bundle of SKUs that are not ordered by themselves."""
        taken = {item.sku_id for item in items}
        parts = [
            key for key in self._some(offers, 3) if key not in taken and offers[key].stock.get(warehouse_id, 0) >= 3
        ]
        last = items[-1]
        if last.is_gift or len(parts) < 2 or not self._happens(self.mix.bundle):
            return
        chosen = tuple((key, pieces) for key, pieces in zip(self._dice.sample(parts, 2), (1, 2), strict=True))
        as_sub_items = self._happens(0.5)
        items[-1] = Item(last.sku_id, 1, last.price, tax_rate=last.tax_rate, parts=chosen, as_sub_items=as_sub_items)

    def _charges(self, tax_rate: Decimal, *, free: bool, is_cod: bool) -> Charges:
        if free:
            return Charges()
        dice, region = self._dice, self._market.region
        fee = Decimal(_SHIPPING.get(self._market.currency, "5"))
        shipping = self._amount(fee * dice.choice((0, 80, 100, 100, 137, 200)) / 100)
        part = self._amount(shipping * dice.randint(10, 45) / 100)
        discounts: dict[str, Decimal] = {}
        if self._happens(self.mix.shipping_discount):
            discounts = dice.choice(
                (
                    {"platform_discount": shipping},
                    {"seller_discount": shipping},
                    {"platform_discount": part},
                    {"seller_discount": part, "platform_discount": shipping - part},
                    {"seller_discount": part, "cofunded_discount": part},
                )
            )
        fees: dict[str, Decimal] = {}
        if self._happens(self.mix.fee):
            names = {"US": ("small_order_fee", "retail_delivery_fee"), **dict.fromkeys(SEA, ("buyer_service_fee",))}
            fees[dice.choice(names.get(region, ("small_order_fee", "handling_fee")))] = self._amount(fee / 5)
        if is_cod:
            fees["handling_fee"] = self._amount(fee / 4)
        left = shipping - sum(discounts.values(), ZERO)
        return Charges(shipping, **discounts, tax=self._amount(left * tax_rate), fees=fees)

    # Who buys

    def _who(self) -> tuple[Buyer, dict[str, Any]]:
        """A new buyer, or one who comes again: with the old address or another, the same relay or another."""
        dice = self._dice
        if self._buyers and self._happens(self.mix.returning):
            buyer, recipient = dice.choice(self._buyers)
            if self._happens(0.3):
                recipient = self._recipient()
            if self._happens(0.3):
                buyer = replace(buyer, email=order_people.buyer_of(f"{dice.random()}").email)
            return buyer, recipient
        buyer = order_people.buyer_of(f"{dice.random()}", dice.choice(("mug_lover", "🌻sun", "user8421", "小红", "")))
        self._buyers.append((buyer, self._recipient()))
        return self._buyers[-1]

    def _recipient(self) -> dict[str, Any]:
        dice, mix, market = self._dice, self.mix, self._market
        person: Person = dice.choice(order_people.people(market, hard=self._happens(mix.hard_name)))
        place: Place = dice.choice(order_people.places(market))
        if self._happens(mix.hard_street):
            place = replace(place, street=dice.choice(order_people.hard_streets()))
        if self._happens(mix.no_postal_code):
            place = replace(place, postal_code="")
        phone = "" if self._happens(mix.no_phone) else order_people.phone(market, dice.randint(0, 99999))
        drop_off = dice.choice(("", "", "", "Front porch", "Behind the bins"))
        return order_people.recipient(market, person, place, phone, drop_off, spelling=dice.randint(0, 1))
