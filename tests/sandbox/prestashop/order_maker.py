"""Makes customers, addresses, carts and orders through the webservice, as the connector does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import httpx

from sandbox.prestashop.app import Faults
from sandbox.prestashop.world import World
from tests.sandbox.prestashop.client import Api

Lines = Sequence[tuple[int, int, int]]


def tags(fields: dict[str, Any]) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())


def ids(answer: httpx.Response) -> list[int]:
    """Ids of the objects of an XML answer, in order."""
    return [int(found) for found in re.findall(r"\t<id><!\[CDATA\[(\d+)\]\]></id>", answer.text)]


def made(answer: httpx.Response) -> int:
    assert answer.status_code == 201, answer.text
    return ids(answer)[0]


class OrderMaker(Api):
    """A webservice client that knows how to order: product lines are (product, variant, quantity)."""

    def __init__(self, world: World, *, faults: Faults | None = None) -> None:
        super().__init__(world, faults=faults)
        self.country = int(world.setting("PS_COUNTRY_DEFAULT"))
        self.emails = 0

    def customer_xml(self, **fields: Any) -> str:
        self.emails += 1
        values: dict[str, Any] = {
            "passwd": "secret-12345",
            "lastname": "Doe",
            "firstname": "Jane",
            "email": f"buyer-{self.emails}@example.com",
            "id_default_group": 3,
            "active": 1,
        }
        return f"<customer>{tags(values | fields)}</customer>"

    def customer(self, **fields: Any) -> int:
        return made(self.send("POST", "customers", self.customer_xml(**fields)))

    def address_xml(self, customer: int, **fields: Any) -> str:
        values: dict[str, Any] = {
            "id_customer": customer,
            "id_country": self.country,
            "alias": "TikTok",
            "lastname": "Doe",
            "firstname": "Jane",
            "address1": "1 Main St",
            "postcode": "10001",
            "city": "Town",
        }
        return f"<address>{tags(values | fields)}</address>"

    def address(self, customer: int, **fields: Any) -> int:
        return made(self.send("POST", "addresses", self.address_xml(customer, **fields)))

    def cart_xml(self, customer: int, address: int, lines: Lines, *, carrier: int = 0, **fields: Any) -> str:
        rows = "".join(
            "<cart_row>"
            + tags(
                {
                    "id_product": product,
                    "id_product_attribute": variant,
                    "id_address_delivery": address,
                    "quantity": quantity,
                }
            )
            + "</cart_row>"
            for product, variant, quantity in lines
        )
        values: dict[str, Any] = {
            "id_currency": 1,
            "id_lang": 1,
            "id_customer": customer,
            "id_address_delivery": address,
            "id_address_invoice": address,
            "id_carrier": carrier,
            "secure_key": self.world.row("customers", customer)["secure_key"],
        }
        if carrier:
            values["delivery_option"] = f'{{"{address}":"{carrier},"}}'
        lists = f"<associations><cart_rows>{rows}</cart_rows></associations>"
        return f"<cart>{tags(values | fields)}{lists}</cart>"

    def cart(self, customer: int, address: int, lines: Lines, *, carrier: int = 0, **fields: Any) -> int:
        return made(self.send("POST", "carts", self.cart_xml(customer, address, lines, carrier=carrier, **fields)))

    def price(self, cart: int, product: int, variant: int, net: str) -> int:
        values = {
            "id_shop_group": 0,
            "id_shop": 1,
            "id_cart": cart,
            "id_product": product,
            "id_product_attribute": variant,
            "id_currency": 1,
            "id_country": 0,
            "id_group": 0,
            "id_customer": self.world.row("carts", cart)["id_customer"],
            "price": net,
            "from_quantity": 1,
            "reduction": 0,
            "reduction_tax": 0,
            "reduction_type": "amount",
            "from": "0000-00-00 00:00:00",
            "to": "0000-00-00 00:00:00",
        }
        return made(self.send("POST", "specific_prices", f"<specific_price>{tags(values)}</specific_price>"))

    def order_xml(self, cart: int, total: str, **fields: Any) -> str:
        row = self.world.row("carts", cart)
        values: dict[str, Any] = {
            "id_address_delivery": row["id_address_delivery"],
            "id_address_invoice": row["id_address_invoice"],
            "id_cart": cart,
            "id_currency": row["id_currency"],
            "id_lang": 1,
            "id_customer": row["id_customer"],
            "id_carrier": row["id_carrier"],
            "module": "ps_wirepayment",
            "payment": "TikTok Shop",
            "total_paid": total,
            "total_paid_real": total,
            "total_products": 0,
            "total_products_wt": 0,
            "conversion_rate": 1,
        }
        return f"<order>{tags(values | fields)}</order>"

    def post_order(self, cart: int, total: str, **fields: Any) -> httpx.Response:
        return self.send("POST", "orders", self.order_xml(cart, total, **fields))

    def order(self, cart: int, total: str, **fields: Any) -> int:
        return made(self.post_order(cart, total, **fields))

    def bought(self, lines: Lines, total: str, *, carrier: int = 0, **address: Any) -> int:
        """A new customer's order."""
        customer = self.customer()
        place = self.address(customer, **address)
        return self.order(self.cart(customer, place, lines, carrier=carrier), total)

    def state(self, order: int, state: int, **params: Any) -> httpx.Response:
        xml = f"<order_history><id_order>{order}</id_order><id_order_state>{state}</id_order_state></order_history>"
        return self.send("POST", "order_histories", xml, **params)
