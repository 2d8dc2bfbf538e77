"""What the shop does beyond storing when buyers, carts and orders are written (fact sheet 2.9–2.13)."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from decimal import Decimal

from sandbox.prestashop.checkout import place_order
from sandbox.prestashop.errors import FatalError, WebserviceError
from sandbox.prestashop.order_lines import set_shipping_number
from sandbox.prestashop.order_states import change_state, mail_state, move_order, send_mail
from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Row
from sandbox.prestashop.view import Echo
from sandbox.prestashop.write_rules import Items, Rules, whole

_HASH = "$2y$10$"
_TAKEN = (500, 140, "The email is already used, please choose another one")
_NOT_SAVED = (46, "Unable to save resource")
_SHORT_REFERENCE = 9


# --- customers --------------------------------------------------------------------------------------------------------


def _hashed(password: str) -> str:
    """Looks like bcrypt, costs nothing."""
    digest = hashlib.sha256(password.encode()).digest() + hashlib.md5(password.encode(), usedforsecurity=False).digest()
    return _HASH + base64.b64encode(digest).decode().replace("+", ".").rstrip("=")[:53]


def email_taken(shop: Shop, email: str, *, guest: bool, but: int = 0) -> bool:
    """Whether a registered customer has that e-mail.

    A guest may share it (recordings 149–152 of both versions); 1.7.8 refuses the guest too (fact sheet 2.9).
    """
    if guest and shop.major >= 8:
        return False
    customers = shop.tables["customers"]
    return any(
        row_id != but and not customers.rows[row_id].get("is_guest") and not customers.rows[row_id].get("deleted")
        for row_id in customers.where("_email", email.strip().lower())
    )


def _before_customer(shop: Shop, row_id: int, stored: Row, echo: Echo, method: str) -> None:
    known = shop.tables["customers"].rows.get(row_id, {})
    if "email" in stored:
        guest = bool(stored.get("is_guest", known.get("is_guest", 0)))
        if email_taken(shop, stored["email"], guest=guest, but=row_id):
            status, code, message = _TAKEN if method == "POST" else (500, 141, _TAKEN[2])
            raise WebserviceError(status, code, message, [_NOT_SAVED])
        stored["_email"] = stored["email"].strip().lower()
    if method == "POST" and stored.get("is_guest") and shop.setting("PS_GUEST_CHECKOUT_ENABLED", "1") == "0":
        raise WebserviceError(500, *_NOT_SAVED)
    if "passwd" in stored and not stored["passwd"].startswith(_HASH):
        stored["passwd"] = echo["passwd"] = _hashed(stored["passwd"])
    if method == "PUT" and not stored.get("last_passwd_gen"):
        stored["last_passwd_gen"] = shop.now()
    if method != "POST":
        return
    if stored.get("is_guest") and str(stored.get("id_default_group")) == shop.setting("PS_CUSTOMER_GROUP", "3"):
        stored["id_default_group"] = int(shop.setting("PS_GUEST_GROUP", "2"))
        echo["id_default_group"] = str(stored["id_default_group"])
    made = {
        "secure_key": f"{shop.dice.getrandbits(128):032x}",
        # PHP's clock less the six hours for which a password may not be asked for again.
        "last_passwd_gen": shop.local(shop.time() - timedelta(hours=6)),
        "id_shop": stored.get("id_shop") or 1,
        "id_shop_group": stored.get("id_shop_group") or 1,
    }
    stored |= made
    echo |= made
    stored["_groups"] = (stored.get("id_default_group", 0),) if stored.get("id_default_group") else ()


def _set_groups(shop: Shop, row_id: int, items: Items) -> None:
    groups = tuple(whole(item, "id") for item in items)
    default = shop.tables["customers"].rows[row_id].get("id_default_group", 0)
    shop.tables["customers"].update(row_id, {"_groups": groups or ((default,) if default else ())})


# --- addresses --------------------------------------------------------------------------------------------------------


def used_in_order(shop: Shop, id_address: int) -> bool:
    orders = shop.tables["orders"]
    return any(orders.where(f"id_address_{kind}", id_address) for kind in ("delivery", "invoice"))


def _before_address(shop: Shop, row_id: int, stored: Row, _echo: Echo, _method: str) -> None:
    known = shop.tables["addresses"].rows.get(row_id, {})
    country: int = stored.get("id_country") or known.get("id_country", 0)
    countries = shop.tables["countries"]
    needed = country in countries and countries.rows[country].get("need_identification_number")
    if needed and not stored.get("dni", known.get("dni")):
        arrow = "-&gt;" if shop.major < 9 else "->"
        raise WebserviceError(400, 85, f'Validation error: "Property Address{arrow}dni is empty."')


def _delete_address(shop: Shop, row_id: int) -> None:
    table = shop.tables["addresses"]
    if used_in_order(shop, row_id):
        table.update(row_id, {"deleted": 1})
    else:
        table.delete(row_id)


# --- carts ------------------------------------------------------------------------------------------------------------


def _before_cart(_shop: Shop, _row_id: int, stored: Row, echo: Echo, method: str) -> None:
    if method == "POST":
        for name in ("id_shop", "id_shop_group"):
            if not stored.get(name):
                stored[name] = echo[name] = 1


def _set_cart_rows(shop: Shop, row_id: int, items: Items) -> None:
    """Rows by SQL, nothing is checked. The same line twice: 500, an empty cart stays; silent in 9 (recording 110)."""
    rows = []
    for item in items:
        address = 0 if shop.major >= 9 else whole(item, "id_address_delivery")
        key = (whole(item, "id_product"), whole(item, "id_product_attribute"), address)
        rows.append((*key, whole(item, "id_customization"), whole(item, "quantity")))
    table = shop.tables["carts"]
    if len({row[:4] for row in rows}) != len(rows):
        table.update(row_id, {"_rows": ()})
        if shop.major < 9:
            raise FatalError
        return
    table.update(row_id, {"_rows": tuple(rows)})


def _set_slip_details(shop: Shop, row_id: int, items: Items) -> None:
    details = tuple(
        (
            position,
            whole(item, "id_order_detail"),
            whole(item, "product_quantity"),
            *(f"{float(item.get(name) or 0):.6f}" for name in ("amount_tax_excl", "amount_tax_incl")),
        )
        for position, item in enumerate(items, 1)
    )
    shop.tables["order_slip"].update(row_id, {"_details": details})


# --- orders -----------------------------------------------------------------------------------------------------------


def _create_order(shop: Shop, stored: Row, echo: Echo, parallel: bool) -> int:
    """The cart decides; of what is sent only cart, customer, module, label and amount count. The answer echoes."""
    echo |= {"current_state": "", "shipping_number": "", "date_add": "", "date_upd": ""}
    return place_order(
        shop,
        id_cart=stored["id_cart"],
        id_customer=stored["id_customer"],
        module=stored["module"],
        payment=stored["payment"],
        total_paid=Decimal(stored["total_paid"]),
        parallel=parallel,
    )


def _before_order(shop: Shop, _row_id: int, stored: Row, _echo: Echo, _method: str) -> None:
    if "reference" in stored and shop.major < 9:
        stored["reference"] = stored["reference"][:_SHORT_REFERENCE]


def _set_current_state(shop: Shop, row_id: int, text: str) -> None:
    """A full change of state with its mail, if it is another one (recording 125)."""
    state = int(text) if text.strip().isdigit() else 0
    if state and state != shop.tables["orders"].rows[row_id].get("current_state", 0):
        move_order(shop, row_id, state)


def _delete_order(shop: Shop, row_id: int) -> None:
    """The order and its lines; nothing goes back into stock."""
    details = shop.tables["order_details"]
    for detail in list(details.where("id_order", row_id)):
        details.delete(detail)
    shop.tables["orders"].delete(row_id)


def _before_history(shop: Shop, _row_id: int, stored: Row, _echo: Echo, method: str) -> None:
    if method == "POST":
        change_state(shop, stored["id_order"], stored["id_order_state"])


def _mail_history(shop: Shop, row_id: int) -> None:
    row = shop.tables["order_histories"].rows[row_id]
    if shop.mail_broken:
        # The state is changed and the row is there all the same (recording 117).
        raise WebserviceError(500, *_NOT_SAVED)
    mail_state(shop, row["id_order"], row["id_order_state"])


def _mail_carrier(shop: Shop, row_id: int) -> None:
    """The "in transit" mail, where the carrier has an address to follow parcels at."""
    row = shop.tables["order_carriers"].rows[row_id]
    carriers = shop.tables["carriers"]
    carrier = row.get("id_carrier", 0)
    if carrier in carriers and carriers.rows[carrier].get("url") and row.get("tracking_number"):
        send_mail(shop, row["id_order"], "in_transit")


ORDER_RULES: dict[str, Rules] = {
    "customers": Rules(_before_customer),
    "addresses": Rules(_before_address, delete=_delete_address),
    "carts": Rules(_before_cart),
    "orders": Rules(_before_order, delete=_delete_order, create=_create_order, setters_first=True),
    "order_histories": Rules(_before_history, mail=_mail_history),
    "order_carriers": Rules(mail=_mail_carrier),
}

ORDER_SETTERS = {
    ("orders", "current_state"): _set_current_state,
    ("orders", "shipping_number"): set_shipping_number,
}

ORDER_LISTS = {
    ("customers", "groups"): _set_groups,
    ("carts", "cart_rows"): _set_cart_rows,
    ("order_slip", "order_slip_details"): _set_slip_details,
}
