"""What employees and other customers do to orders, and what tests ask about them; all under the shop's lock.

The connector never calls this: it is the merchant's and the warehouse's side of a scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.prestashop.checkout import cart_total, place_order
from sandbox.prestashop.order_lines import set_shipping_number
from sandbox.prestashop.order_states import mail_state, move_order, send_mail, state_setting
from sandbox.prestashop.order_stock import in_stock
from sandbox.prestashop.shop import PaymentModule, Shop
from sandbox.prestashop.tables import Row

FEE_REFERENCE = "SHIP-TIKTOK"
_EMPLOYEE = 1
_FOREVER = "2099-12-31 00:00:00"


class OrderOffice(Shop):
    """A shop with hands on its orders."""

    # --- what happens to an order -----------------------------------------------------------------------------------

    def set_order_state(self, id_order: int, id_state: int) -> int:
        """As an employee does, with stock, papers, payments and the state's mail; answers the row of the history."""
        with self.lock:
            self._known("orders", id_order)
            self._known("order_states", id_state)
            return move_order(self, id_order, id_state, employee=_EMPLOYEE)

    def cancel_order(self, id_order: int) -> int:
        """The canceled state: the stock comes back."""
        with self.lock:
            return self.set_order_state(id_order, state_setting(self, "PS_OS_CANCELED", 6))

    def add_tracking(self, id_order: int, number: str, carrier_reference: int | None = None) -> int:
        """A tracking number for the first parcel, as typed in the order page; answers the row of order_carriers.

        `carrier_reference` gives the parcel to another carrier. Such a change mails the customer, but it moves no
        date of the order.
        """
        with self.lock:
            self._known("orders", id_order)
            parcels = self.tables["order_carriers"].where("id_order", id_order)
            if not parcels:
                return self.add_order_carrier(id_order, number, carrier_reference)
            set_shipping_number(self, id_order, number)
            if carrier_reference is not None:
                self.tables["order_carriers"].update(parcels[0], {"id_carrier": self.carrier(carrier_reference)})
            send_mail(self, id_order, "in_transit")
            return parcels[0]

    def add_order_carrier(self, id_order: int, number: str = "", carrier_reference: int | None = None) -> int:
        """Another parcel of the order; answers its row."""
        with self.lock:
            order = self.row("orders", self._known("orders", id_order))
            carrier = order["id_carrier"] if carrier_reference is None else self.carrier(carrier_reference)
            return self.tables["order_carriers"].insert(
                {"id_order": id_order, "id_carrier": carrier, "tracking_number": number, "date_add": self.now()}
            )

    def remind_state(self, id_order: int) -> None:
        """The mail of the order's state once more, as the button in the order page does."""
        with self.lock:
            mail_state(self, id_order, self.row("orders", id_order)["current_state"])

    def delete_order(self, id_order: int) -> None:
        """The order is gone with its lines, its stock is not given back."""
        with self.lock:
            details = self.tables["order_details"]
            for detail in list(details.where("id_order", self._known("orders", id_order))):
                details.delete(detail)
            self.tables["orders"].delete(id_order)

    def order_elsewhere(self, id_product: int, id_product_attribute: int = 0, quantity: int = 1) -> int:
        """Another customer's order in the front shop, paid by wire; moves the stock. Answers its id."""
        with self.lock:
            self._known("products", id_product)
            cart = self._cart_of_a_stranger(id_product, id_product_attribute, quantity)
            state = state_setting(self, "PS_OS_PAYMENT", 2)
            row = self.row("carts", cart)
            return place_order(
                self,
                id_cart=cart,
                id_customer=row["id_customer"],
                module="ps_wirepayment",
                payment="Bank transfer",
                total_paid=cart_total(self, cart),
                state=state,
            )

    def _cart_of_a_stranger(self, id_product: int, id_product_attribute: int, quantity: int) -> int:
        now, country = self.now(), int(self.setting("PS_COUNTRY_DEFAULT", "0"))
        dates = {"date_add": now, "date_upd": now}
        group = int(self.setting("PS_CUSTOMER_GROUP", "3"))
        email = f"front-shop-{self.tables['customers'].next_id}@example.com"
        customer: Row = {
            "email": email,
            "_email": email,
            "lastname": "Shop",
            "firstname": "Front",
            "id_default_group": group,
            "_groups": (group,),
            "id_lang": 1,
            "secure_key": f"{self.dice.getrandbits(128):032x}",
            "active": 1,
        }
        buyer = self.tables["customers"].insert(customer | dates)
        address = self.tables["addresses"].insert(
            {
                "id_customer": buyer,
                "id_country": country,
                "alias": "Home",
                "lastname": "Shop",
                "firstname": "Front",
                "address1": "1 Main Street",
                "city": "Somewhere",
                "postcode": "10001",
            }
            | dates
        )
        return self.tables["carts"].insert(
            {
                "id_customer": buyer,
                "id_address_delivery": address,
                "id_address_invoice": address,
                "id_currency": int(self.setting("PS_CURRENCY_DEFAULT", "1")),
                "id_lang": 1,
                "secure_key": customer["secure_key"],
                "_rows": ((id_product, id_product_attribute, address if self.major < 9 else 0, 0, quantity),),
            }
            | dates
        )

    # --- how the merchant has set up the shop -------------------------------------------------------------------------

    def require_field(self, resource: str, field: str, required: bool = True) -> None:
        """Mark a field of customers or addresses as required, or take the mark away."""
        with self.lock:
            if self.tables[resource].resource.field(field) is None:
                raise KeyError(f"{resource} has no field {field}")
            marked = self.required_fields.get(resource, frozenset())
            self.required_fields[resource] = marked | {field} if required else marked - {field}

    def set_module(self, name: str, active: bool | None) -> None:
        """Install a payment module or switch it on or off; None takes it out of the shop."""
        with self.lock:
            if active is None:
                self.modules.pop(name, None)
            else:
                known = self.modules.get(name)
                self.modules[name] = PaymentModule(known.label if known else name, active)

    def carrier(self, reference: int) -> int:
        """The current id of a carrier."""
        table = self.tables["carriers"]
        for row_id in table.ids:
            row = self.row("carriers", row_id)
            if row["id_reference"] == reference and not row["deleted"]:
                return row_id
        raise KeyError(f"no carrier of reference {reference}")

    def carrier_named(self, name: str) -> int:
        """The current id of the carrier of that name."""
        for row_id in self.tables["carriers"].ids:
            row = self.row("carriers", row_id)
            if row["name"] == name and not row["deleted"]:
                return row_id
        raise KeyError(f"no carrier named {name}")

    def edit_carrier(self, id_carrier: int, **changes: Any) -> int:
        """Saved in the back office: a new id with the same id_reference, its prices copied, the old one deleted."""
        with self.lock:
            carriers, deliveries = self.tables["carriers"], self.tables["deliveries"]
            texts = {name: carriers.text(id_carrier, name) for name in ("delay",)}
            new = {**carriers.rows[id_carrier], **{name: text for name, text in texts.items() if text}, **changes}
            new_id = carriers.insert(new)
            carriers.update(id_carrier, {"deleted": 1})
            renamed: dict[tuple[str, int], int] = {}
            for ranges in ("weight_ranges", "price_ranges"):
                table = self.tables[ranges]
                for row_id in list(table.where("id_carrier", id_carrier)):
                    renamed[ranges, row_id] = table.insert({**table.rows[row_id], "id_carrier": new_id})
            for row_id in list(deliveries.where("id_carrier", id_carrier)):
                row = deliveries.rows[row_id]
                moved = {
                    field: renamed.get((ranges, row.get(field, 0)), 0)
                    for field, ranges in (("id_range_weight", "weight_ranges"), ("id_range_price", "price_ranges"))
                    if row.get(field)
                }
                deliveries.insert({**row, **moved, "id_carrier": new_id})
            return new_id

    def set_carrier(
        self, id_carrier: int, *, zones: tuple[int, ...] | None = None, groups: tuple[int, ...] | None = None
    ) -> None:
        """Where and to whom a carrier is offered: the links that the webservice does not show."""
        with self.lock:
            if zones is not None:
                self.tables["carriers"].update(id_carrier, {"_zones": zones})
            if groups is not None:
                self.tables["carriers"].update(id_carrier, {"_groups": groups})

    def add_cart_rule(self, name: str = "Promotion", **fields: Any) -> int:
        """A cart rule, by default one that comes by itself: active, in date, without a code; e.g. `reduction_percent`.

        `countries`, `groups` and `products` are ids it is restricted to.
        """
        with self.lock:
            lists = {"countries": "country", "groups": "group", "products": "product"}
            row: Row = {"date_from": "2000-01-01 00:00:00", "date_to": _FOREVER, "quantity": 1_000_000}
            row["name"] = dict.fromkeys(self.languages(), name)
            for field, value in fields.items():
                if field in lists:
                    row[f"_{lists[field]}"], row[f"{lists[field]}_restriction"] = tuple(value), 1
                elif field.startswith("reduction_") and field in ("reduction_percent", "reduction_amount"):
                    decimals = 2 if field == "reduction_percent" else 6
                    row[field] = f"{Decimal(value):.{decimals}f}"
                else:
                    row[field] = int(value) if isinstance(value, bool) else value
            return self.tables["cart_rules"].insert(row)

    def add_fee_product(self, reference: str = FEE_REFERENCE, tax_group: int = 1) -> int:
        """A hidden virtual product for shipping that buyers paid on the marketplace (fact sheet 4.4); answers its id.

        Not in the generated shops by themselves: a merchant makes it when the set-up asks for it.
        """
        with self.lock:
            now = self.now()
            row: Row = {
                "reference": reference,
                "price": "0.000000",
                "id_tax_rules_group": tax_group,
                "visibility": "none",
                "product_type": "virtual",
                "is_virtual": 1,
                "name": dict.fromkeys(self.languages(), "Shipping"),
                "link_rewrite": dict.fromkeys(self.languages(), "shipping"),
                "date_add": now,
                "date_upd": now,
            }
            for field in self.tables["products"].resource.fields:
                # The generated shops make up texts for what has none.
                if field.kind == "text":
                    row.setdefault(field.name, dict.fromkeys(self.languages(), ""))
            product = self.tables["products"].insert(row)
            self.tables["stock_availables"].insert({"id_product": product, "quantity": 100_000, "out_of_stock": 1})
            return product

    # --- what tests ask ---------------------------------------------------------------------------------------------

    def orders_of_cart(self, id_cart: int) -> list[int]:
        with self.lock:
            return list(self.tables["orders"].where("id_cart", id_cart))

    def order_of_cart(self, id_cart: int) -> int | None:
        """The order made of a cart; the first one where parallel POSTs made two."""
        found = self.orders_of_cart(id_cart)
        return found[0] if found else None

    def order(self, id_order: int) -> Row:
        """The order as it is stored, `shipping_number` of its first parcel included."""
        with self.lock:
            row = self.row("orders", self._known("orders", id_order))
            parcels = self.parcels(id_order)
            return row | {"id": id_order, "shipping_number": parcels[0]["tracking_number"] if parcels else ""}

    def order_total(self, id_order: int) -> Decimal:
        """What the order costs with tax."""
        return Decimal(self.order(id_order)["total_paid_tax_incl"])

    def order_lines(self, id_order: int) -> list[Row]:
        return self._satellites("order_details", id_order)

    def parcels(self, id_order: int) -> list[Row]:
        return self._satellites("order_carriers", id_order)

    def order_states(self, id_order: int) -> list[int]:
        """The states the order has been in, the oldest first."""
        return [row["id_order_state"] for row in self._satellites("order_histories", id_order)]

    def order_invoices(self, id_order: int) -> list[Row]:
        return self._satellites("order_invoices", id_order)

    def order_payments(self, id_order: int) -> list[Row]:
        """Found by the order's reference, as the shop does."""
        with self.lock:
            table = self.tables["order_payments"]
            reference = self.order(id_order)["reference"]
            return [{**self.row("order_payments", one), "id": one} for one in table.where("order_reference", reference)]

    def mails(self, id_order: int) -> list[str]:
        """The templates of the mails about an order, in order."""
        with self.lock:
            return [mail.template for mail in self.outbox if mail.id_order == id_order]

    def stock(self, id_product: int, id_product_attribute: int = 0, id_shop: int = 1) -> int:
        """The quantity of a product or variant."""
        with self.lock:
            return in_stock(self, id_product, id_product_attribute, id_shop)

    def sold(self, orders: Mapping[int, Any] | None = None) -> dict[tuple[int, int], int]:
        """Pieces by product and variant in those orders (all) whose stock is taken: not canceled, not in error."""
        with self.lock:
            out = (state_setting(self, "PS_OS_CANCELED", 6), state_setting(self, "PS_OS_ERROR", 8))
            found: dict[tuple[int, int], int] = {}
            for row in self.tables["order_details"].rows.values():
                order = row["id_order"]
                if orders is not None and order not in orders:
                    continue
                if self.tables["orders"].rows[order].get("current_state", 0) in out:
                    continue
                key = (row["product_id"], row.get("product_attribute_id", 0))
                found[key] = found.get(key, 0) + row["product_quantity"]
            return found

    def _satellites(self, resource: str, id_order: int) -> list[Row]:
        with self.lock:
            table = self.tables[resource]
            return [{**self.row(resource, row_id), "id": row_id} for row_id in table.where("id_order", id_order)]

    def _known(self, resource: str, row_id: int) -> int:
        if row_id not in self.tables[resource]:
            raise KeyError(f"{resource} has no {row_id}")
        return row_id
