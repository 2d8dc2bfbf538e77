"""What a change of state does: stock, papers, payments, mails (fact sheet 2.12, 2.13 and section 9)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sandbox.prestashop.shop import Mail
from sandbox.prestashop.world import World
from tests.sandbox.prestashop.order_maker import OrderMaker, ids

VERSIONS = ("1.7.8", "8.2", "9.0")


def maker(version: str = "8.2") -> OrderMaker:
    return OrderMaker(World.fixtures(version=version))  # type: ignore[arg-type]


def order_of_mug(shop: OrderMaker, quantity: int = 1, total: str | None = None) -> int:
    return shop.bought([(6, 0, quantity)], total or f"{11.9 * quantity + 7:.2f}")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_new_order_in_the_wanted_state(version: str) -> None:
    shop = maker(version)
    order = order_of_mug(shop, 2)
    stored = shop.world.order(order)
    assert (stored["current_state"], stored["valid"], stored["invoice_number"], stored["delivery_number"]) == (
        11,
        1,
        1,
        0,
    )
    assert shop.world.stock(6) == 298
    assert shop.world.mails(order) == ["payment", "order_conf"]
    assert shop.world.outbox[0] == Mail("payment", "buyer-1@example.com", order)
    assert [row["amount"] for row in shop.world.order_payments(order)] == ["30.800000"]
    assert len(shop.world.order_invoices(order)) == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_an_order_of_another_total_is_in_error_until_it_is_repaired(version: str) -> None:
    shop = maker(version)
    order = order_of_mug(shop, total="18.89")
    assert shop.world.order(order)["current_state"] == 8
    assert (shop.world.stock(6), shop.world.order_invoices(order)) == (300, [])
    assert shop.world.mails(order) == ["payment_error"]
    assert [row["amount"] for row in shop.world.order_payments(order)] == ["18.890000"]
    assert shop.state(order, 2).status_code == 201
    assert (shop.world.stock(6), len(shop.world.order_invoices(order))) == (299, 1)
    # The invoice is new and its payment is not known to it: a second one over the full amount.
    assert [row["amount"] for row in shop.world.order_payments(order)] == ["18.890000", "18.900000"]
    assert shop.world.order(order)["total_paid_real"] == "37.790000"
    assert shop.world.mails(order) == ["payment_error"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("states", "stock"),
    [
        ((3, 4, 5), 299),
        ((6,), 300),
        ((8,), 300),
        ((6, 2), 299),
        ((7,), 299),
        ((7, 6), 300),
        ((6, 8), 300),
        ((6, 7), None),
    ],
)
def test_stock_follows_the_states(version: str, states: tuple[int, ...], stock: int | None) -> None:
    shop = maker(version)
    order = order_of_mug(shop)
    for state in states:
        assert shop.state(order, state).status_code == 201
    # Between two states that are not logable only 9 takes the stock again.
    wanted = (299 if version == "9.0" else 300) if stock is None else stock
    assert shop.world.stock(6) == wanted
    assert shop.world.order_states(order) == [11, *states]


def test_variants_and_packs() -> None:
    shop = maker()
    shop.bought([(1, 1, 3)], "64.36")
    assert (shop.world.stock(1, 1), shop.world.stock(1)) == (297, 8 * 300 - 3)
    # The pack's content is 5 of product 6 and 5 of variant 19 of product 5.
    shop.bought([(15, 0, 1)], "42.00")
    assert (shop.world.stock(15), shop.world.stock(6)) == (299, 300)
    shop.world.set_setting("PS_PACK_STOCK_TYPE", "2")
    order = shop.bought([(15, 0, 2)], "77.00")
    assert shop.world.order(order)["current_state"] == 11
    assert (shop.world.stock(15), shop.world.stock(6), shop.world.stock(5, 19)) == (297, 290, 290)
    shop.world.cancel_order(order)
    assert (shop.world.stock(15), shop.world.stock(6)) == (297, 290)


def test_out_of_stock_goes_below_zero_and_may_have_a_state_of_its_own() -> None:
    shop = maker()
    shop.world.set_stock(6, 1)
    order = order_of_mug(shop, 3)
    assert (shop.world.stock(6), shop.world.order(order)["current_state"]) == (-2, 11)
    assert shop.world.order_lines(order)[0]["product_quantity_in_stock"] == 1
    shop.world.set_setting("PS_ENABLE_BACKORDER_STATUS", "1")
    order = order_of_mug(shop)
    assert (shop.world.stock(6), shop.world.order_states(order)) == (-3, [11, 9])
    assert shop.world.mails(order) == ["payment", "order_conf", "outofstock"]


def test_only_the_order_is_touched() -> None:
    shop = maker()
    before = shop.world.row("products", 6)["date_upd"]
    shop.world.advance(60)
    order = order_of_mug(shop)
    assert shop.world.row("products", 6)["date_upd"] == before
    made = shop.world.order(order)["date_upd"]
    shop.world.advance(60)
    parcel = shop.world.parcels(order)[0]["id"]
    number = f"<order_carrier><id>{parcel}</id><tracking_number>1Z 999</tracking_number></order_carrier>"
    assert shop.send("PATCH", "order_carriers", number).status_code == 200
    payment = shop.world.order_payments(order)[0]["id"]
    change = f"<order_payment><id>{payment}</id><transaction_id>T1</transaction_id></order_payment>"
    assert shop.send("PATCH", "order_payments", change).status_code == 200
    assert shop.world.order(order)["date_upd"] == made
    assert shop.json(f"orders/{order}")["order"]["shipping_number"] == "1Z 999"
    assert shop.world.order_payments(order)[0]["transaction_id"] == "T1"
    shop.state(order, 3)
    moved = datetime.fromisoformat(shop.world.order(order)["date_upd"])
    assert moved - datetime.fromisoformat(made) == timedelta(minutes=1)


def test_mails_are_sent_only_when_asked() -> None:
    shop = maker()
    order = order_of_mug(shop)
    shop.world.outbox.clear()
    shop.state(order, 3)
    shop.state(order, 4, sendemail="1")
    shop.state(order, 5, sendemail="1")  # has no mail
    assert shop.world.mails(order) == ["shipped"]
    parcel = shop.world.parcels(order)[0]["id"]
    number = f"<order_carrier><id>{parcel}</id><tracking_number>1Z</tracking_number></order_carrier>"
    shop.send("PATCH", "order_carriers", number, sendemail="1")
    assert shop.world.mails(order) == ["shipped"]  # the carrier has no address to follow parcels at
    shop.world.tables["carriers"].update(2, {"url": "https://parcels.example/@"})
    shop.send("PATCH", "order_carriers", number, sendemail="1")
    shop.send("PATCH", "order_carriers", number)
    assert shop.world.mails(order) == ["shipped", "in_transit"]
    for _ in range(2):
        shop.send("PATCH", "orders", f"<order><id>{order}</id><current_state>6</current_state></order>")
    assert shop.world.mails(order) == ["shipped", "in_transit", "order_canceled"]


def test_a_put_of_the_whole_order_loses_the_new_invoice() -> None:
    shop = maker()
    order = order_of_mug(shop, total="1")
    xml = shop.get(f"orders/{order}").text
    body = xml[xml.index("<order>") : xml.index("</prestashop>")].replace(
        f'<current_state xlink:href="{shop.world.base_url}/api/order_states/8"><![CDATA[8]]>',
        "<current_state><![CDATA[2]]>",
    )
    body = body.replace(' xlink:href="', ' href="')
    assert shop.send("PUT", "orders", body).status_code == 200
    stored = shop.world.order(order)
    assert (stored["current_state"], stored["invoice_number"], stored["valid"]) == (2, 0, 0)
    assert len(shop.world.order_invoices(order)) == 1
    assert shop.world.stock(6) == 299


@pytest.mark.parametrize(("version", "reference"), [("8.2", "576812345"), ("9.0", "576812345678901234")])
def test_the_reference_is_cut_before_9(version: str, reference: str) -> None:
    shop = maker(version)
    order = order_of_mug(shop)
    shop.send(
        "PATCH", "orders", f"<order><id>{order}</id><reference>576812345678901234</reference><note>N</note></order>"
    )
    assert shop.world.order(order)["reference"] == reference
    # Payments are tied to the order by the text of its old reference.
    assert shop.world.order_payments(order) == []


def test_no_such_state_or_order() -> None:
    shop = maker()
    order = order_of_mug(shop)
    for answer in (shop.state(order, 99), shop.state(9999, 3)):
        assert (answer.status_code, answer.content) == (500, b"")
    assert shop.world.order_states(order) == [11]
    assert shop.state(order, 0).status_code == 201
    assert shop.world.order(order)["current_state"] == 0


def test_several_states_and_patches_in_one_body() -> None:
    shop = maker()
    orders = [order_of_mug(shop) for _ in range(4)]

    def histories(*states: tuple[int, int]) -> str:
        rows = (f"<id_order>{order}</id_order><id_order_state>{state}</id_order_state>" for order, state in states)
        return "".join(f"<order_history>{row}</order_history>" for row in rows)

    answer = shop.send("POST", "order_histories", histories(*((order, 3) for order in orders)))
    assert [shop.world.row("order_histories", row)["id_order"] for row in ids(answer)] == orders
    broken = histories((orders[0], 4)) + "<order_history><id_order>1</id_order></order_history>"
    answer = shop.send("POST", "order_histories", broken + histories((orders[1], 4)))
    assert (shop.code(answer), ids(answer)) == ((400, 41), [])
    assert [shop.world.order(order)["current_state"] for order in orders] == [4, 3, 3, 3]
    notes = "".join(f"<order><id>{order}</id><note>N{order}</note></order>" for order in reversed(orders))
    answer = shop.send("PATCH", "orders", notes)
    assert answer.status_code == 200
    assert [shop.world.order(order)["note"] for order in orders] == [f"N{order}" for order in orders]
    again = notes + f"<order><id>{orders[0]}</id><note>twice</note></order>"
    assert shop.code(shop.send("PATCH", "orders", again)) == (400, 89)


def test_a_deleted_order_gives_nothing_back() -> None:
    shop = maker()
    order = order_of_mug(shop)
    assert shop.client.delete(f"/api/orders/{order}").status_code == 200
    assert order not in shop.world.tables["orders"]
    assert (shop.world.tables["order_details"].where("id_order", order), shop.world.stock(6)) == ([], 299)


def test_an_order_slip_keeps_its_lines_and_moves_nothing() -> None:
    shop = maker()
    order = order_of_mug(shop)
    line = shop.world.order_lines(order)[0]["id"]
    fields = "".join(
        f"<total_{part}_tax_{tax}>11.9</total_{part}_tax_{tax}>"
        for part in ("products", "shipping")
        for tax in ("excl", "incl")
    )
    detail = f"<id_order_detail>{line}</id_order_detail><product_quantity>1</product_quantity>"
    answer = shop.send(
        "POST",
        "order_slip",
        f"<order_slip><id_customer>3</id_customer><id_order>{order}</id_order><conversion_rate>1</conversion_rate>"
        f"{fields}<associations><order_slip_details><order_slip_detail>{detail}"
        "<amount_tax_excl>11.9</amount_tax_excl><amount_tax_incl>11.9</amount_tax_incl></order_slip_detail>"
        "</order_slip_details></associations></order_slip>",
    )
    assert answer.status_code == 201, answer.text
    found = shop.json("order_slip", display="full")["order_slip"][0]
    assert found["associations"]["order_slip_details"][0]["id_order_detail"] == str(line)
    assert shop.world.stock(6) == 299


def test_messages_of_an_order() -> None:
    shop = maker()
    order = order_of_mug(shop)
    body = f"<message><message>TikTok order 576</message><id_order>{order}</id_order><private>1</private></message>"
    assert shop.send("POST", "messages", body).status_code == 201
    listed = shop.json("messages", display="full", **{"filter[id_order]": f"[{order}]"})["messages"]
    assert [row["message"] for row in listed] == ["TikTok order 576"]
