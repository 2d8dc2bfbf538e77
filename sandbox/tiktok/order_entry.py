"""What a buyer orders and how, made into an order with a line for every unit (sheet 4.4, 4.6)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.tiktok import order_stock
from sandbox.tiktok.logistics import FBT_WAREHOUSE, OPTIONS
from sandbox.tiktok.markets import Market
from sandbox.tiktok.order_model import Buyer, Charges, Item, Order, Unit
from sandbox.tiktok.order_money import payment_of, rounded
from sandbox.tiktok.order_people import buyer_of, plain_recipient
from sandbox.tiktok.shelf import Product
from sandbox.tiktok.tree import ATTRIBUTES, local

if TYPE_CHECKING:
    from sandbox.tiktok.world import Shop, TikTokWorld

CARD = "Credit/debit card"
BY_SELLER, BY_TIKTOK = "FULFILLMENT_BY_SELLER", "FULFILLMENT_BY_TIKTOK"


@dataclass(frozen=True, slots=True)
class Entry:
    """An order to be placed. What is left out is an ordinary order: paid, on hold for an hour, shipped by the seller.

    `pay_after` seconds leave the order UNPAID so long, `paid` False until someone pays. Cash on delivery skips UNPAID.
    Orders fulfilled by TikTok take no stock of the seller's. A recipient has the fields of sheet 4.7.
    """

    items: Sequence[Item]
    buyer: Buyer | None = None
    recipient: dict[str, Any] | None = None
    charges: Charges = field(default_factory=Charges)
    warehouse_id: str = ""
    shipping_type: str = "SELLER"
    fulfillment_type: str = BY_SELLER
    order_type: str = "NORMAL"
    release_date: int | None = None
    message: str = ""
    payment_method_name: str = ""
    is_cod: bool = False
    is_sample: bool = False
    is_refundable_sample: bool = False
    replaces: str = ""
    exchanges: str = ""
    on_hold: bool = True
    paid: bool = True
    pay_after: int | None = None
    timed: bool = True
    address_updated: bool = False

    def order(self, world: "TikTokWorld", shop: "Shop", moment: int) -> Order:
        """The order, UNPAID and not yet in any book; ValueError for what cannot be ordered."""
        if not self.items:
            raise ValueError("an order has at least one item")
        option = OPTIONS[1 if self.shipping_type == "TIKTOK" else 0]
        units = [unit for item in self.items for unit in self._units(world, shop, item)]
        order_id = world.new_id("577", 18)
        buyer = self.buyer or buyer_of(order_id)
        cpf = "12345678909" if shop.region == "BR" else ""
        recipient = self.recipient or plain_recipient(shop.market)
        return Order(
            order_id,
            buyer.user_id,
            shop.market.currency,
            units,
            payment_of(units, self.charges),
            recipient,
            order_type=self.order_type,
            shipping_type=self.shipping_type,
            fulfillment_type=self.fulfillment_type,
            delivery_option_id=option.id,
            delivery_option_name=option.name,
            warehouse_id=units[0].warehouse_id,
            buyer_email=buyer.email,
            buyer_nickname=buyer.nickname,
            buyer_message=self.message,
            payment_method_name=self.payment_method_name or ("Cash on delivery" if self.is_cod else CARD),
            is_cod=self.is_cod,
            is_sample=self.is_sample,
            is_refundable_sample=self.is_refundable_sample,
            replaces=self.replaces,
            exchanges=self.exchanges,
            create_time=moment,
            timed=self.timed,
            address_updated=self.address_updated,
            is_on_hold=self.on_hold,
            release_date=self.release_date,
            cpf=cpf,
            cpf_name=recipient["name"] if cpf else "",
        )

    def _units(self, world: "TikTokWorld", shop: "Shop", item: Item) -> list[Unit]:
        product, offer = order_stock.on_sale(shop, item.sku_id)
        if item.quantity <= 0:
            raise ValueError(f"{item.quantity} units of {item.sku_id} cannot be ordered")
        sku = next(row for row in product.content["skus"] if row["id"] == item.sku_id)
        warehouse_id = self.warehouse_id or order_stock.fullest_warehouse(offer)
        if self.fulfillment_type != BY_SELLER:
            warehouse_id = FBT_WAREHOUSE
        price = Decimal(offer.price) if item.price is None else item.price
        by_seller = _for_each(item.seller_discount, item.quantity)
        by_platform = _for_each(item.platform_discount, item.quantity)
        units = []
        for i in range(item.quantity):
            unit = Unit(
                world.new_id("577", 18),
                product.id,
                item.sku_id,
                product.content.get("title", ""),
                sku_name(shop.market, sku),
                sku.get("seller_sku", ""),
                warehouse_id,
                Decimal(0) if item.is_gift else price,
                by_seller[i],
                by_platform[i],
                sku_image=_image(world, product, sku),
                is_gift=item.is_gift,
                gift_retail_price=price if item.is_gift else Decimal(0),
                parts=tuple(_part(shop, *part) for part in item.parts),
            )
            if item.as_sub_items:
                pieces = (sku_id for sku_id, number in item.parts for _ in range(number))
                unit.sub_items = tuple(_sub_item(world, shop, sku_id) for sku_id in pieces)
            if unit.sale_price < 0:
                raise ValueError(f"the discounts on {item.sku_id} are more than its price")
            unit.tax, unit.tax_rate = rounded(unit.sale_price * item.tax_rate, shop.market.decimals), item.tax_rate
            units.append(unit)
        return units


def _for_each(discount: Decimal | Sequence[Decimal], quantity: int) -> Sequence[Decimal]:
    if isinstance(discount, Decimal):
        return [discount] * quantity
    if len(discount) != quantity:
        raise ValueError(f"{len(discount)} discounts for {quantity} units")
    return discount


def _part(shop: "Shop", sku_id: str, pieces: int) -> tuple[str, int, str, str]:
    product, _ = order_stock.on_sale(shop, sku_id)
    sku = next(row for row in product.content["skus"] if row["id"] == sku_id)
    return sku_id, pieces, product.id, sku.get("seller_sku", "")


def _sub_item(world: "TikTokWorld", shop: "Shop", sku_id: str) -> dict[str, str]:
    _, _, product_id, seller_sku = _part(shop, sku_id, 1)
    content = shop.shelf.products[product_id].content
    sku = next(row for row in content["skus"] if row["id"] == sku_id)
    return {
        "id": world.new_id("577", 18),
        "sku_id": sku_id,
        "product_id": product_id,
        "seller_sku": seller_sku,
        "product_name": content.get("title", ""),
        "sku_name": sku_name(shop.market, sku),
    }


def sku_name(market: Market, sku: dict[str, Any]) -> str:
    """The values that make the variant; "Default" for the only SKU of a product (sheet 4.6)."""
    names = []
    for given in sku["sales_attributes"]:
        known = ATTRIBUTES.get(given["id"])
        words = known.values.get(given["value_id"]) if known else None
        names.append(local(words, market.language) if words else given.get("value_name", ""))
    return ", ".join(names) or "Default"


def _image(world: "TikTokWorld", product: Product, sku: dict[str, Any]) -> str:
    uris = [given["sku_img"]["uri"] for given in sku["sales_attributes"] if given.get("sku_img")]
    uris += [image["uri"] for image in product.content.get("main_images", ())]
    return world.media_url(uris[0]) if uris else ""
