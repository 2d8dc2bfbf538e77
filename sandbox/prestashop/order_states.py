"""Changing the state of an order, with everything that follows from it (fact sheet 2.12, 2.13, 4.1 and section 9).

Stock moves, `valid`, the invoice and its number, the delivery number, a payment for the rest, mails into the outbox.
"""

from __future__ import annotations

from decimal import Decimal

from sandbox.prestashop import order_stock
from sandbox.prestashop.errors import FatalError
from sandbox.prestashop.shop import Mail, Shop
from sandbox.prestashop.tables import Row


def state_setting(shop: Shop, name: str, default: int) -> int:
    """Id of the state a PS_OS_… setting names."""
    return int(shop.setting(name, str(default)) or default)


def outcast_states(shop: Shop) -> tuple[int, int]:
    """The two states in which an order holds no stock: canceled and payment error."""
    return state_setting(shop, "PS_OS_CANCELED", 6), state_setting(shop, "PS_OS_ERROR", 8)


def flag(shop: Shop, state: int, name: str) -> bool:
    table = shop.tables["order_states"]
    return state in table.rows and bool(table.value(table.rows[state], name))


def change_state(shop: Shop, id_order: int, state: int, *, existing_payment: bool = False) -> None:
    """Core's changeIdOrderState, without the row of the history.

    `existing_payment`: payments made before count for an invoice made now. POST of order_histories does not, so an
    order that had no invoice until then gets a second payment over the full amount (README of the recordings).
    """
    orders = shop.tables["orders"]
    if id_order not in orders or (state and state not in shop.tables["order_states"]):
        raise FatalError
    order = orders.rows[id_order]
    old = order.get("current_state", 0)
    outcast = outcast_states(shop)
    if old in shop.tables["order_states"]:
        lines = [
            shop.tables["order_details"].rows[row] for row in shop.tables["order_details"].where("id_order", id_order)
        ]
        before, now = ((flag(shop, one, "logable"), one in outcast) for one in (old, state))
        order_stock.change_of_state(shop, lines, old=before, new=now)
    logable = flag(shop, state, "logable")
    orders.update(id_order, {"current_state": state, "valid": int(logable), "date_upd": shop.now()})
    if flag(shop, state, "invoice") and not order.get("invoice_number", 0):
        if shop.setting("PS_INVOICE", "1") != "0":
            _set_invoice(shop, id_order, existing_payment=existing_payment)
    elif flag(shop, state, "delivery") and not order.get("delivery_number", 0):
        _set_delivery(shop, id_order)
    if flag(shop, state, "paid"):
        _pay_rest(shop, id_order)


def add_history(shop: Shop, id_order: int, state: int, employee: int = 0) -> int:
    return shop.tables["order_histories"].insert(
        {"id_order": id_order, "id_order_state": state, "id_employee": employee, "date_add": shop.now()}
    )


def send_mail(shop: Shop, id_order: int, template: str) -> None:
    """Into the outbox; nothing when mails cannot be sent."""
    if shop.mail_broken:
        return
    customers = shop.tables["customers"]
    customer = shop.tables["orders"].rows[id_order].get("id_customer", 0)
    recipient = str(customers.rows[customer].get("email", "")) if customer in customers else ""
    shop.outbox.append(Mail(template, recipient, id_order))


def mail_state(shop: Shop, id_order: int, state: int) -> None:
    """The mail of the state, if it has one."""
    if flag(shop, state, "send_email"):
        texts = shop.tables["order_states"].text(state, "template") or {}
        template = next((text for text in texts.values() if text), "")
        if template:
            send_mail(shop, id_order, template)


def move_order(shop: Shop, id_order: int, state: int, *, employee: int = 0) -> int:
    """As an employee does in the back office, and as a written `current_state` does: always with the state's mail."""
    existing = not shop.tables["order_invoices"].where("id_order", id_order)
    change_state(shop, id_order, state, existing_payment=existing)
    row_id = add_history(shop, id_order, state, employee)
    mail_state(shop, id_order, state)
    return row_id


# --- papers and payments ----------------------------------------------------------------------------------------------


def _set_invoice(shop: Shop, id_order: int, *, existing_payment: bool) -> None:
    orders, now = shop.tables["orders"], shop.now()
    order = shop.row("orders", id_order)
    shop.counters["invoice"] += 1
    number = shop.counters["invoice"]
    payments = tuple(shop.tables["order_payments"].where("order_reference", order["reference"]))
    row: Row = {
        "id_order": id_order,
        "number": number,
        "date_add": now,
        "total_discount_tax_excl": order["total_discounts_tax_excl"],
        "total_discount_tax_incl": order["total_discounts_tax_incl"],
        "_payments": payments if existing_payment else (),
    }
    for name in (
        "total_paid_tax_excl",
        "total_paid_tax_incl",
        "total_products",
        "total_products_wt",
        "total_shipping_tax_excl",
        "total_shipping_tax_incl",
    ):
        row[name] = order[name]
    invoice = shop.tables["order_invoices"].insert(row)
    orders.update(id_order, {"invoice_number": number, "invoice_date": now})
    for satellite in ("order_details", "order_carriers"):
        table = shop.tables[satellite]
        for row_id in table.where("id_order", id_order):
            if not table.rows[row_id].get("id_order_invoice", 0):
                table.update(row_id, {"id_order_invoice": invoice})


def _set_delivery(shop: Shop, id_order: int) -> None:
    shop.counters["delivery"] += 1
    changes = {"delivery_number": shop.counters["delivery"], "delivery_date": shop.now()}
    shop.tables["orders"].update(id_order, changes)
    for invoice in shop.tables["order_invoices"].where("id_order", id_order):
        shop.tables["order_invoices"].update(invoice, changes)


def _pay_rest(shop: Shop, id_order: int) -> None:
    """A paid state with an invoice that is not fully paid books the rest."""
    invoices, payments = shop.tables["order_invoices"], shop.tables["order_payments"]
    for invoice in invoices.where("id_order", id_order):
        row = invoices.rows[invoice]
        linked = row.get("_payments", ())
        paid = sum((Decimal(payments.rows[one]["amount"]) for one in linked if one in payments), Decimal(0))
        rest = round(Decimal(row["total_paid_tax_incl"]) - paid, 2)
        if rest <= 0:
            continue
        order = shop.row("orders", id_order)
        module = shop.modules.get(order["module"])
        made = payments.insert(
            {
                "order_reference": str(order["reference"])[:9] if shop.major < 9 else order["reference"],
                "id_currency": order["id_currency"],
                "amount": f"{rest:.6f}",
                "payment_method": module.label if module else "",
                "conversion_rate": order["conversion_rate"],
                "date_add": shop.now(),
            }
        )
        row["_payments"] = (*linked, made)
        total = Decimal(order["total_paid_real"]) + rest
        shop.tables["orders"].update(id_order, {"total_paid_real": f"{total:.6f}"})
