"""The five orders and their buyers that PrestaShop's fixtures bring: 8.2.1 with two customers, 9.1.4 with one."""

from __future__ import annotations

from sandbox.prestashop.generator.settings import country_id
from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Row

_STATES = (6, 1, 8, 1, 10)
# Lines of each order: product, variant.
_LINES = (((1, 1), (2, 9)), ((16, 28), (17, 32)), ((16, 28),), ((16, 28),), ((10, 24),))
_ADDRESSES = ("Anonymous", "supplier", "manufacturer", "manufacturer", "My address", "My second address")


def fill_demo_orders(shop: Shop) -> None:
    """So many rows of each kind that the next ids are those of the recordings."""
    tables, now = shop.tables, shop.now()
    dates = {"date_add": now, "date_upd": now}
    people = [("Anonymous", "Anonymous", "anonymous@example.com"), ("DOE", "John", "pub@prestashop.com")]
    for last, first, email in people[1:] if shop.major >= 9 else people:
        customer: Row = {
            "lastname": last,
            "firstname": first,
            "email": email,
            "_email": email,
            "id_default_group": 3,
            "_groups": (3,),
            "id_lang": 1,
            "secure_key": f"{shop.dice.getrandbits(128):032x}",
            "active": 1,
        }
        tables["customers"].insert(customer | dates)
    buyer = tables["customers"].ids[-1]
    for alias in _ADDRESSES[1:] if shop.major >= 9 else _ADDRESSES:
        address: Row = {
            "id_customer": buyer if alias.startswith("My") else 0,
            "id_country": country_id(shop, "FR"),
            "alias": alias,
            "lastname": "DOE",
            "firstname": "John",
            "address1": "16, Main street",
            "postcode": "75002",
            "city": "Paris ",
        }
        tables["addresses"].insert(address | dates)
    place = tables["addresses"].ids[-2]
    for position, (state, lines) in enumerate(zip(_STATES, _LINES, strict=True)):
        rows = tuple((product, variant, place, 0, 1) for product, variant in lines)
        common: Row = {
            "id_address_delivery": place,
            "id_address_invoice": place,
            "id_customer": buyer,
            "id_currency": 1,
            "id_lang": 1,
            "id_carrier": 2,
            "secure_key": tables["customers"].rows[buyer]["secure_key"],
        } | dates
        cart = tables["carts"].insert({**common, "_rows": rows})
        order = tables["orders"].insert(
            {
                **common,
                "id_cart": cart,
                "current_state": state,
                "module": "ps_checkpayment",
                "payment": "Payment by check",
                "reference": ("XKBKNABJK", "OHSATSERP", "UOYEVOLI0", "FFATNOMMJ", "KHWLILZLL")[position],
            }
        )
        for product, variant in lines:
            line = {"id_order": order, "product_id": product, "product_attribute_id": variant, "product_quantity": 1}
            tables["order_details"].insert(line)
        tables["order_carriers"].insert({"id_order": order, "id_carrier": 2, "date_add": now})
        for known in (1, state) if state in (6, 8) else (state,):
            history = {"id_order": order, "id_order_state": known, "id_employee": 1, "date_add": now}
            tables["order_histories"].insert(history)
